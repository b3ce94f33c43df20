/*
 * Statements of audit's consistency rules about busy blocks. What they share is in stmt_flaws.h, which includes this.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FLAWS_BLOCKS_H
#define MMSYNC_STMT_FLAWS_BLOCKS_H

/* clang-format off */
/* A block b with its state t that is there, and that nobody is about to remove. */
#define MMS_SQL_LIVE_BLOCK                                                        \
	"mmsync_busy_block b JOIN mmsync_event_state t ON t.uuid = b.uuid"        \
	" AND t.type = 3 AND t.status <> 5 AND t.removed_by <> 1"
/* An event s is not to be planned anew. */
#define MMS_SQL_NOT_DUE                                                           \
	"NOT EXISTS (SELECT 1 FROM mmsync_block_due d"                            \
	" WHERE d.integration_id = s.integration_id AND d.ext_key = s.ext_key)"
/* The source of a block is the event that was asked for. */
#define MMS_SQL_SOURCE_IS_ASKED(source)                                           \
	"EXISTS (SELECT 1 FROM mmsync_event_state k WHERE k.uuid = " source       \
	" AND k.row_name = p.event)"
/* Blocks x whose sources lead back to them; few blocks have a block as source, and only those are followed. */
#define MMS_SQL_CIRCLES                                                           \
	"(WITH RECURSIVE w (x, y, n) AS (SELECT b.uuid, b.source_uuid, 1"         \
	" FROM mmsync_busy_block b JOIN mmsync_busy_block f ON f.uuid = b.source_uuid" \
	" UNION ALL SELECT w.x, f.source_uuid, w.n + 1 FROM w"                    \
	" JOIN mmsync_busy_block f ON f.uuid = w.y WHERE w.y <> w.x AND w.n < 20)" \
	" SELECT DISTINCT x FROM w WHERE y = x)"
/* Of a block b that comes from a block: id is where that is. */
#define MMS_SQL_FLAW_OF_BLOCK                                                     \
	"b.integration_id, c.name, NULL, b.uuid, t.ext_key, b.source_id, NULL, NULL, NULL"

#define MMS_STMTS_FLAWS_BLOCKS(X)                                                 \
	/* Blocks of what has long been over stay when its row is removed. */     \
	X(FLAW_BLOCK_SOURCE_MISSING,                                              \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_BLOCK,                                     \
		MMS_SQL_LIVE_BLOCK " LEFT JOIN mmsync_event_state s ON s.uuid = b.source_uuid" \
		MMS_SQL_FLAW_OF("b.integration_id")                               \
		" LEFT JOIN mmsync_cursor f ON f.id = b.source_id"                \
		" LEFT JOIN `tabMM Calendar Integration` g ON g.name = f.name " MMS_SQL_AS_FRAPPE, \
		"s.uuid IS NULL AND (g.name IS NULL OR b.end_ms > p.now_ms"       \
		" - g.sync_past_days * 86400000) AND NOT EXISTS (SELECT 1 FROM mmsync_block_due d" \
		" LEFT JOIN mmsync_event_state k ON k.integration_id = d.integration_id" \
		" AND k.ext_key = d.ext_key WHERE d.integration_id = b.source_id AND k.uuid IS NULL)", \
		"FALSE"),                                                         \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_SOURCE_IS_BLOCK,                                             \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_BLOCK,                                     \
		MMS_SQL_LIVE_BLOCK " JOIN mmsync_event_state s ON s.uuid = b.source_uuid AND s.type = 3" \
		" LEFT JOIN " MMS_SQL_CIRCLES " o ON o.x = b.uuid" MMS_SQL_FLAW_OF("b.integration_id"), \
		"o.x IS NULL", "FALSE"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_CIRCLE,                                                      \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_BLOCK,                                     \
		MMS_SQL_LIVE_BLOCK " JOIN " MMS_SQL_CIRCLES " o ON o.x = b.uuid"  \
		MMS_SQL_FLAW_OF("b.integration_id"), "TRUE", "FALSE"),            \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_SOURCE_OF_OTHER,                                             \
	  MMS_SQL_FLAW("b.integration_id, c.name, NULL, b.uuid, t.ext_key, s.integration_id," \
		" NULL, f.name, NULL",                                            \
		MMS_SQL_LIVE_BLOCK " JOIN mmsync_event_state s ON s.uuid = b.source_uuid AND s.type <> 3" \
		MMS_SQL_FLAW_OF("b.integration_id")                               \
		" JOIN mmsync_cursor f ON f.id = s.integration_id"                \
		" JOIN `tabMM Calendar Integration` g ON g.name = f.name " MMS_SQL_AS_FRAPPE, \
		"i.name IS NOT NULL AND NOT (g.user <=> i.user) AND " MMS_SQL_NOT_DUE, \
		"s.row_name = p.event"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_UNSENT,                                                      \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_BLOCK,                                     \
		"mmsync_busy_block b JOIN mmsync_event_state t ON t.uuid = b.uuid AND t.type = 3" \
		" AND t.status IN (2, 3)" MMS_SQL_FLAW_OF("b.integration_id"),    \
		"b.quarantined = 0 AND (t.removed_by = 1 OR b.sent_print IS NULL" \
		" OR b.sent_print <> b.print) AND i.name IS NOT NULL"             \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_outbox o WHERE o.uuid = b.uuid)" \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_dead_letter l"             \
		" WHERE l.integration_id = t.integration_id AND l.ext_key = t.ext_key)", \
		MMS_SQL_SOURCE_IS_ASKED("b.source_uuid")),                        \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_WITHOUT_STATE,                                               \
	  MMS_SQL_FLAW("b.integration_id, c.name, NULL, b.uuid, NULL, NULL, NULL, NULL, NULL", \
		"mmsync_busy_block b LEFT JOIN mmsync_event_state t ON t.uuid = b.uuid AND t.type = 3" \
		MMS_SQL_FLAW_OF("b.integration_id"),                              \
		"t.uuid IS NULL", MMS_SQL_SOURCE_IS_ASKED("b.source_uuid")),      \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_WITHOUT_ROW,                                                 \
	  MMS_SQL_FLAW("t.integration_id, c.name, NULL, t.uuid, t.ext_key, NULL, NULL, NULL, NULL", \
		"mmsync_event_state t LEFT JOIN mmsync_busy_block b ON b.uuid = t.uuid" \
		" AND b.integration_id = t.integration_id" MMS_SQL_FLAW_OF("t.integration_id"), \
		"t.type = 3 AND t.status <> 5 AND b.uuid IS NULL",                \
		MMS_SQL_SOURCE_IS_ASKED("t.source_uuid")),                        \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_AS_EVENT,                                                    \
	  MMS_SQL_FLAW("t.integration_id, c.name, COALESCE(e.name, t.row_name), t.uuid, t.ext_key," \
		" NULL, NULL, NULL, NULL",                                        \
		"mmsync_event_state t" MMS_SQL_FLAW_OF("t.integration_id")        \
		" LEFT JOIN `tabMM Calendar Event Sync` e ON e.calendar_integration = c.name " \
		MMS_SQL_AS_FRAPPE " AND e.external_event_id = t.external_id COLLATE utf8mb4_nopad_bin", \
		"t.type = 3 AND (t.row_name IS NOT NULL OR (t.status <> 5 AND "   \
		MMS_SQL_IS_LIVE_ROW("e") "))",                                    \
		"e.name = p.event OR t.row_name = p.event"),                      \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BLOCK_DUE_ORPHANED,                                                \
	  MMS_SQL_FLAW("d.integration_id, c.name, NULL, NULL, d.ext_key, NULL, NULL, NULL, NULL", \
		"mmsync_block_due d" MMS_SQL_FLAW_OF("d.integration_id"),         \
		MMS_SQL_IS_NO_MORE, "FALSE"),                                     \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_MEETING_ONE_WAY,                                                   \
	  MMS_SQL_FLAW("s.integration_id, c.name, s.row_name, a.uuid, s.ext_key, NULL, NULL," \
		" LOWER(HEX(a.twin)), NULL",                                      \
		"mmsync_same_meeting a LEFT JOIN mmsync_same_meeting b"           \
		" ON b.uuid = a.twin AND b.twin = a.uuid"                         \
		" LEFT JOIN mmsync_event_state s ON s.uuid = a.uuid" MMS_SQL_FLAW_OF("s.integration_id"), \
		"b.uuid IS NULL", "s.row_name = p.event"),                        \
	  MMS_FLAW_IN, MMS_FLAW_OUT)
/* clang-format on */

#endif
