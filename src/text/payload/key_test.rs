//! Private keys in notes, settings and quotations, and what is like one and stays.

use super::*;

const LETTERS: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";

fn block(label: &str) -> String {
    format!("-----BEGIN {label}-----\n{LETTERS}\n{LETTERS}\nQyNTUxOQ==\n-----END {label}-----\n")
}

/// What is left of a note around a key.
fn left(key: &str) -> String {
    let note = format!("The key of the cellar server:\n\n{key}\nIt was made in May 2024.\n");
    let shown = elide(&note).into_owned();
    assert!(shown.starts_with("The key of the cellar server:\n\n"), "{shown}");
    assert!(shown.ends_with("It was made in May 2024.\n"), "{shown}");
    assert_eq!(elide(&shown), shown, "nothing more is found in it");
    shown
}

#[test]
fn of_a_private_key_in_full_width_letters_nothing_is_left() {
    let wide = |c: char| if c.is_ascii_graphic() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c };
    let key: String = block("OPENSSH PRIVATE KEY").chars().map(wide).collect();
    assert_eq!(left(&key).trim().lines().filter(|line| line.contains(MARK)).count(), 1);
}

#[test]
fn of_a_private_key_in_a_note_nothing_is_left_and_the_sentences_around_it_stay() {
    let mut keys: Vec<String> = [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
        "OpenVPN Static key V1",
    ]
    .map(block)
    .to_vec();
    let armored = block("PGP PRIVATE KEY BLOCK");
    let pem = block("RSA PRIVATE KEY");
    keys.extend([
        armored.replacen("-----\n", "-----\nVersion: GnuPG v2\nComment: of Ann, for the letters\n\n", 1),
        pem.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n", 1),
        pem.lines().map(|line| format!("> {line}\n")).collect(),
        pem.lines().map(|line| format!("    {line}\r\n")).collect(),
        pem.lines().map(|line| format!("# {line}\n")).collect(),
        format!("```\n{pem}```\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{LETTERS}\nQyNTUwIB\nabcd\n-----END PRIVATE KEY-----\n"),
        // Cut off in the middle.
        pem.lines().take(3).map(|line| format!("{line}\n")).collect(),
        format!("{{\"private_key\": \"{}\", \"id\": 7}}\n", pem.replace('\n', "\\n")),
        format!("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{LETTERS}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----\n"),
        format!(
            "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: ann\nPublic-Lines: 2\n{LETTERS}\nabcd\n\
             Private-Lines: 1\n{LETTERS}\nPrivate-MAC: 0a1b2c\n"
        ),
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n".to_owned(),
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZ\nGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n".to_owned(),
        pem.lines().zip(1..).map(|(line, n)| format!("{n}: {line}\n")).collect(),
        "-----BEGIN PRIVATE KEY-----\nOvvfJw1y\nOvvfJwty\nabcd\n-----END PRIVATE KEY-----\n".to_owned(),
    ]);
    for key in keys {
        let shown = left(&key);
        let secrets = ["BEGIN", "END", "abcd", "Private-MAC", "AGE-SECRET-KEY-1", "b3Blbn", "QyNTU", "GFPYY", "Ovvf"];
        assert!(shown.contains(MARK) && !secrets.iter().any(|secret| shown.contains(secret)), "{key}: {shown}");
    }
    let json = left(&format!("{{\"private_key\": \"{}\", \"id\": 7}}\n", block("PRIVATE KEY").replace('\n', "\\n")));
    assert!(json.contains("\"private_key\": \"\u{2026}\", \"id\": 7}"), "{json}");
}

#[test]
fn certificates_public_keys_and_talk_of_keys_stay() {
    for kept in [
        &block("CERTIFICATE"),
        &block("PUBLIC KEY"),
        &block("PGP PUBLIC KEY BLOCK"),
        "A file of a key begins with BEGIN RSA PRIVATE KEY between dashes.\n",
        "Never paste AGE-SECRET-KEY-1 anywhere.\n",
        "PrivateKey = the one that `wg genkey` prints\n",
        "PrivateKeyFile=/etc/wireguard/key\n",
        "The method getPrivateKey() returns it.\n",
        "",
    ] {
        assert!(matches!(elide(kept), Cow::Borrowed(_)), "{kept}");
    }
}

#[test]
fn a_block_that_never_ends_takes_no_sentence_with_it() {
    let note = format!("-----BEGIN PRIVATE KEY-----\n{LETTERS}\n\nAfter the key.\nTomorrow\n- milk\n");
    assert_eq!(elide(&note), "\u{2026}\nAfter the key.\nTomorrow\n- milk\n");
    let talk = "-----BEGIN PRIVATE KEY----- is how such a file begins.\nNothing of this is one.\n";
    assert_eq!(elide(talk), talk);
}

#[test]
fn of_several_keys_on_a_line_none_is_left_and_what_is_between_them_stays() {
    let line = |label: &str| block(label).trim_end().replace('\n', "\\n");
    let (private, certificate) = (line("RSA PRIVATE KEY"), line("CERTIFICATE"));
    for (text, expected) in [
        (
            format!("{{\"cert\":\"{certificate}\",\"key\":\"{private}\"}}"),
            format!("{{\"cert\":\"{certificate}\",\"key\":\"\u{2026}\"}}"),
        ),
        (
            format!("{{\"key\":\"{private}\",\"cert\":\"{certificate}\",\"id\":7}}"),
            format!("{{\"key\":\"\u{2026}\",\"cert\":\"{certificate}\",\"id\":7}}"),
        ),
        (format!("{private}{private}{certificate}"), format!("\u{2026}\u{2026}{certificate}")),
        // The end of the first is missing.
        (format!("{} {certificate}", &private[..90]), format!("\u{2026}{certificate}")),
        (format!("a {private} b"), "a \u{2026} b".to_owned()),
    ] {
        assert_eq!(elide(&text), expected, "{text}");
    }
}

#[test]
fn a_mention_of_a_beginning_takes_no_lines_with_it_that_only_look_like_headers() {
    let note = "The file begins with `-----BEGIN PRIVATE KEY-----`\nWhere: in the drawer\n\nPassword: see the safe\n";
    assert!(elide(note).ends_with("\nWhere: in the drawer\n\nPassword: see the safe\n"), "{}", elide(note));
    let more = format!("{note}Then call Ann.\n");
    assert!(elide(&more).ends_with("\nWhere: in the drawer\n\nPassword: see the safe\nThen call Ann.\n"));
    let key = note.replace("Where: in", "DEK-Info: AES").replace("Password: see the safe", LETTERS);
    assert!(!elide(&key).contains("DEK-Info") && !elide(&key).contains(LETTERS), "{}", elide(&key));
}

#[test]
fn of_a_passage_that_ends_a_key_the_letters_go() {
    let letters = "0123456789abcdef0123456789abcdef";
    let passage = format!("{letters}\n{letters}\nabcd\n-----END OpenVPN Static key V1-----\nMade in May.");
    assert_eq!(elide(&passage), "\u{2026}\nMade in May.");
    for kept in ["Sentences stay.\n-----END PRIVATE KEY-----\n", "abcd\n-----END CERTIFICATE-----\nPRIVATE KEY"] {
        assert_eq!(elide(kept), kept);
    }
}

#[test]
fn the_steps_are_linear_in_the_text_whatever_it_is() {
    for part in [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY----- and so on ",
        "-----BEGIN PRIVATE KEY",
        "-----END ",
        "---- BEGIN ",
        "-----END PRIVATE KEY-----",
        "a1\n-----END PRIVATE KEY-----\n",
        "AGE-SECRET-KEY-",
        "PuTTY-User-Key-File-\n",
        "-----BEGIN PRIVATE KEY-----\nA: b\n",
    ] {
        for line_end in ["", "\n"] {
            let text = format!("PRIVATE KEY {}", format!("{part}{line_end}").repeat(4000));
            let mut reader = Reader::default();
            reader.read(&text);
            assert!(reader.looked <= 8 * text.len(), "{} steps for {part:?}", reader.looked);
        }
    }
}

#[test]
fn the_secret_of_an_invite_is_left_out_wherever_it_is_copied_to() {
    let invite = "# An invite to a Wattle mesh. It lets one device in, once: keep it as you would keep a key.\n\
                  id = \"SRQB4C1FMPFAXJ1RJF6EXD4ACW\"\nsecret = \"ZFMWP2MAQNDP3ZPEXJD168CR70\"\nhours = 24\n";
    let left = elide(invite);
    assert!(!left.contains("ZFMW") && left.contains("secret = \"\u{2026}\"\nhours"), "{left}");
    let noted = "The secret of the attic: ZFMWP2MAQNDP3ZPEXJD168CR70, for Ann.";
    assert_eq!(elide(noted), "The secret of the attic: \u{2026}, for Ann.");
    for kept in ["no secret here", "secret: ABCDEFGHIJKLMNOPQRSTUVWXYZ", "ZFMWP2MAQNDP3ZPEXJD168CR70"] {
        assert_eq!(elide(kept), kept);
    }
}
