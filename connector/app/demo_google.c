/*
 * The part of the demonstration in which a booking lives in a Google calendar. Google is the fake of the
 * tests; the person who moves an event there is a request to its control.
 */
#include "demo.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/columns.h"
#include "mmsync/cursors.h"
#include "mmsync/ddl.h"
#include "mmsync/http.h"
#include "mmsync/json_scan.h"
#include "mmsync/timetext.h"
#include "mmsync/tokens.h"

#define DORA     "dora@example.com"
#define CALENDAR "MM-CI-dora@example.com-0004"
#define BOOKING  "MM-MB-0002"
/* The fake's, and nobody else's. */
#define CLIENT_ID     "demo-client"
#define CLIENT_SECRET "demo-secret"
#define ACCESS_TOKEN  "demo-access"
#define REFRESH_TOKEN "demo-refresh"
#define LIFETIME_MS   INT64_C(3599000)

void
mms_demo_add_google_settings(const struct demo *demo, struct mms_str *out)
{
	if (demo->google_port == 0)
		return;
	mms_str_addf(out,
		     "  \"google\": {\"client_id\": \"" CLIENT_ID
		     "\", \"client_secret\": \"" CLIENT_SECRET "\",\n"
		     "   \"api_base\": \"http://127.0.0.1:%u/calendar/v3\",\n"
		     "   \"token_url\": \"http://127.0.0.1:%u/token\"},\n",
		     demo->google_port, demo->google_port);
}

/* ---- what a person does and sees at Google -------------------------------------------------- */

/* One request to the fake; script NULL: GET. */
static mms_rc
ask_fake(const struct demo *demo, const char *path, const char *script,
	 struct mms_http_answer *answer, struct mms_err *err)
{
	char url[160];
	struct mms_http *http = NULL;
	const struct mms_http_limits limits = { .may_reach_private = true };
	const struct mms_http_request request = { .method = script != NULL ? "POST" : NULL,
						  .url = url,
						  .body = script,
						  .body_len =
							  script != NULL ? strlen(script) : 0 };

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", demo->google_port, path);
	mms_rc rc = mms_http_open(&http, &limits, err);
	if (rc == MMS_OK)
		rc = mms_http_run(http, &request, answer, err);
	mms_http_close(http);
	if (rc == MMS_OK && answer->status != 200)
		rc = mms_fail(err, MMS_E_BUG, "the fake Google answers %ld: %s", answer->status,
			      mms_str_get(&answer->body));
	return rc;
}

static mms_rc
tell_fake(const struct demo *demo, const char *script, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };

	return ask_fake(demo, "/_control", script, &answer, err);
}

/* What of an event is shown. */
struct shown {
	char title[80], start[40], end[40];
	bool is_gone;
};

static void
copy(const struct mms_jvalue *value, char *out, size_t size)
{
	(void)snprintf(out, size, "%.*s", value->type == MMS_J_TEXT ? (int)value->len : 0,
		       value->ptr);
}

/* {"dateTime": "2026-03-04T10:00:00+01:00", ...} as 2026-03-04 10:00. */
static void
read_time(struct mms_jscan *s, char *out, size_t size)
{
	struct mms_jvalue key, value;

	while (mms_jscan_more(s, &key) && mms_jscan_value(s, &value)) {
		if (mms_jscan_is(&key, "dateTime", 8) && value.len > 16) {
			value.len = 16;
			copy(&value, out, size);
			out[10] = ' ';
		}
		if (!mms_jscan_skip(s, &value))
			return;
	}
}

static void
read_event(const char *line, size_t len, struct shown *out)
{
	struct mms_jscan s;
	struct mms_jvalue value, key;

	*out = (struct shown){ 0 };
	mms_jscan_start(&s, line, len);
	if (!mms_jscan_value(&s, &value) || value.type != MMS_J_MAP)
		return;
	while (mms_jscan_more(&s, &key) && mms_jscan_value(&s, &value)) {
		if (mms_jscan_is(&key, "summary", 7))
			copy(&value, out->title, sizeof out->title);
		if (mms_jscan_is(&key, "status", 6))
			out->is_gone = mms_jscan_is(&value, "cancelled", 9);
		if (mms_jscan_is(&key, "start", 5) && value.type == MMS_J_MAP)
			read_time(&s, out->start, sizeof out->start);
		else if (mms_jscan_is(&key, "end", 3) && value.type == MMS_J_MAP)
			read_time(&s, out->end, sizeof out->end);
		else
			(void)mms_jscan_skip(&s, &value);
	}
}

static mms_rc
show_google(const struct demo *demo, struct mms_err *err)
{
	static const char *const heads[] = { "AT GOOGLE", "START (MADRID)", "END (MADRID)" };
	MMS_AUTO(mms_table) table = { .n_columns = MMS_COUNT(heads), .heads = heads };
	MMS_AUTO(mms_http_answer) answer = { 0 };

	mms_rc rc = ask_fake(demo, "/_state?calendar=" DORA, NULL, &answer, err);
	const char *line = mms_str_get(&answer.body), *end;
	for (; rc == MMS_OK && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct shown event;

		read_event(line, (size_t)(end - line), &event);
		if (event.is_gone)
			continue;
		rc = mms_table_add(&table, event.title, err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, event.start, err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, event.end, err);
	}
	if (rc == MMS_OK) {
		putchar('\n');
		mms_table_print(demo->app, &table);
	}
	return rc;
}

/* ---- Dora, and her calendar ----------------------------------------------------------------- */

static mms_rc
add_dora(const struct demo *demo, struct mms_err *err)
{
	static const char *const statements[] = {
		"INSERT INTO tabUser (name, creation, modified, owner, modified_by, email, "
		"enabled, time_zone) VALUES ('" DORA "', NOW(6), NOW(6), 'Administrator', "
		"'Administrator', '" DORA "', 1, 'Europe/Madrid')",
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner, "
		"modified_by, user, integration_name, integration_type, calendar_id, "
		"is_active, is_primary, sync_direction) VALUES ('" CALENDAR
		"', NOW(6), NOW(6), "
		"'Administrator', 'Administrator', '" DORA "', 'Calendar', 'Google Calendar', "
		"'" DORA "', 1, 1, 'Two-way (Read & Write)')",
	};
	struct demo_time start = mms_demo_time_at(demo, 2, 12, 0),
			 end = mms_demo_time_at(demo, 2, 13, 30);
	char script[500];

	(void)snprintf(script, sizeof script,
		       "client " CLIENT_ID " " CLIENT_SECRET "\n"
		       "account " DORA " access=" ACCESS_TOKEN " refresh=" REFRESH_TOKEN "\n"
		       "calendar " DORA " owner=" DORA " zone=Europe/Madrid\n"
		       "event " DORA " review1 \"Design review\" %s %s\n",
		       start.typed, end.typed);
	mms_rc rc = tell_fake(demo, script, err);
	return rc == MMS_OK ? mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err)
			    : rc;
}

/* Her cursor, which her tokens stand beside. */
static mms_rc
find_cursor(struct mms_db *db, uint64_t *id, struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };

	mms_rc rc = mms_sources_load(db, &sources, err);
	if (rc == MMS_OK)
		rc = mms_sources_settle(db, &sources, err);
	for (size_t i = 0; rc == MMS_OK && i < sources.n; i++) {
		if (strcmp(sources.items[i].integration.name, CALENDAR) == 0)
			*id = sources.items[i].cursor.id;
	}
	return rc;
}

/* As `mmsync connect google` does after a consent; the site's zone is UTC. */
static mms_rc
store_tokens(const struct demo *demo, struct mms_db *db, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	int64_t now_ms = mms_clock_now_ms(&demo->app->clock);
	const struct mms_new_tokens tokens = { .access = ACCESS_TOKEN,
					       .refresh = REFRESH_TOKEN,
					       .expiry_us = (now_ms + LIFETIME_MS) * 1000 };
	uint64_t cursor_id = 0;

	mms_rc rc = find_cursor(db, &cursor_id, err);
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_tokens_store(&tx, MMS_DEMO_KEY, CALENDAR, cursor_id, &tokens,
				      "Administrator", now_ms * 1000, now_ms, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

static mms_rc
connect_dora(const struct demo *demo, struct mms_err *err)
{
	struct mms_db *db = NULL;
	struct mms_columns *columns = NULL;

	mms_rc rc = mms_demo_open_db(demo, &db, err);
	if (rc == MMS_OK)
		rc = mms_columns_load(db, &columns, err);
	if (rc == MMS_OK) {
		mms_db_use_columns(db, mms_columns_has_port, columns);
		rc = store_tokens(demo, db, err);
	}
	mms_db_close(db);
	mms_columns_free(columns);
	return rc;
}

/* ---- the booking ---------------------------------------------------------------------------- */

/* What the app's booking page saves. */
static mms_rc
book_dora(const struct demo *demo, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 2, 9, 0),
			 end = mms_demo_time_at(demo, 2, 10, 0);
	char booking[800];
	const char *const statements[] = {
		booking,
		"INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, user, "
		"is_primary_host, parent, parentfield, parenttype) VALUES ('demo-2', 1, "
		"'" DORA "', 1, '" BOOKING "', 'assigned_users', 'MM Meeting Booking')",
	};

	(void)snprintf(booking, sizeof booking,
		       "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, "
		       "meeting_type, booking_status, meeting_title, start_datetime, "
		       "end_datetime, duration, customer_name, customer_email) VALUES "
		       "('" BOOKING "', NOW(6), NOW(6), 'Consultation', 'Confirmed', "
		       "'Consultation', '%s', '%s', 60, 'A customer', 'customer@example.org')",
		       start.stored, end.stored);
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

static mms_rc
push(const struct demo *demo, struct mms_err *err)
{
	static const char *const words[] = { "push", "--booking", BOOKING, NULL };
	int status = 0;

	mms_rc rc = mms_demo_show(demo, words, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "push", err);
	return rc == MMS_OK ? show_google(demo, err) : rc;
}

static mms_rc
show_booking(const struct demo *demo, struct mms_err *err)
{
	static const char *const heads[] = { "BOOKING", "STATUS", "START (UTC)", "END (UTC)" };
	static const char *const history[] = { "HISTORY", "WHAT" };

	mms_rc rc = mms_demo_show_rows(
		demo, heads, MMS_COUNT(heads),
		"SELECT name, booking_status, DATE_FORMAT(start_datetime, '%a %d %b %H:%i'), "
		"DATE_FORMAT(end_datetime, '%a %H:%i') FROM `tabMM Meeting Booking` WHERE "
		"name = '" BOOKING "'",
		err);
	if (rc == MMS_OK)
		rc = mms_demo_show_rows(
			demo, history, MMS_COUNT(history),
			"SELECT event_type, event_description FROM `tabMM Meeting Booking "
			"History` WHERE parent = '" BOOKING "' ORDER BY idx",
			err);
	return rc;
}

/* The id of the booking's event, as its row has it, into a line for the fake. */
static mms_rc
add_move(const struct demo *demo, struct mms_str *script, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 2, 10, 30),
			 end = mms_demo_time_at(demo, 2, 11, 30);
	MMS_AUTO(mms_text_rows) rows = { 0 };
	struct mms_db *db = NULL;

	mms_rc rc = mms_demo_open_db(demo, &db, err);
	if (rc == MMS_OK)
		rc = mms_text_rows_load(&rows, db,
					"SELECT external_event_id FROM `tabMM Calendar Event "
					"Sync` WHERE meeting_booking = '" BOOKING "'",
					err);
	const char *const *row = rc == MMS_OK ? mms_text_rows_find_next(&rows) : NULL;
	if (row != NULL)
		mms_str_addf(script, "change " DORA " %s start=%s end=%s\n", row[0],
			     start.typed, end.typed);
	mms_db_close(db);
	if (rc == MMS_OK && row == NULL)
		rc = mms_fail(err, MMS_E_BUG, "the booking has no event");
	return rc == MMS_OK ? mms_str_check(script, err) : rc;
}

/* ---- the story ------------------------------------------------------------------------------ */

static mms_rc
tell_booked(const struct demo *demo, struct mms_err *err)
{
	mms_demo_say("\n5. Dora in Madrid has a Google calendar, connected and two-way. "
		     "(Google is a\n"
		     "   fake on this machine.) A customer books her for Wednesday; Frappe "
		     "saves the\n"
		     "   booking and has it pushed:");
	mms_rc rc = add_dora(demo, err);
	if (rc == MMS_OK)
		rc = connect_dora(demo, err);
	if (rc == MMS_OK)
		rc = book_dora(demo, err);
	return rc == MMS_OK ? push(demo, err) : rc;
}

static mms_rc
tell_moved(const struct demo *demo, struct mms_err *err)
{
	static const char *const sync[] = { "sync", "--user", DORA, NULL }, *const state[] = {
		"booking", "status", BOOKING, NULL
	};
	MMS_AUTO(mms_str) script = { 0 };
	int status = 0;

	mms_demo_say("\n   Dora drags it to half past eleven in her calendar. The next sync "
		     "reads that,\n   and her own appointment, and the booking follows:");
	mms_rc rc = add_move(demo, &script, err);
	if (rc == MMS_OK)
		rc = tell_fake(demo, mms_str_get(&script), err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, sync, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "the sync of a Google calendar", err);
	if (rc == MMS_OK)
		rc = show_booking(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, state, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "booking status", err) : rc;
}

static mms_rc
tell_cancelled(const struct demo *demo, struct mms_err *err)
{
	static const char *const cancel[] = {
		"UPDATE `tabMM Meeting Booking` SET booking_status = 'Cancelled', "
		"cancellation_reason = 'Fallen ill', modified = NOW(6) WHERE name = '" BOOKING
		"'",
	};
	struct demo_time from = mms_demo_time_at(demo, 2, 10, 30),
			 to = mms_demo_time_at(demo, 2, 11, 30);
	const char *const slot[] = { "check-slot", "--user", DORA,     "--start",
				     from.typed,   "--end",  to.typed, NULL };
	int status = 0;

	mms_demo_say("\n   While it stands she is not free then:");
	mms_rc rc = mms_demo_show(demo, slot, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "check-slot", err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\n   The customer cancels. The event goes, her own stays, and the hour "
		     "is free:");
	rc = mms_demo_run_sql(demo, cancel, MMS_COUNT(cancel), err);
	if (rc == MMS_OK)
		rc = push(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, slot, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "check-slot", err) : rc;
}

mms_rc
mms_demo_tell_google(const struct demo *demo, struct mms_err *err)
{
	if (demo->google_port == 0) {
		mms_demo_say("\n5. Bookings in a Google calendar are left out: the fake Google "
			     "is not beside this program (make demo builds it).");
		return MMS_OK;
	}
	mms_rc rc = tell_booked(demo, err);
	if (rc == MMS_OK)
		rc = tell_moved(demo, err);
	return rc == MMS_OK ? tell_cancelled(demo, err) : rc;
}
