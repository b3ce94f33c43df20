/* Every story of fixtures/scenarios, one after the other. */
#include "support/unit.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

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
	struct scenario s = { .world = &world, .path = *state };

	MMS_AUTO(mms_str) broken = { 0 };

	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	scenario_invariants(&s, &broken);
	if (has_bookings(s.path) && strspn(mms_str_get(&broken), "0,") != broken.len)
		fail_msg("schema/invariants.sql answers %s", mms_str_get(&broken));
	scenario_release(&s);
}

int
main(int argc, char **argv)
{
	static struct CMUnitTest tests[256];
	glob_t files = { 0 };
	size_t n = 0;

	if (glob("fixtures/scenarios/*.scn", 0, NULL, &files) != 0)
		return 1;
	for (size_t i = 0; i < files.gl_pathc && n < sizeof tests / sizeof tests[0]; i++) {
		if (argc > 1 && strstr(files.gl_pathv[i], argv[1]) == NULL)
			continue;
		tests[n++] = (struct CMUnitTest){ .name = files.gl_pathv[i],
						  .test_func = play,
						  .initial_state = files.gl_pathv[i] };
	}
	int failed = _cmocka_run_group_tests("scenarios", tests, n, start, stop);
	globfree(&files);
	return failed;
}
