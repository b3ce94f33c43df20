/* What the files of the HTTP client share; nobody else includes it (but its tests). */
#ifndef NET_HTTP_INTERNAL_H
#define NET_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "mmsync/guard.h"
#include "mmsync/http.h"

struct mms_http {
	CURLM *multi; /* owned: connections, TLS sessions and names looked up live here */
	CURL *easy;   /* owned: one request at a time                                   */
	struct mms_http_limits limits; /* every bound set                           */
	struct mms_guard guard;
	int64_t n_requests;
};

/* ---- http_head.c: the headers of one answer ------------------------------------------------ */

/* Servers send some twenty lines; both ceilings are for hostile ones. */
#define MMS_HTTP_HEAD_MAX_LINES 256
#define MMS_HTTP_HEAD_MAX_BYTES 65536

/* All zero is empty; texts are owned, NULL where the answer has none. */
struct mms_http_head {
	long status;
	char *etag, *last_modified, *content_type, *location, *retry_after, *date, *age;
	bool is_complete; /* the empty line has come: what follows is a trailer */
	size_t n_lines, n_bytes;
};
void mms_http_head_release(struct mms_http_head *head);
/*
 * One line as it comes, with or without its line end. A status line starts over (100 Continue
 * comes before the answer). Errors: ITEM (over a ceiling), NOMEM.
 */
mms_rc mms_http_head_add(struct mms_http_head *head, const char *line, size_t len,
			 struct mms_err *err) MMS_MUST_CHECK;

/*
 * Retry-After, seconds or a date, as a delay in ms; -1: absent or neither. A date counts from
 * the answer's own Date, so that a wrong clock here does not matter; without one, from now_ms.
 * Source: RFC 9110 section 10.2.3.
 */
int64_t mms_http_retry_after_ms(const char *value, const char *date, int64_t now_ms);

/* A date of HTTP or of a certificate as Unix ms; 0: none. */
int64_t mms_http_date_ms(const char *text);

/*
 * The server's clock when the answer was sent: its Date, and the seconds (Age) that it has lain
 * in a cache since. 0: not said. Source: RFC 9111 section 5.1.
 */
int64_t mms_http_server_clock_ms(const char *date, const char *age);

/* May the text be sent as (part of) a header line? No control characters. */
bool mms_http_is_header_text(const char *text);

/* ---- http_codes.c: what the library's codes mean ------------------------------------------- */

struct mms_http_code {
	CURLcode code;
	mms_rc rc;
	const char *text; /* a sentence without a full stop */
	const char *hint; /* NULL: none                     */
};
/* The row of a code; a row for all others where it has none. Borrows: static. */
const struct mms_http_code *mms_http_code(CURLcode code);
/* What is wrong with a certificate, from CURLINFO_SSL_VERIFYRESULT. Borrows: static. */
const struct mms_http_code *mms_http_certificate(long verify_result);

/* ---- http_transfer.c: one request and its answer, no redirects ----------------------------- */

struct mms_http_transfer {
	struct mms_http *http;                  /* borrowed */
	const struct mms_http_request *request; /* borrowed */
	const struct mms_target *first; /* borrowed: the caller's address, with its user     */
	const struct mms_target *to;    /* borrowed: where this request goes                 */
	bool is_same_origin;    /* what the caller gave for its address may be sent here  */
	bool follows_redirects; /* the body of a redirect is thrown away                  */
	int64_t until_mono_ms;  /* when the client's total limit ends                     */
	/* what came */
	struct mms_http_head head; /* owned */
	struct mms_str body;       /* owned */
	int64_t body_bytes;
	int64_t certificate_until_ms; /* 0: not asked for, or no TLS */
};
void mms_http_transfer_release(struct mms_http_transfer *transfer);
/* Errors: as mms_http_run(), their texts without the origin. */
mms_rc
mms_http_transfer_run(struct mms_http_transfer *transfer, struct mms_err *err) MMS_MUST_CHECK;
/* Does the answer lead elsewhere, and shall it be followed? */
bool mms_http_transfer_is_redirect(const struct mms_http_transfer *transfer);

#endif
