//! Files that hold keys and passwords rather than documents, told by their names.
//!
//! They are not indexed when a folder that holds them is watched: a private key in an answer, on a screen or in the answer
//! to another device, is a leak that nobody asked for. Who names such a file itself (`wattle add FILE`) gets it.

/// Endings of keys, certificates with keys, key stores, password safes, and settings with passwords.
const ENDINGS: [&str; 25] = [
    "pem",
    "key",
    "p8",
    "p12",
    "pfx",
    "pk8",
    "jks",
    "keystore",
    "keytab",
    "kdb",
    "kdbx",
    "psafe3",
    "agilekeychain",
    "1pux",
    "ppk",
    "ovpn",
    "gpg",
    "pgp",
    "age",
    "kwallet",
    "keychain",
    "env",
    "htpasswd",
    "tfstate",
    "mobileprovision",
];

/// Whole names.
const NAMES: [&str; 14] = [
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "env",
    "netrc",
    "htpasswd",
    "credentials",
    "wallet.dat",
    "api-token",
    "api-tokens",
    "api-password",
];

/// Whether the file at this path is left out unless it is named itself. Case does not count, nor does a copy's mark:
/// `server.key.bak`, `Server (1).KEY`, `.env.production`.
#[must_use]
pub fn holds_secrets(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).to_lowercase();
    let name = name.trim_start_matches('.').trim_end_matches('~');
    let without_copy = ["bak", "old", "orig", "save", "backup", "copy", "swp"]
        .iter()
        .find_map(|copy| name.strip_suffix(copy).and_then(|name| name.strip_suffix(['.', '-', '_'])))
        .unwrap_or(name);
    let ending = without_copy.rsplit_once('.').map(|(_, ending)| ending);
    NAMES.contains(&without_copy)
        || ending.is_some_and(|ending| ENDINGS.contains(&ending))
        || without_copy.starts_with("env.")
        || without_copy.contains(".env.")
}

#[cfg(test)]
mod tests {
    use super::holds_secrets;

    #[test]
    fn keys_and_passwords_are_told_by_their_names_and_documents_are_none() {
        for secret in [
            "server.pem",
            "SERVER.KEY",
            "vault.kdbx",
            ".env",
            "prod.env",
            ".env.production",
            "app.env.local",
            "id_ed25519",
            "id_rsa.bak",
            "server.key~",
            "server (1).key",
            "store.jks",
            "home.ovpn",
            ".netrc",
            "wallet.dat",
        ] {
            assert!(holds_secrets(format!("/home/{secret}").as_bytes()), "{secret}");
        }
        for document in [
            "keys.md",
            "key.txt",
            "monkey",
            "id_rsa.pub",
            "environment.md",
            "the.pem.file.md",
            "notes",
            "keyboard.key.md",
            "passwords-policy.txt",
            "age.txt",
            "",
        ] {
            assert!(!holds_secrets(document.as_bytes()), "{document}");
        }
    }
}
