/*
 * Statements of cleanup's rules: what each finds. Three of every rule, from one text: how much there is of which
 * calendar, the keys of the next ones, and into the log what of some keys is still so; that one holds the rows.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_CLEANUP_H
#define MMSYNC_STMT_CLEANUP_H

#include "mmsync/stmt_blocks.h"
#include "mmsync/stmt_bookings.h"
#include "mmsync/stmt_removed.h"

/* clang-format off */
/*
 * What all rules are told, p: before `cut` (Unix ms) is past the retention, site_cut and event_cut are such instants as
 * walls of Frappe's own columns and of event times; window_cut is event_cut in Unix ms; a calendar that was not tried
 * since gone_cut, and has no integration, is gone.
 */
#define MMS_SQL_CUTS                                                               \
	"(SELECT CAST(? AS SIGNED) AS cut, CAST(? AS DATETIME(6)) AS site_cut,"       \
	" CAST(? AS DATETIME(6)) AS event_cut, CAST(? AS SIGNED) AS window_cut,"      \
	" CAST(? AS SIGNED) AS gone_cut, CAST(? AS SIGNED) AS now_ms) p"
#define MMS_CUTS_IN "ittiii"

#define MMS_SQL_HAS_INTEGRATION                                                    \
	"(EXISTS (SELECT 1 FROM `tabMM Calendar Integration` i WHERE i.name = c.name " \
	MMS_SQL_AS_FRAPPE ") OR EXISTS (SELECT 1 FROM `tabMM Calendar Integration` i" \
	" WHERE i.creation = c.frappe_creation AND i.owner = c.frappe_owner "         \
	MMS_SQL_AS_FRAPPE "))"
#define MMS_SQL_IS_GONE                                                            \
	"NOT " MMS_SQL_HAS_INTEGRATION " AND COALESCE(c.last_attempt_ms, 0) < p.gone_cut"

/* A booking points to the row e, or it to a booking that is there; or people have done something with it. */
#define MMS_SQL_IS_FREE                                                            \
	" AND NOT EXISTS (SELECT 1 FROM `tabMM Meeting Booking` k"                    \
	" WHERE k.name = t.meeting_booking) AND t.name NOT IN (SELECT k.calendar_event" \
	" FROM `tabMM Meeting Booking` k WHERE k.calendar_event IS NOT NULL)"         \
	"{!untouched t}"
/* Of a state s: of a booking that is there, under its name or another. */
#define MMS_SQL_HAS_BOOKING(s)                                                     \
	"(" s ".type = 2 AND (EXISTS (SELECT 1 FROM `tabMM Meeting Booking` k WHERE"   \
	" k.name = " s ".booking " MMS_SQL_AS_FRAPPE ") OR " s ".booking_creation IN" \
	" (SELECT k.creation FROM `tabMM Meeting Booking` k WHERE k.creation IS NOT NULL)))"
/* Something of it is under way: a change to be sent or planned, a failure that nobody has given up. */
#define MMS_SQL_UNDER_WAY(s)                                                       \
	"(EXISTS (SELECT 1 FROM mmsync_outbox o WHERE o.uuid = " s ".uuid) OR EXISTS"  \
	" (SELECT 1 FROM mmsync_block_due d WHERE d.integration_id = " s ".integration_id" \
	" AND d.ext_key = " s ".ext_key) OR EXISTS (SELECT 1 FROM mmsync_dead_letter l" \
	" WHERE l.integration_id = " s ".integration_id AND l.ext_key = " s ".ext_key" \
	" AND l.given_up = 0))"
/* A block y with its row b that is as it should be, and whose time is past. */
#define MMS_SQL_BLOCK_IS_PAST(y)                                                   \
	"(" y ".status IN (2, 3) AND " y ".removed_by = 0 AND b.quarantined = 0"             \
	" AND b.end_ms < p.window_cut AND NOT EXISTS (SELECT 1 FROM mmsync_outbox x"  \
	" WHERE x.uuid = " y ".uuid))"
/* Of a state s: it is the source of a block that is there, but for one of the past that was made for it. */
#define MMS_SQL_HAS_BLOCK(s)                                                       \
	"EXISTS (SELECT 1 FROM mmsync_busy_block b JOIN mmsync_event_state y"         \
	" ON y.uuid = b.uuid WHERE b.source_uuid = " s ".uuid AND y.status <> 5"       \
	" AND NOT (y.source_uuid <=> " s ".uuid AND " MMS_SQL_BLOCK_IS_PAST("y") "))"
/* Of a row t: what is known of its event must stay. */
#define MMS_SQL_STATE_STAYS(why)                                                   \
	" AND NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.integration_id = c.id" \
	" AND s.ext_key = " MMS_SQL_KEY_OF_T " AND s.type <> 3 AND (" why                  \
	" OR " MMS_SQL_UNDER_WAY("s") " OR " MMS_SQL_HAS_BLOCK("s") "))"
#define MMS_SQL_KEY_OF_T "LEFT(UNHEX(SHA2(t.external_event_id, 256)), 16)"
/* Of a state t: no row is left of it, under its name or its id. */
#define MMS_SQL_HAS_NO_ROW                                                         \
	"NOT EXISTS (SELECT 1 FROM " MMS_SQL_EVENTS " e WHERE e.name = t.row_name "    \
	MMS_SQL_AS_FRAPPE ") AND NOT EXISTS (SELECT 1 FROM " MMS_SQL_EVENTS " e WHERE" \
	" e.calendar_integration = c.name " MMS_SQL_AS_FRAPPE " AND e.external_event_id =" \
	" IF(t.ext_key = LEFT(UNHEX(SHA2(t.external_id, 256)), 16), t.external_id,"   \
	" CONCAT('sha256:', LOWER(SHA2(t.external_id, 256)))))"
/* Of a block's state t with its row b: no state is left of the event that it comes from, or was made for. */
#define MMS_SQL_HAS_NO_SOURCE                                                      \
	"NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.uuid = t.source_uuid)" \
	" AND NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.uuid = b.source_uuid)"
#define MMS_SQL_NO_STATE_OF_T                                                      \
	"NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.integration_id ="     \
	" t.integration_id AND s.ext_key = t.ext_key)"

#define MMS_SQL_OF_CALENDAR " STRAIGHT_JOIN mmsync_cursor c STRAIGHT_JOIN "
#define MMS_SQL_ROWS_OF_CALENDAR                                                   \
	MMS_SQL_OF_CALENDAR MMS_SQL_EVENTS " t ON t.calendar_integration = c.name "    \
	MMS_SQL_AS_FRAPPE
#define MMS_SQL_STATES_OF_CALENDAR                                                 \
	MMS_SQL_OF_CALENDAR "mmsync_event_state t ON t.integration_id = c.id"
#define MMS_SQL_BLOCKS_OF_CALENDAR                                                 \
	MMS_SQL_STATES_OF_CALENDAR " AND t.type = 3 LEFT JOIN mmsync_busy_block b ON b.uuid = t.uuid"
/* clang-format on */

/*
 * One rule: of a calendar each. `find` joins t (its key: found by `to`, ordered by `key`) and c to p. Keys come in
 * texts, as mmsync_removed.row_key has them.
 */
#define MMS_SQL_RULE(X, NAME, table, key, to, find, where)                                   \
	X(CLEANUP_##NAME##_COUNT,                                                            \
	  "SELECT c.id, COUNT(*) FROM " MMS_SQL_CUTS find " WHERE " where                    \
	  " GROUP BY c.id ORDER BY c.id",                                                    \
	  MMS_CUTS_IN, "ui")                                                                 \
	X(CLEANUP_##NAME##_KEYS,                                                             \
	  "SELECT " key " AS k FROM " MMS_SQL_CUTS find " WHERE c.id = ? AND " key           \
	  " > ? AND " where " ORDER BY k LIMIT ?",                                           \
	  MMS_CUTS_IN "usi", "S")                                                            \
	X(CLEANUP_##NAME##_LOG,                                                              \
	  MMS_SQL_LOG_INTO "SELECT ?, ?, ?," MMS_SQL_LOG_ROW(                                \
		  table, "c.id", key) ", p.now_ms FROM (SELECT DISTINCT * FROM"              \
				      " JSON_TABLE(?, '$[*]' COLUMNS (row_key"               \
				      " VARCHAR(320) PATH '$')) q) r"                        \
				      " STRAIGHT_JOIN " MMS_SQL_CUTS find                    \
				      " WHERE c.id = ? AND " to " AND " where " FOR UPDATE", \
	  "biss" MMS_CUTS_IN "u", "")

/* Of no calendar in particular. */
#define MMS_SQL_RULE_OF_ALL(X, NAME, table, key, to, find, where)                             \
	X(CLEANUP_##NAME##_COUNT,                                                             \
	  "SELECT CAST(0 AS UNSIGNED), COUNT(*) FROM " MMS_SQL_CUTS find " WHERE " where,     \
	  MMS_CUTS_IN, "ui")                                                                  \
	X(CLEANUP_##NAME##_KEYS,                                                              \
	  "SELECT " key " AS k FROM " MMS_SQL_CUTS find " WHERE ? = 0 AND " key               \
	  " > ? AND " where " ORDER BY k LIMIT ?",                                            \
	  MMS_CUTS_IN "usi", "S")                                                             \
	X(CLEANUP_##NAME##_LOG,                                                               \
	  MMS_SQL_LOG_INTO "SELECT ?, ?, ?," MMS_SQL_LOG_ROW(                                 \
		  table, "0", key) ", p.now_ms FROM (SELECT DISTINCT * FROM"                  \
				   " JSON_TABLE(?, '$[*]' COLUMNS (row_key"                   \
				   " VARCHAR(320) PATH '$')) q) r"                            \
				   " STRAIGHT_JOIN " MMS_SQL_CUTS find " WHERE ? = 0 AND " to \
				   " AND " where " FOR UPDATE",                               \
	  "biss" MMS_CUTS_IN "u", "")

/* The keys of rows as texts, and found by them. */
#define MMS_SQL_RULE_OF_ROWS(X, NAME, where)                                           \
	MMS_SQL_RULE(X, NAME, "tabMM Calendar Event Sync", "t.name", MMS_SQL_TO_EVENT, \
		     MMS_SQL_ROWS_OF_CALENDAR, where MMS_SQL_IS_FREE)
#define MMS_SQL_RULE_OF_STATES(X, NAME, find, where)                  \
	MMS_SQL_RULE(X, NAME, "mmsync_event_state", "HEX(t.ext_key)", \
		     "t.ext_key = UNHEX(r.row_key)", find, where)
#define MMS_SQL_RULE_OF_IDS(X, NAME, table, where)                               \
	MMS_SQL_RULE_OF_ALL(X, NAME, table, "CAST(t.id AS CHAR)", MMS_SQL_TO_ID, \
			    " STRAIGHT_JOIN " table " t", where)

/* As MMS_CLEANUP_RULES names them (mmsync/removed.h), in that order. */
#define MMS_STMTS_CLEANUP(X)                                                                   \
	MMS_SQL_RULE_OF_STATES(X, GONE_BLOCKS, MMS_SQL_BLOCKS_OF_CALENDAR, MMS_SQL_IS_GONE)    \
	MMS_SQL_RULE_OF_ROWS(X, DELETED_EVENTS,                                                \
			     MMS_SQL_HAS_INTEGRATION                                           \
			     " AND t.sync_status IN ('Deleted Externally', 'Deleted Locally')" \
			     " AND t.modified < p.site_cut" MMS_SQL_STATE_STAYS(               \
				     "s.status <> 5 OR " MMS_SQL_HAS_BOOKING("s")))            \
	MMS_SQL_RULE_OF_ROWS(                                                                  \
		X, PAST_EVENTS,                                                                \
		MMS_SQL_HAS_INTEGRATION                                                        \
		" AND t.sync_status IN ('Synced', 'Sync Failed')"                              \
		" AND t.end_datetime < p.event_cut AND t.start_datetime <"                     \
		" p.event_cut AND EXISTS (SELECT 1 FROM mmsync_event_state s"                  \
		" WHERE s.integration_id = c.id AND s.ext_key = " MMS_SQL_KEY_OF_T             \
		" AND s.type = 1)" MMS_SQL_STATE_STAYS("s.type = 2"))                          \
	MMS_SQL_RULE_OF_ROWS(X, GONE_EVENTS,                                                   \
			     MMS_SQL_IS_GONE                                                   \
			     " AND NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE"       \
			     " s.integration_id = c.id AND s.ext_key = " MMS_SQL_KEY_OF_T      \
			     " AND s.type <> 3 AND " MMS_SQL_HAS_BLOCK("s") ")")               \
	MMS_SQL_RULE_OF_STATES(X, GONE_STATES, MMS_SQL_STATES_OF_CALENDAR,                     \
			       MMS_SQL_IS_GONE " AND t.type <> 3 AND " MMS_SQL_HAS_NO_ROW      \
					       " AND NOT " MMS_SQL_HAS_BLOCK("t"))             \
	MMS_SQL_RULE_OF_STATES(                                                                \
		X, DEAD_STATES, MMS_SQL_STATES_OF_CALENDAR,                                    \
		MMS_SQL_HAS_INTEGRATION                                                        \
		" AND t.type <> 3 AND t.status = 5 AND t.changed_at_ms < p.cut"                \
		" AND " MMS_SQL_HAS_NO_ROW                                                     \
		" AND NOT " MMS_SQL_HAS_BOOKING("t") " AND NOT " MMS_SQL_UNDER_WAY(            \
			"t") " AND NOT " MMS_SQL_HAS_BLOCK("t"))                               \
	MMS_SQL_RULE_OF_STATES(X, PAST_BLOCKS, MMS_SQL_BLOCKS_OF_CALENDAR,                     \
			       MMS_SQL_HAS_INTEGRATION " AND " MMS_SQL_BLOCK_IS_PAST(          \
				       "t") " AND " MMS_SQL_HAS_NO_SOURCE)                     \
	MMS_SQL_RULE_OF_STATES(                                                                \
		X, DEAD_BLOCKS, MMS_SQL_BLOCKS_OF_CALENDAR,                                    \
		MMS_SQL_HAS_INTEGRATION                                                        \
		" AND t.status = 5 AND t.changed_at_ms < p.cut AND (b.uuid IS NULL OR"         \
		" b.end_ms < p.window_cut) AND " MMS_SQL_HAS_NO_SOURCE                         \
		" AND NOT " MMS_SQL_UNDER_WAY("t"))                                            \
	MMS_SQL_RULE_OF_IDS(                                                                   \
		X, LETTERS, "mmsync_dead_letter",                                              \
		"((t.given_up <> 0 AND t.last_at_ms < p.cut AND ((t.operation <> 'apply' "     \
		"AND " MMS_SQL_NO_STATE_OF_T                                                   \
		") OR EXISTS (SELECT 1 FROM mmsync_event_state s WHERE"                        \
		" s.integration_id = t.integration_id AND s.ext_key = t.ext_key AND s.status"  \
		" = 5))) OR (t.integration_id <> 0 AND " MMS_SQL_NO_STATE_OF_T                 \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_cursor c WHERE c.id = t.integration_id" \
		" AND NOT (" MMS_SQL_IS_GONE "))))")                                           \
	MMS_SQL_RULE_OF_ALL(                                                                   \
		X, PAIRS, "mmsync_same_meeting",                                               \
		"CONCAT(HEX(LEAST(t.uuid, t.twin)), '/', HEX(GREATEST(t.uuid, t.twin)))",      \
		MMS_SQL_TO_PAIR, " STRAIGHT_JOIN mmsync_same_meeting t",                       \
		"(NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.uuid = t.uuid) OR"    \
		" NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.uuid = t.twin))")     \
	MMS_SQL_RULE_OF_ALL(X, DUES, "mmsync_block_due",                                       \
			    "CONCAT(t.integration_id, '/', HEX(t.ext_key))", MMS_SQL_TO_DUE,   \
			    " STRAIGHT_JOIN mmsync_block_due t", MMS_SQL_NO_STATE_OF_T)        \
	MMS_SQL_RULE_OF_ALL(X, BUDGETS, "mmsync_budget", "CONCAT(t.provider, '/', t.scope)",   \
			    MMS_SQL_TO_BUDGET, " STRAIGHT_JOIN mmsync_budget t",               \
			    "t.window_start_ms < p.cut AND COALESCE(t.wait_until_ms, 0) <"     \
			    " p.now_ms")                                                       \
	MMS_SQL_RULE_OF_ALL(X, SLOTS, "mmsync_slot",                                           \
			    "CONCAT(t.slot, '/', t.provider, '/', t.scope)", MMS_SQL_TO_SLOT,  \
			    " STRAIGHT_JOIN mmsync_slot t",                                    \
			    "t.holder IS NULL AND t.heir IS NULL AND NOT EXISTS (SELECT 1"     \
			    " FROM mmsync_budget g WHERE g.provider = t.provider"              \
			    " AND g.scope = t.scope)")                                         \
	MMS_SQL_RULE_OF_ALL(                                                                   \
		X, CURSORS, "mmsync_cursor", "CAST(t.id AS CHAR)", MMS_SQL_TO_ID,              \
		" STRAIGHT_JOIN mmsync_cursor t STRAIGHT_JOIN mmsync_cursor c ON c.id = t.id", \
		MMS_SQL_IS_GONE                                                                \
		" AND (c.lease_owner IS NULL OR c.lease_until < UTC_TIMESTAMP(6)"              \
		" - " MMS_SQL_LEASE_SKEW ")"                                                   \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_event_state x WHERE"                    \
		" x.integration_id = c.id) AND NOT EXISTS (SELECT 1 FROM"                      \
		" mmsync_outbox x WHERE x.integration_id = c.id) AND NOT"                      \
		" EXISTS (SELECT 1 FROM mmsync_dead_letter x WHERE"                            \
		" x.integration_id = c.id) AND NOT EXISTS (SELECT 1 FROM"                      \
		" mmsync_busy_block x WHERE x.integration_id = c.id) AND NOT"                  \
		" EXISTS (SELECT 1 FROM mmsync_busy_block x WHERE x.source_id"                 \
		" = c.id) AND NOT EXISTS (SELECT 1 FROM mmsync_block_due x"                    \
		" WHERE x.integration_id = c.id) AND NOT EXISTS (SELECT 1"                     \
		" FROM " MMS_SQL_EVENTS " x WHERE x.calendar_integration ="                    \
		" c.name " MMS_SQL_AS_FRAPPE ")")                                              \
	MMS_SQL_RULE_OF_IDS(                                                                   \
		X, RUNS, "mmsync_run",                                                         \
		"t.started_ms < p.cut AND ((t.integration_id <> 0 AND NOT EXISTS (SELECT 1"    \
		" FROM mmsync_cursor c WHERE c.id = t.integration_id)) OR t.id <> (SELECT "    \
		"n.id FROM mmsync_run n WHERE"                                                 \
		" n.integration_id = t.integration_id ORDER BY n.started_ms DESC, n.id DESC"   \
		" LIMIT 1))")

#endif
