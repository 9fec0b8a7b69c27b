/* SPDX-License-Identifier: Apache-2.0 */
/* The peers of the sender set: what else could be used. */
#include <inttypes.h>
#include <stdio.h>
#include <rte_hash_crc.h>

#include "certified.h"
#include "prefetch.h"
#include "../../tests/quiet_eal.h"

/* Peers need their own copies of 10 M keys; beyond that the machine's memory ends. */
#define PEER_KEYS_MAX 20000000u
#define SPARE (UINT64_C(3) << 30) /* octets left to others */

static uint64_t open_place(const struct bench *b, const struct sender_key *key, uint64_t slots)
{
	return sender_hash_high(sender_hash_key(&b->set.hash, key), slots);
}

static struct image_sender *make_open(const struct bench *b, double load, uint64_t *n_slots)
{
	static const struct sender_key none;
	const uint64_t slots = (uint64_t)((double)b->n / load) + 1;
	struct image_sender *table = take(slots * sizeof(*table), b->huge);

	for (uint64_t i = 0; i < b->n; i++) {
		uint64_t at = open_place(b, &b->records[i].key, slots);
		while (!same_key(&table[at].key, &none))
			at = at + 1 == slots ? 0 : at + 1;
		table[at] = b->records[i];
	}
	*n_slots = slots;
	return table;
}

static uint64_t run_open(const struct bench *b, const struct sender_key *keys,
                         const struct image_sender *table, uint64_t slots)
{
	static const struct sender_key none;
	uint64_t found = 0, at[BATCH];

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++) {
			at[j] = open_place(b, &keys[i + j], slots);
			prefetch(&table[at[j]]);
		}
		for (uint32_t j = 0; j < BATCH; j++) {
			uint64_t k = at[j];
			while (!same_key(&table[k].key, &keys[i + j]) &&
			       !same_key(&table[k].key, &none))
				k = k + 1 == slots ? 0 : k + 1;
			found += same_key(&table[k].key, &keys[i + j]);
		}
	}
	return found;
}

uint64_t run_half(const struct bench *b, const struct sender_key *keys)
{
	return run_open(b, keys, b->half, b->half_slots);
}

uint64_t run_dense(const struct bench *b, const struct sender_key *keys)
{
	return run_open(b, keys, b->dense, b->dense_slots);
}

static void make_rte(struct bench *b)
{
	if (quiet_eal("certified", 4096) < 0)
		return; /* shown as missing, not as fast */
	const struct rte_hash_parameters p = { .name = "senders",
		                               .entries = (uint32_t)(b->n + b->n / 4),
		                               .key_len = SENDER_KEY_SIZE,
		                               .hash_func = rte_hash_crc };
	b->rte = rte_hash_create(&p);
	for (uint64_t i = 0; i < b->n && b->rte != NULL; i++) {
		if (rte_hash_add_key_data(b->rte, &b->records[i].key, &b->records[i]) == 0)
			continue;
		rte_hash_free(b->rte);
		b->rte = NULL;
	}
}

uint64_t run_rte(const struct bench *b, const struct sender_key *keys)
{
	const void *pointers[BATCH];
	void *data[BATCH];
	uint64_t found = 0, hits;

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++)
			pointers[j] = &keys[i + j];
		hits = 0;
		rte_hash_lookup_bulk_data(b->rte, pointers, BATCH, &hits, data);
		for (uint32_t j = 0; j < BATCH; j++) {
			if ((hits >> j & 1) != 0)
				prefetch(data[j]);
		}
		for (uint32_t j = 0; j < BATCH; j++)
			found += (hits >> j & 1) != 0 &&
			         ((const struct image_sender *)data[j])->owner_state != 0;
	}
	return found;
}

static cmph_t *make_cmph(const struct bench *b, CMPH_ALGO algorithm,
                         struct image_sender **records)
{
	cmph_io_adapter_t *source = cmph_io_struct_vector_adapter(
		b->records, sizeof(*b->records), 0, SENDER_KEY_SIZE, (cmph_uint32)b->n);
	cmph_config_t *config = cmph_config_new(source);

	cmph_config_set_algo(config, algorithm);
	cmph_t *hash = cmph_new(config);
	cmph_config_destroy(config);
	cmph_io_struct_vector_adapter_destroy(source);
	if (hash == NULL)
		return NULL;
	*records = take(cmph_size(hash) * sizeof(**records), b->huge);
	for (uint64_t i = 0; i < b->n; i++)
		(*records)[cmph_search(hash, (const char *)&b->records[i].key,
		                       SENDER_KEY_SIZE)] = b->records[i];
	return hash;
}

static uint64_t run_cmph(cmph_t *hash, const struct image_sender *records,
                         const struct sender_key *keys)
{
	uint64_t found = 0;
	cmph_uint32 at[BATCH];
	const cmph_uint32 size = cmph_size(hash);

	for (uint32_t i = 0; i < QUERIES; i += BATCH) {
		for (uint32_t j = 0; j < BATCH; j++) {
			at[j] = cmph_search(hash, (const char *)&keys[i + j], SENDER_KEY_SIZE);
			at[j] = at[j] < size ? at[j] : 0; /* of an absent key: anything */
			prefetch(&records[at[j]]);
		}
		for (uint32_t j = 0; j < BATCH; j++)
			found += same_key(&records[at[j]].key, &keys[i + j]);
	}
	return found;
}

uint64_t run_chd(const struct bench *b, const struct sender_key *keys)
{
	return run_cmph(b->chd, b->chd_records, keys);
}

uint64_t run_bdz(const struct bench *b, const struct sender_key *keys)
{
	return run_cmph(b->bdz, b->bdz_records, keys);
}

/* Octets that can be had without swapping (proc_meminfo(5)), 0 when unknown. */
static uint64_t available(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	uint64_t kib = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		static const char name[] = "MemAvailable:";
		if (strncmp(line, name, sizeof(name) - 1) == 0)
			kib = strtoull(line + sizeof(name) - 1, NULL, 10);
	}
	if (f != NULL)
		fclose(f);
	return kib * 1024;
}

static bool fits(const struct bench *b, double load)
{
	return available() > (uint64_t)((double)b->n / load) * sizeof(*b->records) + SPARE;
}

void make_peers(struct bench *b)
{
	if (fits(b, 0.85))
		b->dense = make_open(b, 0.85, &b->dense_slots);
	if (fits(b, 0.5))
		b->half = make_open(b, 0.5, &b->half_slots);
	if (b->n <= PEER_KEYS_MAX) {
		b->chd = make_cmph(b, CMPH_CHD, &b->chd_records);
		b->bdz = make_cmph(b, CMPH_BDZ, &b->bdz_records);
		make_rte(b);
	}
	if (b->half == NULL || b->chd == NULL)
		fprintf(stderr, "%" PRIu64 " keys: peers without a row do not fit the memory\n",
		        b->n);
}
