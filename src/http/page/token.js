// The token of the agent: where it comes from, where it is kept, and that it is wrong. Nothing else on the page touches it.
//
// It comes in the address's fragment, which browsers send to nobody, or is typed, or is the one of a session that the password opened. It is kept for
// this tab, or on this device if its owner says so. Where the agent's owner said that callers on the device need none, there is none.

const NAME = "token";
const FORM = /(?:^|#token=)([0-9a-f]{64})$/;
const ONCE = /^#once=([0-9a-f]{64})$/;
let token = null;
let wrong = false;
let needless = false;
let code = null;

function stored(store, name = NAME) {
  try { return store().getItem(name); } catch { return null; /* storage is off */ }
}
function write(store, value, name = NAME) {
  try {
    if (value) store().setItem(name, value); else store().removeItem(name);
  } catch { /* it is kept as long as the page is open */ }
}
const tab = () => sessionStorage;
const device = () => localStorage;

/** Takes the token from the address, from which it goes at once, or from where it was kept. A code that lets in once is taken likewise. */
export function takeToken() {
  const once = ONCE.exec(location.hash);
  if (once) {
    code = once[1];
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  const given = FORM.exec(location.hash);
  if (location.hash.startsWith("#token=")) history.replaceState(history.state, "", location.pathname + location.search);
  if (given) keepToken(given[1], false);
  else token = token || stored(tab) || stored(device);
  return token;
}

/** Keeps what was typed: the token, or the whole address that `wattle up` prints. False where it is neither. */
export function typeToken(text, forLong) {
  const given = FORM.exec(text.trim());
  if (given) keepToken(given[1], forLong);
  return Boolean(given);
}

export function takeCode() {
  const given = code;
  code = null;
  return given;
}

/** Keeps the token of a session, for this tab or for long. */
export function keepToken(value, forLong) {
  token = value;
  wrong = false;
  write(tab, value);
  if (forLong) write(device, value);
}

export function refuseToken() {
  wrong = token !== null;
  needless = false;
  // Whoever is remembered by another token, an older or a newer one, stays so.
  forgetToken(stored(device) === token);
}

/** Calls need none: its owner says so. */
export function needNone() {
  needless = true;
}

export function forgetToken(everywhere = true) {
  token = null;
  write(tab, null);
  if (everywhere) write(device, null);
}

/** Whether single letters are commands, as somebody chose in this browser. */
export const keysAct = () => stored(device, "keys") === "on";
export const letKeysAct = (on) => write(device, on ? "on" : null, "keys");

export const hasToken = () => token !== null || needless;
export const wasWrong = () => wrong;
export const credentials = () => token === null ? {} : { Authorization: "Bearer " + token };
