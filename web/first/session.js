// The login: keeps the access token in memory only and the refresh token in the tab's own storage,
// renews them in time, and sends every request with them.

const BASE = "/api/v1";
const STORED = "vigil.refresh_token";
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
  try {
    return await fetch(BASE + path, options);
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
  });
  if (!response.ok) throw await errorOf(response);
  return response.status === 204 ? null : response.json();
}

export class Session {
  #accessToken = null;
  #expiresAt = 0;
  #renewal = null;
  #onEnd;
  user = null;

  // `onEnd` is called once when the server no longer accepts this login.
  constructor(onEnd) {
    this.#onEnd = onEnd;
  }

  async login(name, password) {
    this.#keep(await postJson("/auth/login", { name, password }));
  }

  // True when the tab still holds a login, for instance after a reload.
  async resume() {
    if (sessionStorage.getItem(STORED) === null) return false;
    await this.#renew();
    return this.#accessToken !== null;
  }

  async logout() {
    const token = sessionStorage.getItem(STORED);
    this.#forget();
    if (token !== null) await postJson("/auth/logout", { refresh_token: token });
  }

  // The answer to a request, whatever its status but 401: then the login is renewed once.
  async fetch(path, options = {}) {
    if (performance.now() > this.#expiresAt - RENEW_BEFORE_MS) await this.#renew();
    const response = await this.#sendWithToken(path, options);
    if (response.status !== 401) return response;
    await this.#renew();
    return this.#sendWithToken(path, options);
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

  #sendWithToken(path, options) {
    if (this.#accessToken === null) throw new ApiError(401, "the login has ended");
    const headers = { ...options.headers, Authorization: `Bearer ${this.#accessToken}` };
    return send(path, { ...options, headers });
  }

  // A refresh token works once, so all who wait share one renewal.
  #renew() {
    this.#renewal ??= this.#renewNow().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewNow() {
    const token = sessionStorage.getItem(STORED);
    if (token === null) return this.#end();
    try {
      const tokens = await postJson("/auth/refresh", { refresh_token: token });
      if (sessionStorage.getItem(STORED) === token) this.#keep(tokens);
    } catch (failure) {
      if (failure.status !== 400 && failure.status !== 401) throw failure;
      this.#end();
    }
  }

  #keep(tokens) {
    this.#accessToken = tokens.access_token;
    this.#expiresAt = performance.now() + tokens.expires_in * 1000;
    this.user = tokens.user;
    sessionStorage.setItem(STORED, tokens.refresh_token);
  }

  #forget() {
    this.#accessToken = null;
    this.#expiresAt = 0;
    sessionStorage.removeItem(STORED);
  }

  #end() {
    this.#forget();
    this.#onEnd();
  }
}
