// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Has the Raspberry Pi's firmware read tryboot.txt once, at a restart that asks for it: reboot(LINUX_REBOOT_CMD_RESTART2, "0 tryboot").
 *
 * The firmware keeps a flag for that, which a program of the board sets by a property of its mailbox. Raspberry Pi's own kernel sets it by itself;
 * Debian's, which is the mainline one, does not, and has no file by which a program outside the kernel could. Updates of the image need it
 * (cross/image/README.md). Of the kernel this uses what its driver of the firmware exports, and nothing else.
 *
 * Licences: what the driver exports is for modules under the GPL alone (EXPORT_SYMBOL_GPL), so this file is offered under the GPL, version 2, besides
 * the MIT licence of the project. A compiled module has parts of the kernel's headers in it, and is passed on under the GPL.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

/* Mainline's list of properties does not have this one. Its value: flags for the next start. */
#define SET_REBOOT_FLAGS 0x00038064
#define FLAG_TRYBOOT BIT(0)
/* Set by the firmware in the answer to a property that it knows. */
#define ANSWERED BIT(31)

static struct rpi_firmware *firmware;

/* Whether a restart's words have this one: a partition's number comes first, then words, each behind a blank. */
static bool asks_for_tryboot(const char *words)
{
	static const char word[] = " tryboot";
	const size_t length = sizeof(word) - 1;

	while (words && (words = strstr(words, word))) {
		words += length;
		if (*words == '\0' || *words == ' ')
			return true;
	}
	return false;
}

static int set_flag(void)
{
	struct {
		struct rpi_firmware_property_tag_header head;
		u32 flags;
	} property = {
		.head = { .tag = SET_REBOOT_FLAGS, .buf_size = sizeof(u32) },
		.flags = FLAG_TRYBOOT,
	};
	int failed = rpi_firmware_property_list(firmware, &property, sizeof(property));

	if (failed)
		return failed;
	return property.head.req_resp_size & ANSWERED ? 0 : -EOPNOTSUPP;
}

/* Devices are shut down after all of these calls, and only then does the firmware's driver tell it that a restart is near. */
static int before_restart(struct notifier_block *block, unsigned long how, void *words)
{
	int failed;

	if (how != SYS_RESTART || !asks_for_tryboot(words))
		return NOTIFY_DONE;
	failed = set_flag();
	if (failed)
		pr_err("the firmware does not take the flag (%d): it starts the usual system\n", failed);
	else
		pr_info("the firmware starts by tryboot.txt, once\n");
	return NOTIFY_DONE;
}

/* First of all, so that no other call can keep it from being made. */
static struct notifier_block block = {
	.notifier_call = before_restart,
	.priority = INT_MAX,
};

static int __init wattle_tryboot_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "raspberrypi,bcm2835-firmware");
	int failed;

	if (!node)
		return -ENODEV;
	/* Its driver is held until the end, so that there is nothing to wait for at a restart. */
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware) {
		pr_err("the firmware's driver is not there: no update can be started\n");
		return -EPROBE_DEFER;
	}
	failed = register_reboot_notifier(&block);
	if (failed)
		rpi_firmware_put(firmware);
	return failed;
}

static void __exit wattle_tryboot_exit(void)
{
	unregister_reboot_notifier(&block);
	rpi_firmware_put(firmware);
}

module_init(wattle_tryboot_init);
module_exit(wattle_tryboot_exit);

/*
 * The firmware's device is what has it loaded; a machine without one never asks for it. Written out, as MODULE_DEVICE_TABLE would: Debian's modpost for a
 * PC takes the table of a board with 32 bits for one with 64.
 */
MODULE_ALIAS("of:N*T*Craspberrypi,bcm2835-firmware");
MODULE_ALIAS("of:N*T*Craspberrypi,bcm2835-firmwareC*");

MODULE_DESCRIPTION("Starts the other system of a Raspberry Pi's card once");
MODULE_AUTHOR("Wattle");
MODULE_LICENSE("Dual MIT/GPL");
