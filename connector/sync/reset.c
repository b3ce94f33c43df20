/*
 * A calendar begins anew (see the header). First what is known here is forgotten; then busy blocks of ours are looked at,
 * a handful at a time, and of those that the service shows with our mark the removal is announced; then the outbox is worked
 * off. Between any two of these nothing is wrong: a sync that comes there reads everything, and finds each block as it is
 * known, or on its way out.
 */
#include "mmsync/reset.h"

#include <string.h>

#include "block_job.h"
#include "block_world.h"
#include "choose.h"
#include "errand.h"
#include "lease_tx.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "outward_kit.h"
#include "session.h"

/* States of one transaction: others wait for no more than that. */
#define STATES_PER_TX 5000
/* Blocks that are looked at before their removal is announced. */
#define HANDFUL ((size_t)50)
/* Others plan blocks for the same person meanwhile: all is read again so often. */
#define TRIES 8

struct resetting {
	const struct mms_reset_options *options;
	struct mms_reset_report *report;
	struct mms_outward_kit kit;
	struct mms_source *source; /* borrowed */
	const struct mms_provider *provider;
	struct mms_block_people people;
	uint64_t first_cursor; /* of the person: plans of blocks are counted there */
	struct mms_lease lease;
	struct mms_session *session;
};

static void
resetting_release(struct resetting *r)
{
	mms_block_people_release(&r->people);
	mms_outward_kit_release(&r->kit);
}

void
mms_reset_report_release(struct mms_reset_report *report)
{
	if (report == NULL)
		return;
	for (size_t i = 0; i < report->n_kept; i++) {
		mms_free(report->kept[i].external_id);
		mms_free(report->kept[i].why);
	}
	mms_free(report->kept);
	mms_free(report->integration);
	mms_err_release(&report->err);
	*report = (struct mms_reset_report){ 0 };
}

/* ---- what is known here ------------------------------------------------------------------------ */

static mms_rc
write_begin(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct resetting *r = aux;

	mms_rc rc = mms_forget_cursor(tx, r->source->cursor.id, false, err);
	if (rc == MMS_OK)
		rc = mms_forget_plans(tx, r->source->cursor.id, err);
	return rc == MMS_OK ? mms_forget_letters(tx, r->source->cursor.id,
						 &r->report->counts.letters, err)
			    : rc;
}

struct events {
	struct resetting *r;
	int64_t n;
};

static mms_rc
write_events(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct events *e = aux;

	return mms_forget_events(tx, e->r->source->cursor.id, e->r->kit.o.now_ms, STATES_PER_TX,
				 &e->n, err);
}

static mms_rc
forget(struct resetting *r, struct mms_err *err)
{
	const struct mms_worker *w = &r->kit.worker;
	struct events e = { .r = r, .n = STATES_PER_TX };

	mms_fault_step();
	mms_rc rc = mms_lease_tx_run(w, &r->lease, write_begin, r, err);
	r->report->counts.events = 0;
	while (rc == MMS_OK && e.n == STATES_PER_TX) {
		rc = mms_lease_tx_run(w, &r->lease, write_events, &e, err);
		r->report->counts.events += rc == MMS_OK ? e.n : 0;
	}
	return rc;
}

/* What its person sees of it until the next sync; that of one that is not synced stays as it is. */
static mms_rc
show_pending(struct resetting *r, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	if (!r->source->integration.is_active)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(r->kit.worker.env->pool, &lent, err);
	return rc == MMS_OK ? mms_integrations_put_status(lent.db, &r->lease,
							  r->source->integration.name,
							  "Pending", err)
			    : rc;
}

/* ---- blocks: are they ours? -------------------------------------------------------------------- */

static mms_rc
keep(struct mms_reset_report *report, const struct mms_block *b, const char *why,
     struct mms_err *err)
{
	struct mms_reset_kept *moved =
		mms_grow(report->kept, report->n_kept, &report->cap_kept, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	report->kept = moved;
	moved[report->n_kept] =
		(struct mms_reset_kept){ mms_text_copy(b->external_id), mms_text_copy(why) };
	struct mms_reset_kept *kept = &moved[report->n_kept++];
	return (b->external_id == NULL || kept->external_id != NULL) && kept->why != NULL
		       ? MMS_OK
		       : mms_fail_nomem(err);
}

/* Does it say of itself that it is this very block of this installation? */
static bool
is_proven(const struct resetting *r, const struct mms_block *b, const struct mms_event *event)
{
	const struct mms_mark *mark = &event->mark;

	return mark->kind == MMS_MARK_BUSY_BLOCK &&
	       memcmp(mark->id, b->uuid, sizeof mark->id) == 0 &&
	       memcmp(mark->site, r->kit.o.site_uuid, sizeof mark->site) == 0;
}

/* What is not there: one that was announced and never made has nothing to prove. */
static void
judge_missing(struct resetting *r, const struct mms_block *b, bool *is_to_go)
{
	*is_to_go = b->status == MMS_STATE_CREATING;
	r->report->missing += !*is_to_go;
}

static mms_rc
judge(struct resetting *r, const struct mms_block *b, bool *is_to_go, struct mms_err *err)
{
	MMS_AUTO(mms_event) event = { 0 };

	*is_to_go = false;
	if (mms_block_has_moved_house(r->source, b))
		return keep(r->report, b,
			    "it was made in another calendar than the integration has now",
			    err);
	mms_fault_step();
	mms_rc rc = r->provider->ops->get(r->session, b->external_id, &event, err);
	if (rc == MMS_E_ITEM || rc == MMS_E_GONE || rc == MMS_E_CONFLICT) {
		MMS_AUTO(mms_err) why = { 0 };
		mms_err_move(&why, err);
		return keep(r->report, b, mms_err_text(&why), err);
	}
	if (rc != MMS_OK)
		return rc;
	if (event.is_gone) {
		judge_missing(r, b, is_to_go);
		return MMS_OK;
	}
	*is_to_go = is_proven(r, b, &event);
	return *is_to_go
		       ? MMS_OK
		       : keep(r->report, b,
			      "the service does not show our mark on it: it may be a person's",
			      err);
}

/* ---- blocks: their removal --------------------------------------------------------------------- */

/* Those that are to go, to be announced together. */
struct handful {
	struct resetting *r;
	struct mms_block_change changes[HANDFUL];
	size_t n;
	int64_t plans; /* of the person, before they were read */
};

static mms_rc
write_removals(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct handful *h = aux;
	struct resetting *r = h->r;

	mms_rc rc = mms_block_plans_touch(tx, r->first_cursor, h->plans, err);
	/* A plan that came before them has settled the person: it is to be made again. */
	if (rc == MMS_OK)
		rc = mms_forget_plans(tx, r->source->cursor.id, err);
	return rc == MMS_OK ? mms_blocks_announce(tx, h->changes, h->n, r->kit.worker.run,
						  r->kit.o.now_ms, err)
			    : rc;
}

static mms_rc
announce(struct handful *h, struct mms_err *err)
{
	struct resetting *r = h->r;

	if (h->n == 0)
		return MMS_OK;
	mms_fault_step();
	mms_rc rc = mms_lease_tx_run(&r->kit.worker, &r->lease, write_removals, h, err);
	if (rc == MMS_OK) {
		r->report->waiting += (int64_t)h->n;
		h->plans++;
		h->n = 0;
	}
	return rc;
}

static struct mms_block_change
removal_of(const struct mms_block *b)
{
	struct mms_block_change c = { .step = MMS_BLOCK_DELETE,
				      .cursor_id = b->cursor_id,
				      .source_id = b->source_id,
				      .external_id = b->external_id,
				      .start_ms = b->start_ms,
				      .end_ms = b->end_ms,
				      .title = b->title };

	memcpy(c.uuid, b->uuid, sizeof c.uuid);
	memcpy(c.key, b->key, sizeof c.key);
	memcpy(c.source_uuid, b->source_uuid, sizeof c.source_uuid);
	memcpy(c.print, b->print, sizeof c.print);
	return c;
}

/* What was counted before is counted again. */
static void
count_anew(struct mms_reset_report *report)
{
	for (size_t i = 0; i < report->n_kept; i++) {
		mms_free(report->kept[i].external_id);
		mms_free(report->kept[i].why);
	}
	report->n_kept = 0;
	report->missing = report->waiting = 0;
}

static mms_rc
load(struct resetting *r, struct mms_blocks *blocks, int64_t *plans, struct mms_err *err)
{
	unsigned char print[MMS_READ_PRINT_BYTES];
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(r->kit.worker.env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_block_plans(lent.db, r->first_cursor, plans, print, err);
	return rc == MMS_OK ? mms_blocks_of_calendar(lent.db, r->source->cursor.id, blocks, err)
			    : rc;
}

static void
tell(const struct resetting *r, size_t n_done, size_t n_all)
{
	if (r->options->tell != NULL)
		r->options->tell(r->options->aux, (int64_t)n_done, (int64_t)n_all);
}

/* All of them once. What was announced before, here or elsewhere, waits in the outbox. */
static mms_rc
look_at_all(struct resetting *r, struct mms_err *err)
{
	struct handful h = { .r = r };
	MMS_AUTO(mms_blocks) blocks = { 0 };

	count_anew(r->report);
	mms_rc rc = load(r, &blocks, &h.plans, err);
	for (size_t i = 0; rc == MMS_OK && i < blocks.n; i++) {
		const struct mms_block *b = &blocks.items[i];
		bool is_to_go = false;

		tell(r, i, blocks.n);
		if (b->removed_by == MMS_REMOVED_BY_US) {
			r->report->waiting++;
			continue;
		}
		rc = judge(r, b, &is_to_go, err);
		if (rc == MMS_OK && is_to_go)
			h.changes[h.n++] = removal_of(b);
		if (rc == MMS_OK && h.n == HANDFUL)
			rc = announce(&h, err);
	}
	/* What is proven goes, whatever ended the looking. */
	MMS_AUTO(mms_err) own = { 0 };
	mms_rc last = rc == MMS_E_CONFLICT || rc == MMS_E_NOMEM || rc == MMS_E_HELD
			      ? rc
			      : announce(&h, &own);
	if (rc == MMS_OK && last != MMS_OK) {
		mms_err_move(err, &own);
		rc = last;
	}
	return rc;
}

static mms_rc
look_at_blocks(struct resetting *r, struct mms_err *err)
{
	struct mms_open_session open = { 0 };

	mms_rc rc = mms_session_open(&r->kit.worker, r->source, &r->lease, &open, err);
	if (rc != MMS_OK)
		return rc;
	r->session = open.session;
	rc = MMS_E_CONFLICT;
	for (unsigned n = 0; rc == MMS_E_CONFLICT && n < TRIES; n++) {
		mms_err_release(err);
		rc = look_at_all(r, err);
	}
	r->report->requests += ((const struct mms_session_base *)open.session)->counts.requests;
	mms_session_close(&open);
	return rc;
}

/* ---- the order of it --------------------------------------------------------------------------- */

/* Does it end the command, or is it told of in the report: the rest is a sync's, or a later reset's? */
static bool
is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_DB || rc == MMS_E_BUG ||
	       rc == MMS_E_HELD;
}

static mms_rc
note(struct resetting *r, mms_rc rc, struct mms_err *err)
{
	if (rc == MMS_OK || is_end(rc))
		return rc;
	mms_err_move(&r->report->err, err);
	return MMS_OK;
}

/* Blocks of a calendar that is not synced any more are a sync's to remove. */
static mms_rc
fail_inactive(struct mms_err *err)
{
	mms_fail(err, MMS_E_CONFIG,
		 "the integration is not active: its busy blocks were not looked at");
	return mms_hint(err, "the next mmsync sync removes them while its tokens still work");
}

static mms_rc
count_blocks(struct resetting *r, struct mms_err *err)
{
	MMS_AUTO(mms_blocks) blocks = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	uint64_t cursor_id = r->source->cursor.id;

	if (cursor_id == 0)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(r->kit.worker.env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_forget_look(lent.db, cursor_id, &r->report->counts, err);
	if (rc == MMS_OK)
		rc = mms_blocks_of_calendar(lent.db, cursor_id, &blocks, err);
	r->report->blocks = (int64_t)blocks.n;
	return rc;
}

static mms_rc
work(struct resetting *r, struct mms_err *err)
{
	mms_rc rc = forget(r, err);

	if (rc == MMS_OK)
		rc = show_pending(r, err);
	if (rc != MMS_OK || r->report->blocks == 0 || r->first_cursor == 0)
		return rc;
	if (!r->source->integration.is_active)
		return note(r, fail_inactive(err), err);
	return note(r, look_at_blocks(r, err), err);
}

/* Under its lease, which is given back: the outbox is worked off under one of its own. */
static mms_rc
work_held(struct resetting *r, struct mms_err *err)
{
	MMS_AUTO(mms_err) own = { 0 };

	mms_rc rc = mms_errand_claim(&r->kit.o, r->source, &r->lease, err);
	if (rc != MMS_OK)
		return rc;
	rc = count_blocks(r, err);
	if (rc == MMS_OK)
		rc = work(r, err);
	mms_rc given = rc == MMS_E_HELD
			       ? MMS_OK
			       : mms_errand_leave(&r->kit.o, &r->lease, &r->report->err, &own);
	if (rc == MMS_OK && given != MMS_OK) {
		mms_err_move(err, &own);
		rc = given;
	}
	return rc;
}

/* Those that are left are the next sync's; that another run has the calendar now only means that it does it. */
static mms_rc
send(struct resetting *r, struct mms_err *err)
{
	struct mms_outbound_counts counts = { 0 };

	if (r->report->waiting == 0 || r->report->err.code != MMS_OK)
		return MMS_OK;
	tell(r, (size_t)r->report->blocks, (size_t)r->report->blocks);
	mms_rc rc = mms_outbound_run(&r->kit.o, r->source, true, NULL, NULL, &counts, err);
	r->report->removed = counts.blocks.deleted;
	r->report->failed = counts.blocks.failed;
	r->report->waiting -= counts.blocks.deleted;
	r->report->requests += counts.bookings.requests;
	if (rc == MMS_E_HELD) {
		mms_err_release(err);
		return MMS_OK;
	}
	return note(r, rc, err);
}

static mms_rc
find(struct resetting *r, struct mms_err *err)
{
	struct mms_sources *sources = &r->kit.sources;

	mms_rc rc = mms_choose_check(r->kit.worker.env, &r->kit.options, sources, err);
	for (size_t i = 0; rc == MMS_OK && i < sources->n && r->source == NULL; i++) {
		if (sources->items[i].is_named)
			r->source = &sources->items[i];
	}
	if (rc != MMS_OK || r->source == NULL)
		return rc != MMS_OK ? rc
				    : mms_fail(err, MMS_E_BUG, "no integration was chosen");
	r->provider = mms_provider_find(r->source->integration.type);
	r->report->provider = r->provider != NULL ? r->provider->name : "unknown";
	r->report->is_active = r->source->integration.is_active;
	r->report->integration = mms_text_copy(r->source->integration.name);
	if (r->report->integration == NULL)
		return mms_fail_nomem(err);
	rc = mms_block_people_make(&r->kit.o, sources, &r->people, err);
	for (size_t i = 0; rc == MMS_OK && i < r->people.n; i++) {
		const struct mms_block_whom *whom = &r->people.items[i];
		for (size_t k = 0; k < whom->n; k++) {
			if (whom->sources[k] == r->source)
				r->first_cursor = whom->cursors[0];
		}
	}
	return rc;
}

mms_rc
mms_reset_run(const struct mms_sync_env *env, const struct mms_reset_options *options,
	      struct mms_reset_report *report, struct mms_err *err)
{
	struct resetting r __attribute__((cleanup(resetting_release))) = { .options = options,
									   .report = report };
	const struct mms_sync_options sync_options = {
		.integrations = &options->integration,
		.n_integrations = 1,
		.is_dry = options->is_dry,
		.deadline_mono_ms = options->deadline_mono_ms,
	};

	*report = (struct mms_reset_report){ .is_dry = options->is_dry };
	mms_rc rc = mms_outward_kit_begin(&r.kit, env, &sync_options, err);
	if (rc == MMS_OK)
		rc = mms_outward_kit_connect(&r.kit, err);
	if (rc == MMS_OK)
		rc = find(&r, err);
	if (rc != MMS_OK || options->is_dry)
		return rc != MMS_OK ? rc : count_blocks(&r, err);
	rc = work_held(&r, err);
	return rc == MMS_OK ? send(&r, err) : rc;
}
