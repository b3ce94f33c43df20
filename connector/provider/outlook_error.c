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
tell_gone(const struct service *s, enum outlook_asked asked,
	  const struct service_refusal *refusal, struct mms_err *err)
{
	if (asked == OUTLOOK_DELETE)
		return MMS_OK; /* what was wanted */
	if (is_one_event(asked))
		return service_tell(s, MMS_E_GONE, "the event does not exist any more", refusal,
				    err);
	if (asked == OUTLOOK_SERIES)
		return service_tell(s, MMS_E_GONE, "the series does not exist any more",
				    refusal, err);
	/* Neither a search nor a batch is of one calendar or event that could be gone. */
	if (asked == OUTLOOK_FIND || asked == OUTLOOK_BATCH) {
		service_tell(s, MMS_E_RETRY, "what every mailbox has is not there", refusal,
			     err);
		return mms_hint(err, "check %s", s->kind->setting);
	}
	service_tell(s, asked == OUTLOOK_CREATE ? MMS_E_RETRY : MMS_E_GONE,
		     "there is no such calendar, or this account may not see it any more",
		     refusal, err);
	return mms_hint(err,
			"check Calendar ID in '%s', and in Outlook that the calendar exists "
			"and belongs to this account or is shared with it",
			s->calendar->integration);
}

static mms_rc
tell_no_mailbox(const struct service *s, const struct service_refusal *refusal,
		struct mms_err *err)
{
	service_tell(s, refusal->is_write ? MMS_E_RETRY : MMS_E_CONFIG,
		     "the account has no mailbox that can be reached", refusal, err);
	return mms_hint(err,
			"check at Microsoft that the account of '%s' has a mailbox in Exchange "
			"Online and a licence for it",
			s->calendar->integration);
}

static mms_rc
tell_forbidden(const struct service *s, const struct outlook_fault *fault,
	       const struct service_refusal *refusal, struct mms_err *err)
{
	bool lacks_scope = outlook_is_code(fault, "Authorization_RequestDenied") ||
			   strcasestr(fault->message, "insufficient privileges") != NULL ||
			   strcasestr(fault->message, "scope") != NULL;

	return service_tell_forbidden(s, lacks_scope, refusal, err);
}

static mms_rc
tell_no_id(const struct service *s, enum outlook_asked asked,
	   const struct service_refusal *refusal, struct mms_err *err)
{
	bool is_event = is_one_event(asked) || asked == OUTLOOK_SERIES;

	service_tell(s, refusal->is_write ? MMS_E_ITEM : MMS_E_CONFIG,
		     is_event ? "this account has no event with such an id"
			      : "this account has no calendar with such an id",
		     refusal, err);
	if (is_event)
		return mms_hint(err,
				"was '%s' connected with another account? Connect it with the "
				"first one again",
				s->calendar->integration);
	return mms_hint(err, "check Calendar ID in '%s': empty is the account's own calendar",
			s->calendar->integration);
}

/* A version that is not the event's any more; of what is made there is none yet. */
static mms_rc
tell_conflict(const struct service *s, enum outlook_asked asked, bool is_version,
	      const struct service_refusal *refusal, struct mms_err *err)
{
	if (asked == OUTLOOK_CREATE && !is_version)
		return service_tell(s, MMS_E_CONFLICT, "this event was made there already",
				    refusal, err);
	if (is_version && (asked == OUTLOOK_CHANGE || asked == OUTLOOK_DELETE))
		return service_tell(s, MMS_E_CONFLICT, "the event was changed there meanwhile",
				    refusal, err);
	return service_tell_passing(s, refusal, err);
}

/* ---- judging ------------------------------------------------------------------------------ */

/*
 * Is the link what it does not like? The code says so on whatever status; a 410 that does not say that the calendar
 * is gone; of a link that was stored a 400 that takes it for no token of its own, and an id that is none: the link is
 * all that was sent, so the id is in it, as that of another mailbox is.
 */
static bool
is_link_dead(enum outlook_asked asked, long status, const struct outlook_fault *fault)
{
	if (asked != OUTLOOK_CHANGES && asked != OUTLOOK_LIST)
		return false;
	if (status != 400 && status != 404 && status != 410)
		return false;
	/* SyncStateNotFound, SyncStateInvalid, ErrorInvalidSyncStateData, and what else they call it. */
	if (strcasestr(fault->code, "SyncState") != NULL ||
	    strncasecmp(fault->code, "resync", sizeof "resync" - 1) == 0)
		return true;
	if (status == 410)
		return !outlook_is_code(fault, "ErrorItemNotFound") && !is_no_mailbox(fault);
	if (asked != OUTLOOK_CHANGES)
		return false;
	return is_no_id(fault) ||
	       (status == 400 && strcasestr(fault->message, "token") != NULL);
}

/* What the code says, whatever the status. *is_told false: nothing. */
static mms_rc
judge_code(const struct service *s, enum outlook_asked asked, const struct outlook_fault *fault,
	   const struct service_refusal *refusal, bool *is_told, struct mms_err *err)
{
	*is_told = true;
	if (is_passing_code(fault))
		return service_tell_passing(s, refusal, err);
	if (is_no_mailbox(fault))
		return tell_no_mailbox(s, refusal, err);
	if (asked == OUTLOOK_CREATE && outlook_is_code(fault, "ErrorDuplicateTransactionId"))
		return tell_conflict(s, asked, false, refusal, err);
	if (outlook_is_code(fault, "ErrorIrresolvableConflict"))
		return tell_conflict(s, asked, true, refusal, err);
	if (is_no_id(fault))
		return tell_no_id(s, asked, refusal, err);
	if (outlook_is_code(fault, "ErrorQuotaExceeded")) {
		service_tell(s, MMS_E_RETRY, "the mailbox is full", refusal, err);
		return mms_hint(err, "make room in the mailbox of '%s'",
				s->calendar->integration);
	}
	*is_told = false;
	return MMS_OK;
}

static mms_rc
judge_status(const struct service *s, enum outlook_asked asked,
	     const struct outlook_fault *fault, const struct service_refusal *refusal,
	     struct mms_err *err)
{
	long status = refusal->status;

	if (status >= 500 || status == 408 || status == 425 || status == 429)
		return service_tell_passing(s, refusal, err);
	if (status >= 300 && status < 400)
		return service_tell_elsewhere(s, refusal, err);
	if (status == 404 || status == 410 || outlook_is_code(fault, "ErrorItemNotFound"))
		return tell_gone(s, asked, refusal, err);
	if (status == 403 || outlook_is_code(fault, "ErrorAccessDenied"))
		return tell_forbidden(s, fault, refusal, err);
	if (status == 409 || status == 412)
		return tell_conflict(s, asked, status == 412, refusal, err);
	return service_tell_refused(s, refusal, err);
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
	const struct service_refusal refusal = { status, fault.code, fault.message,
						 is_write(asked) };
	if (status == 401)
		return service_tell_token(s, &refusal, err);
	if (is_link_dead(asked, status, &fault))
		return service_tell_forgotten(s, &refusal, err);
	mms_rc rc = judge_code(s, asked, &fault, &refusal, &is_told, err);
	return is_told ? rc : judge_status(s, asked, &fault, &refusal, err);
}
