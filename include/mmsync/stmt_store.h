/*
 * Statements of event rows, their states and dead letters.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_STORE_H
#define MMSYNC_STMT_STORE_H

/*
 * STATE_UPDATE, STATE_MARK, STATE_RENAME always change the row that they are for (generation): so that what they did not change
 * is not there.
 *
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
	  "SELECT ext_key, type, status, row_name, flags, content_hash IS NULL"                \
	  " FROM mmsync_event_state WHERE integration_id = ?",                                 \
	  "u", "biiSii")                                                                       \
	X(KNOWN_LETTERS,                                                                       \
	  "SELECT ext_key, attempts, given_up, content_print FROM mmsync_dead_letter"          \
	  " WHERE integration_id = ? AND operation = 'apply'",                                 \
	  "u", "biiB")                                                                         \
	X(STATE_SERIES,                                                                        \
	  "SELECT ext_key, series_id FROM mmsync_event_state WHERE integration_id = ?"         \
	  " AND type = 1 AND status <> 5 AND series_id IS NOT NULL",                           \
	  "u", "bS")                                                                           \
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
	  " ical_uid, row_name, type, flags, created_by_us, status, external_version,"         \
	  " content_hash, created_at_ms, changed_at_ms)"                                       \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",                             \
	  "ubsbSSSiiiSbii", "")                                                                \
	X(STATE_UPDATE,                                                                        \
	  "UPDATE mmsync_event_state SET row_name = ?, status = ?, external_version = ?,"      \
	  " content_hash = ?, flags = ?, changed_at_ms = ?, generation = generation + 1"       \
	  " WHERE integration_id = ? AND ext_key = ?",                                         \
	  "SiSBiiub", "")                                                                      \
	X(STATE_MARK,                                                                          \
	  "UPDATE mmsync_event_state SET row_name = COALESCE(?, row_name), status = ?,"        \
	  " changed_at_ms = ?, generation = generation + 1"                                    \
	  " WHERE integration_id = ? AND ext_key = ?",                                         \
	  "Siiub", "")                                                                         \
	X(STATE_RENAME,                                                                        \
	  "UPDATE mmsync_event_state SET ext_key = ?, external_id = ?, series_id = ?,"         \
	  " ical_uid = ?, row_name = ?, status = ?, external_version = ?, content_hash = ?,"   \
	  " flags = ?, changed_at_ms = ?, generation = generation + 1"                         \
	  " WHERE integration_id = ? AND ext_key = ?",                                         \
	  "bsSSSiSbiiub", "")

#endif
