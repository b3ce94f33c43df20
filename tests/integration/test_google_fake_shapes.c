/* The fake Google Calendar's answers have the shapes of recorded ones, where there are recordings. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/gtable.h"

/* A recording; NULL: there is none. Owns: json_decref(). */
static json_t *
recording(const char *name)
{
	const char *corpus = getenv("MMS_CORPUS");
	char path[600];
	json_error_t error;

	(void)snprintf(path, sizeof path, "%s/google/%s",
		       corpus != NULL ? corpus : "../shared/data", name);
	json_t *doc = json_load_file(path, 0, &error);
	if (doc == NULL)
		print_message("%s is not there: skipped\n", path);
	return doc;
}

/* What a person has set, or the account has, is not of every event. */
static bool
is_optional(const char *key)
{
	static const char *const keys[] = { "displayName",        "timeZone",
					    "description",        "nextSyncToken",
					    "nextPageToken",      "location",
					    "extendedProperties", "transparency" };

	for (size_t i = 0; i < MMS_COUNT(keys); i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

static void check_same(const char *where, json_t *theirs, json_t *ours);

static void
check_keys(const char *where, json_t *theirs, json_t *ours)
{
	const char *key;
	json_t *value;
	char path[300];

	json_object_foreach(ours, key, value)
	{
		if (json_object_get(theirs, key) == NULL && !is_optional(key))
			fail_msg("%s: no recording has '%s'", where, key);
	}
	json_object_foreach(theirs, key, value)
	{
		json_t *own = json_object_get(ours, key);

		(void)snprintf(path, sizeof path, "%s.%s", where, key);
		if (own == NULL && !is_optional(key))
			fail_msg("%s: it is in the recording alone", path);
		if (own != NULL && !json_is_array(own))
			check_same(path, value, own);
	}
}

/* The same members, of the same kinds; texts that have a form have the same. */
static void
check_same(const char *where, json_t *theirs, json_t *ours)
{
	if (json_typeof(theirs) != json_typeof(ours) &&
	    !(json_is_boolean(theirs) && json_is_boolean(ours)))
		fail_msg("%s: of another kind", where);
	if (json_is_object(theirs))
		check_keys(where, theirs, ours);
	const char *a = json_string_value(theirs), *b = json_string_value(ours);
	bool is_stamp =
		a != NULL &&
		(strstr(where, ".updated") != NULL || strstr(where, ".created") != NULL ||
		 strstr(where, "dateTime") != NULL || strstr(where, ".date") != NULL);
	if (is_stamp && strlen(a) != strlen(b))
		fail_msg("%s: '%s', recorded '%s'", where, b, a);
	if (a != NULL && (a[0] == '"') != (b[0] == '"'))
		fail_msg("%s: '%s', recorded '%s'", where, b, a);
}

/* The item of an id that ends like this ("" for one without an instance's suffix). */
static json_t *
item_like(json_t *page, bool is_instance)
{
	json_t *items = json_object_get(page, "items"), *one;
	size_t i;

	json_array_foreach(items, i, one)
	{
		const char *id = json_string_value(json_object_get(one, "id"));

		if ((strchr(id, '_') != NULL) == is_instance)
			return one;
	}
	return NULL;
}

/* What changed since before the script. */
static void
list_changes(const char *before, const char *script, const char *parameters,
	     struct gfake_answer *answer)
{
	static const char ann[] = "Authorization: Bearer A\r\n";
	char address[400];

	gfake_control(gtable_fake(), GTABLE_ANN "zone ann@example.com America/Chicago\n%s",
		      before);
	(void)snprintf(address, sizeof address, "/calendar/v3/calendars/primary/events?%s",
		       parameters);
	assert_true(gfake_ask(gtable_fake(), "GET", address, ann, NULL, answer));
	const char *token = json_string_value(json_object_get(answer->doc, "nextSyncToken"));
	assert_non_null(token);
	(void)snprintf(address, sizeof address,
		       "/calendar/v3/calendars/primary/events?%ssyncToken=%.*s%%3D", parameters,
		       (int)strlen(token) - 1, token);
	gfake_control(gtable_fake(), "%s", script);
	assert_true(gfake_ask(gtable_fake(), "GET", address, ann, NULL, answer));
	assert_int_equal(answer->status, 200);
}

#define SERIES                                                                            \
	"series ann@example.com master1 \"Breakfast\" 2026-03-10T08:00 2026-03-10T09:00 " \
	"FREQ=DAILY;COUNT=9\n"

static void
changes_look_as_they_were_recorded(void **state)
{
	static const struct {
		const char *file, *before, *script;
		bool has_master, has_instance;
	} rows[] = {
		{ "compass__recurring_create_create.json", "", SERIES, true, false },
		{ "compass__recurring_delete_single_delete.single.json", SERIES,
		  "delete ann@example.com master1_20260312T130000Z\n", true, true },
		{ "compass__recurring_delete_all_all-1.json", SERIES,
		  "delete ann@example.com master1\n", true, false },
		{ "compass__recurring_delete_this-and-following_delete.this-and-following.json",
		  SERIES, "delete-from ann@example.com master1 2026-03-14T08:00\n", true,
		  false },
		{ "compass__recurring_edit_single_single.instance-1.json", SERIES,
		  "change ann@example.com master1_20260312T130000Z title=\"Late breakfast\"\n",
		  true, true },
		{ "compass__recurring_edit_all_all-1.json", SERIES,
		  "change ann@example.com master1 title=\"Late breakfast\"\n", true, false },
	};
	struct gfake_answer answer = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		json_t *theirs = recording(rows[i].file);

		if (theirs == NULL)
			continue;
		list_changes(rows[i].before, rows[i].script, "", &answer);
		check_same(rows[i].file, theirs, answer.doc);
		assert_int_equal(item_like(answer.doc, false) != NULL, rows[i].has_master);
		assert_int_equal(item_like(answer.doc, true) != NULL, rows[i].has_instance);
		if (rows[i].has_master)
			check_same(rows[i].file, item_like(theirs, false),
				   item_like(answer.doc, false));
		if (rows[i].has_instance)
			check_same(rows[i].file, item_like(theirs, true),
				   item_like(answer.doc, true));
		json_decref(theirs);
	}
	gfake_answer_release(&answer);
}

static void
events_look_as_they_were_recorded(void **state)
{
	static const struct {
		const char *file, *script;
		size_t at;
	} rows[] = {
		{ "compass__events_gcal_gcal.timed.json",
		  "event ann@example.com timed1 \"T\" 2026-03-10T08:00 2026-03-10T09:00\n", 1 },
		{ "compass__events_gcal_gcal.allday.json",
		  "event ann@example.com day01 \"T\" 2026-03-10 2026-03-11\n", 0 },
		{ "compass__events_gcal_gcal.cancelled.json",
		  SERIES "delete ann@example.com master1_20260312T130000Z\n", 0 },
	};
	struct gfake_answer answer = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		json_t *theirs = recording(rows[i].file);

		if (theirs == NULL)
			continue;
		list_changes("", rows[i].script, i == 2 ? "singleEvents=true&" : "", &answer);
		json_t *ours = NULL, *one;
		size_t k;
		json_array_foreach(json_object_get(answer.doc, "items"), k, one)
		{
			const char *status = json_string_value(json_object_get(one, "status"));

			if (i != 2 || strcmp(status, "cancelled") == 0)
				ours = one;
		}
		json_t *sample = json_array_get(theirs, rows[i].at);
		/* A mark of one importer, not of the service. */
		json_object_del(sample, "private");
		assert_non_null(ours);
		check_same(rows[i].file, sample, ours);
		json_decref(theirs);
	}
	gfake_answer_release(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_look_as_they_were_recorded),
		cmocka_unit_test(events_look_as_they_were_recorded),
	};

	return cmocka_run_group_tests(tests, gtable_start, gtable_stop);
}
