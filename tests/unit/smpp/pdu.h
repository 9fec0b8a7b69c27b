/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu: write PDUs for tests and fuzz seeds, right or wrong.
 */
#ifndef TEST_PDU_H
#define TEST_PDU_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

struct pdu {
	uint8_t octets[SMPP_PDU_MAX];
	size_t len;
};

static inline void pdu_octets(struct pdu *p, const void *octets, size_t len)
{
	if (len > sizeof(p->octets) - p->len)
		abort();
	if (len != 0)
		memcpy(p->octets + p->len, octets, len);
	p->len += len;
}

static inline void pdu_u8(struct pdu *p, unsigned value)
{
	pdu_octets(p, &(uint8_t){ (uint8_t)value }, 1);
}

static inline void pdu_u16(struct pdu *p, unsigned value)
{
	pdu_u8(p, value >> 8);
	pdu_u8(p, value);
}

static inline void pdu_u32(struct pdu *p, uint32_t value)
{
	pdu_u16(p, value >> 16);
	pdu_u16(p, value & 0xFFFF);
}

static inline void pdu_string(struct pdu *p, const char *s) { pdu_octets(p, s, strlen(s) + 1); }

static inline void pdu_tlv(struct pdu *p, unsigned tag, const void *value, size_t len)
{
	pdu_u16(p, tag);
	pdu_u16(p, (unsigned)len);
	pdu_octets(p, value, len);
}

/* Make command_length say what is there. */
static inline void pdu_seal(struct pdu *p)
{
	const size_t len = p->len;

	p->len = 0;
	pdu_u32(p, (uint32_t)len);
	p->len = len;
}

static inline void pdu_header(struct pdu *p, uint32_t id, uint32_t status, uint32_t sequence)
{
	p->len = 0;
	pdu_u32(p, 0);
	pdu_u32(p, id);
	pdu_u32(p, status);
	pdu_u32(p, sequence);
}

static inline void pdu_address(struct pdu *p, unsigned ton, unsigned npi, const char *digits)
{
	pdu_u8(p, ton);
	pdu_u8(p, npi);
	pdu_string(p, digits);
}

/* From esm_class to short_message. */
static inline void pdu_delivery(struct pdu *p, unsigned esm_class, unsigned data_coding,
                                const void *text, size_t len)
{
	pdu_u8(p, esm_class);
	pdu_u8(p, 0);       /* protocol_id */
	pdu_u8(p, 1);       /* priority_flag */
	pdu_string(p, "");  /* schedule_delivery_time */
	pdu_string(p, "000001000000000R");
	pdu_u8(p, 1);       /* registered_delivery */
	pdu_u8(p, 0);       /* replace_if_present_flag */
	pdu_u8(p, data_coding);
	pdu_u8(p, 0);       /* sm_default_msg_id */
	pdu_u8(p, (unsigned)len);
	pdu_octets(p, text, len);
}

/* A whole submit_sm, sealed; TLVs may follow (and pdu_seal() again). */
static inline void pdu_submit(struct pdu *p, unsigned esm_class, unsigned data_coding,
                              const void *text, size_t len)
{
	pdu_header(p, SMPP_SUBMIT_SM, 0, 0xFFFFFFFE);
	pdu_string(p, "CMT");
	pdu_address(p, 5, 0, "Sluice");
	pdu_address(p, 1, 1, "821012345678");
	pdu_delivery(p, esm_class, data_coding, text, len);
	pdu_seal(p);
}

#endif
