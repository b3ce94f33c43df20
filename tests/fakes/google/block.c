/*
 * What nobody but us asks of a service, so that every test sees it: a write of a busy block tells nothing about
 * its person and nobody of itself.
 */
#include "service.h"

#include <string.h>

static bool
is_block(const json_t *doc)
{
	const json_t *all =
		json_object_get(json_object_get(doc, "extendedProperties"), "private");
	const char *kind = json_string_value(json_object_get(all, "mmsync_kind"));

	return kind != NULL && strcmp(kind, "busy_block") == 0;
}

static bool
is_word(const json_t *sent, const char *name, const char *word)
{
	const char *text = json_string_value(json_object_get(sent, name));

	return text != NULL && strcmp(text, word) == 0;
}

const char *
g_judge_block(const json_t *doc, const json_t *sent, bool is_new, const char *notify)
{
	static const char *const silent[] = { "attendees", "location", "locations",
					      "description", "body" };
	const json_t *reminders = json_object_get(sent, "reminders");
	/* The mark alone may be put on one that an older generation made. */
	bool is_said = is_new || json_object_get(sent, "start") != NULL ||
		       json_object_get(sent, "summary") != NULL ||
		       json_object_get(sent, "subject") != NULL;

	if (!is_block(doc))
		return NULL;
	for (size_t i = 0; i < MMS_COUNT(silent); i++) {
		if (json_object_get(sent, silent[i]) != NULL)
			return "A busy block has no guests, no place and no text.";
	}
	if (notify != NULL && strcmp(notify, "none") != 0)
		return "Nobody is told of a busy block.";
	bool is_private =
		(is_word(sent, "visibility", "private") &&
		 is_word(sent, "transparency", "opaque") &&
		 json_is_false(json_object_get(reminders, "useDefault"))) ||
		(is_word(sent, "sensitivity", "private") && is_word(sent, "showAs", "busy") &&
		 json_is_false(json_object_get(sent, "isReminderOn")) &&
		 (!is_new || json_is_false(json_object_get(sent, "responseRequested"))));
	return is_said && !is_private ? "A busy block is private, busy and without reminders."
				      : NULL;
}
