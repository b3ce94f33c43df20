/* Integrations and events: a row is a document. */
#include <string.h>

#include "audit_p.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

/* Rows of a page: a read view is held for one page only. */
#define PAGE_ROWS 4096

/* The columns of AUDIT_INTEGRATIONS and AUDIT_EVENTS, in their order. */
static const struct audit_column integration_columns[] = {
	{ 0, MMS_CI_NAME },         { 1, MMS_CI_USER },
	{ 2, MMS_CI_TYPE },         { 3, MMS_CI_INTEGRATION_NAME },
	{ 4, MMS_CI_IS_ACTIVE },    { 5, MMS_CI_IS_PRIMARY },
	{ 6, MMS_CI_CALENDAR_ID },  { 7, MMS_CI_ACCESS_TOKEN },
	{ 8, MMS_CI_TOKEN_EXPIRY }, { 9, MMS_CI_ICAL_URL },
	{ 10, MMS_CI_DIRECTION },   { 11, MMS_CI_PAST_DAYS },
	{ 12, MMS_CI_FUTURE_DAYS }, { 13, MMS_CI_AUTO_SYNC },
	{ 14, MMS_CI_INTERVAL },    { 15, MMS_CI_STATUS },
};
static const struct audit_column event_columns[] = {
	{ 0, MMS_EV_NAME },       { 1, MMS_EV_INTEGRATION }, { 2, MMS_EV_EXTERNAL_ID },
	{ 3, MMS_EV_TITLE },      { 4, MMS_EV_TYPE },        { 5, MMS_EV_STATUS },
	{ 6, MMS_EV_START },      { 7, MMS_EV_END },         { 8, MMS_EV_LOCATION },
	{ 9, MMS_EV_ATTENDEES },  { 10, MMS_EV_ORGANIZER },  { 11, MMS_EV_BOOKING },
	{ 12, MMS_EV_DIRECTION },
};

static mms_rc
judge_integration(struct audit *a, const struct mms_value *row, struct mms_err *err)
{
	mms_audit_fill(a->doc.f, integration_columns, MMS_COUNT(integration_columns), row);
	return mms_audit_judge(a, &a->doc, err);
}

static mms_rc
judge_event(struct audit *a, const struct mms_value *row, struct mms_err *err)
{
	struct mms_audit_known *k = &a->known;

	mms_audit_fill(a->doc.f, event_columns, MMS_COUNT(event_columns), row);
	k->has_booking = row[13].type != '\0';
	if (k->has_booking)
		k->booking = (struct mms_known_booking){ .name = { row[13].ptr, row[13].len },
							 .start_us = row[14].wall_us,
							 .end_us = row[15].wall_us };
	return mms_audit_judge(a, &a->doc, err);
}

/*
 * One page: judge every row, remember the last name. in[0] is the name to begin behind and the
 * last parameter the number of rows.
 */
static mms_rc
read_page(struct audit *a, enum mms_stmt stmt, const struct mms_value *in,
	  mms_rc (*judge)(struct audit *, const struct mms_value *, struct mms_err *),
	  struct mms_str *last, size_t *n, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	MMS_AUTO(mms_str) name = { 0 };

	*n = 0;
	mms_rc rc = mms_rows_open(&rows, a->db, stmt, in, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		mms_str_clear(&name);
		mms_str_addn(&name, row[0].ptr, row[0].len);
		rc = judge(a, row, err);
		++*n;
	}
	if (rc == MMS_OK)
		rc = mms_str_check(&name, err);
	if (rc == MMS_OK) {
		mms_str_clear(last);
		mms_str_addn(last, mms_str_get(&name), name.len);
		rc = mms_str_check(last, err);
	}
	return rc;
}

mms_rc
mms_audit_integrations(struct audit *a, struct mms_err *err)
{
	const char *user = a->options->user != NULL ? a->options->user : "";
	const char *name = a->options->integration != NULL ? a->options->integration : "";
	MMS_AUTO(mms_str) last = { 0 };
	size_t n = PAGE_ROWS;
	mms_rc rc = MMS_OK;

	mms_doc_clear(&a->doc, MMS_DT_INTEGRATION);
	while (rc == MMS_OK && n == PAGE_ROWS) {
		const struct mms_value in[] = {
			mms_v_textn(mms_str_get(&last), last.len),
			mms_v_text(user),
			mms_v_text(user),
			mms_v_text(name),
			mms_v_text(name),
			mms_v_i64(PAGE_ROWS),
		};
		rc = read_page(a, MMS_STMT_AUDIT_INTEGRATIONS, in, judge_integration, &last, &n,
			       err);
		if (rc == MMS_OK)
			rc = mms_audit_page(a, MMS_DT_INTEGRATION, err);
	}
	return rc;
}

/* The events of one integration, or all: an empty name. */
static mms_rc
audit_events_of(struct audit *a, const char *integration, struct mms_err *err)
{
	MMS_AUTO(mms_str) last = { 0 };
	size_t n = PAGE_ROWS;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK && n == PAGE_ROWS) {
		const struct mms_value in[] = {
			mms_v_textn(mms_str_get(&last), last.len),
			mms_v_text(integration),
			mms_v_text(integration),
			mms_v_i64(PAGE_ROWS),
		};
		rc = read_page(a, MMS_STMT_AUDIT_EVENTS, in, judge_event, &last, &n, err);
		if (rc == MMS_OK)
			rc = mms_audit_page(a, MMS_DT_EVENT, err);
	}
	return rc;
}

/* One row. */
static mms_rc
audit_event(struct audit *a, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(a->options->event) };
	MMS_AUTO(mms_str) last = { 0 };
	size_t n = 0;

	mms_rc rc = read_page(a, MMS_STMT_AUDIT_EVENT, in, judge_event, &last, &n, err);
	return rc == MMS_OK ? mms_audit_page(a, MMS_DT_EVENT, err) : rc;
}

/* The integrations of a user, one name a line: no name holds a line end. */
static mms_rc
list_integrations(struct audit *a, struct mms_str *out, struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(a->options->user),
					mms_v_text(a->options->user) };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_rows_open(&rows, a->db, MMS_STMT_LOOK_INTEGRATION_NAMES, in, err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		mms_str_addn(out, row[0].ptr, row[0].len + 1); /* with its NUL */
	}
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

mms_rc
mms_audit_events(struct audit *a, struct mms_err *err)
{
	const struct mms_audit_options *o = a->options;
	MMS_AUTO(mms_str) names = { 0 };

	mms_doc_clear(&a->doc, MMS_DT_EVENT);
	if (o->event != NULL)
		return audit_event(a, err);
	if (o->integration != NULL || o->user == NULL)
		return audit_events_of(a, o->integration != NULL ? o->integration : "", err);
	mms_rc rc = list_integrations(a, &names, err);
	for (size_t at = 0; rc == MMS_OK && at < names.len; at += strlen(names.ptr + at) + 1)
		rc = audit_events_of(a, names.ptr + at, err);
	return rc;
}
