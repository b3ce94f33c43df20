/* RFC 3339 and DATETIME texts: what is read prints to a text that reads the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mmsync/timetext.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MMS_AUTO(mms_err) err = { 0 };
	char buf[MMS_TIME_TEXT_MAX];
	int64_t ms, wall, again;

	if (mms_time_parse((const char *)data, size, &ms, &err) == MMS_OK) {
		mms_time_print(ms, buf);
		/* An offset may carry the first or last day out of the years that print. */
		if (ms >= INT64_C(-62135596800000) && ms < INT64_C(253402300800000)) {
			FUZZ_CHECK(mms_time_parse(buf, strlen(buf), &again, &err) == MMS_OK);
			FUZZ_CHECK(again == ms);
		}
	} else {
		FUZZ_CHECK(mms_err_text(&err)[0] != '\0');
	}
	if (mms_wall_parse((const char *)data, size, &wall)) {
		mms_wall_print(wall, buf);
		FUZZ_CHECK(mms_wall_parse(buf, strlen(buf), &again));
		FUZZ_CHECK(again == wall);
	}
	return 0;
}
