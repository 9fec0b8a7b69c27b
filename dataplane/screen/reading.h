/* SPDX-License-Identifier: Apache-2.0 */
/* reading: in which codings the texts of a message are read. Threads: any. */
#ifndef DP_READING_H
#define DP_READING_H
#include "screen.h"
#include "text.h"

/* Of data_coding 0 in a message: its account's. */
enum text_coding reading_alphabet(const struct screen_context *context,
                                  const struct screen_message *m);

/* The coding of a message's texts, by its data_coding and its account. */
enum text_coding reading_coding(const struct screen_context *context,
                                const struct screen_message *m);

/*
 * The other coding of its short message, 0, or of its payload, 1, as text_other_coding(); and
 * where there is none, but septets are read by the tables of a language, the same coding
 * without those: phones that lack them show it so.
 */
enum text_coding reading_second(const struct screen_context *context,
                                const struct screen_message *m, unsigned which);

#endif
