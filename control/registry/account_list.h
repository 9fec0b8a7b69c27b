/* SPDX-License-Identifier: Apache-2.0 */
/* account_list: accounts as they are now, deltas included. Threads: registry.h. */
#ifndef CONTROL_ACCOUNT_LIST_H
#define CONTROL_ACCOUNT_LIST_H
#include "registry_priv.h"

#define ACCOUNT_NAME_SIZE 201u

struct registered_account {
	char system_id[16], name[ACCOUNT_NAME_SIZE];
	uint32_t state, mode, alphabet, sender_tlv, valid_from, valid_until;
	uint32_t blocked_until; /* UINT32_MAX = for ever */
	uint32_t regime;
	int32_t refuse_score, flag_score;
};

/* The one of this system_id, or with NULL those behind another one's, in order: how many into
 * rows[max], or negative errno. */
must_use int64_t account_list(struct registry *registry, const char *one, const char *after,
                              struct registered_account *rows, unsigned max);

#endif
