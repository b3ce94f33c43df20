/* Any bytes as a feed: events come out whole, or an error does; always soon. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "mmsync/feed.h"
#include "mmsync/timetext.h"
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
	FUZZ_CHECK(text == NULL || mms_utf8_is_valid(text, strlen(text)));
}

static void
check_event(const struct mms_event *e)
{
	FUZZ_CHECK(e->external_id != NULL && e->ical_uid != NULL);
	FUZZ_CHECK((e->series_id != NULL) == (e->recurrence_id != NULL));
	check_text(e->external_id);
	check_text(e->title);
	check_text(e->description);
	check_text(e->location);
	check_text(e->organizer_email);
	check_text(e->problem);
	check_text(e->warning);
	for (size_t i = 0; i < e->n_attendees; i++) {
		FUZZ_CHECK(e->attendees[i].email != NULL);
		check_text(e->attendees[i].email);
		check_text(e->attendees[i].display_name);
	}
	if (e->problem != NULL)
		return;
	FUZZ_CHECK(e->start_ms != MMS_NO_TIME && e->end_ms >= e->start_ms);
	FUZZ_CHECK(!e->is_all_day || e->end_day > e->first_day);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t from_ms = INT64_C(1772323200000); /* 2026-03-01 */
	struct mms_feed_options options = { .zones = zones(),
					    .owner_email = "owner@example.com",
					    .from_ms = from_ms,
					    .to_ms = from_ms + 60 * MMS_DAY_MS,
					    .with_outside = size % 2 == 1 };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_feed *feed = NULL;
	bool has = true;

	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	FUZZ_CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	mms_rc rc = mms_feed_open(&feed, fd, &options, &err);
	while (rc == MMS_OK) {
		struct mms_event event;
		rc = mms_feed_next(feed, &event, &has, &err);
		if (rc != MMS_OK || !has)
			break;
		check_event(&event);
		mms_event_release(&event);
	}
	for (size_t i = 0; rc == MMS_OK && i < mms_feed_n_warnings(feed); i++)
		check_text(mms_feed_warning(feed, i));
	FUZZ_CHECK(rc == MMS_OK || rc == MMS_E_RETRY || rc == MMS_E_ITEM);
	FUZZ_CHECK(rc == MMS_OK || mms_err_text(&err)[0] != '\0');
	mms_feed_free(feed);
	close(fd);
	return 0;
}
