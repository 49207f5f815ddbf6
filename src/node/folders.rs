//! What is so with the watched folders, for the status, and what of it is a finding.

use super::Node;
use super::status::FolderStatus;
use crate::base::count::count;
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::base::id::Ring;
use crate::base::time::{Instant, utc};
use crate::scheduler::path::covers;
use crate::scheduler::unmatched::Unmatched;
use crate::store::record::{Mark, MarkKind, Source};

impl Node {
    /// What is so with one watched folder or file.
    pub(super) fn folder(&self, now: Instant, source: &Source) -> FolderStatus {
        let lies_in = |mark: &&Mark| mark.kind != MarkKind::Forgotten && covers(&source.path, &mark.path);
        let is_locked = |mark: &&Mark| mark.volume == 0 && self.scheduler.is_locked(&mark.path);
        let (key_files, key_paths) = self.scheduler.key_files(&source.path);
        let missing = self.scheduler.questions().find(|(path, _)| *path == source.path);
        FolderStatus {
            looked_ago: self.scheduler.looked_at(&source.path).map(|at| now.since(at)),
            followed: self.scheduler.is_followed(&source.path),
            away: self.scheduler.marks().iter().filter(lies_in).cloned().collect(),
            locked: self
                .scheduler
                .marks()
                .iter()
                .filter(lies_in)
                .filter(is_locked)
                .map(|mark| mark.path.clone())
                .collect(),
            missing: missing.map(|(_, question)| (question.gone.len() as u64 + question.more, question.of)),
            kept: self.scheduler.kept_without_files(&source.path),
            key_files,
            key_paths,
            agent_homes: self.scheduler.agent_homes(&source.path),
            ignored: self.scheduler.ignored(&source.path),
        }
    }

    /// Places that are away and about which their owner has not decided, and open questions.
    pub(super) fn folder_findings(&self) -> Vec<Finding> {
        // Of what this user may not read there is a finding of its own.
        let is_away =
            |mark: &&Mark| mark.kind == MarkKind::Away && !(mark.volume == 0 && self.scheduler.is_locked(&mark.path));
        let away = self.scheduler.marks().iter().filter(is_away);
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
            of_away(mark, why, private && nearest.is_some_and(|source| source.ring != Ring::Private))
        });
        away.chain(questions).chain(self.scheduler.unmatched().map(of_unmatched)).collect()
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

/// What people are told of a place that is away, for this reason, if one is known. `private`: whether this device has private folders.
pub(crate) fn of_away(mark: &Mark, why: Option<&str>, private: bool) -> Finding {
    let name = String::from_utf8_lossy(&mark.path);
    let documents = kept(mark);
    let here = if private && mark.answering() > 0 {
        " Other devices get nothing of it: this device has private folders, and what is away may have been moved into one."
    } else {
        ""
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
        "{away}{documents}{here} It is followed again when it is back. `{}` changes nothing and ends this notice; `wattle forget {}` \
         removes its documents from all answers.",
        keep(&mark.path),
        quoted_bytes(&mark.path)
    );
    Finding { area: Area::Folders, what, command: Some(keep(&mark.path)) }
}

/// How many documents of a place that is away are kept, how many of them answer, and what the others wait for.
fn kept(mark: &Mark) -> String {
    let of_each = |number: u64, one: &str, many: &str| match number {
        0 => String::new(),
        1 => format!(" {one}"),
        number => format!(" {number} {many}"),
    };
    if mark.known() == mark.documents {
        return of_each(
            mark.documents,
            "One document of it is kept, and answers.",
            "documents of it are kept, and answer.",
        );
    }
    let partly = match (mark.partly, mark.answering()) {
        (0, _) => String::new(),
        (1, 1) => " It answers in part so far.".to_owned(),
        (all, answering) if all == answering => format!(" {all} of them answer, in part so far."),
        (1, answering) => format!(" {answering} of them answer, one of these in part so far."),
        (some, answering) => format!(" {answering} of them answer, {some} of these in part so far."),
    };
    let answer = match (mark.partly, mark.documents) {
        (0, 0) => " Nothing of it answers yet.".to_owned(),
        (0, documents) => of_each(documents, "One of them answers.", "of them answer."),
        _ => partly,
    };
    [
        of_each(mark.known(), "One document of it is kept.", "documents of it are kept."),
        answer,
        of_each(
            mark.read,
            "One is read, and answers once its passages are embedded, for which its file is not needed.",
            "are read, and answer once their passages are embedded, for which their files are not needed.",
        ),
        of_each(
            mark.unread,
            "One was not read yet, and is not found before the folder is back.",
            "were not read yet, and are not found before the folder is back.",
        ),
    ]
    .concat()
}

/// The command that loses nothing: who copies it without reading on may decide otherwise later.
fn keep(path: &[u8]) -> String {
    format!("wattle keep {}", quoted_bytes(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_since_when_and_how_many_documents() {
        let mark = |documents| Mark {
            path: b"/a".into(),
            volume: 0,
            since: 0,
            documents,
            partly: 0,
            read: 0,
            unread: 0,
            kind: MarkKind::Away,
        };
        let of = |mark: &Mark| of_away(mark, None, false);
        let found = of(&mark(3));
        assert!(found.what.contains("since 1970-01-01 00:00 UTC. 3 documents of it are kept"), "{}", found.what);
        assert_eq!(found.command.as_deref(), Some("wattle keep /a"), "the command loses nothing");
        assert!(
            found.what.contains("`wattle keep /a` changes nothing")
                && found.what.contains("`wattle forget /a` removes")
        );
        let lost = of_unmatched(Unmatched { expected: 50_000, documents: 49_992 }).what;
        assert!(lost.contains("should have 50000 documents, and it has 49992 documents."), "{lost}");
        assert!(of(&mark(0)).what.contains("UTC. It is followed again"));
        let told = |documents, partly, read, unread| kept(&Mark { partly, read, unread, ..mark(documents) });
        assert_eq!(told(0, 0, 0, 0), "");
        assert_eq!(told(1, 0, 0, 0), " One document of it is kept, and answers.");
        assert_eq!(
            told(7, 5, 8, 60),
            " 80 documents of it are kept. 12 of them answer, 5 of these in part so far. 8 are read, and answer once their passages are \
             embedded, for which their files are not needed. 60 were not read yet, and are not found before the folder is back."
        );
        assert_eq!(told(0, 3, 0, 0), " 3 documents of it are kept. 3 of them answer, in part so far.");
        assert_eq!(told(0, 1, 0, 0), " One document of it is kept. It answers in part so far.");
        assert_eq!(
            told(1, 0, 0, 1),
            " 2 documents of it are kept. One of them answers. One was not read yet, and is not found before the folder is back."
        );
        assert_eq!(
            told(0, 0, 0, 3),
            " 3 documents of it are kept. Nothing of it answers yet. 3 were not read yet, and are not found before the folder is back."
        );
        let on_disk = Mark { volume: 7, ..mark(3) };
        assert!(
            of(&on_disk).what.starts_with("The disk that documents of /a are on has been away since 1970-01-01 00:00 UTC, or another disk is mounted over it. 3"),
            "the folder itself is there, and another disk may be"
        );
        let file = of_away(&mark(3), Some("there is a file in its place"), true).what;
        assert!(
            file.starts_with("/a has been away since 1970-01-01 00:00 UTC, because there is a file in its place. 3"),
            "{file}"
        );
        assert!(
            file.contains("and answer. Other devices get nothing of it: this device has private folders"),
            "{file}"
        );
    }
}
