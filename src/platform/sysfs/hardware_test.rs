//! Trees of real and made-up devices: what of each is known, and what is left out.

use super::*;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

const ETHERNET: &str = "devices/platform/soc/fe580000.ethernet";
const SD_CARD: &str = "devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa";
const NVME: &str = "devices/pci0000:00/0000:00:1d.0/0000:02:00.0/nvme/nvme0";
const MACHINE: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// A tree of files, in which a test plants devices.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write("etc/machine-id", &format!("{MACHINE}\n"));
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A link below /sys, absolute as in a tree that is taken for `/`.
    fn link(&self, path: &str, to: &str) {
        let path = self.0.path().join("sys").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(Path::new("/sys").join(to), path).unwrap();
    }

    fn board(self, serial: &str) -> Self {
        self.write("sys/firmware/devicetree/base/serial-number", serial);
        fs::create_dir_all(self.0.path().join("proc")).unwrap();
        symlink("/sys/firmware/devicetree/base", self.0.path().join("proc/device-tree")).unwrap();
        self
    }

    /// An interface of this device, with this kind of address.
    fn interface(self, name: &str, device: &str, kind: &str, address: &str) -> Self {
        let of = |file: &str| format!("sys/{device}/net/{name}/{file}");
        self.write(&of("type"), "1\n");
        self.write(&of("addr_assign_type"), &format!("{kind}\n"));
        self.write(&of("address"), &format!("{address}\n"));
        self.link(&format!("{device}/net/{name}/device"), device);
        self.link(&format!("class/net/{name}"), &format!("{device}/net/{name}"));
        self
    }

    /// A disk of this device with a partition.
    fn disk(self, name: &str, device: &str) -> Self {
        let disk = format!("{device}/block/{name}");
        self.write(&format!("sys/{disk}/removable"), "0\n");
        self.write(&format!("sys/{disk}/{name}p2/partition"), "2\n");
        self.link(&format!("{disk}/device"), device);
        self
    }

    /// A disk of this device, whose second partition is the root.
    fn root(self, name: &str, device: &str) -> Self {
        self.link("dev/block/179:2", &format!("{device}/block/{name}/{name}p2"));
        let tree = self.disk(name, device);
        tree.mounted("179:2", "ext4 /dev/root");
        tree
    }

    fn mounted(&self, number: &str, what: &str) {
        let mounts = format!(
            "21 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n28 1 {number} / / rw,noatime shared:1 - {what} rw\n\
             40 28 0:31 / /run rw - tmpfs tmpfs rw\n"
        );
        self.write("proc/self/mountinfo", &mounts);
    }

    fn read(&self) -> Hardware {
        hardware(self.0.path())
    }
}

fn pi() -> Tree {
    Tree::new()
        .board("10000000abcd1234\0")
        .interface("eth0", ETHERNET, "0", "d8:3a:dd:01:02:03")
        .root("mmcblk0", SD_CARD)
}

#[test]
fn of_a_board_with_an_sd_card_the_serial_and_the_interface_are_known_and_the_machine_id_is_not() {
    let tree = pi();
    tree.write(&format!("sys/{SD_CARD}/type"), "SD\n");
    let known = tree.read();
    assert_eq!(known.board, Serial::read("10000000abcd1234"));
    assert!(known.board.is_some());
    assert_eq!(known.interfaces, [[0xd8, 0x3a, 0xdd, 1, 2, 3]]);
    assert_eq!(known.machine, None, "it is on the card");
    tree.write(&format!("sys/{SD_CARD}/type"), "MMC\n");
    assert_eq!(tree.read().machine.as_deref(), Some(MACHINE), "eMMC is soldered");
}

#[test]
fn the_machine_id_counts_where_the_disk_of_the_root_stays_in_its_device() {
    let machine = |tree: &Tree| tree.read().machine.is_some();
    assert!(machine(&Tree::new().root("nvme0n1", NVME)));
    let usb = "devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0";
    assert!(!machine(&Tree::new().root("sda", usb)), "a USB disk says that it is not removable, and is");
    let thunderbolt = Tree::new().root("nvme0n1", NVME);
    thunderbolt.write("sys/devices/pci0000:00/0000:00:1d.0/removable", "removable\n");
    assert!(!machine(&thunderbolt));
    assert!(!machine(&Tree::new()), "no mount is known");
    let number = Tree::new().root("nvme0n1", NVME);
    number.mounted("0:45", "btrfs /dev/nvme0n1p2");
    assert!(!machine(&number), "btrfs, and the device is not there");
    number.link("class/block/nvme0n1p2", &format!("{NVME}/block/nvme0n1/nvme0n1p2"));
    assert!(machine(&number));
    for what in ["nfs 192.168.1.2:/root", "zfs rpool/ROOT", "tmpfs tmpfs", "btrfs /dev/mapper/root"] {
        number.mounted("0:45", what);
        assert!(!machine(&number), "{what}");
    }
    for bad in ["", "uninitialized\n", &"0".repeat(32), &format!("{MACHINE}0")] {
        let tree = Tree::new().root("nvme0n1", NVME);
        tree.write("etc/machine-id", bad);
        assert!(!machine(&tree), "{bad:?}");
    }
}

#[test]
fn an_encrypted_root_is_on_the_disks_below_it() {
    let tree = Tree::new().root("nvme0n1", NVME).disk("sda", "devices/pci0000:00/0000:00:14.0/usb2/2-1/host0");
    tree.write("sys/devices/virtual/block/dm-0/removable", "0\n");
    tree.link("dev/block/253:0", "devices/virtual/block/dm-0");
    tree.mounted("253:0", "ext4 /dev/mapper/root");
    assert_eq!(tree.read().machine, None, "nothing is known to be below it");
    tree.link("devices/virtual/block/dm-0/slaves/nvme0n1p2", &format!("{NVME}/block/nvme0n1/nvme0n1p2"));
    assert!(tree.read().machine.is_some());
    tree.link("devices/virtual/block/dm-0/slaves/sdap2", "devices/pci0000:00/0000:00:14.0/usb2/2-1/host0/block/sda");
    assert_eq!(tree.read().machine, None, "one of them is on USB");
    let round = Tree::new();
    round.link("devices/virtual/block/dm-0/slaves/dm-0", "devices/virtual/block/dm-0");
    round.link("dev/block/253:0", "devices/virtual/block/dm-0");
    round.mounted("253:0", "ext4 /dev/mapper/root");
    assert_eq!(round.read().machine, None, "a volume on itself");
}

#[test]
fn an_address_counts_if_it_is_burnt_in_and_its_interface_stays_in_the_device() {
    let count = |tree: &Tree| tree.read().interfaces.len();
    let with = |device: &str, kind: &str, address: &str| count(&Tree::new().interface("eth0", device, kind, address));
    let pci = "devices/pci0000:00/0000:00:1f.6";
    assert_eq!(with(pci, "0", "d8:3a:dd:01:02:03"), 1);
    for kind in ["1", "2", "3"] {
        assert_eq!(with(pci, kind, "d8:3a:dd:01:02:03"), 0, "random, stolen, set");
    }
    for address in
        ["52:54:00:01:02:03", "01:00:5e:01:02:03", "00:00:00:00:00:00", "d8:3a:dd:01:02", "d8:3a:dd:01:02:03:04"]
    {
        assert_eq!(with(pci, "0", address), 0, "{address}");
    }
    for device in ["devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0", "devices/virtual", "devices/pci0000:00/virtio0"]
    {
        assert_eq!(with(device, "0", "d8:3a:dd:01:02:03"), 0, "{device}");
    }
    let dock = Tree::new().interface("eth0", "devices/pci0000:00/0000:03:00.0", "0", "d8:3a:dd:01:02:03");
    dock.write("sys/devices/pci0000:00/0000:03:00.0/removable", "removable\n");
    let slice = Tree::new().interface("eth0", pci, "0", "d8:3a:dd:01:02:03");
    slice.write(&format!("sys/{pci}/physfn/vendor"), "0x8086\n");
    assert_eq!((count(&dock), count(&slice)), (0, 0));
    let radio = Tree::new().interface("wlan0", pci, "3", "aa:3a:dd:01:02:03");
    radio.write(&format!("sys/{pci}/net/wlan0/phy80211/macaddress"), "d8:3a:dd:0a:0b:0c\n");
    assert_eq!(radio.read().interfaces, [[0xd8, 0x3a, 0xdd, 0x0a, 0x0b, 0x0c]], "the radio's, not today's random one");
    let many = (0..9).fold(Tree::new(), |tree, number| {
        let device = format!("devices/pci0000:00/0000:00:1f.{number}");
        tree.interface(&format!("eth{number}"), &device, "0", &format!("d8:3a:dd:01:02:0{number}"))
    });
    assert_eq!(count(&many), 4);
}

#[test]
fn nothing_is_known_in_a_virtual_machine_or_a_container_and_where_there_is_nothing() {
    assert_eq!(hardware(tempfile::tempdir().unwrap().path()), Hardware::default());
    for (file, text) in [
        ("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n"),
        ("sys/hypervisor/type", "xen\n"),
        (".dockerenv", ""),
        ("run/systemd/container", "lxc\n"),
    ] {
        let tree = pi();
        assert_ne!(tree.read(), Hardware::default());
        tree.write(file, text);
        assert_eq!(tree.read(), Hardware::default(), "{file}");
    }
    let tree = pi();
    tree.write("proc/cpuinfo", "model name\t: ARMv7 hypervisor\nflags\t\t: fpu vme\n");
    assert_ne!(tree.read(), Hardware::default(), "a name is no flag");
    tree.mounted("0:52", "overlay overlay");
    assert_eq!(tree.read(), Hardware::default());
}

#[test]
fn a_serial_number_is_read_from_either_place_and_a_useless_one_in_the_first_hides_none_in_the_second() {
    let serial = |proc: Option<&str>, sys: Option<&str>| {
        let tree = Tree::new();
        let write = |folder: &str, text: &str| tree.write(&format!("{folder}/serial-number"), text);
        proc.iter().for_each(|text| write("proc/device-tree", text));
        sys.iter().for_each(|text| write("sys/firmware/devicetree/base", text));
        tree.read().board
    };
    for (proc, sys, counts) in [
        (Some("00000000abcd1234\0"), None, "00000000abcd1234"),
        (None, Some("ABCD1234\n"), "abcd1234"),
        (Some(""), Some("abcd1234"), "abcd1234"),
        (Some("0000000000000000\0"), Some("abcd1234"), "abcd1234"),
        (Some("To be filled by O.E.M."), Some("0xabcd1234"), "0xabcd1234"),
    ] {
        let known = serial(proc, sys);
        assert!(known.is_some() && known == Serial::read(counts), "{proc:?} {sys:?}: {known:?}");
    }
    assert_eq!(serial(Some("Default string"), Some("0123456789ABCDEF")), None);
}
