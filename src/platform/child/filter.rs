//! The filter of system calls of a parser process, as a program of the kernel's classic BPF.
//!
//! A parser works on memory: it takes and gives back memory, reads the clock, draws seeds of hash maps, writes to descriptors that it has,
//! and ends. Every other call, among them all that open files, make sockets, start processes or touch other ones, returns EPERM:
//! the parser goes on, or fails on its own document. Memory that is executed cannot be made, and signals go to nobody else.
//! See seccomp(2); the constants are those of linux/seccomp.h, linux/audit.h and linux/bpf_common.h.

use super::sys::Instruction;
use libc::c_long;

/// AUDIT_ARCH of this program; `None` where this file knows no filter. The numbers of calls differ from one to the next.
const ARCH: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xC000_003E)
} else if cfg!(target_arch = "aarch64") {
    Some(0xC000_00B7)
} else if cfg!(all(target_arch = "arm", target_endian = "little")) {
    Some(0x4000_0028)
} else if cfg!(target_arch = "riscv64") {
    Some(0xC000_00F3)
} else {
    None
};

/// Calls that are allowed whatever they are given.
const ALLOWED: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The same where addresses have 32 bits: clock_gettime64 and futex_time64, with times of 64 bits, since Linux 5.1.
#[cfg(target_arch = "arm")]
const ALLOWED_32: &[c_long] = &[403, 422];
#[cfg(not(target_arch = "arm"))]
const ALLOWED_32: &[c_long] = &[];

/// The call that maps memory.
#[cfg(target_arch = "arm")]
const MMAP: c_long = libc::SYS_mmap2;
#[cfg(not(target_arch = "arm"))]
const MMAP: c_long = libc::SYS_mmap;

/// PROT_EXEC: memory that is executed.
const PROT_EXEC: u32 = 4;

const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;
const KILL_PROCESS: u32 = 0x8000_0000;
/// SECCOMP_RET_ERRNO with EPERM.
const DENY: u32 = 0x0005_0001;

/// Places in `struct seccomp_data`: the number of the call, the architecture, and the low half of an argument.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(n: u32) -> u32 {
    16 + 8 * n
}

/// The filter for a process of this id, whose main thread has it too; `None` where this file knows none.
pub(super) fn program(pid: u32) -> Option<Vec<Instruction>> {
    let arch = ARCH?;
    let mut program =
        vec![step(LOAD, ARCHITECTURE), jump(JUMP_IF_EQUAL, arch, 1, 0), step(RETURN, KILL_PROCESS), step(LOAD, NUMBER)];
    for call in ALLOWED.iter().chain(ALLOWED_32) {
        program.extend([jump(JUMP_IF_EQUAL, number(*call), 0, 1), step(RETURN, ALLOW)]);
    }
    let not_executed = |place| [step(LOAD, argument(place)), jump(JUMP_IF_ANY_BIT, PROT_EXEC, 1, 0)];
    let to_itself = [step(LOAD, argument(0)), jump(JUMP_IF_EQUAL, pid, 0, 1)];
    let checked = [
        (MMAP, not_executed(2)),
        (libc::SYS_mprotect, not_executed(2)),
        // How a program aborts itself.
        (libc::SYS_tgkill, to_itself),
        (libc::SYS_tkill, to_itself),
    ];
    for (call, check) in checked {
        program.push(jump(JUMP_IF_EQUAL, number(call), 0, 4));
        program.extend(check);
        program.extend([step(RETURN, ALLOW), step(RETURN, DENY)]);
    }
    program.push(step(RETURN, DENY));
    Some(program)
}

fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

const fn step(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter returns for a call, by a machine with the five instructions that it has.
    fn verdict(call: c_long, arguments: [u32; 3], arch: u32) -> u32 {
        let program = program(77).unwrap();
        let (mut at, mut loaded) = (0, 0);
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            match code {
                LOAD if k == NUMBER => loaded = number(call),
                LOAD if k == ARCHITECTURE => loaded = arch,
                LOAD => loaded = arguments[usize::try_from((k - 16) / 8).unwrap()],
                RETURN => return k,
                _ => {
                    let holds = if code == JUMP_IF_EQUAL { loaded == k } else { loaded & k != 0 };
                    at += usize::from(if holds { jt } else { jf });
                }
            }
        }
    }

    #[test]
    fn memory_and_the_clock_are_allowed_and_files_sockets_and_processes_are_not() {
        let of = |call, arguments| verdict(call, arguments, ARCH.unwrap());
        for call in ALLOWED {
            assert_eq!(of(*call, [0; 3]), ALLOW, "{call}");
        }
        for (call, arguments) in [(MMAP, [0, 0, 3]), (libc::SYS_mprotect, [0, 0, 1]), (libc::SYS_tgkill, [77, 78, 6])] {
            assert_eq!(of(call, arguments), ALLOW, "{call}");
        }
        let denied = [
            libc::SYS_openat,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_clone,
            libc::SYS_execve,
            libc::SYS_kill,
            libc::SYS_ptrace,
            libc::SYS_process_vm_writev,
            libc::SYS_memfd_create,
            libc::SYS_io_uring_setup,
            libc::SYS_bpf,
            libc::SYS_prctl,
            libc::SYS_unlinkat,
        ];
        for call in denied {
            assert_eq!(of(call, [0; 3]), DENY, "{call}");
        }
        for (call, arguments) in [
            (MMAP, [0, 0, 7]),
            (libc::SYS_mprotect, [0, 0, 5]),
            (libc::SYS_tgkill, [76, 76, 9]),
            (libc::SYS_tkill, [1, 9, 0]),
        ] {
            assert_eq!(of(call, arguments), DENY, "{call}");
        }
        assert_eq!(verdict(libc::SYS_read, [0; 3], 0x4000_0003), KILL_PROCESS, "numbers of another architecture");
        #[cfg(target_arch = "x86_64")]
        assert_eq!(of(libc::SYS_read + 0x4000_0000, [0; 3]), DENY, "numbers of x32");
    }
}
