/* Days as bars of half hours (see answer.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

#define SLOTS   48
#define SLOT_MS INT64_C(1800000)
#define HOUR_MS INT64_C(3600000)
/* "Mon 2026-03-02  " */
#define LABEL_WIDTH 16

/* What a half hour is; where it comes twice, the larger of both. */
enum slot { SLOT_NONE, SLOT_FREE, SLOT_UNKNOWN, SLOT_BUSY };

int64_t
answer_n_days(const struct answer *answer)
{
	const struct mms_span *span = &answer->a.span;

	return mms_span_day(answer->zone, span->end_ms - 1) -
	       mms_span_day(answer->zone, span->start_ms) + 1;
}

static bool
is_busy(const struct mms_availability *a, const struct mms_span *span)
{
	for (size_t i = 0; i < a->n_known_busy; i++) {
		if (mms_span_overlaps(&a->known_busy[i], span))
			return true;
	}
	return false;
}

/* The part of a half hour from start to end, both instants. */
static enum slot
judge(const struct mms_availability *a, int64_t start_ms, int64_t end_ms)
{
	struct mms_span part = { start_ms > a->span.start_ms ? start_ms : a->span.start_ms,
				 end_ms < a->span.end_ms ? end_ms : a->span.end_ms };

	if (part.start_ms >= part.end_ms)
		return SLOT_NONE;
	if (is_busy(a, &part))
		return SLOT_BUSY;
	return a->is_unknown ? SLOT_UNKNOWN : SLOT_FREE;
}

/* What the clock shows between two changes of offset: from..to, ms since the day's midnight. */
static void
fill(const struct mms_availability *a, int64_t midnight_ms, int64_t from, int64_t to,
     enum slot slots[SLOTS])
{
	for (int64_t k = 0; k < SLOTS; k++) {
		int64_t start = k * SLOT_MS, end = start + SLOT_MS;
		start = start > from ? start : from;
		end = end < to ? end : to;
		if (start >= end)
			continue;
		enum slot slot = judge(a, midnight_ms + start, midnight_ms + end);
		slots[k] = slot > slots[k] ? slot : slots[k];
	}
}

static void
fill_day(const struct answer *answer, int64_t day, enum slot slots[SLOTS])
{
	int64_t at_ms = mms_zone_day_start(answer->zone, day);
	int64_t end_ms = mms_zone_day_start(answer->zone, day + 1);

	memset(slots, 0, SLOTS * sizeof *slots);
	while (at_ms < end_ms) {
		struct mms_zone_change change;
		int64_t next_ms = end_ms;
		if (mms_zone_next_change(answer->zone, at_ms, &change) && change.at_ms < end_ms)
			next_ms = change.at_ms;
		/* The instant at which this clock would show the day's midnight. */
		int64_t midnight_ms = day * MMS_DAY_MS -
				      mms_zone_offset_at(answer->zone, at_ms) * INT64_C(1000);
		fill(&answer->a, midnight_ms, at_ms - midnight_ms, next_ms - midnight_ms,
		     slots);
		at_ms = next_ms;
	}
}

/* ---- drawing -------------------------------------------------------------------------------- */

/* Marks and colours by enum slot. */
struct style {
	const char *marks[4], *colors[4];
	bool has_color;
};

/* Does what reads the terminal's bytes take them for UTF-8? */
static bool
is_utf8(void)
{
	static const char *const words[] = { "UTF-8", "utf-8", "UTF8", "utf8" };
	const char *locale = getenv("LC_ALL");

	if (locale == NULL || locale[0] == '\0')
		locale = getenv("LC_CTYPE");
	if (locale == NULL || locale[0] == '\0')
		locale = getenv("LANG");
	for (size_t i = 0; locale != NULL && i < MMS_COUNT(words); i++) {
		if (strstr(locale, words[i]) != NULL)
			return true;
	}
	return false;
}

static struct style
choose_style(const struct answer *answer)
{
	static const struct style plain = { { " ", ".", "?", "#" },
					    { "", "32", "33", "31" },
					    false },
				  boxes = { { " ", "\xC2\xB7", "?", "\xE2\x96\x88" },
					    { "", "32", "33", "31" },
					    false };
	struct style style = is_utf8() ? boxes : plain;

	style.has_color = answer->app->has_color;
	return style;
}

static void
put_mark(const struct style *style, enum slot slot, size_t n)
{
	bool has_color = style->has_color && slot != SLOT_NONE;

	if (has_color)
		printf("\033[%sm", style->colors[slot]);
	while (n-- > 0)
		fputs(style->marks[slot], stdout);
	if (has_color)
		fputs("\033[0m", stdout);
}

/* Blanks at a line's end are left out, but before a note. */
static void
put_slots(const struct style *style, const enum slot slots[SLOTS], bool is_whole)
{
	size_t n = SLOTS;

	while (!is_whole && n > 0 && slots[n - 1] == SLOT_NONE)
		n--;
	for (size_t k = 0, run; k < n; k += run) {
		run = 1;
		while (k + run < n && slots[k + run] == slots[k])
			run++;
		put_mark(style, slots[k], run);
	}
}

static void
put_scale(void)
{
	printf("%*s", LABEL_WIDTH, "");
	for (int hour = 0; hour < 24; hour += 3)
		printf("%02d    ", hour);
	printf("24\n");
}

static void
put_day(const struct answer *answer, const struct style *style, int64_t day)
{
	static const char *const names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	char date[MMS_TIME_TEXT_MAX];
	enum slot slots[SLOTS];
	int64_t length_ms = mms_zone_day_start(answer->zone, day + 1) -
			    mms_zone_day_start(answer->zone, day);
	bool is_odd = length_ms != MMS_DAY_MS;

	fill_day(answer, day, slots);
	printf("%s %.10s  ", names[mms_weekday(day)], mms_wall_print(day * MMS_DAY_US, date));
	put_slots(style, slots, is_odd);
	if (is_odd)
		printf("  %" PRId64 " h", length_ms / HOUR_MS);
	if (length_ms % HOUR_MS != 0)
		printf(" %" PRId64 " min", length_ms % HOUR_MS / 60000);
	putchar('\n');
}

void
answer_print_bars(const struct answer *answer)
{
	struct style style = choose_style(answer);
	int64_t first = mms_span_day(answer->zone, answer->a.span.start_ms);

	put_scale();
	for (int64_t i = 0; i < answer_n_days(answer); i++)
		put_day(answer, &style, first + i);
	printf("%*s", LABEL_WIDTH, "");
	put_mark(&style, SLOT_BUSY, 1);
	fputs(" busy  ", stdout);
	put_mark(&style, SLOT_FREE, 1);
	fputs(" free", stdout);
	if (answer->a.is_unknown) {
		fputs("  ", stdout);
		put_mark(&style, SLOT_UNKNOWN, 1);
		fputs(" not known: a calendar cannot be read", stdout);
	}
	putchar('\n');
}
