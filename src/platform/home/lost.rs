//! What people are told of a small file of which nothing is left: what it held, and what follows.

use super::guarded::copy_of;
use super::home_file::HomeFile;
use super::standing::Fault;
use std::path::Path;

/// How a file was lost together with its copy.
pub(super) struct Lost {
    /// The end of a sentence, behind "is" or "was".
    pub(super) how: String,
    /// What may be the reason.
    pub(super) why: &'static str,
    /// Whether it was before this start, which begins it anew; else the next one does.
    pub(super) made: bool,
}

const DELETED: &str =
    "If nobody deleted the two, the disk or card may be failing: make a backup, and look for errors of the disk.";
const FAILING: &str = "The disk or card may be failing: make a backup, and look for errors of the disk.";

impl Lost {
    /// Neither is there.
    pub(super) fn gone() -> Self {
        Self { how: "gone with its copy".to_owned(), why: DELETED, made: false }
    }

    /// Neither can be used: the fault of the file, and why not its copy.
    pub(super) fn of(fault: &Fault, bad_copy: Option<&str>, path: &Path) -> Self {
        let fault = match fault {
            Fault::Gone => "gone".to_owned(),
            Fault::Unreadable(error) => format!("not to be read ({error})"),
            Fault::Damaged | Fault::Unproven | Fault::OfAnother(_) => "damaged".to_owned(),
        };
        let how = match bad_copy {
            Some(why) => format!("{fault}, and its copy {} is of no use: {why}", copy_of(path).display()),
            None => format!("{fault}, and has no copy"),
        };
        Self { how, why: FAILING, made: false }
    }
}

/// What is told of it.
pub(super) fn lost(path: &Path, file: HomeFile, Lost { how, why, made }: &Lost) -> String {
    let (name, is) = (path.display(), if *made { "was" } else { "is" });
    format!("{}, {name}, {is} {how}. {} {why}", title(file), follows(file, *made))
}

fn title(file: HomeFile) -> &'static str {
    match file {
        HomeFile::Token => "The token of the agent's API",
        HomeFile::Tokens => "The file of the tokens that programs and people were given",
        HomeFile::Password => "The file of the page's password",
        HomeFile::BootCount => "The count of the agent's starts",
        HomeFile::Energy => "The file of the governor",
        HomeFile::Records => "The list of the mesh's devices and removals",
        HomeFile::MeshRoot => "The root key of the mesh that was made here",
        HomeFile::TlsRoot => "The key of the root certificate of this device's page",
        HomeFile::Invites => "The file of invites",
        HomeFile::Peers => "The file of other devices' addresses",
        HomeFile::Seen => "The file of when other devices were seen",
        HomeFile::Sources => "The list of folders beside the store",
        HomeFile::Counts => "The file of how many documents each folder has",
        HomeFile::StoreModel => "The note of which model the store is of",
        HomeFile::Lost => "The list of documents that went with the store",
        _ => "The file",
    }
}

fn follows(file: HomeFile, made: bool) -> &'static str {
    match file {
        HomeFile::Token if made => {
            "A new one was made. The commands of this home read it by themselves; pages and programs that have the old one are refused."
        }
        HomeFile::Token => {
            "The next start makes a new one; until then the commands of this home do not reach an agent that runs. Stop it, and start it. \
             Pages and programs that have the old token are refused then."
        }
        HomeFile::Tokens => "Programs and people that have one are refused. `wattle token create NAME` makes new ones.",
        HomeFile::Password => {
            "If the page had a password, it has none now, and opens by a token alone; nobody chooses one as its first visitor. `wattle password set` \
             on this device sets one again."
        }
        HomeFile::BootCount if made => {
            "It began from 1 again. Other devices refuse its messages until one of them has told it a higher count, which takes seconds \
             once they are linked."
        }
        HomeFile::BootCount => {
            "The next start counts from 1 again. Other devices refuse its messages until one of them has told it a higher count, which \
             takes seconds once they are linked."
        }
        HomeFile::Energy => {
            "A pause, if there was one, is lost, and so is what the governor learned or calibrated: the agent works as if nobody had \
             paused it. If it was paused, type `wattle pause` again."
        }
        HomeFile::Records => {
            "Without it the agent belongs to no mesh. If there is a backup of it, stop the agent and put it back; else type `wattle pair` on \
             an admin of the mesh, and `wattle join CODE` here."
        }
        HomeFile::MeshRoot => {
            "Without it this device makes no other one an admin. If there is a backup of it, stop the agent and put it back; else the \
             recovery phrase of the mesh does what it did."
        }
        HomeFile::TlsRoot => {
            "If api.tls is on, the next start makes another root, and each phone that trusts the one of before has to install it: `wattle tls root` \
             says how."
        }
        HomeFile::Invites => {
            "Invites that were written here and not used are void. `wattle invite --file FOLDER` writes new ones."
        }
        HomeFile::Peers => {
            "The addresses are learnt again as the devices are heard; one in another network may have to be named again with --peer."
        }
        HomeFile::Seen => "It begins anew: since when a device is away is not known before it was linked again.",
        HomeFile::Sources => "It is written anew from the store, and nothing is lost as long as the store is whole.",
        HomeFile::Counts => "It is counted anew, and nothing is lost as long as the store is whole.",
        HomeFile::StoreModel => "It is written anew from the store, and nothing is lost.",
        _ => "What it held is lost, and it begins anew.",
    }
}
