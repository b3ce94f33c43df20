/* Audit's cheap consistency rules, judged for health: those whose cost does not grow with the tables. */
#include <inttypes.h>

#include "mmsync/health.h"
#include "mmsync/mem.h"
#include "mmsync/repair.h"

/* What was found. */
struct tally {
	int64_t n, mendable, for_a_person, hopeless; /* hopeless: an error that nothing mends */
	enum mms_rule first, first_hopeless;
};

static mms_rc
take_flaw(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	struct tally *t = aux;
	bool is_none = flaw->mend.remedy == MMS_REMEDY_NONE;
	bool is_hopeless = is_none && flaw->severity == MMS_SEVERITY_ERROR;

	(void)err;
	if (t->n++ == 0)
		t->first = flaw->rule;
	if (is_hopeless && t->hopeless++ == 0)
		t->first_hopeless = flaw->rule;
	t->mendable += !is_none;
	t->for_a_person += flaw->mend.remedy == MMS_REMEDY_APPLY_SCHEMA;
	return MMS_OK;
}

static mms_rc
tell(struct mms_health *health, const struct tally *t, struct mms_err *err)
{
	MMS_AUTO(mms_str) message = { 0 };
	MMS_AUTO(mms_str) hint = { 0 };
	enum mms_health_level level = t->hopeless > 0   ? MMS_HEALTH_CRITICAL
				      : t->mendable > 0 ? MMS_HEALTH_DEGRADED
							: MMS_HEALTH_NOTE;
	enum mms_rule rule = t->hopeless > 0 ? t->first_hopeless : t->first;

	mms_str_addf(&message, "%" PRId64 " thing%s not agree (%s%s)", t->n,
		     t->n == 1 ? " does" : "s do", mms_rule_name(rule),
		     t->n > 1 ? " and others" : "");
	if (t->hopeless > 0)
		mms_str_addf(&message, ", %" PRId64 " of which no repair mends", t->hopeless);
	if (t->mendable > t->for_a_person)
		mms_str_add(&hint, "mmsync repair mends what can be mended; --dry-run tells it "
				   "first");
	else if (t->for_a_person > 0)
		mms_str_add(&hint, "mmsync schema check, then mmsync schema apply");
	else
		mms_str_add(&hint, "mmsync audit lists them; docs/consistency.md says what "
				   "each means");
	mms_rc rc = mms_health_add(health, "flaws_found", level, NULL, &hint, &message, err);
	mms_health_sort(health);
	return rc;
}

mms_rc
mms_health_look_for_flaws(const struct mms_sync_env *env, struct mms_health *health,
			  struct mms_err *err)
{
	const struct mms_flaw_choice choice = { .only_cheap = true };
	struct tally t = { 0 };

	mms_rc rc = mms_flaws_find(env, &choice, take_flaw, &t, err);
	if (rc == MMS_E_CONFIG) { /* no zone that is known: a reason of its own */
		mms_err_release(err);
		return MMS_OK;
	}
	return rc == MMS_OK && t.n > 0 ? tell(health, &t, err) : rc;
}
