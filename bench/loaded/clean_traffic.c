/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clean_traffic: the captures of path/traffic.h as FOLDER/esme.pcap and FOLDER/smsc.pcap,
 * with messages of certified senders alone, for a data plane without rules (loaded.py). Says
 * how many messages a pass of them has.
 */
#include <stdio.h>
#include <string.h>

#include "traffic.h"

#define SESSIONS 64u
#define MESSAGES_EACH 128u
#define SENDERS 100000u
#define SEED UINT64_C(20240601)

int main(int argc, char **argv)
{
	static uint8_t refused[SESSIONS * MESSAGES_EACH]; /* none is */
	struct corpus corpus;
	struct traffic traffic;
	char esme[400], smsc[400];

	if (argc != 2 || strlen(argv[1]) > sizeof(esme) - 20) {
		fprintf(stderr, "usage: clean_traffic FOLDER\n");
		return 1;
	}
	snprintf(esme, sizeof(esme), "%s/esme.pcap", argv[1]);
	snprintf(smsc, sizeof(smsc), "%s/smsc.pcap", argv[1]);
	if (corpus_open(&corpus, SEED, 1, SESSIONS * MESSAGES_EACH) != 0) {
		fprintf(stderr, "clean_traffic: no memory for the texts\n");
		return 1;
	}
	const struct traffic_plan plan = { .sessions = SESSIONS,
		                           .messages_each = MESSAGES_EACH,
		                           .burst = 32,
		                           .window = 10,
		                           .corpus = &corpus,
		                           .refused = refused,
		                           .n_senders = SENDERS,
		                           .foreign_one_in = UINT32_MAX,
		                           .seed = SEED };
	const int result = traffic_write(&traffic, &plan, esme, smsc);
	corpus_close(&corpus);
	if (result != 0 || traffic.refused != 0) {
		fprintf(stderr, "clean_traffic: %s: %s\n", argv[1],
		        result != 0 ? strerror(-result) : "a sender that is not certified");
		return 1;
	}
	printf("%u\n", traffic.messages);
	return 0;
}
