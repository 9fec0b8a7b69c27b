/* SPDX-License-Identifier: Apache-2.0 */
/* image_key and signing_key: who may say what is certified. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"
#include "image.h"
#include "image_build.h"
#include "image_key.h"
#include "signing_key.h"

static char folder[] = "/tmp/sluice-key-XXXXXX";
static char private_file[64], public_file[64], other_file[64];
static char error[SIGNING_KEY_ERROR_SIZE], text[LINK_TEXT_SIZE];

/* In place of fsync(): how often of a file and of a folder, and whether it fails there. */
static unsigned files_flushed, folders_flushed;
static bool folder_fails;
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	if (!S_ISDIR(st.st_mode)) {
		files_flushed++;
		return __real_fsync(fd);
	}
	folders_flushed++;
	errno = EIO;
	return folder_fails ? -1 : __real_fsync(fd);
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(private_file, sizeof(private_file), "%s/key", folder);
	snprintf(public_file, sizeof(public_file), "%s/key.pub", folder);
	snprintf(other_file, sizeof(other_file), "%s/other", folder);
	assert_int_equal(signing_key_make(private_file, error), 0);
	assert_int_equal(signing_key_make(other_file, error), 0);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct signing_key *private_key(const char *file)
{
	struct signing_key *key = NULL;

	assert_int_equal(signing_key_load(&key, file, error), 0);
	return key;
}

/* An image that this key has signed (NULL: nobody), and that opens. */
static uint8_t *image_by(const struct signing_key *key, size_t *size)
{
	char why[IMAGE_ERROR_SIZE];
	struct image_build *b;
	struct image im;
	void *octets;

	assert_int_equal(image_build_open(&b), 0);
	image_build_sign(b, key);
	assert_int_equal(image_build_memory(b, 3, 1, &octets, size, why), 0);
	image_build_close(b);
	assert_int_equal(image_open(&im, octets, *size, why), 0);
	image_close(&im);
	return octets;
}

static struct image_key public_key(void)
{
	struct image_key key;

	assert_int_equal(image_key_load(&key, public_file, text), 0);
	assert_true(key.demanded);
	return key;
}

static void files_and_their_modes(void **state)
{
	struct signing_key *key = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(stat(private_file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(public_file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	/* A key is never overwritten. */
	assert_int_equal(signing_key_make(private_file, error), -EEXIST);
	assert_int_equal(chmod(private_file, 0640), 0);
	assert_int_equal(signing_key_load(&key, private_file, error), -EPERM);
	assert_non_null(strstr(error, "chmod 600"));
	assert_null(key);
	assert_int_equal(chmod(private_file, 0600), 0);
}

/* Images are signed by what its owner believes is on disk: the name as well. */
static void is_on_disk(void **state)
{
	char path[64], public_half[80];

	(void)state;
	snprintf(path, sizeof(path), "%s/kept", folder);
	snprintf(public_half, sizeof(public_half), "%s.pub", path);
	files_flushed = folders_flushed = 0;
	folder_fails = true;
	assert_int_equal(signing_key_make(path, error), -EIO);
	assert_int_equal(access(path, F_OK), -1);
	folder_fails = false;
	assert_int_equal(signing_key_make(path, error), 0);
	assert_int_equal(access(public_half, R_OK), 0);
	assert_int_equal(files_flushed, 3);
	assert_int_equal(folders_flushed, 3);
}

/* What is no key is said to be none, and the sentence does not repeat it. */
static void bad_files(void **state)
{
	const char *const lines[] = { "", "\n", "AAAA\n", "secret!", "AAAA BBBB" };
	char path[64];
	struct signing_key *key = NULL;
	struct image_key public;

	(void)state;
	snprintf(path, sizeof(path), "%s/bad", folder);
	for (unsigned i = 0; i < 5; i++) {
		FILE *f = fopen(path, "w");
		assert_non_null(f);
		fputs(lines[i], f);
		fclose(f);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(signing_key_load(&key, path, error), -EINVAL);
		assert_int_equal(image_key_load(&public, path, text), -EINVAL);
		if (strlen(lines[i]) > 1) {
			assert_null(strstr(error, lines[i]));
			assert_null(strstr(text, lines[i]));
		}
	}
	/* the halves are not each other */
	assert_int_equal(chmod(public_file, 0600), 0);
	assert_int_equal(signing_key_load(&key, public_file, error), -EINVAL);
	assert_int_equal(image_key_load(&public, private_file, text), -EINVAL);
	assert_int_equal(image_key_load(&public, "/nowhere/key", text), -ENOENT);
	assert_false(public.demanded);
	assert_int_equal(signing_key_load(&key, "/nowhere/key", error), -ENOENT);
}

static void no_key_takes_all(void **state)
{
	struct image_key key;
	size_t size;
	uint8_t *octets = image_by(NULL, &size);

	(void)state;
	assert_int_equal(image_key_load(&key, "", text), 0);
	assert_int_equal(image_key_check(&key, octets, size, text), 0);
	assert_int_equal(image_key_check(&key, "", 0, text), 0);
	free(octets);
}

static void a_key_takes_its_own(void **state)
{
	const struct image_key key = public_key();
	struct signing_key *ours = private_key(private_file), *other = private_key(other_file);
	size_t size;

	(void)state;
	uint8_t *octets = image_by(ours, &size);
	assert_int_equal(image_key_check(&key, octets, size, text), 0);
	free(octets);
	octets = image_by(other, &size);
	assert_int_equal(image_key_check(&key, octets, size, text), -EKEYREJECTED);
	assert_non_null(strstr(text, "not by the key"));
	free(octets);
	octets = image_by(NULL, &size);
	assert_int_equal(image_key_check(&key, octets, size, text), -EKEYREJECTED);
	assert_non_null(strstr(text, "not signed"));
	free(octets);
	signing_key_free(ours);
	signing_key_free(other);
}

/* Each octet of a small image, changed; and cut anywhere (exact copies, for ASan). */
static void no_octet_can_be_changed(void **state)
{
	const struct image_key key = public_key();
	struct signing_key *ours = private_key(private_file);
	size_t size;
	uint8_t *octets = image_by(ours, &size);

	(void)state;
	assert_true(size < 2000);
	for (size_t i = 0; i < size; i++) {
		octets[i] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(image_key_check(&key, octets, size, text), -EKEYREJECTED);
		octets[i] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy + 1, octets, cut);
		assert_int_equal(image_key_check(&key, copy + 1, cut, text), -EKEYREJECTED);
		free(copy);
	}
	assert_int_equal(image_key_check(&key, octets, size, text), 0);
	free(octets);
	signing_key_free(ours);
}

static int refused(struct link_client *client, bool with_other_key, const char *why)
{
	struct signing_key *other = with_other_key ? private_key(other_file) : NULL;
	char sentence[LINK_CLIENT_ERROR_SIZE] = "";
	struct link_message answer;
	size_t size;
	uint8_t *octets = image_by(other, &size);
	const int rc =
		link_client_image(client, octets, size, 3, TIMEOUT_MS, &answer, sentence);

	assert_non_null(strstr(sentence, why));
	assert_int_equal(link_client_status(client, TIMEOUT_MS, &answer, sentence), 0);
	assert_int_equal(answer.generation, 0); /* nothing is in force */
	free(octets);
	signing_key_free(other);
	return rc;
}

/* A data plane with a key: over the link, from disk, and when the key is not there. */
static void a_data_plane_with_a_key(void **state)
{
	static struct fixture f;
	char sentence[LINK_ERROR_SIZE], why[LINK_CLIENT_ERROR_SIZE];
	struct link_server *server = NULL;
	struct link_message answer;
	size_t size;

	(void)state;
	fixture_make(&f);
	fixture_start(&f);
	struct link_client *client = fixture_connect(&f);
	fixture_push(client, 5);
	link_client_close(client);
	fixture_stop(&f);
	f.image_key = public_file;
	fixture_start(&f);
	fixture_wait_log(&f, "refused: the image is not signed");
	client = fixture_connect(&f);
	assert_int_equal(refused(client, false, "image_key demands it"), -EKEYREJECTED);
	assert_int_equal(refused(client, true, "not by the key"), -EKEYREJECTED);
	struct signing_key *ours = private_key(private_file);
	uint8_t *octets = image_by(ours, &size);
	assert_int_equal(link_client_image(client, octets, size, 3, TIMEOUT_MS, &answer, why),
	                 0);
	assert_int_equal(answer.generation, 3);
	free(octets);
	signing_key_free(ours);
	link_client_close(client);
	const struct link_params params = { .socket_path = f.socket,
		                            .image_file = f.image,
		                            .image_key = "/nowhere/key",
		                            .n_workers = 1 };
	assert_int_equal(link_open(&server, &params, f.publish, sentence), -ENOENT);
	assert_non_null(strstr(sentence, "/nowhere/key"));
	assert_null(server);
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_their_modes),
		cmocka_unit_test(is_on_disk),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(no_key_takes_all),
		cmocka_unit_test(a_key_takes_its_own),
		cmocka_unit_test(no_octet_can_be_changed),
		cmocka_unit_test(a_data_plane_with_a_key),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
