//! What one noun may hold: fields of a struct, public items of an `impl`, and public items that nobody uses.

use super::source::{Source, Token, tokens};
use std::collections::{BTreeMap, BTreeSet};

const FIELDS_MAX: usize = 12;
const PUBLIC_ITEMS_MAX: usize = 15;

/// Structs of more than `FIELDS_MAX` named fields.
pub(super) fn fields(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let tokens = tokens(&file.product);
    let found = heads(&tokens, "struct").filter_map(|(at, body)| {
        let count = depth_one(body).filter(|pair| pair[1].text == ":" && is_name(pair[0].text)).count();
        let what =
            format!("{} has {count} fields, and {FIELDS_MAX} are the most: it is two nouns", tokens[at + 1].text);
        (count > FIELDS_MAX).then_some((tokens[at].line, what))
    });
    file.faults(found.collect::<Vec<_>>())
}

/// `impl` blocks of more than `PUBLIC_ITEMS_MAX` public items.
pub(super) fn public_items(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let tokens = tokens(&file.product);
    let found = heads(&tokens, "impl").filter_map(|(at, body)| {
        let count = depth_one(body).filter(|pair| pair[0].text == "pub" && pair[1].text != "(").count();
        let what = format!("this impl has {count} public items, and {PUBLIC_ITEMS_MAX} are the most: it is two nouns");
        (count > PUBLIC_ITEMS_MAX).then_some((tokens[at].line, what))
    });
    file.faults(found.collect::<Vec<_>>())
}

/// Public items whose name stands in no other product file; for those who read the library from outside (tests,
/// benches, fuzz targets) an item may be public as well.
pub(super) fn unused_public_items(files: &[Source]) -> Vec<String> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let codes: Vec<(&Source, Vec<Token<'_>>)> = files
        .iter()
        .map(|file| (file, tokens(if file.path.starts_with("src/") { &file.product } else { &file.code })))
        .collect();
    for (file, tokens) in &codes {
        for token in tokens.iter().filter(|token| is_name(token.text)) {
            users.entry(token.text).or_default().insert(&file.path);
        }
    }
    let mut found = Vec::new();
    for (file, tokens) in codes.iter().filter(|(file, _)| file.path.starts_with("src/")) {
        for (name, line) in public_names(tokens).into_iter().filter(|(name, _)| is_name(name)) {
            // A type that a public item of its own file gives or takes has to be public.
            let shown = name.starts_with(char::is_uppercase) && is_shown(tokens, name);
            if !shown && users.get(name).is_none_or(|users| users.len() < 2) {
                found.extend(file.faults([(line, format!("{name} is public, and no other file names it"))]));
            }
        }
    }
    found
}

/// Names behind `pub fn`, `pub struct` and their kin.
fn public_names<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, usize)> {
    const KINDS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text == "pub") {
        let kind = tokens[at + 1..].iter().take(3).position(|next| KINDS.contains(&next.text));
        let Some(mut name) = kind.map(|skip| at + 2 + skip) else { continue };
        if tokens.get(name).is_some_and(|next| next.text == "fn") {
            name += 1;
        }
        if let Some(name) = tokens.get(name) {
            found.push((name.text, token.line));
        }
    }
    found
}

/// Whether a type is named in its file other than where it is defined and where its `impl` blocks begin.
fn is_shown(tokens: &[Token<'_>], name: &str) -> bool {
    tokens.windows(2).any(|pair| {
        pair[1].text == name
            && !["struct", "enum", "trait", "type", "impl", "for", "const", "static"].contains(&pair[0].text)
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Where `word` stands before a body in braces, and what is in the braces.
fn heads<'s, 'a>(tokens: &'s [Token<'a>], word: &'s str) -> impl Iterator<Item = (usize, &'s [Token<'a>])> {
    // An item begins a file, or follows another item, a brace or an attribute; `-> impl A` is no item.
    let begins = |at: usize| at == 0 || ["}", ";", "]", "{", "pub", ")"].contains(&tokens[at - 1].text);
    let starts = (0..tokens.len()).filter(move |at| tokens[*at].text == word && begins(*at));
    starts.filter_map(move |at| {
        let head = tokens[at..].iter().position(|token| ["{", ";"].contains(&token.text))?;
        // `struct A;` and `struct A(B);` have no such body.
        if tokens[at + head].text == ";" {
            return None;
        }
        let body = &tokens[at + head + 1..];
        let mut depth = 1;
        let end = body.iter().position(|token| {
            depth += i32::from(token.text == "{") - i32::from(token.text == "}");
            depth == 0
        })?;
        Some((at, &body[..end]))
    })
}

/// Pairs of neighbours that stand in no inner bracket.
fn depth_one<'s, 'a>(body: &'s [Token<'a>]) -> impl Iterator<Item = &'s [Token<'a>]> {
    let (mut depth, mut before) = (0, "");
    body.windows(2).filter(move |pair| {
        let here = depth == 0;
        // The end of an arrow closes nothing.
        let closes = ")]}>".contains(pair[0].text) && !(pair[0].text == ">" && ["-", "="].contains(&before));
        depth += i32::from("([{<".contains(pair[0].text)) - i32::from(closes);
        before = pair[0].text;
        here && depth == 0
    })
}
