//! How many cores the cgroup of this process may use: a container's `--cpus=0.5`. Both cgroup versions.

use super::tree::Tree;
use crate::energy::sample::text;

/// The file with the cgroups of this process.
pub const GROUPS: &str = "proc/self/cgroup";
/// Cgroups from the root down to this process's that are looked at.
const DEPTH_MAX: usize = 16;

/// The files that may hold a quota, from the content of `/proc/self/cgroup`: those of the group and of all above it.
#[must_use]
pub fn files(groups: &[u8]) -> Vec<String> {
    let mut files = Vec::new();
    for line in groups.split(|byte| *byte == b'\n') {
        // "0::/a/b" of version 2, "4:cpu,cpuacct:/a/b" of version 1.
        let Some(line) = text::word(line) else { continue };
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(kinds), Some(path)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let of_cpu = kinds.split(',').any(|kind| kind == "cpu");
        if !kinds.is_empty() && !of_cpu || !path.starts_with('/') {
            continue;
        }
        // A group beside or above what is mounted here: only the mounted root is visible.
        let path = if path.split('/').any(|part| part == "..") { "" } else { path };
        let mut folder = if of_cpu { format!("sys/fs/cgroup/{kinds}") } else { "sys/fs/cgroup".to_owned() };
        let mut add = |folder: &str| {
            if of_cpu {
                files.push(format!("{folder}/cpu.cfs_quota_us"));
                files.push(format!("{folder}/cpu.cfs_period_us"));
            } else {
                files.push(format!("{folder}/cpu.max"));
            }
        };
        add(&folder);
        for part in path.split('/').filter(|part| !part.is_empty()).take(DEPTH_MAX) {
            folder = format!("{folder}/{part}");
            add(&folder);
        }
    }
    files
}

/// The smallest quota in cores, fractions included; `None`: there is none.
#[must_use]
pub fn cores(tree: &Tree) -> Option<f64> {
    let files = tree.bytes(GROUPS).map(files).ok()?;
    let of_file = |path: &String| {
        if let Some(folder) = path.strip_suffix("cpu.cfs_quota_us") {
            let (quota, period) = (tree.integer(path).ok()?, tree.integer(&format!("{folder}cpu.cfs_period_us")).ok()?);
            return (quota > 0 && period > 0).then(|| quota as f64 / period as f64);
        }
        let millicores = path.ends_with("cpu.max").then(|| tree.bytes(path).ok()).flatten();
        millicores.and_then(text::cgroup_millicores).map(|millicores| millicores as f64 / 1000.0)
    };
    files.iter().filter_map(of_file).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| assert!(tree.insert(path, Ok(text.as_bytes()))));
        tree
    }

    #[test]
    fn the_least_quota_of_a_group_and_those_above_it_counts() {
        let mut own = tree(&[
            (GROUPS, "0::/docker/wattle\n"),
            ("sys/fs/cgroup/docker/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/docker/wattle/cpu.max", "max 100000\n"),
        ]);
        assert_eq!(cores(&own), Some(1.5));
        own.insert("sys/fs/cgroup/docker/wattle/cpu.max", Ok(b"50000 100000\n"));
        assert_eq!(cores(&own), Some(0.5), "--cpus=0.5");
        own.insert(GROUPS, Ok(b"0::/\n"));
        assert_eq!(cores(&own), None, "a root without a file has no quota");
        own.insert("sys/fs/cgroup/cpu.max", Ok(b"25000 100000\n"));
        assert_eq!(cores(&own), Some(0.25), "a container sees its own group as the root");
    }

    #[test]
    fn version_1_has_its_quota_in_two_files_and_minus_1_is_none() {
        let mut own = tree(&[
            (GROUPS, "5:memory:/a\n4:cpu,cpuacct:/a\n0::/x\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(cores(&own), None);
        own.insert("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", Ok(b"20000\n"));
        assert_eq!(cores(&own), Some(0.2));
        assert_eq!(files(b"0::/../../etc\n\xff\n:::\n0:\n0::\n"), ["sys/fs/cgroup/cpu.max"]);
    }
}
