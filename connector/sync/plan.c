/* The inbound decision (see the header): no clock, no database, no network. */
#include "mmsync/plan.h"

static const char *const action_names[] = {
	[MMS_PLAN_NOTHING] = "nothing", [MMS_PLAN_INSERT] = "insert",
	[MMS_PLAN_DEFER] = "defer",     [MMS_PLAN_UPDATE] = "update",
	[MMS_PLAN_DELETE] = "delete",   [MMS_PLAN_NOTE] = "note",
	[MMS_PLAN_FAIL] = "fail",       [MMS_PLAN_STATE] = "state",
	[MMS_PLAN_LETTER] = "letter",
};

const char *
mms_plan_action_name(enum mms_plan_action action)
{
	return action_names[action];
}

static bool
has_live_row(const struct mms_plan_input *in)
{
	return in->has_row && mms_row_status_is_live(in->status);
}

/* An event that is well again, or gone, needs no dead letter. */
static void
drop_letter(const struct mms_plan_input *in, struct mms_plan *plan)
{
	if (!in->has_letter)
		return;
	plan->letter = MMS_LETTER_REMOVE;
	if (plan->action == MMS_PLAN_NOTHING)
		plan->action = MMS_PLAN_LETTER;
}

static struct mms_plan
plan_gone(const struct mms_plan_input *in)
{
	struct mms_plan plan = { .action = MMS_PLAN_NOTHING,
				 .count = MMS_COUNT_UNCHANGED,
				 .why = in->is_declined ? "declined by its owner"
							: "cancelled in the calendar" };

	if (has_live_row(in)) {
		plan.action = MMS_PLAN_DELETE;
		plan.count = MMS_COUNT_DELETED;
	}
	if (in->is_declined)
		plan.count = MMS_COUNT_DECLINED;
	drop_letter(in, &plan);
	return plan;
}

/*
 * Discarded for this very content: nothing is done about it, and nobody is told again. Where the
 * row is what is wanted after all, there is nothing left to live without.
 */
static bool
is_left_alone(const struct mms_plan_input *in)
{
	return in->has_letter && in->is_discarded && in->is_letter_same &&
	       !(in->has_row && in->is_same);
}

/*
 * An event that cannot be read. A row with good values keeps them, and keeps blocking, while
 * its update is tried again; given up, it becomes Sync Failed. What never could be read is
 * Sync Failed at once.
 */
static struct mms_plan
plan_problem(const struct mms_plan_input *in)
{
	struct mms_plan plan = { .count = MMS_COUNT_FAILED, .why = "the event cannot be read" };
	bool is_good =
		in->has_row && (in->status == MMS_ROW_SYNCED || in->status == MMS_ROW_PENDING);
	bool is_failed = in->has_row && in->status == MMS_ROW_FAILED;

	/* Other content than what was discarded is a new failure. */
	plan.attempts = in->has_letter && !in->is_discarded ? in->attempts + 1 : 1;
	plan.gives_up = plan.attempts >= in->max_attempts;
	if (!(in->has_letter && in->is_given_up))
		plan.letter = MMS_LETTER_PUT;
	if (!in->has_row)
		plan.action = MMS_PLAN_INSERT;
	else if (is_good && plan.letter == MMS_LETTER_PUT)
		plan.action = plan.gives_up                          ? MMS_PLAN_FAIL
			      : in->has_letter && in->is_letter_same ? MMS_PLAN_LETTER
								     : MMS_PLAN_NOTE;
	else if (!is_failed)
		plan.action = MMS_PLAN_FAIL; /* a deleted row whose event is back, unreadable */
	else if (plan.letter == MMS_LETTER_PUT)
		plan.action = MMS_PLAN_LETTER;
	return plan;
}

/* A state is the authority on what an event is. */
static bool
is_ours(const struct mms_plan_input *in)
{
	return in->is_ours || (in->has_state && in->type != MMS_STATE_USER_EVENT);
}

struct mms_plan
mms_plan_inbound(const struct mms_plan_input *in)
{
	struct mms_plan plan = { .action = MMS_PLAN_NOTHING, .count = MMS_COUNT_UNCHANGED };

	if (is_ours(in)) {
		plan.count = MMS_COUNT_OURS;
		return plan;
	}
	if (in->is_outside && !in->has_row) {
		plan.count = MMS_COUNT_NONE;
		drop_letter(in, &plan); /* trouble outside the window is no trouble */
		return plan;
	}
	if (in->is_gone || in->is_declined)
		return plan_gone(in);
	if (is_left_alone(in))
		return plan;
	if (in->has_problem)
		return plan_problem(in);
	if (in->has_letter && in->is_given_up && in->is_letter_same) {
		plan.count =
			MMS_COUNT_FAILED; /* refused often enough: other content is needed */
		return plan;
	}
	if (!in->has_row) {
		plan.action = in->has_twin ? MMS_PLAN_DEFER : MMS_PLAN_INSERT;
		plan.count = MMS_COUNT_CREATED;
		plan.why = "new in the calendar";
	} else if (!in->is_same) {
		plan.action = MMS_PLAN_UPDATE;
		plan.count = MMS_COUNT_UPDATED;
		plan.why = mms_row_status_is_live(in->status) ? "differs from the calendar"
							      : "is back in the calendar";
	} else if (!in->has_state || in->is_behind || in->has_old_flags) {
		plan.action = MMS_PLAN_STATE;
	}
	drop_letter(in, &plan);
	return plan;
}
