/* What is read of busy blocks; what that costs; and what must always hold of them. */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
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

static void
expect_blocks(const char *label, const char *want, const struct mms_blocks *blocks)
{
	MMS_AUTO(mms_str) is = { 0 };

	for (size_t i = 0; i < blocks->n; i++)
		mms_str_addf(&is, "%s%u", i > 0 ? " " : "", number_of(blocks->items[i].uuid));
	if (strcmp(mms_str_get(&is), want) != 0)
		fail_msg("%s: is %s, not %s", label, mms_str_get(&is), want);
}

/* ---- blocks ------------------------------------------------------------------------------------------ */

static void
every_field_of_a_block_is_read(void **state)
{
	MMS_AUTO(mms_blocks) blocks = { 0 };
	struct numbers one = NUMBERS(7);
	unsigned char sent[16], shown[16];

	(void)state;
	add_block(&site, (struct block_row){ 7, 2, 1, 1, 2, 1 });
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

static void
blocks_are_found_in_each_way(void **state)
{
	struct numbers sources = NUMBERS(1, 2, 99), keys = NUMBERS(9, 14, 15, 8, 1);
	struct mms_blocks got[5] = { { 0 } };

	(void)state;
	add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 0);
	add_block(&site, (struct block_row){ 9, 2, 1, 1, 3, 0 });
	add_block(&site,
		  (struct block_row){ 8, 3, 1, 1, 3, 0 }); /* in somebody else's by now */
	add_block(&site, (struct block_row){ 15, 2, 1, 1, 5, 1 }); /* dead, 9 lives */
	add_block(&site, (struct block_row){ 14, 2, 2, 1, 5, 1 }); /* dead, none lives there */
	add_block(&site, (struct block_row){ 13, 1, 2, 2, 5, 1 }); /* dead too */
	add_block(&site, (struct block_row){ 12, 2, 2, 1, 5, 2 }); /* the person removed it */
	add_block(&site, (struct block_row){ 11, 2, 5, 3, 1, 1 }); /* from somebody else's */
	add_block(&site,
		  (struct block_row){ 10, 3, 6, 3, 3, 0 }); /* nothing of it is the person's */
	OK(mms_blocks_of_sources(site.db, FIXED(sources), sources.n, &got[0], &err));
	expect_blocks("of sources", "15 14 13 12 9 8", &got[0]);
	OK(mms_blocks_of_person(site.db, &ann, &got[1], &err));
	expect_blocks("of a person", "15 14 12 11 9 8", &got[1]);
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
	add_block(&site, (struct block_row){ 9, 2, 1, 1, 3, 0 });
	add_block(&site, (struct block_row){ 8, 3, 1, 1, 3, 0 });
	add_block(&site, (struct block_row){ 15, 2, 1, 1, 5, 1 });
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
	add_block(&site, (struct block_row){ 10, 2, 4, 1, 5, 1 });
	add_block(&site, (struct block_row){ 11, 2, 4, 1, 5, 1 });
	add_block(&site, (struct block_row){ 12, 2, 4, 1, 3, 0 });
	add_block(&site, (struct block_row){ 13, 2, 4, 1, 3, 0 }); /* of the same run as 12 */
	add_block(&site, (struct block_row){ 14, 2, 4, 1, 3, 0 }); /* not counted any more */
	add_block(&site, (struct block_row){ 15, 3, 4, 1, 3, 0 });
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
	unsigned char print[MMS_READ_PRINT_BYTES];
	int64_t n = 0;

	(void)state;
	OK(mms_block_plans(site.db, 1, &n, print, &err));
	assert_true(n == 7);
	FAILS(MMS_E_GONE, "", mms_block_plans(site.db, 99, &n, print, &err));
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

/* ---- what must always hold --------------------------------------------------------------------------- */

/* schema/invariants.sql: the first line of the comment of each query that answers something. */
static void
ask_invariants(struct mms_str *broken)
{
	char path[600], line[4096], what[200] = "";

	(void)snprintf(path, sizeof path, "%s/schema/invariants.sql", mms_test_root());
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		char *end = strstr(line, ";\n");

		if (strncmp(line, "-- ", 3) == 0) {
			(void)snprintf(what, sizeof what, "%.180s", line + 3);
			continue;
		}
		if (end == NULL)
			continue;
		*end = '\0';
		if (mms_test_ask_i64(&site.server, "SELECT EXISTS (%s)", line) != 0)
			mms_str_add(broken, what);
	}
	(void)fclose(file);
}

/* What is to be removed waits in the outbox. */
#define REMOVALS                                                                        \
	" INSERT INTO mmsync_outbox (integration_id, operation, uuid, type,"            \
	" created_at_ms, changed_at_ms) SELECT integration_id, 'delete', uuid, 3, 0, 0" \
	" FROM mmsync_event_state WHERE type = 3"

/* What breaks one of them, and how its comment begins; "": it breaks none. */
static const struct {
	const char *sql, *want;
} breakages[] = {
	{ "DO 0", "" },
	{ "DELETE FROM mmsync_busy_block WHERE uuid = " UUID("20"), "A live block of" },
	{ "UPDATE mmsync_busy_block SET integration_id = 1 WHERE uuid = " UUID("20"),
	  "A live block of" },
	{ "DELETE FROM mmsync_event_state WHERE uuid = " UUID("21"),
	  "What a block should say, of" },
	{ "UPDATE mmsync_event_state SET type = 1 WHERE uuid = " UUID("21"),
	  "What a block should say, of" },
	{ "UPDATE mmsync_event_state SET status = 3, removed_by = 0 WHERE uuid = " UUID("22"),
	  "Two live blocks of one event" },
	{ "UPDATE mmsync_event_state SET status = 3, removed_by = 1 WHERE uuid = " UUID(
		  "22") ";" REMOVALS " AND uuid = " UUID("22"),
	  "" },
	{ "UPDATE mmsync_event_state SET removed_by = 1 WHERE uuid = " UUID("20"),
	  "A busy block that is to be removed" },
	{ "UPDATE mmsync_busy_block SET sent_print = NULL WHERE uuid = " UUID("20"),
	  "A busy block that is to be removed" },
	{ "UPDATE mmsync_event_state SET status = 3, removed_by = 0 WHERE uuid = " UUID(
		  "22") "; INSERT INTO mmsync_block_due SELECT integration_id, ext_key,"
			" 1 FROM mmsync_event_state WHERE uuid = " UUID("1"),
	  "" },
	{ "DELETE FROM mmsync_event_state WHERE uuid = " UUID("1"),
	  "A block that nobody's event" },
	{ "DELETE FROM mmsync_event_state WHERE uuid = " UUID(
		  "1") "; UPDATE mmsync_event_state SET removed_by = 1 WHERE type = "
		       "3;" REMOVALS,
	  "" },
	{ "UPDATE mmsync_busy_block SET source_uuid = " UUID("21") " WHERE uuid = " UUID("22"),
	  "A block that nobody's event" },
	{ "UPDATE mmsync_event_state SET row_name = 'x' WHERE uuid = " UUID("22"),
	  "A block with a row" },
	{ ADD_ROW ") VALUES ('x', 'cal2', 'block-20', 'Sync Failed', 0, '2026-03-01',"
		  " '2026-03-02', '', '', '')",
	  "A block with a row" },
	{ ADD_ROW ") VALUES ('x', 'cal2', 'block-20', 'Deleted Externally', 0,"
		  " '2026-03-01', '2026-03-02', '', '', '')",
	  "" },
	{ "UPDATE mmsync_busy_block SET end_ms = start_ms WHERE uuid = " UUID("22"),
	  "A block that would end" },
	{ "INSERT INTO mmsync_same_meeting VALUES (" UUID("1") ", " UUID("2") ")",
	  "Two events that are the same" },
	{ "INSERT INTO mmsync_same_meeting VALUES (" UUID("1") ", " UUID("2") "), (" UUID(
		  "2") ", " UUID("1") ")",
	  "" },
	{ "INSERT INTO mmsync_block_due (integration_id, ext_key) VALUES (9, 'x')",
	  "A state, outbox entry, dead letter, block or" },
	/* one that was announced, and whose source went before it was made */
	{ "UPDATE mmsync_event_state SET status = 1, removed_by = 1 WHERE uuid = " UUID(
		  "20") "; INSERT INTO mmsync_outbox (integration_id, operation, uuid,"
			" type, created_at_ms, changed_at_ms) VALUES (2, "
			"'delete', " UUID("20") ", 3, 0, 0)",
	  "" },
};

static void
each_broken_invariant_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(breakages); i++) {
		MMS_AUTO(mms_str) broken = { 0 };

		(void)clean(state);
		add_event(&site, 1, 1, "Synced", 1, "2026-03-01 10:00", 0);
		add_block(&site, (struct block_row){ 20, 2, 1, 1, 3, 0 });
		add_block(&site, (struct block_row){ 21, 3, 1, 1, 4, 0 });
		add_block(&site, (struct block_row){ 22, 2, 1, 1, 5, 2 });
		mms_test_sql(&site.server,
			     "UPDATE mmsync_event_state SET ext_key = " KEY_OF("external_id"));
		mms_test_sql(&site.server, "UPDATE mmsync_busy_block SET sent_print = print");
		mms_test_sql(&site.server, "%s", breakages[i].sql);
		ask_invariants(&broken);
		const char *text = mms_str_get(&broken), *first = strchr(text, '\n');
		if (strncmp(text, breakages[i].want, strlen(breakages[i].want)) != 0 ||
		    (first != NULL) != (breakages[i].want[0] != '\0') ||
		    (first != NULL && first[1] != '\0'))
			fail_msg("%s: broken is\n%snot '%s'", breakages[i].sql, text,
				 breakages[i].want);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, clean)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_field_of_a_block_is_read),
		TEST(blocks_are_found_in_each_way),
		TEST(states_of_a_source_in_a_calendar_are_counted),
		TEST(runs_that_filled_a_time_slot_are_counted),
		TEST(plans_are_counted),
		TEST(each_broken_invariant_is_seen),
		TEST(only_what_is_asked_for_is_read),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
