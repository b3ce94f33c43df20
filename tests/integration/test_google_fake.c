/* The fake Google Calendar answers as the real one is known to: requests, and their exact answers. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gtable.h"

#define TALK                                                                       \
	"\"start\":{\"dateTime\":\"2026-03-04T10:00:00Z\"},\"end\":{\"dateTime\":" \
	"\"2026-03-04T11:00:00Z\"}"
#define REASON "error.errors.0.reason="
#define LUNCH  "event ann@example.com lunch1 \"Lunch\" 2026-03-04T12:00 2026-03-04T13:00\n"

/* ---- who may, and where ------------------------------------------------------------------------- */

static void
only_a_valid_token_opens_a_calendar_of_its_account(void **state)
{
	static const struct gtable_row rows[] = {
		{ "token", NULL, "GET", "$E", NULL, NULL, 200, "kind=calendar#events" },
		{ NULL, NULL, "GET", "$E", "-", NULL, 401,
		  REASON "authError;error.errors.0.location=Authorization;error.errors.0."
			 "locationType=header;error.code=401" },
		{ NULL, NULL, "GET", "$E", "Authorization: Bearer B\r\n", NULL, 401,
		  REASON "authError" },
		{ NULL, NULL, "GET", "$E", "Authorization: Basic A\r\n", NULL, 401, NULL },
		{ NULL, "now 2026-03-02T08:59:58Z\n", "GET", "$E", NULL, NULL, 200, NULL },
		{ NULL, "now 2026-03-02T08:59:59Z\n", "GET", "$E", NULL, NULL, 401, NULL },
		{ "expired", "token ann@example.com expire\n", "GET", "$E", NULL, NULL, 401,
		  NULL },
		{ "revoked", "token ann@example.com revoke\n", "GET", "$E", NULL, NULL, 401,
		  NULL },
		{ "primary", NULL, "GET", "/calendar/v3/calendars/primary/events", NULL, NULL,
		  200, "summary=ann@example.com;timeZone=Europe/Berlin;accessRole=owner" },
		{ "an id that is not encoded", NULL, "GET",
		  "/calendar/v3/calendars/ann@example.com/events", NULL, NULL, 400, NULL },
		{ "another's", "calendar bob@example.com owner=bob@example.com\n", "GET",
		  "/calendar/v3/calendars/bob%40example.com/events", NULL, NULL, 404,
		  REASON "notFound" },
		{ NULL, "share bob@example.com ann@example.com reader\n", "GET",
		  "/calendar/v3/calendars/bob%40example.com/events", NULL, NULL, 200,
		  "accessRole=reader" },
		{ "nothing there", NULL, "GET", "/calendar/v3/colours", NULL, NULL, 404, NULL },
		{ NULL, NULL, "GET", "/other", NULL, NULL, 404, NULL },
		{ "the calendar itself", NULL, "GET", "/calendar/v3/calendars/primary", NULL,
		  NULL, 200, "kind=calendar#calendar;!accessRole" },
		{ NULL, NULL, "GET", "/calendar/v3/users/me/calendarList/primary", NULL, NULL,
		  200, "kind=calendar#calendarListEntry;accessRole=owner;primary=true" },
	};

	(void)state;
	PLAY(rows);
}

static void
a_role_says_what_may_be_seen_and_written(void **state)
{
	static const struct gtable_row rows[] = {
		{ "reader",
		  LUNCH "change ann@example.com lunch1 visibility=private\n"
			"role ann@example.com reader\n",
		  "GET", "$E/lunch1", NULL, NULL, 200,
		  "id=lunch1;start.dateTime;visibility=private;!summary;iCalUID" },
		{ NULL, NULL, "POST", "$E", NULL, "{" TALK "}", 403,
		  REASON "requiredAccessLevel;error.errors.0.domain=calendar" },
		{ NULL, NULL, "PATCH", "$E/lunch1", NULL, "{}", 403, NULL },
		{ NULL, NULL, "DELETE", "$E/lunch1", NULL, NULL, 403, NULL },
		{ NULL, "set denied forbidden\n", "DELETE", "$E/lunch1", NULL, NULL, 403,
		  REASON "forbidden" },
		{ NULL, "role ann@example.com writer\n", "DELETE", "$E/lunch1", NULL, NULL, 204,
		  NULL },
		{ "free/busy", LUNCH "role ann@example.com freeBusyReader\n", "GET", "$E", NULL,
		  NULL, 200, "items#1;!items.0.summary;accessRole=freeBusyReader" },
		{ "none", "role ann@example.com none\n", "GET", "$E", NULL, NULL, 404, NULL },
	};

	(void)state;
	PLAY(rows);
}

/* ---- lists ------------------------------------------------------------------------------------------ */

static void
a_list_is_strict_about_its_parameters(void **state)
{
	static const struct gtable_row rows[] = {
		{ "bounds without an offset", NULL, "GET", "$E?timeMin=2026-03-01T00:00:00",
		  NULL, NULL, 400, "error.errors.0.location=timeMin" },
		{ NULL, NULL, "GET", "$E?timeMax=2026-03-01", NULL, NULL, 400, NULL },
		{ NULL, NULL, "GET", "$E?timeMin=2026-03-01T00:00:00+01:00", NULL, NULL, 400,
		  NULL },
		{ NULL, NULL, "GET", "$E?timeMin=2026-03-01T00:00:00%2B01:00", NULL, NULL, 200,
		  NULL },
		{ "an empty range", NULL, "GET",
		  "$E?timeMin=2026-03-01T00:00:00Z&timeMax=2026-03-01T00:00:00Z", NULL, NULL,
		  400,
		  REASON
		  "timeRangeEmpty;error.errors.0.domain=calendar;error.errors.0.location="
		  "timeMax" },
		{ "maxResults", NULL, "GET", "$E?maxResults=0", NULL, NULL, 400, NULL },
		{ NULL, NULL, "GET", "$E?maxResults=many", NULL, NULL, 400, NULL },
		{ NULL, NULL, "GET", "$E?maxResults=9999", NULL, NULL, 200, "nextSyncToken" },
		{ "order", NULL, "GET", "$E?orderBy=startTime", NULL, NULL, 400,
		  REASON
		  "invalid;error.message=The requested ordering is not available for the "
		  "particular query." },
		{ NULL, NULL, "GET", "$E?orderBy=startTime&singleEvents=true", NULL, NULL, 200,
		  "!nextSyncToken;!nextPageToken" },
		{ NULL, NULL, "GET", "$E?q=x", NULL, NULL, 200, "!nextSyncToken" },
		{ NULL, NULL, "GET", "$E?orderBy=title", NULL, NULL, 400, NULL },
		{ "what a page says", LUNCH, "GET", "$E?singleEvents=true", NULL, NULL, 200,
		  "kind=calendar#events;etag;summary;updated=2026-03-02T08:00:00.000Z;timeZone="
		  "Europe/Berlin;accessRole=owner;defaultReminders#1;items#1;nextSyncToken;"
		  "!nextPageToken" },
		{ "an encoding cut short", NULL, "GET", "$E?q=%4", NULL, NULL, 400, NULL },
	};

	(void)state;
	PLAY(rows);
}

static void
bounds_are_exclusive(void **state)
{
	/* Lunch is from 11:00 to 12:00 UTC. */
	static const struct gtable_row rows[] = {
		{ "ends at its beginning", LUNCH, "GET",
		  "$E?timeMin=2026-03-04T12:00:00Z&timeMax=2026-03-04T13:00:00Z", NULL, NULL,
		  200, "items#0" },
		{ NULL, NULL, "GET", "$E?timeMin=2026-03-04T11:59:59Z", NULL, NULL, 200,
		  "items#1" },
		{ NULL, NULL, "GET", "$E?timeMax=2026-03-04T11:00:00Z", NULL, NULL, 200,
		  "items#0" },
		{ NULL, NULL, "GET", "$E?timeMax=2026-03-04T11:00:01Z", NULL, NULL, 200,
		  "items#1" },
	};

	(void)state;
	PLAY(rows);
}

static void
pages_go_on_with_the_same_parameters(void **state)
{
	static const struct gtable_row rows[] = {
		{ "three",
		  LUNCH "event ann@example.com b0002 \"B\" 2026-03-05T12:00 2026-03-05T13:00\n"
			"event ann@example.com c0003 \"C\" 2026-03-06T12:00 2026-03-06T13:00\n",
		  "GET", "$E?maxResults=2", NULL, NULL, 200,
		  "items#2;nextPageToken;!nextSyncToken;items.0.id=lunch1" },
		{ NULL, NULL, "GET", "$E?maxResults=2&pageToken=$page", NULL, NULL, 200,
		  "items#1;items.0.id=c0003;!nextPageToken;nextSyncToken" },
		{ NULL, NULL, "GET", "$E?maxResults=3&pageToken=$page", NULL, NULL, 400,
		  REASON "invalid;error.errors.0.location=pageToken" },
		{ NULL, NULL, "GET", "$E?maxResults=2&singleEvents=true&pageToken=$page", NULL,
		  NULL, 400, NULL },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 400, NULL },
		{ NULL, NULL, "GET", "$E?maxResults=2&pageToken=EAE-9-1%3D", NULL, NULL, 400,
		  NULL },
		{ "an option caps them",
		  LUNCH "set page-size 1\n"
			"event ann@example.com b0002 \"B\" 2026-03-05T12:00 2026-03-05T13:00\n",
		  "GET", "$E?maxResults=2500", NULL, NULL, 200, "items#1;nextPageToken" },
		{ "empty pages first", LUNCH "set empty-pages 1\n", "GET", "$E", NULL, NULL,
		  200, "items#0;nextPageToken;!nextSyncToken" },
		{ NULL, NULL, "GET", "$E?pageToken=$page", NULL, NULL, 200,
		  "items#1;nextSyncToken" },
		{ "the token is of the beginning",
		  LUNCH "set page-size 1\n"
			"event ann@example.com b0002 \"B\" 2026-03-05T12:00 2026-03-05T13:00\n",
		  "GET", "$E", NULL, NULL, 200, "items#1" },
		{ NULL, "change ann@example.com lunch1 title=Late\n", "GET",
		  "$E?pageToken=$page", NULL, NULL, 200, "items.0.id=b0002" },
		{ NULL, NULL, "GET", "$E?syncToken=$sync", NULL, NULL, 200,
		  "items#1;items.0.summary=Late" },
	};

	(void)state;
	PLAY(rows);
}

static const struct gtable_row sync_rows[] = {
	{ "changes", LUNCH, "GET", "$E?singleEvents=true", NULL, NULL, 200, "items#1" },
	{ NULL, NULL, "GET", "$E?singleEvents=true&syncToken=$sync", NULL, NULL, 200,
	  "items#0;nextSyncToken" },
	{ NULL,
	  "event ann@example.com b0002 \"B\" 2026-03-05T12:00 2026-03-05T13:00\n"
	  "delete ann@example.com lunch1\n",
	  "GET", "$E?singleEvents=true&syncToken=$sync", NULL, NULL, 200,
	  "items#2;items.0.id=b0002;items.1.id=lunch1;items.1.status=cancelled;items.1."
	  "etag;!items.1.start;!items.1.updated;!items.1.summary" },
	{ NULL, NULL, "GET", "$E?singleEvents=true", NULL, NULL, 200, "items#1" },
	{ NULL, NULL, "GET", "$E?singleEvents=true&showDeleted=true", NULL, NULL, 200,
	  "items#2" },
	{ "tombstones with everything", LUNCH "set tombstones full\n", "GET", "$E", NULL, NULL,
	  200, NULL },
	{ NULL, "delete ann@example.com lunch1\n", "GET", "$E?syncToken=$sync", NULL, NULL, 200,
	  "items.0.status=cancelled;items.0.summary=Lunch" },
	{ "gone without a trace", LUNCH, "GET", "$E", NULL, NULL, 200, NULL },
	{ NULL, "vanish ann@example.com lunch1\n", "GET", "$E?syncToken=$sync", NULL, NULL, 200,
	  "items#0" },
	{ "what must not go with it", NULL, "GET", "$E", NULL, NULL, 200, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&timeMin=2026-03-01T00:00:00Z", NULL, NULL, 400,
	  "error.errors.0.location=timeMin" },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&timeMax=2026-03-01T00:00:00Z", NULL, NULL, 400,
	  NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&orderBy=updated", NULL, NULL, 400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&q=x", NULL, NULL, 400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&iCalUID=x", NULL, NULL, 400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&privateExtendedProperty=a%3Db", NULL, NULL,
	  400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&sharedExtendedProperty=a%3Db", NULL, NULL, 400,
	  NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&updatedMin=2026-03-01T00:00:00Z", NULL, NULL,
	  400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&showDeleted=false", NULL, NULL, 400, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync&showDeleted=true", NULL, NULL, 400, NULL },
	{ "other parameters than at first", NULL, "GET", "$E?singleEvents=true", NULL, NULL,
	  200, NULL },
	{ NULL, NULL, "GET", "$E?syncToken=$sync", NULL, NULL, 400, NULL },
	{ "the window stays behind", LUNCH, "GET", "$E?timeMin=2026-03-04T00:00:00Z", NULL,
	  NULL, 200, "items#1" },
	{ NULL, "event ann@example.com b0002 \"B\" 2026-03-01T12:00 2026-03-01T13:00\n", "GET",
	  "$E?syncToken=$sync", NULL, NULL, 200, "items#1" },
	{ "or it goes along", LUNCH "set incremental-window on\n", "GET",
	  "$E?timeMin=2026-03-04T00:00:00Z", NULL, NULL, 200, "items#1" },
	{ NULL,
	  "event ann@example.com b0002 \"B\" 2026-03-01T12:00 2026-03-01T13:00\n"
	  "event ann@example.com c0003 \"C\" 2026-03-05T12:00 2026-03-05T13:00\n"
	  "delete ann@example.com lunch1\n",
	  "GET", "$E?syncToken=$sync", NULL, NULL, 200, "items#2;items.0.id=c0003" },
	{ "no token at all", NULL, "GET", "$E?syncToken=abc", NULL, NULL, 400,
	  REASON "invalid;error.errors.0.location=syncToken" },
	{ "dead", NULL, "GET", "$E", NULL, NULL, 200, NULL },
	{ NULL, "expire ann@example.com\n", "GET", "$E?syncToken=$sync", NULL, NULL, 410,
	  REASON "fullSyncRequired;error.errors.0.domain=calendar;error.errors.0.location="
		 "syncToken;error.code=410;error.message=Sync token is no longer valid, a "
		 "full sync is required." },
	{ NULL, "expire ann@example.com updatedMinTooLongAgo\n", "GET", "$E?syncToken=$sync",
	  NULL, NULL, 410, REASON "updatedMinTooLongAgo" },
	{ NULL, "expire ann@example.com invalid\n", "GET", "$E?syncToken=$sync", NULL, NULL,
	  400, "error.errors.0.location=syncToken" },
};

static void
a_sync_token_brings_what_changed(void **state)
{
	(void)state;
	PLAY(sync_rows);
}

/* ---- writes ------------------------------------------------------------------------------------------ */

static const struct gtable_row insert_rows[] = {
	{ "with an id", NULL, "POST", "$E?sendUpdates=none", NULL,
	  "{\"id\":\"0123456789abcdefghijklmnopqrstuv\",\"summary\":\"T\"," TALK
	  ",\"attendees\":[{\"email\":\"bob@example.com\"},{\"email\":\"ann@example."
	  "com\"}],"
	  "\"kind\":\"x\",\"unknown\":1}",
	  200,
	  "kind=calendar#event;id=0123456789abcdefghijklmnopqrstuv;status=confirmed;"
	  "summary=T;start.dateTime=2026-03-04T11:00:00+01:00;start.timeZone=Europe/"
	  "Berlin;"
	  "attendees.0.responseStatus=needsAction;attendees.1.self=true;organizer.self="
	  "true;"
	  "htmlLink;iCalUID;created=2026-03-02T08:00:00.000Z;updated=2026-03-02T08:00:"
	  "00."
	  "000Z;sequence=0;eventType=default;reminders.useDefault=true;!unknown;"
	  "!transparency" },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"id\":\"0123456789abcdefghijklmnopqrstuv\"," TALK "}", 409,
	  REASON "duplicate;error.errors.0.domain=global;error.message=The requested "
		 "identifier already exists." },
	{ NULL, "delete ann@example.com 0123456789abcdefghijklmnopqrstuv\n", "POST", "$E", NULL,
	  "{\"id\":\"0123456789abcdefghijklmnopqrstuv\"," TALK "}", 409, NULL },
	{ "ids", NULL, "POST", "$E", NULL, "{\"id\":\"abcd\"," TALK "}", 400,
	  REASON "invalid" },
	{ NULL, NULL, "POST", "$E", NULL, "{\"id\":\"abcdw\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"id\":\"ABCDE\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"id\":\"abc-de\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"id\":7," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"id\":\"abcde\",\"iCalUID\":\"x\"," TALK "}", 400,
	  NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{" TALK "}", 200, "id" },
	{ "times", NULL, "POST", "$E", NULL, "{\"summary\":\"T\"}", 400, REASON "required" },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"dateTime\":\"2026-03-04T10:00:00\"},\"end\":{\"dateTime\":"
	  "\"2026-03-04T11:00:00\"}}",
	  400, NULL },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"dateTime\":\"2026-03-04T10:00:00\",\"timeZone\":\"America/"
	  "New_York\"},"
	  "\"end\":{\"dateTime\":\"2026-03-04T11:00:00\",\"timeZone\":\"America/"
	  "New_York\"}}",
	  200, "start.dateTime=2026-03-04T16:00:00+01:00;start.timeZone=America/New_York" },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"dateTime\":\"2026-03-04T10:00:00\",\"timeZone\":\"Mars\"},"
	  "\"end\":{\"dateTime\":\"2026-03-04T11:00:00Z\"}}",
	  400, NULL },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"date\":\"2026-03-04\"},\"end\":{\"date\":\"2026-03-06\"}}", 200,
	  "start.date=2026-03-04;end.date=2026-03-06;!start.dateTime;!start.timeZone" },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"date\":\"2026-03-04\"},\"end\":{\"dateTime\":\"2026-03-04T11:"
	  "00:00Z\"}"
	  "}",
	  400, NULL },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"date\":\"2026-03-04\",\"dateTime\":\"2026-03-04T11:00:00Z\"},"
	  "\"end\":"
	  "{\"date\":\"2026-03-05\"}}",
	  400, NULL },
	{ NULL, NULL, "POST", "$E", NULL,
	  "{\"start\":{\"dateTime\":\"2026-03-04T12:00:00Z\"},\"end\":{\"dateTime\":"
	  "\"2026-03-04T11:00:00Z\"}}",
	  400, NULL },
	{ "words", NULL, "POST", "$E?sendUpdates=some", NULL, "{" TALK "}", 400,
	  "error.errors.0.location=sendUpdates" },
	{ NULL, NULL, "POST", "$E?sendUpdates=externalOnly", NULL, "{" TALK "}", 200, NULL },
	{ NULL, NULL, "POST", "$E?sendUpdates=all", NULL, "{" TALK "}", 200, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"visibility\":\"secret\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"transparency\":\"busy\"," TALK "}", 400, NULL },
	{ NULL, NULL, "POST", "$E", NULL, "{\"attendees\":[{\"email\":\"bob\"}]," TALK "}", 400,
	  NULL },
	{ "bodies", NULL, "POST", "$E", NULL, "{", 400, REASON "parseError" },
	{ NULL, NULL, "POST", "$E", NULL, "[]", 400, NULL },
	{ NULL, NULL, "POST", "$E", "Content-Type: text/plain\r\n", "{" TALK "}", 400, NULL },
};

static void
an_insert_is_checked(void **state)
{
	(void)state;
	PLAY(insert_rows);
}

#define K44 "k1234567890123456789012345678901234567890123"

static const struct gtable_row change_rows[] = {
	{ "patch", NULL, "POST", "$E", NULL,
	  "{\"id\":\"abcde\",\"summary\":\"T\",\"location\":\"L\"," TALK
	  ",\"attendees\":[{\"email\":\"bob@example.com\",\"responseStatus\":"
	  "\"accepted\"},{"
	  "\"email\":\"eve@example.com\"}],\"extendedProperties\":{\"private\":{\"a\":"
	  "\"1\","
	  "\"b\":\"2\"}}}",
	  200, NULL },
	{ NULL, NULL, "PATCH", "$E/abcde", "If-Match: $etag\r\n",
	  "{\"summary\":\"U\",\"location\":null,\"attendees\":[{\"email\":\"bob@"
	  "example.com\"}],"
	  "\"extendedProperties\":{\"private\":{\"b\":null,\"c\":\"3\"}}}",
	  200,
	  "summary=U;!location;attendees#1;attendees.0.responseStatus=needsAction;"
	  "extendedProperties.private.a=1;!extendedProperties.private.b;"
	  "extendedProperties."
	  "private.c=3;start.dateTime=2026-03-04T11:00:00+01:00;htmlLink;iCalUID" },
	{ NULL, NULL, "PATCH", "$E/abcde", "If-Match: \"1\"\r\n", "{\"summary\":\"V\"}", 412,
	  REASON "conditionNotMet;error.errors.0.location=If-Match;error.errors.0."
		 "locationType=header" },
	{ NULL, "change ann@example.com abcde title=W\n", "PATCH", "$E/abcde",
	  "If-Match: $etag\r\n", "{\"summary\":\"V\"}", 412, NULL },
	{ NULL, NULL, "PATCH", "$E/abcde", "If-Match: *\r\n", "{\"summary\":\"V\"}", 200,
	  "summary=V" },
	{ NULL, NULL, "PATCH", "$E/abcde", NULL, "{\"start\":{\"date\":\"2026-03-04\"}}", 400,
	  NULL },
	{ NULL, NULL, "PATCH", "$E/abcde", NULL,
	  "{\"start\":{\"date\":\"2026-03-04\",\"dateTime\":null,\"timeZone\":null},"
	  "\"end\":{"
	  "\"date\":\"2026-03-05\",\"dateTime\":null,\"timeZone\":null}}",
	  200, "start.date=2026-03-04;!start.dateTime" },
	{ NULL, NULL, "PATCH", "$E/nothing", NULL, "{}", 404, REASON "notFound" },
	{ NULL, NULL, "PATCH", "$E/abcde?sendUpdates=x", NULL, "{}", 400, NULL },
	{ "properties", NULL, "POST", "$E", NULL,
	  "{\"id\":\"abcde\"," TALK ",\"extendedProperties\":{\"private\":{\"" K44
	  "\":\"44\",\"" K44 "x\":\"45\"}}}",
	  200, "extendedProperties.private." K44 "=44;!extendedProperties.private." K44 "x" },
	{ "put", NULL, "POST", "$E", NULL,
	  "{\"id\":\"abcde\",\"summary\":\"T\",\"location\":\"L\"," TALK
	  ",\"extendedProperties\":{\"private\":{\"a\":\"1\"}}}",
	  200, NULL },
	{ NULL, NULL, "PUT", "$E/abcde", "If-Match: \"1\"\r\n", "{" TALK "}", 412, NULL },
	{ NULL, NULL, "PUT", "$E/abcde", NULL, "{\"summary\":\"U\"}", 400, NULL },
	{ NULL, NULL, "PUT", "$E/abcde", NULL, "{\"summary\":\"U\"," TALK "}", 200,
	  "summary=U;!location;!extendedProperties;htmlLink" },
	{ "delete", LUNCH, "DELETE", "$E/lunch1", "If-Match: \"1\"\r\n", NULL, 412, NULL },
	{ NULL, NULL, "DELETE", "$E/lunch1?sendUpdates=x", NULL, NULL, 400, NULL },
	{ NULL, NULL, "DELETE", "$E/lunch1?sendUpdates=none", NULL, NULL, 204, NULL },
	{ NULL, NULL, "DELETE", "$E/lunch1", NULL, NULL, 410,
	  REASON "deleted;error.message=Resource has been deleted" },
	{ NULL, NULL, "DELETE", "$E/nothing", NULL, NULL, 404, NULL },
	{ NULL, NULL, "GET", "$E/lunch1", NULL, NULL, 200,
	  "status=cancelled;summary=Lunch;start.dateTime" },
	{ NULL, NULL, "PATCH", "$E/lunch1", NULL, "{\"summary\":\"X\"}", 200,
	  "status=cancelled" },
	{ NULL, "set patch-deleted gone\n", "PATCH", "$E/lunch1", NULL, "{\"summary\":\"X\"}",
	  410, REASON "deleted" },
	{ NULL, NULL, "PATCH", "$E/lunch1", NULL, "{\"status\":\"confirmed\"}", 200,
	  "status=confirmed" },
	{ "rewritten texts", "set normalise on\n", "POST", "$E", NULL,
	  "{\"summary\":\"T  \",\"description\":\"a<br/>b<br />c\\u0001d\"," TALK "}", 200,
	  "summary=T;description=a<br>b<br>cd" },
};

static void
a_change_is_guarded_and_merged(void **state)
{
	(void)state;
	PLAY(change_rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_valid_token_opens_a_calendar_of_its_account),
		cmocka_unit_test(a_role_says_what_may_be_seen_and_written),
		cmocka_unit_test(a_list_is_strict_about_its_parameters),
		cmocka_unit_test(bounds_are_exclusive),
		cmocka_unit_test(pages_go_on_with_the_same_parameters),
		cmocka_unit_test(a_sync_token_brings_what_changed),
		cmocka_unit_test(an_insert_is_checked),
		cmocka_unit_test(a_change_is_guarded_and_merged),
	};

	return cmocka_run_group_tests(tests, gtable_start, gtable_stop);
}
