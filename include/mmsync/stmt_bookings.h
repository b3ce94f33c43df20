/*
 * Statements of bookings: which are to be looked at, what they hold, and what is written to them.
 *
 * Our tables compare names by their bytes, Frappe's without regard to case. Compared with each
 * other they are compared by their bytes, and only our indexes serve; where Frappe's shall serve,
 * our side is given its collation.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BOOKINGS_H
#define MMSYNC_STMT_BOOKINGS_H

#define MMS_SQL_AS_FRAPPE "COLLATE utf8mb4_unicode_ci"

/*
 * Which bookings are to be looked at. Parameters: all of them, else those modified after; whenever
 * they end, else those that end after.
 */
#define MMS_SQL_BOOKINGS_FIND(person)                                              \
	"SELECT b.name FROM `tabMM Meeting Booking` b WHERE (? OR (b.modified > ?" \
	" AND NOT EXISTS (SELECT 1 FROM mmsync_event_state s WHERE s.type = 2"     \
	" AND s.booking = b.name AND s.booking_modified = b.modified)))"           \
	" AND (? OR b.end_datetime > ?)" person " ORDER BY b.modified, b.name"
#define MMS_SQL_BOOKING_PERSON                                             \
	"EXISTS (SELECT 1 FROM `tabMM Meeting Booking Assigned User` a"    \
	" WHERE a.parent = b.name AND a.parenttype = 'MM Meeting Booking'" \
	" AND a.user = ?)"
#define MMS_SQL_BOOKING_COLUMN "{?b:tabMM Meeting Booking.assigned_user} = ?"

/* What BOOKING_WRITE sets; `more` is what some sites lack. Ends with name and modified. */
#define MMS_SQL_BOOKING_WRITE(more)                                                 \
	"UPDATE `tabMM Meeting Booking` SET start_datetime = ?, end_datetime = ?,"  \
	" duration = ?, booking_status = ?, meeting_title = ?, calendar_event = ?," \
	" external_calendar_link = ?, calendar_event_synced = ?," more              \
	" modified = ?, modified_by = ? WHERE name = ? AND modified <=> ?"

#define MMS_STMTS_BOOKINGS(X)                                                                  \
	X(BOOKINGS_FIND, MMS_SQL_BOOKINGS_FIND(""), "itit", "s")                               \
	X(BOOKINGS_FIND_TABLE, MMS_SQL_BOOKINGS_FIND(" AND " MMS_SQL_BOOKING_PERSON), "itits", \
	  "s")                                                                                 \
	X(BOOKINGS_FIND_COLUMN, MMS_SQL_BOOKINGS_FIND(" AND " MMS_SQL_BOOKING_COLUMN),         \
	  "itits", "s")                                                                        \
	X(BOOKINGS_FIND_BOTH,                                                                  \
	  MMS_SQL_BOOKINGS_FIND(" AND (" MMS_SQL_BOOKING_PERSON " OR " MMS_SQL_BOOKING_COLUMN  \
				")"),                                                          \
	  "ititss", "s")                                                                       \
	X(BOOKINGS_ASTRAY,                                                                     \
	  "SELECT s.booking, s.booking_creation, MAX(s.status <> 5),"                          \
	  " MAX(COALESCE(e.meeting_booking, '')), b.name, b.creation FROM mmsync_event_state"  \
	  " s FORCE INDEX (booking) LEFT JOIN `tabMM Meeting Booking` b"                       \
	  " ON b.name = s.booking " MMS_SQL_AS_FRAPPE                                          \
	  " LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = s.row_name " MMS_SQL_AS_FRAPPE \
	  " WHERE s.booking > '' AND s.type = 2 AND (s.status <> 5 OR s.removed_by = 2)"       \
	  " AND NOT COALESCE(b.name = s.booking AND"                                           \
	  " (s.booking_creation IS NULL OR s.booking_creation <=> b.creation), 0)"             \
	  " GROUP BY s.booking, s.booking_creation, b.name, b.creation"                        \
	  " ORDER BY s.booking, s.booking_creation",                                           \
	  "", "STISST")                                                                        \
	X(BOOKINGS_UNKNOWN,                                                                    \
	  "SELECT b.name, b.creation FROM `tabMM Meeting Booking` b"                           \
	  " WHERE b.creation BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM mmsync_event_state" \
	  " s WHERE s.type = 2 AND s.booking = b.name AND s.booking_creation <=> b.creation)"  \
	  " ORDER BY b.creation, b.name",                                                      \
	  "tt", "sT")                                                                          \
	X(BOOKING_IS_KNOWN,                                                                    \
	  "SELECT COUNT(*) FROM mmsync_event_state WHERE type = 2 AND booking = ?"             \
	  " AND booking_creation <=> ?",                                                       \
	  "sT", "i")                                                                           \
	X(BOOKING_FOLLOW_STATES,                                                               \
	  "UPDATE mmsync_event_state SET booking = ?, booking_creation = ?"                    \
	  " WHERE booking = ? AND booking_creation <=> ? AND type = 2",                        \
	  "sTsT", "")                                                                          \
	X(BOOKING_FOLLOW_OUTBOX,                                                               \
	  "UPDATE mmsync_outbox o JOIN mmsync_event_state s ON s.uuid = o.uuid"                \
	  " SET o.booking = s.booking WHERE o.booking = ? AND s.booking = ?"                   \
	  " AND s.booking_creation <=> ?",                                                     \
	  "ssT", "")                                                                           \
	X(BOOKINGS_SEEN, "SELECT bookings_seen FROM mmsync_installation WHERE id = 1", "",     \
	  "T")                                                                                 \
	X(BOOKINGS_PUT_SEEN, "UPDATE mmsync_installation SET bookings_seen = ? WHERE id = 1",  \
	  "T", "")                                                                             \
	X(BOOKING_LOAD,                                                                        \
	  "SELECT b.name, b.owner, b.creation, b.modified, b.start_datetime, b.end_datetime,"  \
	  " b.duration, b.booking_status, b.meeting_title,"                                    \
	  " {?b:tabMM Meeting Booking.meeting_description},"                                   \
	  " {?b:tabMM Meeting Booking.location_type},"                                         \
	  " {?b:tabMM Meeting Booking.meeting_location},"                                      \
	  " {?b:tabMM Meeting Booking.video_meeting_url},"                                     \
	  " {?b:tabMM Meeting Booking.customer_name},"                                         \
	  " {?b:tabMM Meeting Booking.customer_email},"                                        \
	  " {?b:tabMM Meeting Booking.customer_notes},"                                        \
	  " b.calendar_event, b.external_calendar_link, b.calendar_event_synced,"              \
	  " {?b:tabMM Meeting Booking.assigned_user}"                                          \
	  " FROM `tabMM Meeting Booking` b WHERE b.name = ?",                                  \
	  "s", "sSTTTTiSSSSSSSSSSSiS")                                                         \
	X(BOOKING_USERS,                                                                       \
	  "SELECT a.user, {?a:tabMM Meeting Booking Assigned User.is_primary_host}"            \
	  " FROM `tabMM Meeting Booking Assigned User` a WHERE a.parent = ?"                   \
	  " AND a.parenttype = 'MM Meeting Booking' AND a.user > ''"                           \
	  " ORDER BY 2 DESC, a.idx, a.name",                                                   \
	  "s", "SI")                                                                           \
	X(BOOKING_PARTICIPANTS,                                                                \
	  "SELECT {?p:tabMM Meeting Booking Participant.email},"                               \
	  " {?p:tabMM Meeting Booking Participant.name1},"                                     \
	  " {?p:tabMM Meeting Booking Participant.user}"                                       \
	  " FROM `tabMM Meeting Booking Participant` p WHERE p.parent = ?"                     \
	  " AND p.parenttype = 'MM Meeting Booking' ORDER BY p.idx, p.name",                   \
	  "s", "SSS")                                                                          \
	X(BOOKING_WRITE,                                                                       \
	  MMS_SQL_BOOKING_WRITE(" meeting_location = ?, video_meeting_url = ?,"                \
				" cancelled_at = COALESCE(?, cancelled_at),"                   \
				" cancellation_reason = COALESCE(?, cancellation_reason),"),   \
	  "TTiSSSSiSSTStssT", "")                                                              \
	X(BOOKING_WRITE_NARROW, MMS_SQL_BOOKING_WRITE(""), "TTiSSSSitssT", "")                 \
	X(BOOKING_EXISTS, "SELECT COUNT(*) FROM `tabMM Meeting Booking` WHERE name = ?", "s",  \
	  "i")                                                                                 \
	X(BOOKING_HOLD,                                                                        \
	  "SELECT COUNT(*) FROM `tabMM Meeting Booking` WHERE name = ? LOCK IN SHARE MODE",    \
	  "s", "i")                                                                            \
	X(BOOKING_HISTORY_LAST,                                                                \
	  "SELECT COALESCE(MAX(idx), 0) FROM `tabMM Meeting Booking History`"                  \
	  " WHERE parent = ? AND parenttype = 'MM Meeting Booking'"                            \
	  " AND parentfield = 'booking_history'",                                              \
	  "s", "i")                                                                            \
	X(BOOKING_HISTORY_ADD,                                                                 \
	  "INSERT INTO `tabMM Meeting Booking History` (name, creation, modified,"             \
	  " modified_by, owner, docstatus, idx, event_type, event_datetime, event_by,"         \
	  " event_description, parent, parentfield, parenttype)"                               \
	  " SELECT ?, b.creation, ?, ?, b.owner, 0, ?, ?, ?, ?, ?, b.name, 'booking_history'," \
	  " 'MM Meeting Booking' FROM `tabMM Meeting Booking` b WHERE b.name = ?",             \
	  "stsistsSs", "")                                                                     \
	X(VERSION_ADD,                                                                         \
	  "INSERT INTO tabVersion (name, creation, modified, modified_by, owner, docstatus,"   \
	  " idx, ref_doctype, docname, data)"                                                  \
	  " VALUES (?, ?, ?, ?, ?, 0, 0, 'MM Meeting Booking', ?, ?)",                         \
	  "sttssss", "")                                                                       \
	X(TARGETS,                                                                             \
	  "SELECT i.name, i.integration_name, i.user, i.integration_type, i.sync_direction,"   \
	  " i.owner, i.creation, i.is_active, i.is_primary, i.auto_sync_enabled, c.id, "       \
	  "c.role,"                                                                            \
	  " c.id IS NOT NULL AND " MMS_SQL_NEEDS_REAUTH ","                                    \
	  " c.frappe_creation <=> i.creation AND c.frappe_owner <=> i.owner"                   \
	  " FROM `tabMM Calendar Integration` i LEFT JOIN mmsync_cursor c ON c.name = i.name"  \
	  " WHERE i.user = ? ORDER BY i.name",                                                 \
	  "s", "sSSSSSTiiiUIIi")                                                               \
	X(TARGET_USER,                                                                         \
	  "SELECT i.user FROM mmsync_cursor c JOIN `tabMM Calendar Integration` i"             \
	  " ON i.creation = c.frappe_creation AND i.owner <=> c.frappe_owner"                  \
	  " WHERE c.id = ? ORDER BY i.name = c.name DESC LIMIT 1",                             \
	  "u", "S")                                                                            \
	X(TARGET_CURSOR,                                                                       \
	  "SELECT c.id, c.role, " MMS_SQL_NEEDS_REAUTH                                         \
	  " FROM mmsync_cursor c WHERE c.frappe_creation = ? AND c.frappe_owner <=> ?"         \
	  " AND NOT EXISTS (SELECT 1 FROM `tabMM Calendar Integration` j WHERE"                \
	  " j.name = c.name AND j.creation <=> c.frappe_creation AND"                          \
	  " j.owner <=> c.frappe_owner) ORDER BY c.id LIMIT 1",                                \
	  "TS", "uiI")

#endif
