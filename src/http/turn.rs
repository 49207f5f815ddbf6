//! Why tasks wait that nothing of the store holds up, in words.

use super::dto::Passages;
use crate::base::count::plural;
use crate::node::status::Status;
use crate::scheduler::attempt::FailingDocuments;
use crate::scheduler::only_here::OnlyHere;

/// Why work waits that nothing holds up.
const TURN: &str = "They wait their turn behind other work; nothing else holds them up.";

/// How those stand that do tasks of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doers {
    /// Nothing limits any of them.
    Free,
    /// Some do less than they could, and the tasks are done all the same.
    Limited,
    /// None does any.
    None,
}

/// Why tasks wait that nothing of the store holds up.
pub(super) fn turn(doers: Doers, others: &str) -> String {
    match doers {
        Doers::Free => TURN.to_owned(),
        Doers::Limited => {
            format!("They are done, and more slowly than could be: what limits this device{others} is said below.")
        }
        Doers::None => format!("Nobody gets to them just now: what limits this device{others} is said below."),
    }
}

/// Why files whose tasks failed wait. Those of them that are read already have passages among those that wait.
pub(super) fn retry(failing: FailingDocuments) -> String {
    let failed = "Their tasks failed; they are tried again after pauses that grow.";
    if failing.to_embed == 0 {
        return failed.to_owned();
    }
    let read = if failing.to_read == 0 {
        "They are".to_owned()
    } else {
        format!("{} of them {}", failing.to_embed, plural(failing.to_embed, "is", "are"))
    };
    format!("{failed} {read} read already, with passages that count among those to be embedded.")
}

/// Why only this device may embed the passages that wait; `None`: others may, or there are none.
pub(super) fn only_here(status: &Status, passages: &Passages) -> Option<String> {
    let (why, number) = (&status.work.shared.why, passages.waiting);
    if why.devices.is_empty() || number == 0 {
        return None;
    }
    let which = match passages.lent {
        0 => plural(number, "The passage is", "The passages are").to_owned(),
        _ => format!("{number} of the passages {}", plural(number, "is", "are")),
    };
    let them = plural(number, "it", "them");
    match why.only_here {
        OnlyHere::No => None,
        OnlyHere::Private => Some(format!("{which} private, so only this device may embed {them}.")),
        OnlyHere::Kept => {
            let why = "private, of a file that is away, of a collection with a model of its own, copies of one text, or failed";
            Some(format!("{which} kept on this device ({why}), so only this device may embed {them}."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_queued_behind_other_work_says_so_and_work_that_nobody_does_points_to_the_reasons() {
        assert!(turn(Doers::Free, "").contains("wait their turn behind other work"));
        let limited = turn(Doers::Limited, "");
        assert!(
            !limited.contains("nothing else") && limited.contains("what limits this device is said below"),
            "{limited}"
        );
        let nobody = turn(Doers::None, " and the others");
        assert!(nobody.contains("what limits this device and the others is said below"), "{nobody}");
    }
}
