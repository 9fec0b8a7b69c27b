/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "setting_priv.h"

void settings_help(FILE *out)
{
	fprintf(out,
	        "links: [ { esme: PORT, smsc: PORT }, ... ]\n"
	        "    the port pairs to screen between: PCI address or vdev string; 1 to %u, "
	        "needed\n"
	        "smpp_ports: [ PORT, ... ]\n"
	        "    TCP ports that carry SMPP; 1 to %u of them, default [ 2775 ]\n"
	        "eal: [ ARGUMENT, ... ]\n"
	        "    more arguments for DPDK's EAL; up to %u\n",
	        LINKS_MAX, SMPP_PORTS_MAX, EAL_ARGS_MAX);
	for (unsigned i = 0; i < setting_n_rows; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (row->kind == KIND_U64)
			fprintf(out, "%s: %s, %" PRIu64 " to %" PRIu64 ", default %" PRIu64,
			        row->name, row->unit, row->min, row->max, row->number);
		else if (row->kind == KIND_ENUM)
			fprintf(out, "%s: %s, default %s", row->name, row->values, row->text);
		else
			fprintf(out, "%s: text, default \"%s\"", row->name, row->text);
		fprintf(out, "\n    %s\n", row->sentence);
	}
}

/* The code point at p and its length. The reader has let through valid UTF-8 only; what
 * is not would be taken octet by octet. */
static uint32_t code_point(const unsigned char *p, unsigned *len)
{
	const unsigned more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
	uint32_t code = more ? p[0] & (0x3fu >> more) : p[0];

	for (*len = 1; *len <= more && (p[*len] & 0xc0) == 0x80; ++*len)
		code = code << 6 | (p[*len] & 0x3fu);
	return code;
}

/* A double-quoted YAML scalar: all but printable ASCII is escaped, because YAML reads
 * some of the rest as breaks and refuses some. */
static void print_text(FILE *out, const char *text)
{
	unsigned len;

	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p != 0; p += len) {
		const uint32_t code = code_point(p, &len);
		if (code == '"' || code == '\\')
			fprintf(out, "\\%c", (int)code);
		else if (code < 0x20 || code >= 0x7f)
			fprintf(out, "\\U%08" PRIx32, code);
		else
			fputc((int)code, out);
	}
	fputc('"', out);
}

static void print_enum(FILE *out, const char *values, uint32_t value)
{
	for (; value > 0; value--)
		values = strchr(values, '|') + 1;
	fprintf(out, "%.*s", (int)strcspn(values, "|"), values);
}

static void print_lists(FILE *out, const struct settings *s)
{
	fprintf(out, "links:\n");
	for (unsigned i = 0; i < s->n_links; i++) {
		fprintf(out, "  - { esme: ");
		print_text(out, s->links[i].esme);
		fprintf(out, ", smsc: ");
		print_text(out, s->links[i].smsc);
		fprintf(out, " }\n");
	}
	fprintf(out, "smpp_ports: [");
	for (unsigned i = 0; i < s->n_smpp_ports; i++)
		fprintf(out, "%s %u", i ? "," : "", s->smpp_ports[i]);
	fprintf(out, " ]\neal: [");
	for (unsigned i = 0; i < s->n_eal; i++) {
		fprintf(out, "%s ", i ? "," : "");
		print_text(out, s->eal[i]);
	}
	fprintf(out, " ]\n");
}

void settings_print(FILE *out, const struct settings *s)
{
	print_lists(out, s);
	for (unsigned i = 0; i < setting_n_rows; i++) {
		const struct setting_row *row = &setting_rows[i];
		const void *field = (const char *)s + row->offset;
		fprintf(out, "%s: ", row->name);
		if (row->kind == KIND_U64)
			fprintf(out, "%" PRIu64 " # %s", *(const uint64_t *)field, row->unit);
		else if (row->kind == KIND_ENUM)
			print_enum(out, row->values, *(const uint32_t *)field);
		else
			print_text(out, field);
		fputc('\n', out);
	}
}
