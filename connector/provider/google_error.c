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

static mms_rc
tell_gone(const struct service *s, enum google_asked asked,
	  const struct service_refusal *refusal, struct mms_err *err)
{
	if (asked == GOOGLE_DELETE)
		return MMS_OK; /* what was wanted */
	if (is_one_event(asked))
		return service_tell(s, MMS_E_GONE, "the event does not exist any more", refusal,
				    err);
	if (asked == GOOGLE_SERIES)
		return service_tell(s, MMS_E_GONE, "the series does not exist any more",
				    refusal, err);
	service_tell(s, asked == GOOGLE_CREATE ? MMS_E_RETRY : MMS_E_GONE,
		     "there is no such calendar, or this account may not see it any more",
		     refusal, err);
	return mms_hint(err,
			"check Calendar ID in '%s', and at Google that the calendar exists "
			"and is shared with this account",
			s->calendar->integration);
}

static mms_rc
tell_quota(const struct service *s, bool is_daily, const struct google_fault *fault,
	   struct mms_err *err)
{
	mms_fail_wait(err, mms_clock_now_ms(s->env->clock) + QUOTA_WAIT_MS,
		      "calendar '%s' of '%s': Google has seen too much of this %s (%s)", s->id,
		      s->calendar->integration,
		      is_daily ? "project for today" : "account for a while", fault->reason);
	return mms_hint(err, "nothing need be done: it is tried again in an hour");
}

static mms_rc
tell_403(const struct service *s, const struct google_fault *fault,
	 const struct service_refusal *refusal, struct mms_err *err)
{
	bool is_daily = is_reason(fault, "dailyLimitExceeded");

	if (is_daily || is_reason(fault, "quotaExceeded") ||
	    is_reason(fault, "calendarUsageLimitsExceeded"))
		return tell_quota(s, is_daily, fault, err);
	if (is_reason(fault, "accessNotConfigured") ||
	    has_word(fault->message, "has not been used in project")) {
		service_tell(s, refusal->is_write ? MMS_E_RETRY : MMS_E_CONFIG,
			     "the project does not have the Google Calendar API switched on",
			     refusal, err);
		return mms_hint(err, "switch it on in the Google Cloud project of the OAuth "
				     "client");
	}
	bool lacks_scope = is_reason(fault, "insufficientPermissions") ||
			   has_word(fault->message, "insufficient authentication scopes");
	return service_tell_forbidden(s, lacks_scope, refusal, err);
}

static mms_rc
tell_conflict(const struct service *s, enum google_asked asked,
	      const struct service_refusal *refusal, struct mms_err *err)
{
	if (asked == GOOGLE_CREATE && refusal->status == 409)
		return service_tell(s, MMS_E_CONFLICT, "an event with this id is there already",
				    refusal, err);
	if (refusal->is_write && refusal->status == 412)
		return service_tell(s, MMS_E_CONFLICT, "the event was changed there meanwhile",
				    refusal, err);
	return service_tell_passing(s, refusal, err);
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
	const struct service_refusal refusal = { status, fault.reason, fault.message,
						 is_write(asked) };
	if (status >= 200 && status < 300)
		return MMS_OK;
	if (status == 401)
		return service_tell_token(s, &refusal, err);
	if (google_is_rate_limit(status, &fault) || status >= 500 || status == 408 ||
	    status == 425)
		return service_tell_passing(s, &refusal, err);
	if (is_token_dead(asked, status, &fault))
		return service_tell_forgotten(s, &refusal, err);
	if (status >= 300 && status < 400)
		return service_tell_elsewhere(s, &refusal, err);
	if (status == 404 || status == 410)
		return tell_gone(s, asked, &refusal, err);
	if (status == 403)
		return tell_403(s, &fault, &refusal, err);
	if (status == 409 || status == 412)
		return tell_conflict(s, asked, &refusal, err);
	return service_tell_refused(s, &refusal, err);
}
