// Uses the API through a client that was generated from its specification alone: what compiles here
// and runs is what integrators get. `node check.js ADDRESS NAME PASSWORD PHOTO`; one JSON line tells
// what it found.
import { readFileSync } from "node:fs";
import * as vigil from "./client";
import { client } from "./client/client.gen";

async function main([address, name, password, photo]: string[]) {
  client.setConfig({ baseUrl: `${address}/api/v1`, throwOnError: true });
  const { data: tokens } = await vigil.login({ body: { name, password }, throwOnError: true });
  // The specification offers a cookie as well, for pages; a program sends the header alone.
  client.setConfig({ auth: (scheme) => (scheme.scheme === "bearer" ? tokens.access_token : undefined) });
  const file = new Blob([readFileSync(photo)], { type: "image/jpeg" });

  const { data: person } = await vigil.createPerson({ body: { name: "Ada Example", severity: "high" }, throwOnError: true });
  const id = person.id;
  const { data: enrolled } = await vigil.uploadPhoto({ path: { id }, body: { file }, throwOnError: true });
  const { data: found } = await vigil.searchByImage({ body: { file, top: 1 }, throwOnError: true });
  const best = found.faces[0].candidates[0];
  const { data: picture } = await vigil.getPhoto({ path: { id, photo: enrolled.id }, throwOnError: true });

  const { data: camera } = await vigil.createCamera({ body: { name: "door", url: "rtsp://192.0.2.1/live", enabled: false }, throwOnError: true });
  const { data: changed } = await vigil.changeCamera({ path: { id: camera.id }, body: { min_face_px: 60 }, throwOnError: true });
  const { data: cameras } = await vigil.listCameras({ throwOnError: true });
  const { data: incidents } = await vigil.listIncidents({ query: { outcome: "match", limit: 5 }, throwOnError: true });

  // Refusals have a type of their own.
  const refused = await vigil.getPerson({ path: { id: "01890000-0000-7000-8000-000000000000" }, throwOnError: false });
  const misled = await vigil.createCamera({ body: { name: "", url: "gopher://x" }, throwOnError: false });

  const { stream } = await vigil.followEvents({ query: { last_event_id: 0 } });
  const events: string[] = [];
  for await (const event of stream) {
    events.push(JSON.stringify(event));
    break;
  }
  await vigil.deletePerson({ path: { id }, throwOnError: true });
  const gone = await vigil.getPerson({ path: { id }, throwOnError: false });
  console.log(JSON.stringify({
    found: best.name, similarity: best.similarity, picture_bytes: (picture as Blob).size,
    min_face_px: changed.min_face_px, cameras: cameras.items.length, incidents: incidents.items.length,
    refused: refused.response.status, code: refused.error?.code,
    fields: misled.error?.errors?.map(({ field }) => field).sort(), events: events.length, gone: gone.response.status,
  }));
  process.exit(0); // the stream of events stays open otherwise
}

main(process.argv.slice(2)).catch((failure) => {
  console.error(failure);
  process.exit(1);
});
