/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: what control may ask of the data plane, and everything that is refused: each
 * with its reason, and with the tables in force as they were.
 */
#include "fixture_each.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict.h"

/* Generation 5 is in force for every worker, and nothing was changed about it. */
static void assert_unchanged(struct link_client *client)
{
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, error), 0);
	assert_int_equal(answer.generation, 5);
	fixture_let_turn(&f);
	for (unsigned i = 0; i < N_WORKERS; i++) {
		assert_int_equal(SEEN(f.workers[i].generation), 5);
		assert_int_equal(SEEN(f.workers[i].account_reason), REASON_PASS);
	}
}

static void assert_refused(struct link_client *client, int rc, int want, const char *words)
{
	if (rc != want || strstr(error, words) == NULL)
		fail_msg("%d \"%s\" is not %d with \"%s\"", rc, error, want, words);
	assert_unchanged(client);
}

static int ask(struct link_client *client, struct link_message *m, const int *fds,
               unsigned n_fds)
{
	const struct link_question q = { .request = m, .fds = fds, .n_fds = n_fds };

	return link_client_ask(client, &q, TIMEOUT_MS, &answer, error);
}

static int ask_image(struct link_client *client, const int *fds, unsigned n_fds, uint64_t size)
{
	struct link_message m = { .type = LINK_IMAGE, .generation = 6, .size = size };

	return ask(client, &m, fds, n_fds);
}

static void test_hello_and_image(void **state)
{
	(void)state;
	struct link_client *client = NULL;

	assert_int_equal(link_client_open(&client, f.socket, TIMEOUT_MS, &answer, error), 0);
	assert_int_equal(answer.generation, 0);
	assert_int_equal(answer.pid, getpid());
	assert_string_equal(fixture_push(client, 5), "");
	assert_unchanged(client);
	assert_string_equal(fixture_push(client, 6), "");
	fixture_let_turn(&f);
	for (unsigned i = 0; i < N_WORKERS; i++)
		assert_int_equal(SEEN(f.workers[i].generation), 6);

	struct stat st;
	assert_int_equal(stat(f.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	link_client_close(client);
}

static void test_descriptors(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	size_t size;
	void *image = fixture_image(6, &size);
	const int fd = link_memfd(image, size);
	const int fds[] = { fd, fd, fd, fd };
	struct link_message status = { .type = LINK_STATUS };

	fixture_push(client, 5);
	assert_refused(client, ask_image(client, NULL, 0, size), -EINVAL, "0 came");
	assert_refused(client, ask_image(client, fds, 2, size), -EINVAL, "2 came");
	assert_refused(client, ask_image(client, fds, 4, size), -EINVAL, "4 came");
	assert_refused(client, ask(client, &status, fds, 1), -EINVAL, "only an image");
	assert_refused(client, ask_image(client, fds, 1, size - 1), -EBADMSG, "message says");
	assert_refused(client, ask_image(client, fds, 1, size + 1), -EBADMSG, "message says");
	assert_refused(client, ask_image(client, fds, 1, 0), -EBADMSG, "cannot be one");
	assert_refused(client, ask_image(client, fds, 1, UINT64_MAX), -EBADMSG,
	               "cannot be one");
	assert_int_equal(ask_image(client, fds, 1, size), 0); /* it was good all the time */
	close(fd);
	free(image);
	link_client_close(client);
}

static int unsealed(const void *octets, size_t size, int seals)
{
	const int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(write(fd, octets, size), (ssize_t)size);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void test_seals(void **state)
{
	(void)state;
	static const int all[] = { F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE };
	struct link_client *client = fixture_connect(&f);
	size_t size;
	void *image = fixture_image(6, &size);
	char path[128];

	fixture_push(client, 5);
	for (unsigned i = 0; i < 3; i++) { /* each seal missing alone */
		const int seals = (all[0] | all[1] | all[2]) & ~all[i];
		const int fd = unsealed(image, size, seals);
		assert_refused(client, ask_image(client, &fd, 1, size), -EPERM, "sealed");
		close(fd);
	}
	snprintf(path, sizeof(path), "%s/file", f.folder);
	const int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(file, image, size), (ssize_t)size);
	assert_refused(client, ask_image(client, &file, 1, size), -EPERM, "sealed");
	/* The same file, through the client's own copy into a memfd, is good. */
	assert_int_equal(
		link_client_image_fd(client, file, 6, true, TIMEOUT_MS, &answer, error), 0);
	close(file);
	unlink(path);
	free(image);
	link_client_close(client);
}

/* Push octets as an image of generation 6. */
static int push_octets(struct link_client *client, const void *octets, size_t size)
{
	return link_client_image(client, octets, size, 6, TIMEOUT_MS, &answer, error);
}

static void test_images_that_lie(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	size_t size;
	uint8_t *image = fixture_image(6, &size);
	uint8_t *copy = malloc(size);
	struct image_header *header = (void *)copy;

	fixture_push(client, 5);
	for (size_t cut = 64; cut < size; cut += size / 7)
		assert_refused(client, push_octets(client, image, cut), -EBADMSG, "");
	srandom(1);
	for (unsigned i = 0; i < 64; i++) {
		memcpy(copy, image, size);
		const size_t at = i < 32 ? i * 5 % 64 : (size_t)random() % size;
		copy[at] ^= (uint8_t)(1u << (i % 8));
		const int rc = push_octets(client, copy, size);
		if (rc == 0 || error[0] == '\0')
			fail_msg("octet %zu changed: %d \"%s\"", at, rc, error);
	}
	assert_unchanged(client);
	memcpy(copy, image, size);
	header->version++;
	assert_refused(client, push_octets(client, copy, size), -EPROTONOSUPPORT, "version");
	/* A good image of another generation than its message says. */
	assert_refused(client,
	               link_client_image(client, image, size, 9, TIMEOUT_MS, &answer, error),
	               -EBADMSG, "generation");
	assert_int_equal(push_octets(client, image, size), 0);
	free(copy);
	free(image);
	link_client_close(client);
}

static void test_drain(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	struct link_message m = { .type = LINK_DRAIN, .size = 2 };

	fixture_push(client, 5);
	assert_false(publish_draining(f.publish));
	assert_int_equal(link_client_drain(client, true, TIMEOUT_MS, &answer, error), 0);
	assert_true(publish_draining(f.publish));
	assert_refused(client, ask(client, &m, NULL, 0), -EINVAL, "neither 0 nor 1");
	assert_true(publish_draining(f.publish));
	assert_int_equal(link_client_drain(client, false, TIMEOUT_MS, &answer, error), 0);
	assert_false(publish_draining(f.publish));
	link_client_close(client);
}

static void test_messages_that_lie(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	struct link_message m;

	fixture_push(client, 5);
	m = (struct link_message){ .type = LINK_STATUS, .version = LINK_VERSION + 1 };
	assert_refused(client, ask(client, &m, NULL, 0), -EPROTONOSUPPORT,
	               "we speak version 6");
	m = (struct link_message){ .type = 6 };
	assert_refused(client, ask(client, &m, NULL, 0), -EINVAL, "unknown request 6");
	m = (struct link_message){ .type = LINK_ANSWER };
	assert_refused(client, ask(client, &m, NULL, 0), -EINVAL, "unknown request 128");

	struct link_delta d;
#define REFUSED(change, words) \
	do { \
		d = fixture_sender(LINK_SUSPEND, "01012345678"); \
		change; \
		assert_refused(client, fixture_delta(client, &d, &answer, error), -EINVAL, \
		               words); \
	} while (0)
	REFUSED(d.op = 7, "unknown operation");
	REFUSED(d.kind = 0, "unknown kind");
	REFUSED(d.generation = 0, "generation 0");
	REFUSED(d.n_owners = 1, "number of owners");
	REFUSED(d.owners[3] = 1, "not an account");
	REFUSED(d.account_id = 1, "are not 0");
	REFUSED(d.blocked_until = 1, "end of a block");
	REFUSED(d.valid_until = 1, "times of validity");
	REFUSED(memset(&d.key, 0, sizeof(d.key)), "canonical");
	REFUSED(d.kind = LINK_ACCOUNT, "not a system_id");
#undef REFUSED
	link_client_close(client);
}

static void test_not_a_message_hangs_up(void **state)
{
	(void)state;
	static const char http[] = "GET / HTTP/1.1\r\n\r\n";
	struct link_client *client = fixture_connect(&f);

	fixture_push(client, 5);
	assert_int_equal(send(link_client_fd(client), http, sizeof(http), 0), sizeof(http));
	fixture_wait_log(&f, "not a link message: connection closed");
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, error), -ECONNRESET);
	link_client_close(client);
	client = fixture_connect(&f);
	assert_unchanged(client);
	link_client_close(client);
}

static void test_wrong_length_is_answered(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	uint8_t octets[sizeof(struct link_message) + 8] = { 0 };
	const struct link_message m = { .magic = LINK_MAGIC,
		                        .version = LINK_VERSION,
		                        .type = LINK_STATUS,
		                        .sequence = 77 };
	static const size_t lengths[] = { 16, sizeof(m) - 1, sizeof(m) + 1, sizeof(octets) };

	memcpy(octets, &m, sizeof(m));
	for (unsigned i = 0; i < 4; i++) {
		const int fd = link_client_fd(client);
		struct link_message got;

		assert_int_equal(send(fd, octets, lengths[i], 0), lengths[i]);
		while (recv(fd, &got, sizeof(got), 0) < 0 && errno == EAGAIN)
			usleep(1000);
		assert_int_equal(got.sequence, 77);
		assert_int_equal(got.result, -EBADMSG);
		assert_non_null(strstr(got.text, "344 octets"));
	}
	link_client_close(client);
}

static void test_hello_comes_first(void **state)
{
	(void)state;
	struct link_client *old = fixture_connect(&f);
	fixture_push(old, 5);
	link_client_close(old);

	/* A client that skips hello: connect by hand. */
	struct link_client *client = fixture_connect(&f);
	const int fd = link_client_fd(client);
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	assert_int_equal(getpeername(fd, (void *)&address, &len), 0);
	const int bare = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(dup2(bare, fd), fd);
	close(bare);
	assert_int_equal(connect(fd, (void *)&address, len), 0);
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, error), -EPROTO);
	assert_non_null(strstr(error, "hello"));
	link_client_close(client);
}

static void test_newest_control_is_heard(void **state)
{
	(void)state;
	struct link_client *first = fixture_connect(&f);
	fixture_push(first, 5);
	struct link_client *second = fixture_connect(&f);

	assert_int_equal(link_client_status(first, TIMEOUT_MS, &answer, error), -ECONNRESET);
	assert_unchanged(second);
	assert_true(fixture_logged(&f, "in place of the one before"));
	link_client_close(first);
	link_client_close(second);
}

/* Control is killed after it sent an image and before the answer: the image holds, and
 * the next control is served. */
static void test_control_killed_in_mid_exchange(void **state)
{
	(void)state;
	size_t size;
	void *image = fixture_image(5, &size);
	const int memfd = link_memfd(image, size);
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	const pid_t child = fork();
	if (child == 0) {
		struct link_client *client = NULL;
		struct link_message m = { .type = LINK_IMAGE, .generation = 5, .size = size };
		if (link_client_open(&client, f.socket, TIMEOUT_MS, NULL, error) != 0)
			_exit(1);
		(void)!link_client_ask(
			client,
			&(struct link_question){ .request = &m, .fds = &memfd, .n_fds = 1 }, 0,
			&answer, error);
		(void)!write(pipes[1], "x", 1);
		kill(getpid(), SIGKILL);
	}
	char x;
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &x, 1), 1);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	close(pipes[0]);
	close(memfd);
	free(image);
	fixture_wait_log(&f, "image 5 in force");

	struct link_client *client = fixture_connect(&f);
	assert_unchanged(client);
	link_client_close(client);
}

/* A control that asks and asks and never reads an answer is hung up on; nobody waits. */
static void test_unread_answers(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	const struct link_message m = {
		.magic = LINK_MAGIC, .version = LINK_VERSION, .type = LINK_STATUS, .sequence = 1
	};
	const int fd = link_client_fd(client);

	for (unsigned i = 0; i < 100000; i++) {
		if (send(fd, &m, sizeof(m), MSG_NOSIGNAL) >= 0)
			continue;
		if (errno != EAGAIN)
			break;
		usleep(1000);
	}
	fixture_wait_log(&f, "does not take its answers");
	link_client_close(client);
	client = fixture_connect(&f);
	fixture_push(client, 5);
	assert_unchanged(client);
	link_client_close(client);
}

static void test_strangers_are_not_heard(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root to become somebody else\n");
		skip();
	}
	/* Wide open, as an operator might leave it: the credentials still decide. */
	assert_int_equal(chmod(f.socket, 0777), 0);
	assert_int_equal(chmod(f.folder, 0755), 0);
	const pid_t child = fork();
	if (child == 0) {
		struct link_client *client = NULL;
		if (setuid(65534) != 0)
			_exit(2);
		const int rc = link_client_open(&client, f.socket, TIMEOUT_MS, NULL, error);
		_exit(rc == -ECONNRESET ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	fixture_wait_log(&f, "neither root's nor ours");
}

static void test_second_plane_is_refused(void **state)
{
	(void)state;
	const struct link_params params = { .socket_path = f.socket,
		                            .image_file = f.image,
		                            .n_workers = 1 };
	struct link_server *second = NULL;
	struct publish *publish = NULL;
	char why[LINK_ERROR_SIZE];

	assert_int_equal(publish_open(&publish, 1), 0);
	assert_int_equal(link_open(&second, &params, publish, why), -EADDRINUSE);
	assert_null(second);
	publish_close(publish);
	struct link_client *client = fixture_connect(&f); /* the first is still there */
	link_client_close(client);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_descriptor_is_left(void **state)
{
	(void)state;
	struct link_client *client = fixture_connect(&f);
	size_t size;
	void *image = fixture_image(6, &size);
	const int fd = link_memfd(image, size);
	const int fds[] = { fd, fd, fd };

	fixture_push(client, 5);
	/* A descriptor may be closed just after its answer: ask once more, twice. */
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, error), 0);
	const int before = open_fds();
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(ask_image(client, fds, 3, size), -EINVAL);
		assert_int_equal(ask_image(client, fds, 1, size + 1), -EBADMSG);
		assert_int_equal(ask_image(client, fds, 1, size), 0);
	}
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, error), 0);
	assert_int_equal(open_fds(), before);
	close(fd);
	free(image);
	link_client_close(client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hello_and_image),
		TEST(test_descriptors),
		TEST(test_seals),
		TEST(test_images_that_lie),
		TEST(test_drain),
		TEST(test_messages_that_lie),
		TEST(test_not_a_message_hangs_up),
		TEST(test_wrong_length_is_answered),
		TEST(test_hello_comes_first),
		TEST(test_newest_control_is_heard),
		TEST(test_control_killed_in_mid_exchange),
		TEST(test_unread_answers),
		TEST(test_strangers_are_not_heard),
		TEST(test_second_plane_is_refused),
		TEST(test_no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
