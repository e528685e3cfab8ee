// gst-rtsp-server on the main loop of the calling thread.
#include "camera/server.h"

#include <glib-unix.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <atomic>
#include <csignal>
#include <utility>

#include "base/format.h"
#include "camera/media_pump.h"

namespace vigil::camera {
namespace {

using std::chrono::milliseconds;

constexpr char kRole[] = "viewer";
constexpr unsigned kSessionSweepSeconds = 2;

guint Milliseconds(milliseconds time) { return static_cast<guint>(time.count()); }

GstRTSPFilterResult RemoveClient(GstRTSPServer*, GstRTSPClient*, void*) {
  return GST_RTSP_FILTER_REMOVE;
}

GstRTSPFilterResult RemoveSession(GstRTSPSessionPool*, GstRTSPSession*, void*) {
  return GST_RTSP_FILTER_REMOVE;
}

class GstCameraServer final : public CameraServer {
 public:
  GstCameraServer(std::unique_ptr<Feed> feed, ServerOptions options, EventSink events)
      : feed_(std::move(feed)),
        options_(std::move(options)),
        events_(std::move(events)),
        loop_(g_main_loop_new(nullptr, FALSE)),
        server_(gst_rtsp_server_new()) {
    gst_rtsp_server_set_address(server_.get(), "127.0.0.1");
    GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, feed_->LaunchLine().c_str());
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    g_signal_connect(factory, "media-configure", G_CALLBACK(OnMedia), this);
    if (!options_.user.empty()) {
      RequireLogin(factory);
    }
    GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server_.get());
    gst_rtsp_mount_points_add_factory(mounts, "/scene", factory);
    g_object_unref(mounts);
  }

  ~GstCameraServer() override {
    Close();
    server_.reset();
    g_main_loop_unref(loop_);
  }

  Status Open() {
    gst_rtsp_server_set_service(server_.get(), std::to_string(options_.port).c_str());
    GError* error = nullptr;
    source_ = gst_rtsp_server_create_source(server_.get(), nullptr, &error);
    if (source_ == nullptr) {
      const std::string reason = error == nullptr ? "unknown fault" : error->message;
      g_clear_error(&error);
      return Fail(ErrorCode::kUnavailable,
                  format("cannot listen on 127.0.0.1:{}: {}; choose another --port", options_.port,
                         reason));
    }
    g_source_attach(source_, nullptr);
    options_.port = static_cast<std::uint16_t>(gst_rtsp_server_get_bound_port(server_.get()));
    return {};
  }

  std::string Url() const override { return format("rtsp://127.0.0.1:{}/scene", options_.port); }

  void Run() override {
    const guint ids[] = {g_unix_signal_add(SIGTERM, OnSignal, this),
                         g_unix_signal_add(SIGINT, OnSignal, this),
                         g_timeout_add_seconds(kSessionSweepSeconds, OnSweep, this)};
    g_main_loop_run(loop_);
    for (const guint id : ids) {
      g_source_remove(id);
    }
  }

 private:
  void RequireLogin(GstRTSPMediaFactory* factory) {
    gst_rtsp_media_factory_add_role(factory, kRole, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                    G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                    G_TYPE_BOOLEAN, TRUE, nullptr);
    GstRTSPAuth* auth = gst_rtsp_auth_new();
    gst_rtsp_auth_set_supported_methods(
        auth, static_cast<GstRTSPAuthMethod>(GST_RTSP_AUTH_BASIC | GST_RTSP_AUTH_DIGEST));
    GstRTSPToken* token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, kRole, nullptr);
    gst_rtsp_auth_add_digest(auth, options_.user.c_str(), options_.password.c_str(), token);
    gchar* basic = gst_rtsp_auth_make_basic(options_.user.c_str(), options_.password.c_str());
    gst_rtsp_auth_add_basic(auth, basic, token);
    g_free(basic);
    gst_rtsp_token_unref(token);
    gst_rtsp_server_set_auth(server_.get(), auth);
    g_object_unref(auth);
  }

  // Closes the port and every connection.
  void Close() {
    if (source_ != nullptr) {
      g_source_destroy(source_);
      g_source_unref(std::exchange(source_, nullptr));
    }
    gst_rtsp_server_client_filter(server_.get(), RemoveClient, nullptr);
    GstRTSPSessionPool* sessions = gst_rtsp_server_get_session_pool(server_.get());
    gst_rtsp_session_pool_filter(sessions, RemoveSession, nullptr);
    g_object_unref(sessions);
  }

  // On a thread of the server, when a first viewer makes a stream.
  static void OnMedia(GstRTSPMediaFactory*, GstRTSPMedia* media, GstCameraServer* self) {
    const Owned<GstElement> bin(gst_rtsp_media_get_element(media));
    auto* pump = new MediaPump(ElementNamed(bin.get(), "source"), *self->feed_, self->clock_,
                               self->options_.stall_at);
    g_object_set_data_full(G_OBJECT(media), "vigil-pump", pump,
                           [](void* data) { delete static_cast<MediaPump*>(data); });
    if (!self->seen_.exchange(true)) {
      g_idle_add(OnFirstViewer, self);
    }
  }

  static gboolean OnFirstViewer(void* data) {
    auto* self = static_cast<GstCameraServer*>(data);
    self->events_("first_picture");
    if (self->options_.disconnect_at.has_value()) {
      g_timeout_add(Milliseconds(*self->options_.disconnect_at), OnDisconnect, self);
    }
    return G_SOURCE_REMOVE;
  }

  static gboolean OnDisconnect(void* data) {
    auto* self = static_cast<GstCameraServer*>(data);
    self->Close();
    self->events_("disconnected");
    g_timeout_add(Milliseconds(self->options_.disconnect_for), OnRestore, self);
    return G_SOURCE_REMOVE;
  }

  static gboolean OnRestore(void* data) {
    auto* self = static_cast<GstCameraServer*>(data);
    if (!self->Open().has_value()) {
      return G_SOURCE_CONTINUE;  // somebody else holds the port now; it is tried again
    }
    self->events_("restored");
    return G_SOURCE_REMOVE;
  }

  static gboolean OnSignal(void* data) {
    g_main_loop_quit(static_cast<GstCameraServer*>(data)->loop_);
    return G_SOURCE_CONTINUE;
  }

  static gboolean OnSweep(void* data) {
    auto* self = static_cast<GstCameraServer*>(data);
    GstRTSPSessionPool* sessions = gst_rtsp_server_get_session_pool(self->server_.get());
    gst_rtsp_session_pool_cleanup(sessions);
    g_object_unref(sessions);
    return G_SOURCE_CONTINUE;
  }

  const std::unique_ptr<Feed> feed_;
  ServerOptions options_;  // the port becomes the one chosen
  const EventSink events_;
  CameraClock clock_;
  std::atomic<bool> seen_ = false;
  GMainLoop* const loop_;
  GSource* source_ = nullptr;  // null while the port is closed
  Owned<GstRTSPServer> server_;
};

}  // namespace

Result<std::unique_ptr<CameraServer>> CameraServer::Make(std::unique_ptr<Feed> feed,
                                                         ServerOptions options, EventSink events) {
  auto server =
      std::make_unique<GstCameraServer>(std::move(feed), std::move(options), std::move(events));
  VIGIL_RETURN_IF_ERROR(server->Open());
  return server;
}

}  // namespace vigil::camera
