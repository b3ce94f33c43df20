/*
 * --with-frappe: Frappe's tables on a database that has none. A table made here carries a comment
 * that says so: by it a run that was cut off is told from a database that belongs to somebody.
 */
#include "schema_parts.h"

#include <string.h>

#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "mmsync/frappe_ddl.h"

enum table_owner { NOBODY, OURS, SOMEBODY };

/* Whose is the table of this name? */
static mms_rc
find_owner(struct mms_schema_run *run, const char *table, enum table_owner *out)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[] = { mms_v_text(table) };
	mms_rc rc = mms_rows_open(&rows, run->db, MMS_STMT_TABLE_FORM, in, run->err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, run->err);
	if (rc != MMS_OK)
		return rc;
	*out = NOBODY;
	if (row != NULL)
		*out = strcmp(row[2].ptr, MMS_FRAPPE_COMMENT) == 0 ? OURS : SOMEBODY;
	return MMS_OK;
}

static mms_rc
refuse(struct mms_schema_run *run, const char *table)
{
	mms_fail(run->err, MMS_E_DB,
		 "the database already has the table `%s`, which mmsync did not make: "
		 "--with-frappe is for a database without Frappe's tables",
		 table);
	return mms_hint(run->err,
			"on a Frappe site leave --with-frappe out; else name an empty "
			"database");
}

mms_rc
mms_schema_frappe_check(struct mms_schema_run *run, bool *is_missing)
{
	enum table_owner owner = NOBODY;
	mms_rc rc = find_owner(run, "tabDocType", &owner);

	*is_missing = false;
	if (rc == MMS_OK && owner != NOBODY) {
		mms_fail(run->err, MMS_E_DB,
			 "this is the database of a Frappe site: --with-frappe is for a "
			 "database "
			 "without Frappe's tables");
		return mms_hint(run->err, "run mmsync schema apply without --with-frappe");
	}
	for (size_t i = 0; rc == MMS_OK && i < mms_frappe_n_tables(); i++) {
		MMS_AUTO(mms_str) table = { 0 };
		MMS_AUTO(mms_str) object = { 0 };

		mms_frappe_add_name(&table, i);
		mms_str_addf(&object, "table %s", mms_str_get(&table));
		rc = mms_str_check(&table, run->err);
		if (rc == MMS_OK)
			rc = find_owner(run, mms_str_get(&table), &owner);
		if (rc == MMS_OK && owner == SOMEBODY)
			return refuse(run, mms_str_get(&table));
		if (rc != MMS_OK)
			return rc;
		*is_missing = *is_missing || owner == NOBODY;
		rc = mms_schema_found(run,
				      owner == NOBODY ? MMS_FINDING_MISSING : MMS_FINDING_OK,
				      mms_str_get(&object),
				      owner == NOBODY ? MMS_SCHEMA_REMEDY : NULL, "of Frappe");
	}
	return rc;
}

mms_rc
mms_schema_frappe_apply(struct mms_schema_run *run)
{
	mms_rc rc = MMS_OK;

	mms_schema_say(run, "making the tables of Frappe");
	for (size_t i = 0; rc == MMS_OK && i < mms_frappe_n_tables(); i++) {
		MMS_AUTO(mms_str) sql = { 0 };

		mms_frappe_add_ddl(&sql, i);
		rc = mms_str_check(&sql, run->err);
		if (rc == MMS_OK)
			rc = mms_db_run_text(run->db, mms_str_get(&sql), run->err);
		mms_fault_step();
	}
	return rc;
}
