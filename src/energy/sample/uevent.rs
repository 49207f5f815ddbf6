//! Parses a device event (uevent) of the kernel.

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uevent {
    /// A power supply, a hwmon chip (the alarm of `rpi_volt`) or a thermal zone changed its state.
    Changed,
    /// One was added or removed.
    Moved,
    /// Something else.
    Other,
    /// Events were lost: anything may have changed, been added or removed.
    Lost,
}

impl Uevent {
    /// Reads an event: lines that end with a zero byte, `ACTION=` and `SUBSYSTEM=` among them.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let value = |key: &[u8]| bytes.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(key));
        let concerns = matches!(value(b"SUBSYSTEM="), Some(b"power_supply" | b"hwmon" | b"thermal"));
        match value(b"ACTION=") {
            _ if !concerns => Self::Other,
            Some(b"change") => Self::Changed,
            // add, remove, bind, unbind, move, online, offline, and what is not known.
            _ => Self::Moved,
        }
    }

    /// Is it time to sample?
    #[must_use]
    pub const fn concerns(self) -> bool {
        !matches!(self, Self::Other)
    }

    /// Are the sensors to be listed again first?
    #[must_use]
    pub const fn relists(self) -> bool {
        matches!(self, Self::Moved | Self::Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, subsystem: &str) -> Uevent {
        let text = format!("{action}@/devices/x\0ACTION={action}\0SUBSYSTEM={subsystem}\0SEQNUM=7\0");
        Uevent::parse(text.as_bytes())
    }

    #[test]
    fn a_change_is_sampled_and_only_additions_and_removals_are_listed_again() {
        for subsystem in ["power_supply", "hwmon", "thermal"] {
            assert_eq!(event("change", subsystem), Uevent::Changed);
            for action in ["add", "remove", "bind", ""] {
                assert_eq!(event(action, subsystem), Uevent::Moved, "{action}");
            }
        }
        assert!(Uevent::Changed.concerns() && !Uevent::Changed.relists());
        assert!(Uevent::Moved.concerns() && Uevent::Moved.relists() && Uevent::Lost.relists());
    }

    #[test]
    fn events_of_others_and_garbage_are_none() {
        assert_eq!(event("add", "usb"), Uevent::Other);
        for garbage in [&b""[..], b"\0\0\0", b"SUBSYSTEM=", b"\xff\xfeSUBSYSTEM=hwmon", b"ACTION=change"] {
            assert_eq!(Uevent::parse(garbage), Uevent::Other);
        }
        assert!(!Uevent::Other.concerns() && !Uevent::Other.relists());
    }
}
