/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts_fuzz: user data headers of any octets, and what they say put into the store of parts
 * and found again. Input: one octet of length, that many octets of header, two octets of
 * time that passes, and so on.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "parts.h"
#include "udh.h"

enum { PART = 1, WHOLE = 2, LANGUAGE = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = PART | WHOLE | LANGUAGE;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(struct parts *parts, const struct smpp_udh *udh, struct view text,
                 uint32_t now)
{
	const struct smpp_concat *c = &udh->concat;
	struct part part = { .key = parts_key(parts, &c->reference, 2),
		             .until = now + PARTS_LIFE_S,
		             .number = c->part,
		             .len = (uint16_t)text.len };
	struct part found;
	unsigned there = 0;

	memcpy(part.data, text.data != NULL ? (const char *)text.data : "", text.len);
	parts_put(parts, &part, now);
	bug_if(!parts_get(parts, part.key, c->part, now, &found));
	bug_if(found.len != part.len || memcmp(found.data, part.data, part.len) != 0);
	bug_if(parts_get(parts, part.key, c->part, part.until, &found));
	bug_if(parts_add(parts, &part, now) != PARTS_KEPT);
	part.coding++;
	bug_if(parts_add(parts, &part, now) != PARTS_DIFFER);
	for (unsigned i = 1; i <= c->total; i++)
		there += parts_get(parts, part.key, (uint8_t)i, now, &found);
	bug_if(there == 0);
	fuzz_reached |= PART;
	if (there < c->total)
		return;
	fuzz_reached |= WHOLE;
	for (unsigned i = 1; i <= c->total; i++) {
		parts_drop(parts, part.key, (uint8_t)i);
		bug_if(parts_get(parts, part.key, (uint8_t)i, now, &found));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parts *parts;
	struct cursor c = cursor_over(data, size);
	uint32_t now = 1000;

	if (parts == NULL)
		bug_if(parts_open(&parts) != 0);
	while (cursor_left(&c) > 0) {
		struct smpp_udh udh;
		const struct view header = cursor_view(&c, cursor_u8(&c));
		now += cursor_u16(&c);
		smpp_udh_read(&udh, header);
		bug_if(udh.concat.part > udh.concat.total);
		bug_if((udh.concat.total == 0) != (udh.concat.part == 0));
		if ((udh.single_shift | udh.locking_shift) != 0)
			fuzz_reached |= LANGUAGE;
		if (udh.concat.total != 0)
			keep(parts, &udh, header, now);
	}
	return 0;
}
