/*
 * Statements that write busy blocks: plans, and what became of them. BLOCK_STATE_PLAN always changes
 * the row that it is for, so that what it did not change is not there any more.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BLOCKS_PUT_H
#define MMSYNC_STMT_BLOCKS_PUT_H

#include "mmsync/stmt_blocks.h"

#define MMS_STMTS_BLOCKS_PUT(X)                                                                \
	X(BLOCK_INSERT,                                                                        \
	  "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id, "      \
	  "start_ms,"                                                                          \
	  " end_ms, title, print, quarantined, planned_run, planned_ms)"                       \
	  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",                                         \
	  "bubuiisbibi", "")                                                                   \
	X(BLOCK_STATE_PLAN,                                                                    \
	  "UPDATE mmsync_event_state SET status = COALESCE(?, status), removed_by = ?,"        \
	  " changed_at_ms = GREATEST(?, changed_at_ms + 1)"                                    \
	  " WHERE uuid = ? AND type = 3 AND status <> 5",                                      \
	  "Iiib", "")                                                                          \
	X(BLOCK_UPDATE,                                                                        \
	  "UPDATE mmsync_busy_block SET source_uuid = ?, source_id = ?, start_ms = ?, end_ms " \
	  "= ?,"                                                                               \
	  " title = ?, print = ?, put_backs = 0, rounds = ?, rounds_ms = ? WHERE uuid = ?",    \
	  "buiisbiib", "")                                                                     \
	X(BLOCK_ADOPT,                                                                         \
	  "UPDATE mmsync_busy_block SET source_uuid = ?, source_id = ? WHERE uuid = ?", "bub", \
	  "")                                                                                  \
	X(BLOCK_QUARANTINE, "UPDATE mmsync_busy_block SET quarantined = 1 WHERE uuid = ?",     \
	  "b", "")                                                                             \
	X(BLOCK_OUTBOX_DROP, "DELETE FROM mmsync_outbox WHERE uuid = ?", "b", "")              \
	X(BLOCK_LETTERS_DROP,                                                                  \
	  "DELETE FROM mmsync_dead_letter WHERE integration_id = ? AND ext_key = ?"            \
	  " AND operation <> 'apply' AND (? OR operation <> 'quarantine')",                    \
	  "ubi", "")                                                                           \
	X(BLOCK_PLANS_TOUCH,                                                                   \
	  "UPDATE mmsync_cursor SET blocks_no = blocks_no + 1 WHERE id = ? AND blocks_no = ?", \
	  "ui", "")                                                                            \
	X(BLOCK_PRINT_PUT, "UPDATE mmsync_cursor SET blocks_print = ? WHERE id = ?", "Bu", "") \
	X(BLOCK_TWIN_DELETE, "DELETE FROM mmsync_same_meeting WHERE uuid = ? AND twin = ?",    \
	  "bb", "")                                                                            \
	X(BLOCK_TWIN_PUT,                                                                      \
	  "INSERT INTO mmsync_same_meeting (uuid, twin) VALUES (?, ?)"                         \
	  " ON DUPLICATE KEY UPDATE twin = VALUES(twin)",                                      \
	  "bb", "")                                                                            \
	X(BLOCK_DUE_PUT,                                                                       \
	  "INSERT INTO mmsync_block_due (integration_id, ext_key, version) VALUES (?, ?, 1)"   \
	  " ON DUPLICATE KEY UPDATE version = version + 1",                                    \
	  "ub", "")                                                                            \
	X(BLOCK_DUE_DONE,                                                                      \
	  "DELETE FROM mmsync_block_due WHERE integration_id = ? AND ext_key = ?"              \
	  " AND version = ?",                                                                  \
	  "ubi", "")                                                                           \
	X(BLOCK_SOURCES_DUE_PUT,                                                               \
	  "INSERT INTO mmsync_block_due (integration_id, ext_key, version)"                    \
	  " SELECT s.integration_id, s.ext_key, 1 FROM " MMS_SQL_LIST_BYTES                    \
	  " STRAIGHT_JOIN mmsync_event_state s ON s.uuid = UNHEX(j.x) AND s.type <> 3"         \
	  " ON DUPLICATE KEY UPDATE version = mmsync_block_due.version + 1",                   \
	  "s", "")                                                                             \
	X(BLOCK_STATE_SETTLE,                                                                  \
	  "UPDATE mmsync_event_state SET removed_by = IF(? = 5 OR removed_by = ?, ?, "         \
	  "removed_by),"                                                                       \
	  " status = ?, external_version = ?, ical_uid = COALESCE(?, ical_uid), attempts = 0," \
	  " changed_at_ms = ? WHERE uuid = ? AND type = 3 AND (status <> 5 OR ? = 5)",         \
	  "iiiiSSibi", "")                                                                     \
	X(BLOCK_STATE_FAILED,                                                                  \
	  "UPDATE mmsync_event_state SET status = 4, changed_at_ms = ?"                        \
	  " WHERE uuid = ? AND type = 3 AND status <> 5",                                      \
	  "ib", "")                                                                            \
	X(BLOCK_SETTLE,                                                                        \
	  "UPDATE mmsync_busy_block SET sent_print = ?, outside_print = ?,"                    \
	  " put_backs = IF(print = ?, ?, put_backs), calendar_id = COALESCE(?, calendar_id),"  \
	  " provider = COALESCE(?, provider), uid_key = COALESCE(" MMS_SQL_UID_KEY(            \
		  "?") ", uid_key) WHERE uuid = ?",                                            \
	  "BBbiSSSb", "")                                                                      \
	X(BLOCK_RESTORE,                                                                       \
	  "INSERT INTO mmsync_busy_block (uuid, integration_id, source_uuid, source_id, "      \
	  "start_ms,"                                                                          \
	  " end_ms, title, print, outside_print, planned_run, planned_ms, calendar_id, "       \
	  "provider, uid_key)"                                                                 \
	  " VALUES (?, ?, ?, COALESCE((SELECT integration_id FROM mmsync_event_state"          \
	  " WHERE uuid = ?), ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, " MMS_SQL_UID_KEY(                 \
		  "?") ")"                                                                     \
		       " ON DUPLICATE KEY UPDATE integration_id = VALUES(integration_id),"     \
		       " source_uuid = VALUES(source_uuid), source_id = VALUES(source_id),"    \
		       " start_ms = VALUES(start_ms), end_ms = VALUES(end_ms), title = "       \
		       "VALUES(title),"                                                        \
		       " print = VALUES(print), sent_print = NULL, outside_print = "           \
		       "VALUES(outside_print),"                                                \
		       " put_backs = 0, rounds = 0, rounds_ms = 0, quarantined = 0,"           \
		       " planned_run = VALUES(planned_run), planned_ms = VALUES(planned_ms),"  \
		       " calendar_id = VALUES(calendar_id), provider = VALUES(provider),"      \
		       " uid_key = COALESCE(VALUES(uid_key), uid_key)",                        \
	  "bubbuiisbBbiSSS", "")                                                               \
	X(BLOCK_OUTBOX_PUT_OFF,                                                                \
	  "UPDATE mmsync_outbox SET next_attempt_ms = ?, changed_at_ms = ?"                    \
	  " WHERE integration_id = ? AND type = 3 AND next_attempt_ms < ?",                    \
	  "iiui", "")                                                                          \
	X(OLD_BLOCKS,                                                                          \
	  "SELECT s.integration_id, s.ext_key, s.uuid, s.external_id, s.series_id IS NOT "     \
	  "NULL,"                                                                              \
	  " e.name, e.event_title, e.description, s.flags & 3 = 3 FROM mmsync_cursor c"        \
	  " STRAIGHT_JOIN mmsync_event_state s ON s.integration_id = c.id"                     \
	  " STRAIGHT_JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name"                \
	  " " MMS_SQL_AS_FRAPPE " WHERE s.type = 1 AND s.status <> 5"                          \
	  " AND e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed')"                    \
	  " AND (e.event_title LIKE 'Busy - %' OR e.description LIKE '%CalSync%' OR s.flags "  \
	  "& 3 = 3)"                                                                           \
	  " ORDER BY s.integration_id, e.start_datetime, e.name",                              \
	  "", "ubbsisSSi")                                                                     \
	X(OLD_BLOCK_SOURCE,                                                                    \
	  "SELECT uuid, type, flags, row_name FROM mmsync_event_state"                         \
	  " WHERE integration_id = ? AND ext_key = ?",                                         \
	  "ub", "biiS")

#endif
