/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: the key under which recipient numbers are hashed for the audit trail.
 *
 * One file of 16 random octets, mode 0600, made at the first start. Whoever has it can
 * test a number against the trail; whoever lacks it cannot. Never logged.
 * Threads: main, before the workers.
 */
#ifndef DP_SECRET_H
#define DP_SECRET_H
#include <stdint.h>

#include "check.h"

#define SECRET_SIZE 16u

/* Read path, or make it. 0, or negative errno with a sentence: -EINVAL (not 16 octets),
 * -EACCES, -EPERM (others may read it), ... */
must_use int secret_load(const char *path, uint8_t key[SECRET_SIZE], char error[200]);

#endif
