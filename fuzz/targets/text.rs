//! Files of the owner: whatever the bytes are, the text has its sections and chunks in order and within their caps.

use wattle::base::ignore::Rules;
use wattle::limits::{CHUNK_BYTES_MAX, DOCUMENT_BYTES_MAX, HEADING_BYTES_MAX};
use wattle::text::chunk::chunks;
use wattle::text::extract::{extract, holds_secret};
use wattle::text::payload::elide;

/// The mark of payload, and a line end.
const ADDED_BYTES_MAX: usize = 4;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    for name in ["a.md", "a.txt", "a.html", "a.csv"] {
        let Ok(text) = extract(name, data) else { continue };
        let is_of_records = matches!(name, "a.txt" | "a.csv");
        assert!(
            text.text.len() <= 3 * data.len() + ADDED_BYTES_MAX || is_of_records,
            "{name}: a byte is three in UTF-8 at most; tags, marks and payload take less than they had"
        );
        // Each value has its name before it.
        assert!(u64::try_from(text.text.len()).is_ok_and(|bytes| bytes <= 2 * DOCUMENT_BYTES_MAX));
        let mut end = 0;
        for section in &text.sections {
            assert!(section.range.start >= end && text.text.get(section.range.clone()).is_some());
            end = section.range.end;
            // A title and six levels.
            assert!(section.heading.len() <= 7 * (HEADING_BYTES_MAX + 3));
            assert!(!section.heading.chars().any(char::is_control));
        }
        let count = |part: &str| part.split_whitespace().count();
        let found = chunks(&text, &count);
        let mut end = 0;
        for chunk in &found {
            assert!(chunk.range.start >= end && chunk.range.end - chunk.range.start <= CHUNK_BYTES_MAX);
            assert!(text.text.get(chunk.range.clone()).is_some_and(|body| !body.is_empty() && body == body.trim()));
            end = chunk.range.end;
        }
        assert_eq!(found, chunks(&text, &count), "the same text gives the same chunks");
    }
    // The same bytes as a file that is to be given out.
    for name in ["a.md", "a.html"] {
        let is_secret = holds_secret(name, data);
        assert_eq!(is_secret, holds_secret(name, data), "{name}: the same bytes are told the same of");
    }
    // The same bytes as a file of patterns.
    let rules = Rules::parse(data);
    for path in [&b"a/b.log"[..], b"build", data.get(..64).unwrap_or(data)] {
        let verdict = rules.verdict(path, true);
        assert!(verdict.is_some() || rules.verdict(path, false).is_none(), "what holds for a file holds for a folder");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let once = elide(text);
        assert!(once.len() <= text.len() + 3);
        assert_eq!(elide(&once), once, "nothing more is found in what is left");
    }
}

/// Notes with what is taken out of them, or told apart.
pub fn seeds() -> Vec<Vec<u8>> {
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHw==";
    let mut seeds: Vec<Vec<u8>> = [
        "---\n# comment\ntitle: A\ntags: [a,\nb]\n---\n# Heading {#id}\n\ntext\n\nTitle\n=====\nmore\n",
        "+++\na = 1\n+++\n- ```sh\n  # no\n  ```\n<!--\n# no\n-->\n## [Link](url) &amp; `code`\nbody\r\rx\r\n",
        "1;2;3\n4;5;6\n7;8;9\n00000010: 7f45 4c46 0201 0100\n\u{feff}# B\n\u{6c34}\u{662f}\u{751f}\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    seeds.push(format!("# Photo\n\n![a](data:image/png;base64,{base64})\n\n{base64}\n").into_bytes());
    seeds.push(format!("{}data:image/png;base64,{base64}\n", "C".repeat(60)).into_bytes());
    seeds.push(
        format!(
            "<!DOCTYPE html><title>A &amp; B</title><script>if (a<b)</script><svg/><!-- c --><h1>One</h1><ul><li><p>x</ul>\
             <h6><h6>Use &lt;b&gt;</h6><pre>```\n# no\n</pre><img src=\"data:image/png;base64,{base64}\" alt='>'><br>\
             <table><tr><td>1<td>2</table>&#228;&#x80;&ouml;&nbsp;</p ><style/><title/>end"
        )
        .into_bytes(),
    );
    seeds.push(b"a `` b <b>```</b> `\n\n    <i>\n- ~~~\n  <p>\n<h2>&auml;</h2>\n```a``` <br>\n".to_vec());
    seeds.push(b"\xff\xfeT\0e\0x\0t\0\n\0\0\0".to_vec());
    seeds.push("cut \u{e4}".as_bytes()[..5].to_vec());
    seeds.extend(records());
    let key = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    seeds.push(
        format!("| PrivateKey | {key} |\na/b/{key}\n1. {base64}\n2. {base64}\n3. Qy9NTUxOQ==\n4. words\n").into_bytes(),
    );
    seeds.push(SPELLED.as_bytes().to_vec());
    seeds
}

/// A key in hex, and the beginnings of others in each spelling that is undone.
const SPELLED: &str = "Hex: 30 2e 02 01 00 30 05 06 03 2b 65 70 04 22 04 20 29 72 bb 04 4d 96 df 28 71 ba 03 4c 95 de 27 70 b9 02 4b 94 dd 26 6f b8 01 4a 93 dc 25 6e b7 00\n00000000: 302e 0201 0030 0506  0.......\n[48, -46, 2u8]\n\\x30\\u002e\\060\\n\" + \"%30+%2e\nGAXAEAIAGACQMAZLMVYAIIQEEAUXFOYEJWLN6KDRXIBUZFO6E5YLSASLSTOSM35YAFFJHXBFN23QA\nA1;\"MC4CAQAwBQYDK2Vw\";b\nb3BlbnNzaC1rZXktdjEA\n";

/// Patterns of files, texts of records, and texts in other encodings.
fn records() -> [Vec<u8>; 9] {
    [
        b"# x\n*.log \n!a/**/b\\ \n/build/\n[!a-c[:digit:]]?\\*\n**/z/**\r\n".to_vec(),
        b"name;city\r\n\"Miller, \"\"Ann\"\"\";Bern\r\n;7\n".to_vec(),
        b"sep=|\na|b\n1|\"2\n".to_vec(),
        b"{\"a\": [{\"b\": 1.5, \"c\": [\"x\\n\", null]}, [1, [2]], true]}\n{\"d\": \"e".to_vec(),
        b"1\n00:01:14,440 --> 00:01:15,760\n{\\an8}<i>The boiler\nhums.\n\n2\n00:09:15,880 --> 00:09:19,520\n- Red &amp; old\n".to_vec(),
        b"WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:02.500 align:start\n<v Ann>Look <00:01.500>at it\n".to_vec(),
        b"Der Schl\xFCssel h\xE4ngt am Haken \x96 5 \x80".to_vec(),
        b"# coding: koi8-r\n\xEB\xCC\xC0\xDE \xCF\xD4 \xD3\xC1\xD2\xC1\xD1".to_vec(),
        b"\x1B$B$3\x1B(B <meta charset=shift_jis> \x95\xA8\x92u\x82\xCC".to_vec(),
    ]
}
