/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address_name: an alphanumeric sender that is not all ASCII, as the GSM 7-bit default
 * alphabet has it (3GPP TS 23.038 6.2.1), in the case that folding gives.
 *
 * A sender comes as GSM octets, as Latin-1 or as UTF-8, and files have UTF-8: one form of
 * all. Octets from 0x20 to 0x7e are ASCII, as nearly everybody sends them. Threads: pure.
 */
#ifndef DP_ADDRESS_NAME_H
#define DP_ADDRESS_NAME_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

/*
 * out: room for len octets. True with *n of them; false: *foreign is where a character
 * begins that the alphabet lacks, and *character is it.
 */
must_use bool address_name(uint8_t *out, size_t *n, const uint8_t *addr, size_t len,
                           size_t *foreign, uint32_t *character);

/* A character, a capital where there is one, that is this octet of such a name. */
uint32_t address_name_character(uint8_t octet);

#endif
