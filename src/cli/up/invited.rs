//! A device that nobody has let in and that finds an invite on its card joins by it, without a command: a board without a screen. A card
//! that was copied into another board is one.

use crate::base::finding::{Area, Finding};
use crate::limits::{INVITE_RETRY_MS, INVITE_RETRY_MS_MAX};
use crate::node::input::{Pairing, Request, Wanted};
use crate::node::output::Response;
use crate::platform::{blocking, invite_card};
use crate::runtime::handle::NodeHandle;
use crate::wire::pairing::invite::Invite;
use log::info;
use smol::Timer;
use std::path::PathBuf;
use std::time::Duration;

const KEY: &str = "invite";

/// Joins by the invite in one of these folders, if there is one and the device is in no mesh; tries again until it is in, since the
/// admins may be off. The file is deleted then.
pub(super) async fn join(node_handle: NodeHandle, folders: Vec<PathBuf>) {
    let Some(file) = blocking::run(move || invite_card::find(&folders)).await.flatten() else { return };
    let name = file.display().to_string();
    let mut wait = INVITE_RETRY_MS;
    loop {
        let path = file.clone();
        let read = blocking::run(move || invite_card::read(&path))
            .await
            .unwrap_or_else(|| Err("There is no thread.".to_owned()));
        let invite = read.and_then(|text| Invite::parse(&text).map_err(|why| why.to_string()));
        let tried = match invite {
            Ok(invite) => by(&node_handle, &invite).await,
            Err(why) => Err(why),
        };
        match tried {
            Ok(()) => break,
            Err(why) => {
                info!("The invite {name} has not let this device in yet. {why}");
                node_handle.findings().set(KEY, not_in(&name, &why));
            }
        }
        Timer::after(Duration::from_millis(wait)).await;
        wait = (wait * 2).min(INVITE_RETRY_MS_MAX);
    }
    node_handle.findings().clear(KEY);
    let wiped = blocking::run(move || invite_card::wipe(&file)).await;
    if let Some(Err(what)) = wiped {
        node_handle.findings().set(KEY, Finding { area: Area::Peers, what, command: None });
    }
}

/// The invite in this file has not let the device in, for this reason.
pub(crate) fn not_in(name: &str, why: &str) -> Finding {
    let what = format!("The invite {name} has not let this device in. {why}");
    Finding { area: Area::Peers, what, command: None }
}

/// Joins by an invite; also done where the device has joined by it already, because the file could not be deleted before. One that it has not
/// used stays, for another device.
async fn by(node_handle: &NodeHandle, invite: &Invite) -> Result<(), String> {
    if let Response::Mesh(report) = node_handle.request(Request::Pairing(Pairing::Mesh)).await
        && let Some(mesh) = &report.mesh
    {
        if *mesh != crate::node::mesh_report::hex(&invite.mesh) || report.removed_here {
            return Err("This device belongs to another mesh, or was removed from it.".to_owned());
        }
        // A copied card has the records of its mesh, and a key of its own that nobody has let in.
        if report.members.iter().any(|member| member.here) {
            return match node_handle.request(Request::Pairing(Pairing::Used(invite.id))).await {
                Response::Refused(_, why) => Err(why),
                _ => Ok(()),
            };
        }
    }
    match node_handle.request(Request::Pairing(Pairing::Join(Box::new(Wanted::from(invite))))).await {
        Response::Joined(joined) => {
            info!(
                "This device has joined a mesh by its invite; {} let it in. There are no words to compare: the invite names who may.",
                joined.admin
            );
            Ok(())
        }
        Response::Refused(_, why) => Err(why),
        _ => Err("The agent gave an answer of another kind; please report it.".to_owned()),
    }
}
