/* SPDX-License-Identifier: Apache-2.0 */
#include "image_octets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image_format.h"
#include "refuse.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_2_MIB 21 /* log2, mmap(2) */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Memory of our own, zeroed and writable, of huge pages where they can be had: reserved
 * ones, else transparent ones. Look-ups go to random places, and with pages of 4 KiB each
 * of them misses the TLB too. */
static void *take(size_t mapped)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	void *p = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
	               flags | MAP_HUGETLB | HUGE_2_MIB << MAP_HUGE_SHIFT, -1, 0);

	if (p != MAP_FAILED)
		return p;
	p = mmap(NULL, mapped, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (p != MAP_FAILED)
		(void)madvise(p, mapped, MADV_HUGEPAGE);
	return p;
}

static int make(struct image_octets **out, size_t size, char *text)
{
	struct image_octets *o = malloc(sizeof(*o));

	if (o == NULL)
		return refuse(text, -ENOMEM, "out of memory");
	o->size = size;
	o->mapped = (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	o->octets = take(o->mapped);
	if (o->octets == MAP_FAILED) {
		const int e = errno;
		free(o);
		return refuse(text, -e, "no memory for %zu octets: %s", size, strerror(e));
	}
	*out = o;
	return 0;
}

static int read_all(int fd, uint8_t *octets, size_t size)
{
	for (size_t done = 0; done < size;) {
		const ssize_t n = pread(fd, octets + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		done += (size_t)n;
	}
	return 0;
}

static int copy(struct image_octets **out, int fd, size_t size, char *text)
{
	struct image_octets *o = NULL;
	int rc = make(&o, size, text);

	if (o == NULL)
		return rc;
	rc = read_all(fd, o->octets, o->size);
	if (rc == 0 && mprotect(o->octets, o->mapped, PROT_READ) != 0)
		rc = -errno;
	if (rc != 0) {
		image_octets_release(o);
		return refuse(text, rc, "cannot read it: %s", strerror(-rc));
	}
	*out = o;
	return 0;
}

int image_octets_map(struct image_octets **out, int fd, uint64_t size,
                     char text[LINK_TEXT_SIZE])
{
	struct stat st;
	const int seals = fcntl(fd, F_GET_SEALS); /* fails on all but memory files */

	if (seals < 0 || (seals & SEALS) != SEALS)
		return refuse(text, -EPERM,
		              "the image is not in a memfd sealed against writing, "
		              "shrinking and growing");
	if (fstat(fd, &st) != 0)
		return refuse(text, -errno, "image: %s", strerror(errno));
	if ((uint64_t)st.st_size != size)
		return refuse(text, -EBADMSG,
		              "the image has %llu octets, the message says %llu",
		              (unsigned long long)st.st_size, (unsigned long long)size);
	return copy(out, fd, size, text);
}

/* The size that the file and its own header agree on, before memory is taken for it. */
static int64_t size_of(int fd, char *text)
{
	struct image_header header;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return refuse(text, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || read_all(fd, (void *)&header, sizeof(header)) != 0 ||
	    header.magic != IMAGE_MAGIC)
		return refuse(text, -EBADMSG, "not a table image");
	if (header.size != (uint64_t)st.st_size || header.size > IMAGE_SIZE_MAX)
		return refuse(text, -EBADMSG, "%llu octets, but its header says %llu",
		              (unsigned long long)st.st_size, (unsigned long long)header.size);
	return st.st_size;
}

static int copy_file(struct image_octets **out, int fd, char *text)
{
	const int64_t size = size_of(fd, text);

	return size < 0 ? (int)size : copy(out, fd, (size_t)size, text);
}

int image_octets_read(struct image_octets **out, const char *path, char text[LINK_TEXT_SIZE])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return refuse(text, -errno, "%s", strerror(errno));
	const int rc = copy_file(out, fd, text);
	close(fd);
	return rc;
}

void image_octets_release(void *image_octets)
{
	struct image_octets *o = image_octets;

	if (o == NULL)
		return;
	munmap(o->octets, o->mapped);
	free(o);
}
