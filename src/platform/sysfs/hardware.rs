//! What tells one device's hardware from another's, read once at the start; `mesh::hardware` decides by it.
//!
//! Everything that is in doubt is left out. In a virtual machine or a container nothing is known: its parts are made up, and it
//! moves between devices on purpose. A serial number that many boards share is none (`mesh::hardware`); an address counts if it is burnt in (the kernel says
//! so) and its interface is no USB, Thunderbolt or virtual one; the machine id counts if the disk of the root stays in its
//! device, which SD cards and USB disks do not.
//!
//! File formats: Documentation/ABI (sysfs-class-net, sysfs-block, sysfs-devices-removable, sysfs-bus-mmc), proc_pid_mountinfo(5),
//! machine-id(5), the Devicetree Specification (`serial-number` of the root node).

use super::root::Root;
use crate::limits::{HARDWARE_SOURCE_BYTES_MAX, INTERFACES_READ_MAX};
use crate::mesh::hardware::{Hardware, Serial};
use crate::platform::regular;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that only containers have: of Docker, of Podman, and of whatever systemd runs in.
const OF_CONTAINERS: [&str; 3] = [".dockerenv", "run/.containerenv", "run/systemd/container"];

/// Where the device tree has the serial number of its board: two places of one tree, of which a system may show either.
const SERIALS: [&str; 2] = ["proc/device-tree/serial-number", "sys/firmware/devicetree/base/serial-number"];

/// Layers of block devices, such as an encrypted volume on a RAID, that are followed down to disks.
const BLOCK_LAYERS_MAX: usize = 6;

/// What is known of the hardware, below this root.
#[must_use]
pub fn hardware(root: &Path) -> Hardware {
    let source = Source(Root::new(root));
    if source.is_virtual() {
        return Hardware::default();
    }
    let mut interfaces = heapless::Vec::new();
    for address in source.interfaces() {
        // The first of them by name, if there are more.
        let _ = interfaces.push(address);
    }
    let machine = if source.root_stays() { source.machine() } else { None };
    Hardware { board: source.board(), interfaces, machine }
}

struct Source(Root);

impl Source {
    fn text(&self, path: &str) -> Option<String> {
        let bytes = regular::read(&self.0.below(path), HARDWARE_SOURCE_BYTES_MAX).ok()?;
        Some(String::from_utf8_lossy(&bytes).trim_matches(|end: char| end.is_whitespace() || end == '\0').to_owned())
    }

    fn exists(&self, path: &str) -> bool {
        self.0.below(path).exists()
    }

    /// Where a path leads, relative to the root.
    fn place(&self, path: &str) -> Option<PathBuf> {
        let base = fs::canonicalize(self.0.below("")).ok()?;
        let place = fs::canonicalize(self.0.below(path)).ok()?;
        place.strip_prefix(base).ok().map(Path::to_owned)
    }

    fn in_place(&self, place: &Path, name: &str) -> Option<String> {
        self.text(&place.join(name).to_string_lossy())
    }

    fn is_virtual(&self) -> bool {
        // CPUID leaf 1, ECX bit 31: reserved for hypervisors, never set by a processor.
        let cpu = self.text("proc/cpuinfo").unwrap_or_default();
        let flags = cpu.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        flags.split_whitespace().any(|flag| flag == "hypervisor")
            || self.exists("proc/device-tree/hypervisor")
            || self.exists("sys/hypervisor/type")
            || OF_CONTAINERS.iter().any(|file| self.exists(file))
            || self.root_mount().is_some_and(|mount| mount.kind == "overlay")
    }

    fn board(&self) -> Option<Serial> {
        SERIALS.iter().find_map(|file| Serial::read(&self.text(file)?))
    }

    fn interfaces(&self) -> Vec<[u8; 6]> {
        let entries = fs::read_dir(self.0.below("sys/class/net")).into_iter().flatten().take(INTERFACES_READ_MAX);
        let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names.iter().filter_map(|name| self.interface(&format!("sys/class/net/{name}"))).collect()
    }

    /// The permanent address of an interface that stays in the device.
    fn interface(&self, folder: &str) -> Option<[u8; 6]> {
        // ARPHRD_ETHER: Ethernet and Wi-Fi.
        let ethernet = self.text(&format!("{folder}/type"))? == "1";
        // A virtual function of a network card has a made-up address.
        let stays =
            self.stays(&self.place(&format!("{folder}/device"))?) && !self.exists(&format!("{folder}/device/physfn"));
        if !ethernet || !stays {
            return None;
        }
        // Of Wi-Fi the radio's address is the permanent one, whatever the interface uses just now.
        let radio = self.text(&format!("{folder}/phy80211/macaddress"));
        // NET_ADDR_PERM; the others are random, stolen from another interface, or set.
        let burnt_in = || self.text(&format!("{folder}/addr_assign_type")).is_some_and(|kind| kind == "0");
        let text = radio.or_else(|| if burnt_in() { self.text(&format!("{folder}/address")) } else { None })?;
        let mut address = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut address {
            *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
        }
        // The lowest two bits of the first byte: of a group, and chosen by software (IEEE 802).
        let universal = address[0] & 0b11 == 0 && address[3..] != [0; 3];
        (parts.next().is_none() && universal).then_some(address)
    }

    /// Whether what has this place below /sys/devices is fixed in the device.
    fn stays(&self, place: &Path) -> bool {
        let is = |part: &OsStr, start: &str| {
            let rest = part.to_str().and_then(|part| part.strip_prefix(start));
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let foreign = place.iter().any(|part| part == "virtual" || is(part, "usb") || is(part, "virtio"));
        // Of a PCI device behind a Thunderbolt port "removable", of a disk "1".
        let removable = |above: &Path| {
            self.in_place(above, "removable").is_some_and(|text| matches!(text.as_str(), "removable" | "1"))
        };
        !foreign && !place.ancestors().any(removable)
    }

    fn machine(&self) -> Option<String> {
        let id = self.text("etc/machine-id")?;
        let is_id =
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0');
        is_id.then_some(id)
    }

    /// Whether the disk of the root file system is one that stays in the device.
    fn root_stays(&self) -> bool {
        let Some(Mount { device, source, .. }) = self.root_mount() else { return false };
        // btrfs has a number of its own (major 0): its device is named.
        let folder = match source.strip_prefix("/dev/") {
            Some(name) if device.starts_with("0:") && !name.contains('/') => format!("sys/class/block/{name}"),
            _ => format!("sys/dev/block/{device}"),
        };
        self.place(&folder).is_some_and(|place| self.disk_stays(&place, BLOCK_LAYERS_MAX))
    }

    fn disk_stays(&self, place: &Path, layers: usize) -> bool {
        let Some(left) = layers.checked_sub(1) else { return false };
        if self.in_place(place, "partition").is_some() {
            return place.parent().is_some_and(|disk| self.disk_stays(disk, left));
        }
        // An encrypted, joined or mirrored volume is on others.
        let slaves = format!("{}/slaves", place.to_string_lossy());
        let below = fs::read_dir(self.0.below(&slaves)).into_iter().flatten().take(INTERFACES_READ_MAX);
        let mut below = below.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).peekable();
        if below.peek().is_some() {
            return below.all(|name| {
                self.place(&format!("{slaves}/{name}")).is_some_and(|place| self.disk_stays(&place, left))
            });
        }
        let known = self.in_place(place, "removable").is_some_and(|text| text == "0");
        known && self.stays(place) && self.in_place(place, "device/type").is_none_or(|kind| kind != "SD")
    }

    /// The mount that is seen as the root.
    fn root_mount(&self) -> Option<Mount> {
        let mounts = self.text("proc/self/mountinfo")?;
        mounts.lines().rev().find_map(Mount::parse)
    }
}

/// A mount of the root.
struct Mount {
    /// Major and minor number.
    device: String,
    /// The type of the file system.
    kind: String,
    source: String,
}

impl Mount {
    /// A line of mountinfo, if it is of the root.
    fn parse(line: &str) -> Option<Self> {
        let (head, tail) = line.split_once(" - ")?;
        let mut head = head.split(' ').skip(2);
        let (device, mut tail) = (head.next()?.to_owned(), tail.split(' '));
        // The root within the file system, then where it is mounted.
        let at = head.nth(1)?;
        let (kind, source) = (tail.next()?.to_owned(), tail.next()?.to_owned());
        (at == "/").then_some(Self { device, kind, source })
    }
}

#[cfg(test)]
#[path = "hardware_test.rs"]
mod tests;
