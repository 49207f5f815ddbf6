//! The table of characters that a model replaces before it reads a text: `ﬁ` by `fi`, a tab by a space, controls by nothing.

use crate::limits::REPLACED_MAX;

/// The table.
#[derive(Debug)]
pub struct Replaced {
    /// Sorted.
    points: Vec<u32>,
    /// Where the characters for each begin; one more, where the last ones end.
    starts: Vec<u32>,
    by: Vec<char>,
}

impl Replaced {
    /// Checks the tables: sorted code points, for each the start of what stands for it, and those characters.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(points: Vec<u32>, starts: Vec<u32>, by: &[u32]) -> Result<Self, &'static str> {
        if points.len() > REPLACED_MAX || by.len() > REPLACED_MAX {
            return Err("has too many characters");
        }
        let by: Option<Vec<char>> = by.iter().map(|point| char::from_u32(*point)).collect();
        let by = by.ok_or("has a character that is none")?;
        let are_sorted = points.windows(2).all(|pair| pair[0] < pair[1]) && starts.is_sorted();
        let is_whole = starts.len() == points.len() + 1 && starts.last().is_some_and(|end| *end as usize == by.len());
        if are_sorted && is_whole { Ok(Self { points, starts, by }) } else { Err("is out of order") }
    }

    /// Passes what stands for a character to `sink`: the character itself, others, or nothing.
    pub(super) fn each(&self, c: char, mut sink: impl FnMut(char)) {
        // Of ASCII only controls are replaced: the way of most characters is short.
        let found = if (' '..='~').contains(&c) { None } else { self.points.binary_search(&u32::from(c)).ok() };
        let Some(at) = found else { return sink(c) };
        let end = |at: usize| self.starts.get(at).map_or(0, |end| *end as usize);
        self.by.get(end(at)..end(at + 1)).unwrap_or_default().iter().copied().for_each(sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_becomes_others_or_nothing() {
        let replaced = Replaced::new(vec![1, 9, 0xFB01], vec![0, 0, 1, 3], &[32, 102, 105]).unwrap();
        let read = |text: &str| {
            let mut out = String::new();
            text.chars().for_each(|c| replaced.each(c, |c| out.push(c)));
            out
        };
        assert_eq!(read("a\u{1}b\tc \u{FB01}n\u{FB02}"), "ab c fin\u{FB02}");
    }

    #[test]
    fn a_damaged_table_is_refused() {
        assert!(Replaced::new(vec![2, 1], vec![0, 0, 0], &[]).is_err());
        assert!(Replaced::new(vec![1], vec![0, 2], &[32]).is_err());
        assert!(Replaced::new(vec![1], vec![1], &[32]).is_err());
        assert!(Replaced::new(vec![1], vec![0, 1], &[0xD800]).is_err());
        assert!(Replaced::new(vec![1, 2], vec![0, 1, 0], &[]).is_err());
    }
}
