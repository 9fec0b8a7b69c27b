/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: any octets as a PDU, its command_length made true, written in hexadecimal and
 * explained; and any octets as those digits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "fuzz.h"

#define SIZE_MAX_HERE 4096u

enum { EXPLAINED = 1, MATCHED = 2, REFUSED = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = EXPLAINED | MATCHED | REFUSED;

static const char rules[] = "rules:\n"
			    "- { id: a, sentence: s, action: refuse, view: both, patterns: [\n"
			    "    { regex: 'e+' }, { literal: \"대출\" }, { words: [ a ] },\n"
			    "    { domains: [ a.com ] } ] }\n";

static struct explain *open_once(void)
{
	static const struct explain_source source = { .rules = rules,
		                                      .rules_size = sizeof(rules) - 1,
		                                      .account = "anyone" };
	static struct explain *explain;
	char error[EXPLAIN_ERROR_SIZE];
	struct problems problems;

	problems_init(&problems, "rules");
	bug_if(explain == NULL && explain_open(&explain, &source, &problems, error) != 0);
	return explain;
}

/* Octets of this PDU, in order, and of it alone unless it is a part. */
static void check_octets(const struct explain_text *t, const struct explain_match *m,
                         size_t len)
{
	struct explain_unit pieces[8];
	const unsigned n = explain_octets(t, m->from, m->to, pieces, 8);

	for (unsigned i = 0; i < n; i++)
		bug_if(pieces[i].from >= pieces[i].to ||
		       (pieces[i].part == 0 && (n != 1 || pieces[i].to > len)));
}

static void check(const struct explanation *e, size_t len)
{
	for (uint32_t i = 0; i < e->n_matches; i++) {
		const struct explain_match *m = &e->matches[i];
		const struct explain_text *t = &e->texts[m->text];

		bug_if(m->pattern >= e->set->n_patterns || t->field == NULL);
		bug_if(m->from > m->to || m->to > t->plain_len);
		bug_if(m->seen_from > m->seen_to);
		check_octets(&e->texts[m->text % EXPLAIN_LOOSE], m, len);
		fuzz_reached |= MATCHED;
	}
}

static void explain_hex(const char *hex)
{
	struct explain *explain = open_once();
	char error[EXPLAIN_ERROR_SIZE] = "";
	struct explanation e;
	uint8_t *pdu = NULL;
	size_t len = 0;
	const int result = explain_pdu_hex(&pdu, &len, hex, error);

	bug_if(result != 0 && (result != -EINVAL || strstr(error, "octet") == NULL));
	if (result != 0) {
		fuzz_reached |= REFUSED;
		return;
	}
	bug_if(explain_run(&e, explain, pdu, len, 1700000000) != 0);
	check(&e, len);
	fuzz_reached |= EXPLAINED;
	explanation_free(&e);
	free(pdu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > SIZE_MAX_HERE)
		return 0;
	char *hex = malloc(size * 3 + 1);
	bug_if(hex == NULL);
	memcpy(hex, data, size);
	hex[size] = '\0';
	explain_hex(hex);
	for (size_t i = 0; i < size; i++) {
		const unsigned octet = i == 2   ? (unsigned)size >> 8 & 255
		                       : i == 3 ? (unsigned)size & 255
		                       : i < 2  ? 0
		                                : data[i];
		sprintf(hex + 3 * i, "%02x ", octet);
	}
	explain_hex(hex);
	free(hex);
	return 0;
}
