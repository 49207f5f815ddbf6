//! How wide the terminal of standard output is: TIOCGWINSZ of ioctl_tty(2).

use rustix::termios::tcgetwinsize;

/// Columns of the terminal that standard output is; `None` where it is none, or does not say, as some serial lines.
#[must_use]
pub fn columns() -> Option<u16> {
    tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0)
}
