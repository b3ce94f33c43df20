/* The judge of a town (see the header). */
#include "support/town_judge.h"

#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"

/* What ended so long ago has left the window, or is about to: nobody looks at it any more. */
#define PAST_MS (INT64_C(25) * MMS_DAY_MS)

/* ---- busy blocks --------------------------------------------------------------------------------------- */

/* Whose calendar it is; 0: nobody's. */
static unsigned
person_of(const json_t *event)
{
	char calendar[80];
	unsigned person = 0;

	gfake_value(event, "_calendar", calendar, sizeof calendar);
	if (sscanf(calendar, "ann%u@", &person) != 1)
		(void)sscanf(calendar, "home%u", &person);
	return person;
}

/* Each person's events in an array of its own. Owns: json_decref(). */
static json_t *
sort_by_person(const struct town *t, const json_t *all)
{
	json_t *people = json_array(), *one;
	size_t i;

	for (unsigned p = 0; p <= t->n_people; p++)
		(void)json_array_append_new(people, json_array());
	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		unsigned person = person_of(one);

		if (person <= t->n_people)
			(void)json_array_append(json_array_get(people, person), one);
	}
	return people;
}

static void
forget_past(struct oracle_blocks *blocks, int64_t since_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < blocks->n; i++) {
		if (blocks->at[i].end_ms >= since_ms)
			blocks->at[n++] = blocks->at[i];
	}
	blocks->n = n;
}

struct past {
	const struct deeds *deeds;
	int64_t since_ms;
};

/* A person moved it to where it is from a time that nobody looks at any more: it was to stay there. */
static bool
was_of_past(const void *aux, const struct oracle_block *block)
{
	const struct past *past = aux;

	for (size_t i = 0; i < past->deeds->n; i++) {
		const struct deed *d = &past->deeds->at[i];
		if (!d->is_deletion && d->end_ms < past->since_ms &&
		    strcmp(d->uuid, block->uuid) == 0)
			return true;
	}
	return false;
}

/* What we know of a person's calendars, for who looks for the cause. */
static void
tell_person(struct town *t, unsigned person)
{
	char *text = mms_test_ask_text(
		&t->w.s.world->server,
		"SELECT GROUP_CONCAT(CONCAT_WS(' ', CAST(c.name AS BINARY), 'type', s.type, "
		"'status', s.status,"
		" 'removed by', s.removed_by, HEX(s.uuid), 'of', HEX(s.source_uuid),"
		" CAST(LEFT(s.external_id, 60) AS BINARY), CAST(s.booking AS BINARY), "
		"CAST(e.sync_status AS BINARY),"
		" e.is_blocking_availability, e.start_datetime,"
		" FROM_UNIXTIME(b.start_ms DIV 1000), d.uuid IS NOT NULL, (SELECT"
		" GROUP_CONCAT(HEX(m.twin)) FROM mmsync_same_meeting m WHERE m.uuid = s.uuid))"
		" ORDER BY c.name, s.created_at_ms SEPARATOR '\n') FROM mmsync_event_state s"
		" JOIN mmsync_cursor c ON c.id = s.integration_id LEFT JOIN `tabMM Calendar"
		" Event Sync` e ON e.name = s.row_name LEFT JOIN mmsync_busy_block b ON b.uuid"
		" = s.uuid LEFT JOIN mmsync_outbox d ON d.uuid = s.uuid WHERE c.name IN"
		" ('work%u', 'home%u', 'team%u')",
		person, person, person);

	(void)fprintf(stderr, "%s\n", text != NULL ? text : "");
	free(text);
}

static void
judge_person(struct town *t, unsigned person, json_t *events, const char *site,
	     struct town_count *out)
{
	char work[TOWN_NAME], home[TOWN_NAME], feed[TOWN_NAME];
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
	const char *const targets[] = { town_email(person, work), town_home(person, home) };
	struct oracle_events read = { 0 };
	struct oracle_blocks wanted = { 0 }, there = { 0 };
	const char *what = NULL;
	const struct past past = { &t->deeds, t->w.s.now_ms - PAST_MS };

	for (size_t i = 0; i < MMS_COUNT(targets); i++)
		oracle_read(&read, events, targets[i], site);
	habit_read_feed(t->feeds[person - 1], town_feed(person, feed), &read);
	oracle_decide(&read, targets, MMS_COUNT(targets), &wanted);
	oracle_find(events, site, &there);
	out->events += read.n;
	out->blocks += there.n;
	forget_past(&wanted, past.since_ms);
	forget_past(&there, past.since_ms);
	const struct oracle_block *wrong =
		block_judge(&t->deeds, &wanted, &there, was_of_past, &past, &what);
	if (wrong != NULL)
		tell_person(t, person);
	if (wrong != NULL)
		walk_fail(&t->w, "%s has %s: %s to %s, %s", wrong->calendar, what,
			  mms_time_print(wrong->start_ms, from),
			  mms_time_print(wrong->end_ms, to), wrong->id);
	oracle_events_release(&read);
	oracle_blocks_release(&wanted);
	oracle_blocks_release(&there);
}

/* ---- bookings ------------------------------------------------------------------------------------------- */

/* "B7 ann3@example.com|start|end|title" of a live event of a booking, or "" of another one. */
static void
tell_event(const json_t *event, struct mms_str *who, struct mms_str *says)
{
	static const char *const keys[] = { "start", "end", "title" };
	char kind[80], calendar[80], title[200], value[200];

	gfake_value(event, "private.mmsync_kind", kind, sizeof kind);
	mms_str_clear(who);
	mms_str_clear(says);
	if (strcmp(kind, "booking") != 0 || !scenario_is_live(event))
		return;
	gfake_value(event, "_calendar", calendar, sizeof calendar);
	gfake_value(event, "title", title, sizeof title);
	mms_str_addf(who, "%.*s %s", (int)strcspn(title, " "), title, calendar);
	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		gfake_value(event, keys[i], value, sizeof value);
		mms_str_addf(says, "|%s", value);
	}
}

/* What there is outside: "B7 ann3@example.com" and what it says. Owns: json_decref(). */
static json_t *
read_booked(struct town *t, const json_t *all, struct town_count *out)
{
	json_t *booked = json_object(), *one;
	MMS_AUTO(mms_str) who = { 0 };
	MMS_AUTO(mms_str) says = { 0 };
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)all, i, one)
	{
		tell_event(one, &who, &says);
		if (who.len == 0)
			continue;
		if (json_object_get(booked, mms_str_get(&who)) != NULL)
			walk_fail(&t->w, "two events of %s", mms_str_get(&who));
		(void)json_object_set_new(booked, mms_str_get(&who),
					  json_string(mms_str_get(&says)));
		out->booked++;
	}
	return booked;
}

/* One booking at one of its people, "B7 ann3@example.com|start|end|title|wanted|past". */
static void
judge_booking(struct town *t, char *line, json_t *booked)
{
	char *says = strchr(line, '|'), *past = strrchr(line, '|'), removed[TOWN_NAME + 24];
	MMS_AUTO(mms_str) who = { 0 };

	mms_str_addn(&who, line, (size_t)(says - line));
	bool is_past = strcmp(past, "|1") == 0;
	*past = '\0';
	char *wanted = strrchr(line, '|');
	bool is_wanted = strcmp(wanted, "|1") == 0;
	*wanted = '\0';
	const char *is = json_string_value(json_object_get(booked, mms_str_get(&who)));
	(void)snprintf(removed, sizeof removed, " %s ", mms_str_get(&who));
	bool is_removed = strstr(mms_str_get(&t->removed), removed) != NULL;
	if (is_past) /* it stays as it was when it was left alone */
		is = NULL;
	else if (is == NULL && is_wanted && !is_removed)
		walk_fail(&t->w, "%s has no event", mms_str_get(&who));
	else if (is != NULL && !is_wanted)
		walk_fail(&t->w, "%s still has its event%s", mms_str_get(&who), is);
	else if (is != NULL && strcmp(is, says) != 0)
		walk_fail(&t->w, "%s is %s, and in the calendar %s", mms_str_get(&who), says,
			  is);
	(void)json_object_del(booked, mms_str_get(&who));
}

/* Every booking at each of its people, one a line. Owns: free(); NULL: there are none. */
static char *
read_bookings(struct town *t)
{
	char past[MMS_TIME_TEXT_MAX];

	(void)mms_time_print(t->w.s.now_ms - PAST_MS, past);
	return mms_test_ask_text(
		&t->w.s.world->server,
		"SET STATEMENT group_concat_max_len = 100000000 FOR SELECT"
		" GROUP_CONCAT(CONCAT(b.name, ' ', u.user, '|',"
		" DATE_FORMAT(start_datetime, '%%Y-%%m-%%dT%%H:%%i:%%sZ'), '|',"
		" DATE_FORMAT(end_datetime, '%%Y-%%m-%%dT%%H:%%i:%%sZ'), '|',"
		" meeting_title, '|', booking_status IN ('Confirmed', 'Rescheduled'), '|',"
		" end_datetime < '%.10s') SEPARATOR '\\n') FROM `tabMM Meeting Booking` b JOIN"
		" `tabMM Meeting Booking Assigned User` u ON u.parent = b.name",
		past);
}

static void
judge_bookings(struct town *t, const json_t *all, struct town_count *out)
{
	json_t *booked = read_booked(t, all, out), *says;
	char *lines = read_bookings(t), *save = NULL;
	char past[MMS_TIME_TEXT_MAX];
	const char *who;

	for (char *line = lines != NULL ? strtok_r(lines, "\n", &save) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		judge_booking(t, line, booked);
		out->bookings++;
	}
	free(lines);
	(void)mms_time_print(t->w.s.now_ms - PAST_MS, past);
	json_object_foreach(booked, who, says)
	{
		if (strcmp(json_string_value(says) + 1, past) > 0)
			walk_fail(&t->w, "%s is no booking of theirs%s", who,
				  json_string_value(says));
	}
	json_decref(booked);
}

/* ---- our tables ----------------------------------------------------------------------------------------- */

static void
judge_tables(struct town *t, const struct town_count *count)
{
	const struct {
		const char *what, *sql;
		size_t want;
	} rows[] = {
		{ "entries in the outbox", "SELECT COUNT(*) FROM mmsync_outbox", 0 },
		{ "events that are due", "SELECT COUNT(*) FROM mmsync_block_due", 0 },
		{ "dead letters", "SELECT COUNT(*) FROM mmsync_dead_letter", 0 },
		{ "leases", "SELECT COUNT(*) FROM mmsync_cursor WHERE lease_owner IS NOT NULL",
		  0 },
		{ "calendars In Progress",
		  "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE sync_status = 'In "
		  "Progress'",
		  0 },
		{ "blocks in quarantine",
		  "SELECT COUNT(*) FROM mmsync_busy_block WHERE quarantined <> 0", 0 },
		{ "live states of blocks",
		  "SELECT COUNT(*) FROM mmsync_event_state WHERE type = 3 AND status <> 5",
		  count->blocks },
		{ "live states of bookings",
		  "SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND status <> 5",
		  count->booked },
	};
	MMS_AUTO(mms_str) broken = { 0 };

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		int64_t n = mms_test_ask_i64(&t->w.s.world->server, "%s", rows[i].sql);

		if (n != (int64_t)rows[i].want)
			walk_fail(&t->w, "%" PRId64 " and not %zu %s", n, rows[i].want,
				  rows[i].what);
	}
	scenario_invariants(&t->w.s, &broken);
	if (broken.len == 0 || strspn(mms_str_get(&broken), "0,") != broken.len)
		walk_fail(&t->w, "schema/invariants.sql answers %s", mms_str_get(&broken));
}

void
town_judge(struct town *t, struct town_count *out)
{
	json_t *all = gfake_events(&t->w.s.world->service, NULL);
	json_t *people = sort_by_person(t, all);
	char *site = mms_test_ask_text(&t->w.s.world->server,
				       "SELECT site_uuid FROM mmsync_installation");

	*out = (struct town_count){ 0 };
	for (unsigned p = 1; p <= t->n_people; p++)
		judge_person(t, p, json_array_get(people, p), site, out);
	judge_bookings(t, all, out);
	judge_tables(t, out);
	free(site);
	json_decref(people);
	json_decref(all);
}
