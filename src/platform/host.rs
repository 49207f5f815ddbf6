//! The name of this machine.

/// The machine's name, as uname(2) gives it; "this device" where it has none.
#[must_use]
pub fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if name.is_empty() { "this device".to_owned() } else { name }
}
