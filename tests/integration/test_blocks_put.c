/* Plans of busy blocks as they are written: each kind of write is one statement. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/block_rows.h"
#include "support/dbcheck.h"

static struct store_site site;

static const unsigned char run[16] = { 0x77, 1 };

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
	block_rows_clean(&site);
	return 0;
}

static void
expect(const char *want, const char *sql)
{
	store_site_expect(&site, want, sql);
}

static void
a_new_block_is_announced(void **state)
{
	(void)state;
	block_rows_add(&site, 2);
	expect("1 2 b1 B1 A1 3 1 1 0 - 0; 2 2 b2 B2 A1 3 1 1 0 - 0", STATES);
	expect("1 2 A1 1 1000 2000 Busy 11 - - 0 0 0 0 7701 0 - -;"
	       " 2 2 A1 1 2000 4000 Busy 12 - - 0 0 0 0 7701 0 - -",
	       BLOCKS);
	expect("create 1 b1 A1 3 0 0 0 -; create 2 b2 A1 3 0 0 0 -", OUTBOX);
	expect("NULL", LETTERS);
	block_rows_announce(&site, NULL, 0, 0, NOW);
}

static void
a_block_that_is_known_is_a_conflict(void **state)
{
	static const struct {
		const char *label;
		unsigned char uuid, key;
	} rows[] = {
		{ "the same UUID", 1, 0xC1 },
		{ "the same key", 2, 0xB1 },
	};

	(void)state;
	block_rows_add(&site, 1);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_block_change c = block_rows_change(MMS_BLOCK_CREATE, 2);
		MMS_AUTO(mms_tx) tx = { 0 };

		memset(c.uuid, rows[i].uuid, sizeof c.uuid);
		memset(c.key, rows[i].key, sizeof c.key);
		print_message("%s\n", rows[i].label);
		OK(mms_tx_begin(&tx, site.db, &err));
		FAILS(MMS_E_CONFLICT, "announce busy blocks",
		      mms_blocks_announce(&tx, &c, 1, run, NOW, &err));
	}
	expect("1", "SELECT COUNT(*) FROM mmsync_busy_block");
}

static void
each_kind_of_change_is_one_statement(void **state)
{
	struct mms_block_change changes[] = {
		block_rows_change(MMS_BLOCK_UPDATE, 1),
		block_rows_change(MMS_BLOCK_DELETE, 2),
		block_rows_change(MMS_BLOCK_LOSE, 3),
		block_rows_change(MMS_BLOCK_ADOPT, 4),
		block_rows_change(MMS_BLOCK_QUARANTINE, 5),
		block_rows_change(MMS_BLOCK_QUARANTINE_NEW, 6),
	};

	(void)state;
	block_rows_add(&site, 5);
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_event_state SET removed_by = 1 WHERE uuid = REPEAT(X'01', 16);"
		"UPDATE mmsync_busy_block SET put_backs = 1;"
		"INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation,"
		" error_code, error_text, first_at_ms, last_at_ms) VALUES"
		" (2, REPEAT(X'B3', 16), 'update', 'x', 'y', 0, 0),"
		" (2, REPEAT(X'B3', 16), 'quarantine', 'x', 'y', 0, 0)");
	memset(changes[0].source_uuid, 0xA2, 16);
	changes[0].source_id = 3;
	changes[0].start_ms = 5;
	changes[0].end_ms = 6;
	changes[0].title = "Lunch";
	changes[0].print[15] = 0x99;
	changes[0].rounds = 4;
	changes[0].rounds_ms = 44;
	memset(changes[3].source_uuid, 0xA2, 16);
	changes[3].source_id = 3;
	changes[4].rounds = 6;
	/* states planned, states, blocks, changed, adopted, marked, outbox, letters, two of what is lost */
	block_rows_announce(&site, changes, 6, 10, NOW + 7);
	expect("1 2 b1 B1 A1 3 1 1 0 - 7; 2 2 b2 B2 A1 3 1 1 1 - 7;"
	       " 3 2 b3 B3 A1 3 1 5 1 - 7; 4 2 b4 B4 A1 3 1 1 0 - 7;"
	       " 5 2 b5 B5 A1 3 1 1 0 - 0; 6 2 b6 B6 A1 3 1 4 0 - 7",
	       STATES);
	expect("1 2 A2 3 5 6 Lunch 99 - - 0 4 44 0 7701 0 - -;"
	       " 2 2 A1 1 2000 4000 Busy 12 - - 1 0 0 0 7701 0 - -;"
	       " 3 2 A1 1 3000 6000 Busy 13 - - 1 0 0 0 7701 0 - -;"
	       " 4 2 A2 3 4000 8000 Busy 14 - - 1 0 0 0 7701 0 - -;"
	       " 5 2 A1 1 5000 10000 Busy 15 - - 1 0 0 1 7701 0 - -;"
	       " 6 2 A1 1 6000 12000 Busy 16 - - 0 0 0 1 7701 7 - -",
	       BLOCKS);
	expect("update 1 b1 A1 3 1 0 0 -; delete 2 b2 A1 3 1 0 0 -;"
	       " create 4 b4 A1 3 0 0 0 -; create 5 b5 A1 3 0 0 0 -",
	       OUTBOX);
	expect("quarantine 2 B5 b5 15 quarantine again and again 6 1;"
	       " quarantine 2 B6 b6 16 quarantine again and again 0 1",
	       LETTERS);
}

/* Another has found out meanwhile that it is gone: who did not know that plans again. */
static void
a_plan_for_a_block_that_died_meanwhile_is_a_conflict(void **state)
{
	static const enum mms_block_step steps[] = { MMS_BLOCK_UPDATE, MMS_BLOCK_DELETE,
						     MMS_BLOCK_LOSE, MMS_BLOCK_ADOPT };

	(void)state;
	block_rows_add(&site, 2);
	mms_test_sql(&site.server, "UPDATE mmsync_event_state SET status = 5, removed_by = 2"
				   " WHERE uuid = REPEAT(X'01', 16)");
	for (size_t i = 0; i < MMS_COUNT(steps); i++) {
		struct mms_block_change changes[] = { block_rows_change(steps[i], 1),
						      block_rows_change(steps[i], 2) };
		MMS_AUTO(mms_tx) tx = { 0 };

		OK(mms_tx_begin(&tx, site.db, &err));
		FAILS(MMS_E_CONFLICT, "1 busy blocks are not there",
		      mms_blocks_announce(&tx, changes, 2, run, NOW, &err));
	}
	expect("1 2 b1 B1 A1 3 1 5 2 - 0; 2 2 b2 B2 A1 3 1 1 0 - 0", STATES);
	/* what does not change is there all the same, in whichever millisecond */
	struct mms_block_change same = block_rows_change(MMS_BLOCK_UPDATE, 2);
	block_rows_announce(&site, &same, 1, 3, NOW);
	block_rows_announce(&site, &same, 1, 3, NOW);
}

static void
one_plans_at_a_time(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_tx) other = { 0 };

	(void)state;
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_block_plans_touch(&tx, 1, 0, &err));
	OK(mms_tx_commit(&tx, &err));
	OK(mms_tx_begin(&other, site.other, &err));
	FAILS(MMS_E_CONFLICT, "somebody else", mms_block_plans_touch(&other, 1, 0, &err));
	OK(mms_block_plans_touch(&other, 1, 1, &err));
	OK(mms_tx_commit(&other, &err));
	expect("2 0 0", "SELECT GROUP_CONCAT(blocks_no ORDER BY id SEPARATOR ' ')"
			" FROM mmsync_cursor");
}

static void
what_is_due_is_done_unless_it_is_due_anew(void **state)
{
	struct mms_block_source sources[3] = { { .cursor_id = 1 },
					       { .cursor_id = 1 },
					       { .cursor_id = 2 } };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	for (unsigned char i = 0; i < 3; i++)
		memset(sources[i].key, 0xE1 + i, sizeof sources[i].key);
	OK(mms_tx_begin(&tx, site.db, &err));
	for (size_t i = 0; i < 3; i++)
		OK(mms_block_due_put(&tx, sources[i].cursor_id, sources[i].key, &err));
	OK(mms_block_due_put(&tx, 1, sources[1].key, &err));
	OK(mms_tx_commit(&tx, &err));
	expect("1 E1 1; 1 E2 2; 2 E3 1", DUES);
	sources[0].due = 1;
	sources[1].due = 1; /* as it was read, before it was asked for anew */
	OK(mms_tx_begin(&tx, site.db, &err));
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_block_dues_done(&tx, sources, 3, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	OK(mms_block_dues_done(&tx, &sources[2], 1, &err));
	OK(mms_block_dues_done(&tx, NULL, 0, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	OK(mms_tx_commit(&tx, &err));
	expect("1 E2 2; 2 E3 1", DUES);
}

#define TWINS                                                                            \
	"SELECT GROUP_CONCAT(LEFT(HEX(uuid), 2), LEFT(HEX(twin), 2) ORDER BY uuid, twin" \
	" SEPARATOR ' ') FROM mmsync_same_meeting"

static void
pairs_are_kept_both_ways(void **state)
{
	static const struct mms_block_twin twins[] = { { { 1 }, { 2 } },
						       { { 1 }, { 3 } },
						       { { 4 }, { 5 } } };
	static const struct mms_block_twin found[] = { { { 1 }, { 2 } },
						       { { 1 }, { 3 } },
						       { { 2 }, { 1 } } };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	OK(mms_tx_begin(&tx, site.db, &err));
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_block_twins_put(&tx, NULL, 0, NULL, 0, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 0);
	OK(mms_block_twins_put(&tx, NULL, 0, twins, 3, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	OK(mms_block_twins_put(&tx, NULL, 0, twins, 1, &err)); /* it is there */
	OK(mms_tx_commit(&tx, &err));
	expect("0102 0103 0201 0301 0405 0504", TWINS);
	OK(mms_tx_begin(&tx, site.db, &err));
	before = mms_db_n_statements(site.db);
	OK(mms_block_twins_put(&tx, found, 3, &twins[1], 1, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 2);
	OK(mms_tx_commit(&tx, &err));
	expect("0103 0301 0405 0504", TWINS);
}

static void
what_was_planned_under_is_on_each_calendar(void **state)
{
	static const uint64_t cursors[] = { 1, 3 };
	static const unsigned char print[MMS_PRINT_BYTES] = { 0xAB };
	struct mms_block_person person = { .cursors = cursors, .n = 2 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	OK(mms_tx_begin(&tx, site.db, &err));
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_block_prints_put(&tx, &person, print, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, 1);
	OK(mms_tx_commit(&tx, &err));
	expect("AB - AB", "SELECT GROUP_CONCAT(COALESCE(LEFT(HEX(blocks_print), 2), '-')"
			  " ORDER BY id SEPARATOR ' ') FROM mmsync_cursor");
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_block_prints_put(&tx, &person, NULL, &err));
	OK(mms_tx_commit(&tx, &err));
	expect("0", "SELECT COUNT(blocks_print) FROM mmsync_cursor");
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(a_new_block_is_announced),
		T(a_block_that_is_known_is_a_conflict),
		T(each_kind_of_change_is_one_statement),
		T(a_plan_for_a_block_that_died_meanwhile_is_a_conflict),
		T(one_plans_at_a_time),
		T(what_is_due_is_done_unless_it_is_due_anew),
		T(pairs_are_kept_both_ways),
		T(what_was_planned_under_is_on_each_calendar),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
