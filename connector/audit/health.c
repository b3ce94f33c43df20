/*
 * The judge of a site's health: one function for each rule, in the list at the end. A rule looks
 * at the facts and adds its reasons; to add one is to write it and name it there.
 */
#include "mmsync/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "health_parts.h"
#include "mmsync/age.h"
#include "mmsync/freshness.h"
#include "mmsync/mem.h"
#include "mmsync/provider.h"

/* No zone's clock is further ahead of UTC. */
#define WALL_SLACK_MS (INT64_C(14) * 3600000)

struct judge {
	const struct mms_health_facts *facts;
	struct mms_health *out;
	struct mms_err *err;
};

typedef mms_rc rule(struct judge *j);

/* ---- reasons ---------------------------------------------------------------------------------- */

static mms_rc found(struct judge *j, const char *code, enum mms_health_level severity,
		    const struct mms_overview_item *item, const struct mms_str *hint,
		    const char *fmt, ...) MMS_PRINTF(6, 7);

static mms_rc
found(struct judge *j, const char *code, enum mms_health_level severity,
      const struct mms_overview_item *item, const struct mms_str *hint, const char *fmt, ...)
{
	MMS_AUTO(mms_str) message = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&message, fmt, ap);
	va_end(ap);
	return mms_health_add(j->out, code, severity,
			      item != NULL ? item->source->integration.name : NULL, hint,
			      &message, j->err);
}

/* A name as a word of the shell. */
static void
add_word(struct mms_str *out, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./_-";

	if (name[0] != '\0' && name[strspn(name, plain)] == '\0') {
		mms_str_add(out, name);
		return;
	}
	mms_str_addc(out, '\'');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '\'')
			mms_str_add(out, "'\\''");
		else
			mms_str_addc(out, *p);
	}
	mms_str_addc(out, '\'');
}

/* "mmsync COMMAND --integration NAME" and what else is to be said. */
static void
add_command(struct mms_str *out, const char *command, const struct mms_overview_item *item,
	    const char *rest)
{
	const char *name = item->source->integration.name;

	mms_str_addf(out, "mmsync %s --integration%c", command, name[0] == '-' ? '=' : ' ');
	add_word(out, name);
	mms_str_add(out, rest);
}

/* ---- calendars -------------------------------------------------------------------------------- */

bool
mms_health_is_new(const struct mms_config *config, const struct mms_overview_item *item,
		  int64_t now_ms)
{
	int64_t minutes =
		mms_freshness_minutes(config, item->source->integration.interval_minutes);

	return item->as_of_ms == MMS_NO_TIME && !item->needs_reauth &&
	       item->source->cursor.failures == 0 && item->created_ms != MMS_NO_TIME &&
	       now_ms - item->created_ms <= minutes * 60000;
}

static bool
is_synced_here(const struct mms_overview_item *item)
{
	const struct mms_provider *provider = mms_provider_find(item->source->integration.type);

	return provider != NULL && provider->ops != NULL;
}

/* ": the last sync failed, WHY", where it did. */
static void
add_failure(struct mms_str *out, const struct mms_overview_item *item)
{
	if (item->source->cursor.failures > 0)
		mms_str_addf(out, "; its last %" PRId64 " sync%s failed%s%s",
			     item->source->cursor.failures,
			     item->source->cursor.failures == 1 ? "" : "s",
			     item->error != NULL ? ": " : "",
			     item->error != NULL ? item->error : "");
}

static void
add_remedy(struct mms_str *out, const struct mms_overview_item *item)
{
	if (item->source->cursor.failures > 0)
		add_command(out, "sync", item, " tries again and says what is wrong");
	else if (!item->source->integration.is_auto)
		add_command(out, "sync", item,
			    " reads it now; with auto_sync_enabled sync --due does");
	else
		add_command(out, "sync", item,
			    " reads it now; does a timer or cron start mmsync sync --due?");
}

static mms_rc
tell_unread(struct judge *j, const struct mms_overview_item *item, const struct mms_str *why,
	    const struct mms_str *hint)
{
	const struct mms_integration *in = &item->source->integration;
	MMS_AUTO(mms_str) other = { 0 };

	if (is_synced_here(item))
		return found(j, "calendar_never_read", MMS_HEALTH_DEGRADED, item, hint,
			     "the calendar was never read%s", mms_str_get(why));
	mms_str_add(&other,
		    "until a version syncs it, make the integration inactive: an active "
		    "calendar that cannot be read is never a free one");
	return found(j, "calendar_never_read", MMS_HEALTH_DEGRADED, item, &other,
		     "the calendar was never read: this version does not sync '%s'",
		     in->type != NULL ? in->type : "");
}

static void
add_consent(struct mms_str *out, const struct mms_overview_item *item)
{
	const struct mms_provider *provider = mms_provider_find(item->source->integration.type);
	MMS_AUTO(mms_str) command = { 0 };

	if (provider != NULL && provider->ops != NULL && provider->ops->renew != NULL) {
		mms_str_addf(&command, "connect %s", provider->name);
		add_command(out, mms_str_get(&command), item, ": ");
	}
	mms_str_add(out, "its owner must sign in anew; other stored tokens end this by "
			 "themselves");
	if (command.state != MMS_OK)
		out->state = command.state;
}

/* What an active calendar's age of knowledge means. */
static mms_rc
judge_freshness(struct judge *j, const struct mms_overview_item *item,
		const struct mms_freshness *freshness)
{
	const struct mms_integration *in = &item->source->integration;
	MMS_AUTO(mms_str) why = { 0 };
	MMS_AUTO(mms_str) hint = { 0 };
	char age[MMS_AGE_TEXT_MAX] = "";

	add_failure(&why, item);
	add_remedy(&hint, item);
	if (item->as_of_ms != MMS_NO_TIME)
		mms_age_tell(j->facts->now_ms - item->as_of_ms, age);
	switch (freshness->readable) {
	case MMS_NEVER_READ:
		return tell_unread(j, item, &why, &hint);
	case MMS_NEEDS_REAUTH:
		mms_str_clear(&hint);
		add_consent(&hint, item);
		return found(j, "calendar_needs_reauth", MMS_HEALTH_DEGRADED, item, &hint,
			     "the service refused the stored tokens");
	case MMS_READ_TOO_OLD:
		return found(j, "calendar_unreadable", MMS_HEALTH_DEGRADED, item, &hint,
			     "the calendar was last read %s: too long to say whether its "
			     "owner is free%s",
			     age, mms_str_get(&why));
	case MMS_READABLE:
		break;
	}
	return found(j, "calendar_stale", in->is_auto ? MMS_HEALTH_DEGRADED : MMS_HEALTH_NOTE,
		     item, &hint,
		     "the calendar was last read %s, and is stale after %" PRId64 " min%s", age,
		     mms_freshness_minutes(j->facts->config, in->interval_minutes),
		     mms_str_get(&why));
}

static mms_rc
judge_calendar(struct judge *j, const struct mms_overview_item *item)
{
	struct mms_health_counts *counts = &j->out->counts;
	const struct mms_read_facts facts = {
		.as_of_ms = item->as_of_ms,
		.interval_minutes = item->source->integration.interval_minutes,
		.needs_reauth = item->needs_reauth,
	};
	struct mms_freshness freshness =
		mms_freshness_judge(j->facts->config, &facts, j->facts->now_ms);
	bool is_new = mms_health_is_new(j->facts->config, item, j->facts->now_ms);
	bool is_readable = freshness.readable == MMS_READABLE;

	counts->active++;
	counts->fresh += freshness.is_fresh;
	counts->stale += is_readable && !freshness.is_fresh;
	counts->unreadable += !is_readable && !is_new;
	counts->recently_made += is_new;
	counts->failing += (!is_readable && !is_new) || item->source->cursor.failures > 0;
	if (freshness.is_fresh || is_new)
		return MMS_OK;
	return judge_freshness(j, item, &freshness);
}

static mms_rc
calendars_are_read(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	mms_rc rc = MMS_OK;

	j->out->counts.integrations = (int64_t)all->n;
	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		j->out->counts.events += all->items[i].live_events;
		if (all->items[i].source->integration.is_active)
			rc = judge_calendar(j, &all->items[i]);
	}
	return rc;
}

static mms_rc
half_of_them_work(struct judge *j)
{
	const struct mms_health_counts *counts = &j->out->counts;
	MMS_AUTO(mms_str) hint = { 0 };

	if (counts->failing == 0 || 2 * counts->failing < counts->active)
		return MMS_OK;
	mms_str_add(&hint, "mmsync status tells which; when it is all of them: mmsync doctor");
	return found(j, "calendars_failing", MMS_HEALTH_CRITICAL, NULL, &hint,
		     "%" PRId64 " of %" PRId64 " active calendars fail or cannot be read",
		     counts->failing, counts->active);
}

static mms_rc
circuits_are_closed(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		const struct mms_overview_item *item = &all->items[i];
		MMS_AUTO(mms_str) hint = { 0 };
		char wait[MMS_AGE_TEXT_MAX];

		if (!item->source->integration.is_active || item->circuit == MMS_CIRCUIT_CLOSED)
			continue;
		add_command(&hint, "sync", item, " tries it at once");
		if (item->circuit == MMS_CIRCUIT_OPEN && item->circuit_until_ms != MMS_NO_TIME)
			rc = found(
				j, "circuit_open", MMS_HEALTH_DEGRADED, item, &hint,
				"it failed %" PRId64 " times in a row and is left alone for "
				"%s more",
				item->source->cursor.failures,
				mms_age_print(item->circuit_until_ms - j->facts->now_ms, wait));
		else
			rc = found(j, "circuit_open", MMS_HEALTH_DEGRADED, item, &hint,
				   "it failed %" PRId64 " times in a row; the next sync tries "
				   "it once",
				   item->source->cursor.failures);
	}
	return rc == MMS_OK ? mms_health_services(j->facts, j->out, j->err) : rc;
}

/*
 * Did the last of its events merely get too old for what is read? The end is in the zone of the
 * stored times; a day that is nearly over there is taken as over.
 */
static bool
has_run_out(const struct mms_overview_item *item)
{
	int64_t from_ms = item->source->cursor.window_start_ms;

	return item->last_end_us != MMS_NO_TIME && from_ms != MMS_NO_TIME &&
	       item->last_end_us / 1000 - WALL_SLACK_MS <= from_ms;
}

/* Its newest whole listing showed nothing, and one of the last days did. */
static mms_rc
none_is_suddenly_empty(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		const struct mms_overview_item *item = &all->items[i];
		int64_t full_ms = item->source->cursor.last_full_ms;
		int64_t seen_ms = item->last_seen_ms;
		MMS_AUTO(mms_str) hint = { 0 };
		char age[MMS_AGE_TEXT_MAX];

		if (!item->source->integration.is_active || item->source->cursor.id == 0 ||
		    full_ms == MMS_NO_TIME || seen_ms == MMS_NO_TIME || seen_ms >= full_ms ||
		    j->facts->now_ms - seen_ms > MMS_EMPTY_MS || has_run_out(item))
			continue;
		mms_str_add(&hint,
			    "look at the calendar itself: was it cleared, or is the feed "
			    "another one now? It ends by itself after 7 days");
		rc = found(j, "calendar_empty", MMS_HEALTH_DEGRADED, item, &hint,
			   "the calendar shows no event any more; %s ago it still did",
			   mms_age_print(j->facts->now_ms - seen_ms, age));
	}
	return rc;
}

static mms_rc
no_run_was_left(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		const struct mms_overview_item *item = &all->items[i];
		MMS_AUTO(mms_str) hint = { 0 };

		if (!item->source->integration.is_active || !item->source->cursor.is_abandoned)
			continue;
		add_command(&hint, "sync", item, " goes on with it, as sync --due does");
		rc = found(j, "run_abandoned", MMS_HEALTH_NOTE, item, &hint,
			   "a worker died in the middle of its sync");
	}
	return rc;
}

/* ---- the site ----------------------------------------------------------------------------------- */

static mms_rc
runs_end_well(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	MMS_AUTO(mms_str) hint = { 0 };

	j->out->counts.recent_runs = all->recent_runs;
	j->out->counts.recent_bad = all->recent_bad;
	if (100 * all->recent_bad <= MMS_HEALTH_BAD_PERCENT * all->recent_runs)
		return MMS_OK;
	mms_str_add(&hint, "mmsync status tells whose, and the error of each");
	return found(j, "runs_failing", MMS_HEALTH_DEGRADED, NULL, &hint,
		     "%" PRId64 " of %" PRId64 " syncs of the last hour failed",
		     all->recent_bad, all->recent_runs);
}

static mms_rc
creations_settle(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	MMS_AUTO(mms_str) hint = { 0 };

	j->out->counts.stuck = all->stuck;
	if (all->stuck <= MMS_HEALTH_STUCK_MAX)
		return MMS_OK;
	mms_str_add(&hint, "mmsync sync asks the services which of them exist");
	return found(j, "creations_stuck", MMS_HEALTH_DEGRADED, NULL, &hint,
		     "%" PRId64 " events were announced more than 10 min ago, and nobody knows "
		     "whether they were made",
		     all->stuck);
}

static mms_rc
outbox_is_worked_off(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	const struct mms_overview_item *whose = NULL;
	MMS_AUTO(mms_str) hint = { 0 };
	char age[MMS_AGE_TEXT_MAX];

	j->out->counts.waiting = all->waiting;
	if (all->oldest_waiting_ms == MMS_NO_TIME ||
	    j->facts->now_ms - all->oldest_waiting_ms <= MMS_HEALTH_OUTBOX_MAX_MS)
		return MMS_OK;
	for (size_t i = 0; i < all->n && whose == NULL; i++) {
		if (all->items[i].oldest_waiting_ms == all->oldest_waiting_ms)
			whose = &all->items[i];
	}
	if (whose != NULL)
		add_command(&hint, "sync", whose, " says why");
	else
		mms_str_add(&hint, "mmsync sync works it off");
	return found(j, "outbox_old", MMS_HEALTH_DEGRADED, whose, &hint,
		     "%" PRId64 " change%s wait%s to leave, the oldest for %s", all->waiting,
		     all->waiting == 1 ? "" : "s", all->waiting == 1 ? "s" : "",
		     mms_age_print(j->facts->now_ms - all->oldest_waiting_ms, age));
}

/* What audit would find, where a look at an index tells. One that nothing mends is critical. */
static mms_rc
rows_agree(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	int64_t wrong = 0;

	for (size_t i = 0; i < all->n; i++)
		wrong += all->items[i].wrong_events;
	const struct {
		const char *code, *one, *many, *hint;
		int64_t n;
		bool is_mendable;
	} findings[] = {
		{ "orphan_events", "live event belongs to an integration that does not exist",
		  "live events belong to integrations that do not exist",
		  "mmsync audit --doctype 'MM Calendar Event Sync' lists them", //
		  all->orphan_events, true },
		{ "event_times", "live event does not end after it begins",
		  "live events do not end after they begin",
		  "mmsync audit --doctype 'MM Calendar Event Sync' lists them", wrong, true },
		{ "orphan_states", "row of mmsync's own tables is of no known integration",
		  "rows of mmsync's own tables are of no known integration",
		  "somebody removed rows of mmsync_cursor: restore the table from a backup",
		  all->orphan_states, false },
	};
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(findings); i++) {
		MMS_AUTO(mms_str) hint = { 0 };

		if (findings[i].n == 0)
			continue;
		mms_str_add(&hint, findings[i].hint);
		rc = found(j, findings[i].code,
			   findings[i].is_mendable ? MMS_HEALTH_DEGRADED : MMS_HEALTH_CRITICAL,
			   NULL, &hint, "%" PRId64 " %s", findings[i].n,
			   findings[i].n == 1 ? findings[i].one : findings[i].many);
	}
	return rc;
}

static mms_rc
nothing_is_given_up(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	MMS_AUTO(mms_str) hint = { 0 };

	j->out->counts.open_letters = all->open_letters;
	j->out->counts.given_up_letters = all->given_up_letters;
	if (all->given_up_letters == 0)
		return MMS_OK;
	mms_str_add(&hint, "mmsync failures list shows them with their reasons");
	return found(j, "letters_given_up", MMS_HEALTH_NOTE, NULL, &hint,
		     "%" PRId64 " change%s given up on", all->given_up_letters,
		     all->given_up_letters == 1 ? " was" : "s were");
}

/* What a person must look into: something else writes where mmsync does. */
static mms_rc
no_block_is_fought_over(struct judge *j)
{
	const struct mms_overview *all = j->facts->overview;
	mms_rc rc = MMS_OK;

	j->out->counts.quarantined = all->quarantined;
	for (size_t i = 0; rc == MMS_OK && i < all->n; i++) {
		const struct mms_overview_item *item = &all->items[i];
		MMS_AUTO(mms_str) hint = { 0 };

		if (item->quarantined == 0)
			continue;
		add_command(&hint, "failures list", item,
			    " shows them; when what changes them has stopped: mmsync failures "
			    "release ID");
		bool is_one = item->quarantined == 1;
		rc = found(j, "blocks_quarantined", MMS_HEALTH_DEGRADED, item, &hint,
			   "%" PRId64 " busy block%s left alone in this calendar: something "
			   "changes %s again and again",
			   item->quarantined, is_one ? " is" : "s are", is_one ? "it" : "them");
	}
	return rc;
}

/* Somebody wants it so; what gets old by it is told by its age. */
static mms_rc
syncs_are_started(struct judge *j)
{
	MMS_AUTO(mms_str) hint = { 0 };
	mms_rc rc = MMS_OK;

	if (j->facts->is_in_maintenance) {
		mms_str_addf(&hint,
			     "when the maintenance is over: bench --site %s "
			     "set-maintenance-mode off",
			     j->facts->site_name);
		rc = found(j, "maintenance", MMS_HEALTH_NOTE, NULL, &hint,
			   "the site is in maintenance mode: nothing is synced");
	}
	if (rc == MMS_OK && j->facts->is_scheduler_off) {
		mms_str_clear(&hint);
		mms_str_add(&hint, "take pause_scheduler and disable_scheduler out of "
				   "site_config.json, and enable the scheduler in System "
				   "Settings");
		rc = found(j, "scheduler_paused", MMS_HEALTH_NOTE, NULL, &hint,
			   "the site's scheduler is paused or disabled: sync --due does "
			   "nothing");
	}
	return rc;
}

/* ---- all of it ---------------------------------------------------------------------------------- */

mms_rc
mms_health_judge(const struct mms_health_facts *facts, struct mms_health *health,
		 struct mms_err *err)
{
	static rule *const rules[] = {
		calendars_are_read, /* it counts what the next one asks */
		half_of_them_work,  circuits_are_closed, none_is_suddenly_empty,
		runs_end_well,      creations_settle,    outbox_is_worked_off,
		rows_agree,         nothing_is_given_up, no_block_is_fought_over,
		no_run_was_left,    syncs_are_started,
	};
	struct judge j = { .facts = facts, .out = health, .err = err };
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(rules); i++)
		rc = rules[i](&j);
	mms_health_sort(health);
	return rc;
}
