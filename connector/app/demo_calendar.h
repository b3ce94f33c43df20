/* What the parts of the demonstration share that are told of a calendar with an account. */
#ifndef APP_DEMO_CALENDAR_H
#define APP_DEMO_CALENDAR_H

#include "demo.h"

/* A person with a calendar that is written to, too. Texts are static. */
struct demo_person {
	const char *email, *zone;
	const char *account; /* of a further calendar of theirs; NULL: that of the address */
	const char *integration, *type; /* of MM Calendar Integration            */
	const char *access, *refresh;   /* tokens of the fake, and nobody else's */
	int64_t lifetime_ms;            /* of the access token                   */
	const char *booking;
	/* Columns of the calendar as the service has it: title, start, end, who was mailed, text. */
	const char *heads[5];
	size_t n_heads;
	const char *only; /* events of this title alone; NULL: all */
};

/* demo_google.c: who is told of first, and again of busy blocks. */
extern const struct demo_person mms_demo_dora;

/* A script for the fake's control. */
mms_rc mms_demo_tell_fake(const struct demo *demo, const char *script,
			  struct mms_err *err) MMS_MUST_CHECK;
/*
 * The person, the calendar and its tokens, at the service and in Frappe; events: lines for the fake
 * that fill the calendar, whose id is the account.
 */
mms_rc mms_demo_add_person(const struct demo *demo, const struct demo_person *p,
			   const char *events, struct mms_err *err) MMS_MUST_CHECK;
/* Has the refresh token that is stored been replaced since? Errors: BUG (no). */
mms_rc mms_demo_expect_new_refresh(const struct demo *demo, const struct demo_person *p,
				   struct mms_err *err) MMS_MUST_CHECK;
/* What of an event is shown, times as clocks of the calendar's zone show them. */
struct demo_shown {
	char title[80], start[40], end[40], mailed[80], text[200], visibility[20];
	bool is_gone;
};
/* A calendar as the service has it, without what is gone. All zero is empty. */
struct mms_demo_calendar {
	struct demo_shown *items; /* owned */
	size_t n, cap;
};
void mms_demo_calendar_release(struct mms_demo_calendar *list);
mms_rc
mms_demo_load_calendar(const struct demo *demo, const struct demo_person *p,
		       struct mms_demo_calendar *out, struct mms_err *err) MMS_MUST_CHECK;
/* All that the service has of it, gone or not, word for word. */
mms_rc mms_demo_load_state(const struct demo *demo, const struct demo_person *p,
			   struct mms_str *out, struct mms_err *err) MMS_MUST_CHECK;
/* Times of an event. */
struct demo_span {
	struct demo_time from, to;
};
/* What the app's booking page saves. */
mms_rc mms_demo_book(const struct demo *demo, const struct demo_person *p,
		     const struct demo_span *span, struct mms_err *err) MMS_MUST_CHECK;
/* Push the booking, and show what the calendar then has. */
mms_rc mms_demo_push(const struct demo *demo, const struct demo_person *p,
		     struct mms_err *err) MMS_MUST_CHECK;
/* The person moves the booking's event; then the sync, and the booking with its history. */
mms_rc mms_demo_move(const struct demo *demo, const struct demo_person *p,
		     const struct demo_span *span, struct mms_err *err) MMS_MUST_CHECK;
mms_rc mms_demo_sync(const struct demo *demo, const struct demo_person *p,
		     struct mms_err *err) MMS_MUST_CHECK;

#endif
