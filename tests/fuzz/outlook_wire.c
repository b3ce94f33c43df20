/* Any bytes as a page of Microsoft Graph, as one event, a calendar or a refusal: all of it is read, or none. */
#include <string.h>

#include "../../connector/provider/outlook_parts.h"
#include "fuzz/fuzz_event.h"

static void
check_item(const struct outlook_item *item)
{
	const struct mms_event *e = &item->event;

	fuzz_check_event(e);
	fuzz_check_text(e->version);
	FUZZ_CHECK(!item->is_sparse || item->type == OUTLOOK_OCCURRENCE);
	FUZZ_CHECK(e->is_series == (item->type == OUTLOOK_MASTER));
	FUZZ_CHECK(e->is_all_day || item->is_sparse || e->end_day == 0);
}

/* As the listing does it: what lacks its rest gets it of what was read before. */
static void
fill(const struct outlook_reader *reader, struct outlook_item *item,
     const struct outlook_item *master)
{
	MMS_AUTO(mms_err) err = { 0 };

	if (!item->is_sparse)
		return;
	FUZZ_CHECK(outlook_item_fill(reader, &item->event, &master->event, &err) == MMS_OK);
	item->is_sparse = false;
	fuzz_check_event(&item->event);
	FUZZ_CHECK(item->event.is_all_day || item->event.end_day == 0);
}

static void
read_page(const uint8_t *data, size_t size)
{
	const struct outlook_reader reader = { .zones = fuzz_zones(),
					       .day_zone = mms_zone_utc(),
					       .has_window = true,
					       .to_ms = INT64_C(1772323200000) };
	MMS_AUTO(wire_page) page = { 0 };
	MMS_AUTO(outlook_item) last = { 0 };
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	bool has = true;

	mms_str_addn(&text, (const char *)data, size);
	mms_rc rc = outlook_page_open(&text, &page, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	FUZZ_CHECK(rc == MMS_OK || mms_err_text(&err)[0] != '\0');
	fuzz_check_text(page.next);
	fuzz_check_text(page.cursor);
	FUZZ_CHECK(page.next == NULL || page.cursor == NULL);
	while (rc == MMS_OK) {
		struct outlook_item item = { 0 };
		/* What was whole when it was checked is whole when it is read. */
		FUZZ_CHECK(outlook_page_next(&page, &reader, &item, &has, &err) == MMS_OK);
		if (!has)
			break;
		check_item(&item);
		fill(&reader, &item, &last);
		outlook_item_release(&last);
		last = item;
	}
}

static void
read_event(const uint8_t *data, size_t size)
{
	const struct outlook_reader reader = { .zones = fuzz_zones(),
					       .day_zone = mms_zone_utc() };
	MMS_AUTO(outlook_item) item = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	mms_rc rc = outlook_event_read(&reader, (const char *)data, size, &item, &err);
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY);
	FUZZ_CHECK(rc != MMS_OK || item.event.external_id != NULL);
	check_item(&item);
}

static void
read_rest(const uint8_t *data, size_t size)
{
	struct outlook_fault fault;
	enum mms_calendar_role role = MMS_ROLE_UNKNOWN;
	MMS_AUTO(mms_err) err = { 0 };

	outlook_fault_read((const char *)data, size, &fault);
	FUZZ_CHECK(memchr(fault.code, '\0', sizeof fault.code) != NULL);
	FUZZ_CHECK(memchr(fault.message, '\0', sizeof fault.message) != NULL);
	mms_rc rc = outlook_calendar_read((const char *)data, size, &role, &err);
	FUZZ_CHECK(rc == MMS_OK || (rc == MMS_E_RETRY && role == MMS_ROLE_UNKNOWN));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_page(data, size);
	read_event(data, size);
	read_rest(data, size);
	return 0;
}
