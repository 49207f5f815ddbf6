SUMMARY = "SD card image of a Wattle appliance"
DESCRIPTION = "A read-only root with systemd and the agent, and a data partition that outlives updates."
LICENSE = "MIT"

inherit core-image

IMAGE_FEATURES += "read-only-rootfs"
# packagegroup-machine-base brings the firmware of a board's Wi-Fi.
IMAGE_INSTALL = "\
    kernel-modules \
    packagegroup-core-boot \
    packagegroup-machine-base \
    wattle \
    wpa-supplicant \
"
IMAGE_LINGUAS = ""

# Megabytes of each of the two roots, and of the data. Choose the second by the cards that you use: nothing makes it larger later.
WATTLE_ROOT_MB ?= "512"
WATTLE_DATA_MB ?= "1024"
WKS_FILE = "wattle-rpi.wks.in"
IMAGE_FSTYPES = "wic.xz wic.bmap"
