/* One line per event on stderr, written with one call so that lines never mix. */
#include "mmsync/log.h"

#include <inttypes.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "mmsync/json.h"
#include "mmsync/timetext.h"

static const char *const level_names[] = {
	[MMS_LOG_ERROR] = "error",
	[MMS_LOG_WARN] = "warn",
	[MMS_LOG_INFO] = "info",
	[MMS_LOG_DEBUG] = "debug",
};

struct mms_log_field
mms_log_ref(const char *key, const char *id)
{
	return (struct mms_log_field){ .type = MMS_LOG_TEXT, .key = key, .text = id };
}

struct mms_log_field
mms_log_i64(const char *key, int64_t number)
{
	return (struct mms_log_field){ .type = MMS_LOG_I64, .key = key, .number = number };
}

struct mms_log_field
mms_log_ms(const char *key, int64_t ms)
{
	return (struct mms_log_field){ .type = MMS_LOG_TIME, .key = key, .number = ms };
}

/* A value with blanks, quotes or control characters goes in quotes, escaped. */
static void
add_text_value(struct mms_str *line, const char *text)
{
	bool is_plain = text[0] != '\0';

	for (const char *p = text; *p != '\0'; p++)
		is_plain = is_plain && (unsigned char)*p > ' ' && *p != '"' && *p != '=';
	if (is_plain) {
		mms_str_add(line, text);
		return;
	}
	mms_str_addc(line, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			mms_str_addc(line, '\\');
		if (*p == '\n')
			mms_str_add(line, "\\n");
		else if ((unsigned char)*p < ' ')
			mms_str_addf(line, "\\x%02x", (unsigned)(unsigned char)*p);
		else
			mms_str_addc(line, *p);
	}
	mms_str_addc(line, '"');
}

static void
print_text_line(struct mms_str *line, const char *stamp, const char *level, const char *event,
		const struct mms_log_field *fields)
{
	char when[MMS_TIME_TEXT_MAX];

	mms_str_addf(line, "time=%s level=%s event=%s", stamp, level, event);
	for (const struct mms_log_field *f = fields; f != NULL && f->type != MMS_LOG_END; f++) {
		mms_str_addf(line, " %s=", f->key);
		if (f->type == MMS_LOG_I64)
			mms_str_addf(line, "%" PRId64, f->number);
		else
			add_text_value(line, f->type == MMS_LOG_TIME
						     ? mms_time_print(f->number, when)
					     : f->text != NULL ? f->text
							       : "-");
	}
	mms_str_addc(line, '\n');
}

static void
print_json_line(struct mms_str *line, const char *stamp, const char *level, const char *event,
		const struct mms_log_field *fields)
{
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) ignored = { 0 };

	if (mms_json_open_str(&j, line, false, &ignored) != MMS_OK)
		return;
	mms_json_map(&j);
	mms_json_put_text(&j, "time", stamp);
	mms_json_put_text(&j, "level", level);
	mms_json_put_text(&j, "event", event);
	for (const struct mms_log_field *f = fields; f != NULL && f->type != MMS_LOG_END; f++) {
		if (f->type == MMS_LOG_I64)
			mms_json_put_i64(&j, f->key, f->number);
		else if (f->type == MMS_LOG_TIME)
			mms_json_put_time(&j, f->key, f->number);
		else
			mms_json_put_text(&j, f->key, f->text);
	}
	mms_json_map_end(&j);
	mms_json_done(&j);
}

void
mms_log_write(struct mms_log *log, enum mms_log_level level, const char *event,
	      const struct mms_log_field *fields)
{
	MMS_AUTO(mms_str) line = { 0 };
	char stamp[MMS_TIME_TEXT_MAX];

	if (log == NULL || log->is_silent || level > log->level)
		return;
	mms_time_print(mms_clock_now_ms(NULL), stamp);
	if (log->is_json)
		print_json_line(&line, stamp, level_names[level], event, fields);
	else
		print_text_line(&line, stamp, level_names[level], event, fields);
	if (line.state != MMS_OK || line.len == 0)
		return; /* a log line is not worth failing for */
	ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
	(void)written;
}

void
mms_log_err(struct mms_log *log, enum mms_log_level level, const char *event,
	    const struct mms_err *err)
{
	MMS_LOG(log, level, event, mms_log_ref("code", mms_rc_name(err->code)),
		mms_log_ref("message", mms_err_text(err)),
		mms_log_ref("hint", mms_err_hint(err)));
}
