/*
 * What Frappe itself does around the controllers: defaults of an insert before them; lengths,
 * options and links after them. Its messages without their HTML.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/utf8.h"
#include "rules_p.h"

/* Characters of a varchar, where the site says nothing else; bytes of a text; an int. */
#define DATA_MAX_CHARS 140
#define TEXT_MAX_BYTES 65535
#define INT_MAX_VALUE  INT64_C(2147483647)

/* One row, of the document itself or of a child table. */
struct row {
	enum mms_doctype_id id;
	const struct mms_doctype *type;
	struct mms_field *f;
	int64_t idx; /* of a child; 0: the document itself */
};

static struct row
row_of_doc(const struct judge *j)
{
	return (struct row){ j->doc->type, mms_doctype_get(j->doc->type), j->f, 0 };
}

static struct row
row_of_child(struct mms_doc *doc, enum mms_child_table table, size_t i)
{
	enum mms_doctype_id id = mms_child_table_get(table)->doctype;
	struct mms_doc_row *child = &doc->tables[table].rows[i];

	return (struct row){ id, mms_doctype_get(id), child->f, child->idx };
}

static const char *
options_of(const struct judge *j, const struct row *row, size_t i)
{
	const struct mms_field_limits *limits = j->r->limits;

	if (limits != NULL && limits->options[row->id][i] != NULL)
		return limits->options[row->id][i];
	return row->type->fields[i].options;
}

static void
fill_row(const struct judge *j, const struct row *row)
{
	for (size_t i = 0; i < row->type->n_fields; i++) {
		const struct mms_doctype_field *def = &row->type->fields[i];
		bool is_number = def->kind == MMS_KIND_INT || def->kind == MMS_KIND_CHECK;

		if (row->f[i].type != MMS_F_NONE)
			continue;
		if (def->preset != NULL && is_number)
			row->f[i] = mms_field_int(strtoll(def->preset, NULL, 10));
		else if (def->preset != NULL)
			row->f[i] = mms_field_text(def->preset, strlen(def->preset));
		else if (def->kind == MMS_KIND_SELECT) {
			const char *options = options_of(j, row, i);
			row->f[i] = mms_field_text(options, strcspn(options, "\n"));
		}
	}
}

void
mms_rules_fill_defaults(struct judge *j)
{
	struct row row = row_of_doc(j);

	if (j->doc->is_new)
		fill_row(j, &row);
	for (unsigned t = 0; t < MMS_TABLE_COUNT; t++) {
		for (size_t i = 0; i < j->doc->tables[t].n; i++) {
			if (!j->doc->tables[t].rows[i].is_new)
				continue;
			row = row_of_child(j->doc, (enum mms_child_table)t, i);
			fill_row(j, &row);
		}
	}
}

static void
finding(struct judge *j, enum mms_rule rule, const struct mms_str *text)
{
	mms_verdict_addn(j->v, MMS_SEVERITY_ERROR, rule, mms_str_get(text), text->len);
	j->v->is_short = j->v->is_short || text->state == MMS_E_NOMEM;
}

static void
blame_length(struct judge *j, const struct row *row, size_t i, int64_t max)
{
	MMS_AUTO(mms_str) text = { 0 };

	mms_str_add(&text, row->type->name);
	if (row->idx > 0) {
		mms_str_addf(&text, ", Row %" PRId64, row->idx);
	} else if (mms_field_is_set(&row->f[MMS_DOC_NAME])) {
		mms_str_addc(&text, ' ');
		mms_field_print(&row->f[MMS_DOC_NAME], &text);
	}
	mms_str_addf(&text, ": '%s' (", row->type->fields[i].label);
	mms_field_print(&row->f[i], &text);
	mms_str_addf(&text, ") will get truncated, as max characters allowed is %" PRId64, max);
	finding(j, MMS_RULE_FIELD_LENGTH, &text);
}

/* Frappe's cint() of a text: what the number in front of it is. */
static int64_t
whole_number(const struct mms_field *field)
{
	char buf[32];
	size_t len = field->text.len < sizeof buf - 1 ? field->text.len : sizeof buf - 1;

	if (field->type == MMS_F_REAL) /* beyond every column, or small */
		return field->real > 1e18    ? INT64_MAX
		       : field->real < -1e18 ? -INT64_MAX
					     : (int64_t)field->real;
	if (field->type != MMS_F_TEXT)
		return field->i;
	memcpy(buf, field->text.len > 0 ? field->text.ptr : "", len);
	buf[len] = '\0';
	return strtoll(buf, NULL, 10);
}

static void
check_number(struct judge *j, const struct row *row, size_t i)
{
	int64_t value = whole_number(&row->f[i]);

	if (value > INT_MAX_VALUE || value < -INT_MAX_VALUE)
		blame_length(j, row, i, INT_MAX_VALUE);
}

static void
check_text(struct judge *j, const struct row *row, size_t i)
{
	MMS_AUTO(mms_str) text = { 0 };

	if (row->f[i].text.len <= TEXT_MAX_BYTES)
		return;
	mms_str_addf(&text, "Data too long for column '%s' at row 1", row->type->fields[i].key);
	finding(j, MMS_RULE_FIELD_LENGTH, &text);
}

/* Lists and objects cannot be stored where a text goes. */
static void
blame_container(struct judge *j, const struct row *row, size_t i)
{
	bool is_json = row->type->fields[i].kind == MMS_KIND_JSON;
	MMS_AUTO(mms_str) text = { 0 };

	if (row->f[i].type == MMS_F_LIST)
		mms_str_addf(&text, "Value for %s cannot be a list",
			     row->type->fields[i].label);
	else if (is_json)
		return; /* Frappe writes an object as JSON by itself */
	else
		mms_str_add(&text, "dict can not be used as parameter");
	finding(j, is_json ? MMS_RULE_ATTENDEES : MMS_RULE_FIELD_LENGTH, &text);
}

static void
check_length(struct judge *j, const struct row *row, size_t i)
{
	const struct mms_field *field = &row->f[i];
	enum mms_field_kind kind = row->type->fields[i].kind;

	if (field->type == MMS_F_NONE || kind == MMS_KIND_EXTRA || kind == MMS_KIND_NAME)
		return;
	if (field->type == MMS_F_LIST || field->type == MMS_F_MAP) {
		blame_container(j, row, i);
		return;
	}
	if (kind == MMS_KIND_INT) {
		check_number(j, row, i);
	} else if (kind == MMS_KIND_TEXT) {
		check_text(j, row, i);
	} else if (kind == MMS_KIND_DATA || kind == MMS_KIND_LINK || kind == MMS_KIND_SELECT) {
		const struct mms_field_limits *limits = j->r->limits;
		size_t max = limits != NULL ? limits->max_chars[row->id][i] : 0;
		if (max == 0)
			max = DATA_MAX_CHARS;
		/* few texts have more bytes than they may have characters */
		if (field->text.len > max &&
		    mms_utf8_count(field->text.ptr, field->text.len) > max)
			blame_length(j, row, i, (int64_t)max);
	}
}

static bool
is_option(const char *options, struct mms_text value)
{
	for (;;) {
		size_t len = strcspn(options, "\n");
		if (len == value.len && memcmp(options, value.ptr, len) == 0)
			return true;
		if (options[len] == '\0')
			return false;
		options += len + 1;
	}
}

static void
blame_option(struct judge *j, const char *label, const char *options, struct mms_text value,
	     int64_t idx)
{
	MMS_AUTO(mms_str) text = { 0 };

	if (idx > 0)
		mms_str_addf(&text, "Row #%" PRId64 ": ", idx);
	mms_str_addf(&text, "%s cannot be \"", label);
	mms_str_addn(&text, value.ptr, value.len);
	mms_str_add(&text, "\". It should be one of \"");
	for (;;) {
		size_t len = strcspn(options, "\n");
		mms_str_addn(&text, options, len);
		if (options[len] == '\0')
			break;
		mms_str_add(&text, "\", \"");
		options += len + 1;
	}
	mms_str_addc(&text, '"');
	finding(j, MMS_RULE_SELECT, &text);
}

static void
check_option(struct judge *j, const struct row *row, size_t i)
{
	struct mms_field *field = &row->f[i];

	if (row->type->fields[i].kind != MMS_KIND_SELECT || !mms_field_is_set(field) ||
	    field->text.ptr == NULL)
		return;
	const char *options = options_of(j, row, i);
	struct mms_text value = field->text;
	if (is_option(options, value))
		return;
	if (field->type == MMS_F_TEXT)
		value = mms_text_strip(value);
	if (!is_option(options, value))
		blame_option(j, row->type->fields[i].label, options, value, row->idx);
}

/* Walk over the document and its child rows with one check. */
static void
each_field(struct judge *j, void (*check)(struct judge *, const struct row *, size_t))
{
	struct row row = row_of_doc(j);

	for (size_t i = 0; i < row.type->n_fields; i++)
		check(j, &row, i);
	for (unsigned t = 0; t < MMS_TABLE_COUNT; t++) {
		for (size_t k = 0; k < j->doc->tables[t].n; k++) {
			row = row_of_child(j->doc, (enum mms_child_table)t, k);
			for (size_t i = 0; i < row.type->n_fields; i++)
				check(j, &row, i);
		}
	}
}

/*
 * A change of the status becomes a row of the history, whose options do not know "Pending": so
 * no booking goes back to it.
 */
static mms_rc
check_status_change(struct judge *j, struct mms_err *err)
{
	const struct mms_doctype *history = mms_doctype_get(MMS_DT_HISTORY);
	const struct mms_field *status = &j->f[MMS_MB_STATUS];
	struct mms_known_booking known = { 0 };
	struct row row = { MMS_DT_HISTORY, history, NULL, 0 };
	bool found = false;

	if (j->doc->type != MMS_DT_BOOKING || j->doc->is_new || j->doc->is_row ||
	    status->type != MMS_F_TEXT || status->text.len == 0)
		return MMS_OK;
	mms_rc rc =
		j->r->look->booking(j->r->aux, j->f[MMS_DOC_NAME].text, &found, &known, err);
	if (rc != MMS_OK || !found)
		return rc;
	bool is_same = known.status.len == status->text.len &&
		       memcmp(known.status.ptr, status->text.ptr, status->text.len) == 0;
	const char *options = options_of(j, &row, MMS_HI_EVENT_TYPE);
	struct mms_text value = mms_text_strip(status->text);
	if (!is_same && !is_option(options, value))
		blame_option(j, history->fields[MMS_HI_EVENT_TYPE].label, options, value,
			     (int64_t)j->doc->tables[MMS_TABLE_BOOKING_HISTORY].n + 1);
	return MMS_OK;
}

/* A link that no rule of the controller looks at. */
static mms_rc
check_link(struct judge *j, const struct row *row, size_t i, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = { 0 };
	bool found = false;

	if (!mms_field_is_set(&row->f[i]))
		return MMS_OK;
	mms_rc rc = mms_rules_find_user(j, &row->f[i], &found, err);
	if (rc != MMS_OK || found)
		return rc;
	mms_str_add(&text, "Could not find ");
	if (row->idx > 0)
		mms_str_addf(&text, "Row #%" PRId64 ": ", row->idx);
	mms_str_addf(&text, "%s: ", row->type->fields[i].label);
	mms_field_print(&row->f[i], &text);
	finding(j, MMS_RULE_LINK, &text);
	return MMS_OK;
}

static mms_rc
check_child_link(struct judge *j, enum mms_child_table table, size_t k, struct mms_err *err)
{
	struct row row = row_of_child(j->doc, table, k);

	if (row.id == MMS_DT_ASSIGNED_USER)
		return check_link(j, &row, MMS_AU_ASSIGNED_BY, err);
	if (row.id == MMS_DT_HISTORY)
		return check_link(j, &row, MMS_HI_EVENT_BY, err);
	/* an internal participant's user is the participants' rule */
	if (mms_field_is(&row.f[MMS_PA_TYPE], "Internal"))
		return MMS_OK;
	return check_link(j, &row, MMS_PA_USER, err);
}

static mms_rc
check_links(struct judge *j, struct mms_err *err)
{
	struct row row = row_of_doc(j);

	if (j->doc->type != MMS_DT_BOOKING)
		return MMS_OK;
	mms_rc rc = check_link(j, &row, MMS_MB_CREATED_BY, err);
	for (unsigned t = 0; t < MMS_TABLE_COUNT; t++) {
		for (size_t k = 0; rc == MMS_OK && k < j->doc->tables[t].n; k++)
			rc = check_child_link(j, (enum mms_child_table)t, k, err);
	}
	return rc;
}

mms_rc
mms_rules_frappe(struct judge *j, struct mms_err *err)
{
	each_field(j, check_length);
	each_field(j, check_option);
	mms_rc rc = check_status_change(j, err);
	return rc == MMS_OK ? check_links(j, err) : rc;
}
