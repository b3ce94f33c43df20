/* serve/metrics: the text is what Prometheus reads, the JSON says the same. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "mmsync/fault.h"
#include "mmsync/metrics.h"
#include "support/exposition.h"

#define NOW INT64_C(1772438400000) /* 2026-03-02T08:00:00Z */

static struct mms_config config = { .unreadable_after_hours = 24 };
static struct mms_source sources[2];
static struct mms_overview_item items[2];
static struct mms_overview overview;
static struct mms_health health;
static struct mms_metrics_facts facts;

static void
make_site(void)
{
	static char hostile[] = "a\"b\\c\nd {e=\"f\"} \xC3\xA9", plain[] = "work",
		    type[] = "iCal", odd_type[] = "Carrier Pigeon";
	static struct mms_health_reason reasons[] = {
		{ .code = "calendar_stale", .severity = MMS_HEALTH_DEGRADED },
		{ .code = "calendar_stale", .severity = MMS_HEALTH_DEGRADED },
		{ .code = "calendar_stale", .severity = MMS_HEALTH_NOTE },
		{ .code = "maintenance", .severity = MMS_HEALTH_NOTE },
	};

	sources[0] = (struct mms_source){
		.integration = { .name = hostile, .type = type, .interval_minutes = 15 },
		.cursor = { .failures = 3 },
	};
	sources[1] = (struct mms_source){
		.integration = { .name = plain, .type = odd_type, .is_active = true },
	};
	items[0] = (struct mms_overview_item){
		.source = &sources[0],
		.as_of_ms = NOW - 1500,
		.circuit = MMS_CIRCUIT_HALF_OPEN,
		.totals = { .runs_good = 7,
			    .runs_bad = 2,
			    .run_ms = 12345,
			    .requests = 11,
			    .retries = 1,
			    .events_created = 100,
			    .events_updated = 20,
			    .events_deleted = 3,
			    .events_failed = 4 },
		.live_events = 97,
	};
	items[1] = (struct mms_overview_item){ .source = &sources[1],
					       .as_of_ms = MMS_NO_TIME,
					       .needs_reauth = true };
	overview = (struct mms_overview){ .items = items,
					  .n = 2,
					  .schema_version = 6,
					  .tracked = { { 5, 0 }, { 1, 2 }, { 0, 3 } },
					  .new_events = 8,
					  .open_letters = 1,
					  .given_up_letters = 2,
					  .quarantined = 7,
					  .waiting = 4,
					  .oldest_waiting_ms = NOW - 61001,
					  .stuck = 6 };
	health = (struct mms_health){
		.status = MMS_HEALTH_DEGRADED,
		.reasons = reasons,
		.n = MMS_COUNT(reasons),
		.counts = { .integrations = 2, .active = 1, .unreadable = 1 }
	};
	facts = (struct mms_metrics_facts){ .config = &config,
					    .overview = &overview,
					    .health = &health,
					    .now_ms = NOW,
					    .taken_ms = 42 };
}

#define HOSTILE "integration=\"a\\\"b\\\\c\\nd {e=\\\"f\\\"} \xC3\xA9\""

/* What the site above gives. */
static const struct {
	const char *sample, *value;
} texts[] = {
	{ "mmsync_build_info{version=\"" MMS_VERSION "\"}", "1" },
	{ "mmsync_schema_version", "6" },
	{ "mmsync_scrape_duration_seconds", "0.042" },
	{ "mmsync_health_status{status=\"healthy\"}", "0" },
	{ "mmsync_health_status{status=\"degraded\"}", "1" },
	{ "mmsync_health_reasons{code=\"calendar_stale\",severity=\"degraded\"}", "2" },
	{ "mmsync_health_reasons{code=\"calendar_stale\",severity=\"note\"}", "1" },
	{ "mmsync_health_reasons{code=\"maintenance\",severity=\"note\"}", "1" },
	{ "mmsync_integrations{state=\"inactive\"}", "1" },
	{ "mmsync_calendars{state=\"unreadable\"}", "1" },
	{ "mmsync_tracked_events{type=\"user_event\",origin=\"outside\"}", "5" },
	{ "mmsync_tracked_events{type=\"booking\",origin=\"ours\"}", "2" },
	{ "mmsync_tracked_events{type=\"busy_block\",origin=\"ours\"}", "3" },
	{ "mmsync_events_created_24h", "8" },
	{ "mmsync_outbox_entries", "4" },
	{ "mmsync_outbox_oldest_age_seconds", "61.001" },
	{ "mmsync_stuck_creations", "6" },
	{ "mmsync_dead_letters{state=\"open\"}", "1" },
	{ "mmsync_dead_letters{state=\"given_up\"}", "2" },
	{ "mmsync_quarantined", "7" },
	{ "mmsync_integration_info{" HOSTILE ",provider=\"ical\"}", "1" },
	{ "mmsync_integration_info{integration=\"work\",provider=\"unknown\"}", "1" },
	{ "mmsync_integration_last_success_timestamp_seconds{" HOSTILE "}", "1772438398.500" },
	{ "mmsync_integration_last_success_timestamp_seconds{integration=\"work\"}", "absent" },
	{ "mmsync_integration_fresh{" HOSTILE "}", "1" },
	{ "mmsync_integration_fresh{integration=\"work\"}", "0" },
	{ "mmsync_integration_stale_after_seconds{" HOSTILE "}", "3600.000" },
	{ "mmsync_integration_failures_in_a_row{" HOSTILE "}", "3" },
	{ "mmsync_integration_circuit_state{" HOSTILE "}", "2" },
	{ "mmsync_integration_needs_reauth{integration=\"work\"}", "1" },
	{ "mmsync_integration_events{" HOSTILE "}", "97" },
	{ "mmsync_runs_total{" HOSTILE ",status=\"success\"}", "7" },
	{ "mmsync_runs_total{" HOSTILE ",status=\"failed\"}", "2" },
	{ "mmsync_run_duration_seconds_sum{" HOSTILE "}", "12.345" },
	{ "mmsync_run_duration_seconds_count{" HOSTILE "}", "9" },
	{ "mmsync_requests_total{" HOSTILE "}", "11" },
	{ "mmsync_request_retries_total{" HOSTILE "}", "1" },
	{ "mmsync_events_created_total{" HOSTILE "}", "100" },
	{ "mmsync_events_updated_total{" HOSTILE "}", "20" },
	{ "mmsync_events_deleted_total{" HOSTILE "}", "3" },
	{ "mmsync_events_failed_total{" HOSTILE "}", "4" },
	{ "mmsync_events_failed_total{integration=\"work\"}", "0" },
};

static void
the_text_is_what_prometheus_reads(void **state)
{
	MMS_AUTO(mms_str) out = { 0 };

	(void)state;
	make_site();
	mms_metrics_add_text(&out, &facts);
	const char *wrong = exposition_check(mms_str_get(&out));
	if (wrong != NULL)
		fail_msg("%s\n%s", wrong, mms_str_get(&out));
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		const char *is = exposition_value(mms_str_get(&out), texts[i].sample);
		if (strcmp(is, texts[i].value) != 0)
			fail_msg("%s is %s, want %s\n%s", texts[i].sample, is, texts[i].value,
				 mms_str_get(&out));
	}
}

static void
a_site_without_anything_has_every_family(void **state)
{
	MMS_AUTO(mms_str) out = { 0 };

	(void)state;
	make_site();
	overview = (struct mms_overview){ .oldest_waiting_ms = MMS_NO_TIME };
	health = (struct mms_health){ 0 };
	mms_metrics_add_text(&out, &facts);
	assert_non_null(strstr(mms_str_get(&out), "# TYPE mmsync_runs_total counter\n"));
	assert_string_equal(
		exposition_value(mms_str_get(&out), "mmsync_outbox_oldest_age_seconds"),
		"0.000");
}

/* The text that a sample of the JSON would be. */
static void
add_sample(struct mms_str *out, const json_t *sample)
{
	const char *key;
	json_t *value;
	int n = 0;

	mms_str_add(out, json_string_value(json_object_get(sample, "name")));
	json_object_foreach(json_object_get(sample, "labels"), key, value)
	{
		mms_str_addf(out, "%s%s=\"", n++ == 0 ? "{" : ",", key);
		for (const char *p = json_string_value(value); *p != '\0'; p++) {
			if (*p == '\n')
				mms_str_add(out, "\\n");
			else
				mms_str_addf(out, "%s%c", *p == '"' || *p == '\\' ? "\\" : "",
					     *p);
		}
		mms_str_addc(out, '"');
	}
	mms_str_addf(out, "%s %s\n", n > 0 ? "}" : "",
		     json_string_value(json_object_get(sample, "value")));
}

static void
json_says_the_same(void **state)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_str) json = { 0 };
	MMS_AUTO(mms_str) again = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	json_error_t why;
	json_t *family, *sample;
	size_t i, k;

	(void)state;
	make_site();
	mms_metrics_add_text(&text, &facts);
	assert_int_equal(mms_json_open_str(&j, &json, false, &err), MMS_OK);
	mms_json_map(&j);
	mms_metrics_put_json(&j, &facts);
	mms_json_map_end(&j);
	mms_json_done(&j);
	assert_int_equal(mms_json_check(&j, &err), MMS_OK);
	json_t *root = json_loads(mms_str_get(&json), JSON_REJECT_DUPLICATES, &why);
	json_array_foreach(json_object_get(root, "metrics"), i, family)
	{
		const char *name = json_string_value(json_object_get(family, "name"));
		mms_str_addf(&again, "# HELP %s %s\n# TYPE %s %s\n", name,
			     json_string_value(json_object_get(family, "help")), name,
			     json_string_value(json_object_get(family, "type")));
		json_array_foreach(json_object_get(family, "samples"), k, sample)
			add_sample(&again, sample);
	}
	assert_string_equal(mms_str_get(&again), mms_str_get(&text));
	json_decref(root);
}

static void
without_memory_there_is_no_half_of_it(void **state)
{
	MMS_AUTO(mms_str) whole = { 0 };
	unsigned n_whole = 0;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	make_site();
	mms_metrics_add_text(&whole, &facts);
	for (unsigned long n = 1; n_whole < 2; n++) {
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_str) json = { 0 };
		MMS_AUTO(mms_json) j = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 10000);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_metrics_add_text(&out, &facts);
		mms_rc rc = mms_json_open_str(&j, &json, false, &err);
		if (rc == MMS_OK) {
			mms_json_map(&j);
			mms_metrics_put_json(&j, &facts);
			mms_json_map_end(&j);
			mms_json_done(&j);
			rc = mms_json_check(&j, &err);
		}
		if (rc == MMS_OK)
			rc = mms_str_check(&json, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		assert_true(out.state != MMS_OK || strcmp(out.ptr, whole.ptr) == 0);
		assert_true(rc == MMS_OK || rc == MMS_E_NOMEM);
		n_whole += rc == MMS_OK && out.state == MMS_OK;
	}
}

/* A reader that takes everything would prove nothing. */
static void
the_reader_refuses_what_prometheus_refuses(void **state)
{
#define HEAD "# HELP a_total A.\n# TYPE a_total counter\n"
	static const struct {
		const char *text, *why; /* NULL: it is right */
	} rows[] = {
		{ HEAD "a_total 1\n", NULL },
		{ HEAD "a_total{x=\"\\\\ \\\" \\n\",y=\"2\"} 1.5\n", NULL },
		{ HEAD "a_total{} 1\n", "label" },
		{ HEAD "a_total 1", "no end" },
		{ HEAD "a_total 1 \n", "behind it" },
		{ HEAD "a_total one\n", "no number" },
		{ HEAD "a_total -1\n", "below zero" },
		{ HEAD "a_total{x=\"1\"} 1\na_total{x=\"1\"} 2\n", "twice" },
		{ HEAD "a_total{x=\"1\",x=\"2\"} 1\n", "label twice" },
		{ HEAD "a_total{x=\"1\n\"} 1\n", "without an end" },
		{ HEAD "a_total{x=\"\\t\"} 1\n", "escape" },
		{ HEAD "a_total{1x=\"1\"} 1\n", "label" },
		{ HEAD "a_total{x:y=\"1\"} 1\n", "label" },
		{ HEAD "b_total 1\n", "outside" },
		{ "a_total 1\n", "outside" },
		{ HEAD "\na_total 1\n", "outside" },
		{ HEAD "a_total 1\n" HEAD "a_total 1\n", "already" },
		{ "# TYPE a_total counter\na_total 1\n", "HELP" },
		{ "# HELP a A.\n# TYPE a counter\na 1\n", "_total" },
		{ "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n", "_total" },
		{ "# HELP a A.\n# TYPE a summary\na 1\n", "type has not" },
		{ "# HELP a A.\n# TYPE a summary\na_sum 1\na_count 2\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const char *why = exposition_check(rows[i].text);

		if ((why == NULL) != (rows[i].why == NULL) ||
		    (why != NULL && strstr(why, rows[i].why) == NULL))
			fail_msg("row %zu: %s", i, why != NULL ? why : "taken");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_what_prometheus_reads),
		cmocka_unit_test(a_site_without_anything_has_every_family),
		cmocka_unit_test(json_says_the_same),
		cmocka_unit_test(without_memory_there_is_no_half_of_it),
		cmocka_unit_test(the_reader_refuses_what_prometheus_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
