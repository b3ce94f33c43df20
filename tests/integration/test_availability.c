/*
 * Who is free, against brute force: random calendars, events and bookings, and what a plain loop
 * over all of them says; how many round trips a question takes, and that it writes nothing.
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mmsync/availability.h"
#include "mmsync/busy.h"
#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "support/dbcheck.h"
#include "support/scenario.h"

#define N_EVENTS    400
#define N_BOOKINGS  60
#define N_CALENDARS 20
#define N_QUESTIONS 250
#define MINUTE_MS   INT64_C(60000)
#define DAYS        40

static struct world world;
static struct mms_db *db;
static struct mms_columns *columns;
static struct mms_config config;
static struct mms_zones *zones;
static uint64_t seed;
static int64_t first_ms; /* 2026-03-10, the first of DAYS */

static int
start(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *given = getenv("MMS_TEST_SEED");

	(void)state;
	seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("# MMS_TEST_SEED=%" PRIu64 "\n", seed);
	world_start(&world);
	first_ms = mms_days_from_civil(2026, 3, 10) * MMS_DAY_MS;
	mms_rc rc = mms_db_open(&db, &world.server.settings, &err);
	if (rc == MMS_OK)
		rc = mms_columns_load(db, &columns, &err);
	if (rc == MMS_OK)
		rc = mms_config_init(&config, &err);
	if (rc == MMS_OK)
		rc = mms_zones_new(&zones, &err);
	if (rc == MMS_OK)
		mms_db_use_columns(db, mms_columns_has_port, columns);
	return rc == MMS_OK ? 0 : 1;
}

static int
stop(void **state)
{
	(void)state;
	mms_zones_free(zones);
	mms_config_release(&config);
	mms_columns_free(columns);
	mms_db_close(db);
	world_stop(&world);
	return 0;
}

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static int64_t
below(int64_t n)
{
	return (int64_t)(next() % (uint64_t)n);
}

static const struct mms_zone *
zone(const char *name)
{
	const struct mms_zone *found = NULL;

	OK(mms_zones_find(zones, name, &found, &err));
	return found;
}

/* ---- a world, and what is known of it without any database ----------------------------------- */

struct thing {
	char name[16];
	struct mms_span span; /* what it truly is                            */
	bool counts;          /* blocks the person, by its status and calendar */
	bool is_booking;
	int linked; /* an event's booking; -1: none                */
	int64_t wall_length_us;
};

static struct thing things[N_EVENTS + N_BOOKINGS];
static size_t n_things;

/* Where the calendars are: half of the first ones inactive, the last of somebody else. */
static bool
is_counting_calendar(int64_t c)
{
	return c % 5 != 4 && c != N_CALENDARS - 1;
}

static void
make_calendars(struct mms_str *sql)
{
	mms_str_add(sql, "INSERT INTO tabUser (name, email, enabled) VALUES"
			 " ('ann@example.com', 'a', 1), ('bob@example.com', 'b', 1);");
	for (int c = 0; c < N_CALENDARS; c++) {
		mms_str_addf(sql,
			     "INSERT INTO `tabMM Calendar Integration` (name, creation, owner,"
			     " user, is_active) VALUES ('c%d', '2026-01-01', 'o', '%s', %d);",
			     c, c == N_CALENDARS - 1 ? "bob@example.com" : "ann@example.com",
			     c % 5 != 4);
		mms_str_addf(sql,
			     "INSERT INTO mmsync_cursor (name, frappe_creation, frappe_owner,"
			     " provider, last_success_ms) VALUES ('c%d', '2026-01-01', 'o',"
			     " 'ical', %" PRId64 ");",
			     c, first_ms);
	}
}

/* Minutes that tell much: short ones, many, and some very long. */
static int64_t
random_length(void)
{
	int64_t kind = below(20);

	if (kind == 0)
		return 1 + below(20 * 1440); /* weeks */
	if (kind < 3)
		return 1 + below(3 * 1440);
	return 15 * (1 + below(8));
}

/* When an event is, and how its row says so; all-day ones by a day of the person. */
static const char *
make_times(struct thing *t, const struct mms_span_zones *in, int64_t minutes, int64_t *start_us,
	   int64_t *end_us)
{
	int64_t at_ms = first_ms + 15 * MINUTE_MS * below(DAYS * 96);
	int64_t day = mms_span_day(in->person, at_ms), n_days = 1 + minutes / 1440;
	int64_t form = below(8);

	/* From midnight to midnight may be hours or dates: not here, see test_spans. */
	if (minutes % 1440 == 0)
		minutes++;
	t->span = (struct mms_span){ at_ms, at_ms + minutes * MINUTE_MS };
	if (form < 2)
		t->span = (struct mms_span){ mms_zone_day_start(in->person, day),
					     mms_zone_day_start(in->person, day + n_days) };
	*start_us = mms_zone_to_wall(in->stored, t->span.start_ms);
	*end_us = mms_zone_to_wall(in->stored, t->span.end_ms) - (form == 0 ? 1000000 : 0);
	if (form == 1) { /* typed in the Desk: its dates */
		*start_us = day * MMS_DAY_US;
		*end_us = (day + n_days) * MMS_DAY_US - 1000000;
	}
	if (*end_us <= *start_us) /* the clock went back meanwhile */
		*end_us = *start_us + (t->span.end_ms - t->span.start_ms) * 1000;
	return form < 2 ? "All-Day Event" : "External Event";
}

static void
add_row(struct mms_str *sql, const struct thing *t, int64_t start_us, int64_t end_us,
	const char *more)
{
	char a[MMS_TIME_TEXT_MAX], b[MMS_TIME_TEXT_MAX];

	mms_wall_print(start_us, a);
	mms_wall_print(end_us, b);
	mms_str_addf(sql, "('%s', '%s', '%s', %s);", t->name, a, b, more);
}

static void
make_event(struct mms_str *sql, const struct mms_span_zones *in, int i, bool is_by_another)
{
	static const char *const statuses[] = { "Synced",      "Synced",
						"Synced",      "Pending Sync",
						"Sync Failed", "Deleted Externally",
						"Synced",      "Deleted Locally" };
	struct thing *t = &things[n_things++];
	MMS_AUTO(mms_str) more = { 0 };
	int64_t c = below(N_CALENDARS), status = below(8), blocks = below(6) != 0;
	int64_t start_us, end_us;
	int64_t minutes = is_by_another ? 1440 * (30 + below(60)) : random_length();

	*t = (struct thing){ .linked = -1 };
	(void)snprintf(t->name, sizeof t->name, "e%d", i);
	const char *type = make_times(t, in, minutes, &start_us, &end_us);
	t->wall_length_us = end_us - start_us;
	t->counts = is_counting_calendar(c) && blocks && (status < 4 || status == 6);
	mms_str_addf(&more, "'c%d', '%s', '%s', '%s', %d, '%s'", (int)c, t->name, type,
		     statuses[status], (int)blocks,
		     is_by_another ? "2026-03-09 12:00:00" : "2026-03-09 08:00:00");
	mms_str_add(sql, "INSERT INTO `tabMM Calendar Event Sync` (name, start_datetime,"
			 " end_datetime, calendar_integration, external_event_id, event_type,"
			 " sync_status, is_blocking_availability, modified) VALUES ");
	add_row(sql, t, start_us, end_us, mms_str_get(&more));
}

static void
make_booking(struct mms_str *sql, const struct mms_span_zones *in, int i)
{
	static const char *const statuses[] = { "Confirmed", "Pending", "Rescheduled",
						"Cancelled", "Completed" };
	struct thing *t = &things[n_things++];
	MMS_AUTO(mms_str) more = { 0 };
	int64_t at_ms = first_ms + 15 * MINUTE_MS * below(DAYS * 96), status = below(5);
	bool is_hers = below(3) != 0;

	*t = (struct thing){ .is_booking = true, .linked = -1 };
	(void)snprintf(t->name, sizeof t->name, "b%d", i);
	t->span = (struct mms_span){ at_ms, at_ms + random_length() * MINUTE_MS };
	t->counts = is_hers && status < 3;
	mms_str_addf(&more, "'%s'", statuses[status]);
	mms_str_add(sql, "INSERT INTO `tabMM Meeting Booking` (name, start_datetime,"
			 " end_datetime, booking_status) VALUES ");
	int64_t start_us = mms_zone_to_wall(in->stored, t->span.start_ms);
	int64_t end_us = mms_zone_to_wall(in->stored, t->span.end_ms);
	if (end_us <= start_us)
		end_us = start_us + (t->span.end_ms - t->span.start_ms) * 1000;
	add_row(sql, t, start_us, end_us, mms_str_get(&more));
	mms_str_addf(sql,
		     "INSERT INTO `tabMM Meeting Booking Assigned User` (name, parent,"
		     " parenttype, parentfield, user) VALUES ('a%d', 'b%d', 'MM Meeting"
		     " Booking', 'assigned_users', '%s');",
		     i, i, is_hers ? "ann@example.com" : "bob@example.com");
}

/* Some events are a booking's: each booking has at most one. */
static void
link_events(struct mms_str *sql)
{
	for (int i = 0; i < N_BOOKINGS; i++) {
		int event = (int)below(N_EVENTS);
		if (below(2) == 0 || things[event].linked >= 0)
			continue;
		things[event].linked = N_EVENTS + i;
		if (below(2) == 0)
			mms_str_addf(sql,
				     "UPDATE `tabMM Calendar Event Sync` SET meeting_booking ="
				     " 'b%d' WHERE name = 'e%d';",
				     i, event);
		else
			mms_str_addf(sql,
				     "UPDATE `tabMM Meeting Booking` SET calendar_event = 'e%d'"
				     " WHERE name = 'b%d';",
				     event, i);
	}
}

static void
make_world(const struct mms_span_zones *in)
{
	MMS_AUTO(mms_str) sql = { 0 };
	struct scenario s = { .world = &world };
	int64_t longest_us = 0;

	scenario_reset(&s);
	scenario_release(&s);
	n_things = 0;
	make_calendars(&sql);
	for (int i = 0; i < N_EVENTS; i++) {
		/* A few that another program writes after the longest was found. */
		bool is_by_another = i >= N_EVENTS - 12;
		make_event(&sql, in, i, is_by_another);
		if (!is_by_another && things[i].wall_length_us > longest_us)
			longest_us = things[i].wall_length_us;
	}
	for (int i = 0; i < N_BOOKINGS; i++)
		make_booking(&sql, in, i);
	link_events(&sql);
	mms_str_addf(&sql,
		     "UPDATE mmsync_cursor SET longest_event_ms = %" PRId64
		     ", longest_watermark = '2026-03-09 08:00:00'",
		     (longest_us + 999) / 1000);
	mms_test_sql(&world.server, "%s", mms_str_get(&sql));
}

/* ---- brute force ---------------------------------------------------------------------------- */

/* What is busy within the question, merged, as text; and the names of what is told. */
static void
expect(const struct mms_span *asked, struct mms_str *busy, struct mms_str *names)
{
	struct mms_span spans[N_EVENTS + N_BOOKINGS];
	size_t n = 0;

	for (size_t i = 0; i < n_things; i++) {
		const struct thing *t = &things[i];
		if (!t->counts || !mms_span_overlaps(&t->span, asked))
			continue;
		spans[n] = t->span;
		if (spans[n].start_ms < asked->start_ms)
			spans[n].start_ms = asked->start_ms;
		if (spans[n].end_ms > asked->end_ms)
			spans[n].end_ms = asked->end_ms;
		n++;
		const struct thing *b = t->linked >= 0 ? &things[t->linked] : NULL;
		bool is_told_as_booking = b != NULL && b->counts &&
					  mms_span_overlaps(&b->span, asked) &&
					  b->span.start_ms <= t->span.end_ms &&
					  t->span.start_ms <= b->span.end_ms;
		if (!is_told_as_booking)
			mms_str_addf(names, "%s ", t->name);
	}
	n = mms_spans_merge(spans, n);
	for (size_t i = 0; i < n; i++)
		mms_str_addf(busy, "%" PRId64 "-%" PRId64 " ", spans[i].start_ms,
			     spans[i].end_ms);
}

static struct mms_availability_env
env_of(const struct mms_settings *settings)
{
	return (struct mms_availability_env){ .db = db,
					      .columns = columns,
					      .settings = settings,
					      .config = &config,
					      .zones = zones,
					      .now_ms = first_ms };
}

static struct mms_span
random_question(void)
{
	int64_t at_ms = first_ms + 5 * MINUTE_MS * below(DAYS * 288);
	int64_t minutes = below(4) == 0 ? 1440 * (1 + below(10)) : 15 * (1 + below(8));

	return (struct mms_span){ at_ms, at_ms + minutes * MINUTE_MS };
}

/* Every name of the one list stands in the other. */
static bool
has_same_names(const struct mms_availability *a, const struct mms_str *names)
{
	size_t n_want = 0, n_got = 0;

	for (const char *p = mms_str_get(names); *p != '\0'; p++)
		n_want += *p == ' ';
	for (size_t i = 0; i < a->taken.n; i++) {
		char name[32];
		if (!a->taken.items[i].blocks)
			continue;
		n_got++;
		(void)snprintf(name, sizeof name, "%s ", a->taken.items[i].name);
		const char *at = strstr(mms_str_get(names), name);
		while (at != NULL && at != names->ptr && at[-1] != ' ')
			at = strstr(at + 1, name);
		if (at == NULL)
			return false;
	}
	return n_want == n_got;
}

static void
ask_and_compare(const struct mms_settings *settings, bool is_exact)
{
	const struct mms_availability_question q = { .user = "ann@example.com",
						     .span = random_question() };
	const struct mms_availability_env env = env_of(settings);
	MMS_AUTO(mms_availability) a = { 0 };
	MMS_AUTO(mms_str) busy = { 0 };
	MMS_AUTO(mms_str) names = { 0 };
	MMS_AUTO(mms_str) got = { 0 };
	MMS_AUTO(mms_str) told = { 0 };
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];

	OK(mms_availability_load(&env, &q, &a, &err));
	expect(&q.span, &busy, &names);
	for (size_t i = 0; i < a.n_busy; i++)
		mms_str_addf(&got, "%" PRId64 "-%" PRId64 " ", a.busy[i].start_ms,
			     a.busy[i].end_ms);
	for (size_t i = 0; i < a.taken.n; i++)
		mms_str_addf(&told, "%s%s ", a.taken.items[i].name,
			     a.taken.items[i].blocks ? "" : "?");
	bool is_same = strcmp(mms_str_get(&busy), mms_str_get(&got)) == 0;
	/* Where a clock goes back, nobody may seem free who is not; the other way round is well. */
	bool is_good = is_exact ? is_same && has_same_names(&a, &names) &&
					  a.is_available == (busy.len == 0)
				: !a.is_available || busy.len == 0;
	if (!is_good)
		fail_msg("%s, %s to %s: busy %s, not %s; names %s, not %s",
			 mms_zone_name(a.zone), mms_time_print(q.span.start_ms, from),
			 mms_time_print(q.span.end_ms, to), mms_str_get(&got),
			 mms_str_get(&busy), mms_str_get(&told), mms_str_get(&names));
}

static void
answers_are_those_of_a_loop_over_all_rows(void **state)
{
	static const struct {
		const char *stored, *person;
		bool is_exact;
	} places[] = {
		{ "UTC", "UTC", true },
		{ "UTC", "Europe/Berlin", true },
		{ "UTC", "Pacific/Kiritimati", true },
		{ "UTC", "America/St_Johns", true },
		{ "Asia/Kolkata", "Australia/Lord_Howe", true },
		{ "Europe/Berlin", "Europe/Berlin", false },
		{ "Australia/Lord_Howe", "America/New_York", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(places); i++) {
		struct mms_settings settings = { .time_zone = mms_text_copy("UTC") };
		const struct mms_span_zones in = { zone(places[i].stored),
						   zone(places[i].person) };
		mms_free(config.event_time_zone);
		config.event_time_zone = mms_text_copy(places[i].stored);
		make_world(&in);
		mms_test_sql(&world.server, "UPDATE tabUser SET time_zone = '%s'",
			     places[i].person);
		for (int k = 0; k < N_QUESTIONS; k++)
			ask_and_compare(&settings, places[i].is_exact);
		mms_settings_release(&settings);
	}
}

/* ---- round trips ---------------------------------------------------------------------------- */

/* Statements of a question, none of which may write. */
static uint64_t
count_statements(const struct mms_availability_env *env,
		 const struct mms_availability_question *q)
{
	static const char written[] =
		"SELECT CAST(SUM(variable_value) AS UNSIGNED) FROM"
		" information_schema.global_status WHERE variable_name IN ('COM_INSERT',"
		" 'COM_UPDATE', 'COM_DELETE', 'COM_REPLACE', 'COM_BEGIN', 'COM_LOCK_TABLES')";
	MMS_AUTO(mms_availability) a = { 0 };
	int64_t before = mms_test_ask_i64(&world.server, "%s", written);
	uint64_t n = mms_db_n_statements(db);

	OK(mms_availability_load(env, q, &a, &err));
	n = mms_db_n_statements(db) - n;
	assert_int_equal(mms_test_ask_i64(&world.server, "%s", written), before);
	return n;
}

static void
a_question_is_three_round_trips_and_writes_nothing(void **state)
{
	struct mms_settings settings = { .time_zone = mms_text_copy("UTC") };
	const struct mms_availability_env env = env_of(&settings);
	const struct mms_span_zones in = { zone("UTC"), zone("UTC") };
	struct mms_availability_question q = { .user = "ann@example.com",
					       .span = { first_ms, first_ms + MMS_DAY_MS } };

	(void)state;
	mms_free(config.event_time_zone);
	config.event_time_zone = mms_text_copy("UTC");
	make_world(&in);
	assert_int_equal(mms_test_ask_i64(&world.server,
					  "SELECT COUNT(*) FROM `tabMM Calendar Integration`"
					  " WHERE is_active = 1 AND user = 'ann@example.com'"),
			 16);
	mms_test_sql(&world.server,
		     "UPDATE `tabMM Calendar Integration` SET is_active = 0 WHERE is_active = 1"
		     " AND name <> 'c1' ORDER BY name LIMIT 8");
	assert_int_equal(count_statements(&env, &q), 3);
	q.only_events = true;
	assert_int_equal(count_statements(&env, &q), 2);
	q.only_events = false;
	q.excluded_booking = "b1";
	assert_int_equal(count_statements(&env, &q), 4);
	q.excluded_booking = NULL;
	/* a person with more than eight calendars is asked about in parts */
	mms_test_sql(&world.server, "UPDATE `tabMM Calendar Integration` SET is_active = 1");
	assert_int_equal(count_statements(&env, &q), 5);
	/* of one that was renamed, the cursor is asked for */
	mms_test_sql(&world.server, "UPDATE `tabMM Calendar Integration` SET name = 'new',"
				    " creation = '2026-01-07' WHERE name = 'c1'");
	assert_int_equal(count_statements(&env, &q), 6);
	mms_settings_release(&settings);
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Fail the n-th of a kind, then the next, until a question is answered without having met it. */
static void
play_faults(const char *kind, enum mms_fault_kind counted,
	    const struct mms_availability_env *env)
{
	struct mms_availability_question q = { .user = "ann@example.com",
					       .span = { first_ms, first_ms + MMS_DAY_MS },
					       .excluded_booking = "b1" };
	MMS_AUTO(mms_availability) whole = { 0 };
	unsigned n_whole = 0;

	OK(mms_availability_load(env, &q, &whole, &err));
	for (unsigned long n = 1; n_whole < 3; n++) {
		MMS_AUTO(mms_availability) a = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64], never[64];

		assert_true(n < 5000);
		(void)snprintf(fault, sizeof fault, "%s:%lu", kind,
			       mms_fault_count(counted) + n);
		(void)snprintf(never, sizeof never, "%s:1000000000", kind);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = mms_availability_load(env, &q, &a, &err);
		assert_true(mms_fault_arm_text(never));
		if (rc != MMS_OK) {
			/* no half answer, and no word of a person who is not there */
			assert_true(rc == MMS_E_NOMEM || rc == MMS_E_RETRY || rc == MMS_E_DB);
			assert_true(a.n_busy == 0 && a.taken.n == 0 && !a.is_available);
			continue;
		}
		n_whole++;
		assert_int_equal(a.is_available, whole.is_available);
		assert_int_equal(a.taken.n, whole.taken.n);
		assert_int_equal(a.n_busy, whole.n_busy);
		assert_int_equal(a.n_calendars, whole.n_calendars);
	}
}

static void
a_fault_is_no_answer(void **state)
{
	struct mms_settings settings = { .time_zone = mms_text_copy("UTC") };
	const struct mms_availability_env env = env_of(&settings);
	const struct mms_span_zones in = { zone("UTC"), zone("UTC") };

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	mms_free(config.event_time_zone);
	config.event_time_zone = mms_text_copy("UTC");
	make_world(&in);
	play_faults("alloc", MMS_FAULT_ALLOC, &env);
	play_faults("stmt-before", MMS_FAULT_STMT_BEFORE, &env);
	play_faults("fetch", MMS_FAULT_FETCH, &env);
	play_faults("prepare", MMS_FAULT_PREPARE, &env);
	mms_settings_release(&settings);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_those_of_a_loop_over_all_rows),
		cmocka_unit_test(a_question_is_three_round_trips_and_writes_nothing),
		cmocka_unit_test(a_fault_is_no_answer),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
