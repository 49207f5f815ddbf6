//! An event of the kernel: what changed, from its text.

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uevent {
    /// A power supply came, went or changed.
    Supply,
    /// A hwmon chip did: the alarm of `rpi_volt`.
    Hwmon,
    /// A thermal zone did.
    Thermal,
    /// Something else.
    Other,
    /// More happened than could be told: anything may have changed.
    Lost,
}

impl Uevent {
    /// Reads an event: lines that end with a zero byte, `SUBSYSTEM=` among them.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let subsystem = bytes.split(|byte| *byte == 0).find_map(|line| line.strip_prefix(b"SUBSYSTEM="));
        match subsystem {
            Some(b"power_supply") => Self::Supply,
            Some(b"hwmon") => Self::Hwmon,
            Some(b"thermal") => Self::Thermal,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_apart_by_their_subsystem_and_garbage_is_none() {
        let event = |subsystem: &str| format!("change@/devices/x\0ACTION=change\0SUBSYSTEM={subsystem}\0SEQNUM=7\0");
        assert_eq!(Uevent::parse(event("power_supply").as_bytes()), Uevent::Supply);
        assert_eq!(Uevent::parse(event("hwmon").as_bytes()), Uevent::Hwmon);
        assert_eq!(Uevent::parse(event("thermal").as_bytes()), Uevent::Thermal);
        assert_eq!(Uevent::parse(event("usb").as_bytes()), Uevent::Other);
        for garbage in [&b""[..], b"\0\0\0", b"SUBSYSTEM=", b"\xff\xfeSUBSYSTEM=hwmon"] {
            assert_eq!(Uevent::parse(garbage), Uevent::Other);
        }
    }
}
