/*
 * Walks: people change two bookings in Frappe and their events in two calendars at random, syncs come between.
 * When all is quiet both sides agree. A walk is a story made of a seed; MMS_WALK=SEED plays that one alone.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"
#include "support/scenario.h"

#define WALKS 12
#define STEPS 30

static struct world world;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

/* ---- the story ------------------------------------------------------------------------------ */

struct walk {
	uint64_t seed, noise;
	FILE *file;
	unsigned word; /* so that no two texts are the same */
};

static unsigned
any(struct walk *w, unsigned n)
{
	w->noise ^= w->noise << 13;
	w->noise ^= w->noise >> 7;
	w->noise ^= w->noise << 17;
	return (unsigned)(w->noise >> 20) % n;
}

static const char *
any_of(struct walk *w, const char *const *words, unsigned n)
{
	return words[any(w, n)];
}

static const char *
any_calendar(struct walk *w)
{
	static const char *const calendars[] = { "ann@example.com", "bob@example.com" };

	return any_of(w, calendars, 2);
}

/* One field or more of either side: the words are the same for both. */
static void
add_values(struct walk *w)
{
	unsigned what = 1 + any(w, 7), day = 3 + any(w, 20), hour = 8 + any(w, 8);

	if (what & 1)
		(void)fprintf(w->file, " title=\"Title %u\"", w->word++);
	if (what & 2)
		(void)fprintf(w->file, " place=\"Room %u\"", w->word++);
	if (what & 4)
		(void)fprintf(w->file,
			      " start=2026-03-%02uT%02u:00:00Z end=2026-03-%02uT%02u:30:00Z",
			      day, hour, day, hour + any(w, 2));
	(void)fputc('\n', w->file);
}

static void
add_step(struct walk *w)
{
	static const char *const statuses[] = { "Confirmed", "Rescheduled", "Cancelled",
						"Confirmed" };
	static const char *const users[] = { "ann@example.com",
					     "ann@example.com,bob@example.com",
					     "bob@example.com,ann@example.com" };
	static const char *const syncs[] = { "sync", "sync", "push --pending",
					     "sync --integration anns",
					     "sync --integration bobs" };
	unsigned booking = 1 + any(w, 2), dice = any(w, 20);
	const char *calendar = any_calendar(w);

	if (dice < 5) {
		(void)fprintf(w->file, "at %s change @B%u", calendar, booking);
		add_values(w);
	} else if (dice < 9) {
		(void)fprintf(w->file, "rebook B%u", booking);
		add_values(w);
	} else if (dice == 9) {
		(void)fprintf(w->file, "at %s delete @B%u\n", calendar, booking);
	} else if (dice == 10) {
		(void)fprintf(w->file, "at %s change %sB%u status=confirmed\n", calendar,
			      any(w, 2) == 0 ? "@" : "@@", booking);
	} else if (dice == 11) {
		(void)fprintf(w->file, "rebook B%u status=%s\n", booking,
			      any_of(w, statuses, MMS_COUNT(statuses)));
	} else if (dice == 12) {
		(void)fprintf(w->file, "assign B%u users=%s\n", booking,
			      any_of(w, users, MMS_COUNT(users)));
	} else if (dice == 13) {
		(void)fprintf(w->file, "expire %s\n", calendar);
	} else if (dice == 14) {
		(void)fprintf(w->file, "push --booking B%u\n", booking);
	} else {
		(void)fprintf(w->file, "%s\n", any_of(w, syncs, MMS_COUNT(syncs)));
	}
	if (any(w, 3) == 0)
		(void)fprintf(w->file, "advance %um\n", 1 + any(w, 9));
}

static void
write_story(struct walk *w, const char *path)
{
	w->file = fopen(path, "we");
	if (w->file == NULL)
		fail_msg("%s cannot be written", path);
	(void)fputs("person ann@example.com\nperson bob@example.com\n", w->file);
	(void)fputs("integration anns user=ann@example.com type=google expires=864000 primary=1"
		    " direction=two\n",
		    w->file);
	(void)fputs("integration bobs user=bob@example.com type=google expires=864000 primary=1"
		    " direction=two\n",
		    w->file);
	for (unsigned i = 1; i <= 2; i++)
		(void)fprintf(w->file,
			      "booking B%u \"Begin %u\" 2026-03-0%uT10:00:00Z"
			      " 2026-03-0%uT10:30:00Z users=ann@example.com,bob@example.com"
			      " place=\"Room\"\npush --booking B%u\nadvance 1m\n",
			      i, i, i + 3, i + 3, i);
	for (int i = 0; i < STEPS; i++)
		add_step(w);
	(void)fputs("sync\nsync\nsync\n", w->file);
	for (int i = 0; i < 3; i++)
		(void)fputs("sync\nrequests 2\n", w->file);
	(void)fputs("quiet\n", w->file);
	(void)fclose(w->file);
}

/* ---- what must be true ---------------------------------------------------------------------- */

/* An event says what its booking says, as text. */
static void
tell_event(const char *calendar, const char *id, struct mms_str *out)
{
	static const char *const keys[] = { "start", "end", "title", "place" };
	json_t *event = gfake_event(&world.service, calendar, id);
	char value[300];

	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		gfake_value(event, keys[i], value, sizeof value);
		mms_str_addf(out, "%s%.19s", i > 0 ? "|" : "", value);
	}
	gfake_value(event, "status", value, sizeof value);
	if (event == NULL || strcmp(value, "cancelled") == 0)
		mms_str_add(out, "|gone");
	json_decref(event);
}

#define LIVE                                                                               \
	" FROM mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id WHERE" \
	" s.type = 2 AND s.booking = 'B%d' AND c.name = '%ss'"

/* One booking in one person's calendar. */
static void
check_place(uint64_t seed, int booking, const char *who)
{
	char calendar[80];
	MMS_AUTO(mms_str) is = { 0 };

	(void)snprintf(calendar, sizeof calendar, "%s@example.com", who);
	int64_t is_wanted = mms_test_ask_i64(
		&world.server,
		"SELECT COUNT(*) FROM `tabMM Meeting Booking` b JOIN `tabMM Meeting Booking"
		" Assigned User` u ON u.parent = b.name WHERE b.name = 'B%d' AND u.user = '%s'"
		" AND b.booking_status IN ('Confirmed', 'Rescheduled')",
		booking, calendar);
	int64_t n = mms_test_ask_i64(&world.server, "SELECT COUNT(*)" LIVE " AND s.status <> 5",
				     booking, who);
	int64_t was_removed = mms_test_ask_i64(
		&world.server, "SELECT COUNT(*)" LIVE " AND s.removed_by = 2", booking, who);
	if (n > is_wanted || (n < is_wanted && was_removed == 0))
		fail_msg("seed %" PRIu64 ": B%d has %" PRId64 " events of %s, wanted %" PRId64,
			 seed, booking, n, who, is_wanted);
	if (n == 0)
		return;
	char *id = mms_test_ask_text(
		&world.server, "SELECT s.external_id" LIVE " AND s.status = 3", booking, who);
	char *want = mms_test_ask_text(
		&world.server,
		"SELECT CONCAT_WS('|', DATE_FORMAT(start_datetime, '%%Y-%%m-%%dT%%H:%%i:%%s'),"
		" DATE_FORMAT(end_datetime, '%%Y-%%m-%%dT%%H:%%i:%%s'), meeting_title,"
		" meeting_location) FROM `tabMM Meeting Booking` WHERE name = 'B%d'",
		booking);
	tell_event(calendar, id, &is);
	if (strcmp(want, mms_str_get(&is)) != 0)
		fail_msg("seed %" PRIu64 ": B%d is '%s', and '%s' in the calendar of %s", seed,
			 booking, want, mms_str_get(&is), who);
	free(id);
	free(want);
}

static void
walk(uint64_t seed)
{
	struct walk w = { .seed = seed, .noise = seed * 2654435761u + 88172645463325252u };
	char path[256];

	(void)snprintf(path, sizeof path, "%s/../walk-%" PRIu64 ".scn", world.site_dir, seed);
	write_story(&w, path);
	struct scenario s = { .world = &world, .path = path };
	if (scenario_play(&s) != 0)
		fail_msg("seed %" PRIu64 ": %s", seed, s.failure);
	for (int booking = 1; booking <= 2; booking++) {
		check_place(seed, booking, "ann");
		check_place(seed, booking, "bob");
	}
	scenario_release(&s);
}

static void
both_sides_agree_when_all_is_quiet(void **state)
{
	const char *only = getenv("MMS_WALK");

	(void)state;
	if (only != NULL) {
		walk(strtoull(only, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= WALKS; seed++)
		walk(seed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_agree_when_all_is_quiet),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
