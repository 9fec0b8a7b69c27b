/* SPDX-License-Identifier: Apache-2.0 */
/* quote: any frame as a router's word. What is read lies inside the frame, the link and
 * the version are those asked for, and the other side sees the ends exchanged. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "quote.h"

enum { V4 = 1, V6 = 2, TAGGED = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = V4 | V6 | TAGGED;

static void compare(const struct quote *a, const struct quote *b)
{
	bug_if(memcmp(a->key.esme_addr, b->key.smsc_addr, 16) != 0);
	bug_if(memcmp(a->key.smsc_addr, b->key.esme_addr, 16) != 0);
	bug_if(a->key.esme_port != b->key.smsc_port || a->seq != b->seq || a->mtu != b->mtu);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *octets = malloc(size ? size : 1); /* of the exact size, for a sanitizer */
	struct quote q, other;

	bug_if(octets == NULL);
	memcpy(octets, data, size);
	const bool is = quote_read(&q, octets, size, SIDE_ESME, 9);
	bug_if(is != quote_read(&other, octets, size, SIDE_SMSC, 9));
	if (is) {
		compare(&q, &other);
		bug_if(q.key.link != 9 || (q.key.ip_version != 4 && q.key.ip_version != 6));
		fuzz_reached |= q.key.ip_version == 4 ? V4 : V6;
		fuzz_reached |= q.key.outer_vlan != 0 ? TAGGED : 0;
	}
	free(octets);
	return 0;
}
