/* SPDX-License-Identifier: Apache-2.0 */
/* rule_domain: what cannot be an entry of "domains:", and what was meant. Threads: pure. */
#ifndef CONTROL_RULE_DOMAIN_H
#define CONTROL_RULE_DOMAIN_H
#include <stdbool.h>
#include <stddef.h>

/* Why no text has this as a host, or as the beginning of an address; NULL: it may. */
const char *domain_fault(const char *text);

/* What to write in place of a faulty one: itself without what is too much, or an example. */
void domain_meant(char *out, size_t size, const char *text);

#endif
