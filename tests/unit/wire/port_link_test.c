/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_link: whether a port's cable has another end: AF_PACKET over veth, in a network
 * namespace of our own (as root), and PMDs without an interface.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "port.h"

static bool own_namespace;

/* The kernel says it within a second or so. */
static void becomes(const struct port *port, bool up)
{
	for (unsigned i = 0; i < 100 && port_link_is_up(port) != up; i++)
		usleep(50000);
	assert_int_equal(port_link_is_up(port), up);
}

static void cables(void **state)
{
	struct settings s;
	struct ports ports;
	char error[200];

	(void)state;
	settings_defaults(&s);
	s.n_links = 1;
	s.buffers = 4096;
	if (!own_namespace)
		skip();
	assert_int_equal(system("ip link add wire0 type veth peer name far0 && "
	                        "ip link set wire0 up && ip link set far0 up"),
	                 0);
	snprintf(s.links[0].esme, sizeof(s.links[0].esme), "net_af_packet0,iface=wire0");
	snprintf(s.links[0].smsc, sizeof(s.links[0].smsc), "net_null0");
	if (ports_open(&ports, &s, 20, error) != 0)
		fail_msg("%s", error);
	const struct port *port = &ports.links[0].port[SIDE_ESME];
	becomes(port, true);
	assert_true(port_link_is_up(&ports.links[0].port[SIDE_SMSC]));
	assert_int_equal(system("ip link set far0 down"), 0); /* the cable is pulled */
	becomes(port, false);
	assert_int_equal(system("ip link set far0 up"), 0);
	becomes(port, true);
	assert_int_equal(system("ip link set wire0 down"), 0); /* ours is put down */
	becomes(port, false);
	assert_int_equal(system("ip link set wire0 name wire9 && ip link set wire9 up"), 0);
	becomes(port, true);
	assert_int_equal(system("ip link del far0"), 0);
	becomes(port, false);
	ports_close(&ports);
}

int main(void)
{
	char *args[] = { "port_link_test",
		         "--no-huge",
		         "-m",
		         "64",
		         "--no-pci",
		         "--no-shconf",
		         "--no-telemetry",
		         "-l",
		         "0",
		         "--log-level",
		         "error",
		         "--file-prefix=port-link-test",
		         NULL };
	const struct CMUnitTest tests[] = { cmocka_unit_test(cables) };

	own_namespace = unshare(CLONE_NEWNET) == 0;
	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rte_eal_cleanup();
	return failed;
}
