/* SPDX-License-Identifier: Apache-2.0 */
/* rule_pattern: the entries of "patterns:", each one or many patterns of one group. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rule_domain.h"
#include "rule_reader.h"

/* An entry while it is read; its patterns are made when all its keys are known. */
struct entry {
	uint32_t rule;
	yaml_node_t *what; /* the value of the one key that says what to look for */
	const char *kind;  /* that key */
	uint32_t group, views;
	int32_t weight;
};

static const char *const views[] = { "folded", "plain", "both", "loose", NULL };

uint32_t rule_want_view(struct rule_reader *r, yaml_node_t *node)
{
	static const uint32_t bits[] = { IMAGE_VIEW_FOLDED, IMAGE_VIEW_PLAIN,
		                         IMAGE_VIEW_FOLDED | IMAGE_VIEW_PLAIN,
		                         IMAGE_VIEW_FOLDED | IMAGE_VIEW_LOOSE };
	const int view = rule_want_word(r, node, "view", views);

	return view < 0 ? 0 : bits[view];
}

void rule_read_view(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	r->set->rules[rule].view = rule_want_view(r, node);
}

/* Takes the text. */
static void add(struct rule_reader *r, const struct entry *e, enum rule_pattern_kind kind,
                char *text, struct place place)
{
	const bool full = r->set->n_patterns == RULE_PATTERNS_MAX;
	struct rule_pattern *p =
		full ? NULL
		     : rule_append(r, &r->set->patterns, &r->set->n_patterns, sizeof(*p));

	if (full && !r->full)
		rule_problem(r, e->what, "patterns", "more than %u patterns in all",
		             RULE_PATTERNS_MAX);
	r->full |= full;

	if (p == NULL) {
		free(text);
		return;
	}
	*p = (struct rule_pattern){ .rule = e->rule,
		                    .kind = kind,
		                    .text = text,
		                    .group = e->group,
		                    .weight = e->weight,
		                    .views = e->views,
		                    .place = place };
	r->set->rules[e->rule].n_patterns++;
}

static void add_node(struct rule_reader *r, const struct entry *e, enum rule_pattern_kind kind,
                     yaml_node_t *node)
{
	char *text = rule_want_text(r, node, e->kind, RULE_PATTERN_MAX);
	const char *fault = text != NULL && kind == RULE_DOMAIN ? domain_fault(text) : NULL;

	if (fault != NULL) {
		char meant[80];

		domain_meant(meant, sizeof(meant), text);
		rule_problem(r, node, e->kind, "\"%.60s\": %s; write %s", text, fault, meant);
	}
	if (text != NULL)
		add(r, e, kind, text, rule_place(r, node));
}

/* One text or a list of them. */
static void add_nodes(struct rule_reader *r, const struct entry *e, enum rule_pattern_kind kind)
{
	if (e->what->type != YAML_SEQUENCE_NODE) {
		add_node(r, e, kind, e->what);
		return;
	}
	if (rule_items(e->what) == 0)
		rule_problem(r, e->what, e->kind, "the list is empty");
	for (size_t i = 0; i < rule_items(e->what) && !r->full; i++)
		add_node(r, e, kind, rule_item(r, e->what, i));
}

static const char *list_text(const struct rule_reader *r, const char *name)
{
	for (uint32_t i = 0; i < r->n_lists; i++)
		if (r->lists[i].name != NULL && strcmp(r->lists[i].name, name) == 0)
			return r->lists[i].text;
	return NULL;
}

/* A line of a phrase list without blanks around it; NULL = nothing to look for. */
static char *phrase(const char *line, size_t len)
{
	while (len > 0 && isspace((unsigned char)line[0]))
		line++, len--;
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	return len == 0 || line[0] == '#' ? NULL : strndup(line, len);
}

static void add_phrases(struct rule_reader *r, const struct entry *e)
{
	char *name = rule_want_text(r, e->what, e->kind, PROBLEM_FILE_SIZE - 1);
	const char *line = name == NULL ? NULL : list_text(r, name);
	const uint32_t before = r->set->n_patterns;

	if (name != NULL && line == NULL)
		rule_problem(r, e->what, e->kind,
		             "there is no list \"%s\": no such file beside the rules, in UTF-8 "
		             "without NUL and of at most 16 MiB, and no \"lists:\" with it",
		             name);
	while (line != NULL && !r->full) {
		const size_t len = strcspn(line, "\n");
		char *text = phrase(line, len);

		if (text != NULL && strlen(text) > RULE_PATTERN_MAX) {
			rule_problem(r, e->what, e->kind,
			             "\"%.40s...\" has more than %u octets", text,
			             RULE_PATTERN_MAX);
			free(text);
		} else if (text != NULL) {
			add(r, e, RULE_LITERAL, text, rule_place(r, e->what));
		}
		line = line[len] == '\0' ? NULL : line + len + 1;
	}
	if (name != NULL && list_text(r, name) != NULL && r->set->n_patterns == before)
		rule_problem(r, e->what, e->kind, "the list \"%s\" has no phrase", name);
	free(name);
}

static void add_entry(struct rule_reader *r, const struct entry *e)
{
	if (strcmp(e->kind, "regex") == 0)
		add_node(r, e, RULE_REGEX, e->what);
	else if (strcmp(e->kind, "literal") == 0)
		add_node(r, e, RULE_LITERAL, e->what);
	else if (strcmp(e->kind, "words") == 0)
		add_nodes(r, e, RULE_WORD);
	else if (strcmp(e->kind, "domains") == 0)
		add_nodes(r, e, RULE_DOMAIN);
	else
		add_phrases(r, e);
}

static bool is_kind(const char *key)
{
	static const char *const kinds[] = { "regex", "literal", "words", "domains",
		                             "phrases" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(key, kinds[i]) == 0)
			return true;
	return false;
}

static void name_group(struct rule_reader *r, const struct entry *e, yaml_node_t *node)
{
	struct rule_group *group = &r->groups[e->group];
	char *name = rule_want_text(r, node, "name", RULE_NAME_MAX);

	if (name == NULL)
		return;
	if (!isalpha((unsigned char)name[0]) ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
	    strcmp(name, "and") == 0 || strcmp(name, "or") == 0 || strcmp(name, "not") == 0 ||
	    strcmp(name, "of") == 0)
		rule_problem(r, node, "name",
		             "\"%s\": a letter, then a-z, 0-9 and '_'; not and, or, not, of",
		             name);
	for (uint32_t i = 0; i < e->group; i++)
		if (r->groups[i].rule == e->rule && r->groups[i].name != NULL &&
		    strcmp(r->groups[i].name, name) == 0)
			rule_problem(r, node, "name", "\"%s\" is the name of another pattern",
			             name);
	free(group->name);
	group->name = name;
}

/* One key of an entry; what is in doubt was reported. */
static void read_key(struct rule_reader *r, struct entry *e, yaml_node_t *key,
                     yaml_node_t *value)
{
	const char *name = key->type == YAML_SCALAR_NODE ? (char *)key->data.scalar.value : "";

	if (is_kind(name)) {
		if (e->what != NULL)
			rule_problem(r, key, "patterns", "it says %s already", e->kind);
		e->what = value;
		e->kind = name;
	} else if (strcmp(name, "name") == 0) {
		name_group(r, e, value);
	} else if (strcmp(name, "view") == 0) {
		e->views = rule_want_view(r, value);
	} else if (strcmp(name, "weight") == 0) {
		e->weight = rule_want_points(r, value, "weight");
	} else {
		rule_problem(r, key, "patterns",
		             "\"%s\" is none of literal, regex, words, phrases, domains, name, "
		             "view, weight",
		             name);
	}
}

static void read_entry(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	struct entry e = { .rule = rule, .group = r->n_groups };

	if (node->type != YAML_MAPPING_NODE) {
		rule_problem(r, node, "patterns",
		             "a pattern is { literal: \"...\" }, { regex: \"...\" }, words, "
		             "phrases or domains");
		return;
	}
	struct rule_group *group = rule_append(r, &r->groups, &r->n_groups, sizeof(*r->groups));
	if (group == NULL)
		return;
	group->rule = rule;
	const uint32_t before = r->problems->total;
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++)
		read_key(r, &e, yaml_document_get_node(&r->document, p->key),
		         yaml_document_get_node(&r->document, p->value));
	if (e.what != NULL)
		add_entry(r, &e);
	else if (r->problems->total == before)
		rule_problem(r, node, "patterns", "it does not say what to look for");
}

void rule_read_patterns(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	if (!rule_want_list(r, node, "patterns"))
		return;
	if (rule_items(node) == 0)
		rule_problem(r, node, "patterns", "a rule needs at least one pattern");
	for (size_t i = 0; i < rule_items(node) && !r->no_memory && !r->full; i++)
		read_entry(r, rule, rule_item(r, node, i));
}
