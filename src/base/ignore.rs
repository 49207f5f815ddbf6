//! Patterns of files that are left out, as git defines them (gitignore(5)), on paths as bytes and without the file system.
//!
//! A pattern with a slash before its end holds for the path from the folder of its file, one without for names at any depth; a slash
//! at its end makes it one of folders. `*`, `?` and `[…]` hold for no slash, `**` between slashes for any number of folders. `!` takes
//! back what a pattern before it left out. The last pattern of a file that holds decides, and the deepest file that says anything.
//! What lies in a folder that is left out cannot be taken back: it is not looked at.
//!
//! Matching takes at most the product of the lengths of pattern and path: no pattern makes it try every way.

use super::path::{covers, prefix};
use crate::limits::{IGNORE_FILE_BYTES_MAX, IGNORE_PATTERNS_MAX};

/// The names of the files that hold patterns. What the second says counts before what the first says, at whatever depth: it is
/// written for this program.
pub const FILES: [&[u8]; 2] = [b".gitignore", b".wattleignore"];

/// Whether the path is that of a file of patterns.
#[must_use]
pub fn is_ignore_file(path: &[u8]) -> bool {
    path.rsplit(|byte| *byte == b'/').next().is_some_and(|name| FILES.contains(&name))
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// Its parts between slashes; of one without slashes that part alone.
    parts: Vec<Vec<u8>>,
    /// `!`: takes back.
    takes_back: bool,
    of_folders: bool,
    /// It holds for whole paths, and not for names at any depth.
    of_paths: bool,
}

/// The patterns of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Pattern>);

impl Rules {
    /// Reads a file. Lines that are no patterns are left out.
    #[must_use]
    pub fn parse(file: &[u8]) -> Self {
        let file = file.get(..IGNORE_FILE_BYTES_MAX).unwrap_or(file);
        let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
        Self(file.split(|byte| *byte == b'\n').filter_map(pattern).take(IGNORE_PATTERNS_MAX).collect())
    }

    /// Whether a path below the folder of the file is left out (`true`) or taken back; `None` if no pattern holds.
    #[must_use]
    pub fn verdict(&self, below: &[u8], is_folder: bool) -> Option<bool> {
        let parts: Vec<&[u8]> = below.split(|byte| *byte == b'/').collect();
        let holds = |pattern: &&Pattern| (is_folder || !pattern.of_folders) && pattern.holds(&parts);
        self.0.iter().rev().find(holds).map(|pattern| !pattern.takes_back)
    }

    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pattern(line: &[u8]) -> Option<Pattern> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = without_blanks(line);
    if line.starts_with(b"#") {
        return None;
    }
    let (takes_back, line) = line.strip_prefix(b"!").map_or((false, line), |rest| (true, rest));
    let (of_folders, line) = line.strip_suffix(b"/").map_or((false, line), |rest| (true, rest));
    let of_paths = line.contains(&b'/');
    let line = line.strip_prefix(b"/").unwrap_or(line);
    if line.is_empty() {
        return None;
    }
    let mut parts: Vec<Vec<u8>> = line.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect();
    let all_but_last = parts.len() - 1;
    for part in parts.iter_mut().take(all_but_last) {
        // A slash behind a backslash is a slash.
        if part.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1 {
            part.pop();
        }
    }
    Some(Pattern { parts, takes_back, of_folders, of_paths })
}

/// The line without blanks at its end, unless a backslash keeps one.
fn without_blanks(line: &[u8]) -> &[u8] {
    let mut end = line.len();
    while end > 0 && line[end - 1] == b' ' {
        let slashes = line[..end - 1].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 1 {
            break;
        }
        end -= 1;
    }
    &line[..end]
}

impl Pattern {
    fn holds(&self, path: &[&[u8]]) -> bool {
        if !self.of_paths {
            return path.last().is_some_and(|name| is_like(&self.parts[0], name));
        }
        // Which beginnings of the path the parts so far hold for.
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for (at, part) in self.parts.iter().enumerate() {
            let is_last = at + 1 == self.parts.len();
            if part.len() > 1 && part.iter().all(|byte| *byte == b'*') {
                let first = reached.iter().position(|reached| *reached).unwrap_or(path.len() + 1);
                // At its end it is what lies in a folder, and not the folder.
                let from = if is_last { first + 1 } else { first };
                reached.iter_mut().enumerate().for_each(|(end, reached)| *reached = end >= from);
            } else {
                for end in (1..=path.len()).rev() {
                    reached[end] = reached[end - 1] && is_like(part, path[end - 1]);
                }
                reached[0] = false;
            }
        }
        reached[path.len()]
    }
}

/// What a step of a pattern holds for.
enum Step<'a> {
    Star,
    Any,
    One(u8),
    Set(&'a [u8]),
    /// A set that does not end holds for nothing.
    Nothing,
}

/// The first step of a pattern, and what is behind it.
fn step(pattern: &[u8]) -> Option<(Step<'_>, &[u8])> {
    let (first, rest) = pattern.split_first()?;
    Some(match first {
        b'*' => (Step::Star, rest),
        b'?' => (Step::Any, rest),
        b'\\' => rest.split_first().map_or((Step::Nothing, rest), |(byte, rest)| (Step::One(*byte), rest)),
        b'[' => match set_end(rest) {
            Some(end) => (Step::Set(&rest[..end]), &rest[end + 1..]),
            None => (Step::Nothing, rest),
        },
        byte => (Step::One(*byte), rest),
    })
}

/// Where a set ends: at a bracket that is not its first sign, nor that of a class in it.
fn set_end(set: &[u8]) -> Option<usize> {
    let mut at = usize::from(set.first().is_some_and(|sign| matches!(sign, b'!' | b'^')));
    let first = at;
    loop {
        match set.get(at)? {
            b']' if at > first => return Some(at),
            b'\\' => at += 2,
            b'[' if set.get(at + 1) == Some(&b':') => {
                let class = set.get(at + 2..)?.windows(2).position(|pair| pair == b":]");
                at += class.map_or(1, |length| length + 4);
            }
            _ => at += 1,
        }
    }
}

/// Whether a part of a pattern holds for a name.
fn is_like(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Behind the last star, and what it may take next: only that star is tried again.
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        let held = match step(pattern) {
            None if name.is_empty() => return true,
            None => None,
            Some((Step::Star, rest)) => {
                star = Some((rest, name));
                pattern = rest;
                continue;
            }
            Some((step, rest)) => {
                name.split_first().filter(|(byte, _)| step.holds(**byte)).map(|(_, left)| (rest, left))
            }
        };
        if let Some((rest, left)) = held {
            (pattern, name) = (rest, left);
            continue;
        }
        let Some((rest, from)) = star else { return false };
        let Some((_, from)) = from.split_first() else { return false };
        star = Some((rest, from));
        (pattern, name) = (rest, from);
    }
}

impl Step<'_> {
    fn holds(&self, byte: u8) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => *one == byte,
            Self::Set(set) => is_in(set, byte),
            Self::Star | Self::Nothing => false,
        }
    }
}

/// Whether a byte is in a set: single ones, ranges and classes; after `!` or `^` all others.
fn is_in(set: &[u8], byte: u8) -> bool {
    let (is_turned, mut set) = match set {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut is_one = false;
    while let Some((&first, rest)) = set.split_first() {
        if let Some((class, behind)) = rest.strip_prefix(b":").filter(|_| first == b'[').and_then(class_end) {
            is_one |= is_of_class(class, byte);
            set = behind;
            continue;
        }
        let (low, rest) = unescaped(first, rest);
        match rest {
            [b'-', high, rest @ ..] => {
                let (high, rest) = unescaped(*high, rest);
                is_one |= (low..=high).contains(&byte);
                set = rest;
            }
            _ => {
                is_one |= low == byte;
                set = rest;
            }
        }
    }
    is_one != is_turned
}

fn unescaped(first: u8, rest: &[u8]) -> (u8, &[u8]) {
    match rest.split_first() {
        Some((second, rest)) if first == b'\\' => (*second, rest),
        _ => (first, rest),
    }
}

fn class_end(set: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = set.windows(2).position(|pair| pair == b":]")?;
    Some((&set[..end], &set[end + 2..]))
}

const fn is_of_class(class: &[u8], byte: u8) -> bool {
    match class {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => false,
    }
}

/// The patterns that count at a place: those of the folders above it.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    levels: Vec<Level>,
}

/// The patterns of one folder.
#[derive(Clone, Debug)]
struct Level {
    folder: Vec<u8>,
    /// As `FILES`.
    rules: [Rules; 2],
}

impl Ignore {
    /// Goes into a folder with the files of patterns that are in it, as `FILES`. Those of folders that are not around it are
    /// forgotten.
    pub fn enter(&mut self, folder: &[u8], files: &[Vec<u8>; 2]) {
        self.levels.retain(|level| covers(&level.folder, folder) && level.folder != folder);
        let rules = files.each_ref().map(|file| Rules::parse(file));
        if rules.iter().any(|rules| !rules.is_empty()) {
            self.levels.push(Level { folder: folder.to_vec(), rules });
        }
    }

    /// Whether the patterns of the folders around a place, from `top` on, leave it out. That one of those folders is left out itself
    /// is not told.
    #[must_use]
    pub fn leaves_out(&self, top: &[u8], place: &[u8], is_folder: bool) -> bool {
        let around = || self.levels.iter().rev().filter(|level| covers(top, &level.folder));
        let verdict = |file: usize| {
            around()
                .find_map(|level| level.rules[file].verdict(place.strip_prefix(&*prefix(&level.folder))?, is_folder))
        };
        verdict(1).or_else(|| verdict(0)).unwrap_or(false)
    }
}

#[cfg(test)]
#[path = "ignore_test.rs"]
mod tests;
