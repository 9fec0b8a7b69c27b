/* SPDX-License-Identifier: Apache-2.0 */
/* explain_tables: the image that a message is explained with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "explain_priv.h"
#include "compiled.h"
#include "image_build.h"
#include "rule_image.h"

#define SOMEBODY 1u /* id of the one account when there is no registry */

/* The policy as a new registry has it, but both directions are read. */
static void put_policy(struct image_build *image)
{
	struct image_policy policy = { .directions = IMAGE_DIRECTION_FROM_ESME |
		                                     IMAGE_DIRECTION_FROM_SMSC };
	const struct policy_row *row;

	for (unsigned i = 0; (row = policy_row(i)) != NULL; i++) {
		if (strcmp(row->name, "country") == 0)
			policy.country = (uint16_t)row->value;
		else if (strcmp(row->name, "refuse_score") == 0)
			policy.refuse_score = (int32_t)row->value;
		else if (strcmp(row->name, "flag_score") == 0)
			policy.flag_score = (int32_t)row->value;
	}
	image_build_policy(image, &policy);
}

static int put_account(struct image_build *image, const char *system_id)
{
	const struct image_build_account account = {
		.system_id = system_id,
		.id = SOMEBODY,
		.state = IMAGE_CERTIFIED,
		.alphabet = TEXT_GSM7,
		.flags = IMAGE_ACCOUNT_ANY_SENDER,
	};

	return image_build_account(image, &account);
}

/* Accounts that a rule is about: the one there is, or nobody. */
static uint32_t listed(const struct rule_set *set, uint32_t rule, bool canary,
                       const char *system_id, uint32_t *id)
{
	*id = SOMEBODY;
	for (uint32_t i = 0; i < set->n_accounts; i++)
		if (set->accounts[i].rule == rule && set->accounts[i].canary == canary &&
		    strcmp(set->accounts[i].system_id, system_id) == 0)
			return 1;
	return 0;
}

static int put_rules(struct image_build *image, const struct rule_set *set,
                     const struct rule_program *program, const char *system_id)
{
	for (uint32_t i = 0; i < set->n_rules; i++) {
		struct image_build_rule to = rule_image_rule(set, i);
		uint32_t scope, canary;

		to.row.id = i + 1;
		to.n_accounts = listed(set, i, false, system_id, &scope);
		to.n_canary_accounts = listed(set, i, true, system_id, &canary);
		to.accounts = &scope;
		to.canary_accounts = &canary;
		const int64_t index = image_build_rule(image, &to);
		if (index < 0)
			return (int)index;
	}
	return rule_image_put(image, set, program);
}

/* An image of these rules and one account. */
static int build(struct explain *e, const char *system_id, char error[EXPLAIN_ERROR_SIZE])
{
	char why[IMAGE_BUILD_ERROR_SIZE] = "no image can be made";
	struct image_build *image = NULL;
	int result = image_build_open(&image);

	if (result == 0) {
		put_policy(image);
		result = put_account(image, system_id);
	}
	if (result == 0)
		result = put_rules(image, e->set, &e->program, system_id);
	if (result == 0)
		result = image_build_memory(image, 1, (uint64_t)time(NULL), &e->octets,
		                            &e->size, why);
	image_build_close(image);
	if (result != 0)
		snprintf(error, EXPLAIN_ERROR_SIZE, "%s", why);
	return result;
}

/* Ids for rules that the registry has never seen; it counts its own from 1. */
#define TRIED_IDS UINT32_C(0x80000000)

/* These rules instead of those in force: as if they were what the registry has. */
static int try_rules(struct explain *e, struct registry *registry,
                     const struct explain_source *source, struct problems *problems)
{
	struct rule_program program;
	struct rule_set *set = NULL;
	uint64_t generation = 0;

	if (source->rules == NULL)
		return 0;
	int result = registry_rules_generation(registry, &generation);
	if (result == 0)
		result = compiled_load(&set, &program, source->rules, source->rules_size,
		                       problems, source->compiled);
	if (result != 0)
		return result;
	for (uint32_t i = 0; i < set->n_rules; i++)
		set->rules[i].row.id = TRIED_IDS + i;
	rule_cache_put(&e->cache.rules, generation, set, program);
	return 0;
}

/* The image that a data plane would get from this registry. */
static int read_registry(struct explain *e, const struct explain_source *source,
                         struct problems *problems, char error[EXPLAIN_ERROR_SIZE])
{
	const char *path = source->registry;
	char why[REGISTRY_IMAGE_ERROR_SIZE] = "";
	struct registry_image made = { .fd = -1 };
	struct registry *registry = NULL;

	e->cache.compiled = source->compiled;
	if (access(path, R_OK) != 0) {
		snprintf(error, EXPLAIN_ERROR_SIZE, "%s: %s", path, strerror(errno));
		return -ENOENT;
	}
	int result = registry_open(&registry, path);
	if (result == 0)
		result = try_rules(e, registry, source, problems);
	if (result != 0)
		snprintf(why, sizeof(why), "%s", registry_error(registry));
	else
		result = registry_image_build(&made, registry, &e->cache, why);
	registry_close(registry);
	if (result != 0) {
		snprintf(error, EXPLAIN_ERROR_SIZE, "%s: %.250s", path, why);
		return result;
	}
	void *octets = mmap(NULL, made.size, PROT_READ, MAP_PRIVATE, made.fd, 0);
	close(made.fd);
	if (octets == MAP_FAILED)
		return -ENOMEM;
	e->octets = octets;
	e->size = made.size;
	e->mapped = true;
	e->set = e->cache.rules.set; /* NULL: it has no rules */
	return 0;
}

int explain_tables(struct explain *e, const struct explain_source *source,
                   struct problems *problems, char error[EXPLAIN_ERROR_SIZE])
{
	char why[IMAGE_ERROR_SIZE] = "";
	int result = source->registry != NULL
	                     ? read_registry(e, source, problems, error)
	                     : compiled_load(&e->set, &e->program, source->rules,
	                                     source->rules_size, problems, source->compiled);

	if (result == 0 && source->registry == NULL)
		result = build(e, source->account, error);
	if (result == 0) {
		result = tables_open(&e->tables, e->octets, e->size, 1, NULL, NULL, why);
		if (result != 0)
			snprintf(error, EXPLAIN_ERROR_SIZE, "the image: %s", why);
	}
	return result;
}
