// The wall of cameras: one tile for each that is switched on, kept in step with the server.
import { byId, setText } from "./dom.js";
import { CameraTile } from "./camera_tile.js";
import { CAMERA_KINDS } from "./event_feed.js";

const VIDEOS_MAX = 9; // what a small computer can decode at once
// A browser opens six connections to a server, for all its tabs together: an MJPEG stream keeps
// one, and the stream of events another. Videos come by WebSocket, which is not counted.
const MJPEG_MAX = 1;

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

  start(feed, onFailure) {
    setText(byId("cameras-message"), "Loading the cameras …");
    byId("cameras").replaceChildren();
    feed.follow(CAMERA_KINDS, () => this.#poll(), onFailure);
  }

  async #poll() {
    const { items } = await this.#session.json("/cameras", { signal: this.#signal });
    const watched = items.filter((camera) => camera.enabled);
    this.#dropTiles(watched);
    const up = watched.filter((camera) => camera.state?.up);
    for (const camera of watched) this.#showTile(camera);
    this.#shareOut();
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

  // The first cameras move; of those whose video the browser cannot play, the very first.
  #shareOut() {
    const up = [...this.#tiles.values()].filter((tile) => tile.isUp);
    const videos = new Set(up.filter((tile) => tile.isPlayable).slice(0, VIDEOS_MAX));
    const pictures = new Set(up.filter((tile) => !tile.isPlayable).slice(0, MJPEG_MAX));
    for (const tile of this.#tiles.values()) {
      tile.setWay(videos.has(tile) ? "video" : pictures.has(tile) ? "mjpeg" : "stills");
    }
  }

  #showTile(camera) {
    const tile = this.#tiles.get(camera.id);
    if (tile) return tile.update(camera);
    const made = new CameraTile(this.#session, camera, this.#signal, () => this.#shareOut());
    this.#tiles.set(camera.id, made);
    byId("cameras").append(made.root);
  }
}
