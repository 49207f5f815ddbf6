//! An update as it comes, from a folder or a server; and the making of one.

use super::gzip::Unpacked;
use super::partition::{is_part, measured};
use super::system::System;
use crate::limits::{UPDATE_BOOT_BYTES_MAX, UPDATE_MANIFEST_BYTES_MAX, UPDATE_SIGNATURE_BYTES_MAX};
use crate::platform::new_file::{write_new, write_whole};
use crate::platform::regular;
use crate::wire::update::{self, Architecture, BOOT, BadUpdate, MANIFEST, ROOT, SIGNATURE, Update, Version, digits};
use ed25519_dalek::SigningKey;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// A file of an update, as it comes; or why it does not, in a sentence.
type Opened = Result<Box<dyn Read>, String>;

/// An update that a known key has signed.
#[derive(Debug)]
pub(super) struct Checked {
    /// What it is.
    pub(super) update: Update,
    /// Its boot files, which are those that it names.
    pub(super) boot: Vec<u8>,
    /// Its manifest, and the signature, as they were looked at: a server may give others the next time.
    pub(super) manifest: Vec<u8>,
    /// See `manifest`.
    pub(super) signature: Vec<u8>,
}

/// An update that nothing is believed of yet.
pub struct Package<'a> {
    open: Box<dyn Fn(&str) -> Opened + 'a>,
}

impl core::fmt::Debug for Package<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Package").finish_non_exhaustive()
    }
}

impl<'a> Package<'a> {
    /// One whose files this opens by their names.
    #[must_use]
    pub fn by(open: impl Fn(&str) -> Opened + 'a) -> Self {
        Self { open: Box::new(open) }
    }

    /// One in a folder.
    #[must_use]
    pub fn in_folder(folder: &'a Path) -> Self {
        Self::by(move |name| {
            let path = folder.join(name);
            let file = regular::open(&path, OpenOptions::new().read(true));
            let file = file.map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
            Ok(Box::new(file))
        })
    }

    /// The update, if a key that this board knows has signed it and it is for this board, newer than what runs unless `older`. Nothing but its manifest is read.
    ///
    /// # Errors
    /// One sentence, and that nothing was changed.
    pub fn check(&self, system: &System, older: bool) -> Result<Update, String> {
        self.signed(system, older).map(|(update, _)| update)
    }

    /// The same, with its manifest and the signature.
    fn signed(&self, system: &System, older: bool) -> Result<(Update, [Vec<u8>; 2]), String> {
        let unchanged = |why: String| format!("{why} Nothing was changed.");
        let keys = system.keys().map_err(unchanged)?;
        if keys.is_empty() {
            return Err("This board knows no key by which it could tell an update from a forgery: its image was made without one and wattle.txt has none (update_key), \
                        or wattle.txt says update_key = none, by which it takes nobody's updates. Nothing was changed."
                .to_owned());
        }
        let manifest = self.small(MANIFEST, UPDATE_MANIFEST_BYTES_MAX).map_err(unchanged)?;
        let signature = self.small(SIGNATURE, UPDATE_SIGNATURE_BYTES_MAX).map_err(unchanged)?;
        let told = |why: BadUpdate| unchanged(why.to_string());
        let update = Update::read(&manifest, &String::from_utf8_lossy(&signature), &keys).map_err(told)?;
        match update.fits(system.architecture(), System::version()) {
            Err(BadUpdate::Older | BadUpdate::Same) if older => Ok((update, [manifest, signature])),
            fits => fits.map(|()| (update, [manifest, signature])).map_err(told),
        }
    }

    /// The same, with its boot files, which are those that it names.
    ///
    /// # Errors
    /// As of [`Self::check`].
    pub(super) fn checked(&self, system: &System, older: bool) -> Result<Checked, String> {
        let (update, [manifest, signature]) = self.signed(system, older)?;
        let most = usize::try_from(UPDATE_BOOT_BYTES_MAX).unwrap_or(usize::MAX);
        let boot = self.small(BOOT, most).map_err(|why| format!("{why} Nothing was changed."))?;
        if is_part(&boot, &update.boot) {
            return Ok(Checked { update, boot, manifest, signature });
        }
        Err("The update's boot files are not those that its manifest names: they were damaged or changed on their way. Nothing was changed.".to_owned())
    }

    /// The root partition, unpacked as it comes.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn root(&self) -> Result<Unpacked<Box<dyn Read>>, String> {
        Unpacked::of(self.opened(ROOT)?).map_err(|error| format!("The update's {ROOT} cannot be unpacked: {error}."))
    }

    /// A file, as it comes.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn opened(&self, name: &str) -> Opened {
        (self.open)(name)
    }

    /// A file that is held in memory.
    ///
    /// # Errors
    /// One sentence.
    pub(super) fn small(&self, name: &str, bytes_max: usize) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.opened(name)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("The update's {name} cannot be read: {error}."))?;
        if bytes.len() > bytes_max {
            return Err(format!("The update's {name} has more than {bytes_max} bytes."));
        }
        Ok(bytes)
    }
}

/// Makes a key that signs updates, in a file that its owner alone reads. Gives the public key, by which boards know it.
///
/// # Errors
/// One sentence; a file that is there is left as it is.
pub fn make_key(file: &Path) -> Result<String, String> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| format!("The system gives no random numbers: {error}."))?;
    let text = Zeroizing::new(digits(seed.as_slice()) + "\n");
    write_new(file, 0o600, text.as_bytes())
        .map_err(|error| format!("The key {} cannot be made: {error}.", file.display()))?;
    Ok(digits(SigningKey::from_bytes(&seed).verifying_key().as_bytes()))
}

/// The public key of the key in this file.
///
/// # Errors
/// One sentence.
pub fn key_of(file: &Path) -> Result<String, String> {
    Ok(digits(signing(file)?.verifying_key().as_bytes()))
}

fn signing(file: &Path) -> Result<SigningKey, String> {
    let read = regular::read(file, UPDATE_SIGNATURE_BYTES_MAX);
    let text = Zeroizing::new(read.map_err(|error| format!("The key {} cannot be read: {error}.", file.display()))?);
    let seed = str::from_utf8(&text).ok().and_then(update::key).map(Zeroizing::new);
    let seed = seed.ok_or_else(|| {
        format!(
            "{} is no key: it has 64 digits, 0 to 9 and a to f, as `wattle update key FILE` writes them.",
            file.display()
        )
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Writes the manifest of the two parts in this folder, and its signature.
///
/// # Errors
/// One sentence.
pub fn sign(folder: &Path, file: &Path, version: Version, architecture: Architecture) -> Result<Update, String> {
    let key = signing(file)?;
    let package = Package::in_folder(folder);
    let unread = |error: std::io::Error| format!("The update in {} cannot be read: {error}.", folder.display());
    let boot = measured(&mut package.opened(BOOT)?).map_err(unread)?;
    let root = measured(&mut package.root()?).map_err(unread)?;
    let update = Update { version, architecture, boot, root };
    let text = update.manifest();
    // What no board would take is not signed.
    if Update::parse(&text) != Some(update) {
        return Err(format!(
            "The update has a boot file of {} bytes and a root of {}: no board takes one of that size. Nothing was signed.",
            boot.bytes, root.bytes
        ));
    }
    let signature = Update::signature(text.as_bytes(), &key) + "\n";
    for (name, text) in [(MANIFEST, &text), (SIGNATURE, &signature)] {
        let path = folder.join(name);
        write_whole(&path, text.as_bytes())
            .map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
    }
    Ok(update)
}
