/* db: connecting, and a session that is the same on every server. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "mmsync/ddl.h"
#include "support/dbcheck.h"
#include "support/relay.h"

static struct mms_test_server server;
static struct mms_relay relay;

/* A server whose every default would break us. */
static const char *const hostile[] = {
	"--sql-mode=ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE",
	"--default-time-zone=+05:30",
	"--transaction-isolation=SERIALIZABLE",
	"--character-set-server=latin1",
	"--collation-server=latin1_german2_ci",
	"--init-connect=SET sql_mode='ANSI', autocommit=0, wait_timeout=300",
	"--autocommit=OFF",
	"--completion-type=CHAIN",
	"--max-statement-time=1",
	"--innodb-lock-wait-timeout=300",
	NULL,
};

static int
start(void **state)
{
	(void)state;
	return mms_test_server_start(&server, NULL);
}

static int
stop(void **state)
{
	(void)state;
	mms_relay_stop(&relay);
	return mms_test_server_stop(&server);
}

/* One value of the connection itself. Owns: free(). */
static char *
ask(struct mms_db *db, const char *sql)
{
	MMS_AUTO(mms_text_rows) rows = { 0 };

	OK(mms_text_rows_load(&rows, db, sql, &err));
	const char *const *row = mms_text_rows_find_next(&rows);
	return row != NULL && row[0] != NULL ? strdup(row[0]) : strdup("");
}

static void
check(struct mms_db *db, const char *sql, const char *want)
{
	char *got = ask(db, sql);

	if (strcmp(got, want) != 0)
		fail_msg("%s: '%s' and not '%s'", sql, got, want);
	free(got);
}

static void
check_session(const char *isolation)
{
	static const struct {
		const char *sql, *want;
	} facts[] = {
		{ "SELECT @@autocommit", "1" },
		{ "SELECT @@completion_type", "NO_CHAIN" },
		{ "SELECT @@time_zone", "+00:00" },
		{ "SELECT @@character_set_client", "utf8mb4" },
		{ "SELECT @@character_set_connection", "utf8mb4" },
		{ "SELECT @@character_set_results", "utf8mb4" },
		{ "SELECT @@collation_connection", "utf8mb4_unicode_ci" },
		{ "SELECT @@innodb_lock_wait_timeout", "10" },
		{ "SELECT @@lock_wait_timeout", "10" },
		{ "SELECT @@max_statement_time", "0.000000" },
		{ "SELECT \"a text\"", "a text" },
		{ "SELECT 'it\\'s'", "it's" },
		{ "SELECT FIND_IN_SET('STRICT_ALL_TABLES', @@sql_mode) > 0", "1" },
		{ "SELECT FIND_IN_SET('ANSI_QUOTES', @@sql_mode)", "0" },
		{ "SELECT FIND_IN_SET('NO_BACKSLASH_ESCAPES', @@sql_mode)", "0" },
		{ "SELECT DATABASE()", MMS_TEST_DATABASE },
	};
	struct mms_db *db = NULL;

	OK(mms_db_open(&db, &server.settings, &err));
	for (size_t i = 0; i < MMS_COUNT(facts); i++)
		check(db, facts[i].sql, facts[i].want);
	check(db, "SELECT @@tx_isolation", isolation);
	mms_db_close(db);
}

static void
the_session_depends_on_no_default_of_the_server(void **state)
{
	static const char *const plain[] = { NULL };

	(void)state;
	check_session("READ-COMMITTED");
	mms_test_server_restart(&server, hostile);
	check_session("READ-COMMITTED");
	mms_test_server_restart(&server, plain);
}

static void
a_binary_log_by_statement_gets_the_isolation_that_it_needs(void **state)
{
	static const char *const by_statement[] = { "--log-bin", "--binlog-format=STATEMENT",
						    "--server-id=1", NULL };
	static const char *const mixed[] = { "--log-bin", "--binlog-format=MIXED",
					     "--server-id=1", NULL };
	static const char *const plain[] = { NULL };
	struct mms_db *db = NULL;

	(void)state;
	mms_test_server_restart(&server, by_statement);
	check_session("REPEATABLE-READ");
	OK(mms_db_open(&db, &server.settings, &err));
	OK(mms_db_run_text(db, "CREATE OR REPLACE TABLE w (id INT PRIMARY KEY)", &err));
	OK(mms_db_run_text(db, "INSERT INTO w VALUES (1)", &err));
	OK(mms_db_run_text(db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", &err));
	FAILS(MMS_E_DB, "1665", mms_db_run_text(db, "INSERT INTO w VALUES (2)", &err));
	mms_db_close(db);
	mms_test_server_restart(&server, mixed);
	check_session("READ-COMMITTED");
	mms_test_server_restart(&server, plain);
}

static void
refusals_say_what_to_do(void **state)
{
	struct mms_db_settings good = server.settings;
	static char wrong[] = "wrong-secret", nobody[] = "nobody", other[] = "mysql",
		    gone[] = "/nowhere/s", no_host[] = "a b", bad_port[] = "h:70000",
		    empty[] = "", v6[] = "[::1";
	struct {
		const char *label;
		struct mms_db_settings settings;
		const char *part, *hint;
	} cases[] = {
		{ "password", good, "1045", "password" },
		{ "user", good, "1045", "db_user" },
		{ "database", good, "1044", "GRANT ALL" },
		{ "socket", good, "/nowhere/s: connecting:", "db_socket" },
		{ "port", good, "'h:70000' is not the host", "db_host" },
		{ "bracket", good, "'[::1' is not the host", "db_host" },
		{ "host", good, "database at a b:3306", "db_host" },
		{ "no password", good, "1045", "password" },
	};

	(void)state;
	cases[0].settings.password = wrong;
	cases[1].settings.user = nobody;
	cases[2].settings.database = other;
	cases[3].settings.socket = gone;
	cases[4].settings.socket = NULL;
	cases[4].settings.host = bad_port;
	cases[5].settings.socket = NULL;
	cases[5].settings.host = v6;
	cases[6].settings.socket = empty;
	cases[6].settings.host = no_host;
	cases[7].settings.password = NULL;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_db *db = NULL;
		mms_rc rc = mms_db_open(&db, &cases[i].settings, &err);

		if (rc != MMS_E_DB || strstr(mms_err_text(&err), cases[i].part) == NULL ||
		    strstr(mms_err_hint(&err), cases[i].hint) == NULL ||
		    strstr(mms_err_text(&err), "wrong-secret") != NULL)
			fail_msg("%s: %s (%s)", cases[i].label, mms_err_text(&err),
				 mms_err_hint(&err));
	}
}

static void
a_server_that_takes_no_more_or_no_writes_is_told(void **state)
{
	struct mms_db *db = NULL, *second = NULL, *third = NULL;

	(void)state;
	mms_test_sql(&server, "CREATE OR REPLACE TABLE w (id INT PRIMARY KEY)");
	OK(mms_db_open(&db, &server.settings, &err));
	mms_test_sql(&server, "ALTER USER " MMS_TEST_DATABASE " WITH MAX_USER_CONNECTIONS 1");
	OK(mms_db_open(&second, &server.settings, &err));
	FAILS(MMS_E_DB, "1226", mms_db_open(&third, &server.settings, &err));
	mms_db_close(second);
	mms_test_sql(&server, "ALTER USER " MMS_TEST_DATABASE " WITH MAX_USER_CONNECTIONS 0;"
			      "SET GLOBAL read_only = ON");
	FAILS(MMS_E_DB, "1290", mms_db_run_text(db, "INSERT INTO w VALUES (1)", &err));
	mms_test_sql(&server, "SET GLOBAL read_only = OFF");
	FAILS(MMS_E_DB, "1142",
	      mms_db_run_text(db, "CREATE TABLE mysql.mine (id INT PRIMARY KEY)", &err));
	mms_db_close(db);
}

static void
other_servers_are_refused(void **state)
{
	static const struct {
		const char *label, *from, *to, *part;
	} cases[] = {
		{ "old MariaDB", "5.5.5-10.", "5.5.5-09.", "the server is MariaDB 09." },
		{ "MySQL", "-MariaDB", "-8.0.0.0", "the server is MySQL" },
	};
	struct mms_db_settings settings = server.settings;

	(void)state;
	mms_relay_start(&relay, server.socket);
	settings.socket = NULL;
	settings.host = relay.host;
	for (size_t i = 0; i < MMS_COUNT(cases); i++) {
		MMS_AUTO(mms_err) err = { 0 };
		struct mms_db *db = NULL;

		mms_relay_replace(&relay, cases[i].from, cases[i].to);
		mms_rc rc = mms_db_open(&db, &settings, &err);
		if (rc != MMS_E_DB || strstr(mms_err_text(&err), cases[i].part) == NULL ||
		    strstr(mms_err_hint(&err), "10.6") == NULL)
			fail_msg("%s: %s", cases[i].label,
				 rc == MMS_OK ? "taken" : mms_err_text(&err));
	}
	mms_relay_stop(&relay);
}

/* A port on which nobody answers: the kernel takes the connection, nobody greets. */
static int
listen_silently(unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
the_first_host_that_serves_is_taken(void **state)
{
	unsigned silent, closed;
	struct mms_db_settings settings = server.settings;
	char host[128];
	struct mms_db *db = NULL;

	(void)state;
	mms_relay_start(&relay, server.socket);
	int silent_fd = listen_silently(&silent);
	(void)close(listen_silently(&closed));
	settings.socket = NULL;
	settings.host = host;
	settings.port = relay.port;
	settings.connect_timeout_ms = 1000;
	for (int i = 0; i < 3; i++) {
		if (i == 0) /* refused, then the port of db_port */
			(void)snprintf(host, sizeof host, "127.0.0.1:%u,127.0.0.1", closed);
		else if (i == 1)
			(void)snprintf(host, sizeof host, " 127.0.0.1:%u , [127.0.0.1]:%u ",
				       closed, relay.port);
		else
			(void)snprintf(host, sizeof host, "localhost");
		OK(mms_db_open(&db, &settings, &err));
		check(db, "SELECT 5", "5");
		mms_db_close(db);
	}
	/* A frozen host costs its time-out, not the connection. */
	int64_t began = mms_clock_mono_ms();
	(void)snprintf(host, sizeof host, "127.0.0.1:%u,127.0.0.1:%u", silent, relay.port);
	OK(mms_db_open(&db, &settings, &err));
	int64_t took = mms_clock_mono_ms() - began;
	assert_in_range(took, 800, 2900);
	mms_db_close(db);
	/* None of them; the last one's reason is told. */
	(void)snprintf(host, sizeof host, "127.0.0.1:%u,127.0.0.1:%u", closed, closed);
	FAILS(MMS_E_DB, "database at 127.0.0.1:", mms_db_open(&db, &settings, &err));
	/* A refusal ends the search: the next host would say the same. */
	(void)snprintf(host, sizeof host, "127.0.0.1:%u,127.0.0.1:%u", relay.port, silent);
	static char wrong[] = "wrong";
	settings.password = wrong;
	began = mms_clock_mono_ms();
	FAILS(MMS_E_DB, "1045", mms_db_open(&db, &settings, &err));
	assert_true(mms_clock_mono_ms() - began < 900);
	(void)close(silent_fd);
	mms_relay_stop(&relay);
}

static void
tls_is_used_and_verified(void **state)
{
	char args[3][160], files[5][128], command[700];
	const char *with_tls[] = { args[0], args[1], args[2], NULL };
	static const char *const plain[] = { NULL };
	struct mms_db_settings settings = server.settings;
	struct mms_db *db = NULL;

	(void)state;
	(void)snprintf(command, sizeof command, "%s/tests/tools/make-certificates %s",
		       mms_test_root(), server.dir);
	assert_int_equal(system(command), 0);
	static const char *const names[] = { "ca.pem", "server.pem", "server-key.pem",
					     "client.pem", "client-key.pem" };
	for (size_t i = 0; i < MMS_COUNT(names); i++)
		(void)snprintf(files[i], sizeof files[i], "%s/%s", server.dir, names[i]);
	(void)snprintf(args[0], sizeof args[0], "--ssl-ca=%s", files[0]);
	(void)snprintf(args[1], sizeof args[1], "--ssl-cert=%s", files[1]);
	(void)snprintf(args[2], sizeof args[2], "--ssl-key=%s", files[2]);
	mms_test_server_restart(&server, with_tls);
	mms_test_sql(&server, "ALTER USER " MMS_TEST_DATABASE " REQUIRE X509");
	FAILS(MMS_E_DB, "1045", mms_db_open(&db, &settings, &err));
	settings.ssl_ca = files[0];
	settings.ssl_cert = files[3];
	settings.ssl_key = files[4];
	OK(mms_db_open(&db, &settings, &err));
	char *cipher = ask(db, "SHOW STATUS LIKE 'Ssl_cipher'");
	assert_string_equal(cipher, "Ssl_cipher");
	free(cipher);
	mms_db_close(db);
	/* Another authority than the one that we trust. */
	(void)snprintf(files[0], sizeof files[0], "%s/stranger.pem", server.dir);
	FAILS(MMS_E_DB, "2026", mms_db_open(&db, &settings, &err));
	mms_test_sql(&server, "ALTER USER " MMS_TEST_DATABASE " REQUIRE NONE");
	mms_test_server_restart(&server, plain);
	/* A server without TLS is not talked to in the open. */
	FAILS(MMS_E_DB, "2026", mms_db_open(&db, &settings, &err));
}

#define GALERA "/usr/lib/galera/libgalera_smm.so"

static void
a_cluster_node_is_asked_whether_it_serves(void **state)
{
	static struct mms_relay outside;
	static const char *const plain[] = { NULL };
	char options[160], host[80];
	struct mms_db_settings settings = server.settings;
	struct mms_db *db = NULL;
	unsigned port;

	(void)state;
	if (access(GALERA, R_OK) != 0) {
		print_message("# skipped: galera-4 is not installed\n");
		skip();
	}
	(void)close(listen_silently(&port));
	(void)snprintf(options, sizeof options,
		       "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:%u;"
		       "base_host=127.0.0.1;base_port=%u;gcache.size=8M",
		       port, port);
	const char *const cluster[] = { "--wsrep-on=ON",
					"--wsrep-provider=" GALERA,
					"--wsrep-cluster-address=gcomm://",
					"--wsrep-new-cluster",
					"--wsrep-node-address=127.0.0.1",
					options,
					"--binlog-format=ROW",
					"--innodb-autoinc-lock-mode=2",
					NULL };
	mms_test_server_restart(&server, cluster);
	OK(mms_db_open(&db, &settings, &err));
	check(db, "SELECT @@wsrep_sync_wait", "3");
	OK(mms_db_run_text(db, "CREATE OR REPLACE TABLE w (id INT PRIMARY KEY)", &err));
	/* A node outside its cluster still answers SELECT 1. */
	mms_relay_start(&outside, server.socket);
	mms_relay_start(&relay, server.socket);
	mms_relay_replace(&outside, "wsrep_ready\x02ON", "wsrep_ready\x02NO");
	struct mms_db_settings listed = settings;
	struct mms_db *other = NULL;
	listed.socket = NULL;
	listed.host = outside.host;
	FAILS(MMS_E_DB, "outside its cluster", mms_db_open(&other, &listed, &err));
	listed.host = host;
	(void)snprintf(host, sizeof host, "%s,%s", outside.host, relay.host);
	OK(mms_db_open(&other, &listed, &err));
	mms_db_close(other);
	/* It falls out of the cluster under an open connection. */
	mms_test_sql(&server, "SET GLOBAL wsrep_reject_queries = ALL");
	FAILS(MMS_E_RETRY, "1047", mms_db_run_text(db, "INSERT INTO w VALUES (1)", &err));
	FAILS(MMS_E_RETRY, "1047", mms_db_run_text(db, "INSERT INTO w VALUES (1)", &err));
	assert_int_equal(mms_db_n_reconnects(db), 1); /* looked for another node */
	mms_test_sql(&server, "SET GLOBAL wsrep_reject_queries = NONE");
	OK(mms_db_run_text(db, "INSERT INTO w VALUES (1)", &err));
	mms_db_close(db);
	mms_relay_stop(&outside);
	mms_relay_stop(&relay);
	mms_test_server_restart(&server, plain);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_session_depends_on_no_default_of_the_server),
		cmocka_unit_test(a_binary_log_by_statement_gets_the_isolation_that_it_needs),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(a_server_that_takes_no_more_or_no_writes_is_told),
		cmocka_unit_test(other_servers_are_refused),
		cmocka_unit_test(the_first_host_that_serves_is_taken),
		cmocka_unit_test(a_cluster_node_is_asked_whether_it_serves),
		cmocka_unit_test(tls_is_used_and_verified),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
