/* The tables that people read: they align, and printing one takes time in proportion to its rows. */
#include "support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmsync/app.h"
#include "mmsync/attr.h"

enum { MANY_ROWS = 60000, CPU_LIMIT_S = 10 };

static const char *const heads[] = { "NAME", "N", "TITLE" };
static const bool is_number[] = { false, true, false };

static void
add_row(struct mms_table *table, const char *name, const char *n, const char *title)
{
	const char *const cells[] = { name, n, title };
	MMS_AUTO(mms_err) err = { 0 };

	for (size_t i = 0; i < MMS_COUNT(cells); i++)
		assert_int_equal(mms_table_add(table, cells[i], &err), MMS_OK);
}

/* Print in a process of its own, whose standard output is fd; its status. NULL: to no terminal. */
static int
print_to(int fd, const struct mms_table *table, const char *terminal_columns)
{
	const struct mms_app app = { .is_stdout_terminal = terminal_columns != NULL };
	int status = 0;

	(void)fflush(stdout);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit limit = { CPU_LIMIT_S, CPU_LIMIT_S };
		if (setrlimit(RLIMIT_CPU, &limit) != 0 || dup2(fd, STDOUT_FILENO) < 0)
			_exit(1);
		if (terminal_columns != NULL)
			(void)setenv("COLUMNS", terminal_columns, 1);
		mms_table_print(&app, table);
		_exit(fflush(stdout) == 0 ? 0 : 1);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	return status;
}

static void
columns_align_by_characters_and_numbers_stand_to_the_right(void **state)
{
	static const char want[] = "NAME     N  TITLE\n"
				   "\xc3\xa9t\xc3\xa9      7  a\n"
				   "winter  42  long\n";
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };
	char got[256] = { 0 };
	int ends[2];

	(void)state;
	add_row(&table, "\xc3\xa9t\xc3\xa9", "7", "a");
	add_row(&table, "winter", "42", "long");
	assert_true(pipe(ends) == 0);
	assert_int_equal(print_to(ends[1], &table, NULL), 0);
	close(ends[1]);
	assert_true(read(ends[0], got, sizeof got - 1) > 0);
	close(ends[0]);
	assert_string_equal(got, want);
}

static void
a_narrow_terminal_gets_the_columns_that_matter_most(void **state)
{
	static const unsigned char gives_way[] = { 0, 1, 2 };
	static const char all[] = "NAME     N  TITLE\nwinter  42  long\n";
	static const char two[] = "NAME    TITLE\nwinter  long\n";
	static const char one[] = "NAME\nwinter\n";
	static const struct {
		const char *columns, *want;
	} rows[] = {
		{ NULL, all }, { "0", all },  { "80", all }, { "17", all },
		{ "16", two }, { "13", two }, { "12", one }, { "3", one },
	};
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads),
		  .heads = heads,
		  .is_number = is_number,
		  .gives_way = gives_way };

	(void)state;
	add_row(&table, "winter", "42", "long");
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		char got[256] = { 0 };
		int ends[2];

		assert_true(pipe(ends) == 0);
		assert_int_equal(print_to(ends[1], &table, rows[i].columns), 0);
		close(ends[1]);
		assert_true(read(ends[0], got, sizeof got - 1) > 0);
		close(ends[0]);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s columns: %s", rows[i].columns, got);
	}
}

/* A feed of some megabytes has so many occurrences; a width found anew for each cell takes minutes. */
static void
a_table_of_many_rows_is_printed_in_a_moment(void **state)
{
	MMS_AUTO(mms_table)
	table = { .n_columns = MMS_COUNT(heads), .heads = heads, .is_number = is_number };

	(void)state;
	for (int i = 0; i < MANY_ROWS; i++)
		add_row(&table, "2026-03-10T10:00:00Z", "1", "A meeting like many others");
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	int status = print_to(fd, &table, NULL);
	close(fd);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%d rows: not printed within %d s of CPU time", MANY_ROWS,
			 CPU_LIMIT_S);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_align_by_characters_and_numbers_stand_to_the_right),
		cmocka_unit_test(a_narrow_terminal_gets_the_columns_that_matter_most),
		cmocka_unit_test(a_table_of_many_rows_is_printed_in_a_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
