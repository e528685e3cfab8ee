// Compares faces and embeddings with those of the reference implementation, on the same pictures,
// and times the detector.
//
//   vigil_parity REFERENCE.jsonl MIN_FACE_PX [i420|nv12] [bf16] [bt709]
//
// REFERENCE.jsonl holds one picture a line: {"path", "width", "height", "faces": [{"box", "score",
// "landmarks", "embedding"?}]}, as facenet-pytorch's MTCNN and a float32 FaceNet give them. With
// i420 or nv12 the picture is converted first, to see what the planes cost in parity. Prints one
// JSON line.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "installed_models.h"
#include "media/photo.h"
#include "vision/detectors/mtcnn.h"
#include "vision/model_store.h"
#include "vision/recognition/facenet.h"

namespace {

using vigil::Detection;
using vigil::Frame;
using vigil::RgbImage;

struct ReferenceFace {
  Detection detection;
  vigil::Embedding embedding;
};

struct Totals {
  int pictures = 0;
  int reference_faces = 0;
  int our_faces = 0;
  int matched = 0;
  int found_at_half = 0;  // reference faces that some face of ours meets with an overlap of 0.5
  double overlap_sum = 0;
  std::vector<double> landmark_errors;  // mean distance of the five points / box width
  std::vector<double> cosines;
  std::chrono::duration<double> detecting{0};
};

std::vector<ReferenceFace> ReadFaces(const vigil::json::object& line) {
  std::vector<ReferenceFace> faces;
  for (const auto& value : line.at("faces").as_array()) {
    const auto& face = value.as_object();
    const auto number = [](const vigil::json::value& from) { return from.to_number<float>(); };
    const auto& box = face.at("box").as_array();
    ReferenceFace read;
    read.detection.box = {number(box[0]), number(box[1]), number(box[2]), number(box[3])};
    read.detection.score = number(face.at("score"));
    for (std::size_t i = 0; i < 5; ++i) {
      const auto& point = face.at("landmarks").as_array()[i].as_array();
      read.detection.landmarks[i] = {number(point[0]), number(point[1])};
    }
    if (const auto* embedding = face.if_contains("embedding")) {
      for (const auto& component : embedding->as_array())
        read.embedding.push_back(number(component));
    }
    faces.push_back(std::move(read));
  }
  return faces;
}

// BT.709 limited range, chroma averaged over 2x2, as a camera's encoder does.
struct YuvPicture {
  std::vector<std::uint8_t> luma, u, v, uv;
};

Frame ToYuv(const RgbImage& image, bool interleaved) {
  auto planes = std::make_shared<YuvPicture>();
  const int half_width = (image.width + 1) / 2;
  const int half_height = (image.height + 1) / 2;
  const auto to8 = [](float value) {
    return static_cast<std::uint8_t>(std::clamp(std::lround(value), 0L, 255L));
  };
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const auto* p = image.Row(y) + static_cast<std::ptrdiff_t>(x) * 3;
      planes->luma.push_back(
          to8(16 + (0.2126F * p[0] + 0.7152F * p[1] + 0.0722F * p[2]) * 219 / 255));
    }
  }
  for (int y = 0; y < half_height; ++y) {
    for (int x = 0; x < half_width; ++x) {
      float r = 0, g = 0, b = 0, n = 0;
      for (int dy = 0; dy < 2; ++dy) {
        for (int dx = 0; dx < 2; ++dx) {
          if (2 * y + dy >= image.height || 2 * x + dx >= image.width) continue;
          const auto* p = image.Row(2 * y + dy) + static_cast<std::ptrdiff_t>(2 * x + dx) * 3;
          r += p[0], g += p[1], b += p[2], n += 1;
        }
      }
      r /= n, g /= n, b /= n;
      const float luma = 0.2126F * r + 0.7152F * g + 0.0722F * b;
      const auto cb = to8(128 + (b - luma) / 1.8556F * 224 / 255);
      const auto cr = to8(128 + (r - luma) / 1.5748F * 224 / 255);
      planes->u.push_back(cb);
      planes->v.push_back(cr);
      planes->uv.insert(planes->uv.end(), {cb, cr});
    }
  }
  Frame frame;
  frame.width = image.width;
  frame.height = image.height;
  frame.color = {.bt709 = true, .full_range = false};
  frame.format = interleaved ? vigil::PixelFormat::kNv12 : vigil::PixelFormat::kI420;
  frame.planes[0] = {planes->luma.data(), image.width};
  if (interleaved) {
    frame.planes[1] = {planes->uv.data(), half_width * 2};
  } else {
    frame.planes[1] = {planes->u.data(), half_width};
    frame.planes[2] = {planes->v.data(), half_width};
  }
  frame.buffer = planes;
  return frame;
}

vigil::Result<Frame> ReadRawI420(const std::string& path, int width, int height, bool bt709) {
  std::ifstream file(path, std::ios::binary);
  const auto bytes = std::make_shared<std::vector<char>>(std::istreambuf_iterator<char>(file),
                                                         std::istreambuf_iterator<char>());
  const std::size_t luma = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  const std::size_t chroma =
      static_cast<std::size_t>((width + 1) / 2) * static_cast<std::size_t>((height + 1) / 2);
  if (bytes->size() != luma + 2 * chroma) {
    return vigil::Fail(vigil::ErrorCode::kInvalidArgument,
                       path + ": not one I420 picture of the stated size");
  }
  const auto* at = reinterpret_cast<const std::uint8_t*>(bytes->data());
  Frame frame;
  frame.width = width;
  frame.height = height;
  frame.color.bt709 = bt709;
  frame.planes[0] = {at, width};
  frame.planes[1] = {at + luma, (width + 1) / 2};
  frame.planes[2] = {at + luma + chroma, (width + 1) / 2};
  frame.buffer = bytes;
  return frame;
}

vigil::Result<Frame> ReadPicture(const vigil::json::object& line, const std::string& pixels,
                                 bool bt709) {
  const std::string path(line.at("path").as_string());
  if (path.ends_with(".yuv")) {
    return ReadRawI420(path, line.at("width").to_number<int>(), line.at("height").to_number<int>(),
                       bt709);
  }
  VIGIL_ASSIGN_OR_RETURN(auto image, vigil::media::ReadPhotoFile(path));
  if (pixels != "rgb") return ToYuv(image, pixels == "nv12");
  return vigil::FrameOfImage(std::make_shared<const RgbImage>(std::move(image)));
}

double LandmarkError(const Detection& ours, const Detection& reference) {
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    sum += std::hypot(ours.landmarks[i].x - reference.landmarks[i].x,
                      ours.landmarks[i].y - reference.landmarks[i].y);
  }
  return sum / 5 / reference.box.Width();
}

void Compare(const std::vector<ReferenceFace>& reference, const std::vector<Detection>& ours,
             Totals& totals) {
  std::vector<bool> taken(ours.size(), false);
  for (const ReferenceFace& face : reference) {
    totals.found_at_half += std::ranges::any_of(ours, [&](const Detection& one) {
      return vigil::IntersectionOverUnion(one.box, face.detection.box) >= 0.5F;
    });
    std::size_t best = ours.size();
    float best_overlap = 0.9F;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const float overlap = vigil::IntersectionOverUnion(ours[i].box, face.detection.box);
      if (taken[i] || overlap < best_overlap) continue;
      best = i;
      best_overlap = overlap;
    }
    if (best == ours.size()) continue;
    taken[best] = true;
    ++totals.matched;
    totals.overlap_sum += best_overlap;
    totals.landmark_errors.push_back(LandmarkError(ours[best], face.detection));
  }
  totals.reference_faces += static_cast<int>(reference.size());
  totals.our_faces += static_cast<int>(ours.size());
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

vigil::json::object Report(const Totals& totals) {
  const auto share = [](int part, int whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / whole;
  };
  vigil::json::object report{
      {"pictures", totals.pictures},
      {"reference_faces", totals.reference_faces},
      {"missed", totals.reference_faces - totals.matched},
      {"missed_share", share(totals.reference_faces - totals.matched, totals.reference_faces)},
      {"missed_at_overlap_half", totals.reference_faces - totals.found_at_half},
      {"added", totals.our_faces - totals.matched},
      {"added_share", share(totals.our_faces - totals.matched, totals.reference_faces)},
      {"mean_overlap", totals.matched == 0 ? 0.0 : totals.overlap_sum / totals.matched},
      {"landmark_error_mean", Mean(totals.landmark_errors)},
      {"landmark_error_max",
       totals.landmark_errors.empty() ? 0.0 : *std::ranges::max_element(totals.landmark_errors)},
      {"detections_per_second", totals.pictures / totals.detecting.count()}};
  if (!totals.cosines.empty()) {
    report["cosine_mean"] = Mean(totals.cosines);
    report["cosine_min"] = *std::ranges::min_element(totals.cosines);
  }
  return report;
}

struct Wishes {
  vigil::vision::MtcnnOptions detector;
  std::string pixels = "rgb";
  bool bt709 = false;
};

vigil::Status Run(const std::string& reference, const Wishes& wishes) {
  VIGIL_ASSIGN_OR_RETURN(auto detectors, vigil::vision::MakeMtcnnDetectors(wishes.detector, 1));
  VIGIL_ASSIGN_OR_RETURN(
      auto embedders,
      vigil::vision::MakeFacenetEmbedders(
          {.models_directory = wishes.detector.models_directory, .model_id = "facenet-128"}, 1));
  std::ifstream lines(reference);
  Totals totals;
  for (std::string text; std::getline(lines, text);) {
    VIGIL_ASSIGN_OR_RETURN(const auto line, vigil::ParseJson(text));
    const auto faces = ReadFaces(line.as_object());
    VIGIL_ASSIGN_OR_RETURN(const Frame frame,
                           ReadPicture(line.as_object(), wishes.pixels, wishes.bt709));
    if (totals.pictures == 0) {
      VIGIL_RETURN_IF_ERROR(detectors[0]->Detect(std::span(&frame, 1)));
    }
    const auto start = std::chrono::steady_clock::now();
    VIGIL_ASSIGN_OR_RETURN(const auto found, detectors[0]->Detect(std::span(&frame, 1)));
    totals.detecting += std::chrono::steady_clock::now() - start;
    ++totals.pictures;
    Compare(faces, found[0], totals);
    for (const ReferenceFace& face : faces) {
      if (face.embedding.empty()) continue;
      const vigil::FaceCrop crop = embedders[0]->Crop(frame, face.detection);
      VIGIL_ASSIGN_OR_RETURN(const auto embeddings, embedders[0]->Embed(std::span(&crop, 1)));
      totals.cosines.push_back(vigil::Similarity(embeddings[0].embedding, face.embedding));
    }
  }
  std::cout << vigil::json::serialize(Report(totals)) << "\n";
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::cerr << "usage: vigil_parity REFERENCE.jsonl MIN_FACE_PX [i420|nv12] [bf16] [bt709]\n";
    return 2;
  }
  const std::vector<std::string> rest(words + 3, words + count);
  const auto wants = [&](const char* word) { return std::ranges::find(rest, word) != rest.end(); };
  Wishes wishes;
  wishes.detector.models_directory = vigil::InstalledModelsDirectory();
  wishes.detector.min_face_px = std::stoi(words[2]);
  if (wants("bf16")) wishes.detector.precision = vigil::vision::Precision::kBf16;
  if (wants("i420")) wishes.pixels = "i420";
  if (wants("nv12")) wishes.pixels = "nv12";
  wishes.bt709 = wants("bt709");
  const vigil::Status status = Run(words[1], wishes);
  if (status) return 0;
  std::cerr << status.error().message << "\n";
  return 1;
}
