/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "image_build_priv.h"
#include "sender_set_build.h"
#include "signing_key.h"

#define SECTIONS IMAGE_SECTIONS_MAX

/* What goes where: decided before the first octet is written. */
struct layout {
	struct image_header header;
	struct image_section sections[SECTIONS];
	const void *content[SECTIONS]; /* NULL = written by its own function */
	struct image_sender_info info;
};

static uint64_t align(uint64_t offset)
{
	return (offset + IMAGE_ALIGN - 1) & ~(uint64_t)(IMAGE_ALIGN - 1);
}

static void add(struct layout *l, enum image_section_type type, const void *content,
                uint32_t element_size, uint64_t count)
{
	const unsigned i = l->header.n_sections++;

	l->content[i] = content;
	l->sections[i] = (struct image_section){
		.type = type,
		.element_size = element_size,
		.size = count * element_size,
		.count = count,
	};
}

/* Without rows there is no section. */
static void add_rows(struct layout *l, enum image_section_type type, const struct rows *rows,
                     uint32_t row_size)
{
	if (rows->n > 0)
		add(l, type, rows->data, row_size, rows->n);
}

static void add_senders(struct layout *l, const struct image_build *b)
{
	const uint64_t n = b->senders.n;

	if (n == 0)
		return;
	l->info = sender_build_plan(n);
	const struct image_sender_info *i = &l->info;
	add(l, IMAGE_SENDER_INFO, i, sizeof(*i), 1);
	add(l, IMAGE_SENDERS, NULL, sizeof(struct image_sender),
	    (uint64_t)i->n_parts * i->slots_per_part);
	add(l, IMAGE_SENDER_PILOTS, NULL, 1, (uint64_t)i->n_parts * i->buckets_per_part);
	if (b->owners.size > 0)
		add(l, IMAGE_SENDER_OWNERS, b->owners.octets, sizeof(uint32_t),
		    b->owners.size / sizeof(uint32_t));
}

static void add_database(struct layout *l, enum image_section_type type,
                         const struct image_blob *database)
{
	if (database->size > 0)
		add(l, type, database->octets, 1, database->size);
}

static void make_layout(struct layout *l, const struct image_build *b, uint64_t generation,
                        uint64_t created)
{
	*l = (struct layout){ .header = {
				      .magic = IMAGE_MAGIC,
				      .version = IMAGE_VERSION,
				      .generation = generation,
				      .created = created,
			      } };
	add(l, IMAGE_POLICY, &b->policy, sizeof(b->policy), 1);
	add(l, IMAGE_ACCOUNTS, b->accounts.data, sizeof(struct image_account), b->accounts.n);
	add_senders(l, b);
	add_rows(l, IMAGE_RULES, &b->rules, sizeof(struct image_rule));
	add_rows(l, IMAGE_PATTERNS, &b->patterns, sizeof(struct image_pattern));
	add_database(l, IMAGE_HS_DATABASE, &b->folded);
	add(l, IMAGE_STRINGS, b->strings.octets, 1, b->strings.size);
	add_rows(l, IMAGE_RULE_CODE, &b->code, sizeof(uint32_t));
	add_rows(l, IMAGE_RULE_ACCOUNTS, &b->rule_accounts, sizeof(uint32_t));
	add_database(l, IMAGE_HS_PLAIN, &b->plain);
	add_rows(l, IMAGE_CAMPAIGNS, &b->campaigns, sizeof(struct image_campaign));
	add_rows(l, IMAGE_FOLDS, &b->folds, sizeof(struct image_fold));
	add_database(l, IMAGE_HS_LITERALS, &b->literals);
	add_rows(l, IMAGE_EXCERPTS, &b->excerpts, sizeof(struct image_excerpt));
	if (b->numbers.n > 0) {
		add(l, IMAGE_NUMBER_BLOCKS, b->numbers.blocks,
		    sizeof(struct image_number_block), b->numbers.n);
		add(l, IMAGE_NUMBERS, NULL, IMAGE_NUMBER_OCTETS, b->numbers.n);
	}
	add_rows(l, IMAGE_NUMBERING, &b->plan, sizeof(struct image_plan_row));
	if (b->key != NULL) /* the last of all */
		add(l, IMAGE_SIGNATURE, NULL, IMAGE_SIGNATURE_SIZE, 1);

	uint64_t end = sizeof(l->header) + l->header.n_sections * sizeof(l->sections[0]);
	for (unsigned i = 0; i < l->header.n_sections; i++) {
		l->sections[i].offset = align(end);
		end = l->sections[i].offset + l->sections[i].size;
	}
	l->header.size = align(end);
}

static struct image_section *section(struct layout *l, enum image_section_type type)
{
	for (unsigned i = 0; i < l->header.n_sections; i++) {
		if (l->sections[i].type == type)
			return &l->sections[i];
	}
	return NULL;
}

/* The section of an image that was opened, or NULL. */
static const void *section_of(const void *octets, enum image_section_type type)
{
	const struct image_header *h = octets;
	const struct image_section *s = (const void *)(h + 1);

	for (unsigned i = 0; i < h->n_sections; i++) {
		if (s[i].type == type)
			return (const uint8_t *)octets + s[i].offset;
	}
	return NULL;
}

/* All that the sender set is made of. Owners that are lists are offsets of a section of
 * its own, which is written anew each time. */
static void hash_input(struct image_sender_info *info, const struct image_build *b)
{
	const XXH128_hash_t hash =
		XXH3_128bits(b->senders.data, b->senders.n * sizeof(struct image_sender));

	_Static_assert(sizeof(info->input) == sizeof(hash), "the whole hash");
	memcpy(info->input, &hash, sizeof(hash));
}

/* The sender set of the previous image, when it was made from the same records. */
static bool copy_senders(struct layout *l, const struct image_build *b, uint8_t *base)
{
	const struct image_sender_info *before =
		b->previous == NULL ? NULL : section_of(b->previous, IMAGE_SENDER_INFO);
	struct image_section *slots = section(l, IMAGE_SENDERS);
	struct image_section *pilots = section(l, IMAGE_SENDER_PILOTS);

	if (before == NULL || before->n_keys != l->info.n_keys ||
	    before->n_parts != l->info.n_parts ||
	    before->slots_per_part != l->info.slots_per_part ||
	    before->buckets_per_part != l->info.buckets_per_part ||
	    memcmp(before->input, l->info.input, sizeof(before->input)) != 0)
		return false;
	l->info.seed = before->seed;
	memcpy(base + slots->offset, section_of(b->previous, IMAGE_SENDERS), slots->size);
	memcpy(base + pilots->offset, section_of(b->previous, IMAGE_SENDER_PILOTS),
	       pilots->size);
	return true;
}

static int write_senders(struct layout *l, struct image_build *b, uint8_t *base,
                         char error[IMAGE_BUILD_ERROR_SIZE])
{
	b->copied = false;
	if (b->senders.n == 0)
		return 0;
	hash_input(&l->info, b);
	b->copied = copy_senders(l, b, base);
	if (b->copied)
		return 0;
	struct sender_build build = {
		.records = b->senders.data,
		.n = b->senders.n,
		.threads = b->threads,
		.seed = b->seed,
		.slots = (void *)(base + section(l, IMAGE_SENDERS)->offset),
		.pilots = base + section(l, IMAGE_SENDER_PILOTS)->offset,
	};
	const int failed = sender_set_build(&build, &l->info);

	if (failed == -EEXIST)
		snprintf(error, IMAGE_BUILD_ERROR_SIZE,
		         "senders %" PRIu64 " and %" PRIu64 " have the same key",
		         build.clash[0], build.clash[1]);
	else if (failed != 0)
		snprintf(error, IMAGE_BUILD_ERROR_SIZE, "the sender set was not built: %s",
		         strerror(-failed));
	return failed;
}

static void write_numbers(struct layout *l, const struct image_build *b, uint8_t *base)
{
	for (uint32_t i = 0; i < b->numbers.n; i++)
		memcpy(base + section(l, IMAGE_NUMBERS)->offset +
		               (uint64_t)i * IMAGE_NUMBER_OCTETS,
		       b->numbers.states[i], IMAGE_NUMBER_OCTETS);
}

/* base: header.size octets, all zero. */
static int write_image(struct layout *l, struct image_build *b, uint8_t *base,
                       char error[IMAGE_BUILD_ERROR_SIZE])
{
	const int failed = write_senders(l, b, base, error);

	if (failed != 0)
		return failed;
	write_numbers(l, b, base);
	for (unsigned i = 0; i < l->header.n_sections; i++) {
		struct image_section *s = &l->sections[i];
		if (l->content[i] != NULL)
			memcpy(base + s->offset, l->content[i], s->size);
		if (s->type != IMAGE_SIGNATURE)
			s->checksum = XXH3_64bits(base + s->offset, s->size);
	}

	const size_t directory = l->header.n_sections * sizeof(l->sections[0]);
	memcpy(base, &l->header, sizeof(l->header));
	memcpy(base + sizeof(l->header), l->sections, directory);
	l->header.checksum = XXH3_64bits(base, sizeof(l->header) + directory);
	memcpy(base, &l->header, sizeof(l->header));
	if (b->key != NULL) {
		const uint64_t size = l->header.size - IMAGE_SIGNATURE_SIZE;
		signing_key_sign(b->key, base, size, base + size);
	}
	return 0;
}

/* The views that patterns are in, and those that there is a database for. */
static unsigned views_of_patterns(const struct image_build *b)
{
	const struct image_pattern *rows = b->patterns.data;
	unsigned views = 0;

	for (uint64_t i = 0; i < b->patterns.n; i++)
		views |= rows[i].views;
	return views & (IMAGE_VIEW_FOLDED | IMAGE_VIEW_PLAIN);
}

static unsigned views_of_databases(const struct image_build *b)
{
	return (b->folded.size + b->literals.size > 0 ? IMAGE_VIEW_FOLDED : 0) |
	       (b->plain.size > 0 ? IMAGE_VIEW_PLAIN : 0);
}

static int prepare(struct layout *l, struct image_build *b, uint64_t generation,
                   uint64_t created, char error[IMAGE_BUILD_ERROR_SIZE])
{
	const char *wrong = NULL;

	if (generation == 0)
		wrong = "the generation must not be 0";
	else if ((views_of_patterns(b) & ~views_of_databases(b)) != 0)
		wrong = "there are patterns but no Hyperscan database";
	else if ((views_of_databases(b) & ~views_of_patterns(b)) != 0)
		wrong = "there is a Hyperscan database but no pattern";
	else if (b->excerpts.n != 0 && b->excerpts.n != b->patterns.n)
		wrong = "there are excerpts, but not one for each pattern";
	if (wrong != NULL) {
		snprintf(error, IMAGE_BUILD_ERROR_SIZE, "%s", wrong);
		return -EINVAL;
	}
	if (image_build_freeze(b) != 0) {
		snprintf(error, IMAGE_BUILD_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	make_layout(l, b, generation, created);
	return 0;
}

int image_build_memory(struct image_build *b, uint64_t generation, uint64_t created,
                       void **octets, size_t *size, char error[IMAGE_BUILD_ERROR_SIZE])
{
	struct layout l;
	int failed = prepare(&l, b, generation, created, error);

	if (failed != 0)
		return failed;
	uint8_t *base = aligned_alloc(IMAGE_ALIGN, l.header.size);
	if (base == NULL) {
		snprintf(error, IMAGE_BUILD_ERROR_SIZE, "out of memory");
		return -ENOMEM;
	}
	memset(base, 0, l.header.size);
	failed = write_image(&l, b, base, error);
	if (failed != 0) {
		free(base);
		return failed;
	}
	*octets = base;
	*size = l.header.size;
	return 0;
}

/* Space is claimed first: a full file system must be an error here, not a SIGBUS. NULL and
 * errno on failure. */
static uint8_t *map_file(int fd, uint64_t size)
{
	if (ftruncate(fd, 0) != 0)
		return NULL;
	errno = posix_fallocate(fd, 0, (off_t)size);
	if (errno != 0)
		return NULL;
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return base == MAP_FAILED ? NULL : base;
}

int image_build_file(struct image_build *b, uint64_t generation, uint64_t created, int fd,
                     uint64_t *size, char error[IMAGE_BUILD_ERROR_SIZE])
{
	struct layout l;
	int failed = prepare(&l, b, generation, created, error);

	if (failed != 0)
		return failed;
	uint8_t *base = map_file(fd, l.header.size);
	if (base == NULL) {
		failed = -errno;
		snprintf(error, IMAGE_BUILD_ERROR_SIZE, "no room for %" PRIu64 " octets: %s",
		         l.header.size, strerror(-failed));
		return failed;
	}
	failed = write_image(&l, b, base, error);
	munmap(base, l.header.size); /* a mapping that is a sealed memfd's must be gone */
	if (failed == 0)
		*size = l.header.size;
	return failed;
}
