/* RRULE, RDATE, EXRULE and EXDATE of an event into its recurrence set. */
#include <string.h>

#include "feed_parts.h"

/* Rules of one event; real ones have one, seldom two. */
#define RULES_MAX 20
/* Dates of one event, so that a hostile line costs bounded memory. */
#define DATES_MAX ((size_t)100000)

/* What is being read, and how many dates there were. */
struct reading {
	struct mms_feed *feed;
	const struct feed_block *block;
	const struct feed_prop *prop;
	const struct feed_times *times;
	size_t n_dates;
};

static mms_rc
add_rule(struct reading *r, char **problem, struct mms_err *err)
{
	MMS_AUTO(mms_str) doubts = { 0 };
	MMS_AUTO(mms_err) why = { 0 };
	bool is_ex = r->prop->prop == MMS_ICAL_EXRULE;
	struct mms_span value = mms_span_trim(feed_value(r->block, r->prop));
	struct mms_rrule rule;

	if (value.len == 0)
		return MMS_OK;
	/* "RRULE:RRULE:FREQ=..." */
	if (value.len > 6 && mms_span_is((struct mms_span){ value.ptr, 6 }, "RRULE:")) {
		value.ptr += 6;
		value.len -= 6;
	}
	mms_rc rc = mms_rrule_parse(value, &rule, &doubts, &why);
	if (rc == MMS_OK && doubts.len > 0)
		feed_doubt(r->feed, "%s (line %u): %s", is_ex ? "EXRULE" : "RRULE",
			   r->prop->line, mms_str_get(&doubts));
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (rc == MMS_OK && r->feed->set.n_rules == RULES_MAX)
		rc = mms_fail(&why, MMS_E_ITEM, "it is one of more than %d", RULES_MAX);
	if (rc == MMS_OK)
		return mms_recur_add_rule(&r->feed->set, &rule, is_ex, err);
	MMS_AUTO(mms_str) what = { 0 };
	mms_str_addf(&what, "cannot be followed: %s", mms_err_text(&why));
	*problem =
		feed_problem(r->block, r->prop, is_ex ? "EXRULE" : "RRULE", mms_str_get(&what));
	return *problem != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* EXDATE: an instant, or a day where it is a date or the series is of days. */
static mms_rc
exclude(struct reading *r, const struct feed_when *when, struct mms_err *err)
{
	struct mms_recur *set = &r->feed->set;

	if (r->times->start.is_date)
		return mms_recur_exclude(set, feed_day_ms(r->feed, when), err);
	if (when->is_date)
		return mms_recur_exclude_day(set, when->wall_s / 86400, err);
	return mms_recur_exclude(set, when->ms, err);
}

/* RDATE: a start, perhaps with an end of its own. */
static mms_rc
include(struct reading *r, const struct feed_when *when, int64_t end_ms, struct mms_err *err)
{
	const struct feed_when *start = &r->times->start;
	int64_t at_ms = when->ms;

	if (start->is_date) {
		at_ms = feed_day_ms(r->feed, when);
		end_ms = MMS_NO_TIME;
	} else if (when->is_date) {
		/* A day in a series of times: that day at the series' time. */
		int64_t in_day = start->wall_s % 86400;
		in_day = in_day < 0 ? in_day + 86400 : in_day;
		at_ms = mms_zone_to_utc(start->zone, (when->wall_s + in_day) * 1000000);
	}
	return mms_recur_add_date(&r->feed->set, at_ms, end_ms, err);
}

/* The end of a period, MMS_NO_TIME when it has none. */
static mms_rc
period_end(struct reading *r, struct mms_span value, const struct feed_when *start,
	   int64_t *end_ms, struct mms_err *err)
{
	const char *slash = value.len > 0 ? memchr(value.ptr, '/', value.len) : NULL;
	struct mms_ical_duration duration;
	struct feed_when end;
	bool is_good = false;

	*end_ms = MMS_NO_TIME;
	if (slash == NULL)
		return MMS_OK;
	struct mms_span rest = { slash + 1, (size_t)(value.ptr + value.len - slash - 1) };
	if (mms_ical_duration_parse(rest, &duration)) {
		struct feed_length length = { duration.days * 86400, duration.seconds * 1000 };
		*end_ms = feed_end(start, &length, start->ms);
		return MMS_OK;
	}
	mms_rc rc = feed_when(r->feed, r->feed->index.items[r->block->item].calendar, rest,
			      feed_params(r->block, r->prop), start->zone, &end, &is_good, err);
	if (rc == MMS_OK && is_good && end.ms > start->ms)
		*end_ms = end.ms;
	return rc;
}

static mms_rc
add_date(struct reading *r, struct mms_span value, struct mms_err *err)
{
	bool is_ex = r->prop->prop == MMS_ICAL_EXDATE;
	const struct feed_when *own = &r->times->start;
	const char *slash = memchr(value.ptr, '/', value.len);
	struct mms_span start = { value.ptr,
				  slash != NULL ? (size_t)(slash - value.ptr) : value.len };
	struct feed_when when;
	bool is_good = false;
	int64_t end_ms = MMS_NO_TIME;

	mms_rc rc = feed_when(r->feed, r->feed->index.items[r->block->item].calendar, start,
			      feed_params(r->block, r->prop), own->is_date ? NULL : own->zone,
			      &when, &is_good, err);
	if (rc != MMS_OK)
		return rc;
	if (!is_good || ++r->n_dates > DATES_MAX) {
		feed_doubt(r->feed, "%s (line %u): '%.*s' is %s", is_ex ? "EXDATE" : "RDATE",
			   r->prop->line, (int)(value.len < 40 ? value.len : 40), value.ptr,
			   is_good ? "one too many" : "not a time and ignored");
		return MMS_OK;
	}
	if (is_ex)
		return exclude(r, &when, err);
	rc = period_end(r, value, &when, &end_ms, err);
	return rc == MMS_OK ? include(r, &when, end_ms, err) : rc;
}

/* The values of an RDATE or EXDATE. A display name in TZID may hold commas, a time does not. */
static mms_rc
add_dates(struct reading *r, struct mms_err *err)
{
	struct mms_span value = feed_value(r->block, r->prop);
	mms_rc rc = MMS_OK;

	while (value.len > 0 && rc == MMS_OK) {
		const char *comma = memchr(value.ptr, ',', value.len);
		size_t len = comma != NULL ? (size_t)(comma - value.ptr) : value.len;
		struct mms_span one = mms_span_trim((struct mms_span){ value.ptr, len });
		if (one.len > 0)
			rc = add_date(r, one, err);
		size_t used = comma != NULL ? len + 1 : len;
		value.ptr += used;
		value.len -= used;
	}
	return rc;
}

mms_rc
feed_set(struct mms_feed *feed, const struct feed_block *block, const struct feed_times *times,
	 char **problem, struct mms_err *err)
{
	struct reading r = { .feed = feed, .block = block, .times = times };

	*problem = NULL;
	mms_recur_release(&feed->set);
	mms_rc rc = mms_recur_open(&feed->set, times->start.zone, feed_day_zone(feed),
				   times->start.is_date, times->start.wall_s, err);
	for (size_t i = 0; i < block->n && rc == MMS_OK && *problem == NULL; i++) {
		r.prop = &block->props[i];
		if (r.prop->prop == MMS_ICAL_RRULE || r.prop->prop == MMS_ICAL_EXRULE)
			rc = add_rule(&r, problem, err);
		else if (r.prop->prop == MMS_ICAL_RDATE || r.prop->prop == MMS_ICAL_EXDATE)
			rc = add_dates(&r, err);
	}
	return rc;
}
