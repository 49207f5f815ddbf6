//! Folders of mails that are larger than what is read of one file: the newest mails, which stand at the end, are read.

use super::told::{NO_ENDING, end_lines, ends_in_returns, first_mail, is_mbox};
use crate::base::count::plural;
use crate::limits::{DOCUMENT_BYTES_MAX, OLDER_MAILS_NOTE_BYTES_MAX};

/// Bytes of the end of such a file that are read.
pub const NEWEST_BYTES: u64 = DOCUMENT_BYTES_MAX - OLDER_MAILS_NOTE_BYTES_MAX as u64;

/// Whether a file that begins so is a folder of mails, whatever it is called.
#[must_use]
pub fn is_mailbox(head: &[u8]) -> bool {
    is_mbox(NO_ENDING, head)
}

/// A folder of mails that has the whole ones of the end of a larger one of `size` bytes, and one that tells what was left out, with the heading that
/// this has in archives; `None` where no mail begins in it.
#[must_use]
pub fn newest(mut end: Vec<u8>, size: u64) -> Option<Vec<u8>> {
    if ends_in_returns(&end) {
        end_lines(&mut end);
    }
    end.drain(..first_mail(&end)?);
    let (read, all) = (end.len() >> 20, size >> 20);
    let note = format!(
        "\n\nFrom - Thu Jan  1 00:00:00 1970\nSubject: Read in part\n\nOnly the newest mails of this file are read, its last {read} MiB of {all}, and the \
         others {} left out: it is more than is read of one file, at most {} MiB. Split it into several files.\n",
        plural(all, "was", "were"),
        DOCUMENT_BYTES_MAX >> 20
    );
    end.extend_from_slice(note.as_bytes());
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::extract::extract;

    fn mail(n: usize, body: &str) -> String {
        format!("From a@x Thu Jan  1 00:00:0{} 2026\nFrom: a@x\nTo: b@x\nSubject: Letter {n}\n\n{body}\n\n", n % 10)
    }

    #[test]
    fn of_the_end_of_a_folder_of_mails_the_whole_ones_are_read_and_it_is_told_what_was_left_out() {
        let all: String = (0..9).map(|n| mail(n, &format!("The boiler hums, says letter {n}."))).collect();
        assert!(is_mailbox(all.as_bytes()) && !is_mailbox(b"The boiler hums.") && !is_mailbox(b""));
        let cut = all.find("Letter 5").unwrap();
        let size = 40 << 20;
        let newest = newest(all.as_bytes()[cut..].to_vec(), size).unwrap();
        let text = extract("Inbox", &newest).unwrap();
        let headings: Vec<&str> = text.sections.iter().map(|section| section.heading.as_str()).collect();
        assert_eq!(headings, ["Letter 6", "Letter 7", "Letter 8", "Read in part"]);
        assert!(text.text.contains("0 MiB of 40") && !text.text.contains("1970"), "{}", text.text);
        let returns = all.replace('\n', "\r");
        assert!(is_mailbox(returns.as_bytes()));
        let same = super::newest(returns.as_bytes()[cut..].to_vec(), size).unwrap();
        assert_eq!(extract("Inbox", &same).unwrap(), text, "the line ends of the old Macintosh make no difference");
    }

    #[test]
    fn an_end_in_which_no_mail_begins_is_none_and_the_note_fits() {
        assert_eq!(newest(mail(1, "x").into_bytes()[5..].to_vec(), 1 << 40), None);
        assert_eq!(newest(Vec::new(), 1 << 40), None);
        let whole = mail(1, "x").repeat(2).into_bytes();
        let length = whole.len();
        assert!(newest(whole, u64::MAX).unwrap().len() <= length + OLDER_MAILS_NOTE_BYTES_MAX);
    }
}
