/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_build: write a table image (include/image_format.h).
 *
 * Used by control to compile the registry and the rules, and by every test that
 * needs an image. Accounts come first, then senders, whose owners are given as
 * account ids; rules and patterns come in any order among them:
 *
 *   struct image_build *b;
 *   image_build_open(&b);
 *   image_build_account(b, &(struct image_build_account){ .system_id = "acme", .id = 7,
 *           .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7 });
 *   image_build_sender(b, &(struct image_build_sender){ .key = key, .state =
 *           IMAGE_CERTIFIED, .owners = (uint32_t[]){ 7 }, .n_owners = 1 });
 *   image_build_memory(b, generation, now, &octets, &size, error);
 *   image_build_close(b);
 *
 * Memory     32 octets a sender until the end; finishing adds 12 and, in the image
 *            itself, 33. Ten million senders need less than 1 GiB in all.
 * Ownership  everything given is copied.
 * Threads    one builder, one thread; finishing may use helpers of its own.
 * Errors     negative errno, and the builder is as it was before the call.
 */
#ifndef CONTROL_IMAGE_BUILD_H
#define CONTROL_IMAGE_BUILD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define IMAGE_BUILD_ERROR_SIZE 200u

struct image_build;
struct signing_key;

struct image_build_account {
	const char *system_id;    /* 1 to 15 octets */
	const char *name;         /* for people; NULL = "" */
	uint32_t id;              /* registry id, not 0, unique */
	enum image_state state;
	enum image_mode mode;
	uint8_t alphabet;         /* enum text_coding */
	uint8_t flags;            /* IMAGE_ACCOUNT_* */
	uint32_t valid_from, valid_until, blocked_until; /* as struct image_account */
	uint32_t uniform_status;
	uint16_t sender_tlv;
	uint32_t regime;          /* as struct image_account */
	int32_t refuse_score, flag_score;
};

struct image_build_sender {
	struct sender_key key;    /* from address_key(); not all zero */
	enum image_state state;
	uint32_t valid_from, valid_until, blocked_until; /* as struct image_sender */
	enum image_block block;   /* whose block that is */
	const uint32_t *owners;   /* account ids, any order; NULL when n_owners is 0 */
	uint32_t n_owners;        /* 0 = no account may use it (a bare block-list entry) */
};

/* A row of the image with its texts and lists beside it. */
struct image_build_rule {
	struct image_rule row;    /* id: not 0, unique; texts, code, lists: from below */
	const char *name, *sentence; /* NULL = "" */
	const uint32_t *code;     /* n_code words of row */
	/* Account ids; those that no account has are left out. A scoped rule (row.flags) may
	 * so apply to nobody. */
	const uint32_t *accounts, *canary_accounts;
	uint32_t n_accounts, n_canary_accounts;
};

/* -ENOMEM. A fresh builder has a policy that screens what ESMEs send, plan 82. */
must_use int image_build_open(struct image_build **out);
void image_build_close(struct image_build *build); /* NULL is allowed */

void image_build_policy(struct image_build *build, const struct image_policy *policy);

/* -EINVAL (id 0, system_id empty or longer than 15), -EEXIST (id or system_id twice),
 * -EBUSY (a sender was added before), -ENOMEM. */
must_use int image_build_account(struct image_build *build,
                                 const struct image_build_account *account);

/* -EINVAL (no key, state, too many owners), -ENOENT (owner id that no account has),
 * -E2BIG (no room for owner lists), -ENOMEM. A key given twice is found when finishing. */
must_use int image_build_sender(struct image_build *build,
                                const struct image_build_sender *sender);

/*
 * Numbers first to last, keys of one length of 8 to 15 digits, have this state; what a
 * later call says of a number holds. -EINVAL: not such keys, first is greater than last,
 * or state; -E2BIG: more than IMAGE_NUMBER_BLOCKS_MAX blocks in all; -ENOMEM.
 */
must_use int image_build_numbers(struct image_build *build, const struct sender_key *first,
                                 const struct sender_key *last,
                                 enum image_number_state state);

/*
 * The numbering plan of the policy's country: rows[n] of no fault (numbering_plan.h), in
 * order of kind. None: the built-in one. -ENOMEM. Once.
 */
must_use int image_build_plan(struct image_build *build, const struct image_plan_row *rows,
                              uint32_t n);

/* A campaign that is acted upon; in any order. -EINVAL (a field that image_format.h does not
 * allow), -EEXIST (fingerprint twice), -E2BIG (more than IMAGE_CAMPAIGNS_MAX), -ENOMEM. */
must_use int image_build_campaign(struct image_build *build,
                                  const struct image_campaign *campaign);

/* Whether an account with this id was given; true of none before the first sender. */
bool image_build_knows(const struct image_build *build, uint32_t account_id);

/* The rule's index (for image_build_pattern), or -EINVAL, -EEXIST, -ENOMEM. All accounts
 * come before the first rule that lists some. */
must_use int64_t image_build_rule(struct image_build *build,
                                  const struct image_build_rule *rule);

/* The pattern's index, which must be its Hyperscan id; or -EINVAL (no such rule). */
must_use int64_t image_build_pattern(struct image_build *build,
                                     const struct image_pattern *pattern);

/* Octets of hs_serialize_database(), of the kind that image_format.h says at struct
 * image_pattern; of a type that IMAGE_HS_ begins. Replaces an earlier one. */
must_use int image_build_database(struct image_build *build, enum image_section_type type,
                                  const void *octets, size_t size);

/* What the database of literals has in place of the patterns: a row for each of them. NULL:
 * it has them whole. -ENOMEM. Once. */
must_use int image_build_excerpts(struct image_build *build, const struct image_excerpt *rows,
                                  uint32_t n);

/* Rows of the table that texts are folded by: n of no fault, sorted, as text_table_open()
 * (fold_table.h) wants them. -E2BIG, -ENOMEM. Once. */
must_use int image_build_folds(struct image_build *build, const struct image_fold *rows,
                               uint32_t n);

/* Threads that image_build_memory() and _file() may use for the senders; 1 to begin. */
void image_build_threads(struct image_build *build, unsigned threads);

/* Secret of the sender set; 0 (to begin) = drawn for each image, as it must be outside
 * of tests: who knows it can register senders that crowd one bucket. */
void image_build_seed(struct image_build *build, uint64_t seed);

/* Sign images with this key, which must outlive the builder. NULL: do not. */
void image_build_sign(struct image_build *build, const struct signing_key *key);

/*
 * An image that was finished before, to copy its sender set from when
 * the senders are the same as then, instead of building it again: found out by the hash
 * of its input in struct image_sender_info. It must have been opened by image_open(),
 * and stay there until the builder is closed. NULL: none.
 */
void image_build_previous(struct image_build *build, const void *octets);

/* Whether the last image that was finished has its sender set from the previous one. */
bool image_build_copied(const struct image_build *build);

/*
 * Finish into memory (64-octet aligned; the caller frees) or into a file (memfd or a
 * regular one; its former content is gone, also on failure). generation: not 0.
 * created: Unix seconds. A builder may be finished more than once.
 * -EEXIST: two senders (or accounts) with one key; -EINVAL: generation 0, or patterns
 * without a database or the other way round; -EAGAIN: no perfect hash under several
 * seeds (try again); -ENOMEM, -ENOSPC, or what the file said. error: a sentence.
 */
must_use int image_build_memory(struct image_build *build, uint64_t generation,
                                uint64_t created, void **octets, size_t *size,
                                char error[IMAGE_BUILD_ERROR_SIZE]);
must_use int image_build_file(struct image_build *build, uint64_t generation,
                              uint64_t created, int fd, uint64_t *size,
                              char error[IMAGE_BUILD_ERROR_SIZE]);

#endif
