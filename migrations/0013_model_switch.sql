-- Changing the embedder: everybody is embedded anew from the stored photos, beside the references
-- that serve, and then all at once searched by the new ones.

-- Each time somebody asked for another embedder. At most one is on its way ('running'), and at most
-- one has come to serve ('in_use'): its embedder is the installation's, whatever the configuration
-- names; without one it is the configuration's. Earlier ones are 'former' or 'cancelled'.
CREATE TABLE model_switches (
  id              TEXT    NOT NULL PRIMARY KEY,
  model_id        TEXT    NOT NULL,           -- the embedder to serve
  -- of the references it makes; empty until it was loaded
  space_key       TEXT    NOT NULL,
  -- 1: it may come to serve although people are lost by it
  accept_missing  INTEGER NOT NULL CHECK (accept_missing IN (0, 1)),
  state           TEXT    NOT NULL CHECK (state IN ('running', 'in_use', 'former', 'cancelled')),
  requested_by    TEXT    NOT NULL,           -- user name
  requested_at    INTEGER NOT NULL,
  ended_at        INTEGER                     -- when it came to serve, or was cancelled
) STRICT;
CREATE UNIQUE INDEX model_switches_running ON model_switches (state) WHERE state = 'running';
CREATE UNIQUE INDEX model_switches_in_use ON model_switches (state) WHERE state = 'in_use';

-- Photos that could not be embedded for a space. They are tried again when somebody asks again.
CREATE TABLE unembedded_photos (
  space_key  TEXT    NOT NULL,
  photo_id   TEXT    NOT NULL REFERENCES photos (id) ON DELETE CASCADE,
  reason     TEXT    NOT NULL,                -- a sentence for people
  tried_at   INTEGER NOT NULL,
  PRIMARY KEY (space_key, photo_id)
) STRICT;
CREATE INDEX unembedded_photos_photo ON unembedded_photos (photo_id);
