// What the device spends and may spend: the day, why it works or waits, and what a person can ask of it.

import { ask, get, look, post, statusKnown } from "./call.js";
import { action, div, failed, h2, make, number, options, p, renew, section, soft, span } from "./dom.js";
import { hear, isLive } from "./live.js";
import { plot } from "./plot.js";
import { showQuiet } from "./quiet.js";

// The energy comes with the stream of events, or is asked for; the samples of the day are asked for once a minute.
const LOOK_MS = 15000, DAY_MS = 60000;
const MODES = { off: "does nothing now", trickle: "works a little", normal: "works", full: "works at full speed" };

export function open(box) {
  const now = make("section", { class: "card now", "aria-label": "Now" });
  const wishes = section("Pause and work");
  const quiet = section("Quiet hours");
  const day = section("The last day", null, h2("The last 24 hours"));
  const spent = section("What it cost");
  const hints = section("More or less energy than usual");
  const trouble = div();
  box.append(make("h1", {}, "Energy"), trouble, now, wishes, quiet, day, spent, hints);
  const view = { ends: false, timer: 0, day: 0 };
  const show = async (energy) => {
    if (view.ends) return;
    trouble.replaceChildren();
    renew(now, present(energy));
    choose(wishes, energy, again);
    showQuiet(quiet, energy, again);
    renew(spent, cost(energy));
    hint(hints, energy, again);
    if (Date.now() - view.day < DAY_MS) return;
    view.day = Date.now();
    const samples = await get("/v1/energy/day").catch((error) => { if (error.status === 404) return null; throw error; });
    if (!view.ends) theDay(day, samples, energy);
  };
  const shown = (energy) => show(energy).catch((error) => trouble.replaceChildren(failed(error)));
  const again = async () => {
    clearTimeout(view.timer);
    if (view.ends) return;
    // Nobody looks, so no sensor is read; the stream tells it once somebody does.
    if (document.hidden) return wait();
    try {
      await statusKnown();
      await show(await get("/v1/energy"));
    } catch (error) { trouble.replaceChildren(failed(error)); }
    wait();
  };
  const wait = () => {
    clearTimeout(view.timer);
    if (!view.ends) view.timer = setTimeout(again, isLive() ? DAY_MS : LOOK_MS);
  };
  again();
  const end = hear("energy", (energy) => { shown(energy); wait(); });
  return () => { view.ends = true; clearTimeout(view.timer); end(); };
}

const figure = (value, label, more) => div(make("strong", {}, value), make("span", {}, label), more ? make("small", {}, more) : null);

function present(energy) {
  const work = energy.today.find((one) => one.per_1000_chunks !== null);
  return [
    make("p", { class: "lead" }, energy.why),
    make("div", { class: "figures" },
      figure(energy.cpu_temp_c === null ? "–" : energy.cpu_temp_c.toFixed(0) + " °C", "processor", energy.cpu_temp_c === null ? "no sensor" : "limit " + energy.t_lim_c.toFixed(0) + " °C"),
      figure(Math.round(energy.headroom * 100) + " %", "may be used", energy.headroom === 0 ? "nothing now" : MODES[energy.mode] || energy.mode),
      figure(energy.power_source === "ac" ? "Mains" : energy.power_source === "battery" ? (energy.battery_pct === null ? "Battery" : energy.battery_pct + " %") : "–", "power", energy.power_source === "unknown" ? "not known" : energy.power_source === "battery" ? "on battery" : energy.energy === "normal" || energy.energy === "unknown" ? null : energy.energy),
      figure(work ? number(Math.round(work.per_1000_chunks)) + " J" : "–", "per 1,000 passages", work ? (work.err_pct ? "± " + work.err_pct + " %, " + work.method : work.method) : "not measured yet")),
    energy.foreign_cores === null ? null : soft("Other programs use " + energy.foreign_cores.toFixed(1) + " cores." + (energy.board ? " This is a " + energy.board + "." : "")),
    ...energy.doubts.map((doubt) => make("p", { class: "note" }, doubt)),
  ].filter(Boolean);
}

function choose(box, energy, again) {
  const key = JSON.stringify([energy.paused, energy.paused_s === null, energy.burst_s === null]);
  const state = energy.paused ? "Paused" + (energy.paused_s === null ? " until you resume." : " for " + span(energy.paused_s) + " more.")
    : energy.burst_s !== null ? "Works beside other programs for " + span(energy.burst_s) + " more." : "Background work follows heat, supply and use of the device. Questions are always answered.";
  if (box.dataset.key === key) { box.querySelector(".state").textContent = state; return; }
  box.dataset.key = key;
  const then = async (path, body) => { await post(path, body); await look(); await again(); };
  const length = make("select", { "aria-label": "For how long" }, options([["1800", "30 minutes"], ["7200", "2 hours"], ["until", "until 7:00"], ["", "until I resume"]]));
  box.replaceChildren(h2("Pause and work"), make("p", { class: "state" }, state),
    make("div", { class: "tools writes" },
      energy.paused ? action("Resume", () => then("/v1/energy/resume"), { class: "main" })
        : make("span", { class: "joined" }, action("Pause", () => then("/v1/energy/pause", length.value === "until" ? { until: "7:00" } : length.value ? { seconds: Number(length.value) } : {}), { class: "plain edge" }), length),
      action("Work now for 10 minutes", () => then("/v1/energy/work", { seconds: 600 }), { class: "plain edge" }), action("For an hour", () => then("/v1/energy/work", { seconds: 3600 }), { class: "plain edge" })));
}

function theDay(box, samples, energy) {
  if (!samples) return box.replaceChildren(h2("The last 24 hours"), soft("This agent keeps no samples of the day."));
  const held = document.activeElement, focused = box.contains(held) && [".plotbox", "summary", ".table"].find((one) => held.matches(one));
  // The agent has run for less than a day: what was before is unknown.
  const before = new Array(Math.max(0, Math.round(86400 / samples.every_s) - samples.chunks.length)).fill(null);
  for (const name of ["watts", "temp_c", "duty", "joules", "chunks"]) samples[name] = before.concat(samples[name]);
  // Joules of nothing measured or modelled are unknown, not none.
  const joules = samples.joules.some((one) => one > 0), none = energy.leads === false ? "measured by another agent of this host" : "no sensor";
  const series = [
    samples.watts.some((watts) => watts !== null) ? { name: "Power", unit: "W", kind: "watts", digits: 1, values: samples.watts }
      : { name: "Power of the work", unit: "W", kind: "watts", digits: 1, values: samples.joules.map((one) => one === null || !joules ? null : one / samples.every_s), least: 1, none: "not measured" },
    { name: "Temperature", unit: "°C", kind: "heat", digits: 0, values: samples.temp_c, from: 20, limit: energy.t_lim_c, none },
    { name: "Time at work", unit: "%", kind: "duty", digits: 0, values: samples.duty.map((part) => part === null ? null : part * 100), least: 100, none },
    { name: "Passages embedded", unit: "", kind: "work", digits: 0, values: samples.chunks, bars: true, none: "none yet" },
  ];
  const table = box.querySelector("details");
  const figure = plot({ ends: Date.now() + (samples.every_s - samples.since_s) * 1000, every_s: samples.every_s, series });
  if (table && table.open) figure.querySelector("details").open = true;
  box.replaceChildren(h2("The last 24 hours"), figure);
  if (focused) box.querySelector(focused).focus({ preventScroll: true });
}

function cost(energy) {
  const rows = [["Today", energy.today], ...energy.days.slice(0, 6).map((day) => [day.date || "Unknown day", day.spent])].filter(([, spent]) => spent.length);
  if (!rows.length) return [h2("What it cost"), soft("No background work was done yet today.")];
  const cell = (value) => make("td", {}, value);
  return [h2("What it cost"),
    make("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Joules by day" }, make("table", {},
      make("thead", {}, make("tr", {}, ...["Day", "Energy", "Passages", "Joules per 1,000", "Found by"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.flatMap(([name, spent]) => spent.map((one, i) => make("tr", {}, i ? cell("") : make("th", { scope: "row" }, name),
        cell(one.joules === null ? "–" : one.joules < 10000 ? number(Math.round(one.joules)) + " J" : (one.joules / 3.6e6).toFixed(3) + " kWh"), cell(number(one.chunks)),
        cell(one.per_1000_chunks === null ? "–" : number(Math.round(one.per_1000_chunks))), cell(one.joules === null ? "–" : one.method + (one.err_pct === null ? "" : ", ± " + one.err_pct + " %")))))))),
    energy.idle_watts === null ? null : soft("Without Wattle’s work the device takes " + energy.idle_watts.toFixed(1) + " W, which is not part of this."),
  ].filter(Boolean);
}

function hint(box, energy, again) {
  const key = JSON.stringify([energy.energy, energy.energy_source]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const words = { surplus: "more than usual", normal: "as usual", scarce: "less than usual", unknown: "as usual, as far as is known" };
  const length = make("select", { "aria-label": "For how long" }, options([["3600", "1 hour"], ["1800", "30 minutes"], ["900", "15 minutes"]]));
  const put = (state) => async () => {
    await ask("/v1/energy/hint", { method: "PUT", body: { v: 1, state, ttl_s: Number(length.value), source: "page" } });
    await again();
  };
  box.replaceChildren(h2("How much energy there is"),
    p("Now there is " + (words[energy.energy] || energy.energy) + (energy.energy_source ? ", says " + energy.energy_source : "") + "."),
    soft("With surplus, from the roof for example, work that waits is done. When it is scarce, only what is asked for is. Home Assistant can say it by itself."),
    make("div", { class: "tools writes" }, ...["surplus", "normal", "scarce"].map((state) => action(state[0].toUpperCase() + state.slice(1), put(state), { class: "plain edge" })), make("label", { class: "soft" }, "for ", length)));
}
