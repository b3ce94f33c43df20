/*
 * A Frappe site's folder: site_config.json over ../common_site_config.json under Frappe's
 * environment variables, and the `mmsync` object in them, all of it checked. The home of
 * configuration JSON.
 *
 * As in Frappe, a key of the site replaces the same key of the common file as a whole: a site
 * with an `mmsync` object of its own takes nothing from a common one.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_SITE_H
#define MMSYNC_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/config.h"
#include "mmsync/db.h"
#include "mmsync/err.h"
#include "mmsync/findings.h"

/* Larger configuration files are refused, bytes. */
#define MMS_SITE_FILE_MAX ((size_t)1024 * 1024)

/* How the process environment is read: the app passes getenv, tests a table. */
typedef const char *mms_env_get(void *aux, const char *name);

/* All zero is empty; every text is owned. */
struct mms_site {
	char *dir;  /* real path of the folder                                   */
	char *name; /* its last part, as it was given: what bench calls the site */
	struct mms_db_settings db;
	char *encryption_key;     /* NULL: the site has none yet                      */
	bool is_in_maintenance;   /* maintenance_mode         */
	bool is_scheduler_paused; /* pause_scheduler or disable_scheduler */
	struct mms_config config;
};

/* Let the JSON reader allocate through mmsync/mem.h; once, before threads. */
void mms_site_setup(void);

/*
 * Read and check a site folder. Errors: CONFIG (no such folder or file, not JSON, a wrong type
 * or range, an unknown key of the mmsync object with the nearest known one, a db_type other
 * than mariadb, incomplete TLS files), each naming key and file; NOMEM.
 */
mms_rc mms_site_load(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
		     struct mms_err *err) MMS_MUST_CHECK;

/*
 * The same for a reader who wants to hear of everything: each problem is added to *problems, and
 * *out is what the rest says, with defaults for what is wrong. Errors: CONFIG (no such folder,
 * no site_config.json), NOMEM.
 */
mms_rc mms_site_load_all(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
			 struct mms_findings *problems, struct mms_err *err) MMS_MUST_CHECK;
void mms_site_release(struct mms_site *site);

/* The text of one configuration file; text NULL: there is no such file. Borrowed. */
struct mms_site_text {
	const char *file; /* its name in messages */
	const char *text;
	size_t len;
};

/*
 * The pure part of the two above: texts to settings (dir and name stay NULL). problems NULL:
 * the first problem is the error.
 */
mms_rc mms_site_parse(const struct mms_site_text *common, const struct mms_site_text *site,
		      mms_env_get *env, void *env_aux, struct mms_site *out,
		      struct mms_findings *problems, struct mms_err *err) MMS_MUST_CHECK;

#endif
