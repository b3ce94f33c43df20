/*
 * Blocks of numbers from the one counter of Frappe's "format:" names (see the header).
 *
 * The counter's row is what every insert of such a DocType waits for: it is locked for two round
 * trips, and never inside another transaction.
 */
#include "mmsync/series.h"

#include <inttypes.h>
#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

#define NAME_CHARS 140 /* of every `name` in Frappe */

/* tabSeries.current is an int in every version. */
#define NUMBER_MAX INT64_C(2147483647)
/* More at once is a mistake. */
#define BLOCK_MAX INT64_C(1000000)

static mms_rc
exhausted(struct mms_err *err)
{
	mms_fail(err, MMS_E_DB,
		 "the counter of names in tabSeries has reached the end of its column");
	return mms_hint(err,
			"every DocType with a name of the form format:...{####} shares it: "
			"ALTER TABLE tabSeries MODIFY current bigint NOT NULL DEFAULT 0");
}

/* The answer belongs to the session: it is asked for inside the same transaction. */
static mms_rc
take(struct mms_db *db, int64_t n, int64_t *last, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_value in[] = { mms_v_i64(n), mms_v_i64(n) };
	int64_t got = 0;

	mms_rc rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, MMS_STMT_SERIES_TAKE, in, NULL, err);
	if (rc == MMS_E_ITEM)
		return exhausted(err);
	if (rc == MMS_OK)
		rc = mms_db_ask_i64(db, MMS_STMT_LAST_INSERT_ID, NULL, &got, err);
	if (rc == MMS_OK && !mms_fault_is_sabotaged(MMS_SABOTAGE_NAMES_REUSED))
		rc = mms_tx_commit(&tx, err);
	if (rc != MMS_OK)
		return rc;
	if (got > NUMBER_MAX)
		return exhausted(err);
	*last = got;
	return MMS_OK;
}

mms_rc
mms_series_take(struct mms_db *db, int64_t n, int64_t *first, struct mms_err *err)
{
	int64_t last = 0;

	if (n < 1 || n > BLOCK_MAX)
		return mms_fail(err, MMS_E_BUG, "a block of %" PRId64 " names", n);
	/* A commit in doubt counts as lost: gaps are harmless, doubles are not. */
	if (take(db, n, &last, err) != MMS_OK)
		return mms_fail_in(err, "taking names from tabSeries");
	if (last < n)
		return mms_fail(err, MMS_E_BUG,
				"tabSeries gave %" PRId64 " for a block of %" PRId64, last, n);
	*first = last - n + 1;
	return MMS_OK;
}

/* The highest number in names of this pattern. *out 0: there is none. */
static mms_rc
find_highest(struct mms_db *db, const char *pattern, int64_t *out, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value like[] = { mms_v_text(pattern) };

	*out = 0;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_SERIES_HIGHEST, like, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL && row[0].type != 0 && row[0].u <= (uint64_t)NUMBER_MAX)
		*out = (int64_t)row[0].u;
	return rc;
}

static mms_rc
raise_to(struct mms_db *db, int64_t highest, uint64_t *affected, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_i64(highest), mms_v_i64(highest),
					mms_v_i64(highest - BLOCK_MAX) };

	return mms_db_run(db, MMS_STMT_SERIES_RAISE, in, affected, err);
}

mms_rc
mms_series_catch_up(struct mms_db *db, const char *integration, struct mms_err *err)
{
	MMS_AUTO(mms_str) pattern = { 0 };
	char *name = NULL;
	int64_t highest = 0;

	mms_rc rc = mms_series_event_name(integration, 0, &name, err);
	if (rc != MMS_OK)
		return rc;
	size_t len = strlen(name) - strlen("0000");
	for (size_t i = 0; i < len; i++) {
		if (strchr("%_\\", name[i]) != NULL)
			mms_str_addc(&pattern, '\\');
		mms_str_addc(&pattern, name[i]);
	}
	mms_free(name);
	mms_str_addc(&pattern, '%');
	rc = mms_str_check(&pattern, err);
	if (rc == MMS_OK)
		rc = find_highest(db, mms_str_get(&pattern), &highest, err);
	return rc == MMS_OK && highest > 0 ? raise_to(db, highest, NULL, err) : rc;
}

mms_rc
mms_series_raise(struct mms_db *db, bool *did, struct mms_err *err)
{
	int64_t highest = 0, current = 0;
	uint64_t affected = 0;

	*did = false;
	mms_rc rc = find_highest(db, "MM-CES-%", &highest, err);
	if (rc == MMS_OK && highest > 0)
		rc = mms_db_ask_i64(db, MMS_STMT_SERIES_CURRENT, NULL, &current, err);
	if (rc != MMS_OK || highest <= current)
		return rc;
	if (highest - current >= BLOCK_MAX) {
		mms_fail(err, MMS_E_ITEM,
			 "tabSeries says %" PRId64 ", and a name has the number %" PRId64
			 ": more than a million apart",
			 current, highest);
		return mms_hint(err, "is it somebody's own name? Else raise it by hand: "
				     "tabSeries, the row whose name is empty");
	}
	const struct mms_value in[] = { mms_v_i64(0), mms_v_i64(0) };
	rc = mms_db_run(db, MMS_STMT_SERIES_TAKE, in, NULL,
			err); /* a row, where there is none */
	if (rc == MMS_OK)
		rc = raise_to(db, highest, &affected, err);
	*did = rc == MMS_OK && affected > 0;
	return rc;
}

/* The integration's part of a name, cut so that `room` characters hold it with a digest. */
static mms_rc
add_cut(struct mms_str *out, const char *integration, size_t room, struct mms_err *err)
{
	unsigned char digest[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];
	size_t len = strlen(integration);
	mms_rc rc = mms_sha256(integration, len, digest, err);

	if (rc != MMS_OK)
		return rc;
	mms_hex_print(digest, 6, hex);
	mms_str_addn(out, integration, mms_utf8_prefix(integration, len, room - 13, len));
	mms_str_addf(out, "-%s", hex);
	return MMS_OK;
}

mms_rc
mms_series_event_name(const char *integration, int64_t number, char **out, struct mms_err *err)
{
	MMS_AUTO(mms_str) name = { 0 };
	char digits[24];
	char *p = digits + sizeof digits;
	uint64_t left = (uint64_t)number;

	*--p = '\0';
	for (int i = 0; i < 4 || left > 0; i++, left /= 10)
		*--p = (char)('0' + left % 10);
	size_t room = NAME_CHARS - strlen("MM-CES--") - strlen(p);
	mms_str_add(&name, "MM-CES-");
	if (mms_utf8_count(integration, strlen(integration)) <= room) {
		mms_str_add(&name, integration);
	} else {
		mms_rc rc = add_cut(&name, integration, room, err);
		if (rc != MMS_OK)
			return rc;
	}
	mms_str_addf(&name, "-%s", p);
	mms_rc rc = mms_str_check(&name, err);
	if (rc != MMS_OK)
		return rc;
	*out = mms_str_take(&name);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}
