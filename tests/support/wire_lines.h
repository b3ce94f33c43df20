/*
 * Pages of a service, one for each oddity: FOLDER/NAME.json, and beside it NAME.txt with the lines that must
 * come out. MMS_GOLDEN=update writes what comes out (look at the difference before you believe it).
 * And real pages, where they are: $MMS_CORPUS, else ../shared/data.
 */
#ifndef SUPPORT_WIRE_LINES_H
#define SUPPORT_WIRE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "mmsync/event.h"
#include "mmsync/str.h"
#include "mmsync/zone.h"

/* Group set-up and tear-down: *state is the zones of the system. */
int wire_lines_open(void **state);
int wire_lines_close(void **state);

bool wire_lines_read_file(const char *path, struct mms_str *out);
/* Borrows: static. */
const char *wire_lines_corpus(void);

/* ` name="text"`; nothing for NULL. */
void wire_lines_put_text(struct mms_str *out, const char *name, const char *text);
void wire_lines_put_flag(struct mms_str *out, const char *name, bool is_set);
/* Every fact of an event but those that are as usual, on a line. */
void wire_lines_put_event(struct mms_str *out, const struct mms_event *e);
/* Fails the test where an event is none that could be. */
void wire_lines_check_event(const struct mms_event *e);

/* A page as lines. */
typedef mms_rc (*wire_lines_fn)(struct mms_zones *zones, struct mms_str *text,
				struct mms_str *out, struct mms_err *err);
/* Each page of a folder gives what stands beside it. Returns how many there are. */
unsigned
wire_lines_check_folder(const char *folder, struct mms_zones *zones, wire_lines_fn print);
/* With any allocation failing a page is refused for want of memory, or read right. */
void wire_lines_check_memory(const char *folder, const char *name, struct mms_zones *zones,
			     wire_lines_fn print);
/* Pages that are read or refused with a hint; of what is refused nothing is printed. */
struct wire_lines_row {
	const char *label, *text;
	mms_rc rc;
};
void wire_lines_check_rows(const struct wire_lines_row *rows, size_t n, struct mms_zones *zones,
			   wire_lines_fn print);
/* Behind this beginning arrays in arrays, beyond all reason: refused. */
void wire_lines_check_nesting(const char *start, struct mms_zones *zones, wire_lines_fn print);
/* Wherever a page is cut off nothing of it is believed. */
void wire_lines_check_cut(const char *folder, const char *name, struct mms_zones *zones,
			  wire_lines_fn print);

#endif
