/* SPDX-License-Identifier: Apache-2.0 */
/* refuse: the sentence of an answer, and the errno that goes with it, in one place. */
#ifndef DP_REFUSE_H
#define DP_REFUSE_H
#include <stdarg.h>
#include <stdio.h>

#include "link_message.h"

/* Write the sentence and return rc, so that "return refuse(...)" is a whole refusal. */
__attribute__((format(printf, 3, 4))) static inline int
refuse(char text[LINK_TEXT_SIZE], int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(text, LINK_TEXT_SIZE, format, args);
	va_end(args);
	return rc;
}

#endif
