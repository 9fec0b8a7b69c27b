/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "compiled.h"
#include "image.h"
#include "image_build.h"
#include "registry_campaigns.h"
#include "registry_senders.h"
#include "rule_image.h"

/* One beside the worker that a small machine has; building yields to it by its priority. */
#define BUILD_THREADS 2u

struct build {
	struct registry *registry;
	struct sql *sql;
	struct image_build *image;
	struct image_cache *images;
	struct rule_cache *cache; /* of images */
	struct registry_image *out;
	char *error;
};

void rule_cache_clear(struct rule_cache *cache)
{
	rule_set_free(cache->set);
	rule_program_free(&cache->program);
	*cache = (struct rule_cache){ 0 };
}

void rule_cache_put(struct rule_cache *cache, uint64_t generation, struct rule_set *set,
                    struct rule_program program)
{
	rule_cache_clear(cache);
	*cache = (struct rule_cache){ generation, set, program };
}

void image_cache_clear(struct image_cache *cache)
{
	rule_cache_clear(&cache->rules);
	if (cache->previous != NULL)
		munmap(cache->previous, cache->previous_size);
	*cache = (struct image_cache){ .key = cache->key, .compiled = cache->compiled };
}

static int failed(struct build *b, int result, const char *doing)
{
	snprintf(b->error, REGISTRY_IMAGE_ERROR_SIZE, "%s: %s", doing, strerror(-result));
	return result;
}

static int sql_error(struct build *b, int result)
{
	snprintf(b->error, REGISTRY_IMAGE_ERROR_SIZE, "%s", registry_error(b->registry));
	return result;
}

static int put_policy(struct build *b)
{
	struct image_policy policy = { 0 };
	uint32_t country = 0, refuse_score = 0, flag_score = 0;
	const struct {
		const char *name;
		uint32_t *to;
	} rows[] = {
		{ "country", &country },
		{ "directions", &policy.directions },
		{ "uniform_status", &policy.uniform_status },
		{ "refuse_at_bind", &policy.refuse_at_bind },
		{ "undecodable", &policy.undecodable },
		{ "too_long", &policy.too_long },
		{ "refuse_score", &refuse_score },
		{ "flag_score", &flag_score },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const int result = registry_policy(b->registry, rows[i].name, rows[i].to);

		if (result < 0)
			return sql_error(b, result);
	}
	if (registry_rules_version(b->registry, &policy.rules_version) < 0)
		return sql_error(b, -EIO);
	policy.country = (uint16_t)country;
	policy.refuse_score = (int32_t)refuse_score; /* policy.def bounds them */
	policy.flag_score = (int32_t)flag_score;
	image_build_policy(b->image, &policy);
	return 0;
}

static int put_plan(struct build *b)
{
	const struct numbering_plan *plan;
	uint32_t n = 0;
	int result = registry_plan(b->registry, &plan);

	if (result < 0)
		return sql_error(b, result);
	const struct image_plan_row *rows = registry_plan_rows(b->registry, &n);
	result = image_build_plan(b->image, rows, n);
	return result < 0 ? failed(b, result, "the numbering plan") : 0;
}

static int put_account(struct build *b, sqlite3_stmt *s)
{
	const struct image_build_account account = {
		.id = (uint32_t)sqlite3_column_int64(s, 0),
		.system_id = (const char *)sqlite3_column_text(s, 1),
		.name = (const char *)sqlite3_column_text(s, 2),
		.state = (enum image_state)sqlite3_column_int(s, 3),
		.mode = (enum image_mode)sqlite3_column_int(s, 4),
		.alphabet = (uint8_t)sqlite3_column_int(s, 5),
		.sender_tlv = (uint16_t)sqlite3_column_int(s, 6),
		.valid_from = (uint32_t)sqlite3_column_int64(s, 7),
		.valid_until = (uint32_t)sqlite3_column_int64(s, 8),
		.blocked_until = (uint32_t)sqlite3_column_int64(s, 9),
		.regime = (uint32_t)sqlite3_column_int64(s, 10),
		.refuse_score = sqlite3_column_int(s, 11),
		.flag_score = sqlite3_column_int(s, 12),
	};
	const int result = image_build_account(b->image, &account);

	b->out->accounts++;
	return result < 0 ? failed(b, result, account.system_id) : 0;
}

/* An owner that was removed is none: its number is not given again. */
static int put_sender(struct build *b, struct registered_sender *s)
{
	const struct image_build_sender sender = {
		.key = s->key,
		.state = s->suspended ? IMAGE_SUSPENDED : IMAGE_CERTIFIED,
		.valid_from = s->valid_from,
		.valid_until = s->valid_until,
		.blocked_until = s->blocked_until,
		.block = s->block,
		.owners = s->owners,
		.n_owners = s->n_owners,
	};
	int result = image_build_sender(b->image, &sender);

	if (result == -ENOENT) {
		struct image_build_sender known = sender;
		uint32_t n = 0;
		for (uint32_t i = 0; i < s->n_owners; i++)
			if (image_build_knows(b->image, s->owners[i]))
				s->owners[n++] = s->owners[i];
		known.n_owners = n;
		result = image_build_sender(b->image, &known);
	}
	b->out->senders++;
	return result < 0 ? failed(b, result, "a sender") : 0;
}

static int put_accounts(struct build *b)
{
	sqlite3_stmt *s = sql_prepare(
		b->sql,
		"SELECT a.id, a.system_id, a.name, " EFFECTIVE_STATE ", a.mode, a.alphabet,"
		" a.sender_tlv, a.valid_from, a.valid_until, coalesce(b.until, 0),"
		" a.regime, a.refuse_score, a.flag_score"
		" FROM" ACCOUNTS_SANCTIONED);
	int result = sql_step(b->sql, s, "");
	int put = 0;

	while (result == 1 && put == 0) {
		put = put_account(b, s);
		if (put == 0)
			result = sql_again(b->sql, s);
	}
	sqlite3_finalize(s);
	return put != 0 ? put : result < 0 ? sql_error(b, result) : 0;
}

static int put_senders(struct build *b)
{
	struct registered_sender sender;
	struct sender_walk walk;
	int result = sender_walk_open(&walk, b->registry, NULL), put = 0;

	while (result >= 0 && put == 0) {
		result = sender_walk_next(&walk, &sender);
		if (result != 1)
			break;
		put = put_sender(b, &sender);
	}
	sender_walk_close(&walk);
	return put != 0 ? put : result < 0 ? sql_error(b, result) : 0;
}

static int put_campaigns(struct build *b)
{
	struct registry_campaign *list = NULL;
	size_t n = 0;
	int result = registry_campaigns(b->registry, time(NULL), &list, &n);

	if (result < 0)
		return sql_error(b, result);
	for (size_t i = 0; i < n && result == 0; i++) {
		const struct image_campaign row = { .fingerprint = list[i].fingerprint,
			                            .valid_until = list[i].until,
			                            .action = list[i].action,
			                            .radius = list[i].radius };

		result = image_build_campaign(b->image, &row);
	}
	free(list);
	return result < 0 ? failed(b, result, "the campaigns") : 0;
}

static int put_range(struct build *b, sqlite3_stmt *s)
{
	struct sender_key first, last;

	memcpy(&first, sqlite3_column_blob(s, 0), sizeof(first));
	memcpy(&last, sqlite3_column_blob(s, 1), sizeof(last));
	const int result = image_build_numbers(
		b->image, &first, &last, (enum image_number_state)sqlite3_column_int(s, 2));
	return result < 0 ? failed(b, result, "the numbers that exist") : 0;
}

static int put_numbers(struct build *b)
{
	sqlite3_stmt *s =
		sql_prepare(b->sql, "SELECT first, last, state FROM number_range ORDER BY row");
	int result = sql_step(b->sql, s, ""), put = 0;

	while (result == 1 && put == 0) {
		put = put_range(b, s);
		if (put == 0)
			result = sql_again(b->sql, s);
	}
	sqlite3_finalize(s);
	return put != 0 ? put : result < 0 ? sql_error(b, result) : 0;
}

/* Read and compile the rules of this snapshot, unless the cache has them. */
static int load_rules(struct build *b)
{
	struct problems problems;
	struct rule_set *set = NULL;
	struct rule_program program;
	uint64_t generation = 0;
	uint32_t version = 0;
	char *text = NULL;
	size_t size = 0;
	int result = registry_rules_generation(b->registry, &generation);

	if (result == 0 && generation != b->cache->generation)
		result = registry_rules_version(b->registry, &version);
	if (result == 0 && version != 0)
		result = registry_rules(b->registry, version, &text, &size);
	if (result < 0)
		return sql_error(b, result);
	if (text == NULL) {
		if (generation == 0)
			rule_cache_clear(b->cache);
		return 0;
	}
	problems_init(&problems, "rules in the registry");
	result = compiled_load(&set, &program, text, size, &problems, b->images->compiled);
	free(text);
	if (result == 0)
		rule_cache_put(b->cache, generation, set, program);
	else if (result == -EINVAL)
		problem_line(b->error, REGISTRY_IMAGE_ERROR_SIZE, &problems, 0);
	else
		return failed(b, result, "rules");
	return result;
}

/* Registry ids of the accounts that a rule names; those nobody has are left out. */
static int64_t account_ids(struct build *b, const struct rule_set *set, uint32_t rule,
                           bool canary, uint32_t *ids)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < set->n_accounts; i++) {
		const struct rule_account *a = &set->accounts[i];
		int64_t id = 0;

		if (a->rule != rule || a->canary != canary)
			continue;
		const int found =
			sql_number(b->sql, &id, "SELECT id FROM account WHERE system_id = ?",
		                   "t", a->system_id);
		if (found < 0)
			return sql_error(b, found);
		if (found == 1)
			ids[n++] = (uint32_t)id;
	}
	return n;
}

static int put_rule(struct build *b, const struct rule_set *set, uint32_t rule, uint32_t *ids)
{
	const char *name = set->rules[rule].name;
	struct image_build_rule to = rule_image_rule(set, rule);
	uint32_t id;
	const int found = registry_rule_id(b->registry, name, &id);

	if (found < 0)
		return sql_error(b, found);
	if (found == 1) /* else a rule that is only tried, with an id of its own */
		to.row.id = id;
	const int64_t scope = account_ids(b, set, rule, false, ids);
	const int64_t canary = scope < 0 ? scope : account_ids(b, set, rule, true, ids + scope);
	if (canary < 0)
		return (int)canary;
	to.accounts = ids;
	to.n_accounts = (uint32_t)scope;
	to.canary_accounts = ids + scope;
	to.n_canary_accounts = (uint32_t)canary;
	const int64_t index = image_build_rule(b->image, &to);
	return index < 0 ? failed(b, (int)index, name) : 0;
}

static int put_rules(struct build *b, const struct rule_set *set)
{
	uint32_t *ids = calloc(set->n_accounts + (size_t)1, sizeof(*ids));
	int result = ids == NULL ? failed(b, -ENOMEM, "rules") : 0;

	for (uint32_t i = 0; result == 0 && i < set->n_rules; i++)
		result = put_rule(b, set, i, ids);
	free(ids);
	if (result == 0) {
		const int put = rule_image_put(b->image, set, &b->cache->program);
		result = put < 0 ? failed(b, put, "the compiled patterns") : 0;
	}
	b->out->rules = set->n_rules;
	b->out->patterns = set->n_patterns;
	return result;
}

static int put_all(struct build *b)
{
	int result = registry_generation(b->registry, &b->out->generation);

	if (result < 0)
		return sql_error(b, result);
	result = put_policy(b);
	if (result == 0)
		result = put_plan(b);
	if (result == 0)
		result = put_accounts(b);
	if (result == 0)
		result = put_senders(b);
	if (result == 0)
		result = put_numbers(b);
	if (result == 0)
		result = put_campaigns(b);
	if (result == 0)
		result = load_rules(b);
	if (result == 0 && b->cache->set != NULL)
		result = put_rules(b, b->cache->set);
	return result;
}

/* Read what we wrote with the data plane's own reader, and keep it for the next one. */
static int prove(struct build *b)
{
	struct image image;
	char why[IMAGE_ERROR_SIZE] = "";
	void *octets = mmap(NULL, b->out->size, PROT_READ, MAP_PRIVATE, b->out->fd, 0);

	if (octets == MAP_FAILED)
		return failed(b, -errno, "mapping the image");
	const int result = image_open(&image, octets, b->out->size, why);
	if (result != 0) {
		snprintf(b->error, REGISTRY_IMAGE_ERROR_SIZE,
		         "the image cannot be read back: %s", why);
		munmap(octets, b->out->size);
		return result;
	}
	image_close(&image);
	if (b->images->previous != NULL)
		munmap(b->images->previous, b->images->previous_size);
	b->images->previous = octets;
	b->images->previous_size = b->out->size;
	return 0;
}

static int write_image(struct build *b)
{
	char why[IMAGE_BUILD_ERROR_SIZE] = "";

	b->out->fd = memfd_create("sluice-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->out->fd < 0)
		return failed(b, -errno, "memfd_create");
	int result = image_build_file(b->image, b->out->generation, (uint64_t)time(NULL),
	                              b->out->fd, &b->out->size, why);
	if (result < 0)
		snprintf(b->error, REGISTRY_IMAGE_ERROR_SIZE, "building the image: %s", why);
	else if (fcntl(b->out->fd, F_ADD_SEALS,
	               F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
		result = failed(b, -errno, "sealing the image");
	else
		result = prove(b);
	if (result < 0)
		close(b->out->fd);
	b->out->copied = image_build_copied(b->image);
	return result;
}

int registry_snapshot(struct registry *registry, uint64_t *generation)
{
	/* One read transaction: accounts, senders and rules of one generation. */
	int result = sql_script(&registry->sql, "BEGIN");

	if (result == 0)
		result = registry_generation(registry, generation);
	return result;
}

int registry_image_build(struct registry_image *out, struct registry *registry,
                         struct image_cache *cache, char error[REGISTRY_IMAGE_ERROR_SIZE])
{
	struct registry_image made = { .fd = -1 };
	struct build b = { .registry = registry,
		           .sql = &registry->sql,
		           .images = cache,
		           .cache = &cache->rules,
		           .out = &made,
		           .error = error };
	int result = image_build_open(&b.image);

	if (result < 0)
		return failed(&b, result, "building the image");
	image_build_threads(b.image, BUILD_THREADS);
	image_build_sign(b.image, cache->key);
	image_build_previous(b.image, cache->previous);
	if (sqlite3_get_autocommit(b.sql->db))
		result = registry_snapshot(registry, &made.generation);
	result = result < 0 ? sql_error(&b, result) : put_all(&b);
	if (sql_script(b.sql, "COMMIT") < 0 && result == 0)
		result = sql_error(&b, -EIO);
	if (result == 0)
		result = write_image(&b);
	image_build_close(b.image);
	if (result == 0)
		*out = made;
	return result;
}
