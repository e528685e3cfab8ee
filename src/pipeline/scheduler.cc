// See scheduler.h.
#include "pipeline/scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace vigil::pipeline {

Scheduler::Scheduler(DropCallback on_drop) : on_drop_(std::move(on_drop)) {}

void Scheduler::AddCamera(const std::string& camera_id, std::shared_ptr<CameraLane> lane) {
  const std::lock_guard lock(mutex_);
  const auto [slot, added] = slots_.try_emplace(camera_id);
  VIGIL_CHECK(added, "a camera is added once");
  slot->second.lane = std::move(lane);
}

void Scheduler::RemoveCamera(const std::string& camera_id) {
  EndStream(camera_id);
  std::unique_lock lock(mutex_);
  const auto found = slots_.find(camera_id);
  if (found == slots_.end()) return;
  at_rest_.wait(lock, [&] { return closed_ || found->second.AtRest(); });
  // A closed scheduler still owes the workers what is in flight; the slot goes with it.
  if (!closed_) slots_.erase(found);
}

void Scheduler::Offer(Frame frame) {
  const std::string camera_id = frame.camera_id;
  bool dropped = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(camera_id);
    if (closed_ || found == slots_.end()) {
      dropped = true;
    } else {
      Slot& slot = found->second;
      dropped = slot.frame.has_value();
      DrawTicket(slot);
      slot.frame = std::move(frame);
      work_or_closed_.notify_one();
    }
  }
  if (dropped) on_drop_(camera_id);
}

void Scheduler::EndStream(const std::string& camera_id) {
  bool dropped = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(camera_id);
    if (closed_ || found == slots_.end()) return;
    Slot& slot = found->second;
    DrawTicket(slot);
    dropped = std::exchange(slot.frame, std::nullopt).has_value();
    slot.stream_ended = true;
    work_or_closed_.notify_one();
  }
  if (dropped) on_drop_(camera_id);
}

std::optional<CameraWork> Scheduler::Take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::string camera_id;
  Slot* slot = nullptr;
  work_or_closed_.wait(lock, stop, [&] {
    slot = LongestWaiting(camera_id);
    return slot != nullptr || (closed_ && Drained());
  });
  if (slot == nullptr || stop.stop_requested()) return std::nullopt;
  slot->in_flight = true;
  return CameraWork{camera_id, slot->lane, std::exchange(slot->stream_ended, false),
                    std::exchange(slot->frame, std::nullopt)};
}

void Scheduler::Done(const std::string& camera_id) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(camera_id);
  VIGIL_CHECK(found != slots_.end() && found->second.in_flight, "only taken work can be done");
  found->second.in_flight = false;
  if (found->second.HasWork()) work_or_closed_.notify_one();
  if (found->second.AtRest()) at_rest_.notify_all();
  if (closed_) work_or_closed_.notify_all();
}

void Scheduler::Close() {
  std::vector<std::string> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    for (auto& [camera_id, slot] : slots_) {
      if (std::exchange(slot.frame, std::nullopt).has_value()) dropped.push_back(camera_id);
    }
    work_or_closed_.notify_all();
    at_rest_.notify_all();
  }
  for (const std::string& camera_id : dropped) on_drop_(camera_id);
}

std::size_t Scheduler::WaitingFrames() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      slots_, [](const auto& entry) { return entry.second.frame.has_value(); }));
}

void Scheduler::DrawTicket(Slot& slot) {
  if (!slot.HasWork()) slot.waiting_since = next_ticket_++;
}

Scheduler::Slot* Scheduler::LongestWaiting(std::string& camera_id) {
  Slot* longest = nullptr;
  for (auto& [id, slot] : slots_) {
    if (slot.in_flight || !slot.HasWork()) continue;
    if (longest != nullptr && longest->waiting_since <= slot.waiting_since) continue;
    longest = &slot;
    camera_id = id;
  }
  return longest;
}

bool Scheduler::Drained() const {
  return std::ranges::all_of(slots_, [](const auto& entry) { return entry.second.AtRest(); });
}

}  // namespace vigil::pipeline
