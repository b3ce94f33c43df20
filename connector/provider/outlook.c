/* Outlook as a provider, through Microsoft Graph: the session, its addresses, what we may do there. */
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/oauth_client.h"
#include "outlook_parts.h"

/* Requests that the service does at the same time for one mailbox; a batch may take them all. */
#define BATCH_WIDTH 4

/* ---- addresses ---------------------------------------------------------------------------- */

/* The account's own calendar has no id that it could be written by; people write its address. */
static bool
is_default(const char *id)
{
	return strcmp(id, "primary") == 0 || strchr(id, '@') != NULL;
}

static mms_rc
make_addresses(struct service *service, struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)service;
	const char *base = service->calendar->api_base, *id = service->id;
	const char *host = strstr(base, "://") + 3;
	size_t len = strlen(base);
	MMS_AUTO(mms_str) root = { 0 };
	MMS_AUTO(mms_str) calendar = { 0 };
	MMS_AUTO(mms_str) view = { 0 };
	MMS_AUTO(mms_str) batch = { 0 };
	MMS_AUTO(mms_str) origin = { 0 };
	struct mms_str *const all[] = { &root, &calendar, &view, &batch, &origin };
	char **const to[] = { &s->service.root, &s->calendar_url, &s->view_url, &s->batch_url,
			      &s->origin };
	mms_rc rc = MMS_OK;

	while (len > 0 && base[len - 1] == '/')
		len--;
	mms_str_addn(&root, base, len);
	mms_str_addf(&calendar, "%s/me/calendar", mms_str_get(&root));
	if (!is_default(id)) {
		mms_str_add(&calendar, "s/");
		wire_add_escaped(&calendar, id);
	}
	mms_str_addf(&view, is_default(id) ? "%s/me/calendarView" : "%s/calendarView",
		     mms_str_get(is_default(id) ? &root : &calendar));
	mms_str_addf(&batch, "%s/$batch", mms_str_get(&root));
	mms_str_addn(&origin, base, (size_t)(host - base) + strcspn(host, "/?#\\"));
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(all); i++)
		rc = mms_str_check(all[i], err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(all); i++)
		*to[i] = mms_str_take(all[i]);
	return rc;
}

/* ---- the session -------------------------------------------------------------------------- */

static void
release(struct service *service)
{
	struct outlook_session *s = (struct outlook_session *)service;

	outlook_listing_release(s);
	mms_free(s->calendar_url);
	mms_free(s->view_url);
	mms_free(s->batch_url);
	mms_free(s->origin);
}

static mms_rc
open_session(struct mms_session **out, const struct mms_provider_env *env,
	     const struct mms_calendar *calendar, struct mms_err *err)
{
	return service_open(&outlook_kind, out, env, calendar, err);
}

struct outlook_reader
outlook_reader(const struct outlook_session *s, bool has_window)
{
	const struct mms_zone *zone = s->service.calendar->day_zone;

	return (struct outlook_reader){ .zones = s->service.env->zones,
					.day_zone = zone != NULL ? zone : mms_zone_utc(),
					.has_window = has_window,
					.from_ms = s->from_ms,
					.to_ms = s->to_ms };
}

/* ---- the calendar itself ------------------------------------------------------------------ */

static mms_rc
look(struct mms_session *session, enum mms_calendar_role *role, struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;
	MMS_AUTO(mms_http_answer) answer = { 0 };
	const struct service_request request = { .asked = OUTLOOK_LOOK,
						 .url = s->calendar_url,
						 .n = 1 };

	mms_rc rc = service_ask(&s->service, &request, &answer, err);
	if (rc == MMS_OK)
		rc = outlook_calendar_read(mms_str_get(&answer.body), answer.body.len, role,
					   err);
	if (rc != MMS_OK)
		return rc;
	s->service.is_seen = true;
	s->role = *role;
	return MMS_OK;
}

static mms_rc
read_event(struct service *service, const char *text, size_t len, struct mms_event *out,
	   struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)service;
	const struct outlook_reader reader = outlook_reader(s, false);
	struct outlook_item item = { 0 };

	mms_rc rc = outlook_event_read(&reader, text, len, &item, err);
	if (rc == MMS_OK)
		*out = item.event;
	return rc;
}

static const char *
batch_url(const struct service *service)
{
	return ((const struct outlook_session *)service)->batch_url;
}

const struct service_kind outlook_kind = {
	.name = "Microsoft",
	.product = "Outlook",
	.setting = "microsoft.api_base",
	.size = sizeof(struct outlook_session),
	.make_addresses = make_addresses,
	.release = release,
	.batch_max = OUTLOOK_BATCH_MAX,
	.asked_batch = OUTLOOK_BATCH,
	.batch_width = BATCH_WIDTH,
	.headers = outlook_headers,
	.is_passing = outlook_is_passing,
	.judge = outlook_judge,
	.asked_of = outlook_asked_of,
	.prepare = outlook_prepare,
	.other_way = outlook_other_way,
	.batch_url = batch_url,
	.make_batch = outlook_make_batch,
	.read_batch = outlook_read_batch,
	.read_event = read_event,
	.look = look,
};

const struct mms_provider_ops mms_outlook_provider_ops = {
	.open = open_session,
	.start = outlook_start,
	.next = outlook_next,
	.close = service_close,
	.complete = outlook_complete,
	.is_cursor = outlook_is_cursor,
	.get = outlook_get,
	.put = outlook_put,
	.look = look,
	.make_id = mms_provisional_id_make,
	.renew = mms_outlook_renew,
};
