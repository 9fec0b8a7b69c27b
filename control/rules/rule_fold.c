/* SPDX-License-Identifier: Apache-2.0 */
/* rule_fold: the rows of "folds:", which make the table that texts are folded by. */
#include <stdlib.h>
#include <string.h>

#include "fold_table.h"
#include "rule_expression.h"
#include "rule_reader.h"

/* "U+10FFFF" or one character. */
#define CHARACTER_MAX 8u

/* The number behind U+, in four to six digits; text_fold_fault() says whether there is such
 * a character. */
static bool parse_number(const char *word, uint32_t *c)
{
	const size_t digits = strspn(word + 2, "0123456789abcdefABCDEF");

	if (digits < 4 || digits > 6 || word[2 + digits] != '\0')
		return false;
	*c = (uint32_t)strtoul(word + 2, NULL, 16);
	return true;
}

static bool is_one_character(const char *word)
{
	size_t n = 0;

	for (const char *at = word; *at != '\0'; at++)
		n += (*at & 0xC0) != 0x80;
	return n == 1;
}

/* UINT32_MAX with the problem reported. */
static uint32_t want_character(struct rule_reader *r, yaml_node_t *node, const char *field)
{
	char *word = rule_want_text(r, node, field, CHARACTER_MAX);
	uint32_t c = UINT32_MAX;

	if (word == NULL)
		return c;
	if (is_one_character(word))
		c = rule_character((const uint8_t *)word);
	else if (strncmp(word, "U+", 2) != 0 || !parse_number(word, &c))
		rule_problem(r, node, field,
		             "\"%s\" is neither one character nor U+ and 4 to 6 hexadecimal "
		             "digits",
		             word);
	free(word);
	return c;
}

static void read_from(struct rule_reader *r, uint32_t fold, yaml_node_t *node)
{
	r->folds[fold].row.from = want_character(r, node, "folds.from");
	r->folds[fold].from = rule_place(r, node);
}

static void read_to(struct rule_reader *r, uint32_t fold, yaml_node_t *node)
{
	r->folds[fold].row.to = want_character(r, node, "folds.to");
	r->folds[fold].to = rule_place(r, node);
}

static void fold_problem(struct rule_reader *r, const struct rule_fold *fold, bool of_from,
                         const char *fault)
{
	const uint32_t c = of_from ? fold->row.from : fold->row.to;

	rule_set_problem(r->set, r->problems, of_from ? &fold->from : &fold->to,
	                 of_from ? "folds.from" : "folds.to", "U+%04X %s", c, fault);
}

static void read_fold(struct rule_reader *r, yaml_node_t *node)
{
	static const struct rule_key keys[] = {
		{ "from", true, read_from },
		{ "to", true, read_to },
	};
	const uint32_t before = r->problems->total, index = r->n_folds;
	struct rule_fold *fold = rule_append(r, &r->folds, &r->n_folds, sizeof(*fold));
	uint32_t which;

	if (fold == NULL)
		return;
	rule_read_mapping(r, index, node, "folds", RULE_KEYS(keys));
	fold = &r->folds[index];
	if (r->problems->total == before) {
		const char *fault = text_fold_fault(&fold->row, &which);

		if (fault != NULL)
			fold_problem(r, fold, which == fold->row.from, fault);
	}
	if (r->problems->total != before)
		r->n_folds--; /* the others make the table that tests run with */
}

void rule_read_folds(struct rule_reader *r, uint32_t unused, yaml_node_t *node)
{
	(void)unused;
	if (!rule_want_list(r, node, "folds"))
		return;
	if (r->n_folds + rule_items(node) > IMAGE_FOLDS_MAX) {
		rule_problem(r, node, "folds", "%zu rows; at most %u are allowed",
		             r->n_folds + rule_items(node), IMAGE_FOLDS_MAX);
		return;
	}
	for (size_t i = 0; i < rule_items(node) && !r->no_memory; i++)
		read_fold(r, rule_item(r, node, i));
}

/* By character, then as they were read. */
static int by_from(const void *a, const void *b)
{
	const struct rule_fold *x = a, *y = b;

	if (x->row.from != y->row.from)
		return x->row.from < y->row.from ? -1 : 1;
	if (x->from.file != y->from.file)
		return x->from.file < y->from.file ? -1 : 1;
	return (x->from.row > y->from.row) - (x->from.row < y->from.row);
}

/* The same row may come in two files, which are packs of their own; twice in one file it is
 * a mistake, and so are two that contradict each other. */
static void check_twice(struct rule_reader *r, const struct rule_fold *before,
                        const struct rule_fold *fold)
{
	const bool here = before->from.file == fold->from.file;

	if (!here && before->row.to == fold->row.to)
		return;
	rule_set_problem(r->set, r->problems, &fold->from, "folds.from",
	                 "U+%04X is folded to U+%04X in row %u%s%s", fold->row.from,
	                 before->row.to, before->from.row, here ? " already" : " of ",
	                 here ? "" : r->set->files[before->from.file]);
}

/* Rows of the set: sorted, each character once. */
static void keep_rows(struct rule_reader *r)
{
	struct rule_set *set = r->set;
	const struct rule_fold *last = NULL;

	qsort(r->folds, r->n_folds, sizeof(*r->folds), by_from);
	for (uint32_t i = 0; i < r->n_folds; i++) {
		const struct rule_fold *fold = &r->folds[i];

		if (last != NULL && last->row.from == fold->row.from) {
			check_twice(r, last, fold);
			continue;
		}
		set->folds[set->n_folds++] = fold->row;
		last = fold;
	}
}

static void check_chains(struct rule_reader *r)
{
	const struct rule_set *set = r->set;

	for (uint32_t i = 0; i < r->n_folds; i++) {
		const struct image_fold *row =
			text_fold_row(set->folds, set->n_folds, r->folds[i].row.to);
		if (row != NULL)
			rule_set_problem(
				set, r->problems, &r->folds[i].to, "folds.to",
				"U+%04X is itself folded to U+%04X by a row of its own",
				row->from, row->to);
	}
}

void rule_finish_folds(struct rule_reader *r)
{
	struct rule_set *set = r->set;

	if (r->n_folds == 0)
		return;
	set->folds = calloc(r->n_folds, sizeof(*set->folds));
	if (set->folds == NULL) {
		r->no_memory = true;
		return;
	}
	const uint32_t before = r->problems->total;
	keep_rows(r);
	check_chains(r);
	/* Rows that contradict each other make no table. */
	if (r->problems->total != before)
		set->n_folds = 0;
	r->no_memory |= text_table_open(&set->table, set->folds, set->n_folds) != 0;
}
