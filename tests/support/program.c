/* The program under test as a child, and site folders (see the header). */
#include "support/program.h"

#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 32 };

/* The program of this test's own build: build/dev/tests/unit/x belongs to build/dev/mmsync. */
void
mms_test_program_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 16);

	if (n < 0)
		fail_msg("/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	char *tests = NULL;
	for (char *p = path; (p = strstr(p, "/tests/")) != NULL; p++)
		tests = p;
	if (tests == NULL) {
		fail_msg("%s does not stand under tests/", path);
		return;
	}
	memcpy(tests, "/mmsync", sizeof "/mmsync");
	if (access(path, X_OK) != 0)
		fail_msg("%s is not built", path);
}

/* In the child: nothing may fail the test from here. */
static void
become(const char *path, int out_fd, int err_fd, const char *const *env,
       const char *const *args)
{
	char *argv[ARGS_MAX + 2] = { NULL };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(out_fd, STDOUT_FILENO);
	(void)dup2(err_fd, STDERR_FILENO);
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		(void)putenv(strdup(env[i]));
	argv[0] = strdup("mmsync");
	for (size_t i = 0; args[i] != NULL && i < ARGS_MAX; i++)
		argv[i + 1] = strdup(args[i]);
	(void)execv(path, argv);
	_exit(127);
}

void
mms_test_program_start(struct mms_test_run *run, const char *const *env,
		       const char *const *args)
{
	char path[PATH_MAX];

	mms_test_run_release(run);
	mms_test_program_path(path);
	run->out_fd = memfd_create("out", MFD_CLOEXEC);
	run->err_fd = memfd_create("err", MFD_CLOEXEC);
	if (run->out_fd < 0 || run->err_fd < 0)
		fail_msg("memfd_create: %s", strerror(errno));
	run->pid = fork();
	if (run->pid < 0)
		fail_msg("fork: %s", strerror(errno));
	if (run->pid == 0)
		become(path, run->out_fd, run->err_fd, env, args);
}

static char *
read_all(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		fail_msg("fstat: %s", strerror(errno));
	char *text = calloc(1, (size_t)st.st_size + 1);
	if (text == NULL)
		fail_msg("no memory");
	else if (pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		fail_msg("pread: %s", strerror(errno));
	(void)close(fd);
	return text;
}

void
mms_test_program_end(struct mms_test_run *run)
{
	int status = 0;

	while (waitpid(run->pid, &status, 0) < 0) {
		if (errno != EINTR)
			fail_msg("waitpid: %s", strerror(errno));
	}
	run->pid = 0;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	run->out = read_all(run->out_fd);
	run->err = read_all(run->err_fd);
}

int
mms_test_program(struct mms_test_run *run, const char *const *env, const char *const *args)
{
	mms_test_program_start(run, env, args);
	mms_test_program_end(run);
	return run->status;
}

void
mms_test_run_release(struct mms_test_run *run)
{
	if (run == NULL)
		return;
	if (run->pid > 0) {
		(void)kill(run->pid, SIGKILL);
		mms_test_program_end(run);
	}
	free(run->out);
	free(run->err);
	*run = (struct mms_test_run){ 0 };
}

static void
make_dir(const char *path)
{
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		fail_msg("%s: %s", path, strerror(errno));
}

void
mms_test_site_make(struct mms_test_server *server, const char *name, const char *more,
		   char dir[MMS_TEST_DIR_MAX])
{
	char path[MMS_TEST_DIR_MAX + 32];
	const struct mms_db_settings *db = &server->settings;

	(void)snprintf(path, sizeof path, "%s/bench", server->dir);
	make_dir(path);
	(void)snprintf(path, sizeof path, "%s/bench/sites", server->dir);
	make_dir(path);
	(void)snprintf(dir, MMS_TEST_DIR_MAX, "%s/bench/sites/%s", server->dir, name);
	make_dir(dir);
	(void)snprintf(path, sizeof path, "%s/site_config.json", dir);
	FILE *file = fopen(path, "we");
	if (file == NULL) {
		fail_msg("%s: %s", path, strerror(errno));
		return;
	}
	fprintf(file,
		"{\n  \"db_name\": \"%s\", \"db_user\": \"%s\", \"db_password\": \"%s\",\n"
		"  \"db_socket\": \"%s\"%s\n}\n",
		db->database, db->user, db->password, server->socket, more);
	if (fclose(file) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static const char *
no_env(void *aux, const char *name)
{
	(void)aux;
	(void)name;
	return NULL;
}

void
mms_test_site_load(const char *dir, struct mms_site *out)
{
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_site_load(dir, no_env, NULL, out, &err) != MMS_OK)
		fail_msg("%s: %s", dir, mms_err_text(&err));
}

const char *
mms_test_frappe_ddl(void)
{
	static char path[PATH_MAX + 64];
	const char *corpus = getenv("MMS_CORPUS");

	if (corpus != NULL)
		(void)snprintf(path, sizeof path, "%s/../frappe_ddl.sql", corpus);
	else
		(void)snprintf(path, sizeof path, "%s/../shared/frappe_ddl.sql",
			       mms_test_root());
	return access(path, R_OK) == 0 ? path : NULL;
}
