//! The manifest of an update: which ones are taken.

use ed25519_dalek::{Signer, SigningKey};
use wattle::wire::update::{Architecture, BadUpdate, Update, Version};

const NEW: Version = Version(1, 4, 0);

fn manifest() -> String {
    let sum = "5b".repeat(32);
    format!(
        "form = 1\nversion = \"1.4.0\"\narchitecture = \"arm64\"\n[boot]\nbytes = 22000000\nsha256 = \"{sum}\"\n[root]\nbytes = 230000000\nsha256 = \"{sum}\"\n"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn signed(key: &SigningKey, manifest: &str) -> String {
    hex(&key.sign(&Update::signed_bytes(manifest.as_bytes())).to_bytes())
}

#[test]
fn an_update_is_taken_only_whole_and_signed_by_a_known_key() {
    let (ours, other, text) = (key(1), key(2), manifest());
    let keys = [*other.verifying_key().as_bytes(), *ours.verifying_key().as_bytes()];
    let read = |text: &str, signature: &str| Update::read(text.as_bytes(), signature, &keys);
    let update = read(&text, &format!("{}\r\n", signed(&ours, &text))).unwrap();
    assert_eq!((update.version, update.root.bytes, update.boot.sha256), (NEW, 230_000_000, [0x5b; 32]));
    assert_eq!(read(&text, &signed(&key(3), &text)), Err(BadUpdate::NotGenuine));
    assert_eq!(read(&text.replace("230", "231"), &signed(&ours, &text)), Err(BadUpdate::NotGenuine));
    // A signature of the same bytes for another purpose.
    assert_eq!(read(&text, &hex(&ours.sign(text.as_bytes()).to_bytes())), Err(BadUpdate::NotGenuine));
    for unsigned in ["", "00", &"zz".repeat(64), &signed(&ours, &text)[1..]] {
        assert_eq!(read(&text, unsigned), Err(BadUpdate::Unsigned), "{unsigned}");
    }
    // What is signed and is none: cut off, of a later form, with more in it than this version knows, too long.
    let long = format!("{text}#{}", " ".repeat(5000));
    for wrong in [
        &text[..text.len() - 30],
        &text.replace("form = 1", "form = 2"),
        &text.replace("[boot]", "more = 1\n[boot]"),
        &text.replace("1.4.0", "1.04.0"),
        &text.replace("22000000", "0"),
        &long,
    ] {
        assert_eq!(read(wrong, &signed(&ours, wrong)), Err(BadUpdate::NotAnUpdate), "{wrong}");
    }
}

#[test]
fn an_update_for_other_boards_or_an_older_one_is_not_taken() {
    let update = Update::parse(&manifest()).unwrap();
    let fits = |architecture, running| update.fits(architecture, Version::parse(running).unwrap());
    assert_eq!(fits(Architecture::Arm64, "1.3.99"), Ok(()));
    assert_eq!(fits(Architecture::Armhf, "1.3.99"), Err(BadUpdate::OtherBoard));
    assert_eq!(
        (fits(Architecture::Arm64, "1.4.0"), fits(Architecture::Arm64, "1.10.0")),
        (Err(BadUpdate::Same), Err(BadUpdate::Older))
    );
    assert_eq!(Version::parse("1.4.0").unwrap().to_string(), "1.4.0");
    for wrong in ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "+1.2.3", "1.2.4294967296"] {
        assert_eq!(Version::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_manifest_is_read_as_it_was_written_and_signed() {
    let update = Update::parse(&manifest()).unwrap();
    let text = update.manifest();
    let signature = Update::signature(text.as_bytes(), &key(7));
    assert_eq!(Update::read(text.as_bytes(), &signature, &[*key(7).verifying_key().as_bytes()]), Ok(update));
    assert_eq!(Architecture::parse(Architecture::Armhf.name()), Some(Architecture::Armhf));
}
