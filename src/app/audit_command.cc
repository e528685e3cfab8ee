// `vigil audit`: whether the record of who did what is as it was written.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>

#include "app/command.h"
#include "app/rest_client.h"
#include "base/format.h"
#include "database/audit_head_file.h"

namespace vigil::app {
namespace {

struct Options {
  std::string heads;  // a file of them, kept elsewhere
  bool json = false;
};

// The newest of the heads in a file, or nothing when none is named.
Result<std::optional<database::AuditHead>> LastHead(const std::string& file) {
  if (file.empty()) return std::nullopt;
  VIGIL_ASSIGN_OR_RETURN(database::WrittenAuditHeads written, database::ReadAuditHeads(file));
  if (written.heads.empty()) {
    return Fail(
        ErrorCode::kNotFound,
        format("{} holds no head of the audit log; give a copy of audit-heads.jsonl", file));
  }
  return std::move(written.heads.back());
}

ExitCode Tell(const json::value& verdict) {
  const bool intact = verdict.at("intact").as_bool();
  PrintLine(format("{} rows from row {} on, {} written heads fit", verdict.at("rows").as_int64(),
                   verdict.at("first").as_int64(), verdict.at("heads_matched").as_int64()));
  const json::value& fault = verdict.at("fault");
  if (!fault.is_null()) {
    PrintLine(format("WRONG from row {} on: {}", fault.at("sequence").as_int64(),
                     std::string_view(fault.at("what").as_string())));
  } else if (const json::value& head = verdict.at("head"); head.is_object()) {
    PrintLine(format("intact; the newest row is {}, its hash {}", head.at("sequence").as_int64(),
                     std::string_view(head.at("hash").as_string())));
  }
  return intact ? ExitCode::kDone : ExitCode::kFailed;
}

ExitCode Verify(const CommandLine& line, const Options& options) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  const auto head = LastHead(options.heads);
  if (!head) {
    Report(head.error());
    return ExitCode::kInput;
  }
  auto client = ConnectRest(*config, PhotoModels::kNone);
  if (!client) return Report(client.error());
  json::object body;
  if (*head) body["head"] = AuditHeadJson(**head, "");
  const auto verdict = (*client)->Call(api::Method::kPost, "/audit/verify", body);
  if (!verdict) return Report(verdict.error());
  if (!options.json) return Tell(*verdict);
  PrintJson(*verdict);
  return verdict->at("intact").as_bool() ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

void AddAudit(CLI::App& app, CommandLine& line) {
  CLI::App* audit = app.add_subcommand("audit", "the record of who did what");
  audit->require_subcommand(1);
  auto options = std::make_shared<Options>();
  CLI::App* verify = audit->add_subcommand(
      "verify", "find any row that was changed, deleted, moved, put in or cut off");
  verify->add_option("--heads", options->heads,
                     "a copy of audit-heads.jsonl that was kept elsewhere; its last line counts");
  verify->add_flag("--json", options->json, "the answer of the API");
  verify->callback([options, &line] { line.exit_code = Verify(line, *options); });
}

}  // namespace vigil::app
