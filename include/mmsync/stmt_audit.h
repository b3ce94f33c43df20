/*
 * Statements of validate: look-ups of the DocTypes' rules, one question each. Those of audit, which
 * reads whole tables, are in stmt_audit_pages.h.
 *
 * Layer: db.
 */
#ifndef MMSYNC_STMT_AUDIT_H
#define MMSYNC_STMT_AUDIT_H

#include "mmsync/stmt_audit_pages.h"

/* A name is never empty, so `name <> ''` leaves nobody out. */
#define MMS_STMTS_LOOKUP(X)                                                                    \
	X(LOOK_USER, "SELECT name FROM tabUser WHERE name = ?", "s", "s")                      \
	X(LOOK_INTEGRATION,                                                                    \
	  "SELECT name, is_active FROM `tabMM Calendar Integration` WHERE name = ?", "s",      \
	  "si")                                                                                \
	X(LOOK_NAME_TAKEN,                                                                     \
	  "SELECT name FROM `tabMM Calendar Integration`"                                      \
	  " WHERE user = ? AND integration_name = ? AND name <> ? ORDER BY name",              \
	  "sss", "s")                                                                          \
	X(LOOK_PRIMARY,                                                                        \
	  "SELECT name, integration_name FROM `tabMM Calendar Integration`"                    \
	  " WHERE user = ? AND is_primary = 1 AND is_active = 1 AND name <> ? ORDER BY name",  \
	  "ss", "sS")                                                                          \
	X(LOOK_EVENT, "SELECT name FROM `tabMM Calendar Event Sync` WHERE name = ?", "s", "s") \
	X(LOOK_ID_TAKEN,                                                                       \
	  "SELECT name FROM `tabMM Calendar Event Sync`"                                       \
	  " WHERE calendar_integration = ? AND external_event_id = ? AND name <> ?",           \
	  "sss", "s")                                                                          \
	X(LOOK_BOOKING,                                                                        \
	  "SELECT name, booking_status, start_datetime, end_datetime"                          \
	  " FROM `tabMM Meeting Booking` WHERE name = ?",                                      \
	  "s", "sSTT")                                                                         \
	X(LOOK_BOOKING_LINKED,                                                                 \
	  "SELECT name FROM `tabMM Calendar Event Sync`"                                       \
	  " WHERE meeting_booking = ? AND name <> ?",                                          \
	  "ss", "s")                                                                           \
	X(LOOK_MEETING_TYPE,                                                                   \
	  "SELECT name, is_active, is_internal, is_public,"                                    \
	  " {?tabMM Meeting Type.requires_approval}, location_type,"                           \
	  " {?tabMM Meeting Type.custom_location} FROM `tabMM Meeting Type` WHERE name = ?",   \
	  "s", "siiiISS")                                                                      \
	X(LOOK_AVAILABILITY,                                                                   \
	  "SELECT max_days_advance, min_notice_hours FROM `tabMM User Availability Rule`"      \
	  " WHERE user = ? AND is_active = 1 AND is_default = 1 ORDER BY modified DESC LIMIT " \
	  "1",                                                                                 \
	  "s", "ii")                                                                           \
	X(LOOK_FIELDS,                                                                         \
	  "SELECT doc_type, field_name, property, value FROM `tabProperty Setter`"             \
	  " WHERE doctype_or_field = 'DocField' AND property IN ('length', 'options')"         \
	  " AND doc_type LIKE 'MM %'",                                                         \
	  "", "SSSS")                                                                          \
	X(LOOK_INTEGRATION_USER,                                                               \
	  "SELECT user, user = ? FROM `tabMM Calendar Integration` WHERE name = ?", "ss",      \
	  "SI")                                                                                \
	X(LOOK_USER_NAMES, "SELECT name FROM tabUser ORDER BY name", "", "s")                  \
	X(LOOK_INTEGRATION_NAMES,                                                              \
	  "SELECT name FROM `tabMM Calendar Integration` WHERE ? = '' OR user = ?"             \
	  " ORDER BY name",                                                                    \
	  "ss", "s")

/*
 * The sort keys of texts by the collations of columns: equal keys, equal texts. A text takes the
 * collation of a column by standing in a union with it.
 */
#define MMS_STMTS_FOLD(X)                                                                  \
	X(FOLD_INTEGRATION,                                                                \
	  "SELECT WEIGHT_STRING(t.a), WEIGHT_STRING(t.b), WEIGHT_STRING(t.c)"              \
	  " FROM (SELECT name AS a, user AS b, integration_name AS c"                      \
	  " FROM `tabMM Calendar Integration` WHERE FALSE UNION ALL SELECT ?, ?, ?) AS t", \
	  "SSS", "BBB")                                                                    \
	X(FOLD_EVENT,                                                                      \
	  "SELECT WEIGHT_STRING(t.a), WEIGHT_STRING(t.b), WEIGHT_STRING(t.c),"             \
	  " WEIGHT_STRING(t.d) FROM (SELECT name AS a, calendar_integration AS b,"         \
	  " external_event_id AS c, meeting_booking AS d FROM `tabMM Calendar Event Sync`" \
	  " WHERE FALSE UNION ALL SELECT ?, ?, ?, ?) AS t",                                \
	  "SSSS", "BBBB")                                                                  \
	X(FOLD_BOOKING,                                                                    \
	  "SELECT WEIGHT_STRING(t.a) FROM (SELECT name AS a FROM `tabMM Meeting Booking`"  \
	  " WHERE FALSE UNION ALL SELECT ?) AS t",                                         \
	  "S", "B")

#define MMS_STMTS_AUDIT(X)  \
	MMS_STMTS_LOOKUP(X) \
	MMS_STMTS_FOLD(X)   \
	MMS_STMTS_AUDIT_PAGES(X)

#endif
