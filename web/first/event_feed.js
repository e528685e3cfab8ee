// What happens, as it happens: the page's one EventSource, and tasks that run when something of
// theirs happened. While the stream is down they run every few seconds instead.
import { wait } from "./dom.js";

const SLOW_MS = 30_000;
const FALLBACK_MS = 3_000;
// Several events at once, as at the end of a visit, are one piece of news.
const GATHER_MS = 150;
const BACKOFF_MIN_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;

export const INCIDENT_KINDS = [
  "incident.created", "incident.updated", "incident.acknowledged", "incident.verdict",
];
export const CAMERA_KINDS = ["camera.up", "camera.down", "camera.stopped"];
export const SYSTEM_KINDS = ["system.started", "gallery.changed"];
const ALL_KINDS = [...INCIDENT_KINDS, ...CAMERA_KINDS, ...SYSTEM_KINDS];

export class EventFeed {
  #session;
  #signal;
  #source = null;
  #lastId = "";
  #wasOpen = false;
  #backoff = BACKOFF_MIN_MS;
  #followers = new Set();

  constructor(session, signal) {
    this.#session = session;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#source?.close(), { once: true });
    this.#open();
  }

  get isOpen() {
    return this.#source?.readyState === EventSource.OPEN;
  }

  // Runs `task` now, whenever one of `kinds` happened, and now and then all the same: some changes
  // are no event. `onFailure` hears what it threw.
  async follow(kinds, task, onFailure) {
    const follower = { kinds, news: true, wake: () => {} };
    this.#followers.add(follower);
    let failed = false;
    while (!this.#signal.aborted) {
      follower.news = false;
      try {
        await task();
        // What ails one ails all: the others need not wait out their pause.
        if (failed) this.#tell((other) => other !== follower);
        failed = false;
      } catch (failure) {
        failed = true;
        if (!this.#signal.aborted) onFailure(failure);
      }
      await this.#pause(follower, failed || !this.isOpen ? FALLBACK_MS : SLOW_MS);
    }
  }

  async #pause(follower, milliseconds) {
    if (!follower.news) {
      const sleep = new AbortController();
      follower.wake = () => sleep.abort();
      await wait(milliseconds, AbortSignal.any([this.#signal, sleep.signal]));
      follower.wake = () => {};
    }
    if (follower.news) await wait(GATHER_MS, this.#signal);
  }

  #tell(concerns) {
    for (const follower of this.#followers) {
      if (!concerns(follower)) continue;
      follower.news = true;
      follower.wake();
    }
  }

  #open() {
    if (this.#signal.aborted) return;
    // A browser's own reconnection tells the last id by itself; a new EventSource does not.
    const query = this.#lastId ? `?last_event_id=${encodeURIComponent(this.#lastId)}` : "";
    const source = this.#source = new EventSource(`/api/v1/events${query}`);
    source.addEventListener("open", () => {
      this.#backoff = BACKOFF_MIN_MS;
      this.#wasOpen = true;
      this.#tell(() => true); // what happened before it was open
    });
    source.addEventListener("error", () => this.#failed(source));
    source.addEventListener("ready", (event) => this.#note(event));
    source.addEventListener("reset", (event) => {
      this.#note(event);
      this.#tell(() => true);
    });
    for (const kind of ALL_KINDS) {
      source.addEventListener(kind, (event) => {
        this.#note(event);
        this.#tell((follower) => follower.kinds.includes(kind));
      });
    }
  }

  #note(event) {
    if (event.lastEventId) this.#lastId = event.lastEventId;
  }

  // Where the connection broke the browser opens it again; where the server refused it never does.
  async #failed(source) {
    // Once: while the server is away the followers keep to their slow pace.
    if (this.#wasOpen) this.#tell(() => true);
    this.#wasOpen = false;
    if (source.readyState !== EventSource.CLOSED || source !== this.#source) return;
    this.#source = null;
    await wait(this.#backoff, this.#signal);
    this.#backoff = Math.min(this.#backoff * 2, BACKOFF_MAX_MS);
    try {
      if (!this.#signal.aborted) await this.#session.ensureFresh(this.#backoff === 2 * BACKOFF_MIN_MS);
    } catch {
      // The followers' own requests tell it.
    }
    this.#open();
  }
}
