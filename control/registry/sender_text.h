/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sender_text: a sender as people write it, so that what is shown can be imported again.
 * Threads: pure.
 */
#ifndef CONTROL_SENDER_TEXT_H
#define CONTROL_SENDER_TEXT_H
#include "address.h"

#define SENDER_TEXT_SIZE (ADDRESS_TEXT_SIZE * 2)

/* As address_text(), and a name with letters of the GSM alphabet in UTF-8. Only what no file
 * brings is in hexadecimal digits. */
void sender_text(char out[SENDER_TEXT_SIZE], const struct sender_key *key,
                 const struct numbering_plan *plan);

#endif
