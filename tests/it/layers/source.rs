//! Source as tokens: what a rule may look at, with comments, strings and (if asked) tests blanked out.

/// One file: as written, without comments and strings, and without its tests besides.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
    pub(super) code: String,
    pub(super) product: String,
}

#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = blank_comments_and_strings(text);
        let mut file = Self { path: path.to_owned(), text: text.to_owned(), code, product: String::new() };
        if !file.tests_only() {
            file.product = blank_tests(&file.code);
        }
        file
    }

    /// Is the whole file tests, by its name: `test.rs`, `tests.rs`, `markdown_test.rs`?
    pub(super) fn tests_only(&self) -> bool {
        let stem = self.path.rsplit('/').next().unwrap_or_default();
        stem == "test.rs" || stem == "tests.rs" || stem.ends_with("_test.rs")
    }

    /// The top-level module; `None` outside `src`.
    pub(super) fn module(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split(['/', '.']).next()
    }

    /// How many `super::` lead from this file to the root.
    pub(super) fn depth(&self) -> usize {
        self.path.trim_end_matches("/mod.rs").matches('/').count()
    }

    pub(super) fn lies_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || place.ends_with('/') && self.path.starts_with(place))
    }

    pub(super) fn faults(&self, found: impl IntoIterator<Item = (usize, String)>) -> Vec<String> {
        found.into_iter().map(|(line, what)| format!("{}:{line}: {what}.", self.path)).collect()
    }
}

fn blank_comments_and_strings(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end_of_blank(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Where the comment, string or character that begins at `at` ends; `at` where none begins.
fn end_of_blank(chars: &[char], at: usize) -> usize {
    let is = |at: usize, c: char| chars.get(at) == Some(&c);
    let find =
        |from: usize, what: &dyn Fn(usize) -> bool| (from..chars.len()).find(|at| what(*at)).unwrap_or(chars.len());
    let word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    match chars[at] {
        '/' if is(at + 1, '/') => find(at, &|at| is(at, '\n')),
        '/' if is(at + 1, '*') => {
            let (mut depth, mut at) = (1, at + 2);
            while at < chars.len() && depth > 0 {
                let (opens, closes) = (is(at, '/') && is(at + 1, '*'), is(at, '*') && is(at + 1, '/'));
                depth = depth + usize::from(opens) - usize::from(closes);
                at += if opens || closes { 2 } else { 1 };
            }
            at.min(chars.len())
        }
        'r' if at == 0 || !word(at - 1) || "bc".contains(chars[at - 1]) && (at == 1 || !word(at - 2)) => {
            let quote = find(at + 1, &|at| !is(at, '#'));
            let marks = quote - at - 1;
            let closes = |at: usize| is(at, '"') && (1..=marks).all(|mark| is(at + mark, '#'));
            if is(quote, '"') { (find(quote + 1, &closes) + marks + 1).min(chars.len()) } else { at }
        }
        '"' => end_of_quoted(chars, at),
        '\'' if is(at + 1, '\\') || is(at + 2, '\'') => end_of_quoted(chars, at),
        _ => at,
    }
}

fn end_of_quoted(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != chars[start] {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Blanks every item under `#[cfg(test)]` or `#[cfg(all(test, ..))]`.
fn blank_tests(code: &str) -> String {
    let mut out: Vec<u8> = code.bytes().collect();
    let marks = ["#[cfg(test)]", "#[cfg(all(test,"];
    for start in marks.iter().flat_map(|mark| code.match_indices(mark)).map(|(start, _)| start) {
        let (mut depth, mut end) = (0_i32, code.len());
        for (at, byte) in code.bytes().enumerate().skip(start) {
            depth += i32::from(b"([{".contains(&byte)) - i32::from(b")]}".contains(&byte));
            if depth < 0 || depth == 0 && (byte == b';' || byte == b'}') {
                end = at + usize::from(depth == 0);
                break;
            }
        }
        out[start..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (at, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let len = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
            let (text, after) = rest.split_at(len);
            found.push(Token { text, line: at + 1 });
            rest = after.trim_start();
        }
    }
    found
}

/// The lines on which these tokens follow one another.
pub(super) fn sequences(tokens: &[Token<'_>], wanted: &[&str]) -> Vec<usize> {
    let runs = tokens.windows(wanted.len()).filter(|run| run.iter().zip(wanted).all(|(is, want)| is.text == *want));
    runs.map(|run| run[0].line).collect()
}

/// What stands behind `root::`, in groups too: `crate::{base::id, wire}` gives `base` and `wire`.
pub(super) fn children_of<'a>(tokens: &[Token<'a>], root: &str) -> Vec<(&'a str, usize)> {
    let starts = (0..tokens.len()).filter(|at| {
        let inner = *at >= 2 && tokens[at - 1].text == "::" && tokens[at - 2].text.ends_with(char::is_alphanumeric);
        tokens[*at].text == root && !inner && tokens.get(at + 1).is_some_and(|next| next.text == "::")
    });
    starts.flat_map(|at| first_names(&tokens[at + 2..])).collect()
}

fn first_names<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, usize)> {
    if tokens.first().is_none_or(|token| token.text != "{") {
        return tokens.first().map(|token| (token.text, token.line)).into_iter().collect();
    }
    let (mut depth, mut fresh, mut names) = (0, false, Vec::new());
    for token in tokens {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            "self" | "," => {}
            text if fresh && depth == 1 => names.push((text, token.line)),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        fresh = depth == 1 && matches!(token.text, "{" | ",");
    }
    names
}

/// Names behind as many `super::` as lead to the root, inline modules counted.
pub(super) fn supers_to_the_root<'a>(tokens: &[Token<'a>], depth: usize) -> Vec<(&'a str, usize)> {
    let (mut open, mut inline, mut found, mut at) = (0, Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        match tokens[at].text {
            "{" if at >= 2 && tokens[at - 2].text == "mod" => {
                open += 1;
                inline.push(open);
            }
            "{" => open += 1,
            "}" => {
                inline.pop_if(|level| *level == open);
                open -= 1;
            }
            "super" => {
                let pairs = tokens[at..].chunks_exact(2);
                let run = pairs.take_while(|pair| pair[0].text == "super" && pair[1].text == "::").count();
                if run > 0 && run == depth + inline.len() {
                    found.extend(first_names(&tokens[at + 2 * run..]));
                }
                at += (2 * run).saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    found
}
