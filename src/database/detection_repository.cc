// SQL of detections, and of which pictures any row names.
#include "database/detection_repository.h"

#include "base/uuid.h"
#include "database/condition.h"
#include "database/rows.h"

namespace vigil::database {
namespace {

DetectionRecord DetectionOf(const Row& row) {
  DetectionRecord record{
      .id = row.Text("id"),
      .camera_id = row.Text("camera_id"),
      .seen_at = row.Time("seen_at"),
      .track_id = row.Integer("track_id"),
      .box = {row.Float("box_x1"), row.Float("box_y1"), row.Float("box_x2"), row.Float("box_y2")},
      .score = row.Float("score"),
      .quality = row.Float("quality"),
      .outcome = OutcomeFromWord(row.Text("outcome")),
      .reason = std::nullopt,
      .best_person_id = row.Text("best_person_id"),
      .similarity = row.Float("similarity"),
      .threshold = row.Float("threshold"),
      .crop_media_id = row.Text("crop_media_id")};
  if (!row.Text("reason").empty()) record.reason = UnrecognisableReasonFromWord(row.Text("reason"));
  return record;
}

}  // namespace

Status DetectionRepository::WriteBatch(std::span<const DetectionRecord> detections) {
  if (detections.empty()) return {};
  return database_.Write([&](Connection& connection) -> Status {
    for (const DetectionRecord& record : detections) {
      VIGIL_RETURN_IF_ERROR(connection.Execute(
          "INSERT INTO detections (id, camera_id, seen_at, track_id, box_x1, box_y1, box_x2, "
          "box_y2, score, quality, outcome, reason, best_person_id, similarity, threshold, "
          "crop_media_id) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
          "ON CONFLICT (id) DO NOTHING",
          {record.id.empty() ? MakeUuid(database_.GetClock()) : record.id, record.camera_id,
           record.seen_at, record.track_id, record.box.x1, record.box.y1, record.box.x2,
           record.box.y2, record.score, record.quality, OutcomeName(record.outcome),
           record.reason.has_value() ? ReasonName(*record.reason) : "", record.best_person_id,
           record.similarity, record.threshold, record.crop_media_id}));
    }
    return {};
  });
}

Result<Page<DetectionRecord>> DetectionRepository::List(const PageRequest& request,
                                                        const DetectionFilter& filter) {
  Condition condition;
  if (!request.after.empty()) condition.Add("id < ${}", request.after);
  if (!filter.camera_id.empty()) condition.Add("camera_id = ${}", filter.camera_id);
  if (filter.from.has_value()) condition.Add("seen_at >= ${}", *filter.from);
  if (filter.to.has_value()) condition.Add("seen_at <= ${}", *filter.to);
  if (filter.outcome.has_value()) condition.Add("outcome = ${}", OutcomeName(*filter.outcome));
  if (filter.track_id.has_value()) condition.Add("track_id = ${}", *filter.track_id);
  const int limit = PageLimit(request);
  condition.parameters.emplace_back(limit + 1);
  return database_.Read([&](Connection& connection) -> Result<Page<DetectionRecord>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute(format("SELECT * FROM detections {} ORDER BY id DESC LIMIT ${}",
                                  condition.sql, condition.parameters.size()),
                           condition.parameters));
    return MakePage<DetectionRecord>(answer.rows, limit, DetectionOf);
  });
}

Result<std::vector<std::string>> DetectionRepository::ForgetUnmatchedCrops(WallTime before,
                                                                           int limit) {
  return database_.Write([&](Connection& connection) -> Result<std::vector<std::string>> {
    VIGIL_ASSIGN_OR_RETURN(
        const Answer answer,
        connection.Execute("SELECT id, crop_media_id FROM detections AS d "
                           "WHERE crop_media_id <> '' AND seen_at < $1 "
                           "AND outcome IN ('stranger', 'unrecognisable', 'spoof') "
                           "AND NOT EXISTS (SELECT 1 FROM sightings AS s "
                           "  WHERE s.crop_media_id = d.crop_media_id AND s.crop_media_id <> '') "
                           "ORDER BY seen_at LIMIT $2",
                           {before, limit}));
    std::vector<std::string> media_ids;
    for (const Row& row : answer.rows) {
      VIGIL_RETURN_IF_ERROR(connection.Execute(
          "UPDATE detections SET crop_media_id = '' WHERE id = $1", {row.Text("id")}));
      media_ids.push_back(row.Text("crop_media_id"));
    }
    return media_ids;
  });
}

Result<std::vector<std::string>> DetectionRepository::UnnamedMedia(
    std::span<const std::string> media_ids) {
  return database_.Read([&](Connection& connection) -> Result<std::vector<std::string>> {
    std::vector<std::string> unnamed;
    for (const std::string& media_id : media_ids) {
      VIGIL_ASSIGN_OR_RETURN(
          const Answer answer,
          connection.Execute("SELECT 1 AS named FROM photos WHERE media_id = $1 "
                             "UNION ALL SELECT 1 FROM sightings "
                             "  WHERE crop_media_id = $1 AND crop_media_id <> '' "
                             "UNION ALL SELECT 1 FROM sightings "
                             "  WHERE frame_media_id = $1 AND frame_media_id <> '' "
                             "UNION ALL SELECT 1 FROM detections "
                             "  WHERE crop_media_id = $1 AND crop_media_id <> ''",
                             {media_id}));
      if (answer.rows.empty()) unnamed.push_back(media_id);
    }
    return unnamed;
  });
}

}  // namespace vigil::database
