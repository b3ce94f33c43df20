/*
 * Statements of the gateways in store/: integrations, events, and the tables of our own.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_STORE_H
#define MMSYNC_STMT_STORE_H

/* A holder is believed dead when its lease is this much past its end: clocks of nodes differ. */
#define MMS_SQL_LEASE_SKEW "INTERVAL 5 SECOND"
/* MMS_LEASE_S as SQL. */
#define MMS_SQL_LEASE "INTERVAL 60 SECOND"

/* What is read of a cursor. */
#define MMS_SQL_CURSOR                                                                      \
	"c.id, c.sync_token, c.name, c.frappe_creation, c.frappe_owner, c.window_start_ms," \
	" c.window_end_ms, c.next_entry_ms, c.last_full_ms, c.last_success_ms,"             \
	" c.last_attempt_ms, c.wait_until_ms, c.failures, c.read_print,"                    \
	" c.lease_owner IS NOT NULL AND c.lease_until < UTC_TIMESTAMP(6) "                  \
	"- " MMS_SQL_LEASE_SKEW ","                                                         \
	" (SELECT COUNT(*) FROM mmsync_dead_letter d WHERE d.integration_id = c.id"         \
	" AND d.operation = 'apply' AND d.given_up <> 2),"                                  \
	" (SELECT COUNT(*) FROM mmsync_dead_letter d WHERE d.integration_id = c.id"         \
	" AND d.operation = 'apply' AND d.given_up = 0),"                                   \
	" c.longest_stamp"
/*
 * Has the service refused the tokens that are stored now (of cursor c)? The digest is of the token
 * as __Auth holds it: other stored tokens end the wait for a person by themselves.
 */
#define MMS_SQL_NEEDS_REAUTH                                                        \
	"c.reauth_token_sha256 IS NOT NULL AND c.reauth_token_sha256 = COALESCE("   \
	"(SELECT UNHEX(SHA2(a.password, 256)) FROM __Auth a"                        \
	" WHERE a.doctype = 'MM Calendar Integration' AND a.name = c.name"          \
	" AND a.fieldname IN ('refresh_token', 'access_token') AND a.encrypted = 1" \
	" ORDER BY a.fieldname DESC LIMIT 1), c.reauth_token_sha256)"
/*
 * What the turn's end says of the lengths of events: all of it where it was measured (the first
 * parameter), else the bound is raised only.
 */
#define MMS_SQL_LONGEST                                                \
	" longest_event_ms = IF(?, ?, GREATEST(longest_event_ms, ?))," \
	" longest_apart = IF(?, ?, longest_apart),"                    \
	" longest_watermark = COALESCE(?, longest_watermark),"         \
	" longest_stamp = COALESCE(?, longest_stamp)"
/* The name of a cursor whose own is another's now: Frappe refuses < and > in names. */
#define MMS_SQL_PARKED "CONCAT('<', id, '>')"

/* A turn's struct mms_turn_tally is added up, in the statement that ends the turn. */
#define MMS_SQL_TALLY                                                                \
	"run_ms = run_ms + ?, requests = requests + ?, retries = retries + ?,"       \
	" events_created = events_created + ?, events_updated = events_updated + ?," \
	" events_deleted = events_deleted + ?, events_failed = events_failed + ?"
/* Only while the lease is held, and no other batch came in between. */
#define MMS_SQL_HELD " WHERE id = ? AND fence = ? AND lease_owner = ? AND batch_no = ?"

#define MMS_STMTS_CURSOR(X)                                                                    \
	X(SOURCES,                                                                             \
	  "SELECT i.name, i.integration_name, i.user, i.integration_type, i.calendar_id,"      \
	  " i.ical_url, i.sync_direction, i.sync_status, i.owner, i.creation, i.is_active,"    \
	  " i.is_primary, i.auto_sync_enabled, i.sync_past_days, i.sync_future_days,"          \
	  " i.sync_interval_minutes, " MMS_SQL_CURSOR                                          \
	  " FROM `tabMM Calendar Integration` i LEFT JOIN mmsync_cursor c ON c.name = i.name"  \
	  " ORDER BY i.name",                                                                  \
	  "", "sSSSSSSSSTiiiiiiUSSTSIIIIIIIIBIIIT")                                            \
	X(CURSORS_WITHOUT_INTEGRATION,                                                         \
	  "SELECT " MMS_SQL_CURSOR " FROM mmsync_cursor c"                                     \
	  " LEFT JOIN `tabMM Calendar Integration` i ON i.name = c.name WHERE i.name IS NULL"  \
	  " ORDER BY c.id",                                                                    \
	  "", "uSSTSIIIIIIIIBIIIT")                                                            \
	X(CURSOR_PARK,                                                                         \
	  "UPDATE mmsync_cursor SET name = " MMS_SQL_PARKED " WHERE name = ? AND id <> ?",     \
	  "su", "")                                                                            \
	X(CURSOR_FOLLOW,                                                                       \
	  "UPDATE mmsync_cursor SET last_success_ms = IF(frappe_creation <=> ?,"               \
	  " last_success_ms, NULL), name = ?, frappe_creation = ?, frappe_owner = ?"           \
	  " WHERE id = ? AND name IN (?, " MMS_SQL_PARKED ")",                                 \
	  "TsTSus", "")                                                                        \
	X(CURSOR_ADD,                                                                          \
	  "INSERT IGNORE INTO mmsync_cursor (name, frappe_creation, frappe_owner, provider)"   \
	  " VALUES (?, ?, ?, ?)",                                                              \
	  "sTSs", "")                                                                          \
	X(CURSOR_ID, "SELECT id FROM mmsync_cursor WHERE name = ?", "s", "u")                  \
	X(LEASE_SERVER,                                                                        \
	  "SELECT CONCAT(@@hostname, ':', @@port, ':', @@server_id), @@wsrep_on, "             \
	  "CONNECTION_ID()",                                                                   \
	  "", "SIu")                                                                           \
	X(LEASE_LOOK,                                                                          \
	  "SELECT fence, lease_owner, lease_server, lease_connection,"                         \
	  " lease_until < UTC_TIMESTAMP(6) - " MMS_SQL_LEASE_SKEW                              \
	  " FROM mmsync_cursor WHERE id = ?",                                                  \
	  "u", "iSSUI")                                                                        \
	X(LEASE_IS_CONNECTED,                                                                  \
	  "SELECT COUNT(*) FROM information_schema.PROCESSLIST p JOIN mmsync_cursor c"         \
	  " ON c.lease_connection = p.id WHERE c.id = ? AND c.lease_until - " MMS_SQL_LEASE    \
	  " >= UTC_TIMESTAMP() - INTERVAL (SELECT VARIABLE_VALUE FROM"                         \
	  " information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME') SECOND",          \
	  "u", "i")                                                                            \
	X(LEASE_CLAIM,                                                                         \
	  "UPDATE mmsync_cursor SET lease_owner = ?, lease_server = ?, lease_connection = ?,"  \
	  " fence = fence + 1, batch_no = 0, lease_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE  \
	  ","                                                                                  \
	  " last_attempt_ms = ? WHERE id = ? AND fence = ?",                                   \
	  "sSuiui", "")                                                                        \
	X(LEASE_TOUCH,                                                                         \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1,"                                  \
	  " lease_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE ","                               \
	  " longest_event_ms = GREATEST(longest_event_ms, ?)"                                  \
	  " WHERE id = ? AND fence = ? AND lease_owner = ? AND batch_no = ?",                  \
	  "iuisi", "")                                                                         \
	X(LEASE_ASK, "SELECT fence, batch_no FROM mmsync_cursor WHERE id = ?", "u", "ii")      \
	X(LEASE_RENEW,                                                                         \
	  "UPDATE mmsync_cursor SET lease_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE ","       \
	  " lease_connection = IF(lease_server IS NULL, NULL, CONNECTION_ID())"                \
	  " WHERE lease_owner = ?",                                                            \
	  "s", "")                                                                             \
	X(LEASE_END_GOOD,                                                                      \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1, lease_owner = NULL,"              \
	  " lease_until = '2000-01-01', " MMS_SQL_LONGEST                                      \
	  ", sync_token = ?, window_start_ms = ?, window_end_ms = ?, next_entry_ms = ?,"       \
	  " read_print = ?, last_full_ms = COALESCE(?, last_full_ms), last_success_ms = ?,"    \
	  " last_seen_ms = COALESCE(?, last_seen_ms), failures = 0, wait_until_ms = NULL,"     \
	  " runs_good = runs_good + 1, " MMS_SQL_TALLY MMS_SQL_HELD,                           \
	  "iiiiSTTSIIIBIiIiiiiiiiuisi", "")                                                    \
	X(LEASE_END_SAME,                                                                      \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1, lease_owner = NULL,"              \
	  " lease_until = '2000-01-01', longest_event_ms = GREATEST(longest_event_ms, ?),"     \
	  " last_seen_ms = IF(last_seen_ms >= last_full_ms, ?, last_seen_ms),"                 \
	  " last_success_ms = ?, failures = 0, wait_until_ms = NULL,"                          \
	  " runs_good = runs_good + 1, " MMS_SQL_TALLY MMS_SQL_HELD,                           \
	  "iiiiiiiiiiuisi", "")                                                                \
	X(LEASE_END_BAD,                                                                       \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1, lease_owner = NULL,"              \
	  " lease_until = '2000-01-01', longest_event_ms = GREATEST(longest_event_ms, ?),"     \
	  " sync_token = IF(?, NULL, sync_token), failures = failures + 1, wait_until_ms = ?," \
	  " runs_bad = runs_bad + 1, " MMS_SQL_TALLY MMS_SQL_HELD,                             \
	  "iiIiiiiiiiuisi", "")                                                                \
	X(LEASE_RELEASE,                                                                       \
	  "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01',"           \
	  " last_attempt_ms = ? WHERE id = ? AND fence = ? AND lease_owner = ?",               \
	  "Iuis", "")                                                                          \
	X(INTEGRATION_HOLD,                                                                    \
	  "SELECT COUNT(*) FROM `tabMM Calendar Integration` WHERE name = ? FOR UPDATE", "s",  \
	  "i")                                                                                 \
	X(INTEGRATION_ENDED_GOOD,                                                              \
	  "UPDATE `tabMM Calendar Integration` SET sync_status = 'Success', last_sync = ?,"    \
	  " sync_error_log = ? WHERE name = ?",                                                \
	  "tSs", "")                                                                           \
	X(INTEGRATION_ENDED_BAD,                                                               \
	  "UPDATE `tabMM Calendar Integration` SET sync_status = 'Failed', sync_error_log = ?" \
	  " WHERE name = ?",                                                                   \
	  "ss", "")                                                                            \
	X(INTEGRATION_STATUS,                                                                  \
	  "UPDATE mmsync_cursor c JOIN `tabMM Calendar Integration` i ON i.name = ?"           \
	  " SET i.sync_status = ? WHERE c.id = ? AND c.fence = ? AND c.lease_owner = ?",       \
	  "ssuis", "")                                                                         \
	X(RUN_EXISTS, "SELECT COUNT(*) FROM mmsync_run WHERE run = ? AND integration_id = ?",  \
	  "bu", "i")                                                                           \
	X(RUN_PUT,                                                                             \
	  "INSERT INTO mmsync_run (run, integration_id, name, mode, status, started_ms,"       \
	  " finished_ms, seen, created, updated, unchanged, deleted, declined, ours, "         \
	  "`foreign`,"                                                                         \
	  " failed, blocks_created, blocks_updated, blocks_deleted, blocks_failed, pages,"     \
	  " requests, retries, error_code, error_text)"                                        \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "  \
	  "?)",                                                                                \
	  "busssiiiiiiiiiiiiiiiiiiSS", "")

/*
 * LETTER_PUT: what a person decided while a turn was on its way holds. A letter opened anew (no
 * attempts) stays open though the turn counted more tries than it allows; a discarded one stays so
 * for the content that it was discarded for. The assignments are made from left to right.
 */
#define MMS_STMTS_EVENT(X)                                                                     \
	X(KNOWN_ROWS,                                                                          \
	  "SELECT external_event_id, name, modified, event_title, event_type, sync_status,"    \
	  " start_datetime, end_datetime, description, location, attendees_json,"              \
	  " organizer_email, is_blocking_availability, sync_error_log,"                        \
	  " COALESCE(meeting_booking, '') <> '' OR event_type <=> 'Meeting Booking' OR"        \
	  " sync_direction <=> 'Outbound'"                                                     \
	  " FROM `tabMM Calendar Event Sync` WHERE calendar_integration = ?",                  \
	  "s", "SsTSSSTTSSSSiSi")                                                              \
	X(KNOWN_STATES,                                                                        \
	  "SELECT ext_key, type, status, row_name FROM mmsync_event_state WHERE "              \
	  "integration_id = ?",                                                                \
	  "u", "biiS")                                                                         \
	X(KNOWN_LETTERS,                                                                       \
	  "SELECT ext_key, attempts, given_up, content_print FROM mmsync_dead_letter"          \
	  " WHERE integration_id = ? AND operation = 'apply'",                                 \
	  "u", "biiB")                                                                         \
	X(EVENT_INSERT,                                                                        \
	  "INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified, modified_by, "   \
	  "owner,"                                                                             \
	  " docstatus, idx, calendar_integration, external_event_id, event_title, event_type," \
	  " sync_status, start_datetime, end_datetime, description, location, attendees_json," \
	  " organizer_email, is_blocking_availability, last_synced, external_last_modified,"   \
	  " sync_direction, sync_error_log)"                                                   \
	  " VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "           \
	  "'Inbound', ?)",                                                                     \
	  "sttsssssssttSSSSiTTS", "")                                                          \
	X(EVENT_UPDATE,                                                                        \
	  "UPDATE `tabMM Calendar Event Sync` SET external_event_id = ?, event_title = ?,"     \
	  " event_type = ?, sync_status = ?, start_datetime = ?, end_datetime = ?,"            \
	  " description = ?, location = ?, attendees_json = ?, organizer_email = ?,"           \
	  " is_blocking_availability = ?, last_synced = COALESCE(?, last_synced),"             \
	  " external_last_modified = ?, sync_error_log = ?, modified = ?, modified_by = ?"     \
	  " WHERE name = ? AND modified <=> ?",                                                \
	  "ssssttSSSSiTTStssT", "")                                                            \
	X(EVENT_MARK,                                                                          \
	  "UPDATE `tabMM Calendar Event Sync` SET sync_status = ?,"                            \
	  " sync_error_log = ?, modified = ?, modified_by = ? WHERE name = ? AND modified "    \
	  "<=> ?",                                                                             \
	  "sStssT", "")                                                                        \
	X(STATE_INSERT,                                                                        \
	  "INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid, "       \
	  "series_id,"                                                                         \
	  " ical_uid, row_name, type, created_by_us, status, external_version, content_hash,"  \
	  " created_at_ms, changed_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",  \
	  "ubsbSSSiiSbii", "")                                                                 \
	X(STATE_UPDATE,                                                                        \
	  "UPDATE mmsync_event_state SET row_name = ?, status = ?, external_version = ?,"      \
	  " content_hash = ?, changed_at_ms = ? WHERE integration_id = ? AND ext_key = ?",     \
	  "SiSBiub", "")                                                                       \
	X(STATE_MARK,                                                                          \
	  "UPDATE mmsync_event_state SET row_name = COALESCE(?, row_name), status = ?,"        \
	  " changed_at_ms = ? WHERE integration_id = ? AND ext_key = ?",                       \
	  "Siiub", "")                                                                         \
	X(STATE_RENAME,                                                                        \
	  "UPDATE mmsync_event_state SET ext_key = ?, external_id = ?, series_id = ?,"         \
	  " ical_uid = ?, row_name = ?, status = ?, external_version = ?, content_hash = ?,"   \
	  " changed_at_ms = ? WHERE integration_id = ? AND ext_key = ?",                       \
	  "bsSSSiSbiub", "")

#define MMS_STMTS_STORE(X) MMS_STMTS_CURSOR(X) MMS_STMTS_EVENT(X)

#endif
