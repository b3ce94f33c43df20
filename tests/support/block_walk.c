/* Walks over one person's calendars (see the header). */
#include "support/block_walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"

const struct block_calendar block_calendars[BLOCK_WALK_CALENDARS] = {
	{ "work", "ann@example.com" },
	{ "home", "home" },
	{ "club", "club" },
};

#define FEED "team.ics"

static const char *
any_calendar(struct block_walk *b)
{
	return block_calendars[walk_any(&b->w, BLOCK_WALK_CALENDARS)].id;
}

/* ---- blocks, bookings, calendars ---------------------------------------------------------------- */

/* What comes back from the bin of a calendar that nobody reads is not seen. */
static bool
is_read(const struct block_walk *b, const char *calendar)
{
	return mms_test_ask_i64(&b->w.s.world->server,
				"SELECT is_active FROM `tabMM Calendar Integration` WHERE"
				" calendar_id = '%s'",
				calendar) != 0;
}

static void
change_block(struct block_walk *b, const char *calendar)
{
	unsigned dice = walk_any(&b->w, 6);
	json_t *block = is_read(b, calendar)
				? habit_pick(&b->w, calendar,
					     dice == 0 ? HABIT_GONE_BLOCK : HABIT_BLOCK)
				: NULL;
	char id[200], uuid[80], time[120];

	if (block == NULL)
		return;
	gfake_value(block, "id", id, sizeof id);
	if (dice == 0) {
		gfake_value(block, "private.mmsync_id", uuid, sizeof uuid);
		mms_str_addf(&b->w.strays, " %s ", uuid);
		walk_tell(&b->w, "at %s change %s status=confirmed", calendar, id);
	} else {
		deeds_note(&b->deeds, &b->w.s.world->server, calendar, block, dice < 3);
		if (dice < 3)
			walk_tell(&b->w, "at %s delete %s", calendar, id);
		else
			walk_tell(&b->w, "at %s change %s%s", calendar, id,
				  dice == 3 ? " title=Mine" : habit_time(&b->w, true, time));
	}
	json_decref(block);
}

static void
change_booking(struct block_walk *b)
{
	char time[120], push[40];
	unsigned n = walk_any(&b->w, 2) + 1;

	(void)snprintf(push, sizeof push, "push --booking B%u", n);
	if (n > b->n_bookings) {
		b->n_bookings++;
		walk_tell(&b->w, "booking B%u \"Demo %u\" %s", b->n_bookings, b->n_bookings,
			  habit_time(&b->w, false, time));
		(void)snprintf(push, sizeof push, "push --booking B%u", b->n_bookings);
	} else if (walk_any(&b->w, 3) == 0) {
		walk_tell(&b->w, "rebook B%u status=%s", n,
			  walk_any(&b->w, 2) == 0 ? "Cancelled" : "Confirmed");
	} else {
		walk_tell(&b->w, "rebook B%u%s", n, habit_time(&b->w, true, time));
	}
	if (walk_any(&b->w, 2) == 0)
		block_walk_run(b, push, NULL);
}

static void
switch_calendar(struct block_walk *b)
{
	static const char *const names[] = { "home", "club", "team" };

	walk_tell(&b->w,
		  "sql UPDATE `tabMM Calendar Integration` SET is_active = 1 - is_active,"
		  " modified = modified + INTERVAL 1 SECOND WHERE name = '%s'",
		  walk_any_of(&b->w, names, MMS_COUNT(names)));
}

/* ---- runs -------------------------------------------------------------------------------------------- */

void
block_walk_run(struct block_walk *b, const char *arguments, const char *fault)
{
	struct walk *w = &b->w;
	char line[200];

	walk_tell(w, "advance %um", 11 + walk_any(w, 9));
	if (fault == NULL && !w->is_in_trouble) {
		walk_run(w, arguments);
		return;
	}
	mms_str_addf(&w->journal, "%s # %s\n", arguments, fault != NULL ? fault : "in trouble");
	(void)snprintf(line, sizeof line, "%s --json", arguments);
	if (!scenario_run(&w->s, line, fault))
		walk_fail(w, "%s", w->s.failure);
	int status = w->s.exit_status;
	if (status != 0 && status != 1 && status != 5 && !(fault != NULL && status == 137))
		walk_fail(w, "it ended with %d: %s%s", status, mms_str_get(&w->s.out),
			  mms_str_get(&w->s.err));
}

static void
run_some(struct block_walk *b)
{
	static const char *const runs[] = { "sync",
					    "sync",
					    "sync",
					    "push --pending",
					    "sync --integration work",
					    "sync --integration home --integration work" };

	unsigned n = MMS_COUNT(runs);

	/* Who names a calendar that is not active is told so. */
	block_walk_run(b, walk_any_of(&b->w, runs, is_read(b, "home") ? n : n - 1), NULL);
}

static void
run_and_kill(struct block_walk *b)
{
	char fault[40];

	b->w.is_in_trouble = true;
	(void)snprintf(fault, sizeof fault, "step:%u", 1 + walk_any(&b->w, 250));
	block_walk_run(b, "sync", fault);
}

/* ---- a walk ------------------------------------------------------------------------------------------ */

void
block_walk_begin(struct block_walk *b, struct world *world)
{
	struct walk *w = &b->w;

	w->s = (struct scenario){ .world = world, .path = "walk", .service = w->service };
	mms_str_add(&w->s.flaws, "?event_twice"); /* people copy meetings */
	scenario_reset(&w->s);
	walk_tell(w, "now 2026-03-02T08:00:00Z");
	w->first_ms = w->s.now_ms + INT64_C(57600000); /* the third of March */
	walk_tell(w, "person ann@example.com");
	walk_tell(w, "integration work type=google calendar=ann@example.com primary=1"
		     " expires=864000");
	walk_tell(w, "integration home type=outlook account=ann.home@example.com calendar=home"
		     " expires=864000");
	walk_tell(w, "integration club type=google calendar=club expires=864000");
	walk_tell(w, "integration team feed=team.ics");
	walk_tell(w, "config \"busy_blocks\":{\"enabled\":true},"
		     "\"circuit\":{\"threshold\":1000}");
	for (size_t i = 0; i < 6; i++)
		habit_make_event(&b->w, any_calendar(b));
	habit_change_feed(&b->w, b->feed, FEED);
	block_walk_run(b, "sync", NULL);
}

void
block_walk_step(struct block_walk *b)
{
	const char *calendar = any_calendar(b);
	unsigned dice = walk_any(&b->w, 40);

	if (dice < 4)
		habit_make_event(&b->w, calendar);
	else if (dice < 13)
		habit_change_event(&b->w, calendar);
	else if (dice < 15)
		habit_copy_event(&b->w, calendar, any_calendar(b));
	else if (dice < 18)
		habit_change_series(&b->w, calendar);
	else if (dice < 20)
		habit_change_feed(&b->w, b->feed, FEED);
	else if (dice < 24)
		change_block(b, calendar);
	else if (dice < 26)
		change_booking(b);
	else if (dice < 27)
		switch_calendar(b);
	else if (dice < 28)
		walk_tell(&b->w, "expire %s", calendar);
	else if (dice < 30)
		habit_make_trouble(&b->w);
	else if (dice < 32)
		run_and_kill(b);
	else
		run_some(b);
}

static void
move_event(struct block_walk *b, const json_t *event)
{
	char id[200], calendar[80], text[2][80], later[2][MMS_TIME_TEXT_MAX];
	static const char *const members[] = { "start", "end" };
	MMS_AUTO(mms_err) err = { 0 };
	int64_t ms;

	gfake_value(event, "id", id, sizeof id);
	gfake_value(event, "_calendar", calendar, sizeof calendar);
	for (size_t i = 0; i < 2; i++) {
		gfake_value(event, members[i], text[i], sizeof text[i]);
		if (mms_time_parse(text[i], strlen(text[i]), &ms, &err) != MMS_OK)
			return; /* a day */
		(void)mms_time_print(ms + INT64_C(900000), later[i]);
	}
	walk_tell(&b->w, "at %s change %s start=%s end=%s", calendar, id, later[0], later[1]);
}

void
block_walk_move_all(struct block_walk *b)
{
	json_t *all = gfake_events(&b->w.s.world->service, NULL), *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (scenario_is_live(one) && !scenario_is_ours(one) &&
		    json_object_get(one, "recurrence") == NULL)
			move_event(b, one);
	}
	json_decref(all);
	for (i = 0; i < HABIT_FEED; i++) {
		b->feed[i].start_ms += INT64_C(900000);
		b->feed[i].end_ms += INT64_C(900000);
	}
	habit_write_feed(&b->w, b->feed, FEED);
}
