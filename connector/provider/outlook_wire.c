/*
 * A page of events, read in place: checked whole first, so that of an answer that was cut off
 * nothing is believed, then handed out item by item from its one text.
 */
#include "mmsync/mem.h"
#include "outlook_parts.h"
#include "wire_item.h"

void
outlook_page_release(struct outlook_page *page)
{
	if (page == NULL)
		return;
	mms_str_release(&page->text);
	mms_free(page->next_link);
	mms_free(page->delta_link);
	*page = (struct outlook_page){ 0 };
}

/* The members of a page that are wanted, as they stand. */
struct members {
	struct mms_jvalue value, next_link, delta_link;
};

static bool
is_link(const struct mms_jvalue *value)
{
	return value->type == MMS_J_NULL || value->type == MMS_J_TEXT;
}

static mms_rc
check_whole(const struct mms_str *text, struct members *m, struct mms_err *err)
{
	const struct wire_slot slots[] = {
		WIRE_SLOT("value", &m->value),
		WIRE_SLOT("@odata.nextLink", &m->next_link),
		WIRE_SLOT("@odata.deltaLink", &m->delta_link),
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
	if (m->value.type != MMS_J_ARRAY)
		return wire_not_a_list("it has no value", err);
	/* Or the rest of the list would be missing, and nobody would know. */
	if (!is_link(&m->next_link) || !is_link(&m->delta_link))
		return wire_not_a_list("it goes on at what is no address", err);
	return MMS_OK;
}

mms_rc
outlook_page_open(struct mms_str *text, struct outlook_page *out, struct mms_err *err)
{
	struct members m = { 0 };
	struct outlook_page page = { 0 };

	mms_rc rc = wire_repair(text, err);
	if (rc == MMS_OK)
		rc = check_whole(text, &m, err);
	if (rc == MMS_OK)
		rc = wire_take_text(&m.next_link, &page.next_link, err);
	if (rc == MMS_OK)
		rc = wire_take_text(&m.delta_link, &page.delta_link, err);
	if (rc == MMS_OK && page.next_link != NULL && page.delta_link != NULL)
		rc = wire_not_a_list("it is the last page and is not", err);
	if (rc != MMS_OK) {
		outlook_page_release(&page);
		return rc;
	}
	page.text = *text;
	*text = (struct mms_str){ .max = text->max };
	page.has_items = wire_open_array(&page.text, &m.value, &page.scan);
	*out = page;
	return MMS_OK;
}

mms_rc
outlook_page_next(struct outlook_page *page, const struct outlook_reader *reader,
		  struct outlook_item *out, bool *has, struct mms_err *err)
{
	struct mms_jvalue item;

	*has = page->has_items && mms_jscan_more(&page->scan, NULL);
	if (!*has) {
		page->has_items = false;
		return MMS_OK;
	}
	page->n_items++;
	*out = (struct outlook_item){ 0 };
	if (!mms_jscan_value(&page->scan, &item))
		return mms_fail(err, MMS_E_BUG, "a page that was whole is not any more");
	return outlook_item_read(reader, &page->scan, &item, out, err);
}

/* Who may share a calendar is whose it is. */
static enum mms_calendar_role
role_of(const struct mms_jvalue *may_edit, bool is_own)
{
	if (wire_is_true(may_edit))
		return is_own ? MMS_ROLE_OWNER : MMS_ROLE_WRITER;
	return may_edit->type == MMS_J_FALSE ? MMS_ROLE_READER : MMS_ROLE_UNKNOWN;
}

mms_rc
outlook_calendar_read(const char *text, size_t len, enum mms_calendar_role *role,
		      struct mms_err *err)
{
	MMS_AUTO(mms_str) copy = { 0 };
	struct mms_jvalue id = { 0 }, edit = { 0 }, share = { 0 }, is_default = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("id", &id),
		WIRE_SLOT("canEdit", &edit),
		WIRE_SLOT("canShare", &share),
		WIRE_SLOT("isDefaultCalendar", &is_default),
	};
	struct mms_jscan s;
	struct mms_jvalue top;

	mms_rc rc = wire_open(text, len, &copy, &s, &top, err);
	if (rc != MMS_OK)
		return rc;
	if (!wire_read_map(&s, &top, slots, MMS_COUNT(slots)) || !mms_jscan_done(&s) ||
	    id.type != MMS_J_TEXT || id.len == 0)
		return mms_fail(err, MMS_E_RETRY, "the answer is no calendar: %s",
				s.why != NULL ? s.why : "it has no id");
	*role = role_of(&edit, wire_is_true(&share) || wire_is_true(&is_default));
	return MMS_OK;
}
