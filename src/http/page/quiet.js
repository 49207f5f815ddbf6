// Quiet hours: which there are, and the form that adds some. The agent is always sent all of them.

import { ask } from "./call.js";
import { action, failed, h2, li, make, options, p, say, soft } from "./dom.js";

const DAYS = { mon: "Monday", tue: "Tuesday", wed: "Wednesday", thu: "Thursday", fri: "Friday", sat: "Saturday", sun: "Sunday" };
const SHARES = [["0", "nothing"], ["0.25", "a quarter of the device"], ["0.5", "half of the device"]];

export function showQuiet(box, energy, again) {
  const hours = energy.quiet || [];
  const key = JSON.stringify([hours, energy.leads]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const set = async (quiet, told) => {
    const done = await (await ask("/v1/energy/quiet", { method: "PUT", body: { quiet, before: hours } })).json();
    say(told);
    await again();
    if (done.forgotten) box.append(make("p", { class: "notice", role: "alert" }, done.forgotten));
  };
  const line = (one) => li(make("div", { class: "grow" }, told(one)),
    action("Remove", () => set(hours.filter((other) => other !== one), "These quiet hours are removed."), { class: "plain admin", "aria-label": "Remove quiet hours: " + told(one) }));
  box.replaceChildren(h2("Quiet hours"),
    soft("Hours with little or no background work, when a fan would disturb, for example. Questions are answered all the same."),
    hours.length ? make("ul", { class: "rows" }, ...hours.map(line)) : p("None are set."),
    energy.leads === false ? make("p", { class: "note" }, "Another agent of this host governs it: the quiet hours of that one hold, and these once this one does.") : "",
    form((one) => set([...hours, one], "Quiet hours are set: " + told(one))));
}

function told(one) {
  const days = one.days === "daily" ? "Every day" : one.days.split(",").map((day) => DAYS[day] || day).join(", ");
  return days + ", " + one.from + " to " + one.to + ": " + (one.cap ? "at most " + Math.round(one.cap * 100) + " % of the device" : "nothing");
}

function form(add) {
  const days = Object.entries(DAYS).map(([value, label]) => [value, label, make("input", { type: "checkbox", checked: true })]);
  const from = make("input", { type: "time", required: true, value: "22:00" }), to = make("input", { type: "time", required: true, value: "07:00" });
  const share = make("select", {}, options(SHARES));
  const trouble = make("div", {});
  const made = make("form", { class: "add" },
    make("fieldset", {}, make("legend", {}, "Days on which they begin"), make("div", { class: "days" }, ...days.map(([, label, box]) => make("label", { class: "check" }, box, label)))),
    make("div", { class: "pair" }, make("label", {}, "From", from), make("label", {}, "To, on the next day if that is earlier", to)),
    make("label", {}, "Meanwhile background work may use", share),
    make("button", { type: "submit", class: "plain edge" }, "Set these quiet hours"), trouble);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.replaceChildren();
    const chosen = days.filter(([, , box]) => box.checked).map(([value]) => value);
    try {
      if (!chosen.length) throw new Error("Choose a day at least.");
      await add({ days: chosen.length === days.length ? "daily" : chosen.join(","), from: from.value, to: to.value, cap: Number(share.value) });
    } catch (error) { trouble.replaceChildren(failed(error)); }
  });
  return make("details", { class: "quiet admin" }, make("summary", {}, "Add quiet hours"), made);
}
