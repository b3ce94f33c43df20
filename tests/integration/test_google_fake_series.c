/* Series, batches, tokens and misbehaviour of the fake Google Calendar; recordings beside it. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "mmsync/clock.h"
#include "support/gtable.h"

#define REASON "error.errors.0.reason="
#define LUNCH  "event ann@example.com lunch1 \"Lunch\" 2026-03-04T12:00 2026-03-04T13:00\n"
/* Berlin's clocks go forward on 29 March: 9:00 is 8:00 and then 7:00 UTC. */
#define WEEKLY                                                                           \
	"series ann@example.com standup \"Stand-up\" 2026-03-18T09:00 2026-03-18T09:15 " \
	"FREQ=WEEKLY;COUNT=3 private.mmsync_kind=user_event\n"
#define SINGLE "$E?singleEvents=true"
#define TALK                                                                       \
	"\"start\":{\"dateTime\":\"2026-03-04T10:00:00Z\"},\"end\":{\"dateTime\":" \
	"\"2026-03-04T11:00:00Z\"}"

/* ---- series -------------------------------------------------------------------------------------- */

static void
a_series_is_expanded_in_its_zone(void **state)
{
	static const struct gtable_row rows[] = {
		{ "weekly", WEEKLY, "GET", SINGLE, NULL, NULL, 200,
		  "items#3;items.0.id=standup_20260318T080000Z;items.2.id=standup_"
		  "20260401T070000Z;"
		  "items.2.start.dateTime=2026-04-01T09:00:00+02:00;items.2.recurringEventId="
		  "standup;"
		  "items.2.originalStartTime.dateTime=2026-04-01T09:00:00+02:00;!items.2."
		  "recurrence;"
		  "items.2.extendedProperties.private.mmsync_kind=user_event" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 200,
		  "items#1;items.0.id=standup;items.0.recurrence#1" },
		{ NULL, NULL, "GET",
		  SINGLE "&timeMin=2026-03-20T00:00:00Z&timeMax=2026-03-27T00:"
			 "00:00Z",
		  NULL, NULL, 200, "items#1;items.0.id=standup_20260325T080000Z" },
		{ NULL, NULL, "GET",
		  "$E/standup/"
		  "instances?timeMin=2026-03-20T00:00:00Z&timeMax=2026-04-27T00:00:00Z",
		  NULL, NULL, 200, "items#2;!nextSyncToken" },
		{ NULL, NULL, "GET", "$E/nothing/instances", NULL, NULL, 404, NULL },
		{ NULL, NULL, "GET", "$E/standup_20260325T080000Z", NULL, NULL, 200,
		  "recurringEventId=standup;start.dateTime=2026-03-25T09:00:00+01:00" },
		{ NULL, NULL, "GET", "$E/standup_20260326T080000Z", NULL, NULL, 404, NULL },
		{ NULL, NULL, "GET", "$E/standup", NULL, NULL, 200, "recurrence#1" },
		{ "an instance that was looked at follows its series", WEEKLY, "GET",
		  "$E/standup_20260325T080000Z", NULL, NULL, 200, NULL },
		{ NULL, "change ann@example.com standup title=New\n", "GET",
		  "$E/standup_20260325T080000Z", NULL, NULL, 200, "summary=New" },
		{ "days",
		  "series ann@example.com day01 \"Day\" 2026-03-28 2026-03-29 "
		  "FREQ=DAILY;INTERVAL=2;"
		  "UNTIL=20260401\n",
		  "GET", SINGLE, NULL, NULL, 200,
		  "items#3;items.1.id=day01_20260330;items.1.start.date=2026-03-30;items.1."
		  "originalStartTime.date=2026-03-30;items.2.id=day01_20260401" },
		{ "until, in UTC",
		  "series ann@example.com until1 \"U\" 2026-03-18T09:00 2026-03-18T10:00 "
		  "FREQ=DAILY;"
		  "UNTIL=20260320T080000Z\n",
		  "GET", SINGLE, NULL, NULL, 200, "items#3" },
		{ "a series without an end",
		  "series ann@example.com daily1 \"U\" 2026-03-18T09:00 2026-03-18T10:00 "
		  "FREQ=DAILY\n",
		  "GET", SINGLE "&timeMax=2026-03-21T00:00:00Z", NULL, NULL, 200, "items#3" },
	};

	(void)state;
	PLAY(rows);
}

static void
one_instance_may_go_its_own_way(void **state)
{
	static const struct gtable_row rows[] = {
		{ "moved", WEEKLY, "GET", SINGLE, NULL, NULL, 200, "items#3" },
		{ NULL,
		  "change ann@example.com standup_20260325T080000Z start=2026-03-25T12:00 "
		  "end=2026-03-25T12:15\n",
		  "GET", SINGLE "&syncToken=$sync", NULL, NULL, 200,
		  "items#1;items.0.start.dateTime=2026-03-25T12:00:00+01:00;items.0."
		  "originalStartTime.dateTime=2026-03-25T09:00:00+01:00" },
		{ NULL, "delete ann@example.com standup_20260401T070000Z\n", "GET",
		  SINGLE "&syncToken=$sync", NULL, NULL, 200,
		  "items#1;items.0.id=standup_20260401T070000Z;items.0.status=cancelled;items."
		  "0."
		  "recurringEventId=standup;items.0.originalStartTime.dateTime=2026-04-01T09:"
		  "00:00+"
		  "02:00;!items.0.start;!items.0.summary" },
		{ NULL, NULL, "GET", SINGLE, NULL, NULL, 200, "items#2" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 200, "items#3" },
		{ "by request", WEEKLY, "DELETE", "$E/standup_20260325T080000Z", NULL, NULL,
		  204, NULL },
		{ NULL, NULL, "DELETE", "$E/standup_20260325T080000Z", NULL, NULL, 410, NULL },
		{ NULL, NULL, "PATCH", "$E/standup_20260401T070000Z", NULL,
		  "{\"summary\":\"X\"}", 200, "summary=X;recurringEventId=standup" },
		{ NULL, NULL, "GET", SINGLE, NULL, NULL, 200, "items#2;items.1.summary=X" },
	};

	(void)state;
	PLAY(rows);
}

static void
a_series_ends_in_either_of_two_ways(void **state)
{
	static const struct gtable_row rows[] = {
		{ "deleted, instance by instance", WEEKLY, "GET", SINGLE, NULL, NULL, 200,
		  NULL },
		{ NULL, "delete ann@example.com standup\n", "GET", SINGLE "&syncToken=$sync",
		  NULL, NULL, 200,
		  "items#3;items.0.id=standup_20260318T080000Z;items.0.status=cancelled;items."
		  "2.id="
		  "standup_20260401T070000Z" },
		{ NULL, NULL, "GET", SINGLE, NULL, NULL, 200, "items#0" },
		{ "deleted, one tombstone",
		  WEEKLY "set series-delete master\nchange ann@example.com "
			 "standup_20260325T080000Z title=Own\n",
		  "GET", SINGLE, NULL, NULL, 200, "items#3" },
		{ NULL, "delete ann@example.com standup\n", "GET", SINGLE "&syncToken=$sync",
		  NULL, NULL, 200,
		  "items#1;items.0.id=standup;items.0.status=cancelled;!items.0."
		  "recurringEventId" },
		{ "this and following, with tombstones", WEEKLY, "GET", SINGLE, NULL, NULL, 200,
		  NULL },
		{ NULL, "delete-from ann@example.com standup 2026-03-25T09:00\n", "GET",
		  SINGLE "&syncToken=$sync", NULL, NULL, 200,
		  "items#3;items.0.id=standup_20260318T080000Z;items.0.status=confirmed;items."
		  "1.id="
		  "standup_20260325T080000Z;items.1.status=cancelled;items.2.status="
		  "cancelled" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 200, "items.0.recurrence#1" },
		{ NULL, NULL, "GET", SINGLE, NULL, NULL, 200, "items#1" },
		{ "this and following, in silence", WEEKLY "set following-delete silent\n",
		  "GET", SINGLE, NULL, NULL, 200, NULL },
		{ NULL, "delete-from ann@example.com standup 2026-03-25T09:00\n", "GET",
		  SINGLE "&syncToken=$sync", NULL, NULL, 200,
		  "items#1;items.0.id=standup_20260318T080000Z;items.0.status=confirmed" },
		{ "moved as a whole", WEEKLY, "GET", SINGLE, NULL, NULL, 200, NULL },
		{ NULL,
		  "change ann@example.com standup start=2026-03-18T10:00 "
		  "end=2026-03-18T10:15\n",
		  "GET", SINGLE "&syncToken=$sync", NULL, NULL, 200,
		  "items#6;items.0.id=standup_20260318T090000Z;items.3.status=cancelled" },
	};

	(void)state;
	PLAY(rows);
}

/* ---- batches ------------------------------------------------------------------------------------- */

#define BATCH "Content-Type: multipart/mixed; boundary=b1\r\n"
#define PART(id, request)                                                                     \
	"--b1\r\nContent-Type: application/http\r\nContent-ID: <" id ">\r\n\r\n" request "\r" \
	"\n"
#define E "/calendar/v3/calendars/primary/events"

/* The status of the part with an id; 0: there is none. */
static unsigned
part_status(const struct gfake_answer *answer, const char *id)
{
	char wanted[80];

	(void)snprintf(wanted, sizeof wanted, "Content-ID: <response-%s>\r\n\r\nHTTP/1.1 ", id);
	const char *at = strstr(mms_str_get(&answer->body), wanted);
	return at != NULL ? (unsigned)strtoul(at + strlen(wanted), NULL, 10) : 0;
}

static void
ask_batch(const char *headers, const char *body, struct gfake_answer *answer)
{
	char all[512];

	(void)snprintf(all, sizeof all, "Authorization: Bearer A\r\n%s", headers);
	assert_true(gfake_ask(gtable_fake(), "POST", "/batch/calendar/v3", all, body, answer));
}

static void
each_part_of_a_batch_has_its_own_answer(void **state)
{
	static const char body[] = PART(
		"i1", "POST " E " HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"id\":"
		      "\"abcde\"," TALK "}")
		PART("i2",
		     "POST " E
		     "\r\nContent-Type: application/json\r\n\r\n{\"id\":\"abcde\"," TALK
		     "}") PART("i3", "PATCH " E
				     "/lunch1 HTTP/1.1\r\nIf-Match: \"1\"\r\nContent-Type: "
				     "application/json\r\n\r\n{}")
			PART("i4", "DELETE " E "/lunch1?sendUpdates=none HTTP/1.1\r\n\r\n")
				PART("i5", "GET https://www.googleapis.com" E
					   " HTTP/1.1\r\n\r\n") "--b1--\r\n";
	static const struct {
		const char *id;
		unsigned status;
	} wants[] = { { "i1", 200 }, { "i2", 409 }, { "i3", 412 }, { "i4", 204 } };
	struct gfake_answer answer = { 0 };

	(void)state;
	for (int is_shuffled = 0; is_shuffled < 2; is_shuffled++) {
		gfake_control(gtable_fake(), GTABLE_ANN LUNCH "%s",
			      is_shuffled ? "set shuffle on\n" : "");
		fake_clear_log(gtable_fake());
		ask_batch(BATCH, body, &answer);
		assert_int_equal(answer.status, 200);
		for (size_t i = 0; i < MMS_COUNT(wants); i++)
			assert_int_equal(part_status(&answer, wants[i].id), wants[i].status);
		const char *first = strstr(mms_str_get(&answer.body), "<response-i1>");
		const char *last = strstr(mms_str_get(&answer.body), "<response-i4>");
		assert_int_equal(first > last, is_shuffled);
		assert_int_equal(gfake_count(gtable_fake(), NULL, NULL), 1);
		assert_int_equal(gfake_count(gtable_fake(), "PATCH", "/lunch1"), 1);
		assert_int_equal(gfake_count(gtable_fake(), "POST", "/events"), 2);
	}
	gfake_answer_release(&answer);
}

static void
a_batch_is_refused_whole_or_in_parts(void **state)
{
	static const struct {
		const char *label, *script, *headers, *body;
		unsigned status, part;
	} rows[] = {
		{ "no boundary", "", "Content-Type: multipart/mixed\r\n",
		  PART("i1", "GET " E " HTTP/1.1\r\n\r\n") "--b1--\r\n", 400, 0 },
		{ "no end", "", BATCH, PART("i1", "GET " E " HTTP/1.1\r\n\r\n"), 400, 0 },
		{ "no part", "", BATCH, "--b1--\r\n", 400, 0 },
		{ "too many", "set batch-max 1\n", BATCH,
		  PART("i1", "GET " E " HTTP/1.1\r\n\r\n")
			  PART("i2", "GET " E " HTTP/1.1\r\n\r\n") "--b1--\r\n",
		  400, 0 },
		{ "one", "set batch-max 1\n", BATCH,
		  PART("i1", "GET " E " HTTP/1.1\r\n\r\n") "--b1--\r\n", 200, 200 },
		{ "a part told to fail", "fault 1 GET /events error 403 rateLimitExceeded\n",
		  BATCH, PART("i1", "GET " E " HTTP/1.1\r\n\r\n") "--b1--\r\n", 200, 403 },
		{ "no right", "token ann@example.com expire\n", BATCH,
		  PART("i1", "GET " E " HTTP/1.1\r\n\r\n") "--b1--\r\n", 200, 401 },
	};
	struct gfake_answer answer = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		gfake_control(gtable_fake(), GTABLE_ANN "%s", rows[i].script);
		ask_batch(rows[i].headers, rows[i].body, &answer);
		if (answer.status != rows[i].status ||
		    part_status(&answer, "i1") != rows[i].part)
			fail_msg("%s: %u\n%s", rows[i].label, answer.status,
				 mms_str_get(&answer.body));
	}
	gfake_answer_release(&answer);
}

/* ---- tokens -------------------------------------------------------------------------------------- */

#define FORM           "Content-Type: application/x-www-form-urlencoded\r\n"
#define CLIENT         "client_id=client-1&client_secret=secret-1"
#define REFRESH(token) CLIENT "&grant_type=refresh_token&refresh_token=" token

static void
tokens_are_renewed_and_die(void **state)
{
	static const struct gtable_row rows[] = {
		{ "refresh", NULL, "POST", "/token", FORM, REFRESH("R"), 200,
		  "access_token=ya29.ann@example.com.1;expires_in=3599;token_type=Bearer;"
		  "!refresh_token;scope" },
		{ NULL, NULL, "GET", "$E", "Authorization: Bearer ya29.ann@example.com.1\r\n",
		  NULL, 200, NULL },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 200, NULL },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("S"), 400,
		  "error=invalid_grant" },
		{ NULL, NULL, "POST", "/token", FORM, CLIENT "&grant_type=refresh_token", 400,
		  "error=invalid_request" },
		{ NULL, NULL, "POST", "/token", FORM, CLIENT "&grant_type=password", 400,
		  "error=unsupported_grant_type" },
		{ NULL, NULL, "POST", "/token", FORM,
		  "client_id=client-1&client_secret=wrong&grant_type=refresh_token&refresh_"
		  "token=R",
		  401, "error=invalid_client" },
		{ NULL, NULL, "POST", "/token", NULL, "{}", 400, "error=invalid_request" },
		{ NULL, "token ann@example.com revoke\n", "POST", "/token", FORM, REFRESH("R"),
		  400,
		  "error=invalid_grant;error_description=Token has been expired or revoked." },
		{ NULL, "token ann@example.com allow\n", "POST", "/token", FORM, REFRESH("R"),
		  200, NULL },
		{ "rotated", "token ann@example.com rotate\n", "POST", "/token", FORM,
		  REFRESH("R"), 200, "refresh_token=1//ann@example.com.1" },
		{ "the old one lives until the new one is used",
		  "token ann@example.com rotate\n", "POST", "/token", FORM, REFRESH("R"), 200,
		  "refresh_token" },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("R"), 200, "!refresh_token" },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("1//ann@example.com.1"), 200,
		  NULL },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("R"), 400, NULL },
		{ "rotated at once", "token ann@example.com rotate-hard\n", "POST", "/token",
		  FORM, REFRESH("R"), 200, "refresh_token" },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("R"), 400, NULL },
		{ "a short life", "set lifetime 5\n", "POST", "/token", FORM, REFRESH("R"), 200,
		  "expires_in=5" },
		{ NULL, "now 2026-03-02T08:00:05Z\n", "GET", "$E",
		  "Authorization: Bearer ya29.ann@example.com.1\r\n", NULL, 401, NULL },
	};

	(void)state;
	PLAY(rows);
}

#define VERIFIER           "0123456789012345678901234567890123456789012"
#define REDEEM(code, more) CLIENT "&grant_type=authorization_code&code=" code more

static void
a_code_needs_its_verifier(void **state)
{
	static const struct gtable_row rows[] = {
		{ NULL, NULL, "POST", "/token", FORM, REDEEM("c1", ""), 400,
		  "error=invalid_grant" },
		{ NULL, "code c2 account=ann@example.com\n", "POST", "/token", FORM,
		  REDEEM("c2", ""), 200, "refresh_token;access_token" },
		{ NULL, NULL, "POST", "/token", FORM, REDEEM("c2", ""), 400,
		  "error=invalid_grant" },
		{ NULL, "code c3 account=ann@example.com redirect=http://127.0.0.1:1/cb\n",
		  "POST", "/token", FORM,
		  REDEEM("c3", "&redirect_uri=http%3A%2F%2F127.0.0.1%3A2%2Fcb"), 400,
		  "error=redirect_uri_mismatch" },
		{ NULL, NULL, "POST", "/token", FORM,
		  REDEEM("c3", "&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb"), 200, NULL },
		{ NULL, NULL, "POST", "/token", FORM, REDEEM("c4", "&code_verifier=" VERIFIER),
		  200, "access_token" },
		{ NULL, NULL, "POST", "/token", FORM, REDEEM("c5", ""), 400,
		  "error=invalid_grant" },
		{ NULL, NULL, "POST", "/token", FORM,
		  REDEEM("c6", "&code_verifier=" VERIFIER "x"), 400, "error=invalid_grant" },
	};
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char text[64];

	(void)state;
	(void)SHA256((const unsigned char *)VERIFIER, strlen(VERIFIER), digest);
	(void)EVP_EncodeBlock((unsigned char *)text, digest, sizeof digest);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;
	gfake_control(gtable_fake(), GTABLE_ANN);
	for (int i = 4; i <= 6; i++)
		gfake_control(gtable_fake(), "code c%d account=ann@example.com challenge=%s\n",
			      i, text);
	PLAY(rows);
}

/* ---- misbehaviour ---------------------------------------------------------------------------------- */

static void
it_misbehaves_as_it_is_told(void **state)
{
	static const struct gtable_row rows[] = {
		{ "errors, in line, for so many requests",
		  "fault 2 GET /events error 403 userRateLimitExceeded; retry-after 7\n"
		  "fault 1 * * error 410 updatedMinTooLongAgo\n"
		  "fault 1 GET * error 400 invalid syncToken\n",
		  "GET", "$E", NULL, NULL, 403,
		  REASON "userRateLimitExceeded;error.errors.0.domain=usageLimits" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 403, NULL },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 410, REASON "updatedMinTooLongAgo" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 400,
		  "error.errors.0.location=syncToken" },
		{ NULL, NULL, "GET", "$E", NULL, NULL, 200, NULL },
		{ "of a method and a part of the path",
		  "fault 1 POST /events error 503 backendError\n", "GET", "$E", NULL, NULL, 200,
		  NULL },
		{ NULL, NULL, "POST", "/token", FORM, REFRESH("R"), 200, NULL },
		{ NULL, NULL, "POST", "$E", NULL, "{" TALK "}", 503, REASON "backendError" },
		{ NULL, NULL, "POST", "$E", NULL, "{" TALK "}", 200, NULL },
		{ "only a status", "fault 1 * * status 502\n", "GET", "$E", NULL, NULL, 502,
		  "!kind" },
		{ "no JSON", "fault 1 * * garbage\n", "GET", "$E", NULL, NULL, 200, "!kind" },
		{ "a page to sign in", "fault 1 * * html\n", "GET", "$E", NULL, NULL, 200,
		  "!kind" },
		{ "somewhere else", "fault 1 * * redirect http://192.0.2.1/\n", "GET", "$E",
		  NULL, NULL, 302, "!kind" },
		{ "forgotten", "fault 9 * * status 500\nfault clear\n", "GET", "$E", NULL, NULL,
		  200, NULL },
		{ "cut off", LUNCH "fault 1 * * truncate 20\n", "GET", "$E", NULL, NULL, 0,
		  NULL },
		{ "reset", LUNCH "fault 1 * * reset-after 20\n", "GET", "$E", NULL, NULL, 0,
		  NULL },
		{ "a length that is wrong", LUNCH "fault 1 * * wrong-length 9999\n", "GET",
		  "$E", NULL, NULL, 0, NULL },
		{ "the request never came", "fault 1 POST * drop before\n", "POST", "$E", NULL,
		  "{\"id\":\"abcde\"," TALK "}", 0, NULL },
		{ NULL, NULL, "GET", "$E/abcde", NULL, NULL, 404, NULL },
		{ "the answer was lost", "fault 1 POST * drop after\n", "POST", "$E", NULL,
		  "{\"id\":\"abcde\"," TALK "}", 0, NULL },
		{ NULL, NULL, "GET", "$E/abcde", NULL, NULL, 200, "status=confirmed" },
		{ "in drips, and late", LUNCH "fault 1 * * drip 100 1; stall 5\n", "GET", "$E",
		  NULL, NULL, 200, "items#1" },
		{ "too much", "fault 1 * * oversize 2\n", "GET", "$E", NULL, NULL, 200,
		  "kind" },
		{ "no word", "fault 1 * * burn\n", "GET", "$E", NULL, NULL, 500, "!kind" },
	};

	(void)state;
	PLAY(rows);
}

#define THREE                                                                         \
	LUNCH "event ann@example.com b0002 \"B\" 2026-03-05T12:00 2026-03-05T13:00\n" \
	      "event ann@example.com c0003 \"C\" 2026-03-06T12:00 2026-03-06T13:00\n" \
	      "set page-size 1\n"

static void
pages_misbehave_as_it_is_told(void **state)
{
	static const struct gtable_row rows[] = {
		{ "without an end", THREE "fault 9 GET * forever\n", "GET", "$E", NULL, NULL,
		  200, "items.0.id=lunch1;nextPageToken" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items.0.id=lunch1;nextPageToken;!nextSyncToken" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items.0.id=lunch1" },
		{ "once the same", THREE "fault 1 GET * same-page\n", "GET", "$E", NULL, NULL,
		  200, "items.0.id=lunch1" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items.0.id=lunch1" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items.0.id=b0002" },
		{ "an event twice", THREE "fault 9 GET * twice\n", "GET", "$E", NULL, NULL, 200,
		  "items#1" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items#2;items.0.id=lunch1;items.1.id=b0002" },
		{ "very many", "bulk ann@example.com 6000 from=2026-03-02T08:00:00Z\n" LUNCH,
		  "GET", "$E?singleEvents=true&maxResults=2500&timeMin=2026-02-02T08:00:00Z",
		  NULL, NULL, 200,
		  "items#2500;nextPageToken;items.2499.start.dateTime;items.2499.id" },
		{ NULL, NULL, "GET",
		  "$E?singleEvents=true&maxResults=2500&timeMin=2026-02-02T08:00:00Z&pageToken="
		  "$page",
		  NULL, NULL, 200, "items#2500" },
		{ NULL, NULL, "GET",
		  "$E?singleEvents=true&maxResults=2500&timeMin=2026-02-02T08:00:00Z&pageToken="
		  "$page",
		  NULL, NULL, 200, "items#1000;nextPageToken" },
		{ NULL, NULL, "GET",
		  "$E?singleEvents=true&maxResults=2500&timeMin=2026-02-02T08:00:00Z&pageToken="
		  "$page",
		  NULL, NULL, 200, "items#1;items.0.id=lunch1;nextSyncToken" },
		{ NULL, NULL, "GET", "$E?singleEvents=true&maxResults=2500&syncToken=$sync",
		  NULL, NULL, 200, "items#0" },
	};

	(void)state;
	PLAY(rows);
}

static void
gzip_needs_both_headers(void **state)
{
	static const struct {
		const char *headers;
		bool is_packed;
	} rows[] = {
		{ "", false },
		{ "Accept-Encoding: gzip\r\n", false },
		{ "Accept-Encoding: gzip\r\nUser-Agent: mmsync\r\n", false },
		{ "User-Agent: mmsync (gzip)\r\n", false },
		{ "Accept-Encoding: deflate, gzip\r\nUser-Agent: mmsync (gzip)\r\n", true },
	};
	struct gfake_answer answer = { 0 };
	char headers[256];

	(void)state;
	gfake_control(gtable_fake(), GTABLE_ANN);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		(void)snprintf(headers, sizeof headers, "Authorization: Bearer A\r\n%s",
			       rows[i].headers);
		assert_true(gfake_ask(gtable_fake(), "GET",
				      "/calendar/v3/calendars/primary/events", headers, NULL,
				      &answer));
		bool is_packed =
			strstr(mms_str_get(&answer.head), "Content-Encoding: gzip") != NULL;
		if (is_packed != rows[i].is_packed || is_packed != (answer.doc == NULL))
			fail_msg("%s: %s", rows[i].headers, mms_str_get(&answer.head));
	}
	gfake_answer_release(&answer);
}

static void
the_log_tells_what_came_but_no_token(void **state)
{
	MMS_AUTO(mms_str) log = { 0 };
	struct gfake_answer answer = { 0 };

	(void)state;
	gfake_control(gtable_fake(), GTABLE_ANN);
	fake_clear_log(gtable_fake());
	assert_true(gfake_ask(gtable_fake(), "POST",
			      "/calendar/v3/calendars/primary/events?sendUpdates=none",
			      "Authorization: Bearer A\r\nContent-Type: application/json\r\n"
			      "User-Agent: mmsync\r\n",
			      "{}", &answer));
	fake_read_log(gtable_fake(), &log);
	json_t *line = gfake_last(gtable_fake(), "POST", "/events");
	static const struct {
		const char *path, *value;
	} rows[] = { { "query.sendUpdates", "none" },
		     { "headers.authorization", "present" },
		     { "headers.user-agent", "mmsync" },
		     { "body", "{}" },
		     { "status", "400" },
		     { "account", "ann@example.com" },
		     { "inner", "false" } };
	char got[200];
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		assert_true(gtable_member(line, rows[i].path, got, sizeof got));
		assert_string_equal(got, rows[i].value);
	}
	assert_null(strstr(mms_str_get(&log), "Bearer"));
	assert_int_equal(gfake_count(gtable_fake(), NULL, NULL), 1);
	json_decref(line);
	gfake_answer_release(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_series_is_expanded_in_its_zone),
		cmocka_unit_test(one_instance_may_go_its_own_way),
		cmocka_unit_test(a_series_ends_in_either_of_two_ways),
		cmocka_unit_test(each_part_of_a_batch_has_its_own_answer),
		cmocka_unit_test(a_batch_is_refused_whole_or_in_parts),
		cmocka_unit_test(tokens_are_renewed_and_die),
		cmocka_unit_test(a_code_needs_its_verifier),
		cmocka_unit_test(it_misbehaves_as_it_is_told),
		cmocka_unit_test(pages_misbehave_as_it_is_told),
		cmocka_unit_test(gzip_needs_both_headers),
		cmocka_unit_test(the_log_tells_what_came_but_no_token),
	};

	return cmocka_run_group_tests(tests, gtable_start, gtable_stop);
}
