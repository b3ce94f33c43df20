/*
 * A first sync of a calendar at a service, whole processes: rss_google, google_first, rss_outlook,
 * outlook_first. The fake has its pages ready, packed, before anything is measured. docs/performance.md says
 * what each row means.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "shared/bench.h"
#include "shared/service.h"
#include "shared/table.h"

#define CALENDAR "MM-CI-" BENCH_USER "-0001"

enum { FIRST = 20000, LARGE = 100000, RSS_ROUNDS = 3 };

static const struct service {
	const char *type, *face; /* of the integration; of the fake's generated events */
	const char *calendar_id; /* SQL */
	int per_page;
	struct bench_row rss, first;
} services[] = {
	{ "Google Calendar",
	  "",
	  "'" BENCH_USER "'",
	  2500,
	  { "rss_google", 48, "<=", "MiB", 1 },
	  { "google_first", 0.5, ">=", "ratio", 2 } },
	{ "Outlook Calendar",
	  " as=graph",
	  "NULL",
	  200,
	  { "rss_outlook", 64, "<=", "MiB", 1 },
	  { "outlook_first", 0.5, ">=", "ratio", 2 } },
};

/* A calendar of so many events, all of them in the window. */
static void
make_calendar(const struct fake *fake, const struct service *service, size_t n)
{
	char script[512];

	(void)snprintf(script, sizeof script,
		       "reset\nnow " BENCH_NOW "\naccount " BENCH_USER
		       " access=first-access refresh=first-refresh\ncalendar " BENCH_USER
		       " owner=" BENCH_USER " zone=Europe/Berlin\nbulk " BENCH_USER
		       " %zu from=2026-02-05T08:00:00Z%s\n",
		       n, service->face);
	bench_fake_tell(fake, script);
}

/* Empty tables, and the integration that reads the calendar. */
static void
add_integration(MYSQL *m, const struct service *service)
{
	bench_empty(m);
	bench_sql(
		m,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" modified_by, user, integration_name, integration_type, is_active, is_primary,"
		" sync_direction, sync_past_days, sync_future_days, calendar_id, access_token,"
		" refresh_token, token_expiry) VALUES ('" CALENDAR "', '2026-01-01',"
		" '2026-01-01', 'Administrator', 'Administrator', '" BENCH_USER "', 'Service',"
		" '%s', 1, 1, 'Two-way (Read & Write)', %d, %d, %s, REPEAT('*', 12),"
		" REPEAT('*', 13), '2026-03-03 08:50:00')",
		service->type, BENCH_PAST_DAYS, BENCH_FUTURE_DAYS, service->calendar_id);
	bench_add_token(m, CALENDAR, "access_token", "first-access");
	bench_add_token(m, CALENDAR, "refresh_token", "first-refresh");
	bench_settle(m);
}

static struct bench_child
sync_once(const struct bench *b)
{
	const char *const argv[] = { b->program, "--site",        b->site,  "--json", "-q",
				     "sync",     "--integration", CALENDAR, NULL };
	struct bench_child child;

	bench_child(b, argv, NULL, false, &child);
	return child;
}

static void
want_rows(MYSQL *m, int64_t n)
{
	int64_t got = bench_ask_i64(m, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`");

	if (got != n)
		bench_die("%lld rows, expected %lld", (long long)got, (long long)n);
}

/* ---- rss ----------------------------------------------------------------------------- */

static void
bench_rss(const struct bench *b, MYSQL *m, const struct fake *fake,
	  const struct service *service)
{
	struct bench_samples s = { 0 };
	double first = 0, full = 0, again = 0;
	const char *const argv[] = { b->program,     "--site",        b->site,  "-q", "sync",
				     "--force-full", "--integration", CALENDAR, NULL };

	make_calendar(fake, service, LARGE);
	/* Memory is the same each time: three rounds tell that it is. */
	for (size_t i = 0; i < RSS_ROUNDS; i++) {
		struct bench_child child;

		bench_say("%s: round %zu of %d", service->rss.name, i + 1, RSS_ROUNDS);
		add_integration(m, service);
		first = sync_once(b).peak_mib;
		want_rows(m, LARGE);
		again = sync_once(b).peak_mib;
		bench_sql(m, "DELETE FROM mmsync_budget"); /* they may fall into one minute */
		bench_child(b, argv, NULL, false, &child);
		full = child.peak_mib;
		double peak = first > again ? first : again;
		bench_add(&s, peak > full ? peak : full);
	}
	bench_report(b, &service->rss, &s,
		     "%d events, %d a page; first sync %.1f, nothing changed %.1f, all read "
		     "again %.1f",
		     LARGE, service->per_page, first, again, full);
}

/* ---- first --------------------------------------------------------------------------- */

static double
time_load(MYSQL *m, struct bench_table tables[2])
{
	bench_empty(m);
	bench_settle(m);
	double began = bench_now();
	bench_table_load(m, &tables[0], "");
	bench_table_load(m, &tables[1], "");
	return bench_now() - began;
}

static void
bench_first(const struct bench *b, MYSQL *m, const struct fake *fake,
	    const struct service *service)
{
	struct bench_table tables[2] = { { 0 }, { 0 } };
	struct bench_samples s = { 0 };
	struct bench_child ours = { 0 };
	char digest[64], loaded[64];
	double load = 0, server = 0;

	make_calendar(fake, service, FIRST);
	for (size_t i = 0; i <= b->rounds; i++) {
		bench_say("%s: round %zu of %zu", service->first.name, i, b->rounds);
		add_integration(m, service);
		server = bench_server_cpu(b);
		ours = sync_once(b);
		server = bench_server_cpu(b) - server;
		want_rows(m, FIRST);
		bench_digest(m, digest, sizeof digest);
		if (i == 0) {
			bench_table_read(m, "tabMM Calendar Event Sync", "name", &tables[0]);
			bench_table_read(m, "mmsync_event_state", "integration_id, ext_key",
					 &tables[1]);
		}
		load = time_load(m, tables);
		bench_digest(m, loaded, sizeof loaded);
		if (strcmp(digest, loaded) != 0)
			bench_die("the rows differ: mmsync %s, LOAD %s", digest, loaded);
		if (i > 0)
			bench_add(&s, load / ours.seconds);
	}
	bench_report(b, &service->first, &s,
		     "%d events, %d a page, %s: %.3f s (CPU %.3f + server %.3f), LOAD of both "
		     "tables %.3f s",
		     FIRST, service->per_page, digest, ours.seconds, ours.cpu_s, server, load);
	bench_table_free(&tables[0]);
	bench_table_free(&tables[1]);
}

int
main(int argc, char **argv)
{
	struct bench b;

	bench_open(&b, argc, argv);
	if (setenv("MMSYNC_NOW", BENCH_NOW, 1) != 0)
		bench_die("out of memory");
	const struct fake fake = bench_fake(&b);
	MYSQL *m = bench_connect(&b);
	/* First: a child's peak is never less than what its parent has had. */
	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		if (bench_wants(&b, services[i].rss.name))
			bench_rss(&b, m, &fake, &services[i]);
	}
	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		if (bench_wants(&b, services[i].first.name))
			bench_first(&b, m, &fake, &services[i]);
	}
	mysql_close(m);
	return bench_close(&b);
}
