/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdu: SMPP of the simulated ends. A message's fate is a function of its octets alone:
 * of its sender (the table pdu_senders), of a word in its text, or of a broken body.
 */
#ifndef SIM_PDU_H
#define SIM_PDU_H
#include "octets.h"
#include "random.h"

struct pdu_sender {
	const char *address;
	enum { SENDER_GOOD, SENDER_BAD, SENDER_CHANGES } kind;
};
extern const struct pdu_sender pdu_senders[];
extern const unsigned pdu_senders_n;

#define PDU_WORD "forbiddenword"        /* a rule refuses texts with it */
#define PDU_SILENT_WORD "discardedword" /* another says that they were accepted */
#define PDU_SYSTEM_ID "simclient"
#define PDU_SUSPENDED_ID "suspended"
#define PDU_TON 2u /* of senders */
#define PDU_NPI 1u

enum { PDU_STATUS_BOUND = 0x04, PDU_STATUS_ALREADY = 0x05, PDU_STATUS_ACCOUNT = 0x45,
       PDU_STATUS_SENDER = 0x0A, PDU_STATUS_CONTENT = 0x45,
       PDU_STATUS_LENGTH = 0x01 };

/* Whose bind: of the account that may send, or of the one that may not. */
enum pdu_account { PDU_NOBODY, PDU_CLIENT, PDU_SUSPENDED };

struct pdu_text { /* of a message */
	uint32_t len;
	bool payload;   /* in message_payload */
	const char *word; /* it holds, or NULL */
	bool broken;    /* its length says more than there is */
};

void pdu_header(uint8_t *at, uint32_t len, uint32_t id, uint32_t status, uint32_t sequence);
void pdu_bind(struct octets *o, uint32_t id, uint32_t sequence, enum pdu_account account);
enum pdu_account pdu_account_of(const uint8_t *bind);
void pdu_message(struct octets *o, struct random *r, uint32_t id, uint32_t sequence,
                 const char *sender, const struct pdu_text *text);
/* Header and n random octets. */
void pdu_any(struct octets *o, struct random *r, uint32_t id, uint32_t status,
             uint32_t sequence,
             uint32_t n);

#endif
