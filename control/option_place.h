/* SPDX-License-Identifier: Apache-2.0 */
/* option_place: options whose argument is kept as given, and where; for getopt_long(3). */
#ifndef CONTROL_OPTION_PLACE_H
#define CONTROL_OPTION_PLACE_H
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

struct option_place {
	int letter;    /* as getopt_long() returns it; 0 ends the rows */
	size_t offset; /* of a const char * in the options */
};

/* optarg into its place in *options; false: the letter has none. */
static inline bool option_keep(void *options, const struct option_place *rows, int letter)
{
	for (; rows->letter != 0; rows++) {
		if (rows->letter != letter)
			continue;
		*(const char **)((char *)options + rows->offset) = optarg;
		return true;
	}
	return false;
}

#endif
