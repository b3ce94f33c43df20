/*
 * How an answer of a fake service leaves: whole, or as badly as a struct feed_conf says. Used by
 * every fake that speaks HTTP.
 */
#ifndef SUPPORT_SERVED_H
#define SUPPORT_SERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "mmsync/json.h"
#include "support/feed_conf.h"
#include "support/squeeze.h"

/* One body while it goes out. All zero but stop_fd and connection is an empty one. */
struct served {
	int stop_fd; /* readable: the server is to end */
	struct MHD_Connection *connection;
	struct feed_conf conf; /* owned  */
	char *bytes;           /* owned, malloc */
	size_t len;
	struct squeeze_zeros *bomb; /* owned; NULL: none */
	const char *type;           /* where the conf names none */
};

/* Wait; false when the server is asked to end. */
bool served_pause_ms(int stop_fd, long ms);
void served_set_body(struct served *a, const char *text);
/* Queue it; it is freed when it has gone out, or cannot. */
enum MHD_Result
served_send(struct MHD_Connection *connection, struct served *a, unsigned status);
/* free(), of itself and what it owns. */
void served_free(void *cls);

/* The client's port: requests over one connection share it. */
int64_t served_peer(struct MHD_Connection *connection);
/* "name": "value" into an open map, the name in lower case; for MHD_get_connection_values(). */
enum MHD_Result
served_log_pair(void *cls, enum MHD_ValueKind kind, const char *key, const char *value);

#endif
