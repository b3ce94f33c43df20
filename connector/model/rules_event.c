/* The rules of MM Calendar Event Sync, in the order of its controller. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/attendees.h"
#include "mmsync/timetext.h"
#include "rules_p.h"

#define HOUR_US INT64_C(3600000000)
/* Older than this many days: is it worth syncing? */
#define OLD_DAYS 730
/* Event and booking may differ by this. */
#define TOLERANCE_US (300 * INT64_C(1000000))

static mms_rc
integration_exists(struct judge *j, struct mms_err *err)
{
	struct mms_field *field = &j->f[MMS_EV_INTEGRATION];
	struct mms_known_integration known = { 0 };
	bool found = false;

	if (!mms_field_is_set(field)) {
		MMS_FAULT_OF(j, MMS_RULE_INTEGRATION_EXISTS,
			     "Calendar Integration is required.");
		return MMS_OK;
	}
	mms_rc rc = j->r->look->integration(j->r->aux, field->text, &found, &known, err);
	if (rc != MMS_OK)
		return rc;
	if (!found) {
		MMS_FAULT_OF(j, MMS_RULE_INTEGRATION_EXISTS,
			     "Calendar Integration '{}' does not exist.", field);
		return MMS_OK;
	}
	*field = mms_field_text(known.name.ptr, known.name.len);
	if (!known.is_active) {
		MMS_DOUBT_OF(j, MMS_RULE_INTEGRATION_EXISTS,
			     "Warning: Calendar Integration '{}' is not active. This event may "
			     "not sync properly.",
			     field);
	}
	return MMS_OK;
}

static mms_rc
external_id_is_unique(struct judge *j, struct mms_err *err)
{
	struct mms_field *id = &j->f[MMS_EV_EXTERNAL_ID];
	struct mms_field *integration = &j->f[MMS_EV_INTEGRATION];
	bool is_taken = false;

	if (!mms_field_is_set(id)) {
		MMS_FAULT_OF(j, MMS_RULE_EXTERNAL_ID_UNIQUE, "External Event ID is required.");
		return MMS_OK;
	}
	if (!mms_field_is_set(integration))
		return MMS_OK;
	mms_rc rc = j->r->look->external_id_taken(j->r->aux, integration->text, id->text,
						  mms_judge_self(j), &is_taken, err);
	if (rc == MMS_OK && is_taken) {
		MMS_FAULT_OF(
			j, MMS_RULE_EXTERNAL_ID_UNIQUE,
			"External Event ID '{}' already exists in calendar integration '{}'. "
			"Each event must have a unique external ID.",
			id, integration);
	}
	return rc;
}

/* Days as Python's timedelta has them: rounded down. */
static int64_t
floor_days(int64_t us)
{
	return us / MMS_DAY_US - (us % MMS_DAY_US < 0);
}

static void
timing(struct judge *j, struct span *span)
{
	mms_rules_span(j, MMS_RULE_EVENT_TIMING, &j->f[MMS_EV_START], &j->f[MMS_EV_END], span);
	if (span->start == MMS_DOCTIME_AWARE && span->end == MMS_DOCTIME_AWARE) {
		MMS_FAULT_OF(j, MMS_RULE_EVENT_TIMING,
			     "can't subtract offset-naive and offset-aware datetimes");
		return;
	}
	if (span->is_known && span->end_us - span->start_us > 24 * HOUR_US) {
		char text[160];
		double hours = (double)(span->end_us - span->start_us) / 1000000.0 / 3600.0;
		int n = snprintf(text, sizeof text,
				 "Warning: This event has a duration of %.1f hours (> 24 "
				 "hours). Please verify the event timing is correct.",
				 hours);
		mms_verdict_addn(j->v, MMS_SEVERITY_WARNING, MMS_RULE_EVENT_TIMING, text,
				 (size_t)n);
	}
	if (span->start != MMS_DOCTIME_NAIVE)
		return;
	struct mms_field days = mms_field_int(floor_days(j->r->now_us - span->start_us));
	if (days.i > OLD_DAYS) {
		MMS_DOUBT_OF(j, MMS_RULE_EVENT_TIMING,
			     "Warning: This event started {} days ago. Very old events may not "
			     "need to be synced.",
			     &days);
	}
}

static mms_rc
attendees(struct judge *j, struct mms_err *err)
{
	const struct mms_field *field = &j->f[MMS_EV_ATTENDEES];
	enum mms_attendees ignored;

	if (!mms_field_is_set(field))
		return MMS_OK;
	/* A text is JSON; a list is what it is: its JSON stands in the document's. */
	if (field->type == MMS_F_TEXT || field->type == MMS_F_LIST)
		return mms_attendees_judge(j->r->email, field->text.ptr, field->text.len, j->v,
					   &ignored, err);
	MMS_FAULT_OF(j, MMS_RULE_ATTENDEES,
		     "Attendees must be a JSON array of email addresses or objects.");
	return MMS_OK;
}

static void
organizer(struct judge *j)
{
	const struct mms_field *field = &j->f[MMS_EV_ORGANIZER];

	if (!mms_field_is_set(field) || !mms_rules_is_text(j, MMS_RULE_ORGANIZER, field, NULL))
		return;
	if (!mms_email_matches(j->r->email, field->text.ptr, field->text.len))
		MMS_FAULT_OF(j, MMS_RULE_ORGANIZER,
			     "Invalid email format for Organizer Email: '{}'", field);
}

static bool
is_far(int64_t a_us, int64_t b_us)
{
	return a_us > b_us ? a_us - b_us > TOLERANCE_US : b_us - a_us > TOLERANCE_US;
}

static mms_rc
booking_link(struct judge *j, const struct span *span, struct mms_err *err)
{
	struct mms_field *field = &j->f[MMS_EV_BOOKING];
	struct mms_known_booking known = { 0 };
	bool found = false, is_linked = false;

	if (!mms_field_is_set(field))
		return MMS_OK;
	mms_rc rc = j->r->look->booking(j->r->aux, field->text, &found, &known, err);
	if (rc != MMS_OK)
		return rc;
	if (!found)
		MMS_FAULT_OF(j, MMS_RULE_BOOKING_LINK, "Meeting Booking '{}' does not exist.",
			     field);
	else
		*field = mms_field_text(known.name.ptr, known.name.len);
	rc = j->r->look->booking_linked(j->r->aux, field->text, mms_judge_self(j), &is_linked,
					err);
	if (rc != MMS_OK)
		return rc;
	if (is_linked) {
		MMS_DOUBT_OF(
			j, MMS_RULE_BOOKING_LINK,
			"Warning: Meeting Booking '{}' is already linked to another "
			"calendar event. Multiple calendar events for the same booking may "
			"cause sync conflicts.",
			field);
	}
	if (found && span->is_known && known.start_us != MMS_NO_TIME &&
	    known.end_us != MMS_NO_TIME &&
	    (is_far(span->start_us, known.start_us) || is_far(span->end_us, known.end_us)))
		MMS_DOUBT_OF(j, MMS_RULE_BOOKING_LINK,
			     "Warning: Event timing does not match linked Meeting Booking "
			     "timing. This may indicate a sync issue.");
	return MMS_OK;
}

mms_rc
mms_rules_event(struct judge *j, struct mms_err *err)
{
	struct span span;

	mms_rc rc = integration_exists(j, err);
	if (rc == MMS_OK)
		rc = external_id_is_unique(j, err);
	if (rc != MMS_OK)
		return rc;
	timing(j, &span);
	rc = attendees(j, err);
	if (rc != MMS_OK)
		return rc;
	organizer(j);
	return booking_link(j, &span, err);
}
