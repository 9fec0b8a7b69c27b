/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link_check: is this datagram a request that we may act on?
 *
 * Every number of include/link_message.h that comes from control is judged here, and
 * nowhere else. Pure; any thread.
 */
#ifndef DP_LINK_CHECK_H
#define DP_LINK_CHECK_H
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

/*
 * Judge octets[0 .. len) that came with n_fds file descriptors. *out: the message, with
 * what did not come as zero; its deltas, if any, are all good and stand behind it in
 * octets. 0; or the refusal, with a sentence: -EPROTONOSUPPORT (version is not ours),
 * -EBADMSG (length), -EINVAL (a field, or descriptors too many or too few); or -ENOMSG:
 * not a link message at all, there is nothing to answer.
 */
must_use int link_check(struct link_message *out, const void *octets, size_t len,
                        unsigned n_fds, char text[LINK_TEXT_SIZE]);

#endif
