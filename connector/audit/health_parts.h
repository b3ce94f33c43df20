/* What the files of health share. Private to audit/. */
#ifndef AUDIT_HEALTH_PARTS_H
#define AUDIT_HEALTH_PARTS_H

#include "mmsync/health.h"
#include "mmsync/str.h"

/* One more reason. hint and message may hold a failure; integration may be NULL. Errors: NOMEM. */
mms_rc
mms_health_add(struct mms_health *health, const char *code, enum mms_health_level severity,
	       const char *integration, const struct mms_str *hint,
	       const struct mms_str *message, struct mms_err *err) MMS_MUST_CHECK;

/* health_services.c: circuits of services as a whole, and of hosts of feeds. Errors: NOMEM. */
mms_rc mms_health_services(const struct mms_health_facts *facts, struct mms_health *out,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif
