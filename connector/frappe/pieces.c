/*
 * Pieces of statements that are made of a table's columns (see mmsync/columns.h). What goes into a text are names of
 * columns as information_schema spells them, quoted; values stay parameters, or in their columns.
 */
#include <string.h>

#include "mmsync/columns.h"
#include "mmsync/ddl.h"

/* "r:TABLE" in two; false: it is not that. */
static bool
split(const char *words, char alias[8], const char **table)
{
	size_t len = strcspn(words, ":");

	if (words[len] != ':' || len == 0 || len >= 8)
		return false;
	memcpy(alias, words, len);
	alias[len] = '\0';
	*table = words + len + 1;
	return true;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Does its type hold bytes that need not be characters? */
static bool
is_bytes(const struct mms_column *column)
{
	return column->collation == NULL &&
	       (begins(column->type, "binary") || begins(column->type, "varbinary") ||
		begins(column->type, "bit") || strstr(column->type, "blob") != NULL);
}

static void
add_value(const struct mms_column *column, const char *alias, struct mms_str *out)
{
	/* A text of whatever it is: a JSON column would be taken for a part of the object. */
	const char *before = "CONVERT(", *after = " USING utf8mb4) COLLATE utf8mb4_bin";

	if (is_bytes(column)) {
		before = "HEX(";
		after = ")";
	} else if (begins(column->type, "float")) { /* as a text it has six digits */
		before = "CONVERT(CAST(";
		after = " AS DOUBLE) USING utf8mb4) COLLATE utf8mb4_bin";
	}
	mms_str_addf(out, "%s%s.", before, alias);
	mms_sql_add_ident(out, column->name);
	mms_str_add(out, after);
}

static bool
add_row(const struct mms_columns *columns, const char *words, struct mms_str *out)
{
	const char *table = NULL;
	char alias[8];
	size_t n = 0;

	if (!split(words, alias, &table))
		return false;
	const struct mms_column *all = mms_columns_of_table(columns, table, &n);
	mms_str_add(out, "JSON_OBJECT(");
	for (size_t i = 0, k = 0; i < n; i++) {
		if (all[i].is_generated)
			continue;
		mms_str_add(out, k++ > 0 ? ", " : "");
		mms_sql_add_text(out, all[i].name);
		mms_str_add(out, ", ");
		add_value(&all[i], alias, out);
	}
	mms_str_addc(out, ')');
	return n > 0;
}

static bool
add_names(const struct mms_columns *columns, const char *table, struct mms_str *out)
{
	size_t n = 0;
	const struct mms_column *all = mms_columns_of_table(columns, table, &n);

	for (size_t i = 0, k = 0; i < n; i++) {
		if (all[i].is_generated)
			continue;
		mms_str_add(out, k++ > 0 ? ", " : "");
		mms_sql_add_ident(out, all[i].name);
	}
	return n > 0;
}

/* A member's path, $."name", as a text: quoted for the path, and that for SQL. */
static void
add_path(const char *name, struct mms_str *out)
{
	mms_str_add(out, "'$.\"");
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			mms_str_add(out, "\\\\");
		if (*p == '\'' || *p == '\\')
			mms_str_addc(out, *p);
		mms_str_addc(out, *p);
	}
	mms_str_add(out, "\"'");
}

static bool
add_values(const struct mms_columns *columns, const char *words, struct mms_str *out)
{
	const char *table = NULL;
	char alias[8];
	size_t n = 0;

	if (!split(words, alias, &table))
		return false;
	const struct mms_column *all = mms_columns_of_table(columns, table, &n);
	for (size_t i = 0, k = 0; i < n; i++) {
		if (all[i].is_generated)
			continue;
		mms_str_addf(out, "%s%sJSON_VALUE(%s.content, ", k++ > 0 ? ", " : "",
			     is_bytes(&all[i]) ? "UNHEX(" : "", alias);
		add_path(all[i].name, out);
		mms_str_add(out, is_bytes(&all[i]) ? "))" : ")");
	}
	return n > 0;
}

/* What people do to a row in the Desk stands in these columns of it. */
static void
add_untouched(const struct mms_columns *columns, const char *alias, struct mms_str *out)
{
	static const char *const marks[] = { "_comments", "_assign", "_user_tags",
					     "_liked_by" };

	for (size_t i = 0; i < MMS_COUNT(marks); i++) {
		if (!mms_columns_has(columns, "tabMM Calendar Event Sync", marks[i]))
			continue;
		mms_str_addf(out, " AND COALESCE(%s.", alias);
		mms_sql_add_ident(out, marks[i]);
		mms_str_add(out, ", '') IN ('', '[]')");
	}
	mms_columns_add_links(columns, alias, out);
}

bool
mms_columns_add_piece(void *aux, const char *words, struct mms_str *out)
{
	const struct mms_columns *columns = aux;

	if (begins(words, "row "))
		return add_row(columns, words + 4, out);
	if (begins(words, "names "))
		return add_names(columns, words + 6, out);
	if (begins(words, "values "))
		return add_values(columns, words + 7, out);
	if (!begins(words, "untouched "))
		return false;
	add_untouched(columns, words + 10, out);
	return true;
}
