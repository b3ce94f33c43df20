/*
 * Connecting: the hosts of the list in their order, each asked whether it serves, and a session
 * that depends on no default of the server.
 *
 * Connector/C knows lists of hosts too, but goes on to the next only when a connection is
 * refused: a frozen host ends its search, and a node outside its cluster is taken. So the loop
 * is ours.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "mmsync/fault.h"

enum {
	OLDEST_VERSION = 100600,
	CONNECT_TIMEOUT_MS = 3000,
	TIMEOUT_MS = 30000,
	LOCK_WAIT_S = 10,
};

/* One place to try. */
struct target {
	char host[256]; /* empty: the socket                            */
	unsigned port;
	bool is_default_socket; /* of a "localhost" that TCP does not reach     */
};

/* What the server says about itself. */
struct server_facts {
	bool has_statement_binlog, is_wsrep_on, is_wsrep_ready;
};

static unsigned
seconds(int64_t ms, int64_t fallback_ms)
{
	int64_t s = ((ms > 0 ? ms : fallback_ms) + 999) / 1000;

	return s > 86400 ? 86400 : (unsigned)s;
}

static mms_rc
set_options(MYSQL *m, const struct mms_db_settings *s, struct mms_err *err)
{
	unsigned connect_s = seconds(s->connect_timeout_ms, CONNECT_TIMEOUT_MS);
	unsigned io_s = seconds(s->timeout_ms, TIMEOUT_MS);
	unsigned local_infile = 0;
	my_bool off = 0, on = 1;
	int bad = 0;

	bad |= mysql_optionsv(m, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	bad |= mysql_optionsv(m, MYSQL_OPT_READ_TIMEOUT, &io_s);
	bad |= mysql_optionsv(m, MYSQL_OPT_WRITE_TIMEOUT, &io_s);
	bad |= mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &local_infile);
	bad |= mysql_optionsv(m, MYSQL_OPT_RECONNECT, &off);
	bad |= mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (s->ssl_ca != NULL) {
		bad |= mysql_ssl_set(m, s->ssl_key, s->ssl_cert, s->ssl_ca, NULL, NULL) != 0;
		bad |= mysql_optionsv(m, MYSQL_OPT_SSL_ENFORCE, &on);
		bad |= mysql_optionsv(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
	}
	return bad ? mms_fail(err, MMS_E_BUG, "Connector/C does not take our options") : MMS_OK;
}

static mms_rc
query(struct mms_db *db, const char *sql, struct mms_err *err)
{
	if (mysql_real_query(db->mysql, sql, (unsigned long)strlen(sql)) == 0)
		return MMS_OK;
	return mms_conn_fail(db, "setting the session up", mysql_errno(db->mysql),
			     mysql_error(db->mysql), err);
}

static void
take_fact(struct mms_db *db, struct server_facts *facts, const char *name, const char *value)
{
	if (strcmp(name, "max_allowed_packet") == 0)
		db->max_packet = (size_t)strtoull(value, NULL, 10);
	else if (strcmp(name, "wsrep_on") == 0)
		facts->is_wsrep_on = strcmp(value, "ON") == 0;
	else if (strcmp(name, "wsrep_ready") == 0)
		facts->is_wsrep_ready = strcmp(value, "ON") == 0;
	else if (strcmp(name, "statement_binlog") == 0)
		facts->has_statement_binlog = strcmp(value, "1") == 0;
}

/* A question that answers rows of name and value. */
static mms_rc
ask_facts(struct mms_db *db, struct server_facts *facts, const char *sql, struct mms_err *err)
{
	MYSQL_ROW row;
	mms_rc rc = query(db, sql, err);

	if (rc != MMS_OK)
		return rc;
	MYSQL_RES *rows = mysql_store_result(db->mysql);
	if (rows == NULL)
		return mms_conn_fail(db, "setting the session up", mysql_errno(db->mysql),
				     mysql_error(db->mysql), err);
	while ((row = mysql_fetch_row(rows)) != NULL) {
		if (row[0] != NULL && row[1] != NULL)
			take_fact(db, facts, row[0], row[1]);
	}
	mysql_free_result(rows);
	return MMS_OK;
}

/* The variables of Galera are there only where the server was built with it: SHOW takes both. */
static mms_rc
learn_facts(struct mms_db *db, struct server_facts *facts, struct mms_err *err)
{
	mms_rc rc = ask_facts(db, facts,
			      "SELECT 'max_allowed_packet', @@max_allowed_packet UNION ALL "
			      "SELECT 'statement_binlog', @@log_bin AND @@binlog_format = "
			      "'STATEMENT'",
			      err);

	if (rc == MMS_OK)
		rc = ask_facts(db, facts, "SHOW VARIABLES LIKE 'wsrep_on'", err);
	if (rc == MMS_OK && facts->is_wsrep_on)
		rc = ask_facts(db, facts, "SHOW STATUS LIKE 'wsrep_ready'", err);
	if (rc == MMS_OK && facts->is_wsrep_on && !facts->is_wsrep_ready)
		return mms_fail(err, MMS_E_DB,
				"the node is outside its cluster (wsrep_ready is "
				"OFF)");
	return rc;
}

/*
 * Everything that our statements depend on. lock_wait_timeout bounds the wait for a table that
 * somebody alters; max_statement_time is for the site's web requests, not for a stream. A process
 * that is stopped within a transaction must not lock rows for longer than a user waits: the server
 * ends it (idle_write_transaction_timeout).
 */
static mms_rc
set_session(struct mms_db *db, const struct server_facts *facts, struct mms_err *err)
{
	MMS_AUTO(mms_str) sql = { 0 };
	const char *isolation =
		facts->has_statement_binlog
			? "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"
			: "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

	mms_str_add(&sql,
		    "SET autocommit = 1, completion_type = 0, sql_mode = 'STRICT_ALL_TABLES,"
		    "NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO', time_zone = '+00:00', "
		    "idle_write_transaction_timeout = LEAST(20, @@wait_timeout), "
		    "max_statement_time = 0, "
		    "sql_safe_updates = 0, sql_select_limit = DEFAULT, ");
	int64_t wait_s =
		db->settings->lock_wait_s > 0 ? db->settings->lock_wait_s : LOCK_WAIT_S;
	mms_str_addf(&sql,
		     "innodb_lock_wait_timeout = %" PRId64 ", lock_wait_timeout = %" PRId64
		     ", ",
		     wait_s, wait_s);
	if (facts->is_wsrep_on)
		mms_str_add(&sql, "wsrep_sync_wait = 3, ");
	if (db->settings->is_watched)
		mms_str_add(&sql, "wait_timeout = 600, ");
	mms_str_add(&sql, "NAMES utf8mb4 COLLATE utf8mb4_unicode_ci");
	mms_rc rc = mms_str_check(&sql, err);
	if (rc == MMS_OK)
		rc = query(db, mms_str_get(&sql), err);
	if (rc == MMS_OK)
		rc = query(db, isolation, err);
	return rc;
}

static mms_rc
check_server(struct mms_db *db, struct mms_err *err)
{
	db->version = mysql_get_server_version(db->mysql);
	if (mariadb_connection(db->mysql) && db->version >= OLDEST_VERSION)
		return MMS_OK;
	mms_fail(err, MMS_E_DB, "the server is %s %s",
		 mariadb_connection(db->mysql) ? "MariaDB" : "MySQL",
		 mysql_get_server_info(db->mysql));
	return mms_hint(err, "mmsync needs MariaDB 10.6 or later");
}

static mms_rc
set_up(struct mms_db *db, struct mms_err *err)
{
	struct server_facts facts = { 0 };
	mms_rc rc = check_server(db, err);

	if (rc == MMS_OK)
		rc = learn_facts(db, &facts, err);
	if (rc == MMS_OK)
		rc = set_session(db, &facts, err);
	db->has_no_bulk = facts.has_statement_binlog; /* error 4033 */
	return rc;
}

/* *is_final: no other host would answer otherwise. */
static mms_rc
try_target(struct mms_db *db, const struct target *target, bool *is_final, struct mms_err *err)
{
	const struct mms_db_settings *s = db->settings;
	bool is_tcp = target->host[0] != '\0' && !target->is_default_socket;
	unsigned protocol = is_tcp ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;

	*is_final = true;
	db->mysql = mysql_init(NULL);
	if (db->mysql == NULL)
		return mms_fail_nomem(err);
	mms_rc rc = set_options(db->mysql, s, err);
	if (rc != MMS_OK) {
		mms_conn_drop(db);
		return rc;
	}
	(void)mysql_optionsv(db->mysql, MYSQL_OPT_PROTOCOL, &protocol);
	if (mysql_real_connect(db->mysql, is_tcp ? target->host : NULL, s->user, s->password,
			       s->database, target->port, is_tcp ? NULL : s->socket,
			       0) == NULL) {
		unsigned number = mysql_errno(db->mysql);
		*is_final = (mms_db_error_find(number)->flags & MMS_DBE_REFUSED) != 0;
		rc = mms_conn_fail(db, "connecting", number, mysql_error(db->mysql), err);
	} else {
		rc = set_up(db, err);
		*is_final = false;
	}
	if (rc == MMS_OK) {
		db->connection_id = mysql_thread_id(db->mysql);
		db->n_connects++;
		return MMS_OK;
	}
	mms_conn_drop(db);
	/* Without a connection nothing passes by itself: to the caller the database is unusable. */
	err->code = rc == MMS_E_RETRY ? MMS_E_DB : rc;
	return is_tcp ? mms_fail_in(err, "database at %s:%u", target->host, target->port)
		      : mms_fail_in(err, "database at %s",
				    s->socket != NULL ? s->socket : "the default socket");
}

static bool
parse_port(const char *text, const char *end, unsigned *out)
{
	unsigned number = 0;

	for (const char *p = text; p < end; p++) {
		if (*p < '0' || *p > '9' || number > 65535)
			return false;
		number = number * 10 + (unsigned)(*p - '0');
	}
	if (text < end)
		*out = number;
	return *out > 0 && *out <= 65535;
}

/* "host", "host:port", "[v6]:port", "v6": n bytes of a list. False: not of this form. */
static bool
parse_host(const char *text, size_t n, unsigned default_port, struct target *out)
{
	const char *end = text + n, *host = text, *host_end = end, *port = end;
	const char *colon = memchr(text, ':', n);

	*out = (struct target){ .port = default_port };
	if (n > 0 && *text == '[') {
		host = text + 1;
		host_end = memchr(text, ']', n);
		if (host_end == NULL || (host_end + 1 < end && host_end[1] != ':'))
			return false;
		port = host_end + 1 < end ? host_end + 2 : end;
	} else if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) == NULL) {
		host_end = colon; /* with more than one it is an IPv6 address without a port */
		port = colon + 1;
	}
	size_t len = (size_t)(host_end - host);
	if (len == 0 || len >= sizeof out->host)
		return false;
	memcpy(out->host, host, len);
	return parse_port(port, end, &out->port);
}

/* The part of a list before the next comma, without the blanks around it. */
static size_t
trim(const char **p, size_t n)
{
	while (n > 0 && **p == ' ') {
		(*p)++;
		n--;
	}
	while (n > 0 && (*p)[n - 1] == ' ')
		n--;
	return n;
}

/* "localhost" over TCP, then by the default socket: clients differ in what they take it for. */
static mms_rc
try_host(struct mms_db *db, struct target *target, bool *is_final, struct mms_err *err)
{
	MMS_AUTO(mms_err) first = { 0 };
	mms_rc rc = try_target(db, target, is_final, err);

	if (rc == MMS_OK || *is_final || strcmp(target->host, "localhost") != 0)
		return rc;
	target->is_default_socket = true;
	mms_err_move(&first, err);
	rc = try_target(db, target, is_final, err);
	if (rc != MMS_OK && !*is_final)
		mms_err_move(err, &first);
	return rc;
}

static mms_rc
try_list(struct mms_db *db, const char *list, struct mms_err *err)
{
	unsigned default_port = db->settings->port > 0 ? db->settings->port : 3306;

	for (const char *p = list;;) {
		struct target target;
		bool is_final;
		size_t whole = strcspn(p, ",");
		const char *host = p;
		size_t n = trim(&host, whole);
		if (!parse_host(host, n, default_port, &target)) {
			mms_fail(err, MMS_E_DB, "'%.*s' is not the host of a database", (int)n,
				 host);
			return mms_hint(err,
					"db_host is host, host:port or a list of them with "
					"commas");
		}
		mms_rc rc = try_host(db, &target, &is_final, err);
		if (rc == MMS_OK || is_final || p[whole] == '\0')
			return rc;
		p += whole + 1;
	}
}

mms_rc
mms_connect(struct mms_db *db, struct mms_err *err)
{
	const struct mms_db_settings *s = db->settings;
	bool is_final;

	if (mms_fault_hit(MMS_FAULT_CONNECT))
		return mms_fail(err, MMS_E_DB,
				"the database cannot be reached (by a fault point)");
	if (s->socket != NULL && s->socket[0] != '\0') {
		struct target target = { 0 };
		return try_target(db, &target, &is_final, err);
	}
	return try_list(db, s->host != NULL && s->host[0] != '\0' ? s->host : "127.0.0.1", err);
}
