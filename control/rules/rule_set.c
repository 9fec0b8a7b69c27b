/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_document_t document;
	struct rule_set *set;
	struct problems *problems;
	bool no_memory;
};

/* libyaml counts lines and columns from 0. */
static uint32_t row_of(const yaml_node_t *node) { return (uint32_t)node->start_mark.line + 1; }

static uint32_t column_of(const yaml_node_t *node)
{
	return (uint32_t)node->start_mark.column + 1;
}

#define REPORT(r, node, field, ...) \
	problems_add((r)->problems, row_of(node), column_of(node), field, __VA_ARGS__)

/* One more zeroed element in an array that doubles. NULL: no memory, noted. */
static void *append(struct reader *r, void **array, uint32_t *n, size_t size)
{
	if ((*n & (*n - 1)) == 0) {
		void *more = realloc(*array, (*n ? *n * 2 : 1) * size);

		if (more == NULL) {
			r->no_memory = true;
			return NULL;
		}
		*array = more;
	}
	return memset((char *)*array + (*n)++ * size, 0, size);
}

static yaml_node_t *item_at(struct reader *r, yaml_node_t *list, size_t i)
{
	return yaml_document_get_node(&r->document, list->data.sequence.items.start[i]);
}

static size_t items_n(const yaml_node_t *list)
{
	return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static bool want_list(struct reader *r, yaml_node_t *node, const char *field)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return true;
	REPORT(r, node, field, "must be a list");
	return false;
}

/* A copy of a scalar of 1 to max octets, or NULL with the problem reported. */
static char *want_text(struct reader *r, yaml_node_t *node, const char *field, size_t max)
{
	if (node->type != YAML_SCALAR_NODE) {
		REPORT(r, node, field, "must be a text");
		return NULL;
	}
	const char *value = (const char *)node->data.scalar.value;
	const size_t len = node->data.scalar.length;

	if (len == 0 || len > max || memchr(value, 0, len) != NULL) {
		REPORT(r, node, field, "must have 1 to %zu octets and no NUL; it has %zu", max,
		       len);
		return NULL;
	}
	char *copy = strndup(value, len);
	r->no_memory |= copy == NULL;
	return copy;
}

static void read_id(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	char *name = want_text(r, node, "id", RULE_NAME_MAX);

	if (name != NULL &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-")] != '\0')
		REPORT(r, node, "id", "\"%s\": only a-z, 0-9, '.', '_' and '-' are allowed",
		       name);
	free(r->set->rules[rule].name);
	r->set->rules[rule].name = name;
}

static void read_sentence(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	free(r->set->rules[rule].sentence);
	r->set->rules[rule].sentence = want_text(r, node, "sentence", RULE_SENTENCE_MAX);
}

static void read_action(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{ "refuse", IMAGE_REFUSE },
		{ "flag", IMAGE_FLAG },
		{ "observe", IMAGE_RULE_OBSERVE },
	};
	char *word = want_text(r, node, "action", RULE_NAME_MAX);

	for (size_t i = 0; word != NULL && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(word, actions[i].name) == 0)
			r->set->rules[rule].action = actions[i].action;
	if (word != NULL && r->set->rules[rule].action == 0)
		REPORT(r, node, "action", "\"%s\" is none of refuse, flag, observe", word);
	free(word);
}

static void read_status(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	char *word = want_text(r, node, "command_status", 12);
	char *end = NULL;

	if (word == NULL)
		return;
	errno = 0;
	const unsigned long value = strtoul(word, &end, 0);
	/* 0 would tell the sender that the message was accepted. */
	if (errno != 0 || *end != '\0' || word[0] == '-' || value == 0 || value > UINT32_MAX)
		REPORT(r, node, "command_status", "\"%s\" is not a status like 0x45 (not 0)",
		       word);
	else
		r->set->rules[rule].command_status = (uint32_t)value;
	free(word);
}

static void read_pattern(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	if (node->type != YAML_MAPPING_NODE || node->data.mapping.pairs.top - pair != 1) {
		REPORT(r, node, "patterns",
		       "a pattern is { literal: \"...\" } or { regex: \"...\" }");
		return;
	}
	yaml_node_t *key = yaml_document_get_node(&r->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(&r->document, pair->value);
	const char *kind = key->type == YAML_SCALAR_NODE ? (char *)key->data.scalar.value : "";
	const bool literal = strcmp(kind, "literal") == 0;

	if (!literal && strcmp(kind, "regex") != 0) {
		REPORT(r, key, "patterns", "\"%s\" is neither literal nor regex", kind);
		return;
	}
	char *text = want_text(r, value, kind, RULE_PATTERN_MAX);
	if (text == NULL)
		return;
	struct rule_pattern *p =
		append(r, (void **)&r->set->patterns, &r->set->n_patterns, sizeof(*p));
	if (p == NULL) {
		free(text);
		return;
	}
	*p = (struct rule_pattern){ rule, literal, text, row_of(value), column_of(value) };
}

static void read_patterns(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	if (!want_list(r, node, "patterns"))
		return;
	if (items_n(node) == 0)
		REPORT(r, node, "patterns", "a rule needs at least one pattern");
	for (size_t i = 0; i < items_n(node); i++) {
		if (r->set->n_patterns == RULE_PATTERNS_MAX) {
			REPORT(r, node, "patterns", "more than %u patterns in all",
			       RULE_PATTERNS_MAX);
			return;
		}
		read_pattern(r, rule, item_at(r, node, i));
	}
}

static void read_test_list(struct reader *r, uint32_t rule, yaml_node_t *node, bool match)
{
	const char *field = match ? "tests.match" : "tests.no_match";

	if (!want_list(r, node, field))
		return;
	for (size_t i = 0; i < items_n(node); i++) {
		if (r->set->n_tests == RULE_TESTS_MAX) {
			REPORT(r, node, field, "more than %u test texts in all",
			       RULE_TESTS_MAX);
			return;
		}
		yaml_node_t *item = item_at(r, node, i);
		char *text = want_text(r, item, field, RULE_TEST_MAX);
		if (text == NULL)
			continue;
		struct rule_test *t =
			append(r, (void **)&r->set->tests, &r->set->n_tests, sizeof(*t));
		if (t == NULL) {
			free(text);
			return;
		}
		*t = (struct rule_test){ rule, match, text, row_of(item), column_of(item) };
	}
}

/* A key of a mapping and who reads its value. */
struct key {
	const char *name;
	bool required;
	void (*read)(struct reader *r, uint32_t rule, yaml_node_t *value);
};

static void read_mapping(struct reader *r, uint32_t rule, yaml_node_t *node, const char *what,
                         const struct key *keys, unsigned n_keys)
{
	uint64_t seen = 0;

	if (node->type != YAML_MAPPING_NODE) {
		REPORT(r, node, what, "must be a mapping of keys and values");
		return;
	}
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, p->key);
		const char *name =
			key->type == YAML_SCALAR_NODE ? (char *)key->data.scalar.value : "";
		unsigned i = 0;

		while (i < n_keys && strcmp(name, keys[i].name) != 0)
			i++;
		if (i == n_keys) {
			REPORT(r, key, what, "there is no key \"%s\" here", name);
		} else if (seen & UINT64_C(1) << i) {
			REPORT(r, key, what, "\"%s\" is given twice", name);
		} else {
			seen |= UINT64_C(1) << i;
			keys[i].read(r, rule, yaml_document_get_node(&r->document, p->value));
		}
	}
	for (unsigned i = 0; i < n_keys; i++)
		if (keys[i].required && !(seen & UINT64_C(1) << i))
			REPORT(r, node, what, "\"%s\" is missing", keys[i].name);
}

static void read_match(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	read_test_list(r, rule, node, true);
}

static void read_no_match(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	read_test_list(r, rule, node, false);
}

static void read_tests(struct reader *r, uint32_t rule, yaml_node_t *node)
{
	static const struct key keys[] = {
		{ "match", false, read_match },
		{ "no_match", false, read_no_match },
	};

	read_mapping(r, rule, node, "tests", keys, sizeof(keys) / sizeof(keys[0]));
}

static void read_rule(struct reader *r, yaml_node_t *node)
{
	static const struct key keys[] = {
		{ "id", true, read_id },
		{ "sentence", true, read_sentence },
		{ "action", true, read_action },
		{ "command_status", false, read_status },
		{ "patterns", true, read_patterns },
		{ "tests", false, read_tests },
	};
	const uint32_t index = r->set->n_rules;
	struct rule *rule = append(r, (void **)&r->set->rules, &r->set->n_rules, sizeof(*rule));

	if (rule == NULL)
		return;
	rule->row = row_of(node);
	rule->column = column_of(node);
	read_mapping(r, index, node, "rule", keys, sizeof(keys) / sizeof(keys[0]));
}

static void read_rules(struct reader *r, uint32_t unused, yaml_node_t *node)
{
	(void)unused;
	if (!want_list(r, node, "rules"))
		return;
	if (items_n(node) > RULES_MAX) {
		REPORT(r, node, "rules", "%zu rules; at most %u are allowed", items_n(node),
		       RULES_MAX);
		return;
	}
	for (size_t i = 0; i < items_n(node) && !r->no_memory; i++)
		read_rule(r, item_at(r, node, i));
}

/* By name, then by place. Rules without a name (reported already) come first. */
static int compare_names(const void *a, const void *b, void *rules)
{
	const struct rule *x = (const struct rule *)rules + *(const uint32_t *)a;
	const struct rule *y = (const struct rule *)rules + *(const uint32_t *)b;
	const int order = strcmp(x->name ? x->name : "", y->name ? y->name : "");

	return order ? order : (x->row > y->row) - (x->row < y->row);
}

static void check_unique(struct reader *r)
{
	const struct rule *rules = r->set->rules;
	const uint32_t n = r->set->n_rules;
	uint32_t *order = calloc(n + 1, sizeof(*order));

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
			problems_add(r->problems, rule->row, rule->column, "id",
			             "\"%s\" is the id of the rule in row %u too", rule->name,
			             before->row);
	}
	free(order);
}

static void read_document(struct reader *r)
{
	static const struct key keys[] = { { "rules", true, read_rules } };
	yaml_node_t *root = yaml_document_get_root_node(&r->document);

	if (root == NULL) {
		problems_add(r->problems, 0, 0, NULL, "the file is empty; it needs \"rules:\"");
		return;
	}
	read_mapping(r, 0, root, "file", keys, sizeof(keys) / sizeof(keys[0]));
	check_unique(r);
}

/* Where and why libyaml gave up; its encoding errors carry an offset, not a line. */
static void report_yaml(struct problems *problems, const yaml_parser_t *parser)
{
	const yaml_mark_t *mark = &parser->problem_mark;
	const char *what = parser->problem ? parser->problem : "not YAML";

	if (parser->error == YAML_READER_ERROR)
		problems_add(problems, 0, 0, NULL, "%s at octet %zu; the file must be UTF-8",
		             what, parser->problem_offset);
	else
		problems_add(problems, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1,
		             NULL, "%s%s%s", what, parser->context ? " " : "",
		             parser->context ? parser->context : "");
}

static void load(struct reader *r, const char *text, size_t size)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		r->no_memory = true;
		return;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	if (!yaml_parser_load(&parser, &r->document)) {
		r->no_memory |= parser.error == YAML_MEMORY_ERROR;
		report_yaml(r->problems, &parser);
	} else {
		read_document(r);
		yaml_document_delete(&r->document);
	}
	yaml_parser_delete(&parser);
}

int rule_set_read(struct rule_set **out, const char *text, size_t size,
                  struct problems *problems)
{
	struct reader r = { .problems = problems };
	const uint32_t before = problems->total;

	if (size > RULES_FILE_MAX) {
		problems_add(problems, 0, 0, NULL, "%zu octets; at most %u are allowed", size,
		             RULES_FILE_MAX);
		return -EINVAL;
	}
	r.set = calloc(1, sizeof(*r.set));
	if (r.set == NULL)
		return -ENOMEM;
	load(&r, text, size);
	if (r.no_memory || problems->total != before) {
		rule_set_free(r.set);
		return r.no_memory ? -ENOMEM : -EINVAL;
	}
	*out = r.set;
	return 0;
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
	free(set->rules);
	free(set->patterns);
	free(set->tests);
	free(set);
}
