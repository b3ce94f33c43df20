/*
 * Statements of audit: pages of whole tables in the order of their names, with what the rules ask
 * of other tables joined on, and the rows that share what must be unique. An empty text as filter
 * lets everything pass; the server plans each execution with the values it gets.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_AUDIT_PAGES_H
#define MMSYNC_STMT_AUDIT_PAGES_H

/*
 * A page of bookings: those that a user is assigned to, by the column of older sites or by a row
 * of the child table, and those whose event is in an integration. Beside what columns.h
 * demands, a site may lack any column, and the child table.
 */
#define MMS_BOOKINGS_PAGE(or_by_child)                                                     \
	"SELECT b.name, b.meeting_type, b.booking_status,"                                 \
	" {?b:tabMM Meeting Booking.booking_reference},"                                   \
	" {?b:tabMM Meeting Booking.is_internal},"                                         \
	" {?b:tabMM Meeting Booking.booking_source},"                                      \
	" {?b:tabMM Meeting Booking.select_mkru},"                                         \
	" {?b:tabMM Meeting Booking.status_color}, b.meeting_title,"                       \
	" {?b:tabMM Meeting Booking.meeting_location},"                                    \
	" {?b:tabMM Meeting Booking.video_meeting_url},"                                   \
	" {?b:tabMM Meeting Booking.location_type}, b.start_datetime, b.end_datetime,"     \
	" {?b:tabMM Meeting Booking.customer_name},"                                       \
	" {?b:tabMM Meeting Booking.customer_email},"                                      \
	" {?b:tabMM Meeting Booking.customer_phone},"                                      \
	" b.calendar_event_synced, b.calendar_event, b.external_calendar_link,"            \
	" {?b:tabMM Meeting Booking.created_by},"                                          \
	" CONVERT(LEFT({?b:tabMM Meeting Booking.cancellation_reason}, 1) USING utf8mb4)," \
	" {?b:tabMM Meeting Booking.requires_approval},"                                   \
	" {?b:tabMM Meeting Booking.approval_status},"                                     \
	" {?b:tabMM Meeting Booking.rejection_reason},"                                    \
	" {?b:tabMM Meeting Booking.assigned_user}, e.name"                                \
	" FROM `tabMM Meeting Booking` b"                                                  \
	" LEFT JOIN `tabMM Calendar Event Sync` e ON e.name = b.calendar_event"            \
	" WHERE b.name > ?"                                                                \
	" AND (? = '' OR {?b:tabMM Meeting Booking.assigned_user} = ?" or_by_child ")"     \
	" AND (? = '' OR EXISTS (SELECT 1 FROM `tabMM Calendar Event Sync` w"              \
	" WHERE w.name = b.calendar_event AND w.calendar_integration = ?))"                \
	" ORDER BY b.name LIMIT ?"
#define MMS_BOOKINGS_OUT "sSSSISSSSSSSTTSSSiSSSSISSSS"

/* Events, each with the booking that it names. */
#define MMS_EVENTS_PAGE                                                                \
	"SELECT e.name, e.calendar_integration, e.external_event_id, e.event_title,"   \
	" e.event_type, e.sync_status, e.start_datetime, e.end_datetime, e.location,"  \
	" e.attendees_json, e.organizer_email, e.meeting_booking, e.sync_direction,"   \
	" b.name, b.start_datetime, b.end_datetime FROM `tabMM Calendar Event Sync` e" \
	" LEFT JOIN `tabMM Meeting Booking` b ON b.name = e.meeting_booking"
#define MMS_EVENTS_OUT "sSSSSSTTSSSSSSTT"

#define MMS_STMTS_AUDIT_PAGES(X)                                                              \
	X(AUDIT_INTEGRATIONS,                                                                 \
	  "SELECT name, user, integration_type, integration_name, is_active, is_primary,"     \
	  " calendar_id, LEFT(access_token, 1), token_expiry, ical_url, sync_direction,"      \
	  " sync_past_days, sync_future_days, auto_sync_enabled, sync_interval_minutes,"      \
	  " sync_status FROM `tabMM Calendar Integration` WHERE name > ?"                     \
	  " AND (? = '' OR user = ?) AND (? = '' OR name = ?) ORDER BY name LIMIT ?",         \
	  "sssssi", "sSSSiiSSTSSiiiiS")                                                       \
	X(AUDIT_EVENTS,                                                                       \
	  MMS_EVENTS_PAGE " WHERE e.name > ? AND (? = '' OR e.calendar_integration = ?)"      \
			  " ORDER BY e.name LIMIT ?",                                         \
	  "sssi", MMS_EVENTS_OUT)                                                             \
	X(AUDIT_EVENT, MMS_EVENTS_PAGE " WHERE e.name = ?", "s", MMS_EVENTS_OUT)              \
	X(AUDIT_BOOKINGS,                                                                     \
	  MMS_BOOKINGS_PAGE(" OR EXISTS (SELECT 1 FROM `tabMM Meeting Booking Assigned User`" \
			    " u WHERE u.parent = b.name AND u.user = ?)"),                    \
	  "ssssssi", MMS_BOOKINGS_OUT)                                                        \
	X(AUDIT_BOOKINGS_NO_CHILD, MMS_BOOKINGS_PAGE(""), "sssssi", MMS_BOOKINGS_OUT)         \
	X(AUDIT_ASSIGNED_USERS,                                                               \
	  "SELECT b.name, c.name, c.idx, c.user,"                                             \
	  " {?c:tabMM Meeting Booking Assigned User.is_primary_host},"                        \
	  " {?c:tabMM Meeting Booking Assigned User.assigned_by}"                             \
	  " FROM `tabMM Meeting Booking` b JOIN `tabMM Meeting Booking Assigned User` c"      \
	  " ON c.parent = b.name AND c.parenttype = 'MM Meeting Booking'"                     \
	  " WHERE b.name > ? AND b.name <= ? ORDER BY b.name, c.idx",                         \
	  "ss", "ssiSIS")                                                                     \
	X(AUDIT_PARTICIPANTS,                                                                 \
	  "SELECT b.name, c.name, c.idx,"                                                     \
	  " {?c:tabMM Meeting Booking Participant.participant_type},"                         \
	  " {?c:tabMM Meeting Booking Participant.user},"                                     \
	  " {?c:tabMM Meeting Booking Participant.name1},"                                    \
	  " {?c:tabMM Meeting Booking Participant.email},"                                    \
	  " {?c:tabMM Meeting Booking Participant.response_status}"                           \
	  " FROM `tabMM Meeting Booking` b"                                                   \
	  " JOIN `tabMM Meeting Booking Participant` c ON c.parent = b.name"                  \
	  " AND c.parenttype = 'MM Meeting Booking'"                                          \
	  " WHERE b.name > ? AND b.name <= ? ORDER BY b.name, c.idx",                         \
	  "ss", "ssiSSSSS")                                                                   \
	X(AUDIT_HISTORY,                                                                      \
	  "SELECT b.name, c.name, c.idx, {?c:tabMM Meeting Booking History.event_type},"      \
	  " {?c:tabMM Meeting Booking History.event_by}, c.parentfield"                       \
	  " FROM `tabMM Meeting Booking` b JOIN `tabMM Meeting Booking History` c"            \
	  " ON c.parent = b.name AND c.parenttype = 'MM Meeting Booking'"                     \
	  " WHERE b.name > ? AND b.name <= ? ORDER BY b.name, c.parentfield, c.idx",          \
	  "ss", "ssiSSS")                                                                     \
	X(AUDIT_ROWS,                                                                         \
	  "SELECT table_rows FROM information_schema.tables"                                  \
	  " WHERE table_schema = DATABASE() AND table_name = ?",                              \
	  "s", "U")                                                                           \
	X(AUDIT_HAS_UNIQUE,                                                                   \
	  "SELECT COUNT(*) FROM (SELECT index_name FROM information_schema.statistics"        \
	  " WHERE table_schema = DATABASE() AND table_name = 'tabMM Calendar Event Sync'"     \
	  " AND non_unique = 0 GROUP BY index_name HAVING COUNT(*) = 2 AND"                   \
	  " MAX(sub_part) IS NULL AND SUM(column_name IN ('calendar_integration',"            \
	  " 'external_event_id')) = 2) AS i",                                                 \
	  "", "i")                                                                            \
	X(AUDIT_TWIN_IDS,                                                                     \
	  "SELECT e.name FROM (SELECT calendar_integration, external_event_id"                \
	  " FROM `tabMM Calendar Event Sync` WHERE external_event_id <> ''"                   \
	  " GROUP BY calendar_integration, external_event_id HAVING COUNT(*) > 1) AS d"       \
	  " JOIN `tabMM Calendar Event Sync` e ON e.calendar_integration ="                   \
	  " d.calendar_integration AND e.external_event_id = d.external_event_id",            \
	  "", "s")                                                                            \
	X(AUDIT_SHARED_BOOKINGS,                                                              \
	  "SELECT e.name FROM (SELECT meeting_booking FROM `tabMM Calendar Event Sync`"       \
	  " WHERE meeting_booking > '' GROUP BY meeting_booking HAVING COUNT(*) > 1) AS d"    \
	  " JOIN `tabMM Calendar Event Sync` e ON e.meeting_booking = d.meeting_booking",     \
	  "", "s")                                                                            \
	X(AUDIT_TWIN_NAMES,                                                                   \
	  "SELECT i.name FROM (SELECT user, integration_name FROM"                            \
	  " `tabMM Calendar Integration` WHERE integration_name <> ''"                        \
	  " GROUP BY user, integration_name HAVING COUNT(*) > 1) AS d"                        \
	  " JOIN `tabMM Calendar Integration` i ON i.user = d.user"                           \
	  " AND i.integration_name = d.integration_name",                                     \
	  "", "s")                                                                            \
	X(AUDIT_OTHER_PRIMARIES,                                                              \
	  "SELECT p.name, o.integration_name FROM (SELECT user, MIN(name) AS first,"          \
	  " MAX(name) AS last FROM `tabMM Calendar Integration`"                              \
	  " WHERE is_primary = 1 AND is_active = 1 GROUP BY user) AS g"                       \
	  " JOIN `tabMM Calendar Integration` p ON p.user = g.user AND p.is_primary = 1"      \
	  " JOIN `tabMM Calendar Integration` o"                                              \
	  " ON o.name = IF(p.name = g.first, g.last, g.first) AND o.name <> p.name",          \
	  "", "sS")

#endif
