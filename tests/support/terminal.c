/* The program behind a terminal, a broken pipe, a full disk (see the header). */
#include "support/terminal.h"

#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/program.h"

enum { ARGS_MAX = 32, RUN_SECONDS = 120 };

static void
open_terminal(const char *name)
{
	int fd = setsid() < 0 ? -1 : open(name, O_RDWR);

	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0 || dup2(fd, 0) < 0 || dup2(fd, 1) < 0 ||
	    dup2(fd, 2) < 0)
		_exit(127);
}

static void
open_pipe_without_reader(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], 1) < 0)
		_exit(127);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

/* In the child: nothing may fail the test from here. */
static void
become(enum terminal_out how, const char *terminal, int err_fd, const char *const *env,
       const char *const *args)
{
	char path[PATH_MAX], *argv[ARGS_MAX + 2] = { NULL };

	mms_test_program_path(path);
	if (how == OUT_TERMINAL)
		open_terminal(terminal);
	else if (dup2(err_fd, 2) < 0)
		_exit(127);
	if (how == OUT_LOST_READER)
		open_pipe_without_reader();
	else if (how == OUT_FULL && dup2(open("/dev/full", O_WRONLY), 1) < 0)
		_exit(127);
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		(void)putenv(strdup(env[i]));
	argv[0] = strdup("mmsync");
	for (size_t i = 0; args[i] != NULL && i < ARGS_MAX; i++)
		argv[i + 1] = strdup(args[i]);
	for (int fd = 0; how == OUT_CLOSED && fd < 3; fd++)
		(void)close(fd);
	(void)alarm(RUN_SECONDS);
	(void)execv(path, argv);
	_exit(127);
}

static char *
read_terminal(int fd)
{
	size_t n = 0, cap = 1 << 20;
	char *text = calloc(1, cap);
	ssize_t got;

	assert_non_null(text);
	/* EIO: the last one who held its other side has gone */
	while (n + 1 < cap &&
	       ((got = read(fd, text + n, cap - n - 1)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? (size_t)got : 0;
	return text;
}

static char *
read_file(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	char *text = calloc(1, (size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	return text;
}

bool
terminal_program(struct terminal_run *run, enum terminal_out how, const char *const *env,
		 const char *const *args)
{
	int terminal = how == OUT_TERMINAL ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	int err_fd = memfd_create("err", MFD_CLOEXEC), status = 0;
	const char *typed = run->typed;
	char name[64] = "";

	terminal_run_release(run);
	assert_true(err_fd >= 0);
	if (how == OUT_TERMINAL &&
	    (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 ||
	     ptsname_r(terminal, name, sizeof name) != 0 || access(name, W_OK) != 0)) {
		(void)close(err_fd);
		return false;
	}
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become(how, name, err_fd, env, args);
	if (terminal >= 0 && typed != NULL && write(terminal, typed, strlen(typed)) < 0)
		fail_msg("nothing can be typed");
	run->out = terminal >= 0 ? read_terminal(terminal) : calloc(1, 1);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	run->err = read_file(err_fd);
	if (terminal >= 0)
		(void)close(terminal);
	(void)close(err_fd);
	return true;
}

void
terminal_run_release(struct terminal_run *run)
{
	if (run == NULL)
		return;
	free(run->out);
	free(run->err);
	*run = (struct terminal_run){ 0 };
}
