/*
 * What a turn came to, counted twice: when it is decided, and when it is written. Where the two differ a change was lost or
 * done twice on its way, and the turn must not say that all is well.
 */
#include "mmsync/fault.h"
#include "turn.h"

/* FOREIGN is told beside the others. */
static bool
is_counted(enum mms_plan_count count)
{
	return count != MMS_COUNT_NONE && count != MMS_COUNT_FOREIGN;
}

void
mms_counts_decide(struct mms_turn_state *t, enum mms_plan_count count, int64_t n)
{
	t->n_decided += is_counted(count) ? n : 0;
}

void
mms_counts_drop(struct mms_turn_state *t, enum mms_plan_count count)
{
	mms_counts_decide(t, count, -1);
}

void
mms_counts_add(struct mms_turn_state *t, enum mms_plan_count count, int64_t n)
{
	mms_counts_decide(t, count, n);
	if (!mms_fault_is_sabotaged(MMS_SABOTAGE_COUNT_LOST))
		mms_inbound_count(&t->out->events, count, n);
}

mms_rc
mms_counts_check(const struct mms_turn_state *t, const struct mms_event_counts *c,
		 struct mms_err *err)
{
	int64_t sum = c->created + c->updated + c->unchanged + c->deleted + c->declined +
		      c->ours + c->failed;

	if (sum == t->n_decided && c->seen <= sum)
		return MMS_OK;
	mms_fail(err, MMS_E_BUG,
		 "inconsistent: of %lld events that something was decided about %lld were "
		 "counted, of %lld that were listed",
		 (long long)t->n_decided, (long long)sum, (long long)c->seen);
	return mms_hint(err, "the end of this sync was not stored, and the next one reads the "
			     "calendar again; if it says so again it is a fault of mmsync: "
			     "please report it");
}
