/* The feeds of the demonstration's people, around the day on which it is shown. */
#include "demo.h"

#include <stdio.h>

#include "mmsync/timetext.h"

/* A feed is a template: @0900+2 is 09:00 two days after the coming Monday, @date+2 that day. */
struct feed_text {
	const char *name;
	int version;
	const char *text;
};

#define BERLIN "TZID=Europe/Berlin:"

static const struct feed_text feeds[] = {
	/* Ann's team calendar, as Google publishes it. */
	{ "ann-team.ics", 1,
	  "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar "
	  "70.9054//EN\r\nVERSION:2.0\r\n"
	  "X-WR-CALNAME:Team\r\nX-WR-TIMEZONE:Europe/Berlin\r\n"
	  "BEGIN:VEVENT\r\nUID:standup@example.com\r\nSUMMARY:Stand-up\r\n"
	  "DTSTART;" BERLIN "@0900+0\r\nDTEND;" BERLIN "@0915+0\r\n"
	  "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=10\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nUID:one-on-one@example.com\r\nSUMMARY:One on one with Bob\r\n"
	  "DTSTART;" BERLIN "@1400+1\r\nDTEND;" BERLIN "@1445+1\r\n"
	  "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.com\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nUID:offsite@example.com\r\nSUMMARY:Team offsite\r\n"
	  "DTSTART;VALUE=DATE:@date+3\r\nDTEND;VALUE=DATE:@date+5\r\nEND:VEVENT\r\n"
	  "END:VCALENDAR\r\n" },
	{ "ann-team.ics", 2,
	  "BEGIN:VCALENDAR\r\nPRODID:-//Google Inc//Google Calendar "
	  "70.9054//EN\r\nVERSION:2.0\r\n"
	  "X-WR-CALNAME:Team\r\nX-WR-TIMEZONE:Europe/Berlin\r\n"
	  "BEGIN:VEVENT\r\nUID:standup@example.com\r\nSUMMARY:Stand-up\r\n"
	  "DTSTART;" BERLIN "@0900+0\r\nDTEND;" BERLIN "@0915+0\r\n"
	  "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=10\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nUID:one-on-one@example.com\r\nSUMMARY:One on one with Bob\r\n"
	  "DTSTART;" BERLIN "@1500+1\r\nDTEND;" BERLIN "@1545+1\r\n"
	  "ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.com\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nUID:retro@example.com\r\nSUMMARY:Retrospective\r\n"
	  "DTSTART;" BERLIN "@1100+2\r\nDTEND;" BERLIN "@1200+2\r\nEND:VEVENT\r\n"
	  "END:VCALENDAR\r\n" },
	/* Bob's Outlook: Windows zone names, bare line feeds, a broken line, a missing end, a
	 * bare date, a series with one meeting moved. */
	{ "bob-outlook.ics", 1,
	  "\xEF\xBB\xBF"
	  "BEGIN:VCALENDAR\nMETHOD:PUBLISH\nPRODID:Microsoft Exchange Server "
	  "2010\nVERSION:2.0\n"
	  "BEGIN:VEVENT\nUID:040000008200E00074C5B7101A82E008-1\nSUMMARY:Budget with the\n"
	  "  board\nthis line was broken by a mail gateway\n"
	  "DTSTART;TZID=Eastern Standard Time:@1000+1\nDTEND;TZID=Eastern Standard "
	  "Time:@1130+1\n"
	  "X-MICROSOFT-CDO-BUSYSTATUS:OOF\nEND:VEVENT\n"
	  "BEGIN:VEVENT\nUID:040000008200E00074C5B7101A82E008-2\nSUMMARY:Review\n"
	  "DTSTART;TZID=\"(UTC-05:00) Eastern Time (US & Canada)\":@1300+0\nDURATION:PT30M\n"
	  "RRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\n"
	  "BEGIN:VEVENT\nUID:040000008200E00074C5B7101A82E008-2\nSUMMARY:Review (moved)\n"
	  "RECURRENCE-ID;TZID=Eastern Standard Time:@1300+1\n"
	  "DTSTART;TZID=Eastern Standard Time:@1600+1\nDURATION:PT30M\nEND:VEVENT\n"
	  "BEGIN:VEVENT\nUID:dentist\nSUMMARY:Dentist\nCLASS:PRIVATE\n"
	  "DTSTART;TZID=Eastern Standard Time:@0800+4\nDTEND;TZID=Eastern Standard "
	  "Time:@0900+4\n"
	  "END:VEVENT\n"
	  "BEGIN:VEVENT\nUID:holiday\nSUMMARY:Public holiday\nDTSTART:@date+4\n"
	  "TRANSP:TRANSPARENT\nEND:VEVENT\nEND:VCALENDAR\n" },
	/* What Dora sings in. */
	{ "dora-choir.ics", 1,
	  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//choir//EN\r\n"
	  "BEGIN:VEVENT\r\nUID:rehearsal@example.org\r\nSUMMARY:Choir rehearsal\r\n"
	  "DTSTART;TZID=Europe/Madrid:@1900+3\r\nDTEND;TZID=Europe/Madrid:@2100+3\r\n"
	  "END:VEVENT\r\nEND:VCALENDAR\r\n" },
	/* Cleo's conference: plain, in UTC. */
	{ "cleo-talks.ics", 1,
	  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//conference//talks//EN\r\n"
	  "BEGIN:VEVENT\r\nUID:keynote@example.org\r\nSUMMARY:Keynote: R&D\r\n"
	  "DTSTART:@0100+2Z\r\nDTEND:@0200+2Z\r\nLOCATION:Hall 1\r\nEND:VEVENT\r\n"
	  "BEGIN:VEVENT\r\nUID:panel@example.org\r\nSUMMARY:Panel\r\n"
	  "DTSTART:@0300+2Z\r\nDTEND:@0400+2Z\r\nSTATUS:TENTATIVE\r\nEND:VEVENT\r\n"
	  "END:VCALENDAR\r\n" },
};

int64_t
mms_demo_monday(const struct mms_app *app)
{
	int64_t today = mms_clock_now_ms(&app->clock) / MMS_DAY_MS;

	return today + (8 - mms_weekday(today)) % 7;
}

/* "@0900+2" to "20260304T090000", "@date+2" to "20260304". Returns what follows. */
static const char *
add_time(struct mms_str *out, const char *p, int64_t monday)
{
	struct mms_civil c;
	bool is_date = p[1] == 'd';

	mms_civil_from_days(monday + (p[6] - '0'), &c);
	mms_str_addf(out, "%04d%02d%02d", c.year, c.month, c.day);
	if (!is_date)
		mms_str_addf(out, "T%.4s00", p + 1);
	return p + 7;
}

mms_rc
mms_demo_put_feeds(const struct demo *demo, int version, struct mms_err *err)
{
	int64_t monday = mms_demo_monday(demo->app);
	mms_rc rc = MMS_OK;

	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(feeds); i++) {
		MMS_AUTO(mms_str) text = { 0 };
		char path[160];

		if (feeds[i].version != version)
			continue;
		for (const char *p = feeds[i].text; *p != '\0';) {
			bool is_time =
				*p == '@' && (p[1] == 'd' || (p[1] >= '0' && p[1] <= '2'));
			if (is_time)
				p = add_time(&text, p, monday);
			else
				mms_str_addc(&text, *p++);
		}
		rc = mms_str_check(&text, err);
		(void)snprintf(path, sizeof path, "%s/%s", demo->feeds, feeds[i].name);
		if (rc == MMS_OK)
			rc = mms_demo_write(path, mms_str_get(&text), err);
	}
	return rc;
}
