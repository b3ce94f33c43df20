/* What calendars write in place of an IANA name. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/fault.h"
#include "mmsync/zone.h"

static int
open_zones(void **state)
{
	MMS_AUTO(mms_err) err = { 0 };

	return mms_zones_new((struct mms_zones **)state, &err) == MMS_OK ? 0 : -1;
}

static int
close_zones(void **state)
{
	mms_zones_free(*state);
	return 0;
}

static const struct {
	const char *tzid, *want; /* NULL: unknown */
} rows[] = {
	{ "Europe/Berlin", "Europe/Berlin" },
	{ "europe/berlin", "Europe/Berlin" },
	{ "  Europe/Berlin ", "Europe/Berlin" },
	{ "TZID=Europe/Berlin", "Europe/Berlin" },
	/* Windows */
	{ "W. Europe Standard Time", "Europe/Berlin" },
	{ "Eastern Standard Time", "America/New_York" },
	{ "Pacific Standard Time:", "America/Los_Angeles" },
	{ "Romance Standard Time", "Europe/Paris" },
	{ "SA Pacific Standard Time", "America/Bogota" },
	{ "Eastern Standard Time (Mexico)", "America/Cancun" },
	{ "W. Europe Daylight Time", "Europe/Berlin" },
	{ "GMT Summer Time", "Europe/London" },
	{ "W. Europe", "Europe/Berlin" },
	{ "Eastern", "America/New_York" },
	{ "UTC-11", "Etc/GMT+11" },
	/* Display names of Outlook, of many years and some languages */
	{ "(UTC-05:00) Eastern Time (US & Canada)", "America/New_York" },
	{ "(GMT-05:00) Eastern Time (US & Canada)", "America/New_York" },
	{ "Eastern Time (US & Canada)", "America/New_York" },
	{ "(UTC-05:00) Eastern Time (US and Canada)", "America/New_York" },
	{ "(GMT-08:00) Pacific Time (US and Canada); Tijuana", "America/Los_Angeles" },
	{ "(GMT-08:00) Pacific Time (US & Canada); Tijuana", "America/Los_Angeles" },
	{ "(UTC-03:00) Saint Pierre and Miquelon", "America/Miquelon" },
	{ "(UTC-05:00) Turks and Caicos", "America/Grand_Turk" },
	{ "(UTC-01:00) Cape Verde Islands", "Atlantic/Cape_Verde" },
	{ "(UTC+04:00) Port Louis", "Indian/Mauritius" },
	{ "land and", NULL },
	{ "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam" },
	{ "(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna",
	  "Europe/Amsterdam" },
	{ "(UTC+01:00) Belgrad, Bratislava (Pressburg), Budapest, Ljubljana, Prag",
	  "Europe/Bratislava" },
	{ "(UTC-07:00) La Paz, Mazatlan", "America/Mazatlan" },
	{ "(UTC-04:00) Georgetown, La Paz, Manaus, San Juan", "America/La_Paz" },
	{ "(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", "Asia/Kolkata" },
	{ "(UTC+02:00) Istanbul", "Asia/Istanbul" },
	{ "(UTC+03:00) Moscow, St. Petersburg", "Europe/Moscow" },
	{ "(UTC) Coordinated Universal Time", "Etc/UTC" },
	{ "(UTC)", "UTC" },
	{ "(UTC+00:00) Dublin, Edinburgh, Lisbon, London", "Europe/Dublin" },
	{ "(GMT) Greenwich Mean Time : Dublin, Edinburgh, Lisbon, London", "Europe/London" },
	{ "(UTC+10:00) Canberra, Melbourne, Sydney", "Australia/Canberra" },
	{ "(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", "Asia/Shanghai" },
	/* Prefixes of vendors */
	{ "/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin" },
	{ "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin" },
	{ "/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York" },
	{ "/mozilla.org/20050126_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia" },
	{ "/citadel.org/20210210_1/Europe/London", "Europe/London" },
	/* Other spellings */
	{ "US-Eastern", "US/Eastern" },
	{ "US-Pacific", "US/Pacific" },
	{ "America-New_York", "America/New_York" },
	{ "America/New York", "America/New_York" },
	{ "tzone://Microsoft/Utc", "UTC" },
	{ "PST", "America/Los_Angeles" },
	{ "CEST", "CET" },
	/* What nobody can know */
	{ "tzone://Microsoft/Custom", NULL },
	{ "Customized Time Zone", NULL },
	{ "LOLOLOL", NULL },
	{ "Europe/Germany", NULL },
	{ "GMT-05.00/-04.00", NULL },
	{ "(UTC+09:00) Amsterdam", NULL },
	{ "(UTC+99:00) Amsterdam", NULL },
	{ "../../etc/passwd", NULL },
	{ "//", NULL },
	{ "(", NULL },
	{ "(UTC", NULL },
	{ "", NULL },
	{ "\xC3\xA4\xC3\xB6", NULL },
};

/* In a process of its own: ICU remembers that it once had no memory. */
static int
guess_with_fault(unsigned long n)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_zones *zones = NULL;
	char text[64], out[64];

	unsigned long at = mms_fault_count(MMS_FAULT_ALLOC) + n;
	(void)snprintf(text, sizeof text, "alloc:%lu", at);
	if (!mms_fault_arm_text(text))
		return 3;
	mms_rc rc = mms_zones_new(&zones, &err);
	if (rc == MMS_OK)
		rc = mms_zone_guess_name(zones, "W. Europe Standard Time", out, sizeof out,
					 &err);
	bool is_right = rc == MMS_OK ? strcmp(out, "Europe/Berlin") == 0 : rc == MMS_E_NOMEM;
	if (!is_right)
		return 2;
	return mms_fault_count(MMS_FAULT_ALLOC) < at;
}

static void
memory_that_runs_short_is_no_unknown_name(void **state)
{
	int status = 0;
	unsigned long n = 0;

	(void)state;
	while (n < 5000 && WEXITSTATUS(status) == 0) {
		n++;
		pid_t pid = fork();
		if (pid == 0)
			_exit(guess_with_fault(n));
		assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	}
	if (WEXITSTATUS(status) == 3)
		skip();
	if (WEXITSTATUS(status) != 1 || n < 10)
		fail_msg("allocation %lu: %d", n, WEXITSTATUS(status));
}

static void
names_of_vendors_become_names_of_the_tz_database(void **state)
{
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char out[64] = "";
		MMS_AUTO(mms_err) err = { 0 };
		mms_rc rc = mms_zone_guess_name(*state, rows[i].tzid, out, sizeof out, &err);
		bool is_known = rc == MMS_OK;

		if (rc != (rows[i].want != NULL ? MMS_OK : MMS_E_GONE) ||
		    (is_known && strcmp(out, rows[i].want) != 0))
			fail_msg("'%s' became '%s'", rows[i].tzid, out);
	}
}

static void
a_name_that_does_not_fit_is_unknown(void **state)
{
	char out[8];
	char longest[4000];
	MMS_AUTO(mms_err) err = { 0 };

	assert_int_equal(mms_zone_guess_name(*state, "Europe/Berlin", out, sizeof out, &err),
			 MMS_E_GONE);
	memset(longest, 'A', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(mms_zone_guess_name(*state, longest, out, sizeof out, &err),
			 MMS_E_GONE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_that_runs_short_is_no_unknown_name),
		cmocka_unit_test(names_of_vendors_become_names_of_the_tz_database),
		cmocka_unit_test(a_name_that_does_not_fit_is_unknown),
	};

	return cmocka_run_group_tests(tests, open_zones, close_zones);
}
