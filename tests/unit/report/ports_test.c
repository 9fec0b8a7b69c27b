/* SPDX-License-Identifier: Apache-2.0 */
/* The links of ports: what is news, since when, how often; a reader that believes little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "report.h"
#include "report_folder.h"
#include "report_reader.h"

static char why[REPORT_ERROR_SIZE];

static struct report *life(void)
{
	struct report *r = NULL;

	if (report_open(&r, path, 1, 64, 1000, why) != 0)
		fail_msg("%s", why);
	return r;
}

static void expect(unsigned i, unsigned n, const char *name, uint64_t state, uint64_t changes)
{
	struct report_reader *reader = NULL;
	struct report_port ports[REPORT_PORTS_MAX];

	assert_int_equal(report_reader_open(&reader, path, why), 0);
	assert_int_equal(report_reader_ports(reader, ports), n);
	report_reader_close(reader);
	assert_string_equal(ports[i].name, name);
	assert_int_equal(ports[i].state, state);
	assert_int_equal(ports[i].changes, changes);
}

static void come_and_go(void **state)
{
	static const char long_name[] =
		"net_af_packet_with_a_name_of_more_than_47_octets_in_all";
	struct report *r = life();

	(void)state;
	assert_false(report_port_state(r, 0, "net_ring0", true, 1000));
	assert_false(report_port_state(r, 1, long_name, false, 1001));
	assert_false(report_port_state(r, 0, "net_ring0", true, 1002));
	expect(0, 2, "net_ring0", 1000 * 2 + 1, 0);
	expect(1, 2, "net_af_packet_with_a_name_of_more_than_47_octet", 1001 * 2, 0);
	assert_true(report_port_state(r, 0, "net_ring0", false, 1003));
	assert_false(report_port_state(r, 0, "net_ring0", false, 1004));
	expect(0, 2, "net_ring0", 1003 * 2, 1);
	assert_true(report_port_state(r, 0, "net_ring0", true, 1005));
	expect(0, 2, "net_ring0", 1005 * 2 + 1, 2);
	report_close(r);
}

/* Another life of the data plane may have other ports; what others write there is not its. */
static void of_one_life(void **state)
{
	struct report *r = life();
	const uint64_t lie = UINT64_MAX;

	(void)state;
	for (unsigned i = 0; i < REPORT_PORTS_MAX; i++)
		assert_false(report_port_state(r, i, "before", true, 1000));
	report_close(r);
	r = life();
	assert_false(report_port_state(r, 0, "after", false, 2000));
	expect(0, 1, "after", 2000 * 2, 0);
	const int fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, &lie, 8, offsetof(struct report_header, n_ports)), 8);
	close(fd);
	assert_true(report_port_state(r, 0, "after", true, 2001));
	expect(0, REPORT_PORTS_MAX, "after", 2001 * 2 + 1, 1);
	report_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(of_one_life, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
