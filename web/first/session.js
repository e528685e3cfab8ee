// The login: a cookie that no script can read. Renews it in time, and sends every request with the
// header that requests from elsewhere cannot carry.

const BASE = "/api/v1";
// Tells after a reload, and in other tabs, that there is a login to resume. No secret.
const MARK = "vigil.logged_in";
// Tells that a logout has yet to reach the server. Until it does the cookies hold the login: no
// script can take them away.
const LEAVING = "vigil.logging_out";
const LOCK = "vigil.login";
const RENEW_BEFORE_MS = 60_000;

// What the server refused (its own sentence), or that it did not answer (status 0).
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function errorOf(response) {
  const problem = await response.json().catch(() => ({}));
  const fields = (problem.errors ?? []).map((error) => `${error.field} ${error.message}`);
  const text = fields.length > 0 ? fields.join("; ") : problem.detail;
  return new ApiError(response.status, text ?? `the server answered ${response.status}`);
}

async function send(path, options) {
  const headers = { ...options.headers, "X-Vigil-Csrf": "1" };
  try {
    return await fetch(BASE + path, { ...options, headers });
  } catch (failure) {
    if (options.signal?.aborted) throw failure;
    throw new ApiError(0, "Vigil does not answer");
  }
}

async function postJson(path, body) {
  const response = await send(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    // Finished even when the page goes: a refresh whose answer is lost would end the login.
    keepalive: true,
  });
  if (!response.ok) throw await errorOf(response);
  return response.status === 204 ? null : response.json();
}

// A refresh works once, so that tabs take turns. Browsers have no locks where they do not keep the
// cookie either.
function inTurn(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}

export class Session {
  #expiresAt = 0;
  #renewal = null;
  #onEnd;
  user = null;

  // `onEnd` is called once when the server no longer accepts this login.
  constructor(onEnd) {
    this.#onEnd = onEnd;
  }

  async login(name, password) {
    if (!globalThis.isSecureContext) {
      throw new ApiError(0, "this browser keeps logins only over https, or on the machine itself");
    }
    this.#keep(await inTurn(() => postJson("/auth/login", { name, password, cookie: true })));
    localStorage.removeItem(LEAVING);
  }

  // True when this browser still holds a login, for instance after a reload.
  async resume() {
    await this.finishLogout();
    if (localStorage.getItem(MARK) === null) return false;
    await this.#renew();
    return this.user !== null;
  }

  async logout() {
    this.#forget();
    localStorage.setItem(LEAVING, "1");
    await this.finishLogout();
  }

  // Tells the server of a logout that it has not heard of yet; throws while it does not answer.
  async finishLogout() {
    await inTurn(async () => {
      if (localStorage.getItem(LEAVING) === null) return;
      try {
        await postJson("/auth/logout", {});
      } catch (failure) {
        // Any other refusal took the cookies away as well.
        if (failure.status === 0 || failure.status >= 500) throw failure;
      }
      localStorage.removeItem(LEAVING);
    });
  }

  // Renews the login when it ends soon, or in any case; for what sends no request of ours.
  async ensureFresh(always = false) {
    if (always || performance.now() > this.#expiresAt - RENEW_BEFORE_MS) await this.#renew();
  }

  // The answer to a request, whatever its status but 401: then the login is renewed once.
  async fetch(path, options = {}) {
    await this.ensureFresh();
    const response = await this.#sendLoggedIn(path, options);
    if (response.status !== 401) return response;
    await this.#renew();
    return this.#sendLoggedIn(path, options);
  }

  // The answer to a request that went well; throws ApiError otherwise.
  async take(path, options) {
    const response = await this.fetch(path, options);
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  async json(path, options) {
    return (await this.take(path, options)).json();
  }

  #sendLoggedIn(path, options) {
    if (this.user === null) throw new ApiError(401, "the login has ended");
    return send(path, options);
  }

  // All who wait share one renewal.
  #renew() {
    this.#renewal ??= this.#renewNow().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewNow() {
    try {
      const login = await inTurn(() =>
        localStorage.getItem(MARK) === null ? null : postJson("/auth/refresh", {}));
      if (login === null || localStorage.getItem(MARK) === null) return this.#end();
      this.#keep(login);
    } catch (failure) {
      if (failure.status !== 400 && failure.status !== 401) throw failure;
      this.#end();
    }
  }

  #keep(login) {
    this.#expiresAt = performance.now() + login.expires_in * 1000;
    this.user = login.user;
    localStorage.setItem(MARK, "1");
  }

  #forget() {
    this.user = null;
    this.#expiresAt = 0;
    localStorage.removeItem(MARK);
  }

  #end() {
    this.#forget();
    this.#onEnd();
  }
}
