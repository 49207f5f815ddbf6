//! The owner's `config.toml`: from its text to typed settings of the machines, or to one sentence that says what is
//! wrong, with its line; and back: `edit` writes what was typed at a command into the text.
//!
//! serde and the toml crate read the text into `Raw…` structs that mirror its tables. Their `checked` methods compare
//! values with their ranges and fill the settings structs that the machines define (`energy::governor::Settings` and
//! others); `[node]` (`node`, `peer`) is for `cli::up`. docs/config.md lists every key, and a test reads its example.
//!
//! Invariants: a file that is wrong anywhere gives no settings at all; an unknown key is an error; a key that is not
//! written has the machine's default. A file has at most `CONFIG_BYTES_MAX` bytes and `QUIET_HOURS_MAX` windows of each
//! kind.
//!
//! The file itself is read in `platform::home`, and the command line in `cli`.

mod api;
mod card;
mod duration;
mod edit;
mod energy;
mod error;
mod file;
mod ipfs;
mod node;
mod peer;
mod quiet;
mod window;

pub use api::{OPEN_HERE_AND_THERE, OpenTo, open_to};
pub use card::{Card, CardSetting};
pub use duration::duration;
pub use edit::{Setting, edit};
pub use energy::{Energy, burst};
pub use error::ConfigError;
pub use file::Config;
pub use ipfs::Ipfs;
pub use node::{DEFAULT_COLLECTION, Folder, NodeSettings, api_address, check_collection, device_name, listen_address};
pub use peer::{Family, Given, Name, Peer};
pub use quiet::{WantedQuiet, quiet_hours};

#[cfg(test)]
mod tests;
