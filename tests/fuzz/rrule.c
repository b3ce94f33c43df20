/* "DTSTART newline RRULE": instances ascend, entering in the middle agrees with walking. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mmsync/rrule.h"

#define STEPS INT64_C(200000)
#define MANY  300

static size_t
walk(const struct mms_rrule *rule, int64_t start_s, int64_t from_s, int64_t *out,
     bool *is_whole)
{
	struct mms_rrule_walk w;
	int64_t steps = STEPS, s;
	size_t n = 0;

	mms_rrule_begin(&w, rule, start_s, INT64_MAX, &steps);
	mms_rrule_skip_to(&w, from_s);
	while (n < MANY && mms_rrule_next(&w, &s))
		out[n++] = s;
	*is_whole = !w.is_out_of_steps;
	FUZZ_CHECK(steps > -100);
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_str) doubts = { 0 };
	const char *text = (const char *)data;
	const char *eol = size > 0 ? memchr(text, '\n', size) : NULL;
	struct mms_ical_time start;
	struct mms_rrule rule;
	int64_t all[MANY], part[MANY];
	bool is_whole, is_part_whole;

	if (eol == NULL)
		return 0;
	struct mms_span first = { text, (size_t)(eol - text) };
	struct mms_span second = { eol + 1, size - first.len - 1 };
	if (!mms_ical_time_parse(first, &start) ||
	    mms_rrule_parse(second, &rule, &doubts, &err) != MMS_OK)
		return 0;
	size_t n = walk(&rule, start.wall_s, start.wall_s, all, &is_whole);
	for (size_t i = 0; i < n; i++) {
		FUZZ_CHECK(all[i] >= start.wall_s);
		FUZZ_CHECK(i == 0 || all[i] > all[i - 1]);
	}
	FUZZ_CHECK(rule.count == 0 || (int64_t)n <= rule.count);
	if (n < 2)
		return 0;
	size_t middle = n / 2;
	size_t m = walk(&rule, start.wall_s, all[middle], part, &is_part_whole);
	for (size_t i = 0; i < m && middle + i < n; i++)
		FUZZ_CHECK(part[i] == all[middle + i]);
	FUZZ_CHECK(m > 0 || !is_part_whole);
	return 0;
}
