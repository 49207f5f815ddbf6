// The page: which view the address names, the status in the header, and the door where nobody is let in yet.

import { agent, get, look, mayChange, post, watch, whenLocked } from "./call.js";
import { action, at, count, elide, make, number } from "./dom.js";
import * as devices from "./devices.js";
import { door, redeem } from "./door.js";
import * as energy from "./energy.js";
import * as library from "./library.js";
import { follow, hear, isLive } from "./live.js";
import * as search from "./search.js";
import { hasToken, keysAct, takeToken } from "./token.js";

const VIEWS = { __proto__: null, search, library, devices, energy };
let shown = null;

/** The view of the address, made anew where it is another one than the shown. */
function show() {
  const address = new URLSearchParams(location.search);
  const name = VIEWS[address.get("view")] ? address.get("view") : "search";
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === name && link.parentElement.id === "nav") link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  at("nav").hidden = !hasToken();
  if (!hasToken()) return locked();
  if (shown && shown.name === name) return shown.view.turn && shown.view.turn(address);
  if (shown) shown.leave();
  const place = make("div", { class: "view " + name });
  at("main").replaceChildren(place);
  const leave = VIEWS[name].open(place, address, go) || (() => {});
  shown = { name, view: VIEWS[name], leave };
  title();
}

function title() {
  // The door has its own.
  if (!shown) return;
  const place = { library: "Library – ", devices: "Devices – ", energy: "Energy – " }[shown.name] || "";
  const asked = shown.name === "search" && new URLSearchParams(location.search).get("q");
  document.title = (asked ? elide(asked, 60) + " – " : place) + "Wattle" + (agent.status ? " on " + agent.status.device : "");
}

export function go(address, { replace = false, focus = true } = {}) {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  show();
  title();
  if (focus) {
    scrollTo(0, 0);
    at("main").focus({ preventScroll: true });
  }
}

function locked() {
  if (shown) shown.leave();
  shown = null;
  at("nav").hidden = true;
  // A document that is open would lie above the door.
  const dialog = document.querySelector("dialog[open]");
  if (dialog) dialog.close();
  door(begin);
}

// --- the status in the header

const WRITES = { class: "plain writes" };
// How many cores others use, as the stream told last, or, without one, as last asked.
const others = { cores: "", asked: 0 };

function know(energy) {
  const cores = energy && energy.foreign_cores !== null ? energy.foreign_cores.toFixed(1) + (energy.cores ? " of " + energy.cores : "") + " cores" : "";
  if (cores === others.cores) return;
  others.cores = cores;
  strip(agent.status, null);
}

/** Asks for that while work waits for it: once where the stream tells it, else now and then. */
async function askCores(status) {
  const { files } = status, waits = files.waiting + files.chunked > (files.absent || 0) && status.background_reason === "in-use";
  if (!waits || Date.now() - others.asked < 10000 || (others.cores && isLive())) return;
  others.asked = Date.now();
  know(await get("/v1/energy").catch(() => null));
}

/** What the agent does, in a few words, and what a person can do about it. */
function strip(status, trouble) {
  const line = at("strip");
  line.hidden = !hasToken() || !(status || trouble);
  if (trouble) {
    line.dataset.key = "";
    return line.replaceChildren(make("span", { class: "dot bad" }), make("span", { class: "what" }, trouble.message),
      action("Try again", async () => { await look(); follow(); }));
  }
  if (!status) return;
  at("device").textContent = "on " + status.device + (mayChange() ? "" : ", to ask and look");
  const { files, pace } = status;
  const absent = files.absent || 0, to_do = Math.max(0, files.waiting + files.chunked - absent);
  const looking = status.scanning || status.sources.some((source) => source.looked_s_ago === null);
  const paused = status.background_reason === "paused";
  const waits = to_do > 0 && Boolean(status.background_reason) && !status.working;
  let kind = "good", what = count(files.ready, "file", "files") + " ready here";
  if (status.starting) [kind, what] = ["busy", status.starting.says];
  else if (!status.sources.length) [kind, what] = ["idle", "No folder is watched yet"];
  else if (status.held) [kind, what] = ["bad", status.held];
  else if (paused) [kind, what] = ["idle", "Paused" + (to_do ? ": " + count(to_do, "file waits", "files wait") : "")];
  else if (to_do && pace.per_minute && pace.devices) {
    [kind, what] = ["busy", "Indexing: " + number(status.vectors) + " of " + number(status.chunks) + " passages"];
  } else if (to_do && status.background_reason === "in-use") [kind, what] = ["idle", "Waiting: other programs use " + (others.cores || "the device")];
  else if (waits || (to_do && status.background_reason)) [kind, what] = ["idle", status.background || "Work waits"];
  else if (to_do || looking) [kind, what] = ["busy", looking && !to_do ? "Looking at the folders" : "Indexing: " + count(to_do, "file", "files") + " to go"];
  const findings = (status.findings || []).length, key = JSON.stringify([kind, what, paused, to_do > 0, status.background_reason, findings]);
  if (line.dataset.key === key && !line.querySelector(".failed")) return;
  line.dataset.key = key;
  const again = async (path, body) => { await post(path, body); await look(); };
  const buttons = [];
  if (status.background_reason === "in-use" && to_do) buttons.push(action("Work now", () => again("/v1/energy/work", { seconds: 600 }), { class: "plain writes", title: "Work for ten minutes although the device is in use" }));
  if (paused) buttons.push(action("Resume", () => again("/v1/energy/resume", {}), WRITES));
  else if (to_do) buttons.push(action("Pause", () => again("/v1/energy/pause", {}), WRITES));
  line.replaceChildren(make("span", { class: "dot " + kind }), make("span", { class: "what", title: what }, what), ...buttons,
    findings ? make("a", { href: "/?view=library#findings", class: "flag" }, count(findings, "note", "notes")) : "");
}

// --- links and keys

document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[href^='/']");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  if (link.getAttribute("href").startsWith("/page/")) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !hasToken()) return;
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && keysAct()) {
    event.preventDefault();
    if (shown && shown.name !== "search") go("/", { focus: false });
    search.focus();
  } else if (shown && shown.view.key) shown.view.key(event, typing);
});

addEventListener("popstate", () => { show(); title(); });
addEventListener("hashchange", () => { if (/^#(token|once)=/.test(location.hash)) enter(); });
document.addEventListener("visibilitychange", follow);
// A token that is not good any more does not keep out who has just typed `wattle open`.
whenLocked(async () => { follow(); at("nav").hidden = true; at("strip").hidden = true; if (await redeem()) begin(); else locked(); });
hear("energy", know);
watch((status, trouble) => {
  strip(status, trouble);
  if (status && !trouble) askCores(status);
  title();
});

function begin() {
  shown = null;
  follow();
  show();
}

async function enter() {
  takeToken();
  if (!hasToken()) await redeem();
  begin();
}

enter();
