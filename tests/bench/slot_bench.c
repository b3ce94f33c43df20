/*
 * Is she free? What the question costs the database: slot (docs/performance.md).
 *
 * A table of a million events: 10,000 calendars of 98, and one of 20,000 over five years, 1.5 % of
 * them of days, weeks and months. What is asked is that one's, half an hour at a time, through the
 * gateway that check-slot uses, beside a prepared SELECT 1 of the same connection.
 */
#include <stdlib.h>
#include <string.h>

#include "mmsync/availability.h"
#include "mmsync/busy.h"
#include "mmsync/events.h"
#include "mmsync/mem.h"
#include "mmsync/pool.h"
#include "mmsync/site.h"
#include "shared/bench.h"

enum { CALENDARS = 10000, EACH = 98, HEAVY = 20000, BOOKINGS = 20000, ASKED = 1000 };
#define PERSON   "u0@example.com"
#define CALENDAR "MM-CI-u0@example.com-0000"
#define HOUR_MS  INT64_C(3600000)
/* The time of the question: nine tenths of the heavy calendar are past. */
#define NOW_MS INT64_C(1788220800000) /* 2026-09-01T00:00:00Z */

/* ---- a million events ------------------------------------------------------------------------ */

/* Length in seconds of event number n: hours; 1.5 % days, weeks, months. */
#define LENGTH(n)                                                                           \
	"IF(" n " %% 1000 < 985, 1800 * (1 + " n " %% 5), IF(" n                            \
	" %% 1000 < 993, 86400 * (1 + " n " %% 5), IF(" n " %% 1000 < 998, 86400 * (5 + " n \
	" %% 11), 86400 * (30 + " n " %% 61))))"
#define COLUMNS                                                                           \
	"(name, creation, modified, modified_by, owner, docstatus, idx, "                 \
	"calendar_integration, external_event_id, event_title, event_type, sync_status, " \
	"start_datetime, end_datetime, is_blocking_availability, sync_direction)"
#define LONG_AGO "'2026-06-01 12:00:00'"

/* One every half hour, for one of fifty people. */
static void
fill_bookings(MYSQL *m)
{
	bench_sql(m,
		  "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, "
		  "booking_status, meeting_title, start_datetime, end_datetime) SELECT "
		  "CONCAT('MM-MB-', seq), " LONG_AGO ", " LONG_AGO
		  ", 'Confirmed', 'Meeting', '2025-10-01' + INTERVAL seq * 1800 SECOND, "
		  "'2025-10-01' + INTERVAL seq * 1800 + 3600 SECOND FROM seq_1_to_%d",
		  BOOKINGS);
	bench_sql(m,
		  "INSERT INTO `tabMM Meeting Booking Assigned User` (name, user, parent, "
		  "parentfield, parenttype) SELECT CONCAT('a', seq), CONCAT('u', seq %% 50, "
		  "'@example.com'), CONCAT('MM-MB-', seq), 'assigned_users', "
		  "'MM Meeting Booking' FROM seq_1_to_%d",
		  BOOKINGS);
}

static void
fill(MYSQL *m)
{
	bench_empty(m);
	bench_sql(m, "DELETE FROM `tabMM Meeting Booking Assigned User`");
	bench_sql(m, "DELETE FROM `tabMM Meeting Booking`");
	bench_sql(m,
		  "INSERT INTO tabUser (name, creation, modified) SELECT "
		  "CONCAT('u', seq, '@example.com'), " LONG_AGO ", " LONG_AGO
		  " FROM seq_0_to_%d",
		  CALENDARS);
	bench_sql(
		m,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" user, integration_name, integration_type, is_active, auto_sync_enabled,"
		" sync_interval_minutes, sync_past_days, sync_future_days, sync_status)"
		" SELECT CONCAT('MM-CI-u', seq, '@example.com-', LPAD(seq, 4, '0')), " LONG_AGO
		", " LONG_AGO ", 'Administrator', CONCAT('u', seq, '@example.com'), 'Work',"
		" 'iCal', 1, 1, 15, 30, 90, 'Success' FROM seq_0_to_%d",
		CALENDARS);
	bench_sql(m,
		  "INSERT INTO `tabMM Calendar Event Sync` " COLUMNS
		  " SELECT CONCAT('MM-CES-h-', seq), " LONG_AGO ", " LONG_AGO
		  ", 'Administrator', 'Administrator', 0, 0, '" CALENDAR "', CONCAT('h', seq),"
		  " CONCAT('Event ', seq), 'External Event', 'Synced', '2022-03-03' + INTERVAL "
		  "seq * 7884 SECOND, '2022-03-03' + INTERVAL seq * 7884 + " LENGTH(
			  "(seq * 7919)") " SECOND, seq %% 10 <> 0, 'Inbound' FROM seq_1_to_%d",
		  HEAVY);
	bench_sql(m,
		  "INSERT INTO `tabMM Calendar Event Sync` " COLUMNS
		  " SELECT CONCAT('MM-CES-n-', seq), " LONG_AGO ", " LONG_AGO
		  ", 'Administrator', 'Administrator', 0, 0, CONCAT('MM-CI-u', 1 + seq %% %d, "
		  "'@example.com-', LPAD(1 + seq %% %d, 4, '0')), CONCAT('n', seq), "
		  "CONCAT('Event ', seq), 'External Event', 'Synced', '2026-01-01' + INTERVAL "
		  "FLOOR(seq / %d) * 320000 SECOND, '2026-01-01' + INTERVAL FLOOR(seq / %d) * "
		  "320000 + " LENGTH("(seq * 7919)") " SECOND, seq %% 10 <> 0, 'Inbound' FROM "
						     "seq_1_to_%d",
		  CALENDARS, CALENDARS, CALENDARS, CALENDARS, CALENDARS * EACH);
	fill_bookings(m);
	bench_sql(
		m,
		"INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider, "
		"last_success_ms, longest_watermark, longest_event_ms) SELECT name, creation, "
		"owner, 'ical', %lld, '2026-08-31 23:00:00', 90 * 86400000 FROM "
		"`tabMM Calendar Integration`",
		(long long)(NOW_MS - HOUR_MS));
	bench_sql(m, "ANALYZE TABLE `tabMM Calendar Event Sync`, `tabMM Meeting Booking`, "
		     "`tabMM Meeting Booking Assigned User`, `tabMM Calendar Integration`");
}

/* What a turn that reads the calendar says of its lengths. */
static void
measure(struct mms_db *db, MYSQL *m)
{
	const struct mms_known_query query = { .integration = CALENDAR,
					       .stamp_us = MMS_NO_TIME };
	MMS_AUTO(mms_known) known = { 0 };
	MMS_AUTO(mms_str) apart = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_known_load(db, &query, &known, &err) != MMS_OK ||
	    mms_longest_write(&known.longest, &apart, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	bench_sql(m,
		  "UPDATE mmsync_cursor SET longest_event_ms = %lld, longest_apart = '%s' "
		  "WHERE name = '" CALENDAR "'",
		  (long long)(known.longest.bound_us / 1000), mms_str_get(&apart));
}

/* ---- the question --------------------------------------------------------------------------- */

struct asker {
	struct mms_site site;
	struct mms_db *db;
	struct mms_columns *columns;
	struct mms_settings settings;
	struct mms_zones *zones;
	struct mms_busy_person person;
};

static const char *
no_env(void *aux, const char *name)
{
	(void)aux;
	(void)name;
	return NULL;
}

static void
asker_open(const struct bench *b, MYSQL *m, struct asker *a)
{
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = mms_site_load(b->site, no_env, NULL, &a->site, &err);
	if (rc == MMS_OK)
		rc = mms_db_open(&a->db, &a->site.db, &err);
	if (rc == MMS_OK)
		rc = mms_columns_load(a->db, &a->columns, &err);
	if (rc == MMS_OK)
		rc = mms_settings_load(a->db, &a->settings, &err);
	if (rc == MMS_OK)
		rc = mms_zones_new(&a->zones, &err);
	if (rc == MMS_OK) {
		mms_db_use_columns(a->db, mms_columns_has_port, a->columns);
		measure(a->db, m);
		rc = mms_busy_load_person(a->db, a->columns, PERSON, &a->person, &err);
	}
	if (rc != MMS_OK)
		bench_die("%s", mms_err_text(&err));
}

static void
asker_close(struct asker *a)
{
	mms_busy_person_release(&a->person);
	mms_zones_free(a->zones);
	mms_settings_release(&a->settings);
	mms_columns_free(a->columns);
	mms_db_close(a->db);
	mms_site_release(&a->site);
}

/* The i-th slot: half an hour, somewhere in the next two months. */
static struct mms_span
slot(size_t i)
{
	int64_t start_ms = NOW_MS + (int64_t)(i * 7919 % 2880) * (HOUR_MS / 2);

	return (struct mms_span){ start_ms, start_ms + HOUR_MS / 2 };
}

static size_t
ask_events(struct asker *a, const struct mms_span *span)
{
	MMS_AUTO(mms_taken_list) list = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_busy_load_events(a->db, &a->person, span->start_ms * 1000, span->end_ms * 1000,
				 &list, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	return list.n;
}

static void
ask_all(struct asker *a, const struct mms_span *span)
{
	const struct mms_availability_env env = { .db = a->db,
						  .columns = a->columns,
						  .settings = &a->settings,
						  .config = &a->site.config,
						  .zones = a->zones,
						  .now_ms = NOW_MS };
	const struct mms_availability_question question = { .user = PERSON, .span = *span };
	MMS_AUTO(mms_availability) answer = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_availability_load(&env, &question, &answer, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
}

static void
ask_one(struct asker *a)
{
	MMS_AUTO(mms_err) err = { 0 };
	int64_t one = 0;

	if (mms_db_ask_i64(a->db, MMS_STMT_PING, NULL, &one, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
}

/* The answers are those of the whole table; also of what another program has just made longer. */
static void
check(struct asker *a, MYSQL *m)
{
	bench_sql(m, "INSERT INTO `tabMM Calendar Event Sync` " COLUMNS
		     " VALUES ('theirs', NOW(6), NOW(6), 'Administrator', 'Administrator', 0, "
		     "0, '" CALENDAR "', 'theirs', 'Theirs', 'External Event', 'Synced', "
		     "'2024-01-01', '2027-01-01', 1, 'Inbound')");
	for (size_t i = 0; i < 200; i++) {
		struct mms_span span = slot(i * 7);
		int64_t all = bench_ask_i64(
			m,
			"SELECT COUNT(*) FROM `tabMM Calendar Event Sync` WHERE "
			"calendar_integration = '" CALENDAR
			"' AND is_blocking_availability = 1 "
			"AND start_datetime < '1970-01-01' + INTERVAL %lld SECOND AND "
			"end_datetime > '1970-01-01' + INTERVAL %lld SECOND",
			(long long)(span.end_ms / 1000), (long long)(span.start_ms / 1000));
		size_t n = ask_events(a, &span);
		if (n != (size_t)all || n == 0)
			bench_die("slot %zu: %zu events instead of %lld", i, n, (long long)all);
	}
	bench_sql(m, "DELETE FROM `tabMM Calendar Event Sync` WHERE name = 'theirs'");
}

/* ---- slot ----------------------------------------------------------------------------------- */

/* Microseconds of one kind of question. */
struct times {
	double us[ASKED];
	size_t n;
};

static int
by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static double
at(struct times *t, size_t percent)
{
	qsort(t->us, t->n, sizeof t->us[0], by_size);
	return t->us[t->n * percent / 100];
}

static void
add_time(struct times *t, double start)
{
	t->us[t->n++] = (bench_now() - start) * 1e6;
}

static void
bench_slot(const struct bench *b)
{
	static const struct bench_row row = { "slot", 4, "<=", "ratio", 2 };
	MYSQL *m = bench_connect(b);
	struct bench_samples samples = { 0 }, whole = { 0 }, unbound = { 0 };
	struct asker a = { 0 };
	double floor_us = 0, p50 = 0, p99 = 0;

	bench_say("slot: making a million events");
	fill(m);
	asker_open(b, m, &a);
	check(&a, m);
	for (size_t r = 0; r <= b->rounds; r++) {
		static struct times one, events, all, plain;
		one.n = events.n = all.n = plain.n = 0;
		bench_say("slot: round %zu of %zu", r, b->rounds);
		for (size_t i = 0; i < ASKED; i++) {
			struct mms_span span = slot(i);
			double start = bench_now();
			ask_one(&a);
			add_time(&one, start);
			start = bench_now();
			(void)ask_events(&a, &span);
			add_time(&events, start);
			start = bench_now();
			ask_all(&a, &span);
			add_time(&all, start);
			if (i % 10 != 0)
				continue;
			a.person.calendars[0].has_bound = false;
			start = bench_now();
			(void)ask_events(&a, &span);
			add_time(&plain, start);
			a.person.calendars[0].has_bound = true;
		}
		if (r == 0)
			continue; /* warm-up */
		floor_us = at(&one, 50);
		p50 = at(&events, 50);
		p99 = at(&events, 99);
		bench_add(&samples, p50 / floor_us);
		bench_add(&whole, at(&all, 50) / floor_us);
		bench_add(&unbound, at(&plain, 50) / floor_us);
	}
	bench_report(
		b, &row, &samples,
		"p50 %.0f us, p99 %.0f us, SELECT 1 %.0f us; the whole answer, calendars and "
		"bookings with it, %.1f times SELECT 1; without the bound %.0f times",
		p50, p99, floor_us, bench_median(&whole), bench_median(&unbound));
	asker_close(&a);
	bench_empty(m);
	mysql_close(m);
}

int
main(int argc, char **argv)
{
	struct bench bench;

	bench_open(&bench, argc, argv);
	if (bench_wants(&bench, "slot"))
		bench_slot(&bench);
	return bench_close(&bench);
}
