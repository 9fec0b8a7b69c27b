/* SPDX-License-Identifier: Apache-2.0 */
/* port_mtu: ports take the frames that packet buffers were made for, and no larger ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include <rte_ethdev.h>

#include "../../quiet_eal.h"
#include "port.h"

/* Of both ports, opened with buffers for frames of so many octets. */
static void assert_mtu(uint64_t buffer_octets, const char *smsc, uint16_t esme_mtu,
                       uint16_t smsc_mtu)
{
	const uint16_t expected[2] = { esme_mtu, smsc_mtu };
	struct settings s;
	struct ports ports;
	char error[200];

	settings_defaults(&s);
	s.n_links = 1;
	s.buffers = 1024;
	s.buffer_octets = buffer_octets;
	snprintf(s.links[0].esme, sizeof(s.links[0].esme), "net_null0");
	snprintf(s.links[0].smsc, sizeof(s.links[0].smsc), "%s", smsc);
	if (ports_open(&ports, &s, 20, error) != 0)
		fail_msg("%s", error);
	for (unsigned side = 0; side < 2; side++) {
		uint16_t mtu = 0;
		assert_int_equal(rte_eth_dev_get_mtu(ports.links[0].port[side].id, &mtu), 0);
		assert_int_equal(mtu, expected[side]);
		assert_int_equal(ports.links[0].port[side].mtu, expected[side]);
	}
	ports_close(&ports);
}

static void as_buffers_hold(void **state)
{
	(void)state;
	assert_mtu(2048, "net_null1", 1500, 1500);
	assert_mtu(9026, "net_null1", 9000, 9000); /* Ethernet header, two tags, CRC */
	assert_mtu(32768, "net_null1", 32742, 32742);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(as_buffers_hold) };

	if (quiet_eal("port_mtu", 128) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
