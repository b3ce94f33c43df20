/* What may be made of a person's event: is it somebody's block already, are its words for others? (block_inward.h) */
#include <string.h>

#include "block_inward.h"
#include "mmsync/blocks.h"

/* What older generations wrote: titles that begin so, and in the text their name and a tag of four parts. */
#define OLD_TITLE "Busy - "
#define OLD_TAG   "CalSync"
#define TAG_PARTS 4

/* Behind a blank of any kind, as HTML has it, too. */
static const char *
skip_blanks(const char *text)
{
	static const char *const blanks[] = { " ", "\t", "\n", "\r", "\xc2\xa0", "&nbsp;" };
	bool is_blank;

	do {
		is_blank = false;
		for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
			size_t n = strlen(blanks[i]);
			if (strncmp(text, blanks[i], n) == 0) {
				text += n;
				is_blank = true;
				break;
			}
		}
	} while (is_blank);
	return text;
}

/* "[source:account:calendar:event]": none of them empty, ids may have more colons. */
static bool
is_tag(const char *text)
{
	unsigned parts = 0;

	if (*text++ != '[')
		return false;
	for (;;) {
		size_t n = strcspn(text, ":]\r\n<");
		parts += n > 0;
		if (text[n] == ']')
			return parts >= TAG_PARTS;
		if (text[n] != ':')
			return false;
		text += n + 1;
	}
}

const char *
mms_block_old_tag(const char *text)
{
	const char *at = text;

	while (at != NULL && (at = strstr(at, OLD_TAG)) != NULL) {
		const char *tag = skip_blanks(at += strlen(OLD_TAG));
		if (is_tag(tag))
			return tag;
	}
	return NULL;
}

bool
mms_block_has_old_title(const char *title)
{
	return title != NULL && strncmp(title, OLD_TITLE, strlen(OLD_TITLE)) == 0;
}

static bool
is_of_older_generation(const struct mms_event *event)
{
	return mms_block_has_old_title(event->title) ||
	       mms_block_old_tag(event->description) != NULL;
}

unsigned
mms_block_flags(const struct mms_turn_state *t, const struct mms_event *event,
		const struct mms_known_event *known)
{
	const struct mms_mark *mark = &event->mark;
	/* Their absence says nothing there. */
	bool shows_marks = t->provider->ops->complete == NULL || mark->kind != MMS_MARK_NONE;
	bool was_none = known != NULL && (known->flags & MMS_KNOWN_NO_SOURCE) != 0;
	unsigned flags = event->is_private ? MMS_STATE_PRIVATE : 0;

	if (mms_whose_has_mark(t, event, false) || mark->kind == MMS_MARK_BUSY_BLOCK ||
	    is_of_older_generation(event) || (was_none && !shows_marks))
		flags |= MMS_STATE_NO_SOURCE;
	return flags;
}
