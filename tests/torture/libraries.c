/*
 * Torture of libmariadb, the one library of ours without allocator hooks: each of its allocations
 * may fail while a sync runs. jansson, libcurl, ICU, PCRE2 and yajl allocate through ours and are
 * reached by the kind `alloc`. OpenSSL is not tried: libcrypto 3.0 itself crashes in EVP_MD_fetch()
 * when memory ends while it sets itself up.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/torment.h"

/* In each sync: the first ones, then an even spread. */
#define FIRST  8
#define SPREAD 16

static struct world world;
static bool can_preload;

static int
start(void **state)
{
	(void)state;
	world_start(&world);
	/* Sanitizers have an allocator of their own, which cannot be preloaded over. */
	can_preload = strstr(world.program, "/asan") == NULL &&
		      strstr(world.program, "/tsan") == NULL &&
		      mms_fault_arm_text("alloc:1000000000");
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

static void
play(struct torment *t, const char *library, long n)
{
	char fault[64];

	(void)snprintf(fault, sizeof fault, "%s:%ld", library, n);
	if (torment_play(t, (const char *const[]){ fault, NULL }) != 0)
		fail_msg("sync %d, %s: %s", t->sync_number, fault, t->failure);
}

static void
an_allocation_of_a_library_may_fail(void **state)
{
	const char *library = *state;

	if (!can_preload) {
		print_message("# skipped: needs fault points and no sanitizer\n");
		skip();
	}
	for (int k = 1; k <= 2; k++) {
		struct torment t = { .world = &world,
				     .path = "fixtures/scenarios/20-versions.scn",
				     .sync_number = k,
				     .is_brief = true };
		if (torment_measure(&t) != 0)
			fail_msg("%s", t.failure);
		play(&t, library, 1000000000);
		long n = scenario_count_library(&t.scenario);
		print_message("# %s: %ld allocations in sync %d\n", library, n, k);
		assert_in_range(n, FIRST, 1000000);
		for (long i = 1; i <= FIRST; i++)
			play(&t, library, i);
		for (long i = 0; i < SPREAD; i++)
			play(&t, library, FIRST + 1 + (n - FIRST - 1) * i / (SPREAD - 1));
		torment_release(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "an allocation of libmariadb fails", an_allocation_of_a_library_may_fail,
		  NULL, NULL, (char[]){ "libmariadb" } },
	};

	return _cmocka_run_group_tests("libraries", tests, MMS_COUNT(tests), start, stop);
}
