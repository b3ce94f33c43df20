/* Tables that align and progress bars (see the header). */
#include "mmsync/app.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mmsync/mem.h"
#include "mmsync/utf8.h"

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

void
mms_table_print(const struct mms_app *app, const struct mms_table *table)
{
	for (size_t c = 0; c < table->n_columns; c++) {
		bool is_last = c + 1 == table->n_columns;
		bool is_right = table->is_number != NULL && table->is_number[c];

		if (c == 0 && app->has_color)
			fputs("\033[1m", stdout);
		print_cell(table->heads[c], column_width(table, c), is_right, is_last);
	}
	if (app->has_color)
		fputs("\033[0m", stdout);
	for (size_t i = 0; i < table->n && table->n_columns > 0; i++) {
		size_t c = i % table->n_columns;
		bool is_right = table->is_number != NULL && table->is_number[c];

		print_cell(table->cells[i], column_width(table, c), is_right,
			   c + 1 == table->n_columns);
	}
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
