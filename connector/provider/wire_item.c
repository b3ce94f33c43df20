/* What the readers of events share over all services (see wire_item.h). */
#include "wire_item.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/uuid.h"

/* Of one event; services have fewer, the column holds fewer still. */
#define ATTENDEES_MAX ((size_t)2000)

mms_rc
wire_cut_off(const struct mms_jscan *s, struct mms_err *err)
{
	mms_fail(err, MMS_E_RETRY, "the answer is no calendar event: %s",
		 s->why != NULL ? s->why : "it ends in the middle");
	return mms_blame(err, MMS_BLAME_CALENDAR);
}

mms_rc
wire_pass_over(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	return mms_jscan_skip(it->scan, value) ? MMS_OK : wire_cut_off(it->scan, err);
}

/* ---- members ------------------------------------------------------------------------------ */

mms_rc
wire_read_text(struct wire_item *it, const struct wire_member *member,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	char **place = (char **)(void *)((char *)it->event + member->at);

	mms_rc rc = wire_pass_over(it, value, err);
	return rc == MMS_OK ? wire_take_text(value, place, err) : rc;
}

mms_rc
wire_read_value(struct wire_item *it, const struct wire_member *member,
		const struct mms_jvalue *value, struct mms_err *err)
{
	*(struct mms_jvalue *)(void *)((char *)it + member->at) = *value;
	return wire_pass_over(it, value, err);
}

mms_rc
wire_read_slots(struct wire_item *it, const struct mms_jvalue *value,
		const struct wire_slot *slots, size_t n, struct mms_err *err)
{
	return wire_read_map(it->scan, value, slots, n) ? MMS_OK : wire_cut_off(it->scan, err);
}

mms_rc
wire_read_array(struct wire_item *it, const struct mms_jvalue *value,
		mms_rc (*read)(struct wire_item *it, const struct mms_jvalue *value,
			       struct mms_err *err),
		struct mms_err *err)
{
	struct mms_jvalue element;
	mms_rc rc = MMS_OK;

	if (value->type != MMS_J_ARRAY)
		return wire_pass_over(it, value, err);
	while (rc == MMS_OK && mms_jscan_more(it->scan, NULL)) {
		if (!mms_jscan_value(it->scan, &element))
			break;
		rc = read(it, &element, err);
	}
	if (rc != MMS_OK)
		return rc;
	return it->scan->why == NULL ? MMS_OK : wire_cut_off(it->scan, err);
}

static const struct wire_member *
find_member(const struct wire_member *members, size_t n, const struct mms_jvalue *key)
{
	for (size_t i = 0; i < n; i++) {
		if ((key->has_escape || key->len == members[i].len) &&
		    mms_jscan_is(key, members[i].name, members[i].len))
			return &members[i];
	}
	return NULL;
}

mms_rc
wire_read_members(struct wire_item *it, const struct wire_member *members, size_t n,
		  struct mms_err *err)
{
	struct mms_jvalue key, value;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && mms_jscan_more(it->scan, &key)) {
		const struct wire_member *member = find_member(members, n, &key);
		if (!mms_jscan_value(it->scan, &value))
			break;
		rc = member != NULL ? member->read(it, member, &value, err)
				    : wire_pass_over(it, &value, err);
	}
	if (rc != MMS_OK)
		return rc;
	return it->scan->why == NULL ? MMS_OK : wire_cut_off(it->scan, err);
}

mms_rc
wire_open(const char *text, size_t len, struct mms_str *copy, struct mms_jscan *s,
	  struct mms_jvalue *value, struct mms_err *err)
{
	mms_str_addn(copy, text, len);
	mms_rc rc = mms_str_check(copy, err);
	if (rc == MMS_OK)
		rc = wire_repair(copy, err);
	if (rc != MMS_OK)
		return rc;
	mms_jscan_start(s, mms_str_get(copy), copy->len);
	return mms_jscan_value(s, value) ? MMS_OK : wire_cut_off(s, err);
}

static mms_rc
read_item(struct wire_item *it, const struct wire_format *format,
	  const struct mms_jvalue *value, struct mms_err *err)
{
	if (value->type != MMS_J_MAP) {
		*it->event = (struct mms_event){ 0 };
		return wire_pass_over(it, value, err);
	}
	mms_rc rc = wire_read_members(it, format->members, format->n, err);
	return rc == MMS_OK ? format->finish(it, err) : rc;
}

mms_rc
wire_read_item(struct wire_item *it, const struct wire_format *format,
	       const struct mms_jvalue *value, struct mms_err *err)
{
	*it->event = (struct mms_event){ .start_ms = MMS_NO_TIME,
					 .end_ms = MMS_NO_TIME,
					 .modified_ms = MMS_NO_TIME };
	mms_rc rc = read_item(it, format, value, err);
	mms_str_release(&it->doubts);
	if (rc != MMS_OK)
		mms_event_release(it->event);
	return rc;
}

mms_rc
wire_read_answer(struct wire_item *it, const struct wire_format *format, const char *text,
		 size_t len, struct mms_err *err)
{
	MMS_AUTO(mms_str) copy = { 0 };
	struct mms_jvalue value;

	mms_rc rc = wire_open(text, len, &copy, it->scan, &value, err);
	if (rc == MMS_OK)
		rc = wire_read_item(it, format, &value, err);
	if (rc != MMS_OK || (mms_jscan_done(it->scan) && it->event->external_id != NULL))
		return rc;
	mms_event_release(it->event);
	return wire_cut_off(it->scan, err);
}

/* ---- guests ------------------------------------------------------------------------------- */

mms_rc
wire_add_guest(struct wire_item *it, const struct wire_guest *guest, struct mms_err *err)
{
	struct mms_event *event = it->event;

	if (event->n_attendees >= ATTENDEES_MAX) {
		event->is_partial = true;
		return MMS_OK;
	}
	struct mms_attendee *moved = mms_grow(event->attendees, event->n_attendees,
					      &it->cap_attendees, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	event->attendees = moved;
	struct mms_attendee *a = &moved[event->n_attendees];
	*a = (struct mms_attendee){ .response = guest->response, .type = guest->type };
	mms_rc rc = wire_take_text(&guest->email, &a->email, err);
	if (rc != MMS_OK || a->email == NULL)
		return rc; /* somebody without an address: no guest that could be named */
	event->n_attendees++;
	return wire_take_text(&guest->name, &a->display_name, err);
}

void
wire_drop_guests(struct wire_item *it)
{
	struct mms_event *event = it->event;

	for (size_t i = 0; i < event->n_attendees; i++) {
		mms_free(event->attendees[i].email);
		mms_free(event->attendees[i].display_name);
	}
	event->n_attendees = 0;
}

/* ---- the rest ----------------------------------------------------------------------------- */

mms_rc
wire_set_modified(struct wire_item *it, const struct mms_jvalue *value, struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	char text[WIRE_WORD_MAX];
	int64_t ms = 0;

	size_t len = wire_print_text(value, text, sizeof text);
	if (len == 0)
		return MMS_OK;
	mms_rc rc = mms_time_parse(text, len, &ms, &ignored);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc == MMS_OK && wire_is_instant(ms))
		it->event->modified_ms = ms;
	return MMS_OK;
}

bool
wire_read_uuid(const struct mms_jvalue *value, unsigned char out[16])
{
	char text[WIRE_WORD_MAX];

	return wire_print_text(value, text, sizeof text) > 0 && mms_uuid_parse(text, out);
}

void
wire_set_mark(struct wire_item *it)
{
	struct mms_mark mark = { 0 };
	char kind[WIRE_WORD_MAX];

	size_t len = wire_print_text(&it->mark_kind, kind, sizeof kind);
	if (len == 0 || !wire_read_uuid(&it->mark_id, mark.id) ||
	    !wire_read_uuid(&it->mark_site, mark.site))
		return;
	for (size_t i = 0; i < len; i++) {
		if (kind[i] >= 'A' && kind[i] <= 'Z')
			kind[i] = (char)(kind[i] - 'A' + 'a');
	}
	mark.kind = mms_mark_kind_parse(kind, len);
	mark.has_source = wire_read_uuid(&it->mark_source, mark.source);
	if (!mark.has_source)
		memset(mark.source, 0, sizeof mark.source);
	it->event->mark = mark;
}

mms_rc
wire_set_warning(struct wire_item *it, struct mms_err *err)
{
	if (it->doubts.len == 0 && it->doubts.state == MMS_OK)
		return MMS_OK;
	mms_rc rc = mms_str_check(&it->doubts, err);
	if (rc == MMS_OK)
		it->event->warning = mms_str_take(&it->doubts);
	return rc;
}

void
wire_make_tombstone(struct mms_event *event)
{
	struct mms_event tombstone = { .external_id = event->external_id,
				       .series_id = event->series_id,
				       .start_ms = MMS_NO_TIME,
				       .end_ms = MMS_NO_TIME,
				       .modified_ms = event->modified_ms,
				       .status = MMS_EVENT_CANCELLED,
				       .is_gone = true };

	event->external_id = event->series_id = NULL;
	mms_event_release(event);
	*event = tombstone;
}
