/*
 * What the numbers of MariaDB and of Connector/C mean to us: the one place of translation. A row
 * for each number that was thought about; the last row is for all others.
 */
#include <errmsg.h>
#include <mysqld_error.h>
#include <string.h>

#include "conn.h"

enum {
	LOST = MMS_DBE_LOST | MMS_DBE_ROLLED,
	ROLLED = MMS_DBE_ROLLED,
	VALUE = MMS_DBE_VALUE,
	REFUSED = MMS_DBE_REFUSED,
};

/* Numbers of MariaDB that its client header has no name for in every version. */
enum {
	CONSTRAINT_FAILED = 4025,
	WSREP_NOT_READY = 1047, /* ER_UNKNOWN_COM_ERROR of a node outside its cluster */
	KILLED = 1927,
};

static const char hint_rights[] = "the database user needs all rights on the site's database: "
				  "GRANT ALL ON `database`.* TO it";
static const char hint_server[] = "is the server running, and are db_host, db_port or "
				  "db_socket of site_config.json right?";
static const char hint_schema[] = "the site's tables are not as expected: look at `mmsync "
				  "doctor` and `mmsync schema check`";
static const char hint_space[] = "the server's disk or tables are full";
static const char hint_limit[] =
	"too many clients or statements: lower db_connections, or raise "
	"the server's limit that is named";
static const char hint_tls[] =
	"check db_ssl_ca, db_ssl_cert and db_ssl_key of site_config.json, "
	"and that the certificate names this host";
static const char hint_read_only[] =
	"the server takes no writes: is it a replica, or being maintained?";

static const struct mms_db_error rows[] = {
	/* A passing fault, and the transaction is gone. */
	{ ER_LOCK_DEADLOCK, MMS_E_RETRY, ROLLED, NULL },
	{ ER_LOCK_WAIT_TIMEOUT, MMS_E_RETRY, ROLLED, NULL },
	{ ER_CHECKREAD, MMS_E_RETRY, ROLLED, NULL },
	{ ER_XA_RBDEADLOCK, MMS_E_RETRY, ROLLED, NULL },
	{ ER_QUERY_INTERRUPTED, MMS_E_RETRY, ROLLED, NULL },
	{ ER_STATEMENT_TIMEOUT, MMS_E_RETRY, ROLLED, NULL },
	{ ER_TABLE_DEF_CHANGED, MMS_E_RETRY, ROLLED, NULL },
	{ ER_NEED_REPREPARE, MMS_E_RETRY, ROLLED, NULL },
	{ ER_TOO_MANY_CONCURRENT_TRXS, MMS_E_RETRY, ROLLED, NULL },
	{ ER_CANT_UPDATE_WITH_READLOCK, MMS_E_RETRY, ROLLED, NULL },
	{ ER_OUTOFMEMORY, MMS_E_RETRY, ROLLED, "the server is short of memory" },
	{ ER_OUT_OF_SORTMEMORY, MMS_E_RETRY, ROLLED, "the server is short of memory" },
	{ ER_OUT_OF_RESOURCES, MMS_E_RETRY, ROLLED, "the server is short of memory" },
	{ ER_ERROR_DURING_COMMIT, MMS_E_RETRY, ROLLED, NULL },

	/* A passing fault, and the connection is of no more use. */
	{ CR_SERVER_GONE_ERROR, MMS_E_RETRY, LOST, NULL },
	{ CR_SERVER_LOST, MMS_E_RETRY, LOST, NULL },
	{ CR_SERVER_LOST_EXTENDED, MMS_E_RETRY, LOST, NULL },
	{ CR_ERR_NET_READ, MMS_E_RETRY, LOST, NULL },
	{ CR_ERR_NET_WRITE, MMS_E_RETRY, LOST, NULL },
	{ CR_ERR_NET_UNCOMPRESS, MMS_E_RETRY, LOST, NULL },
	{ CR_MALFORMED_PACKET, MMS_E_RETRY, LOST, NULL },
	{ ER_SERVER_SHUTDOWN, MMS_E_RETRY, LOST, NULL },
	{ ER_NORMAL_SHUTDOWN, MMS_E_RETRY, LOST, NULL },
	{ KILLED, MMS_E_RETRY, LOST, NULL },
	{ ER_NEW_ABORTING_CONNECTION, MMS_E_RETRY, LOST, NULL },
	{ ER_ABORTING_CONNECTION, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_READ_ERROR, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_READ_INTERRUPTED, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_ERROR_ON_WRITE, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_WRITE_INTERRUPTED, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_READ_ERROR_FROM_PIPE, MMS_E_RETRY, LOST, NULL },
	{ ER_NET_PACKETS_OUT_OF_ORDER, MMS_E_RETRY, LOST, NULL },
	{ WSREP_NOT_READY, MMS_E_RETRY, LOST,
	  "this node is outside its cluster; give the others in db_host as "
	  "host:port,host:port" },

	/* Someone else was first. */
	{ ER_DUP_ENTRY, MMS_E_CONFLICT, VALUE, NULL },
	{ ER_DUP_ENTRY_WITH_KEY_NAME, MMS_E_CONFLICT, VALUE, NULL },
	{ ER_DUP_KEY, MMS_E_CONFLICT, VALUE, NULL },
	{ ER_TABLE_EXISTS_ERROR, MMS_E_CONFLICT, 0, NULL },
	{ ER_DUP_FIELDNAME, MMS_E_CONFLICT, 0, NULL },
	{ ER_DUP_KEYNAME, MMS_E_CONFLICT, 0, NULL },
	{ ER_CANT_DROP_FIELD_OR_KEY, MMS_E_CONFLICT, 0, NULL },

	/* The server refuses a value. */
	{ ER_DATA_TOO_LONG, MMS_E_ITEM, 0, NULL },
	{ ER_WARN_DATA_OUT_OF_RANGE, MMS_E_ITEM, 0, NULL },
	{ WARN_DATA_TRUNCATED, MMS_E_ITEM, 0, NULL },
	{ ER_TRUNCATED_WRONG_VALUE, MMS_E_ITEM, VALUE, NULL },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, MMS_E_ITEM, VALUE, NULL },
	{ ER_WRONG_VALUE, MMS_E_ITEM, VALUE, NULL },
	{ ER_WRONG_VALUE_FOR_TYPE, MMS_E_ITEM, VALUE, NULL },
	{ ER_CANNOT_CONVERT_CHARACTER, MMS_E_ITEM, VALUE, NULL },
	{ ER_INVALID_CHARACTER_STRING, MMS_E_ITEM, VALUE, NULL },
	{ ER_BAD_NULL_ERROR, MMS_E_ITEM, 0, NULL },
	{ ER_DATA_OUT_OF_RANGE, MMS_E_ITEM, VALUE, NULL },
	{ ER_DATETIME_FUNCTION_OVERFLOW, MMS_E_ITEM, VALUE, NULL },
	{ ER_DIVISION_BY_ZERO, MMS_E_ITEM, 0, NULL },
	{ CONSTRAINT_FAILED, MMS_E_ITEM, 0, NULL },
	{ ER_NO_REFERENCED_ROW_2, MMS_E_ITEM, 0, NULL },
	{ ER_SIGNAL_EXCEPTION, MMS_E_ITEM, VALUE, NULL }, /* a trigger's SIGNAL */
	{ ER_TOO_BIG_ROWSIZE, MMS_E_ITEM, 0, NULL },
	{ ER_WARN_ALLOWED_PACKET_OVERFLOWED, MMS_E_ITEM, 0, NULL },
	{ ER_NET_PACKET_TOO_LARGE, MMS_E_ITEM, LOST,
	  "the server's max_allowed_packet is too small" },
	{ CR_NET_PACKET_TOO_LARGE, MMS_E_ITEM, LOST,
	  "the server's max_allowed_packet is too small" },

	/* ... or the way in which a table is to be altered: there is a slower one. */
	{ ER_ALTER_OPERATION_NOT_SUPPORTED, MMS_E_ITEM, 0, NULL },
	{ ER_ALTER_OPERATION_NOT_SUPPORTED_REASON, MMS_E_ITEM, 0, NULL },

	/* The database cannot be used: refused. */
	{ ER_ACCESS_DENIED_ERROR, MMS_E_DB, REFUSED,
	  "user or password is wrong, or the user may not come from this host: check db_user "
	  "(or "
	  "db_name), db_password and the user's host part" },
	{ ER_ACCESS_DENIED_NO_PASSWORD_ERROR, MMS_E_DB, REFUSED,
	  "this account is not opened by a password: check db_user and its authentication" },
	{ ER_DBACCESS_DENIED_ERROR, MMS_E_DB, REFUSED, hint_rights },
	{ ER_BAD_DB_ERROR, MMS_E_DB, REFUSED,
	  "there is no such database: check db_name of site_config.json" },
	{ ER_NO_DB_ERROR, MMS_E_DB, REFUSED, "db_name is missing from site_config.json" },
	{ ER_TABLEACCESS_DENIED_ERROR, MMS_E_DB, 0, hint_rights },
	{ ER_COLUMNACCESS_DENIED_ERROR, MMS_E_DB, 0, hint_rights },
	{ ER_SPECIFIC_ACCESS_DENIED_ERROR, MMS_E_DB, 0, hint_rights },
	{ ER_HOST_NOT_PRIVILEGED, MMS_E_DB, 0,
	  "the server takes no connection from this machine: see the user's host part" },
	{ ER_HOST_IS_BLOCKED, MMS_E_DB, 0, "run `mariadb-admin flush-hosts` on the server" },
	{ ER_ACCOUNT_HAS_BEEN_LOCKED, MMS_E_DB, REFUSED, "unlock the database user" },
	{ ER_MUST_CHANGE_PASSWORD_LOGIN, MMS_E_DB, REFUSED, "the user's password has expired" },

	/* ... not reached. */
	{ CR_SOCKET_CREATE_ERROR, MMS_E_DB, 0, hint_server },
	{ CR_CONNECTION_ERROR, MMS_E_DB, 0, hint_server },
	{ CR_CONN_HOST_ERROR, MMS_E_DB, 0, hint_server },
	{ CR_IPSOCK_ERROR, MMS_E_DB, 0, hint_server },
	{ CR_UNKNOWN_HOST, MMS_E_DB, 0, hint_server },
	{ CR_SERVER_HANDSHAKE_ERR, MMS_E_DB, 0, hint_server },
	{ CR_VERSION_ERROR, MMS_E_DB, 0, hint_server },
	{ CR_SSL_CONNECTION_ERROR, MMS_E_DB, 0, hint_tls },
	{ CR_AUTH_PLUGIN_CANNOT_LOAD, MMS_E_DB, REFUSED,
	  "the user's way of authentication is not known here; use a password" },
	{ CR_AUTH_PLUGIN_ERR, MMS_E_DB, REFUSED, NULL },
	{ ER_CON_COUNT_ERROR, MMS_E_DB, 0, hint_limit },
	{ ER_TOO_MANY_USER_CONNECTIONS, MMS_E_DB, 0, hint_limit },
	{ ER_USER_LIMIT_REACHED, MMS_E_DB, 0, hint_limit },
	{ ER_MAX_PREPARED_STMT_COUNT_REACHED, MMS_E_DB, 0, hint_limit },

	/* ... not as it must be. */
	{ ER_NO_SUCH_TABLE, MMS_E_DB, 0, hint_schema },
	{ ER_BAD_TABLE_ERROR, MMS_E_DB, 0, hint_schema },
	{ ER_BAD_FIELD_ERROR, MMS_E_DB, 0, hint_schema },
	{ ER_KEY_DOES_NOT_EXISTS, MMS_E_DB, 0, hint_schema },
	{ ER_NO_DEFAULT_FOR_FIELD, MMS_E_DB, 0, hint_schema },
	{ ER_NO_SUCH_TABLE_IN_ENGINE, MMS_E_DB, 0, "a table is damaged; restore it" },
	{ ER_NOT_KEYFILE, MMS_E_DB, 0, "a table is damaged; run CHECK TABLE" },
	{ ER_CRASHED_ON_USAGE, MMS_E_DB, 0, "a table is damaged; run REPAIR TABLE" },
	{ ER_OPTION_PREVENTS_STATEMENT, MMS_E_DB, ROLLED, hint_read_only },
	{ ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, MMS_E_DB, ROLLED, hint_read_only },
	{ ER_OPEN_AS_READONLY, MMS_E_DB, ROLLED, hint_read_only },
	{ ER_BINLOG_STMT_MODE_AND_ROW_ENGINE, MMS_E_DB, ROLLED,
	  "the server's binlog_format is STATEMENT: MIXED or ROW suits better" },
	{ ER_RECORD_FILE_FULL, MMS_E_DB, ROLLED, hint_space },
	{ ER_DISK_FULL, MMS_E_DB, ROLLED, hint_space },
	{ ER_GET_ERRNO, MMS_E_DB, ROLLED, "see the server's error log" },

	/* Memory of the library. */
	{ CR_OUT_OF_MEMORY, MMS_E_NOMEM, LOST, NULL },

	/* A statement that cannot be right, or a use of the library that is not. */
	{ ER_PARSE_ERROR, MMS_E_BUG, 0, NULL },
	{ ER_EMPTY_QUERY, MMS_E_BUG, 0, NULL },
	{ ER_NON_UNIQ_ERROR, MMS_E_BUG, 0, NULL },
	{ ER_WRONG_VALUE_COUNT, MMS_E_BUG, 0, NULL },
	{ ER_WRONG_VALUE_COUNT_ON_ROW, MMS_E_BUG, 0, NULL },
	{ ER_WRONG_ARGUMENTS, MMS_E_BUG, 0, NULL },
	{ ER_UNKNOWN_STMT_HANDLER, MMS_E_BUG, ROLLED, NULL },
	{ ER_WRONG_FIELD_WITH_GROUP, MMS_E_BUG, 0, NULL },
	{ CR_COMMANDS_OUT_OF_SYNC, MMS_E_BUG, LOST, NULL },
	{ CR_NO_PREPARE_STMT, MMS_E_BUG, 0, NULL },
	{ CR_PARAMS_NOT_BOUND, MMS_E_BUG, 0, NULL },
	{ CR_UNSUPPORTED_PARAM_TYPE, MMS_E_BUG, 0, NULL },
	{ CR_NEW_STMT_METADATA, MMS_E_BUG, 0, NULL },
	{ CR_BULK_WITHOUT_PARAMETERS, MMS_E_BUG, 0, NULL },
	{ CR_FUNCTION_NOT_SUPPORTED, MMS_E_DB, ROLLED,
	  "the server, or what stands before it, has no bulk statements; connect to MariaDB "
	  "itself" },

	/* Everything else: stop, and let a person read the number. */
	{ 0, MMS_E_DB, ROLLED, NULL },
};

const struct mms_db_error *
mms_db_error_rows(size_t *n)
{
	*n = MMS_COUNT(rows);
	return rows;
}

const struct mms_db_error *
mms_db_error_find(unsigned number)
{
	size_t i = 0;

	while (i < MMS_COUNT(rows) - 1 && rows[i].number != number)
		i++;
	return &rows[i];
}

/*
 * "Duplicate entry 'VALUE' for key 'name'", "Incorrect datetime value: 'VALUE' for column ...",
 * "... is out of range in 'EXPRESSION'": the value stands between the first quote and the last
 * one that is followed by " for "; what it holds itself cannot move that end to the left.
 */
void
mms_db_error_add_text(struct mms_str *out, const struct mms_db_error *error, const char *text)
{
	const char *open = error->flags & MMS_DBE_VALUE ? strchr(text, '\'') : NULL;

	if (open == NULL) {
		mms_str_add(out, text);
		return;
	}
	const char *close = NULL;
	for (const char *p = open; (p = strstr(p, "' for ")) != NULL; p++)
		close = p;
	mms_str_addn(out, text, (size_t)(open - text));
	mms_str_add(out, "(value)");
	if (close != NULL)
		mms_str_add(out, close + 1);
}
