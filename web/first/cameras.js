// The wall of cameras: one tile for each that is switched on, kept in step with the server.
import { byId, repeat, setText } from "./dom.js";
import { CameraTile } from "./camera_tile.js";

const POLL_MS = 2_000;
// A browser opens six connections to a server, for all its tabs together; streams keep theirs.
const MOVING_MAX = 2;

// Tells `onCameras` how many of how many cameras give a picture.
export class CameraWall {
  #session;
  #signal;
  #onCameras;
  #tiles = new Map();

  constructor(session, signal, onCameras) {
    this.#session = session;
    this.#signal = signal;
    this.#onCameras = onCameras;
  }

  start(onFailure) {
    setText(byId("cameras-message"), "Loading the cameras …");
    byId("cameras").replaceChildren();
    repeat(() => this.#poll(), POLL_MS, this.#signal, onFailure);
  }

  async #poll() {
    const { items } = await this.#session.json("/cameras", { signal: this.#signal });
    const watched = items.filter((camera) => camera.enabled);
    this.#dropTiles(watched);
    const up = watched.filter((camera) => camera.state?.up);
    const moving = new Set(up.slice(0, MOVING_MAX));
    for (const camera of watched) this.#showTile(camera, moving.has(camera));
    setText(byId("cameras-message"), this.#message(items, watched));
    this.#onCameras({ up: up.length, all: watched.length });
  }

  #message(items, watched) {
    if (items.length === 0) {
      return "No cameras yet. An administrator adds one under [[cameras]] in vigil.toml, " +
        "or with POST /api/v1/cameras.";
    }
    return watched.length === 0 ? "All cameras are switched off." : "";
  }

  #dropTiles(watched) {
    const ids = new Set(watched.map((camera) => camera.id));
    for (const [id, tile] of this.#tiles) {
      if (ids.has(id)) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
  }

  #showTile(camera, moving) {
    const tile = this.#tiles.get(camera.id);
    if (tile) return tile.update(camera, moving);
    const made = new CameraTile(this.#session, camera, moving, this.#signal);
    this.#tiles.set(camera.id, made);
    byId("cameras").append(made.root);
  }
}
