/*
 * Statements of availability: a person's calendars, and what blocks in them.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BUSY_H
#define MMSYNC_STMT_BUSY_H

/* What is read of a cursor c. */
#define MMS_SQL_BUSY_CURSOR                                                         \
	"c.id, c.last_success_ms, c.longest_event_ms, c.longest_apart,"             \
	" c.longest_watermark, c.longest_stamp, c.fence, c.batch_no,"               \
	" c.id IS NOT NULL AND " MMS_SQL_NEEDS_REAUTH ","                           \
	" (SELECT COUNT(*) FROM mmsync_dead_letter d WHERE d.integration_id = c.id" \
	" AND d.operation = 'apply' AND d.given_up <> 2), c.window_start_ms, "      \
	"c.window_end_ms, c.read_print"

/*
 * One row for each active calendar of a person, in any order (to sort rows with a long text costs
 * the server more than to find them); one of NULLs for a person without any.
 */
#define MMS_SQL_BUSY_PERSON(zone)                                                       \
	"SELECT u.name, " zone ", {?u:tabUser.time_zone}, i.name, i.integration_name,"  \
	" i.sync_interval_minutes, IF(i.sync_status <=> 'Success', i.last_sync, NULL)," \
	" i.creation, i.owner, c.frappe_creation <=> i.creation AND"                    \
	" c.frappe_owner <=> i.owner, " MMS_SQL_BUSY_CURSOR                             \
	" FROM tabUser u LEFT JOIN `tabMM Calendar Integration` i"                      \
	" ON i.user = u.name AND i.is_active = 1 LEFT JOIN mmsync_cursor c"             \
	" ON c.name = i.name WHERE u.name = ?"

#define MMS_BUSY_CURSOR_OUT "UIISTTIIIIIIB"
#define MMS_BUSY_PERSON_OUT "sSSSSITTSI" MMS_BUSY_CURSOR_OUT

/* Every branch of BUSY_EVENTS begins alike. */
#define MMS_SQL_BUSY_ROWS                                                           \
	"SELECT e.name, e.event_title, e.event_type, e.location, e.start_datetime," \
	" e.end_datetime, e.calendar_integration, e.meeting_booking,"               \
	" e.sync_status <=> 'Sync Failed' FROM `tabMM Calendar Event Sync` e"
/* Which rows may block at all: one parameter, the earliest end. */
#define MMS_SQL_BUSY_ROW                                                  \
	" AND e.is_blocking_availability = 1"                             \
	" AND e.sync_status IN ('Synced', 'Pending Sync', 'Sync Failed')" \
	" AND (e.end_datetime > ? OR e.end_datetime <= e.start_datetime"  \
	" OR e.end_datetime IS NULL)"
/*
 * One calendar's part of the first branch: name, first start that can reach so far, the end. Of the
 * second: name, that first start, the watermark, the stamp, the stamp: what another program wrote
 * since the longest event was last known, whatever its length, and what nobody dated. Each ends
 * with the earliest end. The third says for each cursor (ids) under which claim and batch its rows
 * were read here.
 */
#define MMS_SQL_BUSY_NEAR                                                \
	"(e.calendar_integration = ? AND e.is_blocking_availability = 1" \
	" AND e.start_datetime >= ? AND e.start_datetime < ?)"
#define MMS_SQL_BUSY_FAR                                              \
	"(e.calendar_integration = ? AND e.start_datetime < ?"        \
	" AND ((e.modified > ? AND e.modified < ?) OR e.modified > ?" \
	" OR e.modified IS NULL))"
#define MMS_SQL_BUSY_MARKS(ids)                                                              \
	" UNION ALL SELECT NULL, CONCAT(c.fence, ':', c.batch_no), NULL,"                    \
	" NULL, NULL, NULL, CAST(c.id AS CHAR), NULL, 2 FROM mmsync_cursor c WHERE c.id IN " \
	"(" ids ")"
#define MMS_SQL_BUSY_EVENTS(near_hint, near, far_hint, far, ids)                            \
	MMS_SQL_BUSY_ROWS near_hint " WHERE (" near ")" MMS_SQL_BUSY_ROW                    \
				    " UNION ALL " MMS_SQL_BUSY_ROWS far_hint " WHERE (" far \
				    ")" MMS_SQL_BUSY_ROW                                    \
				    MMS_SQL_BUSY_MARKS(ids)
/* Long events that are known apart, by integration and id. Ends with the earliest end. */
#define MMS_SQL_BUSY_APART                                          \
	" UNION ALL " MMS_SQL_BUSY_ROWS                             \
	" WHERE (e.calendar_integration, e.external_event_id) IN (" \
	"(?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?))" MMS_SQL_BUSY_ROW
#define MMS_SQL_BUSY_NEAR_INDEX " FORCE INDEX (calendar_integration_availability_index)"
#define MMS_SQL_BUSY_FAR_INDEX  " FORCE INDEX (calendar_integration_modified_index)"
/* The same for 3 and for 8 calendars. */
#define MMS_SQL_3(part)   part " OR " part " OR " part
#define MMS_SQL_8(part)   MMS_SQL_3(part) " OR " MMS_SQL_3(part) " OR " part " OR " part
#define MMS_TIMES_3(part) part part part
#define MMS_TIMES_8(part) MMS_TIMES_3(part) MMS_TIMES_3(part) part part
#define MMS_SQL_IDS_3     "?, ?, ?"
#define MMS_SQL_IDS_8     MMS_SQL_IDS_3 ", " MMS_SQL_IDS_3 ", ?, ?"

#define MMS_SQL_BUSY_EVENTS_1                                           \
	MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_NEAR_INDEX, MMS_SQL_BUSY_NEAR, \
			    MMS_SQL_BUSY_FAR_INDEX, MMS_SQL_BUSY_FAR, "?")
#define MMS_SQL_BUSY_EVENTS_3                                                      \
	MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_NEAR_INDEX, MMS_SQL_3(MMS_SQL_BUSY_NEAR), \
			    MMS_SQL_BUSY_FAR_INDEX, MMS_SQL_3(MMS_SQL_BUSY_FAR),   \
			    MMS_SQL_IDS_3)
#define MMS_SQL_BUSY_EVENTS_8                                                      \
	MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_NEAR_INDEX, MMS_SQL_8(MMS_SQL_BUSY_NEAR), \
			    MMS_SQL_BUSY_FAR_INDEX, MMS_SQL_8(MMS_SQL_BUSY_FAR),   \
			    MMS_SQL_IDS_8)
#define MMS_SQL_BUSY_EVENTS_PLAIN                                                              \
	MMS_SQL_BUSY_EVENTS("", MMS_SQL_8(MMS_SQL_BUSY_NEAR), "", MMS_SQL_8(MMS_SQL_BUSY_FAR), \
			    MMS_SQL_IDS_8)
#define MMS_BUSY_EVENTS_IN_1 \
	"stt"                \
	"t"                  \
	"stttt"              \
	"t"                  \
	"u"
#define MMS_BUSY_EVENTS_IN_3         \
	MMS_TIMES_3("stt")           \
	"t" MMS_TIMES_3("stttt") "t" \
				 "uuu"
#define MMS_BUSY_EVENTS_IN_8 MMS_TIMES_8("stt") "t" MMS_TIMES_8("stttt") "t" MMS_TIMES_8("u")
#define MMS_BUSY_APART_IN  \
	"ssssssssssssssss" \
	"t"

#define MMS_BUSY_EVENTS_OUT "SSSSTTSSi"

/*
 * A person's bookings: of the child table (joined so that the server starts from the bookings'
 * times and not from the child table), and of the single column; one that is named by both comes
 * twice. Parameters of each: the last start, the end, the person.
 */
#define MMS_SQL_BUSY_BOOKINGS(join, person)                                                    \
	"SELECT b.name, b.meeting_title, CAST({?b:tabMM Meeting Booking.meeting_location} AS " \
	"CHAR),"                                                                               \
	" b.start_datetime, b.end_datetime, b.calendar_event FROM `tabMM Meeting Booking` "    \
	"b" join " WHERE b.booking_status IN ('Confirmed', 'Pending', 'Rescheduled')"          \
	" AND b.start_datetime < ? AND (b.end_datetime > ? OR b.end_datetime IS NULL)"         \
	" AND " person " = ?"
#define MMS_SQL_BUSY_OF_TABLE                                                                  \
	MMS_SQL_BUSY_BOOKINGS(" STRAIGHT_JOIN `tabMM Meeting Booking Assigned User` a"         \
			      " ON a.parent = b.name AND a.parenttype = 'MM Meeting Booking'", \
			      "a.user")
#define MMS_SQL_BUSY_OF_COLUMN \
	MMS_SQL_BUSY_BOOKINGS("", "{?b:tabMM Meeting Booking.assigned_user}")

#define MMS_STMTS_BUSY(X)                                                                      \
	X(BUSY_PERSON,                                                                         \
	  MMS_SQL_BUSY_PERSON("(SELECT s.timezone FROM `tabMM User Settings` s"                \
			      " WHERE s.user = u.name ORDER BY s.modified DESC LIMIT 1)"),     \
	  "s", MMS_BUSY_PERSON_OUT)                                                            \
	X(BUSY_PERSON_PLAIN, MMS_SQL_BUSY_PERSON("NULL"), "s", MMS_BUSY_PERSON_OUT)            \
	X(BUSY_CURSOR,                                                                         \
	  "SELECT " MMS_SQL_BUSY_CURSOR " FROM mmsync_cursor c WHERE"                          \
	  " c.frappe_creation = ? AND c.frappe_owner <=> ? AND NOT EXISTS"                     \
	  " (SELECT 1 FROM `tabMM Calendar Integration` j WHERE j.name = c.name AND"           \
	  " j.creation <=> c.frappe_creation AND j.owner <=> c.frappe_owner)"                  \
	  " ORDER BY c.id LIMIT 1",                                                            \
	  "TS", "uIISTTiiIIIIB")                                                               \
	X(BUSY_EVENTS_1, MMS_SQL_BUSY_EVENTS_1, MMS_BUSY_EVENTS_IN_1, MMS_BUSY_EVENTS_OUT)     \
	X(BUSY_EVENTS_1_APART, MMS_SQL_BUSY_EVENTS_1 MMS_SQL_BUSY_APART,                       \
	  MMS_BUSY_EVENTS_IN_1 MMS_BUSY_APART_IN, MMS_BUSY_EVENTS_OUT)                         \
	X(BUSY_EVENTS_3, MMS_SQL_BUSY_EVENTS_3, MMS_BUSY_EVENTS_IN_3, MMS_BUSY_EVENTS_OUT)     \
	X(BUSY_EVENTS_3_APART, MMS_SQL_BUSY_EVENTS_3 MMS_SQL_BUSY_APART,                       \
	  MMS_BUSY_EVENTS_IN_3 MMS_BUSY_APART_IN, MMS_BUSY_EVENTS_OUT)                         \
	X(BUSY_EVENTS_8, MMS_SQL_BUSY_EVENTS_8, MMS_BUSY_EVENTS_IN_8, MMS_BUSY_EVENTS_OUT)     \
	X(BUSY_EVENTS_8_APART, MMS_SQL_BUSY_EVENTS_8 MMS_SQL_BUSY_APART,                       \
	  MMS_BUSY_EVENTS_IN_8 MMS_BUSY_APART_IN, MMS_BUSY_EVENTS_OUT)                         \
	X(BUSY_EVENTS_PLAIN, MMS_SQL_BUSY_EVENTS_PLAIN, MMS_BUSY_EVENTS_IN_8,                  \
	  MMS_BUSY_EVENTS_OUT)                                                                 \
	X(BUSY_BOOKINGS, MMS_SQL_BUSY_OF_TABLE " UNION ALL " MMS_SQL_BUSY_OF_COLUMN, "ttstts", \
	  "sSSTTS")                                                                            \
	X(BUSY_BOOKINGS_TABLE, MMS_SQL_BUSY_OF_TABLE, "tts", "sSSTTS")                         \
	X(BUSY_BOOKINGS_COLUMN, MMS_SQL_BUSY_OF_COLUMN, "tts", "sSSTTS")                       \
	X(BUSY_BOOKING,                                                                        \
	  "SELECT name, calendar_event FROM `tabMM Meeting Booking` WHERE name = ?", "s",      \
	  "sS")                                                                                \
	X(BUSY_BOOKING_NAMES,                                                                  \
	  "SELECT name FROM `tabMM Meeting Booking` ORDER BY modified DESC LIMIT 10000", "",   \
	  "s")

#endif
