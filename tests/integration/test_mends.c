/*
 * Remedies one by one: what is broken with SQL is right after one of them and, where it only puts work down, a sync; a second
 * time nothing is written, and nothing where nothing is broken; with every statement failing the next does it.
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

/* ---- done ---------------------------------------------------------------------------------------- */

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

static void
each_mends_what_is_broken_once(void **state)
{
	size_t n_rows;
	const struct mend_row *rows = mend_rows(&n_rows);

	(void)state;
	for (size_t i = 0; i < n_rows; i++) {
		const struct mend_row *row = &rows[i];
		char *name = NULL;

		mend_row_break(&site, row);
		struct mms_mend mend = mend_site_make(&site, &row->about, &name);
		if (!mend_row_apply_well(&site, row, &mend))
			fail_msg("%s: nothing was done", row->label);
		if (!row->needs_sync)
			mend_row_expect_right(&site, row, "at once");
		struct mend_digest before = mend_site_digest(&site);
		if (mend_row_apply_well(&site, row, &mend))
			fail_msg("%s: it was done twice", row->label);
		struct mend_digest after = mend_site_digest(&site);
		if (strcmp(before.text, after.text) != 0)
			fail_msg("%s: the second time wrote something", row->label);
		expect_healed(row);
		expect_quiet();
		free(name);
	}
}

/* ---- not needed ------------------------------------------------------------------------------------ */

static const struct mend_row whole[] = {
	{ .label = "a block with its state",
	  .about = { .remedy = MMS_REMEDY_FORGET_BLOCK, .uuid = "SELECT HEX(uuid) " A_BLOCK } },
	{ .label = "a block that nobody knows",
	  .about = { .remedy = MMS_REMEDY_REMOVE_BLOCK,
		     .uuid = "SELECT '0123456789ABCDEF0123456789ABCDEF'" } },
	{ .label = "a person's event as a block",
	  .about = { .remedy = MMS_REMEDY_REMOVE_BLOCK,
		     .uuid = "SELECT HEX(uuid) " TEAM_EVENT } },
	{ .label = "an event that nobody knows",
	  .about = { .remedy = MMS_REMEDY_SEND_EVENT,
		     .uuid = "SELECT '0123456789ABCDEF0123456789ABCDEF'" } },
	{ .label = "a person's event to be sent",
	  .about = { .remedy = MMS_REMEDY_SEND_EVENT,
		     .uuid = "SELECT HEX(uuid) " TEAM_EVENT } },
	{ .label = "blocks of an event that nobody knows",
	  .about = { .remedy = MMS_REMEDY_PLAN_EVENT,
		     .cursor = TEAM,
		     .key = "SELECT HEX(REPEAT('k', 16))" } },
	{ .label = "a person of nobody's calendar",
	  .about = { .remedy = MMS_REMEDY_PLAN_PERSON, .cursor = "SELECT 777" } },
	{ .label = "a state that is not there",
	  .about = { .remedy = MMS_REMEDY_FORGET_STATE,
		     .cursor = TEAM,
		     .key = "SELECT HEX(REPEAT('k', 16))" } },
	{ .label = "a calendar of nobody",
	  .about = { .remedy = MMS_REMEDY_READ_CALENDAR, .cursor = "SELECT 777" } },
	{ .label = "a booking that is as it should be",
	  .about = { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B1" } },
	{ .label = "a booking that there never was",
	  .about = { .remedy = MMS_REMEDY_PUSH_BOOKING, .booking = "B77" } },
	{ .label = "a link that is right",
	  .about = { .remedy = MMS_REMEDY_LINK_BOOKING, .booking = "B1" } },
	{ .label = "a link of a booking that there never was",
	  .about = { .remedy = MMS_REMEDY_LINK_BOOKING, .booking = "B77" } },
	{ .label = "a row that lives",
	  .about = { .remedy = MMS_REMEDY_FREE_ROW,
		     .row = "SELECT name FROM " ROWS
			    " WHERE sync_status = 'Synced' ORDER BY name LIMIT 1" } },
	{ .label = "a letter that is not there",
	  .about = { .remedy = MMS_REMEDY_DROP_LETTER, .id = "SELECT 999" } },
	{ .label = "an entry that is not there",
	  .about = { .remedy = MMS_REMEDY_DROP_ENTRY, .id = "SELECT 999" } },
	{ .label = "what is not due",
	  .about = { .remedy = MMS_REMEDY_DROP_DUE,
		     .cursor = TEAM,
		     .key = "SELECT HEX(ext_key) " TEAM_EVENT } },
	{ .label = "an event of no pair",
	  .about = { .remedy = MMS_REMEDY_PAIR_MEETING,
		     .uuid = "SELECT HEX(uuid) " TEAM_EVENT } },
	{ .label = "a counter that is right", .about = { .remedy = MMS_REMEDY_RAISE_COUNTER } },
};

static void
nothing_is_written_where_nothing_is_broken(void **state)
{
	struct mend_digest before = mend_site_digest(&site);

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(whole); i++) {
		char *name = NULL;
		struct mms_mend mend = mend_site_make(&site, &whole[i].about, &name);

		if (mend_row_apply_well(&site, &whole[i], &mend))
			fail_msg("%s: it was done", whole[i].label);
		struct mend_digest after = mend_site_digest(&site);
		if (strcmp(before.text, after.text) != 0)
			fail_msg("%s: something was written", whole[i].label);
		free(name);
	}
}

static void
what_is_for_a_person_or_says_too_little_is_refused(void **state)
{
	static const struct {
		struct mms_mend mend;
		const char *says;
	} refused[] = {
		{ { .remedy = MMS_REMEDY_NONE }, "a person must look" },
		{ { .remedy = MMS_REMEDY_APPLY_SCHEMA }, "mmsync schema apply" },
		{ { .remedy = MMS_REMEDY_REMOVE_BLOCK }, "lacks what it is about" },
		{ { .remedy = MMS_REMEDY_PLAN_EVENT, .cursor_id = 1 },
		  "lacks what it is about" },
		{ { .remedy = MMS_REMEDY_COUNT }, "lacks what it is about" },
	};
	struct mms_mender *mender = NULL;

	(void)state;
	OK(mms_mender_new(&mender, &site.env, 0, &err));
	for (size_t i = 0; i < MMS_COUNT(refused); i++) {
		bool did = true;
		FAILS(MMS_E_ITEM, refused[i].says,
		      mms_mend_apply(mender, &refused[i].mend, &did, &err));
		assert_false(did);
	}
	mms_mender_free(mender);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mends_what_is_broken_once),
		cmocka_unit_test(nothing_is_written_where_nothing_is_broken),
		cmocka_unit_test(what_is_for_a_person_or_says_too_little_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
