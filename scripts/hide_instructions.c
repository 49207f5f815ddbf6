/* Hides instructions of an x86-64 processor from a program, so that what it and its libraries choose by CPUID is what they would choose
 * on a lesser processor. For scripts/bench-engine, which compiles it; to be preloaded. Linux, and a processor with CPUID faulting.
 *
 * HIDE is one of
 *   amx      AMX
 *   avx512   AMX and AVX-512, so that AVX-VNNI is left
 *   vnni     AMX, AVX-512 and AVX-VNNI, so that AVX2 is left
 *
 * The system makes CPUID fault (arch_prctl(2), ARCH_SET_CPUID); the handler of the fault carries it out with some bits off. What the
 * C library chose before this was loaded stays. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define BIT(n) (1u << (n))

struct leaf { uint32_t eax, ebx, ecx, edx; };

static const struct leaf AMX[2] = {
    {.edx = BIT(22) | BIT(24) | BIT(25)},             /* bf16, tile, int8 */
    {.eax = BIT(21), .edx = BIT(8)},                  /* fp16, complex */
};
static const struct leaf AVX512[2] = {
    {
        .ebx = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31), /* f, dq, ifma, pf, er, cd, bw, vl */
        .ecx = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14),                                 /* vbmi, vbmi2, vnni, bitalg, vpopcntdq */
        .edx = BIT(2) | BIT(3) | BIT(8) | BIT(23),                                            /* 4vnniw, 4fmaps, vp2intersect, fp16 */
    },
    {.eax = BIT(5), .edx = BIT(19)},                  /* bf16, AVX10 */
};
static const struct leaf VNNI[2] = {
    {0},
    {.eax = BIT(4) | BIT(23), .edx = BIT(4) | BIT(5) | BIT(10)}, /* vnni, ifma, vnni-int8, ne-convert, vnni-int16 */
};

static struct leaf hidden[2];

static void hide(const struct leaf more[2]) {
    for (int at = 0; at < 2; at++) {
        hidden[at].eax |= more[at].eax;
        hidden[at].ebx |= more[at].ebx;
        hidden[at].ecx |= more[at].ecx;
        hidden[at].edx |= more[at].edx;
    }
}

static long allow(int allowed) {
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allowed);
}

static void on_fault(int signal_number, siginfo_t *info, void *context) {
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const uint8_t *code = (const uint8_t *)registers[REG_RIP];
    if (code[0] != 0x0F || code[1] != 0xA2) {
        /* Another fault: it comes again, and ends the program. */
        signal(signal_number, SIG_DFL);
        return;
    }
    uint32_t asked = (uint32_t)registers[REG_RAX], part = (uint32_t)registers[REG_RCX];
    struct leaf found;
    allow(1);
    __asm__ volatile("cpuid" : "=a"(found.eax), "=b"(found.ebx), "=c"(found.ecx), "=d"(found.edx) : "a"(asked), "c"(part));
    allow(0);
    if (asked == 7 && part < 2) {
        found.eax &= ~hidden[part].eax;
        found.ebx &= ~hidden[part].ebx;
        found.ecx &= ~hidden[part].ecx;
        found.edx &= ~hidden[part].edx;
    }
    registers[REG_RAX] = found.eax;
    registers[REG_RBX] = found.ebx;
    registers[REG_RCX] = found.ecx;
    registers[REG_RDX] = found.edx;
    registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
    const char *what = getenv("HIDE");
    if (!what)
        return;
    hide(AMX);
    if (strcmp(what, "amx") != 0)
        hide(AVX512);
    if (strcmp(what, "vnni") == 0)
        hide(VNNI);
    else if (strcmp(what, "amx") != 0 && strcmp(what, "avx512") != 0) {
        fprintf(stderr, "HIDE is amx, avx512 or vnni\n");
        _exit(2);
    }
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSEGV, &action, NULL) != 0 || allow(0) != 0) {
        perror("CPUID cannot be made to fault here");
        _exit(2);
    }
}
