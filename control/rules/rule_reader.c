/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "points.h"

/* libyaml counts lines and columns from 0. */
struct place rule_place(const struct rule_reader *r, const yaml_node_t *node)
{
	return (struct place){
		.row = (uint32_t)node->start_mark.line + 1 - r->row_base,
		.column = (uint32_t)node->start_mark.column + 1,
		.file = r->file,
	};
}

void rule_problem(struct rule_reader *r, const yaml_node_t *node, const char *field,
                  const char *format, ...)
{
	const struct place at = rule_place(r, node);
	va_list args;

	va_start(args, format);
	problems_add_list(r->problems, r->set->files[at.file], at.row, at.column, field, format,
	                  args);
	va_end(args);
}

/* array is the address of the pointer to the elements. */
void *rule_append(struct rule_reader *r, void *array, uint32_t *n, size_t size)
{
	void **elements = array;

	if ((*n & (*n - 1)) == 0) {
		void *more = realloc(*elements, (*n ? *n * (size_t)2 : 1) * size);

		if (more == NULL) {
			r->no_memory = true;
			return NULL;
		}
		*elements = more;
	}
	return memset((char *)*elements + (*n)++ * size, 0, size);
}

yaml_node_t *rule_item(struct rule_reader *r, const yaml_node_t *list, size_t i)
{
	return yaml_document_get_node(&r->document, list->data.sequence.items.start[i]);
}

size_t rule_items(const yaml_node_t *list)
{
	return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

bool rule_want_list(struct rule_reader *r, yaml_node_t *node, const char *field)
{
	if (node->type == YAML_SEQUENCE_NODE)
		return true;
	rule_problem(r, node, field, "must be a list");
	return false;
}

char *rule_want_text(struct rule_reader *r, yaml_node_t *node, const char *field, size_t max)
{
	if (node->type != YAML_SCALAR_NODE) {
		rule_problem(r, node, field, "must be a text");
		return NULL;
	}
	const char *value = (const char *)node->data.scalar.value;
	const size_t len = node->data.scalar.length;

	if (len == 0 || len > max || memchr(value, 0, len) != NULL) {
		rule_problem(r, node, field, "must have 1 to %zu octets and no NUL; it has %zu",
		             max, len);
		return NULL;
	}
	char *copy = strndup(value, len);
	r->no_memory |= copy == NULL;
	return copy;
}

int32_t rule_want_points(struct rule_reader *r, yaml_node_t *node, const char *field)
{
	char *word = rule_want_text(r, node, field, 16);
	int32_t value = 0;

	if (word != NULL && !points_parse(&value, word)) {
		rule_problem(r, node, field,
		             "\"%s\" is no number like 2.5, with at most three places and "
		             "between -%d and %d",
		             word, RULE_POINTS_MAX, RULE_POINTS_MAX);
		value = 0;
	}
	free(word);
	return value;
}

bool rule_want_number(struct rule_reader *r, yaml_node_t *node, const char *field,
                      unsigned long max, uint32_t *out)
{
	char *word = rule_want_text(r, node, field, 12);
	char *end = NULL;

	if (word == NULL)
		return false;
	errno = 0;
	const unsigned long value = strtoul(word, &end, 0);
	const bool good =
		errno == 0 && *end == '\0' && word[0] >= '0' && word[0] <= '9' && value <= max;
	if (good)
		*out = (uint32_t)value;
	else
		rule_problem(r, node, field, "\"%s\" is no number from 0 to %lu", word, max);
	free(word);
	return good;
}

int rule_want_word(struct rule_reader *r, yaml_node_t *node, const char *field,
                   const char *const *names)
{
	char *word = rule_want_text(r, node, field, RULE_NAME_MAX), all[200] = "";
	int found = -1;

	if (word == NULL)
		return -1;
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(word, names[i]) == 0)
			found = i;
		strncat(strncat(all, i == 0 ? "" : ", ", sizeof(all) - strlen(all) - 1),
		        names[i], sizeof(all) - strlen(all) - 1);
	}
	if (found < 0)
		rule_problem(r, node, field, "\"%s\" is none of %s", word, all);
	free(word);
	return found;
}

/* The keys that there are tell how the misspelt one is written. */
static void unknown_key(struct rule_reader *r, yaml_node_t *key, const char *what,
                        const char *name, const struct rule_key *keys, unsigned n_keys)
{
	char all[300] = "";

	for (unsigned i = 0; i < n_keys; i++)
		strncat(strncat(all, i == 0 ? "" : ", ", sizeof(all) - strlen(all) - 1),
		        keys[i].name, sizeof(all) - strlen(all) - 1);
	rule_problem(r, key, what, "there is no key \"%s\" here, only %s", name, all);
}

void rule_read_mapping(struct rule_reader *r, uint32_t rule, yaml_node_t *node,
                       const char *what, const struct rule_key *keys, unsigned n_keys)
{
	uint64_t seen = 0;

	if (node->type != YAML_MAPPING_NODE) {
		rule_problem(r, node, what, "must be a mapping of keys and values");
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
			unknown_key(r, key, what, name, keys, n_keys);
		} else if (seen & UINT64_C(1) << i) {
			rule_problem(r, key, what, "\"%s\" is given twice", name);
		} else {
			seen |= UINT64_C(1) << i;
			keys[i].read(r, rule, yaml_document_get_node(&r->document, p->value));
		}
	}
	for (unsigned i = 0; i < n_keys; i++)
		if (keys[i].required && !(seen & UINT64_C(1) << i))
			rule_problem(r, node, what, "\"%s\" is missing", keys[i].name);
}
