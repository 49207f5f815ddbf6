// The door: lets a person in by the page's password, by a token, or by choosing the password as a new agent's first visitor.
//
// What was wrong is told apart from what is missing, and from a password that is not set.

import { knock } from "./call.js";
import { at, make, mono, p } from "./dom.js";
import { hasToken, keepToken, needNone, takeCode, typeToken, wasWrong } from "./token.js";

let told = "";
let triedWithout = false;

/** Uses the code that `wattle open` put into the address, if there is one; true where it let in. */
export async function redeem() {
  const code = takeCode();
  if (!code) return false;
  try {
    keepToken((await knock("/v1/session", { once: code })).token, false);
    return true;
  } catch (error) {
    told = error.message;
    return false;
  }
}

/** Shows what lets in, and calls `begin` once somebody is. */
export async function door(begin) {
  at("strip").hidden = true;
  document.title = "Wattle is locked";
  const offer = await knock("/v1/door").catch((error) => ({ trouble: error.message }));
  if (hasToken()) return;
  if (offer.open && !triedWithout) {
    triedWithout = true;
    needNone();
    return begin();
  }
  const wrong = wasWrong() ? "The agent did not take this token. It belongs to another device, it was revoked or has expired, or the agent has a new one." : "";
  const notice = make("p", { class: "notice", role: "alert", hidden: !(wrong || told || offer.trouble) }, wrong || told || offer.trouble || "");
  told = "";
  const ways = offer.first_visit ? [firstVisit(notice, begin), byToken(notice, begin, true)]
    : offer.password ? [byPassword(notice, begin), byToken(notice, begin, true)] : [byToken(notice, begin, false)];
  at("main").replaceChildren(make("div", { class: "card door" }, make("h1", {}, offer.first_visit ? "Choose a password" : "This page is locked"), notice, ways));
  at("main").querySelector("input").focus();
}

function tell(notice, text, field) {
  notice.textContent = text;
  notice.hidden = false;
  field.focus();
}

function secret(id, autocomplete, help) {
  return make("input", { id, type: "password", autocomplete, spellcheck: "false", autocapitalize: "none", required: true, "aria-describedby": help });
}

function remember(id) {
  const box = make("input", { type: "checkbox", id });
  return { box, label: make("label", { class: "check" }, box, " Remember this browser. Only where nobody else uses it.") };
}

/** A box that shows what is typed into these fields: long words are typed wrong on a phone. */
function showing(...fields) {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => { for (const field of fields) field.type = box.checked ? "text" : "password"; });
  return make("label", { class: "check" }, box, " Show what is typed");
}

function form(notice, field, act, ...children) {
  const button = children.find((child) => child && child.type === "submit");
  const whole = make("form", {}, ...children);
  whole.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    notice.hidden = true;
    try {
      await act();
    } catch (error) {
      tell(notice, error.message || String(error), field);
    }
    button.disabled = false;
  });
  return whole;
}

const submit = (text) => make("button", { type: "submit", class: "main" }, text);

function byPassword(notice, begin) {
  const field = secret("password", "current-password", "password-help");
  const long = remember("long");
  return form(notice, field, async () => {
    const session = await knock("/v1/session", { password: field.value });
    keepToken(session.token, long.box.checked);
    begin();
  }, make("p", { id: "password-help" }, "It opens with the password of this page. Whoever forgot it types ", mono("wattle open"), " or ",
    mono("wattle password set"), " on the device."),
  make("label", { for: "password" }, "Password"), field, showing(field), long.label, submit("Open"));
}

function firstVisit(notice, begin) {
  const field = secret("password", "new-password", "password-help");
  const again = secret("again", "new-password", "password-help");
  const long = remember("long");
  return form(notice, field, async () => {
    if (field.value !== again.value) throw new Error("The two passwords differ.");
    const session = await knock("/v1/password/first", { password: field.value });
    keepToken(session.token, long.box.checked);
    begin();
  }, make("p", { id: "password-help" }, "This agent is new, and its page has no password yet. Whoever opens it first chooses one: at least 8 characters. " +
    "After half an hour only its owner does, on the device."),
  make("label", { for: "password" }, "New password"), field, make("label", { for: "again" }, "The same once more"), again, showing(field, again), long.label, submit("Set it and open"));
}

function byToken(notice, begin, folded) {
  const field = secret("token", "off", "token-help");
  const long = remember("long-token");
  const whole = form(notice, field, async () => {
    if (!typeToken(field.value, long.box.checked)) throw new Error("That is no token: it has 64 digits and letters from a to f.");
    begin();
  }, make("p", { id: "token-help" }, "On the device, type ", mono("wattle open"),
    " or ", mono("wattle link"), ": the address that it prints can be pasted here whole. The token is also in the file ", mono("api-token"), " of the agent's home."),
  folded ? null : p("No password is set for this page. On the device, ", mono("wattle password set"), " sets one."),
  make("label", { for: "token" }, "Token or whole address"), field, long.label, submit("Open"));
  return folded ? make("details", { open: wasWrong() }, make("summary", {}, "Open it with a token"), whole) : whole;
}
