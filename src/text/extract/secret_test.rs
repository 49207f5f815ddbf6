//! Secrets in files, in whatever their letters are packed.

use super::*;

const KEY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |n: usize| u32::from(three.get(n).copied().unwrap_or(0));
        let bits = (at(0) << 16) | (at(1) << 8) | at(2);
        (0..=three.len()).for_each(|n| text.push(letters[((bits >> (18 - 6 * n)) & 63) as usize]));
        text.extend(std::iter::repeat_n('=', 3 - three.len()));
    }
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap()).collect();
    lines.join("\r\n")
}

fn note() -> String {
    format!("The key of the server in the cellar:\n\n{KEY}\n\nIt was made in May.\n")
}

#[test]
fn a_key_is_found_in_every_encoding_that_the_reader_knows() {
    let wide = |order: fn(u16) -> [u8; 2]| note().encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let marked = |mark: &[u8], text: Vec<u8>| [mark.to_vec(), text].concat();
    let latin = [b"caf\xE9 ".to_vec(), note().into_bytes()].concat();
    let wider: Vec<u8> = note().chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for bytes in [
        note().into_bytes(),
        marked(b"\xFF\xFE", wide(u16::to_le_bytes)),
        marked(b"\xFE\xFF", wide(u16::to_be_bytes)),
        wide(u16::to_le_bytes),
        latin,
        marked(b"\xFF\xFE\0\0", wider),
    ] {
        assert!(holds_secret("a.txt", &bytes), "{bytes:?}");
    }
    let plain: Vec<u8> = "The boiler hums.\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(!holds_secret("a.txt", &marked(b"\xFF\xFE", plain)));
    assert!(!holds_secret("a.txt", b"caf\xE9 in Mill Street"));
}

#[test]
fn a_key_is_found_behind_references_and_tags_and_in_base64() {
    let referred: String = note().chars().map(|c| format!("&#{};", u32::from(c))).collect();
    let page = format!("<html><body><p>{referred}</p></body></html>");
    let tagged = note().replace("SECRET", "SEC<b>RET</b>");
    for (name, text) in [
        ("a.html", page.clone()),
        ("a.txt", page),
        ("a.html", format!("<p>{tagged}</p>")),
        ("a.yaml", format!("kind: Secret\ndata:\n  key: {}\n", base64(note().as_bytes()).replace("\r\n", ""))),
    ] {
        assert!(holds_secret(name, text.as_bytes()), "{text}");
    }
    assert!(!holds_secret("a.html", b"<p>The boiler &amp; its lamp</p>"));
}

#[test]
fn a_key_is_found_in_the_text_of_a_mail_and_a_mail_without_one_is_given_out() {
    let head = "From: ann@example.org\nTo: ben@example.org\nSubject: keys\nMIME-Version: 1.0\n";
    let packed = |body: &str| format!("{head}Content-Transfer-Encoding: base64\n\n{}\n", base64(body.as_bytes()));
    let quoted = note().replace("AGE-", "=41GE-=\n");
    let quoted = format!("{head}Content-Transfer-Encoding: quoted-printable\n\n{quoted}");
    for mail in [packed(&note()), packed(&packed(&note())), quoted, format!("{head}\n{}", note())] {
        assert!(holds_secret("a.eml", mail.as_bytes()), "{mail}");
    }
    let talk = "The boiler in the cellar hums, and its red lamp blinks twice a minute since Monday.\n".repeat(3);
    for mail in [packed(&talk), format!("{head}\n{talk}")] {
        assert!(!holds_secret("a.eml", mail.as_bytes()), "{mail}");
    }
}

#[test]
fn what_a_passage_leaves_out_withholds_the_file_and_what_nobody_can_decode_does() {
    let token = "The tunnel to the cellar has yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk= as its key.\n";
    assert!(hides_some(token, BLOCK_LINES_MIN) && holds_secret("a.md", token.as_bytes()));
    assert!(!holds_secret("a.md", b"# Boiler\n\nThe lamp blinks.\n"));
    let picture = base64(&(0..9000_u32).map(|at| (at * at / 7).to_le_bytes()[0]).collect::<Vec<u8>>());
    assert!(!holds_secret("a.md", format!("# Boiler\n\nThe lamp blinks.\n\n{picture}\n").as_bytes()));
    let uri = format!("![lamp](data:image/png;base64,{})\n\nThe lamp.\n", picture.replace("\r\n", ""));
    assert!(!holds_secret("a.md", uri.as_bytes()));
    assert!(holds_secret("a.txt", b"\x01\x02\xFE\xFD"), "no text that is known");
    assert!(!holds_secret("a.txt", b""));
}

#[test]
fn a_key_in_an_archive_that_is_not_compressed_is_found_too() {
    let stored = [b"PK\x03\x04\x14\0\0\0\0\0\xFF\xFEa.txt\n".to_vec(), note().into_bytes()].concat();
    assert!(holds_secret("a.zip", &stored));
}

#[test]
fn a_key_as_bytes_is_found_by_itself_among_words_and_in_base64_without_a_label() {
    let key = crate::text::extract::der::tests::ed25519();
    let among = [&b"The key of the server: "[..], &key, b"\n"].concat();
    assert!(is_key(&key) && as_it_stands(&among) && holds_secret("a.txt", &among));
    let letters = base64(&key);
    assert!(runs(letters.as_bytes()).any(|run| in_bytes("", &unpacked(&run), 1)), "{letters}");
}

#[test]
fn a_key_that_is_spelled_out_in_numbers_is_found_in_texts_pages_mails_and_other_encodings() {
    let key = crate::text::extract::der::tests::rsa();
    let numbers = key.iter().map(u8::to_string).collect::<Vec<_>>();
    let list = format!("Bytes of the boiler: [{}]\n", numbers.join(", "));
    let page = format!("<table><tr><td>{}</td></tr></table>\n", numbers.join("</td><td>"));
    let wide: Vec<u8> = list.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xFF\xFE"[..], &wide].concat();
    let mail = format!("From: ann@example.org\nTo: ben@example.org\nSubject: numbers\n\n{list}");
    for (name, bytes) in [
        ("a.md", list.as_bytes()),
        ("a.html", page.as_bytes()),
        ("a.eml", mail.as_bytes()),
        ("a.txt", marked.as_slice()),
    ] {
        assert!(holds_secret(name, bytes), "{name}");
    }
    assert!(is_key(list.as_bytes()) && is_key(&wide), "also in an entry of an archive that no reader reads");
    let cut = format!("Bytes of the boiler: [{}]\n", numbers[..300].join(", "));
    assert!(!holds_secret("a.md", cut.as_bytes()) && !is_key(cut.as_bytes()), "a part of a key is none");
}

#[test]
fn base64_is_undone_over_lines_and_words_are_none() {
    let bytes: Vec<u8> = (0..=255).collect();
    let found: Vec<Vec<u8>> = runs(base64(&bytes).as_bytes()).map(|run| unpacked(&run)).collect();
    assert_eq!(found, [bytes]);
    assert_eq!(runs(b"words that are no letters\nof base64\n").count(), 0);
}
