/* Plans of busy blocks, written (see the header). */
#include <inttypes.h>
#include <string.h>

#include "blocks_rows.h"
#include "bulks.h"
#include "mmsync/blocks.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "outbox_rows.h"

/* ---- rows that more than one kind of write needs ---------------------------------------------- */

void
mms_block_state_values(const struct mms_block_state *state, int64_t now_ms,
		       struct mms_value out[MMS_BLOCK_STATE_VALUES])
{
	const struct mms_value in[MMS_BLOCK_STATE_VALUES] = {
		mms_v_u64(state->of.cursor_id),
		mms_v_bytes(state->of.key, MMS_PRINT_BYTES),
		mms_v_text(state->of.external_id),
		mms_v_bytes(state->of.uuid, 16),
		mms_v_text(state->ical_uid),
		mms_v_null(),
		mms_v_null(),
		mms_v_null(),
		mms_v_null(),
		mms_v_i64(MMS_STATE_BUSY_BLOCK),
		mms_v_bytes(state->of.source_uuid, 16),
		mms_v_i64(state->status),
		mms_v_i64(MMS_REMOVED_UNKNOWN),
		mms_v_text(state->version),
		mms_v_null(),
		mms_v_i64(0),
		mms_v_i64(now_ms),
		mms_v_i64(now_ms),
	};

	memcpy(out, in, sizeof in);
}

/* ---- a plan ------------------------------------------------------------------------------------ */

/* A plan on its way. */
struct announcement {
	struct mms_bulks bulks;
	const unsigned char *run;
	int64_t now_ms;
};

static void
announcement_release(struct announcement *a)
{
	mms_bulks_release(&a->bulks);
}

static struct mms_entry_of
entry_of(const struct mms_block_change *c)
{
	return (struct mms_entry_of){
		.cursor_id = c->cursor_id,
		.key = c->key,
		.uuid = c->uuid,
		.source_uuid = c->source_uuid,
		.external_id = c->external_id,
		.type = MMS_STATE_BUSY_BLOCK,
	};
}

static mms_rc
add_state(struct announcement *a, const struct mms_block_change *c,
	  enum mms_state_status status, struct mms_err *err)
{
	struct mms_block_state state = { .of = entry_of(c), .status = status };
	struct mms_value in[MMS_BLOCK_STATE_VALUES];

	mms_block_state_values(&state, a->now_ms, in);
	return mms_bulks_add(&a->bulks, MMS_STMT_OWN_STATE_INSERT, in, err);
}

static mms_rc
add_block(struct announcement *a, const struct mms_block_change *c, bool is_quarantined,
	  struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_bytes(c->uuid, sizeof c->uuid),
		mms_v_u64(c->cursor_id),
		mms_v_bytes(c->source_uuid, sizeof c->source_uuid),
		mms_v_u64(c->source_id),
		mms_v_i64(c->start_ms),
		mms_v_i64(c->end_ms),
		mms_v_text(c->title),
		mms_v_bytes(c->print, sizeof c->print),
		mms_v_i64(is_quarantined),
		mms_v_bytes(a->run, 16),
		mms_v_i64(a->now_ms),
	};

	return mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_INSERT, in, err);
}

static mms_rc
add_outbox(struct announcement *a, const struct mms_block_change *c, const char *operation,
	   struct mms_err *err)
{
	struct mms_entry_of of = entry_of(c);
	struct mms_value in[MMS_OUTBOX_PUT_VALUES];

	mms_outbox_put_values(&of, operation, a->now_ms, in);
	return mms_bulks_add(&a->bulks, MMS_STMT_OUTBOX_PUT, in, err);
}

/*
 * The state of one that there is: that it stays, goes, or is gone. It keeps the source that its UUID was made of,
 * whichever the block comes from later.
 */
static mms_rc
add_state_plan(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	bool is_kept = c->step == MMS_BLOCK_UPDATE || c->step == MMS_BLOCK_ADOPT;
	const struct mms_value in[] = {
		c->step == MMS_BLOCK_LOSE ? mms_v_i64(MMS_STATE_DELETED) : mms_v_null(),
		mms_v_i64(is_kept ? MMS_REMOVED_UNKNOWN : MMS_REMOVED_BY_US),
		mms_v_i64(a->now_ms),
		mms_v_bytes(c->uuid, sizeof c->uuid),
	};

	return mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_STATE_PLAN, in, err);
}

static mms_rc
add_update(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_bytes(c->source_uuid, sizeof c->source_uuid),
		mms_v_u64(c->source_id),
		mms_v_i64(c->start_ms),
		mms_v_i64(c->end_ms),
		mms_v_text(c->title),
		mms_v_bytes(c->print, sizeof c->print),
		mms_v_i64(c->rounds),
		mms_v_i64(c->rounds_ms),
		mms_v_bytes(c->uuid, sizeof c->uuid),
	};

	return mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_UPDATE, in, err);
}

static mms_rc
add_adoption(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_bytes(c->source_uuid, sizeof c->source_uuid),
		mms_v_u64(c->source_id),
		mms_v_bytes(c->uuid, sizeof c->uuid),
	};

	return mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_ADOPT, in, err);
}

/* Nothing of a lost one is left to be sent, or to be told of. */
static mms_rc
add_loss(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	const struct mms_value uuid[] = { mms_v_bytes(c->uuid, sizeof c->uuid) };
	const struct mms_value letters[] = {
		mms_v_u64(c->cursor_id),
		mms_v_bytes(c->key, sizeof c->key),
		mms_v_i64(true),
	};

	mms_rc rc = mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_OUTBOX_DROP, uuid, err);
	return rc == MMS_OK
		       ? mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_LETTERS_DROP, letters, err)
		       : rc;
}

static mms_rc
add_letter(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	struct mms_entry_of of = entry_of(c);
	struct mms_outbox_trouble trouble = {
		.operation = "quarantine",
		.code = "quarantine",
		.text = c->reason != NULL ? c->reason : "",
		.print = c->print,
		.attempts = c->rounds,
	};
	struct mms_value in[MMS_OUTBOX_LETTER_VALUES];

	mms_outbox_letter_values(&of, &trouble, a->now_ms, in);
	return mms_bulks_add(&a->bulks, MMS_STMT_OUTWARD_LETTER_PUT, in, err);
}

/* One that is new. */
static mms_rc
add_new(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	bool is_quarantined = c->step == MMS_BLOCK_QUARANTINE_NEW;

	mms_rc rc =
		add_state(a, c, is_quarantined ? MMS_STATE_FAILED : MMS_STATE_CREATING, err);
	if (rc == MMS_OK)
		rc = add_block(a, c, is_quarantined, err);
	if (rc != MMS_OK)
		return rc;
	return is_quarantined ? add_letter(a, c, err) : add_outbox(a, c, "create", err);
}

static mms_rc
add_change(struct announcement *a, const struct mms_block_change *c, struct mms_err *err)
{
	const struct mms_value uuid[] = { mms_v_bytes(c->uuid, sizeof c->uuid) };
	mms_rc rc = MMS_OK;

	if (c->step == MMS_BLOCK_CREATE || c->step == MMS_BLOCK_QUARANTINE_NEW)
		return add_new(a, c, err);
	if (c->step == MMS_BLOCK_QUARANTINE) {
		rc = mms_bulks_add(&a->bulks, MMS_STMT_BLOCK_QUARANTINE, uuid, err);
		return rc == MMS_OK ? add_letter(a, c, err) : rc;
	}
	rc = add_state_plan(a, c, err);
	if (rc != MMS_OK)
		return rc;
	if (c->step == MMS_BLOCK_LOSE)
		return add_loss(a, c, err);
	if (c->step == MMS_BLOCK_ADOPT)
		return add_adoption(a, c, err);
	if (c->step == MMS_BLOCK_UPDATE)
		rc = add_update(a, c, err);
	if (rc != MMS_OK)
		return rc;
	return add_outbox(a, c, c->step == MMS_BLOCK_UPDATE ? "update" : "delete", err);
}

mms_rc
mms_blocks_announce(struct mms_tx *tx, const struct mms_block_change *changes, size_t n,
		    const unsigned char run[16], int64_t now_ms, struct mms_err *err)
{
	static const enum mms_stmt after[] = {
		MMS_STMT_OWN_STATE_INSERT,   MMS_STMT_BLOCK_INSERT,
		MMS_STMT_BLOCK_UPDATE,       MMS_STMT_BLOCK_ADOPT,
		MMS_STMT_BLOCK_QUARANTINE,   MMS_STMT_OUTBOX_PUT,
		MMS_STMT_OUTWARD_LETTER_PUT, MMS_STMT_BLOCK_OUTBOX_DROP,
		MMS_STMT_BLOCK_LETTERS_DROP,
	};
	__attribute__((cleanup(announcement_release))) struct announcement a = {
		.bulks = { .max = n },
		.run = run,
		.now_ms = now_ms,
	};
	uint64_t n_missed = 0;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = add_change(&a, &changes[i], err);
	if (rc == MMS_OK)
		rc = mms_bulks_run_guarded(&a.bulks, tx, MMS_STMT_BLOCK_STATE_PLAN, &n_missed,
					   err);
	if (rc == MMS_OK && n_missed > 0)
		rc = mms_fail(err, MMS_E_CONFLICT,
			      "%" PRIu64 " busy blocks are not there any more", n_missed);
	if (rc == MMS_OK)
		rc = mms_bulks_run(&a.bulks, tx, after, MMS_COUNT(after), err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "announce busy blocks");
}

/* ---- what goes with a plan ----------------------------------------------------------------------- */

mms_rc
mms_block_plans_touch(struct mms_tx *tx, uint64_t cursor_id, int64_t before,
		      struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id), mms_v_i64(before) };
	uint64_t affected = 0;

	mms_rc rc = mms_tx_run(tx, MMS_STMT_BLOCK_PLANS_TOUCH, in, &affected, err);
	if (rc != MMS_OK || affected == 1 ||
	    mms_fault_is_sabotaged(MMS_SABOTAGE_PLANS_UNTOUCHED))
		return rc;
	return mms_fail(err, MMS_E_CONFLICT,
			"this person's busy blocks were planned by somebody else meanwhile");
}

mms_rc
mms_block_dues_done(struct mms_tx *tx, const struct mms_block_source *sources, size_t n,
		    struct mms_err *err)
{
	static const enum mms_stmt order[] = { MMS_STMT_BLOCK_DUE_DONE };
	MMS_AUTO(mms_bulks) bulks = { .max = n };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		const struct mms_block_source *s = &sources[i];
		const struct mms_value in[] = {
			mms_v_u64(s->cursor_id),
			mms_v_bytes(s->key, sizeof s->key),
			mms_v_i64(s->due),
		};

		if (s->due != 0)
			rc = mms_bulks_add(&bulks, MMS_STMT_BLOCK_DUE_DONE, in, err);
	}
	if (rc == MMS_OK)
		rc = mms_bulks_run(&bulks, tx, order, MMS_COUNT(order), err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "note what busy blocks were planned");
}

/* Pairs, both ways. */
static mms_rc
add_twins(struct mms_bulks *bulks, enum mms_stmt stmt, const struct mms_block_twin *twins,
	  size_t n, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < n; i++) {
		const struct mms_value there[] = {
			mms_v_bytes(twins[i].uuid, sizeof twins[i].uuid),
			mms_v_bytes(twins[i].twin, sizeof twins[i].twin),
		};
		const struct mms_value back[] = { there[1], there[0] };

		rc = mms_bulks_add(bulks, stmt, there, err);
		if (rc == MMS_OK)
			rc = mms_bulks_add(bulks, stmt, back, err);
	}
	return rc;
}

mms_rc
mms_block_twins_put(struct mms_tx *tx, const struct mms_block_twin *gone, size_t n_gone,
		    const struct mms_block_twin *put, size_t n_put, struct mms_err *err)
{
	static const enum mms_stmt order[] = { MMS_STMT_BLOCK_TWIN_DELETE,
					       MMS_STMT_BLOCK_TWIN_PUT };
	MMS_AUTO(mms_bulks) bulks = { .max = 2 * (n_gone > n_put ? n_gone : n_put) };

	mms_rc rc = add_twins(&bulks, MMS_STMT_BLOCK_TWIN_DELETE, gone, n_gone, err);
	if (rc == MMS_OK)
		rc = add_twins(&bulks, MMS_STMT_BLOCK_TWIN_PUT, put, n_put, err);
	if (rc == MMS_OK)
		rc = mms_bulks_run(&bulks, tx, order, MMS_COUNT(order), err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "note which events are the same meeting");
}

mms_rc
mms_block_prints_put(struct mms_tx *tx, const struct mms_block_person *person,
		     const unsigned char print[MMS_PRINT_BYTES], struct mms_err *err)
{
	static const enum mms_stmt order[] = { MMS_STMT_BLOCK_PRINT_PUT };
	MMS_AUTO(mms_bulks) bulks = { .max = person->n };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < person->n; i++) {
		const struct mms_value in[] = {
			print != NULL ? mms_v_bytes(print, MMS_PRINT_BYTES) : mms_v_null(),
			mms_v_u64(person->cursors[i]),
		};

		rc = mms_bulks_add(&bulks, MMS_STMT_BLOCK_PRINT_PUT, in, err);
	}
	if (rc == MMS_OK)
		rc = mms_bulks_run(&bulks, tx, order, MMS_COUNT(order), err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "note what busy blocks were planned under");
}

mms_rc
mms_block_due_put(struct mms_tx *tx, uint64_t cursor_id,
		  const unsigned char key[MMS_PRINT_BYTES], struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id),
					mms_v_bytes(key, MMS_PRINT_BYTES) };

	mms_rc rc = mms_tx_run(tx, MMS_STMT_BLOCK_DUE_PUT, in, NULL, err);
	return rc == MMS_OK ? rc : mms_fail_in(err, "ask for an event's busy blocks");
}
