// Accounts of the people who work with Vigil.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace vigil {

// What a route demands: kPublic is open, kOperator watches, searches and reviews, kAdmin does all.
enum class Role { kPublic, kOperator, kAdmin };

struct User {
  std::string id;
  std::string name;           // unique, lower-case
  std::string password_hash;  // argon2id text form
  Role role = Role::kOperator;
  bool enabled = true;
  std::int64_t token_version = 0;  // raised to end all access tokens at once
  WallTime created_at{};
};

// One login: a family of refresh tokens of which only the newest is valid (reuse of an older one
// ends the family).
struct Session {
  std::string id;
  std::string user_id;
  std::string refresh_hash;  // SHA-256 hex of the valid refresh token
  WallTime expires_at{};
  bool revoked = false;
  WallTime created_at{};
};

// One line of the audit log: who did what to which thing.
struct AuditEntry {
  std::string id;
  WallTime at{};
  std::string user_id;  // empty: the system or the local socket
  std::string user_name;
  std::string action;  // "search_by_image", "person.create", ...
  std::string object_id;
  std::string detail;  // JSON, no secrets, no biometric bytes
  // Its place in the chain of the log, and the hash that binds it to all before it; filled by the
  // log.
  std::int64_t sequence = 0;
  std::string hash = {};
};

struct AuditFilter {
  std::string user = {};    // id or name
  std::string action = {};  // whole, or a beginning that ends in a dot: "person."
  std::string object_id = {};
  std::optional<WallTime> from = {};
  std::optional<WallTime> to = {};
};

}  // namespace vigil
