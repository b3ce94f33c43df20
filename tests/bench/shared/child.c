/* Measured child processes (see the header). */
#include "bench.h"

#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void
say_log(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "re");
	long at = 0;

	if (file == NULL)
		return;
	if (fseek(file, 0, SEEK_END) == 0)
		at = ftell(file);
	if (fseek(file, at > 2000 ? at - 2000 : 0, SEEK_SET) == 0) {
		while (fgets(line, sizeof line, file) != NULL)
			fputs(line, stderr);
	}
	(void)fclose(file);
}

static pid_t
start(const char *const *argv, const char *out_path, const char *log_path)
{
	posix_spawn_file_actions_t actions;
	char *words[32];
	size_t n = 0;
	pid_t pid = 0;

	for (; argv[n] != NULL; n++) {
		if (n + 1 == sizeof words / sizeof words[0])
			bench_die("a command of more than %zu words", n);
		memcpy(&words[n], &argv[n], sizeof words[n]);
	}
	words[n] = NULL;
	bool is_bad =
		posix_spawn_file_actions_init(&actions) != 0 ||
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
						 0) != 0 ||
		posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_path,
						 O_WRONLY | O_CREAT | O_TRUNC, 0600) != 0 ||
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log_path,
						 O_WRONLY | O_CREAT | O_APPEND, 0600) != 0;
	if (is_bad || posix_spawnp(&pid, words[0], &actions, NULL, words, environ) != 0)
		bench_die("%s cannot be started", argv[0]);
	(void)posix_spawn_file_actions_destroy(&actions);
	return pid;
}

void
bench_child(const struct bench *b, const char *const *argv, const char *stdout_path,
	    bool may_find, struct bench_child *out)
{
	char log_path[128];
	struct rusage used;
	int status = 0;

	(void)snprintf(log_path, sizeof log_path, "%s/log", b->dir);
	double began = bench_now();
	pid_t pid = start(argv, stdout_path != NULL ? stdout_path : "/dev/null", log_path);
	while (wait4(pid, &status, 0, &used) != pid) {
	}
	out->seconds = bench_now() - began;
	out->cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	out->peak_mib = (double)used.ru_maxrss / 1024;
	if (WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || (may_find && WEXITSTATUS(status) == 1)))
		return;
	say_log(log_path);
	bench_die("%s %s ended with status %d", argv[0], argv[1] != NULL ? argv[1] : "",
		  WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
