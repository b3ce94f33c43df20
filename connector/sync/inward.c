/*
 * Changes that people make outside to the events of bookings (see turn.h). A listing shows them; they are
 * looked at when it is over, each settled in a transaction of its own before the cursor moves: a run that
 * dies in between lists them again and finds them done.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "outward.h"

/* An event as the service has it now. */
struct returned {
	struct mms_event
		event;   /* of one that is renamed or revived its mark says which it is */
	bool is_renamed; /* it was known by another id */
};

/* A state of ours in this calendar, and what the listing said of it. */
struct own {
	const struct mms_own_state *state;
	bool is_seen;
	bool is_missed;        /* a full listing should have shown it: asked for by its id */
	struct returned as_is; /* external_id NULL: nothing new */
};

struct mms_inward {
	struct mms_own_states states;
	struct own *items; /* one for each state, sorted by key */
	size_t n;
	struct returned *revived; /* of states that are deleted, or were known by another id */
	size_t n_revived, cap_revived;
};

void
mms_inward_free(struct mms_inward *in)
{
	if (in == NULL)
		return;
	for (size_t i = 0; i < in->n; i++)
		mms_event_release(&in->items[i].as_is.event);
	for (size_t i = 0; i < in->n_revived; i++)
		mms_event_release(&in->revived[i].event);
	mms_free(in->revived);
	mms_free(in->items);
	mms_own_states_release(&in->states);
	mms_free(in);
}

static int
by_key(const void *a, const void *b)
{
	const struct own *x = a, *y = b;

	return memcmp(x->state->key, y->state->key, MMS_PRINT_BYTES);
}

static mms_rc
load(struct mms_turn_state *t, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (t->inward != NULL)
		return MMS_OK;
	struct mms_inward *in = mms_alloc(sizeof *in);
	if (in == NULL)
		return mms_fail_nomem(err);
	t->inward = in;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_states_of_integration(lent.db, t->source->cursor.id, &in->states,
						   err);
	if (rc != MMS_OK)
		return rc;
	in->items = mms_alloc((in->states.n + 1) * sizeof *in->items);
	if (in->items == NULL)
		return mms_fail_nomem(err);
	for (; in->n < in->states.n; in->n++)
		in->items[in->n] = (struct own){ .state = &in->states.items[in->n] };
	if (in->n > 1)
		qsort(in->items, in->n, sizeof *in->items, by_key);
	return MMS_OK;
}

static struct own *
find(struct mms_inward *in, const unsigned char *key)
{
	struct mms_own_state wanted;
	struct own probe = { .state = &wanted };

	memcpy(wanted.key, key, sizeof wanted.key);
	return in->n > 0 ? bsearch(&probe, in->items, in->n, sizeof probe, by_key) : NULL;
}

static mms_rc
add_returned(struct mms_inward *in, const struct mms_event *event, bool is_renamed,
	     struct mms_err *err)
{
	struct returned *moved =
		mms_grow(in->revived, in->n_revived, &in->cap_revived, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	in->revived = moved;
	moved[in->n_revived] = (struct returned){ .is_renamed = is_renamed };
	mms_rc rc = mms_event_copy(event, &moved[in->n_revived].event, err);
	if (rc == MMS_OK)
		in->n_revived++;
	return rc;
}

/* An event that somebody removed, and that is back. */
static mms_rc
note_revived(struct mms_inward *in, const struct mms_event *event, struct mms_err *err)
{
	if (event->is_gone || event->mark.kind != MMS_MARK_BOOKING)
		return MMS_OK;
	return add_returned(in, event, false, err);
}

mms_rc
mms_inward_adopt(struct mms_turn_state *t, const unsigned char uuid[16],
		 const struct mms_event *event, struct mms_err *err)
{
	mms_rc rc = load(t, err);

	for (size_t i = 0; rc == MMS_OK && i < t->inward->n; i++) {
		struct own *own = &t->inward->items[i];
		if (memcmp(own->state->uuid, uuid, sizeof own->state->uuid) != 0)
			continue;
		own->is_seen = true;
		mms_event_release(&own->as_is.event); /* that the old id is gone is no news */
	}
	if (rc == MMS_OK)
		rc = add_returned(t->inward, event, true, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_mark *mark = &t->inward->revived[t->inward->n_revived - 1].event.mark;
	mark->kind = MMS_MARK_BOOKING;
	memcpy(mark->id, uuid, sizeof mark->id);
	return MMS_OK;
}

static bool
is_adopted(const struct mms_inward *in, const unsigned char uuid[16])
{
	for (size_t i = 0; i < in->n_revived; i++) {
		if (in->revived[i].is_renamed &&
		    memcmp(in->revived[i].event.mark.id, uuid, 16) == 0)
			return true;
	}
	return false;
}

mms_rc
mms_inward_note(struct mms_turn_state *t, const struct mms_known_event *known,
		const struct mms_event *event, struct mms_err *err)
{
	mms_rc rc = load(t, err);

	if (rc != MMS_OK)
		return rc;
	struct own *own = find(t->inward, known->key);
	if (own == NULL)
		return note_revived(t->inward, event, err);
	own->is_seen = true;
	/* The last listing of it counts. */
	mms_event_release(&own->as_is.event);
	if (is_adopted(t->inward, own->state->uuid))
		return MMS_OK;
	bool is_same = !event->is_gone && event->version != NULL &&
		       own->state->version != NULL &&
		       strcmp(event->version, own->state->version) == 0;
	/* Announced, and not settled yet: the outbox asks for it. */
	if (is_same || own->state->status == MMS_STATE_CREATING || event->problem != NULL)
		return MMS_OK;
	return mms_event_copy(event, &own->as_is.event, err);
}

/* ---- after the listing --------------------------------------------------------------------- */

static struct mms_outward
outward_of(const struct mms_turn_state *t)
{
	struct mms_outward o = { .worker = t->worker, .now_ms = t->started_ms };

	memcpy(o.site_uuid, t->worker->site, sizeof o.site_uuid);
	return o;
}

/* Its booking may have other events, in other people's calendars: they follow. */
static mms_rc
plan_others(const struct mms_outward *o, const char *booking, struct mms_err *err)
{
	MMS_AUTO(mms_outward_events) planned = { 0 };
	const struct mms_announce what = { .booking = booking };

	mms_rc rc = mms_announce_booking(o, &what, &planned, err);
	if (rc != MMS_E_USAGE && rc != MMS_E_CONFLICT)
		return rc;
	mms_err_release(err); /* deleted, or planned by others in this moment */
	return MMS_OK;
}

/*
 * How long the row may be now: the turn measures the integration's longest event from what it has read,
 * and this row is another since.
 */
static mms_rc
note_length(struct mms_turn_state *t, const struct mms_booking_side *side,
	    const struct mms_event *event, struct mms_err *err)
{
	int64_t of_booking = side->meeting.end_ms - side->meeting.start_ms,
		of_event = event->is_gone || event->start_ms == MMS_NO_TIME ||
					   event->end_ms == MMS_NO_TIME
				   ? 0
				   : event->end_ms - event->start_ms;
	int64_t ms = of_booking > of_event ? of_booking : of_event;

	return t->has_known ? mms_longest_note(&t->known.longest, NULL, 0,
					       (ms > 60000 ? ms : 60000) * 1000, err)
			    : MMS_OK;
}

/*
 * Back from the bin: has the booking a new event in this calendar, or is this none that a person
 * removed? Then it is nobody's.
 */
mms_rc
mms_inward_is_nobodys(struct mms_db *db, const struct mms_own_state *state, bool *out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_own_states) all = { 0 };

	*out = false;
	if (state->status != MMS_STATE_DELETED)
		return MMS_OK;
	*out = state->removed_by != MMS_REMOVED_OUTSIDE || state->booking == NULL;
	if (*out)
		return MMS_OK;
	mms_rc rc = mms_own_states_of_booking(db, state->booking, &all, err);
	for (size_t i = 0; rc == MMS_OK && i < all.n; i++)
		*out = *out || (all.items[i].cursor_id == state->cursor_id &&
				all.items[i].status != MMS_STATE_DELETED);
	return rc;
}

/* Should this person have an event of the booking? Who brings another one back keeps it. */
static bool
is_wanted(const struct mms_booking_side *side, const char *user)
{
	const struct mms_booking *b = &side->booking;

	for (size_t i = 0; side->wish == MMS_WISH_PRESENT && user != NULL && i < b->n_users;
	     i++) {
		if (strcasecmp(b->users[i].user, user) == 0)
			return true;
	}
	return false;
}

/*
 * State and booking as they are now: the event may have been settled since it was listed. *is_left: there
 * is nothing of a booking to be settled.
 */
static mms_rc
load_one(struct mms_turn_state *t, const unsigned char uuid[16], const struct returned *r,
	 struct mms_own_state *state, struct mms_booking_side *side, bool *is_left,
	 struct mms_err *err)
{
	const char *user = t->source->integration.user;
	struct mms_outward o = outward_of(t);
	MMS_AUTO(mms_lent) lent = { 0 };

	*is_left = false;
	mms_rc rc = mms_pool_lend(t->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_load(lent.db, uuid, state, err);
	if (rc == MMS_OK)
		rc = mms_inward_is_nobodys(lent.db, state, is_left, err);
	/* A mark says what people let it say. */
	if (rc == MMS_OK && !r->is_renamed)
		*is_left = *is_left || strcmp(state->external_id, r->event.external_id) != 0;
	mms_lent_release(&lent);
	*is_left = *is_left || (rc == MMS_OK && state->booking == NULL);
	if (rc == MMS_OK && !*is_left)
		rc = mms_booking_side_load(&o, state->booking, &t->source->integration, side,
					   err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		*is_left = true;
		return MMS_OK;
	}
	/* Of a booking that is gone: the outbox removes it. */
	*is_left = *is_left || side->booking.name == NULL ||
		   (state->status == MMS_STATE_DELETED && !is_wanted(side, user));
	return rc;
}

/* It is gone: by a person, or by ourselves, and no answer came. */
static mms_rc
settle_gone(const struct mms_outward *o, struct mms_settlement *s, struct mms_err *err)
{
	bool has_moved = false;

	mms_rc rc = mms_outward_has_moved_house(s->state, s->source, &has_moved, err);
	if (rc != MMS_OK)
		return rc;
	s->outcome = has_moved || s->state->removed_by == MMS_REMOVED_BY_US
			     ? MMS_OUTCOME_REMOVED
			     : MMS_OUTCOME_REMOVED_OUTSIDE;
	s->event = NULL;
	return mms_settle(o, s, err);
}

/* One event as the service has it now. */
static mms_rc
settle_one(struct mms_turn_state *t, const unsigned char uuid[16], const struct returned *r,
	   struct mms_err *err)
{
	const struct mms_event *event = &r->event;
	struct mms_outward o = outward_of(t);
	MMS_AUTO(mms_own_state) state = { 0 };
	MMS_AUTO(mms_booking_side) side = { 0 };
	struct mms_settlement s = { .state = &state,
				    .source = t->source,
				    .lease = &t->lease,
				    .side = &side,
				    .event = event };
	unsigned to_outside = 0;
	bool is_left = false;

	mms_rc rc = load_one(t, uuid, r, &state, &side, &is_left, err);
	if (rc != MMS_OK || is_left)
		return rc;
	if (event->is_gone) {
		rc = settle_gone(&o, &s, err);
	} else {
		rc = mms_outward_merge(&o, &s, &side, &to_outside, err);
	}
	if (rc == MMS_OK)
		rc = note_length(t, &side, event, err);
	t->out->bookings_taken += rc == MMS_OK && (s.outcome == MMS_OUTCOME_TAKEN ||
						   s.outcome == MMS_OUTCOME_REMOVED_OUTSIDE);
	bool is_news = s.outcome == MMS_OUTCOME_TAKEN || event->is_gone;
	return rc == MMS_OK && is_news ? plan_others(&o, state.booking, err) : rc;
}

/* What a dry run would have done. */
static mms_rc
tell_planned(struct mms_turn_state *t, const struct mms_own_state *state,
	     const struct mms_event *event, struct mms_err *err)
{
	return mms_turn_add_planned(t->out, event->is_gone ? "delete" : "update",
				    state->row_name, state->external_id,
				    event->is_gone ? "the booking's event was deleted outside"
						   : "the booking's event was changed outside",
				    err);
}

/* Does what is known of it say that a full listing should have shown it? */
static mms_rc
judge_missed(const struct mms_turn_state *t, struct own *own, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };

	/* What never was there (refused, or on its way) is not missed. */
	if (own->is_seen || own->state->status == MMS_STATE_CREATING ||
	    own->state->version == NULL)
		return MMS_OK;
	mms_rc rc = mms_outward_base(own->state, &base, err);
	own->is_missed =
		rc == MMS_OK && (!base.outside.is_known || (base.outside.start_ms < t->to_ms &&
							    base.outside.end_ms > t->from_ms));
	return rc;
}

/* How long a listing may take to show what was changed. */
#define SLOW_MS (INT64_C(10) * 60000)

bool
mms_inward_is_elsewhere(const struct mms_turn_state *t, const struct mms_event *event)
{
	return t->provider->ops->complete != NULL && event->problem == NULL &&
	       event->start_ms != MMS_NO_TIME && event->start_ms < t->to_ms &&
	       event->end_ms > t->from_ms && event->modified_ms != MMS_NO_TIME &&
	       event->modified_ms < t->started_ms - SLOW_MS;
}

/*
 * Not shown by a full listing: asked for by its id, for only that tells. What was left behind in a calendar that was
 * replaced is not in this one, though some services find it all the same.
 */
static mms_rc
ask_for(const struct mms_turn_state *t, struct mms_session *session, struct own *own,
	struct mms_err *err)
{
	const struct mms_provider_ops *ops =
		((struct mms_session_base *)session)->provider->ops;
	const struct mms_own_state *state = own->state;
	struct mms_event *event = &own->as_is.event;
	bool has_moved = false;

	mms_rc rc = mms_outward_has_moved_house(state, t->source, &has_moved, err);
	if (rc == MMS_OK && has_moved) {
		event->is_gone = true;
		event->external_id = mms_text_copy(state->external_id);
		return event->external_id != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (rc != MMS_OK)
		return rc;
	mms_fault_step();
	rc = ops->get(session, state->external_id, event, err);
	if (rc == MMS_OK && mms_inward_is_elsewhere(t, event))
		event->is_gone = true;
	if (rc != MMS_OK || event->is_gone)
		return rc;
	if (event->version != NULL && state->version != NULL &&
	    strcmp(event->version, state->version) == 0)
		mms_event_release(event);
	return MMS_OK;
}

/* A booking whose row the database refuses stops no other: it is counted, and the next full reading tries again. */
static mms_rc
settle_or_count(struct mms_turn_state *t, const unsigned char uuid[16],
		const struct returned *r, struct mms_err *err)
{
	mms_rc rc = settle_one(t, uuid, r, err);

	if (rc != MMS_E_ITEM)
		return rc;
	mms_err_release(err);
	mms_counts_add(t, MMS_COUNT_FAILED, 1);
	return MMS_OK;
}

static mms_rc
settle_all(struct mms_turn_state *t, struct mms_err *err)
{
	struct mms_inward *in = t->inward;
	bool is_dry = t->worker->owner == NULL;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < in->n; i++) {
		struct own *own = &in->items[i];
		if (own->as_is.event.external_id == NULL)
			continue;
		rc = is_dry ? tell_planned(t, own->state, &own->as_is.event, err)
			    : settle_or_count(t, own->state->uuid, &own->as_is, err);
	}
	for (size_t i = 0; rc == MMS_OK && !is_dry && i < in->n_revived; i++)
		rc = settle_or_count(t, in->revived[i].event.mark.id, &in->revived[i], err);
	return rc;
}

/*
 * Events of bookings that are all gone at once were hardly deleted by a person: another account may have
 * been connected. They have the budget of inferred deletions.
 */
static mms_rc
check_budget(struct mms_turn_state *t, struct mms_err *err)
{
	const struct mms_config *config = &t->worker->env->site->config;
	const struct mms_delete_budget budget = { .count = config->delete_budget_count,
						  .percent = config->delete_budget_percent };
	int64_t n_gone = 0, n_near = 0;

	for (size_t i = 0; i < t->inward->n; i++) {
		const struct own *own = &t->inward->items[i];
		bool has_moved = own->state->removed_by == MMS_REMOVED_BY_US;

		/* What we removed ourselves, or left behind in another calendar, is no deletion. */
		if (own->is_missed && own->as_is.event.is_gone && !has_moved) {
			mms_rc rc = mms_outward_has_moved_house(own->state, t->source,
								&has_moved, err);
			if (rc != MMS_OK)
				return rc;
			n_gone += !has_moved;
		}
		n_near += own->is_missed || own->is_seen;
	}
	if (t->worker->options->may_delete ||
	    mms_policy_may_delete(&budget, n_gone, n_near, t->n_listed))
		return MMS_OK;
	mms_fail(err, MMS_E_CONFLICT,
		 "the calendar no longer has %lld of %lld events of bookings: nothing was "
		 "changed",
		 (long long)n_gone, (long long)n_near);
	return mms_hint(err,
			"is it another account, or another calendar? If they are really gone: "
			"mmsync sync --integration '%s' --confirm-deletes",
			t->source->integration.name);
}

mms_rc
mms_inward_settle(struct mms_turn_state *t, struct mms_session *session, bool is_full,
		  struct mms_err *err)
{
	const struct mms_provider *provider = ((struct mms_session_base *)session)->provider;
	mms_rc rc = MMS_OK;

	if (!(provider->caps & MMS_CAP_WRITE))
		return MMS_OK;
	if (is_full)
		rc = load(t, err);
	if (rc != MMS_OK || t->inward == NULL)
		return rc;
	for (size_t i = 0; rc == MMS_OK && is_full && i < t->inward->n; i++) {
		struct own *own = &t->inward->items[i];

		rc = judge_missed(t, own, err);
		if (rc == MMS_OK && own->is_missed)
			rc = ask_for(t, session, own, err);
	}
	if (rc == MMS_OK && is_full)
		rc = check_budget(t, err);
	return rc == MMS_OK ? settle_all(t, err) : rc;
}
