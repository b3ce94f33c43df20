/* What an answer of Microsoft Graph that is no success means for what was asked. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "../../connector/provider/outlook_parts.h"

static const struct service_kind kind = { .name = "Microsoft",
					  .setting = "microsoft.api_base" };
static const struct mms_calendar calendar = { .integration = "INT-0001" };

static const char *
body_of(char *buf, size_t size, const char *code, const char *message)
{
	if (code == NULL)
		return "";
	(void)snprintf(
		buf, size,
		"{\"error\":{\"code\":\"%s\",\"message\":\"%s\",\"innerError\":{\"date\":"
		"\"2026-03-10T10:00:00\",\"request-id\":\"a\",\"client-request-id\":\"b\"}}}",
		code, message);
	return buf;
}

static const struct {
	enum outlook_asked asked;
	long status;
	const char *code, *message;
	mms_rc rc;
} failures[] = {
	{ OUTLOOK_CHANGES, 410, "SyncStateNotFound", "The sync state generation is not found",
	  MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 410, "syncStateNotFound", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 404, "SYNCSTATENOTFOUND", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 400, "SyncStateInvalid", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 410, "resyncRequired", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 400, "ResyncChangesApplyDifferences", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 410, NULL, NULL, MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 400, "ErrorInvalidSyncStateData", "It is corrupt.", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 400, "ErrorInvalidMailboxItemId", "Another mailbox's.",
	  MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 404, "errorInvalidIdMalformed", "", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 410, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_CHANGES, 400, "BadRequest", "Badly formed token.", MMS_E_RESYNC },
	{ OUTLOOK_CHANGES, 400, "BadRequest", "Bad request.", MMS_E_CONFIG },
	{ OUTLOOK_CHANGES, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_CHANGES, 403, "syncStateNotFound", "", MMS_E_CONFIG },
	{ OUTLOOK_CHANGES, 503, "syncStateNotFound", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 410, "syncStateNotFound", "of a further page", MMS_E_RESYNC },
	{ OUTLOOK_LIST, 400, "BadRequest", "Badly formed token.", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 400, "ErrorInvalidIdMalformed", "Id is malformed.", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_LIST, 404, NULL, NULL, MMS_E_GONE },
	{ OUTLOOK_LIST, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 403, "ErrorAccessDenied", "Access is denied.", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 403, "Authorization_RequestDenied", "", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 401, "InvalidAuthenticationToken", "", MMS_E_AUTH },
	{ OUTLOOK_LIST, 429, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_LIST, 429, "ApplicationThrottled", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 403, "applicationThrottled", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 400, "MailboxConcurrency", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 404, "ErrorMailboxMoveInProgress", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 408, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_LIST, 425, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_LIST, 500, "InternalServerError", "", MMS_E_RETRY },
	{ OUTLOOK_LIST, 503, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_LIST, 504, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_LIST, 302, NULL, NULL, MMS_E_CONFIG },
	{ OUTLOOK_LIST, 418, "SomethingNew", "", MMS_E_CONFIG },
	{ OUTLOOK_LIST, 200, NULL, NULL, MMS_OK },
	{ OUTLOOK_SERIES, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_SERIES, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_CONFIG },
	{ OUTLOOK_SERIES, 410, NULL, NULL, MMS_E_GONE },
	{ OUTLOOK_SERIES, 400, "ErrorInvalidIdMalformed", "", MMS_E_CONFIG },
	{ OUTLOOK_FIND, 404, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_FIND, 400, "ErrorInvalidUrlQueryFilter", "", MMS_E_CONFIG },
	{ OUTLOOK_FIND, 403, "ErrorAccessDenied", "", MMS_E_CONFIG },
	{ OUTLOOK_LOOK, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_LOOK, 400, "ErrorInvalidIdMalformed", "", MMS_E_CONFIG },
	{ OUTLOOK_GET, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_GET, 404, "erroritemnotfound", "", MMS_E_GONE },
	{ OUTLOOK_GET, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_CONFIG },
	{ OUTLOOK_GET, 400, "ErrorInvalidMailboxItemId", "", MMS_E_CONFIG },
	{ OUTLOOK_GET, 403, "ErrorAccessDenied", "", MMS_E_CONFIG },
	{ OUTLOOK_GET, 500, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_CREATE, 409, "ErrorDuplicateTransactionId", "already been used",
	  MMS_E_CONFLICT },
	{ OUTLOOK_CREATE, 400, "errorDuplicateTransactionID", "", MMS_E_CONFLICT },
	{ OUTLOOK_CREATE, 409, NULL, NULL, MMS_E_CONFLICT },
	{ OUTLOOK_CREATE, 412, "ErrorIrresolvableConflict", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 404, "ErrorItemNotFound", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 400, "ErrorPropertyValidationFailure", "", MMS_E_ITEM },
	{ OUTLOOK_CREATE, 400, "ErrorInvalidIdMalformed", "", MMS_E_ITEM },
	{ OUTLOOK_CREATE, 403, "ErrorAccessDenied", "", MMS_E_ITEM },
	{ OUTLOOK_CREATE, 403, "ErrorQuotaExceeded", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 507, "ErrorQuotaExceeded", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 413, NULL, NULL, MMS_E_ITEM },
	{ OUTLOOK_CREATE, 401, "InvalidAuthenticationToken", "", MMS_E_RETRY },
	{ OUTLOOK_CREATE, 302, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_CREATE, 201, NULL, NULL, MMS_OK },
	{ OUTLOOK_CHANGE, 412, "ErrorIrresolvableConflict", "", MMS_E_CONFLICT },
	{ OUTLOOK_CHANGE, 412, NULL, NULL, MMS_E_CONFLICT },
	{ OUTLOOK_CHANGE, 409, "ErrorIrresolvableConflict", "", MMS_E_CONFLICT },
	{ OUTLOOK_CHANGE, 409, "Conflict", "", MMS_E_RETRY },
	{ OUTLOOK_CHANGE, 404, "ErrorItemNotFound", "", MMS_E_GONE },
	{ OUTLOOK_CHANGE, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_RETRY },
	{ OUTLOOK_CHANGE, 400, "ErrorOccurrenceCrossingBoundary", "", MMS_E_ITEM },
	{ OUTLOOK_CHANGE, 400, "ErrorInvalidIdMalformed", "", MMS_E_ITEM },
	{ OUTLOOK_CHANGE, 403, "ErrorAccessDenied", "", MMS_E_ITEM },
	{ OUTLOOK_CHANGE, 429, "TooManyRequests", "", MMS_E_RETRY },
	{ OUTLOOK_DELETE, 412, "ErrorIrresolvableConflict", "", MMS_E_CONFLICT },
	{ OUTLOOK_DELETE, 404, "ErrorItemNotFound", "", MMS_OK },
	{ OUTLOOK_DELETE, 410, NULL, NULL, MMS_OK },
	{ OUTLOOK_DELETE, 404, "MailboxNotEnabledForRESTAPI", "", MMS_E_RETRY },
	{ OUTLOOK_DELETE, 404, "ErrorMailboxStoreUnavailable", "", MMS_E_RETRY },
	{ OUTLOOK_DELETE, 400, "ErrorInvalidIdMalformed", "", MMS_E_ITEM },
	{ OUTLOOK_DELETE, 403, "ErrorAccessDenied", "", MMS_E_ITEM },
	{ OUTLOOK_DELETE, 307, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_DELETE, 204, NULL, NULL, MMS_OK },
	{ OUTLOOK_BATCH, 404, NULL, NULL, MMS_E_RETRY },
	{ OUTLOOK_BATCH, 400, "BadRequest", "", MMS_E_ITEM },
	{ OUTLOOK_BATCH, 200, NULL, NULL, MMS_OK },
};

static void
a_failure_is_the_next_move(void **state)
{
	const struct service s = { .kind = &kind, .calendar = &calendar, .id = "AAMkAGI1" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(failures); i++) {
		char buf[1024];
		const char *body =
			body_of(buf, sizeof buf, failures[i].code, failures[i].message);
		MMS_AUTO(mms_err) err = { 0 };

		mms_rc rc = outlook_judge(&s, (int)failures[i].asked, failures[i].status, body,
					  strlen(body), &err);
		if (rc != failures[i].rc || err.code != rc)
			fail_msg("row %zu: %d, %ld %s: %s", i, (int)failures[i].asked,
				 failures[i].status, failures[i].code, mms_rc_name(rc));
		if (rc == MMS_OK)
			continue;
		if (strstr(mms_err_text(&err), "INT-0001") == NULL ||
		    strstr(mms_err_text(&err), "AAMkAGI1") == NULL)
			fail_msg("row %zu does not say where: %s", i, mms_err_text(&err));
		if (failures[i].code != NULL &&
		    strstr(mms_err_text(&err), failures[i].code) == NULL)
			fail_msg("row %zu does not say what: %s", i, mms_err_text(&err));
		if (rc == MMS_E_ITEM || rc == MMS_E_CONFIG)
			assert_true(mms_err_hint(&err)[0] != '\0');
	}
}

static void
what_is_to_be_done_is_said(void **state)
{
	static const struct {
		enum outlook_asked asked;
		long status;
		const char *code, *hint;
	} rows[] = {
		{ OUTLOOK_LIST, 403, "ErrorAccessDenied", "share the calendar" },
		{ OUTLOOK_CREATE, 403, "ErrorAccessDenied", "make the integration read only" },
		{ OUTLOOK_LIST, 403, "Authorization_RequestDenied",
		  "connect 'INT-0001' again and allow" },
		{ OUTLOOK_LIST, 400, "ErrorInvalidIdMalformed", "Calendar ID in 'INT-0001'" },
		{ OUTLOOK_GET, 400, "ErrorInvalidIdMalformed", "another account" },
		{ OUTLOOK_LIST, 404, "MailboxNotEnabledForRESTAPI", "licence" },
		{ OUTLOOK_CREATE, 400, "ErrorQuotaExceeded", "make room" },
		{ OUTLOOK_LIST, 302, "", "microsoft.api_base" },
		{ OUTLOOK_LIST, 400, "SomethingNew", "microsoft.api_base" },
		{ OUTLOOK_FIND, 404, "", "microsoft.api_base" },
		{ OUTLOOK_LIST, 404, "ErrorItemNotFound",
		  "in Outlook that the calendar exists" },
		{ OUTLOOK_LIST, 401, "", "connect 'INT-0001' again" },
	};
	const struct service s = { .kind = &kind, .calendar = &calendar, .id = "AAMkAGI1" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char buf[1024];
		const char *body = body_of(buf, sizeof buf, rows[i].code, "");
		MMS_AUTO(mms_err) err = { 0 };

		(void)outlook_judge(&s, (int)rows[i].asked, rows[i].status, body, strlen(body),
				    &err);
		if (strstr(mms_err_hint(&err), rows[i].hint) == NULL)
			fail_msg("row %zu: %s", i, mms_err_hint(&err));
	}
}

static void
what_an_answer_says_of_itself_is_read_and_bounded(void **state)
{
	static const struct {
		const char *label, *body, *code, *message;
	} rows[] = {
		{ "nothing", "", "", "" },
		{ "a page for people", "<html>Error</html>", "", "" },
		{ "no error", "{\"value\":[]}", "", "" },
		{ "an error that is a word", "{\"error\":\"invalid_grant\"}", "", "" },
		{ "the usual",
		  "{\"error\":{\"code\":\"c\",\"message\":\"m\",\"innerError\":{\"code\":\"i\","
		  "\"message\":\"n\",\"date\":\"d\"}}}",
		  "c", "m" },
		{ "the inner one first",
		  "{\"error\":{\"innerError\":{\"code\":\"i\"},\"message\":\"m\",\"code\":"
		  "\"c\"}}",
		  "c", "m" },
		{ "only the inner one says it",
		  "{\"error\":{\"code\":\"\",\"innererror\":{\"code\":\"i\",\"message\":\"n\"}}"
		  "}",
		  "i", "n" },
		{ "an inner one that is none",
		  "{\"error\":{\"code\":\"c\",\"message\":null,\"innerError\":[{\"code\":\"i\"}"
		  "]}}",
		  "c", "" },
		{ "wrong types", "{\"error\":{\"code\":5,\"message\":{\"value\":\"m\"}}}", "",
		  "" },
		{ "control characters and what is not ASCII",
		  "{\"error\":{\"message\":\"a\\nb\\u0000\\u001b[31m\\u00e4c\"}}", "",
		  "a b[31mc" },
		{ "cut off", "{\"error\":{\"code\":\"SyncStateNotFound\",\"mess", "", "" },
		{ "cut off behind the error", "{\"error\":{\"code\":\"SyncStateNotFound\"}", "",
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct outlook_fault fault;

		outlook_fault_read(rows[i].body, strlen(rows[i].body), &fault);
		if (strcmp(fault.code, rows[i].code) != 0 ||
		    strcmp(fault.message, rows[i].message) != 0)
			fail_msg("%s: '%s' '%s'", rows[i].label, fault.code, fault.message);
	}
}

static void
a_long_message_is_cut(void **state)
{
	MMS_AUTO(mms_str) body = { 0 };
	struct outlook_fault fault;

	(void)state;
	mms_str_add(&body, "{\"error\":{\"message\":\"");
	for (int i = 0; i < 100000; i++)
		mms_str_add(&body, "x");
	mms_str_add(&body, "\",\"code\":\"");
	for (int i = 0; i < 1000; i++)
		mms_str_add(&body, "y");
	mms_str_add(&body, "\"}}");
	outlook_fault_read(mms_str_get(&body), body.len, &fault);
	assert_int_equal(strlen(fault.message), sizeof fault.message - 1);
	assert_int_equal(strlen(fault.code), sizeof fault.code - 1);
}

static void
limits_pass_by_themselves_other_refusals_do_not(void **state)
{
	static const struct {
		long status;
		const char *code;
		bool is_passing;
	} rows[] = {
		{ 403, "ApplicationThrottled", true },  { 400, "mailboxconcurrency", true },
		{ 404, "ErrorServerBusy", true },       { 403, "ErrorAccessDenied", false },
		{ 404, "ErrorItemNotFound", false },    { 410, "SyncStateNotFound", false },
		{ 200, "ApplicationThrottled", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_http_answer) answer = { .status = rows[i].status };
		char buf[1024];

		mms_str_add(&answer.body, body_of(buf, sizeof buf, rows[i].code, ""));
		assert_int_equal(outlook_is_passing(&answer), rows[i].is_passing);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_the_next_move),
		cmocka_unit_test(what_is_to_be_done_is_said),
		cmocka_unit_test(what_an_answer_says_of_itself_is_read_and_bounded),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(limits_pass_by_themselves_other_refusals_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
