// A camera can send pictures for ever and yet show nothing: its encoder repeats the last one.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "core/frame.h"

namespace vigil::pipeline {

enum class PictureState {
  kAlive,        // it changed lately, or it is too early to tell
  kStillFrozen,  // the same picture that was found frozen before, in a stream opened since
  kFrozen,       // nothing of the luma grid has changed for the whole time: end this stream
};

// One per camera, used by its ingest thread. Looks once a second at the luma grid and asks for
// exact equality, not for likeness: the noise of a real sensor moves the mean of some of its 2,304
// cells always, also at night and before an empty wall. A scene made by a computer may stand truly
// still.
class FrozenPicture {
 public:
  // `after`: how long the picture must stay the same; 0: it is never frozen.
  explicit FrozenPicture(std::chrono::milliseconds after) : after_(after) {}

  // A new stream: the time starts anew; whether the picture was frozen is remembered. A picture
  // that stays the same is then given ten minutes before the stream is ended again.
  void BeginStream(SteadyTime now);
  PictureState Look(const Frame& frame, SteadyTime now);

 private:
  const std::chrono::milliseconds after_;
  std::vector<std::uint8_t> grid_;  // of the last picture looked at
  SteadyTime looked_at_{};
  SteadyTime changed_at_{};
  bool frozen_ = false;
};

}  // namespace vigil::pipeline
