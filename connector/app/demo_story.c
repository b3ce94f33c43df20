/* What the demonstration shows, in the order in which it is told. */
#include "demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/ddl.h"

struct person {
	const char *email, *zone, *integration, *feed;
};

static const struct person people[] = {
	{ "ann@example.com", "Europe/Berlin", "MM-CI-ann@example.com-0001", "ann-team.ics" },
	{ "bob@example.com", "America/New_York", "MM-CI-bob@example.com-0002",
	  "bob-outlook.ics" },
	{ "cleo@example.com", "Asia/Tokyo", "MM-CI-cleo@example.com-0003", "cleo-talks.ics" },
};

void
mms_demo_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	(void)fflush(stdout);
}

/* Show a command as a reader would type it, and run it. */
mms_rc
mms_demo_show(const struct demo *demo, const char *const *words, int *status,
	      struct mms_err *err)
{
	const char *argv[16] = { demo->self, "--site", demo->site };
	size_t n = 3;

	printf("\n  $ mmsync");
	for (size_t i = 0; words[i] != NULL && n + 1 < MMS_COUNT(argv); i++) {
		printf(" %s", words[i]);
		argv[n++] = words[i];
	}
	putchar('\n');
	(void)fflush(stdout);
	return mms_demo_spawn(argv, NULL, status, err);
}

mms_rc
mms_demo_open_db(const struct demo *demo, struct mms_db **out, struct mms_err *err)
{
	static char user[] = "root", database[] = "demo", none[] = "";
	const struct mms_db_settings settings = { .socket = (char *)(uintptr_t)demo->socket,
						  .user = user,
						  .password = none,
						  .database = database };

	return mms_db_open(out, &settings, err);
}

mms_rc
mms_demo_run_sql(const struct demo *demo, const char *const *statements, size_t n,
		 struct mms_err *err)
{
	struct mms_db *db = NULL;

	mms_rc rc = mms_demo_open_db(demo, &db, err);
	for (size_t i = 0; rc == MMS_OK && i < n; i++)
		rc = mms_db_run_text(db, statements[i], err);
	mms_db_close(db);
	return rc;
}

mms_rc
mms_demo_put_config(const struct demo *demo, bool has_busy_blocks, struct mms_err *err)
{
	char path[160];
	MMS_AUTO(mms_str) config = { 0 };

	mms_str_addf(&config,
		     "{\n \"db_name\": \"demo\",\n \"db_user\": \"root\",\n"
		     " \"db_password\": \"\",\n \"db_socket\": \"%s\",\n"
		     " \"encryption_key\": \"" MMS_DEMO_KEY "\",\n"
		     " \"mmsync\": {\n  \"event_time_zone\": \"UTC\",\n"
		     "  \"http\": {\"allow_hosts\": [\"127.0.0.1:%u\"",
		     demo->socket, demo->port);
	if (demo->fake_port != 0)
		mms_str_addf(&config, ", \"127.0.0.1:%u\"", demo->fake_port);
	mms_str_add(&config, "]},\n");
	mms_demo_add_calendar_settings(demo, &config);
	if (has_busy_blocks)
		mms_str_add(&config, "  \"busy_blocks\": {\"enabled\": true},\n");
	mms_str_add(&config, "  \"retry\": {\"max_attempts\": 2, \"base_ms\": 50}\n }\n}\n");
	(void)snprintf(path, sizeof path, "%s/site_config.json", demo->site);
	mms_rc rc = mms_str_check(&config, err);
	return rc == MMS_OK ? mms_demo_write(path, mms_str_get(&config), err) : rc;
}

/* The database itself is made from outside: a connection of ours needs one to exist. */
static mms_rc
make_site(const struct demo *demo, struct mms_err *err)
{
	char path[160], socket[160], log[160];
	int status = 0;
	static const char create[] =
		"CREATE DATABASE demo CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
	const char *const argv[] = { "mariadb", "--no-defaults", socket, "-uroot",
				     "-e",      create,          NULL };

	(void)snprintf(socket, sizeof socket, "--socket=%s", demo->socket);
	(void)snprintf(log, sizeof log, "%s/keeper.log", demo->dir);
	(void)snprintf(path, sizeof path, "%s/sites", demo->dir);
	if (mkdir(path, 0700) != 0 || mkdir(demo->site, 0700) != 0)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be made", demo->site);
	mms_rc rc = mms_demo_put_config(demo, false, err);
	if (rc == MMS_OK)
		rc = mms_demo_spawn(argv, log, &status, err);
	if (rc == MMS_OK && status != 0)
		rc = mms_fail(err, MMS_E_CONFIG, "the demonstration's database cannot be made");
	return rc;
}

mms_rc
mms_demo_add_user(const struct demo *demo, const char *email, const char *zone,
		  struct mms_err *err)
{
	MMS_AUTO(mms_str) user = { 0 };

	mms_str_addf(&user,
		     "INSERT INTO tabUser (name, creation, modified, owner, modified_by, "
		     "email, enabled, time_zone) VALUES ('%s', NOW(6), NOW(6), "
		     "'Administrator', 'Administrator', '%s', 1, '%s')",
		     email, email, zone);
	const char *const statements[] = { mms_str_get(&user) };
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

mms_rc
mms_demo_add_feed(const struct demo *demo, const char *email, const char *integration,
		  const char *title, const char *feed, struct mms_err *err)
{
	MMS_AUTO(mms_str) insert = { 0 };
	MMS_AUTO(mms_str) url = { 0 };

	if (strstr(feed, "://") == NULL)
		mms_str_addf(&url, "http://127.0.0.1:%u/", demo->port);
	mms_str_add(&url, feed);
	mms_str_addf(&insert,
		     "INSERT INTO `tabMM Calendar Integration` (name, creation, modified, "
		     "owner, modified_by, user, integration_name, integration_type, "
		     "is_active, sync_direction, ical_url) VALUES ('%s', NOW(6), NOW(6), "
		     "'Administrator', 'Administrator', '%s', '%s', 'iCal', 1, "
		     "'One-way (Read Only)', ",
		     integration, email, title);
	mms_sql_add_text(&insert, mms_str_get(&url));
	mms_str_addc(&insert, ')');
	const char *const statements[] = { mms_str_get(&insert) };
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

static mms_rc
add_people(const struct demo *demo, struct mms_err *err)
{
	static const char *const administrator[] = {
		"INSERT INTO tabUser (name, creation, modified, owner, modified_by, email, "
		"enabled) VALUES ('Administrator', NOW(6), NOW(6), 'Administrator', "
		"'Administrator', 'admin@example.com', 1)",
	};
	mms_rc rc = mms_demo_run_sql(demo, administrator, 1, err);

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(people); i++) {
		const struct person *p = &people[i];
		bool is_own = i == 0 && demo->own_feed != NULL;

		rc = mms_demo_add_user(demo, p->email, p->zone, err);
		if (rc == MMS_OK)
			rc = mms_demo_add_feed(demo, p->email, p->integration, "Calendar",
					       is_own ? demo->own_feed : p->feed, err);
	}
	return rc;
}

mms_rc
mms_demo_show_rows(const struct demo *demo, const char *const *heads, size_t n_heads,
		   const char *sql, struct mms_err *err)
{
	MMS_AUTO(mms_table) table = { .n_columns = n_heads, .heads = heads };
	MMS_AUTO(mms_text_rows) rows = { 0 };
	struct mms_db *db = NULL;
	const char *const *row;

	mms_rc rc = mms_demo_open_db(demo, &db, err);
	if (rc == MMS_OK)
		rc = mms_text_rows_load(&rows, db, sql, err);
	while (rc == MMS_OK && (row = mms_text_rows_find_next(&rows)) != NULL) {
		for (size_t c = 0; rc == MMS_OK && c < n_heads; c++)
			rc = mms_table_add(&table, row[c] != NULL ? row[c] : "", err);
	}
	mms_db_close(db);
	if (rc == MMS_OK) {
		putchar('\n');
		mms_table_print(demo->app, &table);
	}
	return rc;
}

mms_rc
mms_demo_show_events(const struct demo *demo, const char *where, struct mms_err *err)
{
	static const char *const heads[] = { "PERSON", "START (UTC)", "END (UTC)",
					     "TITLE",  "BLOCKS",      "STATUS" };
	MMS_AUTO(mms_str) sql = { 0 };

	mms_str_addf(&sql,
		     "SELECT SUBSTRING_INDEX(i.user, '@', 1), DATE_FORMAT(e.start_datetime, "
		     "'%%a %%d %%b"
		     " %%H:%%i'), DATE_FORMAT(e.end_datetime, '%%a %%H:%%i'), e.event_title,"
		     " IF(e.is_blocking_availability, 'yes', 'no'), e.sync_status"
		     " FROM `tabMM Calendar Event Sync` e JOIN `tabMM Calendar Integration` i"
		     " ON i.name = e.calendar_integration WHERE %s"
		     " ORDER BY i.user, e.start_datetime, e.name LIMIT 30",
		     where);
	mms_rc rc = mms_str_check(&sql, err);
	return rc == MMS_OK ? mms_demo_show_rows(demo, heads, MMS_COUNT(heads),
						 mms_str_get(&sql), err)
			    : rc;
}

mms_rc
mms_demo_expect(int status, int want, const char *what, struct mms_err *err)
{
	if (status == want)
		return MMS_OK;
	return mms_fail(err, MMS_E_BUG, "%s ended with status %d in place of %d", what, status,
			want);
}

static mms_rc
tell_first_sync(struct demo *demo, struct mms_err *err)
{
	static const char *const sync[] = { "sync", NULL }, *const again[] = { "sync", NULL };
	int status = 0;

	mms_demo_say("\n2. Ann works in Berlin, Bob in New York, Cleo in Tokyo. Each has "
		     "published a\n"
		     "   calendar as an iCal feed%s; Bob's comes from Outlook with\n"
		     "   Windows time zone names, broken lines and a meeting moved within its "
		     "series.\n"
		     "   The first sync reads all three:",
		     demo->own_feed != NULL ? " (Ann's is the one that you gave)" : "");
	mms_rc rc = mms_demo_show(demo, sync, &status, err);
	if (rc == MMS_OK && demo->own_feed == NULL)
		rc = mms_demo_expect(status, 0, "the first sync", err);
	if (rc == MMS_OK)
		mms_demo_say(
			"\n   Every occurrence is a row of MM Calendar Event Sync, series are "
			"expanded,\n"
			"   Bob's private appointment says no more than Busy:");
	if (rc == MMS_OK)
		rc = mms_demo_show_events(demo, "1", err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\n   Once more, and nothing is written, for nothing has changed:");
	return mms_demo_show(demo, again, &status, err);
}

static mms_rc
tell_change(struct demo *demo, struct mms_err *err)
{
	static const char *const dry[] = { "sync", "--dry-run", NULL };
	static const char *const sync[] = { "sync", NULL };
	int status = 0;

	mms_demo_say(
		"\n3. Ann moves her one on one by an hour, cancels the offsite and adds a\n"
		"   retrospective. First a dry run, which writes nothing, then the sync:");
	mms_rc rc = mms_demo_put_feeds(demo, 2, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, dry, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, sync, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "the second sync", err);
	if (rc == MMS_OK)
		rc = mms_demo_show_events(demo,
					  "e.external_event_id IN ('one-on-one@example.com',"
					  " 'offsite@example.com', 'retro@example.com')",
					  err);
	return rc;
}

struct demo_time
mms_demo_time_at(const struct demo *demo, int day, int hour, int minute)
{
	struct mms_civil c;
	struct demo_time t;

	mms_civil_from_days(mms_demo_monday(demo->app) + day, &c);
	(void)snprintf(t.typed, sizeof t.typed, "%04d-%02d-%02dT%02d:%02d:00Z", (int)c.year,
		       (int)c.month, (int)c.day, hour, minute);
	(void)snprintf(t.stored, sizeof t.stored, "%04d-%02d-%02d %02d:%02d:00", (int)c.year,
		       (int)c.month, (int)c.day, hour, minute);
	return t;
}

static mms_rc
book_bob(const struct demo *demo, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 3, 15, 0),
			 end = mms_demo_time_at(demo, 3, 16, 0);
	char booking[800];
	const char *const statements[] = {
		"INSERT INTO `tabMM Meeting Type` (name, creation, modified, "
		"meeting_name, is_active, is_public, is_internal) VALUES ('Consultation', "
		"NOW(6), NOW(6), 'Consultation', 1, 1, 1)",
		booking,
		"INSERT INTO `tabMM Meeting Booking Assigned User` (name, idx, user, "
		"is_primary_host, parent, parentfield, parenttype) VALUES ('demo-1', 1, "
		"'bob@example.com', 1, 'MM-MB-0001', 'assigned_users', 'MM Meeting Booking')",
	};

	(void)snprintf(booking, sizeof booking,
		       "INSERT INTO `tabMM Meeting Booking` (name, creation, modified, "
		       "meeting_type, booking_status, meeting_title, start_datetime, "
		       "end_datetime, duration, customer_name, customer_email) VALUES "
		       "('MM-MB-0001', NOW(6), NOW(6), 'Consultation', 'Confirmed', "
		       "'Consultation', '%s', '%s', 60, 'A customer', 'customer@example.org')",
		       start.stored, end.stored);
	return mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
}

static mms_rc
tell_free(struct demo *demo, struct mms_err *err)
{
	struct demo_time monday = mms_demo_time_at(demo, 0, 0, 0),
			 saturday = mms_demo_time_at(demo, 5, 0, 0);
	struct demo_time from = mms_demo_time_at(demo, 1, 16, 0),
			 to = mms_demo_time_at(demo, 1, 17, 0);
	const char *const week[] = { "availability", "--user", "bob@example.com", "--from",
				     monday.typed,   "--to",   saturday.typed,    NULL };
	const char *const slot[] = { "check-slot", "--user", "bob@example.com", "--start",
				     from.typed,   "--end",  to.typed,          NULL };
	int status = 0;

	mms_demo_say(
		"\n4. A customer has booked Bob for Thursday. The booking page asks when he is "
		"free,\n"
		"   and whether he is on Tuesday at eleven by his clock:");
	mms_rc rc = book_bob(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, week, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "availability", err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, slot, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "check-slot", err) : rc;
}

static mms_rc
tell_services(struct demo *demo, struct mms_err *err)
{
	if (demo->fake_port == 0) {
		mms_demo_say(
			"\n5. to 7. Calendars at Google and in Outlook are left out: the "
			"fake of both is not\n   beside this program (make demo builds it).");
		return MMS_OK;
	}
	mms_rc rc = mms_demo_tell_google(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_tell_outlook(demo, err);
	return rc == MMS_OK ? mms_demo_tell_busy(demo, err) : rc;
}

static mms_rc
tell_outage(struct demo *demo, struct mms_err *err)
{
	static const char *const
		sync[] = { "sync", "--integration", "MM-CI-cleo@example.com-0003", NULL },
		*const state[] = { "status", NULL }, *const health[] = { "health", NULL };
	char path[160];
	int status = 0;

	mms_demo_say("\n8. Cleo's service has a bad day and answers with a log-in page and "
		     "status 200.\n"
		     "   That is a failure, never an empty calendar: her events stay.");
	(void)snprintf(path, sizeof path, "%s/cleo-talks.ics.down", demo->feeds);
	mms_rc rc = mms_demo_write(path, "", err);
	/* Its feed is unchanged since: only a full read fetches it again. */
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, sync, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 1, "the sync of a broken feed", err);
	(void)unlink(path);
	if (rc == MMS_OK)
		rc = mms_demo_show_events(demo, "i.user = 'cleo@example.com'", err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\n   The operator sees it, too:");
	rc = mms_demo_show(demo, state, &status, err);
	return rc == MMS_OK ? mms_demo_show(demo, health, &status, err) : rc;
}

static mms_rc
tell_audit(struct demo *demo, struct mms_err *err)
{
	static const char *const audit[] = { "audit", NULL };
	static const char *const faults[] = {
		"UPDATE `tabMM Calendar Event Sync` SET end_datetime = start_datetime - "
		"INTERVAL 1 HOUR"
		" WHERE external_event_id = 'keynote@example.org'",
		"UPDATE `tabMM Calendar Event Sync` SET attendees_json = '{\"email\": \"x\"}'"
		" WHERE external_event_id = 'panel@example.org'",
		"UPDATE `tabMM Calendar Integration` SET sync_past_days = 400, modified ="
		" NOW(6)"
		" WHERE name = 'MM-CI-bob@example.com-0002'",
	};
	int status = 0;

	mms_demo_say("\n9. Somebody writes three faults into the tables by hand: an event that "
		     "ends\n"
		     "   before it starts, attendees that are no list, a window of 400 days. "
		     "The audit\n"
		     "   reads every row by the DocTypes' own rules and finds them:");
	mms_rc rc = mms_demo_run_sql(demo, faults, MMS_COUNT(faults), err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, audit, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 1, "the audit", err) : rc;
}

/* The site, with its people. */
static mms_rc
tell_site(struct demo *demo, struct mms_err *err)
{
	static const char *const apply[] = { "schema", "apply", "--with-frappe", "--quiet",
					     NULL };
	static const char *const check[] = { "schema", "check", NULL };
	int status = 0;

	mms_demo_say("\n1. A private MariaDB in %s, with Frappe's tables and mmsync's own.",
		     demo->dir);
	mms_rc rc = mms_demo_start(demo, err);
	if (rc == MMS_OK)
		rc = make_site(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, apply, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "schema apply", err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, check, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "schema check", err);
	if (rc == MMS_OK)
		rc = mms_demo_put_feeds(demo, 1, err);
	return rc == MMS_OK ? add_people(demo, err) : rc;
}

mms_rc
mms_demo_tell(struct demo *demo, struct mms_err *err)
{
	int64_t started_mono_ms = mms_clock_mono_ms();
	bool is_elsewhere = strncmp(demo->dir, "/tmp/mmsync", 11) != 0;

	mms_demo_say("mmsync demonstration: a Frappe site's meeting tables, %s people, their "
		     "calendars.",
		     demo->fake[0] != '\0' ? "five" : "three");
	mms_rc rc = tell_site(demo, err);
	if (rc == MMS_OK)
		rc = tell_first_sync(demo, err);
	if (rc == MMS_OK && demo->own_feed == NULL)
		rc = tell_change(demo, err);
	if (rc == MMS_OK)
		rc = tell_free(demo, err);
	if (rc == MMS_OK)
		rc = tell_services(demo, err);
	if (rc == MMS_OK)
		rc = tell_outage(demo, err);
	if (rc == MMS_OK)
		rc = tell_audit(demo, err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\nThat was it, in %lld seconds. The site runs for half an hour; look "
		     "around:\n\n"
		     "  %s --site %s sync --force-full\n"
		     "  mariadb --no-defaults -S %s -uroot demo\n\n"
		     "and clean up with\n\n  %s%s%s%s demo --stop",
		     (long long)((mms_clock_mono_ms() - started_mono_ms + 999) / 1000),
		     demo->self, demo->site, demo->socket, is_elsewhere ? "TMPDIR=" : "",
		     is_elsewhere ? getenv("TMPDIR") : "", is_elsewhere ? " " : "", demo->self);
	return MMS_OK;
}
