//! Texts in other encodings, byte by byte as other programs wrote them (here: Python's codecs).

use super::{decode, iso_2022_jp, utf16_without_mark, utf32, without_nuls};

/// A sentence in each encoding.
const SENTENCES: [(&str, &[u8], &str); 14] = [
        (
            "windows-1252",
            b"Der Schl\xFCssel h\xE4ngt am Haken \x96 \x84gr\xF6\xDFer\x93 als f\xFCr 5 \x80 \xFCblich.",
            "Der Schlüssel hängt am Haken – „größer“ als für 5 € üblich.",
        ),
        (
            "iso-8859-2",
            b"Kl\xED\xE8 od k\xF9lny vis\xED v kuchyni vedle lednice, n\xE1hradn\xED m\xE1 sousedka ve \xBElut\xE9m dom\xEC.",
            "Klíč od kůlny visí v kuchyni vedle lednice, náhradní má sousedka ve žlutém domě.",
        ),
        (
            "iso-8859-5",
            b"\xBA\xDB\xEE\xE7 \xDE\xE2 \xE1\xD0\xE0\xD0\xEF \xD2\xD8\xE1\xD8\xE2 \xDD\xD0 \xDA\xE3\xE5\xDD\xD5 \xE0\xEF\xD4\xDE\xDC \xE1 \xE5\xDE\xDB\xDE\xD4\xD8\xDB\xEC\xDD\xD8\xDA\xDE\xDC, \xD7\xD0\xDF\xD0\xE1\xDD\xDE\xD9 \xE3 \xE1\xDE\xE1\xD5\xD4\xDA\xD8.",
            "Ключ от сарая висит на кухне рядом с холодильником, запасной у соседки.",
        ),
        (
            "koi8-r",
            b"\xEB\xCC\xC0\xDE \xCF\xD4 \xD3\xC1\xD2\xC1\xD1 \xD7\xC9\xD3\xC9\xD4 \xCE\xC1 \xCB\xD5\xC8\xCE\xC5 \xD2\xD1\xC4\xCF\xCD \xD3 \xC8\xCF\xCC\xCF\xC4\xC9\xCC\xD8\xCE\xC9\xCB\xCF\xCD, \xDA\xC1\xD0\xC1\xD3\xCE\xCF\xCA \xD5 \xD3\xCF\xD3\xC5\xC4\xCB\xC9.",
            "Ключ от сарая висит на кухне рядом с холодильником, запасной у соседки.",
        ),
        (
            "windows-1251",
            b"\xCA\xEB\xFE\xF7 \xEE\xF2 \xF1\xE0\xF0\xE0\xFF \xE2\xE8\xF1\xE8\xF2 \xED\xE0 \xEA\xF3\xF5\xED\xE5 \xF0\xFF\xE4\xEE\xEC \xF1 \xF5\xEE\xEB\xEE\xE4\xE8\xEB\xFC\xED\xE8\xEA\xEE\xEC, \xE7\xE0\xEF\xE0\xF1\xED\xEE\xE9 \xF3 \xF1\xEE\xF1\xE5\xE4\xEA\xE8.",
            "Ключ от сарая висит на кухне рядом с холодильником, запасной у соседки.",
        ),
        (
            "iso-8859-7",
            b"\xD4\xEF \xEA\xEB\xE5\xE9\xE4\xDF \xF4\xE7\xF2 \xE1\xF0\xEF\xE8\xDE\xEA\xE7\xF2 \xEA\xF1\xDD\xEC\xE5\xF4\xE1\xE9 \xF3\xF4\xE7\xED \xEA\xEF\xF5\xE6\xDF\xED\xE1 \xE4\xDF\xF0\xEB\xE1 \xF3\xF4\xEF \xF8\xF5\xE3\xE5\xDF\xEF.",
            "Το κλειδί της αποθήκης κρέμεται στην κουζίνα δίπλα στο ψυγείο.",
        ),
        (
            "windows-1255",
            b"\xE4\xEE\xF4\xFA\xE7 \xF9\xEC \xE4\xEE\xE7\xF1\xEF \xFA\xEC\xE5\xE9 \xE1\xEE\xE8\xE1\xE7 \xEC\xE9\xE3 \xE4\xEE\xF7\xF8\xF8.",
            "המפתח של המחסן תלוי במטבח ליד המקרר.",
        ),
        (
            "windows-1256",
            b"\xE3\xDD\xCA\xC7\xCD \xC7\xE1\xE3\xCE\xD2\xE4 \xE3\xDA\xE1\xDE \xDD\xED \xC7\xE1\xE3\xD8\xC8\xCE \xC8\xCC\xC7\xE4\xC8 \xC7\xE1\xCB\xE1\xC7\xCC\xC9.",
            "مفتاح المخزن معلق في المطبخ بجانب الثلاجة.",
        ),
        (
            "shift_jis",
            b"\x95\xA8\x92u\x82\xCC\x8C\xAE\x82\xCD\x91\xE4\x8F\x8A\x82\xCC\x97\xE2\x91\xA0\x8C\xC9\x82\xCC\x89\xA1\x82\xC9\x8A|\x82\xA9\x82\xC1\x82\xC4\x82\xA2\x82\xDC\x82\xB7\x81B\x97\\\x94\xF5\x82\xCD\x97\xD7\x82\xCC\x90l\x82\xAA\x8E\x9D\x82\xC1\x82\xC4\x82\xA2\x82\xDC\x82\xB7\x81B",
            "物置の鍵は台所の冷蔵庫の横に掛かっています。予備は隣の人が持っています。",
        ),
        (
            "euc-jp",
            b"\xCA\xAA\xC3\xD6\xA4\xCE\xB8\xB0\xA4\xCF\xC2\xE6\xBD\xEA\xA4\xCE\xCE\xE4\xC2\xA2\xB8\xCB\xA4\xCE\xB2\xA3\xA4\xCB\xB3\xDD\xA4\xAB\xA4\xC3\xA4\xC6\xA4\xA4\xA4\xDE\xA4\xB9\xA1\xA3\xCD\xBD\xC8\xF7\xA4\xCF\xCE\xD9\xA4\xCE\xBF\xCD\xA4\xAC\xBB\xFD\xA4\xC3\xA4\xC6\xA4\xA4\xA4\xDE\xA4\xB9\xA1\xA3",
            "物置の鍵は台所の冷蔵庫の横に掛かっています。予備は隣の人が持っています。",
        ),
        (
            "gb18030",
            b"\xB4\xA2\xB2\xD8\xCA\xD2\xB5\xC4\xD4\xBF\xB3\xD7\xB9\xD2\xD4\xDA\xB3\xF8\xB7\xBF\xB1\xF9\xCF\xE4\xC5\xD4\xB1\xDF,\xB1\xB8\xD3\xC3\xD4\xBF\xB3\xD7\xD4\xDA\xC1\xDA\xBE\xD3\xC4\xC7\xC0\xEF\xA1\xA3",
            "储藏室的钥匙挂在厨房冰箱旁边,备用钥匙在邻居那里。",
        ),
        (
            "big5",
            b"\xC0x\xC2\xC3\xAB\xC7\xAA\xBA\xC6_\xB0\xCD\xB1\xBE\xA6b\xBCp\xA9\xD0\xA6B\xBDc\xAE\xC7\xC3\xE4,\xB3\xC6\xA5\xCE\xC6_\xB0\xCD\xA6b\xBEF\xA9~\xA8\xBA\xB8\xCC\xA1C",
            "儲藏室的鑰匙掛在廚房冰箱旁邊,備用鑰匙在鄰居那裡。",
        ),
        (
            "euc-kr",
            b"\xC3\xA2\xB0\xED \xBF\xAD\xBC\xE8\xB4\xC2 \xBA\xCE\xBE\xFD \xB3\xC3\xC0\xE5\xB0\xED \xBF\xB7\xBF\xA1 \xB0\xC9\xB7\xC1 \xC0\xD6\xB0\xED \xBF\xB9\xBA\xF1 \xBF\xAD\xBC\xE8\xB4\xC2 \xC0\xCC\xBF\xF4\xC0\xCC \xB0\xA1\xC1\xF6\xB0\xED \xC0\xD6\xBD\xC0\xB4\xCF\xB4\xD9.",
            "창고 열쇠는 부엌 냉장고 옆에 걸려 있고 예비 열쇠는 이웃이 가지고 있습니다.",
        ),
        (
            "windows-874",
            b"\xA1\xD8\xAD\xE1\xA8\xCB\xE9\xCD\xA7\xE0\xA1\xE7\xBA\xA2\xCD\xA7\xE1\xA2\xC7\xB9\xCD\xC2\xD9\xE8\xE3\xB9\xA4\xC3\xD1\xC7 \xA2\xE9\xD2\xA7\xB5\xD9\xE9\xE0\xC2\xE7\xB9 \xE1\xC5\xD0\xA1\xD8\xAD\xE1\xA8\xCA\xD3\xC3\xCD\xA7\xCD\xC2\xD9\xE8\xA1\xD1\xBA\xE0\xBE\xD7\xE8\xCD\xB9\xBA\xE9\xD2\xB9 \xB7\xD5\xE8\xBA\xE9\xD2\xB9\xCA\xD5\xE0\xCB\xC5\xD7\xCD\xA7",
            "กุญแจห้องเก็บของแขวนอยู่ในครัว ข้างตู้เย็น และกุญแจสำรองอยู่กับเพื่อนบ้าน ที่บ้านสีเหลือง",
        ),
];

#[test]
fn each_encoding_is_told_by_its_letters() {
    for (name, bytes, text) in SENTENCES {
        assert_eq!(decode(bytes, false).as_deref(), Some(text), "{name}");
        // A text is cut in the middle of a letter, at its end.
        let cut = decode(&bytes[..bytes.len() - 1], false).unwrap_or_default();
        assert!(text.starts_with(&cut) && !cut.is_empty(), "{name}: {cut}");
        let page = [&b"<html><body><p class=\"a\">"[..], bytes, b"</p></body></html>"].concat();
        assert!(decode(&page, true).is_some_and(|page| page.contains(text)), "{name}, in a page that does not say");
    }
    let escaped = b"\x1B$BJ*CV$N80$OBf=j$NNdB\"8K$N2#$K3]$+$C$F$$$^$9!#M=Hw$ONY$N?M$,;}$C$F$$$^$9!#\x1B(B";
    assert_eq!(iso_2022_jp(escaped).as_deref(), Some(SENTENCES[8].2));
    assert_eq!(iso_2022_jp(b"\x1B[31mred\x1B[0m"), None, "colours of a terminal");
}

#[test]
fn short_japanese_and_thai_texts_are_told_by_how_their_letters_stand() {
    for (bytes, text) in [
        (&b"\x96\xBC\x91O,\x90\xE0\x96\xBE\n\x82\xE8\x82\xF1\x82\xB2,nibonirolo \x92\xEB\x82\xCC\x96\xD8\n"[..], "\u{540d}\u{524d},\u{8aac}\u{660e}\nりんご,nibonirolo \u{5ead}の\u{6728}\n"),
        (
            b"\xB9\xD5\xE8\xA4\xD7\xCD\xE0\xCD\xA1\xCA\xD2\xC3\xC0\xD2\xC9\xD2\xE4\xB7\xC2\xE0\xA1\xD5\xE8\xC2\xC7\xA1\xD1\xBA\xCA\xC7\xB9\xE0\xA1\xE8\xD2",
            "นี่คือเอกสารภาษาไทยเกี่ยวกับสวนเก่า",
        ),
    ] {
        assert_eq!(decode(bytes, false).as_deref(), Some(text));
    }
    // What is told rightly stays, whole sentences and parts of them.
    for (name, bytes, _) in SENTENCES.iter().filter(|(name, ..)| !["shift_jis", "euc-jp", "windows-874"].contains(name))
    {
        for end in 1..=bytes.len() {
            assert_eq!(super::eastern::told(&bytes[..end], encoding_rs::WINDOWS_1251), None, "{name} {end}");
            assert_eq!(super::eastern::told(&bytes[..end], encoding_rs::GBK), None, "{name} {end}");
        }
    }
}

#[test]
fn a_word_with_one_accent_is_enough_and_signs_are_no_fault() {
    for (bytes, text) in [
        (&b"caf\xE9!"[..], "caf\u{e9}!"),
        (b"It has 25 \xB0C, and costs \xA330 a year", "It has 25 \u{b0}C, and costs \u{a3}30 a year"),
        (b"na\xEFve r\xE9sum\xE9", "na\u{ef}ve r\u{e9}sum\u{e9}"),
        (b"don\x92t \x93quote\x94 \x96 it", "don\u{2019}t \u{201c}quote\u{201d} \u{2013} it"),
    ] {
        assert_eq!(decode(bytes, false).as_deref(), Some(text));
    }
}

#[test]
fn a_declared_encoding_is_taken_where_the_bytes_fit_it() {
    let latin = b"<meta charset=\"iso-8859-1\"><p>caf\xE9</p>";
    assert!(decode(latin, true).unwrap().ends_with("<p>caf\u{E9}</p>"));
    let older = b"<meta http-equiv=content-type content='text/html; charset=KOI8-R'>\xCD\xC9\xD2";
    assert!(decode(older, true).unwrap().ends_with("\u{43C}\u{438}\u{440}"));
    let xml = b"<?xml version='1.0' encoding = 'Shift_JIS' ?><p>\x93\xFA\x96\x7B</p>";
    assert!(decode(xml, true).unwrap().contains("\u{65E5}\u{672C}"));
    let code = b"# -*- coding: koi8-r -*-\nname = '\xCD\xC9\xD2'\n";
    assert!(decode(code, false).unwrap().contains("\u{43C}\u{438}\u{440}"));
    for wrong in [&b"<meta charset=utf-8 >caf\xE9!"[..], b"<meta charset=no-such >caf\xE9!", b"charset caf\xE9!"] {
        assert!(decode(wrong, true).unwrap().ends_with("caf\u{e9}!"), "what is not so is told by its letters");
    }
}

#[test]
fn of_utf8_with_a_few_broken_bytes_the_rest_is_kept_and_of_more_nothing() {
    let whole =
        "Der Schl\u{FC}ssel h\u{E4}ngt am Haken, gr\u{F6}\u{DF}er f\u{FC}r \u{FC}ber \u{E4}hnliche M\u{E4}ntel. "
            .repeat(9);
    let mut bytes = whole.clone().into_bytes();
    bytes[40] = 0xFF;
    let text = decode(&bytes, false).unwrap();
    assert_eq!(text.matches('\u{fffd}').count(), 1);
    assert!(text.contains("Schl\u{FC}ssel"));
    for at in (0..bytes.len()).step_by(60) {
        bytes[at] = 0xFF;
    }
    assert_eq!(decode(&bytes, false), None, "neither garbled nor read as Latin");
    let marked = [b"\xFF\xFE", &b"a\0b\0c\0 \0"[..], &[0x3D, 0xD8], b"d\0"].concat();
    assert_eq!(decode(&marked, false), None);
}

#[test]
fn a_text_of_lines_in_two_encodings_is_read_line_by_line() {
    let words = "Gr\u{f6}\u{df}e der K\u{fc}che";
    let latin: Vec<u8> = words.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let line = [words.as_bytes(), b" utf8\n"].concat();
    let two = [&line[..], &latin, b" latin\nASCII\n"].concat();
    assert_eq!(decode(&two, false), Some(format!("{words} utf8\n{words} latin\nASCII\n")));
    let log = [&line.repeat(50)[..], &latin, b"\n", &line.repeat(50)].concat();
    assert_eq!(decode(&log, false).unwrap().matches(words).count(), 101, "one line among many");
    let most = [&line[..], &latin, b"\n", &latin, b"\n"].concat();
    assert!(!decode(&most, false).unwrap_or_default().starts_with(words), "most lines say what it is");
    let broken = [&line[..], words.as_bytes(), b" \xFF and more of it here\n"].concat();
    assert_eq!(decode(&broken, false).unwrap().matches(words).count(), 2, "a line with a broken byte is UTF-8");
}

#[test]
fn data_is_no_text_in_any_encoding() {
    let noise: Vec<u8> = (1..4000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0].max(1)).collect();
    let high: Vec<u8> = noise.iter().map(|byte| byte | 0x80).collect();
    let samples: Vec<u8> = (0..4000_u32).map(|n| 0x80 + (n * n % 97 * n % 41).to_le_bytes()[0]).collect();
    let mixed: Vec<u8> = noise.iter().map(|byte| if byte % 3 == 0 { b'a' } else { byte | 0xA0 }).collect();
    for (name, data) in [("noise", noise), ("high", high), ("samples", samples), ("mixed", mixed)] {
        assert_eq!(decode(&data, false), None, "{name}");
    }
    let eastern = [SENTENCES[10].1, b"\xFF", SENTENCES[10].1].concat();
    let expected = [SENTENCES[10].2, "\u{fffd}", SENTENCES[10].2].concat();
    assert_eq!(decode(&eastern, false), Some(expected), "a broken foreign text does not become accents");
    for data in
        [&b"\xFF\xD8\xFF\xE0\x10JFIF\x01\x01"[..], b"\x01\x02\x03\xFE\xFD\xFC", b"\x89PNG\r\n\x1A\n\xAE\x42\x60\x82"]
    {
        assert_eq!(decode(data, false), None, "{data:?}");
    }
}

#[test]
fn utf16_without_a_mark_is_told_by_its_form_in_both_byte_orders() {
    let eastern = [SENTENCES[8].2, SENTENCES[10].2, SENTENCES[12].2];
    for text in ["The boiler hums.\r\nSee page 3.", "Ключ от сарая висит на кухне.", "Grüße aus Köln"]
        .into_iter()
        .chain(eastern)
    {
        let bytes = |of: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(of).collect::<Vec<u8>>();
        assert_eq!(utf16_without_mark(&bytes(u16::to_le_bytes)).as_deref(), Some(text));
        assert_eq!(utf16_without_mark(&bytes(u16::to_be_bytes)).as_deref(), Some(text));
    }
}

#[test]
fn utf32_is_read_with_its_mark() {
    let wide = |text: &str, of: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| of(u32::from(c))).collect::<Vec<u8>>();
    assert_eq!(utf32(&wide("\u{feff}a\u{1F511}", u32::to_le_bytes)).as_deref(), Some("a\u{1F511}"));
    assert_eq!(utf32(&wide("\u{feff}a\u{1F511}", u32::to_be_bytes)).as_deref(), Some("a\u{1F511}"));
    assert_eq!(utf32(b"\xFF\xFE\0\0\xFF\xFF\xFF\xFF"), None);
    assert_eq!(utf32(b"\xFF\xFEa\0"), None);
}

#[test]
fn a_text_with_a_few_nuls_is_no_utf16_and_has_blanks_in_their_place() {
    let note = b"hello marmalade\0\0 world of jam\0pineapple";
    for text in [
        &note[..],
        b"the boiler\0hums in the\0 cellar of the house!",
        "Gr\u{fc}\u{df}e\0 aus K\u{f6}ln und Bonn am Rhein".as_bytes(),
    ] {
        assert_eq!(utf16_without_mark(text), None, "{text:?}");
        assert!(without_nuls(text).is_some_and(|text| !text.contains('\0')), "{text:?}");
    }
    assert_eq!(without_nuls(note).unwrap(), "hello marmalade   world of jam pineapple");
}

#[test]
fn data_is_no_utf16() {
    let numbers: Vec<u8> = (0..200_u16).flat_map(u16::to_le_bytes).collect();
    let mixed: Vec<u8> = (0..4000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let samples: Vec<u8> = (0..400_u16).flat_map(|n| (0x5000 + n * 3).to_le_bytes()).collect();
    for data in [&numbers[..], &mixed, &samples, &[0; 64], b"the \0 boiler and the pump"] {
        assert_eq!(utf16_without_mark(data), None);
    }
}
