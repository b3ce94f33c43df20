/*
 * The outward half of a run: bookings that changed are announced, busy blocks planned, then each calendar with something in
 * its outbox is visited, as many at once as there are workers. It comes after all turns, so that one run is
 * enough whatever their order; and whoever was told `queued` while one of these turns had the lease is
 * served here.
 */
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "block_phase.h"
#include "breaker.h"
#include "choose.h"
#include "crew.h"
#include "mmsync/due.h"
#include "mmsync/mem.h"
#include "outward.h"

/* What is done for one calendar may put something into another's outbox. */
#define ROUNDS_MAX 4

/* A calendar to visit. */
struct job {
	struct mms_source *source;
	bool only_blocks; /* the run is not about it, or it is not written to any more */
};

struct phase {
	const struct mms_worker *pattern;
	struct mms_sources *sources;
	struct mms_sync_report *report;
	unsigned char site_uuid[16];
	struct mms_turn **turns; /* of the sources, one by one */
	struct job *jobs;
	size_t n_jobs, n_taken, n_done;
	int64_t n_good, n_bad; /* events that were written, or failed, in this run */
	pthread_mutex_t lock;  /* of the six above and the report                  */
};

/* NULL: it had none in this run. */
static struct mms_turn *
find_turn(const struct phase *p, const struct mms_source *source)
{
	return p->turns[source - p->sources->items];
}

/* Its turn has just told that nothing may be sent: that is not to be told twice. */
static bool
is_closed(const struct phase *p, const struct mms_source *source)
{
	const struct mms_turn *turn = find_turn(p, source);

	return turn != NULL && (turn->err.code == MMS_E_WAIT || turn->err.code == MMS_E_AUTH);
}

/* Not in a scheduled run: it is not for those, or the service wants no request now. */
static bool
is_passed_over(const struct phase *p, const struct mms_source *source)
{
	return p->pattern->options->only_due &&
	       (!source->integration.is_auto ||
		mms_due_wait_ms(&source->cursor, p->report->started_ms) != MMS_NO_TIME);
}

static bool
is_wanted(const struct phase *p, const struct mms_source *source)
{
	struct mms_sync_options options = *p->pattern->options;

	options.only_due = false;
	return mms_choose_is_wanted(&options, source, p->report->started_ms);
}

/* May this run visit it? What is due is asked of the outbox, not of the interval. */
static bool
is_chosen(const struct phase *p, const struct mms_source *source)
{
	return !is_passed_over(p, source) && mms_outward_is_written_to(source) &&
	       !is_closed(p, source) && is_wanted(p, source);
}

/*
 * For its busy blocks alone: it is of somebody whose other calendar this run is about, or it was switched off and still
 * has some.
 */
static bool
is_reached(const struct phase *p, const struct mms_source *source)
{
	const struct mms_provider *provider = mms_provider_find(source->integration.type);
	const char *user = source->integration.user;

	if (provider == NULL || provider->ops == NULL || !(provider->caps & MMS_CAP_WRITE) ||
	    is_closed(p, source) || is_passed_over(p, source))
		return false;
	for (size_t i = 0; i < p->sources->n; i++) {
		const struct mms_source *other = &p->sources->items[i];
		if (user != NULL && other->integration.user != NULL &&
		    strcasecmp(user, other->integration.user) == 0 && is_wanted(p, other))
			return true;
	}
	return p->pattern->options->n_integrations + p->pattern->options->n_users == 0;
}

static struct mms_outward
outward_of(const struct phase *p, struct mms_worker *worker)
{
	struct mms_outward o = { .worker = worker,
				 .sources = p->sources,
				 .plan = p->pattern->options->is_dry ? p->report : NULL,
				 .now_ms = p->report->started_ms };

	memcpy(o.site_uuid, p->site_uuid, sizeof o.site_uuid);
	return o;
}

/* ---- announcing ---------------------------------------------------------------------------- */

static bool
was_read_whole(const struct phase *p, const struct mms_source *source)
{
	const struct mms_turn *turn = find_turn(p, source);

	return turn != NULL && strcmp(turn->status, "success") == 0 &&
	       strcmp(turn->mode, "full") == 0;
}

/*
 * Was this calendar read in full since its bookings were compared with it? The run that read it may have died before it came
 * to that, or met trouble: then it falls to the next one.
 */
static bool
must_compare(const struct phase *p, const struct mms_source *source)
{
	const struct mms_cursor *cursor = &source->cursor;

	return was_read_whole(p, source) || (cursor->last_full_ms != MMS_NO_TIME &&
					     cursor->last_full_ms != cursor->bookings_full_ms);
}

static mms_rc
compare(const struct phase *p, const struct mms_outward *o, struct mms_err *err)
{
	struct mms_source **read = mms_alloc((p->sources->n + 1) * sizeof *read);
	size_t n = 0;

	if (read == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < p->sources->n; i++) {
		struct mms_source *source = &p->sources->items[i];
		if (mms_outward_is_written_to(source) && must_compare(p, source))
			read[n++] = source;
	}
	mms_rc rc = mms_gather_all_of(o, read, n, err);
	mms_free(read);
	return rc;
}

/* By one worker, while no other is at work. */
static void
plan_blocks(struct mms_worker *worker, void *aux)
{
	struct phase *p = aux;
	struct mms_outward o = outward_of(p, worker);
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_block_phase(&o, p->sources, MMS_BLOCKS_OF_ALL, &p->report->troubles, &err) !=
	    MMS_OK)
		mms_outward_note_trouble(&p->report->troubles, "busy blocks", &err);
}

static void
announce(struct mms_worker *worker, void *aux)
{
	struct phase *p = aux;
	struct mms_outward o = outward_of(p, worker);
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = mms_gather_changed(&o, &err);
	if (rc == MMS_OK)
		rc = compare(p, &o, &err);
	if (rc != MMS_OK)
		mms_outward_note_trouble(&p->report->troubles, "bookings", &err);
	plan_blocks(worker, p);
}

/* ---- visiting ------------------------------------------------------------------------------ */

static struct job *
take(struct phase *p)
{
	(void)pthread_mutex_lock(&p->lock);
	struct job *job = p->n_taken < p->n_jobs ? &p->jobs[p->n_taken++] : NULL;
	(void)pthread_mutex_unlock(&p->lock);
	return job;
}

static void
add_up(struct phase *p, const struct mms_source *source, const struct mms_outbound_counts *one)
{
	struct mms_turn *turn = find_turn(p, source);
	struct mms_block_counts *blocks = turn != NULL ? &turn->blocks : &p->report->blocks;
	struct mms_booking_counts *sum = &p->report->bookings;

	sum->created += one->bookings.created;
	sum->updated += one->bookings.updated;
	sum->deleted += one->bookings.deleted;
	sum->failed += one->bookings.failed;
	sum->requests += one->bookings.requests;
	sum->retries += one->bookings.retries;
	blocks->created += one->blocks.created;
	blocks->updated += one->blocks.updated;
	blocks->deleted += one->blocks.deleted;
	blocks->failed += one->blocks.failed;
	p->n_good += one->bookings.created + one->bookings.updated + one->bookings.deleted +
		     one->blocks.created + one->blocks.updated + one->blocks.deleted;
	p->n_bad += one->bookings.failed + one->blocks.failed;
}

/* The log of the run tells of blocks, too; without it nothing is lost but their number. */
static void
log_blocks(const struct phase *p, const struct mms_source *source,
	   const struct mms_block_counts *blocks)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	if (blocks->created + blocks->updated + blocks->deleted + blocks->failed > 0 &&
	    mms_pool_lend(p->pattern->env->pool, &lent, &ignored) == MMS_OK)
		(void)!mms_runs_add_blocks(lent.db, p->report->run, source->cursor.id,
					   p->report->started_ms, blocks, &ignored);
}

static void
visit(struct mms_worker *worker, void *aux)
{
	struct phase *p = aux;
	struct mms_outward o = outward_of(p, worker);
	struct job *job;

	while ((job = take(p)) != NULL) {
		struct mms_outbound_counts counts = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		const struct mms_source *source = job->source;
		mms_rc rc = mms_outbound_run(&o, job->source, job->only_blocks, NULL, NULL,
					     &counts, &err);
		log_blocks(p, source, &counts.blocks);
		(void)pthread_mutex_lock(&p->lock);
		p->n_done++;
		add_up(p, source, &counts);
		if (rc != MMS_OK && rc != MMS_E_HELD && rc != MMS_E_OPEN)
			mms_outward_note_trouble(&p->report->troubles, source->integration.name,
						 &err);
		(void)pthread_mutex_unlock(&p->lock);
	}
}

/* The calendars that something waits for. */
static mms_rc
find_jobs(struct phase *p, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	uint64_t *ids = NULL;
	size_t n = 0;

	p->n_jobs = p->n_taken = p->n_done = 0;
	mms_rc rc = mms_pool_lend(p->pattern->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_outbox_waiting(lent.db, p->report->started_ms, &ids, &n, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		for (size_t k = 0; k < p->sources->n; k++) {
			struct mms_source *source = &p->sources->items[k];
			bool is_full = source->cursor.id == ids[i] && is_chosen(p, source);
			if (is_full || (source->cursor.id == ids[i] && is_reached(p, source)))
				p->jobs[p->n_jobs++] = (struct job){ source, !is_full };
		}
	}
	mms_free(ids);
	return rc;
}

static mms_rc
run_rounds(struct phase *p, size_t n_workers, struct mms_err *err)
{
	mms_rc rc = mms_crew_run(p->pattern, 1, announce, p, err);

	for (int round = 0; rc == MMS_OK && !p->pattern->options->is_dry && round < ROUNDS_MAX;
	     round++) {
		size_t n_troubles = p->report->troubles.n;
		int64_t n_good = p->n_good, n_bad = p->n_bad;

		if (round > 0) /* what was settled in the last one makes blocks, too */
			rc = mms_crew_run(p->pattern, 1, plan_blocks, p, err);
		if (rc == MMS_OK)
			rc = find_jobs(p, err);
		if (rc != MMS_OK || p->n_jobs == 0)
			return rc;
		size_t n = n_workers < p->n_jobs ? n_workers : p->n_jobs;
		rc = mms_crew_run(p->pattern, n, visit, p, err);
		if (rc != MMS_OK && p->n_done == p->n_jobs) {
			mms_err_release(err);
			rc = MMS_OK;
		}
		/* Where nothing went well another round would meet the same trouble. */
		if (p->n_good == n_good || p->report->troubles.n != n_troubles ||
		    p->n_bad != n_bad)
			return rc;
	}
	return rc;
}

/* A tag is a help to people, no more: what it meets is told by the next turn. */
static bool
is_worth_telling(mms_rc rc)
{
	return rc == MMS_E_DB || rc == MMS_E_RETRY || rc == MMS_E_BUG || rc == MMS_E_NOMEM;
}

/* By one worker, when everything else is done. */
static void
tag_events(struct mms_worker *worker, void *aux)
{
	struct phase *p = aux;
	struct mms_outward o = outward_of(p, worker);

	for (size_t i = 0; i < p->sources->n; i++) {
		struct mms_source *source = &p->sources->items[i];
		struct mms_request_counts counts = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		if (!is_chosen(p, source) || mms_breaker_is_open(worker, source))
			continue;
		mms_rc rc = mms_tag_run(&o, source, &counts, &err);
		p->report->bookings.requests += counts.requests;
		p->report->bookings.retries += counts.retries;
		if (is_worth_telling(rc))
			mms_outward_note_trouble(&p->report->troubles, source->integration.name,
						 &err);
		if (rc == MMS_E_STOPPED || rc == MMS_E_NOMEM)
			return;
	}
}

/*
 * A calendar that is switched off is not planned for: when it is on again, it is read in full, and its
 * bookings are compared in full.
 */
static mms_rc
forget_inactive(const struct mms_worker *pattern, struct mms_sources *sources,
		struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < sources->n; i++) {
		struct mms_source *source = &sources->items[i];
		const struct mms_provider *provider =
			mms_provider_find(source->integration.type);

		if (source->integration.is_active || provider == NULL ||
		    !(provider->caps & MMS_CAP_WRITE))
			continue;
		if (lent.db == NULL)
			rc = mms_pool_lend(pattern->env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_cursor_forget_print(lent.db, &source->cursor, err);
	}
	return rc;
}

/* Were busy blocks made for its person? */
static bool
has_blocks(const struct mms_source *source)
{
	static const unsigned char none[MMS_READ_PRINT_BYTES];

	return memcmp(source->cursor.blocks_print, none, sizeof none) != 0;
}

/* Turns are in the order of their sources; not each of those had one. */
static mms_rc
phase_init(struct phase *p, struct mms_err *err)
{
	const struct mms_sources *sources = p->sources;

	p->jobs = mms_alloc((sources->n + 1) * sizeof *p->jobs);
	p->turns = mms_alloc((sources->n + 1) * sizeof *p->turns);
	if (p->jobs == NULL || p->turns == NULL || pthread_mutex_init(&p->lock, NULL) != 0) {
		mms_free(p->jobs);
		mms_free(p->turns);
		return mms_fail_nomem(err);
	}
	for (size_t i = 0, at = 0; i < sources->n; i++) {
		struct mms_turn *turn = at < p->report->n ? &p->report->turns[at] : NULL;
		bool is_its = turn != NULL &&
			      strcmp(turn->name, sources->items[i].integration.name) == 0;
		p->turns[i] = is_its ? turn : NULL;
		at += is_its;
	}
	return MMS_OK;
}

static void
phase_release(struct phase *p)
{
	(void)pthread_mutex_destroy(&p->lock);
	mms_free(p->jobs);
	mms_free(p->turns);
}

mms_rc
mms_outward_phase(const struct mms_worker *pattern, struct mms_sources *sources,
		  struct mms_sync_report *report, struct mms_err *err)
{
	struct phase p = { .pattern = pattern, .sources = sources, .report = report };
	const struct mms_sync_env *env = pattern->env;
	bool is_any = false;

	mms_rc rc = pattern->options->is_dry ? MMS_OK : forget_inactive(pattern, sources, err);
	for (size_t i = 0; i < sources->n; i++)
		is_any = is_any || mms_outward_is_written_to(&sources->items[i]) ||
			 has_blocks(&sources->items[i]);
	if (rc != MMS_OK || !is_any)
		return rc;
	if (pattern->has_site && !pattern->is_copy)
		memcpy(p.site_uuid, pattern->site, sizeof p.site_uuid);
	else
		rc = mms_outward_site(env, p.site_uuid, err);
	if (rc != MMS_OK)
		return rc;
	rc = phase_init(&p, err);
	if (rc != MMS_OK)
		return rc;
	int64_t jobs =
		pattern->options->jobs > 0 ? pattern->options->jobs : env->site->config.jobs;
	rc = run_rounds(&p, jobs > 0 ? (size_t)jobs : 1, err);
	if (rc == MMS_OK && !pattern->options->is_dry && env->site->config.tag_user_events)
		rc = mms_crew_run(pattern, 1, tag_events, &p, err);
	phase_release(&p);
	return rc;
}
