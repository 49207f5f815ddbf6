//! A report as people read it.

use super::report::Report;
use std::fmt::Write;

impl Report {
    /// The report as lines.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let further = self.further;
        let _ = writeln!(
            text,
            "seed {}, {}: {} chunks in {:.1} s; {} embedded once more ({:.2} %)",
            self.seed,
            self.policy,
            self.chunks,
            self.seconds,
            further.all(),
            self.further_percent
        );
        let causes = [
            ("to check", further.check),
            ("known answers", further.known),
            ("at the end", further.tail),
            ("after lies", further.lie),
            ("after deaths", further.death),
            ("after the owner's restart", further.restart),
            ("after broken links", further.link),
            ("after late leases", further.late),
        ];
        let causes: Vec<String> =
            causes.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect();
        if !causes.is_empty() {
            let _ = writeln!(text, "  once more: {}", causes.join(", "));
        }
        for device in self.devices.iter().filter(|device| device.embedded > 0 || device.lies > 0) {
            let _ = write!(text, "  {:16} {:7} embedded, {:9.1} J", device.name, device.embedded, device.joules);
            if device.on_surplus > 0 {
                let _ = write!(text, ", {} on surplus", device.on_surplus);
            }
            if device.on_battery > 0 {
                let _ = write!(text, ", {} on battery", device.on_battery);
            }
            if device.lies > 0 {
                let found = if device.found { "found" } else { "not found" };
                let _ = write!(text, ", {} false results, {found}", device.lies);
            }
            text.push('\n');
        }
        let joules = self.joules;
        let _ = writeln!(
            text,
            "  {:.1} J for 1,000 chunks, {:.1} of them no surplus; {:.1} % on surplus; {} bytes in {} messages",
            joules.per_1000, joules.paid_per_1000, joules.surplus_percent, self.network.bytes, self.network.messages
        );
        let checked = self.checked;
        let _ = writeln!(
            text,
            "  safety held at {} steps, {} inputs and {} faults",
            checked.steps, checked.inputs, checked.faults
        );
        for unmet in &self.unmet {
            let _ = writeln!(text, "  not met: {unmet}");
        }
        text
    }
}
