/*
 * A line of JSON to its verdict. The first byte chooses the DocType. Look-ups answer by the length
 * of what is asked. The verdict must be one line of JSON, the same when the line is judged again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
begin(void *aux)
{
	(void)aux;
}

static mms_rc
user(void *aux, struct mms_text name, bool *found, struct mms_text *out, struct mms_err *err)
{
	(void)aux;
	(void)err;
	*found = name.len % 3 != 0;
	*out = name;
	return MMS_OK;
}

static mms_rc
integration(void *aux, struct mms_text name, bool *found, struct mms_known_integration *out,
	    struct mms_err *err)
{
	out->is_active = name.len % 2 == 0;
	return user(aux, name, found, &out->name, err);
}

static mms_rc
pair(void *aux, struct mms_text a, struct mms_text b, struct mms_text except, bool *out,
     struct mms_err *err)
{
	(void)aux;
	(void)err;
	*out = (a.len + b.len + except.len) % 4 == 0;
	return MMS_OK;
}

static mms_rc
other_primary(void *aux, struct mms_text owner, struct mms_text except, bool *found,
	      struct mms_text *out, struct mms_err *err)
{
	*out = except;
	return pair(aux, owner, owner, except, found, err);
}

static mms_rc
linked(void *aux, struct mms_text booking, struct mms_text except, bool *out,
       struct mms_err *err)
{
	return pair(aux, booking, booking, except, out, err);
}

static mms_rc
booking(void *aux, struct mms_text name, bool *found, struct mms_known_booking *out,
	struct mms_err *err)
{
	*out = (struct mms_known_booking){ .status = name, .end_us = (int64_t)name.len };
	return user(aux, name, found, &out->name, err);
}

static mms_rc
meeting_type(void *aux, struct mms_text name, bool *found, struct mms_known_meeting_type *out,
	     struct mms_err *err)
{
	*out = (struct mms_known_meeting_type){ .location_type = name,
						.custom_location = name,
						.is_active = name.len % 2 == 0,
						.is_internal = name.len % 5 == 0,
						.is_public = name.len % 7 == 0,
						.requires_approval = name.len % 11 == 0 };
	return user(aux, name, found, &out->name, err);
}

static mms_rc
availability(void *aux, struct mms_text name, bool *found, struct mms_known_availability *out,
	     struct mms_err *err)
{
	struct mms_text ignored;

	*out = (struct mms_known_availability){ (int64_t)name.len, 2 };
	return user(aux, name, found, &ignored, err);
}

/* Owns: the result, mms_free(). */
static char *
judge(enum mms_doctype_id type, const uint8_t *bytes, size_t size,
      const struct mms_email *email)
{
	static const struct mms_lookups look = { begin,        user,          integration,
						 pair,         other_primary, user,
						 pair,         booking,       linked,
						 meeting_type, availability };
	const struct mms_rules rules = { .email = email,
					 .look = &look,
					 .now_us = INT64_C(1795176000000000) };
	MMS_AUTO(mms_doc) doc = { 0 };
	MMS_AUTO(mms_verdict) v = { 0 };
	MMS_AUTO(mms_str) problem = { 0 };
	MMS_AUTO(mms_str) out = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	char *line = mms_text_copy_n((const char *)bytes, size);

	if (line == NULL || mms_json_open_str(&j, &out, false, &err) != MMS_OK ||
	    mms_doc_read_json(&doc, type, line, size, &problem, &err) != MMS_OK)
		abort();
	if (problem.len > 0)
		mms_verdict_addn(&v, MMS_SEVERITY_ERROR, MMS_RULE_JSON, problem.ptr,
				 problem.len);
	else if (mms_rules_judge(&rules, &doc, &v, &err) != MMS_OK)
		abort();
	if (v.n_errors + v.n_warnings != v.n + v.n_left_out)
		abort();
	mms_verdict_print(&v, 0, &doc.f[MMS_DOC_NAME], &j);
	if (mms_json_check(&j, &err) != MMS_OK)
		abort();
	mms_free(line);
	return mms_str_take(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mms_email *email;
	struct mms_jscan scan;
	struct mms_jvalue value;
	MMS_AUTO(mms_err) err = { 0 };

	if (size == 0 || (email == NULL && mms_email_new(&email, true, &err) != MMS_OK))
		return 0;
	enum mms_doctype_id type = (enum mms_doctype_id)(data[0] % MMS_DT_PARENTS);
	char *first = judge(type, data + 1, size - 1, email);
	char *again = judge(type, data + 1, size - 1, email);
	if (first == NULL || again == NULL || strcmp(first, again) != 0)
		abort();
	size_t len = strlen(first);
	mms_jscan_start(&scan, first, len);
	if (!mms_jscan_value(&scan, &value) || value.type != MMS_J_MAP ||
	    !mms_jscan_skip(&scan, &value) || !mms_jscan_done(&scan) ||
	    memchr(first, '\n', len) != first + len - 1)
		abort();
	mms_free(first);
	mms_free(again);
	return 0;
}
