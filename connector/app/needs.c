/* What a verb says it needs, made true once, before it runs. */
#include <stdlib.h>

#include "mmsync/app.h"
#include "mmsync/http.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"

/* How long a run waits for a lock where nothing hurries it: the default of the connections. */
#define PATIENT_S 10

const char *
mms_app_env(void *aux, const char *name)
{
	(void)aux;
	return getenv(name);
}

const char *
mms_app_site_dir(const struct mms_app *app)
{
	const char *dir = mms_app_text(app, "site");

	if (dir == NULL)
		dir = getenv("MMSYNC_SITE");
	return dir != NULL && dir[0] != '\0' ? dir : NULL;
}

static mms_rc
load_site(struct mms_app *app, struct mms_err *err)
{
	const char *dir = mms_app_site_dir(app);

	if (dir == NULL && (app->verb->needs & MMS_MAY_SITE))
		return MMS_OK;
	if (dir == NULL) {
		mms_fail(err, MMS_E_USAGE, "%s needs a site", app->verb->name);
		return mms_hint(err, "--site BENCH/sites/SITE, or set MMSYNC_SITE");
	}
	mms_rc rc = mms_site_load(dir, mms_app_env, NULL, &app->site, err);
	app->has_site = rc == MMS_OK;
	return rc;
}

/*
 * bench sets maintenance_mode while it migrates, restores or updates: then nobody may write. A
 * dry run does not.
 */
static mms_rc
check_maintenance(const struct mms_app *app, unsigned needs, struct mms_err *err)
{
	if (!(needs & MMS_WRITES) || !app->has_site || !app->site.is_in_maintenance ||
	    mms_app_flag(app, "dry-run"))
		return MMS_OK;
	mms_fail(err, MMS_E_CONFIG,
		 "site %s is in maintenance mode: mmsync %s writes nothing now", app->site.name,
		 app->verb->name);
	return mms_hint(
		err, "when the maintenance is over: bench --site %s set-maintenance-mode off",
		app->site.name);
}

/* Reading verbs only warn when nobody has said in which zone the stored times are. */
static mms_rc
check_zone(struct mms_app *app, unsigned needs, struct mms_err *err)
{
	mms_rc rc = mms_settings_check_zone(&app->settings, &app->site.config, err);

	if (rc != MMS_E_CONFIG || (needs & MMS_WRITES))
		return rc;
	mms_app_note(app, "warning: %s\n  hint: %s", mms_err_text(err), mms_err_hint(err));
	mms_err_release(err);
	return MMS_OK;
}

static mms_rc
read_schema(struct mms_app *app, struct mms_db *db, unsigned needs, struct mms_err *err)
{
	mms_rc rc = mms_schema_require(db, err);

	if (rc == MMS_OK)
		rc = mms_columns_load(db, &app->columns, err);
	if (rc != MMS_OK)
		return rc;
	mms_pool_use_columns(app->pool, mms_columns_has_port, app->columns);
	mms_db_use_columns(db, mms_columns_has_port, app->columns);
	mms_pool_use_pieces(app->pool, mms_columns_add_piece, app->columns);
	mms_db_use_pieces(db, mms_columns_add_piece, app->columns);
	if (needs & MMS_WRITES)
		rc = mms_schema_require_site(db, app->columns, err);
	if (rc == MMS_OK)
		rc = mms_settings_load(db, &app->settings, err);
	if (rc == MMS_OK)
		rc = check_zone(app, needs, err);
	return rc;
}

/* The site was read: its database, and of it the schema. */
static mms_rc
open_database(struct mms_app *app, unsigned needs, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	/* A run that must end soon waits for nobody's lock any longer than that. */
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	if (timeout_s > 0 && timeout_s < PATIENT_S)
		app->site.db.lock_wait_s = timeout_s;
	mms_rc rc = mms_pool_open(&app->pool, &app->site.db,
				  (size_t)app->site.config.db_connections, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(app->pool, &lent, err);
	return rc == MMS_OK && (needs & MMS_NEED_SCHEMA) ? read_schema(app, lent.db, needs, err)
							 : rc;
}

mms_rc
mms_app_make_ready(struct mms_app *app, struct mms_err *err)
{
	unsigned needs = app->verb->needs;
	bool needs_db = (needs & (MMS_NEED_DB | MMS_NEED_SCHEMA)) != 0;
	mms_rc rc = MMS_OK;

	if (needs_db || (needs & (MMS_NEED_SITE | MMS_MAY_SITE)))
		rc = load_site(app, err);
	if (rc == MMS_OK)
		rc = check_maintenance(app, needs, err);
	if (rc == MMS_OK && (needs & MMS_NEED_NET))
		rc = mms_http_setup(err);
	return rc == MMS_OK && needs_db ? open_database(app, needs, err) : rc;
}

mms_rc
mms_app_make_ready_late(struct mms_app *app, unsigned needs, struct mms_err *err)
{
	mms_rc rc = check_maintenance(app, needs, err);

	if (rc != MMS_OK || app->pool != NULL)
		return rc;
	rc = open_database(app, needs, err);
	if (rc == MMS_OK)
		return rc;
	/* As if it had not been tried. */
	mms_pool_close(app->pool);
	mms_columns_free(app->columns);
	mms_settings_release(&app->settings);
	app->pool = NULL;
	app->columns = NULL;
	return rc;
}

void
mms_app_close(struct mms_app *app)
{
	mms_pool_close(app->pool);
	if (app->verb != NULL && (app->verb->needs & MMS_NEED_NET))
		mms_http_teardown();
	mms_settings_release(&app->settings);
	mms_columns_free(app->columns);
	mms_site_release(&app->site);
	mms_free(app->args.items);
	mms_free(app->args.words);
}
