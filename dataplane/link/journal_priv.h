/* SPDX-License-Identifier: Apache-2.0 */
/* journal_priv: the inside of the journal, for journal.c and journal_copy.c. */
#ifndef DP_JOURNAL_PRIV_H
#define DP_JOURNAL_PRIV_H
#include <stdbool.h>

#include "journal.h"

struct journal {
	struct journal_header header;
	int fd;           /* -1: the file is still to be made */
	uint64_t records; /* stored with release when they are in the file; a copy reads it */
	uint64_t size;    /* octets of the file: what is behind the records is 0 */
	struct journal_record batch[LINK_DELTAS_MAX];
	char path[];
};

struct journal_header journal_new_header(void);

/* Records of these deltas, the first of them at this place. */
void journal_fill(struct journal_record *records, const struct journal_header *header,
                  const struct link_delta *deltas, size_t n, uint64_t index);

/* As it was written, and a delta. */
bool journal_whole(const struct journal_header *header, const struct journal_record *record,
                   uint64_t index);

/* Where the record of this place is. */
static inline uint64_t journal_offset(uint64_t index)
{
	return sizeof(struct journal_header) + index * sizeof(struct journal_record);
}

/* Octets to keep free behind so many. */
uint64_t journal_room(uint64_t end);

/* A file has taken the place of the journal's. */
void journal_take(struct journal *journal, const struct journal_header *header, int fd,
                  uint64_t records, uint64_t size);

#endif
