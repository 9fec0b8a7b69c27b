/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: HTTP with JSON on a UNIX socket, for sluicectl and whatever else manages us.
 *
 *   GET  /v1/status                      everything in a glance
 *   GET  /v1/counters                    counters and reasons of the data plane
 *   GET  /v1/audit?limit&reason&after    refusals and flags; also campaign, radius,
 *                                        account, sender, recipient, from, until
 *   GET  /v1/policy                      numbers of the policy
 *   GET  /v1/progress                    how far the import is that runs
 *   POST /v1/policy                      { "name": ..., "value": ... }
 *   GET  /v1/accounts?account&after&limit   what the registry holds, a page at a time
 *   GET  /v1/senders?sender&account&after&limit
 *   POST /v1/accounts?file=NAME          body: CSV
 *   POST /v1/senders?file=NAME           body: CSV; both: skip_bad=1
 *   POST /v1/rules?file=NAME             body: YAML
 *   POST /v1/deltas                      one { "op", "kind", "name", ... }, or
 *                                        { "deltas": [ ... ] }: all or none
 *   GET  /v1/rules/hits?top             what each rule matched and acted on
 *   GET  /v1/campaigns?account&top&min_count&radius   the largest campaigns
 *   GET  /v1/campaigns/acted             campaigns that are acted upon
 *   POST /v1/drain                       { "on": true | false }
 *
 * Whatever fails answers { "error", "where", "hint" }, files also "problems". No path
 * of a client is ever opened here: files come as bodies. Who may connect is decided by
 * the mode of the socket.
 *
 * Threads  one a connection (door.h); a long import holds up nobody but its own client.
 */
#ifndef CONTROL_API_H
#define CONTROL_API_H
#include <stdbool.h>

#include "check.h"
#include "recipient.h"

struct api;
struct audit_drain;
struct push;

struct api_setting {
	const char *database, *socket, *link, *report, *audit; /* paths, for status */
	struct push *push;
	struct audit_drain *drain;
	struct recipient_key recipients;
};

/* Serve on this listening socket, which is ours from now on. Strings are borrowed. */
must_use int api_open(struct api **out, const struct api_setting *setting, int listener);
void api_close(struct api *api);

/* Whether the report and the link are known to be of two data planes: then counters, links
 * and audit are of one, and tables and sanctions go to another. */
bool api_two_dataplanes(const struct api_setting *setting);

#endif
