/* The run, samples, rows of the report (see the header). */
#include "bench.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mmsync/json.h"

_Noreturn void
bench_die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("bench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void
bench_say(const char *fmt, ...)
{
	bool is_terminal = isatty(STDERR_FILENO) == 1;
	va_list ap;

	fputs(is_terminal ? "\r\033[K" : "", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(is_terminal ? "" : "\n", stderr);
	fflush(stderr);
}

/* build/VARIANT/tests/bench/NAME of the repository: the program stands three folders up. */
static void
find_places(struct bench *b)
{
	char self[400];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0)
		bench_die("/proc/self/exe cannot be read");
	self[n] = '\0';
	char *tests = strstr(self, "/tests/bench/");
	if (tests == NULL)
		bench_die("%s does not stand under build/", self);
	else
		*tests = '\0';
	(void)snprintf(b->program, sizeof b->program, "%s/mmsync", self);
	char *build = strstr(self, "/build/");
	if (build == NULL)
		bench_die("%s does not stand under build/", self);
	else
		*build = '\0';
	(void)snprintf(b->root, sizeof b->root, "%s", self);
}

void
bench_open(struct bench *b, int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr,
			"usage: %s DIR PORT ROUNDS OUT [NAME...]; see tests/bench/run\n",
			argv[0]);
		exit(2);
	}
	*b = (struct bench){ .names = argv + 5, .n_names = (size_t)(argc - 5) };
	(void)snprintf(b->dir, sizeof b->dir, "%s", argv[1]);
	(void)snprintf(b->site, sizeof b->site, "%s/sites/bench", b->dir);
	(void)snprintf(b->socket, sizeof b->socket, "%s/db/s", b->dir);
	b->port = (unsigned)strtoul(argv[2], NULL, 10);
	b->rounds = (size_t)strtoul(argv[3], NULL, 10);
	if (b->rounds < 1 || b->rounds > BENCH_ROUNDS_MAX)
		bench_die("%s rounds: 1 to %d", argv[3], BENCH_ROUNDS_MAX);
	b->out = fopen(argv[4], "ae");
	if (b->out == NULL)
		bench_die("%s cannot be written", argv[4]);
	char notes[128];
	(void)snprintf(notes, sizeof notes, "%s/notes", b->dir);
	b->notes = fopen(notes, "ae");
	if (b->notes == NULL)
		bench_die("%s cannot be written", notes);
	find_places(b);
}

int
bench_close(struct bench *b)
{
	bool is_written = fclose(b->notes) == 0;

	return fclose(b->out) == 0 && is_written ? 0 : 1;
}

bool
bench_wants(const struct bench *b, const char *name)
{
	for (size_t i = 0; i < b->n_names; i++) {
		if (strncmp(b->names[i], name, strlen(b->names[i])) == 0)
			return true;
	}
	return b->n_names == 0;
}

/* ---- samples ------------------------------------------------------------------------------- */

double
bench_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
bench_add(struct bench_samples *s, double value)
{
	if (s->n == BENCH_ROUNDS_MAX)
		bench_die("more than %d samples", BENCH_ROUNDS_MAX);
	s->values[s->n++] = value;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct bench_samples
sorted(const struct bench_samples *s)
{
	struct bench_samples copy = *s;

	if (copy.n == 0)
		bench_die("a row without samples");
	qsort(copy.values, copy.n, sizeof copy.values[0], by_size);
	return copy;
}

double
bench_median(const struct bench_samples *s)
{
	struct bench_samples v = sorted(s);

	return v.n % 2 ? v.values[v.n / 2] : (v.values[v.n / 2 - 1] + v.values[v.n / 2]) / 2;
}

double
bench_min(const struct bench_samples *s)
{
	return sorted(s).values[0];
}

double
bench_max(const struct bench_samples *s)
{
	return sorted(s).values[s->n - 1];
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void
put_json(const struct bench *b, const struct bench_row *row, const struct bench_samples *s,
	 const char *context)
{
	MMS_AUTO(mms_str) text = { 0 };
	MMS_AUTO(mms_json) j = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	if (mms_json_open_str(&j, &text, false, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	mms_json_text(&j, context);
	if (mms_json_check(&j, &err) != MMS_OK)
		bench_die("%s", mms_err_text(&err));
	fprintf(b->out,
		"{\"name\":\"%s\",\"ratio\":%.*f,\"min\":%.*f,\"max\":%.*f,\"goal\":%g,"
		"\"direction\":\"%s\",\"unit\":\"%s\",\"context\":%s}\n",
		row->name, row->decimals + 1, bench_median(s), row->decimals + 1, bench_min(s),
		row->decimals + 1, bench_max(s), row->goal, row->direction, row->unit,
		mms_str_get(&text));
	if (fflush(b->out) != 0)
		bench_die("the report cannot be written");
}

void
bench_report(const struct bench *b, const struct bench_row *row, const struct bench_samples *s,
	     const char *fmt, ...)
{
	char context[1024], value[32], range[48], goal[32];
	va_list ap;

	if (!bench_wants(b, row->name))
		return;
	bool is_ratio = strcmp(row->unit, "ratio") == 0;
	double median = bench_median(s);
	bool is_met = row->direction[0] == '>' ? median >= row->goal : median <= row->goal;
	va_start(ap, fmt);
	(void)vsnprintf(context, sizeof context, fmt, ap);
	va_end(ap);
	(void)snprintf(value, sizeof value, "%.*f", row->decimals, median);
	(void)snprintf(range, sizeof range, "[%.*f-%.*f]", row->decimals, bench_min(s),
		       row->decimals, bench_max(s));
	(void)snprintf(goal, sizeof goal, "%s %g%s%s", row->direction, row->goal,
		       is_ratio ? "" : " ", is_ratio ? "" : row->unit);
	if (isatty(STDERR_FILENO) == 1)
		fputs("\r\033[K", stderr);
	printf("%-16s %7s %-16s %-10s %s\n", row->name, value, range, goal,
	       is_met ? "ok" : "below");
	(void)fflush(stdout);
	put_json(b, row, s, context);
	fprintf(b->notes, "%s: %s\n", row->name, context);
	if (fflush(b->notes) != 0)
		bench_die("the notes cannot be written");
}
