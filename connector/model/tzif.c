/*
 * TZif bytes to a zone (see the header). Nothing in the file is believed: counts are checked
 * against its length before they are used, indexes before they are followed.
 */
#include "mmsync/tzif.h"

#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"

#define HEADER_LEN 44
#define TYPE_LEN   6
/* The most that RFC 9636 section 3.2 allows for an offset: 25:59:59 west to 26:59:59 east. */
#define OFFSET_MIN (-93599)
#define OFFSET_MAX 97199
/* The Gregorian calendar repeats after 400 years, and so does a rule like "last Sunday". */
#define CYCLE_YEARS 400
/* Where a file without transitions begins to follow its rule. */
#define FIRST_YEAR 1900

struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

struct data {
	const unsigned char *times, *indexes, *types;
	struct counts n;
	size_t time_len; /* 4 or 8 bytes */
};

/* The changes that are being collected. */
struct list {
	struct mms_zone_change *items; /* owned */
	size_t n, cap;
};

static void
list_release(struct list *list)
{
	mms_free(list->items);
}

static uint32_t
get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t
get_time(const unsigned char *p, size_t len)
{
	if (len == 4)
		return (int32_t)get_u32(p);
	return (int64_t)((uint64_t)get_u32(p) << 32 | get_u32(p + 4));
}

static mms_rc
damaged(const char *name, const char *what, struct mms_err *err)
{
	return mms_fail(err, MMS_E_ITEM, "time zone file '%s' is damaged: %s", name, what);
}

/* One header and data block at *at; moves *at behind it. */
static mms_rc
read_block(const char *name, const unsigned char *bytes, size_t len, size_t *at,
	   size_t time_len, struct data *out, struct mms_err *err)
{
	const unsigned char *h = bytes + *at;

	if (len - *at < HEADER_LEN || memcmp(h, "TZif", 4) != 0)
		return damaged(name, "no TZif header", err);
	struct counts n = { get_u32(h + 20), get_u32(h + 24), get_u32(h + 28),
			    get_u32(h + 32), get_u32(h + 36), get_u32(h + 40) };
	/* Each count is below the file's size, so none of the products can overflow. */
	if (n.isut > len || n.isstd > len || n.leap > len || n.time > len || n.type > 256 ||
	    n.chars > len)
		return damaged(name, "impossible counts", err);
	size_t size = n.time * time_len + n.time + n.type * TYPE_LEN + n.chars +
		      n.leap * (time_len + 4) + n.isstd + n.isut;
	if (size > len - *at - HEADER_LEN)
		return damaged(name, "shorter than its counts", err);
	out->n = n;
	out->time_len = time_len;
	out->times = h + HEADER_LEN;
	out->indexes = out->times + n.time * time_len;
	out->types = out->indexes + n.time;
	*at += HEADER_LEN + size;
	return MMS_OK;
}

static mms_rc
add_change(struct list *list, int64_t at_s, int32_t offset, struct mms_err *err)
{
	struct mms_zone_change *moved =
		mms_grow(list->items, list->n, &list->cap, sizeof *list->items);

	if (moved == NULL)
		return mms_fail_nomem(err);
	list->items = moved;
	list->items[list->n++] = (struct mms_zone_change){ at_s * 1000, offset };
	return MMS_OK;
}

static mms_rc
collect(const char *name, const struct data *d, struct list *list, int32_t *first,
	struct mms_err *err)
{
	int64_t before = INT64_MIN;
	mms_rc rc = MMS_OK;

	if (d->n.type == 0)
		return damaged(name, "no time type", err);
	for (size_t i = 0; i < d->n.type; i++) {
		int32_t offset = (int32_t)get_u32(d->types + i * TYPE_LEN);
		if (offset < OFFSET_MIN || offset > OFFSET_MAX)
			return damaged(name, "an offset of more than a day", err);
	}
	*first = (int32_t)get_u32(d->types);
	for (size_t i = 0; i < d->n.time && rc == MMS_OK; i++) {
		int64_t at = get_time(d->times + i * d->time_len, d->time_len);
		if (d->indexes[i] >= d->n.type)
			return damaged(name, "a time type that is not there", err);
		if (at <= before)
			return damaged(name, "times out of order", err);
		before = at;
		int32_t offset = (int32_t)get_u32(d->types + (size_t)d->indexes[i] * TYPE_LEN);
		/* Older compilers wrote a first transition at the Big Bang (-2^59). */
		if (at < -(INT64_C(1) << 40))
			*first = offset;
		else if (at < (INT64_C(1) << 40))
			rc = add_change(list, at, offset, err);
	}
	return rc;
}

/* A change that the rule makes; it replaces one of the rule's at the same instant. */
static mms_rc
add_by_rule(struct list *list, size_t n_in_file, int64_t at_s, int32_t offset,
	    struct mms_err *err)
{
	int64_t last_s = list->n > 0 ? list->items[list->n - 1].at_ms / 1000 : INT64_MIN;

	if (at_s > last_s)
		return add_change(list, at_s, offset, err);
	/* Daylight time all year: it ends in the instant in which it begins again. */
	if (at_s == last_s && list->n > n_in_file)
		list->items[list->n - 1].offset = offset;
	return MMS_OK;
}

/* The footer's rule over one calendar cycle behind the last transition of the file. */
static mms_rc
extend(struct list *list, const struct mms_tz_rule *rule, struct mms_err *err)
{
	size_t n_in_file = list->n;
	struct mms_civil c = { .year = FIRST_YEAR };

	if (n_in_file > 0)
		mms_civil_from_days(list->items[n_in_file - 1].at_ms / MMS_DAY_MS, &c);
	for (int year = c.year - 1; year <= c.year + CYCLE_YEARS + 1; year++) {
		int64_t start, end;
		mms_tz_rule_year(rule, year, &start, &end);
		/* South of the equator the year begins in daylight time. */
		bool is_start_first = start <= end;
		mms_rc rc = add_by_rule(list, n_in_file, is_start_first ? start : end,
					is_start_first ? rule->daylight : rule->standard, err);
		if (rc == MMS_OK)
			rc = add_by_rule(list, n_in_file, is_start_first ? end : start,
					 is_start_first ? rule->standard : rule->daylight, err);
		if (rc != MMS_OK)
			return rc;
	}
	return MMS_OK;
}

/* The text between the two newlines after the second block; empty when there is none. */
static mms_rc
read_footer(const char *name, const unsigned char *bytes, size_t len, size_t at,
	    struct mms_tz_rule *rule, bool *has_rule, struct mms_err *err)
{
	const char *text = (const char *)bytes + at;

	*has_rule = false;
	if (at >= len || text[0] != '\n')
		return damaged(name, "no footer", err);
	text++;
	const char *end = memchr(text, '\n', len - at - 1);
	if (end == NULL)
		return damaged(name, "a footer that does not end", err);
	if (end == text)
		return MMS_OK;
	if (!mms_tz_rule_parse(text, (size_t)(end - text), rule))
		return damaged(name, "a footer that is not a TZ rule", err);
	*has_rule = true;
	return MMS_OK;
}

mms_rc
mms_tzif_parse(const char *name, const unsigned char *bytes, size_t len, struct mms_zone **out,
	       struct mms_err *err)
{
	__attribute__((cleanup(list_release))) struct list list = { 0 };
	struct data data = { 0 };
	struct mms_tz_rule rule = { 0 };
	size_t at = 0;
	int32_t first = 0;
	bool has_rule = false;

	if (len < HEADER_LEN || len > MMS_TZIF_MAX)
		return damaged(name, "not of a time zone file's size", err);
	mms_rc rc = read_block(name, bytes, len, &at, 4, &data, err);
	if (rc == MMS_OK && bytes[4] >= '2') {
		rc = read_block(name, bytes, len, &at, 8, &data, err);
		if (rc == MMS_OK)
			rc = read_footer(name, bytes, len, at, &rule, &has_rule, err);
	}
	if (rc == MMS_OK && data.n.leap > 0)
		rc = damaged(name, "it counts leap seconds", err);
	if (rc == MMS_OK)
		rc = collect(name, &data, &list, &first, err);
	bool repeats = has_rule && rule.has_daylight;
	if (rc == MMS_OK && repeats)
		rc = extend(&list, &rule, err);
	if (rc != MMS_OK)
		return rc;
	return repeats ? mms_zone_make_repeating(name, first, list.items, list.n, out, err)
		       : mms_zone_make(name, first, list.items, list.n, out, err);
}
