// What an installation can set: plain structs with the defaults and units that people rely on.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"

namespace vigil::config {

// Names end in their unit: _ms, _s, _h, _px, _mb. Relative paths start at the working directory
// unless said otherwise. Every field is a key of the same name; config_keys.h lists them with their
// description.

struct DataConfig {
  std::filesystem::path directory = "data";  // holds database, pictures and the key
  Secret seal_key;                      // 64 hex characters; empty: a key file made in `directory`
  int unmatched_crop_retention_h = 24;  // 0: crops of unmatched faces never leave memory
  int event_retention_h = 168;          // events that are older are removed
  int events_max = 100'000;             // so are the oldest beyond this number
  // 0: for ever. Incidents take their sightings, pictures and alerts along.
  int incident_retention_d = 0;
  int detection_retention_d = 90;
  int delivery_retention_d = 90;  // attempts of alerts that are over
  int audit_retention_d = 0;      // rows of the audit log; 0: for ever
  int session_retention_d = 30;   // logins that ended, and refresh tokens that were exchanged
};

struct DatabaseConfig {
  // sqlite:FILE, the file relative to data.directory; or postgresql://USER@HOST/NAME, without a
  // password
  std::string url = "sqlite:vigil.db";
};

struct ModelsConfig {
  std::string detector = "mtcnn";
  std::string embedder = "facenet-128";
  std::string liveness;  // empty: nobody looks whether faces are living ones
  // Of MTCNN: below these scores P-Net, R-Net and O-Net drop a candidate.
  double mtcnn_pnet_threshold = 0.6;
  double mtcnn_rnet_threshold = 0.7;
  double mtcnn_onet_threshold = 0.7;
  double mtcnn_pyramid_factor = 0.709;  // one pyramid level's side against the level before
  std::string precision = "auto";       // "auto" (by CPU), "f32", "bf16", "i8"
  // LoadConfig replaces ~; the environment's VIGIL_MODELS_DIRECTORY sets it as well.
  std::filesystem::path directory = "~/.cache/vigil/models";
};

struct RecognitionConfig {
  int workers = 0;  // 0: one a core
  int detect_interval_ms = 200;
  int min_face_px = 40;
  double named_strangers_max = 0.01;  // permitted share of unknown faces that get a name
  double threshold_floor = 0;         // cosine; 0: the model's
  int evidence_window_ms = 600;
  int shots_max = 3;
  int visit_gap_s = 60;
  bool motion_gate = true;
  int motion_luma_difference = 12;  // a pixel has moved when its luma (0 to 255) changed by more
  double motion_area_min = 0.002;   // share of the picture that must have moved
  int heartbeat_ms = 2000;          // a still picture is looked at this often
  int frozen_picture_s = 30;        // a picture that never changes for so long is a fault; 0: never
  bool embeddings_on_disk = false;  // of the gallery; searches read those they need
};

struct GalleryConfig {
  std::string index = "auto";  // "flat", "faiss"; auto: flat below exact_references_max
  int exact_references_max = 2'000'000;
  double recall_min = 0.99;  // of approximate search: the share that finds its best person
};

enum class ChannelKind { kWebhook, kEmail, kHttp };
enum class SmtpTls { kStarttls, kImplicit, kNone };

struct ChannelConfig {
  std::string name;
  ChannelKind kind = ChannelKind::kWebhook;
  bool include_snapshot = true;
  std::optional<int> cooldown_s;  // absent: alerts.cooldown_s
  std::string ca_file;            // PEM; empty: the system's
  // webhook and http
  Secret url;
  Secret secret;  // "whsec_" and base64, Standard Webhooks; http: what {{secret}} stands for
  bool allow_private_addresses = false;
  // http: templates of a request, as docs/channels.md tells
  std::string method = "POST";
  std::vector<std::string> headers;  // "Name: template"
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::string> fields;  // "name: template", of multipart/form-data
  std::string snapshot_field;
  std::string success = "200-299";
  // email
  std::string smtp_url;  // "smtp://host:587" or "smtps://host:465"
  SmtpTls tls = SmtpTls::kStarttls;
  std::string user;
  Secret password;
  std::string from;
  std::vector<std::string> to;
};

struct AlertsConfig {
  int cooldown_s = 300;    // per person, camera group and channel
  std::string public_url;  // where people reach the dashboard; empty: messages carry no link
  std::vector<ChannelConfig> channels;
};

struct ApiConfig {
  std::string address = "127.0.0.1";
  int port = 8080;
  int metrics_port = 9090;      // loopback: /livez, /readyz, /metrics
  std::string tls_certificate;  // PEM file; empty: plain HTTP
  std::string tls_key;
  // Addresses and ranges of the proxies whose X-Forwarded-For names the client.
  std::vector<std::string> trusted_proxies;
};

struct LogsConfig {
  std::filesystem::path directory = "./logs";
  LogLevel level = LogLevel::kInfo;
  std::string format = "text";  // or "json"
  int file_size_max_mb = 10;
  int files_max = 5;
};

// A camera kept in the file; the database holds those added through the API.
struct CameraConfig {
  std::string name;
  Secret url;         // rtsp://, rtsps:// or a file
  std::string group;  // name of its camera group; empty: a group of its own
  bool enabled = true;
  std::optional<int> detect_interval_ms;
  std::optional<int> min_face_px;
  std::vector<std::string> areas;  // as ParsePolygon reads them
  std::vector<std::string> excluded_areas;
  double face_score_min = 0;
  bool keyframes_when_idle = false;
};

struct Config {
  DataConfig data;
  DatabaseConfig database;
  ModelsConfig models;
  RecognitionConfig recognition;
  GalleryConfig gallery;
  AlertsConfig alerts;
  ApiConfig api;
  LogsConfig logs;
  std::vector<CameraConfig> cameras;
  std::filesystem::path file;  // where it was read; empty: no file. Not a key.

  // Whether database.url names a PostgreSQL server; else it names an SQLite file.
  bool UsesPostgres() const;
  // The SQLite file named by database.url; below data.directory unless it is absolute. Empty with
  // PostgreSQL.
  std::filesystem::path DatabaseFile() const;
};

using Environment = std::map<std::string, std::string>;

// The environment of this process.
Environment ProcessEnvironment();

// Where settings come from; later ones win: defaults, file, environment, overrides.
struct ConfigSources {
  // --config. Absent: vigil.toml of the working directory when it is there, else none.
  std::optional<std::filesystem::path> file;
  // VIGIL__SECTION__KEY=value is read from it, for entries of lists VIGIL__CAMERAS__0__URL; lists
  // of text are comma-separated. Also VIGIL_MODELS_DIRECTORY and HOME.
  Environment environment;
  // Command-line flags, as {"api.port", "8081"}.
  std::vector<std::pair<std::string, std::string>> overrides;
};

// Reads, then validates. A secret `key` can also be given as `key_file`, the path of a file that
// holds it; one trailing newline is dropped. Errors: kInvalidArgument with every fault of all
// sources, one a line, each naming key, place and mend (an unknown key names its nearest known
// one); kNotFound or kPermission when the file cannot be read. No message holds a secret.
Result<Config> LoadConfig(const ConfigSources& sources);

// As LoadConfig, on text already in memory; `name` stands for the file in messages.
Result<Config> LoadConfigText(std::string_view toml, std::string_view name,
                              const ConfigSources& sources = {});

}  // namespace vigil::config
