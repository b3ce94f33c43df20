/* base, frappe: without memory a thing is done right or not at all, also where a library is careless. */
#include "support/unit.h"

#include <stdio.h>

#include "mmsync/fault.h"
#include "mmsync/json.h"
#include "mmsync/site.h"

static const char *
no_env(void *aux, const char *name)
{
	(void)aux;
	(void)name;
	return NULL;
}

/* A key that lost a letter for want of memory would be a switch that is off. */
static void
without_memory_nothing_is_read_differently(void **state)
{
	static const char text[] =
		"{\"maintenance_mode\": 1, \"db_name\": \"d\","
		" \"db_password\": \"longer than a buffer\", \"pause_scheduler\": 1,"
		" \"mmsync\": {\"event_time_zone\": \"Europe/Berlin\", \"batch_rows\": 77}}";
	const struct mms_site_text common = { "common", NULL, 0 },
				   own = { "own", text, sizeof text - 1 };
	unsigned n_read = 0;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (unsigned long n = 1; n_read < 5; n++) {
		MMS_AUTO(mms_site) site = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 1000);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = mms_site_parse(&common, &own, no_env, NULL, &site, NULL, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		if (rc != MMS_OK) {
			assert_int_equal(rc, MMS_E_NOMEM);
			continue;
		}
		n_read++;
		assert_true(site.is_in_maintenance && site.is_scheduler_paused);
		assert_string_equal(site.db.password, "longer than a buffer");
		assert_string_equal(site.config.event_time_zone, "Europe/Berlin");
		assert_int_equal(site.config.batch_rows, 77);
	}
}

/* libyajl writes to a buffer without a look whether it was given. */
static void
without_memory_json_is_refused_or_whole(void **state)
{
	unsigned n_whole = 0;

	(void)state;
	if (!mms_fault_arm_text("alloc:1000000000"))
		skip();
	for (unsigned long n = 1; n_whole < 3; n++) {
		MMS_AUTO(mms_str) out = { 0 };
		MMS_AUTO(mms_json) j = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		char fault[64];

		assert_true(n < 100);
		(void)snprintf(fault, sizeof fault, "alloc:%lu",
			       mms_fault_count(MMS_FAULT_ALLOC) + n);
		assert_true(mms_fault_arm_text(fault));
		mms_rc rc = mms_json_open_str(&j, &out, false, &err);
		if (rc == MMS_OK) {
			mms_json_map(&j);
			mms_json_put_text(&j, "a", "a text that is longer than a first piece");
			mms_json_map_end(&j);
			mms_json_done(&j);
			rc = mms_json_check(&j, &err);
		}
		if (rc == MMS_OK)
			rc = mms_str_check(&out, &err);
		(void)mms_fault_arm_text("alloc:1000000000");
		if (rc != MMS_OK) {
			assert_int_equal(rc, MMS_E_NOMEM);
			continue;
		}
		n_whole++;
		assert_string_equal(mms_str_get(&out),
				    "{\"a\":\"a text that is longer than a first piece\"}\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_read_differently),
		cmocka_unit_test(without_memory_json_is_refused_or_whole),
	};

	mms_site_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
