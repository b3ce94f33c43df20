/* Occurrences of which a listing tells only when they are: the rest is their master's. */
#include <string.h>

#include "outlook_parts.h"
#include "wire_item.h"

static void
swap_texts(char **a, char **b)
{
	char *text = *a;

	*a = *b;
	*b = text;
}

mms_rc
outlook_item_fill(const struct outlook_reader *reader, struct mms_event *occurrence,
		  const struct mms_event *master, struct mms_err *err)
{
	MMS_AUTO(mms_event) full = { 0 };
	const struct mms_event *own = occurrence;

	mms_rc rc = mms_event_copy(master, &full, err);
	if (rc != MMS_OK)
		return rc;
	const struct wire_times times = { .day_zone = reader->day_zone,
					  .has_window = reader->has_window,
					  .from_ms = reader->from_ms,
					  .to_ms = reader->to_ms,
					  .event = &full };
	swap_texts(&full.external_id, &occurrence->external_id);
	swap_texts(&full.series_id, &occurrence->series_id);
	/* Each occurrence has one of its own, which nobody has told. */
	swap_texts(&full.ical_uid, &occurrence->ical_uid);
	swap_texts(&full.problem, &occurrence->problem);
	swap_texts(&full.warning, &occurrence->warning);
	if (own->version != NULL)
		swap_texts(&full.version, &occurrence->version);
	if (own->modified_ms != MMS_NO_TIME)
		full.modified_ms = own->modified_ms;
	full.start_ms = own->start_ms;
	full.end_ms = own->end_ms;
	full.first_day = full.end_day = 0;
	full.is_outside = own->is_outside;
	/* Marks are the master's: an occurrence never is ours. */
	full.mark = (struct mms_mark){ 0 };
	full.has_made_with = full.is_series = false;
	memset(full.made_with, 0, sizeof full.made_with);
	full.is_all_day = false;
	if (full.problem == NULL && (master->is_all_day || own->is_all_day))
		wire_set_days(&times, own->first_day, own->end_day);
	mms_event_release(occurrence);
	*occurrence = full;
	full = (struct mms_event){ 0 };
	return MMS_OK;
}
