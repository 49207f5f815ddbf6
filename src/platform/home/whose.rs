//! Whose home this is, by what it keeps beside the key: the note of the hardware names the key, and so do the records of its mesh.
//!
//! A damaged key may still be a key: that of another device, which nobody knows. So a key that its copy does not prove is held against
//! these.

use super::home_file::HomeFile;
use super::meant::parse_seed;
use super::state;
use crate::base::id::PeerKey;
use crate::mesh::hardware::Binding;
use crate::mesh::trust::records::Records;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use std::path::Path;

/// What a home has of its hardware.
pub(super) enum Note {
    /// No file, as at the first start.
    Gone,
    /// A file that cannot be read, or is not proven whole: it binds nothing.
    Damaged,
    /// A whole one, and whether it is written as this program does.
    Whole(Binding, bool),
}

impl Note {
    /// The binding, if it is whole.
    pub(super) fn binding(self) -> Option<Binding> {
        if let Self::Whole(binding, _) = self { Some(binding) } else { None }
    }
}

/// The note of the hardware.
pub(super) fn note(home: &Path) -> Note {
    match state::read_proven(home, HomeFile::Hardware) {
        Ok(None) if state::refuse_lost(home, HomeFile::Hardware).is_ok() => Note::Gone,
        // Its copy is there, and damaged.
        Ok(None) => Note::Damaged,
        Ok(Some((bytes, is_proven))) => Binding::decode(&bytes, is_proven).map_or(Note::Damaged, |binding| {
            let is_current = binding.encode().as_bytes() == bytes;
            Note::Whole(binding, is_current)
        }),
        Err(_) => Note::Damaged,
    }
}

/// What a home says of a key.
pub(super) enum Word {
    /// It is this device's.
    Own,
    /// This device has another one.
    Other(PeerId),
    /// Nothing.
    Unknown,
}

/// The PeerId of the key in a file's bytes.
pub(super) fn key_in(bytes: &[u8]) -> Option<PeerId> {
    let key = SigningKey::from_bytes(&parse_seed(bytes.trim_ascii())?);
    Some(PeerId::from_public_key(key.verifying_key().as_bytes()))
}

/// What the home says of this key.
pub(super) fn word_for(home: &Path, key: &PeerId) -> Word {
    let noted = note(home).binding().map(|noted| noted.key);
    match noted {
        Some(noted) if noted == *key => Word::Own,
        _ if is_of_mesh(home, key) => Word::Own,
        Some(noted) => Word::Other(noted),
        None => Word::Unknown,
    }
}

/// Whether the mesh of the home has, or had, a device with this key.
fn is_of_mesh(home: &Path, key: &PeerId) -> bool {
    let key = PeerKey(*key.public_key());
    let records = state::read(home, HomeFile::Records).ok().flatten().and_then(|bytes| Records::decode_signed(&bytes));
    records.is_some_and(|records| records.certificate(key).is_some() || records.is_removed(key))
}

/// Whether the device was in a mesh, or made one.
pub(super) fn is_paired(home: &Path) -> bool {
    [HomeFile::Records, HomeFile::MeshRoot].iter().any(|file| home.join(file.name()).exists())
}
