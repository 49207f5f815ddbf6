//! Links to files on a terminal that shows them: the sequence OSC 8 around the text
//! (<https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>).
//!
//! Only a file of this device is one: a path of another device means another file here, or none. The address names this host, so that a terminal
//! on another machine (over ssh) opens nothing there.

use super::style::Style;
use crate::http::client::Client;
use crate::http::query::{encoded, encoded_bytes, sent_bytes};
use crate::limits::TERMINAL_LINK_BYTES_MAX;
use crate::platform::host::host_name;

/// Whose files are links, and the host that they are on.
#[derive(Clone, Debug)]
pub(super) struct Links {
    here: String,
    host: String,
}

impl Links {
    /// Those of the agent that is asked, on a terminal that takes links; `None` elsewhere, or where the agent does not say who it is.
    pub(super) async fn of(client: &Client, style: Style) -> Option<Self> {
        if !style.takes_links() {
            return None;
        }
        let here = client.status().await.ok()?.read.peer_id;
        Some(Self::new(&here, &host_name()))
    }

    /// Links to files of the device with this PeerId, which is this host.
    pub(super) fn new(here: &str, host: &str) -> Self {
        Self { here: here.to_owned(), host: host.to_owned() }
    }

    /// The text as a link to the file of that device, or as it is where there can be no link.
    pub(super) fn link(&self, peer_id: &str, path: &str, text: &str) -> String {
        // What stands in place of bytes that are not UTF-8 is no part of a path.
        let sent = sent_bytes(path.as_bytes().to_vec());
        let is_whole = sent.first() == Some(&b'/') && !path.contains('\u{fffd}');
        if peer_id != self.here || self.here.is_empty() || !is_whole {
            return text.to_owned();
        }
        let uri = format!("file://{}{}", encoded(&self.host), encoded_bytes(&sent));
        if uri.len() > TERMINAL_LINK_BYTES_MAX {
            return text.to_owned();
        }
        format!("\u{1b}]8;;{uri}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_this_device_is_a_link_with_its_host_and_an_encoded_path() {
        let links = Links::new("12D3here", "attic");
        assert_eq!(
            links.link("12D3here", "/n/a b;\u{1b}\u{7}ü%.md", "shown"),
            "\u{1b}]8;;file://attic/n/a%20b%3B%1B%07%C3%BC%25.md\u{1b}\\shown\u{1b}]8;;\u{1b}\\"
        );
        let not_utf_8 = links.link("12D3here", "file:///n/v%FF.md", "shown");
        assert_eq!(not_utf_8, "\u{1b}]8;;file://attic/n/v%FF.md\u{1b}\\shown\u{1b}]8;;\u{1b}\\");
        let odd = Links::new("12D3here", "at tic\u{1b}");
        assert!(odd.link("12D3here", "/a", "x").contains("file://at%20tic%1B/a"));
    }

    #[test]
    fn a_file_of_another_device_or_one_that_has_no_whole_path_is_no_link() {
        let links = Links::new("12D3here", "attic");
        let long = format!("/{}", "é".repeat(400));
        for (peer, path) in
            [("12D3there", "/a"), ("", "/a"), ("12D3here", "a"), ("12D3here", "/a\u{fffd}"), ("12D3here", &long)]
        {
            assert_eq!(links.link(peer, path, "shown"), "shown", "{peer} {path}");
        }
        assert_eq!(Links::new("", "attic").link("", "/a", "shown"), "shown", "an agent that does not say who it is");
    }
}
