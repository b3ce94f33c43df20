/* Meetings: made of events, compared, merged (see the header). */
#include "mmsync/meeting.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"

void
mms_meeting_release(struct mms_meeting *meeting)
{
	if (meeting == NULL)
		return;
	mms_free(meeting->title);
	mms_free(meeting->place);
	mms_free(meeting->text);
	for (size_t i = 0; i < meeting->n_guests; i++) {
		mms_free(meeting->guests[i].email);
		mms_free(meeting->guests[i].name);
	}
	mms_free(meeting->guests);
	*meeting = (struct mms_meeting){ 0 };
}

/* ---- of an event ----------------------------------------------------------------------------- */

static int
by_email(const void *a, const void *b)
{
	const struct mms_guest *x = a, *y = b;
	int order = strcasecmp(x->email, y->email);

	return order != 0 ? order : strcmp(x->email, y->email);
}

void
mms_meeting_sort_guests(struct mms_meeting *meeting)
{
	size_t n = 0;

	if (meeting->n_guests > 1)
		qsort(meeting->guests, meeting->n_guests, sizeof *meeting->guests, by_email);
	for (size_t i = 0; i < meeting->n_guests; i++) {
		struct mms_guest *guest = &meeting->guests[i];
		if (n > 0 && strcasecmp(meeting->guests[n - 1].email, guest->email) == 0) {
			mms_free(guest->email);
			mms_free(guest->name);
		} else {
			meeting->guests[n++] = *guest;
		}
	}
	meeting->n_guests = n;
}

static bool
is_empty(const char *text)
{
	return text == NULL || text[0] == '\0';
}

/* NULL where there is nothing. */
static bool
put_text(char **to, const char *text)
{
	if (is_empty(text))
		return true;
	*to = mms_text_copy(text);
	return *to != NULL;
}

static bool
is_guest(const struct mms_event *event, const struct mms_attendee *attendee)
{
	return !is_empty(attendee->email) &&
	       (event->organizer_email == NULL ||
		strcasecmp(attendee->email, event->organizer_email) != 0);
}

static mms_rc
take_guests(const struct mms_event *event, struct mms_meeting *out, struct mms_err *err)
{
	if (event->n_attendees == 0)
		return MMS_OK;
	out->guests = mms_alloc(event->n_attendees * sizeof *out->guests);
	if (out->guests == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < event->n_attendees; i++) {
		const struct mms_attendee *attendee = &event->attendees[i];
		if (!is_guest(event, attendee))
			continue;
		struct mms_guest *guest = &out->guests[out->n_guests++];
		if (!put_text(&guest->email, attendee->email) ||
		    !put_text(&guest->name, attendee->display_name))
			return mms_fail_nomem(err);
	}
	mms_meeting_sort_guests(out);
	return MMS_OK;
}

mms_rc
mms_meeting_of_event(const struct mms_event *event, struct mms_meeting *out,
		     struct mms_err *err)
{
	MMS_AUTO(mms_meeting)
	meeting = { .start_ms = event->start_ms, .end_ms = event->end_ms };

	if (!put_text(&meeting.title, event->title) ||
	    !put_text(&meeting.place, event->location) ||
	    !put_text(&meeting.text, event->description))
		return mms_fail_nomem(err);
	mms_rc rc = take_guests(event, &meeting, err);
	if (rc != MMS_OK)
		return rc;
	*out = meeting;
	meeting = (struct mms_meeting){ 0 };
	return MMS_OK;
}

/* ---- the base -------------------------------------------------------------------------------- */

/* Addresses in lower case; names are the service's to show as it likes. */
static mms_rc
digest_guests(const struct mms_meeting *meeting, unsigned char out[MMS_SHA256_BYTES],
	      struct mms_err *err)
{
	MMS_AUTO(mms_digest) digest = { 0 };

	mms_rc rc = mms_digest_begin(&digest, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t i = 0; i < meeting->n_guests; i++) {
		for (const char *p = meeting->guests[i].email; *p != '\0'; p++) {
			char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + ('a' - 'A')) : *p;
			mms_digest_add(&digest, &c, 1);
		}
		mms_digest_add(&digest, "\n", 1);
	}
	return mms_digest_end(&digest, out, err);
}

static mms_rc
digest_text(const struct mms_meeting *meeting, unsigned char out[MMS_SHA256_BYTES],
	    struct mms_err *err)
{
	const char *text = meeting->text != NULL ? meeting->text : "";

	return mms_sha256(text, strlen(text), out, err);
}

mms_rc
mms_meeting_base_make(const struct mms_meeting *meeting, struct mms_meeting_base *out,
		      struct mms_err *err)
{
	struct mms_meeting_base base = { .is_known = true,
					 .start_ms = meeting->start_ms,
					 .end_ms = meeting->end_ms };

	mms_rc rc = digest_text(meeting, base.text, err);
	if (rc == MMS_OK)
		rc = digest_guests(meeting, base.guests, err);
	if (rc == MMS_OK &&
	    (!put_text(&base.title, meeting->title) || !put_text(&base.place, meeting->place)))
		rc = mms_fail_nomem(err);
	if (rc != MMS_OK) {
		mms_free(base.title);
		mms_free(base.place);
		return rc;
	}
	*out = base;
	return MMS_OK;
}

static bool
is_same_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

mms_rc
mms_meeting_differs(const struct mms_meeting *now, const struct mms_meeting_base *base,
		    unsigned *fields, struct mms_err *err)
{
	unsigned char text[MMS_SHA256_BYTES], guests[MMS_SHA256_BYTES];
	unsigned differs = 0;

	if (!base->is_known) {
		*fields = MMS_FIELD_ALL;
		return MMS_OK;
	}
	mms_rc rc = digest_text(now, text, err);
	if (rc == MMS_OK)
		rc = digest_guests(now, guests, err);
	if (rc != MMS_OK)
		return rc;
	if (now->start_ms != base->start_ms || now->end_ms != base->end_ms)
		differs |= MMS_FIELD_TIMES;
	if (!is_same_text(now->title, base->title))
		differs |= MMS_FIELD_TITLE;
	if (!is_same_text(now->place, base->place))
		differs |= MMS_FIELD_PLACE;
	if (memcmp(text, base->text, sizeof text) != 0)
		differs |= MMS_FIELD_TEXT;
	if (memcmp(guests, base->guests, sizeof guests) != 0)
		differs |= MMS_FIELD_GUESTS;
	*fields = differs;
	return MMS_OK;
}

/* ---- both sides ------------------------------------------------------------------------------ */

struct mms_merge
mms_meeting_merge(const struct mms_merge_input *in)
{
	/* Where both say the same there is nothing to do, whoever changed it. */
	unsigned ours = in->booking_changed & in->differs & MMS_FIELD_ALL;
	unsigned theirs = in->outside_changed & in->differs & MMS_FIELD_ALL;
	unsigned both = ours & theirs;
	struct mms_merge merge = { 0 };

	merge.to_outside = in->is_outside_later ? ours & ~both : ours;
	merge.to_booking = (in->is_outside_later ? theirs : theirs & ~both) & MMS_FIELDS_BACK;
	merge.lost_outside = merge.to_outside & both;
	merge.lost_booking = merge.to_booking & both;
	return merge;
}
