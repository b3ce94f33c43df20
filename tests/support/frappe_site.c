/* A Frappe site's tables in a test's database (see the header). */
#include "support/frappe_site.h"

#include "support/unit.h"

#include <string.h>

#include "mmsync/frappe_ddl.h"
#include "support/dbcheck.h"

void
mms_test_make_frappe(struct mms_test_server *server)
{
	for (size_t i = 0; i < mms_frappe_n_tables(); i++) {
		MMS_AUTO(mms_str) sql = { 0 };

		mms_frappe_add_ddl(&sql, i);
		char *mark = strstr(sql.ptr, " COMMENT='" MMS_FRAPPE_COMMENT "'");
		mms_str_cut(&sql, (size_t)(mark - sql.ptr));
		mms_test_sql(server, "%s", mms_str_get(&sql));
	}
	mms_test_sql(server, "CREATE TABLE tabDocType (name varchar(140) PRIMARY KEY)");
	mms_test_sql(server, "INSERT INTO tabSingles VALUES "
			     "('System Settings', 'time_zone', 'Europe/Berlin')");
}

void
mms_test_schema_apply(struct mms_db *db, const struct mms_site *site)
{
	static const struct mms_schema_options options = { 0 };
	MMS_AUTO(mms_findings) found = { 0 };

	OK(mms_schema_apply(db, site, &options, &found, &err));
}

size_t
mms_test_schema_n_wrong(struct mms_db *db)
{
	MMS_AUTO(mms_findings) found = { 0 };

	OK(mms_schema_check(db, &found, &err));
	return found.n - mms_findings_count(&found, MMS_FINDING_OK) -
	       mms_findings_count(&found, MMS_FINDING_NOTE);
}

const struct mms_finding *
mms_test_finding(const struct mms_findings *found, const char *object)
{
	static const struct mms_finding none = { 0 };

	for (size_t i = 0; i < found->n; i++) {
		if (strcmp(found->items[i].object, object) == 0)
			return &found->items[i];
	}
	fail_msg("no finding '%s'", object);
	return &none;
}

char *
mms_test_snapshot(struct mms_test_server *server)
{
	const char *database = server->database;

	return mms_test_ask_text(
		server,
		"SELECT CONCAT((SELECT GROUP_CONCAT(table_name, '.', column_name, ' ', "
		"ordinal_position, ' ', column_type, ' ', COALESCE(column_default, '-'), ' ', "
		"is_nullable, ' ', COALESCE(collation_name, '-') ORDER BY table_name, "
		"ordinal_position SEPARATOR '\\n') FROM information_schema.columns WHERE "
		"table_schema = '%s'), '\\n', (SELECT GROUP_CONCAT(table_name, '.', "
		"index_name, "
		"' ', seq_in_index, ' ', column_name, ' ', non_unique, ' ', index_type ORDER "
		"BY "
		"table_name, index_name, seq_in_index SEPARATOR '\\n') FROM "
		"information_schema.statistics WHERE table_schema = '%s'), '\\n', (SELECT "
		"GROUP_CONCAT(table_name, ' ', engine, ' ', table_collation, ' ', row_format "
		"ORDER BY table_name SEPARATOR '\\n') FROM information_schema.tables WHERE "
		"table_schema = '%s'), '\\n', COALESCE((SELECT GROUP_CONCAT(table_name, ' ', "
		"check_clause ORDER BY table_name, check_clause SEPARATOR '\\n') FROM "
		"information_schema.check_constraints WHERE constraint_schema = '%s'), ''))",
		database, database, database, database);
}
