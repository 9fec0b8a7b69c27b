/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_fault.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "address_name.h"
#include "numbering_plan.h"

#define DIGITS_MIN 3u /* the shortest service numbers */

/* Control characters too: they are read as GSM octets on the wire, not in a file. */
static bool foreign(const char *text, size_t *at, uint32_t *character)
{
	uint8_t name[ADDRESS_INPUT_MAX];
	const size_t len = strlen(text);
	bool ascii = true;
	size_t n;

	for (*at = 0; *at < len; (*at)++) {
		*character = (uint8_t)text[*at];
		ascii &= *character < 0x80;
		if (*character < ' ' || *character == 0x7F)
			return true;
	}
	return !ascii && !address_name(name, &n, (const uint8_t *)text, len, at, character);
}

static bool has_letter_or_digit(const char *text)
{
	for (; *text != '\0'; text++)
		if (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80)
			return true;
	return false;
}

static struct number number_of(const struct sender_key *key)
{
	struct number number = { .n = key->octets[0] & 31 };

	for (unsigned i = 0; i < number.n; i++)
		number.digit[i] = key->octets[1 + i / 2] >> (i % 2 ? 0 : 4) & 15;
	return number;
}

static bool number_fault(const struct sender_key *key, const char *text,
                         const struct numbering_plan *plan, char *why, size_t size)
{
	const struct number number = number_of(key);
	unsigned digits = 0;

	for (const char *c = text; *c != '\0'; c++)
		digits += isdigit((unsigned char)*c) != 0;
	if (digits < DIGITS_MIN)
		snprintf(why, size, "\"%.60s\" is too short for a number", text);
	else if (!numbering_plan_has(&number, plan))
		snprintf(why, size,
		         "\"%.60s\" is no number of the numbering plan; write all its digits, "
		         "or +COUNTRY before those of another country",
		         text);
	else
		return false;
	return true;
}

/* 1.02E+09: a number whose digits are gone. */
static bool is_rounded(const char *text)
{
	const size_t digits = strspn(text, "0123456789.");

	return digits > 0 && (text[digits] | 0x20) == 'e' && text[digits + 1] == '+' &&
	       isdigit((unsigned char)text[digits + 2]) &&
	       text[digits + 2 + strspn(text + digits + 2, "0123456789")] == '\0';
}

/* What a spreadsheet leaves in the place of a number: as a name it would be certified, and the
 * number that was meant would not. */
static const char *of_a_spreadsheet(const char *text)
{
	static const char *const errors[] = { "#N/A",    "#REF!",  "#VALUE!", "#NAME?",
		                              "#DIV/0!", "#NULL!", "#NUM!" };

	if (is_rounded(text))
		return "is a number that a spreadsheet has rounded: make that column text "
		       "before numbers are put into it";
	if ((text[0] == '=' || text[0] == '\'') && strpbrk(text, "0123456789") != NULL)
		return "is how a spreadsheet quotes a number: write the number alone";
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(text, errors[i]) == 0)
			return "is an error of a spreadsheet";
	return NULL;
}

bool sender_key_of(struct sender_key *key, const char *text, const struct numbering_plan *plan,
                   char *why, size_t size)
{
	uint32_t character;
	size_t at;

	if (address_key_by(key, (const uint8_t *)text, strlen(text), plan) != 0) {
		snprintf(why, size, "\"%.60s\" cannot be a sender address", text);
		return false;
	}
	if (foreign(text, &at, &character)) {
		snprintf(why, size,
		         "\"%.60s\" has U+%04X after %zu octets, which no sender can have; "
		         "write "
		         "it with the letters, digits and signs of the GSM alphabet",
		         text, (unsigned)character, at);
		return false;
	}
	const char *left = of_a_spreadsheet(text);
	if (left != NULL) {
		snprintf(why, size, "\"%.60s\" %s", text, left);
		return false;
	}
	if (!has_letter_or_digit(text)) {
		snprintf(why, size, "\"%.60s\" has no letter and no digit", text);
		return false;
	}
	return key->octets[0] >> 5 != SENDER_KEY_NUMBER ||
	       !number_fault(key, text, plan, why, size);
}
