// Who else is let in: browsers, and tokens, made and revoked on the device itself alone; and who can read along on the way.

import { agent, get, lock, post, statusKnown, typed } from "./call.js";
import { action, ago, copy, count, div, failed, flash, h2, here, li, make, moment, mono, options, p, say, section, soft, sure, tools } from "./dom.js";

const ROLES = { read: "Asks and looks", write: "Also changes what is indexed, and when", admin: "Everything that you may" };

export function browsers() {
  const box = section("Browsers", "browsers", h2("Browsers"));
  box.append(soft("Each browser that signed in stays so until it is not used for a month, the password changes, or it is signed out. Sign out what you do not know, or have lost."),
    unfolded("Signed in", (place) => signedIn(place)));
  return box;
}

/** Something folded, which is filled when it is first opened. */
function unfolded(title, open) {
  const place = div();
  const details = make("details", { class: "quiet" }, make("summary", {}, title), place);
  details.addEventListener("toggle", () => {
    // What failed is tried again when it is opened again.
    if (!details.open && place.querySelector(".failed")) place.replaceChildren();
    if (details.open && !place.children.length) open(place);
  });
  return details;
}

async function signedIn(place) {
  const end = async (body) => { const done = await post("/v1/sessions/end", body); say(done.done); await again(); };
  // A token is no session: it is taken off this browser alone.
  const leave = async () => { await post("/v1/session/end").catch((error) => { if (error.status !== 409) throw error; }); lock(); };
  const out = () => sure("Sign this browser out", "Sign this browser out?", "Sign it out", leave);
  const again = async () => {
    const { sessions } = await get("/v1/sessions"), others = sessions.filter((one) => !one.current);
    place.replaceChildren(make("ul", { class: "rows" }, ...sessions.map((one) => browser(one, end, leave))),
      ...(sessions.length > others.length ? [] : [soft((sessions.length ? "" : "None is signed in. ") + "This browser has a token and did not sign in: it is not in the list."), out()]),
      others.length > 1 ? sure("Sign all others out", "Sign " + count(others.length, "other browser", "other browsers") + " out?", "Sign them out", () => end({ others: true }), { class: "plain edge" }) : "");
  };
  // A role that may not see the list may leave.
  await again().catch((error) => place.replaceChildren(error.status === 403 ? out() : failed(error)));
}

function browser({ name, browser: what, role, created, used, current }, end, leave) {
  const seen = current ? "in use now" : used === null ? "not seen since" : "last seen " + ago(Math.max(0, Date.now() / 1000 - used));
  return li(
    make("div", { class: "grow" }, make("p", { class: "name" }, what, current ? make("span", { class: "tag" }, "this one") : null),
      soft(["signed in " + moment(created), seen, role === "admin" ? null : ROLES[role] || role].filter(Boolean).join(" · "))),
    sure("Sign out", current ? "Sign this browser out?" : "Sign " + what + " out?", "Sign it out", current ? leave : () => end({ name, created }), { "aria-label": "Sign out " + what }));
}

export function access() {
  const box = section("Programs and people", "access", h2("Programs and people"));
  box.append(soft("A program, or a person who is not you, gets a token of its own: it may do what its role says, and can be revoked alone."));
  if (!here) {
    box.append(soft("For your safety tokens are made at the page on the device itself, or by ", mono(typed("wattle token create NAME")), "."));
    return box;
  }
  box.append(unfolded("Tokens", open));
  return box;
}

export function encryption() {
  const box = section("On the way", "encryption", h2("On the way"));
  const command = mono(typed("wattle tls on"));
  if (location.protocol === "https:") {
    box.append(soft("What you type and see here is encrypted on its way. A browser that warns of this page needs this device’s root certificate, once: "),
      p(make("a", { href: "/v1/tls/root", download: "wattle-root.crt" }, "Root certificate")));
  } else if (here) {
    statusKnown().then(() => {
      const { page } = agent.status || {};
      box.append(soft("On this device itself nobody can read along. ", ...(!page ? ["No other one reaches this page: ", mono(typed("wattle link")), " names what opens it to a phone."]
        : page.trouble ? [page.trouble, " ", mono(typed("wattle link")), " says what to type."]
        : ["Phones open ", mono(page.address), page.tls ? ", which is encrypted." : ", which is not encrypted: everybody in this network can read along. ", ...(page.tls ? [] : [command, " encrypts it from the next start on."]),
          " Checked: the agent listens there, and this device has the address. A firewall is not seen from here. ", mono(typed("wattle up --open-api off")), " closes it."])));
    });
  } else {
    box.append(soft("Everybody in this network can read what you type and see here. On the device, ", command, " encrypts it from its next start on."));
  }
  return box;
}

function open(place) {
  const list = make("ul", { class: "rows" }), secret = make("div", { role: "status" });
  const again = async () => list.replaceChildren(...rows((await get("/v1/tokens")).tokens.filter((one) => one.kind !== "session"), again));
  place.replaceChildren(list, secret, form(secret, again));
  again().catch((error) => list.replaceChildren(li(failed(error))));
}

function rows(tokens, again) {
  if (!tokens.length) return [li("There is none but the agent’s own, which opens this page.")];
  const now = Date.now() / 1000;
  return tokens.map(({ name, role, created, used }) => li(
    make("div", { class: "grow" }, make("p", { class: "name" }, name),
      soft((ROLES[role] || role) + " · made " + moment(created) + " · " + (used === null ? "not used since the agent started" : "used " + ago(Math.max(0, now - used))))),
    sure("Revoke", "Whoever has it is refused from then on.", "Revoke it", async () => { const done = await post("/v1/tokens/revoke", { name }); say(done.done); await again(); }, { "aria-label": "Revoke " + name })));
}

function form(secret, again) {
  const name = make("input", { required: true, maxlength: "40", pattern: "[\\p{L}\\p{N}][\\p{L}\\p{N} ._\\-]*", title: "Letters, digits, blanks and . _ -, first a letter or digit", autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "home-assistant" });
  const role = make("select", {}, options(Object.entries(ROLES)));
  const button = make("button", { type: "submit", class: "plain edge" }, "Make a token");
  const made = make("form", { class: "add" },
    make("div", { class: "pair" }, make("label", {}, "Who it is for", name), make("label", {}, "What it allows", role)),
    button);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    // The refusal of a second press would stand in place of the token, which is told once.
    if (button.disabled) return;
    button.disabled = true;
    try {
      const token = await post("/v1/tokens", { name: name.value.trim(), role: role.value });
      name.value = "";
      secret.replaceChildren(once(token, secret));
      await again().catch((error) => secret.append(failed(error)));
    } catch (error) { secret.replaceChildren(failed(error)); }
    button.disabled = false;
  });
  return made;
}

/** The token itself, which nobody is told again. */
function once({ name, token }, secret) {
  const copied = action("Copy", async (button) => { await copy(token); flash(button, "Copied"); }, { class: "plain edge" });
  return make("div", { class: "notice good" }, p("The token of " + name + " is shown this once. Give it to the program as its key, or as Authorization: Bearer …"),
    p(mono(token)),
    tools(copied, action("I have it", () => secret.replaceChildren())));
}
