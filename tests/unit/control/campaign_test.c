/* SPDX-License-Identifier: Apache-2.0 */
/*
 * campaign: what is said of campaigns waits for no import, outlives the process, has a
 * bound, ends by itself, and is in images in the order that the data plane searches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "image.h"
#include "image_build.h"
#include "link_message.h"
#include "registry_campaigns.h"
#include "registry_delta.h"
#include "registry_image.h"
#include "sql.h"
#include "temp.h"

#define REGISTRY_APPLICATION 0x534c5552

static struct registry *registry;
static struct link_delta told;

static int setup(void **state)
{
	assert_int_equal(temp_make(state), 0);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	return 0;
}

static int teardown(void **state)
{
	registry_close(registry);
	return temp_remove(state);
}

static void reopen(void)
{
	registry_close(registry);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
}

static int apply(const struct registry_delta *d)
{
	int result = registry_deltas_begin(registry, false);

	if (result == 0)
		result = registry_delta(registry, d, &told);
	return registry_deltas_end(registry, result);
}

static int block(const char *fingerprint)
{
	return apply(&(struct registry_delta){
		.op = LINK_BLOCK, .kind = LINK_CAMPAIGN, .name = fingerprint });
}

static int unblock(const char *fingerprint)
{
	return apply(&(struct registry_delta){
		.op = LINK_UNBLOCK, .kind = LINK_CAMPAIGN, .name = fingerprint });
}

static uint64_t generation(void)
{
	uint64_t value = 0;

	assert_int_equal(registry_generation(registry, &value), 0);
	return value;
}

/* How many are acted upon at this time; the first of them in *first. */
static size_t listed(int64_t now, struct registry_campaign *first)
{
	struct registry_campaign *list = NULL;
	size_t n = 0;

	assert_int_equal(registry_campaigns(registry, now, &list, &n), 0);
	for (size_t i = 1; i < n; i++)
		assert_true(list[i - 1].fingerprint < list[i].fingerprint);
	if (n != 0 && first != NULL)
		*first = list[0];
	free(list);
	return n;
}

static void blocks_and_unblocks(void **state)
{
	const struct registry_delta d = { .op = LINK_BLOCK,
		                          .kind = LINK_CAMPAIGN,
		                          .name = "00ff00ff12345678",
		                          .action = IMAGE_FLAG,
		                          .has_radius = true,
		                          .note = "대출 광고" };
	const uint8_t key[16] = {
		LINK_CAMPAIGN_KEY, 0, 0, 0, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0xff, 0, 0xff, 0
	};
	struct registry_campaign c = { 0 };
	const uint64_t before = generation();

	(void)state;
	assert_int_equal(block(d.name), 0); /* what it is without further words */
	assert_int_equal(told.op, LINK_ADD);
	assert_int_equal(told.kind, LINK_CAMPAIGN);
	assert_memory_equal(told.key.octets, key, sizeof(key));
	assert_int_equal(told.action, IMAGE_REFUSE);
	assert_int_equal(told.radius, CAMPAIGN_RADIUS);
	assert_int_equal(told.blocked_until, 0);
	assert_int_equal(told.generation, before + 1);
	assert_int_equal(apply(&d), 0); /* replaces it; radius 0 is none, not the default */
	assert_int_equal(told.action, IMAGE_FLAG);
	assert_int_equal(told.radius, 0);
	reopen();
	assert_int_equal(listed(time(NULL), &c), 1);
	assert_int_equal(c.fingerprint, 0x00ff00ff12345678);
	assert_int_equal(c.radius, 0);
	assert_int_equal(c.action, IMAGE_FLAG);
	assert_string_equal(c.note, "대출 광고");
	assert_int_equal(unblock("00FF00FF12345678"), 0);
	assert_int_equal(told.op, LINK_REMOVE);
	assert_int_equal(told.generation, before + 3);
	assert_int_equal(told.action | told.radius, 0);
	assert_int_equal(listed(time(NULL), NULL), 0);
	assert_int_equal(unblock("00ff00ff12345678"), -ENOENT);
	assert_int_equal(generation(), before + 3);
}

static void nonsense_changes_nothing(void **state)
{
	static const char *const names[] = { "",
		                             "1234",
		                             "0000000000000000",
		                             "0x00ff00ff123456",
		                             "00ff00ff1234567g",
		                             "00ff00ff123456789",
		                             " 0ff00ff12345678" };
	struct registry_delta d = { .op = LINK_SUSPEND,
		                    .kind = LINK_CAMPAIGN,
		                    .name = "00ff00ff12345678" };
	const uint64_t before = generation();
	char note[CAMPAIGN_NOTE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(block(names[i]), -EINVAL);
	assert_int_equal(apply(&d), -EINVAL);
	d.op = LINK_ADD;
	assert_int_equal(apply(&d), -EINVAL);
	d.op = LINK_BLOCK;
	d.until = (uint32_t)time(NULL) - 1;
	assert_int_equal(apply(&d), -EINVAL);
	d.until = 0;
	memset(note, 'n', sizeof(note));
	note[sizeof(note) - 1] = '\0';
	d.note = note;
	assert_int_equal(apply(&d), -EINVAL);
	/* Nothing of a campaign is said of anything else. */
	d = (struct registry_delta){ .op = LINK_BLOCK,
		                     .kind = LINK_SENDER,
		                     .name = "15881588",
		                     .action = IMAGE_REFUSE };
	assert_int_equal(apply(&d), -EINVAL);
	assert_int_equal(listed(0, NULL), 0);
	assert_int_equal(generation(), before);
}

static void fields_are_read(void **state)
{
	static const char *const bad[][2] = {
		{ "radius", "8" },      { "radius", "-1" },      { "radius", "" },
		{ "radius", "3x" },     { "action", "" },        { "action", "block" },
		{ "action", "Refuse" }, { "kind", "campaigns" },
	};
	struct registry_delta d = { 0 };

	(void)state;
	assert_int_equal(registry_delta_field(&d, "kind", "campaign"), 0);
	assert_int_equal(registry_delta_field(&d, "radius", "0"), 0);
	assert_true(d.has_radius);
	assert_int_equal(registry_delta_field(&d, "radius", "7"), 0);
	assert_int_equal(registry_delta_field(&d, "action", "observe"), 0);
	assert_int_equal(registry_delta_field(&d, "note", "n"), 0);
	assert_int_equal(d.kind, LINK_CAMPAIGN);
	assert_int_equal(d.radius, 7);
	assert_int_equal(d.action, IMAGE_RULE_OBSERVE);
	assert_string_equal(d.note, "n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(registry_delta_field(&d, bad[i][0], bad[i][1]), -EINVAL);
}

/* Whoever imports millions of senders holds the registry for a while. */
static void waits_for_no_import(void **state)
{
	struct sql importer;

	(void)state;
	assert_int_equal(sql_open(&importer, temp_path("r.sqlite"), REGISTRY_APPLICATION), 0);
	assert_int_equal(
		sql_script(&importer, "BEGIN IMMEDIATE; UPDATE meta SET value = value"), 0);
	assert_int_equal(block("8000000000000001"), 0);
	assert_int_equal(unblock("8000000000000001"), 0);
	sql_close(&importer);
}

static void has_a_bound_and_ends(void **state)
{
	struct registry_delta d = { .op = LINK_BLOCK,
		                    .kind = LINK_CAMPAIGN,
		                    .name = "7fffffffffffffff",
		                    .until = (uint32_t)time(NULL) + 3600 };
	char name[CAMPAIGN_TEXT_SIZE];
	struct sql sql;

	(void)state;
	assert_int_equal(apply(&d), 0);
	assert_int_equal(told.valid_until, d.until);
	assert_int_equal(registry_deltas_begin(registry, false), 0);
	for (uint64_t i = 1; i < IMAGE_CAMPAIGNS_MAX; i++) {
		campaign_text(name, i << 54); /* half of them are negative to SQLite */
		d = (struct registry_delta){ .op = LINK_BLOCK,
			                     .kind = LINK_CAMPAIGN,
			                     .name = name };
		assert_int_equal(registry_delta(registry, &d, &told), 0);
	}
	assert_int_equal(registry_deltas_end(registry, 0), 0);
	assert_int_equal(listed(time(NULL), NULL), IMAGE_CAMPAIGNS_MAX);
	assert_int_equal(listed(time(NULL) + 3601, NULL), IMAGE_CAMPAIGNS_MAX - 1);
	assert_int_equal(block("0000000000000001"), -E2BIG);
	assert_non_null(strstr(registry_error(registry), "unblock"));
	assert_int_equal(block("7fffffffffffffff"), 0); /* there already */
	/* One that is over gives its place away. */
	assert_int_equal(sql_open(&sql, temp_path("r.sqlite-sanctions"), 0), 0);
	assert_int_equal(sql_script(&sql, "UPDATE campaign SET until = 1000"
	                                  " WHERE fingerprint = 9223372036854775807"),
	                 0);
	sql_close(&sql);
	assert_int_equal(block("0000000000000001"), 0);
	assert_int_equal(listed(time(NULL), NULL), IMAGE_CAMPAIGNS_MAX);
}

/* A file of sanctions that knows of no campaigns keeps what it has, and learns of them. */
static void old_sanctions_are_kept(void **state)
{
	struct sql sql;

	(void)state;
	registry_close(registry);
	assert_int_equal(sql_open(&sql, temp_path("r.sqlite-sanctions"), 0), 0);
	assert_int_equal(sql_script(&sql,
	                            "DROP TABLE campaign; UPDATE serial SET value = 41;"
	                            "INSERT INTO account_sanction VALUES('acme', 1, 0, 0);"
	                            "PRAGMA user_version = 2"),
	                 0);
	sql_close(&sql);
	assert_int_equal(registry_open(&registry, temp_path("r.sqlite")), 0);
	assert_int_equal(generation(), 42);
	assert_int_equal(block("8000000000000001"), 0);
	assert_int_equal(told.generation, 43);
	assert_int_equal(listed(time(NULL), NULL), 1);
}

/* What the registry says is what the data plane reads, but for what is over. */
static void images_hold_what_is_acted_upon(void **state)
{
	const struct registry_delta d = { .op = LINK_BLOCK,
		                          .kind = LINK_CAMPAIGN,
		                          .name = "8000000000000001",
		                          .action = IMAGE_DISCARD,
		                          .until = (uint32_t)time(NULL) + 3600 };
	char error[REGISTRY_IMAGE_ERROR_SIZE] = "", why[IMAGE_ERROR_SIZE] = "";
	struct image_cache cache = { 0 };
	struct registry_image built;
	struct image image;
	struct sql sql;

	(void)state;
	assert_int_equal(apply(&d), 0);
	assert_int_equal(block("00ff00ff12345678"), 0);
	assert_int_equal(block("0000000000000007"), 0);
	assert_int_equal(sql_open(&sql, temp_path("r.sqlite-sanctions"), 0), 0);
	assert_int_equal(
		sql_script(&sql, "UPDATE campaign SET until = 1 WHERE fingerprint = 7"), 0);
	sql_close(&sql);
	assert_int_equal(registry_image_build(&built, registry, &cache, error), 0);
	void *octets = mmap(NULL, built.size, PROT_READ, MAP_PRIVATE, built.fd, 0);
	close(built.fd);
	assert_int_equal(image_open(&image, octets, built.size, why), 0);
	assert_int_equal(image.n_campaigns, 2);
	const struct image_campaign *c = image.campaigns;
	assert_int_equal(c[0].fingerprint, 0x00ff00ff12345678);
	assert_int_equal(c[0].action, IMAGE_REFUSE);
	assert_int_equal(c[0].radius, CAMPAIGN_RADIUS);
	assert_int_equal(c[0].valid_until, 0);
	assert_true(c[1].fingerprint == UINT64_C(0x8000000000000001));
	assert_int_equal(c[1].action, IMAGE_DISCARD);
	assert_int_equal(c[1].valid_until, d.until);
	image_close(&image);
	munmap(octets, built.size);
	image_cache_clear(&cache);
}

static const struct image_section *section_of(const void *octets, uint32_t type)
{
	const struct image_header *h = octets;
	const struct image_section *s = (const void *)(h + 1);

	for (unsigned i = 0; i < h->n_sections; i++)
		if (s[i].type == type)
			return &s[i];
	return NULL;
}

static void images_have_them_sorted(void **state)
{
	char error[IMAGE_BUILD_ERROR_SIZE] = "";
	struct image_campaign c = { .action = IMAGE_REFUSE, .radius = 3 };
	struct image_build *build = NULL;
	void *octets = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(image_build_open(&build), 0);
	assert_int_equal(image_build_campaign(build, &c), -EINVAL);
	for (uint64_t i = 0; i < IMAGE_CAMPAIGNS_MAX; i++) {
		c.fingerprint = (i * UINT64_C(0x9e3779b97f4a7c15)) | 1;
		assert_int_equal(image_build_campaign(build, &c), 0);
	}
	assert_int_equal(image_build_campaign(build, &c), -EEXIST);
	c.fingerprint = 2;
	assert_int_equal(image_build_campaign(build, &c), -E2BIG);
	c.radius = IMAGE_CAMPAIGN_RADIUS_MAX + 1;
	assert_int_equal(image_build_campaign(build, &c), -EINVAL);
	assert_int_equal(image_build_memory(build, 1, 1, &octets, &size, error), 0);
	const struct image_section *s = section_of(octets, IMAGE_CAMPAIGNS);
	assert_non_null(s);
	assert_int_equal(s->count, IMAGE_CAMPAIGNS_MAX);
	const struct image_campaign *rows = (const void *)((uint8_t *)octets + s->offset);
	for (uint64_t i = 1; i < s->count; i++)
		assert_true(rows[i - 1].fingerprint < rows[i].fingerprint);
	free(octets);
	image_build_close(build);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(blocks_and_unblocks),
		T(nonsense_changes_nothing),
		T(fields_are_read),
		T(waits_for_no_import),
		T(has_a_bound_and_ends),
		T(old_sanctions_are_kept),
		T(images_hold_what_is_acted_upon),
		T(images_have_them_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
