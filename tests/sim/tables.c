/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables: what the worker decides from, made of the same parts as in the field: images
 * that control's builder wrote, opened by the data plane's reader, published by its
 * publisher. One sender is suspended and lifted again while messages are under way, and
 * between the two images everything has another row, rule and generation.
 */
#include "sim.h"

#include <hs/hs.h>

#include "address.h"
#include "image_build.h"
#include "link_message.h"
#include "pdu.h"
#include "text.h"

#define ACCOUNT 7u
#define IMAGES 2u
#define SWAP_US 400000u /* the mean time between two changes */

static struct tables *base[IMAGES]; /* opened once a process; snapshots share them */

static void must(int result, const char *what)
{
	if (result == 0)
		return;
	fprintf(stderr, "sim: %s: %s\n", what, strerror(-result));
	exit(2);
}

static struct sender_key key_of(const char *address)
{
	struct sender_key key;

	must(address_key(&key, (const uint8_t *)address, strlen(address), PDU_TON, PDU_NPI, 82),
	     address);
	return key;
}

static void add_accounts(struct image_build *b, unsigned variant)
{
	const struct image_build_account other = {
		.system_id = "another", .id = 3, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7
	};

	const struct image_build_account suspended = { .system_id = PDU_SUSPENDED_ID,
		                                       .id = 4,
		                                       .state = IMAGE_SUSPENDED,
		                                       .alphabet = TEXT_GSM7 };

	if (variant != 0) /* the row of ours moves */
		must(image_build_account(b, &other), "account");
	must(image_build_account(b, &suspended), "account");
	must(image_build_account(b, &(struct image_build_account){ .system_id = PDU_SYSTEM_ID,
	                                                           .id = ACCOUNT,
	                                                           .state = IMAGE_CERTIFIED,
	                                                           .alphabet = TEXT_GSM7 }),
	     "account");
}

static void add_senders(struct image_build *b)
{
	const uint32_t owner = ACCOUNT;

	for (unsigned i = 0; i < pdu_senders_n; i++) {
		if (pdu_senders[i].kind == SENDER_BAD)
			continue;
		must(image_build_sender(b,
		                        &(struct image_build_sender){
						.key = key_of(pdu_senders[i].address),
						.state = IMAGE_CERTIFIED,
						.owners = &owner,
						.n_owners = 1 }),
		     "sender");
	}
}

#define WORDS 3u

/* A rule for each word. In the other image there is one more before them. */
static void add_rules(struct image_build *b, unsigned variant)
{
	const char *words[WORDS] = { "neverwritten", PDU_WORD, PDU_SILENT_WORD };
	const uint8_t actions[WORDS] = { IMAGE_REFUSE, IMAGE_REFUSE, IMAGE_DISCARD };
	const unsigned from = variant != 0 ? 0 : 1, n = WORDS - from;
	unsigned flags[WORDS], ids[WORDS];
	hs_database_t *database;
	hs_compile_error_t *error;
	char *octets = NULL;
	size_t size = 0;

	for (unsigned i = 0; i < n; i++) {
		const int64_t rule = image_build_rule(
			b, &(struct image_build_rule){
				   .row = { .id = 10 + from + i, .action = actions[from + i] },
				   .name = words[from + i] });
		const struct image_pattern row = { .rule = (uint32_t)rule,
			                           .group = i,
			                           .views = IMAGE_VIEW_FOLDED };
		flags[i] = HS_FLAG_DOTALL | HS_FLAG_MULTILINE;
		ids[i] = i;
		must(rule < 0 ? (int)rule : 0, "rule");
		must(image_build_pattern(b, &row) != i, "pattern");
	}
	must(hs_compile_multi(words + from, flags, ids, n, HS_MODE_BLOCK, NULL, &database,
	                      &error) != HS_SUCCESS ||
	             hs_serialize_database(database, &octets, &size) != HS_SUCCESS,
	     "hyperscan");
	must(image_build_database(b, IMAGE_HS_DATABASE, octets, size), "database");
	free(octets);
	hs_free_database(database);
}

static void open_images(void)
{
	char error[IMAGE_BUILD_ERROR_SIZE];

	for (unsigned i = 0; i < IMAGES; i++) {
		struct image_build *b;
		void *image;
		size_t size;
		must(image_build_open(&b), "image");
		image_build_seed(b, i + 1);
		add_accounts(b, i);
		add_senders(b);
		add_rules(b, i);
		must(image_build_memory(b, i + 1, 1700000000, &image, &size, error), "image");
		image_build_close(b);
		/* The base stays for as long as the process. */
		must(tables_open(&base[i], image, size, CORES_MAX, NULL, NULL, error), error);
	}
}

/* A snapshot of its own of an image, in which the sender that changes is so or so. */
static struct tables *snapshot(unsigned image, bool suspended)
{
	struct link_delta s = { .generation = tables_generation(base[image]) + 1,
		                .op = suspended ? LINK_SUSPEND : LINK_LIFT,
		                .kind = LINK_SENDER };
	struct tables *made;

	for (unsigned i = 0; i < pdu_senders_n; i++)
		if (pdu_senders[i].kind == SENDER_CHANGES)
			s.key = key_of(pdu_senders[i].address);
	must(tables_deltas(&made, base[image], &s, 1), "delta");
	return made;
}

void tables_begin(struct sim *s)
{
	if (base[0] == NULL)
		open_images();
	must(publish_open(&s->publish, s->n_cores), "publish");
	publish_swap(s->publish, snapshot(random_below(&s->table_random, IMAGES),
	                                  random_below(&s->table_random, 2)));
	s->swap_at = s->now + random_below(&s->table_random, SWAP_US);
}

void tables_change(struct sim *s)
{
	if (s->now < s->swap_at)
		return;
	s->swap_at = s->now + 1 + random_below(&s->table_random, 2 * SWAP_US);
	publish_swap(s->publish, snapshot(random_below(&s->table_random, IMAGES),
	                                  random_below(&s->table_random, 2)));
}

void tables_end(struct sim *s) { publish_close(s->publish); }
