/* What a plan of everybody's busy blocks would change, though nothing is due: each step breaks one rule. */
#include <string.h>

#include "flaws_p.h"
#include "mmsync/clock.h"

/* What is missing is told of so long ahead. */
#define HORIZON_MS (INT64_C(90) * 86400000)

/* Which rule a step breaks; COUNT: another statement tells of it. */
static enum mms_rule
judge(const struct mms_review_block *b, const char **detail)
{
	*detail = b->why;
	if (b->step == MMS_BLOCK_CREATE)
		return MMS_RULE_BLOCK_MISSING;
	if (b->source == MMS_REVIEW_SOURCE_UNKNOWN)
		return MMS_RULE_COUNT;
	if (b->step == MMS_BLOCK_UPDATE || b->step == MMS_BLOCK_ADOPT)
		return MMS_RULE_BLOCK_DIFFERS;
	if (b->step == MMS_BLOCK_LOSE || !b->is_target || b->source == MMS_REVIEW_SOURCE_OFF)
		return MMS_RULE_BLOCK_INACTIVE;
	if (b->source == MMS_REVIEW_SOURCE_OTHER)
		return MMS_RULE_COUNT;
	return b->is_extra ? MMS_RULE_BLOCK_TWICE : MMS_RULE_BLOCK_UNWANTED;
}

/* What of it may be planned: the event, unless nothing comes from its calendar any more. */
static enum mms_remedy
remedy_of(enum mms_rule rule, const struct mms_review_block *b)
{
	if (rule == MMS_RULE_BLOCK_INACTIVE || b->source_id == 0)
		return MMS_REMEDY_PLAN_PERSON;
	return MMS_REMEDY_PLAN_EVENT;
}

/* The row of an event, for what is missing of it. *name stays empty where there is none. */
static mms_rc
find_row(struct looking *l, const unsigned char uuid[16], struct mms_str *name,
	 struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value in[] = { mms_v_bytes(uuid, 16) };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, lent.db, MMS_STMT_FLAW_ROW_OF, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc == MMS_OK && row != NULL && row[0].type != '\0')
		mms_str_addn(name, row[0].ptr, row[0].len);
	mms_rows_release(&rows);
	return rc == MMS_OK ? mms_str_check(name, err) : rc;
}

/*
 * cursor_id and key are those of the event: that is planned anew. Where the person is, cursor_id is that of the block.
 */
static mms_rc
tell_step(void *aux, const struct mms_review_block *b, struct mms_err *err)
{
	struct looking *l = aux;
	MMS_AUTO(mms_str) name = { 0 };
	const char *detail;
	enum mms_rule rule = judge(b, &detail);
	mms_rc rc = MMS_OK;

	if (rule == MMS_RULE_COUNT || !mms_flaw_is_wanted(l, rule))
		return MMS_OK;
	if (l->choice->integration != NULL &&
	    (b->integration == NULL || strcmp(b->integration, l->choice->integration) != 0))
		return MMS_OK;
	if (l->choice->event != NULL &&
	    (!l->has_event_uuid ||
	     memcmp(l->event_uuid, b->source_uuid, sizeof l->event_uuid) != 0))
		return MMS_OK;
	enum mms_remedy remedy = remedy_of(rule, b);
	if (rule == MMS_RULE_BLOCK_MISSING)
		rc = find_row(l, b->source_uuid, &name, err);
	const struct flaw_facts facts = {
		.cursor_id = remedy == MMS_REMEDY_PLAN_EVENT ? b->source_id : b->cursor_id,
		.integration = b->integration,
		.name = name.len > 0 ? mms_str_get(&name) : NULL,
		.uuid = b->has_block ? b->block_uuid : b->source_uuid,
		.key = b->source_id != 0 ? b->source_key : NULL,
		.a = detail,
	};
	return rc == MMS_OK ? mms_flaw_tell(l, rule, remedy, &facts, err) : rc;
}

mms_rc
mms_flaws_of_plans(struct looking *l, struct mms_err *err)
{
	struct mms_review *review = NULL;
	const struct mms_review_choice choice = { .user = l->choice->user,
						  .integration = l->choice->integration,
						  .from_ms = l->now_ms,
						  .to_ms = l->now_ms + HORIZON_MS };

	mms_rc rc = mms_flaw_review(l, &review, err);
	if (rc == MMS_OK)
		rc = mms_review_blocks(review, &choice, tell_step, l, err);
	if (rc != MMS_E_CONFIG)
		return rc;
	mms_err_release(
		err); /* the zone of stored times is not settled: that is told elsewhere */
	return MMS_OK;
}
