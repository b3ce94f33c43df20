/*
 * Many calendars that all wait: fanout_first, fanout. A thousand calendars of as many accounts at the fake service, whose answers
 * take a while; the program works on 64 of them at a time. docs/performance.md says what the rows mean.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "shared/bench.h"
#include "shared/service.h"
#include "support/gfake.h"

/* When all that was read is due again, and every event has changed. */
#define LATER "2026-03-02T09:00:00Z"

enum { CALENDARS = 1000, PAGES = 2, PAUSE_MS = 100, CHUNK = 100 };
/* Integrations at once. */
#define JOBS      64
#define JOBS_TEXT "64"
/* In a time without anything but waiting, s. */
#define IDEAL ((double)CALENDARS * PAGES * PAUSE_MS / 1000 / JOBS)

/* Something for each calendar. */
static void
tell_each(const struct fake *fake, void (*add)(struct mms_str *script, unsigned i))
{
	MMS_AUTO(mms_str) script = { 0 };

	for (unsigned i = 0; i < CALENDARS; i++) {
		add(&script, i);
		if (i % CHUNK != CHUNK - 1)
			continue;
		bench_fake_tell(fake, mms_str_get(&script));
		mms_str_clear(&script);
	}
}

/* An event on each of its pages. */
static void
add_events(struct mms_str *script, unsigned i)
{
	for (unsigned k = 1; k <= PAGES; k++)
		mms_str_addf(script,
			     "event p%u@example.com meeting%u \"Meeting %u\" "
			     "2026-03-%02uT09:00:00Z 2026-03-%02uT10:00:00Z\n",
			     i, k, k, 3 + k, 3 + k);
}

static void
add_calendar(struct mms_str *script, unsigned i)
{
	mms_str_addf(script,
		     "account p%u@example.com access=access-%u expires=86400\n"
		     "calendar p%u@example.com owner=p%u@example.com zone=UTC\n",
		     i, i, i, i);
	add_events(script, i);
}

static void
move_events(struct mms_str *script, unsigned i)
{
	for (unsigned k = 1; k <= PAGES; k++)
		mms_str_addf(script,
			     "change p%u@example.com meeting%u start=2026-03-%02uT11:00:00Z "
			     "end=2026-03-%02uT12:00:00Z\n",
			     i, k, 3 + k, 3 + k);
}

/* Each calendar's pages are to come so late, once. */
static void
make_slow(const struct fake *fake)
{
	char script[128];

	(void)snprintf(script, sizeof script, "fault clear\nfault %d GET /events stall %d\n",
		       CALENDARS * PAGES, PAUSE_MS);
	bench_fake_tell(fake, script);
}

/* Nothing but the calendars: none of them was ever read. */
static void
add_integrations(MYSQL *m)
{
	bench_empty(m);
	bench_sql(m, "START TRANSACTION");
	for (unsigned i = 0; i < CALENDARS; i++) {
		char name[24], token[24];

		bench_sql(
			m,
			"INSERT INTO tabUser (name, creation, modified, owner, modified_by, "
			"email, enabled, time_zone) VALUES ('p%u@example.com', NOW(6), NOW(6),"
			" 'Administrator', 'Administrator', 'p%u@example.com', 1, 'UTC')",
			i, i);
		bench_sql(
			m,
			"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
			"owner, modified_by, user, integration_name, integration_type, "
			"is_active, is_primary, sync_direction, sync_past_days, "
			"sync_future_days, calendar_id, access_token, token_expiry) VALUES "
			"('MM-CI-%u', '2026-01-01', '2026-01-01', 'Administrator', "
			"'Administrator', 'p%u@example.com', 'Service %u', 'Google Calendar', "
			"1, 1, 'Two-way (Read & Write)', %d, %d, 'p%u@example.com', "
			"REPEAT('*', 12), '2026-03-03 08:50:00')",
			i, i, i, BENCH_PAST_DAYS, BENCH_FUTURE_DAYS, i);
		(void)snprintf(name, sizeof name, "MM-CI-%u", i);
		(void)snprintf(token, sizeof token, "access-%u", i);
		bench_add_token(m, name, "access_token", token);
	}
	bench_sql(m, "COMMIT");
	bench_settle(m);
}

/* One run over all of them, each with as many requests as it has pages. */
static struct bench_child
sync_all(const struct bench *b, MYSQL *m, const struct fake *fake, const char *now)
{
	const char *const argv[] = { b->program, "--site", b->site,  "--json",  "-q",
				     "sync",     "--due",  "--jobs", JOBS_TEXT, NULL };
	struct bench_child child;

	if (setenv("MMSYNC_NOW", now, 1) != 0)
		bench_die("out of memory");
	make_slow(fake);
	fake_clear_log(fake);
	bench_child(b, argv, NULL, false, &child);
	int64_t n = bench_ask_i64(m, "SELECT SUM(created + updated) FROM mmsync_run WHERE "
				     "started_ms = (SELECT MAX(started_ms) FROM mmsync_run)");
	size_t requests = gfake_count(fake, NULL, NULL);
	if (n != CALENDARS * PAGES || requests != CALENDARS * PAGES)
		bench_die("fanout: %lld events by %zu requests, expected %d of both",
			  (long long)n, requests, CALENDARS * PAGES);
	return child;
}

static void
report(const struct bench *b, const struct bench_row *row, const struct bench_samples *s,
       const struct bench_child *child, double server)
{
	bench_report(b, row, s,
		     "%d calendars, %d requests of %d ms each, %d at once: %.2f s (CPU %.2f + "
		     "server %.2f, %.1f MiB), ideal %.3f s",
		     CALENDARS, PAGES, PAUSE_MS, JOBS, child->seconds, child->cpu_s, server,
		     child->peak_mib, IDEAL);
}

static void
bench_fanout(const struct bench *b, MYSQL *m, const struct fake *fake)
{
	static const struct bench_row rows[] = { { "fanout_first", 1.3, "<=", "ratio", 2 },
						 { "fanout", 1.2, "<=", "ratio", 2 } };
	struct bench_samples first = { 0 }, again = { 0 };
	struct bench_child child[2] = { 0 };
	double server[2] = { 0, 0 };

	for (size_t i = 0; i <= b->rounds; i++) {
		bench_say("fanout: round %zu of %zu", i, b->rounds);
		bench_fake_tell(fake, "reset\nnow " BENCH_NOW "\nset page-size 1\n");
		tell_each(fake, add_calendar);
		add_integrations(m);
		double began = bench_server_cpu(b);
		child[0] = sync_all(b, m, fake, BENCH_NOW);
		server[0] = bench_server_cpu(b) - began;
		bench_fake_tell(fake, "now " LATER "\n");
		tell_each(fake, move_events);
		bench_settle(m);
		began = bench_server_cpu(b);
		child[1] = sync_all(b, m, fake, LATER);
		server[1] = bench_server_cpu(b) - began;
		if (i == 0)
			continue;
		bench_add(&first, child[0].seconds / IDEAL);
		bench_add(&again, child[1].seconds / IDEAL);
	}
	report(b, &rows[0], &first, &child[0], server[0]);
	report(b, &rows[1], &again, &child[1], server[1]);
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_open(&b, argc, argv);
	const struct fake fake = bench_fake(&b);
	MYSQL *m = bench_connect(&b);
	if (bench_wants(&b, "fanout_first") || bench_wants(&b, "fanout"))
		bench_fanout(&b, m, &fake);
	mysql_close(m);
	return bench_close(&b);
}
