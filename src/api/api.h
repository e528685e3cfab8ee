// The whole API as two applications for the server: the routes of people and programs, and those of
// monitors.
#pragma once

#include <memory>

#include "api/auth.h"
#include "api/context.h"
#include "api/router.h"

namespace vigil::api {

// Owns authentication and the table of routes. Thread-safe once made.
class Api {
 public:
  // Reads the signing key and the web files. Errors name what is missing.
  static Result<std::unique_ptr<Api>> Make(ApiContext context);

  Router& Application() { return *application_; }
  Router& Monitoring() { return *monitoring_; }
  Auth& Authentication() { return *auth_; }
  // While nobody has a turn of ApiContext::photo_turns.
  void SetPolicy(const pipeline::DecisionPolicy& policy) { context_.policy = policy; }

 private:
  explicit Api(ApiContext context) : context_(std::move(context)) {}

  ApiContext context_;
  std::unique_ptr<Auth> auth_;
  std::unique_ptr<Router> application_;
  std::unique_ptr<Router> monitoring_;
};

}  // namespace vigil::api
