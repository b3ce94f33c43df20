/*
 * Does a Galera cluster lose what a bulk statement wrote, and do we notice? Two nodes on this
 * machine, writers on both that add one to the same rows in bulk, and a ledger of what was
 * acknowledged. Once with Connector/C alone, which believes the answers; once through mms_bulk.
 *
 * usage: galera_loss [seconds]      exit 0: nothing that we acknowledged is missing
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mysql.h>

#include "mmsync/clock.h"
#include "support/dbcheck.h"

#define GALERA "/usr/lib/galera/libgalera_smm.so"

enum { NODES = 2, WRITERS = 6, ROWS = 20 };

/* clang-format off */
#define STATEMENTS(X) \
	X(OWN, "UPDATE own SET n = n + 1 WHERE id = ?", "i", "") \
	X(ADD, "INSERT INTO hot (id, n) VALUES (?, 1) ON DUPLICATE KEY UPDATE n = n + 1", "i", "")
/* clang-format on */
STMT_TABLE(STATEMENTS);

struct node {
	struct mms_test_server server;
	char texts[6][200];
	const char *args[16];
};

struct writer {
	int number;
	struct node *node;
	int64_t until_ms;
	uint64_t done, retried, in_doubt; /* transactions */
	char bad[200];
};

static struct node nodes[NODES];

static unsigned
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		fail_msg("no port");
	(void)close(fd);
	return ntohs(at.sin_port);
}

static void
set_args(struct node *node, int number, unsigned port, const char *address, const char *data)
{
	size_t n = 0;

	(void)snprintf(node->texts[0], sizeof node->texts[0],
		       "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:%u;"
		       "base_port=%u;ist.recv_addr=127.0.0.1:%u;gcache.size=32M",
		       port, port, free_port());
	(void)snprintf(node->texts[1], sizeof node->texts[1],
		       "--wsrep-sst-receive-address=127.0.0.1:%u", free_port());
	(void)snprintf(node->texts[2], sizeof node->texts[2], "--wsrep-node-name=n%d", number);
	(void)snprintf(node->texts[3], sizeof node->texts[3],
		       "--wsrep-cluster-address=gcomm://%s", address);
	(void)snprintf(node->texts[4], sizeof node->texts[4], "--datadir=%s",
		       data != NULL ? data : "");
	for (int k = 0; k < (data != NULL ? 5 : 4); k++)
		node->args[n++] = node->texts[k];
	node->args[n++] = "--wsrep-on=ON";
	node->args[n++] = "--wsrep-provider=" GALERA;
	node->args[n++] = "--wsrep-node-address=127.0.0.1";
	node->args[n++] = "--wsrep-sst-method=local";
	node->args[n++] = "--binlog-format=ROW";
	node->args[n++] = "--innodb-autoinc-lock-mode=2";
	node->args[n++] = "--wsrep-slave-threads=4";
	if (number == 0)
		node->args[n++] = "--wsrep-new-cluster";
	node->args[n] = NULL;
}

/*
 * The second node begins with a copy of the first one's data. What it needs beside is passed by
 * the nodes themselves; tests/bench/wsrep_sst_local stands where a transfer would be.
 */
static void
start_cluster(void)
{
	struct mms_test_server *first = &nodes[0].server;
	unsigned port = free_port();
	char address[40], copy[100], command[700];

	(void)snprintf(command, sizeof command, "%s/tests/bench:%s", mms_test_root(),
		       getenv("PATH"));
	(void)setenv("PATH", command, 1);
	set_args(&nodes[0], 0, port, "", NULL);
	mms_test_server_start(first, nodes[0].args);
	mms_test_server_end(first);
	(void)snprintf(command, sizeof command, "%s/joined", first->dir);
	(void)setenv("MMS_SST_FILE", command, 1);
	(void)snprintf(copy, sizeof copy, "%s/second", first->dir);
	(void)snprintf(command, sizeof command, "cp -a %s/data %s", first->dir, copy);
	if (system(command) != 0)
		fail_msg("%s", command);
	mms_test_server_restart(first, NULL);
	(void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
	set_args(&nodes[1], 1, free_port(), address, copy);
	mms_test_server_start(&nodes[1].server, nodes[1].args);
	mms_test_wait_i64(first, NODES, 60,
			  "SELECT variable_value FROM information_schema.global_status WHERE "
			  "variable_name = 'wsrep_cluster_size'");
}

static mms_rc
add_once(struct writer *w, struct mms_db *db, struct mms_bulk *bulk, struct mms_err *err)
{
	MMS_AUTO(mms_tx) tx = { 0 };
	struct mms_value own = mms_v_i64(w->number);
	mms_rc rc = mms_tx_begin(&tx, db, err);

	if (rc == MMS_OK)
		rc = mms_tx_run(&tx, STMT(OWN), &own, NULL, err);
	if (rc == MMS_OK)
		rc = mms_bulk_run(bulk, &tx, NULL, err);
	if (rc == MMS_OK)
		rc = mms_tx_commit(&tx, err);
	w->in_doubt += tx.is_in_doubt;
	return rc;
}

static void *
write_checked(void *arg)
{
	struct writer *w = arg;
	struct mms_db *db = open_with(&w->node->server.settings, defs, N_STMTS);
	MMS_AUTO(mms_bulk) bulk = { 0 };

	OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], ROWS, &err));
	for (int64_t id = 0; id < ROWS; id++)
		OK(mms_bulk_add(&bulk, (struct mms_value[]){ mms_v_i64(id) }, &err));
	while (mms_clock_mono_ms() < w->until_ms) {
		MMS_AUTO(mms_err) err = { 0 };
		mms_rc rc = add_once(w, db, &bulk, &err);
		if (rc == MMS_OK)
			w->done++;
		else if (rc == MMS_E_RETRY)
			w->retried++;
		else
			(void)snprintf(w->bad, sizeof w->bad, "%s", mms_err_text(&err));
	}
	mms_db_close(db);
	return NULL;
}

static bool
add_unchecked(MYSQL *m, MYSQL_STMT *stmt, int number)
{
	char sql[80];

	(void)snprintf(sql, sizeof sql, "UPDATE own SET n = n + 1 WHERE id = %d", number);
	if (mysql_query(m, "START TRANSACTION") == 0 && mysql_query(m, sql) == 0 &&
	    mysql_stmt_execute(stmt) == 0 && mysql_query(m, "COMMIT") == 0)
		return true;
	(void)mysql_query(m, "ROLLBACK");
	return false;
}

static void *
write_unchecked(void *arg)
{
	struct writer *w = arg;
	MYSQL *m = mysql_init(NULL);
	const struct mms_db_settings *s = &w->node->server.settings;
	int64_t ids[ROWS];
	unsigned rows = ROWS;
	MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = ids };

	for (int i = 0; i < ROWS; i++)
		ids[i] = i;
	if (mysql_real_connect(m, NULL, s->user, s->password, s->database, 0, s->socket, 0) ==
	    NULL)
		fail_msg("%s", mysql_error(m));
	MYSQL_STMT *stmt = mysql_stmt_init(m);
	(void)mysql_query(m, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
	if (mysql_stmt_prepare(stmt, defs[ADD].sql, (unsigned long)strlen(defs[ADD].sql)) !=
		    0 ||
	    mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &rows) != 0 ||
	    mysql_stmt_bind_param(stmt, &bind) != 0)
		fail_msg("%s", mysql_stmt_error(stmt));
	while (mms_clock_mono_ms() < w->until_ms) {
		if (add_unchecked(m, stmt, w->number))
			w->done++;
		else
			w->retried++;
	}
	(void)mysql_stmt_close(stmt);
	mysql_close(m);
	return NULL;
}

/* Transactions that were acknowledged and are not there. */
static int64_t
run(const char *name, void *(*write)(void *), int seconds)
{
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	uint64_t done = 0, retried = 0, in_doubt = 0;
	struct mms_test_server *first = &nodes[0].server;

	mms_test_sql(first,
		     "CREATE OR REPLACE TABLE hot (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);"
		     "CREATE OR REPLACE TABLE own (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);"
		     "INSERT INTO hot SELECT seq, 0 FROM seq_0_to_%d;"
		     "INSERT INTO own SELECT seq, 0 FROM seq_0_to_%d",
		     ROWS - 1, WRITERS - 1);
	for (int i = 0; i < WRITERS; i++) {
		writers[i] =
			(struct writer){ .number = i,
					 .node = &nodes[i % NODES],
					 .until_ms = mms_clock_mono_ms() + seconds * 1000 };
		(void)pthread_create(&threads[i], NULL, write, &writers[i]);
	}
	for (int i = 0; i < WRITERS; i++) {
		(void)pthread_join(threads[i], NULL);
		done += writers[i].done;
		retried += writers[i].retried;
		in_doubt += writers[i].in_doubt;
		if (writers[i].bad[0] != '\0')
			printf("writer %d: %s\n", i, writers[i].bad);
	}
	int64_t there = mms_test_ask_i64(
		first, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT MIN(n) FROM hot");
	int64_t own = mms_test_ask_i64(
		first, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT SUM(n) FROM own");
	int64_t lost = (int64_t)done - there;
	printf("%-12s %6lu acknowledged, %6lu undone and told, %lu in doubt: %ld lost (the "
	       "writers' own rows: %ld)\n",
	       name, done, retried, in_doubt, (long)lost, (long)((int64_t)done - own));
	return lost;
}

int
main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 8;

	if (access(GALERA, R_OK) != 0) {
		printf("no %s: install galera-4\n", GALERA);
		return 2;
	}
	start_cluster();
	int64_t control = run("unchecked", write_unchecked, seconds);
	int64_t lost = run("mms_bulk", write_checked, seconds);
	if (control == 0)
		printf("the cluster lost nothing this time, checked or not\n");
	for (int i = NODES - 1; i >= 0; i--)
		mms_test_server_stop(&nodes[i].server);
	return lost == 0 ? 0 : 1;
}
