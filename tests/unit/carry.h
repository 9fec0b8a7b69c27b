/* SPDX-License-Identifier: Apache-2.0 */
/* carry: the deltas that a new image does not hold, all at once. After cmocka.h. */
#ifndef TESTS_CARRY_H
#define TESTS_CARRY_H
#include "tables.h"

static inline void carry(struct tables *next, const struct tables *old)
{
	int rc;

	tables_carry_begin(old);
	while ((rc = tables_carry(next, old)) == 1)
		;
	assert_int_equal(rc, 0);
}

#endif
