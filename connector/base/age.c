/* Ages for people (see the header). */
#include "mmsync/age.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mmsync/attr.h"

char *
mms_age_print(int64_t ms, char buf[MMS_AGE_TEXT_MAX])
{
	/* From so many seconds on a unit is used. */
	static const struct {
		int64_t from_s, unit_s;
		const char *name;
	} units[] = {
		{ INT64_C(172800), 86400, "d" },
		{ 7200, 3600, "h" },
		{ 120, 60, "min" },
		{ 0, 1, "s" },
	};
	int64_t s = ms > 0 ? ms / 1000 : 0;
	size_t i = 0;

	while (i + 1 < MMS_COUNT(units) && s < units[i].from_s)
		i++;
	(void)snprintf(buf, MMS_AGE_TEXT_MAX, "%" PRId64 " %s", s / units[i].unit_s,
		       units[i].name);
	return buf;
}

char *
mms_age_tell(int64_t ms, char buf[MMS_AGE_TEXT_MAX])
{
	mms_age_print(ms < 0 ? -ms : ms, buf);
	size_t len = strlen(buf);
	(void)snprintf(buf + len, MMS_AGE_TEXT_MAX - len, "%s",
		       ms < 0 ? " in the future" : " ago");
	return buf;
}
