/*
 * Whole processes, from start to exit: feed_first, feed_again, feed_again_304, audit, growth,
 * rss_feed, start, start_due. docs/performance.md says what each row means; tests/bench/run sets
 * up what it works with. This program stays small: see bench_child().
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "shared/bench.h"

#define CALENDAR "MM-CI-" BENCH_USER "-0001"

/* A feed of its own for each row: what one says of it in its .conf is not the others' business. */
enum {
	FEED_EVENTS = 5000,
	FEED_SERIES = 500,
	LARGE = 100000,
	SMALL = 1000,
	AUDIT_ROWS = 300000,
	AUDIT_CALENDARS = 100
};

static void
add_calendar(const struct bench *b, MYSQL *m, const char *feed)
{
	char url[128];

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", b->port, feed);
	bench_empty(m);
	bench_add_integration(m, CALENDAR, url);
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

/* The median of n times, each after what `prepare` does; the last child's other figures. */
static double
sync_often(const struct bench *b, size_t n)
{
	struct bench_samples times = { 0 };

	for (size_t i = 0; i < n; i++)
		bench_add(&times, sync_once(b).seconds);
	return bench_median(&times);
}

static void
want_same(const char *what, const char *ours, const char *theirs)
{
	if (strcmp(ours, theirs) != 0)
		bench_die("%s: the rows differ: mmsync %s, the other %s", what, ours, theirs);
}

/* ---- feed_first, feed_again, feed_again_304 ------------------------------------------------- */

#define FEED "team.ics"

struct feed_times {
	double first, again, same, peer_first, peer_again;
	double first_cpu,
		peer_cpu; /* processor time of the first sync, the server's included */
	char digest[64], peer_digest[64];
};

static void
time_ours(const struct bench *b, MYSQL *m, struct feed_times *t)
{
	bench_feed_conf(b, FEED, "");
	add_calendar(b, m, FEED);
	double server = bench_server_cpu(b);
	struct bench_child child = sync_once(b);
	t->first = child.seconds;
	t->first_cpu = child.cpu_s + bench_server_cpu(b) - server;
	bench_digest(m, t->digest, sizeof t->digest);
	bench_settle(m);
	t->again = sync_often(b, 3);
	bench_feed_conf(b, FEED, "etag \"v1\"\n");
	(void)sync_once(b); /* takes the ETag */
	t->same = sync_often(b, 7);
	if (bench_ask_i64(m, "SELECT COUNT(*) FROM mmsync_run WHERE mode = 'incremental'") != 7)
		bench_die("feed_again: a feed with a matching ETag was read again");
}

static struct bench_child
run_peer(const struct bench *b)
{
	char script[600], url[128];
	const char *const argv[] = { "/usr/bin/python3",
				     script,
				     b->socket,
				     "bench",
				     CALENDAR,
				     url,
				     "2026-01-31T08:00:00Z",
				     "2026-05-31T08:00:00Z",
				     NULL };
	struct bench_child child;

	(void)snprintf(script, sizeof script, "%s/tests/bench/peer_feed.py", b->root);
	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/" FEED, b->port);
	bench_child(b, argv, NULL, false, &child);
	return child;
}

static void
time_theirs(const struct bench *b, MYSQL *m, struct feed_times *t)
{
	bench_feed_conf(b, FEED, "");
	add_calendar(b, m, FEED);
	double server = bench_server_cpu(b);
	struct bench_child child = run_peer(b);
	t->peer_first = child.seconds;
	t->peer_cpu = child.cpu_s + bench_server_cpu(b) - server;
	bench_settle(m);
	t->peer_again = run_peer(b).seconds;
	bench_digest(m, t->peer_digest, sizeof t->peer_digest);
}

static void
bench_feeds(const struct bench *b, MYSQL *m)
{
	static const struct bench_row rows[] = {
		{ "feed_first", 10, ">=", "ratio", 1 },
		{ "feed_again", 16, ">=", "ratio", 1 },
		{ "feed_again_304", 100, ">=", "ratio", 0 },
	};
	const struct bench_feed feed = {
		.n_events = FEED_EVENTS, .n_series = FEED_SERIES, .n_days = 365, .is_long = true
	};
	struct bench_samples first = { 0 }, again = { 0 }, same = { 0 };
	struct feed_times t = { 0 };

	double mb = (double)bench_feed_write(b, FEED, &feed) / 1e6;
	for (size_t i = 0; i <= b->rounds; i++) {
		bench_say("feed: round %zu of %zu", i, b->rounds);
		if (i % 2 == 0)
			time_ours(b, m, &t);
		time_theirs(b, m, &t);
		if (i % 2 != 0)
			time_ours(b, m, &t);
		want_same("feed_first", t.digest, t.peer_digest);
		if (i == 0)
			continue; /* warm */
		bench_add(&first, t.peer_first / t.first);
		bench_add(&again, t.peer_again / t.again);
		bench_add(&same, t.peer_again / t.same);
	}
	bench_report(b, &rows[0], &first,
		     "%d VEVENTs (%d weekly), %.1f MB, 120 days, %s: %.3f s (CPU, the server's "
		     "included: %.3f), python %.2f s (CPU %.2f)",
		     FEED_EVENTS, FEED_SERIES, mb, t.digest, t.first, t.first_cpu, t.peer_first,
		     t.peer_cpu);
	bench_report(b, &rows[1], &again,
		     "the whole body, nothing changed: %.3f s, python %.2f s", t.again,
		     t.peer_again);
	bench_report(b, &rows[2], &same, "304: %.4f s, python (whole body) %.2f s", t.same,
		     t.peer_again);
}

/* ---- growth, rss_feed ----------------------------------------------------------------------- */

static void
write_large(const struct bench *b, const char *name, size_t n)
{
	const struct bench_feed feed = { .n_events = n,
					 .n_series = n / 100,
					 .n_days = BENCH_PAST_DAYS + BENCH_FUTURE_DAYS - 2 };

	(void)bench_feed_write(b, name, &feed);
}

/* What a first sync takes: on the clock, and of processor time here and in the server. */
struct first {
	double wall, cpu, server;
	int64_t n_rows;
};

/* The medians of first syncs of one feed, each into empty tables. */
static struct first
time_first(const struct bench *b, MYSQL *m, const char *feed, size_t times)
{
	struct bench_samples wall = { 0 }, cpu = { 0 }, server = { 0 };
	struct first out = { 0 };

	for (size_t i = 0; i < times; i++) {
		add_calendar(b, m, feed);
		double began = bench_server_cpu(b);
		struct bench_child child = sync_once(b);
		bench_add(&server, bench_server_cpu(b) - began);
		bench_add(&wall, child.seconds);
		bench_add(&cpu, child.cpu_s);
	}
	out.wall = bench_median(&wall);
	out.cpu = bench_median(&cpu);
	out.server = bench_median(&server);
	out.n_rows = bench_ask_i64(m, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`");
	return out;
}

/* Microseconds an event beyond those that one event takes. */
static double
each_us(double all, double one, size_t n)
{
	return (all - one) * 1e6 / (double)(n - 1);
}

static void
bench_growth(const struct bench *b, MYSQL *m)
{
	static const struct bench_row row = { "growth", 1.2, "<=", "ratio", 2 };
	struct bench_samples s = { 0 };
	struct first one = { 0 }, small = { 0 }, large = { 0 };

	write_large(b, "one.ics", 1);
	write_large(b, "small.ics", SMALL);
	write_large(b, "large.ics", LARGE);
	for (size_t i = 0; i <= b->rounds; i++) {
		bench_say("growth: round %zu of %zu", i, b->rounds);
		one = time_first(b, m, "one.ics", 9);
		small = time_first(b, m, "small.ics", 9);
		large = time_first(b, m, "large.ics", 1);
		if (i > 0)
			bench_add(&s, each_us(large.wall, one.wall, LARGE) /
					      each_us(small.wall, one.wall, SMALL));
	}
	bench_report(
		b, &row, &s,
		"first sync of a feed: %d events (%lld rows) %.2f s, %d (%lld rows) %.4f s, "
		"one event %.4f s; processor time of an event: %.1f us + server %.1f us in "
		"the large one, %.1f + %.1f in the small",
		LARGE, (long long)large.n_rows, large.wall, SMALL, (long long)small.n_rows,
		small.wall, one.wall, each_us(large.cpu, one.cpu, LARGE),
		each_us(large.server, one.server, LARGE), each_us(small.cpu, one.cpu, SMALL),
		each_us(small.server, one.server, SMALL));
}

static void
bench_rss(const struct bench *b, MYSQL *m)
{
	static const struct bench_row row = { "rss_feed", 64, "<=", "MiB", 1 };
	struct bench_samples s = { 0 };
	double first = 0, again = 0, changed = 0;
	struct bench_feed feed = { .n_events = LARGE,
				   .n_series = LARGE / 100,
				   .n_days = BENCH_PAST_DAYS + BENCH_FUTURE_DAYS - 2 };

	size_t bytes = bench_feed_write(b, "rss.ics", &feed);
	feed.edition = 1;
	(void)bench_feed_write(b, "rss.moved.ics", &feed);
	/* Memory is the same each time: three rounds tell that it is. */
	for (size_t i = 0; i < 3; i++) {
		char url[128];

		bench_say("rss_feed: round %zu of 3", i + 1);
		add_calendar(b, m, "rss.ics");
		first = sync_once(b).peak_mib;
		again = sync_once(b).peak_mib;
		(void)snprintf(url, sizeof url, "http://127.0.0.1:%u/rss.moved.ics", b->port);
		bench_sql(m, "UPDATE `tabMM Calendar Integration` SET ical_url = '%s'", url);
		changed = sync_once(b).peak_mib;
		double peak = first > again ? first : again;
		bench_add(&s, peak > changed ? peak : changed);
	}
	bench_report(
		b, &row, &s,
		"%d VEVENTs, %.1f MB, %lld rows; first sync %.1f, unchanged %.1f, all "
		"changed %.1f",
		LARGE, (double)bytes / 1e6,
		(long long)bench_ask_i64(m, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`"),
		first, again, changed);
}

/* ---- audit ---------------------------------------------------------------------------------- */

/* A hundred calendars that show one feed, read by a sync: rows, and what is known of them, as mmsync writes both. */
static void
fill_for_audit(const struct bench *b, MYSQL *m)
{
	const struct bench_feed feed = { .n_events = AUDIT_ROWS / AUDIT_CALENDARS,
					 .n_days = BENCH_PAST_DAYS + BENCH_FUTURE_DAYS - 2,
					 .is_long = true };
	const char *const argv[] = { b->program, "--site", b->site, "-q", "sync", NULL };
	struct bench_child child;

	(void)bench_feed_write(b, "audited.ics", &feed);
	bench_empty(m);
	bench_sql(m,
		  "INSERT INTO tabUser (name, creation, modified, owner, modified_by, email,"
		  " enabled, time_zone) SELECT CONCAT('user', seq, '@example.com'), NOW(6),"
		  " NOW(6), 'Administrator', 'Administrator', CONCAT('user', seq,"
		  " '@example.com'), 1, 'UTC' FROM seq_1_to_%d",
		  AUDIT_CALENDARS);
	bench_sql(m,
		  "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		  " modified_by, user, integration_name, integration_type, is_active,"
		  " is_primary, sync_direction, sync_past_days, sync_future_days, ical_url)"
		  " SELECT CONCAT('MM-CI-user', seq, '@example.com-', LPAD(seq, 4, '0')),"
		  " NOW(6), NOW(6), 'Administrator', 'Administrator', CONCAT('user', seq,"
		  " '@example.com'), 'Calendar', 'iCal', 1, 1, 'One-way (Read Only)', %d, %d,"
		  " 'http://127.0.0.1:%u/audited.ics' FROM seq_1_to_%d",
		  BENCH_PAST_DAYS, BENCH_FUTURE_DAYS, b->port, AUDIT_CALENDARS);
	bench_child(b, argv, NULL, false, &child);
	int64_t n = bench_ask_i64(m, "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`");
	if (n != AUDIT_ROWS)
		bench_die("audit: %lld rows, expected %d", (long long)n, AUDIT_ROWS);
	bench_sql(m, "ANALYZE TABLE `tabMM Calendar Event Sync`, mmsync_event_state");
	bench_settle(m);
}

static void
bench_audit(const struct bench *b, MYSQL *m)
{
	static const struct bench_row row = { "audit", 1.2, ">=", "ratio", 2 };
	char socket[128];
	const char *const ours[] = { b->program, "--site",   b->site,  "-q",
				     "audit",    "--format", "ndjson", NULL };
	const char *const theirs[] = { "mariadb",
				       "--no-defaults",
				       socket,
				       "--user=root",
				       "--default-character-set=utf8mb4",
				       "-q",
				       "--batch",
				       "-e",
				       "select * from `tabMM Calendar Event Sync`",
				       "bench",
				       NULL };
	struct bench_child audit, dump;
	struct bench_samples s = { 0 };

	(void)snprintf(socket, sizeof socket, "--socket=%s", b->socket);
	fill_for_audit(b, m);
	for (size_t i = 0; i <= b->rounds; i++) {
		bench_say("audit: round %zu of %zu", i, b->rounds);
		bench_child(b, theirs, NULL, false, &dump);
		bench_child(b, ours, NULL, false, &audit);
		if (i > 0)
			bench_add(&s, dump.seconds / audit.seconds);
	}
	bench_sql(m, "TRUNCATE `tabMM Calendar Event Sync`"); /* quicker than row by row */
	bench_report(b, &row, &s,
		     "%d rows of %d calendars, all rules, none broken: %.2f s (%.1f MiB), "
		     "mariadb -q --batch %.2f s",
		     AUDIT_ROWS, AUDIT_CALENDARS, audit.seconds, audit.peak_mib, dump.seconds);
}

/* ---- start ---------------------------------------------------------------------------------- */

enum { STARTS = 20 };

static void
bench_start(const struct bench *b, MYSQL *m)
{
	static const struct bench_row rows[] = {
		{ "start", 10, "<=", "ms", 2 },
		{ "start_due", 10, "<=", "ms", 2 },
	};
	const char *const nothing[] = { "true", NULL };
	const char *const version[] = { b->program, "--version", NULL };
	const char *const due[] = {
		b->program, "--site", b->site, "-q", "sync", "--due", NULL
	};
	struct bench_samples all_nothing = { 0 }, all_version = { 0 }, all_due = { 0 };
	double version_cpu_s = 0, due_cpu_s = 0;

	write_large(b, "one.ics", 1);
	add_calendar(b, m, "one.ics");
	(void)sync_once(
		b); /* now nothing is due for a quarter of an hour, and the clock stands */
	for (size_t i = 0; i <= b->rounds; i++) {
		struct bench_samples s_nothing = { 0 }, s_version = { 0 }, s_due = { 0 };
		struct bench_child child;

		bench_say("start: round %zu of %zu", i, b->rounds);
		for (size_t k = 0; k < STARTS; k++) {
			bench_child(b, nothing, NULL, false, &child);
			bench_add(&s_nothing, child.seconds * 1e3);
			bench_child(b, version, NULL, false, &child);
			bench_add(&s_version, child.seconds * 1e3);
			version_cpu_s = child.cpu_s;
			bench_child(b, due, NULL, false, &child);
			bench_add(&s_due, child.seconds * 1e3);
			due_cpu_s = child.cpu_s;
		}
		if (i == 0)
			continue;
		bench_add(&all_nothing, bench_median(&s_nothing));
		bench_add(&all_version, bench_median(&s_version));
		bench_add(&all_due, bench_median(&s_due));
	}
	bench_report(b, &rows[0], &all_version, "mmsync --version (CPU %.1f ms); true: %.2f ms",
		     version_cpu_s * 1e3, bench_median(&all_nothing));
	bench_report(b, &rows[1], &all_due,
		     "mmsync sync --due, nothing due (CPU %.1f ms); true: %.2f ms",
		     due_cpu_s * 1e3, bench_median(&all_nothing));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *names[2]; /* of its rows */
		void (*run)(const struct bench *b, MYSQL *m);
	} benches[] = {
		{ { "feed_first", "feed_again" }, bench_feeds },
		{ { "audit" }, bench_audit },
		{ { "growth" }, bench_growth },
		{ { "rss_feed" }, bench_rss },
		{ { "start" }, bench_start },
	};
	struct bench b;

	bench_open(&b, argc, argv);
	if (setenv("MMSYNC_NOW", BENCH_NOW, 1) != 0)
		bench_die("out of memory");
	MYSQL *m = bench_connect(&b);
	for (size_t i = 0; i < MMS_COUNT(benches); i++) {
		const char *const *names = benches[i].names;
		if (bench_wants(&b, names[0]) ||
		    (names[1] != NULL && bench_wants(&b, names[1])))
			benches[i].run(&b, m);
	}
	mysql_close(m);
	return bench_close(&b);
}
