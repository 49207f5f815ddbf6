//! What is so with the watched folders, for the status, and what of it is a finding.

use super::Node;
use super::status::FolderStatus;
use crate::base::finding::{Area, Finding, quoted};
use crate::base::id::Ring;
use crate::base::time::{Instant, utc};
use crate::scheduler::path::covers;
use crate::store::record::{Mark, MarkKind, Source};

impl Node {
    /// What is so with one watched folder or file.
    pub(super) fn folder(&self, now: Instant, source: &Source) -> FolderStatus {
        let lies_in = |mark: &&Mark| mark.kind != MarkKind::Forgotten && covers(&source.path, &mark.path);
        let (key_files, key_paths) = self.scheduler.key_files(&source.path);
        let missing = self.scheduler.questions().find(|(path, _)| *path == source.path);
        FolderStatus {
            looked_ago: self.scheduler.looked_at(&source.path).map(|at| now.since(at)),
            followed: self.scheduler.is_followed(&source.path),
            away: self.scheduler.marks().iter().filter(lies_in).cloned().collect(),
            missing: missing.map(|(_, question)| (question.gone.len() as u64 + question.more, question.of)),
            kept: self.scheduler.kept_without_files(&source.path),
            key_files,
            key_paths,
            agent_homes: self.scheduler.agent_homes(&source.path),
        }
    }

    /// Places that are away and about which their owner has not decided, and open questions.
    pub(super) fn folder_findings(&self) -> Vec<Finding> {
        let away = self.scheduler.marks().iter().filter(|mark| mark.kind == MarkKind::Away);
        let private = self.scheduler.has_private_folders();
        let questions = self.scheduler.questions().map(|(source, question)| Finding {
            area: Area::Folders,
            what: question.sentence(source, private),
            command: Some(keep(source)),
        });
        let away = away.map(|mark| {
            let why = if mark.volume == 0 { self.scheduler.why_away(&mark.path) } else { None };
            // Of what is private no other device ever got anything.
            let around = self.scheduler.sources().iter().filter(|source| covers(&source.path, &mark.path));
            let nearest = around.max_by_key(|source| source.path.len());
            finding(mark, why, private && nearest.is_some_and(|source| source.ring != Ring::Private))
        });
        away.chain(questions).collect()
    }
}

/// What people are told of a place that is away, for this reason, if one is known. `private`: whether this device has private folders.
fn finding(mark: &Mark, why: Option<&str>, private: bool) -> Finding {
    let name = String::from_utf8_lossy(&mark.path);
    let here = if private && mark.documents > 0 {
        ", on this device only: this device has private folders, and what is away may have been moved into one"
    } else {
        ""
    };
    let documents = match mark.documents {
        0 => String::new(),
        1 => format!(" One document of it is kept, and answers{here}."),
        count => format!(" {count} documents of it are kept, and answer{here}."),
    };
    let unread = match (mark.unread, mark.documents) {
        (0, _) => String::new(),
        (1, 0) => " Its only document was not indexed yet, so nothing of it answers.".to_owned(),
        (count, 0) => format!(" {count} documents of it were not indexed yet, so nothing of it answers."),
        (1, _) => " One more was not indexed yet, and does not answer.".to_owned(),
        (count, _) => format!(" {count} more were not indexed yet, and do not answer."),
    };
    let since = utc(mark.since);
    let away = match why {
        Some(why) => format!("{name} has been away since {since}, because {why}."),
        None if mark.volume == 0 => format!("{name}, or the disk that was there, has been away since {since}."),
        // A file was learnt on another file system than the one that has its place now.
        None => format!(
            "The disk that documents of {name} are on has been away since {since}, or another disk is mounted over it."
        ),
    };
    let what = format!(
        "{away}{documents}{unread} It is followed again when it is back. `{}` changes nothing and ends this notice; `wattle forget {}` \
         removes its documents from all answers.",
        keep(&mark.path),
        quoted(&name)
    );
    Finding { area: Area::Folders, what, command: Some(keep(&mark.path)) }
}

/// The command that loses nothing: who copies it without reading on may decide otherwise later.
fn keep(path: &[u8]) -> String {
    format!("wattle keep {}", quoted(&String::from_utf8_lossy(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_since_when_and_how_many_documents() {
        let mark =
            |documents| Mark { path: b"/a".into(), volume: 0, since: 0, documents, unread: 0, kind: MarkKind::Away };
        let of = |mark: &Mark| finding(mark, None, false);
        let found = of(&mark(3));
        assert!(found.what.contains("since 1970-01-01 00:00 UTC. 3 documents of it are kept"), "{}", found.what);
        assert_eq!(found.command.as_deref(), Some("wattle keep /a"), "the command loses nothing");
        assert!(
            found.what.contains("`wattle keep /a` changes nothing")
                && found.what.contains("`wattle forget /a` removes")
        );
        assert!(of(&mark(0)).what.contains("UTC. It is followed again"));
        let unread = |documents| of(&Mark { unread: 3, ..mark(documents) }).what;
        assert!(unread(0).contains("UTC. 3 documents of it were not indexed yet, so nothing of it answers. It"));
        assert!(unread(1).contains("One document of it is kept, and answers. 3 more were not indexed yet"));
        let on_disk = Mark { volume: 7, ..mark(3) };
        assert!(
            of(&on_disk).what.starts_with("The disk that documents of /a are on has been away since 1970-01-01 00:00 UTC, or another disk is mounted over it. 3"),
            "the folder itself is there, and another disk may be"
        );
        let file = finding(&mark(3), Some("there is a file in its place"), true).what;
        assert!(
            file.starts_with("/a has been away since 1970-01-01 00:00 UTC, because there is a file in its place. 3"),
            "{file}"
        );
        assert!(file.contains("and answer, on this device only: this device has private folders"), "{file}");
    }
}
