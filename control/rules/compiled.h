/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compiled: rules that were compiled before, kept in a folder of the user's.
 *
 * A file is a table image (include/image_format.h) of rules alone. Its name is a hash of all
 * that it depends on: the text of the rules, this program, Hyperscan and the CPU. It is read
 * as every image is, in full, and its patterns must be the set's; of what is wrong with it
 * nothing is said: the rules are compiled, and it is replaced. The same goes for a folder
 * that cannot be written, or that is not this user's alone.
 *
 * Bounds   COMPILED_FILES files of COMPILED_OCTETS together; those not used for longest go.
 * Threads  any, and any number of processes: files come by rename.
 */
#ifndef CONTROL_COMPILED_H
#define CONTROL_COMPILED_H
#include "rule_compile.h"

#define COMPILED_FILES 8u
#define COMPILED_OCTETS (UINT64_C(128) << 20)

/* $XDG_CACHE_HOME/sluice or ~/.cache/sluice, to free(); NULL: there is none. */
char *compiled_folder(void);

/* As rule_load(); folder NULL: it is rule_load(). */
must_use int compiled_load(struct rule_set **set, struct rule_program *program,
                           const char *text, size_t size, struct problems *problems,
                           const char *folder);

#endif
