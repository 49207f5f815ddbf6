//! The root of the trees of /sys and /proc, and paths that stay below it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that are followed in one path; the kernel allows 40.
const SYMLINKS_MAX: usize = 40;

/// The folder that is taken for `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root(PathBuf);

impl Root {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A path below the root. In a copied tree of another device, an absolute link is relative to that root
    /// (`/proc/device-tree` is one), and no link leads out of it to the files of this device.
    pub(super) fn below(&self, path: &str) -> PathBuf {
        if self.0 == Path::new("/") {
            return self.0.join(path);
        }
        let parts = |path: &Path| -> VecDeque<OsString> {
            let normal = path.components().filter_map(|part| match part {
                Component::Normal(name) => Some(name.to_owned()),
                Component::ParentDir => Some("..".into()),
                Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
            });
            normal.collect()
        };
        let (mut left, mut resolved, mut links) = (parts(Path::new(path)), PathBuf::new(), 0);
        while let Some(part) = left.pop_front() {
            if part == ".." {
                resolved.pop();
                continue;
            }
            let Ok(target) = fs::read_link(self.0.join(&resolved).join(&part)) else {
                resolved.push(part);
                continue;
            };
            links += 1;
            if links > SYMLINKS_MAX {
                // A circle: return a path that does not exist.
                return self.0.join(resolved).join(part).join("-");
            }
            if target.is_absolute() {
                resolved.clear();
            }
            let mut next = parts(&target);
            next.append(&mut left);
            left = next;
        }
        self.0.join(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_of_another_device_s_tree_do_not_lead_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["proc", "sys/firmware/devicetree/base", "sys/class"] {
            fs::create_dir_all(at(path)).unwrap();
        }
        symlink("/sys/firmware/devicetree/base", at("proc/device-tree")).unwrap();
        symlink("../../../../../../../../etc", at("sys/class/thermal")).unwrap();
        symlink("round", at("sys/round")).unwrap();
        let root = Root::new(folder.path());
        assert_eq!(root.below("proc/device-tree/model"), at("sys/firmware/devicetree/base/model"));
        assert_eq!(root.below("sys/class/thermal/passwd"), at("etc/passwd"), "below the root, where it does not exist");
        assert!(!root.below("sys/round/x").exists());
        assert_eq!(Root::new(Path::new("/")).below("proc/stat"), Path::new("/proc/stat"));
    }
}
