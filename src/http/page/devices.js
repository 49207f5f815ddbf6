// The devices of the mesh: who is here, what each has and does, how one joins and leaves.

import { access, browsers, encryption } from "./access.js";
import { agent, get, look, post, statusKnown, typed, watch } from "./call.js";
import { hear, isLive } from "./live.js";
import { action, count, div, failed, h2, here, make, moment, mono, number, p, renew, say, section, soft, span, summary, sure, tools } from "./dom.js";

// Asked for anew soon after an event of a device, some time after a change of the status, which comes every two seconds while work is done, and
// now and then, as times go on. How a window for pairing stands no event tells.
const EVENT_MS = 500, STATUS_MS = 8000, LIVE_MS = 60000, LOOK_MS = 10000, PAIRING_MS = 2000;

export function open(box) {
  const list = make("ul", { class: "devices" });
  const pairing = section("Pair a device", "pair");
  const trouble = div();
  box.append(make("h1", {}, "Devices"), trouble, list, pairing, browsers(), access(), encryption());
  const view = { ends: false, timer: 0, due: 0, window: null, looks: false, stale: false };
  // The sooner one counts.
  const within = (ms) => {
    const due = Date.now() + ms;
    if (view.ends || (view.timer && view.due <= due)) return;
    clearTimeout(view.timer);
    view.due = due;
    view.timer = setTimeout(again, ms);
  };
  const again = async () => {
    clearTimeout(view.timer);
    view.timer = 0;
    if (view.ends) return;
    // Nobody looks, so no device is asked; the first status after that has them asked at once.
    view.stale = document.hidden;
    if (document.hidden) return;
    // One look at a time; who asked meanwhile gets another one.
    if (view.looks) return within(300);
    view.looks = true;
    try {
      await statusKnown();
      const [mesh, why, tasks, pair] = await Promise.all([get("/v1/mesh"), get("/v1/why"), get("/v1/tasks"), here ? get("/v1/pair").catch(notFor) : null]);
      if (view.ends) return;
      trouble.replaceChildren();
      view.window = pair && pair.window;
      show(list, { mesh, why, tasks, status: agent.status }, again);
      await showPairing(pairing, pair, view, again);
    } catch (error) { trouble.replaceChildren(failed(error)); }
    view.looks = false;
    within(view.window ? PAIRING_MS : isLive() ? LIVE_MS : LOOK_MS);
  };
  again();
  const ends = [watch((status) => { if (status) within(list.children.length && !view.stale ? STATUS_MS : 0); }), hear("device", () => within(EVENT_MS))];
  return () => { view.ends = true; clearTimeout(view.timer); ends.forEach((end) => end()); };
}

/** Who has a role that may not let devices in sees all else. */
const notFor = (error) => { if (error.status !== 403) throw error; };

/** All that is known of each device, from the mesh, the links, the reasons and the tasks. */
function merged({ mesh, why, tasks, status }) {
  const devices = new Map();
  const of = (peer_id) => {
    if (!devices.has(peer_id)) devices.set(peer_id, { peer_id });
    return devices.get(peer_id);
  };
  if (status) Object.assign(of(status.peer_id), { here: true, name: status.device, linked: true, files: status.files.ready + status.files.chunked, unusable: status.files.refused + (status.files.parked || 0), passages: status.chunks });
  for (const member of mesh.members) {
    Object.assign(of(member.peer_id), { member: true, name: member.device, here: member.here, caps: member.caps, seen: member.seen, since: member.since, no_help: member.no_help });
    if (member.linked) of(member.peer_id).linked = true;
  }
  for (const peer of (status && status.peers) || []) {
    const device = of(peer.peer_id);
    device.name = device.name || peer.device;
    device.linked = device.linked || peer.linked;
    Object.assign(device, { off_s: peer.off_s, silent_s: peer.silent_s, headroom: peer.headroom, other_model: peer.other_model, frozen: peer.frozen, unusable: peer.unusable, round_trip_us: peer.round_trip_us });
    if (peer.collections.length) {
      device.files = peer.collections.reduce((sum, one) => sum + one.documents, 0);
      device.collections = peer.collections.map((one) => one.name);
    }
  }
  for (const one of why.devices) Object.assign(of(one.peer_id), one.here ? { here: true } : {}, { why: one.why, state: one.state, since_s: one.since_s, name: of(one.peer_id).name || one.device });
  for (const lent of tasks.lent) of(lent.peer_id).lent = lent;
  const self = [...devices.values()].find((device) => device.here);
  if (self) self.running = tasks.running;
  return [...devices.values()].sort((a, b) => Boolean(b.here) - Boolean(a.here) || Boolean(b.linked) - Boolean(a.linked) || (a.name || "").localeCompare(b.name || ""));
}

function show(list, known, again) {
  const devices = merged(known);
  // A question that somebody is about to answer stays.
  if (list.querySelector(".ask:not([hidden])")) return;
  const alone = devices.length > 1 ? [] : [make("li", { class: "card empty" }, p("This device is alone. A second one answers questions too, and helps to read."), here ? soft("Begin below.") : null)];
  renew(list, [...devices.map((device) => card(device, again)), ...alone]);
}

function card(device, again) {
  const name = device.name || "…" + device.peer_id.slice(-8);
  const [kind, presence] = device.here ? ["good", "this device"] : device.linked && device.silent_s !== undefined ? ["bad", "silent for " + span(device.silent_s)] : device.linked ? ["good", "linked"]
    : device.off_s !== null && device.off_s !== undefined ? ["idle", "off for " + span(device.off_s)]
    : ["bad", device.seen ? "last seen " + moment(device.seen) : "not seen yet"];
  const doing = [
    ...(device.running || []).slice(0, 3).map((task) => task.does + (task.passages ? " " + count(task.passages, "passage", "passages") : "") + (task.of ? " of " + task.of : "")),
    device.lent && device.lent.passages ? "embeds " + count(device.lent.passages, "passage", "passages") + " for this device" : null,
    device.lent && device.lent.done ? number(device.lent.done) + " embedded for this device since it started" : null,
  ].filter(Boolean);
  const power = device.here ? null : device.headroom && device.linked ? device.headroom.quarters : null;
  const facts = [
    device.files !== undefined ? ["Files", number(device.files) + (device.collections ? " in " + device.collections.join(", ") : "")] : null,
    device.unusable ? ["Not readable", device.here ? make("a", { href: "/?view=library#unreadable" }, count(device.unusable, "file", "files")) : count(device.unusable, "file", "files") + ", listed at its own page"] : null,
    device.why ? ["Free for work", device.why] : power === null ? null : ["Free for work", power * 25 + " %" + (power === 4 ? ", the whole device" : "") + (device.headroom.age_s > 5 ? ", " + span(device.headroom.age_s) + " ago" : "")],
    doing.length ? ["Does", doing.join("; ")] : null,
    device.frozen ? ["Note", "Two devices use its key: it is asked nothing and gets no work."] : device.other_model ? ["Note", "It has another model: neither searches for the other."] : device.no_help ? ["Note", device.no_help] : null,
    device.caps && [].concat(device.caps).includes("admin") ? ["Role", "may let devices in and remove them"] : null,
  ].filter(Boolean);
  const remove = here && device.member && !device.here
    ? sure("Remove", "Remove " + name + " for ever?", "Remove it", async (button) => {
      const done = await post("/v1/remove", { peer: device.peer_id });
      // The list stays as it is while a question is open.
      button.closest(".sure").remove();
      say(done.done);
      await look();
      again();
    }, { class: "plain admin", "aria-label": "Remove " + name }) : null;
  return make("li", { class: "card device", "data-id": device.peer_id },
    make("div", { class: "top" }, h2(name), make("span", { class: "presence" }, make("span", { class: "dot " + kind }), presence)),
    make("dl", {}, ...facts.flatMap(([what, value]) => [make("dt", {}, what), make("dd", {}, value)])),
    make("div", { class: "foot" },
      make("details", { class: "quiet" }, summary("PeerId"), make("code", { class: "id" }, device.peer_id), device.since ? soft("known since " + moment(device.since)) : null),
      remove));
}

// --- pairing

async function showPairing(box, pair, view, again) {
  if (!pair) return box.replaceChildren(h2("Pair a device"), soft("For your safety devices are let in and removed at the page on the device itself, by who may do everything, or by ", mono(typed("wattle pair")), "."));
  const { window: open, closed, trouble, letting_in } = pair;
  const key = JSON.stringify([open && open.code, closed, trouble, letting_in]);
  if (box.dataset.key === key) {
    if (open) box.querySelector(".left").textContent = left(open);
    return;
  }
  // Where that fails, the next look tries it again.
  const { svg } = open ? await get("/v1/pair/qr") : {};
  box.dataset.key = key;
  if (open) {
    return box.replaceChildren(h2("Pair a device"),
      make("div", { class: "pairing" },
        make("img", { class: "qr", alt: "The code and the way here, for a camera", src: "data:image/svg+xml," + encodeURIComponent(svg) }),
        div(soft("On the other device type"), p(mono("wattle join " + open.code.replaceAll(" ", ""))),
          soft("or enter this code on its page:"), make("p", { class: "code" }, open.code),
          soft("Any scanner reads the QR code, a phone’s too: it is a text that needs no address. On the other device type ", mono("wattle join 'TEXT'"), " with it."),
          make("p", { class: "left soft" }, left(open)), trouble ? make("p", { class: "notice" }, trouble) : null,
          action("Stop", async () => { await post("/v1/pair", { close: true }); again(); }, { class: "plain edge" }))));
  }
  const joined = closed && closed.joined;
  box.replaceChildren(h2("Pair a device"), ...[
    letting_in ? make("p", { class: "good" }, "A device has the right code and is being let in.") : null,
    joined ? accepted(joined, again) : closed ? soft(closed.why) : null,
    p("Let one device in: it gets three minutes and a code."),
    tools(action("Show a code", async () => { await post("/v1/pair", {}); await again(); }, { class: "main" })),
    join(again)].filter(Boolean));
}

const left = (open) => count(open.seconds_left, "second", "seconds") + " and " + count(open.tries_left, "try", "tries") + " left";

/** A device came in: its owner compares three words. */
function accepted(joined, again) {
  if (!joined.words) return make("p", { class: "good" }, joined.device + " has joined by its invite.");
  const box = make("div", { class: "notice good" },
    p(joined.device + " has joined. Does its screen show these three words?"), make("p", { class: "words" }, joined.words));
  box.append(tools(
    make("button", { type: "button", class: "main", onclick: () => box.replaceChildren(p(joined.device + " is one of your devices now.")) }, "Yes, the same"),
    sure("No", "Remove it again, for ever?", "Remove it", async () => { await post("/v1/remove", { peer: joined.peer_id }); await look(); again(); })));
  return box;
}

function join(again) {
  const code = make("input", { inputmode: "numeric", autocomplete: "off", required: true, pattern: "[0-9 ]{8,10}", maxlength: "10", placeholder: "1234 5678" });
  const at = make("input", { autocomplete: "off", autocapitalize: "none", placeholder: "192.168.1.5" });
  const done = make("div", { role: "status" });
  const form = make("form", { class: "add" },
    make("div", { class: "pair" }, make("label", {}, "Code on the other device", code), make("label", {}, "Its address, if it is not found", at)),
    make("button", { type: "submit", class: "plain" }, "Join"), done);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    done.replaceChildren(soft("Looking for the device; this takes up to a minute …"));
    try {
      const address = at.value.trim();
      const joined = await post("/v1/join", { code: code.value.replace(/\s/g, ""), ...(address ? { at: [address.includes(":") ? address : address + ":7781"] } : {}) });
      done.replaceChildren(make("p", { class: "good" }, "This device has joined. The other screen shows the same three words:"), make("p", { class: "words" }, joined.words));
      await look();
      again();
    } catch (error) { done.replaceChildren(failed(error)); }
  });
  return make("details", { class: "quiet admin" }, summary("This device shall join another one"), form);
}
