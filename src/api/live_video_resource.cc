// A camera's own video for browsers and programs: fragments of MP4 through a WebSocket, with the
// faces of each looked-at frame beside them.
#include <utility>

#include "api/browser_login.h"
#include "api/live_picture.h"
#include "api/resources.h"
#include "api/stream_seats.h"
#include "base/format.h"
#include "database/camera_repository.h"
#include "media/live_video.h"

namespace vigil::api {
namespace {

using media::LiveVideo;
using media::LiveVideoHeader;
using media::LiveVideoNews;

// Twice within the second in which a revoked access ends.
constexpr std::chrono::milliseconds kRecheckInterval{400};
// RFC 6455, 7.4, and the registry it founded.
constexpr std::uint16_t kServiceRestart = 1012;
constexpr std::uint16_t kTryAgainLater = 1013;

json::object HeaderJson(const LiveVideoHeader& header) {
  return {{"codec", header.codec}, {"width", header.width}, {"height", header.height}};
}

SocketMessage TextMessage(const json::object& object) {
  return {std::make_shared<const std::string>(json::serialize(object)), true};
}

// One viewer. Ends soon after the viewer's access does, and with the camera's stream.
class VideoStream final : public MessageStream {
 public:
  VideoStream(const ApiContext& context, std::string camera_id, std::shared_ptr<LiveVideo> video,
              std::unique_ptr<StreamSeats::Seat> seat, const std::shared_ptr<StreamBell>& bell,
              std::function<bool()> still_allowed)
      : context_(context),
        camera_id_(std::move(camera_id)),
        video_(video),
        seat_(std::move(seat)),
        still_allowed_(std::move(still_allowed)),
        recheck_at_(context.clock.Now() + kRecheckInterval),
        viewer_(std::move(video), [bell] { bell->Ring(); }) {}

  SocketNews Next() override {
    SocketNews out;
    const SteadyTime now = context_.clock.Now();
    if (now >= recheck_at_) {
      if (!still_allowed_()) {
        out.end = SocketEnd{kPolicyViolation, "the access has ended"};
        return out;
      }
      recheck_at_ = now + kRecheckInterval;
    }
    const LiveVideoNews news = viewer_.Take();
    if (news.header) {
      out.messages.push_back(TextMessage(HeaderJson(*news.header)));
      out.messages.push_back({news.header->bytes});
      playing_ = true;
    }
    for (const auto& fragment : news.fragments) out.messages.push_back({fragment});
    if (playing_) AppendFaces(out.messages);
    if (news.state == LiveVideoNews::State::kEnded) {
      out.end = SocketEnd{kServiceRestart, "the camera's stream is over; join again"};
    } else if (news.state == LiveVideoNews::State::kBehind) {
      out.end = SocketEnd{kTryAgainLater, "too slow, or the video changed; join again"};
    }
    return out;
  }

 private:
  void AppendFaces(std::vector<SocketMessage>& messages) {
    const pipeline::LiveView::Picture picture = context_.live.Latest(camera_id_);
    if (picture == nullptr || picture->number == picture_number_) return;
    picture_number_ = picture->number;
    json::object faces = FacesJson(*picture);
    faces["media_time"] = Rounded(video_->PlayerTime(picture->frame.pts).count());
    messages.push_back(TextMessage(faces));
  }

  const ApiContext& context_;
  const std::string camera_id_;
  const std::shared_ptr<LiveVideo> video_;
  const std::unique_ptr<StreamSeats::Seat> seat_;
  const std::function<bool()> still_allowed_;
  SteadyTime recheck_at_;
  bool playing_ = false;
  std::uint64_t picture_number_ = 0;
  LiveVideo::Viewer viewer_;
};

// A request that asks for less is an ordinary one.
bool AsksForSocket(const HttpRequest& request) {
  return request.method == Method::kGet && !request.Header("sec-websocket-key").empty() &&
         MediaTypeOf(request.Header("upgrade")) == "websocket";
}

struct Playable {
  std::shared_ptr<LiveVideo> video;
  LiveVideoHeader header;
};

std::expected<Playable, Problem> PlayableVideo(const ApiContext& context,
                                               const std::string& camera_id) {
  VIGIL_RETURN_IF_ERROR(database::CameraRepository(context.database).Get(camera_id));
  auto video = context.live.Video(camera_id);
  if (video == nullptr) {
    Problem problem(503, "no_picture",
                    "the camera gives no picture now; GET /api/v1/system tells why");
    problem.headers.emplace_back("Retry-After", "2");
    return std::unexpected(std::move(problem));
  }
  if (!video->IsPlayable()) {
    return std::unexpected(
        Problem(409, "not_playable",
                video->Codec() == "h264"
                    ? "browsers would show this camera's picture turned; use live.mjpeg"
                    : format("browsers cannot play this camera's {}; set its stream to H.264, or "
                             "use live.mjpeg",
                             video->Codec())));
  }
  auto header = video->Describe();
  if (header) return Playable{std::move(video), *std::move(header)};
  Problem problem(503, "no_picture", "the camera has not told its video's parameters yet");
  problem.headers.emplace_back("Retry-After", "2");
  return std::unexpected(std::move(problem));
}

Answer LiveSocket(const ApiContext& context, Authenticator& authenticator, StreamSeats& seats,
                  const Call& call) {
  const std::string& camera_id = call.Parameter("id");
  VIGIL_ASSIGN_OR_RETURN(Playable playable, PlayableVideo(context, camera_id));
  if (!AsksForSocket(call.request)) {
    return BodyResponse(200, "application/json", WriteJson(HeaderJson(playable.header)));
  }
  if (auto foreign = RefuseForeignSocket(call.request)) return std::unexpected(*std::move(foreign));
  if (call.request.Header("sec-websocket-version") != "13") {
    Problem problem(426, "upgrade_required", "only version 13 of WebSocket is spoken here");
    problem.headers.emplace_back("Sec-WebSocket-Version", "13");
    return std::unexpected(std::move(problem));
  }
  VIGIL_ASSIGN_OR_RETURN(auto seat, seats.Take(call.who));
  VIGIL_RETURN_IF_ERROR(RecordView(context, call.who, camera_id, "live"));
  std::function<bool()> still_allowed = [&authenticator, request = call.request] {
    return MayStillFollow(authenticator, request);
  };
  HttpResponse response;
  response.status = 101;
  response.stream_bell = std::make_shared<StreamBell>();
  response.stream_interval_ms = static_cast<int>(kRecheckInterval.count());
  response.messages =
      std::make_shared<VideoStream>(context, camera_id, std::move(playable.video), std::move(seat),
                                    response.stream_bell, std::move(still_allowed));
  return response;
}

Schema LiveVideoSchema() {
  return Object(
      "LiveVideo",
      {{"codec", Described(Text(), "for MediaSource, as RFC 6381 has it: avc1.64001F"), kRequired},
       {"width", Integer(0, 65'535), kRequired},
       {"height", Integer(0, 65'535), kRequired}});
}

}  // namespace

std::vector<Route> LiveVideoRoutes(const ApiContext& context, Authenticator& authenticator) {
  const auto seats =
      std::make_shared<StreamSeats>(context.video_viewers_max, context.video_viewers_of_user_max);
  return {
      {Method::kGet, "/api/v1/cameras/{id}/live", Role::kOperator, Lane::kStore, kNoBody,
       Description("playLive", "cameras",
                   "The camera's own H.264 as fragmented MP4 through a WebSocket; without an "
                   "upgrade, what it would send.",
                   Gives(LiveVideoSchema()))
           .Notes(
               "The first message is text, the LiveVideo; then come binary ones: the header (ftyp "
               "and moov), and fragments of one frame each, from the last keyframe on. Text "
               "messages between them hold what X-Vigil-Faces holds, and media_time: the player's "
               "time of that frame in seconds. 409 when the camera sends other video than H.264: "
               "use live.mjpeg. Origin must be our own; programs send none. Who leaves 12 MB "
               "unread "
               "is cut and may join again; ends within a second of the end of the access, and with "
               "the camera's stream (1012: join again).")
           .Also(GivesNothing(101))
           .Fails({409, 426, 429}),
       [&context, &authenticator, seats](const Call& call) {
         return LiveSocket(context, authenticator, *seats, call);
       }},
  };
}

}  // namespace vigil::api
