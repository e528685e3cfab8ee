// A coarse picture of brightness: enough to see whether something moved, or everything did.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/area.h"
#include "core/frame.h"

namespace vigil::pipeline {

// Mean luma (0 to 255) of 64 x 36 cells, row by row. Empty for a frame without pixels.
std::vector<std::uint8_t> LumaGrid(const Frame& frame);

// Which cells of a LumaGrid `area` touches, be it narrower than a cell, and that have their middle
// in nothing excluded; empty when nothing limits it.
std::vector<bool> WatchedCells(const WatchedArea& area);

// The share of cells whose luma differs by more than `luma_difference`, among the `watched` ones
// (empty: all). 0 when one grid is empty or their sizes differ, or no cell is watched.
double ChangedShare(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b,
                    int luma_difference, const std::vector<bool>& watched = {});

}  // namespace vigil::pipeline
