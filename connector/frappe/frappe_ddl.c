/*
 * CREATE TABLE by the rules of Frappe's own schema code: the standard columns, one column for
 * each field, the columns of the desk or of a child, an index for each field that asks for one.
 */
#include "mmsync/frappe_ddl.h"

#include <string.h>

#include "frappe_tables.h"
#include "mmsync/attr.h"

/* Tables that belong to no DocType, or to one whose table Frappe's installer makes by hand. */
static const struct {
	const char *name, *columns, *options;
} plain_tables[] = {
	{ "tabSeries",
	  "`name` varchar(100), `current` int(10) NOT NULL DEFAULT 0, PRIMARY KEY (`name`)",
	  NULL },
	{ "tabSingles",
	  "`doctype` varchar(255), `field` varchar(255), `value` longtext,"
	  " KEY `singles_doctype_field_index` (`doctype`, `field`)",
	  NULL },
	{ "tabDefaultValue",
	  "`name` varchar(255) NOT NULL, `creation` datetime(6), `modified` datetime(6),"
	  " `modified_by` varchar(255), `owner` varchar(255), `docstatus` int(1) NOT NULL "
	  "DEFAULT 0,"
	  " `parent` varchar(255), `parentfield` varchar(255), `parenttype` varchar(255),"
	  " `idx` int(8) NOT NULL DEFAULT 0, `defvalue` text, `defkey` varchar(140),"
	  " PRIMARY KEY (`name`), KEY `parent` (`parent`),"
	  " KEY `defaultvalue_parent_defkey_index` (`parent`, `defkey`),"
	  " KEY `defaultvalue_parent_parenttype_index` (`parent`, `parenttype`)",
	  NULL },
	{ "__Auth",
	  "`doctype` varchar(140) NOT NULL, `name` varchar(255) NOT NULL,"
	  " `fieldname` varchar(140) NOT NULL, `password` text NOT NULL,"
	  " `encrypted` int(1) NOT NULL DEFAULT 0, PRIMARY KEY (`doctype`, `name`, "
	  "`fieldname`)",
	  NULL },
	{ "__global_search",
	  "`doctype` varchar(100), `name` varchar(140), `title` varchar(140), `content` text,"
	  " `route` varchar(140), `published` int(1) NOT NULL DEFAULT 0,"
	  " UNIQUE KEY `doctype_name` (`doctype`, `name`), FULLTEXT KEY `content` (`content`)",
	  "ENGINE=MyISAM DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci" },
	{ "__UserSettings",
	  "`user` varchar(180) NOT NULL, `doctype` varchar(180) NOT NULL, `data` text,"
	  " UNIQUE KEY `user` (`user`, `doctype`)",
	  "ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci" },
};

static const char *const types[] = {
	[MMS_F_DATA] = "varchar(140)",    [MMS_F_TEXT] = "text",
	[MMS_F_LONG_TEXT] = "longtext",   [MMS_F_JSON] = "json",
	[MMS_F_CHECK] = "int(1)",         [MMS_F_INT] = "int(11)",
	[MMS_F_DATETIME] = "datetime(6)", [MMS_F_DATE] = "date",
	[MMS_F_TIME] = "time(6)",
};

size_t
mms_frappe_n_tables(void)
{
	size_t n;

	(void)mms_frappe_doctypes(&n);
	return n + MMS_COUNT(plain_tables);
}

void
mms_frappe_add_name(struct mms_str *out, size_t i)
{
	size_t n;
	const struct mms_frappe_doctype *doctypes = mms_frappe_doctypes(&n);

	if (i < n)
		mms_str_addf(out, "tab%s", doctypes[i].name);
	else
		mms_str_add(out, plain_tables[i - n].name);
}

/* Line ends stand in the text as they are, so that no sql_mode reads them differently. */
static void
add_quoted(struct mms_str *out, const char *text)
{
	mms_str_addc(out, '\'');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\'')
			mms_str_addc(out, '\'');
		mms_str_addc(out, *p);
	}
	mms_str_addc(out, '\'');
}

static void
add_field(struct mms_str *out, const struct mms_frappe_field *field)
{
	mms_str_addf(out, ",`%s` %s", field->name, types[field->type]);
	if (field->type == MMS_F_CHECK || field->type == MMS_F_INT) {
		mms_str_addf(out, " NOT NULL DEFAULT %s",
			     field->default_text != NULL ? field->default_text : "0");
	} else if (field->default_text != NULL) {
		mms_str_add(out, " DEFAULT ");
		add_quoted(out, field->default_text);
	}
}

static void
add_field_key(struct mms_str *out, const struct mms_frappe_field *field)
{
	if (field->key != MMS_F_NO_KEY)
		mms_str_addf(out, ",%sKEY `%s` (`%s`)",
			     field->key == MMS_F_UNIQUE ? "UNIQUE " : "", field->name,
			     field->name);
}

/* "a,b" to KEY `a_b_index` (`a`,`b`), the name that frappe.db.add_index gives. */
static void
add_composite_key(struct mms_str *out, const char *columns)
{
	mms_str_add(out, ",KEY `");
	for (const char *p = columns; *p != '\0'; p++)
		mms_str_addn(out, *p == ',' ? "_" : p, 1);
	mms_str_add(out, "_index` (`");
	for (const char *p = columns; *p != '\0'; p++) {
		if (*p == ',')
			mms_str_add(out, "`,`");
		else
			mms_str_addc(out, *p);
	}
	mms_str_add(out, "`)");
}

static void
add_doctype(struct mms_str *out, const struct mms_frappe_doctype *doctype)
{
	mms_str_add(out, "`name` varchar(140) NOT NULL,`creation` datetime(6),"
			 "`modified` datetime(6),`modified_by` varchar(140),"
			 "`owner` varchar(140),`docstatus` int(1) NOT NULL DEFAULT 0,"
			 "`idx` int(8) NOT NULL DEFAULT 0");
	for (size_t i = 0; i < doctype->n_fields; i++)
		add_field(out, &doctype->fields[i]);
	if (doctype->is_child)
		mms_str_add(out, ",`parent` varchar(140),`parentfield` varchar(140),"
				 "`parenttype` varchar(140)");
	else
		mms_str_add(out, ",`_user_tags` text,`_comments` text,`_assign` text,"
				 "`_liked_by` text");
	if (doctype->is_seen)
		mms_str_add(out, ",`_seen` text");
	mms_str_add(out, ",PRIMARY KEY (`name`)");
	for (size_t i = 0; i < doctype->n_fields; i++)
		add_field_key(out, &doctype->fields[i]);
	mms_str_add(out, doctype->is_child ? ",KEY `parent` (`parent`)"
					   : ",KEY `modified` (`modified`)");
	for (size_t i = 0; doctype->keys[i] != NULL; i++)
		add_composite_key(out, doctype->keys[i]);
}

void
mms_frappe_add_ddl(struct mms_str *out, size_t i)
{
	static const char own_options[] =
		"DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC";
	size_t n;
	const struct mms_frappe_doctype *doctypes = mms_frappe_doctypes(&n);

	mms_str_add(out, "CREATE TABLE IF NOT EXISTS `");
	mms_frappe_add_name(out, i);
	mms_str_add(out, "` (");
	if (i < n) {
		const char *engine = doctypes[i].engine;

		add_doctype(out, &doctypes[i]);
		mms_str_addf(out, ") ENGINE=%s %s", engine != NULL ? engine : "InnoDB",
			     own_options);
	} else if (plain_tables[i - n].options != NULL) {
		mms_str_addf(out, "%s) %s", plain_tables[i - n].columns,
			     plain_tables[i - n].options);
	} else {
		mms_str_addf(out, "%s) ENGINE=InnoDB %s", plain_tables[i - n].columns,
			     own_options);
	}
	mms_str_add(out, " COMMENT='" MMS_FRAPPE_COMMENT "'");
}
