/*
 * The background process of the demonstration: it holds a private MariaDB, the feed stand and the fake of
 * Google and Outlook, and ends by itself when nobody has stopped it after half an hour, with everything it
 * made.
 */
#include "demo.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/feed_stand.h"

#define KEEP_MS       INT64_C(1800000)
#define START_WAIT_MS 30000
#define STOP_WAIT_MS  INT64_C(15000)
#define POLL_MS       INT64_C(20)

mms_rc
mms_demo_write(const char *path, const char *text, struct mms_err *err)
{
	FILE *file = fopen(path, "we");
	bool is_written = file != NULL && fputs(text, file) >= 0;

	if ((file != NULL && fclose(file) != 0) || !is_written)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be written: %s", path,
				strerrordesc_np(errno));
	return MMS_OK;
}

mms_rc
mms_demo_spawn(const char *const *argv, const char *log, int *status, struct mms_err *err)
{
	int raw = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = log != NULL
				 ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
				 : -1;
		if (fd >= 0 && (dup2(fd, 1) < 0 || dup2(fd, 2) < 0))
			_exit(127);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0)
		return mms_fail(err, MMS_E_CONFIG, "no process for %s", argv[0]);
	while (waitpid(pid, &raw, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128;
	if (*status == 127)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be run", argv[0]);
	return MMS_OK;
}

/* Programs of the server stand in /usr/sbin, which not every user has in PATH. */
static const char *
find_server(void)
{
	static const char *const places[] = { "/usr/sbin/mariadbd", "/usr/libexec/mariadbd",
					      "/usr/local/sbin/mariadbd", "/usr/bin/mariadbd" };

	for (size_t i = 0; i < MMS_COUNT(places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

static mms_rc
install_database(const struct demo *demo, struct mms_err *err)
{
	char data[160], log[160];
	int status = 0;
	const char *const argv[] = { "mariadb-install-db",
				     "--no-defaults",
				     "--auth-root-authentication-method=normal",
				     "--skip-test-db",
				     "--force", /* machines that cannot look up their name */
				     geteuid() == 0 ? "--user=root" : "--skip-name-resolve",
				     data,
				     NULL };

	(void)snprintf(data, sizeof data, "--datadir=%s/data", demo->dir);
	(void)snprintf(log, sizeof log, "%s/install.log", demo->dir);
	mms_rc rc = mms_demo_spawn(argv, log, &status, err);
	if (rc == MMS_OK && status != 0)
		rc = mms_fail(err, MMS_E_CONFIG, "mariadb-install-db failed");
	return rc;
}

static pid_t
start_server(const struct demo *demo, const char *program)
{
	char data[160], socket[160], pid_file[160], tmp[160];
	const char *const argv[] = {
		program,
		"--no-defaults",
		data,
		socket,
		pid_file,
		tmp, /* a starting server clears away what others have in /tmp */
		"--skip-networking",
		"--innodb-buffer-pool-size=64M",
		"--innodb-flush-log-at-trx-commit=2",
		"--performance-schema=OFF",
		geteuid() == 0 ? "--user=root" : "--skip-name-resolve",
		NULL
	};

	(void)snprintf(data, sizeof data, "--datadir=%s/data", demo->dir);
	(void)snprintf(socket, sizeof socket, "--socket=%s", demo->socket);
	(void)snprintf(pid_file, sizeof pid_file, "--pid-file=%s/mariadb.pid", demo->dir);
	(void)snprintf(tmp, sizeof tmp, "--tmpdir=%s/data", demo->dir);
	pid_t pid = fork();
	if (pid == 0) {
		(void)execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

/* It prints its port into a file of the demonstration's. */
static pid_t
start_fake(const struct demo *demo)
{
	char dir[160], path[160];
	const char *const argv[] = { demo->fake, dir, NULL };

	if (demo->fake[0] == '\0')
		return 0;
	(void)snprintf(dir, sizeof dir, "%s/fake", demo->dir);
	(void)snprintf(path, sizeof path, "%s/fake.port", demo->dir);
	if (mkdir(dir, 0700) != 0)
		return 0;
	pid_t pid = fork();
	if (pid == 0) {
		int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (out >= 0 && dup2(out, 1) >= 0)
			(void)execv(demo->fake, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static void
end_server(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(pid, SIGTERM);
	for (int64_t until = mms_clock_mono_ms() + STOP_WAIT_MS; mms_clock_mono_ms() < until;) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		mms_clock_sleep_ms(POLL_MS);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void
remove_dir(const struct demo *demo)
{
	MMS_AUTO(mms_err) ignored = { 0 };
	const char *const argv[] = { "rm", "-rf", "--", demo->dir, NULL };
	int status = 0;

	(void)!mms_demo_spawn(argv, NULL, &status, &ignored);
}

/* What the keeper does with its life. It never returns into the program. */
static void
keep(const struct demo *demo, const char *program)
{
	char path[160], port_text[16];
	unsigned port = 0;
	struct mms_feed_stand *stand = NULL;
	MMS_AUTO(mms_err) err = { 0 };
	int64_t until = mms_clock_mono_ms() + KEEP_MS;

	pid_t server = start_server(demo, program), fake = start_fake(demo);
	if (mms_feed_stand_open(&stand, demo->feeds, &port, &err) == MMS_OK) {
		(void)snprintf(path, sizeof path, "%s/port", demo->dir);
		(void)snprintf(port_text, sizeof port_text, "%u\n", port);
		(void)!mms_demo_write(path, port_text, &err);
	}
	while (!atomic_load(mms_app_stop_flag()) && mms_clock_mono_ms() < until &&
	       access(demo->dir, F_OK) == 0 && waitpid(server, NULL, WNOHANG) == 0)
		mms_clock_sleep_ms(10 * POLL_MS);
	mms_feed_stand_close(stand);
	end_server(fake);
	end_server(server);
	remove_dir(demo);
}

/* A process of its own session, with its output in the demonstration's log. */
static mms_rc
fork_keeper(const struct demo *demo, const char *program, struct mms_err *err)
{
	char path[160], text[32];

	(void)snprintf(path, sizeof path, "%s/keeper.lock", demo->dir);
	int lock = open(path, O_RDWR | O_CREAT, 0600);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0)
		return mms_fail(err, MMS_E_CONFIG, "%s is in use", demo->dir);
	(void)fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		return mms_fail(err, MMS_E_CONFIG,
				"no process for the demonstration's servers");
	if (pid == 0) {
		(void)snprintf(path, sizeof path, "%s/keeper.log", demo->dir);
		int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
		int none = open("/dev/null", O_RDONLY);
		(void)setsid();
		if (log < 0 || none < 0 || dup2(none, 0) < 0 || dup2(log, 1) < 0 ||
		    dup2(log, 2) < 0)
			_exit(1);
		keep(demo, program);
		_exit(0);
	}
	(void)close(lock);
	(void)snprintf(path, sizeof path, "%s/keeper.pid", demo->dir);
	(void)snprintf(text, sizeof text, "%ld\n", (long)pid);
	return mms_demo_write(path, text, err);
}

static bool
read_number(const struct demo *demo, const char *name, long *out)
{
	char path[160], text[32] = "";

	(void)snprintf(path, sizeof path, "%s/%s", demo->dir, name);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool has_line = fgets(text, sizeof text, file) != NULL;
	(void)fclose(file);
	*out = has_line ? strtol(text + strcspn(text, "0123456789"), NULL, 10) : 0;
	return has_line && *out > 0;
}

/* Do all of them answer? */
static bool
is_ready(struct demo *demo)
{
	long port = 0, fake_port = 0;
	bool has_fake = demo->fake[0] == '\0' || read_number(demo, "fake.port", &fake_port);

	if (!read_number(demo, "port", &port) || !has_fake || access(demo->socket, F_OK) != 0)
		return false;
	demo->port = (unsigned)port;
	demo->fake_port = (unsigned)fake_port;
	return true;
}

mms_rc
mms_demo_start(struct demo *demo, struct mms_err *err)
{
	const char *program = find_server();

	if (program == NULL) {
		mms_fail(err, MMS_E_CONFIG, "the demonstration needs a MariaDB server");
		return mms_hint(err,
				"apt-get install mariadb-server, or run make demo, which does");
	}
	if (mkdir(demo->dir, 0700) != 0 || mkdir(demo->feeds, 0700) != 0)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be made: %s", demo->dir,
				strerrordesc_np(errno));
	mms_rc rc = install_database(demo, err);
	if (rc == MMS_OK)
		rc = fork_keeper(demo, program, err);
	if (rc != MMS_OK)
		return rc;
	for (int64_t until = mms_clock_mono_ms() + START_WAIT_MS;
	     mms_clock_mono_ms() < until;) {
		if (is_ready(demo))
			return MMS_OK;
		if (atomic_load(mms_app_stop_flag()))
			return mms_fail(err, MMS_E_STOPPED, "stopped");
		mms_clock_sleep_ms(POLL_MS);
	}
	return mms_fail(err, MMS_E_CONFIG, "%s did not start",
			access(demo->socket, F_OK) != 0 ? "MariaDB" : demo->fake);
}

mms_rc
mms_demo_stop(const struct demo *demo, bool *was_there, struct mms_err *err)
{
	char path[160];
	long pid = 0;

	*was_there = access(demo->dir, F_OK) == 0;
	if (!*was_there)
		return MMS_OK;
	(void)snprintf(path, sizeof path, "%s/keeper.lock", demo->dir);
	/* A keeper that lives holds the lock; without it the number may be anybody's. */
	int lock = open(path, O_RDWR | O_CLOEXEC);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) != 0 &&
	    read_number(demo, "keeper.pid", &pid))
		(void)kill((pid_t)pid, SIGTERM);
	for (int64_t until = mms_clock_mono_ms() + 2 * STOP_WAIT_MS;
	     pid > 0 && kill((pid_t)pid, 0) == 0 && access(demo->dir, F_OK) == 0 &&
	     mms_clock_mono_ms() < until;)
		mms_clock_sleep_ms(POLL_MS);
	if (lock >= 0)
		(void)close(lock);
	remove_dir(demo);
	if (access(demo->dir, F_OK) == 0)
		return mms_fail(err, MMS_E_CONFIG, "%s cannot be removed", demo->dir);
	return MMS_OK;
}
