-- Ways to what is old, so that deleting it in steps never scans a table.
CREATE INDEX incidents_last_seen ON incidents (last_seen);
CREATE INDEX deliveries_at ON deliveries (at);
