// One alert: who it looks like, where and when, how alike beside what was needed, and both faces
// side by side so that a person can judge.
import { element, setText } from "./dom.js";
import { showWhy } from "./why_dialog.js";
import { count, localTime, oddsText, outcomeText, score, utcTime } from "./words.js";

// Times the face's greater side: the room that the camera's crop leaves around a face, so that both
// faces show at the same scale.
const FACE_MARGIN = 1.1;
const PICTURE_PX = 320;

function timeElement(when) {
  return element("time", {
    dateTime: when, title: utcTime(when), textContent: localTime(when),
  });
}

// The square around the face that the server names, else the whole picture.
function partToShow(bitmap, header) {
  const facts = header ? JSON.parse(header) : null;
  const box = facts?.faces?.[0]?.box;
  if (!box) return { x: 0, y: 0, width: bitmap.width, height: bitmap.height };
  const scale = bitmap.width / facts.width;
  const [x1, y1, x2, y2] = box.map((value) => value * scale);
  const side = Math.max(x2 - x1, y2 - y1) * FACE_MARGIN;
  return { x: (x1 + x2 - side) / 2, y: (y1 + y2 - side) / 2, width: side, height: side };
}

function drawWhole(canvas, bitmap, part) {
  const scale = Math.min(PICTURE_PX / part.width, PICTURE_PX / part.height);
  canvas.width = canvas.height = PICTURE_PX;
  const width = part.width * scale;
  const height = part.height * scale;
  canvas.getContext("2d").drawImage(bitmap, part.x, part.y, part.width, part.height,
    (PICTURE_PX - width) / 2, (PICTURE_PX - height) / 2, width, height);
}

// A picture that is fetched with the login's token; told in words when it is not kept any more.
class Picture {
  #session;
  #caption;

  constructor(session, caption) {
    this.#session = session;
    this.#caption = caption;
    this.canvas = element("canvas", {
      width: PICTURE_PX, height: PICTURE_PX, attributes: { role: "img", "aria-label": caption },
    });
    this.captionText = element("figcaption", { textContent: `${caption}: loading` });
    this.root = element("figure", {}, this.canvas, this.captionText);
  }

  async load(path, signal) {
    try {
      const response = await this.#session.take(path, { signal });
      const bitmap = await createImageBitmap(await response.blob());
      drawWhole(this.canvas, bitmap, partToShow(bitmap, response.headers.get("x-vigil-faces")));
      bitmap.close();
      setText(this.captionText, this.#caption);
    } catch (failure) {
      if (!signal.aborted) setText(this.captionText, `${this.#caption}: ${failure.message}`);
    }
  }
}

export class IncidentCard {
  #session;
  #signal;
  #sightingId = null;
  #otherOf = null; // the sighting whose other person was asked for
  incident = null;

  constructor(session, signal) {
    this.#session = session;
    this.#signal = signal;
    this.#build();
  }

  // The incident as the server last described it; `calibrated`: whether its odds mean anything.
  update(incident, calibrated) {
    this.incident = incident;
    const { best } = incident;
    this.root.dataset.outcome = incident.outcome;
    this.root.dataset.state = incident.state;
    this.outcomeText.dataset.outcome = incident.outcome;
    setText(this.outcomeText, outcomeText(incident.outcome));
    this.#showName(incident);
    this.#showTime(incident);
    setText(this.scoreText,
      `similarity ${score(best.similarity)}, threshold ${score(best.threshold)}`);
    setText(this.oddsText,
      `A stranger would score this high ${oddsText(best.stranger_odds, calibrated)}.`);
    setText(this.countText, this.#countText(incident));
    this.#showAcknowledged(incident);
    this.#loadPictures(incident);
  }

  #build() {
    this.outcomeText = element("span", { className: "outcome" });
    this.timeSlot = element("span", { className: "muted" });
    this.nameText = element("h3");
    this.seen = new Picture(this.#session, "Seen by the camera");
    this.reference = new Picture(this.#session, "Enrolled photo");
    this.scoreText = element("p", { className: "score" });
    this.oddsText = element("p");
    this.countText = element("p", { className: "muted" });
    this.acknowledgedText = element("p", { className: "muted" });
    this.failureText = element("p", { className: "error", attributes: { role: "alert" } });
    this.button = element("button", { type: "button", textContent: "Acknowledge" });
    this.button.addEventListener("click", () => this.#acknowledge());
    this.whyButton = element("button", { type: "button", className: "show-why", textContent: "Show why" });
    this.whyButton.addEventListener("click", () => this.#showWhy());
    this.root = element("article", { className: "card", tabIndex: -1 },
      element("div", { className: "top" }, this.outcomeText, this.timeSlot),
      this.nameText,
      element("div", { className: "pair" }, this.seen.root, this.reference.root),
      this.scoreText, this.oddsText, this.countText,
      this.acknowledgedText, this.failureText,
      element("div", { className: "actions" }, this.button, this.whyButton));
  }

  // Two who are enrolled may be equally near: then one name alone would be a false certainty.
  async #showName({ person_name: name, outcome, best }) {
    if (!best.near_equal || outcome !== "possible_match") {
      this.#otherOf = null;
      setText(this.nameText, `Looks like ${name}`);
      return;
    }
    if (this.#otherOf === best.id) return;
    this.#otherOf = best.id;
    setText(this.nameText, `Looks like ${name}, or somebody else who is enrolled`);
    if (!best.or_person_id) return;
    try {
      const path = `/criminals/${encodeURIComponent(best.or_person_id)}`;
      const person = await this.#session.json(path, { signal: this.#signal });
      if (this.#otherOf === best.id) setText(this.nameText, `Looks like ${name}, or ${person.name}`);
    } catch (failure) {
      // Deleted since: it stays somebody else who is enrolled. Anything else may pass.
      if (failure.status !== 404) this.#otherOf = null;
    }
  }

  #showTime({ first_seen: firstSeen, severity }) {
    if (this.timeSlot.dataset.of === firstSeen) return;
    this.timeSlot.dataset.of = firstSeen;
    this.timeSlot.replaceChildren(`${severity} severity · `, timeElement(firstSeen));
  }

  #countText({ best, sighting_count: sightings, last_seen: lastSeen }) {
    const faces = count(best.face_count, "face in the picture", "faces in the picture");
    const seen = sightings > 1 ? `, seen ${sightings} times until ${localTime(lastSeen)}` : "";
    return `${best.camera_name} · ${faces}${seen}`;
  }

  #showAcknowledged(incident) {
    const done = incident.state === "acknowledged";
    this.button.hidden = done;
    this.button.setAttribute("aria-label",
      `Acknowledge the alert about ${incident.person_name} at ${localTime(incident.first_seen)}`);
    this.whyButton.setAttribute("aria-label",
      `Show why it looks like ${incident.person_name} at ${localTime(incident.first_seen)}`);
    setText(this.acknowledgedText, done
      ? `✓ Acknowledged by ${incident.acknowledged_by}, ${localTime(incident.acknowledged_at)}`
      : "");
  }

  #loadPictures({ id, best }) {
    if (this.#sightingId === best.id) return;
    this.#sightingId = best.id;
    const media = `/incidents/${encodeURIComponent(id)}/media`;
    this.seen.load(`${media}/crop`, this.#signal);
    this.reference.load(`${media}/reference`, this.#signal);
  }

  async #showWhy() {
    this.whyButton.disabled = true;
    setText(this.failureText, "");
    try {
      await showWhy(this.#session, this.incident, this.#signal);
    } catch (failure) {
      if (!this.#signal.aborted) setText(this.failureText, `Not shown: ${failure.message}`);
    } finally {
      this.whyButton.disabled = false;
    }
  }

  async #acknowledge() {
    this.button.disabled = true;
    setText(this.failureText, "");
    try {
      const path = `/incidents/${encodeURIComponent(this.incident.id)}/acknowledge`;
      const incident = await this.#session.json(path, { method: "POST", signal: this.#signal });
      this.incident = incident;
      this.root.dataset.state = incident.state;
      this.#showAcknowledged(incident);
      this.root.focus(); // the button is gone: who works by keyboard goes on from here
    } catch (failure) {
      if (!this.#signal.aborted) setText(this.failureText, `Not acknowledged: ${failure.message}`);
    } finally {
      this.button.disabled = false;
    }
  }
}
