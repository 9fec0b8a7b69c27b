/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_format: the byte layout of a table image.
 *
 * control/image/ writes an image, dataplane/table/ opens it: this header is all
 * they share. Little endian, every section at an offset that is a multiple of
 * IMAGE_ALIGN, counts and sizes in the directory. Offsets are octets from the
 * start of the image.
 *
 *   header (64) | directory (n_sections x 40) | padding | sections ...
 *
 * A reader must treat an image as hostile: dataplane/table/image.c is the only
 * door, it checks every length, offset, order and cross reference once, and
 * look-ups then check nothing. Any change here bumps IMAGE_VERSION.
 */
#ifndef SLUICE_IMAGE_FORMAT_H
#define SLUICE_IMAGE_FORMAT_H
#include <stdint.h>

#define IMAGE_MAGIC UINT64_C(0x31474d4943554c53) /* "SLUCIMG1" in memory */
#define IMAGE_VERSION 5u
#define IMAGE_ALIGN 64u
#define IMAGE_SECTIONS_MAX 32u
#define IMAGE_SIZE_MAX (UINT64_C(1) << 36) /* 64 GiB: 100 M senders need 3.3 GB */

struct image_header {
	uint64_t magic;
	uint32_t version;
	uint32_t n_sections;
	uint64_t generation;      /* set by control, grows with each image; never 0 */
	uint64_t size;            /* whole image, octets */
	uint64_t created;         /* Unix seconds; said when it is found on disk */
	uint64_t reserved[2];     /* 0 */
	uint64_t checksum;        /* XXH3_64bits of header (this field 0) and directory */
};
_Static_assert(sizeof(struct image_header) == 64, "image header");

enum image_section_type {
	IMAGE_POLICY = 1,         /* exactly one struct image_policy */
	IMAGE_ACCOUNTS = 2,       /* struct image_account, row 0 unused, rest sorted */
	IMAGE_SENDER_INFO = 3,    /* exactly one struct image_sender_info */
	IMAGE_SENDERS = 4,        /* struct image_sender, n_slots of them */
	IMAGE_SENDER_PILOTS = 5,  /* one octet a bucket */
	IMAGE_SENDER_OWNERS = 6,  /* u32: runs "n, row, row, ..." (several owners) */
	IMAGE_RULES = 7,          /* struct image_rule */
	IMAGE_PATTERNS = 8,       /* struct image_pattern; its index = Hyperscan id */
	IMAGE_HS_DATABASE = 9,    /* hs_serialize_database() octets, see below: folded view */
	IMAGE_STRINGS = 10,       /* NUL-terminated UTF-8; first octet is NUL (offset 0 = "") */
	IMAGE_RULE_CODE = 11,     /* u32: combinations of patterns, enum image_code_op */
	IMAGE_RULE_ACCOUNTS = 12, /* u32: account rows, ascending within each rule's list */
	IMAGE_HS_PLAIN = 13,      /* as IMAGE_HS_DATABASE, for the plain view */
	IMAGE_CAMPAIGNS = 14,     /* struct image_campaign, by fingerprint, each once */
	IMAGE_FOLDS = 15,         /* struct image_fold, by from, each once */
	IMAGE_HS_LITERALS = 16,   /* as IMAGE_HS_DATABASE: a part of the folded view */
	IMAGE_EXCERPTS = 17,      /* struct image_excerpt, by pattern; if any has one */
	IMAGE_NUMBER_BLOCKS = 40, /* struct image_number_block, sorted */
	IMAGE_NUMBERS = 41,       /* IMAGE_NUMBER_OCTETS a block: two bits a number */
	IMAGE_NUMBERING = 42,     /* struct image_plan_row; none: the built-in plan */
	IMAGE_SIGNATURE = 63,     /* the image's last 64 octets: Ed25519ph of those before */
};

struct image_section {
	uint32_t type;            /* enum image_section_type; each at most once */
	uint32_t element_size;    /* octets; 1 for pilots, database, strings */
	uint64_t offset;
	uint64_t size;            /* octets = count * element_size */
	uint64_t count;
	uint64_t checksum;        /* XXH3_64bits of the section; 0 of the signature */
};
_Static_assert(sizeof(struct image_section) == 40, "image directory entry");

#define IMAGE_SIGNATURE_SIZE 64u /* RFC 8032 section 5.1, prehashed, no context */

/* Directions whose requests are screened (struct image_policy.directions). */
#define IMAGE_DIRECTION_FROM_ESME 1u
#define IMAGE_DIRECTION_FROM_SMSC 2u

enum image_mode { IMAGE_ENFORCE = 0, IMAGE_OBSERVE = 1 };

/* What answers a message whose text cannot be decoded. */
enum image_undecodable { IMAGE_UNDECODABLE_REFUSE = 0, IMAGE_UNDECODABLE_PASS = 1 };

/* What becomes of a message in more parts or octets than are judged together. */
enum image_too_long { IMAGE_TOO_LONG_REFUSE = 0, IMAGE_TOO_LONG_PASS = 1 };

struct image_policy {
	uint32_t directions;      /* IMAGE_DIRECTION_* */
	uint32_t uniform_status;  /* 0 = a status per reason; else the one used for all */
	uint32_t refuse_at_bind;  /* 1 = unknown, suspended, expired refused at bind */
	uint32_t undecodable;     /* enum image_undecodable */
	uint16_t country;         /* numbering plan: E.164 country code (82), 0 = none */
	uint16_t reserved0;
	uint32_t status[64];      /* by reason number; 0 = the row's default */
	int32_t refuse_score;     /* thousandths of a point; 0 = no score refuses */
	int32_t flag_score;       /* the same; 0 = no score flags */
	uint32_t rules_version;   /* of the rule set in force; 0 = none was pushed */
	uint32_t too_long;        /* enum image_too_long */
	uint32_t reserved[7];     /* 0 */
};
_Static_assert(sizeof(struct image_policy) == 320, "image policy");

enum image_state { IMAGE_CERTIFIED = 1, IMAGE_SUSPENDED = 2, IMAGE_BLOCKED = 3 };

#define SYSTEM_ID_MAX 15u /* octets; SMPP 3.4 section 5.2.1: 16 with the NUL */

/* An account, found by its system_id; row 0 is unused, so that 0 means nobody. */
struct image_account {
	uint8_t system_id[SYSTEM_ID_MAX + 1]; /* C-octet string, NUL padded */
	uint32_t id;              /* stable registry id, never 0 */
	uint8_t state;            /* enum image_state */
	uint8_t mode;             /* enum image_mode */
	uint8_t alphabet;         /* enum text_coding for data_coding 0 */
	uint8_t flags;            /* IMAGE_ACCOUNT_* */
	uint32_t valid_from;      /* Unix seconds, 0 = always */
	uint32_t valid_until;     /* Unix seconds, first second not valid; 0 = for ever */
	uint32_t uniform_status;  /* 0 = as the policy says */
	uint16_t sender_tlv;      /* 0 = source_addr; else the tag of the sender's TLV */
	uint16_t reserved0;
	uint32_t name;            /* offset in strings: for people */
	uint32_t blocked_until;   /* Unix seconds; 0 = not blocked; UINT32_MAX = for ever */
	uint32_t regime;          /* up to 4 letters or digits, first in the lowest octet */
	int32_t refuse_score;     /* 0 = as the policy says */
	int32_t flag_score;       /* 0 = as the policy says */
	uint32_t reserved[1];     /* 0 */
};
_Static_assert(sizeof(struct image_account) == 64, "image account");
#define IMAGE_ACCOUNT_ANY_SENDER 1u /* sender need not be certified (e.g. government) */

/*
 * Canonical sender address, 16 octets, compared whole (dataplane/table/address.h
 * makes it). Octet 0 = kind << 5 | length; the rest is zero padded:
 *   NUMBER  length = digits (1-20), BCD, first digit in the high nibble
 *   ALPHA   length = characters (1-20), 6 bits each, most significant first
 *   RAW     length = octets (1-15), verbatim
 * All zero = no key; it is never stored.
 */
#define SENDER_KEY_SIZE 16u
/* Accounts that share one sender, at most: in files, in the registry, in images. A delta that
 * adds one has room for fewer (LINK_OWNERS_MAX). */
#define SENDER_OWNERS_MAX 32u
enum sender_key_kind { SENDER_KEY_NUMBER = 1, SENDER_KEY_ALPHA = 2, SENDER_KEY_RAW = 3 };
struct sender_key {
	uint8_t octets[SENDER_KEY_SIZE];
};

struct image_sender {
	struct sender_key key;    /* all zero = empty slot */
	uint32_t owner_state;     /* owner << 4 | enum image_block << 2 | enum image_state */
	uint32_t valid_from;      /* Unix seconds, 0 = always */
	uint32_t valid_until;     /* Unix seconds, first second not valid; 0 = for ever */
	uint32_t blocked_until;   /* Unix seconds; 0 = not blocked; UINT32_MAX = for ever */
};
_Static_assert(sizeof(struct image_sender) == 32, "image sender");
/*
 * Whose block it is that state and blocked_until speak of. A number on several lists has
 * the one that holds longest: the reason that is given is true until the block ends.
 */
enum image_block {
	IMAGE_BLOCK_OPERATOR = 0,
	IMAGE_BLOCK_BLACKLIST = 1, /* the regulator's, e.g. KISA's for three months */
	IMAGE_BLOCK_THEFT = 2,     /* the number's owner lets nobody send from it */
};

static inline enum image_state image_sender_state(const struct image_sender *sender)
{
	return (enum image_state)(sender->owner_state & 3);
}

static inline enum image_block image_sender_block(const struct image_sender *sender)
{
	return (enum image_block)(sender->owner_state >> 2 & 3);
}

/* owner: 0 = no account; top bit clear = account row; set = index into SENDER_OWNERS. */
#define IMAGE_OWNER_LIST (UINT32_C(1) << 27)
#define IMAGE_OWNER_MAX (IMAGE_OWNER_LIST - 1)

/*
 * The sender set: bucket = key hash scaled to n_buckets, pilot = its octet,
 * slot = rehash(hash, pilot) scaled to the part's slots. dataplane/table/
 * sender_hash.h is the arithmetic both sides share.
 */
struct image_sender_info {
	uint64_t seed;
	uint64_t n_keys;
	uint32_t n_parts;         /* at least 1; buckets and slots divide evenly by part */
	uint32_t buckets_per_part;
	uint32_t slots_per_part;
	uint32_t input[4];        /* XXH3_128bits of the records: as before, not built again */
	uint32_t reserved[3];     /* 0 */
};
_Static_assert(sizeof(struct image_sender_info) == 56, "image sender info");

/*
 * Which numbers exist: blocks of a million numbers that share all digits but the last six,
 * two bits each, number i of a block in bits 2 (i % 4) of octet i / 4. A number in no
 * block is unknown. Korea's 180 million mobile numbers (010 and what is left of 011 to
 * 019) are 180 blocks: 45 MB.
 */
#define IMAGE_NUMBER_DIGITS 6u
#define IMAGE_NUMBER_OCTETS 250000u
#define IMAGE_NUMBER_BLOCKS_MAX 1024u
#define IMAGE_NUMBER_SHORTEST 8u
#define IMAGE_NUMBER_LONGEST 15u /* E.164 */
enum image_number_state {
	IMAGE_NUMBER_UNKNOWN = 0,    /* nobody has said: not judged */
	IMAGE_NUMBER_ASSIGNED = 1,
	IMAGE_NUMBER_UNASSIGNED = 2, /* no subscriber has it: whoever sends from it lies */
};

struct image_number_block {
	uint64_t prefix;          /* BCD of the digits before the last six, first not 0 */
	uint32_t digits;          /* of the whole number: _SHORTEST to _LONGEST */
	uint32_t reserved;        /* 0 */
};
_Static_assert(sizeof(struct image_number_block) == 16, "image number block");

/*
 * The numbering plan of struct image_policy.country: how its people write a number
 * (dataplane/table/numbering_plan.h). Rows stand in order of kind; within a kind the order
 * is the operator's.
 */
enum image_plan_kind {
	IMAGE_PLAN_TRUNK = 1,     /* at most one, "0": dialled before a national number */
	IMAGE_PLAN_IDD = 2,       /* dialled before a country code; the first that fits holds */
	IMAGE_PLAN_BARE = 3,      /* a national number that is known without trunk prefix */
	IMAGE_PLAN_HOME = 4,      /* a national number that is believed after prefix and code */
	IMAGE_PLAN_WORLD = 5,     /* whole E.164 numbers; none: the built-in ones */
};
#define IMAGE_PLAN_PREFIX_MAX 12u
#define IMAGE_PLAN_ROWS_MAX 4096u
struct image_plan_row {
	uint8_t kind;             /* enum image_plan_kind */
	uint8_t min, max;         /* digits of the whole, prefix included; 0, 0: no such
	                             number (WORLD); TRUNK and IDD: 0 */
	char prefix[IMAGE_PLAN_PREFIX_MAX + 1]; /* digits, at least one, NUL padded */
};
_Static_assert(sizeof(struct image_plan_row) == 16, "image plan row");

/* The stronger the lower: of all rules that match the strongest action decides. */
enum image_action {
	IMAGE_REFUSE = 1,
	IMAGE_DISCARD = 2,        /* answered as accepted, not forwarded, always recorded */
	IMAGE_FLAG = 3,
	IMAGE_RULE_OBSERVE = 4,
};

#define IMAGE_RULE_THRESHOLD 1u /* matches when its patterns' weights reach threshold */
#define IMAGE_RULE_SHADOW 2u    /* counts but does not act, except for its canaries */
#define IMAGE_RULE_SCOPED 4u    /* only for the accounts listed, which may be none */
#define IMAGE_SHARE_WHOLE 10000u /* canary_share is in hundredths of a percent */
#define IMAGE_RULE_REGIMES 4u

/*
 * A rule matches a message when one of its patterns does; with code, when that is true;
 * with IMAGE_RULE_THRESHOLD, when moreover the weights of its patterns that matched
 * reach the threshold. What matches acts, adds its weight to the message's score, or
 * both; without a threshold it also adds the weights of its patterns that matched.
 */
struct image_rule {
	uint32_t id;              /* stable number, never 0 */
	uint32_t name;            /* offset in strings: the rule's id in its file */
	uint32_t sentence;        /* offset in strings: for people */
	uint32_t action;          /* enum image_action; 0 = it only has weight */
	uint32_t command_status;  /* 0 = reason default */
	int32_t weight;           /* thousandths of a point */
	int32_t threshold;        /* thousandths of a point */
	uint32_t flags;           /* IMAGE_RULE_* */
	uint32_t valid_from;      /* Unix seconds, 0 = always */
	uint32_t valid_until;     /* Unix seconds, first second not valid; 0 = for ever */
	uint32_t code, n_code;    /* words of RULE_CODE; n_code 0 = any pattern */
	uint32_t accounts, n_accounts; /* entries of RULE_ACCOUNTS */
	uint32_t canary_accounts, n_canary_accounts; /* the same; a shadow acts for them */
	uint32_t canary_share;    /* a shadow acts for so many of IMAGE_SHARE_WHOLE */
	uint32_t regimes[IMAGE_RULE_REGIMES]; /* as image_account.regime; all 0 = every */
	uint32_t directions;      /* IMAGE_DIRECTION_*; 0 = both */
	uint32_t data_coding[8];  /* a bit for each of 0 .. 255; all 0 = every */
	uint32_t reserved[2];     /* 0 */
};
_Static_assert(sizeof(struct image_rule) == 128, "image rule");

/*
 * A campaign that an operator acts upon: every text whose fingerprint
 * (dataplane/text/fingerprint.h) differs from this one in at most radius bits.
 */
#define IMAGE_CAMPAIGNS_MAX 1024u
#define IMAGE_CAMPAIGN_RADIUS_MAX 7u
struct image_campaign {
	uint64_t fingerprint;     /* not 0 */
	uint32_t valid_from;      /* Unix seconds, 0 = always */
	uint32_t valid_until;     /* Unix seconds, first second not valid; 0 = for ever */
	uint8_t action;           /* enum image_action */
	uint8_t radius;           /* bits, 0 to IMAGE_CAMPAIGN_RADIUS_MAX */
	uint8_t reserved[6];      /* 0 */
};
_Static_assert(sizeof(struct image_campaign) == 24, "image campaign");

/*
 * A row that the operator adds to the table of text_fold(): wherever from is read, or is what
 * something else folds to, to is put. dataplane/text/fold_table.h says what a row may be.
 */
#define IMAGE_FOLDS_MAX 1024u
struct image_fold {
	uint32_t from, to;        /* code points; no row's to is another one's from */
};
_Static_assert(sizeof(struct image_fold) == 8, "image fold");

/*
 * A combination: words in postfix order, op << 24 | argument, evaluated on a stack of
 * at most IMAGE_CODE_DEPTH truth values that ends with one. It is false when no pattern
 * matched: nothing would look at it then.
 */
enum image_code_op {
	IMAGE_CODE_GROUP = 1,     /* push: did a pattern of this group match */
	IMAGE_CODE_NOT = 2,       /* argument 0 */
	IMAGE_CODE_AT_LEAST = 3,  /* n << 12 | k: of the n on top, are k or more true */
};
#define IMAGE_CODE_DEPTH 64u

/*
 * Texts are scanned many at a time, a line feed between two (dataplane/screen/joint.h),
 * so the database is of block mode and each of its expressions is compiled with
 * HS_FLAG_MULTILINE if it has ^ or $ and without HS_FLAG_SINGLEMATCH and _SOM_LEFTMOST,
 * and has no \A, \z, \Z.
 *
 * Patterns of the folded view that are characters and nothing else may be in a database of
 * their own: Hyperscan is much faster at those when no other pattern is among them. Its
 * ids are of the same numbering, and each pattern is in one of the two.
 */
struct image_pattern {
	uint32_t rule;            /* index into IMAGE_RULES; never less than the one before */
	uint32_t group;           /* what code calls it; less than the number of patterns */
	int32_t weight;           /* thousandths of a point, when it matches */
	uint16_t views;           /* IMAGE_VIEW_*: which databases have it */
	uint16_t flags;           /* IMAGE_PATTERN_* */
};
#define IMAGE_PATTERN_ONE_LINE 1u /* no match of it can contain a line feed */
#define IMAGE_PATTERN_EXCERPT 2u  /* the literals' database has an excerpt of it */
#define IMAGE_VIEW_FOLDED 1u      /* _HS_DATABASE, _LITERALS: the text as text_fold() has it */
#define IMAGE_VIEW_PLAIN 2u       /* IMAGE_HS_PLAIN: the text as decoded */
#define IMAGE_VIEW_LOOSE 4u       /* with FOLDED, same databases: also text_loose() of it */
_Static_assert(sizeof(struct image_pattern) == 16, "image pattern");

/*
 * Of a pattern that is IMAGE_PATTERN_EXCERPT the database of literals reports where its excerpt
 * ends, and only where the rest stands around that the pattern is found.
 */
struct image_excerpt {
	uint8_t octets[62];       /* of the whole pattern, folded; 0 behind them */
	uint8_t len;              /* of those; 0 = this pattern has no excerpt */
	uint8_t end;              /* of the excerpt, from the first octet */
};
_Static_assert(sizeof(struct image_excerpt) == 64, "image excerpt");

#endif
