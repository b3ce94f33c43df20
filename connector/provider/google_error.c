/* An answer that is no success: what it says, and what is to be done about it. */
#include <stdio.h>
#include <string.h>

#include "google_parts.h"

/* How long a calendar is left alone after "Calendar usage limits exceeded". */
#define QUOTA_WAIT_MS INT64_C(3600000)

/* ---- reading ------------------------------------------------------------------------------ */

static bool
has_word(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* error.errors[]: the first that has a reason. */
static void
read_errors(struct mms_jscan *s, const struct mms_jvalue *value, struct google_fault *out)
{
	struct mms_jvalue one;

	if (value->type != MMS_J_ARRAY) {
		(void)mms_jscan_skip(s, value);
		return;
	}
	while (mms_jscan_more(s, NULL) && mms_jscan_value(s, &one)) {
		struct mms_jvalue reason = { 0 }, location = { 0 }, message = { 0 };
		const struct wire_slot slots[] = {
			WIRE_SLOT("reason", &reason),
			WIRE_SLOT("location", &location),
			WIRE_SLOT("message", &message),
		};
		if (!wire_read_map(s, &one, slots, MMS_COUNT(slots)))
			return;
		if (out->reason[0] != '\0' || reason.type != MMS_J_TEXT)
			continue;
		wire_copy_clean(&reason, out->reason, sizeof out->reason);
		wire_copy_clean(&location, out->location, sizeof out->location);
		wire_copy_clean(&message, out->message, sizeof out->message);
	}
}

/* The words of newer front ends, which come without errors[]. */
static void
take_status(const struct mms_jvalue *value, struct google_fault *out)
{
	static const struct {
		const char *status, *reason;
	} rows[] = {
		{ "RESOURCE_EXHAUSTED", "rateLimitExceeded" },
		{ "PERMISSION_DENIED", "forbidden" },
		{ "NOT_FOUND", "notFound" },
		{ "ALREADY_EXISTS", "duplicate" },
		{ "UNAVAILABLE", "backendError" },
		{ "INVALID_ARGUMENT", "invalid" },
	};

	for (size_t i = 0; out->reason[0] == '\0' && i < MMS_COUNT(rows); i++) {
		if (wire_is_word(value, rows[i].status))
			(void)snprintf(out->reason, sizeof out->reason, "%s", rows[i].reason);
	}
}

void
google_fault_read(const char *body, size_t len, struct google_fault *out)
{
	struct mms_jscan s;
	struct mms_jvalue top, key, value, message = { 0 }, status = { 0 };

	*out = (struct google_fault){ 0 };
	mms_jscan_start(&s, body, len);
	if (!mms_jscan_value(&s, &top) || top.type != MMS_J_MAP)
		return;
	while (mms_jscan_more(&s, &key) && mms_jscan_value(&s, &value)) {
		if (!mms_jscan_is(&key, "error", 5) || value.type != MMS_J_MAP) {
			(void)mms_jscan_skip(&s, &value);
			continue;
		}
		while (mms_jscan_more(&s, &key) && mms_jscan_value(&s, &value)) {
			if (mms_jscan_is(&key, "message", 7))
				message = value;
			if (mms_jscan_is(&key, "status", 6))
				status = value;
			if (mms_jscan_is(&key, "errors", 6))
				read_errors(&s, &value, out);
			else
				(void)mms_jscan_skip(&s, &value);
		}
	}
	if (s.why != NULL)
		return;
	if (out->message[0] == '\0')
		wire_copy_clean(&message, out->message, sizeof out->message);
	take_status(&status, out);
	out->names_sync_token = has_word(out->location, "syncToken") ||
				has_word(out->message, "syncToken") ||
				has_word(out->message, "sync token");
}

static bool
is_reason(const struct google_fault *fault, const char *reason)
{
	return strcmp(fault->reason, reason) == 0;
}

bool
google_is_rate_limit(long status, const struct google_fault *fault)
{
	return status == 429 || (status == 403 && (is_reason(fault, "rateLimitExceeded") ||
						   is_reason(fault, "userRateLimitExceeded")));
}

bool
google_is_passing(const struct mms_http_answer *answer)
{
	struct google_fault fault;

	if (answer->status != 403)
		return false;
	google_fault_read(mms_str_get(&answer->body), answer->body.len, &fault);
	return google_is_rate_limit(answer->status, &fault);
}

/* ---- telling ------------------------------------------------------------------------------ */

static bool
is_write(enum google_asked asked)
{
	return asked == GOOGLE_CREATE || asked == GOOGLE_CHANGE || asked == GOOGLE_DELETE ||
	       asked == GOOGLE_BATCH;
}

static bool
is_one_event(enum google_asked asked)
{
	return asked == GOOGLE_GET || asked == GOOGLE_CHANGE || asked == GOOGLE_DELETE;
}

/* " (notFound: Not Found)", for the end of a sentence. */
static void
add_fault(struct mms_str *out, long status, const struct google_fault *fault)
{
	mms_str_addf(out, "Google answers %ld", status);
	if (fault->reason[0] != '\0')
		mms_str_addf(out, ", %s", fault->reason);
	if (fault->message[0] != '\0')
		mms_str_addf(out, ": %s", fault->message);
}

static mms_rc
tell(const struct service *s, mms_rc code, const char *what, long status,
     const struct google_fault *fault, struct mms_err *err)
{
	MMS_AUTO(mms_str) said = { 0 };

	add_fault(&said, status, fault);
	return mms_fail(err, code, "calendar '%s' of '%s': %s (%s)", s->id,
			s->calendar->integration, what, mms_str_get(&said));
}

static mms_rc
tell_gone(const struct service *s, enum google_asked asked, long status,
	  const struct google_fault *fault, struct mms_err *err)
{
	if (asked == GOOGLE_DELETE)
		return MMS_OK; /* what was wanted */
	if (is_one_event(asked))
		return tell(s, MMS_E_GONE, "the event does not exist any more", status, fault,
			    err);
	if (asked == GOOGLE_SERIES)
		return tell(s, MMS_E_GONE, "the series does not exist any more", status, fault,
			    err);
	tell(s, asked == GOOGLE_CREATE ? MMS_E_RETRY : MMS_E_GONE,
	     "there is no such calendar, or this account may not see it any more", status,
	     fault, err);
	return mms_hint(err,
			"check Calendar ID in '%s', and at Google that the calendar exists "
			"and is shared with this account",
			s->calendar->integration);
}

static mms_rc
tell_forbidden(const struct service *s, enum google_asked asked, long status,
	       const struct google_fault *fault, struct mms_err *err)
{
	if (is_reason(fault, "accessNotConfigured") ||
	    has_word(fault->message, "has not been used in project")) {
		tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_CONFIG,
		     "the project does not have the Google Calendar API switched on", status,
		     fault, err);
		return mms_hint(err, "switch it on in the Google Cloud project of the OAuth "
				     "client");
	}
	bool lacks_scope = is_reason(fault, "insufficientPermissions") ||
			   has_word(fault->message, "insufficient authentication scopes");
	tell(s, is_write(asked) ? MMS_E_ITEM : MMS_E_CONFIG,
	     lacks_scope ? "the account has not allowed this access"
			 : "this account may not do that there",
	     status, fault, err);
	if (lacks_scope)
		return mms_hint(err, "connect '%s' again and allow access to the calendar",
				s->calendar->integration);
	return mms_hint(err,
			is_write(asked)
				? "give the account of '%s' the right to change events of this "
				  "calendar, or make the integration read only"
				: "share the calendar with the account of '%s'",
			s->calendar->integration);
}

static mms_rc
tell_403(const struct service *s, enum google_asked asked, long status,
	 const struct google_fault *fault, struct mms_err *err)
{
	bool is_daily = is_reason(fault, "dailyLimitExceeded");

	if (is_daily || is_reason(fault, "quotaExceeded") ||
	    is_reason(fault, "calendarUsageLimitsExceeded")) {
		mms_fail_wait(err, mms_clock_now_ms(s->env->clock) + QUOTA_WAIT_MS,
			      "calendar '%s' of '%s': Google has seen too much of this %s (%s)",
			      s->id, s->calendar->integration,
			      is_daily ? "project for today" : "account for a while",
			      fault->reason);
		return mms_hint(err, "nothing need be done: it is tried again in an hour");
	}
	return tell_forbidden(s, asked, status, fault, err);
}

static mms_rc
tell_passing(const struct service *s, long status, const struct google_fault *fault,
	     struct mms_err *err)
{
	tell(s, MMS_E_RETRY, "Google has trouble or wants fewer requests", status, fault, err);
	return mms_hint(err, "nothing need be done: the next run tries again");
}

/* Elsewhere is nowhere: the token is shown to no other host. Nothing is wrong with what was asked. */
static mms_rc
tell_elsewhere(const struct service *s, enum google_asked asked, long status,
	       const struct google_fault *fault, struct mms_err *err)
{
	tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_CONFIG,
	     "the answer leads to another address", status, fault, err);
	return mms_hint(err, "check google.api_base, and whether a proxy stands between");
}

/* 400 and what has no meaning of its own. */
static mms_rc
tell_refused(const struct service *s, enum google_asked asked, long status,
	     const struct google_fault *fault, struct mms_err *err)
{
	tell(s, is_write(asked) ? MMS_E_ITEM : MMS_E_CONFIG,
	     "Google does not take this request", status, fault, err);
	if (is_write(asked))
		return mms_hint(err, "correct what Google complains of in Frappe: saving it "
				     "tries again");
	return mms_hint(err, "check Calendar ID in '%s' and google.api_base",
			s->calendar->integration);
}

static mms_rc
tell_conflict(const struct service *s, enum google_asked asked, long status,
	      const struct google_fault *fault, struct mms_err *err)
{
	if (asked == GOOGLE_CREATE && status == 409)
		return tell(s, MMS_E_CONFLICT, "an event with this id is there already", status,
			    fault, err);
	if (is_write(asked) && status == 412)
		return tell(s, MMS_E_CONFLICT, "the event was changed there meanwhile", status,
			    fault, err);
	return tell_passing(s, status, fault, err);
}

/* Is the sync token what it does not like? A deleted event or calendar says so. */
static bool
is_token_dead(enum google_asked asked, long status, const struct google_fault *fault)
{
	if (asked != GOOGLE_CHANGES && asked != GOOGLE_LIST)
		return false;
	if (status == 410)
		return !is_reason(fault, "deleted");
	return status == 400 && fault->names_sync_token;
}

mms_rc
google_judge(const struct service *s, int kind, long status, const char *body, size_t len,
	     struct mms_err *err)
{
	const enum google_asked asked = (enum google_asked)kind;
	struct google_fault fault;

	google_fault_read(body, len, &fault);
	if (status >= 200 && status < 300)
		return MMS_OK;
	if (status == 401) {
		tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_AUTH,
		     "Google does not take the access token", status, &fault, err);
		return mms_hint(err, "connect '%s' again", s->calendar->integration);
	}
	if (google_is_rate_limit(status, &fault) || status >= 500 || status == 408 ||
	    status == 425)
		return tell_passing(s, status, &fault, err);
	if (is_token_dead(asked, status, &fault))
		return mms_fail(err, MMS_E_RESYNC,
				"calendar '%s' of '%s': Google has forgotten where the last "
				"sync ended (%ld): everything is read again",
				s->id, s->calendar->integration, status);
	if (status >= 300 && status < 400)
		return tell_elsewhere(s, asked, status, &fault, err);
	if (status == 404 || status == 410)
		return tell_gone(s, asked, status, &fault, err);
	if (status == 403)
		return tell_403(s, asked, status, &fault, err);
	if (status == 409 || status == 412)
		return tell_conflict(s, asked, status, &fault, err);
	return tell_refused(s, asked, status, &fault, err);
}
