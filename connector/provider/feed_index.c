/*
 * One pass over a feed: which components it has, where, and what decides between several of one
 * UID. Nothing else is kept, so a feed of 50 MB costs what its number of events costs.
 */
#include <stdlib.h>
#include <string.h>

#include "feed_parts.h"

#define ITEMS_MAX ((size_t)500000)
#define DEFS_MAX  ((size_t)50000)
/* Names that X-WR-TIMEZONE may have in one file. */
#define ZONE_NAMES_MAX ((size_t)256)

/* Where the pass stands. */
struct scan {
	struct mms_feed *feed;
	bool in_event, in_zone;
	size_t depth;     /* other components that are open inside */
	size_t calendars; /* VCALENDARs that are open              */
	struct feed_item item;
	struct feed_zone_def def;
};

void
feed_index_release(struct feed_index *index)
{
	for (size_t i = 0; i < index->n_zone_names; i++)
		mms_free(index->zone_names[i]);
	mms_free(index->zone_names);
	mms_free(index->items);
	mms_free(index->calendars);
	mms_free(index->defs);
	*index = (struct feed_index){ 0 };
}

static uint64_t
hash_more(uint64_t hash, struct mms_span span)
{
	for (size_t i = 0; i < span.len; i++)
		hash = (hash ^ (unsigned char)span.ptr[i]) * UINT64_C(0x100000001B3);
	return hash;
}

/* FNV-1a, its high bits stirred into the low ones. */
uint64_t
feed_hash(struct mms_span span)
{
	uint64_t hash = hash_more(UINT64_C(0xCBF29CE484222325), span);

	return hash ^ hash >> 29;
}

static mms_rc
begin_calendar(struct scan *s, struct mms_err *err)
{
	struct feed_index *index = &s->feed->index;
	struct feed_calendar *moved = mms_grow(index->calendars, index->n_calendars,
					       &index->calendars_cap, sizeof *moved);

	if (moved == NULL)
		return mms_fail_nomem(err);
	index->calendars = moved;
	index->calendars[index->n_calendars++] = (struct feed_calendar){ .zone = FEED_NONE };
	return index->n_calendars <= ITEMS_MAX
		       ? MMS_OK
		       : mms_fail(err, MMS_E_ITEM, "the feed holds more than %zu calendars",
				  ITEMS_MAX);
}

static mms_rc
end_event(struct scan *s, uint32_t flags, struct mms_err *err)
{
	struct feed_index *index = &s->feed->index;

	if (!s->in_event)
		return MMS_OK;
	s->in_event = false;
	s->depth = 0;
	if (index->n == ITEMS_MAX)
		return mms_fail(err, MMS_E_ITEM, "the feed holds more than %zu events",
				ITEMS_MAX);
	struct feed_item *moved =
		mms_grow(index->items, index->n, &index->cap, sizeof *index->items);
	if (moved == NULL)
		return mms_fail_nomem(err);
	index->items = moved;
	s->item.flags |= flags;
	index->items[index->n++] = s->item;
	return MMS_OK;
}

static mms_rc
end_zone(struct scan *s, struct mms_err *err)
{
	struct feed_index *index = &s->feed->index;

	if (!s->in_zone)
		return MMS_OK;
	s->in_zone = false;
	s->depth = 0;
	if (index->n_defs == DEFS_MAX || s->def.tzid_hash == 0)
		return MMS_OK;
	struct feed_zone_def *moved =
		mms_grow(index->defs, index->n_defs, &index->defs_cap, sizeof *index->defs);
	if (moved == NULL)
		return mms_fail_nomem(err);
	index->defs = moved;
	index->defs[index->n_defs++] = s->def;
	return MMS_OK;
}

/* Whatever is open ends here although its END is missing. */
static mms_rc
end_all(struct scan *s, struct mms_err *err)
{
	mms_rc rc = end_event(s, FEED_IS_OPEN, err);

	if (rc == MMS_OK)
		rc = end_zone(s, err);
	s->depth = 0;
	return rc;
}

/* Objects outside any VCALENDAR are read as if one stood around them. */
static mms_rc
want_calendar(struct scan *s, struct mms_err *err)
{
	if (s->calendars > 0 || s->feed->index.n_calendars > 0)
		return MMS_OK;
	return begin_calendar(s, err);
}

static mms_rc
begin(struct scan *s, const struct mms_ical_line *line, struct mms_err *err)
{
	struct mms_span name = mms_span_trim(line->value);
	mms_rc rc = MMS_OK;

	if (mms_span_is(name, "VCALENDAR")) {
		rc = end_all(s, err);
		s->calendars++;
		return rc == MMS_OK ? begin_calendar(s, err) : rc;
	}
	if (mms_span_is(name, "VEVENT")) {
		rc = end_all(s, err);
		if (rc == MMS_OK)
			rc = want_calendar(s, err);
		s->in_event = true;
		s->item = (struct feed_item){
			.offset = line->offset,
			.line = line->number,
			.modified_s = MMS_NO_TIME,
			.stamp_s = MMS_NO_TIME,
			.next = FEED_NONE,
			.calendar = (uint32_t)(s->feed->index.n_calendars - 1),
		};
		return rc;
	}
	if (mms_span_is(name, "VTIMEZONE") && !s->in_event) {
		rc = end_all(s, err);
		if (rc == MMS_OK)
			rc = want_calendar(s, err);
		s->in_zone = true;
		s->def = (struct feed_zone_def){
			.offset = line->offset,
			.line = line->number,
			.content_hash = UINT64_C(0xCBF29CE484222325),
			.calendar = (uint32_t)(s->feed->index.n_calendars - 1),
		};
		return rc;
	}
	if (!s->in_event && !s->in_zone && s->depth == 0) {
		s->feed->index.n_others++;
		rc = want_calendar(s, err);
	}
	s->depth++;
	return rc;
}

static mms_rc
end(struct scan *s, const struct mms_ical_line *line, struct mms_err *err)
{
	struct mms_span name = mms_span_trim(line->value);
	mms_rc rc = MMS_OK;

	if (mms_span_is(name, "VCALENDAR")) {
		rc = end_all(s, err);
		if (s->calendars > 0)
			s->calendars--;
	} else if (mms_span_is(name, "VEVENT")) {
		rc = end_event(s, 0, err);
	} else if (mms_span_is(name, "VTIMEZONE") && s->in_zone) {
		rc = end_zone(s, err);
	} else if (s->depth > 0) {
		s->depth--;
	}
	return rc;
}

static int64_t
time_of(struct mms_span value)
{
	struct mms_ical_time time;

	return mms_ical_time_parse(value, &time) ? time.wall_s : MMS_NO_TIME;
}

static int64_t
sequence_of(struct mms_span value)
{
	int64_t n = 0;

	value = mms_span_trim(value);
	for (size_t i = 0; i < value.len && i < 15; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9')
			return 0;
		n = n * 10 + (value.ptr[i] - '0');
	}
	return n;
}

static void
event_line(struct feed_item *item, enum mms_ical_prop prop, const struct mms_ical_line *line)
{
	struct mms_span value = mms_span_trim(line->value);

	if (prop == MMS_ICAL_UID && (item->flags & FEED_HAS_UID) == 0 && value.len > 0) {
		item->uid_hash = feed_hash(value);
		item->flags |= FEED_HAS_UID;
	} else if (prop == MMS_ICAL_RECURRENCE_ID && value.len > 0) {
		item->flags |= FEED_HAS_RECURRENCE_ID;
	} else if (prop == MMS_ICAL_RRULE || prop == MMS_ICAL_RDATE ||
		   prop == MMS_ICAL_EXDATE || prop == MMS_ICAL_EXRULE) {
		item->flags |= FEED_HAS_RULES;
	} else if (prop == MMS_ICAL_DTSTART) {
		item->flags |= FEED_HAS_START;
	} else if (prop == MMS_ICAL_SEQUENCE) {
		item->sequence = sequence_of(value);
	} else if (prop == MMS_ICAL_LAST_MODIFIED) {
		item->modified_s = time_of(value);
	} else if (prop == MMS_ICAL_DTSTAMP) {
		item->stamp_s = time_of(value);
	} else if (prop == MMS_ICAL_STATUS && mms_span_is(value, "CANCELLED")) {
		item->flags |= FEED_IS_CANCELLED;
	}
}

static void
zone_line(struct scan *s, enum mms_ical_prop prop, const struct mms_ical_line *line)
{
	struct mms_span all = line->name;

	/* Name, parameters and value lie in one piece. */
	all.len = (size_t)(line->value.ptr + line->value.len - all.ptr);
	s->def.content_hash = hash_more(s->def.content_hash, all);
	if (prop == MMS_ICAL_TZID && s->depth == 0 && s->def.tzid_hash == 0)
		s->def.tzid_hash = feed_hash(feed_trim_tzid(line->value));
}

/* X-WR-TIMEZONE: the number of its name among those of the file. */
static mms_rc
name_zone(struct feed_index *index, struct mms_span name, uint32_t *out, struct mms_err *err)
{
	for (size_t i = 0; i < index->n_zone_names; i++) {
		if (strlen(index->zone_names[i]) == name.len &&
		    memcmp(index->zone_names[i], name.ptr, name.len) == 0) {
			*out = (uint32_t)i;
			return MMS_OK;
		}
	}
	if (name.len == 0 || index->n_zone_names == ZONE_NAMES_MAX)
		return MMS_OK;
	char **moved = mms_grow(index->zone_names, index->n_zone_names, &index->zone_names_cap,
				sizeof *moved);
	if (moved == NULL)
		return mms_fail_nomem(err);
	index->zone_names = moved;
	char *copy = mms_text_copy_n(name.ptr, name.len);
	if (copy == NULL)
		return mms_fail_nomem(err);
	moved[index->n_zone_names] = copy;
	*out = (uint32_t)index->n_zone_names++;
	return MMS_OK;
}

static mms_rc
calendar_line(struct feed_index *index, enum mms_ical_prop prop,
	      const struct mms_ical_line *line, struct mms_err *err)
{
	if (index->n_calendars == 0)
		return MMS_OK;
	struct feed_calendar *calendar = &index->calendars[index->n_calendars - 1];
	struct mms_span value = mms_span_trim(line->value);

	if (prop == MMS_ICAL_METHOD)
		calendar->is_cancel = mms_span_is(value, "CANCEL");
	else if (prop == MMS_ICAL_WR_TIMEZONE)
		return name_zone(index, value, &calendar->zone, err);
	return MMS_OK;
}

static mms_rc
take_line(struct scan *s, const struct mms_ical_line *line, struct mms_err *err)
{
	enum mms_ical_prop prop = mms_ical_prop_of(line->name);

	if (prop == MMS_ICAL_BEGIN || prop == MMS_ICAL_END) {
		if (s->in_zone)
			zone_line(s, prop, line);
		return prop == MMS_ICAL_BEGIN ? begin(s, line, err) : end(s, line, err);
	}
	if (s->in_zone)
		zone_line(s, prop, line);
	else if (s->in_event && s->depth == 0)
		event_line(&s->item, prop, line);
	else if (!s->in_event && s->depth == 0)
		return calendar_line(&s->feed->index, prop, line, err);
	return MMS_OK;
}

static int
compare_defs(const void *a, const void *b)
{
	const struct feed_zone_def *x = a, *y = b;

	if (x->tzid_hash != y->tzid_hash)
		return x->tzid_hash < y->tzid_hash ? -1 : 1;
	if (x->calendar != y->calendar)
		return x->calendar < y->calendar ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* For sorting alone. */
struct key {
	uint64_t uid_hash;
	uint32_t item;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->uid_hash != y->uid_hash)
		return x->uid_hash < y->uid_hash ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

/* Chain the items of one UID in the order of the file; those without one are counted instead. */
static mms_rc
link_items(struct feed_index *index, struct mms_err *err)
{
	struct key *keys = mms_resize(NULL, index->n > 0 ? index->n : 1, sizeof *keys);

	if (keys == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < index->n; i++)
		keys[i] = (struct key){ index->items[i].uid_hash, (uint32_t)i };
	qsort(keys, index->n, sizeof *keys, compare_keys);
	for (size_t i = 0; i < index->n; i++) {
		bool is_new = i == 0 || keys[i].uid_hash != keys[i - 1].uid_hash;
		struct feed_item *item = &index->items[keys[i].item];
		struct feed_item *before = is_new ? NULL : &index->items[keys[i - 1].item];
		bool is_named = (item->flags & FEED_HAS_UID) != 0;
		if (is_new || !is_named)
			item->flags |= FEED_IS_FIRST;
		else
			before->next = keys[i].item;
		if (!is_new && !is_named)
			item->copy = before->copy + 1;
	}
	mms_free(keys);
	return MMS_OK;
}

/* Events without UID are named by what they say. */
static mms_rc
name_the_nameless(struct mms_feed *feed, struct mms_err *err)
{
	mms_rc rc = MMS_OK;
	size_t n = 0;

	for (size_t i = 0; i < feed->index.n && rc == MMS_OK; i++) {
		struct feed_item *item = &feed->index.items[i];
		char *uid = NULL;
		if ((item->flags & FEED_HAS_UID) != 0)
			continue;
		n++;
		rc = feed_load(feed, &feed->other, (uint32_t)i, err);
		if (rc == MMS_OK)
			rc = feed_uid(feed, &feed->other, &uid, err);
		if (rc == MMS_OK)
			item->uid_hash = feed_hash(mms_span_make(uid));
		mms_free(uid);
	}
	if (rc == MMS_OK && n > 0)
		rc = feed_warn(
			feed, err,
			"events without UID: %zu; their ids were made from their content", n);
	return rc;
}

static mms_rc
not_a_calendar(const char *what, struct mms_err *err)
{
	mms_fail(err, MMS_E_RETRY, "%s", what);
	mms_blame(err, MMS_BLAME_CALENDAR);
	return mms_hint(err, "open the address in a browser: it may ask for a login, or not be "
			     "the address of the iCal (.ics) file");
}

/* HTML and JSON are told by their first sign. */
static mms_rc
look_at_beginning(struct mms_feed *feed, struct mms_err *err)
{
	const struct mms_ical *r = &feed->reader;
	size_t i = 0;

	if (r->len >= 3 && memcmp(r->window, "\xEF\xBB\xBF", 3) == 0)
		i = 3;
	while (i < r->len && strchr(" \t\r\n", r->window[i]) != NULL && r->window[i] != '\0')
		i++;
	if (i == r->len)
		return not_a_calendar("the feed is empty", err);
	if (r->window[i] == '<')
		return not_a_calendar("the feed is an HTML or XML page, not a calendar", err);
	if (r->window[i] == '{' || r->window[i] == '[')
		return not_a_calendar("the feed is JSON, not a calendar", err);
	return MMS_OK;
}

static mms_rc
check_whole(struct mms_feed *feed, const struct scan *s, struct mms_err *err)
{
	const struct feed_index *index = &feed->index;

	if (index->n_calendars == 0)
		return not_a_calendar("the feed holds no BEGIN:VCALENDAR", err);
	if (s->calendars > 0 || s->in_event || s->in_zone || s->depth > 0) {
		mms_fail(err, MMS_E_RETRY, "the feed is truncated: it ends before %s",
			 s->calendars > 0 ? "END:VCALENDAR" : "the END of its last component");
		mms_blame(err, MMS_BLAME_CALENDAR);
		return mms_hint(err, "the server or the connection cut it off; fetch it again");
	}
	return MMS_OK;
}

static mms_rc
tell_oddities(struct mms_feed *feed, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (feed->reader.n_junk > 0) {
		rc = feed_warn(feed, err,
			       "lines that are no content lines were skipped: %u, the first is "
			       "line %u",
			       feed->reader.n_junk, feed->reader.first_junk);
	}
	if (rc == MMS_OK && feed->index.n == 0 && feed->index.n_others > 0)
		rc = feed_warn(feed, err,
			       "the feed has no VEVENT; its %zu other components are not read",
			       feed->index.n_others);
	return rc;
}

mms_rc
feed_index_read(struct mms_feed *feed, struct mms_err *err)
{
	struct scan s = { .feed = feed };
	struct mms_ical_line line;
	bool has = true;

	mms_rc rc = look_at_beginning(feed, err);
	while (rc == MMS_OK) {
		rc = mms_ical_next(&feed->reader, &line, &has, err);
		if (rc != MMS_OK || !has)
			break;
		rc = take_line(&s, &line, err);
	}
	if (rc == MMS_OK)
		rc = check_whole(feed, &s, err);
	if (rc == MMS_OK)
		rc = tell_oddities(feed, err);
	if (rc != MMS_OK)
		return rc;
	if (feed->index.n_defs > 1)
		qsort(feed->index.defs, feed->index.n_defs, sizeof *feed->index.defs,
		      compare_defs);
	rc = name_the_nameless(feed, err);
	return rc == MMS_OK ? link_items(&feed->index, err) : rc;
}
