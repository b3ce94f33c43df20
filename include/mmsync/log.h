/*
 * The log: one line per event on stderr, key=value or JSON. Only app/ and sync/run.c log;
 * every other function returns its error. Event names are fixed and listed in docs/log.md.
 * There is no way to log a free string from outside: ids, counts, times and our own words.
 *
 * Layer: base.
 */
#ifndef MMSYNC_LOG_H
#define MMSYNC_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mmsync/err.h"

enum mms_log_level { MMS_LOG_ERROR, MMS_LOG_WARN, MMS_LOG_INFO, MMS_LOG_DEBUG };

/* All zero logs errors only, as text, to stderr. */
struct mms_log {
	enum mms_log_level level; /* what is less important is left out    */
	bool is_json;
	bool is_silent; /* nothing at all (tests)                          */
};

enum mms_log_type { MMS_LOG_END, MMS_LOG_TEXT, MMS_LOG_I64, MMS_LOG_TIME };

/* One field; make them with the functions below. */
struct mms_log_field {
	enum mms_log_type type;
	const char *key;  /* static                                       */
	const char *text; /* borrowed: an id of ours or a fixed word      */
	int64_t number;   /* a number, or Unix ms                         */
};

struct mms_log_field mms_log_ref(const char *key, const char *id);
struct mms_log_field mms_log_i64(const char *key, int64_t number);
struct mms_log_field mms_log_ms(const char *key, int64_t ms);

/* Write one line. fields ends with a zero field or is NULL. */
void mms_log_write(struct mms_log *log, enum mms_log_level level, const char *event,
		   const struct mms_log_field *fields);

/* An error with its code, text and hint. */
void mms_log_err(struct mms_log *log, enum mms_log_level level, const char *event,
		 const struct mms_err *err);

#define MMS_LOG(log, level, event, ...)        \
	mms_log_write((log), (level), (event), \
		      (const struct mms_log_field[]){ __VA_ARGS__, { 0 } })

#endif
