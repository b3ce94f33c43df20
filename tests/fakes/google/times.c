/* Times as the service takes and gives them, and as stories write them. */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct mms_zone *
g_zone(struct g_service *g, const char *name)
{
	MMS_AUTO(mms_err) err = { 0 };
	const struct mms_zone *zone;

	return mms_zones_find(g->zones, name, &zone, &err) == MMS_OK ? zone : NULL;
}

char *
g_print_stamp(int64_t ms, char buf[MMS_TIME_TEXT_MAX])
{
	(void)mms_time_print(ms - ms % 1000, buf);
	(void)snprintf(buf + 19, MMS_TIME_TEXT_MAX - 19, ".%03dZ", (int)(ms % 1000));
	return buf;
}

/* Does the text end in Z or +hh:mm, behind a time of day? */
static bool
has_offset(const char *text)
{
	size_t len = strlen(text);

	return len > 10 &&
	       (text[len - 1] == 'Z' || text[len - 1] == 'z' ||
		(len > 16 && strchr("+-", text[len - 6]) != NULL && text[len - 3] == ':'));
}

bool
g_parse_instant(const char *text, int64_t *ms)
{
	MMS_AUTO(mms_err) err = { 0 };

	return strlen(text) >= 20 && text[10] == 'T' && has_offset(text) &&
	       mms_time_parse(text, strlen(text), ms, &err) == MMS_OK;
}

static bool
parse_day(const char *text, int64_t *ms)
{
	int64_t wall_us;

	if (strlen(text) != 10 || !mms_wall_parse(text, 10, &wall_us))
		return false;
	*ms = wall_us / 1000;
	return true;
}

const char *
g_read_time(struct g_service *g, const struct g_calendar *c, const json_t *time, bool *is_day,
	    int64_t *ms, const char **zone_name)
{
	const char *date = json_string_value(json_object_get(time, "date"));
	const char *text = json_string_value(json_object_get(time, "dateTime"));
	const char *name = json_string_value(json_object_get(time, "timeZone"));
	const struct mms_zone *zone = name != NULL ? g_zone(g, name) : NULL;
	int64_t wall_us;

	(void)c;
	*zone_name = name;
	if ((date == NULL) == (text == NULL))
		return "Invalid start time.";
	if (name != NULL && zone == NULL)
		return "Invalid time zone definition.";
	*is_day = date != NULL;
	if (date != NULL)
		return parse_day(date, ms) ? NULL : "Invalid value for: date";
	if (has_offset(text))
		return g_parse_instant(text, ms) ? NULL : "Invalid value for: dateTime";
	if (zone == NULL)
		return "Missing time zone definition for start time.";
	if (strlen(text) < 19 || text[10] != 'T' ||
	    !mms_wall_parse(text, strlen(text), &wall_us))
		return "Invalid value for: dateTime";
	*ms = mms_zone_to_utc(zone, wall_us);
	return NULL;
}

json_t *
g_print_time(struct g_service *g, const struct g_calendar *c, const char *zone, bool is_day,
	     int64_t ms)
{
	char text[MMS_TIME_TEXT_MAX];

	(void)g;
	if (is_day) {
		(void)mms_wall_print(ms * 1000, text);
		text[10] = '\0';
		return json_pack("{s:s}", "date", text);
	}
	/* Without fractions: the service keeps seconds. */
	(void)mms_zone_print_time(c->zone, ms - ms % 1000, text);
	return json_pack("{s:s, s:s}", "dateTime", text, "timeZone",
			 zone != NULL ? zone : mms_zone_name(c->zone));
}

/* 20260304 and 20260304T100000[Z] with their marks put back. */
static void
spread(const char *text, char *out, size_t size)
{
	if (strlen(text) >= 8 && strspn(text, "0123456789") == 8)
		(void)snprintf(out, size, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
	else
		(void)snprintf(out, size, "%s", text);
	if (strlen(text) >= 15 && strspn(text, "0123456789") == 8 && text[8] == 'T')
		(void)snprintf(out + 10, size - 10, "T%.2s:%.2s:%.2s%s", text + 9, text + 11,
			       text + 13, text + 15);
	if (strlen(out) == 16 && size > 20)
		memcpy(out + 16, ":00", 4);
}

bool
g_parse_story_time(struct g_service *g, const struct g_calendar *c, const char *text,
		   const char *zone_name, bool *is_day, int64_t *ms)
{
	MMS_AUTO(mms_err) err = { 0 };
	char full[64];
	const struct mms_zone *zone = zone_name != NULL ? g_zone(g, zone_name) : c->zone;
	int64_t wall_us;

	spread(text, full, sizeof full);
	*is_day = strlen(full) == 10;
	if (*is_day)
		return parse_day(full, ms);
	if (has_offset(full))
		return mms_time_parse(full, strlen(full), ms, &err) == MMS_OK;
	if (zone == NULL || !mms_wall_parse(full, strlen(full), &wall_us))
		return false;
	*ms = mms_zone_to_utc(zone, wall_us);
	return true;
}
