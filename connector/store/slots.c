/* Slots of mailboxes: rows that their holders change, by the database's clock (see the header). */
#include "mmsync/slots.h"

#include <stdio.h>

static mms_rc
run(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, unsigned *n,
    struct mms_err *err)
{
	uint64_t affected = 0;

	mms_rc rc = mms_db_run(db, stmt, in, &affected, err);
	if (rc == MMS_OK)
		*n = (unsigned)affected;
	return rc;
}

mms_rc
mms_slots_take(struct mms_db *db, const struct mms_slot_claim *claim, unsigned total,
	       unsigned *n, struct mms_err *err)
{
	const struct mms_value holder = mms_v_text(claim->holder);
	const struct mms_value in[] = {
		holder,
		mms_v_text(claim->server),
		claim->server != NULL ? mms_v_u64(claim->connection) : mms_v_null(),
		mms_v_text(claim->provider),
		mms_v_text(claim->scope),
		mms_v_i64(claim->limit),
		holder,
		holder,
		holder,
		mms_v_i64(total),
	};

	return run(db, MMS_STMT_SLOTS_TAKE, in, n, err);
}

mms_rc
mms_slots_give(struct mms_db *db, const struct mms_slot_claim *claim, unsigned n,
	       struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(claim->provider), mms_v_text(claim->scope),
					mms_v_text(claim->holder), mms_v_i64(n) };

	return mms_db_run(db, MMS_STMT_SLOTS_GIVE, in, NULL, err);
}

mms_rc
mms_slots_renew(struct mms_db *db, const struct mms_slot_claim *claim, unsigned *n,
		struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(claim->provider), mms_v_text(claim->scope),
					mms_v_text(claim->holder) };

	return run(db, MMS_STMT_SLOTS_RENEW, in, n, err);
}

/* The next of the dead; they are few, and each is read only once. */
static mms_rc
find_dead(struct mms_db *db, const struct mms_slot_claim *claim, char *holder, size_t size,
	  bool *is_found, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(claim->provider), mms_v_text(claim->scope),
					mms_v_text(claim->holder), mms_v_text(claim->server) };

	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_SLOTS_DEAD, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*is_found = rc == MMS_OK && row != NULL && row[0].type != 0;
	if (*is_found)
		(void)snprintf(holder, size, "%s", row[0].ptr);
	return rc;
}

mms_rc
mms_slots_bury(struct mms_db *db, const struct mms_slot_claim *claim, unsigned *n,
	       struct mms_err *err)
{
	struct mms_slot_claim dead = *claim;
	char holder[101];
	bool is_found = true;
	mms_rc rc = MMS_OK;

	*n = 0;
	dead.holder = holder;
	while (rc == MMS_OK && claim->server != NULL && *n < MMS_SLOTS_MAX) {
		rc = find_dead(db, claim, holder, sizeof holder, &is_found, err);
		if (rc != MMS_OK || !is_found)
			break;
		rc = mms_slots_give(db, &dead, MMS_SLOTS_MAX, err);
		*n += 1;
	}
	return rc;
}

mms_rc
mms_slots_add(struct mms_db *db, const struct mms_slot_claim *claim, struct mms_err *err)
{
	struct mms_value in[2 * MMS_SLOTS_MAX];

	for (size_t i = 0; i < MMS_SLOTS_MAX; i++) {
		in[2 * i] = mms_v_text(claim->provider);
		in[2 * i + 1] = mms_v_text(claim->scope);
	}
	return mms_db_run(db, MMS_STMT_SLOTS_ADD, in, NULL, err);
}

mms_rc
mms_slots_wish(struct mms_db *db, const struct mms_slot_claim *claim, int64_t waited_ms,
	       bool *is_heir, struct mms_err *err)
{
	const struct mms_value waited = mms_v_i64(waited_ms * 1000);
	const struct mms_value in[] = {
		mms_v_text(claim->holder),   waited,
		mms_v_text(claim->provider), mms_v_text(claim->scope),
		mms_v_text(claim->holder),   waited,
	};
	unsigned n = 0;

	mms_rc rc = run(db, MMS_STMT_SLOTS_WISH, in, &n, err);
	*is_heir = rc == MMS_OK && n > 0;
	return rc;
}

mms_rc
mms_slots_quit(struct mms_db *db, const struct mms_slot_claim *claim, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(claim->provider), mms_v_text(claim->scope),
					mms_v_text(claim->holder) };

	return mms_db_run(db, MMS_STMT_SLOTS_QUIT, in, NULL, err);
}
