/* frappe: columns, settings, names from tabSeries, the installation, against a real server. */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/columns.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/schema.h"
#include "mmsync/series.h"
#include "mmsync/settings.h"
#include "mmsync/utf8.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

static struct mms_test_server server;
static struct mms_db *db;

static int
start(void **state)
{
	(void)state;
	mms_site_setup();
	return mms_test_server_start(&server, NULL);
}

static int
stop(void **state)
{
	(void)state;
	return mms_test_server_stop(&server);
}

static int
open_site(void **state)
{
	(void)state;
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	OK(mms_db_open(&db, &server.settings, &err));
	return 0;
}

static int
close_site(void **state)
{
	(void)state;
	mms_db_close(db);
	db = NULL;
	return 0;
}

/* ---- columns ------------------------------------------------------------------------------- */

static void
columns_are_those_of_the_site(void **state)
{
	static const char events[] = "tabMM Calendar Event Sync";
	struct mms_columns *columns = NULL;

	(void)state;
	mms_test_sql(&server,
		     "ALTER TABLE `tabMM Meeting Booking` ADD requires_approval int(1) "
		     "NOT NULL DEFAULT 0");
	OK(mms_columns_load(db, &columns, &err));
	assert_true(mms_columns_has_table(columns, events));
	assert_false(mms_columns_has_table(columns, "tabNothing"));
	assert_true(mms_columns_has(columns, "tabMM Meeting Booking", "requires_approval"));
	assert_false(mms_columns_has(columns, "tabMM Meeting Booking", "approval_status"));
	assert_true(mms_columns_has(columns, events, "EVENT_TITLE"));
	assert_int_equal(mms_columns_max_chars(columns, events, "event_title"), 140);
	assert_int_equal(mms_columns_max_chars(columns, events, "description"), 65535);
	assert_int_equal(mms_columns_max_chars(columns, events, "start_datetime"), 0);
	assert_int_equal(mms_columns_max_chars(columns, events, "nothing"), 0);
	assert_string_equal(mms_columns_collation(columns, events, "event_title"),
			    "utf8mb4_unicode_ci");
	assert_null(mms_columns_collation(columns, events, "start_datetime"));
	assert_true(mms_columns_has_port(columns, events, "name"));
	const struct mms_column *status = mms_columns_find(columns, events, "sync_status");
	assert_string_equal(status->type, "varchar(140)");
	assert_string_equal(status->default_text, "'Synced'");
	assert_true(status->is_nullable);
	mms_columns_free(columns);
}

static void
what_mmsync_cannot_do_without_is_named(void **state)
{
	static const struct {
		const char *damage, *part;
	} rows[] = {
		{ "ALTER TABLE `tabMM Calendar Integration` DROP COLUMN ical_url",
		  "`tabMM Calendar Integration` has no column `ical_url`" },
		{ "DROP TABLE tabSeries", "no table `tabSeries`" },
		{ "DROP TABLE `tabMM Meeting Booking Assigned User`", "neither a table" },
		{ "DROP TABLE `tabMM Calendar Event Sync`",
		  "no table `tabMM Calendar Event Sync`" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_columns *columns = NULL;

		mms_test_reset(&server);
		mms_test_make_frappe(&server);
		mms_test_sql(&server, "%s", rows[i].damage);
		FAILS(MMS_E_DB, rows[i].part, mms_columns_load(db, &columns, &err));
		assert_null(columns);
	}
	/* An older version of the app names the one user in the booking. */
	struct mms_columns *columns = NULL;
	mms_test_reset(&server);
	mms_test_make_frappe(&server);
	mms_test_sql(&server, "DROP TABLE `tabMM Meeting Booking Assigned User`; ALTER TABLE "
			      "`tabMM Meeting Booking` ADD assigned_user varchar(140)");
	OK(mms_columns_load(db, &columns, &err));
	mms_columns_free(columns);
}

/* ---- settings ------------------------------------------------------------------------------ */

static void
settings_are_read_with_frappes_defaults(void **state)
{
	MMS_AUTO(mms_settings) fresh = { 0 };
	MMS_AUTO(mms_settings) set = { 0 };
	MMS_AUTO(mms_settings) wrong = { 0 };
	int64_t wall = 0;

	(void)state;
	mms_test_sql(&server, "DELETE FROM tabSingles");
	OK(mms_settings_load(db, &fresh, &err));
	assert_string_equal(fresh.time_zone, "Asia/Kolkata");
	assert_true(fresh.is_scheduler_enabled); /* only what was switched off is off */
	mms_test_sql(&server,
		     "INSERT INTO tabSingles VALUES ('System Settings', 'time_zone', "
		     "'America/New_York'), ('System Settings', 'enable_scheduler', '0'),"
		     "('Other Settings', 'time_zone', 'UTC')");
	OK(mms_settings_load(db, &set, &err));
	assert_string_equal(set.time_zone, "America/New_York");
	assert_false(set.is_scheduler_enabled);
	OK(mms_settings_to_wall(&set, INT64_C(1767607200000), &wall, &err));
	assert_int_equal(wall, INT64_C(1767589200000000)); /* five hours behind UTC */
	mms_test_sql(&server, "UPDATE tabSingles SET value = 'Mars/Olympus'");
	OK(mms_settings_load(db, &wrong, &err));
	FAILS(MMS_E_CONFIG, "Mars/Olympus", mms_settings_to_wall(&wrong, 0, &wall, &err));
}

static void
a_persons_zone_is_theirs_else_the_sites(void **state)
{
	MMS_AUTO(mms_settings) settings = { 0 };
	struct mms_columns *columns = NULL;
	static const struct {
		const char *sql, *want;
		bool is_own;
	} rows[] = {
		{ "DO 0", "Europe/Berlin", false },
		{ "INSERT INTO tabUser (name) VALUES ('a@example.com')", "Europe/Berlin",
		  false },
		{ "UPDATE tabUser SET time_zone = ''", "Europe/Berlin", false },
		{ "UPDATE tabUser SET time_zone = 'Asia/Tokyo'", "Asia/Tokyo", true },
		{ "INSERT INTO `tabMM User Settings` (name, user, timezone) VALUES "
		  "('1', 'a@example.com', NULL)",
		  "Asia/Tokyo", true },
		{ "UPDATE `tabMM User Settings` SET timezone = 'Africa/Lagos'", "Africa/Lagos",
		  true },
	};

	(void)state;
	OK(mms_columns_load(db, &columns, &err));
	mms_db_use_columns(db, mms_columns_has_port, columns);
	OK(mms_settings_load(db, &settings, &err));
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char *zone = NULL;
		bool is_own = !rows[i].is_own;

		mms_test_sql(&server, "%s", rows[i].sql);
		OK(mms_settings_load_user_zone(db, columns, &settings, "a@example.com", &zone,
					       &is_own, &err));
		if (strcmp(zone, rows[i].want) != 0 || is_own != rows[i].is_own)
			fail_msg("row %zu: %s, own %d", i, zone, is_own);
		mms_free(zone);
	}
	mms_db_use_columns(db, NULL, NULL);
	mms_columns_free(columns);
}

static void
without_a_word_on_the_zone_only_utc_will_do(void **state)
{
	static const struct {
		const char *zone;
		bool is_set;
		mms_rc want;
	} rows[] = {
		{ "UTC", false, MMS_OK },
		{ "Etc/UTC", false, MMS_OK },
		{ "GMT", false, MMS_OK },
		{ "utc", false, MMS_OK },
		{ "Etc/Greenwich", false, MMS_OK },
		{ "Etc/Universal", false, MMS_OK },
		{ "Etc/GMT+0", false, MMS_OK },
		{ "Etc/GMT+1", false, MMS_E_CONFIG },
		{ "Africa/Abidjan", false, MMS_E_CONFIG }, /* not before 1912 */
		{ "Mars/Base", false, MMS_E_CONFIG },
		{ "Europe/Berlin", false, MMS_E_CONFIG },
		{ "Europe/London", false, MMS_E_CONFIG },
		{ "Europe/Berlin", true, MMS_OK },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_settings) settings = { .time_zone = mms_text_copy(rows[i].zone) };
		struct mms_config config = { .has_event_time_zone = rows[i].is_set };
		MMS_AUTO(mms_err) err = { 0 };

		if (mms_settings_check_zone(&settings, &config, &err) != rows[i].want)
			fail_msg("row %s", rows[i].zone);
	}
}

/* ---- series -------------------------------------------------------------------------------- */

static void
blocks_follow_each_other_and_frappes_own_numbers(void **state)
{
	int64_t first = 0;

	(void)state;
	OK(mms_series_take(db, 500, &first, &err)); /* no row yet, as on a fresh site */
	assert_int_equal(first, 1);
	OK(mms_series_take(db, 1, &first, &err));
	assert_int_equal(first, 501);
	/* What Frappe does for its next document. */
	mms_test_sql(&server, "UPDATE tabSeries SET current = current + 1 WHERE name = ''");
	OK(mms_series_take(db, 10, &first, &err));
	assert_int_equal(first, 503);
	assert_int_equal(
		mms_test_ask_i64(&server, "SELECT current FROM tabSeries WHERE name = ''"),
		512);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM tabSeries"), 1);
	FAILS(MMS_E_BUG, "a block of 0", mms_series_take(db, 0, &first, &err));
}

static void
an_exhausted_counter_is_told(void **state)
{
	int64_t first = 0;

	(void)state;
	mms_test_sql(&server, "INSERT INTO tabSeries VALUES ('', 2147483640)");
	FAILS(MMS_E_DB, "reached the end", mms_series_take(db, 100, &first, &err));
	OK(mms_series_take(db, 7, &first, &err));
	assert_int_equal(first, 2147483641);
	FAILS(MMS_E_DB, "reached the end", mms_series_take(db, 1, &first, &err));
}

enum { TAKERS = 4, BLOCKS = 40, BLOCK = 7 };

struct taker {
	pthread_t thread;
	const struct mms_db_settings *settings;
	int64_t firsts[BLOCKS];
	bool is_good;
};

static void *
take_many(void *aux)
{
	struct taker *taker = aux;
	struct mms_db *own = NULL;
	MMS_AUTO(mms_err) err = { 0 };

	taker->is_good = mms_db_open(&own, taker->settings, &err) == MMS_OK;
	for (int i = 0; taker->is_good && i < BLOCKS; i++) {
		mms_rc rc;
		while ((rc = mms_series_take(own, BLOCK, &taker->firsts[i], &err)) ==
		       MMS_E_RETRY)
			; /* a deadlock among them: another try */
		taker->is_good = rc == MMS_OK;
	}
	mms_db_close(own);
	return NULL;
}

static void
blocks_of_many_never_overlap(void **state)
{
	static struct taker takers[TAKERS];
	static bool has[TAKERS * BLOCKS * BLOCK + 1];

	(void)state;
	memset(has, 0, sizeof has);
	for (int i = 0; i < TAKERS; i++) {
		takers[i].settings = &server.settings;
		assert_int_equal(pthread_create(&takers[i].thread, NULL, take_many, &takers[i]),
				 0);
	}
	for (int i = 0; i < TAKERS; i++) {
		(void)pthread_join(takers[i].thread, NULL);
		assert_true(takers[i].is_good);
	}
	for (int i = 0; i < TAKERS * BLOCKS; i++) {
		for (int k = 0; k < BLOCK; k++) {
			int64_t n = takers[i / BLOCKS].firsts[i % BLOCKS] + k;
			assert_in_range(n, 1, TAKERS * BLOCKS * BLOCK);
			if (has[n])
				fail_msg("%d was given twice", (int)n);
			has[n] = true;
		}
	}
}

static void
a_block_in_doubt_is_thrown_away(void **state)
{
	int64_t first = 0;

	(void)state;
	if (!mms_fault_arm_text("commit-after:1000000")) {
		print_message("this build has no fault points\n");
		skip();
	}
	char fault[64];
	(void)snprintf(fault, sizeof fault, "commit-after:%lu",
		       mms_fault_count(MMS_FAULT_COMMIT_AFTER) + 1);
	assert_true(mms_fault_arm_text(fault));
	FAILS(MMS_E_RETRY, "taking names", mms_series_take(db, 10, &first, &err));
	OK(mms_series_take(db, 10, &first, &err));
	assert_int_equal(first, 11); /* 1..10 may have been given, and are nobody's */
	assert_true(mms_fault_arm_text("commit-after:1000000"));
}

static void
names_are_those_of_frappe_and_fit(void **state)
{
	static const struct {
		const char *integration;
		int64_t number;
		const char *want; /* NULL: only its length is looked at */
	} rows[] = {
		{ "MM-CI-a@example.com-0001", 2, "MM-CES-MM-CI-a@example.com-0001-0002" },
		{ "x", 9999, "MM-CES-x-9999" },
		{ "x", 10000, "MM-CES-x-10000" },
		{ "x", 2147483647, "MM-CES-x-2147483647" },
	};
	char wide[600], *name = NULL, *other = NULL;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		OK(mms_series_event_name(rows[i].integration, rows[i].number, &name, &err));
		assert_string_equal(name, rows[i].want);
		mms_free(name);
	}
	for (size_t i = 0; i < 140; i++)
		memcpy(wide + 3 * i, "\xe2\x82\xac", 4); /* 140 characters of three bytes */
	OK(mms_series_event_name(wide, 7, &name, &err));
	assert_int_equal(mms_utf8_count(name, strlen(name)), 140);
	assert_true(mms_utf8_is_valid(name, strlen(name)));
	assert_string_equal(name + strlen(name) - 5, "-0007");
	wide[3 * 139] = 'x'; /* two that begin alike keep apart */
	wide[3 * 139 + 1] = '\0';
	OK(mms_series_event_name(wide, 7, &other, &err));
	assert_string_not_equal(name, other);
	mms_free(name);
	mms_free(other);
}

/* ---- installation -------------------------------------------------------------------------- */

static void
an_installation_is_bound_once_and_known_in_a_copy(void **state)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_site) elsewhere = { 0 };
	MMS_AUTO(mms_installation) first = { 0 };
	MMS_AUTO(mms_installation) again = { 0 };
	MMS_AUTO(mms_installation) copy = { 0 };
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_test_site_make(&server, "site1", "", dir);
	mms_test_site_load(dir, &site);
	mms_test_schema_apply(db, &site);
	OK(mms_installation_load(db, &site, &first, &err));
	assert_int_equal(strlen(first.site_uuid), 36);
	assert_false(first.is_elsewhere);
	mms_test_schema_apply(db, &site);
	OK(mms_installation_load(db, &site, &again, &err));
	assert_string_equal(again.site_uuid, first.site_uuid);
	mms_test_site_make(&server, "site2", "", dir);
	mms_test_site_load(dir, &elsewhere);
	OK(mms_installation_load(db, &elsewhere, &copy, &err));
	assert_true(copy.is_elsewhere);
	assert_string_equal(copy.site_uuid, first.site_uuid);
	assert_string_equal(copy.bound_dir, site.dir);
	mms_test_sql(&server, "UPDATE mmsync_installation SET bound_database = 'other'");
	mms_installation_release(&copy);
	OK(mms_installation_load(db, &site, &copy, &err));
	assert_true(copy.is_elsewhere);
}

static void
a_moved_site_keeps_its_identity_and_a_copy_gets_its_own(void **state)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_site) elsewhere = { 0 };
	MMS_AUTO(mms_installation) first = { 0 };
	MMS_AUTO(mms_installation) moved = { 0 };
	MMS_AUTO(mms_installation) copy = { 0 };
	char dir[MMS_TEST_DIR_MAX];

	(void)state;
	mms_test_site_make(&server, "site1", "", dir);
	mms_test_site_load(dir, &site);
	mms_test_schema_apply(db, &site);
	OK(mms_installation_load(db, &site, &first, &err));
	mms_test_sql(
		&server,
		"INSERT INTO mmsync_cursor (name, provider, sync_token, lease_owner, fence) "
		"VALUES ('c', 'google', 't', 'somebody', 4); INSERT INTO mmsync_outbox "
		"(integration_id, operation, uuid, type, created_at_ms, changed_at_ms) "
		"VALUES (1, 'create', REPEAT('u', 16), 2, 0, 0); INSERT INTO "
		"mmsync_event_state (integration_id, ext_key, external_id, uuid, type, "
		"created_by_us, status, created_at_ms, changed_at_ms) VALUES (1, "
		"REPEAT('k', 16), 'e', REPEAT('u', 16), 2, 1, 3, 0, 0), (1, "
		"REPEAT('l', 16), 'f', REPEAT('v', 16), 1, 0, 3, 0, 0)");
	mms_test_site_make(&server, "site2", "", dir);
	mms_test_site_load(dir, &elsewhere);
	OK(mms_installation_adopt(db, &elsewhere, MMS_ADOPT_MOVED, 1, &err));
	OK(mms_installation_load(db, &elsewhere, &moved, &err));
	assert_false(moved.is_elsewhere);
	assert_string_equal(moved.site_uuid, first.site_uuid);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_outbox"), 1);
	OK(mms_installation_adopt(db, &site, MMS_ADOPT_COPY, 2, &err));
	OK(mms_installation_load(db, &site, &copy, &err));
	assert_false(copy.is_elsewhere);
	assert_string_not_equal(copy.site_uuid, first.site_uuid);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_outbox"), 0);
	assert_int_equal(mms_test_ask_i64(&server, "SELECT COUNT(*) FROM mmsync_event_state "
						   "WHERE created_by_us = 1"),
			 0);
	assert_int_equal(mms_test_ask_i64(&server,
					  "SELECT COUNT(*) FROM mmsync_cursor WHERE sync_token "
					  "IS NULL AND lease_owner IS NULL AND fence = 5"),
			 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_site, close_site)
		TEST(columns_are_those_of_the_site),
		TEST(what_mmsync_cannot_do_without_is_named),
		TEST(settings_are_read_with_frappes_defaults),
		TEST(a_persons_zone_is_theirs_else_the_sites),
		TEST(without_a_word_on_the_zone_only_utc_will_do),
		TEST(blocks_follow_each_other_and_frappes_own_numbers),
		TEST(an_exhausted_counter_is_told),
		TEST(blocks_of_many_never_overlap),
		TEST(a_block_in_doubt_is_thrown_away),
		TEST(names_are_those_of_frappe_and_fit),
		TEST(an_installation_is_bound_once_and_known_in_a_copy),
		TEST(a_moved_site_keeps_its_identity_and_a_copy_gets_its_own),
#undef TEST
	};

	return cmocka_run_group_tests(tests, start, stop);
}
