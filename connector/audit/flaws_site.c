/* Consistency rules that no single statement answers: bookings' events, tokens, the schema. */
#include <string.h>

#include "flaws_p.h"
#include "mmsync/findings.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/timetext.h"
#include "mmsync/token_look.h"

/* ---- bookings ------------------------------------------------------------------------------ */

/* Bookings that are planned for a look, at a time. */
#define PAGE_ROWS 200

/* The next names, one after the other with their NULs. */
static mms_rc
load_names(struct looking *l, const char *after, struct mms_str *names, size_t *n,
	   struct mms_err *err)
{
	bool has_child =
		mms_columns_has(l->env->columns, "tabMM Meeting Booking Assigned User", "user");
	const struct mms_value in[] = { mms_v_wall(l->now_ms * 1000), mms_v_text(after),
					mms_v_i64(PAGE_ROWS) };
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*n = 0;
	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, lent.db,
				   has_child ? MMS_STMT_FLAW_BOOKINGS
					     : MMS_STMT_FLAW_BOOKINGS_NO_CHILD,
				   in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK &&
	       row != NULL) {
		mms_str_addn(names, row[0].ptr, row[0].len + 1);
		++*n;
	}
	mms_rows_release(&rows);
	return rc == MMS_OK ? mms_str_check(names, err) : rc;
}

/* Is this integration one that was asked for? */
static mms_rc
is_chosen(struct looking *l, const char *integration, bool *out, struct mms_err *err)
{
	const struct mms_flaw_choice *c = l->choice;
	const struct mms_value in[] = { mms_v_text(c->user != NULL ? c->user : ""),
					mms_v_text(integration) };
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	*out = integration != NULL &&
	       (c->integration == NULL || strcmp(c->integration, integration) == 0);
	if (!*out || c->user == NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, lent.db, MMS_STMT_LOOK_INTEGRATION_USER, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	*out = rc == MMS_OK && row != NULL && row[1].type != '\0' && row[1].i != 0;
	mms_rows_release(&rows);
	return rc;
}

static mms_rc
tell_missing(void *aux, const struct mms_review_booking *missing, struct mms_err *err)
{
	struct looking *l = aux;
	const struct flaw_facts facts = { .cursor_id = missing->cursor_id,
					  .integration = missing->integration,
					  .name = missing->booking,
					  .booking = missing->booking,
					  .a = missing->why };
	bool is_wanted;

	mms_rc rc = is_chosen(l, missing->integration, &is_wanted, err);
	if (rc != MMS_OK || !is_wanted)
		return rc;
	return mms_flaw_tell(l, MMS_RULE_BOOKING_EVENT_MISSING, MMS_REMEDY_COUNT, &facts, err);
}

static mms_rc
review_bookings(struct looking *l, struct mms_review *review, struct mms_err *err)
{
	MMS_AUTO(mms_str) names = { 0 };
	MMS_AUTO(mms_str) last = { 0 };
	size_t n = PAGE_ROWS;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && n == PAGE_ROWS) {
		mms_str_clear(&names);
		rc = load_names(l, mms_str_get(&last), &names, &n, err);
		for (size_t at = 0; rc == MMS_OK && at < names.len;
		     at += strlen(names.ptr + at) + 1) {
			mms_str_clear(&last);
			mms_str_add(&last, names.ptr + at);
			rc = mms_flaw_check_stop(l, err);
			if (rc == MMS_OK)
				rc = mms_review_one_booking(review, names.ptr + at,
							    tell_missing, l, err);
		}
		if (rc == MMS_OK)
			rc = mms_str_check(&last, err);
	}
	return rc;
}

mms_rc
mms_flaws_of_bookings(struct looking *l, struct mms_err *err)
{
	struct mms_review *review = NULL;

	/* One that has no event has no row that could be asked for. */
	if (l->choice->event != NULL)
		return MMS_OK;
	mms_rc rc = mms_flaw_review(l, &review, err);
	if (rc == MMS_OK)
		rc = review_bookings(l, review, err);
	if (rc != MMS_E_CONFIG)
		return rc;
	mms_err_release(
		err); /* the zone of stored times is not settled: that is told elsewhere */
	return MMS_OK;
}

/* The times of "2026-03-01 10:00:00 to 2026-03-01 11:00:00". */
static bool
read_span(const char *text, int64_t us[2])
{
	const char *to = text != NULL ? strstr(text, " to ") : NULL;

	return to != NULL && mms_wall_parse(text, (size_t)(to - text), &us[0]) &&
	       mms_wall_parse(to + strlen(" to "), strlen(to + strlen(" to ")), &us[1]);
}

mms_rc
mms_flaw_is_at_another_time(struct looking *l, const struct flaw_facts *facts, bool *out,
			    struct mms_err *err)
{
	struct mms_review *review = NULL;
	int64_t event[2], booking[2];
	bool is_same = true;

	*out = true;
	mms_rc rc = mms_flaw_review(l, &review, err);
	if (rc != MMS_OK || !read_span(facts->a, event) || !read_span(facts->b, booking))
		return rc;
	rc = mms_review_is_same_time(review, event[0], booking[0], &is_same, err);
	/* Where the booking starts within such an hour, it is as long as its wall times say. */
	if (rc == MMS_OK && is_same && event[1] - event[0] != booking[1] - booking[0])
		rc = mms_review_is_same_time(review, event[1], booking[1], &is_same, err);
	if (rc ==
	    MMS_E_CONFIG) { /* the zone of stored times is not settled: then as they stand */
		mms_err_release(err);
		return MMS_OK;
	}
	*out = rc != MMS_OK || !is_same;
	return rc;
}

/* ---- tokens -------------------------------------------------------------------------------- */

static mms_rc
tell_tokens(void *aux, const struct mms_token_look *look, struct mms_err *err)
{
	struct looking *l = aux;
	const struct flaw_facts facts = { .integration = look->name, .name = look->name };
	bool is_wanted = false;

	if (!look->is_foreign)
		return MMS_OK;
	mms_rc rc = is_chosen(l, look->name, &is_wanted, err);
	if (rc != MMS_OK || !is_wanted)
		return rc;
	return mms_flaw_tell(l, MMS_RULE_TOKENS_UNREADABLE, MMS_REMEDY_COUNT, &facts, err);
}

mms_rc
mms_flaws_of_tokens(struct looking *l, struct mms_err *err)
{
	static const char *const types[] = { "Google Calendar", "Outlook Calendar" };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(types); i++)
		rc = mms_token_look_at_all(lent.db, l->env->site->encryption_key, types[i],
					   tell_tokens, l, err);
	return rc;
}

/* ---- the schema ---------------------------------------------------------------------------- */

static mms_rc
tell_finding(struct looking *l, const struct mms_finding *finding, struct mms_err *err)
{
	MMS_AUTO(mms_str) what = { 0 };

	mms_str_addf(&what, "%s: %s", mms_finding_state_name(finding->state),
		     finding->detail != NULL ? finding->detail : "");
	mms_rc rc = mms_str_check(&what, err);
	const struct flaw_facts facts = { .name = finding->object, .a = mms_str_get(&what) };
	return rc == MMS_OK
		       ? mms_flaw_tell(l, MMS_RULE_SCHEMA_LOST, MMS_REMEDY_COUNT, &facts, err)
		       : rc;
}

mms_rc
mms_flaws_of_schema(struct looking *l, struct mms_err *err)
{
	MMS_AUTO(mms_findings) findings = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	if (l->choice->user != NULL || l->choice->integration != NULL)
		return MMS_OK; /* it is nobody's alone */
	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_schema_check(lent.db, &findings, err);
	for (size_t i = 0; rc == MMS_OK && i < findings.n; i++) {
		enum mms_finding_state state = findings.items[i].state;
		if (state == MMS_FINDING_MISSING || state == MMS_FINDING_DIFFERS ||
		    state == MMS_FINDING_BLOCKED || state == MMS_FINDING_PROBLEM)
			rc = tell_finding(l, &findings.items[i], err);
	}
	return rc;
}
