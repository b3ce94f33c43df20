/* What doctor asks about services that are left alone. */
#include <stdio.h>

#include "doctor_parts.h"
#include "mmsync/circuit.h"
#include "mmsync/timetext.h"

static mms_rc
tell(struct mms_visit *visit, const struct mms_value *row)
{
	const struct mms_circuit_state circuit = { .state = MMS_CIRCUIT_OPEN,
						   .until_ms = row[1].i };
	const char *error = row[2].type != 0 ? row[2].ptr : "nothing is known of it";
	char text[MMS_TIME_TEXT_MAX];

	if (mms_circuit_at(&circuit, mms_clock_now_ms(NULL)) == MMS_CIRCUIT_OPEN)
		return mms_visit_found(
			visit, MMS_FINDING_NOTE, "circuits",
			"nothing, if the service has trouble; else see whether "
			"this machine reaches it. At once: mmsync sync "
			"--integration with one of its calendars",
			"%s failed its calendars one after the other, and is left "
			"alone until %s: %s",
			row[0].ptr, mms_time_print(circuit.until_ms, text), error);
	return mms_visit_found(visit, MMS_FINDING_NOTE, "circuits",
			       "nothing: mmsync sync --due, whoever starts it",
			       "%s failed its calendars one after the other, and the next sync "
			       "tries it: %s",
			       row[0].ptr, error);
}

mms_rc
mms_visit_ask_circuits(struct mms_visit *visit)
{
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;
	size_t n = 0;

	if (!mms_columns_has(visit->columns, "mmsync_circuit", "scope"))
		return MMS_OK; /* the schema has told it */
	mms_rc rc = mms_rows_open(&rows, visit->db, MMS_STMT_CIRCUITS_OPEN, NULL, visit->err);
	for (; rc == MMS_OK; n++) {
		rc = mms_rows_next(&rows, &row, visit->err);
		if (rc != MMS_OK || row == NULL)
			break;
		rc = tell(visit, row);
	}
	if (rc != MMS_OK || n > 0)
		return rc;
	return mms_visit_found(visit, MMS_FINDING_OK, "circuits", NULL,
			       "no service is left alone");
}
