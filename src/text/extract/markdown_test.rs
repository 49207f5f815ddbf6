//! Markdown texts and the sections that they have.

use super::sections;

fn found(text: &str) -> Vec<(String, &str)> {
    sections(text).into_iter().map(|s| (s.heading, &text[s.range])).collect()
}

fn expect(text: &str, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted.iter().map(|(h, t)| ((*h).to_owned(), *t)).collect();
    assert_eq!(found(text), wanted, "in {text:?}");
}

#[test]
fn headings_make_a_path_and_a_higher_one_ends_the_deeper() {
    expect(
        "intro\n\n# A\none\n### C\ntwo\n## B\nthree\n# D #\nfour\n",
        &[("", "intro"), ("A", "one"), ("A > C", "two"), ("A > B", "three"), ("D", "four")],
    );
}

#[test]
fn line_ends_of_windows_change_nothing() {
    expect("# A\r\none\r\n\r\nTitle\r\n===\r\ntwo\r\n", &[("A", "one"), ("Title", "two")]);
}

#[test]
fn underlined_lines_are_headings_but_rules_lists_and_tables_are_not() {
    expect("Title\n=====\na\n\nSub\n---\nb", &[("Title", "a"), ("Title > Sub", "b")]);
    expect("text\n\n---\n\nmore", &[("", "text\n\n---\n\nmore")]);
    expect("- item\n---\nx", &[("", "- item\n---\nx")]);
    expect("a | b\n--|--\n1 | 2", &[("", "a | b\n--|--\n1 | 2")]);
    expect("[a]: /url\n---\nx", &[("", "[a]: /url\n---\nx")]);
    expect("two lines\nof prose\n---\nx", &[("", "two lines\nof prose\n---\nx")]);
}

#[test]
fn headings_of_wikis_are_headings_and_formulas_are_not() {
    expect(
        " = Mill = \n\na\n = = Wheel = = \nb\n== Race ==\nc\n=== Sluice ===\nd\n",
        &[("Mill", "a"), ("Mill > Wheel", "b"), ("Mill > Race", "c"), ("Mill > Race > Sluice", "d")],
    );
    for text in ["if a == b ==\nc", "==Never leave the gas open.==\nThe chain is in the locker."] {
        expect(text, &[("", text)]);
    }
}

#[test]
fn code_has_no_headings() {
    let fenced = "# A\n```sh\n# no\n~~~\n```` x\n# no\n````\nb\n## B\nc";
    expect(fenced, &[("A", "```sh\n# no\n~~~\n```` x\n# no\n````\nb"), ("A > B", "c")]);
    expect("~~~\n# no\n", &[("", "~~~\n# no")]);
    expect("a\n\n    # no\n", &[("", "a\n\n    # no")]);
    expect("```inline``` code\n# A\nb", &[("", "```inline``` code"), ("A", "b")]);
    expect("#tag and\n####### seven", &[("", "#tag and\n####### seven")]);
}

#[test]
fn code_in_a_list_item_ends_with_its_fence_or_with_the_item() {
    expect("- ```sh\n  # no\n  ```\n\n# A\nb", &[("", "- ```sh\n  # no\n  ```"), ("A", "b")]);
    expect("1. a\n   ```\n   # no\n   ```\n# A\nb", &[("", "1. a\n   ```\n   # no\n   ```"), ("A", "b")]);
    expect("- ~~~\n  # no\n\nafter\n# A\nb", &[("", "- ~~~\n  # no\n\nafter"), ("A", "b")]);
    expect("- ```\n  # no\n```\n# A\nb", &[("", "- ```\n  # no\n```"), ("A", "b")]);
}

#[test]
fn html_has_no_headings() {
    expect("<!--\n# no\n\n# no\n-->\n# A\nb", &[("", "<!--\n# no\n\n# no\n-->"), ("A", "b")]);
    expect("<!-- one line -->\n# A\nb", &[("", "<!-- one line -->"), ("A", "b")]);
    expect("<PRE>\n# no\n\nno\n===\n</pre>\n# A\nb", &[("", "<PRE>\n# no\n\nno\n===\n</pre>"), ("A", "b")]);
    expect("<div>\n# no\n\n# A\nb", &[("", "<div>\n# no"), ("A", "b")]);
    expect("<https://a.test>\n# A\nb", &[("", "<https://a.test>"), ("A", "b")]);
    expect("<!DOCTYPE html>\n# A\nb\n<?php\n# no\n?>", &[("", "<!DOCTYPE html>"), ("A", "b\n<?php\n# no\n?>")]);
}

#[test]
fn a_whole_paragraph_above_a_rule_is_no_heading() {
    let paragraph = "We met at noon and talked about the garden fence, the boiler in the cellar, the old bicycles, and who \
                     will take the car to the yearly inspection in March.";
    assert!(paragraph.len() > crate::limits::HEADING_BYTES_MAX);
    let text = format!("{paragraph}\n---\nmore");
    expect(&text, &[("", &text)]);
}

#[test]
fn a_byte_order_mark_before_a_heading_is_no_part_of_it() {
    expect("# A\na\n\u{feff}# B\nb", &[("A", "a"), ("B", "b")]);
}

#[test]
fn front_matter_is_in_no_section_and_makes_no_heading() {
    expect("---\ntitle: X\n# note\n---\n# A\nb", &[("A", "b")]);
    expect("---\n# note\n\ntitle: X\n---\nb", &[("", "b")]);
    expect("+++\ntitle = 'X'\n# note\n+++\n# A\nb", &[("A", "b")]);
    expect("---\nnever closed\n# A\nb", &[("", "---\nnever closed"), ("A", "b")]);
}

#[test]
fn a_heading_with_nothing_under_it_is_its_own_text_unless_a_deeper_one_follows() {
    expect("# A\n## B\nb\n## C\n# D\n#\n", &[("A > B", "b"), ("A > C", "## C"), ("D", "# D")]);
}

#[test]
fn the_line_of_a_very_long_heading_stays_in_the_text() {
    let line = format!("# {}", "\u{20AC}uro ".repeat(50));
    let text = format!("{line}\nbody");
    let found = found(&text);
    assert_eq!(found[0].1, text);
    assert!(found[0].0.len() <= super::HEADING_BYTES_MAX);
}

#[test]
fn a_text_of_nothing_but_headings_has_a_bounded_number_of_sections() {
    assert_eq!(sections(&"# a\n".repeat(70_000)).len(), crate::limits::DOCUMENT_CHUNKS_MAX);
    assert_eq!(sections(&"#".repeat(1 << 20)).len(), 1);
    assert_eq!(sections(&"#\n".repeat(1 << 20)).len(), 0);
}
