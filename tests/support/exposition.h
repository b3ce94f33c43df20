/*
 * A strict reader of Prometheus' text exposition format 0.0.4: what it takes, every scraper takes.
 */
#ifndef SUPPORT_EXPOSITION_H
#define SUPPORT_EXPOSITION_H

#include <stddef.h>

/*
 * Read a whole text. Each family must have its HELP, then its TYPE, then all of its samples; names,
 * labels, escapes and values must be right; no sample may stand there twice; counters are not
 * negative and end in _total, a summary has _sum and _count. NULL: it is right; else why not.
 * Borrows: static, until the next call.
 */
const char *exposition_check(const char *text);

/*
 * The value of a sample, written as it stands before the value: name{label="value",...}. "absent":
 * there is none. Borrows: static, until the next call.
 */
const char *exposition_value(const char *text, const char *sample);

/* Samples of all families. */
size_t exposition_count(const char *text);

#endif
