/* A site's settings and a person's zone, from Frappe's own tables. */
#include "mmsync/settings.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/zone.h"

/* What Frappe itself takes for the zone before the set-up wizard has run. */
#define ZONE_BEFORE_SETUP "Asia/Kolkata"

void
mms_settings_release(struct mms_settings *settings)
{
	if (settings == NULL)
		return;
	mms_free(settings->time_zone);
	*settings = (struct mms_settings){ 0 };
}

/* The first row's first text; *out stays NULL for no row, NULL and an empty text. */
static mms_rc
ask_text(struct mms_db *db, enum mms_stmt stmt, const struct mms_value *in, char **out,
	 struct mms_err *err)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	mms_rc rc = mms_rows_open(&rows, db, stmt, in, err);

	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL || row[0].type == '\0' || row[0].len == 0)
		return rc;
	*out = mms_text_copy_n(row[0].ptr, row[0].len);
	return *out != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
ask_single(struct mms_db *db, const char *field, char **out, struct mms_err *err)
{
	struct mms_value in[] = { mms_v_text("System Settings"), mms_v_text(field) };

	return ask_text(db, MMS_STMT_SINGLE, in, out, err);
}

mms_rc
mms_settings_load(struct mms_db *db, struct mms_settings *out, struct mms_err *err)
{
	char *zone = NULL, *enabled = NULL;

	mms_rc rc = ask_single(db, "time_zone", &zone, err);
	if (rc == MMS_OK && zone == NULL) {
		zone = mms_text_copy(ZONE_BEFORE_SETUP);
		rc = zone != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (rc == MMS_OK)
		rc = ask_single(db, "enable_scheduler", &enabled, err);
	if (rc != MMS_OK) {
		mms_free(zone);
		return rc;
	}
	out->time_zone = zone;
	/* Absent before the set-up wizard has run: only a scheduler that was switched off is off. */
	out->is_scheduler_enabled = enabled == NULL || strtol(enabled, NULL, 10) != 0;
	mms_free(enabled);
	return MMS_OK;
}

mms_rc
mms_settings_load_user_zone(struct mms_db *db, const struct mms_columns *columns,
			    const struct mms_settings *settings, const char *user, char **out,
			    bool *is_own, struct mms_err *err)
{
	struct mms_value in[] = { mms_v_text(user) };
	char *zone = NULL;
	mms_rc rc = MMS_OK;

	if (mms_columns_has(columns, "tabMM User Settings", "timezone"))
		rc = ask_text(db, MMS_STMT_USER_SETTINGS_ZONE, in, &zone, err);
	if (rc == MMS_OK && zone == NULL)
		rc = ask_text(db, MMS_STMT_USER_ZONE, in, &zone, err);
	bool has_own = zone != NULL;
	if (rc == MMS_OK && !has_own) {
		zone = mms_text_copy(settings->time_zone);
		rc = zone != NULL ? MMS_OK : mms_fail_nomem(err);
	}
	if (rc != MMS_OK)
		return rc;
	*out = zone;
	*is_own = has_own;
	return MMS_OK;
}

/* The zone of System Settings lives as long as *zones, which the caller frees. */
static mms_rc
find_site_zone(const struct mms_settings *settings, struct mms_zones **zones,
	       const struct mms_zone **zone, struct mms_err *err)
{
	mms_rc rc = mms_zones_new(zones, err);

	if (rc == MMS_OK)
		rc = mms_zones_find(*zones, settings->time_zone, zone, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_fail(err, MMS_E_CONFIG,
		 "the time zone of System Settings, %s, is not one that "
		 "this system knows",
		 settings->time_zone);
	return mms_hint(err, "set another in System Settings, or update the package tzdata");
}

mms_rc
mms_settings_to_wall(const struct mms_settings *settings, int64_t utc_ms, int64_t *out_wall_us,
		     struct mms_err *err)
{
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = NULL;

	mms_rc rc = find_site_zone(settings, &zones, &zone, err);
	if (rc == MMS_OK)
		*out_wall_us = mms_zone_to_wall(zone, utc_ms);
	mms_zones_free(zones);
	return rc;
}

mms_rc
mms_settings_check_zone(const struct mms_settings *settings, const struct mms_config *config,
			struct mms_err *err)
{
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = NULL;

	if (config->has_event_time_zone)
		return MMS_OK;
	mms_rc rc = find_site_zone(settings, &zones, &zone, err);
	bool is_utc = rc == MMS_OK && mms_zone_is_utc(zone);
	mms_zones_free(zones);
	if (rc != MMS_OK || is_utc)
		return rc;
	mms_fail(
		err, MMS_E_CONFIG,
		"the site's time zone is %s, and mmsync.event_time_zone is not set: nobody has "
		"said in which zone event and booking times are stored",
		settings->time_zone);
	return mms_hint(
		err, "in site_config.json set \"mmsync\": {\"event_time_zone\": \"site\"} "
		     "if the booking page and the Desk are to show the right hours (they read "
		     "the stored times as the site's), or \"UTC\" if other programs rely on "
		     "UTC as the DocTypes' documentation says");
}
