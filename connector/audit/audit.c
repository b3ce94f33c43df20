/* Judging whole tables (see the header). */
#include "mmsync/audit.h"

#include <string.h>

#include "audit_p.h"

void
mms_audit_fill(struct mms_field *fields, const struct audit_column *columns, size_t n,
	       const struct mms_value *row)
{
	for (size_t i = 0; i < n; i++) {
		const struct mms_value *value = &row[columns[i].at];
		struct mms_field *field = &fields[columns[i].field];

		if (value->type == 's')
			*field = mms_field_text(value->ptr, value->len);
		else if (value->type == 't')
			*field = mms_field_time(value->wall_us);
		else if (value->type == 'i')
			*field = mms_field_int(value->i);
		else
			*field = (struct mms_field){ 0 };
	}
}

mms_rc
mms_audit_judge(struct audit *a, struct mms_doc *doc, struct mms_err *err)
{
	struct mms_verdict *v = &a->verdict;

	doc->is_row = true;
	mms_verdict_clear(v);
	/* The row's own name: judging may replace what the fields point to, not the name. */
	mms_rc rc = mms_rules_judge(&a->rules, doc, v, err);
	a->totals->checked[doc->type]++;
	a->totals->errors += (int64_t)v->n_errors;
	a->totals->warnings += (int64_t)v->n_warnings;
	for (size_t i = 0; rc == MMS_OK && i < v->n; i++) {
		const struct mms_violation violation = {
			.doctype = mms_doctype_get(doc->type)->name,
			.name = doc->f[MMS_DOC_NAME].text,
			.message = mms_verdict_text(v, &v->items[i]),
			.severity = v->items[i].severity,
			.rule = v->items[i].rule,
		};
		rc = a->output->violation(a->output->aux, &violation, err);
	}
	return rc;
}

mms_rc
mms_audit_page(struct audit *a, enum mms_doctype_id doctype, struct mms_err *err)
{
	return a->output->page(a->output->aux, doctype, a->totals->checked[doctype], err);
}

/*
 * What is judged, in this order. A rule that needs more than one row (are blocks and their
 * sources in step?) is one more row here, with its own statements.
 */
static const struct {
	enum mms_doctype_id doctype;
	mms_rc (*run)(struct audit *a, struct mms_err *err);
} passes[] = {
	{ MMS_DT_INTEGRATION, mms_audit_integrations },
	{ MMS_DT_EVENT, mms_audit_events },
	{ MMS_DT_BOOKING, mms_audit_bookings },
};

static mms_rc
prepare(struct audit *a, struct mms_err *err)
{
	mms_rc rc = mms_email_new(&a->email, true, err);

	if (rc == MMS_OK)
		rc = mms_field_limits_load(a->known.site.db, a->columns, &a->limits, err);
	if (rc == MMS_OK)
		rc = mms_audit_known_load(&a->known, a->options, err);
	a->rules = (struct mms_rules){ .email = a->email,
				       .look = mms_audit_lookups(),
				       .aux = &a->known,
				       .limits = &a->limits,
				       .now_us = a->options->now_us };
	return rc;
}

mms_rc
mms_audit_run(struct mms_db *rows, struct mms_db *lookups, const struct mms_columns *columns,
	      const struct mms_audit_options *options, const struct mms_audit_output *output,
	      struct mms_audit_totals *out, struct mms_err *err)
{
	struct audit a = { .db = rows,
			   .columns = columns,
			   .options = options,
			   .output = output,
			   .totals = out };

	*out = (struct mms_audit_totals){ 0 };
	a.known.site.db = lookups;
	mms_rc rc = prepare(&a, err);
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(passes); i++) {
		if (options->doctypes[passes[i].doctype])
			rc = passes[i].run(&a, err);
	}
	mms_email_free(a.email);
	mms_field_limits_release(&a.limits);
	mms_audit_known_release(&a.known);
	mms_verdict_release(&a.verdict);
	mms_doc_release(&a.doc);
	return rc;
}

mms_rc
mms_audit_estimate(struct mms_db *db, enum mms_doctype_id doctype, int64_t *out,
		   struct mms_err *err)
{
	const struct mms_value in[] = { mms_v_text(mms_doctype_get(doctype)->table) };
	mms_rc rc = mms_db_ask_i64(db, MMS_STMT_AUDIT_ROWS, in, out, err);

	if (rc != MMS_E_GONE)
		return rc;
	*out = 0;
	return MMS_OK;
}
