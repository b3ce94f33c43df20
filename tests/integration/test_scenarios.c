/* Every story of fixtures/scenarios, one after the other, for each service that it is told of. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
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
has_own_events(const char *path)
{
	char line[4096];
	bool has = false;
	FILE *file = fopen(path, "re");

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		has = has || strncmp(line, "booking ", 8) == 0 ||
		      strstr(line, "\"busy_blocks\"") != NULL;
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

	if (scenario_play(&s) != 0) {
		(void)fprintf(stderr, "%s\n", s.failure); /* cmocka cuts what is long */
		fail_msg("%s", s.failure);
	}
	scenario_invariants(&s, &broken);
	if (has_own_events(s.path) && strspn(mms_str_get(&broken), "0,") != broken.len)
		fail_msg("schema/invariants.sql answers %s", mms_str_get(&broken));
	scenario_release(&s);
}

/* Plays of one story, and which of them is chosen where each is played once, for one service after the other. */
static bool
is_turn(const struct stories *stories, size_t at, size_t *n_told, bool *is_only)
{
	size_t first = at, n = 1;

	while (first > 0 && strcmp(stories->at[first - 1].path, stories->at[at].path) == 0)
		first--;
	while (first + n < stories->n &&
	       strcmp(stories->at[first + n].path, stories->at[at].path) == 0)
		n++;
	*is_only = n == 1;
	bool is = n == 1 || *n_told % n == at - first;
	*n_told += n > 1 && at == first + n - 1;
	return is;
}

/*
 * test_scenarios [PART]: those whose name holds that. With MMS_STORIES=once a story that is told of several
 * services is played for one of them: what is slow need not play all. With MMS_STORIES=others for the others: both together play all.
 */
int
main(int argc, char **argv)
{
	static struct CMUnitTest tests[512];
	const char *how_often = getenv("MMS_STORIES");
	bool is_once = how_often != NULL && strcmp(how_often, "once") == 0,
	     is_others = how_often != NULL && strcmp(how_often, "others") == 0;
	struct stories stories;
	size_t n = 0, n_told = 0;

	stories_find(&stories, argc > 1 ? argv[1] : NULL);
	if (stories.n == 0 || stories.n > MMS_COUNT(tests))
		return 1;
	for (size_t i = 0; i < stories.n; i++) {
		bool is_only = false, is = is_turn(&stories, i, &n_told, &is_only);
		if ((!is && is_once) || (is && !is_only && is_others))
			continue;
		tests[n++] = (struct CMUnitTest){ .name = stories.at[i].name,
						  .test_func = play,
						  .initial_state = &stories.at[i] };
	}
	int failed = _cmocka_run_group_tests("scenarios", tests, n, start, stop);
	stories_release(&stories);
	return failed;
}
