/* The text of a recurrence rule taken apart (see the header). */
#include "mmsync/rrule.h"

#include <string.h>
#include <strings.h>

/* An interval this long never comes round within the years that exist. */
#define INTERVAL_MAX 100000000
#define COUNT_MAX    INT64_C(1000000000000)

static const char *const weekday_names[] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };

/* What reading one part needs. */
struct part {
	struct mms_rrule *rule;
	struct mms_span key, value;
	struct mms_str *doubts;
	struct mms_err *err;
};

static mms_rc
bad_part(const struct part *p, const char *why)
{
	int key_len = (int)(p->key.len < 20 ? p->key.len : 20);
	int value_len = (int)(p->value.len < 40 ? p->value.len : 40);

	return mms_fail(p->err, MMS_E_ITEM, "%.*s=%.*s %s", key_len, p->key.ptr, value_len,
			p->value.ptr, why);
}

static void
doubt(const struct part *p, const char *why)
{
	int key_len = (int)(p->key.len < 20 ? p->key.len : 20);
	int value_len = (int)(p->value.len < 40 ? p->value.len : 40);

	mms_str_addf(p->doubts, "%s%.*s=%.*s %s", p->doubts->len > 0 ? "; " : "", key_len,
		     p->key.ptr, value_len, p->value.ptr, why);
}

/* A signed number that fills the text; false when it does not or has more than 15 digits. */
static bool
read_number(struct mms_span text, int64_t *out)
{
	int64_t value = 0;
	size_t i = 0;
	bool is_negative = text.len > 0 && text.ptr[0] == '-';

	if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'))
		i++;
	if (i == text.len || text.len - i > 15)
		return false;
	for (; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (text.ptr[i] - '0');
	}
	*out = is_negative ? -value : value;
	return true;
}

/* The next of a list with commas; false at its end. Empty ones are left out. */
static bool
next_item(struct mms_span *rest, struct mms_span *item)
{
	while (rest->len > 0) {
		const char *comma = memchr(rest->ptr, ',', rest->len);
		size_t len = comma != NULL ? (size_t)(comma - rest->ptr) : rest->len;
		*item = mms_span_trim((struct mms_span){ rest->ptr, len });
		size_t used = comma != NULL ? len + 1 : len;
		rest->ptr += used;
		rest->len -= used;
		if (item->len > 0)
			return true;
	}
	return false;
}

static void
set_bit(struct mms_bits *bits, int64_t n)
{
	bits->word[n / 64] |= UINT64_C(1) << (n % 64);
}

/* Where the numbers of one BY part go. Exactly one pair is not NULL. */
struct numbers {
	const char *key;
	int64_t min, max; /* of the magnitude; back NULL: only forward */
	uint32_t *small, *small_back;
	uint64_t *large, *large_back;
	struct mms_bits *bits, *bits_back;
};

static mms_rc
read_numbers(const struct part *p, const struct numbers *n)
{
	struct mms_span rest = p->value, item;
	int64_t value;

	while (next_item(&rest, &item)) {
		bool may_be_back =
			n->small_back != NULL || n->large_back != NULL || n->bits_back != NULL;
		if (!read_number(item, &value))
			return bad_part(p, "is not a list of numbers");
		bool is_back = value < 0;
		int64_t size = is_back ? -value : value;
		if (size < n->min || size > n->max || (is_back && !may_be_back))
			return bad_part(p, "has a number out of its range");
		if (n->small != NULL)
			*(is_back ? n->small_back : n->small) |= UINT32_C(1) << size;
		else if (n->large != NULL)
			*(is_back ? n->large_back : n->large) |= UINT64_C(1) << size;
		else
			set_bit(is_back ? n->bits_back : n->bits, size);
	}
	return MMS_OK;
}

static bool
read_weekday(struct mms_span text, int *out)
{
	for (int i = 0; i < 7; i++) {
		if (mms_span_is(text, weekday_names[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* MO, 2TU, -1SU */
static mms_rc
read_days(const struct part *p)
{
	struct mms_span rest = p->value, item;
	struct mms_rrule *rule = p->rule;
	int64_t n;
	int day;

	while (next_item(&rest, &item)) {
		if (item.len < 2)
			return bad_part(p, "is not a list of weekdays");
		struct mms_span name = { item.ptr + item.len - 2, 2 };
		struct mms_span number =
			mms_span_trim((struct mms_span){ item.ptr, item.len - 2 });
		if (!read_weekday(name, &day))
			return bad_part(p, "is not a list of weekdays");
		if (number.len == 0) {
			rule->weekdays |= 1U << day;
			continue;
		}
		if (!read_number(number, &n) || n == 0 || n > 53 || n < -53)
			return bad_part(p, "has a number out of its range");
		*(n < 0 ? &rule->nth_back[day] : &rule->nth[day]) |= UINT64_C(1)
								     << (n < 0 ? -n : n);
		rule->has_nth = true;
	}
	return MMS_OK;
}

static mms_rc
read_freq(const struct part *p)
{
	static const char *const names[] = { "SECONDLY", "MINUTELY", "HOURLY", "DAILY",
					     "WEEKLY",   "MONTHLY",  "YEARLY" };

	for (size_t i = 0; i < MMS_COUNT(names); i++) {
		if (mms_span_is(p->value, names[i])) {
			p->rule->freq = (enum mms_freq)i;
			return MMS_OK;
		}
	}
	return bad_part(p, "is not a frequency");
}

/* COUNT, INTERVAL, UNTIL, WKST: a bad one is left out, which shows more rather than less. */
static void
read_bound(const struct part *p)
{
	struct mms_rrule *rule = p->rule;
	int64_t n = 0;

	if (mms_span_is(p->key, "COUNT")) {
		if (!read_number(p->value, &n) || n <= 0)
			doubt(p, "is ignored");
		rule->count = n > COUNT_MAX ? COUNT_MAX : n > 0 ? n : 0;
	} else if (mms_span_is(p->key, "INTERVAL")) {
		if (!read_number(p->value, &n) || n <= 0)
			doubt(p, "is read as 1");
		rule->interval = (int32_t)(n > INTERVAL_MAX ? INTERVAL_MAX : n > 0 ? n : 1);
	} else if (mms_span_is(p->key, "UNTIL")) {
		rule->has_until = mms_ical_time_parse(p->value, &rule->until);
		if (!rule->has_until)
			doubt(p, "is no time and ignored");
	} else if (!read_weekday(p->value, &rule->week_start)) {
		doubt(p, "is no weekday and ignored");
	}
}

static bool
is_bound(struct mms_span key)
{
	return mms_span_is(key, "COUNT") || mms_span_is(key, "INTERVAL") ||
	       mms_span_is(key, "UNTIL") || mms_span_is(key, "WKST");
}

/* RFC 7529: other calendars, and what to do with days that a month does not have. */
static mms_rc
read_scale(const struct part *p)
{
	bool is_scale = mms_span_is(p->key, "RSCALE");

	if (mms_span_is(p->value, is_scale ? "GREGORIAN" : "OMIT"))
		return MMS_OK;
	return bad_part(p, "is not supported");
}

static mms_rc
read_part(const struct part *p)
{
	struct mms_rrule *r = p->rule;
	const struct numbers numbers[] = {
		{ "BYSECOND", 0, 60, NULL, NULL, &r->seconds, NULL, NULL, NULL },
		{ "BYMINUTE", 0, 59, NULL, NULL, &r->minutes, NULL, NULL, NULL },
		{ "BYHOUR", 0, 23, &r->hours, NULL, NULL, NULL, NULL, NULL },
		{ "BYMONTH", 1, 12, &r->months, NULL, NULL, NULL, NULL, NULL },
		{ "BYMONTHDAY", 1, 31, &r->month_days, &r->month_days_back, NULL, NULL, NULL,
		  NULL },
		{ "BYWEEKNO", 1, 53, NULL, NULL, &r->weeks, &r->weeks_back, NULL, NULL },
		{ "BYYEARDAY", 1, 366, NULL, NULL, NULL, NULL, &r->year_days,
		  &r->year_days_back },
		{ "BYSETPOS", 1, 366, NULL, NULL, NULL, NULL, &r->positions,
		  &r->positions_back },
	};

	if (is_bound(p->key)) {
		read_bound(p);
		return MMS_OK;
	}
	if (p->value.len == 0) {
		doubt(p, "is empty and ignored");
		return MMS_OK;
	}
	if (mms_span_is(p->key, "FREQ"))
		return read_freq(p);
	if (mms_span_is(p->key, "BYDAY"))
		return read_days(p);
	if (mms_span_is(p->key, "RSCALE") || mms_span_is(p->key, "SKIP"))
		return read_scale(p);
	for (size_t i = 0; i < MMS_COUNT(numbers); i++) {
		if (mms_span_is(p->key, numbers[i].key))
			return read_numbers(p, &numbers[i]);
	}
	doubt(p, "is not known and ignored");
	return MMS_OK;
}

static bool
any_bit(const struct mms_bits *bits)
{
	uint64_t all = 0;

	for (size_t i = 0; i < MMS_COUNT(bits->word); i++)
		all |= bits->word[i];
	return all != 0;
}

mms_rc
mms_rrule_parse(struct mms_span text, struct mms_rrule *out, struct mms_str *doubts,
		struct mms_err *err)
{
	struct mms_rrule rule = { .freq = (enum mms_freq) - 1, .interval = 1, .week_start = 1 };
	const enum mms_freq none = rule.freq;
	mms_rc rc = MMS_OK;

	while (text.len > 0 && rc == MMS_OK) {
		const char *semicolon = memchr(text.ptr, ';', text.len);
		size_t len = semicolon != NULL ? (size_t)(semicolon - text.ptr) : text.len;
		struct mms_span all = mms_span_trim((struct mms_span){ text.ptr, len });
		const char *equals = all.len > 0 ? memchr(all.ptr, '=', all.len) : NULL;
		size_t used = semicolon != NULL ? len + 1 : len;
		text.ptr += used;
		text.len -= used;
		if (all.len == 0)
			continue;
		struct part p = { .rule = &rule, .key = all, .doubts = doubts, .err = err };
		if (equals != NULL) {
			p.key.len = (size_t)(equals - all.ptr);
			p.value = (struct mms_span){ equals + 1, all.len - p.key.len - 1 };
		} else {
			p.value = (struct mms_span){ all.ptr + all.len, 0 };
		}
		p.key = mms_span_trim(p.key);
		p.value = mms_span_trim(p.value);
		rc = read_part(&p);
	}
	if (rc == MMS_OK && rule.freq == none)
		rc = mms_fail(err, MMS_E_ITEM, "it has no FREQ");
	if (rc == MMS_OK && doubts->state == MMS_E_NOMEM)
		rc = mms_fail_nomem(err);
	if (rc != MMS_OK)
		return rc;
	/* A leap second is counted with the second before it, as clocks do. */
	if (rule.seconds & UINT64_C(1) << 60)
		rule.seconds = (rule.seconds | UINT64_C(1) << 59) & ~(UINT64_C(1) << 60);
	rule.has_positions = any_bit(&rule.positions) || any_bit(&rule.positions_back);
	rule.has_year_days = any_bit(&rule.year_days) || any_bit(&rule.year_days_back);
	rule.has_weeks = rule.weeks != 0 || rule.weeks_back != 0;
	*out = rule;
	return MMS_OK;
}
