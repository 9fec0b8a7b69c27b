/* SPDX-License-Identifier: Apache-2.0 */
#include "lastgood.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "image_octets.h"
#include "journal.h"
#include "say.h"

struct lastgood {
	struct journal *journal;
	char image_file[];
};

int lastgood_open(struct lastgood **out, const char *image_file)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s.sanctions", image_file) >= sizeof(path))
		return -ENAMETOOLONG;
	struct lastgood *l = malloc(sizeof(*l) + strlen(image_file) + 1);
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

/* arg: the snapshot so far, replaced by one with the sanction. Nobody reads it yet. */
static int apply_sanction(void *arg, const struct link_sanction *sanction)
{
	struct tables **tables = arg, *next;
	const int rc = tables_sanction(&next, *tables, sanction);

	if (rc != 0)
		return rc;
	tables_free(*tables);
	*tables = next;
	return 0;
}

int lastgood_load(struct lastgood *lastgood, unsigned n_workers, struct tables **out,
                  char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "", fault[IMAGE_ERROR_SIZE] = "";
	struct image_octets *octets;
	struct tables *tables;

	text[0] = '\0';
	int rc = image_octets_read(&octets, lastgood->image_file, why);
	if (rc != 0)
		return say(text, rc, "%.100s: %.150s", lastgood->image_file, why);
	rc = tables_open(&tables, octets->octets, octets->size, n_workers, image_octets_release,
	                 octets, fault);
	if (rc != 0) {
		image_octets_release(octets);
		return say(text, rc, "%.60s: refused: %s", lastgood->image_file, fault);
	}
	/* A journal that cannot be used in full is a warning, in text. */
	(void)!journal_load(lastgood->journal, tables->image->header, apply_sanction, &tables,
	                    text);
	*out = tables;
	return 0;
}

int lastgood_save(struct lastgood *lastgood, const void *octets, size_t size,
                  char text[LINK_TEXT_SIZE])
{
	int replaced;
	const int rc = file_replace(lastgood->image_file, octets, size, &replaced);

	/* The journal follows the file that a restart will find. */
	if (replaced)
		journal_reset(lastgood->journal, octets);
	if (rc != 0)
		return say(text, rc, "not saved to %.150s: %s", lastgood->image_file,
		           strerror(-rc));
	return 0;
}

int lastgood_sanction(struct lastgood *lastgood, const struct link_sanction *sanction,
                      char text[LINK_TEXT_SIZE])
{
	char why[LINK_TEXT_SIZE] = "";
	const int rc = journal_append(lastgood->journal, sanction, why);

	return rc == 0 ? 0 : say(text, rc, "not saved: %.230s", why);
}
