/* audit/health: every alert just below its border, at it and above. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/age.h"
#include "mmsync/due.h"
#include "mmsync/fault.h"
#include "mmsync/health.h"
#include "mmsync/mem.h"

#define NOW     INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */
#define MINUTE  INT64_C(60000)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define N_ITEMS 4

/* A site of four calendars, all well; each row of a table changes something in it. */
static struct mms_config config;
static struct mms_source sources[N_ITEMS];
static struct mms_overview_item items[N_ITEMS];
static struct mms_overview overview;
static struct mms_health_facts facts;

static void
make_site(void)
{
	static char names[N_ITEMS][8] = { "one", "two", "three", "four" };
	static char type[] = "iCal";

	overview = (struct mms_overview){
		.items = items, .n = N_ITEMS, .now_ms = NOW, .oldest_waiting_ms = MMS_NO_TIME
	};
	for (size_t i = 0; i < N_ITEMS; i++) {
		sources[i] = (struct mms_source){
			.integration = { .name = names[i],
					 .type = type,
					 .is_active = true,
					 .is_auto = true,
					 .interval_minutes = 15 },
			.cursor = { .id = i + 1,
				    .last_full_ms = NOW - DAY,
				    .window_start_ms = NOW - 30 * DAY,
				    .last_success_ms = NOW - MINUTE,
				    .last_attempt_ms = NOW - MINUTE,
				    .wait_until_ms = MMS_NO_TIME },
		};
		items[i] = (struct mms_overview_item){ .source = &sources[i],
						       .as_of_ms = NOW - MINUTE,
						       .created_ms = NOW - 90 * DAY,
						       .circuit_until_ms = MMS_NO_TIME,
						       .last_seen_ms = NOW - DAY,
						       .last_end_us = MMS_NO_TIME,
						       .oldest_waiting_ms = MMS_NO_TIME };
	}
	config.stale_after_minutes = 0;
	config.unreadable_after_hours = 24;
	facts = (struct mms_health_facts){ .config = &config,
					   .overview = &overview,
					   .now_ms = NOW,
					   .site_name = "erp.example.com" };
}

/* ---- what the rows set -------------------------------------------------------------------------- */

static void
nothing(int64_t n)
{
	(void)n;
}
static void
read_ago(int64_t ms)
{
	items[0].as_of_ms = NOW - ms;
}
static void
read_ago_by_hand(int64_t ms)
{
	sources[0].integration.is_auto = false;
	read_ago(ms);
}
static void
read_ago_every_hour(int64_t ms)
{
	sources[0].integration.interval_minutes = 60;
	read_ago(ms);
}
static void
read_ago_every_day(int64_t ms)
{
	sources[0].integration.interval_minutes = 1440;
	read_ago(ms);
}
static void
read_ago_every_year(int64_t ms)
{
	sources[0].integration.interval_minutes = INT64_MAX;
	read_ago(ms);
}
static void
read_ago_inactive(int64_t ms)
{
	sources[0].integration.is_active = false;
	read_ago(ms);
}
static void
read_ago_patient(int64_t ms)
{
	config.stale_after_minutes = 600;
	read_ago(ms);
}
static void
never_read_made_ago(int64_t ms)
{
	items[0].as_of_ms = MMS_NO_TIME;
	items[0].created_ms = NOW - ms;
}
static void
never_read_failed_made_ago(int64_t ms)
{
	never_read_made_ago(ms);
	sources[0].cursor.failures = 1;
}
static void
of_type_google(int64_t ms)
{
	static char type[] = "Google Calendar";

	never_read_made_ago(ms);
	sources[0].integration.type = type;
}
static void
reauth(int64_t n)
{
	items[0].needs_reauth = n != 0;
}
static void
circuit(int64_t n)
{
	items[0].circuit = (enum mms_circuit)n;
	items[0].circuit_until_ms = NOW + HOUR;
	sources[0].cursor.failures = 0;
}
static void
empty_seen_ago(int64_t ms)
{
	items[0].last_seen_ms = NOW - ms;
	sources[0].cursor.last_full_ms = NOW - MINUTE;
}
static void
empty_seen_at_full(int64_t after_ms)
{
	items[0].last_seen_ms = sources[0].cursor.last_full_ms + after_ms;
}
static void
empty_never_seen(int64_t n)
{
	(void)n;
	items[0].last_seen_ms = MMS_NO_TIME;
}
static void
empty_last_ended_before_window(int64_t ms)
{
	empty_seen_ago(HOUR);
	items[0].last_end_us = (sources[0].cursor.window_start_ms - ms) * 1000;
}
static void
bad_of_100(int64_t n)
{
	overview.recent_runs = 100;
	overview.recent_bad = n;
}
static void
bad_of_none(int64_t n)
{
	overview.recent_bad = n;
}
static void
stuck(int64_t n)
{
	overview.stuck = n;
}
static void
waiting_for(int64_t ms)
{
	overview.waiting = 2;
	overview.oldest_waiting_ms = items[1].oldest_waiting_ms = NOW - ms;
}
static void
failing(int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		sources[i].cursor.failures = 1;
}
static void
failing_of_two(int64_t n)
{
	sources[2].integration.is_active = sources[3].integration.is_active = false;
	failing(n);
}
static void
unreadable(int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		items[i].as_of_ms = NOW - 2 * DAY;
}
static void
no_calendar(int64_t n)
{
	overview.n = (size_t)n;
}
static void
orphans(int64_t n)
{
	overview.orphan_events = n;
}
static void
wrong_times(int64_t n)
{
	items[1].wrong_events = items[2].wrong_events = n;
}
static void
orphan_states(int64_t n)
{
	overview.orphan_states = n;
}
static void
quarantined(int64_t n)
{
	overview.quarantined = items[1].quarantined = n;
}
static void
given_up(int64_t n)
{
	overview.given_up_letters = n;
}
static void
abandoned(int64_t n)
{
	sources[0].cursor.is_abandoned = n != 0;
}
static void
maintenance(int64_t n)
{
	facts.is_in_maintenance = n != 0;
}
static void
scheduler(int64_t n)
{
	facts.is_scheduler_off = n != 0;
}

/* Every reason as "severity code integration", several with a comma. */
static const struct {
	const char *label;
	void (*set)(int64_t n);
	int64_t n;
	const char *want;
} rows[] = {
	{ "all is well", nothing, 0, "" },
	{ "stale: not yet", read_ago, 60 * MINUTE, "" },
	{ "stale", read_ago, 60 * MINUTE + 1, "degraded calendar_stale one" },
	{ "stale by three intervals: not yet", read_ago_every_hour, 180 * MINUTE, "" },
	{ "stale by three intervals", read_ago_every_hour, 180 * MINUTE + 1,
	  "degraded calendar_stale one" },
	{ "stale by the setting: not yet", read_ago_patient, 600 * MINUTE, "" },
	{ "stale by the setting", read_ago_patient, 600 * MINUTE + 1,
	  "degraded calendar_stale one" },
	{ "stale, and synced by hand", read_ago_by_hand, 60 * MINUTE + 1,
	  "note calendar_stale one" },
	{ "stale, and nobody's", read_ago_inactive, 30 * DAY, "" },
	{ "stale for a day", read_ago, DAY, "degraded calendar_stale one" },
	{ "unreadable", read_ago, DAY + 1, "degraded calendar_unreadable one" },
	{ "read once a day, and a little late", read_ago_every_day, DAY + DAY / 10, "" },
	{ "read once a day, and missed once", read_ago_every_day, DAY + DAY / 10 + 1,
	  "degraded calendar_unreadable one" },
	{ "an interval that nobody takes", read_ago_every_year, DAY + DAY / 10 + 1,
	  "degraded calendar_unreadable one" },
	{ "unreadable, by hand", read_ago_by_hand, DAY + 1,
	  "degraded calendar_unreadable one" },
	{ "new", never_read_made_ago, 60 * MINUTE, "" },
	{ "new no more", never_read_made_ago, 60 * MINUTE + 1,
	  "degraded calendar_never_read one" },
	{ "new, and failed", never_read_failed_made_ago, MINUTE,
	  "degraded calendar_never_read one" },
	{ "of a service that is not synced", of_type_google, DAY,
	  "degraded calendar_never_read one" },
	{ "tokens are good", reauth, 0, "" },
	{ "tokens were refused", reauth, 1, "degraded calendar_needs_reauth one" },
	{ "circuit closed", circuit, MMS_CIRCUIT_CLOSED, "" },
	{ "circuit open", circuit, MMS_CIRCUIT_OPEN, "degraded circuit_open one" },
	{ "circuit half open", circuit, MMS_CIRCUIT_HALF_OPEN, "degraded circuit_open one" },
	{ "empty since a week", empty_seen_ago, 7 * DAY, "degraded calendar_empty one" },
	{ "empty for longer", empty_seen_ago, 7 * DAY + 1, "" },
	{ "its newest listing showed some", empty_seen_at_full, 0, "" },
	{ "an incremental one after it", empty_seen_at_full, HOUR, "" },
	{ "a later listing showed none", empty_seen_at_full, -1,
	  "degraded calendar_empty one" },
	{ "it never showed any", empty_never_seen, 0, "" },
	{ "its last event was too old", empty_last_ended_before_window, DAY, "" },
	{ "its last event was too old by some clock", empty_last_ended_before_window,
	  -14 * HOUR, "" },
	{ "its last event was not too old", empty_last_ended_before_window, -14 * HOUR - 1,
	  "degraded calendar_empty one" },
	{ "9 % fail", bad_of_100, 9, "" },
	{ "10 % fail", bad_of_100, 10, "" },
	{ "11 % fail", bad_of_100, 11, "degraded runs_failing" },
	{ "nothing ran", bad_of_none, 0, "" },
	{ "5 stuck", stuck, 5, "" },
	{ "6 stuck", stuck, 6, "degraded creations_stuck" },
	{ "waiting for 15 min", waiting_for, 15 * MINUTE, "" },
	{ "waiting for longer", waiting_for, 15 * MINUTE + 1, "degraded outbox_old two" },
	{ "one of four fails", failing, 1, "" },
	{ "two of four fail", failing, 2, "critical calendars_failing" },
	{ "three of four fail", failing, 3, "critical calendars_failing" },
	{ "none of two fails", failing_of_two, 0, "" },
	{ "one of two fails", failing_of_two, 1, "critical calendars_failing" },
	{ "one of four is unreadable", unreadable, 1, "degraded calendar_unreadable one" },
	{ "two of four are unreadable", unreadable, 2,
	  "critical calendars_failing, degraded calendar_unreadable one, "
	  "degraded calendar_unreadable two" },
	{ "no calendar at all", no_calendar, 0, "" },
	{ "no orphan", orphans, 0, "" },
	{ "an orphan", orphans, 1, "degraded orphan_events" },
	{ "times", wrong_times, 1, "degraded event_times" },
	{ "states of nobody", orphan_states, 1, "critical orphan_states" },
	{ "a letter", given_up, 1, "note letters_given_up" },
	{ "a block in quarantine", quarantined, 1, "degraded blocks_quarantined two" },
	{ "a dead worker", abandoned, 1, "note run_abandoned one" },
	{ "maintenance", maintenance, 1, "note maintenance" },
	{ "scheduler", scheduler, 1, "note scheduler_paused" },
};

static void
add_reasons(struct mms_str *out, const struct mms_health *health)
{
	for (size_t i = 0; i < health->n; i++) {
		const struct mms_health_reason *r = &health->reasons[i];

		mms_str_addf(out, "%s%s %s%s%s", out->len > 0 ? ", " : "",
			     mms_health_severity_name(r->severity), r->code,
			     r->integration != NULL ? " " : "",
			     r->integration != NULL ? r->integration : "");
		assert_true(r->message[0] != '\0' && r->hint[0] != '\0');
		assert_null(strchr(r->message, '\n'));
	}
}

static void
each_alert_begins_at_its_border(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_health) health = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) is = { 0 };

		make_site();
		rows[i].set(rows[i].n);
		assert_int_equal(mms_health_judge(&facts, &health, &err), MMS_OK);
		add_reasons(&is, &health);
		if (strcmp(mms_str_get(&is), rows[i].want) != 0)
			fail_msg("row '%s': '%s', want '%s'", rows[i].label, mms_str_get(&is),
				 rows[i].want);
		/* The whole is as bad as its worst reason, which stands first. */
		enum mms_health_level worst =
			strncmp(rows[i].want, "crit", 4) == 0   ? MMS_HEALTH_CRITICAL
			: strncmp(rows[i].want, "degr", 4) == 0 ? MMS_HEALTH_DEGRADED
								: MMS_HEALTH_NOTE;
		assert_int_equal(health.status, worst);
	}
}

static void
an_active_calendar_is_counted_once(void **state)
{
	MMS_AUTO(mms_health) health = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	make_site();
	items[1].as_of_ms = NOW - 2 * HOUR;
	items[2].as_of_ms = NOW - 2 * DAY;
	never_read_made_ago(MINUTE);
	assert_int_equal(mms_health_judge(&facts, &health, &err), MMS_OK);
	assert_int_equal(health.counts.active, 4);
	assert_int_equal(health.counts.fresh, 1);
	assert_int_equal(health.counts.stale, 1);
	assert_int_equal(health.counts.unreadable, 1);
	assert_int_equal(health.counts.recently_made, 1);
	assert_int_equal(health.counts.failing, 1);
}

static void
hints_are_commands_that_a_shell_takes(void **state)
{
	static const struct {
		const char *name, *want;
	} names[] = {
		{ "MM-CI-ann@example.com-0001",
		  "mmsync sync --integration MM-CI-ann@example.com-0001 reads it now" },
		{ "Ann's own", "mmsync sync --integration 'Ann'\\''s own' reads it now" },
		{ "-v", "mmsync sync --integration=-v reads it now" },
		{ "$(reboot)", "mmsync sync --integration '$(reboot)' reads it now" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		MMS_AUTO(mms_health) health = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char name[64];

		make_site();
		read_ago(2 * HOUR);
		(void)snprintf(name, sizeof name, "%s", names[i].name);
		sources[0].integration.name = name;
		assert_int_equal(mms_health_judge(&facts, &health, &err), MMS_OK);
		if (strncmp(health.reasons[0].hint, names[i].want, strlen(names[i].want)) != 0)
			fail_msg("%s: %s", names[i].name, health.reasons[0].hint);
	}
}

static void
the_command_that_ends_a_maintenance_names_the_site(void **state)
{
	MMS_AUTO(mms_health) health = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	make_site();
	maintenance(1);
	assert_int_equal(mms_health_judge(&facts, &health, &err), MMS_OK);
	assert_string_equal(health.reasons[0].hint,
			    "when the maintenance is over: bench --site erp.example.com "
			    "set-maintenance-mode off");
}

static void
one_line_says_how_often(void **state)
{
	MMS_AUTO(mms_health) health = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) line = { 0 };

	(void)state;
	make_site();
	overview.orphan_events = 1;
	items[0].as_of_ms = items[1].as_of_ms = NOW - 2 * HOUR;
	circuit(MMS_CIRCUIT_OPEN);
	assert_int_equal(mms_health_judge(&facts, &health, &err), MMS_OK);
	mms_health_add_line(&line, &health);
	assert_string_equal(mms_str_get(&line),
			    "mmsync degraded: calendar_stale 2, circuit_open (one), "
			    "orphan_events | active=4 "
			    "fresh=2 stale=2 unreadable=0 failing=0 waiting=0 letters=0 "
			    "quarantined=0");
}

static void
without_memory_the_judgement_is_refused_or_whole(void **state)
{
	unsigned n_whole = 0;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (unsigned long n = 1; n_whole < 3; n++) {
		MMS_AUTO(mms_health) health = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) line = { 0 };
		char fault[64];

		assert_true(n < 1000);
		make_site();
		unreadable(2);
		orphans(3);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = mms_health_judge(&facts, &health, &err);
		mms_health_add_line(&line, &health);
		(void)mms_fault_arm_text("alloc:1000000000");
		if (rc != MMS_OK) {
			assert_int_equal(rc, MMS_E_NOMEM);
			continue;
		}
		assert_int_equal(health.n, 4);
		n_whole += line.state == MMS_OK;
	}
}

static void
ages_are_few_words(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} ages[] = {
		{ -5, "0 s" },
		{ 999, "0 s" },
		{ 119999, "119 s" },
		{ 120000, "2 min" },
		{ 2 * HOUR - 1, "119 min" },
		{ 2 * HOUR, "2 h" },
		{ 2 * DAY - 1, "47 h" },
		{ 2 * DAY, "2 d" },
		{ 1000 * DAY, "1000 d" },
		{ INT64_MAX, "106751991167 d" },
	};
	char text[MMS_AGE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(ages); i++)
		assert_string_equal(mms_age_print(ages[i].ms, text), ages[i].want);
}

/* The last turn began an hour ago where nothing else is said; the interval is 15 minutes. */
static void
when_it_is_due_is_what_a_scheduled_run_does(void **state)
{
	static const struct {
		const char *label;
		bool is_active, is_auto, has_cursor, is_abandoned;
		int64_t attempt_ms, wait_ms;
		const char *want;
		int64_t at_ms;
	} cases[] = {
		{ "due", true, true, true, false, NOW - HOUR, MMS_NO_TIME, "now", NOW },
		{ "just run", true, true, true, false, NOW, MMS_NO_TIME, "later",
		  NOW + 15 * MINUTE - 30000 },
		{ "no cursor", true, true, false, false, 0, 0, "now", NOW },
		{ "never tried", true, true, true, false, MMS_NO_TIME, MMS_NO_TIME, "now",
		  NOW },
		{ "the clock went back", true, true, true, false, NOW + DAY, MMS_NO_TIME, "now",
		  NOW },
		{ "told to wait", true, true, true, false, NOW - HOUR, NOW + HOUR, "waiting",
		  NOW + HOUR },
		{ "waited long enough", true, true, true, false, NOW - HOUR, NOW, "now", NOW },
		{ "a wait within the interval", true, true, true, false, NOW, NOW + MINUTE,
		  "waiting", NOW + 15 * MINUTE - 30000 },
		{ "abandoned", true, true, true, true, NOW, MMS_NO_TIME, "now", NOW },
		{ "inactive", false, true, true, false, NOW, MMS_NO_TIME, "inactive",
		  MMS_NO_TIME },
		{ "by hand", true, false, true, false, NOW, MMS_NO_TIME, "manual",
		  MMS_NO_TIME },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		const struct mms_source source = {
			.integration = { .is_active = cases[i].is_active,
					 .is_auto = cases[i].is_auto,
					 .interval_minutes = 15 },
			.cursor = { .id = cases[i].has_cursor,
				    .is_abandoned = cases[i].is_abandoned,
				    .last_attempt_ms = cases[i].attempt_ms,
				    .wait_until_ms = cases[i].wait_ms },
		};
		int64_t at_ms = 0;
		const char *is = mms_due_name(mms_due_find(&source, NOW, &at_ms));

		if (strcmp(is, cases[i].want) != 0 || at_ms != cases[i].at_ms)
			fail_msg("row '%s': %s at %lld", cases[i].label, is, (long long)at_ms);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alert_begins_at_its_border),
		cmocka_unit_test(an_active_calendar_is_counted_once),
		cmocka_unit_test(hints_are_commands_that_a_shell_takes),
		cmocka_unit_test(the_command_that_ends_a_maintenance_names_the_site),
		cmocka_unit_test(one_line_says_how_often),
		cmocka_unit_test(without_memory_the_judgement_is_refused_or_whole),
		cmocka_unit_test(ages_are_few_words),
		cmocka_unit_test(when_it_is_due_is_what_a_scheduled_run_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
