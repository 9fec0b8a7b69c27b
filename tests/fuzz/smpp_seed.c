/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smpp_seed CORPUS: write the seeds of the fuzzers frame and message into
 * CORPUS/frame and CORPUS/message. Run it after a change of seed_pdus.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/smpp/seed_pdus.h"

static void write_seed(const char *corpus, const char *fuzzer, unsigned number,
                       const struct pdu *p)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s/%02u", corpus, fuzzer, number);
	FILE *f = fopen(path, "wb");
	if (f == NULL || fwrite(p->octets, 1, p->len, f) != p->len || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* Streams: two PDUs, one and a half, one and a length that is none. */
static void write_streams(const char *corpus)
{
	static struct pdu stream, next;

	for (unsigned i = 0; seed_pdu(&stream, i) && seed_pdu(&next, i + 1); i++) {
		const size_t cut = i % 3 == 0 ? next.len : i % 3 == 1 ? next.len / 2 : 0;
		pdu_octets(&stream, next.octets, cut);
		if (i % 3 == 2)
			pdu_octets(&stream, "HTTP/1.1 400 Bad", 16);
		write_seed(corpus, "frame", i, &stream);
	}
}

int main(int argc, char **argv)
{
	static struct pdu p;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	for (unsigned i = 0; seed_pdu(&p, i); i++)
		write_seed(argv[1], "message", i, &p);
	write_streams(argv[1]);
	return 0;
}
