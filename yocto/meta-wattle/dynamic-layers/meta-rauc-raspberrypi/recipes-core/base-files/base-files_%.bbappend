# Before the table of meta-rauc-raspberrypi, whose layer has a lower priority.
FILESEXTRAPATHS:prepend:hurdle := "${THISDIR}/files:"
