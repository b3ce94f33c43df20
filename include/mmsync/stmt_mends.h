/*
 * Statements of remedies: is one still needed, and the change itself, which is made only where it is.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_MENDS_H
#define MMSYNC_STMT_MENDS_H

#include "mmsync/stmt_flaws.h"

/* A row b of mmsync_busy_block that no state is of. */
#define MMS_SQL_MEND_NO_STATE                                                              \
	" FROM mmsync_busy_block b LEFT JOIN mmsync_event_state s ON s.uuid = b.uuid AND " \
	"s.type = 3 WHERE b.uuid = ? AND s.uuid IS NULL"

/* A dead letter d of a calendar that is no more, or of a change of an event that nobody knows. */
#define MMS_SQL_MEND_LETTER                                                                  \
	" FROM mmsync_dead_letter d LEFT JOIN mmsync_event_state s"                          \
	" ON s.integration_id = d.integration_id AND s.ext_key = d.ext_key" MMS_SQL_FLAW_OF( \
		"d.integration_id") " WHERE d.id = ? AND d.integration_id <> 0 AND "         \
				    "(" MMS_SQL_IS_NO_MORE                                   \
				    " OR (d.operation <> 'apply' AND s.uuid IS NULL))"

/* An entry o of the outbox of a calendar that is no more, or of an event that is not known there. */
#define MMS_SQL_MEND_ENTRY                                                             \
	" FROM mmsync_outbox o LEFT JOIN mmsync_event_state s"                         \
	" ON s.uuid = o.uuid AND s.integration_id = o.integration_id" MMS_SQL_FLAW_OF( \
		"o.integration_id") " WHERE o.id = ? AND (" MMS_SQL_IS_NO_MORE         \
				    " OR s.uuid IS NULL)"

/* What is due, d, of a calendar that is no more. */
#define MMS_SQL_MEND_DUE                                                             \
	" FROM mmsync_block_due d" MMS_SQL_FLAW_OF(                                  \
		"d.integration_id") " WHERE d.integration_id = ? AND d.ext_key = ? " \
				    "AND " MMS_SQL_IS_NO_MORE

/* A pair a of an event whose other way is missing. */
#define MMS_SQL_MEND_TWIN                                                                \
	" FROM mmsync_same_meeting a LEFT JOIN mmsync_same_meeting b ON b.uuid = a.twin" \
	" AND b.twin = a.uuid"
#define MMS_SQL_MEND_TWIN_WHERE " WHERE a.uuid = ? AND b.uuid IS NULL"

#define MMS_STMTS_MENDS(X)                                                                    \
	X(MEND_EVENT,                                                                         \
	  "SELECT COUNT(*) FROM mmsync_event_state s LEFT JOIN mmsync_block_due d"            \
	  " ON d.integration_id = s.integration_id AND d.ext_key = s.ext_key"                 \
	  " WHERE s.integration_id = ? AND s.ext_key = ? AND s.type <> 3 AND d.ext_key IS "   \
	  "NULL",                                                                             \
	  "ub", "i")                                                                          \
	X(MEND_EVENT_DUE,                                                                     \
	  "INSERT INTO mmsync_block_due (integration_id, ext_key, version)"                   \
	  " SELECT s.integration_id, s.ext_key, 1 FROM mmsync_event_state s"                  \
	  " WHERE s.integration_id = ? AND s.ext_key = ? AND s.type <> 3"                     \
	  " ON DUPLICATE KEY UPDATE version = mmsync_block_due.version",                      \
	  "ub", "")                                                                           \
	X(MEND_BLOCK,                                                                         \
	  "SELECT s.integration_id, s.status, s.removed_by, b.uuid IS NOT NULL,"              \
	  " COALESCE(b.integration_id = s.integration_id AND b.end_ms > b.start_ms, 0),"      \
	  " COALESCE(b.quarantined, 0), o.operation FROM mmsync_event_state s"                \
	  " LEFT JOIN mmsync_busy_block b ON b.uuid = s.uuid LEFT JOIN mmsync_outbox o"       \
	  " ON o.uuid = s.uuid AND o.integration_id = s.integration_id"                       \
	  " WHERE s.uuid = ? AND s.type = 3",                                                 \
	  "b", "uiiiiiS")                                                                     \
	/* What the block says is not known: it is only to be removed. */                     \
	X(MEND_BLOCK_ROW,                                                                     \
	  "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id,"      \
	  " start_ms, end_ms, title, print, planned_run, planned_ms)"                         \
	  " SELECT s.uuid, s.integration_id, COALESCE(s.source_uuid, REPEAT(CHAR(0), 16)),"   \
	  " s.integration_id, 0, 60000, '', REPEAT(CHAR(0), 16), REPEAT(CHAR(0), 16), ?"      \
	  " FROM mmsync_event_state s WHERE s.uuid = ? AND s.type = 3"                        \
	  " ON DUPLICATE KEY UPDATE planned_ms = mmsync_busy_block.planned_ms",               \
	  "ib", "")                                                                           \
	X(MEND_BLOCK_FIT,                                                                     \
	  "UPDATE mmsync_busy_block b JOIN mmsync_event_state s ON s.uuid = b.uuid"           \
	  " SET b.integration_id = s.integration_id,"                                         \
	  " b.end_ms = IF(b.end_ms > b.start_ms, b.end_ms, b.start_ms + 60000)"               \
	  " WHERE b.uuid = ? AND (b.integration_id <> s.integration_id"                       \
	  " OR b.end_ms <= b.start_ms)",                                                      \
	  "b", "")                                                                            \
	X(MEND_NO_STATE, "SELECT b.integration_id" MMS_SQL_MEND_NO_STATE, "b", "u")           \
	X(MEND_NO_STATE_DROP, "DELETE b" MMS_SQL_MEND_NO_STATE, "b", "")                      \
	X(MEND_STATE,                                                                         \
	  "SELECT uuid FROM mmsync_event_state WHERE integration_id = ? AND ext_key = ?",     \
	  "ub", "b")                                                                          \
	X(MEND_STATE_TWINS_BACK,                                                              \
	  "DELETE b FROM mmsync_same_meeting a JOIN mmsync_same_meeting b ON b.uuid = a.twin" \
	  " AND b.twin = a.uuid WHERE a.uuid = ?",                                            \
	  "b", "")                                                                            \
	X(MEND_STATE_TWINS, "DELETE FROM mmsync_same_meeting WHERE uuid = ?", "b", "")        \
	X(MEND_STATE_DUE,                                                                     \
	  "DELETE FROM mmsync_block_due WHERE integration_id = ? AND ext_key = ?", "ub", "")  \
	X(MEND_STATE_BLOCK, "DELETE FROM mmsync_busy_block WHERE uuid = ?", "b", "")          \
	X(MEND_STATE_DROP,                                                                    \
	  "DELETE FROM mmsync_event_state WHERE integration_id = ? AND ext_key = ? AND uuid " \
	  "= ?",                                                                              \
	  "ubb", "")                                                                          \
	X(MEND_IS_READ,                                                                       \
	  "SELECT COUNT(*) FROM mmsync_cursor WHERE id = ? AND read_print IS NOT NULL", "u",  \
	  "i")                                                                                \
	X(MEND_LOOK_AGAIN,                                                                    \
	  "UPDATE mmsync_event_state SET status = 4, changed_at_ms ="                         \
	  " GREATEST(?, changed_at_ms + 1) WHERE uuid = ? AND type = 2 AND status IN (2, 3)", \
	  "ib", "")                                                                           \
	X(MEND_ROW_SAYS,                                                                      \
	  "SELECT COUNT(*) FROM `tabMM Calendar Event Sync` e JOIN `tabMM Meeting Booking` b" \
	  " ON b.name = e.meeting_booking WHERE e.name = ? AND b.name = ?"                    \
	  " AND e.start_datetime <=> b.start_datetime AND e.sync_status = 'Synced'"           \
	  " AND (e.end_datetime <=> b.end_datetime OR b.end_datetime <= b.start_datetime)"    \
	  " AND e.is_blocking_availability = 1",                                              \
	  "ss", "i")                                                                          \
	/* Of a row: how its calendar, its state and itself stand. */                         \
	X(MEND_ROW,                                                                           \
	  "SELECT c.id, e.modified, e.sync_status,"                                           \
	  " COALESCE(e.is_blocking_availability, 0), COALESCE(s.status, 0),"                  \
	  " COALESCE(s.type, 0), COALESCE(s.removed_by, 0)"                                   \
	  " FROM `tabMM Calendar Event Sync` e LEFT JOIN mmsync_cursor c"                     \
	  " ON c.name = e.calendar_integration LEFT JOIN mmsync_event_state s"                \
	  " ON s.integration_id = c.id"                                                       \
	  " AND s.ext_key = LEFT(UNHEX(SHA2(e.external_event_id, 256)), 16)"                  \
	  " WHERE e.name = ?",                                                                \
	  "s", "UTSiiii")                                                                     \
	X(MEND_ROW_FREE,                                                                      \
	  "UPDATE `tabMM Calendar Event Sync` SET is_blocking_availability = 0, modified ="   \
	  " COALESCE(GREATEST(?, modified + INTERVAL 1 MICROSECOND), ?), modified_by = ?,"    \
	  " sync_status = ? WHERE name = ? AND modified <=> ?",                               \
	  "ttsssT", "")                                                                       \
	X(MEND_LETTER, "SELECT d.integration_id" MMS_SQL_MEND_LETTER, "u", "u")               \
	X(MEND_LETTER_DROP, "DELETE d" MMS_SQL_MEND_LETTER, "u", "")                          \
	X(MEND_ENTRY, "SELECT o.integration_id" MMS_SQL_MEND_ENTRY, "u", "u")                 \
	X(MEND_ENTRY_DROP, "DELETE o" MMS_SQL_MEND_ENTRY, "u", "")                            \
	X(MEND_DUE, "SELECT d.integration_id" MMS_SQL_MEND_DUE, "ub", "u")                    \
	X(MEND_DUE_DROP, "DELETE d" MMS_SQL_MEND_DUE, "ub", "")                               \
	X(MEND_TWIN, "SELECT COUNT(*)" MMS_SQL_MEND_TWIN MMS_SQL_MEND_TWIN_WHERE, "b", "i")   \
	X(MEND_TWIN_DROP,                                                                     \
	  "DELETE a" MMS_SQL_MEND_TWIN                                                        \
	  " LEFT JOIN mmsync_event_state s ON s.uuid = a.twin AND s.type <> 3"                \
	  " LEFT JOIN mmsync_event_state t ON t.uuid = a.uuid AND t.type <> "                 \
	  "3" MMS_SQL_MEND_TWIN_WHERE " AND (s.uuid IS NULL OR t.uuid IS NULL)",              \
	  "b", "")                                                                            \
	X(MEND_TWIN_PUT,                                                                      \
	  "INSERT INTO mmsync_same_meeting (uuid, twin)"                                      \
	  " SELECT a.twin, a.uuid" MMS_SQL_MEND_TWIN MMS_SQL_MEND_TWIN_WHERE,                 \
	  "b", "")                                                                            \
	X(MEND_TWIN_DUE,                                                                      \
	  "INSERT INTO mmsync_block_due (integration_id, ext_key, version)"                   \
	  " SELECT s.integration_id, s.ext_key, 1 FROM mmsync_event_state s"                  \
	  " WHERE s.uuid = ? AND s.type <> 3"                                                 \
	  " ON DUPLICATE KEY UPDATE version = mmsync_block_due.version + 1",                  \
	  "b", "")                                                                            \
	X(MEND_STATE_OF, "SELECT integration_id FROM mmsync_event_state WHERE uuid = ?", "b", \
	  "u")

#endif
