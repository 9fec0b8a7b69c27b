/* SPDX-License-Identifier: Apache-2.0 */
#include "image_key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "image_format.h"
#include "refuse.h"

_Static_assert(IMAGE_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(IMAGE_SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519");

/* One line of base64 and nothing else. */
static bool read_key(struct image_key *key, const char *line, size_t len)
{
	const char *end = NULL;
	size_t n = 0;

	if (len > 0 && line[len - 1] == '\n')
		len--;
	return sodium_base642bin(key->octets, sizeof(key->octets), line, len, NULL, &n, &end,
	                         sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       n == sizeof(key->octets) && end == line + len;
}

int image_key_load(struct image_key *out, const char *path, char text[LINK_TEXT_SIZE])
{
	struct image_key key = { .demanded = true };
	char line[128];

	*out = (struct image_key){ 0 };
	if (path == NULL || path[0] == '\0')
		return 0;
	if (sodium_init() < 0)
		return refuse(text, -EIO, "libsodium did not start");
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return refuse(text, -errno, "image_key %.150s: %s", path, strerror(errno));
	const ssize_t n = read(fd, line, sizeof(line));
	close(fd);
	if (n < 0 || !read_key(&key, line, (size_t)n))
		return refuse(text, -EINVAL,
		              "image_key %.120s: not a public key; sluice-control --make-key "
		              "makes one",
		              path);
	*out = key;
	return 0;
}

/* Whether the image says that it ends in a signature. */
static bool is_signed(const uint8_t *octets, size_t size)
{
	struct image_header h;
	struct image_section last;

	if (size < sizeof(h))
		return false;
	memcpy(&h, octets, sizeof(h));
	if (h.n_sections == 0 || h.n_sections > IMAGE_SECTIONS_MAX)
		return false;
	const size_t end = sizeof(h) + h.n_sections * sizeof(last);
	if (size < end + IMAGE_SIGNATURE_SIZE)
		return false;
	memcpy(&last, octets + end - sizeof(last), sizeof(last));
	return last.type == IMAGE_SIGNATURE && last.offset == size - IMAGE_SIGNATURE_SIZE;
}

int image_key_check(const struct image_key *key, const void *octets, size_t size,
                    char text[LINK_TEXT_SIZE])
{
	const uint8_t *p = octets;
	crypto_sign_state state;

	if (!key->demanded)
		return 0;
	if (!is_signed(p, size))
		return refuse(text, -EKEYREJECTED,
		              "the image is not signed, and the setting image_key demands it");
	crypto_sign_init(&state);
	crypto_sign_update(&state, p, size - IMAGE_SIGNATURE_SIZE);
	if (crypto_sign_final_verify(&state, p + size - IMAGE_SIGNATURE_SIZE, key->octets) != 0)
		return refuse(
			text, -EKEYREJECTED,
			"the image's signature is not by the key of the setting image_key");
	return 0;
}
