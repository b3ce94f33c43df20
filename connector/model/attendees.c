/* Attendees of an event (see the header). */
#include "mmsync/attendees.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/json_scan.h"

/* A decoded address up to this needs no memory. */
#define ADDRESS_MAX 512

struct walk {
	struct mms_jscan scan;
	const struct mms_email *email;
	struct mms_verdict *v; /* NULL: only count */
	size_t n_bad;
	mms_rc rc;
	struct mms_err *err;
};

/* A finding about the attendee at an index; pattern has a hole for it, or none. */
static void
blame(struct walk *w, const char *pattern, int64_t index)
{
	struct mms_field number = mms_field_int(index);

	w->n_bad++;
	if (w->v != NULL)
		mms_verdict_add(w->v, MMS_SEVERITY_ERROR, MMS_RULE_ATTENDEES, pattern, &number);
}

static void
judge_address(struct walk *w, const char *text, size_t len)
{
	if (len == 0 || mms_email_matches(w->email, text, len))
		return; /* an empty one is none */
	w->n_bad++;
	struct mms_field address = mms_field_text(text, len);
	if (w->v != NULL)
		mms_verdict_add(w->v, MMS_SEVERITY_ERROR, MMS_RULE_ATTENDEES,
				"Invalid email format for attendee: '{}'", &address);
}

static void
judge_text(struct walk *w, const struct mms_jvalue *value)
{
	char small[ADDRESS_MAX];

	if (!value->has_escape) {
		judge_address(w, value->ptr, value->len);
	} else if (value->len <= sizeof small) {
		judge_address(w, small, mms_jscan_decode(value, small));
	} else {
		MMS_AUTO(mms_str) large = mms_str_make(value->len);
		mms_str_addn(&large, value->ptr, value->len);
		if (mms_str_check(&large, w->err) != MMS_OK) {
			w->rc = w->err->code;
			return;
		}
		size_t len = mms_jscan_decode(value, large.ptr);
		judge_address(w, large.ptr, len);
	}
}

/*
 * Is a number zero, and so false to Python? Behind it stands at least the bracket of its object,
 * where strtod() stops.
 */
static bool
is_zero(const struct mms_jvalue *value)
{
	size_t i = 0;

	if (value->type == MMS_J_REAL)
		return fpclassify(strtod(value->ptr, NULL)) == FP_ZERO;
	while (i < value->len && (value->ptr[i] == '0' || value->ptr[i] == '-'))
		i++;
	return i == value->len;
}

/* The value of an "email" key that is no text: re.match() refuses it unless it is false. */
static void
judge_other(struct walk *w, const struct mms_jvalue *value, bool is_empty)
{
	static const char *const names[] = {
		[MMS_J_NULL] = NULL,    [MMS_J_FALSE] = NULL,   [MMS_J_TRUE] = "bool",
		[MMS_J_INT] = "int",    [MMS_J_REAL] = "float", [MMS_J_TEXT] = NULL,
		[MMS_J_ARRAY] = "list", [MMS_J_MAP] = "dict",
	};
	const char *name = names[value->type];
	bool is_number = value->type == MMS_J_INT || value->type == MMS_J_REAL;

	if (name == NULL || is_empty || (is_number && is_zero(value)))
		return;
	struct mms_field type = mms_field_text(name, strlen(name));
	w->n_bad++;
	if (w->v != NULL)
		mms_verdict_add(w->v, MMS_SEVERITY_ERROR, MMS_RULE_ATTENDEES,
				"expected string or bytes-like object, got '{}'", &type);
}

/* An attendee that is an object, its opening read. Of equal keys the last one counts. */
static bool
judge_map(struct walk *w, int64_t index)
{
	struct mms_jvalue key, value, email = { 0 };
	bool has_email = false, is_empty = false;

	while (mms_jscan_more(&w->scan, &key)) {
		bool is_email = mms_jscan_is(&key, "email", 5);
		if (!mms_jscan_value(&w->scan, &value))
			return false;
		const char *inside = w->scan.p;
		if (!mms_jscan_skip(&w->scan, &value))
			return false;
		if (is_email) {
			has_email = true;
			email = value;
			/* skip() reads at least the closing bracket */
			is_empty = value.type == MMS_J_ARRAY || value.type == MMS_J_MAP;
			for (; is_empty && inside < w->scan.p - 1; inside++)
				is_empty = strchr(" \t\r\n", *inside) != NULL;
		}
	}
	if (w->scan.why != NULL)
		return false;
	if (!has_email)
		blame(w, "Attendee at index {} is missing 'email' field.", index);
	else if (email.type == MMS_J_TEXT)
		judge_text(w, &email);
	else
		judge_other(w, &email, is_empty);
	return true;
}

/* Every attendee of the array whose opening was read; false on a syntax error. */
static bool
judge_items(struct walk *w)
{
	struct mms_jvalue item;

	for (int64_t i = 0; mms_jscan_more(&w->scan, NULL); i++) {
		if (!mms_jscan_value(&w->scan, &item))
			return false;
		if (item.type == MMS_J_TEXT) {
			judge_text(w, &item);
		} else if (item.type == MMS_J_MAP) {
			if (!judge_map(w, i))
				return false;
		} else {
			blame(w, "Attendee at index {} must be a string or object.", i);
			if (!mms_jscan_skip(&w->scan, &item))
				return false;
		}
	}
	return mms_jscan_done(&w->scan);
}

/* One pass; the second one, with a verdict, tells what the first one counted. */
static enum mms_attendees
pass(struct walk *w, const char *text, size_t len)
{
	struct mms_jvalue value;
	bool is_json;

	mms_jscan_start(&w->scan, text, len);
	w->n_bad = 0;
	is_json = mms_jscan_value(&w->scan, &value);
	if (is_json && value.type == MMS_J_ARRAY)
		is_json = judge_items(w);
	else if (is_json)
		is_json = mms_jscan_skip(&w->scan, &value) && mms_jscan_done(&w->scan);
	if (w->scan.is_too_deep)
		return MMS_ATTENDEES_TOO_DEEP;
	if (!is_json)
		return MMS_ATTENDEES_NOT_JSON;
	if (w->scan.has_huge_int)
		return MMS_ATTENDEES_TOO_LARGE;
	if (value.type != MMS_J_ARRAY)
		return MMS_ATTENDEES_NO_ARRAY;
	return w->n_bad > 0 ? MMS_ATTENDEES_BAD : MMS_ATTENDEES_GOOD;
}

mms_rc
mms_attendees_judge(const struct mms_email *email, const char *text, size_t len,
		    struct mms_verdict *v, enum mms_attendees *out, struct mms_err *err)
{
	/* What the controller says; the last two are exceptions that it does not catch. */
	static const char *const whole[] = {
		[MMS_ATTENDEES_NO_ARRAY] =
			"Attendees must be a JSON array of email addresses or objects.",
		[MMS_ATTENDEES_NOT_JSON] = "Invalid JSON format for Attendees.",
		[MMS_ATTENDEES_TOO_DEEP] = ("maximum recursion depth exceeded while decoding "
					    "a JSON array from a unicode string"),
		[MMS_ATTENDEES_TOO_LARGE] =
			"Exceeds the limit (4300 digits) for integer string conversion",
	};
	struct walk w = { .email = email, .err = err };

	*out = pass(&w, text, len);
	if (w.rc == MMS_OK && *out == MMS_ATTENDEES_BAD) {
		w.v = v;
		(void)pass(&w, text, len);
	} else if (*out != MMS_ATTENDEES_GOOD) {
		mms_verdict_add(v, MMS_SEVERITY_ERROR, MMS_RULE_ATTENDEES, whole[*out]);
	}
	return w.rc;
}
