/* A question about somebody's time, and words for its answer (see the header). */
#include "answer.h"

#include <inttypes.h>
#include <string.h>

#include "mmsync/age.h"
#include "mmsync/utf8.h"
#include "plain.h"

/* The widest line for a terminal. */
#define LINE_WIDTH 80
/* Characters of a title and of a calendar's name in a table; in a pipe they are whole. */
#define TITLE_MIN      16
#define NAME_MAX_WIDTH 24
/* "2026-03-10 09:00" */
#define MOMENT_WIDTH 16
#define MINUTE_MS    INT64_C(60000)

void
answer_release(struct answer *answer)
{
	mms_availability_release(&answer->a);
	mms_zones_free(answer->zones);
	*answer = (struct answer){ 0 };
}

/* ---- the question --------------------------------------------------------------------------- */

static mms_rc
read_span(const struct mms_app *app, const struct answer_options *o, struct mms_span *out,
	  struct mms_err *err)
{
	MMS_AUTO(mms_str) start = { 0 };
	MMS_AUTO(mms_str) end = { 0 };
	int64_t now_ms = mms_clock_now_ms(&app->clock);

	if (o->days == 0 &&
	    (mms_app_text(app, o->start) == NULL || mms_app_text(app, o->end) == NULL)) {
		mms_fail(err, MMS_E_USAGE, "%s needs --%s TIME and --%s TIME", app->verb->name,
			 o->start, o->end);
		return mms_hint(err, "for example --%s 2026-01-05T10:00:00Z", o->start);
	}
	out->start_ms = mms_app_number(app, o->start, now_ms);
	out->end_ms = mms_app_number(app, o->end, out->start_ms + o->days * MMS_DAY_MS);
	mms_str_addf(&start, "--%s", o->start);
	mms_str_addf(&end, "--%s", o->end);
	return mms_availability_check_span(out, mms_str_get(&start), mms_str_get(&end), err);
}

static mms_rc
read_zone(struct answer *answer, struct mms_err *err)
{
	const char *zone = mms_app_text(answer->app, "zone");

	mms_rc rc = mms_zones_new(&answer->zones, err);
	if (rc != MMS_OK || zone == NULL)
		return rc;
	answer->has_zone = true;
	rc = mms_zones_find(answer->zones, zone, &answer->zone, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_fail(err, MMS_E_USAGE, "--zone '%s' is not a time zone", zone);
	return mms_hint(err, "write an IANA name, for example Europe/Berlin");
}

mms_rc
answer_open(struct answer *answer, struct mms_app *app, const struct answer_options *options,
	    struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	struct mms_availability_question question = {
		.user = mms_app_text(app, "user"),
		.excluded_booking = mms_app_text(app, "exclude-booking"),
		.only_events = options->only_events,
	};

	answer->app = app;
	if (question.user == NULL) {
		mms_fail(err, MMS_E_USAGE, "%s needs --user EMAIL", app->verb->name);
		return mms_hint(err, "mmsync help %s shows how", app->verb->name);
	}
	mms_rc rc = read_span(app, options, &question.span, err);
	if (rc == MMS_OK)
		rc = read_zone(answer, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(app->pool, &lent, err);
	if (rc != MMS_OK)
		return rc;
	const struct mms_availability_env env = { .db = lent.db,
						  .columns = app->columns,
						  .settings = &app->settings,
						  .config = &app->site.config,
						  .zones = answer->zones,
						  .now_ms = mms_clock_now_ms(&app->clock) };
	rc = mms_availability_load(&env, &question, &answer->a, err);
	if (rc == MMS_OK && answer->zone == NULL)
		answer->zone = answer->a.zone;
	for (size_t i = 0; rc == MMS_OK && i < answer->a.n_warnings; i++) {
		MMS_AUTO(mms_str) line = { 0 };
		mms_plain_add_cut(&line, answer->a.warnings[i], SIZE_MAX);
		mms_app_note(app, "warning: %s", mms_str_get(&line));
	}
	return rc;
}

/* ---- times ---------------------------------------------------------------------------------- */

char *
answer_print_time(const struct answer *answer, int64_t ms, char buf[MMS_TIME_TEXT_MAX])
{
	return mms_zone_print_time(answer->has_zone ? answer->zone : NULL, ms, buf);
}

/* "2026-03-10 09:00", or only its last len characters. */
static void
add_wall(struct mms_str *out, int64_t wall_us, size_t at, size_t len)
{
	char buf[MMS_TIME_TEXT_MAX];

	mms_wall_print(wall_us, buf);
	mms_str_addn(out, buf + at, len);
}

/* Both ends as people read them: days alone where it is whole days, the hour alone on one day. */
static void
add_span(const struct answer *answer, const struct mms_span *span, struct mms_str *start,
	 struct mms_str *end)
{
	int64_t from_us = mms_zone_to_wall(answer->zone, span->start_ms);
	int64_t to_us = mms_zone_to_wall(answer->zone, span->end_ms);
	int64_t first = mms_span_day(answer->zone, span->start_ms);
	int64_t last = mms_span_day(answer->zone, span->end_ms - 1);
	bool is_days = mms_zone_day_start(answer->zone, first) == span->start_ms &&
		       mms_zone_day_start(answer->zone, last + 1) == span->end_ms;

	add_wall(start, is_days ? first * MMS_DAY_US : from_us, 0, is_days ? 10 : MOMENT_WIDTH);
	if (is_days)
		add_wall(end, last * MMS_DAY_US, 0, 10);
	else if (mms_span_day(answer->zone, span->end_ms) == first)
		add_wall(end, to_us, 11, 5);
	else
		add_wall(end, to_us, 0, MOMENT_WIDTH);
}

/* "5 min ago" */
static void
add_age(const struct answer *answer, struct mms_str *out, int64_t as_of_ms)
{
	char age[MMS_AGE_TEXT_MAX];
	int64_t age_ms = as_of_ms != MMS_NO_TIME ? answer->a.now_ms - as_of_ms : 0;

	if (as_of_ms == MMS_NO_TIME)
		mms_str_add(out, "never");
	else if (age_ms < MINUTE_MS && age_ms > -MINUTE_MS)
		mms_str_add(out, "just now");
	else
		mms_str_add(out, mms_age_tell(age_ms, age));
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void
put_names(const struct answer *answer, struct mms_json *j, bool is_unreadable)
{
	mms_json_array(j);
	for (size_t i = 0; i < answer->a.n_calendars; i++) {
		const struct mms_availability_calendar *c = &answer->a.calendars[i];
		bool is_readable = c->freshness.readable == MMS_READABLE;
		if (is_unreadable ? !is_readable : is_readable && !c->freshness.is_fresh)
			mms_json_text(j, c->name);
	}
	mms_json_array_end(j);
}

void
answer_put_trust(const struct answer *answer, struct mms_json *j)
{
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX];

	mms_json_key(j, "stale");
	put_names(answer, j, false);
	mms_json_key(j, "unreadable");
	put_names(answer, j, true);
	mms_json_key(j, "doubtful");
	mms_json_array(j);
	for (size_t i = 0; i < answer->a.taken.n; i++) {
		const struct mms_taken *item = &answer->a.taken.items[i];
		if (item->doubt == MMS_DOUBT_NONE)
			continue;
		mms_json_map(j);
		mms_json_put_text(j, "name", item->name);
		mms_json_put_text(j, "event_title", item->title);
		mms_json_put_text(j, "start",
				  answer_print_time(answer, item->span.start_ms, start));
		mms_json_put_text(j, "end", answer_print_time(answer, item->span.end_ms, end));
		mms_json_put_text(j, "integration", item->integration);
		mms_json_put_text(j, "reason", mms_doubt_name(item->doubt));
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
	mms_json_key(j, "warnings");
	mms_json_array(j);
	for (size_t i = 0; i < answer->a.n_warnings; i++)
		mms_json_text(j, answer->a.warnings[i]);
	mms_json_array_end(j);
}

/* ---- for people ----------------------------------------------------------------------------- */

static size_t
width_of(const char *text)
{
	return text != NULL ? mms_utf8_count(text, strlen(text)) : 0;
}

/* What a terminal's line leaves for the titles. */
static size_t
title_width(const struct answer *answer, size_t name_width)
{
	size_t others = MOMENT_WIDTH + 2 + MOMENT_WIDTH + 2 + 2 + name_width;

	if (!answer->app->is_stdout_terminal)
		return SIZE_MAX;
	return others + TITLE_MIN < LINE_WIDTH ? LINE_WIDTH - others : TITLE_MIN;
}

static mms_rc
add_taken(const struct answer *answer, struct mms_table *table, const struct mms_taken *item,
	  size_t title_max, size_t name_max, struct mms_err *err)
{
	MMS_AUTO(mms_str) start = { 0 };
	MMS_AUTO(mms_str) end = { 0 };
	MMS_AUTO(mms_str) title = { 0 };
	MMS_AUTO(mms_str) from = { 0 };
	bool has_title = item->title != NULL && item->title[0] != '\0';

	add_span(answer, &item->span, &start, &end);
	mms_plain_add_cut(&title, has_title ? item->title : "No Title", title_max);
	if (item->is_booking)
		mms_str_add(&from, "booking");
	else
		mms_plain_add_cut(&from, item->integration, name_max);
	const struct mms_str *cells[] = { &start, &end, &title, &from };
	mms_rc rc = MMS_OK;
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(cells); i++) {
		rc = mms_str_check(cells[i], err);
		if (rc == MMS_OK)
			rc = mms_table_add(table, mms_str_get(cells[i]), err);
	}
	return rc;
}

mms_rc
answer_print_taken(const struct answer *answer, struct mms_err *err)
{
	static const char *const heads[] = { "START", "END", "TITLE", "FROM" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	const struct mms_taken_list *taken = &answer->a.taken;
	size_t widest = strlen("booking");
	size_t name_max = answer->app->is_stdout_terminal ? NAME_MAX_WIDTH : SIZE_MAX;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < taken->n; i++) {
		size_t width = width_of(taken->items[i].integration);
		widest = width > widest && !taken->items[i].is_booking ? width : widest;
	}
	widest = widest < name_max ? widest : name_max;
	for (size_t i = 0; rc == MMS_OK && i < taken->n; i++) {
		if (taken->items[i].blocks)
			rc = add_taken(answer, &table, &taken->items[i],
				       title_width(answer, widest), name_max, err);
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(answer->app, &table);
	return rc;
}

static const char *
state_of(const struct mms_availability_calendar *c)
{
	switch (c->freshness.readable) {
	case MMS_READABLE:
		return c->freshness.is_fresh ? "fresh" : "stale";
	case MMS_NEVER_READ:
		return "never read";
	case MMS_NEEDS_REAUTH:
		return "needs a new sign-in";
	case MMS_READ_TOO_OLD:
		return "not readable for long";
	}
	return "";
}

mms_rc
answer_print_calendars(const struct answer *answer, struct mms_err *err)
{
	static const char *const heads[] = { "CALENDAR", "READ", "STATE" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < answer->a.n_calendars; i++) {
		const struct mms_availability_calendar *c = &answer->a.calendars[i];
		MMS_AUTO(mms_str) name = { 0 };
		MMS_AUTO(mms_str) age = { 0 };
		mms_plain_add_cut(&name, c->name, SIZE_MAX);
		add_age(answer, &age, c->as_of_ms);
		const char *cells[] = { mms_str_get(&name), mms_str_get(&age), state_of(c) };
		for (size_t k = 0; rc == MMS_OK && k < MMS_COUNT(cells); k++)
			rc = mms_table_add(&table, cells[k], err);
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(answer->app, &table);
	return rc;
}

void
answer_print_doubts(const struct answer *answer)
{
	size_t n = 0;

	for (size_t i = 0; i < answer->a.taken.n; i++)
		n += answer->a.taken.items[i].doubt != MMS_DOUBT_NONE;
	if (n > 0)
		printf("%zu row%s in doubt: the sync failed, or there is no end (--json: "
		       "doubtful)\n",
		       n, n == 1 ? " is" : "s are");
}

void
answer_print_trust(const struct answer *answer)
{
	for (size_t i = 0; i < answer->a.n_calendars; i++) {
		const struct mms_availability_calendar *c = &answer->a.calendars[i];
		MMS_AUTO(mms_str) name = { 0 };
		mms_plain_add_cut(&name, c->name, SIZE_MAX);
		if (!c->freshness.is_fresh)
			printf("calendar %s: %s\n", mms_str_get(&name), state_of(c));
	}
	answer_print_doubts(answer);
}
