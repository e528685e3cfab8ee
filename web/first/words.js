// How outcomes, scores, odds and times are put into words: the same everywhere on the page.

const OUTCOMES = {
  match: { icon: "●", word: "Match" },
  possible_match: { icon: "◐", word: "Possible match, for review" },
  stranger: { icon: "○", word: "Stranger" },
  unrecognisable: { icon: "–", word: "Not recognisable" },
  spoof: { icon: "–", word: "Not a living face" },
};

const REASONS = {
  too_small: "the face is too small",
  turned_away: "the face is turned away",
  blurred: "the face is blurred",
  dark: "the face is too dark",
  occluded: "the face is covered",
};

const CAUSES = {
  refused: "the connection was refused",
  unauthorised: "the camera refused the user name or password",
  no_route: "the camera cannot be reached",
  not_found: "the camera has no such stream",
  no_video: "the stream carries no video",
  stalled: "the stream stalled",
  undecodable: "the video cannot be decoded",
  frozen: "the picture is frozen",
};

export function outcomeWord(outcome) {
  return OUTCOMES[outcome]?.word ?? "Still judging";
}

// Icon and word: colour never speaks alone.
export function outcomeText(outcome) {
  return `${OUTCOMES[outcome]?.icon ?? "…"} ${outcomeWord(outcome)}`;
}

export function reasonText(reason) {
  return REASONS[reason] ?? "";
}

// Null while the camera works or nothing went wrong yet.
export function faultText(state) {
  if (!state?.cause) return null;
  if (state.cause === "ended") return state.mend; // says both already
  const cause = CAUSES[state.cause] ?? "the stream failed";
  return state.mend ? `${cause}; ${state.mend}` : cause;
}

export function score(value) {
  return Number(value).toFixed(3);
}

// "about 1 in 4,000": two significant digits, for nobody knows more.
function oneIn(odds) {
  const count = 1 / odds;
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return (Math.round(count / scale) * scale).toLocaleString("en-GB");
}

// How often a stranger would score as high. `calibrated` is false for models whose impostors were
// never measured: then nothing is known.
export function oddsText(odds, calibrated = true) {
  if (!calibrated || !Number.isFinite(odds)) return "not known for this model";
  if (odds >= 0.5) return "more than 1 in 2";
  if (odds < 1e-6) return "less than 1 in 1,000,000";
  return `about 1 in ${oneIn(odds)}`;
}

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

function pad(number) {
  return String(number).padStart(2, "0");
}

function clock(date) {
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

// Local time with seconds, and the day when it is not today.
export function localTime(when) {
  const date = new Date(when);
  if (date.toDateString() === new Date().toDateString()) return clock(date);
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  return `${day} ${clock(date)}`;
}

export function utcTime(when) {
  return `${new Date(when).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
