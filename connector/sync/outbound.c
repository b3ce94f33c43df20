/*
 * The outbox of one integration, worked off under its lease: as many writes in one request as the service
 * takes, each settled for itself.
 */
#include <string.h>

#include "block_job.h"
#include "breaker.h"
#include "errand.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "session.h"

/* Entries that one visit works at; what is left is for the next. */
#define VISIT_MAX 500
/* Visits of one run: what others put there during one is the next one's. */
#define VISITS_MAX 64
/* Rounds of writes: a conflict leads to another. */
#define ROUNDS_MAX 6
/* How long blocks wait in a calendar that is not written to any more, and cannot be reached. */
#define UNREACHED_MS (INT64_C(24) * 3600000)

struct visit {
	struct mms_job_env env;
	struct mms_lease lease;
	struct mms_open_session open;
	bool has_session;
	struct mms_outbox outbox;
	mms_outbound_tell *tell;
	void *tell_aux;
	struct mms_booking_counts *counts;
	struct mms_block_counts *blocks;
	bool only_blocks; /* nothing else is asked for, or to be written there */
	struct mms_request_counts requests; /* of the session */
	bool is_left; /* the calendar is not written to any more: blocks are taken away */
};

static void
tell(struct visit *v, const struct mms_job *job)
{
	const struct mms_outbound_told told = { .state = &job->state,
						.booking = job->entry->booking,
						.action = job->action,
						.err = &job->why };

	if (job->is_failed)
		v->counts->failed++;
	else if (strcmp(job->action, "created") == 0)
		v->counts->created++;
	else if (strcmp(job->action, "updated") == 0)
		v->counts->updated++;
	else if (strcmp(job->action, "deleted") == 0)
		v->counts->deleted++;
	if (v->tell != NULL)
		v->tell(v->tell_aux, &told);
}

/*
 * Before something leaves: the lease is ours, and lasts longer than a request may take. A statement
 * that really changes its row, so that a cluster certifies it.
 */
static mms_rc
confirm_lease(void *aux, struct mms_err *err)
{
	struct visit *v = aux;

	return mms_lease_tx_run(v->env.o->worker, &v->lease, NULL, NULL, err);
}

/* The answers to what was sent. Also when the rest was not tried: what was done is settled. */
static mms_rc
finish_all(struct visit *v, struct mms_job *jobs, size_t n, struct mms_write_result *results,
	   bool is_put, struct mms_err *err)
{
	size_t at = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		MMS_AUTO(mms_err) own = { 0 };

		if (jobs[i].is_done)
			continue;
		struct mms_write_result *result = &results[at++];
		if (is_put)
			rc = mms_job_finish(&v->env, &jobs[i], result, err);
		else if (result->err.code == MMS_OK)
			(void)!mms_job_finish(&v->env, &jobs[i], result, &own);
	}
	return rc;
}

/* Negative controls (mmsync/fault.h): what the announce has put down is not there any more. */
static mms_rc
undo_announce(struct visit *v, const struct mms_job *jobs, size_t n, struct mms_err *err)
{
	bool is_late = mms_fault_is_sabotaged(MMS_SABOTAGE_ANNOUNCE_LATE);
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	if (!is_late && !mms_fault_is_sabotaged(MMS_SABOTAGE_OUTBOX_FIRST))
		return MMS_OK;
	mms_rc rc = mms_pool_lend(v->env.o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, lent.db, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		struct mms_own_state none = jobs[i].state;

		if (jobs[i].is_done)
			continue;
		rc = mms_outbox_done(&tx, jobs[i].entry, err);
		none.status = MMS_STATE_DELETED;
		none.removed_by = MMS_REMOVED_BY_US;
		if (rc == MMS_OK && is_late && jobs[i].write.kind == MMS_WRITE_CREATE)
			rc = mms_own_state_write(&tx, &none, v->env.o->now_ms, err);
	}
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

/* The writes of all jobs that have one, in one go. */
static mms_rc
put_writes(struct visit *v, struct mms_job *jobs, size_t n, struct mms_err *err)
{
	struct mms_write *writes = mms_alloc((n + 1) * sizeof *writes);
	struct mms_write_result *results = mms_alloc((n + 1) * sizeof *results);
	size_t k = 0;

	mms_rc rc =
		writes == NULL || results == NULL ? mms_fail_nomem(err) : confirm_lease(v, err);
	if (rc == MMS_OK)
		rc = undo_announce(v, jobs, n, err);
	bool is_ready = rc == MMS_OK;
	for (size_t i = 0; is_ready && i < n; i++) {
		if (!jobs[i].is_done)
			writes[k++] = jobs[i].write;
	}
	if (is_ready) {
		mms_fault_step();
		rc = v->env.provider->ops->put(v->env.session, writes, k, results, err);
		mms_fault_step();
		bool is_put = rc == MMS_OK;
		mms_rc finished = finish_all(v, jobs, n, results, is_put, err);
		rc = is_put ? finished : rc;
	}
	for (size_t i = 0; results != NULL && i < n; i++)
		mms_write_result_release(&results[i]);
	mms_free(results);
	mms_free(writes);
	return rc;
}

static bool
is_any_left(const struct mms_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!jobs[i].is_done)
			return true;
	}
	return false;
}

/* A handful of entries, as many as go in one request. */
static mms_rc
work_off(struct visit *v, const struct mms_outbox_entry *entries, size_t n, struct mms_err *err)
{
	struct mms_job *jobs = mms_alloc((n + 1) * sizeof *jobs);
	mms_rc rc = jobs == NULL ? mms_fail_nomem(err) : MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		jobs[i].entry = &entries[i];
		jobs[i].action = "unchanged";
		rc = mms_job_prepare(&v->env, &jobs[i], err);
	}
	for (int round = 0; rc == MMS_OK && round < ROUNDS_MAX && is_any_left(jobs, n); round++)
		rc = put_writes(v, jobs, n, err);
	for (size_t i = 0; jobs != NULL && i < n; i++) {
		if (jobs[i].is_done)
			tell(v, &jobs[i]);
		mms_job_release(&jobs[i]);
	}
	mms_free(jobs);
	return rc;
}

/* May we write there at all? Where nobody knows yet, the service is asked, once. */
static mms_rc
check_role(struct visit *v, struct mms_err *err)
{
	enum mms_calendar_role role = (enum mms_calendar_role)v->env.source->cursor.role;
	mms_rc rc = MMS_OK;

	/* Nobody has read a calendar that is not synced any more: is it there at all? */
	if (role == MMS_ROLE_UNKNOWN || v->is_left)
		rc = v->env.provider->ops->look(v->env.session, &role, err);
	if (rc != MMS_OK || mms_calendar_role_may_write(role))
		return rc;
	mms_fail(err, MMS_E_CONFIG, "the calendar of '%s' may only be read (%s)",
		 v->env.source->integration.name, mms_calendar_role_name(role));
	return mms_hint(err, "ask its owner for the right to make changes to events, or set "
			     "its Sync Direction to One-way (Read Only)");
}

static mms_rc
load_due(struct visit *v, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(v->env.o->worker->env->pool, &lent, err);
	if (rc != MMS_OK)
		return rc;
	return v->only_blocks
		       ? mms_outbox_due_blocks(lent.db, v->env.source->cursor.id,
					       v->env.o->now_ms, VISIT_MAX, &v->outbox, err)
		       : mms_outbox_due(lent.db, v->env.source->cursor.id, v->env.o->now_ms,
					VISIT_MAX, &v->outbox, err);
}

static bool
is_block(const struct mms_outbox_entry *entry)
{
	return entry->type == MMS_STATE_BUSY_BLOCK;
}

/*
 * Handfuls of one kind, as many as go in one request, each begun by the first entry that is in none: so both kinds
 * come in their turn.
 */
static mms_rc
sort_handfuls(struct visit *v, struct mms_err *err)
{
	struct mms_outbox_entry *from = v->outbox.items;
	struct mms_outbox_entry *to = mms_alloc((v->outbox.n + 1) * sizeof *to);
	size_t n = 0;

	if (to == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < v->outbox.n; i++) {
		bool is_kind = is_block(&from[i]);
		size_t end = n + v->env.provider->batch_max;

		for (size_t k = i; from[i].id != 0 && k < v->outbox.n && n < end; k++) {
			if (from[k].id == 0 || is_block(&from[k]) != is_kind)
				continue;
			to[n++] = from[k];
			from[k].id = 0; /* it is in one */
		}
	}
	mms_free(from);
	v->outbox.items = to;
	return MMS_OK;
}

static size_t
handful_at(const struct visit *v, size_t at)
{
	size_t n = 1;

	while (n < v->env.provider->batch_max && at + n < v->outbox.n &&
	       is_block(&v->outbox.items[at + n]) == is_block(&v->outbox.items[at]))
		n++;
	return n;
}

static mms_rc
work_all(struct visit *v, struct mms_err *err)
{
	mms_rc rc = sort_handfuls(v, err);

	for (size_t i = 0, n; rc == MMS_OK && i < v->outbox.n; i += n) {
		const struct mms_outbox_entry *entries = v->outbox.items + i;

		n = handful_at(v, i);
		rc = is_block(entries) ? mms_block_jobs(&v->env, entries, n, confirm_lease, v,
							v->blocks, err)
				       : work_off(v, entries, n, err);
	}
	return rc;
}

/* Nothing but blocks, in a calendar that may not be written to any more: they can wait for better times. */
static bool
is_left_behind(const struct visit *v)
{
	bool is_any_other = false;

	for (size_t i = 0; i < v->outbox.n; i++)
		is_any_other = is_any_other || !is_block(&v->outbox.items[i]);
	return v->is_left ||
	       (!is_any_other && !mms_calendar_role_may_write(
					 (enum mms_calendar_role)v->env.source->cursor.role));
}

static mms_rc
work(struct visit *v, struct mms_source *source, struct mms_err *err)
{
	struct mms_worker *w = v->env.o->worker;

	mms_rc rc = load_due(v, err);
	if (rc != MMS_OK || v->outbox.n == 0)
		return rc;
	v->is_left = is_left_behind(v);
	rc = mms_session_open(w, source, &v->lease, &v->open, err);
	if (rc != MMS_OK)
		return rc;
	v->has_session = true;
	v->env.session = v->open.session;
	rc = check_role(v, err);
	if (rc == MMS_OK)
		rc = work_all(v, err);
	v->requests = ((const struct mms_session_base *)v->env.session)->counts;
	v->counts->requests += v->requests.requests;
	v->counts->retries += v->requests.retries;
	return rc;
}

static bool
is_worked_at(const struct mms_outbox *outbox, const struct mms_outbox_entry *entry)
{
	for (size_t i = 0; i < outbox->n; i++) {
		if (outbox->items[i].id == entry->id &&
		    outbox->items[i].version == entry->version)
			return true;
	}
	return false;
}

/*
 * Looked for when the lease is given back: who put something there before found it held, and answered
 * `queued`; who does so later finds it free.
 */
static mms_rc
find_more(const struct visit *v, bool *is_more, struct mms_err *err)
{
	struct visit after = { .env = v->env, .only_blocks = v->only_blocks };

	*is_more = false;
	mms_rc rc = load_due(&after, err);
	for (size_t i = 0; rc == MMS_OK && i < after.outbox.n && !*is_more; i++)
		*is_more = !is_worked_at(&v->outbox, &after.outbox.items[i]);
	mms_outbox_release(&after.outbox);
	return rc;
}

/* Nobody is nagged by a calendar that was switched off: its blocks are tried again tomorrow. */
static mms_rc
put_off_blocks(const struct visit *v, mms_rc rc, struct mms_err *err)
{
	int64_t now_ms = v->env.o->now_ms;
	MMS_AUTO(mms_lent) lent = { 0 };

	if (!v->is_left || (rc != MMS_E_AUTH && rc != MMS_E_CONFIG && rc != MMS_E_GONE))
		return rc;
	mms_err_release(err);
	rc = mms_pool_lend(v->env.o->worker->env->pool, &lent, err);
	return rc == MMS_OK ? mms_blocks_put_off(lent.db, v->env.source->cursor.id,
						 now_ms + UNREACHED_MS, now_ms, err)
			    : rc;
}

/* Of what is half open: another may have tried it since it was read. */
static mms_rc
try_alone(struct visit *v, struct mms_source *source, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (source->cursor.circuit.state == MMS_CIRCUIT_CLOSED)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(v->env.o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_cursor_refresh(lent.db, &v->lease, &source->cursor, err);
	return rc == MMS_OK ? mms_breaker_enter_own(v->env.o->worker, source, err) : rc;
}

static mms_rc
visit_once(struct visit *v, struct mms_source *source, bool *is_more, struct mms_err *err)
{
	MMS_AUTO(mms_err) own = { 0 };

	v->env.lease = &v->lease;
	mms_rc rc = mms_errand_claim(v->env.o, source, &v->lease, err);
	if (rc != MMS_OK)
		return rc;
	rc = try_alone(v, source, err);
	if (rc == MMS_OK)
		rc = work(v, source, err);
	if (v->has_session)
		mms_session_close(&v->open);
	rc = put_off_blocks(v, rc, err);
	if (rc == MMS_E_HELD)
		return rc;
	mms_rc given =
		mms_errand_leave_judged(v->env.o, source, &v->lease, &v->requests, err, &own);
	if (rc == MMS_OK && given != MMS_OK)
		mms_err_move(err, &own);
	if (rc == MMS_OK && given == MMS_OK)
		return find_more(v, is_more, err);
	return rc == MMS_OK ? given : rc;
}

/* Visits until nothing more is there. requests: of all of them. */
static mms_rc
visit_all(const struct mms_outward *o, struct mms_source *source, struct visit *pattern,
	  struct mms_request_counts *requests, struct mms_err *err)
{
	bool is_more = true;

	for (unsigned n = 0; is_more && n < VISITS_MAX; n++) {
		struct visit v = *pattern;

		v.env = (struct mms_job_env){ .o = o,
					      .source = source,
					      .provider = pattern->env.provider };
		v.is_left = !mms_outward_is_written_to(source);
		v.only_blocks = pattern->only_blocks || v.is_left;
		is_more = false;
		mms_rc rc = visit_once(&v, source, &is_more, err);
		mms_outbox_release(&v.outbox);
		requests->answers += v.requests.answers;
		requests->troubles += v.requests.troubles;
		if (rc == MMS_E_HELD && n > 0) {
			mms_err_release(err); /* whoever has it now does the rest */
			return MMS_OK;
		}
		if (rc != MMS_OK)
			return rc;
	}
	return MMS_OK;
}

mms_rc
mms_outbound_run(const struct mms_outward *o, struct mms_source *source, bool only_blocks,
		 mms_outbound_tell *tell_fn, void *aux, struct mms_outbound_counts *counts,
		 struct mms_err *err)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	struct mms_request_counts requests = { 0 };
	struct visit pattern = { .env = { .provider = provider },
				 .tell = tell_fn,
				 .tell_aux = aux,
				 .counts = &counts->bookings,
				 .blocks = &counts->blocks,
				 .only_blocks = only_blocks };

	if (provider == NULL || provider->ops == NULL || !(provider->caps & MMS_CAP_WRITE))
		return mms_outward_check_written_to(source, err);
	mms_rc rc = mms_breaker_enter(o->worker, source, err);
	if (rc != MMS_OK)
		return rc;
	bool was_judged = source->is_judged;
	rc = visit_all(o, source, &pattern, &requests, err);
	bool is_bad = requests.troubles > 0 && requests.answers == 0 && !was_judged;
	bool is_good = requests.troubles == 0 && requests.answers > 0;
	mms_breaker_leave(o->worker, source,
			  is_bad    ? MMS_VERDICT_BAD
			  : is_good ? MMS_VERDICT_GOOD
				    : MMS_VERDICT_NONE,
			  rc != MMS_OK ? mms_err_text(err)
				       : "what is sent there gets no answer");
	return rc;
}
