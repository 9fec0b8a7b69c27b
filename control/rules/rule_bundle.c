/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "rule_set.h"
#include "text.h"
#include "yaml_depth.h"

#define BOM "\xEF\xBB\xBF"

/* A whole file, or for "-" stdin, without the BOM that some editors begin it with, NUL after
 * it; NULL with errno. */
static char *read_whole(const char *path, size_t *size)
{
	const bool own = strcmp(path, "-") != 0;
	FILE *in = own ? fopen(path, "re") : stdin;
	char *text = in == NULL ? NULL : malloc(RULES_FILE_MAX + 1);

	if (text != NULL) {
		*size = fread(text, 1, RULES_FILE_MAX + 1, in);
		if (ferror(in) || *size > RULES_FILE_MAX) {
			const int why = ferror(in) ? errno : EFBIG;
			free(text);
			text = NULL;
			errno = why;
		} else {
			text[*size] = '\0';
			if (strncmp(text, BOM, 3) == 0)
				memmove(text, text + 3, (*size -= 3) + 1);
		}
	}
	const int why = errno;
	if (in != NULL && own)
		fclose(in);
	errno = why;
	return text;
}

/* As a double-quoted scalar (YAML 1.2 section 7.3.1). */
static void put_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void put_list(FILE *out, const char *rules, const char *name)
{
	const char *slash = strrchr(rules, '/');
	char *path = NULL;
	size_t size = 0;

	if (name[0] == '/' || slash == NULL)
		path = strdup(name);
	else if (asprintf(&path, "%.*s/%s", (int)(slash - rules), rules, name) < 0)
		path = NULL;
	struct stat is;
	const bool file = path != NULL && stat(path, &is) == 0 && S_ISREG(is.st_mode);
	char *text = file ? read_whole(path, &size) : NULL;
	if (text != NULL && size != 0 && strlen(text) == size &&
	    text_utf8_valid((const uint8_t *)text, size)) {
		fputs("---\nlists: { ", out);
		put_quoted(out, name);
		fputs(": ", out);
		put_quoted(out, text);
		fputs(" }\n", out);
	}
	free(text);
	free(path);
}

/* Every scalar that follows the scalar "phrases"; what is no YAML is said later. */
static void put_lists(FILE *out, const char *rules, const char *text, size_t size)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool wanted = false, more = true;
	unsigned depth = 0;

	if (!yaml_parser_initialize(&parser))
		return;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	while (more && yaml_parser_parse(&parser, &event)) {
		const char *value = event.type == YAML_SCALAR_EVENT
		                            ? (const char *)event.data.scalar.value
		                            : "";
		if (wanted && value[0] != '\0')
			put_list(out, rules, value);
		wanted = strcmp(value, "phrases") == 0;
		depth = yaml_depth(depth, &event);
		more = event.type != YAML_STREAM_END_EVENT && depth <= YAML_DEPTH_MAX;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

static int put_file(FILE *out, const char *path, bool alone)
{
	const long before = ftell(out);
	size_t size = 0;
	char *text = read_whole(path, &size);

	if (text == NULL)
		return -errno;
	put_lists(out, path, text, size);
	if (!alone || ftell(out) != before) {
		fputs("---\nfile: ", out);
		put_quoted(out, strcmp(path, "-") == 0 ? "stdin" : path);
		fputs("\n---\n", out);
	}
	fwrite(text, 1, size, out);
	if (size == 0 || text[size - 1] != '\n')
		putc('\n', out);
	free(text);
	return 0;
}

int rule_bundle_read(const char *const *paths, unsigned n, char **text, size_t *size,
                     const char **failed)
{
	char *made = NULL;
	FILE *out = open_memstream(&made, size);
	int result = out == NULL ? -ENOMEM : 0;

	*failed = "rules";
	for (unsigned i = 0; result == 0 && i < n; i++) {
		*failed = paths[i];
		result = put_file(out, paths[i], n == 1);
	}
	if (out != NULL && fclose(out) != 0 && result == 0)
		result = -ENOMEM;
	if (result == 0 && *size > RULES_FILE_MAX)
		result = -EFBIG;
	if (result == 0)
		*text = made;
	else
		free(made);
	return result;
}
