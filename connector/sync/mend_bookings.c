/*
 * Remedies of bookings (see mend_parts.h): the booking is announced as a push does it, and an event whose row does not say
 * what the booking says is looked at again; or the booking's own notes of its event are set right.
 */
#include <string.h>
#include <strings.h>

#include "mend_parts.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Of external_calendar_link. */
#define LINK_CHARS 140

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

/* ---- pushed --------------------------------------------------------------------------------------- */

static bool
is_settled(const struct mms_own_state *state)
{
	return state->type == MMS_STATE_BOOKING && state->removed_by == MMS_REMOVED_UNKNOWN &&
	       (state->status == MMS_STATE_SYNCED || state->status == MMS_STATE_CREATED);
}

static bool
is_on_its_way(const struct mms_outbox *outbox, const struct mms_own_state *state)
{
	for (size_t i = 0; i < outbox->n; i++) {
		if (memcmp(outbox->items[i].uuid, state->uuid, sizeof state->uuid) == 0)
			return true;
	}
	return false;
}

/*
 * Events of the booking that were settled, of which nothing is on its way, and whose rows do not say what the
 * booking says: they are looked at again. tx NULL: only whether there is one.
 */
static mms_rc
look_again(const struct mms_mending *x, struct mms_db *db, struct mms_tx *tx, bool *is_any,
	   struct mms_err *err)
{
	MMS_AUTO(mms_own_states) states = { 0 };
	MMS_AUTO(mms_outbox) outbox = { 0 };
	const char *booking = x->mend->booking;
	int64_t now_ms = x->m->kit.o.now_ms;

	*is_any = false;
	mms_rc rc = mms_own_states_of_booking(db, booking, &states, err);
	if (rc == MMS_OK)
		rc = mms_outbox_of_booking(db, booking, &outbox, err);
	for (size_t i = 0; rc == MMS_OK && i < states.n; i++) {
		const struct mms_own_state *state = &states.items[i];
		bool is_right = false;

		if (!is_settled(state) || is_on_its_way(&outbox, state))
			continue;
		if (state->has_row && state->row_name != NULL)
			rc = mms_mends_row_says(db, state->row_name, booking, &is_right, err);
		if (rc != MMS_OK || is_right)
			continue;
		*is_any = true;
		if (tx != NULL)
			rc = mms_mends_look_again(tx, state, now_ms, err);
		if (rc == MMS_OK && tx != NULL)
			rc = mms_outbox_put(tx, state, "update", now_ms, err);
	}
	return rc;
}

static mms_rc
write_look(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;

	return look_again(x, tx->db, tx, &x->did, err);
}

/* Is the booking there, and are events of it wanted? */
static mms_rc
is_wanted(struct mms_mending *x, bool *out, struct mms_err *err)
{
	MMS_AUTO(mms_booking) booking = { 0 };

	mms_rc rc = mms_booking_load(x->lent.db, x->m->kit.worker.env->columns,
				     x->mend->booking, &booking, err);
	*out = rc == MMS_OK && mms_booking_wish(booking.status) == MMS_WISH_PRESENT;
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

/* Is anything to be put down for it that is not on its way already? */
static mms_rc
is_to_be_announced(struct mms_mending *x, bool *out, struct mms_err *err)
{
	MMS_AUTO(mms_outward_events) planned = { 0 };
	MMS_AUTO(mms_outbox) outbox = { 0 };
	const struct mms_announce what = { .booking = x->mend->booking,
					   .is_asked_for = true,
					   .is_dry = true };

	mms_rc rc = mms_announce_booking(&x->m->kit.o, &what, &planned, err);
	if (rc == MMS_E_USAGE) { /* nobody knows it any more */
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc == MMS_OK)
		rc = mms_mending_connect(x, err);
	if (rc == MMS_OK)
		rc = mms_outbox_of_booking(x->lent.db, x->mend->booking, &outbox, err);
	for (size_t i = 0; rc == MMS_OK && i < planned.n; i++) {
		bool is_waiting = planned.items[i].step == MMS_STEP_NOTHING;
		for (size_t k = 0; k < outbox.n; k++)
			is_waiting = is_waiting || memcmp(outbox.items[k].uuid,
							  planned.items[i].uuid, 16) == 0;
		*out = *out || !is_waiting;
	}
	return rc;
}

static mms_rc
announce(struct mms_mending *x, struct mms_err *err)
{
	MMS_AUTO(mms_outward_events) planned = { 0 };
	const struct mms_announce what = { .booking = x->mend->booking, .is_asked_for = true };

	mms_mending_let_go(x);
	mms_rc rc = mms_announce_booking(&x->m->kit.o, &what, &planned, err);
	mms_fault_step();
	return rc == MMS_OK ? mms_mending_connect(x, err) : rc;
}

mms_rc
mms_mend_push_booking(struct mms_mending *x, struct mms_err *err)
{
	bool is_new = false, is_there = false, is_wrong = false;

	mms_mending_let_go(x);
	mms_rc rc = is_to_be_announced(x, &is_new, err);
	if (rc == MMS_OK && is_new)
		rc = announce(x, err);
	if (rc == MMS_OK)
		rc = mms_mending_connect(x, err);
	if (rc == MMS_OK)
		rc = is_wanted(x, &is_there, err);
	if (rc == MMS_OK && is_there)
		rc = look_again(x, x->lent.db, NULL, &is_wrong, err);
	if (rc == MMS_OK && is_wrong)
		rc = mms_mending_run(x, write_look, err);
	x->did = rc == MMS_OK && (x->did || is_new);
	return rc;
}

/* ---- linked --------------------------------------------------------------------------------------- */

/* A booking, its events, and what its notes of them should be. */
struct linking {
	struct mms_mending *x;
	struct mms_booking booking;
	struct mms_own_states states;
	struct mms_base base; /* of the event that it should point to */
	struct mms_booking_change change;
	bool is_changed;
};

static void
linking_release(struct linking *l)
{
	mms_booking_release(&l->booking);
	mms_own_states_release(&l->states);
	mms_base_release(&l->base);
}

/* An event that the booking may point to: settled, with a row that lives. */
static bool
may_lead(const struct mms_own_state *state)
{
	return is_settled(state) && state->has_row && state->row_name != NULL &&
	       mms_row_status_is_live(state->row_status);
}

/* That of the first of its people, the primary host before all others. */
static const struct mms_own_state *
find_lead(const struct linking *l)
{
	const struct mms_own_state *any = NULL;

	for (size_t u = 0; u < l->booking.n_users; u++) {
		for (size_t i = 0; i < l->states.n; i++) {
			const struct mms_own_state *state = &l->states.items[i];
			const struct mms_source *source =
				mms_mender_source(l->x->m, state->cursor_id);
			const char *user = source != NULL ? source->integration.user : NULL;

			if (!may_lead(state))
				continue;
			if (user != NULL && strcasecmp(user, l->booking.users[u].user) == 0)
				return state;
			any = state;
		}
	}
	return any;
}

/* Does it point to a row of its own, dead or not? That of a booking that is cancelled, or over, stays as it was. */
static bool
points_to_its_own(const struct linking *l)
{
	for (size_t i = 0; i < l->states.n; i++) {
		const struct mms_own_state *state = &l->states.items[i];
		if (state->has_row && state->row_name != NULL &&
		    is_same(state->row_name, l->booking.calendar_event))
			return true;
	}
	return false;
}

static mms_rc
make_change(struct linking *l, struct mms_err *err)
{
	struct mms_booking_change *c = &l->change;
	const struct mms_booking *b = &l->booking;
	const struct mms_own_state *lead = find_lead(l);
	mms_rc rc = MMS_OK;

	*c = mms_booking_same(b);
	if (lead == NULL && mms_booking_wish(b->status) != MMS_WISH_PRESENT &&
	    points_to_its_own(l))
		return MMS_OK;
	if (lead != NULL)
		rc = mms_outward_base(lead, &l->base, err);
	const char *link = l->base.link;
	if (link != NULL && mms_utf8_count(link, strlen(link)) > LINK_CHARS)
		link = NULL;
	c->calendar_event = lead != NULL ? lead->row_name : NULL;
	c->link = lead == NULL                               ? NULL
		  : link != NULL || l->base.booking.is_known ? link
							     : b->link;
	c->is_synced = lead != NULL;
	l->is_changed = !is_same(c->calendar_event, b->calendar_event) ||
			!is_same(c->link, b->link) || c->is_synced != b->is_synced;
	return rc;
}

static mms_rc
load_linking(struct linking *l, struct mms_db *db, struct mms_err *err)
{
	const struct mms_mending *x = l->x;

	mms_rc rc = mms_booking_load(db, x->m->kit.worker.env->columns, x->mend->booking,
				     &l->booking, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc == MMS_OK)
		rc = mms_own_states_of_booking(db, l->booking.name, &l->states, err);
	return rc == MMS_OK ? make_change(l, err) : rc;
}

static mms_rc
write_link(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	struct linking l __attribute__((cleanup(linking_release))) = { .x = x };
	const struct mms_outward *o = &x->m->kit.o;
	struct mms_booking_version version = { .before = &l.booking, .after = &l.change };
	int64_t now_us = mms_zone_to_wall(o->worker->site_zone, o->now_ms);

	x->did = false;
	mms_rc rc = load_linking(&l, tx->db, err);
	if (rc != MMS_OK || !l.is_changed)
		return rc;
	l.change.by = o->worker->env->site->config.sync_user;
	l.change.new_modified_us = mms_later_us(now_us, l.booking.modified_us);
	rc = mms_booking_write(tx, &l.change, err);
	if (rc == MMS_OK)
		rc = mms_booking_add_version(tx, &version, now_us, err);
	/* Our notes change nothing of what was planned from it. */
	if (rc == MMS_OK)
		rc = mms_own_states_planned(tx, l.booking.name, l.booking.modified_us,
					    l.change.new_modified_us, err);
	x->did = rc == MMS_OK;
	return rc;
}

mms_rc
mms_mend_link_booking(struct mms_mending *x, struct mms_err *err)
{
	struct linking l __attribute__((cleanup(linking_release))) = { .x = x };

	mms_rc rc = load_linking(&l, x->lent.db, err);
	return rc == MMS_OK && l.is_changed ? mms_mending_run(x, write_link, err) : rc;
}
