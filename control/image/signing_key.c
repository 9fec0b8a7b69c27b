/* SPDX-License-Identifier: Apache-2.0 */
#include "signing_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define LINE_SIZE 128u
#define PATH_SIZE 4096u

struct signing_key {
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

_Static_assert(IMAGE_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");
_Static_assert(sodium_base64_ENCODED_LEN(crypto_sign_SECRETKEYBYTES, BASE64) < LINE_SIZE,
               "a key is a line");

static int fail(char error[SIGNING_KEY_ERROR_SIZE], int result, const char *file,
                const char *why)
{
	snprintf(error, SIGNING_KEY_ERROR_SIZE, "%.150s: %s", file, why);
	return result;
}

/* A new file of one line of base64, on disk with its name when it returns 0. */
static int write_line(const char *file, mode_t mode, const uint8_t *octets, size_t size)
{
	char line[LINE_SIZE];
	const int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	sodium_bin2base64(line, sizeof(line) - 1, octets, size, BASE64);
	strcat(line, "\n");
	const ssize_t len = (ssize_t)strlen(line);
	int result = write(fd, line, (size_t)len) == len && fsync(fd) == 0 ? 0 : -EIO;
	sodium_memzero(line, sizeof(line));
	if (fchmod(fd, mode) != 0) /* whatever the umask says */
		result = -errno;
	close(fd);
	if (result == 0)
		result = file_flush_folder(file);
	if (result != 0)
		unlink(file);
	return result;
}

int signing_key_make(const char *file, char error[SIGNING_KEY_ERROR_SIZE])
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
	char public_file[PATH_SIZE];

	if ((size_t)snprintf(public_file, sizeof(public_file), "%s.pub", file) >=
	    sizeof(public_file))
		return fail(error, -ENAMETOOLONG, file, "the name is too long");
	if (sodium_init() < 0)
		return fail(error, -EIO, file, "libsodium did not start");
	crypto_sign_keypair(public, secret);
	int result = write_line(file, 0600, secret, sizeof(secret));
	sodium_memzero(secret, sizeof(secret));
	if (result != 0)
		return fail(error, result, file, strerror(-result));
	result = write_line(public_file, 0644, public, sizeof(public));
	if (result != 0) {
		unlink(file);
		return fail(error, result, public_file, strerror(-result));
	}
	return 0;
}

/* The whole key from the line, or false. */
static bool read_key(struct signing_key *key, char *line, size_t len)
{
	const char *end = NULL;
	size_t n = 0;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	return sodium_base642bin(key->secret, sizeof(key->secret), line, len, NULL, &n, &end,
	                         BASE64) == 0 &&
	       n == sizeof(key->secret) && end == line + len;
}

static int read_file(struct signing_key *key, int fd, const char *file,
                     char error[SIGNING_KEY_ERROR_SIZE])
{
	char line[LINE_SIZE];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(error, -errno, file, strerror(errno));
	if ((st.st_mode & 077) != 0)
		return fail(error, -EPERM, file, "others may use this key; chmod 600 it");
	const ssize_t n = read(fd, line, sizeof(line));
	const bool good = n > 0 && read_key(key, line, (size_t)n);
	sodium_memzero(line, sizeof(line));
	return good ? 0
	            : fail(error, -EINVAL, file,
	                   "not a private key; sluice-control --make-key makes one");
}

int signing_key_load(struct signing_key **out, const char *file,
                     char error[SIGNING_KEY_ERROR_SIZE])
{
	if (sodium_init() < 0)
		return fail(error, -EIO, file, "libsodium did not start");
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail(error, -errno, file, strerror(errno));
	struct signing_key *key = calloc(1, sizeof(*key));
	int result = key == NULL ? fail(error, -ENOMEM, file, "out of memory")
	                         : read_file(key, fd, file, error);
	close(fd);
	if (result != 0)
		signing_key_free(key);
	else
		*out = key;
	return result;
}

void signing_key_free(struct signing_key *key)
{
	if (key == NULL)
		return;
	sodium_memzero(key, sizeof(*key));
	free(key);
}

void signing_key_sign(const struct signing_key *key, const void *octets, uint64_t size,
                      uint8_t signature[IMAGE_SIGNATURE_SIZE])
{
	crypto_sign_state state;

	crypto_sign_init(&state);
	crypto_sign_update(&state, octets, size);
	crypto_sign_final_create(&state, signature, NULL, key->secret);
	sodium_memzero(&state, sizeof(state));
}
