/*
 * Statements of audit's consistency rules about bookings and their events. What they share is in stmt_flaws.h, which
 * includes this.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_FLAWS_BOOKINGS_H
#define MMSYNC_STMT_FLAWS_BOOKINGS_H

/* clang-format off */
/* A booking's settled event s, its booking b that was planned as it is, its row e. */
#define MMS_SQL_BOOKED_EVENT                                                      \
	"mmsync_event_state s JOIN `tabMM Meeting Booking` b ON b.name = s.booking " \
	MMS_SQL_AS_FRAPPE " AND b.modified <=> s.booking_modified"                \
	" JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
	MMS_SQL_FLAW_OF("s.integration_id")
#define MMS_SQL_IS_BOOKED                                                         \
	"s.type = 2 AND s.status = 3 AND s.removed_by <> 1 AND i.name IS NOT NULL" \
	" AND b.booking_status IN ('Confirmed', 'Rescheduled')"                   \
	" AND " MMS_SQL_NOT_WAITING("s.uuid")
#define MMS_SQL_FLAW_OF_BOOKED                                                    \
	"s.integration_id, c.name, e.name, s.uuid, s.ext_key, NULL, b.name, NULL, NULL"
/* From when to when, to the second. */
#define MMS_SQL_FLAW_SPAN(of)                                                     \
	"CONCAT(CAST(" of ".start_datetime AS DATETIME), ' to ', CAST(" of ".end_datetime AS DATETIME))"
/* A booking b with a state s of an event of it, the first: in whose calendar it is looked for. */
#define MMS_SQL_KNOWN_BOOKING                                                     \
	"`tabMM Meeting Booking` b JOIN mmsync_event_state s ON s.uuid ="         \
	" (SELECT MIN(k.uuid) FROM mmsync_event_state k WHERE k.booking = b.name AND k.type = 2" \
	" AND k.status = 3 AND k.row_name IS NOT NULL AND k.booking_modified <=> b.modified)" \
	" LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = b.calendar_event"   \
	MMS_SQL_FLAW_OF("s.integration_id")
#define MMS_SQL_FLAW_OF_LINK                                                      \
	"s.integration_id, c.name, b.name, NULL, NULL, NULL, b.name, b.calendar_event, NULL"

/*
 * Bookings that are wanted in more calendars than they are known in. `people`: how many of their people have a
 * two-way calendar. Parameters: the present (UTC), behind which name, how many.
 */
#define MMS_SQL_FLAW_BOOKINGS(people)                                             \
	"SELECT b.name FROM `tabMM Meeting Booking` b WHERE"                      \
	" b.booking_status IN ('Confirmed', 'Rescheduled')"                       \
	" AND b.end_datetime > b.start_datetime AND b.end_datetime > ?" \
	" AND b.modified <= (SELECT bookings_seen FROM mmsync_installation WHERE id = 1)" \
	" AND b.name > ? AND (SELECT COUNT(DISTINCT s.integration_id) FROM mmsync_event_state s" \
	" WHERE s.booking = b.name AND s.type = 2 AND (s.status <> 5 OR s.removed_by <> 1))" \
	" < (SELECT COUNT(DISTINCT g.user) FROM `tabMM Calendar Integration` g"   \
	" WHERE g.is_active = 1 AND g.sync_direction = 'Two-way (Read & Write)' AND " people ")" \
	" ORDER BY b.name LIMIT ?"
#define MMS_SQL_FLAW_BY_COLUMN "g.user = {?b:tabMM Meeting Booking.assigned_user}"
#define MMS_SQL_FLAW_BY_CHILD                                                     \
	"EXISTS (SELECT 1 FROM `tabMM Meeting Booking Assigned User` a WHERE a.parent = b.name" \
	" AND a.parenttype = 'MM Meeting Booking' AND a.user = g.user)"

#define MMS_STMTS_FLAWS_BOOKINGS(X)                                               \
	X(FLAW_BOOKINGS, MMS_SQL_FLAW_BOOKINGS("(" MMS_SQL_FLAW_BY_CHILD " OR "   \
		MMS_SQL_FLAW_BY_COLUMN ")"), "tsi", "s")                          \
	X(FLAW_BOOKINGS_NO_CHILD, MMS_SQL_FLAW_BOOKINGS(MMS_SQL_FLAW_BY_COLUMN), "tsi", "s") \
	/* What a booking that was saved since would have: that is planned first. */ \
	X(FLAW_BOOKING_EVENT_UNWANTED,                                            \
	  MMS_SQL_FLAW("s.integration_id, c.name, s.row_name, s.uuid, s.ext_key, NULL, s.booking," \
		" COALESCE(b.booking_status, 'deleted'), NULL",                   \
		"mmsync_event_state s LEFT JOIN `tabMM Meeting Booking` b ON b.name = s.booking " \
		MMS_SQL_AS_FRAPPE MMS_SQL_FLAW_OF("s.integration_id"),            \
		"s.type = 2 AND s.status <> 5 AND s.removed_by <> 1 AND s.booking IS NOT NULL" \
		" AND (b.name IS NULL OR (b.booking_status = 'Cancelled'"         \
		" AND b.modified <=> s.booking_modified))"                        \
		" AND i.is_active = 1 AND i.sync_direction = 'Two-way (Read & Write)'" \
		" AND c.role IN (0, 4, 5) AND " MMS_SQL_NOT_WAITING("s.uuid")     \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_dead_letter l"             \
		" WHERE l.integration_id = s.integration_id AND l.ext_key = s.ext_key" \
		" AND l.operation <> 'apply')"                                    \
		/* Renamed in Frappe: the next run follows. */                    \
		" AND (b.name IS NOT NULL OR NOT EXISTS (SELECT 1 FROM `tabMM Meeting Booking` r" \
		" WHERE r.creation = s.booking_creation))",                       \
		"s.row_name = p.event"),                                          \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_EVENT_TWICE,                                               \
	  MMS_SQL_FLAW("w.x, c.name, w.booking, NULL, NULL, NULL, w.booking, CAST(w.n AS CHAR), NULL", \
		"(SELECT s.integration_id AS x, s.booking, COUNT(*) AS n FROM mmsync_event_state s" \
		" WHERE s.type = 2 AND s.status <> 5 AND s.removed_by <> 1 AND s.booking IS NOT NULL" \
		" AND " MMS_SQL_NOT_WAITING("s.uuid")                             \
		" GROUP BY s.integration_id, s.booking HAVING COUNT(*) > 1) w" MMS_SQL_FLAW_OF("w.x"), \
		"TRUE", "EXISTS (SELECT 1 FROM mmsync_event_state k WHERE k.booking = w.booking" \
		" AND k.row_name = p.event)"),                                    \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_EVENT_UNKNOWN,                                             \
	  MMS_SQL_FLAW("c.id, c.name, e.name, NULL, NULL, NULL, e.meeting_booking, NULL, NULL", \
		"mmsync_cursor c JOIN `tabMM Calendar Integration` i ON i.name = c.name " MMS_SQL_AS_FRAPPE \
		" JOIN `tabMM Calendar Event Sync` e ON e.calendar_integration = i.name" \
		" AND e.event_type = 'Meeting Booking'"                           \
		" LEFT JOIN mmsync_event_state s ON s.integration_id = c.id"      \
		" AND s.ext_key = " MMS_SQL_KEY_OF("e.external_event_id"),        \
		"s.uuid IS NULL AND " MMS_SQL_IS_LIVE_ROW("e") " AND " MMS_SQL_IS_OURS("e") \
		" AND e.meeting_booking <> '' AND c.last_full_ms IS NOT NULL"     \
		" AND e.sync_direction = 'Bidirectional'",                        \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_EVENT_TIMES,                                               \
	  MMS_SQL_FLAW("s.integration_id, c.name, e.name, s.uuid, s.ext_key, NULL, b.name," \
		" " MMS_SQL_FLAW_SPAN("e") ", " MMS_SQL_FLAW_SPAN("b"),           \
		MMS_SQL_BOOKED_EVENT,                                             \
		MMS_SQL_IS_BOOKED " AND e.sync_status IN ('Synced', 'Pending Sync')" \
		" AND b.end_datetime > b.start_datetime"                          \
		" AND (ABS(TIMESTAMPDIFF(SECOND, e.start_datetime, b.start_datetime)) >= 60" \
		" OR ABS(TIMESTAMPDIFF(SECOND, e.end_datetime, b.end_datetime)) >= 60)", \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_EVENT_UNLINKED,                                            \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_BOOKED, MMS_SQL_BOOKED_EVENT,              \
		MMS_SQL_IS_BOOKED " AND NOT (e.meeting_booking <=> b.name)",      \
		"e.name = p.event"),                                              \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_LINK,                                                      \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_LINK, MMS_SQL_KNOWN_BOOKING,               \
		"b.booking_status IN ('Confirmed', 'Rescheduled') AND i.name IS NOT NULL" \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_event_state k WHERE k.booking = b.name" \
		" AND k.type = 2 AND (k.status IN (1, 2, 4) OR k.removed_by <> IF(k.status = 5, 1, 0)))" \
		" AND NOT EXISTS (SELECT 1 FROM mmsync_outbox o WHERE o.booking = b.name)" \
		" AND (COALESCE(b.calendar_event, '') = '' OR (e.name IS NOT NULL" \
		" AND (NOT (e.meeting_booking <=> b.name) OR NOT " MMS_SQL_IS_LIVE_ROW("e") ")))", \
		"e.name = p.event OR s.row_name = p.event"),                      \
	  MMS_FLAW_IN, MMS_FLAW_OUT)                                              \
	X(FLAW_BOOKING_SYNCED,                                                    \
	  MMS_SQL_FLAW(MMS_SQL_FLAW_OF_LINK, MMS_SQL_KNOWN_BOOKING,               \
		"b.calendar_event_synced <> (COALESCE(b.calendar_event, '') <> '')", \
		"e.name = p.event OR s.row_name = p.event"),                      \
	  MMS_FLAW_IN, MMS_FLAW_OUT)
/* clang-format on */

#endif
