//! What the writer does when the disk fails, and when it syncs.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint, PeerKey, Ring};
use crate::limits::{SEGMENT_AT_END, SYNC_TOGETHER_MS};
use crate::platform::disk::Sync;
use crate::platform::disk::tests::{break_tables, mend_tables};
use crate::runtime::upkeep::Upkeep;
use crate::search::lexical::analysis::VERSION;
use crate::store::change::NewChunk;
use crate::store::counts::Kind;
use crate::store::read;
use crate::store::record::{FileStamp, Sources};
use smol::channel::bounded;
use std::fs;
use std::path::Path;

fn seen(path: &str) -> Change {
    let (path, collection) = (path.into(), "home".to_owned());
    Change::Seen { path, stamp: FileStamp::default(), collection, ring: Ring::Mesh }
}

/// A writer over a store in this folder, whose home is another one.
pub(super) fn writer(store: &Path, home: &Path) -> Writer {
    let library = Library::open(Disk::open(store, Sync::Disk).unwrap()).unwrap();
    let (inputs, _) = bounded(1);
    Writer {
        library,
        index: Arc::default(),
        words: WordsStep::default(),
        home: home.to_owned(),
        inputs,
        broken: None,
        unsynced: None,
        unused: UnusedFiles::default(),
    }
}

fn save(writer: &mut Writer, changes: Vec<Change>, mends: bool) -> Result<u64, String> {
    let saved = writer.save_guarded(vec![Save { id: SaveId(1), changes, mends }]);
    saved.map(|saved| saved[0].counts.count(Kind::Waiting)).map_err(|failed| failed.why)
}

#[test]
fn after_a_save_that_failed_no_later_one_is_acknowledged_until_one_mends() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let mut writer = writer(&folder.path().join("store-1"), &home);
    assert_eq!(save(&mut writer, vec![seen("/a")], false), Ok(1));
    let sources = || vec![Change::Sources(Sources::from(Vec::new()))];
    let why = save(&mut writer, sources(), false).unwrap_err();
    assert!(why.contains("watched folders"), "{why}");
    assert_eq!(save(&mut writer, vec![seen("/b")], false), Err(why.clone()));
    assert_eq!(save(&mut writer, sources(), true), Err(why.clone()), "the home is away still");
    fs::create_dir(&home).unwrap();
    assert_eq!(save(&mut writer, vec![seen("/b")], false), Err(why), "nobody has mended it");
    assert_eq!(save(&mut writer, sources(), true), Ok(1));
    assert_eq!(save(&mut writer, vec![seen("/b")], false), Ok(2), "it goes on by itself");
}

#[test]
fn a_store_that_could_not_be_written_out_is_opened_anew_with_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store-1");
    let mut writer = writer(&store, folder.path());
    let reader = writer.library.kv().clone();
    assert_eq!(save(&mut writer, vec![seen("/a")], false), Ok(1));
    break_tables(&store);
    assert!(reader.rotate().is_err());
    let why = save(&mut writer, vec![seen("/b")], false).unwrap_err();
    assert!(why.contains("cannot be written"), "{why}");
    assert!(save(&mut writer, Vec::new(), true).is_err(), "the disk fails still");
    mend_tables(&store);
    assert_eq!(save(&mut writer, vec![seen("/c")], true), Ok(2));
    assert_eq!(read::document(&reader, DocId(0)).unwrap().unwrap().path, b"/a", "other threads read the same store");
}

#[test]
fn a_damaged_store_is_written_no_more_before_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("store-1"), folder.path());
    assert_eq!(save(&mut writer, vec![seen("/a")], false), Ok(1));
    writer.library.kv().note_damage(&KvError::Damaged("a checksum is wrong".to_owned()));
    for mends in [false, true] {
        let why = save(&mut writer, vec![seen("/b")], mends).unwrap_err();
        assert!(why.starts_with("The store is damaged (a checksum is wrong)"), "{why}");
        assert!(writer.broken.as_ref().is_some_and(|why| why.lasts));
    }
}

#[test]
fn a_store_that_is_gone_from_the_disk_acknowledges_nothing_and_one_that_comes_back_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (store, away) = (folder.path().join("store-1"), folder.path().join("away"));
    let mut writer = writer(&store, folder.path());
    assert_eq!(save(&mut writer, vec![seen("/a")], false), Ok(1));
    let rename = |from: &Path, to: &Path| {
        #[expect(clippy::disallowed_methods, reason = "a person moves it")]
        fs::rename(from, to).unwrap();
    };
    rename(&store, &away);
    let why = save(&mut writer, vec![seen("/b")], false).unwrap_err();
    assert!(why.contains("is gone from the disk"), "{why}");
    assert!(save(&mut writer, Vec::new(), true).is_err());
    rename(&away, &store);
    assert_eq!(save(&mut writer, vec![seen("/b")], true), Ok(2));
}

fn embedded() -> Change {
    Change::Embedded { doc: DocId(0), model: Fingerprint([1; 32]), vectors: Vec::new() }
}

#[test]
fn what_can_be_made_again_waits_for_others_and_is_synced_with_whatever_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("store-1"), folder.path());
    assert_eq!(save(&mut writer, vec![seen("/a")], false), Ok(1));
    assert_eq!(writer.unsynced, None, "a file that was found is synced");
    save(&mut writer, vec![embedded()], false).unwrap();
    let since = writer.unsynced;
    assert!(since.is_some(), "a vector waits");
    save(&mut writer, vec![embedded()], false).unwrap();
    assert_eq!(writer.unsynced, since, "the first one's time counts");
    writer.sync_due(false);
    assert_eq!(writer.unsynced, since, "its time has not come");
    let by = PeerKey([2; 32]);
    let of_another = Change::Unproven { by, model: Fingerprint([1; 32]), vectors: Vec::new() };
    save(&mut writer, vec![embedded(), of_another], false).unwrap();
    assert_eq!(writer.unsynced, None, "what another device made is not made again here: it was told that it is saved");
}

#[test]
fn what_waits_is_synced_when_its_time_has_come_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("store-1"), folder.path());
    save(&mut writer, vec![embedded()], false).unwrap();
    let since = writer.unsynced.unwrap();
    writer.unsynced = Some(since - std::time::Duration::from_millis(SYNC_TOGETHER_MS));
    writer.sync_due(false);
    assert_eq!(writer.unsynced, None);
    save(&mut writer, vec![embedded()], false).unwrap();
    writer.sync_due(true);
    assert_eq!(writer.unsynced, None);
    // A writer that waits for its next save wakes up for that.
    save(&mut writer, vec![embedded()], false).unwrap();
    let (saves, waiting) = bounded::<Save>(1);
    let ends = std::thread::scope(|scope| {
        let ends = scope.spawn(|| {
            let next = writer.next(&waiting);
            (next.is_none(), writer.unsynced)
        });
        smol::block_on(smol::Timer::after(std::time::Duration::from_millis(SYNC_TOGETHER_MS + 1_000)));
        drop(saves);
        ends.join().unwrap()
    });
    assert_eq!(ends, (true, None));
}

#[test]
fn nothing_is_saved_after_a_late_sync_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store-1");
    let mut writer = writer(&store, folder.path());
    save(&mut writer, vec![seen("/a")], false).unwrap();
    save(&mut writer, vec![embedded()], false).unwrap();
    break_tables(&store);
    assert!(writer.library.kv().rotate().is_err());
    writer.sync_due(true);
    let why = save(&mut writer, vec![embedded()], false).unwrap_err();
    assert!(why.contains("cannot be written"), "{why}");
    mend_tables(&store);
    save(&mut writer, vec![seen("/b")], true).unwrap();
    assert_eq!(writer.unsynced, None);
}

#[test]
fn that_a_folder_is_private_is_acknowledged_once_no_question_of_another_device_finds_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder.path().join("store-1"), folder.path());
    let ((inputs, inbox), (saves, saved)) = (bounded(8), bounded(1));
    writer.inputs = inputs;
    let index = Arc::clone(&writer.index);
    let changes = vec![Change::Sources(Sources::from(Vec::new()))];
    saves.send_blocking(Save { id: SaveId(7), changes, mends: false }).unwrap();
    // A question that is being answered has the index as it was.
    let asks = index.read().unwrap();
    let thread = std::thread::Builder::new().spawn(move || writer.run(&saved)).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test waits on its own thread")]
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(inbox.try_recv().is_err(), "it cannot be in the index yet");
    drop(asks);
    assert!(matches!(inbox.recv_blocking(), Ok(Input::Saved(SaveId(7), Ok(_)))));
    drop(saves);
    thread.join().unwrap();
}

#[test]
fn an_agent_that_ends_leaves_no_words_for_the_next_start_to_enter() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store-1");
    let mut writer = writer(&store, folder.path());
    let Change::Seen { stamp, .. } = seen("/a") else { panic!() };
    let doc = writer.library.apply(&seen("/a")).unwrap().doc.unwrap();
    let chunk = |n: usize| NewChunk {
        key: EmbedKey([u8::try_from(n % 250).unwrap(); 16]),
        heading: String::new(),
        text: format!("Valve {n} hums in autumn."),
        start: 0,
        end: 1,
    };
    let chunks = (0..SEGMENT_AT_END + 20).map(chunk).collect();
    writer.library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    let (index, next) = (Arc::clone(&writer.index), writer.library.commit().next_row);
    let (saves, saved) = bounded(1);
    let thread = std::thread::Builder::new().spawn(move || writer.run(&saved)).unwrap();
    while index.read().unwrap().words.next() < next {
        #[expect(clippy::disallowed_methods, reason = "a test waits on its own thread")]
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    drop(saves);
    thread.join().unwrap();
    let disk = Disk::open(&store, Sync::Disk).unwrap();
    assert_eq!(words::load(&disk).unwrap().next(), next);
}

#[test]
fn on_a_full_disk_a_start_enters_the_words_that_were_in_memory_alone() {
    for is_current in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        // Nothing is ever free there.
        let mut writer = writer(&folder.path().join("store-1"), Path::new("/proc"));
        assert!(disk_free(&writer.home) < SAVE_FREE_MIN);
        let Change::Seen { stamp, .. } = seen("/a") else { panic!() };
        let doc = writer.library.apply(&seen("/a")).unwrap().doc.unwrap();
        let (key, text) = (EmbedKey([1; 16]), "The boiler is in the cellar.".to_owned());
        let chunks = vec![NewChunk { key, heading: String::new(), text, start: 0, end: 1 }];
        writer.library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        let mut next_name = None;
        while is_current && !writer.library.renew_words(VERSION, &mut next_name).unwrap() {}
        let (index, next) = (Arc::clone(&writer.index), writer.library.commit().next_row);
        let (written, disk) = (writer.library.commit().number, writer.library.kv().clone());
        let upkeep = Upkeep::new(disk.clone(), folder.path().to_owned());
        writer.words = WordsStep::new(upkeep.rebuild().clone());
        let ((inputs, inbox), (saves, saved)) = (bounded(8), bounded(1));
        writer.inputs = inputs;
        // It fails, and what is entered needs no save.
        saves.send_blocking(Save { id: SaveId(7), changes: vec![seen("/b")], mends: false }).unwrap();
        let thread = std::thread::Builder::new().spawn(move || writer.run(&saved)).unwrap();
        let waits = |until: &dyn Fn() -> bool| {
            (0..1000).any(|_| {
                #[expect(clippy::disallowed_methods, reason = "a test waits on its own thread")]
                std::thread::sleep(std::time::Duration::from_millis(5));
                until()
            })
        };
        let is_entered = || index.read().unwrap().words.next() == next;
        assert!(waits(&is_entered), "current: {is_current}");
        assert!(matches!(inbox.recv_blocking(), Ok(Input::Disk { .. })));
        assert!(matches!(inbox.recv_blocking(), Ok(Input::Saved(SaveId(7), Err(_)))));
        upkeep.rebuild().ask();
        assert!(waits(&|| !upkeep.report().rebuild.running));
        assert!(upkeep.report().rebuild.failed.unwrap().contains("disk is full"));
        assert!(is_entered(), "what was there answers");
        drop(saves);
        thread.join().unwrap();
        assert_eq!(read::commit(&disk).unwrap().number, written, "nothing is written");
    }
}
