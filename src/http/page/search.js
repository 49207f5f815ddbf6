// The view of questions. The address holds the question and its filters, so that Back and a reload bring them again.

import { CallError, agent, ask, statusKnown, typed, watch } from "./call.js";
import { action, at, count, div, draw, elide, failed, li, make, number, p, say, soft, split } from "./dom.js";
import { answers, grouped } from "./hits.js";
import { firstSteps } from "./first.js";
import { keysAct, letKeysAct } from "./token.js";

const HITS = 20;
const TYPES = [["", "Any type"], ["pdf", "PDF"], ["document", "Documents"], ["markdown", "Notes (Markdown)"], ["text", "Plain text"], ["sheet", "Tables"], ["slides", "Slides"], ["mail", "Mail"], ["web", "Web pages"], ["book", "Books"], ["code", "Code"]];
const DAYS = [["", "Any date"], ["7", "Past week"], ["31", "Past month"], ["366", "Past year"], ["older", "Older than a year"]];
const FILTERS = ["collection", "folder", "type", "date", "device"];
// The choice of a folder that somebody types. No path has this name: it has a control character.
const TYPED = "\u0001";

let place = null, form = null, field = null, out = null, line = null, choices = null, running = null, asked = null;
// Answers of this visit, by address, so that Back shows them at once.
const kept = new Map();
const KEPT_MAX = 12;
// Folders of other devices that answers of this visit came from, with the device's name, the newest last.
const heard = new Map();
const HEARD_MAX = 12;

export function open(box, address, go) {
  field = make("textarea", { id: "q", rows: "1", maxlength: "4000", enterkeyhint: "search", autocapitalize: "none", spellcheck: "false", "aria-label": "Your question", placeholder: "Ask your documents" });
  form = make("form", { role: "search", class: "ask" },
    make("div", { class: "field" }, field, make("button", { type: "submit", class: "main", "aria-label": "Search" }, make("span", {}, "Search"), draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: "M5 12h14m-6-6 6 6-6 6" })))));
  choices = make("div", { class: "filters", role: "group", "aria-label": "Filters" });
  line = make("div", { class: "coverage" });
  out = make("div", { id: "answers" });
  place = div();
  box.append(make("h1", { class: "out" }, "Search"), form, place);
  const submit = (event, replace = false) => {
    if (event) event.preventDefault();
    const query = field.value.replace(/\s+/g, " ").trim();
    if (!query) return;
    const next = "/?" + parameters(query);
    asked = null;
    if (next === location.pathname + location.search) turn(new URLSearchParams(location.search), true);
    else go(next, { focus: false, replace });
    if (matchMedia("(hover: none)").matches) field.blur();
  };
  form.addEventListener("submit", submit);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); submit(); }
  });
  field.addEventListener("input", grow);
  // Back leads to the question before.
  choices.addEventListener("change", (event) => event.target.value === TYPED ? typeFolder(event.target) : submit(null, true));
  const end = watch(standing);
  turn(address);
  standing(agent.status);
  if (!address.get("q") && matchMedia("(hover: hover)").matches) field.focus();
  return () => { end(); if (running) running.abort(); running = null; asked = null; };
}

export function focus() {
  if (field) { field.focus(); field.select(); }
}

/** Two lines of a question are seen, a longer one scrolls. */
function grow() {
  field.style.height = "auto";
  field.style.height = Math.min(field.scrollHeight + 2, 84) + "px";
}

function parameters(query) {
  const made = new URLSearchParams({ q: query });
  for (const name of FILTERS) {
    const choice = choices.querySelector("[name=" + name + "]");
    const value = choice && choice.value.trim();
    if (value && value !== TYPED) made.set(name, value);
  }
  return made.toString();
}

/** The address is another one: its question is asked, or its answer shown again. */
export function turn(address, anew = false) {
  const query = address.get("q") || "", key = address.toString();
  field.value = query;
  grow();
  filters(address);
  if (!query) {
    if (running) running.abort();
    asked = null;
    place.dataset.shows = "";
    return standing(agent.status, true);
  }
  if (asked === key && !anew) return;
  asked = key;
  if (place.dataset.shows !== "answers") {
    place.replaceChildren(choices, line, out);
    place.dataset.shows = "answers";
  }
  if (kept.has(key) && !anew) {
    // The answer to the question that was left would come above these.
    if (running) running.abort();
    running = null;
    out.removeAttribute("aria-busy");
    return show(kept.get(key), query);
  }
  run(query, address, key);
}

/** Without a question: three steps for an empty home, else what there is to ask. */
function standing(status) {
  if (!place) return;
  if (status) filters(new URLSearchParams(location.search));
  if (asked) return;
  const empty = status && !status.starting && !status.sources.length && !(status.peers || []).some((peer) => peer.collections.length);
  const shows = !status ? "" : empty ? "first" : "idle";
  if (shows === "first") {
    if (place.dataset.shows !== "first") place.replaceChildren(firstSteps(status));
  } else if (place.dataset.shows !== shows || shows === "idle") {
    const files = status ? status.files.ready + status.files.chunked : 0;
    const others = status ? status.peers.filter((peer) => peer.linked).length : 0;
    const about = div(make("p", { class: "hint soft" },
      !status ? "" : files ? "Ask in your own words about " + count(files, "file", "files") + " here" + (others ? " and those of " + count(others, "other device", "other devices") : "") + ". Words in quotes must stand as they are." : "Files are still being read: what is read already is found by its words."),
      status && files ? searched(status) : null,
      status && files ? make("label", { class: "hint soft keys" }, keysBox(), " Single keys: ", make("kbd", {}, "/"), " to the question, ", make("kbd", {}, "j"), " ", make("kbd", {}, "k"), " through the answers, ", make("kbd", {}, "Enter"), " to read one") : null);
    // A choice that is open, and a link that has the focus, stay while nothing else is to be said.
    if (place.dataset.shows !== shows) place.replaceChildren(choices, about);
    else if (!place.lastChild.isEqualNode(about)) place.lastChild.replaceWith(about);
  }
  place.dataset.shows = shows;
}

/** Off at first: who speaks to a browser types letters unawares. */
function keysBox() {
  const box = make("input", { type: "checkbox", checked: keysAct() });
  box.addEventListener("change", () => { letKeysAct(box.checked); box.toggleAttribute("checked", box.checked); });
  return box;
}

function searched(status) {
  const one = (href, name, more) => li(make("a", { class: "card", href }, make("strong", {}, elide(name, 40)), make("span", { class: "soft" }, elide(more, 48))));
  const folders = status.sources.map((source) => one("/?view=library", split(source.path).file, source.collection + (source.ring === "private" ? ", this device only" : "")));
  const devices = status.peers.filter((peer) => peer.device && peer.collections.length).map((peer) => one("/?view=devices", peer.device,
    count(peer.collections.reduce((sum, collection) => sum + collection.documents, 0), "file", "files") + (peer.linked ? "" : ", away now")));
  return make("ul", { class: "searched", "aria-label": "What is searched" }, ...folders.slice(0, 8), ...devices.slice(0, 8));
}

/** A field in place of the choice: a path of any device, or a part of one. */
function typeFolder(select) {
  const field = make("input", { name: "folder", "aria-label": "Folder, as a path or a part of one", placeholder: "/home/ann/Letters", maxlength: "512", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  // Then the choice is there again, with what was typed where the address has it by now.
  field.addEventListener("blur", () => setTimeout(() => {
    choices.dataset.key = "";
    filters(new URLSearchParams(location.search));
    const again = choices.querySelector("[name=folder]");
    if (again && document.activeElement === document.body) again.focus();
  }));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.value = "";
    else if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    field.blur();
  });
  select.replaceWith(field);
  field.focus();
}

/** Notes where the answers of other devices lie. */
function hearFolders(found) {
  if (!agent.status) return;
  for (const hit of found.hits) {
    const { folder } = split(hit.path);
    if (!folder || hit.peer_id === agent.status.peer_id) continue;
    heard.delete(folder);
    heard.set(folder, hit.device);
    if (heard.size > HEARD_MAX) heard.delete(heard.keys().next().value);
  }
}

function filters(address) {
  // What somebody is typing stays.
  if (choices.querySelector("input:focus")) return;
  const status = agent.status;
  const own = status ? status.sources.map((source) => [source.path, split(source.path).file]) : [];
  const folders = [...own, ...[...heard].filter(([path]) => !own.some(([known]) => known === path)).map(([path, device]) => [path[0] === "/" ? path : path + "/", split(path).file + " on " + device])];
  const names = status ? [...new Set([...status.sources.map((source) => source.collection), ...status.peers.flatMap((peer) => peer.collections.map((one) => one.name))])] : [];
  const devices = status ? [[status.peer_id, status.device + " (this one)"], ...status.peers.filter((peer) => peer.device).map((peer) => [peer.peer_id, peer.device])] : [];
  const lists = {
    collection: [["", "Any collection"], ...names.sort().map((name) => [name, name])],
    folder: [["", "Any folder"], ...folders, ...(status ? [[TYPED, "Type a folder …"]] : [])],
    type: TYPES,
    date: DAYS,
    device: [["", "Any device"], ...devices],
  };
  const key = JSON.stringify([lists, FILTERS.map((name) => address.get(name))]);
  if (choices.dataset.key === key) return;
  choices.dataset.key = key;
  const at = choices.contains(document.activeElement) && document.activeElement.name;
  choices.replaceChildren(...FILTERS.map((name) => {
    const chosen = address.get(name) || "", list = lists[name];
    if (list.length < 3 && !chosen) return null;
    if (chosen && !list.some(([value]) => value === chosen)) list.push([chosen, elide(split(chosen).file, 24)]);
    const select = make("select", { name, "aria-label": name[0].toUpperCase() + name.slice(1), class: chosen ? "set" : "" },
      ...list.map(([value, label]) => make("option", { value }, elide(label, 30))));
    select.value = chosen;
    return select;
  }).filter(Boolean));
  // Who chooses with the keyboard stays where they were.
  const again = at && choices.querySelector("[name=" + at + "]");
  if (again) again.focus();
}

/**
 * The pattern that this file is like, or this folder with all in it. A set makes it one: of the last plain letter, as others may be compared as several,
 * without a mark on it. A path that has none is taken for a folder's, and is a part of paths, up to its end.
 */
function exactly(path) {
  const pattern = path.replace(/[*?[\]\\]/g, "?").replace(/^(.*)([A-Za-z0-9._ ])(?!\p{M})/su, "$1[$2]");
  return /[?[]/.test(pattern) || path.endsWith("/") ? pattern : path + "/";
}

function body(query, address) {
  const asks = { query, k: HITS };
  const folder = address.get("folder"), date = address.get("date");
  // A part of a path that somebody typed stays as it is.
  if (folder) asks.path = folder.startsWith("/") ? exactly(folder) : folder;
  if (address.get("collection")) asks.collection = address.get("collection");
  if (address.get("type")) asks.type = address.get("type");
  if (address.get("device")) asks.device = address.get("device");
  const day = (back) => new Date(Date.now() - back * 86400000).toISOString().slice(0, 10);
  if (date === "older") asks.before = day(366);
  else if (/^\d+$/.test(date || "")) asks.after = day(Number(date));
  return asks;
}

async function run(query, address, key) {
  if (running) running.abort();
  const mine = running = new AbortController();
  // Old answers never stand below a new question.
  line.replaceChildren();
  out.replaceChildren(...waiting());
  out.setAttribute("aria-busy", "true");
  say("Searching");
  try {
    const asking = ask("/v1/search", { method: "POST", body: body(query, address), signal: mine.signal }).then((response) => response.json());
    // Where a file lies is told from its watched folder on, which the status knows.
    const [found] = await Promise.all([asking, statusKnown()]);
    if (mine !== running) return;
    kept.delete(key);
    kept.set(key, found);
    hearFolders(found);
    filters(address);
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value);
    show(found, query);
  } catch (error) {
    if (mine !== running || error.name === "AbortError") return;
    kept.delete(key);
    say("");
    out.replaceChildren(failed(error instanceof CallError ? error : new Error("Something went wrong on this page: " + error.message)),
      action("Ask again", () => run(query, address, key)));
  } finally {
    if (mine === running) out.removeAttribute("aria-busy");
  }
}

const waiting = () => [1, 2, 3].map(() => make("div", { class: "card ghost", "aria-hidden": "true" }, make("span", {}), make("span", {}), make("span", {})));

function show(found, query) {
  const { coverage } = found;
  const said = headline(found);
  line.replaceChildren(...covered(found));
  // Why nothing was found stands beside that, and is no remark.
  const why = found.hits.length ? [] : (found.unknown || []).map((text) => p(told(text)));
  out.replaceChildren(...(said ? [make("p", { class: "verdict" }, said)] : []), ...why, ...answers(found, query),
    ...(found.hits.length && !found.nothing_fits ? [] : [nothing(coverage)]));
  say((said ? said + " " : "") + count(found.hits.length, "passage", "passages") + " of " + count(grouped(found.hits).length, "document", "documents"));
}

/** A sentence of the agent, with its commands as they are typed for this one. */
const told = (text) => text.replace(/`wattle [^`]+`/g, (quoted) => "“" + typed(quoted.slice(1, -1)) + "”");

function headline(found) {
  if (!found.hits.length) return "Nothing was found.";
  if (found.no_phrase) return "No passage has the words in quotes as they stand. The nearest:";
  return found.nothing_fits ? "Nothing fits well. The nearest:" : "";
}

function nothing(coverage) {
  const files = [coverage.files, ...(coverage.others || []).map((other) => other.files)];
  const reading = files.some((one) => one && one.scanning || one && one.known > one.searchable);
  return soft(reading ? "Some files are not read or embedded yet: ask again later, or with words that stand in the text." : "Try other words, or fewer filters.");
}

/** Of which collections alone a question with these filters was asked. */
function ofCollections(filters = []) {
  return filters.filter((one) => one.startsWith("collection:")).map((one) => " of the collection " + one.slice(11)).join(" or");
}

/** What of another device's files was searched, where that is not all of them. */
function ofOther({ device, files }) {
  const words = files.read || 0, left = Math.max(0, files.known - files.searchable - words);
  if (!left && !words) return "";
  return device + " has " + count(files.known, "file", "files") + " for this question: "
    + [words && number(words) + " by their words only", left && number(left) + " not read yet"].filter(Boolean).join(", ") + ".";
}

const thisDevice = () => agent.status ? agent.status.device : "This device";

/** One line on what was searched, leading to the list of what was not, and the rest of it unfolded. */
function covered(found) {
  const { coverage } = found, { others = [], silent = [], nothing_else = [], frozen = [], uncovered, not_asked = 0 } = coverage;
  const all = [coverage.files, ...others.map((other) => other.files)];
  const sum = (name) => all.reduce((total, files) => total + (files[name] || 0), 0);
  // Who cannot read how many of its files.
  const unread = [[thisDevice(), coverage.unusable], ...others.map((other) => [other.device, other.unusable || 0])].filter(([, files]) => files);
  const unreadable = unread.reduce((total, [, files]) => total + files, 0);
  const known = sum("known") + unreadable, searched = sum("searchable") + sum("read");
  const parts = ["Searched " + number(searched) + " of " + count(known, "file", "files") + (coverage.answered > 1 ? " of " + count(coverage.answered, "device", "devices") : "")];
  if (unreadable) parts.push(number(unreadable) + " not readable" + (others.length && unread.length === 1 ? " on " + unread[0][0] : ""));
  if (sum("read")) parts.push(number(sum("read")) + " by their words only");
  if (coverage.answered < coverage.asked) parts.push(count(coverage.asked - coverage.answered, "device", "devices") + " silent");
  const more = [
    ...others.map(ofOther),
    ...(unread.length > 1 ? unread : []).map(([device, files]) => device + " cannot read " + count(files, "file", "files") + "."),
    others.some((other) => other.unusable) && "What cannot be read on another device is listed at the page of that device.",
    silent.length && "No answer came from " + silent.join(", ") + ".",
    uncovered && uncovered.elsewhere && count(uncovered.elsewhere, "document", "documents") + " of devices that did not answer or are not linked " + (uncovered.elsewhere === 1 ? "was" : "were") + " not searched.",
    not_asked && count(not_asked, "device that is not linked was", "devices that are not linked were") + " not asked.",
    frozen.length && frozen.map((other) => other.device).join(", ") + (frozen.length === 1 ? " was" : " were") + " not asked: two devices use the same key. “" + typed("wattle doctor") + "” says what helps.",
    nothing_else.length && nothing_else.map((other) => other.device).join(", ") + (nothing_else.length === 1 ? " was" : " were") + " not asked: nothing" + ofCollections(found.filters) + " is there that is not here too.",
    sum("media") && count(sum("media"), "file is a picture, a sound or a film", "files are pictures, sounds or films") + ": nothing of " + (sum("media") === 1 ? "it" : "them") + " is read.",
    sum("away") && count(sum("away"), "file is", "files are") + " away with a disk or share, and searched as before.",
    all.some((files) => files.unread) && "Some of the index cannot be read: answers may be missing. “" + typed("wattle doctor") + "” says what helps.",
    all.some((files) => files.scanning) && "Folders are being looked at: more files may be found.",
    found.filters && "Only with " + found.filters.join(", ") + ".",
    found.unfiltered && "Passages of " + found.unfiltered.join(", ") + " may be missing: an older version there knows no filters.",
    ...(found.hits.length ? found.unknown || [] : []).map(told),
    ...(found.unusable || []).map((file) => file.path + " is there and cannot be searched: " + file.reason),
    coverage.background,
  ].filter(Boolean);
  const link = make("a", { href: "/?view=library#unreadable" }, parts[0] + (parts.length > 1 ? "; " + parts.slice(1).join("; ") : ""));
  if (!more.length) return [p(link)];
  return [p(link), make("details", {}, make("summary", {}, count(more.length, "remark", "remarks")), make("ul", {}, ...more.map((text) => li(text))))];
}

// --- keys

/** j and k go through the answers, Enter reads one, Escape goes back to the question. */
export function key(event, typing) {
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") {
    if (typing) field.blur();
    else focus();
  }
  if (typing) return;
  const cards = [...at("main").querySelectorAll(".hit")].filter((card) => card.offsetParent);
  const now = cards.indexOf(document.activeElement && document.activeElement.closest(".hit"));
  if (keysAct() && (event.key === "j" || event.key === "k")) {
    const next = cards[Math.max(0, Math.min(cards.length - 1, now + (event.key === "j" ? 1 : -1)))];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  }
  if (event.key === "Enter" && cards[now] && cards[now] === document.activeElement) {
    // Else the key would press the first button of the document that opens.
    event.preventDefault();
    cards[now].read();
  }
}
