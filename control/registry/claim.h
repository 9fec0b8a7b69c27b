/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: one sluice-control a registry, and one a data plane.
 *
 * Two of one registry would each take the other's changes for its own. Two of one data plane
 * would take the link from each other over and over, each time with tables of their own, and
 * would both empty its audit rings. The claim is a lock (flock(2)) on FILE.lock beside the
 * registry or the link socket, not on the registry itself: closing any descriptor of that file
 * would take SQLite's own locks away. The kernel lets go of it however the process ends.
 *
 * Threads: main, once, before the registry is opened.
 */
#ifndef CONTROL_REGISTRY_CLAIM_H
#define CONTROL_REGISTRY_CLAIM_H
#include "check.h"

#define CLAIM_ERROR_SIZE 300u

/*
 * Claim what is at path. A descriptor to hold as long as that is used, then to close(); or
 * negative errno with a sentence: -EBUSY (another process has it: "... process 7 " and has).
 */
must_use int claim(const char *path, const char *has, char error[CLAIM_ERROR_SIZE]);

#endif
