/*
 * Two texts of a meeting, read as a person reads them: some services take HTML and give back the words of it,
 * others write its tags in their own way. Neither is a change.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mmsync/attr.h"
#include "mmsync/meeting.h"

/* A text that is read character by character. */
struct reader {
	const char *at;
	bool is_html;
	char entity[5]; /* what an entity stands for, in UTF-8; read before the rest */
	const char *pending;
};

static void
put_char(struct reader *r, uint32_t c)
{
	size_t n = 0;

	if (c < 0x80) {
		r->entity[n++] = (char)c;
	} else if (c < 0x800) {
		r->entity[n++] = (char)(0xc0 | (c >> 6));
		r->entity[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		r->entity[n++] = (char)(0xe0 | (c >> 12));
		r->entity[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
		r->entity[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		r->entity[n++] = (char)(0xf0 | (c >> 18));
		r->entity[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
		r->entity[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
		r->entity[n++] = (char)(0x80 | (c & 0x3f));
	}
	r->entity[n] = '\0';
	r->pending = r->entity;
}

/* "&amp;", "&#39;", "&#x27;". False: it is only an ampersand. */
static bool
read_entity(struct reader *r)
{
	static const struct {
		const char *name;
		uint32_t c;
	} named[] = { { "&amp;", '&' },  { "&lt;", '<' },    { "&gt;", '>' },
		      { "&quot;", '"' }, { "&apos;", '\'' }, { "&nbsp;", 0xa0 } };

	for (size_t i = 0; i < MMS_COUNT(named); i++) {
		size_t len = strlen(named[i].name);

		if (strncasecmp(r->at, named[i].name, len) != 0)
			continue;
		r->at += len;
		put_char(r, named[i].c);
		return true;
	}
	if (r->at[1] != '#')
		return false;
	bool is_hex = r->at[2] == 'x' || r->at[2] == 'X';
	char *end = NULL;
	unsigned long c = strtoul(r->at + (is_hex ? 3 : 2), &end, is_hex ? 16 : 10);
	if (*end != ';' || c == 0 || c > 0x10ffff)
		return false;
	r->at = end + 1;
	put_char(r, (uint32_t)c);
	return true;
}

/* "<br>", "</p>", "<!-- -->": what begins like a tag and ends. */
static bool
skip_tag(struct reader *r)
{
	char c = r->at[1];
	bool is_tag = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '!';
	const char *end = is_tag ? strchr(r->at, '>') : NULL;

	if (end == NULL)
		return false;
	r->at = end + 1;
	return true;
}

/* Blanks and the space that does not break are nothing: services set them as they like. */
static bool
skip_blank(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;

	if (*p != '\0' && *p <= ' ') {
		*at += 1;
		return true;
	}
	if (p[0] == 0xc2 && p[1] == 0xa0) {
		*at += 2;
		return true;
	}
	return false;
}

/* The next byte that a person sees; '\0' at the end. */
static char
next(struct reader *r)
{
	for (;;) {
		const char **at = r->pending != NULL ? &r->pending : &r->at;

		if (**at == '\0' && r->pending != NULL) {
			r->pending = NULL;
			continue;
		}
		if (skip_blank(at))
			continue;
		if (r->pending == NULL && r->is_html &&
		    ((*r->at == '<' && skip_tag(r)) || (*r->at == '&' && read_entity(r))))
			continue;
		return **at != '\0' ? *(*at)++ : '\0';
	}
}

static bool
is_same(const char *html, const char *other, bool is_html)
{
	struct reader a = { .at = html, .is_html = true };
	struct reader b = { .at = other, .is_html = is_html };
	char x, y;

	do {
		x = next(&a);
		y = next(&b);
	} while (x == y && x != '\0');
	return x == y;
}

bool
mms_meeting_reads_same(const char *html, const char *other)
{
	html = html != NULL ? html : "";
	other = other != NULL ? other : "";
	return is_same(html, other, false) || is_same(html, other, true);
}
