/*
 * The plan of one person after the other, though nothing is due: what it would do is wrong as it stands. Decisions of two
 * looks must agree, for others work meanwhile.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/mem.h"
#include "review_parts.h"

/* What one look came to. All zero is empty. */
struct look {
	struct mms_review_block *items; /* owned */
	size_t n, cap;
	int64_t plans;
	bool is_under_way; /* something of the person is due, or is being planned */
};

static void
look_release(struct look *look)
{
	mms_free(look->items);
	*look = (struct look){ 0 };
}

/* ---- one person ---------------------------------------------------------------------------- */

static bool
is_anything_due(const struct mms_block_world *world)
{
	for (size_t i = 0; i < world->sources.n; i++) {
		if (world->sources.items[i].due > 0)
			return true;
	}
	return false;
}

static const struct mms_block_calendar *
calendar_of(const struct mms_block_whom *whom, uint64_t cursor_id, size_t *at)
{
	for (size_t i = 0; i < whom->n; i++) {
		if (at != NULL)
			*at = i;
		if (whom->cursors[i] == cursor_id)
			return &whom->calendars[i];
	}
	return NULL;
}

static const struct mms_block_source *
source_of(const struct mms_block_world *world, const unsigned char uuid[16], size_t *at)
{
	for (size_t i = 0; i < world->sources.n; i++) {
		const struct mms_block_source *s = &world->sources.items[i];
		*at = i;
		if (s->has_state && memcmp(s->uuid, uuid, sizeof s->uuid) == 0)
			return s;
	}
	return NULL;
}

static enum mms_review_source
judge_source(const struct mms_block_whom *whom, const struct mms_block_world *world,
	     const unsigned char uuid[16], struct mms_review_block *out)
{
	size_t at = 0;
	const struct mms_block_source *source = source_of(world, uuid, &at);

	if (source == NULL)
		return MMS_REVIEW_SOURCE_UNKNOWN;
	out->source_id = source->cursor_id;
	memcpy(out->source_key, source->key, sizeof out->source_key);
	const struct mms_block_calendar *calendar = calendar_of(whom, source->cursor_id, NULL);
	if (calendar == NULL)
		return MMS_REVIEW_SOURCE_OTHER;
	if (!calendar->is_source)
		return MMS_REVIEW_SOURCE_OFF;
	return world->events[at].is_busy || world->events[at].is_doubtful
		       ? MMS_REVIEW_SOURCE_BUSY
		       : MMS_REVIEW_SOURCE_IDLE;
}

/* Is a decision one that matters: not of what is over, and of what is missing only what is near? */
static bool
matters(const struct mms_block_decision *d, const struct mms_review_choice *choice)
{
	if (d->step != MMS_BLOCK_CREATE && d->step != MMS_BLOCK_UPDATE &&
	    d->step != MMS_BLOCK_DELETE && d->step != MMS_BLOCK_LOSE &&
	    d->step != MMS_BLOCK_ADOPT)
		return false;
	if (d->end_ms <= choice->from_ms &&
	    (d->block == NULL || d->block->end_ms <= choice->from_ms))
		return false;
	return d->step != MMS_BLOCK_CREATE || d->start_ms < choice->to_ms;
}

static mms_rc
add_decision(const struct mms_block_whom *whom, const struct mms_block_world *world,
	     const struct mms_block_decision *d, struct look *look, struct mms_err *err)
{
	struct mms_review_block *items =
		mms_grow(look->items, look->n, &look->cap, sizeof *items);
	size_t at = 0;

	if (items == NULL)
		return mms_fail_nomem(err);
	look->items = items;
	struct mms_review_block *out = &items[look->n++];
	/* Of a block that comes from elsewhere now: where it came from tells what is wrong. */
	const unsigned char *uuid = d->block != NULL ? d->block->source_uuid : d->source_uuid;
	*out = (struct mms_review_block){ .step = d->step,
					  .cursor_id = d->cursor_id,
					  .has_block = d->block != NULL,
					  .start_ms = d->start_ms,
					  .end_ms = d->end_ms,
					  .why = d->why };
	memcpy(out->source_uuid, uuid, sizeof out->source_uuid);
	if (d->block != NULL)
		memcpy(out->block_uuid, d->block->uuid, sizeof out->block_uuid);
	out->source = judge_source(whom, world, uuid, out);
	out->is_extra = d->step == MMS_BLOCK_DELETE && d->is_extra;
	const struct mms_block_calendar *calendar = calendar_of(whom, d->cursor_id, &at);
	if (calendar != NULL) {
		out->is_target = calendar->is_target;
		out->integration = whom->sources[at]->integration.name;
	}
	return MMS_OK;
}

/* Are the person's blocks still planned under what is known of the person here? */
static mms_rc
read_plans(struct mms_review *review, const struct mms_block_whom *whom, struct look *look,
	   struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	unsigned char print[MMS_READ_PRINT_BYTES];

	mms_rc rc = mms_pool_lend(review->worker.env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_block_plans(lent.db, whom->cursors[0], &look->plans, print, err);
	if (rc == MMS_OK && memcmp(print, whom->print, sizeof print) != 0)
		look->is_under_way = true;
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	look->is_under_way = true;
	return MMS_OK;
}

static mms_rc
look_at(struct mms_review *review, const struct mms_block_whom *whom,
	const struct mms_review_choice *choice, struct look *out, struct mms_err *err)
{
	MMS_AUTO(mms_block_world) world = { 0 };
	MMS_AUTO(mms_block_plan) plan = { 0 };

	mms_rc rc = read_plans(review, whom, out, err);
	if (rc != MMS_OK || out->is_under_way)
		return rc;
	rc = mms_block_read_whole(&review->o, whom, &world, err);
	if (rc == MMS_OK && is_anything_due(&world)) {
		out->is_under_way = true;
		return MMS_OK;
	}
	if (rc == MMS_OK)
		rc = mms_block_world_plan(&review->o, whom, &world, &plan, err);
	for (size_t i = 0; rc == MMS_OK && i < plan.n; i++) {
		if (matters(&plan.items[i], choice))
			rc = add_decision(whom, &world, &plan.items[i], out, err);
	}
	return rc;
}

/* ---- two looks ----------------------------------------------------------------------------- */

static bool
is_same(const struct mms_review_block *a, const struct mms_review_block *b)
{
	return a->step == b->step && a->cursor_id == b->cursor_id &&
	       a->has_block == b->has_block && a->start_ms == b->start_ms &&
	       a->end_ms == b->end_ms &&
	       memcmp(a->block_uuid, b->block_uuid, sizeof a->block_uuid) == 0 &&
	       memcmp(a->source_uuid, b->source_uuid, sizeof a->source_uuid) == 0;
}

/* Both are in the order of the plan. */
static bool
is_seen_again(const struct look *again, const struct mms_review_block *block, size_t *from)
{
	for (size_t i = *from; i < again->n; i++) {
		if (is_same(&again->items[i], block)) {
			*from = i + 1;
			return true;
		}
	}
	return false;
}

static mms_rc
tell(struct mms_review *review, const struct mms_review_block *block, mms_review_taker *take,
     void *aux, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_waiting = false;

	if (block->has_block) {
		mms_rc rc = mms_pool_lend(review->worker.env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = mms_outbox_has(lent.db, block->block_uuid, &is_waiting, err);
		mms_lent_release(&lent);
		if (rc != MMS_OK || is_waiting)
			return rc;
	}
	return take(aux, block, err);
}

static mms_rc
review_person(struct mms_review *review, const struct mms_block_whom *whom,
	      const struct mms_review_choice *choice, mms_review_taker *take, void *aux,
	      struct mms_err *err)
{
	struct look first __attribute__((cleanup(look_release))) = { 0 };
	struct look again __attribute__((cleanup(look_release))) = { 0 };
	size_t from = 0;

	mms_rc rc = look_at(review, whom, choice, &first, err);
	if (rc != MMS_OK || first.n == 0)
		return rc;
	rc = look_at(review, whom, choice, &again, err);
	if (rc != MMS_OK || again.is_under_way || again.plans != first.plans)
		return rc;
	for (size_t i = 0; rc == MMS_OK && i < first.n; i++) {
		if (is_seen_again(&again, &first.items[i], &from))
			rc = tell(review, &first.items[i], take, aux, err);
	}
	return rc;
}

/* ---- people -------------------------------------------------------------------------------- */

static bool
has_blocks(const struct mms_review *review, const struct mms_block_whom *whom)
{
	for (size_t i = 0; i < whom->n; i++) {
		if (mms_review_is_filled(review, whom->cursors[i]))
			return true;
	}
	return false;
}

static bool
is_chosen(const struct mms_block_whom *whom, const struct mms_review_choice *choice)
{
	bool has_calendar = choice->integration == NULL;

	if (choice->user != NULL && strcasecmp(choice->user, whom->user) != 0)
		return false;
	for (size_t i = 0; !has_calendar && i < whom->n; i++)
		has_calendar =
			strcmp(whom->sources[i]->integration.name, choice->integration) == 0;
	return has_calendar;
}

mms_rc
mms_review_blocks(struct mms_review *review, const struct mms_review_choice *choice,
		  mms_review_taker *take, void *aux, struct mms_err *err)
{
	const struct mms_sync_env *env = review->worker.env;
	mms_rc rc = mms_review_make_zones(review, err);

	for (size_t i = 0; rc == MMS_OK && i < review->people.n; i++) {
		const struct mms_block_whom *whom = &review->people.items[i];
		if (env->is_stopped != NULL && atomic_load(env->is_stopped))
			return mms_fail(err, MMS_E_STOPPED, "interrupted");
		if (whom->n == 0 || !is_chosen(whom, choice) || mms_block_whom_is_other(whom) ||
		    (!whom->is_on && !has_blocks(review, whom)))
			continue;
		rc = review_person(review, whom, choice, take, aux, err);
	}
	return rc;
}
