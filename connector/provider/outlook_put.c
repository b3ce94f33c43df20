/* Writes as Microsoft Graph takes them; who sends them is service_put.c. */
#include <string.h>

#include "mmsync/mem.h"
#include "outlook_parts.h"

int
outlook_asked_of(const struct mms_write *write)
{
	if (write->kind == MMS_WRITE_CREATE)
		return OUTLOOK_CREATE;
	return write->kind == MMS_WRITE_CHANGE ? OUTLOOK_CHANGE : OUTLOOK_DELETE;
}

/* ---- what is there now -------------------------------------------------------------------- */

/*
 * The text of an online meeting holds the link by which it is joined: it must be known before a text is
 * sent, and no event that was listed tells it.
 */
static bool
wants_look(const struct mms_write *write)
{
	return write->kind == MMS_WRITE_CHANGE && (write->fields & MMS_FIELD_TEXT) != 0 &&
	       service_is_id(write->external_id) &&
	       !mms_provisional_id_read(write->external_id, NULL);
}

/* The event as it stands. Owns: *item. Errors: GONE, and as outlook_get_many(). */
static mms_rc
look_at(struct outlook_session *s, const struct mms_write *write, struct outlook_item *item,
	struct mms_err *err)
{
	size_t at = s->writes != NULL ? (size_t)(write - s->writes) : 0;
	const char *id = write->external_id;
	mms_rc rc = MMS_OK;

	if (s->looked != NULL && s->looked[at].event.external_id != NULL) {
		*item = s->looked[at];
		s->looked[at] = (struct outlook_item){ 0 };
	} else {
		rc = outlook_get_many(s, &id, 1, false, item, err);
	}
	if (rc == MMS_OK && item->event.is_gone)
		return mms_fail(err, MMS_E_GONE,
				"calendar '%s' of '%s': the event does not exist any more",
				s->service.id, s->service.calendar->integration);
	/* What cannot be seen may be one. */
	if (rc == MMS_OK && item->event.problem != NULL && item->event.version == NULL)
		return mms_fail(err, MMS_E_RETRY, "%s", item->event.problem);
	return rc;
}

/* Those that are to be looked at, in as few requests as it can be; what fails is asked for again alone. */
static void
look_ahead(struct outlook_session *s, const struct mms_write *write, size_t n)
{
	const char **ids = mms_alloc(n * sizeof *ids);
	size_t *places = mms_alloc(n * sizeof *places), n_ids = 0;
	struct outlook_item *items = mms_alloc(n * sizeof *items);
	MMS_AUTO(mms_err) ignored = { 0 };

	s->looked = mms_alloc(n * sizeof *s->looked);
	bool has_room = ids != NULL && places != NULL && items != NULL && s->looked != NULL;
	for (size_t i = 0; has_room && i < n; i++) {
		if (!wants_look(&write[i]))
			continue;
		places[n_ids] = i;
		ids[n_ids++] = write[i].external_id;
	}
	if (n_ids > 1)
		(void)!outlook_get_many(s, ids, n_ids, false, items, &ignored);
	for (size_t i = 0; i < n_ids; i++)
		s->looked[places[i]] = items[i];
	mms_free(ids);
	mms_free(places);
	mms_free(items);
}

mms_rc
outlook_put(struct mms_session *session, const struct mms_write *write, size_t n,
	    struct mms_write_result *result, struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;

	s->writes = write;
	if (n > 1)
		look_ahead(s, write, n);
	mms_rc rc = service_put(session, write, n, result, err);
	for (size_t i = 0; s->looked != NULL && i < n; i++)
		outlook_item_release(&s->looked[i]);
	mms_free(s->looked);
	s->looked = NULL;
	s->writes = NULL;
	return rc;
}

/* ---- one write ---------------------------------------------------------------------------- */

static mms_rc
prepare_change(struct outlook_session *s, struct service_job *job, struct mms_err *err)
{
	const struct mms_write *write = job->write;
	struct outlook_item item __attribute__((cleanup(outlook_item_release))) = { 0 };
	const struct mms_event *there = write->seen;
	mms_rc rc = MMS_OK;

	if (wants_look(write)) {
		rc = look_at(s, write, &item, err);
		there = &item.event;
	}
	if (rc != MMS_OK)
		return rc;
	unsigned fields = outlook_fields(write, item.is_online);
	if (fields != 0 || write->is_busy_block || there == NULL) {
		job->method = "PATCH";
		job->has_body = true;
		return outlook_body(write, fields, &job->body, err);
	}
	/* Nothing of it may be sent. */
	if (write->version != NULL && there->version != NULL &&
	    strcmp(write->version, there->version) != 0)
		return mms_fail(err, MMS_E_CONFLICT,
				"calendar '%s' of '%s': the event was changed there meanwhile",
				s->service.id, s->service.calendar->integration);
	job->is_settled = true;
	return mms_event_copy(there, &job->result->event, err);
}

/* Guests hear of it by a cancellation; without any, or where we are not who invited them, it is deleted. */
static void
prepare_delete(struct service_job *job)
{
	job->has_body = job->write->has_guests;
	job->method = job->has_body ? "POST" : "DELETE";
	if (!job->has_body)
		return;
	mms_str_add(&job->tail, "/cancel");
	mms_str_add(&job->body, "{}");
}

mms_rc
outlook_prepare(struct service *service, struct service_job *job, struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)service;
	const struct mms_write *write = job->write;

	if (write->kind == MMS_WRITE_CREATE) {
		job->method = "POST";
		job->has_body = true;
		mms_str_addf(&job->tail, "%s/events", s->calendar_url + strlen(service->root));
		return outlook_body(write, MMS_FIELD_ALL, &job->body, err);
	}
	if (mms_provisional_id_read(write->external_id, NULL))
		return mms_fail(err, MMS_E_CONFLICT,
				"calendar '%s' of '%s': the event's own id is not known yet",
				service->id, service->calendar->integration);
	mms_str_add(&job->tail, "/me/events/");
	wire_add_escaped(&job->tail, write->external_id);
	if (write->kind == MMS_WRITE_CHANGE)
		return prepare_change(s, job, err);
	prepare_delete(job);
	return mms_str_check(&job->body, err);
}

bool
outlook_other_way(struct service_job *job, long status)
{
	const size_t cancel = sizeof "/cancel" - 1;

	if (status != 400 || job->write->kind != MMS_WRITE_DELETE || !job->has_body)
		return false;
	job->has_body = false;
	job->method = "DELETE";
	job->tail.len -= cancel;
	job->tail.ptr[job->tail.len] = '\0';
	return true;
}

/* ---- many --------------------------------------------------------------------------------- */

mms_rc
outlook_make_batch(const struct service *service, struct service_job *const *jobs, size_t n,
		   struct mms_str *out, struct mms_err *err)
{
	(void)service;
	for (size_t i = 0; i < n; i++) {
		const struct mms_write *write = jobs[i]->write;
		const struct outlook_call call = {
			.method = jobs[i]->method,
			.path = mms_str_get(&jobs[i]->tail),
			.version = write->kind != MMS_WRITE_CREATE ? write->version : NULL,
			.body = jobs[i]->has_body ? mms_str_get(&jobs[i]->body) : NULL,
			.body_len = jobs[i]->body.len,
		};
		outlook_batch_add(out, i, &call);
	}
	outlook_batch_end(out);
	return mms_str_check(out, err);
}

mms_rc
outlook_read_batch(const struct mms_http_answer *answer, struct service_reply *replies,
		   size_t n, struct mms_err *err)
{
	return outlook_batch_read(mms_str_get(&answer->body), answer->body.len, replies, n,
				  err);
}
