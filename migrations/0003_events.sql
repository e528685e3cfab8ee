-- What happened, in order, so that whoever looks on misses nothing; and what people made of it.

-- The number of the newest event: one row, counted up inside the telling transaction, so that
-- numbers follow the order of commits and never come again, also when old events were removed.
CREATE TABLE event_counter (
  id        INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  sequence  INTEGER NOT NULL
) STRICT;
INSERT INTO event_counter (id, sequence) VALUES (1, 0);

-- Events, written in the transaction of what they tell. Only ever removed from the oldest on.
CREATE TABLE events (
  sequence  INTEGER NOT NULL PRIMARY KEY,     -- 1, 2, 3 ... without a gap
  at        INTEGER NOT NULL,                 -- when it happened
  kind      TEXT    NOT NULL,                 -- "incident.created", "camera.down" ...
  data      TEXT    NOT NULL                  -- JSON object, without names of people and secrets
) STRICT;

-- Verdicts of operators on incidents. The newest of an incident counts, the others are its history.
CREATE TABLE labels (
  sequence     INTEGER NOT NULL PRIMARY KEY,  -- number of the event that told it
  incident_id  TEXT    NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
  verdict      TEXT    NOT NULL CHECK (verdict IN ('confirmed', 'false_match', 'unsure')),
  note         TEXT    NOT NULL,              -- free text, may be empty
  user_name    TEXT    NOT NULL,              -- who judged; empty: the local socket
  at           INTEGER NOT NULL
) STRICT;
CREATE INDEX labels_incident ON labels (incident_id, sequence);

-- One track of one camera, for the list of detections.
CREATE INDEX detections_track ON detections (camera_id, track_id);
