/* SPDX-License-Identifier: Apache-2.0 */
/* setting: what is read, and that every mistake is told with its place and a way out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "setting.h"

#define LINK "links: [ { esme: \"net_null0\", smsc: \"net_null1\" } ]\n"

static void test_defaults(void **state)
{
	struct settings s;
	char error[SETTING_ERROR_SIZE];

	(void)state;
	assert_int_equal(settings_parse(&s, LINK, strlen(LINK), "f", error), 0);
	assert_string_equal(error, "");
#define SETTING_U64(name, unit, min, max, def, sentence) \
	assert_int_equal(s.name, def); \
	assert_in_range(s.name, min, max);
#define SETTING_ENUM(name, values, def, sentence) assert_true(s.name < 3);
#define SETTING_PATH(name, def, sentence) assert_string_equal(s.name, def);
#include "setting.def"
#undef SETTING_U64
#undef SETTING_ENUM
#undef SETTING_PATH
	assert_int_equal(s.poll, POLL_ADAPTIVE);
	assert_int_equal(s.midstream, MIDSTREAM_RESET);
	assert_int_equal(s.huge_pages, HUGE_TRY);
	assert_int_equal(s.n_links, 1);
	assert_string_equal(s.links[0].smsc, "net_null1");
	assert_int_equal(s.n_smpp_ports, 1);
	assert_int_equal(s.smpp_ports[0], 2775);
	assert_int_equal(s.n_eal, 0);
}

static const char everything[] = "# as an operator writes it\n"
				 "links:\n"
				 "  - { esme: \"net_af_packet0,iface=esme0,framesz=2048\", "
				 "smsc: 'net_af_packet1,iface=s' }\n"
				 "  - smsc: 0000:01:00.1\n"
				 "    esme: 0000:01:00.0\n"
				 "smpp_ports: [ 2775, 3600, 65535 ]\n"
				 "eal: [ \"--no-pci\", '-l', \"0,1 \\\"q\\\\ \\u00e9\" ]\n"
				 "poll: busy\n"
				 "workers: 64\n"
				 "flows: 16777216\n"
				 "delayed_ack: 0\n"
				 "audit_slots: 4096\n"
				 "midstream: pass\n"
				 "huge_pages: require\n"
				 "user: sluice\n";

static void check_everything(const struct settings *s)
{
	assert_int_equal(s->n_links, 2);
	assert_string_equal(s->links[0].esme, "net_af_packet0,iface=esme0,framesz=2048");
	assert_string_equal(s->links[0].smsc, "net_af_packet1,iface=s");
	assert_string_equal(s->links[1].esme, "0000:01:00.0");
	assert_string_equal(s->links[1].smsc, "0000:01:00.1");
	assert_int_equal(s->n_smpp_ports, 3);
	assert_int_equal(s->smpp_ports[1], 3600);
	assert_int_equal(s->smpp_ports[2], 65535);
	assert_int_equal(s->n_eal, 3);
	assert_string_equal(s->eal[0], "--no-pci");
	assert_string_equal(s->eal[2], "0,1 \"q\\ \xc3\xa9");
	assert_int_equal(s->poll, POLL_BUSY);
	assert_int_equal(s->workers, 64);
	assert_int_equal(s->flows, 16777216);
	assert_int_equal(s->delayed_ack, 0);
	assert_int_equal(s->midstream, MIDSTREAM_PASS);
	assert_int_equal(s->huge_pages, HUGE_REQUIRE);
	assert_string_equal(s->user, "sluice");
	assert_int_equal(s->burst, 64);
}

/* Read, print, read again: the same. */
static void test_everything(void **state)
{
	static struct settings s, again;
	char error[SETTING_ERROR_SIZE], *text = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(settings_parse(&s, everything, strlen(everything), "f", error), 0);
	check_everything(&s);
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	settings_print(out, &s);
	fclose(out);
	assert_int_equal(settings_parse(&again, text, len, "printed", error), 0);
	check_everything(&again);
	assert_memory_equal(&s, &again, sizeof(s));
	free(text);
}

/* What YAML would read as a break, or refuse, when it is not escaped. */
static void test_odd_texts(void **state)
{
	static const char *const texts[] = { "\\uFFFF",     "\\uFEFF", "\\u2028x", "\\x85",
		                             "\\x7f",       "a\\nb",   "\\t",      " x ",
		                             "\\U0001F600", "\\u00e9", "\\\\\\\"", "# x",
		                             "\\uD55C" };
	static struct settings s, again;
	char text[200], error[SETTING_ERROR_SIZE];

	(void)state;
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *printed = NULL;
		size_t len = 0;
		snprintf(text, sizeof(text), LINK "user: \"%s\"\n", texts[i]);
		assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), 0);
		FILE *out = open_memstream(&printed, &len);
		settings_print(out, &s);
		fclose(out);
		if (settings_parse(&again, printed, len, "printed", error) != 0)
			fail_msg("%s: %s", texts[i], error);
		assert_string_equal(s.user, again.user);
		free(printed);
	}
}

static const struct {
	const char *text, *error; /* error: how the sentence starts */
} mistakes[] = {
	{ "", "f:1:1: the file is empty" },
	{ "# nothing\n", "f:1:1: the file is empty" },
	{ "- links\n", "f:1:1: this is no settings file" },
	{ "poll: busy\n", "f:1:1: no link" },
	{ "poll: busy\nlinks: []\n", "f:2:8: no link" },
	{ LINK "flowz: 5\n", "f:2:1: there is no setting \"flowz\"" },
	{ LINK "flows: 63\n", "f:2:8: flows is out of range: write 64 to 16777216 flows" },
	{ LINK "flows: 16777217\n", "f:2:8: flows is out of range" },
	{ LINK "flows: 99999999999999999999999\n", "f:2:8: flows is out of range" },
	{ LINK "flows: -64\n", "f:2:8: flows must be a number of flows" },
	{ LINK "flows: 1e3\n", "f:2:8: flows must be a number" },
	{ LINK "flows: \"100\"\n", "f:2:8: flows must be a number" },
	{ LINK "flows:\n", "f:2:7: flows must be a number" },
	{ LINK "flows: [ 100 ]\n", "f:2:8: flows must be a number" },
	{ LINK "poll:  idle\n", "f:2:8: poll has no such value: write one of busy|adaptive" },
	{ LINK "poll: { busy: 1 }\n", "f:2:7: poll has no such value" },
	{ LINK "poll: bus\n", "f:2:7: poll has no such value" },
	{ LINK "poll: \"\"\n", "f:2:7: poll has no such value" },
	{ LINK "user: [ root ]\n", "f:2:7: user must be a text" },
	{ LINK "user: \"a\\0b\"\n", "f:2:7: user holds a NUL" },
	{ LINK "user: a\nflows: 64\nuser: b\n", "f:4:1: \"user\" was set in line 2 already" },
	{ LINK LINK, "f:2:1: \"links\" was set in line 1 already" },
	{ LINK "[ a ]: b\n", "f:2:1: a setting's name must be a plain word" },
	{ LINK "\"user\\0x\": b\n", "f:2:1: a setting's name must be a plain word" },
	{ LINK "smpp_ports: 2775\n", "f:2:13: smpp_ports must be a list" },
	{ LINK "smpp_ports: []\n", "f:2:13: smpp_ports is empty" },
	{ LINK "smpp_ports: [ 0 ]\n", "f:2:15: this is no TCP port" },
	{ LINK "smpp_ports: [ 1, 65536 ]\n", "f:2:18: this is no TCP port" },
	{ LINK "smpp_ports: [ smpp ]\n", "f:2:15: this is no TCP port" },
	{ LINK "smpp_ports: [ 7, 8, 7 ]\n", "f:2:21: port 7 is there twice" },
	{ LINK "smpp_ports: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]\n",
	  "f:2:13: smpp_ports has 17 items: 16 are the most" },
	{ LINK "eal: --no-pci\n", "f:2:6: eal must be a list" },
	{ LINK "eal: [ [ x ] ]\n", "f:2:8: an EAL argument must be a text" },
	{ LINK "rto_min: 2000\nrto_max: 1000\n", "f:2:10: rto_min is above rto_max (1000 ms)" },
	{ LINK "audit_slots: 1000\n", "f:2:14: audit_slots must be a power of two" },
	{ LINK "link_socket: \"\"\n", "f:2:14: link_socket is empty: write a path" },
	{ LINK "image_file:\n", "f:2:12: image_file is empty" },
	{ LINK "report_file: ''\n", "f:2:14: report_file is empty" },
	{ LINK "recipient_key: ''\n", "f:2:16: recipient_key is empty" },
	{ LINK "user: 'x\n", "f:3:1: not YAML: " },
	{ LINK "\tuser: x\n", "f:2:1: not YAML: " },
	{ LINK "user: *nobody\n", "f:2:7: not YAML: " },
	{ LINK "---\nuser: x\n", "f:3:1: a second document" },
	{ "links: net_null0\n", "f:1:8: links must be a list" },
	{ "links: [ net_null0 ]\n", "f:1:10: a link is a pair" },
	{ "links: [ { esme: a } ]\n", "f:1:10: this link has no smsc" },
	{ "links: [ { smsc: a } ]\n", "f:1:10: this link has no esme" },
	{ "links: [ { esme: a, smsk: b } ]\n", "f:1:21: a link has no such key" },
	{ "links: [ { esme: a, [ x ]: b } ]\n", "f:1:21: a link has no such key" },
	{ "links: [ { esme: net_af_packet0,iface=e0, smsc: b } ]\n",
	  "f:1:33: a link has no such key: write esme and smsc only, and a port with commas" },
	{ "links: [ { esme: a, esme: b } ]\n", "f:1:27: esme is there twice" },
	{ "links: [ { esme: \"\", smsc: b } ]\n", "f:1:18: esme is empty" },
	{ "links: [ { esme: a, smsc: { b: c } } ]\n", "f:1:27: smsc must be a text" },
	{ "links: [ { esme: \"a,x=1\", smsc: \"a,x=2\" } ]\n",
	  "f:1:33: port a is in use already" },
	{ "links:\n  - { esme: a, smsc: b }\n  - { esme: c, smsc: a }\n",
	  "f:3:22: port a is in use already" },
};

static void test_mistakes(void **state)
{
	struct settings s, before;
	char error[SETTING_ERROR_SIZE];

	(void)state;
	memset(&s, 0x5a, sizeof(s));
	before = s;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const char *text = mistakes[i].text, *want = mistakes[i].error;
		memset(error, 0x5a, sizeof(error));
		assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), -EINVAL);
		if (strncmp(error, want, strlen(want)) != 0)
			fail_msg("for:\n%s\nsaid: %s\nnot:  %s", text, error, want);
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

/* All that is wrong is told at once, in order, and there may be more of it than is kept. */
static void test_many_mistakes(void **state)
{
	static const char text[] = LINK "poll: idle\nflows: 1\nnonsense: 2\nuser: sluice\n"
					"flows: 100\nsmpp_ports: [ 0 ]\n";
	static char many[200 * 12];
	char error[SETTING_ERROR_SIZE];
	struct settings s;

	(void)state;
	assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), -EINVAL);
	assert_string_equal(error,
	                    "f:2:7: poll has no such value: write one of busy|adaptive\n"
	                    "f:3:8: flows is out of range: write 64 to 16777216 flows\n"
	                    "f:4:1: there is no setting \"nonsense\": --help lists them all\n"
	                    "f:6:1: \"flows\" was set in line 3 already: take one out\n"
	                    "f:7:15: this is no TCP port: write a number of 1 to 65535");
	for (unsigned i = 0; i < 200; i++)
		sprintf(many + strlen(many), "none%u: 1\n", i);
	assert_int_equal(settings_parse(&s, many, strlen(many), "f", error), -EINVAL);
	assert_in_range(strlen(error), SETTING_ERROR_SIZE - 401, SETTING_ERROR_SIZE - 1);
	assert_true(error[strlen(error) - 1] == 'l' && strncmp(error, "f:1:1: ", 7) == 0);
}

/* One octet more than fits, in every text; and a path longer than the message. */
static void test_bounds(void **state)
{
	struct settings s;
	char text[1000], error[SETTING_ERROR_SIZE], name[600];

	(void)state;
	for (int len = 254; len <= 257; len++) {
		const int want = len <= 255 ? 0 : -EINVAL;
		snprintf(text, sizeof(text), LINK "user: %0*d\n", len, 7);
		assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), want);
		snprintf(text, sizeof(text), LINK "eal: [ %0*d ]\n", len, 7);
		assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), want);
		snprintf(text, sizeof(text), "links: [ { esme: %0*d, smsc: b } ]\n", len, 7);
		assert_int_equal(settings_parse(&s, text, strlen(text), "f", error), want);
	}
	assert_non_null(strstr(error, "f:1:18: esme has 257 octets: 255 are the most"));
	memset(name, 'p', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(settings_parse(&s, "x: 1\n", 5, name, error), -EINVAL);
	assert_non_null(strstr(error, "p:1:1: there is no setting \"x\""));
}

static void test_files(void **state)
{
	static struct settings s;
	char path[] = "/tmp/setting-test-XXXXXX", error[SETTING_ERROR_SIZE];
	const int fd = mkstemp(path);
	static char big[(1 << 20) + 1];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, everything, strlen(everything)), strlen(everything));
	assert_int_equal(settings_read(&s, path, error), 0);
	check_everything(&s);
	memset(big, '#', sizeof(big));
	assert_int_equal(pwrite(fd, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(settings_read(&s, path, error), -EFBIG);
	close(fd);
	unlink(path);
	assert_int_equal(settings_read(&s, path, error), -ENOENT);
	assert_non_null(strstr(error, ": cannot be read: No such file"));
	assert_int_equal(settings_read(&s, "/tmp", error), -EISDIR);
}

static void test_help(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	settings_help(out);
	fclose(out);
#define SETTING_U64(name, unit, min, max, def, sentence) \
	assert_non_null(strstr(text, "\n" #name ": " unit)); \
	assert_non_null(strstr(text, sentence));
#define SETTING_ENUM(name, values, def, sentence) \
	assert_non_null(strstr(text, "\n" #name ": " values ", default " def));
#define SETTING_PATH(name, def, sentence) assert_non_null(strstr(text, "\n" #name ": text"));
#include "setting.def"
#undef SETTING_U64
#undef SETTING_ENUM
#undef SETTING_PATH
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_everything),
		cmocka_unit_test(test_mistakes), cmocka_unit_test(test_many_mistakes),
		cmocka_unit_test(test_bounds),   cmocka_unit_test(test_files),
		cmocka_unit_test(test_help),     cmocka_unit_test(test_odd_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
