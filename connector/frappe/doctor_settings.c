/* What doctor says about a site's settings and files, without a database. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
		     "bench --site %s scheduler resume; where it is disable_scheduler: bench "
		     "--site %s set-config -p disable_scheduler 0",
		     site->name, site->name);
	return mms_findings_add(out, MMS_FINDING_PROBLEM, "scheduler",
				"pause_scheduler or disable_scheduler is set: sync --due does "
				"nothing",
				mms_str_get(&remedy), err);
}

/*
 * Fernet's key: 32 bytes in base64, which are 43 characters and a filler. As Python reads it,
 * both alphabets are taken.
 */
static bool
is_fernet_key(const char *key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_+/";

	return strlen(key) == 44 && strspn(key, alphabet) == 43 && key[43] == '=';
}

static mms_rc
look_at_key(const struct mms_site *site, struct mms_findings *out, struct mms_err *err)
{
	if (site->encryption_key == NULL)
		return MMS_OK; /* a matter of what is encrypted: the database tells */
	if (is_fernet_key(site->encryption_key))
		return mms_findings_add(out, MMS_FINDING_OK, "encryption_key",
					"has the form of a key", NULL, err);
	return mms_findings_add(
		out, MMS_FINDING_PROBLEM, "encryption_key",
		"is no key of Frappe's (44 characters, of 32 bytes in base64): what was stored "
		"encrypted, tokens of calendars too, cannot be read",
		"put back the encryption_key of the site's backup (site_config_backup.json); "
		"with a new one every stored password must be typed in anew",
		err);
}

/* May everybody pass the folders down to the file, and read it? */
static bool
is_open_to_all(const char *path)
{
	char folder[PATH_MAX];
	struct stat st;

	if (stat(path, &st) != 0 || !(st.st_mode & S_IROTH))
		return false;
	(void)snprintf(folder, sizeof folder, "%s", path);
	for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
		*slash = '\0';
		if (stat(slash == folder ? "/" : folder, &st) != 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

static mms_rc
look_at_file(const struct mms_site *site, struct mms_findings *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) path = { 0 };
	MMS_AUTO(mms_str) remedy = { 0 };

	if (site->dir == NULL)
		return MMS_OK;
	mms_str_addf(&path, "%s/site_config.json", site->dir);
	mms_rc rc = mms_str_check(&path, err);
	if (rc != MMS_OK || path.len >= PATH_MAX || !is_open_to_all(mms_str_get(&path)))
		return rc;
	mms_str_addf(&remedy, "chmod o-r %s", mms_str_get(&path));
	return mms_findings_add(
		out, MMS_FINDING_NOTE, "site_config.json",
		"everybody on this machine may read it, and with it the database's password",
		mms_str_get(&remedy), err);
}

/* Who takes part is told by the database (mms_survey_judge_blocks()). */
static mms_rc
look_at_blocks(const struct mms_site *site, struct mms_findings *out, struct mms_err *err)
{
	const struct mms_config *config = &site->config;
	mms_rc rc;

	if (config->blocks_enabled)
		rc = mms_findings_add(out, MMS_FINDING_OK, "mmsync.busy_blocks.enabled",
				      "is on: a meeting in one of a person's calendars blocks "
				      "the others",
				      NULL, err);
	else
		rc = mms_findings_add(
			out, MMS_FINDING_NOTE, "mmsync.busy_blocks.enabled",
			"is off, as long as a site has not opted in, for nobody's calendar is "
			"written to unasked: a meeting in one of a person's calendars does not "
			"block the others, but where the field Busy Blocks of an integration "
			"is "
			"On",
			"for everybody: \"busy_blocks\": {\"enabled\": true} in the mmsync "
			"object of site_config.json; for single calendars: mmsync schema apply "
			"--with-busy-blocks-field",
			err);
	if (rc != MMS_OK || config->blocks_privacy != MMS_PRIVACY_TITLE)
		return rc;
	return mms_findings_add(
		out, MMS_FINDING_NOTE, "mmsync.busy_blocks.privacy",
		"is title: the titles of meetings are copied into the person's other "
		"calendars, "
		"where others may read them; only those of private events are not",
		"\"busy\", the default, copies none", err);
}

mms_rc
mms_doctor_look_at_settings(const struct mms_site *site, struct mms_findings *out,
			    struct mms_err *err)
{
	mms_rc rc = look_at_switches(site, out, err);

	if (rc == MMS_OK)
		rc = look_at_key(site, out, err);
	if (rc == MMS_OK)
		rc = look_at_file(site, out, err);
	if (rc == MMS_OK)
		rc = look_at_blocks(site, out, err);
	return rc;
}
