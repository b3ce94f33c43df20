/* What an answer of Google Calendar that is no success means for what was asked. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/google_parts.h"

#define NOW INT64_C(1773133200000)

static const char *
body_of(char *buf, size_t size, const char *reason, const char *message, const char *location)
{
	if (reason == NULL)
		return "";
	(void)snprintf(
		buf, size,
		"{\"error\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"%s\","
		"\"message\":\"%s\",\"locationType\":\"parameter\",\"location\":\"%s\"}],"
		"\"code\":400,\"message\":\"%s\"}}",
		reason, message, location, message);
	return buf;
}

static const struct {
	enum google_asked asked;
	long status;
	const char *reason, *message, *location;
	mms_rc rc;
} failures[] = {
	{ GOOGLE_CHANGES, 410, "fullSyncRequired", "Sync token is no longer valid", "syncToken",
	  MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 410, "updatedMinTooLongAgo", "", "updatedMin", MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 410, NULL, NULL, NULL, MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 410, "deleted", "Resource has been deleted", "", MMS_E_GONE },
	{ GOOGLE_CHANGES, 400, "invalid", "Invalid Value", "syncToken", MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 400, "invalid", "Invalid sync token value.", "", MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 400, "invalid", "Bad SYNCTOKEN", "", MMS_E_RESYNC },
	{ GOOGLE_CHANGES, 400, "invalid", "Invalid Value", "pageToken", MMS_E_CONFIG },
	{ GOOGLE_LIST, 400, "timeRangeEmpty", "", "timeMax", MMS_E_CONFIG },
	{ GOOGLE_LIST, 404, "notFound", "Not Found", "", MMS_E_GONE },
	{ GOOGLE_LIST, 403, "forbidden", "Forbidden", "", MMS_E_CONFIG },
	{ GOOGLE_LIST, 403, "insufficientPermissions", "", "", MMS_E_CONFIG },
	{ GOOGLE_LIST, 403, "accessNotConfigured", "", "", MMS_E_CONFIG },
	{ GOOGLE_LIST, 403, "rateLimitExceeded", "", "", MMS_E_RETRY },
	{ GOOGLE_LIST, 403, "userRateLimitExceeded", "", "", MMS_E_RETRY },
	{ GOOGLE_LIST, 403, "quotaExceeded", "Calendar usage limits exceeded.", "",
	  MMS_E_WAIT },
	{ GOOGLE_LIST, 403, "dailyLimitExceeded", "", "", MMS_E_WAIT },
	{ GOOGLE_LIST, 429, NULL, NULL, NULL, MMS_E_RETRY },
	{ GOOGLE_LIST, 500, "backendError", "", "", MMS_E_RETRY },
	{ GOOGLE_LIST, 503, NULL, NULL, NULL, MMS_E_RETRY },
	{ GOOGLE_LIST, 302, NULL, NULL, NULL, MMS_E_CONFIG },
	{ GOOGLE_CREATE, 302, NULL, NULL, NULL, MMS_E_RETRY },
	{ GOOGLE_DELETE, 307, NULL, NULL, NULL, MMS_E_RETRY },
	{ GOOGLE_LIST, 200, NULL, NULL, NULL, MMS_OK },
	{ GOOGLE_SERIES, 404, "notFound", "", "", MMS_E_GONE },
	{ GOOGLE_SERIES, 410, "deleted", "", "", MMS_E_GONE },
	{ GOOGLE_SERIES, 410, NULL, NULL, NULL, MMS_E_GONE },
	{ GOOGLE_LOOK, 404, "notFound", "", "", MMS_E_GONE },
	{ GOOGLE_GET, 404, "notFound", "", "", MMS_E_GONE },
	{ GOOGLE_GET, 410, "deleted", "", "", MMS_E_GONE },
	{ GOOGLE_GET, 403, "forbidden", "", "", MMS_E_CONFIG },
	{ GOOGLE_GET, 500, NULL, NULL, NULL, MMS_E_RETRY },
	{ GOOGLE_CREATE, 409, "duplicate", "The requested identifier already exists.", "",
	  MMS_E_CONFLICT },
	{ GOOGLE_CREATE, 404, "notFound", "", "", MMS_E_RETRY },
	{ GOOGLE_CREATE, 400, "invalid", "Invalid attendee email.", "", MMS_E_ITEM },
	{ GOOGLE_CREATE, 403, "requiredAccessLevel", "", "", MMS_E_ITEM },
	{ GOOGLE_CREATE, 403, "insufficientPermissions", "", "", MMS_E_ITEM },
	{ GOOGLE_CREATE, 403, "accessNotConfigured", "", "", MMS_E_RETRY },
	{ GOOGLE_CREATE, 403, "quotaExceeded", "", "", MMS_E_WAIT },
	{ GOOGLE_CREATE, 401, "authError", "", "", MMS_E_RETRY },
	{ GOOGLE_CREATE, 204, NULL, NULL, NULL, MMS_OK },
	{ GOOGLE_CHANGE, 412, "conditionNotMet", "", "If-Match", MMS_E_CONFLICT },
	{ GOOGLE_CHANGE, 409, "conflict", "", "", MMS_E_RETRY },
	{ GOOGLE_CHANGE, 404, "notFound", "", "", MMS_E_GONE },
	{ GOOGLE_CHANGE, 410, "deleted", "", "", MMS_E_GONE },
	{ GOOGLE_CHANGE, 403, "forbiddenForNonOrganizer", "", "", MMS_E_ITEM },
	{ GOOGLE_CHANGE, 403, "userRateLimitExceeded", "", "", MMS_E_RETRY },
	{ GOOGLE_DELETE, 412, "conditionNotMet", "", "If-Match", MMS_E_CONFLICT },
	{ GOOGLE_DELETE, 404, "notFound", "", "", MMS_OK },
	{ GOOGLE_DELETE, 410, "deleted", "", "", MMS_OK },
	{ GOOGLE_DELETE, 403, "forbidden", "", "", MMS_E_ITEM },
	{ GOOGLE_DELETE, 500, NULL, NULL, NULL, MMS_E_RETRY },
};

static void
a_failure_is_the_next_move(void **state)
{
	const struct mms_clock clock = { .is_fixed = true, .fixed_ms = NOW };
	const struct mms_provider_env env = { .clock = &clock };
	const struct mms_calendar calendar = { .integration = "INT-0001" };
	const struct service s = { .kind = &google_kind,
				   .env = &env,
				   .calendar = &calendar,
				   .id = "ann@example.com" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(failures); i++) {
		char buf[1024];
		const char *body = body_of(buf, sizeof buf, failures[i].reason,
					   failures[i].message, failures[i].location);
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = google_judge(&s, (int)failures[i].asked, failures[i].status, body,
					 strlen(body), &err);
		if (rc != failures[i].rc || err.code != rc)
			fail_msg("row %zu: %d, %ld %s: %s", i, (int)failures[i].asked,
				 failures[i].status, failures[i].reason, mms_rc_name(rc));
		if (rc == MMS_OK)
			continue;
		if (strstr(mms_err_text(&err), "INT-0001") == NULL ||
		    strstr(mms_err_text(&err), "ann@example.com") == NULL)
			fail_msg("row %zu does not say where: %s", i, mms_err_text(&err));
		if (rc == MMS_E_WAIT)
			assert_int_equal(err.retry_at_ms, NOW + 3600000);
		if (rc == MMS_E_ITEM || rc == MMS_E_CONFIG)
			assert_true(mms_err_hint(&err)[0] != '\0');
	}
}

static void
what_an_answer_says_of_itself_is_read_and_bounded(void **state)
{
	static const struct {
		const char *label, *body, *reason, *message;
	} rows[] = {
		{ "nothing", "", "", "" },
		{ "a page for people", "<html>Error</html>", "", "" },
		{ "no error", "{\"kind\":1}", "", "" },
		{ "an error that is a word", "{\"error\":\"invalid_grant\"}", "", "" },
		{ "a newer front end",
		  "{\"error\":{\"code\":429,\"message\":\"Quota exceeded\",\"status\":"
		  "\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":\"x\",\"reason\":\"y\"}]}}",
		  "rateLimitExceeded", "Quota exceeded" },
		{ "both ages",
		  "{\"error\":{\"status\":\"PERMISSION_DENIED\",\"errors\":[{\"reason\":"
		  "\"quotaExceeded\",\"message\":\"m\"}],\"message\":\"other\"}}",
		  "quotaExceeded", "m" },
		{ "several",
		  "{\"error\":{\"errors\":[{},{\"reason\":\"a\"},{\"reason\":\"b\"}]}}", "a",
		  "" },
		{ "control characters and what is not ASCII",
		  "{\"error\":{\"message\":\"a\\nb\\u0000\\u001b[31m\\u00e4c\"}}", "",
		  "a b[31mc" },
		{ "cut off", "{\"error\":{\"errors\":[{\"reason\":\"quotaExceeded\"", NULL,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct google_fault fault;

		google_fault_read(rows[i].body, strlen(rows[i].body), &fault);
		if (rows[i].reason != NULL && (strcmp(fault.reason, rows[i].reason) != 0 ||
					       strcmp(fault.message, rows[i].message) != 0))
			fail_msg("%s: '%s' '%s'", rows[i].label, fault.reason, fault.message);
	}
}

static void
a_long_message_is_cut(void **state)
{
	MMS_AUTO(mms_str) body = { 0 };
	struct google_fault fault;

	(void)state;
	mms_str_add(&body, "{\"error\":{\"message\":\"");
	for (int i = 0; i < 100000; i++)
		mms_str_add(&body, i == 3 ? "\\n" : "x");
	mms_str_add(&body, "\"}}");
	google_fault_read(mms_str_get(&body), body.len, &fault);
	assert_true(strlen(fault.message) >= 3 && strlen(fault.message) < 256);
}

static void
rate_limits_pass_by_themselves_other_refusals_do_not(void **state)
{
	static const struct {
		long status;
		const char *reason;
		bool is_passing;
	} rows[] = {
		{ 403, "rateLimitExceeded", true },  { 403, "userRateLimitExceeded", true },
		{ 403, "quotaExceeded", false },     { 403, "forbidden", false },
		{ 400, "rateLimitExceeded", false }, { 200, "rateLimitExceeded", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) answer = { .status = rows[i].status };
		char buf[1024];

		mms_str_add(&answer.body, body_of(buf, sizeof buf, rows[i].reason, "", ""));
		assert_int_equal(google_is_passing(&answer), rows[i].is_passing);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_the_next_move),
		cmocka_unit_test(what_an_answer_says_of_itself_is_read_and_bounded),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(rate_limits_pass_by_themselves_other_refusals_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
