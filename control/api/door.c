/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Beyond DOOR_MAX: those who gave way and are not closed yet, and who is turned away. */
#define LEAVING_MAX 30u
#define VISITORS (DOOR_MAX + LEAVING_MAX + 2)
#define RETRY_US 100000 /* when accept() finds no file descriptor */

struct visitor {
	int fd; /* -1 = a free row */
	uid_t uid;
	bool answering, leaving, turned_away;
	uint64_t moved; /* door.moves at its last sign of life */
};

struct door {
	int listener;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock; /* of what is below */
	pthread_cond_t left;
	bool stop;
	unsigned leaving;
	uint64_t moves; /* order, not time: it never stands still */
	uint64_t gave_way, turned_away;
	struct visitor visitors[VISITORS];
};

static bool is_ours(uid_t uid) { return uid == 0 || uid == geteuid(); }

static bool is_there(const struct visitor *v) { return v->fd >= 0 && !v->leaving; }

/* Of this user, or of all others than root and us. All with the lock from here on. */
static unsigned count(const struct door *door, uid_t uid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VISITORS; i++)
		n += is_there(&door->visitors[i]) && door->visitors[i].uid == uid;
	return n;
}

static unsigned count_others(const struct door *door)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VISITORS; i++)
		n += is_there(&door->visitors[i]) && !is_ours(door->visitors[i].uid);
	return n;
}

static unsigned count_all(const struct door *door)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VISITORS; i++)
		n += is_there(&door->visitors[i]);
	return n;
}

/* Who waits for its client the longest, of this user; NULL: all are being answered. */
static struct visitor *stalest(struct door *door, uid_t uid)
{
	struct visitor *found = NULL;

	for (unsigned i = 0; i < VISITORS; i++) {
		struct visitor *v = &door->visitors[i];
		if (is_there(v) && !v->answering && v->uid == uid &&
		    (found == NULL || v->moved < found->moved))
			found = v;
	}
	return found;
}

/* The same, of the user who has most among those that have one. */
static struct visitor *stalest_of_most(struct door *door, bool others_alone)
{
	struct visitor *found = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < VISITORS; i++) {
		const struct visitor *v = &door->visitors[i];
		if (!is_there(v) || v->answering || (others_alone && is_ours(v->uid)))
			continue;
		const unsigned n = count(door, v->uid);
		if (n > most) {
			most = n;
			found = stalest(door, v->uid);
		}
	}
	return found;
}

/* false: there is no room, and nobody who could give way. */
static bool make_room(struct door *door, uid_t uid)
{
	struct visitor *v;

	if (!is_ours(uid) && count(door, uid) >= DOOR_SHARE)
		v = stalest(door, uid);
	else if (!is_ours(uid) && count_others(door) >= DOOR_OTHERS)
		v = stalest_of_most(door, true);
	else if (count_all(door) >= DOOR_MAX)
		v = stalest_of_most(door, false);
	else
		return true;
	if (v == NULL)
		return false;
	v->leaving = true;
	door->leaving++;
	door->gave_way += !v->turned_away;
	/* Its thread sees that it has ended; the number is its own until door_notify(). */
	shutdown(v->fd, SHUT_RDWR);
	/* One that was turned away was beyond the bound: so is who comes in its place. */
	return !v->turned_away;
}

static struct visitor *row_of(struct door *door, int fd)
{
	for (unsigned i = 0; i < VISITORS; i++)
		if (door->visitors[i].fd == fd)
			return &door->visitors[i];
	return NULL;
}

static void forget(struct door *door, struct visitor *v)
{
	door->leaving -= v->leaving;
	v->fd = -1;
	pthread_cond_signal(&door->left);
}

/* A row for it, or NULL: even those who are turned away are too many. */
static struct visitor *enter(struct door *door, int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return NULL;
	const bool room = make_room(door, peer.uid);
	struct visitor *v = row_of(door, -1);
	door->turned_away += !room;
	if (v != NULL)
		*v = (struct visitor){
			.fd = fd, .uid = peer.uid, .turned_away = !room, .moved = ++door->moves
		};
	return v;
}

/* Those who gave way are closed by their threads: no more than so many at once. */
static bool wait_left(struct door *door)
{
	while (!door->stop && door->leaving >= LEAVING_MAX)
		pthread_cond_wait(&door->left, &door->lock);
	return !door->stop;
}

static void let_in(struct door *door, int fd)
{
	const struct sockaddr_un nobody = { .sun_family = AF_UNIX };

	pthread_mutex_lock(&door->lock);
	struct visitor *v = wait_left(door) ? enter(door, fd) : NULL;
	pthread_mutex_unlock(&door->lock);
	if (v == NULL) {
		close(fd);
		return;
	}
	/* It closes the socket when it fails. */
	if (MHD_add_connection(door->daemon, fd, (const struct sockaddr *)&nobody,
	                       sizeof(nobody)) == MHD_YES)
		return;
	pthread_mutex_lock(&door->lock);
	if (v->fd == fd)
		forget(door, v);
	pthread_mutex_unlock(&door->lock);
}

static bool stops(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	const bool stop = door->stop;
	pthread_mutex_unlock(&door->lock);
	return stop;
}

static void *run(void *argument)
{
	struct door *door = argument;

	while (!stops(door)) {
		const int fd =
			accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			let_in(door, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			usleep(RETRY_US);
	}
	return NULL;
}

void door_notify(void *argument, struct MHD_Connection *connection, void **visitor,
                 enum MHD_ConnectionNotificationCode code)
{
	struct door *door = argument;

	pthread_mutex_lock(&door->lock);
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*visitor = row_of(door, MHD_get_connection_info(
						connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		                                ->connect_fd);
	else if (*visitor != NULL)
		forget(door, *visitor);
	pthread_mutex_unlock(&door->lock);
}

struct visitor *door_visitor(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
}

bool door_turned_away(const struct visitor *visitor) { return visitor->turned_away; }

void door_moved(struct door *door, struct visitor *visitor)
{
	pthread_mutex_lock(&door->lock);
	visitor->answering = false;
	visitor->moved = ++door->moves;
	pthread_mutex_unlock(&door->lock);
}

bool door_answering(struct door *door, struct visitor *visitor)
{
	pthread_mutex_lock(&door->lock);
	visitor->answering = !visitor->leaving;
	pthread_mutex_unlock(&door->lock);
	return visitor->answering;
}

void door_read(struct door *door, struct door_state *out)
{
	pthread_mutex_lock(&door->lock);
	*out = (struct door_state){ count_all(door), door->gave_way, door->turned_away };
	pthread_mutex_unlock(&door->lock);
}

int door_open(struct door **out, int listener)
{
	struct door *door = calloc(1, sizeof(*door));

	if (door == NULL)
		return -ENOMEM;
	door->listener = listener;
	for (unsigned i = 0; i < VISITORS; i++)
		door->visitors[i].fd = -1;
	pthread_mutex_init(&door->lock, NULL);
	pthread_cond_init(&door->left, NULL);
	*out = door;
	return 0;
}

int door_start(struct door *door, struct MHD_Daemon *daemon)
{
	door->daemon = daemon;
	const int result = -pthread_create(&door->thread, NULL, run, door);
	door->started = result == 0;
	return result;
}

void door_stop(struct door *door)
{
	pthread_mutex_lock(&door->lock);
	door->stop = true;
	pthread_cond_signal(&door->left);
	pthread_mutex_unlock(&door->lock);
	shutdown(door->listener, SHUT_RDWR); /* ends an accept() that waits */
	if (door->started)
		pthread_join(door->thread, NULL);
	close(door->listener);
}

void door_close(struct door *door)
{
	pthread_cond_destroy(&door->left);
	pthread_mutex_destroy(&door->lock);
	free(door);
}
