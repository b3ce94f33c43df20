/*
 * How fast a feed becomes events, and in how much memory: a feed is written to a file, then
 * indexed and expanded over 120 days, several times.
 *
 *     feed_bench [EVENTS [SERIES [ROUNDS]]]     default 5000 500 9
 *
 * Prints one line: events, series, MB, occurrences, ms (best and median), MiB over baseline.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "mmsync/attr.h"
#include "mmsync/clock.h"
#include "mmsync/feed.h"
#include "mmsync/timetext.h"

#define FROM_MS INT64_C(1767225600000) /* 2026-01-01 */
#define DAYS    120

/* About 980 bytes an event, as real feeds of teams have them. */
static void
write_event(FILE *file, size_t i, size_t series, size_t events)
{
	bool is_series = series > 0 && i % (events / series) == 0;
	int day = (int)(i % 28) + 1, month = (int)(i / 28 % 4) + 1, hour = (int)(i % 9) + 8;

	fprintf(file,
		"BEGIN:VEVENT\r\n"
		"DTSTART;TZID=Europe/Berlin:%04d%02d%02dT%02d0000\r\n"
		"DTEND;TZID=Europe/Berlin:%04d%02d%02dT%02d4500\r\n",
		is_series ? 2024 : 2026, month, day, hour, is_series ? 2024 : 2026, month, day,
		hour);
	if (is_series)
		fprintf(file, "RRULE:FREQ=WEEKLY\r\n"
			      "EXDATE;TZID=Europe/Berlin:20260302T090000\r\n");
	fprintf(file,
		"DTSTAMP:20260101T000000Z\r\n"
		"UID:%08zx-7a61-4c1e-9d1a-2f8e3c7b4a10@calendar.example.com\r\n"
		"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN="
		"Person\r\n"
		"  Number %zu;X-NUM-GUESTS=0:mailto:person%zu@example.com\r\n"
		"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;CN="
		"So\r\n"
		" mebody Else;X-NUM-GUESTS=0:mailto:somebody.else@example.org\r\n"
		"ORGANIZER;CN=The Team:mailto:team@example.com\r\n"
		"CREATED:20251201T101112Z\r\n"
		"DESCRIPTION:Weekly look at what is open\\, what is done\\, and what stands in "
		"t\r\n"
		" he way.\\n\\nAgenda: "
		"https://wiki.example.com/teams/alpha/meetings/%08zx\\nPle\r\n"
		" ase add your points before the meeting; whoever cannot come says so "
		"here.\\\r\n"
		" n\\nJoin: https://video.example.com/room/%08zx?pwd=none&from=calendar\r\n"
		"LAST-MODIFIED:20251215T081530Z\r\n"
		"LOCATION:Room %zu\\, second floor\r\n"
		"SEQUENCE:%zu\r\n"
		"STATUS:CONFIRMED\r\n"
		"SUMMARY:Meeting number %zu of the team\r\n"
		"TRANSP:OPAQUE\r\n"
		"END:VEVENT\r\n",
		i, i % 97, i % 97, i, i, i % 40, i % 5, i);
}

static int
write_feed(size_t events, size_t series, int64_t *bytes)
{
	char path[] = "/tmp/mmsync-feed-bench-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fd >= 0 ? fdopen(dup(fd), "w") : NULL;

	if (file == NULL)
		return -1;
	unlink(path);
	fputs("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mmsync//bench//EN\r\n"
	      "X-WR-TIMEZONE:Europe/Berlin\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n"
	      "BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n"
	      "DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
	      "END:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
	      "TZNAME:CET\r\nDTSTART:19701025T030000\r\n"
	      "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
	      file);
	for (size_t i = 0; i < events; i++)
		write_event(file, i, series, events);
	fputs("END:VCALENDAR\r\n", file);
	*bytes = ftell(file);
	return fclose(file) == 0 ? fd : -1;
}

static long
peak_kib(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

/* One pass over the feed. Returns the occurrences, -1 when something is wrong. */
static long
read_feed(int fd, struct mms_zones *zones)
{
	struct mms_feed_options options = { .zones = zones,
					    .from_ms = FROM_MS,
					    .to_ms = FROM_MS + DAYS * MMS_DAY_MS };
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_feed *feed = NULL;
	bool has = true;
	long n = 0;

	mms_rc rc = mms_feed_open(&feed, fd, &options, &err);
	while (rc == MMS_OK) {
		struct mms_event event;
		rc = mms_feed_next(feed, &event, &has, &err);
		if (rc != MMS_OK || !has)
			break;
		n += event.problem == NULL;
		mms_event_release(&event);
	}
	mms_feed_free(feed);
	return rc == MMS_OK ? n : -1;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t
number(int argc, char **argv, int i, size_t otherwise)
{
	return argc > i ? (size_t)strtoul(argv[i], NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	size_t events = number(argc, argv, 1, 5000), series = number(argc, argv, 2, 500);
	size_t rounds = number(argc, argv, 3, 9);
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_zones *zones = NULL;
	double times[64];
	int64_t bytes = 0;
	long n = 0;

	int fd = write_feed(events, series, &bytes);
	if (fd < 0 || rounds == 0 || rounds > 64 || mms_zones_new(&zones, &err) != MMS_OK)
		return 2;
	long base = peak_kib();
	for (size_t i = 0; i < rounds; i++) {
		struct timespec a, b;
		clock_gettime(CLOCK_MONOTONIC, &a);
		n = read_feed(fd, zones);
		clock_gettime(CLOCK_MONOTONIC, &b);
		times[i] = (double)(b.tv_sec - a.tv_sec) * 1e3 +
			   (double)(b.tv_nsec - a.tv_nsec) / 1e6;
		if (n < 0)
			return 1;
	}
	qsort(times, rounds, sizeof *times, compare);
	printf("events %zu series %zu MB %.1f occurrences %ld best_ms %.1f median_ms %.1f "
	       "rss_over_base_mib %.1f base_mib %.1f\n",
	       events, series, (double)bytes / 1e6, n, times[0], times[rounds / 2],
	       (double)(peak_kib() - base) / 1024, (double)base / 1024);
	mms_zones_free(zones);
	close(fd);
	return 0;
}
