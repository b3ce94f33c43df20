/* An answer that is no success: what it says, and what is to be done about it. */
#include <string.h>
#include <strings.h>

#include "outlook_parts.h"

/* ---- reading ------------------------------------------------------------------------------ */

/* "innerError", also "innererror": its code counts where the outer one says nothing. */
static bool
read_inner(struct mms_jscan *s, const struct mms_jvalue *value, struct mms_jvalue *code,
	   struct mms_jvalue *message)
{
	const struct wire_slot slots[] = {
		WIRE_SLOT("code", code),
		WIRE_SLOT("message", message),
	};

	return wire_read_map(s, value, slots, MMS_COUNT(slots));
}

static bool
is_inner(const struct mms_jvalue *key)
{
	return wire_is_word(key, "innerError") || wire_is_word(key, "innererror");
}

static bool
is_empty(const struct mms_jvalue *value)
{
	return value->type != MMS_J_TEXT || value->len == 0;
}

/* {"code", "message", "innerError"}, whose brace has been read. */
static void
read_error(struct mms_jscan *s, struct outlook_fault *out)
{
	struct mms_jvalue key, value, code = { 0 }, message = { 0 }, inner = { 0 },
				      said = { 0 };

	while (mms_jscan_more(s, &key) && mms_jscan_value(s, &value)) {
		if (wire_is_word(&key, "code"))
			code = value;
		if (wire_is_word(&key, "message"))
			message = value;
		if (is_inner(&key))
			(void)read_inner(s, &value, &inner, &said);
		else
			(void)mms_jscan_skip(s, &value);
	}
	if (s->why != NULL)
		return;
	wire_copy_clean(is_empty(&code) ? &inner : &code, out->code, sizeof out->code);
	wire_copy_clean(is_empty(&message) ? &said : &message, out->message,
			sizeof out->message);
}

void
outlook_fault_read(const char *body, size_t len, struct outlook_fault *out)
{
	struct mms_jscan s;
	struct mms_jvalue top, key, value;

	*out = (struct outlook_fault){ 0 };
	mms_jscan_start(&s, body, len);
	if (!mms_jscan_value(&s, &top) || top.type != MMS_J_MAP)
		return;
	while (mms_jscan_more(&s, &key) && mms_jscan_value(&s, &value)) {
		if (wire_is_word(&key, "error") && value.type == MMS_J_MAP)
			read_error(&s, out);
		else
			(void)mms_jscan_skip(&s, &value);
	}
	if (s.why != NULL)
		*out = (struct outlook_fault){ 0 };
}

bool
outlook_is_code(const struct outlook_fault *fault, const char *code)
{
	return strcasecmp(fault->code, code) == 0;
}

static bool
is_one_of(const struct outlook_fault *fault, const char *const *codes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (outlook_is_code(fault, codes[i]))
			return true;
	}
	return false;
}

/* ---- kinds -------------------------------------------------------------------------------- */

/* Whatever status they come with, they pass by themselves. */
static bool
is_passing_code(const struct outlook_fault *fault)
{
	static const char *const codes[] = {
		"ApplicationThrottled",
		"MailboxConcurrency",
		"TooManyRequests",
		"ErrorServerBusy",
		"ErrorTooManyObjectsOpened",
		"ErrorExceededConnectionCount",
		"ErrorMailboxMoveInProgress",
		"ErrorMailboxStoreUnavailable",
		"ErrorTimeoutExpired",
		"ErrorInternalServerTransientError",
	};

	return is_one_of(fault, codes, MMS_COUNT(codes));
}

bool
outlook_is_passing(const struct mms_http_answer *answer)
{
	struct outlook_fault fault;

	if (answer->status < 400)
		return false;
	outlook_fault_read(mms_str_get(&answer->body), answer->body.len, &fault);
	return is_passing_code(&fault);
}

/* Nothing is known of the events of a mailbox that cannot be reached, though it comes as a 404. */
static bool
is_no_mailbox(const struct outlook_fault *fault)
{
	static const char *const codes[] = {
		"MailboxNotEnabledForRESTAPI",
		"MailboxNotSupportedForRESTAPI",
		"ErrorNonExistentMailbox",
		"ErrorMailboxNotFound",
		"ErrorInvalidUser",
		"Request_ResourceNotFound",
		"OrganizationFromTenantGuidNotFound",
	};

	return is_one_of(fault, codes, MMS_COUNT(codes));
}

static bool
is_no_id(const struct outlook_fault *fault)
{
	static const char *const codes[] = { "ErrorInvalidIdMalformed", "ErrorInvalidId",
					     "ErrorInvalidIdEmpty",
					     "ErrorInvalidMailboxItemId" };

	return is_one_of(fault, codes, MMS_COUNT(codes));
}

static bool
is_write(enum outlook_asked asked)
{
	return asked == OUTLOOK_CREATE || asked == OUTLOOK_CHANGE || asked == OUTLOOK_DELETE ||
	       asked == OUTLOOK_BATCH;
}

static bool
is_one_event(enum outlook_asked asked)
{
	return asked == OUTLOOK_GET || asked == OUTLOOK_CHANGE || asked == OUTLOOK_DELETE;
}

/* ---- telling ------------------------------------------------------------------------------ */

static mms_rc
tell(const struct service *s, mms_rc code, const char *what, long status,
     const struct outlook_fault *fault, struct mms_err *err)
{
	return mms_fail(err, code, "calendar '%s' of '%s': %s (Microsoft answers %ld%s%s%s%s)",
			s->id, s->calendar->integration, what, status,
			fault->code[0] != '\0' ? ", " : "", fault->code,
			fault->message[0] != '\0' ? ": " : "", fault->message);
}

static mms_rc
tell_passing(const struct service *s, long status, const struct outlook_fault *fault,
	     struct mms_err *err)
{
	tell(s, MMS_E_RETRY, "Microsoft has trouble or wants fewer requests", status, fault,
	     err);
	return mms_hint(err, "nothing need be done: the next run tries again");
}

static mms_rc
tell_gone(const struct service *s, enum outlook_asked asked, long status,
	  const struct outlook_fault *fault, struct mms_err *err)
{
	if (asked == OUTLOOK_DELETE)
		return MMS_OK; /* what was wanted */
	if (is_one_event(asked))
		return tell(s, MMS_E_GONE, "the event does not exist any more", status, fault,
			    err);
	if (asked == OUTLOOK_SERIES)
		return tell(s, MMS_E_GONE, "the series does not exist any more", status, fault,
			    err);
	/* Neither a search nor a batch is of one calendar or event that could be gone. */
	if (asked == OUTLOOK_FIND || asked == OUTLOOK_BATCH) {
		tell(s, MMS_E_RETRY, "what every mailbox has is not there", status, fault, err);
		return mms_hint(err, "check microsoft.api_base");
	}
	tell(s, asked == OUTLOOK_CREATE ? MMS_E_RETRY : MMS_E_GONE,
	     "there is no such calendar, or this account may not see it any more", status,
	     fault, err);
	return mms_hint(err,
			"check Calendar ID in '%s', and in Outlook that the calendar exists "
			"and belongs to this account or is shared with it",
			s->calendar->integration);
}

static mms_rc
tell_no_mailbox(const struct service *s, enum outlook_asked asked, long status,
		const struct outlook_fault *fault, struct mms_err *err)
{
	tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_CONFIG,
	     "the account has no mailbox that can be reached", status, fault, err);
	return mms_hint(err,
			"check at Microsoft that the account of '%s' has a mailbox in Exchange "
			"Online and a licence for it",
			s->calendar->integration);
}

static mms_rc
tell_forbidden(const struct service *s, enum outlook_asked asked, long status,
	       const struct outlook_fault *fault, struct mms_err *err)
{
	bool lacks_scope = outlook_is_code(fault, "Authorization_RequestDenied") ||
			   strcasestr(fault->message, "insufficient privileges") != NULL ||
			   strcasestr(fault->message, "scope") != NULL;

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

/* Elsewhere is nowhere: the token is shown to no other host. Nothing is wrong with what was asked. */
static mms_rc
tell_elsewhere(const struct service *s, enum outlook_asked asked, long status,
	       const struct outlook_fault *fault, struct mms_err *err)
{
	tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_CONFIG,
	     "the answer leads to another address", status, fault, err);
	return mms_hint(err, "check microsoft.api_base, and whether a proxy stands between");
}

static mms_rc
tell_no_id(const struct service *s, enum outlook_asked asked, long status,
	   const struct outlook_fault *fault, struct mms_err *err)
{
	bool is_event = is_one_event(asked) || asked == OUTLOOK_SERIES;

	tell(s, is_write(asked) ? MMS_E_ITEM : MMS_E_CONFIG,
	     is_event ? "this account has no event with such an id"
		      : "this account has no calendar with such an id",
	     status, fault, err);
	if (is_event)
		return mms_hint(err,
				"was '%s' connected with another account? Connect it with the "
				"first one again",
				s->calendar->integration);
	return mms_hint(err, "check Calendar ID in '%s': empty is the account's own calendar",
			s->calendar->integration);
}

/* 400 and what has no meaning of its own. */
static mms_rc
tell_refused(const struct service *s, enum outlook_asked asked, long status,
	     const struct outlook_fault *fault, struct mms_err *err)
{
	tell(s, is_write(asked) ? MMS_E_ITEM : MMS_E_CONFIG,
	     "Microsoft does not take this request", status, fault, err);
	if (is_write(asked))
		return mms_hint(err, "correct what Microsoft complains of in Frappe: saving it "
				     "tries again");
	return mms_hint(err, "check Calendar ID in '%s' and microsoft.api_base",
			s->calendar->integration);
}

/* A version that is not the event's any more; of what is made there is none yet. */
static mms_rc
tell_conflict(const struct service *s, enum outlook_asked asked, long status,
	      const struct outlook_fault *fault, struct mms_err *err)
{
	bool is_version = status == 412 || outlook_is_code(fault, "ErrorIrresolvableConflict");

	if (asked == OUTLOOK_CREATE && status == 409 && !is_version)
		return tell(s, MMS_E_CONFLICT, "this event was made there already", status,
			    fault, err);
	if (is_version && (asked == OUTLOOK_CHANGE || asked == OUTLOOK_DELETE))
		return tell(s, MMS_E_CONFLICT, "the event was changed there meanwhile", status,
			    fault, err);
	return tell_passing(s, status, fault, err);
}

/* ---- judging ------------------------------------------------------------------------------ */

/*
 * Is the link what it does not like? The code says so on whatever status; a 410 that does not say that the calendar
 * is gone; a 400 of a link that it takes for no token of its own.
 */
static bool
is_link_dead(enum outlook_asked asked, long status, const struct outlook_fault *fault)
{
	if (asked != OUTLOOK_CHANGES && asked != OUTLOOK_LIST)
		return false;
	if (status != 400 && status != 404 && status != 410)
		return false;
	if (outlook_is_code(fault, "SyncStateNotFound") ||
	    outlook_is_code(fault, "SyncStateInvalid") ||
	    strncasecmp(fault->code, "resync", sizeof "resync" - 1) == 0)
		return true;
	if (status == 410)
		return !outlook_is_code(fault, "ErrorItemNotFound") && !is_no_mailbox(fault);
	return status == 400 && asked == OUTLOOK_CHANGES && !is_no_id(fault) &&
	       strcasestr(fault->message, "token") != NULL;
}

/* What the code says, whatever the status. *is_told false: nothing. */
static mms_rc
judge_code(const struct service *s, enum outlook_asked asked, long status,
	   const struct outlook_fault *fault, bool *is_told, struct mms_err *err)
{
	*is_told = true;
	if (is_passing_code(fault))
		return tell_passing(s, status, fault, err);
	if (is_no_mailbox(fault))
		return tell_no_mailbox(s, asked, status, fault, err);
	if (asked == OUTLOOK_CREATE && outlook_is_code(fault, "ErrorDuplicateTransactionId"))
		return tell(s, MMS_E_CONFLICT, "this event was made there already", status,
			    fault, err);
	if (is_no_id(fault))
		return tell_no_id(s, asked, status, fault, err);
	if (outlook_is_code(fault, "ErrorQuotaExceeded")) {
		tell(s, MMS_E_RETRY, "the mailbox is full", status, fault, err);
		return mms_hint(err, "make room in the mailbox of '%s'",
				s->calendar->integration);
	}
	*is_told = false;
	return MMS_OK;
}

static mms_rc
judge_status(const struct service *s, enum outlook_asked asked, long status,
	     const struct outlook_fault *fault, struct mms_err *err)
{
	if (status >= 500 || status == 408 || status == 425 || status == 429)
		return tell_passing(s, status, fault, err);
	if (status >= 300 && status < 400)
		return tell_elsewhere(s, asked, status, fault, err);
	if (status == 404 || status == 410 || outlook_is_code(fault, "ErrorItemNotFound"))
		return tell_gone(s, asked, status, fault, err);
	if (status == 403 || outlook_is_code(fault, "ErrorAccessDenied"))
		return tell_forbidden(s, asked, status, fault, err);
	if (status == 409 || status == 412 ||
	    outlook_is_code(fault, "ErrorIrresolvableConflict"))
		return tell_conflict(s, asked, status, fault, err);
	return tell_refused(s, asked, status, fault, err);
}

mms_rc
outlook_judge(const struct service *s, int kind, long status, const char *body, size_t len,
	      struct mms_err *err)
{
	const enum outlook_asked asked = (enum outlook_asked)kind;
	struct outlook_fault fault;
	bool is_told = false;

	if (status >= 200 && status < 300)
		return MMS_OK;
	outlook_fault_read(body, len, &fault);
	if (status == 401) {
		tell(s, is_write(asked) ? MMS_E_RETRY : MMS_E_AUTH,
		     "Microsoft does not take the access token", status, &fault, err);
		return mms_hint(err, "connect '%s' again", s->calendar->integration);
	}
	if (is_link_dead(asked, status, &fault))
		return mms_fail(err, MMS_E_RESYNC,
				"calendar '%s' of '%s': Microsoft has forgotten where the last "
				"sync ended (%ld%s%s): everything is read again",
				s->id, s->calendar->integration, status,
				fault.code[0] != '\0' ? ", " : "", fault.code);
	mms_rc rc = judge_code(s, asked, status, &fault, &is_told, err);
	return is_told ? rc : judge_status(s, asked, status, &fault, err);
}
