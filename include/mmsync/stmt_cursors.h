/*
 * Statements of integrations, their cursors and leases, and of the log of runs.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_CURSORS_H
#define MMSYNC_STMT_CURSORS_H

/* A holder is believed dead when its lease is this much past its end: clocks of nodes differ. */
#define MMS_SQL_LEASE_SKEW "INTERVAL 5 SECOND"
/* MMS_LEASE_S as SQL. */
#define MMS_SQL_LEASE "INTERVAL 60 SECOND"

/* When the database server was started: numbers of connections begin anew with it. */
#define MMS_SQL_SERVER_START                                     \
	"UTC_TIMESTAMP() - INTERVAL (SELECT VARIABLE_VALUE FROM" \
	" information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'UPTIME') SECOND"

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
	" c.longest_stamp, c.fence, c.role, c.blocks_print, c.dirty,"                       \
	" c.circuit_state, c.circuit_failures, c.circuit_opens, c.circuit_until_ms,"        \
	" c.bookings_full_ms"
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

/* A circuit that is closed, nothing counted. */
#define MMS_SQL_CIRCUIT_CLOSED \
	"circuit_state = 0, circuit_failures = 0, circuit_opens = 0, circuit_until_ms = NULL"
/* A struct mms_circuit_state. */
#define MMS_SQL_CIRCUIT_SET                                           \
	"circuit_state = ?, circuit_failures = ?, circuit_opens = ?," \
	" circuit_until_ms = ?"

/* A turn's struct mms_turn_tally is added up, in the statement that ends the turn. */
#define MMS_SQL_TALLY                                                                \
	"run_ms = run_ms + ?, requests = requests + ?, retries = retries + ?,"       \
	" events_created = events_created + ?, events_updated = events_updated + ?," \
	" events_deleted = events_deleted + ?, events_failed = events_failed + ?"
/* Only while the lease is held, and no other batch came in between. */
#define MMS_SQL_HELD " WHERE id = ? AND fence = ? AND lease_owner = ? AND batch_no = ?"
/* ... and nobody has asked for it once more. */
#define MMS_SQL_HELD_CLEAN MMS_SQL_HELD " AND dirty = 0"

#define MMS_STMTS_CURSOR(X)                                                                    \
	X(SOURCES,                                                                             \
	  "SELECT i.name, i.integration_name, i.user, i.integration_type, i.calendar_id,"      \
	  " i.ical_url, i.sync_direction, i.sync_status, i.owner, i.creation, i.is_active,"    \
	  " i.is_primary, i.auto_sync_enabled, i.sync_past_days, i.sync_future_days,"          \
	  " i.sync_interval_minutes, " MMS_SQL_CURSOR                                          \
	  " FROM `tabMM Calendar Integration` i LEFT JOIN mmsync_cursor c ON c.name = i.name"  \
	  " ORDER BY i.name",                                                                  \
	  "", "sSSSSSSSSTiiiiiiUSSTSIIIIIIIIBIIITIIBIIIIII")                                    \
	X(SOURCE_CHOICES,                                                                      \
	  "SELECT name, {?tabMM Calendar Integration.mmsync_busy_blocks}"                      \
	  " FROM `tabMM Calendar Integration` ORDER BY name",                                  \
	  "", "sS")                                                                            \
	X(CURSORS_WITHOUT_INTEGRATION,                                                         \
	  "SELECT " MMS_SQL_CURSOR " FROM mmsync_cursor c"                                     \
	  " LEFT JOIN `tabMM Calendar Integration` i ON i.name = c.name WHERE i.name IS NULL"  \
	  " ORDER BY c.id",                                                                    \
	  "", "uSSTSIIIIIIIIBIIITIIBIIIIII")                                                    \
	X(CURSOR_LOAD, "SELECT " MMS_SQL_CURSOR " FROM mmsync_cursor c WHERE c.id = ?", "u",   \
	  "uSSTSIIIIIIIIBIIITIIBIIIIII")                                                        \
	X(CURSOR_FORGET_TOKEN,                                                                 \
	  "UPDATE mmsync_cursor SET sync_token = NULL,"                                        \
	  " lease_until = UTC_TIMESTAMP(6) + " MMS_SQL_LEASE                                   \
	  " WHERE id = ? AND fence = ? AND lease_owner = ?",                                   \
	  "uis", "")                                                                           \
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
	X(CURSOR_FORGET_PRINT,                                                                 \
	  "UPDATE mmsync_cursor SET read_print = NULL WHERE id = ? AND read_print IS NOT "     \
	  "NULL",                                                                              \
	  "u", "")                                                                             \
	X(CURSOR_PUT_COMPARED,                                                                 \
	  "UPDATE mmsync_cursor SET bookings_full_ms = last_full_ms WHERE id = ? AND"          \
	  " last_full_ms = ?",                                                                 \
	  "ui", "")                                                                            \
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
	  " >= " MMS_SQL_SERVER_START,                                                         \
	  "u", "i")                                                                            \
	X(LEASE_CLAIM,                                                                         \
	  "UPDATE mmsync_cursor SET lease_owner = ?, lease_server = ?, lease_connection = ?,"  \
	  " fence = fence + 1, batch_no = 0, dirty = IF(? IS NULL, dirty, 0), lease_until = "  \
	  "UTC_TIMESTAMP(6) + " MMS_SQL_LEASE ","                                              \
	  " last_attempt_ms = COALESCE(?, last_attempt_ms) WHERE id = ? AND fence = ?",        \
	  "sSuIIui", "")                                                                       \
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
	  " last_seen_ms = COALESCE(?, IF(? AND last_seen_ms >= last_full_ms,"                 \
	  " last_success_ms, last_seen_ms)), role = COALESCE(?, role), failures = 0,"          \
	  " wait_until_ms = NULL, " MMS_SQL_CIRCUIT_CLOSED ","                                 \
	  " runs_good = runs_good + 1, " MMS_SQL_TALLY MMS_SQL_HELD_CLEAN,                     \
	  "iiiiSTTSIIIBIiIiIiiiiiiiuisi", "")                                                  \
	X(LEASE_END_SAME,                                                                      \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1, lease_owner = NULL,"              \
	  " lease_until = '2000-01-01', longest_event_ms = GREATEST(longest_event_ms, ?),"     \
	  " last_seen_ms = IF(last_seen_ms >= last_full_ms, ?, last_seen_ms),"                 \
	  " last_success_ms = ?, failures = 0, wait_until_ms = NULL, " MMS_SQL_CIRCUIT_CLOSED  \
	  ","                                                                                  \
	  " runs_good = runs_good + 1, " MMS_SQL_TALLY MMS_SQL_HELD_CLEAN,                     \
	  "iiiiiiiiiiuisi", "")                                                                \
	X(LEASE_END_BAD,                                                                       \
	  "UPDATE mmsync_cursor SET batch_no = batch_no + 1, lease_owner = NULL,"              \
	  " lease_until = '2000-01-01', longest_event_ms = GREATEST(longest_event_ms, ?),"     \
	  " sync_token = IF(?, NULL, sync_token), failures = failures + 1, wait_until_ms = "   \
	  "?, " MMS_SQL_CIRCUIT_SET ","                                                        \
	  " runs_bad = runs_bad + 1, " MMS_SQL_TALLY MMS_SQL_HELD,                             \
	  "iiIiiiIiiiiiiiuisi", "")                                                            \
	X(LEASE_DIRTY,                                                                         \
	  "UPDATE mmsync_cursor SET dirty = 1 WHERE id = ? AND lease_owner IS NOT NULL AND "   \
	  "dirty = 0",                                                                         \
	  "u", "")                                                                             \
	X(LEASE_CLEAN, "UPDATE mmsync_cursor SET dirty = 0" MMS_SQL_HELD " AND dirty <> 0",    \
	  "uisi", "")                                                                          \
	X(LEASE_RELEASE,                                                                       \
	  "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01',"           \
	  " last_attempt_ms = ? WHERE id = ? AND fence = ? AND lease_owner = ?",               \
	  "Iuis", "")                                                                          \
	X(LEASE_LEAVE_JUDGED,                                                                  \
	  "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01',"           \
	  " wait_until_ms = COALESCE(?, wait_until_ms), " MMS_SQL_CIRCUIT_SET                  \
	  " WHERE id = ? AND fence = ? AND lease_owner = ?",                                   \
	  "IiiiIuis", "")                                                                      \
	X(LEASE_LEAVE,                                                                         \
	  "UPDATE mmsync_cursor SET lease_owner = NULL, lease_until = '2000-01-01',"           \
	  " wait_until_ms = COALESCE(?, wait_until_ms)"                                        \
	  " WHERE id = ? AND fence = ? AND lease_owner = ?",                                   \
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
	X(RUN_ADD_BLOCKS,                                                                      \
	  "UPDATE mmsync_run SET blocks_created = blocks_created + ?, blocks_updated ="        \
	  " blocks_updated + ?, blocks_deleted = blocks_deleted + ?, blocks_failed ="          \
	  " blocks_failed + ? WHERE integration_id = ? AND started_ms >= ? AND run = ?",       \
	  "iiiiuib", "")                                                                       \
	X(RUN_PUT,                                                                             \
	  "INSERT INTO mmsync_run (run, integration_id, name, mode, status, started_ms,"       \
	  " finished_ms, seen, created, updated, unchanged, deleted, declined, ours, "         \
	  "`foreign`,"                                                                         \
	  " failed, blocks_created, blocks_updated, blocks_deleted, blocks_failed, pages,"     \
	  " requests, retries, error_code, error_text)"                                        \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "  \
	  "?)",                                                                                \
	  "busssiiiiiiiiiiiiiiiiiiSS", "")

#endif
