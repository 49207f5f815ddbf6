//! Where an image has what an update touches, and which of its two systems runs.

use crate::limits::{UPDATE_KEYS_BYTES_MAX, UPDATE_KEYS_MAX, UPDATE_RECORD_BYTES_MAX, UPDATE_ROUTES_BYTES_MAX};
use crate::mesh::update::Slot;
use crate::platform::regular;
use crate::wire::update::{Architecture, Version, key};
use rustix::fs::{major, minor};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Says that a root is one of the image, and for which boards: `arm64` or `armhf`.
const MARK: &str = "usr/share/wattle/image";
/// Keys of the maker, in the read-only system; and those of the owner, on the data partition.
const KEYS: [&str; 2] = ["usr/share/wattle/update.keys", "data/system/update.keys"];
/// In the owner's list, in place of a key: nobody's updates are taken; or the maker's alone.
const NOBODY: &str = "none";
const MAKER: &str = "maker";
/// The board's name, where its owner gave it one.
const NAME: &str = "data/system/hostname";
/// The address that the owner set.
const ADDRESS: &str = "data/system/update.address";
/// The kernel's routes: of IPv4, with the interface first, below a heading; and of IPv6, with the network first and the interface last.
const ROUTES: &str = "proc/net/route";
const ROUTES_6: &str = "proc/net/ipv6_route";
/// How networks of IPv6 begin that each interface has which is up, whoever else is there: those of its link alone (fe80::/10), and groups (ff00::/8).
const OF_EACH_LINK: [&str; 5] = ["fe8", "fe9", "fea", "feb", "ff"];
/// There while the image's kernel module is loaded that tells the firmware of tryboot: only where the firmware can be told.
const TRYBOOT: &str = "sys/module/wattle_tryboot";

/// The image that runs.
#[derive(Clone, Debug)]
pub struct System {
    root: PathBuf,
    /// The number of the disk, as the kernel's command line names it.
    disk: String,
    running: Slot,
    architecture: Architecture,
}

impl System {
    /// The image below this root; `None`: it is none, and its program comes from a package.
    ///
    /// # Errors
    /// One sentence: it is one, and does not say which of its systems runs.
    pub fn find(root: &Path) -> Result<Option<Self>, String> {
        let mark = match regular::read(&root.join(MARK), UPDATE_RECORD_BYTES_MAX) {
            Ok(mark) => mark,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}.", root.join(MARK).display())),
        };
        let architecture = str::from_utf8(&mark).ok().and_then(|mark| Architecture::parse(mark.trim()));
        let architecture = architecture.ok_or("This image does not say for which boards it is.")?;
        let line = regular::read(&root.join("proc/cmdline"), UPDATE_RECORD_BYTES_MAX)
            .map_err(|error| format!("The kernel's command line cannot be read: {error}."))?;
        let (disk, running) = running(&String::from_utf8_lossy(&line)).ok_or(
            "The kernel's command line names neither of the image's two systems, so this one cannot be updated.",
        )?;
        Ok(Some(Self { root: root.to_owned(), disk, running, architecture }))
    }

    /// The system that runs.
    #[must_use]
    pub const fn running(&self) -> Slot {
        self.running
    }

    /// For which boards it is.
    #[must_use]
    pub const fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The version that runs: this program's.
    #[must_use]
    pub fn version() -> Version {
        Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version(0, 0, 0))
    }

    /// Whether it is the machine's own root, and no folder of a test.
    pub(super) fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// How the kernel's command line names a system's root.
    pub(super) fn root_name(&self, slot: Slot) -> String {
        format!("{}-{:02}", self.disk, slot.partition())
    }

    /// The root partition of a system, by the name that it has on the card that runs alone (`own-partition` of the image).
    pub(super) fn partition(&self, slot: Slot) -> PathBuf {
        self.root.join("dev/wattle").join(slot.name())
    }

    /// Whether a partition is on the disk of the system that runs: all cards have the same numbers, that of another board may lie in a USB reader, and what is written
    /// over is looked at once more.
    ///
    /// # Errors
    /// One sentence: it is not, or is not there.
    pub(super) fn holds(&self, partition: &Path) -> Result<(), String> {
        if !self.is_live() {
            return Ok(());
        }
        let name = partition.display();
        let found = fs::metadata(partition).and_then(|there| Ok((there.rdev(), fs::metadata(&self.root)?.dev())));
        let (there, own) = found.map_err(|error| format!("{name} cannot be read: {error}."))?;
        let disk = |device| disk_of(&self.root.join("sys/dev/block"), device);
        if disk(own).is_some_and(|own| disk(there) == Some(own)) {
            return Ok(());
        }
        Err(format!("{name} is on another disk than the system that runs: take the other card out."))
    }

    /// The boot partition.
    #[must_use]
    pub fn boot(&self) -> PathBuf {
        self.root.join("boot/firmware")
    }

    /// The folder of what is kept of updates.
    pub(super) fn state(&self) -> PathBuf {
        self.root.join("data/system/update")
    }

    /// The folder in which an update is kept for other members of the mesh.
    pub(super) fn kept(&self) -> PathBuf {
        self.root.join("data/update")
    }

    /// The folder of what the image's services tell each other until the next start.
    pub(super) fn run(&self) -> PathBuf {
        self.root.join("run/wattle")
    }

    /// Whether a stand-in in memory has the place of the data partition, so that what is kept now is forgotten at the next start.
    #[must_use]
    pub fn stands_in(&self) -> bool {
        self.run().join("stand-in").exists()
    }

    /// Whether the board has a way into a network, as the image's `look` sees it: a route that is not its own, of IPv4 or IPv6. It goes with the cable, and with the Wi-Fi.
    pub(super) fn has_network(&self) -> bool {
        let table = |name: &str| {
            let routes = regular::read(&self.root.join(name), UPDATE_ROUTES_BYTES_MAX).unwrap_or_default();
            String::from_utf8_lossy(&routes).into_owned()
        };
        let is_other = |route: &str| route.split_ascii_whitespace().next().is_some_and(|interface| interface != "lo");
        table(ROUTES).lines().skip(1).any(is_other) || table(ROUTES_6).lines().any(leads_out)
    }

    /// Whether the firmware can be told to start the other system once.
    ///
    /// # Errors
    /// One sentence: it cannot, so an update that is tried would be given up at once.
    pub fn can_try(&self) -> Result<(), String> {
        if self.root.join(TRYBOOT).exists() {
            return Ok(());
        }
        Err("The update lies on the card and cannot be started: the firmware cannot be told to, as the kernel's module wattle_tryboot is not loaded (`journalctl -k -g tryboot` may say why). The system that runs goes on."
            .to_owned())
    }

    /// The agent's home.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("var/lib/wattle")
    }

    /// The board's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.line(NAME).unwrap_or_else(|| "wattle".to_owned())
    }

    /// The keys whose updates are taken: the maker's in the read-only system, then the owner's on the data partition. None where the owner wants none.
    ///
    /// # Errors
    /// One sentence: a list cannot be read, or has a line that is no key.
    pub fn keys(&self) -> Result<Vec<[u8; 32]>, String> {
        let mut keys = Vec::new();
        for path in KEYS.map(|name| self.root.join(name)) {
            let list = match regular::read(&path, UPDATE_KEYS_BYTES_MAX) {
                Ok(list) => list,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(format!("{} cannot be read: {error}.", path.display())),
            };
            for line in String::from_utf8_lossy(&list).lines().map(str::trim) {
                if line == NOBODY {
                    return Ok(Vec::new());
                }
                if !line.is_empty() && !line.starts_with('#') && line != MAKER {
                    let wrong = || {
                        format!("{} has a line that is no key: a key is 64 digits, 0 to 9 and a to f.", path.display())
                    };
                    keys.push(key(line).ok_or_else(wrong)?);
                }
            }
        }
        keys.truncate(UPDATE_KEYS_MAX);
        Ok(keys)
    }

    /// The address of updates that the owner set.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        self.line(ADDRESS)
    }

    /// What a file of one line holds.
    fn line(&self, name: &str) -> Option<String> {
        let line = regular::read(&self.root.join(name), UPDATE_RECORD_BYTES_MAX).ok()?;
        let line = String::from_utf8(line).ok()?.trim().to_owned();
        (!line.is_empty()).then_some(line)
    }
}

/// Whether a line of the table of IPv6 is of a network that somebody gave the board.
fn leads_out(route: &str) -> bool {
    let mut words = route.split_ascii_whitespace();
    let (Some(network), Some(interface)) = (words.next(), words.next_back()) else { return false };
    interface != "lo" && !OF_EACH_LINK.iter().any(|start| network.starts_with(start))
}

/// The disk of a partition with this number, as /sys/dev/block has it.
fn disk_of(devices: &Path, partition: u64) -> Option<PathBuf> {
    let place = devices.join(format!("{}:{}", major(partition), minor(partition)));
    Some(fs::canonicalize(place).ok()?.parent()?.to_owned())
}

/// The disk and the system that this line names: `root=PARTUUID=57415454-02`.
fn running(line: &str) -> Option<(String, Slot)> {
    let root = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("root=PARTUUID="))?;
    let (disk, number) = root.rsplit_once('-')?;
    let is_number = disk.len() == 8 && disk.bytes().all(|byte| byte.is_ascii_hexdigit());
    let slot = [Slot::A, Slot::B].into_iter().find(|slot| number == format!("{:02}", slot.partition()))?;
    is_number.then(|| (disk.to_ascii_lowercase(), slot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::makedev;

    #[test]
    fn partitions_of_one_card_are_told_from_those_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (number, name) in [("179:2", "mmcblk0/mmcblk0p2"), ("179:3", "mmcblk0/mmcblk0p3"), ("8:3", "sda/sda3")] {
            fs::create_dir_all(at("devices").join(name)).unwrap();
            fs::create_dir_all(at("dev/block")).unwrap();
            std::os::unix::fs::symlink(at("devices").join(name), at("dev/block").join(number)).unwrap();
        }
        let disk = |major, minor| disk_of(&at("dev/block"), makedev(major, minor));
        assert!(disk(179, 2).is_some() && disk(179, 2) == disk(179, 3) && disk(179, 2) != disk(8, 3));
        assert_eq!(disk(8, 4), None);
    }

    #[test]
    fn a_network_is_a_route_beside_the_boards_own() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        };
        put(MARK, "arm64\n");
        put("proc/cmdline", "root=PARTUUID=57415454-02\n");
        let system = System::find(folder.path()).unwrap().unwrap();
        assert!(!system.has_network());
        let head = "Iface\tDestination\tGateway\n";
        for (routes, has) in
            [("", false), ("lo\t00000000\t0\n", false), ("lo\t0\t0\nwlan0\t00000000\t0100000A\n", true)]
        {
            put(ROUTES, &format!("{head}{routes}"));
            assert_eq!(system.has_network(), has, "{routes}");
        }
        put(ROUTES, head);
        let zeros = "0".repeat(32);
        let of_six = |network: &str, length: &str, interface: &str| {
            let network = format!("{network:0<32}");
            format!("{network} {length} {zeros} 00 {zeros} 00000100 00000001 00000000 00000001 {interface:>8}\n")
        };
        let own = [of_six("fe80", "40", "eth0"), of_six("ff", "08", "eth0"), of_six("", "00", "lo")].concat();
        for (routes, has) in [
            (own.clone(), false),
            ([own.clone(), of_six("fd00", "40", "eth0")].concat(), true),
            ([own, of_six("", "00", "wlan0")].concat(), true),
        ] {
            put(ROUTES_6, &routes);
            assert_eq!(system.has_network(), has, "{routes}");
        }
    }

    #[test]
    fn the_version_of_this_program_is_one_that_updates_are_compared_with() {
        // Of a version with a word behind it none would be read, and each update would be newer.
        assert_eq!(System::version().to_string(), env!("CARGO_PKG_VERSION"));
    }

    #[test]
    fn the_kernels_line_says_which_system_runs() {
        let running = |line| running(line).map(|(disk, slot)| (disk, slot.name()));
        assert_eq!(running("console=tty0 root=PARTUUID=57415454-02 ro"), Some(("57415454".to_owned(), "a")));
        assert_eq!(running("root=PARTUUID=57415454-03"), Some(("57415454".to_owned(), "b")));
        for other in ["root=/dev/mmcblk0p2", "root=PARTUUID=57415454-04", "root=PARTUUID=../../../-02", "quiet", ""] {
            assert_eq!(running(other), None, "{other}");
        }
    }

    #[test]
    fn keys_are_those_of_the_maker_and_of_the_owner_and_a_line_that_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert!(System::find(folder.path()).unwrap().is_none());
        put(MARK, "arm64\n");
        assert!(System::find(folder.path()).is_err(), "it has no command line");
        put("proc/cmdline", "root=PARTUUID=57415454-03 quiet\n");
        let system = System::find(folder.path()).unwrap().unwrap();
        assert_eq!(
            (system.running(), system.architecture(), system.keys().unwrap().len()),
            (Slot::B, Architecture::Arm64, 0)
        );
        assert!(system.partition(Slot::A).ends_with("dev/wattle/a") && !system.is_live());
        put(KEYS[0], &format!("# The maker's.\n\n{}\n", "0a".repeat(32)));
        put(KEYS[1], &format!("{}\r\n", "0b".repeat(32)));
        assert_eq!(system.keys().unwrap(), [[0x0a; 32], [0x0b; 32]]);
        put(KEYS[1], "0b0b\n");
        assert!(system.keys().unwrap_err().contains("no key"));
        put(KEYS[1], "maker\n");
        assert_eq!(system.keys().unwrap(), [[0x0a; 32]]);
        put(KEYS[1], "none\n");
        assert!(system.keys().unwrap().is_empty(), "not the maker's either");
        assert!(system.can_try().unwrap_err().contains("wattle_tryboot is not loaded"));
        put(&format!("{TRYBOOT}/initstate"), "live\n");
        assert_eq!(system.can_try(), Ok(()));
        assert_eq!(system.address(), None);
        put(ADDRESS, " http://nas.local/wattle/ \n");
        assert_eq!(system.address().as_deref(), Some("http://nas.local/wattle/"));
    }
}
