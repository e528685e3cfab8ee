// /events: what happens, as it happens, to as many as look on, and to those who come back without a
// hole.
#include <utility>

#include "api/body_fields.h"
#include "api/event_text.h"
#include "api/resources.h"
#include "api/stream_seats.h"
#include "base/format.h"
#include "base/log.h"

namespace vigil::api {
namespace {

using database::EventBatch;
using database::EventRepository;

// Twice within the second in which a revoked access ends.
constexpr std::chrono::milliseconds kRecheckInterval{400};
constexpr std::chrono::seconds kCommentInterval{15};
constexpr int kBatch = 200;  // bounds what a slow client makes the server hold

// One viewer. Ends soon after the viewer's access does.
class EventStream final : public BodyStream {
 public:
  EventStream(const ApiContext& context, std::unique_ptr<StreamSeats::Seat> seat,
              std::shared_ptr<StreamBell> bell, std::function<bool()> still_allowed,
              std::int64_t after)
      : context_(context),
        seat_(std::move(seat)),
        bell_(std::move(bell)),
        still_allowed_(std::move(still_allowed)),
        after_(after),
        recheck_at_(context.clock.Now() + kRecheckInterval),
        subscription_(context.database.Events().Subscribe([bell = bell_] { bell->Ring(); })) {}
  ~EventStream() override { context_.database.Events().Unsubscribe(subscription_); }
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  std::optional<std::string> Next() override {
    const SteadyTime now = context_.clock.Now();
    if (now >= recheck_at_) {
      if (!still_allowed_()) return std::nullopt;
      recheck_at_ = now + kRecheckInterval;
    }
    std::string text = std::exchange(greeting_, {});
    const Result<EventBatch> batch = EventRepository(context_.database).After(after_, kBatch);
    // A database that is busy now is asked again; the client misses nothing.
    if (batch) Append(*batch, text);
    if (text.empty() && now >= comment_at_) text = kEventComment;
    if (!text.empty()) comment_at_ = now + kCommentInterval;
    return text;
  }

 private:
  void Append(const EventBatch& batch, std::string& text) {
    if (!batch.unbroken) {
      text += ResetText(after_ >= 0 && after_ < batch.newest ? "too_old" : "unknown_id", batch);
      after_ = batch.newest;
    }
    for (const Event& event : batch.events) {
      text += EventText(event);
      after_ = event.sequence;
    }
    if (std::ssize(batch.events) == kBatch) bell_->Ring();  // there may be more
  }

  const ApiContext& context_;
  const std::unique_ptr<StreamSeats::Seat> seat_;
  const std::shared_ptr<StreamBell> bell_;
  const std::function<bool()> still_allowed_;
  std::int64_t after_;
  std::string greeting_ = std::string(kEventRetry) + (after_ >= 0 ? ReadyText(after_) : "");
  SteadyTime recheck_at_;
  SteadyTime comment_at_{};
  const std::int64_t subscription_;
};

// Where the stream begins: after the last event that the client has, else with the next one.
std::expected<std::int64_t, Problem> StartOf(const ApiContext& context,
                                             const HttpRequest& request) {
  // A browser that comes back repeats its address, so that the header is newer.
  if (const std::string_view header = request.Header("last-event-id"); !header.empty()) {
    // Not refused but reset: a browser never comes back from a refusal.
    return ParseEventId(header).value_or(-1);
  }
  if (const auto text = request.Query("last_event_id")) {
    if (const auto number = ParseEventId(*text)) return *number;
    return std::unexpected(
        InvalidFields({{"last_event_id", "must be the id of an event: a number from 0"}}));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t newest, EventRepository(context.database).Newest());
  return newest;
}

Answer Events(const ApiContext& context, Authenticator& authenticator, StreamSeats& seats,
              const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t after, StartOf(context, call.request));
  VIGIL_ASSIGN_OR_RETURN(auto seat, seats.Take(call.who));
  HttpResponse response = BodyResponse(200, "text/event-stream", "");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // of proxies, which would hold events
  std::function<bool()> still_allowed = [&authenticator, request = call.request] {
    return MayStillFollow(authenticator, request);
  };
  response.stream_bell = std::make_shared<StreamBell>();
  response.stream_interval_ms = static_cast<int>(kRecheckInterval.count());
  response.stream = std::make_shared<EventStream>(context, std::move(seat), response.stream_bell,
                                                  std::move(still_allowed), after);
  return response;
}

}  // namespace

std::vector<Route> EventRoutes(const ApiContext& context, Authenticator& authenticator) {
  const auto seats =
      std::make_shared<StreamSeats>(context.event_streams_max, context.event_streams_of_user_max);
  return {
      {Method::kGet, "/api/v1/events", Role::kOperator, Lane::kStore, kNoBody,
       Description("followEvents", "system", "What happens, as it happens: server-sent events.",
                   GivesMedia({"text/event-stream"}))
           .Notes("An event named reset comes instead of a hole. Ends within a second of the end "
                  "of the "
                  "access. 429 for more streams than one user may have open.")
           .Query({{"last_event_id",
                    Described(Integer(0, kEventIdMax),
                              "go on behind this event; absent: begin with the next one")}})
           .Headers({{"Last-Event-ID",
                      Described(Text(),
                                "the id of the last event that the client has: counts more "
                                "than the query; one that is none begins anew")}})
           .Fails({429}),
       [&context, &authenticator, seats](const Call& call) {
         return Events(context, authenticator, *seats, call);
       }},
  };
}

}  // namespace vigil::api
