/* SPDX-License-Identifier: Apache-2.0 */
/* rule_yaml: what is said of a text that is no YAML, or none that a rule file can be. */
#include <string.h>

#include "rule_reader.h"
#include "yaml_depth.h"

#define FILE_LINE "---\nfile: \""

/* In one text of several files, as rule_bundle.c puts them there: which one, and where. */
struct where {
	char file[PROBLEM_FILE_SIZE];
	uint32_t row, column; /* as struct problem */
};

/* The file that is named here, if it is; its first row is behind a line of three dashes. */
static bool begins_file(struct where *w, const char *at, const char *end)
{
	const size_t skip = sizeof(FILE_LINE) - 1;

	if ((size_t)(end - at) < skip || memcmp(at, FILE_LINE, skip) != 0)
		return false;
	const char *name = at + skip, *line_end = memchr(name, '\n', (size_t)(end - name));
	if (line_end == NULL || line_end - name < 2 || line_end[-1] != '"')
		return false;
	snprintf(w->file, sizeof(w->file), "%.*s", (int)(line_end - 1 - name), name);
	return true;
}

/* Of text[offset]. */
static struct where find(const struct rule_reader *r, const char *text, size_t offset)
{
	struct where w = { .row = 1, .column = 1 };
	const char *end = text + offset;

	snprintf(w.file, sizeof(w.file), "%s", r->problems->file);
	for (const char *at = text; at < end; at++) {
		if ((at == text || at[-1] == '\n') && begins_file(&w, at, end))
			w.row = UINT32_MAX - 1; /* the third line from here is its first */
		w.column += ((unsigned char)*at & 0xC0) != 0x80;
		if (*at == '\n') {
			w.row++;
			w.column = 1;
		}
	}
	return w;
}

static void not_unicode(const struct rule_reader *r, const yaml_parser_t *parser,
                        const char *text)
{
	const struct where w = find(r, text, parser->problem_offset);
	const unsigned value = (unsigned)parser->problem_value;
	const char *what = parser->problem != NULL ? parser->problem : "no UTF-8";

	if (strncmp(what, "control", 7) == 0)
		problems_add_in(r->problems, w.file, w.row, w.column, NULL,
		                "U+%04X is no character of a text; take it out, or write it as "
		                "\\x%02x in double quotes",
		                value, value);
	else
		problems_add_in(r->problems, w.file, w.row, w.column, NULL,
		                "%s; save the file as UTF-8", what);
}

void rule_no_yaml(const struct rule_reader *r, const yaml_parser_t *parser, const char *text)
{
	const char *file = r->set->files[r->file];
	const yaml_mark_t *mark = &parser->problem_mark;

	if (parser->error == YAML_READER_ERROR)
		not_unicode(r, parser, text);
	else
		problems_add_in(r->problems, file, (uint32_t)mark->line + 1 - r->row_base,
		                (uint32_t)mark->column + 1, NULL, "%s%s%s",
		                parser->problem ? parser->problem : "not YAML",
		                parser->context ? " " : "",
		                parser->context ? parser->context : "");
}

/* libyaml counts characters. */
static void say_too_deep(const struct rule_reader *r, const char *text, size_t size,
                         size_t characters)
{
	size_t at = 0;

	while (at < size && (((unsigned char)text[at] & 0xC0) == 0x80 || characters-- != 0))
		at++;
	const struct where w = find(r, text, at);
	problems_add_in(r->problems, w.file, w.row, w.column, NULL,
	                "lists and mappings stand more than %u deep in each other",
	                YAML_DEPTH_MAX);
}

bool rule_too_deep(struct rule_reader *r, const char *text, size_t size)
{
	yaml_parser_t parser;
	yaml_event_t event;
	unsigned depth = 0;
	bool more = true;

	if (!yaml_parser_initialize(&parser)) {
		r->no_memory = true;
		return true;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	while (more && yaml_parser_parse(&parser, &event)) {
		depth = yaml_depth(depth, &event);
		if (depth > YAML_DEPTH_MAX)
			say_too_deep(r, text, size, event.start_mark.index);
		more = event.type != YAML_STREAM_END_EVENT && depth <= YAML_DEPTH_MAX;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return depth > YAML_DEPTH_MAX;
}
