/*
 * Statements that read busy blocks: where they come from, what they should say, how they fare.
 *
 * A list is one parameter, a JSON array; bytes in it are hexadecimal. It is the first table of its
 * join (STRAIGHT_JOIN), so that its few members are looked up by an index of the others.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BLOCKS_H
#define MMSYNC_STMT_BLOCKS_H

/* Each member once. */
#define MMS_SQL_LIST(columns, alias) \
	"(SELECT DISTINCT * FROM JSON_TABLE(?, '$[*]' COLUMNS (" columns ")) t) " alias
#define MMS_SQL_LIST_IDS   MMS_SQL_LIST("id BIGINT UNSIGNED PATH '$'", "j")
#define MMS_SQL_LIST_BYTES MMS_SQL_LIST("x CHAR(32) PATH '$'", "j")
#define MMS_SQL_LIST_TIMES MMS_SQL_LIST("at DATETIME(6) PATH '$'", "k")

/* What a busy block is found by that comes back in another calendar. */
#define MMS_SQL_UID_KEY(uid) "LEFT(UNHEX(SHA2(UPPER(" uid "), 256)), 16)"
/* clang-format off */
/* Google makes iCalUIDs of the ids that we give it, which are our UUIDs: what is to be found of that, else NULL. */
#define MMS_SQL_BY_GOOGLE_UID(what)                                        \
	"IF(s.ical_uid LIKE CONCAT(REPEAT('_', 32), '@google.com'), (SELECT" \
	" " what " WHERE y.uuid = UNHEX(LEFT(s.ical_uid, 32))), NULL)"
/*
 * Flags of a state s: what has the iCalUID of a block of this installation, in whatever calendar, live or dead, is that
 * block, come back by a feed or an import. Asked whenever it is read: a block may have been told its iCalUID, or
 * been restored, after its copy was stored. (NULL would find all that have none.)
 */
#define MMS_SQL_FLAGS                                                          \
	"CAST(COALESCE(s.flags, 0)"                                              \
	" | COALESCE(" MMS_SQL_BY_GOOGLE_UID("1 FROM mmsync_busy_block y") ", 0)" \
	" | EXISTS (SELECT 1 FROM mmsync_busy_block y FORCE INDEX (uid_key)"     \
	" WHERE y.uid_key = COALESCE(" MMS_SQL_UID_KEY("s.ical_uid") ", '')) AS SIGNED)"
/* What has that of a booking's event is of this booking, also before the service has told of it. */
#define MMS_SQL_BOOKING_OF_UID \
	MMS_SQL_BY_GOOGLE_UID("IF(y.type = 2, y.booking, NULL) FROM mmsync_event_state y")
/* clang-format on */

/*
 * What is read of an event: its state s, its mmsync_block_due d, its row. Bookings that were renamed
 * in Frappe have their new name in the row first.
 */
/* clang-format off */
#define MMS_SQL_BLOCK_SOURCE(of, row)                                             \
	"SELECT " of ".integration_id, s.uuid, " of ".ext_key, COALESCE(s.type, 1)," \
	" " MMS_SQL_FLAGS ", s.series_id IS NOT NULL, s.uuid IS NOT NULL,"           \
	" COALESCE(s.status = 5, 0), " row("sync_status") ","                        \
	" COALESCE(" row("is_blocking_availability") " = 1, 0),"                     \
	" " row("event_type") " <=> 'All-Day Event', " row("start_datetime") ","     \
	" " row("end_datetime") ", " row("event_title") ", " row("organizer_email") "," \
	" s.ical_uid, COALESCE(NULLIF(" row("meeting_booking") ", ''), s.booking,"   \
	" " MMS_SQL_BOOKING_OF_UID "), s.external_id, COALESCE(d.version, 0)"
/* clang-format on */
#define MMS_BLOCK_SOURCE_OUT "uBbiiiiiSiiTTSSSSSi"

/* From a state to its row: e by its name, else (renamed in Frappe) r by its event's id. */
#define MMS_SQL_EITHER_ROW(column) "IF(e.name IS NULL, r." column ", e." column ")"
#define MMS_SQL_STATE_TO_ROW                                                                 \
	" LEFT JOIN mmsync_cursor c ON c.id = s.integration_id"                              \
	" LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
	" LEFT JOIN `tabMM Calendar Event Sync` r ON r.calendar_integration ="               \
	" IF(e.name IS NULL, c.name, NULL) " MMS_SQL_AS_FRAPPE " AND r.external_event_id ="  \
	" IF(s.ext_key = LEFT(UNHEX(SHA2(s.external_id, 256)), 16), s.external_id,"          \
	" CONCAT('sha256:', LOWER(SHA2(s.external_id, 256))))"

/* From a calendar's row e to its state, which is live and no block's. */
#define MMS_SQL_THAT_ROW(column) "e." column
#define MMS_SQL_ROW_TO_STATE                                               \
	" STRAIGHT_JOIN mmsync_event_state s ON s.integration_id = c.id"   \
	" AND s.ext_key = LEFT(UNHEX(SHA2(e.external_event_id, 256)), 16)" \
	" AND s.type <> 3 AND s.status <> 5" MMS_SQL_STATE_TO_DUE
#define MMS_SQL_STATE_TO_DUE                                                   \
	" LEFT JOIN mmsync_block_due d ON d.integration_id = s.integration_id" \
	" AND d.ext_key = s.ext_key"

/* By calendars and starts. The server is told the index: without statistics it takes another. */
#define MMS_SQL_BLOCK_SOURCES_AT(hint)                                                         \
	MMS_SQL_BLOCK_SOURCE("s", MMS_SQL_THAT_ROW)                                            \
	" FROM " MMS_SQL_LIST_IDS " STRAIGHT_JOIN mmsync_cursor c ON c.id = j.id"              \
	" STRAIGHT_JOIN " MMS_SQL_LIST_TIMES                                                   \
	" STRAIGHT_JOIN `tabMM Calendar Event Sync` e" hint                                    \
	" ON e.calendar_integration = c.name " MMS_SQL_AS_FRAPPE                               \
	" AND e.is_blocking_availability = 1 AND e.start_datetime = k.at" MMS_SQL_ROW_TO_STATE \
	" WHERE e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed')"

/* What is read of a block b with its state s. */
#define MMS_SQL_BLOCK                                                             \
	"SELECT b.uuid, s.ext_key, b.source_uuid, b.integration_id, b.source_id," \
	" s.status, s.removed_by, b.start_ms, b.end_ms, b.title, b.print,"        \
	" b.sent_print, b.outside_print, b.put_backs, b.rounds, b.rounds_ms,"     \
	" b.quarantined, s.created_at_ms, s.external_id, s.external_version,"     \
	" b.calendar_id, b.provider, s.ical_uid FROM "
#define MMS_BLOCK_OUT          "bbbuuiiiisbBBiiiiisSSSS"
#define MMS_SQL_BLOCK_TO_STATE " STRAIGHT_JOIN mmsync_event_state s ON s.uuid = b.uuid"
#define MMS_SQL_BLOCK_ORDER    " ORDER BY s.created_at_ms, b.id"

#define MMS_STMTS_BLOCKS(X)                                                                   \
	X(BLOCK_DUES_WAITING,                                                                 \
	  "SELECT DISTINCT integration_id FROM mmsync_block_due ORDER BY integration_id", "", \
	  "u")                                                                                \
	X(BLOCK_CALENDARS,                                                                    \
	  "SELECT DISTINCT integration_id FROM mmsync_busy_block ORDER BY integration_id",    \
	  "", "u")                                                                            \
	X(BLOCK_SOURCES_DUE,                                                                  \
	  MMS_SQL_BLOCK_SOURCE("d", MMS_SQL_EITHER_ROW) " FROM " MMS_SQL_LIST_IDS             \
							" STRAIGHT_JOIN mmsync_block_due d "  \
							"ON d.integration_id = j.id"          \
							" LEFT JOIN mmsync_event_state s ON " \
							"s.integration_id = d.integration_id" \
							" AND s.ext_key = d.ext_key AND "     \
							"s.type <> 3" MMS_SQL_STATE_TO_ROW    \
							" LIMIT ?",                           \
	  "si", MMS_BLOCK_SOURCE_OUT)                                                         \
	X(BLOCK_SOURCES_FIND,                                                                 \
	  MMS_SQL_BLOCK_SOURCE(                                                               \
		  "s", MMS_SQL_EITHER_ROW) " FROM " MMS_SQL_LIST_BYTES                        \
					   " STRAIGHT_JOIN mmsync_event_state s ON s.uuid = " \
					   "UNHEX(j.x) AND s.type <> 3" MMS_SQL_STATE_TO_DUE  \
						   MMS_SQL_STATE_TO_ROW,                      \
	  "s", MMS_BLOCK_SOURCE_OUT)                                                          \
	X(BLOCK_SOURCES_ALL,                                                                  \
	  MMS_SQL_BLOCK_SOURCE(                                                               \
		  "s",                                                                        \
		  MMS_SQL_THAT_ROW) " FROM " MMS_SQL_LIST_IDS                                 \
				    " STRAIGHT_JOIN mmsync_cursor c ON c.id = j.id"           \
				    " STRAIGHT_JOIN `tabMM Calendar Event Sync` e"            \
				    " ON e.calendar_integration = c.name " MMS_SQL_AS_FRAPPE  \
					    MMS_SQL_ROW_TO_STATE                              \
				    " WHERE (e.sync_status = 'Sync Failed' OR "               \
				    "(e.is_blocking_availability = 1"                         \
				    " AND e.sync_status IN ('Synced', 'Pending Sync')))"      \
				    " AND (e.end_datetime > ? OR e.end_datetime <= "          \
				    "e.start_datetime"                                        \
				    " OR e.end_datetime IS NULL)",                            \
	  "st", MMS_BLOCK_SOURCE_OUT)                                                         \
	X(BLOCK_SOURCES_AT, MMS_SQL_BLOCK_SOURCES_AT(MMS_SQL_BUSY_NEAR_INDEX), "ss",          \
	  MMS_BLOCK_SOURCE_OUT)                                                               \
	X(BLOCK_SOURCES_AT_PLAIN, MMS_SQL_BLOCK_SOURCES_AT(""), "ss", MMS_BLOCK_SOURCE_OUT)   \
	X(BLOCK_TWINS,                                                                        \
	  "SELECT m.uuid, m.twin FROM " MMS_SQL_LIST_BYTES                                    \
	  " STRAIGHT_JOIN mmsync_same_meeting m ON m.uuid = UNHEX(j.x)",                      \
	  "s", "bb")                                                                          \
	X(BLOCKS_OF_SOURCES,                                                                  \
	  MMS_SQL_BLOCK MMS_SQL_LIST_BYTES                                                    \
	  " STRAIGHT_JOIN mmsync_busy_block b ON b.source_uuid = "                            \
	  "UNHEX(j.x)" MMS_SQL_BLOCK_TO_STATE MMS_SQL_BLOCK_ORDER,                            \
	  "s", MMS_BLOCK_OUT)                                                                 \
	X(BLOCKS_OF_PERSON,                                                                   \
	  MMS_SQL_BLOCK                                                                       \
	  "(SELECT i.uuid FROM " MMS_SQL_LIST_IDS                                             \
	  " STRAIGHT_JOIN mmsync_busy_block i ON i.integration_id = j.id UNION"               \
	  " SELECT f.uuid FROM " MMS_SQL_LIST_IDS                                             \
	  " STRAIGHT_JOIN mmsync_busy_block f ON f.source_id = j.id) u"                       \
	  " STRAIGHT_JOIN mmsync_busy_block b ON b.uuid = u.uuid" MMS_SQL_BLOCK_TO_STATE      \
	  " WHERE s.status <> 5 OR s.removed_by = 2 OR EXISTS (SELECT 1 FROM"                 \
	  " mmsync_busy_block o JOIN mmsync_event_state l ON l.uuid = o.uuid"                 \
	  " WHERE o.source_uuid = b.source_uuid AND o.integration_id = b.integration_id"      \
	  " AND (l.status <> 5 OR l.removed_by = 2))" MMS_SQL_BLOCK_ORDER,                    \
	  "ss", MMS_BLOCK_OUT)                                                                \
	X(BLOCKS_OF_CALENDAR,                                                                 \
	  MMS_SQL_BLOCK "mmsync_busy_block b" MMS_SQL_BLOCK_TO_STATE                          \
			" WHERE b.integration_id = ? AND s.status <> 5" MMS_SQL_BLOCK_ORDER,  \
	  "u", MMS_BLOCK_OUT)                                                                 \
	X(BLOCKS_BY_KEY,                                                                      \
	  MMS_SQL_BLOCK MMS_SQL_LIST_BYTES                                                    \
	  " STRAIGHT_JOIN mmsync_event_state s ON s.integration_id = ?"                       \
	  " AND s.ext_key = UNHEX(j.x)"                                                       \
	  " STRAIGHT_JOIN mmsync_busy_block b ON b.uuid = s.uuid",                            \
	  "su", MMS_BLOCK_OUT)                                                                \
	X(BLOCKS_FIND,                                                                        \
	  MMS_SQL_BLOCK MMS_SQL_LIST_BYTES                                                    \
	  " STRAIGHT_JOIN mmsync_busy_block b ON b.uuid = UNHEX(j.x)" MMS_SQL_BLOCK_TO_STATE, \
	  "s", MMS_BLOCK_OUT)                                                                 \
	X(BLOCKS_COUNT,                                                                       \
	  "SELECT j.i, (SELECT COUNT(*) FROM mmsync_event_state s FORCE INDEX (source_uuid)"  \
	  " WHERE s.source_uuid = UNHEX(j.x) AND s.integration_id = j.id AND s.type = 3)"     \
	  " FROM JSON_TABLE(?, '$[*]' COLUMNS (i FOR ORDINALITY, x CHAR(32) PATH '$[0]',"     \
	  " id BIGINT UNSIGNED PATH '$[1]')) j",                                              \
	  "s", "II")                                                                          \
	X(BLOCK_SLOTS,                                                                        \
	  "SELECT j.i, (SELECT COUNT(DISTINCT b.planned_run) FROM mmsync_busy_block b"        \
	  " FORCE INDEX (integration_id_start_ms) WHERE b.integration_id = j.id"              \
	  " AND b.start_ms = j.a AND b.end_ms = j.b AND b.source_id = j.f"                    \
	  " AND b.planned_ms >= ? AND b.planned_run <> REPEAT(CHAR(0), 16))"                  \
	  " FROM JSON_TABLE(?, '$[*]' COLUMNS (i FOR ORDINALITY,"                             \
	  " f BIGINT UNSIGNED PATH '$[0]', id BIGINT UNSIGNED PATH '$[1]',"                   \
	  " a BIGINT PATH '$[2]', b BIGINT PATH '$[3]')) j",                                  \
	  "is", "II")                                                                         \
	X(BLOCK_PLANS, "SELECT blocks_no, blocks_print FROM mmsync_cursor WHERE id = ?", "u", \
	  "iB")

#endif
