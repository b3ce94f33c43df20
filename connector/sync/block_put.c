/*
 * A plan of busy blocks, committed: states `creating` with their UUIDs, what each block should say, the outbox. Two
 * who plan for the same person at the same time come to the same UUIDs, and one of them begins again.
 */
#include <string.h>

#include "block_world.h"
#include "mmsync/fault.h"
#include "mmsync/keymap.h"
#include "mmsync/mem.h"
#include "mmsync/uuid.h"

/* Steps in one transaction. */
#define STEPS_MAX ((size_t)400)
/* What is changed by more runs than this within the time is left alone. */
#define ROUNDS_MAX     5
#define ROUNDS_SPAN_MS (INT64_C(3600) * 1000)

/* One part of a plan on its way into the database. */
struct part {
	const struct mms_outward *o;
	const struct mms_block_whom *whom;
	struct mms_db *db;
	unsigned tries;                         /* before this one */
	const struct mms_block_decision *items; /* borrowed */
	size_t n;
	struct mms_block_change *changes; /* owned, one for each */
	char **ids;                       /* owned, external ids of new ones */
};

static void
part_release(struct part *p)
{
	for (size_t i = 0; p->ids != NULL && i < p->n; i++)
		mms_free(p->ids[i]);
	mms_free(p->ids);
	mms_free(p->changes);
}

mms_rc
mms_block_uuid(const unsigned char site[16], const unsigned char source[16], uint64_t cursor_id,
	       unsigned incarnation, unsigned char out[16], struct mms_err *err)
{
	MMS_AUTO(mms_digest) digest = { 0 };
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(&digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_text(&digest, "mmsync busy block 1");
	mms_digest_add(&digest, site, 16);
	mms_digest_add(&digest, source, 16);
	mms_digest_add_i64(&digest, (int64_t)cursor_id);
	mms_digest_add_i64(&digest, incarnation);
	rc = mms_digest_end(&digest, hash, err);
	if (rc == MMS_OK)
		mms_uuid_of_hash(hash, out);
	return rc;
}

/* ---- new blocks ---------------------------------------------------------------------------- */

static const struct mms_provider *
provider_of(const struct part *p, uint64_t cursor_id)
{
	for (size_t i = 0; i < p->whom->n; i++) {
		if (p->whom->calendars[i].cursor_id == cursor_id)
			return mms_provider_find(p->whom->sources[i]->integration.type);
	}
	return NULL;
}

static mms_rc
name_one(struct part *p, size_t at, unsigned incarnation, struct mms_err *err)
{
	struct mms_block_change *c = &p->changes[at];
	const struct mms_provider *provider = provider_of(p, c->cursor_id);

	if (provider == NULL)
		return mms_fail(err, MMS_E_BUG, "a busy block for a calendar of nobody");
	mms_rc rc = mms_block_uuid(p->o->site_uuid, c->source_uuid, c->cursor_id, incarnation,
				   c->uuid, err);
	if (rc == MMS_OK)
		rc = provider->ops->make_id(c->uuid, &p->ids[at], err);
	if (rc == MMS_OK)
		rc = mms_outward_key(p->o->worker, p->ids[at], c->key, err);
	c->external_id = p->ids[at];
	return rc;
}

/*
 * UUID and id of each new one: they follow from how many there were before, and from how often that was tried in vain:
 * one that was taken up again by its mark may have the UUID that comes next.
 */
static mms_rc
name_new(struct part *p, struct mms_err *err)
{
	unsigned char(*sources)[16] = mms_alloc((p->n + 1) * sizeof *sources);
	uint64_t *cursors = mms_alloc((p->n + 1) * sizeof *cursors);
	int64_t *counts = mms_alloc((p->n + 1) * sizeof *counts);
	size_t n = 0;
	mms_rc rc = sources == NULL || cursors == NULL || counts == NULL ? mms_fail_nomem(err)
									 : MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < p->n; i++) {
		if (p->changes[i].step != MMS_BLOCK_CREATE)
			continue;
		memcpy(sources[n], p->changes[i].source_uuid, sizeof *sources);
		cursors[n++] = p->changes[i].cursor_id;
	}
	if (rc == MMS_OK && n > 0)
		rc = mms_blocks_count(p->db, (const unsigned char(*)[16])sources, cursors, n,
				      counts, err);
	for (size_t i = 0, k = 0; rc == MMS_OK && n > 0 && i < p->n; i++) {
		if (p->changes[i].step == MMS_BLOCK_CREATE)
			rc = name_one(p, i, (unsigned)counts[k++] + p->tries, err);
	}
	mms_free(sources);
	mms_free(cursors);
	mms_free(counts);
	return rc;
}

/* ---- what is rewritten again and again ----------------------------------------------------- */

/* A time slot that each of the last runs has filled anew: somebody copies our blocks back. */
static mms_rc
judge_slots(struct part *p, struct mms_err *err)
{
	struct mms_block_slot *slots = mms_alloc((p->n + 1) * sizeof *slots);
	size_t n = 0;
	mms_rc rc = slots == NULL ? mms_fail_nomem(err) : MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < p->n; i++) {
		const struct mms_block_change *c = &p->changes[i];
		if (c->step == MMS_BLOCK_CREATE)
			slots[n++] = (struct mms_block_slot){ .source_id = c->source_id,
							      .cursor_id = c->cursor_id,
							      .start_ms = c->start_ms,
							      .end_ms = c->end_ms };
	}
	if (rc == MMS_OK && n > 0)
		rc = mms_block_slots_count(p->db, slots, n, p->o->now_ms - ROUNDS_SPAN_MS, err);
	for (size_t i = 0, k = 0; rc == MMS_OK && n > 0 && i < p->n; i++) {
		struct mms_block_change *c = &p->changes[i];
		if (c->step != MMS_BLOCK_CREATE || slots[k++].n_runs < ROUNDS_MAX)
			continue;
		c->step = MMS_BLOCK_QUARANTINE_NEW;
		c->reason = "this time was filled anew by one run after the other: something "
			    "outside copies busy blocks back";
	}
	mms_free(slots);
	return rc;
}

static void
judge_rounds(const struct part *p, const struct mms_block_decision *d,
	     struct mms_block_change *c)
{
	const struct mms_block *b = d->block;
	bool is_new_span = p->o->now_ms - b->rounds_ms > ROUNDS_SPAN_MS;

	c->rounds = is_new_span ? 1 : b->rounds + 1;
	c->rounds_ms = is_new_span ? p->o->now_ms : b->rounds_ms;
	if (c->rounds <= ROUNDS_MAX)
		return;
	c->step = MMS_BLOCK_QUARANTINE;
	c->reason = "it was changed by one run after the other: something outside answers each "
		    "change with another";
}

/* ---- a part -------------------------------------------------------------------------------- */

static void
make_change(const struct part *p, const struct mms_block_decision *d,
	    struct mms_block_change *c)
{
	*c = (struct mms_block_change){ .step = d->step,
					.cursor_id = d->cursor_id,
					.source_id = d->source_id,
					.start_ms = d->start_ms,
					.end_ms = d->end_ms,
					.title = d->title };
	memcpy(c->source_uuid, d->source_uuid, sizeof c->source_uuid);
	memcpy(c->print, d->print, sizeof c->print);
	if (d->block == NULL)
		return;
	memcpy(c->uuid, d->block->uuid, sizeof c->uuid);
	memcpy(c->key, d->block->key, sizeof c->key);
	c->external_id = d->block->external_id;
	if (d->step == MMS_BLOCK_UPDATE)
		judge_rounds(p, d, c);
}

static mms_rc
make_part(struct part *p, struct mms_err *err)
{
	p->changes = mms_alloc((p->n + 1) * sizeof *p->changes);
	p->ids = mms_alloc((p->n + 1) * sizeof *p->ids);
	if (p->changes == NULL || p->ids == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < p->n; i++)
		make_change(p, &p->items[i], &p->changes[i]);
	mms_rc rc = name_new(p, err);
	return rc == MMS_OK ? judge_slots(p, err) : rc;
}

/* ---- the same meeting ---------------------------------------------------------------------- */

/* What of the pairs is news: those that are remembered and are none any more, those that are not yet. */
struct pairs {
	struct mms_block_twin *gone, *put; /* owned */
	size_t n_gone, n_put;
};

static void
pairs_release(struct pairs *pairs)
{
	mms_free(pairs->gone);
	mms_free(pairs->put);
}

static mms_rc
add_all(struct mms_keymap *map, const struct mms_block_twin *twins, size_t n, bool both_ways,
	struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		struct mms_block_twin back;
		memcpy(back.uuid, twins[i].twin, sizeof back.uuid);
		memcpy(back.twin, twins[i].uuid, sizeof back.twin);
		rc = mms_keymap_put(map, (const char *)&twins[i], sizeof twins[i], 0, NULL,
				    err);
		if (rc == MMS_OK && both_ways)
			rc = mms_keymap_put(map, (const char *)&back, sizeof back, 0, NULL,
					    err);
	}
	return rc;
}

static bool
has_pair(const struct mms_keymap *map, const struct mms_block_twin *twin)
{
	return mms_keymap_find(map, (const char *)twin, sizeof *twin) != MMS_KEYMAP_NONE;
}

static mms_rc
compare_pairs(const struct mms_block_world *world, const struct mms_block_plan *plan,
	      struct pairs *out, struct mms_err *err)
{
	MMS_AUTO(mms_keymap) before = { 0 };
	MMS_AUTO(mms_keymap) now = { 0 };
	const struct mms_block_twins *old = &world->twins;

	out->gone = mms_alloc((old->n + 1) * sizeof *out->gone);
	out->put = mms_alloc((plan->n_twins + 1) * sizeof *out->put);
	if (out->gone == NULL || out->put == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = add_all(&before, old->items, old->n, false, err);
	if (rc == MMS_OK)
		rc = add_all(&now, plan->twins, plan->n_twins, true, err);
	for (size_t i = 0; rc == MMS_OK && i < old->n; i++) {
		if (!has_pair(&now, &old->items[i]))
			out->gone[out->n_gone++] = old->items[i];
	}
	for (size_t i = 0; rc == MMS_OK && i < plan->n_twins; i++) {
		if (!has_pair(&before, &plan->twins[i]))
			out->put[out->n_put++] = plan->twins[i];
	}
	return rc;
}

/* ---- committing ---------------------------------------------------------------------------- */

/* Is it in a calendar of this person that blocks can be removed from? Others are somebody else's to empty, or nobody's. */
static bool
is_within_reach(const struct mms_block_whom *whom, const struct mms_block *block)
{
	for (size_t i = 0; i < whom->n; i++) {
		if (whom->cursors[i] == block->cursor_id)
			return whom->calendars[i].is_reachable;
	}
	return false;
}

/*
 * What the person's blocks are planned under from now on: of nobody who has some that are still to go, a digest that
 * nothing has, so that they are looked at again.
 */
static void
final_print(const struct mms_block_whom *whom, const struct mms_block_world *world,
	    unsigned char out[MMS_READ_PRINT_BYTES])
{
	memcpy(out, whom->print, MMS_READ_PRINT_BYTES);
	for (size_t i = 0; !whom->is_on && i < world->blocks.n; i++) {
		const struct mms_block *block = &world->blocks.items[i];
		if (block->status != MMS_STATE_DELETED && is_within_reach(whom, block))
			memset(out, 0xFF, MMS_READ_PRINT_BYTES);
	}
}

/*
 * With the touch, cursors before all else: so does whoever writes under a lease, and neither waits for the other with what
 * that one wants.
 */
static mms_rc
write_print(const struct mms_block_whom *whom, const struct mms_block_world *world,
	    struct mms_tx *tx, struct mms_err *err)
{
	const struct mms_block_person person = { .cursors = whom->cursors, .n = whom->n };
	static const unsigned char none[MMS_READ_PRINT_BYTES];
	unsigned char print[MMS_READ_PRINT_BYTES];

	final_print(whom, world, print);
	bool is_none = memcmp(print, none, sizeof none) == 0;
	return mms_block_prints_put(tx, &person, is_none ? NULL : print, err);
}

static mms_rc
write_last(const struct mms_block_world *world, const struct pairs *pairs, struct mms_tx *tx,
	   struct mms_err *err)
{
	mms_rc rc = mms_block_twins_put(tx, pairs->gone, pairs->n_gone, pairs->put,
					pairs->n_put, err);

	if (rc != MMS_OK || mms_fault_is_sabotaged(MMS_SABOTAGE_DUE_KEPT))
		return rc;
	return mms_block_dues_done(tx, world->sources.items, world->sources.n, err);
}

/* Negative controls (mmsync/fault.h): what is due is no more, and nothing was planned yet. */
static mms_rc
forget_dues(struct mms_db *db, const struct mms_block_world *world, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	if (!mms_fault_is_sabotaged(MMS_SABOTAGE_DUE_FIRST))
		return MMS_OK;
	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_block_dues_done(&tx, world->sources.items, world->sources.n, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

static mms_rc
put_part(struct part *p, const struct mms_block_world *world, int64_t plans,
	 const struct pairs *pairs, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	mms_rc rc = make_part(p, err);
	mms_fault_step();
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, p->db, err);
	if (rc == MMS_OK)
		rc = mms_block_plans_touch(&tx, p->whom->cursors[0], plans, err);
	if (rc == MMS_OK && pairs != NULL && world->is_whole)
		rc = write_print(p->whom, world, &tx, err);
	if (rc == MMS_OK)
		rc = mms_blocks_announce(&tx, p->changes, p->n, p->o->worker->run, p->o->now_ms,
					 err);
	if (rc == MMS_OK && pairs != NULL)
		rc = write_last(world, pairs, &tx, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

mms_rc
mms_block_put(const struct mms_outward *o, struct mms_block_whom *whom,
	      const struct mms_block_world *world, const struct mms_block_plan *plan,
	      struct mms_err *err)
{
	struct pairs pairs __attribute__((cleanup(pairs_release))) = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t plans = world->plans;

	mms_rc rc = compare_pairs(world, plan, &pairs, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = forget_dues(lent.db, world, err);
	for (size_t at = 0; rc == MMS_OK; at += STEPS_MAX, plans++) {
		bool is_last = at + STEPS_MAX >= plan->n;
		struct part p __attribute__((cleanup(part_release))) = {
			.o = o,
			.whom = whom,
			.db = lent.db,
			.tries = world->tries,
			.items = plan->n > 0 ? plan->items + at : NULL,
			.n = is_last ? plan->n - at : STEPS_MAX,
		};

		rc = put_part(&p, world, plans, is_last ? &pairs : NULL, err);
		if (is_last)
			break;
	}
	for (size_t i = 0; rc == MMS_OK && world->is_whole && i < whom->n; i++)
		final_print(whom, world, whom->sources[i]->cursor.blocks_print);
	return rc;
}
