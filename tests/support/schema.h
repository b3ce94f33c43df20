/*
 * All tables of the program, for tests that need them: made in the empty database of a private
 * server.
 */
#ifndef SUPPORT_SCHEMA_H
#define SUPPORT_SCHEMA_H

#include "mmsync/db.h"
#include "support/mariadb.h"

/* Fails the test when it cannot. */
void mms_test_make_schema(struct mms_test_server *server);

/* For mms_db_use_columns(): what information_schema says; aux is the server. */
bool mms_test_has_column(void *aux, const char *table, const char *column);
/* The same for a site that has no optional column at all. */
bool mms_test_has_no_column(void *aux, const char *table, const char *column);

#endif
