/* SPDX-License-Identifier: Apache-2.0 */
/* concat_world: two accounts, a few rules, and parts of messages sent one by one. */
#ifndef TEST_CONCAT_WORLD_H
#define TEST_CONCAT_WORLD_H
#include <string.h>

#include "parts.h"
#include "text.h"
#include "world.h"

#define UDHI 0x40u

static struct world w;
static struct parts *parts;

static void begin_with(enum image_too_long too_long)
{
	const struct image_build_account acme = {
		.system_id = "acme", .id = 7, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7
	};
	const struct image_build_account other = {
		.system_id = "other", .id = 8, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7
	};
	const struct image_build_account shown = { .system_id = "shown",
		                                   .id = 9,
		                                   .state = IMAGE_CERTIFIED,
		                                   .alphabet = TEXT_GSM7,
		                                   .flags = IMAGE_ACCOUNT_ANY_SENDER,
		                                   .sender_tlv = SMPP_TAG_CALLBACK_NUM };

	world_begin(&w);
	w.policy.too_long = too_long;
	world_account(&w, &acme);
	world_account(&w, &other);
	world_account(&w, &shown);
	world_sender(&w, "010-1234-5678", 7);
	world_rule(&w, 100, IMAGE_REFUSE, "casino", 0);
	world_rule(&w, 200, IMAGE_REFUSE, "대출", 0);
	world_rule(&w, 300, IMAGE_DISCARD, "jackpot", 0);
	world_campaign(&w, "the parcel that you wait for comes between nine and ten",
	               IMAGE_DISCARD, 3);
	world_ready(&w);
	assert_int_equal(parts_open(&parts), 0);
	w.context.parts = parts;
}

static void begin(void) { begin_with(IMAGE_TOO_LONG_REFUSE); }

static void end(void)
{
	world_end(&w);
	parts_close(parts);
}

/* Screen one message; what was found. */
static enum reason judge(const char *system_id, const struct submit *submit)
{
	struct screen_message *m;
	enum reason reason;

	world_clear(&w);
	m = world_add(&w, system_id, submit);
	world_screen(&w);
	reason = m->reason;
	assert_int_equal(m->refuse, reason != REASON_PASS);
	return reason;
}

/* Part `part` of `total` with an 8-bit reference behind another element. */
static enum reason send(uint8_t reference, uint8_t total, uint8_t part, const void *text,
                        size_t len, unsigned data_coding)
{
	uint8_t octets[255] = { 8, 0x70, 1, 0, 0x00, 3, reference, total, part };

	memcpy(octets + 9, text, len);
	return judge("acme", &(struct submit){ .esm_class = UDHI,
	                                       .data_coding = data_coding,
	                                       .text = octets,
	                                       .text_len = 9 + len });
}

#endif
