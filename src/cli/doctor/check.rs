//! One check of `wattle doctor` and its outcome.

use crate::platform::home::at_home;
use std::path::Path;

/// What was checked, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What was checked, in a word or two.
    pub(super) name: &'static str,
    /// How it stands.
    pub(super) outcome: Outcome,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All is well: one sentence.
    Good(String),
    /// Something is wrong.
    Wrong {
        /// What is so, what it means and what to do.
        says: String,
        /// The command that helps, as it is typed.
        command: Option<String>,
        /// It is typed on the other device, as the sentence says.
        there: bool,
    },
    /// It could not be checked, for this reason. That is not good.
    NotRun(String),
}

impl Check {
    /// A check that found all well.
    pub(super) fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Good(says.into()) }
    }

    /// A check that found a fault, which this command helps to mend.
    pub(super) fn wrong(name: &'static str, says: impl Into<String>, command: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Wrong { says: says.into(), command: Some(command.into()), there: false } }
    }

    /// A check that found a fault, with the command that helps where it is typed on the other device.
    pub(super) fn wrong_there(name: &'static str, says: impl Into<String>, command: String) -> Self {
        Self { name, outcome: Outcome::Wrong { says: says.into(), command: Some(command), there: true } }
    }

    /// A check that could not run.
    pub(super) fn not_run(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::NotRun(why.into()) }
    }

    /// A check of one sentence, good or with its command.
    pub(super) fn of(name: &'static str, outcome: Result<String, (String, String)>) -> Self {
        match outcome {
            Ok(says) => Self::good(name, says),
            Err((says, command)) => Self::wrong(name, says, command),
        }
    }

    /// Its command is one for the agent of this home, unless it is for another device.
    pub(super) fn name_home(&mut self, home: &Path) {
        if let Outcome::Wrong { command: Some(command), there: false, .. } = &mut self.outcome {
            *command = at_home(command, home);
        }
    }

    /// Whether it ran and found all well.
    pub(super) const fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Good(_))
    }

    /// Its sentence.
    pub(super) const fn says(&self) -> &String {
        match &self.outcome {
            Outcome::Good(says) | Outcome::Wrong { says, .. } | Outcome::NotRun(says) => says,
        }
    }

    /// The command that helps, if something is wrong.
    pub(super) const fn command(&self) -> Option<&String> {
        match &self.outcome {
            Outcome::Wrong { command, .. } => command.as_ref(),
            _ => None,
        }
    }
}
