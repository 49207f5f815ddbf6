//! How the home of an agent is told from other folders.

use super::home_file::HomeFile;

/// Files that the home of an agent has after its first start.
const MARKS: [&str; 6] = [
    HomeFile::Identity.name(),
    HomeFile::Token.name(),
    HomeFile::BootCount.name(),
    HomeFile::StoreModel.name(),
    HomeFile::Api.name(),
    "lock",
];

/// How many of them are more than chance; after `wattle leave` there is no key.
const ENOUGH: usize = 3;

/// Whether a folder that has files of these names is the home of an agent: of another one, or a copy.
#[must_use]
pub fn is_agent_home(has: impl Fn(&str) -> bool) -> bool {
    // Most folders are asked for two names only.
    let keys = MARKS[..2].iter().filter(|name| has(name)).count();
    keys > 0 && keys + MARKS[2..].iter().filter(|name| has(name)).count() >= ENOUGH
}
