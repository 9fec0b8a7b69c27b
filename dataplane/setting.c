/* SPDX-License-Identifier: Apache-2.0 */
#include "setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <yaml.h>

#include "setting_priv.h"

#define SENTENCE_SIZE 400u /* of one mistake, with its place */

const struct setting_row setting_rows[] = {
#define ROW(n, k, s) \
	.name = #n, .kind = k, .sentence = s, .offset = offsetof(struct settings, n)
#define SETTING_U64(n, u, lo, hi, d, s) \
	{ ROW(n, KIND_U64, s), .unit = u, .min = lo, .max = hi, .number = d },
#define SETTING_ENUM(n, v, d, s) { ROW(n, KIND_ENUM, s), .values = v, .text = d },
#define SETTING_PATH(n, d, s) { ROW(n, KIND_PATH, s), .text = d },
#include "setting.def"
#undef SETTING_U64
#undef SETTING_ENUM
#undef SETTING_PATH
#undef ROW
};
const unsigned setting_n_rows = sizeof(setting_rows) / sizeof(setting_rows[0]);

/* Position of the len octets at text among a|b|c, or -1. */
static int value_of(const char *values, const char *text, size_t len)
{
	for (int i = 0; len > 0; i++) {
		const size_t n = strcspn(values, "|");
		if (n == len && memcmp(values, text, n) == 0)
			return i;
		if (values[n] == '\0')
			break;
		values += n + 1;
	}
	return -1;
}

void settings_defaults(struct settings *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < setting_n_rows; i++) {
		const struct setting_row *row = &setting_rows[i];
		void *field = setting_field(out, row);
		if (row->kind == KIND_U64)
			*(uint64_t *)field = row->number;
		else if (row->kind == KIND_ENUM)
			*(uint32_t *)field =
				(uint32_t)value_of(row->values, row->text, strlen(row->text));
		else
			snprintf(field, SETTING_TEXT_SIZE, "%s", row->text);
	}
	out->smpp_ports[0] = 2775;
	out->n_smpp_ports = 1;
}

struct reader {
	yaml_document_t *document;
	struct settings *out;
	const char *file;
	char *error; /* SETTING_ERROR_SIZE; a line each */
};

/* Marks count from 0, people from 1. Behind those before it, when there is room. */
static int __attribute__((format(printf, 3, 4)))
fail_at(const struct reader *r, const yaml_mark_t *mark, const char *format, ...)
{
	const size_t before = strlen(r->error);
	char *end = r->error + before;
	va_list args;

	if (SETTING_ERROR_SIZE - before < SENTENCE_SIZE + 1)
		return -EINVAL;
	if (before != 0)
		*end++ = '\n';
	/* A path of 200 octets and two numbers: there is always room for a sentence. */
	const int at = snprintf(end, SENTENCE_SIZE, "%.200s:%zu:%zu: ", r->file, mark->line + 1,
	                        mark->column + 1);

	va_start(args, format);
	vsnprintf(end + at, SENTENCE_SIZE - (size_t)at, format, args);
	va_end(args);
	return -EINVAL;
}

/* The text of a scalar, NULL for other nodes. Always ends in a NUL of its own. */
static const char *scalar(const yaml_node_t *node, size_t *len)
{
	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	*len = node->data.scalar.length;
	return (const char *)node->data.scalar.value;
}

static int read_text(const struct reader *r, const yaml_node_t *node, const char *name,
                     char out[SETTING_TEXT_SIZE])
{
	size_t len;
	const char *text = scalar(node, &len);

	if (text == NULL)
		return fail_at(r, &node->start_mark, "%s must be a text: write it in quotes",
		               name);
	if (memchr(text, '\0', len) != NULL)
		return fail_at(r, &node->start_mark, "%s holds a NUL: take it out", name);
	if (len >= SETTING_TEXT_SIZE)
		return fail_at(r, &node->start_mark, "%s has %zu octets: %u are the most", name,
		               len, SETTING_TEXT_SIZE - 1);
	memcpy(out, text, len + 1);
	return 0;
}

/* Decimal digits without quotes, sign or suffix; saturates, so that a range check tells. */
static bool parse_number(const yaml_node_t *node, uint64_t *out)
{
	size_t len;
	const char *text = scalar(node, &len);

	*out = 0;
	if (text == NULL || len == 0 || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, (uint64_t)(text[i] - '0'), out)) {
			*out = UINT64_MAX;
			break;
		}
	}
	return true;
}

static int read_u64(const struct reader *r, const yaml_node_t *node,
                    const struct setting_row *row)
{
	uint64_t value;

	if (!parse_number(node, &value))
		return fail_at(r, &node->start_mark,
		               "%s must be a number of %s: write digits only, %" PRIu64
		               " to %" PRIu64,
		               row->name, row->unit, row->min, row->max);
	if (value < row->min || value > row->max)
		return fail_at(r, &node->start_mark,
		               "%s is out of range: write %" PRIu64 " to %" PRIu64 " %s",
		               row->name, row->min, row->max, row->unit);
	*(uint64_t *)setting_field(r->out, row) = value;
	return 0;
}

static int read_enum(const struct reader *r, const yaml_node_t *node,
                     const struct setting_row *row)
{
	size_t len;
	const char *text = scalar(node, &len);
	const int value = text ? value_of(row->values, text, len) : -1;

	if (value < 0)
		return fail_at(r, &node->start_mark, "%s has no such value: write one of %s",
		               row->name, row->values);
	*(uint32_t *)setting_field(r->out, row) = (uint32_t)value;
	return 0;
}

/* Only what is empty by default may be so: it says none. An empty socket's name would be one
 * that nobody knows. */
static int read_path(const struct reader *r, const yaml_node_t *node,
                     const struct setting_row *row)
{
	char *out = setting_field(r->out, row);
	const int error = read_text(r, node, row->name, out);

	if (error == 0 && out[0] == '\0' && row->text[0] != '\0')
		return fail_at(r, &node->start_mark, "%s is empty: write a path", row->name);
	return error;
}

/* The items of a sequence of at most max, or an error. */
static int read_items(const struct reader *r, const yaml_node_t *node, const char *name,
                      unsigned max, unsigned *n)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return fail_at(r, &node->start_mark, "%s must be a list: write [ ... ]", name);
	const size_t items =
		(size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (items > max)
		return fail_at(r, &node->start_mark, "%s has %zu items: %u are the most", name,
		               items, max);
	*n = (unsigned)items;
	return 0;
}

static const yaml_node_t *item(const struct reader *r, const yaml_node_t *node, unsigned i)
{
	return yaml_document_get_node(r->document, node->data.sequence.items.start[i]);
}

static int read_smpp_ports(const struct reader *r, const yaml_node_t *node)
{
	struct settings *s = r->out;
	unsigned n = 0;

	int error = read_items(r, node, "smpp_ports", SMPP_PORTS_MAX, &n);
	if (error)
		return error;
	if (n == 0)
		return fail_at(
			r, &node->start_mark,
			"smpp_ports is empty, so nothing would be screened: write [ 2775 ]");
	s->n_smpp_ports = 0;
	for (unsigned i = 0; i < n; i++) {
		const yaml_node_t *at = item(r, node, i);
		uint64_t port;
		if (!parse_number(at, &port) || port < 1 || port > UINT16_MAX)
			return fail_at(r, &at->start_mark,
			               "this is no TCP port: write a number of 1 to 65535");
		for (unsigned k = 0; k < s->n_smpp_ports; k++) {
			if (s->smpp_ports[k] == port)
				return fail_at(r, &at->start_mark,
				               "port %" PRIu64 " is there twice: take one out",
				               port);
		}
		s->smpp_ports[s->n_smpp_ports++] = (uint16_t)port;
	}
	return 0;
}

static int read_eal(const struct reader *r, const yaml_node_t *node)
{
	unsigned n = 0;

	int error = read_items(r, node, "eal", EAL_ARGS_MAX, &n);
	for (unsigned i = 0; error == 0 && i < n; i++)
		error = read_text(r, item(r, node, i), "an EAL argument", r->out->eal[i]);
	r->out->n_eal = error ? 0 : n;
	return error;
}

static bool same_device(const char *a, const char *b)
{
	const size_t len = strcspn(a, ",");

	return len == strcspn(b, ",") && memcmp(a, b, len) == 0;
}

/* Is the device in one of the links before this one, or this link's other port? */
static bool is_taken(const struct settings *s, unsigned link, const char *device)
{
	for (unsigned i = 0; i <= link; i++) {
		if (device != s->links[i].esme && same_device(device, s->links[i].esme))
			return true;
		if (device != s->links[i].smsc && same_device(device, s->links[i].smsc))
			return true;
	}
	return false;
}

static int read_device(const struct reader *r, const yaml_node_t *node, const char *name,
                       unsigned link, char out[SETTING_TEXT_SIZE])
{
	if (out[0] != '\0')
		return fail_at(r, &node->start_mark, "%s is there twice: take one out", name);
	int error = read_text(r, node, name, out);
	if (error)
		return error;
	if (strcspn(out, ",") == 0)
		return fail_at(r, &node->start_mark,
		               "%s is empty: write a PCI address or a vdev string", name);
	if (is_taken(r->out, link, out))
		return fail_at(
			r, &node->start_mark,
			"port %.*s is in use already: a port belongs to one side of one link",
			(int)strcspn(out, ","), out);
	return 0;
}

static int read_link(const struct reader *r, const yaml_node_t *node, unsigned n)
{
	struct setting_link *link = &r->out->links[n];

	if (node->type != YAML_MAPPING_NODE)
		return fail_at(r, &node->start_mark,
		               "a link is a pair: write { esme: \"PORT\", smsc: \"PORT\" }");
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
		const yaml_node_t *value = yaml_document_get_node(r->document, pair->value);
		size_t len;
		const char *text = scalar(key, &len);
		const int side = text ? value_of("esme|smsc", text, len) : -1;
		if (side < 0)
			return fail_at(r, &key->start_mark,
			               "a link has no such key: write esme and smsc only, "
			               "and a port with commas in quotes");
		int error = read_device(r, value, side ? "smsc" : "esme", n,
		                        side ? link->smsc : link->esme);
		if (error)
			return error;
	}
	if (link->esme[0] == '\0' || link->smsc[0] == '\0')
		return fail_at(r, &node->start_mark, "this link has no %s: name both its ports",
		               link->esme[0] ? "smsc" : "esme");
	return 0;
}

static int read_links(const struct reader *r, const yaml_node_t *node)
{
	unsigned n = 0;

	int error = read_items(r, node, "links", LINKS_MAX, &n);
	for (unsigned i = 0; error == 0 && i < n; i++)
		error = read_link(r, item(r, node, i), i);
	r->out->n_links = error ? 0 : n;
	return error;
}

static int read_pair(const struct reader *r, const yaml_node_t *key, const yaml_node_t *value)
{
	static const struct {
		const char *name;
		int (*read)(const struct reader *, const yaml_node_t *);
	} lists[] = { { "links", read_links },
		      { "smpp_ports", read_smpp_ports },
		      { "eal", read_eal } };
	const char *name = (const char *)key->data.scalar.value;

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (strcmp(lists[i].name, name) == 0)
			return lists[i].read(r, value);
	}
	for (unsigned i = 0; i < setting_n_rows; i++) {
		const struct setting_row *row = &setting_rows[i];
		if (strcmp(row->name, name) != 0)
			continue;
		if (row->kind == KIND_U64)
			return read_u64(r, value, row);
		if (row->kind == KIND_ENUM)
			return read_enum(r, value, row);
		return read_path(r, value, row);
	}
	return fail_at(r, &key->start_mark,
	               "there is no setting \"%.60s\": --help lists them all", name);
}

/* A key must be a scalar, without a NUL that would hide its rest, and new. */
static int check_key(const struct reader *r, const yaml_node_t *root,
                     const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
	size_t len, other_len;
	const char *text = scalar(key, &len);

	if (text == NULL || memchr(text, '\0', len) != NULL)
		return fail_at(r, &key->start_mark, "a setting's name must be a plain word");
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = yaml_document_get_node(r->document, p->key);
		const char *other_text = scalar(other, &other_len);
		if (other_text != NULL && strcmp(other_text, text) == 0)
			return fail_at(r, &key->start_mark,
			               "\"%.60s\" was set in line %zu already: take one out",
			               text, other->start_mark.line + 1);
	}
	return 0;
}

/* Where the value of a setting stands, or the start of the file. */
static yaml_mark_t mark_of(const struct reader *r, const yaml_node_t *root, const char *name)
{
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     p < root->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, p->key);
		if (strcmp((const char *)key->data.scalar.value, name) == 0)
			return yaml_document_get_node(r->document, p->value)->start_mark;
	}
	return (yaml_mark_t){ 0 };
}

/* What one row alone cannot tell. */
static int check_together(const struct reader *r, const yaml_node_t *root)
{
	const struct settings *s = r->out;
	yaml_mark_t mark;

	if (s->n_links == 0) {
		mark = mark_of(r, root, "links");
		return fail_at(r, &mark,
		               "no link: write links: [ { esme: \"PORT\", smsc: \"PORT\" } ]");
	}
	if (s->rto_min > s->rto_max) {
		mark = mark_of(r, root, "rto_min");
		return fail_at(r, &mark, "rto_min is above rto_max (%" PRIu64 " ms): lower it",
		               s->rto_max);
	}
	if ((s->audit_slots & (s->audit_slots - 1)) != 0) {
		mark = mark_of(r, root, "audit_slots");
		return fail_at(r, &mark,
		               "audit_slots must be a power of two, as 4096 or 16384");
	}
	return 0;
}

static int read_document(const struct reader *r)
{
	static const yaml_mark_t start = { 0 };
	const yaml_node_t *root = yaml_document_get_root_node(r->document);
	int result = 0;

	if (root == NULL)
		return fail_at(r, &start, "the file is empty: it must name at least one link");
	if (root->type != YAML_MAPPING_NODE)
		return fail_at(r, &root->start_mark,
		               "this is no settings file: write NAME: VALUE");
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		int error = check_key(r, root, pair);
		if (error == 0)
			error = read_pair(r, yaml_document_get_node(r->document, pair->key),
			                  yaml_document_get_node(r->document, pair->value));
		if (error != 0)
			result = error;
	}
	return result != 0 ? result : check_together(r, root);
}

static int load_error(const struct reader *r, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	return fail_at(r, &parser->problem_mark, "not YAML: %s",
	               parser->problem ? parser->problem : "cannot be read");
}

/* More documents after the first would be silently without effect. */
static int check_end(const struct reader *r, yaml_parser_t *parser)
{
	yaml_document_t next;

	if (!yaml_parser_load(parser, &next))
		return load_error(r, parser);
	const yaml_node_t *root = yaml_document_get_root_node(&next);
	const int error = root == NULL ? 0
	                               : fail_at(r, &root->start_mark,
	                                         "a second document: put all settings in one");
	yaml_document_delete(&next);
	return error;
}

int settings_parse(struct settings *out, const char *text, size_t len, const char *name,
                   char error[SETTING_ERROR_SIZE])
{
	struct settings s;
	yaml_document_t document;
	yaml_parser_t parser;
	const struct reader r = {
		.document = &document, .out = &s, .file = name, .error = error
	};

	error[0] = '\0';
	settings_defaults(&s);
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	int result;
	if (yaml_parser_load(&parser, &document)) {
		result = read_document(&r);
		if (result == 0)
			result = check_end(&r, &parser);
		yaml_document_delete(&document);
	} else {
		result = load_error(&r, &parser);
	}
	yaml_parser_delete(&parser);
	if (result == 0)
		*out = s;
	return result;
}
