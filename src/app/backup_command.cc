// `vigil backup`, `vigil restore` and `vigil migrate`.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/backup.h"
#include "app/command.h"
#include "base/format.h"
#include "base/secret.h"

namespace vigil::app {
namespace {

struct Options {
  std::string place;
  bool with_key = false;
};

void Tell(const std::string& sentence) { std::fprintf(stderr, "%s\n", sentence.c_str()); }

ExitCode Backup(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto made = WriteBackup(*config, options.place, options.with_key);
  if (!made) return Report(made.error());
  Tell(format("The backup {} is complete: {} rows of {} tables and {} pictures, read back.",
              options.place, made->rows, made->tables, made->pictures));
  if (made->has_key) {
    Tell(
        "It holds the sealing key: whoever has the folder can read everything in it. Keep it as "
        "safe as the installation.");
  } else {
    Tell(
        "The sealing key is not in it: keep a copy of vigil.key (or of what sets data.seal_key) "
        "in another place. Without the key nobody can read the backup, you neither.");
  }
  Tell("The configuration file, the models and the log files are not part of it.");
  return ExitCode::kDone;
}

ExitCode Restore(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto made = RestoreBackup(*config, options.place);
  if (!made) return Report(made.error());
  Tell(format("Restored {} rows of {} tables and {} pictures from {}, verified.", made->rows,
              made->tables, made->pictures, options.place));
  Tell(
      "Next: vigil setup-database (brings an older backup to this version), vigil doctor, then "
      "start the server.");
  return ExitCode::kDone;
}

ExitCode Migrate(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto moved = MoveDatabase(*config, options.place);
  if (!moved) return Report(moved.error());
  Tell(format("{} holds all {} rows of {} tables{}; the digest of every table is the same.",
              MaskUrl(options.place), moved->rows, moved->tables,
              moved->was_there ? " already" : ""));
  Tell(
      "Next: name it in the configuration as [database] url, run vigil doctor, start the server. "
      "The data directory stays in use: it holds the key and the pictures. The former database "
      "was not changed; put it aside once the server runs.");
  return ExitCode::kDone;
}

CLI::App* Add(CLI::App& app, CommandLine& line, const char* name, const char* description,
              const std::shared_ptr<Options>& options,
              ExitCode (*run)(const CommandLine&, const Options&)) {
  CLI::App* command = app.add_subcommand(name, description);
  command->callback([options, run, &line] {
    // Whatever is written is for this user alone.
    ::umask(S_IRWXG | S_IRWXO);
    line.exit_code = run(line, *options);
  });
  return command;
}

}  // namespace

void AddBackup(CLI::App& app, CommandLine& line) {
  auto backup = std::make_shared<Options>();
  CLI::App* make = Add(app, line, "backup",
                       "copy the installation to a new folder, also while it runs", backup, Backup);
  make->add_option("FOLDER", backup->place, "is made; must not exist")->required();
  make->add_flag("--with-key", backup->with_key, "put the sealing key into the backup");

  auto restore = std::make_shared<Options>();
  Add(app, line, "restore", "put a backup into an empty data directory and database", restore,
      Restore)
      ->add_option("FOLDER", restore->place, "what vigil backup made")
      ->required();

  auto migrate = std::make_shared<Options>();
  Add(app, line, "migrate", "copy the database into another, empty one", migrate, Migrate)
      ->add_option("--to", migrate->place, "postgresql://USER@HOST/NAME, or sqlite:FILE")
      ->required();
}

}  // namespace vigil::app
