/*
 * Feeds of our own, one for each oddity: fixtures/feeds/NAME.ics, and beside it NAME.json with
 * the options it is read with and what must come out. MMS_GOLDEN=update writes what comes out
 * (look at the difference before you believe it).
 */
#include "support/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "mmsync/attr.h"
#include "mmsync/feed.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

#define FOLDER "fixtures/feeds"

static int
open_zones(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	return mms_zones_new((struct mms_zones **)state, &err) == MMS_OK ? 0 : -1;
}

static int
close_zones(void **state)
{
	mms_zones_free(*state);
	return 0;
}

static const struct mms_zone *
zone_option(struct mms_zones *zones, const json_t *options, const char *key)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *name = json_string_value(json_object_get(options, key));
	const struct mms_zone *zone = NULL;

	if (name != NULL && mms_zones_find(zones, name, &zone, &err) != MMS_OK)
		fail_msg("%s: %s", key, mms_err_text(&err));
	return zone;
}

static int64_t
time_option(const json_t *options, const char *key, const char *otherwise)
{
	MMS_AUTO(mms_err) err = { 0 };
	const char *text = json_string_value(json_object_get(options, key));
	int64_t ms = 0;

	if (text == NULL)
		text = otherwise;
	assert_int_equal(mms_time_parse(text, strlen(text), &ms, &err), MMS_OK);
	return ms;
}

static void
put_text(json_t *o, const char *key, const char *text)
{
	if (text != NULL)
		json_object_set_new(o, key, json_string(text));
}

static void
put_time(json_t *o, const char *key, int64_t ms)
{
	char buf[MMS_TIME_TEXT_MAX];

	if (ms != MMS_NO_TIME)
		json_object_set_new(o, key, json_string(mms_time_print(ms, buf)));
}

static void
put_flag(json_t *o, const char *key, bool is_set)
{
	if (is_set)
		json_object_set_new(o, key, json_true());
}

static json_t *
people_of(const struct mms_event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->n_attendees; i++) {
		const struct mms_attendee *a = &event->attendees[i];
		json_t *o = json_object();
		put_text(o, "email", a->email);
		put_text(o, "display_name", a->display_name);
		put_text(o, "response_status", mms_response_name(a->response));
		json_array_append_new(list, o);
	}
	return list;
}

/* Every fact of an event but those that are as usual. */
static json_t *
event_of(const struct mms_event *event)
{
	static const char *const shows[] = { NULL, "free", "tentative", "out of office",
					     "elsewhere" };
	char days[64];
	json_t *o = json_object();

	put_text(o, "id", event->external_id);
	put_text(o, "series", event->series_id);
	put_text(o, "recurrence_id", event->recurrence_id);
	put_time(o, "start", event->start_ms);
	put_time(o, "end", event->end_ms);
	if (event->is_all_day) {
		(void)snprintf(days, sizeof days, "%lld+%lld", (long long)event->first_day,
			       (long long)(event->end_day - event->first_day));
		put_text(o, "days", days);
	}
	put_text(o, "title", event->title);
	put_text(o, "description", event->description);
	put_text(o, "location", event->location);
	put_text(o, "organizer", event->organizer_email);
	put_time(o, "modified", event->modified_ms);
	if (event->n_attendees > 0)
		json_object_set_new(o, "attendees", people_of(event));
	if (event->status != MMS_EVENT_CONFIRMED)
		put_text(o, "status", mms_event_status_name(event->status));
	put_text(o, "show", shows[event->show]);
	put_flag(o, "private", event->is_private);
	put_flag(o, "declined", event->is_declined);
	put_flag(o, "outside", event->is_outside);
	put_text(o, "problem", event->problem);
	put_text(o, "warning", event->warning);
	return o;
}

static void
check_event(const char *name, const struct mms_event *event)
{
	if (event->external_id == NULL || event->ical_uid == NULL)
		fail_msg("%s: an event without an id", name);
	if (event->problem == NULL &&
	    (event->start_ms == MMS_NO_TIME || event->end_ms < event->start_ms))
		fail_msg("%s: an event without times", name);
	if ((event->recurrence_id != NULL) != (event->series_id != NULL))
		fail_msg("%s: half an instance", name);
}

static json_t *
read_feed(struct mms_zones *zones, const char *name, const json_t *options)
{
	struct mms_feed_options o = {
		.zones = zones,
		.floating_zone = zone_option(zones, options, "floating_zone"),
		.default_zone = zone_option(zones, options, "default_zone"),
		.day_zone = zone_option(zones, options, "day_zone"),
		.charset = json_string_value(json_object_get(options, "charset")),
		.owner_email = "owner@example.com",
		.from_ms = time_option(options, "from", "2026-03-01T00:00:00Z"),
		.to_ms = time_option(options, "to", "2026-05-01T00:00:00Z"),
		.with_outside = json_is_true(json_object_get(options, "with_outside")),
	};
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_feed *feed = NULL;
	json_t *result = json_object(), *list = json_array(), *warnings = json_array();
	char path[512];
	bool has = true;

	(void)snprintf(path, sizeof path, FOLDER "/%s.ics", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	mms_rc rc = mms_feed_open(&feed, fd, &o, &err);
	while (rc == MMS_OK) {
		struct mms_event event;
		rc = mms_feed_next(feed, &event, &has, &err);
		if (rc != MMS_OK || !has)
			break;
		check_event(name, &event);
		json_array_append_new(list, event_of(&event));
		mms_event_release(&event);
	}
	json_object_set_new(result, "events", list);
	if (rc != MMS_OK) {
		put_text(result, "error", mms_rc_name(rc));
		put_text(result, "message", mms_err_text(&err));
		put_text(result, "hint", mms_err_hint(&err));
	} else {
		put_time(result, "next_entry", mms_feed_next_entry_ms(feed));
		for (size_t i = 0; i < mms_feed_n_warnings(feed); i++)
			json_array_append_new(warnings, json_string(mms_feed_warning(feed, i)));
	}
	if (json_array_size(warnings) > 0)
		json_object_set(result, "warnings", warnings);
	json_decref(warnings);
	mms_feed_free(feed);
	close(fd);
	return result;
}

/* Does the feed give what its golden file says? */
static bool
check_feed(struct mms_zones *zones, const char *name)
{
	const char *mode = getenv("MMS_GOLDEN");
	char path[512];

	(void)snprintf(path, sizeof path, FOLDER "/%s.json", name);
	json_t *golden = json_load_file(path, 0, NULL);
	json_t *options = golden != NULL ? json_incref(json_object_get(golden, "options"))
					 : json_object();
	json_t *result = read_feed(zones, name, options);
	json_object_set_new(result, "options", options);
	bool is_good = golden != NULL && json_equal(golden, result);
	if (!is_good && mode != NULL && strcmp(mode, "update") == 0)
		is_good = json_dump_file(result, path, JSON_INDENT(1) | JSON_SORT_KEYS) == 0;
	if (!is_good) {
		char *text = json_dumps(result, JSON_INDENT(1) | JSON_SORT_KEYS);
		printf("# %s gives\n%s\n", name, text);
		free(text);
	}
	json_decref(result);
	json_decref(golden);
	return is_good;
}

static void
each_oddity_is_read_as_its_golden_file_says(void **state)
{
	struct dirent **entries = NULL;
	int n = scandir(FOLDER, &entries, NULL, alphasort);
	size_t n_bad = 0, n_feeds = 0;

	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		char name[256];
		size_t len = strlen(entries[i]->d_name);
		if (len > 4 && len < sizeof name &&
		    strcmp(entries[i]->d_name + len - 4, ".ics") == 0) {
			memcpy(name, entries[i]->d_name, len - 4);
			name[len - 4] = '\0';
			n_bad += !check_feed(*state, name);
			n_feeds++;
		}
		free(entries[i]);
	}
	free(entries);
	printf("# %zu feeds\n", n_feeds);
	assert_int_equal(n_bad, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_oddity_is_read_as_its_golden_file_says),
	};

	return cmocka_run_group_tests(tests, open_zones, close_zones);
}
