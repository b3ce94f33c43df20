/* The loopback end of a consent (see the header). */
#include "mmsync/consent.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "mmsync/clock.h"
#include "mmsync/fernet.h"
#include "mmsync/mem.h"
#include "mmsync/str.h"

/* Limits of what a browser, or somebody else on this machine, may do to us. */
#define CONNECTIONS    16U
#define TIMEOUT_S      10U
#define REQUEST_BYTES  ((size_t)32768)
#define SLICE_MS       200
#define LAST_ANSWER_MS 2000
#define ERROR_CHARS    60

/* ---- what came back ------------------------------------------------------------------------- */

/* The parameters of a redirect; NULL: not there. Borrowed. */
struct params {
	const char *state, *code, *error;
};

/* Visible ASCII, and not without end: it goes into a form. */
static bool
is_code(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++) {
		if (text[n] <= ' ' || text[n] > '~' || n >= MMS_CONSENT_CODE_MAX)
			return false;
	}
	return n > 0;
}

static bool
is_error_name(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= ERROR_CHARS && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == n;
}

/* Is it about this consent at all: our state, and a code or an error? */
static bool
is_ours(const struct params *params, const char *state)
{
	return params->state != NULL && mms_secret_is_same(params->state, state) &&
	       (params->error != NULL || (params->code != NULL && is_code(params->code)));
}

static mms_rc
take_code(const struct params *params, char **code, struct mms_err *err)
{
	if (params->error == NULL) {
		*code = mms_text_copy(params->code);
		return *code != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (strcmp(params->error, "access_denied") == 0) {
		mms_fail(err, MMS_E_AUTH, "the consent was refused (access_denied)");
		return mms_hint(err,
				"the person said no, or may not consent to this application: "
				"docs/google.md and docs/outlook.md say who may");
	}
	mms_fail(err, MMS_E_AUTH, "the service did not let anybody consent (%s)",
		 is_error_name(params->error) ? params->error : "an error without a name");
	return mms_hint(err, "docs/google.md and docs/outlook.md say how the OAuth client is "
			     "set up");
}

/* ---- pasted --------------------------------------------------------------------------------- */

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoded in place. A NUL in it ends it. */
static void
decode(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '%' && hex_of(p[1]) >= 0 && hex_of(p[2]) >= 0) {
			*to++ = (char)(hex_of(p[1]) * 16 + hex_of(p[2]));
			p += 2;
		} else {
			*to++ = *p == '+' ? ' ' : *p;
		}
	}
	*to = '\0';
}

/* "a=b&c=d" cut up in place. The first of a name counts. */
static void
read_query(char *query, struct params *out)
{
	struct {
		const char *name;
		const char **to;
	} const wanted[] = { { "state", &out->state },
			     { "code", &out->code },
			     { "error", &out->error } };

	for (char *next = query; next != NULL;) {
		char *field = next, *end = strchr(field, '&');

		next = end != NULL ? end + 1 : NULL;
		if (end != NULL)
			*end = '\0';
		char *value = strchr(field, '=');
		if (value == NULL)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < MMS_COUNT(wanted); i++) {
			if (strcmp(field, wanted[i].name) != 0 || *wanted[i].to != NULL)
				continue;
			decode(value);
			*wanted[i].to = value;
		}
	}
}

static mms_rc
not_ours(const char *what, struct mms_err *err)
{
	mms_fail(err, MMS_E_AUTH, "%s", what);
	return mms_hint(err,
			"paste the whole address that the browser ended at; it begins with "
			"http://127.0.0.1 or http://localhost, and has code= in it");
}

mms_rc
mms_consent_read(const char *pasted, const char *state, char **code, struct mms_err *err)
{
	struct params params = { 0 };
	mms_rc rc;

	pasted += strspn(pasted, " \t\r\n");
	char *text = mms_text_copy_n(pasted, strcspn(pasted, " \t\r\n"));
	if (text == NULL)
		return mms_fail_nomem(err);
	text[strcspn(text, "#")] = '\0';
	char *query = strchr(text, '?');
	bool is_address =
		query != NULL || strchr(text, '=') != NULL || strncmp(text, "http", 4) == 0;
	if (!is_address) { /* a code, maybe as it stands in an address */
		decode(text);
		params = (struct params){ .state = state, .code = text };
	} else {
		read_query(query != NULL ? query + 1 : text, &params);
	}
	if (params.state != NULL && !mms_secret_is_same(params.state, state))
		rc = not_ours("this is the answer of another consent", err);
	else if (!is_ours(&params, state))
		rc = not_ours("there is no code in what was pasted", err);
	else
		rc = take_code(&params, code, err);
	mms_secret_free(text);
	return rc;
}

/* ---- the listener --------------------------------------------------------------------------- */

struct mms_consent {
	struct MHD_Daemon *daemon; /* owned */
	char *state;               /* owned */
	unsigned port;
	bool is_done;   /* rc, code and err say how */
	bool is_closed; /* the browser has its page */
	mms_rc rc;
	char *code; /* owned */
	struct mms_err err;
};

#define PAGE_HEAD                                                                        \
	"<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>mmsync</title>" \
	"<p>"
static const char page_done[] =
	PAGE_HEAD "Thank you. You can close this window; mmsync goes on by itself.";
static const char page_refused[] =
	PAGE_HEAD "There was no consent, and nothing was connected. You can close this window.";
static const char page_other[] =
	PAGE_HEAD "This is not the answer of the consent that mmsync waits for.";
static const char page_none[] = PAGE_HEAD "There is nothing here.";

/* Nothing of a request stands in its answer. */
static enum MHD_Result
send_page(struct MHD_Connection *connection, unsigned status, const char *page)
{
	static const char *const headers[][2] = {
		{ "Content-Type", "text/html; charset=utf-8" },
		{ "Content-Security-Policy", "default-src 'none'" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Referrer-Policy", "no-referrer" },
		{ "Cache-Control", "no-store" },
		{ "Connection", "close" },
	};
	char copy[256];

	(void)snprintf(copy, sizeof copy, "%s", page);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(copy), copy, MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	for (size_t i = 0; i < MMS_COUNT(headers); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	enum MHD_Result queued = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return queued;
}

static const char *
look_up(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* The whole of a request is here; state is set where this one ends the wait. */
static enum MHD_Result
answer(struct mms_consent *consent, struct MHD_Connection *connection, void **state)
{
	const struct params params = { look_up(connection, "state"),
				       look_up(connection, "code"),
				       look_up(connection, "error") };

	if (!is_ours(&params, consent->state))
		return send_page(connection, MHD_HTTP_BAD_REQUEST, page_other);
	if (!consent->is_done) { /* a browser that asks twice gets its page twice */
		consent->rc = take_code(&params, &consent->code, &consent->err);
		consent->is_done = true;
	}
	*state = consent;
	return send_page(connection, MHD_HTTP_OK,
			 consent->rc == MMS_OK ? page_done : page_refused);
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *path, const char *method,
	   const char *version, const char *upload, size_t *upload_len, void **state)
{
	(void)version;
	(void)upload;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 || strcmp(path, "/") != 0)
		return send_page(connection, MHD_HTTP_NOT_FOUND, page_none);
	if (*state == NULL) { /* its headers only */
		*state = connection;
		return MHD_YES;
	}
	if (*upload_len > 0)
		return MHD_NO;
	return answer(cls, connection, state);
}

static void
on_done(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	struct mms_consent *consent = cls;

	(void)connection;
	(void)code;
	if (*state == consent)
		consent->is_closed = true;
}

static bool
listen_on(struct mms_consent *consent)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	consent->daemon = MHD_start_daemon(
		MHD_NO_FLAG, 0, NULL, NULL, on_request, consent, MHD_OPTION_SOCK_ADDR, &address,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
		MHD_OPTION_NOTIFY_COMPLETED, on_done, consent, MHD_OPTION_END);
	if (consent->daemon == NULL)
		return false;
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(consent->daemon, MHD_DAEMON_INFO_BIND_PORT);
	if (info == NULL || info->port == 0)
		return false;
	consent->port = info->port;
	return true;
}

mms_rc
mms_consent_open(struct mms_consent **out, const char *state, struct mms_err *err)
{
	struct mms_consent *consent = mms_alloc(sizeof *consent);

	if (consent == NULL)
		return mms_fail_nomem(err);
	consent->state = mms_text_copy(state);
	if (consent->state == NULL) {
		mms_consent_close(consent);
		return mms_fail_nomem(err);
	}
	if (!listen_on(consent)) {
		mms_consent_close(consent);
		mms_fail(err, MMS_E_CONFIG, "no port of 127.0.0.1 can be listened on");
		return mms_hint(err, "mmsync connect ... --manual needs none");
	}
	*out = consent;
	return MMS_OK;
}

void
mms_consent_close(struct mms_consent *consent)
{
	if (consent == NULL)
		return;
	if (consent->daemon != NULL)
		MHD_stop_daemon(consent->daemon);
	mms_secret_free(consent->state);
	mms_secret_free(consent->code);
	mms_err_release(&consent->err);
	mms_free(consent);
}

unsigned
mms_consent_port(const struct mms_consent *consent)
{
	return consent->port;
}

mms_rc
mms_consent_wait(struct mms_consent *consent, int64_t deadline_mono_ms,
		 const atomic_bool *is_stopped, char **code, struct mms_err *err)
{
	int64_t end = deadline_mono_ms;

	while (!consent->is_closed && mms_clock_mono_ms() < end) {
		bool was_done = consent->is_done;

		if (is_stopped != NULL && atomic_load(is_stopped) && !was_done)
			return mms_fail(err, MMS_E_STOPPED,
					"interrupted while waiting for the consent");
		if (MHD_run_wait(consent->daemon, SLICE_MS) != MHD_YES)
			return mms_fail(err, MMS_E_RETRY, "the listener cannot go on: %s",
					strerrordesc_np(errno));
		if (consent->is_done && !was_done) /* its page may take a moment */
			end = mms_clock_mono_ms() + LAST_ANSWER_MS;
	}
	if (!consent->is_done) {
		mms_fail(err, MMS_E_STOPPED, "nobody consented in time");
		return mms_hint(err,
				"start it again, with a longer --timeout; where the browser is "
				"on another machine, with --manual");
	}
	if (consent->rc != MMS_OK) {
		mms_err_move(err, &consent->err);
		return consent->rc;
	}
	*code = consent->code;
	consent->code = NULL;
	return MMS_OK;
}
