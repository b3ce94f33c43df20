/* Any bytes as content lines: the same lines however the bytes arrive; values never crash. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "mmsync/digest.h"
#include "mmsync/ical.h"
#include "mmsync/mem.h"
#include "mmsync/utf8.h"

struct source {
	const uint8_t *data;
	size_t size, chunk;
};

static mms_rc
read_some(void *aux, int64_t offset, char *buf, size_t size, size_t *got, struct mms_err *err)
{
	const struct source *s = aux;
	size_t left = (size_t)offset < s->size ? s->size - (size_t)offset : 0;

	(void)err;
	if (size > s->chunk)
		size = s->chunk;
	*got = left < size ? left : size;
	memcpy(buf, s->data + offset, *got);
	return MMS_OK;
}

static void
try_values(const struct mms_ical_line *line)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_ical_time time;
	struct mms_ical_duration duration;
	struct mms_ical_period period;
	struct mms_ical_line other = *line;
	struct mms_span param;
	char *text = NULL;
	int32_t offset;

	(void)mms_ical_time_parse(line->value, &time);
	if (mms_ical_duration_parse(line->value, &duration))
		FUZZ_CHECK(duration.days <= 366000 && duration.days >= -366000);
	(void)mms_ical_period_parse(line->value, &period);
	(void)mms_ical_offset_parse(line->value, &offset);
	(void)mms_ical_split_last(&other);
	(void)mms_ical_param(line->params, "TZID", &param);
	FUZZ_CHECK(mms_ical_text(line->value, line->params, NULL, &text, &err) == MMS_OK);
	FUZZ_CHECK(mms_utf8_is_valid(text, strlen(text)));
	mms_free(text);
	text = NULL;
	FUZZ_CHECK(mms_ical_param_text(line->params, "CN", "windows-1251", &text, &err) ==
		   MMS_OK);
	FUZZ_CHECK(text == NULL || mms_utf8_is_valid(text, strlen(text)));
	mms_free(text);
}

static void
add_span(struct mms_digest *digest, struct mms_span span)
{
	mms_digest_add_i64(digest, (int64_t)span.len);
	mms_digest_add(digest, span.ptr, span.len);
}

/* All lines as a digest, read in pieces of at most chunk bytes. */
static void
digest_lines(const uint8_t *data, size_t size, size_t chunk,
	     unsigned char out[MMS_SHA256_BYTES])
{
	struct source source = { data, size, chunk };
	MMS_AUTO(mms_digest) digest = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	MMS_AUTO(mms_ical) reader = { 0 };
	struct mms_ical_line line;
	bool has = true;

	FUZZ_CHECK(mms_digest_begin(&digest, &err) == MMS_OK);
	FUZZ_CHECK(mms_ical_open(&reader, read_some, &source, &err) == MMS_OK);
	/* Which line end it is, is seen in the first window. */
	reader.eol = memchr(data, '\n', size) == NULL && memchr(data, '\r', size) != NULL
			     ? '\r'
			     : '\n';
	for (;;) {
		FUZZ_CHECK(mms_ical_next(&reader, &line, &has, &err) == MMS_OK);
		if (!has)
			break;
		FUZZ_CHECK(line.offset >= 0 && (size_t)line.offset < size);
		mms_digest_add_i64(&digest, line.offset);
		mms_digest_add_i64(&digest, line.number);
		add_span(&digest, line.name);
		add_span(&digest, line.params);
		add_span(&digest, line.value);
		try_values(&line);
	}
	FUZZ_CHECK(mms_digest_end(&digest, out, &err) == MMS_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char whole[MMS_SHA256_BYTES], pieces[MMS_SHA256_BYTES];

	if (size == 0)
		return 0;
	digest_lines(data, size, SIZE_MAX, whole);
	digest_lines(data, size, data[0] % 7 + 1, pieces);
	FUZZ_CHECK(memcmp(whole, pieces, sizeof whole) == 0);
	return 0;
}
