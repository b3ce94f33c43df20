/*
 * What calendars write in place of an IANA name (mmsync/zone.h). The home of ICU, which brings
 * CLDR's table of Windows names; Outlook's display names are resolved by the cities in them,
 * and by a short table where they hold none that the tz database knows.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicode/ucal.h>
#include <unicode/uclean.h>

#include "mmsync/ical.h"
#include "mmsync/mem.h"
#include "mmsync/zone.h"

/* Longer than any name that means something. */
#define TZID_MAX 160

/* Display names without a city of the tz database, as words; what they stand for. */
static const struct display {
	const char *words, *name; /* a Windows name, or an IANA one */
} displays[] = {
	{ "abu dhabi muscat", "Arabian Standard Time" },
	{ "alaska", "Alaskan Standard Time" },
	{ "aleutian islands", "Aleutian Standard Time" },
	{ "arizona", "US Mountain Standard Time" },
	{ "astana", "Central Asia Standard Time" },
	{ "atlantic time canada", "Atlantic Standard Time" },
	{ "azores", "Azores Standard Time" },
	{ "baja california", "Pacific Standard Time (Mexico)" },
	{ "beijing chongqing hong kong urumqi", "China Standard Time" },
	{ "bougainville island", "Bougainville Standard Time" },
	{ "brasilia", "E. South America Standard Time" },
	{ "cabo verde is", "Cape Verde Standard Time" },
	{ "cape verde is", "Cape Verde Standard Time" },
	{ "cape verde islands", "Cape Verde Standard Time" },
	{ "central america", "Central America Standard Time" },
	{ "central time us canada", "Central Standard Time" },
	{ "chatham islands", "Chatham Islands Standard Time" },
	{ "city of buenos aires", "Argentina Standard Time" },
	{ "coordinated universal time", "Etc/UTC" },
	{ "e europe", "E. Europe Standard Time" },
	{ "easter island", "Easter Island Standard Time" },
	{ "eastern time us canada", "Eastern Standard Time" },
	{ "ekaterinburg", "Ekaterinburg Standard Time" },
	{ "greenland", "Greenland Standard Time" },
	{ "greenwich mean time", "GMT Standard Time" },
	{ "greenwich mean time dublin edinburgh lisbon london", "GMT Standard Time" },
	{ "haiti", "Haiti Standard Time" },
	{ "hawaii", "Hawaiian Standard Time" },
	{ "indiana east", "US Eastern Standard Time" },
	{ "international date line west", "Dateline Standard Time" },
	{ "kiritimati island", "Line Islands Standard Time" },
	{ "lord howe island", "Lord Howe Standard Time" },
	{ "marquesas islands", "Marquesas Standard Time" },
	{ "midway island samoa", "Pacific/Midway" },
	{ "mountain time us canada", "Mountain Standard Time" },
	{ "newfoundland", "Newfoundland Standard Time" },
	{ "norfolk island", "Norfolk Standard Time" },
	{ "nuku alofa", "Tonga Standard Time" },
	{ "pacific time us canada", "Pacific Standard Time" },
	{ "pacific time us canada tijuana", "Pacific Standard Time" },
	{ "petropavlovsk kamchatsky", "Russia Time Zone 11" },
	{ "port louis", "Mauritius Standard Time" },
	{ "saint pierre miquelon", "Saint Pierre Standard Time" },
	{ "salvador", "Bahia Standard Time" },
	{ "samoa", "Samoa Standard Time" },
	{ "saskatchewan", "Canada Central Standard Time" },
	{ "solomon is new caledonia", "Central Pacific Standard Time" },
	{ "sri jayawardenepura", "Sri Lanka Standard Time" },
	{ "turks caicos", "Turks And Caicos Standard Time" },
	{ "west central africa", "W. Central Africa Standard Time" },
	{ "yukon", "Yukon Standard Time" },
	/* Abbreviations that are not names of the tz database and mean one thing. */
	{ "pst", "America/Los_Angeles" },
	{ "pdt", "America/Los_Angeles" },
	{ "mdt", "America/Denver" },
	{ "cdt", "America/Chicago" },
	{ "edt", "America/New_York" },
	{ "cest", "CET" },
	{ "eest", "EET" },
	{ "west", "WET" },
	{ "z", "Etc/UTC" },
};

static void *
hook_malloc(const void *aux, size_t size)
{
	(void)aux;
	return mms_hook_malloc(size);
}

static void *
hook_realloc(const void *aux, void *p, size_t size)
{
	(void)aux;
	return mms_hook_realloc(p, size);
}

static void
hook_free(const void *aux, void *p)
{
	(void)aux;
	mms_hook_free(p);
}

void
mms_zone_names_use_allocator(void)
{
	UErrorCode status = U_ZERO_ERROR;

	/* It fails only when a function is missing. */
	u_setMemoryFunctions(NULL, hook_malloc, hook_realloc, hook_free, &status);
}

/* What is asked, and where the answer goes. */
struct guess {
	struct mms_zones *zones;
	char *out;
	size_t out_size;
	struct mms_err *err;
};

/* Is it a zone of the system? Then its name is the answer. */
static mms_rc
take_name(const struct guess *g, const char *name)
{
	const struct mms_zone *zone = NULL;

	mms_rc rc = mms_zones_find(g->zones, name, &zone, g->err);
	if (rc != MMS_OK)
		return rc;
	const char *spelled = mms_zone_name(zone);
	size_t len = strlen(spelled);
	if (len >= g->out_size)
		return mms_fail(g->err, MMS_E_GONE, "time zone name '%s' is too long", spelled);
	memcpy(g->out, spelled, len + 1);
	return MMS_OK;
}

/* "W. Europe Standard Time", through CLDR. */
static mms_rc
take_windows(const struct guess *g, const char *name)
{
	UChar wide[TZID_MAX + 1], found[TZID_MAX + 1];
	char iana[TZID_MAX + 1];
	UErrorCode status = U_ZERO_ERROR;
	size_t len = strlen(name);

	if (len > TZID_MAX)
		return MMS_E_GONE;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] >= 0x80)
			return MMS_E_GONE;
		wide[i] = (UChar)name[i];
	}
	int32_t n = ucal_getTimeZoneIDForWindowsID(wide, (int32_t)len, NULL, found, TZID_MAX,
						   &status);
	if (status == U_MEMORY_ALLOCATION_ERROR)
		return mms_fail_nomem(g->err);
	if (U_FAILURE(status) || n <= 0 || n > TZID_MAX)
		return MMS_E_GONE;
	for (int32_t i = 0; i < n; i++)
		iana[i] = (char)found[i];
	iana[n] = '\0';
	return take_name(g, iana);
}

/* Windows names in the forms that are near them: of daylight time, or only their first word. */
static mms_rc
take_near_windows(const struct guess *g, const char *name)
{
	static const char *const ends[] = { " Daylight Time", " Summer Time", "" };
	char near[TZID_MAX + 20];
	size_t len = strlen(name);

	mms_rc rc = take_windows(g, name);
	for (size_t i = 0; rc == MMS_E_GONE && i < MMS_COUNT(ends); i++) {
		size_t end = strlen(ends[i]);
		if (len <= end || strcasecmp(name + len - end, ends[i]) != 0)
			continue;
		memcpy(near, name, len - end);
		memcpy(near + len - end, " Standard Time", sizeof " Standard Time");
		rc = take_windows(g, near);
	}
	return rc;
}

/* "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin": the longest end that is a name. */
static mms_rc
take_end(const struct guess *g, const char *name)
{
	mms_rc rc = MMS_E_GONE;

	for (const char *slash = strchr(name, '/'); slash != NULL && rc == MMS_E_GONE;
	     slash = strchr(slash + 1, '/'))
		rc = take_name(g, slash + 1);
	return rc;
}

/* "US-Eastern", "America/New York": other signs between the words. */
static mms_rc
take_respelled(const struct guess *g, const char *name)
{
	char spelled[TZID_MAX + 1];
	size_t len = strlen(name);

	memcpy(spelled, name, len + 1);
	for (size_t i = 0; i < len; i++) {
		if (spelled[i] == ' ')
			spelled[i] = '_';
	}
	mms_rc rc = take_name(g, spelled);
	char *dash = strchr(spelled, '-');
	if (rc != MMS_E_GONE || dash == NULL)
		return rc;
	*dash = '/';
	return take_name(g, spelled);
}

/* "(UTC-05:00) " and its kin in front; *minutes is the offset. Returns what follows. */
static const char *
skip_offset(const char *text, bool *has_offset, int *minutes)
{
	*has_offset = false;
	*minutes = 0;
	if (text[0] != '(' ||
	    (strncasecmp(text + 1, "UTC", 3) != 0 && strncasecmp(text + 1, "GMT", 3) != 0))
		return text;
	const char *close = strchr(text, ')');
	if (close == NULL)
		return text;
	const char *p = text + 4;
	int sign = *p == '-' ? -1 : 1;
	if (*p == '-' || *p == '+') {
		char *end;
		long hours = strtol(p + 1, &end, 10);
		long rest = *end == ':' || *end == '.' ? strtol(end + 1, &end, 10) : 0;
		if (end != close || hours < 0 || hours > 14 || rest < 0 || rest > 59)
			return text;
		*minutes = sign * (int)(hours * 60 + rest);
	}
	*has_offset = true;
	for (close++; *close == ' ';)
		close++;
	return close;
}

/*
 * Lower-case words with one blank between them, of letters and digits, without "and": older
 * names have "(US and Canada)" where newer ones have "(US & Canada)".
 */
static void
to_words(const char *text, char *out, size_t out_size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 2 < out_size; text++) {
		if (n > 0 && out[n - 1] == ' ' && strncasecmp(text, "and ", 4) == 0)
			text += 4;
		char c = *text;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (unsigned char)c >= 0x80)
			out[n++] = c;
		else if (n > 0 && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	if (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static mms_rc
take_display(const struct guess *g, const char *text)
{
	char words[TZID_MAX + 1];

	to_words(text, words, sizeof words);
	for (size_t i = 0; i < MMS_COUNT(displays); i++) {
		if (strcmp(displays[i].words, words) != 0)
			continue;
		mms_rc rc = take_windows(g, displays[i].name);
		return rc == MMS_E_GONE ? take_name(g, displays[i].name) : rc;
	}
	return MMS_E_GONE;
}

/*
 * Is the zone's standard time near the offset that the display name tells? A city's name is not
 * proof (there is a La Paz in Mexico and one in Bolivia); one hour is let pass, because display
 * names outlive changes of law. GONE: it is not.
 */
static mms_rc
check_near(const struct guess *g, const char *name, int minutes)
{
	const struct mms_zone *zone = NULL;

	mms_rc rc = mms_zones_find(g->zones, name, &zone, g->err);
	if (rc != MMS_OK)
		return rc;
	int winter = mms_zone_offset_at(zone, INT64_C(1704067200000)) / 60; /* 2024-01-01 */
	int summer = mms_zone_offset_at(zone, INT64_C(1719792000000)) / 60; /* 2024-07-01 */
	int standard = winter < summer ? winter : summer;
	return abs(standard - minutes) <= 60 ? MMS_OK : MMS_E_GONE;
}

/* One city of a display name, without the blanks around it. */
static mms_rc
take_one_city(const struct guess *g, struct mms_span text, int minutes)
{
	char city[TZID_MAX + 1];
	const char *name = NULL;

	text = mms_span_trim(text);
	if (text.len == 0 || text.len >= sizeof city)
		return MMS_E_GONE;
	memcpy(city, text.ptr, text.len);
	city[text.len] = '\0';
	mms_rc rc = mms_zones_find_city(g->zones, city, &name, g->err);
	if (rc == MMS_OK)
		rc = check_near(g, name, minutes);
	return rc == MMS_OK ? take_name(g, name) : rc;
}

/* "(UTC+01:00) Belgrad, Bratislava (Pressburg), Budapest": the first city that is known. */
static mms_rc
take_city(const struct guess *g, const char *text, int minutes)
{
	mms_rc rc = MMS_E_GONE;

	while (*text != '\0' && rc == MMS_E_GONE) {
		size_t len = strcspn(text, ",/(");
		const char *next = text + len;
		rc = take_one_city(g, (struct mms_span){ text, len }, minutes);
		if (*next == '(')
			next += strcspn(next, ")");
		text = *next == '\0' ? next : next + 1;
	}
	return rc;
}

/* The name without what stands around it; false when nothing is left or it is too long. */
static bool
trim(const char *tzid, char name[TZID_MAX + 1])
{
	while (*tzid == ' ' || *tzid == '"')
		tzid++;
	/* DTSTART;TZID=TZID=Europe/Berlin has been seen. */
	if (strncasecmp(tzid, "TZID=", 5) == 0)
		tzid += 5;
	size_t len = strlen(tzid);
	while (len > 0 && strchr(" \":", tzid[len - 1]) != NULL)
		len--;
	if (len == 0 || len > TZID_MAX)
		return false;
	memcpy(name, tzid, len);
	name[len] = '\0';
	return true;
}

/* All ways in their order, until one answers or fails for another reason than not knowing. */
static mms_rc
take_any(const struct guess *g, const char *name)
{
	bool has_offset;
	int minutes;
	const char *place = skip_offset(name, &has_offset, &minutes);

	mms_rc rc = take_name(g, name);
	if (rc == MMS_E_GONE)
		rc = take_near_windows(g, name);
	if (rc == MMS_E_GONE)
		rc = take_display(g, place);
	if (rc == MMS_E_GONE)
		rc = take_end(g, name);
	if (rc == MMS_E_GONE)
		rc = take_respelled(g, name);
	if (rc == MMS_E_GONE && has_offset)
		rc = take_city(g, place, minutes);
	if (rc == MMS_E_GONE && has_offset && *place == '\0' && minutes == 0)
		rc = take_name(g, "UTC");
	return rc;
}

mms_rc /* NOLINTNEXTLINE(readability-non-const-parameter): out is written through g */
mms_zone_guess_name(struct mms_zones *zones, const char *tzid, char *out, size_t out_size,
		    struct mms_err *err)
{
	struct guess g = { zones, out, out_size, err };
	char name[TZID_MAX + 1];
	mms_rc rc = MMS_E_GONE;

	if (!trim(tzid, name))
		rc = MMS_E_GONE;
	else if (strncasecmp(name, "tzone://Microsoft/", 18) != 0)
		rc = take_any(&g, name);
	else if (strcasecmp(name + 18, "Utc") == 0)
		rc = take_name(&g, "UTC");
	if (rc == MMS_E_GONE)
		return mms_fail(err, MMS_E_GONE, "the time zone '%.80s' is not known", tzid);
	return rc;
}
