// What the rest of the program may know about a loaded model.
#pragma once

#include <string>
#include <vector>

#include "core/embedding.h"

namespace vigil {

// How often two different people look this much alike: points of the measured impostor tail, rising
// in similarity.
struct ImpostorTail {
  struct Point {
    double false_match_rate = 0;
    double similarity = 0;
  };
  std::vector<Point> points;  // empty: not calibrated
};

struct DetectorInfo {
  std::string id;         // "mtcnn"
  std::string hash;       // SHA-256 of the source weights, hex
  std::string precision;  // "f32", "bf16", "i8"
};

struct EmbedderInfo {
  EmbeddingSpace space;
  std::string precision;
  float threshold_floor = 0.42F;  // never match below
  ImpostorTail impostor_tail;     // of this model in this precision
};

}  // namespace vigil
