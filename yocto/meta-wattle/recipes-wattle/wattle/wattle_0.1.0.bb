SUMMARY = "Private search over the documents of your own devices"
DESCRIPTION = "The devices of a home find each other, share the work of reading and embedding its documents when they are cool, \
               idle and well powered, and answer a question from all of them at once."
SECTION = "net"
# The program, and what the crates and the model inside it ask for: scripts/licences lists them.
LICENSE = "(MIT | Apache-2.0) & Apache-2.0 & 0BSD & BSD-3-Clause & BSL-1.0 & MPL-2.0 & Unicode-3.0 & Zlib"
LIC_FILES_CHKSUM = "\
    file://LICENSE-MIT;md5=f6136dc5c92d3ba493b858dad3960004 \
    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://models/all-MiniLM-L6-v2/LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
"
CVE_PRODUCT = "wattle"

require wattle-crates.inc

inherit cargo externalsrc systemd useradd

# The checkout that this layer lies in, so that layer and program are of one commit. Set it to a folder of your own for another one, of the same version.
# Not cargo-update-recipe-crates: it takes each Cargo.lock of the tree, those of the fuzzer and the benches too. scripts/yocto-crates writes
# wattle-crates.inc from the program's alone, and a test holds it to that.
EXTERNALSRC ?= "${@os.path.normpath(d.getVar('WATTLE_LAYERDIR') + '/../..')}"
# Leaves no links in it.
EXTERNALSRC_SYMLINKS = ""

# As in .cargo/config.toml, which knows the target by another name: a program for pages of 4 KiB, which is what a cross build takes, ends at its start on a
# kernel with larger ones, as the usual one of a Raspberry Pi 5.
export JEMALLOC_SYS_WITH_LG_PAGE
JEMALLOC_SYS_WITH_LG_PAGE:aarch64 = "16"

SYSTEMD_SERVICE:${PN} = "wattle.service"
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --home-dir ${localstatedir}/lib/wattle --no-create-home --shell ${base_sbindir}/nologin --user-group wattle"

do_install:append() {
    install -d ${D}${systemd_system_unitdir} ${D}${nonarch_libdir}/sysusers.d
    install -m 0644 ${S}/cross/service/wattle.service ${D}${systemd_system_unitdir}/wattle.service
    install -m 0644 ${S}/cross/service/sysusers.conf ${D}${nonarch_libdir}/sysusers.d/wattle.conf
}

FILES:${PN} += "${nonarch_libdir}/sysusers.d"

COMPATIBLE_HOST = "(aarch64|arm|x86_64).*-linux"
# Pi 1 and Zero have no NEON.
COMPATIBLE_HOST:armv6 = "null"
