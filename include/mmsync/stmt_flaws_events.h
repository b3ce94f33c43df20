/*
 * Statements of audit's consistency rules about rows, states and cursors. What they share is in stmt_flaws.h, which
 * includes this.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FLAWS_EVENTS_H
#define MMSYNC_STMT_FLAWS_EVENTS_H

/* clang-format off */
#define MMS_SQL_FLAW_OF_CURSOR(a, b)                                              \
	"c.id, c.name, c.name, NULL, NULL, NULL, NULL, " a ", " b
#define MMS_SQL_FLAW_OF_STATE                                                     \
	"s.integration_id, c.name, s.row_name, s.uuid, s.ext_key, NULL, s.booking, NULL, NULL"
/* When the settings of an integration i wanted its window, as of its last good reading: start, end. */
/* What a sync reads, whatever was typed: the bounds of mms_integration_window(). */
#define MMS_SQL_WANTED_START \
	"(c.last_success_ms - LEAST(GREATEST(i.sync_past_days, 0), 365) * 86400000)"
#define MMS_SQL_WANTED_END \
	"(c.last_success_ms + LEAST(GREATEST(i.sync_future_days, 1), 730) * 86400000)"

/*
 * Marks that several states share: short ones, so that the server groups them in memory, and a few that only happen to be
 * alike. What stands beside them is read for those states alone; joins are in the order of the text.
 */
#define MMS_SQL_SHARED(mark, where)                                               \
	"(SELECT " mark " AS mark FROM mmsync_event_state WHERE " where           \
	" GROUP BY " mark " HAVING COUNT(*) > 1)"

#define MMS_STMTS_FLAWS_EVENTS(X)                                                 \
	/*                                                                        \
	 * Rows that the last full listing would have told of; a day at each edge is left out. k is the row as its index \
	 * has it: the row itself is read where it has no state. Joins are in the order of the text. \
	 */                                                                       \
	X(FLAW_EVENT_WITHOUT_STATE,                                               \
	  MMS_SQL_FLAW("c.id, c.name, e.name, NULL, NULL, NULL, NULL, NULL, NULL",\
		"mmsync_cursor c STRAIGHT_JOIN `tabMM Calendar Integration` i ON i.name = c.name " \
		MMS_SQL_AS_FRAPPE " AND i.is_active = 1"                          \
		" STRAIGHT_JOIN `tabMM Calendar Event Sync` k ON k.calendar_integration = i.name" \
		" LEFT JOIN mmsync_event_state s ON s.integration_id = c.id"      \
		" AND s.ext_key = " MMS_SQL_KEY_OF("k.external_event_id")         \
		" STRAIGHT_JOIN `tabMM Calendar Event Sync` e ON e.name = k.name" \
		" LEFT JOIN mmsync_dead_letter l ON l.integration_id = c.id"      \
		" AND l.ext_key = " MMS_SQL_KEY_OF("e.external_event_id"),        \
		"s.uuid IS NULL AND l.id IS NULL AND " MMS_SQL_IS_LIVE_ROW("e") " AND " MMS_SQL_IS_OURS("e") \
		" AND NOT (COALESCE(e.meeting_booking, '') <> '' OR e.event_type <=> 'Meeting Booking'" \
		" OR e.sync_direction <=> 'Outbound')"                            \
		" AND e.creation < " MMS_SQL_AT_SITE("c.last_full_ms") " - INTERVAL 3 HOUR" \
		" AND e.start_datetime < " MMS_SQL_ABOUT("c.last_full_ms + i.sync_future_days * 86400000") \
		" - INTERVAL 1 DAY AND e.end_datetime > "                         \
		MMS_SQL_ABOUT("c.last_full_ms - i.sync_past_days * 86400000") " + INTERVAL 1 DAY", \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_STATE_WITHOUT_EVENT,                                               \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_STATE,                                     \
		"mmsync_event_state s" MMS_SQL_FLAW_OF("s.integration_id") MMS_SQL_FLAW_ROWS, \
		"s.type <> 3 AND s.status <> 5 AND e.name IS NULL AND r.name IS NULL" \
		" AND i.is_active = 1 AND IF(s.type = 2, s.status = 3 AND EXISTS (SELECT 1" \
		" FROM `tabMM Meeting Booking` b WHERE b.name = s.booking " MMS_SQL_AS_FRAPPE ")," \
		" s.row_name IS NOT NULL)"                                        \
		" AND " MMS_SQL_NOT_WAITING("s.uuid"),                            \
		"s.row_name = p.event"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	/* The one that is not of the row's event. */                             \
	X(FLAW_EVENT_WITH_TWO_STATES,                                             \
	  MMS_SQL_FLAW("s.integration_id, c.name, e.name, s.uuid, s.ext_key, NULL, NULL, NULL, NULL", \
		"(SELECT d.row_name FROM mmsync_event_state d STRAIGHT_JOIN "     \
		MMS_SQL_SHARED("CRC32(row_name)", "row_name IS NOT NULL")         \
		" g ON g.mark = CRC32(d.row_name) GROUP BY d.row_name HAVING COUNT(*) > 1) w" \
		" JOIN mmsync_event_state s ON s.row_name = w.row_name"           \
		" JOIN `tabMM Calendar Event Sync` e ON e.name = w.row_name " MMS_SQL_AS_FRAPPE \
		MMS_SQL_FLAW_OF("s.integration_id"),                              \
		"i.name IS NOT NULL AND (s.ext_key <> " MMS_SQL_KEY_OF("e.external_event_id") \
		" OR e.calendar_integration <> i.name)",                          \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_STATE_KEY,                                                         \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_STATE,                                     \
		"mmsync_event_state s" MMS_SQL_FLAW_OF("s.integration_id"),       \
		"s.ext_key <> " MMS_SQL_KEY_OF("s.external_id") " AND s.ext_key <> " \
		MMS_SQL_KEY_OF("CONCAT('sha256:', LOWER(SHA2(s.external_id, 256)))"), \
		"s.row_name = p.event"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	/* A booking's event that its person made a series stands beside its first date. */ \
	X(FLAW_EVENT_TWICE,                                                       \
	  MMS_SQL_FLAW("w.x, c.name, w.first, NULL, NULL, NULL, NULL, w.last, CAST(w.n AS CHAR)", \
		"(SELECT s.integration_id AS x, MIN(e.name) AS first, MAX(e.name) AS last," \
		" COUNT(*) AS n FROM mmsync_event_state s STRAIGHT_JOIN "         \
		MMS_SQL_SHARED("CRC32(CONCAT(integration_id, ' ', ical_uid))",    \
			"ical_uid <> '' AND type <> 3 AND status <> 5")           \
		" g ON g.mark = CRC32(CONCAT(s.integration_id, ' ', s.ical_uid))" \
		" STRAIGHT_JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
		" WHERE s.ical_uid <> '' AND s.type <> 3 AND s.status <> 5 AND " MMS_SQL_IS_LIVE_ROW("e") \
		" GROUP BY s.integration_id, e.start_datetime, s.ical_uid HAVING COUNT(*) > 1" \
		" AND SUM(s.type = 2) * SUM(s.series_id IS NOT NULL) = 0) w"      \
		MMS_SQL_FLAW_OF("w.x"), "i.name IS NOT NULL",                     \
		"w.first = p.event OR w.last = p.event"), \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_EVENT_GONE_BLOCKS,                                                 \
	  MMS_SQL_FLAW("s.integration_id, c.name, e.name, s.uuid, s.ext_key, NULL, s.booking, NULL, NULL", \
		"mmsync_event_state s JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " \
		MMS_SQL_AS_FRAPPE MMS_SQL_FLAW_OF("s.integration_id"),            \
		"s.type <> 3 AND s.status = 5 AND e.is_blocking_availability = 1 AND " \
		MMS_SQL_IS_LIVE_ROW("e") " AND s.ext_key = " MMS_SQL_KEY_OF("e.external_event_id") \
		" AND i.name IS NOT NULL AND e.end_datetime > " MMS_SQL_ABOUT("p.now_ms"), \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	/* A person may move some dates of a series far away; a whole series there was never to be stored. */ \
	X(FLAW_SERIES_BEYOND_WINDOW,                                              \
	  MMS_SQL_FLAW("w.x, c.name, w.first, NULL, NULL, NULL, NULL, CAST(w.n AS CHAR), NULL", \
		"(SELECT s.integration_id AS x, MIN(e.name) AS first, COUNT(*) AS n" \
		" FROM mmsync_event_state s JOIN mmsync_cursor k ON k.id = s.integration_id" \
		" JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
		" WHERE s.series_id IS NOT NULL AND s.status <> 5 AND " MMS_SQL_IS_LIVE_ROW("e") \
		" AND e.start_datetime > " MMS_SQL_ABOUT("k.window_end_ms") " + INTERVAL 2 DAY" \
		" GROUP BY s.integration_id, s.series_id HAVING COUNT(*) > 5) w"  \
		MMS_SQL_FLAW_OF("w.x"), "i.name IS NOT NULL", "w.first = p.event"), \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_CREATION_FORGOTTEN,                                                \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_STATE,                                     \
		"mmsync_event_state s" MMS_SQL_FLAW_OF("s.integration_id"),       \
		"s.status = 1 AND s.created_at_ms <= p.now_ms - 600000 AND i.name IS NOT NULL" \
		" AND " MMS_SQL_NOT_WAITING("s.uuid"), "s.row_name = p.event"),   \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_OUTBOX_ORPHANED,                                                   \
	  MMS_SQL_FLAW("o.integration_id, c.name, NULL, o.uuid, NULL, o.id, o.booking, o.operation, NULL", \
		"mmsync_outbox o LEFT JOIN mmsync_event_state s ON s.uuid = o.uuid" \
		MMS_SQL_FLAW_OF("o.integration_id"),                              \
		"s.uuid IS NULL OR s.integration_id <> o.integration_id OR " MMS_SQL_IS_NO_MORE, \
		"s.row_name = p.event"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_LETTER_ORPHANED,                                                   \
	  MMS_SQL_FLAW("l.integration_id, c.name, NULL, NULL, l.ext_key, l.id, NULL, l.operation, NULL", \
		"mmsync_dead_letter l LEFT JOIN mmsync_event_state s"             \
		" ON s.integration_id = l.integration_id AND s.ext_key = l.ext_key" \
		MMS_SQL_FLAW_OF("l.integration_id"),                              \
		"l.integration_id <> 0 AND (" MMS_SQL_IS_NO_MORE                  \
		" OR (l.operation <> 'apply' AND s.uuid IS NULL))", "s.row_name = p.event"), \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_STATE_ORPHANED,                                                    \
	  MMS_SQL_FLAW("CAST(w.x AS UNSIGNED), NULL, NULL, NULL, NULL, CAST(w.x AS UNSIGNED), NULL," \
		" w.t, CAST(w.n AS CHAR)",                                        \
		"(SELECT integration_id AS x, 'mmsync_event_state' AS t, COUNT(*) AS n" \
		" FROM mmsync_event_state GROUP BY integration_id UNION ALL SELECT integration_id," \
		" 'mmsync_busy_block', COUNT(*) FROM mmsync_busy_block GROUP BY integration_id) w" \
		MMS_SQL_FLAW_OF("w.x"), "c.id IS NULL", "FALSE"),                 \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_CURSOR_ORPHANED,                                                   \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_CURSOR("NULL", "NULL"),                    \
		"mmsync_cursor c LEFT JOIN `tabMM Calendar Integration` i ON i.name = c.name " \
		MMS_SQL_AS_FRAPPE, MMS_SQL_IS_NO_MORE, "FALSE"),                  \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	/* What a turn writes last it writes at once. */                          \
	X(FLAW_CURSOR_WITHOUT_SYNC,                                               \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_CURSOR("NULL", "NULL"),                    \
		"mmsync_cursor c JOIN `tabMM Calendar Integration` i ON i.name = c.name " MMS_SQL_AS_FRAPPE, \
		"i.is_active = 1 AND c.sync_token <> '' AND (c.last_success_ms IS NULL" \
		" OR c.last_full_ms IS NULL OR c.window_start_ms IS NULL OR c.window_end_ms IS NULL)", \
		"FALSE"),                                                         \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	/* Settings that were saved since are read under by the next turn. */     \
	X(FLAW_WINDOW_GAP,                                                        \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_CURSOR(                                    \
			"CAST(" MMS_SQL_ABOUT("c.window_start_ms") " AS CHAR)",   \
			"CAST(" MMS_SQL_ABOUT("c.window_end_ms") " AS CHAR)"),    \
		"mmsync_cursor c JOIN `tabMM Calendar Integration` i ON i.name = c.name " MMS_SQL_AS_FRAPPE, \
		"i.is_active = 1 AND c.sync_token <> '' AND c.last_success_ms IS NOT NULL" \
		" AND (c.window_start_ms > " MMS_SQL_WANTED_START " + 86400000"   \
		" OR (c.window_end_ms < " MMS_SQL_WANTED_END " - 86400000"        \
		" AND (c.provider <> 'ical' OR c.next_entry_ms < " MMS_SQL_WANTED_END ")))" \
		" AND i.modified < " MMS_SQL_AT_SITE("c.last_success_ms") " - INTERVAL 3 HOUR", \
		"FALSE"),                                                         \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_COUNTER_BEHIND,                                                    \
	  MMS_SQL_FLAW("NULL, NULL, w.name, NULL, NULL, NULL, NULL,"              \
		" CAST(COALESCE(q.current, 0) AS CHAR), NULL",                    \
		"(SELECT e.name, CAST(SUBSTRING_INDEX(e.name, '-', -1) AS UNSIGNED) AS n" \
		" FROM `tabMM Calendar Event Sync` e WHERE " MMS_SQL_IS_OURS("e") \
		" ORDER BY n DESC LIMIT 1) w LEFT JOIN tabSeries q ON q.name = ''" \
		MMS_SQL_FLAW_OF("0"), "w.n > COALESCE(q.current, 0)", "FALSE"),   \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_ROW_OF, "SELECT row_name FROM mmsync_event_state WHERE uuid = ?", "b", "S") \
	X(FLAW_STATE_OF,                                                          \
	  "SELECT s.uuid FROM `tabMM Calendar Event Sync` e"                      \
	  " JOIN mmsync_cursor c ON c.name = e.calendar_integration"              \
	  " JOIN mmsync_event_state s ON s.integration_id = c.id"                 \
	  " AND s.ext_key = " MMS_SQL_KEY_OF("e.external_event_id")               \
	  " WHERE e.name = ?", "s", "b")
/* clang-format on */

#endif
