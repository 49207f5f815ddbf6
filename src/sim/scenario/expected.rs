//! What a scenario expects of a run.

use super::plan::Scenario;
use super::report::Report;
use super::round_robin;

impl Scenario {
    /// What is expected and not so.
    pub(super) fn unmet(&self, report: &Report, is_done: bool, state: &str) -> Vec<String> {
        let (expected, mut unmet) = (&self.expected, Vec::new());
        if !is_done {
            let within = expected.within.as_secs();
            unmet.push(format!("not everything is embedded {within} s after the last fault: {state}"));
        }
        if let Some(most) = expected.further_percent.filter(|most| report.further_percent > *most) {
            unmet.push(format!("{:.2} % were embedded once more, and {most} are the most", report.further_percent));
        }
        let lost = report.further.lost() as f64 * 100.0 / report.chunks.max(1) as f64;
        if let Some(most) = expected.lost_percent.filter(|most| lost > *most) {
            unmet.push(format!("{lost:.2} % were made and lost, and {most} are the most"));
        }
        if let Some(most) = expected.lies {
            let late = report.devices.iter().filter(|device| device.lies > most || device.lies > 0 && !device.found);
            unmet.extend(late.map(|of| format!("{} sent {} false results, found: {}", of.name, of.lies, of.found)));
            if report.devices.iter().all(|device| device.lies == 0) {
                unmet.push("no device sent a false result".to_owned());
            }
        }
        if let Some(most) = expected.unchecked.filter(|most| report.checked.unchecked > *most) {
            unmet.push(format!(
                "{} results waited for a check at the end of a pause, and {most} are the most",
                report.checked.unchecked
            ));
        }
        let surplus = report.joules.surplus_percent;
        if let Some(least) = expected.surplus_percent.filter(|least| surplus < *least) {
            unmet.push(format!("{surplus:.1} % were embedded on surplus, and {least} are the least"));
        }
        let workers = report.devices.iter().filter(|device| device.embedded > 0).count();
        if workers < expected.workers {
            unmet.push(format!("{workers} devices embedded something, and {} are the least", expected.workers));
        }
        if expected.beats_round_robin {
            let (ours, other) = (report.joules.paid_per_1000, round_robin::run(self, report.seed).joules.paid_per_1000);
            if ours >= other {
                unmet.push(format!("{ours:.1} J that are no surplus for 1,000 chunks; a round robin takes {other:.1}"));
            }
        }
        unmet
    }
}
