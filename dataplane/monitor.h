/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor: watch, and say what PDUs cross. Nothing is sent, changed or decided.
 *
 * For mirror ports and capture files (the pcap PMD): every PDU of every connection on a
 * screened port becomes one line of JSON on out. Connections may be seen from their
 * middle. Recipients are shown: this is a tool of the engineer at the machine.
 *
 * Threads: main; no worker runs.
 */
#ifndef DP_MONITOR_H
#define DP_MONITOR_H
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "check.h"
#include "port.h"
#include "setting.h"

/* Until *stop, or until no frame came for idle_ms (0 = for ever). 0 or negative errno. */
must_use int monitor_run(const struct settings *settings, struct ports *ports,
                         unsigned idle_ms, const volatile sig_atomic_t *stop, FILE *out,
                         char error[200]);

#endif
