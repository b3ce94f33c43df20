/*
 * check and apply as a whole: look at everything first, change nothing while something stands in
 * the way, then bring what is missing, and look again.
 */
#include "mmsync/schema.h"

#include <stdarg.h>
#include <string.h>

#include "mmsync/ddl.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/settings.h"
#include "schema_parts.h"

enum {
	ALTER_TRIES = 10,      /* for a table that others hold                     */
	ALTER_PAUSE_MS = 1000, /* between them: whoever waits behind us goes first */
};

mms_rc
mms_schema_found(struct mms_schema_run *run, enum mms_finding_state state, const char *object,
		 const char *remedy, const char *fmt, ...)
{
	MMS_AUTO(mms_str) detail = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&detail, fmt, ap);
	va_end(ap);
	mms_rc rc = mms_str_check(&detail, run->err);
	if (rc == MMS_OK)
		rc = mms_findings_add(run->out, state, object, mms_str_get(&detail), remedy,
				      run->err);
	return rc;
}

void
mms_schema_say(const struct mms_schema_run *run, const char *fmt, ...)
{
	MMS_AUTO(mms_str) what = { 0 };
	va_list ap;

	if (run->options->tell == NULL)
		return;
	va_start(ap, fmt);
	mms_str_addv(&what, fmt, ap);
	va_end(ap);
	run->options->tell(run->options->tell_aux, mms_str_get(&what));
}

/* ---- altering a table ---------------------------------------------------------------------- */

/*
 * One way of altering. A statement that waits for a table makes everybody wait who comes after
 * it: so it waits 3 s at a time, and lets them pass in between.
 */
static mms_rc
alter_by(struct mms_schema_run *run, const char *table, const char *changes, const char *way)
{
	MMS_AUTO(mms_str) sql = { 0 };
	mms_rc rc = MMS_OK;

	mms_str_add(&sql, "ALTER TABLE ");
	mms_sql_add_ident(&sql, table);
	mms_str_addf(&sql, " WAIT 3 %s, %s", changes, way);
	rc = mms_str_check(&sql, run->err);
	if (rc != MMS_OK)
		return rc;
	for (int i = 1;; i++) {
		rc = mms_db_run_text(run->db, mms_str_get(&sql), run->err);
		if (rc != MMS_E_RETRY || i == ALTER_TRIES)
			break;
		mms_schema_say(run, "table %s is in use; trying again (%d of %d)", table, i + 1,
			       ALTER_TRIES);
		mms_clock_sleep_ms(ALTER_PAUSE_MS);
	}
	if (rc == MMS_E_RETRY)
		mms_hint(run->err, "a long transaction holds the table: SHOW FULL PROCESSLIST "
				   "tells whose; then run mmsync schema apply again");
	return rc;
}

mms_rc
mms_schema_alter(struct mms_schema_run *run, const char *table, const char *changes)
{
	static const char *const ways[] = {
		"ALGORITHM=INSTANT",
		"ALGORITHM=NOCOPY, LOCK=NONE",
		"ALGORITHM=INPLACE, LOCK=NONE",
		"ALGORITHM=INPLACE, LOCK=SHARED",
		"ALGORITHM=COPY, LOCK=SHARED",
	};
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < MMS_COUNT(ways); i++) {
		if (i == 3)
			mms_schema_say(run, "table %s takes no writes until this is done",
				       table);
		rc = alter_by(run, table, changes, ways[i]);
		if (rc != MMS_E_ITEM)
			break;
	}
	mms_fault_step();
	return rc == MMS_OK ? rc : mms_fail_in(run->err, "altering %s", table);
}

/* ---- check --------------------------------------------------------------------------------- */

/* Is Frappe there as we need it? What is missing is a finding. */
static mms_rc
check_frappe(struct mms_schema_run *run, bool *is_there)
{
	MMS_AUTO(mms_err) missing = { 0 };
	mms_rc rc = mms_columns_require(run->columns, &missing);

	*is_there = rc == MMS_OK;
	if (rc != MMS_E_DB) {
		if (rc != MMS_OK)
			mms_err_move(run->err, &missing);
		return rc;
	}
	return mms_findings_add_err(run->out, MMS_FINDING_BLOCKED, "Frappe's tables", &missing,
				    run->err);
}

static mms_rc
check_all(struct mms_schema_run *run)
{
	bool is_there = false;
	mms_rc rc = mms_schema_own_check(run);

	if (rc == MMS_OK)
		rc = check_frappe(run, &is_there);
	if (rc == MMS_OK && is_there)
		rc = mms_schema_site_check(run);
	if (rc == MMS_OK && is_there)
		rc = mms_schema_field_check(run);
	return rc;
}

mms_rc
mms_schema_check(struct mms_db *db, struct mms_findings *out, struct mms_err *err)
{
	static const struct mms_schema_options options = { 0 };
	struct mms_columns *columns = NULL;
	struct mms_schema_run run = {
		.db = db, .options = &options, .out = out, .err = err, .site_name = "SITE"
	};

	mms_rc rc = mms_columns_load_any(db, &columns, err);
	run.columns = columns;
	if (rc == MMS_OK)
		rc = check_all(&run);
	mms_columns_free(columns);
	return rc;
}

/* ---- apply --------------------------------------------------------------------------------- */

/* The run's columns are read anew: something was changed. */
static mms_rc
reload_columns(struct mms_schema_run *run, struct mms_columns **columns)
{
	mms_columns_free(*columns);
	*columns = NULL;
	run->columns = NULL;
	mms_rc rc = mms_columns_load_any(run->db, columns, run->err);
	run->columns = *columns;
	return rc;
}

/* The binding is a thing that apply brings, once. */
static mms_rc
check_binding(struct mms_schema_run *run, const struct mms_site *site)
{
	MMS_AUTO(mms_installation) installation = { 0 };
	static const char object[] = "binding to the site";
	mms_rc rc = MMS_E_DB;

	if (mms_columns_has_table(run->columns, "mmsync_installation"))
		rc = mms_installation_load(run->db, site, &installation, run->err);
	if (rc == MMS_E_DB) {
		mms_err_release(run->err);
		return mms_schema_found(run, MMS_FINDING_MISSING, object, MMS_SCHEMA_REMEDY,
					"not bound yet");
	}
	if (rc != MMS_OK)
		return rc;
	if (!installation.is_elsewhere)
		return mms_schema_found(run, MMS_FINDING_OK, object, NULL, "installation %s",
					installation.site_uuid);
	return mms_schema_found(
		run, MMS_FINDING_NOTE, object,
		"mmsync schema adopt --moved or --copy says which it is",
		"bound to database %s and folder %s: this is a restored copy, or "
		"the site was moved",
		installation.bound_database, installation.bound_dir);
}

/* Look at everything that apply would bring; *is_new: Frappe's tables are still to be made. */
static mms_rc
look(struct mms_schema_run *run, const struct mms_site *site, bool *is_new)
{
	mms_rc rc = MMS_OK;

	*is_new = false;
	if (run->options->with_frappe)
		rc = mms_schema_frappe_check(run, is_new);
	else
		rc = mms_columns_require(run->columns, run->err);
	if (rc == MMS_OK)
		rc = mms_schema_own_check(run);
	if (rc == MMS_OK && *is_new) {
		rc = mms_schema_found(run, MMS_FINDING_MISSING,
				      "widths, collation and indexes of Frappe's tables",
				      MMS_SCHEMA_REMEDY, "the tables come first");
	} else if (rc == MMS_OK) {
		rc = mms_schema_site_check(run);
	}
	if (rc == MMS_OK && !*is_new)
		rc = mms_schema_field_check(run);
	if (rc == MMS_OK)
		rc = check_binding(run, site);
	return rc;
}

static mms_rc
bring(struct mms_schema_run *run, const struct mms_site *site, struct mms_columns **columns,
      bool is_new)
{
	mms_rc rc = is_new ? mms_schema_frappe_apply(run) : MMS_OK;

	if (rc == MMS_OK)
		rc = mms_schema_own_apply(run);
	if (rc == MMS_OK)
		rc = reload_columns(run, columns);
	if (rc == MMS_OK)
		rc = mms_schema_site_apply(run);
	if (rc == MMS_OK)
		rc = mms_schema_field_apply(run);
	if (rc == MMS_OK)
		rc = mms_installation_bind(run->db, site, run->now_ms, run->err);
	if (rc == MMS_OK)
		rc = reload_columns(run, columns);
	return rc;
}

static bool
was_ok(const struct mms_findings *before, const char *object)
{
	for (size_t i = 0; i < before->n; i++) {
		if (strcmp(before->items[i].object, object) == 0)
			return before->items[i].state == MMS_FINDING_OK ||
			       before->items[i].state == MMS_FINDING_NOTE;
	}
	return false;
}

/* After the work: what is right now and was not before is DONE; what is still wrong is an error. */
static mms_rc
look_again(struct mms_schema_run *run, const struct mms_site *site,
	   const struct mms_findings *before)
{
	bool is_new = false;
	mms_rc rc = look(run, site, &is_new);

	for (size_t i = 0; rc == MMS_OK && i < run->out->n; i++) {
		struct mms_finding *f = &run->out->items[i];

		if (f->state == MMS_FINDING_OK && !was_ok(before, f->object))
			f->state = MMS_FINDING_DONE;
		if (f->state == MMS_FINDING_OK || f->state == MMS_FINDING_DONE ||
		    f->state == MMS_FINDING_NOTE)
			continue;
		mms_fail(run->err, MMS_E_DB, "%s is still not as it must be: %s", f->object,
			 f->detail);
		return mms_hint(run->err, "somebody may have changed it at the same time: run "
					  "mmsync schema apply again");
	}
	return rc;
}

static bool
is_all_there(const struct mms_findings *found)
{
	return mms_findings_count(found, MMS_FINDING_MISSING) == 0 &&
	       mms_findings_count(found, MMS_FINDING_DIFFERS) == 0;
}

static mms_rc
apply(struct mms_schema_run *run, const struct mms_site *site, struct mms_columns **columns)
{
	MMS_AUTO(mms_findings) before = { 0 };
	struct mms_findings *out = run->out;
	bool is_new = false;

	mms_rc rc = look(run, site, &is_new);
	if (rc != MMS_OK)
		return rc;
	size_t n_blocked = mms_findings_count(out, MMS_FINDING_BLOCKED);
	if (n_blocked > 0) {
		mms_fail(run->err, MMS_E_CONFLICT,
			 "%zu thing%s in the way of the schema; nothing has been changed",
			 n_blocked, n_blocked == 1 ? " stands" : "s stand");
		return mms_hint(run->err, "each is listed with what to do about it");
	}
	if (run->options->is_dry_run || is_all_there(out))
		return MMS_OK;
	before = *out;
	*out = (struct mms_findings){ 0 };
	rc = bring(run, site, columns, is_new);
	if (rc == MMS_OK)
		rc = look_again(run, site, &before);
	return rc;
}

/* Frappe's own columns hold the site's clock; before there is a Frappe there is no site's clock. */
static mms_rc
set_time(struct mms_schema_run *run)
{
	MMS_AUTO(mms_settings) settings = { 0 };

	run->now_ms = mms_clock_now_ms(run->options->clock);
	run->now_wall_us = run->now_ms * 1000;
	if (!mms_columns_has_table(run->columns, "tabSingles"))
		return MMS_OK;
	mms_rc rc = mms_settings_load(run->db, &settings, run->err);
	if (rc == MMS_OK)
		rc = mms_settings_to_wall(&settings, run->now_ms, &run->now_wall_us, run->err);
	return rc;
}

mms_rc
mms_schema_apply(struct mms_db *db, const struct mms_site *site,
		 const struct mms_schema_options *options, struct mms_findings *out,
		 struct mms_err *err)
{
	struct mms_columns *columns = NULL;
	struct mms_schema_run run = {
		.db = db, .options = options, .out = out, .err = err, .site_name = site->name
	};

	mms_rc rc = mms_columns_load_any(db, &columns, err);
	run.columns = columns;
	if (rc == MMS_OK)
		rc = set_time(&run);
	if (rc == MMS_OK)
		rc = apply(&run, site, &columns);
	mms_columns_free(columns);
	return rc;
}
