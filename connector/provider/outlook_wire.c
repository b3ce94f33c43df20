/* What answers say beside their items: a page's links, a calendar's rights. */
#include "outlook_parts.h"
#include "wire_item.h"

static bool
is_link(const struct mms_jvalue *value)
{
	return value->type == MMS_J_NULL || value->type == MMS_J_TEXT;
}

mms_rc
outlook_page_open(struct mms_str *text, struct wire_page *out, struct mms_err *err)
{
	struct wire_page_parts parts = { 0 };
	const struct wire_slot slots[] = {
		WIRE_SLOT("value", &parts.items),
		WIRE_SLOT("@odata.nextLink", &parts.next),
		WIRE_SLOT("@odata.deltaLink", &parts.cursor),
	};

	mms_rc rc = wire_page_check(text, slots, MMS_COUNT(slots), err);
	if (rc != MMS_OK)
		return rc;
	if (parts.items.type != MMS_J_ARRAY)
		return wire_not_a_list("it has no value", err);
	/* Or the rest of the list would be missing, and nobody would know. */
	if (!is_link(&parts.next) || !is_link(&parts.cursor))
		return wire_not_a_list("it goes on at what is no address", err);
	return wire_page_take(text, &parts, out, err);
}

mms_rc
outlook_page_next(struct wire_page *page, const struct outlook_reader *reader,
		  struct outlook_item *out, bool *has, struct mms_err *err)
{
	struct mms_jvalue item;

	mms_rc rc = wire_page_next(page, &item, has, err);
	if (rc != MMS_OK || !*has)
		return rc;
	*out = (struct outlook_item){ 0 };
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
	    id.type != MMS_J_TEXT || id.len == 0) {
		mms_fail(err, MMS_E_RETRY, "the answer is no calendar: %s",
			 s.why != NULL ? s.why : "it has no id");
		return mms_blame(err, MMS_BLAME_CALENDAR);
	}
	*role = role_of(&edit, wire_is_true(&share) || wire_is_true(&is_default));
	return MMS_OK;
}
