//! What makers of images need: a key, and an update signed with it.

use crate::cli::output::{Stop, show_done};
use crate::platform::update::{System, key_of, make_key, sign as signed};
use crate::wire::update::{Architecture, Version};
use serde_json::json;
use std::path::Path;

/// Makes a key, or shows the public one of a key that is there.
pub(super) fn key(file: &Path, as_json: bool) -> Result<(), Stop> {
    let (public, made) = if file.exists() { (key_of(file)?, false) } else { (make_key(file)?, true) };
    let text = format!(
        "{public}\nBoards that know this line take what {} signs. Whoever has that file can put any program on them: keep it where no board is.\n",
        file.display()
    );
    show_done(as_json, json!({ "public_key": public, "made": made }), &text)
}

/// Writes the manifest and its signature.
pub(super) fn sign(
    (folder, key): (&Path, &Path),
    architecture: &str,
    release: Option<&str>,
    as_json: bool,
) -> Result<(), Stop> {
    let architecture = Architecture::parse(architecture)
        .ok_or_else(|| Stop::Misused("--architecture is arm64 or armhf. Nothing was signed.".to_owned()))?;
    let version = release.map_or_else(|| Some(System::version()), Version::parse);
    let version =
        version.ok_or_else(|| Stop::Misused("--release is a version as 1.2.3. Nothing was signed.".to_owned()))?;
    let update = signed(folder, key, version, architecture)?;
    let fields = json!({
        "brings": version.to_string(),
        "architecture": architecture.name(),
        "bytes": update.boot.bytes + update.root.bytes,
    });
    let text = format!("{} is an update to version {version} for {}.\n", folder.display(), architecture.name());
    show_done(as_json, fields, &text)
}
