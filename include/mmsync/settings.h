/*
 * What Frappe's own tables say about a site: its time zone, its scheduler, a person's zone.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SETTINGS_H
#define MMSYNC_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/columns.h"
#include "mmsync/config.h"
#include "mmsync/db.h"
#include "mmsync/err.h"

/* All zero is empty; texts are owned. */
struct mms_settings {
	char *time_zone; /* System Settings.time_zone; "Asia/Kolkata" before the set-up wizard */
	bool is_scheduler_enabled; /* System Settings.enable_scheduler                         */
};
mms_rc mms_settings_load(struct mms_db *db, struct mms_settings *out,
			 struct mms_err *err) MMS_MUST_CHECK;
void mms_settings_release(struct mms_settings *settings);

/*
 * The zone name of a person: MM User Settings, else User, else the site's. The text may name no
 * zone that exists: the caller falls back to the site's. *is_own: the person has one of their own.
 * Owns: *out. Errors: RETRY, NOMEM.
 */
mms_rc
mms_settings_load_user_zone(struct mms_db *db, const struct mms_columns *columns,
			    const struct mms_settings *settings, const char *user, char **out,
			    bool *is_own, struct mms_err *err) MMS_MUST_CHECK;

/*
 * The site's clock at an instant (Unix ms): what Frappe's own columns hold (creation, modified).
 * Errors: CONFIG (the zone in System Settings is none of the system's), NOMEM.
 */
mms_rc mms_settings_to_wall(const struct mms_settings *settings, int64_t utc_ms,
			    int64_t *out_wall_us, struct mms_err *err) MMS_MUST_CHECK;

/*
 * May event times be read and written? Not while nobody has said which zone they are in on a
 * site whose zone is not UTC, under any of its names: the app's documentation and its code then
 * disagree. Errors: CONFIG (saying what each choice means, or that there is no such zone), NOMEM.
 */
mms_rc
mms_settings_check_zone(const struct mms_settings *settings, const struct mms_config *config,
			struct mms_err *err) MMS_MUST_CHECK;

#endif
