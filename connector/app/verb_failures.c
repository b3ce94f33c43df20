/* mmsync failures list, show, retry, discard, release: the dead letter queue. */
#include "verbs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "mmsync/failures.h"
#include "mmsync/mem.h"
#include "plain.h"

/* An id is a bigint unsigned of ours: no more digits than INT64_MAX has. */
#define ID_DIGITS 19

const struct mms_opt mms_failures_list_opts[] = {
	{ "integration", MMS_OPT_TEXTS, "NAME",
	  "only of this MM Calendar Integration; repeatable" },
	{ "user", MMS_OPT_TEXTS, "EMAIL", "only of this person's integrations; repeatable" },
	{ "all", MMS_OPT_FLAG, NULL, "also what was discarded" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt mms_failures_retry_opts[] = {
	{ "all", MMS_OPT_FLAG, NULL, "all that were not discarded, in place of ids" },
	{ "integration", MMS_OPT_TEXTS, "NAME",
	  "with --all: only of this MM Calendar Integration; repeatable" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "only say what would be tried" },
	{ "timeout", MMS_OPT_COUNT, "SEC", "stop cleanly after so many seconds (exit 6)" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt mms_failures_discard_opts[] = {
	{ "dry-run", MMS_OPT_FLAG, NULL, "only say what would be discarded" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const struct mms_opt mms_failures_release_opts[] = {
	{ "all", MMS_OPT_FLAG, NULL, "all that is in quarantine, in place of ids" },
	{ "integration", MMS_OPT_TEXTS, "NAME",
	  "with --all: only of this MM Calendar Integration; repeatable" },
	{ "dry-run", MMS_OPT_FLAG, NULL, "only say what would be released" },
	{ NULL, MMS_OPT_FLAG, NULL, NULL },
};

const char mms_failures_list_more[] =
	"Single events that could not be read, or whose rows the database refused: dead "
	"letters. All others of the calendar were synced. An open one is tried again by each "
	"sync; one that was given up waits until its event changes, or for failures retry. "
	"What is quarantined is a busy block that was changed again and again: it is left "
	"alone "
	"until failures release.\n"
	"  mmsync failures list --user ann@example.com\n"
	"Exit status: 0 answered, also when there are none; 2 usage, also an unknown name; 3 "
	"configuration; 4 the database cannot be used.";

const char mms_failures_show_more[] =
	"Everything of one dead letter: the whole error, its times, its row, and what can be "
	"done about it.\n"
	"  mmsync failures show 12\n"
	"Exit status: 0 answered; 2 usage, also an unknown id; 3 configuration; 4 the database "
	"cannot be used.";

const char mms_failures_retry_more[] =
	"Opens dead letters anew and syncs their integrations now. What is written comes from "
	"the calendar and the rows as they are now, never from what failed at the time. Says "
	"of each whether it is solved, has failed again, or is queued: its integration is "
	"being synced by another run, or is not active, and the next sync tries it. What was "
	"discarded is tried again only by its id, what is quarantined not at all.\n"
	"  mmsync failures retry 12 15\n"
	"  mmsync failures retry --all --integration MM-CI-ann-0001\n"
	"Exit status: 0 solved or queued; 1 something failed again; 2 usage, also an unknown "
	"id; 3 configuration; 4 the database cannot be used; 6 interrupted or out of time, "
	"what was not tried is queued.";

const char mms_failures_discard_more[] =
	"Live without: an event is not tried again for the content that it has, and is no "
	"failure of its calendar any more, neither for sync nor for the integration's status. "
	"Its row stays as it is. When the event changes it is tried like a new one. failures "
	"list --all still shows it, and failures retry takes it back.\n"
	"  mmsync failures discard 12\n"
	"Exit status: 0 done; 2 usage, also an unknown id; 3 configuration; 4 the database "
	"cannot be used.";

const char mms_failures_release_more[] =
	"Ends the quarantine of busy blocks. A block is quarantined when more than five runs "
	"within an hour have changed it, or filled its time anew from the same calendar: "
	"something else changes it back, and two programs would go on for ever. First find "
	"out what it is. What is released counts from nothing again; with it goes whatever "
	"else of the same two calendars and the same time is quarantined. The next sync makes "
	"the blocks as they should be.\n"
	"  mmsync failures release 12\n"
	"  mmsync failures release --all --dry-run\n"
	"Exit status: 0 done; 1 something named is not in quarantine; 2 usage, also an unknown "
	"id; 3 configuration; 4 the database cannot be used.";

struct mms_sync_env
mms_app_sync_env(struct mms_app *app)
{
	return (struct mms_sync_env){ .pool = app->pool,
				      .site = &app->site,
				      .columns = app->columns,
				      .settings = &app->settings,
				      .clock = &app->clock,
				      .log = &app->log,
				      .is_stopped = mms_app_stop_flag(),
				      .spool_dir = getenv("TMPDIR") };
}

/* ---- what was asked for -------------------------------------------------------------------- */

/* Ids and names of one command line. The texts are borrowed. */
struct asked {
	uint64_t *ids;
	size_t n_ids;
	const char **integrations, **users;
	size_t n_integrations, n_users;
};

static void
asked_release(struct asked *asked)
{
	mms_free(asked->ids);
	mms_free(asked->integrations);
	mms_free(asked->users);
}

static mms_rc
read_id(const char *word, uint64_t *out, struct mms_err *err)
{
	size_t len = strspn(word, "0123456789");

	*out = 0;
	if (len > 0 && len <= ID_DIGITS && word[len] == '\0')
		*out = strtoull(word, NULL, 10);
	if (*out > 0 && *out <= INT64_MAX)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "'%s' is not the id of a dead letter", word);
	return mms_hint(err, "a number of the first column of mmsync failures list");
}

static mms_rc
read_ids(const struct mms_app *app, struct asked *asked, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	asked->ids = mms_alloc((app->args.n_words + 1) * sizeof *asked->ids);
	if (asked->ids == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; rc == MMS_OK && mms_app_word(app, i) != NULL; i++)
		rc = read_id(mms_app_word(app, i), &asked->ids[asked->n_ids++], err);
	return rc;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static void
put_letter(struct mms_json *j, const struct mms_letter *l)
{
	mms_json_put_i64(j, "id", (int64_t)l->id);
	mms_json_put_text(j, "integration", l->integration);
	mms_json_put_text(j, "operation", l->operation);
	mms_json_put_text(j, "external_event_id", l->external_id);
	mms_json_put_text(j, "event", l->row_name);
	mms_json_put_text(j, "event_title", l->row_title);
	mms_json_put_text(j, "booking", l->booking);
	mms_json_key(j, "busy_block");
	if (!l->is_block) {
		mms_json_null(j);
	} else {
		mms_json_map(j);
		mms_json_put_text(j, "from", l->source);
		mms_json_put_text(j, "title", l->block_title);
		mms_json_put_time(j, "start", l->start_ms);
		mms_json_put_time(j, "end", l->end_ms);
		mms_json_map_end(j);
	}
	mms_json_put_text(j, "sync_status", l->row_status);
	mms_json_put_text(j, "state", mms_letter_state_name(l->state));
	mms_json_put_i64(j, "attempts", l->attempts);
	mms_json_put_text(j, "code", l->code);
	mms_json_put_text(j, "message", l->text);
	mms_json_put_time(j, "first_at", l->first_at_ms);
	mms_json_put_time(j, "last_at", l->last_at_ms);
}

static void
put_why(struct mms_json *j, const struct mms_err *why)
{
	if (why->code != MMS_OK) {
		mms_app_json_put_err(j, why);
		return;
	}
	mms_json_key(j, "error");
	mms_json_null(j);
}

/* All of them in one object; with what came of each where something was done. */
static mms_rc
print_json(struct mms_app *app, const struct mms_failures *list, bool has_outcome,
	   struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	if (has_outcome)
		mms_json_put_bool(&j, "dry_run", mms_app_flag(app, "dry-run"));
	mms_json_key(&j, "failures");
	mms_json_array(&j);
	for (size_t i = 0; i < list->n; i++) {
		mms_json_map(&j);
		put_letter(&j, &list->items[i].letter);
		if (has_outcome) {
			mms_json_put_text(&j, "status", list->items[i].status);
			put_why(&j, &list->items[i].why);
		}
		mms_json_map_end(&j);
	}
	mms_json_array_end(&j);
	if (has_outcome)
		mms_plain_put_troubles(&j, &list->troubles);
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

static mms_rc
print_one_json(struct mms_app *app, const struct mms_failure *f, struct mms_err *err)
{
	MMS_AUTO(mms_json) j = { 0 };

	mms_rc rc = mms_app_json(app, &j, err);
	if (rc != MMS_OK)
		return rc;
	mms_json_map(&j);
	put_letter(&j, &f->letter);
	mms_json_put_text(&j, "payload", f->letter.payload);
	mms_json_put_text(&j, "hint", mms_failure_advice(f));
	mms_json_map_end(&j);
	mms_json_done(&j);
	return mms_json_check(&j, err);
}

/* ---- for people ---------------------------------------------------------------------------- */

static const char *
state_of(const struct mms_letter *l)
{
	return mms_letter_is_quarantine(l) ? "quarantined" : mms_letter_state_name(l->state);
}

/* What a person knows the event by. block: room for the words of a busy block. */
static const char *
title_of(const struct mms_letter *l, struct mms_str *block)
{
	char start[MMS_TIME_TEXT_MAX];

	if (l->is_block) {
		mms_str_addf(block, "busy block of %s, %s", l->source != NULL ? l->source : "?",
			     mms_time_print(l->start_ms, start));
		return mms_str_get(block);
	}
	if (l->row_title != NULL)
		return l->row_title;
	return l->booking != NULL ? l->booking : l->external_id;
}

static mms_rc
add_failure(struct mms_table *table, const struct mms_letter *l, struct mms_err *err)
{
	MMS_AUTO(mms_str) block = { 0 };
	char when[MMS_TIME_TEXT_MAX];

	mms_rc rc = mms_table_add_i64(table, (int64_t)l->id, err);
	if (rc == MMS_OK)
		rc = mms_plain_add_cell(table, l->integration, err);
	if (rc == MMS_OK)
		rc = mms_plain_add_cell(table, title_of(l, &block), err);
	if (rc == MMS_OK)
		rc = mms_table_add(table, state_of(l), err);
	if (rc == MMS_OK)
		rc = mms_table_add_i64(table, l->attempts, err);
	if (rc == MMS_OK)
		rc = mms_table_add(table, mms_time_print(l->last_at_ms, when), err);
	return rc == MMS_OK ? mms_plain_add_cell(table, l->text, err) : rc;
}

static mms_rc
print_list(const struct mms_app *app, const struct mms_failures *list, struct mms_err *err)
{
	static const char *const heads[] = { "ID",    "INTEGRATION", "EVENT", "STATE",
					     "TRIES", "LAST",        "REASON" };
	static const bool is_number[] = { true, false, false, false, true, false, false };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++)
		rc = add_failure(&table, &list->items[i].letter, err);
	if (rc != MMS_OK)
		return rc;
	if (list->n > 0)
		mms_table_print(app, &table);
	else if (!app->is_quiet)
		printf("no dead letters\n");
	return MMS_OK;
}

static mms_rc
print_line(const char *label, const char *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) plain = { 0 };

	if (text == NULL)
		return MMS_OK;
	for (const char *p = text; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		if (plain.len > 0)
			mms_str_addf(&plain, "\n%-13s", "");
		mms_plain_add(&plain, p, strcspn(p, "\n"));
	}
	mms_rc rc = mms_str_check(&plain, err);
	if (rc == MMS_OK)
		printf("%-12s %s\n", label, mms_str_get(&plain));
	return rc;
}

static mms_rc
print_one(const struct mms_failure *f, struct mms_err *err)
{
	const struct mms_letter *l = &f->letter;
	char id[24], tries[24], first[MMS_TIME_TEXT_MAX], last[MMS_TIME_TEXT_MAX];
	char start[MMS_TIME_TEXT_MAX], end[MMS_TIME_TEXT_MAX];
	const struct {
		const char *label, *text;
	} lines[] = {
		{ "id", id },
		{ "integration", l->integration },
		{ "operation", l->operation },
		{ "external id", l->external_id },
		{ "event", l->row_name },
		{ "title", l->row_title },
		{ "booking", l->booking },
		{ "block of", l->source },
		{ "block title", l->block_title },
		{ "start", l->is_block ? mms_time_print(l->start_ms, start) : NULL },
		{ "end", l->is_block ? mms_time_print(l->end_ms, end) : NULL },
		{ "sync status", l->row_status },
		{ "state", state_of(l) },
		{ "tries", tries },
		{ "first", mms_time_print(l->first_at_ms, first) },
		{ "last", mms_time_print(l->last_at_ms, last) },
		{ "code", l->code },
		{ "error", l->text },
		{ "payload", l->payload },
		{ "hint", mms_failure_advice(f) },
	};
	mms_rc rc = MMS_OK;

	(void)snprintf(id, sizeof id, "%" PRIu64, l->id);
	(void)snprintf(tries, sizeof tries, "%" PRId64, l->attempts);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(lines); i++)
		rc = print_line(lines[i].label, lines[i].text, err);
	return rc;
}

/* What came of each, the reasons below; none: said where there was nothing. */
static mms_rc
print_outcome(const struct mms_app *app, const struct mms_failures *list, const char *none,
	      struct mms_err *err)
{
	static const char *const heads[] = { "ID", "INTEGRATION", "EVENT", "STATUS", "REASON" };
	static const bool is_number[] = { true, false, false, false, false };
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < list->n; i++) {
		const struct mms_failure *f = &list->items[i];
		MMS_AUTO(mms_str) block = { 0 };
		bool is_failed = strcmp(f->status, "failed") == 0;

		if (app->is_quiet && !is_failed)
			continue;
		rc = mms_table_add_i64(&table, (int64_t)f->letter.id, err);
		if (rc == MMS_OK)
			rc = mms_plain_add_cell(&table, f->letter.integration, err);
		if (rc == MMS_OK)
			rc = mms_plain_add_cell(&table, title_of(&f->letter, &block), err);
		if (rc == MMS_OK)
			rc = mms_table_add(&table, f->status, err);
		if (rc == MMS_OK)
			rc = mms_plain_add_cell(
				&table, f->why.code != MMS_OK ? mms_err_text(&f->why) : NULL,
				err);
	}
	if (rc == MMS_OK && table.n > 0)
		mms_table_print(app, &table);
	else if (rc == MMS_OK && list->n == 0 && !app->is_quiet)
		printf("%s\n", none);
	return rc;
}

static bool
has_failed(const struct mms_failures *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i].status, "failed") == 0)
			return true;
	}
	return false;
}

/* ---- the verbs ----------------------------------------------------------------------------- */

mms_rc
mms_verb_failures_list(struct mms_app *app, struct mms_err *err)
{
	struct asked asked __attribute__((cleanup(asked_release))) = { 0 };
	MMS_AUTO(mms_failures) list = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);

	mms_rc rc = mms_app_texts(app, "integration", NULL, &asked.integrations,
				  &asked.n_integrations, err);
	if (rc == MMS_OK)
		rc = mms_app_texts(app, "user", NULL, &asked.users, &asked.n_users, err);
	const struct mms_failures_choice choice = { .integrations = asked.integrations,
						    .n_integrations = asked.n_integrations,
						    .users = asked.users,
						    .n_users = asked.n_users,
						    .with_discarded =
							    mms_app_flag(app, "all") };
	if (rc == MMS_OK)
		rc = mms_failures_find(&env, &choice, &list, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? print_json(app, &list, false, err) : print_list(app, &list, err);
}

mms_rc
mms_verb_failures_show(struct mms_app *app, struct mms_err *err)
{
	MMS_AUTO(mms_failures) list = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);
	uint64_t id;

	mms_rc rc = read_id(mms_app_word(app, 0), &id, err);
	const struct mms_failures_choice choice = { .ids = &id, .n_ids = 1 };
	if (rc == MMS_OK)
		rc = mms_failures_find(&env, &choice, &list, err);
	if (rc != MMS_OK)
		return rc;
	return app->is_json ? print_one_json(app, &list.items[0], err)
			    : print_one(&list.items[0], err);
}

/* What was done about them, and the exit status that it means; rc is how it ended. */
static mms_rc
tell(struct mms_app *app, const struct mms_failures *list, const char *none, mms_rc rc,
     struct mms_err *err)
{
	MMS_AUTO(mms_err) out = { 0 };

	mms_rc printed = app->is_json ? print_json(app, list, true, &out)
				      : print_outcome(app, list, none, &out);
	int status = mms_troubles_exit_status(&list->troubles);
	status = status == 0 && has_failed(list) ? 1 : status;
	app->exit_status = rc != MMS_OK ? mms_rc_exit_status(rc) : status;
	if (!app->is_json && printed == MMS_OK)
		mms_plain_print_troubles(&list->troubles);
	if (rc != MMS_OK && !app->is_json)
		mms_app_print_err(app, err);
	if (printed != MMS_OK)
		mms_err_move(err, &out);
	return printed;
}

/* Ids, or all of them. */
static mms_rc
check_asked(const struct mms_app *app, const struct asked *asked, const char *verb,
	    struct mms_err *err)
{
	bool is_all = mms_app_flag(app, "all");

	if (is_all == (asked->n_ids == 0) && (is_all || asked->n_integrations == 0))
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "failures %s needs either ids or --all", verb);
	return mms_hint(err, "--integration narrows --all; mmsync failures list shows the ids");
}

mms_rc
mms_verb_failures_retry(struct mms_app *app, struct mms_err *err)
{
	struct asked asked __attribute__((cleanup(asked_release))) = { 0 };
	MMS_AUTO(mms_failures) list = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);
	int64_t timeout_s = mms_app_number(app, "timeout", 0);
	const struct mms_sync_options options = {
		.is_dry = mms_app_flag(app, "dry-run"),
		.deadline_mono_ms = timeout_s > 0 ? mms_clock_mono_ms() + timeout_s * 1000 : 0,
	};

	mms_rc rc = read_ids(app, &asked, err);
	if (rc == MMS_OK)
		rc = mms_app_texts(app, "integration", NULL, &asked.integrations,
				   &asked.n_integrations, err);
	if (rc == MMS_OK)
		rc = check_asked(app, &asked, "retry", err);
	const struct mms_failures_choice choice = { .ids = asked.n_ids > 0 ? asked.ids : NULL,
						    .n_ids = asked.n_ids,
						    .integrations = asked.integrations,
						    .n_integrations = asked.n_integrations,
						    .without_quarantine = true };
	if (rc == MMS_OK)
		rc = mms_failures_find(&env, &choice, &list, err);
	if (rc == MMS_OK)
		rc = mms_failures_retry(&env, &options, &list, err);
	return rc == MMS_OK || rc == MMS_E_STOPPED
		       ? tell(app, &list, "no dead letters", rc, err)
		       : rc;
}

mms_rc
mms_verb_failures_discard(struct mms_app *app, struct mms_err *err)
{
	struct asked asked __attribute__((cleanup(asked_release))) = { 0 };
	MMS_AUTO(mms_failures) list = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);

	mms_rc rc = read_ids(app, &asked, err);
	const struct mms_failures_choice choice = { .ids = asked.ids, .n_ids = asked.n_ids };
	if (rc == MMS_OK)
		rc = mms_failures_find(&env, &choice, &list, err);
	if (rc == MMS_OK)
		rc = mms_failures_discard(&env, mms_app_flag(app, "dry-run"), &list, err);
	return rc == MMS_OK ? tell(app, &list, "no dead letters", rc, err) : rc;
}

mms_rc
mms_verb_failures_release(struct mms_app *app, struct mms_err *err)
{
	struct asked asked __attribute__((cleanup(asked_release))) = { 0 };
	MMS_AUTO(mms_failures) list = { 0 };
	const struct mms_sync_env env = mms_app_sync_env(app);

	mms_rc rc = read_ids(app, &asked, err);
	if (rc == MMS_OK)
		rc = mms_app_texts(app, "integration", NULL, &asked.integrations,
				   &asked.n_integrations, err);
	if (rc == MMS_OK)
		rc = check_asked(app, &asked, "release", err);
	const struct mms_failures_choice choice = { .ids = asked.n_ids > 0 ? asked.ids : NULL,
						    .n_ids = asked.n_ids,
						    .integrations = asked.integrations,
						    .n_integrations = asked.n_integrations,
						    .only_quarantine = true };
	if (rc == MMS_OK)
		rc = mms_failures_find(&env, &choice, &list, err);
	if (rc == MMS_OK)
		rc = mms_failures_end_quarantine(&env, mms_app_flag(app, "dry-run"), &list,
						 err);
	return rc == MMS_OK ? tell(app, &list, "nothing is in quarantine", rc, err) : rc;
}
