/* The list of providers, and what all of them share about pages. */
#include "mmsync/provider.h"

#include <string.h>

#include "mmsync/mem.h"

static const struct mms_provider providers[] = {
	{ "google", "Google Calendar", "Google Calendar", MMS_CAP_CURSOR | MMS_CAP_WRITE,
	  NULL },
	{ "outlook", "Outlook Calendar", "Outlook through Microsoft Graph",
	  MMS_CAP_CURSOR | MMS_CAP_WRITE, NULL },
	{ "ical", "iCal", "an iCal feed, read only", MMS_CAP_SHARED, &mms_feed_provider_ops },
};

const struct mms_provider *
mms_provider_find(const char *integration_type)
{
	for (size_t i = 0; integration_type != NULL && i < MMS_COUNT(providers); i++) {
		if (strcmp(providers[i].integration_type, integration_type) == 0)
			return &providers[i];
	}
	return NULL;
}

void
mms_page_clear(struct mms_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		mms_event_release(&page->events[i]);
	mms_free(page->cursor);
	*page = (struct mms_page){ .events = page->events, .cap = page->cap };
	page->next_entry_ms = MMS_NO_TIME;
}

void
mms_page_release(struct mms_page *page)
{
	if (page == NULL)
		return;
	mms_page_clear(page);
	mms_free(page->events);
	*page = (struct mms_page){ 0 };
}

struct mms_event *
mms_page_add(struct mms_page *page)
{
	struct mms_event *moved = mms_grow(page->events, page->n, &page->cap, sizeof *moved);

	if (moved == NULL)
		return NULL;
	page->events = moved;
	page->events[page->n] = (struct mms_event){ 0 };
	return &page->events[page->n++];
}
