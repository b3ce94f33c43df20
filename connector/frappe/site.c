/* A site's folder: which files there are and what stands in them (see the header). */
#include "mmsync/site.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/mem.h"

/* The folder as it was given, in parts. */
struct folder {
	struct mms_str given;  /* without slashes at its end                 */
	struct mms_str parent; /* where common_site_config.json stands       */
	const char *name;      /* its last part; NULL for ".", ".." and "/"  */
};

static void
folder_release(struct folder *folder)
{
	mms_str_release(&folder->given);
	mms_str_release(&folder->parent);
}

void
mms_site_release(struct mms_site *site)
{
	if (site == NULL)
		return;
	mms_free(site->dir);
	mms_free(site->name);
	mms_free(site->encryption_key);
	mms_db_settings_release(&site->db);
	mms_config_release(&site->config);
	*site = (struct mms_site){ 0 };
}

/*
 * The parent is the one of the path as it was given, where that has one: a site folder may be
 * a link to another disk, and its bench is the place of the link.
 */
static void
folder_split(struct folder *folder, const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/')
		len--;
	mms_str_addn(&folder->given, dir, len);
	const char *given = mms_str_get(&folder->given);
	const char *slash = strrchr(given, '/');
	const char *name = slash != NULL ? slash + 1 : given;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		mms_str_addf(&folder->parent, "%s/..", given);
		return;
	}
	folder->name = name;
	if (slash == NULL)
		mms_str_add(&folder->parent, ".");
	else if (slash == given)
		mms_str_add(&folder->parent, "/");
	else
		mms_str_addn(&folder->parent, given, (size_t)(slash - given));
}

/* The whole of a file into *out. Errors: GONE (there is none), CONFIG, NOMEM. */
static mms_rc
read_file(const char *path, struct mms_str *out, struct mms_err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0) {
		mms_rc rc = errno == ENOENT || errno == ENOTDIR ? MMS_E_GONE : MMS_E_CONFIG;
		return mms_fail(err, rc, "%s cannot be read: %s", path, strerrordesc_np(errno));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return mms_fail(err, MMS_E_CONFIG, "%s is not a file", path);
	}
	ssize_t got = 0;
	do {
		char chunk[8192];

		got = read(fd, chunk, sizeof chunk);
		if (got > 0)
			mms_str_addn(out, chunk, (size_t)got);
	} while ((got > 0 || (got < 0 && errno == EINTR)) && out->state == MMS_OK);
	int reason = errno;
	(void)close(fd);
	if (got < 0)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be read: %s", path,
				strerrordesc_np(reason));
	if (out->state == MMS_E_ITEM)
		return mms_fail(err, MMS_E_CONFIG, "%s is larger than %zu bytes", path,
				MMS_SITE_FILE_MAX);
	return mms_str_check(out, err);
}

/* Somebody may have named the bench, its sites folder or a file: say where to point. */
static mms_rc
no_site_here(const char *dir, struct mms_err *err)
{
	MMS_AUTO(mms_str) path = { 0 };

	mms_str_addf(&path, "%s/sites/common_site_config.json", dir);
	if (access(mms_str_get(&path), F_OK) == 0)
		return mms_hint(err, "%s is a bench: name one of its sites, %s/sites/SITE", dir,
				dir);
	mms_str_clear(&path);
	mms_str_addf(&path, "%s/common_site_config.json", dir);
	if (access(mms_str_get(&path), F_OK) == 0)
		return mms_hint(err, "%s holds sites: name one of them, %s/SITE", dir, dir);
	return mms_hint(err, "a site's folder is BENCH/sites/SITE and holds site_config.json");
}

static mms_rc
find_dir(const struct folder *folder, struct mms_site *site, struct mms_err *err)
{
	const char *given = mms_str_get(&folder->given);
	char real[PATH_MAX];
	struct stat st;

	if (realpath(given, real) == NULL || stat(real, &st) != 0) {
		mms_fail(err, MMS_E_CONFIG, "there is no site folder %s: %s", given,
			 strerrordesc_np(errno));
		return mms_hint(
			err, "a site's folder is BENCH/sites/SITE and holds site_config.json");
	}
	if (!S_ISDIR(st.st_mode))
		return mms_fail(err, MMS_E_CONFIG, "%s is not a folder", given);
	const char *slash = strrchr(real, '/');
	site->dir = mms_text_copy(real);
	site->name = mms_text_copy(folder->name != NULL ? folder->name : slash + 1);
	if (site->dir == NULL || site->name == NULL)
		return mms_fail_nomem(err);
	return MMS_OK;
}

/* One of the two files; that there is none is no error here, and text stays NULL. */
static mms_rc
load_text(const char *dir, const char *name, struct mms_str *path, struct mms_str *bytes,
	  struct mms_site_text *out, struct mms_err *err)
{
	mms_str_addf(path, "%s/%s", dir, name);
	mms_rc rc = mms_str_check(path, err);
	if (rc == MMS_OK)
		rc = read_file(mms_str_get(path), bytes, err);
	out->file = mms_str_get(path);
	if (rc == MMS_E_GONE) {
		mms_err_release(err);
		return MMS_OK;
	}
	if (rc != MMS_OK)
		return rc;
	out->text = mms_str_get(bytes);
	out->len = bytes->len;
	return MMS_OK;
}

static mms_rc
load(const struct folder *folder, mms_env_get *env, void *env_aux, struct mms_site *out,
     struct mms_findings *problems, struct mms_err *err)
{
	MMS_AUTO(mms_site) site = { 0 };
	MMS_AUTO(mms_site) parsed = { 0 };
	MMS_AUTO(mms_str) common_path = { 0 };
	MMS_AUTO(mms_str) common_bytes = mms_str_make(MMS_SITE_FILE_MAX);
	MMS_AUTO(mms_str) site_path = { 0 };
	MMS_AUTO(mms_str) site_bytes = mms_str_make(MMS_SITE_FILE_MAX);
	struct mms_site_text common = { 0 }, own = { 0 };

	mms_rc rc = find_dir(folder, &site, err);
	if (rc == MMS_OK)
		rc = load_text(site.dir, "site_config.json", &site_path, &site_bytes, &own,
			       err);
	if (rc == MMS_OK && own.text == NULL) {
		mms_fail(err, MMS_E_CONFIG, "there is no %s", own.file);
		return no_site_here(site.dir, err);
	}
	if (rc == MMS_OK)
		rc = load_text(mms_str_get(&folder->parent), "common_site_config.json",
			       &common_path, &common_bytes, &common, err);
	if (rc == MMS_OK)
		rc = mms_site_parse(&common, &own, env, env_aux, &parsed, problems, err);
	if (rc != MMS_OK)
		return rc;
	parsed.dir = site.dir;
	parsed.name = site.name;
	*out = parsed;
	site = parsed = (struct mms_site){ 0 };
	return MMS_OK;
}

static mms_rc
load_folder(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
	    struct mms_findings *problems, struct mms_err *err)
{
	MMS_AUTO(folder) folder = { 0 };

	folder_split(&folder, dir);
	mms_rc rc = mms_str_check(&folder.given, err);
	if (rc == MMS_OK)
		rc = mms_str_check(&folder.parent, err);
	if (rc == MMS_OK)
		rc = load(&folder, env, env_aux, out, problems, err);
	return rc;
}

mms_rc
mms_site_load(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
	      struct mms_err *err)
{
	return load_folder(dir, env, env_aux, out, NULL, err);
}

mms_rc
mms_site_load_all(const char *dir, mms_env_get *env, void *env_aux, struct mms_site *out,
		  struct mms_findings *problems, struct mms_err *err)
{
	return load_folder(dir, env, env_aux, out, problems, err);
}
