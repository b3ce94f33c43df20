/* Feeds made to measure: arithmetic only, the same bytes each time (see the header). */
#include "bench.h"

#include <string.h>
#include <unistd.h>

#include "mmsync/timetext.h"

#define ZONE "Europe/Berlin"

/* A wall time of the feed's zone as iCalendar writes it. */
static void
put_time(FILE *file, const char *name, int64_t wall_us)
{
	struct mms_civil c;

	mms_civil_from_wall(wall_us, &c);
	fprintf(file, "%s;TZID=" ZONE ":%04d%02d%02dT%02d%02d00\r\n", name, c.year, c.month,
		c.day, c.hour, c.minute);
}

#define MINUTE_US INT64_C(60000000)
#define DAY_US    (1440 * MINUTE_US)

/*
 * When event i starts: singles go round the days of the span, in whose middle the window is, each
 * at one of 36 times between 8 and 17; a weekly series begins in the first weeks of 2024 and never ends, one week left out.
 */
static int64_t
put_times(FILE *file, const struct bench_feed *feed, size_t i, bool is_series)
{
	static const struct mms_civil first = { .year = 2024, .month = 1, .day = 1 };
	int64_t from_us = BENCH_NOW_MS * 1000 - BENCH_PAST_DAYS * DAY_US;
	int64_t day = is_series ? (int64_t)(i % 28) : (int64_t)(i * 7 % feed->n_days);
	int64_t before =
		((int64_t)feed->n_days - (BENCH_PAST_DAYS + BENCH_FUTURE_DAYS - 2)) / 2;
	int64_t base_us = is_series ? mms_wall_from_civil(&first)
				    : from_us - from_us % DAY_US + (1 - before) * DAY_US;
	size_t moved =
		i % 2 == 1 ? feed->edition : 0; /* half of them move in another edition */
	int64_t minute = 480 + (int64_t)((i * 11 + moved) % 36) * 15;
	int64_t start_us = base_us + day * DAY_US + minute * MINUTE_US;
	int64_t length_us = (15 + (int64_t)(i % 4) * 15) * MINUTE_US;

	put_time(file, "DTSTART", start_us);
	put_time(file, "DTEND", start_us + length_us);
	if (is_series) {
		fputs("RRULE:FREQ=WEEKLY\r\n", file);
		put_time(file, "EXDATE", start_us + (112 + (int64_t)(i % 12)) * 7 * DAY_US);
	}
	return start_us;
}

static void
put_people(FILE *file, const struct bench_feed *feed, size_t i)
{
	fprintf(file,
		"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=%s;CN=Person Number %zu:mailto:p\r\n"
		" erson%zu@example.com\r\n",
		feed->edition % 2 == 0 ? "ACCEPTED" : "TENTATIVE", i % 97, i % 97);
	if (feed->is_long)
		fputs("ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;"
		      "CN=So\r\n"
		      " mebody Else;X-NUM-GUESTS=0:mailto:somebody.else@example.org\r\n"
		      "ORGANIZER;CN=The Team:mailto:team@example.com\r\n",
		      file);
}

static void
put_texts(FILE *file, const struct bench_feed *feed, size_t i)
{
	if (feed->is_long)
		fprintf(file,
			"DESCRIPTION:Weekly look at what is open\\, what is done\\, and what "
			"stands in t\r\n"
			" he way.\\n\\nAgenda: https://wiki.example.com/teams/alpha/meetings/"
			"%08zx\\nPle\r\n"
			" ase add your points before the meeting\\; whoever cannot come says "
			"so here.\\\r\n"
			" n\\nJoin: "
			"https://video.example.com/room/%08zx?pwd=none&edition=%u\r\n"
			"LOCATION:Room %zu\\, second floor\r\n",
			i, i, feed->edition, i % 40);
	else
		fprintf(file,
			"DESCRIPTION:Agenda: "
			"https://wiki.example.com/meetings/%08zx?edition=%u\r\n"
			"LOCATION:Room %zu\r\n",
			i, feed->edition, i % 40);
	fprintf(file, "SUMMARY:Meeting number %zu of the team%s\r\n", i,
		feed->edition > 0 ? "\\, moved" : "");
}

static void
put_event(FILE *file, const struct bench_feed *feed, size_t i)
{
	size_t every = feed->n_series > 0 ? feed->n_events / feed->n_series : 0;
	bool is_series = every > 0 && i % every == 0 && i / every < feed->n_series;

	fputs("BEGIN:VEVENT\r\n", file);
	(void)put_times(file, feed, i, is_series);
	fprintf(file,
		"DTSTAMP:20260301T000000Z\r\n"
		"UID:%08zx-7a61-4c1e-9d1a-2f8e3c7b4a10@calendar.example.com\r\n",
		i);
	put_people(file, feed, i);
	if (feed->is_long)
		fputs("CREATED:20251201T101112Z\r\n", file);
	fprintf(file, "LAST-MODIFIED:20251215T0815%02uZ\r\n", feed->edition % 60);
	put_texts(file, feed, i);
	fprintf(file, "SEQUENCE:%u\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n",
		feed->edition);
}

size_t
bench_feed_write(const struct bench *b, const char *name, const struct bench_feed *feed)
{
	char path[192];

	(void)snprintf(path, sizeof path, "%s/feeds/%s", b->dir, name);
	FILE *file = fopen(path, "we");
	if (file == NULL)
		bench_die("%s cannot be written", path);
	fputs("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mmsync//bench//EN\r\n"
	      "X-WR-TIMEZONE:" ZONE "\r\nBEGIN:VTIMEZONE\r\nTZID:" ZONE "\r\n"
	      "BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n"
	      "DTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
	      "END:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
	      "TZNAME:CET\r\nDTSTART:19701025T030000\r\n"
	      "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n",
	      file);
	for (size_t i = 0; i < feed->n_events; i++)
		put_event(file, feed, i);
	fputs("END:VCALENDAR\r\n", file);
	long bytes = ftell(file);
	if (fclose(file) != 0 || bytes < 0)
		bench_die("%s cannot be written", path);
	return (size_t)bytes;
}

void
bench_feed_conf(const struct bench *b, const char *name, const char *conf)
{
	char path[192], fresh[200];

	(void)snprintf(path, sizeof path, "%s/feeds/%s.conf", b->dir, name);
	(void)snprintf(fresh, sizeof fresh, "%s.new", path);
	FILE *file = fopen(fresh, "we");
	if (file == NULL || fputs(conf, file) < 0 || fclose(file) != 0 ||
	    rename(fresh, path) != 0)
		bench_die("%s cannot be written", path);
}
