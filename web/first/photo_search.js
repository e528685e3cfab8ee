// "Who is this?": a photo is dropped, chosen or pasted, and every face on it gets its verdict.
import { byId, element, setText } from "./dom.js";
import { drawFaces } from "./face_overlay.js";
import { count, oddsText, outcomeText, reasonText, score } from "./words.js";

const PHOTO_BYTES_MAX = 10_000_000;
// Of those who are like nobody only the nearest is worth a look.
const CANDIDATES_MAX = 3;
const COLUMNS = [
  "Enrolled person", "Similarity", "Threshold", "Verdict", "A stranger scores this high",
];

function isLikeSomebody(face) {
  return face.outcome === "match" || face.outcome === "possible_match";
}

function verdictText(face) {
  if (isLikeSomebody(face)) {
    const best = face.candidates[0];
    return best ? `${outcomeText(face.outcome)}: ${best.name}` : outcomeText(face.outcome);
  }
  if (face.outcome === "stranger") return `${outcomeText(face.outcome)}: nobody who is enrolled`;
  const reason = reasonText(face.reason);
  return reason ? `${outcomeText(face.outcome)}: ${reason}` : outcomeText(face.outcome);
}

function candidateRow(candidate, threshold, calibrated) {
  const cells = [
    candidate.name,
    score(candidate.similarity),
    score(threshold),
    candidate.passes ? "✓ passes" : "below",
    oddsText(candidate.stranger_odds, calibrated),
  ];
  return element("tr", {}, ...cells.map((text) => element("td", { textContent: text })));
}

function candidateTable(face, calibrated) {
  const head = element("tr", {}, ...COLUMNS.map((text) =>
    element("th", { scope: "col", textContent: text })));
  const shown = face.candidates.slice(0, isLikeSomebody(face) ? CANDIDATES_MAX : 1);
  const rows = shown.map((candidate) =>
    candidateRow(candidate, face.threshold, calibrated));
  return element("div", { className: "table" },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function faceVerdict(face, number, calibrated) {
  const verdict = element("span", { className: "outcome", textContent: verdictText(face) });
  verdict.dataset.outcome = face.outcome;
  const title = element("h3", {}, `Face ${number}: `, verdict);
  const detail = face.candidates.length > 0
    ? candidateTable(face, calibrated)
    : element("p", { className: "muted", textContent: "No candidates." });
  return element("div", {}, title, detail);
}

export class PhotoSearch {
  #session;
  #signal;
  #current = new AbortController();
  calibrated = true;

  constructor(session, signal) {
    this.#session = session;
    this.#signal = signal;
  }

  start() {
    setText(byId("search-message"), "");
    byId("search-result").hidden = true;
    const options = { signal: this.#signal };
    const input = byId("search-file");
    input.addEventListener("change", () => {
      this.#search(input.files[0]);
      input.value = "";
    }, options);
    document.addEventListener("paste", (event) =>
      this.#takeFrom(event, event.clipboardData), options);
    document.addEventListener("dragover", (event) => this.#over(event, true), options);
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.#over(event, false);
    }, options);
    // Anywhere on the page: a photo that misses the frame must not replace the page.
    document.addEventListener("drop", (event) => {
      this.#over(event, false);
      this.#takeFrom(event, event.dataTransfer);
    }, options);
  }

  #over(event, isOver) {
    event.preventDefault();
    byId("search").classList.toggle("over", isOver);
  }

  #takeFrom(event, transfer) {
    const file = transfer?.files?.[0];
    if (!file) return;
    event.preventDefault();
    this.#search(file);
  }

  async #search(file) {
    if (!file) return;
    this.#current.abort();
    this.#current = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#current.signal]);
    const message = byId("search-message");
    byId("search-result").hidden = true;
    message.classList.remove("error");
    setText(message, `Searching ${file.name} …`);
    try {
      await this.#ask(file, signal);
    } catch (failure) {
      if (signal.aborted) return;
      message.classList.add("error");
      setText(message, `No answer for ${file.name}: ${failure.message}`);
    }
  }

  async #ask(file, signal) {
    if (file.size > PHOTO_BYTES_MAX) throw new Error("the photo is larger than 10 MB");
    const body = new FormData();
    body.append("file", file);
    const answer = await this.#session.json("/criminals/search-by-image",
      { method: "POST", body, signal });
    const bitmap = await createImageBitmap(file);
    if (signal.aborted) return;
    this.#show(file.name, bitmap, answer);
    bitmap.close();
  }

  #show(name, bitmap, answer) {
    const result = byId("search-result");
    const label = `${name} with ${count(answer.faces.length, "face", "faces")}`;
    const canvas = element("canvas", { attributes: { role: "img", "aria-label": label } });
    const verdicts = answer.faces.map((face, place) =>
      faceVerdict(face, place + 1, this.calibrated));
    result.replaceChildren(element("div", {}, canvas),
      element("div", { className: "verdicts" }, ...verdicts));
    result.hidden = false;
    drawFaces(canvas, bitmap, answer, answer.faces.map((face, place) =>
      ({ box: face.box, outcome: face.outcome, label: String(place + 1) })));
    setText(byId("search-message"), this.#summary(name, answer));
  }

  #summary(name, { faces, gallery }) {
    if (faces.length === 0) {
      return `${name}: no face was found. Use a sharper or larger picture of the face.`;
    }
    const people = gallery.persons === 0
      ? "nobody is enrolled yet"
      : `compared with ${count(gallery.persons, "enrolled person", "enrolled people")}`;
    return `${name}: ${count(faces.length, "face", "faces")}, ${people}.`;
  }
}
