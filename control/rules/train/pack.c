/* SPDX-License-Identifier: Apache-2.0 */
#include "pack.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* The code point at s[0], of valid UTF-8, and its octets. */
static uint32_t character(const uint8_t *s, uint32_t *octets)
{
	*octets = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	uint32_t c = *octets == 1 ? s[0] : s[0] & (0xFFu >> (*octets + 1));

	for (uint32_t i = 1; i < *octets; i++)
		c = c << 6 | (s[i] & 0x3F);
	return c;
}

/* What an editor or YAML would not show, or take for a line end. */
static bool invisible(uint32_t c)
{
	return c < ' ' || (c >= 0x7F && c <= 0xA0) || c == 0xAD ||
	       (c >= 0x2000 && c <= 0x206F) || c == 0x3000 || (c >= 0xD800 && c <= 0xF8FF) ||
	       c == 0xFEFF || c >= 0xFFF0;
}

static void put_character(FILE *out, const uint8_t *s, uint32_t octets, uint32_t c)
{
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", (char)c);
	else if (invisible(c))
		fprintf(out, "\\U%08" PRIX32, c);
	else
		fwrite(s, 1, octets, out);
}

/* In a regular expression, written within double quotes. */
static void put_in_regex(FILE *out, const uint8_t *s, uint32_t octets, uint32_t c)
{
	if (c >= '0' && c <= '9') {
		fputs("\\\\d", out);
		return;
	}
	if (c < 0x80 && strchr("\\^$.|?*+()[]{}/-", (int)c) != NULL)
		fputs("\\\\", out);
	put_character(out, s, octets, c);
}

static void put_term(FILE *out, const struct pack *pack, const struct term *term)
{
	const struct gram *gram = &pack->grams->grams[term->gram];
	const char *text = pack->corpus->samples[gram->sample].text + gram->start;

	fprintf(out, "    - { %s: \"", gram->digits ? "regex" : "literal");
	for (uint32_t at = 0, octets = 0; at < gram->octets; at += octets) {
		const uint8_t *s = (const uint8_t *)text + at;
		const uint32_t c = character(s, &octets);

		if (gram->digits)
			put_in_regex(out, s, octets, c);
		else
			put_character(out, s, octets, c);
	}
	fprintf(out, "\", weight: %" PRId32 " }\n", term->weight);
}

static void put_header(FILE *out, const char *header)
{
	fputs("# SPDX-License-Identifier: Apache-2.0\n#\n", out);
	while (*header != '\0') {
		const size_t n = strcspn(header, "\n");

		fprintf(out, "#%s%.*s\n", n ? " " : "", (int)n, header);
		header += n + (header[n] == '\n');
	}
}

int pack_write(FILE *out, const struct pack *pack)
{
	const struct model *model = &pack->trained->model;

	put_header(out, pack->header);
	fprintf(out,
	        "rules:\n- id: %s\n  sentence: \"%s\"\n  action: %s\n  view: loose\n  "
	        "threshold: %" PRId32 "\n  patterns:\n",
	        pack->id, pack->sentence, pack->action, trained_threshold(pack->trained));
	for (uint32_t i = 0; i < model->n_terms; i++)
		put_term(out, pack, &model->terms[i]);
	return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
