/* What a settle writes into a booking (see the header). */
#include "booking_edit.h"

#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Width of external_calendar_link; a longer link stays in the state alone. */
#define LINK_CHARS 140

void
mms_booking_edit_release(struct mms_booking_edit *edit)
{
	if (edit == NULL)
		return;
	for (size_t i = 0; i < edit->n_history; i++)
		mms_str_release(&edit->history[i].text);
	mms_event_row_release(&edit->taken);
	mms_event_row_release(&edit->row);
	mms_base_release(&edit->base);
	*edit = (struct mms_booking_edit){ 0 };
}

/* A line for the history; its text is added by the caller. */
static struct mms_str *
add_history(struct mms_booking_edit *edit, const char *event_type)
{
	edit->is_changed = true;
	edit->history[edit->n_history].event_type = event_type;
	return &edit->history[edit->n_history++].text;
}

static bool
is_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static const char *
whose(const struct mms_settlement *s)
{
	const struct mms_integration *i = &s->source->integration;

	return i->user != NULL ? i->user : i->name;
}

/* ---- the row ------------------------------------------------------------------------------- */

/* The event as its row shows it: the booking's words, the service's facts. */
static mms_rc
make_row(const struct mms_outward *o, const struct mms_settlement *s,
	 const struct mms_meeting *meeting, struct mms_event_row *row, struct mms_err *err)
{
	struct mms_row_rules rules = mms_worker_rules(o->worker);
	const struct mms_event *e = s->event;
	struct mms_event view = {
		.external_id = e != NULL && e->external_id != NULL ? e->external_id
								   : s->state->external_id,
		.title = meeting->title,
		.description = meeting->text,
		.location = meeting->place,
		.start_ms = meeting->start_ms,
		.end_ms = meeting->end_ms,
		.modified_ms = e != NULL ? e->modified_ms : MMS_NO_TIME,
		.attendees = e != NULL ? e->attendees : NULL,
		.n_attendees = e != NULL ? e->n_attendees : 0,
		.organizer_email = e != NULL ? e->organizer_email : NULL,
	};

	mms_rc rc = mms_event_row_make(&view, &rules, o->now_ms, row, err);
	row->event_type = "Meeting Booking";
	row->is_blocking = true;
	return rc;
}

/* ---- what a person changed outside --------------------------------------------------------- */

static void
add_span(struct mms_str *out, int64_t start_us, int64_t end_us)
{
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];

	bool is_one_day = start_us / (MMS_DAY_MS * 1000) == end_us / (MMS_DAY_MS * 1000);

	(void)mms_wall_print(start_us, from);
	(void)mms_wall_print(end_us, to);
	mms_str_addf(out, "%.16s - %.*s", from, is_one_day ? 5 : 16,
		     to + (is_one_day ? 11 : 0));
}

static void
take_times(const struct mms_outward *o, const struct mms_settlement *s,
	   struct mms_booking_edit *edit)
{
	struct mms_booking_change *c = &edit->change;
	const struct mms_zone *zone = o->worker->event_zone;
	int64_t start_us = mms_zone_to_wall(zone, s->event->start_ms),
		end_us = mms_zone_to_wall(zone, s->event->end_ms);

	if (s->event->start_ms == MMS_NO_TIME || s->event->end_ms == MMS_NO_TIME)
		return;
	if (end_us <= start_us)
		end_us = start_us + INT64_C(60000000);
	if (start_us == c->start_us && end_us == c->end_us)
		return;
	struct mms_str *text = add_history(edit, "Rescheduled");
	mms_str_addf(text, "Moved in the calendar of %s: was ", whose(s));
	add_span(text, c->start_us, c->end_us);
	mms_str_add(text, ", is ");
	add_span(text, start_us, end_us);
	c->start_us = start_us;
	c->end_us = end_us;
	c->duration_min = (end_us - start_us) / 60000000;
}

static bool
is_web_address(const char *text)
{
	return text != NULL &&
	       (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0);
}

/*
 * Of a video call the place is its address: another address replaces it, other words go to the
 * meeting's location beside it, and an empty place takes nothing away.
 */
static void
take_place(const struct mms_booking *b, const char *place, struct mms_booking_change *c)
{
	bool is_video = is_text(b->location_type, "Video Call") && b->video_url != NULL &&
			b->video_url[0] != '\0';

	if (!is_video)
		c->location = place;
	else if (is_web_address(place))
		c->video_url = place;
	else if (place != NULL)
		c->location = place;
}

/* Title and place as the row's columns hold them: what a Frappe user could have typed. */
static void
take_words(const struct mms_settlement *s, const struct mms_event_row *taken,
	   struct mms_booking_edit *edit)
{
	const struct mms_booking *b = &s->side->booking;
	struct mms_booking_change *c = &edit->change;
	bool has_title = (s->merge.to_booking & MMS_FIELD_TITLE) != 0 &&
			 !is_text(taken->title, b->title);
	bool has_place = (s->merge.to_booking & MMS_FIELD_PLACE) != 0;

	if (!has_title && !has_place)
		return;
	struct mms_str *text = add_history(edit, "Customer Updated");
	mms_str_addf(text, "Changed in the calendar of %s:", whose(s));
	if (has_title)
		mms_str_addf(text, " title '%s' to '%s'", b->title != NULL ? b->title : "",
			     taken->title);
	if (has_place)
		mms_str_addf(text, "%s place to '%s'", has_title ? "," : "",
			     taken->location != NULL ? taken->location : "");
	if (has_title)
		c->title = taken->title;
	if (has_place)
		take_place(b, taken->location, c);
}

/* What a person had outside, and what the booking's change overwrites. */
static void
tell_lost_outside(const struct mms_outward *o, const struct mms_settlement *s,
		  struct mms_str *text)
{
	const struct mms_event *e = s->event;
	const struct mms_zone *zone = o->worker->event_zone;
	unsigned lost = s->merge.lost_outside;

	if ((lost & MMS_FIELD_TIMES) && e->start_ms != MMS_NO_TIME &&
	    e->end_ms != MMS_NO_TIME) {
		mms_str_add(text, " the calendar's times ");
		add_span(text, mms_zone_to_wall(zone, e->start_ms),
			 mms_zone_to_wall(zone, e->end_ms));
		mms_str_add(text, ";");
	}
	if (lost & MMS_FIELD_TITLE)
		mms_str_addf(text, " the calendar's title '%s';",
			     e->title != NULL ? e->title : "");
	if (lost & MMS_FIELD_PLACE)
		mms_str_addf(text, " the calendar's place '%s';",
			     e->location != NULL ? e->location : "");
	if (lost & MMS_FIELD_TEXT)
		mms_str_addf(text, " the calendar's description '%s';",
			     e->description != NULL ? e->description : "");
	if (lost & MMS_FIELD_GUESTS) {
		mms_str_add(text, " the calendar's guests");
		for (size_t i = 0; i < e->n_attendees; i++)
			mms_str_addf(text, " %s",
				     e->attendees[i].email != NULL ? e->attendees[i].email
								   : "");
		mms_str_add(text, ";");
	}
}

/* Changed on both sides: what was overwritten is kept in the history. */
static void
tell_losers(const struct mms_outward *o, const struct mms_settlement *s,
	    struct mms_booking_edit *edit)
{
	const struct mms_booking_side *side = s->side;
	unsigned booking = s->merge.lost_booking;

	if ((s->merge.lost_outside | booking) == 0)
		return;
	struct mms_str *text = add_history(edit, "Customer Updated");
	mms_str_addf(text,
		     "Changed here and in the calendar of %s; the later change holds. "
		     "Overwritten:",
		     whose(s));
	tell_lost_outside(o, s, text);
	if (booking & MMS_FIELD_TIMES) {
		mms_str_add(text, " the booking's times ");
		add_span(text, side->booking.start_us, side->booking.end_us);
		mms_str_add(text, ";");
	}
	if (booking & MMS_FIELD_TITLE)
		mms_str_addf(text, " the booking's title '%s';",
			     side->meeting.title != NULL ? side->meeting.title : "");
	if (booking & MMS_FIELD_PLACE)
		mms_str_addf(text, " the booking's place '%s';",
			     side->meeting.place != NULL ? side->meeting.place : "");
	if (booking & (MMS_FIELD_TEXT | MMS_FIELD_GUESTS))
		mms_str_add(text, " nothing of the booking: the calendar keeps its own "
				  "description or guests;");
}

static mms_rc
take_fields(const struct mms_outward *o, const struct mms_settlement *s,
	    struct mms_booking_edit *edit, struct mms_err *err)
{
	const struct mms_meeting words = { .title = s->event->title,
					   .place = s->event->location,
					   .start_ms = s->event->start_ms,
					   .end_ms = s->event->end_ms };

	mms_rc rc = make_row(o, s, &words, &edit->taken, err);
	if (rc != MMS_OK)
		return rc;
	if (s->merge.to_booking & MMS_FIELD_TIMES)
		take_times(o, s, edit);
	take_words(s, &edit->taken, edit);
	return MMS_OK;
}

/* ---- our notes ----------------------------------------------------------------------------- */

/* Is this the event that the booking should point to: the primary host's, or the only one? */
static bool
leads(const struct mms_settlement *s, const char *row_name)
{
	const struct mms_booking *b = &s->side->booking;

	return b->calendar_event == NULL || b->calendar_event[0] == '\0' ||
	       is_text(b->calendar_event, row_name) || s->side->has_guests;
}

static void
note_event(const struct mms_settlement *s, const char *row_name, struct mms_booking_edit *edit)
{
	struct mms_booking_change *c = &edit->change;
	const char *link = s->event != NULL ? s->event->link : NULL;

	if (leads(s, row_name)) {
		if (link == NULL || mms_utf8_count(link, strlen(link)) > LINK_CHARS)
			link = s->event != NULL ? NULL : c->link;
		if (!is_text(c->calendar_event, row_name) || !is_text(c->link, link) ||
		    !c->is_synced)
			edit->is_changed = true;
		c->calendar_event = row_name;
		c->link = link;
		c->is_synced = true;
	}
	if (s->outcome == MMS_OUTCOME_MADE)
		mms_str_addf(add_history(edit, "Calendar Synced"),
			     "Event created in the calendar of %s", whose(s));
}

static void
forget_event(const struct mms_settlement *s, struct mms_booking_edit *edit)
{
	struct mms_booking_change *c = &edit->change;

	if (s->state->row_name == NULL || !is_text(c->calendar_event, s->state->row_name))
		return;
	c->calendar_event = NULL;
	c->link = NULL;
	c->is_synced = false;
	edit->is_changed = true;
}

static void
note_removed_outside(const struct mms_outward *o, const struct mms_settlement *s,
		     struct mms_booking_edit *edit)
{
	const struct mms_config *config = &o->worker->env->site->config;
	struct mms_booking_change *c = &edit->change;

	forget_event(s, edit);
	mms_str_addf(add_history(edit, "Calendar Synced"),
		     "Event deleted in the calendar of %s", whose(s));
	if (!config->bookings_cancel_on_external_delete || s->side->wish != MMS_WISH_PRESENT)
		return;
	mms_str_addf(add_history(edit, "Cancelled"),
		     "Booking status changed from %s to Cancelled", s->side->booking.status);
	c->status = "Cancelled";
	c->cancelled_at_us = mms_zone_to_wall(o->worker->site_zone, o->now_ms);
	c->cancellation_reason = "Deleted in the calendar";
}

/* ---- the base ------------------------------------------------------------------------------ */

/* The meeting of the booking as it will be. */
static mms_rc
make_after(const struct mms_outward *o, const struct mms_settlement *s,
	   const struct mms_booking_edit *edit, struct mms_booking_side *after,
	   struct mms_err *err)
{
	const struct mms_booking_change *c = &edit->change;

	/* A view: what the booking owns stays its own. */
	after->booking = s->side->booking;
	after->booking.start_us = c->start_us;
	after->booking.end_us = c->end_us;
	after->booking.title = (char *)(uintptr_t)c->title;
	after->booking.location = (char *)(uintptr_t)c->location;
	after->booking.video_url = (char *)(uintptr_t)c->video_url;
	after->has_guests = s->side->has_guests;
	after->names_guests = s->side->names_guests;
	return mms_booking_side_make(o, after, err);
}

/* A side as it is now, but for the fields that were not sent yet, or not shown: there as it was. */
static mms_rc
keep_fields(const struct mms_meeting_base *old, unsigned kept, struct mms_meeting_base *base,
	    struct mms_err *err)
{
	if (kept == 0)
		return MMS_OK;
	if (!old->is_known) {
		base->is_known = false;
		return MMS_OK;
	}
	if (kept & MMS_FIELD_TIMES) {
		base->start_ms = old->start_ms;
		base->end_ms = old->end_ms;
	}
	if (kept & MMS_FIELD_TITLE) {
		mms_free(base->title);
		base->title = mms_text_copy(old->title);
	}
	if (kept & MMS_FIELD_PLACE) {
		mms_free(base->place);
		base->place = mms_text_copy(old->place);
	}
	if (kept & MMS_FIELD_TEXT)
		memcpy(base->text, old->text, sizeof base->text);
	if (kept & MMS_FIELD_GUESTS)
		memcpy(base->guests, old->guests, sizeof base->guests);
	bool is_short =
		((kept & MMS_FIELD_TITLE) && old->title != NULL && base->title == NULL) ||
		((kept & MMS_FIELD_PLACE) && old->place != NULL && base->place == NULL);
	return is_short ? mms_fail_nomem(err) : MMS_OK;
}

static bool
set_text(char **to, const char *from)
{
	mms_free(*to);
	*to = mms_text_copy(from);
	return from == NULL || *to != NULL;
}

/* Both sides as they are now, but for what is still to be sent. */
static mms_rc
make_both(const struct mms_settlement *s, const struct mms_meeting *meeting,
	  const struct mms_base *old, struct mms_base *base, struct mms_err *err)
{
	MMS_AUTO(mms_meeting) outside = { 0 };
	bool is_blind = mms_fault_is_sabotaged(MMS_SABOTAGE_SENT_IS_BASE);
	mms_rc rc = MMS_OK;

	if (s->event != NULL)
		rc = mms_meeting_of_event(s->event, &outside, err);
	if (rc == MMS_OK && s->event != NULL)
		rc = mms_meeting_base_make(is_blind ? meeting : &outside, &base->outside, err);
	if (rc == MMS_OK && s->event != NULL)
		rc = keep_fields(&old->outside, mms_outward_hidden(s->source, s->event),
				 &base->outside, err);
	if (rc == MMS_OK)
		rc = mms_meeting_base_make(meeting, &base->booking, err);
	unsigned unsent = s->asks_outbox ? s->merge.to_outside : 0;
	if (rc == MMS_OK)
		rc = keep_fields(&old->booking, unsent, &base->booking, err);
	if (rc == MMS_OK && !(unsent & MMS_FIELD_GUESTS))
		return mms_meeting_list_guests(meeting, &base->invited, err);
	return rc == MMS_OK && !set_text(&base->invited, old->invited) ? mms_fail_nomem(err)
								       : rc;
}

/*
 * What is remembered of this settle. Of an event that a person removed the base stays as it was at the
 * last one: only a booking that says something else makes it anew.
 */
static mms_rc
make_base(const struct mms_settlement *s, const struct mms_meeting *meeting,
	  const struct mms_booking_change *c, struct mms_base *base, struct mms_err *err)
{
	MMS_AUTO(mms_base) old = { 0 };
	mms_rc rc = mms_outward_base(s->state, &old, err);

	if (rc != MMS_OK)
		return rc;
	if (s->outcome == MMS_OUTCOME_REMOVED_OUTSIDE && old.booking.is_known) {
		*base = old;
		old = (struct mms_base){ 0 };
	} else {
		rc = make_both(s, meeting, &old, base, err);
	}
	const char *link = s->event != NULL ? s->event->link : old.link;
	const struct mms_provider *provider = mms_provider_find(s->source->integration.type);
	if (rc == MMS_OK &&
	    (!set_text(&base->status, c->status) ||
	     !set_text(&base->calendar, s->source->integration.calendar_id) ||
	     !set_text(&base->service, provider != NULL ? provider->name : NULL) ||
	     (link != NULL && !set_text(&base->link, link))))
		rc = mms_fail_nomem(err);
	return rc;
}

/* Fields, notes and history, as the outcome has it. */
/* A column of text holds so much; what is longer was never meant to be read here. */
#define HISTORY_CHARS 8000

static void
bound_history(struct mms_booking_edit *out)
{
	for (size_t i = 0; i < out->n_history; i++) {
		struct mms_str *text = &out->history[i].text;
		mms_str_cut(text, mms_utf8_prefix(mms_str_get(text), text->len, HISTORY_CHARS,
						  SIZE_MAX));
	}
}

static mms_rc
edit(const struct mms_outward *o, const struct mms_settlement *s, const char *row_name,
     struct mms_booking_edit *out, struct mms_err *err)
{
	bool is_present = s->side->wish == MMS_WISH_PRESENT;
	mms_rc rc = MMS_OK;

	switch (s->outcome) {
	case MMS_OUTCOME_REMOVED:
		if (is_present)
			forget_event(s, out);
		break;
	case MMS_OUTCOME_REMOVED_OUTSIDE:
		note_removed_outside(o, s, out);
		break;
	case MMS_OUTCOME_TAKEN:
	case MMS_OUTCOME_CHANGED:
	case MMS_OUTCOME_MADE:
		if (s->outcome == MMS_OUTCOME_TAKEN)
			rc = take_fields(o, s, out, err);
		if (rc == MMS_OK && s->event != NULL)
			tell_losers(o, s, out);
		if (rc == MMS_OK && is_present)
			note_event(s, row_name, out);
		break;
	}
	return rc;
}

mms_rc
mms_booking_edit_make(const struct mms_outward *o, const struct mms_settlement *s,
		      const char *row_name, struct mms_booking_edit *out, struct mms_err *err)
{
	struct mms_booking_side after = { 0 };

	if (s->side->booking.name == NULL)
		return MMS_OK; /* there is nobody to tell */
	out->change = mms_booking_same(&s->side->booking);
	mms_rc rc = edit(o, s, row_name, out, err);
	bound_history(out);
	if (rc == MMS_OK)
		rc = make_after(o, s, out, &after, err);
	const struct mms_meeting *now =
		s->sent != NULL && s->outcome != MMS_OUTCOME_TAKEN ? s->sent : &after.meeting;
	if (rc == MMS_OK)
		rc = make_base(s, now, &out->change, &out->base, err);
	if (rc == MMS_OK)
		rc = make_row(o, s, now, &out->row, err);
	mms_meeting_release(&after.meeting);
	return rc;
}
