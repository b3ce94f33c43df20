/*
 * How long ago, or until when, in as few words as a person needs.
 *
 * Layer: base.
 */
#ifndef MMSYNC_AGE_H
#define MMSYNC_AGE_H

#include <stdint.h>

/* Long enough for every text below, with its NUL. */
#define MMS_AGE_TEXT_MAX 48

/* "12 s", "4 min", "5 h", "3 d": the largest unit of which there are two, else one. Below 0 is 0. */
char *mms_age_print(int64_t ms, char buf[MMS_AGE_TEXT_MAX]);

/* "4 min ago"; below 0, "4 min in the future". */
char *mms_age_tell(int64_t ms, char buf[MMS_AGE_TEXT_MAX]);

#endif
