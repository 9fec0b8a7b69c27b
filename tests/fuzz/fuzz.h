/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what every target promises to replay.c.
 *
 * A target sets a bit of fuzz_reached for each thing that an input achieved (a file was
 * accepted, a ring was read), and says in fuzz_wanted which of them its seeds achieve
 * together. Seeds of an older format achieve less, and the replay then fails: a corpus
 * cannot go stale unnoticed.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H
#include <stddef.h>
#include <stdint.h>

extern unsigned fuzz_reached;
extern const unsigned fuzz_wanted;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
