/* Remedies of busy blocks, of the outbox and of what is known of an event (see mend_parts.h). */
#include <string.h>

#include "mend_parts.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

/* ---- planned anew -------------------------------------------------------------------------------- */

static mms_rc
write_due(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;

	return mms_mends_put_due(tx, x->mend->cursor_id, x->mend->key, &x->did, err);
}

mms_rc
mms_mend_plan_event(struct mms_mending *x, struct mms_err *err)
{
	bool is_needed = false;

	mms_rc rc = mms_mends_may_be_due(x->lent.db, x->mend->cursor_id, x->mend->key,
					 &is_needed, err);
	return rc == MMS_OK && is_needed ? mms_mending_run(x, write_due, err) : rc;
}

/* A person's plans as they were read. */
struct planned {
	const struct mms_block_whom *whom; /* NULL: nobody's calendar any more */
	int64_t plans;
	unsigned char print[MMS_READ_PRINT_BYTES];
};

static mms_rc
read_planned(struct mms_mending *x, struct mms_db *db, uint64_t cursor_id, struct planned *out,
	     struct mms_err *err)
{
	struct mms_block_whom *whom = NULL;

	mms_rc rc = mms_mender_whom(x->m, cursor_id, &whom, err);
	*out = (struct planned){ .whom = whom };
	return rc == MMS_OK && whom != NULL
		       ? mms_block_plans(db, whom->cursors[0], &out->plans, out->print, err)
		       : rc;
}

/* Whoever plans for this person meanwhile begins again. */
static mms_rc
touch(const struct planned *planned, struct mms_tx *tx, struct mms_err *err)
{
	return planned->whom != NULL ? mms_block_plans_touch(tx, planned->whom->cursors[0],
							     planned->plans, err)
				     : MMS_OK;
}

/* What nothing was ever planned under. */
static const unsigned char no_plan[MMS_READ_PRINT_BYTES] = {
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
};

static mms_rc
write_person(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	struct planned planned;

	mms_rc rc = read_planned(x, tx->db, x->mend->cursor_id, &planned, err);
	x->did = false;
	if (rc != MMS_OK || planned.whom == NULL ||
	    memcmp(planned.print, no_plan, sizeof no_plan) == 0)
		return rc;
	const struct mms_block_person person = { .cursors = planned.whom->cursors,
						 .n = planned.whom->n };
	rc = touch(&planned, tx, err);
	if (rc == MMS_OK)
		rc = mms_block_prints_put(tx, &person, no_plan, err);
	x->did = rc == MMS_OK;
	return rc;
}

mms_rc
mms_mend_plan_person(struct mms_mending *x, struct mms_err *err)
{
	struct planned planned;

	mms_rc rc = read_planned(x, x->lent.db, x->mend->cursor_id, &planned, err);
	if (rc != MMS_OK || planned.whom == NULL ||
	    memcmp(planned.print, no_plan, sizeof no_plan) == 0)
		return rc;
	return mms_mending_run(x, write_person, err);
}

/* ---- a block removed ------------------------------------------------------------------------------ */

static struct mms_block_change
change_of(const struct mms_own_state *state, enum mms_block_step step)
{
	struct mms_block_change change = { .step = step,
					   .cursor_id = state->cursor_id,
					   .source_id = state->cursor_id,
					   .external_id = state->external_id };

	memcpy(change.uuid, state->uuid, sizeof change.uuid);
	memcpy(change.key, state->key, sizeof change.key);
	memcpy(change.source_uuid, state->source_uuid, sizeof change.source_uuid);
	return change;
}

/* In a calendar that nobody has any more nothing can be removed: what is known of it is that it is lost. */
static bool
is_within_reach(struct mms_mender *m, uint64_t cursor_id)
{
	const struct mms_source *source = mms_mender_source(m, cursor_id);
	const struct mms_provider *provider =
		source != NULL ? mms_provider_find(source->integration.type) : NULL;

	return provider != NULL && provider->ops != NULL &&
	       (provider->caps & MMS_CAP_WRITE) != 0;
}

static bool
is_to_be_removed(const struct mms_mends_block *b)
{
	return b->is_known && b->status != MMS_STATE_DELETED &&
	       !(b->removed_by == MMS_REMOVED_BY_US && b->is_going && b->is_fit);
}

static mms_rc
write_removal(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	const struct mms_outward *o = &x->m->kit.o;
	MMS_AUTO(mms_own_state) state = { 0 };
	struct mms_mends_block b;
	struct planned planned;

	x->did = false;
	mms_rc rc = mms_mends_block_look(tx->db, x->mend->uuid, &b, err);
	if (rc != MMS_OK || !is_to_be_removed(&b))
		return rc;
	rc = read_planned(x, tx->db, b.cursor_id, &planned, err);
	if (rc == MMS_OK)
		rc = mms_own_state_load(tx->db, x->mend->uuid, &state, err);
	if (rc == MMS_OK)
		rc = touch(&planned, tx, err);
	if (rc == MMS_OK)
		rc = mms_mends_block_fit(tx, x->mend->uuid, o->now_ms, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_block_change change = change_of(
		&state, is_within_reach(x->m, b.cursor_id) ? MMS_BLOCK_DELETE : MMS_BLOCK_LOSE);
	rc = mms_blocks_announce(tx, &change, 1, o->worker->run, o->now_ms, err);
	x->did = rc == MMS_OK;
	return rc;
}

mms_rc
mms_mend_remove_block(struct mms_mending *x, struct mms_err *err)
{
	struct mms_mends_block b;

	mms_rc rc = mms_mends_block_look(x->lent.db, x->mend->uuid, &b, err);
	return rc == MMS_OK && is_to_be_removed(&b) ? mms_mending_run(x, write_removal, err)
						    : rc;
}

/* ---- into the outbox ------------------------------------------------------------------------------ */

static const char *
operation_of(const struct mms_own_state *state)
{
	if (state->removed_by == MMS_REMOVED_BY_US)
		return "delete";
	return state->status == MMS_STATE_CREATING ? "create" : "update";
}

/* An event of ours that is there, or shall be, and of which nothing is on its way. */
static mms_rc
look_for_sending(const struct mms_mending *x, struct mms_db *db, struct mms_own_state *out,
		 bool *is_needed, struct mms_err *err)
{
	MMS_AUTO(mms_outbox) of_booking = { 0 };
	struct mms_mends_block b = { 0 };

	*is_needed = false;
	mms_rc rc = mms_own_state_load(db, x->mend->uuid, out, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc != MMS_OK || out->status == MMS_STATE_DELETED)
		return rc;
	if (out->type == MMS_STATE_BUSY_BLOCK) {
		rc = mms_mends_block_look(db, x->mend->uuid, &b, err);
		*is_needed = b.is_known && !b.has_entry && !b.is_quarantined;
		return rc;
	}
	if (out->type != MMS_STATE_BOOKING || out->booking == NULL)
		return MMS_OK;
	rc = mms_outbox_of_booking(db, out->booking, &of_booking, err);
	*is_needed = rc == MMS_OK;
	for (size_t i = 0; i < of_booking.n; i++) {
		if (memcmp(of_booking.items[i].uuid, out->uuid, sizeof out->uuid) == 0 &&
		    of_booking.items[i].cursor_id == out->cursor_id)
			*is_needed = false;
	}
	return rc;
}

static mms_rc
write_entry(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	MMS_AUTO(mms_own_state) state = { 0 };

	x->did = false;
	bool is_needed = false;
	mms_rc rc = look_for_sending(x, tx->db, &state, &is_needed, err);
	if (rc != MMS_OK || !is_needed)
		return rc;
	/* What was settled is sent again only where something differs: it is looked at. */
	if (state.type == MMS_STATE_BOOKING && state.removed_by == MMS_REMOVED_UNKNOWN)
		rc = mms_mends_look_again(tx, &state, x->m->kit.o.now_ms, err);
	if (rc == MMS_OK)
		rc = mms_outbox_put(tx, &state, operation_of(&state), x->m->kit.o.now_ms, err);
	x->did = rc == MMS_OK;
	return rc;
}

mms_rc
mms_mend_send_event(struct mms_mending *x, struct mms_err *err)
{
	MMS_AUTO(mms_own_state) state = { 0 };
	bool is_needed = false;

	mms_rc rc = look_for_sending(x, x->lent.db, &state, &is_needed, err);
	return rc == MMS_OK && is_needed ? mms_mending_run(x, write_entry, err) : rc;
}

/* ---- what is known of an event ------------------------------------------------------------ */

/* Blocks that come from it and stay are announced to go: what the next reading makes of the event has its own. */
static mms_rc
remove_blocks_of(struct mms_mending *x, struct mms_tx *tx, const unsigned char uuid[16],
		 struct mms_err *err)
{
	const struct mms_outward *o = &x->m->kit.o;
	MMS_AUTO(mms_blocks) blocks = { 0 };
	unsigned char sources[1][16];
	size_t n = 0;

	memcpy(sources[0], uuid, sizeof sources[0]);
	mms_rc rc = mms_blocks_of_sources(tx->db, (const unsigned char(*)[16])sources, 1,
					  &blocks, err);
	if (rc != MMS_OK || blocks.n == 0)
		return rc;
	struct mms_block_change *changes = mms_alloc(blocks.n * sizeof *changes);
	if (changes == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < blocks.n; i++) {
		const struct mms_block *b = &blocks.items[i];
		struct mms_block_change *c = &changes[n];

		if (b->status == MMS_STATE_DELETED || b->removed_by == MMS_REMOVED_BY_US)
			continue;
		*c = (struct mms_block_change){
			.step = is_within_reach(x->m, b->cursor_id) ? MMS_BLOCK_DELETE
								    : MMS_BLOCK_LOSE,
			.cursor_id = b->cursor_id,
			.source_id = b->source_id,
			.external_id = b->external_id,
		};
		memcpy(c->uuid, b->uuid, sizeof c->uuid);
		memcpy(c->key, b->key, sizeof c->key);
		memcpy(c->source_uuid, b->source_uuid, sizeof c->source_uuid);
		n++;
	}
	if (n > 0)
		rc = mms_blocks_announce(tx, changes, n, o->worker->run, o->now_ms, err);
	mms_free(changes);
	return rc;
}

static mms_rc
write_forgotten(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	const struct mms_mend *mend = x->mend;
	unsigned char uuid[16];
	bool is_known = false, did = false;
	struct planned planned;

	x->did = false;
	mms_rc rc = mms_mends_state(tx->db, mend->cursor_id, mend->key, uuid, &is_known, err);
	if (rc != MMS_OK || !is_known)
		return rc;
	rc = read_planned(x, tx->db, mend->cursor_id, &planned, err);
	if (rc == MMS_OK)
		rc = touch(&planned, tx, err);
	if (rc == MMS_OK)
		rc = remove_blocks_of(x, tx, uuid, err);
	if (rc == MMS_OK)
		rc = mms_mends_state_forget(tx, mend->cursor_id, mend->key, uuid, err);
	if (rc == MMS_OK)
		rc = mms_mends_forget_read(tx, mend->cursor_id, &did, err);
	x->did = rc == MMS_OK;
	return rc;
}

mms_rc
mms_mend_forget_state(struct mms_mending *x, struct mms_err *err)
{
	unsigned char uuid[16];
	bool is_known = false;

	mms_rc rc = mms_mends_state(x->lent.db, x->mend->cursor_id, x->mend->key, uuid,
				    &is_known, err);
	return rc == MMS_OK && is_known
		       ? mms_mending_run_leased(x, x->mend->cursor_id, write_forgotten, err)
		       : rc;
}

/* ---- the same meeting ----------------------------------------------------------------------------- */

static mms_rc
write_pair(struct mms_tx *tx, void *aux, struct mms_err *err)
{
	struct mms_mending *x = aux;
	struct planned planned;
	uint64_t cursor_id = 0;
	bool is_half = false;

	x->did = false;
	mms_rc rc = mms_mends_is_half(tx->db, x->mend->uuid, &is_half, err);
	if (rc != MMS_OK || !is_half)
		return rc;
	rc = mms_mends_cursor_of(tx->db, x->mend->uuid, &cursor_id, err);
	if (rc == MMS_OK)
		rc = read_planned(x, tx->db, cursor_id, &planned, err);
	if (rc == MMS_OK)
		rc = touch(&planned, tx, err);
	bool is_on = rc == MMS_OK && planned.whom != NULL && planned.whom->is_on;
	return rc == MMS_OK ? mms_mends_pair(tx, x->mend->uuid, is_on, &x->did, err) : rc;
}

mms_rc
mms_mend_pair_meeting(struct mms_mending *x, struct mms_err *err)
{
	bool is_half = false;

	mms_rc rc = mms_mends_is_half(x->lent.db, x->mend->uuid, &is_half, err);
	return rc == MMS_OK && is_half ? mms_mending_run(x, write_pair, err) : rc;
}
