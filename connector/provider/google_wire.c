/*
 * A page of events, read in place: checked whole first, so that of an answer that was cut off
 * nothing is believed, then handed out item by item from its one text.
 */
#include <stdlib.h>
#include <string.h>

#include "google_parts.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* ---- JSON in place ------------------------------------------------------------------------ */

static const struct google_slot *
find_slot(const struct google_slot *slots, size_t n, const struct mms_jvalue *key)
{
	for (size_t i = 0; i < n; i++) {
		if ((key->has_escape || key->len == slots[i].len) &&
		    mms_jscan_is(key, slots[i].name, slots[i].len))
			return &slots[i];
	}
	return NULL;
}

bool
google_read_map(struct mms_jscan *s, const struct mms_jvalue *value,
		const struct google_slot *slots, size_t n)
{
	struct mms_jvalue key, inner;

	if (value->type != MMS_J_MAP)
		return mms_jscan_skip(s, value);
	while (mms_jscan_more(s, &key)) {
		const struct google_slot *slot = find_slot(slots, n, &key);
		if (!mms_jscan_value(s, &inner) || !mms_jscan_skip(s, &inner))
			return false;
		if (slot != NULL)
			*slot->out = inner;
	}
	return s->why == NULL;
}

/* Leave NULs out: they would end a text before its end. Returns the new length. */
static size_t
squeeze(char *text, size_t len)
{
	const char *nul = memchr(text, '\0', len);
	size_t n = nul != NULL ? (size_t)(nul - text) : len;

	for (size_t i = n; i < len; i++) {
		if (text[i] != '\0')
			text[n++] = text[i];
	}
	return n;
}

mms_rc
google_take_text(const struct mms_jvalue *value, char **out, struct mms_err *err)
{
	mms_free(*out);
	*out = NULL;
	if (value->type != MMS_J_TEXT || value->len == 0)
		return MMS_OK;
	char *text = mms_text_copy_n(value->ptr, value->len);
	if (text == NULL)
		return mms_fail_nomem(err);
	size_t len = value->len;
	if (value->has_escape)
		len = squeeze(text, mms_jscan_decode(value, text));
	text[len] = '\0';
	if (len > 0)
		*out = text;
	else
		mms_free(text);
	return MMS_OK;
}

size_t
google_print_text(const struct mms_jvalue *value, char *buf, size_t size)
{
	size_t len = 0;

	if (value->type == MMS_J_TEXT && value->len < size)
		len = squeeze(buf, mms_jscan_decode(value, buf));
	buf[len] = '\0';
	return len;
}

bool
google_is_true(const struct mms_jvalue *value)
{
	return value->type == MMS_J_TRUE;
}

bool
google_is_word(const struct mms_jvalue *value, const char *word)
{
	return value->type == MMS_J_TEXT && mms_jscan_is(value, word, strlen(word));
}

mms_rc
google_repair(struct mms_str *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) good = { 0 };

	if (text->len == 0 || mms_utf8_is_valid(text->ptr, text->len))
		return MMS_OK;
	mms_utf8_add_repaired(&good, text->ptr, text->len);
	mms_rc rc = mms_str_check(&good, err);
	if (rc != MMS_OK)
		return rc;
	struct mms_str old = *text;
	*text = good;
	good = old;
	return MMS_OK;
}

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

	(void)google_print_text(value, name, sizeof name);
	/* May write, but sees no details of private events. */
	if (strcmp(name, "writerWithoutPrivateAccess") == 0)
		return MMS_ROLE_WRITER;
	return mms_calendar_role_parse(name);
}

static mms_rc
not_a_list(const char *why, struct mms_err *err)
{
	mms_fail(err, MMS_E_RETRY,
		 "the answer was cut off or is no list of calendar events: %s", why);
	return mms_hint(err, "nothing of it was believed; the next run reads it again");
}

/* The members of a page that are wanted, as they stand. */
struct members {
	struct mms_jvalue kind, items, next_page, next_sync, zone, role;
};

static mms_rc
check_whole(const struct mms_str *text, struct members *m, struct mms_err *err)
{
	const struct google_slot slots[] = {
		GOOGLE_SLOT("kind", &m->kind),
		GOOGLE_SLOT("items", &m->items),
		GOOGLE_SLOT("nextPageToken", &m->next_page),
		GOOGLE_SLOT("nextSyncToken", &m->next_sync),
		GOOGLE_SLOT("timeZone", &m->zone),
		GOOGLE_SLOT("accessRole", &m->role),
	};
	struct mms_jscan s;
	struct mms_jvalue top;

	mms_jscan_start(&s, mms_str_get(text), text->len);
	if (!mms_jscan_value(&s, &top))
		return not_a_list(s.why, err);
	if (top.type != MMS_J_MAP)
		return not_a_list("it is no JSON object", err);
	if (!google_read_map(&s, &top, slots, MMS_COUNT(slots)) || !mms_jscan_done(&s))
		return not_a_list(s.why, err);
	bool has_kind = google_is_word(&m->kind, "calendar#events");
	if (m->kind.type != MMS_J_NULL && !has_kind)
		return not_a_list("it says that it is something else", err);
	if (m->items.type != MMS_J_ARRAY && (m->items.type != MMS_J_NULL || !has_kind))
		return not_a_list("it has no items", err);
	return MMS_OK;
}

/* Where the system knows the calendar's zone; a zone that it does not know is nobody's fault. */
static mms_rc
find_zone(struct mms_zones *zones, const struct mms_jvalue *value, const struct mms_zone **out,
	  struct mms_err *err)
{
	char name[128];

	*out = NULL;
	if (zones == NULL || google_print_text(value, name, sizeof name) == 0)
		return MMS_OK;
	mms_rc rc = mms_zones_find(zones, name, out, err);
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	*out = NULL;
	return MMS_OK;
}

/* Stand before the first item. */
static void
open_items(struct google_page *page, const struct mms_jvalue *items)
{
	struct mms_jvalue array;

	if (items->type != MMS_J_ARRAY)
		return;
	const char *end = page->text.ptr + page->text.len;
	mms_jscan_start(&page->scan, items->ptr, (size_t)(end - items->ptr));
	page->has_items = mms_jscan_value(&page->scan, &array);
}

mms_rc
google_page_open(struct mms_zones *zones, struct mms_str *text, struct google_page *out,
		 struct mms_err *err)
{
	struct members m = { 0 };
	struct google_page page = { 0 };

	mms_rc rc = google_repair(text, err);
	if (rc == MMS_OK)
		rc = check_whole(text, &m, err);
	if (rc == MMS_OK)
		rc = google_take_text(&m.next_page, &page.next_page, err);
	if (rc == MMS_OK)
		rc = google_take_text(&m.next_sync, &page.next_sync, err);
	if (rc == MMS_OK && page.next_page != NULL && page.next_sync != NULL)
		rc = not_a_list("it is the last page and is not", err);
	if (rc == MMS_OK)
		rc = find_zone(zones, &m.zone, &page.zone, err);
	if (rc != MMS_OK) {
		google_page_release(&page);
		return rc;
	}
	page.role = google_role(&m.role);
	page.text = *text;
	*text = (struct mms_str){ .max = text->max };
	open_items(&page, &m.items);
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
