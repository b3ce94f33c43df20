/*
 * Does the database layer cost anything? Three ratios, each the median of interleaved rounds:
 *
 *   db_bulk   rows/s of bulk INSERT of 500 through mms_bulk_run(), one commit each, by LOAD DATA
 *             LOCAL of the same rows into the same table (one statement from memory)
 *   db_read   rows/s of mms_rows over all columns, each value looked at, by `mariadb -q --batch
 *             -e 'select *'` > /dev/null
 *   db_bare   the same by a bare loop of mysql_stmt_fetch() into fixed buffers
 *
 * usage: db_bench [--json] [rows [rounds]]      the JSON is one object a line
 */
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mysql.h>

#include "mmsync/clock.h"
#include "mmsync/timetext.h"
#include "support/dbcheck.h"

enum { BATCH = 500, COLUMNS = 19, MAX_ROUNDS = 50 };

/* The shape of the table of calendar events: 28 columns, seven indexes, JSON checked. */
static const char table[] =
	"CREATE TABLE e (name VARCHAR(140) NOT NULL PRIMARY KEY, creation DATETIME(6), "
	"modified "
	"DATETIME(6), modified_by VARCHAR(140), owner VARCHAR(140), docstatus INT NOT NULL "
	"DEFAULT "
	"0, idx INT NOT NULL DEFAULT 0, integration VARCHAR(140), external_id VARCHAR(512) "
	"COLLATE "
	"utf8mb4_nopad_bin, title VARCHAR(140), kind VARCHAR(140), status VARCHAR(140), starts "
	"DATETIME(6), ends DATETIME(6), description TEXT, location VARCHAR(140), attendees "
	"JSON, "
	"organizer VARCHAR(140), booking VARCHAR(140), is_blocking INT NOT NULL DEFAULT 1, "
	"last_synced DATETIME(6), last_modified DATETIME(6), direction VARCHAR(140) DEFAULT "
	"'Inbound', error_log TEXT, t1 TEXT, t2 TEXT, t3 TEXT, t4 TEXT, KEY (modified), UNIQUE "
	"KEY "
	"(integration, external_id), KEY (integration, is_blocking, starts, ends, status), KEY "
	"(booking)) ROW_FORMAT=DYNAMIC";

#define NAMES                                                                              \
	"name, creation, modified, modified_by, owner, integration, external_id, title, "  \
	"kind, "                                                                           \
	"status, starts, ends, description, location, attendees, organizer, is_blocking, " \
	"last_synced, last_modified"

/* clang-format off */
#define STATEMENTS(X) \
	X(ADD, "INSERT INTO e (" NAMES ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", \
	  "sTTSSSSSSSTTSSSSiTT", "") \
	X(ALL, "SELECT name, creation, modified, modified_by, owner, docstatus, idx, integration, " \
	  "external_id, title, kind, status, starts, ends, description, location, attendees, " \
	  "organizer, booking, is_blocking, last_synced, last_modified, direction, error_log, t1, " \
	  "t2, t3, t4 FROM e", "", "sTTSSiiSSSSSTTSSSSSiTTSSSSSS")
/* clang-format on */
STMT_TABLE(STATEMENTS);

static struct mms_test_server server;

struct texts {
	char name[64], external_id[64], title[80], description[400], location[80],
		attendees[400];
};

struct load {
	size_t n;
	struct texts *texts;
	struct mms_value *values; /* n * COLUMNS */
	char *lines;              /* the same rows as LOAD DATA reads them */
	size_t n_lines, at;
};

static void
make_texts(struct texts *t, size_t k)
{
	(void)snprintf(t->name, sizeof t->name, "MM-CES-MM-CI-user%zu@example.com-0001-%06zu",
		       k % 100, k);
	(void)snprintf(t->external_id, sizeof t->external_id, "%016zx%016zx@example.com",
		       k * 2654435761U, k);
	(void)snprintf(t->title, sizeof t->title, "Weekly planning of team %zu, part %zu",
		       k % 37, k % 5);
	(void)snprintf(
		t->description, sizeof t->description,
		"<p>Agenda for meeting %zu:</p><ul><li>review of the last sprint</li>"
		"<li>open questions of the customer</li><li>next steps</li></ul><p>Please "
		"bring the numbers of quarter %zu and last week's notes.</p>",
		k, k % 4);
	(void)snprintf(t->location, sizeof t->location, "Room %zu, second floor", k % 50);
	(void)snprintf(t->attendees, sizeof t->attendees,
		       "[{\"email\":\"a%zu@example.com\",\"response_status\":\"accepted\","
		       "\"display_name\":\"Ann %zu\"},{\"email\":\"b%zu@example.com\","
		       "\"response_status\":\"needsAction\",\"display_name\":\"Bob %zu\"},"
		       "{\"email\":\"c%zu@example.org\",\"response_status\":\"declined\"}]",
		       k % 900, k % 900, k % 700, k % 700, k % 400);
}

static void
make_values(struct mms_value *v, struct texts *t, size_t k)
{
	static const char *const integrations[] = { "MM-CI-user@example.com-0001",
						    "MM-CI-user@example.com-0002",
						    "MM-CI-other@example.com-0003" };
	int64_t now = INT64_C(1795000000000000) + (int64_t)k;
	int64_t starts = INT64_C(1795000000000000) + (int64_t)(k % 20000) * 1800000000;
	struct mms_value row[COLUMNS] = {
		mms_v_text(t->name),
		mms_v_wall(now),
		mms_v_wall(now),
		mms_v_text("Administrator"),
		mms_v_text("Administrator"),
		mms_v_text(integrations[k % 3]),
		mms_v_text(t->external_id),
		mms_v_text(t->title),
		mms_v_text("External Event"),
		mms_v_text("Synced"),
		mms_v_wall(starts),
		mms_v_wall(starts + INT64_C(3600000000)),
		mms_v_text(t->description),
		k % 3 == 0 ? mms_v_null() : mms_v_text(t->location),
		mms_v_text(t->attendees),
		mms_v_text("organizer@example.com"),
		mms_v_i64(1),
		mms_v_wall(now),
		mms_v_wall(now - 1000000),
	};

	memcpy(v, row, sizeof row);
}

static void
add_line(struct mms_str *out, const struct mms_value *v)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		char time[MMS_TIME_TEXT_MAX];
		if (i > 0)
			mms_str_addc(out, '\t');
		if (v[i].type == '\0')
			mms_str_add(out, "\\N");
		else if (v[i].type == 'i')
			mms_str_addf(out, "%" PRId64, v[i].i);
		else if (v[i].type == 't')
			mms_str_add(out, mms_wall_print(v[i].wall_us, time));
		else
			mms_str_addn(out, v[i].ptr, v[i].len);
	}
	mms_str_addc(out, '\n');
}

static void
make_load(struct load *load, size_t n)
{
	MMS_AUTO(mms_str) lines = mms_str_make((size_t)2 << 30);

	*load = (struct load){ .n = n };
	load->texts = calloc(n, sizeof load->texts[0]);
	load->values = calloc(n * COLUMNS, sizeof load->values[0]);
	if (load->texts == NULL || load->values == NULL)
		fail_msg("out of memory");
	for (size_t k = 0; k < n; k++) {
		make_texts(&load->texts[k], k);
		make_values(&load->values[k * COLUMNS], &load->texts[k], k);
		add_line(&lines, &load->values[k * COLUMNS]);
	}
	load->n_lines = lines.len;
	load->lines = mms_str_take(&lines);
	if (load->lines == NULL)
		fail_msg("out of memory");
}

static double
seconds_since(int64_t began_us)
{
	return (double)(mms_clock_real_us() - began_us) / 1e6;
}

/* User time of this process, seconds: what the layer itself costs. */
static double
own_cpu(void)
{
	struct rusage used;

	(void)getrusage(RUSAGE_SELF, &used);
	return (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec / 1e6;
}

static double
run_bulk(const struct load *load)
{
	struct mms_db *db = open_with(&server.settings, defs, N_STMTS);
	MMS_AUTO(mms_bulk) bulk = { 0 };

	mms_test_sql(&server, "TRUNCATE e");
	OK(mms_bulk_init_as(&bulk, STMT(ADD), &defs[ADD], BATCH, &err));
	int64_t began = mms_clock_real_us();
	for (size_t k = 0; k < load->n;) {
		MMS_AUTO(mms_tx) tx = { 0 };
		mms_bulk_clear(&bulk);
		for (; bulk.n < BATCH && k < load->n; k++)
			OK(mms_bulk_add(&bulk, &load->values[k * COLUMNS], &err));
		OK(mms_tx_begin(&tx, db, &err));
		OK(mms_bulk_run(&bulk, &tx, NULL, &err));
		OK(mms_tx_commit(&tx, &err));
	}
	double took = seconds_since(began);
	mms_db_close(db);
	return took;
}

static int
infile_init(void **state, const char *name, void *load)
{
	(void)name;
	((struct load *)load)->at = 0;
	*state = load;
	return 0;
}

static int
infile_read(void *state, char *buffer, unsigned n)
{
	struct load *load = state;
	size_t left = load->n_lines - load->at;
	size_t take = left < n ? left : n;

	memcpy(buffer, load->lines + load->at, take);
	load->at += take;
	return (int)take;
}

static void
infile_end(void *state)
{
	(void)state;
}

static int
infile_error(void *state, char *text, unsigned n)
{
	(void)state;
	(void)text;
	(void)n;
	return 0;
}

static double
run_load_data(struct load *load)
{
	MYSQL *m = mysql_init(NULL);
	unsigned on = 1;

	mms_test_sql(&server, "TRUNCATE e");
	(void)mysql_optionsv(m, MYSQL_OPT_LOCAL_INFILE, &on);
	(void)mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(m, NULL, server.settings.user, server.settings.password,
			       server.settings.database, 0, server.socket, 0) == NULL)
		fail_msg("%s", mysql_error(m));
	mysql_set_local_infile_handler(m, infile_init, infile_read, infile_end, infile_error,
				       load);
	int64_t began = mms_clock_real_us();
	if (mysql_query(
		    m,
		    "LOAD DATA LOCAL INFILE 'memory' INTO TABLE e CHARACTER SET utf8mb4 (" NAMES
		    ")") != 0)
		fail_msg("%s", mysql_error(m));
	double took = seconds_since(began);
	mysql_close(m);
	return took;
}

static double
run_rows(const struct load *load)
{
	struct mms_db *db = open_with(&server.settings, defs, N_STMTS);
	MMS_AUTO(mms_rows) rows = { 0 };
	const struct mms_value *row;
	size_t n = 0, bytes = 0;

	int64_t began = mms_clock_real_us();
	OK(mms_rows_open(&rows, db, STMT(ALL), NULL, &err));
	for (;; n++) {
		OK(mms_rows_next(&rows, &row, &err));
		if (row == NULL)
			break;
		for (size_t i = 0; i < 28; i++)
			bytes += row[i].type != '\0' ? row[i].len + 1 : 0;
	}
	double took = seconds_since(began);
	if (n != load->n || bytes == 0)
		fail_msg("%zu rows", n);
	mms_db_close(db);
	return took;
}

/* What Connector/C alone needs for the same rows. */
static double
run_bare(const struct load *load)
{
	static char texts[28][1024];
	static int64_t numbers[28];
	static MYSQL_TIME times[28];
	static unsigned long lens[28];
	static my_bool nulls[28];
	const struct mms_db_settings *s = &server.settings;
	const char *sql = defs[ALL].sql;
	MYSQL *m = mysql_init(NULL);
	MYSQL_BIND binds[28] = { { 0 } };
	size_t n = 0;

	if (mysql_real_connect(m, NULL, s->user, s->password, s->database, 0, s->socket, 0) ==
	    NULL)
		fail_msg("%s", mysql_error(m));
	MYSQL_STMT *stmt = mysql_stmt_init(m);
	for (int i = 0; i < 28; i++) {
		char letter = (char)(defs[ALL].out[i] | 0x20);
		binds[i].buffer_type = letter == 'i'   ? MYSQL_TYPE_LONGLONG
				       : letter == 't' ? MYSQL_TYPE_DATETIME
						       : MYSQL_TYPE_STRING;
		binds[i].buffer = letter == 'i'   ? (void *)&numbers[i]
				  : letter == 't' ? (void *)&times[i]
						  : (void *)texts[i];
		binds[i].buffer_length = sizeof texts[i];
		binds[i].length = &lens[i];
		binds[i].is_null = &nulls[i];
	}
	int64_t began = mms_clock_real_us();
	if (mysql_stmt_prepare(stmt, sql, (unsigned long)strlen(sql)) != 0 ||
	    mysql_stmt_execute(stmt) != 0 || mysql_stmt_bind_result(stmt, binds) != 0)
		fail_msg("%s", mysql_stmt_error(stmt));
	while (mysql_stmt_fetch(stmt) == 0)
		n++;
	double took = seconds_since(began);
	if (n != load->n)
		fail_msg("%zu rows", n);
	(void)mysql_stmt_close(stmt);
	mysql_close(m);
	return took;
}

static double
run_client(void)
{
	char command[300];

	(void)snprintf(command, sizeof command,
		       "exec mariadb --no-defaults -S %s -u root -q --batch "
		       "--default-character-set=utf8mb4 -e 'select * from e' %s >/dev/null",
		       server.socket, server.database);
	int64_t began = mms_clock_real_us();
	if (system(command) != 0)
		fail_msg("%s", command);
	return seconds_since(began);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(const char *name, double *ratios, int rounds, double goal, const char *context,
       bool is_json)
{
	qsort(ratios, (size_t)rounds, sizeof ratios[0], by_size);
	double median = rounds % 2 ? ratios[rounds / 2]
				   : (ratios[rounds / 2 - 1] + ratios[rounds / 2]) / 2;
	if (is_json)
		printf("{\"name\":\"%s\",\"ratio\":%.3f,\"min\":%.3f,\"max\":%.3f,\"goal\":%."
		       "1f,"
		       "\"direction\":\">=\",\"unit\":\"ratio\",\"context\":\"%s\"}\n",
		       name, median, ratios[0], ratios[rounds - 1], goal, context);
	else
		printf("%-8s %.2f [%.2f-%.2f]  goal >= %.1f  %s\n", name, median, ratios[0],
		       ratios[rounds - 1], goal, context);
}

int
main(int argc, char **argv)
{
	static const char *const args[] = { "--innodb-buffer-pool-size=512M",
					    "--innodb-log-file-size=256M", "--local-infile=ON",
					    NULL };
	bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	char **words = argv + (is_json ? 1 : 0);
	int n_words = argc - (is_json ? 1 : 0);
	size_t n = n_words > 1 ? (size_t)strtoul(words[1], NULL, 10) : 100000;
	int rounds = n_words > 2 ? atoi(words[2]) : 5;
	double bulk[MAX_ROUNDS], read[MAX_ROUNDS], bare[MAX_ROUNDS], bulk_s = 0, rows_s = 0;
	double bulk_cpu = 0, rows_cpu = 0;
	struct load load;
	char context[120];

	if (n == 0 || rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	mms_test_server_start(&server, args);
	mms_test_sql(&server, "%s", table);
	make_load(&load, n);
	(void)run_load_data(&load); /* warm */
	(void)run_bulk(&load);
	for (int i = 0; i < rounds; i++) {
		double by_load = run_load_data(&load);
		bulk_cpu -= own_cpu();
		bulk_s = run_bulk(&load);
		bulk_cpu += own_cpu();
		bulk[i] = by_load / bulk_s;
		rows_cpu -= own_cpu();
		rows_s = run_rows(&load);
		rows_cpu += own_cpu();
		read[i] = run_client() / rows_s;
		bare[i] = run_bare(&load) / rows_s;
	}
	(void)snprintf(context, sizeof context,
		       "%zu rows, %.0f rows/s, %.2f us of own CPU a row", n, (double)n / bulk_s,
		       bulk_cpu * 1e6 / (double)n / rounds);
	report("db_bulk", bulk, rounds, 1.0, context, is_json);
	(void)snprintf(context, sizeof context,
		       "%zu rows, %.0f rows/s, %.2f us of own CPU a row", n, (double)n / rows_s,
		       rows_cpu * 1e6 / (double)n / rounds);
	report("db_read", read, rounds, 4.0, context, is_json);
	report("db_bare", bare, rounds, 0.9, context, is_json);
	free(load.texts);
	free(load.values);
	mms_free(load.lines);
	mms_test_server_stop(&server);
	return 0;
}
