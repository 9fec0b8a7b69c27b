/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <hs/hs.h>

#include "address.h"
#include "image_build.h"
#include "image_octets.h"
#include "pdu.h"
#include "text.h"

#define SEED UINT64_C(20240601)
#define SYSTEM_ID "bench"
#define PDU_MAX 512u
#define WARM 24u /* a worker that saw nothing again is in no haste to look */

static int fail(char error[400], int code, const char *what)
{
	snprintf(error, 400, "%s: %s", what, strerror(-code));
	return code;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
	(void)id, (void)from, (void)to, (void)flags;
	++*(uint64_t *)context;
	return 1; /* as the screener is free to do at a rule that refuses */
}

static uint64_t scan(const struct scene *s, uint32_t text)
{
	uint64_t matches = 0;
	const hs_error_t e =
		hs_scan(s->patterns.raw, (const char *)s->folded + s->folded_at[text],
	                (unsigned)(s->folded_at[text + 1] - s->folded_at[text]), 0,
	                s->patterns.scratch, on_match, &matches);

	bug_if(e != HS_SUCCESS && e != HS_SCAN_TERMINATED);
	return matches;
}

uint64_t scene_raw(const struct scene *s, const struct stream *stream)
{
	uint64_t matches = 0;

	for (unsigned i = 0; i < stream->n; i++)
		matches += scan(s, stream->text[i]);
	return matches;
}

static int fold_texts(struct scene *s)
{
	const unsigned n = s->corpus.n_texts;
	uint64_t room = 0, at = 0;

	for (unsigned i = 0; i < n; i++)
		room += strlen(s->corpus.texts[i]);
	room = room * 2 + (uint64_t)CORPUS_TEXT_MAX * TEXT_FOLD_GROWTH;
	s->folded = malloc(room);
	s->folded_at = calloc(n + 1, sizeof(*s->folded_at));
	s->matches = calloc(n, 1);
	if (s->folded == NULL || s->folded_at == NULL || s->matches == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		const char *text = s->corpus.texts[i];
		at += text_fold((const uint8_t *)text, strlen(text), s->folded + at, room - at);
		s->folded_at[i + 1] = at;
		s->matches[i] = scan(s, i) != 0;
	}
	return 0;
}

/* Eight digits from twenty million on: up to eighty million of them. */
static void sender(char out[16], uint32_t i) { snprintf(out, 16, "010%08u", 20000000 + i); }

static int add_senders(struct image_build *b, unsigned n)
{
	const struct image_build_account account = {
		.system_id = SYSTEM_ID, .id = 1, .state = IMAGE_CERTIFIED, .alphabet = TEXT_GSM7
	};
	int result = image_build_account(b, &account);

	for (unsigned i = 0; i < n && result == 0; i++) {
		struct image_build_sender certified = { .state = IMAGE_CERTIFIED,
			                                .owners = &account.id,
			                                .n_owners = 1 };
		char digits[16];
		sender(digits, i);
		result = address_key(&certified.key, (const uint8_t *)digits, strlen(digits), 1,
		                     1, 82);
		if (result == 0)
			result = image_build_sender(b, &certified);
	}
	return result;
}

static int write_image(const struct scene *s, int fd, uint64_t *size, char error[400])
{
	struct image_build *b;
	int result = image_build_open(&b);

	if (result != 0)
		return fail(error, result, "image");
	image_build_threads(b, 2);
	result = add_senders(b, s->options.n_senders);
	if (result == 0)
		result = pattern_set_rules(&s->patterns, &s->corpus, b);
	if (result == 0)
		result = image_build_file(b, 1, (uint64_t)time(NULL), fd, size, error);
	else
		fail(error, result, "image");
	image_build_close(b);
	return result;
}

/* As the link thread does with what control passes it. */
static int open_tables(struct scene *s, char error[400])
{
	const int fd = memfd_create("image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct image_octets *octets = NULL;
	uint64_t size = 0;

	if (fd < 0)
		return fail(error, -errno, "memfd");
	int result = write_image(s, fd, &size, error);
	if (result == 0 && fcntl(fd, F_ADD_SEALS,
	                         F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		result = fail(error, -errno, "seal");
	if (result == 0)
		result = image_octets_map(&octets, fd, size, error);
	close(fd);
	if (result != 0)
		return result;
	result = tables_open(&s->tables, octets->octets, octets->size, 1, image_octets_release,
	                     octets, error);
	if (result != 0)
		image_octets_release(octets);
	else
		s->account_row = tables_account_row(s->tables, (const uint8_t *)SYSTEM_ID,
		                                    strlen(SYSTEM_ID));
	return result;
}

static int stream_open(struct stream *out, unsigned n)
{
	*out = (struct stream){
		.n = n,
		.pdus = malloc((size_t)n * PDU_MAX),
		.pdu_at = calloc((size_t)n + 1, sizeof(*out->pdu_at)),
		.text = calloc(n, sizeof(*out->text)),
	};
	return out->pdus == NULL || out->pdu_at == NULL || out->text == NULL ? -ENOMEM : 0;
}

static void stream_close(struct stream *s)
{
	free(s->pdus);
	free(s->pdu_at);
	free(s->text);
}

static uint32_t any_sender(const struct scene *s, struct rng *r)
{
	return rng_below(r, SCENE_FOREIGN_ONE_IN) == 0
	               ? s->options.n_senders + rng_below(r, 1000000)
	               : rng_below(r, s->options.n_senders);
}

/* A message of the stream. A text is always written in the same coding: it is the body. */
static void put_message(const struct scene *s, struct stream *out, unsigned i, uint32_t text,
                        uint32_t from)
{
	char digits[16];

	sender(digits, from);
	out->text[i] = text;
	out->refused += from >= s->options.n_senders || s->matches[text];
	out->pdu_at[i + 1] = out->pdu_at[i] + pdu_submit(out->pdus + out->pdu_at[i], i + 1,
	                                                 digits, s->corpus.texts[text],
	                                                 s->corpus.korean[text], text % 5 < 2);
}

/* The first texts are the bodies that repeat; the others come once each. */
static void write_messages(struct scene *s)
{
	const struct scene_options *o = &s->options;
	struct rng r = { SEED };
	uint32_t next = o->bodies;

	for (unsigned i = 0; i < o->bodies; i++)
		s->sender_of[i] = any_sender(s, &r);
	for (unsigned i = 0; i < WARM * o->bodies; i++)
		put_message(s, &s->bodies, i, i % o->bodies, s->sender_of[i % o->bodies]);
	for (unsigned i = 0; i < o->n_messages; i++) {
		put_message(s, &s->streams[STREAM_UNIQUE], i, i, any_sender(s, &r));
		const bool again = rng_below(&r, 100) < o->repeated;
		const uint32_t text = again ? rng_below(&r, o->bodies) : next++;
		const uint32_t from = any_sender(s, &r);
		put_message(s, &s->streams[STREAM_REPEATED], i, text, from);
		put_message(s, &s->streams[STREAM_CAMPAIGNS], i, text,
		            again ? s->sender_of[text] : from);
	}
}

static int write_streams(struct scene *s)
{
	s->sender_of = calloc(s->options.bodies, sizeof(*s->sender_of));
	if (s->sender_of == NULL || stream_open(&s->bodies, WARM * s->options.bodies) != 0)
		return -ENOMEM;
	for (unsigned i = 0; i < STREAMS; i++)
		if (stream_open(&s->streams[i], s->options.n_messages) != 0)
			return -ENOMEM;
	write_messages(s);
	return 0;
}

int scene_open(struct scene *s, const struct scene_options *options, char error[400])
{
	*s = (struct scene){ .options = *options };
	int result = corpus_open(&s->corpus, SEED, options->n_patterns,
	                         options->n_messages + options->bodies);
	if (result != 0)
		return fail(error, result, "corpus");
	result = pattern_set_open(&s->patterns, &s->corpus, error);
	if (result != 0)
		return result;
	result = fold_texts(s);
	if (result == 0)
		result = write_streams(s);
	if (result != 0)
		return fail(error, result, "texts");
	return open_tables(s, error);
}

void scene_close(struct scene *s)
{
	tables_free(s->tables);
	pattern_set_close(&s->patterns);
	for (unsigned i = 0; i < STREAMS; i++)
		stream_close(&s->streams[i]);
	stream_close(&s->bodies);
	free(s->sender_of);
	free(s->folded);
	free(s->folded_at);
	free(s->matches);
	corpus_close(&s->corpus);
}

void scene_fill(const struct scene *s, const struct stream *stream, unsigned first, unsigned n,
                struct screen_vector *vector)
{
	for (unsigned i = 0; i < n; i++) {
		struct screen_message *m = &vector->messages[i];
		const uint64_t at = stream->pdu_at[first + i],
			       end = stream->pdu_at[first + i + 1];
		bug_if(smpp_decode(&m->sm, stream->pdus + at, (size_t)(end - at)) != 0);
		m->account_row = s->account_row;
		m->bound = m->from_esme = true;
	}
	vector->n = n;
}
