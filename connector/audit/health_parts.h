/* What the files of health share. Private to audit/. */
#ifndef AUDIT_HEALTH_PARTS_H
#define AUDIT_HEALTH_PARTS_H

#include "mmsync/health.h"

/* health_services.c: circuits of services as a whole, and of hosts of feeds. Errors: NOMEM. */
mms_rc mms_health_services(const struct mms_health_facts *facts, struct mms_health *out,
			   struct mms_err *err) MMS_MUST_CHECK;

#endif
