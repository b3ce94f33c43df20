/* HTML and text, rules of series and Graph's recurrence. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- HTML ------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *sign;
} entities[] = {
	{ "&amp;", "&" },   { "&lt;", "<" },  { "&gt;", ">" },
	{ "&quot;", "\"" }, { "&#39;", "'" }, { "&nbsp;", " " },
};

/* The sign of an entity; returns how long that was, 0: it is none. */
static size_t
take_entity(const char *p, struct mms_str *out)
{
	for (size_t i = 0; i < MMS_COUNT(entities); i++) {
		size_t len = strlen(entities[i].name);

		if (strncasecmp(p, entities[i].name, len) == 0) {
			mms_str_add(out, entities[i].sign);
			return len;
		}
	}
	return 0;
}

/* Is it this tag, opening or closing as its name says? */
static bool
is_tag(const char *p, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(p + 1, name, len) == 0 && strchr(" />\t\r\n", p[1 + len]) != NULL;
}

/* Behind a tag, or behind all that a head holds. */
static const char *
skip_tag(const char *p)
{
	static const char *const whole[][2] = { { "head", "</head>" },
						{ "style", "</style>" } };
	const char *end = strchr(p, '>');

	for (size_t i = 0; i < MMS_COUNT(whole); i++) {
		const char *far = is_tag(p, whole[i][0]) ? strcasestr(p, whole[i][1]) : NULL;

		if (far != NULL)
			return far + strlen(whole[i][1]);
	}
	return end != NULL ? end + 1 : p + strlen(p);
}

void
graph_html_to_text(const char *html, const char *line_end, struct mms_str *out)
{
	bool is_begun = false, has_blank = false;

	for (const char *p = html; *p != '\0';) {
		if (*p == '<') {
			bool is_break = is_tag(p, "br") || is_tag(p, "/p") || is_tag(p, "/div");

			/* A line that ends before anything was said in it is one, too. */
			if (is_break)
				mms_str_add(out, line_end);
			is_begun = is_begun || is_break;
			has_blank = has_blank && !is_break;
			p = skip_tag(p);
			continue;
		}
		if (strchr(" \t\r\n", *p) != NULL) {
			has_blank = is_begun && out->len > 0 &&
				    mms_str_get(out)[out->len - 1] != '\n';
			p++;
			continue;
		}
		if (has_blank)
			mms_str_addc(out, ' ');
		has_blank = false;
		is_begun = true;
		size_t taken = *p == '&' ? take_entity(p, out) : 0;
		if (taken == 0)
			mms_str_addc(out, *p);
		p += taken > 0 ? taken : 1;
	}
	while (out->len > 0 && strchr("\r\n", mms_str_get(out)[out->len - 1]) != NULL)
		mms_str_cut(out, out->len - 1);
}

void
graph_text_to_html(const char *text, struct mms_str *out)
{
	mms_str_add(out, "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" "
			 "content=\"text/html; charset=utf-8\">\r\n</head>\r\n<body>\r\n");
	for (const char *p = text; *p != '\0'; p++) {
		const char sign[2] = { *p, '\0' };
		const char *name = NULL;

		for (size_t i = 0; i < 4; i++)
			name = strcmp(entities[i].sign, sign) == 0 ? entities[i].name : name;
		mms_str_add(out, *p == '\n' ? "<br>\r\n" : name != NULL ? name : sign);
	}
	mms_str_add(out, "\r\n</body>\r\n</html>\r\n");
}

/* ---- series ----------------------------------------------------------------------------------- */

static const char *const day_codes[] = { "SU", "MO", "TU", "WE", "TH", "FR", "SA" };
static const char *const day_names[] = { "sunday",   "monday", "tuesday", "wednesday",
					 "thursday", "friday", "saturday" };
static const char *const index_names[] = { "first", "second", "third", "fourth", "last" };

/* A part of a rule, "INTERVAL"; "" where it has none. */
static void
part_of(const char *rule, const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	out[0] = '\0';
	for (const char *p = rule; *p != '\0'; p += strcspn(p, ";"), p += *p == ';') {
		if (strncmp(p, name, len) == 0 && p[len] == '=')
			(void)snprintf(out, size, "%.*s", (int)strcspn(p + len + 1, ";"),
				       p + len + 1);
	}
}

/* "MO,WE" or "2MO": names into the list; returns the number before the first, 0 for none. */
static int
read_days(const char *text, json_t *out)
{
	int index = (int)strtol(text, NULL, 10);

	for (const char *p = text; *p != '\0'; p += p[0] == ',') {
		p += strspn(p, "+-0123456789");
		for (size_t i = 0; i < MMS_COUNT(day_codes); i++) {
			if (strncmp(p, day_codes[i], 2) == 0)
				json_array_append_new(out, json_string(day_names[i]));
		}
		p += strcspn(p, ",");
	}
	return index;
}

static const char *
pattern_type(const char *freq, bool is_relative)
{
	if (strcmp(freq, "DAILY") == 0)
		return "daily";
	if (strcmp(freq, "WEEKLY") == 0)
		return "weekly";
	if (strcmp(freq, "MONTHLY") == 0)
		return is_relative ? "relativeMonthly" : "absoluteMonthly";
	return is_relative ? "relativeYearly" : "absoluteYearly";
}

json_t *
graph_recurrence(const struct g_event *e, const char *rule)
{
	char freq[16], interval[16], days[64], until[32], count[16], start[MMS_TIME_TEXT_MAX];
	char end[16] = "0001-01-01";
	json_t *names = json_array();
	struct mms_civil civil;

	part_of(rule, "FREQ", freq, sizeof freq);
	part_of(rule, "INTERVAL", interval, sizeof interval);
	part_of(rule, "BYDAY", days, sizeof days);
	part_of(rule, "UNTIL", until, sizeof until);
	part_of(rule, "COUNT", count, sizeof count);
	int index = read_days(days, names);
	mms_civil_from_wall(e->start_ms * 1000, &civil);
	if (strcmp(freq, "WEEKLY") == 0 && json_array_size(names) == 0)
		json_array_append_new(
			names, json_string(day_names[mms_weekday(e->start_ms / MMS_DAY_MS)]));
	bool is_relative = index != 0 && strcmp(freq, "WEEKLY") != 0;
	const char *which = index_names[index < 0 || index > 4 ? 4 : index > 0 ? index - 1 : 0];
	(void)mms_wall_print(e->start_ms * 1000, start);
	start[10] = '\0';
	if (strlen(until) >= 8)
		(void)snprintf(end, sizeof end, "%.4s-%.2s-%.2s", until, until + 4, until + 6);
	return json_pack("{s:{s:s, s:i, s:i, s:i, s:o, s:s, s:s}, s:{s:s, s:s, s:s, s:s, s:i}}",
			 "pattern", "type", pattern_type(freq, is_relative), "interval",
			 interval[0] != '\0' ? (int)strtol(interval, NULL, 10) : 1, "month",
			 strcmp(freq, "YEARLY") == 0 ? civil.month : 0, "dayOfMonth",
			 is_relative || strchr("DW", freq[0]) != NULL ? 0 : civil.day,
			 "daysOfWeek", names, "firstDayOfWeek", "sunday", "index", which,
			 "range", "type",
			 until[0] != '\0'   ? "endDate"
			 : count[0] != '\0' ? "numbered"
					    : "noEnd",
			 "startDate", start, "endDate", end, "recurrenceTimeZone",
			 e->zone != NULL ? e->zone : "UTC", "numberOfOccurrences",
			 (int)strtol(count, NULL, 10));
}

/* BYDAY of a pattern; false: it has none. */
static void
add_days(const json_t *pattern, const char *type, struct mms_str *out)
{
	const char *index = json_string_value(json_object_get(pattern, "index"));
	json_t *name;
	size_t k;
	bool is_first = true;

	json_array_foreach(json_object_get(pattern, "daysOfWeek"), k, name)
	{
		const char *day = json_string_value(name);

		for (size_t i = 0; day != NULL && i < MMS_COUNT(day_names); i++) {
			if (strcasecmp(day, day_names[i]) != 0)
				continue;
			mms_str_add(out, is_first ? ";BYDAY=" : ",");
			is_first = false;
			for (size_t n = 0; strncmp(type, "relative", 8) == 0 && index != NULL &&
					   n < MMS_COUNT(index_names);
			     n++) {
				if (strcasecmp(index, index_names[n]) == 0)
					mms_str_addf(out, "%d", n == 4 ? -1 : (int)n + 1);
			}
			mms_str_add(out, day_codes[i]);
		}
	}
}

char *
graph_rrule(const json_t *recurrence)
{
	static const struct {
		const char *type, *freq;
	} rows[] = {
		{ "daily", "DAILY" },
		{ "weekly", "WEEKLY" },
		{ "absoluteMonthly", "MONTHLY" },
		{ "relativeMonthly", "MONTHLY" },
		{ "absoluteYearly", "YEARLY" },
		{ "relativeYearly", "YEARLY" },
	};
	const json_t *pattern = json_object_get(recurrence, "pattern");
	const json_t *range = json_object_get(recurrence, "range");
	const char *type = json_string_value(json_object_get(pattern, "type"));
	const char *ends = json_string_value(json_object_get(range, "type"));
	const char *until = json_string_value(json_object_get(range, "endDate"));
	json_int_t every = json_integer_value(json_object_get(pattern, "interval"));
	json_int_t count = json_integer_value(json_object_get(range, "numberOfOccurrences"));
	MMS_AUTO(mms_str) out = { 0 };

	for (size_t i = 0; type != NULL && i < MMS_COUNT(rows); i++) {
		if (strcmp(type, rows[i].type) == 0)
			mms_str_addf(&out, "RRULE:FREQ=%s", rows[i].freq);
	}
	if (out.len == 0 || ends == NULL || every < 1)
		return NULL;
	if (every > 1)
		mms_str_addf(&out, ";INTERVAL=%d", (int)every);
	add_days(pattern, type, &out);
	if (strcmp(ends, "endDate") == 0 && until != NULL && strlen(until) == 10)
		mms_str_addf(&out, ";UNTIL=%.4s%.2s%.2sT235959Z", until, until + 5, until + 8);
	else if (strcmp(ends, "numbered") == 0 && count > 0)
		mms_str_addf(&out, ";COUNT=%d", (int)count);
	else if (strcmp(ends, "noEnd") != 0)
		return NULL;
	return strdup(mms_str_get(&out));
}
