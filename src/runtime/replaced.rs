//! Files of another disk in the place of documents: a disk was exchanged for another one at the same place. What a scan remarks of that is a
//! finding until the agent ends, because what was known of the files on the first disk is gone.

use crate::base::finding::{Area, Finding};

/// How such a remark begins (`worker::scan`), before the path of one of the files, and how it goes on behind that.
const BEGINS: &str = "Another disk is where ";
const GOES_ON: &str = " was learnt, and ";

/// Folders of the path that tell one place from another: where disks are mounted, as `/media/ann/usb`.
const FOLDERS: usize = 3;

/// The finding of a remark and its key, the same for all files of a place; `None`: the remark is about something else.
pub(crate) fn finding(remark: &str) -> Option<(String, Finding)> {
    let (path, _) = remark.strip_prefix(BEGINS)?.split_once(GOES_ON)?;
    let mut folders: Vec<&str> = path.split('/').take(FOLDERS + 2).collect();
    folders.truncate(folders.len().saturating_sub(1).min(FOLDERS + 1));
    let what = format!(
        "{remark} If that was not meant, attach the disk of before in its place: its files are read anew then. This notice ends with the agent's \
         next start."
    );
    Some((
        format!("replaced:{}", folders.join("/")),
        Finding { area: Area::Folders, what, command: Some("lsblk -f".to_owned()) },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::node::output::Notice;
    use crate::platform::findings::Findings;
    use crate::runtime::event_log::EventLog;
    use crate::scheduler::task::{Outcome, Scan};
    use crate::store::change::Change;
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Source};
    use crate::worker::scan::{Entry, Listing, compare};

    fn on(volume: u16, path: &[u8]) -> Entry {
        let stamp = FileStamp { size: u64::from(volume), ..FileStamp::default() }.on_volume(volume);
        Entry { path: path.to_vec(), stamp, has_other_names: false }
    }

    #[test]
    fn what_a_scan_remarks_of_another_disk_is_one_finding_for_each_place() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let paths = [&b"/media/ann/usb/a.md"[..], b"/media/ann/usb/deep/b.md", b"/media/ann/card/c.md"];
        for path in paths {
            let Entry { path, stamp, .. } = on(7, path);
            let seen = Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh };
            let doc = library.apply(&seen).unwrap().doc.unwrap();
            library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks: Vec::new() }).unwrap();
        }
        let findings = Findings::default();
        let events = EventLog::on(findings.clone());
        for path in paths {
            let source = Source { path: path.to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
            let step = Scan { source, scope: path.to_vec(), after: None };
            let listing =
                Listing { entries: vec![on(8, path)], volumes: vec![(path.to_vec(), 8)], ..Listing::default() };
            let Outcome::Scanned { remarks, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
            assert_eq!(remarks.len(), 1);
            events.notice(&Notice::LeftOut(remarks[0].clone()));
        }
        events.notice(&Notice::LeftOut("/a is away, because it is gone: what is known of it is kept.".to_owned()));
        let told: Vec<String> = findings.list().into_iter().map(|finding| finding.what).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told.iter().all(|what| what.starts_with(BEGINS) && what.contains("Mount each disk at a place of its own"))
        );
    }
}
