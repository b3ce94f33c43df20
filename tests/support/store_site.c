/* A site for tests of gateways (see the header). */
#include "support/store_site.h"

#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/schema.h"
#include "support/dbcheck.h"
#include "support/frappe_site.h"
#include "support/program.h"

static void
read_columns(struct store_site *site)
{
	OK(mms_columns_load(site->db, &site->columns, &err));
	mms_db_use_columns(site->db, mms_columns_has_port, site->columns);
	mms_db_use_columns(site->other, mms_columns_has_port, site->columns);
}

static void
connect_twice(struct store_site *site)
{
	OK(mms_db_open(&site->db, &site->server.settings, &err));
	OK(mms_db_open(&site->other, &site->server.settings, &err));
}

static void
disconnect(struct store_site *site)
{
	mms_columns_free(site->columns);
	mms_db_close(site->db);
	mms_db_close(site->other);
	site->columns = NULL;
	site->db = site->other = NULL;
}

int
store_site_start(struct store_site *site)
{
	struct mms_site settings;
	char dir[MMS_TEST_DIR_MAX];

	mms_site_setup();
	(void)mms_test_server_start(&site->server, NULL);
	mms_test_make_frappe(&site->server);
	connect_twice(site);
	mms_test_site_make(&site->server, "site1",
			   ", \"mmsync\": {\"event_time_zone\": \"UTC\"}", dir);
	mms_test_site_load(dir, &settings);
	mms_test_schema_apply(site->db, &settings);
	mms_site_release(&settings);
	read_columns(site);
	return 0;
}

int
store_site_stop(struct store_site *site)
{
	disconnect(site);
	return mms_test_server_stop(&site->server);
}

void
store_site_reread(struct store_site *site)
{
	disconnect(site);
	connect_twice(site);
	read_columns(site);
}

void
store_site_clean(struct store_site *site)
{
	static const char *const tables[] = {
		BOOKING,
		PEOPLE,
		GUESTS,
		HISTORY,
		EVENTS,
		"tabVersion",
		"__Auth",
		"`tabMM Calendar Integration`",
		"mmsync_event_state",
		"mmsync_outbox",
		"mmsync_dead_letter",
		"mmsync_busy_block",
		"mmsync_block_due",
		"mmsync_same_meeting",
		"mmsync_cursor",
	};

	for (size_t i = 0; i < MMS_COUNT(tables); i++)
		mms_test_sql(&site->server, "DELETE FROM %s", tables[i]);
}

int64_t
wall(const char *text)
{
	int64_t us = MMS_NO_TIME;

	if (!mms_wall_parse(text, strlen(text), &us))
		fail_msg("'%s' is no time", text);
	return us;
}

void
store_site_expect(struct store_site *site, const char *want, const char *sql)
{
	char *is = mms_test_ask_text(&site->server, "%s", sql);

	if (strcmp(is != NULL ? is : "NULL", want) != 0)
		fail_msg("%s\nis   %s\nwant %s", sql, is != NULL ? is : "NULL", want);
	free(is);
}

int64_t
store_site_rows_read(struct store_site *site)
{
	return mms_test_ask_i64(&site->server, "SELECT SUM(VARIABLE_VALUE) FROM"
					       " information_schema.GLOBAL_STATUS WHERE"
					       " VARIABLE_NAME IN ('Handler_read_rnd_next',"
					       " 'Handler_read_next', 'Handler_read_key')");
}

void
store_site_add_booking(struct store_site *site, const char *name, const char *creation,
		       const char *modified, const char *begins)
{
	mms_test_sql(&site->server,
		     "INSERT INTO " BOOKING " (name, owner, creation, modified, modified_by,"
		     " booking_status, meeting_title, start_datetime, end_datetime, duration)"
		     " VALUES ('%s', 'maker@example.com', '%s', '%s', 'maker@example.com',"
		     " 'Confirmed', 'Title of %s', '%s', '%s' + INTERVAL 1 HOUR, 60)",
		     name, creation, modified, name, begins, begins);
}

void
store_site_assign(struct store_site *site, const char *booking, const char *user, int idx,
		  bool is_host)
{
	mms_test_sql(&site->server,
		     "INSERT INTO " PEOPLE " (name, parent, parenttype, parentfield, idx, user,"
		     " is_primary_host) VALUES (UUID(), '%s', 'MM Meeting Booking',"
		     " 'assigned_users', %d, '%s', %d)",
		     booking, idx, user, is_host);
}
