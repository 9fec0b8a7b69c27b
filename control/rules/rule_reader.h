/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_reader: the YAML of a rule file, for the files that read its keys.
 * Threads: one reader, one thread.
 */
#ifndef CONTROL_RULE_READER_H
#define CONTROL_RULE_READER_H
#include <yaml.h>

#include "rule_set.h"

/* A phrase list by name, from a "lists:" document. */
struct rule_list {
	char *name, *text; /* text: a phrase a line; '#' begins a comment line */
};

/* What code calls the patterns of one entry of "patterns:". */
struct rule_group {
	char *name; /* NULL = it has none */
	uint32_t rule;
};

/* A row of "folds:", and where its two characters stand. */
struct rule_fold {
	struct image_fold row;
	struct place from, to;
};

struct rule_reader {
	yaml_document_t document;
	struct rule_set *set;
	struct problems *problems;
	uint32_t file, row_base; /* of this document: its file, and the row before it */
	bool file_begins;        /* the next document is the first of a file */
	bool rules_seen, rules_here; /* at all; in this document */
	uint32_t view; /* IMAGE_VIEW_* of the rules that follow in this file; 0 = folded */
	struct rule_group *groups;
	struct rule_list *lists;
	struct rule_fold *folds;
	uint32_t n_groups, n_lists, n_folds;
	yaml_node_t *when;       /* of the rule being read: it needs all groups */
	bool full; /* RULE_PATTERNS_MAX, and said so */
	bool no_memory;
};

/* A key of a mapping and who reads its value. */
struct rule_key {
	const char *name;
	bool required;
	void (*read)(struct rule_reader *r, uint32_t rule, yaml_node_t *value);
};
#define RULE_KEYS(keys) (keys), (unsigned)(sizeof(keys) / sizeof((keys)[0]))

struct place rule_place(const struct rule_reader *r, const yaml_node_t *node);
__attribute__((format(printf, 4, 5))) void rule_problem(struct rule_reader *r,
                                                        const yaml_node_t *node,
                                                        const char *field,
                                                        const char *format, ...);

/* One more zeroed element in an array that doubles. NULL: no memory, noted. */
void *rule_append(struct rule_reader *r, void *array, uint32_t *n, size_t size);

void rule_read_mapping(struct rule_reader *r, uint32_t rule, yaml_node_t *node,
                       const char *what, const struct rule_key *keys, unsigned n_keys);

yaml_node_t *rule_item(struct rule_reader *r, const yaml_node_t *list, size_t i);
size_t rule_items(const yaml_node_t *list);
bool rule_want_list(struct rule_reader *r, yaml_node_t *node, const char *field);

/* A copy of a scalar of 1 to max octets, or NULL with the problem reported. */
char *rule_want_text(struct rule_reader *r, yaml_node_t *node, const char *field, size_t max);

/* Points like 2.5 as thousandths; 0 with the problem reported. */
int32_t rule_want_points(struct rule_reader *r, yaml_node_t *node, const char *field);

/* A number from 0 to max, also as 0x..; false with the problem reported. */
bool rule_want_number(struct rule_reader *r, yaml_node_t *node, const char *field,
                      unsigned long max, uint32_t *out);

/* Which of the names (NULL ends) a word is; -1 with the problem reported. */
int rule_want_word(struct rule_reader *r, yaml_node_t *node, const char *field,
                   const char *const *names);

/* A view by its name as IMAGE_VIEW_* bits; 0 with the problem reported. */
uint32_t rule_want_view(struct rule_reader *r, yaml_node_t *node);

/* The keys that have files of their own. */
void rule_read_patterns(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
void rule_read_view(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
void rule_read_scope(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
void rule_read_valid(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
void rule_read_mode(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
void rule_read_canary(struct rule_reader *r, uint32_t rule, yaml_node_t *node);
/* A key of the file, and what can be told when all files were read. */
void rule_read_folds(struct rule_reader *r, uint32_t unused, yaml_node_t *node);
void rule_finish_folds(struct rule_reader *r);
/* After patterns: names of groups are theirs. */
void rule_read_when(struct rule_reader *r, uint32_t rule, yaml_node_t *node);

/* Where and why libyaml gave up on this text. */
void rule_no_yaml(const struct rule_reader *r, const yaml_parser_t *parser, const char *text);

/* Whether lists and mappings stand deeper in each other than any rule file needs, which is
 * said; what is no YAML is not said here. */
bool rule_too_deep(struct rule_reader *r, const char *text, size_t size);

#endif
