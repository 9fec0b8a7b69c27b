/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"
#include "fail.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct transfer {
	char *answer;
	size_t size;
	const struct cli *cli;
	const char *what;
	int shown;    /* seconds last shown on the progress line */
	int os_errno; /* why it could not connect; 0: another reason */
};

char *cli_read_file(const char *path, size_t *size)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	size_t capacity = 1 << 16, used = 0, n;
	char *text = malloc(capacity);

	while (f != NULL && text != NULL &&
	       (n = fread(text + used, 1, capacity - used - 1, f)) > 0) {
		used += n;
		if (used + 1 < capacity)
			continue;
		char *more = realloc(text, capacity *= 2);
		if (more == NULL)
			free(text);
		text = more;
	}
	if (f == NULL || text == NULL || ferror(f)) {
		cli_fail("cannot read %s: %m", path);
		free(text);
		text = NULL;
	} else {
		text[used] = '\0';
		*size = used;
	}
	if (f != NULL && f != stdin)
		fclose(f);
	return text;
}

const char *cli_file_name(const char *path) { return strcmp(path, "-") == 0 ? "stdin" : path; }

static void append_pair(CURL *curl, char **url, const char *name, const char *value)
{
	char *escaped = curl_easy_escape(curl, value, 0), *longer = NULL;

	if (escaped != NULL && *url != NULL &&
	    asprintf(&longer, "%s%c%s=%s", *url, strchr(*url, '?') ? '&' : '?', name, escaped) <
	            0)
		longer = NULL;
	curl_free(escaped);
	free(*url);
	*url = longer;
}

char *cli_url(const char *path, ...)
{
	CURL *curl = curl_easy_init();
	char *url = strdup(path);
	va_list args;

	va_start(args, path);
	for (const char *name; (name = va_arg(args, const char *)) != NULL;) {
		const char *value = va_arg(args, const char *);

		if (value != NULL && value[0] != '\0')
			append_pair(curl, &url, name, value);
	}
	va_end(args);
	curl_easy_cleanup(curl);
	return url;
}

static size_t on_answer(char *octets, size_t one, size_t n, void *context)
{
	struct transfer *t = context;
	char *more = realloc(t->answer, t->size + n * one + 1);

	if (more == NULL)
		return 0;
	memcpy(more + t->size, octets, n * one);
	t->answer = more;
	t->size += n * one;
	t->answer[t->size] = '\0';
	return n * one;
}

/* What sluice-control does now, in text; false: it says nothing. */
static bool ask_phase(const struct cli *cli, char *text, size_t size)
{
	struct transfer t = { 0 };
	CURL *curl = curl_easy_init();
	json_error_t error;

	if (curl == NULL)
		return false;
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, cli->socket);
	curl_easy_setopt(curl, CURLOPT_URL, "http://sluice/v1/progress");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 500L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t);
	json_t *answer = curl_easy_perform(curl) == CURLE_OK && t.answer != NULL
	                         ? json_loads(t.answer, 0, &error)
	                         : NULL;
	curl_easy_cleanup(curl);
	free(t.answer);
	const long long done = cli_number(answer, "done"), total = cli_number(answer, "total");
	const char *phase = cli_text(answer, "phase");
	const bool said = phase[0] != '\0' && strcmp(phase, "idle") != 0;
	const int percent = total > 0 ? (int)(done * 100 / total) : 0;

	if (said && total > 0)
		snprintf(text, size, "[%.*s%.*s] %d %% %s", percent / 5, "####################",
		         20 - percent / 5, "....................", percent, phase);
	else if (said)
		snprintf(text, size, "%s", phase);
	json_decref(answer);
	return said;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) { interrupted = number; }

/* A line that says what is going on, after the first second, when somebody looks. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t total,
                       curl_off_t sent)
{
	static double began;
	struct transfer *t = context;
	struct timespec now;
	char text[100];

	(void)a, (void)b;
	if (interrupted != 0)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	const double at = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	if (began == 0)
		began = at;
	const int seconds = (int)(at - began);
	/* On a terminal one line that changes; in a log a line now and then. */
	const bool terminal = isatty(STDERR_FILENO);
	if (t->what == NULL || seconds == t->shown || (!terminal && seconds % 10 != 1))
		return 0;
	t->shown = seconds;
	const char *begin = terminal ? "\r\033[K" : "", *end = terminal ? "" : "\n";
	if (sent < total)
		fprintf(stderr, "%s%s: %lld of %lld KiB sent, %d s%s", begin, t->what,
		        (long long)sent / 1024, (long long)total / 1024, seconds, end);
	else if (ask_phase(t->cli, text, sizeof(text)))
		fprintf(stderr, "%s%s: %s, %d s%s", begin, t->what, text, seconds, end);
	else
		fprintf(stderr, "%s%s: waiting for sluice-control and the data plane, %d s%s",
		        begin, t->what, seconds, end);
	return 0;
}

static CURLcode transfer(const struct cli *cli, const char *path, const char *body, size_t size,
                         struct transfer *t, long *status)
{
	CURL *curl = curl_easy_init();
	char url[4200];

	if (curl == NULL)
		return CURLE_OUT_OF_MEMORY;
	snprintf(url, sizeof(url), "http://sluice%s", path);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, cli->socket);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	if (body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
	}
	const CURLcode code = curl_easy_perform(curl);
	if (t->shown != 0 && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
	long why = 0;
	if (code == CURLE_COULDNT_CONNECT &&
	    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &why) == CURLE_OK)
		t->os_errno = why != 0 ? (int)why : EAGAIN; /* which it waits for in vain */
	curl_easy_cleanup(curl);
	return code;
}

/* What the operator may do about a socket that cannot be connected to. */
static const char *remedy(int why)
{
	switch (why) {
	case EACCES:
	case EPERM:
		return "be root, or of the group that has the socket and its folder";
	case EAGAIN:
		return "it is there, but too many ask it at once: try again";
	default:
		return "start it, or give --socket or $SLUICE_SOCKET";
	}
}

static int say_no_answer(const struct cli *cli, const char *why, const char *hint)
{
	if (cli->json)
		cli_print_json(json_pack("{ss ss ss}", "error", why, "where", cli->socket,
		                         "hint", hint),
		               EXIT_FAILED);
	fprintf(stderr, "sluicectl: %s: %s; %s\n", cli->socket, why, hint);
	return EXIT_FAILED;
}

/* Nobody waits for an answer any more, but sluice-control does not know that. */
static int say_interrupted(const struct cli *cli)
{
	const int status =
		say_no_answer(cli, "interrupted: what sluice-control was sent it may yet do",
	                      "\"sluicectl status\" shows what the registry holds");

	/* As if we had not caught it: a shell ends its loop then. */
	fflush(stdout);
	signal(SIGINT, SIG_DFL);
	raise(SIGINT);
	return status;
}

static int say_unreachable(const struct cli *cli, const struct transfer *t, CURLcode code)
{
	char why[160];

	if (code == CURLE_ABORTED_BY_CALLBACK)
		return say_interrupted(cli);
	snprintf(why, sizeof(why), "sluice-control does not answer: %s",
	         t->os_errno ? strerror(t->os_errno) : curl_easy_strerror(code));
	return say_no_answer(cli, why, remedy(t->os_errno));
}

static void say_failure(const json_t *failure)
{
	const json_t *problems = json_object_get(failure, "problems"), *problem;
	const char *where = cli_text(failure, "where");
	const long long total = cli_number(failure, "problems_total");
	size_t i;

	json_array_foreach(problems, i, problem)
		fprintf(stderr, "%s\n", cli_text(problem, "line"));
	if (total > (long long)json_array_size(problems))
		fprintf(stderr, "... and %lld more\n",
		        total - (long long)json_array_size(problems));
	fprintf(stderr, "sluicectl: %s", cli_text(failure, "error"));
	/* A file or a socket; other names of places are the API's. */
	if (strchr(where, '/') != NULL && strstr(cli_text(failure, "error"), where) == NULL)
		fprintf(stderr, " (%s)", where);
	fprintf(stderr, "; %s\n", cli_text(failure, "hint"));
}

int cli_try(const struct cli *cli, const char *path, const char *body, size_t size,
            const char *what, json_t **out)
{
	struct transfer t = { .cli = cli, .what = what };
	json_error_t error;
	long status = 0;

	/* What is asked for changes nothing; what is sent may. */
	if (body != NULL)
		signal(SIGINT, on_interrupt);
	const CURLcode code = transfer(cli, path, body, size, &t, &status);
	signal(SIGINT, SIG_DFL);
	*out = NULL;
	if (code != CURLE_OK && t.answer == NULL)
		return say_unreachable(cli, &t, code);
	*out = t.answer ? json_loads(t.answer, 0, &error) : NULL;
	free(t.answer);
	if (*out != NULL)
		return status == 200 ? EXIT_DONE : EXIT_FAILED;
	cli_fail("the answer of %s is not JSON; is it sluice-control's socket?", cli->socket);
	return EXIT_FAILED;
}

int cli_refused(const struct cli *cli, json_t *failure)
{
	if (failure == NULL)
		return EXIT_FAILED;
	say_failure(failure);
	if (cli->json)
		return cli_print_json(failure, EXIT_FAILED);
	json_decref(failure);
	return EXIT_FAILED;
}

int cli_ask(const struct cli *cli, const char *path, const char *body, size_t size,
            const char *what, json_t **out)
{
	json_t *answer = NULL;
	const int status = cli_try(cli, path, body, size, what, &answer);

	if (status != EXIT_DONE)
		return cli_refused(cli, answer);
	*out = answer;
	return EXIT_DONE;
}

int cli_get(const struct cli *cli, char *url, json_t **out)
{
	const int status = url == NULL ? EXIT_FAILED : cli_ask(cli, url, NULL, 0, NULL, out);

	free(url);
	return status;
}
