/*
 * Which zone a name in a feed means: the file's own VTIMEZONE, the tz database, the names of
 * vendors, a fixed offset; else the feed's X-WR-TIMEZONE or the reader's zone, with a warning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feed_parts.h"

/* Zones that one feed may define; each costs some kB. */
#define ZONES_MAX      ((size_t)1000)
#define NAME_MAX_BYTES 160

struct mms_span
feed_trim_tzid(struct mms_span tzid)
{
	tzid = mms_span_trim(tzid);
	while (tzid.len > 0 && tzid.ptr[0] == '"') {
		tzid.ptr++;
		tzid.len--;
	}
	while (tzid.len > 0 && strchr(" \":", tzid.ptr[tzid.len - 1]) != NULL)
		tzid.len--;
	return tzid;
}

const struct mms_zone *
feed_day_zone(const struct mms_feed *feed)
{
	const struct mms_feed_options *o = &feed->options;

	return o->day_zone != NULL        ? o->day_zone
	       : o->floating_zone != NULL ? o->floating_zone
	       : o->default_zone != NULL  ? o->default_zone
					  : mms_zone_utc();
}

/* A zone of the system by whatever name it has; *out NULL when there is none. */
static mms_rc
find_by_name(struct mms_feed *feed, const char *name, const struct mms_zone **out,
	     struct mms_err *err)
{
	char iana[NAME_MAX_BYTES];
	MMS_AUTO(mms_err) missing = { 0 };

	*out = NULL;
	if (feed->options.zones == NULL)
		return MMS_OK;
	mms_rc rc = mms_zones_find(feed->options.zones, name, out, &missing);
	if (rc == MMS_E_GONE) {
		rc = mms_zone_guess_name(feed->options.zones, name, iana, sizeof iana,
					 &missing);
		if (rc == MMS_OK)
			rc = mms_zones_find(feed->options.zones, iana, out, &missing);
	}
	if (rc == MMS_OK || rc == MMS_E_GONE)
		return MMS_OK;
	mms_err_move(err, &missing);
	return rc;
}

/*
 * "UTC+01", "GMT-05:30", "+0530": minutes are all that such a name can mean. Of a display name
 * whose place nobody knows, "(UTC-02:00) Mid-Atlantic", they are all that is left.
 */
static bool
fixed_offset(const char *name, int32_t *offset)
{
	struct mms_span text = mms_span_make(name + (*name == '(' ? 1 : 0));
	const char *close = *name == '(' ? strchr(name, ')') : NULL;

	if (close != NULL)
		text.len = (size_t)(close - text.ptr);
	else if (*name == '(')
		return false;
	if (text.len > 3 &&
	    (strncasecmp(text.ptr, "UTC", 3) == 0 || strncasecmp(text.ptr, "GMT", 3) == 0)) {
		text.ptr += 3;
		text.len -= 3;
	}
	text = mms_span_trim(text);
	return text.len > 1 && (*text.ptr == '+' || *text.ptr == '-') && text.ptr[1] != ' ' &&
	       mms_ical_offset_parse(text, offset);
}

/* The definition for a name: of the same calendar, else of any in the file. */
static const struct feed_zone_def *
find_def(const struct feed_index *index, uint64_t tzid_hash, uint32_t calendar)
{
	size_t low = 0, high = index->n_defs;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct feed_zone_def *d = &index->defs[middle];
		if (d->tzid_hash < tzid_hash ||
		    (d->tzid_hash == tzid_hash && d->calendar < calendar))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->n_defs && index->defs[low].tzid_hash == tzid_hash)
		return &index->defs[low];
	/* All of this name stand in earlier calendars: the nearest. */
	return low > 0 && index->defs[low - 1].tzid_hash == tzid_hash ? &index->defs[low - 1]
								      : NULL;
}

static mms_rc
make_entry(struct mms_feed *feed, const struct feed_zone_def *def, const char *name,
	   struct feed_zone_entry *entry, struct mms_err *err)
{
	const struct mms_zone *known = NULL;
	int32_t offset;

	mms_rc rc = find_by_name(feed, name, &known, err);
	if (rc == MMS_OK && def != NULL)
		rc = feed_zone_make(feed, def, name, known, &entry->own, err);
	if (rc == MMS_OK && entry->own == NULL && known == NULL && fixed_offset(name, &offset))
		rc = mms_zone_make(name, offset, NULL, 0, &entry->own, err);
	entry->zone = entry->own != NULL ? entry->own : known;
	return rc;
}

/* The remembered answer for a name, or a new one. *out NULL: unknown. */
static mms_rc
find_entry(struct mms_feed *feed, uint32_t calendar, struct mms_span tzid,
	   const struct mms_zone **out, struct mms_err *err)
{
	char name[NAME_MAX_BYTES + 1] = { 0 };
	uint64_t hash = feed_hash(tzid);
	const struct feed_zone_def *def = find_def(&feed->index, hash, calendar);
	uint64_t content = def != NULL ? def->content_hash : 0;

	for (size_t i = 0; i < feed->n_zones; i++) {
		if (feed->zones[i].tzid_hash == hash &&
		    feed->zones[i].content_hash == content) {
			*out = feed->zones[i].zone;
			return MMS_OK;
		}
	}
	*out = NULL;
	if (feed->n_zones == ZONES_MAX || tzid.len > NAME_MAX_BYTES || tzid.len == 0 ||
	    memchr(tzid.ptr, 0, tzid.len) != NULL)
		return MMS_OK;
	struct feed_zone_entry *moved =
		mms_grow(feed->zones, feed->n_zones, &feed->zones_cap, sizeof *feed->zones);
	if (moved == NULL)
		return mms_fail_nomem(err);
	feed->zones = moved;
	for (size_t i = 0; i < tzid.len; i++)
		name[i] = tzid.ptr[i];
	name[tzid.len] = '\0';
	struct feed_zone_entry entry = { .tzid_hash = hash, .content_hash = content };
	mms_rc rc = make_entry(feed, def, name, &entry, err);
	if (rc != MMS_OK)
		return rc;
	feed->zones[feed->n_zones++] = entry;
	*out = entry.zone;
	return MMS_OK;
}

mms_rc
feed_floating_zone(struct mms_feed *feed, uint32_t calendar, const struct mms_zone **out,
		   struct mms_err *err)
{
	const struct mms_feed_options *o = &feed->options;
	uint32_t name = feed->index.calendars[calendar].zone;

	*out = o->floating_zone;
	if (*out == NULL && name != FEED_NONE) {
		struct mms_span tzid = mms_span_make(feed->index.zone_names[name]);
		mms_rc rc = find_entry(feed, calendar, feed_trim_tzid(tzid), out, err);
		if (rc != MMS_OK)
			return rc;
	}
	if (*out == NULL)
		*out = o->default_zone != NULL ? o->default_zone : mms_zone_utc();
	return MMS_OK;
}

mms_rc
feed_check_wr_zones(struct mms_feed *feed, struct mms_err *err)
{
	const struct feed_index *index = &feed->index;
	const struct mms_zone *zone;
	mms_rc rc = MMS_OK;

	if (feed->options.floating_zone != NULL)
		return MMS_OK;
	for (size_t i = 0; i < index->n_zone_names && rc == MMS_OK; i++) {
		struct mms_span tzid = feed_trim_tzid(mms_span_make(index->zone_names[i]));
		rc = find_entry(feed, 0, tzid, &zone, err);
		if (rc == MMS_OK && zone == NULL)
			rc = feed_warn(feed, err, "X-WR-TIMEZONE '%.60s' is not known",
				       index->zone_names[i]);
	}
	return rc;
}

mms_rc
feed_find_zone(struct mms_feed *feed, uint32_t calendar, struct mms_span tzid,
	       const struct mms_zone **out, struct mms_err *err)
{
	tzid = feed_trim_tzid(tzid);
	mms_rc rc = find_entry(feed, calendar, tzid, out, err);
	if (rc != MMS_OK || *out != NULL)
		return rc;
	rc = feed_floating_zone(feed, calendar, out, err);
	if (rc == MMS_OK)
		feed_doubt(feed, "the time zone '%.*s' is not known, its times are read in %s",
			   (int)(tzid.len < 60 ? tzid.len : 60), tzid.ptr, mms_zone_name(*out));
	return rc;
}
