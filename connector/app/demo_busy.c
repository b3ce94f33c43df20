/* The part of the demonstration in which a person has several calendars: busy in one, busy in all. */
#include "demo_calendar.h"

#include <stdio.h>
#include <string.h>

#define BUSY "Busy"

/* The calendar at Google is that of demo_google.c. */
static const struct demo_person home = {
	.email = "dora@example.com",
	.zone = "Europe/Madrid",
	.account = "dora.home@example.com",
	.integration = "MM-CI-dora@example.com-0006",
	.type = "Outlook Calendar",
	.access = "dora-home-access",
	.refresh = "dora-home-refresh",
	.lifetime_ms = INT64_C(3599000),
	.booking = "MM-MB-0004",
	.heads = { "AT OUTLOOK", "START (MADRID)", "END (MADRID)", "MAILED" },
	.n_heads = 4,
};

static mms_rc
sync_all(const struct demo *demo, const char *option, struct mms_err *err)
{
	const char *const words[] = { "sync", "--user", home.email, option, NULL };
	int status = 0;

	mms_rc rc = mms_demo_show(demo, words, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "the sync of all her calendars", err)
			    : rc;
}

/* Only what would be done: the tables of a sync are seen often enough. */
static mms_rc
plan_all(const struct demo *demo, struct mms_err *err)
{
	const char *const words[] = {
		"sync", "--user", home.email, "--dry-run", "--quiet", NULL
	};
	int status = 0;

	mms_rc rc = mms_demo_show(demo, words, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "the dry run", err) : rc;
}

/* ---- what must stand there ------------------------------------------------------------------ */

static bool
is_block(const struct demo_shown *event)
{
	return strcmp(event->title, BUSY) == 0;
}

/* Has the calendar one block at the time of this event of another, and does it say nothing else? */
static bool
is_blocked(const struct mms_demo_calendar *calendar, const struct demo_shown *event)
{
	size_t n = 0;

	for (size_t i = 0; i < calendar->n; i++) {
		const struct demo_shown *e = &calendar->items[i];
		n += is_block(e) && strcmp(e->start, event->start) == 0 &&
		     strcmp(e->end, event->end) == 0 && e->text[0] == '\0' &&
		     strcmp(e->visibility, "private") == 0 && strcmp(e->mailed, "nobody") == 0;
	}
	return n == 1;
}

/* Her own events of one, and those of the feed, are the blocks of the other; n_own: so many there must be. */
static mms_rc
expect_blocks(const struct mms_demo_calendar *from, const struct mms_demo_calendar *in,
	      size_t n_own, struct mms_err *err)
{
	enum { IN_FEED = 1 };
	size_t n_there = 0, n_blocks = 0;

	for (size_t i = 0; i < in->n; i++)
		n_blocks += is_block(&in->items[i]);
	for (size_t i = 0; i < from->n; i++) {
		if (is_block(&from->items[i]))
			continue;
		n_there++;
		if (!is_blocked(in, &from->items[i]))
			return mms_fail(err, MMS_E_BUG, "%s does not block the other calendar",
					from->items[i].title);
	}
	if (n_there == n_own && n_blocks == n_own + IN_FEED)
		return MMS_OK;
	return mms_fail(err, MMS_E_BUG,
			"%zu events of hers there, and %zu blocks of them; %zu and %zu were "
			"expected",
			n_there, n_blocks, n_own, n_own + IN_FEED);
}

static mms_rc
add_rows(struct mms_table *table, const char *where, const struct mms_demo_calendar *calendar,
	 struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < calendar->n; i++) {
		const struct demo_shown *e = &calendar->items[i];
		bool is_private = strcmp(e->visibility, "private") == 0;
		const char *const cells[] = { where, e->title, e->start, e->end,
					      is_private ? "yes" : "no" };

		for (size_t c = 0; rc == MMS_OK && c < MMS_COUNT(cells); c++)
			rc = mms_table_add(table, cells[c], err);
	}
	return rc;
}

/* Both calendars as the services have them, with so many events of her own in each. */
static mms_rc
look_at_both(const struct demo *demo, bool is_shown, size_t n_work, size_t n_home,
	     struct mms_err *err)
{
	static const char *const heads[] = { "CALENDAR", "WHAT", "START (MADRID)",
					     "END (MADRID)", "PRIVATE" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	MMS_AUTO(mms_demo_calendar) google = { 0 };
	MMS_AUTO(mms_demo_calendar) outlook = { 0 };

	mms_rc rc = mms_demo_load_calendar(demo, &mms_demo_dora, &google, err);
	if (rc == MMS_OK)
		rc = mms_demo_load_calendar(demo, &home, &outlook, err);
	if (rc == MMS_OK)
		rc = add_rows(&table, "Google", &google, err);
	if (rc == MMS_OK)
		rc = add_rows(&table, "Outlook", &outlook, err);
	if (rc == MMS_OK && is_shown) {
		putchar('\n');
		mms_table_print(demo->app, &table);
	}
	if (rc == MMS_OK)
		rc = expect_blocks(&google, &outlook, n_work, err);
	return rc == MMS_OK ? expect_blocks(&outlook, &google, n_home, err) : rc;
}

/* ---- the story ------------------------------------------------------------------------------ */

static mms_rc
add_home(const struct demo *demo, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 4, 8, 0),
			 end = mms_demo_time_at(demo, 4, 9, 0);
	MMS_AUTO(mms_str) events = { 0 };

	mms_str_addf(&events, "event %s dentist1 \"Dentist\" %s %s text=\"The wisdom tooth\"\n",
		     home.account, start.typed, end.typed);
	mms_rc rc = mms_str_check(&events, err);
	if (rc == MMS_OK)
		rc = mms_demo_add_person(demo, &home, mms_str_get(&events), err);
	return rc == MMS_OK ? mms_demo_add_feed(demo, home.email, "MM-CI-dora@example.com-0007",
						"Choir", "dora-choir.ics", err)
			    : rc;
}

/* Not shown: what a first sync is was told before. */
static mms_rc
read_first(const struct demo *demo, struct mms_err *err)
{
	const char *const argv[] = { demo->self, "--site",   demo->site, "sync",
				     "--user",   home.email, "--quiet",  NULL };
	int status = 0;

	mms_rc rc = mms_demo_spawn(argv, NULL, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "the first sync of her calendars", err)
			    : rc;
}

static mms_rc
tell_made(const struct demo *demo, struct mms_err *err)
{
	mms_demo_say("\n7. Dora has a private calendar in Outlook, too, and the feed of her "
		     "choir; both\n"
		     "   are connected and read. Now busy blocks are switched on in "
		     "site_config.json:\n"
		     "   \"busy_blocks\": {\"enabled\": true}. What would that do?");
	mms_rc rc = add_home(demo, err);
	if (rc == MMS_OK) /* the dry run then knows all events */
		rc = read_first(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_put_config(demo, true, err);
	if (rc == MMS_OK)
		rc = plan_all(demo, err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say(
		"\n   The sync does it. Each calendar now says when she is taken elsewhere, "
		"and not\n   by what:");
	rc = sync_all(demo, "--quiet", err);
	if (rc != MMS_OK)
		return rc;
	return look_at_both(demo, true, 1, 1, err);
}

static mms_rc
tell_followed(const struct demo *demo, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 2, 15, 0),
			 end = mms_demo_time_at(demo, 2, 16, 30);
	MMS_AUTO(mms_str) script = { 0 };

	mms_demo_say("\n   She moves the review by three hours and deletes the dentist. Their "
		     "blocks\n   follow:");
	mms_str_addf(&script, "change %s review1 start=%s end=%s\ndelete %s dentist1\n",
		     mms_demo_dora.email, start.typed, end.typed, home.account);
	mms_rc rc = mms_str_check(&script, err);
	if (rc == MMS_OK)
		rc = mms_demo_tell_fake(demo, mms_str_get(&script), err);
	if (rc == MMS_OK)
		rc = sync_all(demo, "--quiet", err);
	return rc == MMS_OK ? look_at_both(demo, true, 1, 0, err) : rc;
}

static mms_rc
tell_booked(const struct demo *demo, struct mms_err *err)
{
	const struct demo_span span = { mms_demo_time_at(demo, 3, 9, 0),
					mms_demo_time_at(demo, 3, 10, 0) };

	mms_demo_say("\n   A customer books her for Thursday. The event goes into her calendar "
		     "at Google,\n   and the same push blocks the one in Outlook:");
	mms_rc rc = mms_demo_book(demo, &home, &span, err);
	if (rc == MMS_OK)
		rc = mms_demo_push(demo, &home, err);
	return rc == MMS_OK ? look_at_both(demo, false, 2, 0, err) : rc;
}

/* What both services have; each write shows there. */
static mms_rc
load_both(const struct demo *demo, struct mms_str *out, struct mms_err *err)
{
	mms_rc rc = mms_demo_load_state(demo, &mms_demo_dora, out, err);
	return rc == MMS_OK ? mms_demo_load_state(demo, &home, out, err) : rc;
}

static mms_rc
tell_quiet(const struct demo *demo, struct mms_err *err)
{
	MMS_AUTO(mms_str) before = { 0 };
	MMS_AUTO(mms_str) after = { 0 };

	mms_demo_say(
		"\n   Once more: the blocks come back in what the services list, are known "
		"for what\n   they are, and nothing is sent:");
	mms_rc rc = load_both(demo, &before, err);
	if (rc == MMS_OK)
		rc = sync_all(demo, NULL, err);
	if (rc == MMS_OK)
		rc = load_both(demo, &after, err);
	if (rc == MMS_OK && strcmp(mms_str_get(&before), mms_str_get(&after)) != 0)
		rc = mms_fail(err, MMS_E_BUG, "a sync without news has written something");
	return rc;
}

mms_rc
mms_demo_tell_busy(const struct demo *demo, struct mms_err *err)
{
	mms_rc rc = tell_made(demo, err);
	if (rc == MMS_OK)
		rc = tell_followed(demo, err);
	if (rc == MMS_OK)
		rc = tell_booked(demo, err);
	return rc == MMS_OK ? tell_quiet(demo, err) : rc;
}
