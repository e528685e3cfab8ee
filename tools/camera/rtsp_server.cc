// The RTSP server on GStreamer.
#include "rtsp_server.h"

#include <gst/app/gstappsrc.h>
#include <gst/rtsp-server/rtsp-server.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "base/format.h"

namespace vigil::camera {
namespace {

// Where pictures go while somebody watches. Shared with GStreamer's own threads, which may still
// tell of the end of a stream when the server is gone.
class Outlet {
 public:
  ~Outlet() { Use(nullptr); }

  // Takes over the reference to `source`; null: nobody watches any more.
  void Use(GstElement* source) {
    const std::lock_guard lock(mutex_);
    if (source_ != nullptr) gst_object_unref(source_);
    source_ = source;
    open_ = source != nullptr;
  }
  bool IsOpen() const { return open_; }

  void Push(const RgbImage& picture) {
    const std::lock_guard lock(mutex_);
    if (source_ == nullptr) return;
    GstBuffer* buffer = gst_buffer_new_memdup(picture.pixels.data(), picture.pixels.size());
    gst_app_src_push_buffer(GST_APP_SRC(source_), buffer);
  }

 private:
  std::atomic<bool> open_ = false;
  std::mutex mutex_;
  GstElement* source_ = nullptr;  // guarded by mutex_
};

// A share of the outlet for one signal connection, which gives it back when it is severed.
template <class Callback>
void Connect(gpointer object, const char* signal, Callback* callback,
             const std::shared_ptr<Outlet>& outlet) {
  g_signal_connect_data(
      object, signal, G_CALLBACK(callback), new std::shared_ptr<Outlet>(outlet),
      [](gpointer share, GClosure*) { delete static_cast<std::shared_ptr<Outlet>*>(share); },
      GConnectFlags{});
}

class GStreamerServer final : public RtspServer {
 public:
  explicit GStreamerServer(RtspServerOptions options) : options_(std::move(options)) {}

  ~GStreamerServer() override {
    Disconnect();
    if (thread_.joinable()) {
      // From inside the loop: a loop that is told before it runs would run for ever.
      GSource* quit = g_idle_source_new();
      g_source_set_callback(
          quit,
          [](gpointer loop) -> gboolean {
            g_main_loop_quit(static_cast<GMainLoop*>(loop));
            return G_SOURCE_REMOVE;
          },
          loop_, nullptr);
      g_source_attach(quit, context_);
      g_source_unref(quit);
      thread_.join();
    }
    g_object_unref(server_);
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
  }

  Status Open() {
    gst_init(nullptr, nullptr);
    context_ = g_main_context_new();
    loop_ = g_main_loop_new(context_, FALSE);
    server_ = gst_rtsp_server_new();
    gst_rtsp_server_set_address(server_, "127.0.0.1");
    gst_rtsp_server_set_service(server_, std::to_string(options_.port).c_str());
    if (!options_.user.empty()) Protect();
    MountFactory();
    VIGIL_RETURN_IF_ERROR(Resume());
    port_ = gst_rtsp_server_get_bound_port(server_);
    gst_rtsp_server_set_service(server_, std::to_string(port_).c_str());
    thread_ = std::jthread([this] {
      g_main_context_push_thread_default(context_);
      g_main_loop_run(loop_);
      g_main_context_pop_thread_default(context_);
    });
    return {};
  }

  int Port() const override { return port_; }
  bool HasViewers() const override { return outlet_->IsOpen(); }

  void Push(const RgbImage& picture) override { outlet_->Push(picture); }

  void Disconnect() override {
    if (attached_ != 0) {
      GSource* source = g_main_context_find_source_by_id(context_, attached_);
      if (source != nullptr) g_source_destroy(source);
      attached_ = 0;
    }
    GList* removed = gst_rtsp_server_client_filter(
        server_, [](GstRTSPServer*, GstRTSPClient*, gpointer) { return GST_RTSP_FILTER_REMOVE; },
        nullptr);
    g_list_free_full(removed, g_object_unref);
  }

  Status Resume() override {
    attached_ = gst_rtsp_server_attach(server_, context_);
    if (attached_ == 0) {
      return Fail(ErrorCode::kUnavailable,
                  format("port {} is taken; choose another with --port", options_.port));
    }
    return {};
  }

 private:
  void Protect() {
    GstRTSPAuth* auth = gst_rtsp_auth_new();
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
    GstRTSPToken* token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", nullptr);
    gst_rtsp_auth_add_digest(auth, options_.user.c_str(), options_.password.c_str(), token);
    gst_rtsp_token_unref(token);
    gst_rtsp_server_set_auth(server_, auth);
    g_object_unref(auth);
  }

  void MountFactory() {
    const std::string launch = format(
        "( appsrc name=pictures is-live=true do-timestamp=true format=time block=false "
        "max-buffers=2 leaky-type=downstream "
        "caps=video/x-raw,format=RGB,width={},height={},framerate={}/1 ! videoconvert ! "
        "video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=superfast bitrate=3000 "
        "key-int-max={} threads=1 ! rtph264pay name=pay0 pt=96 config-interval=1 )",
        options_.width, options_.height, options_.frames_per_second, options_.frames_per_second);
    GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
    gst_rtsp_media_factory_set_launch(factory, launch.c_str());
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    if (!options_.user.empty()) {
      gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                      G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                      G_TYPE_BOOLEAN, TRUE, nullptr);
    }
    Connect(factory, "media-configure", &OnMedia, outlet_);
    GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server_);
    gst_rtsp_mount_points_add_factory(mounts, options_.path.c_str(), factory);
    g_object_unref(mounts);
  }

  static void OnMedia(GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer share) {
    const auto& outlet = *static_cast<std::shared_ptr<Outlet>*>(share);
    GstElement* element = gst_rtsp_media_get_element(media);
    GstElement* source = gst_bin_get_by_name_recurse_up(GST_BIN(element), "pictures");
    gst_object_unref(element);
    outlet->Use(source);
    Connect(media, "unprepared", &OnUnprepared, outlet);
  }

  static void OnUnprepared(GstRTSPMedia*, gpointer share) {
    (*static_cast<std::shared_ptr<Outlet>*>(share))->Use(nullptr);
  }

  const RtspServerOptions options_;
  GMainContext* context_ = nullptr;
  GMainLoop* loop_ = nullptr;
  GstRTSPServer* server_ = nullptr;
  guint attached_ = 0;
  int port_ = 0;
  const std::shared_ptr<Outlet> outlet_ = std::make_shared<Outlet>();
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<RtspServer>> RtspServer::Start(const RtspServerOptions& options) {
  auto server = std::make_unique<GStreamerServer>(options);
  VIGIL_RETURN_IF_ERROR(server->Open());
  return server;
}

}  // namespace vigil::camera
