/* SPDX-License-Identifier: Apache-2.0 */
#include "recipient.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

/* The longest: 00, and a country code and a 0 before what is typed. */
#define FORM_SIZE (ADDRESS_INPUT_MAX + 8u)

struct forms {
	const struct recipient_key *key;
	const struct numbering_plan *plan;
	struct sender_key number; /* what each must mean */
	uint64_t *hashes;
	unsigned n;
};

int recipient_key_load(struct recipient_key *key, char error[RECIPIENT_ERROR_SIZE])
{
	const int result = secret_read(key->file, key->octets, error);

	key->loaded = result == 0;
	return result;
}

int recipient_key_get(struct recipient_key *out, const struct recipient_key *key,
                      char error[RECIPIENT_ERROR_SIZE])
{
	*out = *key;
	if (key->file == NULL) {
		snprintf(error, RECIPIENT_ERROR_SIZE,
		         "recipients are keyed hashes, and sluice-control has no key");
		return -ENOKEY;
	}
	return key->loaded ? 0 : recipient_key_load(out, error);
}

/* prefix and digits together, where the plan reads them as the number that is asked for. */
static void add(struct forms *f, const char *prefix, const char *digits)
{
	char form[FORM_SIZE];
	struct sender_key means;
	const int n = snprintf(form, sizeof(form), "%s%s", prefix, digits);

	if (f->n == RECIPIENT_FORMS || n <= 0 || (size_t)n >= sizeof(form) ||
	    address_key_by(&means, (const uint8_t *)form, (size_t)n, f->plan) != 0 ||
	    memcmp(&means, &f->number, sizeof(means)) != 0)
		return;
	f->hashes[f->n++] = secret_hash(f->key->octets, form, (size_t)n);
}

/* Without hyphens, blanks, dots and brackets. */
static void copy_digits(char out[FORM_SIZE], const char *number)
{
	size_t n = 0;

	for (; *number != '\0' && n < FORM_SIZE - 1; number++)
		if (isdigit((unsigned char)*number) || *number == '+')
			out[n++] = *number;
	out[n] = '\0';
}

int recipient_hashes(uint64_t out[RECIPIENT_FORMS], const struct recipient_key *key,
                     const char *number, const struct numbering_plan *plan)
{
	char typed[FORM_SIZE], text[ADDRESS_TEXT_SIZE * 2], code[8], trunk[9];
	struct forms f = { .key = key, .plan = plan, .hashes = out };
	const size_t len = strlen(number);

	if (len > ADDRESS_INPUT_MAX ||
	    address_key_by(&f.number, (const uint8_t *)number, len, plan) != 0 ||
	    f.number.octets[0] >> 5 != SENDER_KEY_NUMBER)
		return -EINVAL;
	copy_digits(typed, number);
	address_text(text, &f.number);
	const char *whole = text + (text[0] == '+');
	const int code_len = snprintf(code, sizeof(code), "%u", plan->country);
	snprintf(trunk, sizeof(trunk), "%s0", code);
	add(&f, "", number);
	add(&f, "", typed);
	add(&f, "", whole);
	add(&f, "+", whole);
	add(&f, "00", whole);
	if (plan->country != 0 && strncmp(whole, code, (size_t)code_len) == 0) {
		add(&f, "", whole + code_len);
		add(&f, "0", whole + code_len);
		add(&f, trunk, whole + code_len);
	}
	for (unsigned i = f.n; i < RECIPIENT_FORMS; i++)
		out[i] = out[0];
	return 0;
}
