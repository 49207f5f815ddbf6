//! What is so with the watched folders, for the status, and what of it is a finding.

use super::Node;
use super::status::FolderStatus;
use crate::base::count::count;
use crate::base::finding::{Area, Finding, quoted};
use crate::base::time::{Instant, utc};
use crate::scheduler::path::covers;
use crate::scheduler::unmatched::Unmatched;
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
        let questions = self.scheduler.questions().map(|(source, question)| Finding {
            area: Area::Folders,
            what: question.sentence(source),
            command: Some(keep(source)),
        });
        away.map(finding).chain(questions).chain(self.scheduler.unmatched().map(of_unmatched)).collect()
    }
}

fn of_unmatched(numbers: Unmatched) -> Finding {
    let (found, known) = (count(numbers.expected, "document"), count(numbers.documents, "document"));
    let what = format!(
        "By the last looks at the watched folders the index should have {found}, and it has {known}. The agent looks at all of them \
         once more by itself within some minutes. If that does not end this notice, it is a defect of the program: please report it."
    );
    Finding { area: Area::Folders, what, command: None }
}

fn finding(mark: &Mark) -> Finding {
    let name = String::from_utf8_lossy(&mark.path);
    let documents = match mark.documents {
        0 => String::new(),
        1 => " One document of it is kept, and answers.".to_owned(),
        count => format!(" {count} documents of it are kept, and answer."),
    };
    let unread = match (mark.unread, mark.documents) {
        (0, _) => String::new(),
        (1, 0) => " Its only document was not indexed yet, so nothing of it answers.".to_owned(),
        (count, 0) => format!(" {count} documents of it were not indexed yet, so nothing of it answers."),
        (1, _) => " One more was not indexed yet, and does not answer.".to_owned(),
        (count, _) => format!(" {count} more were not indexed yet, and do not answer."),
    };
    let what = format!(
        "{name}, or the disk that was there, has been away since {}.{documents}{unread} It is followed again when it is back. `{}` \
         changes nothing and ends this notice; `wattle forget {}` removes its documents from all answers.",
        utc(mark.since),
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
        let found = finding(&mark(3));
        assert!(found.what.contains("since 1970-01-01 00:00 UTC. 3 documents of it are kept"), "{}", found.what);
        assert_eq!(found.command.as_deref(), Some("wattle keep /a"), "the command loses nothing");
        assert!(
            found.what.contains("`wattle keep /a` changes nothing")
                && found.what.contains("`wattle forget /a` removes")
        );
        let lost = of_unmatched(Unmatched { expected: 50_000, documents: 49_992 }).what;
        assert!(lost.contains("should have 50000 documents, and it has 49992 documents."), "{lost}");
        assert!(finding(&mark(0)).what.contains("UTC. It is followed again"));
        let unread = |documents| finding(&Mark { unread: 3, ..mark(documents) }).what;
        assert!(unread(0).contains("UTC. 3 documents of it were not indexed yet, so nothing of it answers. It"));
        assert!(unread(1).contains("One document of it is kept, and answers. 3 more were not indexed yet"));
    }
}
