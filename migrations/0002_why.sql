-- Why a sighting was decided as it was, step by step.

-- JSON of one object, at most 16,000 characters: "shots" (every look considered: time, box,
-- quality in parts, its share of the probe), "probe" (what the embedding was made of; never its
-- numbers), "threshold" (floor, permitted rate, comparisons, crowding), "times_ms" (by stage).
-- Empty: recorded by an older version, or too long.
ALTER TABLE sightings ADD COLUMN trace TEXT NOT NULL DEFAULT '';
-- The photo behind the best candidate's reference; stays when the photo is deleted. Empty: it was
-- deleted already when the sighting was recorded, or recorded by an older version.
ALTER TABLE sightings ADD COLUMN reference_photo_id TEXT NOT NULL DEFAULT '';
