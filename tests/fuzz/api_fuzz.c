/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: octets of a client on the API's socket, through the HTTP server as it is. Every
 * request is answered in full with JSON, or the connection is closed on what is no HTTP.
 *
 * First octet 0: the rest goes out as it is. Else it chooses the request line; then come
 * the query up to a NUL and the body, and the length is said right.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "api.h"
#include "audit_drain.h"
#include "fuzz.h"
#include "push.h"

#define ANSWER_MAX (1u << 20)
#define QUERY_MAX 300u
#define RULES_MAX_OCTETS 120u /* longer patterns are slow to compile: rules_fuzz has them */

enum { OK = 1, NOT_FOUND = 2, BAD = 4, UNPROCESSABLE = 8, IMPORTED = 16 };
unsigned fuzz_reached;
const unsigned fuzz_wanted = OK | NOT_FOUND | BAD | UNPROCESSABLE | IMPORTED;

static const char *const lines[] = {
	"GET /v1/status",    "GET /v1/counters",  "GET /v1/audit",    "GET /v1/policy",
	"POST /v1/policy",   "POST /v1/accounts", "POST /v1/senders", "POST /v1/rules",
	"POST /v1/deltas",   "DELETE /v1/status", "POST /v1/nothing", "GET /v1/campaigns/acted",
	"GET /v1/campaigns",
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static char dir[40], paths[5][64];
static struct api *api;
static struct api_setting setting;

static void stop(void)
{
	char command[80];

	api_close(api);
	push_close(setting.push);
	audit_drain_close(setting.drain);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	(void)!system(command); /* our own folder, from mkdtemp() */
}

static int listen_here(struct sockaddr_un *address)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	bug_if(fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0);
	bug_if(listen(fd, 64) != 0);
	return fd;
}

/* The daemon's parts in this process, the data plane away. What they log is not looked at:
 * stderr is the fuzzer's. */
static void start(struct sockaddr_un *address)
{
	static const char *const names[] = { "registry", "api", "link", "report", "audit" };
	char error[AUDIT_ERROR_SIZE] = "";
	struct audit_store *store = NULL;

	strcpy(dir, "/dev/shm/sluice-fuzz-XXXXXX");
	bug_if(mkdtemp(dir) == NULL);
	for (unsigned i = 0; i < 5; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, names[i]);
	setting = (struct api_setting){ .database = paths[0],
		                        .socket = paths[1],
		                        .link = paths[2],
		                        .report = paths[3],
		                        .audit = paths[4] };
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(address->sun_path, paths[1]);
	bug_if(audit_store_open(&store, paths[4], paths[0], error) != 0);
	bug_if(audit_drain_open(&setting.drain, store, paths[3], 1000) != 0);
	bug_if(push_open(&setting.push, paths[0], paths[2], NULL) != 0);
	bug_if(api_open(&api, &setting, listen_here(address)) != 0);
	bug_if(atexit(stop) != 0);
}

static size_t compose(char *out, const uint8_t *data, size_t size)
{
	const char *line = lines[(data[0] - 1u) % LINES];
	const size_t query = strnlen((const char *)data + 1, size - 1);
	const size_t skip = query + 1 < size ? query + 2 : size;
	size_t body = size - skip;
	int n = sprintf(out, "%s?", line);

	if (strcmp(line, "POST /v1/rules") == 0 && body > RULES_MAX_OCTETS)
		body = RULES_MAX_OCTETS;
	for (size_t i = 0; i < query && i < QUERY_MAX; i++) /* the request line stays whole */
		n += sprintf(out + n, data[1 + i] > ' ' && data[1 + i] < 127 ? "%c" : "%%%02x",
		             data[1 + i]);
	n += sprintf(out + n,
	             " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
	             "Content-Length: %zu\r\n\r\n",
	             body);
	memcpy(out + n, data + skip, body);
	return (size_t)n + body;
}

/* All that comes until the server closes; it must, and soon. */
static size_t converse(const struct sockaddr_un *address, const char *request, size_t size,
                       char *answer)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	size_t got = 0;
	ssize_t n = 1;

	bug_if(fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0);
	/* It may close before it has read everything. */
	(void)!send(fd, request, size, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	while (n > 0 && got < ANSWER_MAX) {
		const int ready = poll(&readable, 1, 20000);

		if (ready < 0 && errno == EINTR) /* the fuzzer's clock */
			continue;
		bug_if(ready != 1);
		n = recv(fd, answer + got, ANSWER_MAX - got, 0);
		got += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	answer[got] = '\0';
	return got;
}

static void check_answer(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");
	const unsigned long status = strtoul(answer + 9, NULL, 10); /* HTTP/1.1 200 */
	json_error_t error;

	bug_if(strncmp(answer, "HTTP/1.", 7) != 0 || body == NULL);
	json_t *json = json_loads(body + 4, JSON_REJECT_DUPLICATES, &error);
	bug_if(!json_is_object(json) || status < 200 || status >= 600);
	bug_if((status >= 400) != json_is_string(json_object_get(json, "error")));
	fuzz_reached |= status == 200   ? OK
	                : status == 404 ? NOT_FOUND
	                : status == 400 ? BAD
	                : status == 422 ? UNPROCESSABLE
	                                : 0;
	fuzz_reached |= json_object_get(json, "added") != NULL ? IMPORTED : 0;
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sockaddr_un address;
	static char request[8192], answer[ANSWER_MAX + 1];

	if (size < 2 || size > 4096)
		return 0;
	if (api == NULL)
		start(&address);
	if (data[0] == 0) {
		converse(&address, (const char *)data + 1, size - 1, answer);
		return 0;
	}
	const size_t n = compose(request, data, size);
	bug_if(converse(&address, request, n, answer) == 0);
	check_answer(answer);
	return 0;
}
