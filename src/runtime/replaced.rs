//! The finding of another disk in the place of documents. It stays until the agent ends, because what was known of the files on the first
//! disk is gone.

use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding};
use crate::scheduler::task::ReplacedDisk;

/// The finding and its key, the same for all files of a disk.
pub(crate) fn finding(found: &ReplacedDisk) -> (String, Finding) {
    let ReplacedDisk { source, volumes: (was, now), files, path } = found;
    let what = format!(
        "Another disk is where {path} was learnt, and {} on it {} the path of one that was known: what is there now is indexed in place of \
         that. Mount each disk at a place of its own to keep both. If that was not meant, attach the disk of before in its place: its files \
         are read anew then. This notice ends with the agent's next start.",
        count(*files, "file"),
        plural(*files, "has", "have"),
    );
    (
        format!("replaced:{was}:{now}:{source}"),
        Finding { area: Area::Folders, what, command: Some("lsblk -f".to_owned()) },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::output::Notice;
    use crate::platform::findings::Findings;
    use crate::runtime::event_log::EventLog;

    #[test]
    fn each_disk_in_the_place_of_another_is_one_finding_with_all_its_files() {
        let findings = Findings::default();
        let events = EventLog::on(findings.clone());
        let (source, path) = ("/media/ann".to_owned(), "/media/ann/usb/a.md".to_owned());
        let usb = |files| ReplacedDisk { source: source.clone(), volumes: (7, 8), files, path: path.clone() };
        let card = ReplacedDisk { volumes: (9, 8), path: "/media/ann/card/c.md".to_owned(), ..usb(1) };
        for found in [usb(57), card, usb(5000)] {
            events.notice(&Notice::Replaced(found));
        }
        // The path of a file may say whatever it likes.
        let says = "Another disk is where /a was learnt, and /b is a link and was left out.".to_owned();
        events.notice(&Notice::LeftOut(says));
        let told: Vec<String> = findings.list().into_iter().map(|finding| finding.what).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("Another disk is where /media/ann/usb/a.md was learnt, and 5000 files on it have"));
        assert!(told[1].contains("1 file on it has"), "{told:?}");
    }
}
