/* What people do to their calendars (see the header). */
#include "support/habits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"

/* ---- choosing ------------------------------------------------------------------------------------- */

static bool
is_wanted(const json_t *event, const char *calendar, enum habit_what what)
{
	bool is_live = scenario_is_live(event), is_ours = scenario_is_ours(event);
	bool is_block = gfake_is(event, "private.mmsync_kind", "busy_block");
	bool is_master = json_object_get(event, "recurrence") != NULL;
	bool is_instance = json_object_get(event, "recurringEventId") != NULL;

	if (!gfake_is(event, "_calendar", calendar))
		return false;
	switch (what) {
	case HABIT_EVENT:
		return is_live && !is_ours && !is_master;
	case HABIT_GONE:
		return !is_live && !is_ours && !is_master && !is_instance;
	case HABIT_SERIES:
		return is_live && !is_ours && is_master;
	case HABIT_BLOCK:
		return is_live && is_block;
	case HABIT_GONE_BLOCK:
		return !is_live && is_block;
	case HABIT_BOOKING:
		return is_live && gfake_is(event, "private.mmsync_kind", "booking");
	}
	return false;
}

json_t *
habit_pick(struct walk *w, const char *calendar, enum habit_what what)
{
	json_t *all = gfake_events(&w->s.world->service, calendar), *one, *found = NULL;
	char since[MMS_TIME_TEXT_MAX], start[80];
	unsigned n = 0;
	size_t i;

	(void)mms_time_print(w->since_ms, since);
	json_array_foreach(all, i, one)
	{
		gfake_value(one, "start", start, sizeof start);
		if (strcmp(start, since) >= 0 && is_wanted(one, calendar, what) &&
		    walk_any(w, ++n) == 0)
			found = one;
	}
	json_incref(found);
	json_decref(all);
	return found;
}

/* A day that is so many days after the first, "2026-03-05". */
static const char *
day_text(const struct walk *w, unsigned day, char out[MMS_TIME_TEXT_MAX])
{
	(void)mms_time_print(w->first_ms + day * MMS_DAY_MS, out);
	out[10] = '\0';
	return out;
}

const char *
habit_time(struct walk *w, bool is_change, char out[120])
{
	unsigned day = walk_any(w, 20), hour = 8 + walk_any(w, 6);
	char on[MMS_TIME_TEXT_MAX], from[32], to[32];

	(void)day_text(w, day, on);
	(void)snprintf(from, sizeof from, "%.10sT%02u:00:00Z", on, hour);
	(void)snprintf(to, sizeof to, "%.10sT%02u:30:00Z", on, hour + walk_any(w, 2));
	(void)snprintf(out, 120, is_change ? " start=%s end=%s" : "%s %s", from, to);
	return out;
}

/* ---- events of people -------------------------------------------------------------------------------- */

void
habit_make_event(struct walk *w, const char *calendar)
{
	static const char *const titles[] = { "Talk", "Busy", "Talk", "Talk" };
	static const char *const more[] = { "",
					    "",
					    "",
					    " transparency=transparent",
					    " organizer=gina@example.com self=accepted",
					    " organizer=gina@example.com self=declined",
					    " visibility=private" };
	char time[120], from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
	unsigned day = walk_any(w, 20), n = w->word++;

	if (walk_any(w, 8) == 0)
		walk_tell(w, "at %s event AAday%u \"Day %u\" %s %s", calendar, n, n,
			  day_text(w, day, from), day_text(w, day + 1 + walk_any(w, 2), to));
	else
		walk_tell(w, "at %s event AAown%u \"%s\" %s%s", calendar, n,
			  walk_any_of(w, titles, MMS_COUNT(titles)), habit_time(w, false, time),
			  walk_any_of(w, more, MMS_COUNT(more)));
}

static void
make_series(struct walk *w, const char *calendar)
{
	unsigned day = walk_any(w, 15), hour = 8 + walk_any(w, 6), n = w->word++;
	char on[MMS_TIME_TEXT_MAX];

	(void)day_text(w, day, on);
	walk_tell(w,
		  "at %s series AAser%u \"Round %u\" %sT%02u:00:00Z %sT%02u:15:00Z "
		  "FREQ=DAILY;COUNT=%u",
		  calendar, n, n, on, hour, on, hour, 2 + walk_any(w, 4));
}

/* The id of a series' n-th instance, as both faces take it. */
static void
change_instance(struct walk *w, const char *calendar, const json_t *master)
{
	char id[200], start[80], at[80], time[120];
	MMS_AUTO(mms_err) err = { 0 };
	int64_t ms = 0;

	gfake_value(master, "id", id, sizeof id);
	gfake_value(master, "start", start, sizeof start);
	if (mms_time_parse(start, strlen(start), &ms, &err) != MMS_OK)
		abort();
	ms += (int64_t)walk_any(w, 2) * MMS_DAY_MS;
	(void)mms_time_print(ms, start);
	(void)snprintf(at, sizeof at, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", start, start + 5, start + 8,
		       start + 11, start + 14, start + 17);
	switch (walk_any(w, 3)) {
	case 0:
		walk_tell(w, "at %s delete %s_%s", calendar, id, at);
		break;
	case 1:
		walk_tell(w, "at %s change %s_%s%s", calendar, id, at,
			  habit_time(w, true, time));
		break;
	default:
		walk_tell(w, "at %s change %s_%s transparency=transparent", calendar, id, at);
	}
}

void
habit_change_series(struct walk *w, const char *calendar)
{
	json_t *master = habit_pick(w, calendar, HABIT_SERIES);
	char id[200];

	if (master == NULL || walk_any(w, 3) == 0) {
		make_series(w, calendar);
	} else if (walk_any(w, 4) == 0) {
		gfake_value(master, "id", id, sizeof id);
		walk_tell(w, "at %s delete %s", calendar, id);
	} else {
		change_instance(w, calendar, master);
	}
	json_decref(master);
}

void
habit_change_event(struct walk *w, const char *calendar)
{
	static const char *const words[] = { " transparency=transparent",
					     " transparency=opaque", " self=declined",
					     " self=accepted", " title=Other place=There" };
	json_t *event = habit_pick(w, calendar, walk_any(w, 6) == 0 ? HABIT_GONE : HABIT_EVENT);
	char id[200], time[120];
	unsigned dice = walk_any(w, 10);

	if (event == NULL) {
		habit_make_event(w, calendar);
		return;
	}
	gfake_value(event, "id", id, sizeof id);
	if (!scenario_is_live(event))
		walk_tell(w, "at %s change %s status=confirmed", calendar, id);
	else if (dice < 4)
		walk_tell(w, "at %s change %s%s", calendar, id, habit_time(w, true, time));
	else if (dice < 6)
		walk_tell(w, "at %s delete %s", calendar, id);
	else
		walk_tell(w, "at %s change %s%s", calendar, id,
			  walk_any_of(w, words, MMS_COUNT(words)));
	json_decref(event);
}

void
habit_copy_event(struct walk *w, const char *calendar, const char *to)
{
	json_t *event = habit_pick(w, calendar, HABIT_EVENT);
	char id[200];

	if (event != NULL && json_object_get(event, "recurringEventId") == NULL) {
		gfake_value(event, "id", id, sizeof id);
		walk_tell(w, "at %s copy %s %s AAcopy%u bare", calendar, id, to, w->word++);
	}
	json_decref(event);
}

/* ---- the feed --------------------------------------------------------------------------------------- */

void
habit_write_feed(struct walk *w, const struct feed_event feed[HABIT_FEED], const char *name)
{
	MMS_AUTO(mms_str) text = { 0 };
	char stamp[2][MMS_TIME_TEXT_MAX];

	mms_str_add(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//walk//EN\r\n");
	mms_str_addf(&w->journal, "feed %s\n", name);
	for (size_t i = 0; i < HABIT_FEED; i++) {
		const struct feed_event *e = &feed[i];
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
		mms_str_addf(&w->journal, "event f%zu@example.com \"Feed %zu\" %s%s\n", i, i,
			     stamp[0], e->is_free ? " TRANSP:TRANSPARENT" : "");
	}
	mms_str_add(&w->journal, "end\n");
	mms_str_add(&text, "END:VCALENDAR\r\n");
	fake_write(&w->s.world->feeds, name, mms_str_get(&text));
}

void
habit_change_feed(struct walk *w, struct feed_event feed[HABIT_FEED], const char *name)
{
	struct feed_event *e = &feed[walk_any(w, HABIT_FEED)];
	unsigned dice = walk_any(w, 8);

	if (e->is_there && dice == 0) {
		e->is_there = false;
	} else if (e->is_there && dice == 1) {
		e->is_free = !e->is_free;
	} else {
		unsigned day = walk_any(w, 20), hour = 8 + walk_any(w, 6);

		e->start_ms = w->first_ms + day * MMS_DAY_MS + hour * INT64_C(3600000);
		e->end_ms = e->start_ms + 1800000 + walk_any(w, 2) * INT64_C(3600000);
		e->is_there = true;
	}
	habit_write_feed(w, feed, name);
}

void
habit_read_feed(const struct feed_event feed[HABIT_FEED], const char *name,
		struct oracle_events *events)
{
	for (size_t i = 0; i < HABIT_FEED; i++) {
		const struct feed_event *e = &feed[i];
		struct oracle_event event = { .start_ms = e->start_ms, .end_ms = e->end_ms };

		if (!e->is_there || e->is_free)
			continue;
		(void)snprintf(event.calendar, sizeof event.calendar, "%s", name);
		(void)snprintf(event.id, sizeof event.id, "f%zu@example.com", i);
		(void)snprintf(event.uid, sizeof event.uid, "f%zu@example.com", i);
		oracle_add(events, &event);
	}
}

/* ---- the services ------------------------------------------------------------------------------- */

void
habit_make_trouble(struct walk *w)
{
	static const char *const faults[] = {
		"2 POST * drop after",        "1 PATCH * drop after",
		"1 DELETE * drop after",      "1 POST batch drop before",
		"1 POST batch drop after",    "1 POST events drop before",
		"1 PATCH events error 400 x", "1 POST events error 403 forbidden",
		"3 * events error 503 x",     "1 * events error 429 x; retry-after 1",
		"1 GET LIST drop before",     "1 DELETE events error 403 forbidden",
	};

	w->is_in_trouble = true;
	walk_tell(w, "fault %s", walk_any_of(w, faults, MMS_COUNT(faults)));
}
