/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_bundle: rule files, and the phrase lists that lie beside them, as one text.
 *
 * "-" is stdin, whose lists lie in the working folder.
 * One file without lists stays as it is. Else each file follows a document "file: NAME",
 * which rule_set_read() counts its problems by, and lists come before who needs them.
 *
 * Threads: pure but for the files it reads; any.
 */
#ifndef CONTROL_RULE_BUNDLE_H
#define CONTROL_RULE_BUNDLE_H
#include <stddef.h>

#include "check.h"

/*
 * 0 with *text of *size octets (NUL after them), to free(); or negative errno, what the
 * file said, with its name in *failed (borrowed). A list that is not there is left out:
 * rule_set_read() says where it is missed. -EFBIG: more than RULES_FILE_MAX.
 */
must_use int rule_bundle_read(const char *const *paths, unsigned n, char **text, size_t *size,
                              const char **failed);

#endif
