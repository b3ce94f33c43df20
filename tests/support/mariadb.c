/* A private MariaDB for one test program (see the header). */
#include "support/mariadb.h"

#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mysql.h>

#include "mmsync/clock.h"

enum { START_SECONDS = 90, STOP_SECONDS = 30 };
/* Of memory, that several servers with their largest tables do not fill. */
#define PLENTY_BYTES (UINT64_C(4) << 30)

static void
nap(void)
{
	struct timespec ts = { .tv_nsec = 5 * 1000 * 1000 };

	(void)nanosleep(&ts, NULL);
}

const char *
mms_test_root(void)
{
	static char root[512];

	if (root[0] != '\0')
		return root;
	ssize_t n = readlink("/proc/self/exe", root, sizeof root - 1);
	if (n < 0)
		fail_msg("/proc/self/exe: %s", strerror(errno));
	root[n] = '\0';
	char *last = NULL;
	for (char *p = root; (p = strstr(p, "/build/")) != NULL; p++)
		last = p;
	if (last == NULL)
		fail_msg("%s does not stand under build/", root);
	else
		*last = '\0';
	return root;
}

/* ---- the guard ---------------------------------------------------------------------------- */

/*
 * Reads the server's pid whenever it changes. When the pipe ends, the test program is gone or
 * done: end the server, remove the folder.
 */
static void
stand_guard(int fd, const char *dir)
{
	pid_t server = 0, told;

	(void)setsid();
	(void)dup2(fd, STDIN_FILENO);
	(void)close_range(STDIN_FILENO + 1, ~0U, 0);
	(void)open("/dev/null", O_WRONLY);
	(void)open("/dev/null", O_WRONLY);
	(void)signal(SIGPIPE, SIG_IGN);
	while (read(STDIN_FILENO, &told, sizeof told) == (ssize_t)sizeof told)
		server = told;
	/* A pidfd, because the dead server may stay a zombie for whoever inherits it. */
	int pidfd = server > 0 ? (int)syscall(SYS_pidfd_open, server, 0) : -1;
	struct pollfd death = { .fd = pidfd, .events = POLLIN };
	if (pidfd >= 0 && kill(server, SIGKILL) == 0)
		(void)poll(&death, 1, STOP_SECONDS * 1000);
	(void)execlp("rm", "rm", "-rf", "--", dir, (char *)NULL);
	_exit(1);
}

static void
post_guard(struct mms_test_server *s)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		fail_msg("pipe: %s", strerror(errno));
	s->guard = fork();
	if (s->guard < 0)
		fail_msg("fork: %s", strerror(errno));
	if (s->guard == 0)
		stand_guard(fds[0], s->dir);
	(void)close(fds[0]);
	s->guard_fd = fds[1];
}

static void
tell_guard(struct mms_test_server *s)
{
	if (write(s->guard_fd, &s->pid, sizeof s->pid) != (ssize_t)sizeof s->pid)
		fail_msg("the guard of %s is gone", s->dir);
}

/* ---- SQL as root -------------------------------------------------------------------------- */

/* A connection for one use: nothing stays open that a restart or a time-out could end. */
static MYSQL *
connect_root(struct mms_test_server *s, const char *database, bool must)
{
	MYSQL *m = mysql_init(NULL);

	if (m == NULL)
		fail_msg("mysql_init");
	(void)mysql_optionsv(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(m, NULL, "root", NULL, database, 0, s->socket,
			       CLIENT_MULTI_STATEMENTS) != NULL)
		return m;
	if (must)
		fail_msg("connect to %s: %s", s->socket, mysql_error(m));
	mysql_close(m);
	return NULL;
}

static void
run_text(struct mms_test_server *s, const char *database, const char *sql)
{
	MYSQL *m = connect_root(s, database, true);
	int more = mysql_query(m, sql);

	while (more == 0) {
		MYSQL_RES *rows = mysql_store_result(m);
		mysql_free_result(rows);
		if (mysql_errno(m) != 0)
			break;
		more = mysql_next_result(m);
	}
	if (mysql_errno(m) != 0)
		fail_msg("%s: %.300s", mysql_error(m), sql);
	mysql_close(m);
}

static char *print_v(const char *fmt, va_list ap) MMS_PRINTF(1, 0);

static char *
print_v(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		fail_msg("out of memory");
	return text;
}

static char *
ask(struct mms_test_server *s, const char *sql)
{
	MYSQL *m = connect_root(s, s->database, true);

	if (mysql_query(m, sql) != 0)
		fail_msg("%s: %.300s", mysql_error(m), sql);
	MYSQL_RES *rows = mysql_store_result(m);
	MYSQL_ROW row = rows != NULL ? mysql_fetch_row(rows) : NULL;
	if (row == NULL)
		fail_msg("no row (%s): %.300s", mysql_error(m), sql);
	char *value = row != NULL && row[0] != NULL ? strdup(row[0]) : NULL;
	mysql_free_result(rows);
	mysql_close(m);
	return value;
}

void
mms_test_sql(struct mms_test_server *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *sql = print_v(fmt, ap);
	va_end(ap);
	run_text(s, s->database, sql);
	free(sql);
}

void
mms_test_sql_file(struct mms_test_server *s, const char *path)
{
	FILE *file = fopen(path, "re");
	char *sql = NULL;
	size_t cap = 0;

	if (file == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	if (getdelim(&sql, &cap, '\0', file) < 0)
		fail_msg("%s: cannot be read", path);
	(void)fclose(file);
	run_text(s, s->database, sql);
	free(sql);
}

static int64_t
take_i64(char *text)
{
	int64_t value = text != NULL ? strtoll(text, NULL, 10) : 0;

	free(text);
	return value;
}

int64_t
mms_test_ask_i64(struct mms_test_server *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *sql = print_v(fmt, ap);
	va_end(ap);
	int64_t value = take_i64(ask(s, sql));
	free(sql);
	return value;
}

char *
mms_test_ask_text(struct mms_test_server *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *sql = print_v(fmt, ap);
	va_end(ap);
	char *value = ask(s, sql);
	free(sql);
	return value;
}

void
mms_test_wait_i64(struct mms_test_server *s, int64_t want, int seconds, const char *fmt, ...)
{
	int64_t deadline = mms_clock_mono_ms() + seconds * INT64_C(1000), got;
	va_list ap;

	va_start(ap, fmt);
	char *sql = print_v(fmt, ap);
	va_end(ap);
	while ((got = take_i64(ask(s, sql))) != want) {
		if (mms_clock_mono_ms() > deadline)
			fail_msg("%lld and not %lld after %d s: %s", (long long)got,
				 (long long)want, seconds, sql);
		nap();
	}
	free(sql);
}

/* ---- the server --------------------------------------------------------------------------- */

static void
become_server(const struct mms_test_server *s)
{
	char tool[600], log[80];
	const char *argv[MMS_COUNT(s->args) + 4] = { tool, "run", s->dir };

	/* The guard ends the server too; this also does when the guard itself was killed. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(tool, sizeof tool, "%s/tests/tools/private-mariadb", mms_test_root());
	(void)snprintf(log, sizeof log, "%s/log", s->dir);
	for (size_t i = 0; s->args[i] != NULL; i++)
		argv[3 + i] = s->args[i];
	int in = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (in < 0 || out < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	(void)setsid(); /* a ^C at the terminal is for the test, whose guard then cleans up */
	union {
		const char **in;
		char *const *out;
	} words = { .in = argv }; /* execv() promises not to write */
	(void)execv(tool, words.out);
	_exit(127);
}

static void
print_log(const struct mms_test_server *s)
{
	char path[80], line[400];

	(void)snprintf(path, sizeof path, "%s/log", s->dir);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		(void)fprintf(stderr, "mariadbd: %s", line);
	if (file != NULL)
		(void)fclose(file);
}

/* A cluster node takes connections before it serves. */
static bool
is_ready(struct mms_test_server *s)
{
	MYSQL *m = connect_root(s, NULL, false);
	MYSQL_RES *rows = NULL;

	if (m != NULL && mysql_query(m, "SELECT COUNT(*) FROM mysql.db") == 0)
		rows = mysql_store_result(m);
	bool is_ready = rows != NULL;
	mysql_free_result(rows);
	if (m != NULL)
		mysql_close(m);
	return is_ready;
}

static void
launch(struct mms_test_server *s)
{
	int64_t deadline = mms_clock_mono_ms() + START_SECONDS * INT64_C(1000);
	int status;

	s->pid = fork();
	if (s->pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (s->pid == 0)
		become_server(s);
	tell_guard(s);
	while (!is_ready(s)) {
		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			print_log(s);
			s->pid = 0;
			fail_msg("mariadbd ended with status %d", status);
		}
		if (mms_clock_mono_ms() > deadline) {
			print_log(s);
			fail_msg("mariadbd is not ready after %d s", START_SECONDS);
		}
		nap();
	}
}

static void
keep_args(struct mms_test_server *s, const char *const *args)
{
	size_t n = 0;

	for (; args != NULL && args[n] != NULL; n++) {
		if (n + 1 >= MMS_COUNT(s->args))
			fail_msg("more than %zu server options", MMS_COUNT(s->args) - 1);
		s->args[n] = args[n];
	}
	s->args[n] = NULL;
}

/*
 * Where servers live: in memory where there is plenty of it, for tables come and go by the thousand here, and a file system
 * on a disk takes long over each. kill -9 leaves the files there as on a disk.
 */
static const char *
choose_base(void)
{
	const char *tmp = getenv("TMPDIR"), *memory = "/dev/shm";
	struct statvfs fs;

	if (tmp != NULL && tmp[0] == '/' && strlen(tmp) <= 40) /* a socket's path is short */
		return tmp;
	if (tmp == NULL && statvfs(memory, &fs) == 0 && access(memory, W_OK) == 0 &&
	    fs.f_bavail * fs.f_frsize >= PLENTY_BYTES)
		return memory;
	return "/tmp";
}

int
mms_test_server_start(struct mms_test_server *s, const char *const *args)
{

	*s = (struct mms_test_server){ 0 };
	keep_args(s, args);
	(void)snprintf(s->dir, sizeof s->dir, "%s/mms-db-XXXXXX", choose_base());
	if (mkdtemp(s->dir) == NULL)
		fail_msg("%s: %s", s->dir, strerror(errno));
	(void)snprintf(s->socket, sizeof s->socket, "%s/s", s->dir);
	post_guard(s);
	launch(s);
	mms_test_use(s, MMS_TEST_DATABASE);
	return 0;
}

static void
end(struct mms_test_server *s, int signo)
{
	int64_t deadline = mms_clock_mono_ms() + STOP_SECONDS * INT64_C(1000);
	int status;

	if (s->pid <= 0)
		return;
	(void)kill(s->pid, signo);
	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		if (mms_clock_mono_ms() > deadline)
			(void)kill(s->pid, SIGKILL);
		nap();
	}
	s->pid = 0;
	tell_guard(s);
}

int
mms_test_server_stop(struct mms_test_server *s)
{
	int status;

	if (s->dir[0] == '\0')
		return 0;
	end(s, SIGKILL); /* an orderly end takes a second, and the data goes anyway */
	(void)close(s->guard_fd);
	(void)waitpid(s->guard, &status, 0);
	*s = (struct mms_test_server){ 0 };
	return 0;
}

void
mms_test_server_end(struct mms_test_server *s)
{
	end(s, SIGTERM);
}

void
mms_test_server_kill(struct mms_test_server *s)
{
	end(s, SIGKILL);
}

void
mms_test_server_restart(struct mms_test_server *s, const char *const *args)
{
	end(s, SIGTERM);
	if (args != NULL)
		keep_args(s, args);
	launch(s);
}

void
mms_test_server_freeze(struct mms_test_server *s, bool is_frozen)
{
	(void)kill(s->pid, is_frozen ? SIGSTOP : SIGCONT);
}

/* ---- databases ---------------------------------------------------------------------------- */

void
mms_test_use(struct mms_test_server *s, const char *database)
{
	char sql[512];

	(void)snprintf(s->database, sizeof s->database, "%s", database);
	(void)snprintf(s->password, sizeof s->password, "pw-%.20s", database);
	(void)snprintf(sql, sizeof sql,
		       "CREATE DATABASE IF NOT EXISTS `%s` CHARACTER SET utf8mb4 COLLATE "
		       "utf8mb4_unicode_ci;"
		       "CREATE USER IF NOT EXISTS `%s`@`%%` IDENTIFIED BY '%s';"
		       "GRANT ALL ON `%s`.* TO `%s`@`%%`",
		       database, database, s->password, database, database);
	run_text(s, NULL, sql);
	s->settings = (struct mms_db_settings){ .socket = s->socket,
						.user = s->database,
						.password = s->password,
						.database = s->database };
}

void
mms_test_reset(struct mms_test_server *s)
{
	char sql[256];

	(void)snprintf(sql, sizeof sql,
		       "DROP DATABASE IF EXISTS `%s`;"
		       "CREATE DATABASE `%s` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
		       s->database, s->database);
	run_text(s, NULL, sql);
}
