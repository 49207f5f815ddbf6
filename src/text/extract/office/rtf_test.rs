//! Rich text, written here and read.

use crate::text::extract::extract;

fn told(body: &str) -> Vec<(String, String)> {
    let text = extract("a.rtf", format!("{{\\rtf1\\ansi\\ansicpg1252 {body}}}").as_bytes()).unwrap();
    text.sections.iter().map(|at| (at.heading.clone(), text.text[at.range.clone()].to_owned())).collect()
}

fn pair(heading: &str, body: &str) -> (String, String) {
    (heading.to_owned(), body.to_owned())
}

#[test]
fn letters_come_in_code_pages_and_in_unicode_with_stand_ins() {
    let body = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}\f0 B\'f6den {\f1\'cf\'f0} \u8364?5 {\uc2\u-10179ab\u-8704ab} \{x\}\~y\emdash z";
    assert_eq!(told(body), [pair("", "B\u{F6}den \u{41F}\u{440} \u{20AC}5 \u{1F600} {x} y\u{2014}z")]);
}

#[test]
fn styles_and_levels_are_headings_and_tables_lists_and_notes_are_read() {
    let body = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}}{\info{\author Ann}{\title The house}}{\header Mill Street}{\*\generator X;}
\pard\s1 Boiler\par\pard Red {\field{\*\fldinst HYPERLINK a}{\fldrslt lamp}}{\footnote In May}.\par
\pard\outlinelevel1 Reset\par\pard{\pntext\'b7\tab}\ls1 Five\par\pard\intbl a\cell b\cell\row c\cell d\cell\row\pard {\pict\bin3 {{{ff}end\par";
    assert_eq!(
        told(body),
        [
            pair("The house", "Mill Street"),
            pair("The house > Boiler", "Red lamp [In May]."),
            pair("The house > Boiler > Reset", "- Five\na | b\nc | d\n\nend")
        ]
    );
}

#[test]
fn broken_groups_end_with_the_file() {
    for body in [r"a}}}b", r"{{{{a", r"\u", r"\'", r"\bin999 x", "\\"] {
        let _ = extract("a.rtf", format!("{{\\rtf1 word {body}").as_bytes());
    }
    let deep = format!("{{\\rtf1 word {}x{}", "{".repeat(9999), "}".repeat(9999));
    assert!(extract("a.rtf", deep.as_bytes()).unwrap().text.contains("word x"));
}
