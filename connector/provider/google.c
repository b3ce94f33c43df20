/* Google Calendar as a provider: the session, its requests, one event by its id, what we may do. */
#include <stdio.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"

/* ---- the session -------------------------------------------------------------------------- */

/* Where the service's calendars are, and its batches: "/calendar/v3" to "/batch/calendar/v3". */
static mms_rc
make_addresses(struct service *service, struct mms_err *err)
{
	struct google_session *s = (struct google_session *)service;
	static const char tail[] = "/calendar/v3";
	MMS_AUTO(mms_str) calendar = { 0 };
	MMS_AUTO(mms_str) batch = { 0 };
	const char *base = service->calendar->api_base, *host = strstr(base, "://");
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	mms_str_addn(&calendar, base, len);
	mms_str_add(&calendar, "/calendars/");
	wire_add_escaped(&calendar, service->id);
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
	s->service.root = mms_str_take(&calendar);
	s->batch_url = mms_str_take(&batch);
	s->path = strstr(s->service.root, "://") + 3;
	s->path += strcspn(s->path, "/");
	return MMS_OK;
}

static void
release(struct service *service)
{
	struct google_session *s = (struct google_session *)service;

	google_listing_release(s);
	mms_free(s->batch_url);
}

static mms_rc
open_session(struct mms_session **out, const struct mms_provider_env *env,
	     const struct mms_calendar *calendar, struct mms_err *err)
{
	return service_open(&google_kind, out, env, calendar, err);
}

struct google_reader
google_reader(const struct google_session *s)
{
	const struct mms_zone *zone = s->service.calendar->day_zone;

	if (s->zone != NULL && (zone == NULL || !s->service.calendar->is_day_zone_own))
		zone = s->zone;
	return (struct google_reader){ .zones = s->service.env->zones,
				       .day_zone = zone != NULL ? zone : mms_zone_utc() };
}

/* ---- single questions --------------------------------------------------------------------- */

static mms_rc
look(struct mms_session *session, enum mms_calendar_role *role, struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	struct google_page page __attribute__((cleanup(google_page_release))) = { 0 };
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	const struct service_request request = { .asked = GOOGLE_LOOK, .n = 1 };
	struct service_request with_url = request;

	/* Without items: of the calendar only what stands above them. */
	mms_str_addf(&url, "%s/events?maxResults=1&fields=kind,accessRole,timeZone",
		     s->service.root);
	mms_rc rc = mms_str_check(&url, err);
	with_url.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_ask(&s->service, &with_url, &answer, err);
	if (rc == MMS_OK)
		rc = google_page_open(s->service.env->zones, &answer.body, &page, err);
	if (rc != MMS_OK)
		return rc;
	s->zone = page.zone;
	s->has_looked = s->service.is_seen = true;
	*role = s->role = page.role;
	return MMS_OK;
}

/*
 * An event that did not come with its calendar. Where an all-day one's days lie only the calendar
 * knows, unless its owner has said so.
 */
static mms_rc
read_event(struct service *service, const char *text, size_t len, struct mms_event *out,
	   struct mms_err *err)
{
	struct google_session *s = (struct google_session *)service;
	MMS_AUTO(mms_event) event = { 0 };
	struct google_reader reader = google_reader(s);
	enum mms_calendar_role role;

	mms_rc rc = google_event_read(&reader, text, len, &event, err);
	bool wants_zone = rc == MMS_OK && event.is_all_day && s->zone == NULL &&
			  !s->has_looked && !s->service.calendar->is_day_zone_own;
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

static mms_rc
get(struct mms_session *session, const char *external_id, struct mms_event *out,
    struct mms_err *err)
{
	struct google_session *s = (struct google_session *)session;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct service_request request = { .asked = GOOGLE_GET, .n = 1 };

	if (!service_is_id(external_id))
		return service_tombstone(external_id, out, err);
	mms_str_addf(&url, "%s/events/", s->service.root);
	wire_add_escaped(&url, external_id);
	mms_rc rc = mms_str_check(&url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_ask(&s->service, &request, &answer, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		rc = answer.status == 404 ? service_confirm(&s->service, err) : MMS_OK;
		return rc == MMS_OK ? service_tombstone(external_id, out, err) : rc;
	}
	return rc == MMS_OK ? read_event(&s->service, mms_str_get(&answer.body),
					 answer.body.len, out, err)
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

static const char *
batch_url(const struct service *service)
{
	return ((const struct google_session *)service)->batch_url;
}

const struct service_kind google_kind = {
	.name = "Google",
	.product = "Google",
	.setting = "google.api_base",
	.batch = "multipart/mixed; boundary=" GOOGLE_BATCH_BOUNDARY,
	.size = sizeof(struct google_session),
	.make_addresses = make_addresses,
	.release = release,
	.batch_max = GOOGLE_BATCH_MAX,
	.asked_batch = GOOGLE_BATCH,
	.is_passing = google_is_passing,
	.judge = google_judge,
	.asked_of = google_asked_of,
	.prepare = google_prepare,
	.batch_url = batch_url,
	.make_batch = google_make_batch,
	.read_batch = google_read_batch,
	.read_event = read_event,
	.look = look,
};

const struct mms_provider_ops mms_google_provider_ops = {
	.open = open_session,
	.start = google_start,
	.next = google_next,
	.close = service_close,
	.is_cursor = google_is_cursor,
	.get = get,
	.put = service_put,
	.look = look,
	.make_id = make_id,
	.renew = mms_google_renew,
};
