// Everything the handlers need, as one plain aggregate that the program's composition fills.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "alerts/channels.h"
#include "base/clock.h"
#include "base/turn_gate.h"
#include "core/gallery.h"
#include "core/media_store.h"
#include "core/model_info.h"
#include "database/database.h"
#include "gallery/faiss_index.h"
#include "metrics/metrics.h"
#include "pipeline/decision.h"
#include "pipeline/live_view.h"
#include "pipeline/photo_analyser.h"

namespace vigil::api {

// The state of one camera as people see it.
struct CameraState {
  std::string id;
  std::string name;
  bool up = false;
  std::string cause;  // StreamFaultName of the last failure; empty while up
  std::string mend;   // one sentence: what to check
  std::optional<WallTime> last_frame_at;
};

struct QueueState {
  std::string name;
  std::size_t depth = 0;
  std::int64_t drops = 0;
};

// The disk of the data directory.
struct DiskState {
  std::uint64_t free_bytes = 0;  // for this process; 0 when it cannot be told
  std::uint64_t capacity_bytes = 0;
};

// What GET /system tells beside the gallery and the photo models.
struct SystemInfo {
  std::string version;
  WallTime started_at{};
  std::string cpu;  // model and features that matter
  DetectorInfo detector;
  EmbedderInfo embedder;  // of the probes
  std::vector<CameraState> cameras;
  std::vector<QueueState> queues;
  DiskState disk = {};
  std::vector<alerts::ChannelState> channels = {};
  gallery::FaissIndexState gallery_index = {};  // as it begins: exact search
};

// Another embedder for everybody; the functions may be empty.
struct ModelSwitching {
  std::string configured;  // the embedder that serves where no switch ever brought another
  std::function<Status(const std::string& model_id)> check;  // whether it could serve
  std::function<void()> changed;                             // a switch was asked for or cancelled
  std::function<std::string()> trouble;  // why it does not get on; empty while it does
};

// References and callbacks must outlive the Api; callbacks are called from several threads and must
// not wait.
struct ApiContext {
  database::Database& database;
  MediaStore& media;
  const GalleryIndex& gallery;
  pipeline::PhotoAnalyser& photos;
  pipeline::DecisionPolicy policy;  // of the photos' fp32 embedder
  const pipeline::LiveView& live;
  metrics::Metrics& metrics;
  Clock& clock;
  std::filesystem::path web_directory;  // static files; empty: none
  std::function<SystemInfo()> system_info;
  std::function<bool()> ready;            // for /readyz: schema, models and gallery are there
  std::function<void()> cameras_changed;  // a camera or group was made, changed or deleted
  std::function<void()>
      gallery_changed;  // photos or people changed: the follower need not wait for its poll
  // Watch-lists or who stands in them changed: applies it before it returns. May be empty.
  std::function<void()> watch_rules_changed = {};
  int live_viewers_max = 8;
  // These two together stay below the connections of one address.
  int video_viewers_max = 64;
  int video_viewers_of_user_max = 32;
  int event_streams_max = 240;
  int event_streams_of_user_max = 16;
  std::stop_token stopping = {};  // requested before the server stops: ends what takes long
  std::string cameras_kept_in = "the configuration";  // for messages: where cameras with from_file
                                                      // are changed
  std::vector<std::filesystem::path> docs_directories{};   // files of /docs; empty: no such pages
  std::vector<alerts::ChannelOptions> file_channels = {};  // of the configuration: never changed
  std::string public_url = {};  // where people reach the dashboard; may be empty
  std::function<std::vector<alerts::ChannelState>()> channel_states = {};
  // A channel was made, changed or deleted: applies it before it returns, without waiting for a
  // receiver.
  std::function<void()> channels_changed = {};
  // Where signed heads of the audit log are written down; empty: nowhere.
  std::filesystem::path audit_heads_file = {};
  // An alert of that channel was made due by hand.
  std::function<void(const std::string& channel)> alert_due = {};
  ModelSwitching model_switching = {};
  // Whoever uses `photos`, `policy`, or both `photos` and `gallery`, does so in a turn: a switch of
  // the embedder waits for the turns to be over. Null: nothing is ever switched.
  TurnGate* photo_turns = nullptr;

  [[nodiscard]] TurnGate::Turn EnterTurn() const {
    return photo_turns == nullptr ? nullptr : photo_turns->Enter();
  }
};

}  // namespace vigil::api
