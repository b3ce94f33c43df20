/*
 * Walks: people change two bookings in Frappe and their events in their calendars at random, syncs come between,
 * and so does what each service does in its own way. When all is quiet both sides agree, and no event of ours is
 * taken for anybody else's. A walk is made of a seed: MMS_WALK=SEED plays that one alone and tells its lines,
 * MMS_WALKS=N plays more of them.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gfake.h"
#include "support/walk.h"

#define WALKS 12
#define STEPS 30
/* Nothing of it is in the window of 90 days that begins in March. */
#define FAR "start=2026-09-%02uT10:00:00Z end=2026-09-%02uT10:30:00Z"

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

/* ---- what both services have -------------------------------------------------------------------- */

/* One field or more of either side: the words are the same for both. */
static const char *
values(struct walk *w, char out[200])
{
	unsigned what = 1 + walk_any(w, 7), day = 3 + walk_any(w, 20),
		 hour = 8 + walk_any(w, 8);
	int n = 0;

	if (what & 1)
		n += snprintf(out + n, 200 - (size_t)n, " title=\"Title %u\"", w->word++);
	if (what & 2)
		n += snprintf(out + n, 200 - (size_t)n, " place=\"Room %u\"", w->word++);
	if (what & 4)
		(void)snprintf(out + n, 200 - (size_t)n,
			       " start=2026-03-%02uT%02u:00:00Z end=2026-03-%02uT%02u:30:00Z",
			       day, hour, day, hour + walk_any(w, 2));
	return out;
}

static void
sync_some(struct walk *w)
{
	static const char *const syncs[] = { "sync", "sync", "push --pending",
					     "sync --integration anns",
					     "sync --integration bobs" };

	walk_run(w, walk_any_of(w, syncs, MMS_COUNT(syncs)));
}

static void
change_booking(struct walk *w, unsigned dice, const char *booking)
{
	static const char *const statuses[] = { "Confirmed", "Rescheduled", "Cancelled",
						"Confirmed" };
	static const char *const users[] = { "ann@example.com",
					     "ann@example.com,bob@example.com",
					     "bob@example.com,ann@example.com" };
	char text[200];

	if (dice < 4)
		walk_tell(w, "rebook %s%s", booking, values(w, text));
	else if (dice == 4)
		walk_tell(w, "rebook %s status=%s", booking,
			  walk_any_of(w, statuses, MMS_COUNT(statuses)));
	else
		walk_tell(w, "assign %s users=%s", booking,
			  walk_any_of(w, users, MMS_COUNT(users)));
}

/* A person at the calendar; event: of a booking, or "" for one of the person's own. */
static void
change_event(struct walk *w, unsigned dice, const char *calendar, const char *booking)
{
	char id[1100], text[200];

	if (dice < 5 && walk_find(w, calendar, booking, WALK_LIVE, id, sizeof id)) {
		walk_tell(w, "at %s change %s%s", calendar, id, values(w, text));
	} else if (dice == 5 && walk_find(w, calendar, booking, WALK_NEAR, id, sizeof id)) {
		walk_tell(w, "at %s delete %s", calendar, id);
	} else if (dice == 6 && walk_find(w, calendar, booking, WALK_DELETED, id, sizeof id)) {
		walk_tell(w, "at %s change %s status=confirmed", calendar, id);
		mms_str_addf(&w->strays, " %s ", id);
	} else if (dice == 7) {
		walk_tell(w, "expire %s", calendar);
	}
}

/* ---- what only Outlook has ---------------------------------------------------------------------- */

/* What the service does in its own way; it goes on until it is told otherwise. */
static void
set_ways(struct walk *w)
{
	static const char *const ways[] = {
		"late 0",
		"late 1",
		"late 3",
		"repeat on",
		"repeat off",
		"shuffle on",
		"shuffle off",
		"ghosts on",
		"ghosts off",
		"page-size 2",
		"empty-pages 1",
		"empty-pages 0",
		"transaction duplicate",
		"transaction same",
		"transaction-deleted forget",
		"transaction-id off",
		"transaction-id on",
		"outside silent",
		"outside removed",
		"twin-ids on",
	};

	walk_tell(w, "set %s", walk_any_of(w, ways, MMS_COUNT(ways)));
}

static void
lose_answers(struct walk *w)
{
	static const char *const faults[] = {
		"1 POST /events drop after",    "1 POST /events drop after",
		"1 PATCH /events/ drop after",  "1 DELETE /events/ drop after",
		"1 POST $batch drop after",     "1 POST /events drop before",
		"1 PATCH /events/ drop before", "1 GET /events drop after",
		"1 * /events/ error 503 x",     "1 GET LIST drop before",
	};

	w->is_in_trouble = true;
	walk_tell(w, "fault %s", walk_any_of(w, faults, MMS_COUNT(faults)));
}

/* What a person, or the service, does to an event there and nowhere else. */
static void
treat_as_outlook(struct walk *w, const char *calendar, const char *booking)
{
	static const char *const privacy[] = { "private", "normal", "confidential" };
	bool is_anns = strcmp(calendar, "ann@example.com") == 0;
	unsigned what = walk_any(w, 7), day = 1 + walk_any(w, 28);
	char id[1100];

	if (!walk_find(w, calendar, booking, what < 3 ? WALK_NEAR : WALK_LIVE, id, sizeof id))
		return;
	/* Unseen under both ids, or two alike under ids that nobody knows: which it is cannot be told. */
	bool is_renamed = strncmp(id, "AAid", 4) == 0;
	if (what == 0 && is_anns)
		walk_tell(w, "at %s move %s home", calendar, id);
	else if (what == 1)
		walk_tell(w, "at %s reid %s AAid%u", calendar, id, w->word++);
	else if (what == 2 && !is_renamed)
		walk_tell(w, "at %s change %s " FAR, calendar, id, day, day);
	else if (what == 3)
		walk_tell(w, "at %s change %s graph.sensitivity=%s", calendar, id,
			  walk_any_of(w, privacy, MMS_COUNT(privacy)));
	else if (what == 4)
		walk_tell(w, "at %s online %s", calendar, id);
	else if (what == 5 && !is_renamed) {
		mms_str_addf(&w->strays, " AAcopy%u ", w->word);
		walk_tell(w, "at %s copy %s %s AAcopy%u", calendar, id, calendar, w->word++);
	} else if (what == 6 && walk_find(w, "home", booking, WALK_NEAR, id, sizeof id)) {
		walk_tell(w, "at home move %s ann@example.com", id);
	}
}

static void
add_own_event(struct walk *w, const char *calendar)
{
	unsigned day = 3 + walk_any(w, 20), hour = 8 + walk_any(w, 8);

	walk_tell(w,
		  "at %s event AAown%u \"Own %u\" 2026-03-%02uT%02u:00:00Z "
		  "2026-03-%02uT%02u:30:00Z",
		  calendar, w->word, w->word, day, hour, day, hour);
	w->word++;
}

static void
outlook_step(struct walk *w, const char *calendar, const char *booking)
{
	unsigned dice = walk_any(w, 8);

	if (dice < 4)
		treat_as_outlook(w, calendar, walk_any(w, 4) == 0 ? "" : booking);
	else if (dice < 5)
		lose_answers(w);
	else if (dice < 6)
		set_ways(w);
	else if (dice < 7)
		change_event(w, walk_any(w, 6), walk_any(w, 3) == 0 ? "home" : calendar, "");
	else
		add_own_event(w, calendar);
}

/* ---- a walk ------------------------------------------------------------------------------------- */

static bool
is_outlook(const struct walk *w)
{
	return strcmp(w->service, "outlook") == 0;
}

static void
step(struct walk *w)
{
	static const char *const calendars[] = { "ann@example.com", "bob@example.com" };
	unsigned dice = walk_any(w, is_outlook(w) ? 27 : 20);
	const char *calendar = walk_any_of(w, calendars, 2);
	char booking[8], push[40];

	(void)snprintf(booking, sizeof booking, "B%u", 1 + walk_any(w, 2));
	(void)snprintf(push, sizeof push, "push --booking %s", booking);
	if (dice < 8)
		change_event(w, dice, calendar, booking);
	else if (dice < 14)
		change_booking(w, dice - 8, booking);
	else if (dice < 15)
		walk_run(w, push);
	else if (dice < 20)
		sync_some(w);
	else
		outlook_step(w, calendar, booking);
	if (walk_any(w, 3) == 0)
		walk_tell(w, "advance %um", 1 + walk_any(w, 9));
}

static void
begin(struct walk *w)
{
	w->s = (struct scenario){ .world = &world, .path = "walk", .service = w->service };
	scenario_reset(&w->s);
	walk_tell(w, "now 2026-03-02T08:00:00Z");
	walk_tell(w, "person ann@example.com");
	walk_tell(w, "person bob@example.com");
	walk_tell(
		w,
		"integration anns user=ann@example.com type=service expires=864000 primary=1");
	walk_tell(
		w,
		"integration bobs user=bob@example.com type=service expires=864000 primary=1");
	if (is_outlook(w))
		walk_tell(w, "integration home user=ann@example.com type=service calendar=home"
			     " expires=864000");
	/* Every other walk fails where it could have tried again. */
	walk_tell(w, "config \"circuit\":{\"threshold\":1000}%s",
		  w->seed % 2 == 0 ? ",\"retry\":{\"max_attempts\":1,\"base_ms\":1,\"max_s\":1}"
				   : "");
	for (unsigned i = 1; i <= 2; i++) {
		char push[40];

		walk_tell(w,
			  "booking B%u \"Begin %u\" 2026-03-0%uT10:00:00Z 2026-03-0%uT10:30:00Z"
			  " users=ann@example.com,bob@example.com place=\"Room\" "
			  "text=\"<p>Text</p>\"",
			  i, i, i + 3, i + 3);
		(void)snprintf(push, sizeof push, "push --booking B%u", i);
		walk_run(w, push);
		walk_tell(w, "advance 1m");
	}
}

static void
come_to_rest(struct walk *w)
{
	size_t n_calendars = is_outlook(w) ? 3 : 2;

	walk_tell(w, "fault clear");
	if (is_outlook(w)) {
		walk_tell(w, "set late 0");
		walk_tell(w, "set repeat off");
		walk_tell(w, "set ghosts off");
		walk_tell(w, "set empty-pages 0");
		walk_tell(w, "set transaction same");
		walk_tell(w, "set page-size 0");
	}
	walk_run(w, "sync");
	walk_tell(w, "advance 3h");
	w->is_in_trouble = false;
	walk_run(w, "sync");
	if (is_outlook(w)) /* what has left the window without a word */
		walk_run(w, "sync --force-full");
	walk_run(w, "sync");
	walk_run(w, "sync");
	for (int i = 0; i < 3; i++) {
		char before[65], after[65];

		if (!scenario_digest(&w->s, before, sizeof before))
			walk_fail(w, "%s", w->s.failure);
		walk_run(w, "sync");
		if (!scenario_digest(&w->s, after, sizeof after))
			walk_fail(w, "%s", w->s.failure);
		if (strcmp(before, after) != 0)
			walk_fail(w, "one more sync is not quiet: %s", mms_str_get(&w->s.out));
		if (gfake_count(&world.service, NULL, NULL) != n_calendars)
			walk_fail(w, "%zu requests for %zu calendars",
				  gfake_count(&world.service, NULL, NULL), n_calendars);
	}
	if (!scenario_is_consistent(&w->s))
		walk_fail(w, "%s", w->s.failure);
}

/* ---- what must be true ---------------------------------------------------------------------- */

/* An event says what its booking says, as text. */
static void
tell_event(const char *calendar, const char *id, struct mms_str *out)
{
	static const char *const keys[] = { "start", "end", "title", "place", "join_lost" };
	json_t *event = gfake_event(&world.service, calendar, id);
	char value[300];

	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		gfake_value(event, keys[i], value, sizeof value);
		mms_str_addf(out, "%s%.19s", i > 0 ? "|" : "", value);
	}
	if (event == NULL || !scenario_is_live(event))
		mms_str_add(out, "gone");
	json_decref(event);
}

#define STATES                                                                             \
	" FROM mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id WHERE" \
	" s.type = 2 AND s.booking = 'B%d' AND c.name = '%ss'"

/* One booking in one person's calendar. */
static void
check_place(struct walk *w, int booking, const char *who)
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
	int64_t n = mms_test_ask_i64(
		&world.server, "SELECT COUNT(*)" STATES " AND s.status <> 5", booking, who);
	int64_t was_removed = mms_test_ask_i64(
		&world.server, "SELECT COUNT(*)" STATES " AND s.removed_by = 2", booking, who);
	if (n > is_wanted || (n < is_wanted && was_removed == 0))
		walk_fail(w, "B%d has %" PRId64 " events of %s, wanted %" PRId64, booking, n,
			  who, is_wanted);
	if (n == 0)
		return;
	char *id = mms_test_ask_text(
		&world.server, "SELECT s.external_id" STATES " AND s.status = 3", booking, who);
	char *want = mms_test_ask_text(
		&world.server,
		"SELECT CONCAT_WS('|', DATE_FORMAT(start_datetime, '%%Y-%%m-%%dT%%H:%%i:%%s'),"
		" DATE_FORMAT(end_datetime, '%%Y-%%m-%%dT%%H:%%i:%%s'), meeting_title,"
		" meeting_location, '') FROM `tabMM Meeting Booking` WHERE name = 'B%d'",
		booking);
	tell_event(calendar, id != NULL ? id : "", &is);
	if (strcmp(want, mms_str_get(&is)) != 0)
		walk_fail(w, "B%d is '%s', and '%s' in the calendar of %s", booking, want,
			  mms_str_get(&is), who);
	free(id);
	free(want);
}

/* Live rows of an event: of its person's own, or of a booking. */
static int64_t
n_rows(const char *calendar, const char *id, bool of_booking)
{
	return mms_test_ask_i64(
		&world.server,
		"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` e JOIN `tabMM Calendar"
		" Integration` i ON i.name = e.calendar_integration WHERE"
		" COALESCE(i.calendar_id, i.user) = '%s' AND e.external_event_id = '%s' AND"
		" e.sync_status = 'Synced' AND (e.event_type = 'Meeting Booking') = %d",
		calendar, id, of_booking);
}

/* An event in a calendar: whose it is, and that its row says so. */
static void
check_event(struct walk *w, const json_t *event)
{
	char id[1100], calendar[80], uuid[80], start[40], stray[1110];

	gfake_value(event, "id", id, sizeof id);
	gfake_value(event, "_calendar", calendar, sizeof calendar);
	gfake_value(event, "private.mmsync_id", uuid, sizeof uuid);
	gfake_value(event, "start", start, sizeof start);
	(void)snprintf(stray, sizeof stray, " %s ", id);
	int64_t of_user = n_rows(calendar, id, false), of_booking = n_rows(calendar, id, true);
	int64_t is_claimed =
		uuid[0] != '\0'
			? mms_test_ask_i64(
				  &world.server,
				  "SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND"
				  " status = 3 AND external_id = '%s' AND uuid ="
				  " UNHEX(REPLACE('%s', '-', ''))",
				  id, uuid)
			: 0;
	bool is_stray = strstr(mms_str_get(&w->strays), stray) != NULL;
	bool is_moved = strcmp(calendar, "home") == 0;

	if (is_claimed != 0 && (of_user != 0 || of_booking != 1) && !is_moved)
		walk_fail(w,
			  "our event %s of %s has %" PRId64 " rows of its booking, %" PRId64
			  " of a user",
			  id, calendar, of_booking, of_user);
	if (is_claimed == 0 && uuid[0] != '\0' && !is_stray && !is_moved)
		walk_fail(w, "event %s of %s bears our mark and is nobody's", id, calendar);
	bool is_near = strcmp(start, "2026-06") < 0;
	if (uuid[0] == '\0' && is_near && (of_user != 1 || of_booking != 0))
		walk_fail(w,
			  "event %s of %s has %" PRId64 " rows of its user, %" PRId64
			  " of a booking",
			  id, calendar, of_user, of_booking);
}

static void
check_walk(struct walk *w)
{
	json_t *all = gfake_events(&world.service, NULL), *one;
	int64_t n_near = 0;
	char start[40];
	size_t i;

	for (int booking = 1; booking <= 2; booking++) {
		check_place(w, booking, "ann");
		check_place(w, booking, "bob");
	}
	json_array_foreach(all, i, one)
	{
		if (!scenario_is_live(one))
			continue;
		gfake_value(one, "start", start, sizeof start);
		n_near += strcmp(start, "2026-06") < 0;
		check_event(w, one);
	}
	json_decref(all);
	int64_t n = mms_test_ask_i64(
		&world.server, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE"
			       " sync_status = 'Synced' AND start_datetime < '2026-06-01'");
	if (n > n_near)
		walk_fail(w, "%" PRId64 " rows of %" PRId64 " events", n, n_near);
}

static void
walk(const char *service, uint64_t seed)
{
	struct walk w = { .service = service,
			  .seed = seed,
			  .noise = seed * 2654435761u + 88172645463325252u };

	begin(&w);
	for (int i = 0; i < STEPS; i++)
		step(&w);
	come_to_rest(&w);
	check_walk(&w);
	if (getenv("MMS_WALK") != NULL)
		print_message("%s", mms_str_get(&w.journal));
	scenario_release(&w.s);
	mms_str_release(&w.journal);
	mms_str_release(&w.strays);
}

static void
both_sides_agree_when_all_is_quiet(void **state)
{
	const char *only = getenv("MMS_WALK"), *more = getenv("MMS_WALKS");
	uint64_t n = more != NULL ? strtoull(more, NULL, 10) : WALKS;

	if (only != NULL) {
		walk(*state, strtoull(only, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= n; seed++)
		walk(*state, seed);
}

int
main(int argc, char **argv)
{
	static char google[] = "google", outlook[] = "outlook";
	const struct CMUnitTest tests[] = {
		{ "both_sides_agree_when_all_is_quiet[google]",
		  both_sides_agree_when_all_is_quiet, NULL, NULL, google },
		{ "both_sides_agree_when_all_is_quiet[outlook]",
		  both_sides_agree_when_all_is_quiet, NULL, NULL, outlook },
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, start, stop);
}
