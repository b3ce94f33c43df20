/* Addresses of the Outlook provider: of whatever settings and ids are made, each says what is meant. */
#include "support/unit.h"

#include <string.h>

#include "mmsync/mem.h"
#include "support/canned.h"
#include "support/gsession.h"
#include "support/gwrite.h"

#define EVENT                "{\"id\":\"a\",\"type\":\"singleInstance\"}"
#define PART(number, status) "{\"id\":\"" number "\",\"status\":" status ",\"body\":" EVENT "}"
#define BATCH(one, two)      "{\"responses\":[" PART("1", one) "," PART("2", two) "]}"

struct story {
	struct gsession g;
	struct canned canned;
};

static const char *const bodies[] = { EVENT, BATCH("200", "200"), BATCH("200", "204"), NULL };

static int
set_up(void **state)
{
	static struct story story;

	story = (struct story){ 0 };
	gsession_start_outlook(&story.g);
	canned_start(&story.canned, "application/json", bodies);
	*state = &story;
	return 0;
}

static int
tear_down(void **state)
{
	struct story *story = *state;

	canned_release(&story->canned);
	gsession_stop(&story->g);
	return 0;
}

static const char *const ids[] = { "A/b+c==", "d\\e\"f'g?h#i%2F j" };

static void
write_all(struct story *story, const struct mms_write *write, size_t n)
{
	struct mms_write_result result[2];
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(story->g.ops->put(story->g.session, write, n, result, &err), MMS_OK);
	for (size_t i = 0; i < n; i++) {
		if (result[i].err.code != MMS_OK)
			fail_msg("%zu: %s", i, mms_err_text(&result[i].err));
		mms_write_result_release(&result[i]);
	}
}

static void
read_all(struct story *story)
{
	struct mms_event events[2] = { { .external_id = mms_text_copy(ids[0]) },
				       { .external_id = mms_text_copy(ids[1]) } };
	struct mms_event *list[] = { &events[0], &events[1] };
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(story->g.ops->complete(story->g.session, list, 2, &err), MMS_OK);
	mms_event_release(&events[0]);
	mms_event_release(&events[1]);
}

/* Each request, and each part of one, says what it prefers, too. */
static void
addresses_hold_whatever_ids_are_made_of(void **state)
{
	static const struct {
		size_t n;
		const char *part;
	} rows[] = {
		{ 1, "POST /proxy/v1.0/me/calendars/C%2Fd%2Be%3D%252e%27%26%3F/events HTTP" },
		{ 2, "POST /proxy/v1.0/$batch HTTP" },
		{ 1, "\"url\":\"/me/events/A%2Fb%2Bc%3D%3D?$expand=" },
		{ 1, "\"url\":\"/me/events/A%2Fb%2Bc%3D%3D\"" },
		{ 2, "\"url\":\"/me/events/d%5Ce%22f%27g%3Fh%23i%252F%20j" },
		{ 1, "\"If-Match\":\"W/\\\"q\\\\\\\"\"" },
		{ 3, "\r\nPrefer: odata.maxpagesize=" },
		{ 3, "IdType=\"ImmutableId\"" },
		{ 4, "IdType=\\\"ImmutableId\\\"" },
	};
	struct story *story = *state;
	const struct mms_write made = gwrite_create(1);
	const struct mms_write others[] = {
		gwrite_change(ids[0], MMS_FIELD_TITLE, &gwrite_talk),
		{ .kind = MMS_WRITE_DELETE, .external_id = ids[1], .version = "W/\"q\\\"" },
	};

	story->g.path = "/proxy/v1.0///";
	story->g.calendar.calendar_id = "C/d+e=%2e'&?";
	gsession_speak_to(&story->g, story->canned.port);
	write_all(story, &made, 1);
	read_all(story);
	write_all(story, others, 2);
	canned_stop(&story->canned);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		size_t n = 0;

		for (const char *p = mms_str_get(&story->canned.asked);
		     (p = strstr(p, rows[i].part)) != NULL; p++)
			n++;
		if (n != rows[i].n)
			fail_msg("%zu times %s", n, rows[i].part);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses_hold_whatever_ids_are_made_of, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, gsession_start_all, gsession_stop_all);
}
