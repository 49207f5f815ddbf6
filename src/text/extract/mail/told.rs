//! Whether a file is a mail, or a folder of them, by the headers at its start; and where each of them begins and ends.

use crate::limits::{MAIL_HEAD_BYTES_MAX, UNPACKED_ENTRIES_MAX};
use std::borrow::Cow;
use std::collections::VecDeque;

/// Headers that hardly anything but a mail or an article has.
const OF_MAILS: [&[u8]; 8] = [
    b"from",
    b"received",
    b"return-path",
    b"message-id",
    b"delivered-to",
    b"x-mozilla-status",
    b"envelope-to",
    b"dkim-signature",
];

/// Headers that a mail has beside them.
const BESIDE: [&[u8]; 12] = [
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"mime-version",
    b"content-type",
    b"reply-to",
    b"sender",
    b"newsgroups",
    b"references",
    b"in-reply-to",
    b"x-mailer",
];

/// Headers of a mail that a file must have at its start, whatever it is called.
const HEADERS_MIN: usize = 3;

/// The ending of a name that tells nothing.
pub(super) const NO_ENDING: &str = "large";

/// Whether a file is a mail: it begins with headers, of which three are those of a mail, or, if its name says so, one.
pub(crate) fn is_mail(ending: &str, bytes: &[u8]) -> bool {
    let is_named = matches!(ending, "eml" | "emlx" | "mht" | "mhtml" | "mbox" | "mbx");
    let (of_mails, beside) = headers(without_length(without_blanks(bytes)));
    if is_named { of_mails + beside > 0 } else { of_mails > 0 && of_mails + beside >= HEADERS_MIN }
}

/// Whether a file is a folder of mails: it begins with the line that parts them, and a header.
pub(crate) fn is_mbox(ending: &str, bytes: &[u8]) -> bool {
    let head = with_line_feeds(head(without_blanks(bytes)));
    let is_named = matches!(ending, "mbox" | "mbx" | "");
    let Some(behind) = separator(&head) else { return false };
    let (of_mails, beside) = headers(behind);
    of_mails + beside >= if is_named { 1 } else { HEADERS_MIN }
}

/// What is behind a line `From SOMEBODY DATE` (RFC 4155, appendix A), if the bytes begin with one. Thunderbird writes neither of both behind
/// `From `; then headers of a mail must follow, as a text may begin so too.
fn separator(bytes: &[u8]) -> Option<&[u8]> {
    let line = bytes.strip_prefix(b"From ")?;
    let end = line.iter().take(MAIL_HEAD_BYTES_MAX).position(|byte| *byte == b'\n')?;
    let (said, behind) = (line.get(..end)?, line.get(end + 1..)?);
    let has_time = said.windows(3).any(|part| matches!(part, [a, b':', b] if a.is_ascii_digit() && b.is_ascii_digit()));
    let is_bare = || said.trim_ascii().is_empty() && headers(behind) != (0, 0);
    (has_time || is_bare()).then_some(behind)
}

fn without_blanks(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start()
}

/// A mail without the line of its length, which Apple Mail writes before it.
pub(super) fn without_length(bytes: &[u8]) -> &[u8] {
    let digits = bytes.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    let length = bytes.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|it| it.parse().ok());
    let Some(length) = length else { return bytes };
    let behind = bytes.get(digits..).unwrap_or_default();
    let behind = behind.get(behind.iter().take_while(|byte| **byte == b' ').count()..).unwrap_or_default();
    let Some(mail) = behind.strip_prefix(b"\n") else { return bytes };
    mail.get(..length).unwrap_or(mail)
}

/// The beginning of a file, by which it is told what it is.
fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAIL_HEAD_BYTES_MAX.min(bytes.len())).unwrap_or_default()
}

/// Whether lines end with a CR alone, as on the old Macintosh: no line feed is in the beginning.
pub(super) fn ends_in_returns(bytes: &[u8]) -> bool {
    let head = head(bytes);
    head.contains(&b'\r') && !head.contains(&b'\n')
}

/// Makes a line feed of each CR that ends a line by itself; those right before a line feed stay.
pub(super) fn end_lines(bytes: &mut [u8]) {
    let mut is_before_line_feed = false;
    for byte in bytes.iter_mut().rev() {
        if *byte == b'\r' && !is_before_line_feed {
            *byte = b'\n';
        } else {
            is_before_line_feed = matches!(*byte, b'\n' | b'\r');
        }
    }
}

/// A mail, or a folder of them, with line feeds at the ends of its lines.
pub(super) fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !ends_in_returns(bytes) {
        return Cow::Borrowed(bytes);
    }
    let mut bytes = bytes.to_vec();
    end_lines(&mut bytes);
    bytes.into()
}

/// How many headers of mails, and how many that stand beside them, there are before the first blank line. None if another line
/// stands there.
fn headers(bytes: &[u8]) -> (usize, usize) {
    let head = head(bytes);
    let (mut of_mails, mut beside) = (0, 0);
    let ends = if ends_in_returns(head) { b'\r' } else { b'\n' };
    for (at, line) in head.split(|byte| *byte == ends).enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if matches!(line[0], b' ' | b'\t') && at > 0 {
            continue;
        }
        let is_of_name = |byte: &&u8| byte.is_ascii_graphic() && **byte != b':';
        let length = line.iter().take_while(is_of_name).count();
        // Some programs write a blank before the colon.
        let is_header = length > 0 && line.get(length..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
        if !is_header {
            // The last line may be cut; in a folder, what is beside the rules begins the text.
            return if of_mails + beside >= HEADERS_MIN { (of_mails, beside) } else { (0, 0) };
        }
        let name = line.get(..length).unwrap_or_default().to_ascii_lowercase();
        of_mails += usize::from(OF_MAILS.contains(&name.as_slice()));
        beside += usize::from(BESIDE.contains(&name.as_slice()));
    }
    (of_mails, beside)
}

/// The mails of a folder whose lines end with line feeds, each without the line before it: the last `limits::UNPACKED_ENTRIES_MAX` of them, as the newest stand at the end; and
/// how many there are before those.
///
/// Some programs write no blank line between two mails. There the line that parts them is told by its date, and by the header of a mail below
/// it: sentences that begin with `From ` have not both.
pub(super) fn mails(bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let bytes = without_blanks(bytes);
    let (mut starts, mut left_out) = (VecDeque::from([0]), 0_usize);
    each_start(bytes, |at| {
        starts.push_back(at);
        if starts.len() > UNPACKED_ENTRIES_MAX {
            starts.pop_front();
            left_out += 1;
        }
        true
    });
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    let mail = |(start, end): (&usize, usize)| separator(bytes.get(*start..end)?);
    (starts.iter().zip(ends).filter_map(mail).collect(), left_out)
}

/// Where the first mail begins in a part of such a folder that begins anywhere. From there on it must be a folder whatever its name is: a line of a
/// text that looks like a beginning alone would make a text of all that follows.
pub(super) fn first_mail(part: &[u8]) -> Option<usize> {
    let mut first = None;
    each_start(part, |at| {
        first = part.get(at..).is_some_and(|rest| is_mbox(NO_ENDING, rest)).then_some(at);
        first.is_none()
    });
    first
}

/// Tells where mails begin behind the first line, until nobody wants to know more.
fn each_start(bytes: &[u8], mut told: impl FnMut(usize) -> bool) {
    let (mut at, mut is_behind_blank) = (0, true);
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let rest = bytes.get(at..).unwrap_or_default();
        let parts =
            |behind| begins_with_header(behind) && (is_behind_blank || is_dated(rest) && headers(behind) != (0, 0));
        if at > 0 && separator(rest).is_some_and(parts) && !told(at) {
            return;
        }
        is_behind_blank = rest.get(..length).is_some_and(|line| line.trim_ascii().is_empty());
        at += length + 1;
    }
}

/// Whether the line says `From SOMEBODY` and a date as C's `asctime` writes it, with or without a time zone, and nothing else.
fn is_dated(bytes: &[u8]) -> bool {
    const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let mut words = line.split_ascii_whitespace().skip(2);
    let mut next = |fits: &dyn Fn(&str) -> bool| words.next().is_some_and(fits);
    let number =
        |word: &str, from: u8, to: u8| word.len() <= 2 && word.parse().is_ok_and(|n: u8| (from..=to).contains(&n));
    let is_time = |word: &str| {
        let mut parts = word.split(':');
        parts.next().is_some_and(|hour| number(hour, 0, 23))
            && parts.next().is_some_and(|minute| number(minute, 0, 59))
            && parts.next().is_none_or(|second| number(second, 0, 60))
            && parts.next().is_none()
    };
    let begins = next(&|word| WEEKDAYS.contains(&word))
        && next(&|word| MONTHS.contains(&word))
        && next(&|word| number(word, 1, 31))
        && next(&is_time);
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_zone = |word: &str| {
        let digits = word.trim_start_matches(['+', '-']);
        word.len() <= 5 && (word.bytes().all(|byte| byte.is_ascii_uppercase()) || word != digits && is_year(digits))
    };
    let rest: Vec<&str> = words.collect();
    let years = rest.iter().filter(|word| is_year(word)).count();
    begins && years == 1 && rest.len() <= 3 && rest.iter().all(|word| is_year(word) || is_zone(word))
}

/// Whether a header stands here: a line of a text may begin as the line between mails does.
fn begins_with_header(bytes: &[u8]) -> bool {
    let name = bytes.iter().take(80).take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && bytes.get(name) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::{
        MAIL_HEAD_BYTES_MAX, UNPACKED_ENTRIES_MAX, end_lines, first_mail, is_mail, is_mbox, mails, with_line_feeds,
    };

    #[test]
    fn mails_are_told_by_their_headers_and_other_texts_are_none() {
        for (ending, text, is) in [
            ("", "From: a@x.org\nTo: b@x.org\nSubject: Boiler\n\nIt hums.", true),
            ("", "\nReceived: from x\n\tby y\nDate: May\nSubject : Boiler\n\n", true),
            ("txt", "Path: x\nFrom: a\nNewsgroups: alt.boiler\nSubject: x\n\nwords", true),
            ("eml", "X-Notes: 1\nSubject: Boiler\n", true),
            ("emlx", "27\nFrom: a@x.org\nSubject: x\n\n<?xml ?>", true),
            ("md", "From: a\n\nSubject: b\nDate: c\nTo: d\n", false),
            ("", "HTTP/1.1 200 OK\nDate: x\nContent-Type: text\nFrom: a\nTo: b\n", false),
            ("", "Date: x\nSubject: y\nTo: z\n\n", false),
            ("txt", "From: here\nthe boiler hums", false),
            ("eml", "words", false),
            ("", "", false),
        ] {
            assert_eq!(is_mail(ending, text.as_bytes()), is, "{ending} {text}");
        }
    }

    #[test]
    fn a_folder_is_divided_where_a_mail_begins_and_nowhere_else() {
        let folder = "From a@x Mon Jun 01 10:00:00 2009\nFrom: a\nSubject: One\n\nwords\nFrom here on Mon Jun 01 10:00:00 it hums\n\n\
                      From the cellar at 10:00 no header\n\nFrom b@x Mon Jun 01 10:00:00 2009\r\nSubject: Two\r\n\r\nmore\n";
        assert!(is_mbox("mbox", folder.as_bytes()) && is_mbox("", folder.as_bytes()));
        let all = mails(folder.as_bytes()).0;
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].starts_with(b"From: a\n") && all[1].starts_with(b"Subject: Two\r\n"));
        assert!(
            !is_mbox("", b"From here on\nit hums")
                && !is_mbox("txt", b"From a at 10:00\nNote: x\n\n")
                && !is_mbox("mbox", b"")
        );
    }

    #[test]
    fn a_folder_with_the_line_ends_of_the_old_macintosh_is_divided_as_others_are() {
        let mail = |subject: &str| format!("From a@x Mon Jun 01 10:00:00 2009\rFrom: a\rSubject: {subject}\r\rwords\r");
        let apart = format!("{}\r{}", mail("One"), mail("Two"));
        let deep = format!("{apart}{}\nof a file\n", "It hums.\r".repeat(MAIL_HEAD_BYTES_MAX / 9 + 1));
        for folder in [apart, mail("One") + mail("Two").as_str(), deep] {
            assert!(is_mbox("mbox", folder.as_bytes()) && is_mbox("", folder.as_bytes()));
            let lines = with_line_feeds(folder.as_bytes());
            let all = mails(&lines).0;
            assert_eq!(all.len(), 2, "of {} bytes", folder.len());
            assert!(all[0].starts_with(b"From: a\nSubject: One\n\nwords\n"));
            assert!(all[1].starts_with(b"From: a\nSubject: Two\n"));
        }
        assert!(!is_mbox("", b"From here on\rit hums\r"));
        let mut mixed = *b"a\r\nb\rwords\r\r\n";
        end_lines(&mut mixed);
        assert_eq!(mixed, *b"a\r\nb\nwords\r\r\n", "what stands before a line feed is no end of its own");
    }

    #[test]
    fn a_folder_of_thunderbird_is_divided_where_nothing_stands_behind_from() {
        let folder = "From \r\nX-Mozilla-Status: 0001\r\nSubject: One\r\n\r\nwords\r\n\r\nFrom \r\nhere: it hums\r\n\r\n\
                      From \r\nMessage-ID: <2@x>\r\nSubject: Two\r\n\r\nmore\r\n\r\n\
                      From - Mon Jun 01 10:00:00 2009\r\nSubject: Three\r\n\r\nolder\r\n";
        assert!(is_mbox("", folder.as_bytes()) && is_mbox("mbox", folder.as_bytes()));
        let all = mails(folder.as_bytes()).0;
        assert_eq!(all.len(), 3, "{all:?}");
        assert!(all[0].ends_with(b"here: it hums\r\n\r\n") && all[1].starts_with(b"Message-ID: <2@x>\r\n"));
        assert!(all[2].starts_with(b"Subject: Three\r\n"));
        assert!(!is_mbox("txt", b"From \nhere: it hums\n\n"));
    }

    #[test]
    fn no_mail_of_a_large_folder_is_left_out() {
        for line in ["From a@x Mon Jun  1 10:00:00 2009\n", "From \n"] {
            let folder: String = (0..14_000).map(|n| format!("{line}From: a\nSubject: {n}\n\nIt hums.\n\n")).collect();
            let (mails, left_out) = mails(folder.as_bytes());
            assert_eq!((mails.len(), left_out), (14_000, 0), "{line}");
            assert!(mails[13_999].starts_with(b"From: a\nSubject: 13999\n"));
        }
    }

    #[test]
    fn mails_that_no_blank_line_parts_are_parted_by_a_line_with_a_date_and_a_header_below_it() {
        for line in [
            "From a@x Mon Jun  1 10:00:00 2009",
            "From - Mon Jun 01 10:00 2009\r",
            "From 17@xxx Mon Jun 01 10:00:00 +0000 2009",
            "From a@x Mon Jun  1 10:00:00 CEST 2009",
        ] {
            let folder: String = (0..3).map(|n| format!("{line}\nFrom: a\nSubject: {n}\n\nIt hums.\n")).collect();
            let all = mails(folder.as_bytes()).0;
            assert_eq!(all.len(), 3, "{line}");
            assert!(all[2].starts_with(b"From: a\nSubject: 2\n") && all[1].ends_with(b"It hums.\n"), "{line}");
        }
        for sentence in [
            "From here to the cellar at 10:00 it hums\nSubject: no mail",
            "From bob Mon Jun 1 10:00:00 2009\nit hums",
            "From bob Mon Jun 1 10:00:00 2009\nNote: it hums",
            "From bob Mon Jun 1 10:00:00 2009 on it hums\nSubject: x",
            "From bob Mon Jun 41 10:00:00 2009\nSubject: x",
            "From bob Mon Jun 1 10:61 2009\nSubject: x",
            ">From a@x Mon Jun 1 10:00:00 2009\nSubject: x",
        ] {
            let folder = format!("From a@x Mon Jun  1 10:00:00 2009\nFrom: a\nSubject: x\n\nwords\n{sentence}\n");
            assert_eq!(mails(folder.as_bytes()).0.len(), 1, "{sentence}");
        }
    }

    #[test]
    fn of_more_mails_than_are_read_the_first_are_left_out_and_counted() {
        let mail = |n: usize| format!("From \nFrom: {n:06}\n\nhm\n\n");
        let folder: String = (0..UNPACKED_ENTRIES_MAX + 3).map(mail).collect();
        let (mails, left_out) = mails(folder.as_bytes());
        assert_eq!((mails.len(), left_out), (UNPACKED_ENTRIES_MAX, 3));
        assert_eq!(mails[0], b"From: 000003\n\nhm\n\n");
        let last = format!("From: {:06}\n\nhm\n\n", UNPACKED_ENTRIES_MAX + 2);
        assert_eq!(mails.last().copied(), Some(last.as_bytes()));
    }

    #[test]
    fn a_part_of_a_folder_begins_where_it_is_one_whatever_its_name_is() {
        let quoted = "cut off\n\nFrom here on at 10:00\nNote: it hums\n\nFrom \nSubject: of a text\nand more\n\n";
        let mail = "From a@x Mon Jun  1 10:00:00 2009\nFrom: a\nTo: b\nSubject: x\n\nwords\n";
        assert_eq!(first_mail(format!("{quoted}{mail}{mail}").as_bytes()), Some(quoted.len()));
        assert_eq!(first_mail(quoted.as_bytes()), None);
        assert_eq!(first_mail(mail.as_bytes()), None, "what stands before it is not there");
    }
}
