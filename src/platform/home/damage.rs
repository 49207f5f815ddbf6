//! The small files of a home as they are on the disk now, for the doctor: each is read with its checksum and its copy.
//! Nothing is changed; the next start mends what can be mended.

use super::guarded::{self, Content, copy_of, damage_of_copy};
use super::home_file::{GUARDED, HomeFile};
use super::meant::is_meant;
use super::mend::outlives_its_file;
use crate::base::finding::{Area, Finding, quoted};
use std::path::Path;

/// Looks at a file that differs from its copy: the agent may write both just now, first the copy.
const LOOKS: usize = 3;

/// What is damaged or lost in a home: each file and copy, with what becomes of it.
#[must_use]
pub fn damage(home: &Path) -> Vec<Finding> {
    GUARDED.into_iter().filter_map(|file| damage_of(&home.join(file.name()), file)).collect()
}

fn damage_of(path: &Path, file: HomeFile) -> Option<Finding> {
    let mut found = None;
    for _ in 0..LOOKS {
        found = look(path, file);
        if found.is_none() {
            break;
        }
    }
    let (what, wrong) = found?;
    Some(Finding { area: Area::State, what, command: Some(format!("ls -ld {}", quoted(&wrong.to_string_lossy()))) })
}

/// What is wrong with a file or its copy, and the path of the one that is wrong.
fn look(path: &Path, file: HomeFile) -> Option<(String, std::path::PathBuf)> {
    let (name, copy) = (path.display(), copy_of(path));
    let bad_copy = damage_of_copy(path, file.bytes_max());
    let content = guarded::read(path, file.bytes_max());
    let of_copy = || match &bad_copy {
        Some(why) => format!("its copy {} cannot be used either: {why}", copy.display()),
        None => "it has no copy".to_owned(),
    };
    let backup = "The disk or card may be failing: make a backup, and look for errors of the disk.";
    match content {
        Err(error) => {
            Some((format!("The file {name} cannot be read ({error}), and {}. {backup}", of_copy()), path.into()))
        }
        Ok(Content::Differs { file: bytes, copy }) if !is_meant(file, &bytes, &copy) => {
            let what = format!(
                "The file {name} is damaged. Its copy is whole: it is used, and is put in its place at the next start. {backup}"
            );
            Some((what, path.into()))
        }
        Ok(Content::Missing(Some(_))) if outlives_its_file(file) => {
            let what = format!(
                "The file {name} is gone. Its copy is whole: it is used, and is put in its place at the next start. {backup}"
            );
            Some((what, path.into()))
        }
        Ok(Content::Missing(None)) if bad_copy.is_some() => {
            Some((format!("The file {name} is gone, and {}. {backup}", of_copy()), path.into()))
        }
        Ok(Content::Whole(bytes, _)) if !is_possible(file, &bytes) => {
            Some((format!("The file {name} is damaged, and {}. {backup}", of_copy()), path.into()))
        }
        Ok(_) => {
            let what = format!(
                "The copy {} cannot be used: {}. The file {name} is whole. Remove the copy; it is written anew at the next \
                 start.",
                copy.display(),
                bad_copy?
            );
            Some((what, copy))
        }
    }
}

/// Whether a file without a copy to compare may be what was written.
fn is_possible(file: HomeFile, bytes: &[u8]) -> bool {
    match file {
        HomeFile::Identity | HomeFile::Token => super::meant::parse_seed(bytes.trim_ascii()).is_some(),
        HomeFile::BootCount => super::meant::parse_count(bytes).is_some(),
        _ => true,
    }
}
