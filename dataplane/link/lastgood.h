/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lastgood: what the data plane enforces when it starts before control does: the last
 * image that it accepted, and the sanctions that came after it.
 *
 * The image is image_file (settings); the sanctions are image_file ".sanctions"
 * (journal.h). Threads: the link thread.
 */
#ifndef DP_LASTGOOD_H
#define DP_LASTGOOD_H
#include <stddef.h>

#include "check.h"
#include "link_message.h"
#include "tables.h"

struct lastgood;

must_use int lastgood_open(struct lastgood **out, const char *image_file);
void lastgood_close(struct lastgood *lastgood);

/*
 * A snapshot of the last good image with its sanctions. 0: text is empty, or a warning
 * (part of the journal could not be used). Negative errno and a sentence: there is no
 * image (-ENOENT), or it is refused; *out is then untouched.
 */
must_use int lastgood_load(struct lastgood *lastgood, unsigned n_workers,
                           struct tables **out, char text[LINK_TEXT_SIZE]);

/*
 * Keep these octets, a validated image, and void the journal of the one before. Negative
 * errno: the old image and its journal are still what a restart finds, and sanctions go
 * on being added to them.
 */
must_use int lastgood_save(struct lastgood *lastgood, const void *octets, size_t size,
                           char text[LINK_TEXT_SIZE]);

/* Keep a sanction. Negative errno: a restart will not know it. */
must_use int lastgood_sanction(struct lastgood *lastgood,
                               const struct link_sanction *sanction,
                               char text[LINK_TEXT_SIZE]);

#endif
