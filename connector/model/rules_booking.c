/* The rules of MM Meeting Booking, in the order of its controller (people: rules_people.c). */
#include <string.h>

#include "mmsync/timetext.h"
#include "rules_booking_p.h"

#define HOUR_US INT64_C(3600000000)

static void
judge_meeting_type(struct judge *j, const struct mms_known_meeting_type *known)
{
	const enum mms_rule rule = MMS_RULE_MEETING_TYPE;
	const struct mms_field *type = &j->f[MMS_MB_TYPE];
	bool is_internal = mms_field_is_set(&j->f[MMS_MB_IS_INTERNAL]);

	if (!known->is_active) {
		MMS_FAULT_OF(j, rule,
			     "Meeting Type '{}' is not active. Please select an active meeting "
			     "type.",
			     type);
	}
	if (is_internal && !known->is_internal) {
		MMS_FAULT_OF(j, rule,
			     "Meeting Type '{}' is not available for internal meetings. Please "
			     "select a meeting type that allows internal meetings.",
			     type);
	}
	if (!is_internal && !known->is_public) {
		MMS_FAULT_OF(j, rule,
			     "Meeting Type '{}' is not available for public bookings. Please "
			     "select a meeting type that allows public bookings.",
			     type);
	}
}

/* What an insert takes over from the meeting type. */
static void
inherit(struct judge *j, const struct mms_known_meeting_type *known)
{
	struct mms_field *type = &j->f[MMS_MB_LOCATION_TYPE], *place = &j->f[MMS_MB_LOCATION];

	if (known->requires_approval) {
		j->f[MMS_MB_NEEDS_APPROVAL] = mms_field_int(1);
		j->f[MMS_MB_APPROVAL] = mms_field_text("Pending", strlen("Pending"));
	}
	if (!mms_field_is_set(type))
		*type = mms_field_text(known->location_type.ptr, known->location_type.len);
	if (!mms_field_is_set(place) && known->custom_location.len > 0)
		*place = mms_field_text(known->custom_location.ptr, known->custom_location.len);
}

static mms_rc
meeting_type_exists(struct judge *j, struct mms_err *err)
{
	struct mms_field *type = &j->f[MMS_MB_TYPE];
	struct mms_known_meeting_type known = { 0 };
	bool found = false;

	if (!mms_field_is_set(type)) {
		MMS_FAULT_OF(j, MMS_RULE_MEETING_TYPE, "Meeting Type is required.");
		return MMS_OK;
	}
	mms_rc rc = j->r->look->meeting_type(j->r->aux, type->text, &found, &known, err);
	if (rc != MMS_OK)
		return rc;
	if (!found) { /* what frappe.get_doc() says */
		MMS_FAULT_OF(j, MMS_RULE_MEETING_TYPE, "MM Meeting Type {} not found", type);
		return MMS_OK;
	}
	*type = mms_field_text(known.name.ptr, known.name.len);
	judge_meeting_type(j, &known);
	if (j->doc->is_new)
		inherit(j, &known);
	return MMS_OK;
}

static mms_rc
notice_of_user(struct judge *j, const struct mms_field *user, int64_t ahead_us,
	       struct mms_err *err)
{
	struct mms_known_availability known = { 0 };
	bool found = false;

	mms_rc rc = j->r->look->availability(j->r->aux, user->text, &found, &known, err);
	if (rc != MMS_OK || !found)
		return rc;
	struct mms_field days = mms_field_int(known.max_days_advance);
	struct mms_field hours = mms_field_int(known.min_notice_hours);
	if (ahead_us / MMS_DAY_US - (ahead_us % MMS_DAY_US < 0) > days.i) {
		MMS_FAULT_OF(j, MMS_RULE_TIMING,
			     "Booking is too far in advance for user '{}'. Maximum advance "
			     "booking is {} days.",
			     user, &days);
	}
	if ((double)ahead_us / HOUR_US < (double)hours.i) {
		MMS_FAULT_OF(j, MMS_RULE_TIMING,
			     "Booking does not meet minimum notice requirement for user '{}'. "
			     "Minimum notice is {} hours.",
			     user, &hours);
	}
	return MMS_OK;
}

/* A time with a zone: an insert compares it with now, an update leaves it to the column. */
static void
blame_zones(struct judge *j, const struct span *span)
{
	const char *key = span->start == MMS_DOCTIME_AWARE ? "start_datetime" : "end_datetime";
	const struct mms_field *value =
		&j->f[span->start == MMS_DOCTIME_AWARE ? MMS_MB_START : MMS_MB_END];
	struct mms_field column = mms_field_text(key, strlen(key));

	if (j->doc->is_new)
		MMS_FAULT_OF(j, MMS_RULE_TIMING,
			     "can't compare offset-naive and offset-aware datetimes");
	else
		MMS_FAULT_OF(j, MMS_RULE_TIMING,
			     "Incorrect datetime value: '{}' for column '{}' at row 1", value,
			     &column);
}

static mms_rc
timing(struct judge *j, struct span *span, struct mms_err *err)
{
	const struct mms_doc_table *users = &j->doc->tables[MMS_TABLE_ASSIGNED_USERS];
	mms_rc rc = MMS_OK;

	mms_rules_span(j, MMS_RULE_TIMING, &j->f[MMS_MB_START], &j->f[MMS_MB_END], span);
	if (span->start == MMS_DOCTIME_AWARE && span->end == MMS_DOCTIME_AWARE)
		blame_zones(j, span);
	if (!j->doc->is_new || span->start != MMS_DOCTIME_NAIVE)
		return MMS_OK;
	if (span->start_us < j->r->now_us)
		MMS_FAULT_OF(j, MMS_RULE_TIMING,
			     "Cannot create a booking in the past. Please select a future date "
			     "and time.");
	for (size_t i = 0; rc == MMS_OK && i < users->n; i++) {
		if (mms_field_is_set(&users->rows[i].f[MMS_AU_USER]))
			rc = notice_of_user(j, &users->rows[i].f[MMS_AU_USER],
					    span->start_us - j->r->now_us, err);
	}
	return rc;
}

static void
customer_details(struct judge *j)
{
	const enum mms_rule rule = MMS_RULE_CUSTOMER;
	const struct mms_field *email = &j->f[MMS_MB_CUSTOMER_EMAIL];
	const struct mms_field *phone = &j->f[MMS_MB_CUSTOMER_PHONE];

	if (mms_field_is_set(&j->f[MMS_MB_IS_INTERNAL]))
		return;
	if (!mms_field_is_set(&j->f[MMS_MB_CUSTOMER_NAME]))
		MMS_FAULT_OF(j, rule, "Customer Name is required for external bookings.");
	if (!mms_field_is_set(email))
		MMS_FAULT_OF(j, rule, "Customer Email is required for external bookings.");
	else if (mms_rules_is_text(j, rule, email, NULL) &&
		 !mms_email_matches(j->r->email, email->text.ptr, email->text.len))
		MMS_FAULT_OF(j, rule, "Invalid email format for Customer Email: '{}'", email);
	if (mms_field_is_set(phone) && mms_rules_is_text(j, rule, phone, NULL) &&
	    !mms_phone_is_valid(phone->text.ptr, phone->text.len))
		MMS_FAULT_OF(
			j, rule,
			"Invalid phone number format. Please provide a valid phone number.");
}

static void
approval_workflow(struct judge *j)
{
	struct mms_field *status = &j->f[MMS_MB_STATUS], *approval = &j->f[MMS_MB_APPROVAL];

	/* Sites without these columns have no approval; so has a document without them. */
	if (!mms_field_is_set(&j->f[MMS_MB_NEEDS_APPROVAL]))
		return;
	if (mms_field_is(approval, "Approved") && mms_field_is(status, "Pending"))
		*status = mms_field_text("Confirmed", strlen("Confirmed"));
	if (!mms_field_is(approval, "Rejected"))
		return;
	*status = mms_field_text("Cancelled", strlen("Cancelled"));
	if (!mms_field_is_set(&j->f[MMS_MB_REJECTION]))
		MMS_FAULT_OF(j, MMS_RULE_APPROVAL,
			     "Rejection Reason is required when rejecting a booking.");
}

static mms_rc
calendar_sync(struct judge *j, struct mms_err *err)
{
	struct mms_field *event = &j->f[MMS_MB_EVENT];
	struct mms_text name = { 0 };
	bool found = false;

	if (!mms_field_is_set(event)) {
		if (mms_field_is_set(&j->f[MMS_MB_IS_SYNCED])) {
			MMS_DOUBT_OF(
				j, MMS_RULE_CALENDAR_SYNC,
				"Warning: Calendar Event Synced is checked but no Calendar "
				"Event is linked.");
		}
		return MMS_OK;
	}
	mms_rc rc = j->r->look->event(j->r->aux, event->text, &found, &name, err);
	if (rc != MMS_OK)
		return rc;
	if (found)
		*event = mms_field_text(name.ptr, name.len);
	else
		MMS_FAULT_OF(j, MMS_RULE_CALENDAR_SYNC, "Calendar Event '{}' does not exist.",
			     event);
	return MMS_OK;
}

static void
location_settings(struct judge *j)
{
	const enum mms_rule rule = MMS_RULE_LOCATION;
	const struct mms_field *type = &j->f[MMS_MB_LOCATION_TYPE];
	const struct mms_field *url = &j->f[MMS_MB_VIDEO_URL];

	if (mms_field_is(type, "Video Call") && !mms_field_is_set(url))
		MMS_DOUBT_OF(
			j, rule,
			"Video Meeting URL is recommended when Location Type is 'Video Call'.");
	if (mms_field_is(type, "Physical Location") &&
	    !mms_field_is_set(&j->f[MMS_MB_LOCATION]))
		MMS_DOUBT_OF(j, rule,
			     "Meeting Location is recommended when Location Type is 'Physical "
			     "Location'.");
	if (mms_field_is_set(url) && mms_rules_is_text(j, rule, url, "startswith") &&
	    !mms_text_starts_with(url->text, "http://") &&
	    !mms_text_starts_with(url->text, "https://"))
		MMS_FAULT_OF(j, rule, "Video Meeting URL must start with http:// or https://");
}

static void
booking_status(struct judge *j, const struct span *span)
{
	const struct mms_field *status = &j->f[MMS_MB_STATUS];

	if (mms_field_is(status, "Cancelled") && !mms_field_is_set(&j->f[MMS_MB_CANCEL_REASON]))
		MMS_DOUBT_OF(j, MMS_RULE_STATUS,
			     "Cancellation Reason is recommended when cancelling a booking.");
	if ((mms_field_is(status, "No-Show") || mms_field_is(status, "Completed")) &&
	    span->start == MMS_DOCTIME_NAIVE && span->start_us > j->r->now_us) {
		MMS_FAULT_OF(
			j, MMS_RULE_STATUS,
			"Cannot mark a future booking as '{}'. This status can only be set "
			"for past bookings.",
			status);
	}
}

mms_rc
mms_rules_booking(struct judge *j, struct mms_err *err)
{
	struct span span;

	mms_rc rc = mms_rules_find_people(j, err);
	if (rc == MMS_OK)
		rc = meeting_type_exists(j, err);
	if (rc == MMS_OK)
		rc = timing(j, &span, err);
	if (rc != MMS_OK)
		return rc;
	customer_details(j);
	rc = mms_rules_assigned_users(j, err);
	if (rc == MMS_OK)
		rc = mms_rules_participants(j, err);
	if (rc != MMS_OK)
		return rc;
	approval_workflow(j);
	rc = calendar_sync(j, err);
	if (rc != MMS_OK)
		return rc;
	location_settings(j);
	booking_status(j, &span);
	mms_rules_history(j);
	return MMS_OK;
}
