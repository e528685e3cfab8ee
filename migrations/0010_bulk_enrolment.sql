-- Enrolling many photos: the same file again is recognised, and people are found by name.

-- Keyed BLAKE2b-256 of the picture's bytes, hexadecimal: who reads the database without the key
-- cannot tell whether a picture of theirs is enrolled. Null: enrolled before this column was, and
-- filled when the person's next photo comes.
ALTER TABLE photos ADD COLUMN fingerprint TEXT;
CREATE UNIQUE INDEX photos_fingerprint ON photos (person_id, fingerprint);

CREATE INDEX persons_name ON persons (name);
