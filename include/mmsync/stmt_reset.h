/*
 * Statements that make a calendar begin anew: what is known of it is forgotten, its rows stay.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_RESET_H
#define MMSYNC_STMT_RESET_H

/* A digest that no calendars and settings have: the person's busy blocks are planned anew. */
#define MMS_SQL_NO_PLAN "UNHEX(REPEAT('FF', 16))"

#define MMS_STMTS_RESET(X)                                                                    \
	X(RESET_LOOK,                                                                         \
	  "SELECT c.sync_token IS NOT NULL,"                                                  \
	  " (SELECT COUNT(*) FROM mmsync_event_state s WHERE s.integration_id = c.id"         \
	  " AND s.type = 1 AND (s.external_version IS NOT NULL OR s.content_hash IS NOT NULL" \
	  " OR s.base_content IS NOT NULL)),"                                                 \
	  " (SELECT COUNT(*) FROM mmsync_event_state s WHERE s.integration_id = c.id"         \
	  " AND s.type = 2 AND s.status <> 5),"                                               \
	  " (SELECT COUNT(*) FROM mmsync_dead_letter d WHERE d.integration_id = c.id"         \
	  " AND d.operation = 'apply' AND d.given_up <> 2)"                                   \
	  " FROM mmsync_cursor c WHERE c.id = ?",                                             \
	  "u", "iIII")                                                                        \
	X(CURSOR_FORGET,                                                                      \
	  "UPDATE mmsync_cursor SET sync_token = NULL, next_entry_ms = NULL,"                 \
	  " page_progress = NULL, last_full_ms = NULL, next_due_ms = NULL,"                   \
	  " wait_until_ms = NULL, generation = 0,"                                            \
	  " window_start_ms = IF(?, NULL, window_start_ms),"                                  \
	  " window_end_ms = IF(?, NULL, window_end_ms) WHERE id = ?",                         \
	  "iiu", "")                                                                          \
	X(RESET_CURSOR,                                                                       \
	  "UPDATE mmsync_cursor SET last_attempt_ms = NULL, dirty = 0,"                       \
	  " blocks_print = IF(blocks_print IS NULL, NULL, " MMS_SQL_NO_PLAN ") WHERE id = ?", \
	  "u", "")                                                                            \
	X(RESET_STATES,                                                                       \
	  "UPDATE mmsync_event_state SET external_version = NULL, content_hash = NULL,"       \
	  " base_content = NULL, changed_at_ms = ?"                           \
	  " WHERE integration_id = ? AND type = 1 AND (external_version IS NOT NULL"          \
	  " OR content_hash IS NOT NULL OR base_content IS NOT NULL)"                         \
	  " ORDER BY integration_id, ext_key LIMIT ?",                                        \
	  "iui", "")                                                                          \
	X(RESET_LETTERS,                                                                      \
	  "DELETE FROM mmsync_dead_letter WHERE integration_id = ? AND operation = 'apply'"   \
	  " AND given_up <> 2",                                                               \
	  "u", "")                                                                            \
	X(RESET_ROUNDS,                                                                       \
	  "UPDATE mmsync_busy_block SET planned_run = REPEAT(CHAR(0), 16), rounds = 0,"       \
	  " rounds_ms = 0 WHERE integration_id = ? AND (rounds <> 0 OR rounds_ms <> 0"        \
	  " OR planned_run <> REPEAT(CHAR(0), 16))",                                          \
	  "u", "")

#endif
