/* One run: choose the integrations, share them out to workers, gather what they did. */
#include "mmsync/sync.h"

#include <pthread.h>
#include <string.h>

#include "block_phase.h"
#include "breaker.h"
#include "choose.h"
#include "crew.h"
#include "cursor_check.h"
#include "heartbeat.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/uuid.h"
#include "outward.h"
#include "turn.h"

/* Turns more than one, of a calendar that is asked for again and again: the rest is a later run's. */
#define AGAIN_MAX 3

static void
turn_release(struct mms_turn *turn)
{
	mms_free(turn->name);
	mms_err_release(&turn->err);
	for (size_t i = 0; i < turn->n_planned; i++) {
		mms_free(turn->planned[i].event);
		mms_free(turn->planned[i].external_event_id);
		mms_free(turn->planned[i].booking);
	}
	mms_free(turn->planned);
}

void
mms_sync_report_release(struct mms_sync_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->n; i++)
		turn_release(&report->turns[i]);
	mms_free(report->turns);
	mms_troubles_release(&report->troubles);
	*report = (struct mms_sync_report){ 0 };
}

/* ---- workers ------------------------------------------------------------------------------- */

struct job {
	struct mms_source *source;
	struct mms_turn *turn;
};

struct shop {
	const struct mms_sync_env *env;
	const struct mms_sync_options *options;
	const struct mms_worker *pattern; /* what all workers start from */
	struct job *jobs;
	size_t n_jobs, n_taken, n_done;
	pthread_mutex_t lock;
};

static bool
take_job(struct shop *shop, struct job *out)
{
	(void)pthread_mutex_lock(&shop->lock);
	bool has = shop->n_taken < shop->n_jobs;
	if (has)
		*out = shop->jobs[shop->n_taken++];
	(void)pthread_mutex_unlock(&shop->lock);
	return has;
}

static void
put_job(struct shop *shop)
{
	(void)pthread_mutex_lock(&shop->lock);
	shop->n_done++;
	if (shop->env->on_turn != NULL)
		shop->env->on_turn(shop->env->on_turn_aux, shop->n_done, shop->n_jobs);
	(void)pthread_mutex_unlock(&shop->lock);
}

static void
log_turn(struct mms_log *log, const struct mms_turn *turn)
{
	MMS_LOG(log, MMS_LOG_INFO, "turn.done", mms_log_ref("integration", turn->name),
		mms_log_ref("status", turn->status), mms_log_ref("mode", turn->mode),
		mms_log_i64("created", turn->events.created),
		mms_log_i64("updated", turn->events.updated),
		mms_log_i64("deleted", turn->events.deleted),
		mms_log_i64("failed", turn->events.failed),
		mms_log_i64("requests", turn->requests), mms_log_i64("ms", turn->duration_ms),
		mms_log_ref("code",
			    turn->err.code != MMS_OK ? mms_rc_name(turn->err.code) : NULL),
		mms_log_ref("message",
			    turn->err.code != MMS_OK ? mms_err_text(&turn->err) : NULL));
}

/* Its cursor was damaged: healed, but to be counted. */
static void
log_damage(struct mms_log *log, const struct mms_turn *turn)
{
	if (turn->damage != NULL)
		MMS_LOG(log, MMS_LOG_WARN, "cursor.damaged",
			mms_log_ref("integration", turn->name),
			mms_log_ref("what", turn->damage));
}

static bool
must_stop(const struct shop *shop)
{
	const struct mms_sync_env *env = shop->env;
	int64_t deadline = shop->options->deadline_mono_ms;

	return (env->is_stopped != NULL && atomic_load(env->is_stopped)) ||
	       (deadline > 0 && mms_clock_mono_ms() >= deadline);
}

/* One turn, unless a circuit is open. */
static void
run_turn(struct mms_worker *worker, struct job *job)
{
	struct mms_turn *turn = job->turn;

	mms_rc rc = mms_breaker_enter(worker, job->source, &turn->err);
	if (rc != MMS_OK) {
		turn->status = rc == MMS_E_OPEN ? "skipped" : "failed";
		return;
	}
	mms_turn_run(worker, job->source, turn);
	bool is_good = strcmp(turn->status, "success") == 0;
	bool is_bad = mms_circuit_judge(turn->err.code, turn->err.blame) == MMS_CIRCUIT_SERVICE;
	mms_breaker_leave(worker, job->source,
			  is_good  ? MMS_VERDICT_GOOD
			  : is_bad ? MMS_VERDICT_BAD
				   : MMS_VERDICT_NONE,
			  mms_err_text(&turn->err));
}

static void
add_counts(struct mms_turn *to, const struct mms_turn *from)
{
	int64_t *const sums[] = { &to->events.seen,    &to->events.created,
				  &to->events.updated, &to->events.unchanged,
				  &to->events.deleted, &to->events.declined,
				  &to->events.ours,    &to->events.foreign,
				  &to->events.failed,  &to->pages,
				  &to->requests,       &to->retries,
				  &to->warnings,       &to->duration_ms,
				  &to->bookings_taken };
	const int64_t more[] = { from->events.seen,    from->events.created,
				 from->events.updated, from->events.unchanged,
				 from->events.deleted, from->events.declined,
				 from->events.ours,    from->events.foreign,
				 from->events.failed,  from->pages,
				 from->requests,       from->retries,
				 from->warnings,       from->duration_ms,
				 from->bookings_taken };

	for (size_t i = 0; i < MMS_COUNT(sums); i++)
		*sums[i] += more[i];
}

/*
 * Once more, where somebody has asked for this calendar while its turn was under way: under a UUID of its own, for the row of
 * the run that has ended tells whether its commit happened.
 */
static void
go_again(struct shop *shop, struct mms_worker *worker, struct job *job)
{
	struct mms_turn *turn = job->turn;
	MMS_AUTO(mms_err) err = { 0 };
	unsigned char run[16];

	memcpy(run, worker->run, sizeof run);
	for (int n = 0; turn->is_asked_again && n < AGAIN_MAX && !must_stop(shop); n++) {
		struct mms_turn again = { .name = turn->name, .provider = turn->provider };

		if (mms_uuid_new(mms_clock_now_ms(shop->env->clock), worker->run, &err) !=
		    MMS_OK)
			break;
		mms_turn_run(worker, job->source, &again);
		turn->is_asked_again = again.is_asked_again;
		add_counts(turn, &again);
		if (strcmp(again.status, "skipped") != 0) {
			turn->status = again.status;
			turn->mode = again.mode;
			mms_err_release(&turn->err);
			mms_err_move(&turn->err, &again.err);
		}
		mms_err_release(&again.err);
	}
	memcpy(worker->run, run, sizeof run);
}

static void
do_job(struct shop *shop, struct mms_worker *worker, struct job *job)
{
	struct mms_turn *turn = job->turn;

	if (must_stop(shop)) {
		turn->status = "skipped";
		mms_fail(&turn->err, MMS_E_STOPPED,
			 "the run was stopped before this integration's turn");
	} else if (!job->source->integration.is_active) {
		turn->status = "skipped";
		mms_fail(&turn->err, MMS_E_CONFIG, "the integration is not active");
	} else {
		run_turn(worker, job);
		go_again(shop, worker, job);
		log_damage(shop->env->log, turn);
	}
	log_turn(shop->env->log, turn);
}

static void
work(struct mms_worker *worker, void *aux)
{
	struct shop *shop = aux;
	struct job job;

	while (take_job(shop, &job)) {
		do_job(shop, worker, &job);
		put_job(shop);
	}
}

static mms_rc
run_workers(struct shop *shop, size_t n, struct mms_err *err)
{
	if (pthread_mutex_init(&shop->lock, NULL) != 0)
		return mms_fail_nomem(err);
	mms_rc rc = mms_crew_run(shop->pattern, n, work, shop, err);
	(void)pthread_mutex_destroy(&shop->lock);
	if (rc == MMS_OK || shop->n_done < shop->n_jobs)
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

/*
 * Those that were passed by while one of them tried their service, which is well again; or nothing came of that, and
 * another is to try.
 */
static bool
find_freed(struct shop *shop)
{
	size_t n = 0;

	for (size_t i = 0; i < shop->n_jobs; i++) {
		struct job job = shop->jobs[i];
		if (job.turn->err.code != MMS_E_OPEN ||
		    mms_breaker_is_passed_by(shop->pattern, job.source))
			continue;
		mms_err_release(&job.turn->err);
		shop->jobs[n++] = job;
	}
	shop->n_jobs = n;
	shop->n_taken = shop->n_done = 0;
	return n > 0;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* What is set up once for a run and torn down with it. */
struct run {
	struct mms_sources sources;
	struct job *jobs;
	size_t n_jobs;
	struct mms_zones *zones;
	struct mms_feed_cache *feeds;
	struct mms_heartbeat *heartbeat;
	struct mms_gates *gates;
	struct mms_breakers *breakers;
};

static void
run_release(struct run *run)
{
	mms_heartbeat_stop(run->heartbeat);
	mms_breakers_free(run->breakers);
	mms_gates_free(run->gates);
	mms_feed_cache_free(run->feeds);
	mms_zones_free(run->zones);
	mms_free(run->jobs);
	mms_sources_release(&run->sources);
}

static mms_rc
load_sources(const struct mms_sync_env *env, const struct mms_sync_options *o, struct run *run,
	     struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(lent.db, &run->sources, err);
	if (rc == MMS_OK && !o->is_dry)
		rc = mms_sources_settle(lent.db, &run->sources, err);
	return rc == MMS_OK ? mms_block_mark_sources(env, lent.db, &run->sources, err) : rc;
}

static mms_rc
choose(const struct mms_sync_options *o, struct run *run, struct mms_sync_report *report,
       struct mms_err *err)
{
	struct mms_sources *sources = &run->sources;

	run->jobs = mms_alloc((sources->n + 1) * sizeof *run->jobs);
	report->turns = mms_alloc((sources->n + 1) * sizeof *report->turns);
	if (run->jobs == NULL || report->turns == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < sources->n; i++) {
		struct mms_source *source = &sources->items[i];
		struct mms_turn *turn = &report->turns[report->n];
		const struct mms_provider *provider =
			mms_provider_find(source->integration.type);

		if (!mms_choose_is_wanted(o, source, report->started_ms))
			continue;
		turn->name = mms_text_copy(source->integration.name);
		if (turn->name == NULL)
			return mms_fail_nomem(err);
		turn->provider = provider != NULL ? provider->name : "unknown";
		turn->mode = "full";
		turn->status = "skipped";
		report->n++;
		run->jobs[run->n_jobs++] = (struct job){ source, turn };
		if (provider == NULL || !(provider->caps & MMS_CAP_SHARED) ||
		    source->integration.ical_url == NULL || !source->integration.is_active)
			continue;
		int64_t from_ms, to_ms;
		mms_integration_window(&source->integration, report->started_ms, &from_ms,
				       &to_ms);
		/* A guess: the turn itself knows the rules it reads under, and may ask for more. */
		bool is_full =
			o->is_full ||
			mms_cursor_check(&source->cursor, provider, report->started_ms) != 0 ||
			mms_window_wants_full(&source->cursor, source->cursor.read_print,
					      from_ms, to_ms, report->started_ms);
		mms_rc rc = mms_feed_cache_expect(run->feeds, source->integration.ical_url,
						  is_full ? NULL : source->cursor.token, err);
		if (rc != MMS_OK)
			return rc;
	}
	return MMS_OK;
}

/* Whose marks are ours: asked only where a calendar may hold marks. */
static mms_rc
learn_site(const struct mms_sync_env *env, const struct run *run, struct mms_worker *out,
	   struct mms_err *err)
{
	MMS_AUTO(mms_installation) installation = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_needed = false;

	for (size_t i = 0; i < run->n_jobs; i++) {
		const struct mms_provider *provider =
			mms_provider_find(run->jobs[i].source->integration.type);
		is_needed = is_needed || (provider != NULL && provider->ops != NULL &&
					  provider->caps & MMS_CAP_WRITE);
	}
	if (!is_needed)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_installation_load(lent.db, env->site, &installation, err);
	if (rc != MMS_OK)
		return rc;
	out->is_copy = installation.is_elsewhere;
	if (!mms_uuid_parse(installation.site_uuid, out->site))
		return mms_fail(err, MMS_E_DB, "mmsync_installation.site_uuid is not a UUID");
	out->has_site = true;
	return MMS_OK;
}

static size_t
count_workers(const struct mms_sync_env *env, const struct mms_sync_options *o, size_t n_jobs)
{
	int64_t jobs = o->jobs > 0 ? o->jobs : env->site->config.jobs;
	size_t n = jobs > 0 ? (size_t)jobs : 1;

	return n < n_jobs ? n : n_jobs > 0 ? n_jobs : 1;
}

/* What the run as a whole came to. */
static mms_rc
sum_up(const struct mms_sync_report *report, struct mms_err *err)
{
	size_t n_held = 0, n_other = 0;
	const char *held = NULL;

	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *turn = &report->turns[i];
		if (turn->err.code == MMS_E_STOPPED)
			return mms_fail(err, MMS_E_STOPPED,
					"stopped; what was done is kept, the next "
					"run does the rest");
		if (strcmp(turn->status, "skipped") != 0) {
			n_other++;
		} else if (turn->err.code == MMS_E_HELD) {
			n_held++;
			held = turn->name;
		}
	}
	if (n_held > 0 && n_other == 0) {
		mms_fail(err, MMS_E_HELD, "another run is syncing %s",
			 n_held == 1 ? held : "these integrations");
		return mms_hint(err, "nothing was done here; it is done there");
	}
	return MMS_OK;
}

/* Is there a calendar of a service that takes events of ours, on or off? */
static bool
is_any_written(const struct run *run)
{
	for (size_t i = 0; i < run->sources.n; i++) {
		const struct mms_provider *provider =
			mms_provider_find(run->sources.items[i].integration.type);
		if (provider != NULL && provider->ops != NULL &&
		    (provider->caps & MMS_CAP_WRITE))
			return true;
	}
	return false;
}

static mms_rc
run_turns(struct shop *shop, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (shop->n_jobs > 0)
		rc = run_workers(shop, count_workers(shop->env, shop->options, shop->n_jobs),
				 err);
	while (rc == MMS_OK && find_freed(shop))
		rc = run_workers(shop, count_workers(shop->env, shop->options, shop->n_jobs),
				 err);
	return rc;
}

/* What turns and the outward side ask for beside the calendars. */
static mms_rc
start_helpers(struct run *run, struct mms_worker *pattern, struct mms_err *err)
{
	const struct mms_sync_env *env = pattern->env;
	bool is_dry = pattern->options->is_dry;

	mms_rc rc = mms_breakers_new(&run->breakers, env->pool, &run->sources, err);
	if (rc == MMS_OK)
		rc = learn_site(env, run, pattern, err);
	if (rc == MMS_OK && !is_dry)
		rc = mms_heartbeat_start(&run->heartbeat, &env->site->db, err);
	if (rc == MMS_OK)
		rc = mms_gates_start(&run->gates, env->pool, run->heartbeat, err);
	if (rc != MMS_OK)
		return rc;
	pattern->gates = run->gates;
	pattern->breakers = run->breakers;
	pattern->owner = is_dry ? NULL : mms_heartbeat_owner(run->heartbeat);
	return MMS_OK;
}

static mms_rc
do_run(const struct mms_sync_env *env, const struct mms_sync_options *o, struct run *run,
       struct mms_sync_report *report, struct mms_err *err)
{
	struct mms_worker pattern = { .env = env, .options = o };
	struct shop shop = { .env = env, .options = o, .pattern = &pattern };

	memcpy(pattern.run, report->run, sizeof pattern.run);
	mms_rc rc = mms_zones_new(&run->zones, err);
	if (rc == MMS_OK)
		rc = mms_choose_zones(env, run->zones, &pattern.event_zone, &pattern.site_zone,
				      err);
	if (rc == MMS_OK)
		rc = mms_feed_cache_new(&run->feeds, err);
	if (rc == MMS_OK)
		rc = load_sources(env, o, run, err);
	if (rc == MMS_OK)
		rc = mms_choose_check(env, o, &run->sources, err);
	if (rc == MMS_OK)
		rc = choose(o, run, report, err);
	/* Where nothing is due something may wait to be sent. */
	bool has_outward = o->only_event == NULL && is_any_written(run);
	if (rc != MMS_OK || (run->n_jobs == 0 && !has_outward))
		return rc;
	rc = start_helpers(run, &pattern, err);
	if (rc != MMS_OK)
		return rc;
	pattern.zones = run->zones;
	pattern.provider_env = (struct mms_provider_env){
		.zones = run->zones,
		.feeds = run->feeds,
		.clock = env->clock,
		.is_stopped = env->is_stopped,
		.spool_dir = env->spool_dir,
		.deadline_mono_ms = o->deadline_mono_ms,
	};
	shop.jobs = run->jobs;
	shop.n_jobs = run->n_jobs;
	rc = run_turns(&shop, err);
	return rc == MMS_OK && has_outward
		       ? mms_outward_phase(&pattern, &run->sources, report, err)
		       : rc;
}

mms_rc
mms_sync_run(const struct mms_sync_env *env, const struct mms_sync_options *options,
	     struct mms_sync_report *report, struct mms_err *err)
{
	struct run run __attribute__((cleanup(run_release))) = { 0 };

	*report = (struct mms_sync_report){ .is_dry = options->is_dry };
	report->started_ms = mms_clock_now_ms(env->clock);
	mms_rc rc = mms_uuid_new(report->started_ms, report->run, err);
	if (rc == MMS_OK)
		rc = do_run(env, options, &run, report, err);
	report->finished_ms = mms_clock_now_ms(env->clock);
	report->statements = mms_pool_n_statements(env->pool);
	return rc == MMS_OK ? sum_up(report, err) : rc;
}
