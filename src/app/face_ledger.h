// Which faces were found in which stream: shows whether many streams find what one alone finds.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "core/detection.h"
#include "core/geometry.h"

namespace vigil::app {

// A face that one stream alone followed, at its best look.
struct KnownFace {
  std::chrono::milliseconds pts{0};  // within one pass of the clip
  Box box{};
};

// Thread-safe.
class FaceLedger {
 public:
  void Note(const std::string& stream, std::chrono::milliseconds pts,
            std::span<const Detection> faces);

  std::int64_t Faces() const;

  struct Count {
    std::int64_t expected = 0;
    std::int64_t missed = 0;
  };
  // Compares with `known` in every whole pass of `pass_length` that `stream` played up to `played`,
  // the first left out (the engine warms up). A face counts as found when a box that overlaps it by
  // an IoU of 0.3 was noted within 0.4 s of it.
  Count Compare(const std::string& stream, std::span<const KnownFace> known,
                std::chrono::milliseconds pass_length, std::chrono::milliseconds played) const;

 private:
  struct Noted {
    std::chrono::milliseconds pts{0};
    Box box{};
  };

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Noted>> noted_;  // by stream, in order of pts
  std::int64_t faces_ = 0;
};

}  // namespace vigil::app
