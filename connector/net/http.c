/*
 * The HTTP client: one request with its redirects. A redirect is a new address from a stranger,
 * so it passes the guard like the first one; the library itself follows none.
 */
#include "mmsync/http.h"

#include <string.h>

#include "http_internal.h"
#include "mmsync/clock.h"
#include "mmsync/mem.h"
#include "url.h"

#define REDIRECTS_MAX 5
/* Connections kept for the next request. */
#define IDLE_CONNECTIONS 8

/* What a limit is when it is not set: there is no way to have none. */
#define DEFAULT_TIMEOUT_MS         30000
#define DEFAULT_CONNECT_TIMEOUT_MS 10000
#define DEFAULT_MAX_BODY_BYTES     ((int64_t)64 * 1024 * 1024)
/* Ceilings of the ceilings: a day, 4 GiB. */
#define TIMEOUT_MAX_MS ((int64_t)86400 * 1000)
#define BODY_MAX_BYTES ((int64_t)4096 * 1024 * 1024)

mms_rc
mms_http_setup(struct mms_err *err)
{
	CURLcode code =
		curl_global_init_mem(CURL_GLOBAL_DEFAULT, mms_hook_malloc, mms_hook_free,
				     mms_hook_realloc, mms_hook_strdup, mms_hook_calloc);

	if (code == CURLE_OUT_OF_MEMORY)
		return mms_fail_nomem(err);
	if (code != CURLE_OK)
		return mms_fail(err, MMS_E_BUG, "the HTTP library cannot be set up (%d)",
				(int)code);

	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	int wanted = CURL_VERSION_SSL | CURL_VERSION_LIBZ | CURL_VERSION_ASYNCHDNS;
	if ((info->features & wanted) == wanted)
		return MMS_OK;
	mms_http_teardown();
	mms_fail(err, MMS_E_CONFIG,
		 "this libcurl lacks TLS, gzip or look-ups that can be interrupted");
	return mms_hint(err, "install libcurl4 of Debian 12 or later");
}

void
mms_http_teardown(void)
{
	curl_global_cleanup();
}

static int64_t
bound(int64_t value, int64_t otherwise, int64_t max)
{
	if (value <= 0)
		return otherwise;
	return value < max ? value : max;
}

mms_rc
mms_http_open(struct mms_http **out, const struct mms_http_limits *limits, struct mms_err *err)
{
	struct mms_http *http = mms_alloc(sizeof *http);

	if (http == NULL)
		return mms_fail_nomem(err);
	http->limits = *limits;
	http->limits.timeout_ms = bound(limits->timeout_ms, DEFAULT_TIMEOUT_MS, TIMEOUT_MAX_MS);
	http->limits.connect_timeout_ms =
		bound(limits->connect_timeout_ms, DEFAULT_CONNECT_TIMEOUT_MS, TIMEOUT_MAX_MS);
	http->limits.max_body_bytes =
		bound(limits->max_body_bytes, DEFAULT_MAX_BODY_BYTES, BODY_MAX_BYTES);

	mms_rc rc = mms_guard_init(&http->guard, limits->may_reach_private, limits->allow_hosts,
				   limits->n_allow_hosts, err);
	if (rc == MMS_OK) {
		http->multi = curl_multi_init();
		http->easy = curl_easy_init();
		if (http->multi == NULL || http->easy == NULL ||
		    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
				      (long)IDLE_CONNECTIONS) != CURLM_OK)
			rc = mms_fail_nomem(err);
	}
	if (rc == MMS_OK)
		*out = http;
	else
		mms_http_close(http);
	return rc;
}

void
mms_http_close(struct mms_http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->easy);
	(void)curl_multi_cleanup(http->multi);
	mms_guard_release(&http->guard);
	mms_free(http);
}

int64_t
mms_http_n_requests(const struct mms_http *http)
{
	return http->n_requests;
}

void
mms_http_answer_release(struct mms_http_answer *answer)
{
	if (answer == NULL)
		return;
	mms_free(answer->etag);
	mms_free(answer->last_modified);
	mms_free(answer->content_type);
	mms_str_release(&answer->body);
	*answer = (struct mms_http_answer){ 0 };
}

/* What our own code hands in: a line end in it would be a second header. */
static mms_rc
check_request(const struct mms_http_request *request, struct mms_err *err)
{
	bool is_good = true;

	if (request->method != NULL)
		is_good = request->method[0] != '\0' &&
			  request->method[strspn(request->method,
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		is_good = is_good && mms_http_is_header_text(request->headers[i]) &&
			  strchr(request->headers[i], ':') != NULL;
	if (is_good)
		return MMS_OK;
	return mms_fail(err, MMS_E_BUG, "a request with a malformed method or header");
}

/* "https://a.example.com", and where a redirect has led since. */
static mms_rc
add_place(const struct mms_target *first, const struct mms_target *now, struct mms_err *err)
{
	MMS_AUTO(mms_str) place = { 0 };

	mms_url_add_origin(&place, first->is_tls ? "https" : "http", first->host);
	if (now != first) {
		mms_str_add(&place, ": redirected to ");
		mms_url_add_origin(&place, now->is_tls ? "https" : "http", now->host);
	}
	return mms_fail_in(err, "%s", mms_str_get(&place));
}

static void
take_answer(struct mms_http_transfer *t, struct mms_http_answer *answer)
{
	*answer = (struct mms_http_answer){
		.status = t->head.status,
		.etag = t->head.etag,
		.last_modified = t->head.last_modified,
		.content_type = t->head.content_type,
		.retry_after_ms = mms_http_retry_after_ms(t->head.retry_after, t->head.date,
							  mms_clock_now_ms(NULL)),
		.body_bytes = t->body_bytes,
		.date_ms = mms_http_server_clock_ms(t->head.date, t->head.age),
		.certificate_until_ms = t->certificate_until_ms,
		.body = t->body,
	};
	t->head.etag = t->head.last_modified = t->head.content_type = NULL;
	t->body = (struct mms_str){ 0 };
}

/* The next place of a redirect, in *next; *now is the one that redirects. */
static mms_rc
follow(const struct mms_http *http, const struct mms_target *now, const char *location,
       unsigned n_redirects, struct mms_target *next, struct mms_err *err)
{
	if (n_redirects >= REDIRECTS_MAX) {
		mms_fail(err, MMS_E_CONFIG, "redirected more than %d times", REDIRECTS_MAX);
		return mms_hint(err, "open the address in a browser and give the address it "
				     "ends at");
	}
	return mms_guard_follow(&http->guard, now, location, next, err);
}

/* One step of a run: the request to `now`; `first` is where it began. */
static mms_rc
run_step(struct mms_http *http, const struct mms_http_request *request,
	 const struct mms_target *first, const struct mms_target *now, int64_t until_mono_ms,
	 struct mms_http_transfer *t, struct mms_err *err)
{
	bool is_get = request->method == NULL || strcmp(request->method, "GET") == 0;

	*t = (struct mms_http_transfer){
		.http = http,
		.request = request,
		.first = first,
		.to = now,
		.is_same_origin = now == first || mms_guard_same_origin(first, now),
		.follows_redirects = request->is_feed && is_get && request->body == NULL,
		.until_mono_ms = until_mono_ms,
	};
	mms_rc rc = mms_http_transfer_run(t, err);
	return rc == MMS_OK ? MMS_OK : add_place(first, now, err);
}

static mms_rc
run_chain(struct mms_http *http, const struct mms_http_request *request,
	  struct mms_http_answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_target) first = { 0 }, later = { 0 };
	const struct mms_target *now = &first;
	int64_t until_mono_ms = mms_clock_mono_ms() + http->limits.timeout_ms;
	mms_rc rc = check_request(request, err);

	if (rc == MMS_OK)
		rc = mms_guard_read(&http->guard, request->url, request->is_feed, &first, err);
	for (unsigned n = 0; rc == MMS_OK; n++) {
		MMS_AUTO(mms_http_transfer) t = { 0 };
		struct mms_target next = { 0 };

		rc = run_step(http, request, &first, now, until_mono_ms, &t, err);
		if (rc != MMS_OK)
			return rc;
		if (!mms_http_transfer_is_redirect(&t)) {
			take_answer(&t, answer);
			return MMS_OK;
		}
		rc = follow(http, now, t.head.location, n, &next, err);
		if (rc != MMS_OK)
			return add_place(&first, now, err);
		mms_target_release(&later);
		later = next;
		now = &later;
	}
	return rc;
}

mms_rc
mms_http_run(struct mms_http *http, const struct mms_http_request *request,
	     struct mms_http_answer *answer, struct mms_err *err)
{
	unsigned long n_failed = mms_mem_n_failed();
	mms_rc rc = run_chain(http, request, answer, err);

	/* The library tells out of memory as "host not found", "no answer", "damaged". */
	if (rc != MMS_OK && rc != MMS_E_STOPPED && mms_mem_n_failed() != n_failed)
		return mms_fail_nomem(err);
	return rc;
}
