/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: one sluice-control a registry.
 *
 * Two of them would each push images of their own to one data plane, and each would take
 * the other's changes for its own. The claim is a lock (flock(2)) on FILE.lock beside the
 * registry, not on the registry itself: closing any descriptor of that file would take
 * SQLite's own locks away. The kernel lets go of it however the process ends.
 *
 * Threads: main, once, before the registry is opened.
 */
#ifndef CONTROL_REGISTRY_CLAIM_H
#define CONTROL_REGISTRY_CLAIM_H
#include "check.h"

#define CLAIM_ERROR_SIZE 300u

/*
 * Claim the registry at path. A descriptor to hold as long as the registry is used, then to
 * close(); or negative errno with a sentence: -EBUSY (another process has it).
 */
must_use int registry_claim(const char *path, char error[CLAIM_ERROR_SIZE]);

#endif
