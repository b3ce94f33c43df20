/* The bytes of a feed, by offset; wide encodings become UTF-8 once, in memory of the kernel. */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feed_parts.h"

#define CHUNK ((size_t)16 * 1024)

static mms_rc
read_at(int fd, int64_t offset, char *buf, size_t size, size_t *got, struct mms_err *err)
{
	ssize_t n;

	do {
		n = pread(fd, buf, size, (off_t)offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mms_fail(err, MMS_E_RETRY, "the feed cannot be read: %s",
				strerrordesc_np(errno));
	*got = (size_t)n;
	return MMS_OK;
}

mms_rc
feed_source_read(void *source, int64_t offset, char *buf, size_t size, size_t *got,
		 struct mms_err *err)
{
	const struct feed_source *s = source;

	return read_at(s->fd, offset, buf, size, got, err);
}

/* The wide encoding that the first bytes show; NULL: none. A feed begins with ASCII letters. */
static const char *
wide_encoding(const unsigned char *b, size_t n, size_t *mark)
{
	static const struct {
		const char *name;
		size_t len;
		unsigned char bytes[4];
	} marks[] = {
		{ "UTF-32LE", 4, { 0xFF, 0xFE, 0, 0 } },
		{ "UTF-32BE", 4, { 0, 0, 0xFE, 0xFF } },
		{ "UTF-16LE", 2, { 0xFF, 0xFE, 0, 0 } },
		{ "UTF-16BE", 2, { 0xFE, 0xFF, 0, 0 } },
	};

	*mark = 0;
	for (size_t i = 0; i < MMS_COUNT(marks); i++) {
		if (n >= marks[i].len && memcmp(b, marks[i].bytes, marks[i].len) == 0) {
			*mark = marks[i].len;
			return marks[i].name;
		}
	}
	/* Which of the first four are zero: feeds begin with two letters or line ends. */
	unsigned zeros = 0;
	for (size_t i = 0; i < 4 && n >= 4; i++)
		zeros |= b[i] == 0 ? 1U << i : 0;
	switch (zeros) {
	case 0xE:
		return "UTF-32LE";
	case 0x7:
		return "UTF-32BE";
	case 0xA:
		return "UTF-16LE";
	case 0x5:
		return "UTF-16BE";
	default:
		return NULL;
	}
}

static mms_rc
write_all(int fd, const char *bytes, size_t n, struct mms_err *err)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return mms_fail(err, MMS_E_RETRY, "the feed cannot be converted: %s",
					strerrordesc_np(errno));
		bytes += done;
		n -= (size_t)done;
	}
	return MMS_OK;
}

/* Convert what is in `in`; *left is what a cut character leaves for the next round. */
static mms_rc
convert_chunk(iconv_t cd, int fd, char *in, size_t n, size_t unit, size_t *left,
	      struct mms_err *err)
{
	char out[CHUNK];

	while (n > 0) {
		char *to = out;
		size_t room = sizeof out;
		size_t rc = iconv(cd, &in, &n, &to, &room);
		int why = rc == (size_t)-1 ? errno : 0;
		mms_rc written = write_all(fd, out, sizeof out - room, err);
		if (written != MMS_OK)
			return written;
		if (why == EINVAL)
			break;
		if (why == EILSEQ && n >= unit) {
			in += unit;
			n -= unit;
			written = write_all(fd, "\xEF\xBF\xBD", 3, err);
			if (written != MMS_OK)
				return written;
		} else if (why == EILSEQ) {
			break;
		}
	}
	*left = n;
	return MMS_OK;
}

static mms_rc
convert(iconv_t cd, int from, int64_t offset, int to, size_t unit, struct mms_err *err)
{
	char in[CHUNK];
	size_t kept = 0, got = 1;

	for (;;) {
		mms_rc rc = read_at(from, offset, in + kept, sizeof in - kept, &got, err);
		if (rc != MMS_OK || got == 0)
			return rc;
		offset += (int64_t)got;
		size_t n = kept + got;
		rc = convert_chunk(cd, to, in, n, unit, &kept, err);
		if (rc != MMS_OK)
			return rc;
		memmove(in, in + n - kept, kept);
	}
}

static mms_rc
copy_in_utf8(struct feed_source *source, int fd, const char *encoding, size_t mark,
	     struct mms_err *err)
{
	size_t unit = strncmp(encoding, "UTF-32", 6) == 0 ? 4 : 2;
	iconv_t cd = iconv_open("UTF-8", encoding);

	if (cd == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr): so POSIX says */
		return mms_fail(err, MMS_E_RETRY,
				"the feed is %s, which this system cannot read", encoding);
	int copy = memfd_create("mmsync-feed", MFD_CLOEXEC);
	mms_rc rc = copy < 0 ? mms_fail(err, MMS_E_RETRY, "the feed cannot be converted: %s",
					strerrordesc_np(errno))
			     : convert(cd, fd, (int64_t)mark, copy, unit, err);
	(void)iconv_close(cd);
	if (rc != MMS_OK && copy >= 0)
		(void)close(copy);
	if (rc == MMS_OK)
		*source = (struct feed_source){ .fd = copy, .own = copy };
	return rc;
}

mms_rc
feed_source_open(struct feed_source *source, int fd, struct mms_err *err)
{
	char first[4];
	size_t got = 0, mark;

	*source = (struct feed_source){ .fd = fd };
	mms_rc rc = read_at(fd, 0, first, sizeof first, &got, err);
	if (rc != MMS_OK)
		return rc;
	const char *encoding = wide_encoding((const unsigned char *)first, got, &mark);
	return encoding != NULL ? copy_in_utf8(source, fd, encoding, mark, err) : MMS_OK;
}

void
feed_source_close(struct feed_source *source)
{
	if (source->own > 0)
		(void)close(source->own);
	*source = (struct feed_source){ 0 };
}
