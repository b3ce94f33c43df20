/* The consistency rules, one after the other (see the header). */
#include "mmsync/flaws.h"

#include <stdio.h>
#include <string.h>

#include "flaws_p.h"
#include "mmsync/mem.h"
#include "mmsync/settings.h"
#include "mmsync/uuid.h"

/* ---- what is looked at --------------------------------------------------------------------- */

bool
mms_flaw_is_wanted(const struct looking *l, enum mms_rule rule)
{
	const struct mms_flaw_choice *choice = l->choice;
	const struct flaw_rule *r = mms_flaw_rule(rule);
	bool is_of_table = choice->n_tables == 0;

	if (choice->only_cheap && !(r->flags & FLAW_IS_CHEAP))
		return false;
	if (choice->event != NULL && !(r->flags & FLAW_OF_EVENTS))
		return false;
	for (size_t i = 0; i < choice->n_tables; i++)
		is_of_table = is_of_table || strcmp(choice->tables[i], r->table) == 0;
	return is_of_table;
}

mms_rc
mms_flaw_check_stop(const struct looking *l, struct mms_err *err)
{
	if (l->env->is_stopped != NULL && atomic_load(l->env->is_stopped))
		return mms_fail(err, MMS_E_STOPPED, "interrupted");
	return MMS_OK;
}

mms_rc
mms_flaw_review(struct looking *l, struct mms_review **out, struct mms_err *err)
{
	mms_rc rc = l->review != NULL ? MMS_OK : mms_review_new(&l->review, l->env, err);

	*out = l->review;
	return rc;
}

/* ---- what was found ------------------------------------------------------------------------ */

/* Each "{x}" of the pattern is what stands for it, nothing where there is none. */
static mms_rc
make_message(struct looking *l, const char *pattern, const struct flaw_facts *facts,
	     struct mms_err *err)
{
	mms_str_clear(&l->message);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] != '{' || p[1] == '\0' || p[2] != '}') {
			mms_str_addc(&l->message, *p);
			continue;
		}
		const char *text = p[1] == 'a'   ? facts->a
				   : p[1] == 'b' ? facts->b
						 : facts->integration;
		mms_str_add(&l->message, text != NULL ? text : "-");
		p += 2;
	}
	return mms_str_check(&l->message, err);
}

static void
add_bytes(struct mms_digest *digest, const unsigned char *bytes)
{
	mms_digest_add_i64(digest, bytes != NULL);
	if (bytes != NULL)
		mms_digest_add(digest, bytes, 16);
}

static mms_rc
make_print(struct looking *l, const char *rule, const struct flaw_facts *facts,
	   unsigned char out[MMS_PRINT_BYTES], struct mms_err *err)
{
	unsigned char hash[MMS_SHA256_BYTES];

	mms_rc rc = mms_digest_begin(&l->digest, err);
	if (rc != MMS_OK)
		return rc;
	mms_digest_add_text(&l->digest, rule);
	mms_digest_add_i64(&l->digest, (int64_t)facts->cursor_id);
	mms_digest_add_i64(&l->digest, (int64_t)facts->id);
	mms_digest_add_text(&l->digest, facts->integration);
	mms_digest_add_text(&l->digest, facts->name);
	mms_digest_add_text(&l->digest, facts->booking);
	mms_digest_add_text(&l->digest, facts->a);
	mms_digest_add_text(&l->digest, facts->b);
	add_bytes(&l->digest, facts->uuid);
	add_bytes(&l->digest, facts->key);
	rc = mms_digest_end(&l->digest, hash, err);
	if (rc == MMS_OK)
		memcpy(out, hash, MMS_PRINT_BYTES);
	return rc;
}

/* What it is about: its row, else the UUID, the number or the key. */
static const char *
name_it(const struct flaw_facts *facts, char buf[64])
{
	if (facts->name != NULL && facts->name[0] != '\0')
		return facts->name;
	if (facts->uuid != NULL)
		return mms_uuid_print(facts->uuid, buf);
	if (facts->id != 0 || facts->key == NULL) {
		(void)snprintf(buf, 64, "%llu", (unsigned long long)facts->id);
		return buf;
	}
	return mms_hex_print(facts->key, 16, buf);
}

static struct mms_mend
make_mend(enum mms_remedy remedy, const struct flaw_facts *facts)
{
	struct mms_mend mend = { .remedy = remedy,
				 .cursor_id = facts->cursor_id,
				 .id = facts->id,
				 .has_uuid = facts->uuid != NULL,
				 .has_key = facts->key != NULL,
				 .booking = facts->booking,
				 .row = facts->name };

	if (mend.has_uuid)
		memcpy(mend.uuid, facts->uuid, sizeof mend.uuid);
	if (mend.has_key)
		memcpy(mend.key, facts->key, sizeof mend.key);
	return mend;
}

/* Of a person of whom all is to be planned anew. */
static mms_rc
is_replanned(struct looking *l, const struct flaw_rule *r, const struct flaw_facts *facts,
	     bool *out, struct mms_err *err)
{
	struct mms_review *review = NULL;

	*out = false;
	if (!(r->flags & FLAW_OF_BLOCKS))
		return MMS_OK;
	mms_rc rc = mms_flaw_review(l, &review, err);
	if (rc == MMS_OK)
		*out = mms_review_is_replanned(review, facts->cursor_id) ||
		       mms_review_is_replanned(review, facts->id);
	return rc;
}

mms_rc
mms_flaw_tell(struct looking *l, enum mms_rule rule, enum mms_remedy remedy,
	      const struct flaw_facts *facts, struct mms_err *err)
{
	const struct flaw_rule *r = mms_flaw_rule(rule);
	char buf[64];
	bool is_under_way = false;

	mms_rc rc = mms_flaw_check_stop(l, err);
	if (rc == MMS_OK)
		rc = is_replanned(l, r, facts, &is_under_way, err);
	if (rc != MMS_OK || is_under_way)
		return rc;
	if (remedy == MMS_REMEDY_COUNT)
		remedy = facts->booking != NULL && r->booked != MMS_REMEDY_NONE ? r->booked
										: r->remedy;
	struct mms_flaw flaw = {
		.rule = rule,
		.severity =
			r->flags & FLAW_IS_WARNING ? MMS_SEVERITY_WARNING : MMS_SEVERITY_ERROR,
		.table = r->table,
		.mend = make_mend(remedy, facts),
	};
	const char *name = name_it(facts, buf);
	flaw.name = (struct mms_text){ name, strlen(name) };
	if (facts->integration != NULL)
		flaw.integration =
			(struct mms_text){ facts->integration, strlen(facts->integration) };
	rc = make_message(l, r->message, facts, err);
	flaw.message = (struct mms_text){ mms_str_get(&l->message), l->message.len };
	if (rc == MMS_OK)
		rc = make_print(l, mms_rule_name(rule), facts, flaw.mend.print, err);
	return rc == MMS_OK ? l->take(l->aux, &flaw, err) : rc;
}

/* ---- rules that a statement answers -------------------------------------------------------- */

static const char *
text_of(const struct mms_value *value)
{
	return value->type != '\0' ? value->ptr : NULL;
}

static const unsigned char *
bytes_of(const struct mms_value *value)
{
	return value->type != '\0' && value->len == 16 ? (const unsigned char *)value->ptr
						       : NULL;
}

static mms_rc
tell_row(struct looking *l, const struct flaw_rule *r, const struct mms_value *row,
	 struct mms_err *err)
{
	const struct flaw_facts facts = {
		.cursor_id = row[0].type != '\0' ? row[0].u : 0,
		.integration = text_of(&row[1]),
		.name = text_of(&row[2]),
		.uuid = bytes_of(&row[3]),
		.key = bytes_of(&row[4]),
		.id = row[5].type != '\0' ? row[5].u : 0,
		.booking = text_of(&row[6]),
		.a = text_of(&row[7]),
		.b = text_of(&row[8]),
	};

	bool is_one = true;
	mms_rc rc = MMS_OK;

	if (r->rule == MMS_RULE_BOOKING_EVENT_TIMES)
		rc = mms_flaw_is_at_another_time(l, &facts, &is_one, err);
	return rc == MMS_OK && is_one ? mms_flaw_tell(l, r->rule, MMS_REMEDY_COUNT, &facts, err)
				      : rc;
}

static mms_rc
ask(struct looking *l, const struct flaw_rule *r, struct mms_err *err)
{
	const struct mms_flaw_choice *c = l->choice;
	const struct mms_value in[] = {
		mms_v_i64(l->now_ms),
		mms_v_wall(l->site_us),
		mms_v_text(c->user != NULL ? c->user : ""),
		mms_v_text(c->integration != NULL ? c->integration : ""),
		mms_v_text(c->event != NULL ? c->event : ""),
	};
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row = NULL;

	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, lent.db, r->stmt, in, err);
	while (rc == MMS_OK && (rc = mms_rows_next(&rows, &row, err)) == MMS_OK && row != NULL)
		rc = tell_row(l, r, row, err);
	mms_rows_release(&rows);
	return rc;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* The UUID of the event that was asked for: what is not a statement's is compared with it. */
static mms_rc
find_event(struct looking *l, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value in[] = { mms_v_text(l->choice->event) };
	const struct mms_value *row = NULL;

	if (l->choice->event == NULL)
		return MMS_OK;
	mms_rc rc = mms_pool_lend(l->env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_rows_open(&rows, lent.db, MMS_STMT_FLAW_STATE_OF, in, err);
	if (rc == MMS_OK)
		rc = mms_rows_next(&rows, &row, err);
	if (rc != MMS_OK || row == NULL || row[0].len != sizeof l->event_uuid)
		return rc;
	memcpy(l->event_uuid, row[0].ptr, sizeof l->event_uuid);
	l->has_event_uuid = true;
	mms_rows_release(&rows);
	return MMS_OK;
}

static mms_rc
find_all(struct looking *l, struct mms_err *err)
{
	mms_rc (*last)(struct looking *, struct mms_err *) = NULL;
	mms_rc rc = find_event(l, err);

	for (int i = MMS_RULE_FLAWS; rc == MMS_OK && i < MMS_RULE_FLAWS_END; i++) {
		const struct flaw_rule *r = mms_flaw_rule((enum mms_rule)i);
		if (!mms_flaw_is_wanted(l, r->rule))
			continue;
		rc = mms_flaw_check_stop(l, err);
		if (rc == MMS_OK && r->find == NULL)
			rc = ask(l, r, err);
		else if (rc == MMS_OK && r->find != last)
			rc = r->find(l, err);
		last = r->find != NULL ? r->find : last;
		if (rc == MMS_OK && l->choice->on_rule != NULL)
			l->choice->on_rule(l->choice->on_rule_aux,
					   (size_t)(i - MMS_RULE_FLAWS + 1),
					   MMS_RULE_FLAWS_END - MMS_RULE_FLAWS);
	}
	return rc;
}

mms_rc
mms_flaws_find(const struct mms_sync_env *env, const struct mms_flaw_choice *choice,
	       mms_flaw_taker *take, void *aux, struct mms_err *err)
{
	struct looking l = { .env = env,
			     .choice = choice,
			     .take = take,
			     .aux = aux,
			     .now_ms = mms_clock_now_ms(env->clock) };

	mms_rc rc = mms_settings_to_wall(env->settings, l.now_ms, &l.site_us, err);
	if (rc == MMS_OK)
		rc = find_all(&l, err);
	mms_review_free(l.review);
	mms_digest_release(&l.digest);
	mms_str_release(&l.message);
	return rc;
}
