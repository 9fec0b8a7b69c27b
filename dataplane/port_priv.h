/* SPDX-License-Identifier: Apache-2.0 */
/* port_priv: what port.c and port_probe.c share. */
#ifndef DP_PORT_PRIV_H
#define DP_PORT_PRIV_H
#include "port.h"

#define PORT_ERROR_SIZE 200u

/*
 * Find or make the ethdev of a device string, as the settings file has it; sets id,
 * name and probed. 0, or a negative errno with a sentence in error.
 */
must_use int port_probe(struct port *out, const char *device, char error[PORT_ERROR_SIZE]);

/* Close the ethdev and remove its device, if port_probe() made it. */
void port_remove(struct port *port);

#endif
