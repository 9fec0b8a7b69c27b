/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labelled: a file of labelled messages, line by line: label<TAB>text in UTF-8, with \n, \t
 * and \\ in the text.
 *
 * A byte order mark, CR before line ends, blanks around labels and empty lines are passed
 * over; further tabs are of the text. What is no UTF-8 is read as question marks and noted.
 *
 * Ownership  lines point into the file until it is closed. Threads: its caller's.
 */
#ifndef CONTROL_CLI_LABELLED_H
#define CONTROL_CLI_LABELLED_H
#include <stdbool.h>
#include <stddef.h>

#include "check.h"

enum label_kind { LABEL_CLEAN, LABEL_SPAM, LABEL_LEFT_OUT };

struct labelled {
	char *octets; /* of the file; owned */
	size_t size, at;
	unsigned row;      /* of the line that was read last, from 1 */
	const char *label; /* ends in NUL */
	enum label_kind kind;
	char *text; /* unescaped; text_len octets of valid UTF-8, NUL behind */
	size_t text_len;
	bool mended; /* it was no UTF-8 */
};

/* octets[0 .. size] with a NUL behind, from malloc(): owned from now on. */
void labelled_open(struct labelled *out, char *octets, size_t size);
void labelled_close(struct labelled *file);

/* 1: a message; 0: the end; -EINVAL: row has no tab or no label (the next call goes on). */
must_use int labelled_next(struct labelled *file);

#endif
