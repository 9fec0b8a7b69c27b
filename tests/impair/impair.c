/* SPDX-License-Identifier: Apache-2.0 */
/*
 * impair: a wire that is bad on purpose. Every frame that comes in at one of two
 * interfaces leaves at the other: late, twice, before others, with a wrong octet, or not
 * at all. For kernels without netem, between namespaces.
 *
 *   impair [--seed N] [--loss P] [--duplicate P] [--reorder P] [--corrupt P]
 *          [--delay-us N] [--jitter-us N] [--hold-us N] [--fragment N] FIRST SECOND
 *
 * P is in hundredths of a percent. What happens to the n-th frame of a direction is a
 * function of the seed, the direction and n alone. A reordered frame waits hold-us
 * longer; the others keep their order. --fragment: TCP over IPv4 from SECOND to FIRST goes
 * in fragments of about N octets, each of which meets all of this by itself. Prints
 * "ready", and its counts when it is stopped.
 *
 * VLAN tags do not cross: the kernel takes them off before we read.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include "../sim/random.h"
#include "cut.h"
#include "queue.h"

#define BATCH 64u /* frames of one interface before the other has its turn */
#define SOCKET_OCTETS (8 << 20)

struct options {
	uint32_t loss, duplicate, reorder, corrupt, fragment;
	uint64_t seed, delay_us, jitter_us, hold_us;
};

struct direction {
	struct random random;
	uint64_t last_at_ns;
	uint64_t frames, lost, duplicated, reordered, corrupted, full, cut;
};

struct box {
	struct options options;
	int fd[2];
	struct direction direction[2]; /* by where the frame came in */
	struct queue queue;
	uint64_t order;
	uint16_t id; /* of the last datagram that was cut */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "impair: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_interface(const char *name)
{
	const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
	const struct sockaddr_ll at = { .sll_family = AF_PACKET,
		                        .sll_protocol = htons(ETH_P_ALL),
		                        .sll_ifindex = (int)if_nametoindex(name) };
	const struct packet_mreq all = { .mr_ifindex = at.sll_ifindex,
		                         .mr_type = PACKET_MR_PROMISC };
	const int one = 1, octets = SOCKET_OCTETS;

	if (fd < 0 || at.sll_ifindex == 0)
		die(name);
	/* What we send is not to come back. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)) != 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0)
		die(name);
	return fd;
}

static void enqueue(struct box *b, struct direction *d, struct frame *f, bool late)
{
	const struct options *o = &b->options;

	f->order = b->order++;
	f->at_ns = now_ns() + o->delay_us * 1000;
	if (o->jitter_us != 0)
		f->at_ns += random_below(&d->random, (uint32_t)o->jitter_us) * UINT64_C(1000);
	if (late)
		f->at_ns += o->hold_us * 1000;
	else if (f->at_ns < d->last_at_ns)
		f->at_ns = d->last_at_ns;
	if (!late)
		d->last_at_ns = f->at_ns;
	if (!queue_put(&b->queue, f)) {
		d->full++;
		free(f);
	}
}

/* Behind the Ethernet header of an IP frame: every receiver's checksums must see it. */
static void corrupt(struct direction *d, struct frame *f)
{
	const uint32_t kind = (uint32_t)f->octets[12] << 8 | f->octets[13];

	if ((kind != ETHERTYPE_IP && kind != ETHERTYPE_IPV6) || f->len <= 54)
		return;
	d->corrupted++;
	f->octets[random_in(&d->random, 14, f->len - 1)] ^=
		(uint8_t)random_in(&d->random, 1, 255);
}

static struct frame *copy_of(const struct frame *f)
{
	struct frame *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		die("memory");
	return memcpy(copy, f, sizeof(*f));
}

static void judge(struct box *b, int in, struct frame *f)
{
	const struct options *o = &b->options;
	struct direction *d = &b->direction[in];

	d->frames++;
	f->to = !in;
	const bool lost = random_chance(&d->random, o->loss);
	const bool twice = random_chance(&d->random, o->duplicate);
	const bool wrong = random_chance(&d->random, o->corrupt);
	const bool late = random_chance(&d->random, o->reorder);
	if (lost) {
		d->lost++;
		free(f);
		return;
	}
	if (twice) {
		d->duplicated++;
		enqueue(b, d, copy_of(f), true);
	}
	if (wrong)
		corrupt(d, f);
	d->reordered += late;
	enqueue(b, d, f, late);
}

/* A narrow link before the box; whether f became pieces. */
static bool judge_pieces(struct box *b, int in, struct frame *f)
{
	struct frame *pieces[CUT_PIECES];
	const unsigned n = in == 1 && b->options.fragment != 0
	                           ? cut(f, b->options.fragment, ++b->id, pieces)
	                           : 0;

	for (unsigned i = 0; i < n; i++)
		judge(b, in, pieces[i]);
	if (n != 0)
		free(f);
	b->direction[in].cut += n != 0;
	return n != 0;
}

static void receive(struct box *b, int in)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct frame *f = malloc(sizeof(*f));
		if (f == NULL)
			die("memory");
		const ssize_t n = recv(b->fd[in], f->octets, FRAME_MAX, MSG_TRUNC);
		if (n < 14 || n > (ssize_t)FRAME_MAX) {
			free(f);
			if (n > (ssize_t)FRAME_MAX)
				fprintf(stderr, "impair: a frame of %zd octets\n", n);
			if (n < 0)
				return;
			continue;
		}
		f->len = (uint32_t)n;
		if (!judge_pieces(b, in, f))
			judge(b, in, f);
	}
}

static void send_due(struct box *b)
{
	for (struct frame *f; (f = queue_first(&b->queue)) != NULL && f->at_ns <= now_ns();) {
		if (send(b->fd[f->to], f->octets, f->len, 0) < 0 && errno == ENOBUFS)
			return; /* once more, soon */
		free(queue_take(&b->queue));
	}
}

static void run(struct box *b)
{
	while (!stopped) {
		struct pollfd fds[2] = { { .fd = b->fd[0], .events = POLLIN },
			                 { .fd = b->fd[1], .events = POLLIN } };
		const struct frame *first = queue_first(&b->queue);
		const uint64_t now = now_ns();
		const uint64_t wait = first == NULL         ? 100000000
		                      : first->at_ns <= now ? 10000
		                                            : first->at_ns - now;
		const struct timespec t = { .tv_sec = (time_t)(wait / 1000000000),
			                    .tv_nsec = (long)(wait % 1000000000) };
		if (ppoll(fds, 2, &t, NULL) < 0 && errno != EINTR)
			die("ppoll");
		receive(b, 0);
		receive(b, 1);
		send_due(b);
	}
}

static void print_counts(const struct box *b)
{
	for (int in = 0; in < 2; in++) {
		const struct direction *d = &b->direction[in];
		printf("%s: %" PRIu64 " frames, %" PRIu64 " lost, %" PRIu64
		       " duplicated, %" PRIu64 " reordered, %" PRIu64 " corrupted, %" PRIu64
		       " did not fit, %" PRIu64 " cut\n",
		       in == 0 ? "first to second" : "second to first", d->frames, d->lost,
		       d->duplicated, d->reordered, d->corrupted, d->full, d->cut);
	}
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "loss", required_argument, NULL, 'l' },
		{ "duplicate", required_argument, NULL, 'd' },
		{ "reorder", required_argument, NULL, 'r' },
		{ "corrupt", required_argument, NULL, 'c' },
		{ "delay-us", required_argument, NULL, 'D' },
		{ "jitter-us", required_argument, NULL, 'J' },
		{ "hold-us", required_argument, NULL, 'H' },
		{ "fragment", required_argument, NULL, 'f' },
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		const uint64_t value = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);
		if (c == 's')
			o->seed = value;
		else if (c == 'l')
			o->loss = (uint32_t)value;
		else if (c == 'd')
			o->duplicate = (uint32_t)value;
		else if (c == 'r')
			o->reorder = (uint32_t)value;
		else if (c == 'c')
			o->corrupt = (uint32_t)value;
		else if (c == 'D')
			o->delay_us = value;
		else if (c == 'J')
			o->jitter_us = value;
		else if (c == 'H')
			o->hold_us = value;
		else if (c == 'f')
			o->fragment = (uint32_t)value;
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct box box = { .options = { .seed = 1, .hold_us = 3000 } };

	read_options(&box.options, argc, argv);
	if (argc - optind != 2) {
		fprintf(stderr, "impair: two interfaces\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	prctl(PR_SET_TIMERSLACK, 1ul, 0, 0, 0);
	for (int i = 0; i < 2; i++) {
		box.fd[i] = open_interface(argv[optind + i]);
		box.direction[i].random = random_of(box.options.seed, (uint64_t)i);
	}
	printf("ready\n");
	fflush(stdout);
	run(&box);
	print_counts(&box);
	return 0;
}
