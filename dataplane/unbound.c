/* SPDX-License-Identifier: Apache-2.0 */
#include "unbound.h"

#include <string.h>

#include "check.h"

void unbound_open(struct unbound *u, struct flow_table *flows, uint32_t link_at)
{
	*u = (struct unbound){ .flows = flows, .link_at = link_at };
}

static struct unbound_link *link_of(const struct unbound *u, const struct flow_head *flow)
{
	return (struct unbound_link *)(void *)((uint8_t *)(uintptr_t)flow + u->link_at);
}

/* Of an index + 1; NULL for 0. */
static struct flow_head *flow_of(const struct unbound *u, uint32_t number)
{
	return number == 0 ? NULL : flow_of_index(u->flows, number - 1);
}

unsigned unbound_source(const struct flow_key *key, enum side initiator)
{
	const uint8_t *addr = initiator == SIDE_ESME ? key->esme_addr : key->smsc_addr;
	struct flow_key source = { .ip_version = key->ip_version };

	memcpy(source.esme_addr, addr, key->ip_version == 4 ? 16 : 8);
	return flow_hash(&source) % UNBOUND_SOURCES;
}

void unbound_join(struct unbound *u, unsigned source, struct flow_head *flow)
{
	const uint32_t number = flow_index(u->flows, flow) + 1;
	const struct flow_head *newest = flow_of(u, u->newest[source]);

	*link_of(u, flow) = (struct unbound_link){ .older = u->newest[source] };
	if (newest != NULL)
		link_of(u, newest)->newer = number;
	else
		u->oldest[source] = number;
	u->newest[source] = number;
	u->n[source]++;
}

void unbound_leave(struct unbound *u, unsigned source, struct flow_head *flow)
{
	const struct unbound_link *l = link_of(u, flow);

	bug_if(u->n[source] == 0);
	if (l->older != 0)
		link_of(u, flow_of(u, l->older))->newer = l->newer;
	else
		u->oldest[source] = l->newer;
	if (l->newer != 0)
		link_of(u, flow_of(u, l->newer))->older = l->older;
	else
		u->newest[source] = l->older;
	u->n[source]--;
}

struct flow_head *unbound_oldest(const struct unbound *u, unsigned source)
{
	return flow_of(u, u->oldest[source]);
}

struct flow_head *unbound_newer(const struct unbound *u, const struct flow_head *flow)
{
	return flow_of(u, link_of(u, flow)->newer);
}

unsigned unbound_greediest(const struct unbound *u, unsigned newcomer)
{
	unsigned most = newcomer;

	for (unsigned i = 0; i < UNBOUND_SOURCES; i++)
		if (u->n[i] > u->n[most])
			most = i;
	return u->n[most] == 0 ? UNBOUND_SOURCES : most;
}
