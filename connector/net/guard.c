/*
 * The text of an address: what may be asked for at all (see the header). Every text that goes
 * into an error names scheme and host, never more: paths and queries of feeds are secrets.
 */
#include "mmsync/guard.h"

#include <arpa/inet.h>
#include <string.h>

#include "mmsync/http.h"
#include "mmsync/mem.h"
#include "url.h"

/* Longer addresses are no addresses; Graph's next links are the longest seen, about 4 KiB. */
#define URL_MAX_BYTES 16384

static const char setting[] = "http.allow_hosts of the mmsync object in site_config.json";

void
mms_target_release(struct mms_target *target)
{
	if (target == NULL)
		return;
	mms_free(target->url);
	mms_free(target->host);
	mms_free(target->user);
	mms_free(target->password);
	*target = (struct mms_target){ 0 };
}

/* ---- http.allow_hosts --------------------------------------------------------------------- */

void
mms_guard_release(struct mms_guard *guard)
{
	if (guard == NULL)
		return;
	for (size_t i = 0; i < guard->n_hosts; i++)
		mms_free(guard->hosts[i].name);
	mms_free(guard->hosts);
	*guard = (struct mms_guard){ 0 };
}

static mms_rc
read_port(const struct mms_url *url, unsigned flags, uint16_t *out, struct mms_err *err)
{
	MMS_AUTO(mms_url_text) text = { 0 };
	mms_rc rc = mms_url_get(url, CURLUPART_PORT, flags, &text, err);
	unsigned port = 0;

	if (rc != MMS_OK)
		return rc;
	/* The library lets only 0 to 65535 pass. */
	for (const char *c = text.ptr; c != NULL && *c != '\0'; c++)
		port = port * 10 + (unsigned)(*c - '0');
	*out = (uint16_t)port;
	return MMS_OK;
}

/* One entry, read as the authority of an address that has nothing else. */
static mms_rc
read_entry(const char *entry, struct mms_guard_host *out, struct mms_err *err)
{
	MMS_AUTO(mms_url) url = { curl_url() };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) why = { 0 };

	if (url.handle == NULL)
		return mms_fail_nomem(err);
	mms_str_addf(&text, "http://%s/", entry);
	mms_rc rc = mms_str_check(&text, err);
	if (rc != MMS_OK)
		return rc;
	CURLUcode code = entry[strcspn(entry, "/?#@ ")] == '\0'
				 ? mms_url_set(&url, CURLUPART_URL, mms_str_get(&text))
				 : CURLUE_MALFORMED_INPUT;
	if (code == CURLUE_OK) {
		rc = read_port(&url, 0, &out->port, &why);
		if (rc == MMS_OK)
			rc = mms_url_host(&url, &out->name, &why);
	}
	if (code == CURLUE_OUT_OF_MEMORY || rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (code == CURLUE_OK && rc == MMS_OK && out->port != 0)
		return MMS_OK;
	mms_free(out->name);
	out->name = NULL;
	mms_fail(err, MMS_E_CONFIG, "%s: '%s' is not a host and a port", setting, entry);
	return mms_hint(err, "write it as \"calendar.example.com:443\"");
}

mms_rc
mms_guard_init(struct mms_guard *guard, bool may_reach_private, const char *const *allow_hosts,
	       size_t n, struct mms_err *err)
{
	*guard = (struct mms_guard){ .may_reach_private = may_reach_private };
	guard->hosts = mms_alloc((n > 0 ? n : 1) * sizeof *guard->hosts);
	if (guard->hosts == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < n; i++) {
		mms_rc rc = read_entry(allow_hosts[i], &guard->hosts[i], err);

		if (rc != MMS_OK) {
			mms_guard_release(guard);
			return rc;
		}
		guard->n_hosts++;
	}
	return MMS_OK;
}

static bool
is_listed(const struct mms_guard *guard, const char *host, uint16_t port)
{
	for (size_t i = 0; i < guard->n_hosts; i++)
		if (guard->hosts[i].port == port && strcmp(guard->hosts[i].name, host) == 0)
			return true;
	return false;
}

/* ---- what an address looks like ----------------------------------------------------------- */

static mms_rc
refuse_text(struct mms_err *err, const char *what)
{
	mms_fail(err, MMS_E_CONFIG, "the address cannot be used: %s", what);
	return mms_hint(err,
			"an address looks like https://calendar.example.com/path; special "
			"characters in a user name or password are written as %%40 and so on");
}

static mms_rc
refuse_code(struct mms_err *err, CURLUcode code)
{
	static const struct {
		CURLUcode code;
		const char *what;
	} rows[] = {
		{ CURLUE_BAD_PORT_NUMBER, "its port is not a number between 1 and 65535" },
		{ CURLUE_BAD_HOSTNAME, "its host name is not one" },
		{ CURLUE_NO_HOST, "it has no host name" },
		{ CURLUE_BAD_IPV6, "its host is not an IPv6 address" },
		{ CURLUE_BAD_PATH, "its path holds a control character" },
		{ CURLUE_BAD_QUERY, "its query holds a control character" },
	};

	/* BAD_LOGIN: in 7.88.1 the one failure of reading a login is out of memory. */
	if (code == CURLUE_OUT_OF_MEMORY || code == CURLUE_BAD_LOGIN)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		if (rows[i].code == code)
			return refuse_text(err, rows[i].what);
	return refuse_text(err, "it is not written as an address");
}

/* What may stand in front of an address. */
struct scheme {
	const char *text;
	const char *tail; /* what curl is given: "https" and the rest, or "http" and the rest */
	bool is_webcal;   /* http instead where the host is listed                            */
};

static const struct scheme schemes[] = {
	{ "https://", "https://", false },
	{ "http://", "http://", false },
	{ "webcals://", "https://", false },
	{ "webcal://", "https://", true },
};

static const struct scheme *
find_scheme(const char *url)
{
	for (size_t i = 0; i < MMS_COUNT(schemes); i++)
		if (strncasecmp(url, schemes[i].text, strlen(schemes[i].text)) == 0)
			return &schemes[i];
	return NULL;
}

/* Does it begin with a scheme of any kind ("mailto:", "file:")? RFC 3986 section 3.1. */
static bool
is_absolute(const char *url)
{
	size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789+-.");

	return n > 0 && (url[0] < '0' || url[0] > '9') && url[n] == ':';
}

/*
 * The host as it is spelled: between "//" and the path, without user and port. Empty where the
 * text has no authority (a relative redirect).
 */
static void
spelled_host(const char *url, const char **host, size_t *len)
{
	const char *start = find_scheme(url) != NULL ? strstr(url, "//") : url;

	*len = 0;
	*host = url;
	if (strncmp(start, "//", 2) != 0)
		return;
	start += 2;
	size_t n = strcspn(start, "/?#");
	const char *at = memrchr(start, '@', n);
	if (at != NULL) {
		n -= (size_t)(at + 1 - start);
		start = at + 1;
	}
	if (n > 0 && start[0] == '[')
		return;
	const char *colon = memchr(start, ':', n);
	*host = start;
	*len = colon != NULL ? (size_t)(colon - start) : n;
}

static bool
is_ipv4(const char *host)
{
	struct in_addr address;

	return inet_pton(AF_INET, host, &address) == 1;
}

/*
 * A host that ends in a number is an IPv4 address in some spelling ("2130706433", "0x7f.1",
 * "0177.0.0.1", percent-encoded, full-width digits). Only the plain one is taken: every other
 * is a way to write an address past a reader. WHATWG URL, "ends in a number checker".
 */
static bool
is_odd_ipv4(const char *host, const char *spelled, size_t len)
{
	const char *dot = strrchr(host, '.'), *last = dot != NULL ? dot + 1 : host;
	bool is_hex = last[0] == '0' && last[1] == 'x';
	const char *digits = is_hex ? "0123456789abcdef" : "0123456789";

	if (strchr(host, ':') != NULL || last[0] == '\0' ||
	    last[(is_hex ? 2 : 0) + strspn(last + (is_hex ? 2 : 0), digits)] != '\0')
		return false;
	if (!is_ipv4(host))
		return true;
	if (len > 0 && spelled[len - 1] == '.')
		len--;
	return len > 0 && (strlen(host) != len || memcmp(host, spelled, len) != 0);
}

/* ---- reading ------------------------------------------------------------------------------ */

static mms_rc
take_part(const struct mms_url *url, CURLUPart part, char **out, struct mms_err *err)
{
	MMS_AUTO(mms_url_text) text = { 0 };
	mms_rc rc = mms_url_get(url, part, CURLU_URLDECODE, &text, err);

	if (rc == MMS_E_ITEM)
		return refuse_text(err, "its user name or password cannot be read");
	if (rc != MMS_OK || text.ptr == NULL)
		return rc;
	*out = mms_text_copy(text.ptr);
	return *out == NULL ? mms_fail_nomem(err) : MMS_OK;
}

/* The address as it is sent: the host in its one form, no user, no password, no fragment. */
static mms_rc
print_url(const struct mms_url *url, struct mms_target *out, struct mms_err *err)
{
	static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_PASSWORD,
					      CURLUPART_OPTIONS, CURLUPART_FRAGMENT };
	MMS_AUTO(mms_url_text) host = { 0 }, text = { 0 };
	mms_rc rc = mms_url_get(url, CURLUPART_HOST, 0, &host, err);

	if (rc != MMS_OK)
		return rc;
	/* An IPv6 host keeps its zone, a name its final dot: both belong to the look-up. */
	size_t len = strlen(host.ptr), n = strlen(out->host);
	bool is_kept = host.ptr[0] == '[' ||
		       (len == n + 1 && host.ptr[n] == '.' && !is_ipv4(out->host));
	CURLUcode code = CURLUE_OK;
	if (!is_kept)
		code = mms_url_set(url, CURLUPART_HOST, out->host);
	for (size_t i = 0; i < MMS_COUNT(unwanted) && code == CURLUE_OK; i++)
		code = mms_url_set(url, unwanted[i], NULL);
	if (code == CURLUE_OK)
		code = curl_url_get(url->handle, CURLUPART_URL, &text.ptr, 0);
	if (code != CURLUE_OK)
		return refuse_code(err, code);
	out->url = mms_text_copy(text.ptr);
	return out->url == NULL ? mms_fail_nomem(err) : MMS_OK;
}

static mms_rc
refuse_http(const struct mms_target *to, struct mms_err *err)
{
	if (to->is_redirected) {
		mms_fail(err, MMS_E_CONFIG, "that would be http after https");
		return mms_hint(err, "ask whoever runs the server for an https address; if it "
				     "may be read unprotected, give the address it ends at");
	}
	mms_fail(err, MMS_E_CONFIG, "services are asked over https only");
	return mms_hint(err, "use https; a private server may use http when it is in %s",
			setting);
}

mms_rc
mms_guard_refuse(const struct mms_target *target, const char *range, struct mms_err *err)
{
	bool is_v6 = strchr(target->host, ':') != NULL;

	if (target->reach == MMS_REACH_PRIVATE) {
		mms_fail(err, MMS_E_CONFIG,
			 "http without protection is used inside a private network only, and "
			 "its address is not private");
		return mms_hint(err, "use https");
	}
	mms_fail(err, MMS_E_CONFIG, "it leads to %s, which feeds may not reach",
		 range != NULL ? range : "an address");
	return mms_hint(err,
			is_v6 ? "%sif it may be read, add \"[%s]:%u\" to %s"
			      : "%sif it may be read, add \"%s:%u\" to %s",
			target->is_redirected ? "a redirect leads there; " : "", target->host,
			(unsigned)target->port, setting);
}

/* Which sockets the target may have, from what the rules say of it; CONFIG where none. */
static mms_rc
decide(const struct mms_guard *guard, bool is_downgraded, struct mms_target *out,
       struct mms_err *err)
{
	bool may_be_private =
		guard->may_reach_private || is_listed(guard, out->host, out->port);
	bool needs_tls = !out->is_feed || is_downgraded;

	if (!out->is_tls && needs_tls && !may_be_private)
		return refuse_http(out, err);
	if (!out->is_tls && needs_tls)
		out->reach = MMS_REACH_PRIVATE;
	else if (!out->is_feed || may_be_private)
		out->reach = MMS_REACH_ANY;
	else
		out->reach = MMS_REACH_PUBLIC;

	/* A numeric host need not wait for its socket. */
	if (is_ipv4(out->host) || strchr(out->host, ':') != NULL) {
		const char *range = mms_guard_range_of_text(out->host);

		if (!mms_guard_may_reach(out->reach, range))
			return mms_guard_refuse(out, range, err);
	}
	return MMS_OK;
}

/* Host and port of a parsed address, its http form where that is what webcal means. */
static mms_rc
read_place(const struct mms_guard *guard, const struct mms_url *url, bool is_webcal,
	   struct mms_target *out, struct mms_err *err)
{
	MMS_AUTO(mms_url_text) port = { 0 }, scheme = { 0 };
	mms_rc rc = mms_url_host(url, &out->host, err);

	if (rc == MMS_E_ITEM)
		return refuse_text(err, "its host name cannot be written in ASCII");
	if (rc == MMS_OK)
		rc = mms_url_get(url, CURLUPART_PORT, 0, &port, err);
	if (rc == MMS_OK && port.ptr != NULL)
		rc = read_port(url, 0, &out->port, err);
	if (rc != MMS_OK)
		return rc;
	if (is_webcal && is_listed(guard, out->host, port.ptr != NULL ? out->port : 80)) {
		CURLUcode code = mms_url_set(url, CURLUPART_SCHEME, "http");

		if (code != CURLUE_OK)
			return refuse_code(err, code);
	}
	rc = mms_url_get(url, CURLUPART_SCHEME, 0, &scheme, err);
	if (rc == MMS_OK)
		rc = read_port(url, CURLU_DEFAULT_PORT, &out->port, err);
	if (rc != MMS_OK)
		return rc;
	out->is_tls = strcmp(scheme.ptr, "https") == 0;
	return out->port == 0 ? refuse_code(err, CURLUE_BAD_PORT_NUMBER) : MMS_OK;
}

/* A parsed address to a target; `spelling` is the text it came from. */
static mms_rc
read_parsed(const struct mms_guard *guard, const struct mms_url *url, const char *spelling,
	    bool is_webcal, const struct mms_target *from, struct mms_target *out,
	    struct mms_err *err)
{
	const char *host;
	size_t len;
	mms_rc rc = read_place(guard, url, is_webcal, out, err);

	if (rc != MMS_OK)
		return rc;
	spelled_host(spelling, &host, &len);
	if ((len > 0 || from == NULL) && is_odd_ipv4(out->host, host, len))
		return refuse_text(err, "its host is a number that is not written as an IPv4 "
					"address");
	bool is_webcal_http = is_webcal && !out->is_tls;
	rc = decide(guard, is_webcal_http || (from != NULL && from->is_tls), out, err);
	if (rc == MMS_OK && from == NULL)
		rc = take_part(url, CURLUPART_USER, &out->user, err);
	if (rc == MMS_OK && from == NULL)
		rc = take_part(url, CURLUPART_PASSWORD, &out->password, err);
	if (rc == MMS_OK)
		rc = print_url(url, out, err);
	return rc;
}

/* `text` over `base` (NULL: none), `from` where it is a redirect's. */
static mms_rc
read_text(const struct mms_guard *guard, const char *base, const char *text,
	  const struct mms_target *from, struct mms_target *out, struct mms_err *err)
{
	size_t blank = strspn(text, " \t\r\n"), len = strlen(text + blank);
	const struct scheme *scheme = find_scheme(text + blank);
	MMS_AUTO(mms_url) url = { curl_url() };
	MMS_AUTO(mms_str) whole = { 0 };

	if (url.handle == NULL)
		return mms_fail_nomem(err);
	while (len > 0 && strchr(" \t\r\n", text[blank + len - 1]) != NULL)
		len--;
	if (len > URL_MAX_BYTES)
		return refuse_text(err, "it is too long");
	if (scheme == NULL && (base == NULL || is_absolute(text + blank)))
		return refuse_text(err,
				   "it begins with none of https://, http:// and webcal://");

	size_t skip = scheme != NULL ? strlen(scheme->text) : 0;
	if (scheme != NULL && (len == skip || text[blank + skip] == '/'))
		return refuse_code(err, CURLUE_NO_HOST);
	mms_str_add(&whole, scheme != NULL ? scheme->tail : "");
	mms_str_addn(&whole, text + blank + skip, len - skip);
	mms_rc rc = mms_str_check(&whole, err);
	if (rc != MMS_OK)
		return rc;
	CURLUcode code = CURLUE_OK;
	if (base != NULL)
		code = mms_url_set(&url, CURLUPART_URL, base);
	if (code == CURLUE_OK)
		code = mms_url_set(&url, CURLUPART_URL, mms_str_get(&whole));
	if (code != CURLUE_OK)
		return refuse_code(err, code);
	return read_parsed(guard, &url, mms_str_get(&whole),
			   scheme != NULL && scheme->is_webcal, from, out, err);
}

/* Finish a reading: hand the target out, or say of which host the failure tells. */
static mms_rc
hand_out(mms_rc rc, struct mms_target *target, struct mms_target *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) origin = { 0 };

	if (rc == MMS_OK) {
		*out = *target;
		return MMS_OK;
	}
	if (target->host != NULL) {
		mms_url_add_origin(&origin, target->is_tls ? "https" : "http", target->host);
		(void)mms_fail_in(err, "%s%s", target->is_redirected ? "redirected to " : "",
				  mms_str_get(&origin));
	}
	mms_target_release(target);
	return rc;
}

mms_rc
mms_guard_read(const struct mms_guard *guard, const char *url, bool is_feed,
	       struct mms_target *out, struct mms_err *err)
{
	struct mms_target target = { .is_feed = is_feed };
	mms_rc rc = read_text(guard, NULL, url, NULL, &target, err);

	return hand_out(rc, &target, out, err);
}

mms_rc
mms_guard_follow(const struct mms_guard *guard, const struct mms_target *from,
		 const char *location, struct mms_target *out, struct mms_err *err)
{
	struct mms_target target = { .is_feed = true, .is_redirected = true };
	mms_rc rc = read_text(guard, from->url, location, from, &target, err);

	return hand_out(rc, &target, out, err);
}

bool
mms_guard_same_origin(const struct mms_target *a, const struct mms_target *b)
{
	if (strcmp(a->host, b->host) != 0)
		return false;
	if (a->is_tls == b->is_tls)
		return a->port == b->port;
	return b->is_tls && a->port == 80 && b->port == 443;
}
