/*
 * A cable between a client and a server, over TCP, that breaks when told: it passes bytes on and knows no protocol. (What
 * happens to one statement of MariaDB is support/relay.h.) Serves on 127.0.0.1, port of its own.
 */
#ifndef SUPPORT_CABLE_H
#define SUPPORT_CABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum cable_mode {
	CABLE_WHOLE,
	CABLE_CUT,   /* each connection ends after so many bytes of answers; 0: at once */
	CABLE_BLACK, /* nothing comes through in either direction, and nothing ends     */
	CABLE_SLOW,  /* so many bytes of answers every millisecond                      */
};

struct cable {
	unsigned port;
	char host[32]; /* "127.0.0.1:port" */
	char socket[108];
	unsigned to_port; /* of the server on 127.0.0.1; 0: it is at the socket */
	int listen_fd, tell_fd, told_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	enum cable_mode mode;
	size_t bytes;
	unsigned n_links, n_cuts; /* connections so far, and those that it has ended */
	bool is_over;
};

/* Between clients and a server on 127.0.0.1, or at a socket (port 0). */
void cable_start(struct cable *cable, unsigned to_port, const char *socket);
void cable_stop(struct cable *cable);
void cable_set(struct cable *cable, enum cable_mode mode, size_t bytes);
/* How many connections it has cut. */
unsigned cable_n_cuts(struct cable *cable);

#endif
