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

#define FIRST_DAY 3 /* of March; events are on this one and the nineteen that follow */

/* ---- choosing ------------------------------------------------------------------------------------- */

enum wanted { EVENT, GONE, SERIES, BLOCK, GONE_BLOCK };

static bool
is_text(const json_t *event, const char *path, const char *want)
{
	char value[300];

	gfake_value(event, path, value, sizeof value);
	return strcmp(value, want) == 0;
}

static bool
is_wanted(const json_t *event, const char *calendar, enum wanted wanted)
{
	bool is_live = scenario_is_live(event), is_ours = scenario_is_ours(event);
	bool is_block = is_text(event, "private.mmsync_kind", "busy_block");
	bool is_master = json_object_get(event, "recurrence") != NULL;
	bool is_instance = json_object_get(event, "recurringEventId") != NULL;

	if (!is_text(event, "_calendar", calendar))
		return false;
	switch (wanted) {
	case EVENT:
		return is_live && !is_ours && !is_master;
	case GONE:
		return !is_live && !is_ours && !is_master && !is_instance;
	case SERIES:
		return is_live && !is_ours && is_master;
	case BLOCK:
		return is_live && is_block;
	case GONE_BLOCK:
		return !is_live && is_block;
	}
	return false;
}

/* One of the calendar's, by chance. NULL: there is none. Owns: json_decref(). */
static json_t *
pick(struct block_walk *b, const char *calendar, enum wanted wanted)
{
	json_t *all = gfake_events(&b->w.s.world->service, NULL), *one, *found = NULL;
	unsigned n = 0;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (is_wanted(one, calendar, wanted) && walk_any(&b->w, ++n) == 0)
			found = one;
	}
	json_incref(found);
	json_decref(all);
	return found;
}

static const char *
any_calendar(struct block_walk *b)
{
	return block_calendars[walk_any(&b->w, BLOCK_WALK_CALENDARS)].id;
}

/* "START END", of a change " start=START end=END"; few hours, so that events meet. */
static const char *
any_time(struct block_walk *b, bool is_change, char out[120])
{
	unsigned day = FIRST_DAY + walk_any(&b->w, 20), hour = 8 + walk_any(&b->w, 6);
	char from[40], to[40];

	(void)snprintf(from, sizeof from, "2026-03-%02uT%02u:00:00Z", day, hour);
	(void)snprintf(to, sizeof to, "2026-03-%02uT%02u:%s:00Z", day,
		       hour + walk_any(&b->w, 2), "30");
	if (is_change)
		(void)snprintf(out, 120, " start=%s end=%s", from, to);
	else
		(void)snprintf(out, 120, "%s %s", from, to);
	return out;
}

/* ---- events of people -------------------------------------------------------------------------------- */

static void
make_event(struct block_walk *b, const char *calendar)
{
	static const char *const titles[] = { "Talk", "Busy", "Talk", "Talk" };
	static const char *const more[] = { "",
					    "",
					    "",
					    " transparency=transparent",
					    " organizer=gina@example.com self=accepted",
					    " organizer=gina@example.com self=declined",
					    " visibility=private" };
	char time[120];
	unsigned day = FIRST_DAY + walk_any(&b->w, 20), n = b->w.word++;

	if (walk_any(&b->w, 8) == 0)
		walk_tell(&b->w, "at %s event AAday%u \"Day %u\" 2026-03-%02u 2026-03-%02u",
			  calendar, n, n, day, day + 1 + walk_any(&b->w, 2));
	else
		walk_tell(&b->w, "at %s event AAown%u \"%s\" %s%s", calendar, n,
			  walk_any_of(&b->w, titles, MMS_COUNT(titles)),
			  any_time(b, false, time), walk_any_of(&b->w, more, MMS_COUNT(more)));
}

static void
make_series(struct block_walk *b, const char *calendar)
{
	unsigned day = FIRST_DAY + walk_any(&b->w, 15), hour = 8 + walk_any(&b->w, 6);
	unsigned n = b->w.word++;

	walk_tell(&b->w,
		  "at %s series AAser%u \"Round %u\" 2026-03-%02uT%02u:00:00Z "
		  "2026-03-%02uT%02u:15:00Z FREQ=DAILY;COUNT=%u",
		  calendar, n, n, day, hour, day, hour, 2 + walk_any(&b->w, 4));
}

/* The id of a series' n-th instance, as both faces take it. */
static void
change_instance(struct block_walk *b, const char *calendar, const json_t *master)
{
	char id[200], start[80], at[80], time[120];
	MMS_AUTO(mms_err) err = { 0 };
	int64_t ms = 0;

	gfake_value(master, "id", id, sizeof id);
	gfake_value(master, "start", start, sizeof start);
	if (mms_time_parse(start, strlen(start), &ms, &err) != MMS_OK)
		abort();
	ms += (int64_t)walk_any(&b->w, 2) * MMS_DAY_MS;
	(void)mms_time_print(ms, start);
	(void)snprintf(at, sizeof at, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", start, start + 5, start + 8,
		       start + 11, start + 14, start + 17);
	switch (walk_any(&b->w, 3)) {
	case 0:
		walk_tell(&b->w, "at %s delete %s_%s", calendar, id, at);
		break;
	case 1:
		walk_tell(&b->w, "at %s change %s_%s%s", calendar, id, at,
			  any_time(b, true, time));
		break;
	default:
		walk_tell(&b->w, "at %s change %s_%s transparency=transparent", calendar, id,
			  at);
	}
}

static void
change_series(struct block_walk *b, const char *calendar)
{
	json_t *master = pick(b, calendar, SERIES);
	char id[200];

	if (master == NULL || walk_any(&b->w, 3) == 0) {
		make_series(b, calendar);
	} else if (walk_any(&b->w, 4) == 0) {
		gfake_value(master, "id", id, sizeof id);
		walk_tell(&b->w, "at %s delete %s", calendar, id);
	} else {
		change_instance(b, calendar, master);
	}
	json_decref(master);
}

static void
change_event(struct block_walk *b, const char *calendar)
{
	static const char *const words[] = { " transparency=transparent",
					     " transparency=opaque", " self=declined",
					     " self=accepted", " title=Other place=There" };
	json_t *event = pick(b, calendar, walk_any(&b->w, 6) == 0 ? GONE : EVENT);
	char id[200], time[120];
	unsigned dice = walk_any(&b->w, 10);

	if (event == NULL) {
		make_event(b, calendar);
		return;
	}
	gfake_value(event, "id", id, sizeof id);
	if (!scenario_is_live(event))
		walk_tell(&b->w, "at %s change %s status=confirmed", calendar, id);
	else if (dice < 4)
		walk_tell(&b->w, "at %s change %s%s", calendar, id, any_time(b, true, time));
	else if (dice < 6)
		walk_tell(&b->w, "at %s delete %s", calendar, id);
	else
		walk_tell(&b->w, "at %s change %s%s", calendar, id,
			  walk_any_of(&b->w, words, MMS_COUNT(words)));
	json_decref(event);
}

/* The same meeting in another calendar, under another id. */
static void
copy_event(struct block_walk *b, const char *calendar)
{
	json_t *event = pick(b, calendar, EVENT);
	char id[200];

	if (event != NULL && json_object_get(event, "recurringEventId") == NULL) {
		gfake_value(event, "id", id, sizeof id);
		walk_tell(&b->w, "at %s copy %s %s AAcopy%u bare", calendar, id,
			  any_calendar(b), b->w.word++);
	}
	json_decref(event);
}

/* ---- the feed --------------------------------------------------------------------------------------- */

static void
write_feed(struct block_walk *b)
{
	MMS_AUTO(mms_str) text = { 0 };
	char stamp[2][MMS_TIME_TEXT_MAX];

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//walk//EN\r\n");
	mms_str_add(&b->w.journal, "feed team.ics\n");
	for (size_t i = 0; i < BLOCK_WALK_FEED; i++) {
		const struct feed_event *e = &b->feed[i];
		MMS_AUTO(mms_str) times = { 0 };

		if (!e->is_there)
			continue;
		(void)mms_time_print(e->start_ms, stamp[0]);
		(void)mms_time_print(e->end_ms, stamp[1]);
		for (size_t k = 0; k < 2; k++) {
			const char *t = stamp[k];

			mms_str_addf(&times, "%s%.4s%.2s%.2sT%.2s%.2s00Z%s",
				     k == 0 ? "DTSTART:" : "DTEND:", t, t + 5, t + 8, t + 11,
				     t + 14, k == 0 ? "\r\n" : "");
		}
		mms_str_addf(&text,
			     "BEGIN:VEVENT\r\nUID:f%zu@example.com\r\nSUMMARY:Feed %zu\r\n%s"
			     "\r\n%sEND:VEVENT\r\n",
			     i, i, mms_str_get(&times),
			     e->is_free ? "TRANSP:TRANSPARENT\r\n" : "");
		mms_str_addf(&b->w.journal, "event f%zu@example.com \"Feed %zu\" %s%s\n", i, i,
			     stamp[0], e->is_free ? " TRANSP:TRANSPARENT" : "");
	}
	mms_str_add(&b->w.journal, "end\n");
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&b->w.s.world->feeds, "team.ics", mms_str_get(&text));
}

static void
change_feed(struct block_walk *b)
{
	struct feed_event *e = &b->feed[walk_any(&b->w, BLOCK_WALK_FEED)];
	unsigned dice = walk_any(&b->w, 8);

	if (e->is_there && dice == 0) {
		e->is_there = false;
	} else if (e->is_there && dice == 1) {
		e->is_free = !e->is_free;
	} else {
		unsigned day = walk_any(&b->w, 20), hour = 8 + walk_any(&b->w, 6);
		static const char begin[] = "2026-03-03T00:00:00Z";
		MMS_AUTO(mms_err) err = { 0 };

		if (mms_time_parse(begin, sizeof begin - 1, &e->start_ms, &err) != MMS_OK)
			abort();
		e->start_ms += day * MMS_DAY_MS + hour * INT64_C(3600000);
		e->end_ms = e->start_ms + 1800000 + walk_any(&b->w, 2) * INT64_C(3600000);
		e->is_there = true;
	}
	write_feed(b);
}

void
block_walk_read_feed(const struct block_walk *b, struct oracle_events *events)
{
	for (size_t i = 0; i < BLOCK_WALK_FEED; i++) {
		const struct feed_event *e = &b->feed[i];
		struct oracle_event event = { .start_ms = e->start_ms, .end_ms = e->end_ms };

		if (!e->is_there || e->is_free)
			continue;
		(void)snprintf(event.calendar, sizeof event.calendar, "team.ics");
		(void)snprintf(event.id, sizeof event.id, "f%zu@example.com", i);
		(void)snprintf(event.uid, sizeof event.uid, "f%zu@example.com", i);
		oracle_add(events, &event);
	}
}

/* ---- blocks, bookings, calendars ---------------------------------------------------------------- */

/* What the block was to say, and what it said, when somebody laid hands on it. */
static void
note_deed(struct block_walk *b, const char *calendar, const json_t *block, bool is_deletion)
{
	static const char *const columns[] = { "start_ms", "end_ms" };
	struct deed *d = &b->deeds[b->n_deeds++ % MMS_COUNT(b->deeds)];
	int64_t *values[] = { &d->start_ms, &d->end_ms };

	*d = (struct deed){ .is_deletion = is_deletion };
	(void)snprintf(d->calendar, sizeof d->calendar, "%s", calendar);
	gfake_value(block, "private.mmsync_id", d->uuid, sizeof d->uuid);
	for (size_t i = 0; i < 2; i++)
		*values[i] = mms_test_ask_i64(&b->w.s.world->server,
					      "SELECT COALESCE((SELECT %s FROM"
					      " mmsync_busy_block WHERE uuid ="
					      " UNHEX(REPLACE('%s', '-', ''))), 0)",
					      columns[i], d->uuid);
}

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
	json_t *block =
		is_read(b, calendar) ? pick(b, calendar, dice == 0 ? GONE_BLOCK : BLOCK) : NULL;
	char id[200], uuid[80], time[120];

	if (block == NULL)
		return;
	gfake_value(block, "id", id, sizeof id);
	if (dice == 0) {
		gfake_value(block, "private.mmsync_id", uuid, sizeof uuid);
		mms_str_addf(&b->w.strays, " %s ", uuid);
		walk_tell(&b->w, "at %s change %s status=confirmed", calendar, id);
	} else {
		note_deed(b, calendar, block, dice < 3);
		if (dice < 3)
			walk_tell(&b->w, "at %s delete %s", calendar, id);
		else
			walk_tell(&b->w, "at %s change %s%s", calendar, id,
				  dice == 3 ? " title=Mine" : any_time(b, true, time));
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
			  any_time(b, false, time));
		(void)snprintf(push, sizeof push, "push --booking B%u", b->n_bookings);
	} else if (walk_any(&b->w, 3) == 0) {
		walk_tell(&b->w, "rebook B%u status=%s", n,
			  walk_any(&b->w, 2) == 0 ? "Cancelled" : "Confirmed");
	} else {
		walk_tell(&b->w, "rebook B%u%s", n, any_time(b, true, time));
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

static void
make_trouble(struct block_walk *b)
{
	static const char *const faults[] = {
		"2 POST * drop after",        "1 PATCH * drop after",
		"1 DELETE * drop after",      "1 POST batch drop before",
		"1 POST batch drop after",    "1 POST events drop before",
		"1 PATCH events error 400 x", "1 POST events error 403 forbidden",
		"3 * events error 503 x",     "1 * events error 429 x; retry-after 1",
		"1 GET LIST drop before",     "1 DELETE events error 403 forbidden",
	};

	b->w.is_in_trouble = true;
	walk_tell(&b->w, "fault %s", walk_any_of(&b->w, faults, MMS_COUNT(faults)));
}

/* ---- a walk ------------------------------------------------------------------------------------------ */

void
block_walk_begin(struct block_walk *b, struct world *world)
{
	struct walk *w = &b->w;

	w->s = (struct scenario){ .world = world, .path = "walk", .service = w->service };
	scenario_reset(&w->s);
	walk_tell(w, "now 2026-03-02T08:00:00Z");
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
		make_event(b, any_calendar(b));
	change_feed(b);
	block_walk_run(b, "sync", NULL);
}

void
block_walk_step(struct block_walk *b)
{
	const char *calendar = any_calendar(b);
	unsigned dice = walk_any(&b->w, 40);

	if (dice < 4)
		make_event(b, calendar);
	else if (dice < 13)
		change_event(b, calendar);
	else if (dice < 15)
		copy_event(b, calendar);
	else if (dice < 18)
		change_series(b, calendar);
	else if (dice < 20)
		change_feed(b);
	else if (dice < 24)
		change_block(b, calendar);
	else if (dice < 26)
		change_booking(b);
	else if (dice < 27)
		switch_calendar(b);
	else if (dice < 28)
		walk_tell(&b->w, "expire %s", calendar);
	else if (dice < 30)
		make_trouble(b);
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
	for (i = 0; i < BLOCK_WALK_FEED; i++) {
		b->feed[i].start_ms += INT64_C(900000);
		b->feed[i].end_ms += INT64_C(900000);
	}
	write_feed(b);
}
