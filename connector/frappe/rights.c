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

/* Does one character of a pattern (\ before it: for itself) match one of a name? *used of the pattern. */
static bool
is_one_like(const char *pattern, const char *end, char c, size_t *used)
{
	bool is_escaped = *pattern == '\\' && pattern + 1 < end;

	*used = is_escaped ? 2 : 1;
	return is_escaped ? pattern[1] == c : *pattern == '_' || *pattern == c;
}

/*
 * Does a database name match the pattern of a grant (% and _)? A % takes nothing at first; when
 * what follows does not match, the last one takes one character more.
 */
static bool
is_like(const char *pattern, const char *end, const char *name)
{
	const char *again = NULL, *again_name = name;
	size_t used;

	while (*name != '\0') {
		if (pattern < end && *pattern == '%') {
			again = ++pattern;
			again_name = name;
		} else if (pattern < end && is_one_like(pattern, end, *name, &used)) {
			pattern += used;
			name++;
		} else if (again != NULL) {
			pattern = again;
			name = ++again_name;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '%')
		pattern++;
	return pattern == end;
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
	       is_like(object + 1, end, database);
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
