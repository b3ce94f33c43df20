/* Plans as documents (see repair.h): made, printed, read with no trust in who has written them. */
#include <inttypes.h>
#include <string.h>

#include "mmsync/digest.h"
#include "mmsync/json.h"
#include "mmsync/mem.h"
#include "mmsync/pool.h"
#include "mmsync/schema.h"
#include "mmsync/uuid.h"
#include "repair_p.h"

#define VERSION 1

void
mms_repair_plan_release(struct mms_repair_plan *plan)
{
	if (plan == NULL)
		return;
	mms_free(plan->user);
	mms_free(plan->integration);
	mms_repairs_release(&plan->repairs);
	*plan = (struct mms_repair_plan){ 0 };
}

static mms_rc
load_site(const struct mms_sync_env *env, unsigned char out[16], struct mms_err *err)
{
	MMS_AUTO(mms_installation) installation = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_installation_load(lent.db, env->site, &installation, err);
	if (rc != MMS_OK || mms_uuid_parse(installation.site_uuid, out))
		return rc;
	return mms_fail(err, MMS_E_DB, "mmsync_installation.site_uuid is not a UUID");
}

/* ---- made ------------------------------------------------------------------------------------------ */

static mms_rc
take_mendable(void *aux, const struct mms_flaw *flaw, struct mms_err *err)
{
	struct mms_repair_plan *plan = aux;

	if (flaw->mend.remedy == MMS_REMEDY_NONE ||
	    flaw->mend.remedy == MMS_REMEDY_APPLY_SCHEMA)
		return MMS_OK;
	if (plan->repairs.n >= MMS_REPAIR_PLAN_MAX) {
		mms_fail(err, MMS_E_ITEM, "a plan has room for %d repairs, and there are more",
			 MMS_REPAIR_PLAN_MAX);
		return mms_hint(err, "make a plan for one person after the other (--user), or "
				     "repair without one");
	}
	return mms_repairs_add(&plan->repairs, flaw, err);
}

mms_rc
mms_repair_plan_make(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
		     struct mms_repair_plan *out, struct mms_err *err)
{
	MMS_AUTO(mms_repair_plan) plan = { .made_ms = mms_clock_now_ms(env->clock) };

	plan.user = mms_text_copy(choice->user);
	plan.integration = mms_text_copy(choice->integration);
	if ((choice->user != NULL && plan.user == NULL) ||
	    (choice->integration != NULL && plan.integration == NULL))
		return mms_fail_nomem(err);
	mms_rc rc = load_site(env, plan.site, err);
	if (rc == MMS_OK)
		rc = mms_flaws_find(env, choice, take_mendable, &plan, err);
	if (rc != MMS_OK)
		return rc;
	mms_repairs_sort(&plan.repairs);
	*out = plan;
	plan = (struct mms_repair_plan){ 0 };
	return MMS_OK;
}

mms_rc
mms_repair_plan_check_site(const struct mms_sync_env *env, const struct mms_repair_plan *plan,
			   struct mms_err *err)
{
	unsigned char site[16];

	mms_rc rc = load_site(env, site, err);
	if (rc != MMS_OK || memcmp(site, plan->site, sizeof site) == 0)
		return rc;
	mms_fail(err, MMS_E_USAGE, "this is the plan of another site");
	return mms_hint(err, "its mmsync_site is not this installation's; make one here: "
			     "mmsync audit --plan FILE");
}

/* ---- printed --------------------------------------------------------------------------------------- */

static void
put_bytes(struct mms_json *j, const unsigned char *bytes)
{
	char hex[33];

	mms_json_text(j, bytes != NULL ? mms_hex_print(bytes, 16, hex) : NULL);
}

/* What a person may want to know before it is done. */
static mms_rc
put_sentence(struct mms_json *j, const struct mms_repair *r, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_addf(&text, "%s: %s", r->name, mms_remedy_help(r->mend.remedy));
	if (r->integration != NULL)
		mms_str_addf(&text, " (%s)", r->integration);
	mms_json_put_text(j, "what", mms_str_get(&text));
	return mms_str_check(&text, err);
}

static mms_rc
put_repair(struct mms_json *j, const struct mms_repair *r, struct mms_err *err)
{
	const struct mms_mend *m = &r->mend;

	mms_json_map(j);
	mms_rc rc = put_sentence(j, r, err);
	mms_json_put_text(j, "message", r->message);
	mms_json_put_text(j, "rule", mms_rule_name(r->rule));
	mms_json_put_text(j, "severity",
			  r->severity == MMS_SEVERITY_ERROR ? "error" : "warning");
	mms_json_put_text(j, "table", r->table);
	mms_json_put_text(j, "name", r->name);
	mms_json_put_text(j, "integration", r->integration);
	mms_json_put_text(j, "remedy", mms_remedy_name(m->remedy));
	mms_json_key(j, "ids");
	mms_json_map(j);
	mms_json_put_i64(j, "calendar", (int64_t)m->cursor_id);
	mms_json_put_i64(j, "id", (int64_t)m->id);
	mms_json_key(j, "uuid");
	put_bytes(j, m->has_uuid ? m->uuid : NULL);
	mms_json_key(j, "key");
	put_bytes(j, m->has_key ? m->key : NULL);
	mms_json_put_text(j, "booking", m->booking);
	mms_json_put_text(j, "row", m->row);
	mms_json_map_end(j);
	mms_json_key(j, "print");
	put_bytes(j, m->print);
	mms_json_map_end(j);
	return rc;
}

static void
put_site(struct mms_json *j, const unsigned char site[16])
{
	char uuid[MMS_UUID_TEXT];

	mms_json_put_text(j, "mmsync_site", mms_uuid_print(site, uuid));
}

mms_rc
mms_repair_plan_print(const struct mms_repair_plan *plan, struct mms_str *out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_json_open_str(&j, out, true, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	mms_json_put_i64(&j, "version", VERSION);
	put_site(&j, plan->site);
	mms_json_put_time(&j, "made", plan->made_ms);
	mms_json_put_text(&j, "user", plan->user);
	mms_json_put_text(&j, "integration", plan->integration);
	mms_json_key(&j, "repairs");
	mms_json_array(&j);
	for (size_t i = 0; rc == MMS_OK && i < plan->repairs.n; i++)
		rc = put_repair(&j, &plan->repairs.items[i], err);
	mms_json_array_end(&j);
	mms_json_map_end(&j);
	mms_json_done(&j);
	if (rc == MMS_OK)
		rc = mms_json_check(&j, err);
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}
