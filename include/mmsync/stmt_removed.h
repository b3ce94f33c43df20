/*
 * Statements that log rows whole before they are removed, remove what was logged, and put it back.
 *
 * What is removed together is one batch of mmsync_removed. The rows that a batch begins with are logged by the rule that
 * chose them (mmsync/stmt_cleanup.h); here stands what hangs on them.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_REMOVED_H
#define MMSYNC_STMT_REMOVED_H

#define MMS_SQL_EVENTS "`tabMM Calendar Event Sync`"
/* clang-format off */
/* Into the log: of alias t of a table, for whose calendar, under which key. */
#define MMS_SQL_LOG_INTO                                                           \
	"INSERT INTO mmsync_removed (run, batch, rule, table_name, integration_id,"   \
	" row_key, content, removed_ms) "
#define MMS_SQL_LOG_ROW(table, integration, key) \
	" '" table "', " integration ", " key ", {!row t:" table "}"
/* Of a batch of the log: those of one table. */
#define MMS_SQL_BATCH(table) \
	" WHERE r.run = ? AND r.batch = ? AND r.table_name = '" table "'"

/* What a row that hangs on others of the batch is logged with: their run, batch and rule. */
#define MMS_SQL_LOG_WITH(of, table, integration, key, join)                        \
	MMS_SQL_LOG_INTO "SELECT r.run, r.batch, r.rule,"                             \
	MMS_SQL_LOG_ROW(table, integration, key)                                      \
	", r.removed_ms FROM mmsync_removed r" join MMS_SQL_BATCH(of) " FOR UPDATE"

#define MMS_SQL_KEY_OF_ROW "LEFT(UNHEX(SHA2(e.external_event_id, 256)), 16)"
#define MMS_SQL_LOGGED_STATE                                                       \
	" STRAIGHT_JOIN mmsync_event_state s ON s.integration_id = r.integration_id"  \
	" AND s.ext_key = UNHEX(r.row_key)"

/* From the log to the row that it is of. */
#define MMS_SQL_TO_EVENT  "t.name = r.row_key " MMS_SQL_AS_FRAPPE
#define MMS_SQL_TO_STATE  "t.integration_id = r.integration_id AND t.ext_key = UNHEX(r.row_key)"
#define MMS_SQL_TO_UUID   "t.uuid = UNHEX(r.row_key)"
#define MMS_SQL_TO_ID     "t.id = CAST(r.row_key AS UNSIGNED)"
#define MMS_SQL_TO_DUE                                                             \
	"t.integration_id = CAST(SUBSTRING_INDEX(r.row_key, '/', 1) AS UNSIGNED)"     \
	" AND t.ext_key = UNHEX(SUBSTRING_INDEX(r.row_key, '/', -1))"
/* Both ways under one key, the lesser first: neither stays without the other. */
#define MMS_SQL_PAIR_OF_KEY                                                        \
	" IN (UNHEX(SUBSTRING_INDEX(r.row_key, '/', 1)), UNHEX(SUBSTRING_INDEX(r.row_key, '/', -1)))"
#define MMS_SQL_TO_PAIR                                                            \
	"t.uuid" MMS_SQL_PAIR_OF_KEY " AND t.twin" MMS_SQL_PAIR_OF_KEY
#define MMS_SQL_TO_BUDGET                                                          \
	"t.provider = SUBSTRING_INDEX(r.row_key, '/', 1)"                             \
	" AND t.scope = SUBSTRING(r.row_key, LOCATE('/', r.row_key) + 1)"
#define MMS_SQL_TO_SLOT                                                            \
	"t.slot = CAST(SUBSTRING_INDEX(r.row_key, '/', 1) AS SIGNED)"                 \
	" AND t.provider = SUBSTRING_INDEX(SUBSTRING_INDEX(r.row_key, '/', 2), '/', -1)" \
	" AND t.scope = SUBSTRING(r.row_key, LOCATE('/', r.row_key, LOCATE('/', r.row_key) + 1) + 1)"

/* What stands in the way of putting a row back: something of its key, or of another unique one, or what it needs. */
#define MMS_SQL_VALUE(name) "JSON_VALUE(r.content, '$." name "')"
#define MMS_SQL_IS_THERE(table, to) "EXISTS (SELECT 1 FROM " table " t WHERE " to ")"
#define MMS_SQL_NO_CALENDAR                                                        \
	"NOT EXISTS (SELECT 1 FROM mmsync_cursor c WHERE c.id = CAST("                \
	MMS_SQL_VALUE("integration_id") " AS UNSIGNED))"
/* Something of the same batch that it belongs to was not put back. */
#define MMS_SQL_STAYS_OUT(table, which)                                            \
	"EXISTS (SELECT 1 FROM mmsync_removed q WHERE q.run = r.run AND q.batch ="    \
	" r.batch AND q.table_name = '" table "' AND q.put_back_ms IS NULL AND " which ")"
#define MMS_SQL_CLASH_CURSOR                                                       \
	MMS_SQL_IS_THERE("mmsync_cursor", MMS_SQL_TO_ID) " OR "                       \
	MMS_SQL_IS_THERE("mmsync_cursor", "t.name = " MMS_SQL_VALUE("name"))
#define MMS_SQL_CLASH_EVENT                                                        \
	MMS_SQL_IS_THERE(MMS_SQL_EVENTS, MMS_SQL_TO_EVENT) " OR "                     \
	MMS_SQL_IS_THERE(MMS_SQL_EVENTS, "t.calendar_integration = "                  \
	MMS_SQL_VALUE("calendar_integration") " " MMS_SQL_AS_FRAPPE                   \
	" AND t.external_event_id = " MMS_SQL_VALUE("external_event_id")              \
	" COLLATE utf8mb4_nopad_bin")
#define MMS_SQL_CLASH_STATE                                                        \
	MMS_SQL_IS_THERE("mmsync_event_state", MMS_SQL_TO_STATE) " OR "               \
	MMS_SQL_IS_THERE("mmsync_event_state",                                        \
	"t.uuid = UNHEX(" MMS_SQL_VALUE("uuid") ")") " OR " MMS_SQL_NO_CALENDAR " OR " \
	MMS_SQL_STAYS_OUT("tabMM Calendar Event Sync",                                \
	"q.row_key = " MMS_SQL_VALUE("row_name"))
#define MMS_SQL_CLASH_BLOCK                                                        \
	MMS_SQL_IS_THERE("mmsync_busy_block", MMS_SQL_TO_UUID) " OR NOT "             \
	MMS_SQL_IS_THERE("mmsync_event_state", "t.uuid = UNHEX(r.row_key) AND t.type = 3")
#define MMS_SQL_CLASH_OUTBOX                                                       \
	MMS_SQL_IS_THERE("mmsync_outbox", MMS_SQL_TO_ID) " OR "                       \
	MMS_SQL_IS_THERE("mmsync_outbox",                                             \
	"t.uuid = UNHEX(" MMS_SQL_VALUE("uuid") ")") " OR NOT "                       \
	MMS_SQL_IS_THERE("mmsync_event_state", "t.uuid = UNHEX(" MMS_SQL_VALUE("uuid") ")")
#define MMS_SQL_CLASH_LETTER                                                       \
	MMS_SQL_IS_THERE("mmsync_dead_letter", MMS_SQL_TO_ID) " OR "                  \
	MMS_SQL_IS_THERE("mmsync_dead_letter", "t.integration_id = CAST("             \
	MMS_SQL_VALUE("integration_id") " AS UNSIGNED) AND t.ext_key = UNHEX("        \
	MMS_SQL_VALUE("ext_key") ") AND t.operation = " MMS_SQL_VALUE("operation"))
#define MMS_SQL_CLASH_DUE MMS_SQL_IS_THERE("mmsync_block_due", MMS_SQL_TO_DUE)
/* clang-format on */

/* One table: its rows that were logged go; what of it may be put back, and is. */
#define MMS_SQL_REMOVED_TABLE(X, NAME, table, quoted, to, clash)                       \
	X(REMOVED_##NAME##_DELETE,                                                     \
	  "DELETE t FROM mmsync_removed r STRAIGHT_JOIN " quoted                       \
	  " t ON " to MMS_SQL_BATCH(table),                                            \
	  "bi", "")                                                                    \
	X(REMOVED_##NAME##_LOOK,                                                       \
	  "SELECT r.id, r.row_key, CAST(COALESCE(" clash                               \
	  ", 0) AS SIGNED) FROM mmsync_removed r" MMS_SQL_BATCH(                       \
		  table) " AND r.put_back_ms IS NULL ORDER BY r.id FOR UPDATE",        \
	  "bi", "usi")                                                                 \
	X(REMOVED_##NAME##_PUT,                                                        \
	  "INSERT INTO " quoted " ({!names " table "}) SELECT {!values r:" table       \
	  "} FROM " MMS_SQL_LIST_IDS " STRAIGHT_JOIN mmsync_removed r ON r.id = j.id", \
	  "s", "")

/* As MMS_REMOVED_TABLES names them (mmsync/removed.h), in that order. */
#define MMS_STMTS_REMOVED(X)                                                                                     \
	MMS_SQL_REMOVED_TABLE(X, CURSOR, "mmsync_cursor", "mmsync_cursor", MMS_SQL_TO_ID,                        \
			      MMS_SQL_CLASH_CURSOR)                                                              \
	MMS_SQL_REMOVED_TABLE(X, EVENT, "tabMM Calendar Event Sync", MMS_SQL_EVENTS,                             \
			      MMS_SQL_TO_EVENT, MMS_SQL_CLASH_EVENT)                                             \
	MMS_SQL_REMOVED_TABLE(X, STATE, "mmsync_event_state", "mmsync_event_state",                              \
			      MMS_SQL_TO_STATE, MMS_SQL_CLASH_STATE)                                             \
	MMS_SQL_REMOVED_TABLE(X, BLOCK, "mmsync_busy_block", "mmsync_busy_block",                                \
			      MMS_SQL_TO_UUID, MMS_SQL_CLASH_BLOCK)                                              \
	MMS_SQL_REMOVED_TABLE(X, OUTBOX, "mmsync_outbox", "mmsync_outbox", MMS_SQL_TO_ID,                        \
			      MMS_SQL_CLASH_OUTBOX)                                                              \
	MMS_SQL_REMOVED_TABLE(X, LETTER, "mmsync_dead_letter", "mmsync_dead_letter",                             \
			      MMS_SQL_TO_ID, MMS_SQL_CLASH_LETTER)                                               \
	MMS_SQL_REMOVED_TABLE(X, DUE, "mmsync_block_due", "mmsync_block_due", MMS_SQL_TO_DUE,                    \
			      MMS_SQL_CLASH_DUE)                                                                 \
	MMS_SQL_REMOVED_TABLE(                                                                                   \
		X, PAIR, "mmsync_same_meeting", "mmsync_same_meeting", MMS_SQL_TO_PAIR,                          \
		MMS_SQL_IS_THERE(                                                                                \
			"mmsync_same_meeting",                                                                   \
			"t.uuid = UNHEX(" MMS_SQL_VALUE(                                                         \
				"uuid") ") AND t.twin = UNHEX(" MMS_SQL_VALUE("twin") ")"))                      \
	MMS_SQL_REMOVED_TABLE(X, RUN, "mmsync_run", "mmsync_run", MMS_SQL_TO_ID,                                 \
			      MMS_SQL_IS_THERE("mmsync_run", MMS_SQL_TO_ID))                                     \
	MMS_SQL_REMOVED_TABLE(X, BUDGET, "mmsync_budget", "mmsync_budget", MMS_SQL_TO_BUDGET,                    \
			      MMS_SQL_IS_THERE("mmsync_budget", MMS_SQL_TO_BUDGET))                              \
	MMS_SQL_REMOVED_TABLE(X, SLOT, "mmsync_slot", "mmsync_slot", MMS_SQL_TO_SLOT,                            \
			      MMS_SQL_IS_THERE("mmsync_slot", MMS_SQL_TO_SLOT))                                  \
	/* The states of rows; blocks of events, dead ones and those of the past. */                             \
	X(REMOVED_LOG_STATES,                                                                                    \
	  MMS_SQL_LOG_WITH("tabMM Calendar Event Sync", "mmsync_event_state",                                    \
			   "t.integration_id", "HEX(t.ext_key)",                                                 \
			   " STRAIGHT_JOIN " MMS_SQL_EVENTS                                                      \
			   " e ON e.name = r.row_key " MMS_SQL_AS_FRAPPE                                         \
			   " STRAIGHT_JOIN mmsync_event_state t ON t.integration_id ="                           \
			   " r.integration_id AND t.ext_key = " MMS_SQL_KEY_OF_ROW                               \
			   " AND t.type <> 3"),                                                                  \
	  "bi", "")                                                                                              \
	X(REMOVED_LOG_STATES_OF_BLOCKS,                                                                          \
	  MMS_SQL_LOG_WITH("mmsync_event_state", "mmsync_event_state", "t.integration_id",                       \
			   "HEX(t.ext_key)",                                                                     \
			   MMS_SQL_LOGGED_STATE                                                                  \
			   " AND s.type <> 3 STRAIGHT_JOIN mmsync_busy_block b ON"                               \
			   " b.source_uuid = s.uuid STRAIGHT_JOIN mmsync_event_state t"                          \
			   " ON t.uuid = b.uuid AND t.type = 3 AND t.source_uuid = s.uuid"                       \
			   " AND b.end_ms < ? AND (t.status <> 5 OR t.changed_at_ms < ?)"),                      \
	  "iibi", "")                                                                                            \
	X(REMOVED_LOG_BLOCKS,                                                                                    \
	  MMS_SQL_LOG_WITH("mmsync_event_state", "mmsync_busy_block", "t.integration_id",                        \
			   "HEX(t.uuid)",                                                                        \
			   MMS_SQL_LOGGED_STATE                                                                  \
			   " AND s.type = 3 STRAIGHT_JOIN mmsync_busy_block t ON"                                \
			   " t.uuid = s.uuid"),                                                                  \
	  "bi", "")                                                                                              \
	X(REMOVED_LOG_OUTBOX,                                                                                    \
	  MMS_SQL_LOG_WITH("mmsync_event_state", "mmsync_outbox", "t.integration_id", "t.id",                    \
			   MMS_SQL_LOGGED_STATE                                                                  \
			   " STRAIGHT_JOIN mmsync_outbox t ON t.uuid = s.uuid"),                                 \
	  "bi", "")                                                                                              \
	X(REMOVED_LOG_LETTERS,                                                                                   \
	  MMS_SQL_LOG_WITH("mmsync_event_state", "mmsync_dead_letter", "t.integration_id",                       \
			   "t.id",                                                                               \
			   " STRAIGHT_JOIN mmsync_dead_letter t ON t.integration_id ="                           \
			   " r.integration_id AND t.ext_key = UNHEX(r.row_key)"),                                \
	  "bi", "")                                                                                              \
	X(REMOVED_LOG_DUES,                                                                                      \
	  MMS_SQL_LOG_WITH("mmsync_event_state", "mmsync_block_due", "t.integration_id",                         \
			   "CONCAT(t.integration_id, '/', HEX(t.ext_key))",                                      \
			   " STRAIGHT_JOIN mmsync_block_due t ON t.integration_id ="                             \
			   " r.integration_id AND t.ext_key = UNHEX(r.row_key)"),                                \
	  "bi", "")                                                                                              \
	/* Rows that are back may be longer than what was measured since: availability looks no further back. */ \
	X(REMOVED_LONGEST,                                                                                       \
	  "UPDATE mmsync_cursor c SET c.longest_event_ms = GREATEST(c.longest_event_ms,"                         \
	  " COALESCE((SELECT MAX(TIMESTAMPDIFF(MICROSECOND, e.start_datetime,"                                   \
	  " e.end_datetime)) DIV 1000 FROM mmsync_removed r STRAIGHT_JOIN " MMS_SQL_EVENTS                       \
	  " e ON e.name = r.row_key " MMS_SQL_AS_FRAPPE MMS_SQL_BATCH(                                           \
		  "tabMM Calendar Event Sync") "), 0)) WHERE c.id = ?",                                          \
	  "biu", "")                                                                                             \
	X(REMOVED_PUT_BACK,                                                                                      \
	  "UPDATE " MMS_SQL_LIST_IDS " STRAIGHT_JOIN mmsync_removed r ON r.id = j.id"                            \
	  " SET r.put_back_ms = ?",                                                                              \
	  "si", "")                                                                                              \
	X(REMOVED_RUNS,                                                                                          \
	  "SELECT run, CAST(MIN(removed_ms) AS SIGNED), COUNT(*), COUNT(put_back_ms)"                            \
	  " FROM mmsync_removed GROUP BY run ORDER BY MIN(removed_ms) DESC, MAX(id) DESC "                       \
	  "LIMIT ?",                                                                                             \
	  "i", "bIii")                                                                                           \
	/* The calendar of a batch is that of its first row. */                                                  \
	X(REMOVED_BATCHES,                                                                                       \
	  "SELECT b.batch, f.integration_id, b.n FROM (SELECT batch, MIN(id) AS id,"                             \
	  " COUNT(*) - COUNT(put_back_ms) AS n FROM mmsync_removed WHERE run = ?"                                \
	  " GROUP BY batch) b JOIN mmsync_removed f ON f.id = b.id WHERE b.n > 0"                                \
	  " ORDER BY b.batch DESC",                                                                              \
	  "b", "iui")                                                                                            \
	X(REMOVED_TALLY,                                                                                         \
	  "SELECT rule, table_name, COUNT(*) FROM mmsync_removed WHERE run = ?"                                  \
	  " GROUP BY rule, table_name",                                                                          \
	  "b", "ssi")                                                                                            \
	X(REMOVED_FORGET,                                                                                        \
	  "DELETE FROM mmsync_removed WHERE removed_ms < ? ORDER BY removed_ms, id LIMIT ?",                     \
	  "ii", "")                                                                                              \
	X(REMOVED_COUNT_OLD, "SELECT COUNT(*) FROM mmsync_removed WHERE removed_ms < ?", "i",                    \
	  "i")

#endif
