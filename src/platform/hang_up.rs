//! Whether the process is to outlive its terminal.

/// Whether whoever started this process has the end of its terminal ignored, as `nohup` does.
#[must_use]
pub fn is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status))
}

/// By the mask of ignored signals of proc_pid_status(5), of which the lowest bit is SIGHUP.
fn ignores(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_started_ignores_the_end_of_its_terminal() {
        assert!(ignores("Name:\twattle\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"));
        for other in ["SigIgn:\t0000000000001000\n", "SigIgn:\tx\n", "SigBlk:\t0000000000000001\n", ""] {
            assert!(!ignores(other), "{other}");
        }
    }
}
