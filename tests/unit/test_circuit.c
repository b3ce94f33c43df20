/* When a circuit opens, for how long, and what closes it: the arithmetic, without a database. */
#include "support/unit.h"

#include <string.h>

#include "../../connector/sync/breaker.h"
#include "mmsync/circuit.h"

#define MINUTE INT64_C(60000)
#define NOW    INT64_C(1772438400000)
#define DAY    (INT64_C(1440) * MINUTE)

/* ---- whom a failure counts against --------------------------------------------------------- */

#define N MMS_CIRCUIT_NOBODY
#define C MMS_CIRCUIT_CALENDAR
#define S MMS_CIRCUIT_SERVICE

static void
each_code_counts_against_whom_it_is_of(void **state)
{
	/* unsaid, the calendar's, the service's */
	static const struct {
		mms_rc code;
		enum mms_circuit_side sides[3];
	} rows[] = {
		{ MMS_OK, { N, N, N } },        { MMS_E_RETRY, { N, C, S } },
		{ MMS_E_WAIT, { N, N, S } },    { MMS_E_AUTH, { N, N, N } },
		{ MMS_E_GONE, { N, N, N } },    { MMS_E_CONFLICT, { N, N, N } },
		{ MMS_E_RESYNC, { N, C, S } },  { MMS_E_ITEM, { N, N, N } },
		{ MMS_E_CONFIG, { N, N, S } },  { MMS_E_DB, { N, N, N } },
		{ MMS_E_HELD, { N, N, N } },    { MMS_E_OPEN, { N, N, N } },
		{ MMS_E_STOPPED, { N, N, N } }, { MMS_E_USAGE, { N, N, N } },
		{ MMS_E_NOMEM, { N, N, N } },   { MMS_E_BUG, { N, N, N } },
	};

	(void)state;
	assert_int_equal(MMS_COUNT(rows), MMS_RC_COUNT);
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		for (int blame = 0; blame < 3; blame++) {
			if (mms_circuit_judge(rows[i].code, (enum mms_blame)blame) !=
			    rows[i].sides[blame])
				fail_msg("%s, blame %d", mms_rc_name(rows[i].code), blame);
		}
	}
}

static void
an_answers_status_says_whose_doing_it_is(void **state)
{
	static const struct {
		long status;
		enum mms_blame blame;
	} rows[] = {
		{ 200, MMS_BLAME_CALENDAR }, { 401, MMS_BLAME_CALENDAR },
		{ 403, MMS_BLAME_CALENDAR }, { 404, MMS_BLAME_CALENDAR },
		{ 408, MMS_BLAME_SERVICE },  { 410, MMS_BLAME_CALENDAR },
		{ 429, MMS_BLAME_CALENDAR }, { 500, MMS_BLAME_SERVICE },
		{ 503, MMS_BLAME_SERVICE },  { 504, MMS_BLAME_SERVICE },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };

		mms_fail(&err, MMS_E_RETRY, "it answers %ld", rows[i].status);
		assert_int_equal(mms_blame_status(&err, rows[i].status), MMS_E_RETRY);
		assert_int_equal(err.blame, rows[i].blame);
		mms_fail(&err, MMS_E_RETRY, "something else");
		assert_int_equal(err.blame, MMS_BLAME_UNSAID);
	}
}

/* ---- pauses -------------------------------------------------------------------------------- */

static void
pauses_double_up_to_the_longest_and_are_spread(void **state)
{
	static const struct {
		int64_t opens, max_ms, pause;
	} rows[] = {
		{ 1, DAY, 5 * MINUTE },    { 2, DAY, 10 * MINUTE },
		{ 3, DAY, 20 * MINUTE },   { 8, DAY, 640 * MINUTE },
		{ 9, DAY, 1280 * MINUTE }, { 10, DAY, DAY },
		{ 1000, DAY, DAY },        { INT64_MAX, DAY, DAY },
		{ 1, 60000, MINUTE },      { 7, 30 * MINUTE, 30 * MINUTE },
	};
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		for (uint64_t seed = 0; seed < 200; seed++) {
			int64_t ms =
				mms_circuit_pause_ms(rows[i].opens, rows[i].max_ms, seed, NOW);
			if (ms > rows[i].pause || ms < rows[i].pause - rows[i].pause / 4)
				fail_msg("opens %lld: %lld ms", (long long)rows[i].opens,
					 (long long)ms);
			assert_int_equal(ms, mms_circuit_pause_ms(rows[i].opens, rows[i].max_ms,
								  seed, NOW));
			least = i == 0 && ms < least ? ms : least;
			most = i == 0 && ms > most ? ms : most;
		}
	}
	assert_true(most - least > MINUTE);
}

static void
it_opens_at_its_threshold_and_for_longer_each_time(void **state)
{
	const struct mms_circuit_rules rules = { .threshold = 3, .max_ms = DAY };
	struct mms_circuit_state c = { 0 };
	int64_t now = NOW;

	(void)state;
	assert_false(mms_circuit_fail(&c, &rules, 1, now));
	assert_false(mms_circuit_fail(&c, &rules, 1, now));
	assert_int_equal(mms_circuit_at(&c, now), MMS_CIRCUIT_CLOSED);
	assert_true(mms_circuit_fail(&c, &rules, 1, now));
	assert_int_equal(mms_circuit_at(&c, now), MMS_CIRCUIT_OPEN);
	assert_int_equal(c.opens, 1);
	/* a person tries meanwhile: it is open for no longer */
	int64_t until = c.until_ms;
	assert_false(mms_circuit_fail(&c, &rules, 1, now + MINUTE));
	assert_int_equal(c.until_ms, until);
	assert_int_equal(c.opens, 1);
	now = until;
	assert_int_equal(mms_circuit_at(&c, now), MMS_CIRCUIT_HALF_OPEN);
	assert_true(mms_circuit_fail(&c, &rules, 1, now));
	assert_int_equal(c.opens, 2);
	assert_int_equal(c.failures, 5);
	assert_true(c.until_ms - now > 7 * MINUTE && c.until_ms - now <= 10 * MINUTE);
}

/* ---- a service as a whole ------------------------------------------------------------------ */

struct row {
	const char *label;
	struct mms_circuit_state circuit;
	uint64_t last_key;
	enum mms_verdict verdict;
	bool is_probe, is_known;
	int64_t pass_closings;
	bool is_written;
	enum mms_circuit then;
	int64_t failures;
};

#define CLOSED(n)               \
	{                       \
		.failures = (n) \
	}
#define OPEN_FOR(ms)                               \
	{                                          \
		MMS_CIRCUIT_OPEN, 5, 1, NOW + (ms) \
	}
#define TRIED                                        \
	{                                            \
		MMS_CIRCUIT_HALF_OPEN, 5, 1, NOW - 1 \
	}
#define GOOD MMS_VERDICT_GOOD
#define BAD  MMS_VERDICT_BAD
#define NONE MMS_VERDICT_NONE

static const struct row changes[] = {
	{ "another fails", CLOSED(1), 8, BAD, false, true, 3, true, MMS_CIRCUIT_CLOSED, 2 },
	{ "the same again", CLOSED(1), 7, BAD, false, true, 3, false, MMS_CIRCUIT_CLOSED, 1 },
	{ "the first", CLOSED(0), 7, BAD, false, true, 3, true, MMS_CIRCUIT_CLOSED, 1 },
	{ "one too many", CLOSED(4), 8, BAD, false, true, 3, true, MMS_CIRCUIT_OPEN, 5 },
	{ "late: one went well since", CLOSED(4), 8, BAD, false, true, 2, false,
	  MMS_CIRCUIT_CLOSED, 4 },
	{ "of nobody knew then", CLOSED(4), 8, BAD, false, false, 0, true, MMS_CIRCUIT_OPEN,
	  5 },
	{ "well, and all was", CLOSED(0), 0, GOOD, false, true, 3, false, MMS_CIRCUIT_CLOSED,
	  0 },
	{ "well after failures", CLOSED(3), 8, GOOD, false, true, 3, true, MMS_CIRCUIT_CLOSED,
	  0 },
	{ "nothing said", CLOSED(3), 8, NONE, false, true, 3, false, MMS_CIRCUIT_CLOSED, 3 },
	{ "open, late failure", OPEN_FOR(MINUTE), 8, BAD, false, true, 3, false,
	  MMS_CIRCUIT_OPEN, 5 },
	{ "open, by name, well", OPEN_FOR(MINUTE), 8, GOOD, false, true, 3, true,
	  MMS_CIRCUIT_CLOSED, 0 },
	{ "due, by name, fails", OPEN_FOR(-1), 8, BAD, false, true, 3, true, MMS_CIRCUIT_OPEN,
	  6 },
	{ "tried, fails", TRIED, 8, BAD, true, true, 3, true, MMS_CIRCUIT_OPEN, 6 },
	{ "tried, well", TRIED, 8, GOOD, true, true, 3, true, MMS_CIRCUIT_CLOSED, 0 },
	{ "tried, nothing said", TRIED, 8, NONE, true, true, 3, true, MMS_CIRCUIT_HALF_OPEN,
	  5 },
	{ "tried by another, fails", TRIED, 8, BAD, false, true, 3, false,
	  MMS_CIRCUIT_HALF_OPEN, 5 },
	{ "tried by another, well", TRIED, 8, GOOD, false, true, 3, true, MMS_CIRCUIT_CLOSED,
	  0 },
	{ "tried by another, nothing", TRIED, 8, NONE, false, true, 3, false,
	  MMS_CIRCUIT_HALF_OPEN, 5 },
};

static void
what_became_of_one_changes_what_is_known_of_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(changes); i++) {
		const struct row *r = &changes[i];
		const struct mms_pass pass = { .is_probe = r->is_probe,
					       .is_known = r->is_known,
					       .closings = r->pass_closings };
		const struct mms_circuit_change change = { .verdict = r->verdict,
							   .pass = &pass,
							   .key = 7,
							   .now_ms = NOW,
							   .rules = { 5, DAY } };
		struct mms_circuit_row row = { .circuit = r->circuit,
					       .last_key = r->last_key,
					       .closings = 3 };

		bool is_written = mms_circuit_change_row(&change, &row);
		if (is_written != r->is_written ||
		    mms_circuit_at(&row.circuit, NOW) != r->then ||
		    row.circuit.failures != r->failures)
			fail_msg("%s: %d %s %lld", r->label, is_written,
				 mms_circuit_name(mms_circuit_at(&row.circuit, NOW)),
				 (long long)row.circuit.failures);
		assert_int_equal(row.closings, r->verdict == GOOD && is_written ? 4 : 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_counts_against_whom_it_is_of),
		cmocka_unit_test(an_answers_status_says_whose_doing_it_is),
		cmocka_unit_test(pauses_double_up_to_the_longest_and_are_spread),
		cmocka_unit_test(it_opens_at_its_threshold_and_for_longer_each_time),
		cmocka_unit_test(what_became_of_one_changes_what_is_known_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
