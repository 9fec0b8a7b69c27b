/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting: the data plane's settings file, read once at start.
 *
 *   links:
 *     - { esme: "net_af_packet0,iface=esme0", smsc: "net_af_packet1,iface=smsc0" }
 *   smpp_ports: [ 2775 ]
 *   eal: [ "--no-pci" ]          # more EAL arguments, as they are
 *   poll: adaptive
 *
 * A link names its two ports as DPDK does: a PCI address or a vdev string.
 * Everything wrong is reported with file, line and column, and nothing starts.
 *
 * Threads: read by main before there are others; from then on nobody changes it.
 */
#ifndef DP_SETTING_H
#define DP_SETTING_H
#include <stdint.h>
#include <stdio.h>

#include "check.h"
#include "packet.h"

#define LINKS_MAX 8u
#define EAL_ARGS_MAX 32u
#define SETTING_TEXT_SIZE 256u
#define SETTING_ERROR_SIZE 4000u /* ten sentences at the least */

struct setting_link {
	char esme[SETTING_TEXT_SIZE], smsc[SETTING_TEXT_SIZE];
};

struct settings {
#define SETTING_U64(name, unit, min, max, def, sentence) uint64_t name;
#define SETTING_ENUM(name, values, def, sentence) uint32_t name;
#define SETTING_PATH(name, def, sentence) char name[SETTING_TEXT_SIZE];
#include "setting.def"
#undef SETTING_U64
#undef SETTING_ENUM
#undef SETTING_PATH
	struct setting_link links[LINKS_MAX];
	unsigned n_links;
	uint16_t smpp_ports[SMPP_PORTS_MAX]; /* host order */
	unsigned n_smpp_ports;               /* default: 2775 */
	char eal[EAL_ARGS_MAX][SETTING_TEXT_SIZE];
	unsigned n_eal;
};

enum { POLL_BUSY, POLL_ADAPTIVE };
enum { CONGESTION_CUBIC, CONGESTION_BBR };
enum { MIDSTREAM_RESET, MIDSTREAM_PASS };
enum { FRAGMENTS_DROP, FRAGMENTS_REASSEMBLE };
enum { NON_SMPP_RESET, NON_SMPP_PASS };
enum { HUGE_TRY, HUGE_NEVER, HUGE_REQUIRE };

/* Read path. 0, or -EINVAL / -errno with a line "FILE:LINE:COL: ..." in error for each setting
 * that is wrong, as far as there is room. */
must_use int settings_read(struct settings *out, const char *path,
                           char error[SETTING_ERROR_SIZE]);
/* The same from memory; name is what errors call the file. */
must_use int settings_parse(struct settings *out, const char *text, size_t len,
                            const char *name, char error[SETTING_ERROR_SIZE]);
void settings_defaults(struct settings *out);
/* Every row with unit, range, default, sentence, for --help. */
void settings_help(FILE *out);
/* As YAML that reads back as the same settings, for --print-settings. */
void settings_print(FILE *out, const struct settings *settings);

#endif
