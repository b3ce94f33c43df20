/* The tables of the program for tests (see the header). */
#include "support/schema.h"

#include "support/unit.h"

void
mms_test_make_schema(struct mms_test_server *server)
{
	/* The statement table names no table yet; mms_schema_apply() with_frappe belongs here. */
	mms_test_reset(server);
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
