// One camera's own video: fragments of MP4 through a WebSocket into MediaSource. A WebSocket takes
// none of the few connections that a browser opens to a server.

const SILENCE_MAX_MS = 20_000;
const BEHIND_LEAST_S = 0.15; // of the newest frame: what evens out the network
const BEHIND_SLOW_S = 0.3;
const BEHIND_MAX_S = 1.5;
// What came before the viewer comes at once, and is skipped.
const JOINING_MS = 1_000;
const CATCH_UP_RATE = 1.05;
const KEPT_S = 10;
const FACES_KEPT_S = 2;
// A box belongs to the frames until the next look; older ones would stand beside their face.
const FACES_VALID_S = 0.6;
const FRAME_S = 0.02;

// This camera's video cannot be played here; its MJPEG can.
export class NotPlayable extends Error {}
// It should play, but does not: refused on the way, damaged, or nothing to be seen.
export class VideoFailed extends Error {}

// The type for MediaSource; throws NotPlayable, or what the server refused.
async function typeOf(session, path, signal) {
  if (!("MediaSource" in globalThis && "requestVideoFrameCallback" in HTMLVideoElement.prototype)) {
    throw new NotPlayable("this browser plays no live video");
  }
  const response = await session.fetch(path, { signal });
  // What stands between may answer in its own words.
  const told = await response.json().catch(() => ({}));
  const detail = told.detail ?? `the server answered ${response.status}`;
  if (response.status === 409) throw new NotPlayable(detail);
  if (!response.ok || !told.codec) throw new Error(detail);
  const { codec } = told;
  const type = `video/mp4; codecs="${codec}"`;
  if (MediaSource.isTypeSupported(type)) return type;
  throw new NotPlayable(`this browser cannot play ${codec}`);
}

// The faces that were told, by the player's time.
class Faces {
  #told = [];

  push(faces) {
    this.#told.push(faces);
    const newest = faces.media_time;
    this.#told = this.#told.filter((one) => one.media_time > newest - FACES_KEPT_S);
  }

  // Null before the first were told.
  at(mediaTime) {
    const past = this.#told.filter((one) => one.media_time <= mediaTime + FRAME_S);
    const nearest = past.at(-1) ?? this.#told[0];
    if (!nearest) return null;
    const shift = mediaTime - nearest.media_time;
    return {
      ...nearest,
      time: new Date(Date.parse(nearest.time) + shift * 1000),
      faces: shift >= -FRAME_S && shift <= FACES_VALID_S ? nearest.faces : [],
    };
  }
}

// Appends what comes and keeps the player near the newest frame.
class Player {
  #video = document.createElement("video");
  #source = new MediaSource();
  #buffer = null;
  #queue = [];
  #faces = new Faces();
  #url = URL.createObjectURL(this.#source);
  #begunAt = Infinity;
  #onPicture;
  #onFailure;

  constructor(type, onPicture, onFailure) {
    this.#onPicture = onPicture;
    this.#onFailure = onFailure;
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#video.disableRemotePlayback = true;
    this.#video.addEventListener("error", () => onFailure(new Error("the video is damaged")));
    this.#source.addEventListener("sourceopen", () => {
      this.#guarded(() => {
        this.#buffer = this.#source.addSourceBuffer(type);
        this.#buffer.addEventListener("updateend", () => this.#guarded(() => this.#goOn()));
        this.#goOn();
      });
    }, { once: true });
    this.#video.src = this.#url;
    this.#awaitFrame();
  }

  tell(faces) {
    this.#faces.push(faces);
  }

  push(bytes) {
    this.#queue.push(bytes);
    this.#guarded(() => this.#goOn());
  }

  end() {
    this.#onFailure = () => {};
    this.#video.removeAttribute("src");
    this.#video.load();
    URL.revokeObjectURL(this.#url);
  }

  #guarded(step) {
    try {
      step();
    } catch (failure) {
      this.#onFailure(failure);
    }
  }

  #goOn() {
    if (this.#buffer === null || this.#buffer.updating) return;
    this.#stayNear();
    if (this.#queue.length > 0) {
      this.#buffer.appendBuffer(joined(this.#queue.splice(0)));
    } else if (this.#oldest() < this.#video.currentTime - 2 * KEPT_S) {
      this.#buffer.remove(0, this.#video.currentTime - KEPT_S);
    }
  }

  get #begun() {
    return this.#begunAt !== Infinity;
  }

  #oldest() {
    return this.#buffer.buffered.length > 0 ? this.#buffer.buffered.start(0) : Infinity;
  }

  #stayNear() {
    const { buffered } = this.#buffer;
    // A seek that still decodes would only be begun anew.
    if (buffered.length === 0 || this.#video.seeking) return;
    const last = buffered.length - 1;
    const end = buffered.end(last);
    const near = Math.max(buffered.start(last), end - BEHIND_LEAST_S);
    const behind = end - this.#video.currentTime;
    const joining = performance.now() < this.#begunAt + JOINING_MS;
    const most = joining ? BEHIND_SLOW_S : BEHIND_MAX_S;
    if (!this.#begun || behind > most || this.#video.currentTime < buffered.start(last)) {
      this.#video.currentTime = near;
    }
    this.#video.playbackRate = behind > BEHIND_SLOW_S ? CATCH_UP_RATE : 1;
    if (this.#begun) return;
    this.#begunAt = performance.now();
    // Refused only where the page is going, or by a rule against videos that begin by themselves.
    this.#video.play().catch((failure) => this.#onFailure(failure));
  }

  #awaitFrame() {
    this.#video.requestVideoFrameCallback((_now, { mediaTime }) => {
      const { videoWidth: width, videoHeight: height } = this.#video;
      const faces = this.#faces.at(mediaTime) ?? { time: new Date(), width, height, faces: [] };
      this.#onPicture({ ...faces, video: this.#video, mediaTime });
      this.#awaitFrame();
    });
  }
}

function joined(pieces) {
  if (pieces.length === 1) return pieces[0];
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(new Uint8Array(piece), at);
    at += piece.byteLength;
  }
  return all;
}

// Browsers call it an error when a socket is closed before it is open.
function close(socket) {
  if (socket.readyState !== WebSocket.CONNECTING) return socket.close();
  socket.addEventListener("open", () => socket.close());
}

// Gives each shown frame as {video, mediaTime, time, width, height, faces} to `onPicture` until the
// stream ends or no frame was shown for a while. Throws NotPlayable, VideoFailed, and what the server
// refused.
export async function watchVideo(session, cameraId, signal, onPicture) {
  const path = `/cameras/${encodeURIComponent(cameraId)}/live`;
  const type = await typeOf(session, path, signal);
  if (signal.aborted) return;
  const socket = new WebSocket(new URL(`/api/v1${path}`, location.href.replace(/^http/, "ws")));
  socket.binaryType = "arraybuffer";
  let timer;
  let player = null;
  try {
    await new Promise((resolve, reject) => {
      const fail = ({ message }) => reject(new VideoFailed(message));
      const watch = (end) => {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE_MAX_MS);
      };
      watch(() => fail({ message: "the video shows nothing" }));
      // Not by what the socket brings: a player can stand while it talks.
      player = new Player(type, (picture) => {
        watch(resolve);
        onPicture(picture);
      }, fail);
      signal.addEventListener("abort", resolve, { once: true });
      let opened = false;
      socket.addEventListener("open", () => (opened = true));
      // Browsers do not tell why an upgrade was refused.
      socket.addEventListener("close", () => (opened ? resolve()
        : fail({ message: "live video is refused on the way" })));
      socket.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return player.push(data);
        const told = JSON.parse(data);
        if ("media_time" in told) player.tell(told);
      });
    });
  } finally {
    clearTimeout(timer);
    close(socket);
    player?.end();
  }
}
