/* SPDX-License-Identifier: Apache-2.0 */
/* submit_multi: destinations, lists of them, and counts that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode.h"

static struct pdu p;
static struct smpp_message m;

static void start(unsigned count)
{
	pdu_header(&p, SMPP_SUBMIT_MULTI, 0, 1);
	pdu_string(&p, "");
	pdu_address(&p, 5, 0, "Sluice");
	pdu_u8(&p, count);
}

static void add_sme(const char *digits)
{
	pdu_u8(&p, 1);
	pdu_address(&p, 2, 8, digits);
}

static void add_list(const char *name)
{
	pdu_u8(&p, 2);
	pdu_string(&p, name);
}

static void finish(const char *text)
{
	pdu_delivery(&p, 0, 0, text, strlen(text));
	pdu_seal(&p);
}

static void sme_first(void **state)
{
	(void)state;
	start(3);
	add_sme("01012345678");
	add_list("subscribers");
	add_sme("01087654321");
	finish("to three");
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.n_destinations, 3);
	assert_text(m.destination.digits, "01012345678");
	assert_int_equal(m.destination.ton, 2);
	assert_int_equal(m.destination.npi, 8);
	assert_text(m.source.digits, "Sluice");
	assert_text(m.short_message.octets, "to three");
	struct cursor all = cursor_over(m.destinations.data, m.destinations.len);
	assert_text(smpp_next_destination(&all).digits, "01012345678");
	assert_text(smpp_next_destination(&all).digits, "subscribers");
	assert_text(smpp_next_destination(&all).digits, "01087654321");
	assert_int_equal(cursor_left(&all), 0);
}

static void list_first(void **state)
{
	(void)state;
	start(2);
	add_list("12345678901234567890");
	add_sme("01087654321");
	finish("to a list");
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_text(m.destination.digits, "12345678901234567890");
	assert_int_equal(m.destination.ton, 0);
	assert_text(m.short_message.octets, "to a list");
}

static void as_many_as_can_be(void **state)
{
	(void)state;
	start(255);
	for (unsigned i = 0; i < 255; i++)
		add_sme("12345678901234567890");
	finish("to all");
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.n_destinations, 255);
	assert_text(m.short_message.octets, "to all");
}

static void none_at_all(void **state)
{
	(void)state;
	start(0);
	finish("to nobody");
	assert_int_equal(decode(&m, &p), SMPP_ROK);
	assert_int_equal(m.n_destinations, 0);
	assert_null(m.destination.digits.data);
	assert_text(m.short_message.octets, "to nobody");
}

static void count_lies(void **state)
{
	(void)state;
	/* One too many: esm_class is read as a dest_flag. */
	start(2);
	add_sme("01012345678");
	finish("text");
	assert_fault(&p, SMPP_RINVDESTFLAG, "dest_flag");

	/* One too few: a destination is read as esm_class and so on. */
	start(1);
	add_sme("01012345678");
	add_sme("01087654321");
	finish("text");
	assert_true(decode(&m, &p) != SMPP_ROK);

	/* The PDU ends among them. */
	start(200);
	add_sme("01012345678");
	pdu_seal(&p);
	assert_fault(&p, SMPP_RINVCMDLEN, "dest_flag");
}

static void bad_destinations(void **state)
{
	(void)state;
	start(1);
	add_list("123456789012345678901");
	finish("text");
	assert_fault(&p, SMPP_RINVDLNAME, "dl_name");

	start(1);
	add_sme("123456789012345678901");
	finish("text");
	assert_fault(&p, SMPP_RINVDSTADR, "destination_addr");

	start(1);
	pdu_u8(&p, 3);
	const uint32_t flag_at = SMPP_HEADER_SIZE + 1 + 2 + sizeof("Sluice") + 1;
	pdu_address(&p, 1, 1, "1");
	finish("text");
	assert_fault(&p, SMPP_RINVDESTFLAG, "dest_flag");
	(void)decode(&m, &p);
	assert_int_equal(m.error_at, flag_at); /* where explain points */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sme_first),         cmocka_unit_test(list_first),
		cmocka_unit_test(as_many_as_can_be), cmocka_unit_test(none_at_all),
		cmocka_unit_test(count_lies),        cmocka_unit_test(bad_destinations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
