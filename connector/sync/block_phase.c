/*
 * The busy blocks of a run (see the header): whose are planned, and the plan committed. Nothing is sent here.
 */
#include "block_phase.h"

#include <stdlib.h>
#include <string.h>

#include "block_world.h"
#include "mmsync/mem.h"

/* Others plan for the same person: it is read again so often. */
#define PLAN_TRIES 5
/* Parts of what is due for one person; what is left is for the next run. */
#define PARTS_MAX 1000

static int
by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

bool
mms_block_whom_is_other(const struct mms_block_whom *whom)
{
	for (size_t i = 0; i < whom->n; i++) {
		if (memcmp(whom->sources[i]->cursor.blocks_print, whom->print,
			   sizeof whom->print) != 0)
			return true;
	}
	return false;
}

/* ids: of calendars in which something is due, in their order. */
static bool
is_due(const struct mms_block_whom *whom, const uint64_t *ids, size_t n)
{
	for (size_t i = 0; n > 0 && i < whom->n; i++) {
		if (bsearch(&whom->cursors[i], ids, n, sizeof *ids, by_id) != NULL)
			return true;
	}
	return false;
}

/* ---- one person ---------------------------------------------------------------------------- */

static const char *
title_of(void *aux, uint64_t cursor_id)
{
	const struct mms_block_whom *whom = aux;

	for (size_t i = 0; i < whom->n; i++) {
		if (whom->cursors[i] == cursor_id)
			return whom->sources[i]->integration.title;
	}
	return NULL;
}

mms_rc
mms_block_world_plan(const struct mms_outward *o, const struct mms_block_whom *whom,
		     const struct mms_block_world *world, struct mms_block_plan *plan,
		     struct mms_err *err)
{
	const struct mms_config *config = &o->worker->env->site->config;
	const struct mms_block_plan_input in = {
		.calendars = whom->calendars,
		.n_calendars = whom->n,
		.events = world->events,
		.n_events = world->sources.n,
		.blocks = &world->blocks,
		.is_whole = world->is_whole,
		.rules = { .title = config->blocks_title,
			   .copies_title = config->blocks_privacy == MMS_PRIVACY_TITLE,
			   .title_chars = 140 },
		.calendar_title = title_of,
		.aux = (void *)(uintptr_t)whom,
	};

	return mms_block_plan(&in, &o->worker->digest, plan, err);
}

/* The turn of a calendar that this run is about; NULL: it is not. */
static struct mms_turn *
turn_of(const struct mms_sync_report *report, const struct mms_source *source)
{
	for (size_t i = 0; i < report->n; i++) {
		if (strcmp(report->turns[i].name, source->integration.name) == 0)
			return &report->turns[i];
	}
	return NULL;
}

/* A new one has no name yet that tells it from others: its time does. */
static void
set_planned(struct mms_planned *p, const struct mms_block_decision *d)
{
	p->is_block = true;
	p->start_ms = d->start_ms;
	p->end_ms = d->end_ms;
}

/* What a dry run would have announced in one calendar. */
static mms_rc
tell_turn(struct mms_turn *turn, uint64_t cursor_id, const struct mms_block_plan *plan,
	  struct mms_err *err)
{
	static const char *const ops[] = { [MMS_BLOCK_CREATE] = "create",
					   [MMS_BLOCK_UPDATE] = "update",
					   [MMS_BLOCK_DELETE] = "delete" };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < plan->n; i++) {
		const struct mms_block_decision *d = &plan->items[i];
		const char *id = d->block != NULL ? d->block->external_id : NULL;

		if (d->cursor_id != cursor_id || d->step >= MMS_COUNT(ops) ||
		    ops[d->step] == NULL)
			continue;
		if (mms_provisional_id_read(id, NULL))
			id = NULL;
		rc = mms_turn_add_planned(turn, ops[d->step], NULL, id, d->why, err);
		if (rc == MMS_OK)
			set_planned(&turn->planned[turn->n_planned - 1], d);
	}
	return rc;
}

static mms_rc
tell(struct mms_sync_report *report, const struct mms_block_whom *whom,
     const struct mms_block_plan *plan, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && plan->n > 0 && i < whom->n; i++) {
		struct mms_turn *turn = turn_of(report, whom->sources[i]);
		if (turn != NULL)
			rc = tell_turn(turn, whom->cursors[i], plan, err);
	}
	return rc;
}

/* One reading, planned and committed. *is_more: there is more that is due. */
static mms_rc
plan_part(const struct mms_outward *o, struct mms_block_whom *whom, bool is_whole,
	  unsigned tries, bool *is_more, struct mms_err *err)
{
	MMS_AUTO(mms_block_world) world = { .tries = tries };
	MMS_AUTO(mms_block_plan) plan = { 0 };

	mms_rc rc = is_whole ? mms_block_read_whole(o, whom, &world, err)
			     : mms_block_read_due(o, whom, &world, err);
	*is_more = world.is_more;
	if (rc == MMS_OK && world.sources.n == 0 && !is_whole)
		return MMS_OK;
	if (rc == MMS_OK)
		rc = mms_block_world_plan(o, whom, &world, &plan, err);
	if (rc != MMS_OK)
		return rc;
	return o->plan != NULL ? tell(o->plan, whom, &plan, err)
			       : mms_block_put(o, whom, &world, &plan, err);
}

static mms_rc
plan_person(const struct mms_outward *o, struct mms_block_whom *whom, bool is_whole,
	    struct mms_err *err)
{
	bool is_more = true;
	unsigned n_tries = 0,
		 n_clashes = 0; /* who meets an id that is there already takes the next one */
	mms_rc rc = MMS_OK;

	for (int n = 0; rc == MMS_OK && is_more && n < PARTS_MAX; n++) {
		rc = plan_part(o, whom, is_whole, n_clashes, &is_more, err);
		if ((rc != MMS_E_CONFLICT && rc != MMS_E_RETRY) || ++n_tries >= PLAN_TRIES) {
			is_more = is_more && !is_whole && o->plan == NULL;
			continue;
		}
		n_clashes += rc == MMS_E_CONFLICT;
		mms_err_release(err);
		is_more = true;
		rc = mms_worker_pause(o->worker, n_tries, err);
	}
	if (rc != MMS_E_CONFLICT)
		return rc;
	mms_fail(err, MMS_E_CONFLICT,
		 "the busy blocks of %s were not planned: others plan for the same person all "
		 "the "
		 "time",
		 whom->user);
	return mms_hint(err,
			"nothing is lost: what is due stays so, and the next sync plans it; "
			"do several of them run all the time?");
}

/* ---- everybody ----------------------------------------------------------------------------- */

/* Does it end the run, or only this person's part of it? */
static bool
is_end(mms_rc rc)
{
	return rc == MMS_E_STOPPED || rc == MMS_E_NOMEM || rc == MMS_E_BUG;
}

static mms_rc
plan_people(const struct mms_outward *o, struct mms_block_people *people,
	    enum mms_block_extent extent, struct mms_troubles *troubles, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	uint64_t *ids = NULL;
	size_t n = 0;

	mms_rc rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_block_dues_waiting(lent.db, &ids, &n, err);
	mms_lent_release(&lent);
	for (size_t i = 0; rc == MMS_OK && i < people->n; i++) {
		struct mms_block_whom *whom = &people->items[i];
		bool is_whole = whom->n > 0 && mms_block_whom_is_other(whom);

		if (is_whole && extent == MMS_BLOCKS_DUE)
			continue;
		if (!is_whole && (!whom->is_on || !is_due(whom, ids, n)))
			continue;
		rc = plan_person(o, whom, is_whole, err);
		if (rc == MMS_OK || is_end(rc))
			continue;
		mms_outward_note_trouble(troubles, whom->user, err);
		rc = MMS_OK;
	}
	mms_free(ids);
	return rc;
}

mms_rc
mms_block_phase(const struct mms_outward *o, struct mms_sources *sources,
		enum mms_block_extent extent, struct mms_troubles *troubles,
		struct mms_err *err)
{
	MMS_AUTO(mms_block_people) people = { 0 };
	bool is_any = false;

	mms_rc rc = mms_block_people_make(o, sources, &people, err);
	for (size_t i = 0; rc == MMS_OK && i < people.n; i++)
		is_any = is_any || people.items[i].is_on ||
			 mms_block_whom_is_other(&people.items[i]);
	return rc == MMS_OK && is_any ? plan_people(o, &people, extent, troubles, err) : rc;
}
