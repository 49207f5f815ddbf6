FILESEXTRAPATHS:prepend:hurdle := "${THISDIR}/${BPN}:"

SRC_URI:append:hurdle = " \
    file://wattle-journald.conf \
    file://wattle-system.conf \
"

do_install:append:hurdle() {
    install -D -m 0644 ${S}/wattle-journald.conf ${D}${systemd_unitdir}/journald.conf.d/10-wattle.conf
    install -D -m 0644 ${S}/wattle-system.conf ${D}${systemd_unitdir}/system.conf.d/10-wattle.conf
}
