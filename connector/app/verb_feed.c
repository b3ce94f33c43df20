/* mmsync feed preview: the occurrences that a feed would bring, without a database. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed_source.h"
#include "plain.h"
#include "verbs.h"

#include "mmsync/feed.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/utf8.h"

/* The window when nothing is said. */
#define DEFAULT_DAYS 90
/* Sentences about single events that are told; more are counted. */
#define WARNINGS_MAX ((size_t)100)
/* Characters of a title in the table. */
#define TITLE_MAX 63

const struct mms_opt mms_feed_preview_opts[] = {
	{ "integration", MMS_OPT_TEXT, "NAME", "the feed of this MM Calendar Integration" },
	{ "from", MMS_OPT_TIME, "TIME", "begin of the window (default: now)" },
	{ "to", MMS_OPT_TIME, "TIME", "end of the window (default: 90 days later)" },
	{ "zone", MMS_OPT_TEXT, "IANA",
	  "zone of all-day and floating times, and of the times printed" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_feed_preview_more[] =
	"Reads an iCal feed from an address, a file or, with -, standard input, and shows the "
	"occurrences that it has in a window; no database is needed, nothing is written. An "
	"address may be a secret: - takes it too, as the only line, and so does --integration "
	"NAME, which takes it from the site. With --site the site says what blocks "
	"(tentative_blocks, all_day_blocks) and which private addresses may be reached.\n"
	"  mmsync feed preview team.ics --zone Europe/Berlin\n"
	"  mmsync --json feed preview - --from 2026-03-01T00:00:00Z < team.ics\n"
	"  mmsync --site sites/example.com feed preview --integration MM-CI-1\n"
	"Exit status: 0 shown; 1 the feed, or one of its events, cannot be read; 2 usage, also "
	"no such file or integration; 3 the address is not acceptable; 4 the database cannot "
	"be used.";

/* What the run needs. */
struct preview {
	struct mms_app *app;
	const struct mms_zone *zone; /* NULL: UTC */
	int64_t from_ms, to_ms;
	struct mms_zones *zones; /* owned */
	struct mms_feed *feed;   /* owned */
	struct mms_feed_source source;
	char **warnings; /* owned */
	size_t n_warnings, warnings_cap, n_more;
	size_t n_occurrences, n_blocking, n_problems;
};

static void
preview_release(struct preview *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		mms_free(p->warnings[i]);
	mms_free(p->warnings);
	mms_feed_free(p->feed);
	mms_zones_free(p->zones);
	mms_feed_source_release(&p->source);
}

static mms_rc
read_options(struct preview *p, struct mms_err *err)
{
	const char *zone = mms_app_text(p->app, "zone");

	p->from_ms = mms_app_number(p->app, "from", mms_clock_now_ms(&p->app->clock));
	p->to_ms = mms_app_number(p->app, "to", p->from_ms + DEFAULT_DAYS * MMS_DAY_MS);
	if (p->to_ms <= p->from_ms) {
		mms_fail(err, MMS_E_USAGE, "the window ends before it begins");
		return mms_hint(err,
				"--to must be later than --from, which is now unless given");
	}
	mms_rc rc = mms_zones_new(&p->zones, err);
	if (rc != MMS_OK || zone == NULL)
		return rc;
	rc = mms_zones_find(p->zones, zone, &p->zone, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_fail(err, MMS_E_USAGE, "--zone '%s' is not a time zone", zone);
	return mms_hint(err, "write an IANA name, for example Europe/Berlin");
}

/* What the row would be called. */
static const char *
title_of(const struct mms_event *event)
{
	if (event->is_private)
		return "Busy";
	return event->title != NULL && event->title[0] != '\0' ? event->title : "No Title";
}

static mms_rc
add_warning(struct preview *p, const char *uid, const char *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) line = { 0 };

	mms_str_addf(&line, "%s%s%s", uid != NULL ? uid : "", uid != NULL ? ": " : "", text);
	mms_rc rc = mms_str_check(&line, err);
	if (rc != MMS_OK)
		return rc;
	/* Occurrences of one series say the same. */
	if (p->n_warnings > 0 &&
	    strcmp(p->warnings[p->n_warnings - 1], mms_str_get(&line)) == 0)
		return MMS_OK;
	if (p->n_warnings == WARNINGS_MAX) {
		p->n_more++;
		return MMS_OK;
	}
	char **moved = mms_grow(p->warnings, p->n_warnings, &p->warnings_cap, sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	p->warnings = moved;
	p->warnings[p->n_warnings++] = mms_str_take(&line);
	return MMS_OK;
}

/* By the site's rules where there is a site, else by their defaults. */
static bool
is_blocking(const struct preview *p, const struct mms_event *event)
{
	const struct mms_config *config = &p->app->site.config;
	struct mms_blocking_rules rules = { true, true, true };

	if (p->app->has_site)
		rules = (struct mms_blocking_rules){ config->tentative_blocks,
						     config->focus_time_blocks,
						     config->all_day_blocks };
	return mms_event_is_blocking(event, &rules);
}

/* The next occurrence that could be read; what could not becomes a warning. */
static mms_rc
next_occurrence(struct preview *p, struct mms_event *event, bool *has, struct mms_err *err)
{
	for (;;) {
		mms_rc rc = mms_feed_next(p->feed, event, has, err);
		if (rc != MMS_OK || !*has)
			return rc;
		if (event->warning != NULL)
			rc = add_warning(p, event->ical_uid, event->warning, err);
		if (rc == MMS_OK && event->problem != NULL)
			rc = add_warning(p, event->external_id, event->problem, err);
		if (rc == MMS_OK && event->problem == NULL) {
			p->n_occurrences++;
			p->n_blocking += is_blocking(p, event);
			return MMS_OK;
		}
		p->n_problems++;
		mms_event_release(event);
		if (rc != MMS_OK)
			return rc;
	}
}

/* After the last one: what is said about the feed as a whole. */
static mms_rc
end_warnings(struct preview *p, struct mms_err *err)
{
	MMS_AUTO(mms_str) more = { 0 };
	mms_rc rc = MMS_OK;

	if (p->n_more > 0) {
		mms_free(p->warnings[--p->n_warnings]);
		mms_str_addf(&more, "and %zu more about single events", p->n_more + 1);
		rc = add_warning(p, NULL, mms_str_get(&more), err);
	}
	for (size_t i = 0; rc == MMS_OK && i < mms_feed_n_warnings(p->feed); i++) {
		MMS_AUTO(mms_str) text = { 0 };
		mms_str_add(&text, mms_feed_warning(p->feed, i));
		char **moved =
			mms_grow(p->warnings, p->n_warnings, &p->warnings_cap, sizeof *moved);
		if (moved == NULL)
			return mms_fail_nomem(err);
		p->warnings = moved;
		p->warnings[p->n_warnings] = mms_str_take(&text);
		if (p->warnings[p->n_warnings] == NULL)
			return mms_fail_nomem(err);
		p->n_warnings++;
	}
	return rc;
}

static void
put_occurrence(const struct preview *p, struct mms_json *j, const struct mms_event *event)
{
	char buf[MMS_TIME_TEXT_MAX];

	mms_json_map(j);
	mms_json_put_text(j, "uid", event->ical_uid);
	mms_json_put_text(j, "recurrence_id", event->recurrence_id);
	mms_json_put_text(j, "start", mms_zone_print_time(p->zone, event->start_ms, buf));
	mms_json_put_text(j, "end", mms_zone_print_time(p->zone, event->end_ms, buf));
	mms_json_put_bool(j, "all_day", event->is_all_day);
	mms_json_put_text(j, "summary", title_of(event));
	mms_json_put_text(j, "status", mms_event_status_name(event->status));
	mms_json_put_bool(j, "blocking", is_blocking(p, event));
	mms_json_put_bool(j, "private", event->is_private);
	mms_json_map_end(j);
}

static mms_rc
print_json(struct preview *p, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };
	bool has = true;

	mms_rc rc = mms_app_json(p->app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_key(&j, "occurrences");
	mms_json_array(&j);
	while (rc == MMS_OK) {
		MMS_AUTO(mms_event) event = { 0 };
		rc = next_occurrence(p, &event, &has, err);
		if (rc != MMS_OK || !has)
			break;
		put_occurrence(p, &j, &event);
		rc = mms_json_check(&j, err);
	}
	if (rc == MMS_OK)
		rc = end_warnings(p, err);
	mms_json_array_end(&j);
	mms_json_key(&j, "warnings");
	mms_json_array(&j);
	for (size_t i = 0; i < p->n_warnings; i++)
		mms_json_text(&j, p->warnings[i]);
	mms_json_array_end(&j);
	if (rc != MMS_OK) {
		/* It began as one object and ends as one; stderr says it once more. */
		mms_app_json_put_err(&j, err);
		p->app->is_json = false;
	}
	mms_json_map_end(&j);
	mms_json_done(&j);
	return rc != MMS_OK ? rc : mms_json_check(&j, err);
}

/* "2026-03-10 09:00", or the day alone. */
static void
add_moment(const struct preview *p, struct mms_str *out, int64_t ms, bool is_all_day,
	   int64_t day)
{
	char buf[MMS_TIME_TEXT_MAX];
	int64_t wall_us = is_all_day        ? day * MMS_DAY_US
			  : p->zone != NULL ? mms_zone_to_wall(p->zone, ms)
					    : ms * 1000;

	mms_wall_print(wall_us, buf);
	mms_str_addn(out, buf, is_all_day ? 10 : 16);
}

/* Lines for people stand in the order of time, whatever the feed's order is. */
struct row {
	int64_t start_ms;
	size_t order;
	char *cells[6]; /* owned */
};

struct rows {
	struct row *items; /* owned */
	size_t n, cap;
};

static void
rows_release(struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		for (size_t k = 0; k < MMS_COUNT(rows->items[i].cells); k++)
			mms_free(rows->items[i].cells[k]);
	}
	mms_free(rows->items);
}

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->start_ms != y->start_ms)
		return x->start_ms < y->start_ms ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static mms_rc
add_row(const struct preview *p, struct rows *rows, const struct mms_event *event,
	struct mms_err *err)
{
	MMS_AUTO(mms_str) start = { 0 };
	MMS_AUTO(mms_str) end = { 0 };
	MMS_AUTO(mms_str) title = { 0 };

	add_moment(p, &start, event->start_ms, event->is_all_day, event->first_day);
	/* People read the last day, not the one behind it. */
	add_moment(p, &end, event->end_ms, event->is_all_day, event->end_day - 1);
	mms_plain_add_cut(&title, title_of(event), TITLE_MAX);
	mms_rc rc = mms_str_check(&title, err);
	struct row *moved =
		rc == MMS_OK ? mms_grow(rows->items, rows->n, &rows->cap, sizeof *rows->items)
			     : NULL;
	if (moved == NULL)
		return rc != MMS_OK ? rc : mms_fail_nomem(err);
	rows->items = moved;
	struct row *row = &rows->items[rows->n];
	*row = (struct row){ .start_ms = event->start_ms, .order = rows->n };
	rows->n++;
	const char *cells[] = { mms_str_get(&start),
				mms_str_get(&end),
				event->is_all_day ? "all day" : "",
				is_blocking(p, event) ? "busy" : "free",
				mms_event_status_name(event->status),
				mms_str_get(&title) };
	for (size_t i = 0; i < MMS_COUNT(cells); i++) {
		row->cells[i] = mms_text_copy(cells[i]);
		if (row->cells[i] == NULL)
			return mms_fail_nomem(err);
	}
	return MMS_OK;
}

static mms_rc
print_rows(const struct preview *p, struct rows *rows, struct mms_err *err)
{
	static const char *const heads[] = {
		"START", "END", "", "SHOWN AS", "STATUS", "SUMMARY"
	};
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	mms_rc rc = MMS_OK;

	if (rows->n == 0)
		return MMS_OK;
	qsort(rows->items, rows->n, sizeof *rows->items, compare_rows);
	for (size_t i = 0; i < rows->n && rc == MMS_OK; i++) {
		for (size_t k = 0; k < MMS_COUNT(heads) && rc == MMS_OK; k++) {
			rc = mms_table_add(&table, rows->items[i].cells[k], err);
			mms_free(rows->items[i].cells[k]);
			rows->items[i].cells[k] = NULL;
		}
	}
	if (rc == MMS_OK)
		mms_table_print(p->app, &table);
	return rc;
}

static mms_rc
print_table(struct preview *p, struct mms_err *err)
{
	__attribute__((cleanup(rows_release))) struct rows rows = { 0 };
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
	bool has = true;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK) {
		MMS_AUTO(mms_event) event = { 0 };
		rc = next_occurrence(p, &event, &has, err);
		if (rc != MMS_OK || !has)
			break;
		rc = add_row(p, &rows, &event, err);
	}
	if (rc == MMS_OK)
		rc = end_warnings(p, err);
	if (rc == MMS_OK)
		rc = print_rows(p, &rows, err);
	if (rc != MMS_OK)
		return rc;
	printf("%zu occurrences from %s to %s, %zu of them blocking; times in %s\n",
	       p->n_occurrences, mms_zone_print_time(p->zone, p->from_ms, from),
	       mms_zone_print_time(p->zone, p->to_ms, to), p->n_blocking,
	       p->zone != NULL ? mms_zone_name(p->zone) : "UTC");
	for (size_t i = 0; i < p->n_warnings; i++) {
		MMS_AUTO(mms_str) line = { 0 };
		mms_plain_add_cut(&line, p->warnings[i], SIZE_MAX);
		mms_app_note(p->app, "warning: %s", mms_str_get(&line));
	}
	return MMS_OK;
}

mms_rc
mms_verb_feed_preview(struct mms_app *app, struct mms_err *err)
{
	__attribute__((cleanup(preview_release))) struct preview p = { .app = app };

	mms_rc rc = read_options(&p, err);
	if (rc == MMS_OK)
		rc = mms_feed_source_open(app, p.zones, &p.source, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_feed_options options = { .zones = p.zones,
					    .charset = p.source.charset,
					    .floating_zone = p.zone,
					    .day_zone = p.zone,
					    .from_ms = p.from_ms,
					    .to_ms = p.to_ms };
	rc = mms_feed_open(&p.feed, p.source.fd, &options, err);
	if (rc != MMS_OK)
		return rc;
	rc = app->is_json ? print_json(&p, err) : print_table(&p, err);
	if (rc == MMS_OK && p.n_problems > 0)
		app->exit_status = 1;
	return rc;
}
