// The explain picture: how one photo, or two, become embeddings, and how alike these are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/detection.h"
#include "core/embedding.h"
#include "core/face_quality.h"
#include "core/image.h"
#include "drawing/canvas.h"

namespace vigil::drawing {

// One network of a detector's cascade and the candidates it left, in pixels of the photo.
struct ExplainStage {
  std::string name;  // "P-Net"
  std::vector<Detection> candidates;
};

struct ExplainLevel {
  int width = 0;
  int height = 0;
  int candidates = 0;
};

// The way of one photo. Parts that do not exist stay empty: a detector without a pyramid has no
// levels, a photo without a face no crop.
struct ExplainPhoto {
  std::string name;
  RgbImage image;
  std::vector<ExplainLevel> levels;
  std::vector<ExplainStage> stages;  // at most three are drawn
  std::optional<Detection> face;     // the one that was embedded
  FaceQuality quality;
  RgbImage crop;
  Embedding embedding;
};

// The threshold of a gallery of so many people.
struct ExplainThreshold {
  std::string label;
  double value = 0;
};

struct ExplainPicture {
  std::vector<ExplainPhoto> photos;  // one or two
  std::string models;                // detector and embedder, for people
  double floor = 0;
  std::vector<ExplainThreshold> thresholds;
  double similarity = 0;  // of the two embeddings, where both exist
  std::string verdict;    // in words
};

// One column a photo. Pure.
Canvas DrawExplain(const ExplainPicture& explain);

}  // namespace vigil::drawing
