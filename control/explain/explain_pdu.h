/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_pdu: the message that is to be explained, as one PDU.
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_EXPLAIN_PDU_H
#define CONTROL_EXPLAIN_PDU_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "text.h"

#define EXPLAIN_ERROR_SIZE 300u
#define EXPLAIN_ANY_CODING (-1)

/*
 * Hexadecimal digits, with blanks, colons and line ends anywhere between octets, as one PDU
 * that carries a message: 0 and *len octets to free(). -EINVAL: error names the octet, from
 * 0, that is wrong and why. -ENOMEM.
 */
must_use int explain_pdu_hex(uint8_t **out, size_t *len, const char *hex,
                             char error[EXPLAIN_ERROR_SIZE]);

/* What a submit_sm is made from. */
struct explain_message {
	const char *text;   /* UTF-8 */
	const char *source; /* as people write it: a number or a name */
	int data_coding;    /* 0 to 255; EXPLAIN_ANY_CODING: 0 if its alphabet has it, else 8 */
	enum text_coding alphabet; /* of data_coding 0: the account's (explain_alphabet()) */
};

/*
 * The same from a text: a submit_sm with the text in short_message, or when it is longer
 * than that in message_payload. -EINVAL: the coding lacks a character, which error names by
 * its place; nothing is written in this data_coding; too long.
 */
must_use int explain_pdu_text(uint8_t **out, size_t *len, const struct explain_message *message,
                              char error[EXPLAIN_ERROR_SIZE]);

#endif
