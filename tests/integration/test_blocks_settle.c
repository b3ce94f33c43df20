/* What became of busy blocks, as it is written. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

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

/* Block `number` as block_rows_add(&site, ) made it; its external id is borrowed from ids. */
static struct mms_block
block_of(unsigned char number, char *id)
{
	struct mms_block b = {
		.cursor_id = 2, .source_id = 1, .status = MMS_STATE_CREATING, .external_id = id
	};

	memset(b.uuid, number, sizeof b.uuid);
	memset(b.key, 0xB0 + number, sizeof b.key);
	memset(b.source_uuid, 0xA1, sizeof b.source_uuid);
	memset(b.print, 0x10 + number, sizeof b.print);
	return b;
}

static void
settle(const struct mms_block_end *ends, size_t n, uint64_t n_statements, int64_t now_ms)
{
	MMS_AUTO(mms_tx) tx = { 0 };

	OK(mms_tx_begin(&tx, site.db, &err));
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_blocks_settle(&tx, ends, n, now_ms, &err));
	assert_int_equal(mms_db_n_statements(site.db) - before, n_statements);
	OK(mms_tx_commit(&tx, &err));
}

static void
load_outbox(struct mms_outbox *out, size_t n)
{
	mms_outbox_release(out);
	OK(mms_outbox_due(site.db, 2, NOW, 10, out, &err));
	assert_int_equal(out->n, n);
}

static struct mms_block_end
made(const struct mms_block *b, const struct mms_outbox_entry *entry)
{
	struct mms_block_end end = {
		.block = b,
		.is_state = true,
		.status = MMS_STATE_CREATED,
		.version = "v1",
		.calendar_id = "c@example.com",
		.provider = "google",
		.done = entry,
		.drops_letters = true,
	};

	memcpy(end.sent_print, b->print, sizeof end.sent_print);
	memset(end.outside_print, 0x77, sizeof end.outside_print);
	return end;
}

static void
blocks_that_were_made_are_settled_together(void **state)
{
	char id1[] = "b1", id2[] = "b2";
	struct mms_block blocks[] = { block_of(1, id1), block_of(2, id2) };
	MMS_AUTO(mms_outbox) out = { 0 };

	(void)state;
	block_rows_add(&site, 2);
	mms_test_sql(&site.server,
		     "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation,"
		     " error_code, error_text, first_at_ms, last_at_ms) VALUES"
		     " (2, REPEAT(X'B2', 16), 'create', 'x', 'y', 0, 0),"
		     " (2, REPEAT(X'B2', 16), 'apply', 'x', 'y', 0, 0),"
		     " (2, REPEAT(X'B2', 16), 'quarantine', 'x', 'y', 0, 0)");
	load_outbox(&out, 2);
	struct mms_block_end ends[] = { made(&blocks[0], &out.items[0]),
					made(&blocks[1], &out.items[1]) };
	ends[0].external_id = "real";
	memset(ends[0].key, 0xCC, sizeof ends[0].key);
	ends[1].is_source_due = true;
	ends[1].put_backs = 1;
	ends[1].ical_uid = "040000008200e0@example.com";
	/* states, ids, blocks, dues, letters, outbox */
	settle(ends, 2, 6, NOW + 9);
	expect("1 2 real CC A1 3 1 2 0 v1 9; 2 2 b2 B2 A1 3 1 2 0 v1 9", STATES);
	expect("1 2 A1 1 1000 2000 Busy 11 11 77 0 0 0 0 7701 0 c@example.com google;"
	       " 2 2 A1 1 2000 4000 Busy 12 12 77 1 0 0 0 7701 0 c@example.com google",
	       BLOCKS);
	expect("NULL", OUTBOX);
	expect("1 E1 1", DUES);
	/* a quarantine is not over because something was sent */
	expect("apply,quarantine",
	       "SELECT GROUP_CONCAT(operation ORDER BY id) FROM mmsync_dead_letter");
	/* one that says nothing of where it was made leaves that; the dead one's letters go */
	blocks[1].status = MMS_STATE_CREATED;
	struct mms_block_end dead = { .block = &blocks[1],
				      .is_state = true,
				      .status = MMS_STATE_DELETED,
				      .removed_by = MMS_REMOVED_OUTSIDE,
				      .drops_letters = true };
	settle(&dead, 1, 3, NOW + 10);
	expect("1 2 real CC A1 3 1 2 0 v1 9; 2 2 b2 B2 A1 3 1 5 2 - 10", STATES);
	expect("c@example.com", "SELECT CONVERT(calendar_id USING ascii) FROM mmsync_busy_block"
				" WHERE uuid = REPEAT(X'02', 16)");
	expect("apply", "SELECT GROUP_CONCAT(operation) FROM mmsync_dead_letter");
	/* its iCalUID is found however it is spelled, and stays */
	expect("1 - 0; 2 040000008200e0@example.com 1",
	       "SELECT GROUP_CONCAT(CONCAT_WS(' ', RIGHT(HEX(uuid), 1), COALESCE("
	       "CONVERT(s.ical_uid USING ascii), '-'), COALESCE(b.uid_key ="
	       " LEFT(UNHEX(SHA2('040000008200E0@EXAMPLE.COM', 256)), 16), 0)) ORDER BY uuid"
	       " SEPARATOR '; ') FROM mmsync_busy_block b JOIN mmsync_event_state s USING"
	       " (uuid)");
	settle(NULL, 0, 0, NOW);
}

static void
what_failed_waits_or_is_given_up(void **state)
{
	char id1[] = "b1", id2[] = "b2", id3[] = "b3";
	struct mms_block blocks[] = { block_of(1, id1), block_of(2, id2), block_of(3, id3) };
	struct mms_block_change removal = block_rows_change(MMS_BLOCK_DELETE, 3);
	MMS_AUTO(mms_outbox) out = { 0 };

	(void)state;
	block_rows_add(&site, 3);
	block_rows_announce(&site, &removal, 1, 2, NOW);
	load_outbox(&out, 3);
	struct mms_block_end ends[] = {
		{ .block = &blocks[0], .put_off = &out.items[0], .next_ms = NOW + 60 },
		{ .block = &blocks[1], .given_up = &out.items[1] },
		{ .block = &blocks[2], .given_up = &out.items[2] },
	};
	for (size_t i = 0; i < 3; i++) {
		ends[i].error_code = "refused";
		ends[i].error_text = "so";
	}
	/* states, letters, done, put off */
	settle(ends, 3, 4, NOW + 9);
	expect("1 2 b1 B1 A1 3 1 1 0 - 0; 2 2 b2 B2 A1 3 1 4 0 - 9; 3 2 b3 B3 A1 3 1 4 1 - 9",
	       STATES);
	expect("create 1 b1 A1 3 0 1 1772355600060 refused", OUTBOX);
	expect("create 2 B2 b2 12 refused so 1 1; delete 2 B3 b3 00 refused so 1 1", LETTERS);
}

static void
an_entry_is_asked_for(void **state)
{
	char id1[] = "b1", id2[] = "b2", id3[] = "b3";
	struct mms_block blocks[] = { block_of(1, id1), block_of(2, id2), block_of(3, id3) };
	MMS_AUTO(mms_outbox) out = { 0 };

	(void)state;
	block_rows_add(&site, 3);
	load_outbox(&out, 3);
	struct mms_block_end ends[] = {
		{ .block = &blocks[0], .asks_outbox = true },
		{ .block = &blocks[1], .asks_removal = true },
		{ .block = &blocks[2], .done = &out.items[2], .asks_outbox = true },
	};
	settle(ends, 3, 2, NOW);
	expect("update 1 b1 A1 3 1 0 0 -; delete 2 b2 A1 3 1 0 0 -; update 3 b3 A1 3 0 0 0 -",
	       OUTBOX);
}

/* Planned while its request was on its way: nothing of the plan is lost. */
static void
a_plan_meanwhile_is_not_undone(void **state)
{
	char id1[] = "b1", id2[] = "b2", id3[] = "b3", id4[] = "b4";
	struct mms_block blocks[] = { block_of(1, id1), block_of(2, id2), block_of(3, id3),
				      block_of(4, id4) };
	struct mms_block_change plan[] = { block_rows_change(MMS_BLOCK_DELETE, 1),
					   block_rows_change(MMS_BLOCK_UPDATE, 2),
					   block_rows_change(MMS_BLOCK_UPDATE, 3),
					   block_rows_change(MMS_BLOCK_LOSE, 4) };
	MMS_AUTO(mms_outbox) out = { 0 };

	(void)state;
	block_rows_add(&site, 4);
	mms_test_sql(&site.server, "UPDATE mmsync_event_state SET removed_by = 1 WHERE uuid ="
				   " REPEAT(X'02', 16)");
	blocks[1].removed_by = MMS_REMOVED_BY_US;
	load_outbox(&out, 4);
	plan[2].print[15] = 0x99;
	block_rows_announce(&site, plan, 4, 5, NOW + 1);
	struct mms_block_end ends[] = {
		made(&blocks[0], &out.items[0]), /* is to go now: it still is */
		{ .block = &blocks[1],           /* is gone, and was wanted again */
		  .is_state = true,
		  .status = MMS_STATE_DELETED,
		  .removed_by = MMS_REMOVED_BY_US,
		  .done = &out.items[1] },
		made(&blocks[2], &out.items[2]), /* is to say something else */
		made(&blocks[3], &out.items[3]), /* is in a calendar that is no more */
	};
	ends[2].put_backs = 1;
	/* states, blocks, letters, done; dues, as what was removed was asked for anew */
	settle(ends, 4, 5, NOW + 9);
	expect("1 2 b1 B1 A1 3 1 2 1 v1 9; 2 2 b2 B2 A1 3 1 5 1 - 9;"
	       " 3 2 b3 B3 A1 3 1 2 0 v1 9; 4 2 b4 B4 A1 3 1 5 1 - 1",
	       STATES);
	expect("delete 1 b1 A1 3 1 0 0 -; update 2 b2 A1 3 1 0 0 -; update 3 b3 A1 3 1 0 0 -",
	       OUTBOX);
	expect("1 E1 1", DUES);
	expect("99 13 0",
	       "SELECT CONCAT_WS(' ', RIGHT(HEX(print), 2), RIGHT(HEX(sent_print), 2),"
	       " put_backs) FROM mmsync_busy_block WHERE uuid = REPEAT(X'03', 16)");
}

static void
an_id_that_a_persons_event_has_is_taken_over(void **state)
{
	char id1[] = "b1";
	struct mms_block block = block_of(1, id1);
	struct mms_block_end end = made(&block, NULL);
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	block_rows_add(&site, 1);
	mms_test_sql(
		&site.server,
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"
		" type, status, created_at_ms, changed_at_ms) VALUES"
		" (2, REPEAT(X'CC', 16), 'real', REPEAT(X'A3', 16), 1, 3, 0, 0)");
	end.external_id = "real";
	memset(end.key, 0xCC, sizeof end.key);
	OK(mms_tx_begin(&tx, site.db, &err));
	FAILS(MMS_E_CONFLICT, "settle busy blocks", mms_blocks_settle(&tx, &end, 1, NOW, &err));
	mms_tx_release(&tx);
	end.takes_id = true;
	settle(&end, 1, 5, NOW + 1);
	expect("1 2 real CC A1 3 1 2 0 v1 1", STATES);
	expect("0",
	       "SELECT COUNT(*) FROM mmsync_event_state WHERE integration_id = 2 AND type = 1");
}

static void
one_that_bears_our_mark_is_taken_up_again(void **state)
{
	static const struct {
		const char *label;
		unsigned char source;
		const char *want;
	} rows[] = {
		{ "its source is known", 0xA2,
		  "1 2 A2 3 10 20 Busy 00 - 55 0 0 0 0 0000 4 - -" },
		{ "its source is not", 0xA9, "1 2 A9 0 10 20 Busy 00 - 55 0 0 0 0 0000 4 - -" },
	};
	char id[] = "b1", title[] = "Busy", version[] = "v7", uid[] = "u1";

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_block b = block_of(1, id);
		MMS_AUTO(mms_tx) tx = { 0 };

		print_message("%s\n", rows[i].label);
		mms_test_sql(&site.server, "DELETE FROM mmsync_event_state WHERE type = 3");
		memset(b.source_uuid, rows[i].source, sizeof b.source_uuid);
		memset(b.print, 0, sizeof b.print);
		memset(b.outside_print, 0x55, sizeof b.outside_print);
		b.source_id = 0;
		b.start_ms = 10;
		b.end_ms = 20;
		b.title = title;
		b.version = version;
		b.ical_uid = uid;
		OK(mms_tx_begin(&tx, site.db, &err));
		uint64_t before = mms_db_n_statements(site.db);
		OK(mms_block_restore(&tx, &b, NOW + 4, &err));
		assert_int_equal(mms_db_n_statements(site.db) - before, 2);
		FAILS(MMS_E_CONFLICT, "take a busy block up",
		      mms_block_restore(&tx, &b, NOW + 5, &err));
		OK(mms_tx_commit(&tx, &err));
		expect(rows[i].want, BLOCKS);
		expect("3 0 v7", "SELECT CONCAT_WS(' ', status, removed_by, external_version)"
				 " FROM mmsync_event_state WHERE type = 3");
		expect("1", "SELECT COUNT(*) FROM mmsync_busy_block b JOIN mmsync_event_state s"
			    " USING (uuid) WHERE s.ical_uid = 'u1' AND b.uid_key ="
			    " LEFT(UNHEX(SHA2('U1', 256)), 16)");
	}
}

static void
what_cannot_be_reached_waits(void **state)
{
	(void)state;
	block_rows_add(&site, 3);
	mms_test_sql(&site.server,
		     "UPDATE mmsync_outbox SET next_attempt_ms = 1772355600099 WHERE uuid ="
		     " REPEAT(X'02', 16); UPDATE mmsync_outbox SET type = 2 WHERE uuid ="
		     " REPEAT(X'03', 16)");
	OK(mms_blocks_put_off(site.db, 1, NOW + 50, NOW, &err));
	OK(mms_blocks_put_off(site.db, 2, NOW + 50, NOW, &err));
	expect("create 1 b1 A1 3 0 0 1772355600050 -; create 2 b2 A1 3 0 0 1772355600099 -;"
	       " create 3 b3 A1 2 0 0 0 -",
	       OUTBOX);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(blocks_that_were_made_are_settled_together),
		T(what_failed_waits_or_is_given_up),
		T(an_entry_is_asked_for),
		T(a_plan_meanwhile_is_not_undone),
		T(an_id_that_a_persons_event_has_is_taken_over),
		T(one_that_bears_our_mark_is_taken_up_again),
		T(what_cannot_be_reached_waits),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
