//! The making of a mesh: a root key in the home, and the certificate by which it makes this device the first admin.

use super::handle::NodeHandle;
use crate::base::id::{MeshId, PeerKey};
use crate::mesh::trust::authority::Order;
use crate::node::input::{Pairing, Request};
use crate::node::output::{Problem, Response};
use crate::platform::blocking;
use crate::platform::home::{Home, MeshRoot};
use crate::wire::certificate::{Caps, Certificate, Chain, Record, Signature};
use std::path::Path;
use zeroize::Zeroizing;

/// Why there is no mesh: whose turn it is, and a sentence.
type NoMesh = (Problem, String);

impl NodeHandle {
    /// Makes a mesh with this device as its admin, unless it belongs to one already.
    ///
    /// # Errors
    /// Why not; nothing was changed.
    pub async fn make_mesh(&self) -> Result<(), NoMesh> {
        let report = match self.request(Request::Pairing(Pairing::Mesh)).await {
            Response::Mesh(report) => report,
            other => return Err(refusal(other)),
        };
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
        let report = match self.request(Request::Pairing(Pairing::Mesh)).await {
            Response::Mesh(report) => report,
            other => return Err(refusal(other)),
        };
        self.in_home(move |home| {
            let mut root = Home::at(home).mesh_root()?;
            let id = crate::node::mesh_report::hex(root.key().verifying_key().as_bytes());
            if report.mesh != Some(id) {
                return Err("This device has joined its mesh, so the mesh's root is not here. Nothing was changed.".to_owned());
            }
            root.phrase_once()?.ok_or_else(|| {
                "The mesh was made here before, and its recovery phrase was shown then: it is shown once. Nothing was changed."
                    .to_owned()
            })
        })
        .await
    }

    async fn in_home<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Path) -> Result<T, String> + Send + 'static,
    ) -> Result<T, NoMesh> {
        let home = self.home().ok_or((Problem::Conflict, "This agent has no home.".to_owned()))?;
        let done = blocking::run(move || act(&home)).await;
        let done = done.unwrap_or_else(|| Err("The system gives no thread to write the root key.".to_owned()));
        done.map_err(|why| (Problem::Broken, why))
    }
}

/// The root's certificate for the device of this home.
fn first_admin(home: &Path) -> Result<Chain, String> {
    let home = Home::at(home);
    let holder = PeerKey(*home.identity()?.peer_id().public_key());
    Ok(admin(&home.mesh_root()?, holder))
}

fn admin(root: &MeshRoot, holder: PeerKey) -> Chain {
    let mesh = MeshId(*root.key().verifying_key().as_bytes());
    let unsigned = Certificate {
        mesh,
        holder,
        caps: Caps::MEMBER | Caps::WORKER | Caps::ADMIN,
        serial: 1,
        epoch: 0,
        issuer: mesh.root(),
        signature: Signature::NONE,
    };
    let signature = Record::Certificate(unsigned).signed(root.key()).signature();
    Chain { certificate: Certificate { signature, ..unsigned }, issuer: None }
}

fn refusal(response: Response) -> NoMesh {
    match response {
        Response::Refused(problem, why) => (problem, why),
        _ => (Problem::Broken, "The agent gave an answer of another kind; please report it.".to_owned()),
    }
}
