/* Links that the service gives us to follow: with them goes the person's token. */
#include <string.h>
#include <strings.h>

#include "outlook_parts.h"

/* Tokens of large calendars have some thousand letters. */
#define CURSOR_BYTES ((size_t)64 * 1024)

/* The parts of an address that say who is asked. Borrows. */
struct place {
	const char *scheme, *host;
	size_t scheme_len, host_len;
	long port;
};

/* Digits to the end; -1: they are none, or too many. */
static long
read_port(const char *p, const char *end)
{
	long port = 0;

	if (p == end)
		return -1;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9' || port > 65535)
			return -1;
		port = port * 10 + (*p - '0');
	}
	return port;
}

static long
usual_port(const struct place *place)
{
	bool is_plain = place->scheme_len == 4 && strncasecmp(place->scheme, "http", 4) == 0;

	return is_plain ? 80 : 443;
}

/* What no address has that means one thing only: blanks, control characters, "\", other than ASCII. */
static bool
is_clean(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text == 0x7f || *text == '\\' || (signed char)*text < 0)
			return false;
	}
	return true;
}

/* "https://host:port", to the first "/", "?" or "#", or the end. False: it is no such thing. */
static bool
read_place(const char *text, struct place *out)
{
	const char *colon = strstr(text, "://");

	if (colon == NULL || colon == text)
		return false;
	*out = (struct place){ .scheme = text, .scheme_len = (size_t)(colon - text) };
	out->host = colon + 3;
	const char *end = out->host + strcspn(out->host, "/?#");
	const char *port = out->host[0] == '['
				   ? memchr(out->host, ']', (size_t)(end - out->host))
				   : out->host;
	if (port == NULL || memchr(out->host, '@', (size_t)(end - out->host)) != NULL)
		return false;
	port = memchr(port, ':', (size_t)(end - port));
	out->host_len = (size_t)((port != NULL ? port : end) - out->host);
	out->port = port != NULL ? read_port(port + 1, end) : usual_port(out);
	return out->host_len > 0 && out->port > 0;
}

bool
outlook_link_is_own(const char *origin, const char *link)
{
	struct place own, other;

	return is_clean(link) && read_place(origin, &own) && read_place(link, &other) &&
	       own.scheme_len == other.scheme_len &&
	       strncasecmp(own.scheme, other.scheme, own.scheme_len) == 0 &&
	       own.host_len == other.host_len &&
	       strncasecmp(own.host, other.host, own.host_len) == 0 && own.port == other.port;
}

/* An address that leads to changes. Whether it is our server's is asked where it is used. */
bool
outlook_is_cursor(const char *text)
{
	struct place place;

	if (strlen(text) > CURSOR_BYTES || !is_clean(text) || !read_place(text, &place))
		return false;
	bool is_http = (place.scheme_len == 5 && strncasecmp(text, "https", 5) == 0) ||
		       (place.scheme_len == 4 && strncasecmp(text, "http", 4) == 0);
	const char *token = strcasestr(text, "deltatoken");

	if (!is_http || token == NULL)
		return false;
	token += strlen("deltatoken");
	size_t sign = strncasecmp(token, "%3d", 3) == 0 ? 3 : *token == '=';
	return sign > 0 && token[sign] != '\0' && token[sign] != '&';
}

mms_rc
outlook_check_link(const struct outlook_session *s, const char *link, struct mms_err *err)
{
	if (outlook_link_is_own(s->origin, link))
		return MMS_OK;
	mms_fail(
		err, MMS_E_CONFIG,
		"calendar '%s' of '%s': a page of Microsoft's leads to another server than %s, "
		"which was not followed",
		s->service.id, s->service.calendar->integration, s->origin);
	return mms_hint(err, "check microsoft.api_base, and whether a proxy stands between");
}
