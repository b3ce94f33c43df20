/* The bulk writer of a turn: what of its changes is due for busy blocks, and the flags of states. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/blocks.h"
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
	mms_test_sql(&site.server, "DELETE FROM mmsync_event_state");
	return 0;
}

static void
expect(const char *want, const char *sql)
{
	store_site_expect(&site, want, sql);
}

/* Event `number` of calendar 1, whose row is named after it. Texts are copies. */
static void
make_change(struct mms_change *c, enum mms_change_kind kind, unsigned char number)
{
	char id[] = { 'e', (char)('0' + number), '\0' };
	char name[] = { 'r', (char)('0' + number), '\0' };

	*c = (struct mms_change){
		.kind = kind,
		.state_type = MMS_STATE_USER_EVENT,
		.modified_us = wall("2026-03-01 09:00:00"),
		.new_modified_us = wall("2026-03-01 09:00:01"),
		.has_state = kind != MMS_CHANGE_INSERT,
		.row = { .status = MMS_ROW_SYNCED,
			 .start_us = wall("2026-03-02 10:00:00"),
			 .end_us = wall("2026-03-02 11:00:00"),
			 .is_blocking = true,
			 .external_modified_us = MMS_NO_TIME },
	};
	memset(c->key, number, sizeof c->key);
	memset(c->uuid, number, sizeof c->uuid);
	c->name = mms_text_copy(name);
	c->exact_id = mms_text_copy(id);
	c->row.external_event_id = mms_text_copy(id);
	c->row.title = mms_text_copy("Dentist");
	c->row.event_type = "External Event";
	assert_true(c->name != NULL && c->exact_id != NULL && c->row.external_event_id != NULL);
	assert_non_null(c->row.title);
}

/* Write them in a transaction of their own. */
static uint64_t
write_all(struct mms_change *changes, size_t n, bool makes_dues)
{
	struct mms_write_stamp stamp = { .integration = "cal1",
					 .cursor_id = 1,
					 .user = "ann@example.com",
					 .site_us = wall("2026-03-01 09:00:01"),
					 .now_ms = NOW,
					 .makes_dues = makes_dues };
	MMS_AUTO(mms_event_writer) w = { 0 };
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_change *list[8];

	for (size_t i = 0; i < n; i++)
		list[i] = &changes[i];
	OK(mms_event_writer_open(&w, 8, &err));
	OK(mms_tx_begin(&tx, site.db, &err));
	uint64_t before = mms_db_n_statements(site.db);
	OK(mms_event_writer_run(&w, &tx, &stamp, list, n, &err));
	uint64_t sent = mms_db_n_statements(site.db) - before;
	OK(mms_tx_commit(&tx, &err));
	return sent;
}

/* Rows r1 to rn with their states, as a turn before has left them. */
static void
add_events(unsigned char n)
{
	struct mms_change changes[8];

	for (unsigned char i = 0; i < n; i++) {
		make_change(&changes[i], MMS_CHANGE_INSERT, (unsigned char)(i + 1));
		changes[i].new_modified_us = wall("2026-03-01 09:00:00");
	}
	assert_int_equal(write_all(changes, n, false), 2);
	for (size_t i = 0; i < n; i++)
		mms_change_release(&changes[i]);
	expect("NULL", DUES);
}

static void
what_changes_is_due(void **state)
{
	static const struct {
		const char *label;
		enum mms_change_kind kind;
		bool is_under_old, has_letter;
		const char *want;
		uint64_t n_statements; /* without what is due */
	} rows[] = {
		{ "a new row", MMS_CHANGE_INSERT, false, false, "1 09 1", 2 },
		{ "another content", MMS_CHANGE_UPDATE, false, false, "1 01 1", 2 },
		{ "another id", MMS_CHANGE_RENAME, false, false, "1 09 1", 2 },
		{ "deleted", MMS_CHANGE_MARK, false, false, "1 01 1", 2 },
		{ "a new id is refused", MMS_CHANGE_MARK, true, true, "1 01 1", 3 },
		{ "only the state", MMS_CHANGE_STATE, false, false, "1 01 1", 1 },
		{ "the row is gone", MMS_CHANGE_FOLLOW, false, false, "NULL", 1 },
		{ "only a letter", MMS_CHANGE_LETTER, false, true, "NULL", 1 },
	};

	for (size_t i = 0; i < MMS_COUNT(rows) * 2; i++) {
		bool makes_dues = i % 2 != 0;
		bool is_new = rows[i / 2].kind == MMS_CHANGE_INSERT;
		struct mms_change c;

		print_message("%s%s\n", rows[i / 2].label, makes_dues ? ", due" : "");
		(void)clean(state);
		add_events(1);
		make_change(&c, rows[i / 2].kind, is_new ? 9 : 1);
		if (c.kind == MMS_CHANGE_RENAME || rows[i / 2].is_under_old) {
			memcpy(c.old_key, c.key, sizeof c.key);
			memset(c.key, 9, sizeof c.key);
		}
		c.is_under_old = rows[i / 2].is_under_old;
		c.letter = rows[i / 2].has_letter ? MMS_LETTER_REMOVE : MMS_LETTER_NONE;
		bool is_due = makes_dues && strcmp(rows[i / 2].want, "NULL") != 0;
		assert_int_equal(write_all(&c, 1, makes_dues),
				 rows[i / 2].n_statements + is_due);
		expect(makes_dues ? rows[i / 2].want : "NULL", DUES);
		mms_change_release(&c);
	}
}

static void
many_are_due_by_one_statement_and_again(void **state)
{
	struct mms_change changes[4];

	(void)state;
	add_events(4);
	for (unsigned char i = 0; i < 4; i++)
		make_change(&changes[i], MMS_CHANGE_STATE, (unsigned char)(i + 1));
	assert_int_equal(write_all(changes, 4, true), 2);
	assert_int_equal(write_all(changes, 2, true), 2);
	expect("1 01 2; 1 02 2; 1 03 1; 1 04 1", DUES);
	for (size_t i = 0; i < 4; i++)
		mms_change_release(&changes[i]);
}

#define FLAGS                                                                       \
	"SELECT GROUP_CONCAT(CONCAT_WS(' ', LEFT(HEX(ext_key), 2), flags) ORDER BY" \
	" ext_key SEPARATOR '; ') FROM mmsync_event_state"

static unsigned
known_flags(const struct mms_known *known, unsigned char number)
{
	for (size_t i = 0; i < known->n; i++) {
		if (known->items[i].key[0] == number)
			return known->items[i].flags &
			       (unsigned)(MMS_KNOWN_NO_SOURCE | MMS_KNOWN_PRIVATE);
	}
	fail_msg("event %u is not known", number);
	return 0;
}

static void
load_known(struct mms_known *known)
{
	struct mms_known_query query = { .integration = "cal1",
					 .cursor_id = 1,
					 .from_us = wall("2026-01-01 00:00:00"),
					 .to_us = wall("2027-01-01 00:00:00"),
					 .stamp_us = MMS_NO_TIME };

	mms_known_release(known);
	OK(mms_known_load(site.db, &query, known, &err));
}

/* What a state says of its event is written with each change of all of it, and is known from then on. */
static void
flags_are_kept(void **state)
{
	enum { BOTH = MMS_KNOWN_NO_SOURCE | MMS_KNOWN_PRIVATE };
	static const struct {
		const char *label;
		enum mms_change_kind kind;
		uint8_t flags;
		const char *want;
		unsigned want_known, want_noted;
	} rows[] = {
		{ "a new one", MMS_CHANGE_INSERT, MMS_STATE_NO_SOURCE, "01 0; 09 1",
		  MMS_KNOWN_NO_SOURCE, MMS_KNOWN_NO_SOURCE },
		{ "changed", MMS_CHANGE_UPDATE, MMS_STATE_PRIVATE, "01 2", MMS_KNOWN_PRIVATE,
		  MMS_KNOWN_PRIVATE },
		{ "only the state", MMS_CHANGE_STATE, 3, "01 3", BOTH, BOTH },
		{ "another id", MMS_CHANGE_RENAME, 3, "09 3", BOTH, BOTH },
		{ "not any more", MMS_CHANGE_UPDATE, 0, "01 0", 0, 0 },
		{ "a mark leaves them", MMS_CHANGE_MARK, 0, "01 1", MMS_KNOWN_NO_SOURCE,
		  MMS_KNOWN_NO_SOURCE },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		bool is_new = rows[i].kind == MMS_CHANGE_INSERT;
		MMS_AUTO(mms_known) known = { 0 };
		struct mms_change c;

		print_message("%s\n", rows[i].label);
		(void)clean(state);
		add_events(1);
		if (!is_new)
			mms_test_sql(&site.server, "UPDATE mmsync_event_state SET flags = 1");
		make_change(&c, rows[i].kind, is_new ? 9 : 1);
		c.flags = rows[i].flags;
		load_known(&known);
		size_t at = 0;
		while (at + 1 < known.n && !(known.items[at].flags & MMS_KNOWN_STATE))
			at++;
		c.known_at = (uint32_t)at;
		if (c.kind == MMS_CHANGE_RENAME) {
			memcpy(c.old_key, c.key, sizeof c.key);
			memset(c.key, 9, sizeof c.key);
		}
		(void)write_all(&c, 1, false);
		expect(rows[i].want, FLAGS);
		OK(mms_known_note(&known, &c, &err));
		assert_int_equal(known.items[at].flags & (unsigned)BOTH, rows[i].want_noted);
		load_known(&known);
		assert_int_equal(known_flags(&known, rows[i].want[1] == '1' && !is_new ? 1 : 9),
				 rows[i].want_known);
		mms_change_release(&c);
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup(test, clean)
	static const struct CMUnitTest tests[] = {
		T(what_changes_is_due),
		T(many_are_due_by_one_statement_and_again),
		T(flags_are_kept),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
