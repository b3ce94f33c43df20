/* What audit prints (see the header). */
#include "audit_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "plain.h"

/* Written at once when there is so much to say, bytes. */
#define WRITE_AT ((size_t)1024 * 1024)

void
mms_audit_out_release(struct mms_audit_out *o)
{
	mms_progress_end(&o->progress);
	mms_json_release(&o->json);
	mms_str_release(&o->out);
}

mms_rc
mms_audit_out_write(struct mms_audit_out *o, struct mms_err *err)
{
	mms_rc rc = mms_str_check(&o->out, err);

	if (rc != MMS_OK || o->out.len == 0)
		return rc;
	if (o->app->is_stdout_terminal)
		mms_progress_end(&o->progress); /* it is drawn again with the next page */
	bool is_written =
		fwrite(o->out.ptr, 1, o->out.len, stdout) == o->out.len && fflush(stdout) == 0;
	mms_str_clear(&o->out);
	return is_written ? MMS_OK
			  : mms_fail(err, MMS_E_STOPPED, "the output cannot be written");
}

/* ---- findings ------------------------------------------------------------------------------ */

static void
add_row(struct mms_audit_out *o, const struct mms_violation *v)
{
	const struct mms_app *app = o->app;
	bool is_error = v->severity == MMS_SEVERITY_ERROR;
	MMS_AUTO(mms_str) name = { 0 };

	if (app->is_quiet && !is_error && !o->fails_on_warning)
		return;
	if (!o->has_head) {
		mms_str_addf(&o->out, "%s%-8s  %-29s  %-42s  %s%s\n",
			     app->has_color ? "\033[1m" : "", "SEVERITY", "RULE", "NAME",
			     "MESSAGE", app->has_color ? "\033[0m" : "");
		o->has_head = true;
	}
	mms_plain_add(&name, v->name.ptr, v->name.len);
	if (app->has_color)
		mms_str_add(&o->out, is_error ? "\033[31m" : "\033[33m");
	mms_str_addf(&o->out, "%-8s", is_error ? "error" : "warning");
	if (app->has_color)
		mms_str_add(&o->out, "\033[0m");
	mms_str_addf(&o->out, "  %-29s  %-42s  ", mms_rule_name(v->rule), mms_str_get(&name));
	mms_plain_add(&o->out, v->message.ptr, v->message.len);
	/* A row of ours does not say by its name where it is. */
	if (v->table != NULL && v->integration.ptr != NULL) {
		mms_str_add(&o->out, " [");
		mms_plain_add(&o->out, v->integration.ptr, v->integration.len);
		mms_str_addc(&o->out, ']');
	}
	mms_str_addc(&o->out, '\n');
}

static void
put_value(struct mms_json *j, struct mms_text text)
{
	if (text.ptr != NULL)
		mms_json_textn(j, text.ptr, text.len);
	else
		mms_json_null(j);
}

static void
add_object(struct mms_audit_out *o, const struct mms_violation *v)
{
	struct mms_json *j = &o->json;

	mms_json_map(j);
	mms_json_put_text(j, "doctype", v->doctype);
	mms_json_key(j, "name");
	mms_json_textn(j, v->name.ptr, v->name.len);
	mms_json_put_text(j, "severity",
			  v->severity == MMS_SEVERITY_ERROR ? "error" : "warning");
	mms_json_put_text(j, "rule", mms_rule_name(v->rule));
	mms_json_key(j, "message");
	mms_json_textn(j, v->message.ptr, v->message.len);
	mms_json_put_text(j, "repair", v->repair);
	mms_json_put_text(j, "remedy", v->remedy);
	mms_json_put_text(j, "table", v->table);
	mms_json_key(j, "integration");
	put_value(j, v->integration);
	mms_json_map_end(j);
	if (o->format == MMS_AUDIT_NDJSON)
		mms_json_done(j);
}

mms_rc
mms_audit_out_add(struct mms_audit_out *o, const struct mms_violation *violation,
		  struct mms_err *err)
{
	o->counts[violation->rule]++;
	if (o->format == MMS_AUDIT_TABLE)
		add_row(o, violation);
	else
		add_object(o, violation);
	if (o->format != MMS_AUDIT_TABLE && mms_json_check(&o->json, err) != MMS_OK)
		return err->code;
	return o->out.len >= WRITE_AT ? mms_audit_out_write(o, err) : MMS_OK;
}

/* ---- the beginning and the end ------------------------------------------------------------- */

mms_rc
mms_audit_out_begin(struct mms_audit_out *o, struct mms_err *err)
{
	bool is_pretty = o->format == MMS_AUDIT_JSON && o->app->is_stdout_terminal;

	if (o->format == MMS_AUDIT_TABLE)
		return MMS_OK;
	mms_rc rc = mms_json_open_str(&o->json, &o->out, is_pretty, err);
	if (rc == MMS_OK && o->format == MMS_AUDIT_JSON) {
		mms_json_map(&o->json);
		mms_json_key(&o->json, "violations");
		mms_json_array(&o->json);
	}
	return rc;
}

static void
put_remote(struct mms_json *j, const struct mms_remote_totals *remote)
{
	mms_json_key(j, "remote");
	mms_json_map(j);
	mms_json_put_i64(j, "calendars", remote->calendars);
	mms_json_put_i64(j, "compared", remote->compared);
	mms_json_put_i64(j, "skipped", remote->skipped);
	mms_json_put_i64(j, "events", remote->events);
	mms_json_put_i64(j, "requests", remote->requests);
	mms_json_map_end(j);
}

static void
put_totals(struct mms_audit_out *o, const struct mms_audit_totals *totals)
{
	struct mms_json *j = &o->json;

	mms_json_key(j, "checked");
	mms_json_map(j);
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (o->doctypes[d])
			mms_json_put_i64(j, mms_doctype_get((enum mms_doctype_id)d)->name,
					 totals->checked[d]);
	}
	mms_json_map_end(j);
	mms_json_put_i64(j, "errors", totals->errors);
	mms_json_put_i64(j, "warnings", totals->warnings);
	mms_json_key(j, "counts");
	mms_json_map(j);
	for (unsigned r = 0; r < MMS_RULE_COUNT; r++) {
		if (o->counts[r] > 0)
			mms_json_put_i64(j, mms_rule_name((enum mms_rule)r), o->counts[r]);
	}
	mms_json_map_end(j);
	mms_json_put_bool(j, "consistency", o->has_flaws);
	if (o->remote != NULL)
		put_remote(j, o->remote);
}

static int
width_of(int width, int64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%" PRId64, number);

	return n > width ? n : width;
}

static void
add_summary(struct mms_audit_out *o, const struct mms_audit_totals *totals)
{
	int width = 1;

	if (o->app->is_quiet)
		return;
	if (o->has_head)
		mms_str_addc(&o->out, '\n');
	for (unsigned r = 0; r < MMS_RULE_COUNT; r++)
		width = width_of(width, o->counts[r]);
	for (unsigned r = 0; r < MMS_RULE_COUNT; r++) {
		if (o->counts[r] > 0)
			mms_str_addf(&o->out, "%-29s  %*" PRId64 "\n",
				     mms_rule_name((enum mms_rule)r), width, o->counts[r]);
	}
	if (o->has_head)
		mms_str_addc(&o->out, '\n');
	width = 1;
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (o->doctypes[d])
			width = width_of(width, totals->checked[d]);
	}
	for (unsigned d = 0; d < MMS_DT_PARENTS; d++) {
		if (o->doctypes[d])
			mms_str_addf(&o->out, "%-23s  %*" PRId64 " checked\n",
				     mms_doctype_get((enum mms_doctype_id)d)->name, width,
				     totals->checked[d]);
	}
	if (o->remote != NULL)
		mms_str_addf(&o->out,
			     "%" PRId64 " of %" PRId64 " calendars compared, %" PRId64
			     " events, %" PRId64 " requests\n",
			     o->remote->compared, o->remote->calendars, o->remote->events,
			     o->remote->requests);
	mms_str_addf(&o->out, "%" PRId64 " error%s, %" PRId64 " warning%s\n", totals->errors,
		     totals->errors == 1 ? "" : "s", totals->warnings,
		     totals->warnings == 1 ? "" : "s");
}

mms_rc
mms_audit_out_end(struct mms_audit_out *o, const struct mms_audit_totals *totals,
		  mms_rc audited, struct mms_err *err)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	struct mms_json *j = &o->json;

	if (o->format == MMS_AUDIT_TABLE) {
		if (audited == MMS_OK)
			add_summary(o, totals);
		return mms_audit_out_write(o, audited == MMS_OK ? err : &ignored);
	}
	if (o->format == MMS_AUDIT_JSON)
		mms_json_array_end(j);
	else
		mms_json_map(j);
	put_totals(o, totals);
	if (audited != MMS_OK) {
		mms_app_json_put_err(j, err);
		o->app->is_json = false; /* it is said; stderr says it once more */
	}
	mms_json_map_end(j);
	mms_json_done(j);
	return mms_audit_out_write(o, audited == MMS_OK ? err : &ignored);
}
