/* Request budgets: minutes of the database's clock, and pauses that a service asked for. */
#include "mmsync/budget.h"

/* Others may begin a new minute between our two statements. */
#define TAKE_TRIES 3
/* What is left to wait where nobody says for how long. */
#define SHORT_MS 50

static mms_rc
add_rows(struct mms_db *db, const struct mms_budget_scope *user,
	 const struct mms_budget_scope *project, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(user->provider), mms_v_text(user->name),
					mms_v_text(project->provider),
					mms_v_text(project->name) };

	return mms_db_run(db, MMS_STMT_BUDGET_ADD, in, NULL, err);
}

/* The longer of the two waits, and how many of the two rows there are. */
static mms_rc
look(struct mms_db *db, const struct mms_budget_scope *user,
     const struct mms_budget_scope *project, int64_t n, int *n_rows, int64_t *wait_ms,
     struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = {
		mms_v_i64(n),
		mms_v_text(user->name),
		mms_v_i64(user->per_minute),
		mms_v_i64(project->per_minute),
		mms_v_text(user->provider),
		mms_v_text(user->name),
		mms_v_text(project->name),
	};

	*n_rows = 0;
	*wait_ms = 0;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_BUDGET_LOOK, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		++*n_rows;
		if (row[0].i > *wait_ms)
			*wait_ms = row[0].i;
	}
	return rc;
}

mms_rc
mms_budget_look(struct mms_db *db, const struct mms_budget_scope *user,
		const struct mms_budget_scope *project, int64_t n, int64_t *wait_ms,
		struct mms_err *err)
{
	int n_rows;

	return look(db, user, project, n, &n_rows, wait_ms, err);
}

mms_rc
mms_budget_take(struct mms_db *db, const struct mms_budget_scope *user,
		const struct mms_budget_scope *project, int64_t n, int64_t *wait_ms,
		struct mms_err *err)
{
	const struct mms_value in[] = {
		mms_v_i64(n),
		mms_v_i64(n),
		mms_v_text(user->provider),
		mms_v_text(user->name),
		mms_v_text(project->name),
		mms_v_i64(n),
		mms_v_text(user->name),
		mms_v_i64(user->per_minute),
		mms_v_i64(project->per_minute),
	};

	for (int i = 0; i < TAKE_TRIES; i++) {
		uint64_t affected = 0;
		int n_rows = 0;

		*wait_ms = 0;
		mms_rc rc = mms_db_run(db, MMS_STMT_BUDGET_TAKE, in, &affected, err);
		if (rc != MMS_OK || affected == 2)
			return rc;
		rc = look(db, user, project, n, &n_rows, wait_ms, err);
		if (rc == MMS_OK && n_rows < 2)
			rc = add_rows(db, user, project, err);
		if (rc != MMS_OK || *wait_ms > 0)
			return rc;
	}
	*wait_ms = SHORT_MS;
	return MMS_OK;
}

mms_rc
mms_budget_pause(struct mms_db *db, const struct mms_budget_scope *scope, int64_t ms,
		 struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(scope->provider), mms_v_text(scope->name),
					mms_v_i64(ms) };

	return mms_db_run(db, MMS_STMT_BUDGET_PAUSE, in, NULL, err);
}
