/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define WORDS (sizeof(struct part) / 8)
#define SETS (PARTS_SLOTS / PARTS_WAYS)

/* The words of a part are read while another worker may write them, so each is loaded and
 * stored atomically; the version says whether they belong together. */
struct slot {
	uint64_t version;
	uint64_t words[WORDS];
} __attribute__((aligned(64)));

struct parts {
	uint64_t secret[2];
	uint32_t missed; /* atomic */
	struct slot slots[PARTS_SLOTS];
};

enum { WORD_KEY = 0, WORD_UNTIL = 2, WORD_NUMBER = 3, WORD_ACCOUNT = 5, WORD_DIGEST = 6 };
_Static_assert(offsetof(struct part, until) == 8 * WORD_UNTIL, "words");
_Static_assert(offsetof(struct part, command_status) == 8 * WORD_NUMBER, "words");
_Static_assert(offsetof(struct part, digest) == 8 * WORD_DIGEST, "words");
_Static_assert(sizeof(struct slot) == 1024, "the digest costs no memory");
_Static_assert(offsetof(struct part, account) == 8 * WORD_ACCOUNT, "words");
_Static_assert(offsetof(struct part, number) == 8 * WORD_NUMBER + 6, "words");

int parts_open(struct parts **out)
{
	struct parts *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);

	if (p == NULL)
		return -ENOMEM;
	memset(p, 0, sizeof(*p));
	if (getrandom(p->secret, sizeof(p->secret), 0) != (ssize_t)sizeof(p->secret)) {
		free(p);
		return -EIO;
	}
	*out = p;
	return 0;
}

void parts_close(struct parts *parts) { free(parts); }

struct parts_key parts_key(const struct parts *parts, const void *octets, uint32_t len)
{
	/* Each half under a seed of its own; XXH3 with a secret seed is no MAC, but there is
	 * nothing to learn its output from. */
	return (struct parts_key){ { XXH3_64bits_withSeed(octets, len, parts->secret[0]),
		                     XXH3_64bits_withSeed(octets, len, parts->secret[1]) } };
}

static struct slot *set_of(const struct parts *parts, struct parts_key key, uint8_t number)
{
	const uint64_t mixed = (key.hash[0] + number) * UINT64_C(0x9E3779B97F4A7C15);

	return (struct slot *)(uintptr_t)&parts->slots[(mixed >> 32) % SETS * PARTS_WAYS];
}

static uint64_t word(const struct slot *s, unsigned i)
{
	return __atomic_load_n(&s->words[i], __ATOMIC_RELAXED);
}

static uint32_t until_of(const struct slot *s) { return (uint32_t)word(s, WORD_UNTIL); }
static uint8_t number_of(const struct slot *s) { return (uint8_t)(word(s, WORD_NUMBER) >> 48); }

static uint32_t account_of(const struct slot *s) { return (uint32_t)word(s, WORD_ACCOUNT); }

static bool holds(const struct slot *s, struct parts_key key, uint8_t number)
{
	return until_of(s) != 0 && number_of(s) == number && word(s, WORD_KEY) == key.hash[0] &&
	       word(s, WORD_KEY + 1) == key.hash[1];
}

/* Claim a slot that no one writes: its version is odd from here on. Acquire: what the last
 * writer stored is seen. */
static bool claim(struct slot *s, uint64_t *version)
{
	*version = __atomic_load_n(&s->version, __ATOMIC_RELAXED);
	return *version % 2 == 0 &&
	       __atomic_compare_exchange_n(&s->version, version, *version + 1, false,
	                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Release: whoever sees the new version sees the words. */
static void settle(struct slot *s, uint64_t version)
{
	__atomic_store_n(&s->version, version + 2, __ATOMIC_RELEASE);
}

/* Of a set full of live parts: of the account that has most of them, the one that ends
 * first. What is to come counts as its account's. */
static struct slot *one_to_give_way(struct slot *set, const struct part *part)
{
	struct slot *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < PARTS_WAYS; i++) {
		const uint32_t account = account_of(&set[i]);
		unsigned n = account == part->account;
		for (unsigned k = 0; k < PARTS_WAYS; k++)
			n += account_of(&set[k]) == account;
		if (n > most || (n == most && until_of(&set[i]) < until_of(best))) {
			most = n;
			best = &set[i];
		}
	}
	return best;
}

/* The way to write into: the same part, else a free or expired one, else one that is live. */
static struct slot *way_for(struct slot *set, const struct part *part, uint32_t now, bool *live)
{
	struct slot *best = &set[0];

	for (unsigned i = 0; i < PARTS_WAYS; i++) {
		if (holds(&set[i], part->key, part->number)) {
			*live = false;
			return &set[i];
		}
		if (until_of(&set[i]) < until_of(best))
			best = &set[i];
	}
	*live = until_of(best) > now;
	return *live ? one_to_give_way(set, part) : best;
}

/* Of all that parts_same() compares. */
static uint64_t digest_of(const struct parts *parts, const struct part *part)
{
	const uint64_t read_as = (uint64_t)part->len << 32 | (uint64_t)part->coding << 16 |
	                         (uint64_t)part->lock << 8 | part->shift;

	return XXH3_64bits_withSeed(part->data, part->len, parts->secret[0] ^ read_as);
}

/* Relaxed stores between two versions. The fence keeps them behind the odd one. */
static void store(struct slot *s, const struct part *part, uint64_t digest)
{
	uint64_t words[WORDS];
	const size_t used = (offsetof(struct part, data) + part->len + 7) / 8;

	memcpy(words, part, used * 8);
	words[WORD_DIGEST] = digest;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (size_t i = 0; i < used; i++)
		__atomic_store_n(&s->words[i], words[i], __ATOMIC_RELAXED);
}

bool parts_same(const struct part *a, const struct part *b)
{
	return a->len == b->len && a->coding == b->coding && a->lock == b->lock &&
	       a->shift == b->shift && memcmp(a->data, b->data, a->len) == 0;
}

/* What is in a slot that we have claimed. */
static void read_own(const struct slot *s, struct part *out)
{
	uint64_t words[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		words[i] = word(s, (unsigned)i);
	memcpy(out, words, sizeof(*out));
}

/* replace: whatever one with its key and number says. *into: the slot it is in. */
static enum parts_added put(const struct parts *parts, struct slot *set,
                            const struct part *part, uint32_t now, bool replace,
                            struct slot **into)
{
	const uint64_t digest = digest_of(parts, part);
	bool live = false;
	uint64_t version;

	bug_if(part->len > PARTS_OCTETS || part->until == 0);
	for (unsigned tries = 0; tries < PARTS_TRIES; tries++) {
		struct slot *s = way_for(set, part, now, &live);
		struct part before;
		if (!claim(s, &version)) { /* another worker writes it: perhaps this part */
			__builtin_ia32_pause();
			continue;
		}
		if (!replace && holds(s, part->key, part->number) && until_of(s) > now) {
			read_own(s, &before);
			if (!parts_same(&before, part)) {
				settle(s, version);
				return PARTS_DIFFER;
			}
		}
		const bool own = account_of(s) == part->account;
		store(s, part, digest);
		settle(s, version);
		/* Before we look for the other parts: see the header. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		*into = s;
		if (!live)
			return PARTS_KEPT;
		return own ? PARTS_OWN_GAVE_WAY : PARTS_GAVE_WAY;
	}
	*into = NULL;
	return PARTS_GAVE_WAY; /* nothing kept: counted like one that gave way */
}

enum parts_added parts_put(struct parts *parts, const struct part *part, uint32_t now)
{
	struct slot *into;

	return put(parts, set_of(parts, part->key, part->number), part, now, true, &into);
}

enum copied { COPIED, NOT_THERE, BEING_WRITTEN };

/* A slot whose part is written again keeps its key and number all the while. head: all but
 * the data. */
static enum copied copy(const struct slot *s, struct parts_key key, uint8_t number,
                        uint32_t now, bool head, struct part *out)
{
	const uint64_t before = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
	uint64_t words[WORDS];

	if (!holds(s, key, number) || until_of(s) <= now)
		return NOT_THERE;
	if (before % 2 != 0)
		return BEING_WRITTEN;
	for (size_t i = 0; i < offsetof(struct part, data) / 8; i++)
		words[i] = word(s, (unsigned)i);
	memcpy(out, words, offsetof(struct part, data));
	if (out->len > PARTS_OCTETS) /* torn */
		return BEING_WRITTEN;
	const size_t used = (offsetof(struct part, data) + (head ? 0u : out->len) + 7) / 8;
	for (size_t i = offsetof(struct part, data) / 8; i < used; i++)
		words[i] = word(s, (unsigned)i);
	/* The loads above are before the second look at the version. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&s->version, __ATOMIC_RELAXED) != before)
		return BEING_WRITTEN;
	memcpy(out, words, offsetof(struct part, data) + (head ? 0u : out->len));
	return COPIED;
}

static enum copied look(const struct slot *set, struct parts_key key, uint8_t number,
                        uint32_t now, bool head, struct part *out)
{
	enum copied most = NOT_THERE;

	for (unsigned i = 0; i < PARTS_WAYS; i++) {
		const enum copied c = copy(&set[i], key, number, now, head, out);
		if (c == COPIED)
			return c;
		if (c == BEING_WRITTEN)
			most = c;
	}
	return most;
}

static bool get(struct parts *parts, struct parts_key key, uint8_t number, uint32_t now,
                bool head, struct part *out)
{
	const struct slot *set = set_of(parts, key, number);
	enum copied found = look(set, key, number, now, head, out);

	for (unsigned i = 0; unlikely(found == BEING_WRITTEN) && i < PARTS_TRIES; i++) {
		__builtin_ia32_pause();
		found = look(set, key, number, now, head, out);
	}
	if (unlikely(found == BEING_WRITTEN)) /* relaxed: a count */
		__atomic_add_fetch(&parts->missed, 1, __ATOMIC_RELAXED);
	return found == COPIED;
}

bool parts_get(struct parts *parts, struct parts_key key, uint8_t number, uint32_t now,
               struct part *out)
{
	return get(parts, key, number, now, false, out);
}

bool parts_get_head(struct parts *parts, struct parts_key key, uint8_t number, uint32_t now,
                    struct part *out)
{
	return get(parts, key, number, now, true, out);
}

/* Forget a part where it is in this slot. */
static void forget(struct slot *s, struct parts_key key, uint8_t number)
{
	uint64_t version;

	if (!holds(s, key, number) || !claim(s, &version))
		return;
	if (holds(s, key, number))
		__atomic_store_n(&s->words[WORD_UNTIL],
		                 word(s, WORD_UNTIL) & ~UINT64_C(0xFFFFFFFF), __ATOMIC_RELAXED);
	settle(s, version);
}

enum parts_added parts_add(struct parts *parts, const struct part *part, uint32_t now)
{
	struct slot *set = set_of(parts, part->key, part->number), *own;
	const enum parts_added added = put(parts, set, part, now, false, &own);
	struct part other;

	if (added == PARTS_DIFFER || own == NULL)
		return added;
	/* Another worker may have put one beside it meanwhile. */
	for (unsigned i = 0; i < PARTS_WAYS; i++) {
		if (&set[i] == own ||
		    copy(&set[i], part->key, part->number, now, false, &other) != COPIED ||
		    parts_same(&other, part))
			continue;
		forget(own, part->key, part->number);
		return PARTS_DIFFER;
	}
	return added;
}

uint32_t parts_missed(struct parts *parts)
{
	if (likely(__atomic_load_n(&parts->missed, __ATOMIC_RELAXED) == 0))
		return 0;
	return __atomic_exchange_n(&parts->missed, 0, __ATOMIC_RELAXED);
}

void parts_drop(struct parts *parts, struct parts_key key, uint8_t number)
{
	struct slot *set = set_of(parts, key, number);

	for (unsigned i = 0; i < PARTS_WAYS; i++)
		forget(&set[i], key, number);
}
