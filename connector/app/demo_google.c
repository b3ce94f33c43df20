/* The part of the demonstration in which a booking lives in a Google calendar. */
#include "demo_calendar.h"

const struct demo_person mms_demo_dora = {
	.email = "dora@example.com",
	.zone = "Europe/Madrid",
	.integration = "MM-CI-dora@example.com-0004",
	.type = "Google Calendar",
	.access = "dora-access",
	.refresh = "dora-refresh",
	.lifetime_ms = INT64_C(3599000),
	.booking = "MM-MB-0002",
	.heads = { "AT GOOGLE", "START (MADRID)", "END (MADRID)" },
	.n_heads = 3,
};

static mms_rc
add_dora(const struct demo *demo, struct mms_err *err)
{
	struct demo_time start = mms_demo_time_at(demo, 2, 12, 0),
			 end = mms_demo_time_at(demo, 2, 13, 30);
	MMS_AUTO(mms_str) events = { 0 };

	mms_str_addf(&events, "event %s review1 \"Design review\" %s %s\n", mms_demo_dora.email,
		     start.typed, end.typed);
	mms_rc rc = mms_str_check(&events, err);
	return rc == MMS_OK
		       ? mms_demo_add_person(demo, &mms_demo_dora, mms_str_get(&events), err)
		       : rc;
}

static mms_rc
tell_booked(const struct demo *demo, struct mms_err *err)
{
	const struct demo_span span = { mms_demo_time_at(demo, 2, 9, 0),
					mms_demo_time_at(demo, 2, 10, 0) };

	mms_demo_say("\n5. Dora in Madrid has a Google calendar, connected and two-way. "
		     "(Google is a\n"
		     "   fake on this machine.) A customer books her for Wednesday; Frappe "
		     "saves the\n"
		     "   booking and has it pushed:");
	mms_rc rc = add_dora(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_book(demo, &mms_demo_dora, &span, err);
	return rc == MMS_OK ? mms_demo_push(demo, &mms_demo_dora, err) : rc;
}

static mms_rc
tell_moved(const struct demo *demo, const struct demo_span *span, struct mms_err *err)
{
	const char *const state[] = { "booking", "status", mms_demo_dora.booking, NULL };
	int status = 0;

	mms_demo_say("\n   Dora drags it to half past eleven in her calendar. The next sync "
		     "reads that,\n   and her own appointment, and the booking follows:");
	mms_rc rc = mms_demo_move(demo, &mms_demo_dora, span, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, state, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "booking status", err) : rc;
}

static mms_rc
tell_cancelled(const struct demo *demo, const struct demo_span *span, struct mms_err *err)
{
	MMS_AUTO(mms_str) cancel = { 0 };
	const char *const slot[] = { "check-slot",     "--user", mms_demo_dora.email, "--start",
				     span->from.typed, "--end",  span->to.typed,      NULL };
	int status = 0;

	mms_str_addf(&cancel,
		     "UPDATE `tabMM Meeting Booking` SET booking_status = 'Cancelled', "
		     "cancellation_reason = 'Fallen ill', modified = NOW(6) WHERE name = '%s'",
		     mms_demo_dora.booking);
	const char *const statements[] = { mms_str_get(&cancel) };
	mms_demo_say("\n   While it stands she is not free then:");
	mms_rc rc = mms_demo_show(demo, slot, &status, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect(status, 0, "check-slot", err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\n   The customer cancels. The event goes, her own stays, and the hour "
		     "is free:");
	rc = mms_demo_run_sql(demo, statements, MMS_COUNT(statements), err);
	if (rc == MMS_OK)
		rc = mms_demo_push(demo, &mms_demo_dora, err);
	if (rc == MMS_OK)
		rc = mms_demo_show(demo, slot, &status, err);
	return rc == MMS_OK ? mms_demo_expect(status, 0, "check-slot", err) : rc;
}

mms_rc
mms_demo_tell_google(const struct demo *demo, struct mms_err *err)
{
	const struct demo_span moved = { mms_demo_time_at(demo, 2, 10, 30),
					 mms_demo_time_at(demo, 2, 11, 30) };

	mms_rc rc = tell_booked(demo, err);
	if (rc == MMS_OK)
		rc = tell_moved(demo, &moved, err);
	return rc == MMS_OK ? tell_cancelled(demo, &moved, err) : rc;
}
