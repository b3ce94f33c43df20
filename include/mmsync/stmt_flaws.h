/*
 * Statements of audit's consistency rules (mmsync/flaws.h): each answers what breaks one of them. One statement sees one
 * moment of the tables, so what others commit together is never seen half.
 *
 * All have the same parameters: the present (Unix ms, the site's wall time), a user, an integration, an event; an
 * empty one lets everything pass. All have the same columns: cursor, integration, name of the row, UUID, key of
 * the event, id of a letter or entry (of a block: its source's cursor), booking, and two details for the message.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FLAWS_H
#define MMSYNC_STMT_FLAWS_H

#define MMS_FLAW_IN  "itsss"
#define MMS_FLAW_OUT "USSBBUSSS"

/* clang-format off */
#define MMS_SQL_NAME_ASKED "CAST(? AS CHAR(140)) " MMS_SQL_AS_FRAPPE
/* of_event: of what is found, what is about the event that was asked for. A table i is in `from`. */
#define MMS_SQL_FLAW(what, from, where, of_event)                                 \
	"SELECT " what " FROM (SELECT CAST(? AS SIGNED) AS now_ms,"               \
	" CAST(? AS DATETIME(6)) AS site, " MMS_SQL_NAME_ASKED " AS user,"        \
	" " MMS_SQL_NAME_ASKED " AS integration, " MMS_SQL_NAME_ASKED " AS event) p" \
	" JOIN " from " WHERE (" where ")"                                        \
	" AND (p.user = '' OR i.user = p.user)"                                   \
	" AND (p.integration = '' OR i.name = p.integration)"                     \
	" AND (p.event = '' OR " of_event ") ORDER BY 2, 3, 4, 6"

/* The cursor c of an id, and its integration i, where there are such. */
#define MMS_SQL_FLAW_OF(id)                                                       \
	" LEFT JOIN mmsync_cursor c ON c.id = " id                                \
	" LEFT JOIN `tabMM Calendar Integration` i ON i.name = c.name " MMS_SQL_AS_FRAPPE
/* Its integration is not there any more; one that was renamed is followed by the next run. */
#define MMS_SQL_IS_NO_MORE                                                        \
	"(i.name IS NULL AND NOT EXISTS (SELECT 1 FROM `tabMM Calendar Integration` r" \
	" WHERE r.creation = c.frappe_creation AND r.owner = c.frappe_owner " MMS_SQL_AS_FRAPPE \
	" AND NOT EXISTS (SELECT 1 FROM mmsync_cursor h WHERE h.name = r.name)))"

#define MMS_SQL_KEY_OF(id) "LEFT(UNHEX(SHA2(" id ", 256)), 16)"
#define MMS_SQL_IS_LIVE_ROW(e) e ".sync_status IN ('Synced', 'Pending Sync', 'Sync Failed')"
/* A name as Frappe, and mmsync after it, gives it. */
#define MMS_SQL_IS_OURS(e) e ".name REGEXP '^MM-CES-.*-[0-9]{4,10}$'"
#define MMS_SQL_NOT_WAITING(of)                                                   \
	"NOT EXISTS (SELECT 1 FROM mmsync_outbox o WHERE o.uuid = " of ")"
/* Unix ms in the site's wall time, to within an hour or two: the present is known in both. */
#define MMS_SQL_AT_SITE(ms) "(p.site - INTERVAL ((p.now_ms - " ms ") DIV 1000) SECOND)"
/* Unix ms as a stored time, whatever the zone of these: to within a day. */
#define MMS_SQL_ABOUT(ms) "(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL ((" ms ") DIV 1000) SECOND)"
/* The row of a state s: e by its name, r (renamed in Frappe) by its event's id. */
#define MMS_SQL_FLAW_ROWS                                                         \
	" LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
	" LEFT JOIN `tabMM Calendar Event Sync` r ON r.calendar_integration ="    \
	" IF(e.name IS NULL, c.name, NULL) " MMS_SQL_AS_FRAPPE " AND r.external_event_id ="  \
	" IF(s.ext_key = " MMS_SQL_KEY_OF("s.external_id") ", s.external_id,"     \
	" CONCAT('sha256:', LOWER(SHA2(s.external_id, 256)))) COLLATE utf8mb4_nopad_bin"
/* clang-format on */

#include "mmsync/stmt_flaws_blocks.h"
#include "mmsync/stmt_flaws_bookings.h"
#include "mmsync/stmt_flaws_events.h"

#define MMS_STMTS_FLAWS(X)          \
	MMS_STMTS_FLAWS_BLOCKS(X)   \
	MMS_STMTS_FLAWS_BOOKINGS(X) \
	MMS_STMTS_FLAWS_EVENTS(X)

#endif
