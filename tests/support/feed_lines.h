/* The events of a feed in memory as sorted texts, for comparing feeds that must mean the same. */
#ifndef SUPPORT_FEED_LINES_H
#define SUPPORT_FEED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/feed.h"

struct feed_line {
	char *text; /* every fact but line numbers and warnings */
	int64_t start_ms, end_ms;
	bool has_problem;
};

struct feed_lines {
	struct feed_line *items; /* owned, sorted by text */
	size_t n;
	mms_rc rc;
	int64_t next_entry_ms;
};

void feed_lines_read(const char *bytes, size_t len, const struct mms_feed_options *options,
		     struct feed_lines *out);
void feed_lines_free(struct feed_lines *lines);
/* Remove those that do not overlap a window, and problems. */
void feed_lines_clip(struct feed_lines *lines, int64_t from_ms, int64_t to_ms);
/* Prints the first difference. */
bool feed_lines_are_same(const struct feed_lines *a, const struct feed_lines *b);

/* The feeds of a folder, appended. */
struct feed_file {
	char name[128];
	char *bytes; /* owned */
	size_t len;
};
size_t feed_files_read(const char *folder, struct feed_file *files, size_t n, size_t max);

/* A file in memory that holds these bytes. */
int feed_file_open(const char *bytes, size_t len);

#endif
