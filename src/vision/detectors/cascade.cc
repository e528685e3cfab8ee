// Follows facenet-pytorch's detect_face in every rounding, in 32-bit floats like it.
#include "vision/detectors/cascade.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace vigil::vision {
namespace {

constexpr int kCellPx = 12;
constexpr int kStridePx = 2;

// Areas computed once, so that the pairwise loop is only the intersection.
float AreaOf(const Box& box, float side_extra) {
  return (box.x2 - box.x1 + side_extra) * (box.y2 - box.y1 + side_extra);
}

bool Overlaps(const Box& a, float area_a, const Box& b, float area_b, float overlap_max,
              OverlapKind kind) {
  const float extra = kind == OverlapKind::kSmaller ? 1.0F : 0.0F;
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + extra;
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + extra;
  if (width <= 0 || height <= 0) return false;
  const float shared = width * height;
  const float whole =
      kind == OverlapKind::kSmaller ? std::min(area_a, area_b) : area_a + area_b - shared;
  return shared > overlap_max * whole;
}

// Best first; equals keep their order, as in the reference.
void SortByScore(std::vector<Proposal>& proposals, SuppressScratch& scratch) {
  scratch.order.resize(proposals.size());
  std::iota(scratch.order.begin(), scratch.order.end(), 0U);
  std::ranges::sort(scratch.order, [&](std::size_t a, std::size_t b) {
    return proposals[a].score != proposals[b].score ? proposals[a].score > proposals[b].score
                                                    : a < b;
  });
  scratch.sorted.clear();
  for (const std::size_t i : scratch.order) scratch.sorted.push_back(proposals[i]);
  // Not swapped: every list would then grow anew in the place of another.
  std::ranges::copy(scratch.sorted, proposals.begin());
}

}  // namespace

std::vector<PyramidLevel> MakePyramid(int width, int height, int min_face_px, double factor) {
  std::vector<PyramidLevel> levels;
  double scale = static_cast<double>(kCellPx) / min_face_px;
  double shorter = std::min(width, height) * scale;
  while (shorter >= kCellPx) {
    levels.push_back(
        {scale, static_cast<int>(width * scale + 1), static_cast<int>(height * scale + 1)});
    scale *= factor;
    shorter *= factor;
  }
  return levels;
}

int SmallestFacePx(int width, int height, int min_face_px, double level_pixels_max) {
  if (level_pixels_max <= 0) return min_face_px;
  const double pixels = static_cast<double>(width) * static_cast<double>(height);
  const double needed = std::ceil(kCellPx * std::sqrt(pixels / level_pixels_max));
  return std::max(min_face_px, static_cast<int>(needed));
}

Box WindowOf(int column, int row, double scale) {
  const auto scale32 = static_cast<float>(scale);
  const auto to_frame = [scale32](int level_px) {
    return std::floor(static_cast<float>(level_px) / scale32);
  };
  return {to_frame(kStridePx * column + 1), to_frame(kStridePx * row + 1),
          to_frame(kStridePx * column + kCellPx), to_frame(kStridePx * row + kCellPx)};
}

void DecodeProposals(const ProposalGrid& grid, double scale, float threshold,
                     std::vector<Proposal>& proposals) {
  const std::size_t cells = grid.scores.size();
  for (std::size_t cell = 0; cell < cells; ++cell) {
    if (!(grid.scores[cell] >= threshold)) continue;
    const int column = static_cast<int>(cell) % grid.columns;
    const int row = static_cast<int>(cell) / grid.columns;
    Proposal proposal;
    proposal.box = WindowOf(column, row, scale);
    proposal.score = grid.scores[cell];
    for (std::size_t side = 0; side < 4; ++side) {
      proposal.offsets[side] = grid.offsets[side * cells + cell];
    }
    proposals.push_back(proposal);
  }
}

void KeepBest(std::vector<Proposal>& proposals, std::size_t count_max) {
  if (proposals.size() <= count_max) return;
  std::erase_if(proposals, [](const Proposal& one) { return std::isnan(one.score); });
  if (proposals.size() <= count_max) return;
  std::vector<std::size_t> order(proposals.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto last = order.begin() + static_cast<std::ptrdiff_t>(count_max);
  std::ranges::nth_element(order, last, [&](std::size_t a, std::size_t b) {
    return proposals[a].score != proposals[b].score ? proposals[a].score > proposals[b].score
                                                    : a < b;
  });
  order.resize(count_max);
  std::ranges::sort(order);
  for (std::size_t i = 0; i < count_max; ++i) proposals[i] = proposals[order[i]];
  proposals.resize(count_max);
}

void Suppress(std::vector<Proposal>& proposals, float overlap_max, OverlapKind kind) {
  SuppressScratch scratch;
  Suppress(proposals, overlap_max, kind, scratch);
}

void Suppress(std::vector<Proposal>& proposals, float overlap_max, OverlapKind kind,
              SuppressScratch& scratch) {
  std::erase_if(proposals,
                [](const Proposal& one) { return !IsSound(one.box) || std::isnan(one.score); });
  SortByScore(proposals, scratch);
  const float extra = kind == OverlapKind::kSmaller ? 1.0F : 0.0F;
  std::vector<float>& areas = scratch.areas;
  areas.clear();
  std::size_t kept = 0;
  for (const Proposal& proposal : proposals) {
    const float area = AreaOf(proposal.box, extra);
    bool dropped = false;
    for (std::size_t better = 0; better < kept && !dropped; ++better) {
      dropped =
          Overlaps(proposals[better].box, areas[better], proposal.box, area, overlap_max, kind);
    }
    if (dropped) continue;
    areas.push_back(area);
    proposals[kept++] = proposal;
  }
  proposals.resize(kept);
}

void ApplyOffsets(Proposal& proposal, float side_extra) {
  Box& box = proposal.box;
  const float width = box.Width() + side_extra;
  const float height = box.Height() + side_extra;
  box = {box.x1 + proposal.offsets[0] * width, box.y1 + proposal.offsets[1] * height,
         box.x2 + proposal.offsets[2] * width, box.y2 + proposal.offsets[3] * height};
}

void MakeSquare(Box& box) {
  const float width = box.Width();
  const float height = box.Height();
  const float side = std::max(width, height);
  box.x1 = box.x1 + width * 0.5F - side * 0.5F;
  box.y1 = box.y1 + height * 0.5F - side * 0.5F;
  box.x2 = box.x1 + side;
  box.y2 = box.y1 + side;
}

std::optional<PixelRect> CropOf(const Box& box, int frame_width, int frame_height) {
  if (!IsSound(box)) return std::nullopt;
  const auto low = [](float corner, int size) {
    return static_cast<int>(std::clamp(std::trunc(corner), 1.0F, static_cast<float>(size) + 1)) - 1;
  };
  const auto high = [](float corner, int size) {
    return static_cast<int>(std::clamp(std::trunc(corner), 0.0F, static_cast<float>(size)));
  };
  const PixelRect crop{low(box.x1, frame_width), low(box.y1, frame_height),
                       high(box.x2, frame_width), high(box.y2, frame_height)};
  if (crop.Width() <= 0 || crop.Height() <= 0) return std::nullopt;
  return crop;
}

Landmarks PlaceLandmarks(const Box& box, std::span<const float, 10> shares) {
  const float width = box.Width() + 1;
  const float height = box.Height() + 1;
  Landmarks landmarks;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    landmarks[i] = {width * shares[i] + box.x1 - 1, height * shares[i + 5] + box.y1 - 1};
  }
  return landmarks;
}

bool IsSound(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) &&
         std::isfinite(box.y2) && box.x2 > box.x1 && box.y2 > box.y1;
}

}  // namespace vigil::vision
