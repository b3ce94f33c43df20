/*
 * A page of events, read in place: checked whole first, so that of an answer that was cut off
 * nothing is believed, then handed out item by item from its one text.
 */
#include <stdlib.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"
#include "wire_item.h"

/* ---- pages -------------------------------------------------------------------------------- */

void
google_page_release(struct google_page *page)
{
	if (page == NULL)
		return;
	mms_str_release(&page->text);
	mms_free(page->next_page);
	mms_free(page->next_sync);
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

/* The members of a page that are wanted, as they stand. */
struct members {
	struct mms_jvalue kind, items, next_page, next_sync, zone, role;
};

static mms_rc
check_whole(const struct mms_str *text, struct members *m, struct mms_err *err)
{
	const struct wire_slot slots[] = {
		WIRE_SLOT("kind", &m->kind),
		WIRE_SLOT("items", &m->items),
		WIRE_SLOT("nextPageToken", &m->next_page),
		WIRE_SLOT("nextSyncToken", &m->next_sync),
		WIRE_SLOT("timeZone", &m->zone),
		WIRE_SLOT("accessRole", &m->role),
	};
	struct mms_jscan s;
	struct mms_jvalue top;

	mms_jscan_start(&s, mms_str_get(text), text->len);
	if (!mms_jscan_value(&s, &top))
		return wire_not_a_list(s.why, err);
	if (top.type != MMS_J_MAP)
		return wire_not_a_list("it is no JSON object", err);
	if (!wire_read_map(&s, &top, slots, MMS_COUNT(slots)) || !mms_jscan_done(&s))
		return wire_not_a_list(s.why, err);
	bool has_kind = wire_is_word(&m->kind, "calendar#events");
	if (m->kind.type != MMS_J_NULL && !has_kind)
		return wire_not_a_list("it says that it is something else", err);
	if (m->items.type != MMS_J_ARRAY && (m->items.type != MMS_J_NULL || !has_kind))
		return wire_not_a_list("it has no items", err);
	return MMS_OK;
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
	struct members m = { 0 };
	struct google_page page = { 0 };

	mms_rc rc = wire_repair(text, err);
	if (rc == MMS_OK)
		rc = check_whole(text, &m, err);
	if (rc == MMS_OK)
		rc = wire_take_text(&m.next_page, &page.next_page, err);
	if (rc == MMS_OK)
		rc = wire_take_text(&m.next_sync, &page.next_sync, err);
	if (rc == MMS_OK && page.next_page != NULL && page.next_sync != NULL)
		rc = wire_not_a_list("it is the last page and is not", err);
	if (rc == MMS_OK)
		rc = find_zone(zones, &m.zone, &page.zone, err);
	if (rc != MMS_OK) {
		google_page_release(&page);
		return rc;
	}
	page.role = google_role(&m.role);
	page.text = *text;
	*text = (struct mms_str){ .max = text->max };
	page.has_items = wire_open_array(&page.text, &m.items, &page.scan);
	*out = page;
	return MMS_OK;
}

mms_rc
google_page_next(struct google_page *page, const struct google_reader *reader,
		 struct mms_event *out, bool *has, struct mms_err *err)
{
	struct mms_jvalue item;

	*has = page->has_items && mms_jscan_more(&page->scan, NULL);
	if (!*has) {
		page->has_items = false;
		return MMS_OK;
	}
	page->n_items++;
	*out = (struct mms_event){ 0 };
	if (!mms_jscan_value(&page->scan, &item))
		return mms_fail(err, MMS_E_BUG, "a page that was whole is not any more");
	return google_item_read(reader, &page->scan, &item, out, err);
}
