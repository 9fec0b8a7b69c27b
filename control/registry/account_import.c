/* SPDX-License-Identifier: Apache-2.0 */
#include "import_priv.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "points.h"
#include "rule_set.h"

#define NAME_MAX_OCTETS 200u

enum column {
	SYSTEM_ID,
	NAME,
	STATE,
	MODE,
	ALPHABET,
	SENDER_FIELD,
	FROM,
	UNTIL,
	REGIME,
	REFUSE_SCORE,
	FLAG_SCORE,
	COLUMNS
};

static const struct csv_column columns[COLUMNS] = {
	[SYSTEM_ID] = { "system_id", true },    [NAME] = { "name", false },
	[STATE] = { "state", false },           [MODE] = { "mode", false },
	[ALPHABET] = { "alphabet", false },     [SENDER_FIELD] = { "sender_field", false },
	[FROM] = { "valid_from", false },       [UNTIL] = { "valid_until", false },
	[REGIME] = { "regime", false },         [REFUSE_SCORE] = { "refuse_score", false },
	[FLAG_SCORE] = { "flag_score", false },
};

/* The numbers of a row; as one block of octets they are its digest. */
struct account {
	uint32_t state, mode, alphabet, sender_tlv, valid_from, valid_until, regime;
	int32_t refuse_score, flag_score; /* thousandths; 0 = as the policy says */
};

struct statements {
	sqlite3_stmt *put, *first, *sanctioned;
};

/* "source_addr" or "" is 0; "0x0381" is that TLV's tag. */
static uint32_t read_sender_field(struct import *import)
{
	const char *text = import_field(import, SENDER_FIELD);
	char *end = NULL;

	if (text[0] == '\0' || strcmp(text, "source_addr") == 0)
		return 0;
	const unsigned long tag = strncmp(text, "0x", 2) == 0 ? strtoul(text, &end, 16) : 0;
	if (tag == 0 || tag > UINT16_MAX || *end != '\0')
		problems_add(import->problems, import->row.row, 0, "sender_field",
		             "\"%.40s\" is neither source_addr nor a TLV tag like 0x0381",
		             text);
	return (uint32_t)tag;
}

/* "" is as the policy says, "never" more than any text weighs. */
static int32_t read_score(struct import *import, unsigned column, const char *name)
{
	const char *text = import_field(import, column);
	int32_t points = 0;

	if (text[0] == '\0')
		return 0;
	if (strcmp(text, "never") == 0)
		return INT32_MAX;
	if (!points_parse(&points, text) || points <= 0)
		problems_add(import->problems, import->row.row, 0, name,
		             "\"%.40s\" is neither never nor points like 2.5, above 0 and at "
		             "most %d",
		             text, RULE_POINTS_MAX);
	return points;
}

static uint32_t read_regime(struct import *import)
{
	const char *text = import_field(import, REGIME);
	uint32_t regime = 0;

	if (text[0] != '\0' && !regime_parse(&regime, text))
		problems_add(import->problems, import->row.row, 0, "regime",
		             "\"%.40s\" is not 1 to 4 of a-z and 0-9, like kr", text);
	return regime;
}

static void check_names(struct import *import)
{
	const char *system_id = import_field(import, SYSTEM_ID);
	const size_t len = strlen(system_id);

	if (len == 0 || len > SYSTEM_ID_MAX)
		problems_add(import->problems, import->row.row, 0, "system_id",
		             "\"%.40s\" has %zu octets; SMPP allows 1 to %u", system_id, len,
		             SYSTEM_ID_MAX);
	if (strlen(import_field(import, NAME)) > NAME_MAX_OCTETS)
		problems_add(import->problems, import->row.row, 0, "name",
		             "longer than %u octets", NAME_MAX_OCTETS);
}

static struct account read_account(struct import *import)
{
	struct account a = {
		.state = import_word(import, STATE, "state", account_states),
		.mode = import_word(import, MODE, "mode", modes),
		.alphabet = import_word(import, ALPHABET, "alphabet", alphabets),
		.sender_tlv = read_sender_field(import),
		.regime = read_regime(import),
		.refuse_score = read_score(import, REFUSE_SCORE, "refuse_score"),
		.flag_score = read_score(import, FLAG_SCORE, "flag_score"),
	};

	check_names(import);
	import_validity(import, FROM, UNTIL, &a.valid_from, &a.valid_until);
	return a;
}

/* This system_id was in an earlier row of the file: the same, or a contradiction? */
static int repeated(struct import *import, const struct statements *s, int64_t digest)
{
	const char *system_id = import_field(import, SYSTEM_ID);
	const int result = sql_step(&import->registry->sql, s->first, "t", system_id);

	if (result < 0)
		return result;
	const uint32_t row = (uint32_t)sqlite3_column_int64(s->first, 0);
	if (sqlite3_column_int64(s->first, 1) == digest) {
		import->result->repeated++;
		problems_add(import->notes, import->row.row, 0, "system_id",
		             "\"%s\" says again what row %u says", system_id, row);
	} else {
		import->whole = true; /* the other row is written already */
		problems_add(import->problems, import->row.row, 0, "system_id",
		             "\"%s\" contradicts row %u, which names the same account",
		             system_id, row);
	}
	return 0;
}

static int put_account(struct import *import, const struct statements *s,
                       const struct account *a)
{
	struct sql *sql = &import->registry->sql;
	const char *name = import_field(import, NAME),
		   *system_id = import_field(import, SYSTEM_ID);
	const int64_t digest =
		(int64_t)XXH3_64bits_withSeed(name, strlen(name), XXH3_64bits(a, sizeof(*a)));
	int result = sql_step(sql, s->put, "ttiiiiiiiiiiii", system_id, name, (int64_t)a->state,
	                      (int64_t)a->mode, (int64_t)a->alphabet, (int64_t)a->sender_tlv,
	                      (int64_t)a->valid_from, (int64_t)a->valid_until, digest,
	                      import->serial, (int64_t)import->row.row, (int64_t)a->regime,
	                      (int64_t)a->refuse_score, (int64_t)a->flag_score);

	if (result < 0)
		return result;
	if (sqlite3_changes(sql->db) == 0)
		return repeated(import, s, digest);
	result = sql_step(sql, s->sanctioned, "t", system_id);
	import->result->still_suspended += result == 1;
	return result < 0 ? result : 0;
}

static int account_row(struct import *import, void *state)
{
	const uint32_t before = import->problems->total;
	const struct account account = read_account(import);

	return import->problems->total != before ? 0 : put_account(import, state, &account);
}

int import_accounts(struct registry *registry, char *text, size_t size,
                    const struct import_options *options, struct problems *problems,
                    struct problems *notes, struct import_result *result)
{
	static const struct import_kind kind = { "accounts",  "SELECT count(*) FROM account",
		                                 columns,     COLUMNS,
		                                 account_row, NULL,
		                                 false };
	struct import import = {
		.registry = registry,
		.problems = problems,
		.notes = notes,
		.result = result,
		.options = options,
	};
	struct statements s = {
		.put = sql_prepare(
			&registry->sql,
			"INSERT INTO account(system_id, name, state, mode, alphabet, "
			"sender_tlv,"
			" valid_from, valid_until, digest, import, row,"
			" regime, refuse_score, flag_score)"
			" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
			" ON CONFLICT(system_id) DO UPDATE SET name = excluded.name,"
			" state = excluded.state, mode = excluded.mode, alphabet = "
			"excluded.alphabet,"
			" sender_tlv = excluded.sender_tlv, valid_from = excluded.valid_from,"
			" valid_until = excluded.valid_until, digest = excluded.digest,"
			" import = excluded.import, row = excluded.row,"
			" regime = excluded.regime, refuse_score = excluded.refuse_score,"
			" flag_score = excluded.flag_score"
			" WHERE import <> excluded.import"),
		.first = sql_prepare(&registry->sql,
		                     "SELECT row, digest FROM account WHERE system_id = ?"),
		.sanctioned = sql_prepare(
			&registry->sql,
			"SELECT 1 FROM account_sanction WHERE system_id = ? AND op = 1"),
	};

	*result = (struct import_result){ 0 };
	const int outcome = import_run(&import, &kind, &s, text, size);
	sqlite3_finalize(s.put);
	sqlite3_finalize(s.first);
	sqlite3_finalize(s.sanctioned);
	return outcome;
}
