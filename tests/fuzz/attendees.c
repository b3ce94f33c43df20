/*
 * Attendees against jansson. Where jansson reads a text, we read it, and agree on whether it is an
 * array; what it refuses and we do not must hold one of the things that Python has beyond it.
 */
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/attendees.h"
#include "mmsync/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NaN, Infinity, lone surrogates, and numbers that a double or an int64 does not hold. */
static int
has_more_than_json(const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (strchr("NIeE", text[i]) != NULL && text[i] != '\0')
			return 1;
		if (text[i] == '\\' && i + 1 < len && text[i + 1] == 'u')
			return 1;
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		if (digits >= 18)
			return 1;
	}
	return 0;
}

/* Every address as jansson has it, by the rule; how many are wrong. */
static size_t
count_wrong(const json_t *array, const struct mms_email *email)
{
	size_t n = 0, i;
	json_t *item;

	json_array_foreach(array, i, item)
	{
		const json_t *value =
			json_is_object(item) ? json_object_get(item, "email") : item;
		if (value == NULL || (value == item && !json_is_string(item)))
			n++;
		else if (json_is_string(value))
			n += json_string_length(value) > 0 &&
			     !mms_email_matches(email, json_string_value(value),
						json_string_length(value));
		else
			n += json_is_true(value) ||
			     (json_is_number(value) &&
			      fpclassify(json_number_value(value)) != FP_ZERO) ||
			     json_array_size(value) > 0 || json_object_size(value) > 0;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mms_email *email;
	const char *text = (const char *)data;
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	enum mms_attendees kind;
	json_error_t why;

	if (email == NULL && mms_email_new(&email, true, &err) != MMS_OK)
		return 0;
	/* jansson loses a NUL that follows a number */
	if (!mms_utf8_is_valid(text, size) || (size > 0 && memchr(text, '\0', size) != NULL))
		return 0;
	if (mms_attendees_judge(email, text, size, &v, &kind, &err) != MMS_OK)
		abort();
	if (kind == MMS_ATTENDEES_TOO_DEEP || kind == MMS_ATTENDEES_TOO_LARGE)
		return 0;
	json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (json == NULL) {
		if (kind != MMS_ATTENDEES_NOT_JSON && !has_more_than_json(text, size))
			abort();
		return 0;
	}
	if (json_is_array(json)) {
		if ((kind != MMS_ATTENDEES_GOOD && kind != MMS_ATTENDEES_BAD) ||
		    v.n_errors != count_wrong(json, email))
			abort();
	} else if (kind != MMS_ATTENDEES_NO_ARRAY) {
		abort();
	}
	json_decref(json);
	return 0;
}
