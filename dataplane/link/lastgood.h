/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lastgood: what the data plane enforces when it starts before control does: the last
 * image that it accepted, and the deltas that came after it.
 *
 * The image is image_file (settings); the deltas are image_file ".deltas" (journal.h).
 * Whenever the process is killed, what is found there together is what was in force and
 * acknowledged. Threads: the link thread, unless said otherwise.
 */
#ifndef DP_LASTGOOD_H
#define DP_LASTGOOD_H
#include <stdbool.h>
#include <stddef.h>

#include "check.h"
#include "image_key.h"
#include "link_message.h"
#include "tables.h"

struct lastgood;

must_use int lastgood_open(struct lastgood **out, const char *image_file);
void lastgood_close(struct lastgood *lastgood);

/*
 * A snapshot of the last good image with its deltas. 0: text is empty, or a warning
 * (part of the journal could not be used; *whole is then false). Negative errno and a
 * sentence: there is no image (-ENOENT), or it is refused; *out is then untouched.
 */
must_use int lastgood_load(struct lastgood *lastgood, unsigned n_workers,
                           const struct image_key *key, struct tables **out, bool *whole,
                           char text[LINK_TEXT_SIZE]);

/*
 * Keep the image of these tables. The journal stays: what the image holds of it is passed
 * over by its generation. Negative errno: the old image is still what a restart finds.
 * Any thread, one at a time.
 */
must_use int lastgood_save(struct lastgood *lastgood, const struct tables *tables,
                           char text[LINK_TEXT_SIZE]);

/*
 * The image of these tables is on disk: shorten the journal to what it does not hold. Begin
 * and end: the link thread; run: another one, while deltas are kept; stop: any, run then
 * returns soon. End also when begin failed. Negative errno: the journal is as it was.
 */
must_use int lastgood_trim_begin(struct lastgood *lastgood, const struct tables *tables,
                                 char text[LINK_TEXT_SIZE]);
void lastgood_trim_run(struct lastgood *lastgood);
void lastgood_trim_stop(struct lastgood *lastgood);
must_use int lastgood_trim_end(struct lastgood *lastgood, char text[LINK_TEXT_SIZE]);

/* Keep deltas that are in force in these tables. Negative errno: a restart will not know
 * them. */
must_use int lastgood_deltas(struct lastgood *lastgood, const struct tables *tables,
                             const struct link_delta *deltas, unsigned n,
                             char text[LINK_TEXT_SIZE]);

#endif
