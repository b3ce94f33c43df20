/* Refusals as all services tell them: what, where, and what to do about it. */
#include <stdio.h>

#include "service.h"

mms_rc
service_tell(const struct service *s, mms_rc code, const char *what,
	     const struct service_refusal *refusal, struct mms_err *err)
{
	bool has_code = refusal->code[0] != '\0', has_message = refusal->message[0] != '\0';

	mms_fail(err, code, "calendar '%s' of '%s': %s (%s answers %ld%s%s%s%s)", s->id,
		 s->calendar->integration, what, s->kind->name, refusal->status,
		 has_code ? ", " : "", refusal->code, has_message ? ": " : "",
		 refusal->message);
	return mms_blame_status(err, refusal->status);
}

/* The same of the service itself: "Google does not take this request". */
static mms_rc
tell_of_it(const struct service *s, mms_rc code, const char *what,
	   const struct service_refusal *refusal, struct mms_err *err)
{
	char text[128];

	(void)snprintf(text, sizeof text, "%s %s", s->kind->name, what);
	return service_tell(s, code, text, refusal, err);
}

mms_rc
service_tell_token(const struct service *s, const struct service_refusal *refusal,
		   struct mms_err *err)
{
	tell_of_it(s, refusal->is_write ? MMS_E_RETRY : MMS_E_AUTH,
		   "does not take the access token", refusal, err);
	return mms_hint(err, "connect '%s' again", s->calendar->integration);
}

mms_rc
service_tell_passing(const struct service *s, const struct service_refusal *refusal,
		     struct mms_err *err)
{
	tell_of_it(s, MMS_E_RETRY, "has trouble or wants fewer requests", refusal, err);
	return mms_hint(err, "nothing need be done: the next run tries again");
}

mms_rc
service_tell_elsewhere(const struct service *s, const struct service_refusal *refusal,
		       struct mms_err *err)
{
	service_tell(s, refusal->is_write ? MMS_E_RETRY : MMS_E_CONFIG,
		     "the answer leads to another address", refusal, err);
	return mms_hint(err, "check %s, and whether a proxy stands between", s->kind->setting);
}

mms_rc
service_tell_forbidden(const struct service *s, bool lacks_scope,
		       const struct service_refusal *refusal, struct mms_err *err)
{
	service_tell(s, refusal->is_write ? MMS_E_ITEM : MMS_E_CONFIG,
		     lacks_scope ? "the account has not allowed this access"
				 : "this account may not do that there",
		     refusal, err);
	if (lacks_scope)
		return mms_hint(err, "connect '%s' again and allow access to the calendar",
				s->calendar->integration);
	return mms_hint(err,
			refusal->is_write
				? "give the account of '%s' the right to change events of this "
				  "calendar, or make the integration read only"
				: "share the calendar with the account of '%s'",
			s->calendar->integration);
}

mms_rc
service_tell_refused(const struct service *s, const struct service_refusal *refusal,
		     struct mms_err *err)
{
	tell_of_it(s, refusal->is_write ? MMS_E_ITEM : MMS_E_CONFIG,
		   "does not take this request", refusal, err);
	if (refusal->is_write)
		return mms_hint(err,
				"correct what %s complains of in Frappe: saving it tries again",
				s->kind->name);
	return mms_hint(err, "check Calendar ID in '%s' and %s", s->calendar->integration,
			s->kind->setting);
}

mms_rc
service_tell_forgotten(const struct service *s, const struct service_refusal *refusal,
		       struct mms_err *err)
{
	return tell_of_it(s, MMS_E_RESYNC,
			  "has forgotten where the last sync ended: everything is read again",
			  refusal, err);
}
