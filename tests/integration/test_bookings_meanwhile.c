/*
 * A booking is saved in Frappe while a sync is about to write into it: at each of the sync's steps once. What the
 * person saved stands, and so do our notes.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/race.h"
#include "support/scenario.h"

static struct world world;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

/* A booking with its event, and what makes the last sync write into it. */
#define BEGIN                                                                       \
	"person ann@example.com\n"                                                  \
	"integration work user=ann@example.com type=google expires=86400 primary=1" \
	" direction=two\n"                                                          \
	"booking B1 \"Demo\" 2026-03-04T10:00:00Z 2026-03-04T10:30:00Z place=\"Room 1\"\n"

/* Somebody opens the booking and saves it, all in this moment. */
#define SAVE                                                                             \
	"UPDATE `tabMM Meeting Booking` SET customer_notes = 'Bring tea', meeting_title" \
	" = 'Saved', modified = modified + INTERVAL 7 MICROSECOND WHERE name = 'B1'"

static const struct moment {
	const char *what;
	int sync_number; /* the story's last */
	const char *story, *end;
} moments[] = {
	{ "the event is made", 1, BEGIN "sync\n",
	  "outside ann@example.com @B1 title=Saved\n"
	  "ask \"1|1\" SELECT CONCAT_WS('|', calendar_event IS NOT NULL, calendar_event_synced)"
	  " FROM `tabMM Meeting Booking`\n"
	  "ask 1 SELECT COUNT(*) FROM `tabMM Meeting Booking History` WHERE event_type ="
	  " 'Calendar Synced'\n" },
	{ "a person has moved the event", 3,
	  BEGIN "sync\nsync\nadvance 10m\n"
		"at ann@example.com change @B1 start=2026-03-05T10:00:00Z"
		" end=2026-03-05T10:30:00Z\nadvance 10m\nsync\n",
	  "outside ann@example.com @B1 title=Saved start=2026-03-05T10:00:00Z\n"
	  "ask \"2026-03-05 10:00:00.000000\" SELECT start_datetime FROM"
	  " `tabMM Meeting Booking`\n"
	  "ask 1 SELECT COUNT(*) FROM `tabMM Meeting Booking History` WHERE event_type ="
	  " 'Rescheduled'\n" },
	{ "a person has deleted the event", 3,
	  BEGIN "sync\nsync\nadvance 10m\nat ann@example.com delete @B1\nadvance 10m\nsync\n",
	  /* it says something else than when it was removed: made anew */
	  "ours ann@example.com 1\noutside ann@example.com @B1 title=Saved\n"
	  "ask 1 SELECT COUNT(*) FROM `tabMM Meeting Booking History` WHERE"
	  " event_description LIKE '%deleted in the calendar%'\n" },
};

/* What both have in common: nothing of the save is lost, and the sides agree. */
#define END                                                                      \
	"sync\n"                                                                 \
	"ask \"Saved|Bring tea|Confirmed\" SELECT CONCAT_WS('|', meeting_title," \
	" customer_notes, booking_status) FROM `tabMM Meeting Booking`\n"        \
	"row \"Saved\" sync_status=Synced meeting_booking=B1\n"                  \
	"outside ann@example.com @B1 text=\"<p>Notes: Bring tea</p>\" place=\"Room 1\"\n"

static bool is_asleep;

static bool
save(struct scenario *s, pid_t pid, void *aux)
{
	struct race race = { .world = s->world };
	struct mms_test_run run = { .pid = pid };

	(void)aux;
	is_asleep = true;
	(void)race_meddle(&race, &run, SAVE);
	return true;
}

static void
write_story(const char *path, const struct moment *m)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fprintf(file, "%s" END "%squiet\n", m->story, m->end) < 0 ||
	    fclose(file) != 0)
		fail_msg("%s cannot be written", path);
}

static void
what_is_saved_meanwhile_stands_beside_our_notes(void **state)
{
	const struct moment *m = *state;
	char path[256], fault[40];
	long n = 1 - race_stride(1);

	if (!mms_fault_arm_text("alloc:1000000000")) {
		print_message("# skipped: this build has no fault points\n");
		skip();
	}
	(void)snprintf(path, sizeof path, "%s/../story.scn", world.site_dir);
	write_story(path, m);
	do {
		struct scenario s = { .world = &world,
				      .path = path,
				      .fault = { .sync_number = m->sync_number,
						 .texts = { fault } },
				      .on_pause = save };

		is_asleep = false;
		(void)snprintf(fault, sizeof fault, "pause:%ld", n += race_stride(1));
		int failed = scenario_play(&s);
		if (failed != 0 && is_asleep)
			fail_msg("%s, saved at step %ld: %s", m->what, n, s.failure);
		scenario_release(&s);
	} while (is_asleep);
	assert_true(n > 20);
}

int
main(void)
{
	struct CMUnitTest tests[MMS_COUNT(moments)];

	for (size_t i = 0; i < MMS_COUNT(moments); i++)
		tests[i] = (struct CMUnitTest){
			.name = moments[i].what,
			.test_func = what_is_saved_meanwhile_stands_beside_our_notes,
			.initial_state = (void *)(uintptr_t)&moments[i]
		};
	return cmocka_run_group_tests(tests, start, stop);
}
