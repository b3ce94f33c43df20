/*
 * Torture: every sync of every story once more for each n-th allocation, statement, commit,
 * request and step that fails, once alone and once from there on. Without options: a bounded
 * choice for `make check`; tests/torture/run tells the others. docs/testing.md, "Torture".
 */
#include "support/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/clock.h"
#include "support/coverage.h"
#include "support/stories.h"
#include "support/torment.h"

#define WORKERS_MAX  8
#define FAILURES_MAX 20

/*
 * The kinds that fail a run, and how many visits of each a bounded torture chooses in a sync; of
 * steps all: a run is killed at every one.
 */
static const struct kind {
	enum mms_fault_kind kind;
	bool has_sticky;
	long bounded;
} kinds[] = {
	{ MMS_FAULT_STEP, false, 1000 },      { MMS_FAULT_COMMIT_BEFORE, true, 4 },
	{ MMS_FAULT_COMMIT_AFTER, true, 4 },  { MMS_FAULT_REQUEST_BEFORE, true, 2 },
	{ MMS_FAULT_REQUEST_AFTER, true, 2 }, { MMS_FAULT_ALLOC, true, 6 },
	{ MMS_FAULT_FETCH, true, 2 },         { MMS_FAULT_CONNECT, true, 1 },
	{ MMS_FAULT_PREPARE, true, 2 },       { MMS_FAULT_STMT_AFTER, true, 6 },
	{ MMS_FAULT_STMT_BEFORE, true, 4 },
};

/* Stories of a bounded torture, by a part of their names (docs/testing.md says what is in them). */
static const struct bounded_story {
	const char *name;
	bool only_asked;
	const char *syncs;   /* ",1,5,": only these; NULL: all          */
	bool is_thin;        /* a quarter of all kinds, and few steps */
	const char *service; /* NULL: all that it is for */
} bounded_stories[] = { { "20-versions", false, NULL, false, NULL },
			{ "66-asked-for", true, NULL, false, NULL },
			{ "98-torture-out", false, ",1,5,6,", true, NULL },
			{ "99-torture-back", false, ",3,7,8,", true, NULL },
			{ "131-torture-outlook", false, ",3,4,", true, NULL },
			{ "169-torture-blocks", false, ",2,", true, "google" } };

#define THIN_STEPS     6
#define BOUNDED_S      30  /* a machine that is busy does less in a bounded torture   */
#define BOUNDED_SLOW_S 25  /* it has a quarter of the plays                         */
#define FULL_S         600 /* ... and one that nobody gave a budget for               */
#define SINGLES_SHARE  70  /* percent of a full torture; what is left is for two faults */
#define BOUNDED_PAIRS  12
#define PASSES         16 /* of a full torture                                    */
#define ALLOCS         2  /* of a sync in a pass                                  */
#define LEDGER         "build/torture.plays" /* what a full torture has survived */

/* What all workers add to. */
struct tally {
	atomic_long runs[MMS_FAULT_KINDS], failures[MMS_FAULT_KINDS], pairs, syncs;
	atomic_long known; /* ... that an earlier torture has survived */
	atomic_long n_failures;
};

struct options {
	const char *story, *fault, *then, *kind;
	int sync_number;
	/* Not a part of make check; goes on where the last one stopped; sanitizers: a quarter. */
	bool is_full, is_alone, is_resumed, is_slow;
	long jobs, budget_s;
	unsigned long seed;
};

/* One worker's part: every jobs-th sync. */
struct torture {
	const struct options *options;
	struct tally *tally;
	struct coverage *coverage;
	struct ledger *ledger;
	const struct stories *stories;
	struct world world;
	struct torment *units; /* one for each sync of each story that is this worker's */
	size_t n_units;
	long n_seen, me;
	int64_t started_mono_ms, until_mono_ms;
	uint64_t random;
};

/* ---- one case ------------------------------------------------------------------------------- */

static bool
is_over(const struct torture *t)
{
	return atomic_load(&t->tally->n_failures) >= FAILURES_MAX ||
	       mms_clock_mono_ms() >= t->until_mono_ms;
}

static void
tell_failure(struct torture *t, const struct torment *unit, const char *const *faults)
{
	atomic_fetch_add(&t->tally->n_failures, 1);
	printf("# tests/torture/run --story '%s' --sync %d --fault %s%s%s\n",
	       t->stories->at[unit->number].name, unit->sync_number, faults[0],
	       faults[1] != NULL ? " --then " : "", faults[1] != NULL ? faults[1] : "");
	for (const char *p = unit->failure; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n')
		printf("#   %.*s\n", (int)strcspn(p, "\n"), p);
	(void)fflush(stdout);
}

static void
count_possible(struct torture *t, const struct torment *unit)
{
	atomic_fetch_add(&t->tally->syncs, 1);
	for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
		long n = unit->visits[kinds[k].kind] * (kinds[k].has_sticky ? 2 : 1);

		coverage_add_points(t->coverage, unit->number, (int)kinds[k].kind, n);
	}
}

/* Measured when it is first asked for, so that a budget is for plays. False: it cannot be played, or there is no time. */
static bool
is_ready(struct torture *t, struct torment *unit)
{
	if (!unit->is_measured && !is_over(t)) {
		unit->is_measured = true;
		unit->is_broken = torment_measure(unit) != 0;
		if (unit->is_broken)
			tell_failure(t, unit, (const char *const[]){ "none", NULL });
		else
			count_possible(t, unit);
	}
	return unit->is_measured && !unit->is_broken;
}

/* kind: COVERAGE_PAIRS for two faults. */
static void
play(struct torture *t, struct torment *unit, int kind, const char *first, const char *second)
{
	const char *const faults[] = { first, second, NULL };
	char name[400];

	if (is_over(t))
		return;
	(void)snprintf(name, sizeof name, "%s %d %s%s%s", t->stories->at[unit->number].name,
		       unit->sync_number, first, second != NULL ? " then " : "",
		       second != NULL ? second : "");
	bool is_known = ledger_has(t->ledger, name);
	bool is_survived = is_known || torment_play(unit, faults) == 0;
	atomic_fetch_add(kind == COVERAGE_PAIRS ? &t->tally->pairs : &t->tally->runs[kind], 1);
	atomic_fetch_add(&t->tally->known, is_known);
	coverage_add_play(t->coverage, unit->number, kind, is_survived);
	if (is_survived && !is_known)
		ledger_add(t->ledger, name);
	if (is_survived)
		return;
	if (kind != COVERAGE_PAIRS)
		atomic_fetch_add(&t->tally->failures[kind], 1);
	tell_failure(t, unit, faults);
}

static void
play_n(struct torture *t, struct torment *unit, const struct kind *kind, long n)
{
	char fault[64];

	for (int sticky = 0; sticky <= (kind->has_sticky ? 1 : 0); sticky++) {
		(void)snprintf(fault, sizeof fault, "%s:%ld%s", mms_fault_name(kind->kind), n,
			       sticky ? ":sticky" : "");
		play(t, unit, (int)kind->kind, fault, NULL);
	}
}

/* ---- which n -------------------------------------------------------------------------------- */

static bool
is_chosen_kind(const struct torture *t, const struct kind *kind)
{
	const char *only = t->options->kind;

	return only == NULL || strcmp(only, mms_fault_name(kind->kind)) == 0;
}

static const struct bounded_story *
find_bounded(const char *path)
{
	for (size_t i = 0; i < MMS_COUNT(bounded_stories); i++) {
		if (strstr(path, bounded_stories[i].name) != NULL)
			return &bounded_stories[i];
	}
	return NULL;
}

/* How many visits of a kind are chosen in a sync. */
static long
most_of(const struct torture *t, const struct torment *unit, const struct kind *kind)
{
	const struct bounded_story *story = find_bounded(unit->path);
	bool is_thin = t->options->story == NULL && story != NULL && story->is_thin;

	if (!is_thin)
		return kind->bounded;
	return kind->kind == MMS_FAULT_STEP ? THIN_STEPS : (kind->bounded + 3) / 4;
}

/* All of them where they are few; else the small ones and an even spread, shifted by the seed. */
static void
play_spread(struct torture *t, struct torment *unit, const struct kind *kind)
{
	long visits = unit->visits[kind->kind];
	long most = most_of(t, unit, kind);
	long bounded = visits < most ? visits : most;
	bounded = t->options->is_slow ? (bounded + 3) / 4 : bounded;
	long small = bounded / 4, spread = bounded - small;

	if (visits <= bounded) {
		for (long n = 1; n <= visits; n++)
			play_n(t, unit, kind, n);
		return;
	}
	long shift = (long)(torment_random(&t->random) % 1000);
	for (long n = 1; n <= small; n++)
		play_n(t, unit, kind, n);
	for (long i = 0; i < spread; i++)
		play_n(t, unit, kind,
		       small + 1 + ((visits - small) * (1000 * i + shift)) / (1000 * spread));
}

static void
play_bounded(struct torture *t)
{
	for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
		for (size_t u = 0; u < t->n_units && is_chosen_kind(t, &kinds[k]); u++)
			if (is_ready(t, &t->units[u]))
				play_spread(t, &t->units[u], &kinds[k]);
	}
}

/* One sync's part of a pass: every PASSES-th visit, and some of the many allocations and rows. */
static void
play_part(struct torture *t, size_t u, const struct kind *kind, long pass)
{
	struct torment *unit = &t->units[u];
	long visits = unit->visits[kind->kind];

	if (kind->kind == MMS_FAULT_ALLOC || (kind->kind == MMS_FAULT_FETCH && pass < PASSES)) {
		for (int i = 0; i < ALLOCS && visits > 0; i++)
			play_n(t, unit, kind,
			       1 + (long)(torment_random(&t->random) % (uint64_t)visits));
		return;
	}
	for (long n = 1; n <= visits && pass < PASSES; n++) {
		if ((n * 7 + (long)u + (long)t->options->seed) % PASSES == pass)
			play_n(t, unit, kind, n);
	}
}

/* Pass by pass, so that a small budget has been everywhere; allocations for as long as there is time. */
static void
play_full(struct torture *t)
{
	bool has_alloc = t->options->kind == NULL ||
			 strcmp(t->options->kind, mms_fault_name(MMS_FAULT_ALLOC)) == 0;

	for (long pass = 0; !is_over(t) && (pass < PASSES || has_alloc); pass++) {
		for (size_t u = 0; u < t->n_units; u++) {
			for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
				if (is_chosen_kind(t, &kinds[k]) && is_ready(t, &t->units[u]))
					play_part(t, u, &kinds[k], pass);
			}
		}
	}
}

static void
random_fault(struct torture *t, const struct torment *unit, char *out, size_t size)
{
	const struct kind *kind;
	long visits;

	do {
		kind = &kinds[torment_random(&t->random) % MMS_COUNT(kinds)];
		visits = unit->visits[kind->kind];
	} while (visits <= 0);
	(void)snprintf(out, size, "%s:%ld%s", mms_fault_name(kind->kind),
		       1 + (long)(torment_random(&t->random) % (uint64_t)visits),
		       kind->has_sticky && torment_random(&t->random) % 4 == 0 ? ":sticky"
									       : "");
}

/* A fault that a run can live through, so that there is something left to kill. */
static void
random_survivable(struct torture *t, const struct torment *unit, char *out, size_t size)
{
	do
		random_fault(t, unit, out, size);
	while (strncmp(out, "step", 4) == 0 || strstr(out, "sticky") != NULL);
}

/*
 * Compound faults: one in a run, another while the next heals it; two in one run, and one of them in the next, too; or one
 * that the run lives through, and then it is killed.
 */
static void
play_pairs(struct torture *t, long n)
{
	char first[64], second[64], both[132];

	for (long i = 0; i < n && !is_over(t); i++) {
		struct torment *unit = &t->units[torment_random(&t->random) % t->n_units];
		unsigned dice = (unsigned)(torment_random(&t->random) % 4);

		if (!is_ready(t, unit))
			continue;
		if (dice < 2 && unit->visits[MMS_FAULT_STEP] > 0) {
			random_survivable(t, unit, first, sizeof first);
			(void)snprintf(second, sizeof second, "step:%ld",
				       1 + (long)(torment_random(&t->random) %
						  (uint64_t)unit->visits[MMS_FAULT_STEP]));
		} else {
			random_fault(t, unit, first, sizeof first);
			random_fault(t, unit, second, sizeof second);
		}
		(void)snprintf(both, sizeof both, "%s,%s", first, second);
		if (dice == 0)
			play(t, unit, COVERAGE_PAIRS, both, NULL);
		else
			play(t, unit, COVERAGE_PAIRS, dice == 2 ? both : first, second);
	}
}

/* ---- one worker ----------------------------------------------------------------------------- */

static bool
is_chosen_story(const struct torture *t, const char *path)
{
	const struct options *o = t->options;

	return o->story != NULL || o->is_full || find_bounded(path) != NULL;
}

static bool
is_chosen_sync(const struct torture *t, const struct story *story, int n)
{
	const struct options *o = t->options;
	const struct bounded_story *bounded =
		o->is_full || o->story != NULL ? NULL : find_bounded(story->path);

	if (o->sync_number != 0 && o->sync_number != n)
		return false;
	char number[24];

	(void)snprintf(number, sizeof number, ",%d,", n);
	if (bounded != NULL && bounded->only_asked &&
	    !torment_is_asked_for(story->path, story->service, n))
		return false;
	if (bounded != NULL && bounded->service != NULL && story->service != NULL &&
	    strcmp(bounded->service, story->service) != 0)
		return false;
	if (bounded != NULL && bounded->syncs != NULL && !strstr(bounded->syncs, number))
		return false;
	return !torment_is_scheduled(story->path, story->service, n);
}

/* A unit for each sync of a story that is this worker's. */
static void
add_story(struct torture *t, size_t number)
{
	const struct story *story = &t->stories->at[number];
	int n = torment_n_syncs(story->path, story->service);

	for (int k = 1; k <= n; k++) {
		if (!is_chosen_sync(t, story, k))
			continue;
		if (t->n_seen++ % t->options->jobs != t->me)
			continue;
		struct torment *moved = realloc(t->units, (t->n_units + 1) * sizeof *t->units);
		if (moved == NULL)
			abort();
		t->units = moved;
		struct torment *unit = &t->units[t->n_units];
		*unit = (struct torment){ .world = &t->world,
					  .path = story->path,
					  .service = story->service,
					  .number = number,
					  .sync_number = k,
					  .is_brief = !t->options->is_full };
		t->n_units++;
	}
}

static void
work(struct torture *t)
{
	const struct options *o = t->options;

	t->random = o->seed * 2654435761u + 88172645463325252u + (uint64_t)t->me;
	world_start(&t->world);
	for (size_t i = 0; i < t->stories->n; i++) {
		if (is_chosen_story(t, t->stories->at[i].path))
			add_story(t, i);
	}
	t->until_mono_ms =
		t->started_mono_ms + o->budget_s * 10 * (o->is_full ? SINGLES_SHARE : 100);
	if (o->fault != NULL && t->n_units > 0 && is_ready(t, &t->units[0]))
		play(t, &t->units[0], COVERAGE_PAIRS, o->fault, o->then);
	else if (o->is_full)
		play_full(t);
	else
		play_bounded(t);
	t->until_mono_ms = t->started_mono_ms + o->budget_s * 1000;
	if (o->fault == NULL && o->kind == NULL && t->n_units > 0)
		play_pairs(t, o->is_full ? 1000000 : BOUNDED_PAIRS);
	for (size_t i = 0; i < t->n_units; i++)
		torment_release(&t->units[i]);
	free(t->units);
	world_stop(&t->world);
}

/* ---- the program ---------------------------------------------------------------------------- */

static bool
read_flag(const char *word, struct options *o)
{
	bool is_full = strcmp(word, "--full") == 0;
	bool is_resumed = strcmp(word, "--resume") == 0;

	o->is_full |= is_full;
	o->is_resumed |= is_resumed;
	return is_full || is_resumed;
}

static bool
read_options(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		const struct {
			const char *name;
			const char **text;
			long *number;
		} known[] = {
			{ "--story", &o->story, NULL }, { "--fault", &o->fault, NULL },
			{ "--then", &o->then, NULL },   { "--kind", &o->kind, NULL },
			{ "--jobs", NULL, &o->jobs },   { "--budget", NULL, &o->budget_s },
		};
		size_t k = 0;

		o->is_alone = true;
		if (read_flag(argv[i], o))
			continue;
		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--sync") == 0) {
			o->sync_number = (int)strtol(argv[++i], NULL, 10);
			continue;
		}
		if (strcmp(argv[i], "--seed") == 0) {
			o->seed = strtoul(argv[++i], NULL, 10);
			continue;
		}
		while (k < MMS_COUNT(known) && strcmp(argv[i], known[k].name) != 0)
			k++;
		if (k == MMS_COUNT(known))
			return false;
		i++;
		if (known[k].text != NULL)
			*known[k].text = argv[i];
		else
			*known[k].number = strtol(argv[i], NULL, 10);
	}
	if (o->fault != NULL)
		o->jobs = 1;
	o->is_slow = strstr(argv[0], "/asan") != NULL || strstr(argv[0], "/tsan") != NULL;
	const char *seconds = getenv("MMS_SECONDS");
	if (o->budget_s <= 0 && seconds != NULL)
		o->budget_s = strtol(seconds, NULL, 10);
	if (o->budget_s <= 0)
		o->budget_s = o->is_full ? FULL_S : o->is_slow ? BOUNDED_SLOW_S : BOUNDED_S;
	return o->jobs >= 1 && o->jobs <= WORKERS_MAX;
}

static long
sum_up(const struct tally *tally)
{
	long runs = 0;

	for (size_t k = 0; k < MMS_COUNT(kinds); k++)
		runs += atomic_load(&tally->runs[kinds[k].kind]);
	return runs + atomic_load(&tally->pairs);
}

/* While they work: a line now and then, where somebody waits. */
static bool
wait_for_workers(const struct options *o, const struct tally *tally, pid_t *pids)
{
	int64_t started = mms_clock_mono_ms(), told = started;
	bool is_ok = true;

	for (long left = o->jobs; left > 0;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		for (long i = 0; i < o->jobs && pid > 0; i++) {
			if (pids[i] != pid)
				continue;
			left--;
			is_ok = is_ok && status == 0;
		}
		if (pid <= 0)
			mms_clock_sleep_ms(20);
		if (!o->is_alone || mms_clock_mono_ms() - told < 10000)
			continue;
		told = mms_clock_mono_ms();
		fprintf(stderr, "torture: %ld plays, %ld failures, %lld s\n", sum_up(tally),
			atomic_load(&tally->n_failures), (long long)(told - started) / 1000);
	}
	return is_ok;
}

/* One line for each kind, in the form that the suite counts. */
static int
tell(const struct tally *tally, const struct coverage *coverage, const struct options *o,
     bool is_ok)
{
	int n = 0;
	long failures = atomic_load(&tally->n_failures);

	for (size_t k = 0; k < MMS_COUNT(kinds); k++) {
		long runs = atomic_load(&tally->runs[kinds[k].kind]),
		     failed = atomic_load(&tally->failures[kinds[k].kind]);
		if (runs > 0)
			printf("%sok %d - %s: %ld of %ld plays, %ld failures\n",
			       failed > 0 ? "not " : "", ++n, mms_fault_name(kinds[k].kind),
			       runs, coverage_points(coverage, (int)kinds[k].kind), failed);
	}
	if (atomic_load(&tally->pairs) > 0)
		printf("ok %d - two faults: %ld plays\n", ++n, atomic_load(&tally->pairs));
	printf("%sok %d - every worker came to its end, %ld failures in all\n",
	       is_ok && failures == 0 ? "" : "not ", ++n, failures);
	printf("1..%d\n# torture: %ld plays of %ld syncs, %ld of them survived before, %ld "
	       "failures, seed %lu\n",
	       n, sum_up(tally), atomic_load(&tally->syncs), atomic_load(&tally->known),
	       failures, o->seed);
	return is_ok && failures == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	struct options o = { .jobs = 2, .seed = 1 };
	pid_t pids[WORKERS_MAX] = { 0 };

	if (!read_options(argc, argv, &o)) {
		fprintf(stderr, "usage: see tests/torture/run\n");
		return 2;
	}
	if (!mms_fault_arm_text("alloc:1000000000")) {
		printf("1..1\nok 1 # SKIP this build has no fault points\n");
		return 0;
	}
	struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct stories stories;
	if (tally == MAP_FAILED)
		return 1;
	stories_find(&stories, o.story);
	struct torture all = { .options = &o,
			       .tally = tally,
			       .coverage = coverage_new(&stories),
			       .ledger = ledger_open(o.is_full ? LEDGER : NULL, o.is_resumed,
						     argv[0]),
			       .stories = &stories,
			       .started_mono_ms = mms_clock_mono_ms() };
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (long i = 0; i < o.jobs; i++) {
		all.me = i;
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		work(&all);
		_exit(0);
	}
	bool is_ok = wait_for_workers(&o, tally, pids);
	if (o.is_alone)
		coverage_tell(all.coverage, stdout);
	int status = tell(tally, all.coverage, &o, is_ok);
	ledger_close(all.ledger);
	coverage_free(all.coverage);
	stories_release(&stories);
	(void)munmap(tally, sizeof *tally);
	return status;
}
