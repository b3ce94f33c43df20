/* Configuration texts: the two files, a line of 0x1E between them. Nothing may crash or hang. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
no_env(void *aux, const char *name)
{
	(void)aux;
	(void)name;
	return NULL;
}

static mms_rc
parse(const struct mms_site_text *common, const struct mms_site_text *own,
      struct mms_findings *problems)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	mms_rc rc = mms_site_parse(common, own, no_env, NULL, &site, problems, &err);

	/* What is taken is whole: a database to reach, every default in its place. */
	if (rc == MMS_OK && problems == NULL &&
	    (site.db.database == NULL || site.db.user == NULL || site.db.host == NULL ||
	     site.db.port == 0 || site.config.sync_user == NULL || site.config.jobs < 1))
		abort();
	if (rc != MMS_OK && mms_err_text(&err)[0] == '\0')
		abort();
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = size > 0 ? memchr(data, 0x1E, size) : NULL;
	size_t n = mark != NULL ? (size_t)(mark - data) : 0;
	const char *text = (const char *)data;
	struct mms_site_text common = { "common", mark != NULL ? text : NULL, n };
	struct mms_site_text own = { "site", mark != NULL ? text + n + 1 : text,
				     mark != NULL ? size - n - 1 : size };
	MMS_AUTO(mms_findings) problems = { 0 };

	if (size == 0)
		return 0;
	/* All problems are none exactly when the first one is none. */
	mms_rc first = parse(&common, &own, NULL);
	mms_rc all = parse(&common, &own, &problems);
	if (all != MMS_OK || (first == MMS_OK) != (problems.n == 0))
		abort();
	return 0;
}
