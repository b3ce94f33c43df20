/*
 * libcurl's URL parser, as the files of this folder use it: the same parser that sends the
 * request also judges it, so that the two never read an address differently.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>

#include <curl/curl.h>

#include "mmsync/err.h"

/* A handle that MMS_AUTO releases. */
struct mms_url {
	CURLU *handle; /* owned */
};
void mms_url_release(struct mms_url *url);

/* A text of the library that MMS_AUTO releases. */
struct mms_url_text {
	char *ptr; /* owned by the library; NULL: none */
};
void mms_url_text_release(struct mms_url_text *text);

/* Set a part; an address may hold blanks and raw UTF-8 in its path and query. */
CURLUcode mms_url_set(const struct mms_url *url, CURLUPart part, const char *text);
/* Get a part; *has is false where the address has none. Errors: NOMEM, ITEM (undecodable). */
mms_rc mms_url_get(const struct mms_url *url, CURLUPart part, unsigned flags,
		   struct mms_url_text *out, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The host in its one form: lower case, ASCII (IDN as xn--), no brackets, no final dot.
 * Owns: *out, mms_free(). Errors: ITEM (not a host name), NOMEM.
 */
mms_rc mms_url_host(const struct mms_url *url, char **out, struct mms_err *err) MMS_MUST_CHECK;

/* "https://host", the host as mms_url_host() gives it; an IPv6 one in brackets. */
void mms_url_add_origin(struct mms_str *out, const char *scheme, const char *host);

#endif
