// The outbox against the contract of all outboxes, and its stand-in too.
#include "database/outbox_repository.h"

#include <gtest/gtest.h>

#include "contract/outbox_store_contract.h"
#include "database/incident_repository.h"
#include "fake_outbox_store.h"
#include "temporary_database.h"

namespace vigil::database {
namespace {

CooldownVerdict Always(const CooldownState& state, const CooldownAttempt&) {
  return {.send = true, .next = state};
}

// Each alert is the match of another person, so that each begins a visit.
class DatabaseOutbox final : public OutboxStoreHarness {
 public:
  explicit DatabaseOutbox(Clock& clock)
      : opened_(*OpenDatabase({.path = folder_.Path() / "vigil.db"}, sealer_, clock)) {}
  OutboxStore& Store() override { return outbox_; }
  AlertMessage Queue(const std::string& channel) override {
    NewSighting sighting;
    sighting.person.id = std::to_string(++count_);
    sighting.person.name = "J\u00f6rg \"Q\"\n";
    sighting.person.reason = "because";
    sighting.person.severity = Severity::kHigh;
    sighting.camera_group_id = "entrance";
    sighting.sighting.camera_name = "Front door";
    sighting.sighting.seen_at = opened_->GetClock().WallNow();
    sighting.sighting.crop_media_id = "crop-1";
    sighting.sighting.decision.outcome = Outcome::kMatch;
    sighting.sighting.decision.similarity = 0.71F;
    const std::vector<AlertRoute> routes{{channel, Always}};
    const SightingResult result =
        *incidents_.RecordSighting(sighting, std::chrono::minutes{1}, routes);
    AlertMessage message;
    const std::vector<PendingAlert> due = *outbox_.DueAlerts(channel, WallTime::max(), 100);
    for (const PendingAlert& alert : due) {
      if (alert.message.incident_id == result.incident.id) message.id = alert.message.id;
    }
    message.incident_id = result.incident.id;
    message.person_name = sighting.person.name;
    message.reason = sighting.person.reason;
    message.severity = sighting.person.severity;
    message.camera_name = sighting.sighting.camera_name;
    message.event_time = sighting.sighting.seen_at;
    message.similarity = sighting.sighting.decision.similarity;
    message.snapshot_media_id = sighting.sighting.crop_media_id;
    return message;
  }

 private:
  TemporaryFolder folder_;
  Sealer sealer_ = TestSealer();
  std::unique_ptr<Database> opened_;
  IncidentRepository incidents_{*opened_};
  OutboxRepository outbox_{*opened_};
  int count_ = 0;
};

class FakeOutbox final : public OutboxStoreHarness {
 public:
  explicit FakeOutbox(Clock& clock) : clock_(clock) {}
  OutboxStore& Store() override { return store_; }
  AlertMessage Queue(const std::string& channel) override {
    AlertMessage message;
    message.id = MakeUuid(clock_);
    message.person_name = "Ada";
    store_.Add(channel, message, clock_.WallNow());
    return message;
  }

 private:
  Clock& clock_;
  FakeOutboxStore store_;
};

INSTANTIATE_TEST_SUITE_P(Database, OutboxStoreContract, ::testing::Values([](Clock& clock) {
                           return std::make_unique<DatabaseOutbox>(clock);
                         }));
INSTANTIATE_TEST_SUITE_P(Fake, OutboxStoreContract, ::testing::Values([](Clock& clock) {
                           return std::make_unique<FakeOutbox>(clock);
                         }));

}  // namespace
}  // namespace vigil::database
