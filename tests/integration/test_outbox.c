/* The outbox and what was given up, with two workers at once. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/outbox.h"
#include "support/dbcheck.h"
#include "support/store_site.h"

#define NOW INT64_C(1772355600000)

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
	store_site_clean(&site);
	mms_test_sql(&site.server, "INSERT INTO mmsync_cursor (id, name, provider) VALUES"
				   " (1, 'cal1', 'google'), (2, 'cal2', 'google')");
	return 0;
}

static void
expect_text(const char *want, const char *sql)
{
	store_site_expect(&site, want, sql);
}

/* A state whose ids are made of its number; texts are copies. */
static void
make_state(struct mms_own_state *s, unsigned number, uint64_t cursor_id, const char *booking)
{
	char id[2] = { (char)('a' + number), '\0' };

	*s = (struct mms_own_state){ .cursor_id = cursor_id,
				     .type = MMS_STATE_BOOKING,
				     .status = MMS_STATE_CREATING,
				     .booking_creation_us = wall("2026-01-01 10:00:00.5"),
				     .booking_modified_us = MMS_NO_TIME };
	memset(s->key, (int)number, sizeof s->key);
	memset(s->uuid, (int)(0x40 + number), sizeof s->uuid);
	s->external_id = mms_text_copy(id);
	s->booking = mms_text_copy(booking);
	assert_true(s->external_id != NULL && (booking == NULL || s->booking != NULL));
}

static void
put(struct mms_db *who, unsigned number, const char *operation, int64_t now_ms)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	make_state(&s, number, 1, "b1");
	OK(mms_tx_begin(&tx, who, &err));
	OK(mms_outbox_put(&tx, &s, operation, now_ms, &err));
	OK(mms_tx_commit(&tx, &err));
}

/* ---- the outbox ------------------------------------------------------------------------------ */

static void
load_due(int64_t now_ms, struct mms_outbox *out)
{
	mms_outbox_release(out);
	OK(mms_outbox_due(site.db, 1, now_ms, 10, out, &err));
}

static void
what_is_asked_for_waits_in_order(void **state)
{
	MMS_AUTO(mms_outbox) due = { 0 };
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	uint64_t *ids = NULL;
	size_t n = 0;

	(void)state;
	put(site.db, 3, "create", NOW);
	put(site.db, 1, "delete", NOW);
	put(site.db, 2, "update", NOW);
	make_state(&s, 4, 2, "b2");
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_put(&tx, &s, "create", NOW, &err));
	OK(mms_tx_commit(&tx, &err));
	load_due(0, &due); /* at once, whatever the clock of whoever looks */
	assert_int_equal(due.n, 3);
	assert_string_equal(due.items[0].operation, "create");
	assert_string_equal(due.items[1].operation, "delete");
	assert_string_equal(due.items[2].operation, "update");
	assert_string_equal(due.items[0].booking, "b1");
	assert_int_equal(due.items[0].cursor_id, 1);
	assert_int_equal(due.items[0].version, 0);
	assert_int_equal(due.items[0].uuid[0], 0x43);
	assert_int_equal(due.items[0].type, MMS_STATE_BOOKING);
	assert_null(due.items[0].error_code);
	mms_outbox_release(&due);
	OK(mms_outbox_due(site.db, 1, NOW, 2, &due, &err));
	assert_int_equal(due.n, 2);
	mms_outbox_release(&due);
	OK(mms_outbox_of_booking(site.db, "b2", &due, &err));
	assert_int_equal(due.n, 1);
	assert_int_equal(due.items[0].cursor_id, 2);
	OK(mms_outbox_waiting(site.db, NOW, &ids, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 2);
	mms_free(ids);
	mms_test_sql(&site.server, "UPDATE mmsync_outbox SET next_attempt_ms = %lld",
		     (long long)NOW + 1);
	OK(mms_outbox_waiting(site.db, NOW, &ids, &n, &err));
	assert_int_equal(n, 0);
	mms_free(ids);
	load_due(NOW, &due);
	assert_int_equal(due.n, 0);
}

static void
what_is_done_goes(void **state)
{
	MMS_AUTO(mms_outbox) due = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	put(site.db, 1, "create", NOW);
	load_due(NOW, &due);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_done(&tx, &due.items[0], &err));
	OK(mms_tx_commit(&tx, &err));
	load_due(NOW, &due);
	assert_int_equal(due.n, 0);
}

/* One works on an entry while another asks for it anew: the newer wish survives. */
static void
what_was_asked_for_anew_stays(void **state)
{
	MMS_AUTO(mms_outbox) due = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };

	(void)state;
	put(site.db, 1, "create", NOW);
	load_due(NOW, &due);
	put(site.other, 1, "delete", NOW + 7);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_done(&tx, &due.items[0], &err));
	OK(mms_outbox_put_off(&tx, &due.items[0], "RETRY", "late", NOW + 60000, NOW, &err));
	OK(mms_tx_commit(&tx, &err));
	load_due(NOW, &due);
	assert_int_equal(due.n, 1);
	assert_string_equal(due.items[0].operation, "delete");
	assert_int_equal(due.items[0].version, 1);
	assert_int_equal(due.items[0].attempts, 0);
	assert_int_equal(due.items[0].next_attempt_ms, 0);
	assert_null(due.items[0].error_text);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_done(&tx, &due.items[0], &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(mms_test_ask_i64(&site.server, "SELECT COUNT(*) FROM mmsync_outbox"),
			 0);
}

static void
what_failed_waits_and_is_counted(void **state)
{
	MMS_AUTO(mms_outbox) due = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	MMS_AUTO(mms_str) text = { 0 };

	(void)state;
	put(site.db, 1, "create", NOW);
	for (int i = 0; i < 7000; i++)
		mms_str_add(&text, "\xC3\xA4\xC3\xB6 and more ");
	for (int i = 1; i <= 2; i++) {
		load_due(NOW + i * 1000, &due);
		assert_int_equal(due.n, 1);
		OK(mms_tx_begin(&tx, site.db, &err));
		OK(mms_outbox_put_off(&tx, &due.items[0],
				      "a code that is longer than its column is wide",
				      mms_str_get(&text), NOW + i * 1000 + 500, NOW, &err));
		OK(mms_tx_commit(&tx, &err));
		load_due(NOW + i * 1000 + 499, &due);
		assert_int_equal(due.n, 0);
	}
	load_due(NOW + 2500, &due);
	assert_int_equal(due.items[0].attempts, 2);
	assert_int_equal(due.items[0].version, 0);
	assert_true(due.items[0].next_attempt_ms == NOW + 2500);
	assert_string_equal(due.items[0].error_code, "a code that is longer than its c");
	assert_in_range(strlen(due.items[0].error_text), 65530, 65535);
	put(site.db, 1, "update", NOW + 1);
	load_due(0, &due);
	assert_int_equal(due.items[0].attempts, 0);
}

/* ---- letters --------------------------------------------------------------------------------- */

static void
give_up(const char *operation, unsigned char print, int64_t now_ms)
{
	MMS_AUTO(mms_own_state) s = { 0 };
	MMS_AUTO(mms_outbox) due = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	unsigned char bytes[MMS_PRINT_BYTES];

	memset(bytes, print, sizeof bytes);
	put(site.db, 1, operation, now_ms);
	load_due(now_ms, &due);
	assert_int_equal(due.n, 1);
	due.items[0].attempts = 4;
	make_state(&s, 1, 1, "b1");
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_give_up(&tx, &due.items[0], &s, "refused", "so", bytes, now_ms, &err));
	OK(mms_tx_commit(&tx, &err));
	load_due(now_ms, &due);
	assert_int_equal(due.n, 0);
}

static void
expect_letter(bool want, unsigned char want_print)
{
	unsigned char print[MMS_PRINT_BYTES], key[MMS_PRINT_BYTES], bytes[MMS_PRINT_BYTES];
	bool is_given_up = !want;

	memset(key, 1, sizeof key);
	memset(bytes, want_print, sizeof bytes);
	memset(print, 0xFF, sizeof print);
	OK(mms_outbox_letter(site.db, 1, key, &is_given_up, print, &err));
	assert_int_equal(is_given_up, want);
	assert_memory_equal(print, bytes, sizeof bytes);
}

#define LETTERS                                                                           \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', operation, CONVERT(external_id USING ascii)," \
	" error_code, error_text, attempts, first_at_ms - 1772355600000,"                 \
	" last_at_ms - 1772355600000, given_up) ORDER BY id SEPARATOR '; ')"              \
	" FROM mmsync_dead_letter"

static void
what_is_given_up_leaves_a_letter(void **state)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	unsigned char key[MMS_PRINT_BYTES];

	(void)state;
	memset(key, 1, sizeof key);
	expect_letter(false, 0);
	give_up("create", 7, NOW + 1);
	expect_letter(true, 7);
	expect_text("create b refused so 5 1 1 1", LETTERS);
	/* a person lives without it: for this content, but not for another */
	mms_test_sql(&site.server, "UPDATE mmsync_dead_letter SET given_up = 2");
	expect_letter(true, 7);
	give_up("create", 7, NOW + 2);
	expect_text("create b refused so 5 1 2 2", LETTERS);
	give_up("create", 8, NOW + 3);
	expect_text("create b refused so 5 1 3 1", LETTERS);
	give_up("update", 9, NOW + 4);
	expect_letter(true, 9);
	/* a person wants it tried again */
	mms_test_sql(&site.server,
		     "UPDATE mmsync_dead_letter SET given_up = 0 WHERE operation ="
		     " 'update'; INSERT INTO mmsync_dead_letter (integration_id,"
		     " ext_key, operation, error_code, error_text, first_at_ms,"
		     " last_at_ms, given_up) SELECT integration_id, ext_key, 'apply', 'x',"
		     " 'y', 0, last_at_ms + 9, 1 FROM mmsync_dead_letter LIMIT 1");
	expect_letter(false, 9);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_drop_letters(&tx, 2, key, &err));
	OK(mms_tx_commit(&tx, &err));
	assert_int_equal(
		mms_test_ask_i64(&site.server, "SELECT COUNT(*) FROM mmsync_dead_letter"), 3);
	OK(mms_tx_begin(&tx, site.db, &err));
	OK(mms_outbox_drop_letters(&tx, 1, key, &err));
	OK(mms_tx_commit(&tx, &err));
	expect_text("apply", "SELECT GROUP_CONCAT(operation) FROM mmsync_dead_letter");
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(what_is_asked_for_waits_in_order), T(what_is_done_goes),
		T(what_was_asked_for_anew_stays),    T(what_failed_waits_and_is_counted),
		T(what_is_given_up_leaves_a_letter),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
