//! Files that are larger than what is read of one.

use super::*;
use crate::text::extract::extract;

#[test]
fn of_a_large_folder_of_mails_the_newest_are_read_and_of_another_large_file_nothing_is() {
    let folder = tempfile::tempdir().unwrap();
    let (folders, at) = (Folders::new(folder.path().join("home")), |name: &str| folder.path().join(name));
    let path = |name: &str| at(name).as_os_str().as_bytes().to_vec();
    let line = format!("{}\n", "The boiler hums all night. ".repeat(9));
    let body = line.repeat(1 + (1 << 20) / line.len());
    let mail =
        |n: usize| format!("From a@x Thu Jan  1 00:00:00 2026\nFrom: a@x\nTo: b@x\nSubject: Letter {n}\n\n{body}\n");
    let all: String = (0..20).map(mail).collect();
    fs::write(at("Inbox"), &all).unwrap();
    fs::write(at("log"), body.repeat(20)).unwrap();
    let Content::Bytes(bytes, stamp) = folders.read(&path("Inbox"), &[]) else { panic!("it is not read") };
    assert!(stamp.size == all.len() as u64 && bytes.len() as u64 <= DOCUMENT_BYTES_MAX);
    let text = extract("Inbox", &bytes).unwrap();
    let has = |heading: &str| text.sections.iter().any(|section| section.heading == heading);
    assert!(has("Letter 19") && has("Letter 6") && has("Read in part") && !has("Letter 0"));
    assert!(matches!(folders.read(&path("log"), &[]), Content::TooLarge(_)));
}
