//! Where an update comes from.

use crate::cli::output::Stop;
use crate::cli::paths::absolute;
use crate::http::client::fetched::Fetched;
use crate::platform::update::{Package, System};
use crate::wire::update::MANIFEST;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The port of the image's `wattle-hand-on.socket`.
const HAND_ON_PORT: u16 = 7782;

/// A folder, or a web server.
#[derive(Debug)]
pub(super) enum Origin {
    /// A folder: on the boot partition, on a stick.
    Folder(PathBuf),
    /// The address of a web server's folder.
    Address(String),
}

impl Origin {
    /// As it was typed; else the boot partition's folder, if there is an update in it, else the owner's address.
    pub(super) fn of(system: &System, typed: Option<&str>) -> Result<Self, Stop> {
        let nowhere = || {
            format!(
                "There is no update in {}, and wattle.txt names no address of updates (update_address). Give a folder with one, or its address.",
                on_card(system).display()
            )
        };
        match typed {
            Some(address) if address.contains("://") => Ok(Self::Address(address.to_owned())),
            Some(folder) => Ok(Self::Folder(absolute(Path::new(folder))?)),
            None => match Self::on_card(system) {
                Some(folder) => Ok(folder),
                None => Ok(Self::Address(system.address().ok_or_else(nowhere)?)),
            },
        }
    }

    /// The boot partition's folder, if there is an update in it.
    pub(super) fn on_card(system: &System) -> Option<Self> {
        let folder = on_card(system);
        folder.join(MANIFEST).exists().then_some(Self::Folder(folder))
    }

    /// What another board of the image hands on, whose agent is linked at this address. One of a link alone keeps its zone, without which it is nowhere: as RFC
    /// 6874 writes it, since the number of an interface may itself begin with 25.
    pub(super) fn of_member(at: SocketAddr) -> Self {
        Self::Address(match at {
            SocketAddr::V6(at) if at.scope_id() > 0 => {
                format!("http://[{}%25{}]:{HAND_ON_PORT}", at.ip(), at.scope_id())
            }
            _ => format!("http://{}", SocketAddr::new(at.ip(), HAND_ON_PORT)),
        })
    }

    /// Whether there is something: a member that has no update is no trouble.
    pub(super) fn has_update(&self) -> bool {
        match self {
            Self::Folder(folder) => folder.join(MANIFEST).exists(),
            Self::Address(address) => Fetched::get(&format!("{address}/{MANIFEST}")).is_ok(),
        }
    }

    /// The update there.
    pub(super) fn package(&self) -> Package<'_> {
        match self {
            Self::Folder(folder) => Package::in_folder(folder),
            Self::Address(address) => Package::by(move |name| {
                let file = Fetched::get(&format!("{}/{name}", address.trim_end_matches('/')))?;
                Ok(Box::new(file) as Box<dyn Read>)
            }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.display()),
            Self::Address(address) => f.write_str(address),
        }
    }
}

fn on_card(system: &System) -> PathBuf {
    system.boot().join("update")
}
