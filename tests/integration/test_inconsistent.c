/*
 * What a turn wrote is checked before it is committed: a writer that loses a state, or a change that is counted by nobody, ends
 * the turn, leaves nothing behind, and is healed by the next sync of a whole program. And the counts of every story add up.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/fault.h"
#include "support/program.h"
#include "support/scenario.h"

static struct world world;

static int
start(void **state)
{
	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000")) {
		print_message("this build has no fault points\n");
		return 0;
	}
	world_start(&world);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	if (world.program[0] != '\0')
		world_stop(&world);
	return 0;
}

/* A rule that is broken from a sync on (1: from the first). */
struct broken {
	const char *what, *story;
	int from;
	/* The same number before and after the turn that failed: nothing of it was committed. */
	const char *witness;
};

#define ROWS_AND_STATES                                                                       \
	"SELECT CRC32(CONCAT_WS(' ', (SELECT GROUP_CONCAT(name, modified ORDER BY name) FROM" \
	" `tabMM Calendar Event Sync`), (SELECT GROUP_CONCAT(HEX(uuid), status, "             \
	"HEX(content_hash)"                                                                   \
	" ORDER BY uuid) FROM mmsync_event_state), (SELECT GROUP_CONCAT(id, "                 \
	"COALESCE(sync_token,"                                                                \
	" '-') ORDER BY id) FROM mmsync_cursor)))"
#define CURSORS                                                                       \
	"SELECT CRC32(CONCAT_WS(' ', 'x', (SELECT GROUP_CONCAT(id, sync_token) FROM " \
	"mmsync_cursor)))"

static const struct broken brokens[] = {
	{ "state-lost", "fixtures/scenarios/01-first-sync.scn", 1, ROWS_AND_STATES },
	{ "state-lost", "fixtures/scenarios/02-change-and-delete.scn", 2, ROWS_AND_STATES },
	{ "state-astray", "fixtures/scenarios/02-change-and-delete.scn", 2, ROWS_AND_STATES },
	{ "state-astray", "fixtures/scenarios/71-changes.scn", 2, ROWS_AND_STATES },
	{ "count-lost", "fixtures/scenarios/02-change-and-delete.scn", 2, CURSORS },
};

struct watch {
	const struct broken *broken;
	int64_t before;
};

/* After the sync before it: what stands there now must stand there afterwards. */
static bool
break_it(struct scenario *s, const char *fault, void *aux)
{
	struct watch *w = aux;

	(void)fault;
	s->sabotage = w->broken->what;
	w->before = mms_test_ask_i64(&world.server, "%s", w->broken->witness);
	return true;
}

static int64_t
n_faults(struct scenario *s)
{
	MMS_AUTO(mms_str) counts = { 0 };
	int64_t sum = 0;

	scenario_invariants(s, &counts);
	for (const char *p = mms_str_get(&counts); *p != '\0';
	     p += strcspn(p, ","), p += *p == ',')
		sum += strtol(p, NULL, 10);
	return sum;
}

static void
what_does_not_add_up_is_not_committed(void **state)
{
	const struct broken *b = *state;
	struct watch watch = { .broken = b };
	struct scenario s = { .world = &world,
			      .path = b->story,
			      .fault = { .sync_number = b->from - 1 },
			      .sabotage = b->from == 1 ? b->what : NULL,
			      .on_run = break_it,
			      .aux = &watch };

	if (world.program[0] == '\0')
		skip();
	if (b->from ==
	    1) /* nothing is known before the first sync; a cursor without a token after it */
		watch.before = 0;
	if (scenario_play(&s) == 0)
		fail_msg("%s: '%s' was noticed by nobody", b->story, b->what);
	if (strstr(s.failure, "inconsistent: ") == NULL || s.exit_status != 1)
		fail_msg("%s: exit %d: %s", b->story, s.exit_status, s.failure);
	if (strstr(s.failure, "\"code\":\"internal\"") == NULL)
		fail_msg("no code: %s", s.failure);
	if (b->from == 1)
		assert_int_equal(
			mms_test_ask_i64(&world.server,
					 "SELECT (SELECT COUNT(*) FROM `tabMM Calendar "
					 "Event Sync`) + (SELECT COUNT(*) FROM "
					 "mmsync_event_state)"),
			0);
	else
		assert_int_equal(mms_test_ask_i64(&world.server, "%s", b->witness),
				 watch.before);
	assert_int_equal(n_faults(&s), 0);
	/* A whole program goes on from there. */
	s.sabotage = NULL;
	s.failure[0] = '\0';
	if (!scenario_tell(&s, "sync") || n_faults(&s) != 0)
		fail_msg("not healed: %s", s.failure);
	scenario_release(&s);
}

int
main(void)
{
	struct CMUnitTest tests[MMS_COUNT(brokens)];

	for (size_t i = 0; i < MMS_COUNT(brokens); i++)
		tests[i] = (struct CMUnitTest){ brokens[i].what,
						what_does_not_add_up_is_not_committed, NULL,
						NULL, (void *)(uintptr_t)&brokens[i] };
	return cmocka_run_group_tests_name("inconsistent", tests, start, stop);
}
