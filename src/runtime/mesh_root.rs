//! The making of a mesh: a root key in the home, and the certificate by which it makes this device the first admin.

use super::handle::NodeHandle;
use crate::base::id::{MeshId, PeerKey};
use crate::base::time::Duration;
use crate::limits::LEAVE_LINK_MS;
use crate::mesh::trust::authority::Order;
use crate::node::input::{Pairing, Request};
use crate::node::mesh_report::{MemberReport, MeshReport, hex};
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::home::Home;
use crate::wire::certificate::{Caps, Certificate, Chain, Record, Signature};
use crate::wire::pairing::words;
use ed25519_dalek::SigningKey;
use std::path::Path;
use std::sync::atomic::Ordering;
use zeroize::Zeroizing;

/// Milliseconds between two looks for a link.
const LEAVE_LOOK_MS: u64 = 100;

/// Why there is no mesh: whose turn it is, and a sentence.
type NoMesh = (Problem, String);

impl NodeHandle {
    /// The mesh, its devices, and what this one knows of them.
    ///
    /// # Errors
    /// The agent is stopping.
    pub async fn mesh_report(&self) -> Result<Box<MeshReport>, NoMesh> {
        match self.request(Request::Pairing(Pairing::Mesh)).await {
            Response::Mesh(report) => Ok(report),
            other => Err(refusal(other)),
        }
    }

    /// Makes a mesh with this device as its admin, unless it belongs to one already.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub async fn make_mesh(&self) -> Result<(), NoMesh> {
        let report = self.mesh_report().await?;
        if report.mesh.is_some() {
            return Ok(());
        }
        let chain = self.in_home(first_admin).await?;
        match self.request(Request::Mesh(Order::Enrol(Box::new(chain)))).await {
            Response::Done(_) => Ok(()),
            other => Err(refusal(other)),
        }
    }

    /// The recovery phrase of the mesh that was made on this device, the first time that it is asked for.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn recovery_phrase(&self) -> Result<Zeroizing<String>, NoMesh> {
        let report = self.mesh_report().await?;
        self.in_home(move |home| {
            let root = Home::at(home).existing_mesh_root()?;
            let root = root.filter(|root| report.mesh == Some(hex(root.key().verifying_key().as_bytes())));
            let mut root = root.ok_or(
                "This device has joined its mesh, or its card is a copy, so the key that makes admins is not here, nor its recovery phrase. Nothing was changed.",
            )?;
            root.phrase_once()?.ok_or_else(|| {
                "The mesh was made here before, and its recovery phrase was shown then: it is shown once. Nothing was changed."
                    .to_owned()
            })
        })
        .await
    }

    /// Makes a device of the mesh an admin, by the root key of this home or by the mesh's recovery phrase.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub async fn appoint(
        &self,
        report: &MeshReport,
        peer: PeerKey,
        phrase: Option<Zeroizing<String>>,
    ) -> Result<String, NoMesh> {
        let (of, mesh) = (Numbers::of(report), report.mesh.clone());
        let certificate = self
            .in_home(move |home| {
                let key = root_key(home, phrase)?;
                if mesh != Some(hex(key.verifying_key().as_bytes())) {
                    return Err(OTHER_ROOT.to_owned());
                }
                Ok(admin(&key, peer, of))
            })
            .await?;
        done(self.request(Request::Mesh(Order::Appoint(Box::new(certificate)))).await)
    }

    /// Makes this device an admin by the root of its mesh: the one in this home, or that of this recovery phrase. If it belongs to no
    /// mesh, it belongs to that one from now on.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub async fn recover(&self, report: &MeshReport, phrase: Option<Zeroizing<String>>) -> Result<String, NoMesh> {
        // A device that knows no record of the mesh cannot know its epoch; the root's word counts in any.
        let of = if report.mesh.is_some() { Numbers::of(report) } else { Numbers { serial: 1, epoch: u32::MAX } };
        let mesh = report.mesh.clone();
        let certificate = self
            .in_home(move |home| {
                let key = root_key(home, phrase)?;
                if mesh.is_some_and(|mesh| mesh != hex(key.verifying_key().as_bytes())) {
                    return Err(OTHER_ROOT.to_owned());
                }
                let holder = PeerKey(*Home::at(home).existing_identity()?.peer_id().public_key());
                Ok(admin(&key, holder, of))
            })
            .await?;
        let chain = Chain { certificate, issuer: None };
        done(self.request(Request::Mesh(Order::Enrol(Box::new(chain)))).await)?;
        Ok("This device is an admin of the mesh from now on, and that is saved. It finds the others in the network, and learns from them \
            who else is in."
            .to_owned())
    }

    /// Leaves the mesh for good, and ends the agent; its next start has a new identity.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub async fn leave(&self, anyway: bool) -> Result<String, NoMesh> {
        done(self.request(Request::Pairing(Pairing::Leave { anyway, noted: false })).await)?;
        self.wait_for_admin().await;
        self.in_home(|home| Home::at(home).leave()).await?;
        // It has left, whatever happens from here on.
        let said = done(self.request(Request::Pairing(Pairing::Leave { anyway: true, noted: true })).await);
        let said = said.unwrap_or_else(|_| "This device has left its mesh.".to_owned());
        let stops = match done(self.request(Request::Stop).await) {
            Ok(_) => {
                if let Some(upkeep) = self.upkeep() {
                    upkeep.stopping().store(true, Ordering::Release);
                }
                "The agent stops now"
            }
            Err(_) => "Stop the agent, if it does not stop now",
        };
        Ok(format!(
            "{said} It keeps its own documents. {stops}; started again (a service by `systemctl --user start wattle`), it is a \
             new device that belongs to no mesh."
        ))
    }

    /// Waits until an admin of the mesh is linked, for a moment: without one nobody removes this device.
    async fn wait_for_admin(&self) {
        let end = clock::now() + Duration::from_millis(LEAVE_LINK_MS);
        while clock::now() < end {
            let Ok(report) = self.mesh_report().await else { return };
            if report.removed_here || !awaits_admin(&report) {
                return;
            }
            clock::sleep_until(Some(clock::now() + Duration::from_millis(LEAVE_LOOK_MS))).await;
        }
    }

    async fn in_home<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Path) -> Result<T, String> + Send + 'static,
    ) -> Result<T, NoMesh> {
        let home = self.home().ok_or((Problem::Conflict, "This agent has no home.".to_owned()))?;
        let done = blocking::run(move || act(&home)).await;
        let done = done.unwrap_or_else(|| Err("The system gives no thread to write the root key.".to_owned()));
        done.map_err(|why| (Problem::Conflict, why))
    }
}

/// Whether the mesh has admins beside this device, and none of them is linked.
fn awaits_admin(report: &MeshReport) -> bool {
    let is_admin = |of: &&MemberReport| !of.here && of.caps.iter().any(|cap| cap == "admin");
    let mut admins = report.members.iter().filter(is_admin).peekable();
    admins.peek().is_some() && !admins.any(|of| of.linked)
}

/// The serial and the epoch of a new certificate.
#[derive(Clone, Copy)]
struct Numbers {
    serial: u64,
    epoch: u32,
}

impl Numbers {
    const fn of(report: &MeshReport) -> Self {
        Self { serial: report.next_serial, epoch: report.epoch }
    }
}

/// The root's certificate for the device of this home.
fn first_admin(home: &Path) -> Result<Chain, String> {
    let home = Home::at(home);
    let holder = PeerKey(*home.existing_identity()?.peer_id().public_key());
    let certificate = admin(home.mesh_root()?.key(), holder, Numbers { serial: 1, epoch: 0 });
    Ok(Chain { certificate, issuer: None })
}

/// The key of this recovery phrase, or without one that of the root in this home.
fn root_key(home: &Path, phrase: Option<Zeroizing<String>>) -> Result<SigningKey, String> {
    match phrase {
        Some(phrase) => key_of(&phrase),
        None => Ok(Home::at(home).existing_mesh_root()?.ok_or(NO_ROOT)?.key().clone()),
    }
}

fn key_of(phrase: &str) -> Result<SigningKey, String> {
    let seed = words::key_of(phrase).map_err(|why| format!("{why} Nothing was changed."))?;
    Ok(SigningKey::from_bytes(&seed))
}

fn admin(root: &SigningKey, holder: PeerKey, Numbers { serial, epoch }: Numbers) -> Certificate {
    let mesh = MeshId(*root.verifying_key().as_bytes());
    let caps = Caps::DEVICE | Caps::ADMIN;
    let unsigned = Certificate { mesh, holder, caps, serial, epoch, issuer: mesh.root(), signature: Signature::NONE };
    let signature = Record::Certificate(unsigned).signed(root).signature();
    Certificate { signature, ..unsigned }
}

const NO_ROOT: &str = "The mesh was not made on this device, so the key that makes admins is not here. Do this on the device where it was made, or give \
                       the recovery phrase with --phrase. Nothing was changed.";
const OTHER_ROOT: &str =
    "This recovery phrase or key is of another mesh than the one that this device belongs to. Nothing was changed.";

fn done(response: Response) -> Result<String, NoMesh> {
    match response {
        Response::Done(done) => Ok(done),
        other => Err(refusal(other)),
    }
}

fn refusal(response: Response) -> NoMesh {
    match response {
        Response::Refused(problem, why) => (problem, why),
        _ => (Problem::Broken, "The agent gave an answer of another kind; please report it.".to_owned()),
    }
}
