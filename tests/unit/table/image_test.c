/* SPDX-License-Identifier: Apache-2.0 */
/* image: what a hostile image may try. Lies are told with right checksums, so that the
 * checks of meaning are tested and not the checksums. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "image.h"
#include "image_reseal.h"
#include "sample_image.h"

static uint8_t *pristine;  /* the sample */
static size_t pristine_size;
static uint8_t *work;      /* ends at a page that nobody may touch */
static size_t room;        /* a multiple of IMAGE_ALIGN, so that an image can end there */

static int set_up(void **state)
{
	(void)state;
	pristine = sample_image(&pristine_size);
	const size_t pages = (pristine_size + 4095) / 4096 + 1;
	uint8_t *map = mmap(NULL, (pages + 1) * 4096, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + pages * 4096, 4096, PROT_NONE), 0);
	work = map;
	room = pages * 4096;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(pristine);
	munmap(work, room + 4096);
	return 0;
}

/* A fresh copy of the sample, or of its beginning, that ends at the guard page. size
 * must be a multiple of IMAGE_ALIGN for that; other sizes start aligned before it. */
static uint8_t *fresh(size_t size)
{
	uint8_t *at = work + ((room - size) & ~(size_t)(IMAGE_ALIGN - 1));

	memcpy(at, pristine, size);
	return at;
}

static struct image_section *directory(uint8_t *octets)
{
	return (void *)(octets + sizeof(struct image_header));
}

static struct image_section *section(uint8_t *octets, enum image_section_type type)
{
	struct image_section *s = directory(octets);

	while (s->type != type)
		s++;
	return s;
}

static void *rows(uint8_t *octets, enum image_section_type type)
{
	return octets + section(octets, type)->offset;
}

static int open_only(const uint8_t *octets, size_t size)
{
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	memset(&im, 0xa5, sizeof(im));
	const int result = image_open(&im, octets, size, error);
	if (result == 0) {
		image_close(&im);
		return 0;
	}
	assert_true(strlen(error) > 0);
	for (size_t i = 0; i < sizeof(im); i++)
		assert_int_equal(((uint8_t *)&im)[i], 0xa5); /* untouched */
	return result;
}

/* The lie, told with right checksums, is refused with a sentence that says so. */
static void refused(uint8_t *octets, const char *sentence)
{
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	image_reseal(octets, pristine_size);
	const int result = image_open(&im, octets, pristine_size, error);
	if (result == 0)
		fail_msg("accepted; expected: %s", sentence);
	assert_int_equal(result, -EBADMSG);
	if (strstr(error, sentence) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error, sentence);
}

/* A lie told to a fresh copy, o. */
#define LIE(statement, sentence) \
	do { \
		uint8_t *o = fresh(pristine_size); \
		statement; \
		refused(o, sentence); \
	} while (0)

static void opens_and_finds(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	assert_int_equal(image_open(&im, fresh(pristine_size), pristine_size, error), 0);
	assert_int_equal(im.n_accounts, 6);
	assert_int_equal(im.n_rules, 2);
	assert_int_equal(im.n_patterns, 3);
	assert_int_equal(im.header->generation, 7);
	const uint32_t acme = image_account_row(&im, (const uint8_t *)"acme", 4);
	assert_int_equal(im.accounts[acme].id, SAMPLE_ACME);
	assert_string_equal(im.strings + im.accounts[acme].name, "Acme 문자");
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acm", 3), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acme\0", 5), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acmf", 4), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"", 0), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"a-state-office1", 15),
	                 im.n_accounts == 6 ? 1 : 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"a-state-office1x", 16), 0);
	for (unsigned i = 0; i < SAMPLE_SENDERS + 50; i++) {
		const struct sender_key key = sample_number(i);
		const struct image_sender *found;
		sender_set_find(&im.senders, &key, 1, &found);
		assert_int_equal(found != NULL, i < SAMPLE_SENDERS);
		if (found != NULL)
			assert_memory_equal(&found->key, &key, sizeof(key));
	}
	assert_non_null(im.database);
	image_close(&im);
}

static void empty_registry_opens(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image_build *b;
	struct image im;
	void *octets;
	size_t size;
	const struct sender_key key = sample_number(1);
	const struct image_sender *found = (void *)1;

	assert_int_equal(image_build_open(&b), 0);
	assert_int_equal(image_build_memory(b, 1, 1, &octets, &size, error), 0);
	image_build_close(b);
	assert_int_equal(image_open(&im, octets, size, error), 0);
	assert_int_equal(im.n_accounts, 1);
	assert_null(im.database);
	sender_set_find(&im.senders, &key, 1, &found);
	assert_null(found);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acme", 4), 0);
	image_close(&im);
	free(octets);
}

/* Cut anywhere: at each multiple of 64 against the guard page, and at random places. */
static void truncated(void **state)
{
	(void)state;
	uint32_t x = 7;

	for (size_t size = 0; size < pristine_size; size += IMAGE_ALIGN)
		assert_int_equal(open_only(fresh(size), size), -EBADMSG);
	for (unsigned i = 0; i < 500; i++) {
		x = x * 1664525 + 1013904223;
		const size_t size = x % pristine_size;
		assert_int_equal(open_only(fresh(size), size), -EBADMSG);
	}
	const struct image_section *s = directory(pristine);
	for (unsigned i = 0; i < 10; i++) {
		for (int delta = -1; delta <= 1; delta++) {
			const size_t start = s[i].offset + (size_t)delta;
			const size_t end = s[i].offset + s[i].size + (size_t)delta;
			assert_int_equal(open_only(fresh(start), start), -EBADMSG);
			if (end < pristine_size)
				assert_int_equal(open_only(fresh(end), end), -EBADMSG);
		}
	}
}

/* Cut with a header that owns up to the new size: the directory must notice. */
static void truncated_and_resealed(void **state)
{
	(void)state;
	for (size_t size = sizeof(struct image_header); size < pristine_size; size += IMAGE_ALIGN) {
		uint8_t *octets = fresh(size);
		struct image_header *h = (void *)octets;

		h->size = size;
		image_reseal(octets, size);
		assert_int_equal(open_only(octets, size), -EBADMSG);
	}
}

static void corrupted_without_reseal(void **state)
{
	(void)state;
	uint32_t x = 3;

	for (unsigned i = 0; i < 1500; i++) {
		uint8_t *octets = fresh(pristine_size);
		x = x * 1664525 + 1013904223;
		octets[x % pristine_size] ^= (uint8_t)(1u << (x >> 29));
		const int result = open_only(octets, pristine_size);
		/* any bit of the version field gives another version */
		assert_true(result == -EBADMSG || result == -EPROTONOSUPPORT);
	}
}

/* Random damage with right checksums either is refused, or gives an image whose
 * look-ups all stay inside (guard page, sanitizers). */
static void corrupted_and_resealed(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;
	uint32_t x = 11;
	unsigned opened = 0, refused_n = 0;

	for (unsigned i = 0; i < 1500; i++) {
		uint8_t *octets = fresh(pristine_size);
		for (unsigned n = 0; n < 1 + i % 3; n++) {
			x = x * 1664525 + 1013904223;
			/* half of the damage in the header and directory */
			const size_t span = x >> 31 ? 64 + 10 * 40 : pristine_size;
			octets[(x >> 1) % span] = (uint8_t)(x >> 9);
		}
		image_reseal(octets, pristine_size);
		if (image_open(&im, octets, pristine_size, error) != 0) {
			refused_n++;
			continue;
		}
		opened++;
		image_walk(&im);
		image_close(&im);
	}
	assert_true(opened > 20); /* times, statuses, names: no lie */
	assert_true(refused_n > 500);
}

static void wrong_version_is_said(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;
	const uint32_t versions[] = { 0, IMAGE_VERSION + 1, UINT32_MAX };

	for (unsigned i = 0; i < 3; i++) {
		uint8_t *octets = fresh(pristine_size);
		((struct image_header *)(void *)octets)->version = versions[i];
		image_reseal(octets, pristine_size);
		assert_int_equal(image_open(&im, octets, pristine_size, error),
		                 -EPROTONOSUPPORT);
		assert_non_null(strstr(error, "version"));
	}
}

static void header_lies(void **state)
{
	(void)state;
	uint8_t *o = fresh(pristine_size);
	struct image_header *h = (void *)o;

	h->magic ^= 1;
	refused(o, "not a table image");
	o = fresh(pristine_size);
	h->size += 64;
	refused(o, "the header says");
	o = fresh(pristine_size);
	h->n_sections = 0;
	refused(o, "sections");
	o = fresh(pristine_size);
	h->n_sections = IMAGE_SECTIONS_MAX + 1;
	refused(o, "sections");
	o = fresh(pristine_size);
	h->generation = 0;
	refused(o, "generation");
	o = fresh(pristine_size);
	h->reserved[1] = 1;
	refused(o, "reserved");
	o = fresh(pristine_size);
	h->n_sections--;
	refused(o, "offset");
	assert_int_equal(open_only(fresh(pristine_size - 64) + 1, pristine_size - 64), -EBADMSG);
}

/* Each field of each directory entry, set to what an attacker would try. */
static void directory_lies(void **state)
{
	(void)state;
	const uint64_t values[] = { 0, 1, 63, 64, pristine_size, UINT32_MAX, UINT64_MAX,
		UINT64_MAX - 63, UINT64_C(1) << 63, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1 };
	const unsigned n = ((struct image_header *)(void *)pristine)->n_sections;

	assert_int_equal(n, 10);
	for (unsigned i = 0; i < n * 5 * 11; i++) {
		uint8_t *o = fresh(pristine_size);
		struct image_section *s = &directory(o)[i / 55];
		const struct image_section before = *s;
		const uint64_t value = values[i % 11];

		switch (i / 11 % 5) {
		case 0: s->type = (uint32_t)value; break;
		case 1: s->element_size = (uint32_t)value; break;
		case 2: s->offset = value; break;
		case 3: s->size = value; break;
		default: s->count = value; break;
		}
		image_reseal(o, pristine_size);
		const bool same = memcmp(&before, s, sizeof(before)) == 0;
		assert_int_equal(open_only(o, pristine_size), same ? 0 : -EBADMSG);
	}
}

/* Octets that belong to no section could hide something: none may. */
static void padding_lies(void **state)
{
	(void)state;
	const struct image_section *s = directory(pristine);
	const unsigned n = ((struct image_header *)(void *)pristine)->n_sections;
	unsigned told = 0;

	for (unsigned i = 0; i < n; i++) {
		const uint64_t gap = s[i].offset + s[i].size;
		if (gap == (i + 1 < n ? s[i + 1].offset : pristine_size))
			continue;
		LIE(o[gap] = 1, "between sections is not 0");
		told++;
	}
	assert_true(told > 4);
}

static void policy_lies(void **state)
{
	(void)state;
	struct image_policy *p = rows(fresh(pristine_size), IMAGE_POLICY);
	uint32_t *const fields[] = { &p->directions, &p->refuse_at_bind, &p->undecodable,
		&p->reserved[0], &p->reserved[10] };

	for (unsigned i = 0; i < 5; i++) {
		uint8_t *o = fresh(pristine_size);
		*fields[i] = i == 0 ? 4 : 2;
		refused(o, "policy");
	}
	uint8_t *o = fresh(pristine_size);
	p->country = 1000;
	refused(o, "policy");
	o = fresh(pristine_size);
	p->reserved0 = 1;
	refused(o, "policy");
}

static void account_lies(void **state)
{
	(void)state;
	struct image_account *a = rows(fresh(pristine_size), IMAGE_ACCOUNTS);

	LIE(a[0].id = 1, "row 0");
	LIE(a[3].id = 0, "row 3 has id 0");
	LIE(a[3].id = a[1].id, "twice");
	LIE(a[2].state = 0, "state");
	LIE(a[2].state = 4, "state");
	LIE(a[2].mode = 2, "mode");
	LIE(a[2].alphabet = 0, "alphabet");
	LIE(a[2].alphabet = TEXT_BINARY, "alphabet");
	LIE(a[2].alphabet = TEXT_CODINGS, "alphabet");
	LIE(a[2].flags = 2, "flags");
	LIE(a[5].name = UINT32_MAX, "name");
	LIE(a[5].name = (uint32_t)section(o, IMAGE_STRINGS)->size, "name");
	LIE(a[5].name = 2, "name"); /* the middle of a string */
	LIE(a[5].reserved0 = 1, "reserved");
	LIE(a[5].reserved[4] = 1, "reserved");
	LIE(memset(a[1].system_id, 'x', 16), "system_id");
	LIE(memset(a[1].system_id, 0, 16), "system_id");
	LIE(a[1].system_id[0] = 0, "system_id");
	LIE(memcpy(a[2].system_id, a[1].system_id, 16), "order");
	LIE(memset(a[2].system_id, 'z', 15), "order");
}

static struct image_sender *used_slot(uint8_t *o, unsigned nth)
{
	struct image_sender *s = rows(o, IMAGE_SENDERS);

	for (;; s++) {
		if (s->owner_state != 0 && nth-- == 0)
			return s;
	}
}

static struct image_sender *unused_slot(uint8_t *o)
{
	struct image_sender *s = rows(o, IMAGE_SENDERS);

	while (s->owner_state != 0)
		s++;
	return s;
}

static void sender_lies(void **state)
{
	(void)state;
	struct image_sender *s = used_slot(fresh(pristine_size), 40);
	struct image_sender *empty = unused_slot(fresh(pristine_size));
	const uint32_t lists = (uint32_t)section(pristine, IMAGE_SENDER_OWNERS)->count;

	LIE(s->key.octets[0] = 0, "key");
	LIE(s->key.octets[0] = 0xff, "key");
	LIE(s->key.octets[1] = 0xa0, "key");
	LIE(s->key.octets[15] = 1, "key");
	LIE(s->key.octets[3] ^= 1, "not where");
	LIE(s->owner_state &= ~15u, "state");
	LIE(s->owner_state |= 15u, "state");
	LIE(s->owner_state = 6u << 4 | IMAGE_CERTIFIED, "owner that does not exist");
	LIE(s->owner_state = IMAGE_OWNER_MAX << 4 | IMAGE_CERTIFIED, "owner that does not");
	LIE(s->owner_state = (IMAGE_OWNER_LIST | 1) << 4 | IMAGE_CERTIFIED, "list of owners");
	LIE(s->owner_state = (IMAGE_OWNER_LIST | lists) << 4 | IMAGE_CERTIFIED, "list of");
	LIE(s->owner_state = UINT32_MAX << 4 | IMAGE_CERTIFIED, "list of owners");
	LIE(memset(s, 0, sizeof(*s)), "keys, the info says");
	LIE((*empty = *s, memset(s, 0, sizeof(*s))), "not where");
	LIE(*empty = *s, "not where"); /* a second one is never where look-ups go */
	LIE(empty->owner_state = 1, "key");
	LIE(empty->valid_until = 1, "key");
}

static void sender_shape_lies(void **state)
{
	(void)state;
	struct image_sender_info *i = rows(fresh(pristine_size), IMAGE_SENDER_INFO);
	uint32_t *run = rows(fresh(pristine_size), IMAGE_SENDER_OWNERS);

	LIE(i->n_parts = 0, "sender info");
	LIE(i->n_parts = 2, "sender info");
	LIE(i->buckets_per_part++, "sender info");
	LIE(i->slots_per_part--, "sender info");
	LIE((i->n_parts = 1u << 31, i->slots_per_part *= 2), "sender info");
	LIE(i->n_keys++, "keys, the info says");
	LIE(i->reserved[6] = 1, "reserved");
	LIE(i->seed ^= 1, "not where");
	LIE(run[0] = 0, "owners");
	LIE(run[0] = 1, "owners");
	LIE(run[0] = UINT32_MAX, "owners");
	LIE(run[1] = 0, "owners");
	LIE(run[1] = 6, "owners");
	LIE(run[2] = run[1], "owners");
	LIE(memset(rows(o, IMAGE_SENDER_PILOTS), 0, section(o, IMAGE_SENDER_PILOTS)->size),
	    "not where");
}

static void rule_lies(void **state)
{
	(void)state;
	struct image_rule *r = rows(fresh(pristine_size), IMAGE_RULES);
	struct image_pattern *p = rows(fresh(pristine_size), IMAGE_PATTERNS);
	char *strings = rows(fresh(pristine_size), IMAGE_STRINGS);
	const size_t last = section(pristine, IMAGE_STRINGS)->size - 1;

	LIE(r[1].id = 0, "rules");
	LIE(r[1].id = r[0].id, "twice");
	LIE(r[0].action = 0, "rules");
	LIE(r[0].action = 4, "rules");
	LIE(r[0].name = 3, "rules");
	LIE(r[0].sentence = UINT32_MAX, "rules");
	LIE(r[0].reserved[2] = 9, "rules");
	LIE(p[2].rule = 2, "patterns: row 2");
	LIE(p[0].rule = UINT32_MAX, "patterns: row 0");
	LIE(p[1].flags = 1, "patterns: row 1");
	LIE(strings[0] = 'x', "strings");
	LIE(strings[last] = 'x', "strings");
	LIE(strings[last - 1] = (char)0xc3, "UTF-8");
	LIE(strings[1] = (char)0x80, "UTF-8");
}

static void database_lies(void **state)
{
	(void)state;
	uint32_t x = 5;

	for (unsigned i = 0; i < 200; i++) {
		uint8_t *o = fresh(pristine_size);
		const struct image_section *s = section(o, IMAGE_HS_DATABASE);
		x = x * 1664525 + 1013904223;
		o[s->offset + x % s->size] ^= (uint8_t)(1 + (x >> 25));
		image_reseal(o, pristine_size);
		/* Hyperscan has reserved octets that nobody reads; nothing must break */
		(void)open_only(o, pristine_size);
	}
	LIE(*(uint32_t *)rows(o, IMAGE_HS_DATABASE) ^= 1, "database");
}

static void stream_database_is_refused(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image_build *b;
	struct image im;
	void *octets;
	size_t size;

	assert_int_equal(image_build_open(&b), 0);
	sample_rules(b);
	sample_database(b, HS_MODE_STREAM);
	assert_int_equal(image_build_memory(b, 1, 1, &octets, &size, error), 0);
	image_build_close(b);
	assert_int_equal(image_open(&im, octets, size, error), -EBADMSG);
	assert_non_null(strstr(error, "block mode"));
	free(octets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_finds),
		cmocka_unit_test(empty_registry_opens),
		cmocka_unit_test(truncated),
		cmocka_unit_test(truncated_and_resealed),
		cmocka_unit_test(corrupted_without_reseal),
		cmocka_unit_test(corrupted_and_resealed),
		cmocka_unit_test(wrong_version_is_said),
		cmocka_unit_test(header_lies),
		cmocka_unit_test(directory_lies),
		cmocka_unit_test(padding_lies),
		cmocka_unit_test(policy_lies),
		cmocka_unit_test(account_lies),
		cmocka_unit_test(sender_lies),
		cmocka_unit_test(sender_shape_lies),
		cmocka_unit_test(rule_lies),
		cmocka_unit_test(database_lies),
		cmocka_unit_test(stream_database_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
