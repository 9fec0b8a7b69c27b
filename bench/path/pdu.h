/* SPDX-License-Identifier: Apache-2.0 */
/* pdu: SMPP PDUs for benches, as an ESME and an SMSC would write them (SMPP 3.4 section 4).
 * Every function returns the octets written. */
#ifndef BENCH_PDU_H
#define BENCH_PDU_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PDU_HEADER 16u

size_t pdu_bare(uint8_t *out, uint32_t command_id, uint32_t status, uint32_t sequence);
size_t pdu_bind(uint8_t *out, uint32_t sequence, const char *system_id);
size_t pdu_bind_resp(uint8_t *out, uint32_t sequence);
/* text: UTF-8; korean: as CP949 or as UCS-2 (cp949 says), else one septet an octet. */
size_t pdu_submit(uint8_t *out, uint32_t sequence, const char *sender, const char *text,
                  bool korean, bool cp949);
size_t pdu_submit_resp(uint8_t *out, uint32_t sequence);

#endif
