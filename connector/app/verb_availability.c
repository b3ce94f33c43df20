/* mmsync availability, check-slot, blocking-events: is somebody free? */
#include <stdio.h>

#include "answer.h"
#include "verbs.h"

#define DEFAULT_DAYS 7

const struct mms_opt mms_availability_opts[] = {
	{ "user", MMS_OPT_TEXT, "EMAIL", "the person" },
	{ "from", MMS_OPT_TIME, "TIME", "begin of the time asked about (default: now)" },
	{ "to", MMS_OPT_TIME, "TIME", "its end (default: 7 days later)" },
	{ "zone", MMS_OPT_TEXT, "IANA", "zone of the times printed" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt mms_check_slot_opts[] = {
	{ "user", MMS_OPT_TEXT, "EMAIL", "the person" },
	{ "start", MMS_OPT_TIME, "TIME", "begin of the slot" },
	{ "end", MMS_OPT_TIME, "TIME", "its end; what begins or ends there is no conflict" },
	{ "exclude-booking", MMS_OPT_TEXT, "NAME",
	  "leave out this MM Meeting Booking and its events (it is to be moved)" },
	{ "zone", MMS_OPT_TEXT, "IANA", "zone of the times printed" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_availability_more[] =
	"Says when a person is busy: events that block in the active calendars, and bookings "
	"that are confirmed, pending or rescheduled, merged, with what blocks and how old the "
	"knowledge of each calendar is. Reads the database only. A calendar that was never "
	"read, not for long, or needs a new sign-in makes the person busy all the time, unless "
	"the setting unreadable_policy says warn.\n"
	"On a terminal each day is a bar of half hours by the person's clock, or that of "
	"--zone; over more than 31 days, and in a pipe, the busy times are rows. JSON has UTC "
	"unless --zone is given.\n"
	"  mmsync availability --user ann@example.com\n"
	"  mmsync availability --user ann@example.com --from 2026-03-02T00:00:00Z\n"
	"Exit status: 0 answered; 2 usage, also an unknown person; 3 configuration; 4 the "
	"database cannot be used.";

const char mms_check_slot_more[] =
	"Says whether a person is free from --start to --end, and if not, every conflict: the "
	"event or booking, its calendar, and when that was last read. Reads the database "
	"only. Where a calendar cannot be believed, the slot is not available without any "
	"conflict, unless the setting unreadable_policy says warn.\n"
	"  mmsync check-slot --user ann@example.com --start 2026-03-02T09:00:00Z \\\n"
	"      --end 2026-03-02T09:30:00Z\n"
	"Exit status: 0 answered, also when the slot is taken; 2 usage, also an unknown person "
	"or booking; 3 configuration; 4 the database cannot be used.";

const char mms_blocking_events_more[] =
	"Lists the events that block in a person's active calendars, in order of their start; "
	"bookings of the site are not among them, but for their events. Reads the database "
	"only. Calendars that cannot be believed are named beside it.\n"
	"  mmsync --json blocking-events --user ann@example.com\n"
	"Exit status: 0 answered; 2 usage, also an unknown person; 3 configuration; 4 the "
	"database cannot be used.";

static const struct answer_options from_to = { "from", "to", DEFAULT_DAYS, false };

/* ---- availability --------------------------------------------------------------------------- */

static void
put_time(const struct answer *answer, struct mms_json *j, int64_t ms)
{
	char buf[MMS_TIME_TEXT_MAX];

	mms_json_text(j, ms == MMS_NO_TIME ? NULL : answer_print_time(answer, ms, buf));
}

static void
put_span(const struct answer *answer, struct mms_json *j, const struct mms_span *span)
{
	mms_json_key(j, "start");
	put_time(answer, j, span->start_ms);
	mms_json_key(j, "end");
	put_time(answer, j, span->end_ms);
}

static void
put_item(const struct answer *answer, struct mms_json *j, const struct mms_taken *item,
	 bool is_whole)
{
	mms_json_map(j);
	mms_json_put_text(j, "name", item->name);
	mms_json_put_text(j, "event_title", item->title);
	put_span(answer, j, &item->span);
	if (is_whole) {
		mms_json_put_text(j, "event_type", item->event_type);
		mms_json_put_text(j, "location", item->location);
	}
	mms_json_put_text(j, "integration", item->integration);
	mms_json_put_text(j, "kind", item->is_booking ? "booking" : "event");
	mms_json_key(j, "as_of");
	put_time(answer, j, mms_availability_as_of(&answer->a, item));
	mms_json_map_end(j);
}

static void
put_items(const struct answer *answer, struct mms_json *j, bool is_whole)
{
	mms_json_array(j);
	for (size_t i = 0; i < answer->a.taken.n; i++) {
		if (answer->a.taken.items[i].blocks)
			put_item(answer, j, &answer->a.taken.items[i], is_whole);
	}
	mms_json_array_end(j);
}

static void
put_calendars(const struct answer *answer, struct mms_json *j)
{
	mms_json_array(j);
	for (size_t i = 0; i < answer->a.n_calendars; i++) {
		const struct mms_availability_calendar *c = &answer->a.calendars[i];
		mms_json_map(j);
		mms_json_put_text(j, "integration", c->name);
		mms_json_put_text(j, "integration_name", c->title);
		mms_json_key(j, "as_of");
		put_time(answer, j, c->as_of_ms);
		mms_json_put_bool(j, "fresh", c->freshness.is_fresh);
		mms_json_put_text(j, "readable", mms_readable_name(c->freshness.readable));
		mms_json_put_i64(j, "failed_events", c->n_failed_events);
		mms_json_key(j, "known_from");
		put_time(answer, j, c->window_start_ms);
		mms_json_key(j, "known_to");
		put_time(answer, j, c->window_end_ms);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

/* The begin of every answer's object. */
static mms_rc
begin_json(const struct answer *answer, struct mms_json *j, struct mms_err *err)
{
	mms_rc rc = mms_app_json(answer->app, j, err);

	if (rc != MMS_OK)
		return rc;
	mms_json_map(j);
	mms_json_put_text(j, "user", answer->a.user);
	return MMS_OK;
}

/* What was asked about, by the names of the options. */
static void
put_from_to(const struct answer *answer, struct mms_json *j)
{
	mms_json_key(j, "from");
	put_time(answer, j, answer->a.span.start_ms);
	mms_json_key(j, "to");
	put_time(answer, j, answer->a.span.end_ms);
}

static mms_rc
end_json(const struct answer *answer, struct mms_json *j, struct mms_err *err)
{
	answer_put_trust(answer, j);
	mms_json_map_end(j);
	mms_json_done(j);
	return mms_json_check(j, err);
}

static mms_rc
availability_json(const struct answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = begin_json(answer, &j, err);
	if (rc != MMS_OK)
		return rc;
	put_from_to(answer, &j);
	mms_json_put_text(&j, "zone", mms_zone_name(answer->a.zone));
	mms_json_key(&j, "busy");
	mms_json_array(&j);
	for (size_t i = 0; i < answer->a.n_busy; i++) {
		mms_json_map(&j);
		put_span(answer, &j, &answer->a.busy[i]);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	mms_json_key(&j, "events");
	put_items(answer, &j, true);
	mms_json_key(&j, "calendars");
	put_calendars(answer, &j);
	return end_json(answer, &j, err);
}

static mms_rc
print_busy(const struct answer *answer, struct mms_err *err)
{
	static const char *const heads[] = { "BUSY FROM", "TO" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < answer->a.n_busy; i++) {
		const int64_t ends[] = { answer->a.busy[i].start_ms, answer->a.busy[i].end_ms };
		for (size_t k = 0; rc == MMS_OK && k < MMS_COUNT(ends); k++) {
			char buf[MMS_TIME_TEXT_MAX];
			mms_wall_print(mms_zone_to_wall(answer->zone, ends[k]), buf);
			buf[16] = '\0'; /* without the seconds */
			rc = mms_table_add(&table, buf, err);
		}
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(answer->app, &table);
	else if (rc == MMS_OK)
		printf("free all the time\n");
	return rc;
}

static mms_rc
availability_text(const struct answer *answer, struct mms_err *err)
{
	bool has_bars =
		answer->app->is_stdout_terminal && answer_n_days(answer) <= ANSWER_BAR_DAYS;
	mms_rc rc = MMS_OK;

	printf("%s, times in %s\n\n", answer->a.user, mms_zone_name(answer->zone));
	if (has_bars)
		answer_print_bars(answer);
	else
		rc = print_busy(answer, err);
	bool has_taken = false;
	for (size_t i = 0; i < answer->a.taken.n; i++)
		has_taken = has_taken || answer->a.taken.items[i].blocks;
	if (rc == MMS_OK && has_taken)
		putchar('\n');
	if (rc == MMS_OK)
		rc = answer_print_taken(answer, err);
	if (rc == MMS_OK && answer->a.n_calendars > 0)
		putchar('\n');
	if (rc == MMS_OK)
		rc = answer_print_calendars(answer, err);
	if (rc == MMS_OK)
		answer_print_doubts(answer);
	return rc;
}

mms_rc
mms_verb_availability(struct mms_app *app, struct mms_err *err)
{
	__attribute__((cleanup(answer_release))) struct answer answer = { 0 };

	mms_rc rc = answer_open(&answer, app, &from_to, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? availability_json(&answer, err) : availability_text(&answer, err);
}

/* ---- check-slot ----------------------------------------------------------------------------- */

static mms_rc
slot_json(const struct answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = begin_json(answer, &j, err);
	if (rc != MMS_OK)
		return rc;
	put_span(answer, &j, &answer->a.span);
	mms_json_put_bool(&j, "available", answer->a.is_available);
	mms_json_key(&j, "conflicts");
	put_items(answer, &j, false);
	mms_json_key(&j, "calendars");
	put_calendars(answer, &j);
	return end_json(answer, &j, err);
}

static mms_rc
slot_text(const struct answer *answer, struct mms_err *err)
{
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
	bool is_taken = answer->a.n_known_busy > 0;

	mms_wall_print(mms_zone_to_wall(answer->zone, answer->a.span.start_ms), from);
	mms_wall_print(mms_zone_to_wall(answer->zone, answer->a.span.end_ms), to);
	printf("%s is %s from %.16s to %.16s (%s)\n", answer->a.user,
	       answer->a.is_available ? "free"
	       : is_taken             ? "not free"
				      : "not known to be free",
	       from, to, mms_zone_name(answer->zone));
	mms_rc rc = answer_print_taken(answer, err);
	if (rc == MMS_OK && answer->a.n_calendars > 0)
		putchar('\n');
	if (rc == MMS_OK)
		rc = answer_print_calendars(answer, err);
	if (rc == MMS_OK)
		answer_print_doubts(answer);
	return rc;
}

mms_rc
mms_verb_check_slot(struct mms_app *app, struct mms_err *err)
{
	static const struct answer_options start_end = { "start", "end", 0, false };
	__attribute__((cleanup(answer_release))) struct answer answer = { 0 };

	mms_rc rc = answer_open(&answer, app, &start_end, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? slot_json(&answer, err) : slot_text(&answer, err);
}

/* ---- blocking-events ------------------------------------------------------------------------ */

static mms_rc
blocking_json(const struct answer *answer, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = begin_json(answer, &j, err);
	if (rc != MMS_OK)
		return rc;
	put_from_to(answer, &j);
	mms_json_key(&j, "events");
	mms_json_array(&j);
	for (size_t i = 0; i < answer->a.taken.n; i++) {
		const struct mms_taken *item = &answer->a.taken.items[i];
		if (!item->blocks)
			continue;
		mms_json_map(&j);
		mms_json_put_text(&j, "name", item->name);
		mms_json_put_text(&j, "event_title", item->title);
		mms_json_key(&j, "start_datetime");
		put_time(answer, &j, item->span.start_ms);
		mms_json_key(&j, "end_datetime");
		put_time(answer, &j, item->span.end_ms);
		mms_json_put_text(&j, "event_type", item->event_type);
		mms_json_put_text(&j, "location", item->location);
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	return end_json(answer, &j, err);
}

static mms_rc
blocking_text(const struct answer *answer, struct mms_err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < answer->a.taken.n; i++)
		n += answer->a.taken.items[i].blocks;
	mms_rc rc = answer_print_taken(answer, err);
	if (rc != MMS_OK)
		return rc;
	printf("%zu event%s block%s; times in %s\n", n, n == 1 ? "" : "s", n == 1 ? "s" : "",
	       mms_zone_name(answer->zone));
	answer_print_trust(answer);
	return MMS_OK;
}

mms_rc
mms_verb_blocking_events(struct mms_app *app, struct mms_err *err)
{
	static const struct answer_options events = { "from", "to", DEFAULT_DAYS, true };
	__attribute__((cleanup(answer_release))) struct answer answer = { 0 };

	mms_rc rc = answer_open(&answer, app, &events, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? blocking_json(&answer, err) : blocking_text(&answer, err);
}
