/* What doctor asks of a database (see the header): one function for each question. */
#include "mmsync/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "doctor_parts.h"
#include "mmsync/columns.h"
#include "mmsync/ddl.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/settings.h"
#include "rights.h"

/* A clock further off than this makes leases and token expiries wrong. */
#define CLOCK_OFF_US INT64_C(5000000)

mms_rc
mms_visit_found(struct mms_visit *visit, enum mms_finding_state state, const char *object,
		const char *remedy, const char *fmt, ...)
{
	MMS_AUTO(mms_str) detail = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&detail, fmt, ap);
	va_end(ap);
	mms_rc rc = mms_str_check(&detail, visit->err);
	if (rc == MMS_OK)
		rc = mms_findings_add(visit->out, state, object, mms_str_get(&detail), remedy,
				      visit->err);
	return rc;
}

/* "bench --site NAME rest" */
static const char *
bench(const struct mms_visit *visit, struct mms_str *out, const char *rest)
{
	mms_str_addf(out, "bench --site %s %s", visit->site->name, rest);
	return mms_str_get(out);
}

/* ---- the server ---------------------------------------------------------------------------- */

static mms_rc
ask_server(struct mms_visit *visit)
{
	unsigned long v = mms_db_server_version(visit->db);

	return mms_visit_found(visit, MMS_FINDING_OK, "database", NULL,
			       "MariaDB %lu.%lu.%lu, database %s as %s", v / 10000,
			       v / 100 % 100, v % 100, visit->site->db.database,
			       visit->site->db.user);
}

static mms_rc
ask_clock(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_SERVER_CLOCK, NULL, visit->err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, visit->err);
	if (rc != MMS_OK || row == NULL)
		return rc;
	int64_t off = row[0].wall_us - mms_clock_real_us();
	if (off >= -CLOCK_OFF_US && off <= CLOCK_OFF_US)
		return mms_visit_found(visit, MMS_FINDING_OK, "clocks", NULL,
				       "the database's and this machine's agree");
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "clocks",
			       "let both machines take their time from the network: "
			       "timedatectl set-ntp true",
			       "the database's clock is %" PRId64 " s %s this machine's",
			       (off < 0 ? -off : off) / 1000000,
			       off < 0 ? "behind" : "ahead of");
}

/* ---- rights -------------------------------------------------------------------------------- */

static mms_rc
ask_rights(struct mms_visit *visit)
{
	MMS_AUTO(mms_str) missing = { 0 };
	MMS_AUTO(mms_str) remedy = { 0 };
	mms_rc rc = mms_rights_add_missing(&missing, visit->db, visit->site->db.database,
					   visit->err);

	if (rc != MMS_OK)
		return rc;
	if (missing.len == 0)
		return mms_visit_found(visit, MMS_FINDING_OK, "rights", NULL,
				       "the database user may do what mmsync does");
	mms_str_addf(&remedy,
		     "as an administrator of the server: GRANT %s ON `%s`.* TO '%s'@...",
		     mms_str_get(&missing), visit->site->db.database, visit->site->db.user);
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "rights", mms_str_get(&remedy),
			       "the database user lacks %s on the database",
			       mms_str_get(&missing));
}

/* ---- the schema ---------------------------------------------------------------------------- */

/* What is as it must be is one line; what is not is told one by one. */
static mms_rc
ask_schema(struct mms_visit *visit)
{
	MMS_AUTO(mms_findings) all = { 0 };
	mms_rc rc = mms_schema_check(visit->db, &all, visit->err);
	size_t n_wrong = 0;

	for (size_t i = 0; rc == MMS_OK && i < all.n; i++) {
		if (all.items[i].state == MMS_FINDING_OK ||
		    all.items[i].state == MMS_FINDING_NOTE)
			continue; /* what is merely offered is no problem */
		n_wrong++;
		rc = mms_visit_found(visit, MMS_FINDING_PROBLEM, all.items[i].object,
				     all.items[i].remedy, "%s: %s",
				     mms_finding_state_name(all.items[i].state),
				     all.items[i].detail != NULL ? all.items[i].detail : "");
	}
	if (rc == MMS_OK && n_wrong == 0)
		rc = mms_visit_found(visit, MMS_FINDING_OK, "schema", NULL,
				     "%zu tables, columns and indexes are as they must be",
				     mms_findings_count(&all, MMS_FINDING_OK));
	return rc;
}

static mms_rc
ask_binding(struct mms_visit *visit)
{
	MMS_AUTO(mms_installation) installation = { 0 };

	if (!mms_columns_has_table(visit->columns, "mmsync_installation"))
		return MMS_OK; /* the schema has told it */
	mms_rc rc = mms_installation_load(visit->db, visit->site, &installation, visit->err);
	if (rc != MMS_OK)
		return rc;
	if (!installation.is_elsewhere)
		return mms_visit_found(visit, MMS_FINDING_OK, "installation", NULL, "%s",
				       installation.site_uuid);
	return mms_visit_found(
		visit, MMS_FINDING_PROBLEM, "installation",
		"mmsync schema adopt --moved (this is the site itself in a new place) or "
		"--copy (a second site, made from its backup)",
		"the database belongs to database %s and folder %s: until it is said what "
		"this site is, nothing is written to anybody's calendar; feeds are read into "
		"the site's own tables all the same",
		installation.bound_database, installation.bound_dir);
}

/* ---- Frappe -------------------------------------------------------------------------------- */

static mms_rc
ask_zone(struct mms_visit *visit)
{
	MMS_AUTO(mms_settings) settings = { 0 };
	MMS_AUTO(mms_err) doubt = { 0 };
	MMS_AUTO(mms_str) remedy = { 0 };
	const struct mms_config *config = &visit->site->config;
	int64_t wall_us = 0;

	if (!mms_columns_has_table(visit->columns, "tabSingles"))
		return MMS_OK;
	mms_rc rc = mms_settings_load(visit->db, &settings, visit->err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_settings_check_zone(&settings, config, &doubt);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(visit->err);
	if (rc != MMS_OK)
		return mms_findings_add_err(visit->out, MMS_FINDING_PROBLEM, "time zone",
					    &doubt, visit->err);
	rc = mms_settings_to_wall(&settings, 0, &wall_us, visit->err);
	if (rc != MMS_OK)
		return rc;
	rc = mms_visit_found(visit, MMS_FINDING_OK, "time zone", NULL,
			     "site %s, event times stored in %s", settings.time_zone,
			     config->event_time_zone);
	if (rc != MMS_OK || settings.is_scheduler_enabled)
		return rc;
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "enable_scheduler",
			       bench(visit, &remedy, "scheduler enable"),
			       "is off in System Settings: sync --due does nothing");
}

static mms_rc
ask_app_job(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	if (!mms_columns_has_table(visit->columns, "tabScheduled Job Type"))
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_APP_SYNC_JOBS, NULL, visit->err);
	while (rc == MMS_OK) {
		MMS_AUTO(mms_str) remedy = { 0 };
		MMS_AUTO(mms_str) rest = { 0 };

		rc = mms_rows_next(&rows, &row, visit->err);
		if (rc != MMS_OK || row == NULL)
			break;
		if (row[1].i != 0) {
			rc = mms_visit_found(visit, MMS_FINDING_OK, "the app's own sync job",
					     NULL, "%s is stopped", row[0].ptr);
			continue;
		}
		mms_str_addf(&rest,
			     "execute frappe.db.set_value --args '[\"Scheduled Job Type\", "
			     "\"%s\", \"stopped\", 1]'",
			     row[0].ptr);
		rc = mms_visit_found(
			visit, MMS_FINDING_PROBLEM, "the app's own sync job",
			bench(visit, &remedy, mms_str_get(&rest)),
			"%s runs: it calls no calendar, but marks every integration as synced "
			"now and overwrites what mmsync reports",
			row[0].ptr);
	}
	return rc;
}

static mms_rc
ask_autonames(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	if (!mms_columns_has_table(visit->columns, "tabProperty Setter"))
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_AUTONAMES, NULL, visit->err);
	while (rc == MMS_OK) {
		rc = mms_rows_next(&rows, &row, visit->err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = mms_visit_found(
			visit, MMS_FINDING_NOTE, row[0].ptr,
			"delete the Property Setter if names of one form matter",
			"names %s by %s; mmsync names its rows as the DocType says",
			row[1].type != '\0' ? row[1].ptr : "",
			row[2].type != '\0' ? row[2].ptr : "");
	}
	return rc;
}

/* The table is not one of every version, so this is no prepared statement. */
static mms_rc
ask_naming_rules(struct mms_visit *visit)
{
	static const char sql[] =
		"SELECT name, document_type FROM `tabDocument Naming Rule` WHERE disabled = 0"
		" AND document_type IN ('MM Calendar Integration', 'MM Calendar Event Sync',"
		" 'MM Meeting Booking') ORDER BY name";
	MMS_AUTO(mms_text_rows) rows = { 0 };
	const char *const *row;
	mms_rc rc = MMS_OK;

	if (!mms_columns_has(visit->columns, "tabDocument Naming Rule", "disabled"))
		return MMS_OK;
	rc = mms_text_rows_load(&rows, visit->db, sql, visit->err);
	while (rc == MMS_OK && (row = mms_text_rows_find_next(&rows)) != NULL) {
		MMS_AUTO(mms_str) object = { 0 };

		mms_str_addf(&object, "Document Naming Rule %s", row[0]);
		rc = mms_visit_found(
			visit, MMS_FINDING_NOTE, mms_str_get(&object),
			"disable the rule if names of one form matter",
			"names %s its own way; mmsync names its rows as the DocType says",
			row[1] != NULL ? row[1] : "");
	}
	return rc;
}

/* Rows that were brought here without the counter: by an import, or a restore of single tables. */
static mms_rc
ask_series(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	MMS_AUTO(mms_str) remedy = { 0 };
	const struct mms_value *row = NULL;

	if (!mms_columns_has_table(visit->columns, "tabSeries") ||
	    !mms_columns_has_table(visit->columns, "tabMM Calendar Event Sync"))
		return MMS_OK;
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_NAMES_AHEAD, NULL, visit->err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, visit->err);
	if (rc != MMS_OK || row == NULL || row[0].i == 0)
		return rc;
	mms_str_addf(
		&remedy,
		"bench --site %s mariadb, and there: INSERT INTO tabSeries (name, current) "
		"VALUES ('', %" PRId64 ") ON DUPLICATE KEY UPDATE current = "
		"GREATEST(current, %" PRId64 ");",
		visit->site->name, row[1].i, row[1].i);
	return mms_visit_found(visit, MMS_FINDING_PROBLEM, "tabSeries", mms_str_get(&remedy),
			       "the counter of names stands at %" PRId64 ", but %" PRId64
			       " events have names with higher numbers, up to %" PRId64
			       ": new ones would get names that are taken",
			       row[2].i, row[0].i, row[1].i);
}

static mms_rc
ask_secrets(struct mms_visit *visit)
{
	MMS_AUTO(mms_str) remedy = { 0 };
	int64_t n = 0;

	if (visit->site->encryption_key != NULL ||
	    !mms_columns_has(visit->columns, "tabMM Calendar Integration", "integration_type"))
		return MMS_OK;
	mms_rc rc =
		mms_db_ask_i64(visit->db, MMS_STMT_OAUTH_INTEGRATIONS, NULL, &n, visit->err);
	if (rc != MMS_OK || n == 0)
		return rc;
	return mms_visit_found(
		visit, MMS_FINDING_PROBLEM, "encryption_key",
		bench(visit, &remedy, "execute frappe.utils.password.get_encryption_key"),
		"is missing from site_config.json: the tokens of %" PRId64
		" Google and Outlook calendars cannot be read",
		n);
}

static mms_rc
ask_sync_user(struct mms_visit *visit)
{
	const char *user = visit->site->config.sync_user;
	struct mms_value in[] = { mms_v_text(user) };
	int64_t n = 0;

	if (strcmp(user, "Administrator") == 0 ||
	    !mms_columns_has_table(visit->columns, "tabUser"))
		return MMS_OK;
	mms_rc rc = mms_db_ask_i64(visit->db, MMS_STMT_USER_EXISTS, in, &n, visit->err);
	if (rc != MMS_OK || n > 0)
		return rc;
	return mms_visit_found(
		visit, MMS_FINDING_PROBLEM, "mmsync.sync_user",
		"name a user of the site in site_config.json, or leave the key out",
		"there is no user %s", user);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* An answer that cannot be had is a problem of its own; the others are asked all the same. */
static mms_rc
ask(struct mms_visit *visit, const char *object, mms_visit_question *what)
{
	MMS_AUTO(mms_err) failure = { 0 };
	mms_rc rc = what(visit);

	if (rc != MMS_E_DB && rc != MMS_E_BUG && rc != MMS_E_CONFIG && rc != MMS_E_ITEM)
		return rc;
	mms_err_move(&failure, visit->err);
	return mms_findings_add_err(visit->out, MMS_FINDING_PROBLEM, object, &failure,
				    visit->err);
}

mms_rc
mms_doctor_look(struct mms_db *db, const struct mms_site *site, struct mms_findings *out,
		struct mms_err *err)
{
	static const struct {
		const char *object;
		mms_visit_question *what;
	} questions[] = {
		{ "database", ask_server },
		{ "clocks", ask_clock },
		{ "connections", mms_visit_ask_limits },
		{ "rights", ask_rights },
		{ "schema", ask_schema },
		{ "installation", ask_binding },
		{ "time zone", ask_zone },
		{ "the app's own sync job", ask_app_job },
		{ "names", ask_autonames },
		{ "names", ask_naming_rules },
		{ "tabSeries", ask_series },
		{ "encryption_key", ask_secrets },
		{ "google.client_id", mms_visit_ask_google },
		{ "microsoft.client_id", mms_visit_ask_microsoft },
		{ "tokens", mms_visit_ask_tokens },
		{ "mmsync.sync_user", ask_sync_user },
		{ "leases", mms_visit_ask_leases },
		{ "circuits", mms_visit_ask_circuits },
	};
	struct mms_columns *columns = NULL;
	struct mms_visit visit = { .db = db, .site = site, .out = out, .err = err };

	mms_rc rc = mms_columns_load_any(db, &columns, err);
	visit.columns = columns;
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(questions); i++)
		rc = ask(&visit, questions[i].object, questions[i].what);
	mms_columns_free(columns);
	return rc;
}
