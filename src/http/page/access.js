// Who else is let in: tokens of programs and people, each with a role, made and revoked on the device itself alone. And who can read along on the way.

import { get, post, typed } from "./call.js";
import { action, ago, copy, failed, here, make, moment, say, sure } from "./dom.js";

const ROLES = { read: "Asks and looks", write: "Also changes what is indexed, and when", admin: "Everything that you may" };

/** The part of the page about them; the list is asked for when somebody opens it. */
export function access() {
  const box = make("section", { class: "card", id: "access", "aria-label": "Programs and people" }, make("h2", {}, "Programs and people"));
  box.append(make("p", { class: "soft" }, "A program, or a person who is not you, gets a token of its own: it may do what its role says, and can be revoked alone."));
  if (!here) {
    box.append(make("p", { class: "soft" }, "For your safety tokens are made at the page on the device itself, or by ", make("code", {}, typed("wattle token create NAME")), "."));
    return box;
  }
  const place = make("div", {});
  const details = make("details", { class: "quiet" }, make("summary", {}, "Tokens"), place);
  details.addEventListener("toggle", () => { if (details.open && !place.children.length) open(place); });
  box.append(details);
  return box;
}

/** The part of the page about what others in the network can read of it. */
export function encryption() {
  const box = make("section", { class: "card", id: "encryption", "aria-label": "On the way" }, make("h2", {}, "On the way"));
  const command = make("code", {}, typed("wattle tls on"));
  if (location.protocol === "https:") {
    box.append(make("p", { class: "soft" }, "What you type and see here is encrypted on its way. A browser that warns of this page needs this device’s root certificate, once: "),
      make("p", {}, make("a", { href: "/v1/tls/root", download: "wattle-root.crt" }, "Root certificate")));
  } else if (here) {
    box.append(make("p", { class: "soft" }, "On this device itself nobody can read along. Before you open this page to phones, ", command, " encrypts it for them."));
  } else {
    box.append(make("p", { class: "soft" }, "Everybody in this network can read what you type and see here. On the device, ", command, " encrypts it from its next start on."));
  }
  return box;
}

function open(place) {
  const list = make("ul", { class: "rows" }), secret = make("div", { role: "status" });
  const again = async () => list.replaceChildren(...rows((await get("/v1/tokens")).tokens, again));
  place.replaceChildren(list, secret, form(secret, again));
  again().catch((error) => list.replaceChildren(make("li", {}, failed(error))));
}

function rows(tokens, again) {
  if (!tokens.length) return [make("li", {}, "There is none but the agent’s own, which opens this page.")];
  const now = Date.now() / 1000;
  return tokens.map(({ name, role, created, used }) => make("li", {},
    make("div", { class: "grow" }, make("p", { class: "name" }, name),
      make("p", { class: "soft" }, (ROLES[role] || role) + " · made " + moment(created) + " · " + (used === null ? "not used since the agent started" : "used " + ago(Math.max(0, now - used))))),
    sure("Revoke", "Whoever has it is refused from then on.", "Revoke it", async () => { const done = await post("/v1/tokens/revoke", { name }); say(done.done); await again(); }, { "aria-label": "Revoke " + name })));
}

function form(secret, again) {
  const name = make("input", { required: true, maxlength: "64", pattern: "\\S+", title: "A name without blanks", autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "home-assistant" });
  const role = make("select", {}, ...Object.entries(ROLES).map(([value, label]) => make("option", { value }, label)));
  const made = make("form", { class: "add" },
    make("div", { class: "pair" }, make("label", {}, "Who it is for, in one word", name), make("label", {}, "What it allows", role)),
    make("button", { type: "submit", class: "plain edge" }, "Make a token"));
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const token = await post("/v1/tokens", { name: name.value.trim(), role: role.value });
      name.value = "";
      secret.replaceChildren(once(token, secret));
      await again();
    } catch (error) { secret.replaceChildren(failed(error)); }
  });
  return made;
}

/** The token itself, which nobody is told again. */
function once({ name, token }, secret) {
  const copied = action("Copy", async (button) => { await copy(token); button.textContent = "Copied"; }, { class: "plain edge" });
  return make("div", { class: "notice good" }, make("p", {}, "The token of " + name + " is shown this once. Give it to the program as its key, or as Authorization: Bearer …"),
    make("p", {}, make("code", {}, token)),
    make("div", { class: "tools" }, copied, make("button", { type: "button", class: "plain", onclick: () => secret.replaceChildren() }, "I have it")));
}
