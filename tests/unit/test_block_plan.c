/* Which blocks a person's calendars should have: every world of fixtures/plan/blocks.txt. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "support/block_world.h"
#include "support/starve.h"

/* The number of worlds in the file: none is passed over. */
#define N_CASES 143

static int
by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a case expects, as block_world_print() writes it. */
struct expected {
	char *lines[32]; /* owned */
	size_t n;
};

static bool
is_as_it_says(const char *name, struct block_world *w, struct expected *expected)
{
	MMS_AUTO(mms_str) want = { 0 };
	MMS_AUTO(mms_str) is = { 0 };
	MMS_AUTO(mms_str) again = { 0 };
	MMS_AUTO(mms_block_plan) plan = { 0 };

	if (expected->n > 1)
		qsort((void *)expected->lines, expected->n, sizeof expected->lines[0], by_line);
	for (size_t i = 0; i < expected->n; i++) {
		mms_str_add(&want, expected->lines[i]);
		mms_free(expected->lines[i]);
	}
	expected->n = 0;
	block_world_plan(w, &plan);
	block_world_print(&plan, &is);
	if (strcmp(mms_str_get(&want), mms_str_get(&is)) != 0) {
		print_error("%swanted:\n%sgot:\n%s", name, mms_str_get(&want),
			    mms_str_get(&is));
		return false;
	}
	/* What was announced asks for nothing more, and neither does what was settled. */
	for (int round = 0; round < 2; round++) {
		block_world_announce(w, &plan);
		mms_block_plan_release(&plan);
		block_world_plan(w, &plan);
		block_world_print(&plan, &again);
		if (plan.n != 0) {
			print_error("%sand then:\n%s", name, mms_str_get(&again));
			return false;
		}
		block_world_settle(w);
	}
	return true;
}

static void
every_world_of_the_table_is_planned_as_it_says(void **state)
{
	FILE *file = fopen("fixtures/plan/blocks.txt", "re");
	char text[512], name[512] = "";
	struct expected expected = { 0 };
	struct block_world *w = NULL;
	int n = 0, n_bad = 0;

	(void)state;
	assert_non_null(file);
	for (bool is_more = true; is_more;) {
		is_more = fgets(text, sizeof text, file) != NULL;
		if (!is_more || text[0] == '=') {
			if (w != NULL) {
				n_bad += !is_as_it_says(name, w, &expected);
				block_world_release(w);
				mms_free(w);
			}
			w = is_more ? mms_alloc(sizeof *w) : NULL;
			assert_true(!is_more || w != NULL);
			if (!is_more)
				break;
			w->is_whole = true;
			w->rules =
				(struct mms_block_rules){ .title = "Busy", .title_chars = 140 };
			(void)snprintf(name, sizeof name, "%s", text + 2);
			n++;
			continue;
		}
		if (strncmp(text, "-> ", 3) == 0) {
			assert_true(expected.n < MMS_COUNT(expected.lines));
			expected.lines[expected.n] = mms_text_copy(text + 3);
			assert_non_null(expected.lines[expected.n++]);
		} else if (text[0] != '#' && text[0] != '\n') {
			assert_non_null(w);
			block_world_read(w, text);
		}
	}
	(void)fclose(file);
	assert_int_equal(n_bad, 0);
	assert_int_equal(n, N_CASES);
}

static mms_rc
plan_once(void *aux, struct mms_str *out, struct mms_err *err)
{
	struct block_world *w = aux;
	const struct mms_blocks blocks = { .items = w->blocks, .n = w->n_blocks };
	const struct mms_block_plan_input in = { .calendars = w->calendars,
						 .n_calendars = w->n_calendars,
						 .events = w->events,
						 .n_events = w->n_events,
						 .blocks = &blocks,
						 .is_whole = true,
						 .rules = w->rules };
	MMS_AUTO(mms_digest) digest = { 0 };
	MMS_AUTO(mms_block_plan) plan = { 0 };

	mms_rc rc = mms_block_plan(&in, &digest, &plan, err);
	for (size_t i = 0; rc == MMS_OK && i < plan.n; i++)
		mms_str_addf(out, "%d %d %s\n", (int)plan.items[i].step,
			     (int)plan.items[i].cursor_id,
			     plan.items[i].title != NULL ? plan.items[i].title : "");
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}

static void
a_plan_says_that_memory_was_short(void **state)
{
	static const char *const lines[] = {
		"rules copies title={calendar}",
		"calendar A",
		"calendar B",
		"calendar C",
		"event e A 10-11 uid=1 title=One",
		"event f B 10-11 uid=1",
		"event g C 12-13 organizer=x title=Two",
		"event h A 12-13 free",
		"block k C e:A 8-9",
		"block l B h:A 12-13 title=Two",
		"block m B z:Z 12-13",
		"block n A g:C 12-13 title=Two",
	};
	struct block_world *w = mms_alloc(sizeof *w);

	(void)state;
	assert_non_null(w);
	for (size_t i = 0; i < MMS_COUNT(lines); i++)
		block_world_read(w, lines[i]);
	starve_check(plan_once, w);
	block_world_release(w);
	mms_free(w);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_world_of_the_table_is_planned_as_it_says),
		cmocka_unit_test(a_plan_says_that_memory_was_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
