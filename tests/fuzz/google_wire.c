/* Any bytes as a page of Google Calendar, or as one event: all of it is read, or none. */
#include <string.h>

#include "../../connector/provider/google_parts.h"
#include "fuzz/fuzz_event.h"

static void
read_page(const uint8_t *data, size_t size)
{
	struct google_reader reader = { .zones = fuzz_zones(),
					.day_zone = mms_zone_utc(),
					.has_window = true,
					.to_ms = INT64_C(1772323200000) };
	struct google_page page = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	mms_str_addn(&text, (const char *)data, size);
	mms_rc rc = google_page_open(fuzz_zones(), &text, &page, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	FUZZ_CHECK(rc == MMS_OK || mms_err_text(&err)[0] != '\0');
	if (rc == MMS_OK && page.zone != NULL)
		reader.day_zone = page.zone;
	while (rc == MMS_OK) {
		struct mms_event event = { 0 };
		/* What was whole when it was checked is whole when it is read. */
		FUZZ_CHECK(google_page_next(&page, &reader, &event, &has, &err) == MMS_OK);
		if (!has)
			break;
		fuzz_check_event(&event);
		mms_event_release(&event);
	}
	google_page_release(&page);
}

static void
read_event(const uint8_t *data, size_t size)
{
	const struct google_reader reader = { .zones = fuzz_zones(),
					      .day_zone = mms_zone_utc() };
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = google_event_read(&reader, (const char *)data, size, &event, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	FUZZ_CHECK(rc != MMS_OK || event.external_id != NULL);
	fuzz_check_event(&event);
}

static void
read_fault(const uint8_t *data, size_t size)
{
	struct google_fault fault;

	google_fault_read((const char *)data, size, &fault);
	FUZZ_CHECK(memchr(fault.reason, '\0', sizeof fault.reason) != NULL);
	FUZZ_CHECK(memchr(fault.message, '\0', sizeof fault.message) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_page(data, size);
	read_event(data, size);
	read_fault(data, size);
	return 0;
}
