//! A byte trie: a fixed set of words with a fast search for the longest of them that a text begins with.
//!
//! A search walks over the text's bytes once, so that a hostile text costs no more than an ordinary one. The layout
//! depends on the words alone; nothing is hashed.

use std::collections::VecDeque;

/// The id of a node at which no word ends. Ids are line numbers and far smaller.
const NO_WORD: u32 = u32::MAX;

/// A byte trie in one array, 16 bytes a node; BERT's vocabulary has about 70,000 nodes.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    /// The root first; the children of a node are adjacent and sorted by their byte.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    /// The id of the word that ends here, or `NO_WORD`.
    id: u32,
    first_child: usize,
    children: u16,
    byte: u8,
}

impl Node {
    const fn new(byte: u8) -> Self {
        Self { id: NO_WORD, first_child: 0, children: 0, byte }
    }
}

impl Trie {
    /// Builds the trie. No word may be empty, and ids must be below `u32::MAX`.
    ///
    /// # Errors
    /// The larger id of a word that occurs twice.
    pub(crate) fn new(mut words: Vec<(&str, u32)>) -> Result<Self, u32> {
        words.sort_unstable();
        if let Some(pair) = words.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(pair[1].1);
        }
        let mut nodes = vec![Node::new(0)];
        // Each entry: a node, the sorted words below it, and the length of the prefix that they share.
        let mut open = VecDeque::from([(0, words.as_slice(), 0)]);
        while let Some((at, mut within, depth)) = open.pop_front() {
            if let [(word, id), rest @ ..] = within
                && word.len() == depth
            {
                nodes[at].id = *id;
                within = rest;
            }
            nodes[at].first_child = nodes.len();
            for group in within.chunk_by(|a, b| a.0.as_bytes()[depth] == b.0.as_bytes()[depth]) {
                open.push_back((nodes.len(), group, depth + 1));
                nodes.push(Node::new(group[0].0.as_bytes()[depth]));
                nodes[at].children += 1;
            }
        }
        nodes.shrink_to_fit();
        Ok(Self { nodes })
    }

    /// The longest word that `text` begins with: its bytes and its id.
    pub(crate) fn longest(&self, text: &[u8]) -> Option<(usize, u32)> {
        let mut at = &self.nodes[0];
        let mut best = None;
        for (length, byte) in (1..).zip(text) {
            let Some(next) = self.child(at, *byte) else { break };
            at = next;
            if at.id != NO_WORD {
                best = Some((length, at.id));
            }
        }
        best
    }

    /// The id of exactly this word.
    pub(crate) fn exact(&self, word: &str) -> Option<u32> {
        self.longest(word.as_bytes()).filter(|(length, _)| *length == word.len()).map(|(_, id)| id)
    }

    fn child(&self, of: &Node, byte: u8) -> Option<&Node> {
        let first = of.first_child;
        let children = &self.nodes[first..first + usize::from(of.children)];
        children.binary_search_by_key(&byte, |node| node.byte).ok().map(|found| &children[found])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_word_is_found_and_no_prefix_of_a_word() {
        let trie = Trie::new(vec![("wattle", 1), ("wa", 0), ("würde", 2), ("x", 3)]).unwrap();
        assert_eq!(trie.longest(b"wattles"), Some((6, 1)));
        assert_eq!(trie.longest(b"wattl"), Some((2, 0)));
        assert_eq!(trie.longest("würden".as_bytes()), Some((6, 2)));
        assert_eq!(trie.longest(b"w"), None);
        assert_eq!(trie.longest(b""), None);
        assert_eq!(trie.exact("watt"), None);
        assert_eq!(trie.exact("x"), Some(3));
    }

    #[test]
    fn a_word_that_occurs_twice_is_refused() {
        assert_eq!(Trie::new(vec![("b", 4), ("a", 1), ("b", 9)]).unwrap_err(), 9);
    }

    #[test]
    fn an_empty_trie_finds_nothing() {
        assert_eq!(Trie::new(Vec::new()).unwrap().longest(b"a"), None);
    }
}
