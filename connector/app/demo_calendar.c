/*
 * What the parts of the demonstration share that are told of a calendar with an account, at Google or at
 * Outlook. Both services are the fake of the tests; the person who moves an event there is a request to its
 * control.
 */
#include "demo_calendar.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/columns.h"
#include "mmsync/cursors.h"
#include "mmsync/ddl.h"
#include "mmsync/http.h"
#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/tokens.h"
#include "plain.h"

#define CLIENT_ID     "demo-client"
#define CLIENT_SECRET "demo-secret"

void
mms_demo_add_calendar_settings(const struct demo *demo, struct mms_str *out)
{
	if (demo->fake_port == 0)
		return;
	mms_str_addf(out,
		     "  \"google\": {\"client_id\": \"" CLIENT_ID
		     "\", \"client_secret\": \"" CLIENT_SECRET "\",\n"
		     "   \"api_base\": \"http://127.0.0.1:%u/calendar/v3\",\n"
		     "   \"token_url\": \"http://127.0.0.1:%u/token\"},\n",
		     demo->fake_port, demo->fake_port);
	mms_str_addf(out,
		     "  \"microsoft\": {\"client_id\": \"" CLIENT_ID
		     "\", \"client_secret\": \"" CLIENT_SECRET "\",\n"
		     "   \"api_base\": \"http://127.0.0.1:%u/v1.0\",\n"
		     "   \"token_url\": "
		     "\"http://127.0.0.1:%u/{tenant}/oauth2/v2.0/token\"},\n",
		     demo->fake_port, demo->fake_port);
}

/* ---- what a person does and sees there ----------------------------------------------------- */

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

	(void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", demo->fake_port, path);
	mms_rc rc = mms_http_open(&http, &limits, err);
	if (rc == MMS_OK)
		rc = mms_http_run(http, &request, answer, err);
	mms_http_close(http);
	if (rc == MMS_OK && answer->status != 200)
		rc = mms_fail(err, MMS_E_BUG, "the fake answers %ld: %s", answer->status,
			      mms_str_get(&answer->body));
	return rc;
}

mms_rc
mms_demo_tell_fake(const struct demo *demo, const char *script, struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };

	return ask_fake(demo, "/_control", script, &answer, err);
}

static void
copy(const struct mms_jvalue *value, char *out, size_t size)
{
	char text[1000];

	if (value->type != MMS_J_TEXT || value->len >= sizeof text)
		return;
	text[mms_jscan_decode(value, text)] = '\0';
	(void)snprintf(out, size, "%.*s", (int)size - 1, text);
}

/* {"dateTime": "2026-03-04T10:00:00+01:00", ...} as 2026-03-04 10:00; of days alone nothing. */
static bool
read_time(struct mms_jscan *s, char *out, size_t size)
{
	struct mms_jvalue key, value;

	while (mms_jscan_more(s, &key) && mms_jscan_value(s, &value)) {
		if (mms_jscan_is(&key, "dateTime", 8) && value.len > 16)
			(void)snprintf(out, size, "%.10s %.5s", value.ptr, value.ptr + 11);
		if (!mms_jscan_skip(s, &value))
			return false;
	}
	return s->why == NULL;
}

/* ["ann@example.com", ...]: the last of them. */
static bool
read_mailed(struct mms_jscan *s, char *out, size_t size)
{
	struct mms_jvalue value;

	while (mms_jscan_more(s, NULL) && mms_jscan_value(s, &value)) {
		copy(&value, out, size);
		if (!mms_jscan_skip(s, &value))
			return false;
	}
	return s->why == NULL;
}

static bool
read_member(struct mms_jscan *s, const struct mms_jvalue *key, const struct mms_jvalue *value,
	    struct demo_shown *out)
{
	if (mms_jscan_is(key, "start", 5) && value->type == MMS_J_MAP)
		return read_time(s, out->start, sizeof out->start);
	if (mms_jscan_is(key, "end", 3) && value->type == MMS_J_MAP)
		return read_time(s, out->end, sizeof out->end);
	if (mms_jscan_is(key, "mailed", 6) && value->type == MMS_J_ARRAY)
		return read_mailed(s, out->mailed, sizeof out->mailed);
	if (mms_jscan_is(key, "summary", 7))
		copy(value, out->title, sizeof out->title);
	if (mms_jscan_is(key, "description", 11))
		copy(value, out->text, sizeof out->text);
	if (mms_jscan_is(key, "visibility", 10))
		copy(value, out->visibility, sizeof out->visibility);
	if (mms_jscan_is(key, "status", 6))
		out->is_gone = mms_jscan_is(value, "cancelled", 9);
	return mms_jscan_skip(s, value);
}

/* A line of the fake's state. Errors: BUG (it is no event). */
static mms_rc
read_event(const char *line, size_t len, struct demo_shown *out, struct mms_err *err)
{
	struct mms_jscan s;
	struct mms_jvalue value, key;

	*out = (struct demo_shown){ .mailed = "nobody" };
	mms_jscan_start(&s, line, len);
	bool is_good = mms_jscan_value(&s, &value) && value.type == MMS_J_MAP;
	while (is_good && mms_jscan_more(&s, &key))
		is_good = mms_jscan_value(&s, &value) && read_member(&s, &key, &value, out);
	if (is_good && s.why == NULL)
		return MMS_OK;
	return mms_fail(err, MMS_E_BUG, "the fake shows no event: %.*s", (int)len, line);
}

static mms_rc
add_row(struct mms_table *table, const struct demo_shown *e, struct mms_err *err)
{
	const char *const cells[] = { e->title, e->start, e->end, e->mailed, e->text };
	mms_rc rc = MMS_OK;

	for (size_t c = 0; rc == MMS_OK && c < table->n_columns; c++)
		rc = mms_plain_add_cell(table, cells[c], err);
	return rc;
}

void
mms_demo_calendar_release(struct mms_demo_calendar *list)
{
	mms_free(list->items);
	*list = (struct mms_demo_calendar){ 0 };
}

static const char *
account_of(const struct demo_person *p)
{
	return p->account != NULL ? p->account : p->email;
}

mms_rc
mms_demo_load_state(const struct demo *demo, const struct demo_person *p, struct mms_str *out,
		    struct mms_err *err)
{
	MMS_AUTO(mms_http_answer) answer = { 0 };
	char path[120];

	(void)snprintf(path, sizeof path, "/_state?calendar=%s", account_of(p));
	mms_rc rc = ask_fake(demo, path, NULL, &answer, err);
	if (rc != MMS_OK)
		return rc;
	mms_str_add(out, mms_str_get(&answer.body));
	return mms_str_check(out, err);
}

static mms_rc
add_shown(struct mms_demo_calendar *list, const struct demo_shown *event, struct mms_err *err)
{
	struct demo_shown *moved = mms_grow(list->items, list->n, &list->cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	list->items = moved;
	list->items[list->n++] = *event;
	return MMS_OK;
}

mms_rc
mms_demo_load_calendar(const struct demo *demo, const struct demo_person *p,
		       struct mms_demo_calendar *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) state = { 0 };
	struct demo_shown event;

	mms_rc rc = mms_demo_load_state(demo, p, &state, err);
	const char *line = mms_str_get(&state), *end;
	for (; rc == MMS_OK && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		rc = read_event(line, (size_t)(end - line), &event, err);
		if (rc == MMS_OK && !event.is_gone)
			rc = add_shown(out, &event, err);
	}
	return rc;
}

static mms_rc
show_calendar(const struct demo *demo, const struct demo_person *p, struct mms_err *err)
{
	MMS_AUTO(mms_table) table = { .n_columns = p->n_heads, .heads = p->heads };
	MMS_AUTO(mms_demo_calendar) list = { 0 };

	mms_rc rc = mms_demo_load_calendar(demo, p, &list, err);
	for (size_t i = 0; rc == MMS_OK && i < list.n; i++) {
		if (p->only == NULL || strcmp(p->only, list.items[i].title) == 0)
			rc = add_row(&table, &list.items[i], err);
	}
	if (rc == MMS_OK) {
		putchar('\n');
		mms_table_print(demo->app, &table);
	}
	return rc;
}

/* ---- a person, and the calendar ------------------------------------------------------------- */

/* Their cursor, which their tokens stand beside. */
static mms_rc
find_cursor(struct mms_db *db, const struct demo_person *p, uint64_t *id, struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };

	mms_rc rc = mms_sources_load(db, &sources, err);
	if (rc == MMS_OK)
		rc = mms_sources_settle(db, &sources, err);
	for (size_t i = 0; rc == MMS_OK && i < sources.n; i++) {
		if (strcmp(sources.items[i].integration.name, p->integration) == 0)
			*id = sources.items[i].cursor.id;
	}
	return rc;
}

/* As `mmsync connect` does after a consent; the site's zone is UTC. */
static mms_rc
store_tokens(const struct demo *demo, struct mms_db *db, const struct demo_person *p,
	     struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	int64_t now_ms = mms_clock_now_ms(&demo->app->clock);
	const struct mms_new_tokens tokens = { .access = p->access,
					       .refresh = p->refresh,
					       .expiry_us = (now_ms + p->lifetime_ms) * 1000 };
	uint64_t cursor_id = 0;

	mms_rc rc = find_cursor(db, p, &cursor_id, err);
	if (rc == MMS_OK)
		rc = mms_tx_begin(&tx, db, err);
	if (rc == MMS_OK)
		rc = mms_tokens_store(&tx, MMS_DEMO_KEY, p->integration, cursor_id, &tokens,
				      "Administrator", now_ms * 1000, now_ms, err);
	return rc == MMS_OK ? mms_tx_commit(&tx, err) : rc;
}

static mms_rc
check_refresh(const struct demo *demo, struct mms_db *db, const struct demo_person *p,
	      struct mms_err *err)
{
	MMS_AUTO(mms_tokens) tokens = { 0 };
	uint64_t cursor_id = 0;

	(void)demo;
	mms_rc rc = find_cursor(db, p, &cursor_id, err);
	if (rc == MMS_OK)
		rc = mms_tokens_load(db, MMS_DEMO_KEY, p->integration, cursor_id, &tokens, err);
	if (rc == MMS_OK && (tokens.refresh == NULL || strcmp(tokens.refresh, p->refresh) == 0))
		rc = mms_fail(err, MMS_E_BUG, "the refresh token of %s is still the first",
			      p->email);
	return rc;
}

/* A connection that knows which columns the tables have. */
static mms_rc
with_columns(const struct demo *demo, const struct demo_person *p,
	     mms_rc (*run)(const struct demo *demo, struct mms_db *db,
			   const struct demo_person *p, struct mms_err *err),
	     struct mms_err *err)
{
	struct mms_db *db = NULL;
	struct mms_columns *columns = NULL;

	mms_rc rc = mms_demo_open_db(demo, &db, err);
	if (rc == MMS_OK)
		rc = mms_columns_load(db, &columns, err);
	if (rc == MMS_OK) {
		mms_db_use_columns(db, mms_columns_has_port, columns);
		rc = run(demo, db, p, err);
	}
	mms_db_close(db);
	mms_columns_free(columns);
	return rc;
}

mms_rc
mms_demo_expect_new_refresh(const struct demo *demo, const struct demo_person *p,
			    struct mms_err *err)
{
	return with_columns(demo, p, check_refresh, err);
}

static mms_rc
add_account(const struct demo *demo, const struct demo_person *p, const char *events,
	    struct mms_err *err)
{
	MMS_AUTO(mms_str) script = { 0 };

	mms_str_addf(&script,
		     "client " CLIENT_ID " " CLIENT_SECRET "\n"
		     "account %s access=%s refresh=%s\n"
		     "calendar %s owner=%s zone=%s\n%s",
		     account_of(p), p->access, p->refresh, account_of(p), account_of(p),
		     p->zone, events);
	mms_rc rc = mms_str_check(&script, err);
	return rc == MMS_OK ? mms_demo_tell_fake(demo, mms_str_get(&script), err) : rc;
}

static mms_rc
add_integration(const struct demo *demo, const struct demo_person *p, struct mms_err *err)
{
	MMS_AUTO(mms_str) integration = { 0 };

	mms_str_addf(&integration,
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
		     "owner, modified_by, user, integration_name, integration_type, "
		     "calendar_id, is_active, is_primary, sync_direction) VALUES ('%s', "
		     "NOW(6), NOW(6), 'Administrator', 'Administrator', '%s', '%s', "
		     "'%s', '%s', 1, %d, 'Two-way (Read & Write)')",
		     p->integration, p->email, p->account == NULL ? "Calendar" : "Private",
		     p->type, account_of(p), p->account == NULL);
	const char *const statements[] = { mms_str_get(&integration) };
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

mms_rc
mms_demo_add_person(const struct demo *demo, const struct demo_person *p, const char *events,
		    struct mms_err *err)
{
	mms_rc rc = add_account(demo, p, events, err);
	if (rc == MMS_OK && p->account == NULL)
		rc = mms_demo_add_user(demo, p->email, p->zone, err);
	if (rc == MMS_OK)
		rc = add_integration(demo, p, err);
	return rc == MMS_OK ? with_columns(demo, p, store_tokens, err) : rc;
}

/* ---- the booking ---------------------------------------------------------------------------- */

mms_rc
mms_demo_book(const struct demo *demo, const struct demo_person *p,
	      const struct demo_span *span, struct mms_err *err)
{
	MMS_AUTO(mms_str) booking = { 0 };
	MMS_AUTO(mms_str) host = { 0 };

	mms_str_addf(&booking,
		     "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, "
		     "meeting_type, booking_status, meeting_title, start_datetime, "
		     "end_datetime, duration, customer_name, customer_email) VALUES "
		     "('%s', NOW(6), NOW(6), 'Consultation', 'Confirmed', "
		     "'Consultation', '%s', '%s', 60, 'A customer', 'customer@example.org')",
		     p->booking, span->from.stored, span->to.stored);
	mms_str_addf(&host,
		     "INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, user, "
		     "is_primary_host, parent, parentfield, parenttype) VALUES ('host-%s', 1, "
		     "'%s', 1, '%s', 'assigned_users', 'MM Meeting Booking')",
		     p->booking, p->email, p->booking);
	const char *const statements[] = { mms_str_get(&booking), mms_str_get(&host) };
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

mms_rc
mms_demo_push(const struct demo *demo, const struct demo_person *p, struct mms_err *err)
{
	const char *const words[] = { "push", "--booking", p->booking, NULL };
	int status = 0;

	mms_rc rc = mms_demo_show(demo, words, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "push", err);
	return rc == MMS_OK ? show_calendar(demo, p, err) : rc;
}

static mms_rc
show_booking(const struct demo *demo, const struct demo_person *p, struct mms_err *err)
{
	static const char *const heads[] = { "BOOKING", "STATUS", "START (UTC)", "END (UTC)" };
	static const char *const history[] = { "HISTORY", "WHAT" };
	MMS_AUTO(mms_str) row = { 0 };
	MMS_AUTO(mms_str) rows = { 0 };

	mms_str_addf(&row,
		     "SELECT name, booking_status, DATE_FORMAT(start_datetime, '%%a %%d %%b "
		     "%%H:%%i'), DATE_FORMAT(end_datetime, '%%a %%H:%%i') FROM `tabMM Meeting "
		     "Booking` WHERE name = '%s'",
		     p->booking);
	mms_str_addf(&rows,
		     "SELECT event_type, event_description FROM `tabMM Meeting Booking "
		     "History` WHERE parent = '%s' ORDER BY idx",
		     p->booking);
	mms_rc rc = mms_demo_show_rows(demo, heads, MMS_COUNT(heads), mms_str_get(&row), err);
	if (rc == MMS_OK)
		rc = mms_demo_show_rows(demo, history, MMS_COUNT(history), mms_str_get(&rows),
					err);
	return rc;
}

/* The id of the booking's event, as its row has it, into a line for the fake. */
static mms_rc
add_move(const struct demo *demo, const struct demo_person *p, const struct demo_span *span,
	 struct mms_str *script, struct mms_err *err)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };
	MMS_AUTO(mms_str) sql = { 0 };
	struct mms_db *db = NULL;

	mms_str_addf(&sql,
		     "SELECT external_event_id FROM `tabMM Calendar Event Sync` WHERE "
		     "meeting_booking = '%s'",
		     p->booking);
	mms_rc rc = mms_demo_open_db(demo, &db, err);
	if (rc == MMS_OK)
		rc = mms_text_rows_load(&rows, db, mms_str_get(&sql), err);
	const char *const *row = rc == MMS_OK ? mms_text_rows_find_next(&rows) : NULL;
	if (row != NULL)
		mms_str_addf(script, "change %s %s start=%s end=%s\n", account_of(p), row[0],
			     span->from.typed, span->to.typed);
	mms_db_close(db);
	if (rc == MMS_OK && row == NULL)
		rc = mms_fail(err, MMS_E_BUG, "the booking has no event");
	return rc == MMS_OK ? mms_str_check(script, err) : rc;
}

mms_rc
mms_demo_sync(const struct demo *demo, const struct demo_person *p, struct mms_err *err)
{
	const char *const sync[] = { "sync", "--user", p->email, NULL };
	int status = 0;

	mms_rc rc = mms_demo_show(demo, sync, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "the sync of a calendar", err) : rc;
}

mms_rc
mms_demo_move(const struct demo *demo, const struct demo_person *p,
	      const struct demo_span *span, struct mms_err *err)
{
	MMS_AUTO(mms_str) script = { 0 };

	mms_rc rc = add_move(demo, p, span, &script, err);
	if (rc == MMS_OK)
		rc = mms_demo_tell_fake(demo, mms_str_get(&script), err);
	if (rc == MMS_OK)
		rc = mms_demo_sync(demo, p, err);
	return rc == MMS_OK ? show_booking(demo, p, err) : rc;
}
