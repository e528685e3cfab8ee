// One camera's moving picture: the server's MJPEG stream, or single pictures where the browser's
// few connections do not suffice for a stream.
import { MultipartReader } from "./multipart.js";

const SILENCE_MAX_MS = 20_000;

function pictureOf(body, facesHeader) {
  const facts = JSON.parse(facesHeader);
  return { jpeg: new Blob([body], { type: "image/jpeg" }), ...facts };
}

// Aborts when nothing came for a while: a dead connection tells nothing by itself.
class Watchdog {
  #controller = new AbortController();
  #timer;

  constructor(parent) {
    this.signal = AbortSignal.any([parent, this.#controller.signal]);
    this.feed();
  }

  feed() {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), SILENCE_MAX_MS);
  }

  end() {
    clearTimeout(this.#timer);
  }
}

// Gives each picture {jpeg, number, time, width, height, faces} to `onPicture` until the stream
// ends. Throws what the server refused.
export async function watchStream(session, cameraId, signal, onPicture) {
  const watchdog = new Watchdog(signal);
  const path = `/cameras/${encodeURIComponent(cameraId)}/live.mjpeg`;
  try {
    const response = await session.take(path, { signal: watchdog.signal });
    const source = response.body.getReader();
    const reader = new MultipartReader();
    for (;;) {
      const { done, value } = await source.read();
      if (done) return;
      watchdog.feed();
      // Whoever falls behind sees the newest picture, not each of them late.
      const newest = reader.push(value).at(-1);
      if (newest) onPicture(pictureOf(newest.body, newest.headers.get("x-vigil-faces")));
    }
  } finally {
    watchdog.end();
  }
}

// One picture as it is now.
export async function takeStill(session, cameraId, signal) {
  const path = `/cameras/${encodeURIComponent(cameraId)}/snapshot.jpg`;
  const response = await session.take(path, { signal });
  return pictureOf(await response.arrayBuffer(), response.headers.get("x-vigil-faces"));
}
