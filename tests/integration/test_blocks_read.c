/* What is read of busy blocks and of the events that they come from. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/blocks.h"
#include "mmsync/mem.h"
#include "support/dbcheck.h"
#include "support/store_site.h"

/* UUIDs and keys of the tests are numbers. */
#define UUID(n) "UNHEX(LPAD(HEX(" n "), 32, '0'))"
#define ADD_STATE                                                                     \
	"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid," \
	" row_name, type, status, created_at_ms, changed_at_ms"
#define KEY_OF(id) "LEFT(UNHEX(SHA2(" id ", 256)), 16)"
#define ADD_ROW                                                                  \
	"INSERT INTO " EVENTS " (name, calendar_integration, external_event_id," \
	" sync_status, is_blocking_availability, start_datetime, end_datetime,"  \
	" event_type, event_title, organizer_email"

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
	store_site_clean(&site);
	mms_test_sql(&site.server,
		     "DELETE FROM mmsync_busy_block; DELETE FROM mmsync_block_due;"
		     "DELETE FROM mmsync_same_meeting;"
		     "INSERT INTO mmsync_cursor (id, name, provider, blocks_no) VALUES"
		     " (1, 'cal1', 'google', 7), (2, 'cal2', 'google', 0),"
		     " (3, 'cal3', 'ical', 0)");
	return 0;
}

static void
make_uuid(unsigned number, unsigned char out[16])
{
	memset(out, 0, 16);
	out[14] = (unsigned char)(number >> 8);
	out[15] = (unsigned char)number;
}

static unsigned
number_of(const unsigned char uuid[16])
{
	unsigned char made[16];
	unsigned number = (unsigned)uuid[14] << 8 | uuid[15];

	make_uuid(number, made);
	assert_memory_equal(made, uuid, sizeof made);
	return number;
}

/* C knows no way from arrays to constant ones. */
#define FIXED(list) ((const unsigned char(*)[16])(list).uuids)

/* Up to 8 UUIDs. */
struct numbers {
	unsigned char uuids[8][16];
	size_t n;
};

static struct numbers
make_uuids(const unsigned *numbers, size_t n)
{
	struct numbers made = { .n = n };

	for (size_t i = 0; i < n; i++)
		make_uuid(numbers[i], made.uuids[i]);
	return made;
}
#define NUMBERS(...)                                  \
	make_uuids((const unsigned[]){ __VA_ARGS__ }, \
		   sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

/*
 * Event `number` of calendar `cal`: its id is id-NUMBER, its row row-NUMBER. It is an hour long,
 * and is due if `version` is not 0.
 */
static void
add_event(unsigned number, unsigned cal, const char *status, int is_blocking,
	  const char *begins, int version)
{
	mms_test_sql(&site.server,
		     ADD_ROW ") VALUES ('row-%u', 'cal%u', 'id-%u', '%s', %d, '%s',"
			     " '%s' + INTERVAL 1 HOUR, 'External Event', 'Title %u',"
			     " 'bob@example.com')",
		     number, cal, number, status, is_blocking, begins, begins, number);
	mms_test_sql(&site.server,
		     ADD_STATE ") VALUES (%u, " KEY_OF("'id-%u'") ", 'id-%u', " UUID(
			     "%u") ", 'row-%u', 1, 3, %u, 0)",
		     cal, number, number, number, number, number);
	if (version > 0)
		mms_test_sql(&site.server,
			     "INSERT INTO mmsync_block_due SELECT integration_id, ext_key, %d"
			     " FROM mmsync_event_state WHERE uuid = " UUID("%u"),
			     version, number);
}

/* A block whose UUID and key are its number, made of an event, at ms 1000 * (that event's number). */
static void
add_block(unsigned number, unsigned cal, unsigned source, unsigned source_cal, int status,
	  int removed_by)
{
	mms_test_sql(&site.server,
		     ADD_STATE
		     ", source_uuid, removed_by) VALUES (%u, " UUID("%u") ", 'block-%u', " UUID(
			     "%u") ", NULL, 3, %d, %u, 0, " UUID("%u") ", %d)",
		     cal, number, number, number, status, 10000 - number, source, removed_by);
	mms_test_sql(
		&site.server,
		"INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid,"
		" source_id, start_ms, end_ms, title, print, planned_run, planned_ms)"
		" VALUES (" UUID("%u") ", %u, " UUID("%u") ", %u, %u000, %u500, 'Busy', " UUID(
			"77") ", " UUID("%u") ", %u)",
		number, cal, source, source_cal, source, source, number, number);
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

static void
expect_blocks(const char *label, const char *want, const struct mms_blocks *blocks)
{
	MMS_AUTO(mms_str) is = { 0 };

	for (size_t i = 0; i < blocks->n; i++)
		mms_str_addf(&is, "%s%u", i > 0 ? " " : "", number_of(blocks->items[i].uuid));
	if (strcmp(mms_str_get(&is), want) != 0)
		fail_msg("%s: is %s, not %s", label, mms_str_get(&is), want);
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
	add_event(1, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 1, "Synced", 1, "2026-03-01 10:00", 4);
	add_event(3, 1, "Synced", 1, "2026-03-01 10:00", 1);
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
	add_event(5, 2, "Pending Sync", 1, "2026-03-01 10:00:00.25", 3);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 2, "Synced", 0, "2026-03-01 10:00", 2);
	add_event(3, 3, "Synced", 1, "2026-03-01 10:00", 1); /* somebody else's */
	add_event(4, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(5, 1, "Deleted Externally", 1, "2026-03-01 10:00", 1);
	add_event(6, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(7, 1, "Sync Failed", 1, "2026-03-01 10:00", 1);
	add_event(8, 1, "Synced", 1, "2026-03-01 10:00", 0); /* not due */
	add_event(9, 1, "Synced", 1, "2026-03-01 10:00", 1);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 2, "Synced", 0, "2026-03-01 10:00", 0);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 2, "Pending Sync", 1, "2026-03-01 10:00", 0);
	add_event(3, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(4, 1, "Sync Failed", 0, "2026-03-01 10:00", 0);
	add_event(5, 1, "Synced", 0, "2026-03-01 10:00", 0);
	add_event(6, 1, "Deleted Externally", 1, "2026-03-01 10:00", 1);
	add_event(7, 1, "Synced", 1, "2026-03-01 08:00", 1); /* ends as the window begins */
	add_event(8, 1, "Synced", 1, "2026-03-01 08:00:01", 0);
	add_event(9, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_event(10, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_event(11, 1, "Synced", 1, "2026-03-01 10:00", 0);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(3, 3, "Deleted Externally", 1, "2026-03-01 10:00", 0);
	add_event(4, 1, "Synced", 1, "2026-03-01 10:00", 1);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(2, 2, "Pending Sync", 1, "2026-03-01 10:00", 0);
	add_event(3, 3, "Synced", 1, "2026-03-01 10:00", 1);
	add_event(4, 1, "Synced", 0, "2026-03-01 10:00", 0);
	add_event(5, 1, "Deleted Externally", 1, "2026-03-01 10:00", 0);
	add_event(6, 1, "Synced", 1, "2026-03-01 11:00", 0);
	add_event(7, 1, "Sync Failed", 1, "2026-03-01 12:00:00.5", 0);
	add_event(8, 1, "Synced", 1, "2026-03-01 12:00", 0);
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
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 0);
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

/* ---- blocks ------------------------------------------------------------------------------------------ */

static void
every_field_of_a_block_is_read(void **state)
{
	MMS_AUTO(mms_blocks) blocks = { 0 };
	struct numbers one = NUMBERS(7);
	unsigned char sent[16], shown[16];

	(void)state;
	add_block(7, 2, 1, 1, 2, 1);
	OK(mms_blocks_find(site.db, FIXED(one), 1, &blocks, &err));
	const struct mms_block *b = &blocks.items[0];
	assert_null(b->calendar_id);
	assert_null(b->version);
	make_uuid(0, sent);
	assert_memory_equal(b->sent_print, sent, sizeof sent);
	assert_memory_equal(b->outside_print, sent, sizeof sent);
	mms_blocks_release(&blocks);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_event_state SET external_version = 'etag';"
		     "UPDATE mmsync_busy_block SET sent_print = " UUID(
			     "8") ", outside_print = " UUID("9") ", put_backs = 1, rounds ="
								 " 4, rounds_ms = 5,"
								 " quarantined = 1,"
								 " calendar_id = 'primary',"
								 " provider = 'google',"
								 " integration_id = 2");
	OK(mms_blocks_find(site.db, FIXED(one), 1, &blocks, &err));
	b = &blocks.items[0];
	assert_int_equal(number_of(b->key), 7);
	assert_int_equal(number_of(b->source_uuid), 1);
	assert_true(b->cursor_id == 2 && b->source_id == 1);
	assert_int_equal(b->status, MMS_STATE_CREATED);
	assert_int_equal(b->removed_by, MMS_REMOVED_BY_US);
	assert_true(b->start_ms == 1000 && b->end_ms == 1500);
	assert_string_equal(b->title, "Busy");
	assert_int_equal(number_of(b->print), 77);
	make_uuid(8, sent);
	make_uuid(9, shown);
	assert_memory_equal(b->sent_print, sent, sizeof sent);
	assert_memory_equal(b->outside_print, shown, sizeof shown);
	assert_true(b->put_backs == 1 && b->rounds == 4 && b->rounds_ms == 5);
	assert_true(b->is_quarantined);
	assert_true(b->created_at_ms == 10000 - 7);
	assert_string_equal(b->external_id, "block-7");
	assert_string_equal(b->version, "etag");
	assert_string_equal(b->calendar_id, "primary");
	assert_string_equal(b->provider, "google");
}

/* The younger a block, the lower its number. */
static void
blocks_are_found_in_each_way(void **state)
{
	struct numbers sources = NUMBERS(1, 2, 99), keys = NUMBERS(9, 14, 15, 8, 1);
	struct mms_blocks got[5] = { { 0 } };

	(void)state;
	add_event(1, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_block(9, 2, 1, 1, 3, 0);
	add_block(8, 3, 1, 1, 3, 0);  /* in somebody else's by now */
	add_block(15, 2, 1, 1, 5, 1); /* dead, 9 lives */
	add_block(14, 2, 2, 1, 5, 1); /* dead, none lives there */
	add_block(13, 1, 2, 2, 5, 1); /* dead too */
	add_block(12, 2, 2, 1, 5, 2); /* the person removed it */
	add_block(11, 2, 5, 3, 1, 1); /* from somebody else's */
	add_block(10, 3, 6, 3, 3, 0); /* nothing of it is the person's */
	OK(mms_blocks_of_sources(site.db, FIXED(sources), sources.n, &got[0], &err));
	expect_blocks("of sources", "15 14 13 12 9 8", &got[0]);
	OK(mms_blocks_of_person(site.db, &ann, &got[1], &err));
	expect_blocks("of a person", "15 12 11 9 8", &got[1]);
	OK(mms_blocks_of_calendar(site.db, 2, &got[2], &err));
	expect_blocks("of a calendar", "11 9", &got[2]);
	OK(mms_blocks_by_key(site.db, 2, FIXED(keys), keys.n, &got[3], &err));
	assert_int_equal(got[3].n, 3);
	for (size_t i = 0; i < got[3].n; i++)
		assert_int_equal(got[3].items[i].cursor_id, 2);
	OK(mms_blocks_find(site.db, FIXED(keys), keys.n, &got[4], &err));
	assert_int_equal(got[4].n, 4);
	for (size_t i = 0; i < MMS_COUNT(got); i++)
		mms_blocks_release(&got[i]);
}

static void
states_of_a_source_in_a_calendar_are_counted(void **state)
{
	struct numbers sources = NUMBERS(1, 1, 2, 1);
	const uint64_t cursors[] = { 2, 3, 2, 9 };
	int64_t counts[4] = { 5, 5, 5, 5 };

	(void)state;
	add_block(9, 2, 1, 1, 3, 0);
	add_block(8, 3, 1, 1, 3, 0);
	add_block(15, 2, 1, 1, 5, 1);
	/* It has another source now; the UUID that was made for the first one is in use. */
	mms_test_sql(&site.server, "UPDATE mmsync_busy_block SET source_uuid = " UUID(
					   "2") " WHERE uuid = " UUID("9"));
	OK(mms_blocks_count(site.db, FIXED(sources), cursors, sources.n, counts, &err));
	assert_true(counts[0] == 2 && counts[1] == 1 && counts[2] == 0 && counts[3] == 0);
}

static void
runs_that_filled_a_time_slot_are_counted(void **state)
{
	struct mms_block_slot slots[] = {
		{ .source_id = 1, .cursor_id = 2, .start_ms = 4000, .end_ms = 4500 },
		{ .source_id = 1, .cursor_id = 2, .start_ms = 4000, .end_ms = 4501 },
		{ .source_id = 3, .cursor_id = 2, .start_ms = 4000, .end_ms = 4500 },
		{ .source_id = 1, .cursor_id = 3, .start_ms = 4000, .end_ms = 4500 },
	};

	(void)state;
	add_block(10, 2, 4, 1, 5, 1);
	add_block(11, 2, 4, 1, 5, 1);
	add_block(12, 2, 4, 1, 3, 0);
	add_block(13, 2, 4, 1, 3, 0); /* of the same run as 12 */
	add_block(14, 2, 4, 1, 3, 0); /* not counted any more */
	add_block(15, 3, 4, 1, 3, 0);
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_busy_block SET planned_run = " UUID("12") " WHERE uuid = " UUID(
			"13") ";"
			      "UPDATE "
			      "mmsync_busy_"
			      "block SET "
			      "planned_run"
			      " = " UUID("0") " WHERE uuid = " UUID("14"));
	OK(mms_block_slots_count(site.db, slots, MMS_COUNT(slots), 11, &err));
	assert_true(slots[0].n_runs == 2 && slots[1].n_runs == 0 && slots[2].n_runs == 0 &&
		    slots[3].n_runs == 1);
	OK(mms_block_slots_count(site.db, slots, 1, 10, &err));
	assert_true(slots[0].n_runs == 3);
}

static void
plans_are_counted(void **state)
{
	int64_t n = 0;

	(void)state;
	OK(mms_block_plans(site.db, 1, &n, &err));
	assert_true(n == 7);
	FAILS(MMS_E_GONE, "", mms_block_plans(site.db, 99, &n, &err));
}

/* ---- what it costs ------------------------------------------------------------------------------------- */

#define N_EVENTS "10000"

/* Three calendars with many events, each with a block in the next one; some are due. */
static void
fill(void)
{
	mms_test_sql(
		&site.server,
		ADD_ROW ") SELECT CONCAT('row-', seq), CONCAT('cal', 1 + seq %% 3),"
			" CONCAT('id-', seq), 'Synced', 1, '2026-01-01' + INTERVAL seq HOUR,"
			" '2026-01-01' + INTERVAL seq + 1 HOUR, 'External Event',"
			" CONCAT('Title ', seq), NULL FROM seq_1_to_" N_EVENTS ";" ADD_STATE
			") SELECT 1 + seq %% 3, " KEY_OF("CONCAT('id-', seq)") ","
									       " CONCAT('id-', "
									       "seq), " UUID("s"
											     "e"
											     "q") ", CONCAT('row-', seq), 1, 3, seq,"
												  " 0 FROM seq_1_to_" N_EVENTS
												  ";" ADD_STATE
												  ", source_uuid) SELECT 1 + (seq + "
												  "1) %% 3, " UUID("20000 + seq") ","
																  " CONCAT('"
																  "block-', "
																  "seq),"
																  " " UUID("2"
																	   "0"
																	   "0"
																	   "0"
																	   "0"
																	   " "
																	   "+"
																	   " "
																	   "s"
																	   "e"
																	   "q") ", NULL, 3, 3, seq, 0, " UUID("se"
																					      "q") " FROM seq_1_to_" N_EVENTS
																						   ";"
																						   "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id,"
																						   " start_ms, end_ms, title, print, planned_run, planned_ms) SELECT " UUID("20000 + seq") ", 1 + (seq + 1) %% 3, " UUID("seq") ", 1 + seq %% 3,"
																																						" seq * 1000, seq * 1000 + 500, 'Busy', " UUID(
																																							"7") ", " UUID("seq") ", seq"
																																									      " FROM seq_1_to_" N_EVENTS
																																									      ";"
																																									      "INSERT INTO mmsync_block_due SELECT 1 + seq %% 3, " KEY_OF("CONCAT('id-', seq)") ", 1 FROM seq_1_to_" N_EVENTS
																																																				";"
																																																				"INSERT INTO mmsync_same_meeting SELECT " UUID("seq") ", " UUID(
																																																					"seq + 1") " FROM seq_1_to_" N_EVENTS);
}

/* Each call, and how many rows it adds. */
struct all_read {
	struct mms_block_sources sources;
	struct mms_block_twins twins;
	struct mms_blocks blocks;
};

static size_t
call(int which, struct all_read *out)
{
	struct numbers events = NUMBERS(1, 2, 3), blocks = NUMBERS(20001, 20002, 20003);
	const uint64_t cursors[] = { 3, 1, 2 };
	const int64_t starts[] = { wall("2026-01-01 02:00:00"), wall("2026-01-01 03:00:00") };
	struct mms_block_slot slot = { 2, 3, 1000, 1500, 0 };
	int64_t counts[3] = { 0 };

	switch (which) {
	case 0:
		OK(mms_block_sources_due(site.db, &ann, 10, &out->sources, &err));
		break;
	case 1:
		OK(mms_block_sources_find(site.db, FIXED(events), events.n, &out->sources,
					  &err));
		break;
	case 2:
		OK(mms_block_sources_at(site.db, &ann, starts, 2, &out->sources, &err));
		break;
	case 3:
		OK(mms_block_twins_find(site.db, FIXED(events), events.n, &out->twins, &err));
		break;
	case 4:
		OK(mms_blocks_of_sources(site.db, FIXED(events), events.n, &out->blocks, &err));
		break;
	case 5:
		OK(mms_blocks_by_key(site.db, 3, FIXED(blocks), blocks.n, &out->blocks, &err));
		break;
	case 6:
		OK(mms_blocks_find(site.db, FIXED(blocks), blocks.n, &out->blocks, &err));
		break;
	case 7:
		OK(mms_blocks_count(site.db, FIXED(events), cursors, 3, counts, &err));
		return (size_t)(counts[0] + counts[1] + counts[2]);
	case 8:
		OK(mms_block_slots_count(site.db, &slot, 1, 0, &err));
		return (size_t)slot.n_runs;
	case 9:
		OK(mms_block_sources_all(site.db, &ann, 0, &out->sources, &err));
		break;
	case 10:
		OK(mms_blocks_of_person(site.db, &ann, &out->blocks, &err));
		break;
	default:
		OK(mms_blocks_of_calendar(site.db, 1, &out->blocks, &err));
		break;
	}
	return out->sources.n + out->twins.n + out->blocks.n;
}

/* Of many rows only those are read that are asked for, whether the server knows its tables or not. */
static void
only_what_is_asked_for_is_read(void **state)
{
	static const struct {
		const char *label;
		size_t want;
		int64_t most; /* rows read */
	} cases[] = {
		{ "due", 10, 120 },
		{ "find", 3, 60 },
		{ "at", 1, 60 },
		{ "twins", 3, 40 },
		{ "of sources", 3, 60 },
		{ "by key", 1, 40 },
		{ "find blocks", 3, 40 },
		{ "count", 3, 40 },
		{ "slots", 1, 40 },
		{ "all", 6667, 30000 },
		{ "of a person", 10000, 120000 },
		{ "of a calendar", 3333, 40000 },
	};

	(void)state;
	fill();
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MMS_COUNT(cases); i++) {
			struct all_read got = { 0 };
			int64_t before = store_site_rows_read(&site),
				own = store_site_rows_read(&site) - before;
			uint64_t statements = mms_db_n_statements(site.db);

			before = store_site_rows_read(&site);
			size_t n = call((int)i, &got);
			int64_t n_read = store_site_rows_read(&site) - before - own;
			if (n != cases[i].want || n_read > cases[i].most ||
			    mms_db_n_statements(site.db) - statements != 1)
				fail_msg("%s, round %d: %zu for %" PRId64 " rows read",
					 cases[i].label, round, n, n_read);
			mms_block_sources_release(&got.sources);
			mms_block_twins_release(&got.twins);
			mms_blocks_release(&got.blocks);
		}
		mms_test_sql(&site.server,
			     "ANALYZE TABLE " EVENTS ", mmsync_event_state, mmsync_busy_block,"
			     " mmsync_block_due, mmsync_same_meeting");
	}
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(calendars_with_something_due_are_told_once),
		TEST(every_field_of_an_event_is_read),
		TEST(what_is_due_comes_out_whatever_became_of_it),
		TEST(a_row_renamed_in_frappe_is_still_its_events),
		TEST(all_that_may_be_busy_are_read),
		TEST(events_are_found_by_uuid),
		TEST(events_are_found_by_their_start),
		TEST(events_are_found_by_their_start_without_the_index),
		TEST(pairs_are_read_of_their_first),
		TEST(every_field_of_a_block_is_read),
		TEST(blocks_are_found_in_each_way),
		TEST(states_of_a_source_in_a_calendar_are_counted),
		TEST(runs_that_filled_a_time_slot_are_counted),
		TEST(plans_are_counted),
		TEST(only_what_is_asked_for_is_read),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
