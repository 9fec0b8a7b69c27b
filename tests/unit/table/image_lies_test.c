/* SPDX-License-Identifier: Apache-2.0 */
/* image: lies told with right checksums, so that the checks of meaning are tested. */
#include "image_fixture.h"

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
	refused(o, "octet 784 between sections is not 0");
	assert_int_equal(open_only(fresh(pristine_size - 64) + 1, pristine_size - 64),
	                 -EBADMSG);
}

/* Each field of each directory entry, set to what an attacker would try. */
static void directory_lies(void **state)
{
	(void)state;
	const uint64_t values[] = { 0,
		                    1,
		                    63,
		                    64,
		                    pristine_size,
		                    UINT32_MAX,
		                    UINT64_MAX,
		                    UINT64_MAX - 63,
		                    UINT64_C(1) << 63,
		                    UINT64_C(1) << 32,
		                    (UINT64_C(1) << 32) + 1 };
	const unsigned n = ((struct image_header *)(void *)pristine)->n_sections;

	assert_int_equal(n, 19);
	for (unsigned i = 0; i < n * 5 * 11; i++) {
		uint8_t *o = fresh(pristine_size);
		struct image_section *s = &directory(o)[i / 55];
		const struct image_section before = *s;
		const uint64_t value = values[i % 11];

		switch (i / 11 % 5) {
		case 0:
			s->type = (uint32_t)value;
			break;
		case 1:
			s->element_size = (uint32_t)value;
			break;
		case 2:
			s->offset = value;
			break;
		case 3:
			s->size = value;
			break;
		default:
			s->count = value;
			break;
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
		                     &p->too_long,   &p->reserved[0],    &p->reserved[6] };

	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint8_t *o = fresh(pristine_size);
		*fields[i] = i == 0 ? 4 : 2;
		refused(o, "policy");
	}
	uint8_t *o = fresh(pristine_size);
	p->country = 1000;
	refused(o, "policy");
	o = fresh(pristine_size);
	p->refuse_score = -1;
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
	LIE(a[5].reserved[0] = 1, "reserved");
	LIE(a[5].refuse_score = -1, "score");
	LIE(a[5].flag_score = -1, "score");
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
	LIE(s->owner_state |= 15u, "block");
	LIE(s->owner_state |= 1u << 2, "block");
	LIE(s->owner_state |= 2u << 2, "block");
	LIE((s->owner_state |= 3u << 2, s->blocked_until = 9), "block");
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
	LIE(i->reserved[2] = 1, "reserved");
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
	LIE(r[0].action = 5, "unknown action");
	LIE(r[0].name = 3, "rules");
	LIE(r[0].sentence = UINT32_MAX, "rules");
	LIE(r[0].reserved[1] = 9, "reserved");
	LIE(r[0].flags = 8, "flags");
	LIE(r[0].flags = IMAGE_RULE_SHADOW, "list of accounts");
	LIE(r[0].canary_share = IMAGE_SHARE_WHOLE + 1, "share");
	LIE(r[0].directions = 4, "directions");
	LIE(r[0].accounts = UINT32_MAX, "list of accounts");
	LIE(r[0].n_accounts = 4, "list of accounts");
	LIE(r[0].canary_accounts = 3, "list of accounts");
	LIE(r[0].n_canary_accounts = UINT32_MAX, "list of accounts");
	LIE(r[1].n_code = 2, "does not run");
	LIE(r[1].n_code = 4, "not there");
	LIE(r[1].code = UINT32_MAX, "not there");
	LIE(p[2].rule = 2, "patterns: row 2");
	LIE(p[0].rule = UINT32_MAX, "patterns: row 0");
	LIE(p[2].rule = 0, "out of order");
	LIE(p[1].flags = 4, "patterns: row 1");
	LIE(p[1].flags = IMAGE_PATTERN_EXCERPT, "excerpts: row 1");
	LIE(p[0].flags = 0, "excerpts: row 0");
	LIE(p[1].group = 3, "group");
	LIE(p[1].views = 0, "view");
	LIE(p[1].views = IMAGE_VIEW_LOOSE, "without the folded one");
	LIE(p[1].views = IMAGE_VIEW_PLAIN | IMAGE_VIEW_LOOSE, "without the folded one");
	LIE(p[1].views = 8, "view");
	LIE(p[0].views = IMAGE_VIEW_FOLDED | IMAGE_VIEW_PLAIN, "without a database");
	LIE(strings[0] = 'x', "strings");
	LIE(strings[last] = 'x', "strings");
	LIE(strings[last - 1] = (char)0xc3, "UTF-8");
	LIE(strings[1] = (char)0x80, "UTF-8");
}

static void number_lies(void **state)
{
	(void)state;
	struct image_number_block *b = rows(fresh(pristine_size), IMAGE_NUMBER_BLOCKS);
	uint8_t *states = rows(fresh(pristine_size), IMAGE_NUMBERS);

	LIE(b->prefix = 0, "row 0 is no beginning");
	LIE(b->prefix |= 10, "row 0 is no beginning");
	LIE(b->prefix >>= 4, "row 0 is no beginning");
	LIE(b->prefix <<= 4, "row 0 is no beginning");
	LIE(b->prefix |= UINT64_C(1) << 63, "row 0 is no beginning");
	LIE(b->digits = 0, "row 0 is no beginning");
	LIE(b->digits = 5, "row 0 is no beginning");
	LIE(b->digits = 16, "row 0 is no beginning");
	LIE(b->digits = UINT32_MAX, "row 0 is no beginning");
	LIE(b->reserved = 1, "row 0 is no beginning");
	LIE(states[0] |= 3, "block 0 has a state that is none");
	LIE(states[IMAGE_NUMBER_OCTETS - 1] = 0xc0, "block 0 has a state that is none");
}

static void campaign_lies(void **state)
{
	(void)state;
	struct image_campaign *c = rows(fresh(pristine_size), IMAGE_CAMPAIGNS);

	LIE(c[0].fingerprint = 0, "campaigns: row 0 has no fingerprint");
	LIE(c[0].action = 0, "campaigns: row 0 has an unknown action");
	LIE(c[1].action = IMAGE_RULE_OBSERVE + 1, "campaigns: row 1 has an unknown action");
	LIE(c[1].radius = IMAGE_CAMPAIGN_RADIUS_MAX + 1, "row 1 has too large a radius");
	LIE(c[0].valid_from = c[0].valid_until = 5, "row 0 would never be valid");
	LIE(c[1].reserved[5] = 1, "row 1 has reserved octets");
	LIE(c[1].fingerprint = c[0].fingerprint, "row 1 is out of order");
	LIE(c[1].fingerprint = 1, "row 1 is out of order");
}

static void fold_lies(void **state)
{
	(void)state;
	struct image_fold *f = rows(fresh(pristine_size), IMAGE_FOLDS);

	LIE(f[0].from = 'b', "folds: row 0: U+0062 is ASCII");
	LIE(f[0].from = 0x301, "folds: row 0: U+0301 is a mark");
	LIE(f[1].from = 0xD7A3, "folds: row 1: U+D7A3 is a syllable of Hangul");
	LIE(f[1].from = 0x3131, "folds: row 1: U+3131 is a letter of Hangul");
	LIE(f[2].from = 0x110000, "folds: row 2: U+110000 is no character");
	LIE(f[2].from = UINT32_MAX, "folds: row 2: U+FFFFFFFF is no character");
	LIE(f[0].to = 'R', "folds: row 0: U+0052 is itself folded");
	LIE(f[0].to = 0x314F, "folds: row 0: U+314F is longer");
	LIE(f[1].to = 0x10400, "folds: row 1: U+10400 is beyond");
	LIE(f[1].to = UINT32_MAX, "folds: row 1: U+FFFFFFFF is no character");
	LIE(f[2].to = '\n', "folds: row 2: U+000A is no character to fold to");
	LIE(f[2].to = f[1].from, "row 2 leads to a character with a row of its own");
	LIE(f[0].to = f[0].from, "folds: row 0: U+044F would fold to itself");
	LIE(f[1] = f[0], "row 1 is out of order");
	LIE(f[2] = f[1], "row 2 is out of order");
	LIE((f[1] = f[0], f[1].from--), "row 1 is out of order");
}

static void excerpt_lies(void **state)
{
	(void)state;
	struct image_excerpt *e = rows(fresh(pristine_size), IMAGE_EXCERPTS);

	LIE(e[0].len = 63, "excerpts: row 0");
	LIE(e[0].len = 255, "excerpts: row 0");
	LIE(e[0].len = 5, "excerpts: row 0"); /* an octet behind them */
	LIE(e[0].end = 7, "excerpts: row 0");
	LIE(e[0].end = 0, "excerpts: row 0");
	LIE(e[1].end = 1, "excerpts: row 1");
	LIE(e[2].octets[61] = 1, "excerpts: row 2");
}

static void plan_lies(void **state)
{
	(void)state;
	struct image_plan_row *r = rows(fresh(pristine_size), IMAGE_NUMBERING);

	LIE(r[0].kind = 0, "numbering plan: row 0: there is no such kind");
	LIE(r[2].kind = 6, "numbering plan: row 2: there is no such kind");
	LIE(r[1].kind = IMAGE_PLAN_TRUNK, "numbering plan: row 1: ");
	LIE(r[1] = r[0], "numbering plan: row 1 is out of order");
	LIE(r[1].prefix[0] = '1', "row 1: an international prefix begins with 0");
	LIE(r[2].prefix[0] = 0, "row 2: a prefix is 1 to 12 digits");
	LIE(memset(r[2].prefix, '1', sizeof(r[2].prefix)), "row 2: a prefix is 1 to 12");
	LIE(r[2].max = 255, "row 2: a number has from");
	LIE(r[2].min = 9, "row 2: min is greater than max");
}

static void code_lies(void **state)
{
	(void)state;
	uint32_t *code = rows(fresh(pristine_size), IMAGE_RULE_CODE);
	uint32_t *accounts = rows(fresh(pristine_size), IMAGE_RULE_ACCOUNTS);

	LIE(code[0] = 0, "does not run");
	LIE(code[0] = IMAGE_CODE_NOT << 24, "does not run"); /* nothing on the stack */
	LIE(code[0] = IMAGE_CODE_GROUP << 24 | 3, "does not run");
	LIE(code[1] = IMAGE_CODE_NOT << 24 | 1, "does not run");
	LIE(code[2] = IMAGE_CODE_AT_LEAST << 24 | 3 << 12 | 1, "does not run");
	LIE(code[2] = IMAGE_CODE_AT_LEAST << 24 | 2 << 12, "does not run");
	LIE(code[2] = IMAGE_CODE_AT_LEAST << 24 | 2 << 12 | 3, "does not run");
	LIE(code[2] = IMAGE_CODE_AT_LEAST << 24 | 1 << 12 | 1, "does not run"); /* one left */
	LIE(code[2] = 4u << 24, "does not run");
	LIE(code[1] = IMAGE_CODE_NOT << 24, "does not run"); /* then AT_LEAST lacks one */
	LIE((code[1] = IMAGE_CODE_GROUP << 24 | 1, code[2] = IMAGE_CODE_NOT << 24), "does not");
	LIE((code[0] = IMAGE_CODE_GROUP << 24, code[1] = IMAGE_CODE_NOT << 24,
	     code[2] = IMAGE_CODE_AT_LEAST << 24 | 1 << 12 | 1),
	    "without a pattern");
	LIE(accounts[0] = 0, "list of accounts");
	LIE(accounts[1] = 6, "list of accounts");
	LIE(accounts[1] = accounts[0], "list of accounts");
	LIE(accounts[2] = UINT32_MAX, "list of accounts");
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
	LIE(*(uint32_t *)rows(o, IMAGE_HS_LITERALS) ^= 1, "database");
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
		cmocka_unit_test(header_lies),
		cmocka_unit_test(directory_lies),
		cmocka_unit_test(padding_lies),
		cmocka_unit_test(policy_lies),
		cmocka_unit_test(account_lies),
		cmocka_unit_test(sender_lies),
		cmocka_unit_test(sender_shape_lies),
		cmocka_unit_test(rule_lies),
		cmocka_unit_test(number_lies),
		cmocka_unit_test(plan_lies),
		cmocka_unit_test(campaign_lies),
		cmocka_unit_test(fold_lies),
		cmocka_unit_test(excerpt_lies),
		cmocka_unit_test(code_lies),
		cmocka_unit_test(database_lies),
		cmocka_unit_test(stream_database_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
