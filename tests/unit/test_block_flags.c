/* What may be made of a listed event: mms_block_flags(). */
#include "support/unit.h"

#include <string.h>

#include "../../connector/sync/block_inward.h"
#include "mmsync/blocks.h"

#define OURS   1
#define OTHERS 9

/* NO: NO_SOURCE, PR: PRIVATE. */
enum { NONE = 0, NO = MMS_STATE_NO_SOURCE, PR = MMS_STATE_PRIVATE };

static const struct row {
	const char *label;
	const char *title, *text;
	enum mms_mark_kind mark;
	unsigned char site; /* first byte of it: OURS, OTHERS */
	bool is_private;
	bool hides_marks; /* listings of the service show none */
	unsigned known;   /* MMS_KNOWN_*; 0: nobody knows it */
	unsigned want;
} rows[] = {
	{ .label = "a person's own", .title = "Lunch", .text = "at Ann's" },
	{ .label = "nothing at all" },
	{ .label = "private", .title = "Doctor", .is_private = true, .want = PR },

	{ .label = "a copy of our block",
	  .mark = MMS_MARK_BUSY_BLOCK,
	  .site = OURS,
	  .want = NO },
	{ .label = "another installation's block",
	  .mark = MMS_MARK_BUSY_BLOCK,
	  .site = OTHERS,
	  .is_private = true,
	  .want = NO | PR },
	{ .label = "another installation's booking",
	  .mark = MMS_MARK_BOOKING,
	  .site = OTHERS,
	  .want = NO },
	{ .label = "another installation's, of a later version",
	  .mark = MMS_MARK_OTHER,
	  .site = OTHERS,
	  .want = NO },
	{ .label = "a copy of our booking", .mark = MMS_MARK_BOOKING, .site = OURS },
	{ .label = "tagged by another installation",
	  .mark = MMS_MARK_USER_EVENT,
	  .site = OTHERS },
	{ .label = "tagged by us", .mark = MMS_MARK_USER_EVENT, .site = OURS },

	{ .label = "an old title", .title = "Busy - work", .want = NO },
	{ .label = "an old title, and nothing else", .title = "Busy - ", .want = NO },
	{ .label = "a title that begins alike", .title = "Busy week" },
	{ .label = "the words elsewhere", .title = "Very Busy - work" },
	{ .label = "just busy", .title = "Busy" },

	{ .label = "an old tag", .text = "CalSync [source:ann:work:e1]", .want = NO },
	{ .label = "among words",
	  .text = "See you\r\n-- \r\nCalSync [google:ann@example.com:primary:e_1-2]\r\n",
	  .want = NO },
	{ .label = "in HTML", .text = "<p>CalSync&nbsp;[source:ann:work:e1]</p>", .want = NO },
	{ .label = "another blank", .text = "CalSync\xc2\xa0[source:ann:work:e1]", .want = NO },
	{ .label = "no blank", .text = "CalSync[source:ann:work:e1]", .want = NO },
	{ .label = "an address in it",
	  .text = "CalSync [ical:ann:https://example.com/a.ics:e1]",
	  .want = NO },
	{ .label = "the second of two",
	  .text = "CalSync is off. CalSync [source:ann:work:e1]",
	  .want = NO },
	{ .label = "too few parts", .text = "CalSync [source:ann:work]" },
	{ .label = "empty parts", .text = "CalSync [:::]" },
	{ .label = "an end that never comes", .text = "CalSync [source:ann:work:e1" },
	{ .label = "broken by a line", .text = "CalSync [source:ann:\nwork:e1]" },
	{ .label = "the name alone", .text = "We use CalSync for this" },
	{ .label = "the tag as a title", .title = "CalSync [source:ann:work:e1]" },

	{ .label = "known, and none any more",
	  .title = "Work",
	  .known = MMS_KNOWN_STATE | MMS_KNOWN_NO_SOURCE },
	{ .label = "known, where marks are not shown",
	  .title = "Work",
	  .hides_marks = true,
	  .known = MMS_KNOWN_STATE | MMS_KNOWN_NO_SOURCE,
	  .want = NO },
	{ .label = "another mark, where it was asked for",
	  .mark = MMS_MARK_USER_EVENT,
	  .site = OURS,
	  .hides_marks = true,
	  .known = MMS_KNOWN_STATE | MMS_KNOWN_NO_SOURCE },
	{ .label = "a source, where marks are not shown",
	  .hides_marks = true,
	  .known = MMS_KNOWN_STATE },
	{ .label = "private no more",
	  .hides_marks = true,
	  .known = MMS_KNOWN_STATE | MMS_KNOWN_PRIVATE },
};

static mms_rc
complete(struct mms_session *s, struct mms_event *const *events, size_t n, struct mms_err *err)
{
	(void)s, (void)events, (void)n, (void)err;
	return MMS_OK;
}

static void
every_event_is_a_source_or_none_as_its_row_says(void **state)
{
	static const struct mms_provider_ops showing, hiding = { .complete = complete };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct mms_provider provider = { .ops = r->hides_marks ? &hiding : &showing };
		struct mms_worker worker = { .site = { OURS }, .has_site = true };
		struct mms_turn_state t = { .worker = &worker, .provider = &provider };
		struct mms_known_event known = { .flags = (uint16_t)r->known };
		struct mms_event event = { .title = (char *)(uintptr_t)r->title,
					   .description = (char *)(uintptr_t)r->text,
					   .is_private = r->is_private,
					   .mark = { .kind = r->mark, .site = { r->site } } };
		unsigned got = mms_block_flags(&t, &event, r->known != 0 ? &known : NULL);

		if (got != r->want)
			fail_msg("%s: %u and not %u", r->label, got, r->want);
	}
}

/* Where this installation is not known a block is a block all the same. */
static void
a_block_is_none_whoever_made_it(void **state)
{
	static const struct mms_provider_ops showing;
	struct mms_provider provider = { .ops = &showing };
	struct mms_worker worker = { 0 };
	struct mms_turn_state t = { .worker = &worker, .provider = &provider };
	struct mms_event event = { .mark = { .kind = MMS_MARK_BUSY_BLOCK } };

	(void)state;
	assert_int_equal(mms_block_flags(&t, &event, NULL), MMS_STATE_NO_SOURCE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_a_source_or_none_as_its_row_says),
		cmocka_unit_test(a_block_is_none_whoever_made_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
