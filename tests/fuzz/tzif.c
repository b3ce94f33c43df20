/* Any bytes as a time zone file: refused, or a zone that answers. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mmsync/timetext.h"
#include "mmsync/tzif.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_zone *zone = NULL;
	struct mms_tz_rule rule;
	struct mms_zone_change change;

	if (mms_tz_rule_parse((const char *)data, size, &rule) && rule.has_daylight) {
		int64_t start, end;
		mms_tz_rule_year(&rule, 2024, &start, &end);
	}
	mms_rc rc = mms_tzif_parse("fuzz", data, size, &zone, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_ITEM);
	if (rc != MMS_OK)
		return 0;
	for (int64_t ms = INT64_C(-62135596800000); ms < INT64_C(253402300800000);
	     ms += INT64_C(7777777777777)) {
		int32_t offset = mms_zone_offset_at(zone, ms);
		FUZZ_CHECK(offset >= -100000 && offset <= 100000);
		FUZZ_CHECK(mms_zone_to_wall(zone, ms) == (ms + offset * INT64_C(1000)) * 1000);
		int64_t back = mms_zone_to_utc(zone, mms_zone_to_wall(zone, ms));
		/* In a repeated hour the first reading is given; never more than two days away. */
		FUZZ_CHECK(back - ms <= 2 * MMS_DAY_MS && ms - back <= 2 * MMS_DAY_MS);
	}
	int64_t at = INT64_C(-62135596800000);
	for (int i = 0; i < 20 && mms_zone_next_change(zone, at, &change); i++) {
		FUZZ_CHECK(change.at_ms > at);
		at = change.at_ms;
	}
	mms_zone_free(zone);
	return 0;
}
