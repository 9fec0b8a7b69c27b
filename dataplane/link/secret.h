/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secret: the key under which recipient numbers are hashed for the audit trail.
 *
 * One file of 16 random octets, mode 0600, made at the first start. Whoever has it can
 * test a number against the trail; whoever lacks it cannot. Never logged. The data plane
 * hashes under it, and control what it looks up (control/audit/recipient.h).
 * Threads: main, before the workers; secret_hash(): any.
 */
#ifndef DP_SECRET_H
#define DP_SECRET_H
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define SECRET_SIZE 16u

/* 0, or negative errno with a sentence: -ENOENT, -EINVAL (not 16 octets), -EACCES, -EPERM
 * (others may read it), ... */
must_use int secret_read(const char *path, uint8_t key[SECRET_SIZE], char error[200]);

/* The same, and it is made where there is none. */
must_use int secret_load(const char *path, uint8_t key[SECRET_SIZE], char error[200]);

/* Of a recipient's number as it was sent: SipHash-2-4; 0 of none. */
static inline uint64_t secret_hash(const uint8_t key[SECRET_SIZE], const void *digits,
                                   size_t len)
{
	uint64_t hash = 0;

	_Static_assert(crypto_shorthash_BYTES == sizeof(hash), "SipHash-2-4 is 64 bits");
	_Static_assert(crypto_shorthash_KEYBYTES == SECRET_SIZE, "under a key of 128");
	if (len != 0)
		crypto_shorthash((unsigned char *)&hash, digits, len, key);
	return hash;
}

#endif
