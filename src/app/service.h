// A whole running Vigil in one process: what `vigil serve` and `vigil demo` start and stop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alerts/channels.h"
#include "alerts/delivery.h"
#include "api/api.h"
#include "api/server.h"
#include "app/backend.h"
#include "app/event_reporter.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/turn_gate.h"
#include "database/camera_repository.h"
#include "database/channel_repository.h"
#include "database/event_writer.h"
#include "database/incident_store.h"
#include "database/maintenance.h"
#include "database/model_switch_repository.h"
#include "database/outbox_repository.h"
#include "gallery/follower.h"
#include "pipeline/engine.h"
#include "pipeline/incident_engine.h"
#include "pipeline/model_switcher.h"

namespace vigil::app {

// Who wants to see what happens, beside the database. Called from several threads; must not block.
struct ServiceObservers {
  pipeline::OutcomeCallback on_outcome;
  std::function<void(const pipeline::CameraStatus&)> on_camera;
  alerts::DeliveryObserver on_delivery;
};

class Service {
 public:
  // Opens everything in order and starts cameras and server. Errors say what failed and the mend.
  static Result<std::unique_ptr<Service>> Start(const config::Config& config,
                                                ServiceObservers observers = {});
  // Start in reverse; at most about five seconds.
  ~Service();

  std::uint16_t Port() const { return server_->Port(); }
  std::uint16_t MetricsPort() const { return server_->MetricsPort(); }
  database::Database& GetDatabase() { return *backend_->installation->database; }
  // A one-time token when there is no administrator yet.
  Result<std::optional<Secret>> MakeSetupToken();

 private:
  Service(ServiceObservers observers, std::unique_ptr<Backend> backend);

  // The gallery in use, who keeps it equal to the database, and the embedder it belongs to.
  struct Following {
    Following(GalleryStore& store, Clock& clock, std::shared_ptr<gallery::FollowedIndex> followed,
              const gallery::FaissIndex* part, const EmbeddingSpace& space, EmbedderInfo facts,
              bool saves);

    std::shared_ptr<gallery::FollowedIndex> index;
    const gallery::FaissIndex* approximate;  // a part of `index`; null: always exact
    EmbedderInfo embedder;                   // of the cameras
    gallery::GalleryFollower follower;
  };

  Status Compose();
  Status StartRecognition(const std::vector<AlertRoute>& routes,
                          std::vector<std::unique_ptr<Embedder>> embedders);
  Result<Person> FindPerson(const std::string& person_id);
  void TellEmbedder(const EmbedderInfo& embedder);
  Status StartApi();
  void StartSwitcher();
  Result<database::SwitchEnd> TakeOver(
      std::unique_ptr<pipeline::PhotoAnalyser>& photos, const std::stop_token& stop,
      const std::function<Result<database::SwitchEnd>()>& complete);
  std::shared_ptr<Following> FollowGallery(std::shared_ptr<gallery::FollowedIndex> index,
                                           const gallery::FaissIndex* approximate,
                                           const EmbeddingSpace& space,
                                           const EmbedderInfo& embedder, bool saves);
  std::shared_ptr<Following> Followed() const;
  // Returns the former one.
  std::shared_ptr<Following> Follow(std::shared_ptr<Following> following);
  Status ReloadCameras();
  Status ReloadChannels();
  api::SystemInfo DescribeSystem() const;
  void NoteOutcome(const pipeline::TrackOutcome& outcome);
  void NoteDelivery(const alerts::DeliveryReport& report);
  void KeepHouse(std::stop_token stop);
  void RefreshPeople(LogLimiter& failures);
  void SetGauges();

  const config::Config config_;
  const ServiceObservers observers_;
  std::unique_ptr<Backend> backend_;
  const WallTime started_at_;
  const SteadyTime started_steady_;
  database::CameraRepository cameras_;
  database::CameraGroupRepository groups_;
  database::PersonRepository persons_;
  database::OutboxRepository outbox_;
  std::unique_ptr<database::IncidentStore> store_;
  DetectorInfo detector_facts_;

  // Told by engine and delivery, which end before them.
  database::EventWriter event_writer_;
  EventReporter events_{[this](std::string kind, json::object data) {
    event_writer_.Post(std::move(kind), std::move(data));
  }};
  mutable std::mutex following_mutex_;
  std::shared_ptr<Following> following_;  // guarded by following_mutex_
  std::unique_ptr<database::Maintenance> maintenance_;
  std::unique_ptr<alerts::Delivery> delivery_;
  std::unique_ptr<pipeline::IncidentEngine> incident_engine_;
  std::unique_ptr<pipeline::Engine> engine_;
  TurnGate photo_turns_;  // a turn is whatever uses the embedder for photos
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<api::Server> server_;
  std::atomic<std::size_t> alerts_waiting_ = 0;
  std::stop_source stopping_;  // ends what requests do for long
  std::unique_ptr<pipeline::ModelSwitcher> switcher_;
  std::atomic<bool> cameras_changed_ = false;
  std::atomic<bool> people_changed_ = false;
  // Of the housekeeper: the gallery whose people are known, and when they were read.
  std::uint64_t people_sequence_ = 0;
  SteadyTime people_read_at_{};
  std::atomic<bool> watch_rules_changed_ = false;
  std::atomic<bool> channels_changed_ = false;
  std::mutex channels_mutex_;  // one reload at a time, so that the newest is the last
  std::jthread housekeeper_;   // carries out what request handlers may not wait for
};

// The channels of the configuration as the alerts room wants them.
std::vector<alerts::ChannelOptions> ConfiguredChannelOptions(const config::Config& config);
// A stored channel as the alerts room wants it; its revision changes with every save. Errors name
// the field of its settings that cannot be used.
Result<alerts::ChannelOptions> StoredChannelOptions(const database::StoredChannel& channel,
                                                    const config::AlertsConfig& all,
                                                    const Clock& clock);
// Working ones of the file and of the database. A faulty one of the file is an error; one of the
// database is left out, and the log says so.
Result<std::vector<alerts::Channel>> MakeAllChannels(const config::Config& config,
                                                     database::Database& database);

}  // namespace vigil::app
