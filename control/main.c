/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice-control: the registry, its API, and what keeps the data plane at it.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "audit_drain.h"
#include "claim.h"
#include "option_place.h"
#include "push.h"
#include "registry.h"
#include "say.h"
#include "signing_key.h"
#include "stranger_share.h"

#define LISTEN_BACKLOG 1024
#define LOOK_S 2

struct options {
	const char *database, *socket, *link, *report, *audit, *user, *make_key, *sign_key,
		*strangers, *recipient_key;
};

static void usage(FILE *out)
{
	fputs("usage: sluice-control --database FILE --socket PATH --link PATH --report FILE\n"
	      "                      [--audit DIR] [--strangers N] [--user NAME]\n"
	      "                      [--sign-key FILE] [--recipient-key FILE]\n"
	      "       sluice-control --make-key FILE\n"
	      "\n"
	      "  --database FILE  the registry (SQLite); made when it is missing\n"
	      "  --socket PATH    where sluicectl connects (mode 0660)\n"
	      "  --link PATH      where the data plane listens (its setting link_socket)\n"
	      "  --report FILE    the data plane's setting report_file\n"
	      "  --audit DIR      day files of refusals; default: \"audit\" beside the "
	      "registry\n"
	      "  --strangers N    refusals a day of who is not bound, or no account, that are\n"
	      "                   stored; the rest is counted; default 100000\n"
	      "  --user NAME      user to become before anything is served\n"
	      "  --sign-key FILE  sign every table image with this key (mode 0600)\n"
	      "  --recipient-key FILE\n"
	      "                   the data plane's setting recipient_key: with it sluicectl\n"
	      "                   audit finds what a recipient was sent\n"
	      "  --make-key FILE  make a key to sign images with, FILE (mode 0600), and its\n"
	      "                   public half, FILE.pub, for the data plane's image_key; stop\n"
	      "\n"
	      "Stays in the foreground and logs on stderr. Example:\n"
	      "  sluice-control --database /var/lib/sluice/registry.sqlite \\\n"
	      "      --socket /run/sluice/control.sock --link /run/sluice/dataplane.sock \\\n"
	      "      --report /dev/shm/sluice-report --user sluice\n",
	      out);
}

/* Where the argument of an option goes. */
static const struct option_place places[] = {
	{ 'd', offsetof(struct options, database) },
	{ 's', offsetof(struct options, socket) },
	{ 'l', offsetof(struct options, link) },
	{ 'r', offsetof(struct options, report) },
	{ 'a', offsetof(struct options, audit) },
	{ 'n', offsetof(struct options, strangers) },
	{ 'u', offsetof(struct options, user) },
	{ 'm', offsetof(struct options, make_key) },
	{ 'k', offsetof(struct options, sign_key) },
	{ 'c', offsetof(struct options, recipient_key) },
	{ 0, 0 },
};

static bool read_option(struct options *o, int option)
{
	if (option_keep(o, places, option))
		return true;
	if (option == 'v') {
		puts("sluice-control " SLUICE_VERSION);
		exit(0);
	}
	if (option == 'h') {
		usage(stdout);
		exit(0);
	}
	return false;
}

/* Whether an option that must be there is; said when not. */
static bool has(const char *name, const char *given)
{
	if (given == NULL)
		fprintf(stderr, "sluice-control: --%s is needed\n", name);
	return given != NULL;
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option rows[] = {
		{ "database", required_argument, NULL, 'd' },
		{ "socket", required_argument, NULL, 's' },
		{ "link", required_argument, NULL, 'l' },
		{ "report", required_argument, NULL, 'r' },
		{ "audit", required_argument, NULL, 'a' },
		{ "strangers", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "sign-key", required_argument, NULL, 'k' },
		{ "recipient-key", required_argument, NULL, 'c' },
		{ "make-key", required_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", rows, NULL)) != -1) {
		if (!read_option(o, c)) /* getopt_long() has said what is wrong */
			return false;
	}
	if (optind != argc)
		return fprintf(stderr, "sluice-control: %s is no option\n", argv[optind]) < 0;
	return o->make_key != NULL ||
	       (has("database", o->database) && has("socket", o->socket) &&
	        has("link", o->link) && has("report", o->report));
}

/* --strangers, or what holds without it. */
static bool read_strangers(const struct options *o, uint64_t *a_day)
{
	const char *text = o->strangers;
	char *end = NULL;

	*a_day = STRANGERS_DAY;
	if (text == NULL)
		return true;
	*a_day = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *a_day <= STRANGERS_DAY_MAX)
		return true;
	say("--strangers %s: a number from 0 to %llu", text,
	    (unsigned long long)STRANGERS_DAY_MAX);
	return false;
}

/* "audit" in the folder of the database. */
static const char *default_audit(const char *database)
{
	static char path[4096];
	const char *slash = strrchr(database, '/');

	snprintf(path, sizeof(path), "%.*saudit", slash ? (int)(slash - database + 1) : 0,
	         database);
	return path;
}

/* Whether somebody answers on this socket: then it is not left over. */
static bool answers(const struct sockaddr_un *address)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const bool yes =
		fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* A socket that was left by one that was killed goes; whatever else is there is somebody's. */
static bool make_way(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return true; /* nothing there; what else is wrong, bind() says */
	if (!S_ISSOCK(st.st_mode)) {
		say("--socket %s: there is a file of that name, which is no socket", path);
		return false;
	}
	unlink(path);
	return true;
}

/* The listening socket, mode 0660, or -1 (said). */
static int listen_on(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		say("--socket %s is longer than %zu octets", path,
		    sizeof(address.sun_path) - 1);
		return -1;
	}
	strcpy(address.sun_path, path);
	if (answers(&address)) {
		say("another sluice-control serves %s; stop it first", path);
		return -1;
	}
	if (!make_way(path))
		return -1;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const mode_t before = umask(0117);
	const int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (bound != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		say("cannot listen on %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Give the socket to the user and become it. */
static bool become(const char *user, const char *socket_path)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL) {
		say("--user %s: there is no such user", user);
		return false;
	}
	if (chown(socket_path, pw->pw_uid, pw->pw_gid) != 0 ||
	    initgroups(user, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0) {
		say("cannot become user %s: %s", user, strerror(errno));
		return false;
	}
	if (pw->pw_uid != 0 && setuid(0) == 0) {
		say("privileges of root were not dropped for good");
		return false;
	}
	return true;
}

/* Claim the registry and fail now, with a sentence, rather than at the first request. The
 * claim, or negative errno (said). */
static int take_registry(const char *path)
{
	char error[CLAIM_ERROR_SIZE];
	struct registry *registry = NULL;
	const int claimed = claim(path, "has this registry", error);

	if (claimed < 0) {
		say("--database %s: %s", path, error);
		return claimed;
	}
	const int result = registry_open(&registry, path);
	if (result != 0) {
		say("--database %s: %s", path, registry_error(registry));
		close(claimed);
	}
	registry_close(registry);
	return result != 0 ? result : claimed;
}

/* The data plane's socket may not be there yet, nor its folder: only another control is a
 * reason not to start. It is held until we end. */
static bool take_link(const char *path)
{
	char error[CLAIM_ERROR_SIZE];
	const int claimed = claim(path, "is connected to this data plane", error);

	if (claimed < 0)
		say("--link %s: %s", path, error);
	return claimed != -EBUSY;
}

/* --make-key: an exit status. */
static int make_key(const char *file)
{
	char error[SIGNING_KEY_ERROR_SIZE];

	if (signing_key_make(file, error) != 0) {
		say("%s", error);
		return 1;
	}
	printf("%s signs images; keep it secret\n"
	       "%s.pub is for the data plane: image_key: %s.pub\n",
	       file, file, file);
	return 0;
}

/* The number of the signal that says stop. Meanwhile it is said when the report and the link
 * are of two data planes: at the second look, since one that starts anew says it here first. */
static int wait_for_stop(const struct api_setting *setting, const sigset_t *stop)
{
	const struct timespec look = { .tv_sec = LOOK_S };
	unsigned looks = 0;
	int signal_number;

	while ((signal_number = sigtimedwait(stop, NULL, &look)) < 0) {
		looks = api_two_dataplanes(setting) ? looks + 1 : 0;
		if (looks == 2)
			say("--report %s and --link %s are of two data planes: counters and "
			    "audit are of one, tables and sanctions go to the other",
			    setting->report, setting->link);
	}
	return signal_number;
}

struct keys {
	struct signing_key *sign; /* NULL: images are not signed */
	struct recipient_key recipients;
};

/* Still as root, whose files they may be. A data plane that never ran has not made its key
 * yet. False: said. */
static bool load_keys(struct keys *keys, const struct options *o)
{
	char error[SIGNING_KEY_ERROR_SIZE], why[RECIPIENT_ERROR_SIZE];

	keys->recipients.file = o->recipient_key;
	if (o->sign_key != NULL && signing_key_load(&keys->sign, o->sign_key, error) != 0) {
		say("--sign-key %s", error);
		return false;
	}
	const int result =
		o->recipient_key == NULL ? 0 : recipient_key_load(&keys->recipients, why);
	if (result != 0)
		say("--recipient-key %s%s", why,
		    result == -ENOENT ? "; it is read when a recipient is asked for" : "");
	return result == 0 || result == -ENOENT;
}

/* Serve until a signal says stop. */
static int serve(const struct options *o, const struct keys *keys, int listener,
                 uint64_t strangers, const sigset_t *stop)
{
	struct api_setting setting = { .database = o->database,
		                       .socket = o->socket,
		                       .link = o->link,
		                       .report = o->report,
		                       .audit = o->audit,
		                       .recipients = keys->recipients };
	struct audit_store *store = NULL;
	struct api *api = NULL;
	char error[AUDIT_ERROR_SIZE];

	if (audit_store_open(&store, o->audit, o->database, error) != 0) {
		say("%s", error);
		return 1;
	}
	if (audit_drain_open(&setting.drain, store, o->report, strangers) != 0 ||
	    push_open(&setting.push, o->database, o->link, keys->sign) != 0 ||
	    api_open(&api, &setting, listener) != 0) {
		say("cannot start: out of memory or threads");
		return 1;
	}
	say("serving on %s, registry %s, pid %d", o->socket, o->database, (int)getpid());
	say("stopping on signal %d", wait_for_stop(&setting, stop));
	unlink(o->socket);
	api_close(api);
	push_close(setting.push);
	audit_drain_close(setting.drain);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct keys keys = { 0 };
	uint64_t strangers;
	sigset_t stop;

	if (!read_options(&o, argc, argv)) {
		fputs("sluice-control: --help shows all of them\n", stderr);
		return 2;
	}
	if (o.make_key != NULL)
		return make_key(o.make_key);
	if (!read_strangers(&o, &strangers))
		return 2;
	if (o.audit == NULL)
		o.audit = default_audit(o.database);
	/* Before any thread, so that all of them leave these signals to sigwait(). */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* a terminal that is closed is no reason to stop */
	umask(0027);
	if (!load_keys(&keys, &o))
		return 1;
	const int listener = listen_on(o.socket);
	if (listener < 0)
		return 1;
	/* A key may be in our memory, and texts that were refused: not in a core file. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	const bool became = o.user == NULL || become(o.user, o.socket);
	const int registry = became && take_link(o.link) ? take_registry(o.database) : -EPERM;
	if (registry < 0) {
		unlink(o.socket); /* ours: nobody served it */
		return 1;
	}
	const int status = serve(&o, &keys, listener, strangers, &stop);
	signing_key_free(keys.sign);
	close(registry);
	return status;
}
