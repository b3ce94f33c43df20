/*
 * One request over libcurl: every bound set, the address of every socket judged, the answer
 * counted while it streams in. Never CURLOPT_VERBOSE, no error buffer: both quote addresses and
 * headers.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_internal.h"
#include "mmsync/clock.h"
#include "mmsync/fault.h"

/* How often the stop flag is looked at while nothing arrives, ms. */
#define LOOK_MS 100
/* Slower than this over half of the total limit is given up, bytes a second. */
#define LOW_SPEED_BYTES 64
/* An idle connection is used again for so long; servers close theirs after 60 s and more. */
#define IDLE_MAX_S 30
/* The wire may carry more than the body: chunk sizes, what does not compress. */
#define WIRE_SLACK_BYTES 65536

#define USER_AGENT \
	"mmsync/" MMS_VERSION " (gzip)" /* Google compresses only for a "gzip" in it */

/* What a callback found; the library only hears "stop". */
struct watch {
	struct mms_http_transfer *transfer; /* borrowed */
	struct curl_slist *headers;         /* owned    */
	CURLcode setup;                     /* the first option that failed              */
	struct mms_err err;                 /* owned; set: the transfer was ended by us  */
	const char *refused_range;          /* of the last refused socket, NULL: public  */
	bool is_refused;                    /* a socket was refused                      */
	unsigned n_sockets;                 /* sockets that were made                    */
	unsigned n_sent;                    /* times the request went out                */
};

static void
watch_release(struct watch *watch)
{
	curl_slist_free_all(watch->headers);
	mms_err_release(&watch->err);
}

void
mms_http_transfer_release(struct mms_http_transfer *transfer)
{
	mms_http_head_release(&transfer->head);
	mms_str_release(&transfer->body);
}

bool
mms_http_transfer_is_redirect(const struct mms_http_transfer *transfer)
{
	long status = transfer->head.status;

	return transfer->follows_redirects && transfer->head.location != NULL &&
	       (status == 301 || status == 302 || status == 303 || status == 307 ||
		status == 308);
}

/* ---- callbacks ---------------------------------------------------------------------------- */

/* The gate that decides: the numeric address, after every look-up. */
static curl_socket_t
on_socket(void *aux, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct watch *watch = aux;
	const char *range = mms_guard_range(&address->addr);

	(void)purpose;
	if (!mms_guard_may_reach(watch->transfer->to->reach, range)) {
		watch->is_refused = true;
		watch->refused_range = range;
		return CURL_SOCKET_BAD;
	}
	watch->n_sockets++;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool
is_safe_method(const char *method)
{
	static const char *const safe[] = { "GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT" };

	for (size_t i = 0; method != NULL && i < MMS_COUNT(safe); i++)
		if (strcmp(method, safe[i]) == 0)
			return true;
	return method == NULL;
}

/*
 * Just before the request goes out, also over a connection that is used again: the second
 * look at its address. And the place that stops the library from sending a write a second time
 * by itself when an old connection turns out to be dead: whether the first one took effect
 * nobody knows (RFC 9110 section 9.2.2).
 */
static int
/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libcurl's */
on_request(void *aux, char *remote, char *local, int remote_port, int local_port)
{
	struct watch *watch = aux;
	const struct mms_target *to = watch->transfer->to;

	(void)local;
	(void)remote_port;
	(void)local_port;
	const char *range = mms_guard_range_of_text(remote);
	if (!mms_guard_may_reach(to->reach, range)) {
		watch->is_refused = true;
		watch->refused_range = range;
		return CURL_PREREQFUNC_ABORT;
	}
	if (watch->n_sent > 0 && !is_safe_method(watch->transfer->request->method))
		return CURL_PREREQFUNC_ABORT;
	watch->n_sent++;
	watch->transfer->http->n_requests++;
	return CURL_PREREQFUNC_OK;
}

static size_t
on_header(char *line, size_t size, size_t n, void *aux)
{
	struct watch *watch = aux;
	mms_rc rc = mms_http_head_add(&watch->transfer->head, line, size * n, &watch->err);

	return rc == MMS_OK ? size * n : CURL_WRITEFUNC_ERROR;
}

static mms_rc
write_all(int fd, const char *bytes, size_t len, struct mms_err *err)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			mms_fail(err, MMS_E_RETRY, "the answer cannot be stored: %s",
				 n < 0 ? strerrordesc_np(errno) : "nothing was written");
			return mms_hint(err, "check the free space of the folder for temporary "
					     "files");
		}
		bytes += n;
		len -= (size_t)n;
	}
	return MMS_OK;
}

/* What is wrong with the server's side of TLS: no setting of ours mends that. */
static bool
is_of_tls(const struct mms_http_code *row)
{
	return row->code == CURLE_SSL_CIPHER || row->code == CURLE_PEER_FAILED_VERIFICATION ||
	       row->code == CURLE_SSL_INVALIDCERTSTATUS;
}

static mms_rc
fail_with_code(const struct mms_http_code *row, struct mms_err *err)
{
	if (row->rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	mms_fail(err, row->rc, "%s", row->text);
	if (row->rc == MMS_E_RETRY || is_of_tls(row))
		mms_blame(err, MMS_BLAME_SERVICE);
	if (row->hint != NULL)
		(void)mms_hint(err, "%s", row->hint);
	return row->rc;
}

/* Decompressed bytes, in pieces of at most 16 KiB. */
static size_t
on_body(char *bytes, size_t size, size_t n, void *aux)
{
	struct watch *watch = aux;
	struct mms_http_transfer *t = watch->transfer;
	size_t len = size * n;
	mms_rc rc = MMS_OK;

	if ((int64_t)len > t->http->limits.max_body_bytes - t->body_bytes)
		rc = fail_with_code(mms_http_code(CURLE_FILESIZE_EXCEEDED), &watch->err);
	else if (mms_http_transfer_is_redirect(t))
		rc = MMS_OK;
	else if (t->request->body_fd > 0)
		rc = write_all(t->request->body_fd, bytes, len, &watch->err);
	else
		mms_str_addn(&t->body, bytes, len);
	if (rc == MMS_OK)
		rc = mms_str_check(&t->body, &watch->err);
	t->body_bytes += (int64_t)len;
	return rc == MMS_OK ? len : CURL_WRITEFUNC_ERROR;
}

/* ---- what is asked ------------------------------------------------------------------------ */

/* Options are set in a row; the first that fails is kept. */
static void
keep(struct watch *watch, CURLcode code)
{
	if (watch->setup == CURLE_OK)
		watch->setup = code;
}

#define SET(option, value) \
	keep(watch, curl_easy_setopt(watch->transfer->http->easy, option, value))

static void
add_header(struct watch *watch, const char *name, const char *value)
{
	MMS_AUTO(mms_str) line = { 0 };

	mms_str_addf(&line, "%s%s", name, value);
	struct curl_slist *longer =
		line.state == MMS_OK ? curl_slist_append(watch->headers, mms_str_get(&line))
				     : NULL;
	if (longer == NULL)
		keep(watch, CURLE_OUT_OF_MEMORY);
	if (longer != NULL)
		watch->headers = longer;
}

/* To another origin only what says how to answer, nothing that could say who asks. */
static bool
may_send_header(const struct mms_http_transfer *t, const char *line)
{
	return t->is_same_origin || strncasecmp(line, "Accept:", 7) == 0 ||
	       strncasecmp(line, "Accept-Language:", 16) == 0;
}

static void
set_headers(struct watch *watch)
{
	const struct mms_http_request *request = watch->transfer->request;

	for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
		if (may_send_header(watch->transfer, request->headers[i]))
			add_header(watch, "", request->headers[i]);
	/* A stored validator with a control character in it is left out: the answer is then whole. */
	if (request->if_none_match != NULL && mms_http_is_header_text(request->if_none_match))
		add_header(watch, "If-None-Match: ", request->if_none_match);
	if (request->if_modified_since != NULL &&
	    mms_http_is_header_text(request->if_modified_since))
		add_header(watch, "If-Modified-Since: ", request->if_modified_since);
	if (request->body != NULL)
		add_header(watch, "Expect:", ""); /* no 100-continue: it waits a second */
	SET(CURLOPT_HTTPHEADER, watch->headers);
}

static void
set_method(struct watch *watch)
{
	const struct mms_http_request *request = watch->transfer->request;
	const char *method = request->method != NULL ? request->method : "GET";

	if (request->body != NULL || strcmp(method, "POST") == 0 ||
	    strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
		SET(CURLOPT_POSTFIELDS, request->body != NULL ? request->body : "");
	} else if (strcmp(method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	if (strcmp(method, "HEAD") != 0)
		SET(CURLOPT_CUSTOMREQUEST, method);
}

static void
set_place(struct watch *watch)
{
	const struct mms_http_transfer *t = watch->transfer;
	const struct mms_target *to = t->to;

	SET(CURLOPT_URL, to->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L); /* redirects are judged one by one, by us */
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	/* A proxy would look the name up and connect for us: not for a person's address. */
	if (to->is_feed || !to->is_tls) {
		SET(CURLOPT_PROXY, "");
		SET(CURLOPT_NOPROXY, "*");
	}
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* of a service's proxy */
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, watch);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, watch);
	SET(CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/*
	 * One file of authorities: ours, else the system's bundle. With a folder of hashed ones
	 * beside it libcurl reads the bundle anew for every connection (17 ms) in place of
	 * once for a client.
	 */
	SET(CURLOPT_CAPATH, NULL);
	if (t->http->limits.ca_file != NULL)
		SET(CURLOPT_CAINFO, t->http->limits.ca_file);
	SET(CURLOPT_CERTINFO, t->request->wants_certificate ? 1L : 0L);
	const struct mms_target *owner = t->first;
	if (t->is_same_origin && (owner->user != NULL || owner->password != NULL)) {
		SET(CURLOPT_USERNAME, owner->user != NULL ? owner->user : "");
		SET(CURLOPT_PASSWORD, owner->password != NULL ? owner->password : "");
	}
}

static void
set_bounds(struct watch *watch)
{
	const struct mms_http_transfer *t = watch->transfer;
	const struct mms_http_limits *limits = &t->http->limits;
	int64_t left_ms = t->until_mono_ms - mms_clock_mono_ms();
	int64_t connect_ms = limits->connect_timeout_ms;

	if (left_ms < 1)
		left_ms = 1; /* 0 would mean no limit */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* do not wait for a look-up that hangs */
	SET(CURLOPT_TIMEOUT_MS, (long)left_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_ms < left_ms ? connect_ms : left_ms));
	SET(CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
	SET(CURLOPT_LOW_SPEED_TIME,
	    (long)(limits->timeout_ms < 2000 ? 1 : limits->timeout_ms / 2000));
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)(limits->max_body_bytes + WIRE_SLACK_BYTES));
	SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that the library knows */
	SET(CURLOPT_USERAGENT, USER_AGENT);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, watch);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, watch);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* STOPPED when the caller's flag or time says so. */
static mms_rc
check_stop(const struct mms_http_request *request, struct mms_err *err)
{
	if (request->is_stopped != NULL && atomic_load(request->is_stopped))
		return mms_fail(err, MMS_E_STOPPED, "interrupted");
	if (request->deadline_mono_ms > 0 && mms_clock_mono_ms() >= request->deadline_mono_ms)
		return mms_fail(err, MMS_E_STOPPED, "out of time");
	return MMS_OK;
}

/* What came over the wire, before decompression: bytes that decompress to nothing count too. */
static mms_rc
check_wire(const struct mms_http *http, struct mms_err *err)
{
	curl_off_t bytes = 0;

	if (curl_easy_getinfo(http->easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes) == CURLE_OK &&
	    bytes > http->limits.max_body_bytes + WIRE_SLACK_BYTES)
		return fail_with_code(mms_http_code(CURLE_FILESIZE_EXCEEDED), err);
	return MMS_OK;
}

static int
wait_ms(const struct mms_http_request *request)
{
	int64_t left_ms = LOOK_MS;

	if (request->deadline_mono_ms > 0)
		left_ms = request->deadline_mono_ms - mms_clock_mono_ms();
	if (left_ms < 1)
		left_ms = 1;
	return (int)(left_ms < LOOK_MS ? left_ms : LOOK_MS);
}

static mms_rc
drive(struct watch *watch, CURLcode *code, struct mms_err *err)
{
	struct mms_http_transfer *t = watch->transfer;
	CURLM *multi = t->http->multi;
	int n_running = 1, n_left;
	CURLMcode failed = CURLM_OK;

	while (n_running > 0) {
		mms_rc rc = check_stop(t->request, err);

		if (rc == MMS_OK)
			rc = check_wire(t->http, err);
		if (rc != MMS_OK)
			return rc;
		failed = curl_multi_perform(multi, &n_running);
		if (failed == CURLM_OK && n_running > 0)
			failed = curl_multi_poll(multi, NULL, 0, wait_ms(t->request), NULL);
		if (failed != CURLM_OK)
			break;
	}
	const CURLMsg *message =
		failed == CURLM_OK ? curl_multi_info_read(multi, &n_left) : NULL;
	if (failed == CURLM_OUT_OF_MEMORY)
		return mms_fail_nomem(err);
	if (message == NULL || message->msg != CURLMSG_DONE)
		return mms_fail(err, MMS_E_BUG, "the HTTP library lost a request (%d)",
				(int)failed);
	*code = message->data.result;
	return MMS_OK;
}

/* The library's code in our words, after what we ourselves stopped the transfer for. */
static mms_rc
judge(struct watch *watch, CURLcode code, struct mms_err *err)
{
	long verify = 0;

	if (watch->err.code != MMS_OK) {
		mms_err_move(err, &watch->err);
		return err->code;
	}
	if (code == CURLE_OK)
		return MMS_OK;
	/* Where one of several addresses could be tried, that one's failure counts. */
	if (watch->is_refused && watch->n_sockets == 0)
		return mms_guard_refuse(watch->transfer->to, watch->refused_range, err);
	if (code == CURLE_PEER_FAILED_VERIFICATION) {
		(void)curl_easy_getinfo(watch->transfer->http->easy, CURLINFO_SSL_VERIFYRESULT,
					&verify);
		return fail_with_code(mms_http_certificate(verify), err);
	}
	fail_with_code(mms_http_code(code), err);
	if (code == CURLE_OPERATION_TIMEDOUT && watch->n_sent == 0)
		return mms_fail_in(err, "no connection");
	if (code == CURLE_OPERATION_TIMEDOUT &&
	    mms_clock_mono_ms() < watch->transfer->until_mono_ms - LOOK_MS)
		return mms_fail_in(err, "the server sends too slowly");
	return err->code;
}

/* "Expire date:Nov 30 12:00:00 2027 GMT" of the first certificate: the server's own. */
static void
take_certificate(struct mms_http_transfer *t)
{
	static const char label[] = "Expire date:";
	struct curl_certinfo *chain = NULL;

	if (!t->request->wants_certificate ||
	    curl_easy_getinfo(t->http->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
	    chain == NULL || chain->num_of_certs < 1)
		return;
	for (const struct curl_slist *line = chain->certinfo[0]; line != NULL;
	     line = line->next) {
		if (strncmp(line->data, label, sizeof label - 1) == 0)
			t->certificate_until_ms =
				mms_http_date_ms(line->data + sizeof label - 1);
	}
}

static mms_rc
perform(struct watch *watch, struct mms_err *err)
{
	struct mms_http *http = watch->transfer->http;
	CURLcode code = CURLE_OK;
	CURLMcode added = curl_multi_add_handle(http->multi, http->easy);

	if (added == CURLM_OUT_OF_MEMORY)
		return mms_fail_nomem(err);
	if (added != CURLM_OK)
		return mms_fail(err, MMS_E_BUG, "the HTTP library takes no request (%d)",
				(int)added);
	mms_rc rc = drive(watch, &code, err);
	if (rc == MMS_OK)
		rc = judge(watch, code, err);
	if (rc == MMS_OK)
		take_certificate(watch->transfer);
	(void)curl_multi_remove_handle(http->multi, http->easy);
	return rc;
}

mms_rc
mms_http_transfer_run(struct mms_http_transfer *transfer, struct mms_err *err)
{
	MMS_AUTO(watch) on_stack = { .transfer = transfer };
	struct watch *watch = &on_stack;

	if (mms_fault_hit(MMS_FAULT_REQUEST_BEFORE))
		return fail_with_code(mms_http_code(CURLE_COULDNT_CONNECT), err);
	mms_fault_step();
	/* Options of the last request go, its connection stays. */
	curl_easy_reset(transfer->http->easy);
	transfer->body.max = (size_t)transfer->http->limits.max_body_bytes;
	set_place(watch);
	set_method(watch);
	set_headers(watch);
	set_bounds(watch);
	mms_rc rc = watch->setup == CURLE_OK ? perform(watch, err)
					     : fail_with_code(mms_http_code(watch->setup), err);
	/* The handle must not keep what ends with this call. */
	curl_easy_reset(transfer->http->easy);
	if (rc == MMS_OK && mms_fault_hit(MMS_FAULT_REQUEST_AFTER))
		return fail_with_code(mms_http_code(CURLE_RECV_ERROR), err);
	mms_fault_step();
	return rc;
}
