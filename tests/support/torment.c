/* A story with faults, and the judgement of what they left (see the header). */
#include "support/torment.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "mmsync/mem.h"
#include "support/stories.h"

/* A fault that no run meets: the sync is simply run once more. */
#define NEVER "alloc:1000000000"

/* A sync of the story that is to run out of time heals nothing: the next one must. */
#define STOPPED 6

#define AFTER offsetof(struct torment_marks, after)
#define END   offsetof(struct torment_marks, end)
#define AUDIT offsetof(struct torment_marks, audit)

static void
marks_release(struct torment_marks *m)
{
	mms_str_release(&m->after);
	mms_str_release(&m->history);
	mms_str_release(&m->end);
	mms_str_release(&m->invariants);
	mms_str_release(&m->audit);
	mms_str_release(&m->totals);
	*m = (struct torment_marks){ 0 };
}

void
torment_release(struct torment *t)
{
	for (size_t i = 0; i < MMS_COUNT(t->marks); i++)
		marks_release(&t->marks[i]);
	scenario_release(&t->scenario);
}

/* A member of the last output, compact; "" where it is none. */
static void
take_member(struct scenario *s, const char *key, const char *inner, struct mms_str *out)
{
	json_error_t error;
	json_t *root = json_loads(mms_str_get(&s->out), 0, &error);
	json_t *at = root != NULL ? json_object_get(root, key) : NULL;

	if (inner != NULL)
		at = at != NULL ? json_object_get(at, inner) : NULL;
	char *text = at != NULL ? json_dumps(at, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	mms_str_clear(out);
	mms_str_addf(out, "%s", text != NULL ? text : "");
	free(text);
	json_decref(root);
}

/* What the audit of the site says, as one line. */
static bool
take_audit(struct scenario *s, struct mms_str *out)
{
	MMS_AUTO(mms_str) warnings = { 0 };

	if (!scenario_run(s, "audit --json", NULL))
		return false;
	take_member(s, "errors", NULL, out);
	take_member(s, "warnings", NULL, &warnings);
	mms_str_addf(out, " errors, %s warnings", mms_str_get(&warnings));
	return true;
}

/* ---- the measure ---------------------------------------------------------------------------- */

static bool
measure_run(struct scenario *s, const char *fault, void *aux)
{
	struct torment *t = aux;
	struct torment_marks *m = t->marks;

	for (size_t i = 0; s->fault.texts[i] != NULL; i++)
		m++;

	if (fault != NULL)
		return true;
	for (int k = 0; k < MMS_FAULT_KINDS && s->fault.texts[0] == NULL; k++)
		t->visits[k] = scenario_count(s, mms_fault_name((enum mms_fault_kind)k));
	m->exit_status = s->exit_status;
	take_member(s, "totals", "events", &m->totals);
	scenario_state(s, false, &m->after);
	scenario_state(s, true, &m->history);
	return true;
}

static int
take_failure(struct torment *t)
{
	(void)snprintf(t->failure, sizeof t->failure, "%s", t->scenario.failure);
	return 1;
}

static struct scenario
story_of(struct torment *t)
{
	scenario_release(&t->scenario);
	t->failure[0] = '\0';
	return (struct scenario){ .world = t->world,
				  .path = t->path,
				  .service = t->service,
				  .fault.sync_number = t->sync_number,
				  .is_brief = t->is_brief && t->sync_number > 0,
				  .aux = t };
}

/* The story's next line that is a sync, or counts as one; NULL: there is none. Borrows: line. */
static const char *
next_sync(FILE *file, const char *service, char *line, int size)
{
	while (file != NULL && fgets(line, size, file) != NULL) {
		const char *p = story_line(line, service);

		if (p == NULL)
			continue;
		if ((strncmp(p, "sync", 4) == 0 || strncmp(p, "push", 4) == 0) &&
		    strchr(" \n", p[4]) != NULL)
			return p;
		if (strncmp(p, "run ", 4) == 0 && scenario_is_asked_for(p + 4))
			return p;
	}
	return NULL;
}

int
torment_n_syncs(const char *path, const char *service)
{
	char line[4096];
	int n = 0;
	FILE *file = fopen(path, "re");

	while (next_sync(file, service, line, sizeof line) != NULL)
		n++;
	if (file != NULL)
		(void)fclose(file);
	return n;
}

/* The line of its n-th sync; "" where there is none. Borrows: line. */
static const char *
find_sync(const char *path, const char *service, int n, char *line, int size)
{
	FILE *file = fopen(path, "re");
	const char *found = NULL;

	do
		found = next_sync(file, service, line, size);
	while (--n > 0 && found != NULL);
	if (file != NULL)
		(void)fclose(file);
	return found != NULL ? found : "";
}

bool
torment_is_scheduled(const char *path, const char *service, int n)
{
	char line[4096];

	return strstr(find_sync(path, service, n, line, sizeof line), "--due") != NULL;
}

bool
torment_is_asked_for(const char *path, const char *service, int n)
{
	char line[4096];

	return strncmp(find_sync(path, service, n, line, sizeof line), "run ", 4) == 0;
}

int
torment_measure(struct torment *t)
{
	for (size_t more = 0; more < MMS_COUNT(t->marks); more++) {
		struct torment_marks *m = &t->marks[more];

		t->scenario = story_of(t);
		t->scenario.on_run = measure_run;
		for (size_t i = 0; i < more; i++)
			t->scenario.fault.texts[i] = NEVER;
		if (scenario_play(&t->scenario) != 0)
			return take_failure(t);
		scenario_state(&t->scenario, false, &m->end);
		scenario_invariants(&t->scenario, &m->invariants);
		if (!take_audit(&t->scenario, &m->audit))
			return take_failure(t);
	}
	return 0;
}

/* ---- the judgement -------------------------------------------------------------------------- */

/* The first line that differs, for people. */
static bool
fail_differing(struct scenario *s, const char *what, const char *is, const char *wanted)
{
	size_t i = 0, line = 0;

	for (; is[i] != '\0' && is[i] == wanted[i]; i++)
		line = is[i] == '\n' ? i + 1 : line;
	return scenario_fail(s, "%s:\n  is     %.*s\n  wanted %.*s", what,
			     (int)strcspn(is + line, "\n"), is + line,
			     (int)strcspn(wanted + line, "\n"), wanted + line);
}

/* One of the ways that the story may go without faults; at is where a mark keeps the text. */
static bool
is_any(const struct torment *t, const struct mms_str *is, size_t at)
{
	for (size_t i = 0; i < MMS_COUNT(t->marks); i++) {
		const struct mms_str *mark = (const void *)((const char *)&t->marks[i] + at);
		if (strcmp(mms_str_get(is), mms_str_get(mark)) == 0)
			return true;
	}
	return false;
}

/* The next count of a list "0,2,1"; 0 behind its end. */
static long
next_count(const char **p)
{
	char *end;
	long n = strtol(*p, &end, 10);

	*p = *end == ',' ? end + 1 : end;
	return n;
}

/* No query of the invariants answers more rows than the story itself has planted. */
static bool
hold_invariants(struct torment *t, const char *when)
{
	struct scenario *s = &t->scenario;
	MMS_AUTO(mms_str) is = { 0 };

	scenario_invariants(s, &is);
	const char *now = mms_str_get(&is), *end = mms_str_get(&t->marks[0].invariants),
		   *before = mms_str_get(&s->planted);
	if (now[0] == '\0')
		return scenario_fail(s, "%s: schema/invariants.sql cannot be asked", when);
	for (int i = 1; now[0] != '\0'; i++) {
		long n = next_count(&now), by_end = next_count(&end),
		     planted = next_count(&before);
		if (n > by_end && n > planted)
			return scenario_fail(s,
					     "%s: query %d of schema/invariants.sql answers "
					     "%ld rows",
					     when, i, n);
	}
	return true;
}

/* Did the last run meet one of its faults? A run that was killed has. */
static bool
is_met(const struct scenario *s, const char *fault)
{
	for (const char *p = fault; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
		char kind[32];
		size_t len = strcspn(p, ":");
		long n = strtol(p + len + 1, NULL, 10), visits;

		(void)snprintf(kind, sizeof kind, "%.*s", (int)len, p);
		visits = scenario_count(s, kind);
		if (visits < 0 || visits >= n)
			return true;
	}
	return false;
}

/* A success must be one: exactly what a run without faults leaves and says. */
static bool
judge_success(struct torment *t, struct scenario *s)
{
	struct torment_marks *m = t->marks;
	MMS_AUTO(mms_str) is = { 0 };
	MMS_AUTO(mms_str) totals = { 0 };

	if (t->n_faulted > 1) {
		scenario_state(s, false, &is);
		return is_any(t, &is, AFTER) ||
		       fail_differing(s, "healed with exit 0, but not whole", mms_str_get(&is),
				      mms_str_get(&m[0].after));
	}
	scenario_state(s, true, &is);
	if (strcmp(mms_str_get(&is), mms_str_get(&m[0].history)) != 0)
		return fail_differing(s, "exit 0, but not what a whole run leaves",
				      mms_str_get(&is), mms_str_get(&m[0].history));
	take_member(s, "totals", "events", &totals);
	return strcmp(mms_str_get(&totals), mms_str_get(&m[0].totals)) == 0 ||
	       fail_differing(s, "exit 0, but other counts", mms_str_get(&totals),
			      mms_str_get(&m[0].totals));
}

/* Which statuses a fault may end with: never one that tells the operator something else. */
static bool
may_end_with(const struct torment *t, int status, const char *fault)
{
	if (strstr(fault, "step") != NULL && status == 137)
		return true;
	if (status == 0 || status == 1 || status == 4 || status == 70)
		return true;
	/* A run before that failed may have done its part: then this one is like the second. */
	for (size_t i = 0; i < t->n_faulted && i < MMS_COUNT(t->marks); i++) {
		if (status == t->marks[i].exit_status)
			return true;
	}
	return false;
}

static bool
judge_run(struct scenario *s, const char *fault, void *aux)
{
	struct torment *t = aux;
	MMS_AUTO(mms_str) is = { 0 };

	if (fault != NULL) {
		t->n_faulted++;
		if (!may_end_with(t, s->exit_status, fault))
			return scenario_fail(s, "exit %d by a fault\n%s\n%s", s->exit_status,
					     mms_str_get(&s->out), mms_str_get(&s->err));
		if (!hold_invariants(t, "after the fault"))
			return false;
		return s->exit_status != 0 || t->marks[0].exit_status != 0 ||
		       !is_met(s, fault) || judge_success(t, s);
	}
	if (t->marks[0].exit_status == STOPPED)
		return true;
	/*
	 * What was asked for may have been done by the run that failed, beside a calendar that it could not read: then there is
	 * nothing to be done again, and it is the next sync that reads it. The end of the story tells.
	 */
	if (torment_is_asked_for(t->path, t->service, t->sync_number) && t->n_faulted > 0)
		return true;
	scenario_state(s, false, &is);
	return is_any(t, &is, AFTER) ||
	       fail_differing(s, "the next run has not healed it", mms_str_get(&is),
			      mms_str_get(&t->marks[0].after));
}

static bool
judge_end(struct torment *t)
{
	struct scenario *s = &t->scenario;
	MMS_AUTO(mms_str) is = { 0 };

	scenario_state(s, false, &is);
	if (!is_any(t, &is, END))
		return fail_differing(s, "the end of the story", mms_str_get(&is),
				      mms_str_get(&t->marks[0].end));
	if (!hold_invariants(t, "at the end") || !take_audit(s, &is))
		return false;
	return is_any(t, &is, AUDIT) || fail_differing(s, "the audit", mms_str_get(&is),
						       mms_str_get(&t->marks[0].audit));
}

int
torment_play(struct torment *t, const char *const *faults)
{
	t->scenario = story_of(t);
	t->scenario.on_run = judge_run;
	t->scenario.sabotage = t->sabotage;
	t->n_faulted = 0;
	for (size_t i = 0; i + 1 < MMS_COUNT(t->scenario.fault.texts) && faults[i] != NULL; i++)
		t->scenario.fault.texts[i] = faults[i];
	return scenario_play(&t->scenario) == 0 && judge_end(t) ? 0 : take_failure(t);
}

uint64_t
torment_random(uint64_t *noise)
{
	*noise ^= *noise << 13; /* xorshift64 */
	*noise ^= *noise >> 7;
	*noise ^= *noise << 17;
	return *noise;
}
