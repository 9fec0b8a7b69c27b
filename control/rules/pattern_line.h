/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_line: what an expression has to do with line ends.
 *
 * The data plane scans many texts as the lines of one (dataplane/screen/joint.h), and
 * has to know which expressions stay within a line.
 *
 * Threads: pure; any.
 */
#ifndef CONTROL_PATTERN_LINE_H
#define CONTROL_PATTERN_LINE_H
#include <stdbool.h>

#include "rule_set.h"

/* Whether a regular expression has \A, \z or \Z, which would hold at the edges of what
 * is scanned together instead of those of a text. */
bool pattern_has_text_anchor(const char *expression);

/* Whether no match of this pattern can contain a line feed (IMAGE_PATTERN_ONE_LINE).
 * Expressions are compiled with HS_FLAG_DOTALL. In doubt false, which only costs time. */
bool pattern_one_line(const struct rule_pattern *pattern);

#endif
