/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "address_name.h"
#include "address_plain.h"
#include "numbering_plan.h"

#define ALPHA_MAX 20u
#define RAW_MAX 15u

static const char symbols[64] = {
#define SYMBOL(value, character) [value] = character,
	ADDRESS_ALPHABET(SYMBOL)
#undef SYMBOL
};

/* Value + 1 of a character, 0 = not of the alphabet. Capitals are added by fold(). */
static const uint8_t symbol_value[128] = {
#define SYMBOL(value, character) [character] = (value) + 1,
	ADDRESS_ALPHABET(SYMBOL)
#undef SYMBOL
};

static uint8_t fold(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c; }

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

static bool is_separator(uint8_t c)
{
	return c == '-' || c == '.' || c == '(' || c == ')' || is_blank(c);
}

/* The digits of an address that has nothing else but separators and one + before the
 * first digit. False: this is no number. n may reach NUMBER_DIGITS_MAX + 1: too long. */
static bool read_number(const uint8_t *addr, size_t len, struct number *number, bool *plus)
{
	number->n = 0;
	*plus = false;
	for (size_t i = 0; i < len; i++) {
		const uint8_t c = addr[i];

		if (c >= '0' && c <= '9') {
			if (number->n <= NUMBER_DIGITS_MAX)
				number->digit[number->n++] = (uint8_t)(c - '0');
		} else if (c == '+' && number->n == 0 && !*plus) {
			*plus = true;
		} else if (!is_separator(c)) {
			return false;
		}
		/* "+44 (0)20": the trunk 0 as people write it beside the country code */
		if (c == ')' && i >= 2 && addr[i - 1] == '0' && addr[i - 2] == '(' &&
		    number->n > 1 && number->n <= NUMBER_DIGITS_MAX)
			number->n--;
	}
	return number->n > 0;
}

static int number_key(struct sender_key *key, struct number *number, bool plus,
                      const struct numbering_plan *plan)
{
	if (number->n > NUMBER_DIGITS_MAX)
		return -E2BIG;
	number_to_e164(number, plus, plan);
	if (number->n > NUMBER_DIGITS_MAX)
		return -E2BIG;
	key->octets[0] = (uint8_t)(SENDER_KEY_NUMBER << 5 | number->n);
	for (unsigned i = 0; i < number->n; i++)
		key->octets[1 + i / 2] |= (uint8_t)(number->digit[i] << (i % 2 ? 0 : 4));
	return 0;
}

static bool is_alpha(const uint8_t *addr, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (addr[i] >= 128 || symbol_value[fold(addr[i])] == 0)
			return false;
	}
	return true;
}

/* Six bits a character, most significant first, from octet 1 on. */
static int alpha_key(struct sender_key *key, const uint8_t *addr, size_t len)
{
	uint32_t bits = 0;
	unsigned n_bits = 0, at = 1;

	if (len > ALPHA_MAX)
		return -E2BIG;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 6 | (symbol_value[fold(addr[i])] - 1u);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			key->octets[at++] = (uint8_t)(bits >> n_bits);
		}
	}
	if (n_bits > 0)
		key->octets[at] = (uint8_t)(bits << (8 - n_bits));
	key->octets[0] = (uint8_t)(SENDER_KEY_ALPHA << 5 | len);
	return 0;
}

/* What is not all of the 64 characters: as the GSM alphabet has it, if it does, which may be
 * of the 64 after all; else its octets. len <= ADDRESS_INPUT_MAX */
static int raw_key(struct sender_key *key, const uint8_t *addr, size_t len)
{
	uint8_t name[ADDRESS_INPUT_MAX];
	uint32_t character;
	size_t n, foreign;

	if (address_name(name, &n, addr, len, &foreign, &character)) {
		if (is_alpha(name, n))
			return alpha_key(key, name, n);
		addr = name;
		len = n;
	}
	if (len > RAW_MAX)
		return -E2BIG;
	key->octets[0] = (uint8_t)(SENDER_KEY_RAW << 5 | len);
	memcpy(key->octets + 1, addr, len);
	return 0;
}

/* Whatever was written. A function of its own: the other way needs no stack. */
static __attribute__((noinline)) int general_key(struct sender_key *key, const uint8_t *addr,
                                                 size_t len, const struct numbering_plan *plan)
{
	struct number number;
	bool plus;

	memset(key, 0, sizeof(*key));
	if (len > ADDRESS_INPUT_MAX)
		return -E2BIG;
	while (len > 0 && is_blank(addr[len - 1]))
		len--;
	while (len > 0 && is_blank(*addr)) {
		addr++;
		len--;
	}
	if (len == 0)
		return -EINVAL;
	if (read_number(addr, len, &number, &plus))
		return number_key(key, &number, plus, plan);
	return is_alpha(addr, len) ? alpha_key(key, addr, len) : raw_key(key, addr, len);
}

int address_key_by(struct sender_key *key, const uint8_t *addr, size_t len,
                   const struct numbering_plan *plan)
{
	return address_plain_key(key, addr, len, plan) ? 0 : general_key(key, addr, len, plan);
}

int address_key(struct sender_key *key, const uint8_t *addr, size_t len, uint8_t ton,
                uint8_t npi, uint16_t country)
{
	struct numbering_plan plan;

	(void)ton; /* both lie too often to decide anything: the octets do */
	(void)npi;
	numbering_plan_default(&plan, country);
	return address_key_by(key, addr, len, &plan);
}

static unsigned kind_of(const struct sender_key *key) { return key->octets[0] >> 5; }
static unsigned length_of(const struct sender_key *key) { return key->octets[0] & 31; }

/* Octets in use, the first included; bits of the last that must be 0 in spare. */
static unsigned octets_of(const struct sender_key *key, unsigned *spare)
{
	const unsigned length = length_of(key);
	const unsigned bits = kind_of(key) == SENDER_KEY_NUMBER  ? 4 * length
	                      : kind_of(key) == SENDER_KEY_ALPHA ? 6 * length
	                                                         : 8 * length;

	*spare = (8 - bits % 8) % 8;
	return 1 + (bits + 7) / 8;
}

bool address_key_valid(const struct sender_key *key)
{
	const unsigned kind = kind_of(key), length = length_of(key);
	const unsigned most = kind == SENDER_KEY_RAW ? RAW_MAX : ALPHA_MAX;
	unsigned spare;

	if (kind < SENDER_KEY_NUMBER || kind > SENDER_KEY_RAW || length == 0 || length > most)
		return false;
	const unsigned used = octets_of(key, &spare);
	if ((key->octets[used - 1] & ((1u << spare) - 1)) != 0)
		return false;
	for (unsigned i = used; i < SENDER_KEY_SIZE; i++) {
		if (key->octets[i] != 0)
			return false;
	}
	for (unsigned i = 1; kind == SENDER_KEY_NUMBER && i < used; i++) {
		if (key->octets[i] >> 4 > 9 || (key->octets[i] & 15) > 9)
			return false;
	}
	return true;
}

static char number_character(const struct sender_key *key, unsigned i)
{
	return (char)('0' + (key->octets[1 + i / 2] >> (i % 2 ? 0 : 4) & 15));
}

static char alpha_character(const struct sender_key *key, unsigned i)
{
	const unsigned at = 6 * i;
	const unsigned pair = (unsigned)key->octets[1 + at / 8] << 8 |
	                      (2 + at / 8 < SENDER_KEY_SIZE ? key->octets[2 + at / 8] : 0);
	const char c = symbols[pair >> (10 - at % 8) & 63];

	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

void address_text(char out[ADDRESS_TEXT_SIZE * 2], const struct sender_key *key)
{
	const unsigned length = length_of(key);
	char *at = out;

	if (!address_key_valid(key)) {
		memcpy(out, "(none)", sizeof("(none)"));
		return;
	}
	if (kind_of(key) == SENDER_KEY_NUMBER && number_character(key, 0) != '0')
		*at++ = '+';
	for (unsigned i = 0; i < length; i++) {
		if (kind_of(key) == SENDER_KEY_NUMBER) {
			*at++ = number_character(key, i);
		} else if (kind_of(key) == SENDER_KEY_ALPHA) {
			*at++ = alpha_character(key, i);
		} else {
			*at++ = "0123456789abcdef"[key->octets[1 + i] >> 4];
			*at++ = "0123456789abcdef"[key->octets[1 + i] & 15];
		}
	}
	*at = '\0';
}
