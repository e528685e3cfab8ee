// Pieces that several resources share.
#include "api/resources.h"

#include <cmath>

#include "api/multipart.h"
#include "base/format.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "database/audit_repository.h"

namespace vigil::api {

Status RecordAudit(const ApiContext& context, const Principal& who, std::string action,
                   std::string object_id, const json::object& detail) {
  AuditEntry entry;
  entry.user_id = who.user_id;
  entry.user_name = who.user_name;
  entry.action = std::move(action);
  entry.object_id = std::move(object_id);
  entry.detail = json::serialize(detail);
  return database::AuditRepository(context.database).Append(std::move(entry));
}

Status RecordView(const ApiContext& context, const Principal& who, std::string object_id,
                  std::string_view picture) {
  return RecordAudit(context, who, "face.view", std::move(object_id), {{"picture", picture}});
}

double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

json::array BoxJson(const Box& box) {
  return {Rounded(box.x1), Rounded(box.y1), Rounded(box.x2), Rounded(box.y2)};
}

Schema BoxSchema() { return Described(ListOf(Number(), 4, 4), "[x1, y1, x2, y2] in pixels"); }

Schema SeveritySchema() { return Word({"low", "medium", "high", "critical"}); }

std::optional<Severity> SeverityOf(std::string_view word) {
  for (const Severity severity :
       {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    if (SeverityName(severity) == word) return severity;
  }
  return std::nullopt;
}

Schema OutcomeSchema() {
  return Word({"match", "possible_match", "stranger", "unrecognisable", "spoof"});
}

Schema ReasonSchema() { return Word({"too_small", "turned_away", "blurred", "dark", "occluded"}); }

json::object GalleryJson(const GalleryInfo& gallery) {
  return {{"sequence", gallery.sequence},
          {"references", gallery.references},
          {"persons", gallery.persons}};
}

Schema GallerySchema() {
  return Object("Gallery", {{"sequence", Count(), kRequired},
                            {"references", Count(), kRequired},
                            {"persons", Count(), kRequired}});
}

json::value TimeJson(const std::optional<WallTime>& time) {
  return time ? json::value(FormatTime(*time)) : json::value(nullptr);
}

json::value OrNull(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

void ReadTimeQuery(const HttpRequest& request, std::string_view name,
                   std::optional<WallTime>& target, std::vector<FieldError>& errors) {
  const auto text = request.Query(name);
  if (!text) return;
  if (const Result<WallTime> time = ParseTime(*text)) {
    target = *time;
  } else {
    errors.push_back({std::string(name), "must be a time like 2026-11-22T21:28:47Z (RFC 3339)"});
  }
}

json::object CameraStateJson(const CameraState& state) {
  return {{"id", state.id},     {"name", state.name},
          {"up", state.up},     {"cause", state.cause},
          {"mend", state.mend}, {"last_frame_at", TimeJson(state.last_frame_at)}};
}

Schema CameraStateSchema() {
  return Object("CameraState",
                {{"id", Id(), kRequired},
                 {"name", Text(), kRequired},
                 {"up", Flag(), kRequired},
                 {"cause", Described(Text(), "of the last failure; empty while up"), kRequired},
                 {"mend", Described(Text(), "what to check"), kRequired},
                 {"last_frame_at", Nullable(Time()), kRequired}});
}

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

json::object QualityJson(const FaceQuality& quality) {
  json::object object{
      {"score", Rounded(quality.score)},           {"face_px", Rounded(quality.face_px)},
      {"sharpness", Rounded(quality.sharpness)},   {"frontal", Rounded(quality.frontal)},
      {"brightness", Rounded(quality.brightness)}, {"unrecognisable", nullptr}};
  if (quality.covered) object["covered"] = Rounded(*quality.covered);
  if (quality.unrecognisable) object["unrecognisable"] = ReasonName(*quality.unrecognisable);
  return object;
}

Schema QualitySchema() {
  return Object("Quality", {{"score", Number(0, 1), kRequired},
                            {"face_px", Number(), kRequired},
                            {"sharpness", Number(), kRequired},
                            {"frontal", Number(), kRequired},
                            {"brightness", Number(), kRequired},
                            {"covered", Described(Number(0, 1), "from 0.5 on mouth and nose are")},
                            {"unrecognisable", Nullable(ReasonSchema()), kRequired}});
}

std::expected<UploadedFile, Problem> UploadedFileOf(const HttpRequest& request) {
  UploadedFile upload;
  const std::string_view header = request.Header("content-type");
  const std::string type = MediaTypeOf(header);
  if (type.starts_with("image/") || type == "application/octet-stream") {
    upload.bytes = request.body;
    upload.fields = request.query;
    return upload;
  }
  const std::optional<std::string> boundary = MultipartBoundary(header);
  if (!boundary) {
    return Refuse(415, "unsupported_media_type",
                  "send the photo as multipart/form-data with a field named file");
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<FormPart> parts,
                         ParseMultipart(request.body, *boundary));
  bool found = false;
  for (const FormPart& part : parts) {
    if (part.name != "file") {
      if (!IsUtf8(part.content)) {
        return std::unexpected(InvalidFields({{part.name, "is not valid UTF-8"}}));
      }
      upload.fields.emplace_back(part.name, std::string(part.content));
      continue;
    }
    if (found) return std::unexpected(InvalidFields({{"file", "is given more than once"}}));
    upload.bytes = part.content;
    found = true;
  }
  if (!found) return std::unexpected(InvalidFields({{"file", "is required"}}));
  if (upload.bytes.size() > kPhotoBodyBytesMax) {
    return Refuse(413, "too_large",
                  format("the photo is larger than {} bytes", kPhotoBodyBytesMax));
  }
  return upload;
}

}  // namespace vigil::api
