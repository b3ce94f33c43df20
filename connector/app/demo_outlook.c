/* The part of the demonstration in which a person's calendar is in Outlook. */
#include "demo_calendar.h"

static const struct demo_person esha = {
	.email = "esha@example.com",
	.zone = "Asia/Kolkata",
	.integration = "MM-CI-esha@example.com-0005",
	.type = "Outlook Calendar",
	.access = "esha-access",
	.refresh = "esha-refresh",
	.lifetime_ms = -1000, /* over: the first sync renews it */
	.booking = "MM-MB-0003",
	.heads = { "AT OUTLOOK", "START (MUMBAI)", "END (MUMBAI)", "MAILED", "TEXT" },
	.n_heads = 5,
	.only = "Consultation",
};

static struct demo_span
span_at(const struct demo *demo, int day, int hour, int minute, int length_min)
{
	int end = hour * 60 + minute + length_min;

	return (struct demo_span){ mms_demo_time_at(demo, day, hour, minute),
				   mms_demo_time_at(demo, day, end / 60, end % 60) };
}

/* Three short meetings of which one is moved, out of office, a day of the team, a doctor. */
static mms_rc
add_esha(const struct demo *demo, struct mms_err *err)
{
	struct demo_span series = span_at(demo, 0, 4, 30, 15),
			 third = span_at(demo, 2, 4, 30, 15), late = span_at(demo, 2, 6, 0, 15),
			 fair = span_at(demo, 2, 8, 0, 240),
			 doctor = span_at(demo, 4, 5, 0, 60);
	struct demo_time team = mms_demo_time_at(demo, 3, 0, 0),
			 after = mms_demo_time_at(demo, 4, 0, 0);
	const char *day = third.from.typed; /* 2026-03-04T04:30:00Z */
	MMS_AUTO(mms_str) events = { 0 };

	mms_str_addf(&events, "series %s sync1 \"Short sync\" %s %s FREQ=DAILY;COUNT=3\n",
		     esha.email, series.from.typed, series.to.typed);
	mms_str_addf(&events, "change %s sync1_%.4s%.2s%.2sT043000Z start=%s end=%s\n",
		     esha.email, day, day + 5, day + 8, late.from.typed, late.to.typed);
	mms_str_addf(&events, "event %s fair1 \"Trade fair\" %s %s graph.showAs=oof\n",
		     esha.email, fair.from.typed, fair.to.typed);
	mms_str_addf(&events, "event %s team1 \"Team day\" %.10s %.10s\n", esha.email,
		     team.typed, after.typed);
	mms_str_addf(&events, "event %s doctor1 \"Doctor\" %s %s visibility=private\n",
		     esha.email, doctor.from.typed, doctor.to.typed);
	mms_rc rc = mms_str_check(&events, err);
	return rc == MMS_OK ? mms_demo_add_person(demo, &esha, mms_str_get(&events), err) : rc;
}

static mms_rc
tell_read(const struct demo *demo, struct mms_err *err)
{
	mms_demo_say("\n6. Esha in Mumbai has hers in Outlook, read through Microsoft Graph "
		     "(which is\n"
		     "   the same fake). Her access token is over: the sync first renews it, "
		     "and stores\n"
		     "   the refresh token that Microsoft replaces each time:");
	mms_rc rc = add_esha(demo, err);
	if (rc == MMS_OK)
		rc = mms_demo_sync(demo, &esha, err);
	if (rc == MMS_OK)
		rc = mms_demo_expect_new_refresh(demo, &esha, err);
	return rc == MMS_OK ? mms_demo_show_events(demo, "i.user = 'esha@example.com'", err)
			    : rc;
}

static mms_rc
tell_written(const struct demo *demo, struct mms_err *err)
{
	const struct demo_span booked = span_at(demo, 1, 9, 0, 60),
			       moved = span_at(demo, 1, 10, 30, 60);

	mms_demo_say("\n   A customer books her for Tuesday. Outlook would mail whoever is "
		     "invited, so\n   that the customer is only named in the text:");
	mms_rc rc = mms_demo_book(demo, &esha, &booked, err);
	if (rc == MMS_OK)
		rc = mms_demo_push(demo, &esha, err);
	if (rc != MMS_OK)
		return rc;
	mms_demo_say("\n   She moves it to four in the afternoon, and the booking follows:");
	return mms_demo_move(demo, &esha, &moved, err);
}

mms_rc
mms_demo_tell_outlook(const struct demo *demo, struct mms_err *err)
{
	mms_rc rc = tell_read(demo, err);
	return rc == MMS_OK ? tell_written(demo, err) : rc;
}
