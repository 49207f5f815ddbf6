//! The status as people and programs get it: what the node says, with what the governor, the store and the findings add.

use super::Api;
use crate::http::dto::{Files, Starting, StatusReport};
use crate::node::status::Status;
use crate::platform::home::at_home;
use crate::runtime::upkeep::Upkeep;
use std::path::Path;

impl Api {
    /// The status; `None` if the agent does not say, because it is stopping.
    pub(super) async fn status_report(&self) -> Option<StatusReport> {
        self.node.status().await.map(|status| self.report(&status))
    }

    /// The status with what is known beside the node.
    pub(super) fn report(&self, status: &Status) -> StatusReport {
        let mut report = StatusReport::from(status);
        // What is held does not go on, whatever the governor allows.
        if report.activity.held.is_none() {
            report.activity.background = self.node.governor_handle().sentence(Files::waiting_work(status));
        }
        report.activity.background_reason = self.node.governor_handle().reason();
        report.activity.store_read_s = self.node.upkeep().and_then(Upkeep::last_read);
        report.activity.at_home = self.node.home().and_then(|home| end_of_command(&home));
        let starting = self.node.starting();
        report.activity.starting = Starting::of(&report, starting.has_folders_to_come(), starting.is_young());
        let (page, lost) = self.keys.outside().now();
        report.activity.page = page;
        report.findings.extend(lost);
        report.findings = self.node.all_findings(report.findings, report.activity.panics);
        report
    }
}

/// What a command that is typed for the agent of this home ends with; `None` for the user's usual home.
fn end_of_command(home: &Path) -> Option<String> {
    at_home("wattle up", home).strip_prefix("wattle up").filter(|end| !end.is_empty()).map(str::to_owned)
}
