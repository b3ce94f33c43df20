/* What the files of doctor's questions share. */
#ifndef FRAPPE_DOCTOR_PARTS_H
#define FRAPPE_DOCTOR_PARTS_H

#include "mmsync/columns.h"
#include "mmsync/doctor.h"

/* One look at a site's database. */
struct mms_visit {
	struct mms_db *db;
	const struct mms_site *site;
	const struct mms_columns *columns; /* NULL until read */
	struct mms_findings *out;
	struct mms_err *err;
};

/* A question: what it finds is added to visit->out. Errors: what the database says. */
typedef mms_rc mms_visit_question(struct mms_visit *visit);

/* Add a finding; remedy may be NULL. Errors: NOMEM. */
mms_rc
mms_visit_found(struct mms_visit *visit, enum mms_finding_state state, const char *object,
		const char *remedy, const char *fmt, ...) MMS_PRINTF(5, 6);

/* doctor_server.c */
mms_visit_question mms_visit_ask_limits, mms_visit_ask_leases;
/* doctor_circuits.c */
mms_visit_question mms_visit_ask_circuits;
/* doctor_tokens.c */
mms_visit_question mms_visit_ask_google, mms_visit_ask_microsoft, mms_visit_ask_tokens;

#endif
