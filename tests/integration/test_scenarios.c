/* Every story of fixtures/scenarios, one after the other, for each service that it is told of. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "support/scenario.h"
#include "support/stories.h"

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

/* Others plant what must not be on purpose. */
static bool
has_bookings(const char *path)
{
	char line[4096];
	bool has = false;
	FILE *file = fopen(path, "re");

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		has = has || strncmp(line, "booking ", 8) == 0;
	if (file != NULL)
		(void)fclose(file);
	return has;
}

static void
play(void **state)
{
	const struct story *story = *state;
	struct scenario s = { .world = &world, .path = story->path, .service = story->service };

	MMS_AUTO(mms_str) broken = { 0 };

	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	scenario_invariants(&s, &broken);
	if (has_bookings(s.path) && strspn(mms_str_get(&broken), "0,") != broken.len)
		fail_msg("schema/invariants.sql answers %s", mms_str_get(&broken));
	scenario_release(&s);
}

/* test_scenarios [PART]: those whose name holds that. */
int
main(int argc, char **argv)
{
	static struct CMUnitTest tests[512];
	struct stories stories;

	stories_find(&stories, argc > 1 ? argv[1] : NULL);
	if (stories.n == 0 || stories.n > MMS_COUNT(tests))
		return 1;
	for (size_t i = 0; i < stories.n; i++)
		tests[i] = (struct CMUnitTest){ .name = stories.at[i].name,
						.test_func = play,
						.initial_state = &stories.at[i] };
	int failed = _cmocka_run_group_tests("scenarios", tests, stories.n, start, stop);
	stories_release(&stories);
	return failed;
}
