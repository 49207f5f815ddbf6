//! The certificates and removals of the mesh: their signatures are checked, and they are kept in a file of the home.

use crate::base::id::PeerKey;
use crate::mesh::pairing::invites::{self, Saved};
use crate::mesh::trust::records::Records;
use crate::node::Node;
use crate::node::input::Input;
use crate::node::output::Problem;
use crate::platform::backup::{forget_records_of_backup, has_records_of_backup};
use crate::platform::home::{Home, HomeFile};
use crate::platform::{blocking, clock};
use crate::wire::certificate::Record;
use crate::wire::certificate::exchange::Page;
use crate::wire::peer_id::PeerId;
use smol::channel::Sender;
use std::io::ErrorKind;
use std::path::PathBuf;

/// Keeps the records of a page whose signature is their issuer's.
pub(super) fn verified(from: PeerKey, mut page: Page) -> Input {
    let all = page.count();
    page.retain(Record::is_signed);
    let forged = all - page.count();
    Input::RecordsVerified(from, page, forged)
}

/// Writes all records, and tells the node once they are on the disk, or why they are not.
pub(super) async fn save(home: PathBuf, save: u64, bytes: Vec<u8>, inputs: Sender<Input>) {
    let result = write(home, HomeFile::Records, bytes, "certificates").await;
    // Without the node nobody waits for it.
    let _ = inputs.send(Input::RecordsSaved(save, result)).await;
}

async fn write(home: PathBuf, file: HomeFile, bytes: Vec<u8>, of: &str) -> Result<(), (Problem, String)> {
    let written = blocking::run(move || Home::at(&home).write(file, &bytes)).await;
    let ended = || (Problem::Broken, format!("The thread that writes the file of {of} has ended."));
    written.ok_or_else(ended)?.map_err(|error| {
        let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let problem = if is_full { Problem::DiskFull } else { Problem::Broken };
        (problem, format!("The file of {of} cannot be written: {error}."))
    })
}

/// The records of a home; none where it belongs to no mesh.
///
/// # Errors
/// One sentence. An agent does not start without its records: it would trust devices that were removed.
pub fn load(home: &Home) -> Result<Records, String> {
    let name = home.file(HomeFile::Records).display().to_string();
    let bytes = home.read(HomeFile::Records).map_err(|error| {
        format!("The file {name} cannot be read: {error}. Nothing was changed. `wattle doctor` says what helps.")
    })?;
    let Some(bytes) = bytes else { return Ok(Records::default()) };
    Records::decode_signed(&bytes).ok_or_else(|| {
        format!(
            "The file {name} is damaged, and so is its copy, or a later version wrote it. It was left as it is. Start the \
             later version, or move both files away and pair this device again."
        )
    })
}

/// Whether the mesh of a home has removed this device, as far as the home knows.
#[must_use]
pub fn is_removed(home: &Home, device: &PeerId) -> bool {
    load(home).is_ok_and(|records| records.is_removed(PeerKey(*device.public_key())))
}

/// Notes that the list of devices is no longer that of a backup. Where that fails, the next start tells it again.
pub(super) fn forget_backup(home: PathBuf) {
    let forget = move || {
        if let Err(error) = forget_records_of_backup(&Home::at(&home)) {
            log::warn!("That the list of the mesh's devices is no longer that of a backup cannot be noted: {error}.");
        }
    };
    smol::spawn(async move { _ = blocking::run(forget).await }).detach();
}

/// Writes all invites, and tells the node once they are on the disk, or why they are not.
pub(super) async fn save_invites(home: PathBuf, bytes: Vec<u8>, inputs: Sender<Input>) {
    let result = write(home, HomeFile::Invites, bytes, "invites").await.map_err(|(_, why)| why);
    // Without the node nobody waits for it.
    let _ = inputs.send(Input::InvitesSaved(result)).await;
}

/// Gives the node what the home has of its mesh beside the records: its invites, and whether the records are those of a backup.
pub fn load_into(node: &mut Node, home: &Home) {
    node.load_invites(clock::now(), load_invites(home));
    if has_records_of_backup(home) {
        node.has_records_of_backup();
    }
}

/// The invites of a home. An unreadable file counts as empty, with a warning: new invites can be written, and no right is lost.
fn load_invites(home: &Home) -> Saved {
    let Ok(bytes) = home.read(HomeFile::Invites) else {
        log::warn!("The file of invites cannot be read; invites that were written before are not known here any more.");
        return Saved::default();
    };
    let Some(bytes) = bytes else { return Saved::default() };
    invites::decode(&bytes).unwrap_or_else(|| {
        log::warn!("The file of invites is damaged; invites that were written before are not known here any more.");
        Saved::default()
    })
}
