/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_text.h"

#include <string.h>

#include "address_name.h"

/* UTF-8 of a character below U+10000. */
static char *put(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3F));
	} else {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
		*to++ = (char)(0x80 | (c & 0x3F));
	}
	return to;
}

static uint32_t capital(uint32_t c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; }

void sender_text(char out[SENDER_TEXT_SIZE], const struct sender_key *key,
                 const struct numbering_plan *plan)
{
	const unsigned kind = key->octets[0] >> 5, n = key->octets[0] & 31;
	char name[3 * SENDER_KEY_SIZE + 1], *to = name;
	struct sender_key again;

	address_text(out, key);
	if (kind != SENDER_KEY_RAW || n >= SENDER_KEY_SIZE)
		return;
	/* In capitals, as address_text() has them. */
	for (unsigned i = 0; i < n; i++)
		to = put(to, capital(address_name_character(key->octets[1 + i])));
	*to = '\0';
	if (address_key_by(&again, (const uint8_t *)name, (size_t)(to - name), plan) == 0 &&
	    memcmp(&again, key, sizeof(again)) == 0 && to - name < (ptrdiff_t)SENDER_TEXT_SIZE)
		strcpy(out, name);
}
