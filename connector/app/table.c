/* Tables that align and progress bars (see the header). */
#include "mmsync/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "mmsync/utf8.h"

/* Blanks between two columns. */
#define GAP         2
#define BAR_WIDTH   24
#define DRAW_GAP_MS 100

static size_t
width_of(const char *text)
{
	return mms_utf8_count(text, strlen(text));
}

static size_t
column_width(const struct mms_table *table, size_t c)
{
	size_t head = strlen(table->heads[c]);

	return table->widths[c] > head ? table->widths[c] : head;
}

mms_rc
mms_table_add(struct mms_table *table, const char *cell, struct mms_err *err)
{
	if (table->n_columns == 0 || table->n_columns > MMS_TABLE_COLUMNS)
		return mms_fail(err, MMS_E_BUG, "a table of %zu columns", table->n_columns);
	char **moved = mms_grow(table->cells, table->n, &table->cap, sizeof *table->cells);

	if (moved == NULL)
		return mms_fail_nomem(err);
	table->cells = moved;
	table->cells[table->n] = mms_text_copy(cell != NULL ? cell : "");
	if (table->cells[table->n] == NULL)
		return mms_fail_nomem(err);
	size_t c = table->n % table->n_columns, width = width_of(table->cells[table->n]);
	if (width > table->widths[c])
		table->widths[c] = width;
	table->n++;
	return MMS_OK;
}

mms_rc
mms_table_add_i64(struct mms_table *table, int64_t n, struct mms_err *err)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return mms_table_add(table, text, err);
}

/* Columns of the terminal; SIZE_MAX: none, or it does not say. */
static size_t
room(const struct mms_app *app)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };

	if (!app->is_stdout_terminal)
		return SIZE_MAX;
	long n = columns != NULL ? strtol(columns, NULL, 10) : 0;
	if (n <= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		n = size.ws_col;
	return n > 0 ? (size_t)n : SIZE_MAX;
}

/* Which columns stand in the line. */
static void
choose_columns(const struct mms_app *app, const struct mms_table *table,
	       bool is_in[MMS_TABLE_COLUMNS])
{
	size_t most = room(app), width = 0;

	for (size_t c = 0; c < table->n_columns; c++) {
		is_in[c] = true;
		width += column_width(table, c) + (c > 0 ? GAP : 0);
	}
	for (unsigned rank = 1; table->gives_way != NULL && rank <= MMS_TABLE_COLUMNS; rank++) {
		for (size_t c = 0; width > most && c < table->n_columns; c++) {
			if (table->gives_way[c] != rank)
				continue;
			is_in[c] = false;
			width -= column_width(table, c) + GAP;
		}
	}
}

static void
print_cell(const char *text, size_t width, bool is_right, bool is_last)
{
	size_t n = width_of(text);
	int pad = (int)(width > n ? width - n : 0);

	if (is_right)
		printf("%*s%s", pad, "", text);
	else
		printf("%s%*s", text, is_last ? 0 : pad, "");
	fputs(is_last ? "\n" : "  ", stdout);
}

/* The cells of one line. */
static void
print_line(const struct mms_table *table, const char *const *cells,
	   const bool is_in[MMS_TABLE_COLUMNS])
{
	size_t last = 0;

	for (size_t c = 0; c < table->n_columns; c++)
		last = is_in[c] ? c : last;
	for (size_t c = 0; c < table->n_columns; c++) {
		bool is_right = table->is_number != NULL && table->is_number[c];
		if (is_in[c])
			print_cell(cells[c], column_width(table, c), is_right, c == last);
	}
}

void
mms_table_print(const struct mms_app *app, const struct mms_table *table)
{
	bool is_in[MMS_TABLE_COLUMNS];

	choose_columns(app, table, is_in);
	if (app->has_color)
		fputs("\033[1m", stdout);
	print_line(table, table->heads, is_in);
	if (app->has_color)
		fputs("\033[0m", stdout);
	for (size_t i = 0; table->n_columns > 0 && i + table->n_columns <= table->n;
	     i += table->n_columns)
		print_line(table, (const char *const *)&table->cells[i], is_in);
}

void
mms_table_release(struct mms_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->n; i++)
		mms_free(table->cells[i]);
	mms_free(table->cells);
	*table = (struct mms_table){ 0 };
}

void
mms_progress_start(struct mms_progress *p, const struct mms_app *app, const char *label,
		   int64_t total)
{
	*p = (struct mms_progress){ .app = app, .label = label, .total = total };
	p->started_mono_ms = mms_clock_mono_ms();
	p->drawn_mono_ms = p->started_mono_ms;
}

static void
draw(struct mms_progress *p)
{
	char bar[BAR_WIDTH + 1];

	p->is_drawn = true;
	if (p->total <= 0) {
		fprintf(stderr, "\r\033[K%s %" PRId64, p->label, p->done);
		return;
	}
	int64_t done = p->done < p->total ? p->done : p->total;
	size_t full = (size_t)(done * BAR_WIDTH / p->total);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r\033[K%s [%s] %" PRId64 "%% %" PRId64 "/%" PRId64, p->label, bar,
		done * 100 / p->total, p->done, p->total);
	int64_t elapsed = mms_clock_mono_ms() - p->started_mono_ms;
	if (done > 0 && elapsed > 2000)
		fprintf(stderr, ", %" PRId64 " s left",
			elapsed * (p->total - done) / done / 1000);
}

void
mms_progress_to(struct mms_progress *p, int64_t done)
{
	p->done = done;
	if (p->app == NULL || !p->app->has_progress)
		return;
	int64_t now = mms_clock_mono_ms();
	if (now - p->drawn_mono_ms < DRAW_GAP_MS)
		return;
	p->drawn_mono_ms = now;
	draw(p);
}

void
mms_progress_end(struct mms_progress *p)
{
	if (p->is_drawn)
		fprintf(stderr, "\r\033[K");
	p->is_drawn = false;
}
