/* The inbound decision: every row of fixtures/plan/inbound.txt, and its laws over all inputs. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/plan.h"

static const char *const count_names[] = {
	[MMS_COUNT_NONE] = "none",       [MMS_COUNT_CREATED] = "created",
	[MMS_COUNT_UPDATED] = "updated", [MMS_COUNT_UNCHANGED] = "unchanged",
	[MMS_COUNT_DELETED] = "deleted", [MMS_COUNT_DECLINED] = "declined",
	[MMS_COUNT_OURS] = "ours",       [MMS_COUNT_FOREIGN] = "foreign",
	[MMS_COUNT_FAILED] = "failed",
};

struct line {
	char row[16], same[4], event[16], flags[8], action[16], letter[16], count[16];
};

static struct mms_plan_input
read_input(const struct line *l)
{
	static const struct {
		const char *name;
		enum mms_row_status status;
	} rows[] = {
		{ "synced", MMS_ROW_SYNCED },
		{ "pending", MMS_ROW_PENDING },
		{ "failed", MMS_ROW_FAILED },
		{ "deleted", MMS_ROW_DELETED_EXTERNALLY },
		{ "removed", MMS_ROW_DELETED_LOCALLY },
		{ "booking", MMS_ROW_SYNCED },
	};
	struct mms_plan_input in = { .type = MMS_STATE_USER_EVENT, .max_attempts = 5 };

	in.status = MMS_ROW_OTHER;
	in.has_state = strcmp(l->row, "none") != 0;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		if (strcmp(l->row, rows[i].name) == 0) {
			in.has_row = true;
			in.status = rows[i].status;
		}
	}
	if (strcmp(l->row, "booking") == 0)
		in.type = MMS_STATE_BOOKING;
	in.is_same = l->same[0] == 'y';
	in.is_gone = strcmp(l->event, "gone") == 0;
	in.is_declined = strcmp(l->event, "declined") == 0;
	in.has_problem = strcmp(l->event, "problem") == 0;
	in.is_outside = strchr(l->flags, 'o') != NULL;
	in.has_twin = strchr(l->flags, 't') != NULL;
	in.is_ours = strchr(l->flags, 'x') != NULL;
	in.is_behind = strchr(l->flags, 'b') != NULL;
	in.has_old_flags = strchr(l->flags, 'f') != NULL;
	in.has_letter = strpbrk(l->flags, "lL") != NULL;
	in.is_discarded = strchr(l->flags, 'd') != NULL;
	in.is_given_up = strchr(l->flags, 'g') != NULL;
	in.is_letter_same = strchr(l->flags, 'S') != NULL;
	in.attempts = strchr(l->flags, 'L') != NULL ? 4 : in.has_letter ? 1 : 0;
	return in;
}

static const char *
letter_name(const struct mms_plan *plan)
{
	if (plan->letter == MMS_LETTER_PUT)
		return plan->gives_up ? "put!" : "put";
	return plan->letter == MMS_LETTER_REMOVE ? "remove" : "-";
}

static void
every_case_of_the_table_is_decided_as_it_says(void **state)
{
	FILE *file = fopen("fixtures/plan/inbound.txt", "re");
	char text[256];
	int n = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(text, sizeof text, file) != NULL) {
		struct line l = { 0 };

		if (text[0] == '#' ||
		    sscanf(text, "%15s %3s %15s %7s | %15s %15s %15s", l.row, l.same, l.event,
			   l.flags, l.action, l.letter, l.count) != 7)
			continue;
		struct mms_plan_input in = read_input(&l);
		struct mms_plan plan = mms_plan_inbound(&in);
		n++;
		if (strcmp(mms_plan_action_name(plan.action), l.action) != 0 ||
		    strcmp(letter_name(&plan), l.letter) != 0 ||
		    strcmp(count_names[plan.count], l.count) != 0)
			fail_msg("%s got %s %s %s", text, mms_plan_action_name(plan.action),
				 letter_name(&plan), count_names[plan.count]);
	}
	(void)fclose(file);
	assert_true(n >= 60);
}

/* What is known after a plan was carried out. */
static struct mms_plan_input
carry_out(const struct mms_plan_input *in, const struct mms_plan *plan)
{
	struct mms_plan_input after = *in;

	after.has_twin = false;
	switch (plan->action) {
	case MMS_PLAN_INSERT:
	case MMS_PLAN_DEFER:
	case MMS_PLAN_UPDATE:
		after.has_row = after.has_state = after.is_same = true;
		after.is_behind = after.has_old_flags = false;
		after.status = in->has_problem ? MMS_ROW_FAILED : MMS_ROW_SYNCED;
		break;
	case MMS_PLAN_DELETE:
		after.status = MMS_ROW_DELETED_EXTERNALLY;
		after.is_same = false;
		break;
	case MMS_PLAN_FAIL:
		after.status = MMS_ROW_FAILED;
		break;
	case MMS_PLAN_STATE:
		after.has_state = true;
		after.is_behind = after.has_old_flags = false;
		break;
	case MMS_PLAN_NOTHING:
	case MMS_PLAN_NOTE:
	case MMS_PLAN_LETTER:
		break;
	}
	if (plan->letter == MMS_LETTER_REMOVE)
		after.has_letter = after.is_given_up = after.is_discarded = false;
	if (plan->letter == MMS_LETTER_PUT) {
		after.has_letter = true;
		after.is_discarded = false;
		after.attempts = plan->attempts;
		after.is_given_up = plan->gives_up;
	}
	return after;
}

/* All inputs that can occur, by number. */
#define N_INPUTS (1U << 14)
static bool
make_input(unsigned n, struct mms_plan_input *out)
{
	struct mms_plan_input in = { .type = MMS_STATE_USER_EVENT, .max_attempts = 3 };
	unsigned status = n & 7, event = n >> 3 & 3;

	in.has_row = status < 5;
	in.status = status < 5 ? (enum mms_row_status)status : MMS_ROW_OTHER;
	in.has_state = (n >> 5 & 1) != 0;
	in.is_same = (n >> 6 & 1) != 0;
	in.is_outside = (n >> 7 & 1) != 0;
	in.has_twin = (n >> 8 & 1) != 0;
	in.is_behind = (n >> 9 & 1) != 0;
	in.has_letter = (n >> 10 & 1) != 0;
	in.is_given_up = (n >> 11 & 1) != 0;
	in.attempts = in.has_letter ? (in.is_given_up ? 3 : 1) : 0;
	in.is_discarded = (n >> 12 & 1) != 0;
	in.is_letter_same = (in.is_given_up || in.is_discarded) && (n >> 9 & 1) != 0;
	in.has_old_flags = (n >> 13 & 1) != 0;
	in.is_gone = event == 1;
	in.is_declined = event == 2;
	in.has_problem = event == 3;
	*out = in;
	return !(in.is_given_up && !in.has_letter) &&
	       !(in.is_discarded && (!in.has_letter || in.is_given_up)) &&
	       !(in.is_same && !in.has_row) &&
	       !(in.is_behind && !(in.has_row && in.has_state)) &&
	       !(in.has_old_flags && !in.has_state) && status < 6;
}

static void
the_same_event_again_changes_nothing(void **state)
{
	(void)state;
	for (unsigned n = 0; n < N_INPUTS; n++) {
		struct mms_plan_input in;
		int steps = 0;

		if (!make_input(n, &in))
			continue;
		struct mms_plan plan = mms_plan_inbound(&in);
		/* An unreadable event is counted each time until it is given up. */
		while (plan.action != MMS_PLAN_NOTHING && steps++ < 5) {
			in = carry_out(&in, &plan);
			plan = mms_plan_inbound(&in);
			if (!in.has_problem && plan.action != MMS_PLAN_NOTHING)
				fail_msg("input %u: %s a second time", n,
					 mms_plan_action_name(plan.action));
		}
		assert_int_equal(plan.action, MMS_PLAN_NOTHING);
		assert_int_equal(plan.letter, MMS_LETTER_NONE);
	}
}

static void
trouble_never_frees_a_slot_before_it_is_given_up(void **state)
{
	(void)state;
	for (unsigned n = 0; n < N_INPUTS; n++) {
		struct mms_plan_input in;

		if (!make_input(n, &in) || !in.has_problem || !in.has_row ||
		    in.status != MMS_ROW_SYNCED || in.is_given_up || in.is_discarded)
			continue;
		struct mms_plan plan = mms_plan_inbound(&in);
		assert_true(plan.action == MMS_PLAN_NOTE ||
			    (plan.action == MMS_PLAN_FAIL && plan.gives_up));
	}
}

/* Discarded, an event is no failure; other content is tried like new. */
static void
what_was_discarded_is_left_alone_until_it_changes(void **state)
{
	int n_alone = 0, n_anew = 0;

	(void)state;
	for (unsigned n = 0; n < N_INPUTS; n++) {
		struct mms_plan_input in;

		if (!make_input(n, &in) || !in.is_discarded || in.is_gone || in.is_declined ||
		    (in.is_outside && !in.has_row))
			continue;
		struct mms_plan plan = mms_plan_inbound(&in);
		if (in.is_letter_same && !in.is_same) {
			n_alone++;
			assert_int_equal(plan.action, MMS_PLAN_NOTHING);
			assert_int_equal(plan.count, MMS_COUNT_UNCHANGED);
			continue;
		}
		n_anew++;
		assert_int_not_equal(plan.letter, MMS_LETTER_NONE);
		if (plan.letter == MMS_LETTER_PUT)
			assert_int_equal(plan.attempts, 1);
	}
	assert_true(n_alone > 20 && n_anew > 20);
}

static void
only_gone_or_declined_events_are_deleted(void **state)
{
	(void)state;
	for (unsigned n = 0; n < N_INPUTS; n++) {
		struct mms_plan_input in;

		if (!make_input(n, &in))
			continue;
		struct mms_plan plan = mms_plan_inbound(&in);
		if (plan.action == MMS_PLAN_DELETE && !in.is_gone && !in.is_declined)
			fail_msg("input %u is deleted", n);
	}
}

static void
what_is_ours_is_left_to_the_outward_side(void **state)
{
	(void)state;
	for (unsigned n = 0; n < N_INPUTS; n++) {
		struct mms_plan_input in;

		if (!make_input(n, &in))
			continue;
		in.is_ours = true;
		struct mms_plan plan = mms_plan_inbound(&in);
		assert_int_equal(plan.action, MMS_PLAN_NOTHING);
		assert_int_equal(plan.letter, MMS_LETTER_NONE);
		assert_int_equal(plan.count, MMS_COUNT_OURS);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case_of_the_table_is_decided_as_it_says),
		cmocka_unit_test(what_is_ours_is_left_to_the_outward_side),
		cmocka_unit_test(the_same_event_again_changes_nothing),
		cmocka_unit_test(trouble_never_frees_a_slot_before_it_is_given_up),
		cmocka_unit_test(what_was_discarded_is_left_alone_until_it_changes),
		cmocka_unit_test(only_gone_or_declined_events_are_deleted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
