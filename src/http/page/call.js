// Calls of the agent's API, and what is known of the agent.

import { credentials, forgetToken, hasToken, refuseToken } from "./token.js";

export class CallError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const watchers = new Set();
/** The newest status of the agent; null before the first. */
export const agent = { status: null, trouble: null };

/** Calls `then` with each new status, or with null when it cannot be had. Gives the way to end that. */
export function watch(then) {
  watchers.add(then);
  return () => watchers.delete(then);
}

export const statusKnown = () => agent.status ? Promise.resolve() : new Promise((done) => {
  const end = watch(() => { end(); done(); });
  setTimeout(done, 1500);
});

export function tell(status, trouble = null) {
  if (status) agent.status = status;
  agent.trouble = trouble;
  for (const watcher of [...watchers]) watcher(agent.status, trouble);
}

let onLocked = () => {};
export function whenLocked(then) { onLocked = then; }

export function lock() {
  delete document.documentElement.dataset.role;
  forgetToken();
  onLocked();
}

/** Whether who is let in may do more than ask and look; an agent of before does not tell. */
export const mayChange = () => document.documentElement.dataset.role !== "read";

export const mayAll = () => mayChange() && document.documentElement.dataset.role !== "write";

/** The command that a person types for this agent, which may have another home than the usual one. */
export const typed = (command) => command + ((agent.status && agent.status.at_home) || "");

/** A response of the agent that says yes; a `CallError` else. */
async function send(path, { method = "GET", body, signal }, headers) {
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new CallError("No agent answers. It may have stopped, or this device is not in the same network.", 0);
  }
  // What the token may do, which the style sheet hides the rest by.
  const role = response.headers.get("Wattle-Role");
  if (role) document.documentElement.dataset.role = role;
  if (response.ok) return response;
  const data = await response.json().catch(() => ({}));
  throw new CallError(data.error || "The agent answered with status " + response.status + ".", response.status);
}

// The first call of a token goes alone: of one that is void, nothing else is asked.
let good = null, first = null;

export async function ask(path, options = {}) {
  while (first) await first;
  if (!hasToken()) throw new CallError("The page needs the agent's token.", 401);
  const own = credentials(), sent = send(path, options, own);
  if (own.Authorization !== good) first = sent.then(() => { good = own.Authorization; }, () => {}).finally(() => { first = null; });
  try {
    return await sent;
  } catch (error) {
    // A late answer to an earlier token says nothing of the one that is used now. Of too many wrong ones (429) only a wrong one is told.
    if ([401, 429].includes(error.status) && own.Authorization === credentials().Authorization) {
      refuseToken();
      onLocked();
    }
    throw error;
  }
}

/** The JSON of a call that needs no token, as the locked page makes them. */
export async function knock(path, body) {
  const response = await send(path, body === undefined ? {} : { method: "POST", body }, {});
  return response.json();
}

export async function get(path, signal) {
  return (await ask(path, { signal })).json();
}

export async function post(path, body = {}, signal) {
  const response = await ask(path, { method: "POST", body, signal });
  return response.status === 204 ? {} : response.json();
}

let later = 0;
export async function look(twice = true) {
  try {
    tell(await get("/v1/status"));
  } catch (error) {
    tell(null, error);
  }
  // What is undone before the stream's next look is no news to it.
  clearTimeout(later);
  if (twice) later = setTimeout(look, 3000, false);
}
