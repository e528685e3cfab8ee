// What the benchmarks share: the subcommands below `vigil bench`, and how a measurement is told.
#pragma once

#include <chrono>
#include <vector>

#include "app/command.h"
#include "base/json.h"

namespace vigil::app {

// Each adds one benchmark below `bench`.
void AddBenchSearch(CLI::App& bench, CommandLine& line);

// {"bench": name, "cpu": the processor's name}: the beginning of every measurement's JSON line.
json::object BeginMeasurement(std::string_view name);

// The value below which `share` (0..1) of `times` lie, by nearest rank, in milliseconds; 0 of none.
double PercentileMs(std::vector<std::chrono::nanoseconds> times, double share);

}  // namespace vigil::app
