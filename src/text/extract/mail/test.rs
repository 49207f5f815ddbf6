//! Mails of several forms, through the reader of all files.

use super::{Readers, read};
use crate::text::extract::archive::extent::Extent;
use crate::text::extract::archive::inflate::Budget;
use crate::text::extract::others::Others;
use crate::text::extract::section::{Section, Text};
use crate::text::extract::{Refusal, extract};
use base64ct::{Base64, Encoding};

fn base64(bytes: &[u8]) -> String {
    let mut text = vec![0; bytes.len().div_ceil(3) * 4];
    Base64::encode(bytes, &mut text).unwrap().to_owned()
}

/// A text of one section.
fn whole(text: String) -> Text {
    Text { sections: vec![Section { heading: String::new(), range: 0..text.len() }], text }
}

/// The sections of a file, each as its heading and its text.
fn told(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let text = extract(name, bytes).unwrap();
    text.sections.iter().map(|at| (at.heading.clone(), text.text[at.range.clone()].to_owned())).collect()
}

fn pair(heading: &str, body: &str) -> (String, String) {
    (heading.to_owned(), body.to_owned())
}

const HEAD: &str = "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@x.org>\r\nTo: bob@x.org, \"Carl, the cat\" <carl@x.org>\r\n\
                    Date: Sat, 2 May 2026 14:30:00 +0200\r\nSubject: =?iso-8859-1?Q?Schl=FCssel?=\r\n =?utf-8?B?IGRlcyBIYXVzZXM=?=\r\n\
                    MIME-Version: 1.0\r\n";

const ENVELOPE: &str =
    "From: Ann M\u{fc}ller <ann@x.org>\nTo: bob@x.org, Carl, the cat <carl@x.org>\nDate: 2026-05-02 14:30";

#[test]
fn a_mail_is_its_subject_who_wrote_it_and_its_words() {
    let mail = format!(
        "{HEAD}Content-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=CD=C9=D2 =\r\nat home\r\n"
    );
    let expected = [pair("Schl\u{fc}ssel des Hauses", &format!("{ENVELOPE}\n\n\u{43c}\u{438}\u{440} at home"))];
    for name in ["a.eml", "1700000.M1P2.host:2,S", "note.txt"] {
        assert_eq!(told(name, mail.as_bytes()), expected, "{name}");
    }
    let two = told("a.eml", format!("{HEAD}\r\nOne\r\nline.\r\n\r\n\r\nTwo.\r\n").as_bytes());
    assert!(two[0].1.ends_with("14:30\n\nOne\nline.\n\nTwo."), "{two:?}");
    let silent = [HEAD.as_bytes(), b"\r\nDer Schl\xFCssel h\xE4ngt am Haken.\r\n"].concat();
    assert!(
        told("a.eml", &silent)[0].1.ends_with("Schl\u{fc}ssel h\u{e4}ngt am Haken."),
        "it does not say its encoding"
    );
    assert_eq!(
        extract("a.eml", b"MIME-Version: 1.0\r\nDate: x\r\n\r\n"),
        Err(Refusal::ReadEmpty { what: "the mail has no words in it" })
    );
}

#[test]
fn a_mail_whose_lines_end_in_cr_alone_is_read() {
    let mail = b"From: a@x.org\rTo: b@x.org\rSubject: Mandolin\r\rThe mandolin is out of tune.\r";
    for name in ["a.eml", "note"] {
        let told = told(name, mail);
        assert_eq!(told[0].0, "Mandolin", "{name}");
        assert!(told[0].1.ends_with("\n\nThe mandolin is out of tune."), "{name}: {told:?}");
    }
}

#[test]
fn a_text_in_utf8_is_read_as_that_where_the_mail_names_a_western_encoding() {
    let words = "Der Schl\u{fc}ssel h\u{e4}ngt am Haken.";
    let latin: Vec<u8> = words.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for kind in ["us-ascii", "iso-8859-1", "windows-1252", "ISO-8859-1"] {
        let head = format!("{HEAD}Content-Type: text/plain; charset={kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        for bytes in [words.as_bytes(), &latin] {
            let mail = [head.as_bytes(), bytes, b"\r\n"].concat();
            let text = &told("a.eml", &mail)[0].1;
            assert!(text.ends_with(words), "{kind}: {text}");
        }
    }
}

/// A mail of several parts up to its first attachment; the boundary is B.
fn with_a_letter() -> String {
    format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nThe plan is attached.\r\n"
    )
}

/// An attachment with this body, which is base64.
fn part(kind: &str, body: &str) -> String {
    format!(
        "--B\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=a.bin\r\n\r\n{body}\r\n"
    )
}

#[test]
fn a_mail_that_breaks_off_in_an_attachment_tells_so_and_a_whole_one_does_not() {
    let head = with_a_letter();
    let letters = base64(&[7; 900]);
    let tells = |mail: &str| extract("a.eml", mail.as_bytes()).unwrap().text.contains("The end of this file");
    let pdf = part("application/pdf", &letters);
    assert!(!tells(&format!("{head}{pdf}--B--\r\n")));
    assert!(tells(&format!("{head}{}", &pdf[..pdf.len() - 600])));
    let picture = part("image/png", &letters);
    assert!(!tells(&format!("{head}{}", &picture[..picture.len() - 600])), "a picture has no words");
}

#[test]
fn a_mail_that_is_whole_is_not_told_as_one_that_breaks_off_whatever_stands_between_its_letters() {
    let head = with_a_letter();
    let letters = base64(&[7; 900]);
    let text_of = |mail: &str| extract("a.eml", mail.as_bytes()).unwrap().text;
    let footers = ["_____\r\nSent by the list.", "--\r\nSent by the list", "."];
    for footer in footers {
        let body = format!("{letters}\r\n{footer}");
        let more = part("text/plain", &base64(b"The pump moves water."));
        let alone =
            format!("{HEAD}Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n");
        let beside = format!("{head}{}{more}--B--\r\n", part("application/pdf", &body));
        assert!(text_of(&beside).contains("The pump moves water."), "{footer}");
        for mail in [beside, alone] {
            let text = text_of(&mail);
            assert_eq!(text.contains("Sent by the list"), footer.contains("Sent"), "{text}");
            assert!(!text.contains("this file"), "nothing of it is lost: {text}");
        }
    }
    // A part that says it is a mail, and is none, is read as what it is.
    let text =
        text_of(&format!("{head}{}--B--\r\n", part("message/rfc822", &base64(b"The boiler hums in the cellar.\n"))));
    assert!(text.contains("The boiler hums in the cellar.") && !text.contains("this file"), "{text}");
}

#[test]
fn a_text_in_base64_is_read_whatever_a_list_appended_and_a_stray_sign_is_told() {
    let words = "The plumber comes on Thursday to mend the boiler in the scullery.";
    let letters = base64(words.as_bytes());
    let footer = "____________\r\nMarmalade mailing list\r\nhttps://lists.example.org/marmalade";
    let alone = |kind: &str, body: &str| {
        format!("{HEAD}Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n")
    };
    let listed = alone("text/plain", &format!("{letters}\r\n\r\n{footer}"));
    let mbox = format!("From a@x Mon Jun 01 10:00:00 2009\r\n{listed}");
    for (name, mail) in [("a.eml", &listed), ("Inbox", &mbox)] {
        let (heading, text) = &told(name, mail.as_bytes())[0];
        assert_eq!(heading, "Schl\u{fc}ssel des Hauses");
        assert!(text.starts_with(&format!("{ENVELOPE}\n\n{words}\n")), "{name}: {text}");
        assert!(text.ends_with("Marmalade mailing list\nhttps://lists.example.org/marmalade"), "{name}: {text}");
    }
    let page = alone("text/html", &format!("{}\r\n{footer}", base64(format!("<p>{words}</p>").as_bytes())));
    assert!(told("a.eml", page.as_bytes()).iter().any(|(_, text)| text.contains(words)));
    let stray = told("a.eml", alone("text/plain", &format!("{}!\r\n {}", &letters[..30], &letters[30..])).as_bytes());
    assert!(stray[0].1.ends_with(words), "{stray:?}");
    let (heading, note) = stray.last().unwrap();
    assert!(heading == "Read in part" && note.contains("A part of this file is damaged"), "{stray:?}");
    let short = told("a.eml", alone("text/plain", &format!("{}\r\n{footer}", base64(b"Yes, it hums."))).as_bytes());
    assert!(short[0].1.contains("Yes, it hums."), "{short:?}");
    let cut = format!(
        "{}--B\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        with_a_letter(),
        &letters[..60]
    );
    let cut = told("a.eml", cut.as_bytes());
    assert!(cut.iter().any(|(_, text)| text.contains(&words[..45])), "{cut:?}");
    assert!(cut.last().unwrap().1.contains("The end of this file"), "{cut:?}");
}

#[test]
fn of_a_packed_mail_of_which_only_the_beginning_is_read_the_end_is_not_told_as_missing() {
    let head = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nThe plan is attached.\r\n\
         --B\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    let others = Others { page: &|text, _| Ok(whole(text)), file: &|_, _| Err(Refusal::Empty) };
    let inner = |_: &str, _: &[u8], _: Extent, _: &mut Budget| -> Result<Text, Refusal> { Err(Refusal::Empty) };
    let mail = format!("{head}{}", base64(&[7; 900]));
    for extent in [Extent::Whole, Extent::Beginning] {
        let readers = Readers { others: &others, inner: Some(&inner), extent };
        let text = read(mail.as_bytes(), readers, &mut Budget::of(mail.len())).unwrap().text;
        assert!(text.contains("The plan is attached."), "{text}");
        assert_eq!(text.contains("The end of this file"), extent == Extent::Whole, "{text}");
    }
}

#[test]
fn a_text_that_does_not_say_its_encoding_is_read_as_a_file_of_its_bytes_however_it_is_packed() {
    let words = "Der Schl\u{fc}ssel h\u{e4}ngt am Haken.";
    let latin: Vec<u8> = words.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(words.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let quoted: String = latin.iter().map(|byte| format!("={byte:02X}")).collect();
    let kinds = ["text/plain", "text/plain; charset=unknown-8bit", "text/plain; charset=utf-8"];
    for kind in kinds {
        let head = format!("{HEAD}Content-Type: {kind}\r\nContent-Transfer-Encoding: ");
        let packed = |bytes: &[u8]| format!("{head}base64\r\n\r\n{}\r\n", base64(bytes));
        let mails = [
            packed(&latin).into_bytes(),
            format!("{head}quoted-printable\r\n\r\n{quoted}\r\n").into_bytes(),
            [format!("{head}8bit\r\n\r\n").as_bytes(), &latin, b"\r\n"].concat(),
            packed(words.as_bytes()).into_bytes(),
            packed(&wide).into_bytes(),
        ];
        for (at, mail) in mails.into_iter().enumerate() {
            // What is named is believed as long as it fits.
            if (kind, at) != (kinds[2], 4) {
                let told = told("a.eml", &mail);
                assert!(told[0].1.ends_with(words), "{kind}, {at}: {told:?}");
            }
        }
    }
    let page = format!("<html><body><p>{words}</p></body></html>");
    let page: Vec<u8> = page.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let mail =
        format!("{HEAD}Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n", base64(&page));
    assert!(told("a.eml", mail.as_bytes()).iter().any(|(_, text)| text.ends_with(words)));
}

#[test]
fn of_plain_text_and_html_the_one_that_says_something_is_read() {
    let both = |plain: &str| {
        format!(
            "{HEAD}Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--b\r\n\
             Content-Type: text/html\r\n\r\n<html><h1>Boiler</h1><p>It <b>hums</b>.</p></html>\r\n--b--\r\n"
        )
    };
    let words = "It hums all night long, and in the morning it is as cold as before.";
    let plain = told("a.eml", both(words).as_bytes());
    assert!(plain.len() == 1 && plain[0].1.ends_with(words), "{plain:?}");
    let page = told("a.eml", both("This is HTML.").as_bytes());
    assert_eq!(page[1..], [pair("Schl\u{fc}ssel des Hauses > Boiler", "It hums.")]);
}

#[test]
fn attachments_are_files_in_it_and_keys_among_them_are_left_out() {
    let part = |kind: &str, name: &str, body: &str| {
        format!("--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n{body}\r\n")
    };
    let packed = "--b\r\nContent-Type: application/octet-stream; name=a.csv\r\nContent-Transfer-Encoding: base64\r\n\r\ncGFydCxsZWZ0CkJvbHQsNDAK\r\n";
    let mail = [
        HEAD.to_owned(),
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee the files.\r\n".to_owned(),
        part("text/markdown", "note.md", "# Lamp\r\n\r\nred\r\n"),
        part("text/plain", "server.pem", "words of a key"),
        "--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAAAAUAAAAF\r\n".to_owned(),
        packed.to_owned(),
        "--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@x.org\r\nSubject: Older\r\n\r\nThe older mail.\r\n--b--\r\n".to_owned(),
    ];
    let parts = told("a.eml", mail.concat().as_bytes());
    assert_eq!(
        parts[1..],
        [
            pair("note.md > Lamp", "red"),
            pair("a.csv", "part; left\npart: Bolt; left: 40"),
            pair("Older", "From: c@x.org\n\nThe older mail.")
        ]
    );
}

#[test]
fn each_mail_of_a_folder_has_its_own_heading() {
    let mail = |subject: &str| {
        format!("From a@x Mon Jun 01 10:00:00 2009\nFrom: a@x.org\nSubject: {subject}\n\nwords of {subject}\n\n")
    };
    let folder = format!("{}{}", mail("one"), mail("two"));
    let quoted = told("Inbox", folder.replace("words", ">From here on\nwords").as_bytes());
    assert_eq!(quoted[0].1, "From: a@x.org\n\nFrom here on\nwords of one");
    assert_eq!(
        told("Inbox", folder.as_bytes()),
        [pair("one", "From: a@x.org\n\nwords of one"), pair("two", "From: a@x.org\n\nwords of two")]
    );
    assert_eq!(told("Inbox", folder.replace('\n', "\r").as_bytes()), told("Inbox", folder.as_bytes()));
}

#[test]
fn mails_in_mails_end_and_nothing_panics_whatever_is_cut() {
    let mut mail = "From: a@x.org\nTo: b\nSubject: x\n\ninmost".to_owned();
    for level in 0..50 {
        mail = format!(
            "From: a@x.org\nTo: b\nSubject: level {level}\nContent-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n\
             Content-Type: message/rfc822\n\n{mail}\n--b{level}--\n"
        );
    }
    let text = extract("a.eml", mail.as_bytes()).unwrap().text;
    assert!(text.contains("a@x.org") && !text.contains("inmost"));
    let small = format!(
        "{HEAD}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nd29yZHM=\r\n--b--"
    );
    for end in 0..small.len() {
        let _ = extract("a.eml", &small.as_bytes()[..end]);
    }
}

#[test]
fn words_in_parts_within_very_many_parts_are_read_and_mails_that_lie_too_deep_are_told() {
    let part = |n: usize| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n");
    let nest: String = (0..20_000).map(part).collect();
    assert_eq!(told("nest.eml", format!("{nest}\nThe boiler hums.\n").as_bytes()), [pair("", "The boiler hums.")]);
    let message = "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n";
    let deep = format!("{HEAD}{}Subject: Inmost\r\n\r\nThe boiler hums.\r\n", &message.repeat(5)[19..]);
    let deep = told("a.eml", deep.as_bytes());
    let (heading, note) = deep.last().unwrap();
    assert!(heading == "Read in part" && note.contains("lies in archives within archives"), "{deep:?}");
    let many: Vec<String> = (0..65).map(|n| format!("a{n}@x.org")).collect();
    let many = told("a.eml", format!("From: b@x.org\r\nTo: {}\r\n\r\nHi.\r\n", many.join(", ")).as_bytes());
    let (heading, note) = many.last().unwrap();
    assert!(heading == "Read in part" && note.contains("after the first 64"), "{many:?}");
}

#[test]
fn beyond_the_depth_only_a_part_that_may_have_words_is_told_as_left_out() {
    let message = "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n";
    let note = |kind: &str| {
        let part = format!(
            "--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nd29yZHM=\r\n"
        );
        let inmost = format!(
            "MIME-Version: 1.0\r\nSubject: Inmost\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nThe boiler hums.\r\n{part}--b--\r\n"
        );
        let told = told("a.eml", format!("{HEAD}{}{inmost}", &message.repeat(3)[19..]).as_bytes());
        assert!(told.iter().any(|(_, text)| text.contains("The boiler hums.")), "{told:?}");
        told.into_iter().find(|(heading, _)| heading == "Read in part").map(|(_, note)| note)
    };
    for kind in ["image/png", "Audio/mpeg", "video/mp4", "application/pgp-signature", "application/pkcs7-signature"] {
        assert_eq!(note(kind), None, "{kind}");
    }
    for kind in ["application/pdf", "application/octet-stream", "text/plain", "image/svg+xml"] {
        assert!(note(kind).is_some_and(|note| note.contains("lies in archives within archives")), "{kind}");
    }
}

#[test]
fn parts_that_need_a_key_are_told() {
    let is_told = |kind: &str, body: &str| {
        let mail = format!("{HEAD}Content-Type: {kind}\r\n\r\n{body}\r\n");
        let told = told("a.eml", mail.as_bytes());
        assert!(told[0].1.starts_with(ENVELOPE), "{told:?}");
        let (heading, note) = told.last().unwrap();
        heading == "Read in part" && note.contains("needs a password")
    };
    assert!(is_told(
        "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        "MIAGCSqGSIb3DQEHA6CAMIACAQAx"
    ));
    assert!(is_told("text/plain", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA5xk\r\n-----END PGP MESSAGE-----"));
    assert!(is_told(
        "multipart/encrypted; boundary=b",
        "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nx\r\n--b--"
    ));
    assert!(!is_told("text/plain", "The boiler hums."));
}
