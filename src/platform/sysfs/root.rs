//! Where the trees of /sys and /proc begin, and paths below it that stay below it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on one way; the kernel allows 40.
const LINKS_MAX: usize = 40;

/// A root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root(PathBuf);

impl Root {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A path below the root. In the tree of another device, a link that begins with a slash means that device's root
    /// (`/proc/device-tree` is one), and none leads out to this one's files.
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
        let (mut left, mut way, mut links) = (parts(Path::new(path)), PathBuf::new(), 0);
        while let Some(part) = left.pop_front() {
            if part == ".." {
                way.pop();
                continue;
            }
            let Ok(target) = fs::read_link(self.0.join(&way).join(&part)) else {
                way.push(part);
                continue;
            };
            links += 1;
            if links > LINKS_MAX {
                // A circle: what stands there is no file, and is found to be none.
                return self.0.join(way).join(part).join("-");
            }
            if target.is_absolute() {
                way.clear();
            }
            let mut next = parts(&target);
            next.append(&mut left);
            left = next;
        }
        self.0.join(way)
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
        assert_eq!(root.below("sys/class/thermal/passwd"), at("etc/passwd"), "below the root, and not there");
        assert!(!root.below("sys/round/x").exists());
        assert_eq!(Root::new(Path::new("/")).below("proc/stat"), Path::new("/proc/stat"));
    }
}
