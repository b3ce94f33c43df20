/* How one name of the fake feed server behaves: the text of NAME.conf (tests/fakes/README.md). */
#ifndef SUPPORT_FEED_CONF_H
#define SUPPORT_FEED_CONF_H

#include <stdbool.h>
#include <stddef.h>

enum feed_drop { DROP_NOT, DROP_BEFORE, DROP_AFTER };

#define FEED_CONF_HEADERS 512

/* All zero and -1 where it says so: see feed_conf_read(). Texts point into `text`. */
struct feed_conf {
	char *text;      /* owned: the file, cut into words  */
	char wrong[128]; /* not empty: a line that is no conf */
	const char *etag, *last_modified, *type, *retry_after, *redirect, *encoding;
	const char *user, *password;
	const char *headers[FEED_CONF_HEADERS]; /* "Name: value" */
	size_t n_headers;
	long status;                              /* 0: as the rest says */
	long truncate, wrong_length, reset_after; /* -1: not */
	long drip_bytes, drip_ms, stall_ms, bomb_mb;
	bool is_gzip, is_html, is_chunked, is_http10, is_closing;
	enum feed_drop drop;
};

/*
 * Read a conf; lines after `times N` count only while n_used < N. *has_times tells that there is
 * such a line and it still counts. Owns: conf->text, feed_conf_release().
 */
void
feed_conf_read(struct feed_conf *conf, const char *text, unsigned long n_used, bool *has_times);
void feed_conf_release(struct feed_conf *conf);

#endif
