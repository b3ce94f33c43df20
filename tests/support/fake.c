/* Start, steer and stop a fake (see the header). */
#include "support/fake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/clock.h"
#include "support/unit.h"

#define START_MS 20000
#define STOP_MS  10000

void
temp_dir_make(char *out, size_t size)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(out, size, "%s/mmsync-test-XXXXXX", base != NULL ? base : "/tmp");
	if (mkdtemp(out) == NULL)
		fail_msg("%s: %s", out, strerror(errno));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
temp_dir_remove(const char *dir)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

size_t
temp_dir_count(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	if (dir == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	for (struct dirent *e; (e = readdir(dir)) != NULL;)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(dir);
	return n;
}

/* build/dev/tests/integration/test_x -> build/dev/tests/fakes/NAME */
static void
find_program(const char *name, char *out, size_t size)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		fail_msg("where is this program? %s", strerror(errno));
	self[n] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(self, '/');

		if (slash != NULL)
			*slash = '\0';
	}
	(void)snprintf(out, size, "%s/fakes/%s", self, name);
}

/* In the child: become the fake; it ends with its parent, also when that crashes. */
static void
become(const char *program, const char *dir, const char *const *args, int out, pid_t parent)
{
	char *argv[16];
	size_t n = 0;

	argv[n++] = strdup(program);
	argv[n++] = strdup(dir);
	for (size_t i = 0; args != NULL && args[i] != NULL && n + 1 < 16; i++)
		argv[n++] = strdup(args[i]);
	argv[n] = NULL;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0)
		(void)execv(program, argv);
	_exit(127);
}

/* "port N", within the time it may take. */
static unsigned
read_port(int fd)
{
	int64_t until = mms_clock_mono_ms() + START_MS;
	char line[64] = "";
	size_t len = 0;
	unsigned port = 0;

	while (strchr(line, '\n') == NULL && len + 1 < sizeof line) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until - mms_clock_mono_ms();

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
		ssize_t n = read(fd, line + len, sizeof line - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		line[len] = '\0';
	}
	if (strncmp(line, "port ", 5) == 0)
		port = (unsigned)strtoul(line + 5, NULL, 10);
	return port;
}

void
fake_start(struct fake *fake, const char *name, const char *const *args)
{
	char program[600];
	int ends[2];
	pid_t parent = getpid();

	*fake = (struct fake){ 0 };
	for (size_t i = 0; args != NULL && args[i] != NULL; i++)
		fake->is_tls = fake->is_tls || strcmp(args[i], "--tls") == 0;
	find_program(name, program, sizeof program);
	temp_dir_make(fake->dir, sizeof fake->dir);
	if (pipe2(ends, O_CLOEXEC) != 0)
		fail_msg("pipe: %s", strerror(errno));
	fake->pid = fork();
	if (fake->pid == 0)
		become(program, fake->dir, args, ends[1], parent);
	(void)close(ends[1]);
	fake->port = fake->pid > 0 ? read_port(ends[0]) : 0;
	(void)close(ends[0]);
	if (fake->port == 0) {
		fake_stop(fake);
		fail_msg("%s did not start", program);
	}
}

void
fake_stop(struct fake *fake)
{
	int64_t until = mms_clock_mono_ms() + STOP_MS;
	bool is_gone = false;

	if (fake == NULL || fake->dir[0] == '\0')
		return;
	if (fake->pid > 0) {
		(void)kill(fake->pid, SIGTERM);
		while (!is_gone && mms_clock_mono_ms() < until) {
			is_gone = waitpid(fake->pid, NULL, WNOHANG) != 0;
			if (!is_gone)
				mms_clock_sleep_ms(2);
		}
		if (!is_gone) {
			(void)kill(fake->pid, SIGKILL);
			(void)waitpid(fake->pid, NULL, 0);
		}
	}
	temp_dir_remove(fake->dir);
	*fake = (struct fake){ 0 };
}

void
fake_write_n(const struct fake *fake, const char *name, const char *bytes, size_t len)
{
	char path[512], fresh[512];

	(void)snprintf(path, sizeof path, "%s/%s", fake->dir, name);
	(void)snprintf(fresh, sizeof fresh, "%s/.%s.new", fake->dir, name);
	FILE *file = fopen(fresh, "we");
	if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0 ||
	    rename(fresh, path) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}

void
fake_write(const struct fake *fake, const char *name, const char *text)
{
	fake_write_n(fake, name, text, strlen(text));
}

void
fake_conf(const struct fake *fake, const char *name, const char *conf)
{
	char with_suffix[256];

	(void)snprintf(with_suffix, sizeof with_suffix, "%s.conf", name);
	fake_write(fake, with_suffix, conf);
}

char *
fake_host(const struct fake *fake, char *out, size_t size)
{
	(void)snprintf(out, size, "127.0.0.1:%u", fake->port);
	return out;
}

char *
fake_url(const struct fake *fake, const char *path, char *out, size_t size)
{
	(void)snprintf(out, size, "%s://127.0.0.1:%u%s", fake->is_tls ? "https" : "http",
		       fake->port, path);
	return out;
}

void
fake_read_log(const struct fake *fake, struct mms_str *out)
{
	char path[512], piece[4096];
	size_t n;

	mms_str_clear(out);
	(void)snprintf(path, sizeof path, "%s/requests.log", fake->dir);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		mms_str_addn(out, piece, n);
	(void)fclose(file);
}

size_t
fake_count(const struct fake *fake, const char *path)
{
	MMS_AUTO(mms_str) log = { 0 };
	char wanted[512] = "{\"method\":";
	size_t n = 0;

	if (path != NULL)
		(void)snprintf(wanted, sizeof wanted, "\"path\":\"%s\"", path);
	fake_read_log(fake, &log);
	for (const char *at = mms_str_get(&log); (at = strstr(at, wanted)) != NULL; at++)
		n++;
	return n;
}

void
fake_clear_log(const struct fake *fake)
{
	char path[512];

	/* The fake appends: an emptied file is written from its beginning. */
	(void)snprintf(path, sizeof path, "%s/requests.log", fake->dir);
	if (truncate(path, 0) != 0)
		fail_msg("%s: %s", path, strerror(errno));
}
