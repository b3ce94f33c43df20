/*
 * Statements of dead letters, and of single rows that a person asks for: one event, one booking's events.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_LETTERS_H
#define MMSYNC_STMT_LETTERS_H

/*
 * What is read of a dead letter d, without its texts. Its row is asked for by itself: our tables
 * and Frappe's compare names differently, so that a join would read every row.
 */
#define MMS_SQL_LETTER_FROM                                                                    \
	" FROM mmsync_dead_letter d LEFT JOIN mmsync_cursor c"                                 \
	" ON c.id = d.integration_id LEFT JOIN mmsync_event_state s"                           \
	" ON s.integration_id = d.integration_id AND s.ext_key = d.ext_key"                    \
	" LEFT JOIN mmsync_busy_block b ON b.uuid = s.uuid LEFT JOIN mmsync_cursor f ON f.id " \
	"= b.source_id"
#define MMS_SQL_LETTER_BLOCK "b.uuid, b.source_id, f.name, b.start_ms, b.end_ms, b.title,"
#define MMS_SQL_LETTER                                                        \
	"d.id, d.integration_id, c.name, d.operation, d.external_id,"         \
	" d.error_code, d.attempts, d.first_at_ms, d.last_at_ms, d.given_up," \
	" d.content_print, s.row_name, " MMS_SQL_LETTER_BLOCK
#define MMS_SQL_LETTER_OUT "uuSsSsiiiiBSBUSIIS"

/* Blocks b of one time: from the same calendar, in the same, as o, which is given. */
#define MMS_SQL_SAME_SLOT                                                                     \
	"mmsync_busy_block o JOIN mmsync_busy_block b ON b.integration_id = o.integration_id" \
	" AND b.start_ms = o.start_ms AND b.end_ms = o.end_ms AND b.source_id = o.source_id"

/* Names on either side of one that does not exist, for the nearest of them. */
#define MMS_SQL_NEIGHBOURS(table)                                             \
	"(SELECT name FROM " table " WHERE name >= ? ORDER BY name LIMIT 50)" \
	" UNION ALL (SELECT name FROM " table " WHERE name < ? ORDER BY name DESC LIMIT 50)"

#define MMS_SQL_EVENT_REF                                                       \
	"e.name, e.calendar_integration, e.external_event_id, e.sync_status,"   \
	" e.sync_direction, e.event_type, e.meeting_booking, e.sync_error_log," \
	" e.last_synced"

#define MMS_STMTS_LETTERS(X)                                                                   \
	X(LETTERS,                                                                             \
	  "SELECT " MMS_SQL_LETTER " SUBSTRING_INDEX(d.error_text, CHAR(10 USING utf8mb4), "   \
	  "1), CAST(NULL AS CHAR), s.booking" MMS_SQL_LETTER_FROM                              \
	  " WHERE ? OR d.given_up <> 2 ORDER BY d.id",                                         \
	  "i", MMS_SQL_LETTER_OUT "SSS")                                                       \
	X(LETTER,                                                                              \
	  "SELECT " MMS_SQL_LETTER " d.error_text, d.payload, s.booking" MMS_SQL_LETTER_FROM   \
	  " WHERE d.id = ?",                                                                   \
	  "u", MMS_SQL_LETTER_OUT "sSS")                                                       \
	X(LETTER_OF,                                                                           \
	  "SELECT " MMS_SQL_LETTER " d.error_text, d.payload, s.booking" MMS_SQL_LETTER_FROM   \
	  " WHERE c.name = ? AND d.operation = 'apply'"                                        \
	  " AND d.ext_key = LEFT(UNHEX(SHA2(?, 256)), 16)",                                    \
	  "ss", MMS_SQL_LETTER_OUT "sSS")                                                      \
	X(LETTER_ROW,                                                                          \
	  "SELECT name, event_title, sync_status FROM `tabMM Calendar Event Sync`"             \
	  " WHERE name = ?",                                                                   \
	  "s", "sSS")                                                                          \
	X(LETTER_PUT,                                                                          \
	  "INSERT INTO mmsync_dead_letter (integration_id, ext_key, operation, external_id,"   \
	  " content_print, error_code, error_text, attempts, first_at_ms, last_at_ms,"         \
	  " given_up) VALUES (?, ?, 'apply', ?, ?, ?, ?, ?, ?, ?, ?)"                          \
	  " ON DUPLICATE KEY UPDATE attempts = IF(attempts = 0 OR (given_up = 2 AND NOT"       \
	  " content_print <=> VALUES(content_print)), 1, VALUES(attempts)), given_up = CASE"   \
	  " WHEN given_up = 2 AND content_print <=> VALUES(content_print) THEN 2"              \
	  " WHEN attempts < VALUES(attempts) THEN 0 ELSE VALUES(given_up) END,"                \
	  " first_at_ms = IF(attempts = 1 AND NOT content_print <=> VALUES(content_print),"    \
	  " VALUES(first_at_ms), first_at_ms),"                                                \
	  " content_print = VALUES(content_print), error_code = VALUES(error_code),"           \
	  " error_text = VALUES(error_text), last_at_ms = VALUES(last_at_ms)",                 \
	  "ubSBssiiii", "")                                                                    \
	X(LETTER_REMOVE,                                                                       \
	  "DELETE FROM mmsync_dead_letter WHERE integration_id = ? AND ext_key = ?"            \
	  " AND operation = 'apply'",                                                          \
	  "ub", "")                                                                            \
	X(LETTER_OPEN,                                                                         \
	  "UPDATE mmsync_dead_letter SET given_up = 0, attempts = 0"                           \
	  " WHERE id = ? AND given_up = ? AND attempts = ? AND last_at_ms = ?",                \
	  "uiii", "")                                                                          \
	X(LETTER_DISCARD,                                                                      \
	  "UPDATE mmsync_dead_letter SET given_up = 2"                                         \
	  " WHERE id = ? AND given_up = ? AND content_print <=> ?",                            \
	  "uiB", "")                                                                           \
	X(QUARANTINE_LETTER,                                                                   \
	  "DELETE FROM mmsync_dead_letter WHERE id = ? AND operation = 'quarantine'", "u", "") \
	/* No round was counted of one that was never made: its creation was never sent. */    \
	X(QUARANTINE_DEAD,                                                                     \
	  "UPDATE " MMS_SQL_SAME_SLOT " JOIN mmsync_event_state s ON s.uuid = b.uuid"          \
	  " SET s.status = 5, s.removed_by = 1,"                                               \
	  " s.changed_at_ms = GREATEST(?, s.changed_at_ms + 1) WHERE o.uuid = ?"               \
	  " AND b.quarantined = 1 AND b.rounds = 0 AND s.status = 4"                           \
	  " AND s.external_version IS NULL",                                                   \
	  "ib", "")                                                                            \
	X(QUARANTINE_DUE,                                                                      \
	  "INSERT INTO mmsync_block_due (integration_id, ext_key, version)"                    \
	  " SELECT DISTINCT e.integration_id, e.ext_key, 1 FROM " MMS_SQL_SAME_SLOT            \
	  " JOIN mmsync_event_state e ON e.uuid = b.source_uuid AND e.type <> 3"               \
	  " WHERE o.uuid = ? AND b.quarantined = 1"                                            \
	  " ON DUPLICATE KEY UPDATE version = mmsync_block_due.version + 1",                   \
	  "b", "")                                                                             \
	X(QUARANTINE_LETTERS,                                                                  \
	  "DELETE d FROM " MMS_SQL_SAME_SLOT " JOIN mmsync_event_state s ON s.uuid = b.uuid"   \
	  " JOIN mmsync_dead_letter d ON d.integration_id = s.integration_id"                  \
	  " AND d.ext_key = s.ext_key AND d.operation = 'quarantine' WHERE o.uuid = ?",        \
	  "b", "")                                                                             \
	X(QUARANTINE_END,                                                                      \
	  "UPDATE " MMS_SQL_SAME_SLOT " SET b.quarantined = 0, b.rounds = 0,"                  \
	  " b.rounds_ms = 0, b.planned_run = REPEAT(CHAR(0), 16) WHERE o.uuid = ?",            \
	  "b", "")                                                                             \
	X(EVENT_REF,                                                                           \
	  "SELECT " MMS_SQL_EVENT_REF ", i.name IS NOT NULL, COALESCE(i.is_active, 0),"        \
	  " i.integration_type FROM `tabMM Calendar Event Sync` e"                             \
	  " LEFT JOIN `tabMM Calendar Integration` i ON i.name = e.calendar_integration"       \
	  " WHERE e.name = ?",                                                                 \
	  "s", "sSSSSSSSTiiS")                                                                 \
	X(EVENT_NEIGHBOURS, MMS_SQL_NEIGHBOURS("`tabMM Calendar Event Sync`"), "ss", "s")      \
	X(BOOKING_NEIGHBOURS, MMS_SQL_NEIGHBOURS("`tabMM Meeting Booking`"), "ss", "s")        \
	X(BOOKING_EVENTS,                                                                      \
	  "SELECT " MMS_SQL_EVENT_REF " FROM `tabMM Calendar Event Sync` e"                    \
	  " WHERE e.meeting_booking = ? UNION SELECT " MMS_SQL_EVENT_REF                       \
	  " FROM `tabMM Calendar Event Sync` e WHERE e.name = ? ORDER BY name",                \
	  "sS", "sSSSSSSST")

#endif
