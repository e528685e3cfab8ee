// `vigil users`: accounts, from the machine itself.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "app/command.h"
#include "app/rest_client.h"
#include "base/crypto.h"
#include "base/format.h"

namespace vigil::app {
namespace {

struct Options {
  std::string name;
  std::string role = "operator";
  bool json = false;
};

using Action = Status (*)(RestClient& client, const Options& options);

Result<std::string> IdOf(RestClient& client, const std::string& name) {
  VIGIL_ASSIGN_OR_RETURN(const auto users, client.Call(api::Method::kGet, "/users"));
  for (const json::value& user : users.at("items").as_array()) {
    if (std::string_view(user.at("name").as_string()) == name) {
      return std::string(user.at("id").as_string());
    }
  }
  return Fail(ErrorCode::kNotFound, format("there is no user called '{}'", name));
}

// A generated password, printed once: nothing to think up, nothing left in the shell's history.
Status Add(RestClient& client, const Options& options) {
  const std::string password = RandomPassword();
  VIGIL_RETURN_IF_ERROR(
      client.Call(api::Method::kPost, "/users",
                  {{"name", options.name}, {"role", options.role}, {"password", password}}));
  std::fprintf(stderr, "%s may log in as %s with the password printed below; it is shown once.\n",
               options.name.c_str(), options.role.c_str());
  PrintLine(password);
  return {};
}

Status List(RestClient& client, const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const auto users, client.Call(api::Method::kGet, "/users"));
  for (const json::value& user : users.at("items").as_array()) {
    if (options.json) {
      PrintJson(user);
    } else {
      PrintLine(format("{:<24} {:<9} {}", std::string_view(user.at("name").as_string()),
                       std::string_view(user.at("role").as_string()),
                       user.at("enabled").as_bool() ? "" : "disabled"));
    }
  }
  return {};
}

Status Disable(RestClient& client, const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const auto id, IdOf(client, options.name));
  VIGIL_RETURN_IF_ERROR(client.Call(api::Method::kPatch, "/users/" + id, {{"enabled", false}}));
  std::fprintf(stderr, "%s can no longer log in.\n", options.name.c_str());
  return {};
}

Status ResetPassword(RestClient& client, const Options& options) {
  VIGIL_ASSIGN_OR_RETURN(const auto id, IdOf(client, options.name));
  const std::string password = RandomPassword();
  VIGIL_RETURN_IF_ERROR(client.Call(api::Method::kPatch, "/users/" + id, {{"password", password}}));
  std::fprintf(stderr, "The new password of %s is printed below; it is shown once.\n",
               options.name.c_str());
  PrintLine(password);
  return {};
}

ExitCode Run(const CommandLine& line, const Options& options, Action action) {
  const auto config = LoadCommandConfig(line);
  if (!config) return ExitCode::kConfiguration;
  auto client = ConnectRest(*config, PhotoModels::kNone);
  if (!client) return Report(client.error());
  const Status done = action(**client, options);
  return done ? ExitCode::kDone : Report(done.error());
}

}  // namespace

void AddUsers(CLI::App& app, CommandLine& line) {
  CLI::App* users = app.add_subcommand("users", "accounts of people who work with Vigil");
  users->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* what, Action action, bool named) {
    CLI::App* command = users->add_subcommand(name, what);
    if (named) command->add_option("name", options->name, "account name")->required();
    command->callback([options, action, &line] { line.exit_code = Run(line, *options, action); });
    return command;
  };
  add("add", "make an account with a generated password", Add, true)
      ->add_option("--role", options->role, "admin or operator")
      ->check(CLI::IsMember({"admin", "operator"}))
      ->capture_default_str();
  add("list", "all accounts", List, false)->add_flag("--json", options->json, "JSON lines");
  add("disable", "end somebody's access", Disable, true);
  add("reset-password", "make a new generated password", ResetPassword, true);
}

}  // namespace vigil::app
