-- What binds a gallery that was saved on the disk to the history of this database, and lets it be compared with the
-- table in pieces.

-- Random, different for every change: that a saved gallery knows the mark of the change it stands at proves that it was
-- made from this database, and that the database was not put back since to a state before that change. Changes of an
-- older schema have none; their reference alone tells them apart.
ALTER TABLE gallery_log ADD COLUMN mark TEXT NOT NULL DEFAULT '';

-- The references of a space in the order of their ids.
DROP INDEX reference_embeddings_space;
CREATE INDEX reference_embeddings_space ON reference_embeddings (space_key, id);
