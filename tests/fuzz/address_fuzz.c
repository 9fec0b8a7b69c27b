/* SPDX-License-Identifier: Apache-2.0 */
/* address: any octets give a valid key or none, and the text of a key gives it again. */
#include <stdint.h>
#include <string.h>

#include "address.h"
#include "check.h"
#include "fuzz.h"

enum { NUMBER = 1, ALPHA = 2, RAW = 4 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = NUMBER | ALPHA | RAW;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t countries[] = { 82, 0, 1, 44, 61, 65, 91, 353, 999 };
	struct sender_key key, again;
	char text[ADDRESS_TEXT_SIZE * 2];

	if (size == 0)
		return 0;
	const uint16_t country = countries[data[0] % 9];
	static const struct sender_key none;
	if (address_key(&key, data + 1, size - 1, data[0], data[0], country) != 0) {
		bug_if(memcmp(&key, &none, sizeof(key)) != 0);
		return 0;
	}
	bug_if(!address_key_valid(&key));
	fuzz_reached |= 1u << ((key.octets[0] >> 5) - 1); /* the kinds count from 1 */
	address_text(text, &key);
	if (key.octets[0] >> 5 == SENDER_KEY_RAW)
		return 0;
	bug_if(address_key(&again, (const uint8_t *)text, strlen(text), 0, 0, country) != 0);
	bug_if(memcmp(&key, &again, sizeof(key)) != 0);
	return 0;
}
