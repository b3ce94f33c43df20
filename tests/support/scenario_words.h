/* Words of a story's line (private to scenario*.c). */
#ifndef SUPPORT_SCENARIO_WORDS_H
#define SUPPORT_SCENARIO_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmsync/str.h"
#include "support/scenario.h"

/* Words between blanks; "quoted ones" and key="quoted ones" are whole, with \" \\ and \n in them. */
struct words {
	char *text; /* owned; the words point into it */
	char *at[64];
	size_t n;
};
void words_split(struct words *words, const char *text);
void words_release(struct words *words);
/* "" where there is none. */
const char *words_get(const struct words *words, size_t i);
/* The value of key=value; otherwise where it is not there. */
const char *words_value(const struct words *words, const char *key, const char *otherwise);

/* A text as SQL has it, quotes included; NULL as NULL. */
void sql_quote(struct mms_str *out, const char *text);
/* The same for "" as NULL. */
void sql_quote_or_null(struct mms_str *out, const char *text);

#endif
