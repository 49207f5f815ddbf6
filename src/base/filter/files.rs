//! Which files fit a filter.

use super::Filter;
use super::kind::KINDS;
use crate::base::collection_name::is_same;
use crate::base::fold::fold;
use crate::base::ignore::Rules;

/// A filter that is ready to be held against many files.
#[derive(Clone, Debug)]
pub struct Matcher<'a> {
    filter: &'a Filter,
    paths: Vec<Path>,
}

/// What is asked of a path. All of it is compared in canonical form.
#[derive(Clone, Debug)]
enum Path {
    /// It has this somewhere.
    Part(String),
    /// It, or a folder in it, is like this pattern; or it has the same as it is typed, as a name may have brackets.
    Pattern(Rules, String),
}

impl<'a> Matcher<'a> {
    /// For this filter.
    #[must_use]
    pub fn new(filter: &'a Filter) -> Self {
        Self { filter, paths: filter.paths.iter().map(|path| Path::new(path)).collect() }
    }

    /// Whether a file fits by its path alone: by its folders, its name and its type.
    #[must_use]
    pub fn takes_path(&self, path: &[u8]) -> bool {
        if self.paths.is_empty() && self.filter.types.is_empty() {
            return true;
        }
        let path = fold(&String::from_utf8_lossy(path)).into_owned();
        let is_like = self.paths.is_empty() || self.paths.iter().any(|asked| asked.is_like(&path));
        is_like && (self.filter.types.is_empty() || self.is_of_type(&path))
    }

    /// Whether a file fits that belongs to this collection and was last changed then, in nanoseconds since 1970.
    #[must_use]
    pub fn takes(&self, path: &[u8], collection: Option<&str>, changed_ns: i64) -> bool {
        let Filter { collections, after, before, .. } = self.filter;
        let second = u64::try_from(changed_ns.div_euclid(1_000_000_000)).unwrap_or_default();
        let is_in = |name: &String| collection.is_some_and(|collection| is_same(collection, name));
        (collections.is_empty() || collections.iter().any(is_in))
            && after.is_none_or(|after| second >= after)
            && before.is_none_or(|before| second < before)
            && self.takes_path(path)
    }

    fn is_of_type(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let Some((stem, ending)) = name.rsplit_once('.') else { return false };
        let of_kind = |asked: &str| KINDS.iter().any(|(kind, endings)| *kind == asked && endings.contains(&ending));
        !stem.is_empty() && self.filter.types.iter().any(|asked| asked == ending || of_kind(asked))
    }
}

impl Path {
    fn new(asked: &str) -> Self {
        let asked = fold(asked).into_owned();
        if !asked.contains(['*', '?', '[']) {
            return Self::Part(asked);
        }
        // At whatever depth, unless it begins at the root.
        let anywhere = asked.contains('/') && !asked.starts_with('/') && !asked.starts_with("**/");
        let first = asked.chars().next();
        let before = if anywhere {
            "**/"
        } else if matches!(first, Some('#' | '!')) {
            "\\"
        } else {
            ""
        };
        Self::Pattern(Rules::parse(format!("{before}{asked}").as_bytes()), asked)
    }

    fn is_like(&self, path: &str) -> bool {
        match self {
            Self::Part(part) => path.contains(part),
            Self::Pattern(rules, typed) => {
                let below = path.trim_start_matches('/');
                let folders = below.match_indices('/').filter_map(|(end, _)| below.get(..end));
                let holds = |place: &str, is_folder| rules.verdict(place.as_bytes(), is_folder) == Some(true);
                holds(below, false) || folders.into_iter().any(|folder| holds(folder, true)) || has(path, typed)
            }
        }
    }
}

/// Whether a path has this as it is typed: from the root on it is the path or a folder in it, else it stands anywhere.
fn has(path: &str, typed: &str) -> bool {
    if typed.starts_with('/') {
        let rest = path.strip_prefix(typed.trim_end_matches('/'));
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    }
    path.contains(typed)
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::*;

    fn takes(key: Key, value: &str, path: &str) -> bool {
        let mut filter = Filter::default();
        filter.add(key, value).unwrap();
        Matcher::new(&filter).takes_path(path.as_bytes())
    }

    #[test]
    fn a_path_is_found_by_a_part_of_it_or_by_a_pattern() {
        let path = "/home/ann/Notes/2024/B\u{FC}ro.md";
        for asked in [
            "notes",
            "notes/2024",
            "buro",
            "*.md",
            "b?ro.md",
            "notes/*",
            "notes/**",
            "**/2024/*.md",
            "/home/*/notes",
            "/home/**/*.md",
            "*ote*",
        ] {
            assert!(takes(Key::Path, asked, path), "{asked}");
        }
        for asked in ["garden", "*.txt", "notes/*.md", "/ann/*", "[x-z]*.md", "ann/2024/*", "#*", "!*.md"] {
            assert!(!takes(Key::Path, asked, path), "{asked}");
        }
        assert!(takes(Key::Path, "#*", "/a/#1.md"));
    }

    #[test]
    fn a_path_with_brackets_is_found_as_the_answer_shows_it() {
        let path = "/docs/\u{DC}bung [1]/a [x] *.md";
        for asked in ["/docs/\u{DC}bung [1]", "/docs/\u{DC}bung [1]/", path, "bung [1]", "a [x] *.md"] {
            assert!(takes(Key::Path, asked, path), "{asked}");
        }
        assert!(takes(Key::Path, "/docs/\u{DC}bung [1]", "/docs/\u{DC}bung 1/a.md"), "it is a pattern too");
        for asked in ["/docs/\u{DC}bung [2]", "/bung [1]", "a [y]*.txt"] {
            assert!(!takes(Key::Path, asked, path), "{asked}");
        }
    }

    #[test]
    fn a_set_of_one_letter_makes_a_folder_a_pattern_that_holds_for_it_and_all_in_it_alone() {
        // As the page asks of a folder, see `exactly` in `http/page/search.js`.
        for (asked, within, beside) in [
            ("/data/note[s]", "/data/notes/a.md", "/data/notes2/a.md"),
            ("/data/Ca[f]\u{e9}", "/data/Caf\u{e9}/a/b.md", "/data/Cafeteria/a.md"),
            (
                "/dat[a]/\u{434}\u{43e}\u{43c}",
                "/data/\u{434}\u{43e}\u{43c}/a.md",
                "/data/\u{434}\u{43e}\u{43c}\u{430}/a.md",
            ),
            ("/dat[a]/\u{5bb6}", "/data/\u{5bb6}/a.md", "/data/\u{5bb6}\u{65cf}/a.md"),
            ("/\u{434}\u{43e}\u{43c}/", "/\u{434}\u{43e}\u{43c}/a.md", "/\u{434}\u{43e}\u{43c}\u{430}/a.md"),
        ] {
            assert!(takes(Key::Path, asked, within), "{asked}");
            assert!(!takes(Key::Path, asked, beside), "{asked}");
        }
        assert!(takes(Key::Path, "/data/R\u{e9}su[m]\u{e9}", "/data/R\u{e9}sum\u{e9}"), "a file too");
        let (asked, file) = ("/\u{434}\u{43e}[.]\u{43c}\u{434}", "/\u{434}\u{43e}.\u{43c}\u{434}");
        assert!(
            takes(Key::Path, asked, file) && !takes(Key::Path, asked, &format!("{file}\u{43e}")),
            "one without such a letter"
        );
        assert!(
            takes(Key::Path, "/\u{434}[ ]\u{43c}", "/\u{434} \u{43c}/\u{43e}")
                && takes(Key::Path, "/\u{434}[_]", "/\u{434}_")
        );
    }

    #[test]
    fn a_type_is_an_ending_or_a_kind() {
        for (asked, path) in
            [("pdf", "/a/b.PDF"), ("sheet", "/a/b.xlsx"), ("mail", "/x.eml"), (".MD", "/x.md"), ("gz", "/x.tar.gz")]
        {
            assert!(takes(Key::Type, asked, path), "{asked} {path}");
        }
        for (asked, path) in
            [("pdf", "/a.pdf/b.md"), ("pdf", "/a/pdf"), ("profile", "/a/.profile"), ("sheet", "/a/b.doc")]
        {
            assert!(!takes(Key::Type, asked, path), "{asked} {path}");
        }
    }

    #[test]
    fn all_kinds_of_filters_hold_and_of_each_one_value() {
        let mut filter = Filter::default();
        for (key, value) in
            [(Key::Collection, "home"), (Key::Collection, "work"), (Key::After, "2024"), (Key::Before, "2025")]
        {
            filter.add(key, value).unwrap();
        }
        let at = |second: u64| i64::try_from(second).unwrap() * 1_000_000_000;
        let (first, end) = (filter.after.unwrap(), filter.before.unwrap());
        let takes = |collection, time| Matcher::new(&filter).takes(b"/a.md", collection, time);
        assert!(takes(Some("Home"), at(first)) && takes(Some("work"), at(end) - 1));
        assert!(!takes(Some("home"), at(first) - 1) && !takes(Some("home"), at(end)) && !takes(Some("home"), -1));
        assert!(!takes(Some("diary"), at(first)) && !takes(None, at(first)));
    }
}
