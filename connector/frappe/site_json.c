/* Texts of configuration files to a site's settings, as Frappe reads them (see the header). */
#include "site_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mmsync/mem.h"
#include "mmsync/utf8.h"

#define ENVIRONMENT "the environment"
#define SHOWN_CHARS 60

/* Both files and the environment; a value is asked for by its key. */
struct source {
	struct mms_site_reader *reader;
	json_t *common, *site; /* objects, or NULL */
	const char *common_file, *site_file;
	mms_env_get *env;
	void *env_aux;
};

/* A parsed document, given back when its block ends. */
struct document {
	json_t *root;
};

static void
document_release(struct document *document)
{
	json_decref(document->root);
}

void
mms_site_setup(void)
{
	json_set_alloc_funcs(mms_hook_malloc, mms_hook_free);
}

mms_rc
mms_site_tell(struct mms_site_reader *reader, const char *object)
{
	MMS_AUTO(mms_err) problem = { 0 };

	if (reader->problems == NULL || reader->err->code == MMS_E_NOMEM)
		return reader->err->code;
	mms_err_move(&problem, reader->err);
	return mms_findings_add_err(reader->problems, MMS_FINDING_PROBLEM, object, &problem,
				    reader->err);
}

void
mms_site_add_quoted(struct mms_str *out, const char *text)
{
	size_t len = strlen(text);
	size_t n = mms_utf8_prefix(text, len, SHOWN_CHARS, len);

	mms_str_addc(out, '"');
	for (size_t i = 0; i < n; i++)
		mms_str_addn(out, (unsigned char)text[i] < ' ' ? " " : text + i, 1);
	mms_str_add(out, n < len ? "...\"" : "\"");
}

void
mms_site_describe(struct mms_str *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		mms_str_add(out, "the text ");
		mms_site_add_quoted(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		mms_str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		mms_str_addf(out, "%g", json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		mms_str_add(out, json_is_true(value) ? "true" : "false");
		break;
	case JSON_NULL:
		mms_str_add(out, "null");
		break;
	case JSON_ARRAY:
		mms_str_add(out, "a list");
		break;
	case JSON_OBJECT:
		mms_str_add(out, "an object");
		break;
	}
}

/*
 * The library's message quotes the text near the fault, which may be a password: only what
 * stands before that is told.
 */
static mms_rc
not_json(struct mms_site_reader *reader, const char *file, const json_error_t *fault)
{
	const char *near = strstr(fault->text, " near ");
	int len = (int)(near != NULL ? (size_t)(near - fault->text) : strlen(fault->text));

	mms_fail(reader->err, MMS_E_CONFIG, "%s is not JSON: line %d, column %d: %.*s", file,
		 fault->line, fault->column, len, fault->text);
	mms_hint(reader->err, "mend that place: a comma or a quote may be missing before it");
	return mms_site_tell(reader, file);
}

/*
 * For want of memory the library may leave out a character of a key or a value and go on
 * (jansson 2.14, lex_save()): whatever it says, a text read so is not believed.
 */
static mms_rc
read_json(const struct mms_site_text *text, json_t **out, json_error_t *fault)
{
	unsigned long n_failed = mms_mem_n_failed();

	*out = json_loadb(text->text, text->len, 0, fault);
	if (mms_mem_n_failed() == n_failed)
		return *out != NULL ? MMS_OK : MMS_E_CONFIG;
	json_decref(*out);
	*out = NULL;
	return MMS_E_NOMEM;
}

/* One file to an object; *out stays NULL when there is no file, or it was told as a problem. */
static mms_rc
parse_file(struct mms_site_reader *reader, const struct mms_site_text *text,
	   struct document *out)
{
	json_error_t fault;

	if (text->text == NULL)
		return MMS_OK;
	mms_rc rc = read_json(text, &out->root, &fault);
	if (rc == MMS_E_NOMEM)
		return mms_fail_nomem(reader->err);
	if (rc != MMS_OK)
		return not_json(reader, text->file, &fault);
	if (json_is_object(out->root))
		return MMS_OK;
	json_decref(out->root);
	out->root = NULL;
	mms_fail(reader->err, MMS_E_CONFIG, "%s must be a JSON object: {...}", text->file);
	return mms_site_tell(reader, text->file);
}

/* The value of a key, NULL when neither file has it; *file is where it stands. */
static json_t *
find_key(const struct source *source, const char *key, const char **file)
{
	json_t *value = json_object_get(source->site, key);

	*file = source->site_file;
	if (value != NULL)
		return value;
	*file = source->common_file;
	return json_object_get(source->common, key);
}

/* A variable that is set and not empty; Frappe takes an empty one for none. */
static const char *
find_env(const struct source *source, const char *name)
{
	const char *value =
		name != NULL && source->env != NULL ? source->env(source->env_aux, name) : NULL;

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static mms_rc
copy_text(const struct source *source, const char *text, char **out)
{
	char *copy = mms_text_copy(text);

	if (copy == NULL)
		return mms_fail_nomem(source->reader->err);
	mms_free(*out);
	*out = copy;
	return MMS_OK;
}

/* A text of Frappe's: the variable, else the key. Empty and null are the same as absent. */
static mms_rc
read_text(const struct source *source, const char *key, const char *variable, char **out)
{
	const char *file, *env = find_env(source, variable);
	json_t *value = find_key(source, key, &file);

	if (env != NULL)
		return copy_text(source, env, out);
	if (value == NULL || json_is_null(value))
		return MMS_OK;
	if (json_is_string(value)) {
		if (json_string_length(value) == 0)
			return MMS_OK;
		return copy_text(source, json_string_value(value), out);
	}
	mms_fail(source->reader->err, MMS_E_CONFIG, "%s: \"%s\" must be a text", file, key);
	mms_hint(source->reader->err, "write it in quotes");
	return mms_site_tell(source->reader, key);
}

static mms_rc
wrong_port(const struct source *source, const char *where, const char *key)
{
	mms_fail(source->reader->err, MMS_E_CONFIG,
		 "%s: \"%s\" must be a port number from 1 to 65535", where, key);
	mms_hint(source->reader->err, "MariaDB's own port is 3306");
	return mms_site_tell(source->reader, key);
}

static bool
is_port_text(const char *text, unsigned *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	unsigned long n = strtoul(text, &end, 10);
	if (*end != '\0' || n < 1 || n > 65535)
		return false;
	*out = (unsigned)n;
	return true;
}

/* db_port may be a number or a text, as bench wrote it. */
static mms_rc
read_port(const struct source *source, unsigned *out)
{
	const char *file, *env = find_env(source, "FRAPPE_DB_PORT");
	json_t *value = find_key(source, "db_port", &file);

	if (env != NULL)
		return is_port_text(env, out)
			       ? MMS_OK
			       : wrong_port(source, ENVIRONMENT, "FRAPPE_DB_PORT");
	if (value == NULL || json_is_null(value))
		return MMS_OK;
	if (json_is_integer(value)) {
		json_int_t n = json_integer_value(value);
		if (n == 0)
			return MMS_OK; /* Frappe takes 0 for absent */
		if (n < 1 || n > 65535)
			return wrong_port(source, file, "db_port");
		*out = (unsigned)n;
		return MMS_OK;
	}
	if (json_is_string(value) && json_string_length(value) == 0)
		return MMS_OK;
	if (json_is_string(value) && is_port_text(json_string_value(value), out))
		return MMS_OK;
	return wrong_port(source, file, "db_port");
}

/* A switch of Frappe's is on when Python finds its value true: 1, true, any text but "". */
static mms_rc
read_switch(const struct source *source, const char *key, bool *out)
{
	const char *file;
	json_t *value = find_key(source, key, &file);

	if (value == NULL || json_is_null(value) || json_is_boolean(value)) {
		*out = json_is_true(value);
		return MMS_OK;
	}
	if (json_is_number(value) || json_is_string(value)) {
		*out = json_is_string(value) ? json_string_length(value) > 0
					     : json_number_value(value) > 0.0 ||
						       json_number_value(value) < 0.0;
		return MMS_OK;
	}
	mms_fail(source->reader->err, MMS_E_CONFIG, "%s: \"%s\" must be 0 or 1", file, key);
	*out = true; /* in doubt the site is not to be written to */
	return mms_site_tell(source->reader, key);
}

static mms_rc
check_db_type(const struct source *source)
{
	MMS_AUTO(mms_site) scratch = { 0 };
	const char *file;

	/* Any owned text will do for a value that is only looked at. */
	mms_rc rc = read_text(source, "db_type", "FRAPPE_DB_TYPE", &scratch.name);
	if (rc != MMS_OK || scratch.name == NULL || strcmp(scratch.name, "mariadb") == 0)
		return rc;
	(void)find_key(source, "db_type", &file);
	if (find_env(source, "FRAPPE_DB_TYPE") != NULL)
		file = ENVIRONMENT;
	MMS_AUTO(mms_str) given = { 0 };
	mms_site_add_quoted(&given, scratch.name);
	mms_fail(source->reader->err, MMS_E_CONFIG, "%s: \"db_type\" is %s", file,
		 mms_str_get(&given));
	mms_hint(source->reader->err, "mmsync works with sites on MariaDB (\"mariadb\") only");
	return mms_site_tell(source->reader, "db_type");
}

static mms_rc
check_tls(const struct source *source, struct mms_db_settings *db)
{
	int n = (db->ssl_ca != NULL) + (db->ssl_cert != NULL) + (db->ssl_key != NULL);

	if (n == 0 || n == 3)
		return MMS_OK;
	const char *missing = db->ssl_ca == NULL     ? "db_ssl_ca"
			      : db->ssl_cert == NULL ? "db_ssl_cert"
						     : "db_ssl_key";
	mms_fail(source->reader->err, MMS_E_CONFIG, "%s: \"%s\" is missing", source->site_file,
		 missing);
	mms_hint(source->reader->err,
		 "db_ssl_ca, db_ssl_cert and db_ssl_key stand together or not at all");
	return mms_site_tell(source->reader, missing);
}

/* The name of the database, and its user: each stands in for the other, as in Frappe. */
static mms_rc
settle_names(const struct source *source, struct mms_db_settings *db)
{
	if (db->database == NULL && db->user == NULL) {
		mms_fail(source->reader->err, MMS_E_CONFIG, "%s: \"db_name\" is missing",
			 source->site_file);
		mms_hint(source->reader->err, "it is the name of the site's database");
		return mms_site_tell(source->reader, "db_name");
	}
	if (db->user == NULL)
		return copy_text(source, db->database, &db->user);
	if (db->database == NULL)
		return copy_text(source, db->user, &db->database);
	return MMS_OK;
}

static mms_rc
read_db(const struct source *source, struct mms_db_settings *db)
{
	const struct {
		const char *key, *variable;
		char **out;
	} texts[] = {
		{ "db_name", "FRAPPE_DB_NAME", &db->database },
		{ "db_user", "FRAPPE_DB_USER", &db->user },
		{ "db_password", "FRAPPE_DB_PASSWORD", &db->password },
		{ "db_host", "FRAPPE_DB_HOST", &db->host },
		{ "db_socket", "FRAPPE_DB_SOCKET", &db->socket },
		{ "db_ssl_ca", NULL, &db->ssl_ca },
		{ "db_ssl_cert", NULL, &db->ssl_cert },
		{ "db_ssl_key", NULL, &db->ssl_key },
	};
	mms_rc rc = MMS_OK;

	db->port = 3306;
	for (size_t i = 0; rc == MMS_OK && i < MMS_COUNT(texts); i++)
		rc = read_text(source, texts[i].key, texts[i].variable, texts[i].out);
	if (rc == MMS_OK)
		rc = settle_names(source, db);
	if (rc == MMS_OK && db->host == NULL)
		rc = copy_text(source, "127.0.0.1", &db->host);
	if (rc == MMS_OK)
		rc = read_port(source, &db->port);
	if (rc == MMS_OK)
		rc = check_db_type(source);
	if (rc == MMS_OK)
		rc = check_tls(source, db);
	return rc;
}

static mms_rc
read_all(const struct source *source, struct mms_site *site)
{
	bool is_disabled = false;
	const char *file;

	mms_rc rc = read_db(source, &site->db);
	if (rc == MMS_OK)
		rc = read_text(source, "encryption_key", NULL, &site->encryption_key);
	if (rc == MMS_OK)
		rc = read_switch(source, "maintenance_mode", &site->is_in_maintenance);
	if (rc == MMS_OK)
		rc = read_switch(source, "pause_scheduler", &site->is_scheduler_paused);
	if (rc == MMS_OK)
		rc = read_switch(source, "disable_scheduler", &is_disabled);
	site->is_scheduler_paused = site->is_scheduler_paused || is_disabled;
	json_t *object = find_key(source, "mmsync", &file);
	if (rc == MMS_OK && object != NULL)
		rc = mms_site_read_config(source->reader, file, object, &site->config);
	return rc;
}

mms_rc
mms_site_parse(const struct mms_site_text *common, const struct mms_site_text *site,
	       mms_env_get *env, void *env_aux, struct mms_site *out,
	       struct mms_findings *problems, struct mms_err *err)
{
	MMS_AUTO(mms_site) read = { 0 };
	MMS_AUTO(document) common_doc = { 0 };
	MMS_AUTO(document) site_doc = { 0 };
	struct mms_site_reader reader = { .problems = problems, .err = err };
	struct source source = { .reader = &reader, .env = env, .env_aux = env_aux };

	mms_rc rc = mms_config_init(&read.config, err);
	if (rc == MMS_OK)
		rc = parse_file(&reader, common, &common_doc);
	if (rc == MMS_OK)
		rc = parse_file(&reader, site, &site_doc);
	if (rc != MMS_OK)
		return rc;
	source.common = common_doc.root;
	source.site = site_doc.root;
	source.common_file = common->file;
	source.site_file = site->file;
	rc = read_all(&source, &read);
	if (rc != MMS_OK)
		return rc;
	*out = read;
	read = (struct mms_site){ 0 };
	return MMS_OK;
}
