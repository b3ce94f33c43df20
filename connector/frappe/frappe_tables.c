/* The DocTypes that mmsync and its tests meet, field by field (see the header). */
#include "frappe_tables.h"

#include "mmsync/attr.h"

#define COL(type, name)                                \
	{                                              \
		name, NULL, MMS_F_##type, MMS_F_NO_KEY \
	}
#define DEF(type, name, text)                          \
	{                                              \
		name, text, MMS_F_##type, MMS_F_NO_KEY \
	}
#define KEYED(type, name)                           \
	{                                           \
		name, NULL, MMS_F_##type, MMS_F_KEY \
	}
#define UNIQUE(type, name)                             \
	{                                              \
		name, NULL, MMS_F_##type, MMS_F_UNIQUE \
	}
#define LEN(fields) MMS_COUNT(fields)

/* Nine to five on weekdays, as a person's settings begin. */
#define ON(day)       "  \"" day "\": {\n    \"enabled\": true,\n" NINE_TO_FIVE "  },\n"
#define OFF(day)      "  \"" day "\": {\n    \"enabled\": false\n  }"
#define NINE_TO_FIVE  "    \"start\": \"09:00\",\n    \"end\": \"17:00\"\n"
#define WEEK          ON("monday") ON("tuesday") ON("wednesday") ON("thursday") ON("friday")
#define WORKING_HOURS "{\n" WEEK OFF("saturday") ",\n" OFF("sunday") "\n}"

static const struct mms_frappe_field calendar_integration[] = {
	COL(DATA, "user"),
	COL(DATA, "integration_type"),
	COL(DATA, "integration_name"),
	DEF(CHECK, "is_active", "1"),
	COL(CHECK, "is_primary"),
	COL(DATA, "calendar_id"),
	COL(TEXT, "access_token"),
	COL(TEXT, "refresh_token"),
	COL(DATETIME, "token_expiry"),
	COL(DATA, "ical_url"),
	DEF(DATA, "sync_direction", "Two-way (Read & Write)"),
	DEF(INT, "sync_past_days", "30"),
	DEF(INT, "sync_future_days", "90"),
	DEF(CHECK, "auto_sync_enabled", "1"),
	DEF(INT, "sync_interval_minutes", "15"),
	COL(DATETIME, "last_sync"),
	DEF(DATA, "sync_status", "Pending"),
	COL(TEXT, "sync_error_log")
};

static const struct mms_frappe_field calendar_event_sync[] = {
	COL(DATA, "calendar_integration"),
	COL(DATA, "external_event_id"),
	COL(DATA, "event_title"),
	DEF(DATA, "event_type", "External Event"),
	DEF(DATA, "sync_status", "Synced"),
	COL(DATETIME, "start_datetime"),
	COL(DATETIME, "end_datetime"),
	COL(TEXT, "description"),
	COL(DATA, "location"),
	COL(JSON, "attendees_json"),
	COL(DATA, "organizer_email"),
	COL(DATA, "meeting_booking"),
	DEF(CHECK, "is_blocking_availability", "1"),
	COL(DATETIME, "last_synced"),
	COL(DATETIME, "external_last_modified"),
	DEF(DATA, "sync_direction", "Inbound"),
	COL(TEXT, "sync_error_log")
};

static const struct mms_frappe_field meeting_booking[] = {
	COL(DATA, "meeting_type"),
	DEF(DATA, "booking_status", "Confirmed"),
	COL(DATE, "booking_date"),
	COL(DATA, "booking_reference"),
	COL(CHECK, "is_internal"),
	DEF(DATA, "booking_source", "Public Booking Page"),
	COL(DATA, "select_mkru"),
	COL(DATA, "status_color"),
	COL(DATA, "meeting_title"),
	COL(LONG_TEXT, "meeting_description"),
	COL(DATA, "meeting_location"),
	COL(DATA, "video_meeting_url"),
	COL(DATA, "location_type"),
	COL(DATETIME, "start_datetime"),
	COL(DATETIME, "end_datetime"),
	COL(INT, "duration"),
	COL(DATA, "customer_name"),
	COL(DATA, "customer_email"),
	COL(DATA, "customer_phone"),
	COL(TEXT, "customer_notes"),
	COL(DATA, "cancel_token"),
	COL(DATA, "reschedule_token"),
	COL(DATA, "cancel_link"),
	COL(DATA, "reschedule_link"),
	COL(CHECK, "calendar_event_synced"),
	COL(DATA, "calendar_event"),
	COL(DATA, "external_calendar_link"),
	COL(JSON, "reminders_sent"),
	COL(DATETIME, "last_reminder_sent"),
	COL(DATA, "created_by"),
	COL(DATETIME, "cancelled_at"),
	COL(TEXT, "cancellation_reason")
};

static const struct mms_frappe_field meeting_booking_assigned_user[] = {
	COL(DATA, "user"), COL(CHECK, "is_primary_host"), COL(DATETIME, "assigned_at"),
	COL(DATA, "assigned_by")
};

static const struct mms_frappe_field meeting_booking_participant[] = {
	DEF(DATA, "participant_type", "External"),
	COL(DATA, "user"),
	COL(DATA, "name1"),
	COL(DATA, "email"),
	DEF(DATA, "response_status", "Pending"),
	COL(DATETIME, "response_datetime")
};

static const struct mms_frappe_field meeting_booking_history[] = {
	COL(DATA, "event_type"), COL(DATETIME, "event_datetime"), COL(DATA, "event_by"),
	COL(TEXT, "event_description")
};

static const struct mms_frappe_field meeting_booking_assignment_history[] = {
	COL(DATA, "action_type"), COL(DATA, "user"), COL(DATETIME, "action_datetime"),
	COL(DATA, "action_by"), COL(TEXT, "notes")
};

static const struct mms_frappe_field meeting_type[] = { COL(DATA, "department"),
							COL(DATA, "meeting_name"),
							COL(DATA, "meeting_slug"),
							DEF(CHECK, "is_active", "1"),
							COL(INT, "duration"),
							DEF(CHECK, "is_public", "1"),
							COL(CHECK, "is_internal"),
							COL(LONG_TEXT, "description"),
							DEF(DATA, "location_type",
							    "Video Call"),
							COL(DATA, "video_platform"),
							COL(DATA, "created_by"),
							COL(TEXT, "custom_location"),
							COL(CHECK, "requires_approval"),
							COL(DATA, "public_booking_url") };

static const struct mms_frappe_field user_settings[] = {
	UNIQUE(DATA, "user"), DEF(DATA, "timezone", "Europe/Copenhagen"),
	COL(TEXT, "profile_picture"), COL(TEXT, "bio"),
	DEF(JSON, "working_hours_json", WORKING_HOURS)
};

static const struct mms_frappe_field user_availability_rule[] = {
	COL(DATA, "user"),
	COL(DATA, "rule_name"),
	COL(CHECK, "is_default"),
	DEF(CHECK, "is_active", "1"),
	COL(INT, "buffer_time_before"),
	COL(INT, "buffer_time_after"),
	COL(INT, "max_bookings_per_day"),
	COL(INT, "max_bookings_per_week"),
	DEF(INT, "min_notice_hours", "2"),
	DEF(INT, "max_days_advance", "60")
};

static const struct mms_frappe_field user_date_overrides[] = {
	COL(DATE, "date"), COL(TEXT, "reason"), COL(CHECK, "available"),
	COL(TIME, "custom_hours_start"), COL(TIME, "custom_hours_end")
};

static const struct mms_frappe_field department[] = {
	COL(DATA, "department_name"),
	UNIQUE(DATA, "department_slug"),
	DEF(CHECK, "is_active", "1"),
	COL(LONG_TEXT, "description"),
	COL(DATA, "department_leader"),
	DEF(DATA, "timezone", "Europe/Copenhagen"),
	DEF(DATA, "assignment_algorithm", "Round Robin"),
	DEF(CHECK, "notify_leader_on_booking", "1"),
	COL(CHECK, "notify_admin_on_booking"),
	COL(DATA, "public_booking_url")
};

static const struct mms_frappe_field department_member[] = {
	COL(DATA, "member"), DEF(CHECK, "is_active", "1"), DEF(INT, "assignment_priority", "1"),
	COL(INT, "total_assignments"), COL(DATETIME, "last_assigned_datetime")
};

static const struct mms_frappe_field version[] = { COL(DATA, "ref_doctype"),
						   COL(DATA, "docname"),
						   COL(LONG_TEXT, "data") };

static const struct mms_frappe_field error_log[] = {
	COL(CHECK, "seen"),  KEYED(DATA, "reference_doctype"), COL(DATA, "reference_name"),
	COL(DATA, "method"), COL(LONG_TEXT, "error"),          COL(DATA, "trace_id")
};

static const struct mms_frappe_field user[] = {
	DEF(CHECK, "enabled", "1"),
	COL(DATA, "email"),
	COL(DATA, "first_name"),
	COL(DATA, "middle_name"),
	COL(DATA, "last_name"),
	COL(DATA, "full_name"),
	UNIQUE(DATA, "username"),
	COL(DATA, "language"),
	COL(DATA, "time_zone"),
	DEF(CHECK, "send_welcome_email", "1"),
	COL(CHECK, "unsubscribed"),
	COL(TEXT, "user_image"),
	COL(DATA, "role_profile_name"),
	COL(DATA, "module_profile"),
	COL(LONG_TEXT, "home_settings"),
	COL(DATA, "gender"),
	COL(DATE, "birth_date"),
	COL(TEXT, "interest"),
	COL(DATA, "phone"),
	COL(DATA, "location"),
	COL(TEXT, "bio"),
	UNIQUE(DATA, "mobile_no"),
	COL(CHECK, "mute_sounds"),
	COL(DATA, "desk_theme"),
	COL(TEXT, "banner_image"),
	COL(TEXT, "new_password"),
	DEF(CHECK, "logout_all_sessions", "1"),
	COL(DATA, "reset_password_key"),
	COL(DATETIME, "last_reset_password_key_generated_on"),
	COL(DATE, "last_password_reset_date"),
	COL(TEXT, "redirect_url"),
	COL(CHECK, "document_follow_notify"),
	DEF(DATA, "document_follow_frequency", "Daily"),
	COL(CHECK, "follow_created_documents"),
	COL(CHECK, "follow_commented_documents"),
	COL(CHECK, "follow_liked_documents"),
	COL(CHECK, "follow_assigned_documents"),
	COL(CHECK, "follow_shared_documents"),
	COL(TEXT, "email_signature"),
	DEF(CHECK, "thread_notify", "1"),
	COL(CHECK, "send_me_a_copy"),
	DEF(CHECK, "allowed_in_mentions", "1"),
	DEF(INT, "simultaneous_sessions", "2"),
	COL(TEXT, "restrict_ip"),
	COL(DATA, "last_ip"),
	COL(INT, "login_after"),
	DEF(DATA, "user_type", "System User"),
	COL(DATETIME, "last_active"),
	COL(INT, "login_before"),
	COL(CHECK, "bypass_restrict_ip_check_if_2fa_enabled"),
	COL(DATA, "last_login"),
	COL(TEXT, "last_known_versions"),
	UNIQUE(DATA, "api_key"),
	COL(TEXT, "api_secret"),
	DEF(TEXT, "onboarding_status", "{}")
};

static const struct mms_frappe_field activity_log[] = { COL(TEXT, "subject"),
							COL(LONG_TEXT, "content"),
							COL(DATETIME, "communication_date"),
							COL(DATA, "ip_address"),
							COL(DATA, "operation"),
							COL(DATA, "status"),
							COL(DATA, "reference_doctype"),
							COL(DATA, "reference_name"),
							COL(DATA, "reference_owner"),
							COL(DATA, "timeline_doctype"),
							COL(DATA, "timeline_name"),
							COL(DATA, "link_doctype"),
							COL(DATA, "link_name"),
							COL(DATA, "user"),
							COL(DATA, "full_name") };

static const struct mms_frappe_field scheduled_job_log[] = { COL(DATA, "status"),
							     COL(DATA, "scheduled_job_type"),
							     COL(LONG_TEXT, "details"),
							     COL(LONG_TEXT, "debug_log") };

static const struct mms_frappe_field scheduled_job_type[] = {
	COL(CHECK, "stopped"),          COL(DATA, "method"),      KEYED(DATA, "server_script"),
	COL(DATA, "frequency"),         COL(DATA, "cron_format"), COL(CHECK, "create_log"),
	COL(DATETIME, "last_execution")
};

static const struct mms_frappe_field deleted_document[] = {
	COL(DATA, "deleted_name"), COL(DATA, "deleted_doctype"), COL(CHECK, "restored"),
	COL(DATA, "new_name"), COL(LONG_TEXT, "data")
};

static const struct mms_frappe_field comment[] = { DEF(DATA, "comment_type", "Comment"),
						   COL(DATA, "comment_email"),
						   COL(TEXT, "subject"),
						   COL(DATA, "comment_by"),
						   COL(CHECK, "published"),
						   COL(CHECK, "seen"),
						   COL(DATA, "reference_doctype"),
						   COL(DATA, "reference_name"),
						   COL(DATA, "reference_owner"),
						   COL(LONG_TEXT, "content"),
						   COL(DATA, "ip_address") };

static const struct mms_frappe_field custom_field[] = { COL(CHECK, "is_system_generated"),
							KEYED(DATA, "dt"),
							COL(DATA, "module"),
							COL(DATA, "label"),
							COL(DATA, "fieldname"),
							COL(DATA, "insert_after"),
							COL(INT, "length"),
							COL(JSON, "link_filters"),
							DEF(DATA, "fieldtype", "Data"),
							COL(DATA, "precision"),
							COL(CHECK, "hide_seconds"),
							COL(CHECK, "hide_days"),
							COL(TEXT, "options"),
							COL(CHECK, "sort_options"),
							COL(TEXT, "fetch_from"),
							COL(CHECK, "fetch_if_empty"),
							COL(CHECK, "collapsible"),
							COL(LONG_TEXT,
							    "collapsible_depends_on"),
							COL(TEXT, "default"),
							COL(LONG_TEXT, "depends_on"),
							COL(LONG_TEXT, "mandatory_depends_on"),
							COL(LONG_TEXT, "read_only_depends_on"),
							COL(CHECK, "non_negative"),
							COL(CHECK, "reqd"),
							COL(CHECK, "unique"),
							COL(CHECK, "is_virtual"),
							COL(CHECK, "read_only"),
							COL(CHECK, "ignore_user_permissions"),
							COL(CHECK, "hidden"),
							COL(CHECK, "print_hide"),
							COL(CHECK, "print_hide_if_no_value"),
							COL(DATA, "print_width"),
							COL(CHECK, "no_copy"),
							COL(CHECK, "allow_on_submit"),
							COL(CHECK, "in_list_view"),
							COL(CHECK, "in_standard_filter"),
							COL(CHECK, "in_global_search"),
							COL(CHECK, "in_preview"),
							COL(CHECK, "bold"),
							COL(CHECK, "report_hide"),
							COL(CHECK, "search_index"),
							COL(CHECK, "allow_in_quick_entry"),
							COL(CHECK, "ignore_xss_filter"),
							DEF(CHECK, "translatable", "1"),
							COL(CHECK, "hide_border"),
							COL(TEXT, "description"),
							COL(INT, "permlevel"),
							COL(DATA, "width"),
							COL(INT, "columns") };

static const struct mms_frappe_field property_setter[] = { COL(CHECK, "is_system_generated"),
							   COL(DATA, "doctype_or_field"),
							   KEYED(DATA, "doc_type"),
							   KEYED(DATA, "field_name"),
							   COL(DATA, "row_name"),
							   COL(DATA, "module"),
							   KEYED(DATA, "property"),
							   COL(DATA, "property_type"),
							   COL(TEXT, "value"),
							   COL(DATA, "default_value") };

static const struct mms_frappe_field user_permission[] = { KEYED(DATA, "user"),
							   COL(DATA, "allow"),
							   COL(DATA, "for_value"),
							   COL(CHECK, "is_default"),
							   DEF(CHECK, "apply_to_all_doctypes",
							       "1"),
							   COL(DATA, "applicable_for"),
							   COL(CHECK, "hide_descendants") };

static const struct mms_frappe_doctype doctypes[] = {
	{ "MM Calendar Integration",
	  calendar_integration,
	  LEN(calendar_integration),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Calendar Event Sync",
	  calendar_event_sync,
	  LEN(calendar_event_sync),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Booking",
	  meeting_booking,
	  LEN(meeting_booking),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Booking Assigned User",
	  meeting_booking_assigned_user,
	  LEN(meeting_booking_assigned_user),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Booking Participant",
	  meeting_booking_participant,
	  LEN(meeting_booking_participant),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Booking History",
	  meeting_booking_history,
	  LEN(meeting_booking_history),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Booking Assignment History",
	  meeting_booking_assignment_history,
	  LEN(meeting_booking_assignment_history),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Meeting Type", meeting_type, LEN(meeting_type), false, false, NULL, { NULL } },
	{ "MM User Settings", user_settings, LEN(user_settings), false, false, NULL, { NULL } },
	{ "MM User Availability Rule",
	  user_availability_rule,
	  LEN(user_availability_rule),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "MM User Date Overrides",
	  user_date_overrides,
	  LEN(user_date_overrides),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "MM Department", department, LEN(department), false, false, NULL, { NULL } },
	{ "MM Department Member",
	  department_member,
	  LEN(department_member),
	  true,
	  false,
	  NULL,
	  { NULL } },
	{ "Version", version, LEN(version), false, false, NULL, { "ref_doctype,docname" } },
	{ "Error Log", error_log, LEN(error_log), false, false, "MyISAM", { NULL } },
	{ "User", user, LEN(user), false, false, NULL, { NULL } },
	{ "Activity Log",
	  activity_log,
	  LEN(activity_log),
	  false,
	  true,
	  NULL,
	  { "reference_doctype,reference_name", "timeline_doctype,timeline_name" } },
	{ "Scheduled Job Log",
	  scheduled_job_log,
	  LEN(scheduled_job_log),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "Scheduled Job Type",
	  scheduled_job_type,
	  LEN(scheduled_job_type),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "Deleted Document",
	  deleted_document,
	  LEN(deleted_document),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "Comment",
	  comment,
	  LEN(comment),
	  false,
	  false,
	  NULL,
	  { "reference_doctype,reference_name" } },
	{ "Custom Field", custom_field, LEN(custom_field), false, false, NULL, { NULL } },
	{ "Property Setter",
	  property_setter,
	  LEN(property_setter),
	  false,
	  false,
	  NULL,
	  { NULL } },
	{ "User Permission",
	  user_permission,
	  LEN(user_permission),
	  false,
	  false,
	  NULL,
	  { NULL } },
};

const struct mms_frappe_doctype *
mms_frappe_doctypes(size_t *n)
{
	*n = MMS_COUNT(doctypes);
	return doctypes;
}
