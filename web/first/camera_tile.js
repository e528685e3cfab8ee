// One camera on the screen: its picture with boxes and names, how old it is, and what to mend when
// there is none.
import { element, setText, wait } from "./dom.js";
import { drawFaces } from "./face_overlay.js";
import { takeStill, watchStream } from "./live_stream.js";
import { NotPlayable, VideoFailed, watchVideo } from "./live_video.js";
import { count, faultText, localTime, outcomeWord, score } from "./words.js";

const STALE_AFTER_MS = 6_000;
const STILL_PAUSE_MS = 1_000;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 10_000;
const FACES_TEXT_PAUSE_MS = 1_000;
const AGE_LOOK_MS = 2_000;
// So often may the camera's own video fail before a frame of it was shown; then MJPEG is taken.
const DARK_VIDEOS_MAX = 3;

function labelOf(face) {
  const word = outcomeWord(face.outcome);
  if (!face.name) return word;
  const short = face.outcome === "possible_match" ? "Possible match" : word;
  return `${short}: ${face.name}  ${score(face.similarity)} / ${score(face.threshold)}`;
}

function facesText(faces) {
  if (faces.length === 0) return "No face in the picture.";
  const parts = faces.filter((face) => face.name).map(labelOf);
  const unnamed = faces.filter((face) => !face.name);
  const strangers = unnamed.filter((face) => face.outcome === "stranger").length;
  const judging = unnamed.filter((face) => face.outcome === null).length;
  const others = unnamed.length - strangers - judging;
  if (strangers > 0) parts.push(count(strangers, "stranger", "strangers"));
  if (judging > 0) parts.push(`${judging} still being judged`);
  if (others > 0) parts.push(`${others} not recognisable`);
  return `In the picture: ${parts.join(" · ")}`;
}

function whenVisible(signal) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { signal, once: true });
    signal.addEventListener("abort", resolve, { once: true });
  });
}

export class CameraTile {
  #session;
  #camera;
  #way = "stills";
  #playable = true; // as far as is known
  #darkVideos = 0; // tries of the camera's own video that failed one after another
  #onPlayable;
  #signal;
  #controller = new AbortController();
  #watching = new AbortController();
  #picture = null; // the newest one, drawn or about to be
  #drawing = false;
  #receivedAt = 0;
  #wroteFacesAt = 0;
  #refusal = null; // why the server gives no picture, in its words

  // Ends with `signal` or by remove(). `onPlayable` is called when isPlayable has changed.
  constructor(session, camera, signal, onPlayable) {
    this.#session = session;
    this.#camera = camera;
    this.#onPlayable = onPlayable;
    this.#signal = AbortSignal.any([signal, this.#controller.signal]);
    this.#build();
    this.update(camera);
    this.#watch();
    this.#watchAge();
  }

  get isUp() {
    return this.#camera.state?.up ?? false;
  }

  // Whether this browser can play the camera's own video.
  get isPlayable() {
    return this.#playable;
  }

  remove() {
    this.#controller.abort();
    this.root.remove();
  }

  // The camera as the server last described it.
  update(camera) {
    // Whoever comes back may send other video.
    if (!this.isUp && camera.state?.up) {
      this.#playable = true;
      this.root.title = "";
    }
    this.#camera = camera;
    setText(this.nameText, camera.name);
    this.#showState();
  }

  // "video": the camera's own, "mjpeg": about eight pictures a second, "stills": one a second.
  setWay(way) {
    if (way !== this.#way) this.#watching.abort();
    this.#way = way;
    this.root.dataset.way = way;
  }

  #build() {
    this.nameText = element("strong");
    this.stateText = element("span", { className: "state" });
    this.canvas = element("canvas", { width: 640, height: 360, attributes: { role: "img" } });
    this.faultText = element("p", { className: "error" });
    this.facesText = element("p", { className: "faces small muted" });
    this.root = element("article", { className: "camera" },
      element("header", {}, this.nameText, this.stateText),
      this.canvas, this.faultText, this.facesText);
  }

  async #watch() {
    let backoff = BACKOFF_MIN_MS;
    while (!this.#signal.aborted) {
      await whenVisible(this.#signal);
      const before = this.#receivedAt;
      if (this.#camera.state?.up) await this.#watchOnce();
      backoff = this.#receivedAt > before ? BACKOFF_MIN_MS : Math.min(backoff * 2, BACKOFF_MAX_MS);
      // A camera that is down costs no request here: its state comes with the list of cameras.
      await wait(this.#camera.state?.up ? backoff : BACKOFF_MIN_MS, this.#signal);
    }
  }

  // A picture grows old without anything happening.
  async #watchAge() {
    while (!this.#signal.aborted) {
      await wait(AGE_LOOK_MS, this.#signal);
      this.#showState();
    }
  }

  async #watchOnce() {
    const watching = this.#watching = new AbortController();
    const signal = AbortSignal.any([this.#signal, watching.signal]);
    // A hidden page frees its place among the viewers.
    document.addEventListener("visibilitychange", () => watching.abort(), { signal, once: true });
    const before = this.#receivedAt;
    try {
      await this.#watchPictures(signal);
      this.#refusal = null;
    } catch (failure) {
      if (!signal.aborted) this.#noteFailure(failure, this.#receivedAt > before);
    }
    watching.abort();
    this.#showState();
  }

  #noteFailure(failure, shown) {
    if (shown) this.#darkVideos = 0;
    else if (failure instanceof VideoFailed) ++this.#darkVideos;
    if (!(failure instanceof NotPlayable) && this.#darkVideos < DARK_VIDEOS_MAX) {
      this.#refusal = failure.message;
      return;
    }
    this.#darkVideos = 0;
    this.#playable = false;
    this.root.title = failure.message;
    this.#onPlayable();
  }

  async #watchPictures(signal) {
    const take = (picture) => this.#take(picture);
    const id = this.#camera.id;
    if (this.#way === "video") return watchVideo(this.#session, id, signal, take);
    if (this.#way === "mjpeg") return watchStream(this.#session, id, signal, take);
    while (!signal.aborted) {
      this.#take(await takeStill(this.#session, this.#camera.id, signal));
      await wait(STILL_PAUSE_MS, signal);
    }
  }

  #take(picture) {
    this.#picture = picture;
    this.#receivedAt = performance.now();
    this.#refusal = null;
    this.#draw();
  }

  async #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    try {
      for (let drawn = null; drawn !== this.#picture && !this.#signal.aborted;) {
        drawn = this.#picture;
        await this.#drawOne(drawn);
      }
    } catch {
      this.#refusal = "a picture could not be read";
    } finally {
      this.#drawing = false;
    }
    this.#showState();
  }

  async #drawOne(picture) {
    // A video's frame is drawn while it is there.
    const image = picture.video ?? await createImageBitmap(picture.jpeg);
    // Names last, above the words of others.
    const faces = picture.faces.map((face) => ({ ...face, label: labelOf(face) }))
      .sort((one, other) => Boolean(one.name) - Boolean(other.name));
    drawFaces(this.canvas, image, picture, faces);
    if (!picture.video) image.close();
    this.canvas.dataset.mediaTime = picture.mediaTime ?? "";
    this.#writeFaces(picture.faces);
  }

  #writeFaces(faces) {
    if (performance.now() - this.#wroteFacesAt < FACES_TEXT_PAUSE_MS) return;
    this.#wroteFacesAt = performance.now();
    setText(this.facesText, facesText(faces));
    this.canvas.setAttribute("aria-label", `${this.#camera.name}: ${facesText(faces)}`);
  }

  #showState() {
    const age = performance.now() - this.#receivedAt;
    const time = this.#picture && localTime(this.#picture.time);
    const up = this.#camera.state?.up ?? false;
    const state = !up ? "off" : this.#picture && age < STALE_AFTER_MS ? "live" : "stale";
    this.root.dataset.state = state;
    if (state === "live") setText(this.stateText, `● Live ${time}`);
    else if (time) setText(this.stateText, `Picture as of ${time}`);
    else setText(this.stateText, up ? "Waiting for the first picture" : "No picture yet");
    setText(this.faultText, this.#faultLine(state));
    if (state !== "live") this.#showOld();
  }

  #faultLine(state) {
    if (state === "live") return "";
    const fault = faultText(this.#camera.state);
    if (fault) return `No picture: ${fault}.`;
    return this.#refusal ? `No picture: ${this.#refusal}.` : "";
  }

  #showOld() {
    setText(this.facesText, "");
    const age = this.#picture ? `as of ${localTime(this.#picture.time)}` : "none yet";
    this.canvas.setAttribute("aria-label", `${this.#camera.name}: picture ${age}`);
  }
}
