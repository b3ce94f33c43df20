/* Google Calendar as a provider: the session, its requests, one event by its id, what we may do. */
#include <stdio.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"

#define BEARER "Authorization: Bearer "

/* ---- the session -------------------------------------------------------------------------- */

/* Where the service's calendars are, and its batches: "/calendar/v3" to "/batch/calendar/v3". */
static mms_rc
make_addresses(struct google_session *s, const char *id, struct mms_err *err)
{
	static const char tail[] = "/calendar/v3";
	MMS_AUTO(mms_str) calendar = { 0 };
	MMS_AUTO(mms_str) batch = { 0 };
	const char *base = s->calendar->api_base, *host = strstr(base, "://");
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	mms_str_addn(&calendar, base, len);
	mms_str_add(&calendar, "/calendars/");
	wire_add_escaped(&calendar, id);
	if (len >= sizeof tail - 1 &&
	    memcmp(base + len - (sizeof tail - 1), tail, sizeof tail - 1) == 0)
		mms_str_addn(&batch, base, len - (sizeof tail - 1));
	else
		mms_str_addn(&batch, base,
			     (size_t)(host - base) + 3 + strcspn(host + 3, "/?#"));
	mms_str_addf(&batch, "/batch%s", tail);
	mms_rc rc = mms_str_check(&calendar, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&batch, err);
	if (rc != MMS_OK)
		return rc;
	s->calendar_url = mms_str_take(&calendar);
	s->batch_url = mms_str_take(&batch);
	s->path = strstr(s->calendar_url, "://") + 3;
	s->path += strcspn(s->path, "/");
	return MMS_OK;
}

static void
close_session(struct mms_session *session)
{
	struct google_session *s = (struct google_session *)session;

	if (s == NULL)
		return;
	google_listing_release(s);
	mms_free(s->calendar_url);
	mms_free(s->batch_url);
	if (s->bearer.ptr != NULL)
		explicit_bzero(s->bearer.ptr, s->bearer.len);
	mms_str_release(&s->bearer);
	mms_free(s);
}

/* A path ends at "." and "..": such an id would name another thing. */
bool
google_is_id(const char *id)
{
	return id != NULL && id[0] != '\0' && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

static mms_rc
open_session(struct mms_session **out, const struct mms_provider_env *env,
	     const struct mms_calendar *calendar, struct mms_err *err)
{
	const char *id = calendar->calendar_id != NULL && calendar->calendar_id[0] != '\0'
				 ? calendar->calendar_id
				 : "primary";

	if (calendar->tokens == NULL) {
		mms_fail(err, MMS_E_CONFIG, "'%s' is not connected to Google",
			 calendar->integration);
		return mms_hint(err, "connect '%s'", calendar->integration);
	}
	if (calendar->api_base == NULL || strstr(calendar->api_base, "://") == NULL) {
		mms_fail(err, MMS_E_CONFIG, "google.api_base is no address");
		return mms_hint(err, "remove it, or write https://... in site_config.json");
	}
	if (!google_is_id(id)) {
		mms_fail(err, MMS_E_CONFIG, "'%s' is no calendar of Google's", id);
		return mms_hint(err, "correct Calendar ID in '%s'", calendar->integration);
	}
	struct google_session *s = mms_alloc(sizeof *s);
	if (s == NULL)
		return mms_fail_nomem(err);
	s->env = env;
	s->calendar = calendar;
	s->id = id;
	mms_rc rc = make_addresses(s, id, err);
	if (rc != MMS_OK) {
		close_session((struct mms_session *)s);
		return rc;
	}
	*out = (struct mms_session *)s;
	return MMS_OK;
}

struct google_place
google_place(const struct google_session *s)
{
	return (struct google_place){ .calendar_id = s->id,
				      .integration = s->calendar->integration,
				      .now_ms = mms_clock_now_ms(s->env->clock) };
}

struct google_reader
google_reader(const struct google_session *s)
{
	const struct mms_zone *zone = s->calendar->day_zone;

	if (s->zone != NULL && (zone == NULL || !s->calendar->is_day_zone_own))
		zone = s->zone;
	return (struct google_reader){ .zones = s->env->zones,
				       .day_zone = zone != NULL ? zone : mms_zone_utc() };
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
take_token(struct google_session *s, bool is_second, struct mms_err *err)
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
is_read(const struct google_request *request)
{
	return request->method == NULL || strcmp(request->method, "GET") == 0;
}

/* Its last answer tells more of a trouble that did not pass than its status alone. */
static mms_rc
tell_last(const struct google_session *s, const struct google_request *request,
	  const struct mms_http_answer *answer, struct mms_err *err)
{
	const struct google_place place = google_place(s);

	if (err->code != MMS_E_RETRY || answer->status < 400)
		return err->code;
	mms_err_release(err);
	return google_judge(&place, request->asked, answer->status, mms_str_get(&answer->body),
			    answer->body.len, err);
}

static mms_rc
send_once(struct google_session *s, const struct google_request *request,
	  struct mms_http_answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_str) type = { 0 };
	MMS_AUTO(mms_str) match = { 0 };
	const char *headers[5] = { mms_str_get(&s->bearer), "Accept: application/json" };
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
	const struct mms_http_request http = {
		.method = request->method,
		.url = request->url,
		.headers = headers,
		.body = request->body,
		.body_len = request->body_len,
		.deadline_mono_ms = s->env->deadline_mono_ms,
		.is_stopped = s->env->is_stopped,
	};
	rc = mms_request_run_judged(s->env, &http, google_is_passing, &s->base.counts, answer,
				    err);
	if (rc != MMS_OK)
		rc = tell_last(s, request, answer, err);
	/* An answer that is too large is nobody's single event. */
	if (rc == MMS_E_ITEM)
		err->code = rc = is_read(request) ? MMS_E_CONFIG : MMS_E_RETRY;
	return rc;
}

void
google_tell_wait(struct google_session *s, const struct mms_err *err)
{
	const struct mms_budget_port *port = s->calendar->budget;

	if (err->code == MMS_E_WAIT && port != NULL)
		port->tell(port->aux, false, err->retry_at_ms);
}

mms_rc
google_send(struct google_session *s, const struct google_request *request,
	    struct mms_http_answer *answer, struct mms_err *err)
{
	const struct mms_budget_port *budget = s->calendar->budget;

	for (int tries = 0; tries < 2; tries++) {
		mms_rc rc = budget != NULL ? budget->ask(budget->aux, request->n, err) : MMS_OK;
		if (rc == MMS_OK)
			rc = take_token(s, tries > 0, err);
		if (rc != MMS_OK)
			return rc;
		rc = send_once(s, request, answer, err);
		google_tell_wait(s, err);
		if (rc != MMS_OK || answer->status != 401)
			return rc;
	}
	mms_fail(err, MMS_E_AUTH, "calendar '%s' of '%s': Google refuses a fresh access token",
		 s->id, s->calendar->integration);
	return mms_hint(err, "connect '%s' again", s->calendar->integration);
}

mms_rc
google_ask(struct google_session *s, const struct google_request *request,
	   struct mms_http_answer *answer, struct mms_err *err)
{
	const struct google_place place = google_place(s);

	mms_rc rc = google_send(s, request, answer, err);
	if (rc != MMS_OK)
		return rc;
	rc = google_judge(&place, request->asked, answer->status, mms_str_get(&answer->body),
			  answer->body.len, err);
	if (rc == MMS_E_WAIT)
		google_tell_wait(s, err);
	return rc;
}

/* ---- single questions --------------------------------------------------------------------- */

static mms_rc
look(struct mms_session *session, enum mms_calendar_role *role, struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	struct google_page page __attribute__((cleanup(google_page_release))) = { 0 };
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	const struct google_request request = { .asked = GOOGLE_LOOK, .n = 1 };
	struct google_request with_url = request;

	/* Without items: of the calendar only what stands above them. */
	mms_str_addf(&url, "%s/events?maxResults=1&fields=kind,accessRole,timeZone",
		     s->calendar_url);
	mms_rc rc = mms_str_check(&url, err);
	with_url.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = google_ask(s, &with_url, &answer, err);
	if (rc == MMS_OK)
		rc = google_page_open(s->env->zones, &answer.body, &page, err);
	if (rc != MMS_OK)
		return rc;
	s->zone = page.zone;
	s->has_looked = s->is_seen = true;
	*role = s->role = page.role;
	return MMS_OK;
}

mms_rc
google_confirm_calendar(struct google_session *s, struct mms_err *err)
{
	enum mms_calendar_role role;
	mms_rc rc = s->is_seen ? MMS_OK : look((struct mms_session *)s, &role, err);

	if (rc == MMS_E_GONE)
		err->code = rc = MMS_E_RETRY; /* it is not the event that is gone */
	return rc;
}

/*
 * An event that did not come with its calendar. Where an all-day one's days lie only the calendar
 * knows, unless its owner has said so.
 */
mms_rc
google_read_event(struct google_session *s, const char *text, size_t len, struct mms_event *out,
		  struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };
	struct google_reader reader = google_reader(s);
	enum mms_calendar_role role;

	mms_rc rc = google_event_read(&reader, text, len, &event, err);
	bool wants_zone = rc == MMS_OK && event.is_all_day && s->zone == NULL &&
			  !s->has_looked && !s->calendar->is_day_zone_own;
	if (wants_zone) {
		mms_event_release(&event);
		rc = look((struct mms_session *)s, &role, err);
		reader = google_reader(s);
		if (rc == MMS_OK)
			rc = google_event_read(&reader, text, len, &event, err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = event;
	event = (struct mms_event){ 0 };
	return MMS_OK;
}

mms_rc
google_tombstone(const char *id, struct mms_event *out, struct mms_err *err)
{
	*out = (struct mms_event){ .external_id = mms_text_copy(id),
				   .start_ms = MMS_NO_TIME,
				   .end_ms = MMS_NO_TIME,
				   .modified_ms = MMS_NO_TIME,
				   .status = MMS_EVENT_CANCELLED,
				   .is_gone = true };
	return out->external_id != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
get(struct mms_session *session, const char *external_id, struct mms_event *out,
    struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct google_request request = { .asked = GOOGLE_GET, .n = 1 };

	if (!google_is_id(external_id))
		return google_tombstone(external_id, out, err);
	mms_str_addf(&url, "%s/events/", s->calendar_url);
	wire_add_escaped(&url, external_id);
	mms_rc rc = mms_str_check(&url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = google_ask(s, &request, &answer, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		rc = answer.status == 404 ? google_confirm_calendar(s, err) : MMS_OK;
		return rc == MMS_OK ? google_tombstone(external_id, out, err) : rc;
	}
	return rc == MMS_OK ? google_read_event(s, mms_str_get(&answer.body), answer.body.len,
						out, err)
			    : rc;
}

static mms_rc
make_id(const unsigned char uuid[16], char **out, struct mms_err *err)
{
	char id[33];

	google_id_print(uuid, id);
	*out = mms_text_copy(id);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

const struct mms_provider_ops mms_google_provider_ops = {
	.open = open_session,
	.start = google_start,
	.next = google_next,
	.close = close_session,
	.get = get,
	.put = google_put,
	.look = look,
	.make_id = make_id,
	.renew = mms_google_renew,
};
