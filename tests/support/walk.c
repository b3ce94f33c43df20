/* Random walks of a story (see the header). */
#include "support/walk.h"

#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"

/* ---- telling ---------------------------------------------------------------------------------- */

void
walk_fail(struct walk *w, const char *fmt, ...)
{
	char text[3000];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)fputs(mms_str_get(&w->journal), stderr); /* cmocka cuts what is long */
	fail_msg("%s, seed %" PRIu64 ": %s", w->service, w->seed, text);
	abort(); /* fail_msg() has left */
}

uint64_t
walk_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

unsigned
walk_any(struct walk *w, unsigned n)
{
	w->noise ^= w->noise << 13;
	w->noise ^= w->noise >> 7;
	w->noise ^= w->noise << 17;
	return (unsigned)(w->noise >> 20) % n;
}

const char *
walk_any_of(struct walk *w, const char *const *words, unsigned n)
{
	return words[walk_any(w, n)];
}

void
walk_tell(struct walk *w, const char *fmt, ...)
{
	char line[1600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	mms_str_addf(&w->journal, "%s\n", line);
	if (!scenario_tell(&w->s, line))
		walk_fail(w, "%s", w->s.failure);
}

void
walk_run(struct walk *w, const char *arguments)
{
	char line[200];

	mms_str_addf(&w->journal, "%s\n", arguments);
	(void)snprintf(line, sizeof line, "%s --json", arguments);
	fake_clear_log(&w->s.world->service);
	if (!scenario_run(&w->s, line, NULL))
		walk_fail(w, "%s", w->s.failure);
	if (w->s.exit_status != 0 && !(w->is_in_trouble && w->s.exit_status == 1))
		walk_fail(w, "it ended with %d: %s%s", w->s.exit_status, mms_str_get(&w->s.out),
			  mms_str_get(&w->s.err));
}

/* ---- what people see in a calendar -------------------------------------------------------------- */

/* The booking that an event's mark leads to, "" where it has none. */
static void
booking_of(struct walk *w, const json_t *event, char *out, size_t size)
{
	char uuid[80];

	gfake_value(event, "private.mmsync_id", uuid, sizeof uuid);
	char *name = uuid[0] != '\0'
			     ? mms_test_ask_text(
				       &w->s.world->server,
				       "SELECT booking FROM mmsync_event_state WHERE uuid ="
				       " UNHEX(REPLACE('%s', '-', ''))",
				       uuid)
			     : NULL;
	(void)snprintf(out, size, "%s", name != NULL ? name : "");
	free(name);
}

/* Is it in the bin, and nowhere else? */
static bool
is_only_deleted(const json_t *all, const json_t *event)
{
	char uuid[80];
	json_t *one;
	size_t i;
	bool is_elsewhere = scenario_is_live(event);

	gfake_value(event, "private.mmsync_id", uuid, sizeof uuid);
	json_array_foreach((json_t *)(uintptr_t)all, i, one) is_elsewhere =
		is_elsewhere ||
		(scenario_is_live(one) && gfake_is(one, "private.mmsync_id", uuid));
	return !is_elsewhere;
}

bool
walk_find(struct walk *w, const char *calendar, const char *booking, enum walk_wanted wanted,
	  char *id, size_t size)
{
	json_t *all = gfake_events(&w->s.world->service, NULL), *one;
	char name[40], start[40];
	unsigned n = 0;
	size_t i;

	json_array_foreach(all, i, one)
	{
		booking_of(w, one, name, sizeof name);
		gfake_value(one, "start", start, sizeof start);
		bool is_it = gfake_is(one, "_calendar", calendar) && strcmp(name, booking) == 0;
		is_it = is_it && (wanted == WALK_DELETED ? is_only_deleted(all, one)
							 : scenario_is_live(one));
		is_it = is_it && (wanted != WALK_NEAR || strcmp(start, "2026-06") < 0);
		if (is_it && walk_any(w, ++n) == 0)
			gfake_value(one, "id", id, size);
	}
	json_decref(all);
	return n > 0;
}
