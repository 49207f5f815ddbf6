//! The manifest of an update: nothing that no key has signed is an update, and what is read is within its caps.

use wattle::limits::UPDATE_PART_BYTES_MAX;
use wattle::wire::update::{Architecture, BadUpdate, Update, Version};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let nobody = "00".repeat(64);
    let read = Update::read(data, &nobody, &[[1; 32]]);
    assert!(matches!(read, Err(BadUpdate::NotGenuine | BadUpdate::NotAnUpdate)));
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A signature may be anything as well.
    assert!(Update::read(data, text, &[[1; 32]]).is_err());
    if let Some(update) = Update::parse(text) {
        assert!([update.boot, update.root].iter().all(|part| (1..=UPDATE_PART_BYTES_MAX).contains(&part.bytes)));
        assert_eq!(Version::parse(&update.version.to_string()), Some(update.version));
        assert!(update.fits(Architecture::Arm64, update.version).is_err());
    }
}

/// A manifest.
pub fn seeds() -> Vec<Vec<u8>> {
    let sum = "5b".repeat(32);
    let text = format!(
        "form = 1\nversion = \"1.4.0\"\narchitecture = \"arm64\"\n[boot]\nbytes = 22000000\nsha256 = \"{sum}\"\n[root]\nbytes = 230000000\nsha256 = \"{sum}\"\n"
    );
    vec![text.into_bytes()]
}
