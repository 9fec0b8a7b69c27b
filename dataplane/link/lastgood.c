/* SPDX-License-Identifier: Apache-2.0 */
#include "lastgood.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash_point.h"
#include "file.h"
#include "image_octets.h"
#include "journal.h"
#include "journal_copy.h"
#include "refuse.h"

#define NOT_SHORTENED "journal not shortened: %.220s"

struct lastgood {
	struct journal *journal;
	bool has_image; /* on disk; set by whoever saves one, read beside him: atomic */
	struct journal_copy *copy; /* that is being made; NULL: none */
	bool lacking;              /* the journal lacks a delta that is in force */
	char image_file[];
};

int lastgood_open(struct lastgood **out, const char *image_file)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s.deltas", image_file) >= sizeof(path))
		return -ENAMETOOLONG;
	struct lastgood *l = calloc(1, sizeof(*l) + strlen(image_file) + 1);
	if (l == NULL)
		return -ENOMEM;
	strcpy(l->image_file, image_file);
	const int rc = journal_open(&l->journal, path);
	if (rc != 0) {
		free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void lastgood_close(struct lastgood *lastgood)
{
	if (lastgood == NULL)
		return;
	journal_close(lastgood->journal);
	free(lastgood);
}

/* arg: the snapshot so far, replaced by one with the delta. Nobody reads it yet. */
static int apply_delta(void *arg, const struct link_delta *delta)
{
	struct tables **tables = arg, *next;
	const int rc = tables_deltas(&next, *tables, delta, 1);

	if (rc != 0)
		return rc;
	tables_free(*tables);
	*tables = next;
	return 0;
}

int lastgood_load(struct lastgood *lastgood, unsigned n_workers, const struct image_key *key,
                  struct tables **out, bool *whole, char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "", fault[IMAGE_ERROR_SIZE] = "";
	struct image_octets *octets;
	struct tables *tables;

	text[0] = '\0';
	int rc = image_octets_read(&octets, lastgood->image_file, why);
	if (rc == -ENOENT) /* what lies there belongs to no image of ours */
		journal_clear(lastgood->journal);
	if (rc != 0)
		return refuse(text, rc, "%.100s: %.150s", lastgood->image_file, why);
	rc = image_key_check(key, octets->octets, octets->size, why);
	if (rc != 0) {
		image_octets_release(octets);
		return refuse(text, rc, "%.60s: refused: %.180s", lastgood->image_file, why);
	}
	rc = tables_open(&tables, octets->octets, octets->size, n_workers, image_octets_release,
	                 octets, fault);
	if (rc != 0) {
		image_octets_release(octets);
		return refuse(text, rc, "%.60s: refused: %s", lastgood->image_file, fault);
	}
	lastgood->has_image = true;
	/* A journal that cannot be used in full is a warning, in text. */
	*whole = journal_load(lastgood->journal, tables_generation(tables), apply_delta,
	                      &tables, text) == 0;
	*out = tables;
	return 0;
}

/* The journal becomes what these tables hold beside their image. */
static int rewrite(struct lastgood *lastgood, const struct tables *tables, char *why)
{
	struct link_delta *list = NULL;
	size_t n = 0;
	int rc = tables_list(tables, &list, &n);

	if (rc != 0)
		return refuse(why, rc, "out of memory");
	rc = journal_replace(lastgood->journal, list, n, why);
	free(list);
	if (rc == 0)
		lastgood->lacking = false;
	return rc;
}

int lastgood_save(struct lastgood *lastgood, const struct tables *tables,
                  char text[LINK_TEXT_SIZE])
{
	const struct image_header *header = tables->image->header;
	int replaced;
	const int rc = file_replace(lastgood->image_file, header, header->size, &replaced);

	crash_point("image_saved");
	/* Release: who sees it finds the file. */
	if (replaced)
		__atomic_store_n(&lastgood->has_image, true, __ATOMIC_RELEASE);
	if (rc != 0)
		return refuse(text, rc, "not saved to %.150s: %s", lastgood->image_file,
		              strerror(-rc));
	return 0;
}

int lastgood_trim_begin(struct lastgood *lastgood, const struct tables *tables,
                        char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "";
	int rc = 0;

	/* Of what it lacks there is no copy. */
	if (lastgood->lacking)
		rc = rewrite(lastgood, tables, why);
	else
		rc = journal_copy_begin(&lastgood->copy, lastgood->journal,
		                        tables->image->header->generation, why);
	return rc == 0 ? 0 : refuse(text, rc, NOT_SHORTENED, why);
}

void lastgood_trim_run(struct lastgood *lastgood)
{
	if (lastgood->copy != NULL)
		journal_copy_run(lastgood->copy);
}

void lastgood_trim_stop(struct lastgood *lastgood)
{
	if (lastgood->copy != NULL)
		journal_copy_stop(lastgood->copy);
}

int lastgood_trim_end(struct lastgood *lastgood, char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "";
	const int rc = journal_copy_end(lastgood->copy, lastgood->journal, why);

	lastgood->copy = NULL;
	crash_point("journal_trimmed");
	return rc == 0 ? 0 : refuse(text, rc, NOT_SHORTENED, why);
}

int lastgood_deltas(struct lastgood *lastgood, const struct tables *tables,
                    const struct link_delta *deltas, unsigned n, char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "no image is on disk to keep them beside";
	const bool has_image = __atomic_load_n(&lastgood->has_image, __ATOMIC_ACQUIRE);
	int rc = -ENOENT;

	if (has_image && !lastgood->lacking)
		rc = journal_append(lastgood->journal, deltas, n, why);
	/* Full of repetitions, or short of what a full disk refused: tables hold it all. */
	if (has_image && (lastgood->lacking || rc == -ENOSPC))
		rc = rewrite(lastgood, tables, why);
	if (rc != 0)
		lastgood->lacking = true;
	return rc == 0 ? 0 : refuse(text, rc, "not saved: %.230s", why);
}
