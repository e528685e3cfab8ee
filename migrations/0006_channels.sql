-- Channels that are kept through the API, tests of channels, and alerts that somebody retries.

-- Where alerts go, beside the channels of the configuration file. The outbox, cooldowns and
-- watch-lists refer to a channel by its name, which therefore never changes.
CREATE TABLE channels (
  id                TEXT    NOT NULL PRIMARY KEY,
  name              TEXT    NOT NULL UNIQUE,
  kind              TEXT    NOT NULL CHECK (kind IN ('webhook', 'email', 'http')),
  settings          BLOB    NOT NULL,             -- sealed JSON, as the API takes it, with secrets
  include_snapshot  INTEGER NOT NULL CHECK (include_snapshot IN (0, 1)),
  cooldown_s        INTEGER,                      -- null: the installation's
  -- 0: nothing new is queued for it, and what waits waits on
  enabled           INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  created_at        INTEGER NOT NULL,
  updated_at        INTEGER NOT NULL
) STRICT;

-- Each test message that somebody sent, beside the deliveries of real alerts.
CREATE TABLE channel_tests (
  id         TEXT    NOT NULL PRIMARY KEY,
  channel    TEXT    NOT NULL,                    -- its name: channels of the file have no row
  at         INTEGER NOT NULL,
  user_name  TEXT    NOT NULL,                    -- who asked for it
  delivered  INTEGER NOT NULL CHECK (delivered IN (0, 1)),
  answer     TEXT    NOT NULL                     -- what the receiver, or the failure, said
) STRICT;
CREATE INDEX channel_tests_channel ON channel_tests (channel);

-- After it the alert is given up unsent; null: a day after its event. A retry sets it anew.
ALTER TABLE outbox ADD COLUMN expires_at INTEGER;
