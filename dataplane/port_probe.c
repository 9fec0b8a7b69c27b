/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_pci.h>

#include "port_priv.h"

/* AF_PACKET keeps a header of up to 82 octets before each frame of its ring, and a
 * frame has up to 1514 + 8 octets (two VLAN tags); what does not fit is dropped. */
#define FRAMESZ_MIN (1522u + 82u)

/* 01:00.0 as 0000:01:00.0, the name ethdev gives it; others as they are. */
static void device_text(char out[SETTING_TEXT_SIZE + 8], const char *device)
{
	const size_t len = strcspn(device, ",");
	unsigned colons = 0;

	for (size_t i = 0; i < len; i++)
		colons += device[i] == ':';
	const bool short_pci = colons == 1 && isxdigit((unsigned char)device[0]) &&
	                       memchr(device, '.', len) != NULL;
	snprintf(out, SETTING_TEXT_SIZE + 8, "%s%s", short_pci ? "0000:" : "", device);
}

bool port_is_pci(const char *device)
{
	char name[SETTING_TEXT_SIZE];
	struct rte_pci_addr address;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
	return rte_pci_addr_parse(name, &address) == 0;
}

/* The value of key= in a device string, its length in len; NULL when it is not there. */
static const char *argument(const char *device, const char *key, size_t *len)
{
	const size_t key_len = strlen(key);

	for (const char *p = strchr(device, ','); p != NULL; p = strchr(p, ',')) {
		p++;
		if (strncmp(p, key, key_len) == 0 && p[key_len] == '=') {
			*len = strcspn(p + key_len + 1, ",");
			return p + key_len + 1;
		}
	}
	return NULL;
}

/* Mistakes that PMDs answer with a bare number, or with silence. */
static int check_arguments(const char *device, char error[PORT_ERROR_SIZE])
{
	char interface[IF_NAMESIZE];
	size_t len;

	const char *value = argument(device, "iface", &len);
	if (value != NULL && strncmp(device, "net_tap", 7) != 0) {
		snprintf(interface, sizeof(interface), "%.*s", (int)len, value);
		if (len >= IF_NAMESIZE || if_nametoindex(interface) == 0) {
			snprintf(error, PORT_ERROR_SIZE,
			         "there is no interface %.*s in this network namespace: create "
			         "it "
			         "or correct iface=",
			         (int)(len < 40 ? len : 40), value);
			return -ENODEV;
		}
	}
	value = argument(device, "framesz", &len);
	if (value != NULL && strtoul(value, NULL, 10) < FRAMESZ_MIN) {
		snprintf(
			error, PORT_ERROR_SIZE,
			"framesz is too small for frames of 1522 octets: leave it out or write "
			"framesz=2048");
		return -EINVAL;
	}
	return 0;
}

static int probe_error(int result, const char *name, char error[PORT_ERROR_SIZE])
{
	/* Many drivers answer -1, which is -EPERM, to everything. */
	const bool told = result < 0 && result != -EPERM;

	if ((result == -EPERM || result == -EACCES) && geteuid() != 0) {
		snprintf(error, PORT_ERROR_SIZE,
		         "%.60s: not permitted: start as root, or with "
		         "CAP_NET_RAW and CAP_NET_ADMIN",
		         name);
		return result;
	}
	snprintf(error, PORT_ERROR_SIZE,
	         "%.50s: no such device or driver, or refused (%.30s): bind "
	         "a PCI device to vfio-pci, or write \"net_af_packet0,iface=eth0\"",
	         name, told ? strerror(-result) : "no reason told");
	return told ? result : -ENODEV;
}

int port_probe(struct port *out, const char *device, char error[PORT_ERROR_SIZE])
{
	char text[SETTING_TEXT_SIZE + 8];

	device_text(text, device);
	const size_t name_len = strcspn(text, ",");
	if (name_len >= sizeof(out->name)) {
		snprintf(error, PORT_ERROR_SIZE,
		         "%.60s...: a device name has at most %zu octets", text,
		         sizeof(out->name) - 1);
		return -EINVAL;
	}
	memcpy(out->name, text, name_len);
	out->name[name_len] = '\0';
	/* EAL's own arguments may have made it already. */
	if (rte_eth_dev_get_port_by_name(out->name, &out->id) == 0)
		return 0;

	int result = check_arguments(text, error);
	if (result)
		return result;
	result = rte_dev_probe(text);
	if (result != 0)
		return probe_error(result, out->name, error);
	out->probed = true;
	if (rte_eth_dev_get_port_by_name(out->name, &out->id) != 0) {
		snprintf(error, PORT_ERROR_SIZE, "%s is not a network device: name one that is",
		         out->name);
		return -ENODEV;
	}
	return 0;
}

void port_remove(struct port *port)
{
	struct rte_eth_dev_info info;
	struct rte_device *device = NULL;

	if (!port->probed)
		return;
	if (rte_eth_dev_info_get(port->id, &info) == 0)
		device = info.device;
	(void)rte_eth_dev_close(port->id);
	if (device != NULL)
		(void)rte_dev_remove(device);
}

/* What the kernel says of an interface of this network namespace; one that is gone is down. */
static bool interface_runs(unsigned index)
{
	struct ifreq r = { .ifr_ifindex = (int)index };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	/* It may have another name than when it was opened. */
	const bool told = ioctl(fd, SIOCGIFNAME, &r) == 0 && ioctl(fd, SIOCGIFFLAGS, &r) == 0;
	close(fd);
	return told && (r.ifr_flags & IFF_UP) != 0 && (r.ifr_flags & IFF_RUNNING) != 0;
}

bool port_link_is_up(const struct port *port)
{
	struct rte_eth_dev_info info;
	struct rte_eth_link link = { 0 };

	/* PMDs over an interface of the kernel, AF_PACKET among them, say that they are up. */
	if (rte_eth_dev_info_get(port->id, &info) == 0 && info.if_index != 0)
		return interface_runs(info.if_index);
	return rte_eth_link_get_nowait(port->id, &link) == 0 &&
	       link.link_status == RTE_ETH_LINK_UP;
}
