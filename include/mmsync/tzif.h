/*
 * TZif: the compiled form of the tz database, bytes to a zone. Pure; the registry that opens
 * the files is in zone.h.
 *
 * Source: RFC 9636 (TZif), of which RFC 8536 is the earlier edition; POSIX.1-2017 section 8.3
 * (the TZ text of the footer).
 * Layer: model.
 */
#ifndef MMSYNC_TZIF_H
#define MMSYNC_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/err.h"
#include "mmsync/zone.h"

/* No real file is larger than 6 kB; what is larger is refused. */
#define MMS_TZIF_MAX ((size_t)64 * 1024)

/*
 * Read a TZif file (version 1 to 4) into a zone. After its last transition the footer's rule
 * holds for ever; without a footer the last offset does.
 * Owns: *out, mms_zone_free(). Errors: ITEM (not TZif, damaged, or counts leap seconds), NOMEM.
 */
mms_rc mms_tzif_parse(const char *name, const unsigned char *bytes, size_t len,
		      struct mms_zone **out, struct mms_err *err) MMS_MUST_CHECK;

/* "CET-1CEST,M3.5.0,M10.5.0/3" taken apart: offsets in seconds east of UTC. */
struct mms_tz_rule {
	int32_t standard, daylight;
	bool has_daylight;
	/* When daylight time begins and ends: M month.week.weekday, J day without 29 February,
	 * N day from 0; and the second of that day, which may lie in neighbouring ones. */
	struct mms_tz_day {
		char form; /* 'M', 'J' or 'N' */
		int month, week, weekday, day;
		int32_t second;
	} start, end;
};
/* Returns false when the text is not of that form. */
bool mms_tz_rule_parse(const char *text, size_t len, struct mms_tz_rule *out);
/* The instants (Unix seconds) at which daylight time starts and ends in a year. */
void
mms_tz_rule_year(const struct mms_tz_rule *rule, int year, int64_t *start_s, int64_t *end_s);

#endif
