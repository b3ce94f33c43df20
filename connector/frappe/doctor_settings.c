/* What doctor says about a site's settings, without a database. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/doctor.h"

static mms_rc
look_at_switches(const struct mms_site *site, struct mms_findings *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) remedy = { 0 };
	mms_rc rc = MMS_OK;

	if (site->is_in_maintenance) {
		mms_str_addf(&remedy, "bench --site %s set-maintenance-mode off", site->name);
		rc = mms_findings_add(out, MMS_FINDING_PROBLEM, "maintenance_mode",
				      "is on: no command writes anything", mms_str_get(&remedy),
				      err);
	}
	if (rc != MMS_OK || !site->is_scheduler_paused)
		return rc;
	mms_str_clear(&remedy);
	mms_str_addf(&remedy,
		     "bench --site %s scheduler resume; bench --site %s scheduler enable",
		     site->name, site->name);
	return mms_findings_add(out, MMS_FINDING_PROBLEM, "scheduler",
				"pause_scheduler or disable_scheduler is set: sync --due does "
				"nothing",
				mms_str_get(&remedy), err);
}

static mms_rc
look_at_ca_file(const char *path, struct mms_findings *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) detail = { 0 };

	if (path == NULL || access(path, R_OK) == 0)
		return MMS_OK;
	mms_str_addf(&detail, "%s cannot be read: %s", path, strerrordesc_np(errno));
	mms_rc rc = mms_str_check(&detail, err);
	return rc == MMS_OK
		       ? mms_findings_add(out, MMS_FINDING_PROBLEM, "mmsync.http.ca_file",
					  mms_str_get(&detail),
					  "name a file of certificates (PEM) that this user "
					  "may read, or leave the key out",
					  err)
		       : rc;
}

mms_rc
mms_doctor_look_at_settings(const struct mms_site *site, struct mms_findings *out,
			    struct mms_err *err)
{
	mms_rc rc = look_at_switches(site, out, err);

	if (rc == MMS_OK)
		rc = look_at_ca_file(site->config.http_ca_file, out, err);
	if (rc == MMS_OK && site->config.blocks_enabled) {
		rc = mms_findings_add(out, MMS_FINDING_NOTE, "mmsync.busy_blocks.enabled",
				      "is true, but this version makes no blocks: a meeting in "
				      "one of a person's calendars does not block the others",
				      NULL, err);
	}
	return rc;
}
