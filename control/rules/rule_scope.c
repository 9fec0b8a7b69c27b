/* SPDX-License-Identifier: Apache-2.0 */
/* rule_scope: whom, when and how far a rule concerns: scope, valid, mode, canary. */
#include <stdlib.h>
#include <string.h>

#include "instant.h"
#include "points.h"
#include "rule_reader.h"

static struct image_rule *row_of(struct rule_reader *r, uint32_t rule)
{
	return &r->set->rules[rule].row;
}

static void read_account(struct rule_reader *r, uint32_t rule, yaml_node_t *node,
                         const char *field, bool canary)
{
	char *system_id = rule_want_text(r, node, field, SYSTEM_ID_MAX);

	if (system_id == NULL)
		return;
	/* Nobody has such a system_id: the rule would concern no account, unnoticed. */
	if (strpbrk(system_id, "*?") != NULL)
		rule_problem(r, node, field,
		             "\"%s\": an account is named as it binds, not by a pattern",
		             system_id);
	struct rule_account *a =
		rule_append(r, &r->set->accounts, &r->set->n_accounts, sizeof(*a));
	if (a == NULL)
		free(system_id);
	else
		*a = (struct rule_account){ rule, canary, system_id, rule_place(r, node) };
}

static bool read_account_list(struct rule_reader *r, uint32_t rule, yaml_node_t *node,
                              const char *field, bool canary)
{
	if (!rule_want_list(r, node, field))
		return false;
	if (rule_items(node) == 0)
		rule_problem(r, node, field, "at least one system_id");
	if (r->set->n_accounts + rule_items(node) > RULE_ACCOUNTS_MAX) {
		rule_problem(r, node, field, "more than %u accounts in all", RULE_ACCOUNTS_MAX);
		return false;
	}
	for (size_t i = 0; i < rule_items(node); i++)
		read_account(r, rule, rule_item(r, node, i), field, canary);
	return true;
}

static void read_accounts(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	if (read_account_list(r, rule, node, "scope.accounts", false))
		row_of(r, rule)->flags |= IMAGE_RULE_SCOPED;
}

static void read_regimes(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	if (!rule_want_list(r, node, "scope.regimes"))
		return;
	if (rule_items(node) == 0 || rule_items(node) > IMAGE_RULE_REGIMES) {
		rule_problem(r, node, "scope.regimes", "1 to %u regimes", IMAGE_RULE_REGIMES);
		return;
	}
	for (size_t i = 0; i < rule_items(node); i++) {
		yaml_node_t *item = rule_item(r, node, i);
		char *word = rule_want_text(r, item, "scope.regimes", RULE_NAME_MAX);

		if (word != NULL && !regime_parse(&row_of(r, rule)->regimes[i], word))
			rule_problem(r, item, "scope.regimes",
			             "\"%s\": 1 to 4 of a-z and 0-9, as \"kr\"", word);
		free(word);
	}
}

static void read_directions(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	/* The order of IMAGE_DIRECTION_*. */
	static const char *const names[] = { "from_esme", "from_smsc", NULL };

	if (!rule_want_list(r, node, "scope.directions"))
		return;
	if (rule_items(node) == 0)
		rule_problem(r, node, "scope.directions",
		             "at least one of from_esme, from_smsc");
	for (size_t i = 0; i < rule_items(node); i++) {
		const int found =
			rule_want_word(r, rule_item(r, node, i), "scope.directions", names);

		if (found >= 0)
			row_of(r, rule)->directions |= 1u << found;
	}
}

static void read_codings(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	if (!rule_want_list(r, node, "scope.data_coding"))
		return;
	if (rule_items(node) == 0)
		rule_problem(r, node, "scope.data_coding", "at least one number");
	for (size_t i = 0; i < rule_items(node); i++) {
		uint32_t value = 0;

		if (rule_want_number(r, rule_item(r, node, i), "scope.data_coding", 255,
		                     &value))
			row_of(r, rule)->data_coding[value / 32] |= UINT32_C(1) << value % 32;
	}
}

void rule_read_scope(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "accounts", false, read_accounts },
		{ "regimes", false, read_regimes },
		{ "directions", false, read_directions },
		{ "data_coding", false, read_codings },
	};

	rule_read_mapping(r, rule, node, "scope", RULE_KEYS(keys));
}

static void read_instant(struct rule_reader *r, yaml_node_t *node, const char *field,
                         uint32_t *out)
{
	char *text = rule_want_text(r, node, field, RULE_NAME_MAX);

	if (text != NULL && instant_parse(out, text) != 0)
		rule_problem(r, node, field,
		             "\"%s\" is no time like 2026-01-31 or 2026-01-31T09:00+09:00",
		             text);
	free(text);
}

static void read_from(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	read_instant(r, node, "valid.from", &row_of(r, rule)->valid_from);
}

static void read_until(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	read_instant(r, node, "valid.until", &row_of(r, rule)->valid_until);
}

void rule_read_valid(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "from", false, read_from },
		{ "until", false, read_until },
	};
	const struct image_rule *row = row_of(r, rule);

	rule_read_mapping(r, rule, node, "valid", RULE_KEYS(keys));
	if (row->valid_until != 0 && row->valid_until <= row->valid_from)
		rule_problem(r, node, "valid", "it ends before it begins");
}

void rule_read_mode(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const char *const names[] = { "active", "shadow", NULL };

	if (rule_want_word(r, node, "mode", names) == 1)
		row_of(r, rule)->flags |= IMAGE_RULE_SHADOW;
}

static void read_canary_accounts(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	const uint32_t before = r->set->n_accounts;

	read_account_list(r, rule, node, "canary.accounts", true);
	/* How many there are in the image is known when it is made; here: whether any. */
	row_of(r, rule)->n_canary_accounts = r->set->n_accounts - before;
}

/* "5%" or "0.25%", in hundredths of a percent. */
static void read_share(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	char *word = rule_want_text(r, node, "canary.share", 16), *end = NULL;

	if (word == NULL)
		return;
	const double percent = strtod(word, &end);
	if (strcmp(end, "%") != 0 || !(percent >= 0.01 && percent <= 100))
		rule_problem(r, node, "canary.share", "\"%s\" is no share like 5%% or 0.25%%",
		             word);
	else
		row_of(r, rule)->canary_share = (uint32_t)(percent * 100 + 0.5);
	free(word);
}

void rule_read_canary(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "accounts", false, read_canary_accounts },
		{ "share", false, read_share },
	};

	rule_read_mapping(r, rule, node, "canary", RULE_KEYS(keys));
}
