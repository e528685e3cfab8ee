// The table of all configuration keys. Adding a key means a member in config.h and a row here.
#include "config/fields.h"

#include <array>

namespace vigil::config {
namespace {

constexpr double kDayMs = 86'400'000;
constexpr double kYearS = 31'536'000;
constexpr double kRetentionDaysMax = 36'500;
constexpr std::array<std::string_view, 4> kPrecisions = {"auto", "f32", "bf16", "i8"};
constexpr std::array<std::string_view, 3> kGalleryIndexes = {"auto", "flat", "faiss"};
constexpr std::array<std::string_view, 3> kChannelKinds = {"webhook", "email", "http"};
constexpr std::array<std::string_view, 3> kSmtpTls = {"starttls", "implicit", "none"};
constexpr std::array<std::string_view, 5> kLogLevels = {"debug", "info", "warning", "error", "off"};
constexpr std::array<std::string_view, 2> kLogFormats = {"text", "json"};

}  // namespace

const std::vector<Field<DataConfig>>& Fields(const DataConfig*) {
  using S = DataConfig;
  static const std::vector<Field<S>> fields = {
      {"directory", &S::directory, "path", "Where database, pictures and the key lie."},
      {"seal_key", &S::seal_key, "64 hex characters",
       "Key that encrypts faces and secrets at rest. Empty: a key file is made in the data "
       "directory."},
      {"unmatched_crop_retention_h", &S::unmatched_crop_retention_h, "hours",
       "How long crops of unmatched faces are kept; 0: they never leave memory.", 0, 87'600},
      {"event_retention_h", &S::event_retention_h, "hours",
       "How long events are kept; who comes back later to the stream of events reads all anew.", 1,
       87'600},
      {"events_max", &S::events_max, "events", "At most this many events are kept.", 1000,
       10'000'000},
      {"incident_retention_d", &S::incident_retention_d, "days",
       "How long ended visits are kept, with their pictures and alerts; 0: for ever.", 0,
       kRetentionDaysMax},
      {"detection_retention_d", &S::detection_retention_d, "days",
       "How long the record of each face seen is kept; 0: for ever.", 0, kRetentionDaysMax},
      {"delivery_retention_d", &S::delivery_retention_d, "days",
       "How long the attempts to deliver finished alerts are kept; 0: for ever.", 0,
       kRetentionDaysMax},
      {"audit_retention_d", &S::audit_retention_d, "days",
       "How long rows of the audit log are kept, a signed checkpoint in their place; 0: for ever.",
       0, kRetentionDaysMax},
      {"session_retention_d", &S::session_retention_d, "days",
       "How long ended logins are remembered, so that a stolen token is noticed; 0: for ever.", 0,
       kRetentionDaysMax},
  };
  return fields;
}

const std::vector<Field<DatabaseConfig>>& Fields(const DatabaseConfig*) {
  using S = DatabaseConfig;
  static const std::vector<Field<S>> fields = {
      {"url", &S::url, "", "sqlite:FILE, the file relative to the data directory."},
  };
  return fields;
}

const std::vector<Field<ModelsConfig>>& Fields(const ModelsConfig*) {
  using S = ModelsConfig;
  static const std::vector<Field<S>> fields = {
      {"detector", &S::detector, "", "Model that finds faces; see vigil models list."},
      {"embedder", &S::embedder, "",
       "Model that tells faces apart, until vigil models switch brings another to serve; see vigil "
       "models list."},
      {"liveness", &S::liveness, "",
       "Model that tells living faces from pictures of them, minifasnet; empty: none does."},
      {"mtcnn_pnet_threshold", &S::mtcnn_pnet_threshold, "score",
       "MTCNN's first network drops what it finds less sure; lower finds more and costs more.",
       0.01, 0.99},
      {"mtcnn_rnet_threshold", &S::mtcnn_rnet_threshold, "score", "The same of its second network.",
       0.01, 0.99},
      {"mtcnn_onet_threshold", &S::mtcnn_onet_threshold, "score",
       "The same of its third network, which decides.", 0.01, 0.99},
      {"mtcnn_pyramid_factor", &S::mtcnn_pyramid_factor, "share",
       "Side of each picture of MTCNN's pyramid against the one before; nearer to 1 finds more and "
       "costs more.",
       0.3, 0.9},
      {.name = "precision",
       .member = &S::precision,
       .description = "Arithmetic of the models; auto chooses by the CPU.",
       .words = kPrecisions},
      {"directory", &S::directory, "path",
       "Where installed models lie. The environment's VIGIL_MODELS_DIRECTORY sets it as well."},
  };
  return fields;
}

const std::vector<Field<RecognitionConfig>>& Fields(const RecognitionConfig*) {
  using S = RecognitionConfig;
  static const std::vector<Field<S>> fields = {
      {"workers", &S::workers, "threads", "Recognition threads; 0: one a core.", 0, 1024},
      {"detect_interval_ms", &S::detect_interval_ms, "milliseconds",
       "A camera is looked at this often while its picture moves.", 1, kDayMs},
      {"min_face_px", &S::min_face_px, "pixels", "Smaller faces are not looked for.", 12, 10'000},
      {"named_strangers_max", &S::named_strangers_max, "share",
       "Permitted share of unknown faces that get a name; the threshold follows from it.", 1e-9, 1},
      {"threshold_floor", &S::threshold_floor, "cosine",
       "No match below this similarity, whatever the rate permits; 0: the model's own floor.", 0,
       0.999},
      {"evidence_window_ms", &S::evidence_window_ms, "milliseconds",
       "How long a face is watched before it is judged.", 0, 60'000},
      {"shots_max", &S::shots_max, "shots", "Best pictures of one face that are compared.", 1, 16},
      {"visit_gap_s", &S::visit_gap_s, "seconds",
       "Seen again within it, a person is still on the same visit.", 1, kYearS},
      {"motion_gate", &S::motion_gate, "", "Skip pictures in which nothing moved."},
      {"motion_luma_difference", &S::motion_luma_difference, "luma steps",
       "A pixel has moved when its brightness (0 to 255) changed by more.", 1, 255},
      {"motion_area_min", &S::motion_area_min, "share",
       "Share of the picture that must have moved.", 1e-6, 1},
      {"heartbeat_ms", &S::heartbeat_ms, "milliseconds", "A still picture is looked at this often.",
       1, kDayMs},
      {"frozen_picture_s", &S::frozen_picture_s, "seconds",
       "A picture that does not change at all for so long is a camera fault; 0: never. A real "
       "sensor's noise always changes it.",
       0, 86'400},
      {"embeddings_on_disk", &S::embeddings_on_disk, "",
       "Keep the gallery's embeddings on the disk and only their codes in memory: for millions of "
       "people. The answers are the same. Reading the gallery from the database, as the first "
       "start "
       "does, still takes memory for all of it."},
  };
  return fields;
}

const std::vector<Field<GalleryConfig>>& Fields(const GalleryConfig*) {
  using S = GalleryConfig;
  static const std::vector<Field<S>> fields = {
      {.name = "index",
       .member = &S::index,
       .description = "How enrolled faces are searched. flat: all of them, exactly. faiss: in "
                      "clusters, approximately, once 10,000 are enrolled. auto: flat up to "
                      "exact_references_max.",
       .words = kGalleryIndexes},
      {"exact_references_max", &S::exact_references_max, "references",
       "With index auto, larger galleries are searched approximately.", 10'000, 1'000'000'000},
      {"recall_min", &S::recall_min, "share",
       "Approximate searches that must find the most similar person; more is read for more.", 0.5,
       0.9999},
  };
  return fields;
}

const std::vector<Field<AlertsConfig>>& Fields(const AlertsConfig*) {
  using S = AlertsConfig;
  static const std::vector<Field<S>> fields = {
      {"cooldown_s", &S::cooldown_s, "seconds",
       "Repeats about one person at one place are held back this long, per channel.", 0, kYearS},
      {"public_url", &S::public_url, "",
       "Address under which people reach the dashboard, for links in messages."},
  };
  return fields;
}

const std::vector<Field<ChannelConfig>>& Fields(const ChannelConfig*) {
  using S = ChannelConfig;
  static const std::vector<Field<S>> fields = {
      {.name = "name",
       .member = &S::name,
       .description = "Unique name of the channel.",
       .example = R"("guards")"},
      {.name = "kind",
       .member = &S::kind,
       .description = "Kind of receiver.",
       .words = kChannelKinds},
      {"include_snapshot", &S::include_snapshot, "", "Send the picture of the face along."},
      {.name = "cooldown_s",
       .member = &S::cooldown_s,
       .unit = "seconds",
       .description = "Instead of alerts.cooldown_s.",
       .minimum = 0,
       .maximum = kYearS,
       .example = "300"},
      {"ca_file", &S::ca_file, "path", "PEM file of trusted authorities; empty: the system's."},
      {.name = "url",
       .member = &S::url,
       .description = "Where alerts are posted.",
       .example = R"("https://example.org/vigil")",
       .only_for = "webhook http"},
      {.name = "secret",
       .member = &S::secret,
       .description = "webhook: whsec_ and base64, from: echo whsec_$(openssl rand -base64 32); "
                      "http: what {{secret}} stands for.",
       .example = R"("whsec_")",
       .only_for = "webhook http"},
      {.name = "allow_private_addresses",
       .member = &S::allow_private_addresses,
       .description = "Permit receivers on this machine or in the local network.",
       .only_for = "webhook http"},
      {.name = "method",
       .member = &S::method,
       .description = "GET, POST, PUT or PATCH.",
       .only_for = "http"},
      {.name = "headers",
       .member = &S::headers,
       .description = "Headers of the request; placeholders as in docs/channels.md.",
       .example = R"(["Authorization: Bearer {{secret}}"])",
       .only_for = "http"},
      {.name = "content_type",
       .member = &S::content_type,
       .description = "Decides how values are written into the body.",
       .only_for = "http"},
      {.name = "body",
       .member = &S::body,
       .description = "Body of the request, with placeholders.",
       .example = R"("{\"text\": \"{{title}} {{link}}\"}")",
       .only_for = "http"},
      {.name = "fields",
       .member = &S::fields,
       .description = "Form fields, as name: text, of a multipart/form-data request.",
       .only_for = "http"},
      {.name = "snapshot_field",
       .member = &S::snapshot_field,
       .description = "Form field of the picture in a multipart/form-data request; empty: none.",
       .only_for = "http"},
      {.name = "success",
       .member = &S::success,
       .description = "Statuses that mean delivered, as 200-299 or 200,202.",
       .only_for = "http"},
      {.name = "smtp_url",
       .member = &S::smtp_url,
       .description = "Mail server: smtp://host:587, or smtps://host:465 with tls implicit.",
       .example = R"("smtp://mail.example.org:587")",
       .only_for = "email"},
      {.name = "tls",
       .member = &S::tls,
       .description = "Encryption to the mail server; none only on this machine.",
       .words = kSmtpTls,
       .only_for = "email"},
      {.name = "user",
       .member = &S::user,
       .description = "Login at the mail server; empty: none.",
       .only_for = "email"},
      {.name = "password",
       .member = &S::password,
       .description = "Password of the login.",
       .only_for = "email"},
      {.name = "from",
       .member = &S::from,
       .description = "Sender.",
       .example = R"("Vigil <vigil@example.org>")",
       .only_for = "email"},
      {.name = "to",
       .member = &S::to,
       .description = "Recipients.",
       .example = R"(["guards@example.org"])",
       .only_for = "email"},
  };
  return fields;
}

const std::vector<Field<ApiConfig>>& Fields(const ApiConfig*) {
  using S = ApiConfig;
  static const std::vector<Field<S>> fields = {
      {"address", &S::address, "", "Address the API and the dashboard listen on."},
      {"port", &S::port, "", "Port of the API and the dashboard; 0: any free one.", 0, 65'535},
      {"metrics_port", &S::metrics_port, "",
       "Port of /livez, /readyz and /metrics, on this machine only; 0: any free one.", 0, 65'535},
      {"tls_certificate", &S::tls_certificate, "path",
       "Not in this version: keep it empty and put a proxy that speaks TLS before Vigil."},
      {"tls_key", &S::tls_key, "path", "Not in this version, as tls_certificate."},
      {"trusted_proxies", &S::trusted_proxies, "",
       "Addresses and ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, "
       "such as 127.0.0.1 or 10.0.0.0/8; empty: nobody's."},
  };
  return fields;
}

const std::vector<Field<LogsConfig>>& Fields(const LogsConfig*) {
  using S = LogsConfig;
  static const std::vector<Field<S>> fields = {
      {"directory", &S::directory, "path", "Where log files are written."},
      {.name = "level",
       .member = &S::level,
       .description = "Least severe messages that are written.",
       .words = kLogLevels},
      {.name = "format",
       .member = &S::format,
       .description = "Lines for people or one JSON object a line.",
       .words = kLogFormats},
      {"file_size_max_mb", &S::file_size_max_mb, "megabytes", "A log file rotates at this size.", 1,
       10'000},
      {"files_max", &S::files_max, "files", "Rotated files that are kept.", 1, 1'000},
  };
  return fields;
}

const std::vector<Field<CameraConfig>>& Fields(const CameraConfig*) {
  using S = CameraConfig;
  static const std::vector<Field<S>> fields = {
      {.name = "name",
       .member = &S::name,
       .description = "Unique name of the camera.",
       .example = R"("front-door")"},
      {.name = "url",
       .member = &S::url,
       .description = "rtsp:// or rtsps:// with credentials, or a file.",
       .example = R"("rtsp://user:password@192.0.2.10/stream1")"},
      {"group", &S::group, "", "Cameras of one place share a group; empty: a group of its own."},
      {"enabled", &S::enabled, "", "Whether it is watched."},
      {.name = "detect_interval_ms",
       .member = &S::detect_interval_ms,
       .unit = "milliseconds",
       .description = "Instead of recognition.detect_interval_ms.",
       .minimum = 1,
       .maximum = kDayMs,
       .example = "200"},
      {.name = "min_face_px",
       .member = &S::min_face_px,
       .unit = "pixels",
       .description = "Instead of recognition.min_face_px, below which nothing is looked for.",
       .minimum = 12,
       .maximum = 10'000,
       .example = "40"},
      {.name = "areas",
       .member = &S::areas,
       .description = "Faces are looked for here alone; none: everywhere. Corners as shares of "
                      "width and height, x y; x y; x y.",
       .example = R"(["0 0.4; 1 0.4; 1 1; 0 1"])"},
      {.name = "excluded_areas",
       .member = &S::excluded_areas,
       .description = "Faces and motion here are left out, even within areas.",
       .example = R"(["0.7 0; 1 0; 1 0.3; 0.7 0.3"])"},
      {.name = "face_score_min",
       .member = &S::face_score_min,
       .unit = "score",
       .description = "Less sure faces are left out; 0: the detector's own limit.",
       .minimum = 0,
       .maximum = 1},
      {.name = "keyframes_when_idle",
       .member = &S::keyframes_when_idle,
       .description = "Decode keyframes alone while nothing moves: cheap, but who appears between "
                      "two keyframes is seen at the next one. Needs the motion gate, and keyframes "
                      "at most 4 s apart."},
  };
  return fields;
}

}  // namespace vigil::config
