// What the database forgets in time, so that a year of work does not fill its disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "base/result.h"
#include "database/database.h"

namespace vigil::database {

// How long rows are kept; zero: for ever. The audit log has a function of its own, below.
struct RetentionOptions {
  std::chrono::hours incidents{0};  // ended visits, with sightings, alerts and their deliveries
  std::chrono::hours detections{24 * 90};
  std::chrono::hours deliveries{24 * 90};  // of alerts that are sent or given up
  std::chrono::hours audit{0};             // see ForgetOldAudit
  std::chrono::hours sessions{24 * 30};    // logins that ended, refresh tokens that were exchanged
  std::int64_t gallery_changes = 100'000;  // newest entries of the gallery log, by number
  int rows_at_once = 500;                  // in one transaction, so that others come in between
};

struct RetentionResult {
  std::int64_t incidents = 0;
  std::int64_t detections = 0;
  std::int64_t deliveries = 0;
  std::int64_t sessions = 0;
  std::int64_t refresh_tokens = 0;
  std::int64_t gallery_changes = 0;
};

// Takes the oldest rows out of the audit log, once those older than `kept` span a day, and writes a
// signed checkpoint in the same transaction: from then on the chain is verified from there, and the
// log tells in a row audit.forget which rows went. Rows that are not as they were written stay,
// with kDataLoss. Answers how many went. `kept` zero: for ever.
Result<std::int64_t> ForgetOldAudit(Database& database, std::chrono::hours kept, int rows_at_once,
                                    const std::stop_token& stop = {});

// Gives up the alerts whose time was over an hour ago and that still wait: their channel is gone or
// switched off, for a channel that works gives up its own in time. Answers how many.
Result<std::int64_t> GiveUpForgottenAlerts(Database& database, const std::stop_token& stop = {});

// Deletes what is older, in small transactions, until nothing is left or `stop` is requested.
// Pictures of deleted rows become orphans, which the sweep of the media store takes. An incident
// with an alert still on its way stays. A follower of the gallery that lags behind the forgotten
// part of the log loads everything anew.
Result<RetentionResult> ForgetOldRows(Database& database, const RetentionOptions& options,
                                      const std::stop_token& stop = {});

}  // namespace vigil::database
