/*
 * A Frappe site's tables in a test's database, and the schema brought to them. What goes wrong
 * here fails the running test.
 */
#ifndef SUPPORT_FRAPPE_SITE_H
#define SUPPORT_FRAPPE_SITE_H

#include "mmsync/schema.h"
#include "support/mariadb.h"

/* Frappe's tables as a real site has them: not as those of --with-frappe; site zone Europe/Berlin. */
void mms_test_make_frappe(struct mms_test_server *server);
/* schema apply with the usual options; it must succeed. */
void mms_test_schema_apply(struct mms_db *db, const struct mms_site *site);
/* Findings of schema check that are not as they must be. */
size_t mms_test_schema_n_wrong(struct mms_db *db);
/* The finding of an object; fails the test when there is none. Borrows. */
const struct mms_finding *
mms_test_finding(const struct mms_findings *found, const char *object);
/* Columns, indexes, tables and checks of the database as one text. Owns: free(). */
char *mms_test_snapshot(struct mms_test_server *server);

#endif
