/* One VEVENT out of the feed: its properties that mean something, unfolded, in one piece. */
#include <string.h>

#include "mmsync/digest.h"

#include "feed_parts.h"

/* Of one component: what is beyond is left out, texts first. */
#define TEXT_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define BYTES_MAX      ((size_t)8 * 1024 * 1024)
#define PROPS_MAX      ((size_t)20000)

void
feed_block_release(struct feed_block *block)
{
	mms_str_release(&block->bytes);
	mms_free(block->props);
	*block = (struct feed_block){ .item = FEED_NONE };
}

struct mms_span
feed_params(const struct feed_block *block, const struct feed_prop *prop)
{
	return (struct mms_span){ mms_str_get(&block->bytes) + prop->params_at,
				  prop->params_len };
}

struct mms_span
feed_value(const struct feed_block *block, const struct feed_prop *prop)
{
	return (struct mms_span){ mms_str_get(&block->bytes) + prop->value_at,
				  prop->value_len };
}

const struct feed_prop *
feed_find(const struct feed_block *block, enum mms_ical_prop prop)
{
	for (size_t i = 0; i < block->n; i++) {
		if (block->props[i].prop == prop)
			return &block->props[i];
	}
	return NULL;
}

static bool
is_text(enum mms_ical_prop prop)
{
	return prop == MMS_ICAL_DESCRIPTION || prop == MMS_ICAL_ATTENDEE ||
	       prop == MMS_ICAL_SUMMARY || prop == MMS_ICAL_LOCATION ||
	       prop == MMS_ICAL_ORGANIZER;
}

/*
 * DTSTART;TZID=(UTC-05:00) Eastern Time:20260310T090000 - an unquoted TZID may hold colons, so
 * a time is what stands behind the last one.
 */
static void
part_anew(enum mms_ical_prop prop, struct mms_ical_line *line)
{
	bool has_times = prop == MMS_ICAL_DTSTART || prop == MMS_ICAL_DTEND ||
			 prop == MMS_ICAL_EXDATE || prop == MMS_ICAL_RDATE ||
			 prop == MMS_ICAL_RECURRENCE_ID;
	struct mms_ical_line other = *line;
	size_t digits = 0;

	if (!has_times || line->params.len == 0 || !mms_ical_split_last(&other))
		return;
	while (digits < other.value.len && other.value.ptr[digits] >= '0' &&
	       other.value.ptr[digits] <= '9')
		digits++;
	if (digits == 8)
		*line = other;
}

static mms_rc
keep(struct feed_block *block, enum mms_ical_prop prop, struct mms_ical_line *line,
     struct mms_err *err)
{
	part_anew(prop, line);
	size_t max = is_text(prop) ? TEXT_BYTES_MAX : BYTES_MAX;
	size_t len = line->params.len + line->value.len + 1;

	if (block->n == PROPS_MAX || len > max || block->bytes.len > max - len) {
		block->is_cut = true;
		return MMS_OK;
	}
	struct feed_prop *moved =
		mms_grow(block->props, block->n, &block->cap, sizeof *block->props);
	if (moved == NULL)
		return mms_fail_nomem(err);
	block->props = moved;
	struct feed_prop *p = &block->props[block->n++];
	*p = (struct feed_prop){ .prop = prop, .line = line->number, .is_cut = line->is_cut };
	/* The colon between them stays, so that the line can be parted elsewhere. */
	p->params_at = block->bytes.len;
	p->params_len = line->params.len;
	mms_str_addn(&block->bytes, line->params.ptr, line->params.len);
	mms_str_addc(&block->bytes, ':');
	p->value_at = block->bytes.len;
	p->value_len = line->value.len;
	mms_str_addn(&block->bytes, line->value.ptr, line->value.len);
	return MMS_OK;
}

/* Does a BEGIN or END end the event? *depth counts the components inside it. */
static bool
ends(const struct mms_ical_line *line, bool is_begin, size_t *depth)
{
	struct mms_span name = mms_span_trim(line->value);

	if (mms_span_is(name, "VEVENT") || mms_span_is(name, "VCALENDAR"))
		return true;
	if (is_begin)
		++*depth;
	else if (*depth > 0)
		--*depth;
	return false;
}

mms_rc
feed_load(struct mms_feed *feed, struct feed_block *block, uint32_t item, struct mms_err *err)
{
	const struct feed_item *it = &feed->index.items[item];
	struct mms_ical_line line;
	size_t depth = 0;
	bool has = true, is_first = true;
	mms_rc rc = MMS_OK;

	if (block->item == item)
		return MMS_OK;
	block->item = FEED_NONE;
	block->n = 0;
	block->is_cut = false;
	mms_str_clear(&block->bytes);
	mms_ical_seek(&feed->reader, it->offset, it->line);
	while (rc == MMS_OK) {
		rc = mms_ical_next(&feed->reader, &line, &has, err);
		if (rc != MMS_OK || !has)
			break;
		enum mms_ical_prop prop = mms_ical_prop_of(line.name);
		if (prop == MMS_ICAL_BEGIN || prop == MMS_ICAL_END) {
			if (!is_first && ends(&line, prop == MMS_ICAL_BEGIN, &depth))
				break;
			is_first = false;
		} else if (prop != MMS_ICAL_OTHER && depth == 0) {
			rc = keep(block, prop, &line, err);
		}
	}
	if (rc == MMS_OK)
		rc = mms_str_check(&block->bytes, err);
	if (rc == MMS_OK)
		block->item = item;
	return rc;
}

/*
 * An id for an event that has none: a digest of when and what, so that it stays the same under
 * a new DTSTAMP, and a number where several say the same.
 */
static mms_rc
derive_uid(const struct feed_block *block, uint32_t copy, char **out, struct mms_err *err)
{
	static const enum mms_ical_prop told[] = { MMS_ICAL_DTSTART,  MMS_ICAL_DTEND,
						   MMS_ICAL_DURATION, MMS_ICAL_RRULE,
						   MMS_ICAL_RDATE,    MMS_ICAL_RECURRENCE_ID,
						   MMS_ICAL_SUMMARY,  MMS_ICAL_LOCATION };
	MMS_AUTO(mms_digest) digest = { 0 };
	MMS_AUTO(mms_str) uid = { 0 };
	unsigned char bytes[MMS_SHA256_BYTES];
	char hex[MMS_SHA256_TEXT];

	mms_rc rc = mms_digest_begin(&digest, err);
	if (rc != MMS_OK)
		return rc;
	for (size_t k = 0; k < MMS_COUNT(told); k++) {
		for (size_t i = 0; i < block->n; i++) {
			if (block->props[i].prop != told[k])
				continue;
			struct mms_span value = feed_value(block, &block->props[i]);
			struct mms_span zone = { "", 0 };
			(void)mms_ical_param(feed_params(block, &block->props[i]), "TZID",
					     &zone);
			mms_digest_add_i64(&digest, (int64_t)k);
			mms_digest_add_i64(&digest, (int64_t)value.len);
			mms_digest_add(&digest, value.ptr, value.len);
			mms_digest_add_i64(&digest, (int64_t)zone.len);
			mms_digest_add(&digest, zone.ptr, zone.len);
		}
	}
	rc = mms_digest_end(&digest, bytes, err);
	if (rc != MMS_OK)
		return rc;
	mms_str_addf(&uid, "no-uid-%.40s", mms_hex_print(bytes, sizeof bytes, hex));
	if (copy > 0)
		mms_str_addf(&uid, "-%u", copy + 1);
	rc = mms_str_check(&uid, err);
	if (rc == MMS_OK)
		*out = mms_str_take(&uid);
	return rc;
}

mms_rc
feed_uid(struct mms_feed *feed, const struct feed_block *block, char **out, struct mms_err *err)
{
	const struct mms_span none = { "", 0 };

	for (size_t i = 0; i < block->n; i++) {
		struct mms_span value = feed_value(block, &block->props[i]);
		value = mms_span_trim(value);
		if (block->props[i].prop == MMS_ICAL_UID && value.len > 0)
			return mms_ical_text(value, none, feed->options.charset, out, err);
	}
	return derive_uid(block, feed->index.items[block->item].copy, out, err);
}
