/* Is somebody free? (see the header) */
#include "mmsync/availability.h"

#include <string.h>

#include "mmsync/busy.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"

void
mms_availability_release(struct mms_availability *answer)
{
	if (answer == NULL)
		return;
	for (size_t i = 0; i < answer->n_calendars; i++) {
		mms_free(answer->calendars[i].name);
		mms_free(answer->calendars[i].title);
	}
	for (size_t i = 0; i < answer->n_warnings; i++)
		mms_free(answer->warnings[i]);
	mms_free(answer->calendars);
	mms_free(answer->warnings);
	mms_free(answer->busy);
	mms_free(answer->known_busy);
	mms_free(answer->user);
	mms_taken_list_release(&answer->taken);
	*answer = (struct mms_availability){ 0 };
}

mms_rc
mms_availability_check_span(const struct mms_span *span, const char *start_name,
			    const char *end_name, struct mms_err *err)
{
	if (span->end_ms <= span->start_ms) {
		mms_fail(err, MMS_E_USAGE, "%s is not before %s", start_name, end_name);
		return mms_hint(err,
				"%s is the first instant that is asked about, %s the one "
				"behind the last",
				start_name, end_name);
	}
	if (span->end_ms - span->start_ms > MMS_AVAILABILITY_MAX_DAYS * MMS_DAY_MS) {
		mms_fail(err, MMS_E_USAGE, "from %s to %s are more than %d days", start_name,
			 end_name, MMS_AVAILABILITY_MAX_DAYS);
		return mms_hint(err, "ask about five years at most");
	}
	return MMS_OK;
}

static mms_rc
warn(struct mms_availability *a, struct mms_err *err, const char *fmt, ...) MMS_PRINTF(3, 4);

static mms_rc
warn(struct mms_availability *a, struct mms_err *err, const char *fmt, ...)
{
	MMS_AUTO(mms_str) text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	mms_str_addv(&text, fmt, ap);
	va_end(ap);
	mms_rc rc = mms_str_check(&text, err);
	char **moved = rc == MMS_OK ? mms_grow(a->warnings, a->n_warnings, &a->warnings_cap,
					       sizeof *moved)
				    : NULL;
	if (moved == NULL)
		return rc != MMS_OK ? rc : mms_fail_nomem(err);
	a->warnings = moved;
	moved[a->n_warnings++] = mms_str_take(&text);
	return MMS_OK;
}

/* ---- zones ---------------------------------------------------------------------------------- */

/* The site's, that of stored times, and the person's. */
struct in_zones {
	const struct mms_zone *site, *stored, *person;
};

static mms_rc
find_zone(const struct mms_availability_env *env, const char *name, const char *setting,
	  const struct mms_zone **out, struct mms_err *err)
{
	mms_rc rc = mms_zones_find(env->zones, name, out, err);

	if (rc != MMS_E_GONE)
		return rc;
	err->code = MMS_E_CONFIG;
	return mms_hint(err, "check %s", setting);
}

static mms_rc
find_zones(const struct mms_availability_env *env, const struct mms_busy_person *person,
	   struct in_zones *out, struct mms_availability *a, struct mms_err *err)
{
	const char *setting = env->config->event_time_zone;
	const char *site = env->settings->time_zone;
	const char *stored = strcmp(setting, "site") == 0 ? site : setting;

	mms_rc rc = find_zone(env, site, "System Settings.time_zone", &out->site, err);
	if (rc == MMS_OK)
		rc = find_zone(env, stored, "mmsync.event_time_zone", &out->stored, err);
	if (rc != MMS_OK)
		return rc;
	out->person = out->site;
	if (person->zone != NULL)
		rc = mms_zones_find(env->zones, person->zone, &out->person, err);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		rc = warn(a, err, "the time zone of %s, %s, does not exist; the site's is used",
			  person->user, person->zone);
	}
	if (rc == MMS_OK && !env->config->has_event_time_zone && !mms_zone_is_utc(out->site))
		rc = warn(a, err,
			  "nobody has said in which zone times are stored; they are read as %s",
			  mms_zone_name(out->stored));
	return rc;
}

/* ---- calendars ------------------------------------------------------------------------------ */

static int64_t
as_of(const struct mms_busy_calendar *calendar, const struct mms_zone *site)
{
	if (calendar->has_cursor)
		return calendar->last_success_ms;
	return calendar->last_sync_us == MMS_NO_TIME
		       ? MMS_NO_TIME
		       : mms_zone_to_utc(site, calendar->last_sync_us);
}

/* What of a calendar is not known though it is read: single events, and what its window lacks. */
static mms_rc
tell_gaps(struct mms_availability *a, const struct mms_availability_calendar *c,
	  struct mms_err *err)
{
	char from[MMS_TIME_TEXT_MAX], to[MMS_TIME_TEXT_MAX];
	mms_rc rc = MMS_OK;

	if (c->n_failed_events > 0)
		rc = warn(a, err, "%lld event%s of %s could not be read or written",
			  (long long)c->n_failed_events, c->n_failed_events == 1 ? "" : "s",
			  c->name);
	if (rc != MMS_OK || c->window_start_ms == MMS_NO_TIME ||
	    c->window_end_ms == MMS_NO_TIME)
		return rc;
	if (a->span.start_ms >= c->window_start_ms && a->span.end_ms <= c->window_end_ms)
		return MMS_OK;
	return warn(a, err, "%s is known from %.10s to %.10s only", c->name,
		    mms_time_print(c->window_start_ms, from),
		    mms_time_print(c->window_end_ms, to));
}

/* Are a calendar's rows in another zone than times are read in now? */
static bool
is_of_other_zone(const struct mms_busy_calendar *in, const struct mms_zone *stored)
{
	unsigned char mark[MMS_ZONE_MARK_BYTES];

	mms_zone_mark(stored, mark);
	return in->has_zone && memcmp(in->zone, mark, sizeof mark) != 0;
}

/* One calendar's judgement, moved into the answer; its name stays with the person, too. */
static mms_rc
judge_calendar(const struct mms_availability_env *env, const struct mms_busy_calendar *in,
	       const struct in_zones *zones, struct mms_availability *a, struct mms_err *err)
{
	struct mms_availability_calendar *c = &a->calendars[a->n_calendars++];
	bool is_other = is_of_other_zone(in, zones->stored);
	const struct mms_read_facts facts = { .as_of_ms = is_other ? MMS_NO_TIME
								   : as_of(in, zones->site),
					      .interval_minutes = in->interval_minutes,
					      .needs_reauth = in->needs_reauth };

	*c = (struct mms_availability_calendar){
		.name = mms_text_copy(in->name),
		.title = mms_text_copy(in->title),
		.as_of_ms = facts.as_of_ms,
		.freshness = mms_freshness_judge(env->config, &facts, env->now_ms),
		.n_failed_events = in->n_letters,
		.window_start_ms = in->window_start_ms,
		.window_end_ms = in->window_end_ms,
	};
	if (c->name == NULL || (in->title != NULL && c->title == NULL))
		return mms_fail_nomem(err);
	if (c->freshness.readable != MMS_READABLE &&
	    env->config->unreadable_policy == MMS_UNREADABLE_BUSY)
		a->is_unknown = true;
	mms_rc rc = is_other ? warn(a, err,
				    "the times of %s are stored in another zone than %s: the "
				    "next sync writes them anew",
				    c->name, mms_zone_name(zones->stored))
			     : MMS_OK;
	return rc == MMS_OK ? tell_gaps(a, c, err) : rc;
}

static mms_rc
judge_calendars(const struct mms_availability_env *env, const struct mms_busy_person *person,
		const struct in_zones *zones, struct mms_availability *a, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	if (person->n == 0)
		return warn(a, err,
			    "%s has no active calendar: only bookings of the site are known",
			    person->user);
	a->calendars = mms_alloc(person->n * sizeof *a->calendars);
	if (a->calendars == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; rc == MMS_OK && i < person->n; i++)
		rc = judge_calendar(env, &person->calendars[i], zones, a, err);
	return rc;
}

static const struct mms_availability_calendar *
find_calendar(const struct mms_availability *a, const char *name)
{
	for (size_t i = 0; name != NULL && i < a->n_calendars; i++) {
		if (strcmp(a->calendars[i].name, name) == 0)
			return &a->calendars[i];
	}
	return NULL;
}

int64_t
mms_availability_as_of(const struct mms_availability *answer, const struct mms_taken *item)
{
	const struct mms_availability_calendar *c = find_calendar(answer, item->integration);

	if (item->is_booking)
		return answer->now_ms;
	return c != NULL ? c->as_of_ms : MMS_NO_TIME;
}

/* ---- what takes time ------------------------------------------------------------------------ */

/* A booking that is left out, with the event that it says is its own. */
struct excluded {
	char *booking, *event; /* owned */
};

static void
excluded_release(struct excluded *e)
{
	mms_free(e->booking);
	mms_free(e->event);
}

static mms_rc
unknown(struct mms_err *err, mms_rc found, char *near)
{
	mms_rc rc = MMS_E_USAGE;

	err->code = rc;
	if (found == MMS_OK && near != NULL)
		rc = mms_hint(err, "did you mean '%s'?", near);
	mms_free(near);
	return rc;
}

static mms_rc
load_person(const struct mms_availability_env *env, const char *user,
	    struct mms_busy_person *out, struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	char *near = NULL;

	mms_rc rc = mms_busy_load_person(env->db, env->columns, user, out, err);
	if (rc != MMS_E_GONE)
		return rc;
	rc = mms_busy_near_user(env->db, user, &near, &ignored);
	return unknown(err, rc, near);
}

static mms_rc
load_excluded(const struct mms_availability_env *env, const char *booking, struct excluded *out,
	      struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	char *near = NULL;

	if (booking == NULL)
		return MMS_OK;
	mms_rc rc = mms_busy_find_booking(env->db, booking, &out->booking, &out->event, err);
	if (rc != MMS_E_GONE)
		return rc;
	rc = mms_busy_near_booking(env->db, booking, &near, &ignored);
	return unknown(err, rc, near);
}

static mms_rc
load_taken(const struct mms_availability_env *env, const struct mms_busy_person *person,
	   const struct mms_taken_question *question, bool only_events,
	   struct mms_taken_list *out, struct mms_err *err)
{
	int64_t from_us, to_us;

	mms_span_bounds(&question->zones, &question->span, &from_us, &to_us);
	mms_rc rc = mms_busy_load_events(env->db, person, from_us, to_us, out, err);
	if (rc == MMS_OK && !only_events)
		rc = mms_busy_load_bookings(env->db, env->columns, person->user, from_us, to_us,
					    out, err);
	return rc == MMS_OK ? mms_taken_settle(out, question, err) : rc;
}

/* What blocks, merged, within the span; all of it where something is unknown. */
static mms_rc
sum_up(struct mms_availability *a, struct mms_err *err)
{
	size_t n = 0;

	a->known_busy = mms_alloc((a->taken.n + 1) * sizeof *a->known_busy);
	a->busy = mms_alloc((a->taken.n + 1) * sizeof *a->busy);
	if (a->known_busy == NULL || a->busy == NULL)
		return mms_fail_nomem(err);
	for (size_t i = 0; i < a->taken.n; i++) {
		struct mms_span span = a->taken.items[i].span;
		if (!a->taken.items[i].blocks)
			continue;
		span.start_ms =
			span.start_ms > a->span.start_ms ? span.start_ms : a->span.start_ms;
		span.end_ms = span.end_ms < a->span.end_ms ? span.end_ms : a->span.end_ms;
		a->known_busy[n++] = span;
	}
	a->n_known_busy = mms_spans_merge(a->known_busy, n);
	a->n_busy = a->is_unknown ? 1 : a->n_known_busy;
	if (a->is_unknown)
		a->busy[0] = a->span;
	else
		memcpy(a->busy, a->known_busy, a->n_busy * sizeof *a->busy);
	a->is_available = a->n_busy == 0;
	return MMS_OK;
}

mms_rc
mms_availability_load(const struct mms_availability_env *env,
		      const struct mms_availability_question *question,
		      struct mms_availability *out, struct mms_err *err)
{
	MMS_AUTO(mms_availability) a = { .span = question->span, .now_ms = env->now_ms };
	MMS_AUTO(mms_busy_person) person = { 0 };
	struct excluded left_out __attribute__((cleanup(excluded_release))) = { 0 };
	struct in_zones zones = { 0 };

	mms_rc rc = load_person(env, question->user, &person, err);
	if (rc == MMS_OK)
		rc = load_excluded(env, question->excluded_booking, &left_out, err);
	if (rc == MMS_OK)
		rc = find_zones(env, &person, &zones, &a, err);
	if (rc == MMS_OK)
		rc = judge_calendars(env, &person, &zones, &a, err);
	const struct mms_taken_question rows = { .zones = { zones.stored, zones.person },
						 .span = question->span,
						 .excluded_booking = left_out.booking,
						 .excluded_event = left_out.event };
	if (rc == MMS_OK)
		rc = load_taken(env, &person, &rows, question->only_events, &a.taken, err);
	if (rc == MMS_OK)
		rc = sum_up(&a, err);
	if (rc != MMS_OK)
		return rc;
	a.zone = zones.person;
	a.user = person.user;
	person.user = NULL;
	*out = a;
	a = (struct mms_availability){ 0 };
	return MMS_OK;
}
