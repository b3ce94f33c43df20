/*
 * HTTP with every bound set: connect, total and low-speed time, size after decompression,
 * redirects, schemes, addresses. There is no way to ask for none of them. The home of libcurl.
 *
 * Retrying is not done here.
 *
 * Layer: net.
 */
#ifndef MMSYNC_HTTP_H
#define MMSYNC_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/str.h"

struct mms_http_limits {
	int64_t timeout_ms,
		connect_timeout_ms;     /* total and connect                            */
	int64_t max_body_bytes;         /* after decompression                          */
	bool may_reach_private;         /* http.allow_private_hosts                     */
	const char *const *allow_hosts; /* "host:port" that may be private; borrowed    */
	size_t n_allow_hosts;
	const char
		*ca_file; /* NULL: the system's; borrowed                                    */
};

/*
 * Process-wide set-up of the library, with our allocator; once, before threads.
 * Errors: CONFIG (a libcurl without TLS, gzip or asynchronous look-ups), NOMEM, BUG.
 */
mms_rc mms_http_setup(struct mms_err *err) MMS_MUST_CHECK;
void mms_http_teardown(void);

/*
 * A client for one thread: connections and TLS sessions are reused between its requests. A
 * limit that is not set (<= 0) is the built-in one: 30 s, 10 s, 64 MiB.
 * Keeps: limits->ca_file. Errors: CONFIG (an entry of allow_hosts is not "host:port"), NOMEM.
 */
struct mms_http;
mms_rc mms_http_open(struct mms_http **out, const struct mms_http_limits *limits,
		     struct mms_err *err) MMS_MUST_CHECK;
void mms_http_close(struct mms_http *http);

struct mms_http_request {
	const char *method; /* NULL: GET                                                      */
	const char *url;    /* https, or http where the rules allow it; webcal means https    */
	bool is_feed;       /* a person's address: http allowed, guarded, no proxy, redirects
				followed (at most 5) and each checked again                     */
	const char *const
		*headers; /* "Name: value", borrowed, NULL-ended; NULL: none          */
	const char *if_none_match,
		*if_modified_since; /* NULL: not sent                        */
	const char *body; /* NULL: none                                                     */
	size_t body_len;
	int body_fd; /* > 0: the answer's body is written there; else into answer->body        */
	int64_t deadline_mono_ms; /* 0: only the limits                                     */
	bool wants_certificate;   /* say until when the server's own is valid               */
	const atomic_bool
		*is_stopped; /* checked while waiting; NULL: never                   */
};

/* All zero is empty. */
struct mms_http_answer {
	long status; /* of the last answer                                            */
	char *etag, *last_modified,
		*content_type; /* owned; NULL: not sent                     */
	int64_t retry_after_ms; /* < 0: absent; a date is turned into a delay                   */
	int64_t body_bytes; /* after decompression                                           */
	int64_t date_ms;    /* the server's clock as it answered (Date and Age); 0: not said */
	int64_t certificate_until_ms; /* Unix ms; 0: not asked for, or no TLS                */
	struct mms_str body;
};
void mms_http_answer_release(struct mms_http_answer *answer);

/*
 * One request. MMS_OK means that an answer arrived whole, whatever its status; *answer is
 * written then only (body_fd from its current position, also before a failure is known).
 * Errors: RETRY (no connection, time-out of the limits, cut off, wrong length; also when the
 * answer may be lost after the request took effect: only GET and its like are sent again by
 * themselves), CONFIG (address, scheme or certificate not acceptable; the hint says what to
 * do), ITEM (body or headers over the limit), STOPPED (the flag, or the caller's deadline),
 * NOMEM, BUG (a malformed method or header). Texts name scheme and host, never more.
 * Source: docs/http.md, docs/decisions/0004-http.md.
 */
mms_rc mms_http_run(struct mms_http *http, const struct mms_http_request *request,
		    struct mms_http_answer *answer, struct mms_err *err) MMS_MUST_CHECK;

/* "https://calendar.example.com": scheme and host of an address, for logs and errors. */
void mms_http_add_origin(struct mms_str *out, const char *url);

/* Requests sent so far (retries and redirects included), for counts. */
int64_t mms_http_n_requests(const struct mms_http *http);

#endif
