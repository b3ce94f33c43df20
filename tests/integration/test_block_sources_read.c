/* What is read of the events that busy blocks come from. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/blocks.h"
#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/numbered.h"

static struct store_site site;
static const uint64_t anns[] = { 1, 2 };
static const struct mms_block_person ann = { anns, MMS_COUNT(anns) };

static int
start(void **state)
{
	(void)state;
	return store_site_start(&site);
}

static int
stop(void **state)
{
	(void)state;
	return store_site_stop(&site);
}

static int
clean(void **state)
{
	(void)state;
	numbered_clean(&site);
	return 0;
}

/* ---- answers as text ----------------------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The same, in any order. */
static void
expect_lines(const char *label, const char *want, struct mms_str *is)
{
	MMS_AUTO(mms_str) sorted = { 0 };
	char *lines[64];
	size_t n = 0;

	for (char *line = strtok(is->ptr, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		assert_true(n < MMS_COUNT(lines));
		lines[n++] = line;
	}
	qsort(lines, n, sizeof *lines, by_text);
	for (size_t i = 0; i < n; i++)
		mms_str_addf(&sorted, "%s\n", lines[i]);
	if (strcmp(mms_str_get(&sorted), want) != 0)
		fail_msg("%s: is\n%swant\n%s", label, mms_str_get(&sorted), want);
}

static void
expect_sources(const char *label, const char *want, const struct mms_block_sources *sources)
{
	MMS_AUTO(mms_str) is = { 0 };

	for (size_t i = 0; i < sources->n; i++) {
		const struct mms_block_source *s = &sources->items[i];

		mms_str_addf(&is, "%u in %" PRIu64 "%s%s%s %s%s due %" PRId64 "\n",
			     number_of(s->uuid), s->cursor_id, s->has_state ? "" : " unknown",
			     s->is_deleted ? " deleted" : "",
			     s->type == MMS_STATE_BOOKING ? " booking" : "",
			     s->status == MMS_ROW_OTHER ? "no row"
							: mms_row_status_name(s->status),
			     s->is_blocking ? " blocks" : "", s->due);
	}
	expect_lines(label, want, &is);
}

/* ---- events ---------------------------------------------------------------------------------------- */

static void
calendars_with_something_due_are_told_once(void **state)
{
	uint64_t *ids = NULL;
	size_t n = 9;

	(void)state;
	OK(mms_block_dues_waiting(site.db, &ids, &n, &err));
	assert_int_equal(n, 0);
	mms_free(ids);
	add_event(&site, 1, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 1, "Synced", 1, "2026-03-01 10:00", 4);
	add_event(&site, 3, 1, "Synced", 1, "2026-03-01 10:00", 1);
	OK(mms_block_dues_waiting(site.db, &ids, &n, &err));
	assert_int_equal(n, 2);
	assert_true(ids[0] == 1 && ids[1] == 3);
	mms_free(ids);
}

static void
every_field_of_an_event_is_read(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };
	struct numbers one = NUMBERS(5);

	(void)state;
	add_event(&site, 5, 2, "Pending Sync", 1, "2026-03-01 10:00:00.25", 3);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET flags = 3, series_id = 's', ical_uid ="
		     " 'uid@example.com', booking = 'old', type = 2;"
		     "UPDATE " EVENTS " SET event_type = 'All-Day Event', meeting_booking ="
		     " 'B-1'");
	OK(mms_block_sources_find(site.db, FIXED(one), one.n, &sources, &err));
	OK(mms_block_sources_due(site.db, &ann, 100, &sources, &err));
	OK(mms_block_sources_all(site.db, &ann, wall("2026-01-01"), &sources, &err));
	OK(mms_block_sources_at(site.db, &ann, &sources.items[0].start_us, 1, &sources, &err));
	assert_int_equal(sources.n, 4);
	for (size_t i = 0; i < sources.n; i++) {
		const struct mms_block_source *s = &sources.items[i];

		assert_int_equal(s->cursor_id, 2);
		assert_int_equal(number_of(s->uuid), 5);
		assert_int_equal(s->type, MMS_STATE_BOOKING);
		assert_int_equal(s->flags, MMS_STATE_NO_SOURCE | MMS_STATE_PRIVATE);
		assert_true(s->is_instance && s->has_state && !s->is_deleted);
		assert_int_equal(s->status, MMS_ROW_PENDING);
		assert_true(s->is_blocking && s->is_all_day);
		assert_true(s->start_us == wall("2026-03-01 10:00:00.25"));
		assert_true(s->end_us == wall("2026-03-01 11:00:00.25"));
		assert_string_equal(s->title, "Title 5");
		assert_string_equal(s->organizer, "bob@example.com");
		assert_string_equal(s->ical_uid, "uid@example.com");
		assert_string_equal(s->booking, "B-1");
		assert_string_equal(s->external_id, "id-5");
		assert_int_equal(s->due, 3);
		assert_memory_equal(s->key, sources.items[0].key, sizeof s->key);
	}
	assert_int_equal(
		mms_test_ask_i64(&site.server, "SELECT ext_key = " KEY_OF(
						       "'id-5'") " FROM mmsync_event_state"),
		1);
	mms_test_sql(&site.server, "UPDATE " EVENTS " SET meeting_booking = ''");
	OK(mms_block_sources_find(site.db, FIXED(one), one.n, &sources, &err));
	assert_string_equal(sources.items[4].booking, "old");
}

/* What is due, in whatever state, comes out: else it could not be planned away. */
static void
what_is_due_comes_out_whatever_became_of_it(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };
	MMS_AUTO(mms_block_sources) few = { 0 };
	MMS_AUTO(mms_block_sources) none = { 0 };

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 2, "Synced", 0, "2026-03-01 10:00", 2);
	add_event(&site, 3, 3, "Synced", 1, "2026-03-01 10:00", 1); /* somebody else's */
	add_event(&site, 4, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 5, 1, "Deleted Externally", 1, "2026-03-01 10:00", 1);
	add_event(&site, 6, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 7, 1, "Sync Failed", 1, "2026-03-01 10:00", 1);
	add_event(&site, 8, 1, "Synced", 1, "2026-03-01 10:00", 0); /* not due */
	add_event(&site, 9, 1, "Synced", 1, "2026-03-01 10:00", 1);
	mms_test_sql(&site.server,
		     "DELETE FROM " EVENTS " WHERE name = 'row-4';"
		     "UPDATE mmsync_event_state SET status = 5 WHERE row_name = 'row-5';"
		     "DELETE FROM mmsync_event_state WHERE row_name = 'row-6';"
		     "UPDATE mmsync_event_state SET type = 3 WHERE row_name = 'row-9'");
	OK(mms_block_sources_due(site.db, &ann, 100, &sources, &err));
	expect_sources("due",
		       "0 in 1 unknown no row due 1\n" /* 6, and the block */
		       "0 in 1 unknown no row due 1\n"
		       "1 in 1 Synced blocks due 1\n"
		       "2 in 2 Synced due 2\n"
		       "4 in 1 no row due 1\n"
		       "5 in 1 deleted Deleted Externally blocks due 1\n"
		       "7 in 1 Sync Failed blocks due 1\n",
		       &sources);
	OK(mms_block_sources_due(site.db, &ann, 3, &few, &err));
	assert_int_equal(few.n, 3);
	OK(mms_block_sources_due(site.db, &(struct mms_block_person){ 0 }, 3, &none, &err));
	assert_int_equal(none.n, 0);
}

static void
a_row_renamed_in_frappe_is_still_its_events(void **state)
{
	static const char *const ids[] = {
		"'id-1'",
		/* as the row holds an id that is too long for it */
		"CONCAT('sha256:', LOWER(SHA2(REPEAT('long ', 400), 256)))",
	};
	struct numbers one = NUMBERS(1);

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 2, "Synced", 0, "2026-03-01 10:00", 0);
	for (size_t i = 0; i < MMS_COUNT(ids); i++) {
		MMS_AUTO(mms_block_sources) sources = { 0 };

		mms_test_sql(&site.server,
			     "UPDATE " EVENTS " SET name = 'other', external_event_id = %s"
			     " WHERE calendar_integration = 'cal1'",
			     ids[i]);
		mms_test_sql(&site.server,
			     "UPDATE mmsync_event_state SET ext_key = LEFT(UNHEX(SHA2(%s,"
			     " 256)), 16)%s WHERE uuid = " UUID("1"),
			     ids[i], i == 0 ? "" : ", external_id = REPEAT('long ', 400)");
		OK(mms_block_sources_find(site.db, FIXED(one), 1, &sources, &err));
		assert_int_equal(sources.n, 1);
		assert_string_equal(sources.items[0].title, "Title 1");
		OK(mms_block_sources_all(site.db, &ann, wall("2026-01-01"), &sources, &err));
		assert_int_equal(sources.n, 2);
	}
}

static void
all_that_may_be_busy_are_read(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 2, "Pending Sync", 1, "2026-03-01 10:00", 0);
	add_event(&site, 3, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 4, 1, "Sync Failed", 0, "2026-03-01 10:00", 0);
	add_event(&site, 5, 1, "Synced", 0, "2026-03-01 10:00", 0);
	add_event(&site, 6, 1, "Deleted Externally", 1, "2026-03-01 10:00", 1);
	add_event(&site, 7, 1, "Synced", 1, "2026-03-01 08:00",
		  1); /* ends as the window begins */
	add_event(&site, 8, 1, "Synced", 1, "2026-03-01 08:00:01", 0);
	add_event(&site, 9, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_event(&site, 10, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_event(&site, 11, 1, "Synced", 1, "2026-03-01 10:00", 0);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET type = 3 WHERE row_name = 'row-9';"
		     "UPDATE mmsync_event_state SET type = 2 WHERE row_name = 'row-10';"
		     "UPDATE mmsync_event_state SET status = 5 WHERE row_name = 'row-11'");
	OK(mms_block_sources_all(site.db, &ann, wall("2026-03-01 09:00:00"), &sources, &err));
	expect_sources("all",
		       "1 in 1 Synced blocks due 1\n"
		       "10 in 1 booking Synced blocks due 0\n"
		       "2 in 2 Pending Sync blocks due 0\n"
		       "4 in 1 Sync Failed due 0\n"
		       "8 in 1 Synced blocks due 0\n",
		       &sources);
}

static void
events_are_found_by_uuid(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };
	struct numbers some = NUMBERS(1, 3, 4, 5, 3);

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 3, 3, "Deleted Externally", 1, "2026-03-01 10:00", 0);
	add_event(&site, 4, 1, "Synced", 1, "2026-03-01 10:00", 1);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET type = 3 WHERE row_name = 'row-4'");
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_block_sources_find(site.db, FIXED(some), 0, &sources, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 0);
	OK(mms_block_sources_find(site.db, FIXED(some), some.n, &sources, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	expect_sources("found",
		       "1 in 1 Synced blocks due 1\n"
		       "3 in 3 Deleted Externally blocks due 0\n",
		       &sources);
}

static void
events_are_found_by_their_start(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };
	const int64_t starts[] = { wall("2026-03-01 10:00:00"), wall("2026-03-01 12:00:00.5"),
				   wall("2026-03-01 10:00:00"), wall("2026-03-02") };

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 2, 2, "Pending Sync", 1, "2026-03-01 10:00", 0);
	add_event(&site, 3, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(&site, 4, 1, "Synced", 0, "2026-03-01 10:00", 0);
	add_event(&site, 5, 1, "Deleted Externally", 1, "2026-03-01 10:00", 0);
	add_event(&site, 6, 1, "Synced", 1, "2026-03-01 11:00", 0);
	add_event(&site, 7, 1, "Sync Failed", 1, "2026-03-01 12:00:00.5", 0);
	add_event(&site, 8, 1, "Synced", 1, "2026-03-01 12:00", 0);
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_block_sources_at(site.db, &ann, starts, 0, &sources, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 0);
	OK(mms_block_sources_at(site.db, &ann, starts, MMS_COUNT(starts), &sources, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	expect_sources("at",
		       "1 in 1 Synced blocks due 1\n"
		       "2 in 2 Pending Sync blocks due 0\n"
		       "7 in 1 Sync Failed blocks due 0\n",
		       &sources);
}

static void
events_are_found_by_their_start_without_the_index(void **state)
{
	MMS_AUTO(mms_block_sources) sources = { 0 };
	const int64_t begins = wall("2026-03-01 10:00:00");

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 0);
	mms_test_sql(&site.server, "ALTER TABLE " EVENTS " RENAME INDEX"
				   " calendar_integration_availability_index TO other");
	OK(mms_block_sources_at(site.db, &ann, &begins, 1, &sources, &err));
	mms_test_sql(&site.server, "ALTER TABLE " EVENTS " RENAME INDEX other TO"
				   " calendar_integration_availability_index");
	assert_int_equal(sources.n, 1);
}

static void
pairs_are_read_of_their_first(void **state)
{
	MMS_AUTO(mms_block_twins) twins = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	struct numbers some = NUMBERS(1, 2, 4);

	(void)state;
	mms_test_sql(
		&site.server,
		"INSERT INTO mmsync_same_meeting VALUES (" UUID("1") ", " UUID("3") "), (" UUID("3") ", " UUID("1") "), (" UUID(
			"2") ", " UUID("1") "), (" UUID("2") ", " UUID("3") "), (" UUID("5") ","
											     " " UUID(
												     "2") ")");
	OK(mms_block_twins_find(site.db, FIXED(some), some.n, &twins, &err));
	for (size_t i = 0; i < twins.n; i++)
		mms_str_addf(&is, "%u %u\n", number_of(twins.items[i].uuid),
			     number_of(twins.items[i].twin));
	expect_lines("pairs", "1 3\n2 1\n2 3\n", &is);
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

#define GOOGLE "google.com"

/* ---- what comes back in another calendar --------------------------------------------------------- */

/* Flags and booking of event 1 with this iCalUID, in each way it is read. */
static void
expect_copy(const char *label, const char *uid, unsigned flags, const char *booking)
{
	struct numbers one = NUMBERS(1);
	const int64_t start = wall("2026-03-01 10:00:00");
	MMS_AUTO(mms_block_sources) sources = { 0 };

	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET ical_uid = NULLIF('%s', '') WHERE uuid ="
		     " " UUID("1"),
		     uid);
	OK(mms_block_sources_find(site.db, FIXED(one), 1, &sources, &err));
	OK(mms_block_sources_due(site.db, &ann, 9, &sources, &err));
	OK(mms_block_sources_all(site.db, &ann, wall("2026-01-01"), &sources, &err));
	OK(mms_block_sources_at(site.db, &ann, &start, 1, &sources, &err));
	assert_int_equal(sources.n, 4);
	for (size_t i = 0; i < sources.n; i++) {
		const struct mms_block_source *s = &sources.items[i];
		const char *is = s->booking != NULL ? s->booking : "";

		if (s->flags != flags || strcmp(is, booking) != 0)
			fail_msg("%s, way %zu: flags %u, booking '%s'", label, i, s->flags, is);
	}
}

/* Of whomever the block is, whatever became of it, and whenever its service told what it is called. */
static void
what_has_the_uid_of_a_block_is_no_source(void **state)
{
	static const struct {
		const char *label, *uid;
		unsigned flags;
		const char *booking;
	} cases[] = {
		{ "none", "", MMS_STATE_PRIVATE, "" },
		{ "anybody's", "a@example.com", MMS_STATE_PRIVATE, "" },
		{ "of a block's id, at Google", "000000000000000000000000000000c8@" GOOGLE,
		  MMS_STATE_PRIVATE | MMS_STATE_NO_SOURCE, "" },
		{ "of another domain", "000000000000000000000000000000c8@example.com",
		  MMS_STATE_PRIVATE, "" },
		{ "of such an id that nobody knows", "000000000000000000000000000000ff@" GOOGLE,
		  MMS_STATE_PRIVATE, "" },
		{ "of no UUID", "zz0000000000000000000000000000c8@" GOOGLE, MMS_STATE_PRIVATE,
		  "" },
		{ "as the service told it", "040000008200E0", 3, "" },
		{ "as a feed spells it", "040000008200e0", 3, "" },
		{ "of a booking's id, at Google", "000000000000000000000000000000cb@" GOOGLE,
		  MMS_STATE_PRIVATE, "B1" },
		{ "of a user's event's id", "000000000000000000000000000000cc@" GOOGLE,
		  MMS_STATE_PRIVATE, "" },
	};

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	/* in the calendar of somebody else; dead; live; a booking's */
	add_block(&site, (struct block_row){ 200, 3, 1, 1, 5, 2 });
	add_block(&site, (struct block_row){ 201, 2, 1, 1, 3, 0 });
	add_block(&site, (struct block_row){ 202, 2, 1, 1, 1, 0 }); /* not told yet */
	add_event(&site, 203, 3, "Synced", 1, "2026-03-01 10:00", 0);
	add_event(&site, 204, 3, "Synced", 1, "2026-03-01 10:00", 0);
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_event_state SET flags = 2 WHERE uuid = " UUID(
			"1") ";"
			     "UPDATE mmsync_event_state SET type = 2, booking = 'B1' WHERE "
			     "uuid ="
			     " " UUID("203") ";"
					     "UPDATE mmsync_busy_block SET uid_key = "
					     "LEFT(UNHEX(SHA2("
					     "'040000008200E0', 256)), 16) WHERE uuid = " UUID(
						     "201"));
	for (size_t i = 0; i < MMS_COUNT(cases); i++)
		expect_copy(cases[i].label, cases[i].uid, cases[i].flags, cases[i].booking);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(calendars_with_something_due_are_told_once),
		TEST(every_field_of_an_event_is_read),
		TEST(what_is_due_comes_out_whatever_became_of_it),
		TEST(a_row_renamed_in_frappe_is_still_its_events),
		TEST(all_that_may_be_busy_are_read),
		TEST(what_has_the_uid_of_a_block_is_no_source),
		TEST(events_are_found_by_uuid),
		TEST(events_are_found_by_their_start),
		TEST(events_are_found_by_their_start_without_the_index),
		TEST(pairs_are_read_of_their_first),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
