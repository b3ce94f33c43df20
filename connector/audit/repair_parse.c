/* A plan read from its document (see repair.h): every member checked, what is wrong told with its line. */
#include <stdarg.h>
#include <string.h>

#include "mmsync/json_scan.h"
#include "mmsync/mem.h"
#include "mmsync/timetext.h"
#include "mmsync/utf8.h"
#include "mmsync/uuid.h"
#include "repair_p.h"

#define VERSION 1
/* No name and no message is longer, bytes. */
#define TEXT_MAX 4096

/* A document on its way; members of one object at a time. */
struct reading {
	struct mms_jscan s;
	struct mms_err *err;
	struct mms_repair_plan *plan;
	struct mms_repair *repair; /* that is being read */
};

static mms_rc wrong(struct reading *r, const char *at, const char *fmt, ...) MMS_PRINTF(3, 4);
static mms_rc
wrong(struct reading *r, const char *at, const char *fmt, ...)
{
	MMS_AUTO(mms_str) what = { 0 };
	size_t line = 1;
	va_list ap;

	for (const char *p = r->s.begin; p < at; p++)
		line += *p == '\n';
	va_start(ap, fmt);
	mms_str_addv(&what, fmt, ap);
	va_end(ap);
	mms_fail(r->err, MMS_E_USAGE, "this is no plan: line %zu: %s", line,
		 mms_str_get(&what));
	return mms_hint(r->err,
			"mmsync audit --plan FILE makes one; of it whole repairs may be "
			"taken out, and nothing changed");
}

static mms_rc
broken(struct reading *r)
{
	return wrong(r, r->s.p, "%s", r->s.why != NULL ? r->s.why : "it ends too early");
}

/* ---- values ---------------------------------------------------------------------------------------- */

/* NULL: none, where that may be. Takes the place of what is there. */
static mms_rc
take_text(struct reading *r, const struct mms_jvalue *v, bool may_be_null, char **out)
{
	mms_free(*out);
	*out = NULL;
	if (v->type == MMS_J_NULL && may_be_null)
		return MMS_OK;
	if (v->type != MMS_J_TEXT || v->len > TEXT_MAX)
		return wrong(r, v->ptr, "a text is expected, of at most %d bytes", TEXT_MAX);
	char *text = mms_alloc(v->len + 1);
	if (text == NULL)
		return mms_fail_nomem(r->err);
	size_t len = mms_jscan_decode(v, text);
	text[len] = '\0';
	*out = text;
	return strlen(text) == len ? MMS_OK
				   : wrong(r, v->ptr, "a text with a zero byte is no name");
}

static mms_rc
take_number(struct reading *r, const struct mms_jvalue *v, uint64_t *out)
{
	*out = 0;
	if (v->type != MMS_J_INT || v->len > 18)
		return wrong(r, v->ptr, "a whole number is expected");
	for (size_t i = 0; i < v->len; i++) {
		if (v->ptr[i] < '0' || v->ptr[i] > '9')
			return wrong(r, v->ptr, "a whole number is expected, from 0");
		*out = *out * 10 + (uint64_t)(v->ptr[i] - '0');
	}
	return MMS_OK;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 16 bytes in hex. *has NULL: they must be there. */
static mms_rc
take_bytes(struct reading *r, const struct mms_jvalue *v, unsigned char out[16], bool *has)
{
	bool is_good = v->type == MMS_J_TEXT && v->len == 32 && !v->has_escape;

	if (v->type == MMS_J_NULL && has != NULL)
		return MMS_OK;
	for (size_t i = 0; is_good && i < 16; i++) {
		int high = digit_of(v->ptr[2 * i]), low = digit_of(v->ptr[2 * i + 1]);
		is_good = high >= 0 && low >= 0;
		out[i] = (unsigned char)(is_good ? 16 * high + low : 0);
	}
	if (!is_good)
		return wrong(r, v->ptr, "32 digits of a hexadecimal number are expected");
	if (has != NULL)
		*has = true;
	return MMS_OK;
}

static mms_rc
take_word(struct reading *r, const struct mms_jvalue *v, char word[64])
{
	if (v->type != MMS_J_TEXT || v->len >= 64 || v->has_escape)
		return wrong(r, v->ptr, "a word is expected");
	memcpy(word, v->ptr, v->len);
	word[v->len] = '\0';
	return MMS_OK;
}

/* ---- objects --------------------------------------------------------------------------------------- */

typedef mms_rc member(struct reading *r, const struct mms_jvalue *v);
struct member_of {
	const char *name;
	member *take;
};

/* The members of an object that was opened: each once, and all of them. */
static mms_rc
read_members(struct reading *r, const struct member_of *members, size_t n)
{
	const char *begin = r->s.p;
	struct mms_jvalue key, value;
	unsigned seen = 0;

	while (mms_jscan_more(&r->s, &key)) {
		size_t i = 0;
		while (i < n && !mms_jscan_is(&key, members[i].name, strlen(members[i].name)))
			i++;
		if (i == n)
			return wrong(r, key.ptr, "a plan has no member of this name here");
		if (seen & (1U << i))
			return wrong(r, key.ptr, "%s stands here twice", members[i].name);
		seen |= 1U << i;
		if (!mms_jscan_value(&r->s, &value))
			return broken(r);
		mms_rc rc = members[i].take(r, &value);
		if (rc != MMS_OK)
			return rc;
	}
	if (r->s.why != NULL)
		return broken(r);
	for (size_t i = 0; i < n; i++) {
		if (!(seen & (1U << i)))
			return wrong(r, begin, "%s is missing", members[i].name);
	}
	return MMS_OK;
}

static mms_rc
take_calendar(struct reading *r, const struct mms_jvalue *v)
{
	return take_number(r, v, &r->repair->mend.cursor_id);
}

static mms_rc
take_id(struct reading *r, const struct mms_jvalue *v)
{
	return take_number(r, v, &r->repair->mend.id);
}

static mms_rc
take_uuid(struct reading *r, const struct mms_jvalue *v)
{
	return take_bytes(r, v, r->repair->mend.uuid, &r->repair->mend.has_uuid);
}

static mms_rc
take_key(struct reading *r, const struct mms_jvalue *v)
{
	return take_bytes(r, v, r->repair->mend.key, &r->repair->mend.has_key);
}

static mms_rc
take_booking(struct reading *r, const struct mms_jvalue *v)
{
	mms_rc rc = take_text(r, v, true, &r->repair->booking);

	r->repair->mend.booking = r->repair->booking;
	return rc;
}

static mms_rc
take_row(struct reading *r, const struct mms_jvalue *v)
{
	mms_rc rc = take_text(r, v, true, &r->repair->row);

	r->repair->mend.row = r->repair->row;
	return rc;
}

static mms_rc
take_ids(struct reading *r, const struct mms_jvalue *v)
{
	static const struct member_of ids[] = {
		{ "calendar", take_calendar }, { "id", take_id },
		{ "uuid", take_uuid },         { "key", take_key },
		{ "booking", take_booking },   { "row", take_row },
	};

	return v->type == MMS_J_MAP ? read_members(r, ids, MMS_COUNT(ids))
				    : wrong(r, v->ptr, "an object is expected");
}

static mms_rc
take_what(struct reading *r, const struct mms_jvalue *v)
{
	char *text = NULL;

	mms_rc rc = take_text(r, v, false, &text);
	mms_free(text); /* it is for people */
	return rc;
}

static mms_rc
take_message(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, false, &r->repair->message);
}

static mms_rc
take_table(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, false, &r->repair->table);
}

static mms_rc
take_name(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, false, &r->repair->name);
}

static mms_rc
take_integration(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, true, &r->repair->integration);
}

static mms_rc
take_rule(struct reading *r, const struct mms_jvalue *v)
{
	char word[64];
	int i = 0;

	mms_rc rc = take_word(r, v, word);
	while (rc == MMS_OK && i < MMS_RULE_COUNT &&
	       strcmp(mms_rule_name((enum mms_rule)i), word) != 0)
		i++;
	if (rc == MMS_OK && i == MMS_RULE_COUNT)
		return wrong(r, v->ptr, "there is no rule of this name");
	r->repair->rule = (enum mms_rule)i;
	return rc;
}

static mms_rc
take_severity(struct reading *r, const struct mms_jvalue *v)
{
	bool is_error = mms_jscan_is(v, "error", 5);

	if (v->type != MMS_J_TEXT || (!is_error && !mms_jscan_is(v, "warning", 7)))
		return wrong(r, v->ptr, "error or warning is expected");
	r->repair->severity = is_error ? MMS_SEVERITY_ERROR : MMS_SEVERITY_WARNING;
	return MMS_OK;
}

static mms_rc
take_remedy(struct reading *r, const struct mms_jvalue *v)
{
	char word[64];

	mms_rc rc = take_word(r, v, word);
	if (rc != MMS_OK)
		return rc;
	enum mms_remedy remedy = mms_remedy_find(word);
	if (remedy == MMS_REMEDY_COUNT || remedy == MMS_REMEDY_NONE ||
	    remedy == MMS_REMEDY_APPLY_SCHEMA)
		return wrong(r, v->ptr, "there is no such remedy that repair could do");
	r->repair->mend.remedy = remedy;
	return MMS_OK;
}

static mms_rc
take_print(struct reading *r, const struct mms_jvalue *v)
{
	return take_bytes(r, v, r->repair->mend.print, NULL);
}

static mms_rc
take_repairs(struct reading *r, const struct mms_jvalue *v)
{
	static const struct member_of members[] = {
		{ "what", take_what },
		{ "message", take_message },
		{ "rule", take_rule },
		{ "severity", take_severity },
		{ "table", take_table },
		{ "name", take_name },
		{ "integration", take_integration },
		{ "remedy", take_remedy },
		{ "ids", take_ids },
		{ "print", take_print },
	};
	struct mms_jvalue value, none;
	mms_rc rc = MMS_OK;

	if (v->type != MMS_J_ARRAY)
		return wrong(r, v->ptr, "a list is expected");
	while (rc == MMS_OK && mms_jscan_more(&r->s, &none)) {
		if (!mms_jscan_value(&r->s, &value))
			return broken(r);
		if (value.type != MMS_J_MAP)
			return wrong(r, value.ptr, "an object is expected");
		if (r->plan->repairs.n >= MMS_REPAIR_PLAN_MAX)
			return wrong(r, value.ptr, "a plan has room for %d repairs",
				     MMS_REPAIR_PLAN_MAX);
		r->repair = mms_repairs_next(&r->plan->repairs, r->err);
		rc = r->repair != NULL ? read_members(r, members, MMS_COUNT(members))
				       : r->err->code;
	}
	return rc == MMS_OK && r->s.why != NULL ? broken(r) : rc;
}

/* ---- the document ---------------------------------------------------------------------------------- */

static mms_rc
take_version(struct reading *r, const struct mms_jvalue *v)
{
	uint64_t version = 0;

	mms_rc rc = take_number(r, v, &version);
	if (rc == MMS_OK && version != VERSION)
		return wrong(r, v->ptr, "this program reads plans of version %d", VERSION);
	return rc;
}

static mms_rc
take_site(struct reading *r, const struct mms_jvalue *v)
{
	char word[64];

	mms_rc rc = take_word(r, v, word);
	if (rc == MMS_OK && !mms_uuid_parse(word, r->plan->site))
		return wrong(r, v->ptr, "a UUID is expected");
	return rc;
}

static mms_rc
take_made(struct reading *r, const struct mms_jvalue *v)
{
	MMS_AUTO(mms_err) ignored = { 0 };

	if (v->type != MMS_J_TEXT || v->has_escape ||
	    mms_time_parse(v->ptr, v->len, &r->plan->made_ms, &ignored) != MMS_OK)
		return wrong(r, v->ptr, "a time is expected, as 2026-01-05T10:00:00Z");
	return MMS_OK;
}

static mms_rc
take_plan_user(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, true, &r->plan->user);
}

static mms_rc
take_plan_integration(struct reading *r, const struct mms_jvalue *v)
{
	return take_text(r, v, true, &r->plan->integration);
}

static mms_rc
read_document(struct reading *r)
{
	static const struct member_of members[] = {
		{ "version", take_version },
		{ "mmsync_site", take_site },
		{ "made", take_made },
		{ "user", take_plan_user },
		{ "integration", take_plan_integration },
		{ "repairs", take_repairs },
	};
	struct mms_jvalue value;

	if (!mms_jscan_value(&r->s, &value))
		return broken(r);
	if (value.type != MMS_J_MAP)
		return wrong(r, value.ptr, "an object is expected");
	mms_rc rc = read_members(r, members, MMS_COUNT(members));
	return rc != MMS_OK || mms_jscan_done(&r->s) ? rc : broken(r);
}

mms_rc
mms_repair_plan_parse(const char *text, size_t len, struct mms_repair_plan *out,
		      struct mms_err *err)
{
	MMS_AUTO(mms_repair_plan) plan = { 0 };
	struct reading r = { .err = err, .plan = &plan };

	mms_jscan_start(&r.s, text, len);
	mms_rc rc = len <= MMS_REPAIR_PLAN_MAX_BYTES && mms_utf8_is_valid(text, len)
			    ? read_document(&r)
			    : wrong(&r, text, "it is too long, or no UTF-8");
	if (rc != MMS_OK)
		return rc;
	*out = plan;
	plan = (struct mms_repair_plan){ 0 };
	return MMS_OK;
}
