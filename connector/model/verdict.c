/* Findings and their texts (see the header). */
#include "mmsync/verdict.h"

#include <stdarg.h>
#include <string.h>

#include "mmsync/mem.h"

const char *
mms_rule_name(enum mms_rule rule)
{
	static const char *const names[MMS_RULE_COUNT] = {
#define X(name, text) [MMS_RULE_##name] = (text),
		MMS_RULES(X) MMS_FLAW_RULES(X) MMS_REMOTE_RULES(X)
#undef X
	};

	return names[rule];
}

void
mms_verdict_release(struct mms_verdict *v)
{
	if (v == NULL)
		return;
	mms_free(v->items);
	mms_str_release(&v->texts);
	*v = (struct mms_verdict){ 0 };
}

void
mms_verdict_clear(struct mms_verdict *v)
{
	v->n = 0;
	v->n_errors = v->n_warnings = v->n_left_out = 0;
	v->is_short = false;
	mms_str_clear(&v->texts);
}

/* Count a finding; where its message starts, or false when it is not kept. */
static bool
begin(struct mms_verdict *v, enum mms_severity severity, enum mms_rule rule)
{
	if (severity == MMS_SEVERITY_ERROR)
		v->n_errors++;
	else
		v->n_warnings++;
	if (v->n >= MMS_VERDICT_MAX || v->texts.len >= MMS_VERDICT_TEXT_MAX) {
		v->n_left_out++;
		return false;
	}
	struct mms_verdict_item *items = mms_grow(v->items, v->n, &v->cap, sizeof *v->items);
	if (items == NULL) {
		v->is_short = true;
		return false;
	}
	v->items = items;
	items[v->n++] = (struct mms_verdict_item){ severity, rule, v->texts.len, 0 };
	return true;
}

static void
finish(struct mms_verdict *v)
{
	struct mms_verdict_item *item = &v->items[v->n - 1];

	if (v->texts.state == MMS_E_NOMEM)
		v->is_short = true;
	v->texts.state = MMS_OK; /* over its ceiling: the message is cut there */
	item->len = v->texts.len - item->at;
}

void
mms_verdict_add(struct mms_verdict *v, enum mms_severity severity, enum mms_rule rule,
		const char *pattern, ...)
{
	va_list ap;
	const char *hole;

	if (!begin(v, severity, rule))
		return;
	va_start(ap, pattern);
	while ((hole = strstr(pattern, "{}")) != NULL) {
		mms_str_addn(&v->texts, pattern, (size_t)(hole - pattern));
		mms_field_print(va_arg(ap, const struct mms_field *), &v->texts);
		pattern = hole + 2;
	}
	va_end(ap);
	mms_str_add(&v->texts, pattern);
	finish(v);
}

void
mms_verdict_addn(struct mms_verdict *v, enum mms_severity severity, enum mms_rule rule,
		 const char *text, size_t len)
{
	if (!begin(v, severity, rule))
		return;
	mms_str_addn(&v->texts, text, len);
	finish(v);
}

mms_rc
mms_verdict_check(const struct mms_verdict *v, struct mms_err *err)
{
	return v->is_short ? mms_fail_nomem(err) : MMS_OK;
}

struct mms_text
mms_verdict_text(const struct mms_verdict *v, const struct mms_verdict_item *item)
{
	return (struct mms_text){ mms_str_get(&v->texts) + item->at, item->len };
}

static void
print_list(const struct mms_verdict *v, enum mms_severity severity, struct mms_json *j)
{
	mms_json_array(j);
	for (size_t i = 0; i < v->n; i++) {
		if (v->items[i].severity != severity)
			continue;
		struct mms_text text = mms_verdict_text(v, &v->items[i]);
		mms_json_map(j);
		mms_json_put_text(j, "rule", mms_rule_name(v->items[i].rule));
		mms_json_key(j, "message");
		mms_json_textn(j, text.ptr, text.len);
		mms_json_map_end(j);
	}
	mms_json_array_end(j);
}

void
mms_verdict_print(const struct mms_verdict *v, int64_t index, const struct mms_field *name,
		  struct mms_json *j)
{
	mms_json_map(j);
	mms_json_put_i64(j, "index", index);
	mms_json_key(j, "name");
	if (name->text.ptr != NULL && name->type != MMS_F_NONE)
		mms_json_textn(j, name->text.ptr, name->text.len);
	else
		mms_json_null(j);
	mms_json_key(j, "errors");
	print_list(v, MMS_SEVERITY_ERROR, j);
	mms_json_key(j, "warnings");
	print_list(v, MMS_SEVERITY_WARNING, j);
	if (v->n_left_out > 0)
		mms_json_put_i64(j, "left_out", (int64_t)v->n_left_out);
	mms_json_map_end(j);
	mms_json_done(j);
}
