/* Rows of the event table that stand in the way of exact, unique ids: each listed with its remedy. */
#include "schema_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/mem.h"

enum {
	LISTED =
		100, /* of each kind; the statements ask for one more, to know that there are more */
	NAMES = 3, /* of the rows that share an id                                               */
};

typedef mms_rc row_teller(struct mms_schema_run *run, const struct mms_value *row);

/* For a shell: a list in single quotes, whatever the name holds. */
static void
add_delete_command(struct mms_str *out, const struct mms_schema_run *run, const char *name,
		   size_t len)
{
	mms_str_addf(out,
		     "bench --site %s execute frappe.delete_doc --args '[\"MM Calendar Event "
		     "Sync\", \"",
		     run->site_name);
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\'')
			mms_str_add(out, "'\\'");
		else if (name[i] == '"' || name[i] == '\\')
			mms_str_addc(out, '\\');
		mms_str_addc(out, name[i]);
	}
	mms_str_add(out, "\"]'");
}

static mms_rc
blocked(struct mms_schema_run *run, const char *name, size_t len, const struct mms_str *remedy,
	const char *detail)
{
	MMS_AUTO(mms_str) object = { 0 };

	mms_str_addf(&object, "MM Calendar Event Sync %.*s", (int)len, name);
	mms_rc rc = mms_str_check(&object, run->err);
	if (rc == MMS_OK)
		rc = mms_str_check(remedy, run->err);
	if (rc == MMS_OK)
		rc = mms_schema_found(run, MMS_FINDING_BLOCKED, mms_str_get(&object),
				      mms_str_get(remedy), "%s", detail);
	return rc;
}

static mms_rc
tell_without_id(struct mms_schema_run *run, const struct mms_value *row)
{
	MMS_AUTO(mms_str) remedy = { 0 };

	mms_str_add(&remedy, "give it both in the Desk, or delete it: ");
	add_delete_command(&remedy, run, row[0].ptr, row[0].len);
	return blocked(run, row[0].ptr, row[0].len, &remedy,
		       "has no external_event_id or no calendar_integration");
}

static mms_rc
tell_too_long(struct mms_schema_run *run, const struct mms_value *row)
{
	MMS_AUTO(mms_str) remedy = { 0 };
	char detail[100];

	(void)snprintf(detail, sizeof detail,
		       "its external_event_id of %" PRId64
		       " characters does not fit the column",
		       row[1].i);
	mms_str_add(&remedy, "shorten it in the Desk, or delete the row: ");
	add_delete_command(&remedy, run, row[0].ptr, row[0].len);
	return blocked(run, row[0].ptr, row[0].len, &remedy, detail);
}

/* One id that several rows share: the newest stays, the others are to go. */
static mms_rc
tell_twice(struct mms_schema_run *run, const struct mms_value *row)
{
	MMS_AUTO(mms_str) remedy = { 0 };
	MMS_AUTO(mms_str) detail = { 0 };
	const char *names = row[3].type == '\0' ? "" : row[3].ptr;
	size_t newest = strcspn(names, "\n");
	const char *p = names + newest;

	mms_str_addf(&detail, "and %" PRId64 " other row%s share the external_event_id ",
		     row[2].i - 1, row[2].i == 2 ? "" : "s");
	mms_str_addn(&detail, row[1].ptr, row[1].len < 200 ? row[1].len : 200);
	mms_str_addf(&detail, "%s in %s", row[1].len < 200 ? "" : "...", row[0].ptr);
	mms_str_addf(&remedy, "keep one, the last modified is %.*s, and delete the others: ",
		     (int)newest, names);
	for (int i = 0; i < NAMES && *p == '\n'; i++) {
		size_t len = strcspn(++p, "\n");

		mms_str_add(&remedy, i > 0 ? "; " : "");
		add_delete_command(&remedy, run, p, len);
		p += len;
	}
	mms_str_add(&remedy, *p == '\n' ? "; and so on" : "");
	mms_rc rc = mms_str_check(&detail, run->err);
	return rc == MMS_OK ? blocked(run, names, newest, &remedy, mms_str_get(&detail)) : rc;
}

static mms_rc
tell_rows(struct mms_schema_run *run, enum mms_stmt stmt, const struct mms_value *in,
	  row_teller *tell, const char *kind)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	int n = 0;
	mms_rc rc = mms_rows_open(&rows, run->db, stmt, in, run->err);

	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, run->err);
		if (rc != MMS_OK || row == NULL)
			return rc;
		if (n == LISTED) {
			return mms_schema_found(run, MMS_FINDING_BLOCKED,
						"MM Calendar Event Sync ...",
						"mend those listed and run this again",
						"more rows %s than are listed here", kind);
		}
		n++;
		rc = tell(run, row);
	}
	return rc;
}

mms_rc
mms_schema_rows_check(struct mms_schema_run *run, size_t max_chars)
{
	struct mms_value in[] = { mms_v_i64((int64_t)max_chars) };

	mms_schema_say(run, "looking for rows in the way of unique event ids");
	mms_rc rc =
		tell_rows(run, MMS_STMT_EVENTS_WITHOUT_ID, NULL, tell_without_id, "have no id");
	if (rc == MMS_OK)
		rc = tell_rows(run, MMS_STMT_EVENTS_TWICE, NULL, tell_twice, "share ids");
	if (rc == MMS_OK)
		rc = tell_rows(run, MMS_STMT_EVENTS_TOO_LONG, in, tell_too_long,
			       "have ids that are too long");
	return rc;
}
