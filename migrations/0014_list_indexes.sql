-- Ways to the incidents of one camera or person and to the faces of one camera, newest first: without
-- them a list of one camera reads all sightings of that camera again for each incident.
CREATE INDEX sightings_camera_incident ON sightings (camera_id, incident_id);
DROP INDEX sightings_camera;
CREATE INDEX incidents_person_id ON incidents (person_id, id);
DROP INDEX incidents_person;
CREATE INDEX detections_camera_id ON detections (camera_id, id);
