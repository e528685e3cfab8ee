-- Ways to the incidents of one camera, of one person or of some days, and to the faces of one camera,
-- newest first: without them a list of one camera reads all its sightings for each incident again.
CREATE INDEX sightings_camera_incident ON sightings (camera_id, incident_id);
DROP INDEX sightings_camera;
CREATE INDEX incidents_person_id ON incidents (person_id, id);
DROP INDEX incidents_person;
CREATE INDEX incidents_first_seen ON incidents (first_seen);
-- Visits of more than an hour: few, and the only ones that may have begun long before they are looked for.
CREATE INDEX incidents_long ON incidents (first_seen) WHERE last_seen - first_seen > 3600000;
CREATE INDEX detections_camera_id ON detections (camera_id, id);
