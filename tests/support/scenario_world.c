/* The world that stories happen in, and the program run in it (see scenario.h). */
#include "support/scenario.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/timetext.h"
#include "support/gfake.h"

/* A story is over long before; a program that hangs is killed. */
#define RUN_SECONDS 60

/* ---- running the program -------------------------------------------------------------------- */

char **
scenario_words(char *text, size_t *n)
{
	char **words = calloc(strlen(text) + 2, sizeof *words);

	*n = 0;
	for (char *p = text; words != NULL && *p != '\0';) {
		while (*p == ' ')
			p++;
		if (*p == '\0')
			break;
		bool is_quoted = *p == '"';
		words[(*n)++] = is_quoted ? ++p : p;
		p = strchr(p, is_quoted ? '"' : ' ');
		if (p == NULL)
			break;
		*p++ = '\0';
	}
	return words;
}

static void
read_all(const char *path, struct mms_str *out)
{
	char chunk[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	mms_str_clear(out);
	while (fd >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0)
		mms_str_addn(out, chunk, (size_t)n);
	if (fd >= 0)
		(void)close(fd);
}

/* In the child: an allocation of a library is to fail ("libmariadb:12"). */
static void
preload(struct scenario *s, const char *fault)
{
	char path[600];
	const char *program = s->world->program;

	(void)snprintf(path, sizeof path, "%.*s/tests/preload/fail_malloc.so",
		       (int)(strrchr(program, '/') - program), program);
	(void)setenv("LD_PRELOAD", path, 1);
	(void)setenv("FAIL_MALLOC", fault, 1);
	(void)snprintf(path, sizeof path, "%s/../library-counts", s->world->site_dir);
	(void)setenv("FAIL_MALLOC_COUNT", path, 1);
}

/* In the child: become the program. */
static void
become(struct scenario *s, char **words, size_t n, const char *fault, const char *out_path,
       const char *err_path)
{
	char counts_path[192];
	char now[MMS_TIME_TEXT_MAX];
	char **argv = calloc(n + 4, sizeof *argv);
	int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argv == NULL || out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	(void)snprintf(counts_path, sizeof counts_path, "%s/../counts", s->world->site_dir);
	argv[0] = s->world->program;
	argv[1] = (char[]){ "--site" };
	argv[2] = s->world->site_dir;
	memcpy(argv + 3, words, n * sizeof *words);
	(void)setenv("MMSYNC_NOW", mms_time_print(s->now_ms, now), 1);
	if (fault != NULL && strncmp(fault, "lib", 3) == 0)
		preload(s, fault);
	else if (fault != NULL)
		(void)setenv("MMSYNC_FAULT", fault, 1);
	if (s->sabotage != NULL)
		(void)setenv("MMSYNC_SABOTAGE", s->sabotage, 1);
	(void)setenv("MMSYNC_FAULT_COUNTS", counts_path, 1);
	(void)unlink(counts_path); /* a program that is killed leaves none */
	(void)alarm(RUN_SECONDS);
	(void)execv(argv[0], argv);
	_exit(127);
}

/* Wait for its end; asleep at a pause, the story's pause is played and it is woken. */
static bool
wait_for(struct scenario *s, pid_t pid, int *status)
{
	bool is_ok = true;

	while (pid > 0) {
		pid_t got = waitpid(pid, status, WUNTRACED);

		if (got == pid && !WIFSTOPPED(*status))
			break;
		if (got < 0 && errno != EINTR)
			return scenario_fail(s, "waitpid: %s", strerror(errno));
		if (got == pid && s->on_pause != NULL && is_ok)
			is_ok = s->on_pause(s, pid, s->aux);
		if (got == pid)
			(void)kill(pid, SIGCONT);
	}
	return is_ok && (pid > 0 || scenario_fail(s, "fork: %s", strerror(errno)));
}

/* A run that came to its end has given back its places at the service: they are told by its number. */
static bool
holds_nothing(struct scenario *s, pid_t pid)
{
	int64_t n = s->service == NULL
			    ? 0
			    : mms_test_ask_i64(&s->world->server,
					       "SELECT COUNT(*) FROM mmsync_slot WHERE holder "
					       "LIKE '%%:%ld:%%' AND held_until > "
					       "UTC_TIMESTAMP(6)",
					       (long)pid);

	return n == 0 || scenario_fail(s, "a run has ended and holds %lld slots of mmsync_slot",
				       (long long)n);
}

bool
scenario_run(struct scenario *s, const char *arguments, const char *fault)
{
	char out_path[192], err_path[192];
	char *text = strdup(arguments);
	size_t n = 0;
	char **words = text != NULL ? scenario_words(text, &n) : NULL;
	bool may_be_killed = fault != NULL && strstr(fault, "step") != NULL;
	int status = 0;

	if (words == NULL)
		return scenario_fail(s, "out of memory");
	(void)snprintf(out_path, sizeof out_path, "%s/../out", s->world->site_dir);
	(void)snprintf(err_path, sizeof err_path, "%s/../err", s->world->site_dir);
	scenario_service_clock(s);
	pid_t pid = fork();
	if (pid == 0)
		become(s, words, n, fault, out_path, err_path);
	bool is_ok = wait_for(s, pid, &status);
	free(words);
	free(text);
	read_all(out_path, &s->out);
	read_all(err_path, &s->err);
	if (!is_ok)
		return false;
	s->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	bool is_crash = WIFSIGNALED(status) && !(may_be_killed && WTERMSIG(status) == SIGKILL);
	bool is_sanitizer = strstr(mms_str_get(&s->err), "Sanitizer") != NULL ||
			    strstr(mms_str_get(&s->err), "runtime error:") != NULL;
	if (is_crash || is_sanitizer || s->exit_status == 127)
		return scenario_fail(s, "mmsync %s (fault %s) ended with %d:\n%s", arguments,
				     fault != NULL ? fault : "none", s->exit_status,
				     mms_str_get(&s->err));
	return fault != NULL || holds_nothing(s, pid);
}

/* ---- the world ------------------------------------------------------------------------------ */

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		perror(path);
		abort();
	}
}

/* Further settings that the whole suite is played with (docs/testing.md, "Modes"). */
static void
add_mode(struct scenario *s, struct mms_str *text)
{
	const char *rows = getenv("MMS_TEST_BATCH");

	if (rows != NULL && strstr(mms_str_get(&s->config), "batch_rows") == NULL)
		mms_str_addf(text, ",\"batch_rows\":%s", rows);
}

/* Where the services are, where the story does not say so itself. */
static void
add_services(struct scenario *s, struct mms_str *text)
{
	static const struct {
		const char *key, *base, *token;
	} services[] = { { "google", "/calendar/v3", "/token" },
			 { "microsoft", "/v1.0", "/common/oauth2/v2.0/token" } };
	char base[128], token[128], key[40];

	for (size_t i = 0; i < MMS_COUNT(services); i++) {
		(void)snprintf(key, sizeof key, "\"%s\"", services[i].key);
		if (strstr(mms_str_get(&s->config), key) != NULL)
			continue;
		mms_str_addf(
			text,
			",%s:{\"client_id\":\"" GFAKE_CLIENT_ID
			"\",\"client_secret\":\"" GFAKE_CLIENT_SECRET
			"\",\"api_base\":\"%s\",\"token_url\":\"%s\"}",
			key, fake_url(&s->world->service, services[i].base, base, sizeof base),
			fake_url(&s->world->service, services[i].token, token, sizeof token));
	}
}

void
scenario_write_config(struct scenario *s)
{
	char path[256], host[64], service[64];
	MMS_AUTO(mms_str) text = { 0 };
	const struct mms_test_server *server = &s->world->server;
	const char *key = s->world->db_host != NULL ? "db_host" : "db_socket";
	const char *place = s->world->db_host != NULL ? s->world->db_host : server->socket;

	mms_str_addf(
		&text,
		"{%s\"db_name\":\"%s\",\"db_password\":\"%s\",\"%s\":\"%s\",\"mmsync\":{"
		"\"http\":{\"allow_hosts\":[\"%s\",\"%s\"],\"timeout_s\":3,\"connect_"
		"timeout_s\":2},"
		"\"retry\":{\"base_ms\":1,\"max_s\":1}%s%s%s",
		mms_str_get(&s->site_keys), server->database, server->password, key, place,
		fake_host(&s->world->feeds, host, sizeof host),
		fake_host(&s->world->service, service, sizeof service),
		/* The run after a fault heals at once; a story of circuits says it itself. */
		s->fault.sync_number > 0 ? ",\"circuit\":{\"threshold\":1000}" : "",
		s->config.len > 0 ? "," : "", mms_str_get(&s->config));
	add_services(s, &text);
	add_mode(s, &text);
	mms_str_add(&text, "}");
	if (strstr(mms_str_get(&s->site_keys), "encryption_key") == NULL)
		mms_str_add(&text, ",\"encryption_key\":\"" SCENARIO_ENCRYPTION_KEY "\"");
	mms_str_add(&text, "}\n");
	(void)snprintf(path, sizeof path, "%s/site_config.json", s->world->site_dir);
	write_file(path, mms_str_get(&text));
}

void
world_start(struct world *world)
{
	static char text[512]; /* the server is started again with them */
	static const char *args[16];
	const char *mode = getenv("MMS_TEST_SERVER");
	char *save = NULL;
	size_t n = 0;

	(void)snprintf(text, sizeof text, "%s", mode != NULL ? mode : "");
	for (char *word = strtok_r(text, " ", &save); word != NULL && n + 1 < MMS_COUNT(args);
	     word = strtok_r(NULL, " ", &save))
		args[n++] = word;
	args[n] = NULL;
	world_start_with(world, args);
}

void
world_start_with(struct world *world, const char *const *server_args)
{
	char dir[128];
	struct scenario s = { .world = world, .path = "world", .now_ms = 0 };

	mms_test_server_start(&world->server, server_args);
	fake_start(&world->feeds, "feed_server", NULL);
	gfake_start(&world->service);
	temp_dir_make(dir, sizeof dir);
	(void)snprintf(world->site_dir, sizeof world->site_dir, "%s/site", dir);
	if (mkdir(world->site_dir, 0700) != 0)
		abort();
	ssize_t n = readlink("/proc/self/exe", world->program, sizeof world->program - 1);
	if (n < 0)
		abort();
	world->program[n] = '\0';
	char *tests = strstr(world->program, "/tests/");
	if (tests == NULL)
		abort();
	(void)snprintf(tests, sizeof world->program - (size_t)(tests - world->program),
		       "/mmsync");
	scenario_write_config(&s);
	if (!scenario_run(&s, "schema apply --with-frappe", NULL) || s.exit_status != 0) {
		fprintf(stderr, "schema apply: %s%s\n%s\n", s.failure, mms_str_get(&s.out),
			mms_str_get(&s.err));
		abort();
	}
	scenario_release(&s);
}

void
world_stop(struct world *world)
{
	char *last = strrchr(world->site_dir, '/');

	fake_stop(&world->feeds);
	fake_stop(&world->service);
	mms_test_server_stop(&world->server);
	if (last != NULL) {
		*last = '\0';
		temp_dir_remove(world->site_dir);
	}
}

/* No feed and no behaviour of an earlier story is left. */
static void
clear_feeds(struct scenario *s)
{
	DIR *dir = opendir(s->world->feeds.dir);

	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		if (strstr(e->d_name, ".ics") != NULL &&
		    unlinkat(dirfd(dir), e->d_name, 0) != 0)
			abort();
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* Empty what an earlier story left; tables of Frappe and of ours, not the installation. */
void
scenario_reset(struct scenario *s)
{
	static const char *const tables[] = { "tabMM Calendar Event Sync",
					      "tabMM Calendar Integration",
					      "tabMM Meeting Booking",
					      "tabMM Meeting Booking Assigned User",
					      "tabMM Meeting Booking Participant",
					      "tabMM Meeting Booking History",
					      "tabMM User Settings",
					      "tabUser",
					      "tabSeries",
					      "tabVersion",
					      "tabSingles",
					      "__Auth",
					      "mmsync_budget",
					      "mmsync_circuit",
					      "mmsync_slot",
					      "mmsync_cursor",
					      "mmsync_event_state",
					      "mmsync_busy_block",
					      "mmsync_block_due",
					      "mmsync_same_meeting",
					      "mmsync_outbox",
					      "mmsync_dead_letter",
					      "mmsync_removed",
					      "mmsync_run" };
	MMS_AUTO(mms_str) sql = { 0 };

	for (size_t i = 0; i < MMS_COUNT(tables); i++)
		mms_str_addf(&sql, "DELETE FROM `%s`;", tables[i]);
	/* On which day of the week a calendar is read in full follows from its cursor's id. */
	mms_str_add(&sql, "ALTER TABLE mmsync_cursor AUTO_INCREMENT = 1;");
	/* What a story that was broken off has not taken away itself. */
	mms_str_add(&sql, "ALTER TABLE `tabMM Calendar Event Sync` DROP CONSTRAINT IF EXISTS "
			  "poison;");
	/* A Custom Field that a story has added. */
	mms_str_add(&sql, "ALTER TABLE `tabMM Calendar Integration` DROP COLUMN IF EXISTS "
			  "mmsync_busy_blocks;");
	mms_str_add(&sql, "UPDATE mmsync_installation SET bookings_seen = NULL;");
	mms_str_add(&sql, "INSERT INTO tabSingles (doctype, field, value) VALUES"
			  " ('System Settings', 'time_zone', 'UTC'),"
			  " ('System Settings', 'enable_scheduler', '1')");
	mms_test_sql(&s->world->server, "%s", mms_str_get(&sql));
	mms_str_clear(&s->config);
	mms_str_clear(&s->site_keys);
	scenario_write_config(s);
	clear_feeds(s);
	fake_clear_log(&s->world->feeds);
	gfake_control(&s->world->service, "reset\n");
	s->service_now_ms = 0;
	fake_clear_log(&s->world->service);
}
