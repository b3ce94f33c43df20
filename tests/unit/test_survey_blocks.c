/* serve/survey_blocks: whose calendars take part in busy blocks, and of whom nothing comes of it. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/page.h"
#include "mmsync/survey.h"

#define MOST 12

/* A calendar as a word: user, service (g, o, i), two-way (2) or not (1), and what else: "+" On, "-" Off, "x" inactive, "r" read only. */
static void
make_sources(const char *words, struct mms_source *out, char users[][40], size_t *n)
{
	static char google[] = "Google Calendar", outlook[] = "Outlook Calendar",
		    feed[] = "iCal";
	static char two[] = "Two-way (Read & Write)", one[] = "One-way (Read Only)";
	int len = 0;

	*n = 0;
	for (char kind[8]; sscanf(words, "%39[^:]:%7s %n", users[*n], kind, &len) == 2;
	     words += len) {
		const char *more = kind + 2;
		assert_true(*n < MOST);
		out[*n] = (struct mms_source){
			.integration = { .user = users[*n],
					 .type = kind[0] == 'g'   ? google
						 : kind[0] == 'o' ? outlook
								  : feed,
					 .direction = kind[1] == '2' ? two : one,
					 .is_active = strchr(more, 'x') == NULL,
					 .blocks = strchr(more, '+') != NULL ? MMS_BLOCKS_ON
						   : strchr(more, '-') != NULL
							   ? MMS_BLOCKS_OFF
							   : MMS_BLOCKS_AS_SITE },
			.cursor = { .role = strchr(more, 'r') != NULL ? MMS_ROLE_READER
								      : MMS_ROLE_OWNER },
		};
		(*n)++;
	}
}

#define SINGLE "note 1 person of whom one calendar takes part: there is nothing to block: "
#define NO_WRITE                                                                            \
	"note 1 person of whom no calendar that takes part may be written to: no block is " \
	"made: "

static const struct {
	const char *label, *sources, *want;
	bool is_on;
} rows[] = {
	{ "nobody", "", "", true },
	{ "nobody who opted in", "ann:g2 ann:o2", "", false },
	{ "two", "ann:g2 ann:o2",
	  "ok 2 calendars of 1 person take part; blocks are made in 2 of them\n", true },
	{ "a feed is a source alone", "ann:g2 ann:i2",
	  "ok 2 calendars of 1 person take part; blocks are made in 1 of them\n", true },
	{ "names of users in another case", "Ann:g2 bob:g2 ann:o2 bob:i1",
	  "ok 4 calendars of 2 people take part; blocks are made in 3 of them\n", true },
	{ "one of a person", "ann:g2 ann:o2 bob:g2",
	  "ok 3 calendars of 2 people take part; blocks are made in 2 of them\n" SINGLE "bob\n",
	  true },
	{ "none is written to", "ann:i1 ann:g1 ann:o2r",
	  "ok 3 calendars of 1 person take part; blocks are made in 0 of them\n" NO_WRITE
	  "ann\n",
	  true },
	{ "what is inactive or Off takes no part", "ann:g2 ann:o2x ann:g2-",
	  "ok 1 calendar of 1 person takes part; blocks are made in 0 of them\n" SINGLE "ann\n",
	  true },
	{ "On where the site is off", "ann:g2+ ann:o2+ bob:g2 bob:o2",
	  "ok 2 calendars of 1 person take part; blocks are made in 2 of them\n", false },
	{ "many", "a:g2 b:g2 c:g2 d:g2 e:g2 f:g2 g:g2",
	  "ok 7 calendars of 7 people take part; blocks are made in 0 of them\n"
	  "note 7 people of whom one calendar takes part: there is nothing to block: a, b, c, "
	  "d, e "
	  "and 2 more\n",
	  true },
};

static mms_rc
judge(size_t row, struct mms_str *out, struct mms_err *err)
{
	MMS_AUTO(mms_findings) found = { 0 };
	struct mms_source items[MOST];
	char users[MOST + 1][40];
	struct mms_sources sources = { .items = items };
	const struct mms_config config = { .blocks_enabled = rows[row].is_on };

	make_sources(rows[row].sources, items, users, &sources.n);
	mms_rc rc = mms_survey_judge_blocks(&sources, &config, &found, err);
	for (size_t i = 0; i < found.n; i++) {
		assert_string_equal(found.items[i].object, "busy blocks");
		mms_str_addf(out, "%s %s\n", mms_finding_state_name(found.items[i].state),
			     found.items[i].detail);
	}
	return rc;
}

static void
who_takes_part_is_counted_and_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) got = { 0 };

		assert_int_equal(judge(i, &got, &err), MMS_OK);
		if (strcmp(mms_str_get(&got), rows[i].want) != 0)
			fail_msg("%s:\n%s", rows[i].label, mms_str_get(&got));
	}
}

static void
out_of_memory_is_an_error(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (int n = 1;; n++) {
		MMS_AUTO(mms_err) err = { 0 };
		MMS_AUTO(mms_str) got = { 0 };
		char fault[32];

		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + (unsigned long)n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = judge(5, &got, &err);
		assert_true(mms_fault_arm_text("alloc:1000000000"));
		if (rc == MMS_OK && strcmp(mms_str_get(&got), rows[5].want) == 0) {
			assert_true(n > 4);
			break;
		}
		assert_true(n < 1000);
		if (rc != MMS_OK)
			assert_int_equal(rc, MMS_E_NOMEM);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_takes_part_is_counted_and_named),
		cmocka_unit_test(out_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
