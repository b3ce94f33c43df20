/* Any bytes as a page of Google Calendar, or as one event: all of it is read, or none. */
#include <string.h>

#include "../../connector/provider/google_parts.h"
#include "fuzz/fuzz.h"
#include "mmsync/utf8.h"

/* Made once: the tz database does not change under us. */
static struct mms_zones *
zones(void)
{
	static struct mms_zones *made;
	struct mms_err err = { 0 };

	if (made == NULL)
		FUZZ_CHECK(mms_zones_new(&made, &err) == MMS_OK);
	return made;
}

static void
check_text(const char *text)
{
	FUZZ_CHECK(text == NULL || (text[0] != '\0' && mms_utf8_is_valid(text, strlen(text))));
}

static void
check_event(const struct mms_event *e)
{
	check_text(e->external_id);
	check_text(e->series_id);
	check_text(e->title);
	check_text(e->description);
	check_text(e->organizer_email);
	check_text(e->problem);
	check_text(e->warning);
	FUZZ_CHECK(e->n_attendees <= 2000);
	for (size_t i = 0; i < e->n_attendees; i++) {
		FUZZ_CHECK(e->attendees[i].email != NULL);
		check_text(e->attendees[i].email);
		check_text(e->attendees[i].display_name);
	}
	if (e->external_id == NULL || e->problem != NULL || e->is_gone)
		return;
	FUZZ_CHECK(e->start_ms != MMS_NO_TIME && e->end_ms >= e->start_ms);
	FUZZ_CHECK(!e->is_all_day || e->end_day > e->first_day);
}

static void
read_page(const uint8_t *data, size_t size)
{
	struct google_reader reader = { .zones = zones(),
					.day_zone = mms_zone_utc(),
					.has_window = true,
					.to_ms = INT64_C(1772323200000) };
	struct google_page page = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	mms_str_addn(&text, (const char *)data, size);
	mms_rc rc = google_page_open(zones(), &text, &page, &err);
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
		check_event(&event);
		mms_event_release(&event);
	}
	google_page_release(&page);
}

static void
read_event(const uint8_t *data, size_t size)
{
	const struct google_reader reader = { .zones = zones(), .day_zone = mms_zone_utc() };
	MMS_AUTO(mms_event) event = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = google_event_read(&reader, (const char *)data, size, &event, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	FUZZ_CHECK(rc != MMS_OK || event.external_id != NULL);
	check_event(&event);
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
