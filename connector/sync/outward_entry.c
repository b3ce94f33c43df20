/* What is the same for every entry of the outbox (see the header). */
#include "outward_entry.h"

#include <string.h>

#include "mmsync/fault.h"
#include "mmsync/mem.h"
#include "mmsync/policy.h"
#include "mmsync/uuid.h"

/* How long a service may take to show what it has made. */
#define SLOW_MS (INT64_C(10) * 60000)
/* After so many attempts, the first of which follow at once, about half a day is over. */
#define ENTRY_ATTEMPTS 20
#define ENTRY_BASE_MS  30000
#define ENTRY_MAX_MS   3600000

bool
mms_entry_fails_alone(mms_rc rc)
{
	return rc == MMS_E_ITEM || rc == MMS_E_RETRY || rc == MMS_E_CONFLICT ||
	       rc == MMS_E_GONE;
}

mms_rc
mms_entry_look_by_mark(const struct mms_job_env *env, const unsigned char uuid[16],
		       const char *external_id, struct mms_event *seen, bool *is_found,
		       struct mms_err *err)
{
	unsigned char key[MMS_PRINT_BYTES];
	MMS_AUTO(mms_lent) lent = { 0 };
	bool is_taken = false;
	char *id = NULL;

	*is_found = false;
	if (env->provider->ops->complete == NULL || mms_provisional_id_read(external_id, NULL))
		return MMS_OK;
	mms_rc rc = mms_provisional_id_make(uuid, &id, err);
	mms_event_release(seen);
	mms_fault_step();
	if (rc == MMS_OK)
		rc = env->provider->ops->get(env->session, id, seen, err);
	mms_free(id);
	if (rc != MMS_OK || seen->is_gone || strcmp(seen->external_id, external_id) == 0)
		return rc;
	rc = mms_outward_key(env->o->worker, seen->external_id, key, err);
	if (rc == MMS_OK)
		rc = mms_pool_lend(env->o->worker->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_own_state_is_taken(lent.db, env->source->cursor.id, key, &is_taken,
					    err);
	*is_found = rc == MMS_OK && !is_taken;
	return rc;
}

bool
mms_entry_is_of_earlier_life(const struct mms_entry_announced *a, const struct mms_event *seen)
{
	if (a->removed_by == MMS_REMOVED_BY_US)
		return true;
	return a->status == MMS_STATE_CREATING &&
	       (seen->modified_ms == MMS_NO_TIME || seen->modified_ms < a->created_at_ms);
}

bool
mms_entry_is_slow(const struct mms_outward *o, const struct mms_entry_announced *a)
{
	return mms_provisional_id_read(a->external_id, NULL) &&
	       o->now_ms - a->created_at_ms < SLOW_MS;
}

mms_rc
mms_entry_fail_slow(struct mms_err *err)
{
	return mms_fail(err, MMS_E_RETRY,
			"the service says that the event was made, and does not show it");
}

enum mms_entry_end
mms_entry_failed(const struct mms_outbox_entry *entry, const struct mms_err *why)
{
	return why->code == MMS_E_ITEM || entry->attempts + 1 >= ENTRY_ATTEMPTS
		       ? MMS_ENTRY_GIVEN_UP
		       : MMS_ENTRY_PUT_OFF;
}

int64_t
mms_entry_next_try_ms(const struct mms_outward *o, const struct mms_outbox_entry *entry,
		      const struct mms_err *why)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	uint32_t noise = 0;

	if (why->code == MMS_E_WAIT && why->retry_at_ms > o->now_ms)
		return why->retry_at_ms;
	if (entry->attempts < 2)
		return o->now_ms;
	(void)!mms_random(&noise, sizeof noise, &ignored);
	return o->now_ms + mms_policy_delay_ms((unsigned)entry->attempts - 2, ENTRY_BASE_MS,
					       ENTRY_MAX_MS, -1, noise);
}

mms_rc
mms_entry_tell_why(const struct mms_err *why, struct mms_str *out, struct mms_err *err)
{
	mms_str_addf(out, "%s%s%s", mms_err_text(why), mms_err_hint(why)[0] != '\0' ? "\n" : "",
		     mms_err_hint(why));
	return mms_str_check(out, err);
}
