/* The fake service's other face answers as Microsoft Graph is known to: writes, batches, many at once. */
#include "support/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gtable.h"

#define LUNCH "event ann@example.com lunch1 \"Lunch\" 2026-03-04T12:00 2026-03-04T13:00\n"
#define TEAM  "calendar team1 owner=ann@example.com summary=Team\n"
#define CODE  "error.code="
#define AT(from, to)                                                                        \
	"\"start\":{\"dateTime\":\"" from "\",\"timeZone\":\"UTC\"},\"end\":{\"dateTime\":" \
	"\"" to "\",\"timeZone\":\"UTC\"}"
#define TALK  AT("2026-03-04T10:00:00", "2026-03-04T11:00:00")
#define GUEST "{\"emailAddress\":{\"address\":\"bob@example.com\",\"name\":\"Bob\"}}"
#define MARK(name, value)                                                    \
	"{\"id\":\"String {6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10} Name " name \
	"\",\"value\":\"" value "\"}"

/* ---- POST --------------------------------------------------------------------------------------- */

static const struct gtable_row create_rows[] = {
	{ "an event", NULL, "POST", "$ME/calendar/events", "$PREFER",
	  "{\"subject\":\"T\",\"body\":{\"contentType\":\"HTML\",\"content\":\"a<br>b &lt; "
	  "c\"},"
	  "\"location\":{\"displayName\":\"L\"},\"showAs\":\"oof\",\"sensitivity\":"
	  "\"private\",\"isReminderOn\":false,\"singleValueExtendedProperties\":[" MARK(
		  "mmsync_id", "U-1") "]," TALK "}",
	  201,
	  "subject=T;body.content=a\nb < c;location.displayName=L;showAs=oof;sensitivity="
	  "private;isReminderOn=false;type=singleInstance;isOrganizer=true;"
	  "start.dateTime=2026-03-04T10:00:00.0000000;originalStartTimeZone=UTC;"
	  "!singleValueExtendedProperties;@odata.etag~W/\";changeKey" },
	{ NULL, NULL, "GET",
	  "$ME/events/$id?$select=id&$expand=singleValueExtendedProperties($filter=id%20eq%20'"
	  "String%20%7B6F9B1D0E-5A57-4C1E-9D1A-2F8E3C7B4A10%7D%20Name%20mmsync_id')",
	  NULL, NULL, 200, "singleValueExtendedProperties.0.value=U-1" },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{" TALK "}", 201, "subject=" },
	{ NULL, TEAM, "POST", "$ME/calendars/team1/events", NULL, "{" TALK "}", 201, NULL },
	{ "times", NULL, "POST", "$ME/events", NULL, "{\"subject\":\"T\"}", 400,
	  CODE "ErrorPropertyValidationFailure" },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"start\":{\"dateTime\":\"2026-03-04T10:00:00\"},\"end\":{\"dateTime\":"
	  "\"2026-03-04T11:00:00\"}}",
	  400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{" AT("2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z") "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{" AT("2026-03-04T11:00:00", "2026-03-04T10:00:00") "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", "$PREFER",
	  "{\"start\":{\"dateTime\":\"2026-03-04T10:00:00.0000000\",\"timeZone\":\"Eastern "
	  "Standard Time\"},\"end\":{\"dateTime\":\"2026-03-04T11:00:00\",\"timeZone\":"
	  "\"America/New_York\"}}",
	  201,
	  "start.dateTime=2026-03-04T15:00:00.0000000;end.dateTime=2026-03-04T16:00:00."
	  "0000000" },
	{ "days", NULL, "POST", "$ME/events", "$PREFER",
	  "{\"isAllDay\":true," AT("2026-03-04T00:00:00", "2026-03-06T00:00:00") "}", 201,
	  "isAllDay=true;start.dateTime=2026-03-04T00:00:00.0000000" },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{\"isAllDay\":true," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"isAllDay\":true," AT("2026-03-04T00:00:00", "2026-03-04T00:00:00") "}", 400,
	  NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"isAllDay\":true,\"start\":{\"dateTime\":\"2026-03-04T00:00:00\",\"timeZone\":"
	  "\"UTC\"},\"end\":{\"dateTime\":\"2026-03-05T00:00:00\",\"timeZone\":\"Europe/"
	  "Berlin\"}}",
	  400, NULL },
	{ "members", NULL, "POST", "$ME/events", NULL, "{\"summary\":\"T\"," TALK "}", 400,
	  CODE "RequestBodyRead" },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{\"id\":\"T\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{\"showAs\":\"away\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{\"sensitivity\":\"secret\"," TALK "}", 400,
	  NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"body\":{\"contentType\":\"plain\",\"content\":\"x\"}," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"singleValueExtendedProperties\":[{\"id\":\"mmsync_id\",\"value\":\"x\"}]," TALK
	  "}",
	  400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL,
	  "{\"attendees\":[{\"emailAddress\":{}}]," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL, "[]", 400, CODE "BadRequest" },
	{ NULL, NULL, "POST", "$ME/events", "Content-Type: text/plain\r\n", "{" TALK "}", 400,
	  NULL },
	{ "rewritten", "set normalise on\n", "POST", "$ME/events", NULL,
	  "{\"subject\":\"T  "
	  "\",\"body\":{\"contentType\":\"html\",\"content\":\"a<br>b\"}," TALK "}",
	  201, "subject=T;body.content~<body>\r\na<br>b\r\n</body>" },
	{ NULL, NULL, "GET", "$ME/events/$id", "$PREFER", NULL, 200, "body.content=a\r\nb" },
	{ "a series", NULL, "POST", "$ME/events", NULL,
	  "{\"recurrence\":{\"pattern\":{\"type\":\"weekly\",\"interval\":1,\"daysOfWeek\":["
	  "\"wednesday\"]},\"range\":{\"type\":\"numbered\",\"numberOfOccurrences\":3,"
	  "\"startDate\":\"2026-03-04\"}}," TALK "}",
	  201, "type=seriesMaster;recurrence.pattern.daysOfWeek.0=wednesday" },
	{ NULL, NULL, "GET", "$VIEW", NULL, NULL, 200, "value#4" },
};

static void
an_event_is_made_of_known_members(void **state)
{
	(void)state;
	PLAY(create_rows);
}

#define ONCE(subject) "{\"transactionId\":\"T-1\",\"subject\":\"" subject "\"," TALK "}"

static const struct gtable_row transaction_rows[] = {
	{ "once", NULL, "POST", "$ME/events", "$PREFER", ONCE("A"), 201, "transactionId=T-1" },
	{ NULL, NULL, "POST", "$ME/events", "$PREFER", ONCE("A"), 201, "transactionId=T-1" },
	{ NULL, NULL, "GET", "$ME/events", NULL, NULL, 200, "value#1" },
	{ NULL, NULL, "GET", "$VIEW", NULL, NULL, 200, "value.0.transactionId=T-1" },
	{ NULL, "set transaction-id off\n", "GET", "$VIEW", NULL, NULL, 200,
	  "value.0.transactionId=null" },
	{ NULL, NULL, "POST", "$ME/events", NULL, ONCE("B"), 409,
	  CODE "ErrorDuplicateTransactionId" },
	{ NULL, TEAM, "POST", "$ME/calendars/team1/events", NULL, ONCE("A"), 409, NULL },
	{ NULL, "set transaction duplicate\n", "POST", "$ME/events", NULL, ONCE("A"), 409,
	  CODE "ErrorDuplicateTransactionId" },
	{ "whatever has become of it", TEAM, "POST", "$ME/events", "$PREFER",
	  "{\"transactionId\":\"T-1\"," TALK "}", 201, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/$id", NULL, "{\"subject\":\"B\"}", 200, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL, "{\"transactionId\":\"T-1\"," TALK "}", 201,
	  "subject=B" },
	{ "after it is deleted", NULL, "POST", "$ME/events", NULL, ONCE("A"), 201, NULL },
	{ NULL, NULL, "DELETE", "$ME/events/$id", NULL, NULL, 204, NULL },
	{ NULL, NULL, "POST", "$ME/events", NULL, ONCE("A"), 409, NULL },
	{ NULL, "set transaction-deleted forget\n", "POST", "$ME/events", NULL, ONCE("A"), 201,
	  NULL },
	{ "it stays", NULL, "POST", "$ME/events", "$PREFER", ONCE("A"), 201, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/$id", NULL, "{\"transactionId\":\"T-2\"}", 400,
	  NULL },
};

static void
a_transaction_makes_one_event(void **state)
{
	(void)state;
	PLAY(transaction_rows);
}

/* ---- PATCH, DELETE, cancel ------------------------------------------------------------------------ */

static const struct gtable_row change_rows[] = {
	{ "some members", LUNCH "change ann@example.com lunch1 place=Hall text=Words\n", "GET",
	  "$ME/events/lunch1", NULL, NULL, 200, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/lunch1", "If-Match: $etag\r\n$PREFER",
	  "{\"subject\":\"U\",\"start\":{\"dateTime\":\"2026-03-04T10:30:00\",\"timeZone\":"
	  "\"UTC\"}}",
	  200,
	  "subject=U;location.displayName=Hall;body.content=Words;"
	  "start.dateTime=2026-03-04T10:30:00.0000000;"
	  "end.dateTime=2026-03-04T12:00:00.0000000" },
	{ NULL, "change ann@example.com lunch1 title=V\n", "PATCH", "$ME/events/lunch1",
	  "If-Match: $etag\r\n", "{\"subject\":\"W\"}", 412, CODE "ErrorIrresolvableConflict" },
	{ NULL, NULL, "DELETE", "$ME/events/lunch1", "If-Match: $etag\r\n", NULL, 412, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/lunch1", "If-Match: *\r\n",
	  "{\"location\":{\"displayName\":\"\"},\"body\":{\"contentType\":\"text\","
	  "\"content\":\"\"},\"showAs\":\"free\"}",
	  200, "subject=V;location.displayName=;bodyPreview=;showAs=free" },
	{ NULL, NULL, "PATCH", "$ME/events/lunch1", NULL, "{\"isAllDay\":true}", 400, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/lunch1", NULL, "{\"title\":\"x\"}", 400, NULL },
	{ NULL, NULL, "PATCH", "$ME/events/nothing", NULL, "{}", 404,
	  CODE "ErrorItemNotFound" },
	{ NULL, NULL, "GET", "$ME/events/lunch1", NULL, NULL, 200, NULL },
	{ NULL, NULL, "DELETE", "$ME/events/lunch1", "If-Match: $etag\r\n", NULL, 204, NULL },
	{ NULL, NULL, "DELETE", "$ME/events/lunch1", NULL, NULL, 404,
	  CODE "ErrorItemNotFound" },
	{ "marks", LUNCH "mark ann@example.com lunch1 id=U-1 site=S-1\n", "PATCH",
	  "$ME/events/lunch1", NULL,
	  "{\"singleValueExtendedProperties\":[" MARK("mmsync_site", "S-2") "]}", 200, NULL },
	{ NULL, NULL, "GET",
	  "$ME/events?$filter=singleValueExtendedProperties/Any(ep:%20ep/"
	  "id%20eq%20'String%20%7B"
	  "6f9b1d0e-5a57-4c1e-9d1a-2f8e3c7b4a10%7D%20Name%20mmsync_id'%20and%20ep/value%20eq%20"
	  "'U-1')",
	  NULL, NULL, 200, "value#1" },
	{ "guests", LUNCH "change ann@example.com lunch1 guests=bob@example.com:accepted\n",
	  "PATCH", "$ME/events/lunch1", NULL,
	  "{\"attendees\":[" GUEST ",{\"emailAddress\":{\"address\":\"eve@example.com\"}}]}",
	  200,
	  "attendees#2;attendees.0.status.response=accepted;attendees.1.status.response=none;"
	  "attendees.0.emailAddress.name=Bob" },
	{ NULL, NULL, "PATCH", "$ME/events/lunch1", NULL, "{\"attendees\":[]}", 200,
	  "attendees#0" },
	{ "cancel", LUNCH, "POST", "$ME/events/lunch1/cancel", NULL, "{}", 400, NULL },
	{ NULL,
	  "change ann@example.com lunch1 guests=bob@example.com organizer=eve@example.com\n",
	  "POST", "$ME/events/lunch1/cancel", NULL, "{}", 400, NULL },
	{ NULL, "change ann@example.com lunch1 organizer=ann@example.com\n", "POST",
	  "$ME/events/lunch1/cancel", NULL, "{\"comment\":\"No.\"}", 202, NULL },
	{ NULL, NULL, "POST", "$ME/events/lunch1/cancel", NULL, "{}", 404, NULL },
	{ "an occurrence",
	  "series ann@example.com daily1 \"S\" 2026-03-03T09:00 2026-03-03T10:00 "
	  "FREQ=DAILY;COUNT=4\n",
	  "PATCH", "$ME/events/daily1_20260304T080000Z", "$PREFER", "{\"subject\":\"Late\"}",
	  200, "type=exception;subject=Late" },
	{ NULL, NULL, "DELETE", "$ME/events/daily1_20260305T080000Z", NULL, NULL, 204, NULL },
	{ NULL, NULL, "GET", "$VIEW", NULL, NULL, 200, "value#4" },
};

static void
a_change_is_guarded_by_its_key(void **state)
{
	(void)state;
	PLAY(change_rows);
}

/* ---- what the service does unasked ---------------------------------------------------------------- */

static void
check_state(const char *id, const char *path, const char *want)
{
	char got[2048];
	json_t *event = gfake_event(gtable_fake(), "ann@example.com", id);

	assert_non_null(event);
	gfake_value(event, path, got, sizeof got);
	assert_string_equal(got, want);
	json_decref(event);
}

static void
what_was_mailed_and_lost_is_in_the_state(void **state)
{
	static const struct gtable_row rows[] = {
		{ "none", LUNCH, "PATCH", "$ME/events/lunch1", NULL, "{\"subject\":\"U\"}", 200,
		  NULL },
	};
	static const struct gtable_row mails[] = {
		{ "bob, then eve",
		  LUNCH "change ann@example.com lunch1 guests=bob@example.com\n", "PATCH",
		  "$ME/events/lunch1", NULL,
		  "{\"attendees\":[{\"emailAddress\":{\"address\":\"eve@example.com\"}}]}", 200,
		  NULL },
	};
	static const struct gtable_row joins[] = {
		{ "online", LUNCH "online ann@example.com lunch1\n", "PATCH",
		  "$ME/events/lunch1", "$PREFER", "{\"subject\":\"U\"}", 200,
		  "isOnlineMeeting=true;onlineMeeting.joinUrl~https://teams.example.com/;"
		  "body.content~Join: https://teams.example.com/" },
		{ NULL, NULL, "PATCH", "$ME/events/lunch1", "$PREFER",
		  "{\"body\":{\"contentType\":\"html\",\"content\":\"Mine\"}}", 200,
		  "isOnlineMeeting=false;onlineMeeting=null;body.content=Mine" },
	};

	(void)state;
	PLAY(rows);
	check_state("lunch1", "mailed", "");
	PLAY(mails);
	check_state("lunch1", "mailed", "[\"eve@example.com\",\"bob@example.com\"]");
	check_state("lunch1", "guests", "eve@example.com:needsAction");
	PLAY(joins);
	check_state("lunch1", "join_lost", "true");
	check_state("lunch1", "title", "U");
	check_state("lunch1", "text", "Mine");
}

static void
ids_are_long_and_may_differ_in_case_alone(void **state)
{
	static const struct gtable_row rows[] = {
		{ "twins", "set twin-ids on\n", "POST", "$ME/events", "$PREFER",
		  "{\"subject\":\"A\"," TALK "}", 201, NULL },
		{ NULL, NULL, "POST", "$ME/events", "$PREFER", "{\"subject\":\"B\"," TALK "}",
		  201, NULL },
	};

	(void)state;
	PLAY(rows);
	json_t *all = gfake_events(gtable_fake(), "ann@example.com");
	assert_int_equal(json_array_size(all), 2);
	const char *a = json_string_value(json_object_get(json_array_get(all, 0), "id"));
	const char *b = json_string_value(json_object_get(json_array_get(all, 1), "id"));
	assert_int_equal(strlen(a), 152);
	assert_string_not_equal(a, b);
	assert_int_equal(strcasecmp(a, b), 0);
	json_decref(all);
}

/* ---- batches ------------------------------------------------------------------------------------- */

#define ASK(id, method, url) "{\"id\":\"" id "\",\"method\":\"" method "\",\"url\":\"" url "\"}"
#define JSON_HEAD            "\"headers\":{\"Content-Type\":\"application/json\"}"

static const struct gtable_row batch_rows[] = {
	{ "each on its own", LUNCH, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK("1", "GET", "/me/events/lunch1") "," ASK(
		  "2", "GET", "/me/events/nothing") ",{\"id\":\"3\",\"method\":\"POST\","
						    "\"url\":\"/me/calendar/events\"," JSON_HEAD
						    ",\"body\":{" TALK
						    "}}," ASK("4", "DELETE",
							      "/me/events/lunch1") "]}",
	  200,
	  "responses#4;responses.0.id=1;responses.0.status=200;responses.0.body.subject=Lunch;"
	  "responses.0.headers.Content-Type;responses.1.status=404;responses.1.body.error.code="
	  "ErrorItemNotFound;responses.2.status=201;responses.3.status=204;!responses.3.body" },
	{ "in another order", "set shuffle on\n" LUNCH, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK("a", "GET", "/me/events/lunch1") "," ASK(
		  "b", "GET", "/me/events/nothing") "]}",
	  200, "responses.0.id=b;responses.0.status=404;responses.1.id=a" },
	{ "headers of its own", LUNCH, "POST", "/v1.0/$batch", "$PREFER",
	  "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"/me/events/lunch1\","
	  "\"headers\":{\"prefer\":\"IdType=\\\"ImmutableId\\\"\"}}," ASK(
		  "2", "GET",
		  "/me/events/lunch1") ",{\"id\":\"3\",\"method\":\"DELETE\",\"url\":"
				       "\"/me/events/lunch1\",\"headers\":{\"If-"
				       "Match\":\"W/\\\"x\\\"\"}}]}",
	  200, "responses.0.body.id=lunch1;responses.1.body.id~mut-;responses.2.status=412" },
	{ "refused", NULL, "POST", "/v1.0/$batch", NULL, "{\"requests\":[]}", 400, NULL },
	{ NULL, NULL, "POST", "/v1.0/$batch", NULL, "{", 400, NULL },
	{ NULL, NULL, "POST", "/v1.0/$batch", "-", "{}", 401, NULL },
	{ NULL, NULL, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK("1", "GET", "/me/events") "," ASK("1", "GET",
								  "/me/events") "]}",
	  400, CODE "BadRequest" },
	{ NULL, NULL, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[{\"method\":\"GET\",\"url\":\"/me/events\"}]}", 400, NULL },
	{ "parts that are none", NULL, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK(
		  "1", "GET",
		  "https://graph.microsoft.com/v1.0/me/events") "," ASK("2", "POST",
									"/$batch") ",{\"id\":"
										   "\"3\","
										   "\"method\":"
										   "\"POST\","
										   "\"url\":"
										   "\"/me/"
										   "events\","
										   "\"body\":"
										   "{" TALK
										   "}}]}",
	  200, "responses.0.status=400;responses.1.status=400;responses.2.status=400" },
	{ "one after another", LUNCH, "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK("1", "GET",
				"/me/events/nothing") ",{\"id\":\"2\",\"method\":"
						      "\"GET\",\"url\":\"/me/events/"
						      "lunch1\",\"dependsOn\":["
						      "\"1\"]}]}",
	  200, "responses.1.status=424" },
	{ "throttled",
	  "fault 1 GET /me/events/lunch1 error 429 ApplicationThrottled; retry-after 7\n" LUNCH,
	  "POST", "/v1.0/$batch", NULL,
	  "{\"requests\":[" ASK("1", "GET", "/me/events/lunch1") "," ASK(
		  "2", "GET", "/me/events/lunch1") "]}",
	  200,
	  "responses.0.status=429;responses.0.headers.Retry-After=7;responses.0.body.error."
	  "code="
	  "ApplicationThrottled;responses.1.status=200" },
};

static void
a_batch_answers_each_by_itself(void **state)
{
	char body[4096] = "{\"requests\":[", rest[80];
	struct gfake_answer answer = { 0 };
	size_t len = strlen(body);

	(void)state;
	PLAY(batch_rows);
	gfake_control(gtable_fake(), GTABLE_ANN);
	for (int i = 0; i < 21; i++)
		len += (size_t)snprintf(body + len, sizeof body - len,
					"%s{\"id\":\"%d\",\"method\":\"GET\",\"url\":\"/me/"
					"events/x\"}",
					i > 0 ? "," : "", i);
	(void)snprintf(rest, sizeof rest, "]}");
	(void)snprintf(body + len, sizeof body - len, "%s", rest);
	assert_true(gfake_ask(gtable_fake(), "POST", "/v1.0/$batch",
			      "Authorization: Bearer A\r\nContent-Type: application/json\r\n",
			      body, &answer));
	assert_int_equal(answer.status, 400);
	gfake_answer_release(&answer);
}

static void
what_is_in_a_batch_is_in_the_log(void **state)
{
	static const struct gtable_row rows[] = {
		{ "log", LUNCH, "POST", "/v1.0/$batch", "$PREFER",
		  "{\"requests\":[{\"id\":\"1\",\"method\":\"GET\",\"url\":\"me/events/"
		  "lunch1\","
		  "\"headers\":{\"Prefer\":\"IdType=\\\"ImmutableId\\\"\"}}]}",
		  200, NULL },
	};
	char got[300];

	(void)state;
	fake_clear_log(gtable_fake());
	PLAY(rows);
	json_t *inner = gfake_last(gtable_fake(), "GET", "/v1.0/me/events/lunch1");
	json_t *outer = gfake_last(gtable_fake(), "POST", "/v1.0/$batch");
	assert_true(json_is_true(json_object_get(inner, "inner")));
	assert_true(gtable_member(inner, "headers.prefer", got, sizeof got));
	assert_string_equal(got, "IdType=\"ImmutableId\"");
	assert_true(gtable_member(outer, "headers.prefer", got, sizeof got));
	assert_non_null(strstr(got, "outlook.timezone=\"UTC\""));
	assert_true(gtable_member(outer, "headers.authorization", got, sizeof got));
	assert_string_equal(got, "present");
	json_decref(inner);
	json_decref(outer);
}

/* ---- many at once ----------------------------------------------------------------------------------- */

static void *
ask_slowly(void *aux)
{
	struct gfake_answer answer = { 0 };
	unsigned *status = aux;

	if (gfake_ask(gtable_fake(), "GET", "/v1.0/me/calendar", "Authorization: Bearer A\r\n",
		      NULL, &answer))
		*status = answer.status;
	gfake_answer_release(&answer);
	return NULL;
}

static size_t
count_throttled(size_t n)
{
	pthread_t threads[16];
	unsigned status[16] = { 0 };
	size_t n_throttled = 0;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_slowly, &status[i]), 0);
	for (size_t i = 0; i < n; i++) {
		(void)pthread_join(threads[i], NULL);
		assert_true(status[i] == 200 || status[i] == 429);
		n_throttled += status[i] == 429;
	}
	return n_throttled;
}

static void
more_than_four_at_once_are_too_many(void **state)
{
	static const struct gtable_row batch[] = {
		{ NULL, NULL, "POST", "/v1.0/$batch", NULL,
		  "{\"requests\":[" ASK("1", "GET", "/me/calendar") "," ASK(
			  "2", "GET", "/me/calendar") "," ASK("3", "GET", "/me/calendar") "]}",
		  200, "responses.0.status=200" },
	};

	(void)state;
	gfake_control(gtable_fake(), GTABLE_ANN "set slow 300\n");
	assert_int_equal(count_throttled(4), 0);
	assert_int_equal(gfake_most_at_once(gtable_fake(), "ann@example.com"), 4);
	assert_int_equal(count_throttled(6), 2);
	assert_int_equal(gfake_most_at_once(gtable_fake(), "ann@example.com"), 6);
	gfake_control(gtable_fake(), GTABLE_ANN "set slow 300\nset concurrency 0\n");
	assert_int_equal(count_throttled(6), 0);
	gfake_control(gtable_fake(), GTABLE_ANN);
	PLAY(batch);
	assert_int_equal(gfake_most_at_once(gtable_fake(), "ann@example.com"), 3);
	/* One after another is one at once. */
	gfake_control(gtable_fake(), GTABLE_ANN);
	for (int i = 0; i < 20; i++)
		assert_int_equal(count_throttled(1), 0);
	assert_int_equal(gfake_most_at_once(gtable_fake(), "ann@example.com"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_made_of_known_members),
		cmocka_unit_test(a_transaction_makes_one_event),
		cmocka_unit_test(a_change_is_guarded_by_its_key),
		cmocka_unit_test(what_was_mailed_and_lost_is_in_the_state),
		cmocka_unit_test(ids_are_long_and_may_differ_in_case_alone),
		cmocka_unit_test(a_batch_answers_each_by_itself),
		cmocka_unit_test(what_is_in_a_batch_is_in_the_log),
		cmocka_unit_test(more_than_four_at_once_are_too_many),
	};

	return cmocka_run_group_tests(tests, gtable_start, gtable_stop);
}
