/* Words, values and quotes (see the header). */
#include "support/scenario_words.h"

#include <stdlib.h>
#include <string.h>

void
words_split(struct words *words, const char *text)
{
	char *out = words->text = strdup(text);

	words->n = 0;
	for (const char *p = text; words->n < MMS_COUNT(words->at);) {
		bool is_quoted = false;

		while (*p == ' ')
			p++;
		if (*p == '\0')
			break;
		words->at[words->n++] = out;
		for (; *p != '\0' && (is_quoted || *p != ' '); p++) {
			if (*p == '"')
				is_quoted = !is_quoted;
			else if (*p == '\\' && is_quoted && p[1] != '\0')
				*out++ = *++p == 'n' ? '\n' : *p;
			else
				*out++ = *p;
		}
		*out++ = '\0';
	}
}

void
words_release(struct words *words)
{
	free(words->text);
	*words = (struct words){ 0 };
}

const char *
words_get(const struct words *words, size_t i)
{
	return i < words->n ? words->at[i] : "";
}

const char *
words_value(const struct words *words, const char *key, const char *otherwise)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < words->n; i++) {
		if (strncmp(words->at[i], key, len) == 0 && words->at[i][len] == '=')
			return words->at[i] + len + 1;
	}
	return otherwise;
}

void
sql_quote(struct mms_str *out, const char *text)
{
	if (text == NULL) {
		mms_str_add(out, "NULL");
		return;
	}
	mms_str_addc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '\\')
			mms_str_addc(out, *text == '\'' ? '\'' : '\\');
		mms_str_addc(out, *text);
	}
	mms_str_addc(out, '\'');
}

void
sql_quote_or_null(struct mms_str *out, const char *text)
{
	sql_quote(out, text[0] != '\0' ? text : NULL);
}
