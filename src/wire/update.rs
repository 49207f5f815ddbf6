//! The manifest of an update of the SD card image: which version, for which boards, and what its two files hold.
//!
//! TOML, because people look at it; signed as it stands, byte for byte, by an Ed25519 key (RFC 8032) that the device knows. The signature covers
//! `wattle-update-1`, a zero byte and the manifest, so that it serves for nothing else. The manifest names the SHA-256 of the files:
//! whoever has checked it can take them from anybody.
//!
//! An update is a folder of four files: [`MANIFEST`], [`SIGNATURE`], [`BOOT`] and [`ROOT`]. The manifest's figures are those of the root partition as it
//! lies on the card; its file is packed by gzip.

use super::peer_id::PeerId;
use crate::limits::{UPDATE_BOOT_BYTES_MAX, UPDATE_MANIFEST_BYTES_MAX, UPDATE_PART_BYTES_MAX};
use core::fmt;
use ed25519_dalek::{Signer, SigningKey};
use serde::Deserialize;

/// The file with the manifest.
pub const MANIFEST: &str = "update.toml";
/// The file with its signature: 128 hexadecimal digits.
pub const SIGNATURE: &str = "update.sig";
/// The file with the folder of the boot partition.
pub const BOOT: &str = "boot.tar";
/// The file with the root partition.
pub const ROOT: &str = "root.img.gz";

/// What the signature covers before the manifest.
const DOMAIN: &[u8] = b"wattle-update-1\0";
/// The version of the form.
const FORM: u32 = 1;

/// A version by SemVer, without a word behind it: such are never given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads `1.2.3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let is_number = part.len() <= 9
                && part.bytes().all(|sign| sign.is_ascii_digit())
                && (part.len() == 1 || !part.starts_with('0'));
            part.parse::<u32>().ok().filter(|_| is_number)
        });
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// For which boards an image is, as Debian calls them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64 bits.
    Arm64,
    /// 32 bits.
    Armhf,
}

impl Architecture {
    /// As manifests have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::Armhf => "armhf",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Arm64, Self::Armhf].into_iter().find(|known| known.name() == name)
    }
}

/// One of its files, as it lies on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its length.
    pub bytes: u64,
    /// Its hash.
    pub sha256: [u8; 32],
}

/// An update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Which version it brings.
    pub version: Version,
    /// For which boards.
    pub architecture: Architecture,
    /// The folder of the boot partition, as a tar.
    pub boot: Part,
    /// The root partition.
    pub root: Part,
}

/// Why an update is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadUpdate {
    /// Its signature is none: too short, too long, or not hexadecimal.
    Unsigned,
    /// No key that this device knows has signed it, or it was changed afterwards.
    NotGenuine,
    /// It is no manifest, or one of a later form.
    NotAnUpdate,
    /// It is for other boards.
    OtherBoard,
    /// It brings what runs already.
    Same,
    /// It brings an older version: with one, an old fault could be brought back.
    Older,
}

impl fmt::Display for BadUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsigned => "The update is not signed: its update.sig holds no signature.",
            Self::NotGenuine => {
                "The update is not signed by a key that this device knows, or was changed on its way."
            }
            Self::NotAnUpdate => "The update is signed, and its update.toml is of a form that this version does not know: it may need a version in between.",
            Self::OtherBoard => "The update is for other boards (arm64 or armhf, the other one).",
            Self::Same => "The update brings the version that runs already; `wattle update apply --older` takes it once more.",
            Self::Older => "The update brings an older version than the one that runs; `wattle update apply --older` takes it all the same.",
        })
    }
}

impl std::error::Error for BadUpdate {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    form: u32,
    version: String,
    architecture: Architecture,
    boot: RawPart,
    root: RawPart,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPart {
    bytes: u64,
    sha256: String,
}

impl Update {
    /// The bytes that the signature of a manifest covers.
    #[must_use]
    pub fn signed_bytes(manifest: &[u8]) -> Vec<u8> {
        [DOMAIN, manifest].concat()
    }

    /// Reads a manifest that one of these keys has signed; `signature` is 128 hexadecimal digits, and blanks around them. Nothing of one that is
    /// not signed is looked at.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn read(manifest: &[u8], signature: &str, keys: &[[u8; 32]]) -> Result<Self, BadUpdate> {
        let signature = octets::<64>(signature.trim()).ok_or(BadUpdate::Unsigned)?;
        if manifest.len() > UPDATE_MANIFEST_BYTES_MAX {
            return Err(BadUpdate::NotAnUpdate);
        }
        let signed = Self::signed_bytes(manifest);
        if !keys.iter().any(|key| PeerId::from_public_key(key).signed(&signed, &signature)) {
            return Err(BadUpdate::NotGenuine);
        }
        let text = str::from_utf8(manifest).map_err(|_| BadUpdate::NotAnUpdate)?;
        Self::parse(text).ok_or(BadUpdate::NotAnUpdate)
    }

    /// Reads a manifest, whoever wrote it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let File { form, version, architecture, boot, root } = toml::from_str(text).ok()?;
        let (boot, root) = (part(&boot, UPDATE_BOOT_BYTES_MAX)?, part(&root, UPDATE_PART_BYTES_MAX)?);
        (form == FORM).then_some(Self { version: Version::parse(&version)?, architecture, boot, root })
    }

    /// The manifest, as [`Self::parse`] reads it.
    #[must_use]
    pub fn manifest(&self) -> String {
        let Self { version, architecture, boot, root } = self;
        let part = |name: &str, part: &Part| {
            format!("\n[{name}]\nbytes = {}\nsha256 = \"{}\"\n", part.bytes, digits(&part.sha256))
        };
        format!(
            "form = {FORM}\nversion = \"{version}\"\narchitecture = \"{}\"\n{}{}",
            architecture.name(),
            part("boot", boot),
            part("root", root)
        )
    }

    /// The signature of a manifest, as [`Self::read`] takes it.
    #[must_use]
    pub fn signature(manifest: &[u8], key: &SigningKey) -> String {
        digits(&key.sign(&Self::signed_bytes(manifest)).to_bytes())
    }

    /// Whether a device takes it that runs this version on such a board.
    ///
    /// # Errors
    /// Why not.
    pub fn fits(&self, architecture: Architecture, running: Version) -> Result<(), BadUpdate> {
        match self.version.cmp(&running) {
            _ if self.architecture != architecture => Err(BadUpdate::OtherBoard),
            core::cmp::Ordering::Less => Err(BadUpdate::Older),
            core::cmp::Ordering::Equal => Err(BadUpdate::Same),
            core::cmp::Ordering::Greater => Ok(()),
        }
    }
}

/// The key, of 32 bytes, in a line of a list of keys or in the file of a key: 64 lower-case hexadecimal digits.
#[must_use]
pub fn key(line: &str) -> Option<[u8; 32]> {
    octets(line.trim())
}

/// Bytes in lower-case hexadecimal digits.
#[must_use]
pub fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn part(raw: &RawPart, bytes_max: u64) -> Option<Part> {
    let part = Part { bytes: raw.bytes, sha256: octets(&raw.sha256)? };
    (1..=bytes_max).contains(&part.bytes).then_some(part)
}

/// So many bytes in lower-case hexadecimal digits.
fn octets<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |sign: &u8| match sign {
        b'0'..=b'9' => Some(sign - b'0'),
        b'a'..=b'f' => Some(sign - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks_exact(2);
    let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.last()?)?)).collect();
    bytes.filter(|_| text.len() == 2 * N)?.try_into().ok()
}
