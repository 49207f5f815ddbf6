//! The operating system, wrapped: clocks, files, folders, the disk store, threads' priorities and `/sys`.
//!
//! Each file wraps one facility of Linux and does not know what it is used for. Time comes from CLOCK_BOOTTIME
//! (`clock`), so that suspend counts. The store's bytes live in fjall (`disk`, `store`); the agent's own small files
//! live in its home folder (`home`) and are replaced as a whole: written beside, synced, renamed, and the folder
//! synced. Sensors are read below a root that a test can point elsewhere (`sysfs`). Calls that block run on
//! their own threads (`blocking`), never on the executor's, and those into watched folders where nobody has to wait for one
//! that gets no answer (`reach`). Parsers of complicated formats run in processes of their own (`child`).
//!
//! Invariants: besides `embed::engine` this is the only module that calls the operating system below sockets; its
//! unsafe code is in `sched`, `child::sys` and `hypot` alone. It uses nothing of `net`, `runtime`, `http` and `cli`. A panic of any thread is
//! counted and bounded in the log (`panics`).
//!
//! It does not decide anything, and it sends nothing to other devices.

pub mod backup;
pub mod blocking;
pub mod car;
pub mod card;
pub mod child;
pub mod clock;
pub mod counted;
pub mod disk;
mod file_system;
pub mod findings;
pub mod folder;
pub mod hang_up;
pub mod hint_files;
pub mod home;
pub mod host;
mod hypot;
pub mod interface;
pub mod invite_card;
pub mod last_answer;
pub mod models;
mod mounts;
pub mod new_file;
pub mod panics;
pub mod reach;
pub mod regular;
pub mod running;
pub(crate) mod salvage;
pub mod sched;
pub mod socket_owner;
pub mod source;
pub mod stdout;
pub mod store;
mod store_aside;
pub mod store_place;
pub mod sysfs;
pub mod systemd;
pub mod terminal;
pub mod time_zone;
mod turn;
pub mod typed_secret;
pub mod unchanged;
mod unended;
pub mod update;
pub mod watcher;
