/* What a page says beside its items: how it goes on, its calendar's zone, and our role there. */
#include <string.h>

#include "google_parts.h"

void
google_page_release(struct google_page *page)
{
	if (page == NULL)
		return;
	wire_page_release(&page->wire);
	*page = (struct google_page){ 0 };
}

enum mms_calendar_role
google_role(const struct mms_jvalue *value)
{
	char name[64];

	(void)wire_print_text(value, name, sizeof name);
	/* May write, but sees no details of private events. */
	if (strcmp(name, "writerWithoutPrivateAccess") == 0)
		return MMS_ROLE_WRITER;
	return mms_calendar_role_parse(name);
}

/* Where the system knows the calendar's zone; a zone that it does not know is nobody's fault. */
static mms_rc
find_zone(struct mms_zones *zones, const struct mms_jvalue *value, const struct mms_zone **out,
	  struct mms_err *err)
{
	char name[128];

	*out = NULL;
	if (zones == NULL || wire_print_text(value, name, sizeof name) == 0)
		return MMS_OK;
	mms_rc rc = mms_zones_find(zones, name, out, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	*out = NULL;
	return MMS_OK;
}

mms_rc
google_page_open(struct mms_zones *zones, struct mms_str *text, struct google_page *out,
		 struct mms_err *err)
{
	struct wire_page_parts parts = { 0 };
	struct mms_jvalue kind = { 0 }, zone = { 0 }, role = { 0 };
	struct google_page page = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("kind", &kind),
		WIRE_SLOT("items", &parts.items),
		WIRE_SLOT("nextPageToken", &parts.next),
		WIRE_SLOT("nextSyncToken", &parts.cursor),
		WIRE_SLOT("timeZone", &zone),
		WIRE_SLOT("accessRole", &role),
	};

	mms_rc rc = wire_page_check(text, slots, MMS_COUNT(slots), err);
	if (rc != MMS_OK)
		return rc;
	bool has_kind = wire_is_word(&kind, "calendar#events");
	if (kind.type != MMS_J_NULL && !has_kind)
		return wire_not_a_list("it says that it is something else", err);
	if (parts.items.type != MMS_J_ARRAY && (parts.items.type != MMS_J_NULL || !has_kind))
		return wire_not_a_list("it has no items", err);
	page.role = google_role(&role);
	rc = find_zone(zones, &zone, &page.zone, err);
	if (rc == MMS_OK)
		rc = wire_page_take(text, &parts, &page.wire, err);
	if (rc == MMS_OK)
		*out = page;
	return rc;
}

mms_rc
google_page_next(struct google_page *page, const struct google_reader *reader,
		 struct mms_event *out, bool *has, struct mms_err *err)
{
	struct mms_jvalue item;

	mms_rc rc = wire_page_next(&page->wire, &item, has, err);
	if (rc != MMS_OK || !*has)
		return rc;
	*out = (struct mms_event){ 0 };
	return google_item_read(reader, &page->wire.scan, &item, out, err);
}
