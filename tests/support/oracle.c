/* Which busy blocks there should be (see the header). */
#include "support/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"

#define TITLE "Busy"

void
oracle_events_release(struct oracle_events *events)
{
	free(events->at);
	*events = (struct oracle_events){ 0 };
}

void
oracle_blocks_release(struct oracle_blocks *blocks)
{
	free(blocks->at);
	*blocks = (struct oracle_blocks){ 0 };
}

void
oracle_add(struct oracle_events *events, const struct oracle_event *event)
{
	if (events->n == events->cap) {
		events->cap = events->cap * 2 + 16;
		events->at = realloc(events->at, events->cap * sizeof *events->at);
		if (events->at == NULL)
			abort();
	}
	events->at[events->n++] = *event;
}

static struct oracle_block *
add_block(struct oracle_blocks *blocks)
{
	if (blocks->n == blocks->cap) {
		blocks->cap = blocks->cap * 2 + 16;
		blocks->at = realloc(blocks->at, blocks->cap * sizeof *blocks->at);
		if (blocks->at == NULL)
			abort();
	}
	blocks->at[blocks->n] = (struct oracle_block){ 0 };
	return &blocks->at[blocks->n++];
}

/* ---- events ------------------------------------------------------------------------------------- */

/* A text that gfake_value() prints: a day, or an instant. */
static int64_t
time_of(const json_t *event, const char *member)
{
	char text[80], day[96];
	int64_t ms = 0;
	MMS_AUTO(mms_err) err = { 0 };

	gfake_value(event, member, text, sizeof text);
	(void)snprintf(day, sizeof day, "%sT00:00:00Z", text);
	const char *it = strchr(text, 'T') != NULL ? text : day;
	return mms_time_parse(it, strlen(it), &ms, &err) == MMS_OK ? ms : -1;
}

/* Has the calendar's own person said no? */
static bool
is_declined(const json_t *event)
{
	const json_t *guests = json_object_get(event, "attendees"), *one;

	for (size_t i = 0; i < json_array_size(guests); i++) {
		one = json_array_get(guests, i);
		if (json_is_true(json_object_get(one, "self")) &&
		    gfake_is(one, "responseStatus", "declined"))
			return true;
	}
	return false;
}

static bool
is_busy(const json_t *event)
{
	return !gfake_is(event, "status", "cancelled") &&
	       !gfake_is(event, "transparency", "transparent") && !is_declined(event);
}

/* Is there an exception of the series at that original time? What it says of itself counts. */
static bool
is_excepted(json_t *all, const char *calendar, const char *series, int64_t original_ms)
{
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (gfake_is(one, "_calendar", calendar) &&
		    gfake_is(one, "recurringEventId", series) &&
		    time_of(one, "originalStartTime") == original_ms)
			return true;
	}
	return false;
}

static void
add_series(struct oracle_events *events, json_t *all, const struct oracle_event *master,
	   const char *rule)
{
	const char *count = strstr(rule, "COUNT=");
	long n = count != NULL ? strtol(count + 6, NULL, 10) : 0;
	struct oracle_event one = *master;

	for (long i = 0; i < n; i++) {
		one.start_ms = master->start_ms + i * MMS_DAY_MS;
		one.end_ms = master->end_ms + i * MMS_DAY_MS;
		if (!is_excepted(all, master->calendar, master->id, one.start_ms))
			oracle_add(events, &one);
	}
}

void
oracle_read(struct oracle_events *events, json_t *all, const char *calendar, const char *site)
{
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		struct oracle_event event = { 0 };
		bool is_marked = !gfake_is(one, "private.mmsync_kind", "");
		const char *rule = json_string_value(
			json_array_get(json_object_get(one, "recurrence"), 0));

		if (!gfake_is(one, "_calendar", calendar) || !is_busy(one) ||
		    (is_marked && (!gfake_is(one, "private.mmsync_kind", "booking") ||
				   !gfake_is(one, "private.mmsync_site", site))))
			continue;
		(void)snprintf(event.calendar, sizeof event.calendar, "%s", calendar);
		gfake_value(one, "id", event.id, sizeof event.id);
		/* Of a private event every user of the site sees that much. */
		if (gfake_is(one, "visibility", "private"))
			(void)snprintf(event.title, sizeof event.title, TITLE);
		else
			gfake_value(one, "title", event.title, sizeof event.title);
		gfake_value(one, "iCalUID", event.uid, sizeof event.uid);
		gfake_value(json_object_get(one, "organizer"), "email", event.organizer,
			    sizeof event.organizer);
		event.start_ms = time_of(one, "start");
		event.end_ms = time_of(one, "end");
		if (rule != NULL)
			add_series(events, all, &event, rule);
		else
			oracle_add(events, &event);
	}
}

/* ---- blocks ------------------------------------------------------------------------------------- */

static bool
is_the_same(const struct oracle_event *a, const struct oracle_event *b)
{
	if (a->start_ms != b->start_ms || a->end_ms != b->end_ms)
		return false;
	if (strcmp(a->title, TITLE) == 0 || strcmp(b->title, TITLE) == 0)
		return true;
	if (strcmp(a->calendar, b->calendar) == 0)
		return false;
	return (a->uid[0] != '\0' && strcmp(a->uid, b->uid) == 0) ||
	       (a->organizer[0] != '\0' && strcasecmp(a->organizer, b->organizer) == 0);
}

/* Each has the number of the first of its meeting: what is the same as the same is the same. */
static void
find_meetings(struct oracle_events *events)
{
	bool is_changed = true;

	for (size_t i = 0; i < events->n; i++)
		events->at[i].meeting = i;
	while (is_changed) {
		is_changed = false;
		for (size_t i = 0; i < events->n; i++) {
			for (size_t k = 0; k < events->n; k++) {
				if (events->at[k].meeting <= events->at[i].meeting ||
				    !is_the_same(&events->at[i], &events->at[k]))
					continue;
				events->at[k].meeting = events->at[i].meeting;
				is_changed = true;
			}
		}
	}
}

static bool
is_meeting_in(const struct oracle_events *events, size_t meeting, const char *calendar)
{
	for (size_t i = 0; i < events->n; i++) {
		if (events->at[i].meeting == meeting &&
		    strcmp(events->at[i].calendar, calendar) == 0)
			return true;
	}
	return false;
}

void
oracle_decide(struct oracle_events *events, const char *const *targets, size_t n_targets,
	      struct oracle_blocks *out)
{
	find_meetings(events);
	for (size_t i = 0; i < events->n; i++) {
		const struct oracle_event *event = &events->at[i];

		for (size_t t = 0; t < n_targets && event->meeting == i; t++) {
			if (is_meeting_in(events, i, targets[t]))
				continue;
			struct oracle_block *block = add_block(out);
			(void)snprintf(block->calendar, sizeof block->calendar, "%s",
				       targets[t]);
			(void)snprintf(block->id, sizeof block->id, "%s", event->id);
			block->start_ms = event->start_ms;
			block->end_ms = event->end_ms;
		}
	}
}

void
oracle_find(json_t *all, const char *site, struct oracle_blocks *out)
{
	json_t *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (gfake_is(one, "status", "cancelled") ||
		    !gfake_is(one, "private.mmsync_kind", "busy_block") ||
		    !gfake_is(one, "private.mmsync_site", site))
			continue;
		struct oracle_block *block = add_block(out);
		gfake_value(one, "_calendar", block->calendar, sizeof block->calendar);
		gfake_value(one, "id", block->id, sizeof block->id);
		gfake_value(one, "private.mmsync_id", block->uuid, sizeof block->uuid);
		block->start_ms = time_of(one, "start");
		block->end_ms = time_of(one, "end");
		block->is_plain = gfake_is(one, "title", TITLE) && gfake_is(one, "place", "") &&
				  gfake_is(one, "text", "") && gfake_is(one, "guests", "") &&
				  gfake_is(one, "visibility", "private") &&
				  !gfake_is(one, "transparency", "transparent");
	}
}
