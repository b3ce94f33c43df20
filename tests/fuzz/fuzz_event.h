/* What every event is that a service's reader makes of whatever bytes. */
#ifndef FUZZ_FUZZ_EVENT_H
#define FUZZ_FUZZ_EVENT_H

#include <string.h>

#include "fuzz/fuzz.h"
#include "mmsync/event.h"
#include "mmsync/utf8.h"
#include "mmsync/zone.h"

/* Made once: the tz database does not change under us. */
static inline struct mms_zones *
fuzz_zones(void)
{
	static struct mms_zones *made;
	struct mms_err err = { 0 };

	if (made == NULL)
		FUZZ_CHECK(mms_zones_new(&made, &err) == MMS_OK);
	return made;
}

static inline void
fuzz_check_text(const char *text)
{
	FUZZ_CHECK(text == NULL || (text[0] != '\0' && mms_utf8_is_valid(text, strlen(text))));
}

static inline void
fuzz_check_event(const struct mms_event *e)
{
	fuzz_check_text(e->external_id);
	fuzz_check_text(e->series_id);
	fuzz_check_text(e->title);
	fuzz_check_text(e->description);
	fuzz_check_text(e->organizer_email);
	fuzz_check_text(e->problem);
	fuzz_check_text(e->warning);
	FUZZ_CHECK(e->n_attendees <= 2000);
	for (size_t i = 0; i < e->n_attendees; i++) {
		FUZZ_CHECK(e->attendees[i].email != NULL);
		fuzz_check_text(e->attendees[i].email);
		fuzz_check_text(e->attendees[i].display_name);
	}
	if (e->external_id == NULL || e->problem != NULL || e->is_gone)
		return;
	FUZZ_CHECK(e->start_ms != MMS_NO_TIME && e->end_ms >= e->start_ms);
	FUZZ_CHECK(!e->is_all_day || e->end_day > e->first_day);
}

#endif
