/*
 * An event of ours as the service has it now, against its booking as it is now: three-way by field. Where a
 * person saves the booking at the same time it is read again and merged anew.
 */
#include <string.h>

#include "outward.h"

#define MERGE_TRIES 5

/* What both sides say, and which of them has changed. */
static mms_rc
compare(const struct mms_outward *o, const struct mms_settlement *s,
	const struct mms_booking_side *side, struct mms_merge_input *in, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	MMS_AUTO(mms_meeting) theirs = { 0 };
	MMS_AUTO(mms_meeting_base) now = { 0 };

	mms_rc rc = mms_outward_base(s->state, &base, err);
	if (rc == MMS_OK)
		rc = mms_meeting_of_event(s->event, &theirs, err);
	if (rc == MMS_OK)
		rc = mms_meeting_base_make(&theirs, &now, err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&side->meeting, &now, &in->differs, err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&side->meeting, &base.booking, &in->booking_changed,
					 err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&theirs, &base.outside, &in->outside_changed, err);
	/* A service that keeps the words of a text, and not its tags, has changed nothing. */
	if (rc == MMS_OK && mms_meeting_reads_same(side->meeting.text, theirs.text))
		in->differs &= ~(unsigned)MMS_FIELD_TEXT;
	/* Of what is not shown nobody knows whether it differs, and nobody has changed it. */
	in->outside_changed &= ~mms_outward_hidden(s->source, s->event);
	in->differs |= mms_outward_hidden(s->source, s->event);
	if (s->state->status == MMS_STATE_CREATING) /* ours, and its answer was lost */
		in->outside_changed = 0;
	int64_t saved_ms = mms_zone_to_utc(o->worker->site_zone, side->booking.modified_us);
	in->is_outside_later =
		s->event->modified_ms != MMS_NO_TIME && s->event->modified_ms > saved_ms;
	return rc;
}

/* Only a booking that stands takes over what a person did; one that is over is left as it is. */
static void
hold_back(struct mms_merge *merge, enum mms_wish wish)
{
	if (wish == MMS_WISH_PRESENT)
		return;
	*merge = (struct mms_merge){ 0 };
}

/* Is this the first that is heard of it? That it was made may have had no answer, also when it was tried again after a refusal. */
static bool
is_first_seen(const struct mms_own_state *state)
{
	return state->status == MMS_STATE_CREATING || state->status == MMS_STATE_DELETED ||
	       (state->status == MMS_STATE_FAILED && state->version == NULL);
}

static mms_rc
merge_once(const struct mms_outward *o, struct mms_settlement *s, struct mms_booking_side *side,
	   unsigned *to_outside, struct mms_err *err)
{
	struct mms_merge_input in = { 0 };

	mms_rc rc = compare(o, s, side, &in, err);
	if (rc != MMS_OK)
		return rc;
	s->merge = mms_meeting_merge(&in);
	if (s->event->is_partial ||
	    mms_outward_hidden(s->source, s->event) !=
		    0) /* who is invited is not known: nobody may be left out */
		s->merge.to_outside &= ~(unsigned)MMS_FIELD_GUESTS;
	hold_back(&s->merge, side->wish);
	*to_outside = s->merge.to_outside;
	s->side = side;
	s->sent = &side->meeting; /* what was compared, whatever is saved meanwhile */
	s->asks_outbox = s->merge.to_outside != 0;
	s->outcome = s->merge.to_booking != 0  ? MMS_OUTCOME_TAKEN
		     : is_first_seen(s->state) ? MMS_OUTCOME_MADE
					       : MMS_OUTCOME_CHANGED;
	return mms_settle(o, s, err);
}

mms_rc
mms_outward_merge(const struct mms_outward *o, struct mms_settlement *s,
		  struct mms_booking_side *side, unsigned *to_outside, struct mms_err *err)
{
	for (unsigned attempt = 0;; attempt++) {
		mms_rc rc = merge_once(o, s, side, to_outside, err);
		if (rc != MMS_E_CONFLICT || attempt + 1 >= MERGE_TRIES)
			return rc;
		mms_err_release(err);
		rc = mms_worker_pause(o->worker, attempt, err);
		mms_booking_side_release(side);
		if (rc == MMS_OK)
			rc = mms_booking_side_load(o, s->state->booking,
						   &s->source->integration, side, err);
		if (rc != MMS_OK)
			return rc;
	}
}
