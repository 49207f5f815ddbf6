//! The names of what an agent keeps in its home, by which that is told from other files.

/// The small files; `platform::home` says what each of them is for.
const NAMES: [&str; 29] = [
    "lock",
    "identity.key",
    "hardware",
    "api-token",
    "api-tokens",
    "api-password",
    "boot",
    "config.toml",
    "api-address",
    "peers",
    "sources",
    "store-model",
    "document-counts",
    "lost-documents",
    "unfinished-commands",
    "mesh-records",
    "mesh-root",
    "tls-root",
    "mesh-invites",
    "mesh-seen",
    "mesh-left",
    "first-visit",
    "mesh-of-backup",
    "energy.json",
    "store-read",
    "feedback",
    "last-answer",
    "written-files",
    "write-trial",
];

/// What stands behind the name of such a file, or of what is left of one: its second copy, one that is damaged, moved away or being written.
const MARKS: [&str; 4] = [".copy", ".damaged", ".new", ".away"];

/// Whether a file of this name, in the home of an agent, is one of its own.
#[must_use]
pub fn is_agent_file(name: &[u8]) -> bool {
    let is_of = |own: &str| {
        let stem = own.split('.').next().unwrap_or(own);
        let after = |start: &str| name.strip_prefix(start.as_bytes());
        let is_marked = |rest: &[u8]| MARKS.iter().any(|mark| rest.starts_with(mark.as_bytes()));
        name == own.as_bytes() || after(own).is_some_and(is_marked) || after(stem).is_some_and(is_marked)
    };
    NAMES.iter().any(|own| is_of(own))
}

#[cfg(test)]
mod tests {
    use super::is_agent_file;

    #[test]
    fn the_files_of_an_agent_are_told_from_those_of_its_owner() {
        for own in [
            "lock",
            "identity.key",
            "identity.copy",
            "identity.key.away2",
            "boot.damaged",
            "energy.json",
            "peers.new",
            "last-answer",
        ] {
            assert!(is_agent_file(own.as_bytes()), "{own}");
        }
        for other in [
            "notes.md",
            "identity",
            "identity.txt",
            "boot.txt",
            "bootstrap",
            "locksmith.md",
            "energy",
            "sources.md",
            "",
        ] {
            assert!(!is_agent_file(other.as_bytes()), "{other}");
        }
    }
}
