/*
 * The files of schema/, as they were when the program was built.
 *
 * Layer: frappe.
 */
#ifndef MMSYNC_MIGRATION_H
#define MMSYNC_MIGRATION_H

#include <stddef.h>

struct mms_migration {
	int number;
	const char *name; /* "integrations" of 0002_integrations.sql */
	const char *sql;  /* the whole file, not NUL-terminated       */
	size_t len;
};

/* All migrations by number. Borrows: static. */
const struct mms_migration *mms_migrations(size_t *n);

#endif
