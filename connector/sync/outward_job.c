/*
 * One entry of the outbox (see outward_job.h). What is sent is made from the booking as it is now, never
 * from what it was when the entry was put down; an answer that is lost is asked for, never guessed.
 */
#include "outward_entry.h"

#include <string.h>
#include <strings.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"

void
mms_job_release(struct mms_job *job)
{
	if (job == NULL)
		return;
	mms_own_state_release(&job->state);
	mms_booking_side_release(&job->side);
	mms_event_release(&job->seen);
	mms_meeting_release(&job->outgoing);
	mms_err_release(&job->why);
	*job = (struct mms_job){ 0 };
}

static struct mms_settlement
settlement(const struct mms_job_env *env, struct mms_job *job, enum mms_outcome outcome,
	   const struct mms_event *event)
{
	return (struct mms_settlement){ .outcome = outcome,
					.state = &job->state,
					.source = env->source,
					.lease = env->lease,
					.side = &job->side,
					.sent = &job->side.meeting,
					.event = event,
					.entry = job->entry };
}

static const char *
action_of(enum mms_outcome outcome)
{
	static const char *const names[] = {
		[MMS_OUTCOME_MADE] = "created",
		[MMS_OUTCOME_CHANGED] = "updated",
		[MMS_OUTCOME_TAKEN] = "updated",
		[MMS_OUTCOME_REMOVED] = "deleted",
		[MMS_OUTCOME_REMOVED_OUTSIDE] = "unchanged",
	};

	return names[outcome];
}

/* It failed for itself; *why is taken. */
static mms_rc
fail(const struct mms_job_env *env, struct mms_job *job, struct mms_err *why,
     struct mms_err *err)
{
	struct mms_settlement s = settlement(env, job, MMS_OUTCOME_CHANGED, NULL);

	mms_err_move(&job->why, why);
	job->is_done = job->is_failed = true;
	job->action = "unchanged";
	return mms_settle_entry(env->o, &s, mms_entry_failed(job->entry, &job->why), &job->why,
				err);
}

static mms_rc
settle(const struct mms_job_env *env, struct mms_job *job, enum mms_outcome outcome,
       const struct mms_event *event, struct mms_err *err)
{
	struct mms_settlement s = settlement(env, job, outcome, event);

	mms_rc rc = mms_settle(env->o, &s, err);
	if (rc == MMS_E_ITEM || rc == MMS_E_CONFLICT) { /* this one, and no other */
		MMS_AUTO(mms_err) why = { 0 };
		mms_err_move(&why, err);
		why.code = MMS_E_RETRY; /* the event is there: only our note of it is not */
		return fail(env, job, &why, err);
	}
	job->is_done = rc == MMS_OK; /* else it is told with what ended the work */
	job->action = action_of(outcome);
	return rc;
}

/* Its entry goes, and nothing else changes. */
static mms_rc
drop(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	struct mms_settlement s = settlement(env, job, MMS_OUTCOME_CHANGED, NULL);

	mms_rc rc = mms_settle_entry(env->o, &s, MMS_ENTRY_DONE, NULL, err);
	job->is_done = rc == MMS_OK;
	job->action = "unchanged";
	return rc;
}

/* The event as the service has it. Failures of this event alone end the job, not the work. */
static mms_rc
look(const struct mms_job_env *env, struct mms_job *job, bool *is_good, struct mms_err *err)
{
	mms_event_release(&job->seen);
	mms_fault_step();
	mms_rc rc =
		env->provider->ops->get(env->session, job->state.external_id, &job->seen, err);
	*is_good = rc == MMS_OK;
	if (rc == MMS_OK || !mms_entry_fails_alone(rc))
		return rc;
	MMS_AUTO(mms_err) why = { 0 };
	mms_err_move(&why, err);
	return fail(env, job, &why, err);
}

/* By its mark it is found where it has another id now. *is_found: job->seen is the event. */
static mms_rc
look_by_mark(const struct mms_job_env *env, struct mms_job *job, bool *is_found,
	     struct mms_err *err)
{
	*is_found = false;
	return job->rounds < MMS_ENTRY_ROUNDS
		       ? mms_entry_look_by_mark(env, job->state.uuid, job->state.external_id,
						&job->seen, is_found, err)
		       : MMS_OK;
}

static struct mms_entry_announced
announced(const struct mms_job *job)
{
	return (struct mms_entry_announced){ .status = job->state.status,
					     .removed_by = job->state.removed_by,
					     .created_at_ms = job->state.created_at_ms,
					     .external_id = job->state.external_id };
}

/* This event is none: another one, under another id. */
static mms_rc
begin_anew(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	mms_rc rc = settle(env, job, MMS_OUTCOME_REMOVED, NULL, err);
	if (rc != MMS_OK)
		return rc;
	MMS_AUTO(mms_outward_events) planned = { 0 };
	const struct mms_announce anew = { .booking = job->state.booking,
					   .is_asked_for = true };
	return mms_announce_booking(env->o, &anew, &planned, err);
}

static mms_rc
settle_gone(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	const struct mms_entry_announced was = announced(job);
	bool has_moved = false;

	if (job->write.kind == MMS_WRITE_CREATE && job->rounds > 0 &&
	    mms_entry_is_slow(env->o, &was)) {
		MMS_AUTO(mms_err) why = { 0 };
		mms_entry_fail_slow(&why);
		return fail(env, job, &why, err);
	}
	mms_rc rc = mms_outward_has_moved_house(&job->state, env->source, &has_moved, err);
	if (rc == MMS_OK && !has_moved && !mms_entry_is_of_earlier_life(&was, &job->seen))
		return settle(env, job, MMS_OUTCOME_REMOVED_OUTSIDE, NULL, err);
	return rc == MMS_OK ? begin_anew(env, job, err) : rc;
}

/* The next write. A list of guests is sent as a whole: those whom a person has added stay on it. */
static mms_rc
write_change(struct mms_job *job, unsigned fields, const char *version, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	bool has_seen = job->seen.external_id != NULL;
	mms_rc rc = MMS_OK;

	job->write.kind = MMS_WRITE_CHANGE;
	job->write.external_id = has_seen ? job->seen.external_id : job->state.external_id;
	job->write.version = mms_fault_is_sabotaged(MMS_SABOTAGE_NO_IF_MATCH) ? NULL : version;
	job->write.fields = fields;
	job->write.meeting = &job->side.meeting;
	job->write.seen = has_seen ? &job->seen : NULL;
	if (!has_seen || !(fields & MMS_FIELD_GUESTS))
		return MMS_OK;
	rc = mms_outward_base(&job->state, &base, err);
	mms_meeting_release(&job->outgoing);
	if (rc == MMS_OK)
		rc = mms_meeting_with_guests(&job->side.meeting, &job->seen, base.invited,
					     &job->outgoing, err);
	job->write.meeting = &job->outgoing;
	return rc;
}

/* The booking as it is after it took something over, and what of it is not outside yet. */
static mms_rc
compare_again(const struct mms_job_env *env, struct mms_job *job, unsigned *fields,
	      struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };

	mms_booking_side_release(&job->side);
	mms_rc rc = mms_booking_side_load(env->o, job->state.booking, &env->source->integration,
					  &job->side, err);
	if (rc == MMS_OK)
		rc = mms_outward_base(&job->state, &base, err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&job->side.meeting, &base.booking, fields, err);
	if (job->seen.is_partial)
		*fields &= ~(unsigned)MMS_FIELD_GUESTS;
	return rc;
}

/*
 * The event was looked at: merged with the booking and settled; what is left to send is the next write.
 */
static mms_rc
merge(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	struct mms_settlement s = settlement(env, job, MMS_OUTCOME_CHANGED, &job->seen);
	MMS_AUTO(mms_own_state) again = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	unsigned to_outside = 0;

	if (job->seen.is_gone)
		return settle_gone(env, job, err);
	mms_rc rc = mms_outward_merge(env->o, &s, &job->side, &to_outside, err);
	if (rc == MMS_E_CONFLICT || rc == MMS_E_ITEM) {
		MMS_AUTO(mms_err) why = { 0 };
		mms_err_move(&why, err);
		why.code = MMS_E_RETRY;
		return fail(env, job, &why, err);
	}
	if (rc != MMS_OK)
		return rc;
	job->action = action_of(s.outcome);
	job->is_done = to_outside == 0;
	rc = mms_pool_lend(env->o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_load(lent.db, job->state.uuid, &again, err);
	mms_lent_release(&lent);
	if (rc != MMS_OK || job->is_done)
		return rc;
	struct mms_own_state old = job->state;
	job->state = again;
	again = old;
	if (s.outcome == MMS_OUTCOME_TAKEN) /* the booking is another now */
		rc = compare_again(env, job, &to_outside, err);
	if (rc != MMS_OK)
		return rc;
	return to_outside != 0 ? write_change(job, to_outside, job->state.version, err)
			       : drop(env, job, err);
}

static mms_rc
prepare_delete(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	bool is_good = true;
	bool is_doubtful = job->state.status == MMS_STATE_CREATING ||
			   mms_provisional_id_read(job->state.external_id, NULL);

	mms_rc rc = mms_outward_base(&job->state, &base, err);
	/* Announced, and perhaps never made: there may be nothing to delete. */
	if (rc == MMS_OK && is_doubtful)
		rc = look(env, job, &is_good, err);
	if (rc != MMS_OK || !is_good)
		return rc;
	if (is_doubtful && job->seen.is_gone)
		return settle(env, job, MMS_OUTCOME_REMOVED, NULL, err);
	job->write.kind = MMS_WRITE_DELETE;
	job->write.external_id = is_doubtful ? job->seen.external_id : job->state.external_id;
	job->write.has_guests = base.invited != NULL && base.invited[0] != '\0';
	return MMS_OK;
}

static mms_rc
prepare_change(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	MMS_AUTO(mms_base) base = { 0 };
	unsigned fields = 0;
	bool is_good = true;

	mms_rc rc = mms_outward_base(&job->state, &base, err);
	if (rc == MMS_OK)
		rc = mms_meeting_differs(&job->side.meeting, &base.booking, &fields, err);
	if (rc != MMS_OK)
		return rc;
	/* Where our removal may have been there before, the event may be gone. */
	if (fields == 0 && !mms_booking_is_unlinked(&job->side, &job->state) &&
	    job->state.removed_by != MMS_REMOVED_BY_US && job->state.status != MMS_STATE_FAILED)
		return drop(env, job, err);
	if (fields != 0 && base.booking.is_known && !(fields & MMS_FIELD_GUESTS))
		return write_change(job, fields, job->state.version, err);
	rc = look(env, job, &is_good, err);
	return rc == MMS_OK && is_good ? merge(env, job, err) : rc;
}

static mms_rc
load(const struct mms_job_env *env, struct mms_job *job, bool *is_there, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_load(lent.db, job->entry->uuid, &job->state, err);
	mms_lent_release(&lent);
	*is_there = rc == MMS_OK;
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc != MMS_OK)
		return rc;
	*is_there = job->state.booking != NULL;
	if (!*is_there)
		return MMS_OK;
	return mms_booking_side_load(env->o, job->state.booking, &env->source->integration,
				     &job->side, err);
}

static void
set_mark(const struct mms_job_env *env, struct mms_job *job)
{
	job->write.mark.kind = MMS_MARK_BOOKING;
	memcpy(job->write.mark.id, job->state.uuid, sizeof job->write.mark.id);
	memcpy(job->write.mark.site, env->o->site_uuid, sizeof job->write.mark.site);
	job->write.notify =
		(enum mms_send_updates)env->o->worker->env->site->config.bookings_send_updates;
	job->write.meeting = &job->side.meeting;
}

/* A removal was asked for. Has the booking come back to this calendar meanwhile? */
static mms_rc
still_unwanted(const struct mms_job_env *env, const struct mms_job *job, bool *out,
	       struct mms_err *err)
{
	const struct mms_booking *b = &job->side.booking;
	const char *user = env->source->integration.user, *why = NULL;
	MMS_AUTO(mms_targets) targets = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_assigned = false;

	for (size_t i = 0; user != NULL && i < b->n_users; i++)
		is_assigned = is_assigned || strcasecmp(b->users[i].user, user) == 0;
	if (!is_assigned)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(env->o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_targets_add(lent.db, user, &targets, err);
	if (rc != MMS_OK)
		return rc;
	long at = mms_booking_choose_target(&targets, user, &why);
	*out = at < 0 || targets.items[at].cursor_id != job->state.cursor_id;
	return MMS_OK;
}

/* A booking that is over, or waits for approval: what was only announced is not made any more. */
static mms_rc
prepare_as_is(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	bool is_good = true;

	if (job->state.status != MMS_STATE_CREATING)
		return drop(env, job, err);
	mms_rc rc = look(env, job, &is_good, err);
	if (rc != MMS_OK || !is_good)
		return rc;
	return job->seen.is_gone ? settle(env, job, MMS_OUTCOME_REMOVED, NULL, err)
				 : merge(env, job, err);
}

mms_rc
mms_job_prepare(const struct mms_job_env *env, struct mms_job *job, struct mms_err *err)
{
	bool is_there = false;

	mms_rc rc = load(env, job, &is_there, err);
	if (rc != MMS_OK)
		return rc;
	if (!is_there || job->state.status == MMS_STATE_DELETED)
		return drop(env, job, err);
	set_mark(env, job);
	bool is_removal = job->side.wish == MMS_WISH_ABSENT ||
			  strcmp(job->entry->operation, "delete") == 0;
	if (is_removal && job->side.wish == MMS_WISH_PRESENT)
		rc = still_unwanted(env, job, &is_removal, err);
	if (rc != MMS_OK)
		return rc;
	if (is_removal)
		return prepare_delete(env, job, err);
	if (job->side.wish == MMS_WISH_AS_IS)
		return prepare_as_is(env, job, err);
	if (job->state.status != MMS_STATE_CREATING && job->state.version != NULL)
		return prepare_change(env, job, err);
	job->write.kind = MMS_WRITE_CREATE;
	return MMS_OK;
}

/* It is there already, or not as it was: look, merge, and perhaps write again. */
static mms_rc
look_again(const struct mms_job_env *env, struct mms_job *job, struct mms_err *why,
	   struct mms_err *err)
{
	bool is_good = false;

	if (job->rounds >= MMS_ENTRY_ROUNDS)
		return fail(env, job, why, err);
	mms_rc rc = look(env, job, &is_good, err);
	return rc == MMS_OK && is_good ? merge(env, job, err) : rc;
}

/* What was to be changed or deleted is not there under the id that we know: under another, perhaps. */
static mms_rc
look_for_gone(const struct mms_job_env *env, struct mms_job *job, struct mms_err *why,
	      struct mms_err *err)
{
	bool is_delete = job->write.kind == MMS_WRITE_DELETE, is_found = false;

	mms_rc rc = look_by_mark(env, job, &is_found, err);
	if (mms_entry_fails_alone(rc)) {
		mms_err_release(why);
		mms_err_move(why, err);
		return fail(env, job, why, err);
	}
	if (rc != MMS_OK)
		return rc;
	if (is_found && is_delete) {
		job->write.external_id = job->seen.external_id;
		return MMS_OK;
	}
	if (is_delete)
		return settle(env, job, MMS_OUTCOME_REMOVED, NULL, err);
	return is_found ? merge(env, job, err) : settle_gone(env, job, err);
}

/* It is done, or what was to be done away with was gone. */
static mms_rc
finish_done(const struct mms_job_env *env, struct mms_job *job, struct mms_write_result *result,
	    struct mms_err *err)
{
	bool is_delete = job->write.kind == MMS_WRITE_DELETE;

	if (result->event.is_gone && is_delete)
		return look_for_gone(env, job, &result->err, err);
	/* Some services take a change of what was deleted, and leave it so. */
	if (result->event.is_gone)
		return settle_gone(env, job, err);
	return settle(env, job,
		      is_delete                             ? MMS_OUTCOME_REMOVED
		      : job->write.kind == MMS_WRITE_CREATE ? MMS_OUTCOME_MADE
							    : MMS_OUTCOME_CHANGED,
		      is_delete ? NULL : &result->event, err);
}

mms_rc
mms_job_finish(const struct mms_job_env *env, struct mms_job *job,
	       struct mms_write_result *result, struct mms_err *err)
{
	enum mms_write_kind kind = job->write.kind;

	job->rounds++;
	if (result->err.code == MMS_OK)
		return finish_done(env, job, result, err);
	if (kind == MMS_WRITE_CREATE && result->err.code == MMS_E_RETRY &&
	    mms_fault_is_sabotaged(MMS_SABOTAGE_CREATE_ANEW))
		return begin_anew(env, job, err);
	if (result->err.code == MMS_E_CONFLICT && kind != MMS_WRITE_DELETE &&
	    !(kind == MMS_WRITE_CREATE && mms_fault_is_sabotaged(MMS_SABOTAGE_TAKEN_FAILS)))
		return look_again(env, job, &result->err, err);
	if (result->err.code == MMS_E_GONE && kind == MMS_WRITE_CHANGE)
		return look_for_gone(env, job, &result->err, err);
	if (mms_entry_fails_alone(result->err.code))
		return fail(env, job, &result->err, err);
	mms_err_move(err, &result->err);
	return err->code;
}
