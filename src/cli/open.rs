//! `wattle open`: the page in the desktop's browser, and its addresses for everywhere else.
//!
//! The token is no argument of the browser: every user of a machine reads the arguments of all programs (`ps`). The browser gets a code in its place,
//! which is good once, for a minute, and for a browser of the agent's own user (`http::keys::once`). A browser that does not start is no failure: the addresses are printed in any case. Without an agent nothing is printed or opened: another program may
//! listen at the address by now, and would be handed the token.

use super::args::OpenArgs;
use super::link::Link;
use super::output::{Stop, print_as_is};
use crate::http::client::{Client, Failure};
use crate::platform::home::at_home;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a desktop opens an address with (freedesktop.org's xdg-utils).
const OPENER: &str = "xdg-open";

/// Opens the page of the agent of this home, which answers at `api`.
pub(super) fn open(
    client: impl Fn() -> Result<Client, Failure>,
    (home, api): (&Path, SocketAddr),
    args: OpenArgs,
    as_json: bool,
) -> Result<(), Stop> {
    let link = Link::of(home, api)?;
    if !link.runs {
        let up = at_home("wattle up", home);
        return Err(Stop::NoAgent(format!(
            "No agent runs with the home {}, so there is no page to open. Start one with `{up}`.",
            home.display()
        )));
    }
    if args.print && as_json {
        return print_as_is(&link.json(Some(false)));
    }
    if args.print {
        return print_as_is(&format!("{}\n", link.here));
    }
    if !as_json {
        print_as_is(&link.text(home, None))?;
    }
    let opens = has_display(variable) && start_browser(&once(client, link.without_token()));
    if as_json {
        return print_as_is(&link.json(Some(opens)));
    }
    if opens {
        print_as_is("The page opens in your browser. If it asks to be let in, copy the first address into it.\n")?;
    }
    Ok(())
}

/// The page's address with a code that lets this browser in, once. Without one, as from an agent of another version, the page asks.
fn once(client: impl Fn() -> Result<Client, Failure>, page: &str) -> String {
    let code = client().and_then(|client| smol::block_on(client.new_once()));
    code.map_or_else(|_| page.to_owned(), |code| format!("{page}#once={code}"))
}

#[expect(clippy::disallowed_methods, reason = "a desktop names its display in the environment")]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Whether the command runs on a desktop, or with one to show windows on.
fn has_display(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].into_iter().filter_map(variable).any(|value| !value.is_empty())
}

/// Starts the browser and does not wait for it; false where there is nothing to start. It outlives the terminal's Ctrl-C.
#[expect(clippy::disallowed_methods, reason = "the desktop's own program knows the person's browser")]
fn start_browser(address: &str) -> bool {
    let mut command = Command::new(OPENER);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_started_where_there_is_a_display_and_nowhere_else() {
        let with =
            |set: &'static str, value: &'static str| move |name: &str| (name == set).then(|| OsString::from(value));
        assert!(has_display(with("DISPLAY", ":0")) && has_display(with("WAYLAND_DISPLAY", "wayland-0")));
        assert!(!has_display(with("DISPLAY", "")) && !has_display(with("TERM", "xterm")));
    }
}
