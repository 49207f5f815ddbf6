// What is searched: folders by collection, how far their files are, what cannot be read and why.

import { agent, get, look, mayAll, mayChange, post, watch } from "./call.js";
import { alike, forgetModels, modelOf } from "./models.js";
import { action, count, elide, failed, h2, li, make, moment, mono, number, options, p, say, section, soft, span, split, summary, sure, tools } from "./dom.js";

const WRITES = { class: "plain writes" };
const RINGS = [["private", "This device only"], ["mesh", "All my devices"], ["public", "Everybody (public)"]];

export function open(box) {
  const progress = section("Progress");
  const findings = make("section", { id: "findings", "aria-label": "To be decided" });
  const folders = make("section", { "aria-label": "Folders" });
  const add = make("section", { class: "card writes", id: "add" }, h2("Add a folder"));
  const broken = make("section", { class: "card", id: "unreadable" }, h2("Not readable"));
  box.append(make("h1", {}, "Library"), progress, findings, folders, add, broken);
  let added = false;
  forgetModels();
  const show = (status) => {
    if (!status) return;
    if (!added) { add.append(addFolder(status)); added = true; }
    progress.replaceChildren(...howFar(status));
    anew(findings, () => decisions(status), status.findings);
    anew(folders, () => collections(status), [status.model, status.sources.map((source) => ({ ...source, looked_s_ago: looked(source) }))]);
    const refused = JSON.stringify([status.files.refused, status.files.parked]);
    if (broken.dataset.refused !== refused) {
      broken.dataset.refused = refused;
      unreadable(broken, status, location.hash === "#unreadable");
    }
    // Beside a list that somebody reads.
    broken.querySelector(".elsewhere").textContent = elsewhere(status);
    jump();
  };
  const end = watch(show);
  show(agent.status);
  return end;
}

/** The minute in which a folder was last looked at, which stays true as it stands there; null: not yet. */
const looked = ({ looked_s_ago, followed }) => looked_s_ago === null ? null : followed ? 0 : Math.round((Date.now() / 1000 - looked_s_ago) / 60) * 60;

/** The part that the address names, once it is there. */
function jump() {
  const part = location.hash && document.querySelector(location.hash.replace(/[^#a-z]/g, ""));
  if (!part || !part.children.length) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  part.scrollIntoView({ block: "start" });
}

/** Makes new elements only where what they show is new, and nobody answers a question or types there. */
function anew(place, made, from) {
  const key = JSON.stringify(from);
  if (place.dataset.key === key || place.querySelector(".pending, input:focus")) return;
  place.dataset.key = key;
  place.replaceChildren(...made());
}

function howFar({ files, chunks, vectors, passages, pace, scanning, background, sources }) {
  const absent = files.absent || 0;
  const all = files.ready + files.chunked + files.waiting + files.refused + (files.parked || 0);
  const facts = [
    [files.chunked, "found by their words, still to be embedded"], [files.waiting - absent, "to be read"],
    [absent, "wait for their disk or share"], [files.refused, "not readable"], [files.parked || 0, "set aside"],
  ].filter(([n]) => n > 0);
  const left = passages.waiting + passages.lent + passages.unchecked;
  const rate = pace.per_minute !== null && pace.devices
    ? (pace.per_minute >= 60 ? number(Math.round(pace.per_minute / 6) / 10) + " passages a second" : number(pace.per_minute) + " passages a minute") + (pace.devices > 1 ? " on " + count(pace.devices, "device", "devices") : "") : null;
  const looking = scanning || sources.some((source) => source.looked_s_ago === null);
  const state = !sources.length ? "" : left && rate ? rate + (pace.left_s !== null ? ", about " + span(pace.left_s) + " left" + (pace.held ? " without " + count(pace.held, "passage", "passages") + " that only this device may embed" : "") : "") : left || files.waiting > absent ? background || "Work waits." : looking ? "The folders are being looked at." : "All that can be read is read.";
  const bar = make("progress", { max: Math.max(1, chunks), value: chunks ? vectors : looking ? 0 : 1, "aria-label": "Passages embedded" });
  return [
    make("div", { class: "figure" }, make("strong", {}, number(files.ready)), make("span", {}, " of " + count(all, "file", "files") + " ready here")),
    bar,
    soft(number(vectors) + " of " + count(chunks, "passage", "passages") + " embedded. " + state),
    facts.length ? make("ul", { class: "facts" }, ...facts.map(([n, what]) => li(make("strong", {}, number(n)), " " + what))) : null,
  ].filter(Boolean);
}

function decisions(status) {
  const asked = status.sources.filter((source) => source.missing).map((source) => make("div", { class: "notice" },
    p(number(source.missing.documents) + " of " + count(source.missing.of, "document", "documents") + " in " + source.path + " are gone at once. They answer until you decide."),
    make("div", { class: "tools writes" }, action("Keep them", () => then("/v1/keep", { path: source.path })), sure("Forget them", "Forget " + count(source.missing.documents, "document", "documents") + "?", "Forget them", () => then("/v1/forget", { path: source.path })))));
  // The agent tells of a loss as a finding too.
  const told = (finding) => asked.length && / keep /.test(finding.command || "");
  const findings = (status.findings || []).filter((finding) => !told(finding)).map((finding) => make("div", { class: "notice" }, p(finding.what),
    finding.command ? p("Type: ", mono(finding.command)) : null));
  return [...asked, ...findings];
}

async function then(path, body) {
  const answer = await post(path, body);
  say(answer.done || "Done.");
  await look();
  return answer;
}

function collections(status) {
  const names = [...new Set(status.sources.map((source) => source.collection))];
  if (!names.length) return [soft("No folder is watched yet.")];
  return names.map((name) => {
    const sources = status.sources.filter((source) => source.collection === name);
    const rings = [...new Set(sources.map((source) => source.ring))];
    // Only who may do everything makes a ring wider.
    const least = Math.min(...rings.map((one) => RINGS.findIndex(([value]) => value === one)));
    const ring = make("select", { "aria-label": "Who may search " + name, disabled: !mayChange() },
      ...(rings.length > 1 ? [make("option", { value: "" }, "Differs by folder")] : []),
      options(RINGS.filter((_, i) => i <= least || mayAll())));
    const asked = make("div", { role: "status" });
    const back = () => { ring.value = rings.length > 1 ? "" : rings[0]; asked.replaceChildren(); };
    back();
    const box = make("div", { class: "card collection" },
      make("div", { class: "top" }, h2(name), make("label", { class: "ring" }, make("span", { class: "soft" }, "Searched by "), ring)),
      asked, make("ul", { class: "rows" }, ...sources.map(folder)), languages(status, name), modelOf(name), rename(name));
    ring.addEventListener("change", async () => {
      asked.replaceChildren();
      if (ring.value === "public" && rings + "" !== "public") return asked.replaceChildren(everybody(name, back));
      try {
        if (ring.value) await then("/v1/collection", { name, ring: ring.value });
      } catch (error) {
        back();
        asked.append(failed(error));
      }
    });
    return box;
  });
}

/** Making a collection public takes more than one choice in a list: its name once more. */
function everybody(name, back) {
  const field = make("input", { "aria-label": "Name of the collection", required: true, autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  const trouble = make("div", {});
  const form = make("form", { class: "notice pending" },
    p("Each file of " + name + " becomes readable without a password for everybody who reaches this device, once config.toml switches a way on (docs/ipfs.md). What others fetched cannot be taken back. Who means that types its name:"),
    field, tools(make("button", { type: "submit", class: "plain bad" }, "Make it public"), action("No", back)), trouble);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await post("/v1/collection", { name, ring: "public", confirm: field.value.trim() });
      form.remove();
      say(name + " is public.");
      await look();
    } catch (error) { trouble.replaceChildren(failed(error)); }
  });
  return form;
}

/** In which languages the documents of a collection are, once enough of them were read. */
function languages(status, name) {
  const of = (status.model.languages || []).find((one) => alike(one.collection, name));
  return of ? make("p", { class: "soft", title: of.languages.map((one) => one.name + " " + one.percent + " %").join(", ") }, "Languages: " + of.words) : null;
}

function rename(name) {
  const field = make("input", { "aria-label": "New name of " + name, maxlength: "64", required: true, value: name });
  const form = make("form", { class: "inline" }, field, make("button", { type: "submit", class: "plain" }, "Rename"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    field.blur();
    try {
      await then("/v1/collection", { name, to: field.value.trim() });
    } catch (error) { form.after(failed(error)); }
  });
  return make("details", { class: "quiet writes" }, summary("Rename"), form);
}

function folder(source) {
  const { folder: above, file } = split(source.path);
  const facts = [
    source.looked_s_ago === null ? "not looked at yet since the start" : source.followed ? "changes are seen at once" : "last looked at " + moment(looked(source)),
    source.kept_without_files && count(source.kept_without_files, "document is", "documents are") + " kept without files",
    source.key_files && count(source.key_files, "file", "files") + " left out as keys or passwords",
    source.ignored && count(source.ignored.count, "place", "places") + " left out by .gitignore or .wattleignore",
  ].filter(Boolean);
  const away = (source.away || []).map((one) => make("p", { class: "note" },
    (one.path === source.path ? "" : elide(one.path, 60) + " ") + (one.unreadable ? "may not be read by this user" : "is away") + " since " + one.since + "; "
    + count(one.documents, "document is", "documents are") + " kept. ",
    one.kept ? null : action("Keep them", () => then("/v1/keep", { path: one.path }), WRITES)));
  return li(
    make("div", { class: "grow" }, make("p", { class: "name" }, file || "/"), make("p", { class: "where", title: source.path }, elide(above || "/", 70)), soft(facts.join(" · ")), ...away),
    sure("Remove", "Forget " + (file || source.path) + "? Its files stay.", "Forget it", () => then("/v1/forget", { path: source.path }), { ...WRITES, "aria-label": "Remove " + (file || source.path) }));
}

export function addFolder(status) {
  const names = [...new Set([...status.sources.map((source) => source.collection), "home"])];
  const path = make("input", { name: "path", required: true, placeholder: "/home/ann/Documents", autocapitalize: "none", autocomplete: "off", spellcheck: "false" });
  const name = make("input", { name: "collection", list: "collections", maxlength: "64", value: names[0], required: true });
  const ring = make("select", { name: "ring" }, options([RINGS[1], RINGS[0]]));
  const done = make("div", { role: "status" });
  const known = () => {
    const source = (agent.status || status).sources.find((one) => alike(one.collection, name.value));
    ring.disabled = Boolean(source);
    if (source) ring.value = source.ring;
  };
  name.addEventListener("input", known);
  known();
  const form = make("form", { class: "add writes" },
    make("label", {}, "Folder or file on " + status.device, path),
    make("div", { class: "pair" },
      make("label", {}, "Collection", name, make("datalist", { id: "collections" }, ...names.map((value) => make("option", { value })))),
      make("label", {}, "Searched by", ring)),
    make("button", { type: "submit", class: "main" }, "Add"), done);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    done.replaceChildren();
    try {
      const collection = name.value.trim();
      const added = await post("/v1/add", { path: path.value.trim(), collection, ...(ring.disabled ? {} : { ring: ring.value }) });
      done.replaceChildren(make("p", { class: "good" }, added.within ? added.added + " is a part of " + added.within + ", which is watched already." : added.already ? added.added + " is watched already." : added.added + " is watched from now on."));
      path.value = "";
      await look();
      known();
    } catch (error) { done.replaceChildren(failed(error)); }
  });
  return form;
}

/** Files that cannot be used. To list them the agent reads its store: when asked for. */
function unreadable(box, status, atOnce) {
  const { refused, parked = 0 } = status.files;
  const title = h2("Not readable");
  const others = make("p", { class: "soft elsewhere" });
  if (!refused && !parked) return box.replaceChildren(title, soft("Every file that was found could be read."), others);
  const list = make("div", {});
  const load = async () => {
    list.replaceChildren(make("p", { class: "soft", role: "status" }, "Reading the store …"));
    try {
      const [checked, tasks] = await Promise.all([get("/v1/doctor"), get("/v1/tasks")]);
      list.replaceChildren(...reasons(checked.refused, refused), ...tasks.parked.map(aside));
    } catch (error) { list.replaceChildren(failed(error)); }
  };
  box.replaceChildren(title,
    p([refused && count(refused, "file cannot", "files cannot") + " be used", parked && count(parked, "file is", "files are") + " set aside after failing again and again"].filter(Boolean).join("; ") + ". Their names are found all the same."),
    tools(action("Show with reasons", load, { class: "plain edge" }),
      parked ? action("Try all again", () => then("/v1/tasks/retry", {}), WRITES) : null), list, others);
  if (atOnce) load();
}

function elsewhere({ device, peers }) {
  const others = peers.filter((peer) => peer.device && peer.unusable).map((peer) => peer.device + " (" + number(peer.unusable) + ")");
  return peers.length ? "This is " + device + ". What another device cannot read is listed at the page of that one" + (others.length ? ": " + others.join(", ") : "") + "." : "";
}

function reasons(files, all) {
  const by = new Map();
  for (const file of files) by.set(file.reason, [...(by.get(file.reason) || []), file.path]);
  const out = [...by].map(([reason, paths]) => make("details", { open: by.size < 4 }, summary(reason + " ", make("span", { class: "soft" }, "(" + number(paths.length) + ")")),
    make("ul", { class: "paths" }, ...paths.map((path) => make("li", { title: path }, elide(path, 90))))));
  if (files.length < all) out.push(soft(number(all - files.length) + " more are not listed."));
  return out;
}

function aside(task) {
  const last = task.attempts[task.attempts.length - 1];
  return make("div", { class: "row" }, make("div", { class: "grow" }, make("p", { class: "name" }, split(task.path).file), make("p", { class: "where", title: task.path }, elide(task.path, 80)),
    last ? soft(last.why + " (" + last.device + ", " + count(task.attempts.length, "attempt", "attempts") + ")") : null),
    action("Try again", () => then("/v1/tasks/retry", { id: task.id }), WRITES), action("Give up", () => then("/v1/tasks/drop", { id: task.id }), WRITES));
}
