/* SPDX-License-Identifier: Apache-2.0 */
/* image: what opens, and what damage at any place does. */
#include "image_fixture.h"

static void opens_and_finds(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;

	assert_int_equal(image_open(&im, fresh(pristine_size), pristine_size, error), 0);
	assert_int_equal(im.n_accounts, 6);
	assert_int_equal(im.n_rules, 2);
	assert_int_equal(im.n_patterns, 3);
	assert_int_equal(im.header->generation, 7);
	const uint32_t acme = image_account_row(&im, (const uint8_t *)"acme", 4);
	assert_int_equal(im.accounts[acme].id, SAMPLE_ACME);
	assert_string_equal(im.strings + im.accounts[acme].name, "Acme 문자");
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acm", 3), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acme\0", 5), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acmf", 4), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"", 0), 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"a-state-office1", 15),
	                 im.n_accounts == 6 ? 1 : 0);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"a-state-office1x", 16), 0);
	for (unsigned i = 0; i < SAMPLE_SENDERS + 50; i++) {
		const struct sender_key key = sample_number(i);
		const struct image_sender *found;
		sender_set_find(&im.senders, &key, 1, &found);
		assert_int_equal(found != NULL, i < SAMPLE_SENDERS);
		if (found != NULL)
			assert_memory_equal(&found->key, &key, sizeof(key));
	}
	assert_non_null(im.database);
	assert_non_null(im.literals);
	assert_string_equal(im.excerpts[0].octets, "casino");
	/* Its excerpt in one place; the others have none. */
	assert_int_equal(image_seek_excerpts(&im), 1 + 2 * 18);
	image_close(&im);
}

static void empty_registry_opens(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image_build *b;
	struct image im;
	void *octets;
	size_t size;
	const struct sender_key key = sample_number(1);
	const struct image_sender *found = (void *)1;

	assert_int_equal(image_build_open(&b), 0);
	assert_int_equal(image_build_memory(b, 1, 1, &octets, &size, error), 0);
	image_build_close(b);
	assert_int_equal(image_open(&im, octets, size, error), 0);
	assert_int_equal(im.n_accounts, 1);
	assert_null(im.database);
	assert_null(im.literals);
	assert_null(im.excerpts);
	sender_set_find(&im.senders, &key, 1, &found);
	assert_null(found);
	assert_int_equal(image_account_row(&im, (const uint8_t *)"acme", 4), 0);
	image_close(&im);
	free(octets);
}

/* Cut anywhere: at each multiple of 64 against the guard page, and at random places. */
static void truncated(void **state)
{
	(void)state;
	uint32_t x = 7;

	for (size_t size = 0; size < pristine_size; size += IMAGE_ALIGN)
		assert_int_equal(open_only(fresh(size), size), -EBADMSG);
	for (unsigned i = 0; i < 500; i++) {
		x = x * 1664525 + 1013904223;
		const size_t size = x % pristine_size;
		assert_int_equal(open_only(fresh(size), size), -EBADMSG);
	}
	const struct image_section *s = directory(pristine);
	for (unsigned i = 0; i < 10; i++) {
		for (int delta = -1; delta <= 1; delta++) {
			const size_t start = s[i].offset + (size_t)delta;
			const size_t end = s[i].offset + s[i].size + (size_t)delta;
			assert_int_equal(open_only(fresh(start), start), -EBADMSG);
			if (end < pristine_size)
				assert_int_equal(open_only(fresh(end), end), -EBADMSG);
		}
	}
}

/* Cut with a header that owns up to the new size: the directory must notice. */
static void truncated_and_resealed(void **state)
{
	(void)state;
	for (size_t size = sizeof(struct image_header); size < pristine_size;
	     size += IMAGE_ALIGN) {
		uint8_t *octets = fresh(size);
		struct image_header *h = (void *)octets;

		h->size = size;
		image_reseal(octets, size);
		assert_int_equal(open_only(octets, size), -EBADMSG);
	}
}

static void corrupted_without_reseal(void **state)
{
	(void)state;
	uint32_t x = 3;

	for (unsigned i = 0; i < 1500; i++) {
		uint8_t *octets = fresh(pristine_size);
		x = x * 1664525 + 1013904223;
		octets[x % pristine_size] ^= (uint8_t)(1u << (x >> 29));
		const int result = open_only(octets, pristine_size);
		/* any bit of the version field gives another version */
		assert_true(result == -EBADMSG || result == -EPROTONOSUPPORT);
	}
}

/* Random damage with right checksums either is refused, or gives an image whose
 * look-ups all stay inside (guard page, sanitizers). */
static void corrupted_and_resealed(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;
	uint32_t x = 11;
	unsigned opened = 0, refused_n = 0;

	for (unsigned i = 0; i < 1500; i++) {
		uint8_t *octets = fresh(pristine_size);
		for (unsigned n = 0; n < 1 + i % 3; n++) {
			x = x * 1664525 + 1013904223;
			/* half of the damage in the header and directory */
			const size_t span = x >> 31 ? 64 + 10 * 40 : pristine_size;
			octets[(x >> 1) % span] = (uint8_t)(x >> 9);
		}
		image_reseal(octets, pristine_size);
		if (image_open(&im, octets, pristine_size, error) != 0) {
			refused_n++;
			continue;
		}
		opened++;
		image_walk(&im);
		image_close(&im);
	}
	assert_true(opened > 20); /* times, statuses, names: no lie */
	assert_true(refused_n > 500);
}

static void wrong_version_is_said(void **state)
{
	(void)state;
	char error[IMAGE_ERROR_SIZE];
	struct image im;
	const uint32_t versions[] = { 0, IMAGE_VERSION + 1, UINT32_MAX };

	for (unsigned i = 0; i < 3; i++) {
		uint8_t *octets = fresh(pristine_size);
		((struct image_header *)(void *)octets)->version = versions[i];
		image_reseal(octets, pristine_size);
		assert_int_equal(image_open(&im, octets, pristine_size, error),
		                 -EPROTONOSUPPORT);
		assert_non_null(strstr(error, "version"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_finds),
		cmocka_unit_test(empty_registry_opens),
		cmocka_unit_test(truncated),
		cmocka_unit_test(truncated_and_resealed),
		cmocka_unit_test(corrupted_without_reseal),
		cmocka_unit_test(corrupted_and_resealed),
		cmocka_unit_test(wrong_version_is_said),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
