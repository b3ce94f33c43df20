/*
 * The three DocTypes and their child tables as Frappe's DocType files describe them: each field
 * with its label, kind, default and options. One row of an X-macro is one field; the index, the
 * table, the reading of JSON and of rows, and what Frappe itself checks follow from it.
 *
 *   X(index, "fieldname", "Label", kind, default, options)
 *
 * default is what an insert gives to a field that is absent or null (a Select without one gets
 * its first option); options are those of a Select, or the DocType of a Link.
 *
 * Source: the app's DocType files; docs/validation.md; Frappe's model/create_new.py.
 *
 * Layer: model.
 */
#ifndef MMSYNC_DOCTYPE_H
#define MMSYNC_DOCTYPE_H

#include <stddef.h>

enum mms_doctype_id {
	MMS_DT_INTEGRATION,
	MMS_DT_EVENT,
	MMS_DT_BOOKING,
	MMS_DT_ASSIGNED_USER, /* child tables of the booking from here on */
	MMS_DT_PARTICIPANT,
	MMS_DT_HISTORY,
	MMS_DT_COUNT
};

/* The first three can be judged; the others come with their booking. */
#define MMS_DT_PARENTS 3

enum mms_field_kind {
	MMS_KIND_NAME,      /* the row's own name                                    */
	MMS_KIND_DATA,      /* varchar                                               */
	MMS_KIND_LINK,      /* varchar: the name of a row of the DocType in options  */
	MMS_KIND_SELECT,    /* varchar: one of the options                           */
	MMS_KIND_INT,       /* int                                                   */
	MMS_KIND_CHECK,     /* 0 or 1                                                */
	MMS_KIND_DATETIME,  /* datetime(6)                                           */
	MMS_KIND_TEXT,      /* text: 65535 bytes                                     */
	MMS_KIND_LONG_TEXT, /* longtext                                              */
	MMS_KIND_JSON,      /* longtext, json_valid()                                */
	MMS_KIND_EXTRA,     /* a leftover column of older sites, unknown to the form */
};

#define MMS_INTEGRATION_FIELDS(X)                                                            \
	X(MMS_CI_NAME, "name", "ID", NAME, NULL, NULL)                                       \
	X(MMS_CI_USER, "user", "User", LINK, NULL, "User")                                   \
	X(MMS_CI_TYPE, "integration_type", "Integration Type", SELECT, NULL,                 \
	  "Google Calendar\nOutlook Calendar\niCal")                                         \
	X(MMS_CI_INTEGRATION_NAME, "integration_name", "Integration Name", DATA, NULL, NULL) \
	X(MMS_CI_IS_ACTIVE, "is_active", "Is Active", CHECK, "1", NULL)                      \
	X(MMS_CI_IS_PRIMARY, "is_primary", "Is Primary Calendar", CHECK, "0", NULL)          \
	X(MMS_CI_CALENDAR_ID, "calendar_id", "Calendar ID", DATA, NULL, NULL)                \
	X(MMS_CI_ACCESS_TOKEN, "access_token", "Access Token", TEXT, NULL, NULL)             \
	X(MMS_CI_REFRESH_TOKEN, "refresh_token", "Refresh Token", TEXT, NULL, NULL)          \
	X(MMS_CI_TOKEN_EXPIRY, "token_expiry", "Token Expiry", DATETIME, NULL, NULL)         \
	X(MMS_CI_ICAL_URL, "ical_url", "iCal URL", DATA, NULL, NULL)                         \
	X(MMS_CI_DIRECTION, "sync_direction", "Sync Direction", SELECT,                      \
	  "Two-way (Read & Write)", "One-way (Read Only)\nTwo-way (Read & Write)")           \
	X(MMS_CI_PAST_DAYS, "sync_past_days", "Sync Past Days", INT, "30", NULL)             \
	X(MMS_CI_FUTURE_DAYS, "sync_future_days", "Sync Future Days", INT, "90", NULL)       \
	X(MMS_CI_AUTO_SYNC, "auto_sync_enabled", "Auto Sync Enabled", CHECK, "1", NULL)      \
	X(MMS_CI_INTERVAL, "sync_interval_minutes", "Sync Interval (Minutes)", INT, "15",    \
	  NULL)                                                                              \
	X(MMS_CI_STATUS, "sync_status", "Sync Status", SELECT, "Pending",                    \
	  "Pending\nSuccess\nFailed\nIn Progress")                                           \
	X(MMS_CI_ERROR_LOG, "sync_error_log", "Sync Error Log", TEXT, NULL, NULL)

#define MMS_EVENT_FIELDS(X)                                                                    \
	X(MMS_EV_NAME, "name", "ID", NAME, NULL, NULL)                                         \
	X(MMS_EV_INTEGRATION, "calendar_integration", "Calendar Integration", LINK, NULL,      \
	  "MM Calendar Integration")                                                           \
	X(MMS_EV_EXTERNAL_ID, "external_event_id", "External Event ID", DATA, NULL, NULL)      \
	X(MMS_EV_TITLE, "event_title", "Event Title", DATA, NULL, NULL)                        \
	X(MMS_EV_TYPE, "event_type", "Event Type", SELECT, "External Event",                   \
	  "External Event\nMeeting Booking\nBlocked Time\nAll-Day Event")                      \
	X(MMS_EV_STATUS, "sync_status", "Sync Status", SELECT, "Synced",                       \
	  "Synced\nPending Sync\nSync Failed\nDeleted Externally\nDeleted Locally")            \
	X(MMS_EV_START, "start_datetime", "Start DateTime", DATETIME, NULL, NULL)              \
	X(MMS_EV_END, "end_datetime", "End DateTime", DATETIME, NULL, NULL)                    \
	X(MMS_EV_DESCRIPTION, "description", "Description", TEXT, NULL, NULL)                  \
	X(MMS_EV_LOCATION, "location", "Location", DATA, NULL, NULL)                           \
	X(MMS_EV_ATTENDEES, "attendees_json", "Attendees", JSON, NULL, NULL)                   \
	X(MMS_EV_ORGANIZER, "organizer_email", "Organizer Email", DATA, NULL, NULL)            \
	X(MMS_EV_BOOKING, "meeting_booking", "Meeting Booking", LINK, NULL,                    \
	  "MM Meeting Booking")                                                                \
	X(MMS_EV_BLOCKING, "is_blocking_availability", "Is Blocking Availability", CHECK, "1", \
	  NULL)                                                                                \
	X(MMS_EV_DIRECTION, "sync_direction", "Sync Direction", SELECT, "Inbound",             \
	  "Inbound\nOutbound\nBidirectional")                                                  \
	X(MMS_EV_ERROR_LOG, "sync_error_log", "Sync Error Log", TEXT, NULL, NULL)

#define MMS_BOOKING_FIELDS(X)                                                                 \
	X(MMS_MB_NAME, "name", "ID", NAME, NULL, NULL)                                        \
	X(MMS_MB_TYPE, "meeting_type", "Meeting Type", LINK, NULL, "MM Meeting Type")         \
	X(MMS_MB_STATUS, "booking_status", "Booking Status", SELECT, "Confirmed",             \
	  "Pending\nConfirmed\nCancelled\nCompleted\nNo-Show\nRescheduled")                   \
	X(MMS_MB_REFERENCE, "booking_reference", "Booking Reference", DATA, NULL, NULL)       \
	X(MMS_MB_IS_INTERNAL, "is_internal", "Is Internal", CHECK, "0", NULL)                 \
	X(MMS_MB_SOURCE, "booking_source", "Booking Source", SELECT, "Public Booking Page",   \
	  "Public Booking Page\nInternal System\nManual Entry\nAPI Integration\n"             \
	  "Google Calendar\nOutlook Calendar")                                                \
	X(MMS_MB_SERVICE, "select_mkru", "Service", SELECT, NULL,                             \
	  "Business\nBusiness Extended\nBusiness Rebook\nNew Setup Business\n"                \
	  "Private / Business Customer\nPrivate New Sale\nPrivate Self Book")                 \
	X(MMS_MB_COLOR, "status_color", "Status Color", SELECT, NULL,                         \
	  "Red\nBlue\nGreen\nOrange\nYellow\nIndigo\nPurple\nPink")                           \
	X(MMS_MB_TITLE, "meeting_title", "Meeting Title", DATA, NULL, NULL)                   \
	X(MMS_MB_DESCRIPTION, "meeting_description", "Meeting Description", LONG_TEXT, NULL,  \
	  NULL)                                                                               \
	X(MMS_MB_LOCATION, "meeting_location", "Meeting Location", DATA, NULL, NULL)          \
	X(MMS_MB_VIDEO_URL, "video_meeting_url", "Video Meeting URL", DATA, NULL, NULL)       \
	X(MMS_MB_LOCATION_TYPE, "location_type", "Location Type", SELECT, NULL,               \
	  "Video Call\nPhone Call\nPhysical Location\nCustom")                                \
	X(MMS_MB_START, "start_datetime", "Start DateTime", DATETIME, NULL, NULL)             \
	X(MMS_MB_END, "end_datetime", "End DateTime", DATETIME, NULL, NULL)                   \
	X(MMS_MB_CUSTOMER_NAME, "customer_name", "Customer Name", DATA, NULL, NULL)           \
	X(MMS_MB_CUSTOMER_EMAIL, "customer_email", "Customer Email", DATA, NULL, NULL)        \
	X(MMS_MB_CUSTOMER_PHONE, "customer_phone", "Customer Phone", DATA, NULL, NULL)        \
	X(MMS_MB_CUSTOMER_NOTES, "customer_notes", "Customer Notes", TEXT, NULL, NULL)        \
	X(MMS_MB_CANCEL_TOKEN, "cancel_token", "Cancel Token", DATA, NULL, NULL)              \
	X(MMS_MB_RESCHEDULE_TOKEN, "reschedule_token", "Reschedule Token", DATA, NULL, NULL)  \
	X(MMS_MB_CANCEL_LINK, "cancel_link", "Cancel Link", DATA, NULL, NULL)                 \
	X(MMS_MB_RESCHEDULE_LINK, "reschedule_link", "Reschedule Link", DATA, NULL, NULL)     \
	X(MMS_MB_IS_SYNCED, "calendar_event_synced", "Calendar Event Synced", CHECK, "0",     \
	  NULL)                                                                               \
	X(MMS_MB_EVENT, "calendar_event", "Calendar Event", LINK, NULL,                       \
	  "MM Calendar Event Sync")                                                           \
	X(MMS_MB_EXTERNAL_LINK, "external_calendar_link", "External Calendar Link", DATA,     \
	  NULL, NULL)                                                                         \
	X(MMS_MB_CREATED_BY, "created_by", "Created By", LINK, NULL, "User")                  \
	X(MMS_MB_CANCEL_REASON, "cancellation_reason", "Cancellation Reason", TEXT, NULL,     \
	  NULL)                                                                               \
	X(MMS_MB_NEEDS_APPROVAL, "requires_approval", "Requires Approval", EXTRA, NULL, NULL) \
	X(MMS_MB_APPROVAL, "approval_status", "Approval Status", EXTRA, NULL, NULL)           \
	X(MMS_MB_REJECTION, "rejection_reason", "Rejection Reason", EXTRA, NULL, NULL)        \
	X(MMS_MB_ASSIGNED_USER, "assigned_user", "Assigned User", EXTRA, NULL, NULL)

#define MMS_ASSIGNED_USER_FIELDS(X)                                                  \
	X(MMS_AU_NAME, "name", "ID", NAME, NULL, NULL)                               \
	X(MMS_AU_USER, "user", "User", LINK, NULL, "User")                           \
	X(MMS_AU_IS_PRIMARY, "is_primary_host", "Is Primary Host", CHECK, "0", NULL) \
	X(MMS_AU_ASSIGNED_BY, "assigned_by", "Assigned By", LINK, NULL, "User")

#define MMS_PARTICIPANT_FIELDS(X)                                                   \
	X(MMS_PA_NAME, "name", "ID", NAME, NULL, NULL)                              \
	X(MMS_PA_TYPE, "participant_type", "Participant Type", SELECT, "External",  \
	  "Internal\nExternal")                                                     \
	X(MMS_PA_USER, "user", "User", LINK, NULL, "User")                          \
	X(MMS_PA_NAME1, "name1", "Name", DATA, NULL, NULL)                          \
	X(MMS_PA_EMAIL, "email", "Email", DATA, NULL, NULL)                         \
	X(MMS_PA_RESPONSE, "response_status", "Response Status", SELECT, "Pending", \
	  "Pending\nAccepted\nDeclined\nTentative")

#define MMS_HISTORY_FIELDS(X)                                                          \
	X(MMS_HI_NAME, "name", "ID", NAME, NULL, NULL)                                 \
	X(MMS_HI_EVENT_TYPE, "event_type", "Event Type", SELECT, NULL,                 \
	  "Created\nConfirmed\nRescheduled\nCancelled\nCompleted\nNo-Show\nApproved\n" \
	  "Rejected\nReminder Sent\nCalendar Synced\nAssignment Changed\n"             \
	  "Customer Updated")                                                          \
	X(MMS_HI_EVENT_BY, "event_by", "Event By", LINK, NULL, "User")                 \
	X(MMS_HI_DESCRIPTION, "event_description", "Event Description", TEXT, NULL, NULL)

#define X(index, key, label, kind, preset, options) index,
enum mms_integration_field { MMS_INTEGRATION_FIELDS(X) MMS_CI_COUNT };
enum mms_event_field { MMS_EVENT_FIELDS(X) MMS_EV_COUNT };
enum mms_booking_field { MMS_BOOKING_FIELDS(X) MMS_MB_COUNT };
enum mms_assigned_user_field { MMS_ASSIGNED_USER_FIELDS(X) MMS_AU_COUNT };
enum mms_participant_field { MMS_PARTICIPANT_FIELDS(X) MMS_PA_COUNT };
enum mms_history_field { MMS_HISTORY_FIELDS(X) MMS_HI_COUNT };
#undef X

/* Index of the row's name in every DocType. */
#define MMS_DOC_NAME 0

/* The most fields of a parent, and of a row of a child table. */
#define MMS_PARENT_FIELDS MMS_MB_COUNT
#define MMS_CHILD_FIELDS  MMS_PA_COUNT

struct mms_doctype_field {
	const char *key, *label;
	enum mms_field_kind kind;
	const char *preset;  /* the default of an insert; NULL: none          */
	const char *options; /* one a line, or a DocType; NULL: none          */
};

struct mms_doctype {
	const char *name;  /* "MM Calendar Integration"    */
	const char *table; /* "tabMM Calendar Integration" */
	const struct mms_doctype_field *fields;
	size_t n_fields;
};

/* The child tables of a booking, in the form's order. */
enum mms_child_table {
	MMS_TABLE_ASSIGNED_USERS,
	MMS_TABLE_ASSIGNMENT_HISTORY,
	MMS_TABLE_PARTICIPANTS,
	MMS_TABLE_BOOKING_HISTORY,
	MMS_TABLE_COUNT
};

struct mms_child_table_def {
	const char *key, *label;
	enum mms_doctype_id doctype;
};

/* Borrow: static. */
const struct mms_doctype *mms_doctype_get(enum mms_doctype_id id);
const struct mms_child_table_def *mms_child_table_get(enum mms_child_table table);

/* The field of a key of len bytes; n_fields when there is none. */
size_t mms_doctype_find_field(const struct mms_doctype *doctype, const char *key, size_t len);

#endif
