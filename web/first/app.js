// The page's beginning: shows the login or the operator's screen, and joins the screen's parts.
import { AlertColumn } from "./alerts.js";
import { CameraWall } from "./cameras.js";
import { byId, setText } from "./dom.js";
import { EventFeed, SYSTEM_KINDS } from "./event_feed.js";
import { PhotoSearch } from "./photo_search.js";
import { Session } from "./session.js";
import { count, localTime } from "./words.js";

// What the top bar says: whether the server answers, and how many cameras give a picture.
class ConnectionLine {
  #answeredAt = null;
  #cameras = null;

  constructor() {
    this.#write("live", "Connecting …");
  }

  answered(cameras) {
    this.#answeredAt = new Date();
    this.#cameras = cameras;
    this.#write("live", `${cameras.up} of ${count(cameras.all, "camera", "cameras")} up`);
  }

  failed(failure) {
    const since = this.#answeredAt ? ` As of ${localTime(this.#answeredAt)}.` : "";
    this.#write("stale", `▲ ${failure.message}; trying again.${since}`);
  }

  #write(state, text) {
    byId("connection").dataset.state = state;
    setText(byId("connection"), text);
  }
}

function showLogin(message) {
  byId("screen").hidden = true;
  byId("login").hidden = false;
  setText(byId("login-message"), message);
  document.title = "Vigil";
  byId("login-name").focus();
}

// Runs the screen until `signal` is aborted.
function runScreen(session, signal) {
  const line = new ConnectionLine();
  const onFailure = (failure) => line.failed(failure);
  const alerts = new AlertColumn(session, signal);
  const search = new PhotoSearch(session, signal);
  const wall = new CameraWall(session, signal, (cameras) => {
    alerts.tell({ cameras });
    line.answered(cameras);
  });
  const feed = new EventFeed(session, signal);
  feed.follow(SYSTEM_KINDS, async () => {
    const system = await session.json("/system", { signal });
    search.calibrated = system.decision.calibrated;
    alerts.tell({ persons: system.gallery.persons, calibrated: search.calibrated });
  }, onFailure);
  wall.start(feed, onFailure);
  alerts.start(feed, onFailure);
  search.start();
}

const LOGOUT_RETRY_MS = 2_000;

class Page {
  #session = new Session(() => this.#leave("Your login has ended. Please log in again."));
  #screen = null;

  async start() {
    byId("login-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#login();
    });
    byId("logout").addEventListener("click", () => this.#logout());
    try {
      if (await this.#session.resume()) return this.#enter();
      if (byId("login").hidden) showLogin("");
    } catch (failure) {
      showLogin(`${failure.message}; reload the page to try again.`);
    }
  }

  async #login() {
    const name = byId("login-name").value.trim();
    const password = byId("login-password").value;
    if (!name || !password) return setText(byId("login-message"), "Enter name and password.");
    byId("login-button").disabled = true;
    setText(byId("login-message"), "");
    try {
      await this.#session.login(name, password);
      this.#enter();
    } catch (failure) {
      setText(byId("login-message"), `Not logged in: ${failure.message}`);
    } finally {
      byId("login-button").disabled = false;
    }
  }

  #enter() {
    const { name, role } = this.#session.user;
    byId("login-password").value = "";
    byId("login").hidden = true;
    byId("screen").hidden = false;
    setText(byId("who"), `${name} (${role})`);
    this.#screen = new AbortController();
    runScreen(this.#session, this.#screen.signal);
  }

  #leave(message) {
    this.#screen?.abort();
    showLogin(message);
  }

  async #logout() {
    this.#leave("");
    try {
      await this.#session.logout();
    } catch (failure) {
      this.#logoutPends(failure);
    }
  }

  // The login lives on in the browser's cookies until Vigil hears of the logout.
  #logoutPends(failure) {
    setText(
      byId("login-message"),
      `Logged out on this page, but ${failure.message}: keep it open until the login has ended.`,
    );
    setTimeout(async () => {
      try {
        await this.#session.finishLogout();
        setText(byId("login-message"), "The login has ended.");
      } catch (again) {
        this.#logoutPends(again);
      }
    }, LOGOUT_RETRY_MS);
  }
}

new Page().start();
