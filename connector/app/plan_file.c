/* Plans of repairs as files (see the header). */
#include "plan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/mem.h"

/* ---- written --------------------------------------------------------------------------------------- */

mms_rc
mms_plan_file_check(const char *path, struct mms_err *err)
{
	if (path == NULL || (path[0] != '\0' && strcmp(path, "-") != 0))
		return MMS_OK;
	mms_fail(err, MMS_E_USAGE, "--plan needs the name of a file");
	return mms_hint(err, "stdout has what the audit finds; --plan repairs.json");
}

static mms_rc
cannot(const char *what, const char *path, struct mms_err *err)
{
	mms_fail(err, MMS_E_USAGE, "the plan cannot be %s: %s: %s", what, path,
		 strerror(errno));
	return mms_hint(err, "a plan is a file in a folder that you may write to");
}

static bool
write_whole(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* Aside first: who reads it meanwhile has the old one or the new one. */
static mms_rc
put_file(const char *path, const struct mms_str *text, struct mms_err *err)
{
	MMS_AUTO(mms_str) aside = { 0 };

	mms_str_addf(&aside, "%s.XXXXXX", path);
	mms_rc rc = mms_str_check(&aside, err);
	if (rc != MMS_OK)
		return rc;
	int fd = mkostemp(aside.ptr, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return cannot("written", path, err);
	bool is_written = write_whole(fd, text->ptr, text->len);
	if (close(fd) == 0 && is_written && rename(aside.ptr, path) == 0)
		return MMS_OK;
	rc = cannot("written", path, err);
	(void)unlink(aside.ptr);
	return rc;
}

mms_rc
mms_plan_file_write(struct mms_app *app, const struct mms_sync_env *env,
		    const struct mms_flaw_choice *choice, const char *path, struct mms_err *err)
{
	MMS_AUTO(mms_repair_plan) plan = { 0 };
	MMS_AUTO(mms_str) text = mms_str_make(MMS_REPAIR_PLAN_MAX_BYTES);

	mms_rc rc = mms_plan_file_check(path, err);
	if (rc == MMS_OK)
		rc = mms_repair_plan_make(env, choice, &plan, err);
	if (rc == MMS_OK)
		rc = mms_repair_plan_print(&plan, &text, err);
	if (rc == MMS_OK)
		rc = put_file(path, &text, err);
	if (rc == MMS_OK)
		mms_app_note(app, "plan: %zu repair%s in %s", plan.repairs.n,
			     plan.repairs.n == 1 ? "" : "s", path);
	return rc;
}

/* ---- read ------------------------------------------------------------------------------------------ */

static mms_rc
read_whole(int fd, const char *path, struct mms_str *out, struct mms_err *err)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) != 0 && out->state == MMS_OK) {
		if (n < 0 && errno == EINTR && !atomic_load(mms_app_stop_flag()))
			continue;
		if (n < 0)
			return cannot("read", path, err);
		mms_str_addn(out, buf, (size_t)n);
	}
	if (out->state != MMS_E_ITEM)
		return mms_str_check(out, err);
	return mms_fail(err, MMS_E_USAGE, "%s is no plan: it has more than %zu MB", path,
			MMS_REPAIR_PLAN_MAX_BYTES / 1024 / 1024);
}

mms_rc
mms_plan_file_read(const char *path, struct mms_repair_plan *out, struct mms_err *err)
{
	MMS_AUTO(mms_str) text = mms_str_make(MMS_REPAIR_PLAN_MAX_BYTES);
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return cannot("read", path, err);
	mms_rc rc = read_whole(fd, path, &text, err);
	if (!is_stdin)
		(void)close(fd);
	return rc == MMS_OK ? mms_repair_plan_parse(mms_str_get(&text), text.len, out, err)
			    : rc;
}
