/*
 * A VTIMEZONE to a zone. What it says holds for the time it speaks of; where it is partial (a
 * single year, a first onset in the middle of things) the tz database's zone of the same name
 * speaks for the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "feed_parts.h"

/* Rules are followed between these wall times: 1900-01-01 and 2200-01-01. */
#define RULES_FROM_S  INT64_C(-2208988800)
#define RULES_UNTIL_S INT64_C(7258118400)
/* A definition that begins by then speaks for all time: 1971-01-01. Google's begin in 1970. */
#define FOR_ALL_TIME_S INT64_C(31536000)
/* Before every change of every zone. */
#define LONG_AGO_MS (INT64_MIN / 4)
/* Of one definition; real ones have up to some hundred. */
#define PARTS_MAX   1000
#define CHANGES_MAX ((size_t)4000)
/* Of all definitions of a feed: about 10 MB of them. */
#define FEED_CHANGES_MAX ((size_t)400000)

/* STANDARD or DAYLIGHT while it is read. */
struct part {
	bool has_start, has_to, has_from;
	int64_t start_s; /* wall */
	int32_t from, to;
	struct mms_rrule rules[2];
	size_t n_rules;
	int64_t dates[64]; /* RDATEs, wall */
	size_t n_dates;
};

struct change {
	int64_t at_s;
	int32_t from, to;
	size_t order; /* of the part in the file: the later wins at the same instant */
};

struct reading {
	struct change *changes; /* owned */
	size_t n, cap;
	size_t parts;
	bool is_endless;
	struct part part;
};

static void
reading_release(struct reading *r)
{
	mms_free(r->changes);
}

static mms_rc
add(struct reading *r, int64_t wall_s, struct mms_err *err)
{
	if (r->n == CHANGES_MAX)
		return MMS_OK;
	struct change *moved = mms_grow(r->changes, r->n, &r->cap, sizeof *r->changes);
	if (moved == NULL)
		return mms_fail_nomem(err);
	r->changes = moved;
	r->changes[r->n++] =
		(struct change){ wall_s - r->part.from, r->part.from, r->part.to, r->parts };
	return MMS_OK;
}

static mms_rc
follow_rule(struct mms_feed *feed, struct reading *r, const struct mms_rrule *rule,
	    struct mms_err *err)
{
	int64_t until_s = RULES_UNTIL_S, wall_s;
	struct mms_rrule_walk walk;
	mms_rc rc = MMS_OK;

	if (rule->has_until) {
		int64_t own = rule->until.wall_s + (rule->until.is_utc ? r->part.from : 0) +
			      (rule->until.is_date ? 86399 : 0);
		until_s = own < until_s ? own : until_s;
	} else if (rule->count == 0) {
		r->is_endless = true;
	}
	mms_rrule_begin(&walk, rule, r->part.start_s, until_s, &feed->steps);
	mms_rrule_skip_to(&walk, RULES_FROM_S);
	while (rc == MMS_OK && r->n < CHANGES_MAX && mms_rrule_next(&walk, &wall_s))
		rc = add(r, wall_s, err);
	return rc;
}

/* STANDARD or DAYLIGHT has ended: its onsets. */
static mms_rc
end_part(struct mms_feed *feed, struct reading *r, struct mms_err *err)
{
	struct part *p = &r->part;
	mms_rc rc = MMS_OK;

	if (p->has_start && p->has_to && r->parts < PARTS_MAX) {
		if (!p->has_from)
			p->from = p->to;
		/* Outlook's DTSTART (1601) is no onset of its own rule. */
		if (p->n_rules == 0)
			rc = add(r, p->start_s, err);
		for (size_t i = 0; i < p->n_dates && rc == MMS_OK; i++)
			rc = add(r, p->dates[i], err);
		for (size_t i = 0; i < p->n_rules && rc == MMS_OK; i++)
			rc = follow_rule(feed, r, &p->rules[i], err);
	}
	r->parts++;
	r->part = (struct part){ 0 };
	return rc;
}

static mms_rc
take_rule(struct part *p, struct mms_span value, struct mms_err *err)
{
	MMS_AUTO(mms_str) doubts = { 0 };
	MMS_AUTO(mms_err) why = { 0 };

	if (p->n_rules == MMS_COUNT(p->rules))
		return MMS_OK;
	mms_rc rc = mms_rrule_parse(value, &p->rules[p->n_rules], &doubts, &why);
	if (rc == MMS_OK)
		p->n_rules++;
	return rc == MMS_E_NOMEM ? mms_fail_nomem(err) : MMS_OK;
}

static void
take_dates(struct part *p, struct mms_span value)
{
	while (value.len > 0 && p->n_dates < MMS_COUNT(p->dates)) {
		const char *comma = memchr(value.ptr, ',', value.len);
		size_t len = comma != NULL ? (size_t)(comma - value.ptr) : value.len;
		struct mms_ical_period period;
		if (mms_ical_period_parse((struct mms_span){ value.ptr, len }, &period))
			p->dates[p->n_dates++] = period.start.wall_s;
		size_t used = comma != NULL ? len + 1 : len;
		value.ptr += used;
		value.len -= used;
	}
}

static mms_rc
take_line(struct part *p, enum mms_ical_prop prop, struct mms_span value, struct mms_err *err)
{
	struct mms_ical_time time;

	if (prop == MMS_ICAL_DTSTART && mms_ical_time_parse(value, &time)) {
		p->has_start = true;
		p->start_s = time.wall_s;
	} else if (prop == MMS_ICAL_TZOFFSETTO) {
		p->has_to = mms_ical_offset_parse(value, &p->to);
	} else if (prop == MMS_ICAL_TZOFFSETFROM) {
		p->has_from = mms_ical_offset_parse(value, &p->from);
	} else if (prop == MMS_ICAL_RRULE) {
		return take_rule(p, value, err);
	} else if (prop == MMS_ICAL_RDATE) {
		take_dates(p, value);
	}
	return MMS_OK;
}

static mms_rc
read_parts(struct mms_feed *feed, const struct feed_zone_def *def, struct reading *r,
	   struct mms_err *err)
{
	struct mms_ical_line line;
	bool has = true, in_part = false, is_first = true;
	mms_rc rc = MMS_OK;

	mms_ical_seek(&feed->reader, def->offset, def->line);
	while (rc == MMS_OK) {
		rc = mms_ical_next(&feed->reader, &line, &has, err);
		if (rc != MMS_OK || !has)
			break;
		enum mms_ical_prop prop = mms_ical_prop_of(line.name);
		struct mms_span value = mms_span_trim(line.value);
		bool is_part = mms_span_is(value, "STANDARD") || mms_span_is(value, "DAYLIGHT");
		if (prop == MMS_ICAL_BEGIN || prop == MMS_ICAL_END) {
			if (in_part)
				rc = end_part(feed, r, err);
			in_part = is_part && prop == MMS_ICAL_BEGIN;
			if (!is_part && !is_first)
				break;
			is_first = false;
		} else if (in_part) {
			rc = take_line(&r->part, prop, value, err);
		}
	}
	return rc;
}

static int
compare_changes(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->at_s != y->at_s)
		return x->at_s < y->at_s ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The changes that are handed to mms_zone_make(). */
struct list {
	struct mms_zone_change *items; /* owned */
	size_t n, cap;
};

static void
list_release(struct list *list)
{
	mms_free(list->items);
}

static mms_rc
push(struct list *list, int64_t at_ms, int32_t offset, struct mms_err *err)
{
	if (list->n > 0 && list->items[list->n - 1].at_ms == at_ms) {
		list->items[list->n - 1].offset = offset;
		return MMS_OK;
	}
	struct mms_zone_change *moved =
		mms_grow(list->items, list->n, &list->cap, sizeof *list->items);
	if (moved == NULL)
		return mms_fail_nomem(err);
	list->items = moved;
	list->items[list->n++] = (struct mms_zone_change){ at_ms, offset };
	return MMS_OK;
}

/* What a known zone does between two instants, and its offset at the first. */
static mms_rc
push_known(struct list *list, const struct mms_zone *known, int64_t from_ms, int64_t to_ms,
	   struct mms_err *err)
{
	struct mms_zone_change change;
	int64_t at = from_ms;
	mms_rc rc = MMS_OK;

	if (from_ms > LONG_AGO_MS)
		rc = push(list, from_ms, mms_zone_offset_at(known, from_ms), err);
	while (rc == MMS_OK && mms_zone_next_change(known, at, &change) &&
	       change.at_ms < to_ms) {
		rc = push(list, change.at_ms, change.offset, err);
		at = change.at_ms;
	}
	return rc;
}

static bool
has_one_offset(const struct reading *r)
{
	for (size_t i = 1; i < r->n; i++) {
		if (r->changes[i].to != r->changes[0].to)
			return false;
	}
	return true;
}

mms_rc
feed_zone_make(struct mms_feed *feed, const struct feed_zone_def *def, const char *tzid,
	       const struct mms_zone *known, struct mms_zone **out, struct mms_err *err)
{
	__attribute__((cleanup(reading_release))) struct reading r = { 0 };
	__attribute__((cleanup(list_release))) struct list list = { 0 };

	mms_rc rc = read_parts(feed, def, &r, err);
	if (rc != MMS_OK || r.n == 0)
		return rc;
	qsort(r.changes, r.n, sizeof *r.changes, compare_changes);

	int64_t first_ms = r.changes[0].at_s * 1000, last_ms = r.changes[r.n - 1].at_s * 1000;
	bool is_from_old = r.changes[0].at_s <= FOR_ALL_TIME_S;
	bool is_for_ever = r.is_endless || (is_from_old && has_one_offset(&r));
	int32_t first = r.changes[0].from;
	if (known != NULL && !is_from_old) {
		first = mms_zone_offset_at(known, LONG_AGO_MS);
		rc = push_known(&list, known, LONG_AGO_MS, first_ms, err);
	}
	for (size_t i = 0; i < r.n && rc == MMS_OK; i++)
		rc = push(&list, r.changes[i].at_s * 1000, r.changes[i].to, err);
	if (rc == MMS_OK && known != NULL && !is_for_ever)
		rc = push_known(&list, known, last_ms, INT64_MAX, err);
	if (rc != MMS_OK)
		return rc;
	if (feed->n_zone_changes + list.n > FEED_CHANGES_MAX) {
		feed_doubt(feed,
			   "the feed defines too many time zones, VTIMEZONE in line %u is "
			   "not read",
			   def->line);
		return MMS_OK;
	}
	feed->n_zone_changes += list.n;
	return mms_zone_make(tzid, first, list.items, list.n, out, err);
}
