/*
 * Rights by SHOW GRANTS: information_schema does not tell an ordinary user what the roles in
 * force allow, SHOW GRANTS does.
 */
#include "rights.h"

#include <string.h>
#include <strings.h>

#include "mmsync/ddl.h"

static const char *const wanted[] = { "SELECT", "INSERT", "UPDATE", "DELETE",
				      "CREATE", "ALTER",  "INDEX" };

/* Does a database name match the pattern of a grant: % and _ with \ before them for themselves? */
static bool
is_like(const char *pattern, size_t n, const char *name)
{
	if (n == 0)
		return *name == '\0';
	if (*pattern == '%')
		return is_like(pattern + 1, n - 1, name) ||
		       (*name != '\0' && is_like(pattern, n, name + 1));
	if (*pattern == '\\' && n > 1)
		return pattern[1] == *name && is_like(pattern + 2, n - 2, name + 1);
	return *name != '\0' && (*pattern == '_' || *pattern == *name) &&
	       is_like(pattern + 1, n - 1, name + 1);
}

/* Is the object of a grant, "*.*" or "`pattern`.*" and so on, the whole of this database? */
static bool
covers(const char *object, const char *database)
{
	if (strncmp(object, "*.* ", 4) == 0)
		return true;
	if (*object != '`')
		return false;
	const char *end = strchr(object + 1, '`');
	return end != NULL && strncmp(end, "`.* ", 4) == 0 &&
	       is_like(object + 1, (size_t)(end - object - 1), database);
}

/* "GRANT SELECT, INSERT ON `a`.* TO ..." */
static void
read_grant(const char *line, const char *database, bool has[MMS_COUNT(wanted)])
{
	const char *on = strstr(line, " ON ");

	if (strncmp(line, "GRANT ", 6) != 0 || on == NULL || !covers(on + 4, database))
		return;
	for (const char *p = line + 6; p < on;) {
		size_t len = strcspn(p, ",");

		if (p + len > on)
			len = (size_t)(on - p);
		bool is_all = len >= 3 && strncasecmp(p, "ALL", 3) == 0;
		for (size_t i = 0; i < MMS_COUNT(wanted); i++)
			has[i] = has[i] || is_all ||
				 (strlen(wanted[i]) == len &&
				  strncasecmp(p, wanted[i], len) == 0);
		p += len;
		p += strspn(p, ", ");
	}
}

mms_rc
mms_rights_add_missing(struct mms_str *out, struct mms_db *db, const char *database,
		       struct mms_err *err)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };
	bool has[MMS_COUNT(wanted)] = { false };
	const char *const *row;
	mms_rc rc = mms_text_rows_load(&rows, db, "SHOW GRANTS", err);

	while (rc == MMS_OK && (row = mms_text_rows_find_next(&rows)) != NULL) {
		if (row[0] != NULL)
			read_grant(row[0], database, has);
	}
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(wanted); i++) {
		if (!has[i])
			mms_str_addf(out, "%s%s", out->len > 0 ? ", " : "", wanted[i]);
	}
	return rc == MMS_OK ? mms_str_check(out, err) : rc;
}
