/* A town (see the header). */
#include "support/town.h"

#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "mmsync/clock.h"
#include "mmsync/timetext.h"
#include "support/gfake.h"
#include "support/race.h"

#define FEW 8
/* Nobody changes what is about to be over before it is read. */
#define SOON_MS INT64_C(129600000)

/* ---- who ------------------------------------------------------------------------------------------- */

char *
town_email(unsigned person, char out[TOWN_NAME])
{
	(void)snprintf(out, TOWN_NAME, "ann%u@example.com", person);
	return out;
}

char *
town_home(unsigned person, char out[TOWN_NAME])
{
	(void)snprintf(out, TOWN_NAME, "home%u", person);
	return out;
}

char *
town_feed(unsigned person, char out[TOWN_NAME])
{
	(void)snprintf(out, TOWN_NAME, "team%u.ics", person);
	return out;
}

static unsigned
any_person(struct town *t)
{
	return 1 + walk_any(&t->w, t->n_lively);
}

/* ---- time ------------------------------------------------------------------------------------------- */

/* People plan from the second day on. */
static void
look_ahead(struct walk *w)
{
	w->since_ms = w->s.now_ms + SOON_MS;
	w->first_ms = w->s.now_ms - w->s.now_ms % MMS_DAY_MS + 2 * MMS_DAY_MS;
}

void
town_advance(struct town *t, unsigned minutes)
{
	walk_tell(&t->w, "advance %um", minutes);
	look_ahead(&t->w);
}

/* ---- bookings --------------------------------------------------------------------------------------- */

/* "ann3@example.com", or two of them. */
static const char *
any_users(struct town *t, char out[2 * TOWN_NAME])
{
	unsigned a = any_person(t), b = any_person(t);
	char other[TOWN_NAME];

	(void)town_email(a, out);
	if (a != b && walk_any(&t->w, 2) == 0) {
		size_t len = strlen(out);

		(void)snprintf(out + len, 2 * TOWN_NAME - len, ",%s", town_email(b, other));
	}
	return out;
}

static void
make_booking(struct town *t)
{
	char time[120], users[2 * TOWN_NAME];
	unsigned n = ++t->n_bookings;

	t->touched = n;
	walk_tell(&t->w, "booking B%u \"B%u Demo\" %s users=%s", n, n,
		  habit_time(&t->w, false, time), any_users(t, users));
}

/* Is it there, and not about to be over? */
static bool
is_ahead(struct town *t, unsigned n)
{
	char since[MMS_TIME_TEXT_MAX];

	(void)mms_time_print(t->w.since_ms, since);
	return mms_test_ask_i64(&t->w.s.world->server,
				"SELECT COUNT(*) FROM `tabMM Meeting Booking` WHERE name ="
				" 'B%u' AND start_datetime > '%.10s %.8s'",
				n, since, since + 11) != 0;
}

static void
change_booking(struct town *t)
{
	static const char *const statuses[] = { "Confirmed", "Rescheduled", "Cancelled",
						"Confirmed" };
	struct walk *w = &t->w;
	unsigned n = t->n_bookings > 0 ? 1 + walk_any(w, t->n_bookings) : 0;
	char time[120], users[2 * TOWN_NAME];

	if (n == 0 || walk_any(w, 4) == 0 || !is_ahead(t, n)) {
		make_booking(t);
		return;
	}
	t->touched = n;
	switch (walk_any(w, 7)) {
	case 0:
	case 1:
		walk_tell(w, "rebook B%u%s", n, habit_time(w, true, time));
		break;
	case 2:
		walk_tell(w, "rebook B%u title=\"B%u Title %u\" place=\"Room %u\"", n, n,
			  w->word, w->word);
		w->word++;
		break;
	case 3:
	case 4:
		walk_tell(w, "rebook B%u status=%s", n,
			  walk_any_of(w, statuses, MMS_COUNT(statuses)));
		break;
	case 5:
		walk_tell(w, "assign B%u users=%s", n, any_users(t, users));
		break;
	default:
		walk_tell(w, "unbook B%u", n);
		t->touched = 0;
	}
}

/* A person at the event of a booking. What it is called begins with the booking's name. */
static void
change_outside(struct town *t, const char *email)
{
	struct walk *w = &t->w;
	json_t *event = habit_pick(w, email, HABIT_BOOKING);
	char id[200], title[200], time[120];
	unsigned dice = walk_any(w, 6);

	if (event == NULL)
		return;
	gfake_value(event, "id", id, sizeof id);
	gfake_value(event, "title", title, sizeof title);
	title[strcspn(title, " ")] = '\0';
	if (dice < 3) {
		walk_tell(w, "at %s change %s%s", email, id, habit_time(w, true, time));
	} else if (dice < 5) {
		walk_tell(w, "at %s change %s title=\"%s Named %u\"", email, id, title,
			  w->word++);
	} else {
		mms_str_addf(&t->removed, " %s %s ", title, email);
		walk_tell(w, "at %s delete %s", email, id);
	}
	json_decref(event);
}

/* ---- all of it ---------------------------------------------------------------------------------------- */

static void
change_block(struct town *t, const char *calendar)
{
	struct walk *w = &t->w;
	unsigned dice = walk_any(w, 4);
	json_t *block = habit_pick(w, calendar, HABIT_BLOCK);
	char id[200], time[120];

	if (block == NULL)
		return;
	gfake_value(block, "id", id, sizeof id);
	deeds_note(&t->deeds, &w->s.world->server, calendar, block, dice < 2);
	if (dice < 2)
		walk_tell(w, "at %s delete %s", calendar, id);
	else
		walk_tell(w, "at %s change %s%s", calendar, id,
			  dice == 2 ? " title=Mine" : habit_time(w, true, time));
	json_decref(block);
}

void
town_edit(struct town *t)
{
	struct walk *w = &t->w;
	unsigned person = any_person(t), dice = walk_any(w, 31);
	char email[TOWN_NAME], home[TOWN_NAME], feed[TOWN_NAME];
	const char *calendar =
		walk_any(w, 2) == 0 ? town_email(person, email) : town_home(person, home);

	t->n_edits++;
	if (dice < 3)
		habit_make_event(w, calendar);
	else if (dice < 12)
		habit_change_event(w, calendar);
	else if (dice < 13)
		habit_copy_event(w, town_email(person, email), town_home(person, home));
	else if (dice < 15)
		habit_change_series(w, calendar);
	else if (dice < 18)
		habit_change_feed(w, t->feeds[person - 1], town_feed(person, feed));
	else if (dice < 20)
		change_block(t, calendar);
	else if (dice < 27)
		change_booking(t);
	else if (dice < 30)
		change_outside(t, town_email(person, email));
	else
		walk_tell(w, "expire %s", calendar);
}

static void
add_person(struct town *t, unsigned person)
{
	struct walk *w = &t->w;
	char email[TOWN_NAME], home[TOWN_NAME], feed[TOWN_NAME];

	(void)town_email(person, email);
	(void)town_home(person, home);
	(void)town_feed(person, feed);
	walk_tell(w, "person %s", email);
	walk_tell(w, "integration work%u user=%s type=google calendar=%s primary=1", person,
		  email, email);
	walk_tell(w,
		  "integration %s user=%s type=outlook account=ann%u.home@example.com "
		  "calendar=%s",
		  home, email, person, home);
	walk_tell(w, "integration team%u user=%s feed=%s", person, email, feed);
	habit_make_event(w, email);
	habit_make_event(w, home);
	habit_change_series(w, walk_any(w, 2) == 0 ? email : home);
	habit_change_feed(w, t->feeds[person - 1], feed);
	habit_change_feed(w, t->feeds[person - 1], feed);
}

void
town_begin(struct town *t, struct world *world, unsigned n_people, const char *config)
{
	struct walk *w = &t->w;

	w->service = "google";
	w->s = (struct scenario){ .world = world, .path = "town", .service = w->service };
	t->n_people = t->n_lively = n_people;
	w->s.has_strays = n_people > FEW; /* what is not asked of each event */
	t->feeds = calloc(n_people, sizeof *t->feeds);
	if (t->feeds == NULL)
		abort();
	scenario_reset(&w->s);
	walk_tell(w, "now 2026-03-02T08:00:00Z");
	walk_tell(w, "config \"busy_blocks\":{\"enabled\":true}%s%s",
		  config[0] != '\0' ? "," : "", config);
	look_ahead(w);
	for (unsigned i = 1; i <= n_people; i++)
		add_person(t, i);
}

void
town_release(struct town *t)
{
	scenario_release(&t->w.s);
	mms_str_release(&t->w.journal);
	mms_str_release(&t->w.strays);
	mms_str_release(&t->removed);
	deeds_release(&t->deeds);
	free(t->feeds);
	*t = (struct town){ 0 };
}

/* ---- programs ----------------------------------------------------------------------------------------- */

void
town_start(struct town *t, struct town_job *job)
{
	struct race race = { .world = t->w.s.world };

	mms_str_addf(&t->w.journal, "%s &%s%s\n", job->arguments,
		     job->fault[0] != '\0' ? " # " : "", job->fault);
	scenario_service_clock(&t->w.s);
	race.scenario = t->w.s; /* it looks at the clock, and keeps nothing */
	race_start(&race, &job->run, job->arguments, job->fault[0] != '\0' ? job->fault : NULL);
}

int
town_finish(struct town *t, struct town_job *job, const char *allowed)
{
	int status = race_finish(&job->run);
	char text[16];

	(void)snprintf(text, sizeof text, " %d ", status);
	if (strstr(allowed, text) == NULL) {
		mms_str_addf(&t->w.journal, "%s\n%s\n", job->run.out, job->run.err);
		walk_fail(&t->w, "mmsync %s (%s) ended with %d", job->arguments, job->fault,
			  status);
	}
	return status;
}

/* The most memory that it has had so far, in kB. (What wait4() tells is that of whoever forked it, where that has more.) */
static long
peak_of(pid_t pid)
{
	char path[64], line[200];
	long peak_kb = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			peak_kb = strtol(line + 6, NULL, 10);
	}
	if (file != NULL)
		(void)fclose(file);
	return peak_kb;
}

/* Until it has ended. */
static long
watch_peak(pid_t pid)
{
	long peak_kb = 0;

	for (;;) {
		siginfo_t info = { 0 };
		long now_kb = peak_of(pid);

		/* It only grows, but what it was before the program began is another's. */
		peak_kb = now_kb > 0 ? now_kb : peak_kb;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 ||
		    info.si_pid == pid)
			return peak_kb;
		mms_clock_sleep_ms(2);
	}
}

/* Returns the most memory that it took. */
static long
run_alone(struct town *t, const char *arguments, const char *allowed, int *status)
{
	struct town_job job = { 0 };

	(void)snprintf(job.arguments, sizeof job.arguments, "%s", arguments);
	town_start(t, &job);
	long peak_kb = watch_peak(job.run.pid);
	*status = town_finish(t, &job, allowed);
	mms_test_run_release(&job.run);
	return peak_kb;
}

int
town_run(struct town *t, const char *arguments, const char *allowed)
{
	int status;

	(void)run_alone(t, arguments, allowed, &status);
	return status;
}

/* One more sync that finds nothing to do. */
static long
stay_quiet(struct town *t)
{
	struct walk *w = &t->w;
	char before[65], after[65];
	int status;

	if (!scenario_digest(&w->s, before, sizeof before))
		walk_fail(w, "%s", w->s.failure);
	fake_clear_log(&w->s.world->service);
	long peak_kb = run_alone(t, "sync", " 0 ", &status);
	if (!scenario_digest(&w->s, after, sizeof after))
		walk_fail(w, "%s", w->s.failure);
	if (strcmp(before, after) != 0)
		walk_fail(w, "one more sync is not quiet");
	size_t n = gfake_count(&w->s.world->service, NULL, NULL);
	if (scenario_service_writes(&w->s) != 0 || n != 2 * (size_t)t->n_people)
		walk_fail(w, "one more sync made %zu requests, %zu of them writes", n,
			  scenario_service_writes(&w->s));
	return peak_kb;
}

static void
end_faults(struct town *t)
{
	char feed[TOWN_NAME];

	walk_tell(&t->w, "fault clear");
	for (unsigned i = 1; i <= t->n_people; i++)
		fake_conf(&t->w.s.world->feeds, town_feed(i, feed), "");
}

long
town_rest(struct town *t)
{
	long a, b;

	end_faults(t);
	(void)town_run(t, "sync", " 0 1 5 ");
	town_advance(t, 61);
	(void)town_run(t, "failures retry --all", " 0 1 2 5 ");
	town_advance(t, 61);
	(void)town_run(t, "sync", " 0 1 ");
	town_advance(t, 61);
	(void)town_run(t, "sync", " 0 ");
	(void)town_run(t, "sync", " 0 ");
	a = stay_quiet(t);
	b = stay_quiet(t);
	return a > b ? a : b;
}
