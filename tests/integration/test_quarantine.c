/* Busy blocks in quarantine: what a letter tells of them, and their release, which is one transaction. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/event.h"
#include "mmsync/fault.h"
#include "mmsync/letters.h"
#include "mmsync/mem.h"
#include "support/block_rows.h"
#include "support/dbcheck.h"

static struct store_site site;

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

/* How a slot stands: UUID, status, removed_by, quarantined, rounds, rounds_ms, whether its run counts. */
#define SLOT                                                                                   \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', RIGHT(HEX(b.uuid), 1), s.status, s.removed_by,"    \
	" b.quarantined, b.rounds, b.rounds_ms, b.planned_run <> REPEAT(X'00', 16)) ORDER BY " \
	"b.uuid SEPARATOR '; ') FROM mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid " \
	"= b.uuid"

/*
 * At one time in calendar 2: 1 was changed again and again, 2 and 3 never made (3 of an event of calendar 1 as well),
 * 4 is well; 5 is at another time, 6 comes from another calendar.
 */
static void
make_quarantine(void)
{
	struct mms_block_change changes[6];
	static const enum mms_block_step steps[] = {
		MMS_BLOCK_CREATE, MMS_BLOCK_QUARANTINE_NEW, MMS_BLOCK_QUARANTINE_NEW,
		MMS_BLOCK_CREATE, MMS_BLOCK_QUARANTINE_NEW, MMS_BLOCK_QUARANTINE_NEW,
	};

	block_rows_clean(&site);
	for (unsigned char i = 0; i < 6; i++) {
		changes[i] = block_rows_change(steps[i], (unsigned char)(i + 1));
		changes[i].start_ms = i == 4 ? 7000 : 5000;
		changes[i].end_ms = 9000;
		changes[i].rounds = 6;
	}
	changes[5].source_id = 3;
	memset(changes[5].source_uuid, 0xA2, sizeof changes[5].source_uuid);
	block_rows_announce(&site, changes, 6, 4, NOW);
	changes[0].step = MMS_BLOCK_QUARANTINE;
	block_rows_announce(&site, changes, 1, 2, NOW);
	mms_test_sql(
		&site.server,
		"UPDATE mmsync_busy_block SET rounds = 5, rounds_ms = 77 WHERE uuid = "
		"REPEAT(X'01', 16);"
		"UPDATE mmsync_event_state SET status = 3, external_version = 'v' WHERE type = "
		"3 AND uuid IN (REPEAT(X'01', 16), REPEAT(X'04', 16));"
		"DELETE FROM mmsync_outbox;"
		"INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation,"
		" error_code, error_text, first_at_ms, last_at_ms, given_up) VALUES"
		" (2, REPEAT(X'B4', 16), 'update', 'refused', 'no', 0, 0, 1);"
		"SET @n = 0; UPDATE mmsync_dead_letter SET id = id + 1000000 ORDER BY id;"
		"UPDATE mmsync_dead_letter SET id = (@n := @n + 1) ORDER BY ext_key");
}

#define AS_MADE                                                                                \
	"1 3 0 1 5 77 1; 2 4 0 1 0 0 1; 3 4 0 1 0 0 1; 4 3 0 0 0 0 1; 5 4 0 1 0 0 1; 6 4 0 1 " \
	"0 0 1"

static void
load_letter(uint64_t id, struct mms_letter *letter)
{
	OK(mms_letters_load_one(site.db, id, letter, &err));
}

static void
a_letter_tells_which_time_in_which_calendars(void **state)
{
	MMS_AUTO(mms_letters) all = { 0 };

	(void)state;
	make_quarantine();
	store_site_expect(&site, AS_MADE, SLOT);
	OK(mms_letters_load(site.db, false, &all, &err));
	assert_int_equal(all.n, 6);
	for (size_t i = 0; i < all.n; i++) {
		const struct mms_letter *l = &all.items[i];
		assert_true(l->is_block);
		assert_string_equal(l->integration, "cal2");
		assert_string_equal(l->source, i == 5 ? "cal3" : "cal1");
		assert_string_equal(l->block_title, "Busy");
		assert_int_equal(l->start_ms, i == 4 ? 7000 : 5000);
		assert_int_equal(l->end_ms, 9000);
		/* A letter of a block that was refused is none of quarantine. */
		assert_int_equal(mms_letter_is_quarantine(l),
				 strcmp(l->operation, "update") != 0);
	}
}

/* Asked for by either letter of the slot: what is released with it, and what is not. */
static void
a_release_is_of_the_whole_time_and_of_no_other(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= 3; id++) {
		MMS_AUTO(mms_letter) letter = { 0 };

		make_quarantine();
		load_letter(id, &letter);
		OK(mms_letters_end_quarantine(site.db, &letter, NOW + 5, &err));
		store_site_expect(&site,
				  "1 3 0 0 0 0 0; 2 5 1 0 0 0 0; 3 5 1 0 0 0 0; 4 3 0 0 0 0 0;"
				  " 5 4 0 1 0 0 1; 6 4 0 1 0 0 1",
				  SLOT);
		store_site_expect(
			&site, "update B4; quarantine B5; quarantine B6",
			"SELECT GROUP_CONCAT(CONCAT_WS(' ', operation, "
			"RIGHT(HEX(ext_key), 2)) ORDER BY ext_key SEPARATOR '; ') FROM "
			"mmsync_dead_letter");
		store_site_expect(&site, "1 E1 1", DUES);
		store_site_expect(
			&site, "5",
			"SELECT changed_at_ms - 1772355600000 FROM mmsync_event_state "
			"WHERE uuid = REPEAT(X'02', 16)");
		/* A second time it is not there. */
		FAILS(MMS_E_GONE, "no such dead letter",
		      mms_letters_end_quarantine(site.db, &letter, NOW, &err));
		store_site_expect(&site, "1 E1 1", DUES);
	}
}

/* What was planned meanwhile of what was due before stays due. */
static void
what_is_due_already_is_due_anew(void **state)
{
	MMS_AUTO(mms_letter) letter = { 0 };

	(void)state;
	make_quarantine();
	mms_test_sql(&site.server,
		     "INSERT INTO mmsync_block_due VALUES (1, REPEAT(X'E1', 16), 4)");
	load_letter(2, &letter);
	OK(mms_letters_end_quarantine(site.db, &letter, NOW, &err));
	store_site_expect(&site, "1 E1 5", DUES);
}

/* The service has named the block since: its key is another, and the letter's id tells which it is. */
static void
a_block_that_got_another_id_is_released_all_the_same(void **state)
{
	MMS_AUTO(mms_letter) letter = { 0 };
	static const unsigned char uuid[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
	char *id = NULL;

	(void)state;
	make_quarantine();
	OK(mms_provisional_id_make(uuid, &id, &err));
	mms_test_sql(&site.server,
		     "UPDATE mmsync_dead_letter SET external_id = '%s' WHERE id = 1;"
		     "UPDATE mmsync_event_state SET ext_key = REPEAT(X'BB', 16), external_id = "
		     "'named' WHERE uuid = REPEAT(X'01', 16)",
		     id);
	mms_free(id);
	load_letter(1, &letter);
	assert_false(letter.is_block);
	OK(mms_letters_end_quarantine(site.db, &letter, NOW, &err));
	store_site_expect(&site, "0",
			  "SELECT SUM(quarantined) FROM mmsync_busy_block WHERE start_ms "
			  "= 5000 AND source_id = 1");
}

static void
a_letter_whose_block_is_gone_goes(void **state)
{
	MMS_AUTO(mms_letter) letter = { 0 };

	(void)state;
	make_quarantine();
	mms_test_sql(&site.server,
		     "DELETE FROM mmsync_event_state WHERE uuid = REPEAT(X'02', 16);"
		     "DELETE FROM mmsync_busy_block WHERE uuid = REPEAT(X'02', 16)");
	load_letter(2, &letter);
	OK(mms_letters_end_quarantine(site.db, &letter, NOW, &err));
	store_site_expect(&site, "0", "SELECT COUNT(*) FROM mmsync_dead_letter WHERE id = 2");
	store_site_expect(&site, "NULL", DUES);
}

/* All of it, or nothing; each statement once, however many blocks there are. */
static void
a_release_that_is_cut_off_has_changed_nothing(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("stmt-before:1000000000"))
		skip();
	for (int n = 1;; n++) {
		MMS_AUTO(mms_letter) letter = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[40];

		make_quarantine();
		load_letter(2, &letter);
		uint64_t before = mms_db_n_statements(site.db);
		(void)snprintf(fault, sizeof fault, "stmt-before:%lu",
			       mms_fault_count(MMS_FAULT_STMT_BEFORE) + (unsigned long)n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = mms_letters_end_quarantine(site.db, &letter, NOW, &err);
		assert_true(mms_fault_arm_text("stmt-before:1000000000"));
		if (rc == MMS_OK) {
			assert_int_equal(n, 7);
			assert_true(mms_db_n_statements(site.db) - before <= 7);
			break;
		}
		store_site_reread(&site);
		store_site_expect(&site, AS_MADE, SLOT);
		store_site_expect(&site, "6", "SELECT COUNT(*) FROM mmsync_dead_letter");
		store_site_expect(&site, "NULL", DUES);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_letter_tells_which_time_in_which_calendars),
		cmocka_unit_test(a_release_is_of_the_whole_time_and_of_no_other),
		cmocka_unit_test(what_is_due_already_is_due_anew),
		cmocka_unit_test(a_block_that_got_another_id_is_released_all_the_same),
		cmocka_unit_test(a_letter_whose_block_is_gone_goes),
		cmocka_unit_test(a_release_that_is_cut_off_has_changed_nothing),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
