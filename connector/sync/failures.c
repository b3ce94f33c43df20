/* Dead letters looked up, tried again, discarded (see the header). */
#include "mmsync/failures.h"

#include <inttypes.h>
#include <string.h>

#include "choose.h"
#include "mmsync/mem.h"
#include "mmsync/outbox.h"
#include "outward.h"

/* A letter that a running turn writes again and again meanwhile is read again so often. */
#define CHANGE_TRIES 5

void
mms_failures_release(struct mms_failures *failures)
{
	if (failures == NULL)
		return;
	for (size_t i = 0; i < failures->n; i++) {
		mms_letter_release(&failures->items[i].letter);
		mms_err_release(&failures->items[i].why);
	}
	mms_free(failures->items);
	mms_troubles_release(&failures->troubles);
	*failures = (struct mms_failures){ 0 };
}

const char *
mms_failure_advice(const struct mms_failure *failure)
{
	const struct mms_letter *l = &failure->letter;

	if (!failure->has_integration)
		return "its integration does not exist any more: mmsync failures discard";
	if (l->state == MMS_LETTER_DISCARDED)
		return "it is not tried again until the event changes, or mmsync failures "
		       "retry";
	if (mms_letter_is_quarantine(l))
		return "something changes this time again and again (another program, another "
		       "installation, a rule of the calendar): find out what and stop it, then "
		       "mmsync failures release";
	if (l->is_block)
		return "the calendar service refuses a busy block: mend what it names (rights "
		       "in the calendar), then mmsync failures retry; or make Busy Blocks of "
		       "the integration Off";
	if (strcmp(l->operation, "apply") != 0)
		return "the calendar service refuses the event of a booking: mend what it "
		       "names "
		       "(rights in the calendar, the booking's addresses or times), then "
		       "mmsync "
		       "failures retry";
	if (strcmp(l->code, "unreadable") == 0)
		return "mend the event in its calendar, or ask its owner to: the next sync "
		       "reads it again. Where it cannot be mended: mmsync failures discard";
	if (strcmp(l->code, "conflict") == 0)
		return "another row holds its id or its name: mmsync audit tells which; when "
		       "that is mended, the next sync stores the event";
	return "the database refuses the row: mend what it names (a constraint, a trigger, a "
	       "column's width), then mmsync failures retry";
}

/* ---- looking up ---------------------------------------------------------------------------- */

/* Takes: the letter, also when it fails. */
static mms_rc
add(struct mms_failures *list, struct mms_letter *letter, struct mms_err *err)
{
	struct mms_failure *moved = mms_grow(list->items, list->n, &list->cap, sizeof *moved);

	if (moved == NULL) {
		mms_letter_release(letter);
		return mms_fail_nomem(err);
	}
	list->items = moved;
	moved[list->n++] = (struct mms_failure){ .letter = *letter };
	*letter = (struct mms_letter){ 0 };
	return MMS_OK;
}

static const struct mms_source *
find_source(const struct mms_sources *sources, uint64_t cursor_id)
{
	for (size_t i = 0; cursor_id != 0 && i < sources->n; i++) {
		if (sources->items[i].cursor.id == cursor_id)
			return &sources->items[i];
	}
	return NULL;
}

/* The name that an integration has now, in place of the one that its cursor has. */
static mms_rc
name_one(char **name, const struct mms_source *source, struct mms_err *err)
{
	if (source == NULL)
		return MMS_OK;
	mms_free(*name);
	*name = mms_text_copy(source->integration.name);
	return *name != NULL ? MMS_OK : mms_fail_nomem(err);
}

/* Which integration it is of; of a busy block also that of its source. */
static mms_rc
name_integrations(struct mms_failure *f, const struct mms_sources *sources, struct mms_err *err)
{
	const struct mms_source *source = find_source(sources, f->letter.cursor_id);

	f->has_integration = source != NULL;
	mms_rc rc = name_one(&f->letter.integration, source, err);
	if (rc == MMS_OK)
		rc = name_one(&f->letter.source, find_source(sources, f->letter.source_id),
			      err);
	return rc;
}

static bool
has_id(const struct mms_failures *list, uint64_t id)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].letter.id == id)
			return true;
	}
	return false;
}

static mms_rc
find_by_id(struct mms_db *db, const struct mms_failures_choice *choice,
	   struct mms_failures *out, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < choice->n_ids; i++) {
		MMS_AUTO(mms_letter) letter = { 0 };
		uint64_t id = choice->ids[i];

		if (has_id(out, id))
			continue;
		rc = mms_letters_load_one(db, id, &letter, err);
		if (rc == MMS_E_GONE) {
			mms_fail(err, MMS_E_USAGE, "there is no dead letter %" PRIu64, id);
			return mms_hint(err, "what was solved has none any more: mmsync "
					     "failures list shows those that there are");
		}
		if (rc == MMS_OK)
			rc = add(out, &letter, err);
	}
	return rc;
}

static mms_rc
find_all(struct mms_db *db, const struct mms_failures_choice *choice,
	 const struct mms_sources *sources, struct mms_failures *out, struct mms_err *err)
{
	MMS_AUTO(mms_letters) letters = { 0 };

	mms_rc rc = mms_letters_load(db, choice->with_discarded, &letters, err);
	for (size_t i = 0; rc == MMS_OK && i < letters.n; i++) {
		const struct mms_source *source =
			find_source(sources, letters.items[i].cursor_id);
		bool is_quarantine = mms_letter_is_quarantine(&letters.items[i]);

		if (is_quarantine ? choice->without_quarantine : choice->only_quarantine)
			continue;
		if (choice->n_integrations > 0 && (source == NULL || !source->is_named))
			continue;
		if (choice->n_users > 0 && (source == NULL || !source->is_of_user))
			continue;
		rc = add(out, &letters.items[i], err);
	}
	return rc;
}

mms_rc
mms_failures_find(const struct mms_sync_env *env, const struct mms_failures_choice *choice,
		  struct mms_failures *out, struct mms_err *err)
{
	MMS_AUTO(mms_failures) list = { 0 };
	MMS_AUTO(mms_sources) sources = { 0 };
	MMS_AUTO(mms_lent) lent = { 0 };
	const struct mms_sync_options names = { .integrations = choice->integrations,
						.n_integrations = choice->n_integrations,
						.users = choice->users,
						.n_users = choice->n_users };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(lent.db, &sources, err);
	if (rc != MMS_OK)
		return rc;
	if (choice->ids != NULL) {
		rc = find_by_id(lent.db, choice, &list, err);
	} else {
		mms_lent_release(&lent); /* the look-up of names lends one of its own */
		rc = mms_choose_check(env, &names, &sources, err);
		if (rc == MMS_OK)
			rc = mms_pool_lend(env->pool, &lent, err);
		if (rc == MMS_OK)
			rc = find_all(lent.db, choice, &sources, &list, err);
	}
	for (size_t i = 0; rc == MMS_OK && i < list.n; i++)
		rc = name_integrations(&list.items[i], &sources, err);
	if (rc != MMS_OK)
		return rc;
	*out = list;
	list = (struct mms_failures){ 0 };
	return MMS_OK;
}

/* ---- changing them ------------------------------------------------------------------------- */

typedef mms_rc
letter_change(struct mms_db *db, const struct mms_letter *letter, struct mms_err *err);

/*
 * Change it as it is now, whoever else has written it since it was looked up; one that is gone was
 * solved meanwhile.
 */
static mms_rc
change(struct mms_db *db, struct mms_failure *f, letter_change *apply, const char *status,
       struct mms_err *err)
{
	MMS_AUTO(mms_letter) now = { 0 };

	mms_rc rc = apply(db, &f->letter, err);
	for (int i = 1; (rc == MMS_E_CONFLICT || rc == MMS_E_RETRY) && i < CHANGE_TRIES; i++) {
		mms_err_release(err);
		mms_letter_release(&now);
		rc = mms_letters_load_one(db, f->letter.id, &now, err);
		if (rc == MMS_OK)
			rc = apply(db, &now, err);
	}
	f->status = status;
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		f->status = "solved";
		return MMS_OK;
	}
	return rc;
}

/* What is in quarantine did not fail: it is neither tried again nor lived without. */
static bool
may_be_changed(struct mms_failure *f)
{
	if (!mms_letter_is_quarantine(&f->letter))
		return true;
	f->status = "failed";
	mms_fail(&f->why, MMS_E_ITEM,
		 "it is in quarantine, which mmsync failures release %" PRIu64 " ends",
		 f->letter.id);
	mms_hint(&f->why, "%s", mms_failure_advice(f));
	return false;
}

mms_rc
mms_failures_discard(const struct mms_sync_env *env, bool is_dry, struct mms_failures *failures,
		     struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < failures->n; i++) {
		struct mms_failure *f = &failures->items[i];

		if (!may_be_changed(f))
			continue;
		if (is_dry)
			f->status = "planned";
		else
			rc = change(lent.db, f, mms_letters_discard, "discarded", err);
		if (rc == MMS_OK && strcmp(f->status, "discarded") == 0)
			f->letter.state = MMS_LETTER_DISCARDED;
	}
	return rc;
}

/* One that is gone was released by another's release, or its block is gone. */
static mms_rc
end_quarantine(struct mms_db *db, struct mms_failure *f, int64_t now_ms, struct mms_err *err)
{
	mms_rc rc = mms_letters_end_quarantine(db, &f->letter, now_ms, err);

	for (int i = 1; rc == MMS_E_RETRY && i < CHANGE_TRIES; i++) {
		mms_err_release(err);
		rc = mms_letters_end_quarantine(db, &f->letter, now_ms, err);
	}
	f->status = "released";
	if (rc != MMS_E_GONE)
		return rc;
	mms_err_release(err);
	return MMS_OK;
}

mms_rc
mms_failures_end_quarantine(const struct mms_sync_env *env, bool is_dry,
			    struct mms_failures *failures, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };
	int64_t now_ms = mms_clock_now_ms(env->clock);

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < failures->n; i++) {
		struct mms_failure *f = &failures->items[i];

		if (!mms_letter_is_quarantine(&f->letter)) {
			f->status = "failed";
			mms_fail(
				&f->why, MMS_E_ITEM,
				"it is not in quarantine: it failed, and mmsync failures retry "
				"%" PRIu64 " tries it again",
				f->letter.id);
			mms_hint(&f->why, "%s", mms_failure_advice(f));
		} else if (is_dry) {
			f->status = "planned";
		} else {
			rc = end_quarantine(lent.db, f, now_ms, err);
		}
	}
	return rc;
}

/* ---- trying again -------------------------------------------------------------------------- */

/* Can this version try it at all? */
static bool
may_be_tried(struct mms_failure *f)
{
	if (!may_be_changed(f))
		return false;
	f->status = "failed";
	if (f->has_integration)
		return true;
	mms_fail(&f->why, MMS_E_GONE, "its integration does not exist any more");
	mms_hint(&f->why, "%s", mms_failure_advice(f));
	return false;
}

/*
 * An open letter is tried by the next sync; that of an outward change has its entry in the outbox again,
 * which says nothing but which event is to be brought up to date.
 */
static mms_rc
open_one(struct mms_db *db, const struct mms_letter *letter, struct mms_err *err)
{
	mms_rc rc = mms_letters_open(db, letter, err);

	return rc == MMS_OK && strcmp(letter->operation, "apply") != 0
		       ? mms_outbox_reopen(db, letter->id, err)
		       : rc;
}

static mms_rc
open_all(const struct mms_sync_env *env, bool is_dry, struct mms_failures *failures,
	 struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < failures->n; i++) {
		struct mms_failure *f = &failures->items[i];

		if (!may_be_tried(f))
			continue;
		if (is_dry)
			f->status = "planned";
		else
			rc = change(lent.db, f, open_one, "queued", err);
	}
	return rc;
}

/* The integrations of what is queued, each once. Owns: the result, the names are borrowed. */
static mms_rc
list_integrations(const struct mms_failures *failures, const char ***out, size_t *n_out,
		  struct mms_err *err)
{
	const char **names = mms_alloc((failures->n + 1) * sizeof(const char *));
	size_t n = 0;

	if (names == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < failures->n; i++) {
		const struct mms_failure *f = &failures->items[i];
		size_t k = 0;

		if (strcmp(f->status, "queued") != 0)
			continue;
		while (k < n && strcmp(names[k], f->letter.integration) != 0)
			k++;
		if (k == n)
			names[n++] = f->letter.integration;
	}
	*out = names;
	*n_out = n;
	return MMS_OK;
}

static const struct mms_turn *
find_turn(const struct mms_sync_report *report, const char *integration)
{
	for (size_t i = 0; i < report->n; i++) {
		if (strcmp(report->turns[i].name, integration) == 0)
			return &report->turns[i];
	}
	return NULL;
}

/* Another error's code, text and hint. */
static void
say_why(struct mms_err *why, const struct mms_err *from)
{
	mms_fail(why, from->code, "%s", mms_err_text(from));
	if (mms_err_hint(from)[0] != '\0')
		mms_hint(why, "%s", mms_err_hint(from));
}

/*
 * An outward change that was tried again in vain, and waits in the outbox for the next runs: it has no
 * tries of its own again before those are used up.
 */
static mms_rc
judge_waiting(struct mms_db *db, const struct mms_sync_report *report, struct mms_failure *f,
	      struct mms_err *err)
{
	int64_t attempts = 0;
	char *text = NULL;

	for (size_t i = 0; i < report->troubles.n; i++) {
		if (f->why.code == MMS_OK &&
		    strcmp(report->troubles.items[i].name, f->letter.integration) == 0) {
			f->status = "failed";
			say_why(&f->why, &report->troubles.items[i].err);
		}
	}
	if (f->why.code != MMS_OK)
		return MMS_OK;
	mms_rc rc = mms_outbox_of_letter(db, f->letter.id, &attempts, &text, err);
	if (rc == MMS_OK && attempts > 0) {
		f->status = "failed";
		mms_fail(&f->why, MMS_E_RETRY, "%s", text != NULL ? text : "it failed again");
	}
	mms_free(text);
	return rc;
}

/*
 * What came of a letter that was opened: it is gone, or it has tries again, or nobody has come to
 * it, and its calendar's turn says why.
 */
static mms_rc
judge(struct mms_db *db, const struct mms_turn *turn, struct mms_failure *f,
      struct mms_err *err)
{
	MMS_AUTO(mms_letter) now = { 0 };

	mms_rc rc = mms_letters_load_one(db, f->letter.id, &now, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		f->status = "solved";
		return MMS_OK;
	}
	if (rc != MMS_OK)
		return rc;
	bool is_failed = turn != NULL && strcmp(turn->status, "failed") == 0;
	if (now.state == MMS_LETTER_DISCARDED) {
		f->status = "discarded"; /* by somebody else, meanwhile */
	} else if (now.attempts > 0) {
		f->status = "failed";
		mms_fail(&f->why,
			 strcmp(now.code, "conflict") == 0 ? MMS_E_CONFLICT : MMS_E_ITEM, "%s",
			 now.text);
		mms_hint(&f->why, "%s", mms_failure_advice(f));
	} else if (turn != NULL && turn->err.code != MMS_OK) {
		f->status = is_failed ? "failed" : "queued";
		say_why(&f->why, &turn->err);
	}
	/* As it is now, but under the name that its integration has. */
	char *name = now.integration;
	now.integration = f->letter.integration;
	f->letter.integration = name;
	struct mms_letter old = f->letter;
	f->letter = now;
	now = old;
	return MMS_OK;
}

static mms_rc
judge_all(const struct mms_sync_env *env, const struct mms_sync_report *report,
	  struct mms_failures *failures, struct mms_err *err)
{
	MMS_AUTO(mms_lent) lent = { 0 };

	mms_rc rc = mms_pool_lend(env->pool, &lent, err);
	for (size_t i = 0; rc == MMS_OK && i < failures->n; i++) {
		struct mms_failure *f = &failures->items[i];

		if (strcmp(f->status, "queued") != 0)
			continue;
		rc = judge(lent.db, find_turn(report, f->letter.integration), f, err);
		if (rc == MMS_OK && strcmp(f->status, "queued") == 0 &&
		    strcmp(f->letter.operation, "apply") != 0)
			rc = judge_waiting(lent.db, report, f, err);
	}
	return rc;
}

/* Does one of them say what is wrong with its integration? */
static bool
is_told(const struct mms_failures *failures, const char *integration)
{
	for (size_t i = 0; i < failures->n; i++) {
		if (failures->items[i].why.code != MMS_OK &&
		    strcmp(failures->items[i].letter.integration, integration) == 0)
			return true;
	}
	return false;
}

/* What was asked for may be done though the calendar could not be read: that is told beside it. */
static void
note_turns(const struct mms_sync_report *report, struct mms_failures *failures)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_turn *turn = &report->turns[i];
		MMS_AUTO(mms_err) why = { 0 };

		if (strcmp(turn->status, "failed") != 0 || is_told(failures, turn->name))
			continue;
		say_why(&why, &turn->err);
		mms_outward_note_trouble(&failures->troubles, turn->name, &why);
	}
}

/* A turn that the database ended is no failure of a letter. */
static mms_rc
check_turns(const struct mms_sync_report *report, struct mms_err *err)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct mms_err *why = &report->turns[i].err;

		if (why->code == MMS_E_DB) {
			say_why(err, why);
			return MMS_E_DB;
		}
	}
	return MMS_OK;
}

static mms_rc
sync_them(const struct mms_sync_env *env, const struct mms_sync_options *asked,
	  const char *const *names, size_t n, struct mms_failures *failures,
	  struct mms_err *err)
{
	MMS_AUTO(mms_sync_report) report = { 0 };
	MMS_AUTO(mms_err) ended = { 0 };
	const struct mms_sync_options options = { .integrations = names,
						  .n_integrations = n,
						  .jobs = asked->jobs,
						  .deadline_mono_ms = asked->deadline_mono_ms };

	mms_rc rc = mms_sync_run(env, &options, &report, &ended);
	bool has_report = rc == MMS_OK || rc == MMS_E_HELD || rc == MMS_E_STOPPED;
	mms_rc judged = has_report ? check_turns(&report, err) : rc;
	if (!has_report)
		mms_err_move(err, &ended);
	if (judged == MMS_OK)
		judged = judge_all(env, &report, failures, err);
	if (judged == MMS_OK)
		note_turns(&report, failures);
	if (judged != MMS_OK || rc != MMS_E_STOPPED)
		return judged;
	mms_err_move(err, &ended);
	return MMS_E_STOPPED;
}

mms_rc
mms_failures_retry(const struct mms_sync_env *env, const struct mms_sync_options *options,
		   struct mms_failures *failures, struct mms_err *err)
{
	const char **names = NULL;
	size_t n = 0;

	mms_rc rc = open_all(env, options->is_dry, failures, err);
	if (rc == MMS_OK)
		rc = list_integrations(failures, &names, &n, err);
	if (rc == MMS_OK && n > 0)
		rc = sync_them(env, options, names, n, failures, err);
	mms_free(names);
	return rc;
}
