/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_set.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fold_table.h"
#include "rule_reader.h"

void rule_set_problem(const struct rule_set *set, struct problems *problems,
                      const struct place *place, const char *field, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_add_list(problems, set->files[place->file], place->row, place->column, field,
	                  format, args);
	va_end(args);
}

static void read_id(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	char *name = rule_want_text(r, node, "id", RULE_NAME_MAX);

	if (name != NULL &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] != '\0')
		rule_problem(r, node, "id",
		             "\"%s\": only a-z, 0-9, '.', '_' and '-' are allowed", name);
	free(r->set->rules[rule].name);
	r->set->rules[rule].name = name;
}

static void read_sentence(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	free(r->set->rules[rule].sentence);
	r->set->rules[rule].sentence = rule_want_text(r, node, "sentence", RULE_SENTENCE_MAX);
}

static void read_action(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const char *const names[] = { "refuse", "discard", "flag", "observe", NULL };

	/* The order of enum image_action. */
	r->set->rules[rule].row.action = (uint32_t)rule_want_word(r, node, "action", names) + 1;
}

static void read_status(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	uint32_t value = 1;

	/* 0 would tell the sender that the message was accepted: that is "discard". */
	if (rule_want_number(r, node, "command_status", UINT32_MAX, &value) && value == 0)
		rule_problem(r, node, "command_status",
		             "0 means accepted; use action: discard");
	r->set->rules[rule].row.command_status = value;
	r->set->rules[rule].status = rule_place(r, node);
}

static void read_weight(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	r->set->rules[rule].row.weight = rule_want_points(r, node, "weight");
}

static void read_threshold(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	r->set->rules[rule].row.threshold = rule_want_points(r, node, "threshold");
	r->set->rules[rule].row.flags |= IMAGE_RULE_THRESHOLD;
	r->set->rules[rule].threshold = rule_place(r, node);
}

static void keep_when(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	r->set->rules[rule].when = rule_place(r, node);
	r->when = node;
}

static void read_test_list(struct rule_reader *r, uint32_t rule, yaml_node_t *node, bool match)
{
	const char *field = match ? "tests.match" : "tests.no_match";

	if (!rule_want_list(r, node, field))
		return;
	for (size_t i = 0; i < rule_items(node); i++) {
		if (r->set->n_tests == RULE_TESTS_MAX) {
			rule_problem(r, node, field, "more than %u test texts in all",
			             RULE_TESTS_MAX);
			return;
		}
		yaml_node_t *item = rule_item(r, node, i);
		char *text = rule_want_text(r, item, field, RULE_TEST_MAX);
		if (text == NULL)
			continue;
		struct rule_test *t =
			rule_append(r, &r->set->tests, &r->set->n_tests, sizeof(*t));
		if (t == NULL) {
			free(text);
			return;
		}
		*t = (struct rule_test){ rule, match, text, rule_place(r, item) };
	}
}

static void read_match(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	read_test_list(r, rule, node, true);
}

static void read_no_match(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	read_test_list(r, rule, node, false);
}

static void read_tests(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "match", false, read_match },
		{ "no_match", false, read_no_match },
	};

	rule_read_mapping(r, rule, node, "tests", RULE_KEYS(keys));
}

/* What no key alone can tell. */
static void check_rule(struct rule_reader *r, uint32_t index, yaml_node_t *node)
{
	const struct rule *rule = &r->set->rules[index];
	const struct image_rule *row = &rule->row;
	bool weighed = false;

	for (uint32_t i = 0; i < rule->n_patterns; i++)
		weighed |= r->set->patterns[rule->pattern + i].weight != 0;
	if ((row->flags & IMAGE_RULE_THRESHOLD) != 0 && !weighed)
		rule_problem(r, node, "threshold", "no pattern of this rule has a weight");
	if (row->action == 0 && row->weight == 0 &&
	    (!weighed || (row->flags & IMAGE_RULE_THRESHOLD) != 0))
		rule_problem(r, node, "rule", "it needs an \"action\" or a \"weight\"");
	if ((row->canary_share != 0 || row->n_canary_accounts != 0) &&
	    (row->flags & IMAGE_RULE_SHADOW) == 0)
		rule_problem(r, node, "canary", "only a rule with mode: shadow has canaries");
}

/* The rule's own view, which may stand after its patterns, else the file's, else the folded
 * one. */
static void set_views(const struct rule_reader *r, uint32_t index)
{
	const struct rule_set *set = r->set;
	const struct rule *rule = &set->rules[index];
	const uint32_t view = rule->view != 0 ? rule->view : r->view;

	for (uint32_t i = 0; i < rule->n_patterns; i++) {
		struct rule_pattern *p = &set->patterns[rule->pattern + i];

		if (p->views != 0)
			continue;
		p->views = view;
		if (view == 0) /* addresses are what is broken most: hxxp://evil[.]example */
			p->views = p->kind == RULE_DOMAIN ? IMAGE_VIEW_FOLDED | IMAGE_VIEW_LOOSE
			                                  : IMAGE_VIEW_FOLDED;
	}
}

static void read_rule(struct rule_reader *r, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "id", true, read_id },
		{ "sentence", true, read_sentence },
		{ "action", false, read_action },
		{ "weight", false, read_weight },
		{ "threshold", false, read_threshold },
		{ "command_status", false, read_status },
		{ "view", false, rule_read_view },
		{ "patterns", true, rule_read_patterns },
		{ "when", false, keep_when },
		{ "scope", false, rule_read_scope },
		{ "valid", false, rule_read_valid },
		{ "mode", false, rule_read_mode },
		{ "canary", false, rule_read_canary },
		{ "tests", false, read_tests },
	};
	const uint32_t before = r->problems->total, index = r->set->n_rules;
	struct rule *rule = rule_append(r, &r->set->rules, &r->set->n_rules, sizeof(*rule));

	if (rule == NULL)
		return;
	rule->place = rule_place(r, node);
	rule->pattern = r->set->n_patterns;
	r->when = NULL;
	rule_read_mapping(r, index, node, "rule", RULE_KEYS(keys));
	set_views(r, index);
	if (r->when != NULL)
		rule_read_when(r, index, r->when);
	if (r->problems->total == before)
		check_rule(r, index, node);
	r->set->rules[index].faulty = r->problems->total != before;
}

static void read_rules(struct rule_reader *r, uint32_t unused, yaml_node_t *node)
{
	(void)unused;
	r->rules_seen = r->rules_here = true;
	if (!rule_want_list(r, node, "rules"))
		return;
	if (r->set->n_rules + rule_items(node) > RULES_MAX) {
		rule_problem(r, node, "rules", "%zu rules; at most %u are allowed",
		             r->set->n_rules + rule_items(node), RULES_MAX);
		return;
	}
	for (size_t i = 0; i < rule_items(node) && !r->no_memory; i++)
		read_rule(r, rule_item(r, node, i));
}

/* By name, then by place. Rules without a name (reported already) come first. */
static int compare_names(const void *a, const void *b, void *rules)
{
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct rule *x = (const struct rule *)rules + i;
	const struct rule *y = (const struct rule *)rules + j;
	const int order = strcmp(x->name ? x->name : "", y->name ? y->name : "");

	return order ? order : (i > j) - (i < j);
}

static void check_unique(struct rule_reader *r)
{
	const struct rule *rules = r->set->rules;
	const uint32_t n = r->set->n_rules;
	uint32_t *order = calloc(n + (size_t)1, sizeof(*order));

	if (order == NULL) {
		r->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare_names, r->set->rules);
	for (uint32_t i = 1; i < n; i++) {
		const struct rule *rule = &rules[order[i]], *before = &rules[order[i - 1]];

		if (rule->name != NULL && before->name != NULL &&
		    strcmp(rule->name, before->name) == 0)
			rule_set_problem(r->set, r->problems, &rule->place, "id",
			                 "\"%s\" is the id of the rule in row %u%s%s too",
			                 rule->name, before->place.row,
			                 before->place.file == rule->place.file ? "" : " of ",
			                 before->place.file == rule->place.file
			                         ? ""
			                         : r->set->files[before->place.file]);
	}
	free(order);
}

static bool add_file(struct rule_reader *r, const char *name)
{
	char **file = rule_append(r, &r->set->files, &r->set->n_files, sizeof(*file));

	if (file == NULL)
		return false;
	*file = strdup(name);
	if (*file == NULL) {
		r->set->n_files--;
		r->no_memory = true;
	}
	return *file != NULL;
}

static void read_file(struct rule_reader *r, uint32_t unused, yaml_node_t *node)
{
	char *name = rule_want_text(r, node, "file", PROBLEM_FILE_SIZE - 1);

	(void)unused;
	if (name != NULL && add_file(r, name)) {
		r->file = r->set->n_files - 1;
		r->view = 0;
		r->file_begins = true;
	}
	free(name);
}

static void read_file_view(struct rule_reader *r, uint32_t unused, yaml_node_t *node)
{
	(void)unused;
	if (r->rules_here)
		rule_problem(r, node, "view", "must stand before \"rules\"");
	r->view = rule_want_view(r, node);
}

static void read_lists(struct rule_reader *r, uint32_t unused, yaml_node_t *node)
{
	(void)unused;
	if (node->type != YAML_MAPPING_NODE) {
		rule_problem(r, node, "lists", "must be a mapping of names and texts");
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top && !r->no_memory; p++) {
		struct rule_list *list = rule_append(r, &r->lists, &r->n_lists, sizeof(*list));
		if (list == NULL)
			return;
		list->name = rule_want_text(r, yaml_document_get_node(&r->document, p->key),
		                            "lists", PROBLEM_FILE_SIZE - 1);
		list->text = rule_want_text(r, yaml_document_get_node(&r->document, p->value),
		                            "lists", RULES_FILE_MAX);
	}
}

/* An empty document between two separators. */
static bool is_nothing(const yaml_node_t *root)
{
	return root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0;
}

static void read_document(struct rule_reader *r)
{
	static const struct rule_key keys[] = {
		{ "rules", false, read_rules },      { "lists", false, read_lists },
		{ "folds", false, rule_read_folds }, { "file", false, read_file },
		{ "view", false, read_file_view },
	};
	yaml_node_t *root = yaml_document_get_root_node(&r->document);

	if (r->file_begins)
		r->row_base = (uint32_t)r->document.start_mark.line + 1;
	r->file_begins = r->rules_here = false;
	if (!is_nothing(root))
		rule_read_mapping(r, 0, root, "file", RULE_KEYS(keys));
}

/* false: no further document. */
static bool load_document(struct rule_reader *r, yaml_parser_t *parser, const char *text)
{
	if (!yaml_parser_load(parser, &r->document)) {
		r->no_memory |= parser->error == YAML_MEMORY_ERROR;
		rule_no_yaml(r, parser, text);
		return false;
	}
	const bool more = yaml_document_get_root_node(&r->document) != NULL;
	if (more)
		read_document(r);
	yaml_document_delete(&r->document);
	return more && !r->no_memory;
}

static void load(struct rule_reader *r, const char *text, size_t size)
{
	const uint32_t before = r->problems->total;
	yaml_parser_t parser;

	if (rule_too_deep(r, text, size))
		return;
	if (!add_file(r, r->problems->file) || !yaml_parser_initialize(&parser)) {
		r->no_memory = true;
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	while (load_document(r, &parser, text))
		;
	yaml_parser_delete(&parser);
	if (!r->rules_seen && r->problems->total == before)
		problems_add(r->problems, 0, 0, NULL, "\"rules\" is missing");
	check_unique(r);
	rule_finish_folds(r);
}

static void forget(struct rule_reader *r)
{
	for (uint32_t i = 0; i < r->n_lists; i++) {
		free(r->lists[i].name);
		free(r->lists[i].text);
	}
	for (uint32_t i = 0; i < r->n_groups; i++)
		free(r->groups[i].name);
	free(r->lists);
	free(r->groups);
	free(r->folds);
}

int rule_set_read(struct rule_set **out, const char *text, size_t size,
                  struct problems *problems)
{
	struct rule_reader r = { .problems = problems };
	const uint32_t before = problems->total;

	*out = NULL;
	r.set = calloc(1, sizeof(*r.set));
	if (r.set == NULL)
		return -ENOMEM;
	r.set->table = &text_table_default;
	if (size > RULES_FILE_MAX)
		problems_add(problems, 0, 0, NULL, "%zu octets; at most %u are allowed", size,
		             RULES_FILE_MAX);
	else
		load(&r, text, size);
	forget(&r);
	if (r.no_memory) {
		rule_set_free(r.set);
		return -ENOMEM;
	}
	*out = r.set;
	return problems->total == before ? 0 : -EINVAL;
}

void rule_set_free(struct rule_set *set)
{
	if (set == NULL)
		return;
	for (uint32_t i = 0; i < set->n_rules; i++) {
		free(set->rules[i].name);
		free(set->rules[i].sentence);
	}
	for (uint32_t i = 0; i < set->n_patterns; i++)
		free(set->patterns[i].text);
	for (uint32_t i = 0; i < set->n_tests; i++)
		free(set->tests[i].text);
	for (uint32_t i = 0; i < set->n_accounts; i++)
		free(set->accounts[i].system_id);
	for (uint32_t i = 0; i < set->n_files; i++)
		free(set->files[i]);
	text_table_close(set->table);
	free(set->folds);
	free(set->rules);
	free(set->patterns);
	free(set->tests);
	free(set->accounts);
	free(set->code);
	free(set->files);
	free(set);
}
