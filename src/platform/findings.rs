//! The board of findings: what sockets, watchers, files and sensors find wrong, kept until it is mended.

use crate::base::finding::Finding;
use crate::limits::FINDINGS_MAX;
use log::{info, warn};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The board. Clones are the same board. A finding has a key, such as `watch:/home/ann/notes`; it is logged when it
/// appears, when its sentence changes, and when it is mended.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    board: Arc<Mutex<BTreeMap<String, Finding>>>,
}

impl Findings {
    /// Sets the finding of a key. A new key is left out, with a line in the log, if `FINDINGS_MAX` keys have one.
    pub fn set(&self, key: &str, finding: Finding) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if board.get(key) == Some(&finding) {
            return;
        }
        warn!("{}", finding.what);
        if board.len() < FINDINGS_MAX || board.contains_key(key) {
            board.insert(key.to_owned(), finding);
        }
    }

    /// Sets one whose sentence is in the log already: whoever found it said so at once, perhaps before there was a board.
    pub fn set_logged(&self, key: &str, finding: Finding) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if board.len() < FINDINGS_MAX || board.contains_key(key) {
            board.insert(key.to_owned(), finding);
        }
    }

    /// What the key stands for is mended.
    pub fn clear(&self, key: &str) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(finding) = board.remove(key) {
            info!("Mended: {}", finding.what);
        }
    }

    /// All findings, by area.
    #[must_use]
    pub fn list(&self) -> Vec<Finding> {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<Finding> = board.values().cloned().collect();
        list.sort_by_key(|finding| finding.area);
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::finding::Area;

    fn finding(area: Area, what: &str) -> Finding {
        Finding { area, what: what.to_owned(), command: None }
    }

    #[test]
    fn a_finding_stays_until_it_is_mended_and_the_board_is_bounded() {
        let board = Findings::default();
        board.set("b", finding(Area::Program, "b"));
        board.clone().set("a", finding(Area::State, "a"));
        board.set("b", finding(Area::Folders, "changed"));
        assert_eq!(board.list(), [finding(Area::Folders, "changed"), finding(Area::State, "a")]);
        board.clear("b");
        board.clear("unknown");
        board.set_logged("c", finding(Area::State, "the log has it"));
        assert_eq!(board.list(), [finding(Area::State, "a"), finding(Area::State, "the log has it")]);
        board.clear("c");
        for n in 0..2 * FINDINGS_MAX {
            board.set(&n.to_string(), finding(Area::Peers, "x"));
        }
        board.set("a", finding(Area::State, "still changes"));
        assert_eq!(board.list().len(), FINDINGS_MAX);
        assert!(board.list().contains(&finding(Area::State, "still changes")));
    }
}
