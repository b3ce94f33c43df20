/* Lines of control that only Graph's face has a meaning for. */
#include "control.h"

#include <string.h>

/* move CAL ID TO [NEWID]: a person puts it into another calendar of the mailbox. */
bool
g_do_move(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);
	struct g_calendar *to = e != NULL ? g_find_calendar(g, g_word(l, 3)) : NULL;
	const char *id = l->n > 4 ? g_word(l, 4) : g_word(l, 2);

	if (e != NULL && (to == NULL || to == c))
		return g_refuse(l, "'%s' is no other calendar", g_word(l, 3));
	return e != NULL && (graph_move(g, c, e, to, id) || g_refuse(l, "out of memory"));
}

/* reid CAL ID NEWID: the same event under another id, as after the mailbox was moved. */
bool
g_do_reid(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);

	if (e != NULL && (l->n < 4 || strcmp(g_word(l, 2), g_word(l, 3)) == 0))
		return g_refuse(l, "reid takes CALENDAR ID NEWID");
	return e != NULL &&
	       (graph_move(g, c, e, c, g_word(l, 3)) || g_refuse(l, "out of memory"));
}

bool
g_do_online(struct g_service *g, struct g_line *l)
{
	struct g_calendar *c;
	struct g_event *e = g_line_event(g, l, &c);

	if (e != NULL)
		graph_make_online(g, e);
	return e != NULL;
}
