//! Parses the text of sensor files in place: nothing is copied, nothing panics, garbage is no value.

use super::fault::Fault;

/// A signed decimal integer with white space around it, as the kernel prints one.
///
/// # Errors
/// `Garbage`: empty, not a number, or too large for 64 bits.
pub fn integer(bytes: &[u8]) -> Result<i64, Fault> {
    let text = bytes.trim_ascii();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return Err(Fault::Garbage);
    }
    let step = |sum: i64, byte: &u8| {
        let digit = i64::from(byte.checked_sub(b'0').filter(|digit| *digit < 10)?);
        // Accumulated below zero, so that `i64::MIN` fits too.
        sum.checked_mul(10)?.checked_sub(digit)
    };
    let sum = digits.iter().try_fold(0, step).ok_or(Fault::Garbage)?;
    if negative { Ok(sum) } else { sum.checked_neg().ok_or(Fault::Garbage) }
}

/// One line of printable ASCII, without the white space around it; `None` where there is none.
#[must_use]
pub fn word(bytes: &[u8]) -> Option<&str> {
    let text = bytes.trim_ascii();
    let sound = !text.is_empty() && text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    if sound { core::str::from_utf8(text).ok() } else { None }
}

/// The totals of a file of `/proc/pressure`, in microseconds since the start (Documentation/accounting/psi).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stall {
    /// Some task waited.
    pub some: Option<u64>,
    /// All tasks waited; missing for the CPU on old kernels.
    pub full: Option<u64>,
}

/// Reads a file of `/proc/pressure`; parts that are not there stay unknown.
#[must_use]
pub fn pressure(bytes: &[u8]) -> Stall {
    let mut stall = Stall::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b' ');
        let kind = fields.next();
        let total = fields.find_map(|field| field.strip_prefix(b"total="));
        let total = total.and_then(|digits| u64::try_from(integer(digits).ok()?).ok());
        match kind {
            Some(b"some") => stall.some = total,
            Some(b"full") => stall.full = total,
            _ => {}
        }
    }
    stall
}

/// CPU time of all cores together since the start, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusyTicks {
    /// Time in which a core did something for this machine.
    pub busy: u64,
    /// The part of it that niced programs took outside the kernel.
    pub nice: u64,
}

/// Busy ticks: user, nice, system, irq and softirq of the first line of `/proc/stat` (proc(5)). iowait counts as idle and
/// may fall; guest time is inside user; steal is time that a hypervisor gave to other machines, and nobody here used.
///
/// # Errors
/// `Garbage`: no such line, or fewer than seven numbers in it.
pub fn busy_ticks(bytes: &[u8]) -> Result<BusyTicks, Fault> {
    let line = bytes.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"cpu "));
    let (mut busy, mut nice) = (0_u64, 0);
    let fields = line.ok_or(Fault::Garbage)?.split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let mut seen = 0;
    for (at, field) in fields.take(8).enumerate() {
        let ticks = u64::try_from(integer(field)?).map_err(|_| Fault::Garbage)?;
        seen = at + 1;
        if at == 1 {
            nice = ticks;
        }
        if !matches!(at, 3 | 4 | 7) {
            busy = busy.checked_add(ticks).ok_or(Fault::Garbage)?;
        }
    }
    if seen >= 7 { Ok(BusyTicks { busy, nice }) } else { Err(Fault::Garbage) }
}

/// CPU time of a process in ticks, ended threads included: user and system of `/proc/PID/stat`. The process name may
/// hold anything, brackets too: the numbers begin behind the last one.
///
/// # Errors
/// `Garbage`: no such numbers.
pub fn process_ticks(bytes: &[u8]) -> Result<u64, Fault> {
    let end = bytes.iter().rposition(|byte| *byte == b')').ok_or(Fault::Garbage)?;
    let mut fields = bytes[end + 1..].split(|byte| *byte == b' ').filter(|field| !field.is_empty()).skip(11);
    let mut ticks = || {
        let value = integer(fields.next().ok_or(Fault::Garbage)?)?;
        u64::try_from(value).map_err(|_| Fault::Garbage)
    };
    ticks()?.checked_add(ticks()?).ok_or(Fault::Garbage)
}

/// The number behind `key` in a file of `key: number` or `key number` lines (`/proc/meminfo`, `/proc/vmstat`,
/// `cpu.stat`).
///
/// # Errors
/// `Garbage`: no such line, or no number in it.
pub fn field(bytes: &[u8], key: &[u8]) -> Result<u64, Fault> {
    let after = |line: &'_ [u8]| -> Option<u64> {
        let rest = line.strip_prefix(key)?;
        let rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b" "))?.trim_ascii_start();
        let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        u64::try_from(integer(&rest[..end]).ok()?).ok()
    };
    bytes.split(|byte| *byte == b'\n').find_map(after).ok_or(Fault::Garbage)
}

/// Whole cores' worth of `cpu.max` in thousandths; `None` for "max" and for anything unreadable.
#[must_use]
pub fn cgroup_millicores(bytes: &[u8]) -> Option<u64> {
    let mut fields = word(bytes)?.split(' ');
    let (quota, period) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    quota.checked_mul(1000)?.checked_div(period).filter(|cores| *cores > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_the_kernel_prints_them_and_nothing_else_is_one() {
        assert_eq!(integer(b"47400\n"), Ok(47_400));
        assert_eq!(integer(b" -274000 \n"), Ok(-274_000));
        assert_eq!(integer(b"-9223372036854775808"), Ok(i64::MIN));
        for text in ["", "\n", "-", "<unsupported>", "4 7", "9223372036854775808", "1e3", "0x50", "\u{0}"] {
            assert_eq!(integer(text.as_bytes()), Err(Fault::Garbage), "{text:?}");
        }
    }

    #[test]
    fn pressure_without_a_full_line_is_half_known() {
        let old = pressure(b"some avg10=0.13 avg60=0.68 avg300=0.28 total=1195993\n");
        assert_eq!(old, Stall { some: Some(1_195_993), full: None });
        assert_eq!(pressure(b"full avg10=0.00 avg60=0.00 avg300=0.00 total=8494\n").full, Some(8494));
        assert_eq!(pressure(b"\xff\xfe total=x"), Stall::default());
    }

    #[test]
    fn busy_ticks_leave_out_idle_iowait_steal_and_guests_and_niced_ones_are_counted_apart() {
        let line = b"cpu  277643 18897 32397 116462 1279 0 634 1115 77 0\ncpu0 1 2 3\n";
        assert_eq!(busy_ticks(line), Ok(BusyTicks { busy: 277_643 + 18_897 + 32_397 + 634, nice: 18_897 }));
        assert_eq!(busy_ticks(b"cpu 1 2 3\n"), Err(Fault::Garbage));
        assert_eq!(busy_ticks(b"intr 5\n"), Err(Fault::Garbage));
    }

    #[test]
    fn a_process_s_time_is_read_whatever_it_is_called() {
        let line = b"77 (a ) b) S 1 77 77 0 -1 4194560 900 0 0 0 120 34 0 0 20 0 4 0 99 1 2\n";
        assert_eq!(process_ticks(line), Ok(154));
        assert_eq!(process_ticks(b"77 (x) S 1 2"), Err(Fault::Garbage));
        assert_eq!(process_ticks(b""), Err(Fault::Garbage));
    }

    #[test]
    fn fields_and_quotas_are_found() {
        assert_eq!(field(b"MemFree: 1 kB\nMemAvailable:   123456 kB\n", b"MemAvailable"), Ok(123_456));
        assert_eq!(field(b"pswpin 44\n", b"pswpin"), Ok(44));
        assert_eq!(field(b"pswpin\n", b"pswpin"), Err(Fault::Garbage));
        assert_eq!(cgroup_millicores(b"150000 100000\n"), Some(1500));
        assert_eq!(cgroup_millicores(b"max 100000\n"), None);
        assert_eq!(cgroup_millicores(b"5 0\n"), None);
    }
}
