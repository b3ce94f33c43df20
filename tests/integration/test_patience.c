/* Somebody else holds Frappe's counter of names for long: who waits for it can be stopped. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "mmsync/clock.h"
#include "mmsync/db.h"
#include "mmsync/fault.h"
#include "support/scenario.h"

/* A wait for a lock lasts 10 s, but no longer than the run has time. */
static const char story[] = "person ann@example.com\n"
			    "integration work user=ann@example.com feed=work.ics\n"
			    "feed work.ics\n"
			    "event e1@example.com \"One\" 20260302T090000Z 20260302T093000Z\n"
			    "end\n"
			    "sync --timeout 2\n"
			    "rows 1 Synced\n"
			    "quiet\n";

static struct world world;

/* Who holds the counter, from a step of the run on until its end. */
struct holder {
	struct mms_db *db;
	struct mms_tx tx;
	int64_t since_ms, took_ms;
	int exit_status;
	int64_t n_rows, n_leases;
};

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

static bool
hold(struct scenario *s, pid_t pid, void *aux)
{
	struct holder *h = aux;
	const struct mms_value in[] = { mms_v_i64(1), mms_v_i64(1) };
	MMS_AUTO(mms_err) err = { 0 };

	(void)pid;
	if (mms_db_open(&h->db, &s->world->server.settings, &err) != MMS_OK ||
	    mms_tx_begin(&h->tx, h->db, &err) != MMS_OK ||
	    mms_tx_run(&h->tx, MMS_STMT_SERIES_TAKE, in, NULL, &err) != MMS_OK)
		return scenario_fail(s, "%s", mms_err_text(&err));
	h->since_ms = mms_clock_mono_ms();
	return true;
}

static bool
let_go(struct scenario *s, const char *fault, void *aux)
{
	struct holder *h = aux;

	if (fault == NULL)
		return true;
	h->took_ms = mms_clock_mono_ms() - h->since_ms;
	h->exit_status = s->exit_status;
	h->n_rows = mms_test_ask_i64(&s->world->server,
				     "SELECT COUNT(*) FROM `tabMM Calendar Event Sync`");
	h->n_leases = mms_test_ask_i64(&s->world->server,
				       "SELECT COUNT(lease_owner) FROM mmsync_cursor");
	mms_tx_release(&h->tx);
	mms_db_close(h->db);
	h->db = NULL;
	return true;
}

static void
a_run_that_waits_for_names_ends_in_time(void **state)
{
	char path[256];
	struct holder h = { 0 };
	struct scenario s = { .world = &world,
			      .path = path,
			      .fault = { .sync_number = 1, .texts = { "pause:1" } },
			      .on_pause = hold,
			      .on_run = let_go,
			      .aux = &h };

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000")) {
		print_message("# skipped: this build has no fault points\n");
		skip();
	}
	(void)snprintf(path, sizeof path, "%s/../story.scn", world.site_dir);
	FILE *file = fopen(path, "we");
	if (file == NULL || fputs(story, file) < 0 || fclose(file) != 0)
		fail_msg("%s cannot be written", path);
	if (scenario_play(&s) != 0)
		fail_msg("%s", s.failure);
	assert_int_equal(h.exit_status, 6);
	assert_int_equal(h.n_rows, 0);
	assert_int_equal(h.n_leases, 0);
	assert_in_range(h.took_ms, 1000, 9500);
	scenario_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_that_waits_for_names_ends_in_time),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
