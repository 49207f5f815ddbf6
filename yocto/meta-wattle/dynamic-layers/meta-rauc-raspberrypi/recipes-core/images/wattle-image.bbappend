# U-Boot chooses the root, and reads the kernel from it: meta-rauc-raspberrypi does the same with core-image-minimal.
IMAGE_INSTALL:append = "${@bb.utils.contains('DISTRO_FEATURES', 'rauc', ' kernel-image rauc', '', d)}"
IMAGE_FSTYPES:append = "${@bb.utils.contains('DISTRO_FEATURES', 'rauc', ' ext4', '', d)}"
RPI_EXTRA_IMAGE_BOOT_FILES:remove = "${@bb.utils.contains('DISTRO_FEATURES', 'rauc', d.getVar('KERNEL_IMAGETYPE'), '', d)}"
