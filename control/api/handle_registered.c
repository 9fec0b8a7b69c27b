/* SPDX-License-Identifier: Apache-2.0 */
/* What the registry holds, a page at a time: accounts and senders as they are now, in the words
 * of the files that are imported. */
#include "api_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "account_list.h"
#include "instant.h"
#include "registry_image.h"
#include "registry_senders.h"
#include "sender_text.h"

#define PAGE_MAX 10000u
#define PAGE_DEFAULT 1000u
#define LOOKED_MAX 1000000u /* senders of others, before a page is sent as it is */
#define NAMES 256u

static json_t *instant_json(uint32_t instant)
{
	char text[INSTANT_TEXT_SIZE];

	instant_text(text, instant);
	return json_string(text);
}

/* "", "never", or points. */
static json_t *score_json(int32_t thousandths)
{
	char text[24] = "";

	if (thousandths == INT32_MAX)
		strcpy(text, "never");
	else if (thousandths != 0)
		snprintf(text, sizeof(text), "%g", thousandths / 1000.0);
	return json_string(text);
}

static json_t *account_json(const struct registered_account *a)
{
	char field[12] = "source_addr", regime[5] = "";

	if (a->sender_tlv != 0)
		snprintf(field, sizeof(field), "0x%04x", a->sender_tlv);
	for (unsigned i = 0; i < 4; i++)
		regime[i] = (char)(a->regime >> 8 * i);
	return json_pack("{so so ss ss ss ss so so so ss so so}", "system_id",
	                 api_text(a->system_id), "name", api_text(a->name), "state",
	                 word_name(account_states, a->state), "mode", word_name(modes, a->mode),
	                 "alphabet", word_name(alphabets, a->alphabet), "sender_field", field,
	                 "valid_from", instant_json(a->valid_from), "valid_until",
	                 instant_json(a->valid_until), "blocked_until",
	                 instant_json(a->blocked_until), "regime", regime, "refuse_score",
	                 score_json(a->refuse_score), "flag_score", score_json(a->flag_score));
}

static unsigned read_limit(const struct request *request, uint64_t *limit, json_t **out)
{
	if (api_number(request, "limit", PAGE_DEFAULT, PAGE_MAX, limit) && *limit != 0)
		return 0;
	return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "limit",
	                "after takes next of an answer, for more", "limit must be from 1 to %u",
	                PAGE_MAX);
}

static unsigned no_account(json_t **out, const char *name)
{
	return api_fail(out, MHD_HTTP_NOT_FOUND, "account",
	                "\"sluicectl accounts show\" names all",
	                "no account has the system_id \"%.40s\"", name);
}

unsigned handle_account_list(struct api *api, struct request *request, json_t **out)
{
	const char *one = request_argument(request, "account");
	struct registry *registry = NULL;
	uint64_t limit;
	unsigned status = read_limit(request, &limit, out);

	if (status != 0)
		return status;
	struct registered_account *rows = calloc(limit, sizeof(*rows));
	int result = registry_open(&registry, api->setting.database);
	int64_t n = rows == NULL ? -ENOMEM : result;
	if (n == 0)
		n = account_list(registry, one[0] ? one : NULL,
		                 request_argument(request, "after"), rows, (unsigned)limit);
	if (n < 0) {
		free(rows);
		return api_fail_registry(out, registry, (int)n);
	}
	registry_close(registry);
	json_t *list = json_array();
	for (int64_t i = 0; i < n; i++)
		json_array_append_new(list, account_json(&rows[i]));
	*out = json_pack("{so so}", "accounts", list, "next",
	                 api_text(n == (int64_t)limit ? rows[n - 1].system_id : ""));
	free(rows);
	return n == 0 && one[0] ? json_decref(*out), no_account(out, one) : MHD_HTTP_OK;
}

/* A page of senders while it is made. */
struct page {
	struct registry *registry;
	const struct numbering_plan *plan;
	struct sender_key first; /* the page begins here */
	bool one;                /* and ends */
	uint32_t account;        /* only its senders; 0: all */
	uint64_t limit;
	json_t *list;
	char next[2 * SENDER_KEY_SIZE + 1]; /* "": there is no more */
	struct {
		uint32_t id;
		char name[16];
	} names[NAMES];
};

/* Of an account that was removed: "". */
static const char *owner_name(struct page *p, uint32_t id)
{
	char *name = p->names[id % NAMES].name;

	if (p->names[id % NAMES].id == id)
		return name;
	p->names[id % NAMES].id = id;
	if (registry_account_name(p->registry, id, name, sizeof(p->names[0].name)) != 1)
		name[0] = '\0';
	return name;
}

static json_t *sender_json(struct page *p, const struct registered_sender *s)
{
	static const char *const blocks[] = { [IMAGE_BLOCK_OPERATOR] = "operator",
		                              [IMAGE_BLOCK_BLACKLIST] = "blacklist",
		                              [IMAGE_BLOCK_THEFT] = "theft" };
	char address[SENDER_TEXT_SIZE];
	json_t *owners = json_array();

	for (uint32_t i = 0; i < s->n_owners; i++) {
		const char *name = owner_name(p, s->owners[i]);
		if (name[0] != '\0')
			json_array_append_new(owners, api_text(name));
	}
	sender_text(address, &s->key, p->plan);
	const bool by_operator = s->blocked_until != 0 && s->block == IMAGE_BLOCK_OPERATOR;
	const char *state = by_operator && s->blocked_until == INSTANT_FOREVER ? "blocked"
	                    : s->suspended                                     ? "suspended"
	                                                                       : "certified";
	return json_pack("{so so ss so so so ss sb sb}", "address", api_text(address), "owners",
	                 owners, "state", state, "valid_from", instant_json(s->valid_from),
	                 "valid_until", instant_json(s->valid_until), "blocked_until",
	                 instant_json(s->blocked_until), "blocked_by",
	                 s->blocked_until != 0 ? blocks[s->block] : "", "suspended",
	                 s->suspended, "registered", s->registered);
}

static bool is_of(const struct registered_sender *s, uint32_t account)
{
	for (uint32_t i = 0; i < s->n_owners; i++)
		if (s->owners[i] == account)
			return true;
	return account == 0;
}

static int make_page(struct page *p)
{
	struct registered_sender s;
	struct sender_walk walk;
	int result = sender_walk_open(&walk, p->registry, &p->first);

	for (uint64_t looked = 0; result >= 0; looked++) {
		result = sender_walk_next(&walk, &s);
		if (result != 1 || (p->one && memcmp(&s.key, &p->first, sizeof(s.key)) != 0))
			break;
		if (json_array_size(p->list) == p->limit || looked == LOOKED_MAX) {
			sodium_bin2hex(p->next, sizeof(p->next), s.key.octets, SENDER_KEY_SIZE);
			break;
		}
		if (is_of(&s, p->account))
			json_array_append_new(p->list, sender_json(p, &s));
	}
	sender_walk_close(&walk);
	return result < 0 ? result : 0;
}

/* after: where the page begins, as next had it. */
static bool read_next(struct sender_key *key, const char *text)
{
	size_t n;

	return text[0] == '\0' || (sodium_hex2bin(key->octets, SENDER_KEY_SIZE, text,
	                                          strlen(text), NULL, &n, NULL) == 0 &&
	                           n == SENDER_KEY_SIZE);
}

static unsigned read_page(struct page *p, const struct request *request, json_t **out)
{
	const char *sender = request_argument(request, "sender");
	const char *account = request_argument(request, "account");

	/* Also what no file may bring any more: it may have come with an earlier one. */
	p->one = sender[0] != '\0';
	if (p->one &&
	    address_key_by(&p->first, (const uint8_t *)sender, strlen(sender), p->plan) != 0)
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "sender",
		                "write it as in a file of senders",
		                "\"%.60s\" cannot be a sender address", sender);
	if (!p->one && !read_next(&p->first, request_argument(request, "after")))
		return api_fail(out, MHD_HTTP_UNPROCESSABLE_CONTENT, "after",
		                "use next of an earlier answer", "it is none");
	if (account[0] == '\0')
		return 0;
	const int found = registry_account_id(p->registry, account, &p->account);
	return found == 1   ? 0
	       : found == 0 ? no_account(out, account)
	                    : api_fail(out, MHD_HTTP_INTERNAL_SERVER_ERROR, "registry",
	                               "see the log of sluice-control", "%s",
	                               registry_error(p->registry));
}

unsigned handle_sender_list(struct api *api, struct request *request, json_t **out)
{
	struct page p = { 0 };
	uint64_t generation;
	unsigned status = read_limit(request, &p.limit, out);

	if (status != 0)
		return status;
	int result = registry_open(&p.registry, api->setting.database);
	if (result == 0)
		result = registry_plan(p.registry, &p.plan);
	if (result == 0) /* one moment for all that is walked */
		result = registry_snapshot(p.registry, &generation);
	if (result < 0)
		return api_fail_registry(out, p.registry, result);
	status = read_page(&p, request, out);
	p.list = json_array();
	result = status == 0 ? make_page(&p) : 0;
	if (result < 0) {
		json_decref(p.list);
		return api_fail_registry(out, p.registry, result);
	}
	registry_close(p.registry);
	if (status != 0) {
		json_decref(p.list);
		return status;
	}
	const bool nothing = p.one && json_array_size(p.list) == 0;
	*out = json_pack("{so ss}", "senders", p.list, "next", p.next);
	if (!nothing)
		return MHD_HTTP_OK;
	json_decref(*out);
	return api_fail(out, MHD_HTTP_NOT_FOUND, "sender",
	                p.account != 0 ? "without --account it shows whose it is"
	                               : "\"sluicectl add sender\" certifies one",
	                "no sender \"%.40s\" is registered, suspended or blocked%s",
	                request_argument(request, "sender"), p.account ? " there" : "");
}
