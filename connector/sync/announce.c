/*
 * What should exist for one booking, put down before anything is sent: a state `creating` with its UUID for
 * each new event, an outbox entry for each that is to change or go. Two who plan the same booking at the
 * same time come to the same UUIDs: one of them finds the work done.
 */
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"
#include "outward.h"

/* Others plan the same booking, or save it: it is read again so often. */
#define ANNOUNCE_TRIES 5

void
mms_outward_events_release(struct mms_outward_events *events)
{
	if (events == NULL)
		return;
	for (size_t i = 0; i < events->n; i++) {
		mms_free(events->items[i].integration);
		mms_free(events->items[i].external_id);
		mms_free(events->items[i].row_name);
	}
	mms_free(events->items);
	mms_free(events->former);
	*events = (struct mms_outward_events){ 0 };
}

/* One calendar that the booking is about. */
struct place {
	const struct mms_target *target; /* NULL: of nobody who is assigned          */
	struct mms_own_state *state;     /* the latest there; NULL: none             */
	unsigned incarnation;            /* how many there were before               */
	bool is_wanted;
	struct mms_own_state fresh; /* CREATE: the new one                      */
	struct mms_event_plan plan;
};

struct planning {
	const struct mms_outward *o;
	const struct mms_announce *what;
	struct mms_db *db;
	struct mms_booking_side side;
	struct mms_own_states states;
	struct mms_outbox outbox; /* what is on its way already */
	struct mms_targets targets;
	struct place *places;
	size_t n_places;
	const char *why_none;
	bool has_clashed; /* somebody else's state was in the way, or another planned it */
};

static void
planning_release(struct planning *p)
{
	for (size_t i = 0; i < p->n_places; i++)
		mms_own_state_release(&p->places[i].fresh);
	mms_free(p->places);
	mms_booking_side_release(&p->side);
	mms_own_states_release(&p->states);
	mms_outbox_release(&p->outbox);
	mms_targets_release(&p->targets);
}

/* ---- reading ------------------------------------------------------------------------------- */

static const struct mms_target *
target_of(const struct planning *p, uint64_t cursor_id)
{
	for (size_t i = 0; i < p->targets.n; i++) {
		if (p->targets.items[i].cursor_id == cursor_id)
			return &p->targets.items[i];
	}
	return NULL;
}

static mms_rc
load_targets(struct planning *p, struct mms_err *err)
{
	const struct mms_booking *b = &p->side.booking;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < b->n_users; i++)
		rc = mms_targets_add(p->db, b->users[i].user, &p->targets, err);
	/* And of those who were assigned before: may their calendars be written to? */
	for (size_t i = 0; rc == MMS_OK && i < p->states.n; i++) {
		const struct mms_own_state *state = &p->states.items[i];
		if (state->status != MMS_STATE_DELETED &&
		    target_of(p, state->cursor_id) == NULL)
			rc = mms_targets_add_of(p->db, state->cursor_id, &p->targets, err);
	}
	return rc;
}

/* A calendar that was never synced has no cursor yet, to which states could refer. */
static mms_rc
make_cursors(struct planning *p, struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };
	bool is_missing = false;

	for (size_t i = 0; i < p->targets.n; i++)
		is_missing = is_missing || p->targets.items[i].cursor_id == 0;
	if (!is_missing || p->what->is_dry)
		return MMS_OK;
	mms_rc rc = mms_sources_load(p->db, &sources, err);
	if (rc == MMS_OK)
		rc = mms_sources_settle(p->db, &sources, err);
	if (rc != MMS_OK)
		return rc;
	mms_targets_release(&p->targets);
	return load_targets(p, err);
}

static mms_rc
read_all(struct planning *p, struct mms_err *err)
{
	const char *name = p->what->booking;

	mms_rc rc = mms_booking_load(p->db, p->o->worker->env->columns, name, &p->side.booking,
				     err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		rc = MMS_OK;
	}
	if (rc == MMS_OK)
		rc = mms_own_states_of_booking(p->db, name, &p->states, err);
	if (rc == MMS_OK && p->states.n > 0)
		rc = mms_outbox_of_booking(p->db, name, &p->outbox, err);
	if (rc != MMS_OK)
		return rc;
	if (p->side.booking.name == NULL && p->states.n == 0)
		return mms_fail(err, MMS_E_USAGE, "there is no MM Meeting Booking '%s'", name);
	p->side.wish =
		mms_booking_wish(p->side.booking.name != NULL ? p->side.booking.status : NULL);
	rc = load_targets(p, err);
	return rc == MMS_OK ? make_cursors(p, err) : rc;
}

/* ---- places -------------------------------------------------------------------------------- */

static struct place *
find_place(struct planning *p, uint64_t cursor_id)
{
	for (size_t i = 0; i < p->n_places; i++) {
		const struct place *place = &p->places[i];
		if ((place->target != NULL && place->target->cursor_id == cursor_id) ||
		    (place->state != NULL && place->state->cursor_id == cursor_id))
			return &p->places[i];
	}
	return NULL;
}

static bool
is_live(const struct mms_own_state *state)
{
	return state != NULL && state->status != MMS_STATE_DELETED;
}

/*
 * The newest counts, but one that is there before one that is gone: a person may have brought an older
 * one back. Were two there, the older goes.
 */
static void
put_state(struct planning *p, struct place *place, struct mms_own_state *state)
{
	if (is_live(place->state) && !is_live(state))
		return;
	if (is_live(place->state))
		p->places[p->n_places++] =
			(struct place){ .target = target_of(p, place->state->cursor_id),
					.state = place->state };
	place->state = state;
}

/* A place for each calendar that takes the booking, and for each where it ever was. */
static mms_rc
find_places(struct planning *p, struct mms_err *err)
{
	const struct mms_booking *b = &p->side.booking;

	p->places = mms_alloc((b->n_users + p->states.n + 1) * sizeof *p->places);
	if (p->places == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < b->n_users; i++) {
		long at =
			mms_booking_choose_target(&p->targets, b->users[i].user, &p->why_none);
		if (at < 0)
			continue;
		const struct mms_target *target = &p->targets.items[at];
		p->places[p->n_places++] =
			(struct place){ .target = target, .is_wanted = true };
	}
	for (size_t i = 0; i < p->states.n; i++) {
		struct mms_own_state *state = &p->states.items[i];
		struct place *place =
			state->cursor_id != 0 ? find_place(p, state->cursor_id) : NULL;
		if (state->type != MMS_STATE_BOOKING)
			continue;
		if (place == NULL) {
			place = &p->places[p->n_places++];
			*place = (struct place){ .target = target_of(p, state->cursor_id) };
		}
		place->incarnation++;
		put_state(p, place, state);
	}
	return MMS_OK;
}

/* Has the booking passed the window of this calendar? */
static bool
has_passed(const struct planning *p, const struct place *place)
{
	const struct mms_sources *sources = p->o->sources;
	uint64_t cursor_id =
		place->target != NULL ? place->target->cursor_id : place->state->cursor_id;
	int64_t from_ms, to_ms;

	if (p->what->is_asked_for || p->side.booking.name == NULL || sources == NULL)
		return false;
	for (size_t i = 0; i < sources->n; i++) {
		if (sources->items[i].cursor.id != cursor_id)
			continue;
		mms_integration_window(&sources->items[i].integration, p->o->now_ms, &from_ms,
				       &to_ms);
		return p->side.meeting.end_ms < from_ms;
	}
	return false;
}

/* ---- what is to be done -------------------------------------------------------------------- */

/* Does the booking say something else than at the last settle? */
static mms_rc
compare(struct planning *p, const struct place *place, struct mms_event_plan_input *in,
	struct mms_err *err)
{
	struct mms_base base = { 0 };
	unsigned char print[MMS_PRINT_BYTES], letter[MMS_PRINT_BYTES];
	unsigned fields = MMS_FIELD_ALL;
	bool is_given_up = false;

	mms_rc rc = mms_outward_base(place->state, &base, err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&p->side.meeting, &base.booking, &fields, err);
	in->content_differs = fields != 0;
	in->is_unlinked = mms_booking_is_unlinked(&p->side, place->state);
	if (place->state->removed_by == MMS_REMOVED_OUTSIDE && base.status != NULL &&
	    strcmp(base.status, p->side.booking.status) != 0)
		in->content_differs = true;
	mms_base_release(&base);
	if (rc != MMS_OK || place->state->status != MMS_STATE_FAILED)
		return rc;
	rc = mms_outbox_letter(p->db, place->state->cursor_id, place->state->key, &is_given_up,
			       letter, err);
	if (rc == MMS_OK)
		rc = mms_outward_print(p->o, &p->side.meeting, print, err);
	in->is_given_up_same =
		is_given_up && rc == MMS_OK && memcmp(print, letter, sizeof print) == 0;
	return rc;
}

/* Was its removal given up? That has no content: the digest in its letter is all zero. */
static mms_rc
look_for_refusal(struct planning *p, const struct place *place, struct mms_event_plan_input *in,
		 struct mms_err *err)
{
	static const unsigned char none[MMS_PRINT_BYTES];
	unsigned char letter[MMS_PRINT_BYTES];
	bool is_given_up = false;

	if (place->state->status != MMS_STATE_FAILED)
		return MMS_OK;
	mms_rc rc = mms_outbox_letter(p->db, place->state->cursor_id, place->state->key,
				      &is_given_up, letter, err);
	in->is_given_up_same =
		rc == MMS_OK && is_given_up && memcmp(letter, none, sizeof none) == 0;
	return rc;
}

static bool
is_on_its_way(const struct planning *p, const struct mms_own_state *state)
{
	for (size_t i = 0; i < p->outbox.n; i++) {
		if (memcmp(p->outbox.items[i].uuid, state->uuid, sizeof state->uuid) == 0)
			return true;
	}
	return false;
}

static mms_rc
plan_place(struct planning *p, struct place *place, struct mms_err *err)
{
	struct mms_event_plan_input in = {
		.is_wanted = place->is_wanted && p->side.wish == MMS_WISH_PRESENT,
		.has_state = place->state != NULL,
	};
	mms_rc rc = MMS_OK;

	if (p->side.booking.name != NULL) {
		p->side.has_guests = place->target != NULL &&
				     mms_booking_carries_guests(&p->side.booking, &p->targets,
								place->target->user);
		p->side.names_guests = place->target != NULL &&
				       mms_outward_names_guests(p->o, place->target->type);
		rc = mms_booking_side_make(p->o, &p->side, err);
	}
	if (rc != MMS_OK)
		return rc;
	/* A calendar that is no more, or not written to, keeps what it has. */
	in.is_kept = p->side.wish == MMS_WISH_AS_IS || has_passed(p, place) ||
		     place->target == NULL || !mms_booking_takes(place->target);
	if (place->state != NULL) {
		in.status = place->state->status;
		in.removed_by = place->state->removed_by;
		in.has_outbox = is_on_its_way(p, place->state);
		rc = in.is_wanted ? compare(p, place, &in, err)
				  : look_for_refusal(p, place, &in, err);
	}
	place->plan = mms_plan_booking_event(&in);
	return rc;
}

/* The state of a new event: its UUID follows from what it is of, its id from the UUID. */
static mms_rc
make_state(struct planning *p, struct place *place, struct mms_err *err)
{
	const struct mms_booking *b = &p->side.booking;
	const struct mms_provider *provider = mms_provider_find(place->target->type);
	struct mms_own_state *s = &place->fresh;
	struct mms_worker *w = p->o->worker;

	*s = (struct mms_own_state){
		.cursor_id = place->target->cursor_id,
		.type = MMS_STATE_BOOKING,
		.status = MMS_STATE_CREATING,
		.booking_creation_us = b->creation_us,
		.booking_modified_us = b->modified_us,
	};
	mms_rc rc = mms_booking_event_uuid(p->o->site_uuid, b->name, b->creation_us,
					   s->cursor_id, place->incarnation, s->uuid, err);
	if (rc == MMS_OK && mms_fault_is_sabotaged(MMS_SABOTAGE_RANDOM_UUID))
		rc = mms_random(s->uuid, sizeof s->uuid, err);
	/* Only a dry run makes no cursor; then nobody knows the id yet. */
	if (rc == MMS_OK && s->cursor_id != 0)
		rc = provider->ops->make_id(s->uuid, &s->external_id, err);
	if (rc == MMS_OK && s->cursor_id != 0)
		rc = mms_outward_key(w, s->external_id, s->key, err);
	if (rc != MMS_OK)
		return rc;
	s->booking = mms_text_copy(b->name);
	s->integration = mms_text_copy(place->target->integration);
	return s->booking != NULL && s->integration != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
plan_all(struct planning *p, struct mms_err *err)
{
	mms_rc rc = find_places(p, err);

	for (size_t i = 0; rc == MMS_OK && i < p->n_places; i++) {
		struct place *place = &p->places[i];
		rc = plan_place(p, place, err);
		if (rc == MMS_OK && place->plan.step == MMS_STEP_CREATE)
			rc = make_state(p, place, err);
	}
	return rc;
}

/* ---- committing ---------------------------------------------------------------------------- */

/* Has every state been planned from the booking as it is now? */
static bool
is_noted(const struct planning *p)
{
	for (size_t i = 0; i < p->states.n; i++) {
		if (p->states.items[i].booking_modified_us != p->side.booking.modified_us)
			return false;
	}
	return true;
}

static mms_rc
put_place(struct planning *p, struct mms_tx *tx, struct place *place, struct mms_err *err)
{
	struct mms_own_state *state =
		place->plan.step == MMS_STEP_CREATE ? &place->fresh : place->state;
	mms_rc rc = MMS_OK;

	if (place->plan.step == MMS_STEP_NOTHING)
		return MMS_OK;
	/* From before our tables were put back: a listing has taken it for the person's own. */
	if (place->plan.step == MMS_STEP_CREATE && p->has_clashed)
		rc = mms_own_state_clear_key(tx, state->cursor_id, state->key, err);
	if (rc == MMS_OK && place->plan.step == MMS_STEP_CREATE)
		rc = mms_own_state_insert(tx, state, p->o->now_ms, err);
	else if (rc == MMS_OK && place->plan.step == MMS_STEP_DELETE)
		rc = mms_own_state_removing(tx, state, err);
	return rc == MMS_OK
		       ? mms_outbox_put(tx, state, mms_event_step_operation(place->plan.step),
					p->o->now_ms, err)
		       : rc;
}

static mms_rc
commit(struct planning *p, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	bool has_work = false;

	for (size_t i = 0; i < p->n_places; i++)
		has_work = has_work || p->places[i].plan.step != MMS_STEP_NOTHING;
	bool is_gone = p->side.booking.name == NULL;
	if (!has_work && (is_gone || is_noted(p)))
		return MMS_OK;
	mms_rc rc = mms_tx_begin(&tx, p->db, err);
	for (size_t i = 0; rc == MMS_OK && i < p->n_places; i++)
		rc = put_place(p, &tx, &p->places[i], err);
	if (rc == MMS_OK && !is_gone)
		rc = mms_own_states_planned(&tx, p->side.booking.name, MMS_NO_TIME,
					    p->side.booking.modified_us, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* ---- telling ------------------------------------------------------------------------------- */

static mms_rc
tell_place(const struct place *place, struct mms_outward_events *out, struct mms_err *err)
{
	const struct mms_own_state *state =
		place->plan.step == MMS_STEP_CREATE ? &place->fresh : place->state;
	struct mms_outward_event *moved =
		mms_grow(out->items, out->n, &out->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	out->items = moved;
	struct mms_outward_event *e = &moved[out->n++];
	*e = (struct mms_outward_event){ .cursor_id = state->cursor_id,
					 .step = place->plan.step,
					 .why = place->plan.why };
	memcpy(e->uuid, state->uuid, sizeof e->uuid);
	e->integration = mms_text_copy(state->integration);
	e->external_id = mms_text_copy(state->external_id);
	e->row_name = mms_text_copy(state->row_name);
	if ((e->integration == NULL && state->integration != NULL) ||
	    (e->external_id == NULL && state->external_id != NULL) ||
	    (e->row_name == NULL && state->row_name != NULL))
		return mms_fail_nomem(err);
	return MMS_OK;
}

/* A removed event that stays so is nobody's news. */
static bool
is_worth_telling(const struct place *place)
{
	return place->plan.step != MMS_STEP_NOTHING ||
	       (place->state != NULL && place->state->status != MMS_STATE_DELETED);
}

static mms_rc
tell_former(const struct place *place, struct mms_outward_events *out, struct mms_err *err)
{
	if (place->state == NULL)
		return MMS_OK;
	uint64_t *moved = mms_grow(out->former, out->n_former, &out->cap_former, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	out->former = moved;
	moved[out->n_former++] = place->state->cursor_id;
	return MMS_OK;
}

static mms_rc
tell(struct planning *p, struct mms_outward_events *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	out->why_none = p->why_none;
	out->is_gone = p->side.wish == MMS_WISH_ABSENT;
	for (size_t i = 0; rc == MMS_OK && i < p->n_places; i++) {
		struct place *place = &p->places[i];
		out->has_target = out->has_target || place->is_wanted;
		rc = is_worth_telling(place) ? tell_place(place, out, err)
					     : tell_former(place, out, err);
	}
	return rc;
}

static mms_rc
try_once(const struct mms_outward *o, const struct mms_announce *what, struct mms_db *db,
	 bool has_clashed, struct mms_outward_events *out, struct mms_err *err)
{
	struct planning p __attribute__((cleanup(planning_release))) = {
		.o = o, .what = what, .db = db, .has_clashed = has_clashed
	};

	mms_rc rc = read_all(&p, err);
	if (rc == MMS_OK)
		rc = plan_all(&p, err);
	if (rc == MMS_OK && !what->is_dry)
		rc = commit(&p, err);
	return rc == MMS_OK ? tell(&p, out, err) : rc;
}

mms_rc
mms_announce_booking(const struct mms_outward *o, const struct mms_announce *what,
		     struct mms_outward_events *out, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	bool has_clashed = false;

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	for (unsigned attempt = 0; rc == MMS_OK; attempt++) {
		mms_outward_events_release(out);
		rc = try_once(o, what, lent.db, has_clashed, out, err);
		/* A lost answer may have been a commit: planning anew finds it done. */
		if ((rc != MMS_E_CONFLICT && rc != MMS_E_RETRY) ||
		    attempt + 1 >= ANNOUNCE_TRIES)
			return rc;
		has_clashed = has_clashed || rc == MMS_E_CONFLICT;
		mms_err_release(err);
		rc = MMS_OK;
	}
	return rc;
}
