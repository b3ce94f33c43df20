/* One row for each word of the language. */
#include "support/feed_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, TWO_NUMBERS, TWO_TEXTS, YES, HEADER, DROP };

struct word {
	const char *name;
	enum kind kind;
	size_t first, second; /* offsets in struct feed_conf */
};

#define AT(field) offsetof(struct feed_conf, field)

static const struct word words[] = {
	{ "etag", TEXT, AT(etag), 0 },
	{ "last-modified", TEXT, AT(last_modified), 0 },
	{ "type", TEXT, AT(type), 0 },
	{ "retry-after", TEXT, AT(retry_after), 0 },
	{ "redirect", TEXT, AT(redirect), 0 },
	{ "encoding", TEXT, AT(encoding), 0 },
	{ "auth", TWO_TEXTS, AT(user), AT(password) },
	{ "header", HEADER, 0, 0 },
	{ "status", NUMBER, AT(status), 0 },
	{ "truncate", NUMBER, AT(truncate), 0 },
	{ "wrong-length", NUMBER, AT(wrong_length), 0 },
	{ "reset-after", NUMBER, AT(reset_after), 0 },
	{ "stall", NUMBER, AT(stall_ms), 0 },
	{ "bomb", NUMBER, AT(bomb_mb), 0 },
	{ "drip", TWO_NUMBERS, AT(drip_bytes), AT(drip_ms) },
	{ "gzip", YES, AT(is_gzip), 0 },
	{ "html", YES, AT(is_html), 0 },
	{ "chunked", YES, AT(is_chunked), 0 },
	{ "http10", YES, AT(is_http10), 0 },
	{ "close", YES, AT(is_closing), 0 },
	{ "drop", DROP, AT(drop), 0 },
};

static bool
read_number(char **rest, long *out)
{
	char *end;

	*out = strtol(*rest, &end, 10);
	bool is_good = end != *rest && *out >= 0 && (*end == '\0' || *end == ' ');
	*rest = end + strspn(end, " ");
	return is_good;
}

static bool
read_drop(const char *rest, enum feed_drop *out)
{
	*out = strcmp(rest, "before") == 0 ? DROP_BEFORE : DROP_AFTER;
	return *out == DROP_BEFORE || strcmp(rest, "after") == 0;
}

static bool
set_word(struct feed_conf *conf, const struct word *word, char *rest)
{
	void *first = (char *)conf + word->first, *second = (char *)conf + word->second;
	char *blank = strchr(rest, ' ');

	switch (word->kind) {
	case TEXT:
		*(const char **)first = rest;
		return rest[0] != '\0';
	case NUMBER:
		return read_number(&rest, first) && rest[0] == '\0';
	case TWO_NUMBERS:
		return read_number(&rest, first) && read_number(&rest, second);
	case TWO_TEXTS:
		if (blank == NULL)
			return false;
		*blank = '\0';
		*(const char **)first = rest;
		*(const char **)second = blank + 1;
		return true;
	case YES:
		*(bool *)first = true;
		return rest[0] == '\0';
	case HEADER:
		if (conf->n_headers == FEED_CONF_HEADERS || strchr(rest, ':') == NULL)
			return false;
		conf->headers[conf->n_headers++] = rest;
		return true;
	case DROP:
		return read_drop(rest, first);
	default:
		return false;
	}
}

static bool
read_line(struct feed_conf *conf, char *line)
{
	char *rest = line + strcspn(line, " ");

	if (*rest != '\0')
		*rest++ = '\0';
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, line) == 0)
			return set_word(conf, &words[i], rest);
	return false;
}

void
feed_conf_read(struct feed_conf *conf, const char *text, unsigned long n_used, bool *has_times)
{
	char *line, *next;

	*conf = (struct feed_conf){ .truncate = -1, .wrong_length = -1, .reset_after = -1 };
	*has_times = false;
	conf->text = strdup(text);
	for (line = conf->text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (strncmp(line, "times ", 6) == 0) {
			if (n_used >= strtoul(line + 6, NULL, 10))
				return;
			*has_times = true;
		} else if (!read_line(conf, line)) {
			(void)snprintf(conf->wrong, sizeof conf->wrong, "%s", line);
			return;
		}
	}
}

void
feed_conf_release(struct feed_conf *conf)
{
	free(conf->text);
	conf->text = NULL;
}
