-- What an unattended installation needs: cameras know whether the configuration file keeps them,
-- and spent refresh tokens can be forgotten in time.

-- 1: the camera stands in the configuration file, which alone changes it; it leaves with the file.
-- Cameras of an older schema that came from the file get it when the file is read next.
ALTER TABLE cameras ADD COLUMN from_file INTEGER NOT NULL DEFAULT 0 CHECK (from_file IN (0, 1));

-- When the token was exchanged. Those of an older schema count from the end of their login.
ALTER TABLE spent_refresh_tokens ADD COLUMN spent_at INTEGER NOT NULL DEFAULT 0;
UPDATE spent_refresh_tokens SET spent_at =
  (SELECT expires_at FROM sessions WHERE sessions.id = spent_refresh_tokens.session_id);
CREATE INDEX spent_refresh_tokens_time ON spent_refresh_tokens (spent_at);
