// The three steps of a home that has nothing yet: a folder, a device, a question.

import { addFolder } from "./library.js";
import { div, h2, here, make, soft } from "./dom.js";

export function firstSteps(status) {
  const linked = status.peers.some((peer) => peer.linked);
  const step = (number, done, title, ...rest) => make("li", { class: "card step" + (done ? " done" : "") },
    make("span", { class: "count", "aria-hidden": "true" }, done ? "✓" : String(number)), div(h2(title), ...rest));
  return make("div", { class: "first" },
    make("p", { class: "lead" }, "Three steps, and your documents answer. Nothing leaves your devices."),
    make("ol", {},
      step(1, false, "Choose a folder on " + status.device, soft("Its files are read where they are, and looked at again when they change."), addFolder(status)),
      step(2, linked, "Bring in a second device", soft("It answers too, and helps to read. You can do this at any time."),
        here ? make("a", { class: "plain edge", href: "/?view=devices#pair" }, "Pair a device") : soft("This is done at the page on the device itself.")),
      step(3, false, "Ask", soft("In whole sentences or a few words: “When is the boiler serviced?” Files are found by their words at once, and by their meaning once they are embedded."))));
}
