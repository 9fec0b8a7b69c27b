/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_priv: a request, its answer, and who handles it.
 */
#ifndef CONTROL_API_PRIV_H
#define CONTROL_API_PRIV_H
#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"
#include "door.h"
#include "import.h"
#include "problems.h"
#include "push.h"
#include "registry.h"

#define BODY_CSV_MAX (UINT64_C(4) << 30) /* 40 million senders */
#define BODY_PLAN_MAX (UINT64_C(1) << 20)
#define BODY_JSON_MAX (UINT64_C(64) << 10)
#define BODY_DELTAS_MAX (UINT64_C(1) << 20) /* LINK_DELTAS_MAX of the longest */

struct api {
	struct api_setting setting;
	struct door *door;
	struct MHD_Daemon *daemon;
	uint64_t started;     /* Unix seconds */
	pthread_mutex_t lock; /* of counts: a full count of millions takes a while */
	struct registry_counts counts;
	struct import_progress progress; /* of the latest import */
};

struct request {
	const struct route *route;
	struct MHD_Connection *connection;
	struct visitor *visitor;
	char *body; /* NUL after size octets */
	uint64_t size, capacity;
	unsigned failure; /* HTTP status decided before the body was read, or 0 */
};

struct route {
	const char *method, *path;
	uint64_t body_max; /* octets */
	/* Returns the HTTP status; *out is a new reference. */
	unsigned (*handle)(struct api *api, struct request *request, json_t **out);
};

/* A query argument, or "" when it is not there. */
const char *request_argument(const struct request *request, const char *name);

/* A number of the query, fallback when it is not there; false: it is none, or above most. */
bool api_number(const struct request *request, const char *name, uint64_t fallback,
                uint64_t most, uint64_t *out);

/* The query arguments campaign, left alone when it is not there, and radius, CAMPAIGN_RADIUS
 * then. 0, or a status. */
unsigned api_campaign(const struct request *request, uint64_t *fingerprint, unsigned *radius,
                      json_t **out);

/* The name that messages about the body carry. */
const char *request_file(const struct request *request, const char *otherwise);

double api_now_ms(void); /* of a clock that only goes on */

/* { error, where, hint } into *out; returns status. */
unsigned api_fail(json_t **out, unsigned status, const char *where, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A failure of the registry, by its errno. Closes it. */
unsigned api_fail_registry(json_t **out, struct registry *registry, int result);

/* Problems of a file: 422 with all that were kept. */
unsigned api_fail_problems(json_t **out, const struct problems *problems, const char *outcome);

json_t *api_problems(const struct problems *problems); /* as an array */
json_t *api_text(const char *text);                    /* what is not UTF-8 replaced by '?' */

/* The JSON object that is the body, or NULL with the failure in *out. */
json_t *api_object(const struct request *request, json_t **out);

/* What the data plane did with a change. */
json_t *api_push_answer(const struct push_answer *answer);

unsigned handle_drain(struct api *api, struct request *request, json_t **out);
unsigned handle_status(struct api *api, struct request *request, json_t **out);
unsigned handle_counters(struct api *api, struct request *request, json_t **out);
unsigned handle_audit(struct api *api, struct request *request, json_t **out);
unsigned handle_accounts(struct api *api, struct request *request, json_t **out);
unsigned handle_account_list(struct api *api, struct request *request, json_t **out);
unsigned handle_sender_list(struct api *api, struct request *request, json_t **out);
unsigned handle_senders(struct api *api, struct request *request, json_t **out);
unsigned handle_progress(struct api *api, struct request *request, json_t **out);
unsigned handle_blacklist(struct api *api, struct request *request, json_t **out);
unsigned handle_theft(struct api *api, struct request *request, json_t **out);
unsigned handle_numbers(struct api *api, struct request *request, json_t **out);
unsigned handle_numbering(struct api *api, struct request *request, json_t **out);
unsigned handle_set_numbering(struct api *api, struct request *request, json_t **out);
unsigned handle_rules(struct api *api, struct request *request, json_t **out);
unsigned handle_rules_text(struct api *api, struct request *request, json_t **out);
unsigned handle_rules_versions(struct api *api, struct request *request, json_t **out);
unsigned handle_rule_hits(struct api *api, struct request *request, json_t **out);
unsigned handle_rules_rollback(struct api *api, struct request *request, json_t **out);
unsigned handle_deltas(struct api *api, struct request *request, json_t **out);
unsigned handle_campaigns(struct api *api, struct request *request, json_t **out);
unsigned handle_campaigns_acted(struct api *api, struct request *request, json_t **out);
unsigned handle_policy(struct api *api, struct request *request, json_t **out);
unsigned handle_set_policy(struct api *api, struct request *request, json_t **out);

#endif
