/*
 * A page of events, read in place: checked whole first, so that of an answer that was cut off
 * nothing is believed, then handed out item by item from its one text (see wire.h).
 */
#include "mmsync/mem.h"
#include "wire.h"

void
wire_page_release(struct wire_page *page)
{
	if (page == NULL)
		return;
	mms_str_release(&page->text);
	mms_free(page->next);
	mms_free(page->cursor);
	*page = (struct wire_page){ 0 };
}

mms_rc
wire_not_a_list(const char *why, struct mms_err *err)
{
	mms_fail(err, MMS_E_RETRY,
		 "the answer was cut off or is no list of calendar events: %s", why);
	mms_blame(err, MMS_BLAME_CALENDAR);
	return mms_hint(err, "nothing of it was believed; the next run reads it again");
}

mms_rc
wire_page_check(struct mms_str *text, const struct wire_slot *slots, size_t n,
		struct mms_err *err)
{
	struct mms_jscan s;
	struct mms_jvalue top;

	mms_rc rc = wire_repair(text, err);
	if (rc != MMS_OK)
		return rc;
	mms_jscan_start(&s, mms_str_get(text), text->len);
	if (!mms_jscan_value(&s, &top))
		return wire_not_a_list(s.why, err);
	if (top.type != MMS_J_MAP)
		return wire_not_a_list("it is no JSON object", err);
	if (!wire_read_map(&s, &top, slots, n) || !mms_jscan_done(&s))
		return wire_not_a_list(s.why, err);
	return MMS_OK;
}

/* Stand before the first element of an array of a text that has been checked whole. False: it is no array. */
static bool
open_array(const struct mms_str *text, const struct mms_jvalue *array, struct mms_jscan *s)
{
	struct mms_jvalue opening;

	if (array->type != MMS_J_ARRAY)
		return false;
	mms_jscan_start(s, array->ptr, (size_t)(text->ptr + text->len - array->ptr));
	return mms_jscan_value(s, &opening);
}

mms_rc
wire_page_take(struct mms_str *text, const struct wire_page_parts *parts, struct wire_page *out,
	       struct mms_err *err)
{
	MMS_AUTO(wire_page) page = { 0 };

	mms_rc rc = wire_take_text(&parts->next, &page.next, err);
	if (rc == MMS_OK)
		rc = wire_take_text(&parts->cursor, &page.cursor, err);
	if (rc == MMS_OK && page.next != NULL && page.cursor != NULL)
		rc = wire_not_a_list("it is the last page and is not", err);
	if (rc != MMS_OK)
		return rc;
	page.text = *text;
	*text = (struct mms_str){ .max = text->max };
	page.has_items = open_array(&page.text, &parts->items, &page.scan);
	*out = page;
	page = (struct wire_page){ 0 };
	return MMS_OK;
}

mms_rc
wire_page_next(struct wire_page *page, struct mms_jvalue *item, bool *has, struct mms_err *err)
{
	*has = page->has_items && mms_jscan_more(&page->scan, NULL);
	if (!*has) {
		page->has_items = false;
		return MMS_OK;
	}
	page->n_items++;
	if (!mms_jscan_value(&page->scan, item))
		return mms_fail(err, MMS_E_BUG, "a page that was whole is not any more");
	return MMS_OK;
}
