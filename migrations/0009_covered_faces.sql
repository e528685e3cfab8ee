-- What a list wants of its people about masks: 'any', 'required' (it tells only of people seen uncovered) or
-- 'forbidden' (only of covered ones).
ALTER TABLE watchlists ADD COLUMN mask_rule TEXT NOT NULL DEFAULT 'any'
  CHECK (mask_rule IN ('any', 'required', 'forbidden'));
