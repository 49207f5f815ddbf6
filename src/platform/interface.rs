//! The interfaces of this machine, by the names that people and addresses have for them.

use crate::limits::INTERFACE_NUMBER_BYTES_MAX;
use crate::platform::regular;
use std::path::Path;

/// The kernel's number of the interface with this name, or of which this is the number: the zone of an IPv6 address is either. `None`: there is none of that
/// name.
#[must_use]
pub fn index(zone: &str) -> Option<u32> {
    if let Ok(number) = zone.parse() {
        return (number > 0).then_some(number);
    }
    // The kernel takes no other names than those of a file.
    let is_name = !zone.is_empty() && zone != "." && zone != ".." && !zone.contains('/');
    let file = Path::new("/sys/class/net").join(zone).join("ifindex");
    let text = is_name.then(|| regular::read(&file, INTERFACE_NUMBER_BYTES_MAX).ok())??;
    str::from_utf8(&text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_found_by_its_name_or_its_number_and_nothing_else_is_one() {
        let of_loopback = Path::new("/sys/class/net/lo").exists().then_some(1);
        assert_eq!((index("lo"), index("7")), (of_loopback, Some(7)));
        for none in ["", "0", ".", "..", "../lo", "no-such-network", "-1"] {
            assert_eq!(index(none), None, "{none}");
        }
    }
}
