SUMMARY = "An update of a Wattle appliance, for RAUC"
DESCRIPTION = "Replaces the root that is not in use. Sign it with keys of your own: RAUC_KEY_FILE, RAUC_CERT_FILE, and RAUC_KEYRING_FILE for the card."
SECTION = "base"
LICENSE = "MIT"
# It is made of the image alone.
SRC_URI = ""

inherit bundle

RAUC_BUNDLE_COMPATIBLE = "${MACHINE}"
RAUC_BUNDLE_VERSION = "${DISTRO_VERSION}"
RAUC_BUNDLE_DESCRIPTION = "Wattle appliance"
RAUC_BUNDLE_FORMAT = "verity"
RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "wattle-image"
RAUC_SLOT_rootfs[fstype] = "ext4"
