/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_encode: UTF-8 to octets of user data, the way back of dataplane/text/.
 *
 * GSM 7-bit is found by asking the data plane's own decoder what each septet means, the
 * others are those of iconv(3). Threads: pure; any.
 */
#ifndef CONTROL_EXPLAIN_ENCODE_H
#define CONTROL_EXPLAIN_ENCODE_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "text.h"

/* Octets into out; -EILSEQ with *at, the octet of text whose character the coding lacks;
 * -ENOTSUP: nobody writes text in this coding here; -ENOSPC. */
must_use int64_t explain_encode(enum text_coding coding, const char *text, uint8_t *out,
                                size_t cap, size_t *at);

/* "gsm7", "ucs2", ...: as in the accounts file, and some more. */
const char *explain_coding_name(enum text_coding coding);

#endif
