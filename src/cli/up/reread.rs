//! A store that was made anew at the start: the finding says so until the files are read again, and from then on that they are.

use crate::base::finding::Finding;
use crate::base::time::Duration;
use crate::limits::REREAD_LOOK_MS;
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::node::status::{FolderStatus, Status};
use crate::platform::clock;
use crate::platform::store::read_again;
use crate::runtime::handle::NodeHandle;

/// The key of what is found of the store at the start.
const KEY: &str = "store";

/// Tells what the start found of the store.
pub(super) fn tell(found: &Finding, node: &NodeHandle) {
    node.findings().set(KEY, found.clone());
}

/// Looks now and then until no file that is there waits to be read any more, where the store was made anew.
pub(super) async fn follow(found: Finding, node: NodeHandle) {
    let Some(then) = read_again(&found) else { return };
    loop {
        clock::sleep_until(Some(clock::now() + Duration::from_millis(REREAD_LOOK_MS))).await;
        match node.request(Request::Status).await {
            Response::Status(status) if is_read(&status) => return node.findings().set_logged(KEY, then),
            Response::Refused(Problem::Broken | Problem::Unanswered, _) => return,
            _ => {}
        }
    }
}

/// Whether all files that are there are read, as far as is known: a folder that is still to be looked at may have more.
fn is_read(status: &Status) -> bool {
    let (work, shared) = (&status.work, &status.work.shared);
    let looks = work.scanning || work.folders.iter().any(FolderStatus::is_unlooked);
    shared.to_read <= shared.why.away && !looks && work.held.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::salvage::of_carried;

    #[test]
    fn once_the_files_are_read_again_it_is_no_more_said_that_answers_lack_them() {
        let found = of_carried(3, 0);
        assert!(found.what.contains("is made anew from your files; until they are read again, answers lack them. 3"));
        let then = read_again(&found).expect("it was made anew");
        let says = "and was made anew from your files, and what is there of them is read again. 3 documents";
        assert!(then.what.contains(says) && !then.what.contains("answers lack"), "{}", then.what);
        assert_eq!((then.area, &then.command), (found.area, &found.command));
        assert_eq!(read_again(&then), None, "there is nothing more to say");
    }

    #[test]
    fn files_are_read_again_once_none_that_is_there_waits_and_no_look_is_due() {
        let status = |to_read, away, scanning| {
            let mut status = Status::at_rest();
            (status.work.shared.to_read, status.work.shared.why.away) = (to_read, away);
            status.work.scanning = scanning;
            status
        };
        assert!(is_read(&status(0, 0, false)) && is_read(&status(2, 2, false)));
        assert!(!is_read(&status(1, 0, false)) && !is_read(&status(0, 0, true)));
        let mut unlooked = status(0, 0, false);
        unlooked.work.folders.push(FolderStatus::default());
        assert!(!is_read(&unlooked), "the first look is to come");
        let held = Some("The disk is full.".to_owned());
        let mut full = status(0, 0, false);
        full.work.held = held;
        assert!(!is_read(&full), "nothing is looked at");
    }
}
