/* SPDX-License-Identifier: Apache-2.0 */
#include "compiled.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rule_engine.h"
#include "rule_image.h"

#define KEY_OCTETS 16u
#define SUFFIX ".image"
#define NAME_SIZE (2 * KEY_OCTETS + sizeof(SUFFIX))

char *compiled_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = -1;

	/* XDG Base Directory Specification: a relative path is no path. */
	if (cache != NULL && cache[0] == '/')
		n = asprintf(&path, "%s/sluice", cache);
	else if (home != NULL && home[0] == '/')
		n = asprintf(&path, "%s/.cache/sluice", home);
	return n < 0 ? NULL : path;
}

/* The folder, made if need be with the one it is in; -1: it is none of ours alone. What is
 * compiled runs as it is: nobody else may have put it there. */
static int folder_open(const char *path)
{
	char *parent = strdup(path);
	char *slash = parent != NULL ? strrchr(parent, '/') : NULL;
	struct stat s;

	if (slash != NULL && slash != parent) {
		*slash = '\0';
		(void)mkdir(parent, 0700);
	}
	free(parent);
	(void)mkdir(path, 0700);
	const int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0 && fstat(folder, &s) == 0 && s.st_uid == geteuid() &&
	    (s.st_mode & 077) == 0)
		return folder;
	if (folder >= 0)
		close(folder);
	return -1;
}

/* All of this program: what it makes of a text is in no version number. */
static bool hash_program(crypto_generichash_state *state)
{
	FILE *self = fopen("/proc/self/exe", "rbe");
	unsigned char octets[1 << 16];
	size_t n;

	if (self == NULL)
		return false;
	while ((n = fread(octets, 1, sizeof(octets), self)) > 0)
		crypto_generichash_update(state, octets, n);
	const bool whole = !ferror(self);
	fclose(self);
	return whole;
}

static bool make_name(char name[NAME_SIZE], const char *text, size_t size)
{
	const char *version = hs_version();
	crypto_generichash_state state;
	hs_platform_info_t platform;
	unsigned char key[KEY_OCTETS];

	memset(&platform, 0, sizeof(platform)); /* what lies between its members too */
	if (sodium_init() < 0 || hs_populate_platform(&platform) != HS_SUCCESS)
		return false;
	crypto_generichash_init(&state, NULL, 0, sizeof(key));
	crypto_generichash_update(&state, (const unsigned char *)&platform, sizeof(platform));
	crypto_generichash_update(&state, (const unsigned char *)version, strlen(version) + 1);
	if (!hash_program(&state))
		return false;
	crypto_generichash_update(&state, (const unsigned char *)text, size);
	crypto_generichash_final(&state, key, sizeof(key));
	sodium_bin2hex(name, NAME_SIZE, key, sizeof(key));
	strcat(name, SUFFIX);
	return true;
}

/* Octets of the file, as image_open() wants them, to free(); NULL: there is none. */
static void *read_file(int folder, const char *name, size_t *size)
{
	const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char *octets = NULL;
	struct stat s;

	*size = 0;
	if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > 0 &&
	    (uint64_t)s.st_size <= COMPILED_OCTETS)
		octets = aligned_alloc(IMAGE_ALIGN, ((size_t)s.st_size + IMAGE_ALIGN - 1) /
		                                            IMAGE_ALIGN * IMAGE_ALIGN);
	while (octets != NULL && *size < (size_t)s.st_size) {
		const ssize_t n = read(fd, octets + *size, (size_t)s.st_size - *size);
		if (n <= 0)
			break; /* image_open() finds it too short */
		*size += (size_t)n;
	}
	if (octets != NULL)
		(void)futimens(fd, NULL); /* when it was used: see remove_one() */
	if (fd >= 0)
		close(fd);
	return octets;
}

/* Patterns of the image are those of the set, in every field. */
static bool is_of(const struct image *image, const struct rule_set *set,
                  const struct rule_program *program)
{
	bool same = image->n_rules == set->n_rules && image->n_patterns == set->n_patterns;

	for (uint32_t i = 0; same && i < set->n_patterns; i++) {
		const struct image_pattern row = rule_engine_pattern(set, program, i);
		same = memcmp(&row, &image->patterns[i], sizeof(row)) == 0;
	}
	return same;
}

static bool take(struct rule_program *out, const struct rule_set *set, const void *octets,
                 size_t size)
{
	char error[IMAGE_ERROR_SIZE];
	struct image image;

	if (image_open(&image, octets, size, error) != 0)
		return false;
	*out = (struct rule_program){ image.database, image.literals, image.plain, NULL };
	image.database = image.literals = image.plain = NULL; /* ours now */
	bool taken = true;
	if (image.excerpts != NULL) {
		out->excerpts = calloc(image.n_patterns, sizeof(*out->excerpts));
		taken = out->excerpts != NULL;
		for (uint32_t i = 0; taken && i < image.n_patterns; i++)
			out->excerpts[i] = image.excerpts[i];
	}
	taken = taken && is_of(&image, set, out);
	image_close(&image);
	if (!taken)
		rule_program_free(out);
	return taken;
}

static int make_image(void **octets, size_t *size, const struct rule_set *set,
                      const struct rule_program *program)
{
	char error[IMAGE_BUILD_ERROR_SIZE];
	struct image_build *image = NULL;
	int result = image_build_open(&image);

	for (uint32_t i = 0; result == 0 && i < set->n_rules; i++) {
		struct image_build_rule rule = rule_image_rule(set, i);
		rule.row.id = i + 1;
		const int64_t index = image_build_rule(image, &rule);
		result = index < 0 ? (int)index : 0;
	}
	if (result == 0)
		result = rule_image_put(image, set, program);
	if (result == 0)
		result =
			image_build_memory(image, 1, (uint64_t)time(NULL), octets, size, error);
	image_build_close(image);
	return result;
}

/* Files of ours alone are counted, and removed. */
static bool is_ours(const char *name)
{
	const size_t digits = 2 * (size_t)KEY_OCTETS;

	return strspn(name, "0123456789abcdef") == digits &&
	       strncmp(name + digits, SUFFIX, sizeof(SUFFIX) - 1) == 0;
}

/* One of the files that are too many, the oldest, is removed; false: there is none. */
static bool remove_one(int folder)
{
	const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	char oldest[sizeof(((struct dirent *)NULL)->d_name)] = "";
	uint64_t octets = 0;
	unsigned n = 0;
	time_t when = 0;

	if (dir == NULL)
		return again >= 0 && close(again) != 0;
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		struct stat s;

		if (!is_ours(d->d_name) ||
		    fstatat(folder, d->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		octets += (uint64_t)s.st_size;
		if (n++ == 0 || s.st_mtime < when) {
			when = s.st_mtime;
			memcpy(oldest, d->d_name, strlen(d->d_name) + 1);
		}
	}
	closedir(dir);
	return (n > COMPILED_FILES || (octets > COMPILED_OCTETS && n > 1)) &&
	       unlinkat(folder, oldest, 0) == 0;
}

static bool write_all(int fd, const char *octets, size_t size)
{
	while (size > 0) {
		const ssize_t n = write(fd, octets, size);
		if (n <= 0)
			return false;
		octets += n;
		size -= (size_t)n;
	}
	return true;
}

/* By another name first: who reads meanwhile finds the old file, none, or the whole. */
static void write_file(int folder, const char *name, const void *octets, size_t size)
{
	char fresh[NAME_SIZE + 16];

	snprintf(fresh, sizeof(fresh), "%s.%d", name, (int)getpid());
	(void)unlinkat(folder, fresh, 0);
	const int fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	const bool whole = write_all(fd, octets, size);
	if (close(fd) != 0 || !whole || renameat(folder, fresh, folder, name) != 0)
		(void)unlinkat(folder, fresh, 0);
	while (remove_one(folder))
		;
}

static void keep(int folder, const char *name, const struct rule_set *set,
                 const struct rule_program *program)
{
	void *octets = NULL;
	size_t size = 0;

	if (make_image(&octets, &size, set, program) == 0 && size <= COMPILED_OCTETS)
		write_file(folder, name, octets, size);
	free(octets);
}

/* From the file: as rule_load(). -ENOENT: there is none that serves. */
static int load_kept(int folder, const char *name, struct rule_set **set,
                     struct rule_program *program, const char *text, size_t size)
{
	struct rule_set *read = NULL;
	struct problems problems; /* of a text that is kept there are none */
	size_t octets_size = 0;
	void *octets = read_file(folder, name, &octets_size);

	if (octets == NULL)
		return -ENOENT;
	problems_init(&problems, "");
	const bool taken = rule_set_read(&read, text, size, &problems) == 0 &&
	                   take(program, read, octets, octets_size);
	free(octets);
	if (!taken) {
		rule_set_free(read);
		return -ENOENT;
	}
	*set = read;
	return 0;
}

int compiled_load(struct rule_set **set, struct rule_program *program, const char *text,
                  size_t size, struct problems *problems, const char *folder)
{
	const int at = folder != NULL ? folder_open(folder) : -1;
	char name[NAME_SIZE] = "";

	if (at < 0)
		return rule_load(set, program, text, size, problems);
	const bool named = make_name(name, text, size);
	int result = named ? load_kept(at, name, set, program, text, size) : -ENOENT;
	if (result != 0) {
		result = rule_load(set, program, text, size, problems);
		if (result == 0 && named)
			keep(at, name, *set, program);
	}
	close(at);
	return result;
}
