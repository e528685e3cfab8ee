-- Where faces are looked for in a camera's picture, and how much of its stream is decoded.

-- Areas as lines of text, one polygon a line: "x y; x y; x y", corners as shares of width and
-- height. Empty: the whole picture, and nothing excluded.
ALTER TABLE cameras ADD COLUMN areas TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN excluded_areas TEXT NOT NULL DEFAULT '';
-- Detections below this confidence (0..1) are left out; 0: the detector's own limit.
ALTER TABLE cameras ADD COLUMN face_score_min REAL NOT NULL DEFAULT 0;
-- 1: only keyframes are decoded while nothing moves.
ALTER TABLE cameras ADD COLUMN keyframes_when_idle INTEGER NOT NULL DEFAULT 0
  CHECK (keyframes_when_idle IN (0, 1));
