//! The governor's sensors: files of /sys and /proc below a root that tests can point elsewhere.
//!
//! `list` reads once what a device has into a `Tree`, which `energy::board` interprets. `sensors` opens the files that
//! are sampled each second and reads them in place with pread(2): heat (`heat`, `throttles`), power (`power`,
//! `supplies`), CPU time and pressure (`proc`). When a device comes or goes (`uevent`, a netlink socket), the tree is
//! listed again, and files that did not change stay open with their history (`file`). `root` resolves links within the
//! root, `others` reads the CPU time of the host's other agents.
//!
//! Invariants: a sample neither allocates nor opens a file that is open; a failed read is a `Fault`, never a number;
//! nothing is read whose reading disturbs the firmware (`get_throttled`, the voltages of `rpi_volt`); no folder is
//! walked deeper than the fixed list of `list`. `hardware` reads once what tells one device from another. At most `TREE_FILES_MAX` files are listed and `SENSOR_FILES_MAX` open,
//! with `SENSOR_BYTES_MAX` of each. Not here: interpretation (`energy::board`), decisions (`energy`), threads and
//! watchdog (`runtime::governor`).

mod file;
pub mod hardware;
mod heat;
mod list;
pub mod others;
mod power;
mod proc;
mod root;
pub mod sensors;
mod supplies;
mod throttles;
pub mod uevent;

pub use list::tree;
