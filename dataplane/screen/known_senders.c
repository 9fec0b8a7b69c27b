/* SPDX-License-Identifier: Apache-2.0 */
#include "known_senders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "prefetch.h"
#include "sender_hash.h"
#include "worth.h"

#define WAYS 2u
#define ERA_SHIFT 32
#define FOUND UINT64_C(0x100) /* beside the reason in an entry's last word */

struct set {
	struct known_sender way[WAYS];
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct set) == 64, "one line");

struct known_senders {
	void *memory; /* zeros, of which pages are there when they are used */
	struct set *sets;
	uint64_t mask;      /* sets - 1 */
	uint64_t secret[2]; /* nobody outside can aim at a set */
	uint64_t serial;
	uint32_t seconds;
	uint16_t era; /* 0: of free entries */
	struct worth worth;
};

int known_senders_open(struct known_senders **out, uint32_t n)
{
	uint64_t sets = 1;

	if (n == 0 || n > KNOWN_SENDERS_MAX)
		return -EINVAL;
	while (sets * WAYS < n)
		sets *= 2;
	struct known_senders *k = calloc(1, sizeof(*k));
	if (k == NULL)
		return -ENOMEM;
	k->mask = sets - 1;
	k->memory = calloc(sets + 1, sizeof(struct set));
	if (k->memory == NULL) {
		free(k);
		return -ENOMEM;
	}
	const uintptr_t line = sizeof(struct set) - 1;
	k->sets = (struct set *)(((uintptr_t)k->memory + line) & ~line);
	/* Too early in a boot there is none, and the table is only easier to fill. */
	(void)!getrandom(k->secret, sizeof(k->secret), GRND_NONBLOCK);
	*out = k;
	return 0;
}

void known_senders_close(struct known_senders *k)
{
	if (k == NULL)
		return;
	free(k->memory);
	free(k);
}

bool known_senders_awake(struct known_senders *k)
{
	return worth_looking(&k->worth, KNOWN_SENDERS_NAP);
}

void known_senders_learn(struct known_senders *k, uint32_t sought, uint32_t found)
{
	worth_learn(&k->worth, sought, found, KNOWN_SENDERS_WORTH);
}

void known_senders_era(struct known_senders *k, uint64_t serial, uint32_t seconds)
{
	if (k->serial == serial && k->seconds == seconds && k->era != 0)
		return;
	k->serial = serial;
	k->seconds = seconds;
	/* After 65,536 of them the first would come again, and what was said in it. */
	if (++k->era == 0) {
		memset(k->sets, 0, (k->mask + 1) * sizeof(struct set));
		k->era = 1;
	}
}

/* Both words of an address, without a branch for numbers: eight octets from either end, of
 * which the middle is in both. */
static inline void words_of(struct view a, uint64_t *first, uint64_t *last)
{
	uint64_t tail;

	*first = *last = 0;
	if (unlikely(a.len - 1u >= KNOWN_SENDER_MAX))
		return;
	if (likely(a.len >= 8)) {
		memcpy(first, a.data, 8);
		memcpy(&tail, a.data + a.len - 8, 8);
		*last = tail >> 8 * (KNOWN_SENDER_MAX - a.len) >> 8;
	} else {
		for (uint32_t i = 0; i < a.len; i++)
			*first = *first << 8 | a.data[i];
	}
	*last |= (uint64_t)a.len << 56;
}

void known_senders_seek(const struct known_senders *k, const struct view *addresses,
                        const uint32_t *account_rows, unsigned n, struct known_sender *keys)
{
	for (unsigned i = 0; i < n; i++) {
		struct known_sender *key = &keys[i];
		uint64_t first, last;
		words_of(addresses[i], &first, &last);
		key->first = first;
		key->last = last;
		key->account = account_rows[i] | (uint64_t)k->era << ERA_SHIFT;
		const uint64_t hash =
			sender_hash_fold(first ^ k->secret[0], last ^ k->secret[1]);
		/* Numbers in a row are multiples of one number, in a few of hundred secrets
		 * of one that crowds some sets: spread once more. */
		key->at = (hash + account_rows[i]) * SENDER_HASH_PILOT >> 32 & k->mask;
		prefetch(&k->sets[key->at]);
	}
}

static inline bool is_of(const struct known_sender *entry, const struct known_sender *key)
{
	return ((entry->first ^ key->first) | (entry->last ^ key->last) |
	        (entry->account ^ key->account)) == 0;
}

/* Without a branch: which ones are known is nothing to guess. */
unsigned known_senders_find(struct known_senders *k, const struct known_sender *keys,
                            unsigned n, uint8_t *said)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++) {
		struct set *s = &k->sets[keys[i].at];
		const unsigned second = is_of(&s->way[1], &keys[i]);
		const unsigned hit = is_of(&s->way[0], &keys[i]) | second;
		struct known_sender *e = &s->way[second];
		said[i] = (uint8_t)(e->at | (hit - 1));
		e->at |= FOUND * hit;
		found += hit;
	}
	return found;
}

/* Of an era that is over, or free; then one that was not found since the last that came. */
static struct known_sender *victim(const struct known_senders *k, struct set *s)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (s->way[i].account >> ERA_SHIFT != k->era)
			return &s->way[i];
	for (unsigned i = 0; i < WAYS; i++)
		if ((s->way[i].at & FOUND) == 0)
			return &s->way[i];
	for (unsigned i = 0; i < WAYS; i++)
		s->way[i].at &= ~FOUND;
	return &s->way[0];
}

bool known_senders_keep(struct known_senders *k, const struct known_sender *key,
                        enum reason said)
{
	struct set *s = &k->sets[key->at];

	/* Twice in one vector the second is as new as the first. */
	if (key->last == 0 || is_of(&s->way[0], key) || is_of(&s->way[1], key))
		return false;
	struct known_sender *e = victim(k, s);
	const bool live = e->account >> ERA_SHIFT == k->era;
	*e = *key;
	e->at = said;
	return live;
}
