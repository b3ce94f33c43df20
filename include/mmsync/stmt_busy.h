/*
 * Statements of availability: a person's calendars, and what blocks in them.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_BUSY_H
#define MMSYNC_STMT_BUSY_H

/* What is read of a cursor c. */
#define MMS_SQL_BUSY_CURSOR                                                         \
	"c.id, c.last_success_ms, c.longest_event_ms, c.longest_watermark,"         \
	" c.id IS NOT NULL AND " MMS_SQL_NEEDS_REAUTH ","                           \
	" (SELECT COUNT(*) FROM mmsync_dead_letter d WHERE d.integration_id = c.id" \
	" AND d.operation = 'apply'), c.window_start_ms, c.window_end_ms"

/* One row for each active calendar of a person; one of NULLs for a person without any. */
#define MMS_SQL_BUSY_PERSON(zone)                                                       \
	"SELECT u.name, " zone ", {?u:tabUser.time_zone}, i.name, i.integration_name,"  \
	" i.sync_interval_minutes, IF(i.sync_status <=> 'Success', i.last_sync, NULL)," \
	" i.creation, i.owner, c.frappe_creation <=> i.creation AND"                    \
	" c.frappe_owner <=> i.owner, " MMS_SQL_BUSY_CURSOR                             \
	" FROM tabUser u LEFT JOIN `tabMM Calendar Integration` i"                      \
	" ON i.user = u.name AND i.is_active = 1 LEFT JOIN mmsync_cursor c"             \
	" ON c.name = i.name WHERE u.name = ? ORDER BY i.name"

#define MMS_BUSY_PERSON_OUT "sSSSSITTSIUIITIIII"

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
 * Parameters: the names; the first start that can reach so far, the last start, the end; the names
 * again; the watermark of that first start, itself, the end. The second branch finds what another
 * program wrote since the longest event was last known.
 */
#define MMS_SQL_BUSY_EVENTS(hint, names)                                                       \
	MMS_SQL_BUSY_ROWS hint                                                                 \
		" WHERE e.calendar_integration IN (" names ")"                                 \
		" AND e.start_datetime >= ? AND e.start_datetime < ?" MMS_SQL_BUSY_ROW         \
		" UNION ALL " MMS_SQL_BUSY_ROWS " WHERE e.calendar_integration IN (" names ")" \
		" AND e.modified > ? AND e.start_datetime < ?" MMS_SQL_BUSY_ROW
#define MMS_SQL_BUSY_INDEX " FORCE INDEX (calendar_integration_availability_index)"
#define MMS_SQL_4_NAMES    "?, ?, ?, ?"
#define MMS_SQL_16_NAMES \
	MMS_SQL_4_NAMES ", " MMS_SQL_4_NAMES ", " MMS_SQL_4_NAMES ", " MMS_SQL_4_NAMES

#define MMS_BUSY_EVENTS_OUT "sSSSTTSSi"

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
	  " (c.frappe_creation = ? AND c.frappe_owner <=> ? AND NOT EXISTS"                    \
	  " (SELECT 1 FROM `tabMM Calendar Integration` j WHERE j.name = c.name AND"           \
	  " j.creation <=> c.frappe_creation AND j.owner <=> c.frappe_owner))"                 \
	  " OR (c.name = ? AND NOT EXISTS (SELECT 1 FROM `tabMM Calendar Integration` j"       \
	  " WHERE j.creation <=> c.frappe_creation AND j.owner <=> c.frappe_owner))"           \
	  " ORDER BY c.name = ?, c.id LIMIT 1",                                                \
	  "TSss", "uIITIIII")                                                                  \
	X(BUSY_EVENTS_1, MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_INDEX, "?"), "stttsttt",             \
	  MMS_BUSY_EVENTS_OUT)                                                                 \
	X(BUSY_EVENTS_4, MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_INDEX, MMS_SQL_4_NAMES),             \
	  "ssss"                                                                               \
	  "ttt"                                                                                \
	  "ssss"                                                                               \
	  "ttt",                                                                               \
	  MMS_BUSY_EVENTS_OUT)                                                                 \
	X(BUSY_EVENTS_16, MMS_SQL_BUSY_EVENTS(MMS_SQL_BUSY_INDEX, MMS_SQL_16_NAMES),           \
	  "ssssssssssssssss"                                                                   \
	  "ttt"                                                                                \
	  "ssssssssssssssss"                                                                   \
	  "ttt",                                                                               \
	  MMS_BUSY_EVENTS_OUT)                                                                 \
	X(BUSY_EVENTS_PLAIN, MMS_SQL_BUSY_EVENTS("", MMS_SQL_16_NAMES),                        \
	  "ssssssssssssssss"                                                                   \
	  "ttt"                                                                                \
	  "ssssssssssssssss"                                                                   \
	  "ttt",                                                                               \
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
