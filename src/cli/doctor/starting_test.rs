//! The doctor of an agent that started a moment ago.

use super::test::{healthy, status};
use super::*;
use crate::http::dto::{Files, Starting, StatusReport};

#[test]
fn of_an_agent_that_is_starting_it_is_told_what_is_not_known_yet_and_no_folder_is_missed() {
    let mut report = status();
    (report.sources, report.files) = (Vec::new(), Files::default());
    let checked =
        |report: &StatusReport| agent::checks(&Reports { status: Ok(report.clone()), ..healthy() }, |_| Ok(()));
    let of = |checks: &[Check], name: &str| checks.iter().find(|check| check.name == name).unwrap().clone();
    assert!(!of(&checked(&report), "sources").is_good(), "no folder is watched");
    report.activity.starting = Starting::of(&report, true, true);
    let checks = checked(&report);
    for name in ["work", "sources"] {
        let check = of(&checks, name);
        assert!(matches!(check.outcome, Outcome::NotRun(_)) && check.says().contains("is starting"), "{check:?}");
    }
    let agent = of(&checks, "agent");
    assert!(agent.is_good() && agent.says().contains("Not known yet: all of the folders"), "{}", agent.says());
}
