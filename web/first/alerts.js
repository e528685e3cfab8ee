// The column of alerts: the newest incidents first, as they come, and the one that a message's link
// names.
import { byId, setText } from "./dom.js";
import { INCIDENT_KINDS } from "./event_feed.js";
import { IncidentCard } from "./incident_card.js";
import { count, localTime } from "./words.js";

const SHOWN_MAX = 20;

export class AlertColumn {
  #session;
  #signal;
  #cards = new Map();
  #linkedId = new URLSearchParams(location.search).get("incident");
  #answeredAt = null;
  #items = [];
  #stale = false;
  // What GET /system and the cameras' list told last; null: not yet.
  #facts = { calibrated: true, persons: null, cameras: null };

  constructor(session, signal) {
    this.#session = session;
    this.#signal = signal;
  }

  start(feed, onFailure) {
    setText(byId("alerts-message"), "Loading the alerts …");
    byId("alert-list").replaceChildren();
    feed.follow(INCIDENT_KINDS, () => this.#poll(), (failure) => {
      this.#markStale();
      onFailure(failure);
    });
    if (this.#linkedId) this.#showLinked();
  }

  // Some of the facts are known anew.
  tell(facts) {
    Object.assign(this.#facts, facts);
    this.#show(this.#items);
    if (this.#answeredAt !== null && !this.#stale) this.#writeMessage();
  }

  async #poll() {
    const path = `/incidents?limit=${SHOWN_MAX}`;
    const { items } = await this.#session.json(path, { signal: this.#signal });
    const isFirst = this.#answeredAt === null;
    this.#answeredAt = new Date();
    this.#stale = false;
    byId("alert-list").classList.remove("stale");
    const fresh = items.filter((incident) => !this.#cards.has(incident.id));
    this.#show(items);
    if (!isFirst && fresh.length > 0) this.#announce(fresh);
    this.#items = items;
    this.#writeMessage();
    const open = items.filter((incident) => incident.state === "open").length;
    document.title = open > 0 ? `(${open}) Vigil` : "Vigil";
  }

  // Moves no card that stays in its place, so that focus and scrolling hold.
  #show(items) {
    const list = byId("alert-list");
    const ids = new Set(items.map((incident) => incident.id));
    for (const [id, card] of this.#cards) {
      if (ids.has(id)) continue;
      card.root.remove();
      this.#cards.delete(id);
    }
    items.forEach((incident, place) => {
      const card = this.#cards.get(incident.id) ?? new IncidentCard(this.#session, this.#signal);
      this.#cards.set(incident.id, card);
      card.update(incident, this.#facts.calibrated);
      if (list.children[place] !== card.root) list.insertBefore(card.root, list.children[place]);
    });
  }

  #announce(fresh) {
    const news = fresh.map((incident) =>
      `looks like ${incident.person_name} at ${incident.best.camera_name}`);
    setText(byId("alerts-news"),
      `${count(fresh.length, "new alert", "new alerts")}: ${news.join("; ")}`);
  }

  #writeMessage() {
    setText(byId("alerts-message"), this.#items.length > 0 ? "" : this.#emptyText());
  }

  // An empty column beside a dead camera must not look calm.
  #emptyText() {
    const { cameras, persons } = this.#facts;
    if (persons === 0) {
      return "No alerts: nobody is enrolled. Enrol the first person: vigil enroll NAME PHOTO";
    }
    if (cameras === null || persons === null) return "No alerts yet.";
    const enrolled = `${count(persons, "person is", "people are")} enrolled`;
    if (cameras.up < cameras.all) {
      return "No alerts yet, " +
        `but only ${cameras.up} of ${cameras.all} cameras give a picture; ${enrolled}.`;
    }
    return `No alerts yet. ${enrolled}, and ${cameras.up} of ${cameras.all} cameras are watched.`;
  }

  #markStale() {
    if (this.#signal.aborted) return;
    this.#stale = true;
    byId("alert-list").classList.add("stale");
    setText(byId("alerts-message"), this.#answeredAt === null
      ? "The alerts cannot be read yet; trying again."
      : `Alerts as of ${localTime(this.#answeredAt)}; trying again.`);
  }

  async #showLinked() {
    const place = byId("alert-linked");
    place.hidden = false;
    place.replaceChildren("The alert of the link you followed:");
    try {
      const path = `/incidents/${encodeURIComponent(this.#linkedId)}`;
      const incident = await this.#session.json(path, { signal: this.#signal });
      const card = new IncidentCard(this.#session, this.#signal);
      card.update(incident, this.#facts.calibrated);
      place.append(card.root);
    } catch (failure) {
      place.append(` ${failure.message}`);
    }
  }
}
