/* The `mmsync` object against the table of settings: every key known, every value checked. */
#include "site_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/near.h"
#include "mmsync/utf8.h"
#include "mmsync/zone.h"

/* Keys at one level that may be meant by a mistyped one. */
#define NAMES_MAX 64

struct walk {
	struct mms_site_reader *reader;
	const char *file;
	struct mms_config *config;
};

/* Length of the group in "http.timeout_s" (4), 0 for a key without one. */
static size_t
group_len(const char *key)
{
	const char *dot = strchr(key, '.');

	return dot != NULL ? (size_t)(dot - key) : 0;
}

static const char *
last_part(const char *key)
{
	size_t len = group_len(key);

	return len > 0 ? key + len + 1 : key;
}

static bool
is_in_group(const struct mms_config_row *row, const char *group)
{
	size_t len = strlen(group);

	return group_len(row->key) == len && memcmp(row->key, group, len) == 0;
}

/* The row of a key at a level ("" is the object itself). */
static const struct mms_config_row *
find_row(const char *group, const char *key)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	for (size_t i = 0; i < n; i++) {
		if (is_in_group(&rows[i], group) && strcmp(last_part(rows[i].key), key) == 0)
			return &rows[i];
	}
	return NULL;
}

static bool
is_group(const char *key)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	for (size_t i = 0; i < n; i++) {
		if (key[0] != '\0' && is_in_group(&rows[i], key))
			return true;
	}
	return false;
}

/* Words to choose the nearest from; group names are copied out of their keys. */
struct names {
	const char *at[NAMES_MAX];
	const char *keys[NAMES_MAX]; /* whole keys, for keys of other levels */
	char groups[NAMES_MAX][32];
	size_t n;
};

static void
add_name(struct names *names, const char *name, const char *key)
{
	if (names->n == NAMES_MAX)
		return;
	names->at[names->n] = name;
	names->keys[names->n] = key;
	names->n++;
}

/* Keys of this level, the groups among them when it is the first. */
static void
collect_level(struct names *names, const char *group)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	for (size_t i = 0; i < n; i++) {
		size_t len = group_len(rows[i].key);

		if (is_in_group(&rows[i], group)) {
			add_name(names, last_part(rows[i].key), rows[i].key);
		} else if (group[0] == '\0' && names->n < NAMES_MAX && len < 32 &&
			   (i == 0 || group_len(rows[i - 1].key) != len ||
			    memcmp(rows[i - 1].key, rows[i].key, len) != 0)) {
			memcpy(names->groups[names->n], rows[i].key, len);
			names->groups[names->n][len] = '\0';
			add_name(names, names->groups[names->n], NULL);
		}
	}
}

static void
collect_all(struct names *names)
{
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	for (size_t i = 0; i < n; i++)
		add_name(names, last_part(rows[i].key), rows[i].key);
}

/* "http": {"timeout_s": ...} for the key http.timeout_s. */
static mms_rc
hint_place(struct mms_err *err, const char *key)
{
	size_t len = group_len(key);

	if (len == 0)
		return mms_hint(err, "\"%s\" stands in the mmsync object itself", key);
	return mms_hint(err, "did you mean \"%.*s\": {\"%s\": ...}?", (int)len, key,
			last_part(key));
}

static mms_rc
unknown_key(const struct walk *walk, const char *group, const char *key, const char *path)
{
	struct mms_err *err = walk->reader->err;
	struct names names = { .n = 0 };
	size_t n;
	const struct mms_config_row *rows = mms_config_rows(&n);

	mms_fail(err, MMS_E_CONFIG, "%s: \"%s\" is not a setting of mmsync", walk->file, path);
	mms_hint(err, "man mmsync lists the settings");
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].key, key) == 0) { /* written with a dot */
			hint_place(err, rows[i].key);
			return mms_site_tell(walk->reader, path);
		}
	}
	collect_level(&names, group);
	const char *near = mms_near_find(key, names.at, names.n);
	if (near != NULL) {
		mms_hint(err, "did you mean \"%s\"?", near);
		return mms_site_tell(walk->reader, path);
	}
	names.n = 0;
	collect_all(&names);
	near = mms_near_find(key, names.at, names.n);
	for (size_t i = 0; near != NULL && i < names.n; i++) {
		if (names.at[i] == near) {
			hint_place(err, names.keys[i]);
			break;
		}
	}
	return mms_site_tell(walk->reader, path);
}

/* What a row's value must look like, for its error. */
static void
add_expected(struct mms_str *out, const struct mms_config_row *row)
{
	switch (row->type) {
	case MMS_CONFIG_INT:
		mms_str_addf(out, "a whole number from %" PRId64 " to %" PRId64, row->min,
			     row->max);
		break;
	case MMS_CONFIG_BOOL:
		mms_str_add(out, "true or false");
		break;
	case MMS_CONFIG_CHOICE:
		for (size_t i = 0; row->choices[i] != NULL; i++)
			mms_str_addf(out, "%s\"%s\"", i > 0 ? " or " : "", row->choices[i]);
		break;
	case MMS_CONFIG_HOSTS:
		mms_str_addf(out, "a list of at most %" PRId64 " texts \"host:port\"",
			     row->max);
		break;
	case MMS_CONFIG_ZONE:
		mms_str_add(out, "\"UTC\", \"site\" or an IANA time zone (\"Europe/Berlin\")");
		break;
	case MMS_CONFIG_URL:
		mms_str_add(out, "an address that begins with https:// or http://");
		break;
	case MMS_CONFIG_LISTEN:
		mms_str_add(out, "a text \"host:port\"");
		break;
	case MMS_CONFIG_TEXT:
	case MMS_CONFIG_SECRET:
		mms_str_addf(out,
			     "a text of %" PRId64 " to %" PRId64
			     " characters that are not all blanks",
			     row->min, row->max);
		break;
	}
}

/* May the value that stands there be quoted? What could be a secret or hold one is not. */
static bool
may_show(const struct mms_config_row *row, const json_t *value)
{
	return !json_is_string(value) ||
	       (row->type != MMS_CONFIG_SECRET && row->type != MMS_CONFIG_URL &&
		row->type != MMS_CONFIG_TEXT);
}

/* near: what may be meant instead, or NULL. */
static mms_rc
wrong_value_near(const struct walk *walk, const struct mms_config_row *row, const json_t *value,
		 const char *near)
{
	MMS_AUTO(mms_str) expected = { 0 };
	MMS_AUTO(mms_str) given = { 0 };
	MMS_AUTO(mms_str) path = { 0 };
	struct mms_err *err = walk->reader->err;

	add_expected(&expected, row);
	if (row->type != MMS_CONFIG_SECRET && may_show(row, value)) {
		mms_str_add(&given, ", not ");
		mms_site_describe(&given, value);
	}
	mms_str_addf(&path, "mmsync.%s", row->key);
	mms_fail(err, MMS_E_CONFIG, "%s: \"%s\" must be %s%s", walk->file, mms_str_get(&path),
		 mms_str_get(&expected), mms_str_get(&given));
	if (near != NULL)
		mms_hint(err, "did you mean \"%s\"?", near);
	else if (row->default_text != NULL)
		mms_hint(err, "without the key it is %s", row->default_text);
	return mms_site_tell(walk->reader, mms_str_get(&path));
}

static mms_rc
wrong_value(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	return wrong_value_near(walk, row, value, NULL);
}

/* A name, an IPv4 or a bracketed IPv6 address: n bytes. */
static bool
is_host(const char *text, size_t n)
{
	bool is_v6 = n >= 4 && text[0] == '[' && text[n - 1] == ']';
	const char *chars = is_v6 ? "0123456789abcdefABCDEF:." : NULL;

	if (n == 0 || n > 253)
		return false;
	for (size_t i = is_v6; i < n - is_v6; i++) {
		char c = text[i];
		bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			       (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
		if (chars != NULL ? strchr(chars, c) == NULL : !is_word)
			return false;
	}
	return true;
}

static bool
is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	char *end;

	if (colon == NULL || !is_host(text, (size_t)(colon - text)) || colon[1] < '0' ||
	    colon[1] > '9')
		return false;
	unsigned long port = strtoul(colon + 1, &end, 10);
	return *end == '\0' && port >= 1 && port <= 65535;
}

static bool
is_address(const char *text)
{
	size_t skip = strncmp(text, "https://", 8) == 0  ? 8
		      : strncmp(text, "http://", 7) == 0 ? 7
							 : 0;

	if (skip == 0 || text[skip] == '\0' || text[skip] == '/')
		return false;
	return strpbrk(text, " \"<>\\") == NULL;
}

static bool
is_good_text(const struct mms_config_row *row, const json_t *value)
{
	if (!json_is_string(value))
		return false;
	const char *text = json_string_value(value);
	size_t chars = mms_utf8_count(text, json_string_length(value));
	if (chars < (size_t)row->min || chars > (size_t)row->max)
		return false;
	if (text[strspn(text, " ")] == '\0')
		return false;
	for (const char *p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			return false;
	}
	switch (row->type) {
	case MMS_CONFIG_URL:
		return is_address(text);
	case MMS_CONFIG_LISTEN:
		return is_host_port(text);
	case MMS_CONFIG_TEXT:
	case MMS_CONFIG_SECRET:
	case MMS_CONFIG_ZONE:
	case MMS_CONFIG_BOOL:
	case MMS_CONFIG_INT:
	case MMS_CONFIG_CHOICE:
	case MMS_CONFIG_HOSTS:
		break;
	}
	return true;
}

static mms_rc
read_text(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	char **field = mms_config_field(walk->config, row);

	if (!is_good_text(row, value))
		return wrong_value(walk, row, value);
	char *copy = mms_text_copy(json_string_value(value));
	if (copy == NULL)
		return mms_fail_nomem(walk->reader->err);
	mms_free(*field);
	*field = copy;
	return MMS_OK;
}

static mms_rc
read_choice(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	size_t n = 0;

	for (; row->choices[n] != NULL; n++) {
		if (json_is_string(value) &&
		    strcmp(row->choices[n], json_string_value(value)) == 0) {
			*(int64_t *)mms_config_field(walk->config, row) = (int64_t)n;
			return MMS_OK;
		}
	}
	return wrong_value_near(
		walk, row, value,
		json_is_string(value) ? mms_near_find(json_string_value(value), row->choices, n)
				      : NULL);
}

/* A zone must be one of the system's: to find that out later would be to write wrong times. */
static mms_rc
find_zone(const struct walk *walk, const struct mms_config_row *row, const json_t *value,
	  struct mms_zones *zones)
{
	const char *name = json_string_value(value);
	const struct mms_zone *zone;
	char guess[100];

	mms_rc rc = mms_zones_find(zones, name, &zone, walk->reader->err);
	if (rc == MMS_OK)
		return read_text(walk, row, value);
	if (rc == MMS_E_CONFIG)
		return mms_site_tell(walk->reader, "time zones");
	if (rc != MMS_E_GONE)
		return rc;
	MMS_AUTO(mms_err) ignored = { 0 };
	bool has_guess =
		mms_zone_guess_name(zones, name, guess, sizeof guess, &ignored) == MMS_OK;
	return wrong_value_near(walk, row, value, has_guess ? guess : NULL);
}

static mms_rc
read_zone(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	struct mms_zones *zones = NULL;

	if (!json_is_string(value))
		return wrong_value(walk, row, value);
	walk->config->has_event_time_zone = true;
	if (strcmp(json_string_value(value), "UTC") == 0 ||
	    strcmp(json_string_value(value), "site") == 0)
		return read_text(walk, row, value);
	mms_rc rc = mms_zones_new(&zones, walk->reader->err);
	if (rc == MMS_OK)
		rc = find_zone(walk, row, value, zones);
	mms_zones_free(zones);
	return rc;
}

static mms_rc
read_hosts(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	struct mms_config_list list = { 0 };
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n > (size_t)row->max)
		return wrong_value(walk, row, value);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);
		if (!json_is_string(item) || !is_host_port(json_string_value(item)))
			return wrong_value(walk, row, item);
	}
	list.items = mms_alloc((n + 1) * sizeof *list.items);
	if (list.items == NULL)
		return mms_fail_nomem(walk->reader->err);
	for (size_t i = 0; i < n; i++) {
		list.items[i] = mms_text_copy(json_string_value(json_array_get(value, i)));
		if (list.items[i] == NULL) {
			mms_config_list_release(&list);
			return mms_fail_nomem(walk->reader->err);
		}
		list.n++;
	}
	struct mms_config_list *field = mms_config_field(walk->config, row);
	mms_config_list_release(field);
	*field = list;
	return MMS_OK;
}

static mms_rc
read_value(const struct walk *walk, const struct mms_config_row *row, const json_t *value)
{
	void *field = mms_config_field(walk->config, row);

	if (json_is_null(value) && row->default_text == NULL)
		return MMS_OK; /* "none", said aloud */
	switch (row->type) {
	case MMS_CONFIG_BOOL:
		if (!json_is_boolean(value))
			break;
		*(bool *)field = json_is_true(value);
		return MMS_OK;
	case MMS_CONFIG_INT:
		if (!json_is_integer(value) || json_integer_value(value) < row->min ||
		    json_integer_value(value) > row->max)
			break;
		*(int64_t *)field = json_integer_value(value);
		return MMS_OK;
	case MMS_CONFIG_CHOICE:
		return read_choice(walk, row, value);
	case MMS_CONFIG_HOSTS:
		return read_hosts(walk, row, value);
	case MMS_CONFIG_ZONE:
		return read_zone(walk, row, value);
	case MMS_CONFIG_TEXT:
	case MMS_CONFIG_SECRET:
	case MMS_CONFIG_URL:
	case MMS_CONFIG_LISTEN:
		return read_text(walk, row, value);
	}
	return wrong_value(walk, row, value);
}

static mms_rc
not_an_object(const struct walk *walk, const char *path, const json_t *value)
{
	MMS_AUTO(mms_str) given = { 0 };

	/* A text that stands here may be anybody's secret. */
	if (!json_is_string(value)) {
		mms_str_add(&given, ", not ");
		mms_site_describe(&given, value);
	}
	mms_fail(walk->reader->err, MMS_E_CONFIG, "%s: \"%s\" must be an object {...}%s",
		 walk->file, path, mms_str_get(&given));
	mms_hint(walk->reader->err, "man mmsync lists the settings");
	return mms_site_tell(walk->reader, path);
}

/* One key of a group, or of the object itself (group ""), that is no group. */
static mms_rc
read_key(const struct walk *walk, const char *group, const char *key, const char *path,
	 const json_t *value)
{
	const struct mms_config_row *row = find_row(group, key);

	return row != NULL ? read_value(walk, row, value) : unknown_key(walk, group, key, path);
}

static mms_rc
read_group(const struct walk *walk, const char *group, json_t *object)
{
	mms_rc rc = MMS_OK;

	for (void *at = json_object_iter(object); rc == MMS_OK && at != NULL;
	     at = json_object_iter_next(object, at)) {
		MMS_AUTO(mms_str) path = { 0 };
		const char *key = json_object_iter_key(at);

		mms_str_addf(&path, "mmsync.%s.%s", group, key);
		rc = read_key(walk, group, key, mms_str_get(&path), json_object_iter_value(at));
	}
	return rc;
}

static mms_rc
read_object(const struct walk *walk, json_t *object)
{
	mms_rc rc = MMS_OK;

	for (void *at = json_object_iter(object); rc == MMS_OK && at != NULL;
	     at = json_object_iter_next(object, at)) {
		MMS_AUTO(mms_str) path = { 0 };
		const char *key = json_object_iter_key(at);
		json_t *value = json_object_iter_value(at);

		mms_str_addf(&path, "mmsync.%s", key);
		if (!is_group(key))
			rc = read_key(walk, "", key, mms_str_get(&path), value);
		else if (json_is_object(value))
			rc = read_group(walk, key, value);
		else
			rc = not_an_object(walk, mms_str_get(&path), value);
	}
	return rc;
}

mms_rc
mms_site_read_config(struct mms_site_reader *reader, const char *file, json_t *object,
		     struct mms_config *config)
{
	struct walk walk = { .reader = reader, .file = file, .config = config };

	if (json_is_null(object))
		return MMS_OK;
	if (!json_is_object(object))
		return not_an_object(&walk, "mmsync", object);
	return read_object(&walk, object);
}
