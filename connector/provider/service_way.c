/* The way through a listing, page after page (see service.h). */
#include "service.h"

#include "mmsync/mem.h"

void
service_way_restart(struct service_way *way)
{
	mms_free(way->next);
	way->next = NULL;
	way->trail.n = 0;
}

void
service_way_release(struct service_way *way)
{
	if (way == NULL)
		return;
	mms_free(way->next);
	mms_free(way->cursor);
	wire_trail_release(&way->trail);
	*way = (struct service_way){ 0 };
}

mms_rc
service_follow(const struct service *s, struct wire_trail *trail, const char *text,
	       struct mms_err *err)
{
	bool is_circle = false;

	mms_rc rc = wire_trail_add(trail, text, &is_circle, err);
	if (rc != MMS_OK || !is_circle)
		return rc;
	mms_fail(err, MMS_E_RETRY, "calendar '%s' of '%s': %s's pages go in a circle", s->id,
		 s->calendar->integration, s->kind->name);
	mms_blame(err, MMS_BLAME_CALENDAR);
	return mms_hint(err,
			"nothing of the calendar was deleted; the next run reads it again");
}

mms_rc
service_go_on(const struct service *s, struct service_way *way, struct wire_page *page,
	      bool is_of_series, struct mms_err *err)
{
	mms_free(way->next);
	way->next = NULL;
	if (page->next != NULL) {
		mms_rc rc = service_follow(s, &way->trail, page->next, err);
		if (rc != MMS_OK)
			return rc;
		way->next = page->next;
		page->next = NULL;
		return MMS_OK;
	}
	way->trail.n = 0;
	if (is_of_series)
		return MMS_OK;
	if (page->cursor == NULL) {
		mms_fail(err, MMS_E_RETRY,
			 "calendar '%s' of '%s': the answer was cut off: it says "
			 "neither how it goes on nor where the next sync begins",
			 s->id, s->calendar->integration);
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	mms_free(way->cursor);
	way->cursor = page->cursor;
	page->cursor = NULL;
	return MMS_OK;
}
