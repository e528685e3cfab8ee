// `vigil enroll NAME PHOTO...` and `vigil enroll --from PATH`: people from the command line.
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "app/bulk_enrolment.h"
#include "app/command.h"
#include "app/enrolment_plan.h"
#include "app/enrolment_printer.h"
#include "app/enrolment_report.h"
#include "app/photo_paths.h"
#include "app/progress.h"
#include "app/rest_client.h"
#include "app/signals.h"
#include "base/clock.h"

namespace vigil::app {
namespace {

constexpr std::chrono::milliseconds kLookAgain{100};

struct Options {
  std::string name;
  std::vector<std::string> photos;
  std::string from;
  std::string reason;
  std::string list;
  bool json = false;

  bool Bulk() const { return !from.empty(); }
};

Result<EnrolmentPlan> Plan(const Options& options) {
  EnrolmentPlan plan;
  if (options.Bulk()) {
    VIGIL_ASSIGN_OR_RETURN(plan, PlanEnrolment(options.from));
  } else {
    plan = PlanOfOne(options.name, ExpandPhotoPaths(options.photos));
  }
  for (PlannedPhoto& photo : plan.photos) {
    if (photo.reason.empty()) photo.reason = options.reason;
    if (!options.list.empty()) photo.lists.push_back(options.list);
  }
  return plan;
}

// A run and what it has found so far.
struct Run {
  EnrolmentCounts counts;
  ReportMaker report;
  std::stop_source stop;
  Status status;
};

// The main thread takes signals and tells progress; another one waits for the photos.
void Carry(BulkEnrolment& enrolment, Run& run, StopSignals& signals, Progress& progress) {
  std::atomic<bool> over = false;
  const std::jthread worker([&] {
    run.status = enrolment.Run(run.stop.get_token());
    over = true;
  });
  while (!over) {
    if (signals.Wait(kLookAgain)) {
      if (run.stop.request_stop()) {
        progress.Clear();
        std::fputs("vigil: ending with the photos under way\n", stderr);
      }
    }
    progress.Show(enrolment.Done());
  }
  progress.Clear();
}

ExitCode CodeOf(const Run& run) {
  if (run.stop.stop_requested()) return ExitCode::kFailed;
  return run.counts.refused > 0 ? ExitCode::kInput : ExitCode::kDone;
}

ExitCode Enrol(const config::Config& config, const Options& options, EnrolmentPlan plan) {
  SystemClock clock;
  StopSignals signals;  // before any other thread
  auto client =
      ConnectRest(config, plan.photos.size() > 1 ? PhotoModels::kMany : PhotoModels::kLoaded);
  if (!client) return Report(client.error());

  Run run;
  const std::size_t files = plan.photos.size() + plan.passed_over.size();
  Progress progress("files", options.Bulk() ? files : 0, clock);
  EnrolmentPrinter printer(options.Bulk(), options.json);
  BulkEnrolment enrolment(**client, clock, std::move(plan), [&](const FileVerdict& verdict) {
    run.counts.Count(verdict);
    run.report.Note(verdict);
    progress.Clear();
    printer.Print(verdict);
  });
  if (const Status lists = enrolment.FindLists(); !lists) return Report(lists.error());
  const SteadyTime start = clock.Now();
  Carry(enrolment, run, signals, progress);
  if (!options.Bulk()) {
    if (!run.status) return Report(run.status.error());
    if (run.counts.enrolled + run.counts.already_enrolled == 0) {
      std::fprintf(stderr, "vigil: no photo could be used, %s was not enrolled\n",
                   options.name.c_str());
    }
    return CodeOf(run);
  }
  const auto elapsed = std::chrono::duration<double>(clock.Now() - start);
  if (run.status && !run.stop.stop_requested()) {
    const auto report = run.report.Make(**client, clock, run.stop.get_token());
    if (report) {
      printer.Print(*report);
    } else {
      run.status = std::unexpected(report.error());
    }
  }
  printer.PrintSummary(run.counts, files, elapsed, run.stop.stop_requested());
  return run.status ? CodeOf(run) : Report(run.status.error());
}

ExitCode Start(const CommandLine& line, const Options& options) {
  if (options.Bulk() != (options.name.empty() && options.photos.empty()) ||
      (!options.Bulk() && options.photos.empty())) {
    std::fputs("vigil: give a name and photos, or --from with a folder or a CSV file\n", stderr);
    return ExitCode::kUsage;
  }
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  auto plan = Plan(options);
  if (!plan) {
    Report(plan.error());
    return ExitCode::kInput;
  }
  return Enrol(*config, options, *std::move(plan));
}

}  // namespace

void AddEnroll(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("enroll", "enrol one person from photos, or many at once");
  command->add_option("name", options->name, "the person's name");
  command->add_option("photos", options->photos, "photos or folders, one face each");
  command->add_option("--from", options->from,
                      "many people: a folder with a sub-folder of photos for each, a CSV file with "
                      "the columns name, photo and perhaps reason, notes and lists, Frigate's "
                      "clips/faces, or saved faces of CompreFace; can be run again at any time");
  command->add_option("--reason", options->reason, "why these people are looked for");
  command->add_option("--list", options->list, "the watch-list to put them in");
  command->add_flag("--json", options->json, "one JSON line a photo");
  command->callback([options, &line] { line.exit_code = Start(line, *options); });
}

}  // namespace vigil::app
