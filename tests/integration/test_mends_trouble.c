/*
 * Remedies where others are at work, where things fail, and of busy blocks that nothing fits of: what one does not mend the next
 * does.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/mend.h"
#include "support/block_site.h"
#include "support/dbcheck.h"
#include "support/mend_rows.h"

static struct world world;
static struct race race = { .world = &world };
static struct mend_site site = { .race = &race };

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	mend_site_begin(&site, "google");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	mend_site_end(&site);
	race_end(&race);
	world_stop(&world);
	return 0;
}

static void
expect_healed(const struct mend_row *row)
{
	if (row->needs_sync)
		race_tell(&race, "sync");
	mend_row_expect_right(&site, row, "in the end");
	race_check(&race, row->label);
}

/* And all else is as it was: a further sync changes nothing. */
static void
expect_quiet(void)
{
	race_tell(&race, "sync");
	race_tell(&race, "quiet");
}

/* ---- busy blocks that are to go -------------------------------------------------------------------- */

static void
a_block_is_removed_from_its_calendar_whatever_its_row_says(void **state)
{
	static const char *const broken[] = {
		/* nothing is known of what it should say */
		"DELETE FROM mmsync_busy_block ORDER BY id DESC LIMIT 1",
		"UPDATE mmsync_busy_block SET end_ms = start_ms - 1 ORDER BY id DESC LIMIT 1",
		"UPDATE mmsync_busy_block SET integration_id = source_id ORDER BY id DESC "
		"LIMIT 1",
		"UPDATE mmsync_busy_block SET source_uuid = REPEAT('s', 16) ORDER BY id DESC "
		"LIMIT "
		"1",
	};
	static const struct mend_row row = {
		.label = "a block",
		.about = { .remedy = MMS_REMEDY_REMOVE_BLOCK,
			   .uuid = "SELECT HEX(s.uuid) FROM mmsync_event_state s LEFT JOIN"
				   " mmsync_busy_block b ON b.uuid = s.uuid WHERE s.type = 3 "
				   "AND"
				   " s.status <> 5 ORDER BY b.id IS NULL DESC, b.id DESC LIMIT "
				   "1" },
	};
	static const struct mend_row again = {
		.label = "the person",
		.about = { .remedy = MMS_REMEDY_PLAN_PERSON, .cursor = TEAM },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(broken); i++) {
		char *name = NULL;
		int n = race_n_ours(&race, WORK);

		mend_site_break(&site, broken[i]);
		struct mms_mend mend = mend_site_make(&site, &row.about, &name);
		assert_true(mend_row_apply_well(&site, &row, &mend));
		assert_false(mend_row_apply_well(&site, &row, &mend));
		race_tell(&race, "sync --integration work");
		assert_int_equal(race_n_ours(&race, WORK), n - 1);
		mend = mend_site_make(&site, &again.about, &name);
		assert_true(mend_row_apply_well(&site, &again, &mend));
		race_tell(&race, "sync");
		assert_int_equal(race_n_ours(&race, WORK), n);
		race_check(&race, broken[i]);
	}
	expect_quiet();
}

/* In a calendar that is no more nothing can be removed. */
static void
a_block_in_nobodys_calendar_is_lost(void **state)
{
	static const struct mend_row row = {
		.label = "a lost block",
		.about = { .remedy = MMS_REMEDY_REMOVE_BLOCK,
			   .uuid = "SELECT '0123456789ABCDEF0123456789ABCDEF'" },
	};
	char *name = NULL;

	(void)state;
	mend_site_break(&site,
			"INSERT INTO mmsync_cursor (name, provider) VALUES ('none', 'google')");
	mend_site_break(
		&site,
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, status, created_by_us, source_uuid, external_version, created_at_ms,"
		" changed_at_ms) SELECT c.id, REPEAT('k', 16), 'lost',"
		" UNHEX('0123456789ABCDEF0123456789ABCDEF'), 3, 3, 1, REPEAT('s', 16), 'v', 0, "
		"0"
		" FROM mmsync_cursor c WHERE c.name = 'none'");
	struct mms_mend mend = mend_site_make(&site, &row.about, &name);
	assert_true(mend_row_apply_well(&site, &row, &mend));
	assert_int_equal(mend_site_ask(&site, "SELECT status * 10 + removed_by FROM"
					      " mmsync_event_state WHERE external_id = 'lost'"),
			 51);
	assert_int_equal(mend_site_ask(&site, "SELECT COUNT(*) FROM mmsync_outbox"), 0);
	assert_false(mend_row_apply_well(&site, &row, &mend));
	mend_site_break(&site, "DELETE FROM mmsync_busy_block WHERE uuid ="
			       " UNHEX('0123456789ABCDEF0123456789ABCDEF');"
			       "DELETE FROM mmsync_event_state WHERE external_id = 'lost';"
			       "DELETE FROM mmsync_cursor WHERE name = 'none'");
}

/* A row that lives though its event is gone. */
static void
a_row_whose_event_is_gone_is_deleted(void **state)
{
	static const struct mend_row row = {
		.label = "a row whose event is gone",
		.about = { .remedy = MMS_REMEDY_FREE_ROW,
			   .row = "SELECT name FROM " ROWS " WHERE name = 'old-1'" },
	};
	char *name = NULL;
	size_t n_rows;
	const struct mend_row *rows = mend_rows(&n_rows);

	(void)state;
	while (rows->about.remedy != MMS_REMEDY_FREE_ROW)
		rows++;
	mend_row_break(&site, rows);
	mend_site_break(
		&site, "UPDATE " ROWS " SET sync_status = 'Synced' WHERE name = 'old-1';"
		       "INSERT INTO mmsync_event_state (integration_id, ext_key,"
		       " external_id, uuid, row_name, type, status, created_at_ms,"
		       " changed_at_ms) SELECT c.id, LEFT(UNHEX(SHA2('gone@example.com', 256)),"
		       " 16), 'gone@example.com', REPEAT('g', 16), 'old-1', 1, 5, 0, 0 FROM"
		       " mmsync_cursor c WHERE c.name = 'team'");
	struct mms_mend mend = mend_site_make(&site, &row.about, &name);
	assert_true(mend_row_apply_well(&site, &row, &mend));
	assert_int_equal(mend_site_ask(&site,
				       "SELECT COUNT(*) FROM " ROWS
				       " WHERE name = 'old-1' AND sync_status = 'Deleted "
				       "Externally' AND is_blocking_availability = 0"),
			 1);
	assert_false(mend_row_apply_well(&site, &row, &mend));
	race_check(&race, row.label);
	expect_quiet();
	mend_site_break(&site, "DELETE FROM " ROWS " WHERE name = 'old-1';"
			       "DELETE FROM mmsync_event_state WHERE row_name = 'old-1'");
	free(name);
}

/* ---- others at work, and things that fail ----------------------------------------------------------- */

static void
a_calendar_that_another_run_holds_is_left_to_it(void **state)
{
	static const struct mend_row row = {
		.label = "held",
		.about = { .remedy = MMS_REMEDY_READ_CALENDAR, .cursor = TEAM },
	};
	MMS_AUTO(mms_err) err = { 0 };
	char *name = NULL;
	mms_rc rc;

	(void)state;
	mend_site_break(&site,
			"UPDATE mmsync_cursor SET lease_owner = 'another', lease_server ="
			" NULL, lease_until = UTC_TIMESTAMP(6) + INTERVAL 60 SECOND"
			" WHERE name = 'team'");
	struct mend_digest before = mend_site_digest(&site);
	struct mms_mend mend = mend_site_make(&site, &row.about, &name);
	assert_false(mend_row_apply(&site, &mend, &rc, &err));
	assert_int_equal(rc, MMS_E_HELD);
	struct mend_digest after = mend_site_digest(&site);
	assert_string_equal(before.text, after.text);
	mend_site_break(&site, "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until ="
			       " '2000-01-01' WHERE name = 'team'");
}

/* Arm it for the n-th visit from now; 0: for none. */
static void
arm(enum mms_fault_kind kind, unsigned long n)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%s:%lu", mms_fault_name(kind),
		       n == 0 ? (unsigned long)-1 : mms_fault_count(kind) + n);
	assert_true(mms_fault_arm_text(text));
}

/* Fail at the first, then at the second, until it is done without: then it is right. */
static void
mend_with_faults(const struct mend_row *row, enum mms_fault_kind kind, int *n_failed)
{
	char *name = NULL;
	bool is_hit = true;

	mend_row_break(&site, row);
	struct mms_mend mend = mend_site_make(&site, &row->about, &name);
	for (unsigned long n = 1; is_hit; n++) {
		MMS_AUTO(mms_err) err = { 0 };
		mms_rc rc;

		unsigned long before = mms_fault_count(kind);
		arm(kind, n);
		(void)mend_row_apply(&site, &mend, &rc, &err);
		is_hit = mms_fault_count(kind) >= before + n;
		arm(kind, 0);
		*n_failed += rc != MMS_OK;
		if (!is_hit && rc != MMS_OK)
			fail_msg("%s: %s", row->label, mms_err_text(&err));
		if (n > 2000)
			fail_msg("%s: it never ends", row->label);
	}
	free(name);
	if (!row->needs_sync)
		mend_row_expect_right(&site, row, mms_fault_name(kind));
}

static void
what_fails_is_mended_by_the_next(void **state)
{
	static const enum mms_fault_kind kinds[] = {
		MMS_FAULT_STMT_BEFORE,  MMS_FAULT_STMT_AFTER, MMS_FAULT_COMMIT_BEFORE,
		MMS_FAULT_COMMIT_AFTER, MMS_FAULT_CONNECT,
	};
	int n_failed = 0;
	size_t n_rows;
	const struct mend_row *rows = mend_rows(&n_rows);

	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		enum mms_fault_kind kind = kinds[i % MMS_COUNT(kinds)];

		mend_with_faults(&rows[i], kind, &n_failed);
		expect_healed(&rows[i]);
	}
	expect_quiet();
	assert_true(n_failed > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_removed_from_its_calendar_whatever_its_row_says),
		cmocka_unit_test(a_block_in_nobodys_calendar_is_lost),
		cmocka_unit_test(a_row_whose_event_is_gone_is_deleted),
		cmocka_unit_test(a_calendar_that_another_run_holds_is_left_to_it),
		cmocka_unit_test(what_fails_is_mended_by_the_next),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
