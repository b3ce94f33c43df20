/* What all services with accounts share: a session's requests, with token and budget (see service.h). */
#include "service.h"

#include <string.h>

#include "mmsync/mem.h"

#define BEARER "Authorization: Bearer "
/* More headers than this no request has. */
#define HEADERS_MAX ((size_t)12)
/* A calendar that could not be asked for is not asked for again so soon. */
#define UNSEEN_MS 10000

/* ---- the session -------------------------------------------------------------------------- */

/* What every service needs. */
static mms_rc
check_calendar(const struct service_kind *kind, const struct mms_calendar *calendar,
	       struct mms_err *err)
{
	if (calendar->tokens == NULL) {
		mms_fail(err, MMS_E_CONFIG, "'%s' is not connected to %s",
			 calendar->integration, kind->name);
		return mms_hint(err, "connect '%s'", calendar->integration);
	}
	if (calendar->api_base == NULL || strstr(calendar->api_base, "://") == NULL) {
		mms_fail(err, MMS_E_CONFIG, "%s is no address", kind->setting);
		return mms_hint(err, "remove it, or write https://... in site_config.json");
	}
	return MMS_OK;
}

void
service_close(struct mms_session *session)
{
	struct service *s = (struct service *)session;

	if (s == NULL)
		return;
	s->kind->release(s);
	mms_free(s->root);
	if (s->bearer.ptr != NULL)
		explicit_bzero(s->bearer.ptr, s->bearer.len);
	mms_str_release(&s->bearer);
	mms_free(s);
}

mms_rc
service_open(const struct service_kind *kind, struct mms_session **out,
	     const struct mms_provider_env *env, const struct mms_calendar *calendar,
	     struct mms_err *err)
{
	const char *id = calendar->calendar_id != NULL && calendar->calendar_id[0] != '\0'
				 ? calendar->calendar_id
				 : "primary";

	mms_rc rc = check_calendar(kind, calendar, err);
	if (rc != MMS_OK)
		return rc;
	if (!service_is_id(id)) {
		mms_fail(err, MMS_E_CONFIG, "'%s' is no calendar of %s's", id, kind->product);
		return mms_hint(err, "correct Calendar ID in '%s'", calendar->integration);
	}
	struct service *s = mms_alloc(kind->size);
	if (s == NULL)
		return mms_fail_nomem(err);
	s->kind = kind;
	s->env = env;
	s->calendar = calendar;
	s->id = id;
	rc = kind->make_addresses(s, err);
	if (rc == MMS_OK)
		*out = (struct mms_session *)s;
	else
		service_close((struct mms_session *)s);
	return rc;
}

/* A path ends at "." and "..": such an id would name another thing. */
bool
service_is_id(const char *id)
{
	return id != NULL && id[0] != '\0' && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

bool
service_is_version(const char *version)
{
	size_t n = 0;

	for (; version[n] != '\0'; n++) {
		if ((unsigned char)version[n] < 0x20 || version[n] == 0x7f)
			return false;
	}
	return n > 0 && n < 1024;
}

bool
service_is_no_batch(long status)
{
	return status == 400 || status == 404 || status == 405;
}

mms_rc
service_tombstone(const char *id, struct mms_event *out, struct mms_err *err)
{
	*out = (struct mms_event){ .external_id = mms_text_copy(id),
				   .start_ms = MMS_NO_TIME,
				   .end_ms = MMS_NO_TIME,
				   .modified_ms = MMS_NO_TIME,
				   .status = MMS_EVENT_CANCELLED,
				   .is_gone = true };
	return out->external_id != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* ---- requests ----------------------------------------------------------------------------- */

static bool
is_token(const char *token)
{
	size_t n = 0;

	for (; token[n] != '\0'; n++) {
		if ((unsigned char)token[n] <= 0x20 || (unsigned char)token[n] >= 0x7f)
			return false;
	}
	return n > 0;
}

/* The token that is good now, into s->bearer; is_second: the one there was refused. */
static mms_rc
take_token(struct service *s, bool is_second, struct mms_err *err)
{
	const struct mms_token_port *port = s->calendar->tokens;
	const char *token = NULL,
		   *refused = is_second ? mms_str_get(&s->bearer) + sizeof BEARER - 1 : NULL;

	mms_rc rc = port->get(port->aux, refused, &token, err);
	if (rc != MMS_OK)
		return rc;
	if (token == NULL || !is_token(token)) {
		mms_fail(err, MMS_E_AUTH, "the stored access token of '%s' is none",
			 s->calendar->integration);
		return mms_hint(err, "connect '%s' again", s->calendar->integration);
	}
	mms_str_clear(&s->bearer);
	mms_str_add(&s->bearer, BEARER);
	mms_str_add(&s->bearer, token);
	return mms_str_check(&s->bearer, err);
}

static bool
is_read(const struct service_request *request)
{
	return request->method == NULL || strcmp(request->method, "GET") == 0;
}

/* Its last answer tells more of a trouble that did not pass than its status alone. */
static mms_rc
tell_last(const struct service *s, const struct service_request *request,
	  const struct mms_http_answer *answer, struct mms_err *err)
{
	if (err->code != MMS_E_RETRY || answer->status < 400)
		return err->code;
	mms_err_release(err);
	return s->kind->judge(s, request->asked, answer->status, mms_str_get(&answer->body),
			      answer->body.len, err);
}

static size_t
add_headers(const char **headers, size_t n, const char *const *more)
{
	for (size_t i = 0; more != NULL && more[i] != NULL && n < HEADERS_MAX; i++)
		headers[n++] = more[i];
	return n;
}

static mms_rc
send_once(struct service *s, const struct service_request *request,
	  struct mms_http_answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_str) type = { 0 };
	MMS_AUTO(mms_str) match = { 0 };
	const char *headers[HEADERS_MAX + 1] = { mms_str_get(&s->bearer),
						 "Accept: application/json" };
	size_t n = 2;

	mms_str_addf(&type, "Content-Type: %s",
		     request->content_type != NULL ? request->content_type
						   : "application/json; charset=UTF-8");
	mms_str_addf(&match, "If-Match: %s", request->version != NULL ? request->version : "");
	mms_rc rc = mms_str_check(&type, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&match, err);
	if (rc != MMS_OK)
		return rc;
	if (request->body != NULL)
		headers[n++] = mms_str_get(&type);
	if (request->version != NULL)
		headers[n++] = mms_str_get(&match);
	n = add_headers(headers, n, s->kind->headers);
	(void)add_headers(headers, n, request->headers);
	const struct mms_http_request http = {
		.method = request->method,
		.url = request->url,
		.headers = headers,
		.body = request->body,
		.body_len = request->body_len,
		.deadline_mono_ms = s->env->deadline_mono_ms,
		.is_stopped = s->env->is_stopped,
	};
	rc = mms_request_run_judged(s->env, &http, s->kind->is_passing, &s->base.counts, answer,
				    err);
	if (rc != MMS_OK)
		rc = tell_last(s, request, answer, err);
	s->base.counts.answers += rc == MMS_OK || err->blame == MMS_BLAME_CALENDAR;
	s->base.counts.troubles += rc != MMS_OK && err->blame == MMS_BLAME_SERVICE;
	/* An answer that is too large is nobody's single event. */
	if (rc == MMS_E_ITEM)
		err->code = rc = is_read(request) ? MMS_E_CONFIG : MMS_E_RETRY;
	return rc;
}

void
service_tell_wait(struct service *s, const struct mms_err *err)
{
	const struct mms_budget_port *port = s->calendar->budget;

	if (err->code == MMS_E_WAIT && port != NULL)
		port->tell(port->aux, false, err->retry_at_ms);
}

/* In the place that it takes among those under way; its retries keep that place. */
static mms_rc
send_in_place(struct service *s, const struct service_request *request,
	      struct mms_http_answer *answer, struct mms_err *err)
{
	const struct mms_budget_port *port = s->calendar->budget;
	bool has_places = port != NULL && port->enter != NULL;
	mms_rc rc = MMS_OK;

	if (has_places)
		rc = port->enter(port->aux, request->width > 0 ? request->width : 1, err);
	if (rc != MMS_OK)
		return rc;
	rc = send_once(s, request, answer, err);
	if (has_places)
		port->leave(port->aux);
	service_tell_wait(s, err);
	return rc;
}

mms_rc
service_send(struct service *s, const struct service_request *request,
	     struct mms_http_answer *answer, struct mms_err *err)
{
	const struct mms_budget_port *budget = s->calendar->budget;

	for (int tries = 0; tries < 2; tries++) {
		mms_rc rc = budget != NULL ? budget->ask(budget->aux, request->n, err) : MMS_OK;
		if (rc == MMS_OK)
			rc = take_token(s, tries > 0, err);
		if (rc == MMS_OK)
			rc = send_in_place(s, request, answer, err);
		if (rc != MMS_OK || answer->status != 401)
			return rc;
	}
	mms_fail(err, MMS_E_AUTH, "calendar '%s' of '%s': %s refuses a fresh access token",
		 s->id, s->calendar->integration, s->kind->name);
	return mms_hint(err, "connect '%s' again", s->calendar->integration);
}

mms_rc
service_ask(struct service *s, const struct service_request *request,
	    struct mms_http_answer *answer, struct mms_err *err)
{
	mms_rc rc = service_send(s, request, answer, err);
	if (rc != MMS_OK)
		return rc;
	rc = s->kind->judge(s, request->asked, answer->status, mms_str_get(&answer->body),
			    answer->body.len, err);
	if (rc == MMS_E_WAIT)
		service_tell_wait(s, err);
	return rc;
}

mms_rc
service_confirm(struct service *s, struct mms_err *err)
{
	enum mms_calendar_role role;

	if (s->is_seen)
		return MMS_OK;
	/* Each of the parts of a batch may ask, and each would try as often as requests are tried. */
	if (s->unseen_mono_ms != 0 && mms_clock_mono_ms() - s->unseen_mono_ms < UNSEEN_MS)
		return mms_fail(err, MMS_E_RETRY,
				"calendar '%s' of '%s': %s did not show it a moment ago", s->id,
				s->calendar->integration, s->kind->name);
	mms_rc rc = s->kind->look((struct mms_session *)s, &role, err);
	if (rc == MMS_E_GONE)
		err->code = rc = MMS_E_RETRY; /* it is not the event that is gone */
	s->unseen_mono_ms = rc == MMS_E_RETRY ? mms_clock_mono_ms() : 0;
	return rc;
}
