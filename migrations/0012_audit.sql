-- The audit log becomes a chain that shows what was done to it.

-- The row's place in the chain, 1, 2, 3 ... without a gap. Null only in rows of older versions until
-- the program, which can compute hashes, takes them into the chain.
ALTER TABLE audit_log ADD COLUMN sequence INTEGER;
-- Hex SHA-256 of the JSON array [hash of the row before, sequence, id, at, user_id, user_name,
-- action, object_id, detail]; before the first row stand 64 zeros.
ALTER TABLE audit_log ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_log_sequence ON audit_log (sequence);
-- What was done to one thing, and when something was done.
CREATE INDEX audit_log_object ON audit_log (object_id, id);
CREATE INDEX audit_log_at ON audit_log (at, id);

-- Two ends of the chain, signed (Ed25519) with the sealed setting "audit_signing_key".
CREATE TABLE audit_heads (
  -- 'newest': the last row; 'forgotten': the last row that retention took away, if it ever did
  kind       TEXT    NOT NULL PRIMARY KEY CHECK (kind IN ('newest', 'forgotten')),
  sequence   INTEGER NOT NULL,               -- of that row; 0: no row yet
  hash       TEXT    NOT NULL,               -- of that row
  at         INTEGER NOT NULL,               -- when it was signed
  signature  TEXT    NOT NULL                -- base64, over kind, sequence, hash and at
) STRICT;
