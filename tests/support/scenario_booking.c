/* Bookings as Frappe keeps them: what its people do to them in a story. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/timetext.h"
#include "mmsync/zone.h"
#include "support/scenario_words.h"

/* The story's present in the site's zone, as a column has it; the line's number keeps it apart. */
void
scenario_site_now(const struct scenario *s, char *out, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	char *name = mms_test_ask_text(
		&s->world->server,
		"SELECT COALESCE((SELECT value FROM tabSingles WHERE doctype ="
		" 'System Settings' AND field = 'time_zone'), 'UTC')");
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = mms_zone_utc();
	char text[MMS_TIME_TEXT_MAX];

	if (mms_zones_new(&zones, &err) != MMS_OK ||
	    mms_zones_find(zones, name, &zone, &err) != MMS_OK)
		abort();
	int64_t wall_us = mms_zone_to_wall(zone, s->now_ms);
	(void)mms_wall_print(wall_us - wall_us % 1000000, text);
	(void)snprintf(out, size, "%.19s.%06d", text, s->line_number);
	mms_zones_free(zones);
	free(name);
}

/* A time of a booking: an instant is kept in UTC, a wall time as it stands. */
static bool
event_time(struct scenario *s, const char *text, char *out, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	char print[MMS_TIME_TEXT_MAX];
	int64_t at;
	size_t len = strlen(text);
	bool is_wall = mms_wall_parse(text, len, &at);

	if (!is_wall && mms_time_parse(text, len, &at, &err) != MMS_OK)
		return scenario_fail(s, "'%s' is no time of a booking", text);
	(void)snprintf(out, size, "%s", mms_wall_print(is_wall ? at : at * 1000, print));
	return true;
}

/* One after the other of a list "a,b"; false at its end. */
static bool
next_item(const char **list, char *out, size_t size)
{
	size_t len = strcspn(*list, ",");

	if (**list == '\0')
		return false;
	(void)snprintf(out, size, "%.*s", (int)len, *list);
	*list += len + ((*list)[len] == ',');
	return true;
}

/* The standard columns of a child's row, up to its own. */
static void
add_child_head(struct mms_str *sql, const char *booking, const char *field, int idx,
	       const char *now)
{
	mms_str_add(sql, "(LEFT(MD5(CONCAT(");
	sql_quote(sql, booking);
	mms_str_addf(
		sql,
		", '%s', %d, '%s')), 10), '%s', '%s', 'Administrator', 'Administrator', 0, "
		"%d, ",
		field, idx, now, now, now, idx);
	sql_quote(sql, booking);
	mms_str_addf(sql, ", '%s', 'MM Meeting Booking', ", field);
}

#define CHILD_COLUMNS                                                                         \
	"(name, creation, modified, owner, modified_by, docstatus, idx, parent, parentfield," \
	" parenttype, "

static void
add_users(struct mms_str *sql, const char *booking, const char *users, const char *host,
	  const char *now)
{
	char user[140];
	int idx = 0;
	bool is_host_named = host[0] != '\0';

	while (next_item(&users, user, sizeof user)) {
		bool is_host = is_host_named ? strcmp(user, host) == 0 : idx == 0;

		mms_str_add(sql,
			    "INSERT INTO `tabMM Meeting Booking Assigned User` " CHILD_COLUMNS
			    "user, is_primary_host, assigned_at, assigned_by) VALUES ");
		add_child_head(sql, booking, "assigned_users", ++idx, now);
		sql_quote(sql, user);
		mms_str_addf(sql, ", %d, '%s', 'Administrator');", is_host, now);
	}
}

/* "x@example.com" or "x@example.com:Name". */
static void
add_guests(struct mms_str *sql, const char *booking, const char *guests, const char *now)
{
	char guest[280];
	int idx = 0;

	while (next_item(&guests, guest, sizeof guest)) {
		char *name = strchr(guest, ':');

		if (name != NULL)
			*name++ = '\0';
		mms_str_add(sql,
			    "INSERT INTO `tabMM Meeting Booking Participant` " CHILD_COLUMNS
			    "participant_type, name1, email, response_status) VALUES ");
		add_child_head(sql, booking, "participants", ++idx, now);
		mms_str_add(sql, "'External', ");
		sql_quote(sql, name != NULL ? name : guest);
		mms_str_add(sql, ", ");
		sql_quote(sql, guest);
		mms_str_add(sql, ", 'Pending');");
	}
}

/* "email" or "email:Name". */
static void
add_customer(struct mms_str *sql, const char *customer)
{
	size_t len = strcspn(customer, ":");
	char email[140];

	(void)snprintf(email, sizeof email, "%.*s", (int)len, customer);
	sql_quote_or_null(sql, customer[len] == ':' ? customer + len + 1 : email);
	mms_str_add(sql, ", ");
	sql_quote_or_null(sql, email);
}

/* booking NAME "Title" START END [key=value]... */
bool
scenario_booking(struct scenario *s, const struct words *w)
{
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX], now[64];
	const char *name = words_get(w, 0);
	const char *video = words_value(w, "video", ""), *place = words_value(w, "place", "");
	const char *kind = video[0] != '\0'   ? "Video Call"
			   : place[0] != '\0' ? "Physical Location"
					      : "Phone Call";
	const char *customer = words_value(w, "customer", "");
	MMS_AUTO(mms_str) sql = { 0 };

	if (w->n < 4)
		return scenario_fail(s, "booking takes NAME TITLE START END");
	if (!event_time(s, words_get(w, 2), start, sizeof start) ||
	    !event_time(s, words_get(w, 3), end, sizeof end))
		return false;
	scenario_site_now(s, now, sizeof now);
	mms_str_add(&sql,
		    "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, owner,"
		    " modified_by, created_by, docstatus, idx, is_internal, booking_source,"
		    " start_datetime, end_datetime, duration, booking_status, meeting_title,"
		    " meeting_description, customer_notes, location_type, meeting_location,"
		    " video_meeting_url, customer_name, customer_email) VALUES (");
	sql_quote(&sql, name);
	mms_str_addf(
		&sql,
		", '%s', '%s', 'Administrator', 'Administrator', 'Administrator', 0, 0, %d,"
		" 'Manual Entry', '%s', '%s', TIMESTAMPDIFF(MINUTE, '%s', '%s'), ",
		now, now, customer[0] == '\0', start, end, start, end);
	const char *const texts[] = { words_value(w, "status", "Confirmed"),
				      words_get(w, 1),
				      words_value(w, "text", ""),
				      words_value(w, "notes", ""),
				      words_value(w, "kind", kind),
				      place,
				      video };
	for (size_t i = 0; i < MMS_COUNT(texts); i++) {
		sql_quote_or_null(&sql, texts[i]);
		mms_str_add(&sql, ", ");
	}
	add_customer(&sql, customer);
	mms_str_add(&sql, ");");
	add_users(&sql, name, words_value(w, "users", "ann@example.com"),
		  words_value(w, "host", ""), now);
	add_guests(&sql, name, words_value(w, "guests", ""), now);
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	return true;
}

/* As every save of the parent: it is later than it was, and so are its children. */
static void
add_modified(struct mms_str *sql, const char *booking, const char *now)
{
	mms_str_addf(sql,
		     "UPDATE `tabMM Meeting Booking` SET modified = GREATEST('%s', modified +"
		     " INTERVAL 1 MICROSECOND), modified_by = 'Administrator', duration ="
		     " TIMESTAMPDIFF(MINUTE, start_datetime, end_datetime) WHERE name = ",
		     now);
	sql_quote(sql, booking);
	mms_str_add(sql, ";");
}

static void
add_removal(struct mms_str *sql, const char *table, const char *booking)
{
	mms_str_addf(sql, "DELETE FROM `tabMM Meeting Booking%s` WHERE %s = ", table,
		     table[0] != '\0' ? "parent" : "name");
	sql_quote(sql, booking);
	mms_str_add(sql, ";");
}

/* One column=value into an UPDATE; the short words of `booking` are taken, too. */
static bool
add_change(struct scenario *s, struct mms_str *sql, const char *booking, const char *change)
{
	static const struct {
		const char *word, *column;
	} names[] = { { "status", "booking_status" },    { "title", "meeting_title" },
		      { "text", "meeting_description" }, { "place", "meeting_location" },
		      { "video", "video_meeting_url" },  { "notes", "customer_notes" },
		      { "start", "start_datetime" },     { "end", "end_datetime" },
		      { "kind", "location_type" } };
	size_t len = strcspn(change, "=");
	char column[80], time[MMS_TIME_TEXT_MAX];
	const char *value = change + len + 1;

	if (change[len] != '=')
		return scenario_fail(s, "'%s' is not column=value", change);
	(void)snprintf(column, sizeof column, "%.*s", (int)len, change);
	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (strcmp(column, names[i].word) == 0)
			(void)snprintf(column, sizeof column, "%s", names[i].column);
	}
	if (strstr(column, "_datetime") != NULL) {
		if (!event_time(s, value, time, sizeof time))
			return false;
		value = time;
	}
	mms_str_add(sql, "UPDATE `tabMM Meeting Booking` SET ");
	if (strcmp(column, "customer") == 0) {
		char email[140];

		(void)snprintf(email, sizeof email, "%.*s", (int)strcspn(value, ":"), value);
		mms_str_add(sql, "customer_email = ");
		sql_quote_or_null(sql, email);
		mms_str_add(sql, ", customer_name = ");
		sql_quote_or_null(sql,
				  strchr(value, ':') != NULL ? strchr(value, ':') + 1 : email);
	} else {
		mms_str_addf(sql, "`%s` = ", column);
		sql_quote_or_null(sql, strcmp(value, "NULL") == 0 ? "" : value);
	}
	mms_str_add(sql, " WHERE name = ");
	sql_quote(sql, booking);
	mms_str_add(sql, ";");
	return true;
}

/* rebook NAME column=value... */
bool
scenario_rebook(struct scenario *s, const struct words *w)
{
	MMS_AUTO(mms_str) sql = { 0 };
	const char *name = words_get(w, 0), *guests = words_value(w, "guests", NULL);
	char now[64];

	scenario_site_now(s, now, sizeof now);
	for (size_t i = 1; i < w->n; i++) {
		bool is_people = strncmp(w->at[i], "guests=", 7) == 0;

		if (!is_people && !add_change(s, &sql, name, w->at[i]))
			return false;
	}
	if (guests != NULL) {
		add_removal(&sql, " Participant", name);
		add_guests(&sql, name, guests, now);
	}
	add_modified(&sql, name, now);
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	return true;
}

/* assign NAME users=... [host=...] */
bool
scenario_assign(struct scenario *s, const struct words *w)
{
	MMS_AUTO(mms_str) sql = { 0 };
	const char *name = words_get(w, 0);
	char now[64];

	scenario_site_now(s, now, sizeof now);
	add_removal(&sql, " Assigned User", name);
	add_users(&sql, name, words_value(w, "users", ""), words_value(w, "host", ""), now);
	add_modified(&sql, name, now);
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	return true;
}

/* unbook NAME: deleted, with all that hangs on it. */
bool
scenario_unbook(struct scenario *s, const struct words *w)
{
	MMS_AUTO(mms_str) sql = { 0 };

	add_removal(&sql, "", words_get(w, 0));
	add_removal(&sql, " Assigned User", words_get(w, 0));
	add_removal(&sql, " Participant", words_get(w, 0));
	add_removal(&sql, " History", words_get(w, 0));
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	return true;
}
