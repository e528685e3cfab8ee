// Pictures of cameras as they are now: one JPEG, or a stream of them with what is known about the
// faces in each.
#include <atomic>
#include <map>
#include <mutex>

#include "api/live_picture.h"
#include "api/recently.h"
#include "api/resources.h"
#include "api/stream_seats.h"
#include "base/format.h"
#include "database/camera_repository.h"
#include "media/photo.h"

namespace vigil::api {
namespace {

constexpr std::chrono::seconds kSilenceMax{10};
constexpr std::chrono::seconds kRecheckInterval{5};
constexpr int kStreamIntervalMs = 125;

// Each picture is encoded once, however many look at it.
class PartCache {
 public:
  Result<std::shared_ptr<const std::string>> Part(const std::string& camera_id,
                                                  const pipeline::LivePicture& picture) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[camera_id];
    if (entry.part == nullptr || entry.number != picture.number) {
      VIGIL_ASSIGN_OR_RETURN(std::string part, MjpegPart(picture));
      entry = {picture.number, std::make_shared<const std::string>(std::move(part))};
    }
    return entry.part;
  }

  // Nobody looks any more, so that pictures of cameras deleted meanwhile do not stay in memory.
  void Clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
  }

 private:
  struct Entry {
    std::uint64_t number = 0;
    std::shared_ptr<const std::string> part;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

struct Viewers {
  explicit Viewers(const Clock& clock) : snapshots(clock) {}

  Recently snapshots;  // a page may ask every second; the audit log hears of it once a minute
  std::atomic<int> count = 0;
  PartCache parts;
};

// One viewer. Ends when the camera is silent for 10 s, and within 5 s of the end of the viewer's
// login.
class MjpegStream final : public BodyStream {
 public:
  MjpegStream(const ApiContext& context, std::shared_ptr<Viewers> viewers, std::string camera_id,
              std::function<bool()> still_allowed)
      : context_(context),
        viewers_(std::move(viewers)),
        camera_id_(std::move(camera_id)),
        still_allowed_(std::move(still_allowed)),
        last_picture_(context.clock.Now()),
        recheck_(last_picture_ + kRecheckInterval) {}
  ~MjpegStream() override {
    if (--viewers_->count == 0) viewers_->parts.Clear();
  }

  std::optional<std::string> Next() override {
    const SteadyTime now = context_.clock.Now();
    if (now >= recheck_) {
      if (!still_allowed_()) return std::nullopt;
      recheck_ = now + kRecheckInterval;
    }
    const pipeline::LiveView::Picture picture = context_.live.Latest(camera_id_);
    if (picture == nullptr || picture->number == number_) {
      if (now - last_picture_ > kSilenceMax) return std::nullopt;
      return std::string();
    }
    const auto part = viewers_->parts.Part(camera_id_, *picture);
    if (!part) return std::nullopt;
    number_ = picture->number;
    last_picture_ = now;
    return **part;
  }

 private:
  const ApiContext& context_;
  const std::shared_ptr<Viewers> viewers_;
  const std::string camera_id_;
  const std::function<bool()> still_allowed_;
  SteadyTime last_picture_;
  SteadyTime recheck_;
  std::uint64_t number_ = 0;
};

std::expected<pipeline::LiveView::Picture, Problem> LatestPicture(const ApiContext& context,
                                                                  const std::string& camera_id) {
  VIGIL_RETURN_IF_ERROR(database::CameraRepository(context.database).Get(camera_id));
  pipeline::LiveView::Picture picture = context.live.Latest(camera_id);
  if (picture == nullptr) {
    Problem problem(503, "no_picture",
                    "the camera gives no picture now; GET /api/v1/system tells why");
    problem.headers.emplace_back("Retry-After", "2");
    return std::unexpected(std::move(problem));
  }
  return picture;
}

Answer Snapshot(const ApiContext& context, Viewers& viewers, const Call& call) {
  VIGIL_ASSIGN_OR_RETURN(const auto picture, LatestPicture(context, call.Parameter("id")));
  VIGIL_ASSIGN_OR_RETURN(const Bytes jpeg, media::EncodeJpeg(picture->frame, 85));
  const std::string& camera_id = call.Parameter("id");
  if (viewers.snapshots.IsDue(call.who.user_id + "/" + camera_id)) {
    VIGIL_RETURN_IF_ERROR(RecordView(context, call.who, camera_id, "snapshot"));
  }
  HttpResponse response = BodyResponse(200, "image/jpeg", TextOf(jpeg));
  response.headers.emplace_back("X-Vigil-Faces", FacesHeader(*picture));
  return response;
}

Answer Live(const ApiContext& context, Authenticator& authenticator,
            const std::shared_ptr<Viewers>& viewers, const Call& call) {
  const std::string& camera_id = call.Parameter("id");
  VIGIL_RETURN_IF_ERROR(LatestPicture(context, camera_id));
  if (viewers->count.fetch_add(1) >= context.live_viewers_max) {
    --viewers->count;
    Problem problem(503, "too_many_viewers",
                    format("{} people watch live already; try again later or use snapshot.jpg",
                           context.live_viewers_max));
    problem.headers.emplace_back("Retry-After", "10");
    return std::unexpected(std::move(problem));
  }
  // Before the stream takes the viewer's place over, for which it alone answers from then on.
  if (const Status noted = RecordView(context, call.who, camera_id, "live"); !noted) {
    --viewers->count;
    return std::unexpected(Problem(noted.error()));
  }
  HttpResponse response =
      BodyResponse(200, format("multipart/x-mixed-replace; boundary={}", kMjpegBoundary), "");
  std::function<bool()> still_allowed = [&authenticator, request = call.request] {
    return MayStillFollow(authenticator, request);
  };
  response.stream =
      std::make_shared<MjpegStream>(context, viewers, camera_id, std::move(still_allowed));
  response.stream_interval_ms = kStreamIntervalMs;
  return response;
}

}  // namespace

std::vector<Route> LiveRoutes(const ApiContext& context, Authenticator& authenticator) {
  const auto viewers = std::make_shared<Viewers>(context.clock);
  return {
      {Method::kGet, "/api/v1/cameras/{id}/snapshot.jpg", Role::kOperator, Lane::kStore, kNoBody,
       Description("getSnapshot", "cameras", "The camera's newest picture.",
                   GivesMedia({"image/jpeg"}))
           .Notes("The header X-Vigil-Faces tells in JSON what is known about the faces in it. 503 "
                  "with Retry-After while the camera gives no picture."),
       [&context, viewers](const Call& call) { return Snapshot(context, *viewers, call); }},
      {Method::kGet, "/api/v1/cameras/{id}/live.mjpeg", Role::kOperator, Lane::kStore, kNoBody,
       Description("watchLive", "cameras", "The camera's moving picture as MJPEG.",
                   GivesMedia({"multipart/x-mixed-replace"}))
           .Notes("Each part carries X-Vigil-Faces. Ends within 5 s of the end of the login."),
       [&context, &authenticator, viewers](const Call& call) {
         return Live(context, authenticator, viewers, call);
       }},
  };
}

}  // namespace vigil::api
