/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: what comes from the other process or from disk: a datagram of control, a journal
 * of deltas, an image that claims a signature. The first octet chooses.
 */
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "check.h"
#include "delta.h"
#include "fuzz.h"
#include "image_format.h"
#include "image_key.h"
#include "journal.h"
#include "link_check.h"

enum { DATAGRAM = 1, DELTAS = 2, JOURNAL = 4, RECORDS = 8, SIGNED = 16 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = DATAGRAM | DELTAS | JOURNAL | RECORDS | SIGNED;

#define GENERATION 7u /* of the image */

static void fuzz_datagram(const uint8_t *data, size_t size)
{
	const unsigned n_fds = size ? data[0] % 5 : 0;
	char text[LINK_TEXT_SIZE] = "";
	struct link_message m;

	if (size == 0)
		return;
	const int rc = link_check(&m, data + 1, size - 1, n_fds, text);
	bug_if(rc > 0);
	bug_if(rc != 0 && text[0] == '\0');
	if (rc != 0)
		return;
	fuzz_reached |= DATAGRAM | (m.type == LINK_DELTAS ? DELTAS : 0);
	const size_t deltas = m.type == LINK_DELTAS ? m.n_deltas : 0;
	bug_if(size - 1 != sizeof(m) + deltas * sizeof(struct link_delta));
	bug_if(m.type == LINK_IMAGE && m.leisure > 1);
	bug_if(m.version != LINK_VERSION || deltas > LINK_DELTAS_MAX);
	bug_if((m.type == LINK_IMAGE) != (n_fds == 1));
}

/* What is applied is a delta, and newer than the image. */
static int count(void *arg, const struct link_delta *delta)
{
	unsigned *n = arg;
	const char *why;

	bug_if(delta_check(delta, &why) != 0 || delta->generation <= GENERATION);
	return ++*n % 7 == 0 ? -1 : 0;
}

static void scan(const uint8_t *octets, size_t size, unsigned reached)
{
	struct journal_scan s;
	unsigned n = 0;
	const int rc = journal_scan(&s, octets, size, GENERATION, count, &n);

	if (rc != 0) {
		bug_if(n != 0);
		return;
	}
	fuzz_reached |= s.applied != 0 ? reached : 0;
	bug_if(s.applied + s.old + s.bad != s.records || s.applied > n || n > s.records);
	bug_if(sizeof(struct journal_header) + s.records * sizeof(struct journal_record) +
	               s.torn !=
	       size);
}

/* The records as they are, under a header that is right: every third with a checksum
 * that is right too, so that what is inside is looked at. */
static void fuzz_records(const uint8_t *data, size_t size)
{
	struct journal_header h = { .magic = JOURNAL_MAGIC,
		                    .version = JOURNAL_VERSION,
		                    .record_size = sizeof(struct journal_record),
		                    .nonce = 1 };
	uint8_t *octets = malloc(sizeof(h) + size);

	if (octets == NULL)
		return;
	h.checksum = XXH3_64bits(&h, offsetof(struct journal_header, checksum));
	memcpy(octets, &h, sizeof(h));
	memcpy(octets + sizeof(h), data, size);
	for (size_t i = 0; (i + 1) * sizeof(struct journal_record) <= size; i += 3) {
		uint8_t *at = octets + sizeof(h) + i * sizeof(struct journal_record);
		const uint64_t sum =
			XXH3_64bits_withSeed(at, sizeof(struct link_delta), h.checksum + i);
		memcpy(at + sizeof(struct link_delta), &sum, sizeof(sum));
	}
	scan(octets, sizeof(h) + size, RECORDS);
	free(octets);
}

static bool is_taken(const struct image_key *key, const uint8_t *octets, size_t size)
{
	char text[LINK_TEXT_SIZE] = "";
	const int rc = image_key_check(key, octets, size, text);

	bug_if(rc != 0 && (rc != -EKEYREJECTED || text[0] == '\0'));
	return rc == 0;
}

/* As they stand nobody has signed them. Under a header and with a signature of ours they are
 * taken, and with any one bit changed they are not. */
static void fuzz_signature(const uint8_t *data, size_t size)
{
	static const uint8_t seed[crypto_sign_SEEDBYTES] = { 1 };
	const size_t signed_size =
			     sizeof(struct image_header) + sizeof(struct image_section) + size,
		     n = signed_size + IMAGE_SIGNATURE_SIZE;
	const struct image_header h = { .n_sections = 1 };
	const struct image_section s = { .type = IMAGE_SIGNATURE, .offset = signed_size };
	struct image_key key = { .demanded = true };
	uint8_t secret[crypto_sign_SECRETKEYBYTES], *octets = malloc(n);
	crypto_sign_state state;

	if (octets == NULL || size < 2) {
		free(octets);
		return;
	}
	bug_if(crypto_sign_seed_keypair(key.octets, secret, seed) != 0);
	bug_if(is_taken(&key, data, size));
	memcpy(octets, &h, sizeof(h));
	memcpy(octets + sizeof(h), &s, sizeof(s));
	memcpy(octets + sizeof(h) + sizeof(s), data, size);
	crypto_sign_init(&state);
	crypto_sign_update(&state, octets, signed_size);
	crypto_sign_final_create(&state, octets + signed_size, NULL, secret);
	bug_if(!is_taken(&key, octets, n));
	fuzz_reached |= SIGNED;
	octets[(data[0] | (size_t)data[1] << 8) % n] ^= (uint8_t)(1u << data[0] % 8);
	bug_if(is_taken(&key, octets, n));
	free(octets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		fuzz_datagram(data + 1, size - 1);
		break;
	case 1:
		scan(data + 1, size - 1, JOURNAL);
		break;
	case 2:
		fuzz_records(data + 1, size - 1);
		break;
	default:
		fuzz_signature(data + 1, size - 1);
	}
	return 0;
}
