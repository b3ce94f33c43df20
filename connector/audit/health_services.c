/* What is the matter with services as a whole (see health_parts.h). */
#include "health_parts.h"

#include "mmsync/timetext.h"

static mms_rc
tell_one(const struct mms_circuit_row *row, enum mms_circuit at, struct mms_health *out,
	 struct mms_err *err)
{
	MMS_AUTO(mms_str) message = { 0 };
	MMS_AUTO(mms_str) hint = { 0 };
	char time[MMS_TIME_TEXT_MAX];

	mms_str_addf(&message, "%s: its calendars failed one after the other; ", row->scope);
	if (at == MMS_CIRCUIT_OPEN)
		mms_str_addf(&message, "all of them are left alone until %s",
			     mms_time_print(row->circuit.until_ms, time));
	else
		mms_str_add(&message, "one of them tries it next");
	mms_str_add(&hint,
		    "see the service's own status page and this machine's network; mmsync "
		    "sync --integration with one of its calendars tries it at once");
	return mms_health_add(out, "circuit_open", MMS_HEALTH_DEGRADED, NULL, &hint, &message,
			      err);
}

mms_rc
mms_health_services(const struct mms_health_facts *facts, struct mms_health *out,
		    struct mms_err *err)
{
	const struct mms_circuits *all = &facts->overview->circuits;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		enum mms_circuit at = mms_circuit_at(&all->items[i].circuit, facts->now_ms);
		if (at != MMS_CIRCUIT_CLOSED)
			rc = tell_one(&all->items[i], at, out, err);
	}
	return rc;
}
