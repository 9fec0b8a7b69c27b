/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_tally.h"

#include <stdlib.h>

static int compare(uint64_t a, uint64_t b) { return (a > b) - (a < b); }

static int by_rule(const void *a, const void *b)
{
	const struct report_rule *x = a, *y = b;

	return x->version != y->version ? compare(x->version, y->version)
	                                : compare(x->rule, y->rule);
}

/* Of one order's rows none is equal to another. */
static int by_version(const void *a, const void *b, void *context)
{
	const uint32_t in_force = *(const uint32_t *)context;
	const struct report_rule *x = a, *y = b;

	if (x->version != y->version && (x->version == in_force || y->version == in_force))
		return x->version == in_force ? -1 : 1;
	if (x->version != y->version)
		return compare(y->version, x->version);
	return x->matched != y->matched ? compare(y->matched, x->matched)
	                                : compare(x->rule, y->rule);
}

size_t rule_tally(struct report_rule *rows, size_t n, uint32_t in_force)
{
	size_t put = 0;

	qsort(rows, n, sizeof(*rows), by_rule);
	for (size_t i = 0; i < n; i++) {
		struct report_rule *last = put != 0 ? &rows[put - 1] : NULL;

		if (last == NULL || by_rule(last, &rows[i]) != 0) {
			rows[put++] = rows[i];
			continue;
		}
		last->matched += rows[i].matched;
		last->acted += rows[i].acted;
		if (rows[i].last > last->last)
			last->last = rows[i].last;
	}
	qsort_r(rows, put, sizeof(*rows), by_version, &in_force);
	return put;
}
