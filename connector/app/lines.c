/* Reading lines (lines.h): read() gives what is there, so a pipe is answered at once. */
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/mem.h"

#define FIRST_CAP ((size_t)64 * 1024)

mms_rc
mms_lines_open(struct mms_lines *lines, const char *path, struct mms_err *err)
{
	*lines = (struct mms_lines){ .fd = STDIN_FILENO, .is_open = true };
	if (path == NULL || strcmp(path, "-") == 0)
		return MMS_OK;
	lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	lines->is_open = lines->is_ours = lines->fd >= 0;
	if (lines->is_open)
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "%s: %s", path, strerrordesc_np(errno));
	return mms_hint(err, "give a file of JSON lines, or - for stdin");
}

void
mms_lines_release(struct mms_lines *lines)
{
	if (lines == NULL)
		return;
	if (lines->is_ours)
		(void)close(lines->fd);
	mms_free(lines->buf);
	*lines = (struct mms_lines){ 0 };
}

/* Room behind end: move what is unread to the front, then grow. */
static mms_rc
make_room(struct mms_lines *lines, struct mms_err *err)
{
	if (lines->buf != NULL && lines->start > 0) {
		memmove(lines->buf, lines->buf + lines->start, lines->end - lines->start);
		lines->end -= lines->start;
		lines->start = 0;
	}
	if (lines->end < lines->cap)
		return MMS_OK;
	size_t cap = lines->cap > 0 ? 2 * lines->cap : FIRST_CAP;
	if (cap > MMS_LINE_MAX + 2)
		cap = MMS_LINE_MAX + 2;
	char *moved = mms_resize(lines->buf, cap, 1);
	if (moved == NULL)
		return mms_fail_nomem(err);
	lines->buf = moved;
	lines->cap = cap;
	return MMS_OK;
}

static mms_rc
cannot_read(int error, struct mms_err *err)
{
	mms_fail(err, error == EISDIR ? MMS_E_USAGE : MMS_E_RETRY,
		 "the input cannot be read: %s", strerrordesc_np(error));
	return error == EISDIR ? mms_hint(err, "give a file of JSON lines, or - for stdin")
			       : err->code;
}

static mms_rc
read_more(struct mms_lines *lines, const atomic_bool *stop, struct mms_err *err)
{
	mms_rc rc = make_room(lines, err);

	while (rc == MMS_OK) {
		if (atomic_load(stop))
			return mms_fail(err, MMS_E_STOPPED, "interrupted at line %lld",
					(long long)lines->n + 1);
		ssize_t n = read(lines->fd, lines->buf + lines->end, lines->cap - lines->end);
		if (n >= 0) {
			lines->is_at_end = n == 0;
			lines->end += (size_t)n;
			return MMS_OK;
		}
		if (errno != EINTR)
			return cannot_read(errno, err);
	}
	return rc;
}

/* Where the line that begins at start ends, reading on as needed; NULL: not within the limit. */
static mms_rc
find_end(struct mms_lines *lines, const atomic_bool *stop, char **out, struct mms_err *err)
{
	size_t seen = 0;
	mms_rc rc = MMS_OK;

	for (;;) {
		size_t n = lines->end - lines->start - seen;
		*out = lines->buf != NULL && n > 0
			       ? memchr(lines->buf + lines->start + seen, '\n', n)
			       : NULL;
		seen += n;
		if (*out != NULL || seen > MMS_LINE_MAX)
			return MMS_OK;
		if (lines->is_at_end) {
			*out = lines->buf != NULL ? lines->buf + lines->end : NULL;
			return MMS_OK;
		}
		rc = read_more(lines, stop, err);
		if (rc != MMS_OK)
			return rc;
	}
}

/* Read and drop the rest of a line that is too long. */
static mms_rc
skip_rest(struct mms_lines *lines, const atomic_bool *stop, struct mms_err *err)
{
	mms_rc rc = MMS_OK;

	lines->end = lines->start; /* the line that was given stays in front of it */
	while (rc == MMS_OK && !lines->is_at_end) {
		lines->start = lines->end = 0;
		rc = read_more(lines, stop, err);
		char *end = rc == MMS_OK && lines->end > 0
				    ? memchr(lines->buf, '\n', lines->end)
				    : NULL;
		if (end != NULL) {
			lines->start = (size_t)(end - lines->buf) + 1;
			return MMS_OK;
		}
	}
	return rc;
}

mms_rc
mms_lines_next(struct mms_lines *lines, const atomic_bool *stop, char **line, size_t *len,
	       bool *is_too_long, struct mms_err *err)
{
	char *end = NULL;

	*line = NULL;
	*is_too_long = false;
	mms_rc rc = find_end(lines, stop, &end, err);
	if (rc != MMS_OK)
		return rc;
	if (end == NULL && lines->start < lines->end) {
		*is_too_long = true;
		*len = 0;
		rc = skip_rest(lines, stop, err);
		*line = lines->buf;
		lines->n++;
		return rc;
	}
	if (lines->start == lines->end)
		return MMS_OK;
	*line = lines->buf + lines->start;
	*len = (size_t)(end - *line);
	*is_too_long = *len > MMS_LINE_MAX;
	lines->start += *len + (end < lines->buf + lines->end);
	if (lines->n++ == 0 && *len >= 3 && memcmp(*line, "\xEF\xBB\xBF", 3) == 0) {
		*line += 3;
		*len -= 3;
	}
	return MMS_OK;
}
