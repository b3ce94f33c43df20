/*
 * The system's time zones by name (mmsync/zone.h). Names come from outside: only names that
 * look like those of the tz database are looked for, so nothing outside its folder is opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "mmsync/tzif.h"
#include "mmsync/zone.h"

#define SYSTEM_FOLDER "/usr/share/zoneinfo"
/* Longest real one: America/Argentina/ComodRivadavia, 32. */
#define NAME_MAX_BYTES 64
/* Parts of a name: America/Argentina/Ushuaia. */
#define DEPTH_MAX 3

struct slot {
	struct mms_zone *zone; /* owned */
};

struct mms_zones {
	pthread_mutex_t lock;
	char *folder; /* owned */
	struct slot *loaded;
	size_t n_loaded, loaded_cap;
	/* Every name of the folder, sorted, made when first asked for without its exact name. */
	char **names;
	size_t n_names, names_cap;
	bool has_names;
};

mms_rc
mms_zones_new_in(const char *folder, struct mms_zones **out, struct mms_err *err)
{
	struct mms_zones *zones = mms_alloc(sizeof *zones);

	if (zones == NULL)
		return mms_fail_nomem(err);
	mms_zone_names_use_allocator();
	zones->folder = mms_text_copy(folder);
	if (zones->folder == NULL || pthread_mutex_init(&zones->lock, NULL) != 0) {
		mms_free(zones->folder);
		mms_free(zones);
		return mms_fail_nomem(err);
	}
	*out = zones;
	return MMS_OK;
}

mms_rc
mms_zones_new(struct mms_zones **out, struct mms_err *err)
{
	return mms_zones_new_in(SYSTEM_FOLDER, out, err);
}

void
mms_zones_free(struct mms_zones *zones)
{
	if (zones == NULL)
		return;
	for (size_t i = 0; i < zones->n_loaded; i++)
		mms_zone_free(zones->loaded[i].zone);
	for (size_t i = 0; i < zones->n_names; i++)
		mms_free(zones->names[i]);
	mms_free(zones->loaded);
	mms_free(zones->names);
	mms_free(zones->folder);
	(void)pthread_mutex_destroy(&zones->lock);
	mms_free(zones);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A part of a name: letters, digits, + - _, and not led by what hidden files are led by. */
static bool
is_part(const char *part, size_t len)
{
	if (len == 0 || !is_letter(part[0]))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = part[i];
		if (!is_letter(c) && !(c >= '0' && c <= '9') && strchr("+-_", c) == NULL)
			return false;
	}
	return true;
}

static bool
is_name(const char *name)
{
	static const char *const not_zones[] = { "posix",       "right",   "localtime",
						 "posixrules",  "Factory", "leapseconds",
						 "leap-seconds" };
	const char *part = name;
	int depth = 0;

	if (strlen(name) > NAME_MAX_BYTES)
		return false;
	for (;;) {
		size_t len = strcspn(part, "/");
		if (!is_part(part, len) || ++depth > DEPTH_MAX)
			return false;
		for (size_t i = 0; depth == 1 && i < MMS_COUNT(not_zones); i++) {
			if (strlen(not_zones[i]) == len &&
			    strncasecmp(not_zones[i], part, len) == 0)
				return false;
		}
		if (part[len] == '\0')
			return true;
		part += len + 1;
	}
}

/* The whole file, at most max bytes. Errors: GONE (no such regular file), ITEM. */
static mms_rc
read_file(const char *folder, const char *name, unsigned char *bytes, size_t max, size_t *len,
	  struct mms_err *err)
{
	struct stat st;
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0) {
		mms_fail(err, MMS_E_CONFIG, "the time zone database %s cannot be read: %s",
			 folder, strerrordesc_np(errno));
		return mms_hint(err, "install the package tzdata");
	}
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	(void)close(dir);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			(void)close(fd);
		return mms_fail(err, MMS_E_GONE, "there is no time zone '%s'", name);
	}
	size_t got = 0;
	ssize_t n = 1;
	while (got < max && n > 0) {
		n = read(fd, bytes + got, max - got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	(void)close(fd);
	if (n < 0 || got == max)
		return mms_fail(err, MMS_E_ITEM, "time zone file '%s' cannot be read", name);
	*len = got;
	return MMS_OK;
}

static mms_rc
load(struct mms_zones *zones, const char *name, const struct mms_zone **out,
     struct mms_err *err)
{
	struct mms_zone *zone = NULL;
	size_t len = 0;

	for (size_t i = 0; i < zones->n_loaded; i++) {
		if (strcmp(mms_zone_name(zones->loaded[i].zone), name) == 0) {
			*out = zones->loaded[i].zone;
			return MMS_OK;
		}
	}
	unsigned char *bytes = mms_alloc(MMS_TZIF_MAX);
	if (bytes == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = read_file(zones->folder, name, bytes, MMS_TZIF_MAX, &len, err);
	if (rc == MMS_OK)
		rc = mms_tzif_parse(name, bytes, len, &zone, err);
	mms_free(bytes);
	if (rc == MMS_E_ITEM) {
		err->code = MMS_E_CONFIG;
		return mms_hint(err, "install the package tzdata again");
	}
	if (rc != MMS_OK)
		return rc;
	struct slot *moved = mms_grow(zones->loaded, zones->n_loaded, &zones->loaded_cap,
				      sizeof *zones->loaded);
	if (moved == NULL) {
		mms_zone_free(zone);
		return mms_fail_nomem(err);
	}
	zones->loaded = moved;
	zones->loaded[zones->n_loaded++].zone = zone;
	*out = zone;
	return MMS_OK;
}

static mms_rc
add_name(struct mms_zones *zones, const char *prefix, const char *part, struct mms_err *err)
{
	MMS_AUTO(mms_str) name = { 0 };
	char **moved =
		mms_grow(zones->names, zones->n_names, &zones->names_cap, sizeof *zones->names);

	if (moved == NULL)
		return mms_fail_nomem(err);
	zones->names = moved;
	mms_str_addf(&name, "%s%s", prefix, part);
	mms_rc rc = mms_str_check(&name, err);
	if (rc == MMS_OK)
		zones->names[zones->n_names++] = mms_str_take(&name);
	return rc;
}

/* The names below one folder, and below its folders. prefix is "" or ends with a slash. */
static mms_rc /* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX deep at most */
walk(struct mms_zones *zones, const char *prefix, int depth, struct mms_err *err)
{
	MMS_AUTO(mms_str) path = { 0 };
	struct dirent *entry;
	struct stat st;
	mms_rc rc = MMS_OK;

	mms_str_addf(&path, "%s/%s", zones->folder, prefix);
	rc = mms_str_check(&path, err);
	DIR *dir = rc == MMS_OK ? opendir(mms_str_get(&path)) : NULL;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this stream */
	while (rc == MMS_OK && dir != NULL && (entry = readdir(dir)) != NULL) {
		MMS_AUTO(mms_str) below = { 0 };
		mms_str_addf(&below, "%s%s", prefix, entry->d_name);
		rc = mms_str_check(&below, err);
		if (rc != MMS_OK || !is_name(mms_str_get(&below)) ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) != 0)
			continue;
		mms_str_addc(&below, '/');
		if (S_ISREG(st.st_mode))
			rc = add_name(zones, prefix, entry->d_name, err);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			rc = walk(zones, mms_str_get(&below), depth + 1, err);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return rc;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static mms_rc
want_names(struct mms_zones *zones, struct mms_err *err)
{
	if (zones->has_names)
		return MMS_OK;
	mms_rc rc = walk(zones, "", 1, err);
	if (rc != MMS_OK) {
		for (size_t i = 0; i < zones->n_names; i++)
			mms_free(zones->names[i]);
		zones->n_names = 0;
		return rc;
	}
	if (zones->n_names > 0)
		qsort(zones->names, zones->n_names, sizeof *zones->names, compare_names);
	zones->has_names = true;
	return MMS_OK;
}

/* How the database spells a name that was written in other cases; NULL: it has none such. */
static const char *
spelling(const struct mms_zones *zones, const char *name)
{
	for (size_t i = 0; i < zones->n_names; i++) {
		if (strcasecmp(zones->names[i], name) == 0)
			return zones->names[i];
	}
	return NULL;
}

mms_rc
mms_zones_find(struct mms_zones *zones, const char *name, const struct mms_zone **out,
	       struct mms_err *err)
{
	if (strcmp(name, "UTC") == 0) {
		*out = mms_zone_utc();
		return MMS_OK;
	}
	if (!is_name(name))
		return mms_fail(err, MMS_E_GONE, "there is no time zone '%.80s'", name);
	(void)pthread_mutex_lock(&zones->lock);
	mms_rc rc = load(zones, name, out, err);
	if (rc == MMS_E_GONE) {
		mms_rc rc_names = want_names(zones, err);
		const char *spelled = rc_names == MMS_OK ? spelling(zones, name) : NULL;
		if (rc_names != MMS_OK)
			rc = rc_names;
		else if (spelled != NULL)
			rc = load(zones, spelled, out, err);
	}
	(void)pthread_mutex_unlock(&zones->lock);
	return rc;
}

static bool
is_city(const char *name, const char *city)
{
	const char *slash = strrchr(name, '/');

	if (slash == NULL || strncmp(name, "Etc/", 4) == 0)
		return false;
	const char *last = slash + 1;
	for (; *last != '\0' && *city != '\0'; last++, city++) {
		if (*last == '_' && *city == ' ')
			continue;
		if (strncasecmp(last, city, 1) != 0)
			return false;
	}
	return *last == '\0' && *city == '\0';
}

mms_rc
mms_zones_find_city(struct mms_zones *zones, const char *city, const char **out,
		    struct mms_err *err)
{
	const char *found = NULL;

	(void)pthread_mutex_lock(&zones->lock);
	mms_rc rc = want_names(zones, err);
	for (size_t i = 0; rc == MMS_OK && i < zones->n_names && found == NULL; i++) {
		if (is_city(zones->names[i], city))
			found = zones->names[i];
	}
	(void)pthread_mutex_unlock(&zones->lock);
	if (rc != MMS_OK)
		return rc;
	if (found == NULL)
		return mms_fail(err, MMS_E_GONE, "there is no time zone of a city '%.80s'",
				city);
	*out = found;
	return MMS_OK;
}
