/* SPDX-License-Identifier: Apache-2.0 */
#include "intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SLOTS_FIRST 64u
#define ROOM_FIRST 1024u

/* The entry of this run, or the empty one where it belongs. Runs carry their own end
 * (a NUL, a count in front), so octets that begin like the run are the run. */
static struct intern_entry *find(const struct intern *in, uint64_t hash, const void *run,
                                 size_t size)
{
	for (size_t at = hash & (in->slots - 1);; at = (at + 1) & (in->slots - 1)) {
		struct intern_entry *e = &in->table[at];

		if (e->place == 0)
			return e;
		if (e->hash == hash && in->size - (e->place - 1) >= size &&
		    memcmp(in->octets + e->place - 1, run, size) == 0)
			return e;
	}
}

/* Keep the table at most half full. */
static int reserve_entry(struct intern *in)
{
	if (in->n_runs * 2 < in->slots)
		return 0;
	const size_t slots = in->slots == 0 ? SLOTS_FIRST : in->slots * 2;
	struct intern_entry *table = calloc(slots, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < in->slots; i++) {
		if (in->table[i].place == 0)
			continue;
		size_t at = in->table[i].hash & (slots - 1);
		while (table[at].place != 0)
			at = (at + 1) & (slots - 1);
		table[at] = in->table[i];
	}
	free(in->table);
	in->table = table;
	in->slots = slots;
	return 0;
}

static int reserve_octets(struct intern *in, size_t size)
{
	size_t room = in->room == 0 ? ROOM_FIRST : in->room;

	while (room - in->size < size)
		room *= 2;
	if (room == in->room)
		return 0;
	uint8_t *octets = realloc(in->octets, room);
	if (octets == NULL)
		return -ENOMEM;
	in->octets = octets;
	in->room = room;
	return 0;
}

int64_t intern_run(struct intern *in, const void *run, size_t size, size_t limit)
{
	const uint64_t hash = XXH3_64bits(run, size);

	if (reserve_entry(in) != 0)
		return -ENOMEM;
	struct intern_entry *e = find(in, hash, run, size);
	if (e->place != 0)
		return (int64_t)(e->place - 1);
	if (size > limit || in->size > limit - size)
		return -E2BIG;
	if (reserve_octets(in, size) != 0)
		return -ENOMEM;

	memcpy(in->octets + in->size, run, size);
	*e = (struct intern_entry){ .hash = hash, .place = in->size + 1 };
	in->n_runs++;
	in->size += size;
	return (int64_t)(e->place - 1);
}

void intern_free(struct intern *in)
{
	free(in->octets);
	free(in->table);
	*in = (struct intern){ 0 };
}
