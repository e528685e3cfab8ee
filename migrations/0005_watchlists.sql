-- Lists of people with rules of their own; core/watchlist.h tells how several lists combine.
CREATE TABLE watchlists (
  id                   TEXT    NOT NULL PRIMARY KEY,
  name                 TEXT    NOT NULL UNIQUE,
  named_strangers_max  REAL,                  -- permitted rate; null: see threshold
  threshold            REAL,                  -- fixed cosine; both null: the configuration's rate
  severity             INTEGER CHECK (severity BETWEEN 0 AND 3),  -- null: the person's own
  channels             TEXT    NOT NULL,      -- JSON: names of channels; []: all
  cooldown_s           INTEGER,               -- null: the channel's
  -- JSON: {"time_zone": ..., "periods": [{"days": ["mon", ...], "from": "22:00", "to": "06:00"}]}
  schedule             TEXT    NOT NULL,
  camera_ids           TEXT    NOT NULL,      -- JSON; with camera_group_ids []: everywhere
  camera_group_ids     TEXT    NOT NULL,      -- JSON
  created_at           INTEGER NOT NULL,
  updated_at           INTEGER NOT NULL,
  CHECK (named_strangers_max IS NULL OR threshold IS NULL)
) STRICT;

CREATE TABLE watchlist_members (
  person_id     TEXT  NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
  watchlist_id  TEXT  NOT NULL REFERENCES watchlists (id),
  PRIMARY KEY (person_id, watchlist_id)
) STRICT;
CREATE INDEX watchlist_members_list ON watchlist_members (watchlist_id);
