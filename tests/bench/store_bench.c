/*
 * What our writer costs beside the server's own bulk loader: store_new, store_changed,
 * store_unchanged (docs/performance.md).
 *
 * Ours is a whole turn: mms_sync_run() over one calendar of 100,000 events that a provider of this
 * file hands up, page by page, from memory. So it includes the lease, reading what is known,
 * making and comparing the rows, names from tabSeries, 200 transactions, the cursor and the run's
 * row. The others are given the very same rows, ready in the form they take: LOAD DATA LOCAL (one
 * statement for each of the two tables), and a blind INSERT ... ON DUPLICATE KEY UPDATE by
 * Connector/C's array binding.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mmsync/columns.h"
#include "mmsync/feed.h"
#include "mmsync/mem.h"
#include "mmsync/pool.h"
#include "mmsync/provider.h"
#include "mmsync/settings.h"
#include "mmsync/site.h"
#include "mmsync/sync.h"
#include "shared/bench.h"
#include "shared/table.h"

enum { EVENTS = 100000 };
#define CALENDAR "MM-CI-" BENCH_USER "-0001"

/* ---- events, and a provider that has them in memory ------------------------------------------ */

/* All events of one edition. */
struct events {
	struct mms_event *items;
	size_t n;
};

/* What the provider hands up; the benches' only global: a provider has no other way to learn it. */
static const struct events *shown;

static void
read_events(const struct bench *b, struct mms_zones *zones, unsigned edition,
	    struct events *out)
{
	const struct bench_feed text = { .n_events = EVENTS,
					 .n_days = BENCH_PAST_DAYS + BENCH_FUTURE_DAYS - 2,
					 .is_long = true,
					 .edition = edition };
	const struct mms_feed_options options = { .zones = zones,
						  .from_ms = 0,
						  .to_ms = 2 * BENCH_NOW_MS };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_feed *feed = NULL;
	char path[192];
	bool has = true;

	(void)bench_feed_write(b, "store.ics", &text);
	(void)snprintf(path, sizeof path, "%s/feeds/store.ics", b->dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	mms_rc rc = mms_feed_open(&feed, fd, &options, &err);
	out->items = calloc(EVENTS, sizeof *out->items);
	if (out->items == NULL)
		bench_die("out of memory");
	for (out->n = 0; rc == MMS_OK && out->n < EVENTS; out->n++) {
		rc = mms_feed_next(feed, &out->items[out->n], &has, &err);
		if (rc == MMS_OK && !has)
			break;
	}
	if (rc != MMS_OK || out->n != EVENTS)
		bench_die("%zu events: %s", out->n, mms_err_text(&err));
	mms_feed_free(feed);
	(void)close(fd);
}

static void
free_events(struct events *events)
{
	for (size_t i = 0; i < events->n; i++)
		mms_event_release(&events->items[i]);
	free(events->items);
}

struct session {
	struct mms_session_base base;
	size_t at;
};

static mms_rc
open_session(struct mms_session **out, const struct mms_provider_env *env,
	     const struct mms_calendar *calendar, struct mms_err *err)
{
	struct session *s = calloc(1, sizeof *s);

	(void)env, (void)calendar;
	*out = (struct mms_session *)s;
	return s != NULL ? MMS_OK : mms_fail_nomem(err);
}

static mms_rc
start_listing(struct mms_session *s, const struct mms_listing *listing, struct mms_err *err)
{
	(void)listing, (void)err;
	((struct session *)s)->at = 0;
	return MMS_OK;
}

/*
 * Events are lent: making them is no cost of the writer. Each page's are taken back when the next
 * one is asked for; the last page, which nobody comes back for, has copies.
 */
static mms_rc
next_page(struct mms_session *session, size_t max, struct mms_page *page, struct mms_err *err)
{
	struct session *s = (struct session *)session;
	bool is_last = shown->n - s->at <= max;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; i < page->n; i++)
		page->events[i] = (struct mms_event){ 0 };
	mms_page_clear(page);
	s->base.counts.pages++;
	while (rc == MMS_OK && page->n < max && s->at < shown->n) {
		struct mms_event *event = mms_page_add(page);
		if (event == NULL)
			return mms_fail_nomem(err);
		if (is_last)
			rc = mms_event_copy(&shown->items[s->at++], event, err);
		else
			*event = shown->items[s->at++];
	}
	page->is_last = page->is_full = is_last;
	page->next_entry_ms = MMS_NO_TIME;
	return rc;
}

static void
close_session(struct mms_session *session)
{
	free(session);
}

/* The linker puts this in the place of mms_provider_find() for this program (see the Makefile). */
const struct mms_provider *__wrap_mms_provider_find(const char *integration_type);

const struct mms_provider *
__wrap_mms_provider_find(const char *integration_type)
{
	static const struct mms_provider_ops ops = { .open = open_session,
						     .start = start_listing,
						     .next = next_page,
						     .close = close_session };
	static const struct mms_provider provider = { .name = "ical",
						      .integration_type = "iCal",
						      .summary = "events in memory",
						      .ops = &ops };

	return integration_type != NULL ? &provider : NULL;
}

/* ---- our turn ------------------------------------------------------------------------------- */

/* What the program has made ready before a verb runs. */
struct ours {
	struct mms_site site;
	struct mms_pool *pool;
	struct mms_columns *columns;
	struct mms_settings settings;
};

static const char *
no_env(void *aux, const char *name)
{
	(void)aux, (void)name;
	return NULL;
}

static void
ours_open(const struct bench *b, struct ours *o)
{
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_site_setup();
	mms_rc rc = mms_site_load(b->site, no_env, NULL, &o->site, &err);
	if (rc == MMS_OK)
		rc = mms_pool_open(&o->pool, &o->site.db, 2, &err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(o->pool, &lent, &err);
	if (rc == MMS_OK)
		rc = mms_columns_load(lent.db, &o->columns, &err);
	if (rc == MMS_OK)
		rc = mms_settings_load(lent.db, &o->settings, &err);
	if (rc != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	mms_pool_use_columns(o->pool, mms_columns_has_port, o->columns);
	mms_db_use_columns(lent.db, mms_columns_has_port, o->columns);
}

static void
ours_close(struct ours *o)
{
	mms_pool_close(o->pool);
	mms_settings_release(&o->settings);
	mms_columns_free(o->columns);
	mms_site_release(&o->site);
}

static double
own_cpu(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* One turn over `events`; it must count as many of `counter` as there are. */
static void
run_turn(struct ours *o, const struct events *events, size_t counter)
{
	const struct mms_clock clock = { .is_fixed = true, .fixed_ms = BENCH_NOW_MS };
	struct mms_log log = { .is_silent = true };
	const struct mms_sync_env env = { .pool = o->pool,
					  .site = &o->site,
					  .columns = o->columns,
					  .settings = &o->settings,
					  .clock = &clock,
					  .log = &log };
	const struct mms_sync_options options = { .is_full = true, .jobs = 1 };
	MMS_AUTO(mms_sync_report) report = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	shown = events;
	mms_rc rc = mms_sync_run(&env, &options, &report, &err);
	if (rc != MMS_OK || report.n != 1 || strcmp(report.turns[0].status, "success") != 0)
		bench_die("the turn failed: %s %s", mms_err_text(&err),
			  report.n > 0 ? mms_err_text(&report.turns[0].err) : "");
	int64_t n = 0;
	memcpy(&n, (const char *)&report.turns[0].events + counter, sizeof n);
	if (n != EVENTS)
		bench_die("%lld of %d events counted", (long long)n, EVENTS);
}

/* ---- rounds --------------------------------------------------------------------------------- */

/* Both tables as ours has left them, for the others to write. */
struct edition {
	struct events events;
	struct bench_table tables[2];
	char digest[64];
};

/* One measurement: seconds on the clock, and of processor time here and in the server. */
struct cost {
	double wall, own, server;
};

struct times {
	struct cost new, changed, unchanged, load, replace, upsert;
};

static struct cost
begin(const struct bench *b)
{
	return (struct cost){ bench_now(), own_cpu(), bench_server_cpu(b) };
}

static struct cost
end(const struct bench *b, struct cost began)
{
	return (struct cost){ bench_now() - began.wall, own_cpu() - began.own,
			      bench_server_cpu(b) - began.server };
}

static void
keep_tables(MYSQL *m, struct edition *e)
{
	/* The order in which ours wrote them. */
	static const char *const order[] = {
		"CAST(SUBSTRING_INDEX(name, '-', -1) AS UNSIGNED)",
		"CAST(SUBSTRING_INDEX(row_name, '-', -1) AS UNSIGNED)",
	};

	bench_digest(m, e->digest, sizeof e->digest);
	bench_table_read(m, "tabMM Calendar Event Sync", order[0], &e->tables[0]);
	bench_table_read(m, "mmsync_event_state", order[1], &e->tables[1]);
}

static void
empty_both(MYSQL *m)
{
	bench_sql(m, "TRUNCATE `tabMM Calendar Event Sync`");
	bench_sql(m, "TRUNCATE mmsync_event_state");
	bench_sql(m, "UPDATE tabSeries SET current = 0");
	bench_settle(m);
}

static void
want_digest(MYSQL *m, const char *what, const struct edition *e)
{
	char digest[64];

	bench_digest(m, digest, sizeof digest);
	if (strcmp(digest, e->digest) != 0)
		bench_die("%s left %s, ours %s", what, digest, e->digest);
}

static struct cost
time_turn(const struct bench *b, struct ours *o, const struct edition *e, size_t counter)
{
	struct cost began = begin(b);

	run_turn(o, &e->events, counter);
	return end(b, began);
}

/* The shortest of the turns: the median of three. */
static struct cost
time_unchanged(const struct bench *b, struct ours *o, const struct edition *e)
{
	struct cost costs[3];

	for (int i = 0; i < 3; i++)
		costs[i] = time_turn(b, o, e, offsetof(struct mms_event_counts, unchanged));
	for (int i = 0; i < 2; i++) {
		if (costs[i].wall <= costs[i + 1].wall)
			continue;
		struct cost moved = costs[i];
		costs[i] = costs[i + 1];
		costs[i + 1] = moved;
	}
	return costs[0].wall > costs[1].wall ? costs[0] : costs[1];
}

static void
time_ours(const struct bench *b, MYSQL *m, struct ours *o, struct edition *e, struct times *t)
{
	empty_both(m);
	t->new = time_turn(b, o, &e[0], offsetof(struct mms_event_counts, created));
	bench_settle(m);
	if (e[0].tables[0].n_rows == 0)
		keep_tables(m, &e[0]);
	want_digest(m, "another first turn", &e[0]);
	t->unchanged = time_unchanged(b, o, &e[0]);
	bench_settle(m);
	t->changed = time_turn(b, o, &e[1], offsetof(struct mms_event_counts, updated));
	if (e[1].tables[0].n_rows == 0)
		keep_tables(m, &e[1]);
	want_digest(m, "another second turn", &e[1]);
}

static struct cost
time_load(const struct bench *b, MYSQL *m, struct edition *e, const char *how)
{
	struct cost began = begin(b);

	bench_table_load(m, &e->tables[0], how);
	bench_table_load(m, &e->tables[1], how);
	struct cost cost = end(b, began);
	want_digest(m, "LOAD DATA", e);
	return cost;
}

static void
time_theirs(const struct bench *b, MYSQL *m, struct edition *e, struct times *t)
{
	empty_both(m);
	t->load = time_load(b, m, &e[0], "");
	bench_settle(m);
	struct cost began = begin(b);
	bench_table_upsert(m, e[0].tables, 500);
	t->upsert = end(b, began);
	bench_settle(m);
	t->replace = time_load(b, m, &e[1], "REPLACE");
}

static void
report_row(const struct bench *b, const struct bench_row *row, const struct bench_samples *s,
	   const char *what, const struct cost *ours, const char *other,
	   const struct cost *theirs)
{
	bench_report(b, row, s,
		     "%d %s events, a whole turn: %.2f s (CPU %.2f + server %.2f); %s: %.2f s "
		     "(CPU %.2f + server %.2f)",
		     EVENTS, what, ours->wall, ours->own, ours->server, other, theirs->wall,
		     theirs->own, theirs->server);
}

static void
report(const struct bench *b, const struct bench_samples s[3], const struct times *t)
{
	static const struct bench_row rows[] = {
		{ "store_new", 1.0, ">=", "ratio", 2 },
		{ "store_changed", 1.1, ">=", "ratio", 2 },
		{ "store_unchanged", 4, ">=", "ratio", 2 },
	};

	report_row(b, &rows[0], &s[0], "new", &t->new, "LOAD of both tables", &t->load);
	report_row(b, &rows[1], &s[1], "changed", &t->changed, "LOAD REPLACE of both tables",
		   &t->replace);
	report_row(b, &rows[2], &s[2], "unchanged", &t->unchanged,
		   "blind upsert of both tables", &t->upsert);
}

int
main(int argc, char **argv)
{
	struct bench b;
	struct ours ours = { 0 };
	struct edition editions[2] = { { .digest = "" }, { .digest = "" } };
	struct bench_samples s[3] = { { .n = 0 } };
	struct times t = { 0 };
	struct mms_zones *zones = NULL;
	MMS_AUTO(mms_err) err = { 0 };

	bench_open(&b, argc, argv);
	MYSQL *m = bench_connect(&b);
	bench_empty(m);
	bench_add_integration(m, CALENDAR, "http://127.0.0.1/none.ics");
	ours_open(&b, &ours);
	if (mms_zones_new(&zones, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	for (unsigned i = 0; i < 2; i++)
		read_events(&b, zones, i, &editions[i].events);
	for (size_t i = 0; i <= b.rounds; i++) {
		bench_say("store: round %zu of %zu", i, b.rounds);
		if (i % 2 == 0)
			time_ours(&b, m, &ours, editions, &t);
		time_theirs(&b, m, editions, &t);
		if (i % 2 != 0)
			time_ours(&b, m, &ours, editions, &t);
		if (i == 0)
			continue; /* warm */
		bench_add(&s[0], t.load.wall / t.new.wall);
		bench_add(&s[1], t.replace.wall / t.changed.wall);
		bench_add(&s[2], t.upsert.wall / t.unchanged.wall);
	}
	report(&b, s, &t);
	for (int i = 0; i < 2; i++) {
		free_events(&editions[i].events);
		bench_table_free(&editions[i].tables[0]);
		bench_table_free(&editions[i].tables[1]);
	}
	mms_zones_free(zones);
	ours_close(&ours);
	mysql_close(m);
	return bench_close(&b);
}
