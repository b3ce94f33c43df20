/*
 * Statements of our own events outside: their states and rows, the outbox, what was given up.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_OUTWARD_H
#define MMSYNC_STMT_OUTWARD_H

/* What is read of a state s, with its cursor c and its row e. */
#define MMS_SQL_OWN_STATE                                                             \
	"SELECT s.integration_id, c.name, s.ext_key, s.uuid, s.source_uuid,"          \
	" s.external_id, s.ical_uid, s.row_name, s.booking, s.booking_creation,"      \
	" s.booking_modified, s.type, s.status, s.removed_by, s.external_version,"    \
	" s.base_content, s.attempts, e.name IS NOT NULL, e.modified, e.sync_status," \
	" s.created_at_ms"                                                            \
	" FROM mmsync_event_state s JOIN mmsync_cursor c ON c.id = s.integration_id"  \
	" LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE
#define MMS_OWN_STATE_OUT "usbbBsSSSTTiiiSSiiTSi"

#define MMS_SQL_OUTBOX                                                                  \
	"SELECT id, integration_id, version, operation, uuid, type, booking, attempts," \
	" next_attempt_ms, error_code, error_text FROM mmsync_outbox"
#define MMS_OUTBOX_OUT "uuisbiSiiSS"

#define MMS_STMTS_OUTWARD(X)                                                                   \
	X(OWN_STATES_OF_BOOKING,                                                               \
	  MMS_SQL_OWN_STATE " WHERE s.booking = ? AND s.type = 2"                              \
			    " ORDER BY s.created_at_ms, s.uuid",                               \
	  "s", MMS_OWN_STATE_OUT)                                                              \
	X(OWN_STATES_OF_INTEGRATION,                                                           \
	  MMS_SQL_OWN_STATE " WHERE s.integration_id = ? AND s.type = 2"                       \
			    " AND s.status <> 5 ORDER BY s.created_at_ms, s.uuid",             \
	  "u", MMS_OWN_STATE_OUT)                                                              \
	X(OWN_STATE, MMS_SQL_OWN_STATE " WHERE s.uuid = ?", "b", MMS_OWN_STATE_OUT)            \
	X(OWN_ROW_OF_ID,                                                                       \
	  "SELECT name, modified, sync_status FROM `tabMM Calendar Event Sync`"                \
	  " WHERE calendar_integration = ? AND external_event_id = ? LIMIT 1",                 \
	  "ss", "sTS")                                                                         \
	X(OWN_STATE_OWNER,                                                                     \
	  "SELECT i.user, s.external_id,"                                                      \
	  " i.calendar_id, s.status <> 5, s.integration_id, s.type"                            \
	  " FROM mmsync_event_state s"                                                         \
	  " JOIN mmsync_cursor c ON c.id = s.integration_id"                                   \
	  " LEFT JOIN `tabMM Calendar Integration` i ON i.name = c.name " MMS_SQL_AS_FRAPPE    \
	  " WHERE s.uuid = ?",                                                                 \
	  "b", "SsSiui")                                                                       \
	X(OWN_STATE_IS_TAKEN,                                                                  \
	  "SELECT COUNT(*) FROM mmsync_event_state WHERE integration_id = ? AND ext_key = ?",  \
	  "ub", "i")                                                                           \
	X(OWN_STATE_INSERT,                                                                    \
	  "INSERT INTO mmsync_event_state (integration_id, ext_key, external_id, uuid,"        \
	  " ical_uid, row_name, booking, booking_creation, booking_modified, type,"            \
	  " created_by_us, source_uuid, status, removed_by, external_version, base_content,"   \
	  " attempts, created_at_ms, changed_at_ms)"                                           \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",                 \
	  "ubsbSSSTTiBiiSSiii", "")                                                            \
	X(OWN_STATE_WRITE,                                                                     \
	  "UPDATE mmsync_event_state SET ical_uid = ?, row_name = ?, booking = ?,"             \
	  " booking_creation = ?, booking_modified = ?, source_uuid = ?, status = ?,"          \
	  " removed_by = ?, external_version = ?, base_content = ?, attempts = ?,"             \
	  " changed_at_ms = ? WHERE uuid = ?",                                                 \
	  "SSSTTBiiSSiib", "")                                                                 \
	X(OWN_STATES_PLANNED,                                                                  \
	  "UPDATE mmsync_event_state SET booking_modified = ? WHERE booking = ? AND type = 2"  \
	  " AND NOT booking_modified <=> ? AND (? OR booking_modified <=> ?)",                 \
	  "TsTiT", "")                                                                         \
	X(OWN_STATE_RENAME,                                                                    \
	  "UPDATE mmsync_event_state SET ext_key = ?, external_id = ? WHERE uuid = ?", "bsb",  \
	  "")                                                                                  \
	X(OWN_STATE_CLEAR_KEY,                                                                 \
	  "DELETE FROM mmsync_event_state WHERE integration_id = ? AND ext_key = ?"            \
	  " AND type = 1",                                                                     \
	  "ub", "")                                                                            \
	X(CURSOR_FORGET_BLOCKS, "UPDATE mmsync_cursor SET blocks_print = NULL WHERE id = ?",   \
	  "u", "")                                                                             \
	X(TAGS_WANTED,                                                                         \
	  "SELECT s.uuid, s.external_id FROM mmsync_event_state s"                             \
	  " STRAIGHT_JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name"                \
	  " " MMS_SQL_AS_FRAPPE " WHERE s.integration_id = ? AND s.type = 1 AND s.tagged = 0"  \
	  " AND s.flags & 1 = 0 AND s.status <> 5 AND s.series_id IS NULL"                     \
	  " AND e.sync_status IN ('Synced', 'Pending Sync')"                                   \
	  " AND COALESCE(e.organizer_email, '') IN ('', ?, ?) LIMIT ?",                        \
	  "ussi", "bs")                                                                        \
	X(TAG_DONE, "UPDATE mmsync_event_state SET tagged = 1 WHERE uuid = ? AND type = 1",    \
	  "b", "")                                                                             \
	X(OWN_STATE_REMOVING, "UPDATE mmsync_event_state SET removed_by = 1 WHERE uuid = ?",   \
	  "b", "")                                                                             \
	X(OWN_ROW_INSERT,                                                                      \
	  "INSERT INTO `tabMM Calendar Event Sync` (name, creation, modified, modified_by,"    \
	  " owner, docstatus, idx, calendar_integration, external_event_id, event_title,"      \
	  " event_type, sync_status, start_datetime, end_datetime, description, location,"     \
	  " attendees_json, organizer_email, is_blocking_availability, last_synced,"           \
	  " external_last_modified, sync_direction, sync_error_log, meeting_booking)"          \
	  " VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"            \
	  " 'Bidirectional', ?, ?)",                                                           \
	  "sttsssssssttSSSSiTTSS", "")                                                         \
	X(OWN_ROW_UPDATE,                                                                      \
	  "UPDATE `tabMM Calendar Event Sync` SET external_event_id = ?, event_title = ?,"     \
	  " event_type = ?, sync_status = ?, start_datetime = ?, end_datetime = ?,"            \
	  " description = ?, location = ?, attendees_json = ?, organizer_email = ?,"           \
	  " is_blocking_availability = ?, last_synced = COALESCE(?, last_synced),"             \
	  " external_last_modified = ?, sync_direction = 'Bidirectional', sync_error_log = ?," \
	  " meeting_booking = ?, modified = ?, modified_by = ?"                                \
	  " WHERE name = ? AND modified <=> ?",                                                \
	  "ssssttSSSSiTTSStssT", "")                                                           \
	X(OWN_ROW_MARK,                                                                        \
	  "UPDATE `tabMM Calendar Event Sync` SET modified ="                                  \
	  " COALESCE(GREATEST(?, modified + INTERVAL 1 MICROSECOND), ?), modified_by = ?,"     \
	  " sync_status = ?, sync_error_log = ? WHERE name = ? AND NOT (sync_status <=> ?"     \
	  " AND COALESCE(sync_error_log, '') = COALESCE(?, ''))",                              \
	  "ttssSssS", "")                                                                      \
	X(OUTBOX_REOPEN,                                                                       \
	  "INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, type,"     \
	  " booking, source_uuid, created_at_ms, changed_at_ms)"                               \
	  " SELECT s.integration_id, d.operation, s.uuid, s.external_id, s.type, s.booking,"   \
	  " s.source_uuid, d.last_at_ms, d.last_at_ms FROM mmsync_dead_letter d"               \
	  " JOIN mmsync_event_state s ON s.integration_id = d.integration_id"                  \
	  " AND s.ext_key = d.ext_key WHERE d.id = ? AND d.given_up = 0"                       \
	  " ON DUPLICATE KEY UPDATE attempts = 0, next_attempt_ms = 0,"                        \
	  " version = mmsync_outbox.version + 1",                                              \
	  "u", "")                                                                             \
	X(OUTBOX_OF_LETTER,                                                                    \
	  "SELECT o.attempts, o.error_text FROM mmsync_dead_letter d"                          \
	  " JOIN mmsync_event_state s ON s.integration_id = d.integration_id"                  \
	  " AND s.ext_key = d.ext_key JOIN mmsync_outbox o ON o.uuid = s.uuid"                 \
	  " WHERE d.id = ? LIMIT 1",                                                           \
	  "u", "iS")                                                                           \
	X(OUTBOX_PUT,                                                                          \
	  "INSERT INTO mmsync_outbox (integration_id, operation, uuid, external_id, type,"     \
	  " booking, source_uuid, created_at_ms, changed_at_ms)"                               \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE version = version + 1," \
	  " operation = VALUES(operation), booking = VALUES(booking), attempts = 0,"           \
	  " next_attempt_ms = 0, changed_at_ms = VALUES(changed_at_ms)",                       \
	  "usbSiSBii", "")                                                                     \
	X(OUTBOX_DUE,                                                                          \
	  MMS_SQL_OUTBOX " WHERE integration_id = ? AND next_attempt_ms <= ?"                  \
			 " ORDER BY id LIMIT ?",                                               \
	  "uii", MMS_OUTBOX_OUT)                                                               \
	X(OUTBOX_DUE_BLOCKS,                                                                   \
	  MMS_SQL_OUTBOX " WHERE integration_id = ? AND next_attempt_ms <= ? AND type = 3"     \
			 " ORDER BY id LIMIT ?",                                               \
	  "uii", MMS_OUTBOX_OUT)                                                               \
	X(OUTBOX_OF_BOOKING, MMS_SQL_OUTBOX " WHERE booking = ? ORDER BY id", "s",             \
	  MMS_OUTBOX_OUT)                                                                      \
	X(OUTBOX_HAS, "SELECT COUNT(*) FROM mmsync_outbox WHERE uuid = ?", "b", "i")           \
	X(OUTBOX_WAITING,                                                                      \
	  "SELECT DISTINCT integration_id FROM mmsync_outbox WHERE next_attempt_ms <= ?"       \
	  " ORDER BY integration_id",                                                          \
	  "i", "u")                                                                            \
	X(OUTBOX_DONE, "DELETE FROM mmsync_outbox WHERE id = ? AND version = ?", "ui", "")     \
	X(OUTBOX_PUT_OFF,                                                                      \
	  "UPDATE mmsync_outbox SET attempts = attempts + 1, next_attempt_ms = ?,"             \
	  " error_code = ?, error_text = ?, changed_at_ms = ? WHERE id = ? AND version = ?",   \
	  "issiui", "")                                                                        \
	X(OUTWARD_LETTER_PUT,                                                                  \
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, external_id,"   \
	  " content_print, error_code, error_text, attempts, first_at_ms, last_at_ms,"         \
	  " given_up) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON DUPLICATE KEY UPDATE"        \
	  " given_up = IF(given_up = 2 AND content_print <=> VALUES(content_print), 2, 1),"    \
	  " content_print = VALUES(content_print), error_code = VALUES(error_code),"           \
	  " error_text = VALUES(error_text), attempts = VALUES(attempts),"                     \
	  " last_at_ms = VALUES(last_at_ms)",                                                  \
	  "ubssbssiii", "")                                                                    \
	X(OUTWARD_LETTER,                                                                      \
	  "SELECT given_up, content_print FROM mmsync_dead_letter WHERE integration_id = ?"    \
	  " AND ext_key = ? AND operation <> 'apply' ORDER BY last_at_ms DESC, id DESC"        \
	  " LIMIT 1",                                                                          \
	  "ub", "iB")                                                                          \
	X(OUTWARD_LETTERS_DROP,                                                                \
	  "DELETE FROM mmsync_dead_letter WHERE integration_id = ? AND ext_key = ?"            \
	  " AND operation <> 'apply'",                                                         \
	  "ub", "")

#endif
