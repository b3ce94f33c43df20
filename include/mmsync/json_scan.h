/*
 * Reading JSON as Python's json.loads() reads it, value by value, in place, without memory of
 * its own: what Frappe accepts and refuses is what Python accepts and refuses. Beyond RFC 8259
 * that is: NaN, Infinity and -Infinity are values, lone surrogates may stand in \u escapes, a
 * key may come twice; a byte order mark, a raw control character in a text and any space but
 * blank, tab, LF and CR are refused. Deeper than MMS_JSON_MAX_DEPTH is refused here, where Python
 * would run out of its stack some hundred levels later or earlier.
 *
 * The text must be well-formed UTF-8 (mms_utf8_is_valid).
 *
 * Layer: base.
 */
#ifndef MMSYNC_JSON_SCAN_H
#define MMSYNC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define MMS_JSON_MAX_DEPTH 900
/* Digits of a whole number that Python 3.11 still converts. */
#define MMS_JSON_MAX_INT 4300

enum mms_jtype {
	MMS_J_NULL,
	MMS_J_FALSE,
	MMS_J_TRUE,
	MMS_J_INT,  /* no fraction, no exponent: an int in Python     */
	MMS_J_REAL, /* also NaN and the infinities: a float in Python */
	MMS_J_TEXT,
	MMS_J_ARRAY,
	MMS_J_MAP,
};

/* One value as it stands in the text. Borrows: the text. */
struct mms_jvalue {
	enum mms_jtype type;
	const char *
		ptr; /* a text between its quotes, a number as written, a container's bracket  */
	size_t len;
	bool has_escape; /* a text that mms_jscan_decode() must be asked for */
};

/* A place in a text. All zero is the empty text. */
struct mms_jscan {
	const char *begin, *p, *end;
	const char *why;   /* static; NULL: nothing wrong so far                        */
	size_t depth;      /* containers that are open                                  */
	bool is_first;     /* nothing of the innermost container has been read          */
	bool is_too_deep;  /* why is the depth                                          */
	bool has_huge_int; /* a whole number of more than MMS_JSON_MAX_INT digits was read */
	unsigned char is_map[MMS_JSON_MAX_DEPTH / 8 + 1];
};

void mms_jscan_start(struct mms_jscan *s, const char *text, size_t len);

/*
 * The next value: a scalar as a whole, of a container the opening. False: s->why says what is
 * wrong at s->p.
 */
bool mms_jscan_value(struct mms_jscan *s, struct mms_jvalue *out);

/*
 * Is there one more element in the innermost container? Of a map the key is read with its
 * colon into *key. False at the container's end (which is then read), or when s->why is set.
 */
bool mms_jscan_more(struct mms_jscan *s, struct mms_jvalue *key);

/* Read on to the end of a value that mms_jscan_value() gave. */
bool mms_jscan_skip(struct mms_jscan *s, const struct mms_jvalue *value);

/* Is nothing but space left, and nothing wrong? Sets s->why otherwise. */
bool mms_jscan_done(struct mms_jscan *s);

/* Column of s->p in characters, from 1. */
size_t mms_jscan_column(const struct mms_jscan *s);

/*
 * A text with its escapes resolved, written to out, which may be the text's own place: it never
 * needs more than value->len bytes. A lone surrogate becomes U+FFFD. Returns the bytes written.
 */
size_t mms_jscan_decode(const struct mms_jvalue *value, char *out);

/* Does a text, decoded, equal this word of ASCII? */
bool mms_jscan_is(const struct mms_jvalue *value, const char *word, size_t len);

#endif
