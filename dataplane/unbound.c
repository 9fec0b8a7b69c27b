/* SPDX-License-Identifier: Apache-2.0 */
#include "unbound.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int unbound_open(struct unbound *u, uint32_t capacity)
{
	memset(u, 0, sizeof(*u));
	u->links = calloc(capacity, sizeof(*u->links));
	return u->links == NULL ? -ENOMEM : 0;
}

void unbound_close(struct unbound *u)
{
	free(u->links);
	u->links = NULL;
}

unsigned unbound_source(const struct flow_key *key, enum side initiator)
{
	const uint8_t *addr = initiator == SIDE_ESME ? key->esme_addr : key->smsc_addr;
	struct flow_key source = { .ip_version = key->ip_version };

	memcpy(source.esme_addr, addr, key->ip_version == 4 ? 16 : 8);
	return flow_hash(&source) % UNBOUND_SOURCES;
}

void unbound_join(struct unbound *u, unsigned source, uint32_t flow, uint64_t now_us)
{
	const uint32_t newest = u->newest[source];

	u->links[flow] = (struct unbound_link){ .since_us = now_us, .older = newest };
	if (newest != 0)
		u->links[newest - 1].newer = flow + 1;
	else
		u->oldest[source] = flow + 1;
	u->newest[source] = flow + 1;
	u->n[source]++;
}

void unbound_leave(struct unbound *u, unsigned source, uint32_t flow)
{
	const struct unbound_link l = u->links[flow];

	bug_if(u->n[source] == 0);
	if (l.older != 0)
		u->links[l.older - 1].newer = l.newer;
	else
		u->oldest[source] = l.newer;
	if (l.newer != 0)
		u->links[l.newer - 1].older = l.older;
	else
		u->newest[source] = l.older;
	u->n[source]--;
}

unsigned unbound_greediest(const struct unbound *u, unsigned newcomer)
{
	unsigned most = newcomer;

	for (unsigned i = 0; i < UNBOUND_SOURCES; i++)
		if (u->n[i] > u->n[most])
			most = i;
	return u->n[most] == 0 ? UNBOUND_SOURCES : most;
}
