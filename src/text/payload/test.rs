//! Notes with payload of every kind, and what stays of them.

use super::{MARK, elide, elide_and_tell};
use crate::limits::{NUMBER_HEAD_BYTES, WIDE_NAMES_BYTES};
use std::borrow::Cow;
use std::fmt::Write;

/// Bytes without a pattern (splitmix64).
fn random(count: usize) -> Vec<u8> {
    let mut state = 7_u64;
    (0..count)
        .map(|_| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            ((z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 40).to_le_bytes()[0]
        })
        .collect()
}

fn base64(count: usize) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    random(count).iter().map(|byte| char::from(letters[usize::from(byte % 64)])).collect()
}

fn lines(text: &str, width: usize) -> String {
    text.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is left of the payload between two sentences, in bytes.
fn left(payload: &str) -> usize {
    let (before, after) = ("The passport photo, size 35 by 45 mm:", "It was taken at the shop in Mill Street.");
    let text = format!("# Passport\n\n{before}\n\n{payload}\n\n{after}\n");
    let elided = elide(&text);
    assert!(elided.contains(before) && elided.contains(after) && elided.contains("# Passport"), "{elided}");
    elided.len() - (text.len() - payload.len())
}

#[test]
fn payload_of_every_kind_leaves_a_mark() {
    let block = base64(60_000);
    let dump: String = random(8000).chunks(16).enumerate().fold(String::new(), |mut text, (row, bytes)| {
        let pairs: Vec<String> = bytes.chunks(2).map(hex).collect();
        let _ = writeln!(text, "{:08x}: {}  ....@..x........", row * 16, pairs.join(" "));
        text
    });
    let uu: String = random(6000).chunks(60).fold(String::new(), |mut text, bytes| {
        let line: String = bytes.iter().map(|byte| char::from(b' ' + 1 + byte % 63)).collect();
        let _ = writeln!(text, "M{line}");
        text
    });
    for (name, payload) in [
        ("data URI", format!("![photo](data:image/jpeg;base64,{block})")),
        ("base64 block", lines(&block, 76)),
        ("base64 in a fence", format!("```\n{}```", lines(&block, 64))),
        ("one run of base64", block.clone()),
        ("hex", hex(&random(20_000))),
        ("hex lines", lines(&hex(&random(20_000)), 64)),
        ("hex dump", dump),
        ("uuencode", uu),
        ("one letter", "x".repeat(100_000)),
        ("a key", format!("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----", lines(&base64(1600), 64))),
        ("minified", "var a=function(b,c){return b.d(c)&&e[f]};if(g){h.i=j}else{k(l,m)}".repeat(800)),
    ] {
        assert!(left(&payload) < 320, "{name}: {} bytes are left", left(&payload));
    }
}

#[test]
fn a_key_is_in_no_text_whatever_is_around_it() {
    const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    for form in [
        "PrivateKey = %",
        "PrivateKey=%",
        "**PrivateKey**: %",
        "PrivateKey: `%`",
        "| PrivateKey | % |",
        "privateKey = \"%\";",
        "option private_key '%'",
        "\"PrivateKey\" => \"%\"",
        "<b>PrivateKey</b> = %",
        "PrivateKey\u{a0}=\u{a0}%",
        "- PrivateKey\n  %",
        "PrivateKey =\n%",
        "wg set wg0 private-key <(echo %)",
        "{\"a\":\"%\",\"b\":[\"%\"]}",
    ] {
        let note = format!("The key of the server:\n\n{}\n\nIt was made in May.\n", form.replace('%', KEY));
        let shown = elide(&note).into_owned();
        assert!(!shown.contains("yAnz5") && !shown.contains("3fBmk"), "{shown}");
        let label = form.split(['%', '\n']).next().unwrap();
        assert!(shown.contains(label) && shown.ends_with("It was made in May.\n"), "{shown}");
        assert_eq!(elide(&shown), shown);
    }
}

#[test]
fn the_last_short_line_of_a_block_goes_with_it_whatever_stands_before_and_behind_each() {
    let block = base64(64 * 5 + 32);
    for form in [
        "-%",
        "+%",
        "< %",
        "> > %",
        "- %",
        "#. %",
        "#: %",
        "   #\t%",
        "| % |",
        "`%`",
        "%<br>",
        "  . \"%\\n\"",
        "echo \"%\" >> k",
        "2024-05-01 12:00:# %",
        "\u{feff}%",
        "%\u{ad}",
        "%",
    ] {
        let rows = block.as_bytes().chunks(64).zip(8..);
        let text: String = rows.fold(String::from("The key of the cellar:\n\n"), |text, (row, n)| {
            let row = form.replace('%', &String::from_utf8_lossy(row)).replace('#', &n.to_string());
            text + row.as_str() + "\n"
        }) + "\nIt was made in May.\n";
        let shown = elide(&text).into_owned();
        assert!((0..block.len() - 8).all(|at| !shown.contains(&block[at..at + 8])), "{shown}");
        assert!(shown.ends_with("It was made in May.\n"), "{shown}");
        assert_eq!(elide(&shown), shown);
    }
    let hash = "- da39a3ee5e6b4b0d3255bfef95601890afd80709";
    for line in ["- 12.50", "- milk", "- v2", "- 2024-05-01", "- 4711", "- Room B12", "milk"] {
        assert!(elide(&format!("The parts of it:\n\n{hash}\n{line}\n")).contains(line), "{line}");
    }
}

#[test]
fn a_table_of_numbers_keeps_its_beginning_and_its_end() {
    let mut table = String::new();
    for row in 0..5000 {
        let _ = writeln!(table, "{};{}.{};{};{}", row, row * 7 % 100, row % 10, row * 13 % 977, 4000 - row % 50);
    }
    let kept = left(&table);
    assert!((800..2600).contains(&kept), "{kept} bytes are left");
    let elided = elide(&table);
    assert!(elided.starts_with("0;0.0;0;4000\n") && elided.ends_with("4999;93.9;505;3951\n") && elided.contains(MARK));
    let many: String = (0..40).map(|n| format!("Table number {n} of the report:\n{table}")).collect();
    assert!(elide(&many).len() < 12_000, "all tables of a file together are bounded");
}

#[test]
fn it_is_told_whether_rows_are_left_out_that_a_number_may_be_looked_for_in() {
    let rows = |n: usize| {
        (0..n).fold(String::new(), |text, n| text + format!("RG-{n:05}; Invoice of the mill; {n} Euro\n").as_str())
    };
    let table = |n: usize| (0..n).fold(String::new(), |text, n| text + format!("{n};{};{}\n", n * 7, n * 13).as_str());
    let same = "The connection to the server was lost again.\n".repeat(999);
    for (text, lacks) in [(rows(9), false), (rows(999), true), (table(9), false), (table(999), true), (same, false)] {
        assert_eq!(elide_and_tell(&text).1, lacks, "{}", &text[..40]);
    }
}

#[test]
fn of_a_wide_row_of_numbers_its_words_stay() {
    let dates: String = (0..299).map(|n| format!("; 2024-{:02}-{:02}", n % 12 + 1, n % 28 + 1)).collect();
    let rows = format!("Gardener{dates}\nCarpenter{}\n", dates.replace("2024", "17"));
    let (text, lacks) = elide_and_tell(&rows);
    assert_eq!(text, "Gardener; \u{2026}\nCarpenter; \u{2026}\n");
    assert!(lacks);
}

#[test]
fn the_words_of_wide_rows_of_numbers_stay_once_each_and_are_bounded_for_a_file() {
    let dates: String = (0..40).map(|n| format!("; 2024-{:02}-{:02}", n % 12 + 1, n % 28 + 1)).collect();
    let syllables = ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu"];
    let name = |n: usize| [1000, 100, 10, 1].map(|power| syllables[n / power % 10]).concat();
    let same = format!("Gardener{dates}\n").repeat(2000);
    let (shown, lacks) = elide_and_tell(&same);
    assert!(lacks && shown.matches("Gardener; \u{2026}").count() == 1, "{shown}");
    assert!(shown.len() < NUMBER_HEAD_BYTES + 100, "{} bytes are left", shown.len());
    let rows: String = (0..5000).map(|n| format!("Gardener {}{dates}\n", name(n))).collect();
    let left = elide(&rows).len();
    assert!((WIDE_NAMES_BYTES / 2..WIDE_NAMES_BYTES + 2 * NUMBER_HEAD_BYTES).contains(&left), "{left} bytes are left");
    // The words of one row are no more than those of many.
    let row: String = (0..5000).map(|n| format!("Gardener {}{dates} ", name(n))).collect();
    let left = elide(&format!("{row}\n")).len();
    assert!(left < WIDE_NAMES_BYTES + 100, "{left} bytes are left");
}

#[test]
fn a_long_report_keeps_the_small_tables_between_its_words() {
    let mut report = String::new();
    for table in 0..60 {
        for line in 0..30 {
            let names = ["anna", "bert", "cilly", "dora", "emil", "frieda", "georg", "hanna"];
            let [a, b, c] = [table % 8, table / 8, line % 8].map(|at| names[at]);
            let so = "so ".repeat(line / 8);
            let _ = writeln!(report, "In spring {a} and {b} told {c} how {so}well the year went for the mill.");
        }
        for row in 0..20 {
            let _ = writeln!(report, "{} | {}.{} | {}", 1990 + row, table * 31 + row, row % 10, 7000 + table * row);
        }
    }
    assert!(matches!(elide(&report), Cow::Borrowed(_)), "{} of {} bytes are left", elide(&report).len(), report.len());
}

#[test]
fn lines_that_repeat_keep_the_first_few() {
    assert!(left(&"The connection to the server was lost again.\n".repeat(20_000)) < 4000);
    let mut log = String::new();
    for n in 0..20_000 {
        let _ = writeln!(
            log,
            "2024-03-{:02} 12:{:02}:01 host[{n}]: accepted connection from 10.0.0.{}",
            n % 28,
            n % 60,
            n % 250
        );
    }
    assert!(left(&log) < 6000, "{}", left(&log));
    let headings = "## Ingredients\n\nFlour and eggs of the day.\n\n".repeat(300);
    assert_eq!(elide(&headings).matches("## Ingredients").count(), 300, "the structure stays");
    let headings = "== References ==\n\nThe book about the mill.\n\n".repeat(300);
    assert_eq!(elide(&headings).matches("== References ==").count(), 300, "that of wikis too");
}

#[test]
fn language_stays_as_it_is() {
    let recipe: String = (0..200).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "- {n} g of {} from the market", ["flour", "butter", "sugar", "rice"][n % 4]);
        text
    });
    for text in [
        "PIN of the bank card: 4711\n\n4711\n",
        "Licence key:\nXK4F-99ZT-QW3E-88PL-MN2B\n",
        "| Month | Reading |\n|---|---|\n| January | 4523.2 kWh |\n| February | 4610.9 kWh |\n",
        "2024-01-05 84.2\n2024-01-06 84.0\n2024-01-07 83.7\n",
        "fn main() {\n    let a = [1, 2, 3];\n    println!(\"{}\", a.len());\n}\n",
        "IBAN DE89 3704 0044 0532 0130 00\nBIC COBADEFFXXX\n",
        "\u{6C34}\u{662F}\u{751F}\u{547D}\u{4E4B}\u{6E90}\u{3002}\n",
        "",
        "\n\n\n",
        &recipe,
    ] {
        assert!(matches!(elide(text), Cow::Borrowed(_)), "{}", elide(text));
    }
}

#[test]
fn any_text_is_elided_in_bounds_and_only_once() {
    let parts =
        ["a", "\u{301}", "data:,", ":", "\u{1F1E9}", "=\n", "\u{2026}\n", "1\n", "x1\n", "\r\n", "# a\n", "`", "%\\"];
    for part in parts {
        let text = part.repeat(5000);
        let once = elide(&text).into_owned();
        assert!(once.len() <= text.len() + 4, "{part:?}");
        assert_eq!(elide(&once), once, "{part:?}: a second pass finds nothing more");
    }
}
