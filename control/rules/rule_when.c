/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_when: combinations of patterns, to the code of include/image_format.h.
 *
 *   expression  = term { "or" term }
 *   term        = factor { "and" factor }
 *   factor      = "not" factor | "(" expression ")" | name
 *               | number "of" "(" expression { "," expression } ")"
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "match_code.h"
#include "rule_reader.h"

#define NESTING_MAX 32u

struct parser {
	struct rule_reader *r;
	yaml_node_t *node;
	uint32_t rule;
	const char *text, *at;
	unsigned nesting;
	uint32_t code[RULE_CODE_MAX], n;
	bool failed; /* the first problem is reported, the rest would follow from it */
};

static void fail(struct parser *p, const char *what)
{
	if (!p->failed)
		rule_problem(p->r, p->node, "when", "%s at \"%.30s\"", what,
		             *p->at != '\0' ? p->at : "the end");
	p->failed = true;
}

static void emit(struct parser *p, enum image_code_op op, uint32_t argument)
{
	if (p->n == RULE_CODE_MAX)
		fail(p, "too long");
	else
		p->code[p->n++] = match_code_word(op, argument);
}

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

/* Octets of the name or number that is next; 0 = neither. */
static size_t word(struct parser *p)
{
	size_t n = 0;

	skip_blanks(p);
	while (isalnum((unsigned char)p->at[n]) || p->at[n] == '_')
		n++;
	return n;
}

static bool take_word(struct parser *p, const char *wanted)
{
	const size_t n = word(p);

	if (n != strlen(wanted) || memcmp(p->at, wanted, n) != 0)
		return false;
	p->at += n;
	return true;
}

static bool take(struct parser *p, char c)
{
	skip_blanks(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static void at_least(struct parser *p, uint32_t of, uint32_t wanted)
{
	if (of > IMAGE_CODE_DEPTH)
		fail(p, "too many in one list");
	else if (of > 1 || wanted != 1) /* one of one is itself */
		emit(p, IMAGE_CODE_AT_LEAST, of << 12 | wanted);
}

static void expression(struct parser *p);

static void number_of(struct parser *p, size_t digits)
{
	const unsigned long wanted = strtoul(p->at, NULL, 10);
	uint32_t of = 0;

	p->at += digits;
	if (!take_word(p, "of") || !take(p, '(')) {
		fail(p, "a number is followed by of (...)");
		return;
	}
	do {
		expression(p);
		of++;
	} while (!p->failed && take(p, ','));
	if (!take(p, ')'))
		fail(p, "a ')' is missing");
	else if (wanted == 0 || wanted > of)
		fail(p, "the number is not from 1 to the length of the list");
	else
		at_least(p, of, (uint32_t)wanted);
}

static void group(struct parser *p, size_t n)
{
	for (uint32_t i = 0; i < p->r->n_groups; i++) {
		const struct rule_group *g = &p->r->groups[i];

		if (g->rule != p->rule || g->name == NULL || strlen(g->name) != n ||
		    memcmp(g->name, p->at, n) != 0)
			continue;
		emit(p, IMAGE_CODE_GROUP, i);
		p->at += n;
		return;
	}
	fail(p, "no pattern of this rule has this name");
}

static void factor(struct parser *p)
{
	const size_t n = word(p);

	if (p->failed)
		return;
	if (++p->nesting > NESTING_MAX) {
		fail(p, "too deep");
	} else if (take_word(p, "not")) {
		factor(p);
		emit(p, IMAGE_CODE_NOT, 0);
	} else if (take(p, '(')) {
		expression(p);
		if (!take(p, ')'))
			fail(p, "a ')' is missing");
	} else if (n > 0 && strspn(p->at, "0123456789") == n) {
		number_of(p, n);
	} else if (n > 0) {
		group(p, n);
	} else {
		fail(p, "a name is missing");
	}
	p->nesting--;
}

static void term(struct parser *p)
{
	uint32_t n = 1;

	for (factor(p); !p->failed && take_word(p, "and"); n++)
		factor(p);
	at_least(p, n, n);
}

static void expression(struct parser *p)
{
	uint32_t n = 1;

	for (term(p); !p->failed && take_word(p, "or"); n++)
		term(p);
	at_least(p, n, 1);
}

static bool no_group(const void *context, uint32_t which)
{
	(void)context, (void)which;
	return false;
}

static void keep(struct parser *p)
{
	struct rule_set *set = p->r->set;
	struct image_rule *row = &set->rules[p->rule].row;

	row->code = set->n_code;
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t *put = rule_append(p->r, &set->code, &set->n_code, sizeof(*put));
		if (put == NULL)
			return;
		*put = p->code[i];
	}
	row->n_code = p->n;
}

void rule_read_when(struct rule_reader *r, uint32_t rule, yaml_node_t *node)
{
	char *text = rule_want_text(r, node, "when", RULE_PATTERN_MAX);
	struct parser p = { .r = r, .node = node, .rule = rule, .text = text, .at = text };

	if (text == NULL)
		return;
	expression(&p);
	skip_blanks(&p);
	if (!p.failed && *p.at != '\0')
		fail(&p, "and, or, or the end is missing");
	if (!p.failed && !match_code_valid(p.code, p.n, r->n_groups))
		fail(&p, "too deep");
	if (!p.failed && match_code_run(p.code, p.n, no_group, NULL))
		rule_problem(r, node, "when",
		             "it is true of a text that no pattern matches, so of nearly all");
	else if (!p.failed)
		keep(&p);
	free(text);
}
