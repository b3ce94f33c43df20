/* Consistency rules that no statement answers, and what the program tells of them all. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/flaw_site.h"
#include "support/frappe_site.h"

static struct flaw_site site;

static int
start(void **state)
{
	(void)state;
	return flaw_site_start(&site);
}

static int
stop(void **state)
{
	(void)state;
	return flaw_site_stop(&site);
}

static int
clean(void **state)
{
	(void)state;
	flaw_site_clean(&site);
	return 0;
}

/* ---- rules that are no statement's ----------------------------------------------------------------- */

static void
expect_all(const char *want)
{
	const struct mms_flaw_choice all = { 0 };

	flaw_site_expect(&site, "all of the site", &all, want);
}

static void
tokens_of_another_key_are_found(void **state)
{
	static char key[] = "dGhlIHN0b3JpZXMgc2lnbmFuZCBlbmNyeXB0Li4uLi4=";
	const struct mms_flaw_choice bobs = { .user = "bob@example.com" };
	const struct mms_flaw_choice anns = { .user = "ann@example.com" };
	char *own = site.site.encryption_key;

	(void)state;
	site.site.encryption_key = key;
	mms_test_sql(&site.store.server,
		     "INSERT INTO __Auth (doctype, name, fieldname, password, encrypted) VALUES"
		     " ('MM Calendar Integration', 'bobs', 'refresh_token', 'not ours', 1);"
		     " UPDATE " FLAW_CALENDAR
		     " SET refresh_token = '********' WHERE name = 'bobs'");
	expect_all("tokens_unreadable bobs bobs none\n");
	flaw_site_expect(&site, "bob", &bobs, "tokens_unreadable bobs bobs none\n");
	flaw_site_expect(&site, "ann", &anns, "");
	mms_test_sql(&site.store.server,
		     "UPDATE " FLAW_CALENDAR " SET is_active = 0 WHERE name = 'bobs'");
	expect_all("");
	site.site.encryption_key = own;
}

static void
a_series_beyond_the_window_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++)
		mms_test_sql(
			&site.store.server,
			ADD_EVENT(
				"MM-CES-bobs-%d", "%d",
				", start_datetime = '2026-09-01' + INTERVAL %d DAY,"
				" end_datetime = '2026-09-02' + INTERVAL %d DAY") ";" ADD_STATE("MM-CES-bobs-%d",
												"C%d",
												", ext_key = LEFT(UNHEX(SHA2("
												"'id-%d', 256)), 16), external_id = 'id-%d', series_id"
												" = 's', ical_uid = NULL"),
			1000 + i, i, i, i, 1000 + i, i, i, i, i, i);
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 2000");
	expect_all("series_beyond_window MM-CES-bobs-1000 bobs none\n");
	mms_test_sql(&site.store.server,
		     "UPDATE " FLAW_STATES " SET series_id = NULL LIMIT 1000;"
		     " UPDATE " FLAW_STATES " SET series_id = 's' WHERE row_name"
		     " LIKE '%%-100_' AND row_name <> 'MM-CES-bobs-1003'");
	expect_all("");
}

static void
what_a_migrate_took_away_is_found(void **state)
{
	MMS_AUTO(mms_str) is = { 0 };
	const struct mms_flaw_choice cheap = { .only_cheap = true };

	(void)state;
	mms_test_sql(&site.store.server,
		     "ALTER TABLE " FLAW_CALENDAR " DROP INDEX user_is_active_index");
	flaw_site_find(&site, &cheap, &is);
	mms_test_schema_apply(site.store.db, &site.site);
	assert_non_null(strstr(mms_str_get(&is), "schema_lost "));
	assert_non_null(strstr(mms_str_get(&is), "user_is_active_index"));
	assert_non_null(strstr(mms_str_get(&is), " - apply_schema\n"));
	assert_ptr_equal(strchr(mms_str_get(&is), '\n'), mms_str_get(&is) + is.len - 1);
	expect_all("");
}

/* A choice of tables, and of what is cheap, leaves out the others. */
static void
only_what_is_asked_for_is_looked_at(void **state)
{
	static const char *const events[] = { "MM Calendar Event Sync" };
	const struct mms_flaw_choice of_events = { .tables = events, .n_tables = 1 };
	const struct mms_flaw_choice cheap = { .only_cheap = true };

	(void)state;
	mms_test_sql(&site.store.server,
		     ADD_EVENT("MM-CES-bobs-0005", "5",
			       "") "; UPDATE " FLAW_BLOCKS " SET sent_print"
				   " = NULL; INSERT INTO mmsync_outbox (id, integration_id, "
				   "operation, uuid,"
				   " type, created_at_ms, changed_at_ms) VALUES (7, 3, "
				   "'update', " FLAW_UUID("77") ", 2, 1, 1)");
	flaw_site_expect(&site, "events", &of_events,
			 "event_without_state MM-CES-bobs-0005 bobs read_calendar\n");
	flaw_site_expect(&site, "cheap", &cheap,
			 "outbox_orphaned " FLAW_NAME_OF("77") " bobs drop_entry\n");
}

/* Facts that are others have another digest; the same ones the same. */
static mms_rc
keep_print(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	(void)err;
	memcpy(aux, flaw->mend.print, sizeof flaw->mend.print);
	return MMS_OK;
}

static void
the_digest_of_a_flaw_follows_its_facts(void **state)
{
	const struct mms_flaw_choice all = { 0 };
	unsigned char first[MMS_PRINT_BYTES] = { 0 }, again[MMS_PRINT_BYTES] = { 0 };

	(void)state;
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 2");
	OK(mms_flaws_find(&site.env, &all, keep_print, first, &err));
	OK(mms_flaws_find(&site.env, &all, keep_print, again, &err));
	assert_memory_equal(first, again, sizeof first);
	mms_test_sql(&site.store.server, "UPDATE tabSeries SET current = 1");
	OK(mms_flaws_find(&site.env, &all, keep_print, again, &err));
	assert_memory_not_equal(first, again, sizeof first);
}

/* ---- the program ----------------------------------------------------------------------------------- */

static int
run_audit(struct mms_test_run *run, const char *const *args)
{
	static const char *const env[] = { "MMSYNC_NOW=2026-03-01T09:00:00Z", NULL };
	const char *all[12] = { "--site", site.dir, "audit" };

	for (size_t i = 0; args[i] != NULL; i++)
		all[3 + i] = args[i];
	return mms_test_program(run, env, all);
}

static const struct {
	const char *args[8];
	int status;
	const char *want, *not ;
} told[] = {
	{ { "--format=ndjson", NULL },
	  1,
	  "{\"doctype\":null,\"name\":\"" B1 "\",\"severity\":\"error\",\"rule\":"
	  "\"busy_block_unsent\",\"message\":\"This busy block should say something"
	  " else, or go, and nothing in the outbox does it.\",\"repair\":\"it is put"
	  " into the outbox\",\"remedy\":\"send_event\",\"table\":"
	  "\"mmsync_busy_block\",\"integration\":\"home\"}\n",
	  NULL },
	{ { "--format=ndjson", NULL },
	  1,
	  "\"counts\":{\"busy_block_unsent\":2,\"event_without_state\":1},"
	  "\"consistency\":true}\n",
	  NULL },
	{ { NULL },
	  1,
	  "\nbusy_block_unsent              2\nevent_without_state"
	  "            1\n\nMM Calendar Integration  3 checked\n",
	  NULL },
	{ { NULL }, 1, "nothing in the outbox does it. [home]\n", NULL },
	{ { "--doctype", "MM Calendar Event Sync", NULL },
	  1,
	  "event_without_state",
	  "busy_block_unsent" },
	{ { "--doctype", "MM Calendar Integration", NULL },
	  0,
	  "0 errors, 0 warnings",
	  "event_without_state" },
	{ { "--event", FLAW_EVENT, NULL }, 1, "1 error, 0 warnings", "event_without_state" },
	{ { "--event", FLAW_EVENT, NULL },
	  1,
	  "MM Calendar Event Sync   1 checked",
	  "MM Meeting Booking" },
	{ { "--event", FLAW_EVENT, "--doctype", "MM Meeting Booking", NULL },
	  0,
	  "0 errors, 0 warnings",
	  "busy_block_unsent" },
	{ { "--event", "MM-CES-bobs-0005", NULL },
	  1,
	  "event_without_state",
	  "busy_block_unsent" },
	{ { "--user", "bob@example.com", NULL },
	  1,
	  "event_without_state",
	  "busy_block_unsent" },
	{ { "--integration", "home", NULL }, 1, "busy_block_unsent", "event_without_state" },
	{ { "--event", "MM-CES-bobs-0006", NULL },
	  2,
	  "did you mean 'MM-CES-bobs-0005'?",
	  "SEVERITY" },
};

static void
audit_tells_them_and_needs_no_right_but_to_read(void **state)
{
	MMS_AUTO(mms_test_run) run = { 0 };
	const char *database = site.store.server.database;

	(void)state;
	mms_test_sql(&site.store.server,
		     "REVOKE ALL PRIVILEGES ON `%s`.* FROM '%s'@'%%'; GRANT SELECT ON `%s`.* TO"
		     " '%s'@'%%'",
		     database, database, database, database);
	mms_test_sql(&site.store.server,
		     ADD_EVENT("MM-CES-bobs-0005", "5", "") "; UPDATE " FLAW_BLOCKS
							    " SET sent_print = NULL");
	for (size_t i = 0; i < MMS_COUNT(told); i++) {
		int status = run_audit(&run, told[i].args);
		if (status != told[i].status ||
		    (strstr(run.out, told[i].want) == NULL &&
		     strstr(run.err, told[i].want) == NULL) ||
		    (told[i].not != NULL && strstr(run.out, told[i].not ) != NULL))
			fail_msg("row %zu: status %d\n%s%s", i, status, run.out, run.err);
	}
	mms_test_sql(&site.store.server, "GRANT ALL PRIVILEGES ON `%s`.* TO '%s'@'%%'",
		     database, database);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tokens_of_another_key_are_found, clean),
		cmocka_unit_test_setup(a_series_beyond_the_window_is_found, clean),
		cmocka_unit_test_setup(what_a_migrate_took_away_is_found, clean),
		cmocka_unit_test_setup(only_what_is_asked_for_is_looked_at, clean),
		cmocka_unit_test_setup(the_digest_of_a_flaw_follows_its_facts, clean),
		cmocka_unit_test_setup(audit_tells_them_and_needs_no_right_but_to_read, clean),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
