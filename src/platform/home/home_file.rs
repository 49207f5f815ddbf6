//! The names and caps of the small files of a home.

use crate::limits::{
    ADDRESS_BOOK_BYTES_MAX, FEEDBACK_BYTES_MAX, HARDWARE_BYTES_MAX, INVITES_FILE_BYTES_MAX, SEEN_FILE_BYTES_MAX,
    STATE_BYTES_MAX, TRUST_FILE_BYTES_MAX,
};

/// The small files of a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HomeFile {
    /// The key.
    Identity,
    /// The hardware that the key is bound to.
    Hardware,
    /// The API's token.
    Token,
    /// The sums of the tokens that programs and people were given.
    Tokens,
    /// What the page's password is compared with.
    Password,
    /// The number of the agent's starts.
    BootCount,
    /// What the owner set, by hand or at a command.
    Settings,
    /// Where the running agent's API listens.
    Api,
    /// Addresses at which peers were reached.
    Peers,
    /// A copy of the list of watched folders.
    Sources,
    /// The fingerprint of the model whose vectors the store holds, for the doctor, who does not open the store.
    StoreModel,
    /// How many documents each watched place has, in case that the store is lost.
    Counts,
    /// What was lost with a store and could not be read again so far.
    Lost,
    /// Commands that were begun and not finished.
    Unfinished,
    /// The certificates and removals of the mesh.
    Records,
    /// The root key of the mesh that was made here.
    MeshRoot,
    /// The key of the root that signs this device's certificates of TLS, and the host name that is in it.
    TlsRoot,
    /// The invites that can be redeemed here: to be kept secret like a key.
    Invites,
    /// When each device of the mesh was first and last seen.
    Seen,
    /// That the device has left its mesh: the next start makes a new identity.
    Left,
    /// That the page's first visitor may choose its password.
    FirstVisit,
    /// That the certificates and removals are those of a backup, and no other device has the same so far.
    OfBackup,
    /// What the governor learned, and the pause that holds.
    Energy,
    /// When the whole store was read last.
    StoreRead,
    /// What people said of answers.
    Feedback,
    /// Which of the small files were written.
    Written,
}

/// Those that have a checksum and a copy.
pub(super) const GUARDED: [HomeFile; 17] = [
    HomeFile::Identity,
    HomeFile::Token,
    HomeFile::BootCount,
    HomeFile::Hardware,
    HomeFile::Peers,
    HomeFile::Sources,
    HomeFile::StoreModel,
    HomeFile::Counts,
    HomeFile::Lost,
    HomeFile::Records,
    HomeFile::MeshRoot,
    HomeFile::TlsRoot,
    HomeFile::Invites,
    HomeFile::Seen,
    HomeFile::Energy,
    HomeFile::Tokens,
    HomeFile::Password,
];

impl HomeFile {
    /// Its name in the folder.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity.key",
            Self::Hardware => "hardware",
            Self::Token => "api-token",
            Self::Tokens => "api-tokens",
            Self::Password => "api-password",
            Self::BootCount => "boot",
            Self::Settings => "config.toml",
            Self::Api => "api-address",
            Self::Peers => "peers",
            Self::Sources => "sources",
            Self::StoreModel => "store-model",
            Self::Counts => "document-counts",
            Self::Lost => "lost-documents",
            Self::Unfinished => "unfinished-commands",
            Self::Records => "mesh-records",
            Self::MeshRoot => "mesh-root",
            Self::TlsRoot => "tls-root",
            Self::Invites => "mesh-invites",
            Self::Seen => "mesh-seen",
            Self::Left => "mesh-left",
            Self::FirstVisit => "first-visit",
            Self::OfBackup => "mesh-of-backup",
            Self::Energy => "energy.json",
            Self::StoreRead => "store-read",
            Self::Feedback => "feedback",
            Self::Written => "written-files",
        }
    }

    /// Whether it has a checksum and a copy.
    pub(super) fn is_guarded(self) -> bool {
        GUARDED.contains(&self)
    }

    /// At most so many bytes of it are read.
    pub(super) const fn bytes_max(self) -> usize {
        match self {
            Self::Hardware => HARDWARE_BYTES_MAX,
            Self::Peers => ADDRESS_BOOK_BYTES_MAX,
            Self::Records => TRUST_FILE_BYTES_MAX,
            Self::Invites => INVITES_FILE_BYTES_MAX,
            Self::Seen => SEEN_FILE_BYTES_MAX,
            Self::Feedback => FEEDBACK_BYTES_MAX,
            _ => STATE_BYTES_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::agent_file::is_agent_file;

    #[test]
    fn each_file_of_a_home_is_known_as_one() {
        let others = [
            HomeFile::Settings,
            HomeFile::Api,
            HomeFile::Unfinished,
            HomeFile::Left,
            HomeFile::FirstVisit,
            HomeFile::OfBackup,
            HomeFile::StoreRead,
            HomeFile::Feedback,
            HomeFile::Written,
        ];
        for file in GUARDED.into_iter().chain(others) {
            assert!(is_agent_file(file.name().as_bytes()), "{file:?}");
        }
    }
}
