//! `wattle backup`, `wattle restore` and `wattle rebuild`.

use super::args::{BackupArgs, RestoreArgs};
use super::output::{Stop, show_done};
use super::paths::{absolute, sendable};
use super::text::one_line;
use crate::base::count::count;
use crate::base::span::about;
use crate::base::time::{Duration, utc};
use crate::http::client::{Client, Failure};
use crate::platform::backup::{Made, back_up, is_a_folder, restore};
use crate::platform::disk::{Disk, LAYOUT, Sync, is_unfinished, open_sound};
use crate::platform::home::Home;
use crate::platform::stdout::note;
use crate::platform::store::awaits_repair;
use crate::runtime::upkeep::{Job, Report};
use crate::store::kv::KvError;
use serde_json::json;
use smol::Timer;
use std::io::IsTerminal;
use std::path::Path;

/// Between two looks how far it is.
const LOOK: Duration = Duration::from_millis(250);

/// Looks between two lines about it.
const LINE_EVERY: u32 = 20;

/// How long a command says nothing of what it does.
const SILENT: Duration = Duration::from_secs(2);

/// What becomes of a backup that takes longer.
const WRITTEN: &str = "The backup is being made: the whole store is read and checked first, then it is written. That takes seconds, and \
    minutes on a busy or slow device.";

/// Says so on standard error, on a terminal or not, once the work beside it takes long; never ends by itself.
async fn telling<T>(what: &str) -> T {
    Timer::after(SILENT).await;
    note(what);
    smol::future::pending().await
}

/// Has the running agent write a backup, or writes it of a home in which none runs.
pub(super) fn backup(
    client: Result<Client, Failure>,
    home: &Path,
    args: &BackupArgs,
    as_json: bool,
) -> Result<(), Stop> {
    let file = absolute(&args.file)?;
    if file.is_dir() {
        return Err(Stop::NotDone(one_line(&is_a_folder(&file, args.with_keys))));
    }
    let made = match client {
        Ok(client) => {
            let made = async {
                client.back_up(&sendable(&file)?, args.with_keys).await?;
                done(&client, "Backup", "records", |report| report.backup).await
            };
            let job = smol::block_on(smol::future::or(made, telling(WRITTEN)))?;
            let Job { documents, leaving, chunks, bytes, .. } = job;
            Made { documents, leaving, chunks, bytes, has_keys: args.with_keys }
        }
        Err(Failure::NoAgent(why)) => {
            let store = home.join(LAYOUT);
            if !store.exists() || is_unfinished(&store) {
                return Err(Stop::NoAgent(why));
            }
            let home = Home::open(home)?;
            let disk = store_of(&home)?;
            note(WRITTEN);
            back_up(&home, &disk, &file, args.with_keys, |_| true)?
        }
        Err(failure) => return Err(failure.into()),
    };
    let keys = if made.has_keys {
        "This device's key is in it: keep it as secret."
    } else {
        "This device's key is not in it."
    };
    let size = made.bytes.div_ceil(1 << 20);
    let says = one_line(&format!("{} has {}, and the settings ({size} MiB). {keys}", file.display(), content(&made)));
    let Made { documents, leaving, chunks, bytes, has_keys } = made;
    let fields = json!({
        "file": file.display().to_string(), "documents": documents, "leaving": leaving, "chunks": chunks, "bytes": bytes, "keys": has_keys,
    });
    show_done(as_json, fields, &(says + "\n"))
}

/// What of the store a backup has. The status does not count what was deleted a moment ago.
fn content(made: &Made) -> String {
    let (documents, passages) = (count(made.documents, "document"), count(made.chunks, "passage"));
    let leaving = match made.leaving {
        0 => String::new(),
        1 => " (one of them was deleted a short while ago, and is kept in case it comes back)".to_owned(),
        leaving => format!(" ({leaving} of them were deleted a short while ago, and are kept in case they come back)"),
    };
    format!("{documents} with {passages}{leaving}")
}

/// The store of a home in which no agent runs. Here nobody repairs it.
fn store_of(home: &Home) -> Result<Disk, String> {
    let opened = if awaits_repair(home.path()) {
        Err(KvError::Damaged("a part of it is not proven to be whole".to_owned()))
    } else {
        open_sound(&home.path().join(LAYOUT), Sync::Disk)
    };
    opened.map_err(|error| {
        let then = match error {
            KvError::Damaged(_) => {
                " Start the agent once with `wattle up`: it repairs the store, and says what became of it. Then make the backup."
            }
            KvError::Io(_) => "",
        };
        format!("The backup cannot be written: {error}.{then} Nothing was changed.")
    })
}

/// Restores a backup into a home in which no agent runs.
pub(super) fn restored(home: &Path, args: &RestoreArgs, as_json: bool) -> Result<(), Stop> {
    let restored = restore(home, &absolute(&args.file)?, args.replace)?;
    let head = &restored.head;
    let (documents, passages) = (count(head.documents, "document"), count(head.chunks, "passage"));
    let mut says = format!(
        "{documents} with {passages} and {} are restored, as of {}.",
        count(head.vectors, "vector"),
        utc(head.made_s)
    );
    says += match restored.settings {
        Some(true) => " The settings are those of the backup.",
        Some(false) => " The settings of this home stay: config.toml was there already.",
        None => "",
    };
    says += match restored.keys {
        Some(true) => " So is the key: no other device may run with it.",
        Some(false) => " The key of the backup was left out: this home has one.",
        None => "",
    };
    let fields = json!({
        "documents": head.documents, "chunks": head.chunks, "vectors": head.vectors, "made_s": head.made_s,
        "settings": restored.settings, "keys": restored.keys,
    });
    let then = "Start the agent: `wattle up`. It makes the index of words anew, which takes a while.";
    show_done(as_json, fields, &format!("{}\n{then}\n", one_line(&says)))
}

/// Has the running agent make its index anew.
pub(super) async fn rebuild(client: &Client, as_json: bool) -> Result<(), Stop> {
    client.rebuild().await?;
    let job = done(client, "Index", "passages", |report| report.rebuild).await?;
    let passages = count(job.of, "passage");
    let says = format!("The index is made anew, from the texts and vectors of {passages} that the store has.\n");
    show_done(as_json, json!({ "chunks": job.of }), &says)
}

/// Waits for the end of this work, and tells a person how far it is.
async fn done(client: &Client, name: &str, of_what: &str, job: impl Fn(Report) -> Job) -> Result<Job, Stop> {
    let mut looks = 0;
    loop {
        let job = job(client.upkeep().await?);
        if let Some(why) = job.failed {
            return Err(Stop::NotDone(why));
        }
        if !job.running {
            return Ok(job);
        }
        looks += 1;
        if looks % LINE_EVERY == 0 && std::io::stderr().is_terminal() {
            note(&how_far(name, of_what, &job));
        }
        Timer::after(LOOK).await;
    }
}

/// A line about work that is under way.
fn how_far(name: &str, of_what: &str, job: &Job) -> String {
    let left = job.left_s.map_or_else(String::new, |seconds| format!(", {} left", about(seconds)));
    let stage = if job.checking { "the store is checked first, " } else { "" };
    format!("{name}: {stage}{} of {} {of_what}{left}.", job.done, job.of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_says_how_many_of_its_documents_no_status_counts() {
        let made = |leaving| Made { documents: 48, leaving, chunks: 50, bytes: 9, has_keys: false };
        assert_eq!(content(&made(0)), "48 documents with 50 passages");
        assert!(content(&made(1)).starts_with("48 documents with 50 passages (one of them was deleted"));
        assert!(content(&made(6)).contains("passages (6 of them were deleted a short while ago"));
    }

    #[test]
    fn a_folder_is_called_one_and_a_file_in_it_is_proposed() {
        let why = is_a_folder(Path::new("my usb"), false);
        assert!(
            why.starts_with("my usb is a folder, and a backup is a file: `wattle backup 'my usb/wattle.backup'` makes"),
            "{why}"
        );
        assert!(is_a_folder(Path::new("usb/"), true).contains("`wattle backup usb/wattle.backup --with-keys`"));
    }

    #[test]
    fn a_work_that_ends_is_not_held_up_by_what_would_be_said_of_a_long_one() {
        assert_eq!(smol::block_on(smol::future::or(async { 7 }, telling(WRITTEN))), 7);
        assert!(WRITTEN.contains("checked first") && !WRITTEN.contains('\n'));
    }

    #[test]
    fn a_line_about_a_backup_says_when_it_is_the_check_before() {
        let job = Job { running: true, checking: true, done: 120, of: 400, left_s: Some(200), ..Job::default() };
        assert_eq!(
            how_far("Backup", "records", &job),
            "Backup: the store is checked first, 120 of 400 records, about 3 minutes left."
        );
        let job = Job { checking: false, left_s: None, ..job };
        assert_eq!(how_far("Backup", "records", &job), "Backup: 120 of 400 records.");
    }
}
