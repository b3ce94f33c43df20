/*
 * Compiler attributes by name, so that headers read as prose.
 *
 * Layer: base.
 */
#ifndef MMSYNC_ATTR_H
#define MMSYNC_ATTR_H

/* A result that must not be dropped silently; (void) does not silence gcc, on purpose. */
#define MMS_MUST_CHECK __attribute__((warn_unused_result))

/* printf-like: the format is argument f, the values start at argument a. */
#define MMS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* A local of struct `type` that is released when its block ends: MMS_AUTO(mms_str) s = { 0 }; */
#define MMS_AUTO(type) __attribute__((cleanup(type##_release))) struct type

/* Number of elements of a true array. */
#define MMS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
