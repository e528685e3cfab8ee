-- The first schema: everything from enrolment over recognition to delivered alerts.
--
-- Conventions. Ids are UUIDv7 made by the process, as text. Times are integer milliseconds since
-- 1970-01-01 UTC. "sealed" bytes are XChaCha20-Poly1305 with the context "table:id:column", so
-- that a sealed value cannot be moved to another row. Flags are 0 or 1. Types are written as
-- SQLite knows them; the PostgreSQL connection reads INTEGER as BIGINT, REAL as DOUBLE
-- PRECISION, BLOB as BYTEA and leaves STRICT out.

-- Enrolled people: those who are looked for.
CREATE TABLE persons (
  id          TEXT    NOT NULL PRIMARY KEY,
  name        TEXT    NOT NULL,
  reason      TEXT    NOT NULL,               -- why this person is looked for
  category    TEXT    NOT NULL,               -- free word of the installation
  -- 0 low, 1 medium, 2 high, 3 critical
  severity    INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),
  notes       TEXT    NOT NULL,
  -- after it the person is no longer searched for; null: never
  expires_at  INTEGER,
  -- 1 while the references are part of the gallery
  searched    INTEGER NOT NULL CHECK (searched IN (0, 1)),
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX persons_due ON persons (expires_at) WHERE searched = 1 AND expires_at IS NOT NULL;

-- Enrolled photos. The picture itself lies in the media store.
CREATE TABLE photos (
  id          TEXT    NOT NULL PRIMARY KEY,
  person_id   TEXT    NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  media_id    TEXT    NOT NULL,               -- name in the media store
  mime_type   TEXT    NOT NULL,               -- as uploaded
  width       INTEGER NOT NULL,               -- pixels, after the EXIF orientation was applied
  height      INTEGER NOT NULL,
  -- the enrolled face's box, pixels; x2 and y2 exclusive
  face_x1     REAL    NOT NULL,
  face_y1     REAL    NOT NULL,
  face_x2     REAL    NOT NULL,
  face_y2     REAL    NOT NULL,
  face_score  REAL    NOT NULL,               -- the detector's confidence, 0..1
  landmarks   TEXT    NOT NULL,               -- JSON: five [x, y] pairs
  quality     REAL    NOT NULL,               -- 0..1
  created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX photos_person ON photos (person_id);
CREATE INDEX photos_media ON photos (media_id);

-- One embedding of an enrolled face ("references" is a word of SQL). Never updated, only added
-- and deleted.
CREATE TABLE reference_embeddings (
  id            TEXT    NOT NULL PRIMARY KEY,
  person_id     TEXT    NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  photo_id      TEXT    NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
  space_key     TEXT    NOT NULL,             -- only embeddings of one space may be compared
  model_id      TEXT    NOT NULL,
  model_hash    TEXT    NOT NULL,             -- SHA-256 of the source weights
  preprocessing TEXT    NOT NULL,
  dimension     INTEGER NOT NULL,
  -- sealed; little-endian float32 numbers of unit length
  embedding     BLOB    NOT NULL,
  quality       REAL    NOT NULL,             -- of the photo's face, 0..1
  created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX reference_embeddings_space ON reference_embeddings (space_key);
CREATE INDEX reference_embeddings_person ON reference_embeddings (person_id);
CREATE INDEX reference_embeddings_photo ON reference_embeddings (photo_id);

-- The number of the newest gallery change: one row, counted up inside the changing transaction,
-- so that numbers follow the order of commits.
CREATE TABLE gallery_counter (
  id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence  INTEGER NOT NULL
) STRICT;
INSERT INTO gallery_counter (id, sequence) VALUES (1, 0);

-- Which reference was added, changed or deleted, in order. Indexes follow it.
CREATE TABLE gallery_log (
  sequence      INTEGER NOT NULL PRIMARY KEY,
  reference_id  TEXT    NOT NULL              -- may no longer exist: then it was deleted
) STRICT;

-- Cameras of one place; visits and cooldowns are counted by group.
CREATE TABLE camera_groups (
  id          TEXT    NOT NULL PRIMARY KEY,
  name        TEXT    NOT NULL UNIQUE,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE cameras (
  id                  TEXT    NOT NULL PRIMARY KEY,
  name                TEXT    NOT NULL UNIQUE,
  url                 BLOB    NOT NULL,       -- sealed: it holds credentials
  -- null: a group of its own
  group_id            TEXT    REFERENCES camera_groups (id) ON DELETE SET NULL,
  enabled             INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  detect_interval_ms  INTEGER,                -- null: the configuration's
  min_face_px         INTEGER,                -- null: the configuration's
  created_at          INTEGER NOT NULL,
  updated_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX cameras_group ON cameras (group_id);

-- Every face track seen, enrolled or not, written in batches.
CREATE TABLE detections (
  id              TEXT    NOT NULL PRIMARY KEY,
  camera_id       TEXT    NOT NULL,           -- stays when the camera is deleted
  seen_at         INTEGER NOT NULL,           -- capture of the frame
  track_id        INTEGER NOT NULL,           -- of that camera's stream
  box_x1          REAL    NOT NULL,           -- pixels of the frame; x2 and y2 exclusive
  box_y1          REAL    NOT NULL,
  box_x2          REAL    NOT NULL,
  box_y2          REAL    NOT NULL,
  score           REAL    NOT NULL,           -- the detector's confidence, 0..1
  quality         REAL    NOT NULL,           -- 0..1
  outcome         TEXT    NOT NULL
    CHECK (outcome IN ('match', 'possible_match', 'stranger', 'unrecognisable', 'spoof')),
  reason          TEXT    NOT NULL,           -- why unrecognisable, else empty
  best_person_id  TEXT    NOT NULL,           -- best candidate; empty: nobody enrolled
  similarity      REAL    NOT NULL,           -- of the best candidate
  threshold       REAL    NOT NULL,           -- what a match needed
  crop_media_id   TEXT    NOT NULL            -- empty: not kept, or its retention has passed
) STRICT;
CREATE INDEX detections_camera_time ON detections (camera_id, seen_at);
CREATE INDEX detections_crop_time ON detections (seen_at) WHERE crop_media_id <> '';
CREATE INDEX detections_crop ON detections (crop_media_id) WHERE crop_media_id <> '';

-- One visit of one enrolled person to one camera group.
CREATE TABLE incidents (
  id                TEXT    NOT NULL PRIMARY KEY,
  person_id         TEXT    NOT NULL,         -- stays, with the name, when the person is deleted
  person_name       TEXT    NOT NULL,         -- as it was at the first sighting
  severity          INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 3),  -- highest of the visit
  camera_group_id   TEXT    NOT NULL,         -- the camera's own id where it stands in no group
  -- 1: the next sighting may extend it
  visit_open        INTEGER NOT NULL CHECK (visit_open IN (0, 1)),
  outcome           TEXT    NOT NULL CHECK (outcome IN ('match', 'possible_match')),
  state             TEXT    NOT NULL CHECK (state IN ('open', 'acknowledged')),
  -- severity with which alerts were last asked for; null: not yet
  alert_severity    INTEGER,
  first_seen        INTEGER NOT NULL,
  last_seen         INTEGER NOT NULL,
  sighting_count    INTEGER NOT NULL,
  best_sighting_id  TEXT    NOT NULL,         -- of the highest similarity
  acknowledged_by   TEXT    NOT NULL,         -- user name, or empty
  acknowledged_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX incidents_open_visit ON incidents (person_id, camera_group_id)
  WHERE visit_open = 1;
CREATE INDEX incidents_person ON incidents (person_id);

-- One judged track of a visit, with all that is needed to see why.
CREATE TABLE sightings (
  id                  TEXT    NOT NULL PRIMARY KEY,
  incident_id         TEXT    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  camera_id           TEXT    NOT NULL,
  camera_name         TEXT    NOT NULL,       -- as it was at the time
  seen_at             INTEGER NOT NULL,       -- capture of the deciding frame
  track_id            INTEGER NOT NULL,
  face_count          INTEGER NOT NULL,       -- faces in that frame
  box_x1              REAL    NOT NULL,       -- pixels of that frame; x2 and y2 exclusive
  box_y1              REAL    NOT NULL,
  box_x2              REAL    NOT NULL,
  box_y2              REAL    NOT NULL,
  frame_width         INTEGER NOT NULL,
  frame_height        INTEGER NOT NULL,
  quality             REAL    NOT NULL,       -- 0..1
  crop_media_id       TEXT    NOT NULL,       -- the probe's crop, or empty
  frame_media_id      TEXT    NOT NULL,       -- the whole frame, or empty
  outcome             TEXT    NOT NULL CHECK (outcome IN ('match', 'possible_match')),
  similarity          REAL    NOT NULL,
  threshold           REAL    NOT NULL,       -- what a match needed in that gallery
  stranger_odds       REAL    NOT NULL,       -- how often a stranger scores this high there
  -- JSON: [{person_id, reference_id, similarity}], best first
  candidates          TEXT    NOT NULL,
  gallery_sequence    INTEGER NOT NULL,       -- the gallery that was searched
  gallery_references  INTEGER NOT NULL,
  gallery_persons     INTEGER NOT NULL,
  detector            TEXT    NOT NULL,       -- id, hash and precision of the models that decided
  embedder            TEXT    NOT NULL
) STRICT;
CREATE INDEX sightings_incident ON sightings (incident_id);
CREATE INDEX sightings_camera ON sightings (camera_id);
CREATE INDEX sightings_crop ON sightings (crop_media_id) WHERE crop_media_id <> '';
CREATE INDEX sightings_frame ON sightings (frame_media_id) WHERE frame_media_id <> '';

-- What each cooldown remembers.
CREATE TABLE cooldowns (
  person_id        TEXT    NOT NULL,
  camera_group_id  TEXT    NOT NULL,
  channel          TEXT    NOT NULL,          -- the channel's name in the configuration
  last_alert_at    INTEGER,
  last_severity    INTEGER NOT NULL CHECK (last_severity BETWEEN 0 AND 3),
  last_similarity  REAL    NOT NULL,
  suppressed       INTEGER NOT NULL,          -- alerts held back since last_alert_at
  PRIMARY KEY (person_id, camera_group_id, channel)
) STRICT;

-- Alerts to be sent, written in the incident's transaction.
CREATE TABLE outbox (
  id               TEXT    NOT NULL PRIMARY KEY,  -- the alert's id, the same for every attempt
  channel          TEXT    NOT NULL,
  incident_id      TEXT    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  message          TEXT    NOT NULL,          -- JSON: what is sent, as it was decided
  state            TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),
  attempts         INTEGER NOT NULL,          -- made so far
  next_attempt_at  INTEGER NOT NULL,          -- while pending
  created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX outbox_incident ON outbox (incident_id);

-- Each attempt to deliver an alert.
CREATE TABLE deliveries (
  id        TEXT    NOT NULL PRIMARY KEY,
  alert_id  TEXT    NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  at        INTEGER NOT NULL,
  state     TEXT    NOT NULL CHECK (state IN ('pending', 'sent', 'dead')),  -- of the alert after it
  answer    TEXT    NOT NULL                  -- what the receiver, or the failure, said
) STRICT;
CREATE INDEX deliveries_alert ON deliveries (alert_id);

-- Accounts.
CREATE TABLE users (
  id             TEXT    NOT NULL PRIMARY KEY,
  name           TEXT    NOT NULL UNIQUE,     -- lower case
  password_hash  TEXT    NOT NULL,            -- argon2id text form
  role           TEXT    NOT NULL CHECK (role IN ('operator', 'admin')),
  enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  token_version  INTEGER NOT NULL,            -- access tokens of an older version are refused
  created_at     INTEGER NOT NULL
) STRICT;

-- Logins: each a family of refresh tokens of which only the newest is valid.
CREATE TABLE sessions (
  id            TEXT    NOT NULL PRIMARY KEY,
  user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  refresh_hash  TEXT    NOT NULL UNIQUE,      -- SHA-256 of the valid refresh token
  expires_at    INTEGER NOT NULL,
  revoked       INTEGER NOT NULL CHECK (revoked IN (0, 1)),
  created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);

-- Refresh tokens that were exchanged: seeing one again ends its session.
CREATE TABLE spent_refresh_tokens (
  refresh_hash  TEXT    NOT NULL PRIMARY KEY,
  session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX spent_refresh_tokens_session ON spent_refresh_tokens (session_id);

-- One-time tokens that make the first administrator.
CREATE TABLE setup_tokens (
  token_hash  TEXT    NOT NULL PRIMARY KEY,   -- SHA-256
  expires_at  INTEGER NOT NULL
) STRICT;

-- Who did what: only ever appended to.
CREATE TABLE audit_log (
  id         TEXT    NOT NULL PRIMARY KEY,
  at         INTEGER NOT NULL,
  user_id    TEXT    NOT NULL,                -- empty: the system or the local socket
  user_name  TEXT    NOT NULL,
  action     TEXT    NOT NULL,                -- "person.create", "search_by_image" ...
  object_id  TEXT    NOT NULL,
  detail     TEXT    NOT NULL                 -- JSON without secrets and biometric bytes
) STRICT;

-- Small values of the installation, such as the key that signs access tokens.
CREATE TABLE settings (
  key    TEXT NOT NULL PRIMARY KEY,
  value  BLOB NOT NULL                        -- sealed
) STRICT;
