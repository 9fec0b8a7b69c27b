/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "link.h"
#include "publish.h"
#include "verdict.h"

#define TURN_US 50u
#define ANSWER_MAX (1u << 20)
#define SEEN_MAX (1u << 20)

static struct publish *publish;
static struct link_server *server;
static pthread_t link_thread, workers[RIG_WORKERS];
static bool stop;

/* When the worker began to decide by each generation that it met, the newest last. */
static struct seen {
	uint64_t generation, us;
} seen[SEEN_MAX];
static uint32_t n_seen; /* stored with release */

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %m\n", what);
	exit(1);
}

uint64_t rig_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct sender_key key_of(const char *digits)
{
	struct sender_key key;

	if (address_key(&key, (const uint8_t *)digits, strlen(digits), 0, 0, 82) != 0)
		die(digits);
	return key;
}

static unsigned reason(const struct tables *t, const struct sender_key *key)
{
	const struct image_sender *found;

	sender_set_find(&t->image->senders, key, 1, &found);
	return tables_sender_reason(t, key, found, 1, (uint32_t)time(NULL));
}

bool rig_suspended(unsigned reader, const char *digits)
{
	const struct sender_key key = key_of(digits);

	publish_online(publish, RIG_WORKERS + reader);
	const unsigned found = reason(publish_load(publish), &key);
	publish_offline(publish, RIG_WORKERS + reader);
	return found == REASON_SENDER_SUSPENDED;
}

static void note_seen(const struct tables *t)
{
	const uint32_t n = n_seen;
	const uint64_t generation = t == NULL ? 0 : tables_generation(t);

	if (generation == (n == 0 ? 0 : seen[n - 1].generation) || n == SEEN_MAX)
		return;
	seen[n] = (struct seen){ generation, rig_now_us() };
	/* Release: the row is whole when it is counted. */
	__atomic_store_n(&n_seen, n + 1, __ATOMIC_RELEASE);
}

uint64_t rig_enforced_us(uint64_t generation)
{
	uint64_t us = 0;

	for (uint32_t i = __atomic_load_n(&n_seen, __ATOMIC_ACQUIRE); i-- > 0;) {
		if (seen[i].generation < generation)
			break;
		us = seen[i].us;
	}
	return us;
}

/* As EAL does: worker w has a core, the last but w. */
static void pin(unsigned w)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)(cores - 1 - w % cores), &set);
	(void)!pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *work(void *number)
{
	const unsigned w = (unsigned)(uintptr_t)number;
	const struct sender_key key = key_of("01012345678");

	pin(w);
	publish_online(publish, w);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		const struct tables *t = publish_load(publish);
		note_seen(t);
		const uint64_t until = rig_now_us() + TURN_US;
		while (rig_now_us() < until)
			for (unsigned i = 0; t != NULL && i < 32; i++)
				(void)reason(t, &key);
		publish_quiescent(publish, w);
	}
	publish_offline(publish, w);
	return NULL;
}

static void *serve(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		if (link_turn(server, 20) < 0)
			die("link");
	return NULL;
}

static void start_data_plane(struct rig *rig)
{
	static char path[100], image[100];
	char error[LINK_ERROR_SIZE] = "";

	snprintf(path, sizeof(path), "%s/dp", rig->folder);
	snprintf(image, sizeof(image), "%s/image", rig->folder);
	const struct link_params params = { .socket_path = path,
		                            .image_file = image,
		                            .n_workers = RIG_WORKERS + RIG_READERS };
	if (publish_open(&publish, RIG_WORKERS + RIG_READERS) != 0 ||
	    link_open(&server, &params, publish, error) != 0)
		die(error);
	pthread_create(&link_thread, NULL, serve, NULL);
	for (uintptr_t w = 0; w < RIG_WORKERS; w++)
		pthread_create(&workers[w], NULL, work, (void *)w);
}

static void start_control(struct rig *rig, const char *control_path)
{
	char path[100], log[100];

	snprintf(path, sizeof(path), "%s/dp", rig->folder);
	snprintf(log, sizeof(log), "%s/log", rig->folder);
	rig->control = fork();
	if (rig->control == 0) {
		if (freopen(log, "a", stderr) == NULL)
			_exit(99);
		execl(control_path, control_path, "--database", rig->database, "--socket",
		      rig->socket, "--link", path, "--report", log, (char *)NULL);
		_exit(99);
	}
}

void rig_connect(const struct rig *rig, struct rig_client *client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	client->answer = malloc(ANSWER_MAX);
	if (client->answer == NULL)
		die("answer");
	strcpy(address.sun_path, rig->socket);
	for (unsigned i = 0; i < 1000; i++) {
		client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(client->fd, (void *)&address, sizeof(address)) == 0)
			return;
		close(client->fd);
		usleep(10000);
	}
	die("sluice-control does not start");
}

void rig_hang_up(struct rig_client *client)
{
	close(client->fd);
	free(client->answer);
}

void rig_open(struct rig *rig, const char *control_path)
{
	const char *where = getenv("SLUICE_BENCH_DIR");
	struct rig_client client;

	snprintf(rig->folder, sizeof(rig->folder), "%.40s/sluice-bench-XXXXXX",
	         where ? where : "/var/tmp");
	if (mkdtemp(rig->folder) == NULL)
		die(rig->folder);
	snprintf(rig->socket, sizeof(rig->socket), "%s/c", rig->folder);
	snprintf(rig->database, sizeof(rig->database), "%s/r.sqlite", rig->folder);
	start_data_plane(rig);
	start_control(rig, control_path);
	rig_connect(rig, &client);
	while (strstr(rig_ask(&client, "GET", "/v1/status", "", 0), "\"connected\":true") ==
	       NULL)
		usleep(20000);
	rig_hang_up(&client);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
	(void)s, (void)kind, (void)f;
	return remove(path);
}

void rig_close(struct rig *rig)
{
	kill(rig->control, SIGTERM);
	waitpid(rig->control, NULL, 0);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(link_thread, NULL);
	for (unsigned w = 0; w < RIG_WORKERS; w++)
		pthread_join(workers[w], NULL);
	link_close(server);
	publish_close(publish);
	nftw(rig->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void send_all(int fd, const char *octets, size_t n)
{
	while (n != 0) {
		const ssize_t sent = send(fd, octets, n, MSG_NOSIGNAL);
		if (sent <= 0)
			die("send");
		octets += sent;
		n -= (size_t)sent;
	}
}

/* The answer from its status line to the end of its body. */
static const char *receive(struct rig_client *client)
{
	size_t used = 0, end = SIZE_MAX;
	char *answer = client->answer;

	while (used < end) {
		const ssize_t n = recv(client->fd, answer + used, ANSWER_MAX - 1 - used, 0);
		if (n <= 0)
			die("receive");
		used += (size_t)n;
		answer[used] = '\0';
		const char *body = strstr(answer, "\r\n\r\n"),
			   *length = strstr(answer, "Content-Length: ");
		if (body != NULL && length != NULL)
			end = (size_t)(body + 4 - answer) + strtoul(length + 16, NULL, 10);
	}
	return strstr(answer, "\r\n\r\n") + 4;
}

const char *rig_ask(struct rig_client *client, const char *method, const char *path,
                    const char *body, size_t size)
{
	char head[300];
	const int n = snprintf(head, sizeof(head),
	                       "%s %s HTTP/1.1\r\nHost: sluice\r\nContent-Length: %zu\r\n\r\n",
	                       method, path, size);

	send_all(client->fd, head, (size_t)n);
	send_all(client->fd, body, size);
	const char *text = receive(client);
	if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0) {
		fprintf(stderr, "bench: %s %s: %.300s\n", method, path, client->answer);
		exit(1);
	}
	return text;
}

double rig_number(const char *text, const char *member)
{
	char name[60];

	snprintf(name, sizeof(name), "\"%s\":", member);
	const char *at = strstr(text, name);
	return at == NULL ? 0 : strtod(at + strlen(name), NULL);
}

double rig_peak_mib(pid_t pid)
{
	char path[60], line[200];
	double kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtod(line + 6, NULL);
	if (f != NULL)
		fclose(f);
	return kib / 1024;
}
