/* A site on which everything agrees (see the header). */
#include "support/flaw_site.h"

#include "support/unit.h"

#include <string.h>

#include "../../connector/sync/block_world.h"
#include "mmsync/mem.h"
#include "mmsync/pool.h"
#include "mmsync/uuid.h"
#include "support/dbcheck.h"
#include "support/program.h"

#define HOUR INT64_C(3600000)

static char utc[] = "UTC";

int
flaw_site_start(struct flaw_site *f)
{
	(void)store_site_start(&f->store);
	mms_test_site_make(&f->store.server, "site1",
			   ", \"mmsync\": {\"event_time_zone\": \"UTC\", \"busy_blocks\":"
			   " {\"enabled\": true}}",
			   f->dir);
	mms_test_site_load(f->dir, &f->site);
	OK(mms_pool_open(&f->pool, &f->site.db, 3, &err));
	mms_pool_use_columns(f->pool, mms_columns_has_port, f->store.columns);
	f->clock = (struct mms_clock){ .is_fixed = true, .fixed_ms = FLAW_NOW };
	f->settings.time_zone = utc;
	f->env = (struct mms_sync_env){ .pool = f->pool,
					.site = &f->site,
					.columns = f->store.columns,
					.settings = &f->settings,
					.clock = &f->clock };
	return 0;
}

int
flaw_site_stop(struct flaw_site *f)
{
	mms_pool_close(f->pool);
	mms_site_release(&f->site);
	return store_site_stop(&f->store);
}

/* ---- rows ---------------------------------------------------------------------------------------- */

static void
add_calendar(struct flaw_site *f, unsigned id, const char *name, const char *user,
	     const char *type, const char *provider)
{
	mms_test_sql(
		&f->store.server,
		"INSERT INTO `tabMM Calendar Integration` (name, creation, modified, owner,"
		" user, integration_name, integration_type, calendar_id, is_active,"
		" is_primary, sync_direction, sync_past_days, sync_future_days,"
		" sync_status, last_sync) VALUES ('%s', '2026-01-01', '2026-01-01',"
		" 'Administrator', '%s', '%s', '%s', '%s', 1, %d,"
		" 'Two-way (Read & Write)', 30, 90, 'Success', '2026-03-01 08:55')",
		name, user, name, type, name, id != 2);
	mms_test_sql(
		&f->store.server,
		"INSERT INTO mmsync_cursor (id, name, frappe_creation, frappe_owner,"
		" provider, role, sync_token, window_start_ms, window_end_ms, last_full_ms,"
		" last_success_ms, last_attempt_ms) VALUES (%u, '%s', '2026-01-01',"
		" 'Administrator', '%s', 5, 'token', %lld, %lld, %lld, %lld, %lld)",
		id, name, provider, (long long)(FLAW_NOW - 30 * 24 * HOUR),
		(long long)(FLAW_NOW + 98 * 24 * HOUR), (long long)(FLAW_NOW - 24 * HOUR),
		(long long)(FLAW_NOW - HOUR / 12), (long long)(FLAW_NOW - HOUR / 12));
}

/* An event of an hour, some days from now at ten. */
static void
add_event(struct flaw_site *f, unsigned cursor, const char *calendar, const char *row,
	  const char *uuid, int days)
{
	mms_test_sql(&f->store.server,
		     "INSERT INTO " EVENTS
		     " (name, creation, modified, owner, calendar_integration,"
		     " external_event_id, event_title, event_type, sync_status,"
		     " start_datetime, end_datetime, is_blocking_availability,"
		     " sync_direction) VALUES ('%s', '2026-02-01', '2026-02-01',"
		     " 'Administrator', '%s', 'id-%s', 'Title', 'External Event', 'Synced',"
		     " '2026-03-01 10:00' + INTERVAL %d DAY, '2026-03-01 11:00' + INTERVAL %d"
		     " DAY, 1, 'Inbound')",
		     row, calendar, uuid, days, days);
	mms_test_sql(&f->store.server,
		     "INSERT INTO mmsync_event_state (integration_id, ext_key, external_id,"
		     " uuid, ical_uid, row_name, type, status, external_version, created_at_ms,"
		     " changed_at_ms) VALUES (%u, LEFT(UNHEX(SHA2('id-%s', 256)), 16), 'id-%s',"
		     " UNHEX(LPAD('%s', 32, '0')), 'uid-%s', '%s', 1, 3, '1', 1, 1)",
		     cursor, uuid, uuid, uuid, uuid, row);
}

/* Its block in "home", sent and settled. */
static void
add_block(struct flaw_site *f, const char *uuid, const char *source, int days)
{
	MMS_AUTO(mms_digest) digest = { 0 };
	unsigned char print[MMS_PRINT_BYTES];
	char hex[2 * MMS_PRINT_BYTES + 1];
	int64_t start_ms = FLAW_NOW + HOUR + days * 24 * HOUR, end_ms = start_ms + HOUR;

	OK(mms_block_print(&digest, start_ms, end_ms, "Busy", print, &err));
	mms_hex_print(print, sizeof print, hex);
	mms_test_sql(
		&f->store.server,
		"INSERT INTO mmsync_event_state (integration_id, ext_key, external_id,"
		" uuid, ical_uid, type, created_by_us, source_uuid, status,"
		" external_version, created_at_ms, changed_at_ms) VALUES (2,"
		" LEFT(UNHEX(SHA2('id-%s', 256)), 16), 'id-%s', UNHEX(LPAD('%s', 32, '0')),"
		" 'uid-%s', 3, 1, UNHEX(LPAD('%s', 32, '0')), 3, '1', 1, 1)",
		uuid, uuid, uuid, uuid, source);
	mms_test_sql(&f->store.server,
		     "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid,"
		     " source_id, start_ms, end_ms, title, print, sent_print, planned_run,"
		     " planned_ms, calendar_id, provider, uid_key) VALUES"
		     " (UNHEX(LPAD('%s', 32, '0')), 2, UNHEX(LPAD('%s', 32, '0')), 1, %lld,"
		     " %lld, 'Busy', UNHEX('%s'), UNHEX('%s'), UNHEX(LPAD('1', 32, '0')), 1,"
		     " 'home', 'outlook', LEFT(UNHEX(SHA2(UPPER('uid-%s'), 256)), 16))",
		     uuid, source, (long long)start_ms, (long long)end_ms, hex, hex, uuid);
}

static void
add_booking(struct flaw_site *f)
{
	store_site_add_booking(&f->store, FLAW_BOOKING, "2026-02-01", "2026-02-02",
			       "2026-03-03 10:00");
	store_site_assign(&f->store, FLAW_BOOKING, "ann@example.com", 1, true);
	mms_test_sql(&f->store.server,
		     "UPDATE " BOOKING " SET calendar_event = '" FLAW_BOOKED_EVENT
		     "', calendar_event_synced = 1 WHERE name = '" FLAW_BOOKING "'");
	mms_test_sql(&f->store.server,
		     "UPDATE " EVENTS
		     " SET event_type = 'Meeting Booking', meeting_booking = '" FLAW_BOOKING
		     "', sync_direction = 'Bidirectional' WHERE name = '" FLAW_BOOKED_EVENT
		     "'");
	mms_test_sql(&f->store.server,
		     "UPDATE mmsync_event_state SET type = 2, created_by_us = 1, booking = "
		     "'" FLAW_BOOKING "', booking_creation = '2026-02-01', booking_modified ="
		     " '2026-02-02', base_content = '{}' WHERE uuid = " FLAW_U_BOOKED);
}

/* Everybody's blocks were planned under what there is now. */
static void
put_prints(struct flaw_site *f)
{
	MMS_AUTO(mms_block_people) people = { 0 };
	MMS_AUTO(mms_sources) sources = { 0 };
	struct mms_worker worker = { .env = &f->env };
	const struct mms_outward o = { .worker = &worker, .now_ms = FLAW_NOW };

	OK(mms_sources_load(f->store.db, &sources, &err));
	OK(mms_block_people_make(&o, &sources, &people, &err));
	for (size_t i = 0; i < people.n; i++) {
		const struct mms_block_whom *whom = &people.items[i];
		char hex[2 * MMS_READ_PRINT_BYTES + 1];

		mms_hex_print(whom->print, sizeof whom->print, hex);
		for (size_t k = 0; whom->is_on && k < whom->n; k++)
			mms_test_sql(&f->store.server,
				     "UPDATE mmsync_cursor SET blocks_print = UNHEX('%s')"
				     " WHERE id = %llu",
				     hex, (unsigned long long)whom->cursors[k]);
	}
	mms_digest_release(&worker.digest);
}

static void
make_rows(struct flaw_site *f)
{
	store_site_clean(&f->store);
	mms_test_sql(&f->store.server,
		     "DELETE FROM tabSeries; INSERT INTO tabSeries (name, current) VALUES"
		     " ('', 10); UPDATE mmsync_installation SET bookings_seen = '2026-03-01"
		     " 08:00'; INSERT IGNORE INTO tabUser (name) VALUES ('ann@example.com'),"
		     " ('bob@example.com'); INSERT IGNORE INTO `tabMM Meeting Type` (name,"
		     " is_active, is_public) VALUES ('Talk', 1, 1)");
	add_calendar(f, 1, "work", "ann@example.com", "Google Calendar", "google");
	add_calendar(f, 2, "home", "ann@example.com", "Outlook Calendar", "outlook");
	add_calendar(f, 3, "bobs", "bob@example.com", "Google Calendar", "google");
	add_event(f, 1, "work", FLAW_EVENT, "A1", 1);
	add_event(f, 1, "work", FLAW_BOOKED_EVENT, "A2", 2);
	add_event(f, 3, "bobs", FLAW_BOBS_EVENT, "A3", 1);
	add_booking(f);
	add_block(f, "B1", "A1", 1);
	add_block(f, "B2", "A2", 2);
	mms_test_sql(
		&f->store.server,
		"UPDATE `tabMM Calendar Integration` SET access_token = '*'; UPDATE " BOOKING
		" SET meeting_type = 'Talk', customer_name = 'Carl', customer_email ="
		" 'carl@example.com', select_mkru = 'Business', location_type = 'Physical"
		" Location', meeting_location = 'Here'");
	put_prints(f);
}

void
flaw_site_clean(struct flaw_site *f)
{
	static const char *const tables[] = {
		BOOKING,
		PEOPLE,
		GUESTS,
		HISTORY,
		EVENTS,
		"tabSeries",
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
	MMS_AUTO(mms_str) sql = { 0 };

	if (!f->is_made)
		make_rows(f);
	mms_str_add(&sql, f->is_made ? "" : "CREATE DATABASE kept;");
	for (size_t i = 0; i < MMS_COUNT(tables); i++) {
		const char *t = tables[i];
		if (f->is_made)
			mms_str_addf(&sql,
				     "DELETE FROM %s; INSERT INTO %s SELECT * FROM kept.%s;", t,
				     t, t);
		else
			mms_str_addf(&sql,
				     "CREATE TABLE kept.%s LIKE %s; INSERT INTO kept.%s"
				     " SELECT * FROM %s;",
				     t, t, t, t);
	}
	mms_test_sql(&f->store.server, "%s", mms_str_get(&sql));
	f->is_made = true;
}

/* ---- what is found -------------------------------------------------------------------------------- */

static mms_rc
take(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	struct mms_str *out = aux;

	mms_str_addf(out, "%s %.*s %.*s %s\n", mms_rule_name(flaw->rule), (int)flaw->name.len,
		     flaw->name.ptr,
		     flaw->integration.ptr != NULL ? (int)flaw->integration.len : 1,
		     flaw->integration.ptr != NULL ? flaw->integration.ptr : "-",
		     mms_remedy_name(flaw->mend.remedy));
	return mms_str_check(out, err);
}

void
flaw_site_find(struct flaw_site *f, const struct mms_flaw_choice *choice, struct mms_str *out)
{
	mms_str_clear(out);
	OK(mms_flaws_find(&f->env, choice, take, out, &err));
}

void
flaw_site_expect(struct flaw_site *f, const char *label, const struct mms_flaw_choice *choice,
		 const char *want)
{
	MMS_AUTO(mms_str) is = { 0 };

	flaw_site_find(f, choice, &is);
	if (strcmp(mms_str_get(&is), want) != 0)
		fail_msg("%s (user %s, integration %s, event %s): is\n%swant\n%s", label,
			 choice->user != NULL ? choice->user : "-",
			 choice->integration != NULL ? choice->integration : "-",
			 choice->event != NULL ? choice->event : "-", mms_str_get(&is), want);
}
