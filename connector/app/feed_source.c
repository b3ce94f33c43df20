/* Where feed preview takes its feed from: a file, a pipe, an address, an integration. */
#include "feed_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/cursors.h"
#include "mmsync/lookups.h"
#include "mmsync/mem.h"
#include "mmsync/provider.h"
#include "mmsync/spool.h"

/* What is taken from a pipe; a feed of this size holds some 100,000 events. */
#define SPOOL_MAX ((int64_t)64 * 1024 * 1024)
/* What comes from standard input is an address when it is one line, at most this long. */
#define ADDRESS_MAX 4096

void
mms_feed_source_release(struct mms_feed_source *source)
{
	if (source->fd > 0)
		(void)close(source->fd);
	mms_free(source->charset);
	*source = (struct mms_feed_source){ 0 };
}

static bool
is_address(const char *text)
{
	return strstr(text, "://") != NULL || strncmp(text, "webcal:", 7) == 0;
}

/* ---- addresses ------------------------------------------------------------------------------ */

static mms_rc
fetch(struct mms_app *app, struct mms_zones *zones, const char *url,
      struct mms_feed_source *out, struct mms_err *err)
{
	struct mms_config config = { 0 };
	struct mms_provider_env env = { .zones = zones,
					.clock = &app->clock,
					.is_stopped = mms_app_stop_flag(),
					.spool_dir = getenv("TMPDIR") };

	mms_rc rc = app->has_site ? MMS_OK : mms_config_init(&config, err);
	if (rc == MMS_OK)
		rc = mms_provider_env_open(&env, app->has_site ? &app->site.config : &config,
					   err);
	if (rc == MMS_OK)
		rc = mms_feed_fetch(&env, url, &out->fd, &out->charset, err);
	mms_provider_env_release(&env);
	mms_config_release(&config);
	return rc;
}

/* The address that the site has for an integration. */
static mms_rc
fetch_integration(struct mms_app *app, struct mms_zones *zones, const char *name,
		  struct mms_feed_source *out, struct mms_err *err)
{
	MMS_AUTO(mms_sources) sources = { 0 };
	struct mms_db *db = NULL;
	char *spelled = NULL, *url = NULL;

	if (!app->has_site) {
		mms_fail(err, MMS_E_USAGE, "--integration needs a site");
		return mms_hint(err, "add --site DIR, or set MMSYNC_SITE");
	}
	mms_rc rc = mms_db_open(&db, &app->site.db, err);
	if (rc == MMS_OK)
		rc = mms_lookup_integration(db, name, &spelled, err);
	if (rc == MMS_OK)
		rc = mms_sources_load(db, &sources, err);
	mms_db_close(db);
	for (size_t i = 0; rc == MMS_OK && i < sources.n; i++) {
		const struct mms_integration *in = &sources.items[i].integration;
		if (strcmp(in->name, spelled) == 0)
			url = in->ical_url;
	}
	if (rc == MMS_OK && (url == NULL || url[0] == '\0')) {
		mms_fail(err, MMS_E_CONFIG, "'%s' has no iCal URL", spelled);
		rc = mms_hint(err, "only integrations of type iCal have feeds");
	}
	mms_free(spelled);
	return rc == MMS_OK ? fetch(app, zones, url, out, err) : rc;
}

/* ---- files and pipes ------------------------------------------------------------------------ */

static mms_rc
write_all(int to, const char *bytes, size_t n, struct mms_err *err)
{
	while (n > 0) {
		ssize_t m = write(to, bytes, n);
		if (m < 0 && errno == EINTR)
			continue;
		if (m < 0)
			return mms_fail(err, MMS_E_RETRY, "the feed cannot be kept: %s",
					strerrordesc_np(errno));
		bytes += m;
		n -= (size_t)m;
	}
	return MMS_OK;
}

static mms_rc
copy_all(int from, int to, struct mms_err *err)
{
	char buf[16384];
	int64_t total = 0;
	mms_rc rc = MMS_OK;

	while (rc == MMS_OK) {
		ssize_t n = read(from, buf, sizeof buf);
		if (n < 0 && errno == EINTR && !atomic_load(mms_app_stop_flag()))
			continue;
		if (n < 0)
			return mms_fail(err, MMS_E_RETRY, "the feed cannot be read: %s",
					strerrordesc_np(errno));
		if (n == 0)
			return MMS_OK;
		total += n;
		if (total > SPOOL_MAX)
			return mms_fail(err, MMS_E_ITEM, "the feed is larger than %d MiB",
					(int)(SPOOL_MAX >> 20));
		rc = write_all(to, buf, (size_t)n, err);
	}
	return rc;
}

/* A pipe is read once: keep it where it can be read by offset. Takes: fd. */
static mms_rc
make_seekable(int fd, int *out, struct mms_err *err)
{
	int copy = 0;

	if (lseek(fd, 0, SEEK_CUR) >= 0) {
		*out = fd;
		return MMS_OK;
	}
	mms_rc rc = mms_spool_open(getenv("TMPDIR"), &copy, err);
	if (rc == MMS_OK)
		rc = copy_all(fd, copy, err);
	(void)close(fd);
	if (rc != MMS_OK && copy > 0)
		(void)close(copy);
	if (rc == MMS_OK)
		*out = copy;
	return rc;
}

/* The one line of a short text that is an address; empty: it is none. */
static void
read_address(int fd, char out[ADDRESS_MAX])
{
	ssize_t n = pread(fd, out, ADDRESS_MAX - 1, 0);

	out[n > 0 ? n : 0] = '\0';
	size_t len = strcspn(out, "\r\n"), rest = strspn(out + len, "\r\n \t");
	if (out[len + rest] != '\0' || memchr(out, ' ', len) != NULL)
		out[0] = '\0';
	out[out[0] != '\0' ? len : 0] = '\0';
	if (!is_address(out))
		out[0] = '\0';
}

static mms_rc
open_file(struct mms_app *app, struct mms_zones *zones, const char *name,
	  struct mms_feed_source *out, struct mms_err *err)
{
	char address[ADDRESS_MAX] = "";
	struct stat st;
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		fd = -1;
		errno = EISDIR;
	}
	if (fd < 0)
		return mms_fail(err, MMS_E_USAGE, "the feed '%s' cannot be opened: %s", name,
				strerrordesc_np(errno));
	mms_rc rc = make_seekable(fd, &out->fd, err);
	if (rc != MMS_OK || !is_stdin)
		return rc;
	read_address(out->fd, address);
	if (address[0] == '\0')
		return MMS_OK;
	mms_feed_source_release(out);
	return fetch(app, zones, address, out, err);
}

mms_rc
mms_feed_source_open(struct mms_app *app, struct mms_zones *zones, struct mms_feed_source *out,
		     struct mms_err *err)
{
	const char *source = mms_app_word(app, 0), *name = mms_app_text(app, "integration");

	if ((source != NULL) == (name != NULL)) {
		mms_fail(err, MMS_E_USAGE,
			 source == NULL ? "no feed was given"
					: "a feed and an integration were given");
		return mms_hint(err, "give one of: an address, a file, - for standard input, "
				     "--integration NAME");
	}
	if (name != NULL)
		return fetch_integration(app, zones, name, out, err);
	return is_address(source) ? fetch(app, zones, source, out, err)
				  : open_file(app, zones, source, out, err);
}
