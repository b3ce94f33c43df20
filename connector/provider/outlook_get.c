/* Events asked for one by one: by their ids, many in one request, and by what we have marked them with. */
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "outlook_parts.h"

static void
add_path(struct mms_str *out, const char *id)
{
	mms_str_add(out, "/me/events/");
	wire_add_escaped(out, id);
	mms_str_addc(out, '?');
	outlook_add_expand(out);
}

/* ---- one ---------------------------------------------------------------------------------- */

/* What says that the event is gone says so of an event of a calendar that we see. */
static mms_rc
make_gone(struct outlook_session *s, const char *id, struct mms_event *out, struct mms_err *err)
{
	mms_err_release(err);
	mms_rc rc = service_confirm(&s->service, err);
	return rc == MMS_OK ? service_tombstone(id, out, err) : rc;
}

static mms_rc
get_one(struct outlook_session *s, const char *id, const struct outlook_reader *reader,
	struct outlook_item *item, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) url = { 0 };
	struct service_request request = { .asked = OUTLOOK_GET, .n = 1 };

	mms_str_add(&url, s->service.root);
	add_path(&url, id);
	mms_rc rc = mms_str_check(&url, err);
	request.url = mms_str_get(&url);
	if (rc == MMS_OK)
		rc = service_ask(&s->service, &request, &answer, err);
	if (rc == MMS_E_GONE)
		return make_gone(s, id, &item->event, err);
	return rc == MMS_OK ? outlook_event_read(reader, mms_str_get(&answer.body),
						 answer.body.len, item, err)
			    : rc;
}

/* ---- many --------------------------------------------------------------------------------- */

/* Events on their way. */
struct lot {
	const struct outlook_reader *reader;
	const char *const *ids;
	struct outlook_item *items;
	size_t open[OUTLOOK_BATCH_MAX], n; /* places of those that are not settled */
	bool is_refused; /* a part was told that the token is none: alone it gets another */
};

/* What is refused for good is that one's problem: it must not stand in the way of the others. */
static mms_rc
keep_problem(const char *id, struct mms_event *event, struct mms_err *err)
{
	MMS_AUTO(mms_err) why = { 0 };

	mms_err_move(&why, err);
	mms_rc rc = service_tombstone(id, event, err);
	if (rc != MMS_OK)
		return rc;
	event->is_gone = false;
	event->status = MMS_EVENT_CONFIRMED;
	event->problem = mms_text_copy(mms_err_text(&why));
	return event->problem != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
settle(struct outlook_session *s, const struct lot *lot, size_t at,
       const struct service_reply *reply, struct mms_err *err)
{
	const char *id = lot->ids[at];
	struct outlook_item *item = &lot->items[at];

	if (reply->status == 0) {
		mms_fail(err, MMS_E_RETRY,
			 "calendar '%s' of '%s': Microsoft's answer lacks one of the "
			 "events that were asked for",
			 s->service.id, s->service.calendar->integration);
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	mms_rc rc = outlook_judge(&s->service, OUTLOOK_GET, reply->status, reply->body,
				  reply->body_len, err);
	if (rc == MMS_E_GONE)
		return make_gone(s, id, &item->event, err);
	if (rc == MMS_E_CONFIG)
		return keep_problem(id, &item->event, err);
	return rc == MMS_OK ? outlook_event_read(lot->reader, reply->body, reply->body_len,
						 item, err)
			    : rc;
}

/* What is to be asked again stays in the lot, and is a failure; *wait_ms: how long that is to be left. */
static mms_rc
settle_lot(struct outlook_session *s, struct lot *lot, const struct service_reply *replies,
	   int64_t *wait_ms, struct mms_err *err)
{
	MMS_AUTO(mms_err) last = { 0 };
	size_t n_left = 0;
	mms_rc rc = MMS_OK;

	lot->is_refused = false;
	for (size_t i = 0; i < lot->n && (rc == MMS_OK || rc == MMS_E_RETRY); i++) {
		mms_err_release(err);
		rc = settle(s, lot, lot->open[i], &replies[i], err);
		if (replies[i].status == 401) {
			lot->is_refused = true;
			err->code = rc = MMS_E_RETRY;
		}
		if (rc != MMS_E_RETRY)
			continue;
		mms_err_move(&last, err);
		lot->open[n_left++] = lot->open[i];
		if (replies[i].retry_after_ms > *wait_ms)
			*wait_ms = replies[i].retry_after_ms;
	}
	if (rc != MMS_OK && rc != MMS_E_RETRY)
		return rc;
	lot->n = n_left;
	if (n_left > 0)
		mms_err_move(err, &last);
	return n_left > 0 ? MMS_E_RETRY : MMS_OK;
}

static mms_rc
get_each(struct outlook_session *s, struct lot *lot, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (; rc == MMS_OK && lot->n > 0; lot->n -= rc == MMS_OK ? 1 : 0) {
		size_t at = lot->open[lot->n - 1];

		rc = get_one(s, lot->ids[at], lot->reader, &lot->items[at], err);
		if (rc == MMS_E_CONFIG)
			rc = keep_problem(lot->ids[at], &lot->items[at].event, err);
	}
	return rc;
}

static mms_rc
add_calls(const struct lot *lot, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) path = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < lot->n; i++) {
		mms_str_clear(&path);
		add_path(&path, lot->ids[lot->open[i]]);
		const struct outlook_call call = { .method = "GET",
						   .path = mms_str_get(&path) };
		rc = mms_str_check(&path, err);
		outlook_batch_add(out, i, &call);
	}
	outlook_batch_end(out);
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

/* One request for all that are left; *is_answered: some may have been told to wait. */
static mms_rc
ask_lot(struct outlook_session *s, struct lot *lot, bool *is_answered, int64_t *wait_ms,
	struct mms_err *err)
{
	struct service_reply replies[OUTLOOK_BATCH_MAX];
	MMS_AUTO(mms_http_answer) answer = { 0 };
	MMS_AUTO(mms_str) body = { 0 };
	struct service_request request = { .asked = OUTLOOK_FIND,
					   .method = "POST",
					   .url = s->batch_url,
					   .n = (int64_t)lot->n,
					   .width = outlook_kind.batch_width };

	if (lot->n == 1 || lot->is_refused)
		return get_each(s, lot, err);
	mms_rc rc = add_calls(lot, &body, err);
	request.body = mms_str_get(&body);
	request.body_len = body.len;
	if (rc == MMS_OK)
		rc = service_send(&s->service, &request, &answer, err);
	if (rc == MMS_OK && service_is_no_batch(answer.status))
		return get_each(s, lot, err);
	if (rc != MMS_OK)
		return rc;
	rc = outlook_judge(&s->service, OUTLOOK_FIND, answer.status, mms_str_get(&answer.body),
			   answer.body.len, err);
	service_tell_wait(&s->service, err);
	if (rc != MMS_OK)
		return rc;
	*is_answered = true;
	rc = outlook_batch_read(mms_str_get(&answer.body), answer.body.len, replies, lot->n,
				err);
	return rc == MMS_OK ? settle_lot(s, lot, replies, wait_ms, err) : rc;
}

static mms_rc
get_lot(struct outlook_session *s, struct lot *lot, struct mms_err *err)
{
	for (int64_t attempt = 0; lot->n > 0; attempt++) {
		bool is_answered = false;
		int64_t wait_ms = -1;

		mms_rc rc = ask_lot(s, lot, &is_answered, &wait_ms, err);
		if (rc == MMS_E_RETRY && is_answered)
			rc = mms_request_pause(s->service.env, s->batch_url, attempt, wait_ms,
					       &s->service.base.counts, err);
		if (rc != MMS_OK && is_answered)
			service_tell_wait(&s->service, err);
		if (rc != MMS_OK)
			return rc;
	}
	return MMS_OK;
}

mms_rc
outlook_get_many(struct outlook_session *s, const char *const *ids, size_t n, bool has_window,
		 struct outlook_item *items, struct mms_err *err)
{
	const struct outlook_reader reader = outlook_reader(s, has_window);
	struct lot lot = { .reader = &reader, .ids = ids, .items = items };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		if (service_is_id(ids[i]))
			lot.open[lot.n++] = i;
		else
			rc = service_tombstone(ids[i] != NULL ? ids[i] : "", &items[i].event,
					       err);
		if (rc == MMS_OK && (lot.n == OUTLOOK_BATCH_MAX || i + 1 == n))
			rc = get_lot(s, &lot, err);
	}
	return rc;
}

/* ---- by what we have put on it ------------------------------------------------------------ */

/* What a page has found is handed out; its memory goes with it. */
static mms_rc
take_found(struct outlook_session *s, struct wire_page *page, const struct outlook_found *to,
	   struct mms_err *err)
{
	const struct outlook_reader reader = outlook_reader(s, false);
	bool has = true;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && has) {
		struct outlook_item item __attribute__((cleanup(outlook_item_release))) = { 0 };

		rc = outlook_page_next(page, &reader, &item, &has, err);
		if (rc == MMS_OK && has && item.event.external_id != NULL)
			rc = to->take(to->aux, &item.event, err);
	}
	return rc;
}

/* On to the next page, in *url. *is_end: there is none. */
static mms_rc
follow(const struct outlook_session *s, const char *link, struct wire_trail *trail,
       struct mms_str *url, struct mms_err *err)
{
	mms_rc rc = outlook_check_link(s, link, err);

	if (rc == MMS_OK)
		rc = service_follow(&s->service, trail, link, err);
	mms_str_clear(url);
	mms_str_add(url, link);
	return rc == MMS_OK ? mms_str_check(url, err) : rc;
}

/* All pages from this address on, which is used up. */
static mms_rc
find_pages(struct outlook_session *s, struct mms_str *url, const struct outlook_found *to,
	   struct wire_trail *trail, struct mms_err *err)
{
	bool is_end = false;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && !is_end) {
		MMS_AUTO(wire_page) page = { 0 };
		MMS_AUTO(mms_http_answer) answer = { 0 };
		const struct service_request request = { .asked = OUTLOOK_FIND,
							 .url = mms_str_get(url),
							 .n = 1 };

		rc = service_ask(&s->service, &request, &answer, err);
		if (rc == MMS_OK)
			rc = outlook_page_open(&answer.body, &page, err);
		if (rc == MMS_OK)
			rc = take_found(s, &page, to, err);
		is_end = page.next == NULL;
		if (rc == MMS_OK && !is_end)
			rc = follow(s, page.next, trail, url, err);
	}
	return rc;
}

mms_rc
outlook_find(struct outlook_session *s, const char *name, const char *value,
	     const struct outlook_found *to, struct mms_err *err)
{
	struct wire_trail trail = { 0 };
	MMS_AUTO(mms_str) url = { 0 };

	mms_str_addf(&url, "%s/me/events?", s->service.root);
	outlook_add_filter(&url, name, value);
	mms_str_add(&url, "&$select=id,isCancelled,transactionId");
	mms_rc rc = mms_str_check(&url, err);
	if (rc == MMS_OK)
		rc = find_pages(s, &url, to, &trail, err);
	wire_trail_release(&trail);
	return rc;
}

/* The event that was made under a provisional id. */
struct made {
	const unsigned char *uuid; /* borrowed */
	char *id;                  /* owned */
	int rank;
};

/* Of several, which a copy makes, one that is not cancelled; of these the one that was made by our request. */
static mms_rc
take_made(void *aux, const struct mms_event *event, struct mms_err *err)
{
	struct made *made = aux;
	bool is_first = event->has_made_with &&
			memcmp(event->made_with, made->uuid, MMS_UUID_BYTES) == 0;
	int rank = (event->status != MMS_EVENT_CANCELLED ? 2 : 0) + is_first;

	if (made->id != NULL && made->rank >= rank)
		return MMS_OK;
	mms_free(made->id);
	made->id = mms_text_copy(event->external_id);
	made->rank = rank;
	return made->id != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
get_made(struct outlook_session *s, const unsigned char uuid[MMS_UUID_BYTES],
	 struct outlook_item *item, struct mms_err *err)
{
	struct made made = { .uuid = uuid };
	const struct outlook_found to = { .aux = &made, .take = take_made };
	const struct outlook_reader reader = outlook_reader(s, false);
	char text[MMS_UUID_TEXT];

	mms_rc rc = outlook_find(s, "mmsync_id", mms_uuid_print(uuid, text), &to, err);
	if (rc == MMS_OK && made.id != NULL)
		rc = get_one(s, made.id, &reader, item, err);
	mms_free(made.id);
	/* Nothing that the search tells is adopted unseen. */
	if (rc == MMS_OK && item->event.external_id != NULL && !item->event.is_gone &&
	    memcmp(item->event.mark.id, uuid, MMS_UUID_BYTES) != 0) {
		mms_fail(err, MMS_E_RETRY,
			 "calendar '%s' of '%s': Microsoft's search shows another event "
			 "than the one that was made",
			 s->service.id, s->service.calendar->integration);
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	return rc;
}

mms_rc
outlook_get(struct mms_session *session, const char *external_id, struct mms_event *out,
	    struct mms_err *err)
{
	struct outlook_session *s = (struct outlook_session *)session;
	const struct outlook_reader reader = outlook_reader(s, false);
	unsigned char uuid[MMS_UUID_BYTES];
	struct outlook_item item = { 0 };
	mms_rc rc = MMS_OK;

	if (!service_is_id(external_id))
		return service_tombstone(external_id != NULL ? external_id : "", out, err);
	if (mms_provisional_id_read(external_id, uuid)) {
		rc = get_made(s, uuid, &item, err);
		if (rc == MMS_OK && item.event.external_id == NULL)
			rc = make_gone(s, external_id, &item.event, err);
	} else {
		rc = get_one(s, external_id, &reader, &item, err);
	}
	if (rc == MMS_OK)
		*out = item.event;
	else
		outlook_item_release(&item);
	return rc;
}
