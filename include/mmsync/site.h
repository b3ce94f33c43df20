/*
 * A Frappe site's folder: site_config.json over ../common_site_config.json under Frappe's
 * environment variables, and the `mmsync` object in them, all of it checked. The home of
 * configuration JSON.
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

/* How the process environment is read: the app passes getenv, tests a table. */
typedef const char *mms_env_get(void *aux, const char *name);

/* All zero is empty; every text is owned. */
struct mms_site {
	char *dir;  /* real path of the folder                                   */
	char *name; /* its last part                                             */
	struct mms_db_settings db;
	char *encryption_key;     /* NULL: the site has none yet                      */
	bool is_in_maintenance;   /* maintenance_mode         */
	bool is_scheduler_paused; /* pause_scheduler or disable_scheduler */
	struct mms_config config;
};

/*
 * Read and check a site folder. Errors: CONFIG (no such folder or file, not JSON, a wrong type
 * or range, an unknown key of the mmsync object with the nearest known one, a db_type other
 * than mariadb, incomplete TLS files), each naming key and file; NOMEM.
 */
mms_rc mms_site_load(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
		     struct mms_err *err) MMS_MUST_CHECK;
void mms_site_release(struct mms_site *site);

#endif
