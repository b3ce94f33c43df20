/* Time zones: TZif, the tz database by name, zones that are made, walls and instants. */
#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/tzif.h"
#include "mmsync/zone.h"

static int64_t
ms(const char *text)
{
	MMS_AUTO(mms_err) err = { 0 };
	int64_t out = 0;

	assert_int_equal(mms_time_parse(text, strlen(text), &out, &err), MMS_OK);
	return out;
}

static int64_t
wall(const char *text)
{
	int64_t out = 0;

	assert_true(mms_wall_parse(text, strlen(text), &out));
	return out;
}

static const struct mms_zone *
zone_of(struct mms_zones *zones, const char *name)
{
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_zone *zone = NULL;

	if (mms_zones_find(zones, name, &zone, &err) != MMS_OK)
		fail_msg("zone '%s': %s", name, mms_err_text(&err));
	return zone;
}

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

static int64_t
number(char **at)
{
	char *end;
	long long n = strtoll(*at, &end, 10);

	assert_true(end != *at);
	*at = end;
	return n;
}

/* What of a line differs from the file; "" for nothing. */
struct difference {
	char text[160];
};

static void
check_change(const struct mms_zone *zone, const char *name, char **at, struct difference *out)
{
	int64_t t = number(at), before = number(at), after = number(at);

	if (mms_zone_offset_at(zone, t * 1000 - 1) != before ||
	    mms_zone_offset_at(zone, t * 1000 - 1000) != before ||
	    mms_zone_offset_at(zone, t * 1000) != after ||
	    mms_zone_offset_at(zone, t * 1000 + 1000) != after)
		(void)snprintf(out->text, sizeof out->text, "%s around %lld", name,
			       (long long)t);
}

/* "o ZONE T OFF ..." and "c ZONE T BEFORE AFTER WALL UTC ..." */
static struct difference
check_line(struct mms_zones *zones, char *line, size_t *checked)
{
	struct difference found = { "" };
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_zone *zone;
	char *name = line + 2, *at = strchr(name, ' ');

	assert_non_null(at);
	*at++ = '\0';
	if (mms_zones_find(zones, name, &zone, &err) != MMS_OK) {
		(void)snprintf(found.text, sizeof found.text, "zone '%s': %s", name,
			       mms_err_text(&err));
		return found;
	}
	if (line[0] == 'c')
		check_change(zone, name, &at, &found);
	while (*at != '\0' && *at != '\n') {
		int64_t from = number(&at), to = number(&at);
		if (line[0] == 'o' && mms_zone_offset_at(zone, from * 1000) != to)
			(void)snprintf(found.text, sizeof found.text, "%s at %lld: %d", name,
				       (long long)from, mms_zone_offset_at(zone, from * 1000));
		if (line[0] == 'c' && mms_zone_to_utc(zone, from * 1000000) != to * 1000)
			(void)snprintf(found.text, sizeof found.text,
				       "%s wall %lld: %lld, not %lld", name, (long long)from,
				       (long long)mms_zone_to_utc(zone, from * 1000000) / 1000,
				       (long long)to);
		++*checked;
	}
	return found;
}

/* Does the machine have the release of the tz database of which the file was made? */
static bool
has_release(const char *head)
{
	char line[64] = "", want[16] = "";
	FILE *file = fopen("/usr/share/zoneinfo/tzdata.zi", "re");
	const char *at = strstr(head, "tzdata ");

	if (at != NULL)
		(void)snprintf(want, sizeof want, "%.*s", (int)strcspn(at + 7, ", "), at + 7);
	bool has_line = file != NULL && fgets(line, sizeof line, file) != NULL;
	if (file != NULL)
		(void)fclose(file);
	return has_line && want[0] != '\0' && strstr(line, want) != NULL;
}

static void
every_zone_agrees_with_an_independent_reader(void **state)
{
	/* Releases correct the past, too: of another one a few lines in 2,000 may differ. */
	enum { OTHER_RELEASE_MAX = 40 };
	FILE *file = fopen("fixtures/zones/offsets.txt", "re");
	struct difference first = { "" };
	size_t cap = 0, checked = 0, n_differ = 0;
	bool is_same = false;
	char *line = NULL;

	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		if (line[0] == '#') {
			is_same = is_same || has_release(line);
			continue;
		}
		struct difference found = check_line(*state, line, &checked);
		if (found.text[0] != '\0' && n_differ++ == 0)
			first = found;
	}
	free(line);
	fclose(file);
	assert_true(checked > 10000);
	if (n_differ > 0)
		printf("# %zu lines differ, the first: %s%s\n", n_differ, first.text,
		       is_same ? "" : " (another release of the tz database)");
	assert_true(n_differ <= (is_same ? 0 : OTHER_RELEASE_MAX));
}

static size_t
unhex(const char *text, size_t len, unsigned char *out)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		char pair[3] = { text[i], text[i + 1], '\0' };
		out[i / 2] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return len / 2;
}

static void
footers_hold_for_ever(void **state)
{
	FILE *file = fopen("fixtures/zones/footers.txt", "re");
	char *line = NULL;
	size_t cap = 0, checked = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &cap, file) > 0) {
		unsigned char bytes[512];
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_zone *zone = NULL;

		if (line[0] == '#')
			continue;
		char *hex = strchr(line, ' ') + 1, *at = strchr(hex, ' ');
		assert_true(at - hex < 1024);
		size_t n = unhex(hex, (size_t)(at - hex), bytes);
		if (mms_tzif_parse("X", bytes, n, &zone, &err) != MMS_OK)
			fail_msg("%.30s: %s", line, mms_err_text(&err));
		while (*at != '\0' && *at != '\n') {
			int64_t t = number(&at), want = number(&at);
			if (mms_zone_offset_at(zone, t * 1000) != want)
				fail_msg("%.30s at %lld: %d, not %lld", line, (long long)t,
					 mms_zone_offset_at(zone, t * 1000), (long long)want);
			checked++;
		}
		mms_zone_free(zone);
	}
	free(line);
	fclose(file);
	assert_true(checked > 700);
}

static void
rules_of_footers_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		bool is_rule;
		int year;
		const char *start, *end; /* NULL: no daylight time */
	} rows[] = {
		{ "UTC0", true, 0, NULL, NULL },
		{ "<-03>3", true, 0, NULL, NULL },
		/* Day 59 counted from 0 is 1 March, 29 February in a leap year. */
		{ "XXX0YYY,59,J60/0", true, 2023, "2023-03-01T02:00:00Z",
		  "2023-02-28T23:00:00Z" },
		{ "XXX0YYY,59,J60/0", true, 2024, "2024-02-29T02:00:00Z",
		  "2024-02-29T23:00:00Z" },
		{ "XXX0YYY,M2.5.4,M12.5.0/167:59:59", true, 2024, "2024-02-29T02:00:00Z",
		  "2025-01-04T22:59:59Z" },
		{ "XXX0YYY,M2.5.4/-167,M12.5.0", true, 2023, "2023-02-16T01:00:00Z",
		  "2023-12-31T01:00:00Z" },
		{ "XX0", false, 0, NULL, NULL },
		{ "<X>0", false, 0, NULL, NULL },
		{ "XXX", false, 0, NULL, NULL },
		{ "XXX25", false, 0, NULL, NULL },
		{ "XXX0YYY", false, 0, NULL, NULL },
		{ "XXX0YYY,M13.1.0,M1.1.0", false, 0, NULL, NULL },
		{ "XXX0YYY,M1.6.0,M1.1.0", false, 0, NULL, NULL },
		{ "XXX0YYY,J0,J1", false, 0, NULL, NULL },
		{ "XXX0YYY,1", false, 0, NULL, NULL },
		{ "XXX0YYY,1,2,3", false, 0, NULL, NULL },
		{ "XXX0YYY,1/168,2", false, 0, NULL, NULL },
		{ "XXX99999999999999", false, 0, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		struct mms_tz_rule rule;
		int64_t start, end;
		bool is_rule = mms_tz_rule_parse(rows[i].text, strlen(rows[i].text), &rule);

		if (is_rule != rows[i].is_rule ||
		    (is_rule && rule.has_daylight != (rows[i].start != NULL)))
			fail_msg("'%s'", rows[i].text);
		if (rows[i].start == NULL)
			continue;
		mms_tz_rule_year(&rule, rows[i].year, &start, &end);
		if (start * 1000 != ms(rows[i].start) || end * 1000 != ms(rows[i].end))
			fail_msg("'%s' in %d: %lld %lld", rows[i].text, rows[i].year,
				 (long long)start, (long long)end);
	}
}

static void
times_that_do_not_exist_or_exist_twice_are_read_as_the_rfc_says(void **state)
{
	static const struct {
		const char *zone, *wall, *utc;
	} rows[] = {
		{ "America/New_York", "2025-03-09 01:59:59", "2025-03-09T06:59:59Z" },
		{ "America/New_York", "2025-03-09 02:30:00", "2025-03-09T07:30:00Z" },
		{ "America/New_York", "2025-03-09 03:00:00", "2025-03-09T07:00:00Z" },
		{ "America/New_York", "2025-11-02 01:30:00", "2025-11-02T05:30:00Z" },
		{ "America/New_York", "2025-11-02 02:00:00", "2025-11-02T07:00:00Z" },
		{ "Europe/Berlin", "2024-10-27 02:00:00", "2024-10-27T00:00:00Z" },
		{ "Europe/Berlin", "2024-10-27 03:00:00", "2024-10-27T02:00:00Z" },
		/* A whole day that Samoa left out. */
		{ "Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z" },
		{ "Pacific/Apia", "2011-12-31 00:00:00", "2011-12-30T10:00:00Z" },
		/* Midnight itself is skipped. */
		{ "America/Sao_Paulo", "2017-10-15 00:00:00", "2017-10-15T03:00:00Z" },
		{ "UTC", "0001-01-01 00:00:00", "0001-01-01T00:00:00Z" },
		{ "Asia/Kolkata", "9999-12-31 23:59:59.999", "9999-12-31T18:29:59.999Z" },
		{ "Europe/Berlin", "9999-07-01 12:00:00", "9999-07-01T10:00:00Z" },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		const struct mms_zone *zone = zone_of(*state, rows[i].zone);
		char buf[MMS_TIME_TEXT_MAX];
		int64_t got = mms_zone_to_utc(zone, wall(rows[i].wall));

		if (got != ms(rows[i].utc))
			fail_msg("%s %s: %s", rows[i].zone, rows[i].wall,
				 mms_time_print(got, buf));
	}
}

static void
days_begin_where_their_zone_says(void **state)
{
	int64_t day = mms_days_from_civil(2017, 10, 15);

	assert_int_equal(mms_zone_day_start(zone_of(*state, "America/Sao_Paulo"), day),
			 ms("2017-10-15T03:00:00Z"));
	assert_int_equal(mms_zone_day_start(mms_zone_utc(), day), ms("2017-10-15T00:00:00Z"));
	assert_int_equal(
		mms_zone_to_wall(zone_of(*state, "Asia/Tokyo"), ms("1969-12-31T15:30:00Z")),
		wall("1970-01-01 00:30:00"));
}

static void
names_are_found_in_any_case_and_only_names(void **state)
{
	static const struct {
		const char *name, *want; /* NULL: there is none */
	} rows[] = {
		{ "europe/berlin", "Europe/Berlin" },
		{ "AMERICA/ARGENTINA/BUENOS_AIRES", "America/Argentina/Buenos_Aires" },
		{ "Etc/GMT+5", "Etc/GMT+5" },
		{ "utc", "UTC" },
		{ "EST5EDT", "EST5EDT" },
		{ "Europe/Atlantis", NULL },
		{ "America", NULL },
		{ "", NULL },
		{ "/", NULL },
		{ "../../../../etc/passwd", NULL },
		{ "Europe/../Europe/Berlin", NULL },
		{ "/usr/share/zoneinfo/Europe/Berlin", NULL },
		{ "Europe//Berlin", NULL },
		{ "Europe/Berlin/", NULL },
		{ "tzdata.zi", NULL },
		{ "zone.tab", NULL },
		{ "posixrules", NULL },
		{ "localtime", NULL },
		{ "posix/Europe/Berlin", NULL },
		{ "right/Europe/Berlin", NULL },
		{ "leapseconds", NULL },
		{ "Europe/Berlin\n", NULL },
		{ "A/B/C/D", NULL },
		{ "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "a",
		  NULL },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		const struct mms_zone *zone = NULL;
		mms_rc rc = mms_zones_find(*state, rows[i].name, &zone, &err);

		if (rc != (rows[i].want != NULL ? MMS_OK : MMS_E_GONE))
			fail_msg("'%s': %s", rows[i].name, mms_rc_name(rc));
		if (zone != NULL && strcasecmp(mms_zone_name(zone), rows[i].want) != 0)
			fail_msg("'%s' is named %s", rows[i].name, mms_zone_name(zone));
	}
	assert_ptr_equal(zone_of(*state, "Asia/Tokyo"), zone_of(*state, "asia/tokyo"));
}

static void
cities_are_found(void **state)
{
	static const struct {
		const char *city, *want; /* NULL: there is none */
	} rows[] = {
		{ "New York", "America/New_York" },
		{ "budapest", "Europe/Budapest" },
		{ "Atlantis", NULL },
		{ "GMT", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		const char *name = NULL;
		mms_rc rc = mms_zones_find_city(*state, rows[i].city, &name, &err);
		if (rc != (rows[i].want != NULL ? MMS_OK : MMS_E_GONE) ||
		    (name != NULL && strcmp(name, rows[i].want) != 0))
			fail_msg("'%s': %s %s", rows[i].city, mms_rc_name(rc),
				 name != NULL ? name : "");
	}
}

static void
made_zones_change_when_they_are_told(void **state)
{
	static const struct mms_zone_change changes[] = {
		{ 1000000, 7200 },
		{ 2000000, -3600 },
	};
	struct mms_zone_change next;
	struct mms_zone *zone = NULL;
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_zone_make("Custom", 3600, changes, 2, &zone, &err), MMS_OK);
	assert_string_equal(mms_zone_name(zone), "Custom");
	assert_int_equal(mms_zone_offset_at(zone, 999999), 3600);
	assert_int_equal(mms_zone_offset_at(zone, 1000000), 7200);
	assert_int_equal(mms_zone_offset_at(zone, INT64_C(200000000000000)), -3600);
	assert_true(mms_zone_next_change(zone, INT64_MIN / 2, &next));
	assert_int_equal(next.at_ms, 1000000);
	assert_true(mms_zone_next_change(zone, 1000000, &next));
	assert_int_equal(next.offset, -3600);
	assert_false(mms_zone_next_change(zone, 2000000, &next));
	mms_zone_free(zone);
	mms_zone_free(NULL);
}

/* A small sound file that the rows below damage. */
static const unsigned char sound[] =
	"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
	"\0\0\0\0\0\0UTC\0"
	"TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\4"
	"\0\0\0\0\0\0\0\1\1"
	"\0\0\0\0\0\0\0\0\016\020\0\0UTC\0"
	"\nCET-1\n";

static void
damaged_files_are_refused(void **state)
{
	static const struct {
		const char *label;
		size_t at;
		unsigned char byte;
		size_t len; /* 0: whole */
	} rows[] = {
		{ "sound", 0, 'T', 0 },
		{ "magic", 0, 'X', 0 },
		{ "second magic", 54, 'X', 0 },
		{ "times beyond the end", 54 + 34, 1, 0 },
		{ "types beyond the end", 54 + 38, 200, 0 },
		{ "no type", 54 + 39, 0, 0 },
		{ "leap seconds that are not there", 54 + 31, 1, 0 },
		{ "a type index too high", 54 + 44 + 8, 2, 0 },
		{ "an offset of years", 54 + 44 + 9, 1, 0 },
		{ "no footer", 0, 'T', 54 + 44 + 9 + 12 + 4 },
		{ "a footer without end", 0, 'T', sizeof sound - 2 },
		{ "a footer that is no rule", sizeof sound - 4, '!', 0 },
		{ "empty", 0, 'T', 1 },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		unsigned char bytes[sizeof sound];
		struct mms_zone *zone = NULL;
		MMS_AUTO(mms_err) err = { 0 };

		memcpy(bytes, sound, sizeof sound);
		bytes[rows[i].at] = rows[i].byte;
		mms_rc rc = mms_tzif_parse("X", bytes,
					   rows[i].len > 0 ? rows[i].len : sizeof sound - 1,
					   &zone, &err);
		if (rc != (i == 0 ? MMS_OK : MMS_E_ITEM))
			fail_msg("row '%s': %s", rows[i].label, mms_rc_name(rc));
		mms_zone_free(zone);
	}
}

static void
a_missing_or_damaged_database_is_a_setting_to_mend(void **state)
{
	char folder[] = "/tmp/mmsync-zones-XXXXXX", path[64];
	struct mms_zones *zones = NULL;
	const struct mms_zone *zone = NULL;
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_zones_new_in("/nonexistent", &zones, &err), MMS_OK);
	assert_int_equal(mms_zones_find(zones, "Europe/Berlin", &zone, &err), MMS_E_CONFIG);
	assert_non_null(strstr(mms_err_hint(&err), "tzdata"));
	mms_zones_free(zones);

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/Broken", folder);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs("TZif but no more", file);
	fclose(file);
	assert_int_equal(mms_zones_new_in(folder, &zones, &err), MMS_OK);
	assert_int_equal(mms_zones_find(zones, "Broken", &zone, &err), MMS_E_CONFIG);
	assert_int_equal(mms_zones_find(zones, "Other", &zone, &err), MMS_E_GONE);
	mms_zones_free(zones);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_zone_agrees_with_an_independent_reader),
		cmocka_unit_test(footers_hold_for_ever),
		cmocka_unit_test(rules_of_footers_are_taken_apart),
		cmocka_unit_test(
			times_that_do_not_exist_or_exist_twice_are_read_as_the_rfc_says),
		cmocka_unit_test(days_begin_where_their_zone_says),
		cmocka_unit_test(names_are_found_in_any_case_and_only_names),
		cmocka_unit_test(cities_are_found),
		cmocka_unit_test(made_zones_change_when_they_are_told),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(a_missing_or_damaged_database_is_a_setting_to_mend),
	};

	return cmocka_run_group_tests(tests, open_zones, close_zones);
}
