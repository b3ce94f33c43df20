/* frappe: a configuration is read as it stands, or not at all. */
#include "support/unit.h"

#include <stdio.h>

#include "mmsync/fault.h"
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_nothing_is_read_differently),
	};

	mms_site_setup();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
