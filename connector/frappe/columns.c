/* The columns of a site's tables, sorted, and what mmsync cannot do without (see the header). */
#include "mmsync/columns.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/ddl.h"
#include "mmsync/mem.h"

/* A column that may name a row of another table; type: the one beside it that must name its DocType, or NULL. Owned. */
struct link {
	char *table, *column, *type;
};

struct mms_columns {
	struct mms_column *items; /* by table and name */
	size_t n, cap;
	struct link *links;
	size_t n_links, cap_links;
};

/* A table that must be there, and its columns, parted by blanks. */
static const struct {
	const char *table, *columns;
} required[] = {
	{ "tabMM Calendar Integration",
	  "name creation modified modified_by owner user integration_type integration_name"
	  " is_active is_primary calendar_id access_token refresh_token token_expiry ical_url"
	  " sync_direction sync_past_days sync_future_days auto_sync_enabled"
	  " sync_interval_minutes last_sync sync_status sync_error_log" },
	{ "tabMM Calendar Event Sync",
	  "name creation modified modified_by owner docstatus idx calendar_integration"
	  " external_event_id event_title event_type sync_status start_datetime end_datetime"
	  " description location attendees_json organizer_email meeting_booking"
	  " is_blocking_availability last_synced external_last_modified sync_direction"
	  " sync_error_log" },
	{ "tabMM Meeting Booking",
	  "name creation modified modified_by owner booking_status meeting_type meeting_title"
	  " start_datetime end_datetime duration calendar_event calendar_event_synced"
	  " external_calendar_link" },
	{ "tabUser", "name enabled" },
	{ "tabSingles", "doctype field value" },
	{ "tabSeries", "name current" },
	{ "__Auth", "doctype name fieldname password encrypted" },
};

/*
 * MariaDB compares the names of columns without regard to case, and those of tables too where
 * lower_case_table_names is set.
 */
static int
compare(const void *a, const void *b)
{
	const struct mms_column *x = a, *y = b;
	int order = strcasecmp(x->table, y->table);

	return order != 0 ? order : strcasecmp(x->name, y->name);
}

static void
release_column(struct mms_column *column)
{
	mms_free(column->table);
	mms_free(column->name);
	mms_free(column->type);
	mms_free(column->default_text);
	mms_free(column->collation);
}

void
mms_columns_free(struct mms_columns *columns)
{
	if (columns == NULL)
		return;
	for (size_t i = 0; i < columns->n; i++)
		release_column(&columns->items[i]);
	for (size_t i = 0; i < columns->n_links; i++) {
		mms_free(columns->links[i].table);
		mms_free(columns->links[i].column);
		mms_free(columns->links[i].type);
	}
	mms_free(columns->links);
	mms_free(columns->items);
	mms_free(columns);
}

/* *is_short becomes true when there was no memory; NULL stays NULL. */
static char *
copy(const struct mms_value *value, bool *is_short)
{
	if (value->type == '\0')
		return NULL;
	char *text = mms_text_copy_n(value->ptr, value->len);
	if (text == NULL)
		*is_short = true;
	return text;
}

static mms_rc
add_row(struct mms_columns *columns, const struct mms_value *row, struct mms_err *err)
{
	struct mms_column *moved =
		mms_grow(columns->items, columns->n, &columns->cap, sizeof *moved);
	bool is_short = false;

	if (moved == NULL)
		return mms_fail_nomem(err);
	columns->items = moved;
	struct mms_column column = {
		.table = copy(&row[0], &is_short),
		.name = copy(&row[1], &is_short),
		.type = copy(&row[2], &is_short),
		.max_chars = row[3].type == '\0' ? 0 : (size_t)row[3].u,
		.collation = copy(&row[4], &is_short),
		.is_nullable = row[5].len == 3 && memcmp(row[5].ptr, "YES", 3) == 0,
		.default_text = copy(&row[6], &is_short),
		.is_generated = row[7].len == 6 && memcmp(row[7].ptr, "ALWAYS", 6) == 0,
	};
	if (is_short) {
		release_column(&column);
		return mms_fail_nomem(err);
	}
	columns->items[columns->n++] = column;
	return MMS_OK;
}

static mms_rc
read_rows(struct mms_db *db, struct mms_columns *columns, struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, db, MMS_STMT_COLUMNS, NULL, err);

	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = add_row(columns, row, err);
	}
	return rc;
}

mms_rc
mms_columns_load_any(struct mms_db *db, struct mms_columns **out, struct mms_err *err)
{
	struct mms_columns *columns = mms_alloc(sizeof *columns);

	if (columns == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = read_rows(db, columns, err);
	if (rc != MMS_OK) {
		mms_columns_free(columns);
		return rc;
	}
	if (columns->n > 0)
		qsort(columns->items, columns->n, sizeof *columns->items, compare);
	*out = columns;
	return MMS_OK;
}

const struct mms_column *
mms_columns_find(const struct mms_columns *columns, const char *table, const char *column)
{
	size_t low = 0, high = columns->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct mms_column *at = &columns->items[mid];
		int order = strcasecmp(at->table, table);

		if (order == 0)
			order = strcasecmp(at->name, column);
		if (order == 0)
			return at;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

bool
mms_columns_has(const struct mms_columns *columns, const char *table, const char *column)
{
	return mms_columns_find(columns, table, column) != NULL;
}

const struct mms_column *
mms_columns_of_table(const struct mms_columns *columns, const char *table, size_t *n)
{
	size_t first = 0;

	while (first < columns->n && strcasecmp(columns->items[first].table, table) != 0)
		first++;
	for (*n = 0; first + *n < columns->n &&
		     strcasecmp(columns->items[first + *n].table, table) == 0;)
		++*n;
	return *n > 0 ? &columns->items[first] : NULL;
}

bool
mms_columns_has_table(const struct mms_columns *columns, const char *table)
{
	for (size_t i = 0; i < columns->n; i++) {
		if (strcasecmp(columns->items[i].table, table) == 0)
			return true;
	}
	return false;
}

size_t
mms_columns_max_chars(const struct mms_columns *columns, const char *table, const char *column)
{
	const struct mms_column *found = mms_columns_find(columns, table, column);

	return found != NULL ? found->max_chars : 0;
}

const char *
mms_columns_collation(const struct mms_columns *columns, const char *table, const char *column)
{
	const struct mms_column *found = mms_columns_find(columns, table, column);

	return found != NULL ? found->collation : NULL;
}

bool
mms_columns_has_port(void *aux, const char *table, const char *column)
{
	return mms_columns_has(aux, table, column);
}

static mms_rc
missing_table(const char *table, struct mms_err *err)
{
	mms_fail(err, MMS_E_DB, "the database has no table `%s`", table);
	return mms_hint(err, "is the meeting manager app installed on this site, and db_name "
			     "right? An empty database gets the tables by "
			     "mmsync schema apply --with-frappe");
}

static mms_rc
require_columns(const struct mms_columns *columns, const char *table, const char *names,
		struct mms_err *err)
{
	char name[65];

	for (const char *p = names; *p != '\0';) {
		size_t len = strcspn(p, " ");

		memcpy(name, p, len);
		name[len] = '\0';
		if (!mms_columns_has(columns, table, name)) {
			mms_fail(err, MMS_E_DB, "table `%s` has no column `%s`", table, name);
			return mms_hint(err, "bench --site SITE migrate brings the tables of "
					     "an app up to date");
		}
		p += len;
		p += *p == ' ';
	}
	return MMS_OK;
}

/* Who a booking is assigned to stands in a child table, in an older version in the booking. */
static mms_rc
require_assigned(const struct mms_columns *columns, struct mms_err *err)
{
	static const char child[] = "tabMM Meeting Booking Assigned User";

	if (mms_columns_has(columns, "tabMM Meeting Booking", "assigned_user"))
		return MMS_OK;
	if (mms_columns_has_table(columns, child))
		return require_columns(columns, child, "name parent parenttype user", err);
	mms_fail(err, MMS_E_DB,
		 "there is neither a table `%s` nor a column assigned_user in "
		 "`tabMM Meeting Booking`",
		 child);
	return mms_hint(err,
			"bench --site SITE migrate brings the tables of an app up to date");
}

mms_rc
mms_columns_require(const struct mms_columns *columns, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(required); i++) {
		if (!mms_columns_has_table(columns, required[i].table))
			rc = missing_table(required[i].table, err);
		else
			rc = require_columns(columns, required[i].table, required[i].columns,
					     err);
	}
	return rc == MMS_OK ? require_assigned(columns, err) : rc;
}

mms_rc
mms_columns_load(struct mms_db *db, struct mms_columns **out, struct mms_err *err)
{
	struct mms_columns *columns = NULL;
	mms_rc rc = mms_columns_load_any(db, &columns, err);

	if (rc != MMS_OK || columns == NULL)
		return rc;
	rc = mms_columns_require(columns, err);
	if (rc != MMS_OK) {
		mms_columns_free(columns);
		return rc;
	}
	*out = columns;
	return MMS_OK;
}

/* ---- what points to events ------------------------------------------------------------------ */

#define EVENT_DOCTYPE "'MM Calendar Event Sync'"
#define FOUND_IN      " COLLATE utf8mb4_unicode_ci = "

/* Fields of DocTypes, where the site has a table of them, and those that name a DocType beside it. */
static void
add_link_question(const struct mms_columns *columns, struct mms_str *sql)
{
	mms_str_add(sql, "SELECT c.table_name, c.column_name, f.type FROM"
			 " information_schema.columns c JOIN ("
			 "SELECT 'File' AS parent, 'attached_to_name' AS name,"
			 " 'attached_to_doctype' AS type UNION ALL SELECT 'Communication',"
			 " 'reference_name', 'reference_doctype'");
	if (mms_columns_has_table(columns, "tabDocField"))
		mms_str_add(sql, " UNION ALL SELECT parent, fieldname, NULL FROM tabDocField"
				 " WHERE fieldtype = 'Link' AND options = " EVENT_DOCTYPE);
	if (mms_columns_has_table(columns, "tabCustom Field"))
		mms_str_add(sql, " UNION ALL SELECT dt, fieldname, NULL FROM `tabCustom Field`"
				 " WHERE fieldtype = 'Link' AND options = " EVENT_DOCTYPE);
	mms_str_add(sql, ") f ON CONVERT(c.table_name USING utf8mb4)" FOUND_IN
			 "CONCAT('tab', f.parent) AND CONVERT(c.column_name USING"
			 " utf8mb4)" FOUND_IN "f.name WHERE c.table_schema = DATABASE()");
}

static mms_rc
add_link(struct mms_columns *columns, const char *const *row, struct mms_err *err)
{
	struct link *moved =
		mms_grow(columns->links, columns->n_links, &columns->cap_links, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	columns->links = moved;
	struct link *link = &moved[columns->n_links++];
	*link = (struct link){ .table = mms_text_copy(row[0]),
			       .column = mms_text_copy(row[1]),
			       .type = row[2] != NULL ? mms_text_copy(row[2]) : NULL };
	bool is_whole = link->table != NULL && link->column != NULL &&
			(row[2] == NULL || link->type != NULL);
	return is_whole ? MMS_OK : mms_fail_nomem(err);
}

mms_rc
mms_columns_load_links(struct mms_db *db, struct mms_columns *columns, struct mms_err *err)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };
	const char *const *row;

	add_link_question(columns, &sql);
	mms_rc rc = mms_str_check(&sql, err);
	if (rc == MMS_OK)
		rc = mms_text_rows_load(&rows, db, mms_str_get(&sql), err);
	while (rc == MMS_OK && (row = mms_text_rows_find_next(&rows)) != NULL)
		rc = add_link(columns, row, err);
	return rc;
}

void
mms_columns_add_links(const struct mms_columns *columns, const char *alias, struct mms_str *out)
{
	for (size_t i = 0; i < columns->n_links; i++) {
		const struct link *link = &columns->links[i];

		mms_str_addf(out, " AND %s.name NOT IN (SELECT l.", alias);
		mms_sql_add_ident(out, link->column);
		mms_str_add(out, " FROM ");
		mms_sql_add_ident(out, link->table);
		mms_str_add(out, " l WHERE l.");
		mms_sql_add_ident(out, link->column);
		mms_str_add(out, " IS NOT NULL");
		if (link->type != NULL) {
			mms_str_add(out, " AND l.");
			mms_sql_add_ident(out, link->type);
			mms_str_add(out, " = " EVENT_DOCTYPE);
		}
		mms_str_addc(out, ')');
	}
}
