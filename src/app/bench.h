// What the benchmarks share: the subcommands below `vigil bench`, and how a measurement is told.
#pragma once

#include <chrono>
#include <filesystem>
#include <vector>

#include "app/command.h"
#include "base/json.h"
#include "base/result.h"
#include "core/frame.h"

namespace vigil::app {

// Each adds one benchmark below `bench`.
void AddBenchDetect(CLI::App& bench, CommandLine& line);
void AddBenchEmbed(CLI::App& bench, CommandLine& line);
void AddBenchPipeline(CLI::App& bench, CommandLine& line);
void AddBenchSearch(CLI::App& bench, CommandLine& line);

// {"bench": name, "cpu": the processor's name}: the beginning of every measurement's JSON line.
json::object BeginMeasurement(std::string_view name);

// A measured number without digits that no clock has: the shortest decimal of its float.
double Short(double value);

// The value below which `share` (0..1) of `times` lie, by nearest rank, in milliseconds; 0 of none.
double PercentileMs(std::vector<std::chrono::nanoseconds> times, double share);

// The first `count` frames of a video file, decoded into memory. kInvalidArgument when it has none.
Result<std::vector<Frame>> DecodeFrames(const std::filesystem::path& video, int count);

}  // namespace vigil::app
