// See why_picture.h. The panels are numbered in the order of the steps.
#include "drawing/why_picture.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/format.h"
#include "base/time_text.h"
#include "drawing/parts.h"

namespace vigil::drawing {
namespace {

constexpr double kColumn = (kWhyWidth - 2 * kMargin - 2 * kGap) / 3;
constexpr double kTop = 104;
constexpr double kFrameWidth = 848;
constexpr double kFrameHeight = 459;  // of a 16:9 picture in that panel
constexpr double kFirstRow = kPanelExtra + kFrameHeight + 26;
constexpr double kCropSide = 230;
constexpr double kCropsHeight = kPanelExtra + kCropSide + 46;
constexpr double kSecondTop = kTop + kFirstRow + kGap;
constexpr double kSecondRow = kPanelExtra + 204;
constexpr double kThirdTop = kSecondTop + kSecondRow + kGap;
constexpr double kThirdRow = kPanelExtra + 176;

Point At(double x, double y) { return {static_cast<float>(x), static_cast<float>(y)}; }

bool IsMatch(const WhyPicture& why) { return why.sighting.decision.outcome == Outcome::kMatch; }

Color OutcomeColor(const WhyPicture& why) { return IsMatch(why) ? kMatch : kPossible; }

// "2026-11-22 21:28:47.123 UTC"
std::string TimeText(WallTime time) {
  std::string text = FormatTime(time);
  std::ranges::replace(text, 'T', ' ');
  if (text.ends_with('Z')) text.replace(text.size() - 1, 1, " UTC");
  return text;
}

std::string Plural(std::size_t count, std::string_view one, std::string_view many) {
  return format("{} {}", count, count == 1 ? one : many);
}

// Searching a small gallery takes microseconds, a network milliseconds.
std::string DurationText(std::chrono::microseconds time) {
  if (time.count() < 1) return "under 1 \u00b5s";
  if (time.count() < 100) return format("{} \u00b5s", time.count());
  return format("{:.1f} ms", static_cast<double>(time.count()) / 1000);
}

void DrawHead(Canvas& canvas, const WhyPicture& why) {
  const Sighting& sighting = why.sighting;
  canvas.Text(
      format("Looks like {}{}", why.person_name, why.person_deleted ? " (deleted since)" : ""),
      At(kMargin, 24), {.size_px = 26, .color = kText, .bold = true, .width_max = kWhyWidth - 400});
  TextStyle style = Body(kMuted);
  style.width_max = kWhyWidth - 400;
  canvas.Text(format("Why the system thought so at {}, {}", sighting.camera_name,
                     TimeText(sighting.seen_at)),
              At(kMargin, 64), style);
  Chip(canvas, At(kWhyWidth - kMargin, 34), IsMatch(why) ? "Match" : "Possible match",
       OutcomeColor(why));
}

void DrawFrame(Canvas& canvas, const WhyPicture& why) {
  const Sighting& sighting = why.sighting;
  const Rect room = Panel(canvas, {kMargin, kTop, kFrameWidth, kFirstRow}, "1  The frame");
  const Rect place{room.x, room.y, room.width, kFrameHeight};
  const Rect picture = PictureOr(canvas, why.frame, place, why.frame_missing);
  if (!why.frame.Empty() && sighting.frame_width > 0 && sighting.frame_height > 0) {
    const double x_scale = picture.width / sighting.frame_width;
    const double y_scale = picture.height / sighting.frame_height;
    const Box& box = sighting.box;
    FaceBox(canvas,
            {picture.x + box.x1 * x_scale, picture.y + box.y1 * y_scale, box.Width() * x_scale,
             box.Height() * y_scale},
            picture, format("{}  {}", why.person_name, Score(sighting.decision.similarity)),
            OutcomeColor(why));
  }
  canvas.Text(
      format("{} x {} pixels, {} in it; this one is {:.0f} x {:.0f} pixels, track {}",
             sighting.frame_width, sighting.frame_height,
             Plural(static_cast<std::size_t>(std::max(0, sighting.face_count)), "face", "faces"),
             sighting.box.Width(), sighting.box.Height(), sighting.track_id),
      At(room.x, place.Bottom() + 10), Label());
}

void DrawCrops(Canvas& canvas, const WhyPicture& why) {
  const double x = kMargin + kFrameWidth + kGap;
  const Rect room = Panel(canvas, {x, kTop, kWhyWidth - kMargin - x, kCropsHeight},
                          "2  What the network compared");
  const std::array<Rect, 2> places{Rect{room.x, room.y, kCropSide, kCropSide},
                                   Rect{room.Right() - kCropSide, room.y, kCropSide, kCropSide}};
  PictureOr(canvas, why.crop, places[0], why.crop_missing);
  PictureOr(canvas, why.reference, places[1], why.reference_missing);
  const auto caption = [&](const Rect& place, std::string_view title, const std::string& detail) {
    canvas.Text(title, At(place.x, place.Bottom() + 8), Body());
    TextStyle style = Label();
    style.width_max = place.width;
    canvas.Text(detail, At(place.x, place.Bottom() + 28), style);
  };
  caption(places[0], "Seen by the camera",
          why.crop.Empty()
              ? ""
              : format("{} x {} pixels, as embedded", why.crop.width, why.crop.height));
  caption(places[1], "Enrolled photo, same scale",
          why.reference.Empty()
              ? ""
              : format("{} x {} pixels", why.reference.width, why.reference.height));
}

void DrawSimilarity(Canvas& canvas, const WhyPicture& why) {
  const Decision& decision = why.sighting.decision;
  const double x = kMargin + kFrameWidth + kGap;
  const double y = kTop + kCropsHeight + kGap;
  const Rect room = Panel(canvas, {x, y, kWhyWidth - kMargin - x, kFirstRow - kCropsHeight - kGap},
                          "3  Similarity, held against the threshold");
  std::vector<ScaleMark> marks{{"needed here", decision.threshold, kText}};
  const float floor = decision.trace.threshold.floor;
  if (floor > 0) marks.push_back({"never below", floor, kMuted});
  SimilarityScale(canvas, {room.x, room.y - 10, room.width, room.height}, decision.similarity,
                  OutcomeColor(why), marks);
  std::string odds = why.rate_text(decision.stranger_odds);
  if (!odds.empty() && odds.front() >= 'a' && odds.front() <= 'z') {
    odds.front() = static_cast<char>(odds.front() - 'a' + 'A');
  }
  TextStyle style = Body();
  style.width_max = room.width;
  style.lines_max = 2;
  canvas.Text(odds + " strangers would score this high here.",
              At(room.x, room.y - 6 + SimilarityScaleHeight(2)), style);
}

void DrawCandidates(Canvas& canvas, const WhyPicture& why) {
  const Decision& decision = why.sighting.decision;
  const Rect room =
      Panel(canvas, {kMargin, kSecondTop, kColumn, kSecondRow}, "4  Candidates, one a person");
  constexpr std::size_t kShown = 6;
  constexpr double kRow = 29;
  std::vector<MeterRow> rows;
  for (std::size_t i = 0; i < std::min(decision.candidates.size(), kShown); ++i) {
    const double similarity = decision.candidates[i].similarity;
    const bool passes = similarity >= decision.threshold;
    rows.push_back({i < why.candidate_names.size() ? why.candidate_names[i] : "", similarity,
                    Score(similarity) + (passes ? "  passes" : "  too low"),
                    passes ? OutcomeColor(why) : kEdge});
  }
  Meters(canvas, room, kRow, rows, 150, 112);
  // The threshold runs through all bars.
  if (!rows.empty()) {
    const double bar_width = room.width - 150 - 112;
    const double x = room.x + 150 + bar_width * std::clamp<double>(decision.threshold, 0, 1);
    canvas.Fill({x - 1, room.y, 2, kRow * static_cast<double>(rows.size())}, kText);
  }
  const std::size_t more = decision.candidates.size() - rows.size();
  canvas.Text(format("The line: {}, needed of each{}", Score(decision.threshold),
                     more > 0 ? format("; {} more below these", more) : ""),
              At(room.x, room.y + 184), Label());
}

void DrawQuality(Canvas& canvas, const WhyPicture& why) {
  const Rect room = Panel(canvas, {kMargin + kColumn + kGap, kSecondTop, kColumn, kSecondRow},
                          "5  Quality of the best look");
  const auto& shots = why.sighting.decision.trace.shots;
  if (shots.empty()) {
    canvas.Text("Its parts were not recorded.", At(room.x, room.y), Body(kMuted));
    return;
  }
  const FaceQuality& quality = shots.front().quality;
  const std::vector<MeterRow> rows = QualityRows(quality, shots.front().score);
  Meters(canvas, room, rows.size() > 6 ? 24 : 31, rows, 96, 64);
}

// Why a match was made a possible match; empty where it was not.
std::string WhyLowered(const ThresholdTrace& trace) {
  std::string why;
  const auto add = [&why](bool holds, std::string_view words) {
    if (holds) why += (why.empty() ? "" : ", ") + std::string(words);
  };
  add(trace.lone_shot, "one poor look");
  add(trace.near_equal, "somebody else as near");
  add(trace.disputed, "looks disagree");
  return why;
}

void DrawOdds(Canvas& canvas, const WhyPicture& why) {
  const Decision& decision = why.sighting.decision;
  const ThresholdTrace& trace = decision.trace.threshold;
  const Rect room = Panel(canvas, {kMargin + 2 * (kColumn + kGap), kSecondTop, kColumn, kSecondRow},
                          "6  Threshold and odds");
  std::vector<FactRow> rows{
      {"Searched", format("{}, {}", Plural(decision.gallery.persons, "person", "people"),
                          Plural(decision.gallery.references, "reference", "references"))}};
  if (trace.comparisons > 0) {
    rows.push_back({"Chances a stranger gets there", format("{:.1f}", trace.comparisons)});
    rows.push_back({"Strangers who may be named", why.rate_text(trace.permitted_rate)});
    rows.push_back({"Never below (the model's floor)", Score(trace.floor)});
    rows.push_back({"Runner-up, and what it adds",
                    trace.runner_up > 0
                        ? format("{}, chances x {:.1f}", Score(trace.runner_up), trace.crowding)
                        : "none"});
  }
  rows.push_back({"Needed here", Score(decision.threshold)});
  if (trace.comparisons > 0) {
    rows.push_back({"One comparison scores this high",
                    trace.calibrated ? why.rate_text(trace.false_match_rate) : "not calibrated"});
  }
  if (trace.lead_min > 0 && trace.runner_up > 0) {
    rows.push_back({"Ahead of anybody else by",
                    format("{}, needed {}", Score(trace.lead), Score(trace.lead_min))});
  }
  rows.push_back({"A stranger does, in all of them", why.rate_text(decision.stranger_odds)});
  if (const std::string why_lowered = WhyLowered(trace); !why_lowered.empty()) {
    rows.push_back({"Lowered", why_lowered, kPossible});
  }
  Facts(canvas, room, std::min(25.5, room.height / static_cast<double>(rows.size())), rows);
}

void DrawLooks(Canvas& canvas, const WhyPicture& why) {
  const DecisionTrace& trace = why.sighting.decision.trace;
  const Rect room = Panel(canvas, {kMargin, kThirdTop, kColumn, kThirdRow}, "7  Looks considered");
  if (trace.shots.empty()) {
    canvas.Text("They were not recorded.", At(room.x, room.y), Body(kMuted));
    return;
  }
  std::vector<std::vector<std::string>> rows{{"at", "face", "quality", "share", "to the probe"}};
  for (const ShotTrace& shot : trace.shots) {
    const std::string time = FormatTime(shot.captured_at).substr(11, 12);
    const std::string size = format("{:.0f} px", shot.quality.face_px);
    if (shot.embedded) {
      rows.push_back({time, size, Score(shot.quality.score), format("{:.0f} %", 100 * shot.weight),
                      Score(shot.similarity)});
    } else {
      rows.push_back({time, size, Score(shot.quality.score), "unused",
                      shot.quality.unrecognisable
                          ? std::string(ReasonName(*shot.quality.unrecognisable))
                          : "not yet"});
    }
  }
  Table(canvas, {room.x, room.y, room.width, 130}, 25, {130, 190, 260, 320, room.width}, rows);
  if (const EvidenceTrace& evidence = trace.evidence; evidence.judgements > 0) {
    canvas.Text(format("Judged {} in {:.1f} s; quality together {} (a stranger needs {})",
                       evidence.judgements == 1 ? "once" : format("{} times", evidence.judgements),
                       std::chrono::duration<double>(evidence.seen).count(),
                       Score(evidence.quality), Score(evidence.quality_min)),
                At(room.x, room.y + 136), Label());
  }
  canvas.Text(format("Probe: {} numbers from {}, agreeing to {}", trace.probe.dimension,
                     Plural(static_cast<std::size_t>(trace.probe.shots), "look", "looks"),
                     Score(trace.probe.agreement)),
              At(room.x, room.y + 156), Label());
}

void DrawTimes(Canvas& canvas, const WhyPicture& why) {
  const StageTimes& times = why.sighting.decision.trace.times;
  const Rect room = Panel(canvas, {kMargin + kColumn + kGap, kThirdTop, kColumn, kThirdRow},
                          "8  Time taken, by stage");
  if (why.sighting.decision.trace.shots.empty()) {
    canvas.Text("It was not recorded.", At(room.x, room.y), Body(kMuted));
    return;
  }
  const std::array<std::pair<std::string, std::chrono::microseconds>, 7> stages{
      {{"Decode", times.decode},
       {"Queue", times.queue},
       {"Detect", times.detect},
       {times.embed_batch > 1 ? format("Embed (batch of {})", times.embed_batch) : "Embed",
        times.embed},
       {"Search", times.search},
       {"Decide", times.decide},
       {"Store", times.store}}};
  std::chrono::microseconds longest{1};
  for (const auto& [name, time] : stages) longest = std::max(longest, time);
  std::vector<MeterRow> rows;
  rows.reserve(stages.size());
  for (const auto& [name, time] : stages) {
    rows.push_back({name, static_cast<double>(time.count()) / static_cast<double>(longest.count()),
                    DurationText(time)});
  }
  Meters(canvas, room, 25, rows, 136, 84);
}

// "facenet-128:6acdd8fb3a3f" and how its crops are prepared: too long for one line.
std::pair<std::string, std::string> SplitEmbedder(const std::string& embedder) {
  const std::size_t model = embedder.find(':');
  const std::size_t hash = model == embedder.npos ? model : embedder.find(':', model + 1);
  if (hash == embedder.npos) return {embedder, ""};
  return {embedder.substr(0, hash), embedder.substr(hash + 1)};
}

void DrawVersions(Canvas& canvas, const WhyPicture& why) {
  const Sighting& sighting = why.sighting;
  const Rect room =
      Panel(canvas, {kMargin + 2 * (kColumn + kGap), kThirdTop, kColumn, kThirdRow}, "9  Versions");
  const GalleryInfo& gallery = sighting.decision.gallery;
  const auto [embedder, input] = SplitEmbedder(sighting.embedder);
  Facts(canvas, room, 22,
        {{"Detector", sighting.detector},
         {"Embedder", embedder},
         {"Input", input.empty() ? "not recorded" : input},
         {"Gallery", format("change number {}", gallery.sequence)},
         {"Camera", sighting.camera_name},
         {"Incident", why.incident_id},
         {"Sighting", sighting.id},
         {"Enrolled photo",
          sighting.reference_photo_id.empty() ? "not recorded" : sighting.reference_photo_id}});
}

}  // namespace

Canvas DrawWhy(const WhyPicture& why) {
  Canvas canvas(kWhyWidth, kWhyHeight, kBackground);
  DrawHead(canvas, why);
  DrawFrame(canvas, why);
  DrawCrops(canvas, why);
  DrawSimilarity(canvas, why);
  DrawCandidates(canvas, why);
  DrawQuality(canvas, why);
  DrawOdds(canvas, why);
  DrawLooks(canvas, why);
  DrawTimes(canvas, why);
  DrawVersions(canvas, why);
  canvas.Text(
      "Drawn by Vigil from what was stored when it was decided. A similarity is no proof: a person "
      "looks before anybody acts.",
      At(kMargin, kThirdTop + kThirdRow + 14), Label());
  return canvas;
}

}  // namespace vigil::drawing
