/* The lengths of a calendar's events (see the header). */
#include "mmsync/longest.h"

#include <stdlib.h>
#include <string.h>

#include "mmsync/json.h"
#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

void
mms_longest_release(struct mms_longest *longest)
{
	if (longest == NULL)
		return;
	for (size_t i = 0; i < longest->n_apart; i++)
		mms_free(longest->apart[i].external_id);
	*longest = (struct mms_longest){ 0 };
}

static int64_t
length_of(const struct mms_long_event *event)
{
	return event->end_us - event->start_us;
}

static void
raise_bound(struct mms_longest *longest, int64_t length_us)
{
	if (length_us > longest->bound_us)
		longest->bound_us = length_us;
}

static struct mms_long_event *
find_shortest(struct mms_longest *longest)
{
	struct mms_long_event *shortest = &longest->apart[0];

	for (size_t i = 1; i < longest->n_apart; i++) {
		if (length_of(&longest->apart[i]) < length_of(shortest))
			shortest = &longest->apart[i];
	}
	return shortest;
}

static bool
is_noted(const struct mms_longest *longest, const char *external_id, int64_t start_us,
	 int64_t end_us)
{
	for (size_t i = 0; i < longest->n_apart; i++) {
		const struct mms_long_event *event = &longest->apart[i];
		if (event->start_us == start_us && event->end_us == end_us &&
		    strcmp(event->external_id, external_id) == 0)
			return true;
	}
	return false;
}

mms_rc
mms_longest_note(struct mms_longest *longest, const char *external_id, int64_t start_us,
		 int64_t end_us, struct mms_err *err)
{
	int64_t length_us;

	if (end_us <= start_us || __builtin_sub_overflow(end_us, start_us, &length_us))
		return MMS_OK;
	if (length_us <= MMS_LONGEST_SHORT_US || length_us <= longest->bound_us ||
	    external_id == NULL) {
		raise_bound(longest, length_us);
		return MMS_OK;
	}
	if (is_noted(longest, external_id, start_us, end_us))
		return MMS_OK;
	struct mms_long_event *slot = &longest->apart[longest->n_apart];
	if (longest->n_apart == MMS_LONGEST_APART) {
		slot = find_shortest(longest);
		if (length_us <= length_of(slot)) {
			raise_bound(longest, length_us);
			return MMS_OK;
		}
	}
	char *id = mms_text_copy(external_id);
	if (id == NULL)
		return mms_fail_nomem(err);
	if (longest->n_apart == MMS_LONGEST_APART) {
		raise_bound(longest, length_of(slot));
		mms_free(slot->external_id);
	} else {
		longest->n_apart++;
	}
	*slot = (struct mms_long_event){ id, start_us, end_us };
	return MMS_OK;
}

mms_rc
mms_longest_write(const struct mms_longest *longest, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_json_open_str(&j, out, false, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_array(&j);
	for (size_t i = 0; i < longest->n_apart; i++) {
		mms_json_array(&j);
		mms_json_i64(&j, longest->apart[i].start_us);
		mms_json_i64(&j, longest->apart[i].end_us);
		mms_json_text(&j, longest->apart[i].external_id);
		mms_json_array_end(&j);
	}
	mms_json_array_end(&j);
	return mms_json_check(&j, err);
}

static bool
read_i64(struct mms_jscan *s, int64_t *out)
{
	struct mms_jvalue v, none;
	char digits[24];

	if (!mms_jscan_more(s, &none) || !mms_jscan_value(s, &v) || v.type != MMS_J_INT ||
	    v.len >= sizeof digits)
		return false;
	memcpy(digits, v.ptr, v.len);
	digits[v.len] = '\0';
	*out = strtoll(digits, NULL, 10);
	return true;
}

/* One [start, end, "id"]; false: it is none. *rc is NOMEM where there is no memory. */
static bool
read_event(struct mms_jscan *s, struct mms_long_event *out, mms_rc *rc, struct mms_err *err)
{
	struct mms_jvalue v, none;

	if (!mms_jscan_value(s, &v) || v.type != MMS_J_ARRAY || !read_i64(s, &out->start_us) ||
	    !read_i64(s, &out->end_us) || !mms_jscan_more(s, &none) ||
	    !mms_jscan_value(s, &v) || v.type != MMS_J_TEXT)
		return false;
	out->external_id = mms_alloc(v.len + 1);
	if (out->external_id == NULL) {
		*rc = mms_fail_nomem(err);
		return false;
	}
	size_t len = mms_jscan_decode(&v, out->external_id);
	out->external_id[len] = '\0';
	return !mms_jscan_more(s, &none) && s->why == NULL;
}

mms_rc
mms_longest_read(struct mms_longest *longest, const char *text, size_t len, struct mms_err *err)
{
	struct mms_jscan s;
	struct mms_jvalue v, none;
	mms_rc rc = MMS_OK;

	mms_jscan_start(&s, text, len);
	bool is_good = mms_utf8_is_valid(text, len) && mms_jscan_value(&s, &v) &&
		       v.type == MMS_J_ARRAY;
	while (is_good && mms_jscan_more(&s, &none)) {
		struct mms_long_event event = { 0 };

		is_good = longest->n_apart < MMS_LONGEST_APART &&
			  read_event(&s, &event, &rc, err);
		if (is_good)
			longest->apart[longest->n_apart++] = event;
		else
			mms_free(event.external_id);
	}
	if (rc != MMS_OK)
		return rc;
	if (!is_good || s.why != NULL || !mms_jscan_done(&s))
		return mms_fail(err, MMS_E_ITEM, "this is no list of long events");
	return MMS_OK;
}
