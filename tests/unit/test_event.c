/* Events: what blocks, what the names are, which form of an id is stored. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/attr.h"
#include "mmsync/event.h"
#include "mmsync/mem.h"
#include "mmsync/provider.h"

static void
an_event_blocks_as_its_kind_and_the_site_say(void **state)
{
	static const struct {
		const char *label;
		struct mms_event event;
		bool with_all, with_none; /* every rule on, every rule off */
	} rows[] = {
		{ "an ordinary one", { 0 }, true, true },
		{ "cancelled", { .status = MMS_EVENT_CANCELLED }, false, false },
		{ "declined", { .is_declined = true }, false, false },
		{ "gone", { .is_gone = true }, false, false },
		{ "free", { .show = MMS_SHOW_FREE }, false, false },
		{ "working elsewhere", { .show = MMS_SHOW_ELSEWHERE }, false, false },
		{ "working location", { .kind = MMS_EVENT_WORKING_LOCATION }, false, false },
		{ "birthday", { .kind = MMS_EVENT_BIRTHDAY }, false, false },
		{ "out of office", { .show = MMS_SHOW_OUT_OF_OFFICE }, true, true },
		{ "out of office all day",
		  { .show = MMS_SHOW_OUT_OF_OFFICE, .is_all_day = true },
		  true,
		  true },
		{ "out of office, tentative",
		  { .kind = MMS_EVENT_OUT_OF_OFFICE, .status = MMS_EVENT_TENTATIVE },
		  true,
		  true },
		{ "out of office, cancelled",
		  { .kind = MMS_EVENT_OUT_OF_OFFICE, .status = MMS_EVENT_CANCELLED },
		  false,
		  false },
		{ "shown as tentative", { .show = MMS_SHOW_TENTATIVE }, true, false },
		{ "tentative", { .status = MMS_EVENT_TENTATIVE }, true, false },
		{ "focus time", { .kind = MMS_EVENT_FOCUS }, true, false },
		{ "all day", { .is_all_day = true }, true, false },
		{ "free all day", { .is_all_day = true, .show = MMS_SHOW_FREE }, false, false },
	};
	static const struct mms_blocking_rules all = { true, true, true }, none = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_event_is_blocking(&rows[i].event, &all) != rows[i].with_all ||
		    mms_event_is_blocking(&rows[i].event, &none) != rows[i].with_none)
			fail_msg("row '%s'", rows[i].label);
	}
}

static void
ids_are_stored_as_they_are_where_that_is_safe(void **state)
{
	static const struct {
		const char *id;
		bool is_instance;
		size_t max;
		const char *want;
	} rows[] = {
		{ "abc", false, 10, "abc" },
		{ "abc/20260310", true, 140, "abc/20260310" },
		{ "abc/20260310T080000Z", true, 140, "abc/20260310T080000Z" },
		/* A single event whose UID would be taken for an instance of "abc". */
		{ "abc/20260310", false, 140,
		  "sha256:af1c1dbf319e0e88f1b30fb4954c087a0ddc9a69def7dd3c7c88b3fb95e0eba2" },
		{ "abc/20260310T080000Z", false, 140,
		  "sha256:53d0df3e1febc2cd64a19219b7dda11150ee9328bab36f05ccebfceef3f48be4" },
		{ "abc/2026031", false, 140, "abc/2026031" },
		{ "abc/20260310T080000", false, 140, "abc/20260310T080000" },
		{ "20260310", false, 140, "20260310" },
		{ "abcd", false, 3,
		  "sha256:88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589" },
		/* Characters count, not bytes. */
		{ "\xC3\xA4\xC3\xA4\xC3\xA4", false, 3, "\xC3\xA4\xC3\xA4\xC3\xA4" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		char *out = NULL;

		assert_int_equal(mms_event_stored_id(rows[i].id, rows[i].is_instance,
						     rows[i].max, &out, &err),
				 MMS_OK);
		if (strcmp(out, rows[i].want) != 0)
			fail_msg("'%s' became '%s'", rows[i].id, out);
		mms_free(out);
	}
}

static void
names_are_googles(void **state)
{
	(void)state;
	assert_null(mms_response_name(MMS_RESPONSE_UNKNOWN));
	assert_string_equal(mms_response_name(MMS_RESPONSE_NEEDS_ACTION), "needsAction");
	assert_string_equal(mms_response_name(MMS_RESPONSE_DECLINED), "declined");
	assert_string_equal(mms_event_status_name(MMS_EVENT_CANCELLED), "cancelled");
	mms_event_release(NULL);
}

static void
calendars_are_the_same_under_all_their_names(void **state)
{
	static const struct {
		const char *type, *a, *b, *user;
		bool is_same;
	} rows[] = {
		{ "Google Calendar", NULL, "primary", "ann@example.com", true },
		{ "Google Calendar", "", "ANN@example.com", "ann@example.com", true },
		{ "Google Calendar", "team@example.com", NULL, "ann@example.com", false },
		{ "Google Calendar", "abc", "ABC", "ann@example.com", false },
		{ "Google Calendar", NULL, "primary", NULL, true },
		{ "Outlook Calendar", "other@example.com", NULL, "ann@example.com", true },
		{ "Outlook Calendar", "AAMkA=", "AAMka=", "ann@example.com", false },
		{ "Outlook Calendar", "AAMkA=", "AAMkA=", "ann@example.com", true },
		{ "Outlook Calendar", "AAMkA=", "", "ann@example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (mms_provider_is_same_calendar(mms_provider_find(rows[i].type), rows[i].a,
						  rows[i].b, rows[i].user) != rows[i].is_same)
			fail_msg("row %zu", i);
	}
}

static void
a_provisional_id_is_its_uuid(void **state)
{
	unsigned char uuid[16] = { 1, 2, 3, 0xff }, back[16] = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char *id = NULL;

	(void)state;
	assert_int_equal(mms_provisional_id_make(uuid, &id, &err), MMS_OK);
	assert_string_equal(id, "mmsync:010203ff-0000-0000-0000-000000000000");
	assert_true(mms_provisional_id_read(id, back));
	assert_memory_equal(uuid, back, sizeof uuid);
	assert_true(mms_provisional_id_read(id, NULL));
	mms_free(id);
	assert_false(mms_provisional_id_read(NULL, back));
	assert_false(mms_provisional_id_read("mmsync:", back));
	assert_false(mms_provisional_id_read("mmsync:x", back));
	assert_false(mms_provisional_id_read("AAMkAGI=", back));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_blocks_as_its_kind_and_the_site_say),
		cmocka_unit_test(ids_are_stored_as_they_are_where_that_is_safe),
		cmocka_unit_test(names_are_googles),
		cmocka_unit_test(calendars_are_the_same_under_all_their_names),
		cmocka_unit_test(a_provisional_id_is_its_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
