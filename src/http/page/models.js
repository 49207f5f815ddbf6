// With which model a collection is embedded: what there is to choose from, what a change takes, and the way back.

import { agent, get, look, mayChange, post } from "./call.js";
import { action, count, failed, make, mono, number, p, say, soft, span, tools } from "./dom.js";

// Asked for once a visit of the library: models come with a folder that somebody copies.
let known = null;

/** Has the list of models asked for anew with the next collection that is shown. */
export function forgetModels() { known = null; }

const models = () => known || (known = get("/v1/collection/models").catch((error) => { known = null; throw error; }));

/** Whether two spellings are one collection's name. */
export const alike = (one, other) => one.trim().normalize().toLowerCase() === other.trim().normalize().toLowerCase();

function chosen(name) {
  const { model } = agent.status;
  const set = (model.collections || []).find((one) => alike(one.collection, name));
  return { now: set ? set.model : model.name, before: set ? set.before : null, language: set ? set.language : null, own: Boolean(set) };
}

/** Of a collection's card what says and changes its model. */
export function modelOf(name) {
  const { now, before, language, own } = chosen(name);
  const asked = make("div", { role: "status" });
  const place = make("div", {});
  const box = make("details", { class: "quiet" }, make("summary", {}, "Model: " + now), place);
  const why = !own ? "It has the model of this device, as every collection that was given none."
    : language ? "Wattle chose it, as most of the documents are in " + language + "." : "You chose it.";
  const change = (body, model) => forecast(asked, name, body, model, now);
  const back = before && before !== now ? make("button", { type: "button", class: "plain edge writes", onclick: () => change({ back: true }, before) }, "Go back to " + before) : null;
  const fill = async () => {
    place.replaceChildren(make("p", { class: "soft", role: "status" }, "Looking for models …"));
    try {
      place.replaceChildren(soft(why), ...choice(name, await models(), now, change), back || "", asked);
    } catch (error) { place.replaceChildren(failed(error)); }
  };
  box.addEventListener("toggle", () => { if (box.open && !place.children.length) fill(); });
  return box;
}

function choice(name, { models: list, folder }, now, change) {
  const label = (one) => one.name + (one.many_languages ? ", many languages" : ", English") + (one.home ? " (this device’s own)" : "");
  const hint = soft("Further models are folders in ", mono(folder || "models"), ". A collection that you give none gets that of many languages by itself, where it is there and most documents are not in English.");
  if (list.length < 2) return [p("This device has one model."), hint];
  const select = make("select", { disabled: !mayChange() }, ...list.map((one) => make("option", { value: one.name }, label(one))),
    ...(list.some((one) => one.name === now) ? [] : [make("option", { value: now }, now + ", whose files are away")]));
  select.value = now;
  select.addEventListener("change", () => change(select.value === now ? null : { model: select.value }, select.value));
  return [make("label", {}, "Embedded with", select), hint];
}

async function forecast(asked, name, body, model, now) {
  const keep = () => {
    asked.replaceChildren();
    const select = asked.parentElement && asked.parentElement.querySelector("select");
    if (select) { select.value = now; select.focus(); }
  };
  // Who chooses another one meanwhile is told of that one.
  const wanted = asked.dataset.wanted = JSON.stringify(body);
  if (!body) return asked.replaceChildren();
  asked.replaceChildren(soft("Counting its passages …"));
  let told;
  try {
    told = await post("/v1/collection/forecast", { name, ...body });
  } catch (error) { return asked.dataset.wanted === wanted && asked.replaceChildren(failed(error)); }
  if (asked.dataset.wanted !== wanted) return;
  // While the question is open, the library leaves this card as it is.
  const question = make("div", { class: "notice pending" });
  const yes = action("Use " + model, async () => {
    const done = await post("/v1/collection", { name, ...body });
    asked.replaceChildren();
    say(name + " is embedded with " + model + " from now on." + (done.forgotten ? " " + done.forgotten : ""));
    await look();
  }, { class: "main" });
  question.append(p(sentence(told, model)),
    p("What is not embedded with it yet is found as before. How far it is stands above, and you can pause it or go back at any time."),
    tools(yes, action("Keep " + now, keep)));
  asked.replaceChildren(question);
}

function sentence(told, model) {
  if (told.change === "none") return "It is embedded with " + model + " already: nothing is embedded anew.";
  const all = count(told.passages, "passage", "passages");
  const takes = !told.passages ? "" : told.seconds === null ? " How long that takes is not known yet: this device has embedded too little since it was started."
    : " That is about " + span(told.seconds) + " of work for " + count(told.cores, "core", "cores") + (told.joules === null ? "" : " and some " + number(told.joules) + " J")
      + ", rests not counted, if the model takes as long as the one of now.";
  if (told.change === "back") return "It had " + model + " before. What was embedded with it within the last week is not computed again; of its " + all + " the rest is." + takes.replace("That is", "All of it would be");
  return all + " here " + (told.passages === 1 ? "is" : "are") + " embedded anew." + takes;
}
