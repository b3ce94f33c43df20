/* Leases on integrations (see mmsync/cursors.h for the protocol). */
#include "mmsync/cursors.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "mmsync/digest.h"
#include "mmsync/fault.h"
#include "mmsync/uuid.h"

/* Another worker may win the race for a free lease this often before we believe it is held. */
#define CLAIM_TRIES 3

mms_rc
mms_lease_owner_make(struct mms_db *db, struct mms_lease_owner *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	unsigned char noise[8];
	char hex[2 * sizeof noise + 1], host[60] = "";

	mms_rc rc = mms_random(noise, sizeof noise, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, db, MMS_STMT_LEASE_SERVER, NULL, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	*out = (struct mms_lease_owner){ 0 };
	if (row != NULL && row[0].type != 0 && row[1].i == 0) {
		(void)snprintf(out->server, sizeof out->server, "%s", row[0].ptr);
		atomic_store(&out->connection, (unsigned long)row[2].u);
	}
	if (gethostname(host, sizeof host - 1) != 0)
		host[0] = '\0';
	(void)snprintf(out->token, sizeof out->token, "%s:%ld:%s", host, (long)getpid(),
		       mms_hex_print(noise, sizeof noise, hex));
	return MMS_OK;
}

struct holder {
	int64_t fence;
	bool is_held, is_expired;
	char owner[100], server[200];
	uint64_t connection;
};

static mms_rc
look(struct mms_db *db, uint64_t cursor_id, struct holder *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	*out = (struct holder){ 0 };
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LEASE_LOOK, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row == NULL)
		return mms_fail(err, MMS_E_GONE, "the integration's cursor is gone");
	out->fence = row[0].i;
	out->is_held = row[1].type != 0;
	if (out->is_held)
		(void)snprintf(out->owner, sizeof out->owner, "%s", row[1].ptr);
	if (row[2].type != 0)
		(void)snprintf(out->server, sizeof out->server, "%s", row[2].ptr);
	out->connection = row[3].type != 0 ? row[3].u : 0;
	out->is_expired = row[4].i != 0;
	return MMS_OK;
}

/*
 * A holder on this very server whose connection is gone is dead: its lease is free at once. So it
 * is when the lease is from before the server's start: the number is another connection's by now.
 */
static mms_rc
is_dead(struct mms_db *db, uint64_t cursor_id, const struct holder *holder,
	const struct mms_lease_owner *self, bool *out, struct mms_err *err)
{
	int64_t n = 1;
	const struct mms_value in[] = { mms_v_u64(cursor_id) };

	*out = false;
	if (holder->server[0] == '\0' || holder->connection == 0 ||
	    strcmp(holder->server, self->server) != 0)
		return MMS_OK;
	mms_rc rc = mms_db_ask_i64(db, MMS_STMT_LEASE_IS_CONNECTED, in, &n, err);
	*out = rc == MMS_OK && n == 0;
	return rc;
}

static struct mms_value
time_value(int64_t ms)
{
	return ms == MMS_NO_TIME ? mms_v_null() : mms_v_i64(ms);
}

static mms_rc
try_claim(struct mms_db *db, uint64_t cursor_id, const struct mms_lease_owner *owner,
	  int64_t now_ms, int64_t fence, bool *is_ours, struct mms_err *err)
{
	uint64_t affected = 0, connection = atomic_load(&owner->connection);
	const struct mms_value in[] = {
		mms_v_text(owner->token),
		mms_v_text(owner->server[0] != '\0' ? owner->server : NULL),
		connection != 0 ? mms_v_u64(connection) : mms_v_null(),
		time_value(now_ms), /* a turn begins: whatever was asked for before is in it */
		time_value(now_ms),
		mms_v_u64(cursor_id),
		mms_v_i64(fence),
	};

	mms_rc rc = mms_db_run(db, MMS_STMT_LEASE_CLAIM, in, &affected, err);
	*is_ours = rc == MMS_OK && affected == 1;
	return rc;
}

mms_rc
mms_lease_claim(struct mms_db *db, uint64_t cursor_id, const struct mms_lease_owner *owner,
		int64_t now_ms, struct mms_lease *out, struct mms_err *err)
{
	struct holder holder = { 0 };
	mms_rc rc = MMS_OK;

	for (int i = 0; i < CLAIM_TRIES; i++) {
		bool is_free, is_ours = false;

		rc = look(db, cursor_id, &holder, err);
		if (rc != MMS_OK)
			return rc;
		/* An answer of an earlier try that was lost may have made it ours already. */
		is_free = !holder.is_held || holder.is_expired ||
			  strcmp(holder.owner, owner->token) == 0;
		if (!is_free)
			rc = is_dead(db, cursor_id, &holder, owner, &is_free, err);
		if (rc == MMS_OK && is_free)
			rc = try_claim(db, cursor_id, owner, now_ms, holder.fence, &is_ours,
				       err);
		if (rc == MMS_E_RETRY)
			continue;
		if (rc != MMS_OK)
			return rc;
		if (is_ours) {
			*out = (struct mms_lease){ .cursor_id = cursor_id,
						   .fence = holder.fence + 1,
						   .owner = owner,
						   .touched_boot_ms = mms_clock_boot_ms() };
			return MMS_OK;
		}
		if (!is_free)
			break;
	}
	if (rc != MMS_OK)
		return rc;
	mms_fail(err, MMS_E_HELD, "another worker (%s) is syncing this integration",
		 holder.owner);
	return mms_hint(err,
			"it will be done by that one; a worker that died gives up its lease "
			"within %d seconds",
			MMS_LEASE_S + 5);
}

static mms_rc
lost(struct mms_err *err)
{
	mms_fail(err, MMS_E_HELD, "the lease on this integration was taken over");
	return mms_hint(err,
			"this process stood still for longer than the %d s of its lease, or "
			"lost its connection; the other run does the rest",
			MMS_LEASE_S);
}

/* A statement that changes our lease's row, and is about no row when it is not ours any more. */
static mms_rc
run_held(struct mms_tx *tx, enum mms_stmt stmt, const struct mms_value *in, struct mms_err *err)
{
	uint64_t affected = 0;

	mms_rc rc = mms_tx_run(tx, stmt, in, &affected, err);
	if (rc != MMS_OK || affected == 1 || mms_fault_is_sabotaged(MMS_SABOTAGE_NO_TOUCH))
		return rc;
	return lost(err);
}

/*
 * The end of a good turn. Where somebody has asked for another meanwhile it changes no row at first: that is noted, and
 * the mark goes with the same transaction.
 */
static mms_rc
end_held(struct mms_tx *tx, const struct mms_lease *lease, enum mms_stmt stmt,
	 const struct mms_value *in, bool *is_asked_again, struct mms_err *err)
{
	const struct mms_value mark[] = { mms_v_u64(lease->cursor_id), mms_v_i64(lease->fence),
					  mms_v_text(lease->owner->token),
					  mms_v_i64(lease->batch_no) };
	uint64_t affected = 0, n_marks = 0;

	mms_rc rc = mms_tx_run(tx, stmt, in, &affected, err);
	if (rc == MMS_OK && affected == 0)
		rc = mms_tx_run(tx, MMS_STMT_LEASE_CLEAN, mark, &n_marks, err);
	if (rc != MMS_OK || affected == 1)
		return rc;
	if (n_marks == 1 && is_asked_again != NULL)
		*is_asked_again = true;
	return run_held(tx, stmt, in, err);
}

mms_rc
mms_lease_ask_again(struct mms_db *db, uint64_t cursor_id, bool *is_left, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_u64(cursor_id) };
	uint64_t affected = 0;

	mms_rc rc = mms_db_run(db, MMS_STMT_LEASE_DIRTY, in, &affected, err);
	*is_left = affected == 1;
	return rc;
}

mms_rc
mms_lease_touch(struct mms_tx *tx, const struct mms_lease *lease, int64_t longest_ms,
		struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(longest_ms), mms_v_u64(lease->cursor_id),
					mms_v_i64(lease->fence),
					mms_v_text(lease->owner->token),
					mms_v_i64(lease->batch_no) };

	return run_held(tx, MMS_STMT_LEASE_TOUCH, in, err);
}

void
mms_lease_advance(struct mms_lease *lease)
{
	lease->batch_no++;
	lease->touched_boot_ms = mms_clock_boot_ms();
}

mms_rc
mms_lease_ask(struct mms_db *db, struct mms_lease *lease, bool *has_happened,
	      struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_u64(lease->cursor_id) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_LEASE_ASK, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK)
		return rc;
	if (row == NULL || row[0].i != lease->fence)
		return lost(err);
	if (row[1].i != lease->batch_no && row[1].i != lease->batch_no + 1)
		return lost(err);
	*has_happened = row[1].i == lease->batch_no + 1;
	if (*has_happened)
		mms_lease_advance(lease);
	return MMS_OK;
}

mms_rc
mms_lease_renew(struct mms_db *db, const struct mms_lease_owner *owner, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(owner->token) };

	return mms_db_run(db, MMS_STMT_LEASE_RENEW, in, NULL, err);
}

mms_rc
mms_cursor_forget_token(struct mms_db *db, const struct mms_lease *lease, struct mms_err *err)
{
	uint64_t affected = 0;
	const struct mms_value in[] = { mms_v_u64(lease->cursor_id), mms_v_i64(lease->fence),
					mms_v_text(lease->owner->token) };

	mms_rc rc = mms_db_run(db, MMS_STMT_CURSOR_FORGET_TOKEN, in, &affected, err);
	return rc != MMS_OK || affected == 1 ? rc : lost(err);
}

/* The parameters of MMS_SQL_TALLY, in its order. */
#define TALLY_VALUES(t)                                                                    \
	mms_v_i64((t)->run_ms), mms_v_i64((t)->requests), mms_v_i64((t)->retries),         \
		mms_v_i64((t)->created), mms_v_i64((t)->updated), mms_v_i64((t)->deleted), \
		mms_v_i64((t)->failed)

/* The parameters of MMS_SQL_CIRCUIT_SET, in its order. */
#define CIRCUIT_VALUES(c)                                                                \
	mms_v_i64((int64_t)(c)->state), mms_v_i64((c)->failures), mms_v_i64((c)->opens), \
		(c)->state == MMS_CIRCUIT_CLOSED ? mms_v_null() : mms_v_i64((c)->until_ms)

mms_rc
mms_lease_end(struct mms_tx *tx, const struct mms_lease *lease, int64_t longest_ms,
	      const struct mms_turn_end *end, struct mms_err *err)
{
	const struct mms_turn_tally *tally = &end->tally;
	struct mms_value longest = mms_v_i64(longest_ms), id = mms_v_u64(lease->cursor_id),
			 fence = mms_v_i64(lease->fence),
			 owner = mms_v_text(lease->owner->token),
			 batch = mms_v_i64(lease->batch_no), now = mms_v_i64(end->now_ms);

	if (!end->is_good) {
		const struct mms_circuit_state *circuit = &end->circuit;
		const struct mms_value in[] = { longest,
						mms_v_i64(end->clears_token),
						time_value(end->wait_until_ms),
						CIRCUIT_VALUES(circuit),
						TALLY_VALUES(tally),
						id,
						fence,
						owner,
						batch };
		return run_held(tx, MMS_STMT_LEASE_END_BAD, in, err);
	}
	if (!end->moves_cursor) { /* what its last full listing showed it shows still */
		const struct mms_value in[] = { longest, now,   now,   TALLY_VALUES(tally),
						id,      fence, owner, batch };
		return end_held(tx, lease, MMS_STMT_LEASE_END_SAME, in, end->is_asked_again,
				err);
	}
	const struct mms_lengths *lengths = &end->lengths;
	struct mms_value is_measured = mms_v_i64(lengths->is_measured);
	const struct mms_value in[] = {
		is_measured,
		mms_v_i64(lengths->bound_ms),
		longest,
		is_measured,
		mms_v_text(lengths->apart),
		lengths->is_measured ? mms_v_wall(lengths->watermark_us) : mms_v_null(),
		lengths->is_measured ? mms_v_wall(lengths->stamp_us) : mms_v_null(),
		mms_v_text(end->token),
		time_value(end->window_start_ms),
		time_value(end->window_end_ms),
		time_value(end->next_entry_ms),
		mms_v_bytes(end->read_print, MMS_READ_PRINT_BYTES),
		end->is_full ? now : mms_v_null(),
		now,
		tally->seen > 0 ? now : mms_v_null(),
		mms_v_i64(!end->is_full), /* what changed says nothing of what stays */
		end->role != 0 ? mms_v_i64(end->role) : mms_v_null(),
		TALLY_VALUES(tally),
		id,
		fence,
		owner,
		batch
	};
	return end_held(tx, lease, MMS_STMT_LEASE_END_GOOD, in, end->is_asked_again, err);
}

mms_rc
mms_lease_release(struct mms_db *db, const struct mms_lease *lease, int64_t last_attempt_ms,
		  struct mms_err *err)
{
	const struct mms_value in[] = { time_value(last_attempt_ms),
					mms_v_u64(lease->cursor_id), mms_v_i64(lease->fence),
					mms_v_text(lease->owner->token) };

	return mms_db_run(db, MMS_STMT_LEASE_RELEASE, in, NULL, err);
}

mms_rc
mms_lease_leave(struct mms_db *db, const struct mms_lease *lease, int64_t wait_until_ms,
		const struct mms_circuit_state *circuit, struct mms_err *err)
{
	struct mms_value wait = time_value(wait_until_ms), id = mms_v_u64(lease->cursor_id),
			 fence = mms_v_i64(lease->fence),
			 owner = mms_v_text(lease->owner->token);

	if (circuit == NULL) {
		const struct mms_value in[] = { wait, id, fence, owner };
		return mms_db_run(db, MMS_STMT_LEASE_LEAVE, in, NULL, err);
	}
	const struct mms_value in[] = { wait, CIRCUIT_VALUES(circuit), id, fence, owner };
	return mms_db_run(db, MMS_STMT_LEASE_LEAVE_JUDGED, in, NULL, err);
}
