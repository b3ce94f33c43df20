/* Streaming JSON output over libyajl's generator (see the header). */
#include "mmsync/json.h"

#include <string.h>

#include <yajl/yajl_gen.h>

#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/utf8.h"

#define SPARE_BYTES 64

static void
print_chunk(void *aux, const char *bytes, size_t n)
{
	struct mms_json *j = aux;

	if (j->str != NULL)
		mms_str_addn(j->str, bytes, n);
	else if (j->state == MMS_OK && fwrite(bytes, 1, n, j->file) != n)
		j->state = MMS_E_STOPPED;
}

/*
 * yajl_gen_alloc() makes a buffer that we do not use, and writes to it without a look whether it was
 * given (libyajl 2.1, yajl_buf_alloc()): it gets the spare piece then, and what follows fails orderly.
 */
static void *
hook_malloc(void *aux, size_t size)
{
	struct mms_json *j = aux;
	void *given = mms_hook_malloc(size);

	if (given == NULL && size <= SPARE_BYTES) {
		given = j->spare;
		j->spare = NULL;
	}
	return given;
}

static void *
hook_realloc(void *aux, void *p, size_t size)
{
	(void)aux;
	return mms_hook_realloc(p, size);
}

static void
hook_free(void *aux, void *p)
{
	(void)aux;
	mms_hook_free(p);
}

static mms_rc
open_any(struct mms_json *j, bool is_pretty, struct mms_err *err)
{
	const yajl_alloc_funcs hooks = { hook_malloc, hook_realloc, hook_free, j };

	j->is_pretty = is_pretty;
	j->spare = mms_alloc(SPARE_BYTES);
	if (j->spare == NULL)
		return mms_fail_nomem(err);
	j->gen = yajl_gen_alloc(&hooks);
	mms_free(j->spare);
	j->spare = NULL;
	if (j->gen == NULL)
		return mms_fail_nomem(err);
	if (yajl_gen_config(j->gen, yajl_gen_print_callback, print_chunk, (void *)j) == 0 ||
	    yajl_gen_config(j->gen, yajl_gen_beautify, is_pretty ? 1 : 0) == 0 ||
	    yajl_gen_config(j->gen, yajl_gen_indent_string, "  ") == 0)
		return mms_fail(err, MMS_E_BUG, "libyajl refuses its options");
	return MMS_OK;
}

mms_rc
mms_json_open_file(struct mms_json *j, FILE *file, bool is_pretty, struct mms_err *err)
{
	*j = (struct mms_json){ .file = file };
	return open_any(j, is_pretty, err);
}

mms_rc
mms_json_open_str(struct mms_json *j, struct mms_str *str, bool is_pretty, struct mms_err *err)
{
	*j = (struct mms_json){ .str = str };
	return open_any(j, is_pretty, err);
}

void
mms_json_release(struct mms_json *j)
{
	if (j == NULL)
		return;
	if (j->gen != NULL)
		yajl_gen_free(j->gen);
	*j = (struct mms_json){ 0 };
}

static void
note(struct mms_json *j, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok && j->state == MMS_OK)
		j->state = MMS_E_BUG;
}

void
mms_json_map(struct mms_json *j)
{
	note(j, yajl_gen_map_open(j->gen));
}

void
mms_json_map_end(struct mms_json *j)
{
	note(j, yajl_gen_map_close(j->gen));
}

void
mms_json_array(struct mms_json *j)
{
	note(j, yajl_gen_array_open(j->gen));
}

void
mms_json_array_end(struct mms_json *j)
{
	note(j, yajl_gen_array_close(j->gen));
}

void
mms_json_textn(struct mms_json *j, const char *text, size_t len)
{
	if (mms_utf8_is_valid(text, len)) {
		note(j, yajl_gen_string(j->gen, (const unsigned char *)text, len));
		return;
	}
	MMS_AUTO(mms_str) good = { 0 };
	mms_utf8_add_repaired(&good, text, len);
	if (good.state != MMS_OK && j->state == MMS_OK)
		j->state = good.state;
	note(j, yajl_gen_string(j->gen, (const unsigned char *)mms_str_get(&good), good.len));
}

void
mms_json_text(struct mms_json *j, const char *text)
{
	if (text == NULL)
		mms_json_null(j);
	else
		mms_json_textn(j, text, strlen(text));
}

void
mms_json_key(struct mms_json *j, const char *key)
{
	mms_json_text(j, key);
}

void
mms_json_i64(struct mms_json *j, int64_t value)
{
	note(j, yajl_gen_integer(j->gen, value));
}

void
mms_json_bool(struct mms_json *j, bool value)
{
	note(j, yajl_gen_bool(j->gen, value ? 1 : 0));
}

void
mms_json_null(struct mms_json *j)
{
	note(j, yajl_gen_null(j->gen));
}

void
mms_json_time(struct mms_json *j, int64_t ms)
{
	char text[MMS_TIME_TEXT_MAX];

	if (ms == MMS_NO_TIME)
		mms_json_null(j);
	else
		mms_json_text(j, mms_time_print(ms, text));
}

void
mms_json_put_text(struct mms_json *j, const char *key, const char *text)
{
	mms_json_key(j, key);
	mms_json_text(j, text);
}

void
mms_json_put_i64(struct mms_json *j, const char *key, int64_t value)
{
	mms_json_key(j, key);
	mms_json_i64(j, value);
}

void
mms_json_put_bool(struct mms_json *j, const char *key, bool value)
{
	mms_json_key(j, key);
	mms_json_bool(j, value);
}

void
mms_json_put_time(struct mms_json *j, const char *key, int64_t ms)
{
	mms_json_key(j, key);
	mms_json_time(j, ms);
}

void
mms_json_done(struct mms_json *j)
{
	yajl_gen_reset(j->gen, NULL);
	if (!j->is_pretty)
		print_chunk(j, "\n", 1);
	if (j->file != NULL && fflush(j->file) != 0 && j->state == MMS_OK)
		j->state = MMS_E_STOPPED;
}

/* What stands for a byte inside of quotes: 0 itself, 'u' \\u00XX, else the letter after a backslash. */
static char
escape_of(unsigned char c)
{
	static const char controls[32] = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu";

	if (c < sizeof controls)
		return controls[c];
	if (c == '"' || c == '\\')
		return (char)c;
	return '\0';
}

static void
add_escaped(struct mms_str *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t good = 0; /* start of the run not yet appended */

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char escape = escape_of(c);
		char code[] = { '\\', escape, '0', '0', hex[c >> 4], hex[c & 15] };
		if (escape == '\0')
			continue;
		mms_str_addn(out, text + good, i - good);
		mms_str_addn(out, code, escape == 'u' ? sizeof code : 2);
		good = i + 1;
	}
	mms_str_addn(out, text + good, len - good);
}

void
mms_json_add_quoted(struct mms_str *out, const char *text, size_t len)
{
	mms_str_addc(out, '"');
	if (mms_utf8_is_valid(text, len)) {
		add_escaped(out, text, len);
	} else {
		MMS_AUTO(mms_str) good = { 0 };
		mms_utf8_add_repaired(&good, text, len);
		if (good.state != MMS_OK && out->state == MMS_OK)
			out->state = good.state;
		add_escaped(out, mms_str_get(&good), good.len);
	}
	mms_str_addc(out, '"');
}

mms_rc
mms_json_check(const struct mms_json *j, struct mms_err *err)
{
	if (j->state == MMS_OK && j->str != NULL)
		return mms_str_check(j->str, err);
	if (j->state == MMS_E_NOMEM)
		return mms_fail_nomem(err);
	if (j->state == MMS_E_STOPPED)
		return mms_fail(err, MMS_E_STOPPED, "the output cannot be written");
	if (j->state != MMS_OK)
		return mms_fail(err, MMS_E_BUG, "JSON written in a wrong order");
	return MMS_OK;
}
