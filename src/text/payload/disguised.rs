//! Keys whose letters do not stand side by side as they are: in full-width letters, as strings of code that are put together, over two
//! lines (`view`), as bytes (`bytes`, `literal`), in links for a second factor, and in groups of four behind the name of a secret.
//!
//! Groups count only behind such a name on the same line, if they are four or more and hardly words: on their own they may be the number of an
//! account, or a licence key that somebody looks for. Nothing is taken for such a key in 11.2 MB of notes, abstracts, questions and
//! encyclopedia in four languages, nor in 106 MB of Debian's documentation and the sources of Perl and Python (2026-11-27, the same rules
//! in a script).

use super::mark::MARK;
use super::view::View;
use super::{bytes, literal, token};
use std::ops::Range;

/// Names of secrets, in small letters. A licence key is none.
const NAMES: [&str; 23] = [
    "secret",
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "kennwort",
    "geheim",
    "token",
    "private key",
    "privatekey",
    "private_key",
    "api key",
    "apikey",
    "api_key",
    "api-key",
    "recovery key",
    "recovery code",
    "backup code",
    "encryption key",
    "master key",
    "schl\u{fc}ssel",
    "totp",
    "psk",
];

/// Letters of a group, and groups at least.
const GROUP: usize = 4;
const GROUPS_MIN: usize = 4;

/// How the links begin that bring a secret of a second factor to another device: one, and all of an app's.
const LINKS: [(&str, &str); 2] = [("otpauth://", "secret="), ("otpauth-migration://", "data=")];

/// The text with [`MARK`] in place of such keys; `None` if it has none.
pub(super) fn elide(text: &str) -> Option<String> {
    let view = View::of(text);
    let mut spans = grouped(&view.text);
    spans.extend(bytes::spans(&view.text));
    spans.extend(literal::spans(&view.text));
    spans.extend(in_links(&view.text));
    let mut from = 0;
    // Letters that stand side by side as they are, are left to `token` where a line is read.
    while !view.is_text()
        && let Some(run) = token::next(&view.text, from)
    {
        from = run.end;
        if view.is_changed_in(&run) {
            spans.push(run);
        }
    }
    spans.sort_by_key(|span| span.start);
    let (mut built, mut copied) = (String::new(), 0);
    for span in spans {
        let (start, end) = (view.start_of(span.start), view.end_of(span.end));
        if start < copied {
            copied = copied.max(end);
            continue;
        }
        built.push_str(text.get(copied..start)?);
        built.push(MARK);
        copied = end;
    }
    built.push_str(text.get(copied..)?);
    (copied > 0).then_some(built)
}

/// Groups of four letters behind the name of a secret.
fn grouped(text: &str) -> Vec<Range<usize>> {
    let (mut spans, mut start) = (Vec::new(), 0);
    for line in text.split_inclusive('\n') {
        let begins = start;
        start += line.len();
        // Such groups have a figure: most lines have none, and names need not be looked for in them.
        if !line.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let lower = line.to_ascii_lowercase();
        let behind = NAMES.iter().filter_map(|name| Some(lower.find(name)? + name.len())).min();
        let mut from = behind;
        while let Some(span) = from.and_then(|from| groups(line, from)) {
            from = Some(span.end);
            spans.push(begins + span.start..begins + span.end);
        }
    }
    spans
}

/// The secrets in links for a second factor. Their names of services and accounts may have blanks, as people write them: a link ends
/// with its line, or where another one begins.
fn in_links(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    for (at, _) in text.match_indices("://") {
        let begins = |(scheme, _): &&(&str, &str)| {
            let start = (at + "://".len()).checked_sub(scheme.len());
            start.and_then(|start| text.get(start..)).is_some_and(|rest| has_prefix(rest, scheme))
        };
        let Some((_, name)) = LINKS.iter().find(begins) else { continue };
        let link = &text[at..];
        let link = &link[..link.find(['\n', '\r', '"', '<', '>', '`']).unwrap_or(link.len())];
        let next = link["://".len()..].find("://").map_or(link.len(), |next| next + "://".len());
        let link = &link[..next];
        let from = link.match_indices(['?', '&', ';']).map(|(mark, _)| mark + 1);
        for from in from.filter(|from| has_prefix(&link[*from..], name)) {
            let value = &link[from + name.len()..];
            let ends = |c: char| c.is_whitespace() || "&)]}|,'".contains(c);
            let length = value.find(ends).unwrap_or(value.len());
            spans.push(at + from + name.len()..at + from + name.len() + length);
        }
    }
    spans.retain(|span| !span.is_empty());
    spans
}

fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The first run of groups of a line at or behind this byte that is hardly words.
fn groups(line: &str, mut from: usize) -> Option<Range<usize>> {
    loop {
        let start = from + line.get(from..)?.find(|c: char| c.is_ascii_alphanumeric())?;
        let (mut end, mut all) = (start, Vec::new());
        let mut next = Some(start);
        while let Some(at) = next {
            let rest = &line[at..];
            let group = &rest[..rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())];
            if group.len() != GROUP || !group.is_ascii() {
                break;
            }
            all.push(group);
            end = at + GROUP;
            let gap = line[end..].find(|c: char| !matches!(c, ' ' | '-' | '\t' | '\u{a0}'));
            next = gap.filter(|gap| *gap > 0).map(|gap| end + gap);
        }
        if is_secret(&all) {
            return Some(start..end);
        }
        let rest = &line[end.max(start)..];
        from = end.max(start) + rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    }
}

/// Whether groups are letters and figures mixed, and hardly words: fewer than half can be words, or figures stand within enough of
/// them. A word has a vowel; a group whose figures are all at one end may be a name (`wpa2`, `24th`), and counts half.
fn is_secret(groups: &[&str]) -> bool {
    let count = |is: fn(&u8) -> bool| groups.iter().flat_map(|group| group.bytes()).filter(is).count();
    let words = groups.iter().filter(|group| is_word(group)).count();
    let mixed: usize = groups.iter().map(|group| mixture(group)).sum();
    groups.len() >= GROUPS_MIN
        && count(u8::is_ascii_digit) > 0
        && count(u8::is_ascii_alphabetic) >= groups.len()
        && (words * 2 < groups.len() || (mixed >= 2 && mixed * 4 >= groups.len()))
}

/// Whether the group can be a word: small letters, of which the first may be a capital, and a vowel.
fn is_word(group: &str) -> bool {
    let is_vowel = |byte: u8| matches!(byte.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
    group.bytes().all(|byte| byte.is_ascii_alphabetic())
        && group.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
        && group.bytes().any(is_vowel)
}

/// How surely letters and figures are mixed in the group: not at all, at one place, or at several.
fn mixture(group: &str) -> usize {
    let changes = group.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    changes.count().min(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk";

    fn wide(text: &str) -> String {
        let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap();
        text.chars().map(wide).collect()
    }

    #[test]
    fn a_key_in_full_width_letters_or_in_strings_that_are_put_together_is_left_out_alone() {
        let (one, two) = KEY.split_at(20);
        for (key, left) in [
            (wide(KEY), "\u{2026}".to_owned()),
            (format!("\u{300c}{}\u{300d}", wide(KEY)), "\u{300c}\u{2026}\u{300d}".to_owned()),
            (format!("{one}{}", wide(two)), "\u{2026}".to_owned()),
            (format!("k = \"{one}\" + \"{two}\";"), "k = \"\u{2026}\";".to_owned()),
            (format!("k = '{one}' .\n        '{two}';"), "k = '\u{2026}';".to_owned()),
            (format!("k = \"{one}\" \"{two}\""), "k = \"\u{2026}\"".to_owned()),
            (format!("k = \"{}\" + \"{}\"", wide(one), two), "k = \"\u{2026}\"".to_owned()),
            (format!("export K=\"{one}\\\n{two}=\""), "export K=\"\u{2026}\"".to_owned()),
            (format!("K={one}\\\r\n    {two}"), "K=\u{2026}".to_owned()),
            (format!("> K={one}\\\n> {two}"), "> K=\u{2026}".to_owned()),
        ] {
            let text =
                format!("Gr\u{fc}\u{df}e aus M\u{fc}nchen.\n{key}\nMore \u{ff57}\u{ff4f}\u{ff52}\u{ff44}\u{ff53}.");
            let expected = text.replace(&key, &left);
            assert_eq!(elide(&text), Some(expected.clone()), "{key}");
            assert_eq!(elide(&expected), None);
        }
        for kept in [
            KEY.to_owned(),
            wide("Donaudampfschifffahrtsgesellschaftskapitaenspatent"),
            "t = \"A sentence that is \" + \"long, and in two parts\" + \" or three of them\";".to_owned(),
            format!("[\"{one}\", \"{two}\"]"),
            "20 m\u{b2} and 3 \u{2460} \u{2461}".to_owned(),
        ] {
            assert_eq!(elide(&kept), None, "{kept}");
        }
    }

    #[test]
    fn a_key_over_two_lines_is_left_out_where_it_has_a_name_and_what_only_looks_like_one_stays() {
        let (one, two) = KEY.split_at(20);
        let (two, three) = two.split_at(12);
        for (text, left) in [
            (
                format!("PrivateKey = {one}\n{two}{three}=\nAddress = 10.0.0.1\n"),
                "PrivateKey = \u{2026}\nAddress = 10.0.0.1\n",
            ),
            (format!("PrivateKey =\n  {one}\n  {two}\n  {three}=\n"), "PrivateKey =\n  \u{2026}\n"),
            (
                format!("> My secret key is {one}\r\n> {two}{three}, for Ann.\n"),
                "> My secret key is \u{2026}, for Ann.\n",
            ),
            (format!("| private key | {one}\n{two}{three} |\n"), "| private key | \u{2026} |\n"),
        ] {
            assert_eq!(elide(&text).as_deref(), Some(left), "{text}");
            assert_eq!(elide(left), None);
        }
        for kept in [
            format!("The parts {one}\n{two}{three} of the machine"),
            format!("PrivateKey = {one}\nAddress = 10.0.0.1\n"),
            format!("Token: {one}\n2024-05-01 by Ann\n"),
            format!("Token: {one}\n\n{two}{three}\n"),
            "The password of the guests is Sommer2024\nand B12 is the room of the router.\n".to_owned(),
        ] {
            assert_eq!(elide(&kept), None, "{kept}");
        }
    }

    #[test]
    fn the_secret_in_a_link_for_a_second_factor_is_left_out_alone() {
        for (link, left) in [
            (
                "otpauth://totp/ACME:ann@example.org?secret=JBSWY3DPEHPK3PXP&issuer=ACME&digits=6",
                "otpauth://totp/ACME:ann@example.org?secret=\u{2026}&issuer=ACME&digits=6",
            ),
            ("OTPAUTH://HOTP/A?ISSUER=A&SECRET=JBSWY3DP", "OTPAUTH://HOTP/A?ISSUER=A&SECRET=\u{2026}"),
            ("otpauth://totp/A?issuer=A&amp;secret=jbswy3dp", "otpauth://totp/A?issuer=A&amp;secret=\u{2026}"),
            (
                "otpauth://totp/ACME Corp:Ann O'Hara?secret=JBSWY3DP&issuer=ACME Corp",
                "otpauth://totp/ACME Corp:Ann O'Hara?secret=\u{2026}&issuer=ACME Corp",
            ),
            ("otpauth://totp/A B?issuer=A B&secret=JBSWY3DP", "otpauth://totp/A B?issuer=A B&secret=\u{2026}"),
            ("otpauth-migration://offline?data=CjEKCkhlbGxvId6t", "otpauth-migration://offline?data=\u{2026}"),
        ] {
            for around in ["%", "Scan this: <%>.", "[code](%) for the phone", "| totp | %| Ann |"] {
                assert_eq!(elide(&around.replace('%', link)), Some(around.replace('%', left)), "{around}: {link}");
            }
        }
        for kept in ["otpauth://totp/A, see https://example.org/?secret=JBSWY3DP", "otpauth://totp/A\n?secret=JBSWY3DP"]
        {
            assert_eq!(elide(kept), None, "{kept}");
        }
        for kept in
            ["https://example.org/?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/A?issuer=A", "otpauth://totp/A?secret="]
        {
            assert_eq!(elide(kept), None, "{kept}");
        }
    }

    #[test]
    fn groups_of_four_behind_the_name_of_a_secret_are_left_out_and_numbers_words_and_licence_keys_stay() {
        for key in [
            "jbsw y3dp ehpk 3pxp",
            "mzxw 6ytb oi2g kzlm noxw s5dp nrqw 4zdb",
            "JBSW Y3DP EHPK 3PXP",
            "k2Fa-99zT-qW3e-88pL-mN2B-x7Yu",
            "9f3a  77c1  0be2  d41d",
        ] {
            for label in
                ["Secret: %", "TOTP secret (phone): %.", "| Passwort | % |", "my recovery key is % for the laptop"]
            {
                assert_eq!(elide(&label.replace('%', key)), Some(label.replace('%', "\u{2026}")), "{key}, {label}");
            }
        }
        let two = "Token: JBSW Y3DP EHPK 3PXP, old token: 9f3a 77c1 0be2 d41d (mzxw 6ytb oi2g kzlm)";
        assert_eq!(elide(two).as_deref(), Some("Token: \u{2026}, old token: \u{2026} (\u{2026})"), "all of a line");
        for kept in [
            "The password that they want with wpa2 here goes over wifi",
            "This password will work from 24th june",
            "Licence key: XK4F-99ZT-QW3E-88PL-MN2B",
            "The token costs 1234 5678 9012 3456 points",
            "A secret that some have told 1999 with much more",
            "Password rules: have been some long word with 2024 over",
            "IBAN DE44 5001 0517 5407 3249 31",
            "Secret: JBSW Y3DP EHPK",
        ] {
            assert_eq!(elide(kept), None, "{kept}");
        }
    }

    /// Of 1,000 random keys in base32 the number that stays, in so many groups and in small letters or not.
    fn stay(groups: usize, small: bool) -> usize {
        let mut rng = crate::base::rng::Rng::new(7);
        let mut key = || {
            let mut letter = || b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::try_from(rng.below(32)).unwrap()];
            let group: Vec<u8> = (0..4).map(|_| letter()).collect();
            String::from_utf8(group).unwrap()
        };
        let mut line = || {
            let key = (0..groups).map(|_| key()).collect::<Vec<_>>().join(" ");
            format!("TOTP secret: {}", if small { key.to_lowercase() } else { key })
        };
        (0..1000).filter(|_| elide(&line()).is_none()).count()
    }

    #[test]
    fn of_random_keys_in_base32_few_stay_also_in_small_letters() {
        let stay = [stay(4, false), stay(8, false), stay(4, true), stay(8, true)];
        assert!(stay.iter().zip([50, 5, 130, 15]).all(|(stay, most)| *stay <= most), "of 1,000 each: {stay:?}");
    }
}
