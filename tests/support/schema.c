/* The tables of the program for tests (see the header). */
#include "support/schema.h"

#include "support/unit.h"

#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/program.h"

void
mms_test_make_schema(struct mms_test_server *server)
{
	static const struct mms_schema_options options = { .with_frappe = true };
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };
	char dir[MMS_TEST_DIR_MAX];
	struct mms_db *db = NULL;

	mms_test_reset(server);
	mms_test_site_make(server, "schema", "", dir);
	mms_test_site_load(dir, &site);
	OK(mms_db_open(&db, &server->settings, &err));
	OK(mms_schema_apply(db, &site, &options, &found, &err));
	mms_db_close(db);
}

bool
mms_test_has_column(void *aux, const char *table, const char *column)
{
	return mms_test_ask_i64(
		       aux,
		       "SELECT COUNT(*) FROM information_schema.columns WHERE "
		       "table_schema = DATABASE() AND table_name = '%s' AND column_name = "
		       "'%s'",
		       table, column) > 0;
}

bool
mms_test_has_no_column(void *aux, const char *table, const char *column)
{
	(void)aux;
	(void)table;
	(void)column;
	return false;
}
