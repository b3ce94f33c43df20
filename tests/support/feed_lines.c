#include "support/feed_lines.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mmsync/err.h"

static int
compare(const void *a, const void *b)
{
	const struct feed_line *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static const char *
or_none(const char *text)
{
	return text != NULL ? text : "-";
}

static struct feed_line
line_of(const struct mms_event *e)
{
	struct feed_line line = { .start_ms = e->start_ms,
				  .end_ms = e->end_ms,
				  .has_problem = e->problem != NULL };

	if (asprintf(&line.text, "%s|%lld|%lld|%d|%s|%s|%s|%s|%d|%d|%d|%d|%d|%zu|%lld",
		     e->external_id, (long long)e->start_ms, (long long)e->end_ms,
		     e->is_all_day, or_none(e->title), or_none(e->description),
		     or_none(e->location), or_none(e->organizer_email), (int)e->show,
		     (int)e->status, e->is_private, e->is_outside, e->problem != NULL,
		     e->n_attendees, (long long)e->modified_ms) < 0)
		abort();
	return line;
}

int
feed_file_open(const char *bytes, size_t len)
{
	int fd = memfd_create("feed", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, bytes, len) != (ssize_t)len)
		abort();
	return fd;
}

void
feed_lines_read(const char *bytes, size_t len, const struct mms_feed_options *options,
		struct feed_lines *out)
{
	MMS_AUTO(mms_err) err = { 0 };
	struct mms_feed *feed = NULL;
	bool has = true;
	int fd = feed_file_open(bytes, len);

	*out = (struct feed_lines){ 0 };
	out->rc = mms_feed_open(&feed, fd, options, &err);
	while (out->rc == MMS_OK) {
		struct mms_event event;
		out->rc = mms_feed_next(feed, &event, &has, &err);
		if (out->rc != MMS_OK || !has)
			break;
		out->items = realloc(out->items, (out->n + 1) * sizeof *out->items);
		out->items[out->n++] = line_of(&event);
		mms_event_release(&event);
	}
	if (feed != NULL)
		out->next_entry_ms = mms_feed_next_entry_ms(feed);
	mms_feed_free(feed);
	close(fd);
	if (out->n > 1)
		qsort(out->items, out->n, sizeof *out->items, compare);
}

void
feed_lines_free(struct feed_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		free(lines->items[i].text);
	free(lines->items);
	*lines = (struct feed_lines){ 0 };
}

void
feed_lines_clip(struct feed_lines *lines, int64_t from_ms, int64_t to_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < lines->n; i++) {
		const struct feed_line *l = &lines->items[i];
		bool is_inside = l->start_ms < to_ms &&
				 (l->end_ms > from_ms ||
				  (l->end_ms == l->start_ms && l->start_ms >= from_ms));
		if (is_inside && !l->has_problem)
			lines->items[n++] = *l;
		else
			free(l->text);
	}
	lines->n = n;
}

bool
feed_lines_are_same(const struct feed_lines *a, const struct feed_lines *b)
{
	size_t i = 0;

	while (i < a->n && i < b->n && strcmp(a->items[i].text, b->items[i].text) == 0)
		i++;
	if (i == a->n && i == b->n && a->rc == b->rc)
		return true;
	printf("# %s, %zu events: %.400s\n# %s, %zu events: %.400s\n", mms_rc_name(a->rc), a->n,
	       i < a->n ? a->items[i].text : "(no more)", mms_rc_name(b->rc), b->n,
	       i < b->n ? b->items[i].text : "(no more)");
	return false;
}

size_t
feed_files_read(const char *folder, struct feed_file *files, size_t n, size_t max)
{
	struct dirent **entries = NULL;
	int found = scandir(folder, &entries, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');
		char path[512];
		(void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		FILE *file = n < max && dot != NULL && strcmp(dot, ".ics") == 0
				     ? fopen(path, "re")
				     : NULL;
		if (file != NULL) {
			struct feed_file *f = &files[n++];
			(void)snprintf(f->name, sizeof f->name, "%.100s", entries[i]->d_name);
			f->bytes = malloc(1000000);
			f->len = fread(f->bytes, 1, 1000000, file);
			fclose(file);
		}
		free(entries[i]);
	}
	free(entries);
	return n;
}
