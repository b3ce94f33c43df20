/*
 * What mmsync brings to Frappe's own tables, in the way that a migrate leaves alone: widths with
 * the Property Setters that make Frappe know them (indexes: schema_index.c). The collation of an id
 * is lost when a migrate changes that column: check finds it, apply mends it.
 *
 * Why these and no others: docs/schema.md.
 */
#include "schema_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

/* What InnoDB takes in one key, with ROW_FORMAT=DYNAMIC, and what a character may need of it. */
enum { KEY_BYTES = 3072, CHAR_BYTES = 4 };

#define EVENTS       "tabMM Calendar Event Sync"
#define INTEGRATIONS "tabMM Calendar Integration"

struct width {
	const char *table, *field; /* the DocType is the table without "tab" */
	size_t chars;
	const char *collation; /* NULL: whatever it has */
};

static const struct width widths[] = {
	{ EVENTS, "external_event_id", 512, "utf8mb4_nopad_bin" },
	{ INTEGRATIONS, "ical_url", 1000, NULL },
	{ INTEGRATIONS, "calendar_id", 512, NULL },
};

/* ---- widths -------------------------------------------------------------------------------- */

/* What is to be done about one width. */
struct width_plan {
	const struct mms_column *column; /* borrowed from run->columns                  */
	size_t chars;                    /* what it shall have: never less than now      */
	size_t n_setters, widest;        /* Property Setters of its length              */
	bool needs_column, needs_setter;
	char *fieldtype; /* owned: another type that a Property Setter gives it; or NULL */
};

static void
width_plan_release(struct width_plan *plan)
{
	mms_free(plan->fieldtype);
}

static const char *
doctype_of(const char *table)
{
	return table + strlen("tab");
}

static bool
is_varchar(const struct mms_column *column)
{
	return strncasecmp(column->type, "varchar", 7) == 0;
}

static mms_rc
read_setters(struct mms_schema_run *run, const struct width *width, const char *property,
	     struct width_plan *plan)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[] = { mms_v_text(doctype_of(width->table)),
				  mms_v_text(width->field), mms_v_text(property) };
	mms_rc rc = mms_rows_open(&rows, run->db, MMS_STMT_SETTERS, in, run->err);

	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, run->err);
		if (rc != MMS_OK || row == NULL)
			break;
		const char *value = row[1].type == '\0' ? "" : row[1].ptr;
		if (strcmp(property, "fieldtype") == 0) {
			mms_free(plan->fieldtype);
			plan->fieldtype = mms_text_copy(value);
			if (plan->fieldtype == NULL)
				return mms_fail_nomem(run->err);
			continue;
		}
		unsigned long chars = strtoul(value, NULL, 10);
		plan->n_setters++;
		plan->widest = chars > plan->widest ? chars : plan->widest;
		plan->needs_setter = plan->needs_setter || chars < width->chars;
	}
	return rc;
}

static mms_rc
plan_width(struct mms_schema_run *run, const struct width *width, struct width_plan *plan)
{
	mms_rc rc = MMS_OK;

	plan->column = mms_columns_find(run->columns, width->table, width->field);
	if (plan->column == NULL)
		return mms_fail(run->err, MMS_E_DB, "table `%s` has no column `%s`",
				width->table, width->field);
	bool is_wide_text = !is_varchar(plan->column) &&
			    plan->column->max_chars >= width->chars && width->collation == NULL;
	if (is_wide_text)
		return MMS_OK; /* somebody made it a longer kind of text: as good */
	if (mms_columns_has_table(run->columns, "tabProperty Setter")) {
		rc = read_setters(run, width, "length", plan);
		if (rc == MMS_OK)
			rc = read_setters(run, width, "fieldtype", plan);
		plan->needs_setter = plan->needs_setter || plan->n_setters == 0;
	}
	plan->chars = width->chars > plan->widest ? width->chars : plan->widest;
	if (is_varchar(plan->column) && plan->column->max_chars > plan->chars)
		plan->chars = plan->column->max_chars;
	/* A setter that is narrower than the column would let Frappe narrow it. */
	plan->needs_setter =
		plan->needs_setter || (plan->n_setters > 0 && plan->widest < plan->chars);
	plan->needs_column = !is_varchar(plan->column) ||
			     plan->column->max_chars < plan->chars ||
			     (width->collation != NULL &&
			      (plan->column->collation == NULL ||
			       strcmp(plan->column->collation, width->collation) != 0));
	return rc;
}

/* The unique index takes an integration's name and an id: both must fit one key. */
static mms_rc
check_key_room(struct mms_schema_run *run, const struct width *width,
	       const struct width_plan *plan, const char *object)
{
	size_t other = mms_columns_max_chars(run->columns, EVENTS, "calendar_integration");
	size_t room = KEY_BYTES / CHAR_BYTES;

	if (width->collation == NULL || plan->chars + other <= room)
		return MMS_OK;
	return mms_schema_found(
		run, MMS_FINDING_BLOCKED, object,
		"lower the Property Setters of length of these two fields in "
		"Customize Form, then bench migrate",
		"%zu characters, and %zu of calendar_integration, do not fit one "
		"unique key of %zu",
		plan->chars, other, room);
}

/* A field that Frappe takes for a long text would be made one again, and then break the index. */
static mms_rc
check_fieldtype(struct mms_schema_run *run, const struct width *width,
		const struct width_plan *plan, const char *object)
{
	if (width->collation == NULL || plan->fieldtype == NULL ||
	    strstr(plan->fieldtype, "Text") == NULL)
		return MMS_OK;
	return mms_schema_found(
		run, MMS_FINDING_BLOCKED, object, "set its type back to Data in Customize Form",
		"a Property Setter makes the field a %s, which cannot be unique",
		plan->fieldtype);
}

static mms_rc
find_width(struct mms_schema_run *run, const struct width *width, const struct width_plan *plan)
{
	char object[160];
	const struct mms_column *column = plan->column;
	const char *collation = width->collation != NULL ? width->collation : "";

	(void)snprintf(object, sizeof object, "column %s.%s", width->table, width->field);
	mms_rc rc = check_key_room(run, width, plan, object);
	if (rc == MMS_OK)
		rc = check_fieldtype(run, width, plan, object);
	if (rc == MMS_OK && plan->needs_column) {
		rc = mms_schema_found(run, MMS_FINDING_DIFFERS, object, MMS_SCHEMA_REMEDY,
				      "%s %s, must be varchar(%zu) %s", column->type,
				      column->collation != NULL ? column->collation : "",
				      plan->chars, collation);
	} else if (rc == MMS_OK) {
		rc = mms_schema_found(run, MMS_FINDING_OK, object, NULL, "%s %s", column->type,
				      column->collation != NULL ? column->collation : "");
	}
	if (rc != MMS_OK || plan->chars == 0)
		return rc;
	(void)snprintf(object, sizeof object, "Property Setter %s-%s-length",
		       doctype_of(width->table), width->field);
	if (!plan->needs_setter)
		return mms_schema_found(run, MMS_FINDING_OK, object, NULL, "%zu", plan->widest);
	return mms_schema_found(
		run, plan->n_setters == 0 ? MMS_FINDING_MISSING : MMS_FINDING_DIFFERS, object,
		MMS_SCHEMA_REMEDY, "must be %zu, so that Frappe keeps the width", plan->chars);
}

/* Engine and row format decide what a key may hold and whether a transaction is one. */
static mms_rc
check_form(struct mms_schema_run *run)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	struct mms_value in[] = { mms_v_text(EVENTS) };
	mms_rc rc = mms_rows_open(&rows, run->db, MMS_STMT_TABLE_FORM, in, run->err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, run->err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	const char *engine = row[0].type == '\0' ? "" : row[0].ptr;
	const char *format = row[1].type == '\0' ? "" : row[1].ptr;
	bool is_good =
		strcasecmp(engine, "InnoDB") == 0 &&
		(strcasecmp(format, "Dynamic") == 0 || strcasecmp(format, "Compressed") == 0);
	if (is_good)
		return MMS_OK;
	return mms_schema_found(run, MMS_FINDING_BLOCKED, "table " EVENTS,
				"ALTER TABLE `" EVENTS "` ENGINE=InnoDB ROW_FORMAT=DYNAMIC",
				"is %s with row format %s; it must be InnoDB and Dynamic",
				engine, format);
}

/* ---- the whole ----------------------------------------------------------------------------- */

mms_rc
mms_schema_site_check(struct mms_schema_run *run)
{
	bool is_exact = true, is_unique = false; /* are ids so already? */
	size_t id_chars = 0;
	mms_rc rc = check_form(run);

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(widths); i++) {
		MMS_AUTO(width_plan) plan = { 0 };

		rc = plan_width(run, &widths[i], &plan);
		if (rc == MMS_OK)
			rc = find_width(run, &widths[i], &plan);
		if (widths[i].collation != NULL) {
			is_exact = !plan.needs_column;
			id_chars = plan.chars;
		}
	}
	if (rc == MMS_OK)
		rc = mms_schema_index_check(run, &is_unique);
	if (rc == MMS_OK && !(is_exact && is_unique))
		rc = mms_schema_rows_check(run, id_chars);
	return rc;
}

static mms_rc
add_setter(struct mms_schema_run *run, struct mms_tx *tx, const struct width *width,
	   const char *value)
{
	char name[200];

	(void)snprintf(name, sizeof name, "%s-%s-length", doctype_of(width->table),
		       width->field);
	struct mms_value in[] = {
		mms_v_text(name),
		mms_v_wall(run->now_wall_us),
		mms_v_wall(run->now_wall_us),
		mms_v_text("Administrator"),
		mms_v_text("Administrator"),
		mms_v_text(doctype_of(width->table)),
		mms_v_text(width->field),
		mms_v_text(value),
	};
	mms_rc rc = mms_tx_run(tx, MMS_STMT_SETTER_ADD, in, NULL, run->err);
	/* What an app brings is "system generated": resetting a form leaves it alone. */
	if (rc == MMS_OK &&
	    mms_columns_has(run->columns, "tabProperty Setter", "is_system_generated"))
		rc = mms_tx_run(tx, MMS_STMT_SETTER_IS_OURS, in, NULL, run->err);
	return rc;
}

/* One setter for each field: one that is there is widened, whoever made it. */
static mms_rc
put_setter(struct mms_schema_run *run, const struct width *width, const struct width_plan *plan)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	char value[24];

	(void)snprintf(value, sizeof value, "%zu", plan->chars);
	struct mms_value in[] = {
		mms_v_text(value),           mms_v_wall(run->now_wall_us),
		mms_v_text("Administrator"), mms_v_text(doctype_of(width->table)),
		mms_v_text(width->field),    mms_v_text(value),
	};
	mms_rc rc = mms_tx_begin(&tx, run->db, run->err);
	if (rc == MMS_OK && plan->n_setters > 0)
		rc = mms_tx_run(&tx, MMS_STMT_SETTER_WIDEN, in, NULL, run->err);
	else if (rc == MMS_OK)
		rc = add_setter(run, &tx, width, value);
	if (rc == MMS_OK)
		rc = mms_tx_commit(&tx, run->err);
	return rc == MMS_OK ? rc
			    : mms_fail_in(run->err, "Property Setter of %s.%s", width->table,
					  width->field);
}

/* A column keeps what else it is: NULL or not, its default. */
static void
add_modify(struct mms_str *out, const struct width *width, const struct width_plan *plan)
{
	const struct mms_column *column = plan->column;
	const char *collation = width->collation != NULL ? width->collation : column->collation;

	mms_str_addf(out, "%sMODIFY COLUMN ", out->len > 0 ? ", " : "");
	mms_sql_add_ident(out, width->field);
	mms_str_addf(out, " varchar(%zu)", plan->chars);
	if (collation != NULL)
		mms_str_addf(out, " COLLATE %s", collation);
	mms_str_add(out, column->is_nullable ? "" : " NOT NULL");
	if (column->default_text != NULL)
		mms_str_addf(out, " DEFAULT %s", column->default_text);
}

/* Setters before columns: cut off in between, a migrate would not narrow anything. */
static mms_rc
apply_widths(struct mms_schema_run *run, const char *table)
{
	MMS_AUTO(mms_str) changes = { 0 };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(widths); i++) {
		MMS_AUTO(width_plan) plan = { 0 };

		if (strcmp(widths[i].table, table) != 0)
			continue;
		rc = plan_width(run, &widths[i], &plan);
		if (rc == MMS_OK && plan.needs_setter)
			rc = put_setter(run, &widths[i], &plan);
		mms_fault_step();
		if (rc == MMS_OK && plan.needs_column)
			add_modify(&changes, &widths[i], &plan);
	}
	if (rc == MMS_OK)
		rc = mms_str_check(&changes, run->err);
	if (rc != MMS_OK || changes.len == 0)
		return rc;
	mms_schema_say(run, "widening columns of %s", table);
	return mms_schema_alter(run, table, mms_str_get(&changes));
}

mms_rc
mms_schema_site_apply(struct mms_schema_run *run)
{
	mms_rc rc = apply_widths(run, EVENTS);

	if (rc == MMS_OK)
		rc = apply_widths(run, INTEGRATIONS);
	if (rc == MMS_OK)
		rc = mms_schema_index_apply(run);
	return rc;
}

mms_rc
mms_schema_require_site(struct mms_db *db, const struct mms_columns *columns,
			struct mms_err *err)
{
	static const struct mms_schema_options options = { 0 };
	struct mms_schema_run run = {
		.db = db, .options = &options, .columns = columns, .err = err
	};
	const struct mms_column *id =
		mms_columns_find(columns, widths[0].table, widths[0].field);
	mms_rc rc = MMS_OK;

	if (id == NULL || id->max_chars < widths[0].chars || id->collation == NULL ||
	    strcmp(id->collation, widths[0].collation) != 0)
		rc = mms_fail(err, MMS_E_DB,
			      "`%s`.external_event_id is %s %s: it must hold exact ids of %zu "
			      "characters",
			      EVENTS, id != NULL ? id->type : "missing",
			      id != NULL && id->collation != NULL ? id->collation : "",
			      widths[0].chars);
	else
		rc = mms_schema_index_require(&run);
	if (rc != MMS_E_DB)
		return rc;
	return mms_hint(err, "run mmsync schema apply; a bench migrate may have undone it");
}
