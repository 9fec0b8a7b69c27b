/* SPDX-License-Identifier: Apache-2.0 */
/* journal_file: a journal of a few records in a folder of its own. After cmocka.h. */
#ifndef TESTS_JOURNAL_FILE_H
#define TESTS_JOURNAL_FILE_H
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal.h"

#define HEADER sizeof(struct journal_header)
#define RECORD sizeof(struct journal_record)
#define N 5u

#define IMAGE 7u /* generation of the image; deltas come after it */

static char folder[64], path[96], text[LINK_TEXT_SIZE];

struct seen {
	unsigned n;
	uint32_t ids[64];
};

static inline int note(void *arg, const struct link_delta *delta)
{
	struct seen *seen = arg;

	if (seen->n < 64)
		seen->ids[seen->n] = (uint32_t)(delta->generation - IMAGE);
	seen->n++;
	return 0;
}

/* The delta that comes id after the image. */
static inline struct link_delta suspend(uint32_t id)
{
	return (struct link_delta){ .generation = IMAGE + id,
		                    .op = LINK_SUSPEND,
		                    .kind = LINK_ACCOUNT,
		                    .key = { { 0, 'a', 'c', 'm', 'e' } } };
}

static inline int setup(void **state)
{
	(void)state;
	strcpy(folder, "/dev/shm/sluice-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/journal", folder);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static inline struct journal *open_at(uint64_t of, struct seen *seen, int want)
{
	struct journal *j = NULL;

	*seen = (struct seen){ 0 };
	assert_int_equal(journal_open(&j, path), 0);
	assert_int_equal(journal_load(j, of, note, seen, text), want);
	return j;
}

static inline void append(struct journal *j, uint32_t id)
{
	const struct link_delta s = suspend(id);

	if (journal_append(j, &s, 1, text) != 0)
		fail_msg("%s", text);
}

static inline size_t slurp(uint8_t *octets, size_t size)
{
	const int fd = open(path, O_RDONLY);
	const ssize_t n = read(fd, octets, size);

	assert_true(fd >= 0 && n >= 0);
	close(fd);
	return (size_t)n;
}

/* A journal of N records, ids 1 .. N. */
static inline size_t make(uint8_t *octets, size_t size)
{
	struct seen seen;
	struct journal *j = open_at(IMAGE, &seen, 0);

	for (uint32_t id = 1; id <= N; id++)
		append(j, id);
	journal_close(j);
	return slurp(octets, size);
}

#endif
