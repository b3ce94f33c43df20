/* A component and an occurrence of it to an event. */
#include <string.h>
#include <strings.h>

#include "feed_parts.h"

/* Of one event; real meetings have fewer, the column holds fewer still. */
#define ATTENDEES_MAX ((size_t)2000)
/* "20260323T080000Z" and its NUL, with room. */
#define ID_MAX 24

static enum mms_response
response_of(struct mms_span partstat)
{
	static const struct {
		const char *name;
		enum mms_response response;
	} rows[] = {
		{ "ACCEPTED", MMS_RESPONSE_ACCEPTED },
		{ "DECLINED", MMS_RESPONSE_DECLINED },
		{ "TENTATIVE", MMS_RESPONSE_TENTATIVE },
		{ "NEEDS-ACTION", MMS_RESPONSE_NEEDS_ACTION },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_span_is(partstat, rows[i].name))
			return rows[i].response;
	}
	return MMS_RESPONSE_UNKNOWN;
}

/* The address in a CAL-ADDRESS, or the EMAIL parameter where the value is another URI. */
static mms_rc
address_of(const struct mms_feed *feed, struct mms_span value, struct mms_span params,
	   char **out, struct mms_err *err)
{
	static const char scheme[] = "mailto:";
	const size_t len = sizeof scheme - 1;
	struct mms_span email;
	bool is_mail = value.len >= len && strncasecmp(value.ptr, scheme, len) == 0;

	value = mms_span_trim(value);
	if (is_mail) {
		value.ptr += len;
		value.len -= len;
	} else if (mms_ical_param(params, "EMAIL", &email)) {
		value = email;
	} else if (value.len > 0 && memchr(value.ptr, ':', value.len) != NULL) {
		*out = NULL; /* urn:uuid:..., invalid:nomail */
		return MMS_OK;
	}
	value = mms_span_trim(value);
	if (value.len == 0) {
		*out = NULL;
		return MMS_OK;
	}
	return mms_ical_text(value, (struct mms_span){ "", 0 }, feed->options.charset, out,
			     err);
}

static mms_rc
add_attendee(const struct mms_feed *feed, const struct feed_block *block,
	     const struct feed_prop *prop, struct mms_event *event, size_t *cap,
	     struct mms_err *err)
{
	struct mms_span params = feed_params(block, prop), partstat;
	struct mms_attendee a = { 0 };

	mms_rc rc = address_of(feed, feed_value(block, prop), params, &a.email, err);
	if (rc != MMS_OK || a.email == NULL)
		return rc;
	if (mms_ical_param(params, "PARTSTAT", &partstat))
		a.response = response_of(partstat);
	rc = mms_ical_param_text(params, "CN", feed->options.charset, &a.display_name, err);
	if (a.display_name != NULL && a.display_name[0] == '\0') {
		mms_free(a.display_name);
		a.display_name = NULL;
	}
	struct mms_attendee *moved =
		rc == MMS_OK
			? mms_grow(event->attendees, event->n_attendees, cap, sizeof *moved)
			: NULL;
	if (moved == NULL) {
		mms_free(a.email);
		mms_free(a.display_name);
		return rc != MMS_OK ? rc : mms_fail_nomem(err);
	}
	event->attendees = moved;
	event->attendees[event->n_attendees++] = a;
	if (a.response == MMS_RESPONSE_DECLINED && feed->options.owner_email != NULL &&
	    strcasecmp(a.email, feed->options.owner_email) == 0)
		event->is_declined = true;
	return MMS_OK;
}

static void
set_busy_status(struct mms_event *event, struct mms_span value)
{
	static const struct {
		const char *name;
		enum mms_event_show show;
	} rows[] = {
		{ "BUSY", MMS_SHOW_BUSY },
		{ "FREE", MMS_SHOW_FREE },
		{ "TENTATIVE", MMS_SHOW_TENTATIVE },
		{ "OOF", MMS_SHOW_OUT_OF_OFFICE },
		{ "WORKINGELSEWHERE", MMS_SHOW_ELSEWHERE },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_span_is(value, rows[i].name))
			event->show = rows[i].show;
	}
}

/* STATUS, TRANSP, CLASS and what Outlook says, which counts more than TRANSP. */
static void
set_kind(const struct feed_block *block, struct mms_event *event)
{
	const struct feed_prop *busy = NULL;

	for (size_t i = 0; i < block->n; i++) {
		const struct feed_prop *p = &block->props[i];
		struct mms_span value = mms_span_trim(feed_value(block, p));
		if (p->prop == MMS_ICAL_STATUS && mms_span_is(value, "TENTATIVE"))
			event->status = MMS_EVENT_TENTATIVE;
		else if (p->prop == MMS_ICAL_TRANSP && mms_span_is(value, "TRANSPARENT"))
			event->show = MMS_SHOW_FREE;
		else if (p->prop == MMS_ICAL_CLASS)
			event->is_private = mms_span_is(value, "PRIVATE") ||
					    mms_span_is(value, "CONFIDENTIAL");
		else if (p->prop == MMS_ICAL_BUSYSTATUS)
			busy = p;
	}
	if (busy != NULL)
		set_busy_status(event, mms_span_trim(feed_value(block, busy)));
}

static mms_rc
set_text(const struct mms_feed *feed, const struct feed_block *block,
	 const struct feed_prop *prop, char **out, struct mms_err *err)
{
	if (*out != NULL || prop->value_len == 0)
		return MMS_OK;
	return mms_ical_text(feed_value(block, prop), feed_params(block, prop),
			     feed->options.charset, out, err);
}

static mms_rc
set_texts(struct mms_feed *feed, const struct feed_block *block, struct mms_event *event,
	  struct mms_err *err)
{
	struct mms_ical_time time;
	size_t cap = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < block->n && rc == MMS_OK; i++) {
		const struct feed_prop *p = &block->props[i];
		if (p->prop == MMS_ICAL_SUMMARY)
			rc = set_text(feed, block, p, &event->title, err);
		else if (p->prop == MMS_ICAL_DESCRIPTION)
			rc = set_text(feed, block, p, &event->description, err);
		else if (p->prop == MMS_ICAL_LOCATION)
			rc = set_text(feed, block, p, &event->location, err);
		else if (p->prop == MMS_ICAL_ORGANIZER && event->organizer_email == NULL)
			rc = address_of(feed, feed_value(block, p), feed_params(block, p),
					&event->organizer_email, err);
		else if (p->prop == MMS_ICAL_ATTENDEE && event->n_attendees < ATTENDEES_MAX)
			rc = add_attendee(feed, block, p, event, &cap, err);
		else if (p->prop == MMS_ICAL_LAST_MODIFIED &&
			 mms_ical_time_parse(feed_value(block, p), &time))
			event->modified_ms = time.wall_s * 1000;
		if (p->is_cut)
			feed_doubt(feed, "line %u is too long and was cut", p->line);
	}
	return rc;
}

/* A number in a fixed number of digits. */
static char *
put_digits(char *at, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + digits;
}

/* "20260323T080000Z" or "20260310" */
static size_t
print_id(const struct feed_occurrence *o, char out[ID_MAX])
{
	struct mms_civil c;
	char *at = out;

	mms_civil_from_wall(o->id_ms * 1000, &c);
	at = put_digits(at, c.year, 4);
	at = put_digits(at, c.month, 2);
	at = put_digits(at, c.day, 2);
	if (!o->id_is_date) {
		*at++ = 'T';
		at = put_digits(at, c.hour, 2);
		at = put_digits(at, c.minute, 2);
		at = put_digits(at, c.second, 2);
		*at++ = 'Z';
	}
	*at = '\0';
	return (size_t)(at - out);
}

/* external_id, series_id and recurrence_id from the UID and the occurrence. */
static mms_rc
set_ids(const struct feed_occurrence *o, struct mms_event *event, struct mms_err *err)
{
	char text[ID_MAX];
	size_t uid_len = strlen(event->ical_uid);

	if (o->id_ms == MMS_NO_TIME) {
		event->external_id = mms_text_copy_n(event->ical_uid, uid_len);
		return event->external_id != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	size_t len = print_id(o, text);
	event->series_id = mms_text_copy_n(event->ical_uid, uid_len);
	event->recurrence_id = mms_text_copy_n(text, len);
	event->external_id = mms_alloc(uid_len + 1 + len + 1);
	if (event->series_id == NULL || event->recurrence_id == NULL ||
	    event->external_id == NULL)
		return mms_fail_nomem(err);
	memcpy(event->external_id, event->ical_uid, uid_len);
	event->external_id[uid_len] = '/';
	memcpy(event->external_id + uid_len + 1, text, len + 1);
	return MMS_OK;
}

/* What was doubtful about a component; that of its times is found again for it. */
static mms_rc
set_warning(struct mms_feed *feed, const struct feed_block *block, struct mms_event *event,
	    struct mms_err *err)
{
	struct feed_times times;
	char *problem = NULL;

	mms_rc rc = feed_times(feed, block, &times, &problem, err);
	mms_free(problem);
	if (rc != MMS_OK)
		return rc;
	if (block->is_cut)
		feed_doubt(feed, "it is larger than what is read of one event");
	if ((feed->index.items[block->item].flags & FEED_IS_OPEN) != 0)
		feed_doubt(feed, "its END:VEVENT is missing");
	if (block == &feed->master && feed->series_doubts.len > 0)
		feed_doubt(feed, "%s", mms_str_get(&feed->series_doubts));
	if (feed->doubts.len == 0)
		return MMS_OK;
	event->warning = mms_text_copy(mms_str_get(&feed->doubts));
	return event->warning != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* What all occurrences of a component share, into feed->sample. */
static mms_rc
want_sample(struct mms_feed *feed, uint32_t item, struct mms_err *err)
{
	struct feed_block *block = feed->master.item == item ? &feed->master : &feed->other;
	struct mms_event *sample = &feed->sample;

	if (feed->sample_item == item)
		return MMS_OK;
	feed->sample_item = FEED_NONE;
	mms_event_release(sample);
	mms_str_clear(&feed->doubts);
	mms_rc rc = feed_load(feed, block, item, err);
	if (rc != MMS_OK)
		return rc;
	sample->modified_ms = MMS_NO_TIME;
	rc = feed_uid(feed, block, &sample->ical_uid, err);
	if (rc == MMS_OK)
		rc = set_texts(feed, block, sample, err);
	if (rc == MMS_OK)
		rc = set_warning(feed, block, sample, err);
	if (rc != MMS_OK)
		return rc;
	set_kind(block, sample);
	feed->sample_item = item;
	return MMS_OK;
}

mms_rc
feed_event(struct mms_feed *feed, struct feed_occurrence *o, bool is_last,
	   struct mms_event *out, struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };

	mms_rc rc = want_sample(feed, o->item, err);
	if (rc == MMS_OK && is_last) {
		event = feed->sample;
		feed->sample = (struct mms_event){ 0 };
		feed->sample_item = FEED_NONE;
	} else if (rc == MMS_OK) {
		rc = mms_event_copy(&feed->sample, &event, err);
	}
	if (rc == MMS_OK)
		rc = set_ids(o, &event, err);
	if (rc != MMS_OK)
		return rc;
	if (o->is_cancelled)
		event.status = MMS_EVENT_CANCELLED;
	event.is_all_day = o->is_all_day;
	event.start_ms = o->start_ms;
	event.end_ms = o->end_ms;
	event.first_day = o->first_day;
	event.end_day = o->end_day;
	event.is_outside = o->is_outside;
	event.problem = o->problem;
	o->problem = NULL;
	*out = event;
	event = (struct mms_event){ 0 };
	return MMS_OK;
}
