/*
 * The indexes that mmsync brings to Frappe's tables. All are composite: a migrate drops
 * single-column ones that no DocType declares. Why these and no others: docs/schema.md.
 */
#include "schema_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mmsync/ddl.h"
#include "mmsync/mem.h"

#define EVENTS       "tabMM Calendar Event Sync"
#define INTEGRATIONS "tabMM Calendar Integration"
#define BOOKINGS     "tabMM Meeting Booking"

struct index {
	const char *table, *name, *columns; /* "a,b"                       */
	bool is_unique;
	bool is_named; /* statements name it: under another name it is renamed */
};

/* Those of one table stand together. */
static const struct index indexes[] = {
	{ EVENTS, "unique_calendar_integration_external_event_id",
	  "calendar_integration,external_event_id", true, false },
	{ EVENTS, "calendar_integration_availability_index",
	  "calendar_integration,is_blocking_availability,start_datetime,end_datetime,sync_"
	  "status",
	  false, true },
	{ EVENTS, "calendar_integration_modified_index", "calendar_integration,modified", false,
	  true },
	{ EVENTS, "meeting_booking_calendar_integration_index",
	  "meeting_booking,calendar_integration", false, false },
	{ INTEGRATIONS, "user_is_active_index", "user,is_active", false, false },
	{ BOOKINGS, "end_datetime_start_datetime_index", "end_datetime,start_datetime", false,
	  false },
};

/* One index as the table has it. */
struct found_index {
	char name[65];
	char columns[600]; /* "a,b,": each with a comma                */
	bool is_unique, has_prefix;
};

struct found_indexes {
	struct found_index *items; /* owned */
	size_t n, cap;
};

static void
found_indexes_release(struct found_indexes *found)
{
	mms_free(found->items);
	*found = (struct found_indexes){ 0 };
}

static mms_rc
add_index_row(struct mms_schema_run *run, struct found_indexes *found,
	      const struct mms_value *row)
{
	struct found_index *last = found->n > 0 ? &found->items[found->n - 1] : NULL;

	if (last == NULL || strcmp(last->name, row[0].ptr) != 0) {
		struct found_index *moved =
			mms_grow(found->items, found->n, &found->cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(run->err);
		found->items = moved;
		last = &found->items[found->n++];
		*last = (struct found_index){ .is_unique = row[1].i == 0 };
		(void)snprintf(last->name, sizeof last->name, "%s", row[0].ptr);
	}
	size_t len = strlen(last->columns);
	(void)snprintf(last->columns + len, sizeof last->columns - len, "%s,", row[2].ptr);
	last->has_prefix = last->has_prefix || row[3].type != '\0';
	return MMS_OK;
}

/* The indexes of a table, in place of those that found holds. */
static mms_rc
read_indexes(struct mms_schema_run *run, const char *table, struct found_indexes *found)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[] = { mms_v_text(table) };

	found_indexes_release(found);
	mms_rc rc = mms_rows_open(&rows, run->db, MMS_STMT_INDEXES, in, run->err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, run->err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_index_row(run, found, row);
	}
	return rc;
}

/* Does an index of the table do what this one is for, under whatever name? */
static bool
serves(const struct found_index *found, const struct index *index)
{
	size_t len = strlen(index->columns);

	if (found->has_prefix || (index->is_unique && !found->is_unique))
		return false;
	if (strncasecmp(found->columns, index->columns, len) != 0 || found->columns[len] != ',')
		return false;
	return !index->is_unique || found->columns[len + 1] == '\0';
}

static const struct found_index *
find_by_name(const struct found_indexes *found, const char *name)
{
	for (size_t i = 0; i < found->n; i++) {
		if (strcasecmp(found->items[i].name, name) == 0)
			return &found->items[i];
	}
	return NULL;
}

/* The one of its own name, where it serves, before another that does. */
static const struct found_index *
find_serving(const struct found_indexes *found, const struct index *index)
{
	const struct found_index *own = find_by_name(found, index->name);

	if (own != NULL && serves(own, index))
		return own;
	for (size_t i = 0; i < found->n; i++) {
		if (serves(&found->items[i], index))
			return &found->items[i];
	}
	return NULL;
}

static bool
has_name_of(const struct found_index *found, const struct index *index)
{
	return strcasecmp(found->name, index->name) == 0;
}

static mms_rc
find_index(struct mms_schema_run *run, const struct found_indexes *found,
	   const struct index *index)
{
	char object[160];
	const struct found_index *serving = find_serving(found, index);
	const struct found_index *own = find_by_name(found, index->name);

	(void)snprintf(object, sizeof object, "index %s", index->name);
	if (serving != NULL && (!index->is_named || has_name_of(serving, index))) {
		bool is_own = has_name_of(serving, index);
		return mms_schema_found(run, MMS_FINDING_OK, object, NULL, "(%s)%s%s",
					index->columns, is_own ? "" : " as ",
					is_own ? "" : serving->name);
	}
	if (own != NULL)
		return mms_schema_found(run, MMS_FINDING_DIFFERS, object, MMS_SCHEMA_REMEDY,
					"is not %son (%s)", index->is_unique ? "unique " : "",
					index->columns);
	if (serving != NULL)
		return mms_schema_found(run, MMS_FINDING_DIFFERS, object, MMS_SCHEMA_REMEDY,
					"is called %s", serving->name);
	return mms_schema_found(run, MMS_FINDING_MISSING, object, MMS_SCHEMA_REMEDY,
				"%son (%s) of %s", index->is_unique ? "unique " : "",
				index->columns, index->table);
}

mms_rc
mms_schema_index_check(struct mms_schema_run *run, bool *has_unique)
{
	struct found_indexes found __attribute__((cleanup(found_indexes_release))) = { 0 };
	const char *table = NULL;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(indexes); i++) {
		const struct index *index = &indexes[i];

		if (table == NULL || strcmp(table, index->table) != 0)
			rc = read_indexes(run, index->table, &found);
		table = index->table;
		if (rc == MMS_OK)
			rc = find_index(run, &found, index);
		if (index->is_unique)
			*has_unique = find_serving(&found, index) != NULL;
	}
	return rc;
}

static void
add_columns(struct mms_str *out, const char *columns)
{
	for (const char *p = columns;; p++) {
		size_t len = strcspn(p, ",");

		mms_str_addf(out, "%s`%.*s`", p > columns ? ", " : "", (int)len, p);
		p += len;
		if (*p == '\0')
			return;
	}
}

/* What makes the index be there: nothing, another name for one that serves, or a new one. */
static void
add_change(const struct found_indexes *found, const struct index *index, struct mms_str *out)
{
	const struct found_index *serving = find_serving(found, index);
	bool is_taken = find_by_name(found, index->name) != NULL;
	const char *comma = out->len > 0 ? ", " : "";

	if (serving != NULL && (!index->is_named || has_name_of(serving, index)))
		return;
	if (is_taken) {
		mms_str_addf(out, "%sDROP INDEX `%s`", comma, index->name);
		comma = ", ";
	} else if (serving != NULL) {
		mms_str_addf(out, "%sRENAME INDEX ", comma);
		mms_sql_add_ident(out, serving->name);
		mms_str_addf(out, " TO `%s`", index->name);
		return;
	}
	mms_str_addf(out, "%sADD %sINDEX %s`%s` (", comma, index->is_unique ? "UNIQUE " : "",
		     is_taken ? "" : "IF NOT EXISTS ", index->name);
	add_columns(out, index->columns);
	mms_str_addc(out, ')');
}

static mms_rc
apply_to(struct mms_schema_run *run, const char *table)
{
	struct found_indexes found __attribute__((cleanup(found_indexes_release))) = { 0 };
	MMS_AUTO(mms_str) changes = { 0 };
	mms_rc rc = read_indexes(run, table, &found);

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(indexes); i++) {
		if (strcmp(indexes[i].table, table) == 0)
			add_change(&found, &indexes[i], &changes);
	}
	if (rc == MMS_OK)
		rc = mms_str_check(&changes, run->err);
	if (rc != MMS_OK || changes.len == 0)
		return rc;
	mms_schema_say(run, "adding indexes to %s", table);
	rc = mms_schema_alter(run, table, mms_str_get(&changes));
	if (rc == MMS_E_CONFLICT)
		mms_hint(run->err, "rows with the same id came in meanwhile: run "
				   "mmsync schema apply again, it lists them");
	return rc;
}

mms_rc
mms_schema_index_apply(struct mms_schema_run *run)
{
	mms_rc rc = apply_to(run, EVENTS);

	if (rc == MMS_OK)
		rc = apply_to(run, INTEGRATIONS);
	if (rc == MMS_OK)
		rc = apply_to(run, BOOKINGS);
	return rc;
}

mms_rc
mms_schema_index_require(struct mms_schema_run *run)
{
	struct found_indexes found __attribute__((cleanup(found_indexes_release))) = { 0 };
	const struct index *unique = &indexes[0];

	mms_rc rc = read_indexes(run, unique->table, &found);
	if (rc != MMS_OK || find_serving(&found, unique) != NULL)
		return rc;
	return mms_fail(run->err, MMS_E_DB, "`%s` has no unique index on (%s)", unique->table,
			unique->columns);
}
