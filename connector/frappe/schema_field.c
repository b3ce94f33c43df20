/*
 * The Custom Field by which a calendar has its own word on busy blocks. A site has it only where somebody asked
 * for it (--with-busy-blocks-field); from then on it is looked after like the rest.
 */
#include "schema_parts.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"

#define DOCTYPE "MM Calendar Integration"
#define FIELD   "mmsync_busy_blocks"
#define RECORD  DOCTYPE "-" FIELD
#define OBJECT  "Custom Field " RECORD
#define AFTER   "sync_direction"

#define OFFER \
	"mmsync schema apply --with-busy-blocks-field lets people choose for each calendar"

/* What a site has of it. */
struct field_facts {
	const struct mms_column *column; /* borrowed; NULL: none                            */
	bool has_table;                  /* of Custom Fields                                */
	bool has_record, is_good;        /* is_good: a choice that knows On and Off         */
	char *name;                      /* owned: of the record                            */
};

static void
field_facts_release(struct field_facts *facts)
{
	mms_free(facts->name);
}

/* Has a Select this option, a line of its own? */
static bool
has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	for (const char *p = options; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, option, len) == 0 && (p[len] == '\0' || p[len] == '\n'))
			return true;
	}
	return false;
}

static mms_rc
read_facts(struct mms_schema_run *run, struct field_facts *facts)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	const struct mms_value in[] = { mms_v_text(DOCTYPE), mms_v_text(FIELD) };

	facts->column = mms_columns_find(run->columns, "tab" DOCTYPE, FIELD);
	facts->has_table = mms_columns_has_table(run->columns, "tabCustom Field");
	if (!facts->has_table)
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, run->db, MMS_STMT_FIELD_OF_SITE, in, run->err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, run->err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	facts->has_record = true;
	facts->is_good = row[1].type != 0 && strcmp(row[1].ptr, "Select") == 0 &&
			 row[2].type != 0 && has_option(row[2].ptr, "On") &&
			 has_option(row[2].ptr, "Off");
	return mms_value_copy_text(&row[0], &facts->name) ? MMS_OK : mms_fail_nomem(run->err);
}

static bool
is_text(const struct mms_column *column)
{
	return column->collation != NULL;
}

/* Somebody else's field of this name cannot be ours. */
static mms_rc
check_others(struct mms_schema_run *run, const struct field_facts *facts)
{
	static const char remedy[] =
		"delete the Custom Field " FIELD " of " DOCTYPE
		" (what is chosen in it goes with it), run bench trim-tables, then mmsync "
		"schema apply --with-busy-blocks-field";

	if (facts->column != NULL && !is_text(facts->column))
		return mms_schema_found(run, MMS_FINDING_BLOCKED, OBJECT, remedy,
					"the column " FIELD " is %s, and must be text",
					facts->column->type);
	return mms_schema_found(
		run, MMS_FINDING_BLOCKED, OBJECT, remedy,
		"there is one that is no Select with the options On and Off: it is not the "
		"field that mmsync reads");
}

static mms_rc
check_unwanted(struct mms_schema_run *run, const struct field_facts *facts)
{
	if (facts->column != NULL)
		return mms_schema_found(
			run, MMS_FINDING_NOTE, OBJECT, OFFER,
			"not there, but its column is: what was chosen when it was there "
			"still counts, and nobody sees it");
	if (!facts->has_table)
		return MMS_OK; /* nor can it be offered */
	return mms_schema_found(
		run, MMS_FINDING_NOTE, OBJECT, OFFER,
		"not there: busy_blocks.enabled in site_config.json holds for every calendar");
}

mms_rc
mms_schema_field_check(struct mms_schema_run *run)
{
	__attribute__((cleanup(field_facts_release))) struct field_facts facts = { 0 };
	bool is_wanted = run->options->with_blocks_field;

	mms_rc rc = read_facts(run, &facts);
	if (rc != MMS_OK)
		return rc;
	if ((facts.column != NULL && !is_text(facts.column)) ||
	    (facts.has_record && !facts.is_good))
		return check_others(run, &facts);
	if (facts.has_record && facts.column != NULL)
		return mms_schema_found(run, MMS_FINDING_OK, OBJECT, NULL, "%s",
					facts.column->type);
	if (facts.has_record)
		return mms_schema_found(run, MMS_FINDING_DIFFERS, OBJECT, MMS_SCHEMA_REMEDY,
					"it has no column in `tab" DOCTYPE "`");
	if (!is_wanted)
		return check_unwanted(run, &facts);
	if (!facts.has_table)
		return mms_schema_found(
			run, MMS_FINDING_BLOCKED, OBJECT,
			"leave --with-busy-blocks-field out: busy_blocks.enabled in "
			"site_config.json holds for every calendar",
			"the database has no table `tabCustom Field`: a form gets a field of "
			"its own only on a Frappe site");
	return mms_schema_found(run, MMS_FINDING_MISSING, OBJECT, MMS_SCHEMA_REMEDY,
				"On, Off or empty for each calendar, below its %s", AFTER);
}

/*
 * Where the field that it stands below has its place, as Frappe counts it. The table is not one of every database
 * that mmsync meets, so this is no prepared statement.
 */
static mms_rc
find_place(struct mms_schema_run *run, int64_t *out)
{
	static const char sql[] = "SELECT idx FROM `tabDocField` WHERE parent = '" DOCTYPE "'"
				  " AND parenttype = 'DocType' AND fieldname = '" AFTER "'";
	MMS_AUTO(mms_text_rows) rows = { 0 };

	*out = 0;
	if (!mms_columns_has(run->columns, "tabDocField", "fieldname"))
		return MMS_OK;
	mms_rc rc = mms_text_rows_load(&rows, run->db, sql, run->err);
	if (rc != MMS_OK)
		return rc;
	const char *const *row = mms_text_rows_find_next(&rows);
	if (row != NULL && row[0] != NULL)
		*out = strtoll(row[0], NULL, 10);
	return MMS_OK;
}

/* As create_custom_fields() of Frappe makes it; what is not named has its default. */
static mms_rc
add_record(struct mms_schema_run *run, int64_t place)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	const struct mms_value in[] = {
		mms_v_text(RECORD),
		mms_v_wall(run->now_wall_us),
		mms_v_wall(run->now_wall_us),
		mms_v_text("Administrator"),
		mms_v_text("Administrator"),
		mms_v_i64(place),
		mms_v_text(DOCTYPE),
		mms_v_text(FIELD),
		mms_v_text("Busy Blocks"),
		mms_v_text(AFTER),
		mms_v_text("\nOn\nOff"),
		mms_v_text("On: while this calendar is busy the person's other calendars are "
			   "blocked, and this one while they are. Off: neither. Empty: as "
			   "the site is set."),
	};

	mms_rc rc = mms_tx_begin(&tx, run->db, run->err);
	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, MMS_STMT_FIELD_OF_SITE_ADD, in, NULL, run->err);
	if (rc == MMS_OK &&
	    mms_columns_has(run->columns, "tabCustom Field", "is_system_generated"))
		rc = mms_tx_run(&tx, MMS_STMT_FIELD_OF_SITE_IS_OURS, in, NULL, run->err);
	return rc == MMS_OK ? mms_tx_commit(&tx, run->err) : rc;
}

/* The column before the record: cut off in between, Frappe knows no field that it cannot save. */
mms_rc
mms_schema_field_apply(struct mms_schema_run *run)
{
	__attribute__((cleanup(field_facts_release))) struct field_facts facts = { 0 };
	int64_t place = 0;

	mms_rc rc = read_facts(run, &facts);
	if (rc != MMS_OK || (!facts.has_record && !run->options->with_blocks_field))
		return rc;
	if (facts.column == NULL) {
		mms_schema_say(run, "adding a column to tab" DOCTYPE);
		rc = mms_schema_alter(run, "tab" DOCTYPE,
				      "ADD COLUMN IF NOT EXISTS `" FIELD "` varchar(140)");
	}
	if (rc != MMS_OK || facts.has_record)
		return rc;
	rc = find_place(run, &place);
	if (rc == MMS_OK)
		rc = add_record(run, place);
	return rc == MMS_OK ? rc : mms_fail_in(run->err, OBJECT);
}
