/* One line of control, taken apart (private to control*.c). */
#ifndef FAKES_GOOGLE_CONTROL_H
#define FAKES_GOOGLE_CONTROL_H

#include "service.h"

#define G_MAX_WORDS 64

/* Words, with key=value among them. */
struct g_line {
	char *words[G_MAX_WORDS];
	size_t n;
	char *rest; /* of the line behind the first word, as it stood */
	char *wrong;
	size_t wrong_size;
};

/* Say what is wrong; returns false. */
bool g_refuse(struct g_line *l, const char *fmt, ...) MMS_PRINTF(2, 3);
/* The value of key=value; NULL: not there. */
const char *g_value_of(const struct g_line *l, const char *key);
/* "" where there is none. */
const char *g_word(const struct g_line *l, size_t i);
/* The calendar of the second word; NULL: refused. */
struct g_calendar *g_line_calendar(struct g_service *g, struct g_line *l);

/* ms_token.c */
bool g_do_device(struct g_service *g, struct g_line *l);
bool g_do_grant(struct g_service *g, struct g_line *l);

bool g_do_event(struct g_service *g, struct g_line *l);
bool g_do_series(struct g_service *g, struct g_line *l);
bool g_do_change(struct g_service *g, struct g_line *l);
bool g_do_mark(struct g_service *g, struct g_line *l);
bool g_do_delete(struct g_service *g, struct g_line *l);
bool g_do_vanish(struct g_service *g, struct g_line *l);
bool g_do_copy(struct g_service *g, struct g_line *l);
/* The event of the third word in the calendar of the second; NULL: refused. */
struct g_event *g_line_event(struct g_service *g, struct g_line *l, struct g_calendar **c);
bool g_do_move(struct g_service *g, struct g_line *l);
bool g_do_reid(struct g_service *g, struct g_line *l);
bool g_do_online(struct g_service *g, struct g_line *l);
bool g_do_delete_from(struct g_service *g, struct g_line *l);

#endif
